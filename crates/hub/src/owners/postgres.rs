//! Owners on PostgreSQL.

use super::{Clear, Offer, Owner, OwnerBooks, SecretOf, Session, seals::CLEAR};
use crate::{
    books::{Result, Unavailable},
    postgres::{Postgres, again},
};
use domain::{
    ids::{DeviceId, ShopId, StaffId},
    time::Moment,
};
use tokio_postgres::{Error, Row};
use uuid::Uuid;

const SESSION: &str =
    "select session_id, login, token_hash, previous_hash, created_ms, rotated_ms, agent from owner_session";

fn hash(row: &Row, at: usize) -> Result<[u8; 32]> {
    let bytes: &[u8] = row.try_get(at).map_err(damaged)?;
    bytes
        .try_into()
        .map_err(|_| Unavailable("a hash in the books is none".to_owned()))
}

fn damaged(error: Error) -> Unavailable {
    Unavailable(error.to_string())
}

fn session(row: &Row) -> Result<Session> {
    Ok(Session {
        id: row.try_get::<_, Uuid>(0).map_err(damaged)?.into_bytes(),
        login: row.try_get(1).map_err(damaged)?,
        token: hash(row, 2)?,
        previous: hash(row, 3)?,
        created: Moment(row.try_get(4).map_err(damaged)?),
        rotated: Moment(row.try_get(5).map_err(damaged)?),
        agent: row.try_get(6).map_err(damaged)?,
    })
}

const OFFER: &str =
    "select code_hash, shop_id, staff_id, name, secret, until_ms, by_id, confirmed from owner_offer";

fn offer(row: &Row) -> Result<Offer> {
    Ok(Offer {
        code: hash(row, 0)?,
        shop: ShopId::from_uuid(row.try_get(1).map_err(damaged)?),
        staff: StaffId::from_uuid(row.try_get(2).map_err(damaged)?),
        name: row.try_get(3).map_err(damaged)?,
        secret: row.try_get(4).map_err(damaged)?,
        until: Moment(row.try_get(5).map_err(damaged)?),
        by: DeviceId::from_uuid(row.try_get(6).map_err(damaged)?),
        confirmed: row.try_get(7).map_err(damaged)?,
    })
}

impl OwnerBooks for Postgres {
    async fn owners_key(&self) -> Result<Option<[u8; 32]>> {
        let row = again!(self, |client| {
            client.query_opt("select key_name from owners_key", &[]).await
        })?;
        row.as_ref().map(|row| hash(row, 0)).transpose()
    }

    async fn claim_owners_key(&self, name: [u8; 32]) -> Result<[u8; 32]> {
        let row = again!(self, |client| {
            let claim = "insert into owners_key values (1, $1) on conflict do nothing";
            client.execute(claim, &[&&name[..]]).await?;
            client.query_one("select key_name from owners_key", &[]).await
        })?;
        hash(&row, 0)
    }

    async fn clear_secrets(&self, most: u32) -> Result<Vec<Clear>> {
        let rows = again!(self, |client| {
            client
                .query(
                    "select login, null::bytea, shop_id, staff_id, secret from owner where length(secret) = $1::bigint
                     union all
                     select null, code_hash, shop_id, staff_id, secret from owner_offer where length(secret) = $1::bigint
                     limit $2",
                    &[&CLEAR, &i64::from(most)],
                )
                .await
        })?;
        rows.iter()
            .map(|row| {
                let login: Option<String> = row.try_get(0).map_err(damaged)?;
                Ok(Clear {
                    of: match login {
                        Some(login) => SecretOf::Owner(login),
                        None => SecretOf::Offer(hash(row, 1)?),
                    },
                    shop: ShopId::from_uuid(row.try_get(2).map_err(damaged)?),
                    staff: StaffId::from_uuid(row.try_get(3).map_err(damaged)?),
                    secret: row.try_get(4).map_err(damaged)?,
                })
            })
            .collect()
    }

    async fn replace_secret(&self, clear: &Clear, sealed: &[u8]) -> Result<()> {
        again!(self, |client| {
            match &clear.of {
                SecretOf::Owner(login) => {
                    let seal = "update owner set secret = $1 where login = $2 and secret = $3";
                    client.execute(seal, &[&sealed, login, &clear.secret]).await
                }
                SecretOf::Offer(code) => {
                    let seal = "update owner_offer set secret = $1 where code_hash = $2 and secret = $3";
                    client.execute(seal, &[&sealed, &&code[..], &clear.secret]).await
                }
            }
        })?;
        Ok(())
    }

