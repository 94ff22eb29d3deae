//! Gift cards and store credit.

use super::Id;
use serde::{Deserialize, Serialize};

/// A card of the shop, or store credit, which is a card without plastic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardIssuedV1 {
    pub card: Id,
    /// gift_card or store_credit
    pub kind: String,
    pub code: String,
    pub customer: Option<Id>,
    /// The order that sold it.
    pub order: Option<Id>,
    pub line: Option<u32>,
    pub counter: Id,
    pub issued_ms: i64,
    pub expires_ms: Option<i64>,
    pub reason: String,
    pub approved_by: Option<Id>,
}

/// What happened to a card. Its balance is the sum of the amounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardMovedV1 {
    pub movement: Id,
    pub card: Id,
    /// issued, topped_up, spent, given_back, adjusted, blocked or unblocked
    pub why: String,
    /// Below zero when it was taken off.
    pub amount_minor: i64,
    pub order: Option<Id>,
    pub tender: Option<Id>,
    pub counter: Id,
    pub business_day: u32,
    pub at_ms: i64,
    pub reason: String,
    pub approved_by: Option<Id>,
}
