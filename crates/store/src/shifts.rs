//! Shifts, their reports, and the movements of money as they stand now.

use crate::{Reader, StoreError, orders::TaxRow};
use domain::ids::{BranchId, CounterId, DeviceId, OrderId, SeatId, ShiftId, StaffId};
use journal::{
    Body,
    body::{CashMovedV1, FiguresV1, ReportMadeV1, ShiftAddendumV1, ShiftClosedV1, ShiftOpenedV1},
};
use rusqlite::{OptionalExtension, Row, params};

type Id = [u8; 16];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftRow {
    pub id: ShiftId,
    pub device: DeviceId,
    pub branch: BranchId,
    pub counter: CounterId,
    pub seat: SeatId,
    pub seat_number: u16,
    pub opened_by: Option<StaffId>,
    /// Who has the drawer now.
    pub holder: Option<StaffId>,
    pub opened: ShiftOpenedV1,
    pub closed: Option<ClosedRow>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedRow {
    pub by: Option<StaffId>,
    pub z: ShiftClosedV1,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovementRow {
    pub by: Option<StaffId>,
    pub moved: CashMovedV1,
}

/// An X report or an addendum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportBody {
    X(ReportMadeV1),
    Addendum(ShiftAddendumV1),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    pub id: Id,
    pub shift: ShiftId,
    pub by: Option<StaffId>,
    pub made_ms: i64,
    pub body: ReportBody,
}

impl ReportRow {
    pub fn figures(&self) -> &FiguresV1 {
        match &self.body {
            ReportBody::X(x) => &x.figures,
            ReportBody::Addendum(addendum) => &addendum.figures,
        }
    }
}

/// A movement of money, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    pub device: Id,
    pub seq: u64,
    pub kind: String,
    pub cause: String,
    pub method: String,
    pub amount_minor: i64,
    pub tip_minor: i64,
    pub rounding_minor: i64,
    pub cash_minor: i64,
    pub foreign: Option<(String, i64)>,
    pub order: Option<OrderId>,
    pub subject: Option<Id>,
}

/// An order that was paid first in a shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftOrderRow {
    pub device: Id,
    pub seq: u64,
    pub order: OrderId,
    pub document: (String, String, u32),
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    pub taxable_minor: i64,
    pub tax_minor: i64,
    pub rounding_minor: i64,
    pub total_minor: i64,
}

