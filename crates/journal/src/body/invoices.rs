//! What happens to the document of an order after it was made: corrections of its buyer, its due day, where it went.

use super::{BuyerV1, Id};
use serde::{Deserialize, Serialize};

/// The buyer on an issued document, corrected. Number, date, lines and taxes stay; the version before is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceRevisedV1 {
    pub order: Id,
    /// Counts from 1. Two counters apart from each other may both make the same one: then the later counts on.
    pub revision: u32,
    pub at_ms: i64,
    /// As in `OrderPlacedV2`: the month in which the correction is declared.
    pub business_day: u32,
    /// Under whose key the name is sealed, when it is.
    pub customer: Option<Id>,
    /// The whole buyer, as the document says it from now on.
    pub buyer: BuyerV1,
    pub reason: String,
    /// The hash of the request, as in `OrderPlacedV2`.
    pub content: [u8; 32],
}

/// A document left the house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceSentV1 {
    /// The order, the credit note, the quotation or the customer whose account it is.
    pub subject: Id,
    /// invoice, credit_note, quotation or statement
    pub kind: String,
    /// Which version of it; 0 is the first.
    pub revision: u32,
    /// mail
    pub way: String,
    /// Whom, as far as a fact may say it: "a•••@example.com".
    pub to: String,
    pub at_ms: i64,
}

/// Until when an invoice is to be paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceDueV1 {
    pub order: Id,
    /// As in `OrderPlacedV2`; 0 is no day.
    pub due_day: u32,
    pub at_ms: i64,
}

/// How what an order left on an account is to be paid in parts. The last one holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalmentsSetV1 {
    pub order: Id,
    /// A day, as in `OrderPlacedV2`, and what is to be paid by it. None: the plan is taken back.
    pub parts: Vec<(u32, i64)>,
    /// What the order had put on the account by then less what had come back, paid or not.
    pub charged_minor: i64,
    pub at_ms: i64,
    /// The hash of the request, as in `OrderPlacedV2`.
    pub content: [u8; 32],
}
