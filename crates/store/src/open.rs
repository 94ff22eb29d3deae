//! Opening the file: key, pragmas, migrations, views of this build, and who this device is.

use crate::{
    Reader, StoreError, VIEWS_VERSION, Write,
    devices::{self, DevicePlace},
    migrate,
    read::Readers,
    views,
};
use domain::{
    ids::{BranchId, CounterId, DeviceId, ShopId},
    time::Moment,
};
use journal::{Clock, DeviceKey, Series, Stamp};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
};

/// How to open a store.
#[derive(Debug, Clone)]
pub struct Options {
    pub file: PathBuf,
    /// The raw key of the whole file; `None` leaves it readable (simulation only).
    pub key: Option<[u8; 32]>,
    /// A SQLite VFS by name, for the faulty disks of the simulation. Such a store keeps one connection.
    pub vfs: Option<String>,
}

/// Who this device is, once a shop was founded or joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub device: DeviceId,
    pub shop: ShopId,
    pub branch: BranchId,
    pub counter: CounterId,
    pub ordinal: u16,
    pub lane: u8,
    pub secret_key: [u8; 32],
    /// The branch's secret behind its one-time numbers.
    pub number_key: [u8; 32],
    pub currency: String,
    pub demo: bool,
}

pub struct Store {
    pub(crate) writer: Mutex<Writer>,
    readers: Option<Readers>,
    options: Options,
}

pub(crate) struct Writer {
    pub conn: Connection,
    pub me: Option<Me>,
}

/// Who this device is and signs as.
pub(crate) struct Who {
    pub identity: Identity,
    pub key: DeviceKey,
}

/// The growing end of this device's own series.
#[derive(Clone)]
pub(crate) struct Me {
    pub who: Arc<Who>,
    pub series: Series,
    pub clock: Clock,
}

impl Store {
    pub fn open(options: Options) -> Result<Store, StoreError> {
        let mut conn = connect(&options, true)?;
        let on_disk = options.vfs.is_none().then_some(options.file.as_path());
        migrate::run(&mut conn, on_disk)?;
        let views_at: i64 = conn.query_row("select views from guard", [], |r| r.get(0))?;
        if views_at != VIEWS_VERSION {
            views::rebuild(&mut conn)?;
        }
        let me = load_me(&conn)?;
        devices::leave_out_false_founders(&mut conn, me.as_ref().map(|me| me.who.identity.device))?;
        let readers = options.vfs.is_none().then(|| Readers::new(options.clone()));
        Ok(Store {
            writer: Mutex::new(Writer { conn, me }),
            readers,
            options,
        })
    }

    pub fn identity(&self) -> Option<Identity> {
        self.lock().me.as_ref().map(|me| me.who.identity.clone())
    }

