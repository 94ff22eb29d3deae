//! What was offered, at which prices and until when.

use super::{BuyerV1, DiscountV1, Id, OrderLineV2, OrderTaxV1, SellerV1};
use serde::{Deserialize, Serialize};

/// A quotation, or a new version of one: whole, as the guest gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotationMadeV1 {
    pub quotation: Id,
    /// Counts from 0; the number of the document stays.
    pub revision: u32,
    pub counter: Id,
    pub made_ms: i64,
    pub business_day: u32,
    /// The last day on which its prices hold, as in `OrderPlacedV2`.
    pub valid_until: u32,
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    pub lines: Vec<OrderLineV2>,
    pub discount: Option<DiscountV1>,
    pub subtotal_minor: i64,
    pub line_discount_minor: i64,
    pub order_discount_minor: i64,
    pub inclusive: bool,
    pub taxable_minor: i64,
    pub tax_minor: i64,
    pub taxes: Vec<OrderTaxV1>,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub customer: Option<Id>,
    pub buyer: Option<BuyerV1>,
    pub seller: SellerV1,
    pub place_of_supply: String,
    /// counter, eat_in, take_away or delivery
    pub order_type: String,
    pub note: String,
    /// The cart it was made from, as the cart itself is kept: taken up again when the guest says yes.
    pub cart: Vec<u8>,
    pub content: [u8; 32],
}

/// What became of a quotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotationMovedV1 {
    pub quotation: Id,
    /// accepted, declined or withdrawn
    pub state: String,
    pub at_ms: i64,
    pub reason: String,
}