    async fn forget_logins(&self) -> Result<()> {
        again!(self, |client| {
            let tx = client.transaction().await?;
            for table in super::TABLES {
                tx.execute(&format!("delete from {table}"), &[]).await?;
            }
            tx.commit().await
        })
    }

    async fn offer(&self, offer: &Offer) -> Result<()> {
        again!(self, |client| {
            let tx = client.transaction().await?;
            // One code at a time for a person: the last one counts.
            tx.execute(
                "delete from owner_offer where shop_id = $1 and staff_id = $2 and ($3 or not confirmed)",
                &[&offer.shop.uuid(), &offer.staff.uuid(), &offer.confirmed],
            )
            .await?;
            tx.execute(
                "insert into owner_offer (code_hash, shop_id, staff_id, name, secret, until_ms, by_id, confirmed)
                 values ($1, $2, $3, $4, $5, $6, $7, $8)",
                &[
                    &&offer.code[..],
                    &offer.shop.uuid(),
                    &offer.staff.uuid(),
                    &offer.name,
                    &offer.secret,
                    &offer.until.0,
                    &offer.by.uuid(),
                    &offer.confirmed,
                ],
            )
            .await?;
            tx.commit().await
        })
    }

    async fn waiting_offers(&self, shop: ShopId) -> Result<Vec<Offer>> {
        let rows = again!(self, |client| {
            client
                .query(
                    &format!("{OFFER} where shop_id = $1 and not confirmed order by until_ms"),
                    &[&shop.uuid()],
                )
                .await
        })?;
        rows.iter().map(offer).collect()
    }

    async fn decide_offer(&self, shop: Option<ShopId>, code: [u8; 32], yes: bool) -> Result<bool> {
        let deed = match yes {
            true => "update owner_offer set confirmed = true",
            false => "delete from owner_offer",
        };
        let shop = shop.map(|shop| shop.uuid());
        again!(self, |client| {
            let done = client
                .execute(
                    &format!(
                        "{deed} where code_hash = $1 and not confirmed and ($2::uuid is null or shop_id = $2::uuid)"
                    ),
                    &[&&code[..], &shop],
                )
                .await?;
            Ok(done > 0)
        })
    }

    async fn offered(&self, code: [u8; 32]) -> Result<Option<Offer>> {
        let row = again!(self, |client| {
            client
                .query_opt(&format!("{OFFER} where code_hash = $1"), &[&&code[..]])
                .await
        })?;
        row.as_ref().map(offer).transpose()
    }

    async fn enrol(&self, code: [u8; 32], owner: &Owner, recovery: &[[u8; 32]]) -> Result<bool> {
        let (shop, staff) = (owner.shop.uuid(), owner.staff.uuid());
        again!(self, |client| {
            let tx = client.transaction().await?;
            let used = tx
                .execute("delete from owner_offer where code_hash = $1", &[&&code[..]])
                .await?;
            if used == 0 {
                return Ok(false);
            }
            for table in ["owner_session", "owner_recovery", "owner"] {
                let delete = format!(
                    "delete from {table} where login in
                     (select login from owner where shop_id = $1 and staff_id = $2)"
                );
                tx.execute(&delete, &[&shop, &staff]).await?;
            }
            let made = tx
                .execute(
                    "insert into owner values ($1, $2, $3, $4, $5, $6, $7, 0, 0) on conflict (login) do nothing",
                    &[
                        &owner.login,
                        &shop,
                        &staff,
                        &owner.name,
                        &owner.password,
                        &owner.secret,
                        &owner.step,
                    ],
                )
                .await?;
            if made == 0 {
                return Ok(false);
            }
            for code in recovery {
                tx.execute(
                    "insert into owner_recovery values ($1, $2)",
                    &[&owner.login, &&code[..]],
                )
                .await?;
            }
            tx.commit().await?;
            Ok(true)
        })
    }

