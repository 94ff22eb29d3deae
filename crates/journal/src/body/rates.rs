//! Exchange rates.

use serde::{Deserialize, Serialize};

/// What a foreign currency is worth from a moment on. Rates are never edited; the newest one that has begun counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateSetV1 {
    pub rate: [u8; 16],
    pub currency: [u8; 3],
    /// Billionths of a whole unit of the shop's currency for one whole unit; None takes it off the list.
    pub nano: Option<i64>,
    pub from_ms: i64,
    pub set_ms: i64,
    /// Where it is from: a bank, a board, a website.
    pub source: String,
}
