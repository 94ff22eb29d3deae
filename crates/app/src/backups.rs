//! Backups by themselves: to a folder, to a USB stick when it is put in, and to the shop's hub.
//!
//! A backup counts once it was read back from where it lies, opened and compared; only then older ones are let go of.
//! The books are copied beside the till's work, which waits for nothing of it. Customers' keys are in a backup, without
//! which their names would stay closed; they go when the backup goes, and an erased customer's with it.

use crate::{
    Actor, AppError, Code, Result, Shop,
    backup_file::{self, EXTENSION, Manifest, key_name},
    backups_due::Due,
    backups_hub::AsksHubs,
    recovery::RecoveryView,
    wire::rfc3339,
};
use domain::{
    backup::{NAG_AFTER_MS, name_for_files, superfluous},
    ids::ShopId,
    time::Moment,
};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use store::{Options, Store, backups::TargetRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a disk keeps free for the till whatever a backup would like.
const ROOM: u64 = 64 << 20;
/// Where copies are made, beside the shop's own file.
const FOLDER: &str = "backing-up";
pub(crate) const HUB: &str = "hub";
/// The folder on a stick, and the file in it by which the stick is known again.
const STICK_FOLDER: &str = "Chandi backups";
const STICK_ID: &str = "this-stick.txt";
/// What is being written has this ending until it is whole.
const UNFINISHED: &str = "unfinished";

/// Where sticks show up: the folders at which they are mounted now.
pub type Sticks = Arc<dyn Fn() -> Vec<PathBuf> + Send + Sync>;

#[derive(Default)]
pub(crate) struct Backups {
    /// When they are made.
    pub(crate) due: Due,
    /// One backup at a time, and one on its way to the hub.
    busy: Mutex<()>,
    bringing: Mutex<()>,
    /// An export reads for long, and whoever asks for it again has the first one still running.
    exporting: Mutex<()>,
    running: AtomicUsize,
    hub: RwLock<Option<Arc<dyn AsksHubs>>>,
    sticks: Mutex<Option<Sticks>>,
}

impl Backups {
    pub(crate) fn reach_hub(&self, way: Arc<dyn AsksHubs>) {
        *self.hub.write().unwrap_or_else(PoisonError::into_inner) = Some(way);
        self.due.hub_is_there();
    }

    pub(crate) fn hub(&self) -> Option<Arc<dyn AsksHubs>> {
        self.hub.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Until nobody else copies the books.
    pub(crate) fn copying(&self) -> MutexGuard<'_, ()> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, for so long that a small copy is done meanwhile.
    pub(crate) fn nobody_copies(&self) -> Result<MutexGuard<'_, ()>> {
        for _ in 0..100 {
            match turn(&self.busy, Code::BackupBusy) {
                Err(_) => std::thread::sleep(std::time::Duration::from_millis(100)),
                nobody => return nobody,
            }
        }
        turn(&self.busy, Code::BackupBusy)
    }

    pub(crate) fn exporting(&self) -> Result<MutexGuard<'_, ()>> {
        turn(&self.exporting, Code::ExportBusy)
    }

    pub(crate) fn use_sticks(&self, sticks: Option<Sticks>) {
        *self.sticks.lock().unwrap_or_else(PoisonError::into_inner) = sticks;
    }

    pub(crate) fn mounted(&self) -> Vec<PathBuf> {
        match &*self.sticks.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(sticks) => sticks(),
            None => mounted_sticks(),
        }
    }
}

