//! Which devices belong to a shop, by which key, and up to where: worked out from the facts that admit and revoke them,
//! alike by everybody who has the same facts, in whatever order they came.
//!
//! A ruling counts only if its own author belongs to the shop at that place of its series, so nobody can be let in by
//! somebody who is out. Dates are never looked at: a stolen device can write any.

use crate::{
    body::Body,
    fact::{FactHash, Header},
    keys::PublicKey,
};
use domain::ids::{DeviceId, ShopId};
use std::collections::{BTreeMap, BTreeSet};

/// The kinds of facts that this module reads.
pub const KINDS: std::ops::RangeInclusive<u16> = 1..=3;

/// One device let in or shut out, and the place of the fact that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ruling {
    pub by: DeviceId,
    pub seq: u64,
    pub device: DeviceId,
    pub says: Says,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    Admitted {
        key: PublicKey,
        ordinal: u16,
    },
    /// Nothing after this place is accepted.
    Revoked {
        until: Until,
    },
}

/// The last fact of a revoked device that counts; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Until {
    pub seq: u64,
    pub hash: FactHash,
}

impl Ruling {
    /// What a fact says about devices; nothing, for most of them.
    pub fn of(header: &Header, body: &Body) -> Option<Ruling> {
        let (device, says) = match body {
            Body::DeviceAdmitted(admitted) => {
                let key = PublicKey::from_bytes(&admitted.public_key)?;
                (
                    admitted.device,
                    Says::Admitted {
                        key,
                        ordinal: admitted.ordinal,
                    },
                )
            }
            Body::DeviceRevoked(revoked) => {
                let until = Until {
                    seq: revoked.last_seq,
                    hash: revoked.last_hash,
                };
                (revoked.device, Says::Revoked { until })
            }
            _ => return None,
        };
        Some(Ruling {
            by: header.device,
            seq: header.seq,
            device: DeviceId::from_bytes(device),
            says,
        })
    }
}

/// The device that founded a shop, if these are the first words of one.
pub fn founder(header: &Header, body: &Body) -> Option<(ShopId, DeviceId, PublicKey)> {
    let Body::ShopFounded(founded) = body else {
        return None;
    };
    let (shop, device) = (
        ShopId::from_bytes(founded.shop),
        DeviceId::from_bytes(founded.device),
    );
    let first = header.seq == 1 && header.shop == shop && header.device == device;
    let key = PublicKey::from_bytes(&founded.public_key)?;
    first.then_some((shop, device, key))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub key: PublicKey,
    /// Revoked: what still counts.
    pub until: Option<Until>,
    ordinal: u16,
}

/// The devices of a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Devices(BTreeMap<DeviceId, Known>);

impl Devices {
    pub fn get(&self, device: DeviceId) -> Option<&Known> {
        self.0.get(&device)
    }

    pub fn iter(&self) -> impl Iterator<Item = (DeviceId, &Known)> {
        self.0.iter().map(|(device, known)| (*device, known))
    }

    /// How much of a series counts, of what somebody has of it.
    pub fn counts(&self, device: DeviceId, seq: u64) -> u64 {
        match self.0.get(&device) {
            Some(known) => known.until.map_or(seq, |until| seq.min(until.seq)),
            None => 0,
        }
    }

