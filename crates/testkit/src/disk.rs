//! A disk in memory that loses power at a chosen moment, tears what was not synced, fills up, fails and lies.
//!
//! SQLite reaches it as a VFS by the disk's name (`store::Options::vfs`). A write is seen at once and safe after a sync;
//! a new or deleted name is safe after its folder was synced, which SQLite's own VFS does with the first sync of a new
//! journal. When power comes back, of everything unsynced any sectors may be there and any may be missing. As the VFS
//! for Linux, this one promises that a torn write harms no byte beside it, and nothing more.

#![allow(unsafe_code, reason = "SQLite calls a VFS through C pointers")]

use crate::dice::Dice;
use rusqlite::{Connection, OpenFlags, ffi};
use std::{
    collections::BTreeMap,
    ffi::{CStr, CString, c_char, c_int, c_void},
    ptr,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What is written as one by real disks, at the least.
const SECTOR: usize = 512;

/// What a sync is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sync {
    #[default]
    Honest,
    /// It says yes and does nothing: a planted bug.
    Lost,
    /// The write-ahead log is only flushed before the database is written, as under `synchronous = normal`: a planted
    /// bug too.
    LateLog,
}

/// What becomes of unsynced writes when the power comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsynced {
    Gone,
    Kept,
    /// Any sector of any write, in any mixture.
    Torn,
}

/// Everything on a disk at one moment, to start again from.
#[derive(Debug, Clone)]
pub struct Image(BTreeMap<String, Vec<u8>>);

impl Image {
    /// How long a file is; 0 when there is none.
    pub fn len_of(&self, file: &str) -> usize {
        self.bytes_of(file).len()
    }

    /// A file's bytes; none when there is no such file.
    pub fn bytes_of(&self, file: &str) -> &[u8] {
        self.0.get(file).map_or(&[], Vec::as_slice)
    }
}

/// A disk of its own name. Connections must be closed before it goes; those that are not find it without power.
pub struct Disk {
    shared: &'static Shared,
}

/// What SQLite points to. It is never freed, so that no forgotten connection can reach freed memory.
struct Shared {
    name: CString,
    vfs: Mutex<Registered>,
    state: Mutex<State>,
}

struct Registered(*mut ffi::sqlite3_vfs);

// SAFETY: the pointer is only handed to SQLite's own registry, which locks.
unsafe impl Send for Registered {}

#[derive(Default)]
struct State {
    /// Names as programs see them, and as they would be after a power cut.
    seen: BTreeMap<String, u64>,
    safe: BTreeMap<String, u64>,
    contents: BTreeMap<u64, Content>,
    next_content: u64,
    dice: Dice,
    on: bool,
    /// Counts the times that power came; a file opened in an earlier life is dead.
    life: u64,
    operations: u64,
    cut_at: Option<u64>,
    fails_at: Option<u64>,
    full_from: Option<u64>,
    sync: Sync,
}

#[derive(Clone, Default)]
struct Content {
    seen: Vec<u8>,
    safe: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate { to: usize },
}

impl Content {
    fn write(&mut self, at: usize, bytes: &[u8]) {
        put(&mut self.seen, at, bytes);
        self.unsynced.push(Change::Write {
            at,
            bytes: bytes.to_vec(),
        });
    }

    fn flush(&mut self) {
        for change in std::mem::take(&mut self.unsynced) {
            match change {
                Change::Write { at, bytes } => put(&mut self.safe, at, &bytes),
                Change::Truncate { to } => self.safe.truncate(to),
            }
        }
    }

    /// Lets any part of what was not synced reach the disk: each sector with `percent` of chance.
    fn settle(&mut self, percent: u64, dice: &mut Dice) {
        for change in std::mem::take(&mut self.unsynced) {
            match change {
                Change::Truncate { to } => {
                    if dice.percent(percent) {
                        self.safe.truncate(to);
                    }
                }
                Change::Write { at, bytes } => {
                    let mut from = 0;
                    while from < bytes.len() {
                        let end = ((at + from) / SECTOR + 1) * SECTOR - at;
                        let end = end.min(bytes.len());
                        if dice.percent(percent) {
                            put(&mut self.safe, at + from, &bytes[from..end]);
                        }
                        from = end;
                    }
                }
            }
        }
        self.seen.clone_from(&self.safe);
    }
}

fn put(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    let end = at + new.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[at..end].copy_from_slice(new);
}

/// What an operation meets.
enum Step {
    Goes,
    /// The power goes in the middle of it, or it simply fails.
    Fails,
    /// There is no power.
    Dead,
}

