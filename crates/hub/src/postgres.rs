//! The hub's books on PostgreSQL, for as many instances as there are.
//!
//! Plain statements that a spread-out cluster takes as well: the shop is in every key, nothing is ordered by a
//! sequence, no trigger runs and no advisory lock is taken. Whatever the engine asks to try again is tried again.

use crate::{
    books::{
        Books, Fork, Grown, Growth, NewShop, Organisation, Part, Registered, Replaced, Result, RulingRow,
        Shop, Standing, Unavailable, signed, unsigned,
    },
    rollups,
    segments::State,
    sqlite::{MOST_BYTES, guarded, organisation_id},
};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use domain::{
    ids::{DeviceId, ShopId},
    time::Moment,
};
use journal::{FactHash, Place, Stamp, Vector, admission::Ruling};
use std::{fmt::Write, future::poll_fn, time::Duration};
use tokio_postgres::{
    AsyncMessage, Client, Config, Error, NoTls, Row, Transaction,
    binary_copy::BinaryCopyInWriter,
    error::SqlState,
    types::{ToSql, Type},
};
use uuid::Uuid;

mod embedded {
    refinery::embed_migrations!("../../migrations/hub/postgres");
}

/// How often what the engine gave up for another's sake is tried again.
pub(crate) const TRIES: u32 = 12;
/// Up to so many transactions of a series travel in one statement; more are copied in.
const ROWS: usize = 48;
/// How many transactions are looked at for one answer.
const MOST_PARTS: i64 = 4096;
const CHANNEL: &str = "chandi_hub";
/// A notification holds 8,000 bytes; an id takes 37.
const TOLD_AT_ONCE: usize = 200;

pub struct Postgres {
    config: Config,
    pool: Pool,
}

pub(crate) fn lost(error: impl std::error::Error) -> Unavailable {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    Unavailable(text)
}

/// Whether the same transaction may well be done if it is tried again: another one stood in its way.
pub(crate) fn passes(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [
            &SqlState::T_R_SERIALIZATION_FAILURE,
            &SqlState::T_R_DEADLOCK_DETECTED,
        ]
        .contains(&code)
    })
}

/// Does it with a connection, again and again while the engine asks for that. What did not end is not there: dropping
/// a transaction takes it back.
macro_rules! again {
    ($books:ident, |$client:ident| $work:expr) => {{
        let mut tries = 0;
        loop {
            let mut held = $books.client().await?;
            let $client = &mut held;
            let outcome: std::result::Result<_, tokio_postgres::Error> = async { $work }.await;
            match outcome {
                Err(error) if $crate::postgres::passes(&error) && tries < $crate::postgres::TRIES => {
                    drop(held);
                    tries += 1;
                    // The others finish in a moment; each try leaves them a little more.
                    tokio::time::sleep(std::time::Duration::from_millis(u64::from(tries * tries))).await;
                }
                outcome => break outcome.map_err($crate::postgres::lost),
            }
        }
    }};
}

pub(crate) use again;

impl Postgres {
    /// Connects, and brings the tables up to this build. Several instances may do so at once.
    pub async fn open(url: &str, connections: usize) -> Result<Postgres> {
        let mut config: Config = url
            .parse()
            .map_err(|e: Error| Unavailable(format!("the database's address cannot be read: {e}")))?;
        if config.get_application_name().is_none() {
            config.application_name("chandi-hub");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(10));
        }
        migrate(&config).await?;
        let manager = Manager::from_config(
            config.clone(),
            NoTls,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let pool = Pool::builder(manager)
            .max_size(connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(Duration::from_secs(10)))
            .create_timeout(Some(Duration::from_secs(10)))
            .build()
            .map_err(lost)?;
        Ok(Postgres { config, pool })
    }

    pub(crate) async fn client(&self) -> Result<Object> {
        self.pool.get().await.map_err(lost)
    }
}

async fn connect(config: &Config) -> Result<Client> {
    let (client, connection) = config.connect(NoTls).await.map_err(lost)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the database ended");
        }
    });
    Ok(client)
}

