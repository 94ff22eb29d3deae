//! Pictures of products: kept once, by their own bytes.

use super::Id;
use serde::{Deserialize, Serialize};

/// A picture of a product, whole. Its size is bounded where it comes in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureKeptV1 {
    pub picture: Id,
    /// image/webp, image/png or image/jpeg: what its first bytes say, whatever the sender said.
    pub mime: String,
    pub width: u16,
    pub height: u16,
    pub bytes: Vec<u8>,
}
