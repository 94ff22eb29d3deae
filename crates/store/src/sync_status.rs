//! How far each device's series is here, and how much of it somebody else lacks.

use crate::{Reader, StoreError};
use domain::{
    ids::{BranchId, CounterId, DeviceId},
    time::Moment,
};
use journal::Stamp;
use rusqlite::params;

/// A device of the shop and where its series stands here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesRow {
    pub device: DeviceId,
    pub branch: BranchId,
    pub counter: CounterId,
    pub seq: u64,
    /// The wall time of its last fact, as it said itself.
    pub last: Option<Moment>,
    /// The last number that is taken of it.
    pub revoked: Option<u64>,
    /// How many of its facts are set aside.
    pub set_aside: u64,
}

impl Reader<'_> {
    /// In the order in which they were admitted.
    pub fn series_of_devices(&self) -> Result<Vec<SeriesRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select d.device_id, d.branch_id, d.counter_id,
                    (select max(seq) from fact f where f.device_id = d.device_id),
                    (select stamp from fact f where f.device_id = d.device_id order by seq desc limit 1),
                    (select last_seq from device_revoked r where r.device_id = d.device_id),
                    (select count(*) from quarantine q where q.device_id = d.device_id)
             from device d order by d.ordinal, d.device_id",
        )?;
        let rows = statement.query_map([], |r| {
            Ok(SeriesRow {
                device: DeviceId::from_bytes(r.get(0)?),
                branch: BranchId::from_bytes(r.get(1)?),
                counter: CounterId::from_bytes(r.get(2)?),
                seq: r.get::<_, Option<u64>>(3)?.unwrap_or(0),
                last: r
                    .get::<_, Option<i64>>(4)?
                    .map(|stamp| Stamp(stamp.unsigned_abs()).moment()),
                revoked: r.get(5)?,
                set_aside: r.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether there is a proof that a device signed two pasts.
    pub fn is_forked(&self, device: DeviceId) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select 1 from fork where device_id = ?1")?
            .exists([device.bytes()])?)
    }

    /// How many transactions of a device come after that number; `most` ends the counting.
    pub fn transactions_after(&self, device: DeviceId, seq: u64, most: u64) -> Result<u64, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select count(*) from (select 1 from head where device_id = ?1 and seq > ?2 limit ?3)",
            )?
            .query_row(
                params![device.bytes(), i64::try_from(seq).unwrap_or(i64::MAX), most],
                |r| r.get(0),
            )?)
    }
}
