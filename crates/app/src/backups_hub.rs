//! Backups at the shop's hub, and a shop fetched from there with nothing but the recovery card.
//!
//! A backup goes there sealed, in pieces that are asked for again after a break; what is on its way lies on this disk
//! until the hub has all of it, so a till that was switched off goes on where it was. How a hub is reached is the
//! concern of `sync`. What is fetched is checked piece by piece against what its device signed, and then it is a file
//! like any other.

use crate::{
    App, AppError, Code, Result, Shop,
    backup_file::{self, EXTENSION, identity_of, key_name},
    backups::{Made, file_view, refused},
    hub::hub_address,
    letters::hex,
    recovery::secret_of,
    restore::{BackupLook, Phase},
    wire::rfc3339,
};
use domain::time::Moment;
use journal::{
    DeviceKey,
    backups::{Bring, Brought, CardAsk, Description, KeptBackups, PIECE_BYTES, Signed, Want},
    exchange::{DEVICE, DIGEST, SHOP, SIGNATURE, TIME, signature_text},
};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
    thread,
    time::Duration,
};
use store::{backups::TargetRow, recovery::RecoveryKeyRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// What is on its way to the hub, beside the shop's own file.
const SENDING: &str = "sending";
/// What comes from a hub, beside the shop's folder. It outlives a restart.
pub(crate) const FETCHING: &str = "fetching";
/// A backup of which nothing went out for so long is not sent any more; a fresh one is made.
const STALE_MS: i64 = 24 * 3_600_000;
/// When the last piece went out, as closely as it is written down.
const WENT_OUT: &str = "backup_went_out";
const WENT_OUT_MS: i64 = 10 * 60_000;
/// How often a piece is tried before the rest waits.
const TRIES: u32 = 3;
/// How long the hub may take until it has heard of a new card, whose facts travel beside.
const HEARS_WITHIN: u32 = 40;
const PAUSE: Duration = Duration::from_millis(250);

const BACKUPS: &str = "/sync/v1/backups";
const RECOVER: &str = "/sync/v1/recover";

/// What a hub said instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HubSays {
    /// Its word for why not.
    #[error("the hub refuses: {0}")]
    Refused(String),
    #[error("{0}")]
    NoAnswer(String),
    /// It was asked too often from here, and answers again in a while.
    #[error("the hub was asked too often")]
    Busy,
}

