//! Joining a shop that is there already, from the side of the new device: find the one that made the code, wait for
//! the owner's yes, receive the books, check them, open.
//!
//! Everything happens beside the shop's folder until the books are whole; then one rename makes them the shop's. A
//! device whose power is cut has no shop, or the whole of one.

use crate::{
    App, AppError, Code, Result, Shop,
    join_words::{
        ASK, Ask, Asked, HALVES, HELLO, Hello, Knock, Ready, Told, address, pin_of, read_qr, signed,
    },
    joining::{disk, new_half, size_and_hash},
    letters::unhex,
    open::{DATABASE, folder_of},
    vault,
};
use domain::{device::JoinCode, ids::DeviceId, time::Moment};
use journal::{DeviceKey, PublicKey, channel::Channel};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use store::{Options, Store};
use utoipa::ToSchema;

/// How often the host is asked how it stands.
const AGAIN: Duration = Duration::from_millis(500);
/// How long a host may be silent before it counts as gone.
const PATIENCE_MS: i64 = 60_000;
/// Where books are received.
const FOLDER: &str = "joining";
/// Where this device found the shop; it keeps to that device until it finds others by itself.
const HOST: &str = "join.host";

/// No answer. The same may be asked again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(pub String);

/// How this program reaches other devices. What travels is sealed already.
pub trait Reach: Send + Sync {
    /// The answer's bytes; `None` when the other device says that there is nothing.
    fn ask(&self, address: &str, path: &str, body: &[u8]) -> std::result::Result<Option<Vec<u8>>, NoAnswer>;

    /// Keeps an open shop and the device at `address` alike from now on.
    fn keep_with(&self, shop: &Arc<Shop>, address: &str);
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinShop {
    /// What was scanned, or the 16 letters and digits that were typed.
    pub code: String,
    /// Where the other device is, when the code was typed.
    pub address: Option<String>,
    /// What this device calls itself.
    pub name: String,
}

/// How joining stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct JoinView {
    /// none, reaching, waiting, preparing, receiving, checking, opening, done or failed
    pub phase: String,
    /// The owner sees the same four.
    pub digits: Option<String>,
    pub received: u64,
    pub size: u64,
    /// Why it failed: the code of a refusal.
    pub failed: Option<String>,
}

#[derive(Default)]
pub(crate) struct Arrival(Mutex<Option<Attempt>>);

struct Attempt {
    view: JoinView,
    stop: Arc<AtomicBool>,
}

impl Arrival {
    fn lock(&self) -> MutexGuard<'_, Option<Attempt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one attempt knows.
struct Trip {
    app: Arc<App>,
    reach: Arc<dyn Reach>,
    stop: Arc<AtomicBool>,
    address: String,
    channel: Channel,
    halves: [u8; HALVES],
    host: PublicKey,
    n: u64,
    heard: Moment,
}

impl App {
    /// Gives this program its way to other devices.
    pub fn connect(&self, reach: Arc<dyn Reach>) {
        if let Some(shop) = self.try_shop() {
            keep(&reach, &shop);
        }
        *self.reach.write().unwrap_or_else(PoisonError::into_inner) = Some(reach);
    }

