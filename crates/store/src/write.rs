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
use journal::{Body, Clock, DeviceKey, Series, Stamp};
use rusqlite::{Transaction, TransactionBehavior, params};
use std::sync::Arc;

/// One open transaction.
pub struct Write<'a> {
    pub(crate) tx: Transaction<'a>,
    /// The series as it will stand if the transaction commits.
    me: Option<Me>,
    recorded: bool,
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
            now,
        };
        let outcome = work(&mut write)?;
        let Write {
            tx,
            me: after,
            recorded,
            ..
        } = write;
        if let (true, Some(after)) = (recorded, &after) {
            seal(&tx, after)?;
        }
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
        insert_fact(&self.tx, &fact)?;
        scopes::apply_own(&self.tx, &fact.header, body)?;
        if matches!(body, Body::DeviceRevoked(_) | Body::RecoveryKeySet(_)) {
            strike(&self.tx, fact.header.device)?;
        }
        self.recorded = true;
        Ok(())
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

/// One signature for the whole transaction, on its last fact.
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
