//! How this device stands with the others: whom it exchanges facts with, what each of them has, what is still to send.
//!
//! Whoever exchanges facts says here what came of it. Being apart from the others is ordinary and stops nothing; this
//! only says so, in one quiet word for everybody and in rows for those who look after the shop.

use crate::{Actor, Result, Shop, bell::Bell, settings::Settings, wire::rfc3339};
use domain::{ids::DeviceId, people::Permission, time::Moment};
use journal::{
    Vector, Why,
    exchange::{Pull, Pulled},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};
use store::sync_status::SeriesRow;
use utoipa::ToSchema;
use uuid::Uuid;

/// Where this device remembers how far its peers were.
const REMEMBERED: &str = "sync_peers";
/// How many peers are remembered, those met last first.
const MOST_REMEMBERED: usize = 64;
/// How often what the peers have is written down while it changes.
const WRITE_EVERY_MS: i64 = 10_000;
/// What the counter is called that nobody gave a name.
const UNNAMED: &str = "Till 1";
/// Nobody counts further than this.
pub const MOST_COUNTED: u64 = 9_999;
/// The screens are told at most this often.
const TELL_EVERY: Duration = Duration::from_millis(500);
/// How often the teller looks whether the shop is still open.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Clocks that differ by more than this are worth a word.
pub const CLOCK_OFF_MS: i64 = 120_000;
/// What a clock said so long ago says nothing about it now.
const CLOCK_OLD_MS: i64 = 3_600_000;

/// What kind of peer facts are exchanged with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PeerKind {
    /// A hub that keeps the shop's facts, over the Internet.
    Hub,
    /// The device of the branch that the others follow.
    Leader,
    /// Another device of the shop.
    Neighbour,
}

/// Somebody whom facts are exchanged with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerName {
    /// What it is remembered by: it stays the same over restarts, and no other peer has it.
    pub key: String,
    pub kind: PeerKind,
    pub address: String,
    pub device: Option<DeviceId>,
}

/// Brings what a peer has once more.
pub trait Fetches: Send + Sync {
    fn fetch(&self, pull: &Pull) -> std::result::Result<Pulled, String>;
}

/// What came of an exchange.
#[derive(Debug, Clone, Default)]
pub struct PeerReport {
    /// Why there was no answer.
    pub failure: Option<String>,
    /// How far the peer has each series; those that it did not name stay as they were.
    pub heads: Vector,
    /// How many facts were taken from it.
    pub taken: u64,
    /// Series that one side refused for good. They hold up no other.
    pub given_up: BTreeMap<DeviceId, Why>,
}

/// All peers of this device, as far as this process knows them.
#[derive(Default)]
pub(crate) struct Links {
    state: Mutex<State>,
    pub(crate) stirred: Arc<Bell>,
}

#[derive(Default)]
struct State {
    /// Loaded once, when the first peer is followed.
    remembered: Option<Vec<Remembered>>,
    links: BTreeMap<String, Link>,
    /// When what the peers have was last written down, and whether there is more.
    written_ms: i64,
    unwritten: bool,
    telling: bool,
    /// By the device's id, or by the hub's address.
    clocks: BTreeMap<String, Clock>,
}

struct Clock {
    ahead_ms: i64,
    seen: Moment,
}

struct Link {
    name: PeerName,
    /// Nothing is known before the first try.
    reachable: Option<bool>,
    /// Since when it is so.
    since: Moment,
    failure: Option<String>,
    exchanged: Option<Moment>,
    heads: Vector,
    taken: u64,
    given_up: BTreeMap<DeviceId, Why>,
    fetches: Option<Arc<dyn Fetches>>,
}

