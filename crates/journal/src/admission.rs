//! Which devices belong to a shop, by which key, and up to where: worked out from the facts that admit and revoke them,
//! alike by everybody who has the same facts, in whatever order they came.
//!
//! A ruling counts only if its own author belongs to the shop at that place of its series, so nobody can be let in by
//! somebody who is out. Dates are never looked at: a stolen device can write any.
//!
//! A device that began from a backup lets itself in by its first fact, signed by the shop's recovery key, if a device
//! that belongs made that key the shop's. When did it begin? Nobody can prove that, so a new recovery key says what it
//! takes over: whoever sets it lets in, as any device, those that were restored before and that it knows. Of all others
//! that a former key let in nothing counts but that first fact, whenever they say that they began.

use crate::{
    body::Body,
    exchange::{Chunk, Place, Transaction},
    fact::{Fact, FactHash, Header},
    keys::PublicKey,
    recovery,
};
use domain::ids::{DeviceId, ShopId};
use std::collections::{BTreeMap, BTreeSet};

/// The kinds of facts that this module reads.
pub const KINDS: std::ops::RangeInclusive<u16> = 1..=9;

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
    /// This recovery key lets devices in, and none of a lower generation does any more.
    Recovers {
        key: PublicKey,
        generation: u32,
    },
    /// The device began from a backup; the signature of that recovery key holds.
    Restored {
        key: PublicKey,
        ordinal: u16,
        recovery: [u8; 32],
        first: FactHash,
    },
}

/// The last fact of a revoked device that counts; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Until {
    pub seq: u64,
    pub hash: FactHash,
}

impl Says {
    /// Of two that say different things at one place, which comes first: no matter which, but alike everywhere.
    fn order(&self) -> (u8, u64, [u8; 32], [u8; 32]) {
        match self {
            Says::Admitted { key, ordinal } => (0, u64::from(*ordinal), key.bytes(), [0; 32]),
            Says::Revoked { until } => (1, until.seq, until.hash, [0; 32]),
            Says::Recovers { key, generation } => (2, u64::from(*generation), key.bytes(), [0; 32]),
            Says::Restored { key, recovery, .. } => (3, 0, *recovery, key.bytes()),
        }
    }
}

impl Ruling {
    /// What a fact says about devices, of which nothing is read yet. What cannot be read says nothing.
    pub fn read(fact: &Fact) -> Option<Ruling> {
        let header = &fact.header;
        if !KINDS.contains(&header.kind) {
            return None;
        }
        let body = Body::decode(header.kind, header.version, &fact.body).ok()?;
        Ruling::of(fact, &body)
    }