/// One instance at a time: the others wait at a lock that goes with its connection, so a killed one holds up nobody.
async fn migrate(config: &Config) -> Result<()> {
    let mut gate = connect(config).await?;
    // Two that make the same table at the same moment: one of them is told that it is there.
    let mut tries = 0;
    while let Err(error) = gate
        .batch_execute("create table if not exists hub_migrating (only_one integer primary key)")
        .await
    {
        let met = [
            SqlState::UNIQUE_VIOLATION,
            SqlState::DUPLICATE_TABLE,
            SqlState::DUPLICATE_OBJECT,
        ];
        tries += 1;
        if tries > 5 || !error.code().is_some_and(|code| met.contains(code)) {
            return Err(lost(error));
        }
    }
    let gate = gate.transaction().await.map_err(lost)?;
    gate.batch_execute("lock table hub_migrating in access exclusive mode")
        .await
        .map_err(lost)?;
    let mut client = connect(config).await?;
    // A newer instance was here: whether this one can serve beside it says the guard.
    let runner = embedded::migrations::runner()
        .set_abort_missing(false)
        .set_grouped(true);
    runner.run_async(&mut client).await.map_err(lost)?;
    let guard = client.query_one("select oldest_build from guard", &[]).await;
    let needs = guard.and_then(|row| row.try_get(0)).map_err(lost)?;
    guarded(&runner, needs)?;
    gate.commit().await.map_err(lost)
}

fn place(row: &Row, first: usize) -> std::result::Result<Place, Error> {
    Ok(Place {
        seq: unsigned(row.try_get(first)?),
        hash: hash(row, first + 1)?,
        stamp: Stamp(unsigned(row.try_get(first + 2)?)),
    })
}

/// A hash that is no hash fits nothing, and so it is found where it is compared.
pub(crate) fn hash(row: &Row, at: usize) -> std::result::Result<FactHash, Error> {
    let bytes: &[u8] = row.try_get(at)?;
    Ok(bytes.try_into().unwrap_or([0xff; 32]))
}

fn device(row: &Row, at: usize) -> std::result::Result<DeviceId, Error> {
    Ok(DeviceId::from_uuid(row.try_get(at)?))
}

impl Books for Postgres {
    async fn invite(
        &self,
        organisation: &Organisation,
        word: [u8; 32],
        shops: u32,
        until: Moment,
        now: Moment,
    ) -> Result<()> {
        // Derived from the name, so that two who invite at once mean the same organisation.
        let id = Uuid::from_bytes(organisation_id(&organisation.name));
        again!(self, |client| {
            let tx = client.transaction().await?;
            tx.execute(
                "insert into organisation values ($1, $2, $3, $4, false, $5, $6) on conflict (organisation_id)
                 do update set most_shops = excluded.most_shops, most_devices = excluded.most_devices,
                               most_backup_bytes = excluded.most_backup_bytes",
                &[
                    &id,
                    &organisation.name,
                    &i64::from(organisation.most_shops),
                    &i64::from(organisation.most_devices),
                    &now.0,
                    &signed(organisation.most_backup_bytes.min(MOST_BYTES)),
                ],
            )
            .await?;
            tx.execute(
                "insert into invitation values ($1, $2, $3, $4)",
                &[&&word[..], &id, &i64::from(shops), &until.0],
            )
            .await?;
            tx.commit().await
        })
    }

    async fn organisation(&self, name: &str) -> Result<Option<Organisation>> {
        let id = Uuid::from_bytes(organisation_id(name));
        let row = again!(self, |client| {
            client
                .query_opt(
                    "select most_shops, most_devices, most_backup_bytes from organisation where organisation_id = $1",
                    &[&id],
                )
                .await
        })?;
        let read = |row: Row| -> std::result::Result<Organisation, Error> {
            let most =
                |at: usize| Ok::<_, Error>(u32::try_from(row.try_get::<_, i64>(at)?).unwrap_or(u32::MAX));
            Ok(Organisation {
                name: name.to_owned(),
                most_shops: most(0)?,
                most_devices: most(1)?,
                most_backup_bytes: unsigned(row.try_get(2)?),
            })
        };
        row.map(read).transpose().map_err(lost)
    }

    async fn suspend(&self, organisation: &str, suspended: bool) -> Result<bool> {
        let id = Uuid::from_bytes(organisation_id(organisation));
        again!(self, |client| {
            let changed = client
                .execute(
                    "update organisation set suspended = $2 where organisation_id = $1",
                    &[&id, &suspended],
                )
                .await?;
            Ok(changed > 0)
        })
    }

