//! The devices of the shop: who belongs to it, by which key, and until which of its facts.

use crate::{
    Reader, StoreError,
    catalog::record,
    ingest::{place_at, strike},
    recovery, views,
};
use domain::{
    ids::{BranchId, CounterId, DeviceId},
    numbers::RESTORED_ORDINALS,
};
use journal::{
    Body, Chunk, FactHash, Header, PublicKey, Stamp,
    admission::{Devices, Ruling, founder, restored},
    body::{DeviceAdmittedV1, DeviceMovedV1, DeviceRevokedV1, ShopFoundedV1},
    fields::device,
    register::{PatchV1, Record, Written},
};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::collections::BTreeMap;

/// A device of the shop, as far as facts tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopDevice {
    pub device: DeviceId,
    pub branch: BranchId,
    pub counter: CounterId,
    pub ordinal: u16,
    pub lane: u8,
    pub name: Option<String>,
    pub role: Option<String>,
    pub admitted_ms: i64,
    /// How much of its series is here, and when the last of it was written by its own clock.
    pub seq: u64,
    pub stamp: Option<Stamp>,
    pub revoked: Option<Revocation>,
}

/// That a device was shut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    pub last_seq: u64,
    pub by: DeviceId,
    pub at_ms: i64,
}

/// Where a device works, and the numbers it has there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DevicePlace {
    pub branch: BranchId,
    pub counter: CounterId,
    pub ordinal: u16,
    pub lane: u8,
}

/// Devices that were let in apart from each other and have the same numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumbersShared {
    /// In the order in which they were let in; the first keeps what it has.
    pub devices: Vec<DeviceId>,
}

/// The last fact that is accepted of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    pub last_seq: u64,
    pub last_hash: FactHash,
}

