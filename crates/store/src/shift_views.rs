//! Shifts and the movements of money, from facts to their tables.

use crate::StoreError;
use journal::{
    Body, Header,
    body::{
        AccountAdjustedV1, AccountPaidV1, BatchReconciledV1, CashMovedV1, DrawerOpenedV2, GoodsReturnedV1,
        OrderCancelledV2, OrderPlacedV3, RefundedV2, ReportMadeV1, ShiftAddendumV1, ShiftClosedV1,
        ShiftOpenedV1, TenderMovedV1, TenderTakenV2, TendersSplitV1, TipsPaidV1,
    },
};
use rusqlite::{Connection, OptionalExtension, params};

/// The state of a leg that pays, by its number in facts.
const CAPTURED: u8 = 2;
const FAILED: u8 = 3;

type Id = [u8; 16];

fn code(currency: &[u8; 3]) -> String {
    String::from_utf8_lossy(currency).into_owned()
}

/// Money that moved, before it has its place in a series.
#[derive(Debug, Clone, Default)]
struct Moved {
    shift: Option<Id>,
    counter: Id,
    business_day: u32,
    at_ms: i64,
    kind: &'static str,
    cause: &'static str,
    method: String,
    provider: String,
    amount: i64,
    tip: i64,
    rounding: i64,
    cash: i64,
    foreign: Option<(String, i64)>,
    sign: i64,
    tender: Option<Id>,
    order: Option<Id>,
    subject: Option<Id>,
}

fn enter(conn: &Connection, header: &Header, n: usize, moved: &Moved) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into money_entry values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                                         ?18, ?19, ?20, ?21, ?22, ?23)",
    )?
    .execute(params![
        header.device.bytes(),
        header.seq,
        n,
        header.branch.bytes(),
        moved.shift,
        moved.counter,
        moved.business_day,
        moved.at_ms,
        moved.kind,
        moved.cause,
        moved.method,
        moved.provider,
        moved.amount,
        moved.tip,
        moved.rounding,
        moved.cash,
        moved.foreign.as_ref().map(|(currency, _)| currency),
        moved.foreign.as_ref().map_or(0, |(_, minor)| *minor),
        moved.sign,
        moved.tender,
        moved.order,
        moved.subject,
        header.actor.map(|a| a.bytes())
    ])?;
    Ok(())
}

pub(crate) fn opened(conn: &Connection, header: &Header, opened: &ShiftOpenedV1) -> Result<(), StoreError> {
    conn.prepare_cached("insert into shift values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
        .execute(params![
            opened.shift,
            header.device.bytes(),
            header.branch.bytes(),
            opened.counter,
            opened.seat_id,
            opened.seat,
            header.actor.map(|a| a.bytes()),
            opened.opened_ms,
            opened.business_day,
            Body::ShiftOpened(opened.clone()).encode()
        ])?;
    Ok(())
}

pub(crate) fn closed(conn: &Connection, header: &Header, closed: &ShiftClosedV1) -> Result<(), StoreError> {
    // Closed at two places apart from each other: the first one counts everywhere.
    conn.prepare_cached(
        "insert into shift_close values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         on conflict (shift_id) do update set stamp = excluded.stamp, staff_id = excluded.staff_id,
             closed_ms = excluded.closed_ms, business_day = excluded.business_day, prefix = excluded.prefix,
             fiscal_year = excluded.fiscal_year, document_no = excluded.document_no, body = excluded.body
         where (excluded.stamp, excluded.body) < (stamp, body)",
    )?
    .execute(params![
        closed.shift,
        i64::try_from(header.stamp.0).unwrap_or(i64::MAX),
        header.actor.map(|a| a.bytes()),
        closed.closed_ms,
        closed.business_day,
        closed.prefix,
        closed.fiscal_year,
        closed.document_no,
        Body::ShiftClosed(Box::new(closed.clone())).encode()
    ])?;
    has_seen(conn, &closed.shift, &closed.figures.seen)?;
    numbered(conn, &closed.prefix, &closed.fiscal_year, closed.document_no)
}

fn has_seen(conn: &Connection, shift: &Id, seen: &[(Id, u64)]) -> Result<(), StoreError> {
    let mut keep = conn.prepare_cached(
        "insert into shift_seen values (?1, ?2, ?3) on conflict do update set seq = max(seq, excluded.seq)",
    )?;
    for (device, seq) in seen {
        keep.execute(params![shift, device, seq])?;
    }
    Ok(())
}

fn numbered(conn: &Connection, prefix: &str, fiscal_year: &str, n: u32) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into document_series values (?1, ?2, ?3) on conflict do update set last = max(last, excluded.last)",
    )?
    .execute(params![prefix, fiscal_year, n])?;
    Ok(())
}

