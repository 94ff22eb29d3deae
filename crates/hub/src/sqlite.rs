//! The hub's books in one SQLite file, for one process.
//!
//! One thread writes. What waits for it is committed together, so that many devices share one fsync; nobody is
//! answered before it. Readers have connections of their own.

use crate::{
    books::{
        Books, Fork, Grown, Growth, NewShop, Organisation, Part, Registered, Replaced, Result, RulingRow,
        Shop, Standing, Unavailable, signed, unsigned,
    },
    rollups,
    segments::State,
};
use domain::{
    ids::{DeviceId, ShopId},
    time::Moment,
};
use journal::{FactHash, Place, Stamp, Vector, admission::Ruling};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};
use tokio::sync::oneshot;

mod embedded {
    refinery::embed_migrations!("../../migrations/hub/sqlite");
}

/// How many wishes share one commit.
const TOGETHER: usize = 512;
/// How many transactions are looked at for one answer.
const MOST_PARTS: i64 = 4096;

/// The engines' numbers are signed.
pub(crate) const MOST_BYTES: u64 = u64::MAX >> 1;

/// Answers somebody once it is known whether what they wanted is on the disk.
type Reply = Box<dyn FnOnce(&std::result::Result<(), String>) + Send>;
/// Does one wish; whether it stays, and who is told. Without a transaction to do it in, nothing is done.
type Wish = Box<dyn FnOnce(Option<&Connection>) -> (bool, Reply) + Send>;

pub struct Sqlite {
    wishes: Sender<Wish>,
    readers: Arc<Readers>,
    /// Held while the books are open: a second process on the same file would not see this one's wakes.
    _lock: File,
}

struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

fn lost(error: impl std::fmt::Display) -> Unavailable {
    Unavailable(error.to_string())
}

impl Sqlite {
    /// Opens the books in a folder, which is made if it is not there.
    pub fn open(folder: &Path) -> Result<Sqlite> {
        std::fs::create_dir_all(folder).map_err(lost)?;
        let lock = File::create(folder.join("hub.lock")).map_err(lost)?;
        lock.try_lock().map_err(|_| {
            Unavailable(format!(
                "another process has the hub in {} open",
                folder.display()
            ))
        })?;
        let file = folder.join("hub.db");
        let mut conn = connect(&file)?;
        migrate(&mut conn)?;
        let (wishes, waiting) = channel();
        thread::Builder::new()
            .name("hub-writer".to_owned())
            .spawn(move || write_all(&conn, &waiting))
            .map_err(lost)?;
        Ok(Sqlite {
            wishes,
            readers: Arc::new(Readers {
                file,
                idle: Mutex::default(),
            }),
            _lock: lock,
        })
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel::<Result<T>>();
        // Who asked may have gone; then nobody is told.
        let wish: Wish = Box::new(move |conn| match conn.map(work) {
            Some(Ok(value)) => (
                true,
                Box::new(move |committed| {
                    let _ = answer.send(committed.clone().map(|()| value).map_err(Unavailable));
                }),
            ),
            Some(Err(error)) => (
                false,
                Box::new(move |_| {
                    let _ = answer.send(Err(lost(error)));
                }),
            ),
            None => (
                false,
                Box::new(move |begun| {
                    let why = begun.clone().err().unwrap_or_default();
                    let _ = answer.send(Err(Unavailable(why)));
                }),
            ),
        });
        self.wishes.send(wish).map_err(|_| lost("the writer has ended"))?;
        answered.await.map_err(|_| lost("the writer has ended"))?
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let readers = self.readers.clone();
        let done = tokio::task::spawn_blocking(move || {
            let idle = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let conn = match idle {
                Some(conn) => conn,
                None => connect(&readers.file)?,
            };
            let outcome = work(&conn).map_err(lost);
            readers
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(conn);
            outcome
        });
        done.await.map_err(lost)?
    }
}

