//! Exchange rates, from when on each counts.

use crate::{Reader, StoreError};
use domain::{ids::StaffId, time::Moment};
use journal::{Header, body::RateSetV1};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateRow {
    pub id: Uuid,
    pub currency: String,
    /// None: not taken any more.
    pub nano: Option<i64>,
    pub from_ms: i64,
    pub set_ms: i64,
    pub staff: Option<StaffId>,
    pub source: String,
}

const RATE: &str = "rate_id, currency, nano, from_ms, set_ms, staff_id, source";

fn rate(r: &Row<'_>) -> rusqlite::Result<RateRow> {
    Ok(RateRow {
        id: Uuid::from_bytes(r.get(0)?),
        currency: r.get(1)?,
        nano: r.get(2)?,
        from_ms: r.get(3)?,
        set_ms: r.get(4)?,
        staff: r.get::<_, Option<[u8; 16]>>(5)?.map(StaffId::from_bytes),
        source: r.get(6)?,
    })
}

impl Reader<'_> {
    /// What counts for a currency at a moment.
    pub fn rate_at(&self, currency: &str, at: Moment) -> Result<Option<RateRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!(
                "select {RATE} from exchange_rate where currency = ?1 and from_ms <= ?2
                 order by from_ms desc, stamp desc, device_id desc limit 1"
            ))?
            .query_row(params![currency, at.0], rate)
            .optional()?)
    }

    /// Every currency that ever had a rate.
    pub fn rated_currencies(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("select distinct currency from exchange_rate order by currency")?;
        Ok(statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?)
    }

    /// All that was ever set for a currency, the newest first.
    pub fn rate_history(&self, currency: &str, limit: usize) -> Result<Vec<RateRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {RATE} from exchange_rate where currency = ?1
             order by from_ms desc, stamp desc, device_id desc limit ?2"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(statement
            .query_map(params![currency, limit], rate)?
            .collect::<Result<_, _>>()?)
    }
}

pub(crate) fn set(conn: &Connection, header: &Header, set: &RateSetV1) -> Result<(), StoreError> {
    conn.prepare_cached("insert into exchange_rate values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute(params![
            set.rate,
            String::from_utf8_lossy(&set.currency),
            set.nano,
            set.from_ms,
            set.set_ms,
            header.actor.map(|a| a.bytes()),
            set.source,
            i64::try_from(header.stamp.0).unwrap_or(i64::MAX),
            header.device.bytes()
        ])?;
    Ok(())
}
