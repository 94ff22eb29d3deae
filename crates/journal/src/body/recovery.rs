//! The shop's recovery key, and devices that began from a backup.

use super::Id;
use serde::{Deserialize, Serialize};

/// From now on backups are made for this key, and it lets restored devices in. Keys of a lower generation let nobody
/// in any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryKeySetV1 {
    pub generation: u32,
    /// The age recipient of the shop's backups.
    pub recipient: String,
    /// Checks what the recovery secret signs.
    pub public_key: [u8; 32],
    pub set_ms: i64,
}

/// A recovery card knows the shop by the device that founded it, whatever else books say of themselves. Before its key is
/// set, in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopVouchedV1 {
    pub card: [u8; 32],
    pub founder: Id,
    pub founder_key: [u8; 32],
    /// The card's, over all of the above and the shop.
    pub signature: [[u8; 32]; 2],
}

/// The first fact of a device that began from a backup, alone in its transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRestoredV1 {
    pub device: Id,
    pub public_key: [u8; 32],
    pub branch: Id,
    pub counter: Id,
    pub ordinal: u16,
    pub lane: u8,
    /// The device that made the backup, and when.
    pub backup_by: Id,
    pub backup_ms: i64,
    pub restored_ms: i64,
    /// Which recovery key signed, and its signature over all of the above and the shop.
    pub recovery_key: [u8; 32],
    pub signature: [[u8; 32]; 2],
}