fn migrate(conn: &mut Connection) -> Result<()> {
    // A newer build was here: whether this one can go on says the guard, so that a release can be taken back.
    let runner = embedded::migrations::runner()
        .set_abort_missing(false)
        .set_grouped(true);
    runner.run(conn).map_err(lost)?;
    let needs = conn.query_row("select oldest_build from guard", [], |r| r.get(0));
    guarded(&runner, needs.map_err(lost)?)
}

/// Whether the books are for this build, which is as new as its newest migration.
pub(crate) fn guarded(runner: &refinery::Runner, needs: i64) -> Result<()> {
    let versions = runner.get_migrations().iter();
    let have = versions.map(|m| i64::from(m.version())).max().unwrap_or(0);
    match needs > have {
        true => Err(Unavailable(format!(
            "the books are of a newer hub: they need build {needs}, and this is {have}"
        ))),
        false => Ok(()),
    }
}

fn connect(file: &Path) -> Result<Connection> {
    let conn = Connection::open(file).map_err(lost)?;
    conn.busy_timeout(Duration::from_secs(10)).map_err(lost)?;
    // FULL: what a device was told is kept outlives a power cut.
    conn.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
         pragma cache_size = -32000; pragma wal_autocheckpoint = 4000;",
    )
    .map_err(lost)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

/// Ends when nobody can wish for anything any more.
fn write_all(conn: &Connection, waiting: &Receiver<Wish>) {
    while let Ok(first) = waiting.recv() {
        let mut replies: Vec<Reply> = Vec::new();
        let outcome = write_together(conn, first, waiting, &mut replies).map_err(|e| e.to_string());
        if outcome.is_err() && !conn.is_autocommit() {
            // If even that fails, the next transaction says so.
            let _ = conn.execute_batch("rollback");
        }
        for reply in replies {
            reply(&outcome);
        }
    }
}

fn write_together(
    conn: &Connection,
    first: Wish,
    waiting: &Receiver<Wish>,
    replies: &mut Vec<Reply>,
) -> rusqlite::Result<()> {
    if let Err(error) = conn.execute_batch("begin immediate") {
        replies.push(first(None).1);
        return Err(error);
    }
    let mut next = Some(first);
    while let Some(wish) = next {
        conn.prepare_cached("savepoint wish")?.execute([])?;
        let (stays, reply) = wish(Some(conn));
        replies.push(reply);
        if !stays {
            conn.prepare_cached("rollback to wish")?.execute([])?;
        }
        conn.prepare_cached("release wish")?.execute([])?;
        next = match replies.len() < TOGETHER {
            true => waiting.try_recv().ok(),
            false => None,
        };
    }
    conn.execute_batch("commit")
}

fn shop_of(r: &Row<'_>) -> rusqlite::Result<Shop> {
    Ok(Shop {
        shop: ShopId::from_bytes(r.get(0)?),
        founder: DeviceId::from_bytes(r.get(1)?),
        founder_key: r.get(2)?,
        rulings: unsigned(r.get(3)?),
        suspended: r.get(4)?,
    })
}

const SHOP: &str = "select shop_id, founder_id, founder_key, rulings, suspended
    from shop join organisation using (organisation_id) where shop_id = ?1";

impl Books for Sqlite {
    async fn invite(
        &self,
        organisation: &Organisation,
        word: [u8; 32],
        shops: u32,
        until: Moment,
        now: Moment,
    ) -> Result<()> {
        let organisation = organisation.clone();
        self.write(move |conn| {
            // Derived from the name, so that two who invite at once mean the same organisation.
            let id = organisation_id(&organisation.name);
            conn.execute(
                "insert into organisation values (?1, ?2, ?3, ?4, 0, ?5, ?6) on conflict (organisation_id)
                 do update set most_shops = excluded.most_shops, most_devices = excluded.most_devices,
                               most_backup_bytes = excluded.most_backup_bytes",
                params![
                    id,
                    organisation.name,
                    organisation.most_shops,
                    organisation.most_devices,
                    now.0,
                    signed(organisation.most_backup_bytes.min(MOST_BYTES))
                ],
            )?;
            conn.execute(
                "insert into invitation values (?1, ?2, ?3, ?4)",
                params![word, id, shops, until.0],
            )?;
            Ok(())
        })
        .await
    }