    async fn invited(&self, word: [u8; 32], now: Moment) -> Result<bool> {
        again!(self, |client| {
            let row = client
                .query_one(
                    "select exists (select 1 from invitation join organisation using (organisation_id)
                                    where word_hash = $1 and shops_left > 0 and until_ms > $2 and not suspended)",
                    &[&&word[..], &now.0],
                )
                .await?;
            row.try_get(0)
        })
    }

    async fn register(&self, shop: &NewShop) -> Result<Registered> {
        again!(self, |client| {
            let tx = client.transaction().await?;
            let there = tx
                .query_opt(
                    "select founder_id, founder_key from shop where shop_id = $1",
                    &[&shop.shop.uuid()],
                )
                .await?;
            if let Some(row) = there {
                let same = device(&row, 0)? == shop.founder && hash(&row, 1)? == shop.founder_key;
                return Ok(match same {
                    true => Registered::Already,
                    false => Registered::Taken,
                });
            }
            let invited = tx
                .query_opt(
                    "update invitation set shops_left = shops_left - 1
                     where word_hash = $1 and shops_left > 0 and until_ms > $2 returning organisation_id",
                    &[&&shop.invitation[..], &shop.now.0],
                )
                .await?;
            let Some(invited) = invited else {
                return Ok(Registered::NotInvited);
            };
            let organisation: Uuid = invited.try_get(0)?;
            // Locked, so that two invitations at once cannot both bring the last shop that may be.
            let row = tx
                .query_one(
                    "select most_shops, suspended from organisation where organisation_id = $1 for update",
                    &[&organisation],
                )
                .await?;
            let (most, suspended): (i64, bool) = (row.try_get(0)?, row.try_get(1)?);
            let has: i64 = tx
                .query_one(
                    "select count(*) from shop where organisation_id = $1",
                    &[&organisation],
                )
                .await?
                .try_get(0)?;
            if suspended {
                return Ok(Registered::NotInvited);
            }
            if has >= most {
                return Ok(Registered::Full);
            }
            let made = tx
                .execute(
                    "insert into shop values ($1, $2, $3, $4, 0, 0, $5) on conflict (shop_id) do nothing",
                    &[
                        &shop.shop.uuid(),
                        &organisation,
                        &shop.founder.uuid(),
                        &&shop.founder_key[..],
                        &shop.now.0,
                    ],
                )
                .await?;
            if made == 0 {
                // Registered this very moment by somebody else, or by the same device twice at once.
                let row = tx
                    .query_one(
                        "select founder_id, founder_key from shop where shop_id = $1",
                        &[&shop.shop.uuid()],
                    )
                    .await?;
                let same = device(&row, 0)? == shop.founder && hash(&row, 1)? == shop.founder_key;
                return Ok(match same {
                    true => Registered::Already,
                    false => Registered::Taken,
                });
            }
            tx.commit().await?;
            Ok(Registered::Done)
        })
    }

    async fn shops(&self) -> Result<Vec<ShopId>> {
        again!(self, |client| {
            let rows = client
                .query("select shop_id from shop order by shop_id", &[])
                .await?;
            rows.iter()
                .map(|row| Ok(ShopId::from_uuid(row.try_get(0)?)))
                .collect()
        })
    }

    async fn standing(&self, shop: ShopId, devices: &[DeviceId]) -> Result<Option<Standing>> {
        let ids: Vec<Uuid> = devices.iter().map(|d| d.uuid()).collect();
        again!(self, |client| {
            // One statement sees one state: the devices are never older than the places.
            let select = client
                .prepare_cached(
                    "select s.founder_id, s.founder_key, s.rulings, o.suspended, r.seq, r.hash, r.stamp, r.device_id
                     from shop s join organisation o on o.organisation_id = s.organisation_id
                     left join series r on r.shop_id = s.shop_id and r.shop_id = $1 and r.device_id = any($2)
                     where s.shop_id = $1",
                )
                .await?;
            let rows = client.query(&select, &[&shop.uuid(), &ids]).await?;
            let Some(first) = rows.first() else {
                return Ok(None);
            };
            let found = Shop {
                shop,
                founder: device(first, 0)?,
                founder_key: hash(first, 1)?,
                rulings: unsigned(first.try_get(2)?),
                suspended: first.try_get(3)?,
            };
            let mut places: Vec<(DeviceId, Place)> =
                devices.iter().map(|device| (*device, Place::default())).collect();
            for row in &rows {
                let Some(device) = row.try_get::<_, Option<Uuid>>(7)?.map(DeviceId::from_uuid) else {
                    continue;
                };
                let found = place(row, 4)?;
                for (_, place) in places.iter_mut().filter(|(d, _)| *d == device) {
                    *place = found;
                }
            }
            Ok(Some(Standing { shop: found, places }))
        })
    }

    async fn rulings(&self, shop: ShopId) -> Result<Vec<Ruling>> {
        let rows = again!(self, |client| {
            client
                .query(
                    "select by_id, seq, device_id, public_key, ordinal, until_seq, until_hash, generation,
                            recovery_key
                         from ruling where shop_id = $1 order by by_id, seq",
                    &[&shop.uuid()],
                )
                .await
        })?;
        rows.iter()
            .map(|row| {
                let optional = |at| -> std::result::Result<_, Error> {
                    let bytes: Option<&[u8]> = row.try_get(at)?;
                    Ok(bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()))
                };
                let (by, other) = (device(row, 0).map_err(lost)?, device(row, 2).map_err(lost)?);
                let seq = unsigned(row.try_get(1).map_err(lost)?);
                RulingRow {
                    key: optional(3).map_err(lost)?,
                    ordinal: row.try_get(4).map_err(lost)?,
                    until_seq: row.try_get(5).map_err(lost)?,
                    until_hash: optional(6).map_err(lost)?,
                    generation: row.try_get(7).map_err(lost)?,
                    recovery: optional(8).map_err(lost)?,
                }
                .ruling(by, seq, other)
            })
            .collect()
    }

    async fn heads(&self, shop: ShopId) -> Result<Vector> {
        again!(self, |client| {
            let select = client
                .prepare_cached("select device_id, seq from series where shop_id = $1")
                .await?;
            let rows = client.query(&select, &[&shop.uuid()]).await?;
            rows.iter()
                .map(|row| Ok((device(row, 0)?, unsigned(row.try_get(1)?))))
                .collect()
        })
    }

    async fn grow(&self, shop: ShopId, growth: &Growth) -> Result<Grown> {
        again!(self, |client| grow(client, shop, growth).await)
    }

    async fn replace(&self, shop: ShopId, replaced: &Replaced) -> Result<Grown> {
        again!(self, |client| replace(client, shop, replaced).await)
    }

    async fn parts(
        &self,
        shop: ShopId,
        device: DeviceId,
        after: u64,
        upto: u64,
        bytes: u64,
    ) -> Result<Vec<Part>> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        again!(self, |client| {
            // The engine adds the sizes up without reading the bytes, and sends no more than fits.
            let select = client
                .prepare_cached(
                    "select after_seq, upto_seq, hash, bytes from (
                         select after_seq, upto_seq, hash, bytes,
                                sum(octet_length(bytes)) over (order by upto_seq) as sum_bytes,
                                row_number() over (order by upto_seq) as nth
                         from (select * from series_part
                               where shop_id = $1 and device_id = $2 and upto_seq > $3 and upto_seq <= $4
                               order by upto_seq limit $5) page
                     ) summed where sum_bytes <= $6 or nth = 1 order by upto_seq",
                )
                .await?;
            let rows = client
                .query(
                    &select,
                    &[
                        &shop.uuid(),
                        &device.uuid(),
                        &signed(after),
                        &signed(upto),
                        &MOST_PARTS,
                        &bytes,
                    ],
                )
                .await?;
            rows.iter()
                .map(|row| {
                    Ok(Part {
                        after: unsigned(row.try_get(0)?),
                        upto: unsigned(row.try_get(1)?),
                        hash: hash(row, 2)?,
                        bytes: row.try_get(3)?,
                    })
                })
                .collect()
        })
    }

    async fn hash_at(&self, shop: ShopId, device: DeviceId, seq: u64) -> Result<Option<FactHash>> {
        again!(self, |client| {
            let select = client
                .prepare_cached(
                    "select hash from series_part where shop_id = $1 and device_id = $2 and upto_seq = $3",
                )
                .await?;
            let row = client
                .query_opt(&select, &[&shop.uuid(), &device.uuid(), &signed(seq)])
                .await?;
            row.map(|row| hash(&row, 0)).transpose()
        })
    }

    async fn forked(&self, shop: ShopId, fork: &Fork, now: Moment) -> Result<()> {
        again!(self, |client| {
            // One proof is enough: a copy signs as many as it likes.
            client
                .execute(
                    "insert into fork values ($1, $2, $3, $4, $5, $6, $7)
                     on conflict (shop_id, device_id) do update set seq = excluded.seq where excluded.seq < fork.seq",
                    &[
                        &shop.uuid(),
                        &fork.device.uuid(),
                        &signed(fork.seq),
                        &fork.upto.map(signed),
                        &&fork.hash[..],
                        &&fork.signature[..],
                        &now.0,
                    ],
                )
                .await
                .map(drop)
        })
    }

    async fn forks(&self, shop: ShopId) -> Result<Vec<Fork>> {
        again!(self, |client| {
            let rows = client
                .query(
                    "select device_id, seq, upto_seq, hash, signature from fork where shop_id = $1
                     order by device_id",
                    &[&shop.uuid()],
                )
                .await?;
            rows.iter()
                .map(|row| {
                    let signature: &[u8] = row.try_get(4)?;
                    Ok(Fork {
                        device: device(row, 0)?,
                        seq: unsigned(row.try_get(1)?),
                        upto: row.try_get::<_, Option<i64>>(2)?.map(unsigned),
                        hash: hash(row, 3)?,
                        signature: signature.try_into().unwrap_or([0; 64]),
                    })
                })
                .collect()
        })
    }

    async fn tell(&self, shops: &[ShopId]) -> Result<()> {
        for some in shops.chunks(TOLD_AT_ONCE) {
            let ids: Vec<String> = some.iter().map(ShopId::to_string).collect();
            let ids = ids.join(",");
            again!(self, |client| {
                client
                    .execute("select pg_notify($1, $2)", &[&CHANNEL, &ids])
                    .await
                    .map(drop)
            })?;
        }
        Ok(())
    }

    async fn listen(&self, heard: impl Fn(ShopId) + Send + Sync) -> Result<()> {
        let (client, mut connection) = self.config.connect(NoTls).await.map_err(lost)?;
        let listening = format!("listen {CHANNEL}");
        let asked = client.batch_execute(&listening);
        tokio::pin!(asked);
        let mut listens = false;
        loop {
            let message = tokio::select! {
                done = &mut asked, if !listens => {
                    done.map_err(lost)?;
                    listens = true;
                    continue;
                }
                message = poll_fn(|cx| connection.poll_message(cx)) => message,
            };
            match message {
                Some(Ok(AsyncMessage::Notification(note))) => {
                    note.payload()
                        .split(',')
                        .filter_map(|id| id.parse().ok())
                        .for_each(&heard);
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(lost(error)),
                None => return Err(Unavailable("the connection was closed".to_owned())),
            }
        }
    }

    async fn ready(&self) -> Result<()> {
        again!(self, |client| client.query_one("select 1", &[]).await.map(drop))
    }
}