/// How this program asks hubs.
pub trait AsksHubs: Send + Sync {
    fn ask(
        &self,
        address: &str,
        path: &str,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> std::result::Result<Vec<u8>, HubSays>;
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskHub {
    /// Like `https://hub.example.com`.
    pub address: String,
    /// What stands on the card, typed or scanned.
    pub code: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HubBackups {
    /// The address as it is understood.
    pub address: String,
    /// Newest first.
    pub backups: Vec<HubBackup>,
    /// A device of the shop that does not speak for its owner made a newer card. This one fetches for a while what was
    /// kept for it.
    pub replaced: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HubBackup {
    pub id: Uuid,
    /// Which device made it.
    pub device: Uuid,
    pub made_at: String,
    pub bytes: u64,
    pub facts: u64,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FetchBackup {
    pub address: String,
    pub code: String,
    /// One of those that were listed.
    pub backup: Uuid,
}

/// What it means for a person that a hub did not do what was asked.
fn said(says: HubSays) -> AppError {
    let code = match &says {
        HubSays::NoAnswer(_) => Code::HubUnreachable,
        HubSays::Busy => Code::HubBusy,
        HubSays::Refused(why) => match why.as_str() {
            "no_backups" => Code::BackupHubNone,
            "backups_full" => Code::BackupHubFull,
            "card_unknown" => Code::BackupHubBehind,
            "backup_unknown" => Code::BackupGone,
            _ => Code::HubRefused,
        },
    };
    let hint = match &says {
        HubSays::Refused(why) => Some(why.clone()),
        HubSays::NoAnswer(_) | HubSays::Busy => None,
    };
    let error = AppError::new(code).because(&says).caused(says);
    match hint {
        Some(why) => error.hint("why", why),
        None => error,
    }
}

fn unreadable(error: impl std::fmt::Display) -> AppError {
    said(HubSays::NoAnswer(format!(
        "the hub's answer cannot be read: {error}"
    )))
}

fn piece_bytes() -> usize {
    usize::try_from(PIECE_BYTES).unwrap_or(usize::MAX)
}

/// Reads a piece, as long as it should be or as much as there is.
fn piece_of(file: &mut File, at: u32) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(u64::from(at) * PIECE_BYTES))?;
    let mut piece = Vec::with_capacity(piece_bytes());
    file.take(PIECE_BYTES).read_to_end(&mut piece)?;
    Ok(piece)
}

/// Where it lies what the device said of a backup that was fetched.
fn beside(path: &Path) -> PathBuf {
    path.with_extension("signed")
}

/// What the device said of a backup, if it came from a hub. Without its word such a one is not believed.
pub(crate) fn said_of(path: &Path, data: &Path) -> Result<Option<Signed>> {
    let damaged = |why: String| AppError::new(Code::BackupDamaged).because(why);
    match std::fs::read(beside(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match is_fetched(path, data) {
            true => Err(damaged("what its device said of it is gone".to_owned())),
            false => Ok(None),
        },
        read => Signed::decode(&read.map_err(refused)?)
            .map(Some)
            .map_err(|e| damaged(format!("what is said of it: {e}"))),
    }
}

/// Whether a file lies where backups from hubs do, by whatever way it is named.
fn is_fetched(path: &Path, data: &Path) -> bool {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    folder.is_some() && folder == data.join(FETCHING).canonicalize().ok()
}

/// Writes a file whole or not at all.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&unfinished, path)?;
    path.parent().into_iter().for_each(flush);
    Ok(())
}

fn flush(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        // On Windows a folder cannot be flushed; there the file's own flush is what there is.
        let _ = folder.sync_all();
    }
}

/// The backups in a folder, whole as files and not yet as backups.
fn waiting_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|e| e == EXTENSION))
}

fn clear(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(refused(error)),
        _ => Ok(()),
    }
}

impl App {
    /// Gives the app its way to hubs.
    pub fn reach_hubs(&self, way: Arc<dyn AsksHubs>) {
        if let Some(shop) = self.try_shop() {
            shop.backups.reach_hub(way.clone());
        }
        *self.hubs.write().unwrap_or_else(PoisonError::into_inner) = Some(way);
    }

    fn ask_with_card(&self, address: &str, ask: &CardAsk) -> Result<Vec<u8>> {
        let hubs = self.hubs.read().unwrap_or_else(PoisonError::into_inner).clone();
        let hubs = hubs.ok_or_else(|| AppError::new(Code::Broken).because("this program reaches no hub"))?;
        let mut tries = 1;
        loop {
            match hubs.ask(address, RECOVER, &[], &ask.encode()) {
                Err(HubSays::NoAnswer(_) | HubSays::Busy) if tries < TRIES && ask.want != Want::List => {
                    thread::sleep(PAUSE * tries);
                    tries += 1;
                }
                // Whoever has no card hears no more than that.
                Err(HubSays::Refused(why)) if why == "not_signed" => {
                    return Err(Code::RecoveryCardUnknown.into());
                }
                answer => return answer.map_err(said),
            }
        }
    }

    fn kept_at_hub(&self, address: &str, code: &str) -> Result<KeptBackups> {
        let secret = secret_of(code)?;
        let ask = CardAsk::with(&secret, Want::List, self.edges().now().0);
        let mut kept = KeptBackups::decode(&self.ask_with_card(address, &ask)?).map_err(unreadable)?;
        let good = |signed: &Signed| signed.description.fits() && signed.description.card == ask.card;
        kept.backups.retain(good);
        Ok(kept)
    }