fn turn(of: &Mutex<()>, otherwise: Code) -> Result<MutexGuard<'_, ()>> {
    match of.try_lock() {
        Ok(lock) => Ok(lock),
        Err(TryLockError::Poisoned(lock)) => Ok(lock.into_inner()),
        Err(TryLockError::WouldBlock) => Err(otherwise.into()),
    }
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BackupsView {
    /// None: no recovery card was made yet, so no backup can be either.
    pub key: Option<RecoveryView>,
    pub targets: Vec<BackupTarget>,
    /// The last backup anywhere.
    pub last_at: Option<String>,
    /// Whether somebody should be told that there is none, or none of late.
    pub nag: bool,
    /// One is being made.
    pub running: bool,
    /// Changes since the last backup.
    pub changes: u64,
    /// Sticks that are in and no place for backups yet.
    pub sticks: Vec<StickView>,
    /// The shop's hub, while it is no place for backups yet.
    pub hub: Option<String>,
    /// This device began from a backup.
    pub restored: Option<RestoredView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BackupTarget {
    pub id: Uuid,
    /// folder, stick or hub
    pub kind: String,
    /// The folder, what the stick is called, or the hub's address.
    pub place: String,
    /// Whether it is there now.
    pub present: bool,
    /// It lies on the disk that the shop itself lies on, and would break with it.
    pub same_disk: bool,
    pub last_at: Option<String>,
    pub file: Option<String>,
    pub bytes: u64,
    /// The code of what went wrong the last time.
    pub problem: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StickView {
    pub path: String,
    pub label: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RestoredView {
    pub at: String,
    pub backup_at: String,
    /// The device whose books they were, while it was not shut out.
    pub old_device: Option<Uuid>,
    /// Facts of others that came since.
    pub came_since: u64,
    /// The owner left out what was later than this.
    pub until: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddTarget {
    pub id: Uuid,
    /// folder, stick or hub
    pub kind: String,
    /// A folder of this machine, or where the stick is in now; nothing for the hub, which is the shop's.
    #[serde(default)]
    pub place: String,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackUpNow {
    /// All places when left out.
    pub target: Option<Uuid>,
}

/// A folder of this machine and what is in it, for choosing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FolderView {
    pub path: String,
    pub parent: Option<String>,
    pub folders: Vec<FolderEntry>,
    pub backups: Vec<BackupFileView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FolderEntry {
    pub name: String,
    pub path: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BackupFileView {
    pub name: String,
    pub path: String,
    pub shop: String,
    pub made_at: String,
    pub bytes: u64,
    /// The short name of the recovery card that opens it.
    pub key: String,
}

impl Shop {
    pub fn backups_view(&self) -> Result<BackupsView> {
        let now = self.edges.now();
        let (key, rows, restored) = self.store.read(|r| {
            Ok::<_, AppError>((
                r.recovery_key()?,
                r.backup_targets()?,
                r.local_value(crate::restore::REMEMBERED)?,
            ))
        })?;
        let facts = self.facts()?;
        let mounted = self.backups.mounted();
        let last = rows.iter().filter_map(|row| row.made).max();
        let freshest = rows
            .iter()
            .filter(|row| row.made.is_some())
            .map(|row| row.facts)
            .max();
        let founded = self.store.read(|r| r.founded_at())?;
        let known: Vec<String> = rows.iter().map(|row| row.place.clone()).collect();
        let sticks = mounted
            .iter()
            .filter(|path| stick_id(path).is_none_or(|id| !known.contains(&id)))
            .map(|path| StickView {
                path: path.to_string_lossy().into_owned(),
                label: label_of(path),
            })
            .collect();
        let since = last.or(founded).unwrap_or(now);
        let changes = facts.saturating_sub(freshest.unwrap_or(0));
        Ok(BackupsView {
            key: key.as_ref().map(RecoveryView::of),
            last_at: last.map(rfc3339),
            nag: !self.identity.demo && changes > 0 && now.ms_since(since) > NAG_AFTER_MS,
            running: self.backups.running.load(Relaxed) > 0,
            hub: self
                .hub_for_backups()
                .filter(|_| !rows.iter().any(|row| row.kind == HUB)),
            changes,
            sticks,
            restored: restored.and_then(|text| self.restored_view(&text)),
            targets: rows
                .into_iter()
                .map(|row| self.target_view(row, &mounted))
                .collect(),
        })
    }

    fn target_view(&self, row: TargetRow, mounted: &[PathBuf]) -> BackupTarget {
        let folder = self.folder_of_target(&row, mounted);
        let hub = self.hub_followed().filter(|_| row.kind == HUB);
        let present = hub.is_some() || folder.as_ref().is_some_and(|folder| folder.is_dir());
        BackupTarget {
            id: Uuid::from_bytes(row.id),
            same_disk: row.kind == "folder"
                && folder.is_some_and(|folder| same_disk(&folder, self.store.file())),
            place: match row.kind.as_str() {
                "folder" => row.place,
                HUB => hub.unwrap_or(row.place),
                _ => row.label,
            },
            kind: row.kind,
            present,
            last_at: row.made.map(rfc3339),
            file: Some(row.file).filter(|file| !file.is_empty()),
            bytes: row.bytes,
            problem: Some(row.problem).filter(|problem| !problem.is_empty()),
        }
    }

    /// What lies in a folder of this machine: its folders, and the backups of this shop.
    pub fn backup_folder(&self, path: Option<&str>) -> Result<FolderView> {
        look_into(path, Some(self.identity.shop))
    }

    /// Makes a place for backups known, after trying whether it can be written to.
    pub fn add_backup_target(&self, request: &AddTarget) -> Result<BackupsView> {
        if self.identity.demo {
            return Err(Code::NotInDemo.into());
        }
        let now = self.edges.now();
        let (place, label) = match request.kind.as_str() {
            "folder" => {
                let folder = PathBuf::from(request.place.trim());
                if !folder.is_absolute() {
                    return Err(AppError::field(
                        "place",
                        "the whole path, from the root of the disk",
                    ));
                }
                if !folder.is_dir() {
                    return Err(AppError::new(Code::BackupPlaceGone).hint("place", request.place.clone()));
                }
                try_writing(&folder)?;
                (folder.to_string_lossy().into_owned(), String::new())
            }
            "stick" => {
                let at = PathBuf::from(&request.place);
                if !self.backups.mounted().contains(&at) {
                    return Err(Code::BackupPlaceGone.into());
                }
                let folder = at.join(STICK_FOLDER);
                std::fs::create_dir_all(&folder).map_err(refused)?;
                try_writing(&folder)?;
                let id = match stick_id(&at) {
                    Some(id) => id,
                    None => {
                        let id = self.edges.new_id().to_string();
                        std::fs::write(folder.join(STICK_ID), &id).map_err(refused)?;
                        id
                    }
                };
                (id, label_of(&at))
            }
            HUB => (self.hub_for_backups().ok_or(Code::HubNone)?, String::new()),
            _ => return Err(AppError::field("kind", "folder, stick or hub")),
        };
        self.store.write(now, |tx| {
            let there = tx.reader().backup_targets()?;
            // The same place again is the same place, and a shop has one hub at a time.
            if !there
                .iter()
                .any(|row| row.kind == request.kind && (row.place == place || row.kind == HUB))
            {
                tx.save_backup_target(&TargetRow {
                    id: *request.id.as_bytes(),
                    kind: request.kind.clone(),
                    place,
                    label,
                    added: now,
                    made: None,
                    file: String::new(),
                    bytes: 0,
                    facts: 0,
                    tried: None,
                    problem: String::new(),
                })?;
            }
            Ok::<_, AppError>(())
        })?;
        self.live.tell("backup", None);
        self.backups.due.soon();
        self.backups_view()
    }

    /// Makes no more backups there; what lies there stays.
    pub fn remove_backup_target(&self, id: Uuid) -> Result<()> {
        let gone = self
            .store
            .write(self.edges.now(), |tx| tx.forget_backup_target(id.as_bytes()))?;
        self.live.tell("backup", None);
        if gone { Ok(()) } else { Err(Code::NotFound.into()) }
    }

    /// Makes backups now. What went wrong stands with each place; it is refused when there is not one good place.
    pub fn back_up_now(&self, _actor: &Actor, request: &BackUpNow) -> Result<BackupsView> {
        let mut rows = self.store.read(|r| r.backup_targets())?;
        if let Some(only) = request.target {
            rows.retain(|row| row.id == *only.as_bytes());
        }
        if rows.is_empty() {
            return Err(Code::BackupNoPlace.into());
        }
        let mut good = false;
        let mut last = None;
        for row in rows {
            match self.back_up_to(&row) {
                Ok(()) => good = true,
                Err(error) => last = Some(error),
            }
        }
        match last {
            Some(error) if !good => Err(error),
            _ => self.backups_view(),
        }
    }

    pub(crate) fn back_up_to(&self, row: &TargetRow) -> Result<()> {
        if self.backups.due.is_over() {
            return Err(Code::NoShop.into());
        }
        let by_turns = match row.kind.as_str() {
            HUB => &self.backups.bringing,
            _ => &self.backups.busy,
        };
        let _one_at_a_time = turn(by_turns, Code::BackupBusy)?;
        self.backups.running.fetch_add(1, Relaxed);
        self.live.tell("backup", None);
        let outcome = match row.kind.as_str() {
            HUB => self.make_at_hub(row),
            _ => self.make(row),
        };
        if row.kind == HUB {
            self.backups.due.hub_tried(outcome.as_ref().err());
        }
        self.backups.running.fetch_sub(1, Relaxed);
        let now = self.edges.now();
        let noted = self.store.write(now, |tx| {
            // It may have been taken off the list meanwhile.
            let Some(mut row) = tx.reader().backup_target(&row.id)? else {
                return Ok(());
            };
            row.tried = Some(now);
            match &outcome {
                Ok(made) => {
                    row.made = Some(made.at);
                    row.file.clone_from(&made.file);
                    row.bytes = made.bytes;
                    row.facts = made.facts;
                    row.problem = String::new();
                }
                Err(error) => row.problem = error.code.as_str().to_owned(),
            }
            tx.save_backup_target(&row)?;
            Ok::<_, AppError>(())
        });
        self.live.tell("backup", None);
        outcome.map(drop).and(noted)
    }

    fn make(&self, row: &TargetRow) -> Result<Made> {
        let key = self
            .store
            .read(|r| r.recovery_key())?
            .ok_or(Code::RecoveryKeyMissing)?;
        let copies = self.copies();
        let folder = self
            .folder_of_target(row, &self.backups.mounted())
            .filter(|folder| folder.is_dir())
            .ok_or(Code::BackupPlaceGone)?;
        let made = self
            .write_backup(&key, &copies, &folder)
            .map_err(|error| match folder.is_dir() {
                true => error,
                // Pulled out meanwhile, whatever went wrong first.
                false => AppError::new(Code::BackupPlaceGone).because(error),
            })?;
        self.let_go(&folder, &folder.join(&made.file));
        Ok(made)
    }

    /// Copies the books, seals them into `folder`, reads them back, and only then gives the file its name.
    pub(crate) fn write_backup(
        &self,
        key: &store::recovery::RecoveryKeyRow,
        copies: &Path,
        folder: &Path,
    ) -> Result<Made> {
        let now = self.edges.now();
        make_folder(copies)?;
        let size = self.store.bytes()?;
        room_for(copies, size)?;
        room_for(folder, size)?;
        let name = self.edges.new_id().to_string();
        let copy = Removed(copies.join(format!("{name}.db")));
        let options = Options {
            file: copy.0.clone(),
            key: Some(self.edges.random()),
            vfs: None,
        };
        let clock = self.store.snapshot(&options)?;
        let copied = Store::look_at(&options)?;
        let mut hasher = blake3::Hasher::new();
        io::copy(&mut File::open(&copy.0).map_err(refused)?, &mut hasher).map_err(refused)?;
        let shop_name = self.settings().text("shop.name").to_owned();
        let manifest = Manifest {
            shop: self.identity.shop.uuid(),
            shop_name: shop_name.clone(),
            device: self.identity.device.uuid(),
            branch: self.identity.branch.uuid(),
            made_ms: now.0,
            build: store::BUILD,
            currency: self.identity.currency.clone(),
            number_key: self.identity.number_key,
            books_key: options.key.unwrap_or_default(),
            books_bytes: copied.bytes,
            books_hash: *hasher.finalize().as_bytes(),
            clock: clock.0,
            vector: copied
                .vector
                .iter()
                .map(|(device, seq)| (device.uuid(), *seq))
                .collect(),
        };
        let header = manifest.header(key_name(&key.public_key));
        let mine = format!(".{}.", self.identity.device);
        sweep_unfinished(folder, &mine);
        let unfinished = Removed(folder.join(format!("{mine}{name}.{UNFINISHED}")));
        let file = File::create_new(&unfinished.0).map_err(refused)?;
        let witness = age::x25519::Identity::generate();
        backup_file::write(&file, &header, &manifest, &copy.0, &key.recipient, &witness).map_err(refused)?;
        drop(file);
        // From the disk again, and opened: what cannot be read back is no backup.
        let (_, mut opened) = backup_file::open(&unfinished.0, &witness)?;
        opened.books_into(&mut io::sink(), |_| {})?;
        let bytes = std::fs::metadata(&unfinished.0).map_err(refused)?.len();
        let zone = self.settings().text("branch.zone").to_owned();
        let file = free_name(folder, &name_for_files(&shop_name), now, &zone);
        std::fs::rename(&unfinished.0, folder.join(&file)).map_err(refused)?;
        if let Ok(folder) = File::open(folder) {
            // On Windows a folder cannot be flushed; there the file's own flush is what there is.
            let _ = folder.sync_all();
        }
        Ok(Made {
            at: now,
            file,
            bytes,
            facts: copied.vector.values().sum(),
        })
    }

    /// Lets go of this device's own backups that nobody needs any more, and never of the one just made, whatever the
    /// clock says. One that cannot be deleted harms nobody.
    fn let_go(&self, folder: &Path, fresh: &Path) {
        let mine: Vec<(PathBuf, Moment)> = files_in(folder)
            .into_iter()
            .filter(|(_, header)| header.shop == self.identity.shop && header.device == self.identity.device)
            .map(|(path, header)| (path, header.made))
            .collect();
        let made: Vec<Moment> = mine.iter().map(|(_, made)| *made).collect();
        for at in superfluous(self.edges.now(), &made) {
            if mine[at].0 != fresh {
                remove(&mine[at].0);
            }
        }
    }

    pub(crate) fn folder_of_target(&self, row: &TargetRow, mounted: &[PathBuf]) -> Option<PathBuf> {
        match row.kind.as_str() {
            "folder" => Some(PathBuf::from(&row.place)),
            "stick" => mounted
                .iter()
                .find(|path| stick_id(path).as_ref() == Some(&row.place))
                .map(|path| path.join(STICK_FOLDER)),
            _ => None,
        }
    }

    pub(crate) fn copies(&self) -> PathBuf {
        self.store.file().with_file_name(FOLDER)
    }

    pub(crate) fn facts(&self) -> Result<u64> {
        Ok(self.store.vector()?.values().sum())
    }
}

pub(crate) struct Made {
    pub at: Moment,
    pub file: String,
    pub bytes: u64,
    pub facts: u64,
}

/// A file that is deleted when nobody needs it any more; one that got another name is gone from here already.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, path = %path.display(), "a file is not deleted");
        }
        _ => {}
    }
}

/// What a power cut left of a backup.
pub(crate) fn sweep(folder: &Path) {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "what is left of a backup is not deleted");
        }
        _ => {}
    }
}