    /// From all rulings there are. Revocations may speak against each other's authors; what holds is found from both
    /// sides: what counts even if every doubtful revocation holds, and what may count if none of them does. Two devices
    /// that shut each other out, each before the other's word, leave it undecided; then the device admitted earlier is
    /// believed, by its ordinal, so that everybody decides alike.
    pub fn of(founder: DeviceId, key: PublicKey, rulings: &[Ruling]) -> Devices {
        let mut rulings = rulings.to_vec();
        rulings.sort_by_key(|ruling| (ruling.by, ruling.seq, ruling.device));
        let mut certain: BTreeSet<usize> = BTreeSet::new();
        let mut chosen: BTreeSet<usize> = BTreeSet::new();
        loop {
            let (_, possible) = admitted(founder, key, &rulings, &certain);
            let (known, mut holds) = admitted(founder, key, &rulings, &possible);
            holds.extend(&chosen);
            if holds != certain {
                certain = holds;
                continue;
            }
            // Nothing more follows: what is left speaks against itself.
            let doubtful = possible.difference(&certain).copied();
            let rank = |at: &usize| {
                let ruling = &rulings[*at];
                (
                    known.get(&ruling.by).map_or(u16::MAX, |k| k.ordinal),
                    ruling.by,
                    ruling.seq,
                )
            };
            match doubtful.min_by_key(rank) {
                Some(first) => {
                    chosen.insert(first);
                    certain.insert(first);
                }
                None => {
                    let (known, _) = admitted(founder, key, &rulings, &certain);
                    return Devices(known);
                }
            }
        }
    }
}