    async fn organisation(&self, name: &str) -> Result<Option<Organisation>> {
        let (id, name) = (organisation_id(name), name.to_owned());
        self.read(move |conn| {
            conn.prepare_cached(
                "select most_shops, most_devices, most_backup_bytes from organisation where organisation_id = ?1",
            )?
            .query_row(params![id], |r| {
                Ok(Organisation {
                    name,
                    most_shops: r.get(0)?,
                    most_devices: r.get(1)?,
                    most_backup_bytes: unsigned(r.get(2)?),
                })
            })
            .optional()
        })
        .await
    }

    async fn suspend(&self, organisation: &str, suspended: bool) -> Result<bool> {
        let id = organisation_id(organisation);
        self.write(move |conn| {
            let changed = conn.execute(
                "update organisation set suspended = ?2 where organisation_id = ?1",
                params![id, suspended],
            )?;
            Ok(changed > 0)
        })
        .await
    }

    async fn invited(&self, word: [u8; 32], now: Moment) -> Result<bool> {
        self.read(move |conn| {
            conn.prepare_cached(
                "select exists (select 1 from invitation join organisation using (organisation_id)
                                where word_hash = ?1 and shops_left > 0 and until_ms > ?2 and not suspended)",
            )?
            .query_row(params![word, now.0], |r| r.get(0))
        })
        .await
    }

    async fn register(&self, shop: &NewShop) -> Result<Registered> {
        let new = *shop;
        self.write(move |conn| {
            let there: Option<(Vec<u8>, Vec<u8>)> = conn
                .query_row(
                    "select founder_id, founder_key from shop where shop_id = ?1",
                    [new.shop.bytes()],
                    |r| Ok((r.get(0)?, r.get(1)?)),
                )
                .optional()?;
            if let Some((founder, key)) = there {
                return Ok(match founder == new.founder.bytes() && key == new.founder_key {
                    true => Registered::Already,
                    false => Registered::Taken,
                });
            }
            let invited: Option<([u8; 16], i64, i64, bool)> = conn
                .query_row(
                    "select organisation_id, most_shops,
                            (select count(*) from shop s where s.organisation_id = o.organisation_id), suspended
                     from invitation i join organisation o using (organisation_id)
                     where word_hash = ?1 and shops_left > 0 and until_ms > ?2",
                    params![new.invitation, new.now.0],
                    |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)),
                )
                .optional()?;
            let Some((organisation, most, has, false)) = invited else {
                return Ok(Registered::NotInvited);
            };
            if has >= most {
                return Ok(Registered::Full);
            }
            conn.execute(
                "update invitation set shops_left = shops_left - 1 where word_hash = ?1",
                [new.invitation],
            )?;
            conn.execute(
                "insert into shop values (?1, ?2, ?3, ?4, 0, 0, ?5)",
                params![
                    new.shop.bytes(),
                    organisation,
                    new.founder.bytes(),
                    new.founder_key,
                    new.now.0
                ],
            )?;
            Ok(Registered::Done)
        })
        .await
    }

    async fn shops(&self) -> Result<Vec<ShopId>> {
        self.read(|conn| {
            conn.prepare_cached("select shop_id from shop order by shop_id")?
                .query_map([], |r| Ok(ShopId::from_bytes(r.get(0)?)))?
                .collect()
        })
        .await
    }

    async fn standing(&self, shop: ShopId, devices: &[DeviceId]) -> Result<Option<Standing>> {
        let devices = devices.to_vec();
        self.read(move |conn| {
            // One view of both: a list of devices must not be older than the places it is held against.
            let tx = conn.unchecked_transaction()?;
            let found = tx
                .prepare_cached(SHOP)?
                .query_row([shop.bytes()], shop_of)
                .optional()?;
            let Some(found) = found else {
                return Ok(None);
            };
            let mut places = Vec::with_capacity(devices.len());
            let mut select = tx.prepare_cached(
                "select seq, hash, stamp from series where shop_id = ?1 and device_id = ?2",
            )?;
            for device in devices {
                let place = select
                    .query_row(params![shop.bytes(), device.bytes()], |r| {
                        Ok(Place {
                            seq: unsigned(r.get(0)?),
                            hash: r.get(1)?,
                            stamp: Stamp(unsigned(r.get(2)?)),
                        })
                    })
                    .optional()?;
                places.push((device, place.unwrap_or_default()));
            }
            Ok(Some(Standing { shop: found, places }))
        })
        .await
    }

    async fn rulings(&self, shop: ShopId) -> Result<Vec<Ruling>> {
        let rows = self
            .read(move |conn| {
                conn.prepare_cached(
                    "select by_id, seq, device_id, public_key, ordinal, until_seq, until_hash, generation, recovery_key
                     from ruling where shop_id = ?1 order by by_id, seq",
                )?
                .query_map([shop.bytes()], |r| {
                    let row = RulingRow {
                        key: r.get(3)?,
                        ordinal: r.get(4)?,
                        until_seq: r.get(5)?,
                        until_hash: r.get(6)?,
                        generation: r.get(7)?,
                        recovery: r.get(8)?,
                    };
                    let (by, seq): ([u8; 16], i64) = (r.get(0)?, r.get(1)?);
                    Ok((
                        row,
                        DeviceId::from_bytes(by),
                        unsigned(seq),
                        DeviceId::from_bytes(r.get(2)?),
                    ))
                })?
                .collect::<rusqlite::Result<Vec<_>>>()
            })
            .await?;
        rows.into_iter()
            .map(|(row, by, seq, device)| row.ruling(by, seq, device))
            .collect()
    }

    async fn heads(&self, shop: ShopId) -> Result<Vector> {
        self.read(move |conn| {
            conn.prepare_cached("select device_id, seq from series where shop_id = ?1")?
                .query_map([shop.bytes()], |r| {
                    Ok((DeviceId::from_bytes(r.get(0)?), unsigned(r.get(1)?)))
                })?
                .collect()
        })
        .await
    }

    async fn grow(&self, shop: ShopId, growth: &Growth) -> Result<Grown> {
        let growth = growth.clone();
        self.write(move |conn| grow(conn, shop, &growth)).await
    }

    async fn replace(&self, shop: ShopId, replaced: &Replaced) -> Result<Grown> {
        let replaced = replaced.clone();
        self.write(move |conn| replace(conn, shop, &replaced)).await
    }

    async fn parts(
        &self,
        shop: ShopId,
        device: DeviceId,
        after: u64,
        upto: u64,
        bytes: u64,
    ) -> Result<Vec<Part>> {
        self.read(move |conn| {
            let mut select = conn.prepare_cached(
                "select after_seq, upto_seq, hash, bytes from series_part
                 where shop_id = ?1 and device_id = ?2 and upto_seq > ?3 and upto_seq <= ?4
                 order by upto_seq limit ?5",
            )?;
            let mut rows = select.query(params![
                shop.bytes(),
                device.bytes(),
                signed(after),
                signed(upto),
                MOST_PARTS
            ])?;
            let (mut parts, mut taken) = (Vec::new(), 0);
            while let Some(r) = rows.next()? {
                let part = Part {
                    after: unsigned(r.get(0)?),
                    upto: unsigned(r.get(1)?),
                    hash: r.get(2)?,
                    bytes: r.get(3)?,
                };
                taken += u64::try_from(part.bytes.len()).unwrap_or(u64::MAX);
                if taken > bytes && !parts.is_empty() {
                    break;
                }
                parts.push(part);
            }
            Ok(parts)
        })
        .await
    }

    async fn hash_at(&self, shop: ShopId, device: DeviceId, seq: u64) -> Result<Option<FactHash>> {
        self.read(move |conn| {
            conn.prepare_cached(
                "select hash from series_part where shop_id = ?1 and device_id = ?2 and upto_seq = ?3",
            )?
            .query_row(params![shop.bytes(), device.bytes(), signed(seq)], |r| r.get(0))
            .optional()
        })
        .await
    }

    async fn forked(&self, shop: ShopId, fork: &Fork, now: Moment) -> Result<()> {
        let fork = fork.clone();
        self.write(move |conn| {
            // One proof is enough: a copy signs as many as it likes.
            conn.execute(
                "insert into fork values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 on conflict (shop_id, device_id) do update set seq = excluded.seq where excluded.seq < seq",
                params![
                    shop.bytes(),
                    fork.device.bytes(),
                    signed(fork.seq),
                    fork.upto.map(signed),
                    fork.hash,
                    fork.signature,
                    now.0
                ],
            )?;
            Ok(())
        })
        .await
    }

    async fn forks(&self, shop: ShopId) -> Result<Vec<Fork>> {
        self.read(move |conn| {
            conn.prepare_cached(
                "select device_id, seq, upto_seq, hash, signature from fork where shop_id = ?1 order by device_id",
            )?
            .query_map([shop.bytes()], |r| {
                Ok(Fork {
                    device: DeviceId::from_bytes(r.get(0)?),
                    seq: unsigned(r.get(1)?),
                    upto: r.get::<_, Option<i64>>(2)?.map(unsigned),
                    hash: r.get(3)?,
                    signature: r.get(4)?,
                })
            })?
            .collect()
        })
        .await
    }

    async fn tell(&self, _shops: &[ShopId]) -> Result<()> {
        Ok(())
    }

    async fn listen(&self, _heard: impl Fn(ShopId) + Send + Sync) -> Result<()> {
        std::future::pending().await
    }

    async fn ready(&self) -> Result<()> {
        self.write(|conn| conn.query_row("select 1", [], |_| Ok(())))
            .await
    }
}

