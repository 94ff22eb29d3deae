//! Where this device's backups go, what a copy for a backup holds, and books as they were at a moment.

use crate::{Options, Reader, Store, StoreError, Write, ingest::strike, open::connect, views};
use domain::{ids::ShopId, time::Moment};
use journal::Vector;
use rusqlite::{OptionalExtension, Row, TransactionBehavior, params, types::Value};

/// A place that backups go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRow {
    pub id: [u8; 16],
    pub kind: String,
    pub place: String,
    pub label: String,
    pub added: Moment,
    pub made: Option<Moment>,
    pub file: String,
    pub bytes: u64,
    pub facts: u64,
    pub tried: Option<Moment>,
    pub problem: String,
}

/// What a copy of the books holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    pub vector: Vector,
    pub bytes: u64,
}

const TARGET: &str =
    "target_id, kind, place, label, added_ms, made_ms, file, bytes, facts, tried_ms, problem";

fn target(r: &Row<'_>) -> rusqlite::Result<TargetRow> {
    Ok(TargetRow {
        id: r.get(0)?,
        kind: r.get(1)?,
        place: r.get(2)?,
        label: r.get(3)?,
        added: Moment(r.get(4)?),
        made: r.get::<_, Option<i64>>(5)?.map(Moment),
        file: r.get(6)?,
        bytes: r.get(7)?,
        facts: r.get(8)?,
        tried: r.get::<_, Option<i64>>(9)?.map(Moment),
        problem: r.get(10)?,
    })
}

impl Reader<'_> {
    pub fn backup_targets(&self) -> Result<Vec<TargetRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {TARGET} from backup_target order by added_ms, target_id"
        ))?;
        let rows = statement.query_map([], target)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether these are the books of that shop and of no other.
    pub fn is_of(&self, shop: ShopId) -> Result<bool, StoreError> {
        let others: bool = self
            .conn
            .prepare("select 1 from fact where shop_id <> ?1 limit 1")?
            .exists([shop.bytes()])?;
        Ok(!others)
    }

    /// When the first fact was written.
    pub fn founded_at(&self) -> Result<Option<Moment>, StoreError> {
        let stamp: Option<i64> = self
            .conn
            .query_row("select min(stamp) from fact", [], |r| r.get(0))?;
        Ok(stamp.map(|stamp| Moment(stamp >> 16)))
    }

    pub fn backup_target(&self, id: &[u8; 16]) -> Result<Option<TargetRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!(
                "select {TARGET} from backup_target where target_id = ?1"
            ))?
            .query_row([id], target)
            .optional()?)
    }
}

impl Write<'_> {
    pub fn save_backup_target(&self, row: &TargetRow) -> Result<(), StoreError> {
        self.tx
            .prepare_cached(
                "insert or replace into backup_target values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                row.id,
                row.kind,
                row.place,
                row.label,
                row.added.0,
                row.made.map(|m| m.0),
                row.file,
                row.bytes,
                row.facts,
                row.tried.map(|m| m.0),
                row.problem
            ])?;
        Ok(())
    }

    pub fn forget_backup_target(&self, id: &[u8; 16]) -> Result<bool, StoreError> {
        let gone = self
            .tx
            .execute("delete from backup_target where target_id = ?1", [id])?;
        Ok(gone > 0)
    }
}

impl Store {
    /// How large the books are on the disk, about.
    pub fn bytes(&self) -> Result<u64, StoreError> {
        self.read(|reader| {
            let pages: u64 = reader.conn.query_row("pragma page_count", [], |r| r.get(0))?;
            // Of an encrypted file it is told in letters.
            let size: Value = reader.conn.query_row("pragma page_size", [], |r| r.get(0))?;
            let size = match size {
                Value::Integer(size) => u64::try_from(size).unwrap_or(0),
                Value::Text(size) => size.parse().unwrap_or(0),
                _ => 0,
            };
            Ok(pages.saturating_mul(size))
        })
    }

    /// Whether a file that somebody handed over holds tables and indexes alone. Anything else in it would act by itself as
    /// soon as something is written.
    pub fn only_keeps(copy: &Options) -> Result<bool, StoreError> {
        let conn = connect(copy, false)?;
        let acts: bool = conn
            .prepare("select 1 from sqlite_schema where type not in ('table', 'index')")?
            .exists([])?;
        Ok(!acts)
    }

    /// Opens a copy of the books and looks whether it is whole: the file itself, and the head of each series where the
    /// last fact of it stands.
    pub fn look_at(copy: &Options) -> Result<Copied, StoreError> {
        let conn = connect(copy, true)?;
        let whole: String = conn.query_row("pragma quick_check", [], |r| r.get(0))?;
        if whole != "ok" {
            return Err(StoreError::Damaged(whole));
        }
        let open_ended: i64 = conn.query_row(
            "select count(*) from (select device_id, max(seq) as seq from fact group by device_id) f
             where not exists (select 1 from head h join fact l using (device_id, seq)
                               where h.device_id = f.device_id and h.seq = f.seq and h.hash = l.hash)",
            [],
            |r| r.get(0),
        )?;
        if open_ended > 0 {
            return Err(StoreError::damaged("a series of the copy has no head"));
        }
        let vector = crate::ingest::vector(&conn)?;
        conn.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
        conn.query_row("pragma journal_mode = delete", [], |_| Ok(()))?;
        conn.close().map_err(|(_, why)| StoreError::from(why))?;
        let bytes = std::fs::metadata(&copy.file)?.len();
        Ok(Copied { vector, bytes })
    }

    /// Leaves out what was written after a moment, by the clocks of those who wrote it, whole transactions only, and
    /// computes the views from the rest. For books that nobody goes on with as they are: a device whose own facts went
    /// could only write others in their place. Says how many facts went.
    pub fn leave_out_after(&self, until: Moment) -> Result<usize, StoreError> {
        let mut writer = self.lock();
        let tx = writer
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let last = until.0.saturating_add(1).saturating_mul(1 << 16) - 1;
        let mut gone = 0;
        for (facts, heads) in [("fact", "head"), ("struck_fact", "struck_head")] {
            let mut of_each = tx.prepare(&format!(
                "select w.device_id, coalesce(max(h.seq), 0)
                 from (select distinct device_id from {facts}) w
                 left join (select h.device_id, h.seq from {heads} h join {facts} f using (device_id, seq)
                            where f.stamp <= ?1) h using (device_id)
                 group by w.device_id"
            ))?;
            let keep: Vec<([u8; 16], u64)> = of_each
                .query_map([last], |r| Ok((r.get(0)?, r.get(1)?)))?
                .collect::<Result<_, _>>()?;
            for (device, keep) in keep {
                for table in [facts, heads] {
                    let went = tx.execute(
                        &format!("delete from {table} where device_id = ?1 and seq > ?2"),
                        params![device, keep],
                    )?;
                    gone += if table == "fact" { went } else { 0 };
                }
            }
        }
        tx.execute(
            "delete from arrival where not exists (select 1 from fact f where (f.device_id, f.seq) = (arrival.device_id, arrival.seq))
             and not exists (select 1 from struck_fact f where (f.device_id, f.seq) = (arrival.device_id, arrival.seq))",
            [],
        )?;
        if gone > 0 {
            // What was struck out by a word that went counts again.
            strike(&tx, None)?;
            views::rebuild_in(&tx)?;
        }
        tx.commit()?;
        Ok(gone)
    }
}
