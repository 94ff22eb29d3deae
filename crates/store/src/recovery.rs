//! The shop's recovery key, and the devices that began from a backup.

use crate::{Reader, StoreError, devices, views};
use domain::{
    ids::{DeviceId, StaffId},
    time::Moment,
};
use journal::{
    Body, Header, PublicKey, admission,
    body::{DeviceAdmittedV1, DeviceRestoredV1, RecoveryKeySetV1, ShopVouchedV1},
};
use rusqlite::{Connection, OptionalExtension, params};

/// The recovery key that backups are made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryKeyRow {
    pub generation: u32,
    pub recipient: String,
    pub public_key: [u8; 32],
    pub set: Moment,
    pub by: Option<StaffId>,
}

/// A device that began from a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoredRow {
    pub device: DeviceId,
    pub backup_by: DeviceId,
    pub backup: Moment,
    pub restored: Moment,
}

impl Reader<'_> {
    /// Of two that were set apart from each other the later one is asked for; both let devices in.
    pub fn recovery_key(&self) -> Result<Option<RecoveryKeyRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select generation, recipient, public_key, set_ms, actor_id from recovery_key where generation <= ?1
                 order by generation desc, stamp desc, device_id desc limit 1",
            )?
            .query_row([self.newest_generation()?], |r| {
                Ok(RecoveryKeyRow {
                    generation: r.get(0)?,
                    recipient: r.get(1)?,
                    public_key: r.get(2)?,
                    set: Moment(r.get(3)?),
                    by: r.get::<_, Option<[u8; 16]>>(4)?.map(StaffId::from_bytes),
                })
            })
            .optional()?)
    }

    /// Whether a recovery key is one of the shop's newest.
    pub fn lets_in(&self, public_key: &[u8; 32]) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select 1 from recovery_key where public_key = ?1
                    and generation = (select max(generation) from recovery_key where generation <= ?2)",
            )?
            .exists(params![public_key, self.newest_generation()?])?)
    }

    /// Cards of a generation far above all others do not count.
    fn newest_generation(&self) -> Result<u32, StoreError> {
        let (_, rulings) = devices::rulings(self.conn)?;
        Ok(admission::newest_generation(admission::generations(&rulings)))
    }

    /// The generation that a new card has to have to be the one that counts; `None` when there is none left.
    pub fn next_generation(&self) -> Result<Option<u32>, StoreError> {
        let (_, rulings) = devices::rulings(self.conn)?;
        let mut all: Vec<u32> = admission::generations(&rulings).collect();
        let mut next = admission::newest_generation(all.iter().copied()).checked_add(1);
        while let Some(generation) = next {
            // One that was too far above the others may count with this one.
            all.push(generation);
            let newest = admission::newest_generation(all.iter().copied());
            if newest == generation {
                break;
            }
            next = newest.checked_add(1);
        }
        Ok(next)
    }

    /// Devices that a recovery key let in and that still belong here, as somebody who belongs would let them in.
    pub fn restored_admissions(&self) -> Result<Vec<DeviceAdmittedV1>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select device_id, public_key, branch_id, counter_id, ordinal, lane, restored_ms
             from device_restored join device using (device_id) order by device_id",
        )?;
        let rows = statement.query_map([], |r| {
            Ok(DeviceAdmittedV1 {
                device: r.get(0)?,
                public_key: r.get(1)?,
                branch: r.get(2)?,
                counter: r.get(3)?,
                ordinal: r.get(4)?,
                lane: r.get(5)?,
                admitted_ms: r.get(6)?,
            })
        })?;
        let mut found = Vec::new();
        for row in rows {
            let row = row?;
            let belongs = devices::revoked_at(self.conn, DeviceId::from_bytes(row.device))?.is_none();
            found.extend(belongs.then_some(row));
        }
        Ok(found)
    }

    /// The device that founded the shop, and its key.
    pub fn founder(&self) -> Result<Option<(DeviceId, PublicKey)>, StoreError> {
        Ok(devices::rulings(self.conn)?.0)
    }

    /// What recovery cards said of the shop's founder. No screen shows it: it is looked for in all facts, when a backup
    /// becomes a shop.
    pub fn vouchings(&self) -> Result<Vec<ShopVouchedV1>, StoreError> {
        let mut statement = self
            .conn
            .prepare(&format!("select {} from fact where kind = 64", views::FACT))?;
        let facts = statement.query_map([], views::fact)?;
        let mut found = Vec::new();
        for fact in facts {
            let fact = fact?;
            if let Ok(Body::ShopVouched(vouched)) =
                Body::decode(fact.header.kind, fact.header.version, &fact.body)
            {
                found.push(vouched);
            }
        }
        Ok(found)
    }

    pub fn restored_devices(&self) -> Result<Vec<RestoredRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select device_id, backup_by, backup_ms, restored_ms from device_restored order by restored_ms, device_id",
        )?;
        let rows = statement.query_map([], |r| {
            Ok(RestoredRow {
                device: DeviceId::from_bytes(r.get(0)?),
                backup_by: DeviceId::from_bytes(r.get(1)?),
                backup: Moment(r.get(2)?),
                restored: Moment(r.get(3)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

pub(crate) fn key_set(conn: &Connection, header: &Header, set: &RecoveryKeySetV1) -> Result<(), StoreError> {
    conn.prepare_cached("insert into recovery_key values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
        .execute(params![
            header.device.bytes(),
            header.seq,
            set.generation,
            set.recipient,
            set.public_key,
            i64::try_from(header.stamp.0).unwrap_or(i64::MAX),
            set.set_ms,
            header.actor.map(|actor| actor.bytes())
        ])?;
    Ok(())
}

pub(crate) fn restored(
    conn: &Connection,
    header: &Header,
    restored: &DeviceRestoredV1,
) -> Result<(), StoreError> {
    if header.seq != 1 || header.device.bytes() != restored.device {
        return Err(StoreError::damaged("a restored device speaks for itself alone"));
    }
    let fresh = !is_known(conn, &restored.device)?;
    devices::let_in(
        conn,
        header,
        &DeviceAdmittedV1 {
            device: restored.device,
            public_key: restored.public_key,
            branch: restored.branch,
            counter: restored.counter,
            ordinal: restored.ordinal,
            lane: restored.lane,
            admitted_ms: restored.restored_ms,
        },
        fresh,
    )?;
    conn.prepare_cached("insert into device_restored values (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            restored.device,
            restored.recovery_key,
            restored.backup_by,
            restored.backup_ms,
            restored.restored_ms
        ])?;
    Ok(())
}

/// Whether it was the device's own word that let it in.
pub(crate) fn let_itself_in(conn: &Connection, device: DeviceId) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached("select 1 from device_restored where device_id = ?1")?
        .exists([device.bytes()])?)
}

/// Whether a device that is let in is here already by its own word, with the same key: who sets a new recovery key lets
/// in whom the old one did.
pub(crate) fn is_restored(conn: &Connection, admitted: &DeviceAdmittedV1) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached(
            "select 1 from device_restored join device using (device_id) where device_id = ?1 and public_key = ?2",
        )?
        .exists(params![admitted.device, admitted.public_key])?)
}

fn is_known(conn: &Connection, device: &[u8; 16]) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached("select 1 from device where device_id = ?1")?
        .exists([device])?)
}