/// Deletes what begins so and never became a backup: a stick that was pulled out keeps what was on its way.
fn sweep_unfinished(folder: &Path, mine: &str) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(mine) && name.ends_with(UNFINISHED) {
            remove(&entry.path());
        }
    }
}

/// A folder beside the shop's file, and never the shop's own when it was forgotten meanwhile.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map_err(refused),
    }
}

/// What a disk refused, by what a person can do about it.
pub(crate) fn refused(error: io::Error) -> AppError {
    use io::ErrorKind as K;
    let code = match error.kind() {
        K::StorageFull | K::QuotaExceeded | K::FileTooLarge => Code::BackupNoRoom,
        K::PermissionDenied | K::ReadOnlyFilesystem => Code::BackupReadOnly,
        // A stick that was pulled out answers in many ways.
        _ => Code::BackupPlaceGone,
    };
    AppError::new(code).caused(error)
}

pub(crate) fn room_for(folder: &Path, size: u64) -> Result<()> {
    let free = fs4::available_space(folder).map_err(refused)?;
    let needed = size.saturating_add(ROOM);
    if free < needed {
        return Err(AppError::new(Code::BackupNoRoom)
            .hint("free", free)
            .hint("needed", needed));
    }
    Ok(())
}

fn try_writing(folder: &Path) -> Result<()> {
    let probe = Removed(folder.join(format!(".chandi.{UNFINISHED}")));
    std::fs::write(&probe.0, b"Chandi").map_err(refused)
}

