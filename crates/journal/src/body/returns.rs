//! Goods that came back without a receipt, and goods that came back for others.

use super::{
    Id,
    orders::{LineTaxV1, OrderTaxV1},
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnLineV1 {
    pub line: u32,
    pub product: Id,
    pub name: String,
    pub unit: String,
    pub milli: i64,
    /// The same in thousandths of the product's base unit.
    pub base_milli: i64,
    /// The most that could be given for one.
    pub offered_minor: i64,
    pub unit_price_minor: i64,
    pub hsn: String,
    pub tax_class: Option<Id>,
    /// What goes back for it, its taxes included.
    pub amount_minor: i64,
    pub taxable_minor: i64,
    pub taxes: Vec<LineTaxV1>,
}

/// Goods taken back without a receipt, with a number of a series of its own. Its taxes are the catalogue's of that day:
/// no invoice is named, so no law lets them lower what an invoice owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoodsReturnedV1 {
    pub goods_return: Id,
    pub counter: Id,
    pub seat: u16,
    pub shift: Option<Id>,
    pub at_ms: i64,
    pub business_day: u32,
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    pub customer: Option<Id>,
    pub lines: Vec<ReturnLineV1>,
    pub inclusive: bool,
    pub tax_rules: String,
    /// `tax` of a line counts within these.
    pub taxes: Vec<OrderTaxV1>,
    pub taxable_minor: i64,
    pub tax_minor: i64,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub tender: Id,
    /// store_credit or cash
    pub method: String,
    pub cash_rounding_minor: i64,
    pub card: Option<Id>,
    pub reason: String,
    pub approved_by: Id,
    pub content: [u8; 32],
}

/// A refund and an order that are one exchange: what came back pays for what went out, as far as it reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoodsExchangedV1 {
    /// The new order, whose id is the exchange's too.
    pub order: Id,
    pub refund: Id,
    /// The order whose goods came back.
    pub of_order: Id,
    /// What of the refund paid for the new order.
    pub amount_minor: i64,
    pub at_ms: i64,
}