    /// Where other devices reach this one.
    pub fn addresses(&self) -> Vec<String> {
        self.doors.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The program says where it listens.
    pub fn listens_at(&self, addresses: Vec<String>) {
        *self.doors.write().unwrap_or_else(PoisonError::into_inner) = addresses;
    }

    pub fn join_view(&self) -> JoinView {
        let none = || JoinView {
            phase: "none".to_owned(),
            ..JoinView::default()
        };
        self.arrival
            .lock()
            .as_ref()
            .map_or_else(none, |attempt| attempt.view.clone())
    }

    /// Begins to join; how it goes on is asked for with `join_view`.
    pub fn join(self: &Arc<Self>, join: &JoinShop) -> Result<JoinView> {
        if self.try_shop().is_some() {
            return Err(Code::ShopExists.into());
        }
        let (code, addresses) = match read_qr(&join.code) {
            Some((code, addresses)) => (code, addresses),
            None => (join.code.clone(), join.address.iter().cloned().collect()),
        };
        let code = JoinCode::parse(&code).map_err(|_| AppError::new(Code::JoinCodeInvalid))?;
        let addresses: Vec<String> = addresses.iter().filter_map(|typed| address(typed)).collect();
        if addresses.is_empty() {
            return Err(Code::JoinAddressInvalid.into());
        }
        let name = crate::wire::text("name", &join.name, 60)?;
        let reach = self.reach.read().unwrap_or_else(PoisonError::into_inner).clone();
        let reach =
            reach.ok_or_else(|| AppError::new(Code::Broken).because("this program reaches nobody"))?;
        let stop = Arc::new(AtomicBool::new(false));
        {
            let mut arrival = self.arrival.lock();
            let under_way = |attempt: &Attempt| !["done", "failed"].contains(&attempt.view.phase.as_str());
            if arrival.as_ref().is_some_and(under_way) {
                return Err(Code::JoinBusy.into());
            }
            *arrival = Some(Attempt {
                view: JoinView {
                    phase: "reaching".to_owned(),
                    ..JoinView::default()
                },
                stop: stop.clone(),
            });
        }
        let app = self.clone();
        let started = thread::Builder::new().name("join".to_owned()).spawn(move || {
            let outcome = Trip::begin(&app, reach, stop.clone(), &code, &addresses)
                .and_then(|trip| trip.go(&code, &name));
            if stop.load(Ordering::Relaxed) && outcome.is_err() {
                return;
            }
            app.arrive(&stop, |view| match &outcome {
                Ok(()) => view.phase = "done".to_owned(),
                Err(error) => {
                    tracing::warn!(%error, "joining failed");
                    view.phase = "failed".to_owned();
                    view.failed = Some(error.code.as_str().to_owned());
                }
            });
        });
        if let Err(error) = started {
            *self.arrival.lock() = None;
            return Err(AppError::new(Code::Broken).caused(error));
        }
        Ok(self.join_view())
    }

    /// Gives up. What was received is deleted.
    pub fn stop_joining(&self) {
        if let Some(attempt) = self.arrival.lock().take() {
            attempt.stop.store(true, Ordering::Relaxed);
        }
    }

    /// Tells how it stands, unless somebody gave up meanwhile.
    fn arrive(&self, stop: &Arc<AtomicBool>, change: impl FnOnce(&mut JoinView)) {
        if let Some(attempt) = self.arrival.lock().as_mut()
            && Arc::ptr_eq(&attempt.stop, stop)
        {
            change(&mut attempt.view);
        }
    }

    /// What an attempt that was cut off left here.
    pub(crate) fn sweep_arrival(data: &Path) {
        match std::fs::remove_dir_all(data.join(FOLDER)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, "what was received of a shop is not deleted");
            }
            _ => {}
        }
    }
}

/// Keeps to the device that let this one in.
pub(crate) fn keep(reach: &Arc<dyn Reach>, shop: &Arc<Shop>) {
    match shop.store.read(|r| r.local_value(HOST)) {
        Ok(Some(address)) => reach.keep_with(shop, &address),
        Ok(None) => {}
        Err(error) => tracing::error!(%error, "it is not known whom this device keeps to"),
    }
}

