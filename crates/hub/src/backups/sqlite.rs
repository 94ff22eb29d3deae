//! Backups on SQLite.

use super::{Backup, BackupBooks, Noted, State};
use crate::{
    books::{Result, signed},
    sqlite::Sqlite,
};
use domain::{ids::ShopId, time::Moment};
use journal::backups::Signed;
use rusqlite::{OptionalExtension, Row, params};

type Raw = ([u8; 16], i64, i64, Vec<u8>);

fn raw(r: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
}

fn read((id, state, since, about): Raw) -> Result<Backup> {
    Backup::read(id, state, since, &about)
}

impl BackupBooks for Sqlite {
    async fn note_backup(&self, shop: ShopId, about: &Signed, now: Moment) -> Result<Noted> {
        let about = about.clone();
        self.write(move |conn| {
            let described = &about.description;
            let (shop, id) = (shop.bytes(), described.id());
            let there = conn
                .prepare_cached("select 1 from backup where shop_id = ?1 and backup_id = ?2")?
                .exists(params![shop, id])?;
            if there {
                return Ok(Noted::Done);
            }
            let room: bool = conn
                .prepare_cached(
                    "select o.most_backup_bytes >= ?2 + coalesce((select sum(b.bytes) from backup b
                            join shop s on s.shop_id = b.shop_id
                            where s.organisation_id = o.organisation_id and b.state <> ?3), 0)
                     from organisation o join shop t on t.organisation_id = o.organisation_id where t.shop_id = ?1",
                )?
                .query_row(params![shop, signed(described.bytes), State::Going.number()], |r| r.get(0))?;
            if !room {
                return Ok(Noted::Full);
            }
            conn.prepare_cached("insert into backup values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
                .execute(params![
                    shop,
                    id,
                    described.device,
                    described.card,
                    described.made_ms,
                    signed(described.bytes),
                    State::Coming.number(),
                    now.0,
                    about.encode(),
                ])?;
            Ok(Noted::Done)
        })
        .await
    }

    async fn backup(&self, shop: ShopId, id: [u8; 16]) -> Result<Option<Backup>> {
        let row = self
            .read(move |conn| {
                conn.prepare_cached(
                    "select backup_id, state, since_ms, about from backup where shop_id = ?1 and backup_id = ?2",
                )?
                .query_row(params![shop.bytes(), id], raw)
                .optional()
            })
            .await?;
        row.map(read).transpose()
    }

    async fn backups(&self, shop: ShopId) -> Result<Vec<Backup>> {
        let rows = self
            .read(move |conn| {
                conn.prepare_cached(
                    "select backup_id, state, since_ms, about from backup where shop_id = ?1
                     order by made_ms, backup_id",
                )?
                .query_map([shop.bytes()], raw)?
                .collect::<rusqlite::Result<Vec<Raw>>>()
            })
            .await?;
        rows.into_iter().map(read).collect()
    }

    async fn shops_of_card(&self, card: &[u8; 32]) -> Result<Vec<ShopId>> {
        let card = *card;
        self.read(move |conn| {
            conn.prepare_cached(
                "select distinct shop_id from backup where card_key = ?1 and state = ?2 order by shop_id",
            )?
            .query_map(params![card, State::Whole.number()], |r| {
                Ok(ShopId::from_bytes(r.get(0)?))
            })?
            .collect()
        })
        .await
    }

    async fn turn_backup(
        &self,
        shop: ShopId,
        id: [u8; 16],
        from: State,
        to: State,
        now: Moment,
    ) -> Result<bool> {
        self.write(move |conn| {
            let turned = conn
                .prepare_cached(
                    "update backup set state = ?4, since_ms = ?5
                     where shop_id = ?1 and backup_id = ?2 and state = ?3",
                )?
                .execute(params![shop.bytes(), id, from.number(), to.number(), now.0])?;
            Ok(turned > 0)
        })
        .await
    }

    async fn touch_backup(&self, shop: ShopId, id: [u8; 16], now: Moment) -> Result<()> {
        self.write(move |conn| {
            conn.prepare_cached(
                "update backup set since_ms = ?4 where shop_id = ?1 and backup_id = ?2 and state = ?3",
            )?
            .execute(params![shop.bytes(), id, State::Coming.number(), now.0])?;
            Ok(())
        })
        .await
    }

    async fn forget_backup(&self, shop: ShopId, id: [u8; 16]) -> Result<()> {
        self.write(move |conn| {
            conn.prepare_cached("delete from backup where shop_id = ?1 and backup_id = ?2 and state = ?3")?
                .execute(params![shop.bytes(), id, State::Going.number()])?;
            Ok(())
        })
        .await
    }

    async fn former_cards(&self, shop: ShopId) -> Result<Vec<([u8; 32], Moment)>> {
        self.read(move |conn| {
            conn.prepare_cached(
                "select card_key, since_ms from former_card where shop_id = ?1 order by card_key",
            )?
            .query_map([shop.bytes()], |r| Ok((r.get(0)?, Moment(r.get(1)?))))?
            .collect()
        })
        .await
    }

    async fn note_former_card(&self, shop: ShopId, card: &[u8; 32], now: Moment) -> Result<()> {
        let card = *card;
        self.write(move |conn| {
            conn.prepare_cached("insert into former_card values (?1, ?2, ?3) on conflict do nothing")?
                .execute(params![shop.bytes(), card, now.0])?;
            Ok(())
        })
        .await
    }

    async fn forget_former_card(&self, shop: ShopId, card: &[u8; 32]) -> Result<()> {
        let card = *card;
        self.write(move |conn| {
            conn.prepare_cached("delete from former_card where shop_id = ?1 and card_key = ?2")?
                .execute(params![shop.bytes(), card])?;
            Ok(())
        })
        .await
    }
}
