//! Facts of other devices: how far each series is here, what is sent of them, and what is taken in.
//!
//! A series is taken transaction by transaction: chained to what is here, signed by a device of the shop, not beyond
//! its revocation. What cannot be read or shown is kept, passed on and set aside; only a broken chain stops a series,
//! and never another one. Taking the same in again changes nothing.

use crate::{
    Store, StoreError, devices, events,
    left::{self, Past},
    open::Writer,
    quarantine, scopes, views,
    write::insert_fact,
};
use domain::{
    ids::{CustomerId, DeviceId},
    time::Moment,
};
pub use journal::exchange::SealedKey;
use journal::{
    Chunk, Fact, FactHash, Head, Place, PublicKey, Stamp, Transaction, Vector, Why, admission,
    exchange::{MAX_TRANSACTION_BYTES, Range},
    seal,
};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::collections::BTreeSet;

/// How many facts are committed at once, at least: a sale that waits meanwhile does not wait long.
const AT_ONCE: usize = 128;

/// What became of one device's chunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingested {
    /// How far the series is here now.
    pub upto: u64,
    pub facts: u64,
    /// What kinds of facts were new.
    pub kinds: BTreeSet<u16>,
    /// Why the rest was not taken.
    pub refused: Option<Why>,
}

impl Store {
    /// How far each series is here.
    pub fn vector(&self) -> Result<Vector, StoreError> {
        self.read(|reader| vector(reader.conn))
    }

    /// What is asked for, as far as `max_bytes` reach, whole transactions only and always at least one. Also says
    /// whether something was left out.
    pub fn chunks(&self, ranges: &[Range], max_bytes: usize) -> Result<(Vec<Chunk>, bool), StoreError> {
        let Some(me) = self.identity() else {
            return Err(StoreError::NoShop);
        };
        self.read(|reader| {
            let (mut chunks, mut used) = (Vec::new(), 0);
            for range in ranges {
                let mut from = place_at(reader.conn, range.device, range.after)?;
                if from.seq != range.after {
                    continue;
                }
                let mut chunk = Chunk::of(me.shop, range.device, &from, &[]);
                while from.seq < range.upto {
                    let Some(transaction) = transaction_after(reader.conn, range.device, from.seq)? else {
                        break;
                    };
                    let bytes = transaction.encode();
                    if used > 0 && used + bytes.len() > max_bytes {
                        if !chunk.transactions.is_empty() {
                            chunks.push(chunk);
                        }
                        return Ok((chunks, true));
                    }
                    used += bytes.len();
                    from = transaction.end();
                    chunk.transactions.push(bytes);
                }
                if !chunk.transactions.is_empty() {
                    chunks.push(chunk);
                }
            }
            Ok((chunks, false))
        })
    }

    /// Takes in what another device did. What is here already is compared and passed over.
    pub fn ingest(&self, chunk: &Chunk, now: Moment) -> Result<Ingested, StoreError> {
        let mut done = Ingested::default();
        let mut at = Reached::default();
        loop {
            // The lock is let go between the parts, so that a sale comes in between.
            let more = ingest_some(&mut self.lock(), chunk, &mut at, now, &mut done)?;
            if !more {
                return Ok(done);
            }
        }
    }

    /// Keeps the keys of customers that another device of the shop has: who was erased stays so.
    pub fn learn_customer_keys(&self, sealed: &[SealedKey]) -> Result<usize, StoreError> {
        let mut writer = self.lock();
        let Writer { conn, me } = &mut *writer;
        let me = me.as_ref().ok_or(StoreError::NoShop)?;
        let wrapping = wrapping_key(&me.who.identity.number_key);
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut learnt = 0;
        for one in sealed {
            let customer = one.customer.bytes();
            let erased: bool = tx
                .prepare_cached("select 1 from customer where customer_id = ?1 and erased_ms is not null")?
                .exists([customer])?;
            let Some(key) = seal::open(&wrapping, &customer, &one.sealed) else {
                continue;
            };
            if erased || key.len() != 32 {
                continue;
            }
            let news = tx
                .prepare_cached("insert or ignore into customer_key values (?1, ?2)")?
                .execute(params![customer, key])?;
            if news > 0 {
                learnt += 1;
                scopes::opened(&tx, &tx, &customer, &mut |header, why| {
                    views::set_aside(&tx, header, why)
                })?;
            }
        }
        tx.commit()?;
        Ok(learnt)
    }

