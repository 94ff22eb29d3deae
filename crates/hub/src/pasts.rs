//! Two pasts of a device that was shut out. A till that began again from an image of its disk signs two series under the
//! same numbers, and which of them reached the hub first is chance. Who shuts it out names the last fact that counts by
//! number and hash. Where that fact is not here, nothing from the place on at which the device is known to have shown two
//! histories is given or counted, and where the fact under its number is another one, nothing of which it is not known
//! to be right; and a push that leads to it takes the place of what is here.

use crate::{
    Books,
    books::{Fork, Growth, Part, Replaced, Result, Shop, Unavailable},
    keep::{Hub, MOST_PULLED},
    segments::State,
};
use domain::ids::{DeviceId, ShopId};
use journal::{Place, Stamp, Transaction, Vector, admission::Until};

/// Where a push tells another history than the books.
pub(crate) struct Parting {
    /// The last place at which it is the same, or the one after which the push begins, if it is another there already.
    pub from: Place,
    pub same: bool,
    /// What the device signed instead.
    pub theirs: Fork,
}

/// What a push that tells another history is good for.
pub(crate) enum Weighed {
    /// It is the past that was named, or nearer to it.
    Named,
    /// The past that was named is another one here already, after this number.
    Earlier(u64),
    Strays,
}

impl<B: Books> Hub<B> {
    /// How far each series of a shop goes that counts.
    pub(crate) async fn what_counts(&self, shop: &Shop) -> Result<Vector> {
        let devices = self.devices(shop).await?;
        let mut counted = self.books.heads(shop.shop).await?;
        let mut forks = None;
        for (device, seq) in &mut counted {
            let (head, until) = (*seq, devices.get(*device).and_then(|known| known.until));
            *seq = devices.counts(*device, head);
            let Some(until) = until else {
                continue;
            };
            if self.names_what_is_here(shop, *device, until, head).await? {
                continue;
            }
            let known: &Vec<Fork> = match &mut forks {
                Some(known) => known,
                none => none.insert(self.books.forks(shop.shop).await?),
            };
            *seq = match known.iter().find(|fork| fork.device == *device) {
                Some(fork) => (*seq).min(fork.seq.saturating_sub(1)),
                // Where the two part is not known before the other one comes.
                None if head >= until.seq => 0,
                None => *seq,
            };
        }
        Ok(counted)
    }

    /// Whether the last fact of a device that counts is here. Which one it is may change with what is said of devices,
    /// and so may what is here.
    pub(crate) async fn names_what_is_here(
        &self,
        shop: &Shop,
        device: DeviceId,
        until: Until,
        head: u64,
    ) -> Result<bool> {
        if until.seq == 0 {
            return Ok(true);
        }
        if head < until.seq {
            return Ok(false);
        }
        if self.remembers_named(shop, device) {
            return Ok(true);
        }
        let here = match self.hash_at(shop.shop, device, until.seq).await {
            Ok(Some(hash)) => Ok(hash == until.hash),
            Ok(None) => self.is_inside(shop.shop, device, until, head).await,
            Err(error) => Err(error),
        };
        match here {
            Ok(true) => {
                self.remember_named(shop, device);
                Ok(true)
            }
            Ok(false) => Ok(false),
            // A file that cannot be read speaks for nobody, and holds up no other series.
            Err(error) => {
                tracing::warn!(%error, %device, "which past of a device is here cannot be seen");
                Ok(true)
            }
        }
    }

    /// Whether that fact is one of a transaction that goes on after it.
    async fn is_inside(&self, shop: ShopId, device: DeviceId, until: Until, head: u64) -> Result<bool> {
        let parts = self.parts(shop, device, until.seq - 1, head, 1).await?;
        let Some(part) = parts.first() else {
            return Ok(false);
        };
        let hash = match part.after {
            0 => [0; 32],
            after => self.hash_at(shop, device, after).await?.unwrap_or_default(),
        };
        let at = Place {
            seq: part.after,
            hash,
            stamp: Stamp(0),
        };
        let read = Transaction::decode(&part.bytes, shop, device, &at);
        Ok(read.is_ok_and(|read| leads_to(&[read], until) == Some(true)))
    }

    /// Weighs a push of a device of which the last fact that counts is not here.
    pub(crate) async fn weigh(
        &self,
        shop: ShopId,
        parting: &Parting,
        read: &[Transaction],
        until: Until,
        head: u64,
    ) -> Result<Weighed> {
        match leads_to(read, until) {
            Some(false) => return Ok(Weighed::Strays),
            // What is here is wrong already, so what comes instead may well be the way to the named one.
            None if read.is_empty() || head < until.seq => return Ok(Weighed::Strays),
            Some(true) | None => {}
        }
        if parting.same {
            return Ok(Weighed::Named);
        }
        // Where the two part is before that: three times as far back each time.
        let (device, after) = (parting.theirs.device, parting.from.seq);
        let wanted = after.saturating_sub(2 * (head + 1).saturating_sub(after).max(1));
        if wanted == 0 {
            return Ok(Weighed::Earlier(0));
        }
        let parts = self.parts(shop, device, wanted - 1, head, 1).await?;
        let earlier = parts.first().map_or(0, |part| match part.upto == wanted {
            true => wanted,
            false => part.after,
        });
        Ok(Weighed::Earlier(earlier))
    }

    /// What is put in the place of what is here after `base`; its head is kept as the proof of two histories.
    pub(crate) async fn replaced(&self, shop: ShopId, base: Place, mut growth: Growth) -> Result<Replaced> {
        let (device, head) = (growth.device, growth.from);
        let last = self.parts(shop, device, head.seq - 1, head.seq, 1).await?;
        let broken = |at: u64| Unavailable(format!("the series of {device} is broken at {at}"));
        let last = last.last().ok_or_else(|| broken(head.seq))?;
        let old = Transaction::decode(&last.bytes, shop, device, &Place::default())
            .map_err(|_| broken(head.seq))?;
        let mut sealed = self.books.segments(shop).await?;
        sealed.retain(|s| s.device == device && s.state == State::Sealed && s.upto > base.seq);
        // What is good of a sealed run goes back into the books.
        let mut parts: Vec<Part> = vec![];
        let mut after = sealed.iter().map(|s| s.after).min().unwrap_or(base.seq);
        while after < base.seq {
            let some = self.parts(shop, device, after, base.seq, MOST_PULLED).await?;
            after = some.last().ok_or_else(|| broken(after))?.upto;
            parts.extend(some);
        }
        parts.append(&mut growth.parts);
        growth.parts = parts;
        Ok(Replaced {
            growth,
            base: base.seq,
            sealed: sealed.iter().map(|s| s.upto).collect(),
            fork: Fork {
                device,
                seq: base.seq + 1,
                upto: Some(head.seq),
                hash: head.hash,
                signature: old.head.signature,
            },
        })
    }
}

/// Whether a run has the last fact that counts, or another one under its number; nothing when it has neither.
fn leads_to(read: &[Transaction], until: Until) -> Option<bool> {
    let mut facts = read.iter().flat_map(|transaction| &transaction.facts);
    let there = facts.find(|fact| fact.header.seq == until.seq)?;
    Some(there.hash == until.hash)
}
