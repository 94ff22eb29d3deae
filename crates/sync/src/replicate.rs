//! Facts to and from a peer, for as long as the shop is open. Selling never waits for it.
//!
//! A round pulls what is missing here, pushes what is missing there, and asks for customers' keys that are wanted. It
//! may stop anywhere and be done again: what arrived twice is taken once. A series that one side refuses for good is
//! left out and does not hold up the others.

use crate::peer::{Hub, Peer, Unreachable};
use app::{AppError, Shop};
use domain::ids::DeviceId;
use journal::{
    Vector, Why,
    exchange::{Pull, Push, missing},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, PoisonError, Weak},
    thread,
    time::Duration,
};
use tokio::sync::broadcast::error::RecvError;

/// How much goes in one message.
const BATCH_BYTES: usize = 1 << 20;
/// The most messages of one round; what is left comes with the next.
const BATCHES: usize = 200;
/// How many customers' keys are asked for at once.
const KEYS: usize = 200;
/// How long a hub is asked to wait for news.
const LISTEN: Duration = Duration::from_secs(20);
/// How long between two rounds when nothing happens here.
const AGAIN: Duration = Duration::from_secs(15);
/// The first pause after a failure, and the longest.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// After so many rounds what was refused for good is tried once more: somebody may have mended it.
const FORGIVE: u64 = 200;

