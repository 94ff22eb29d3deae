//! The shop's other devices on the LAN: found by what they announce or by a typed address, and kept alike.
//!
//! What is announced tells strangers nothing: marks that only the shop's devices can compute, a port and a form. Whoever
//! is found is greeted, and from then on asked for news for as long as both share: each device takes what the others
//! have, and gives what happened here to those that cannot ask. From four devices on only the one that leads the branch
//! takes from all; the others take from it, and from each other while it cannot be reached. All of it ends when sharing
//! goes off or the shop is left.

use crate::{
    peer::{Peer, Unreachable, lost},
    replicate::{Pause, Replicator, RoundError},
    shut_out::{NOTICE, hear_why},
    tls::{self, Addresses, Trust, name_of},
};
use app::{
    Code, Shop,
    letters::hex,
    neighbours::{Greeted, Greeting},
    sharing::Seen,
    sync_status::{PeerKind, PeerName, PeerReport},
};
use domain::{ids::DeviceId, time::Moment};
use journal::{
    Vector,
    exchange::{
        DEVICE, DIGEST, Keys, KeysAnswer, Pull, Pulled, Push, Pushed, SHOP, SIGNATURE, TIME, signature_text,
    },
};
use std::{
    collections::{BTreeMap, HashMap},
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};
use store::{Identity, ingest::SealedKey};
use tokio::sync::broadcast::error::RecvError;

/// What devices announce themselves as.
const SERVICE: &str = "_chandi._tcp.local.";
/// The form of what is announced.
const FORM: &str = "1";
/// How long another device may take over an answer, besides what it was asked to wait.
const PATIENCE: Duration = Duration::from_secs(10);
const LISTEN: Duration = Duration::from_secs(20);
const GREETING: Duration = Duration::from_secs(3);
/// How often typed addresses are tried while nobody is there.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often everything is gone through once more, whatever was told.
const AGAIN: Duration = Duration::from_secs(15);
/// The longest pause after failures. The LAN is near: nobody waits for a minute here.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// Who asked within this time will ask again.
const LISTENS_MS: i64 = 30_000;
const MOST_BYTES: u64 = 40 << 20;
/// From so many devices on, facts go by the one that leads: everybody with everybody would be too many connections.
const BY_LEADER_FROM: usize = 4;
/// In how many rounds of looking a device that facts are not taken from is greeted once.
const GREET_EVERY: u32 = 15;
/// After so many failures what was announced there is forgotten.
const GIVE_UP: u32 = 30;
/// More devices than this are not followed.
const MOST_NEIGHBOURS: usize = 200;

/// Keyed by the secret that the shop's devices share, so that strangers can read nothing from it.
fn mark(identity: &Identity, of: &[&[u8]]) -> String {
    let key = blake3::derive_key(
        "chandi.lan 2026 marks of a shop and its devices v1",
        &identity.number_key,
    );
    let mut hasher = blake3::Hasher::new_keyed(&key);
    hasher.update(&identity.shop.bytes());
    for part in of {
        hasher.update(part);
    }
    let mark = hasher.finalize();
    mark.as_bytes()[..8].iter().map(|b| format!("{b:02x}")).collect()
}

fn mark_of(identity: &Identity, device: DeviceId) -> String {
    mark(identity, &[b"device", &device.bytes()])
}

/// Like `chandi-1a2b3c.local`: it stays the same, and says nothing of the shop.
pub fn local_name(identity: &Identity) -> String {
    format!("chandi-{}.local", &mark_of(identity, identity.device)[..6])
}

/// The LAN as this process sees it. Cheap to clone; empty while nobody shares.
#[derive(Clone, Default)]
pub struct Lan(Arc<Mutex<Option<Arc<Session>>>>);

/// From when sharing went on until it goes off.
struct Session {
    shop: Weak<Shop>,
    device: DeviceId,
    port: u16,
    authority: Vec<u8>,
    addresses: Addresses,
    neighbours: Mutex<BTreeMap<DeviceId, Neighbour>>,
    /// Typed or announced addresses where somebody of the shop may be, whose device is not known yet.
    greets: Mutex<HashMap<SocketAddr, Greet>>,
    over: Arc<Signal>,
}

