//! What happens to an order after it was placed, as the views show it.
//!
//! Everything here adds up, so it does not matter whether the order's own fact has arrived yet.

use crate::{StoreError, customer_views};
use journal::{
    Header,
    body::{
        HandedOverV1, HandoverUndoneV1, MoveV1, OrderProgressedV1, PhoneBoundV1, RefundedV2, SeenV1,
        TokenReissuedV1, TokenRevokedV1,
    },
    seal,
};
use rusqlite::{Connection, OptionalExtension, params};

pub(crate) struct Event<'a> {
    pub order: &'a [u8; 16],
    pub kind: &'a str,
    pub at_ms: i64,
    pub reason: Option<&'a str>,
    pub approved_by: Option<[u8; 16]>,
    pub subject: Option<[u8; 16]>,
}

pub(crate) fn note(conn: &Connection, header: &Header, event: &Event<'_>) -> Result<(), StoreError> {
    conn.prepare_cached("insert into order_event values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute(params![
            event.order,
            i64::try_from(header.stamp.0).unwrap_or(i64::MAX),
            header.device.bytes(),
            event.kind,
            event.at_ms,
            header.actor.map(|a| a.bytes()),
            event.reason,
            event.approved_by,
            event.subject
        ])?;
    Ok(())
}

pub(crate) fn phone_bound(conn: &Connection, bound: &PhoneBoundV1) -> Result<(), StoreError> {
    let key: Option<[u8; 32]> = conn
        .prepare_cached("select key from customer_key where customer_id = ?1")?
        .query_row([bound.customer], |r| r.get(0))
        .optional()?;
    let phone = key
        .and_then(|key| seal::open(&key, &bound.order, &bound.sealed))
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let before: Option<[u8; 16]> = conn
        .prepare_cached("select customer_id from order_phone where order_id = ?1 and customer_id <> ?2")?
        .query_row([bound.order, bound.customer], |r| r.get(0))
        .optional()?;
    conn.prepare_cached("insert or replace into order_phone values (?1, ?2, ?3)")?
        .execute(params![bound.order, bound.customer, phone])?;
    if let Some(before) = before {
        customer_views::again(conn, &before)?;
    }
    customer_views::called(conn, &bound.customer, phone.as_deref(), bound.bound_ms)?;
    customer_views::ordered(conn, &bound.order)
}

pub(crate) fn token_reissued(
    conn: &Connection,
    header: &Header,
    reissued: &TokenReissuedV1,
) -> Result<(), StoreError> {
    let token = &reissued.token;
    conn.prepare_cached(
        "update \"order\" set token_generation = ?2, token_code = ?3, token_issued_ms = ?4, token_expires_ms = ?5,
             token_number = ?6, number_expires_ms = ?7, revoked = 0
         where order_id = ?1 and token_generation < ?2",
    )?
    .execute(params![
        reissued.order,
        token.generation,
        token.code,
        token.issued_ms,
        token.expires_ms,
        token.number,
        token.number_expires_ms
    ])?;
    note(
        conn,
        header,
        &Event {
            order: &reissued.order,
            kind: "token_reissued",
            at_ms: token.issued_ms,
            reason: Some(&reissued.reason),
            approved_by: None,
            subject: None,
        },
    )
}

pub(crate) fn token_revoked(
    conn: &Connection,
    header: &Header,
    revoked: &TokenRevokedV1,
) -> Result<(), StoreError> {
    conn.prepare_cached("update \"order\" set revoked = 1 where order_id = ?1 and token_generation <= ?2")?
        .execute(params![revoked.order, revoked.generation])?;
    note(
        conn,
        header,
        &Event {
            order: &revoked.order,
            kind: "token_revoked",
            at_ms: revoked.revoked_ms,
            reason: Some(&revoked.reason),
            approved_by: None,
            subject: None,
        },
    )
}

