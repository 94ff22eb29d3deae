//! The notice by which a device learns that it was shut out: the rulings that say so, one by one, for whoever is refused
//! gets no series any more.
//!
//! Each comes as the transaction that it stands in. Its author signed it over its number and over the hash of everything
//! before it, so it proves itself without the rest: whoever hands it over, a hub or a device, can leave it out and cannot
//! make it up. Whether its author belongs to the shop is worked out as everywhere, from the rulings that are known and
//! those that came along.

use crate::{
    admission::{self, Devices, Ruling, Says},
    clock::Stamp,
    exchange::{Chunk, Place, Vector},
    fact::Fact,
    keys::PublicKey,
};
use domain::ids::{DeviceId, ShopId};
use std::collections::BTreeSet;

/// The most transactions of one notice.
pub const MOST_RULINGS: usize = 200;

/// Where the rulings stand that show why a device is out, and who lets their authors in, as far as somebody who has that
/// much lacks them.
pub fn rulings_to_show(
    device: DeviceId,
    devices: &Devices,
    rulings: &[Ruling],
    have: &Vector,
) -> BTreeSet<(DeviceId, u64)> {
    let counts = |ruling: &&Ruling| devices.counts(ruling.by, ruling.seq) == ruling.seq;
    let let_itself_in = |device: DeviceId| {
        let own = rulings.iter().find_map(|ruling| match ruling.says {
            Says::Restored { recovery, .. } if ruling.device == device => Some(recovery),
            _ => None,
        });
        own.filter(|_| {
            let admits = |r: &Ruling| r.device == device && matches!(r.says, Says::Admitted { .. });
            !rulings.iter().any(admits)
        })
    };
    let mut shown = BTreeSet::new();
    let mut authors = Vec::new();
    let mut show = |ruling: &Ruling, authors: &mut Vec<DeviceId>| {
        // Who has a ruling has what it takes to believe it.
        if have.get(&ruling.by).copied().unwrap_or(0) < ruling.seq && shown.len() < MOST_RULINGS {
            shown.insert((ruling.by, ruling.seq));
            authors.push(ruling.by);
        }
    };
    let restored = let_itself_in(device).is_some();
    for ruling in rulings.iter().filter(counts) {
        let ends = match ruling.says {
            Says::Revoked { .. } => ruling.device == device,
            // A newer card ends who was let in by a former one alone.
            Says::Recovers { .. } => restored,
            Says::Admitted { .. } | Says::Restored { .. } => false,
        };
        if ends {
            show(ruling, &mut authors);
        }
    }
    let mut done = BTreeSet::new();
    while let Some(author) = authors.pop() {
        if !done.insert(author) {
            continue;
        }
        let card = let_itself_in(author);
        for ruling in rulings.iter().filter(counts) {
            let lets_in = match ruling.says {
                Says::Admitted { .. } | Says::Restored { .. } => ruling.device == author,
                Says::Recovers { key, .. } => card == Some(key.bytes()),
                Says::Revoked { .. } => false,
            };
            if lets_in {
                show(ruling, &mut authors);
            }
        }
    }
    shown
}

