//! A device's series: where it stands, how it grows by whole transactions, how a stranger checks it.

use crate::{
    clock::Stamp,
    fact::{Fact, FactHash, Header},
    keys::{DeviceKey, PublicKey},
};
use domain::ids::{BranchId, DeviceId, FactId, ShopId, StaffId};

/// The end of a transaction: the last fact's number and hash, signed by the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub device: DeviceId,
    pub seq: u64,
    pub hash: FactHash,
    pub signature: [u8; 64],
}

impl Head {
    pub fn signed(device: DeviceId, seq: u64, hash: FactHash, key: &DeviceKey) -> Head {
        let signature = key.sign(&message(device, seq, &hash));
        Head {
            device,
            seq,
            hash,
            signature,
        }
    }

    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.verifies(&message(self.device, self.seq, &self.hash), &self.signature)
    }
}

fn message(device: DeviceId, seq: u64, hash: &FactHash) -> Vec<u8> {
    let mut m = Vec::with_capacity(16 + 16 + 8 + 32);
    m.extend_from_slice(b"chandi head v1\0\0");
    m.extend_from_slice(&device.bytes());
    m.extend_from_slice(&seq.to_be_bytes());
    m.extend_from_slice(hash);
    m
}

/// The growing end of one device's series.
#[derive(Debug, Clone)]
pub struct Series {
    pub shop: ShopId,
    pub branch: BranchId,
    pub device: DeviceId,
    pub seq: u64,
    pub hash: FactHash,
}

impl Series {
    /// A series before its first fact.
    pub fn new(shop: ShopId, branch: BranchId, device: DeviceId) -> Series {
        Series {
            shop,
            branch,
            device,
            seq: 0,
            hash: [0; 32],
        }
    }

    /// Chains the next fact.
    pub fn append(
        &mut self,
        fact: FactId,
        stamp: Stamp,
        actor: Option<StaffId>,
        kind: u16,
        version: u16,
        body: Vec<u8>,
    ) -> Fact {
        let header = Header {
            fact,
            shop: self.shop,
            branch: self.branch,
            device: self.device,
            seq: self.seq + 1,
            stamp,
            actor,
            kind,
            version,
        };
        let sealed = Fact::seal(header, body, &self.hash);
        self.seq = sealed.header.seq;
        self.hash = sealed.hash;
        sealed
    }

    pub fn head(&self, key: &DeviceKey) -> Head {
        Head::signed(self.device, self.seq, self.hash, key)
    }
}

/// What is wrong with a series. Every case is final: the same bytes never get better.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeriesError {
    #[error("fact {seq} is missing: the series jumps to {found}")]
    Gap { seq: u64, found: u64 },
    #[error("fact {seq} is not what its hash says")]
    Broken { seq: u64 },
    #[error("the stamp of fact {seq} is not above the one before")]
    StampFell { seq: u64 },
    #[error("the head at {seq} does not match the fact there")]
    HeadMismatch { seq: u64 },
    #[error("the head at {seq} is not signed by this device")]
    BadSignature { seq: u64 },
    #[error("facts after {seq} have no signed head")]
    Unsigned { seq: u64 },
}

/// Walks a series from its first fact: no gap, chain whole, every transaction signed.
pub struct Checker {
    key: PublicKey,
    seq: u64,
    hash: FactHash,
    stamp: Stamp,
    signed: u64,
}

impl Checker {
    pub fn new(key: PublicKey) -> Checker {
        Checker {
            key,
            seq: 0,
            hash: [0; 32],
            stamp: Stamp(0),
            signed: 0,
        }
    }

    /// Goes on from where a series stands that was checked before.
    pub fn resume(key: PublicKey, seq: u64, hash: FactHash, stamp: Stamp) -> Checker {
        Checker {
            key,
            seq,
            hash,
            stamp,
            signed: seq,
        }
    }

    /// The next fact, and the head if a transaction ended with it.
    pub fn step(&mut self, fact: &Fact, head: Option<&Head>) -> Result<(), SeriesError> {
        let expected = self.seq.saturating_add(1);
        if fact.header.seq != expected {
            return Err(SeriesError::Gap {
                seq: expected,
                found: fact.header.seq,
            });
        }
        if !fact.follows(&self.hash) {
            return Err(SeriesError::Broken { seq: expected });
        }
        if fact.header.stamp <= self.stamp {
            return Err(SeriesError::StampFell { seq: expected });
        }
        if let Some(head) = head {
            if head.seq != expected || head.hash != fact.hash || head.device != fact.header.device {
                return Err(SeriesError::HeadMismatch { seq: expected });
            }
            if !head.is_signed_by(&self.key) {
                return Err(SeriesError::BadSignature { seq: expected });
            }
            self.signed = expected;
        }
        self.seq = expected;
        self.hash = fact.hash;
        self.stamp = fact.header.stamp;
        Ok(())
    }

    /// After the last fact: nothing may be left unsigned.
    pub fn finish(self) -> Result<u64, SeriesError> {
        if self.signed == self.seq {
            Ok(self.seq)
        } else {
            Err(SeriesError::Unsigned { seq: self.signed })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> (DeviceKey, Vec<Fact>, Vec<Head>) {
        let key = DeviceKey::from_seed(&[7; 32]);
        let id = |n: u8| [n; 16];
        let mut series = Series::new(
            ShopId::from_bytes(id(1)),
            BranchId::from_bytes(id(2)),
            DeviceId::from_bytes(id(3)),
        );
        let (mut facts, mut heads) = (vec![], vec![]);
        for n in 1..=6u8 {
            facts.push(series.append(
                FactId::from_bytes(id(n)),
                Stamp(u64::from(n)),
                None,
                1,
                1,
                vec![n],
            ));
            if n % 2 == 0 {
                heads.push(series.head(&key));
            }
        }
        (key, facts, heads)
    }

    fn check(key: &DeviceKey, facts: &[Fact], heads: &[Head]) -> Result<u64, SeriesError> {
        let mut checker = Checker::new(key.public());
        for fact in facts {
            checker.step(fact, heads.iter().find(|h| h.seq == fact.header.seq))?;
        }
        checker.finish()
    }

    #[test]
    fn a_whole_series_passes() {
        let (key, facts, heads) = series();
        assert_eq!(check(&key, &facts, &heads), Ok(6));
    }

    #[test]
    fn every_kind_of_damage_is_named() {
        let (key, facts, heads) = series();
        let mut gap = facts.clone();
        gap.remove(2);
        assert_eq!(
            check(&key, &gap, &heads),
            Err(SeriesError::Gap { seq: 3, found: 4 })
        );
        let mut edited = facts.clone();
        edited[3].body = vec![99];
        assert_eq!(check(&key, &edited, &heads), Err(SeriesError::Broken { seq: 4 }));
        let other = DeviceKey::from_seed(&[8; 32]);
        assert_eq!(
            check(&other, &facts, &heads),
            Err(SeriesError::BadSignature { seq: 2 })
        );
        assert_eq!(
            check(&key, &facts, &heads[..2]),
            Err(SeriesError::Unsigned { seq: 4 })
        );
        let mut actor = facts.clone();
        actor[0].header.actor = Some(StaffId::from_bytes([9; 16]));
        assert_eq!(
            check(&key, &actor, &heads),
            Err(SeriesError::Broken { seq: 1 }),
            "who did it is under the hash too"
        );
    }
}
