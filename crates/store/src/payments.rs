//! Payments through gateways: their steps, what they come to, and the sales that stand on them.

use crate::{Reader, StoreError};
use domain::{
    ids::{CartId, CounterId, DeviceId, OrderId, PaymentId, SeatId, StaffId, TenderId},
    money::Money,
    payment::{Payment, Step},
};
use journal::{
    Header,
    body::{OrderCancelledV2, PaymentMovedV1, PaymentStepV1, RefundedV2, TenderTakenV2, TendersSplitV1},
};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};
use uuid::Uuid;

type Id = [u8; 16];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    pub id: PaymentId,
    pub gateway: String,
    pub method: String,
    pub asked_minor: i64,
    pub tip_minor: i64,
    pub cart: Option<CartId>,
    pub order: Option<OrderId>,
    pub counter: CounterId,
    pub seat: SeatId,
    pub staff: Option<StaffId>,
    pub started_ms: i64,
    pub business_day: u32,
    pub device: Option<DeviceId>,
    pub state: String,
    pub captured_minor: i64,
    pub refunded_minor: i64,
    pub kept_minor: i64,
    pub reference: String,
    pub sold: bool,
    pub holds: bool,
    pub asking: bool,
    pub attention: Option<String>,
}

/// One step with who took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRow {
    pub step: Step,
    pub reason: String,
    pub staff: Option<StaffId>,
    pub approved_by: Option<StaffId>,
    pub at_ms: i64,
}

/// A leg of an order that stands on a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegRow {
    pub tender: TenderId,
    pub order: OrderId,
    pub number: Option<u32>,
    pub amount_minor: i64,
}

/// Money that must go back through the gateway, and has not been asked back yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedRow {
    pub payment: PaymentId,
    pub refund: Uuid,
    pub amount_minor: i64,
    pub why: String,
}

/// Which payments a list shows.
#[derive(Debug, Clone, Default)]
pub struct PaymentQuery {
    /// Only what somebody must look at.
    pub attention: bool,
    pub state: Option<String>,
    pub business_day: Option<u32>,
    pub before: Option<(i64, PaymentId)>,
    pub limit: usize,
}

/// What was taken by one method on the days of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodRow {
    pub method: String,
    pub provider: String,
    pub legs: i64,
    pub amount_minor: i64,
    pub tip_minor: i64,
    pub void_legs: i64,
    pub void_minor: i64,
    pub refunded_minor: i64,
}

const PAYMENT: &str = "payment_id, gateway, method, asked_minor, tip_minor, cart_id, order_id, counter_id, seat_id,
    staff_id, started_ms, business_day, device_id, state, captured_minor, refunded_minor, kept_minor, reference, sold,
    holds, asking, attention";

fn payment(r: &Row<'_>) -> rusqlite::Result<PaymentRow> {
    Ok(PaymentRow {
        id: PaymentId::from_bytes(r.get(0)?),
        gateway: r.get(1)?,
        method: r.get(2)?,
        asked_minor: r.get(3)?,
        tip_minor: r.get(4)?,
        cart: r.get::<_, Option<Id>>(5)?.map(CartId::from_bytes),
        order: r.get::<_, Option<Id>>(6)?.map(OrderId::from_bytes),
        counter: CounterId::from_bytes(r.get(7)?),
        seat: SeatId::from_bytes(r.get(8)?),
        staff: r.get::<_, Option<Id>>(9)?.map(StaffId::from_bytes),
        started_ms: r.get(10)?,
        business_day: r.get(11)?,
        device: r.get::<_, Option<Id>>(12)?.map(DeviceId::from_bytes),
        state: r.get(13)?,
        captured_minor: r.get(14)?,
        refunded_minor: r.get(15)?,
        kept_minor: r.get(16)?,
        reference: r.get(17)?,
        sold: r.get(18)?,
        holds: r.get(19)?,
        asking: r.get(20)?,
        attention: r.get(21)?,
    })
}

