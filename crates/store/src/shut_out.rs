//! That this device was shut out: the notice that it was handed, what is shown to others that are out, and what of its own
//! nobody takes.
//!
//! Whether the device is out is worked out anew from all rulings that are here and those of the notice: when it turns out
//! that whoever wrote it could not, the device belongs to the shop as before.

use crate::{
    Reader, Store, StoreError, devices,
    ingest::{hash_at, place_at, transaction_after},
    open::Writer,
    views,
};
use domain::{
    ids::{DeviceId, ShopId, StaffId},
    time::Moment,
};
use journal::{
    Body, Chunk, Fact, Place, Vector,
    admission::{Devices, Ruling},
    exchange::Push,
    shut_out::{proven, rulings_to_show},
};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

/// Who shut a device out, and what of it still counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShutOut {
    /// The last of its facts here that counts; 0 is none.
    pub last_seq: u64,
    /// Another past of this device is the one that counts, from a place on that nothing here shows.
    pub copied: bool,
    /// The device where it was done.
    pub by: DeviceId,
    pub person: Option<StaffId>,
    pub at: Moment,
    /// As it was written; none where a newer recovery card ended what an older one had let in.
    pub reason: Option<String>,
    /// When it was handed over. None: it came with the shop's facts.
    pub heard: Option<Moment>,
}

impl Reader<'_> {
    /// Whether this device is out, as far as what is here shows.
    pub fn shut_out(&self, shop: ShopId, me: DeviceId) -> Result<Option<ShutOut>, StoreError> {
        shut_out(self.conn, shop, me)
    }

    /// A device's facts after one number, in order.
    pub fn each_fact_after<E: From<StoreError>>(
        &self,
        device: DeviceId,
        seq: u64,
        mut visit: impl FnMut(Fact) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = |e: rusqlite::Error| E::from(StoreError::from(e));
        let mut statement = self
            .conn
            .prepare_cached(&format!(
                "select {} from fact where device_id = ?1 and seq > ?2 order by seq",
                views::FACT
            ))
            .map_err(sql)?;
        let after = i64::try_from(seq).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![device.bytes(), after]).map_err(sql)?;
        while let Some(r) = rows.next().map_err(sql)? {
            visit(views::fact(r).map_err(sql)?)?;
        }
        Ok(())
    }
}

impl Store {
    /// What shows a device that is out why, as far as it lacks it; nothing for one that belongs to the shop.
    pub fn notice_for(&self, device: DeviceId, have: &Vector) -> Result<Vec<Chunk>, StoreError> {
        let me = self.identity().ok_or(StoreError::NoShop)?;
        self.read(|reader| {
            let (founder, rulings) = devices::rulings(reader.conn)?;
            let Some(founder) = founder else {
                return Ok(vec![]);
            };
            let belonging = Devices::of(founder.0, founder.1, &rulings);
            if belonging.get(device).is_none_or(|known| known.until.is_none()) {
                return Ok(vec![]);
            }
            let mut notice = Vec::new();
            for (by, seq) in rulings_to_show(device, &belonging, &rulings, have) {
                let before: u64 = reader
                    .conn
                    .prepare_cached(
                        "select coalesce(max(seq), 0) from head where device_id = ?1 and seq < ?2",
                    )?
                    .query_row(params![by.bytes(), seq], |r| r.get(0))?;
                let from = match before {
                    0 => Place::default(),
                    before => place_at(reader.conn, by, before)?,
                };
                if let Some(transaction) = transaction_after(reader.conn, by, before)? {
                    notice.push(Chunk::of(me.shop, by, &from, &[transaction]));
                }
            }
            Ok(notice)
        })
    }

    /// Keeps a notice, if it shows that this device is out. Says whether it does.
    pub fn take_notice(&self, notice: &[Chunk], now: Moment) -> Result<bool, StoreError> {
        let mut writer = self.lock();
        let Writer { conn, me } = &mut *writer;
        let who = me.as_ref().ok_or(StoreError::NoShop)?.who.clone();
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let series = notice.to_vec();
        tx.execute(
            "insert or replace into shut_out values (1, ?1, ?2)",
            params![Push { series }.encode(), now.0],
        )?;
        let out = shut_out(&tx, who.identity.shop, who.identity.device)?.is_some();
        if out {
            tx.commit()?;
        }
        Ok(out)
    }
}

fn shut_out(conn: &Connection, shop: ShopId, me: DeviceId) -> Result<Option<ShutOut>, StoreError> {
    let kept: Option<(Vec<u8>, i64)> = conn
        .prepare_cached("select notice, heard_ms from shut_out")?
        .query_row([], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    if kept.is_none() && devices::revoked_at(conn, me)?.is_none() {
        return Ok(None);
    }
    let (Some(founder), mut rulings) = devices::rulings(conn)? else {
        return Ok(None);
    };
    let mut said = facts_that_end(conn)?;
    let mut handed_over = Vec::new();
    if let Some((bytes, _)) = &kept {
        let notice = Push::decode(bytes).map_err(StoreError::damaged)?.series;
        let mut fresh = Vec::new();
        for chunk in notice {
            // Of what is here of a series only that counts: another history of it is somebody's invention.
            if place_at(conn, chunk.device, u64::MAX)?.seq <= chunk.after {
                fresh.push(chunk);
            }
        }
        handed_over = proven(shop, founder, &rulings, &fresh);
    }
    rulings.extend(handed_over.iter().filter_map(Ruling::read));
    let belonging = Devices::of(founder.0, founder.1, &rulings);
    let Some(until) = belonging.get(me).and_then(|known| known.until) else {
        return Ok(None);
    };
    let copied = until.seq > 0 && hash_at(conn, me, until.seq)? != Some(until.hash);
    let from_here = said.len();
    said.append(&mut handed_over);
    let heard = kept.map(|(_, heard)| Moment(heard));
    let counts = |fact: &Fact| belonging.counts(fact.header.device, fact.header.seq) == fact.header.seq;
    let mut found: Option<((bool, u64), ShutOut)> = None;
    for (n, fact) in said.iter().enumerate().filter(|(_, fact)| counts(fact)) {
        let header = &fact.header;
        let (at, reason) = match Body::decode(header.kind, header.version, &fact.body) {
            Ok(Body::DeviceRevoked(revoked))
                if revoked.device == me.bytes()
                    && (revoked.last_seq, revoked.last_hash) == (until.seq, until.hash) =>
            {
                (Moment(revoked.revoked_ms), Some(revoked.reason))
            }
            Ok(Body::RecoveryKeySet(set)) => (Moment(set.set_ms), None),
            _ => continue,
        };
        let this = ShutOut {
            last_seq: if copied { 0 } else { until.seq },
            copied,
            by: header.device,
            person: header.actor,
            at,
            reason,
            heard: heard.filter(|_| n >= from_here),
        };
        // A revocation before a card, and the first of each.
        let rank = (this.reason.is_none(), header.stamp.0);
        if found.as_ref().is_none_or(|(best, _)| rank < *best) {
            found = Some((rank, this));
        }
    }
    Ok(found.map(|(_, this)| this))
}

/// The facts that can end what a device does for the shop.
fn facts_that_end(conn: &Connection) -> Result<Vec<Fact>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "select {} from fact where kind in (1, 2, 3, 8, 9) and kind not in (1, 2, 9)",
        views::FACT
    ))?;
    let facts = statement.query_map([], views::fact)?;
    Ok(facts.collect::<Result<_, _>>()?)
}
