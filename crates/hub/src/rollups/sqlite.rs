//! The sums in the hub's file.

use super::{Key, Parts, Rolled, RollupBooks, Row, State, Step, Sum, What, add};
use crate::{
    books::{Result, signed, unsigned},
    sqlite::Sqlite,
};
use domain::ids::{DeviceId, ShopId};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;

fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

impl RollupBooks for Sqlite {
    // The file has one writer.
    const AT_ONCE: usize = 1;

    async fn rolled(&self, shop: ShopId) -> Result<Rolled> {
        let (rulings, state, places) = self
            .read(move |conn| {
                let tx = conn.unchecked_transaction()?;
                let found = tx
                    .prepare_cached("select rulings, anew from rollup_shop where shop_id = ?1")?
                    .query_row([shop.bytes()], |r| Ok((r.get(0)?, r.get(1)?)))
                    .optional()?;
                let (rulings, state) = found.unwrap_or_default();
                let places = tx
                    .prepare_cached("select device_id, seq from rollup_place where shop_id = ?1")?
                    .query_map([shop.bytes()], |r| {
                        Ok((DeviceId::from_bytes(r.get(0)?), unsigned(r.get(1)?)))
                    })?
                    .collect::<rusqlite::Result<_>>()?;
                Ok((unsigned(rulings), state, places))
            })
            .await?;
        Ok(Rolled {
            rulings,
            state: State::of(state)?,
            places,
        })
    }

    async fn roll(&self, shop: ShopId, step: &Step) -> Result<bool> {
        let step = step.clone();
        self.write(move |conn| roll(conn, shop, &step)).await
    }

    async fn unroll(&self, shop: ShopId, found: &Rolled, rulings: u64) -> Result<()> {
        let (before, state) = (found.rulings, found.state);
        self.write(move |conn| {
            conn.execute(
                "insert into rollup_shop values (?1, ?2, ?3)
                 on conflict (shop_id) do update set rulings = excluded.rulings, anew = excluded.anew
                 where rulings = ?4 and anew = ?5",
                params![
                    shop.bytes(),
                    signed(rulings),
                    State::Forgetting.number(),
                    signed(before),
                    state.number()
                ],
            )?;
            Ok(())
        })
        .await?;
        // In small wishes: other shops write in between.
        while self.write(move |conn| forget_some(conn, shop)).await? {}
        Ok(())
    }

    async fn ruled(&self, shop: ShopId, before: u64, rulings: u64) -> Result<()> {
        self.write(move |conn| {
            conn.execute(
                "insert into rollup_shop values (?1, ?3, 0)
                 on conflict (shop_id) do update set rulings = excluded.rulings where rulings = ?2",
                params![shop.bytes(), signed(before), signed(rulings)],
            )?;
            Ok(())
        })
        .await
    }

    async fn recounted(&self, shop: ShopId, rulings: u64) -> Result<()> {
        self.write(move |conn| {
            conn.execute(
                "update rollup_shop set anew = ?4 where shop_id = ?1 and rulings = ?2 and anew = ?3",
                params![
                    shop.bytes(),
                    signed(rulings),
                    State::Anew.number(),
                    State::Standing.number()
                ],
            )?;
            Ok(())
        })
        .await
    }

    async fn sums(&self, shop: ShopId, from_day: u32, to_day: u32) -> Result<Vec<Row>> {
        let rows = self
            .read(move |conn| {
                conn.prepare_cached(
                    "select branch_id, day, what, key, number, milli, minor from rollup_sum
                     where shop_id = ?1 and day between ?2 and ?3 order by branch_id, day, what, key",
                )?
                .query_map(params![shop.bytes(), from_day, to_day], |r| {
                    let sum = Sum {
                        count: r.get(4)?,
                        milli: r.get(5)?,
                        minor: r.get(6)?,
                    };
                    let what: i64 = r.get(2)?;
                    Ok((r.get(0)?, r.get(1)?, what, r.get(3)?, sum))
                })?
                .collect::<rusqlite::Result<Vec<_>>>()
            })
            .await?;
        rows.into_iter()
            .map(|(branch, day, what, key, sum)| {
                let what = What::of(what)?;
                let key = Key {
                    branch,
                    day,
                    what,
                    key,
                };
                Ok(Row { key, sum })
            })
            .collect()
    }

