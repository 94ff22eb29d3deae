//! The legs of payments, as they stand now.

use crate::{Reader, StoreError};
use domain::ids::{CustomerId, OrderId, StaffId, TenderId};
use rusqlite::{OptionalExtension, Row};

type Id = [u8; 16];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenderRow {
    pub order: OrderId,
    pub id: TenderId,
    pub method: String,
    pub amount_minor: i64,
    pub received_minor: Option<i64>,
    pub change_minor: i64,
    pub cash_rounding_minor: i64,
    pub tip_minor: i64,
    pub reference: String,
    pub provider: String,
    pub currency: Option<String>,
    pub foreign_minor: Option<i64>,
    pub rate: Option<i64>,
    pub customer: Option<CustomerId>,
    pub card: Option<Id>,
    pub payment: Option<Id>,
    /// By its number in `domain::tender`.
    pub state: u8,
    pub staff: Option<StaffId>,
    pub shift: Option<Id>,
    pub business_day: u32,
    pub taken_ms: i64,
    pub void_ms: Option<i64>,
    pub void_by: Option<StaffId>,
}

const TENDER: &str = "order_id, tender_id, method, amount_minor, received_minor, change_minor, cash_rounding_minor,
    tip_minor, reference, provider, currency, foreign_minor, rate, customer_id, card_id, payment_id, state, staff_id,
    shift_id, business_day, taken_ms, void_ms, void_by";

fn tender(r: &Row<'_>) -> rusqlite::Result<TenderRow> {
    Ok(TenderRow {
        order: OrderId::from_bytes(r.get(0)?),
        id: TenderId::from_bytes(r.get(1)?),
        method: r.get(2)?,
        amount_minor: r.get(3)?,
        received_minor: r.get(4)?,
        change_minor: r.get(5)?,
        cash_rounding_minor: r.get(6)?,
        tip_minor: r.get(7)?,
        reference: r.get(8)?,
        provider: r.get(9)?,
        currency: r.get(10)?,
        foreign_minor: r.get(11)?,
        rate: r.get(12)?,
        customer: r.get::<_, Option<Id>>(13)?.map(CustomerId::from_bytes),
        card: r.get(14)?,
        payment: r.get(15)?,
        state: r.get(16)?,
        staff: r.get::<_, Option<Id>>(17)?.map(StaffId::from_bytes),
        shift: r.get(18)?,
        business_day: r.get(19)?,
        taken_ms: r.get(20)?,
        void_ms: r.get(21)?,
        void_by: r.get::<_, Option<Id>>(22)?.map(StaffId::from_bytes),
    })
}

impl Reader<'_> {
    /// Every leg of an order, void ones too, in the order they were taken.
    pub fn tenders(&self, order: OrderId) -> Result<Vec<TenderRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {TENDER} from tender where order_id = ?1 order by taken_ms, tender_id"
        ))?;
        let rows = statement.query_map([order.bytes()], tender)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The content of the request that changed how an order is paid.
    pub fn split_content(&self, split: Id) -> Result<Option<[u8; 32]>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select content from tender_split where split_id = ?1")?
            .query_row([split], |r| r.get(0))
            .optional()?)
    }
}