/// What a round did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Round {
    pub pulled: u64,
    pub pushed_bytes: usize,
    pub keys: usize,
    /// What the peer refused of ours, and we of its.
    pub refused: Vec<(DeviceId, Why)>,
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    #[error("no peer: {0}")]
    Peer(#[from] Unreachable),
    #[error(transparent)]
    Here(#[from] AppError),
    #[error("the shop is closed")]
    Closed,
}

/// Exchanges facts with one peer.
pub struct Replicator<P> {
    shop: Weak<Shop>,
    peer: P,
    known: Mutex<Known>,
}

/// What is known of the peer.
#[derive(Default)]
struct Known {
    /// How far it has each series.
    heads: Vector,
    /// Series that are not exchanged, because one side refused them for good.
    given_up: BTreeMap<DeviceId, Why>,
    rounds: u64,
}

impl<P: Peer> Replicator<P> {
    pub fn new(shop: &Arc<Shop>, peer: P) -> Replicator<P> {
        Replicator {
            shop: Arc::downgrade(shop),
            peer,
            known: Mutex::default(),
        }
    }

    fn shop(&self) -> Result<Arc<Shop>, RoundError> {
        self.shop.upgrade().ok_or(RoundError::Closed)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Series that one side refused for good.
    pub fn given_up(&self) -> BTreeMap<DeviceId, Why> {
        self.known().given_up.clone()
    }

    /// Everything in both directions.
    pub fn round(&self) -> Result<Round, RoundError> {
        {
            let mut known = self.known();
            known.rounds += 1;
            if known.rounds.is_multiple_of(FORGIVE) {
                known.given_up.clear();
            }
        }
        let mut round = Round::default();
        self.pull(&mut round, Duration::ZERO)?;
        self.push(&mut round)?;
        self.keys(&mut round)?;
        Ok(round)
    }

    /// Takes what the peer has and this device lacks; waits for it as long as that when there is nothing.
    pub fn pull(&self, round: &mut Round, wait: Duration) -> Result<(), RoundError> {
        let mut wait = wait;
        for _ in 0..BATCHES {
            let mut have = self.shop()?.vector()?;
            for device in self.known().given_up.keys() {
                have.insert(*device, u64::MAX);
            }
            let pulled = self.peer.pull(&Pull {
                have,
                max_bytes: u32::try_from(BATCH_BYTES).unwrap_or(u32::MAX),
                wait_ms: u32::try_from(wait.as_millis()).unwrap_or(u32::MAX),
            })?;
            wait = Duration::ZERO;
            let taken = self.shop()?.take_in(&pulled.chunks)?;
            round.pulled += taken.facts;
            for (device, done) in &taken.series {
                if let Some(why) = done.refused {
                    self.refused(round, *device, why);
                }
            }
            self.known().heads = pulled.heads;
            if !pulled.more || taken.facts == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Gives what this device has and the peer lacks.
    pub fn push(&self, round: &mut Round) -> Result<(), RoundError> {
        for _ in 0..BATCHES {
            let shop = self.shop()?;
            let mut theirs = self.known().heads.clone();
            let given_up: Vec<DeviceId> = self.known().given_up.keys().copied().collect();
            for device in given_up {
                theirs.insert(device, u64::MAX);
            }
            let (series, more) = shop.chunks_for(&theirs, BATCH_BYTES)?;
            drop(shop);
            if series.is_empty() {
                break;
            }
            let push = Push { series };
            let pushed = self.peer.push(&push)?;
            round.pushed_bytes += push
                .series
                .iter()
                .flat_map(|chunk| &chunk.transactions)
                .map(Vec::len)
                .sum::<usize>();
            let moved = !missing(&self.known().heads, &pushed.heads).is_empty();
            self.known().heads.extend(pushed.heads);
            for (device, why) in pushed.refused {
                self.refused(round, device, why);
            }
            if !more || !moved {
                break;
            }
        }
        Ok(())
    }

    /// Asks for the keys of customers whose names stay closed here.
    fn keys(&self, round: &mut Round) -> Result<(), RoundError> {
        let shop = self.shop()?;
        let wanted = shop.customers_to_open(KEYS)?;
        if !wanted.is_empty() {
            let keys = self.peer.keys(&wanted)?;
            round.keys += shop.take_in_keys(&keys)?;
        }
        Ok(())
    }

    fn refused(&self, round: &mut Round, device: DeviceId, why: Why) {
        round.refused.push((device, why));
        if why.passes() {
            return;
        }
        if self.known().given_up.insert(device, why) != Some(why) {
            tracing::warn!(%device, ?why, "a series is not exchanged any more");
        }
    }
}

/// Wakes the thread that gives.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    heard: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.heard.notify_one();
    }

    fn wait(&self, most: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut rung, _) = self
            .heard
            .wait_timeout_while(rung, most, |rung| !*rung)
            .unwrap_or_else(PoisonError::into_inner);
        *rung = false;
    }
}

/// Keeps this shop and the hub at `address` (like `http://127.0.0.1:8660`) alike for as long as the shop is open: one
/// thread listens for what others did, one tells what happened here.
pub fn follow(shop: &Arc<Shop>, address: &str) -> std::io::Result<()> {
    let replicator = Arc::new(Replicator::new(shop, Hub::at(shop, address, LISTEN)));
    let bell = Arc::new(Bell::default());
    let mut news = shop.subscribe();
    let spread = shop.identity().device.bytes()[15];

    let rings = bell.clone();
    thread::Builder::new()
        .name("sync-news".to_owned())
        .spawn(move || {
            // A gap in the news is news too.
            while !matches!(news.blocking_recv(), Err(RecvError::Closed)) {
                rings.ring();
            }
        })?;

    let gives = replicator.clone();
    thread::Builder::new()
        .name("sync-give".to_owned())
        .spawn(move || {
            let mut pause = Pause::new(spread);
            loop {
                match gives.round() {
                    Ok(_) => {
                        pause.reset();
                        bell.wait(AGAIN);
                    }
                    Err(RoundError::Closed) => return,
                    Err(error) => {
                        tracing::debug!(%error, "facts wait");
                        thread::sleep(pause.next());
                    }
                }
            }
        })?;

    thread::Builder::new()
        .name("sync-take".to_owned())
        .spawn(move || {
            let mut pause = Pause::new(spread.wrapping_add(97));
            loop {
                match replicator.pull(&mut Round::default(), LISTEN) {
                    Ok(()) => pause.reset(),
                    Err(RoundError::Closed) => return,
                    Err(_) => thread::sleep(pause.next()),
                }
            }
        })?;
    Ok(())
}

/// Longer after each failure, and not the same for every device, so that a hub that comes back is not run over.
struct Pause {
    failures: u32,
    spread: u8,
}

impl Pause {
    fn new(spread: u8) -> Pause {
        Pause { failures: 0, spread }
    }

    fn reset(&mut self) {
        self.failures = 0;
    }

    fn next(&mut self) -> Duration {
        let base = PAUSE
            .saturating_mul(1 << self.failures.min(10))
            .min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.spread = self.spread.wrapping_mul(181).wrapping_add(59);
        // Between half and the whole of it.
        base / 2 + base / 2 * u32::from(self.spread) / 255
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        let mut pause = Pause::new(7);
        let pauses: Vec<Duration> = (0..20).map(|_| pause.next()).collect();
        assert!(pauses[0] <= PAUSE, "the first is short");
        assert!(pauses.iter().all(|p| *p <= LONGEST_PAUSE));
        assert!(pauses[15..].iter().all(|p| *p >= LONGEST_PAUSE / 2));
        pause.reset();
        assert!(pause.next() <= PAUSE);
    }
}
