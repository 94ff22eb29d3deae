//! Memory for what comes in and what goes out: lent to requests in pieces, so that all of them together hold no more
//! than there is.

use domain::ids::{DeviceId, ShopId};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Small, because thousands of devices wait for news at once and each holds one.
const PIECE: usize = 4 << 10;

pub(crate) struct Room {
    free: Arc<Semaphore>,
    pieces: u32,
}

/// What a request holds of a room, for as long as this lives.
#[derive(Default)]
pub(crate) struct Lent(Option<OwnedSemaphorePermit>);

fn pieces(bytes: usize) -> u32 {
    u32::try_from(bytes / PIECE + 1).unwrap_or(u32::MAX)
}

impl Room {
    pub fn of(bytes: usize) -> Room {
        let pieces = pieces(bytes).min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Room {
            free: Arc::new(Semaphore::new(usize::try_from(pieces).unwrap_or(usize::MAX))),
            pieces,
        }
    }

    /// Waits until there is so much.
    pub async fn lend(&self, bytes: usize) -> Lent {
        let wanted = pieces(bytes).min(self.pieces);
        // Nobody closes it.
        Lent(self.free.clone().acquire_many_owned(wanted).await.ok())
    }

    /// Lends more, up to so much altogether, if it is there now.
    pub fn more(&self, lent: &mut Lent, bytes: usize) -> bool {
        let wanted = pieces(bytes).min(self.pieces);
        let has = lent.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let lacks = wanted.saturating_sub(u32::try_from(has).unwrap_or(u32::MAX));
        if lacks == 0 {
            return true;
        }
        let Ok(more) = self.free.clone().try_acquire_many_owned(lacks) else {
            return false;
        };
        match &mut lent.0 {
            Some(lent) => lent.merge(more),
            none => *none = Some(more),
        }
        true
    }
}

impl Lent {
    /// Gives back what is beyond so much.
    pub fn keep(&mut self, bytes: usize) {
        if let Some(lent) = &mut self.0 {
            let over = lent
                .num_permits()
                .saturating_sub(usize::try_from(pieces(bytes)).unwrap_or(usize::MAX));
            drop(lent.split(over));
        }
    }
}

/// How much of one kind each device does at once.
#[derive(Default)]
pub(crate) struct AtOnce(Arc<Mutex<HashMap<(ShopId, DeviceId), usize>>>);

/// One of them, while this lives.
pub(crate) struct Doing {
    all: Arc<Mutex<HashMap<(ShopId, DeviceId), usize>>>,
    who: (ShopId, DeviceId),
}

impl AtOnce {
    /// None while the device does so many already.
    pub fn begin(&self, shop: ShopId, device: DeviceId, most: usize) -> Option<Doing> {
        let who = (shop, device);
        let mut doing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = doing.entry(who).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Doing {
            all: self.0.clone(),
            who,
        })
    }
}

impl Drop for Doing {
    fn drop(&mut self) {
        let mut doing = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = doing.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                doing.remove(&self.who);
            }
        }
    }
}