/// What a notice proves to somebody who knows these rulings: the facts whose authors belong to the shop.
pub fn proven(shop: ShopId, founder: (DeviceId, PublicKey), known: &[Ruling], notice: &[Chunk]) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    let mut rulings = known.to_vec();
    let mut left: Vec<&Chunk> = notice
        .iter()
        .filter(|chunk| chunk.shop == shop)
        .take(MOST_RULINGS)
        .collect();
    loop {
        // One that lets itself in is believed or not by the card that it shows.
        let own = left.iter().filter_map(|chunk| admission::restored(chunk));
        let with_own: Vec<Ruling> = rulings.iter().copied().chain(own).collect();
        let devices = Devices::of(founder.0, founder.1, &with_own);
        let before = left.len();
        left.retain(|chunk| {
            let Some(known) = devices.get(chunk.device) else {
                return true;
            };
            let from = Place {
                seq: chunk.after,
                hash: chunk.previous,
                stamp: Stamp(0),
            };
            let (read, _) = chunk.read(&known.key, from);
            for fact in read.into_iter().flat_map(|transaction| transaction.facts) {
                rulings.extend(Ruling::read(&fact));
                facts.push(fact);
            }
            false
        });
        if left.len() == before {
            return facts;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Body, DeviceKey, Head, Series, Transaction,
        admission::Until,
        body::{DeviceAdmittedV1, DeviceRevokedV1},
    };
    use domain::ids::{BranchId, FactId};

    const SHOP: ShopId = ShopId::from_bytes([1; 16]);

    fn device(n: u8) -> DeviceId {
        DeviceId::from_bytes([n; 16])
    }

    fn key(n: u8) -> DeviceKey {
        DeviceKey::from_seed(&[n; 32])
    }

    /// A series whose facts are kept with the places before them.
    struct Writer {
        n: u8,
        series: Series,
        written: Vec<Chunk>,
        rulings: Vec<Ruling>,
    }

    impl Writer {
        fn new(n: u8) -> Writer {
            let series = Series::new(SHOP, BranchId::from_bytes([3; 16]), device(n));
            Writer {
                n,
                series,
                written: vec![],
                rulings: vec![],
            }
        }

        fn write(&mut self, body: &Body) {
            let from = Place {
                seq: self.series.seq,
                hash: self.series.hash,
                stamp: Stamp(0),
            };
            let (kind, version) = body.tag();
            let seq = self.series.seq + 1;
            let mut id = [self.n; 16];
            id[..8].copy_from_slice(&seq.to_be_bytes());
            let fact = self.series.append(
                FactId::from_bytes(id),
                Stamp(seq << 16),
                None,
                kind,
                version,
                body.encode(),
            );
            self.rulings.extend(Ruling::read(&fact));
            let head: Head = self.series.head(&key(self.n));
            let transaction = Transaction {
                facts: vec![fact],
                head,
            };
            self.written
                .push(Chunk::of(SHOP, device(self.n), &from, &[transaction]));
        }

        fn admit(&mut self, other: u8) {
            self.write(&Body::DeviceAdmitted(DeviceAdmittedV1 {
                device: device(other).bytes(),
                public_key: key(other).public().bytes(),
                branch: [3; 16],
                counter: [other; 16],
                ordinal: other.into(),
                lane: other,
                admitted_ms: 0,
            }));
        }

        fn revoke(&mut self, other: u8, last_seq: u64) {
            self.write(&Body::DeviceRevoked(DeviceRevokedV1 {
                device: device(other).bytes(),
                last_seq,
                last_hash: [0; 32],
                reason: "lost".to_owned(),
                revoked_ms: 0,
            }));
        }
    }

    fn founder() -> (DeviceId, PublicKey) {
        (device(1), key(1).public())
    }

    fn until(rulings: &[Ruling], n: u8) -> Option<Until> {
        Devices::of(founder().0, founder().1, rulings)
            .get(device(n))
            .and_then(|known| known.until)
    }

    /// What device 2, which has `have`, believes of a notice.
    fn hears(known: &[Ruling], notice: &[Chunk]) -> Option<Until> {
        let facts = proven(SHOP, founder(), known, notice);
        let rulings: Vec<Ruling> = known
            .iter()
            .copied()
            .chain(facts.iter().filter_map(Ruling::read))
            .collect();
        until(&rulings, 2)
    }

    /// The founder lets in 2, then 3 without 2 having heard of it; 3 lets in 4, which shuts out 2.
    fn story() -> (Writer, Writer, Writer) {
        let (mut one, mut three, mut four) = (Writer::new(1), Writer::new(3), Writer::new(4));
        one.admit(2);
        one.admit(3);
        three.admit(4);
        four.revoke(2, 7);
        (one, three, four)
    }

    fn notice(writers: &[&Writer], have: &Vector) -> Vec<Chunk> {
        let rulings: Vec<Ruling> = writers.iter().flat_map(|w| w.rulings.clone()).collect();
        let devices = Devices::of(founder().0, founder().1, &rulings);
        let places = rulings_to_show(device(2), &devices, &rulings, have);
        let chunks = writers.iter().flat_map(|w| &w.written);
        chunks
            .filter(|chunk| places.contains(&(chunk.device, chunk.after + 1)))
            .cloned()
            .collect()
    }

    #[test]
    fn a_device_believes_who_shut_it_out_though_it_never_heard_of_them() {
        let (one, three, four) = story();
        let have = Vector::from([(device(1), 1)]);
        let notice = notice(&[&one, &three, &four], &have);
        assert_eq!(notice.len(), 3, "who let in 3, who let in 4, and the word itself");
        let known = &one.rulings[..1];
        let until = hears(known, &notice).expect("it is out");
        assert_eq!(until.seq, 7, "what still counts");
        let mut turned = notice.clone();
        turned.reverse();
        assert_eq!(hears(known, &turned), Some(until), "in any order");
        for missing in 0..notice.len() {
            let mut cut = notice.clone();
            cut.remove(missing);
            assert_eq!(hears(known, &cut), None, "without a link nobody is believed");
        }
    }

    #[test]
    fn who_has_the_word_is_shown_nothing() {
        let (one, three, four) = story();
        let have = Vector::from([(device(1), 2), (device(3), 1), (device(4), 1)]);
        assert_eq!(notice(&[&one, &three, &four], &have), []);
        let most = Vector::from([(device(1), 2), (device(3), 1)]);
        assert_eq!(
            notice(&[&one, &three, &four], &most).len(),
            1,
            "only what it lacks"
        );
    }

    #[test]
    fn nobody_makes_up_a_notice() {
        let (one, three, four) = story();
        let known = &one.rulings[..1];
        let good = notice(&[&one, &three, &four], &Vector::from([(device(1), 1)]));
        // A stranger's word.
        let mut stranger = Writer::new(9);
        stranger.revoke(2, 0);
        assert_eq!(hears(known, &stranger.written), None);
        // A byte that was changed on the way.
        for n in 0..good.len() {
            let mut changed = good.clone();
            let bytes = &mut changed[n].transactions[0];
            let at = bytes.len() / 2;
            bytes[at] ^= 1;
            assert_eq!(hears(known, &changed), None, "link {n}");
        }
        // The word at another place of its series.
        let mut moved = good.clone();
        let last = moved.last_mut().expect("three");
        last.after += 1;
        assert_eq!(hears(known, &moved), None);
        // Another shop's.
        let mut other = good;
        other[0].shop = ShopId::from_bytes([7; 16]);
        assert_eq!(hears(known, &other), None);
    }

    #[test]
    fn who_was_shut_out_before_shuts_out_nobody() {
        let (mut one, three, mut four) = story();
        one.revoke(4, 0);
        four.revoke(2, 3);
        let have = Vector::from([(device(1), 1)]);
        assert_eq!(notice(&[&one, &three, &four], &have), [], "2 belongs to the shop");
        let mut known = one.rulings.clone();
        known.extend(&three.rulings);
        assert_eq!(hears(&known, &four.written), None);
    }
}