    /// The backups at a hub that a card opens.
    pub fn backups_at_hub(&self, request: &AskHub) -> Result<HubBackups> {
        self.without_shop()?;
        let address = hub_address(&request.address)?;
        let kept = self.kept_at_hub(&address, &request.code)?;
        let view = |signed: Signed| HubBackup {
            id: Uuid::from_bytes(signed.description.id()),
            device: signed.description.device().uuid(),
            made_at: rfc3339(Moment(signed.description.made_ms)),
            bytes: signed.description.bytes,
            facts: signed.description.facts,
        };
        Ok(HubBackups {
            address,
            backups: kept.backups.into_iter().map(view).collect(),
            replaced: kept.replaced,
        })
    }

    /// Brings a backup from a hub to this disk. What came before a break is not fetched again.
    pub fn fetch_backup(&self, request: &FetchBackup) -> Result<BackupLook> {
        let _one_at_a_time = self.changing_shop.lock().unwrap_or_else(PoisonError::into_inner);
        self.without_shop()?;
        let outcome = self.fetch_alone(request);
        let phase = match outcome {
            Ok(_) => Phase::Idle,
            Err(_) => Phase::Failed,
        };
        self.restoring.at(phase, 0);
        outcome
    }

    fn fetch_alone(&self, request: &FetchBackup) -> Result<BackupLook> {
        let address = hub_address(&request.address)?;
        let secret = secret_of(&request.code)?;
        let kept = self.kept_at_hub(&address, &request.code)?;
        let signed = kept
            .backups
            .into_iter()
            .find(|signed| signed.description.id() == *request.backup.as_bytes())
            .ok_or(Code::BackupGone)?;
        let about = &signed.description;
        let folder = self.config().data.join(FETCHING);
        std::fs::create_dir_all(&folder).map_err(refused)?;
        let path = folder.join(format!("{}.{EXTENSION}", request.backup));
        let part = folder.join(format!("{}.part", request.backup));
        // What is here already is looked at once more: a power cut may have left its name and not its bytes.
        if path.exists() {
            std::fs::rename(&path, &part).map_err(refused)?;
        }
        self.fetch_pieces(&address, &secret, about, &part)?;
        // First what its device said of it, down to the disk: the backup is not there without it.
        keep(&beside(&path), &signed.encode()).map_err(refused)?;
        std::fs::rename(&part, &path).map_err(refused)?;
        flush(&folder);
        let (header, opened) = backup_file::open(&path, &identity_of(&secret)?)?;
        if opened.manifest.device != about.device().uuid() || header.shop != about.shop() {
            return Err(
                AppError::new(Code::BackupDamaged).because("it is another backup than its device signed")
            );
        }
        Ok(BackupLook {
            file: file_view(&path, &header),
            facts: header.facts,
            opens: true,
        })
    }

    fn fetch_pieces(
        &self,
        address: &str,
        secret: &journal::recovery::RecoverySecret,
        about: &Description,
        part: &Path,
    ) -> Result<()> {
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(part)
            .map_err(refused)?;
        let free = fs4::available_space(part).map_err(refused)?;
        let here = file.metadata().map_err(refused)?.len();
        if free.saturating_add(here) < about.bytes {
            return Err(AppError::new(Code::BackupNoRoom)
                .hint("free", free)
                .hint("needed", about.bytes));
        }
        self.restoring.at(Phase::Fetching, about.bytes);
        let count = u32::try_from(about.pieces.len()).unwrap_or(u32::MAX);
        let mut had = true;
        for at in 0..count {
            // What a power cut left in the middle is seen by its hash.
            had = had && about.is_piece(at, &piece_of(&mut file, at).map_err(refused)?);
            if !had {
                let want = Want::Piece {
                    shop: about.shop,
                    id: about.id(),
                    at,
                };
                let ask = CardAsk::with(secret, want, self.edges().now().0);
                let piece = self.ask_with_card(address, &ask)?;
                if !about.is_piece(at, &piece) {
                    return Err(
                        AppError::new(Code::BackupDamaged).because("a piece is not what its device signed")
                    );
                }
                file.seek(SeekFrom::Start(u64::from(at) * PIECE_BYTES))
                    .map_err(refused)?;
                file.write_all(&piece).map_err(refused)?;
            }
            let length = about.length_of(at).unwrap_or(0);
            self.restoring.went_on(u64::from(at) * PIECE_BYTES + length);
        }
        file.set_len(about.bytes).map_err(refused)?;
        file.sync_all().map_err(refused)
    }
}

