//! Orders, and what happens to them before the counter.

use super::Id;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiscountKindV1 {
    /// In millionths of a percent.
    Percent(u32),
    Amount(i64),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscountV1 {
    pub kind: DiscountKindV1,
    pub reason: String,
    /// The second person, when the first may not.
    pub approved_by: Option<Id>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLineV1 {
    pub line: u32,
    /// None for an open-price line.
    pub product: Option<Id>,
    pub short: (u16, u32),
    pub name: String,
    pub unit: String,
    pub milli: i64,
    pub unit_price_minor: i64,
    pub gross_minor: i64,
    pub discount: Option<DiscountV1>,
    pub discount_minor: i64,
    pub order_discount_minor: i64,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenV1 {
    pub generation: u32,
    pub issued_ms: i64,
    pub expires_ms: i64,
    pub number: u32,
    pub number_expires_ms: i64,
    pub code: String,
}

/// A whole order at the moment it was placed and paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPlacedV1 {
    pub order: Id,
    pub counter: Id,
    pub placed_ms: i64,
    /// The branch's business day as year * 10000 + month * 100 + day.
    pub business_day: u32,
    /// The hour of the branch's wall clock, for the reports.
    pub hour: u8,
    pub number: u32,
    /// The prefix, the fiscal year's label and the running number of the document.
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    pub lines: Vec<OrderLineV1>,
    pub discount: Option<DiscountV1>,
    pub subtotal_minor: i64,
    pub line_discount_minor: i64,
    pub order_discount_minor: i64,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub token: TokenV1,
    /// The hash of the request that placed it: the same id with another content is refused everywhere.
    pub content: [u8; 32],
}

/// The whole order undone before anything was handed over: its token is dead, its tenders are given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancelledV1 {
    pub order: Id,
    pub cancelled_ms: i64,
    pub reason: String,
    pub approved_by: Option<Id>,
}

/// The guest's phone number, sealed under the customer's own key: erasing the key erases the number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneBoundV1 {
    pub order: Id,
    pub customer: Id,
    pub sealed: Vec<u8>,
    pub bound_ms: i64,
}

/// A new token for an order; every older one is dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenReissuedV1 {
    pub order: Id,
    pub token: TokenV1,
    pub reason: String,
}

/// The order's tokens up to this generation are dead, and none replaces them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRevokedV1 {
    pub order: Id,
    pub generation: u32,
    pub reason: String,
    pub revoked_ms: i64,
}

/// How far the work before the counter is: 0 placed, 1 preparing, 2 ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderProgressedV1 {
    pub order: Id,
    pub progress: u8,
    pub at_ms: i64,
}

/// Something added to a line: a choice of a modifier group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModifierV1 {
    pub modifier: Id,
    pub name: String,
    /// For one of the line's unit; below zero when it makes the line cheaper.
    pub price_minor: i64,
}

/// What one line takes from the stock of another product: a part of a bundle, or what a modifier uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartV1 {
    pub product: Id,
    /// For the whole line, in thousandths of that product's base unit.
    pub milli: i64,
}

/// One tax of a line; `tax` counts within the order's `taxes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTaxV1 {
    pub tax: u16,
    pub amount_minor: i64,
}

/// One tax of an order, at one rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderTaxV1 {
    pub name: String,
    /// In millionths of a percent.
    pub rate: u32,
    pub taxable_minor: i64,
    pub amount_minor: i64,
}

/// Who bought, as the document says it. A registered buyer's name stays readable, as the law on invoices wants it;
/// a person's is sealed under the customer's key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuyerV1 {
    pub name: String,
    pub tax_number: String,
    pub region: String,
    pub address: String,
    /// `BuyerNameV1` under the customer's key, when name and address are empty.
    pub sealed: Vec<u8>,
}

/// What is sealed of a buyer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuyerNameV1 {
    pub name: String,
    pub address: String,
}

/// Who sold, as the document says it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellerV1 {
    pub name: String,
    pub tax_number: String,
    pub region: String,
    pub address: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLineV2 {
    pub line: u32,
    /// None for an open-price line.
    pub product: Option<Id>,
    pub short: (u16, u32),
    pub name: String,
    pub unit: String,
    pub milli: i64,
    /// The same in thousandths of the product's base unit.
    pub base_milli: i64,
    /// The price level, or empty for the catalogue's own price.
    pub level: String,
    /// Where the price comes from: catalog, level, break, customer or typed.
    pub price_source: String,
    /// Without modifiers.
    pub unit_price_minor: i64,
    pub modifiers: Vec<ModifierV1>,
    pub parts: Vec<PartV1>,
    pub gross_minor: i64,
    pub discount: Option<DiscountV1>,
    pub discount_minor: i64,
    pub order_discount_minor: i64,
    pub note: String,
    pub hsn: String,
    pub tax_class: Option<Id>,
    pub taxable_minor: i64,
    pub taxes: Vec<LineTaxV1>,
}

