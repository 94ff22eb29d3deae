//! Who decides for a branch: what the facts say of its devices, and what this device has promised in elections.

use crate::{Reader, StoreError, Write};
use domain::{
    ids::{BranchId, CartId, CounterId, DeviceId, OrderId},
    lead::{Appointed, Branch, Kept, MOST_AHEAD_APPOINTED, Voters},
};
use journal::{Header, body::HubAppointedV1};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;

/// A device of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchDevice {
    pub device: DeviceId,
    pub counter: CounterId,
    pub revoked: bool,
}

/// A cart that was paid once too often, while tills could not ask each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartAnomaly {
    pub cart: CartId,
    pub order: OrderId,
    pub number: u32,
    pub document: String,
    pub total_minor: i64,
    pub placed_ms: i64,
}

impl Reader<'_> {
    /// The devices of a branch, the first one first.
    pub fn branch_devices(&self, branch: BranchId) -> Result<Vec<BranchDevice>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select d.device_id, d.counter_id, r.device_id is not null
             from device d left join device_revoked r on r.device_id = d.device_id
             where d.branch_id = ?1 order by d.ordinal, d.device_id",
        )?;
        let rows = statement.query_map([branch.bytes()], |r| {
            Ok(BranchDevice {
                device: DeviceId::from_bytes(r.get(0)?),
                counter: CounterId::from_bytes(r.get(1)?),
                revoked: r.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whom the owner chose, and when: by the highest term that is not far above this device's and those before it.
    pub fn hub_appointed(&self, branch: BranchId) -> Result<Option<(Appointed, i64)>, StoreError> {
        let mut reached: u64 = self
            .conn
            .prepare_cached("select term from leading join identity using (device_id)")?
            .query_row([], |r| r.get(0))
            .optional()?
            .unwrap_or(0);
        let mut statement = self.conn.prepare_cached(
            "select device_id, term, appointed_ms from hub_appointed where branch_id = ?1 order by term",
        )?;
        let mut rows = statement.query([branch.bytes()])?;
        let mut chosen = None;
        while let Some(r) = rows.next()? {
            let appointed = Appointed {
                device: DeviceId::from_bytes(r.get(0)?),
                term: r.get(1)?,
            };
            if appointed.term > reached.saturating_add(MOST_AHEAD_APPOINTED) {
                break;
            }
            reached = reached.max(appointed.term);
            chosen = Some((appointed, r.get(2)?));
        }
        Ok(chosen)
    }

    /// What elections in a branch go by.
    pub fn branch_of_lead(&self, branch: BranchId) -> Result<Branch, StoreError> {
        let devices = self.branch_devices(branch)?;
        Ok(Branch {
            first: devices.first().map(|one| one.device),
            members: devices
                .iter()
                .filter(|one| !one.revoked)
                .map(|one| one.device)
                .collect(),
            appointed: self.hub_appointed(branch)?.map(|(appointed, _)| appointed),
        })
    }

    /// What this device said in elections so far.
    pub fn leading(&self, device: DeviceId) -> Result<Option<Kept>, StoreError> {
        let row = self
            .conn
            .prepare_cached(
                "select term, voted, won, needed, voters_term, voters_change, voters from leading
                 where one = 1 and device_id = ?1",
            )?
            .query_row([device.bytes()], |r| {
                let voters: Vec<u8> = r.get(6)?;
                Ok(Kept {
                    term: r.get(0)?,
                    voted: r.get::<_, Option<[u8; 16]>>(1)?.map(DeviceId::from_bytes),
                    won: r.get(2)?,
                    needed: r.get(3)?,
                    voters: Voters {
                        term: r.get(4)?,
                        change: r.get(5)?,
                        devices: devices_of(&voters),
                    },
                })
            })
            .optional()?;
        Ok(row)
    }

    /// Carts that were paid at more than one till, each with the order that was one too many.
    pub fn cart_anomalies(&self, limit: usize) -> Result<Vec<CartAnomaly>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "with standing as (
                 select c.cart_id, o.order_id, o.number, o.total_minor, o.placed_ms,
                        o.prefix || '/' || o.fiscal_year || '/' || printf('%06d', o.document_no) as document,
                        row_number() over (partition by c.cart_id order by c.paid_ms, c.order_id) as nth
                 from cart_order c join \"order\" o using (order_id) where o.cancelled_ms is null)
             select cart_id, order_id, number, total_minor, placed_ms, document from standing
             where nth > 1 order by placed_ms desc, order_id limit ?1",
        )?;
        let rows = statement.query_map([limit], |r| {
            Ok(CartAnomaly {
                cart: CartId::from_bytes(r.get(0)?),
                order: OrderId::from_bytes(r.get(1)?),
                number: r.get(2)?,
                total_minor: r.get(3)?,
                placed_ms: r.get(4)?,
                document: r.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The orders that a cart became and that stand.
    pub fn orders_of_cart(&self, cart: [u8; 16]) -> Result<Vec<[u8; 16]>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select c.order_id from cart_order c
             where c.cart_id = ?1
                 and not exists (select 1 from \"order\" o
                                 where o.order_id = c.order_id and o.cancelled_ms is not null)
             order by c.paid_ms, c.order_id",
        )?;
        Ok(statement
            .query_map([cart], |r| r.get(0))?
            .collect::<Result<_, _>>()?)
    }
}

fn devices_of(bytes: &[u8]) -> BTreeSet<DeviceId> {
    bytes
        .chunks_exact(16)
        .filter_map(|id| id.try_into().ok().map(DeviceId::from_bytes))
        .collect()
}

impl Write<'_> {
    pub fn keep_leading(&self, kept: &Kept) -> Result<(), StoreError> {
        let voters: Vec<u8> = kept.voters.devices.iter().flat_map(|id| id.bytes()).collect();
        self.tx
            .prepare_cached("insert or replace into leading values (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
            .execute(params![
                self.identity()?.device.bytes(),
                number(kept.term),
                kept.voted.map(DeviceId::bytes),
                kept.won,
                kept.needed,
                number(kept.voters.term),
                number(kept.voters.change),
                voters
            ])?;
        Ok(())
    }
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(crate) fn appointed(
    conn: &Connection,
    header: &Header,
    appointed: &HubAppointedV1,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into hub_appointed values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict (branch_id, term) do update set device_id = excluded.device_id, stamp = excluded.stamp,
             appointed_by = excluded.appointed_by, appointed_ms = excluded.appointed_ms
         where (excluded.stamp, excluded.appointed_by) > (stamp, appointed_by)",
    )?
    .execute(params![
        appointed.branch,
        number(appointed.term),
        appointed.device,
        i64::try_from(header.stamp.0).unwrap_or(i64::MAX),
        header.device.bytes(),
        appointed.appointed_ms
    ])?;
    Ok(())
}

pub(crate) fn cart_paid(conn: &Connection, paid: &journal::body::CartPaidV1) -> Result<(), StoreError> {
    conn.prepare_cached("insert or ignore into cart_order values (?1, ?2, ?3)")?
        .execute(params![paid.cart, paid.order, paid.paid_ms])?;
    Ok(())
}