impl Reader<'_> {
    /// From where on nothing of a device is accepted any more.
    pub fn revoked(&self, device: DeviceId) -> Result<Option<Revoked>, StoreError> {
        revoked_at(self.conn, device)
    }

    /// Every device of the shop, in the order of their ordinals.
    pub fn shop_devices(&self) -> Result<Vec<ShopDevice>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select d.device_id, d.branch_id, d.counter_id, d.ordinal, d.lane, n.name, n.role,
                    (select min(given_ms) from device_place p where p.device_id = d.device_id and p.rank = 0),
                    coalesce((select max(seq) from fact f where f.device_id = d.device_id), 0),
                    (select stamp from fact f where f.device_id = d.device_id order by seq desc limit 1),
                    r.last_seq, r.revoked_by, r.revoked_ms
             from device d left join device_name n using (device_id) left join device_revoked r using (device_id)
             order by d.ordinal, d.device_id",
        )?;
        let rows = statement.query_map([], |r| {
            let revoked: Option<u64> = r.get(10)?;
            Ok(ShopDevice {
                device: DeviceId::from_bytes(r.get(0)?),
                branch: BranchId::from_bytes(r.get(1)?),
                counter: CounterId::from_bytes(r.get(2)?),
                ordinal: r.get(3)?,
                lane: r.get(4)?,
                name: r.get(5)?,
                role: r.get(6)?,
                admitted_ms: r.get::<_, Option<i64>>(7)?.unwrap_or_default(),
                seq: r.get(8)?,
                stamp: r
                    .get::<_, Option<i64>>(9)?
                    .map(|stamp| Stamp(stamp.unsigned_abs())),
                revoked: match revoked {
                    Some(last_seq) => Some(Revocation {
                        last_seq,
                        by: DeviceId::from_bytes(r.get(11)?),
                        at_ms: r.get(12)?,
                    }),
                    None => None,
                },
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn device_record(&self, device: DeviceId) -> Result<Option<Record>, StoreError> {
        record(
            self,
            "select record from device_name where device_id = ?1",
            device.bytes(),
        )
    }

    /// Where a device works by the last word there is.
    pub fn place_of(&self, device: DeviceId) -> Result<Option<DevicePlace>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select branch_id, counter_id, ordinal, lane from device where device_id = ?1")?
            .query_row([device.bytes()], |r| {
                Ok(DevicePlace {
                    branch: BranchId::from_bytes(r.get(0)?),
                    counter: CounterId::from_bytes(r.get(1)?),
                    ordinal: r.get(2)?,
                    lane: r.get(3)?,
                })
            })
            .optional()?)
    }

    /// The next free ordinal in the shop, and the next free lane in a branch; `None` when all are given out. What was
    /// ever given is never given again.
    pub fn next_place(&self, branch: BranchId) -> Result<Option<(u16, u8)>, StoreError> {
        let (ordinal, lane): (i64, i64) = self.conn.query_row(
            "select coalesce(max(ordinal) filter (where ordinal < ?2), 0) + 1,
                    (select coalesce(max(lane), -1) + 1 from device_place where branch_id = ?1) from device_place",
            params![branch.bytes(), RESTORED_ORDINALS.start],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )?;
        Ok(u16::try_from(ordinal).ok().zip(u8::try_from(lane).ok()))
    }

    /// Whether a device was ever given this ordinal.
    pub fn ordinal_is_taken(&self, ordinal: u16) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select 1 from device_place where ordinal = ?1")?
            .exists([ordinal])?)
    }

    /// Devices that have one ordinal in the shop, or one lane in a branch.
    pub fn numbers_shared(&self) -> Result<Vec<NumbersShared>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select device_id, ordinal, branch_id, lane from device d
             where device_id not in (select device_id from device_revoked)
             order by (select min(stamp) from device_place p where p.device_id = d.device_id), device_id",
        )?;
        let mut by_ordinal: BTreeMap<u16, Vec<DeviceId>> = BTreeMap::new();
        let mut by_lane: BTreeMap<([u8; 16], u8), Vec<DeviceId>> = BTreeMap::new();
        let mut rows = statement.query([])?;
        while let Some(r) = rows.next()? {
            let device = DeviceId::from_bytes(r.get(0)?);
            by_ordinal.entry(r.get(1)?).or_default().push(device);
            by_lane.entry((r.get(2)?, r.get(3)?)).or_default().push(device);
        }
        let mut shared: Vec<NumbersShared> = Vec::new();
        for devices in by_ordinal.into_values().chain(by_lane.into_values()) {
            let one = NumbersShared { devices };
            // Who shares both is told once.
            if one.devices.len() > 1 && !shared.contains(&one) {
                shared.push(one);
            }
        }
        Ok(shared)
    }

    /// How many drawers of a counter are open.
    pub fn drawers_open_at(&self, counter: CounterId) -> Result<u64, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select count(*) from shift where counter_id = ?1
                    and not exists (select 1 from shift_close c where c.shift_id = shift.shift_id)",
            )?
            .query_row([counter.bytes()], |r| r.get(0))?)
    }

    /// The last transaction of a device that is here: what a revocation can still accept. `None` when nothing is.
    pub fn head_of(&self, device: DeviceId) -> Result<Option<(u64, FactHash)>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select seq, hash from head where device_id = ?1 order by seq desc limit 1")?
            .query_row([device.bytes()], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?)
    }
}

/// Who belongs to the shop and until which of its facts, by all rulings that ever came in. `None` without a founder.
pub(crate) fn belonging(conn: &Connection) -> Result<Option<Devices>, StoreError> {
    belonging_with(conn, None)
}

/// The key of a device that lets itself in with the shop's recovery key, by the beginning of its series.
pub(crate) fn lets_itself_in(conn: &Connection, chunk: &Chunk) -> Result<Option<PublicKey>, StoreError> {
    let Some(ruling) = restored(chunk) else {
        return Ok(None);
    };
    let all = belonging_with(conn, Some(ruling))?;
    Ok(all.and_then(|all| all.get(chunk.device).map(|known| known.key)))
}

fn belonging_with(conn: &Connection, one_more: Option<Ruling>) -> Result<Option<Devices>, StoreError> {
    let (first, mut rulings) = rulings(conn)?;
    rulings.extend(one_more);
    Ok(first.map(|(device, key)| Devices::of(device, key, &rulings)))
}

