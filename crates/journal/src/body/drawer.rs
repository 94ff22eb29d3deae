//! The cash drawer.

use super::Id;
use serde::{Deserialize, Serialize};

/// A cash drawer opened without a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawerOpenedV1 {
    pub opening: Id,
    pub counter: Id,
    /// no_sale
    pub why: String,
    pub order: Option<Id>,
    pub approved_by: Option<Id>,
    pub opened_ms: i64,
    /// The branch's business day, as in `OrderPlacedV1`.
    pub business_day: u32,
    pub reason: String,
}