impl Trip {
    /// Finds the device that made the code.
    fn begin(
        app: &Arc<App>,
        reach: Arc<dyn Reach>,
        stop: Arc<AtomicBool>,
        code: &JoinCode,
        addresses: &[String],
    ) -> Result<Trip> {
        let began = app.edges().now();
        loop {
            let mut answered = false;
            for address in addresses {
                let Ok(Some(hello)) = reach.ask(address, HELLO, b"{}") else {
                    continue;
                };
                answered = true;
                if let Some((host, half)) = found(&hello, code) {
                    let (secret, ours) = new_half(app.edges());
                    let channel = Channel::of(&ours, &half, &secret, &half).ok_or(Code::JoinCodeWrong)?;
                    let mut halves = [0; HALVES];
                    halves[..32].copy_from_slice(&half);
                    halves[32..].copy_from_slice(&ours);
                    return Ok(Trip {
                        heard: app.edges().now(),
                        app: app.clone(),
                        reach,
                        stop,
                        address: address.clone(),
                        channel,
                        halves,
                        host,
                        n: 0,
                    });
                }
            }
            if answered {
                return Err(Code::JoinCodeWrong.into());
            }
            // A device that was just switched on may take a moment.
            if stop.load(Ordering::Relaxed) || app.edges().now().0.saturating_sub(began.0) > 8_000 {
                return Err(Code::JoinHostGone.into());
            }
            thread::sleep(AGAIN);
        }
    }

    fn go(mut self, code: &JoinCode, name: &str) -> Result<()> {
        let outcome = self.travel(code, name);
        if outcome.is_err() {
            // The owner's screen need not wait for a device that gave up.
            let left = self.once(Ask::Leave);
            if let Err(error) = left {
                tracing::debug!(%error, "nobody hears that this device gave up");
            }
        }
        App::sweep_arrival(&self.app.config().data);
        outcome
    }

    fn travel(&mut self, code: &JoinCode, name: &str) -> Result<()> {
        let edges = self.app.edges().clone();
        let folder = folder_of(&self.app.config().data, false);
        std::fs::create_dir_all(&folder).map_err(|e| disk(&e))?;
        let use_keyring = self.app.config().use_keyring;
        let (database_key, _) = vault::key_of(&folder, true, &edges, use_keyring).map_err(|e| disk(&e))?;
        let device = DeviceId::from_uuid(edges.new_id());
        let secret_key: [u8; 32] = edges.random();
        let public_key = DeviceKey::from_seed(&secret_key).public().bytes();
        let knock = Knock {
            secret: code.secret().to_owned(),
            name: name.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            build: store::BUILD,
            device: device.uuid(),
            public_key,
            database_key,
        };
        let mut told = self.ask(|| Ask::Knock(Box::new(knock.clone())))?;
        let ready = loop {
            match told {
                Told::Waiting { digits } => self.tell(|view| {
                    view.phase = "waiting".to_owned();
                    view.digits = Some(digits);
                }),
                Told::Preparing => self.tell(|view| view.phase = "preparing".to_owned()),
                Told::Ready(ready) => break ready,
                Told::Over => return Err(Code::JoinExpired.into()),
                Told::Refused(code) => return Err(refusal(&code).into()),
            }
            thread::sleep(AGAIN);
            told = self.ask(|| Ask::Look)?;
        };
        let fresh = Options {
            file: self.receive(&ready)?,
            key: Some(database_key),
            vfs: None,
        };
        self.tell(|view| view.phase = "checking".to_owned());
        let (size, hash) = size_and_hash(&fresh.file)?;
        let signature: Option<[u8; 64]> = ready.signature.as_slice().try_into().ok();
        let is_theirs = signature.is_some_and(|signature| {
            self.host
                .verifies(&signed(ready.shop, device.uuid(), &hash), &signature)
        });
        if (size, hash) != (ready.size, ready.hash) || !is_theirs {
            return Err(Code::JoinDamaged.into());
        }
        let identity = ready.identity(device, secret_key);
        Store::adopt(&fresh, &identity, ready.stamp())?;
        // Views that another build made are made anew here, before the books become the shop's.
        let store = Store::open(fresh.clone())?;
        let belongs = store.admits(device, &public_key)?;
        store.write(edges.now(), |tx| tx.set_local_value(HOST, &self.address))?;
        store.overwrite_deleted()?;
        drop(store);
        if !belongs {
            return Err(Code::JoinDamaged.into());
        }
        self.tell(|view| view.phase = "opening".to_owned());
        self.app.take_over(&fresh.file, &folder, &self.stop)?;
        self.share();
        if let Err(error) = self.once(Ask::Done) {
            // It deletes what it made ready by itself after a while.
            tracing::info!(%error, "the other device did not hear that the books are here");
        }
        Ok(())
    }

