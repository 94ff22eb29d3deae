//! Claims, handovers and refunds as they stand now, the guests' phones, and the seats of this node.

use crate::{
    Reader, StoreError, Write,
    orders::{DeviceRow, ORDER, OrderRow, TaxRow, order},
};
use domain::{
    ids::{BranchId, CounterId, DeviceId, OrderId, SeatId, StaffId},
    time::Moment,
};
use journal::body::{LineTaxV1, RefundLineV2, RefundTenderV2};
use rusqlite::{OptionalExtension, Row, params};

type Id = [u8; 16];

/// Who has an order open, or had it last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRow {
    pub order: OrderId,
    pub claim: Id,
    pub generation: u32,
    pub device: DeviceId,
    pub counter: CounterId,
    pub seat: SeatId,
    pub seat_number: u16,
    pub staff: StaffId,
    /// qr, number, confirmed or refund
    pub seen: String,
    pub at_ms: i64,
    pub expires_ms: i64,
    pub offline: bool,
    /// open, released or handed
    pub state: String,
    /// The token itself, while its order has not arrived here.
    pub code: Option<String>,
}

const CLAIM: &str =
    "order_id, claim_id, generation, device_id, counter_id, seat_id, seat, staff_id, seen, at_ms,
    expires_ms, offline, state, code";

fn claim(r: &Row<'_>) -> rusqlite::Result<ClaimRow> {
    Ok(ClaimRow {
        order: OrderId::from_bytes(r.get(0)?),
        claim: r.get(1)?,
        generation: r.get(2)?,
        device: DeviceId::from_bytes(r.get(3)?),
        counter: CounterId::from_bytes(r.get(4)?),
        seat: SeatId::from_bytes(r.get(5)?),
        seat_number: r.get(6)?,
        staff: StaffId::from_bytes(r.get(7)?),
        seen: r.get(8)?,
        at_ms: r.get(9)?,
        expires_ms: r.get(10)?,
        offline: r.get(11)?,
        state: r.get(12)?,
        code: r.get(13)?,
    })
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveRow {
    pub line: u32,
    pub from: u8,
    pub to: u8,
    pub milli: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoverRow {
    pub id: Id,
    pub order: OrderId,
    pub counter: CounterId,
    pub seat_number: u16,
    pub staff: Option<StaffId>,
    pub at_ms: i64,
    pub seen: String,
    pub offline: bool,
    pub content: [u8; 32],
    pub undone_ms: Option<i64>,
    pub moves: Vec<MoveRow>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRow {
    pub id: Id,
    pub order: OrderId,
    pub counter: CounterId,
    pub seat_number: u16,
    pub staff: Option<StaffId>,
    pub at_ms: i64,
    pub business_day: u32,
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    pub taxable_minor: i64,
    pub tax_minor: i64,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub reason: String,
    pub approved_by: Option<StaffId>,
    pub offline: bool,
    pub shift: Option<Id>,
    pub content: [u8; 32],
    pub lines: Vec<RefundLineV2>,
    pub taxes: Vec<TaxRow>,
    pub tenders: Vec<RefundTenderV2>,
}

/// What happened to an order after it was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    pub kind: String,
    pub at_ms: i64,
    pub staff: Option<StaffId>,
    pub reason: Option<String>,
    pub approved_by: Option<StaffId>,
    pub subject: Option<Id>,
}

/// The medians of a day's orders, in milliseconds, and how many orders they are of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits {
    pub placed_ready: Option<i64>,
    pub ready_delivered: Option<i64>,
    pub placed_delivered: Option<i64>,
    pub delivered: i64,
}

/// What a device did with an order, as one device tells another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// handover, undo or refund
    pub kind: String,
    /// The handover (of an undo too) or the refund.
    pub subject: Id,
    pub order: OrderId,
    pub counter: CounterId,
    pub seat_number: u16,
    pub staff: Option<StaffId>,
    pub at_ms: i64,
    pub moves: Vec<MoveRow>,
}

