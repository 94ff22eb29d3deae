//! A shop from a backup: under a new device, with the recovery card, at a moment of the owner's choice.
//!
//! The books are built beside the place where a shop lies and moved there whole, as the last step, so an interrupted
//! restore is none. Nothing is ever signed with an old device's key, which is not in a backup: a series goes on only where
//! it was, so any number of restores from one file fork nothing. The new device lets itself in by its first fact.

use crate::{
    App, AppError, Code, Result, Shop,
    backup_file::{self, EXTENSION, identity_of},
    backups::{BackupFileView, FolderView, RestoredView, file_view, look_into, refused},
    backups_hub::{FETCHING, said_of},
    open::{DATABASE, OpenError, folder_of},
    recovery::{card_of, secret_of},
    settings::name_counter,
    vault,
    wire::rfc3339,
};
use domain::{
    ids::{BranchId, CounterId, DeviceId, ShopId},
    numbers::RESTORED_ORDINALS,
    time::Moment,
};
use journal::{Body, DeviceKey, PublicKey, Stamp, body::DeviceRestoredV1};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};
use store::{Identity, Options, Store, StoreError};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where the books are built; what lies there at a start of the program is what a power cut left.
const FOLDER: &str = "restoring";
/// What this device remembers of its beginning.
pub(crate) const REMEMBERED: &str = "restored_from";

#[derive(Default)]
pub(crate) struct Restoring(Mutex<Progress>);

#[derive(Default, Clone)]
struct Progress {
    phase: Phase,
    done: u64,
    total: u64,
}

#[derive(Default, Clone, Copy, PartialEq)]
pub(crate) enum Phase {
    #[default]
    Idle,
    Fetching,
    Reading,
    Checking,
    Building,
    Done,
    Failed,
}

impl Restoring {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn went_on(&self, done: u64) {
        self.lock().done = done;
    }

    pub(crate) fn at(&self, phase: Phase, total: u64) {
        *self.lock() = Progress {
            phase,
            done: 0,
            total,
        };
    }
}

