//! Goods that came back without a receipt, exchanges, and what was paid for a product lately.

use crate::{Reader, StoreError};
use domain::ids::{BranchId, OrderId, ProductId, StaffId};
use journal::{
    Body, Header,
    body::{GoodsExchangedV1, GoodsReturnedV1},
};
use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};

type Id = [u8; 16];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnRow {
    pub staff: Option<StaffId>,
    pub made: GoodsReturnedV1,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeRow {
    /// The new order.
    pub order: OrderId,
    pub refund: Id,
    /// The order whose goods came back.
    pub of_order: OrderId,
    pub amount_minor: i64,
}

/// What somebody paid for so much of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaidFor {
    /// In thousandths of the base unit.
    pub base_milli: i64,
    pub taxable_minor: i64,
    pub tax_minor: i64,
}

pub(crate) fn returned(conn: &Connection, header: &Header, made: &GoodsReturnedV1) -> Result<(), StoreError> {
    conn.prepare_cached("insert into goods_return values (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![
            made.goods_return,
            header.actor.map(|a| a.bytes()),
            made.at_ms,
            made.business_day,
            made.total_minor,
            Body::GoodsReturned(Box::new(made.clone())).encode()
        ])?;
    conn.prepare_cached(
        "insert into document_series values (?1, ?2, ?3) on conflict do update set last = max(last, excluded.last)",
    )?
    .execute(params![made.prefix, made.fiscal_year, made.document_no])?;
    Ok(())
}

pub(crate) fn exchanged(conn: &Connection, exchanged: &GoodsExchangedV1) -> Result<(), StoreError> {
    conn.prepare_cached("insert into exchange values (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            exchanged.order,
            exchanged.refund,
            exchanged.of_order,
            exchanged.amount_minor,
            exchanged.at_ms
        ])?;
    Ok(())
}

fn row(r: &Row<'_>) -> rusqlite::Result<ReturnRow> {
    let bytes: Vec<u8> = r.get(1)?;
    match Body::decode(33, 1, &bytes) {
        Ok(Body::GoodsReturned(made)) => Ok(ReturnRow {
            staff: r.get::<_, Option<Id>>(0)?.map(StaffId::from_bytes),
            made: *made,
        }),
        _ => Err(rusqlite::Error::FromSqlConversionFailure(
            1,
            Type::Blob,
            "a return's own bytes cannot be read".into(),
        )),
    }
}

impl Reader<'_> {
    pub fn goods_return(&self, id: Id) -> Result<Option<ReturnRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select staff_id, body from goods_return where return_id = ?1")?
            .query_row([id], row)
            .optional()?)
    }

    /// The newest first.
    pub fn goods_returns(
        &self,
        day: Option<u32>,
        before: Option<(i64, Id)>,
        limit: usize,
    ) -> Result<Vec<ReturnRow>, StoreError> {
        let (ms, id) = before.unwrap_or((i64::MAX, [0xff; 16]));
        let mut statement = self.conn.prepare_cached(
            "select staff_id, body from goods_return
             where (?1 is null or business_day = ?1) and (at_ms, return_id) < (?2, ?3)
             order by at_ms desc, return_id desc limit ?4",
        )?;
        let rows = statement.query_map(params![day, ms, id, limit], row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What a business day gave back without receipts.
    pub fn returned_on(&self, day: u32) -> Result<(i64, i64), StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select count(*), coalesce(sum(total_minor), 0) from goods_return where business_day = ?1",
            )?
            .query_row([day], |r| Ok((r.get(0)?, r.get(1)?)))?)
    }

    /// How often money went back on a business day, with a receipt or without, and how much. What goods were exchanged
    /// for is no money.
    pub fn money_back_on(&self, branch: Option<BranchId>, day: u32) -> Result<(i64, i64), StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select count(distinct subject_id), coalesce(-sum(amount_minor + rounding_minor), 0) from money_entry
                 where business_day = ?1 and kind = 'refund' and method <> 'exchange'
                   and (?2 is null or branch_id = ?2)",
            )?
            .query_row(params![day, branch.map(|b| b.bytes())], |r| Ok((r.get(0)?, r.get(1)?)))?)
    }

    /// What was paid for a product since a day. `after` is where ids of orders of about that time begin.
    pub fn paid_for(
        &self,
        product: ProductId,
        since_day: u32,
        after: OrderId,
    ) -> Result<Vec<PaidFor>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select l.base_milli, l.taxable_minor, l.tax_minor
             from order_products p
             cross join order_line l on l.order_id = p.order_id
             cross join \"order\" o on o.order_id = p.order_id
             where p.order_id >= ?3 and instr(p.products, ?1) > 0 and l.product_id = ?1 and l.base_milli > 0
               and o.business_day >= ?2 and o.cancelled_ms is null",
        )?;
        let rows = statement.query_map(params![product.bytes(), since_day, after.bytes()], |r| {
            Ok(PaidFor {
                base_milli: r.get(0)?,
                taxable_minor: r.get(1)?,
                tax_minor: r.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn exchange_where(&self, which: &str, id: Id) -> Result<Option<ExchangeRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!(
                "select order_id, refund_id, of_order_id, amount_minor from exchange where {which} = ?1"
            ))?
            .query_row([id], |r| {
                Ok(ExchangeRow {
                    order: OrderId::from_bytes(r.get(0)?),
                    refund: r.get(1)?,
                    of_order: OrderId::from_bytes(r.get(2)?),
                    amount_minor: r.get(3)?,
                })
            })
            .optional()?)
    }

    /// The exchange by which an order was paid.
    pub fn exchange(&self, order: OrderId) -> Result<Option<ExchangeRow>, StoreError> {
        self.exchange_where("order_id", order.bytes())
    }

    /// The exchange of which a refund is the other half.
    pub fn exchange_of_refund(&self, refund: Id) -> Result<Option<ExchangeRow>, StoreError> {
        self.exchange_where("refund_id", refund)
    }
}