/// A peer as it is kept over a restart.
#[derive(Serialize, Deserialize)]
struct Remembered {
    key: String,
    exchanged_ms: i64,
    heads: BTreeMap<Uuid, u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SyncView {
    /// alone: there is nobody to exchange facts with. together: everything is everywhere. catching_up: facts are on
    /// their way. offline: nobody answers. trouble: a series is refused for good.
    pub state: String,
    /// How many changes of the shop wait here for the others; 9999 are as many or more.
    pub to_send: u64,
    /// Since when nobody answers.
    pub offline_since: Option<String>,
    /// How far this device's clock is ahead of the others', when it is more than two minutes; negative when behind.
    pub clock_ahead_ms: Option<i64>,
    /// For those who look after the shop's devices.
    pub details: Option<SyncDetails>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SyncDetails {
    pub peers: Vec<SyncPeer>,
    pub devices: Vec<SyncDevice>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SyncPeer {
    pub key: String,
    pub kind: PeerKind,
    pub address: String,
    pub device: Option<Uuid>,
    /// What the counter of this device is called.
    pub name: Option<String>,
    /// Null before the first try.
    pub reachable: Option<bool>,
    /// Since when it answers, or does not.
    pub since: String,
    /// Why it did not answer, for whoever mends networks.
    pub failure: Option<String>,
    /// When facts were last exchanged with it.
    pub exchanged_at: Option<String>,
    pub to_send: u64,
    /// How many facts came from it since this device was started.
    pub taken: u64,
    pub given_up: Vec<SyncGivenUp>,
}

/// A series that is not exchanged with a peer any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SyncGivenUp {
    pub device: Uuid,
    pub name: Option<String>,
    /// forked, chain, signature, revoked, too_big, wrong_shop or other
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SyncDevice {
    pub device: Uuid,
    pub branch: Uuid,
    pub name: Option<String>,
    /// Whether it is the one that answers.
    pub this: bool,
    /// The number of its last fact that is here.
    pub seq: u64,
    /// When that was written, by its own clock.
    pub last_at: Option<String>,
    pub revoked: bool,
    /// How many of its facts are set aside here.
    pub set_aside: u64,
    /// How far its clock is ahead of this one's, when both talked lately.
    pub clock_ahead_ms: Option<i64>,
    /// How many of its changes each peer lacks.
    pub lacking: Vec<SyncLacking>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SyncLacking {
    pub peer: String,
    pub changes: u64,
}

impl Links {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shop {
    /// From now on facts are exchanged with this peer, whether or not it answers. What it was last known to have counts
    /// until it says something else.
    pub fn follow_peer(self: &Arc<Self>, name: &PeerName) -> Result<()> {
        let now = self.edges.now();
        let remembered = self.store.read(|r| r.local_value(REMEMBERED))?;
        let starts = {
            let mut state = self.links.lock();
            if state.remembered.is_none() {
                // What cannot be read is only a memory: the peer says it again.
                let read = remembered.and_then(|text| serde_json::from_str(&text).ok());
                state.remembered = Some(read.unwrap_or_default());
            }
            let known = state.remembered.iter().flatten().find(|one| one.key == name.key);
            let fresh = Link {
                name: name.clone(),
                reachable: None,
                since: now,
                failure: None,
                exchanged: known.map(|one| Moment(one.exchanged_ms)),
                heads: known.map(heads_of).unwrap_or_default(),
                taken: 0,
                given_up: BTreeMap::new(),
                fetches: None,
            };
            let link = state.links.entry(name.key.clone()).or_insert(fresh);
            link.name = name.clone();
            !std::mem::replace(&mut state.telling, true)
        };
        if starts {
            self.start_telling();
        }
        self.links.stirred.ring();
        Ok(())
    }

    /// By this what a peer has is brought once more, when something here cannot be read.
    pub fn fetch_from(&self, key: &str, by: Arc<dyn Fetches>) {
        if let Some(link) = self.links.lock().links.get_mut(key) {
            link.fetches = Some(by);
        }
    }

    /// The ways to the peers, those that answer first.
    pub(crate) fn fetchers(&self) -> Vec<Arc<dyn Fetches>> {
        let state = self.links.lock();
        let mut links: Vec<&Link> = state.links.values().collect();
        links.sort_by_key(|link| link.reachable != Some(true));
        links
            .into_iter()
            .filter_map(|link| link.fetches.clone())
            .collect()
    }

    /// This peer is followed no more.
    pub fn forget_peer(&self, key: &str) {
        self.links.lock().links.remove(key);
        self.links.stirred.ring();
    }

    /// What came of an exchange with a peer that is followed.
    pub fn report_peer(&self, key: &str, report: PeerReport) -> Result<()> {
        let now = self.edges.now();
        let (writes, hub_is_back) = {
            let mut state = self.links.lock();
            let Some(link) = state.links.get_mut(key) else {
                return Ok(());
            };
            let reachable = report.failure.is_none();
            let turned = link.reachable != Some(reachable);
            let hub_is_back = turned && reachable && link.name.kind == PeerKind::Hub;
            if turned {
                // Who did not answer at the start was away since the last time it did.
                link.since = match link.reachable {
                    None if !reachable => link.exchanged.unwrap_or(now),
                    _ => now,
                };
                link.reachable = Some(reachable);
            }
            if reachable {
                link.exchanged = Some(now);
            }
            link.failure = report.failure;
            link.taken += report.taken;
            link.given_up = report.given_up;
            let mut further = false;
            for (device, seq) in report.heads {
                let had = link.heads.insert(device, seq);
                further |= had != Some(seq);
            }
            state.unwritten |= further;
            let due = (now.0 - state.written_ms).abs() >= WRITE_EVERY_MS || (turned && !reachable);
            let writes = state.unwritten && due;
            if writes {
                state.written_ms = now.0;
                state.unwritten = false;
            }
            (writes.then(|| memory(&mut state)), hub_is_back)
        };
        self.links.stirred.ring();
        if hub_is_back {
            self.backups.due.hub_is_there();
        }
        if let Some(text) = writes {
            self.store
                .write(now, |tx| tx.set_local_value(REMEMBERED, &text))?;
        }
        Ok(())
    }

    /// What the clock of another device showed just now, as it signed it.
    pub fn saw_clock(&self, device: DeviceId, theirs: Moment) {
        self.saw_clock_of(&device.to_string(), theirs);
    }

    /// The time at which a hub says that it answered, as HTTP dates are written. What cannot be read says nothing.
    pub fn saw_date(&self, address: &str, date: &str) {
        if let Ok(theirs) = jiff::fmt::rfc2822::parse(date) {
            self.saw_clock_of(address, Moment(theirs.timestamp().as_millisecond()));
        }
    }

    fn saw_clock_of(&self, whose: &str, theirs: Moment) {
        let now = self.edges.now();
        let seen = Clock {
            ahead_ms: theirs.0.saturating_sub(now.0),
            seen: now,
        };
        let known = {
            let mut state = self.links.lock();
            let known = state.clocks.insert(whose.to_owned(), seen);
            known.map(|clock| clock.ahead_ms)
        };
        // Most answers say once more what is known.
        if known.is_none_or(|before| {
            (before.saturating_sub(theirs.0.saturating_sub(now.0))).abs() > CLOCK_OFF_MS / 2
        }) {
            self.links.stirred.ring();
        }
    }

    /// Devices whose clocks are far from this one's, and by how much each is ahead of it. When it is this one that is
    /// wrong, the others are not listed for it.
    pub(crate) fn clocks_off(&self) -> Vec<(DeviceId, i64)> {
        let now = self.edges.now();
        let state = self.links.lock();
        let fresh = || {
            let clocks = state.clocks.iter();
            clocks.filter_map(|(whose, clock)| Some((whose, clock.fresh(now)?)))
        };
        if let Some(ahead_ms) = ahead_of_most(fresh().map(|(_, ms)| ms).collect()) {
            return vec![(self.identity.device, ahead_ms)];
        }
        fresh()
            .filter(|(_, ms)| ms.abs() > CLOCK_OFF_MS)
            .filter_map(|(whose, ms)| Some((whose.parse().ok()?, ms)))
            .collect()
    }

    /// How this device stands with the others; details for those who look after the devices.
    pub fn sync(&self, actor: &Actor) -> Result<SyncView> {
        let mut view = self.sync_now()?;
        if !actor.allows(Permission::DeviceChange) {
            view.details = None;
        }
        Ok(view)
    }

    pub(crate) fn sync_now(&self) -> Result<SyncView> {
        let (series, names) = self.store.read(|r| -> Result<_> {
            Ok((r.series_of_devices()?, Settings::counter_names(&r.settings()?)))
        })?;
        let names: HashMap<DeviceId, String> = series
            .iter()
            .map(|row| {
                let name = names.get(&row.counter).map_or(UNNAMED, String::as_str);
                (row.device, name.to_owned())
            })
            .collect();
        let now = self.edges.now();
        let own = self.identity.device;
        let state = self.links.lock();
        let mut peers = Vec::new();
        let mut lacking: HashMap<DeviceId, Vec<SyncLacking>> = HashMap::new();
        let mut hub = Side::default();
        let mut house = Side::default();
        for link in state.links.values() {
            let mut to_send = 0;
            for row in &series {
                let changes = self.changes_after(row, &link.heads, &link.given_up)?;
                to_send = count(to_send, changes);
                if changes > 0 {
                    lacking.entry(row.device).or_default().push(SyncLacking {
                        peer: link.name.key.clone(),
                        changes,
                    });
                }
            }
            let side = match link.name.kind {
                PeerKind::Hub => &mut hub,
                PeerKind::Leader | PeerKind::Neighbour => &mut house,
            };
            side.add(link, to_send, &series, own);
            peers.push(SyncPeer {
                key: link.name.key.clone(),
                kind: link.name.kind,
                address: link.name.address.clone(),
                device: link.name.device.map(DeviceId::uuid),
                name: link.name.device.and_then(|device| names.get(&device).cloned()),
                reachable: link.reachable,
                since: rfc3339(link.since),
                failure: link.failure.clone(),
                exchanged_at: link.exchanged.map(rfc3339),
                to_send,
                taken: link.taken,
                given_up: link
                    .given_up
                    .iter()
                    .map(|(device, why)| SyncGivenUp {
                        device: device.uuid(),
                        name: names.get(device).cloned(),
                        why: word_of(*why).to_owned(),
                    })
                    .collect(),
            });
        }
        let mut to_send = 0;
        for side in [&hub, &house] {
            to_send = to_send.max(match side.reached {
                true => side.sending,
                false if side.peers > 0 => self.changes_that_nobody_has(&series, side)?,
                false => 0,
            });
        }
        let devices = series
            .iter()
            .map(|row| SyncDevice {
                device: row.device.uuid(),
                branch: row.branch.uuid(),
                name: names.get(&row.device).cloned(),
                this: row.device == own,
                seq: row.seq,
                last_at: row.last.map(rfc3339),
                revoked: row.revoked.is_some(),
                set_aside: row.set_aside,
                clock_ahead_ms: state
                    .clocks
                    .get(&row.device.to_string())
                    .and_then(|c| c.fresh(now)),
                lacking: lacking.remove(&row.device).unwrap_or_default(),
            })
            .collect();
        let offline_since = [&hub, &house].iter().filter_map(|side| side.away_since()).min();
        let word = if hub.peers + house.peers == 0 {
            "alone"
        } else if offline_since.is_some() {
            "offline"
        } else if hub.trouble || house.trouble {
            "trouble"
        } else if to_send > 0 || hub.behind || house.behind || hub.unknown() || house.unknown() {
            "catching_up"
        } else {
            "together"
        };
        let offsets = state.clocks.values().filter_map(|clock| clock.fresh(now));
        Ok(SyncView {
            state: word.to_owned(),
            to_send,
            offline_since: offline_since.map(rfc3339),
            clock_ahead_ms: ahead_of_most(offsets.collect()),
            details: Some(SyncDetails { peers, devices }),
        })
    }

    fn changes_after(
        &self,
        row: &SeriesRow,
        heads: &Vector,
        given_up: &BTreeMap<DeviceId, Why>,
    ) -> Result<u64> {
        let theirs = heads.get(&row.device).copied().unwrap_or(0);
        if given_up.contains_key(&row.device) || theirs >= row.seq {
            return Ok(0);
        }
        Ok(self
            .store
            .read(|r| r.transactions_after(row.device, theirs, MOST_COUNTED))?)
    }

    /// Whether a peer refuses this device's own series, or it is known to have two pasts: then nobody need have it.
    pub(crate) fn own_is_refused(&self) -> Result<bool> {
        let own = self.identity.device;
        if self
            .links
            .lock()
            .links
            .values()
            .any(|link| link.given_up.contains_key(&own))
        {
            return Ok(true);
        }
        Ok(self.store.read(|r| r.is_forked(own))?)
    }

    fn changes_that_nobody_has(&self, series: &[SeriesRow], side: &Side) -> Result<u64> {
        let mut sum = 0;
        for row in series {
            sum = count(sum, self.changes_after(row, &side.heads, &side.given_up)?);
        }
        Ok(sum)
    }

    /// Tells the screens when how this device stands has changed, and not for every fact of a long row.
    fn start_telling(self: &Arc<Self>) {
        let stirred = self.links.stirred.clone();
        self.live.stir(&stirred);
        let shop = Arc::downgrade(self);
        let started = thread::Builder::new()
            .name("sync-status".to_owned())
            .spawn(move || {
                let mut told = None;
                loop {
                    stirred.wait(LOOK_EVERY);
                    let Some(shop) = shop.upgrade() else { return };
                    match shop.sync_now() {
                        Ok(view) if told.as_ref() != Some(&gist(&view)) => {
                            shop.live.tell("sync", None);
                            told = Some(gist(&view));
                        }
                        Ok(_) => {}
                        Err(error) => tracing::warn!(%error, "how this device stands is not known"),
                    }
                    drop(shop);
                    thread::sleep(TELL_EVERY);
                }
            });
        if let Err(error) = started {
            // The screens still read it when they open.
            tracing::error!(%error, "nobody tells how this device stands");
        }
    }
}

/// What has to change before the screens read again: times of exchanges that brought nothing are no news.
fn gist(view: &SyncView) -> SyncView {
    let mut gist = view.clone();
    gist.clock_ahead_ms = view.clock_ahead_ms.map(|ms| ms / CLOCK_OFF_MS);
    if let Some(details) = &mut gist.details {
        for peer in &mut details.peers {
            peer.exchanged_at = None;
            peer.failure = None;
        }
        for device in &mut details.devices {
            device.clock_ahead_ms = device.clock_ahead_ms.map(|ms| ms / CLOCK_OFF_MS);
        }
    }
    gist
}

impl Clock {
    fn fresh(&self, now: Moment) -> Option<i64> {
        ((now.0 - self.seen.0).abs() < CLOCK_OLD_MS).then_some(self.ahead_ms)
    }
}

/// How far this clock is ahead of most of the others, when that is far. `ahead` says how far each of them is ahead of
/// this one.
fn ahead_of_most(mut ahead: Vec<i64>) -> Option<i64> {
    ahead.sort_unstable();
    let middle = *ahead.get(ahead.len().checked_sub(1)? / 2)?;
    // Between an even number of them the one that is nearer to this clock decides: nobody is blamed without need.
    let other = ahead[ahead.len() / 2];
    let nearest = if middle.abs() <= other.abs() {
        middle
    } else {
        other
    };
    (nearest.abs() > CLOCK_OFF_MS).then(|| nearest.saturating_neg())
}

/// The hubs, or the devices of the house, taken together.
#[derive(Default)]
struct Side {
    peers: usize,
    tried: usize,
    reached: bool,
    /// When the last of them went away.
    left: Option<Moment>,
    /// What any of them has.
    heads: Vector,
    given_up: BTreeMap<DeviceId, Why>,
    /// How much the one that lacks most, of those that answer, lacks.
    sending: u64,
    /// Somebody who answers has what is not here.
    behind: bool,
    trouble: bool,
}

impl Side {
    fn add(&mut self, link: &Link, to_send: u64, series: &[SeriesRow], own: DeviceId) {
        self.peers += 1;
        self.tried += usize::from(link.reachable.is_some());
        for (device, seq) in &link.heads {
            let known = self.heads.entry(*device).or_default();
            *known = (*known).max(*seq);
        }
        self.given_up.extend(link.given_up.iter());
        match link.reachable {
            Some(true) => {
                self.reached = true;
                self.sending = self.sending.max(to_send);
                let here: HashMap<DeviceId, u64> = series.iter().map(|row| (row.device, row.seq)).collect();
                self.behind |= link.heads.iter().any(|(device, seq)| {
                    !link.given_up.contains_key(device) && here.get(device).copied().unwrap_or(0) < *seq
                });
                // Who was shut out on purpose is no trouble, but for the one who was.
                self.trouble |= link
                    .given_up
                    .iter()
                    .any(|(device, why)| *device == own || !matches!(why, Why::Revoked { .. }));
            }
            Some(false) => self.left = self.left.max(Some(link.since)),
            None => {}
        }
    }

    fn unknown(&self) -> bool {
        !self.reached && self.tried < self.peers
    }

    /// Since when none of them answers.
    fn away_since(&self) -> Option<Moment> {
        (self.peers > 0 && !self.reached && self.tried == self.peers)
            .then_some(self.left)
            .flatten()
    }
}

fn count(sum: u64, more: u64) -> u64 {
    sum.saturating_add(more).min(MOST_COUNTED)
}

fn heads_of(one: &Remembered) -> Vector {
    one.heads
        .iter()
        .map(|(device, seq)| (DeviceId::from_uuid(*device), *seq))
        .collect()
}

/// The peers as they are written down: those that are followed, and the latest of those that were.
fn memory(state: &mut State) -> String {
    let mut kept: Vec<Remembered> = state
        .links
        .values()
        .map(|link| Remembered {
            key: link.name.key.clone(),
            exchanged_ms: link.exchanged.map_or(0, |at| at.0),
            heads: link.heads.iter().map(|(d, seq)| (d.uuid(), *seq)).collect(),
        })
        .collect();
    let links = &state.links;
    let old = state.remembered.take().unwrap_or_default();
    kept.extend(old.into_iter().filter(|one| !links.contains_key(&one.key)));
    kept.sort_by_key(|one| std::cmp::Reverse(one.exchanged_ms));
    kept.truncate(MOST_REMEMBERED);
    let text = serde_json::to_string(&kept).unwrap_or_default();
    state.remembered = Some(kept);
    text
}

fn word_of(why: Why) -> &'static str {
    match why {
        Why::Forked { .. } => "forked",
        Why::BadChain { .. } | Why::Gap { .. } => "chain",
        Why::BadSignature { .. } => "signature",
        Why::Revoked { .. } => "revoked",
        Why::TooBig => "too_big",
        Why::WrongShop => "wrong_shop",
        Why::UnknownDevice | Why::Limit | Why::FoundsAgain { .. } | Why::Other { .. } => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_clock_among_others_does_not_blame_this_one() {
        let minute = 60_000;
        assert_eq!(ahead_of_most(vec![]), None, "nobody to compare with");
        assert_eq!(
            ahead_of_most(vec![10 * minute, 0, 1_000]),
            None,
            "two of three agree with this one"
        );
        assert_eq!(ahead_of_most(vec![10 * minute, 0]), None, "one of two does");
        assert_eq!(
            ahead_of_most(vec![10 * minute, 11 * minute, 0]),
            Some(-10 * minute),
            "most are ahead, so this one is behind"
        );
        assert_eq!(ahead_of_most(vec![-5 * minute]), Some(5 * minute));
    }
}