pub(crate) fn report(conn: &Connection, header: &Header, made: &ReportMadeV1) -> Result<(), StoreError> {
    conn.prepare_cached("insert into shift_report values (?1, ?2, 'x', ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute(params![
            made.report,
            made.shift,
            made.prefix,
            made.fiscal_year,
            made.document_no,
            header.actor.map(|a| a.bytes()),
            made.made_ms,
            made.business_day,
            Body::ReportMade(Box::new(made.clone())).encode()
        ])?;
    numbered(conn, &made.prefix, &made.fiscal_year, made.document_no)
}

pub(crate) fn addendum(conn: &Connection, header: &Header, made: &ShiftAddendumV1) -> Result<(), StoreError> {
    conn.prepare_cached("insert into shift_report values (?1, ?2, 'addendum', '', '', ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            made.addendum,
            made.shift,
            made.number,
            header.actor.map(|a| a.bytes()),
            made.made_ms,
            made.business_day,
            Body::ShiftAddendum(Box::new(made.clone())).encode()
        ])?;
    has_seen(conn, &made.shift, &made.figures.seen)
}

pub(crate) fn cash_moved(conn: &Connection, header: &Header, moved: &CashMovedV1) -> Result<(), StoreError> {
    conn.prepare_cached("insert into shift_move values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")?
        .execute(params![
            moved.movement,
            moved.shift,
            moved.kind,
            code(&moved.currency),
            moved.amount_minor,
            moved.reason,
            moved.to,
            header.actor.map(|a| a.bytes()),
            moved.approved_by,
            moved.at_ms,
            Body::CashMoved(moved.clone()).encode()
        ])?;
    let kind = match moved.kind.as_str() {
        "in" => "in",
        "out" => "out",
        "drop" => "drop",
        "tips" => "tips",
        "handover" => return Ok(()),
        other => return Err(StoreError::damaged(format!("cash cannot move by {other}"))),
    };
    let entry = Moved {
        shift: Some(moved.shift),
        counter: moved.counter,
        business_day: moved.business_day,
        at_ms: moved.at_ms,
        kind,
        cause: "by_hand",
        method: "cash".to_owned(),
        cash: if moved.foreign { 0 } else { moved.amount_minor },
        foreign: moved.foreign.then(|| (code(&moved.currency), moved.amount_minor)),
        sign: 1,
        subject: Some(moved.movement),
        ..Moved::default()
    };
    enter(conn, header, 0, &entry)
}

pub(crate) fn drawer_opened(
    conn: &Connection,
    header: &Header,
    opened: &DrawerOpenedV2,
) -> Result<(), StoreError> {
    let entry = Moved {
        shift: opened.shift,
        counter: opened.counter,
        business_day: opened.business_day,
        at_ms: opened.opened_ms,
        kind: "none",
        // What does not say at which seat counts for every shift of its counter.
        cause: match opened.seat {
            Some(_) => "no_sale",
            None => "no_sale_somewhere",
        },
        method: "cash".to_owned(),
        subject: Some(opened.opening),
        ..Moved::default()
    };
    enter(conn, header, 0, &entry)
}