/// Another device of the shop.
struct Neighbour {
    at: Vec<SocketAddr>,
    version: Option<String>,
    reachable: bool,
    seen: Option<Moment>,
    /// Until when it may be expected to ask for news by itself.
    listens_until_ms: i64,
    /// News for it, and that it is left alone.
    signal: Arc<Signal>,
    /// That it may have to be followed again, or no more.
    turn: Arc<Signal>,
}

#[derive(Default)]
struct Greet {
    failures: u32,
    /// Rounds of looking until the next try.
    wait: u32,
    known: Option<DeviceId>,
    /// Nobody typed it: it was announced.
    announced: bool,
}

/// Wakes threads, for news or for good.
#[derive(Default)]
struct Signal {
    state: Mutex<(bool, bool)>,
    heard: Condvar,
}

impl Signal {
    fn state(&self) -> MutexGuard<'_, (bool, bool)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        self.state().0 = true;
        self.heard.notify_all();
    }

    fn end(&self) {
        self.state().1 = true;
        self.heard.notify_all();
    }

    fn is_over(&self) -> bool {
        self.state().1
    }

    /// Until there is news or it is over, at most for so long. Whether there was news.
    fn wait(&self, most: Duration) -> bool {
        let (mut state, _) = self
            .heard
            .wait_timeout_while(self.state(), most, |(news, over)| !*news && !*over)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.0)
    }

    /// For so long, whatever the news; it ends early when it is over.
    fn sleep(&self, most: Duration) {
        drop(
            self.heard
                .wait_timeout_while(self.state(), most, |(_, over)| !*over)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}

impl Lan {
    fn session(&self) -> Option<Arc<Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on this device is announced at `port`, and looks for the others.
    pub fn start(&self, shop: &Arc<Shop>, authority: &[u8], port: u16, at: &[IpAddr]) -> io::Result<()> {
        self.stop();
        // The demo is nobody else's.
        if shop.is_demo() {
            return Ok(());
        }
        let session = Arc::new(Session {
            shop: Arc::downgrade(shop),
            device: shop.identity().device,
            port,
            authority: authority.to_vec(),
            addresses: Addresses::default(),
            neighbours: Mutex::default(),
            greets: Mutex::default(),
            over: Arc::default(),
        });
        let spawn = |name: &str, work: Box<dyn FnOnce(Arc<Session>) + Send>| {
            let session = session.clone();
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || work(session))
        };
        let (identity, at) = (shop.identity().clone(), at.to_vec());
        spawn("lan-find", Box::new(move |session| session.find(&identity, &at)))?;
        spawn("lan-greet", Box::new(|session| session.greet_all()))?;
        let mut news = shop.subscribe();
        spawn(
            "lan-news",
            Box::new(move |session| {
                while !session.over.is_over() {
                    match news.blocking_recv() {
                        Err(RecvError::Closed) => return,
                        // What is told of syncing itself leads to no more of it.
                        Ok(message) if message.kind == "sync" => {}
                        Ok(message) => {
                            session.ring();
                            if message.kind == "lead" {
                                session.turn();
                            }
                        }
                        Err(RecvError::Lagged(_)) => {
                            session.ring();
                            session.turn();
                        }
                    }
                }
            }),
        )?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
        Ok(())
    }

    /// Nobody is looked for, asked or told any more.
    pub fn stop(&self) {
        let session = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(session) = session {
            session.end();
        }
    }

    /// Another device greeted this one and says where it is itself.
    pub fn greeted_by(&self, device: DeviceId, at: SocketAddr, version: &str) {
        if let Some(session) = self.session() {
            session.met(device, vec![at], Some(version));
        }
    }

    /// Another device asks for news, and has this much; while it waits nothing needs to be brought to it.
    pub fn listens(&self, device: DeviceId, waits: bool, have: &Vector) {
        let Some(session) = self.session() else { return };
        let Some(shop) = session.shop.upgrade() else {
            return;
        };
        let now = shop.now();
        let known = match session.lock().get_mut(&device) {
            Some(neighbour) => {
                if waits {
                    neighbour.listens_until_ms = now.plus_ms(LISTENS_MS).0;
                }
                neighbour.seen = Some(now);
                true
            }
            None => false,
        };
        if known {
            // A series that it refuses for good is asked from the end of all numbers.
            let heads = have.iter().filter(|(_, seq)| **seq < u64::MAX);
            let report = PeerReport {
                heads: heads.map(|(device, seq)| (*device, *seq)).collect(),
                ..PeerReport::default()
            };
            if let Err(error) = shop.report_peer(&key_of(device), report) {
                tracing::warn!(%error, "how far a device is, is not written down");
            }
        }
    }

    /// The other devices that are or were seen since sharing went on.
    pub fn neighbours(&self) -> Vec<Seen> {
        let Some(session) = self.session() else {
            return vec![];
        };
        let neighbours = session.lock();
        neighbours
            .iter()
            .map(|(device, neighbour)| Seen {
                device: *device,
                address: neighbour.at.first().copied(),
                version: neighbour.version.clone(),
                reachable: neighbour.reachable,
                at: neighbour.seen,
            })
            .collect()
    }

    /// Asks the other devices under their names, trusting this shop's alone; none while nobody shares.
    pub fn agent(&self, timeout: Duration) -> Option<ureq::Agent> {
        let session = self.session()?;
        Some(session.agent(timeout))
    }

    /// Where a device is asked by [`Lan::agent`].
    pub fn url_of(device: DeviceId) -> String {
        format!("https://{}", name_of(device))
    }
}

