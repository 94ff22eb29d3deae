//! Segments on PostgreSQL.

use super::{Segment, SegmentBooks, State};
use crate::{
    books::{Result, signed, unsigned},
    postgres::{Postgres, again, hash, lost},
};
use domain::{
    ids::{DeviceId, ShopId},
    time::Moment,
};
use tokio_postgres::Row;

const COLUMNS: &str = "device_id, after_seq, upto_seq, hash_before, hash_after, file_hash, bytes, transactions, state, since_ms";

fn read(row: &Row) -> Result<Segment> {
    let number = |at: usize| -> Result<i64> { row.try_get(at).map_err(lost) };
    Ok(Segment {
        device: DeviceId::from_uuid(row.try_get(0).map_err(lost)?),
        after: unsigned(number(1)?),
        upto: unsigned(number(2)?),
        before: hash(row, 3).map_err(lost)?,
        end: hash(row, 4).map_err(lost)?,
        hash: hash(row, 5).map_err(lost)?,
        bytes: unsigned(number(6)?),
        transactions: unsigned(number(7)?),
        state: State::of(number(8)?)?,
        since: Moment(number(9)?),
    })
}

impl SegmentBooks for Postgres {
    async fn received(&self, shop: ShopId, device: DeviceId, after: u64, upto: u64) -> Result<Vec<Moment>> {
        again!(self, |client| {
            let rows = client
                .query(
                    "select received_ms from series_part
                     where shop_id = $1 and device_id = $2 and upto_seq > $3 and upto_seq <= $4 order by upto_seq",
                    &[&shop.uuid(), &device.uuid(), &signed(after), &signed(upto)],
                )
                .await?;
            rows.iter().map(|row| Ok(Moment(row.try_get(0)?))).collect()
        })
    }

    async fn note_segment(&self, shop: ShopId, segment: &Segment) -> Result<bool> {
        let s = *segment;
        let (shop, device, upto) = (shop.uuid(), s.device.uuid(), signed(s.upto));
        again!(self, |client| {
            let tx = client.transaction().await?;
            tx.execute(
                "insert into segment values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                 on conflict (shop_id, device_id, upto_seq) do nothing",
                &[
                    &shop,
                    &device,
                    &upto,
                    &signed(s.after),
                    &&s.before[..],
                    &&s.end[..],
                    &&s.hash[..],
                    &signed(s.bytes),
                    &signed(s.transactions),
                    &State::Coming.number(),
                    &s.since.0,
                ],
            )
            .await?;
            let same = tx
                .query_opt(
                    "select 1 from segment where shop_id = $1 and device_id = $2 and upto_seq = $3
                     and file_hash = $4 and state = $5",
                    &[&shop, &device, &upto, &&s.hash[..], &State::Coming.number()],
                )
                .await?;
            tx.commit().await?;
            Ok(same.is_some())
        })
    }

    async fn seal(&self, shop: ShopId, segment: &Segment) -> Result<bool> {
        let s = *segment;
        let (shop, device, upto) = (shop.uuid(), s.device.uuid(), signed(s.upto));
        again!(self, |client| {
            let tx = client.transaction().await?;
            let turned = tx
                .execute(
                    "update segment set state = $5
                     where shop_id = $1 and device_id = $2 and upto_seq = $3 and file_hash = $4 and state = $6",
                    &[
                        &shop,
                        &device,
                        &upto,
                        &&s.hash[..],
                        &State::Sealed.number(),
                        &State::Coming.number(),
                    ],
                )
                .await?;
            if turned == 0 {
                return Ok(false);
            }
            let gone = tx
                .execute(
                    "delete from series_part
                     where shop_id = $1 and device_id = $2 and upto_seq > $3 and upto_seq <= $4",
                    &[&shop, &device, &signed(s.after), &upto],
                )
                .await?;
            // Not committed, nothing of it was done.
            if gone != s.transactions {
                return Ok(false);
            }
            tx.commit().await?;
            Ok(true)
        })
    }

    async fn segment_at(&self, shop: ShopId, device: DeviceId, seq: u64) -> Result<Option<Segment>> {
        let row = again!(self, |client| {
            let select = client
                .prepare_cached(&format!(
                    "select {COLUMNS} from segment
                     where shop_id = $1 and device_id = $2 and upto_seq >= $3 and state = $4
                     order by upto_seq limit 1"
                ))
                .await?;
            client
                .query_opt(
                    &select,
                    &[
                        &shop.uuid(),
                        &device.uuid(),
                        &signed(seq),
                        &State::Sealed.number(),
                    ],
                )
                .await
        })?;
        row.as_ref().map(read).transpose()
    }

    async fn segments(&self, shop: ShopId) -> Result<Vec<Segment>> {
        let rows = again!(self, |client| {
            client
                .query(
                    &format!("select {COLUMNS} from segment where shop_id = $1 order by device_id, upto_seq"),
                    &[&shop.uuid()],
                )
                .await
        })?;
        rows.iter().map(read).collect()
    }

    async fn give_up_segment(&self, shop: ShopId, segment: &Segment, now: Moment) -> Result<bool> {
        let s = *segment;
        again!(self, |client| {
            let turned = client
                .execute(
                    "update segment set state = $4, since_ms = $6
                     where shop_id = $1 and device_id = $2 and upto_seq = $3 and state = $5",
                    &[
                        &shop.uuid(),
                        &s.device.uuid(),
                        &signed(s.upto),
                        &State::Going.number(),
                        &State::Coming.number(),
                        &now.0,
                    ],
                )
                .await?;
            Ok(turned > 0)
        })
    }

    async fn forget_segment(&self, shop: ShopId, segment: &Segment) -> Result<()> {
        let s = *segment;
        again!(self, |client| {
            client
                .execute(
                    "delete from segment where shop_id = $1 and device_id = $2 and upto_seq = $3 and state = $4",
                    &[
                        &shop.uuid(),
                        &s.device.uuid(),
                        &signed(s.upto),
                        &State::Going.number(),
                    ],
                )
                .await
                .map(drop)
        })
    }
}