impl Shop {
    /// Where the shop's hub is, if backups can go there.
    pub(crate) fn hub_for_backups(&self) -> Option<String> {
        self.backups.hub().and(self.hub_followed())
    }

    fn bring(&self, address: &str, step: &Bring) -> std::result::Result<Brought, HubSays> {
        let broken = |why: &dyn std::fmt::Display| HubSays::NoAnswer(why.to_string());
        let hub = self
            .backups
            .hub()
            .ok_or_else(|| broken(&"this program reaches no hub"))?;
        let body = step.encode();
        let asked = self
            .sign_request("POST", BACKUPS, &body)
            .map_err(|e| broken(&e))?;
        let headers = [
            (SHOP, asked.shop.to_string()),
            (DEVICE, asked.device.to_string()),
            (TIME, asked.time_ms.to_string()),
            (DIGEST, hex(&asked.digest)),
            (SIGNATURE, signature_text(&asked.signature)),
        ];
        let answer = hub.ask(address, BACKUPS, &headers, &body)?;
        Brought::decode(&answer).map_err(|e| broken(&e))
    }

    /// Again after a break, a few times.
    fn bring_again(&self, address: &str, step: &Bring) -> Result<Brought> {
        let mut tries = 1;
        loop {
            match self.bring(address, step) {
                Err(HubSays::NoAnswer(_) | HubSays::Busy) if tries < TRIES && !self.backups.due.is_over() => {
                    thread::sleep(PAUSE * tries);
                    tries += 1;
                }
                answer => return answer.map_err(said),
            }
        }
    }

    /// A new card's fact travels to the hub by itself; for a moment it may not be there yet.
    fn begin_to_bring(&self, address: &str, signed: &Signed) -> Result<Brought> {
        let begin = Bring::Begin(signed.clone());
        for _ in 0..HEARS_WITHIN {
            match self.bring_again(address, &begin) {
                Err(error) if error.code == Code::BackupHubBehind && !self.backups.due.is_over() => {
                    thread::sleep(PAUSE);
                }
                outcome => return outcome,
            }
        }
        self.bring_again(address, &begin)
    }

    pub(crate) fn sending(&self) -> PathBuf {
        self.store.file().with_file_name(SENDING)
    }

    /// Whether a backup was cut off on its way to the hub.
    pub(crate) fn is_on_its_way(&self) -> bool {
        waiting_in(&self.sending()).next().is_some()
    }

    /// A backup that is on its way already and worth going on with.
    fn on_its_way(&self, folder: &Path, key: &RecoveryKeyRow) -> Result<Option<PathBuf>> {
        let now = self.edges.now();
        let went_out = self.store.read(|r| r.local_value(WENT_OUT))?;
        let went_out = went_out.and_then(|ms| ms.parse().ok()).map(Moment);
        Ok(waiting_in(folder).find(|path| {
            backup_file::header_of(path).is_ok_and(|header| {
                let last = went_out.map_or(header.made, |went| went.max(header.made));
                header.shop == self.identity.shop
                    && header.device == self.identity.device
                    && header.key == key_name(&key.public_key)
                    && (0..STALE_MS).contains(&now.ms_since(last))
            })
        }))
    }