fn free_name(folder: &Path, shop: &str, now: Moment, zone: &str) -> String {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let when = jiff::Timestamp::from_millisecond(now.0)
        .map(|at| at.to_zoned(zone).strftime("%Y-%m-%d %H%M").to_string())
        .unwrap_or_default();
    let plain = format!("{shop} {when}");
    let mut names = std::iter::once(plain.clone()).chain((2..).map(|n| format!("{plain} ({n})")));
    loop {
        let name = format!("{}.{EXTENSION}", names.next().unwrap_or_default());
        if !folder.join(&name).exists() {
            return name;
        }
    }
}

/// The backups in a folder.
fn files_in(folder: &Path) -> Vec<(PathBuf, backup_file::Header)> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return vec![];
    };
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == EXTENSION))
        .filter_map(|path| backup_file::header_of(&path).ok().map(|header| (path, header)))
        .collect()
}

/// What lies in a folder of this machine, for choosing one; the folder of the person when none is named.
pub(crate) fn look_into(path: Option<&str>, shop: Option<ShopId>) -> Result<FolderView> {
    let path = match path.map(str::trim).filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => std::env::home_dir().unwrap_or_else(|| PathBuf::from("/")),
    };
    if !path.is_absolute() {
        return Err(AppError::field(
            "path",
            "the whole path, from the root of the disk",
        ));
    }
    let entries = std::fs::read_dir(&path).map_err(refused)?;
    let mut folders: Vec<FolderEntry> = entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| FolderEntry {
            name: entry.file_name().to_string_lossy().into_owned(),
            path: entry.path().to_string_lossy().into_owned(),
        })
        .filter(|entry| !entry.name.starts_with('.'))
        .collect();
    folders.sort_by_key(|entry| entry.name.to_lowercase());
    let mut files = files_in(&path);
    files.retain(|(_, header)| shop.is_none_or(|shop| shop == header.shop));
    files.sort_by_key(|(_, header)| std::cmp::Reverse(header.made));
    Ok(FolderView {
        parent: path.parent().map(|p| p.to_string_lossy().into_owned()),
        folders,
        backups: files
            .into_iter()
            .map(|(path, header)| file_view(&path, &header))
            .collect(),
        path: path.to_string_lossy().into_owned(),
    })
}