/// A customer paid what was owed: money of its own, in no order.
pub(crate) fn account_paid(
    conn: &Connection,
    header: &Header,
    paid: &AccountPaidV1,
) -> Result<(), StoreError> {
    let entry = Moved {
        shift: paid.shift,
        counter: paid.counter,
        business_day: paid.business_day,
        at_ms: paid.at_ms,
        kind: "account",
        cause: "paid",
        method: paid.method.clone(),
        amount: paid.amount_minor,
        cash: if paid.method == "cash" {
            paid.amount_minor
        } else {
            0
        },
        sign: 1,
        tender: Some(paid.payment),
        subject: Some(paid.payment),
        ..Moved::default()
    };
    enter(conn, header, 0, &entry)
}

pub(crate) fn account_adjusted(
    conn: &Connection,
    header: &Header,
    adjusted: &AccountAdjustedV1,
) -> Result<(), StoreError> {
    let Some(payment) = adjusted.about.filter(|_| adjusted.kind == "payment_reversed") else {
        return Ok(());
    };
    let of = Void {
        shift: adjusted.shift,
        business_day: adjusted.business_day,
        at_ms: adjusted.at_ms,
        cause: "reversed",
        subject: &adjusted.adjustment,
    };
    void(conn, header, 0, (&payment, &payment), &of)
}

/// Tips that left the drawer; what goes with the wages does not.
pub(crate) fn tips_paid(conn: &Connection, header: &Header, paid: &TipsPaidV1) -> Result<(), StoreError> {
    if paid.method != "cash" {
        return Ok(());
    }
    let entry = Moved {
        shift: paid.shift,
        counter: paid.counter,
        business_day: paid.business_day,
        at_ms: paid.at_ms,
        kind: "tips",
        cause: "by_hand",
        method: "cash".to_owned(),
        cash: -paid.pool_minor,
        sign: 1,
        subject: Some(paid.payout),
        ..Moved::default()
    };
    enter(conn, header, 0, &entry)
}

/// The shift in which an order was placed. What the order itself says stands above what its payments say, in whichever
/// order they arrive.
pub(crate) fn placed(conn: &Connection, header: &Header, placed: &OrderPlacedV3) -> Result<(), StoreError> {
    let Some(shift) = placed.shift else { return Ok(()) };
    conn.prepare_cached("insert or replace into shift_order values (?1, ?2, ?3, ?4)")?
        .execute(params![
            placed.sale.order,
            shift,
            header.device.bytes(),
            header.seq
        ])?;
    Ok(())
}

/// A leg of a payment: counted once it pays.
pub(crate) fn taken(conn: &Connection, header: &Header, tender: &TenderTakenV2) -> Result<(), StoreError> {
    let cash = tender.method == "cash";
    let due = tender.amount_minor + tender.cash_rounding_minor + tender.tip_minor;
    let (gained, foreign) = match (&tender.foreign, cash) {
        (_, false) => (0, None),
        (Some(foreign), true) => (
            -tender.change_minor,
            Some((code(&foreign.currency), foreign.received_minor)),
        ),
        (None, true) => (due, None),
    };
    let entry = Moved {
        shift: tender.shift,
        counter: tender.counter,
        business_day: tender.business_day,
        at_ms: tender.taken_ms,
        kind: "sale",
        cause: "taken",
        method: tender.method.clone(),
        provider: tender.provider.clone(),
        amount: tender.amount_minor,
        tip: tender.tip_minor,
        rounding: tender.cash_rounding_minor,
        cash: gained,
        foreign,
        sign: 1,
        tender: Some(tender.tender),
        order: Some(tender.order),
        subject: None,
    };
    conn.prepare_cached("insert or ignore into shift_order values (?1, ?2, ?3, ?4)")?
        .execute(params![
            tender.order,
            tender.shift,
            header.device.bytes(),
            header.seq
        ])?;
    if tender.state != CAPTURED {
        return Ok(());
    }
    enter(conn, header, 0, &entry)
}