impl State {
    fn step(&mut self, life: u64) -> Step {
        if !self.on || life != self.life {
            return Step::Dead;
        }
        self.operations += 1;
        if self.cut_at == Some(self.operations) {
            self.on = false;
            return Step::Fails;
        }
        if self.fails_at == Some(self.operations) {
            return Step::Fails;
        }
        Step::Goes
    }

    fn is_full(&self) -> bool {
        self.full_from.is_some_and(|from| self.operations >= from)
    }

    fn create(&mut self, name: &str) -> u64 {
        self.next_content += 1;
        self.contents.insert(self.next_content, Content::default());
        self.seen.insert(name.to_owned(), self.next_content);
        self.next_content
    }

    fn flush_logs(&mut self) {
        for (name, id) in &self.seen {
            if let (true, Some(content)) = (name.ends_with("-wal"), self.contents.get_mut(id)) {
                content.flush();
            }
        }
    }
}

impl Disk {
    /// An empty disk with power. Its mischief follows from the seed. The name must be free.
    pub fn new(name: &str, seed: u64) -> Disk {
        // SQLCipher would tell standard error of every page that the power tore.
        let quiet =
            Connection::open_in_memory().and_then(|c| c.execute_batch("pragma cipher_log_level = none"));
        quiet.expect("SQLCipher can be quiet");
        let shared: &'static Shared = Box::leak(Box::new(Shared {
            name: CString::new(name).expect("a name without a null"),
            vfs: Mutex::new(Registered(ptr::null_mut())),
            state: Mutex::new(State {
                on: true,
                dice: Dice::new(seed),
                ..State::default()
            }),
        }));
        let vfs = Box::into_raw(Box::new(ffi::sqlite3_vfs {
            iVersion: 2,
            szOsFile: c_int::try_from(size_of::<Handle>()).expect("a handle is small"),
            mxPathname: 512,
            pNext: ptr::null_mut(),
            zName: shared.name.as_ptr(),
            pAppData: ptr::from_ref(shared).cast_mut().cast(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: Some(current_time),
            xGetLastError: Some(last_error),
            xCurrentTimeInt64: Some(current_time_ms),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        }));
        // SAFETY: the struct and all it points to live as long as the process.
        let result = unsafe { ffi::sqlite3_vfs_register(vfs, 0) };
        assert_eq!(result, ffi::SQLITE_OK, "SQLite takes the disk {name}");
        shared.vfs.lock().unwrap_or_else(PoisonError::into_inner).0 = vfs;
        Disk { shared }
    }

    pub fn name(&self) -> String {
        self.shared.name.to_string_lossy().into_owned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }

    /// All that is to be seen on it now.
    pub fn image(&self) -> Image {
        let state = self.state();
        Image(
            state
                .seen
                .iter()
                .filter_map(|(name, id)| Some((name.clone(), state.contents.get(id)?.seen.clone())))
                .collect(),
        )
    }

    /// Puts an image on it, all of it safe, and gives it power and a new life without any fault.
    pub fn load(&self, image: &Image, seed: u64) {
        let mut state = self.state();
        let life = state.life + 1;
        *state = State {
            on: true,
            life,
            dice: Dice::new(seed),
            ..State::default()
        };
        for (name, bytes) in &image.0 {
            let id = state.create(name);
            if let Some(content) = state.contents.get_mut(&id) {
                content.seen.clone_from(bytes);
                content.safe.clone_from(bytes);
            }
        }
        state.safe = state.seen.clone();
    }

    /// How many operations it was asked for since it was loaded.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    pub fn has_power(&self) -> bool {
        self.state().on
    }

    /// Cuts the power in the middle of that operation, counted from the last loading.
    pub fn cut_at(&self, operation: u64) {
        self.state().cut_at = Some(operation);
    }

    /// Cuts the power now.
    pub fn cut(&self) {
        self.state().on = false;
    }

    /// Lets that one operation fail, with the power on.
    pub fn fail_at(&self, operation: u64) {
        self.state().fails_at = Some(operation);
    }

    /// From that operation on no file can grow, until there is room again.
    pub fn full_from(&self, operation: u64) {
        self.state().full_from = Some(operation);
    }

    /// Takes back every accident that is still to come.
    pub fn calm(&self) {
        let mut state = self.state();
        state.cut_at = None;
        state.fails_at = None;
        state.full_from = None;
    }

    pub fn make_room(&self) {
        self.state().full_from = None;
    }

    /// How honest its syncs are from now on.
    pub fn syncs(&self, sync: Sync) {
        self.state().sync = sync;
    }

    /// The power is back: what was synced is there, and of the rest what `unsynced` says.
    pub fn power_on(&self, unsynced: Unsynced) {
        let mut guard = self.state();
        let state = &mut *guard;
        let percent = match unsynced {
            Unsynced::Gone => 0,
            Unsynced::Kept => 100,
            Unsynced::Torn => [10, 50, 90][state.dice.below(3)],
        };
        for content in state.contents.values_mut() {
            content.settle(percent, &mut state.dice);
        }
        let names: Vec<String> = state.seen.keys().chain(state.safe.keys()).cloned().collect();
        for name in names {
            let (seen, safe) = (state.seen.get(&name).copied(), state.safe.get(&name).copied());
            let stays = if seen == safe || state.dice.percent(percent) {
                seen
            } else {
                safe
            };
            match stays {
                Some(id) => state.seen.insert(name.clone(), id),
                None => state.seen.remove(&name),
            };
            match stays {
                Some(id) => state.safe.insert(name, id),
                None => state.safe.remove(&name),
            };
        }
        state.on = true;
        state.life += 1;
        state.cut_at = None;
        state.fails_at = None;
        state.full_from = None;
    }

    /// A bare connection to a file on it, for those who plant bugs.
    pub fn connect(&self, file: &str, key: Option<&[u8; 32]>) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags_and_vfs(file, flags, self.name().as_str())?;
        if let Some(key) = key {
            let hex: String = key.iter().map(|b| format!("{b:02x}")).collect();
            connection.execute_batch(&format!("pragma key = \"x'{hex}'\""))?;
        }
        connection.execute_batch("pragma locking_mode = exclusive; pragma temp_store = memory")?;
        Ok(connection)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let registered = self.shared.vfs.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: registered in `new`, unregistered only here; the struct itself stays for forgotten connections.
        unsafe { ffi::sqlite3_vfs_unregister(registered.0) };
        let mut state = self.state();
        let life = state.life + 1;
        *state = State {
            life,
            ..State::default()
        };
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// SQLite's file object: its own part first, then ours.
#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    file: *mut OpenFile,
}