fn staff(r: &Row<'_>, at: usize) -> rusqlite::Result<Option<StaffId>> {
    Ok(r.get::<_, Option<Id>>(at)?.map(StaffId::from_bytes))
}

impl Reader<'_> {
    pub fn claim_of(&self, order: OrderId) -> Result<Option<ClaimRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("select {CLAIM} from claim where order_id = ?1"))?
            .query_row([order.bytes()], claim)
            .optional()?)
    }

    pub fn claim(&self, id: Id) -> Result<Option<ClaimRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("select {CLAIM} from claim where claim_id = ?1"))?
            .query_row([id], claim)
            .optional()?)
    }

    fn moves_of(&self, table: &str, id: Id) -> Result<Vec<MoveRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!(
                "select line, from_place, to_place, milli from {table}_move where {table}_id = ?1 order by n"
            ))?
            .query_map([id], |r| {
                Ok(MoveRow {
                    line: r.get(0)?,
                    from: r.get(1)?,
                    to: r.get(2)?,
                    milli: r.get(3)?,
                })
            })?
            .collect::<Result<_, _>>()?)
    }

    fn handovers_where(
        &self,
        which: &str,
        by: impl rusqlite::Params,
    ) -> Result<Vec<HandoverRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select handover_id, order_id, counter_id, seat, staff_id, at_ms, seen, offline, content, undone_ms
             from handover {which}"
        ))?;
        let mut rows: Vec<HandoverRow> = statement
            .query_map(by, |r| {
                Ok(HandoverRow {
                    id: r.get(0)?,
                    order: OrderId::from_bytes(r.get(1)?),
                    counter: CounterId::from_bytes(r.get(2)?),
                    seat_number: r.get(3)?,
                    staff: staff(r, 4)?,
                    at_ms: r.get(5)?,
                    seen: r.get(6)?,
                    offline: r.get(7)?,
                    content: r.get(8)?,
                    undone_ms: r.get(9)?,
                    moves: vec![],
                })
            })?
            .collect::<Result<_, _>>()?;
        for row in &mut rows {
            row.moves = self.moves_of("handover", row.id)?;
        }
        Ok(rows)
    }

    /// The orders that a device has open.
    pub fn open_claims(
        &self,
        device: DeviceId,
        now_ms: i64,
        most: usize,
    ) -> Result<Vec<ClaimRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {CLAIM} from claim where device_id = ?1 and state = 'open' and expires_ms > ?2
             order by at_ms desc limit ?3"
        ))?;
        Ok(statement
            .query_map(params![device.bytes(), now_ms, most], claim)?
            .collect::<Result<_, _>>()?)
    }

    /// What a counter handed out since then, the latest first.
    pub fn handovers_since(
        &self,
        counter: CounterId,
        since_ms: i64,
        most: usize,
    ) -> Result<Vec<HandoverRow>, StoreError> {
        self.handovers_where(
            "where at_ms >= ?2 and counter_id = ?1 order by at_ms desc limit ?3",
            params![counter.bytes(), since_ms, most],
        )
    }

    /// What a counter paid back since then, the latest first.
    pub fn refunds_since(
        &self,
        counter: CounterId,
        since_ms: i64,
        most: usize,
    ) -> Result<Vec<RefundRow>, StoreError> {
        self.refunds_where(
            "where at_ms >= ?2 and counter_id = ?1 order by at_ms desc limit ?3",
            params![counter.bytes(), since_ms, most],
        )
    }

    /// An order's handovers, the oldest first.
    pub fn handovers(&self, order: OrderId) -> Result<Vec<HandoverRow>, StoreError> {
        self.handovers_where("where order_id = ?1 order by at_ms, handover_id", [order.bytes()])
    }

    pub fn handover(&self, id: Id) -> Result<Option<HandoverRow>, StoreError> {
        Ok(self.handovers_where("where handover_id = ?1", [id])?.pop())
    }

    /// What was handed out last, by anybody.
    pub fn last_handovers(&self, limit: usize) -> Result<Vec<HandoverRow>, StoreError> {
        self.handovers_where(
            "where undone_ms is null order by at_ms desc, handover_id limit ?1",
            [limit],
        )
    }

    fn refunds_where(&self, which: &str, by: impl rusqlite::Params) -> Result<Vec<RefundRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select refund_id, order_id, counter_id, seat, staff_id, at_ms, business_day, prefix, fiscal_year,
                    document_no, rounding_minor, total_minor, reason, approved_by, offline, content, taxable_minor,
                    tax_minor, shift_id
             from refund {which}"
        ))?;
        let mut rows: Vec<RefundRow> = statement
            .query_map(by, |r| {
                Ok(RefundRow {
                    id: r.get(0)?,
                    order: OrderId::from_bytes(r.get(1)?),
                    counter: CounterId::from_bytes(r.get(2)?),
                    seat_number: r.get(3)?,
                    staff: staff(r, 4)?,
                    at_ms: r.get(5)?,
                    business_day: r.get(6)?,
                    prefix: r.get(7)?,
                    fiscal_year: r.get(8)?,
                    document_no: r.get(9)?,
                    rounding_minor: r.get(10)?,
                    total_minor: r.get(11)?,
                    reason: r.get(12)?,
                    approved_by: staff(r, 13)?,
                    offline: r.get(14)?,
                    content: r.get(15)?,
                    taxable_minor: r.get(16)?,
                    tax_minor: r.get(17)?,
                    shift: r.get(18)?,
                    lines: vec![],
                    taxes: vec![],
                    tenders: vec![],
                })
            })?
            .collect::<Result<_, _>>()?;
        for row in &mut rows {
            row.lines = self
                .conn
                .prepare_cached(
                    "select line, milli, amount_minor, taxable_minor from refund_line where refund_id = ?1 order by line",
                )?
                .query_map([row.id], |r| {
                    Ok(RefundLineV2 {
                        line: r.get(0)?,
                        milli: r.get(1)?,
                        amount_minor: r.get(2)?,
                        taxable_minor: r.get(3)?,
                        taxes: vec![],
                    })
                })?
                .collect::<Result<_, _>>()?;
            let mut statement = self.conn.prepare_cached(
                "select line, tax, amount_minor from refund_line_tax where refund_id = ?1 order by line, tax",
            )?;
            let taxes = statement.query_map([row.id], |r| Ok((r.get::<_, u32>(0)?, r.get(1)?, r.get(2)?)))?;
            for tax in taxes {
                let (number, tax, amount_minor) = tax?;
                if let Ok(at) = row.lines.binary_search_by_key(&number, |line| line.line) {
                    row.lines[at].taxes.push(LineTaxV1 { tax, amount_minor });
                }
            }
            row.taxes = self.taxes_of("refund_tax where refund_id", row.id)?;
            row.tenders = self
                .conn
                .prepare_cached(
                    "select tender_id, method, amount_minor, cash_rounding_minor, reference, customer_id, card_id,
                            original_id, state
                     from refund_tender where refund_id = ?1 order by tender_id",
                )?
                .query_map([row.id], |r| {
                    Ok(RefundTenderV2 {
                        tender: r.get(0)?,
                        method: r.get(1)?,
                        amount_minor: r.get(2)?,
                        cash_rounding_minor: r.get(3)?,
                        reference: r.get(4)?,
                        customer: r.get(5)?,
                        card: r.get(6)?,
                        original: r.get(7)?,
                        state: r.get(8)?,
                    })
                })?
                .collect::<Result<_, _>>()?;
        }
        Ok(rows)
    }

    /// An order's refunds, the oldest first.
    pub fn refunds(&self, order: OrderId) -> Result<Vec<RefundRow>, StoreError> {
        self.refunds_where("where order_id = ?1 order by at_ms, refund_id", [order.bytes()])
    }

    pub fn refund(&self, id: Id) -> Result<Option<RefundRow>, StoreError> {
        Ok(self.refunds_where("where refund_id = ?1", [id])?.pop())
    }

    /// Where the units of a refund came from.
    pub fn refund_moves(&self, id: Id) -> Result<Vec<MoveRow>, StoreError> {
        self.moves_of("refund", id)
    }

    /// Orders of a branch for which money is due back, the oldest first.
    pub fn orders_owed(&self, branch: BranchId, limit: usize) -> Result<Vec<OrderRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {ORDER} from \"order\" where cancelled_ms is null
                 and branch_id = ?2 and order_id in (select order_id from order_units where claimed > 0)
             order by placed_ms limit ?1"
        ))?;
        Ok(statement
            .query_map(params![limit, branch.bytes()], order)?
            .collect::<Result<_, _>>()?)
    }

    pub fn events(&self, order: OrderId) -> Result<Vec<EventRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select kind, at_ms, staff_id, reason, approved_by, subject_id from order_event where order_id = ?1
             order by stamp, device_id",
        )?;
        let rows = statement.query_map([order.bytes()], |r| {
            Ok(EventRow {
                kind: r.get(0)?,
                at_ms: r.get(1)?,
                staff: staff(r, 2)?,
                reason: r.get(3)?,
                approved_by: staff(r, 4)?,
                subject: r.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Orders of a branch in the kitchen's hands or ready, and not fetched yet.
    pub fn orders_in_work(&self, branch: BranchId, since: Moment) -> Result<Vec<OrderRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {ORDER} from \"order\" where progress > 0 and delivered_ms is null and cancelled_ms is null
                 and placed_ms >= ?1 and branch_id = ?2
             order by coalesce(ready_ms, preparing_ms, placed_ms), order_id limit 400"
        ))?;
        Ok(statement
            .query_map(params![since.0, branch.bytes()], order)?
            .collect::<Result<_, _>>()?)
    }

    /// The newest orders of a branch of which something is left to give, those that wait longest first; and how many
    /// there are in all.
    pub fn orders_open(
        &self,
        branch: BranchId,
        since: Moment,
        most: usize,
    ) -> Result<(Vec<OrderRow>, u32), StoreError> {
        const OPEN: &str = "from \"order\" where delivered_ms is null and cancelled_ms is null
                 and placed_ms >= ?1 and branch_id = ?2
                 and exists (select 1 from order_line l left join order_units u
                                 on u.order_id = l.order_id and u.line = l.line
                             where l.order_id = \"order\".order_id and l.milli > coalesce(u.given, 0)
                                 + coalesce(u.claimed, 0) + coalesce(u.kept, 0) + coalesce(u.refunded, 0))";
        let all = self
            .conn
            .prepare_cached(&format!("select count(*) {OPEN}"))?
            .query_row(params![since.0, branch.bytes()], |r| r.get(0))?;
        let mut statement = self.conn.prepare_cached(&format!(
            "select {ORDER} {OPEN} order by placed_ms desc, order_id desc limit ?3"
        ))?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut rows: Vec<OrderRow> = statement
            .query_map(params![since.0, branch.bytes(), most], order)?
            .collect::<Result<_, _>>()?;
        rows.reverse();
        Ok((rows, all))
    }

    /// The live order that holds a one-time number at a branch. Another branch may have given out the same one.
    pub fn order_by_token_number(
        &self,
        branch: BranchId,
        number: u32,
        now: Moment,
    ) -> Result<Option<OrderRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!(
                "select {ORDER} from \"order\" where token_number = ?1 and number_expires_ms > ?2
                     and cancelled_ms is null and revoked = 0 and branch_id = ?3
                 order by placed_ms desc limit 1"
            ))?
            .query_row(params![number, now.0, branch.bytes()], order)
            .optional()?)
    }

    /// The newest orders of a branch under a display number, not older than `since`.
    pub fn orders_by_number(
        &self,
        branch: BranchId,
        number: u32,
        since: Moment,
    ) -> Result<Vec<OrderRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {ORDER} from \"order\" where number = ?1 and placed_ms >= ?2 and cancelled_ms is null
                 and branch_id = ?3
             order by placed_ms desc limit 12"
        ))?;
        Ok(statement
            .query_map(params![number, since.0, branch.bytes()], order)?
            .collect::<Result<_, _>>()?)
    }

    pub fn order_by_document(
        &self,
        prefix: &str,
        fiscal_year: &str,
        n: u32,
    ) -> Result<Option<OrderRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!(
                "select {ORDER} from \"order\" where document_no = ?3 and prefix = ?1 and fiscal_year = ?2"
            ))?
            .query_row(params![prefix, fiscal_year, n], order)
            .optional()?)
    }

    /// The newest orders of a phone number at a branch, given whole.
    pub fn orders_by_phone(
        &self,
        branch: BranchId,
        phone: &str,
        since: Moment,
    ) -> Result<Vec<OrderRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {ORDER} from \"order\" where order_id in (select order_id from order_phone where phone = ?1)
                 and placed_ms >= ?2 and cancelled_ms is null and branch_id = ?3
             order by placed_ms desc limit 12"
        ))?;
        Ok(statement
            .query_map(params![phone, since.0, branch.bytes()], order)?
            .collect::<Result<_, _>>()?)
    }

    pub fn phone_of(&self, order: OrderId) -> Result<Option<String>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select phone from order_phone where order_id = ?1")?
            .query_row([order.bytes()], |r| r.get(0))
            .optional()?
            .flatten())
    }

    /// How long guests waited, of the orders delivered between two moments.
    pub fn waits(&self, from: Moment, to: Moment) -> Result<Waits, StoreError> {
        let median = |expression: &str| -> Result<Option<i64>, StoreError> {
            let all = format!(
                "select {expression} as wait from \"order\"
                 where delivered_ms >= ?1 and delivered_ms < ?2 and {expression} is not null"
            );
            Ok(self
                .conn
                .prepare_cached(&format!(
                    "with w as ({all}) select wait from w order by wait limit 1
                     offset (select (count(*) - 1) / 2 from w)"
                ))?
                .query_row([from.0, to.0], |r| r.get(0))
                .optional()?)
        };
        Ok(Waits {
            placed_ready: median("ready_ms - placed_ms")?,
            ready_delivered: median("delivered_ms - ready_ms")?,
            placed_delivered: median("delivered_ms - placed_ms")?,
            delivered: self
                .conn
                .prepare_cached(
                    "select count(*) from \"order\" where delivered_ms >= ?1 and delivered_ms < ?2",
                )?
                .query_row([from.0, to.0], |r| r.get(0))?,
        })
    }

    /// What other devices told about an order whose facts have not arrived, the oldest first.
    pub fn told(&self, order: OrderId) -> Result<Vec<Told>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select kind, subject_id, counter_id, seat, staff_id, at_ms, line, from_place, to_place, milli
             from told_move t where order_id = ?1 and not case kind
                 when 'handover' then exists (select 1 from handover where handover_id = subject_id)
                 when 'undo' then exists (select 1 from handover where handover_id = subject_id
                                          and undone_ms is not null)
                 else exists (select 1 from refund where refund_id = subject_id)
                      or exists (select 1 from \"order\" o where o.order_id = subject_id
                                 and o.cancelled_ms is not null) end
             order by at_ms, kind, subject_id, n",
        )?;
        let mut all: Vec<Told> = Vec::new();
        let mut rows = statement.query([order.bytes()])?;
        while let Some(r) = rows.next()? {
            let (kind, subject): (String, Id) = (r.get(0)?, r.get(1)?);
            let one = MoveRow {
                line: r.get(6)?,
                from: r.get(7)?,
                to: r.get(8)?,
                milli: r.get(9)?,
            };
            match all.last_mut() {
                Some(last) if last.kind == kind && last.subject == subject => last.moves.push(one),
                _ => all.push(Told {
                    kind,
                    subject,
                    order,
                    counter: CounterId::from_bytes(r.get(2)?),
                    seat_number: r.get(3)?,
                    staff: staff(r, 4)?,
                    at_ms: r.get(5)?,
                    moves: vec![one],
                }),
            }
        }
        Ok(all)
    }

    /// A seat's number, once it has one.
    pub fn seat_number(&self, seat: SeatId) -> Result<Option<u16>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select number from seat where seat_id = ?1")?
            .query_row([seat.bytes()], |r| r.get(0))
            .optional()?)
    }

    /// How much of a line is given, claimed, kept and refunded by the facts here.
    pub fn units_of(&self, order: OrderId, line: u32) -> Result<[i64; 4], StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select given, claimed, kept, refunded from order_units where order_id = ?1 and line = ?2",
            )?
            .query_row(params![order.bytes(), line], |r| {
                Ok([r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?])
            })
            .optional()?
            .unwrap_or([0; 4]))
    }

    /// What the claim authority has not heard yet.
    pub fn untold(&self, limit: usize) -> Result<Vec<(String, Id, OrderId)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select kind, subject_id, order_id from untold order by subject_id, kind limit ?1",
        )?;
        let rows = statement.query_map([limit], |r| {
            Ok((r.get(0)?, r.get(1)?, OrderId::from_bytes(r.get(2)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The public keys of the shop's devices, with their short names.
    pub fn device_keys(&self) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("select public_key from device order by ordinal")?;
        Ok(statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?)
    }

    /// A device of the shop.
    pub fn device(&self, device: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select public_key, branch_id from device where device_id = ?1")?
            .query_row([device.bytes()], |r| {
                Ok(DeviceRow {
                    public_key: r.get(0)?,
                    branch: BranchId::from_bytes(r.get(1)?),
                })
            })
            .optional()?)
    }
}

impl Write<'_> {
    /// The order's claim is this one from now on, whoever had it before.
    pub fn save_claim(&self, row: &ClaimRow) -> Result<(), StoreError> {
        self.tx
            .prepare_cached(
                "insert or replace into claim values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?
            .execute(params![
                row.order.bytes(),
                row.claim,
                row.generation,
                row.device.bytes(),
                row.counter.bytes(),
                row.seat.bytes(),
                row.seat_number,
                row.staff.bytes(),
                row.seen,
                row.at_ms,
                row.expires_ms,
                row.offline,
                row.state,
                row.code
            ])?;
        Ok(())
    }

    /// The seat's number, given to it now if this is its first use.
    pub fn number_of_seat(&self, seat: SeatId) -> Result<u16, StoreError> {
        self.tx
            .prepare_cached(
                "insert into seat select ?1, (select coalesce(max(number), 0) + 1 from seat)
                 where not exists (select 1 from seat where seat_id = ?1)",
            )?
            .execute([seat.bytes()])?;
        Ok(self
            .tx
            .prepare_cached("select number from seat where seat_id = ?1")?
            .query_row([seat.bytes()], |r| r.get(0))?)
    }

    /// Keeps what another device told; says whether it was new. The same twice is once.
    pub fn keep_told(&self, told: &Told) -> Result<bool, StoreError> {
        let mut news = false;
        let mut insert = self.tx.prepare_cached(
            "insert or ignore into told_move values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?;
        for (n, one) in (0i64..).zip(&told.moves) {
            news |= 0 < insert.execute(params![
                told.kind,
                told.subject,
                n,
                told.order.bytes(),
                one.line,
                one.from,
                one.to,
                one.milli,
                told.counter.bytes(),
                told.seat_number,
                told.staff.map(|s| s.bytes()),
                told.at_ms
            ])?;
        }
        Ok(news)
    }

    pub fn must_tell(&self, kind: &str, subject: Id, order: OrderId) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("insert or ignore into untold values (?1, ?2, ?3)")?
            .execute(params![kind, subject, order.bytes()])?;
        Ok(())
    }

    pub fn was_told(&self, kind: &str, subject: Id) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("delete from untold where kind = ?1 and subject_id = ?2")?
            .execute(params![kind, subject])?;
        Ok(())
    }
}
