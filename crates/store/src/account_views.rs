//! Customers' accounts, from facts to their ledger.
//!
//! What an order left on an account is computed anew from its tenders and refunds whenever one of them changes, so it
//! does not matter in which order they arrive.

use crate::{StoreError, customer_views::root};
use journal::{
    Header,
    body::{AccountAdjustedV1, AccountPaidV1},
};
use rusqlite::{Connection, OptionalExtension, params};

type Id = [u8; 16];

struct Entry<'a> {
    id: Id,
    kind: &'a str,
    customer: Id,
    at_ms: i64,
    business_day: u32,
    due_day: Option<u32>,
    amount_minor: i64,
    order: Option<Id>,
    about: Option<Id>,
}

fn post(conn: &Connection, entry: &Entry<'_>) -> Result<(), StoreError> {
    let root = root(conn, &entry.customer)?;
    conn.prepare_cached("insert into account_entry values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
        .execute(params![
            root,
            entry.at_ms,
            entry.id,
            entry.kind,
            entry.customer,
            entry.business_day,
            entry.due_day,
            entry.amount_minor,
            entry.order,
            entry.about
        ])?;
    count(conn, &root, entry.amount_minor, 1)
}

fn count(conn: &Connection, root: &Id, amount_minor: i64, entries: i64) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into account_balance values (?1, ?2, ?3)
         on conflict do update set balance_minor = balance_minor + excluded.balance_minor,
                                   entries = entries + excluded.entries",
    )?
    .execute(params![root, amount_minor, entries])?;
    conn.prepare_cached("delete from account_balance where root_id = ?1 and entries = 0")?
        .execute([root])?;
    Ok(())
}

pub(crate) fn paid(conn: &Connection, header: &Header, paid: &AccountPaidV1) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into account_payment values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                                             ?18)",
    )?
    .execute(params![
        paid.payment,
        paid.customer,
        paid.counter,
        paid.seat,
        header.actor.map(|a| a.bytes()),
        paid.shift,
        paid.at_ms,
        paid.business_day,
        paid.prefix,
        paid.fiscal_year,
        paid.document_no,
        paid.method,
        paid.amount_minor,
        paid.received_minor,
        paid.change_minor,
        paid.reference,
        paid.note,
        paid.content
    ])?;
    let mut insert = conn.prepare_cached("insert into account_payment_item values (?1, ?2, ?3)")?;
    for (item, amount_minor) in &paid.pays {
        insert.execute(params![paid.payment, item, amount_minor])?;
    }
    conn.prepare_cached(
        "insert into document_series values (?1, ?2, ?3) on conflict do update set last = max(last, excluded.last)",
    )?
    .execute(params![paid.prefix, paid.fiscal_year, paid.document_no])?;
    post(
        conn,
        &Entry {
            id: paid.payment,
            kind: "payment",
            customer: paid.customer,
            at_ms: paid.at_ms,
            business_day: paid.business_day,
            due_day: None,
            amount_minor: negated(paid.amount_minor)?,
            order: None,
            about: None,
        },
    )
}

pub(crate) fn adjusted(
    conn: &Connection,
    header: &Header,
    adjusted: &AccountAdjustedV1,
) -> Result<(), StoreError> {
    if !KINDS.contains(&adjusted.kind.as_str()) {
        return Err(StoreError::damaged(format!(
            "an adjustment of the kind {} is not known",
            adjusted.kind
        )));
    }
    let before_it: bool = conn
        .prepare_cached(
            "select exists (select 1 from account_adjustment where about_id = ?1 and kind = 'payment_reversed')",
        )?
        .query_row([adjusted.about], |r| r.get(0))?;
    conn.prepare_cached(
        "insert into account_adjustment values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        adjusted.adjustment,
        adjusted.customer,
        adjusted.kind,
        adjusted.amount_minor,
        adjusted.about,
        adjusted.counter,
        header.actor.map(|a| a.bytes()),
        adjusted.shift,
        adjusted.at_ms,
        adjusted.business_day,
        adjusted.due_day,
        adjusted.reason,
        adjusted.approved_by,
        adjusted.content
    ])?;
    if adjusted.kind == "payment_reversed" && before_it {
        // Taken back by two devices apart from each other: once is enough.
        return Ok(());
    }
    post(
        conn,
        &Entry {
            id: adjusted.adjustment,
            kind: &adjusted.kind,
            customer: adjusted.customer,
            at_ms: adjusted.at_ms,
            business_day: adjusted.business_day,
            due_day: Some(adjusted.due_day),
            amount_minor: adjusted.amount_minor,
            order: None,
            about: adjusted.about,
        },
    )
}

const KINDS: &[&str] = &["opening", "write_off", "correction", "payment_reversed"];

/// A leg failed and never paid anything.
const FAILED: u8 = 3;

