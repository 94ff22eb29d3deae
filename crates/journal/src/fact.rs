//! One fact: its header, its body's bytes, and the hash that chains it to the one before.

use crate::clock::Stamp;
use domain::ids::{BranchId, DeviceId, FactId, ShopId, StaffId};
use serde::{Deserialize, Serialize};

pub type FactHash = [u8; 32];

/// Who, where, when and what kind. The body travels beside it as bytes, so that unknown kinds pass through untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub fact: FactId,
    pub shop: ShopId,
    pub branch: BranchId,
    pub device: DeviceId,
    /// 1, 2, 3 … of its device, without a gap.
    pub seq: u64,
    pub stamp: Stamp,
    /// The member of staff on whose session it happened; none for what the device did by itself.
    pub actor: Option<StaffId>,
    pub kind: u16,
    pub version: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub header: Header,
    pub body: Vec<u8>,
    pub hash: FactHash,
}

/// The header's frozen wire form; fields are never reordered or removed.
#[derive(Serialize, Deserialize)]
struct HeaderV1<'a> {
    fact: [u8; 16],
    shop: [u8; 16],
    branch: [u8; 16],
    device: [u8; 16],
    seq: u64,
    stamp: u64,
    actor: Option<[u8; 16]>,
    kind: u16,
    version: u16,
    body: &'a [u8],
}

impl Fact {
    /// Seals a header and a body onto the fact before it.
    pub fn seal(header: Header, body: Vec<u8>, previous: &FactHash) -> Fact {
        let hash = hash_of(&header, &body, previous);
        Fact { header, body, hash }
    }

    /// Whether this fact is what its hash says, after `previous`.
    pub fn follows(&self, previous: &FactHash) -> bool {
        self.hash == hash_of(&self.header, &self.body, previous)
    }
}

fn hash_of(header: &Header, body: &[u8], previous: &FactHash) -> FactHash {
    let wire = HeaderV1 {
        fact: header.fact.bytes(),
        shop: header.shop.bytes(),
        branch: header.branch.bytes(),
        device: header.device.bytes(),
        seq: header.seq,
        stamp: header.stamp.0,
        actor: header.actor.map(|a| a.bytes()),
        kind: header.kind,
        version: header.version,
        body,
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"chandi fact v1\0");
    hasher.update(previous);
    // Plain structs of integers, arrays and slices: postcard cannot refuse them.
    hasher.update(&postcard::to_stdvec(&wire).unwrap_or_default());
    *hasher.finalize().as_bytes()
}
