//! The sums in the hub's file.

use super::{Key, Parts, Rolled, RollupBooks, Row, Step, Sum, What, add};
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
        self.read(move |conn| {
            let tx = conn.unchecked_transaction()?;
            let rulings = tx
                .prepare_cached("select rulings from rollup_shop where shop_id = ?1")?
                .query_row([shop.bytes()], |r| r.get(0))
                .optional()?;
            let places = tx
                .prepare_cached("select device_id, seq from rollup_place where shop_id = ?1")?
                .query_map([shop.bytes()], |r| {
                    Ok((DeviceId::from_bytes(r.get(0)?), unsigned(r.get(1)?)))
                })?
                .collect::<rusqlite::Result<_>>()?;
            Ok(Rolled {
                rulings: unsigned(rulings.unwrap_or(0)),
                places,
            })
        })
        .await
    }

    async fn roll(&self, shop: ShopId, step: &Step) -> Result<bool> {
        let step = step.clone();
        self.write(move |conn| roll(conn, shop, &step)).await
    }

    async fn unroll(&self, shop: ShopId, rulings: u64) -> Result<()> {
        self.write(move |conn| {
            for table in [
                "rollup_place",
                "rollup_item",
                "rollup_strike",
                "rollup_sum",
                "rollup_word",
            ] {
                conn.execute(&format!("delete from {table} where shop_id = ?1"), [shop.bytes()])?;
            }
            conn.execute(
                "insert into rollup_shop values (?1, ?2)
                 on conflict (shop_id) do update set rulings = excluded.rulings",
                params![shop.bytes(), signed(rulings)],
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

    async fn word(&self, shop: ShopId, about: &'static str, id: [u8; 16]) -> Result<Option<String>> {
        self.read(move |conn| {
            conn.prepare_cached("select text from rollup_word where shop_id = ?1 and about = ?2 and id = ?3")?
                .query_row(params![shop.bytes(), about, id], |r| r.get(0))
                .optional()
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

fn roll(conn: &Connection, shop: ShopId, step: &Step) -> rusqlite::Result<bool> {
    let (shop, device) = (shop.bytes(), step.device.bytes());
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
    for item in &step.items {
        let struck = conn
            .prepare_cached("select 1 from rollup_strike where shop_id = ?1 and id in (?2, ?3)")?
            .exists(params![shop, item.id, item.of])?;
        let new = conn
            .prepare_cached(
                "insert into rollup_item values (?1, ?2, ?3, ?4, ?5) on conflict (shop_id, item_id) do nothing",
            )?
            .execute(params![
                shop,
                item.id,
                item.of,
                !struck,
                postcard::to_stdvec(&item.parts).map_err(damaged)?
            ])?;
        if new > 0 && !struck {
            add(&mut sums, &item.parts, 1);
        }
    }
    for (key, sum) in sums {
        conn.prepare_cached(
            "insert into rollup_sum values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             on conflict (shop_id, day, branch_id, what, key) do update set number = number + excluded.number,
                 milli = milli + excluded.milli, minor = minor + excluded.minor",
        )?
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
