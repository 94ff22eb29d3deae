//! Goods given out.

use super::Id;
use serde::{Deserialize, Serialize};

/// So many thousandths of a line went from one place to another; places by their numbers in `domain::order`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveV1 {
    pub line: u32,
    pub from: u8,
    pub to: u8,
    pub milli: i64,
}

/// By what the guest's right to the goods was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeenV1 {
    Qr,
    Number,
    /// A member of staff, the fact's actor, vouches.
    Staff,
}

/// Goods given out, and what was missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOverV1 {
    pub handover: Id,
    pub order: Id,
    pub counter: Id,
    pub seat: u16,
    pub at_ms: i64,
    pub moves: Vec<MoveV1>,
    pub seen: SeenV1,
    /// The claim authority could not be asked.
    pub offline: bool,
    /// The hash of the request, as in `OrderPlacedV1`.
    pub content: [u8; 32],
}

/// A handover taken back: its moves go the other way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverUndoneV1 {
    pub handover: Id,
    pub order: Id,
    pub at_ms: i64,
    pub approved_by: Option<Id>,
}
