//! Segments on SQLite.

use super::{Segment, SegmentBooks, State};
use crate::{
    books::{Result, signed, unsigned},
    sqlite::Sqlite,
};
use domain::{
    ids::{DeviceId, ShopId},
    time::Moment,
};
use rusqlite::{OptionalExtension, Row, params};

const COLUMNS: &str = "device_id, after_seq, upto_seq, hash_before, hash_after, file_hash, bytes, transactions, state, since_ms";

fn segment(r: &Row<'_>) -> rusqlite::Result<(Segment, i64)> {
    let segment = Segment {
        device: DeviceId::from_bytes(r.get(0)?),
        after: unsigned(r.get(1)?),
        upto: unsigned(r.get(2)?),
        before: r.get(3)?,
        end: r.get(4)?,
        hash: r.get(5)?,
        bytes: unsigned(r.get(6)?),
        transactions: unsigned(r.get(7)?),
        state: State::Going,
        since: Moment(r.get(9)?),
    };
    Ok((segment, r.get(8)?))
}

fn read((segment, state): (Segment, i64)) -> Result<Segment> {
    let state = State::of(state)?;
    Ok(Segment { state, ..segment })
}

impl SegmentBooks for Sqlite {
    async fn received(&self, shop: ShopId, device: DeviceId, after: u64, upto: u64) -> Result<Vec<Moment>> {
        self.read(move |conn| {
            conn.prepare_cached(
                "select received_ms from series_part
                 where shop_id = ?1 and device_id = ?2 and upto_seq > ?3 and upto_seq <= ?4 order by upto_seq",
            )?
            .query_map(
                params![shop.bytes(), device.bytes(), signed(after), signed(upto)],
                |r| Ok(Moment(r.get(0)?)),
            )?
            .collect()
        })
        .await
    }

    async fn note_segment(&self, shop: ShopId, segment: &Segment) -> Result<bool> {
        let s = *segment;
        self.write(move |conn| {
            conn.prepare_cached(
                "insert into segment values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 on conflict (shop_id, device_id, upto_seq) do nothing",
            )?
            .execute(params![
                shop.bytes(),
                s.device.bytes(),
                signed(s.upto),
                signed(s.after),
                s.before,
                s.end,
                s.hash,
                signed(s.bytes),
                signed(s.transactions),
                State::Coming.number(),
                s.since.0,
            ])?;
            conn.prepare_cached(
                "select 1 from segment where shop_id = ?1 and device_id = ?2 and upto_seq = ?3 and file_hash = ?4
                 and state = ?5",
            )?
            .exists(params![
                shop.bytes(),
                s.device.bytes(),
                signed(s.upto),
                s.hash,
                State::Coming.number()
            ])
        })
        .await
    }

    async fn seal(&self, shop: ShopId, segment: &Segment) -> Result<bool> {
        let s = *segment;
        self.write(move |conn| {
            let at = params![shop.bytes(), s.device.bytes(), signed(s.after), signed(s.upto)];
            let there: i64 = conn
                .prepare_cached(
                    "select count(*) from series_part
                     where shop_id = ?1 and device_id = ?2 and upto_seq > ?3 and upto_seq <= ?4",
                )?
                .query_row(at, |r| r.get(0))?;
            // One writer: what is looked at here stays so until it commits.
            if unsigned(there) != s.transactions {
                return Ok(false);
            }
            let turned = conn
                .prepare_cached(
                    "update segment set state = ?5
                     where shop_id = ?1 and device_id = ?2 and upto_seq = ?3 and file_hash = ?4 and state = ?6",
                )?
                .execute(params![
                    shop.bytes(),
                    s.device.bytes(),
                    signed(s.upto),
                    s.hash,
                    State::Sealed.number(),
                    State::Coming.number()
                ])?;
            if turned == 0 {
                return Ok(false);
            }
            conn.prepare_cached(
                "delete from series_part
                 where shop_id = ?1 and device_id = ?2 and upto_seq > ?3 and upto_seq <= ?4",
            )?
            .execute(at)?;
            Ok(true)
        })
        .await
    }

    async fn segment_at(&self, shop: ShopId, device: DeviceId, seq: u64) -> Result<Option<Segment>> {
        let row = self
            .read(move |conn| {
                conn.prepare_cached(&format!(
                    "select {COLUMNS} from segment
                     where shop_id = ?1 and device_id = ?2 and upto_seq >= ?3 and state = ?4
                     order by upto_seq limit 1"
                ))?
                .query_row(
                    params![shop.bytes(), device.bytes(), signed(seq), State::Sealed.number()],
                    segment,
                )
                .optional()
            })
            .await?;
        row.map(read).transpose()
    }

    async fn segments(&self, shop: ShopId) -> Result<Vec<Segment>> {
        let rows = self
            .read(move |conn| {
                conn.prepare_cached(&format!(
                    "select {COLUMNS} from segment where shop_id = ?1 order by device_id, upto_seq"
                ))?
                .query_map([shop.bytes()], segment)?
                .collect::<rusqlite::Result<Vec<_>>>()
            })
            .await?;
        rows.into_iter().map(read).collect()
    }

    async fn give_up_segment(&self, shop: ShopId, segment: &Segment, now: Moment) -> Result<bool> {
        let s = *segment;
        self.write(move |conn| {
            let turned = conn
                .prepare_cached(
                    "update segment set state = ?4, since_ms = ?6
                     where shop_id = ?1 and device_id = ?2 and upto_seq = ?3 and state = ?5",
                )?
                .execute(params![
                    shop.bytes(),
                    s.device.bytes(),
                    signed(s.upto),
                    State::Going.number(),
                    State::Coming.number(),
                    now.0
                ])?;
            Ok(turned > 0)
        })
        .await
    }

    async fn forget_segment(&self, shop: ShopId, segment: &Segment) -> Result<()> {
        let s = *segment;
        self.write(move |conn| {
            conn.prepare_cached(
                "delete from segment where shop_id = ?1 and device_id = ?2 and upto_seq = ?3 and state = ?4",
            )?
            .execute(params![
                shop.bytes(),
                s.device.bytes(),
                signed(s.upto),
                State::Going.number()
            ])?;
            Ok(())
        })
        .await
    }
}