/// The device that founded the shop, and its key.
type Founder = (DeviceId, PublicKey);

/// Who founded the shop, and all rulings that ever came in.
pub(crate) fn rulings(conn: &Connection) -> Result<(Option<Founder>, Vec<Ruling>), StoreError> {
    let founded_by = founded_by(conn)?;
    let false_founders = false_founders(conn)?;
    let (mut first, mut rulings) = (None, Vec::new());
    // Of a past that was left, what is not known to be wrong counts until another one has come so far.
    const LEFT: &str = " and wrong = 0 and not exists
        (select 1 from fact f where f.device_id = left_fact.device_id and f.seq = left_fact.seq)";
    for (table, only) in [("fact", ""), ("struck_fact", ""), ("left_fact", LEFT)] {
        let mut statement = conn.prepare_cached(&format!(
            "select {} from {table} where kind in (1, 2, 3, 8, 9){only}",
            views::FACT
        ))?;
        let facts = statement.query_map([], views::fact)?;
        for fact in facts {
            let fact = fact?;
            let Ok(body) = Body::decode(fact.header.kind, fact.header.version, &fact.body) else {
                continue;
            };
            if Some(fact.header.device) == founded_by {
                let founds = founder(&fact.header, &body).map(|(_, device, key)| (device, key));
                first = first.or(founds);
            }
            let ruling = Ruling::of(&fact, &body);
            rulings.extend(ruling.filter(|ruling| {
                let from = false_founders.get(&ruling.by);
                from.is_none_or(|from| ruling.seq < *from)
            }));
        }
    }
    Ok((first, rulings))
}

/// The device with which these books began.
pub(crate) fn founded_by(conn: &Connection) -> Result<Option<DeviceId>, StoreError> {
    Ok(conn
        .prepare_cached("select device_id from founder")?
        .query_row([], |r| Ok(DeviceId::from_bytes(r.get(0)?)))
        .optional()?)
}