/// By what a neighbour is remembered.
fn key_of(device: DeviceId) -> String {
    format!("lan:{device}")
}

impl Session {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<DeviceId, Neighbour>> {
        self.neighbours.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn greets(&self) -> MutexGuard<'_, HashMap<SocketAddr, Greet>> {
        self.greets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn agent(&self, timeout: Duration) -> ureq::Agent {
        tls::agent(&Trust::Shop(&self.authority), &self.addresses, timeout)
    }

    fn ring(&self) {
        for neighbour in self.lock().values() {
            neighbour.signal.ring();
        }
    }

    /// Somebody else may lead, or cannot be reached any more.
    fn turn(&self) {
        for neighbour in self.lock().values() {
            neighbour.turn.ring();
        }
    }

    /// Whether facts are exchanged with that device at all, or both have them from the one that leads.
    fn needs(&self, device: DeviceId) -> bool {
        let Some(shop) = self.shop.upgrade() else {
            return false;
        };
        // It hears of nothing any more, and is let go of soon.
        if shop.shuts_out(device).unwrap_or(true) {
            return false;
        }
        let leader = shop.leader();
        drop(shop);
        let Some(leader) = leader.filter(|leader| *leader != self.device && *leader != device) else {
            return true;
        };
        let neighbours = self.lock();
        // Not counting this one.
        neighbours.len() + 1 < BY_LEADER_FROM || !neighbours.get(&leader).is_some_and(|one| one.reachable)
    }

    fn end(&self) {
        self.over.end();
        let neighbours = std::mem::take(&mut *self.lock());
        let shop = self.shop.upgrade();
        for (device, neighbour) in neighbours {
            neighbour.signal.end();
            neighbour.turn.end();
            if let Some(shop) = &shop {
                shop.forget_peer(&key_of(device));
            }
        }
    }

    /// Announces this device and hears of the others, until it is over.
    fn find(self: &Arc<Session>, identity: &Identity, at: &[IpAddr]) {
        while !self.over.is_over() {
            match self.announce_and_browse(identity, at) {
                Ok(()) => return,
                Err(error) => {
                    // Networks without multicast are ordinary; typed addresses do without it.
                    tracing::info!(%error, "devices are not found by themselves");
                    self.over.sleep(Duration::from_secs(30));
                }
            }
        }
    }