    /// The books, piece by piece. A link that breaks is gone on with where it broke.
    fn receive(&mut self, ready: &Ready) -> Result<PathBuf> {
        let folder = self.app.config().data.join(FOLDER);
        App::sweep_arrival(&self.app.config().data);
        std::fs::create_dir_all(&folder).map_err(|e| disk(&e))?;
        let path = folder.join(DATABASE);
        let mut file = File::create(&path).map_err(|e| disk(&e))?;
        let mut received = 0;
        self.tell(|view| {
            view.phase = "receiving".to_owned();
            view.size = ready.size;
        });
        while received < ready.size {
            let piece = self.piece(received)?;
            if piece.is_empty() {
                return Err(Code::JoinDamaged.into());
            }
            file.write_all(&piece).map_err(|e| disk(&e))?;
            received += piece.len() as u64;
            self.tell(|view| view.received = received);
        }
        file.sync_all().map_err(|e| disk(&e))?;
        Ok(path)
    }

    /// A device that joined over the LAN is one of it: it is reached there from now on, and knows where its host was.
    fn share(&self) {
        let at = self
            .address
            .strip_prefix("https://")
            .map(str::parse::<SocketAddr>);
        let (Some(Ok(at)), Some(shop)) = (at, self.app.try_shop()) else {
            return;
        };
        let shared = shop.keep_sharing(|wanted| {
            wanted.on = true;
            if !wanted.typed.contains(&at) {
                wanted.typed.push(at);
            }
        });
        if let Err(error) = shared {
            tracing::error!(%error, "this device is not shared on the LAN; it can be turned on in its settings");
        }
    }

    fn tell(&self, change: impl FnOnce(&mut JoinView)) {
        self.app.arrive(&self.stop, change);
    }

    fn ask(&mut self, what: impl Fn() -> Ask) -> Result<Told> {
        let bytes = self.patiently(what)?;
        match bytes.split_first() {
            Some((0, json)) => serde_json::from_slice(json).map_err(|_| Code::JoinDamaged.into()),
            _ => Err(Code::JoinDamaged.into()),
        }
    }

    fn piece(&mut self, from: u64) -> Result<Vec<u8>> {
        let mut bytes = self.patiently(|| Ask::Piece { from })?;
        match bytes.first() {
            Some(1) => {
                bytes.remove(0);
                Ok(bytes)
            }
            Some(0) => match serde_json::from_slice(&bytes[1..]) {
                Ok(Told::Refused(code)) => Err(refusal(&code).into()),
                _ => Err(Code::JoinExpired.into()),
            },
            _ => Err(Code::JoinDamaged.into()),
        }
    }

    /// Asks until there is an answer, somebody gives up, or the other device counts as gone.
    fn patiently(&mut self, what: impl Fn() -> Ask) -> Result<Vec<u8>> {
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Code::JoinExpired.into());
            }
            match self.once(what()) {
                Ok(Some(answer)) => {
                    self.heard = self.app.edges().now();
                    return Ok(answer);
                }
                // It knows nothing of this any more: it was started anew, or the time is up.
                Ok(None) => return Err(Code::JoinExpired.into()),
                Err(error) => {
                    tracing::debug!(%error, "asked again");
                    let silent = self.app.edges().now().0.saturating_sub(self.heard.0);
                    if silent > PATIENCE_MS {
                        return Err(Code::JoinHostGone.into());
                    }
                }
            }
            thread::sleep(AGAIN);
        }
    }

    fn once(&mut self, what: Ask) -> std::result::Result<Option<Vec<u8>>, NoAnswer> {
        let lost = |e: &dyn std::fmt::Display| NoAnswer(e.to_string());
        self.n += 1;
        let asked = serde_json::to_vec(&Asked { n: self.n, what }).map_err(|e| lost(&e))?;
        let sealed = self
            .channel
            .close_ask(self.app.edges().random(), &asked)
            .ok_or_else(|| lost(&"a question is too long"))?;
        let question = [self.halves.as_slice(), &sealed].concat();
        let Some(answer) = self.reach.ask(&self.address, ASK, &question)? else {
            return Ok(None);
        };
        let opened = self.channel.open_answer(&question, &answer);
        opened
            .map(Some)
            .ok_or_else(|| lost(&"the answer is not the other device's"))
    }
}