/// What a method did on a business day, by the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayMethodRow {
    pub method: String,
    pub provider: String,
    pub taken: u32,
    pub taken_minor: i64,
    pub tips_minor: i64,
    pub rounding_minor: i64,
    pub back: u32,
    pub back_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRow {
    pub id: Id,
    pub day: u32,
    pub method: String,
    pub provider: String,
    pub system_minor: i64,
    pub system_count: u32,
    pub batch_minor: i64,
    pub batch_count: Option<u32>,
    pub reference: String,
    pub note: String,
    pub by: Option<StaffId>,
    pub at_ms: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShiftQuery {
    /// Open ones, closed ones, or both.
    pub open: Option<bool>,
    /// The business day on which it was opened.
    pub day: Option<u32>,
    /// All of the shop's when left out.
    pub branch: Option<BranchId>,
    pub before: Option<(i64, ShiftId)>,
    pub limit: usize,
}

const SHIFT: &str =
    "shift.shift_id, shift.device_id, shift.counter_id, shift.seat_id, shift.seat, shift.staff_id,
    shift.body, c.staff_id, c.body,
    coalesce((select to_staff from shift_move m where m.shift_id = shift.shift_id and m.kind = 'handover'
              order by at_ms desc, movement_id desc limit 1), shift.staff_id), shift.branch_id
    from shift left join shift_close c using (shift_id)";

fn body<T>(
    r: &Row<'_>,
    at: usize,
    tag: (u16, u16),
    of: impl FnOnce(Body) -> Option<T>,
) -> rusqlite::Result<T> {
    let bytes: Vec<u8> = r.get(at)?;
    Body::decode(tag.0, tag.1, &bytes)
        .ok()
        .and_then(of)
        .ok_or_else(|| {
            rusqlite::Error::FromSqlConversionFailure(
                at,
                rusqlite::types::Type::Blob,
                "a report's own bytes cannot be read".into(),
            )
        })
}

fn staff(r: &Row<'_>, at: usize) -> rusqlite::Result<Option<StaffId>> {
    Ok(r.get::<_, Option<Id>>(at)?.map(StaffId::from_bytes))
}

fn shift(r: &Row<'_>) -> rusqlite::Result<ShiftRow> {
    let closed = match r.get_ref(8)? {
        rusqlite::types::ValueRef::Null => None,
        _ => Some(ClosedRow {
            by: staff(r, 7)?,
            z: body(r, 8, (53, 1), |body| match body {
                Body::ShiftClosed(z) => Some(*z),
                _ => None,
            })?,
        }),
    };
    Ok(ShiftRow {
        id: ShiftId::from_bytes(r.get(0)?),
        device: DeviceId::from_bytes(r.get(1)?),
        branch: BranchId::from_bytes(r.get(10)?),
        counter: CounterId::from_bytes(r.get(2)?),
        seat: SeatId::from_bytes(r.get(3)?),
        seat_number: r.get(4)?,
        opened_by: staff(r, 5)?,
        holder: staff(r, 9)?,
        opened: body(r, 6, (51, 1), |body| match body {
            Body::ShiftOpened(opened) => Some(opened),
            _ => None,
        })?,
        closed,
    })
}

fn report(r: &Row<'_>) -> rusqlite::Result<ReportRow> {
    let kind: String = r.get(2)?;
    let body = if kind == "x" {
        body(r, 5, (55, 1), |body| match body {
            Body::ReportMade(x) => Some(ReportBody::X(*x)),
            _ => None,
        })?
    } else {
        body(r, 5, (54, 1), |body| match body {
            Body::ShiftAddendum(addendum) => Some(ReportBody::Addendum(*addendum)),
            _ => None,
        })?
    };
    Ok(ReportRow {
        id: r.get(0)?,
        shift: ShiftId::from_bytes(r.get(1)?),
        by: staff(r, 3)?,
        made_ms: r.get(4)?,
        body,
    })
}

const REPORT: &str = "select report_id, shift_id, kind, staff_id, made_ms, body from shift_report";

impl Reader<'_> {
    /// The shifts that are open at a seat, the newest first.
    pub fn open_shifts_at(&self, seat: SeatId) -> Result<Vec<ShiftRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {SHIFT} where shift.seat_id = ?1 and c.shift_id is null order by opened_ms desc, shift_id desc"
        ))?;
        Ok(statement
            .query_map([seat.bytes()], shift)?
            .collect::<Result<_, _>>()?)
    }

    /// Whose drawers are open at a seat: the shift and its holder, the newest first. What every sale asks.
    pub fn open_drawers_at(&self, seat: SeatId) -> Result<Vec<(ShiftId, Option<StaffId>)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select shift_id, coalesce((select to_staff from shift_move m where m.shift_id = shift.shift_id
                                              and m.kind = 'handover' order by at_ms desc, movement_id desc limit 1),
                                       staff_id)
             from shift where seat_id = ?1 and not exists (select 1 from shift_close c where c.shift_id = shift.shift_id)
             order by opened_ms desc, shift_id desc",
        )?;
        let rows = statement.query_map([seat.bytes()], |r| {
            Ok((ShiftId::from_bytes(r.get(0)?), staff(r, 1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn shift(&self, id: ShiftId) -> Result<Option<ShiftRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("select {SHIFT} where shift.shift_id = ?1"))?
            .query_row([id.bytes()], shift)
            .optional()?)
    }

    /// Shifts, the newest first.
    pub fn shifts(&self, query: &ShiftQuery) -> Result<Vec<ShiftRow>, StoreError> {
        let (ms, id) = query.before.unzip();
        let mut statement = self.conn.prepare_cached(&format!(
            "select {SHIFT} where (?1 is null or (c.shift_id is null) = ?1) and (?2 is null or shift.business_day = ?2)
               and (?3 is null or (opened_ms, shift.shift_id) < (?3, ?4))
               and (?6 is null or shift.branch_id = ?6)
             order by opened_ms desc, shift.shift_id desc limit ?5"
        ))?;
        let rows = statement.query_map(
            params![
                query.open,
                query.day,
                ms,
                id.map(|id| id.bytes()),
                query.limit,
                query.branch.map(|branch| branch.bytes())
            ],
            shift,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The shift that was closed last at a seat.
    pub fn last_closed_at(&self, seat: SeatId) -> Result<Option<ShiftRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!(
                "select {SHIFT} where shift.seat_id = ?1 and c.shift_id is not null
                 order by c.closed_ms desc, c.shift_id desc limit 1"
            ))?
            .query_row([seat.bytes()], shift)
            .optional()?)
    }

    /// Closed shifts by when they were closed, the newest first.
    pub fn closed_shifts(
        &self,
        before: Option<(i64, ShiftId)>,
        day: Option<u32>,
        limit: usize,
    ) -> Result<Vec<ShiftRow>, StoreError> {
        let (ms, id) = before.unzip();
        let mut statement = self.conn.prepare_cached(&format!(
            "select {SHIFT} where c.shift_id is not null and (?1 is null or (c.closed_ms, c.shift_id) < (?1, ?2))
               and (?3 is null or c.business_day = ?3)
             order by c.closed_ms desc, c.shift_id desc limit ?4"
        ))?;
        let rows = statement.query_map(params![ms, id.map(|id| id.bytes()), day, limit], shift)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn shift_moves(&self, id: ShiftId) -> Result<Vec<MovementRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select staff_id, body from shift_move where shift_id = ?1 order by at_ms, movement_id",
        )?;
        let rows = statement.query_map([id.bytes()], |r| {
            Ok(MovementRow {
                by: staff(r, 0)?,
                moved: body(r, 1, (52, 1), |body| match body {
                    Body::CashMoved(moved) => Some(moved),
                    _ => None,
                })?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// X reports and addenda of a shift, the oldest first.
    pub fn shift_reports(&self, id: ShiftId) -> Result<Vec<ReportRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "{REPORT} where shift_id = ?1 order by made_ms, document_no, report_id"
        ))?;
        Ok(statement
            .query_map([id.bytes()], report)?
            .collect::<Result<_, _>>()?)
    }

    pub fn shift_report(&self, id: Id) -> Result<Option<ReportRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("{REPORT} where report_id = ?1"))?
            .query_row([id], report)
            .optional()?)
    }

    /// Every movement of money of a shift.
    pub fn shift_entries(&self, id: ShiftId) -> Result<Vec<EntryRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select device_id, seq, kind, cause, method, amount_minor, tip_minor, rounding_minor, cash_minor,
                    foreign_currency, foreign_minor, order_id, subject_id
             from money_entry where shift_id = ?1 and kind <> 'none' order by at_ms, device_id, seq, n",
        )?;
        let rows = statement.query_map([id.bytes()], |r| {
            let currency: Option<String> = r.get(9)?;
            let minor: i64 = r.get(10)?;
            Ok(EntryRow {
                device: r.get(0)?,
                seq: r.get(1)?,
                kind: r.get(2)?,
                cause: r.get(3)?,
                method: r.get(4)?,
                amount_minor: r.get(5)?,
                tip_minor: r.get(6)?,
                rounding_minor: r.get(7)?,
                cash_minor: r.get(8)?,
                foreign: currency.map(|currency| (currency, minor)),
                order: r.get::<_, Option<Id>>(11)?.map(OrderId::from_bytes),
                subject: r.get(12)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The orders of a shift: placed in it, or else paid first in it.
    pub fn shift_orders(&self, id: ShiftId) -> Result<Vec<ShiftOrderRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select s.device_id, s.seq, o.order_id, prefix, fiscal_year, document_no, subtotal_minor,
                    line_discount_minor + order_discount_minor, taxable_minor, tax_minor, rounding_minor, total_minor
             from shift_order s join \"order\" o using (order_id)
             where s.shift_id = ?1 order by o.placed_ms, o.order_id",
        )?;
        let rows = statement.query_map([id.bytes()], |r| {
            Ok(ShiftOrderRow {
                device: r.get(0)?,
                seq: r.get(1)?,
                order: OrderId::from_bytes(r.get(2)?),
                document: (r.get(3)?, r.get(4)?, r.get(5)?),
                subtotal_minor: r.get(6)?,
                discount_minor: r.get(7)?,
                taxable_minor: r.get(8)?,
                tax_minor: r.get(9)?,
                rounding_minor: r.get(10)?,
                total_minor: r.get(11)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The taxes of a shift's orders.
    pub fn shift_order_taxes(&self, id: ShiftId) -> Result<Vec<(OrderId, TaxRow)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select s.order_id, t.name, t.rate, t.taxable_minor, t.amount_minor
             from shift_order s join order_tax t using (order_id) where s.shift_id = ?1",
        )?;
        let rows = statement.query_map([id.bytes()], |r| {
            Ok((
                OrderId::from_bytes(r.get(0)?),
                TaxRow {
                    name: r.get(1)?,
                    rate: r.get(2)?,
                    taxable_minor: r.get(3)?,
                    amount_minor: r.get(4)?,
                },
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Each opening of a shift's drawer without a sale, by the place of its fact. Of old facts that do not say whose
    /// drawer it was, those of its counter in its time.
    pub fn no_sales(
        &self,
        shift: ShiftId,
        counter: CounterId,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<(Id, u64)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select device_id, seq from money_entry
             where cause = 'no_sale' and shift_id = ?1
                or cause = 'no_sale_somewhere' and counter_id = ?2 and at_ms between ?3 and ?4",
        )?;
        let rows = statement.query_map(params![shift.bytes(), counter.bytes(), from_ms, to_ms], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How far this device has seen each series of the shop.
    pub fn seen(&self) -> Result<Vec<(Id, u64)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select device_id, (select max(seq) from fact where fact.device_id = device.device_id) from device
             order by device_id",
        )?;
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get::<_, Option<u64>>(1)?.unwrap_or(0))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What each method did on a business day.
    pub fn day_methods(&self, day: u32) -> Result<Vec<DayMethodRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select method, provider,
                    sum(sign > 0), sum(case when sign > 0 then amount_minor else 0 end), sum(tip_minor),
                    sum(rounding_minor),
                    sum(sign < 0), -sum(case when sign < 0 then amount_minor else 0 end)
             from money_entry
             where business_day = ?1 and kind in ('sale', 'void', 'refund', 'account')
             group by method, provider order by method, provider",
        )?;
        let rows = statement.query_map([day], |r| {
            Ok(DayMethodRow {
                method: r.get(0)?,
                provider: r.get(1)?,
                taken: r.get(2)?,
                taken_minor: r.get(3)?,
                tips_minor: r.get(4)?,
                rounding_minor: r.get(5)?,
                back: r.get(6)?,
                back_minor: r.get(7)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn batches(&self, day: u32) -> Result<Vec<BatchRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select batch_id, day, method, provider, system_minor, system_count, batch_minor, batch_count, reference,
                    note, staff_id, at_ms
             from batch where day = ?1 order by at_ms, batch_id",
        )?;
        let rows = statement.query_map([day], |r| {
            Ok(BatchRow {
                id: r.get(0)?,
                day: r.get(1)?,
                method: r.get(2)?,
                provider: r.get(3)?,
                system_minor: r.get(4)?,
                system_count: r.get(5)?,
                batch_minor: r.get(6)?,
                batch_count: r.get(7)?,
                reference: r.get(8)?,
                note: r.get(9)?,
                by: staff(r, 10)?,
                at_ms: r.get(11)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Closed shifts of this device for which money arrived that no report has seen.
    pub fn shifts_with_late_money(&self, device: DeviceId) -> Result<Vec<ShiftId>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select distinct s.shift_id from shift s join shift_close c using (shift_id) cross join device d
             left join shift_seen n on n.shift_id = s.shift_id and n.device_id = d.device_id
             where s.device_id = ?1
               and exists (select 1 from money_entry e where e.shift_id = s.shift_id and e.device_id = d.device_id
                                                         and e.seq > coalesce(n.seq, 0))
             order by c.closed_ms, s.shift_id",
        )?;
        let rows = statement.query_map([device.bytes()], |r| Ok(ShiftId::from_bytes(r.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many addenda a shift has.
    pub fn shift_addenda(&self, id: ShiftId) -> Result<i64, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select count(*) from shift_report where shift_id = ?1 and kind = 'addendum'")?
            .query_row([id.bytes()], |r| r.get(0))?)
    }

    /// How far the reports of a closed shift have seen each series.
    pub fn shift_seen(&self, id: ShiftId) -> Result<Vec<(Id, u64)>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("select device_id, seq from shift_seen where shift_id = ?1 order by device_id")?;
        let rows = statement.query_map([id.bytes()], |r| Ok((r.get(0)?, r.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
