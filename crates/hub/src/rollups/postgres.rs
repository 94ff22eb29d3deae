//! The sums on PostgreSQL. Steps of one shop go one after another, by a lock on its one row.

use super::{Key, Parts, Rolled, RollupBooks, Row, State, Step, Sum, What, add};
use crate::{
    books::{Result, Unavailable, signed, unsigned},
    postgres::{Postgres, again},
};
use domain::ids::{DeviceId, ShopId};
use std::collections::BTreeMap;
use tokio_postgres::{Client, Error};
use uuid::Uuid;

impl RollupBooks for Postgres {
    const AT_ONCE: usize = 4;

    async fn rolled(&self, shop: ShopId) -> Result<Rolled> {
        let (rulings, state, places) = again!(self, |client| {
            let found = client
                .query_opt(
                    "select rulings, anew from rollup_shop where shop_id = $1",
                    &[&shop.uuid()],
                )
                .await?;
            let places = client
                .query(
                    "select device_id, seq from rollup_place where shop_id = $1",
                    &[&shop.uuid()],
                )
                .await?;
            let (rulings, state) = match found {
                Some(row) => (row.try_get(0)?, row.try_get(1)?),
                None => (0, State::Standing.number()),
            };
            let places = places
                .iter()
                .map(|row| Ok((DeviceId::from_uuid(row.try_get(0)?), unsigned(row.try_get(1)?))))
                .collect::<std::result::Result<_, Error>>()?;
            Ok((unsigned(rulings), state, places))
        })?;
        Ok(Rolled {
            rulings,
            state: State::of(state)?,
            places,
        })
    }

    async fn roll(&self, shop: ShopId, step: &Step) -> Result<bool> {
        let written: std::result::Result<Vec<Vec<u8>>, _> = step
            .items
            .iter()
            .map(|item| postcard::to_stdvec(&item.parts))
            .collect();
        let written = written.map_err(|e| Unavailable(e.to_string()))?;
        let outcome = again!(self, |client| roll(client, shop.uuid(), step, &written).await)?;
        outcome.map_err(|e: postcard::Error| Unavailable(format!("a sum of {shop} cannot be read: {e}")))
    }

    async fn unroll(&self, shop: ShopId, found: &Rolled, rulings: u64) -> Result<()> {
        let shop = shop.uuid();
        again!(self, |client| {
            let tx = client.transaction().await?;
            let goes = tx
                .execute(
                    "insert into rollup_shop values ($1, $2, $3) on conflict (shop_id)
                     do update set rulings = excluded.rulings, anew = excluded.anew
                     where rollup_shop.rulings = $4 and rollup_shop.anew = $5",
                    &[
                        &shop,
                        &signed(rulings),
                        &State::Anew.number(),
                        &signed(found.rulings),
                        &found.state.number(),
                    ],
                )
                .await?;
            if goes == 0 {
                return Ok(());
            }
            for table in [
                "rollup_place",
                "rollup_item",
                "rollup_strike",
                "rollup_capture",
                "rollup_sum",
                "rollup_word",
            ] {
                tx.execute(&format!("delete from {table} where shop_id = $1"), &[&shop])
                    .await?;
            }
            tx.commit().await
        })
    }

    async fn ruled(&self, shop: ShopId, before: u64, rulings: u64) -> Result<()> {
        again!(self, |client| {
            client
                .execute(
                    "insert into rollup_shop values ($1, $3, 0) on conflict (shop_id)
                     do update set rulings = excluded.rulings where rollup_shop.rulings = $2",
                    &[&shop.uuid(), &signed(before), &signed(rulings)],
                )
                .await
                .map(drop)
        })
    }

    async fn recounted(&self, shop: ShopId, rulings: u64) -> Result<()> {
        again!(self, |client| {
            client
                .execute(
                    "update rollup_shop set anew = $4 where shop_id = $1 and rulings = $2 and anew = $3",
                    &[
                        &shop.uuid(),
                        &signed(rulings),
                        &State::Anew.number(),
                        &State::Standing.number(),
                    ],
                )
                .await
                .map(drop)
        })
    }

