//! What somebody said about something that cannot be true and is.

use serde::{Deserialize, Serialize};

/// Somebody looked at it. It comes back by itself when it weighs more than it did then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnomalySettledV1 {
    /// What it is about: its kind and the ids in it.
    pub key: String,
    /// How bad it was: thousandths too much, minor units above a limit, products with one barcode …
    pub weight: i64,
    pub note: String,
    pub settled_ms: i64,
}