/// Other devices that say that they founded the shop, and where. Earlier builds took such facts in.
pub(crate) fn false_founders(conn: &Connection) -> Result<BTreeMap<DeviceId, u64>, StoreError> {
    let mut statement = conn.prepare_cached(
        "select device_id, min(seq) from
            (select device_id, seq from fact where kind in (1, 2, 3, 8, 9) and kind = 1
             union all select device_id, seq from struck_fact where kind = 1)
         where device_id not in (select device_id from founder) group by device_id",
    )?;
    let rows = statement.query_map([], |r| Ok((DeviceId::from_bytes(r.get(0)?), r.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Puts right what an earlier build believed of a device that says it founded the shop.
pub(crate) fn leave_out_false_founders(
    conn: &mut Connection,
    me: Option<DeviceId>,
) -> Result<(), StoreError> {
    let Some(me) = me else { return Ok(()) };
    let mut others = false_founders(conn)?;
    others.remove(&me);
    let still_counts = |device: &DeviceId, from: u64| -> Result<bool, StoreError> {
        Ok(place_at(conn, *device, u64::MAX)?.seq >= from)
    };
    for (device, from) in &others {
        if still_counts(device, *from)? {
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            strike(&tx, Some(me))?;
            return Ok(tx.commit()?);
        }
    }
    Ok(())
}

pub(crate) fn revoked_at(conn: &Connection, device: DeviceId) -> Result<Option<Revoked>, StoreError> {
    if recovery::let_itself_in(conn, device)? {
        // A newer recovery key may have ended what this one was let in by.
        let until = belonging(conn)?.and_then(|all| all.get(device).and_then(|known| known.until));
        return Ok(until.map(|until| Revoked {
            last_seq: until.seq,
            last_hash: until.hash,
        }));
    }
    Ok(conn
        .prepare_cached("select last_seq, last_hash from device_revoked where device_id = ?1")?
        .query_row([device.bytes()], |r| {
            Ok(Revoked {
                last_seq: r.get(0)?,
                last_hash: r.get(1)?,
            })
        })
        .optional()?)
}

pub(crate) fn founded(conn: &Connection, header: &Header, founded: &ShopFoundedV1) -> Result<(), StoreError> {
    let_in(
        conn,
        header,
        &DeviceAdmittedV1 {
            device: founded.device,
            public_key: founded.public_key,
            branch: founded.branch,
            counter: founded.counter,
            ordinal: founded.ordinal,
            lane: founded.lane,
            admitted_ms: founded.founded_ms,
        },
        true,
    )
}

pub(crate) fn admitted(
    conn: &Connection,
    header: &Header,
    admitted: &DeviceAdmittedV1,
) -> Result<(), StoreError> {
    let fresh = !recovery::is_restored(conn, admitted)?;
    let_in(conn, header, admitted, fresh)
}

/// A device and its first place; one that is here already by another word gets the place alone.
pub(crate) fn let_in(
    conn: &Connection,
    header: &Header,
    admitted: &DeviceAdmittedV1,
    fresh: bool,
) -> Result<(), StoreError> {
    let key = PublicKey::from_bytes(&admitted.public_key)
        .ok_or_else(|| StoreError::damaged("a device's public key is no key"))?;
    if fresh {
        conn.execute(
            "insert into device values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                admitted.device,
                key.id(),
                admitted.public_key,
                admitted.branch,
                admitted.counter,
                admitted.ordinal,
                admitted.lane
            ],
        )?;
    }
    let place = DeviceMovedV1 {
        device: admitted.device,
        branch: admitted.branch,
        counter: admitted.counter,
        ordinal: admitted.ordinal,
        lane: admitted.lane,
        moved_ms: admitted.admitted_ms,
    };
    give_place(conn, header, 0, &place)
}

pub(crate) fn moved(conn: &Connection, header: &Header, moved: &DeviceMovedV1) -> Result<(), StoreError> {
    give_place(conn, header, 1, moved)
}

/// Notes the place; the last one that was given holds, whatever came first.
fn give_place(conn: &Connection, header: &Header, rank: u8, place: &DeviceMovedV1) -> Result<(), StoreError> {
    conn.prepare_cached("insert into device_place values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute(params![
            place.device,
            rank,
            i64::try_from(header.stamp.0).unwrap_or(i64::MAX),
            header.device.bytes(),
            place.branch,
            place.counter,
            place.ordinal,
            place.lane,
            place.moved_ms
        ])?;
    conn.prepare_cached(
        "update device set (branch_id, counter_id, ordinal, lane) =
             (select branch_id, counter_id, ordinal, lane from device_place p where p.device_id = ?1
              order by rank desc, stamp desc, given_by desc limit 1)
         where device_id = ?1",
    )?
    .execute([place.device])?;
    Ok(())
}

pub(crate) fn set(conn: &Connection, patch: &PatchV1, by: Written) -> Result<(), StoreError> {
    let sql = "select record from device_name where device_id = ?1";
    let Some((record, bytes)) = views::merged(conn, sql, patch, by)? else {
        return Ok(());
    };
    conn.prepare_cached("insert or replace into device_name values (?1, ?2, ?3, ?4)")?
        .execute(params![
            patch.record,
            record.text(device::NAME).unwrap_or_default(),
            record.text(device::ROLE).unwrap_or_default(),
            bytes
        ])?;
    Ok(())
}

pub(crate) fn revoked(
    conn: &Connection,
    header: &Header,
    revoked: &DeviceRevokedV1,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into device_revoked values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict (device_id) do update set last_seq = excluded.last_seq, last_hash = excluded.last_hash,
             stamp = excluded.stamp, revoked_by = excluded.revoked_by, revoked_ms = excluded.revoked_ms
         where (excluded.last_seq, excluded.stamp, excluded.revoked_by) < (last_seq, stamp, revoked_by)",
    )?
    .execute(params![
        revoked.device,
        revoked.last_seq,
        revoked.last_hash,
        i64::try_from(header.stamp.0).unwrap_or(i64::MAX),
        header.device.bytes(),
        revoked.revoked_ms
    ])?;
    Ok(())
}