    async fn sums(&self, shop: ShopId, from_day: u32, to_day: u32) -> Result<Vec<Row>> {
        let rows = again!(self, |client| {
            client
                .query(
                    "select branch_id, day, what, key, number, milli, minor from rollup_sum
                     where shop_id = $1 and day between $2 and $3 order by branch_id, day, what, key",
                    &[&shop.uuid(), &i64::from(from_day), &i64::from(to_day)],
                )
                .await
        })?;
        let damaged = |e: Error| Unavailable(e.to_string());
        rows.iter()
            .map(|row| {
                let day: i64 = row.try_get(1).map_err(damaged)?;
                let key = Key {
                    branch: row.try_get::<_, Uuid>(0).map_err(damaged)?.into_bytes(),
                    day: u32::try_from(day).unwrap_or(0),
                    what: What::of(row.try_get(2).map_err(damaged)?)?,
                    key: row.try_get(3).map_err(damaged)?,
                };
                let sum = Sum {
                    count: row.try_get(4).map_err(damaged)?,
                    milli: row.try_get(5).map_err(damaged)?,
                    minor: row.try_get(6).map_err(damaged)?,
                };
                Ok(Row { key, sum })
            })
            .collect()
    }

    async fn words_of(&self, shop: ShopId, id: [u8; 16]) -> Result<Option<Vec<(String, String)>>> {
        again!(self, |client| {
            // One statement sees one state.
            let rows = client
                .query(
                    "select coalesce(r.anew, $3), w.about, w.text
                     from (select $1::uuid as shop_id) s left join rollup_shop r on r.shop_id = s.shop_id
                     left join rollup_word w on w.shop_id = s.shop_id and w.id = $2",
                    &[&shop.uuid(), &Uuid::from_bytes(id), &State::Standing.number()],
                )
                .await?;
            let mut words = vec![];
            for row in rows {
                if row.try_get::<_, i64>(0)? != State::Standing.number() {
                    return Ok(None);
                }
                if let Some(about) = row.try_get(1)? {
                    words.push((about, row.try_get(2)?));
                }
            }
            Ok(Some(words))
        })
    }

    async fn words(&self, shop: ShopId) -> Result<Vec<(String, [u8; 16], String)>> {
        again!(self, |client| {
            let rows = client
                .query(
                    "select about, id, text from rollup_word where shop_id = $1 order by about, id",
                    &[&shop.uuid()],
                )
                .await?;
            rows.iter()
                .map(|row| {
                    Ok((
                        row.try_get(0)?,
                        row.try_get::<_, Uuid>(1)?.into_bytes(),
                        row.try_get(2)?,
                    ))
                })
                .collect()
        })
    }
}

type Rolling = std::result::Result<std::result::Result<bool, postcard::Error>, Error>;

