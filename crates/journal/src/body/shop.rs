//! A shop and its devices.

use super::Id;
use serde::{Deserialize, Serialize};

/// A shop, its first branch, its first counter and the device that founded them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopFoundedV1 {
    pub shop: Id,
    pub branch: Id,
    pub counter: Id,
    pub device: Id,
    pub public_key: [u8; 32],
    pub ordinal: u16,
    pub lane: u8,
    pub currency: [u8; 3],
    pub demo: bool,
    pub founded_ms: i64,
}

/// Another device of the shop, admitted by one that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceAdmittedV1 {
    pub device: Id,
    pub public_key: [u8; 32],
    pub branch: Id,
    pub counter: Id,
    pub ordinal: u16,
    pub lane: u8,
    pub admitted_ms: i64,
}

/// A device of the shop works at another counter from here on, under numbers of its own. Also how two that were let in
/// apart from each other under one ordinal get numbers of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceMovedV1 {
    pub device: Id,
    pub branch: Id,
    pub counter: Id,
    pub ordinal: u16,
    pub lane: u8,
    pub moved_ms: i64,
}

/// Nothing that this device signed after that fact is accepted, however it is dated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRevokedV1 {
    pub device: Id,
    /// The last of its facts that counts; 0 is none.
    pub last_seq: u64,
    pub last_hash: [u8; 32],
    pub reason: String,
    pub revoked_ms: i64,
}