    async fn words_of(&self, shop: ShopId, id: [u8; 16]) -> Result<Option<Vec<(String, String)>>> {
        self.read(move |conn| {
            let tx = conn.unchecked_transaction()?;
            let stands = !tx
                .prepare_cached("select 1 from rollup_shop where shop_id = ?1 and anew <> ?2")?
                .exists(params![shop.bytes(), State::Standing.number()])?;
            let words = tx
                .prepare_cached("select about, text from rollup_word where shop_id = ?1 and id = ?2")?
                .query_map(params![shop.bytes(), id], |r| Ok((r.get(0)?, r.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(stands.then_some(words))
        })
        .await
    }

    async fn words(&self, shop: ShopId) -> Result<Vec<(String, [u8; 16], String)>> {
        self.read(move |conn| {
            conn.prepare_cached(
                "select about, id, text from rollup_word where shop_id = ?1 order by about, id",
            )?
            .query_map([shop.bytes()], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
            .collect()
        })
        .await
    }
}

fn read(parts: &[u8]) -> rusqlite::Result<Parts> {
    postcard::from_bytes(parts).map_err(damaged)
}

/// Whose rows go, and by what one of them is told from another.
const FORGOTTEN: [(&str, &str); 6] = [
    ("rollup_place", "device_id"),
    ("rollup_item", "item_id"),
    ("rollup_strike", "id"),
    ("rollup_capture", "id"),
    ("rollup_sum", "day, branch_id, what, key"),
    ("rollup_word", "about, id"),
];
/// How many rows go in one wish.
const AT_ONCE: usize = 2_000;

/// Forgets some of the sums that are to be forgotten; says whether there are more.
fn forget_some(conn: &Connection, shop: ShopId) -> rusqlite::Result<bool> {
    let shop = shop.bytes();
    let forgetting = conn
        .prepare_cached("select 1 from rollup_shop where shop_id = ?1 and anew = ?2")?
        .exists(params![shop, State::Forgetting.number()])?;
    if !forgetting {
        return Ok(false);
    }
    for (table, key) in FORGOTTEN {
        let gone = conn
            .prepare_cached(&format!(
                "delete from {table} where shop_id = ?1
                 and ({key}) in (select {key} from {table} where shop_id = ?1 limit ?2)"
            ))?
            .execute(params![shop, AT_ONCE])?;
        if gone > 0 {
            return Ok(true);
        }
    }
    conn.prepare_cached("update rollup_shop set anew = ?2 where shop_id = ?1")?
        .execute(params![shop, State::Anew.number()])?;
    Ok(false)
}

/// Puts a sum where it belongs, or takes it off, as far as an integer goes.
fn enter(conn: &Connection, shop: [u8; 16], key: &Key, sum: Sum) -> rusqlite::Result<()> {
    let at = params![shop, key.day, key.branch, key.what.number(), key.key];
    let old = conn
        .prepare_cached(
            "select number, milli, minor from rollup_sum
             where shop_id = ?1 and day = ?2 and branch_id = ?3 and what = ?4 and key = ?5",
        )?
        .query_row(at, |r| {
            Ok(Sum {
                count: r.get(0)?,
                milli: r.get(1)?,
                minor: r.get(2)?,
            })
        })
        .optional()?;
    let sum = old.unwrap_or_default().plus(sum, 1);
    conn.prepare_cached("insert or replace into rollup_sum values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
        .execute(params![
            shop,
            key.day,
            key.branch,
            key.what.number(),
            key.key,
            sum.count,
            sum.milli,
            sum.minor
        ])?;
    Ok(())
}

fn roll(conn: &Connection, shop: ShopId, step: &Step) -> rusqlite::Result<bool> {
    let (shop, device) = (shop.bytes(), step.device.bytes());
    conn.prepare_cached("insert into rollup_shop values (?1, 0, 0) on conflict (shop_id) do nothing")?
        .execute([shop])?;
    let goes = conn
        .prepare_cached("select 1 from rollup_shop where shop_id = ?1 and rulings = ?2 and anew <> ?3")?
        .exists(params![shop, signed(step.rulings), State::Forgetting.number()])?;
    if !goes {
        return Ok(false);
    }
    let moved = match step.from {
        0 => conn
            .prepare_cached(
                "insert into rollup_place values (?1, ?2, ?3) on conflict (shop_id, device_id) do nothing",
            )?
            .execute(params![shop, device, signed(step.to)])?,
        from => conn
            .prepare_cached(
                "update rollup_place set seq = ?3 where shop_id = ?1 and device_id = ?2 and seq = ?4",
            )?
            .execute(params![shop, device, signed(step.to), signed(from)])?,
    };
    if moved == 0 {
        return Ok(false);
    }
    let mut sums = BTreeMap::new();
    let mut fresh = Vec::new();
    for strike in &step.strikes {
        let new = conn
            .prepare_cached("insert into rollup_strike values (?1, ?2) on conflict (shop_id, id) do nothing")?
            .execute(params![shop, strike])?;
        if new > 0 {
            fresh.push(strike);
        }
    }
    for strike in fresh {
        let struck: Vec<Vec<u8>> = conn
            .prepare_cached(
                "select parts from rollup_item
                 where shop_id = ?1 and (item_id = ?2 or of_id = ?2) and counted = 1",
            )?
            .query_map(params![shop, strike], |r| r.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for parts in struck {
            add(&mut sums, &read(&parts)?, -1);
        }
        conn.prepare_cached(
            "update rollup_item set counted = 0
             where shop_id = ?1 and (item_id = ?2 or of_id = ?2) and counted = 1",
        )?
        .execute(params![shop, strike])?;
    }
    let mut captured = Vec::new();
    for capture in &step.captures {
        let new = conn
            .prepare_cached(
                "insert into rollup_capture values (?1, ?2) on conflict (shop_id, id) do nothing",
            )?
            .execute(params![shop, capture])?;
        if new > 0 {
            captured.push(capture);
        }
    }
    for capture in captured {
        let waiting: Option<Vec<u8>> = conn
            .prepare_cached(
                "update rollup_item set counted = 1 where shop_id = ?1 and item_id = ?2 and waits = 1 and counted = 0
                 and not exists (select 1 from rollup_strike s
                                 where s.shop_id = ?1 and s.id in (rollup_item.item_id, rollup_item.of_id))
                 returning parts",
            )?
            .query_row(params![shop, capture], |r| r.get(0))
            .optional()?;
        if let Some(parts) = waiting {
            add(&mut sums, &read(&parts)?, 1);
        }
    }
    for item in &step.items {
        let struck = conn
            .prepare_cached("select 1 from rollup_strike where shop_id = ?1 and id in (?2, ?3)")?
            .exists(params![shop, item.id, item.of])?;
        let paid = !item.waits
            || conn
                .prepare_cached("select 1 from rollup_capture where shop_id = ?1 and id = ?2")?
                .exists(params![shop, item.id])?;
        let counted = paid && !struck;
        let new = conn
            .prepare_cached(
                "insert into rollup_item values (?1, ?2, ?3, ?4, ?5, ?6) on conflict (shop_id, item_id) do nothing",
            )?
            .execute(params![
                shop,
                item.id,
                item.of,
                counted,
                postcard::to_stdvec(&item.parts).map_err(damaged)?,
                item.waits
            ])?;
        if new > 0 && counted {
            add(&mut sums, &item.parts, 1);
        }
    }
    for (key, sum) in sums {
        enter(conn, shop, &key, sum)?;
    }
    for word in &step.words {
        conn.prepare_cached(
            "insert into rollup_word values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict (shop_id, about, id) do update set text = excluded.text, stamp = excluded.stamp,
                 device_id = excluded.device_id
             where (excluded.stamp, excluded.device_id) > (rollup_word.stamp, rollup_word.device_id)",
        )?
        .execute(params![
            shop,
            word.about,
            word.id,
            word.text,
            signed(word.stamp.0),
            word.device.bytes()
        ])?;
    }
    Ok(true)
}