const FIRST: &str =
    "insert into series values ($1, $2, $3, $4, $5) on conflict (shop_id, device_id) do nothing";
const MOVE: &str = "update series set seq = $3, hash = $4, stamp = $5
     where shop_id = $1 and device_id = $2 and seq = $6 and hash = $7";

/// In one transaction, which is gone with everything in it unless it is committed at the end.
async fn grow(client: &mut Object, shop: ShopId, growth: &Growth) -> std::result::Result<Grown, Error> {
    let (shop, device) = (shop.uuid(), growth.device.uuid());
    let (from, to) = (&growth.from, &growth.to);
    let begins = from.seq == 0;
    let (to_seq, to_hash, to_stamp) = (signed(to.seq), &to.hash[..], signed(to.stamp.0));
    let (from_seq, from_hash) = (signed(from.seq), &from.hash[..]);
    let mut moved: Vec<&(dyn ToSql + Sync)> = vec![&shop, &device, &to_seq, &to_hash, &to_stamp];
    if !begins {
        moved.extend([&from_seq as &(dyn ToSql + Sync), &from_hash]);
    }
    let few = growth.parts.len() <= ROWS;
    let numbers: Vec<(i64, i64, &[u8])> = growth
        .parts
        .iter()
        .map(|part| (signed(part.upto), signed(part.after), &part.hash[..]))
        .collect();
    if few && !begins && growth.rulings.is_empty() {
        // A sale that is brought as soon as it was made: one statement, and one answer of the engine.
        let growing = client
            .prepare_cached(&move_and_insert(growth.parts.len()))
            .await?;
        moved.push(&growth.now.0);
        for ((upto, after, hash), part) in numbers.iter().zip(&growth.parts) {
            moved.extend([upto as &(dyn ToSql + Sync), after, hash, &part.bytes]);
        }
        return Ok(match client.execute(&growing, &moved).await? {
            0 => Grown::Elsewhere,
            _ => Grown::Done,
        });
    }
    let moving = client.prepare_cached(if begins { FIRST } else { MOVE }).await?;
    let inserting = match few {
        true => Some(client.prepare_cached(&rows_of(growth.parts.len())).await?),
        false => None,
    };
    let tx = client.transaction().await?;
    let count = match &inserting {
        Some(inserting) => {
            let mut values: Vec<&(dyn ToSql + Sync)> = vec![&shop, &device, &growth.now.0];
            for ((upto, after, hash), part) in numbers.iter().zip(&growth.parts) {
                values.extend([upto as &(dyn ToSql + Sync), after, hash, &part.bytes]);
            }
            // Both are on their way before the first is answered. The second may find rows of whoever came first:
            // what the first says decides.
            let (count, inserted) = tokio::join!(tx.execute(&moving, &moved), tx.execute(inserting, &values));
            let count = count?;
            if count > 0 {
                inserted?;
            }
            count
        }
        None => tx.execute(&moving, &moved).await?,
    };
    if count == 0 {
        return Ok(Grown::Elsewhere);
    }
    if begins {
        let room = tx
            .execute(
                "update shop s set series = s.series + 1 from organisation o
                 where s.shop_id = $1 and o.organisation_id = s.organisation_id and s.series < o.most_devices",
                &[&shop],
            )
            .await?;
        if room == 0 {
            return Ok(Grown::Full);
        }
    }
    if !few {
        let copying = tx
            .copy_in(
                "copy series_part (shop_id, device_id, upto_seq, after_seq, hash, received_ms, bytes)
                 from stdin binary",
            )
            .await?;
        let types = [
            Type::UUID,
            Type::UUID,
            Type::INT8,
            Type::INT8,
            Type::BYTEA,
            Type::INT8,
            Type::BYTEA,
        ];
        let writer = BinaryCopyInWriter::new(copying, &types);
        tokio::pin!(writer);
        for ((upto, after, hash), part) in numbers.iter().zip(&growth.parts) {
            writer
                .as_mut()
                .write(&[&shop, &device, upto, after, hash, &growth.now.0, &part.bytes])
                .await?;
        }
        writer.finish().await?;
    }
    rule(&tx, shop, growth).await?;
    tx.commit().await?;
    Ok(Grown::Done)
}

