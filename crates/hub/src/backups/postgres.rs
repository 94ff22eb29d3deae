//! Backups on PostgreSQL.

use super::{Backup, BackupBooks, Noted, State};
use crate::{
    books::{Result, Unavailable, signed},
    postgres::{Postgres, again, lost},
};
use domain::{ids::ShopId, time::Moment};
use journal::backups::Signed;
use tokio_postgres::Row;
use uuid::Uuid;

fn read(row: &Row) -> Result<Backup> {
    let id: Uuid = row.try_get(0).map_err(lost)?;
    let (state, since) = (row.try_get(1).map_err(lost)?, row.try_get(2).map_err(lost)?);
    let about: &[u8] = row.try_get(3).map_err(lost)?;
    Backup::read(id.into_bytes(), state, since, about)
}

impl BackupBooks for Postgres {
    async fn note_backup(&self, shop: ShopId, about: &Signed, now: Moment) -> Result<Noted> {
        let described = &about.description;
        let (shop, id, bytes) = (
            shop.uuid(),
            Uuid::from_bytes(described.id()),
            signed(described.bytes),
        );
        let (device, text) = (described.device().uuid(), about.encode());
        again!(self, |client| {
            let tx = client.transaction().await?;
            let there = tx
                .query_opt(
                    "select 1 from backup where shop_id = $1 and backup_id = $2",
                    &[&shop, &id],
                )
                .await?;
            if there.is_some() {
                return Ok(Noted::Done);
            }
            // Nothing is locked: shops of one organisation that bring one at the same moment may pass the limit by
            // those, once.
            let room: bool = tx
                .query_one(
                    "select o.most_backup_bytes >= $2::bigint + coalesce((select sum(b.bytes) from backup b
                            join shop s on s.shop_id = b.shop_id
                            where s.organisation_id = o.organisation_id and b.state <> $3), 0)
                     from organisation o join shop t on t.organisation_id = o.organisation_id where t.shop_id = $1",
                    &[&shop, &bytes, &State::Going.number()],
                )
                .await?
                .try_get(0)?;
            if !room {
                return Ok(Noted::Full);
            }
            tx.execute(
                "insert into backup values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 on conflict (shop_id, backup_id) do nothing",
                &[
                    &shop,
                    &id,
                    &device,
                    &&described.card[..],
                    &described.made_ms,
                    &bytes,
                    &State::Coming.number(),
                    &now.0,
                    &text,
                ],
            )
            .await?;
            tx.commit().await?;
            Ok(Noted::Done)
        })
    }

    async fn backup(&self, shop: ShopId, id: [u8; 16]) -> Result<Option<Backup>> {
        let row = again!(self, |client| {
            client
                .query_opt(
                    "select backup_id, state, since_ms, about from backup where shop_id = $1 and backup_id = $2",
                    &[&shop.uuid(), &Uuid::from_bytes(id)],
                )
                .await
        })?;
        row.as_ref().map(read).transpose()
    }

    async fn backups(&self, shop: ShopId) -> Result<Vec<Backup>> {
        let rows = again!(self, |client| {
            client
                .query(
                    "select backup_id, state, since_ms, about from backup where shop_id = $1
                     order by made_ms, backup_id",
                    &[&shop.uuid()],
                )
                .await
        })?;
        rows.iter().map(read).collect()
    }

    async fn shops_of_card(&self, card: &[u8; 32]) -> Result<Vec<ShopId>> {
        again!(self, |client| {
            let rows = client
                .query(
                    "select distinct shop_id from backup where card_key = $1 and state = $2 order by shop_id",
                    &[&&card[..], &State::Whole.number()],
                )
                .await?;
            rows.iter()
                .map(|row| Ok(ShopId::from_uuid(row.try_get(0)?)))
                .collect()
        })
    }

    async fn turn_backup(
        &self,
        shop: ShopId,
        id: [u8; 16],
        from: State,
        to: State,
        now: Moment,
    ) -> Result<bool> {
        again!(self, |client| {
            let turned = client
                .execute(
                    "update backup set state = $4, since_ms = $5
                     where shop_id = $1 and backup_id = $2 and state = $3",
                    &[
                        &shop.uuid(),
                        &Uuid::from_bytes(id),
                        &from.number(),
                        &to.number(),
                        &now.0,
                    ],
                )
                .await?;
            Ok(turned > 0)
        })
    }

    async fn touch_backup(&self, shop: ShopId, id: [u8; 16], now: Moment) -> Result<()> {
        again!(self, |client| {
            client
                .execute(
                    "update backup set since_ms = $4 where shop_id = $1 and backup_id = $2 and state = $3",
                    &[
                        &shop.uuid(),
                        &Uuid::from_bytes(id),
                        &State::Coming.number(),
                        &now.0,
                    ],
                )
                .await
                .map(drop)
        })
    }

    async fn forget_backup(&self, shop: ShopId, id: [u8; 16]) -> Result<()> {
        again!(self, |client| {
            client
                .execute(
                    "delete from backup where shop_id = $1 and backup_id = $2 and state = $3",
                    &[&shop.uuid(), &Uuid::from_bytes(id), &State::Going.number()],
                )
                .await
                .map(drop)
        })
    }

    async fn former_cards(&self, shop: ShopId) -> Result<Vec<([u8; 32], Moment)>> {
        let rows = again!(self, |client| {
            client
                .query(
                    "select card_key, since_ms from former_card where shop_id = $1 order by card_key",
                    &[&shop.uuid()],
                )
                .await
        })?;
        let read = |row: &Row| {
            let card: &[u8] = row.try_get(0).map_err(lost)?;
            let card = card
                .try_into()
                .map_err(|_| Unavailable("a card's key is not as long as one".to_owned()))?;
            Ok((card, Moment(row.try_get(1).map_err(lost)?)))
        };
        rows.iter().map(read).collect()
    }

    async fn note_former_card(&self, shop: ShopId, card: &[u8; 32], now: Moment) -> Result<()> {
        again!(self, |client| {
            client
                .execute(
                    "insert into former_card values ($1, $2, $3) on conflict do nothing",
                    &[&shop.uuid(), &&card[..], &now.0],
                )
                .await
                .map(drop)
        })
    }

    async fn forget_former_card(&self, shop: ShopId, card: &[u8; 32]) -> Result<()> {
        again!(self, |client| {
            client
                .execute(
                    "delete from former_card where shop_id = $1 and card_key = $2",
                    &[&shop.uuid(), &&card[..]],
                )
                .await
                .map(drop)
        })
    }
}
