//! Corrections, due days, sent documents and quotations, from facts to their tables.

use crate::{StoreError, customer_views};
use journal::{
    Body, Header,
    body::{
        BuyerV1, InstalmentsSetV1, InvoiceDueV1, InvoiceRevisedV1, InvoiceSentV1, OrderPlacedV2,
        QuotationMadeV1, QuotationMovedV1,
    },
};
use rusqlite::{Connection, params};

fn stamp(header: &Header) -> i64 {
    i64::try_from(header.stamp.0).unwrap_or(i64::MAX)
}

/// What of a buyer is readable, to be searched for.
fn buyer_known(
    conn: &Connection,
    header: &Header,
    order: &[u8; 16],
    buyer: &BuyerV1,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into invoice_buyer values (?1, ?2, ?3, ?4, ?5)
         on conflict (order_id) do update set stamp = excluded.stamp, device_id = excluded.device_id,
             name = excluded.name, tax_number = excluded.tax_number
         where (excluded.stamp, excluded.device_id) > (stamp, device_id)",
    )?
    .execute(params![
        order,
        stamp(header),
        header.device.bytes(),
        domain::search::fold(&buyer.name),
        buyer.tax_number
    ])?;
    Ok(())
}

pub(crate) fn placed(conn: &Connection, header: &Header, order: &OrderPlacedV2) -> Result<(), StoreError> {
    match &order.buyer {
        Some(buyer) => buyer_known(conn, header, &order.order, buyer),
        None => Ok(()),
    }
}

pub(crate) fn revised(
    conn: &Connection,
    header: &Header,
    revised: &InvoiceRevisedV1,
) -> Result<(), StoreError> {
    let buyer = postcard::to_stdvec(&revised.buyer).map_err(StoreError::damaged)?;
    conn.prepare_cached("insert into invoice_revision values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
        .execute(params![
            revised.order,
            stamp(header),
            header.device.bytes(),
            revised.at_ms,
            revised.business_day,
            header.actor.map(|a| a.bytes()),
            revised.customer,
            buyer,
            revised.reason,
            revised.content
        ])?;
    if let Some(customer) = &revised.customer {
        // A name that was typed for a document makes a customer too: somebody who can be found and forgotten.
        customer_views::called(conn, customer, None, revised.at_ms)?;
        customer_views::ordered(conn, &revised.order)?;
    }
    buyer_known(conn, header, &revised.order, &revised.buyer)
}

pub(crate) fn due(conn: &Connection, header: &Header, due: &InvoiceDueV1) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into invoice_due values (?1, ?2, ?3, ?4)
         on conflict (order_id) do update set due_day = excluded.due_day, stamp = excluded.stamp,
             device_id = excluded.device_id
         where (excluded.stamp, excluded.device_id) > (stamp, device_id)",
    )?
    .execute(params![
        due.order,
        due.due_day,
        stamp(header),
        header.device.bytes()
    ])?;
    Ok(())
}

pub(crate) fn instalments(
    conn: &Connection,
    header: &Header,
    set: &InstalmentsSetV1,
) -> Result<(), StoreError> {
    let parts = postcard::to_stdvec(&set.parts).map_err(StoreError::damaged)?;
    conn.prepare_cached(
        "insert into instalment_plan values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict (order_id) do update set stamp = excluded.stamp, device_id = excluded.device_id,
             at_ms = excluded.at_ms, charged_minor = excluded.charged_minor, parts = excluded.parts
         where (excluded.stamp, excluded.device_id) > (stamp, device_id)",
    )?
    .execute(params![
        set.order,
        stamp(header),
        header.device.bytes(),
        set.at_ms,
        set.charged_minor,
        parts
    ])?;
    Ok(())
}

pub(crate) fn sent(conn: &Connection, header: &Header, sent: &InvoiceSentV1) -> Result<(), StoreError> {
    conn.prepare_cached("insert into document_sent values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute(params![
            sent.subject,
            stamp(header),
            header.device.bytes(),
            sent.kind,
            sent.revision,
            sent.way,
            sent.to,
            sent.at_ms,
            header.actor.map(|a| a.bytes())
        ])?;
    Ok(())
}

pub(crate) fn quoted(conn: &Connection, header: &Header, made: &QuotationMadeV1) -> Result<(), StoreError> {
    let body = Body::QuotationMade(Box::new(made.clone())).encode();
    let staff = header.actor.map(|a| a.bytes());
    conn.prepare_cached("insert into quotation_version values (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            made.quotation,
            stamp(header),
            header.device.bytes(),
            staff,
            body
        ])?;
    conn.prepare_cached(
        "insert into quotation values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         on conflict (quotation_id) do update set made_ms = min(made_ms, excluded.made_ms)",
    )?
    .execute(params![
        made.quotation,
        stamp(header),
        header.device.bytes(),
        made.made_ms,
        staff,
        made.valid_until,
        made.prefix,
        made.fiscal_year,
        made.document_no,
        made.customer,
        made.total_minor,
        made.content
    ])?;
    conn.prepare_cached(
        "update quotation set stamp = ?2, device_id = ?3, staff_id = ?4, valid_until = ?5, customer_id = ?6,
             total_minor = ?7, content = ?8
         where quotation_id = ?1 and (?2, ?3) > (stamp, device_id)",
    )?
    .execute(params![
        made.quotation,
        stamp(header),
        header.device.bytes(),
        staff,
        made.valid_until,
        made.customer,
        made.total_minor,
        made.content
    ])?;
    conn.prepare_cached(
        "insert into document_series values (?1, ?2, ?3) on conflict do update set last = max(last, excluded.last)",
    )?
    .execute(params![made.prefix, made.fiscal_year, made.document_no])?;
    Ok(())
}

pub(crate) fn quotation_moved(
    conn: &Connection,
    header: &Header,
    moved: &QuotationMovedV1,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into quotation_move values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         on conflict (quotation_id) do update set stamp = excluded.stamp, device_id = excluded.device_id,
             state = excluded.state, at_ms = excluded.at_ms, staff_id = excluded.staff_id, reason = excluded.reason
         where (excluded.stamp, excluded.device_id) > (stamp, device_id)",
    )?
    .execute(params![
        moved.quotation,
        stamp(header),
        header.device.bytes(),
        moved.state,
        moved.at_ms,
        header.actor.map(|a| a.bytes()),
        moved.reason
    ])?;
    Ok(())
}