/// A whole order at the moment it was placed, with its taxes, its price levels, its seller and its buyer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPlacedV2 {
    pub order: Id,
    pub counter: Id,
    pub seat: u16,
    pub placed_ms: i64,
    /// The branch's business day as year * 10000 + month * 100 + day.
    pub business_day: u32,
    /// The hour of the branch's wall clock, for the reports.
    pub hour: u8,
    pub number: u32,
    /// The prefix, the fiscal year's label and the running number of the document.
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    /// tax_invoice, bill_of_supply or receipt
    pub document: String,
    pub lines: Vec<OrderLineV2>,
    pub discount: Option<DiscountV1>,
    pub subtotal_minor: i64,
    pub line_discount_minor: i64,
    pub order_discount_minor: i64,
    /// Prices contain their taxes.
    pub inclusive: bool,
    /// The rules of the taxes, in words: scope, components, rounding.
    pub tax_rules: String,
    pub taxable_minor: i64,
    pub tax_minor: i64,
    pub taxes: Vec<OrderTaxV1>,
    /// The document's own round-off, which is not taxed.
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub customer: Option<Id>,
    pub buyer: Option<BuyerV1>,
    pub seller: SellerV1,
    /// The region whose taxes these are.
    pub place_of_supply: String,
    /// counter, eat_in, take_away or delivery
    pub order_type: String,
    /// The quotation it was made from.
    pub quotation: Option<Id>,
    pub token: TokenV1,
    /// The hash of the request that placed it: the same id with another content is refused everywhere.
    pub content: [u8; 32],
}

/// The same with the shift that it belongs to, which an order without a payment says nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPlacedV3 {
    pub sale: OrderPlacedV2,
    pub shift: Option<Id>,
}

impl From<OrderPlacedV2> for OrderPlacedV3 {
    fn from(sale: OrderPlacedV2) -> OrderPlacedV3 {
        OrderPlacedV3 { sale, shift: None }
    }
}

impl From<OrderPlacedV1> for OrderPlacedV3 {
    fn from(old: OrderPlacedV1) -> OrderPlacedV3 {
        OrderPlacedV2::from(old).into()
    }
}

impl From<OrderLineV1> for OrderLineV2 {
    fn from(old: OrderLineV1) -> OrderLineV2 {
        OrderLineV2 {
            line: old.line,
            product: old.product,
            short: old.short,
            name: old.name,
            unit: old.unit,
            milli: old.milli,
            base_milli: old.milli,
            level: String::new(),
            price_source: "catalog".to_owned(),
            unit_price_minor: old.unit_price_minor,
            modifiers: Vec::new(),
            parts: Vec::new(),
            gross_minor: old.gross_minor,
            discount: old.discount,
            discount_minor: old.discount_minor,
            order_discount_minor: old.order_discount_minor,
            note: old.note,
            hsn: String::new(),
            tax_class: None,
            taxable_minor: old.gross_minor - old.discount_minor - old.order_discount_minor,
            taxes: Vec::new(),
        }
    }
}

impl From<OrderPlacedV1> for OrderPlacedV2 {
    fn from(old: OrderPlacedV1) -> OrderPlacedV2 {
        OrderPlacedV2 {
            order: old.order,
            counter: old.counter,
            seat: 0,
            placed_ms: old.placed_ms,
            business_day: old.business_day,
            hour: old.hour,
            number: old.number,
            prefix: old.prefix,
            fiscal_year: old.fiscal_year,
            document_no: old.document_no,
            document: "receipt".to_owned(),
            lines: old.lines.into_iter().map(OrderLineV2::from).collect(),
            discount: old.discount,
            subtotal_minor: old.subtotal_minor,
            line_discount_minor: old.line_discount_minor,
            order_discount_minor: old.order_discount_minor,
            inclusive: true,
            tax_rules: String::new(),
            taxable_minor: old.total_minor - old.rounding_minor,
            tax_minor: 0,
            taxes: Vec::new(),
            rounding_minor: old.rounding_minor,
            total_minor: old.total_minor,
            customer: None,
            buyer: None,
            seller: SellerV1::default(),
            place_of_supply: String::new(),
            order_type: "counter".to_owned(),
            quotation: None,
            token: old.token,
            content: old.content,
        }
    }
}

/// The whole order undone before anything was handed over: its token is dead, its tenders are given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancelledV2 {
    pub order: Id,
    pub cancelled_ms: i64,
    pub business_day: u32,
    /// The shift out of whose drawer the cash went back.
    pub shift: Option<Id>,
    pub reason: String,
    pub approved_by: Option<Id>,
}

impl From<OrderCancelledV1> for OrderCancelledV2 {
    fn from(old: OrderCancelledV1) -> OrderCancelledV2 {
        OrderCancelledV2 {
            order: old.order,
            cancelled_ms: old.cancelled_ms,
            business_day: 0,
            shift: None,
            reason: old.reason,
            approved_by: old.approved_by,
        }
    }
}