pub(crate) fn organisation_id(name: &str) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&blake3::derive_key("chandi hub organisation v1", name.as_bytes())[..16]);
    id
}

/// Checks before it writes: what is not done leaves nothing behind.
fn grow(conn: &Connection, shop: ShopId, growth: &Growth) -> rusqlite::Result<Grown> {
    let (shop, device) = (shop.bytes(), growth.device.bytes());
    let (from, to) = (&growth.from, &growth.to);
    let begins = from.seq == 0;
    let moved = match begins {
        true => {
            let full: bool = conn
                .prepare_cached(
                    "select s.series >= o.most_devices from shop s join organisation o using (organisation_id)
                     where s.shop_id = ?1",
                )?
                .query_row([shop], |r| r.get(0))?;
            let there = conn
                .prepare_cached("select 1 from series where shop_id = ?1 and device_id = ?2")?
                .exists([shop, device])?;
            if there {
                return Ok(Grown::Elsewhere);
            }
            if full {
                return Ok(Grown::Full);
            }
            conn.prepare_cached("update shop set series = series + 1 where shop_id = ?1")?
                .execute([shop])?;
            conn.prepare_cached("insert into series values (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![shop, device, signed(to.seq), to.hash, signed(to.stamp.0)])?
        }
        false => conn
            .prepare_cached(
                "update series set seq = ?3, hash = ?4, stamp = ?5
                 where shop_id = ?1 and device_id = ?2 and seq = ?6 and hash = ?7",
            )?
            .execute(params![
                shop,
                device,
                signed(to.seq),
                to.hash,
                signed(to.stamp.0),
                signed(from.seq),
                from.hash
            ])?,
    };
    if moved == 0 {
        return Ok(Grown::Elsewhere);
    }
    insert(conn, shop, growth)?;
    Ok(Grown::Done)
}

/// The transactions that a series grows by, and what they say about devices.
fn insert(conn: &Connection, shop: [u8; 16], growth: &Growth) -> rusqlite::Result<()> {
    let device = growth.device.bytes();
    let mut insert = conn.prepare_cached("insert into series_part values (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for part in &growth.parts {
        insert.execute(params![
            shop,
            device,
            signed(part.upto),
            signed(part.after),
            part.hash,
            growth.now.0,
            part.bytes
        ])?;
    }
    for ruling in &growth.rulings {
        let row = RulingRow::of(ruling);
        conn.prepare_cached("insert into ruling values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
            .execute(params![
                shop,
                device,
                signed(ruling.seq),
                ruling.device.bytes(),
                row.key,
                row.ordinal,
                row.until_seq,
                row.until_hash,
                row.generation,
                row.recovery
            ])?;
    }
    if !growth.rulings.is_empty() {
        conn.prepare_cached("update shop set rulings = rulings + ?2 where shop_id = ?1")?
            .execute(params![shop, growth.rulings.len()])?;
    }
    Ok(())
}

/// Checks before it writes: what is not done leaves nothing behind.
fn replace(conn: &Connection, shop: ShopId, replaced: &Replaced) -> rusqlite::Result<Grown> {
    let Replaced {
        growth,
        base,
        sealed,
        fork,
    } = replaced;
    let (shop, device, base) = (shop.bytes(), growth.device.bytes(), signed(*base));
    let (from, to) = (&growth.from, &growth.to);
    let stands = conn
        .prepare_cached(
            "select 1 from series where shop_id = ?1 and device_id = ?2 and seq = ?3 and hash = ?4",
        )?
        .exists(params![shop, device, signed(from.seq), from.hash])?;
    let runs: Vec<i64> = conn
        .prepare_cached(
            "select upto_seq from segment where shop_id = ?1 and device_id = ?2 and upto_seq > ?3 and state = ?4
             order by upto_seq",
        )?
        .query_map(params![shop, device, base, State::Sealed.number()], |r| r.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if !stands || runs.into_iter().map(unsigned).ne(sealed.iter().copied()) {
        return Ok(Grown::Elsewhere);
    }
    conn.prepare_cached(
        "update series set seq = ?3, hash = ?4, stamp = ?5 where shop_id = ?1 and device_id = ?2",
    )?
    .execute(params![shop, device, signed(to.seq), to.hash, signed(to.stamp.0)])?;
    conn.prepare_cached("delete from series_part where shop_id = ?1 and device_id = ?2 and upto_seq > ?3")?
        .execute(params![shop, device, base])?;
    conn.prepare_cached(
        "update segment set state = ?4, since_ms = ?5 where shop_id = ?1 and device_id = ?2 and upto_seq > ?3",
    )?
    .execute(params![shop, device, base, State::Going.number(), growth.now.0])?;
    let gone = conn
        .prepare_cached("delete from ruling where shop_id = ?1 and by_id = ?2 and seq > ?3")?
        .execute(params![shop, device, base])?;
    insert(conn, shop, growth)?;
    // More than before whatever came and went: what anybody remembers of it is old.
    conn.prepare_cached("update shop set rulings = rulings + ?2 where shop_id = ?1")?
        .execute(params![shop, gone + 1])?;
    conn.prepare_cached("update rollup_shop set anew = ?2 where shop_id = ?1")?
        .execute(params![shop, rollups::State::Forgetting.number()])?;
    conn.prepare_cached("insert or replace into fork values (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            shop,
            device,
            signed(fork.seq),
            fork.upto.map(signed),
            fork.hash,
            fork.signature,
            growth.now.0
        ])?;
    Ok(Grown::Done)
}
