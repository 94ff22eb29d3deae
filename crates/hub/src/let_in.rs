//! The keys of a device that nobody here knows yet, out of the very facts that it brings.
//!
//! Who brings them may be anybody, so all of it costs no more than reading them once. Who was shut out by these facts
//! is not asked: that is for whoever takes them in, and shows in what counts of them. Here a device has a key if one
//! that belongs says so, or one that such a one let in, and so on.

use crate::keep::rulings_in;
use domain::ids::{DeviceId, ShopId};
use journal::{
    Chunk, Place, PublicKey,
    admission::{self, Devices, Ruling, Says},
    exchange::Push,
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

/// So many devices that are not known here are followed, one letting in the other. No shop has as many, and who brings
/// more of them made them up.
const MOST_FOLLOWED: usize = 1_000;
/// So many keys of one device: nobody who belongs has said two.
const MOST_KEYS: usize = 4;
/// So many devices that let themselves in with a card are looked at besides the one that asks.
const MOST_RESTORED: usize = 64;

/// What the books know of a shop, and what is brought to it.
pub(crate) struct Brought {
    pub shop: ShopId,
    pub places: BTreeMap<DeviceId, Place>,
    pub devices: Arc<Devices>,
    pub rulings: Vec<Ruling>,
    pub push: Arc<Push>,
}

impl Brought {
    /// The keys that those who belong say a device has: one, unless somebody lies.
    pub fn keys_of(&self, sender: DeviceId) -> Vec<PublicKey> {
        let mut series: BTreeMap<DeviceId, Vec<&Chunk>> = BTreeMap::new();
        for chunk in &self.push.series {
            if chunk.shop == self.shop && chunk.after == self.place(chunk.device).seq {
                series.entry(chunk.device).or_default().push(chunk);
            }
        }
        let restored = self.restored(sender, &series);
        let mut followed = Followed::default();
        let mut cards: BTreeSet<[u8; 32]> = self
            .rulings
            .iter()
            .filter(|ruling| {
                self.devices.get(ruling.by).is_some()
                    && self.devices.counts(ruling.by, ruling.seq) == ruling.seq
            })
            .filter_map(card)
            .collect();
        for device in series.keys() {
            if let Some(known) = self.devices.get(*device) {
                followed.waiting.push_back((*device, known.key));
            }
        }
        loop {
            for (ruling, key, recovery) in &restored {
                if cards.contains(recovery) {
                    followed.believe(sender, ruling.device, *key);
                }
            }
            let Some((device, key)) = followed.waiting.pop_front() else {
                return followed.keys.remove(&sender).unwrap_or_default();
            };
            let place = self.place(device);
            for chunk in series.get(&device).into_iter().flatten() {
                let (read, _) = chunk.read(&key, place);
                for ruling in read.iter().flat_map(rulings_in) {
                    // What the books know to be over counts for nothing; of a stranger they know no end.
                    if self.devices.get(device).is_some()
                        && self.devices.counts(device, ruling.seq) != ruling.seq
                    {
                        continue;
                    }
                    cards.extend(card(&ruling));
                    if let Says::Admitted { key, .. } = ruling.says
                        && self.devices.get(ruling.device).is_none()
                    {
                        followed.believe(sender, ruling.device, key);
                    }
                }
            }
        }
    }

    fn place(&self, device: DeviceId) -> Place {
        self.places.get(&device).copied().unwrap_or_default()
    }

    /// The devices that let themselves in, by their keys and the recovery keys that they name.
    fn restored(
        &self,
        sender: DeviceId,
        series: &BTreeMap<DeviceId, Vec<&Chunk>>,
    ) -> Vec<(Ruling, PublicKey, [u8; 32])> {
        let own = series.get(&sender).into_iter().flatten().take(1);
        let others = series
            .iter()
            .filter(|(device, _)| **device != sender && self.devices.get(**device).is_none())
            .filter_map(|(_, chunks)| chunks.first());
        let looked_at = own.chain(others).take(MOST_RESTORED + 1);
        let restored = looked_at.filter_map(|chunk| admission::restored(chunk));
        restored
            .filter_map(|ruling| match ruling.says {
                Says::Restored { key, recovery, .. } => Some((ruling, key, recovery)),
                _ => None,
            })
            .collect()
    }
}

/// Those whose word counts, and whose facts are still to be read.
#[derive(Default)]
struct Followed {
    keys: BTreeMap<DeviceId, Vec<PublicKey>>,
    waiting: VecDeque<(DeviceId, PublicKey)>,
}

impl Followed {
    fn believe(&mut self, sender: DeviceId, device: DeviceId, key: PublicKey) {
        if self.keys.len() >= MOST_FOLLOWED && device != sender && !self.keys.contains_key(&device) {
            return;
        }
        let keys = self.keys.entry(device).or_default();
        if keys.len() < MOST_KEYS && !keys.contains(&key) {
            keys.push(key);
            self.waiting.push_back((device, key));
        }
    }
}

fn card(ruling: &Ruling) -> Option<[u8; 32]> {
    match ruling.says {
        Says::Recovers { key, .. } => Some(key.bytes()),
        _ => None,
    }
}