/// What the transactions that a series grows by say about devices.
async fn rule(tx: &Transaction<'_>, shop: Uuid, growth: &Growth) -> std::result::Result<(), Error> {
    let device = growth.device.uuid();
    for ruling in &growth.rulings {
        let row = RulingRow::of(ruling);
        tx.execute(
            "insert into ruling values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                &shop,
                &device,
                &signed(ruling.seq),
                &ruling.device.uuid(),
                &row.key.as_ref().map(|key| &key[..]),
                &row.ordinal,
                &row.until_seq,
                &row.until_hash.as_ref().map(|hash| &hash[..]),
                &row.generation,
                &row.recovery.as_ref().map(|key| &key[..]),
            ],
        )
        .await?;
    }
    if !growth.rulings.is_empty() {
        let more = i64::try_from(growth.rulings.len()).unwrap_or(i64::MAX);
        tx.execute(
            "update shop set rulings = rulings + $2 where shop_id = $1",
            &[&shop, &more],
        )
        .await?;
    }
    Ok(())
}

/// In one transaction, which is gone with everything in it unless it is committed at the end.
async fn replace(
    client: &mut Object,
    shop: ShopId,
    replaced: &Replaced,
) -> std::result::Result<Grown, Error> {
    let Replaced {
        growth,
        base,
        sealed,
        fork,
    } = replaced;
    let (shop, device, base) = (shop.uuid(), growth.device.uuid(), signed(*base));
    let (from, to) = (&growth.from, &growth.to);
    let tx = client.transaction().await?;
    let moved = tx
        .execute(
            MOVE,
            &[
                &shop,
                &device,
                &signed(to.seq),
                &&to.hash[..],
                &signed(to.stamp.0),
                &signed(from.seq),
                &&from.hash[..],
            ],
        )
        .await?;
    let after = "shop_id = $1 and device_id = $2 and upto_seq > $3";
    let runs = tx
        .query(
            &format!("select upto_seq, state from segment where {after} order by upto_seq for update"),
            &[&shop, &device, &base],
        )
        .await?;
    let mut there = vec![];
    for run in runs {
        if run.try_get::<_, i64>(1)? == State::Sealed.number() {
            there.push(unsigned(run.try_get(0)?));
        }
    }
    if moved == 0 || there != *sealed {
        return Ok(Grown::Elsewhere);
    }
    tx.execute(
        &format!("delete from series_part where {after}"),
        &[&shop, &device, &base],
    )
    .await?;
    tx.execute(
        &format!("update segment set state = $4, since_ms = $5 where {after}"),
        &[&shop, &device, &base, &State::Going.number(), &growth.now.0],
    )
    .await?;
    let gone = tx
        .execute(
            "delete from ruling where shop_id = $1 and by_id = $2 and seq > $3",
            &[&shop, &device, &base],
        )
        .await?;
    for some in growth.parts.chunks(ROWS) {
        let numbers: Vec<(i64, i64, &[u8])> = some
            .iter()
            .map(|part| (signed(part.upto), signed(part.after), &part.hash[..]))
            .collect();
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![&shop, &device, &growth.now.0];
        for ((upto, after, hash), part) in numbers.iter().zip(some) {
            values.extend([upto as &(dyn ToSql + Sync), after, hash, &part.bytes]);
        }
        tx.execute(&rows_of(some.len()), &values).await?;
    }
    rule(&tx, shop, growth).await?;
    // More than before whatever came and went: what anybody remembers of it is old.
    tx.execute(
        "update shop set rulings = rulings + $2 where shop_id = $1",
        &[&shop, &(signed(gone) + 1)],
    )
    .await?;
    tx.execute(
        "update rollup_shop set anew = $2 where shop_id = $1",
        &[&shop, &rollups::State::Forgetting.number()],
    )
    .await?;
    tx.execute(
        "insert into fork values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (shop_id, device_id) do update set seq = excluded.seq, upto_seq = excluded.upto_seq,
             hash = excluded.hash, signature = excluded.signature, seen_ms = excluded.seen_ms",
        &[
            &shop,
            &device,
            &signed(fork.seq),
            &fork.upto.map(signed),
            &&fork.hash[..],
            &&fork.signature[..],
            &growth.now.0,
        ],
    )
    .await?;
    tx.commit().await?;
    Ok(Grown::Done)
}