/// Writes anew what this order left on accounts, if anything.
pub(crate) fn order_changed(conn: &Connection, order: &Id) -> Result<(), StoreError> {
    let on_account: bool = conn
        .prepare_cached(
            "select 1 from tender where order_id = ?1 and method = 'account'
             union all select 1 from refund join refund_tender using (refund_id)
                       where order_id = ?1 and method = 'account' limit 1",
        )?
        .exists([order])?;
    if !on_account {
        return Ok(());
    }
    forget_order(conn, order)?;
    let legs: Vec<Leg> = conn
        .prepare_cached(
            "select tender_id, coalesce(t.customer_id, o.customer_id), taken_ms, t.business_day, amount_minor,
                    coalesce(void_ms, cancelled_ms), coalesce(void_day, nullif(cancelled_day, 0), t.business_day)
             from tender t left join \"order\" o using (order_id)
             where t.order_id = ?1 and method = 'account' and state <> ?2
               and coalesce(t.customer_id, o.customer_id) is not null",
        )?
        .query_map(params![order, FAILED], |r| {
            Ok(Leg {
                id: r.get(0)?,
                customer: r.get(1)?,
                at_ms: r.get(2)?,
                business_day: r.get(3)?,
                amount_minor: r.get(4)?,
                void_ms: r.get(5)?,
                void_day: r.get(6)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    for leg in &legs {
        let sale = Entry {
            id: leg.id,
            kind: "sale",
            customer: leg.customer,
            at_ms: leg.at_ms,
            business_day: leg.business_day,
            due_day: None,
            amount_minor: leg.amount_minor,
            order: Some(*order),
            about: None,
        };
        post(conn, &sale)?;
        if let Some(void_ms) = leg.void_ms {
            post(
                conn,
                &Entry {
                    kind: "sale_void",
                    at_ms: void_ms,
                    business_day: leg.void_day,
                    amount_minor: negated(leg.amount_minor)?,
                    ..sale
                },
            )?;
        }
    }
    let refunds: Vec<(Id, Id, i64, u32, i64, Id)> = conn
        .prepare_cached(
            "select rt.tender_id, coalesce(rt.customer_id, t.customer_id, o.customer_id), r.at_ms, r.business_day,
                    rt.amount_minor, r.refund_id
             from refund r join refund_tender rt using (refund_id)
                  left join tender t on t.order_id = r.order_id and t.tender_id = rt.original_id
                  left join \"order\" o on o.order_id = r.order_id
             where r.order_id = ?1 and rt.method = 'account' and rt.state <> ?2
               and coalesce(rt.customer_id, t.customer_id, o.customer_id) is not null",
        )?
        .query_map(params![order, FAILED], |r| {
            Ok((
                r.get(0)?,
                r.get(1)?,
                r.get(2)?,
                r.get(3)?,
                r.get(4)?,
                r.get(5)?,
            ))
        })?
        .collect::<Result<_, _>>()?;
    for (id, customer, at_ms, business_day, amount_minor, refund) in refunds {
        post(
            conn,
            &Entry {
                id,
                kind: "refund",
                customer,
                at_ms,
                business_day,
                due_day: None,
                amount_minor: negated(amount_minor)?,
                order: Some(*order),
                about: Some(refund),
            },
        )?;
    }
    Ok(())
}

fn forget_order(conn: &Connection, order: &Id) -> Result<(), StoreError> {
    let old: Vec<(Id, i64)> = conn
        .prepare_cached("select root_id, amount_minor from account_entry where order_id = ?1")?
        .query_map([order], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<_, _>>()?;
    if !old.is_empty() {
        conn.prepare_cached("delete from account_entry where order_id = ?1")?
            .execute([order])?;
    }
    for (root, amount_minor) in old {
        count(conn, &root, negated(amount_minor)?, -1)?;
    }
    Ok(())
}

/// Takes what an order, or a payment with what took it back, left on accounts out of them.
pub(crate) fn forget(conn: &Connection, scope: &Id) -> Result<(), StoreError> {
    forget_order(conn, scope)?;
    let posted: Vec<(Id, Id, i64)> = conn
        .prepare_cached(
            "select payment_id, customer_id, at_ms from account_payment where payment_id = ?1
             union all
             select adjustment_id, customer_id, at_ms from account_adjustment
             where about_id = ?1 and kind = 'payment_reversed'",
        )?
        .query_map([scope], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (id, customer, at_ms) in posted {
        let root = root(conn, &customer)?;
        let amount: Option<i64> = conn
            .prepare_cached(
                "delete from account_entry where root_id = ?1 and at_ms = ?2 and entry_id = ?3
                 returning amount_minor",
            )?
            .query_row(params![root, at_ms, id], |r| r.get(0))
            .optional()?;
        if let Some(amount) = amount {
            count(conn, &root, negated(amount)?, -1)?;
        }
    }
    for sql in [
        "delete from account_payment_item where payment_id = ?1",
        "delete from account_payment where payment_id = ?1",
        "delete from account_adjustment where about_id = ?1 and kind = 'payment_reversed'",
    ] {
        conn.prepare_cached(sql)?.execute([scope])?;
    }
    Ok(())
}

/// What one tender put on an account.
struct Leg {
    id: Id,
    customer: Id,
    at_ms: i64,
    business_day: u32,
    amount_minor: i64,
    void_ms: Option<i64>,
    void_day: u32,
}

fn negated(amount_minor: i64) -> Result<i64, StoreError> {
    amount_minor
        .checked_neg()
        .ok_or_else(|| StoreError::damaged("an amount beyond all bounds"))
}

/// A merge made somebody's entries another customer's.
pub(crate) fn moved_to(conn: &Connection, customer: &Id, old: &Id, new: &Id) -> Result<(), StoreError> {
    let (sum, entries): (i64, i64) = conn
        .prepare_cached(
            "select coalesce(sum(amount_minor), 0), count(*) from account_entry where root_id = ?1 and customer_id = ?2",
        )?
        .query_row([old, customer], |r| Ok((r.get(0)?, r.get(1)?)))?;
    if entries == 0 {
        return Ok(());
    }
    conn.prepare_cached("update account_entry set root_id = ?3 where root_id = ?2 and customer_id = ?1")?
        .execute([customer, old, new])?;
    count(conn, old, negated(sum)?, -entries)?;
    count(conn, new, sum, entries)
}