pub(crate) fn progressed(
    conn: &Connection,
    header: &Header,
    progressed: &OrderProgressedV1,
) -> Result<(), StoreError> {
    let (kind, times) = match progressed.progress {
        0 => ("placed", "preparing_ms = null, ready_ms = null"),
        1 => (
            "preparing",
            "preparing_ms = coalesce(preparing_ms, ?3), ready_ms = null",
        ),
        2 => ("ready", "ready_ms = ?3"),
        other => return Err(StoreError::damaged(format!("progress {other} is not known"))),
    };
    conn.prepare_cached(&format!(
        "update \"order\" set progress = ?2, {times} where order_id = ?1 and ?3 is not null"
    ))?
    .execute(params![progressed.order, progressed.progress, progressed.at_ms])?;
    note(
        conn,
        header,
        &Event {
            order: &progressed.order,
            kind,
            at_ms: progressed.at_ms,
            reason: None,
            approved_by: None,
            subject: None,
        },
    )
}

pub(crate) fn handed_over(
    conn: &Connection,
    header: &Header,
    handed: &HandedOverV1,
) -> Result<(), StoreError> {
    let seen = match handed.seen {
        SeenV1::Qr => "qr",
        SeenV1::Number => "number",
        SeenV1::Staff => "confirmed",
    };
    conn.prepare_cached("insert into handover values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, null)")?
        .execute(params![
            handed.handover,
            handed.order,
            handed.counter,
            handed.seat,
            header.actor.map(|a| a.bytes()),
            handed.at_ms,
            seen,
            handed.offline,
            handed.content
        ])?;
    let mut insert = conn.prepare_cached("insert into handover_move values (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for (n, one) in (0i64..).zip(&handed.moves) {
        insert.execute(params![handed.handover, n, one.line, one.from, one.to, one.milli])?;
    }
    moved(conn, &handed.order, &handed.moves, 1)?;
    note(
        conn,
        header,
        &Event {
            order: &handed.order,
            kind: "handed_over",
            at_ms: handed.at_ms,
            reason: None,
            approved_by: None,
            subject: Some(handed.handover),
        },
    )?;
    settled(conn, &handed.order)
}

