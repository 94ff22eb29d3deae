//! Facts to and from a peer. Selling never waits for it.
//!
//! A round pulls what is missing here, pushes what is missing there, and asks for customers' keys that are wanted. It
//! may stop anywhere and be done again: what arrived twice is taken once. A series that one side refuses for good is
//! left out and does not hold up the others.

use crate::peer::{Peer, Unreachable};
use app::{
    AppError, Shop,
    matters::ToldMatters,
    sync_status::{Fetches, PeerName, PeerReport},
};
use domain::ids::DeviceId;
use journal::{
    Vector, Why,
    exchange::{Pull, Pulled, Push, missing},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

/// How much goes in one message, at most and at least.
const BATCH_BYTES: usize = 1 << 20;
const SMALL_BATCH_BYTES: usize = 16 << 10;
/// The most messages of one round; what is left comes with the next.
const BATCHES: usize = 200;
/// How many customers' keys are asked for at once.
const KEYS: usize = 200;
/// How long a hub is asked to wait for news.
pub(crate) const LISTEN: Duration = Duration::from_secs(20);
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
    peer: Arc<P>,
    known: Mutex<Known>,
    /// What the shop calls the peer, when it is to know how they stand.
    name: Option<PeerName>,
}

/// What is known of the peer.
#[derive(Default)]
struct Known {
    /// How far it has each series.
    heads: Vector,
    /// Series that are not exchanged, because one side refused them for good.
    given_up: BTreeMap<DeviceId, Why>,
    rounds: u64,
    /// What a message to it and from it may hold. A message that did not arrive in time is followed by a smaller one, or
    /// a slow line would carry the same big one for ever.
    gives: Batch,
    takes: Batch,
    /// What it was told of what needs attention.
    matters: ToldMatters,
}

/// How many bytes of facts the next message in one direction may hold: fast back to half of what last was too much, and
/// from there in small steps, so that a slow line is seldom asked for too much again.
#[derive(Clone, Copy)]
struct Batch {
    bytes: usize,
    doubles_until: usize,
}

impl Default for Batch {
    fn default() -> Batch {
        Batch {
            bytes: BATCH_BYTES,
            doubles_until: BATCH_BYTES,
        }
    }
}

impl Batch {
    fn after<T>(&mut self, outcome: &Result<T, Unreachable>) {
        if outcome.is_err() {
            self.doubles_until = self.bytes / 2;
            self.bytes /= 4;
        } else if self.bytes < self.doubles_until {
            self.bytes *= 2;
        } else {
            self.bytes += SMALL_BATCH_BYTES;
        }
        self.bytes = self.bytes.clamp(SMALL_BATCH_BYTES, BATCH_BYTES);
    }
}