struct OpenFile {
    shared: &'static Shared,
    name: String,
    content: u64,
    life: u64,
    is_log: bool,
    is_database: bool,
    /// The first sync of a new journal makes its folder's names safe.
    syncs_folder: bool,
    delete_on_close: bool,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(lock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

// SAFETY of all that follows: SQLite calls these with the pointers that its VFS interface promises: `vfs` is the struct
// registered in `Disk::new`, whose `pAppData` is a `Shared` that is never freed; `file` is a `Handle` that `open` filled
// in and that `close` sees last; buffers are as long as the length beside them.

unsafe fn shared_of(vfs: *mut ffi::sqlite3_vfs) -> &'static Shared {
    unsafe { &*(*vfs).pAppData.cast::<Shared>() }
}

unsafe fn file_of<'a>(file: *mut ffi::sqlite3_file) -> &'a mut OpenFile {
    unsafe { &mut *(*file.cast::<Handle>()).file }
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    unsafe {
        (*file).pMethods = ptr::null();
        let shared = shared_of(vfs);
        let mut guard = shared.lock();
        let state = &mut *guard;
        let life = state.life;
        if !matches!(state.step(life), Step::Goes) {
            return ffi::SQLITE_CANTOPEN;
        }
        let name = if name.is_null() {
            format!("unnamed-{}", state.next_content)
        } else {
            CStr::from_ptr(name).to_string_lossy().into_owned()
        };
        let (content, fresh) = match state.seen.get(&name) {
            Some(content) => (*content, false),
            None if flags & ffi::SQLITE_OPEN_CREATE == 0 => return ffi::SQLITE_CANTOPEN,
            // A name needs room too.
            None if state.is_full() => return ffi::SQLITE_FULL,
            None => (state.create(&name), true),
        };
        let is_log = flags & ffi::SQLITE_OPEN_WAL != 0;
        let is_journal =
            is_log || flags & (ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL) != 0;
        let opened = OpenFile {
            shared,
            name,
            content,
            life,
            is_log,
            is_database: flags & ffi::SQLITE_OPEN_MAIN_DB != 0,
            syncs_folder: fresh && is_journal,
            delete_on_close: flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0,
        };
        (*file.cast::<Handle>()).file = Box::into_raw(Box::new(opened));
        (*file).pMethods = &raw const METHODS;
        if !out_flags.is_null() {
            *out_flags = flags;
        }
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    unsafe {
        let opened = Box::from_raw((*file.cast::<Handle>()).file);
        let mut state = opened.shared.lock();
        if opened.delete_on_close && state.on && state.life == opened.life {
            state.seen.remove(&opened.name);
        }
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    buffer: *mut c_void,
    length: c_int,
    at: i64,
) -> c_int {
    unsafe {
        let opened = file_of(file);
        let mut state = opened.shared.lock();
        if !matches!(state.step(opened.life), Step::Goes) {
            return ffi::SQLITE_IOERR_READ;
        }
        let buffer =
            std::slice::from_raw_parts_mut(buffer.cast::<u8>(), usize::try_from(length).unwrap_or(0));
        let bytes = state.contents.get(&opened.content).map_or(&[][..], |c| &c.seen);
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let there = bytes.get(at..).unwrap_or(&[]);
        let count = there.len().min(buffer.len());
        buffer[..count].copy_from_slice(&there[..count]);
        buffer[count..].fill(0);
        if count < buffer.len() {
            ffi::SQLITE_IOERR_SHORT_READ
        } else {
            ffi::SQLITE_OK
        }
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    length: c_int,
    at: i64,
) -> c_int {
    unsafe {
        let opened = file_of(file);
        let mut guard = opened.shared.lock();
        let state = &mut *guard;
        let step = state.step(opened.life);
        if matches!(step, Step::Dead) {
            return ffi::SQLITE_IOERR_WRITE;
        }
        let mut bytes = std::slice::from_raw_parts(bytes.cast::<u8>(), usize::try_from(length).unwrap_or(0));
        let at = usize::try_from(at).unwrap_or(0);
        if state.sync == Sync::LateLog && opened.is_database {
            state.flush_logs();
        }
        let full = state.is_full();
        let Some(content) = state.contents.get_mut(&opened.content) else {
            return ffi::SQLITE_IOERR_WRITE;
        };
        let grows = at + bytes.len() > content.seen.len();
        if full && grows {
            // What fits is written.
            bytes = &bytes[..content.seen.len().saturating_sub(at)];
        }
        content.write(at, bytes);
        match step {
            Step::Goes if full && grows => ffi::SQLITE_FULL,
            Step::Goes => ffi::SQLITE_OK,
            Step::Fails | Step::Dead => ffi::SQLITE_IOERR_WRITE,
        }
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, to: i64) -> c_int {
    unsafe {
        let opened = file_of(file);
        let mut state = opened.shared.lock();
        let step = state.step(opened.life);
        if matches!(step, Step::Dead) {
            return ffi::SQLITE_IOERR_TRUNCATE;
        }
        let to = usize::try_from(to).unwrap_or(0);
        if let Some(content) = state.contents.get_mut(&opened.content) {
            content.seen.truncate(to);
            content.unsynced.push(Change::Truncate { to });
        }
        match step {
            Step::Goes => ffi::SQLITE_OK,
            Step::Fails | Step::Dead => ffi::SQLITE_IOERR_TRUNCATE,
        }
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    unsafe {
        let opened = file_of(file);
        let mut guard = opened.shared.lock();
        let state = &mut *guard;
        // When the power goes in the middle of a sync, any part of it was done: `settle` sees to that.
        if !matches!(state.step(opened.life), Step::Goes) {
            return ffi::SQLITE_IOERR_FSYNC;
        }
        match state.sync {
            Sync::Lost => return ffi::SQLITE_OK,
            Sync::LateLog if opened.is_log => return ffi::SQLITE_OK,
            Sync::Honest | Sync::LateLog => {}
        }
        if let Some(content) = state.contents.get_mut(&opened.content) {
            content.flush();
        }
        if std::mem::take(&mut opened.syncs_folder) {
            state.safe = state.seen.clone();
        }
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    unsafe {
        let opened = file_of(file);
        let state = opened.shared.lock();
        let length = state.contents.get(&opened.content).map_or(0, |c| c.seen.len());
        *size = i64::try_from(length).unwrap_or(i64::MAX);
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn lock(_file: *mut ffi::sqlite3_file, _level: c_int) -> c_int {
    // One connection at a time: there is nobody to lock out.
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(_file: *mut ffi::sqlite3_file, held: *mut c_int) -> c_int {
    unsafe { *held = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(
    _file: *mut ffi::sqlite3_file,
    _what: c_int,
    _argument: *mut c_void,
) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    // As SQLite assumes on Linux.
    4096
}

unsafe extern "C" fn device_characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    // As SQLite assumes on Linux; `settle` keeps to it.
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    unsafe {
        let mut guard = shared_of(vfs).lock();
        let state = &mut *guard;
        let life = state.life;
        let step = state.step(life);
        if matches!(step, Step::Dead) {
            return ffi::SQLITE_IOERR_DELETE;
        }
        let there = state
            .seen
            .remove(CStr::from_ptr(name).to_string_lossy().as_ref())
            .is_some();
        match step {
            Step::Goes if !there => ffi::SQLITE_IOERR_DELETE_NOENT,
            Step::Goes => {
                if sync_folder != 0 && state.sync == Sync::Honest {
                    state.safe = state.seen.clone();
                }
                ffi::SQLITE_OK
            }
            Step::Fails | Step::Dead => ffi::SQLITE_IOERR_DELETE,
        }
    }
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _flags: c_int,
    there: *mut c_int,
) -> c_int {
    unsafe {
        let state = shared_of(vfs).lock();
        let content = state.seen.get(CStr::from_ptr(name).to_string_lossy().as_ref());
        let length = content
            .and_then(|id| state.contents.get(id))
            .map_or(0, |c| c.seen.len());
        // An empty file counts as none, as with SQLite's own.
        *there = c_int::from(length > 0);
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn full_pathname(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    length: c_int,
    out: *mut c_char,
) -> c_int {
    unsafe {
        let bytes = CStr::from_ptr(name).to_bytes_with_nul();
        if bytes.len() > usize::try_from(length).unwrap_or(0) {
            return ffi::SQLITE_CANTOPEN;
        }
        ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len());
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn randomness(vfs: *mut ffi::sqlite3_vfs, length: c_int, out: *mut c_char) -> c_int {
    unsafe {
        let bytes = std::slice::from_raw_parts_mut(out.cast::<u8>(), usize::try_from(length).unwrap_or(0));
        shared_of(vfs).lock().dice.fill(bytes);
        length
    }
}

unsafe extern "C" fn sleep(_vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

/// Noon of the Julian day on which SQLite's tests like to live: nothing in here asks for the time.
const JULIAN_MS: i64 = 212_500_000_000_000;

unsafe extern "C" fn current_time(_vfs: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    unsafe { *out = 2_459_490.75 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn current_time_ms(_vfs: *mut ffi::sqlite3_vfs, out: *mut i64) -> c_int {
    unsafe { *out = JULIAN_MS };
    ffi::SQLITE_OK
}

unsafe extern "C" fn last_error(_vfs: *mut ffi::sqlite3_vfs, _length: c_int, _out: *mut c_char) -> c_int {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(disk: &Disk) -> i64 {
        let connection = disk.connect("a.db", None).expect("opens");
        connection
            .query_row("select count(*) from t", [], |r| r.get(0))
            .expect("a table")
    }

    fn written(disk: &Disk, synchronous: &str) -> Connection {
        let connection = Connection::open_with_flags_and_vfs(
            "a.db",
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            disk.name().as_str(),
        )
        .expect("a new file");
        connection
            .execute_batch(&format!(
                "pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = {synchronous};
                 create table t (a); insert into t values (1); insert into t values (2);"
            ))
            .expect("written");
        connection
    }

    #[test]
    fn what_was_synced_outlives_the_power_and_what_was_not_does_not() {
        let disk = Disk::new("disk-honest", 1);
        let connection = written(&disk, "full");
        disk.cut();
        assert!(
            connection.execute("insert into t values (3)", []).is_err(),
            "there is no power"
        );
        disk.power_on(Unsynced::Gone);
        assert!(
            connection.execute("insert into t values (3)", []).is_err(),
            "its life is over"
        );
        drop(connection);
        assert_eq!(count(&disk), 2);
    }

    #[test]
    fn a_lying_sync_loses_what_it_said_was_safe() {
        for sync in [Sync::Lost, Sync::LateLog] {
            let disk = Disk::new("disk-lying", 1);
            drop(written(&disk, "full"));
            let connection = disk.connect("a.db", None).expect("opens");
            disk.syncs(sync);
            connection
                .execute("insert into t values (3)", [])
                .expect("it says yes");
            disk.cut();
            drop(connection);
            disk.power_on(Unsynced::Gone);
            assert_eq!(count(&disk), 2, "{sync:?}: the third row was never on the disk");
        }
    }

    #[test]
    fn a_full_disk_says_so_and_works_again_when_there_is_room() {
        let disk = Disk::new("disk-full", 1);
        let connection = written(&disk, "full");
        disk.full_from(0);
        let error = connection
            .execute("insert into t values (zeroblob(9000))", [])
            .expect_err("no room");
        assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DiskFull));
        disk.make_room();
        connection
            .execute("insert into t values (zeroblob(9000))", [])
            .expect("room");
    }
}
