//! What cannot be true and is, because devices worked apart from each other. Nothing is dropped and nothing blocked:
//! it is listed for people.

use crate::{Reader, StoreError};
use domain::{
    ids::{CardId, CounterId, CustomerId, DeviceId, OrderId, ProductId, StaffId},
    time::Moment,
};
use journal::{Header, body::AnomalySettledV1};
use rusqlite::{Connection, params};
use std::collections::HashMap;

type Id = [u8; 16];

/// More of a line went out or back than was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineAnomaly {
    pub order: OrderId,
    pub line: u32,
    /// given_twice, refunded_twice, given_and_refunded, given_and_cancelled or refunded_and_cancelled
    pub kind: String,
    pub over_milli: i64,
    /// How much was sold.
    pub milli: i64,
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
    pub counter: Option<CounterId>,
    /// It was shut out, and the past that was named with that stands here.
    pub settled: bool,
}

/// More was spent from a card than was on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardAnomaly {
    pub card: CardId,
    pub kind: String,
    pub code: String,
    pub balance_minor: i64,
    /// When money was taken from it last.
    pub spent_ms: i64,
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledRow {
    pub weight: i64,
    pub note: String,
    pub staff: Option<StaffId>,
    pub at: Moment,
}

impl Reader<'_> {
    /// The newest orders first.
    pub fn line_anomalies(&self, limit: usize) -> Result<Vec<LineAnomaly>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select a.order_id, a.line, a.kind, a.over_milli, a.refunded_minor, l.name, l.unit, o.number,
                    o.prefix || '/' || o.fiscal_year || '/' || printf('%06d', o.document_no), o.placed_ms, l.milli
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
                milli: r.get(10)?,
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
        let mut statement = self.conn.prepare_cached(
            "select f.device_id, max(f.seq), max(f.seen_ms), d.counter_id,
                        exists (select 1 from device_revoked r where r.device_id = f.device_id
                            and (r.last_seq = 0 or exists (select 1 from fact e where e.device_id = r.device_id
                                and e.seq = r.last_seq and e.hash = r.last_hash)))
                 from fork f left join device d using (device_id)
                 group by f.device_id order by max(f.seen_ms) desc, f.device_id",
        )?;
        let rows = statement.query_map([], |r| {
            Ok(ForkAnomaly {
                device: DeviceId::from_bytes(r.get(0)?),
                seq: r.get(1)?,
                seen_ms: r.get(2)?,
                counter: r.get::<_, Option<Id>>(3)?.map(CounterId::from_bytes),
                settled: r.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Who was overdrawn the most comes first.
    pub fn card_anomalies(&self, limit: usize) -> Result<Vec<CardAnomaly>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select c.card_id, c.kind, c.code, e.balance, e.spent
             from (select card_id, sum(amount_minor) as balance, max(case when amount_minor < 0 then at_ms end) as spent
                   from card_entry group by card_id having sum(amount_minor) < 0) e
             join card c using (card_id) order by e.balance, c.card_id limit ?1",
        )?;
        let rows = statement.query_map([limit], |r| {
            Ok(CardAnomaly {
                card: CardId::from_bytes(r.get(0)?),
                kind: r.get(1)?,
                code: r.get(2)?,
                balance_minor: r.get(3)?,
                spent_ms: r.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What somebody looked at already, by what it is about.
    pub fn anomalies_settled(&self) -> Result<HashMap<String, SettledRow>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("select key, weight, note, staff_id, settled_ms from anomaly_settled")?;
        let rows = statement.query_map([], |r| {
            Ok((
                r.get(0)?,
                SettledRow {
                    weight: r.get(1)?,
                    note: r.get(2)?,
                    staff: r.get::<_, Option<Id>>(3)?.map(StaffId::from_bytes),
                    at: Moment(r.get(4)?),
                },
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

pub(crate) fn settled(
    conn: &Connection,
    header: &Header,
    settled: &AnomalySettledV1,
) -> Result<(), StoreError> {
    // Two people at once: the latest word, and neither opens it again for less than the other saw.
    conn.prepare_cached(
        "insert into anomaly_settled values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         on conflict (key) do update set
             weight = max(weight, excluded.weight),
             note = case when (excluded.stamp, excluded.device_id) > (stamp, device_id) then excluded.note else note end,
             staff_id = case when (excluded.stamp, excluded.device_id) > (stamp, device_id) then excluded.staff_id
                 else staff_id end,
             settled_ms = case when (excluded.stamp, excluded.device_id) > (stamp, device_id) then excluded.settled_ms
                 else settled_ms end,
             stamp = max(stamp, excluded.stamp),
             device_id = case when (excluded.stamp, excluded.device_id) > (stamp, device_id) then excluded.device_id
                 else device_id end",
    )?
    .execute(params![
        settled.key,
        settled.weight,
        settled.note,
        header.actor.map(|a| a.bytes()),
        settled.settled_ms,
        i64::try_from(header.stamp.0).unwrap_or(i64::MAX),
        header.device.bytes()
    ])?;
    Ok(())
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
                     when u.given + u.claimed + u.kept + u.refunded > l.milli then 'given_and_refunded'
                     when u.given > 0 then 'given_and_cancelled'
                     else 'refunded_and_cancelled' end,
                case when u.given + u.claimed + u.kept + u.refunded > l.milli
                     then u.given + u.claimed + u.kept + u.refunded - l.milli
                     else u.given + u.refunded end,
                u.refunded_minor
         from order_units u join order_line l using (order_id, line) join \"order\" o using (order_id)
         where u.order_id = ?1
             and (u.given + u.claimed + u.kept + u.refunded > l.milli
                 or (o.cancelled_ms is not null and u.given + u.refunded > 0))",
    )?
    .execute(params![order])?;
    Ok(())
}