pub(crate) fn file_view(path: &Path, header: &backup_file::Header) -> BackupFileView {
    BackupFileView {
        name: path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default(),
        path: path.to_string_lossy().into_owned(),
        shop: header.shop_name.clone(),
        made_at: rfc3339(header.made),
        bytes: std::fs::metadata(path).map(|m| m.len()).unwrap_or(0),
        key: header.key.clone(),
    }
}

fn stick_id(mounted: &Path) -> Option<String> {
    let id = std::fs::read_to_string(mounted.join(STICK_FOLDER).join(STICK_ID)).ok()?;
    Some(id.trim().parse::<Uuid>().ok()?.to_string())
}

fn label_of(mounted: &Path) -> String {
    mounted
        .file_name()
        .map_or_else(|| mounted.to_string_lossy(), |name| name.to_string_lossy())
        .into_owned()
}

#[cfg(unix)]
fn same_disk(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let disk = |path: &Path| std::fs::metadata(path).map(|m| m.dev()).ok();
    disk(one).is_some_and(|one| Some(one) == disk(other))
}

#[cfg(not(unix))]
fn same_disk(one: &Path, other: &Path) -> bool {
    let drive = |path: &Path| path.components().next().map(|c| c.as_os_str().to_owned());
    drive(one).is_some() && drive(one) == drive(other)
}

