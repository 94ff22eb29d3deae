//! The keys of programs at this node: their hashes, what they may do, and when they were last used.

use crate::{Reader, StoreError, Write};
use domain::{ids::StaffId, people::Permission, time::Moment};
use rusqlite::{OptionalExtension, Row, params};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// The program's record of staff, by which facts name it.
    pub id: StaffId,
    pub name: String,
    pub permissions: Vec<Permission>,
    /// Only from this machine.
    pub near: bool,
    pub ends_ms: Option<i64>,
    pub made_ms: i64,
    pub made_by: StaffId,
    pub used_ms: Option<i64>,
    pub revoked_ms: Option<i64>,
}

impl ApiKeyRow {
    /// Whether it opens anything at that moment.
    pub fn holds(&self, now: Moment) -> bool {
        self.revoked_ms.is_none() && self.ends_ms.is_none_or(|ends| now.0 < ends)
    }
}

const KEY: &str =
    "select key_id, name, permissions, near, ends_ms, made_ms, made_by, used_ms, revoked_ms from api_key";

fn key(r: &Row<'_>) -> rusqlite::Result<ApiKeyRow> {
    let words: String = r.get(2)?;
    Ok(ApiKeyRow {
        id: StaffId::from_bytes(r.get(0)?),
        name: r.get(1)?,
        // A word that this build does not know allows nothing.
        permissions: words.split(' ').filter_map(|word| word.parse().ok()).collect(),
        near: r.get(3)?,
        ends_ms: r.get(4)?,
        made_ms: r.get(5)?,
        made_by: StaffId::from_bytes(r.get(6)?),
        used_ms: r.get(7)?,
        revoked_ms: r.get(8)?,
    })
}

impl Reader<'_> {
    /// All keys, revoked ones too, the newest first.
    pub fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached(&format!("{KEY} order by made_ms desc, key_id"))?;
        Ok(statement.query_map([], key)?.collect::<Result<_, _>>()?)
    }

    pub fn api_key(&self, id: StaffId) -> Result<Option<ApiKeyRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("{KEY} where key_id = ?1"))?
            .query_row([id.bytes()], key)
            .optional()?)
    }

    pub fn api_key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKeyRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("{KEY} where hash = ?1"))?
            .query_row([hash], key)
            .optional()?)
    }
}

impl Write<'_> {
    pub fn keep_api_key(&self, row: &ApiKeyRow, hash: &[u8; 32]) -> Result<(), StoreError> {
        let words: Vec<&str> = row.permissions.iter().map(|p| p.as_str()).collect();
        self.tx.execute(
            "insert into api_key values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                row.id.bytes(),
                row.name,
                hash,
                words.join(" "),
                row.near,
                row.ends_ms,
                row.made_ms,
                row.made_by.bytes(),
                row.used_ms,
                row.revoked_ms
            ],
        )?;
        Ok(())
    }

    pub fn api_key_used(&self, id: StaffId) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("update api_key set used_ms = ?2 where key_id = ?1")?
            .execute(params![id.bytes(), self.now().0])?;
        Ok(())
    }

    pub fn revoke_api_key(&self, id: StaffId) -> Result<(), StoreError> {
        self.tx.execute(
            "update api_key set revoked_ms = coalesce(revoked_ms, ?2) where key_id = ?1",
            params![id.bytes(), self.now().0],
        )?;
        Ok(())
    }
}