    fn announce_and_browse(
        self: &Arc<Session>,
        identity: &Identity,
        at: &[IpAddr],
    ) -> Result<(), mdns_sd::Error> {
        let daemon = mdns_sd::ServiceDaemon::new()?;
        let shop_mark = mark(identity, &[b"shop"]);
        let own_mark = mark_of(identity, identity.device);
        let said = [("f", FORM), ("s", shop_mark.as_str()), ("d", own_mark.as_str())];
        let host = format!("{}.", local_name(identity));
        let service = mdns_sd::ServiceInfo::new(SERVICE, &own_mark, &host, at, self.port, &said[..])?
            .enable_addr_auto();
        daemon.register(service)?;
        let heard = daemon.browse(SERVICE)?;
        while !self.over.is_over() {
            let Ok(event) = heard.recv_timeout(Duration::from_millis(500)) else {
                if heard.is_disconnected() {
                    return Err(mdns_sd::Error::DaemonShutdown);
                }
                continue;
            };
            if let mdns_sd::ServiceEvent::ServiceResolved(found) = event {
                let said = |key: &str| found.txt_properties.get_property_val_str(key);
                if said("f") == Some(FORM)
                    && said("s") == Some(shop_mark.as_str())
                    && said("d") != Some(own_mark.as_str())
                {
                    let mut addresses: Vec<SocketAddr> = found
                        .addresses
                        .iter()
                        .map(|address| SocketAddr::new(address.to_ip_addr(), found.port))
                        .filter(|address| tls::is_private(address.ip()))
                        .collect();
                    addresses.sort_unstable();
                    self.announced(identity, said("d").unwrap_or_default(), addresses);
                }
            }
        }
        // It says goodbye and ends by itself; there is nothing to do about one that does not.
        let _ = daemon.shutdown();
        Ok(())
    }

    /// Somebody of the shop says that they are there.
    fn announced(self: &Arc<Session>, identity: &Identity, mark: &str, at: Vec<SocketAddr>) {
        let Some(shop) = self.shop.upgrade() else { return };
        let known = match shop.welcome_devices() {
            Ok(devices) => devices
                .into_iter()
                .find(|device| mark_of(identity, *device) == mark),
            Err(error) => return tracing::warn!(%error, "who was found is not known"),
        };
        match known {
            Some(device) => self.met(device, at, None),
            // Let in somewhere else, and not heard of here yet: it says itself who it is.
            None => {
                if let Some(first) = at.first() {
                    self.greets().entry(*first).or_default().announced = true;
                }
            }
        }
    }

    /// Greets typed addresses until somebody answers there, and again when nobody does any more.
    fn greet_all(self: &Arc<Session>) {
        while !self.over.is_over() {
            let typed = {
                let Some(shop) = self.shop.upgrade() else { return };
                self.let_go(&shop);
                shop.sharing().wanted().typed
            };
            for address in &typed {
                self.greets().entry(*address).or_default();
            }
            let due: Vec<SocketAddr> = {
                let reachable: Vec<DeviceId> = self
                    .lock()
                    .iter()
                    .filter(|(_, neighbour)| neighbour.reachable)
                    .map(|(device, _)| *device)
                    .collect();
                let mut greets = self.greets();
                greets.retain(|address, greet| {
                    typed.contains(address) || (greet.announced && greet.failures < GIVE_UP)
                });
                greets
                    .iter_mut()
                    .filter(|(_, greet)| {
                        greet
                            .known
                            .is_none_or(|device| device != self.device && !reachable.contains(&device))
                    })
                    .filter_map(|(address, greet)| {
                        greet.wait = greet.wait.saturating_sub(1);
                        (greet.wait == 0).then_some(*address)
                    })
                    .collect()
            };
            for address in due {
                if self.over.is_over() {
                    return;
                }
                let outcome = self.greet(address);
                let mut greets = self.greets();
                let greet = greets.entry(address).or_default();
                match outcome {
                    Ok(device) => {
                        greet.known = Some(device);
                        (greet.failures, greet.wait) = (0, 0);
                    }
                    Err(error) => {
                        tracing::debug!(%error, %address, "nobody of the shop is there");
                        greet.failures += 1;
                        greet.wait = greet.failures.min(8);
                    }
                }
            }
            self.over.sleep(LOOK_EVERY);
        }
    }

    /// Devices that were shut out meanwhile are left alone.
    fn let_go(&self, shop: &Shop) {
        let devices: Vec<DeviceId> = self.lock().keys().copied().collect();
        for device in devices {
            if shop.shuts_out(device).unwrap_or(false)
                && let Some(neighbour) = self.lock().remove(&device)
            {
                neighbour.signal.end();
                neighbour.turn.end();
                self.addresses.forget(device);
                shop.forget_peer(&key_of(device));
            }
        }
    }