/// How far restoring is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RestoreView {
    /// idle, fetching, reading, checking, building, done or failed
    pub phase: String,
    /// Bytes, while fetching and reading.
    pub done: u64,
    pub total: u64,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LookAtBackup {
    pub path: String,
    /// What stands on the card, typed or scanned; without it only what anybody may read is told.
    pub code: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BackupLook {
    pub file: BackupFileView,
    pub facts: u64,
    /// The card opens it.
    pub opens: bool,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreShop {
    pub id: Uuid,
    pub path: String,
    pub code: String,
    /// RFC 3339: what was written later is left out. The whole backup without it.
    pub until: Option<String>,
    /// The person goes on although only the hub says whose backup it is: with a card of an older kind nobody can tell.
    #[serde(default)]
    pub unproven: bool,
}

/// What stands now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShopRestored {
    pub shop: String,
    pub made_at: String,
    pub facts: u64,
    /// Facts of the backup that were later than the chosen moment.
    pub left_out: u64,
}

#[derive(Serialize, Deserialize)]
struct Remembered {
    at_ms: i64,
    backup_ms: i64,
    backup_by: Uuid,
    until_ms: Option<i64>,
    facts: u64,
}

impl App {
    pub fn restore_view(&self) -> RestoreView {
        let at = self.restoring.lock().clone();
        let phase = match at.phase {
            Phase::Idle => "idle",
            Phase::Fetching => "fetching",
            Phase::Reading => "reading",
            Phase::Checking => "checking",
            Phase::Building => "building",
            Phase::Done => "done",
            Phase::Failed => "failed",
        };
        RestoreView {
            phase: phase.to_owned(),
            done: at.done,
            total: at.total,
        }
    }

    pub(crate) fn without_shop(&self) -> Result<()> {
        match self.try_shop() {
            Some(_) => Err(Code::ShopExists.into()),
            None => Ok(()),
        }
    }

    pub fn restore_folder(&self, path: Option<&str>) -> Result<FolderView> {
        self.without_shop()?;
        look_into(path, None)
    }

    /// Where a file that comes over the browser is put, and the file.
    pub fn take_upload(&self) -> Result<(PathBuf, File)> {
        self.without_shop()?;
        let folder = self.config().data.join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(refused)?;
        let path = folder.join(format!("{}.{EXTENSION}", self.edges().new_id()));
        let file = File::create_new(&path).map_err(refused)?;
        Ok((path, file))
    }

    pub fn look_at_backup(&self, request: &LookAtBackup) -> Result<BackupLook> {
        self.without_shop()?;
        let path = PathBuf::from(request.path.trim());
        let header = match &request.code {
            None => backup_file::header_of(&path)?,
            Some(code) => backup_file::open(&path, &identity_of(&secret_of(code)?)?)?.0,
        };
        Ok(BackupLook {
            file: file_view(&path, &header),
            facts: header.facts,
            opens: request.code.is_some(),
        })
    }

    /// Builds the shop from a backup and opens it. There is no shop here before, and after a failure none either.
    pub fn restore(&self, request: &RestoreShop) -> Result<ShopRestored> {
        let _one_at_a_time = self.changing_shop.lock().unwrap_or_else(PoisonError::into_inner);
        self.without_shop()?;
        let outcome = self.restore_alone(request);
        let phase = match outcome {
            Ok(_) => Phase::Done,
            Err(_) => Phase::Failed,
        };
        self.restoring.at(phase, 0);
        outcome
    }

    fn restore_alone(&self, request: &RestoreShop) -> Result<ShopRestored> {
        let card = card_of(&request.code)?;
        let secret = card.secret;
        let until = match &request.until {
            None => None,
            Some(text) => {
                let at: jiff::Timestamp = text.parse().map_err(|e| AppError::field("until", e))?;
                Some(Moment(at.as_millisecond()))
            }
        };
        let path = PathBuf::from(request.path.trim());
        let (_, mut opened) = backup_file::open(&path, &identity_of(&secret)?)?;
        let data = &self.config().data;
        let work = data.join(FOLDER).join("work");
        clear(&work)?;
        std::fs::create_dir_all(&work).map_err(refused)?;
        let room = opened.manifest.books_bytes.saturating_mul(3);
        let free = fs4::available_space(&work).map_err(refused)?;
        if free < room {
            return Err(AppError::new(Code::BackupNoRoom)
                .hint("free", free)
                .hint("needed", room));
        }

        let books = Options {
            file: work.join("books.db"),
            key: Some(opened.manifest.books_key),
            vfs: None,
        };
        self.restoring.at(Phase::Reading, opened.manifest.books_bytes);
        let mut file = BufWriter::new(File::create_new(&books.file).map_err(refused)?);
        opened.books_into(&mut file, |done| self.restoring.went_on(done))?;
        file.flush().map_err(refused)?;
        drop(file);
        let manifest = opened.manifest;

        self.restoring.at(Phase::Checking, 0);
        let damaged = |why: String| AppError::new(Code::BackupDamaged).because(why);
        let shop = ShopId::from_uuid(manifest.shop);
        if !Store::only_keeps(&books).map_err(newer)? {
            return Err(damaged("it holds more than books".to_owned()));
        }
        let store = Store::open(books.clone()).map_err(newer)?;
        if store.vector()? != manifest.vector() {
            return Err(damaged("it has other facts than it says".to_owned()));
        }
        let verified = store.verify()?;
        if let Some(fault) = verified.faults.first() {
            return Err(damaged(fault.clone()));
        }
        let left_out = match until {
            Some(until) => store.leave_out_after(until)?,
            None => 0,
        };
        let facts: u64 = store.vector()?.values().sum();
        let branch = BranchId::from_uuid(manifest.branch);
        let said = said_of(&path, data)?;
        let (of_shop, lets_in, place, ordinal, signed, vouched) = store.read(|r| {
            let mut ordinal;
            loop {
                let span = RESTORED_ORDINALS.end - RESTORED_ORDINALS.start;
                ordinal = RESTORED_ORDINALS.start + u16::from_be_bytes(self.edges().random()) % span;
                if !r.ordinal_is_taken(ordinal)? {
                    break;
                }
            }
            let lets_in = r.lets_in(&secret.signing_key().public().bytes())?;
            // Anybody can seal books for the card, and a hub can hand them out. The card knows who founded the shop, and
            // whoever belongs to it follows from that; a device that does signed what came from a hub.
            let founder = r.founder()?;
            let vouched = r.vouchings()?.iter().any(|vouched| {
                founder.is_some_and(|(device, key)| secret.vouched(shop, device, &key, vouched))
            });
            let signed = match &said {
                None => true,
                Some(said) => r
                    .device(said.description.device())?
                    .and_then(|row| PublicKey::from_bytes(&row.public_key))
                    .is_some_and(|key| said.is_signed_by(&key)),
            };
            let place = r.next_place(branch)?;
            Ok::<_, AppError>((r.is_of(shop)?, lets_in, place, ordinal, signed, vouched))
        })?;
        drop(store);
        if !of_shop {
            return Err(damaged("its facts are another shop's".to_owned()));
        }
        if !signed {
            return Err(damaged("no device of the shop signed for it".to_owned()));
        }
        if !lets_in {
            return Err(Code::RestoreTooEarly.into());
        }
        if !vouched && card.vouches {
            return Err(damaged(
                "its shop was founded by another device than the card vouches for".to_owned(),
            ));
        }
        if !vouched && said.is_some() && !request.unproven {
            return Err(Code::RestoreUnproven.into());
        }
        let (_, lane) = place.ok_or(Code::NumbersUsedUp)?;

        self.restoring.at(Phase::Building, 0);
        let identity = Identity {
            device: DeviceId::from_uuid(self.edges().new_id()),
            shop,
            branch,
            counter: CounterId::from_uuid(self.edges().new_id()),
            ordinal,
            lane,
            secret_key: self.edges().random(),
            number_key: manifest.number_key,
            currency: manifest.currency.clone(),
            demo: false,
        };
        Store::adopt(&books, &identity, Stamp(manifest.clock))?;
        let home = folder_of(data, false);
        std::fs::create_dir_all(&home).map_err(refused)?;
        let fresh = !home.join(DATABASE).exists();
        let (key, _) =
            vault::key_of(&home, fresh, self.edges(), self.config().use_keyring).map_err(OpenError::Key)?;
        let built = Options {
            file: work.join(DATABASE),
            key: Some(key),
            vfs: None,
        };
        Store::open(books)?.copy_as(&built, &identity)?;
        let store = Store::open(built.clone())?;
        let remembered = Remembered {
            at_ms: self.edges().now().0,
            backup_ms: manifest.made_ms,
            backup_by: manifest.device,
            until_ms: until.map(|until| until.0),
            facts,
        };
        self.begin(&store, &identity, &secret, &remembered)?;
        store.overwrite_deleted()?;
        drop(store);
        let log = work.join(format!("{DATABASE}-wal"));
        if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            return Err(AppError::new(Code::Broken).because("the restored books are still open"));
        }
        File::open(&built.file)
            .and_then(|file| file.sync_all())
            .map_err(refused)?;
        // What a power cut left of a setup must not be read together with these books.
        for ending in ["-wal", "-shm"] {
            gone(std::fs::remove_file(home.join(format!("{DATABASE}{ending}"))))?;
        }
        std::fs::rename(&built.file, home.join(DATABASE)).map_err(refused)?;
        for folder in [&home, data] {
            if let Ok(folder) = File::open(folder) {
                // On Windows a folder cannot be flushed; there the file's own flush is what there is.
                let _ = folder.sync_all();
            }
        }
        let (store, key_storage) = self.open_store(false)?;
        self.enter(store, key_storage)?;
        self.sweep_restoring();
        self.live.tell("resync", None);
        Ok(ShopRestored {
            shop: manifest.shop_name,
            made_at: rfc3339(Moment(manifest.made_ms)),
            facts,
            left_out: u64::try_from(left_out).unwrap_or(u64::MAX),
        })
    }

    /// The first words of the new device: the recovery key's signature, alone, and then what its counter is called.
    fn begin(
        &self,
        store: &Store,
        identity: &Identity,
        secret: &journal::recovery::RecoverySecret,
        remembered: &Remembered,
    ) -> Result<()> {
        let now = self.edges().now();
        let mut restored = DeviceRestoredV1 {
            device: identity.device.bytes(),
            public_key: DeviceKey::from_seed(&identity.secret_key).public().bytes(),
            branch: identity.branch.bytes(),
            counter: identity.counter.bytes(),
            ordinal: identity.ordinal,
            lane: identity.lane,
            backup_by: *remembered.backup_by.as_bytes(),
            backup_ms: remembered.backup_ms,
            restored_ms: now.0,
            recovery_key: [0; 32],
            signature: [[0; 32]; 2],
        };
        secret.sign(identity.shop, &mut restored);
        store.write(now, |tx| tx.record(None, &Body::DeviceRestored(restored)))?;
        let remembered =
            serde_json::to_string(remembered).map_err(|e| AppError::new(Code::Broken).caused(e))?;
        store.write(now, |tx| {
            name_counter(
                tx,
                identity.counter,
                &format!("Till {}", u16::from(identity.lane) + 1),
            )?;
            tx.set_local_value(REMEMBERED, &remembered)?;
            Ok::<_, AppError>(())
        })
    }

    /// Deletes what an interrupted restore left.
    pub(crate) fn sweep_restoring(&self) {
        let data = &self.config().data;
        // While there is no shop, what came from a hub so far is gone on with.
        let whole = folder_of(data, false).join(DATABASE).exists();
        let fetched = whole.then(|| data.join(FETCHING));
        for folder in std::iter::once(data.join(FOLDER)).chain(fetched) {
            if let Err(error) = clear(&folder) {
                tracing::warn!(%error, "what is left of a restore is not deleted");
            }
        }
    }
}

