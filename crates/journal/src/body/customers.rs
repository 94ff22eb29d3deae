//! Customers beyond their register: erased, merged, and the money on their accounts.

use super::Id;
use serde::{Deserialize, Serialize};

/// A person asked to be forgotten: their key is gone with this fact, wherever it arrives. The books stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerErasedV1 {
    pub customer: Id,
    pub erased_ms: i64,
    pub reason: String,
}

/// Two records turned out to be one customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomersMergedV1 {
    pub from: Id,
    pub into: Id,
    pub merged_ms: i64,
}

/// Money received on account: a receipt with a number of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPaidV1 {
    pub payment: Id,
    pub customer: Id,
    pub counter: Id,
    pub seat: u16,
    pub shift: Option<Id>,
    pub at_ms: i64,
    /// The branch's business day, as in `OrderPlacedV1`.
    pub business_day: u32,
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    pub method: String,
    pub amount_minor: i64,
    pub received_minor: Option<i64>,
    pub change_minor: i64,
    /// What the bank, the terminal or the cheque says.
    pub reference: String,
    pub note: String,
    /// What it was shared out to: an order, or an adjustment that was owed.
    pub pays: Vec<(Id, i64)>,
    pub content: [u8; 32],
}

/// An account corrected without goods or money moving, or a payment taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountAdjustedV1 {
    pub adjustment: Id,
    pub customer: Id,
    /// opening, write_off, correction or payment_reversed
    pub kind: String,
    /// Above zero when the customer owes more by it.
    pub amount_minor: i64,
    /// The item that is written off, or the payment that is taken back.
    pub about: Option<Id>,
    pub counter: Id,
    /// Whose drawer the cash of a payment that is taken back left.
    pub shift: Option<Id>,
    pub at_ms: i64,
    pub business_day: u32,
    /// Since when an opening balance is due.
    pub due_day: u32,
    pub reason: String,
    pub approved_by: Option<Id>,
    pub content: [u8; 32],
}
