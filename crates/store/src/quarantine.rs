//! Facts that are set aside: they could not be read or shown. They are kept, passed on and block nothing; here is what
//! people can do about them.

use crate::{
    Reader, Store, StoreError,
    ingest::{place_at, public_key, read, transaction_after},
    views,
    write::{Write, insert_fact},
};
use domain::{
    ids::{DeviceId, StaffId},
    time::Moment,
};
use journal::{Body, Chunk, Header, Stamp};
use rusqlite::{Connection, TransactionBehavior, params};

/// A fact that is set aside, and what was said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAsideRow {
    pub device: DeviceId,
    pub seq: u64,
    pub kind: u16,
    pub version: u16,
    pub written: Moment,
    pub bytes: u64,
    pub reason: String,
    pub note: Option<SetAsideNote>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAsideNote {
    pub note: String,
    pub staff: Option<StaffId>,
    pub at: Moment,
}

/// How many facts of a device wait for a newer build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewerRow {
    pub device: DeviceId,
    pub facts: u64,
    pub last: Option<Moment>,
}

/// What trying again came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    /// There is no such fact, or it is not set aside.
    NotThere,
    Shown,
    /// It stays aside, and why; and whether its bytes are those that its device signed.
    Still {
        reason: String,
        whole: bool,
    },
}

/// What another's copy of a fact said about the one here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// It is the same there.
    Same,
    /// The bytes here had changed on this disk; those that the device signed stand here again.
    Mended,
    /// The other has another history under the same numbers, or none.
    NoHelp,
}

