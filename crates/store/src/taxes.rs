//! Tax classes and tax numbers as they stand, and as they stood.

use crate::{Reader, StoreError};
use domain::{
    ids::{StaffId, TaxClassId, TaxIdentityId},
    time::Moment,
};
use journal::{
    Header, Stamp,
    body::{TaxClassSetV1, TaxIdentitySetV2},
};
use rusqlite::{Connection, params};
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// One version of something, and who left it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version<T> {
    pub set: T,
    pub at: Moment,
    pub by: Option<StaffId>,
}

impl Reader<'_> {
    /// Every class as it stands, archived ones too, in the order in which they were made.
    pub fn tax_classes(&self) -> Result<Vec<TaxClassSetV1>, StoreError> {
        self.newest(
            "select body from tax_class_version v where (stamp, device_id) =
             (select stamp, device_id from tax_class_version w where w.class_id = v.class_id
              order by stamp desc, device_id desc limit 1)
             order by (select min(stamp) from tax_class_version w where w.class_id = v.class_id), class_id",
        )
    }

    /// Changes whenever a class does: everything that was ever set, in one figure. Cheap beside reading the rules.
    pub fn tax_class_mark(&self) -> Result<[u8; 32], StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("select body from tax_class_version order by class_id, stamp, device_id")?;
        let mut rows = statement.query([])?;
        let mut hasher = blake3::Hasher::new();
        while let Some(row) = rows.next()? {
            let body = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
            hasher.update(&body.len().to_le_bytes()).update(body);
        }
        Ok(*hasher.finalize().as_bytes())
    }

    pub fn tax_class(&self, class: TaxClassId) -> Result<Option<TaxClassSetV1>, StoreError> {
        Ok(self
            .tax_class_history(class)?
            .into_iter()
            .next()
            .map(|version| version.set))
    }

    /// The newest first.
    pub fn tax_class_history(&self, class: TaxClassId) -> Result<Vec<Version<TaxClassSetV1>>, StoreError> {
        self.versions(
            "select stamp, staff_id, body from tax_class_version where class_id = ?1
             order by stamp desc, device_id desc",
            class.bytes(),
        )
    }

    /// How many products name each class.
    pub fn products_by_tax_class(&self) -> Result<HashMap<[u8; 16], u64>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select tax_class_id, count(*) from product
             where tax_class_id is not null and archived_ms is null group by tax_class_id",
        )?;
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every tax number as it stands, removed ones not.
    pub fn tax_identities(&self) -> Result<Vec<TaxIdentitySetV2>, StoreError> {
        let mut all: Vec<TaxIdentitySetV2> = self.newest(
            "select body from tax_identity_version v where (stamp, device_id) =
             (select stamp, device_id from tax_identity_version w where w.identity_id = v.identity_id
              order by stamp desc, device_id desc limit 1)
             order by identity_id",
        )?;
        all.retain(|identity| !identity.removed);
        all.sort_by_key(|i| (i.from, i.identity));
        Ok(all)
    }

    /// The newest first.
    pub fn tax_identity_history(
        &self,
        identity: TaxIdentityId,
    ) -> Result<Vec<Version<TaxIdentitySetV2>>, StoreError> {
        self.versions(
            "select stamp, staff_id, body from tax_identity_version where identity_id = ?1
             order by stamp desc, device_id desc",
            identity.bytes(),
        )
    }

    fn newest<T: DeserializeOwned>(&self, sql: &str) -> Result<Vec<T>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?);
        }
        Ok(found)
    }

    fn versions<T: DeserializeOwned>(&self, sql: &str, id: [u8; 16]) -> Result<Vec<Version<T>>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([id])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let stamp = Stamp(row.get::<_, i64>(0)?.unsigned_abs());
            found.push(Version {
                at: stamp.moment(),
                by: row.get::<_, Option<[u8; 16]>>(1)?.map(StaffId::from_bytes),
                set: read(row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?)?,
            });
        }
        Ok(found)
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(StoreError::damaged)
}

pub(crate) fn class_set(conn: &Connection, header: &Header, set: &TaxClassSetV1) -> Result<(), StoreError> {
    let body = postcard::to_stdvec(set).map_err(StoreError::damaged)?;
    conn.prepare_cached("insert or replace into tax_class_version values (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            set.class,
            header.stamp.0.cast_signed(),
            header.device.bytes(),
            header.actor.map(|a| a.bytes()),
            body
        ])?;
    Ok(())
}

pub(crate) fn identity_set(
    conn: &Connection,
    header: &Header,
    set: &TaxIdentitySetV2,
) -> Result<(), StoreError> {
    let body = postcard::to_stdvec(set).map_err(StoreError::damaged)?;
    conn.prepare_cached("insert or replace into tax_identity_version values (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            set.identity,
            header.stamp.0.cast_signed(),
            header.device.bytes(),
            header.actor.map(|a| a.bytes()),
            body
        ])?;
    Ok(())
}