/// The leg as it was taken, so that it can be undone to the last coin, and whether it is counted now. Of a payment on
/// account, `order` and `tender` are the payment itself.
fn leg(conn: &Connection, order: &Id, tender: &Id) -> Result<Option<(Moved, bool)>, StoreError> {
    let found = conn
        .prepare_cached(
            "select shift_id, counter_id, business_day, method, provider, amount_minor, tip_minor, cash_rounding_minor,
                    case when method <> 'cash' then 0
                         when currency is null then amount_minor + cash_rounding_minor + tip_minor
                         else -change_minor end,
                    iif(method = 'cash', currency, null), coalesce(foreign_minor, 0)
             from tender where order_id = ?1 and tender_id = ?2
             union all
             select shift_id, counter_id, business_day, method, '', amount_minor, 0, 0,
                    iif(method = 'cash', amount_minor, 0), null, 0
             from account_payment where payment_id = ?1 and payment_id = ?2",
        )?
        .query_row([order, tender], |r| {
            let currency: Option<String> = r.get(9)?;
            let minor: i64 = r.get(10)?;
            Ok(Moved {
                order: Some(*order),
                shift: r.get(0)?,
                counter: r.get(1)?,
                business_day: r.get(2)?,
                method: r.get(3)?,
                provider: r.get(4)?,
                amount: r.get(5)?,
                tip: r.get(6)?,
                rounding: r.get(7)?,
                cash: r.get(8)?,
                foreign: currency.map(|currency| (currency, minor)),
                tender: Some(*tender),
                sign: 1,
                kind: "sale",
                cause: "moved",
                ..Moved::default()
            })
        })
        .optional()?;
    let Some(leg) = found else { return Ok(None) };
    let counted: i64 = conn
        .prepare_cached("select coalesce(sum(sign), 0) from money_entry where tender_id = ?1")?
        .query_row([tender], |r| r.get(0))?;
    Ok(Some((leg, counted > 0)))
}

/// To the last coin: foreign notes go back, and their change comes back.
fn turned(leg: Moved) -> Moved {
    Moved {
        kind: "void",
        amount: -leg.amount,
        tip: -leg.tip,
        rounding: -leg.rounding,
        cash: -leg.cash,
        foreign: leg.foreign.map(|(currency, minor)| (currency, -minor)),
        sign: -1,
        ..leg
    }
}

/// A leg that pays after all, or does not: the shift that took it hears of it, closed or not.
pub(crate) fn moved(conn: &Connection, header: &Header, moved: &TenderMovedV1) -> Result<(), StoreError> {
    let Some((leg, counted)) = leg(conn, &moved.order, &moved.tender)? else {
        return Ok(());
    };
    let entry = match (counted, moved.state == CAPTURED) {
        (false, true) => leg,
        (true, false) => turned(leg),
        (true, true) | (false, false) => return Ok(()),
    };
    let entry = Moved {
        at_ms: moved.at_ms,
        ..entry
    };
    enter(conn, header, 0, &entry)
}

/// Where and when a leg was taken back.
struct Void<'a> {
    shift: Option<Id>,
    business_day: u32,
    at_ms: i64,
    cause: &'static str,
    subject: &'a Id,
}

fn void(
    conn: &Connection,
    header: &Header,
    n: usize,
    (order, tender): (&Id, &Id),
    of: &Void<'_>,
) -> Result<(), StoreError> {
    let Some((leg, true)) = leg(conn, order, tender)? else {
        return Ok(());
    };
    let entry = Moved {
        shift: of.shift,
        business_day: if of.business_day == 0 {
            leg.business_day
        } else {
            of.business_day
        },
        at_ms: of.at_ms,
        cause: of.cause,
        subject: Some(*of.subject),
        ..turned(leg)
    };
    enter(conn, header, n, &entry)
}

