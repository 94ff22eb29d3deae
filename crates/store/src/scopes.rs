//! Facts about one thing that come in another order than they happened.
//!
//! Most views are sets, sums or last writers and do not care when a fact arrives. What became of an order, and of a
//! payment on an account, depends on what was there before. So each of their facts is listed under what it is about,
//! its scope; one that comes after a later one has the whole scope computed anew, in the order on which all devices
//! agree: what makes the thing, then what is done with it, then what takes something back, and within these by clock
//! and device. The order is settled by signed bytes only, never by when something arrived.

use crate::{StoreError, account_views, customer_views, views};
use journal::{Body, Fact, Header};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;

type Id = [u8; 16];

/// What became of a fact that was looked at: fine, or set aside with a reason.
pub(crate) type SetAside<'a> = dyn FnMut(&Header, Option<String>) -> Result<(), StoreError> + 'a;

/// What a fact is about, and how early among the facts about it it counts. A clock that is far off may stamp a deed
/// below what it was done to; the rank keeps them apart.
fn scope_of(body: &Body) -> Option<(Id, u8)> {
    Some(match body {
        Body::OrderPlaced(placed) => (placed.sale.order, 0),
        Body::TenderTaken(taken) => (taken.order, 1),
        Body::PhoneBound(bound) => (bound.order, 1),
        Body::TokenReissued(reissued) => (reissued.order, 1),
        Body::TokenRevoked(revoked) => (revoked.order, 1),
        Body::OrderProgressed(progressed) => (progressed.order, 1),
        Body::HandedOver(handed) => (handed.order, 1),
        Body::TenderMoved(moved) => (moved.order, 2),
        Body::TendersSplit(split) => (split.order, 2),
        Body::HandoverUndone(undone) => (undone.order, 2),
        Body::Refunded(refunded) => (refunded.order, 2),
        Body::OrderCancelled(cancelled) => (cancelled.order, 2),
        Body::AccountPaid(paid) => (paid.payment, 0),
        Body::AccountAdjusted(adjusted) if adjusted.kind == "payment_reversed" => (adjusted.about?, 1),
        _ => return None,
    })
}

/// A record whose patches cannot be shown before the one that made it.
fn record_of(body: &Body) -> Option<Id> {
    match body {
        Body::ProductSet(patch) => Some(patch.record),
        _ => None,
    }
}

/// Applies a fact that stands in the log, and whatever it changes about those that came before it.
pub(crate) fn apply(
    views: &Connection,
    log: &Connection,
    header: &Header,
    body: &Body,
    set_aside: &mut SetAside<'_>,
) -> Result<(), StoreError> {
    if let Some((scope, rank)) = scope_of(body) {
        return if list(views, &scope, rank, header)? {
            compute_anew(views, log, &scope, set_aside)
        } else {
            apply_whole(views, header, body, set_aside)
        };
    }
    let Some(record) = record_of(body) else {
        return apply_whole(views, header, body, set_aside);
    };
    match settled(views::apply(views, header, body))? {
        Some(why) => {
            list(views, &record, 0, header)?;
            set_aside(header, Some(why))
        }
        None => {
            for waiting in listed(views, log, &record)? {
                let body = decoded(&waiting)?;
                if settled(views::apply(views, &waiting.header, &body))?.is_none() {
                    set_aside(&waiting.header, None)?;
                }
            }
            views
                .prepare_cached("delete from fact_scope where scope_id = ?1")?
                .execute([record])?;
            Ok(())
        }
    }
}

/// Applies a fact that this device just wrote: what refuses it refuses the whole transaction.
pub(crate) fn apply_own(conn: &Connection, header: &Header, body: &Body) -> Result<(), StoreError> {
    if let Some((scope, rank)) = scope_of(body)
        && list(conn, &scope, rank, header)?
    {
        return compute_anew(conn, conn, &scope, &mut |refused, why| match why {
            Some(why) if (refused.device, refused.seq) == (header.device, header.seq) => {
                Err(StoreError::Damaged(why))
            }
            why => views::set_aside(conn, refused, why),
        });
    }
    views::apply(conn, header, body)
}

