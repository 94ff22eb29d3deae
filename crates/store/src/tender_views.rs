//! The legs of payments, from facts to their table.

use crate::{
    StoreError,
    order_views::{Event, note},
};
use journal::{
    Header,
    body::{TenderMovedV1, TenderTakenV2, TendersSplitV1},
};
use rusqlite::{Connection, params};

pub(crate) fn taken(conn: &Connection, header: &Header, tender: &TenderTakenV2) -> Result<(), StoreError> {
    let foreign = tender.foreign.as_ref();
    conn.prepare_cached(
        "insert into tender (order_id, tender_id, method, amount_minor, received_minor, change_minor,
            cash_rounding_minor, tip_minor, reference, provider, currency, foreign_minor, rate, customer_id, card_id,
            payment_id, state, counter_id, seat, staff_id, shift_id, business_day, taken_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)",
    )?
    .execute(params![
        tender.order,
        tender.tender,
        tender.method,
        tender.amount_minor,
        tender.received_minor,
        tender.change_minor,
        tender.cash_rounding_minor,
        tender.tip_minor,
        tender.reference,
        tender.provider,
        foreign.map(|f| String::from_utf8_lossy(&f.currency).into_owned()),
        foreign.map(|f| f.received_minor),
        foreign.map(|f| f.rate),
        tender.customer,
        tender.card,
        tender.payment,
        tender.state,
        tender.counter,
        tender.seat,
        header.actor.map(|a| a.bytes()),
        tender.shift,
        tender.business_day,
        tender.taken_ms
    ])?;
    Ok(())
}

pub(crate) fn moved(conn: &Connection, header: &Header, moved: &TenderMovedV1) -> Result<(), StoreError> {
    conn.prepare_cached(
        "update tender set state = ?3, reference = case when ?4 = '' then reference else ?4 end
         where order_id = ?1 and tender_id = ?2 and void_ms is null",
    )?
    .execute(params![moved.order, moved.tender, moved.state, moved.reference])?;
    note(
        conn,
        header,
        &Event {
            order: &moved.order,
            kind: "tender_moved",
            at_ms: moved.at_ms,
            reason: Some(&moved.reason),
            approved_by: moved.approved_by,
            subject: Some(moved.tender),
        },
    )
}

pub(crate) fn split(conn: &Connection, header: &Header, split: &TendersSplitV1) -> Result<(), StoreError> {
    conn.prepare_cached("insert into tender_split values (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            split.split,
            split.order,
            split.at_ms,
            header.actor.map(|a| a.bytes()),
            split.reason,
            split.approved_by,
            split.content
        ])?;
    let mut void = conn.prepare_cached(
        "update tender set state = 4, void_ms = ?3, void_by = ?4, void_shift_id = ?5, void_day = ?6, split_id = ?7
         where order_id = ?1 and tender_id = ?2 and void_ms is null",
    )?;
    for tender in &split.voided {
        void.execute(params![
            split.order,
            tender,
            split.at_ms,
            header.actor.map(|a| a.bytes()),
            split.shift,
            split.business_day,
            split.split
        ])?;
    }
    note(
        conn,
        header,
        &Event {
            order: &split.order,
            kind: "payment_changed",
            at_ms: split.at_ms,
            reason: Some(&split.reason),
            approved_by: split.approved_by,
            subject: Some(split.split),
        },
    )
}