    async fn owner(&self, login: &str) -> Result<Option<Owner>> {
        again!(self, |client| {
            let row = client
                .query_opt(
                    "select shop_id, staff_id, name, password, secret, step, failures, wait_until_ms
                     from owner where login = $1",
                    &[&login],
                )
                .await?;
            row.map(|row| {
                let failures: i64 = row.try_get(6)?;
                Ok(Owner {
                    login: login.to_owned(),
                    shop: ShopId::from_uuid(row.try_get(0)?),
                    staff: StaffId::from_uuid(row.try_get(1)?),
                    name: row.try_get(2)?,
                    password: row.try_get(3)?,
                    secret: row.try_get(4)?,
                    step: row.try_get(5)?,
                    failures: u32::try_from(failures).unwrap_or(u32::MAX),
                    wait_until: Moment(row.try_get(7)?),
                })
            })
            .transpose()
        })
    }

    async fn count_try(&self, owner: &Owner, failures: u32, wait_until: Moment) -> Result<bool> {
        again!(self, |client| {
            let counted = client
                .execute(
                    "update owner set failures = $2, wait_until_ms = $3
                     where login = $1 and failures = $4 and wait_until_ms = $5",
                    &[
                        &owner.login,
                        &i64::from(failures),
                        &wait_until.0,
                        &i64::from(owner.failures),
                        &owner.wait_until.0,
                    ],
                )
                .await?;
            Ok(counted > 0)
        })
    }

    async fn use_step(&self, login: &str, step: i64) -> Result<bool> {
        again!(self, |client| {
            let used = client
                .execute(
                    "update owner set step = $2 where login = $1 and step < $2",
                    &[&login, &step],
                )
                .await?;
            Ok(used > 0)
        })
    }

    async fn use_recovery(&self, login: &str, code: [u8; 32]) -> Result<bool> {
        again!(self, |client| {
            let used = client
                .execute(
                    "delete from owner_recovery where login = $1 and code_hash = $2",
                    &[&login, &&code[..]],
                )
                .await?;
            Ok(used > 0)
        })
    }

    async fn open_session(&self, session: &Session) -> Result<()> {
        again!(self, |client| {
            client
                .execute(
                    "insert into owner_session values ($1, $2, $3, $4, $5, $6, $7)",
                    &[
                        &Uuid::from_bytes(session.id),
                        &session.login,
                        &&session.token[..],
                        &&session.previous[..],
                        &session.created.0,
                        &session.rotated.0,
                        &session.agent,
                    ],
                )
                .await
                .map(drop)
        })
    }

    async fn session(&self, token: [u8; 32]) -> Result<Option<Session>> {
        let row = again!(self, |client| {
            client
                .query_opt(
                    &format!("{SESSION} where token_hash = $1 or previous_hash = $1"),
                    &[&&token[..]],
                )
                .await
        })?;
        row.as_ref().map(session).transpose()
    }

    async fn rotate(&self, session: &Session, token: [u8; 32], now: Moment) -> Result<bool> {
        again!(self, |client| {
            let rotated = client
                .execute(
                    "update owner_session set token_hash = $3, previous_hash = $2, rotated_ms = $4
                     where session_id = $1 and token_hash = $2",
                    &[
                        &Uuid::from_bytes(session.id),
                        &&session.token[..],
                        &&token[..],
                        &now.0,
                    ],
                )
                .await?;
            Ok(rotated > 0)
        })
    }

    async fn sessions(&self, login: &str) -> Result<Vec<Session>> {
        let rows = again!(self, |client| {
            client
                .query(
                    &format!("{SESSION} where login = $1 order by rotated_ms desc"),
                    &[&login],
                )
                .await
        })?;
        rows.iter().map(session).collect()
    }

    async fn sweep_owners(&self, now: Moment) -> Result<()> {
        again!(self, |client| {
            client
                .execute("delete from owner_offer where until_ms <= $1", &[&now.0])
                .await?;
            client
                .execute(
                    "delete from owner_session where rotated_ms < $1 or created_ms < $2",
                    &[&(now.0 - super::IDLE_MS), &(now.0 - super::LONGEST_MS)],
                )
                .await
                .map(drop)
        })
    }

    async fn end_sessions(&self, login: &str, id: Option<[u8; 16]>) -> Result<()> {
        let id = id.map(Uuid::from_bytes);
        again!(self, |client| {
            client
                .execute(
                    "delete from owner_session where login = $1 and ($2::uuid is null or session_id = $2)",
                    &[&login, &id],
                )
                .await
                .map(drop)
        })
    }
}
