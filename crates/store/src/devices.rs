//! The devices of the shop: who belongs to it, by which key, and until which of its facts.

use crate::{Reader, StoreError};
use domain::ids::DeviceId;
use journal::{
    FactHash, Header, PublicKey,
    body::{DeviceAdmittedV1, DeviceRevokedV1, ShopFoundedV1},
};
use rusqlite::{Connection, OptionalExtension, params};

/// The last fact that is accepted of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    pub last_seq: u64,
    pub last_hash: FactHash,
}

impl Reader<'_> {
    /// From where on nothing of a device is accepted any more.
    pub fn revoked(&self, device: DeviceId) -> Result<Option<Revoked>, StoreError> {
        revoked_at(self.conn, device)
    }
}

pub(crate) fn revoked_at(conn: &Connection, device: DeviceId) -> Result<Option<Revoked>, StoreError> {
    Ok(conn
        .prepare_cached("select last_seq, last_hash from device_revoked where device_id = ?1")?
        .query_row([device.bytes()], |r| {
            Ok(Revoked {
                last_seq: r.get(0)?,
                last_hash: r.get(1)?,
            })
        })
        .optional()?)
}

pub(crate) fn founded(conn: &Connection, founded: &ShopFoundedV1) -> Result<(), StoreError> {
    admitted(
        conn,
        &DeviceAdmittedV1 {
            device: founded.device,
            public_key: founded.public_key,
            branch: founded.branch,
            counter: founded.counter,
            ordinal: founded.ordinal,
            lane: founded.lane,
            admitted_ms: founded.founded_ms,
        },
    )
}

pub(crate) fn admitted(conn: &Connection, admitted: &DeviceAdmittedV1) -> Result<(), StoreError> {
    let key = PublicKey::from_bytes(&admitted.public_key)
        .ok_or_else(|| StoreError::damaged("a device's public key is no key"))?;
    conn.execute(
        "insert into device values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            admitted.device,
            key.id(),
            admitted.public_key,
            admitted.branch,
            admitted.counter,
            admitted.ordinal,
            admitted.lane
        ],
    )?;
    Ok(())
}

pub(crate) fn revoked(
    conn: &Connection,
    header: &Header,
    revoked: &DeviceRevokedV1,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into device_revoked values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict (device_id) do update set last_seq = excluded.last_seq, last_hash = excluded.last_hash,
             stamp = excluded.stamp, revoked_by = excluded.revoked_by, revoked_ms = excluded.revoked_ms
         where (excluded.last_seq, excluded.stamp, excluded.revoked_by) < (last_seq, stamp, revoked_by)",
    )?
    .execute(params![
        revoked.device,
        revoked.last_seq,
        revoked.last_hash,
        i64::try_from(header.stamp.0).unwrap_or(i64::MAX),
        header.device.bytes(),
        revoked.revoked_ms
    ])?;
    Ok(())
}
