//! Which backups at the hub stay. What nobody needs goes by its age; what only a former card opens goes for that reason
//! alone, and never by the word of one till.
//!
//! The key of a till that was stolen can make a card of its own the shop's, until the till is shut out from before that.
//! So what the former card opens stays for as long as it takes to notice.

use super::{Backup, State};
use crate::{
    Books,
    books::Shop,
    keep::{Hub, Refusal},
};
use domain::{backup::superfluous_by_age, ids::DeviceId, time::Moment};
use journal::admission::Card;
use std::collections::{BTreeMap, BTreeSet};

/// How long it is kept what a former card opens, and of a device that was shut out more than its newest.
const FORMER_MS: i64 = 30 * 86_400_000;

impl<B: Books> Hub<B> {
    /// Lets go of what nobody needs any more, and never of the one that just came.
    pub(super) async fn thin_backups(
        &self,
        shop: &Shop,
        fresh: Option<[u8; 16]>,
    ) -> std::result::Result<(), Refusal> {
        let mut whole = self.books.backups(shop.shop).await?;
        whole.retain(|backup| backup.state == State::Whole);
        let cards = self.cards(shop).await?;
        let former = self.former_cards(shop, &whole, &cards).await?;
        let devices = self.devices(shop).await?;
        let out = |device| devices.get(device).is_none_or(|known| known.until.is_some());
        for backup in superfluous_here(self.now(), &whole, &cards, &former, out) {
            if Some(backup.id) != fresh {
                self.drop_backup(shop.shop, backup).await?;
            }
        }
        Ok(())
    }

    /// Since when cards with backups here do not hold any more. One that holds again was never former.
    async fn former_cards(
        &self,
        shop: &Shop,
        whole: &[Backup],
        cards: &BTreeMap<[u8; 32], Card>,
    ) -> std::result::Result<BTreeMap<[u8; 32], Moment>, Refusal> {
        let mut former: BTreeMap<_, _> = self.books.former_cards(shop.shop).await?.into_iter().collect();
        let now: BTreeSet<[u8; 32]> = whole
            .iter()
            .map(|backup| backup.about().card)
            .filter(|card| cards.get(card) != Some(&Card::Holds))
            .collect();
        for card in former.keys().copied().filter(|card| !now.contains(card)) {
            self.books.forget_former_card(shop.shop, &card).await?;
        }
        former.retain(|card, _| now.contains(card));
        for card in now {
            if let std::collections::btree_map::Entry::Vacant(fresh) = former.entry(card) {
                self.books.note_former_card(shop.shop, &card, self.now()).await?;
                fresh.insert(self.now());
            }
        }
        Ok(former)
    }
}

/// Of each device's backups for each card those that are too many for their age, and of a device that was shut out what
/// is older than a month, but for its newest; and what only a former card opens, a month after that was seen. Sooner
/// where the owner replaced the card and the device has one for the new card here.
fn superfluous_here<'a>(
    now: Moment,
    whole: &'a [Backup],
    cards: &BTreeMap<[u8; 32], Card>,
    former: &BTreeMap<[u8; 32], Moment>,
    out: impl Fn(DeviceId) -> bool,
) -> Vec<&'a Backup> {
    let mut groups: BTreeMap<(DeviceId, [u8; 32]), Vec<&Backup>> = BTreeMap::new();
    for backup in whole {
        let group = (backup.about().device(), backup.about().card);
        groups.entry(group).or_default().push(backup);
    }
    let holds = |card: &[u8; 32]| cards.get(card) == Some(&Card::Holds);
    let goes_on = |device: DeviceId| groups.keys().any(|(of, card)| *of == device && holds(card));
    let mut going = vec![];
    for ((device, card), group) in &groups {
        let long_former = former
            .get(card)
            .is_some_and(|since| now.ms_since(*since) > FORMER_MS);
        if long_former || (cards.get(card) == Some(&Card::Over) && goes_on(*device)) {
            going.extend(group);
            continue;
        }
        let mut group = group.clone();
        group.sort_by_key(|backup| std::cmp::Reverse((backup.made(), backup.about().made_ms)));
        let made: Vec<Moment> = group.iter().map(|backup| backup.made()).collect();
        let mut gone: BTreeSet<usize> = superfluous_by_age(now, &made).into_iter().collect();
        if out(*device) {
            gone.extend((1..made.len()).filter(|at| now.ms_since(made[*at]) > FORMER_MS));
        }
        going.extend(gone.into_iter().map(|at| group[at]));
    }
    going
}