    /// Customers of whom something is sealed here that nobody here can open.
    pub fn customers_without_key(&self, limit: usize) -> Result<Vec<CustomerId>, StoreError> {
        self.read(|reader| {
            let mut statement = reader.conn.prepare_cached(
                "select customer_id from customer c where erased_ms is null
                    and not exists (select 1 from customer_key k where k.customer_id = c.customer_id)
                 order by since_ms desc limit ?1",
            )?;
            let rows = statement.query_map([limit], |r| Ok(CustomerId::from_bytes(r.get(0)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Customers whose keys the hub was not given yet, and those of whom it does not know yet that they are erased here.
    pub fn keys_untold(&self, limit: usize) -> Result<(Vec<CustomerId>, Vec<CustomerId>), StoreError> {
        self.read(|reader| {
            let of = |sql: &str| -> Result<Vec<CustomerId>, StoreError> {
                let mut statement = reader.conn.prepare_cached(sql)?;
                let rows = statement.query_map([limit], |r| Ok(CustomerId::from_bytes(r.get(0)?)))?;
                Ok(rows.collect::<Result<_, _>>()?)
            };
            Ok((
                of("select customer_id from customer_key k
                    where not exists (select 1 from hub_key h where h.customer_id = k.customer_id) limit ?1")?,
                of("select customer_id from customer c where erased_ms is not null
                    and not exists (select 1 from hub_key h where h.customer_id = c.customer_id and h.erased = 1)
                    limit ?1")?,
            ))
        })
    }

    /// The hub was given these keys, and knows that these customers are erased here.
    pub fn keys_told(&self, given: &[CustomerId], erased: &[CustomerId]) -> Result<(), StoreError> {
        let mut writer = self.lock();
        let tx = writer
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (customers, erased) in [(given, false), (erased, true)] {
            let mut keep = tx.prepare_cached(
                "insert into hub_key values (?1, ?2)
                 on conflict (customer_id) do update set erased = max(erased, excluded.erased)",
            )?;
            for customer in customers {
                keep.execute(params![customer.bytes(), erased])?;
            }
        }
        Ok(tx.commit()?)
    }

    /// Another hub was told nothing yet.
    pub fn keys_untell(&self) -> Result<(), StoreError> {
        self.lock().conn.execute("delete from hub_key", [])?;
        Ok(())
    }

    /// The keys of these customers as they travel; only devices of this shop can open them.
    pub fn customer_keys_for(
        &self,
        customers: &[CustomerId],
        nonce: impl Fn() -> [u8; 24],
    ) -> Result<Vec<SealedKey>, StoreError> {
        let me = self.identity().ok_or(StoreError::NoShop)?;
        let wrapping = wrapping_key(&me.number_key);
        self.read(|reader| {
            let mut found = Vec::new();
            for customer in customers {
                let Some(key) = reader.customer_key(*customer)? else {
                    continue;
                };
                if let Some(sealed) = seal::close(&wrapping, &customer.bytes(), nonce(), &key) {
                    found.push(SealedKey {
                        customer: *customer,
                        sealed,
                    });
                }
            }
            Ok(found)
        })
    }
}

fn wrapping_key(secret: &[u8; 32]) -> [u8; 32] {
    blake3::derive_key("chandi 2026 customers' keys between devices v1", secret)
}

pub(crate) fn vector(conn: &Connection) -> Result<Vector, StoreError> {
    // Two seeks for each device instead of a walk over the whole log.
    let mut statement = conn.prepare_cached(
        "with recursive device_of (id) as (
             select min(device_id) from fact
             union all
             select (select min(device_id) from fact where device_id > id) from device_of where id is not null)
         select id, (select max(seq) from fact where device_id = id) from device_of where id is not null",
    )?;
    let rows = statement.query_map([], |r| Ok((DeviceId::from_bytes(r.get(0)?), r.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Where a series stands here, or stood at that number: the beginning when there is nothing.
pub(crate) fn place_at(conn: &Connection, device: DeviceId, seq: u64) -> Result<Place, StoreError> {
    let found = conn
        .prepare_cached(
            "select seq, hash, stamp from fact where device_id = ?1 and seq <= ?2 order by seq desc limit 1",
        )?
        .query_row(
            params![device.bytes(), i64::try_from(seq).unwrap_or(i64::MAX)],
            |r| {
                Ok(Place {
                    seq: r.get(0)?,
                    hash: r.get(1)?,
                    stamp: Stamp(r.get::<_, i64>(2)?.unsigned_abs()),
                })
            },
        )
        .optional()?;
    Ok(found.unwrap_or_default())
}

pub(crate) fn transaction_after(
    conn: &Connection,
    device: DeviceId,
    after: u64,
) -> Result<Option<Transaction>, StoreError> {
    let head = conn
        .prepare_cached(
            "select seq, hash, signature from head where device_id = ?1 and seq > ?2 order by seq limit 1",
        )?
        .query_row(params![device.bytes(), after], |r| {
            Ok(Head {
                device,
                seq: r.get(0)?,
                hash: r.get(1)?,
                signature: r.get(2)?,
            })
        })
        .optional()?;
    let Some(head) = head else { return Ok(None) };
    let facts: Vec<Fact> = conn
        .prepare_cached(&format!(
            "select {} from fact where device_id = ?1 and seq > ?2 and seq <= ?3 order by seq",
            views::FACT
        ))?
        .query_map(params![device.bytes(), after, head.seq], views::fact)?
        .collect::<Result<_, _>>()?;
    Ok(Some(Transaction { facts, head }))
}

pub(crate) fn public_key(conn: &Connection, device: DeviceId) -> Result<Option<PublicKey>, StoreError> {
    let bytes: Option<[u8; 32]> = conn
        .prepare_cached("select public_key from device where device_id = ?1")?
        .query_row([device.bytes()], |r| r.get(0))
        .optional()?;
    Ok(bytes.as_ref().and_then(PublicKey::from_bytes))
}

/// How much of a chunk was gone through, and where its series stands there.
#[derive(Default)]
struct Reached {
    transactions: usize,
    place: Option<Place>,
}

/// Takes in the next few transactions, in one of the disk's; says whether there are more.
fn ingest_some(
    writer: &mut Writer,
    chunk: &Chunk,
    at: &mut Reached,
    now: Moment,
    done: &mut Ingested,
) -> Result<bool, StoreError> {
    let Writer { conn, me: writer_me } = writer;
    let mut me = writer_me.clone().ok_or(StoreError::NoShop)?;
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let device = chunk.device;
    let mut here = place_at(&tx, device, u64::MAX)?;
    done.upto = here.seq;
    if chunk.shop != me.who.identity.shop {
        done.refused = Some(Why::WrongShop);
        return Ok(false);
    }
    let known = match public_key(&tx, device)? {
        None => devices::lets_itself_in(&tx, chunk)?,
        known => known,
    };
    let Some(key) = known else {
        done.refused = Some(Why::UnknownDevice);
        return Ok(false);
    };
    if chunk.after > here.seq {
        done.refused = Some(Why::Gap { have: here.seq });
        return Ok(false);
    }
    let revoked = devices::revoked_at(&tx, device)?;
    let own = device == me.who.identity.device;
    if at.place.is_none()
        && let Some(end) = revoked.filter(|_| !own)
    {
        match left::compare(&tx, chunk, &key, &end)? {
            Past::Fits => {}
            Past::Strays { seq } => {
                done.refused = Some(Why::Forked { seq });
                return Ok(false);
            }
            Past::Ours { wrong, good } => {
                let keep = match good {
                    Some(good) => head_before(&tx, device, good + 1)?,
                    None => left::step_back(&tx, device, wrong)?,
                };
                left::leave(&tx, device, keep, wrong)?;
                strike(&tx, Some(me.who.identity.device))?;
                views::rebuild_in(&tx)?;
                here = place_at(&tx, device, u64::MAX)?;
                done.upto = here.seq;
                if here.seq < chunk.after {
                    done.refused = Some(Why::Gap { have: here.seq });
                    tx.commit()?;
                    return Ok(false);
                }
            }
        }
    }
    let mut place = match at.place {
        Some(place) => place,
        None => place_at(&tx, device, chunk.after)?,
    };
    if at.place.is_none() && chunk.previous != place.hash {
        // Nothing is signed at that place alone; the sender's own head there would have to come first.
        done.refused = Some(Why::Forked { seq: chunk.after });
        return Ok(false);
    }
    let founded_by = devices::founded_by(&tx)?;
    // What a past that was left says of other devices counts until the one that holds has come so far.
    let parted = revoked.is_some() && left::has_left(&tx, device)?;
    let (mut taken, mut revokes) = (0, false);
    while let Some(bytes) = chunk.transactions.get(at.transactions) {
        let transaction = match read(bytes, chunk, &key, &place) {
            Ok(transaction) => transaction,
            Err(why) => {
                done.refused = Some(why);
                break;
            }
        };
        let end = transaction.end();
        if end.seq <= here.seq {
            if hash_at(&tx, device, end.seq)? != Some(end.hash) {
                forked(&tx, &transaction.head, now)?;
                done.refused = Some(Why::Forked { seq: end.seq });
                break;
            }
        } else if place.seq < here.seq || own {
            // A transaction that is here by half, or more of this device than it remembers: another one goes by its name.
            forked(&tx, &transaction.head, now)?;
            done.refused = Some(Why::Forked { seq: here.seq });
            break;
        } else if let Some(revoked) = revoked.filter(|revoked| end.seq > revoked.last_seq) {
            done.refused = Some(Why::Revoked {
                until: revoked.last_seq,
            });
            break;
        } else if let Some(seq) = admission::founds_at(&transaction).filter(|_| founded_by != Some(device)) {
            done.refused = Some(Why::FoundsAgain { seq });
            break;
        } else {
            for fact in &transaction.facts {
                insert_fact(&tx, fact)?;
                quarantine::arrived(&tx, &fact.header, &fact.body)?;
                views::apply_arrived(&tx, &tx, fact, &mut |header, why| {
                    views::set_aside(&tx, header, why)
                })?;
                revokes |= RULES.contains(&fact.header.kind);
                done.kinds.insert(fact.header.kind);
            }
            keep_head(&tx, &transaction.head)?;
            me.clock.observe(end.stamp, now);
            taken += transaction.facts.len();
            here = end;
        }
        place = end;
        at.place = Some(end);
        at.transactions += 1;
        if taken >= AT_ONCE {
            break;
        }
    }
    if revokes || (parted && taken > 0) {
        strike(&tx, Some(me.who.identity.device))?;
        here = place_at(&tx, device, u64::MAX)?;
    }
    if taken > 0 {
        let last = i64::try_from(me.clock.last().0).unwrap_or(i64::MAX);
        tx.prepare_cached("update identity set last_stamp = ?1")?
            .execute([last])?;
    }
    tx.commit()?;
    *writer_me = Some(me);
    done.facts += u64::try_from(taken).unwrap_or(u64::MAX);
    done.upto = here.seq;
    Ok(done.refused.is_none() && at.transactions < chunk.transactions.len())
}

/// An admission, a revocation, a new recovery key, and who is let in by a former one: facts that are here may count no
/// more, and what was struck out may count again.
const RULES: [u16; 4] = [2, 3, 8, 9];

pub(crate) fn read(bytes: &[u8], chunk: &Chunk, key: &PublicKey, from: &Place) -> Result<Transaction, Why> {
    if bytes.len() > MAX_TRANSACTION_BYTES {
        return Err(Why::TooBig);
    }
    let one = Chunk {
        transactions: vec![bytes.to_vec()],
        ..Chunk::of(chunk.shop, chunk.device, from, &[])
    };
    match one.read(key, *from) {
        (_, Some(why)) => Err(why),
        (mut read, None) => read.pop().ok_or(Why::BadChain { seq: from.seq + 1 }),
    }
}

pub(crate) fn hash_at(conn: &Connection, device: DeviceId, seq: u64) -> Result<Option<FactHash>, StoreError> {
    Ok(conn
        .prepare_cached("select hash from fact where device_id = ?1 and seq = ?2")?
        .query_row(params![device.bytes(), seq], |r| r.get(0))
        .optional()?)
}

fn keep_head(conn: &Connection, head: &Head) -> Result<(), StoreError> {
    conn.prepare_cached("insert into head values (?1, ?2, ?3, ?4)")?
        .execute(params![head.device.bytes(), head.seq, head.hash, head.signature])?;
    Ok(())
}

/// Keeps the proof that a device signed two different pasts.
fn forked(conn: &Connection, head: &Head, now: Moment) -> Result<(), StoreError> {
    conn.prepare_cached("insert or ignore into fork values (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            head.device.bytes(),
            head.seq,
            head.hash,
            head.signature,
            now.0
        ])?;
    Ok(())
}

/// The last transaction of a device that ends before a number, struck out or not.
pub(crate) fn head_before(conn: &Connection, device: DeviceId, seq: u64) -> Result<u64, StoreError> {
    Ok(conn
        .prepare_cached(
            "select coalesce(max(seq), 0) from (select device_id, seq from head union all
             select device_id, seq from struck_head) where device_id = ?1 and seq < ?2",
        )?
        .query_row(params![device.bytes(), seq], |r| r.get(0))?)
}

/// What had come in of a device beyond its revocation counts no more, and counts again when the revocation itself does
/// not hold: decided by `journal::admission` from all rulings there are, so all devices show the same whatever they heard
/// of first. This device's own facts stay where they are; nobody takes them.
pub(crate) fn strike(conn: &Connection, me: Option<DeviceId>) -> Result<(), StoreError> {
    let Some(belonging) = devices::belonging(conn)? else {
        return Ok(());
    };
    let mut writers: BTreeSet<[u8; 16]> = vector(conn)?.keys().map(|device| device.bytes()).collect();
    let mut statement = conn.prepare_cached("select distinct device_id from struck_fact")?;
    for device in statement.query_map([], |r| r.get(0))? {
        writers.insert(device?);
    }
    if let Some(me) = me {
        writers.remove(&me.bytes());
    }
    let false_founders = devices::false_founders(conn)?;
    let most = u64::try_from(i64::MAX).unwrap_or(u64::MAX);
    let mut changed = 0;
    for device in writers {
        let id = DeviceId::from_bytes(device);
        let mut until = belonging.counts(id, most);
        if let Some(founds) = false_founders.get(&id) {
            until = until.min(head_before(conn, id, *founds)?);
        }
        for (from, to, columns, side) in [
            ("fact", "struck_fact", views::FACT, ">"),
            ("head", "struck_head", "device_id, seq, hash, signature", ">"),
            ("struck_fact", "fact", views::FACT, "<="),
            ("struck_head", "head", "device_id, seq, hash, signature", "<="),
        ] {
            let which = format!("device_id = ?1 and seq {side} ?2");
            if from == "struck_fact" {
                events::came_back(conn, &which, &device, until)?;
            }
            conn.execute(
                &format!(
                    "insert into {to} ({columns}) select {columns} from {from} where {which}
                     and not exists (select 1 from {to} t where t.device_id = {from}.device_id and t.seq = {from}.seq)"
                ),
                params![device, until],
            )?;
            changed += conn.execute(
                &format!("delete from {from} where {which}"),
                params![device, until],
            )?;
        }
        if let Some(end) = belonging.get(id).and_then(|known| known.until)
            && hash_at(conn, id, end.seq)?.is_some_and(|hash| hash != end.hash)
        {
            left::leave(conn, id, head_before(conn, id, end.seq)?, end.seq)?;
            changed += 1;
        }
    }
    if changed > 0 {
        views::rebuild_in(conn)?;
    }
    Ok(())
}