pub(crate) fn split(conn: &Connection, header: &Header, split: &TendersSplitV1) -> Result<(), StoreError> {
    let of = Void {
        shift: split.shift,
        business_day: split.business_day,
        at_ms: split.at_ms,
        cause: "split",
        subject: &split.split,
    };
    for (n, tender) in split.voided.iter().enumerate() {
        void(conn, header, n, (&split.order, tender), &of)?;
    }
    Ok(())
}

pub(crate) fn cancelled(
    conn: &Connection,
    header: &Header,
    cancelled: &OrderCancelledV2,
) -> Result<(), StoreError> {
    let legs: Vec<Id> = conn
        .prepare_cached("select tender_id from tender where order_id = ?1 order by tender_id")?
        .query_map([cancelled.order], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    let of = Void {
        shift: cancelled.shift,
        business_day: cancelled.business_day,
        at_ms: cancelled.cancelled_ms,
        cause: "cancelled",
        subject: &cancelled.order,
    };
    for (n, tender) in legs.iter().enumerate() {
        void(conn, header, n, (&cancelled.order, tender), &of)?;
    }
    Ok(())
}

pub(crate) fn refunded(conn: &Connection, header: &Header, refund: &RefundedV2) -> Result<(), StoreError> {
    for (n, tender) in refund.tenders.iter().enumerate() {
        if tender.state == FAILED {
            continue;
        }
        let out = -(tender.amount_minor + tender.cash_rounding_minor);
        // It goes back through the terminal or the bank that took it.
        let provider: Option<String> = match &tender.original {
            Some(original) => conn
                .prepare_cached("select provider from tender where order_id = ?1 and tender_id = ?2")?
                .query_row([&refund.order, original], |r| r.get(0))
                .optional()?,
            None => None,
        };
        let entry = Moved {
            shift: refund.shift,
            counter: refund.counter,
            business_day: refund.business_day,
            at_ms: refund.at_ms,
            kind: "refund",
            cause: "refunded",
            method: tender.method.clone(),
            provider: provider.unwrap_or_default(),
            amount: -tender.amount_minor,
            rounding: -tender.cash_rounding_minor,
            cash: if tender.method == "cash" { out } else { 0 },
            sign: -1,
            tender: Some(tender.tender),
            order: Some(refund.order),
            subject: Some(refund.refund),
            ..Moved::default()
        };
        enter(conn, header, n, &entry)?;
    }
    Ok(())
}

/// Money for goods without a receipt: a refund to whoever counts the drawer.
pub(crate) fn goods_returned(
    conn: &Connection,
    header: &Header,
    made: &GoodsReturnedV1,
) -> Result<(), StoreError> {
    let out = -(made.total_minor + made.cash_rounding_minor);
    let entry = Moved {
        shift: made.shift,
        counter: made.counter,
        business_day: made.business_day,
        at_ms: made.at_ms,
        kind: "refund",
        cause: "refunded",
        method: made.method.clone(),
        amount: -made.total_minor,
        rounding: -made.cash_rounding_minor,
        cash: if made.method == "cash" { out } else { 0 },
        sign: -1,
        tender: Some(made.tender),
        subject: Some(made.goods_return),
        ..Moved::default()
    };
    enter(conn, header, 0, &entry)
}

pub(crate) fn batch(conn: &Connection, header: &Header, made: &BatchReconciledV1) -> Result<(), StoreError> {
    conn.prepare_cached("insert into batch values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")?
        .execute(params![
            made.batch,
            made.day,
            made.method,
            made.provider,
            made.system_minor,
            made.system_count,
            made.batch_minor,
            made.batch_count,
            made.reference,
            made.note,
            header.actor.map(|a| a.bytes()),
            made.at_ms
        ])?;
    Ok(())
}
