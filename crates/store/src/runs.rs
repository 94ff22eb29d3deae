//! What an import or a change of many prices did on this device, so that it can be taken back in one step.

use crate::{Reader, StoreError, Write};
use domain::ids::{CommandId, StaffId};
use journal::register::{Field, Value};
use rusqlite::{OptionalExtension, Row, params};

/// How many runs are remembered.
const KEPT: i64 = 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    pub id: CommandId,
    /// import or prices
    pub kind: String,
    /// Of an import the file's name.
    pub name: String,
    pub at_ms: i64,
    pub staff: Option<StaffId>,
    pub created: i64,
    pub changed: i64,
    pub undone_ms: Option<i64>,
}

/// One record as a run found it and left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunChange {
    /// product, price, category or brand
    pub register: String,
    pub record: [u8; 16],
    /// None: the run made the record.
    pub before: Option<Vec<(Field, Value)>>,
    pub after: Vec<(Field, Value)>,
}

fn run(r: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: CommandId::from_bytes(r.get(0)?),
        kind: r.get(1)?,
        name: r.get(2)?,
        at_ms: r.get(3)?,
        staff: r.get::<_, Option<[u8; 16]>>(4)?.map(StaffId::from_bytes),
        created: r.get(5)?,
        changed: r.get(6)?,
        undone_ms: r.get(7)?,
    })
}

const RUN: &str = "run_id, kind, name, at_ms, staff_id, created, changed, undone_ms";

impl Reader<'_> {
    /// The runs that are remembered, newest first.
    pub fn runs(&self) -> Result<Vec<RunRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {RUN} from catalog_run order by at_ms desc, run_id desc"
        ))?;
        Ok(statement.query_map([], run)?.collect::<Result<_, _>>()?)
    }

    pub fn run(&self, id: CommandId) -> Result<Option<RunRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("select {RUN} from catalog_run where run_id = ?1"))?
            .query_row([id.bytes()], run)
            .optional()?)
    }

    /// What a run changed, the last change first.
    pub fn run_changes(&self, id: CommandId) -> Result<Vec<RunChange>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select register, record_id, before, after from catalog_change where run_id = ?1 order by n desc",
        )?;
        let mut rows = statement.query([id.bytes()])?;
        let mut changes = vec![];
        while let Some(r) = rows.next()? {
            let before: Option<Vec<u8>> = r.get(2)?;
            let after: Vec<u8> = r.get(3)?;
            changes.push(RunChange {
                register: r.get(0)?,
                record: r.get(1)?,
                before: before
                    .map(|bytes| postcard::from_bytes(&bytes).map_err(StoreError::damaged))
                    .transpose()?,
                after: postcard::from_bytes(&after).map_err(StoreError::damaged)?,
            });
        }
        Ok(changes)
    }
}

impl Write<'_> {
    /// Remembers a run, and forgets the oldest.
    pub fn note_run(&self, row: &RunRow) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("insert into catalog_run values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
            .execute(params![
                row.id.bytes(),
                row.kind,
                row.name,
                row.at_ms,
                row.staff.map(|s| s.bytes()),
                row.created,
                row.changed,
                row.undone_ms
            ])?;
        self.tx.execute(
            "delete from catalog_run where run_id not in
             (select run_id from catalog_run order by at_ms desc, run_id desc limit ?1)",
            [KEPT],
        )?;
        self.tx.execute(
            "delete from catalog_change where run_id <> ?1 and run_id not in (select run_id from catalog_run)",
            [row.id.bytes()],
        )?;
        Ok(())
    }

    /// Notes the `n`th change of a run.
    pub fn note_change(&self, run: CommandId, n: usize, change: &RunChange) -> Result<(), StoreError> {
        let before = change
            .before
            .as_ref()
            .map(|fields| postcard::to_stdvec(fields).map_err(StoreError::damaged))
            .transpose()?;
        let after = postcard::to_stdvec(&change.after).map_err(StoreError::damaged)?;
        self.tx
            .prepare_cached("insert into catalog_change values (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![
                run.bytes(),
                n,
                change.register,
                change.record,
                before,
                after
            ])?;
        Ok(())
    }

    pub fn run_undone(&self, id: CommandId) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("update catalog_run set undone_ms = ?2 where run_id = ?1")?
            .execute(params![id.bytes(), self.now().0])?;
        self.tx
            .prepare_cached("delete from catalog_change where run_id = ?1")?
            .execute([id.bytes()])?;
        Ok(())
    }
}