    fn greet(self: &Arc<Session>, at: SocketAddr) -> Result<DeviceId, Unreachable> {
        let agent = tls::agent(&Trust::Shop(&self.authority), &Addresses::of_any(at), GREETING);
        let greeting = Greeting {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            port: Some(self.port),
        };
        let body = serde_json::to_vec(&greeting).map_err(|e| lost(&e))?;
        let answer = ask(
            &self.shop,
            &agent,
            &format!("https://{}", tls::ANY),
            "/sync/v1/hello",
            body,
        )?;
        let greeted: Greeted = serde_json::from_slice(&answer).map_err(|e| lost(&e))?;
        let device = DeviceId::from_uuid(greeted.device);
        if device != self.device {
            if let Some(shop) = self.shop.upgrade() {
                shop.saw_clock(device, Moment(greeted.time_ms));
            }
            self.met(device, vec![at], Some(&greeted.version));
        }
        Ok(device)
    }

    /// This device of the shop is there; from now on it is followed.
    fn met(self: &Arc<Session>, device: DeviceId, at: Vec<SocketAddr>, version: Option<&str>) {
        if device == self.device || at.is_empty() || self.over.is_over() {
            return;
        }
        let belongs = |shop: Arc<Shop>| !shop.shuts_out(device).unwrap_or(true);
        if !self.shop.upgrade().is_some_and(belongs) {
            return;
        }
        self.addresses.set(device, at.clone());
        let (signal, turn) = {
            let mut neighbours = self.lock();
            if let Some(neighbour) = neighbours.get_mut(&device) {
                neighbour.at = at;
                if let Some(version) = version {
                    neighbour.version = Some(version.to_owned());
                }
                neighbour.signal.ring();
                return;
            }
            if neighbours.len() >= MOST_NEIGHBOURS {
                return;
            }
            let (signal, turn) = (Arc::new(Signal::default()), Arc::new(Signal::default()));
            let neighbour = Neighbour {
                at: at.clone(),
                version: version.map(str::to_owned),
                reachable: false,
                seen: None,
                listens_until_ms: 0,
                signal: signal.clone(),
                turn: turn.clone(),
            };
            neighbours.insert(device, neighbour);
            (signal, turn)
        };
        // One more may be the one from which on facts go by the leader.
        self.turn();
        if let Err(error) = self.follow(device, &at, signal, turn) {
            tracing::error!(%error, %device, "a device is not followed");
            self.lock().remove(&device);
        }
    }
}

impl Session {
    fn follow(
        self: &Arc<Session>,
        device: DeviceId,
        at: &[SocketAddr],
        signal: Arc<Signal>,
        turn: Arc<Signal>,
    ) -> io::Result<()> {
        let Some(shop) = self.shop.upgrade() else {
            return Ok(());
        };
        let name = PeerName {
            key: key_of(device),
            kind: PeerKind::Neighbour,
            address: at.first().map(ToString::to_string).unwrap_or_default(),
            device: Some(device),
        };
        let node = Node {
            shop: self.shop.clone(),
            url: Lan::url_of(device),
            agent: self.agent(PATIENCE + LISTEN),
        };
        let replicator = Arc::new(Replicator::told(&shop, node, name).map_err(io::Error::other)?);
        let spread = self.device.bytes()[15];

        let (session, gives, ends) = (self.clone(), replicator.clone(), signal.clone());
        thread::Builder::new()
            .name("lan-give".to_owned())
            .spawn(move || {
                let mut pause = Pause::up_to(LONGEST_PAUSE, spread);
                while !ends.is_over() {
                    if !session.needs(device) {
                        ends.wait(AGAIN);
                        continue;
                    }
                    let outcome = gives.round();
                    if session.ended(device, &ends, outcome.as_ref().err()) {
                        return;
                    }
                    match outcome {
                        Ok(_) => {
                            pause.reset();
                            // Who asks by itself is not pushed at; everything is gone through now and then anyway.
                            while ends.wait(AGAIN) && !ends.is_over() && session.listens(device) {}
                        }
                        Err(_) => ends.sleep(pause.next()),
                    }
                }
            })?;

        let session = self.clone();
        thread::Builder::new()
            .name("lan-take".to_owned())
            .spawn(move || {
                let mut pause = Pause::up_to(LONGEST_PAUSE, spread.wrapping_add(97));
                let (mut follows, mut idle) = (true, 0_u32);
                while !signal.is_over() {
                    let needs = session.needs(device);
                    if needs != follows {
                        follows = needs;
                        let begun = match needs {
                            true => replicator.follow(),
                            false => replicator.stand_by(),
                        };
                        if let Err(error) = begun {
                            tracing::warn!(%error, %device, "how this device stands with another is not known");
                        }
                    }
                    if !needs {
                        idle += 1;
                        if !turn.wait(LOOK_EVERY) && idle.is_multiple_of(GREET_EVERY) {
                            session.look_after(device);
                        }
                        continue;
                    }
                    let outcome = replicator.listen(LISTEN).and_then(|mut round| {
                        // A customer who came with it has a name here, too.
                        if round.pulled > 0 {
                            replicator.keys(&mut round)
                        } else {
                            Ok(())
                        }
                    });
                    if session.ended(device, &signal, outcome.as_ref().err()) {
                        return;
                    }
                    match outcome {
                        Ok(()) => pause.reset(),
                        Err(_) => signal.sleep(pause.next()),
                    }
                }
            })?;
        Ok(())
    }

