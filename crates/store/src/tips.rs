//! Tips: what came in with payments, and what was paid out.

use crate::{Reader, StoreError};
use domain::ids::{CounterId, StaffId};
use journal::{Header, body::TipsPaidV1};
use rusqlite::{Connection, params};
use uuid::Uuid;

type Id = [u8; 16];

/// Tips that one person took by one method on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TipRow {
    pub business_day: u32,
    pub staff: Option<StaffId>,
    pub method: String,
    pub tips: i64,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutRow {
    pub id: Uuid,
    pub from_day: u32,
    pub to_day: u32,
    pub method: String,
    pub pool_minor: i64,
    pub counter: CounterId,
    pub staff: Option<StaffId>,
    pub at_ms: i64,
    pub note: String,
    pub shares: Vec<(StaffId, u32, i64)>,
}

/// Tips that somebody took out of a drawer by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TipMoveRow {
    pub id: Uuid,
    pub business_day: u32,
    pub amount_minor: i64,
    pub counter: CounterId,
    pub staff: Option<StaffId>,
    pub at_ms: i64,
    pub reason: String,
}

/// Legs that stand: taken, not void, and their order not cancelled.
const STANDING: &str = "from tender t join \"order\" o on o.order_id = t.order_id
    where t.tip_minor <> 0 and t.void_ms is null and t.state <> 3 and o.cancelled_ms is null";

impl Reader<'_> {
    /// Tips of these business days, both included.
    pub fn tips(&self, from: u32, to: u32) -> Result<Vec<TipRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select t.business_day, t.staff_id, t.method, count(*), sum(t.tip_minor) {STANDING}
             and t.business_day between ?1 and ?2
             group by t.business_day, t.staff_id, t.method order by t.business_day desc, t.staff_id, t.method"
        ))?;
        let rows = statement.query_map([from, to], |r| {
            Ok(TipRow {
                business_day: r.get(0)?,
                staff: r.get::<_, Option<Id>>(1)?.map(StaffId::from_bytes),
                method: r.get(2)?,
                tips: r.get(3)?,
                amount_minor: r.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What came in and was not paid out, in pools or by hand out of a drawer.
    pub fn tips_outstanding(&self) -> Result<i64, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!(
                "select (select coalesce(sum(t.tip_minor), 0) {STANDING})
                      - (select coalesce(sum(amount_minor), 0) from tip_share)
                      + (select coalesce(sum(cash_minor), 0) from money_entry
                         where kind = 'tips' and subject_id in (select movement_id from shift_move where kind = 'tips'))"
            ))?
            .query_row([], |r| r.get(0))?)
    }

    /// Tips that went out of drawers by hand, the newest first.
    pub fn tip_moves(&self, limit: usize) -> Result<Vec<TipMoveRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select m.movement_id, e.business_day, -e.cash_minor, e.counter_id, m.staff_id, m.at_ms, m.reason
             from shift_move m join money_entry e on e.subject_id = m.movement_id
             where m.kind = 'tips' and e.kind = 'tips' and e.cash_minor <> 0
             order by m.at_ms desc, m.movement_id desc limit ?1",
        )?;
        let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |r| {
            Ok(TipMoveRow {
                id: Uuid::from_bytes(r.get(0)?),
                business_day: r.get(1)?,
                amount_minor: r.get(2)?,
                counter: CounterId::from_bytes(r.get(3)?),
                staff: r.get::<_, Option<Id>>(4)?.map(StaffId::from_bytes),
                at_ms: r.get(5)?,
                reason: r.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn tip_payouts(&self, limit: usize) -> Result<Vec<PayoutRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select payout_id, from_day, to_day, method, pool_minor, counter_id, staff_id, at_ms, note
             from tip_payout order by at_ms desc, payout_id desc limit ?1",
        )?;
        let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |r| {
            Ok(PayoutRow {
                id: Uuid::from_bytes(r.get(0)?),
                from_day: r.get(1)?,
                to_day: r.get(2)?,
                method: r.get(3)?,
                pool_minor: r.get(4)?,
                counter: CounterId::from_bytes(r.get(5)?),
                staff: r.get::<_, Option<Id>>(6)?.map(StaffId::from_bytes),
                at_ms: r.get(7)?,
                note: r.get(8)?,
                shares: vec![],
            })
        })?;
        let mut payouts = rows.collect::<Result<Vec<_>, _>>()?;
        let mut shares = self.conn.prepare_cached(
            "select staff_id, weight, amount_minor from tip_share where payout_id = ?1 order by n",
        )?;
        for payout in &mut payouts {
            payout.shares = shares
                .query_map([payout.id.as_bytes()], |r| {
                    Ok((StaffId::from_bytes(r.get(0)?), r.get(1)?, r.get(2)?))
                })?
                .collect::<Result<_, _>>()?;
        }
        Ok(payouts)
    }
}

pub(crate) fn paid(conn: &Connection, header: &Header, paid: &TipsPaidV1) -> Result<(), StoreError> {
    conn.prepare_cached("insert into tip_payout values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")?
        .execute(params![
            paid.payout,
            paid.from_day,
            paid.to_day,
            paid.method,
            paid.pool_minor,
            paid.counter,
            header.actor.map(|a| a.bytes()),
            paid.shift,
            paid.business_day,
            paid.at_ms,
            paid.note
        ])?;
    let mut insert = conn.prepare_cached("insert into tip_share values (?1, ?2, ?3, ?4, ?5)")?;
    for (n, share) in (0i64..).zip(&paid.shares) {
        insert.execute(params![
            paid.payout,
            n,
            share.staff,
            share.weight,
            share.amount_minor
        ])?;
    }
    Ok(())
}
