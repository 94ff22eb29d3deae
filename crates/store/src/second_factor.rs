//! Second factors as the facts say them, sealed, and the codes that were used. What is in a seal is not looked at here.

use crate::{Reader, StoreError};
use domain::{ids::StaffId, time::Moment};
use journal::{
    Header,
    body::{SecondFactorSetV1, SecondFactorUsedV1, UsedCodeV1},
};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorRow {
    pub factor: [u8; 16],
    pub sealed: Vec<u8>,
    pub set: Moment,
    pub set_by: Option<StaffId>,
}

impl Reader<'_> {
    pub fn second_factor(&self, staff: StaffId) -> Result<Option<FactorRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select factor_id, sealed, set_ms, set_by from second_factor
                 where staff_id = ?1 and factor_id is not null",
            )?
            .query_row([staff.bytes()], |r| {
                Ok(FactorRow {
                    factor: r.get(0)?,
                    sealed: r.get(1)?,
                    set: Moment(r.get(2)?),
                    set_by: r.get::<_, Option<[u8; 16]>>(3)?.map(StaffId::from_bytes),
                })
            })
            .optional()?)
    }

    /// Who took it away from somebody who had one, and when.
    pub fn second_factor_taken(
        &self,
        staff: StaffId,
    ) -> Result<Option<(Option<StaffId>, Moment)>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select set_by, set_ms from second_factor where staff_id = ?1 and factor_id is null",
            )?
            .query_row([staff.bytes()], |r| {
                let by = r.get::<_, Option<[u8; 16]>>(0)?.map(StaffId::from_bytes);
                Ok((by, Moment(r.get(1)?)))
            })
            .optional()?)
    }

    /// Everybody who has one, and which.
    pub fn second_factor_ids(&self) -> Result<HashMap<StaffId, [u8; 16]>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("select staff_id, factor_id from second_factor where factor_id is not null")?;
        let rows = statement.query_map([], |r| Ok((StaffId::from_bytes(r.get(0)?), r.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn factor_code_used(&self, factor: [u8; 16], code: UsedCodeV1) -> Result<bool, StoreError> {
        let (recovery, code) = number(code);
        Ok(self
            .conn
            .prepare_cached(
                "select 1 from second_factor_used where factor_id = ?1 and recovery = ?2 and code = ?3",
            )?
            .exists(params![factor, recovery, code])?)
    }

    /// How many of the recovery codes were used.
    pub fn recovery_codes_used(&self, factor: [u8; 16]) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select count(*) from second_factor_used where factor_id = ?1 and recovery = 1")?
            .query_row([factor], |r| r.get(0))?)
    }
}

fn number(code: UsedCodeV1) -> (bool, i64) {
    match code {
        UsedCodeV1::Step(step) => (false, step),
        UsedCodeV1::Recovery(which) => (true, i64::from(which)),
    }
}

pub(crate) fn set(conn: &Connection, header: &Header, set: &SecondFactorSetV1) -> Result<(), StoreError> {
    let factor = set.factor.as_ref();
    conn.prepare_cached(
        "insert into second_factor values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         on conflict (staff_id) do update set
             factor_id = excluded.factor_id, sealed = excluded.sealed, set_ms = excluded.set_ms,
             set_by = excluded.set_by, stamp = excluded.stamp, device_id = excluded.device_id
         where (excluded.stamp, excluded.device_id) > (stamp, device_id)",
    )?
    .execute(params![
        set.staff,
        factor.map(|one| one.factor),
        factor.map(|one| &one.sealed),
        set.set_ms,
        header.actor.map(|actor| actor.bytes()),
        i64::try_from(header.stamp.0).unwrap_or(i64::MAX),
        header.device.bytes()
    ])?;
    Ok(())
}

pub(crate) fn used(conn: &Connection, used: &SecondFactorUsedV1) -> Result<(), StoreError> {
    let (recovery, code) = number(used.code);
    // Nodes that were apart may have let the same code in; the first of them stands, whoever is heard of first.
    conn.prepare_cached(
        "insert into second_factor_used values (?1, ?2, ?3, ?4)
         on conflict (factor_id, recovery, code) do update set used_ms = min(used_ms, excluded.used_ms)",
    )?
    .execute(params![used.factor, recovery, code, used.used_ms])?;
    Ok(())
}