fn step(r: &Row<'_>) -> rusqlite::Result<StepRow> {
    let word: String = r.get(0)?;
    let amount = || -> rusqlite::Result<Money> {
        Ok(Money::from_minor(r.get::<_, Option<i64>>(2)?.unwrap_or_default()))
    };
    let refund =
        || -> rusqlite::Result<Uuid> { Ok(Uuid::from_bytes(r.get::<_, Option<Id>>(3)?.unwrap_or_default())) };
    let step = match word.as_str() {
        "no_answer" => Step::NoAnswer,
        "authorised" => Step::Authorised,
        "captured" => Step::Captured {
            reference: r.get::<_, Option<String>>(1)?.unwrap_or_default(),
            amount: amount()?,
        },
        "failed" => Step::Failed,
        "voided" => Step::Voided,
        "said_charged" => Step::SaidCharged,
        "said_not_charged" => Step::SaidNotCharged,
        "let_go" => Step::LetGo,
        "refund_asked" => Step::RefundAsked {
            refund: refund()?,
            amount: amount()?,
        },
        "refund_done" => Step::RefundDone { refund: refund()? },
        "refund_failed" => Step::RefundFailed { refund: refund()? },
        _ => Step::Started,
    };
    Ok(StepRow {
        step,
        reason: r.get(4)?,
        staff: r.get::<_, Option<Id>>(5)?.map(StaffId::from_bytes),
        approved_by: r.get::<_, Option<Id>>(6)?.map(StaffId::from_bytes),
        at_ms: r.get(7)?,
    })
}

fn steps(conn: &Connection, id: &Id) -> Result<Vec<StepRow>, StoreError> {
    let mut statement = conn.prepare_cached(
        "select step, reference, amount_minor, refund_id, reason, staff_id, approved_by, at_ms
         from payment_step where payment_id = ?1 order by stamp, device_id",
    )?;
    Ok(statement.query_map([id], step)?.collect::<Result<_, _>>()?)
}

