//! What cannot be true and is, because devices worked apart from each other. Nothing is dropped and nothing blocked:
//! it is listed for people.

use crate::{Reader, StoreError};
use domain::ids::{CustomerId, DeviceId, OrderId, ProductId};
use rusqlite::{Connection, params};

type Id = [u8; 16];

/// More of a line went out or back than was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineAnomaly {
    pub order: OrderId,
    pub line: u32,
    /// given_twice, refunded_twice or given_and_refunded
    pub kind: String,
    pub over_milli: i64,
    pub refunded_minor: i64,
    pub name: String,
    pub unit: String,
    pub number: u32,
    pub document: String,
    pub placed_ms: i64,
}

/// Somebody owes more than they may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitAnomaly {
    pub customer: CustomerId,
    pub name: Option<String>,
    pub balance_minor: i64,
    pub limit_minor: i64,
}

/// One barcode, several products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarcodeAnomaly {
    pub barcode: String,
    pub products: Vec<(ProductId, String)>,
}

/// Two series under one device's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkAnomaly {
    pub device: DeviceId,
    pub seq: u64,
    pub seen_ms: i64,
}

impl Reader<'_> {
    /// The newest orders first.
    pub fn line_anomalies(&self, limit: usize) -> Result<Vec<LineAnomaly>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select a.order_id, a.line, a.kind, a.over_milli, a.refunded_minor, l.name, l.unit, o.number,
                    o.prefix || '/' || o.fiscal_year || '/' || printf('%06d', o.document_no), o.placed_ms
             from anomaly a join order_line l using (order_id, line) join \"order\" o using (order_id)
             order by o.placed_ms desc, a.order_id, a.line limit ?1",
        )?;
        let rows = statement.query_map([limit], |r| {
            Ok(LineAnomaly {
                order: OrderId::from_bytes(r.get(0)?),
                line: r.get(1)?,
                kind: r.get(2)?,
                over_milli: r.get(3)?,
                refunded_minor: r.get(4)?,
                name: r.get(5)?,
                unit: r.get(6)?,
                number: r.get(7)?,
                document: r.get(8)?,
                placed_ms: r.get(9)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Who owes the most above their limit comes first. A limit of zero is none.
    pub fn limit_anomalies(&self, limit: usize) -> Result<Vec<LimitAnomaly>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select c.customer_id, c.name, b.balance_minor, c.limit_minor
             from account_balance b join customer c on c.customer_id = b.root_id
             where b.balance_minor <> 0 and c.limit_minor > 0 and b.balance_minor > c.limit_minor
             order by b.balance_minor - c.limit_minor desc, c.customer_id limit ?1",
        )?;
        let rows = statement.query_map([limit], |r| {
            Ok(LimitAnomaly {
                customer: CustomerId::from_bytes(r.get(0)?),
                name: r.get(1)?,
                balance_minor: r.get(2)?,
                limit_minor: r.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn barcode_anomalies(&self, limit: usize) -> Result<Vec<BarcodeAnomaly>, StoreError> {
        let mut doubled = self.conn.prepare_cached(
            "select barcode from product_barcode group by barcode having count(*) > 1 order by barcode limit ?1",
        )?;
        let barcodes: Vec<String> = doubled
            .query_map([limit], |r| r.get(0))?
            .collect::<Result<_, _>>()?;
        let mut of = self.conn.prepare_cached(
            "select product_id, name from product_barcode join product using (n) where barcode = ?1 order by n",
        )?;
        barcodes
            .into_iter()
            .map(|barcode| {
                let products = of
                    .query_map([&barcode], |r| Ok((ProductId::from_bytes(r.get(0)?), r.get(1)?)))?
                    .collect::<Result<_, _>>()?;
                Ok(BarcodeAnomaly { barcode, products })
            })
            .collect()
    }

    pub fn fork_anomalies(&self) -> Result<Vec<ForkAnomaly>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("select device_id, seq, seen_ms from fork order by seen_ms desc, device_id")?;
        let rows = statement.query_map([], |r| {
            Ok(ForkAnomaly {
                device: DeviceId::from_bytes(r.get(0)?),
                seq: r.get(1)?,
                seen_ms: r.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Works out anew which lines of an order have more behind them than was ordered.
pub(crate) fn order_changed(conn: &Connection, order: &Id) -> Result<(), StoreError> {
    conn.prepare_cached("delete from anomaly where order_id = ?1")?
        .execute([order])?;
    conn.prepare_cached(
        "insert into anomaly
         select u.order_id, u.line,
                case when u.given > l.milli then 'given_twice'
                     when u.refunded > l.milli then 'refunded_twice'
                     else 'given_and_refunded' end,
                u.given + u.claimed + u.kept + u.refunded - l.milli, u.refunded_minor
         from order_units u join order_line l using (order_id, line)
         where u.order_id = ?1 and u.given + u.claimed + u.kept + u.refunded > l.milli",
    )?
    .execute(params![order])?;
    Ok(())
}
