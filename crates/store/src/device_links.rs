//! Browsers that were let in for one purpose, and when each was last here.

use crate::{Reader, StoreError, Write, catalog::record, views::merged};
use domain::ids::BranchId;
use journal::{
    fields::device_link,
    register::{PatchV1, Record, Written},
};
use rusqlite::{Connection, OptionalExtension, Params, params};

/// A browser as it was last seen at this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSeen {
    pub seen_ms: i64,
    pub address: String,
}

impl Reader<'_> {
    pub fn device_link(&self, id: [u8; 16]) -> Result<Option<Record>, StoreError> {
        record(self, "select record from device_link where link_id = ?1", id)
    }

    /// All of the shop.
    pub fn device_links(&self) -> Result<Vec<([u8; 16], Record)>, StoreError> {
        self.links("select link_id, record from device_link order by link_id", [])
    }

    /// All of a branch.
    pub fn device_links_of(&self, branch: BranchId) -> Result<Vec<([u8; 16], Record)>, StoreError> {
        self.links(
            "select link_id, record from device_link where branch_id = ?1 order by link_id",
            [branch.bytes()],
        )
    }

    fn links(&self, sql: &str, of: impl Params) -> Result<Vec<([u8; 16], Record)>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map(of, |r| Ok((r.get::<_, [u8; 16]>(0)?, r.get::<_, Vec<u8>>(1)?)))?;
        rows.map(|row| {
            let (id, bytes) = row?;
            Ok((id, postcard::from_bytes(&bytes).map_err(StoreError::damaged)?))
        })
        .collect()
    }

    pub fn link_seen(&self, id: [u8; 16]) -> Result<Option<LinkSeen>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select seen_ms, address from link_seen where link_id = ?1")?
            .query_row([id], |r| {
                Ok(LinkSeen {
                    seen_ms: r.get(0)?,
                    address: r.get(1)?,
                })
            })
            .optional()?)
    }
}

impl Write<'_> {
    pub fn link_was_here(&self, id: [u8; 16], address: &str) -> Result<(), StoreError> {
        self.tx
            .prepare_cached(
                "insert into link_seen values (?1, ?2, ?3)
                 on conflict (link_id) do update set seen_ms = excluded.seen_ms, address = excluded.address",
            )?
            .execute(params![id, self.now().0, address])?;
        Ok(())
    }
}

pub(crate) fn set(conn: &Connection, patch: &PatchV1, by: Written) -> Result<(), StoreError> {
    let Some((record, bytes)) = merged(
        conn,
        "select record from device_link where link_id = ?1",
        patch,
        by,
    )?
    else {
        return Ok(());
    };
    conn.prepare_cached("insert or replace into device_link values (?1, ?2, ?3)")?
        .execute(params![patch.record, record.id(device_link::BRANCH), bytes])?;
    Ok(())
}