/// Who belongs to the shop when these revocations hold, and which revocations their authors could then write.
fn admitted(
    founder: DeviceId,
    key: PublicKey,
    rulings: &[Ruling],
    holding: &BTreeSet<usize>,
) -> (BTreeMap<DeviceId, Known>, BTreeSet<usize>) {
    let mut until: BTreeMap<DeviceId, Until> = BTreeMap::new();
    for at in holding {
        let ruling = &rulings[*at];
        if let Says::Revoked { until: this } = ruling.says {
            // The strictest holds.
            let least = until.entry(ruling.device).or_insert(this);
            *least = this.min(*least);
        }
    }
    let known_as = |key, ordinal, device| Known {
        key,
        until: until.get(&device).copied(),
        ordinal,
    };
    let mut known = BTreeMap::from([(founder, known_as(key, 0, founder))]);
    // Generation by generation; within one, the earlier device's word comes first, and a key never changes after.
    loop {
        let counts = |ruling: &&Ruling| {
            let by = known.get(&ruling.by);
            by.is_some_and(|by| by.until.is_none_or(|until| ruling.seq <= until.seq))
        };
        let next = rulings
            .iter()
            .filter(counts)
            .filter_map(|ruling| match ruling.says {
                Says::Admitted { key, ordinal } if !known.contains_key(&ruling.device) => {
                    let rank = known
                        .get(&ruling.by)
                        .map_or((u16::MAX, ruling.by), |by| (by.ordinal, ruling.by));
                    Some(((rank, ruling.seq), ruling.device, key, ordinal))
                }
                _ => None,
            });
        let mut next: Vec<_> = next.collect();
        if next.is_empty() {
            let could = rulings
                .iter()
                .enumerate()
                .filter(|(_, ruling)| counts(ruling) && matches!(ruling.says, Says::Revoked { .. }))
                .map(|(at, _)| at)
                .collect();
            return (known, could);
        }
        next.sort_by_key(|(rank, device, ..)| (*rank, *device));
        for (_, device, key, ordinal) in next {
            known
                .entry(device)
                .or_insert_with(|| known_as(key, ordinal, device));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeviceKey;
    use proptest::prelude::*;

    fn device(n: u8) -> DeviceId {
        DeviceId::from_bytes([n; 16])
    }

    fn key(n: u8) -> PublicKey {
        DeviceKey::from_seed(&[n; 32]).public()
    }

    fn admits(by: u8, seq: u64, other: u8) -> Ruling {
        let says = Says::Admitted {
            key: key(other),
            ordinal: u16::from(other),
        };
        Ruling {
            by: device(by),
            seq,
            device: device(other),
            says,
        }
    }

    fn revokes(by: u8, seq: u64, other: u8, upto: u64) -> Ruling {
        let until = Until {
            seq: upto,
            hash: [0; 32],
        };
        Ruling {
            by: device(by),
            seq,
            device: device(other),
            says: Says::Revoked { until },
        }
    }

    fn known(rulings: &[Ruling]) -> Devices {
        Devices::of(device(1), key(1), rulings)
    }

    fn until(devices: &Devices, n: u8) -> Option<u64> {
        devices.get(device(n)).expect("known").until.map(|u| u.seq)
    }

    #[test]
    fn who_was_let_in_by_somebody_who_is_in_belongs() {
        let devices = known(&[admits(2, 5, 3), admits(1, 2, 2), admits(9, 1, 8)]);
        assert!(devices.get(device(2)).is_some() && devices.get(device(3)).is_some());
        assert_eq!(devices.get(device(8)), None, "a stranger lets nobody in");
        assert_eq!(devices.counts(device(8), 7), 0);
        assert_eq!(devices.counts(device(3), 7), 7);
    }

    #[test]
    fn what_a_device_did_after_its_last_fact_that_counts_does_not() {
        let devices = known(&[
            admits(1, 2, 2),
            revokes(1, 9, 2, 4),
            admits(2, 4, 3),
            admits(2, 5, 4),
        ]);
        assert_eq!(until(&devices, 2), Some(4));
        assert!(devices.get(device(3)).is_some(), "let in before");
        assert_eq!(devices.get(device(4)), None, "let in after");
        assert_eq!(devices.counts(device(2), 7), 4);
    }

    #[test]
    fn a_revoked_device_cannot_shut_out_the_one_that_revoked_it() {
        // The stolen founder answers its revocation, which it has seen: its word comes after its end.
        let devices = known(&[admits(1, 2, 2), revokes(2, 3, 1, 6), revokes(1, 7, 2, 3)]);
        assert_eq!(until(&devices, 1), Some(6));
        assert_eq!(until(&devices, 2), None, "its answer does not count");
    }

    #[test]
    fn two_that_shut_each_other_out_leave_the_earlier_one_in() {
        let devices = known(&[
            admits(1, 2, 2),
            admits(1, 3, 3),
            revokes(2, 5, 3, 4),
            revokes(3, 5, 2, 4),
        ]);
        assert_eq!(until(&devices, 2), None);
        assert_eq!(until(&devices, 3), Some(4));
    }

    #[test]
    fn a_second_key_for_a_device_is_not_believed() {
        let mut forged = admits(3, 9, 2);
        forged.says = Says::Admitted {
            key: key(66),
            ordinal: 2,
        };
        let devices = known(&[forged, admits(1, 2, 2), admits(1, 3, 3)]);
        assert_eq!(devices.get(device(2)).expect("known").key, key(2));
        let mut founder = admits(3, 9, 1);
        founder.says = Says::Admitted {
            key: key(66),
            ordinal: 1,
        };
        let devices = known(&[founder, admits(1, 3, 3)]);
        assert_eq!(devices.get(device(1)).expect("known").key, key(1));
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_changes_nothing_and_it_ends(
            rulings in prop::collection::vec((1u8..6, 1u64..9, 1u8..6, 0u64..9, any::<bool>()), 0..14),
            turn: prop::sample::Index,
        ) {
            let rulings: Vec<Ruling> = rulings
                .into_iter()
                .map(|(by, seq, other, upto, lets_in)| match lets_in {
                    true => admits(by, seq * 20 + u64::from(other), other),
                    false => revokes(by, seq * 20 + 10 + u64::from(other), other, upto * 20),
                })
                .collect();
            let one = known(&rulings);
            let mut other = rulings.clone();
            other.rotate_left(turn.index(rulings.len().max(1)).min(rulings.len()));
            other.reverse();
            other.extend(rulings.first());
            prop_assert_eq!(&one, &known(&other));
            prop_assert!(one.get(device(1)).is_some(), "the founder is always known");
            for (device, _) in one.iter() {
                let let_in = device == DeviceId::from_bytes([1; 16])
                    || rulings.iter().any(|d| {
                        d.device == device && matches!(d.says, Says::Admitted { .. }) && one.counts(d.by, d.seq) == d.seq
                    });
                prop_assert!(let_in, "by somebody who could");
            }
        }
    }
}
