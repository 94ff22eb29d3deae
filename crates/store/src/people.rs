//! Staff and their failed PINs.

use crate::{
    Reader, StoreError, Write,
    catalog::{json, record},
};
use domain::{
    ids::{BranchId, StaffId},
    people::Role,
    time::Moment,
};
use journal::register::Record;
use rusqlite::{OptionalExtension, params};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffRow {
    pub id: StaffId,
    pub name: String,
    pub role: String,
    pub pin_hash: String,
    pub language: Option<String>,
    pub hand: String,
    pub hue: String,
    pub active: bool,
    pub archived_ms: Option<i64>,
    /// Where they work and as what; empty: everywhere, as their role says.
    pub at_branches: Vec<(BranchId, String)>,
}

impl StaffRow {
    /// What they are at a branch; none where they do not work. An owner is one everywhere.
    pub fn role_at(&self, branch: BranchId) -> Option<&str> {
        if self.role == Role::Owner.as_str() || self.at_branches.is_empty() {
            return Some(&self.role);
        }
        self.at_branches
            .iter()
            .find(|(at, _)| *at == branch)
            .map(|(_, role)| role.as_str())
    }
}

impl Reader<'_> {
    pub fn staff(&self, archived_too: bool) -> Result<Vec<StaffRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select staff_id, name, role, pin_hash, language, hand, hue, active, archived_ms, at_branches
             from staff
             where ?1 or archived_ms is null order by staff_id",
        )?;
        let rows = statement.query_map([archived_too], |r| {
            Ok(StaffRow {
                id: StaffId::from_bytes(r.get(0)?),
                name: r.get(1)?,
                role: r.get(2)?,
                pin_hash: r.get(3)?,
                language: r.get(4)?,
                hand: r.get(5)?,
                hue: r.get(6)?,
                active: r.get(7)?,
                archived_ms: r.get(8)?,
                at_branches: json::<Vec<String>>(r.get_ref(9)?.as_str()?)
                    .chunks_exact(2)
                    .filter_map(|pair| Some((pair[0].parse().ok()?, pair[1].clone())))
                    .collect(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn staff_member(&self, id: StaffId) -> Result<Option<StaffRow>, StoreError> {
        Ok(self.staff(true)?.into_iter().find(|s| s.id == id))
    }

    /// What everybody is called, whether they still work here or not.
    pub fn staff_names(&self) -> Result<Vec<(StaffId, String)>, StoreError> {
        let mut statement = self.conn.prepare_cached("select staff_id, name from staff")?;
        let rows = statement.query_map([], |r| Ok((StaffId::from_bytes(r.get(0)?), r.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What somebody is called, whether they still work here or not.
    pub fn staff_name(&self, id: StaffId) -> Result<Option<String>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select name from staff where staff_id = ?1")?
            .query_row([id.bytes()], |r| r.get(0))
            .optional()?)
    }

    pub fn staff_record(&self, id: StaffId) -> Result<Option<Record>, StoreError> {
        record(self, "select record from staff where staff_id = ?1", id.bytes())
    }

    /// How often in a row this person's PIN was wrong from this place, and when last.
    pub fn pin_failures(&self, staff: StaffId, place: &str) -> Result<(u32, Moment), StoreError> {
        Ok(self
            .conn
            .prepare_cached("select failures, last_ms from pin_failure where staff_id = ?1 and place = ?2")?
            .query_row(params![staff.bytes(), place], |r| {
                Ok((r.get(0)?, Moment(r.get(1)?)))
            })
            .optional()?
            .unwrap_or((0, Moment(0))))
    }
}

impl Write<'_> {
    pub fn pin_failed(&self, staff: StaffId, place: &str, failures: u32) -> Result<(), StoreError> {
        self.pin_failed_at(staff, place, failures, self.now())
    }

    pub fn pin_failed_at(
        &self,
        staff: StaffId,
        place: &str,
        failures: u32,
        last: Moment,
    ) -> Result<(), StoreError> {
        self.tx.execute(
            "insert or replace into pin_failure values (?1, ?2, ?3, ?4)",
            params![staff.bytes(), place, failures, last.0],
        )?;
        Ok(())
    }

    pub fn pin_succeeded(&self, staff: StaffId, place: &str) -> Result<(), StoreError> {
        self.tx.execute(
            "delete from pin_failure where staff_id = ?1 and place = ?2",
            params![staff.bytes(), place],
        )?;
        Ok(())
    }
}
