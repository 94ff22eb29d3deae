//! The order in which facts came in here: the one order that a program of this node can follow without missing a fact of
//! another device that came late.

use crate::{Reader, StoreError, views};
use domain::{ids::DeviceId, time::Moment};
use journal::{Body, Fact, Stamp};
use rusqlite::{Connection, OptionalExtension, params};

/// A fact and its place in the order of arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    pub n: i64,
    pub fact: Fact,
}

impl Arrived {
    /// What it says, when this build can read it.
    pub fn body(&self) -> Option<Body> {
        let header = &self.fact.header;
        Body::decode(header.kind, header.version, &self.fact.body).ok()
    }
}

pub(crate) fn arrived(conn: &Connection, device: DeviceId, seq: u64) -> Result<(), StoreError> {
    conn.prepare_cached("insert into arrival (device_id, seq) values (?1, ?2)")?
        .execute(params![device.bytes(), seq])?;
    Ok(())
}

/// What was struck out and counts again comes in anew, at the end: whoever was past its old place has missed it.
pub(crate) fn came_back(
    conn: &Connection,
    which: &str,
    device: &[u8; 16],
    until: u64,
) -> Result<(), StoreError> {
    conn.execute(
        &format!(
            "delete from arrival where (device_id, seq) in (select device_id, seq from struck_fact where {which})"
        ),
        params![device, until],
    )?;
    conn.execute(
        &format!(
            "insert into arrival (device_id, seq)
             select device_id, seq from struck_fact where {which} order by stamp, device_id, seq"
        ),
        params![device, until],
    )?;
    Ok(())
}

impl Reader<'_> {
    /// What came in after that place, struck facts left out.
    pub fn arrived_after(&self, place: i64, limit: usize) -> Result<Vec<Arrived>, StoreError> {
        let columns: Vec<String> = views::FACT.split(", ").map(|c| format!("f.{c}")).collect();
        let mut statement = self.conn.prepare_cached(&format!(
            "select {}, a.n from arrival a
             cross join fact f on f.device_id = a.device_id and f.seq = a.seq
             where a.n > ?1 order by a.n limit ?2",
            columns.join(", ")
        ))?;
        let rows = statement.query_map(params![place, limit], |r| {
            Ok(Arrived {
                n: r.get(11)?,
                fact: views::fact(r)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The last place that was given.
    pub fn last_arrival(&self) -> Result<i64, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select coalesce(max(n), 0) from arrival")?
            .query_row([], |r| r.get(0))?)
    }

    /// The place just before the first fact of that moment or later.
    pub fn arrival_before(&self, moment: Moment) -> Result<i64, StoreError> {
        let stamp = i64::try_from(Stamp::at(moment).0).unwrap_or(i64::MAX);
        let first: Option<i64> = self
            .conn
            .prepare_cached(
                "select a.n from arrival a cross join fact f on f.device_id = a.device_id and f.seq = a.seq
                 where f.stamp >= ?1 order by a.n limit 1",
            )?
            .query_row([stamp], |r| r.get(0))
            .optional()?;
        match first {
            Some(n) => Ok(n - 1),
            None => self.last_arrival(),
        }
    }
}