/// Notes the fact under its scope; says whether one that counts after it was there before.
fn list(views: &Connection, scope: &Id, rank: u8, header: &Header) -> Result<bool, StoreError> {
    let stamp = i64::try_from(header.stamp.0).unwrap_or(i64::MAX);
    let device = header.device.bytes();
    views
        .prepare_cached("insert or ignore into fact_scope values (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![scope, rank, stamp, device, header.seq])?;
    Ok(views
        .prepare_cached(
            "select 1 from fact_scope where scope_id = ?1 and (rank, stamp, device_id) > (?2, ?3, ?4) limit 1",
        )?
        .exists(params![scope, rank, stamp, device])?)
}

/// All facts of a scope, in the order in which they count.
fn listed(views: &Connection, log: &Connection, scope: &Id) -> Result<Vec<Fact>, StoreError> {
    let places: Vec<(Id, u64)> = views
        .prepare_cached(
            "select device_id, seq from fact_scope where scope_id = ?1 order by rank, stamp, device_id",
        )?
        .query_map([scope], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<_, _>>()?;
    places
        .iter()
        .map(|(device, seq)| views::fact_at(log, device, *seq))
        .collect()
}

fn decoded(fact: &Fact) -> Result<Body, StoreError> {
    let h = &fact.header;
    Body::decode(h.kind, h.version, &fact.body).map_err(StoreError::damaged)
}

/// What only this fact's views refuse is a reason; that the disk is full is not.
fn settled(applied: Result<(), StoreError>) -> Result<Option<String>, StoreError> {
    match applied {
        Ok(()) => Ok(None),
        Err(StoreError::Damaged(why)) => Ok(Some(why)),
        Err(StoreError::Sqlite(why)) => Ok(Some(why.to_string())),
        Err(other) => Err(other),
    }
}

/// All of what a fact changes, or nothing.
fn apply_whole(
    views: &Connection,
    header: &Header,
    body: &Body,
    set_aside: &mut SetAside<'_>,
) -> Result<(), StoreError> {
    // One row that is replaced needs no savepoint, and the search index dislikes them.
    if record_like(body) {
        let applied = settled(views::apply(views, header, body))?;
        return match applied {
            Some(why) => set_aside(header, Some(why)),
            None => Ok(()),
        };
    }
    views.prepare_cached("savepoint one_fact")?.execute([])?;
    let applied = settled(views::apply(views, header, body));
    if !matches!(applied, Ok(None)) {
        views.prepare_cached("rollback to one_fact")?.execute([])?;
    }
    views.prepare_cached("release one_fact")?.execute([])?;
    match applied? {
        Some(why) => set_aside(header, Some(why)),
        None => Ok(()),
    }
}

fn record_like(body: &Body) -> bool {
    matches!(
        body,
        Body::ProductSet(_)
            | Body::CategorySet(_)
            | Body::StaffSet(_)
            | Body::SettingSet(_)
            | Body::BranchSet(_)
            | Body::BranchProductSet(_)
            | Body::DeviceLinkSet(_)
            | Body::PriceSet(_)
            | Body::LevelSet(_)
            | Body::BrandSet(_)
            | Body::ModifierGroupSet(_)
            | Body::PictureKept(_)
            | Body::Unknown
    )
}

/// Takes everything of a scope out of the views and applies its facts again.
pub(crate) fn compute_anew(
    views: &Connection,
    log: &Connection,
    scope: &Id,
    set_aside: &mut SetAside<'_>,
) -> Result<(), StoreError> {
    let mut customers = customers_of(views, scope)?;
    forget(views, scope)?;
    for fact in listed(views, log, scope)? {
        let mut refused = false;
        apply_whole(views, &fact.header, &decoded(&fact)?, &mut |header, why| {
            refused = why.is_some();
            set_aside(header, why)
        })?;
        if !refused {
            set_aside(&fact.header, None)?;
        }
    }
    // A correction says whose order it is, and may have come before all of them.
    customer_views::ordered(views, scope)?;
    // Their phones are those of their orders.
    customers.append(&mut customers_of(views, scope)?);
    for customer in &customers {
        customer_views::again(views, customer)?;
    }
    Ok(())
}

fn customers_of(views: &Connection, order: &Id) -> Result<BTreeSet<Id>, StoreError> {
    Ok(views
        .prepare_cached("select customer_id from order_phone where order_id = ?1")?
        .query_map([order], |r| r.get(0))?
        .collect::<Result<_, _>>()?)
}

/// What is deleted of an order, children first. What only grows (a document series' last number, who stands on the
/// document) is left: applying a fact again changes nothing about it.
const OF_AN_ORDER: &[&str] = &[
    "delete from money_entry where tender_id in (select tender_id from tender where order_id = ?1)",
    // Of a payment on account, its own.
    "delete from money_entry where tender_id = ?1",
    "delete from money_entry where tender_id in
         (select tender_id from refund_tender join refund using (refund_id) where order_id = ?1)",
    "delete from shift_order where order_id = ?1",
    "delete from payment_owed where payment_id in (select payment_id from payment_leg where order_id = ?1)",
    "delete from payment_leg where order_id = ?1",
    "delete from tender where order_id = ?1",
    "delete from tender_split where order_id = ?1",
    "delete from handover_move where handover_id in (select handover_id from handover where order_id = ?1)",
    "delete from handover where order_id = ?1",
    "delete from refund_line where refund_id in (select refund_id from refund where order_id = ?1)",
    "delete from refund_line_tax where refund_id in (select refund_id from refund where order_id = ?1)",
    "delete from refund_tax where refund_id in (select refund_id from refund where order_id = ?1)",
    "delete from refund_tender where refund_id in (select refund_id from refund where order_id = ?1)",
    "delete from refund_move where refund_id in (select refund_id from refund where order_id = ?1)",
    "delete from refund where order_id = ?1",
    "delete from order_event where order_id = ?1",
    "delete from order_units where order_id = ?1",
    "delete from order_phone where order_id = ?1",
    "delete from customer_order where order_id = ?1",
    "delete from order_line where order_id = ?1",
    "delete from order_tax where order_id = ?1",
    "delete from order_products where order_id = ?1",
    "delete from anomaly where order_id = ?1",
    "delete from \"order\" where order_id = ?1",
];

fn forget(views: &Connection, scope: &Id) -> Result<(), StoreError> {
    views::uncount(views, scope)?;
    account_views::forget(views, scope)?;
    for sql in OF_AN_ORDER {
        views.prepare_cached(sql)?.execute([scope])?;
    }
    Ok(())
}

/// The key of a customer came: what was sealed under it opens now.
pub(crate) fn opened(
    views: &Connection,
    log: &Connection,
    customer: &Id,
    set_aside: &mut SetAside<'_>,
) -> Result<(), StoreError> {
    let orders: Vec<Id> = views
        .prepare_cached("select order_id from order_phone where customer_id = ?1 and phone is null")?
        .query_map([customer], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    for order in &orders {
        compute_anew(views, log, order, set_aside)?;
    }
    let erased: Option<bool> = views
        .prepare_cached("select erased_ms is not null from customer where customer_id = ?1")?
        .query_row([customer], |r| r.get(0))
        .optional()?;
    if erased.is_some() {
        customer_views::again(views, customer)?;
    }
    Ok(())
}