/// Where the system mounts what people put in.
#[cfg(target_os = "linux")]
fn mounted_sticks() -> Vec<PathBuf> {
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mounts") else {
        return vec![];
    };
    mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let (device, at) = (words.next()?, words.next()?);
            // Blanks are written as octal.
            let at = PathBuf::from(at.replace("\\040", " "));
            let by_people = ["/media", "/run/media", "/mnt"]
                .iter()
                .any(|root| at.starts_with(root) && at != Path::new(root));
            (device.starts_with("/dev/") && by_people).then_some(at)
        })
        .collect()
}

#[cfg(target_os = "macos")]
fn mounted_sticks() -> Vec<PathBuf> {
    let Ok(volumes) = std::fs::read_dir("/Volumes") else {
        return vec![];
    };
    let volumes = volumes.flatten().map(|entry| entry.path());
    // The system's own disk is linked there too.
    volumes.filter(|path| !same_disk(path, Path::new("/"))).collect()
}

#[cfg(windows)]
fn mounted_sticks() -> Vec<PathBuf> {
    let system = std::env::var("SystemDrive").unwrap_or_else(|_| "C:".to_owned());
    ('D'..='Z')
        .map(|letter| PathBuf::from(format!("{letter}:\\")))
        .filter(|path| !path.starts_with(&system) && path.is_dir())
        .collect()
}