pub(crate) fn handover_undone(
    conn: &Connection,
    header: &Header,
    undone: &HandoverUndoneV1,
) -> Result<(), StoreError> {
    let changed = conn
        .prepare_cached("update handover set undone_ms = ?2 where handover_id = ?1 and undone_ms is null")?
        .execute(params![undone.handover, undone.at_ms])?;
    if changed == 0 {
        // Undone by two devices apart from each other: once is enough.
        return Ok(());
    }
    let moves: Vec<MoveV1> = conn
        .prepare_cached(
            "select line, from_place, to_place, milli from handover_move where handover_id = ?1 order by n",
        )?
        .query_map([undone.handover], |r| {
            Ok(MoveV1 {
                line: r.get(0)?,
                from: r.get(1)?,
                to: r.get(2)?,
                milli: r.get(3)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    moved(conn, &undone.order, &moves, -1)?;
    note(
        conn,
        header,
        &Event {
            order: &undone.order,
            kind: "handover_undone",
            at_ms: undone.at_ms,
            reason: None,
            approved_by: undone.approved_by,
            subject: Some(undone.handover),
        },
    )?;
    settled(conn, &undone.order)
}

pub(crate) fn refunded(conn: &Connection, header: &Header, refund: &RefundedV2) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into refund values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    )?
    .execute(params![
        refund.refund,
        refund.order,
        refund.counter,
        refund.seat,
        header.actor.map(|a| a.bytes()),
        refund.at_ms,
        refund.business_day,
        refund.prefix,
        refund.fiscal_year,
        refund.document_no,
        refund.taxable_minor,
        refund.tax_minor,
        refund.rounding_minor,
        refund.total_minor,
        refund.reason,
        refund.approved_by,
        refund.offline,
        refund.shift,
        refund.content
    ])?;
    let mut insert = conn.prepare_cached("insert into refund_line values (?1, ?2, ?3, ?4, ?5)")?;
    let mut insert_tax = conn.prepare_cached("insert into refund_line_tax values (?1, ?2, ?3, ?4)")?;
    for line in &refund.lines {
        insert.execute(params![
            refund.refund,
            line.line,
            line.milli,
            line.amount_minor,
            line.taxable_minor
        ])?;
        for tax in &line.taxes {
            insert_tax.execute(params![refund.refund, line.line, tax.tax, tax.amount_minor])?;
        }
        conn.prepare_cached(
            "insert into order_units values (?1, ?2, 0, 0, 0, 0, ?3)
             on conflict do update set refunded_minor = refunded_minor + excluded.refunded_minor",
        )?
        .execute(params![refund.order, line.line, line.amount_minor])?;
    }
    let mut insert = conn.prepare_cached("insert into refund_tax values (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for (n, tax) in (0i64..).zip(&refund.taxes) {
        insert.execute(params![
            refund.refund,
            n,
            tax.name,
            tax.rate,
            tax.taxable_minor,
            tax.amount_minor
        ])?;
    }
    let mut insert =
        conn.prepare_cached("insert into refund_tender values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
    for tender in &refund.tenders {
        insert.execute(params![
            refund.refund,
            tender.tender,
            tender.method,
            tender.amount_minor,
            tender.cash_rounding_minor,
            tender.reference,
            tender.customer,
            tender.card,
            tender.original,
            tender.state
        ])?;
    }
    let mut insert = conn.prepare_cached("insert into refund_move values (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for (n, one) in (0i64..).zip(&refund.moves) {
        insert.execute(params![refund.refund, n, one.line, one.from, one.to, one.milli])?;
    }
    moved(conn, &refund.order, &refund.moves, 1)?;
    conn.prepare_cached(
        "insert into document_series values (?1, ?2, ?3) on conflict do update set last = max(last, excluded.last)",
    )?
    .execute(params![refund.prefix, refund.fiscal_year, refund.document_no])?;
    note(
        conn,
        header,
        &Event {
            order: &refund.order,
            kind: "refunded",
            at_ms: refund.at_ms,
            reason: Some(&refund.reason),
            approved_by: refund.approved_by,
            subject: Some(refund.refund),
        },
    )?;
    settled(conn, &refund.order)
}

/// Adds moves up, or takes them back.
fn moved(conn: &Connection, order: &[u8; 16], moves: &[MoveV1], sign: i64) -> Result<(), StoreError> {
    let mut add = conn.prepare_cached(
        "insert into order_units values (?1, ?2, ?3, ?4, ?5, ?6, 0)
         on conflict do update set given = given + excluded.given, claimed = claimed + excluded.claimed,
             kept = kept + excluded.kept, refunded = refunded + excluded.refunded",
    )?;
    for one in moves {
        let at = |place: u8| match (one.to == place, one.from == place) {
            (true, false) => one.milli * sign,
            (false, true) => -one.milli * sign,
            (true, true) | (false, false) => 0,
        };
        add.execute(params![order, one.line, at(1), at(2), at(3), at(4)])?;
    }
    Ok(())
}

/// Since when nothing of the order is left to give.
pub(crate) fn settled(conn: &Connection, order: &[u8; 16]) -> Result<(), StoreError> {
    conn.prepare_cached(
        "update \"order\" set delivered_ms =
             case when (select count(*) from order_line l left join order_units u using (order_id, line)
                        where l.order_id = ?1
                          and l.milli > coalesce(u.given, 0) + coalesce(u.claimed, 0) + coalesce(u.refunded, 0)) = 0
                   and (select coalesce(sum(given), 0) from order_units where order_id = ?1) > 0
             then (select max(at_ms) from handover where order_id = ?1 and undone_ms is null) end
         where order_id = ?1 and exists (select 1 from order_units where order_id = ?1)",
    )?
    .execute([order])?;
    Ok(())
}