    /// Sees whether a device is still there that facts are not taken from.
    fn look_after(self: &Arc<Session>, device: DeviceId) {
        let at = self.lock().get(&device).and_then(|one| one.at.first().copied());
        let Some(at) = at else { return };
        let outcome = self.greet(at).map_err(RoundError::Peer);
        // Another device may have its address now.
        let there = match outcome {
            Ok(answered) if answered == device => None,
            Ok(_) => Some(RoundError::Peer(lost(&"another device is there"))),
            Err(error) => Some(error),
        };
        self.noted(device, there.as_ref());
    }

    /// Notes how an exchange ended; true when there shall be no other.
    fn ended(&self, device: DeviceId, signal: &Signal, failed: Option<&RoundError>) -> bool {
        signal.is_over() || matches!(failed, Some(RoundError::Closed)) || self.noted(device, failed)
    }

    fn noted(&self, device: DeviceId, failed: Option<&RoundError>) -> bool {
        let Some(shop) = self.shop.upgrade() else {
            return true;
        };
        let turned = {
            let mut neighbours = self.lock();
            let Some(neighbour) = neighbours.get_mut(&device) else {
                return true;
            };
            // What failed here says nothing about the other.
            let reachable = !matches!(failed, Some(RoundError::Peer(_)));
            if reachable {
                neighbour.seen = Some(shop.now());
            } else {
                neighbour.listens_until_ms = 0;
            }
            std::mem::replace(&mut neighbour.reachable, reachable) != reachable
        };
        if let Some(error) = failed {
            tracing::debug!(%error, %device, "facts wait");
        }
        if turned {
            // It may be the one that leads: then the others are asked as well, or no more.
            self.turn();
            shop.tell_sharing();
        }
        false
    }

    /// Whether the other asks for news by itself.
    fn listens(&self, device: DeviceId) -> bool {
        let Some(shop) = self.shop.upgrade() else {
            return false;
        };
        let now = shop.now().0;
        let neighbours = self.lock();
        neighbours
            .get(&device)
            // A clock that was set back must not make it listen for ever.
            .is_some_and(|neighbour| (now..=now + LISTENS_MS).contains(&neighbour.listens_until_ms))
    }
}

/// Another node, asked under its own name.
struct Node {
    shop: Weak<Shop>,
    url: String,
    agent: ureq::Agent,
}

impl Node {
    fn ask(&self, path: &str, body: Vec<u8>) -> Result<Vec<u8>, Unreachable> {
        ask(&self.shop, &self.agent, &self.url, path, body)
    }
}

impl Peer for Node {
    fn push(&self, push: &Push) -> Result<Pushed, Unreachable> {
        let answer = self.ask("/sync/v1/push", push.encode())?;
        Pushed::decode(&answer).map_err(|e| lost(&e))
    }

    fn pull(&self, pull: &Pull) -> Result<Pulled, Unreachable> {
        let answer = self.ask("/sync/v1/pull", pull.encode())?;
        Pulled::decode(&answer).map_err(|e| lost(&e))
    }