impl Reader<'_> {
    pub fn payment(&self, id: PaymentId) -> Result<Option<PaymentRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("select {PAYMENT} from payment where payment_id = ?1"))?
            .query_row([id.bytes()], payment)
            .optional()?)
    }

    pub fn payment_steps(&self, id: PaymentId) -> Result<Vec<StepRow>, StoreError> {
        steps(self.conn, &id.bytes())
    }

    /// What the sales that stand on a payment still have of it; none when no sale ever stood on it.
    pub fn payment_claimed(&self, id: PaymentId) -> Result<Option<Money>, StoreError> {
        claimed(self.conn, &id.bytes())
    }

    /// The payment that this cart waits for.
    pub fn payment_holding(&self, cart: CartId) -> Result<Option<PaymentRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!(
                "select {PAYMENT} from payment where cart_id = ?1 and holds = 1 order by started_ms desc limit 1"
            ))?
            .query_row([cart.bytes()], payment)
            .optional()?)
    }

    pub fn payment_legs(&self, id: PaymentId) -> Result<Vec<LegRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select l.tender_id, l.order_id, o.number, l.amount_minor from payment_leg l
             left join \"order\" o on o.order_id = l.order_id where l.payment_id = ?1 order by l.tender_id",
        )?;
        let rows = statement.query_map([id.bytes()], |r| {
            Ok(LegRow {
                tender: TenderId::from_bytes(r.get(0)?),
                order: OrderId::from_bytes(r.get(1)?),
                number: r.get(2)?,
                amount_minor: r.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn payments(&self, query: &PaymentQuery) -> Result<Vec<PaymentRow>, StoreError> {
        let mut wanted = String::from("1");
        let mut values: Vec<Value> = Vec::new();
        if query.attention {
            wanted.push_str(" and attention is not null");
        }
        if let Some(state) = &query.state {
            values.push(state.clone().into());
            wanted.push_str(&format!(" and state = ?{}", values.len()));
        }
        if let Some(day) = query.business_day {
            values.push(i64::from(day).into());
            wanted.push_str(&format!(" and business_day = ?{}", values.len()));
        }
        if let Some((ms, id)) = query.before {
            values.push(ms.into());
            values.push(id.bytes().to_vec().into());
            let n = values.len();
            wanted.push_str(&format!(" and (started_ms, payment_id) < (?{}, ?{n})", n - 1));
        }
        values.push(i64::try_from(query.limit).unwrap_or(i64::MAX).into());
        let mut statement = self.conn.prepare_cached(&format!(
            "select {PAYMENT} from payment where {wanted} order by started_ms desc, payment_id desc limit ?{}",
            values.len()
        ))?;
        let rows = statement.query_map(params_from_iter(values), payment)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What the gateways must be asked about by this device, begun since then.
    pub fn payments_to_ask(&self, device: DeviceId, since_ms: i64) -> Result<Vec<PaymentRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {PAYMENT} from payment where asking = 1 and started_ms >= ?2 and device_id = ?1 order by started_ms"
        ))?;
        let rows = statement.query_map(params![device.bytes(), since_ms], payment)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What this device's gateways charged or may yet charge without a sale, and how much of it was not paid back.
    pub fn charges_without_sale(&self, device: DeviceId) -> Result<Vec<(PaymentId, i64)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select payment_id, captured_minor - refunded_minor from payment
             where device_id = ?1 and sold = 0 and (asking = 1 or captured_minor > refunded_minor)",
        )?;
        let rows = statement.query_map([device.bytes()], |r| {
            Ok((PaymentId::from_bytes(r.get(0)?), r.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What must go back through this device's gateways and was not asked back yet.
    pub fn payments_owed(&self, device: DeviceId) -> Result<Vec<OwedRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select w.payment_id, w.refund_id, w.amount_minor, w.why from payment_owed w
             join payment p on p.payment_id = w.payment_id
             where p.device_id = ?1 and not exists (
                 select 1 from payment_step s where s.payment_id = w.payment_id and s.refund_id = w.refund_id)
             order by w.at_ms, w.refund_id",
        )?;
        let rows = statement.query_map([device.bytes()], |r| {
            Ok(OwedRow {
                payment: PaymentId::from_bytes(r.get(0)?),
                refund: Uuid::from_bytes(r.get(1)?),
                amount_minor: r.get(2)?,
                why: r.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Refunds that this device asked for and that were neither done nor refused.
    pub fn refunds_under_way(&self, device: DeviceId) -> Result<Vec<OwedRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select s.payment_id, s.refund_id, s.amount_minor, s.reason from payment_step s
             join payment p on p.payment_id = s.payment_id
             where p.device_id = ?1 and s.step = 'refund_asked' and not exists (
                 select 1 from payment_step d where d.payment_id = s.payment_id and d.refund_id = s.refund_id
                     and d.step in ('refund_done', 'refund_failed'))
             order by s.at_ms",
        )?;
        let rows = statement.query_map([device.bytes()], |r| {
            Ok(OwedRow {
                payment: PaymentId::from_bytes(r.get(0)?),
                refund: Uuid::from_bytes(r.get(1)?),
                amount_minor: r.get(2)?,
                why: r.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What was taken by each method on these business days, both included.
    pub fn taken_by_method(&self, from: u32, to: u32) -> Result<Vec<MethodRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "with leg as (
                 select t.method, t.provider, t.amount_minor, t.tip_minor,
                        t.void_ms is not null or o.cancelled_ms is not null as void,
                        (select coalesce(sum(r.amount_minor), 0) from refund_tender r
                         where r.original_id = t.tender_id) as refunded
                 from \"order\" o join tender t on t.order_id = o.order_id
                 where o.business_day between ?1 and ?2 and t.state <> 3)
             select method, provider, sum(not void), sum(iif(void, 0, amount_minor)), sum(iif(void, 0, tip_minor)),
                    sum(void), sum(iif(void, amount_minor, 0)), sum(iif(void, 0, refunded))
             from leg group by method, provider order by method, provider",
        )?;
        let rows = statement.query_map([from, to], |r| {
            Ok(MethodRow {
                method: r.get(0)?,
                provider: r.get(1)?,
                legs: r.get(2)?,
                amount_minor: r.get(3)?,
                tip_minor: r.get(4)?,
                void_legs: r.get(5)?,
                void_minor: r.get(6)?,
                refunded_minor: r.get(7)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The name of a refund that follows from what happened to an order: the same for whoever works it out.
fn refund_of(payment: &Id, subject: &[u8]) -> Id {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(b"chandi payment refund v1")
        .update(payment)
        .update(subject);
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    id
}

pub(crate) fn moved(conn: &Connection, header: &Header, moved: &PaymentMovedV1) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into payment values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, null, 'pending', 0, 0, 0, '', 0,
                                     0, 0, null)
         on conflict do nothing",
    )?
    .execute(params![
        moved.payment,
        moved.gateway,
        moved.method,
        moved.asked_minor,
        moved.tip_minor,
        moved.cart,
        moved.order,
        moved.counter,
        moved.seat,
        moved.staff,
        moved.started_ms,
        moved.business_day
    ])?;
    let (word, reference, amount, refund): (&str, Option<&str>, Option<i64>, Option<&Id>) = match &moved.step
    {
        PaymentStepV1::Started => ("started", None, None, None),
        PaymentStepV1::NoAnswer => ("no_answer", None, None, None),
        PaymentStepV1::Authorised => ("authorised", None, None, None),
        PaymentStepV1::Captured {
            reference,
            amount_minor,
        } => ("captured", Some(reference), Some(*amount_minor), None),
        PaymentStepV1::Failed => ("failed", None, None, None),
        PaymentStepV1::Voided => ("voided", None, None, None),
        PaymentStepV1::SaidCharged => ("said_charged", None, None, None),
        PaymentStepV1::SaidNotCharged => ("said_not_charged", None, None, None),
        PaymentStepV1::LetGo => ("let_go", None, None, None),
        PaymentStepV1::RefundAsked { refund, amount_minor } => {
            ("refund_asked", None, Some(*amount_minor), Some(refund))
        }
        PaymentStepV1::RefundDone { refund } => ("refund_done", None, None, Some(refund)),
        PaymentStepV1::RefundFailed { refund } => ("refund_failed", None, None, Some(refund)),
    };
    conn.prepare_cached("insert into payment_step values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")?
        .execute(params![
            moved.payment,
            i64::try_from(header.stamp.0).unwrap_or(i64::MAX),
            header.device.bytes(),
            word,
            reference,
            amount,
            refund,
            moved.reason,
            header.actor.map(|a| a.bytes()),
            moved.approved_by,
            moved.at_ms
        ])?;
    if moved.step == PaymentStepV1::Started {
        conn.prepare_cached("update payment set device_id = ?2 where payment_id = ?1")?
            .execute(params![moved.payment, header.device.bytes()])?;
    }
    settle(conn, &moved.payment)
}

/// What the sales that stand on a payment still have of it: their legs, less what was asked back for them. None when
/// no sale ever stood on it.
fn claimed(conn: &Connection, id: &Id) -> Result<Option<Money>, StoreError> {
    let (legs, back): (Option<i64>, i64) = conn
        .prepare_cached(
            "select (select sum(amount_minor) from payment_leg where payment_id = ?1),
                    (select coalesce(sum(w.amount_minor), 0) from payment_owed w
                     where w.payment_id = ?1 and exists (
                         select 1 from payment_step s where s.payment_id = ?1 and s.refund_id = w.refund_id))",
        )?
        .query_row([id], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(legs.map(|legs| Money::from_minor(legs.saturating_sub(back).max(0))))
}

/// Works out anew what the steps of a payment come to.
fn settle(conn: &Connection, id: &Id) -> Result<(), StoreError> {
    let asked: Option<i64> = conn
        .prepare_cached("select asked_minor from payment where payment_id = ?1")?
        .query_row([id], |r| r.get(0))
        .optional()?;
    let Some(asked) = asked else { return Ok(()) };
    let claimed = claimed(conn, id)?;
    let sold = claimed.is_some();
    let rows = steps(conn, id)?;
    let known = Payment::of(Money::from_minor(asked), rows.iter().map(|row| &row.step))
        .map_err(StoreError::damaged)?;
    let mut references: Vec<&str> = rows
        .iter()
        .filter_map(|row| match &row.step {
            Step::Captured { reference, .. } => Some(reference.as_str()),
            _ => None,
        })
        .collect();
    references.sort_unstable();
    references.dedup();
    conn.prepare_cached(
        "update payment set state = ?2, captured_minor = ?3, refunded_minor = ?4, kept_minor = ?5, reference = ?6,
             sold = ?7, holds = ?8, asking = ?9, attention = ?10 where payment_id = ?1",
    )?
    .execute(params![
        id,
        known.state.as_str(),
        known.captured.minor(),
        known.refunded.minor(),
        known.kept().minor(),
        references.join(", "),
        sold,
        known.holds(sold),
        known.worth_asking(),
        known.attention(claimed).map(|attention| attention.as_str())
    ])?;
    Ok(())
}

/// A leg of an order stands on this payment.
pub(crate) fn taken(conn: &Connection, tender: &TenderTakenV2) -> Result<(), StoreError> {
    let Some(payment) = &tender.payment else {
        return Ok(());
    };
    conn.prepare_cached("insert or ignore into payment_leg values (?1, ?2, ?3, ?4)")?
        .execute(params![
            payment,
            tender.tender,
            tender.order,
            tender.amount_minor.saturating_add(tender.tip_minor)
        ])?;
    settle(conn, payment)
}

fn owe(
    conn: &Connection,
    payment: &Id,
    subject: &[u8],
    amount_minor: i64,
    why: &str,
    at_ms: i64,
) -> Result<(), StoreError> {
    conn.prepare_cached("insert or ignore into payment_owed values (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            payment,
            refund_of(payment, subject),
            amount_minor,
            why,
            at_ms
        ])?;
    // A step of it may have come before.
    settle(conn, payment)
}

/// The legs that another way of paying took the place of go back.
pub(crate) fn split(conn: &Connection, split: &TendersSplitV1) -> Result<(), StoreError> {
    for tender in &split.voided {
        let legs = legs_where(
            conn,
            "tender_id = ?1 and order_id = ?2",
            params![tender, split.order],
        )?;
        for (payment, amount, _) in legs {
            owe(conn, &payment, tender, amount, &split.reason, split.at_ms)?;
        }
    }
    Ok(())
}

/// So do all of a cancelled order, but for those that went back before.
pub(crate) fn cancelled(conn: &Connection, cancelled: &OrderCancelledV2) -> Result<(), StoreError> {
    for (payment, amount, tender) in legs_where(conn, "order_id = ?1", params![cancelled.order])? {
        // The same subject as of a split: a leg goes back once, whichever of the two comes first.
        owe(
            conn,
            &payment,
            &tender,
            amount,
            &cancelled.reason,
            cancelled.cancelled_ms,
        )?;
    }
    Ok(())
}

/// What a refund gives back to a leg goes back the way it came.
pub(crate) fn refunded(conn: &Connection, refunded: &RefundedV2) -> Result<(), StoreError> {
    for tender in &refunded.tenders {
        let Some(original) = &tender.original else {
            continue;
        };
        let legs = legs_where(
            conn,
            "tender_id = ?1 and order_id = ?2",
            params![original, refunded.order],
        )?;
        for (payment, _, _) in legs {
            let subject = [refunded.refund, tender.tender].concat();
            owe(
                conn,
                &payment,
                &subject,
                tender.amount_minor,
                &refunded.reason,
                refunded.at_ms,
            )?;
        }
    }
    Ok(())
}

fn legs_where(
    conn: &Connection,
    which: &str,
    params: &[&dyn rusqlite::ToSql],
) -> Result<Vec<(Id, i64, Id)>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "select payment_id, amount_minor, tender_id from payment_leg where {which} order by payment_id, tender_id"
    ))?;
    let rows = statement.query_map(params, |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
