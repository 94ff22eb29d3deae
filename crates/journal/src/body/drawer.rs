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

/// The same, and whose drawer it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawerOpenedV2 {
    pub opening: Id,
    pub counter: Id,
    /// Where at the counter; none in facts that did not say so.
    pub seat: Option<u16>,
    /// The session of the drawer; none without one.
    pub shift: Option<Id>,
    /// no_sale or test
    pub why: String,
    pub order: Option<Id>,
    pub approved_by: Option<Id>,
    pub opened_ms: i64,
    /// The branch's business day, as in `OrderPlacedV1`.
    pub business_day: u32,
    pub reason: String,
}

impl From<DrawerOpenedV1> for DrawerOpenedV2 {
    fn from(old: DrawerOpenedV1) -> DrawerOpenedV2 {
        DrawerOpenedV2 {
            opening: old.opening,
            counter: old.counter,
            seat: None,
            shift: None,
            why: old.why,
            order: old.order,
            approved_by: old.approved_by,
            opened_ms: old.opened_ms,
            business_day: old.business_day,
            reason: old.reason,
        }
    }
}