    /// A piece went out. On a slow line many do before the backup is whole.
    fn went_out(&self, noted: &mut Option<Moment>) -> Result<()> {
        let now = self.edges.now();
        if noted.is_some_and(|last| (0..WENT_OUT_MS).contains(&now.ms_since(last))) {
            return Ok(());
        }
        *noted = Some(now);
        Ok(self
            .store
            .write(now, |tx| tx.set_local_value(WENT_OUT, &now.0.to_string()))?)
    }

    fn described(&self, path: &Path, key: &RecoveryKeyRow) -> Result<(Signed, String)> {
        let header = backup_file::header_of(path)?;
        let mut file = File::open(path).map_err(refused)?;
        let bytes = file.metadata().map_err(refused)?.len();
        let count = u32::try_from(bytes.div_ceil(PIECE_BYTES)).unwrap_or(u32::MAX);
        let mut pieces = vec![];
        for at in 0..count {
            let piece = piece_of(&mut file, at).map_err(refused)?;
            pieces.push(*blake3::hash(&piece).as_bytes());
        }
        let description = Description {
            shop: self.identity.shop.bytes(),
            device: self.identity.device.bytes(),
            card: key.public_key,
            made_ms: header.made.0,
            bytes,
            facts: header.facts,
            pieces,
        };
        if !description.fits() {
            return Err(AppError::new(Code::BackupHubFull).because("it is larger than what a hub takes"));
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let signed = description.sign(&DeviceKey::from_seed(&self.identity.secret_key));
        Ok((signed, name.unwrap_or_default()))
    }

    /// Makes a backup, or goes on with one, until the hub has all of it.
    pub(crate) fn make_at_hub(&self, row: &TargetRow) -> Result<Made> {
        let address = self.hub_followed().ok_or(Code::HubNone)?;
        let key = self
            .store
            .read(|r| r.recovery_key())?
            .ok_or(Code::RecoveryKeyMissing)?;
        let folder = self.sending();
        let path = match self.on_its_way(&folder, &key)? {
            Some(path) => path,
            None => {
                clear(&folder)?;
                std::fs::create_dir_all(&folder).map_err(refused)?;
                let _one_copy_at_a_time = self.backups.copying();
                folder.join(self.write_backup(&key, &self.copies(), &folder)?.file)
            }
        };
        let (signed, name) = self.described(&path, &key)?;
        let id = signed.description.id();
        let outcome = self.bring_all(row, &address, &signed, &path);
        match &outcome {
            Ok(()) => clear(&folder)?,
            // It was taken away there meanwhile: the next one begins anew.
            Err(error) if error.code == Code::BackupGone => clear(&folder)?,
            Err(_) => {}
        }
        outcome?;
        tracing::info!(backup = %Uuid::from_bytes(id), bytes = signed.description.bytes, "the hub has a backup");
        Ok(Made {
            at: Moment(signed.description.made_ms),
            file: name,
            bytes: signed.description.bytes,
            facts: signed.description.facts,
        })
    }

    fn bring_all(&self, row: &TargetRow, address: &str, signed: &Signed, path: &Path) -> Result<()> {
        let id = signed.description.id();
        let mut file = File::open(path).map_err(refused)?;
        let mut brought = self.begin_to_bring(address, signed)?;
        let mut noted = None;
        for _ in 0..TRIES {
            for at in brought.missing {
                // The shop may be closed, or the hub taken off the list.
                if self.backups.due.is_over() || self.store.read(|r| r.backup_target(&row.id))?.is_none() {
                    return Err(Code::BackupPlaceGone.into());
                }
                let bytes = piece_of(&mut file, at).map_err(refused)?;
                self.bring_again(address, &Bring::Piece { id, at, bytes })?;
                self.went_out(&mut noted)?;
            }
            brought = self.bring_again(address, &Bring::Finish { id })?;
            if brought.whole {
                return Ok(());
            }
        }
        Err(said(HubSays::NoAnswer(
            "the hub loses what it is given".to_owned(),
        )))
    }
}