/// The host's key and the half of the invitation that the code was made for.
fn found(hello: &[u8], code: &JoinCode) -> Option<(PublicKey, [u8; 32])> {
    let hello: Hello = serde_json::from_slice(hello).ok()?;
    let key = PublicKey::from_bytes(&unhex(&hello.key)?)?;
    let mut halves = hello.halves.iter().filter_map(|half| unhex::<32>(half));
    halves
        .find(|half| code.means(&pin_of(&key, half)))
        .map(|half| (key, half))
}

/// The refusal of a word that the host said.
fn refusal(word: &str) -> Code {
    let known = [
        Code::JoinCodeWrong,
        Code::JoinExpired,
        Code::JoinUsed,
        Code::JoinDeclined,
        Code::JoinVersion,
        Code::JoinFailed,
    ];
    known
        .into_iter()
        .find(|code| code.as_str() == word)
        .unwrap_or(Code::JoinExpired)
}

impl App {
    /// Makes of books that are whole this device's shop, and opens it.
    fn take_over(&self, books: &Path, folder: &Path, stop: &AtomicBool) -> Result<()> {
        let _one_at_a_time = self.changing_shop.lock().unwrap_or_else(PoisonError::into_inner);
        if self.try_shop().is_some() {
            return Err(Code::ShopExists.into());
        }
        if stop.load(Ordering::Relaxed) {
            return Err(Code::JoinExpired.into());
        }
        let file = folder.join(DATABASE);
        // A set-up that a power cut ended may have left a file without a shop in it.
        for suffix in ["-wal", "-shm", ""] {
            let old = folder.join(format!("{DATABASE}{suffix}"));
            match std::fs::remove_file(&old) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(disk(&e)),
                _ => {}
            }
        }
        std::fs::rename(books, &file).map_err(|e| disk(&e))?;
        if let Ok(folder) = File::open(folder) {
            // On Windows a folder cannot be flushed; there the rename itself is what there is.
            let _ = folder.sync_all();
        }
        let (store, key_storage) = self.open_store(false)?;
        self.enter(store, key_storage)?;
        self.live.tell("setting", None);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letters::hex;

    #[test]
    fn a_code_finds_its_own_invitation_and_no_other() {
        let key = DeviceKey::from_seed(&[7; 32]).public();
        let half = journal::channel::public_half(&[8; 32]);
        let other = journal::channel::public_half(&[9; 32]);
        let hello = serde_json::to_vec(&Hello {
            key: hex(&key.bytes()),
            halves: vec![hex(&other), hex(&half)],
        })
        .expect("json");
        let code = JoinCode::parse(&JoinCode::typed(&pin_of(&key, &half), &[1; 16])).expect("a code");
        assert_eq!(found(&hello, &code).map(|(_, half)| half), Some(half));
        let stranger = DeviceKey::from_seed(&[6; 32]).public();
        let code = JoinCode::parse(&JoinCode::typed(&pin_of(&stranger, &half), &[1; 16])).expect("a code");
        assert_eq!(found(&hello, &code), None);
        assert_eq!(found(b"what", &code), None);
    }
}
