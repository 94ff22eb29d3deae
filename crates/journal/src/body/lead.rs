//! Who decides for a branch, and carts that went from till to till.

use super::Id;
use serde::{Deserialize, Serialize};

/// The owner chose the device that decides for a branch. The highest term counts, then the last stamp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubAppointedV1 {
    pub branch: Id,
    pub device: Id,
    /// Above every term that the device that wrote it had heard of.
    pub term: u64,
    pub appointed_ms: i64,
}

/// A cart that was at more than one till became this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartPaidV1 {
    pub cart: Id,
    pub order: Id,
    pub paid_ms: i64,
}
