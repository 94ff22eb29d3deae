//! How orders are paid.

use super::Id;
use serde::{Deserialize, Serialize};

/// One leg of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenderTakenV1 {
    pub tender: Id,
    pub order: Id,
    pub method: String,
    pub amount_minor: i64,
    pub received_minor: Option<i64>,
    pub change_minor: i64,
    pub taken_ms: i64,
}

/// Notes of another currency, and the rate of the moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignV1 {
    pub currency: [u8; 3],
    pub received_minor: i64,
    /// How many billionths of the shop's smallest unit one smallest unit of that currency is worth.
    pub rate: i64,
}

/// One leg of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenderTakenV2 {
    pub tender: Id,
    pub order: Id,
    /// cash, card, upi, wallet, bank, account, store_credit or gift_card
    pub method: String,
    /// What it pays of the order.
    pub amount_minor: i64,
    /// In the shop's currency.
    pub received_minor: Option<i64>,
    pub change_minor: i64,
    /// What rounding to the smallest coin added to the cash, or took off.
    pub cash_rounding_minor: i64,
    /// On top of the amount, and not the shop's.
    pub tip_minor: i64,
    /// What the terminal's slip, the bank or the guest's telephone says.
    pub reference: String,
    /// Which wallet, which bank, which terminal.
    pub provider: String,
    pub foreign: Option<ForeignV1>,
    pub customer: Option<Id>,
    pub card: Option<Id>,
    /// The gateway's payment behind it.
    pub payment: Option<Id>,
    /// By its number in `domain::tender`.
    pub state: u8,
    pub counter: Id,
    pub seat: u16,
    pub shift: Option<Id>,
    pub business_day: u32,
    pub taken_ms: i64,
}

impl From<TenderTakenV1> for TenderTakenV2 {
    fn from(old: TenderTakenV1) -> TenderTakenV2 {
        TenderTakenV2 {
            tender: old.tender,
            order: old.order,
            method: old.method,
            amount_minor: old.amount_minor,
            received_minor: old.received_minor,
            change_minor: old.change_minor,
            cash_rounding_minor: 0,
            tip_minor: 0,
            reference: String::new(),
            provider: String::new(),
            foreign: None,
            customer: None,
            card: None,
            payment: None,
            state: 2,
            counter: [0; 16],
            seat: 0,
            shift: None,
            business_day: 0,
            taken_ms: old.taken_ms,
        }
    }
}

/// A leg came into another state: a terminal answered late, a bank transfer arrived, a cheque did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenderMovedV1 {
    pub tender: Id,
    pub order: Id,
    pub state: u8,
    pub reference: String,
    pub reason: String,
    pub at_ms: i64,
    pub approved_by: Option<Id>,
}

/// The bill paid another way than it was: these legs are void, and those that follow in the same transaction take
/// their place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TendersSplitV1 {
    pub split: Id,
    pub order: Id,
    pub voided: Vec<Id>,
    pub reason: String,
    pub at_ms: i64,
    pub business_day: u32,
    /// Whose drawer the cash of void legs left.
    pub shift: Option<Id>,
    pub approved_by: Option<Id>,
    pub content: [u8; 32],
}
