//! Tips paid out.

use super::Id;
use serde::{Deserialize, Serialize};

/// A pool of tips shared out among those who earned it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TipsPaidV1 {
    pub payout: Id,
    /// Whose tips: the business days, both included.
    pub from_day: u32,
    pub to_day: u32,
    /// cash, or with the wages
    pub method: String,
    pub pool_minor: i64,
    pub shares: Vec<TipShareV1>,
    pub counter: Id,
    pub shift: Option<Id>,
    pub business_day: u32,
    pub at_ms: i64,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TipShareV1 {
    pub staff: Id,
    /// By what it was shared: minutes worked, points, or one each.
    pub weight: u32,
    pub amount_minor: i64,
}