fn clear(folder: &Path) -> Result<()> {
    gone(std::fs::remove_dir_all(folder))
}

fn gone(removed: std::io::Result<()>) -> Result<()> {
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(refused(error)),
        _ => Ok(()),
    }
}

fn newer(error: StoreError) -> AppError {
    match error {
        StoreError::NewerDatabase { needs, .. } => AppError::new(Code::BackupNewer).hint("build", needs),
        StoreError::WrongKey => AppError::new(Code::BackupDamaged).caused(error),
        other => other.into(),
    }
}

impl Shop {
    pub(crate) fn restored_view(&self, remembered: &str) -> Option<RestoredView> {
        let begun: Remembered = serde_json::from_str(remembered).ok()?;
        let old = DeviceId::from_uuid(begun.backup_by);
        let (vector, revoked) = self
            .store
            .read(|r| Ok::<_, StoreError>((self.store.vector()?, r.revoked(old)?)))
            .ok()?;
        let others: u64 = vector
            .iter()
            .filter(|(device, _)| **device != self.identity.device)
            .map(|(_, seq)| *seq)
            .sum();
        Some(RestoredView {
            at: rfc3339(Moment(begun.at_ms)),
            backup_at: rfc3339(Moment(begun.backup_ms)),
            old_device: revoked.is_none().then_some(begun.backup_by),
            came_since: others.saturating_sub(begun.facts),
            until: begun.until_ms.map(|ms| rfc3339(Moment(ms))),
        })
    }
}
