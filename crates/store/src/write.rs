//! The write handle: facts go in through `record`, and leave as one signed transaction.

use crate::{
    Identity, Reader, StoreError, events,
    ingest::strike,
    open::{Me, Who, Writer},
    scopes,
};
use domain::{
    ids::{FactId, StaffId, uuid_v7},
    time::Moment,
};
use journal::{
    Body, Clock, DeviceKey, Series, Stamp,
    exchange::{MAX_TRANSACTION_BYTES, MAX_TRANSACTION_FACTS},
};
use rusqlite::{Transaction, TransactionBehavior, params};
use std::sync::Arc;

/// A long work is signed in parts of about this size: what one signature holds must travel whole, over slow lines too.
const PART_FACTS: usize = 500;
const PART_BYTES: usize = 128 << 10;
/// What a fact takes on the wire beside its body, at most.
const AROUND_FACT: usize = 80;

/// One open transaction.
pub struct Write<'a> {
    pub(crate) tx: Transaction<'a>,
    /// The series as it will stand if the transaction commits.
    me: Option<Me>,
    recorded: bool,
    /// Facts since the last signature, and their bytes.
    unsigned: (usize, usize),
    now: Moment,
}

impl Write<'_> {
    pub(crate) fn run<T, E: From<StoreError>>(
        writer: &mut Writer,
        now: Moment,
        work: impl FnOnce(&mut Write<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let Writer { conn, me } = writer;
        let tx = conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let mut write = Write {
            tx,
            me: me.clone(),
            recorded: false,
            unsigned: (0, 0),
            now,
        };
        let outcome = work(&mut write)?;
        write.sign()?;
        let Write {
            tx,
            me: after,
            recorded,
            ..
        } = write;
        tx.commit().map_err(StoreError::from)?;
        if recorded {
            *me = after;
        }
        Ok(outcome)
    }

    /// The same transaction, for asking.
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(&self.tx)
    }

    pub fn now(&self) -> Moment {
        self.now
    }

    /// Makes this device the first of a shop. Only once per file.
    pub fn found(&mut self, identity: &Identity, founding: &Body) -> Result<(), StoreError> {
        self.tx.execute(
            "insert into identity values (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0)",
            params![
                identity.device.bytes(),
                identity.shop.bytes(),
                identity.branch.bytes(),
                identity.counter.bytes(),
                identity.ordinal,
                identity.lane,
                identity.secret_key,
                identity.number_key,
                identity.currency,
                identity.demo
            ],
        )?;
        self.tx
            .execute("insert into founder values (1, ?1)", [identity.device.bytes()])?;
        self.me = Some(Me {
            who: Arc::new(Who {
                identity: identity.clone(),
                key: DeviceKey::from_seed(&identity.secret_key),
            }),
            series: Series::new(identity.shop, identity.branch, identity.device),
            clock: Clock::default(),
        });
        self.record(None, founding)
    }

    /// Appends one fact and updates the views that it touches.
    pub fn record(&mut self, actor: Option<StaffId>, body: &Body) -> Result<(), StoreError> {
        let me = self.me.as_mut().ok_or(StoreError::NoShop)?;
        let stamp = me.clock.tick(self.now);
        let id = next_id(&me.series, stamp);
        let (kind, version) = body.tag();
        let fact = me.series.append(id, stamp, actor, kind, version, body.encode());
        self.unsigned.0 += 1;
        self.unsigned.1 += fact.body.len() + AROUND_FACT;
        insert_fact(&self.tx, &fact)?;
        scopes::apply_own(&self.tx, &fact.header, body)?;
        if matches!(
            body,
            Body::DeviceAdmitted(_) | Body::DeviceRevoked(_) | Body::RecoveryKeySet(_)
        ) {
            strike(&self.tx, Some(fact.header.device))?;
        }
        self.recorded = true;
        Ok(())
    }

    /// Between two pieces of a long work that mean something without each other. Here they are still written together or
    /// not at all; to others they may come one after the other.
    pub fn may_part(&mut self) -> Result<(), StoreError> {
        if self.unsigned.0 >= PART_FACTS || self.unsigned.1 >= PART_BYTES {
            self.sign()?;
        }
        Ok(())
    }

    /// Signs what was recorded since the last time. What nobody would take is refused here, where a person still hears it.
    fn sign(&mut self) -> Result<(), StoreError> {
        let (facts, bytes) = std::mem::take(&mut self.unsigned);
        if facts > MAX_TRANSACTION_FACTS || bytes > MAX_TRANSACTION_BYTES {
            return Err(StoreError::TooMuch);
        }
        match &self.me {
            Some(me) if facts > 0 => seal(&self.tx, me),
            _ => Ok(()),
        }
    }

    pub fn identity(&self) -> Result<&Identity, StoreError> {
        self.me
            .as_ref()
            .map(|me| &me.who.identity)
            .ok_or(StoreError::NoShop)
    }

    /// The name by which tokens point at this device's key.
    pub fn key_id(&self) -> Result<[u8; 4], StoreError> {
        self.me
            .as_ref()
            .map(|me| me.who.key.public().id())
            .ok_or(StoreError::NoShop)
    }

    pub fn sign_token(&self, body: &domain::token::TokenBody) -> Result<String, StoreError> {
        self.me
            .as_ref()
            .map(|me| journal::token::sign(body, &me.who.key))
            .ok_or(StoreError::NoShop)
    }
}

/// Unique without asking for randomness: the device's own series never repeats a position.
fn next_id(series: &Series, stamp: Stamp) -> FactId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&series.device.bytes());
    hasher.update(&(series.seq + 1).to_be_bytes());
    let mut tail = [0; 10];
    tail.copy_from_slice(&hasher.finalize().as_bytes()[..10]);
    FactId::from_uuid(uuid_v7(stamp.0 >> 16, tail))
}

/// One signature for what was recorded since the last one, on its last fact.
fn seal(tx: &Transaction<'_>, me: &Me) -> Result<(), StoreError> {
    let head = me.series.head(&me.who.key);
    tx.prepare_cached("insert into head values (?1, ?2, ?3, ?4)")?
        .execute(params![head.device.bytes(), head.seq, head.hash, head.signature])?;
    let last = i64::try_from(me.clock.last().0).unwrap_or(i64::MAX);
    tx.prepare_cached("update identity set last_stamp = ?1")?
        .execute([last])?;
    Ok(())
}

pub(crate) fn insert_fact(tx: &Transaction<'_>, fact: &journal::Fact) -> Result<(), StoreError> {
    let h = &fact.header;
    tx.prepare_cached("insert into fact values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")?
        .execute(params![
            h.device.bytes(),
            h.seq,
            h.fact.bytes(),
            h.shop.bytes(),
            h.branch.bytes(),
            i64::try_from(h.stamp.0).unwrap_or(i64::MAX),
            h.actor.map(|a| a.bytes()),
            h.kind,
            h.version,
            fact.body,
            fact.hash
        ])?;
    events::arrived(tx, h.device, h.seq)
}
