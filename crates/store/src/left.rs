//! Two pasts of a device that was shut out. A till that began again from an image of its disk signs two series under the
//! same numbers, and which of them reached a device first is chance. Who shuts it out names the last fact that counts by
//! number and hash: that past holds everywhere, and whoever has the other one leaves it.
//!
//! Where the two part is not known beforehand. What is here is taken back in growing steps until it fits what others
//! have, so little is asked for twice. What is known to lead elsewhere is not taken again, whoever brings it.

use crate::{
    StoreError,
    devices::Revoked,
    ingest::{hash_at, head_before},
    views,
};
use domain::ids::DeviceId;
use journal::{Chunk, FactHash, Place, PublicKey, Stamp};
use rusqlite::{Connection, params};

/// What a delivery shows of the two pasts.
pub(crate) enum Past {
    /// Nothing that was not known.
    Fits,
    /// It does not lead to the last fact that counts.
    Strays { seq: u64 },
    /// It leads there, and what is here does not, from this number on; and up to where it surely does, where that shows.
    Ours { wrong: u64, good: Option<u64> },
}

/// Compares a delivery of a series that has an end with what is here.
pub(crate) fn compare(
    conn: &Connection,
    chunk: &Chunk,
    key: &PublicKey,
    end: &Revoked,
) -> Result<Past, StoreError> {
    let device = chunk.device;
    if end.last_seq == 0 || hash_at(conn, device, end.last_seq)? == Some(end.last_hash) {
        return Ok(Past::Fits);
    }
    let from = Place {
        seq: chunk.after,
        hash: chunk.previous,
        stamp: Stamp(0),
    };
    let (read, _) = chunk.read(key, from);
    let mut leads = false;
    let mut places = vec![(chunk.after, chunk.previous)];
    for fact in read.iter().flat_map(|transaction| &transaction.facts) {
        let seq = fact.header.seq;
        let there = seq == end.last_seq;
        if (there && fact.hash != end.last_hash) || is_wrong(conn, device, seq, &fact.hash)? {
            return Ok(Past::Strays { seq });
        }
        leads |= there;
        places.push((seq, fact.hash));
    }
    if !leads {
        return Ok(Past::Fits);
    }
    let mut good = None;
    for (seq, hash) in places.into_iter().filter(|(seq, _)| *seq > 0) {
        match hash_at(conn, device, seq)? {
            Some(ours) if ours != hash => return Ok(Past::Ours { wrong: seq, good }),
            Some(_) => good = Some(seq),
            None => break,
        }
    }
    Ok(Past::Fits)
}

fn is_wrong(conn: &Connection, device: DeviceId, seq: u64, hash: &FactHash) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached(
            "select 1 from left_fact where device_id = ?1 and seq = ?2 and hash = ?3 and wrong = 1",
        )?
        .exists(params![device.bytes(), seq, hash])?)
}

/// Whether something of a device was left.
pub(crate) fn has_left(conn: &Connection, device: DeviceId) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached("select 1 from left_fact where device_id = ?1")?
        .exists([device.bytes()])?)
}

/// Where to go on from when what is here is wrong at that number: twice as far back each time.
pub(crate) fn step_back(conn: &Connection, device: DeviceId, wrong: u64) -> Result<u64, StoreError> {
    let left: u64 = conn
        .prepare_cached("select count(distinct seq) from left_fact where device_id = ?1 and seq > ?2")?
        .query_row(params![device.bytes(), wrong], |r| r.get(0))?;
    head_before(conn, device, wrong.saturating_sub(left))
}

/// Leaves what is here of a device after `keep`, and what was struck out of the same past; from `wrong` on it is known to
/// lead elsewhere. The proof of the two pasts is kept. Whoever calls this computes the views again.
pub(crate) fn leave(conn: &Connection, device: DeviceId, keep: u64, wrong: u64) -> Result<(), StoreError> {
    for (facts, heads) in [("fact", "head"), ("struck_fact", "struck_head")] {
        conn.execute(
            &format!(
                "insert into left_fact ({columns}, wrong) select {columns}, seq >= ?3 from {facts}
                 where device_id = ?1 and seq > ?2
                 on conflict do update set wrong = max(wrong, excluded.wrong)",
                columns = views::FACT
            ),
            params![device.bytes(), keep, wrong],
        )?;
        conn.execute(
            &format!(
                "insert or ignore into left_head (device_id, seq, hash, signature)
                 select device_id, seq, hash, signature from {heads} where device_id = ?1 and seq > ?2"
            ),
            params![device.bytes(), keep],
        )?;
        for table in [facts, heads] {
            conn.execute(
                &format!("delete from {table} where device_id = ?1 and seq > ?2"),
                params![device.bytes(), keep],
            )?;
        }
    }
    conn.execute(
        "delete from arrival where device_id = ?1 and seq > ?2",
        params![device.bytes(), keep],
    )?;
    conn.execute(
        "insert or ignore into fork
         select h.device_id, h.seq, h.hash, h.signature, f.stamp >> 16
         from left_head h join left_fact f using (device_id, seq, hash)
         where h.device_id = ?1 and f.wrong = 1 order by h.seq desc limit 1",
        params![device.bytes()],
    )?;
    Ok(())
}