impl<P: Peer + 'static> Replicator<P> {
    pub fn new(shop: &Arc<Shop>, peer: P) -> Replicator<P> {
        Replicator {
            shop: Arc::downgrade(shop),
            peer: Arc::new(peer),
            known: Mutex::default(),
            name: None,
        }
    }

    /// The same, and the shop is told what comes of each exchange.
    pub fn told(shop: &Arc<Shop>, peer: P, name: PeerName) -> Result<Replicator<P>, AppError> {
        let replicator = Replicator {
            name: Some(name),
            ..Replicator::new(shop, peer)
        };
        replicator.begin(shop)?;
        Ok(replicator)
    }

    fn begin(&self, shop: &Arc<Shop>) -> Result<(), AppError> {
        if let Some(name) = &self.name {
            shop.follow_peer(name)?;
            shop.fetch_from(&name.key, Arc::new(Again(self.peer.clone())));
        }
        Ok(())
    }

    /// Facts are exchanged with the peer again.
    pub(crate) fn follow(&self) -> Result<(), RoundError> {
        Ok(self.begin(&self.shop()?)?)
    }

    /// For now they come by somebody else.
    pub(crate) fn stand_by(&self) -> Result<(), RoundError> {
        let shop = self.shop()?;
        if let Some(name) = &self.name {
            shop.forget_peer(&name.key);
        }
        Ok(())
    }

    /// Tells the shop what came of an exchange.
    fn tell<T>(&self, outcome: &Result<T, RoundError>, taken: u64) {
        let (Some(name), Ok(shop)) = (&self.name, self.shop()) else {
            return;
        };
        let report = {
            let known = self.known();
            PeerReport {
                failure: match outcome {
                    Err(RoundError::Peer(why)) => Some(why.to_string()),
                    // What failed here says nothing about the peer.
                    Err(RoundError::Here(_) | RoundError::Closed) => return,
                    Ok(_) => None,
                },
                heads: known.heads.clone(),
                taken,
                given_up: known.given_up.clone(),
            }
        };
        if let Err(error) = shop.report_peer(&name.key, report) {
            tracing::warn!(%error, peer = name.key, "what became of a peer is not written down");
        }
    }

    fn shop(&self) -> Result<Arc<Shop>, RoundError> {
        self.shop.upgrade().ok_or(RoundError::Closed)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Series that one side refused for good.
    pub fn given_up(&self) -> BTreeMap<DeviceId, Why> {
        self.known().given_up.clone()
    }

    pub fn peer(&self) -> &P {
        &self.peer
    }

    /// Everything in both directions.
    pub fn round(&self) -> Result<Round, RoundError> {
        let mut round = Round::default();
        let outcome = self.exchange(&mut round);
        self.tell(&outcome, round.pulled);
        outcome.map(|()| round)
    }

    /// Takes what the peer has as soon as it has something.
    pub fn listen(&self, wait: Duration) -> Result<Round, RoundError> {
        let mut round = Round::default();
        let outcome = self.pull(&mut round, wait);
        self.tell(&outcome, round.pulled);
        outcome.map(|()| round)
    }

    fn exchange(&self, round: &mut Round) -> Result<(), RoundError> {
        {
            let mut known = self.known();
            known.rounds += 1;
            if known.rounds.is_multiple_of(FORGIVE) {
                known.given_up.clear();
            }
        }
        match self.pull(round, Duration::ZERO) {
            // Whoever does not know this device yet learns of it by what it brings.
            Err(RoundError::Peer(unreachable)) => {
                self.push(round).map_err(|_| RoundError::Peer(unreachable))?;
                self.pull(round, Duration::ZERO)?;
            }
            pulled => {
                pulled?;
                // Before the facts: who reads of a customer can open the name at once.
                self.give_keys()?;
                self.push(round)?;
            }
        }
        self.keys(round)?;
        self.tell_matters()
    }

    /// Takes what the peer has and this device lacks; waits for it as long as that when there is nothing.
    pub fn pull(&self, round: &mut Round, wait: Duration) -> Result<(), RoundError> {
        let mut wait = wait;
        for _ in 0..BATCHES {
            let mut have = self.shop()?.vector()?;
            for device in self.known().given_up.keys() {
                have.insert(*device, u64::MAX);
            }
            let most = self.known().takes.bytes;
            let pulled = self.peer.pull(&Pull {
                have,
                max_bytes: u32::try_from(most).unwrap_or(u32::MAX),
                wait_ms: u32::try_from(wait.as_millis()).unwrap_or(u32::MAX),
            });
            self.known().takes.after(&pulled);
            let pulled = pulled?;
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
            let most = self.known().gives.bytes;
            let (series, more) = shop.chunks_for(&theirs, most)?;
            drop(shop);
            if series.is_empty() {
                break;
            }
            let push = Push { series };
            let pushed = self.peer.push(&push);
            self.known().gives.after(&pushed);
            let pushed = pushed?;
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

    /// Gives the keys of customers to a peer that keeps them.
    fn give_keys(&self) -> Result<(), RoundError> {
        let Some(place) = self.peer.keeps_keys() else {
            return Ok(());
        };
        for _ in 0..BATCHES {
            let (keys, erased) = self.shop()?.keys_for_hub(place)?;
            if keys.is_empty() && erased.is_empty() {
                break;
            }
            self.peer.give_keys(&keys, &erased)?;
            self.shop()?.keys_at_hub(&keys, &erased)?;
        }
        Ok(())
    }

    /// Tells a hub what needs attention here. One that does not want to hear it still exchanges facts.
    fn tell_matters(&self) -> Result<(), RoundError> {
        if !self.peer.hears_matters() {
            return Ok(());
        }
        let mut told = self.known().matters;
        let news = self.shop()?.matters_to_tell(&mut told)?;
        if let Some(matters) = news {
            match self.peer.tell_matters(&matters) {
                Ok(()) => self.shop()?.matters_told(&mut told, &matters),
                Err(error) => tracing::debug!(%error, "what needs attention is told later"),
            }
        }
        self.known().matters = told;
        Ok(())
    }

    /// Asks for the keys of customers whose names stay closed here.
    pub fn keys(&self, round: &mut Round) -> Result<(), RoundError> {
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

/// Asks the peer for something that came from it before.
struct Again<P>(Arc<P>);

impl<P: Peer> Fetches for Again<P> {
    fn fetch(&self, pull: &Pull) -> Result<Pulled, String> {
        self.0.pull(pull).map_err(|why| why.to_string())
    }
}

/// Wakes the threads of an exchange.
#[derive(Default)]
struct Bell {
    rung: Mutex<Rung>,
    heard: Condvar,
}

#[derive(Default)]
struct Rung {
    news: bool,
    over: bool,
}

impl Bell {
    fn rung(&self) -> MutexGuard<'_, Rung> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        self.rung().news = true;
        self.heard.notify_all();
    }

    fn end(&self) {
        self.rung().over = true;
        self.heard.notify_all();
    }

    fn is_over(&self) -> bool {
        self.rung().over
    }

    /// Until there is news, or for so long.
    fn wait(&self, most: Duration) {
        let (mut rung, _) = self
            .heard
            .wait_timeout_while(self.rung(), most, |rung| !rung.news && !rung.over)
            .unwrap_or_else(PoisonError::into_inner);
        rung.news = false;
    }

    /// For so long, whatever happens here.
    fn sleep(&self, most: Duration) {
        drop(
            self.heard
                .wait_timeout_while(self.rung(), most, |rung| !rung.over)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}

/// An exchange that goes on by itself until this is dropped: one thread gives what happened here, one listens for what
/// others did.
pub struct Following {
    bell: Arc<Bell>,
}

impl Following {
    /// `heard` is called after every exchange, however it ended.
    pub fn begin<P: Peer + 'static>(
        shop: &Arc<Shop>,
        peer: P,
        name: PeerName,
        heard: impl Fn(&P) + Send + Sync + 'static,
    ) -> std::io::Result<Following> {
        let following = Following { bell: Arc::default() };
        let replicator = Arc::new(Replicator::told(shop, peer, name).map_err(std::io::Error::other)?);
        let spread = shop.identity().device.bytes()[15];
        let heard = Arc::new(heard);

        let (gives, bell, hears) = (replicator.clone(), following.bell.clone(), heard.clone());
        thread::Builder::new()
            .name("sync-give".to_owned())
            .spawn(move || {
                let mut pause = Pause::new(spread);
                while !bell.is_over() {
                    let outcome = gives.round();
                    if matches!(outcome, Err(RoundError::Closed)) || bell.is_over() {
                        return;
                    }
                    hears(gives.peer());
                    match outcome {
                        Ok(_) => {
                            pause.reset();
                            bell.wait(AGAIN);
                        }
                        Err(error) => {
                            tracing::debug!(%error, "facts wait");
                            bell.sleep(pause.next());
                        }
                    }
                }
            })?;

        let bell = following.bell.clone();
        thread::Builder::new()
            .name("sync-take".to_owned())
            .spawn(move || {
                let mut pause = Pause::new(spread.wrapping_add(97));
                while !bell.is_over() {
                    let outcome = replicator.listen(LISTEN);
                    if matches!(outcome, Err(RoundError::Closed)) || bell.is_over() {
                        return;
                    }
                    heard(replicator.peer());
                    match outcome {
                        Ok(_) => pause.reset(),
                        Err(_) => bell.sleep(pause.next()),
                    }
                }
            })?;
        Ok(following)
    }

    /// Something happened here: it is given at once.
    pub fn ring(&self) {
        self.bell.ring();
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.bell.end();
    }
}

/// Longer after each failure, and not the same for every device, so that a hub that comes back is not run over.
pub(crate) struct Pause {
    failures: u32,
    spread: u8,
    longest: Duration,
}

impl Pause {
    fn new(spread: u8) -> Pause {
        Pause::up_to(LONGEST_PAUSE, spread)
    }

    pub(crate) fn up_to(longest: Duration, spread: u8) -> Pause {
        Pause {
            failures: 0,
            spread,
            longest,
        }
    }

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    pub(crate) fn next(&mut self) -> Duration {
        let base = PAUSE.saturating_mul(1 << self.failures.min(10)).min(self.longest);
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