    fn keys(&self, wanted: &[domain::ids::CustomerId]) -> Result<Vec<SealedKey>, Unreachable> {
        let keys = Keys {
            wanted: wanted.to_vec(),
            ..Keys::default()
        };
        let answer = self.ask("/sync/v1/keys", keys.encode())?;
        let answer = KeysAnswer::decode(&answer).map_err(|e| lost(&e))?;
        Ok(answer.keys)
    }
}

/// One question, signed by this device.
fn ask(
    shop: &Weak<Shop>,
    agent: &ureq::Agent,
    url: &str,
    path: &str,
    body: Vec<u8>,
) -> Result<Vec<u8>, Unreachable> {
    // The shop is not held while the other thinks.
    let asked = {
        let shop = shop.upgrade().ok_or_else(|| lost(&"the shop is closed"))?;
        shop.sign_request("POST", path, &body).map_err(|e| lost(&e))?
    };
    let mut answer = agent
        .post(format!("{url}{path}"))
        .header("x-chandi", "1")
        .header("content-type", "application/octet-stream")
        .header(SHOP, asked.shop.to_string())
        .header(DEVICE, asked.device.to_string())
        .header(TIME, asked.time_ms.to_string())
        .header(DIGEST, hex(&asked.digest))
        .header(SIGNATURE, signature_text(&asked.signature))
        .send(body)
        .map_err(|e| lost(&e))?;
    let status = answer.status();
    let bytes = answer
        .body_mut()
        .with_config()
        .limit(MOST_BYTES)
        .read_to_vec()
        .map_err(|e| lost(&e))?;
    match status.as_u16() {
        200 => Ok(bytes),
        403 if path != NOTICE && is_shut_out(&bytes) => {
            hear_why(shop, |body| ask(shop, agent, url, NOTICE, body));
            Err(Unreachable(
                "the device refuses: this one was shut out".to_owned(),
            ))
        }
        _ => Err(Unreachable(format!("the device answered {status}"))),
    }
}

/// Whether a refusal says that this device does not belong to the shop any more.
fn is_shut_out(answer: &[u8]) -> bool {
    let said: serde_json::Value = serde_json::from_slice(answer).unwrap_or_default();
    said["error"]["code"] == Code::DeviceRevoked.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::{BranchId, CounterId, ShopId};

    fn identity(shop: u8, device: u8, secret: u8) -> Identity {
        Identity {
            device: DeviceId::from_bytes([device; 16]),
            shop: ShopId::from_bytes([shop; 16]),
            branch: BranchId::from_bytes([1; 16]),
            counter: CounterId::from_bytes([1; 16]),
            ordinal: 1,
            lane: 0,
            secret_key: [9; 32],
            number_key: [secret; 32],
            currency: "INR".to_owned(),
            demo: false,
        }
    }

    #[test]
    fn a_shop_knows_its_own_and_strangers_know_nothing() {
        let ours = identity(1, 2, 3);
        let other = identity(1, 4, 3);
        assert_eq!(mark(&ours, &[b"shop"]), mark(&other, &[b"shop"]), "one shop");
        assert_eq!(mark_of(&ours, other.device), mark_of(&other, other.device));
        assert_ne!(mark_of(&ours, ours.device), mark_of(&ours, other.device));
        for stranger in [identity(1, 2, 5), identity(6, 2, 3)] {
            assert_ne!(mark(&stranger, &[b"shop"]), mark(&ours, &[b"shop"]));
            assert_ne!(mark_of(&stranger, ours.device), mark_of(&ours, ours.device));
        }
        let name = local_name(&ours);
        assert!(name.starts_with("chandi-") && name.ends_with(".local"), "{name}");
        assert!(
            !mark_of(&ours, ours.device).contains("0202"),
            "no part of the id shows"
        );
    }

    #[test]
    fn a_signal_wakes_once_for_news_and_for_good_when_it_is_over() {
        let signal = Signal::default();
        signal.ring();
        assert!(signal.wait(Duration::from_secs(60)), "news");
        assert!(!signal.wait(Duration::ZERO), "heard already");
        signal.end();
        signal.wait(Duration::from_secs(60));
        signal.sleep(Duration::from_secs(60));
        assert!(signal.is_over());
    }
}