    /// What a fact says about devices; nothing, for most of them.
    pub fn of(fact: &Fact, body: &Body) -> Option<Ruling> {
        let header = &fact.header;
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
            Body::RecoveryKeySet(set) => {
                let key = PublicKey::from_bytes(&set.public_key)?;
                let generation = set.generation;
                (header.device.bytes(), Says::Recovers { key, generation })
            }
            Body::DeviceRestored(restored) => {
                let own = header.seq == 1 && header.device.bytes() == restored.device;
                if !own || !recovery::is_signed(header.shop, restored) {
                    return None;
                }
                let says = Says::Restored {
                    key: PublicKey::from_bytes(&restored.public_key)?,
                    ordinal: restored.ordinal,
                    recovery: restored.recovery_key,
                    first: fact.hash,
                };
                (restored.device, says)
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

/// The devices whose word alone is enough for the shop's owner: the founding one, and those that began from a backup
/// with a recovery card that one of these made. Whoever was merely let in is not among them.
pub fn speak_for_the_owner(founder: DeviceId, rulings: &[Ruling], devices: &Devices) -> BTreeSet<DeviceId> {
    let mut speak = have_spoken(founder, &that_count(rulings), devices);
    speak.retain(|device| devices.get(*device).is_some_and(|known| known.until.is_none()));
    speak
}

/// Those, and the ones of them that were shut out since: what counts of theirs was said before.
fn have_spoken(founder: DeviceId, rulings: &[Ruling], devices: &Devices) -> BTreeSet<DeviceId> {
    let mut speak = BTreeSet::from([founder]);
    loop {
        let before = speak.len();
        let cards: BTreeSet<[u8; 32]> = rulings
            .iter()
            .filter(|ruling| speak.contains(&ruling.by) && devices.stands(ruling))
            .filter_map(|ruling| match ruling.says {
                Says::Recovers { key, .. } => Some(key.bytes()),
                _ => None,
            })
            .collect();
        for ruling in rulings {
            if let Says::Restored { recovery, .. } = ruling.says
                && cards.contains(&recovery)
                && devices.stands(ruling)
            {
                speak.insert(ruling.device);
            }
        }
        if speak.len() == before {
            return speak;
        }
    }
}

/// How far above the others a recovery card's generation may be: who makes one takes the next.
const MOST_GENERATIONS: u32 = 1000;

/// The newest generation that counts, of all that cards were ever made with. One that is far above every other ends
/// nothing and lets nobody in, so that no device alone makes a card that none can follow.
pub fn newest_generation(generations: impl IntoIterator<Item = u32>) -> u32 {
    let all: BTreeSet<u32> = generations.into_iter().collect();
    let mut newest = 0u32;
    for generation in all {
        if generation > newest.saturating_add(MOST_GENERATIONS) {
            break;
        }
        newest = generation;
    }
    newest
}

/// The generation of every card that was ever made.
pub fn generations(rulings: &[Ruling]) -> impl Iterator<Item = u32> {
    rulings.iter().filter_map(|ruling| match ruling.says {
        Says::Recovers { generation, .. } => Some(generation),
        _ => None,
    })
}

/// All that devices said, but of the cards only those that count.
fn that_count(rulings: &[Ruling]) -> Vec<Ruling> {
    let newest = newest_generation(generations(rulings));
    let counts = |ruling: &&Ruling| match ruling.says {
        Says::Recovers { generation, .. } => generation <= newest,
        _ => true,
    };
    rulings.iter().filter(counts).copied().collect()
}

/// How a recovery card of the shop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Card {
    /// It lets devices in.
    Holds,
    /// A newer one holds, by the word of a device that was merely let in.
    Doubtful,
    /// Who speaks for the owner made a newer one.
    Over,
}

/// The cards that devices made the shop's and whose word counts, by their public halves. There are two that hold when
/// two devices made one apart from each other.
pub fn cards(founder: DeviceId, rulings: &[Ruling], devices: &Devices) -> BTreeMap<[u8; 32], Card> {
    let rulings = &that_count(rulings);
    let speak = have_spoken(founder, rulings, devices);
    let (mut newest, mut by_owner) = (0, 0);
    let mut generations: BTreeMap<[u8; 32], u32> = BTreeMap::new();
    for ruling in rulings.iter().filter(|ruling| devices.stands(ruling)) {
        if let Says::Recovers { key, generation } = ruling.says {
            let last = generations.entry(key.bytes()).or_default();
            *last = generation.max(*last);
            newest = generation.max(newest);
            if speak.contains(&ruling.by) {
                by_owner = generation.max(by_owner);
            }
        }
    }
    let stands = |generation: u32| match generation {
        _ if generation == newest => Card::Holds,
        _ if generation < by_owner => Card::Over,
        _ => Card::Doubtful,
    };
    let cards = generations.into_iter();
    cards.map(|(key, generation)| (key, stands(generation))).collect()
}

/// Where a series says that its device founds a shop. Only the founder's own first words may, and who that is is known to
/// everybody who has the shop's books: of any other series nothing counts from there on.
pub fn founds_at(transaction: &Transaction) -> Option<u64> {
    let mut facts = transaction.facts.iter();
    let founds = facts.find(|fact| fact.header.kind == FOUNDS)?;
    Some(founds.header.seq)
}

/// The kind of the fact that founds a shop.
const FOUNDS: u16 = 1;

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

/// The device that a series of its own lets in, if it begins with that and nothing else: the recovery key signed the
/// device's key, and the device the transaction. Whether that recovery key is the shop's is another question.
pub fn restored(chunk: &Chunk) -> Option<Ruling> {
    let beginning = Place::default();
    let bytes = chunk.transactions.first().filter(|_| chunk.after == 0)?;
    let first = Transaction::decode(bytes, chunk.shop, chunk.device, &beginning).ok()?;
    let [fact] = first.facts.as_slice() else {
        return None;
    };
    let body = Body::decode(fact.header.kind, fact.header.version, &fact.body).ok()?;
    let ruling = Ruling::of(fact, &body)?;
    let Says::Restored { key, .. } = ruling.says else {
        return None;
    };
    first.check(&key, &beginning).ok()?;
    Some(ruling)
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

    /// Whether the author of a ruling belongs to the shop at that place of its series.
    fn stands(&self, ruling: &Ruling) -> bool {
        self.0.contains_key(&ruling.by) && self.counts(ruling.by, ruling.seq) == ruling.seq
    }

    /// From all rulings there are. Revocations may speak against each other's authors; what holds is found from both
    /// sides: what counts even if every doubtful revocation holds, and what may count if none of them does. Two devices
    /// that shut each other out, each before the other's word, leave it undecided; then the device admitted earlier is
    /// believed, by its ordinal, so that everybody decides alike.
    pub fn of(founder: DeviceId, key: PublicKey, rulings: &[Ruling]) -> Devices {
        let mut rulings = that_count(rulings);
        rulings.sort_by_key(|ruling| (ruling.by, ruling.seq, ruling.device, ruling.says.order()));
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

/// A device on the way to being known.
#[derive(Clone, Copy)]
struct Member {
    key: PublicKey,
    ordinal: u16,
    /// By which recovery key it let itself in, and the fact by which it did.
    restored: Option<([u8; 32], FactHash)>,
    /// By another device.
    let_in: bool,
}

/// Who belongs to the shop when these rulings take something away, and which such rulings their authors could then
/// write.
fn admitted(
    founder: DeviceId,
    key: PublicKey,
    rulings: &[Ruling],
    holding: &BTreeSet<usize>,
) -> (BTreeMap<DeviceId, Known>, BTreeSet<usize>) {
    let mut until: BTreeMap<DeviceId, Until> = BTreeMap::new();
    let mut newest = 0;
    for at in holding {
        let ruling = &rulings[*at];
        match ruling.says {
            Says::Revoked { until: this } => {
                // The strictest holds.
                let least = until.entry(ruling.device).or_insert(this);
                *least = this.min(*least);
            }
            Says::Recovers { generation, .. } => newest = newest.max(generation),
            Says::Admitted { .. } | Says::Restored { .. } => {}
        }
    }
    let mut members = BTreeMap::from([(
        founder,
        Member {
            key,
            ordinal: 0,
            restored: None,
            let_in: true,
        },
    )]);
    let mut recovers: BTreeMap<[u8; 32], u32> = BTreeMap::new();
    let known_as = |device: DeviceId, member: &Member, recovers: &BTreeMap<[u8; 32], u32>| {
        let first = member.restored.and_then(|(key, first)| {
            let former = recovers.get(&key).is_none_or(|generation| *generation < newest);
            (former && !member.let_in).then_some(Until { seq: 1, hash: first })
        });
        let until = [until.get(&device).copied(), first].into_iter().flatten().min();
        Known {
            key: member.key,
            until,
            ordinal: member.ordinal,
        }
    };
    // Generation by generation; within one, the earlier device's word comes first, and a key never changes after.
    loop {
        let known: BTreeMap<DeviceId, Known> = members
            .iter()
            .map(|(device, member)| (*device, known_as(*device, member, &recovers)))
            .collect();
        let counts = |ruling: &&Ruling| {
            let by = known.get(&ruling.by);
            by.is_some_and(|by| by.until.is_none_or(|until| ruling.seq <= until.seq))
        };
        let mut grew = false;
        let mut next = Vec::new();
        for ruling in rulings {
            let rank = known
                .get(&ruling.by)
                .map_or((u16::MAX, ruling.by), |by| (by.ordinal, ruling.by));
            match ruling.says {
                Says::Recovers { key, generation } if counts(&ruling) => {
                    let last = recovers.get(&key.bytes()).copied();
                    if last.is_none_or(|last| last < generation) {
                        recovers.insert(key.bytes(), generation);
                        grew = true;
                    }
                }
                Says::Admitted { key, ordinal } if counts(&ruling) => match members.get_mut(&ruling.device) {
                    None => {
                        let member = Member {
                            key,
                            ordinal,
                            restored: None,
                            let_in: true,
                        };
                        next.push(((rank, ruling.seq), ruling.device, member));
                    }
                    Some(member) if !member.let_in && member.key == key => {
                        member.let_in = true;
                        grew = true;
                    }
                    Some(_) => {}
                },
                Says::Restored {
                    key,
                    ordinal,
                    recovery,
                    first,
                } if recovers.contains_key(&recovery) && !members.contains_key(&ruling.device) => {
                    let member = Member {
                        key,
                        ordinal,
                        restored: Some((recovery, first)),
                        let_in: false,
                    };
                    // After what others say of it.
                    next.push((((u16::MAX, ruling.device), ruling.seq), ruling.device, member));
                }
                _ => {}
            }
        }
        if next.is_empty() && !grew {
            let could = rulings
                .iter()
                .enumerate()
                .filter(|(_, ruling)| {
                    counts(ruling) && matches!(ruling.says, Says::Revoked { .. } | Says::Recovers { .. })
                })
                .map(|(at, _)| at)
                .collect();
            return (known, could);
        }
        next.sort_by_key(|(rank, device, member)| (*rank, *device, member.key.bytes()));
        for (_, device, member) in next {
            members.entry(device).or_insert(member);
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

    #[test]
    fn a_card_far_above_the_others_ends_nothing_and_lets_nobody_in() {
        let mut rulings = vec![
            recovers(1, 2, 1, 1),
            admits(1, 3, 2),
            recovers(2, 1, 9, u32::MAX),
            restores(9, 7),
            restores(1, 8),
        ];
        for turn in 0..rulings.len() {
            rulings.rotate_left(turn);
            let devices = known(&rulings);
            assert_eq!(devices.get(device(7)), None, "not by the thief's card");
            assert_eq!(until(&devices, 8), None, "the shop's own lets in");
            let cards = cards(device(1), &rulings, &devices);
            assert_eq!(
                cards.into_iter().collect::<Vec<_>>(),
                [(key(101).bytes(), Card::Holds)]
            );
        }
        rulings.push(recovers(1, 4, 3, 2));
        let cards = cards(device(1), &rulings, &known(&rulings));
        assert_eq!(
            cards.get(&key(103).bytes()),
            Some(&Card::Holds),
            "the owner's next"
        );
    }

    #[test]
    fn generations_count_from_below() {
        for (all, newest) in [
            (vec![], 0),
            (vec![3, 1, 2], 3),
            (vec![1, u32::MAX], 1),
            (vec![1, 1001], 1001),
            (vec![1, 1002], 1),
            (vec![1, 1002, 500], 1002),
        ] {
            assert_eq!(newest_generation(all.clone()), newest, "{all:?}");
        }
    }

    fn recovers(by: u8, seq: u64, card: u8, generation: u32) -> Ruling {
        let says = Says::Recovers {
            key: key(100 + card),
            generation,
        };
        Ruling {
            by: device(by),
            seq,
            device: device(by),
            says,
        }
    }

    fn restores(card: u8, n: u8) -> Ruling {
        let says = Says::Restored {
            key: key(n),
            ordinal: 1000 + u16::from(n),
            recovery: key(100 + card).bytes(),
            first: [n; 32],
        };
        Ruling {
            by: device(n),
            seq: 1,
            device: device(n),
            says,
        }
    }

    #[test]
    fn a_restored_device_belongs_if_the_card_is_the_shops() {
        let devices = known(&[
            restores(1, 7),
            admits(7, 2, 8),
            recovers(1, 2, 1, 1),
            restores(2, 9),
        ]);
        assert_eq!(until(&devices, 7), None);
        assert!(devices.get(device(8)).is_some(), "it lets others in");
        assert_eq!(
            devices.get(device(9)),
            None,
            "somebody else's card lets nobody in"
        );
        assert_eq!(
            known(&[restores(1, 7)]).get(device(7)),
            None,
            "no card was made yet"
        );
        let stranger = known(&[recovers(6, 2, 1, 1), restores(1, 7)]);
        assert_eq!(stranger.get(device(7)), None, "a stranger's card");
    }

    #[test]
    fn a_new_card_ends_the_old_one() {
        let mut rulings = vec![
            recovers(1, 2, 1, 1),
            restores(1, 7),
            restores(1, 8),
            admits(1, 3, 7),
            recovers(1, 4, 2, 2),
            restores(2, 9),
            admits(8, 2, 5),
        ];
        let devices = known(&rulings);
        assert_eq!(until(&devices, 7), None, "known to who made the new card");
        assert_eq!(until(&devices, 8), Some(1), "a finder of the old card");
        assert_eq!(devices.counts(device(8), 40), 1);
        assert_eq!(devices.get(device(5)), None, "lets nobody in");
        assert_eq!(until(&devices, 9), None);
        // Who was shut out before cannot end the card.
        rulings.extend([admits(1, 5, 4), revokes(1, 6, 4, 1), recovers(4, 2, 3, 9)]);
        assert_eq!(until(&known(&rulings), 9), None);
    }

    #[test]
    fn a_card_that_a_till_replaced_is_in_doubt_and_one_that_the_owner_replaced_is_over() {
        let stand = |rulings: &[Ruling]| {
            let cards = cards(device(1), rulings, &known(rulings));
            [1, 2, 3].map(|card| cards.get(&key(100 + card).bytes()).copied())
        };
        let mut rulings = vec![admits(1, 2, 2), recovers(1, 3, 1, 1), recovers(1, 4, 2, 2)];
        assert_eq!(stand(&rulings), [Some(Card::Over), Some(Card::Holds), None]);
        rulings.push(recovers(2, 5, 3, 3));
        assert_eq!(
            stand(&rulings),
            [Some(Card::Over), Some(Card::Doubtful), Some(Card::Holds)]
        );
        rulings.push(revokes(1, 9, 2, 4));
        assert_eq!(stand(&rulings), [Some(Card::Over), Some(Card::Holds), None]);
        // Who was restored with the owner's card speaks for the owner, and what was said before a founder's end counts.
        rulings.extend([
            restores(2, 7),
            admits(1, 6, 7),
            recovers(7, 2, 3, 3),
            revokes(7, 3, 1, 9),
        ]);
        assert_eq!(
            stand(&rulings),
            [Some(Card::Over), Some(Card::Over), Some(Card::Holds)]
        );
    }

    #[test]
    fn a_finder_of_the_old_card_cannot_make_it_the_new_one() {
        let devices = known(&[
            recovers(1, 2, 1, 1),
            recovers(1, 4, 2, 2),
            restores(1, 8),
            recovers(8, 2, 1, 3),
        ]);
        assert_eq!(until(&devices, 8), Some(1));
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_changes_nothing_and_it_ends(
            rulings in prop::collection::vec((1u8..6, 1u64..9, 1u8..6, 0u64..9, 0u8..4), 0..14),
            turn: prop::sample::Index,
        ) {
            let rulings: Vec<Ruling> = rulings
                .into_iter()
                .map(|(by, seq, other, upto, what)| match what {
                    0 => admits(by, seq * 20 + u64::from(other), other),
                    1 => revokes(by, seq * 20 + 10 + u64::from(other), other, upto * 20),
                    2 => recovers(by, seq * 20 + 19, other % 3, u32::try_from(upto % 4).expect("small")),
                    _ => restores(other % 3, by),
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
                        d.device == device && match d.says {
                            Says::Admitted { .. } => one.counts(d.by, d.seq) == d.seq,
                            Says::Restored { recovery, .. } => rulings.iter().any(|set| {
                                matches!(set.says, Says::Recovers { key, .. } if key.bytes() == recovery)
                                    && one.counts(set.by, set.seq) == set.seq
                            }),
                            _ => false,
                        }
                    });
                prop_assert!(let_in, "by somebody who could");
            }
        }
    }
}