async fn roll(client: &mut Client, shop: Uuid, step: &Step, written: &[Vec<u8>]) -> Rolling {
    let device = step.device.uuid();
    let tx = client.transaction().await?;
    tx.execute(
        "insert into rollup_shop values ($1, 0, 0) on conflict (shop_id) do nothing",
        &[&shop],
    )
    .await?;
    // Two devices' steps of one shop look at each other's orders and strikes.
    let stand = tx
        .query_one(
            "select rulings, anew from rollup_shop where shop_id = $1 for update",
            &[&shop],
        )
        .await?;
    let (rulings, state): (i64, i64) = (stand.try_get(0)?, stand.try_get(1)?);
    if unsigned(rulings) != step.rulings || state == State::Forgetting.number() {
        return Ok(Ok(false));
    }
    let moved = match step.from {
        0 => {
            tx.execute(
                "insert into rollup_place values ($1, $2, $3) on conflict (shop_id, device_id) do nothing",
                &[&shop, &device, &signed(step.to)],
            )
            .await?
        }
        from => {
            tx.execute(
                "update rollup_place set seq = $3 where shop_id = $1 and device_id = $2 and seq = $4",
                &[&shop, &device, &signed(step.to), &signed(from)],
            )
            .await?
        }
    };
    if moved == 0 {
        return Ok(Ok(false));
    }
    let mut sums = BTreeMap::new();
    for strike in &step.strikes {
        let strike = Uuid::from_bytes(*strike);
        let new = tx
            .execute(
                "insert into rollup_strike values ($1, $2) on conflict (shop_id, id) do nothing",
                &[&shop, &strike],
            )
            .await?;
        if new == 0 {
            continue;
        }
        let struck = tx
            .query(
                "update rollup_item set counted = false
                 where shop_id = $1 and (item_id = $2 or of_id = $2) and counted returning parts",
                &[&shop, &strike],
            )
            .await?;
        for row in struck {
            let parts: Parts = match postcard::from_bytes(row.try_get(0)?) {
                Ok(parts) => parts,
                Err(error) => return Ok(Err(error)),
            };
            add(&mut sums, &parts, -1);
        }
    }
    for capture in &step.captures {
        let capture = Uuid::from_bytes(*capture);
        let new = tx
            .execute(
                "insert into rollup_capture values ($1, $2) on conflict (shop_id, id) do nothing",
                &[&shop, &capture],
            )
            .await?;
        if new == 0 {
            continue;
        }
        let waiting = tx
            .query_opt(
                "update rollup_item i set counted = true
                 where i.shop_id = $1 and i.item_id = $2 and i.waits and not i.counted
                 and not exists (select 1 from rollup_strike s
                                 where s.shop_id = $1 and s.id in (i.item_id, i.of_id))
                 returning i.parts",
                &[&shop, &capture],
            )
            .await?;
        if let Some(row) = waiting {
            let parts: Parts = match postcard::from_bytes(row.try_get(0)?) {
                Ok(parts) => parts,
                Err(error) => return Ok(Err(error)),
            };
            add(&mut sums, &parts, 1);
        }
    }
    for (item, written) in step.items.iter().zip(written) {
        let (id, of) = (Uuid::from_bytes(item.id), Uuid::from_bytes(item.of));
        let counted = tx
            .query_opt(
                "insert into rollup_item
                 select $1::uuid, $2::uuid, $3::uuid,
                        not exists (select 1 from rollup_strike where shop_id = $1 and id in ($2, $3))
                        and (not $5 or exists (select 1 from rollup_capture where shop_id = $1 and id = $2)),
                        $4::bytea, $5::boolean
                 on conflict (shop_id, item_id) do nothing returning counted",
                &[&shop, &id, &of, written, &item.waits],
            )
            .await?;
        let counted: Option<bool> = counted.map(|row| row.try_get(0)).transpose()?;
        if counted == Some(true) {
            add(&mut sums, &item.parts, 1);
        }
    }
    let adding = |column: &str| {
        // As far as an integer goes.
        format!(
            "{column} = greatest({}, least({}, rollup_sum.{column}::numeric + excluded.{column}))::bigint",
            i64::MIN,
            i64::MAX
        )
    };
    let entering = format!(
        "insert into rollup_sum values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (shop_id, day, branch_id, what, key) do update set {}, {}, {}",
        adding("number"),
        adding("milli"),
        adding("minor")
    );
    for (key, sum) in sums {
        tx.execute(
            &entering,
            &[
                &shop,
                &i64::from(key.day),
                &Uuid::from_bytes(key.branch),
                &key.what.number(),
                &key.key,
                &sum.count,
                &sum.milli,
                &sum.minor,
            ],
        )
        .await?;
    }
    for word in &step.words {
        tx.execute(
            "insert into rollup_word values ($1, $2, $3, $4, $5, $6)
             on conflict (shop_id, about, id) do update set text = excluded.text, stamp = excluded.stamp,
                 device_id = excluded.device_id
             where (excluded.stamp, excluded.device_id) > (rollup_word.stamp, rollup_word.device_id)",
            &[
                &shop,
                &word.about,
                &Uuid::from_bytes(word.id),
                &word.text,
                &signed(word.stamp.0),
                &word.device.uuid(),
            ],
        )
        .await?;
    }
    tx.commit().await?;
    Ok(Ok(true))
}
