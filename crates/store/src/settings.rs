//! Settings as they stand, and this device's own small memory.

use crate::{Reader, StoreError, Write, catalog::record};
use journal::register::Record;
use rusqlite::{OptionalExtension, Row, params};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingRow {
    pub key: String,
    pub scope: String,
    pub scope_id: [u8; 16],
    pub value: String,
}

fn row(r: &Row<'_>) -> rusqlite::Result<SettingRow> {
    Ok(SettingRow {
        key: r.get(0)?,
        scope: r.get(1)?,
        scope_id: r.get(2)?,
        value: r.get(3)?,
    })
}

impl Reader<'_> {
    pub fn settings(&self) -> Result<Vec<SettingRow>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("select key, scope, scope_id, value from setting where value is not null")?;
        let rows = statement.query_map([], row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One setting wherever it was said.
    pub fn setting_everywhere(&self, key: &str) -> Result<Vec<SettingRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select key, scope, scope_id, value from setting where key = ?1 and value is not null",
        )?;
        let rows = statement.query_map([key], row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn setting_record(&self, record_id: [u8; 16]) -> Result<Option<Record>, StoreError> {
        record(self, "select record from setting where record_id = ?1", record_id)
    }

    pub fn local_value(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self
            .conn
            .query_row("select value from local_value where name = ?1", [name], |r| {
                r.get(0)
            })
            .optional()?)
    }
}

impl Write<'_> {
    pub fn set_local_value(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.tx.execute(
            "insert or replace into local_value values (?1, ?2)",
            params![name, value],
        )?;
        Ok(())
    }
}