/// One statement for so many transactions of one series.
fn rows_of(count: usize) -> String {
    let mut sql = String::from(
        "insert into series_part (shop_id, device_id, received_ms, upto_seq, after_seq, hash, bytes) values ",
    );
    for row in 0..count {
        let (comma, first) = (if row == 0 { "" } else { ", " }, 4 + 4 * row);
        // Writing to a String cannot fail.
        let _ = write!(
            sql,
            "{comma}($1, $2, $3, ${first}, ${}, ${}, ${})",
            first + 1,
            first + 2,
            first + 3
        );
    }
    sql
}

/// Moves a series on and inserts what it grew by, or does nothing where it stands elsewhere.
fn move_and_insert(count: usize) -> String {
    let mut sql = format!(
        "with moved as ({MOVE} returning shop_id, device_id)
         insert into series_part (shop_id, device_id, received_ms, upto_seq, after_seq, hash, bytes)
         select moved.shop_id, moved.device_id, $8::bigint, part.* from moved cross join (values "
    );
    for row in 0..count {
        let (comma, first) = (if row == 0 { "" } else { ", " }, 9 + 4 * row);
        // Writing to a String cannot fail.
        let _ = write!(
            sql,
            "{comma}(${first}::bigint, ${}::bigint, ${}::bytea, ${}::bytea)",
            first + 1,
            first + 2,
            first + 3
        );
    }
    sql.push_str(") part");
    sql
}