    /// Signs with this device's key.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], StoreError> {
        Ok(self.who()?.key.sign(message))
    }

    /// Signs a request to a hub with this device's key.
    pub fn sign_request(&self, request: &journal::exchange::Request<'_>) -> Result<[u8; 64], StoreError> {
        Ok(request.sign(&self.who()?.key))
    }

    /// The name by which signatures point at this device's key.
    pub fn key_id(&self) -> Result<[u8; 4], StoreError> {
        Ok(self.who()?.key.public().id())
    }

    fn who(&self) -> Result<Arc<Who>, StoreError> {
        self.lock()
            .me
            .as_ref()
            .map(|me| me.who.clone())
            .ok_or(StoreError::NoShop)
    }

    pub fn file(&self) -> &Path {
        &self.options.file
    }

    /// Runs one transaction. Its facts, views and drafts are on the disk when this returns `Ok`, or none of them is.
    pub fn write<T, E: From<StoreError>>(
        &self,
        now: Moment,
        work: impl FnOnce(&mut Write<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut writer = self.lock();
        Write::run(&mut writer, now, work)
    }

    /// Reads a consistent picture; never waits for a writer.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Reader<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match &self.readers {
            Some(readers) => readers.with(work),
            None => {
                let writer = self.lock();
                let tx = writer.conn.unchecked_transaction().map_err(StoreError::from)?;
                work(&Reader::new(&tx))
            }
        }
    }

    /// The same for a short question beside a write: asked where what was written lies decrypted, while nobody writes.
    /// Another connection would read it all anew after each write. Never ask long here, and never write inside: the next
    /// sale waits for it.
    pub fn glance<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Reader<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let writer = match self.writer.try_lock() {
            Ok(writer) => writer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return self.read(work),
        };
        let tx = writer.conn.unchecked_transaction().map_err(StoreError::from)?;
        work(&Reader::new(&tx))
    }

    /// Copies the shop's books into a new file that belongs to no device: facts and views, and nothing that is one
    /// device's own. Sales go on meanwhile. Says up to where this device's clock was then.
    pub fn snapshot(&self, into: &Options) -> Result<Stamp, StoreError> {
        if self.options.vfs.is_some() {
            return Err(StoreError::Disk("such a disk has one connection only".to_owned()));
        }
        // Both are there already, so that books which were forgotten meanwhile are not begun anew, empty.
        std::fs::File::options()
            .create(true)
            .append(true)
            .open(&into.file)?;
        let source = connect_to(&self.options, true, false)?;
        let key = into.key.map(hex).unwrap_or_default();
        let file = into.file.to_string_lossy().into_owned();
        source.execute("attach database ?1 as copy key ?2", [file, format!("x'{key}'")])?;
        // Nobody reads it before it is whole, and it is brought to the disk below.
        source.execute_batch("pragma copy.journal_mode = off; pragma copy.synchronous = off; begin")?;
        let copied = source
            .query_row("select last_stamp from identity", [], |r| r.get::<_, i64>(0))
            .and_then(|stamp| {
                source.query_row("select sqlcipher_export('copy')", [], |_| Ok(()))?;
                Ok(stamp)
            });
        let ended = source.execute_batch(if copied.is_ok() { "commit" } else { "rollback" });
        source.execute_batch("detach database copy")?;
        let stamp = copied?;
        ended?;
        drop(source);
        let mut copy = connect(into, true)?;
        forget_own(&mut copy)?;
        close_whole(copy)?;
        std::fs::File::open(&into.file)?.sync_all()?;
        Ok(Stamp(stamp.unsigned_abs()))
    }

    /// Makes of a snapshot the store of the device that joined with it. Nothing refers to the file before this returns.
    pub fn adopt(snapshot: &Options, identity: &Identity, clock: Stamp) -> Result<(), StoreError> {
        let mut conn = connect(snapshot, true)?;
        let on_disk = snapshot.vfs.is_none().then_some(snapshot.file.as_path());
        migrate::run(&mut conn, on_disk)?;
        let tx = conn.transaction()?;
        let clock = i64::try_from(clock.0).unwrap_or(i64::MAX);
        insert_identity(&tx, identity, clock)?;
        tx.commit()?;
        close_whole(conn)?;
        if snapshot.vfs.is_none() {
            std::fs::File::open(&snapshot.file)?.sync_all()?;
        }
        Ok(())
    }

    /// Whether a file is a shop's books as its facts tell: the founder's fact is there, and this device is let in by the
    /// facts themselves with that key.
    pub fn admits(&self, device: DeviceId, key: &[u8; 32]) -> Result<bool, StoreError> {
        let writer = self.lock();
        let belonging = devices::belonging(&writer.conn)?;
        Ok(belonging.is_some_and(|all| {
            all.get(device)
                .is_some_and(|known| known.until.is_none() && known.key.bytes() == *key)
        }))
    }

    /// Copies the whole store into a new file as another device of the shop: its facts and views, and nothing that
    /// belongs to this device alone.
    pub fn copy_as(&self, into: &Options, identity: &Identity) -> Result<(), StoreError> {
        let clock = self.snapshot(into)?;
        Store::adopt(into, identity, clock)
    }

    /// This device works at another place from now on; carts and claims of the old one must be settled before.
    pub fn take_place(&self, place: &DevicePlace) -> Result<(), StoreError> {
        let mut writer = self.lock();
        writer.conn.execute(
            "update identity set branch_id = ?1, counter_id = ?2, ordinal = ?3, lane = ?4",
            rusqlite::params![
                place.branch.bytes(),
                place.counter.bytes(),
                place.ordinal,
                place.lane
            ],
        )?;
        writer.me = load_me(&writer.conn)?;
        Ok(())
    }

    /// Makes of a copy of another device's store this device's own: nothing of the other's own stays in it.
    pub fn become_device(&self, identity: &Identity) -> Result<(), StoreError> {
        let mut writer = self.lock();
        become_device(&mut writer.conn, identity)?;
        writer.me = load_me(&writer.conn)?;
        Ok(())
    }

    /// Computes all views again from the facts, swapped in as one transaction: readers see the old ones until then.
    pub fn rebuild_views(&self) -> Result<(), StoreError> {
        views::rebuild(&mut self.lock().conn)
    }

    /// Leaves nothing of deleted rows in the files: what was overwritten goes from the log into the database, and the log
    /// is emptied.
    pub fn overwrite_deleted(&self) -> Result<(), StoreError> {
        let writer = self.lock();
        let busy: i64 = writer
            .conn
            .query_row("pragma wal_checkpoint(truncate)", [], |r| r.get(0))?;
        if busy == 0 { Ok(()) } else { Err(StoreError::Busy) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Writer> {
        // A panic inside a write rolled its transaction back; the connection behind the lock is whole.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What every device of the shop has, besides the views. Any other table is one device's own and is left empty in a
/// copy, so that what a later build keeps for itself does not travel by mistake.
const SHARED_TABLES: &[&str] = &[
    "fact",
    "head",
    "quarantine",
    "fork",
    "struck_fact",
    "struck_head",
    "founder",
    "left_fact",
    "left_head",
    "newer_fact",
    "arrival",
    "told_move",
    "customer_key",
    "guard",
    "refinery_schema_history",
];

fn forget_own(conn: &mut Connection) -> Result<(), StoreError> {
    // Only whole tables are emptied, so no row is left that refers to one that went.
    conn.execute_batch("pragma foreign_keys = off")?;
    let tx = conn.transaction()?;
    forget_own_in(&tx)?;
    Ok(tx.commit()?)
}

fn forget_own_in(tx: &Connection) -> Result<(), StoreError> {
    let tables: Vec<String> = tx
        .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")?
        .query_map([], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    for table in tables {
        let shared = SHARED_TABLES.contains(&table.as_str())
            || views::TABLES.iter().any(|view| view.trim_matches('"') == table)
            // What the search index keeps beside itself.
            || table.starts_with("product_search_");
        if !shared {
            tx.execute_batch(&format!("delete from \"{table}\""))?;
        }
    }
    Ok(())
}

fn insert_identity(tx: &Connection, identity: &Identity, clock: i64) -> Result<(), StoreError> {
    tx.execute(
        "insert into identity (only_one, device_id, shop_id, branch_id, counter_id, ordinal, lane, secret_key,
            number_key, currency, demo, last_stamp)
         values (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        rusqlite::params![
            identity.device.bytes(),
            identity.shop.bytes(),
            identity.branch.bytes(),
            identity.counter.bytes(),
            identity.ordinal,
            identity.lane,
            identity.secret_key,
            identity.number_key,
            identity.currency,
            identity.demo,
            clock,
        ],
    )?;
    Ok(())
}

fn become_device(conn: &mut Connection, identity: &Identity) -> Result<(), StoreError> {
    conn.execute_batch("pragma foreign_keys = off")?;
    let tx = conn.transaction()?;
    let clock: i64 = tx.query_row("select last_stamp from identity", [], |r| r.get(0))?;
    forget_own_in(&tx)?;
    insert_identity(&tx, identity, clock)?;
    tx.commit()?;
    Ok(conn.execute_batch("pragma foreign_keys = on")?)
}

/// Everything into the one file, so that it can be moved as it is.
fn close_whole(conn: Connection) -> Result<(), StoreError> {
    conn.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
    conn.query_row("pragma journal_mode = delete", [], |_| Ok(()))?;
    conn.close().map_err(|(_, why)| StoreError::from(why))
}

fn hex(key: [u8; 32]) -> String {
    key.iter().map(|b| format!("{b:02x}")).collect()
}

/// A connection with its key and pragmas. Whoever writes may begin a file.
pub(crate) fn connect(options: &Options, writes: bool) -> Result<Connection, StoreError> {
    connect_to(options, writes, writes)
}

fn connect_to(options: &Options, writes: bool, begins: bool) -> Result<Connection, StoreError> {
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_READ_WRITE;
    if begins {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let conn = match &options.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(&options.file, flags, vfs.as_str())?,
        None => Connection::open_with_flags(&options.file, flags)?,
    };
    if let Some(key) = options.key {
        conn.execute_batch(&format!("pragma key = \"x'{}'\"", hex(key)))?;
    }
    if options.vfs.is_some() {
        // No shared memory on such a disk: one connection, and the WAL index in its own heap.
        conn.execute_batch("pragma locking_mode = exclusive")?;
    }
    // The first touch of the file: a wrong key shows here.
    conn.query_row("select count(*) from sqlite_schema", [], |_| Ok(()))?;
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    conn.execute_batch(
        "pragma journal_mode = wal;
         pragma synchronous = full;
         pragma foreign_keys = on;
         pragma temp_store = memory;
         pragma cache_size = -4096;
         pragma journal_size_limit = 16777216;",
    )?;
    if writes {
        // Zeros where something was deleted or changed, so that nobody who is forgotten is left in the file.
        conn.query_row("pragma secure_delete = on", [], |_| Ok(()))?;
    } else {
        conn.execute_batch("pragma query_only = on")?;
    }
    // A sale alone runs a hundred statements on the writing connection, and a handover and a cart others: one that was
    // forgotten would be compiled anew each time.
    conn.set_prepared_statement_cache_capacity(if writes { 256 } else { 128 });
    Ok(conn)
}

pub(crate) fn load_me(conn: &Connection) -> Result<Option<Me>, StoreError> {
    let found = conn
        .query_row(
            "select device_id, shop_id, branch_id, counter_id, ordinal, lane, secret_key, number_key, currency, demo,
                    last_stamp
             from identity",
            [],
            |r| {
                let identity = Identity {
                    device: DeviceId::from_bytes(r.get(0)?),
                    shop: ShopId::from_bytes(r.get(1)?),
                    branch: BranchId::from_bytes(r.get(2)?),
                    counter: CounterId::from_bytes(r.get(3)?),
                    ordinal: r.get(4)?,
                    lane: r.get(5)?,
                    secret_key: r.get(6)?,
                    number_key: r.get(7)?,
                    currency: r.get(8)?,
                    demo: r.get(9)?,
                };
                Ok((identity, r.get::<_, i64>(10)?))
            },
        )
        .optional()?;
    let Some((identity, last_stamp)) = found else {
        return Ok(None);
    };
    let end = conn
        .query_row(
            "select seq, hash from fact where device_id = ?1 order by seq desc limit 1",
            [identity.device.bytes()],
            |r| Ok((r.get::<_, u64>(0)?, r.get::<_, [u8; 32]>(1)?)),
        )
        .optional()?;
    let mut series = Series::new(identity.shop, identity.branch, identity.device);
    if let Some((seq, hash)) = end {
        series.seq = seq;
        series.hash = hash;
    }
    let clock = Clock::resume(Stamp(u64::try_from(last_stamp).unwrap_or(0)));
    let key = DeviceKey::from_seed(&identity.secret_key);
    Ok(Some(Me {
        who: Arc::new(Who { identity, key }),
        series,
        clock,
    }))
}