impl Reader<'_> {
    /// After which number the transaction begins that a fact is in.
    pub fn transaction_before(&self, device: DeviceId, seq: u64) -> Result<u64, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select coalesce(max(seq), 0) from head where device_id = ?1 and seq < ?2")?
            .query_row(params![device.bytes(), seq], |r| r.get(0))?)
    }

    /// Those that nobody looked at first, then the newest.
    pub fn set_aside(&self, limit: usize) -> Result<Vec<SetAsideRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select q.device_id, q.seq, f.kind, f.version, f.stamp, length(f.body), q.reason, n.note, n.staff_id, n.at_ms
             from quarantine q join fact f using (device_id, seq) left join set_aside_note n using (device_id, seq)
             order by n.note is not null, f.stamp desc, q.device_id, q.seq limit ?1",
        )?;
        let rows = statement.query_map([limit], |r| {
            let note: Option<String> = r.get(7)?;
            Ok(SetAsideRow {
                device: DeviceId::from_bytes(r.get(0)?),
                seq: r.get(1)?,
                kind: r.get(2)?,
                version: r.get(3)?,
                written: Stamp(r.get::<_, i64>(4)?.unsigned_abs()).moment(),
                bytes: r.get(5)?,
                reason: r.get(6)?,
                note: match note {
                    Some(note) => Some(SetAsideNote {
                        note,
                        staff: r.get::<_, Option<[u8; 16]>>(8)?.map(StaffId::from_bytes),
                        at: Moment(r.get(9)?),
                    }),
                    None => None,
                },
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Facts that a newer build wrote, by device.
    pub fn newer_facts(&self) -> Result<Vec<NewerRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select device_id, count(*), max(stamp) from newer_fact join fact using (device_id, seq)
             group by device_id order by device_id",
        )?;
        let rows = statement.query_map([], |r| {
            Ok(NewerRow {
                device: DeviceId::from_bytes(r.get(0)?),
                facts: r.get(1)?,
                last: r
                    .get::<_, Option<i64>>(2)?
                    .map(|stamp| Stamp(stamp.unsigned_abs()).moment()),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    /// Somebody says that it can stay aside.
    pub fn leave_aside(
        &self,
        device: DeviceId,
        seq: u64,
        note: &str,
        staff: StaffId,
    ) -> Result<bool, StoreError> {
        let there = self
            .tx
            .prepare_cached("select 1 from quarantine where device_id = ?1 and seq = ?2")?
            .exists(params![device.bytes(), seq])?;
        if there {
            self.tx
                .prepare_cached("insert or replace into set_aside_note values (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![device.bytes(), seq, note, staff.bytes(), self.now().0])?;
        }
        Ok(there)
    }
}

impl Store {
    /// Compares a transaction that somebody else has with the one here. Only bytes that the device signed, and that end in
    /// the very head that stands here, take the place of others.
    pub fn compare(&self, chunk: &Chunk) -> Result<Compared, StoreError> {
        let mut writer = self.lock();
        let tx = writer
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let from = place_at(&tx, chunk.device, chunk.after)?;
        let key = public_key(&tx, chunk.device)?;
        let (Some(bytes), Some(key), true) = (chunk.transactions.first(), key, from.seq == chunk.after)
        else {
            return Ok(Compared::NoHelp);
        };
        let Ok(theirs) = read(bytes, chunk, &key, &from) else {
            return Ok(Compared::NoHelp);
        };
        let Some(ours) = transaction_after(&tx, chunk.device, chunk.after)? else {
            return Ok(Compared::NoHelp);
        };
        if (ours.head.seq, ours.head.hash) != (theirs.head.seq, theirs.head.hash) {
            return Ok(Compared::NoHelp);
        }
        if ours.facts == theirs.facts {
            return Ok(Compared::Same);
        }
        tx.prepare_cached("delete from fact where device_id = ?1 and seq > ?2 and seq <= ?3")?
            .execute(params![chunk.device.bytes(), chunk.after, theirs.head.seq])?;
        for fact in &theirs.facts {
            insert_fact(&tx, fact)?;
        }
        tx.commit()?;
        Ok(Compared::Mended)
    }

    /// Reads and shows a fact once more.
    pub fn try_again(&self, device: DeviceId, seq: u64) -> Result<Retried, StoreError> {
        let mut writer = self.lock();
        let tx = writer
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let aside = tx
            .prepare_cached("select 1 from quarantine where device_id = ?1 and seq = ?2")?
            .exists(params![device.bytes(), seq])?;
        if !aside {
            return Ok(Retried::NotThere);
        }
        let fact = views::fact_at(&tx, &device.bytes(), seq)?;
        let mut still = None;
        views::apply_arrived(&tx, &tx, &fact, &mut |header, why| {
            if (header.device, header.seq) == (device, seq) {
                still.clone_from(&why);
            }
            views::set_aside(&tx, header, why)
        })?;
        if still.is_none() {
            views::set_aside(&tx, &fact.header, None)?;
            tx.prepare_cached("delete from set_aside_note where device_id = ?1 and seq = ?2")?
                .execute(params![device.bytes(), seq])?;
        }
        let whole = match seq.checked_sub(1) {
            Some(before) => {
                let previous = match before {
                    0 => Default::default(),
                    before => views::fact_at(&tx, &device.bytes(), before)?.hash,
                };
                fact.follows(&previous)
            }
            None => false,
        };
        tx.commit()?;
        Ok(match still {
            None => Retried::Shown,
            Some(reason) => Retried::Still { reason, whole },
        })
    }
}

/// Notes a fact of a kind that this build does not know.
pub(crate) fn arrived(conn: &Connection, header: &Header, body: &[u8]) -> Result<(), StoreError> {
    if matches!(Body::decode(header.kind, header.version, body), Ok(Body::Unknown)) {
        conn.prepare_cached("insert or ignore into newer_fact values (?1, ?2, ?3, ?4)")?
            .execute(params![
                header.device.bytes(),
                header.seq,
                header.kind,
                header.version
            ])?;
    }
    Ok(())
}

/// After all facts were read anew: what this build knows now is no longer newer.
pub(crate) fn reread(conn: &Connection) -> Result<(), StoreError> {
    let kinds: Vec<(u16, u16)> = conn
        .prepare("select distinct kind, version from newer_fact")?
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (kind, version) in kinds {
        if !matches!(Body::decode(kind, version, &[]), Ok(Body::Unknown)) {
            conn.execute(
                "delete from newer_fact where kind = ?1 and version = ?2",
                [kind, version],
            )?;
        }
    }
    // A note about what is no longer aside says nothing.
    conn.execute(
        "delete from set_aside_note where not exists
             (select 1 from quarantine q where q.device_id = set_aside_note.device_id and q.seq = set_aside_note.seq)",
        [],
    )?;
    Ok(())
}
