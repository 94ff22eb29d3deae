//! Owners in the hub's file.

use super::{Clear, Offer, Owner, OwnerBooks, SecretOf, Session, seals::CLEAR};
use crate::{books::Result, sqlite::Sqlite};
use domain::{
    ids::{DeviceId, ShopId, StaffId},
    time::Moment,
};
use rusqlite::{OptionalExtension, Row, params};

fn session(r: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: r.get(0)?,
        login: r.get(1)?,
        token: r.get(2)?,
        previous: r.get(3)?,
        created: Moment(r.get(4)?),
        rotated: Moment(r.get(5)?),
        agent: r.get(6)?,
    })
}

fn offer(r: &Row<'_>) -> rusqlite::Result<Offer> {
    Ok(Offer {
        code: r.get(0)?,
        shop: ShopId::from_bytes(r.get(1)?),
        staff: StaffId::from_bytes(r.get(2)?),
        name: r.get(3)?,
        secret: r.get(4)?,
        until: Moment(r.get(5)?),
        by: DeviceId::from_bytes(r.get(6)?),
        confirmed: r.get(7)?,
    })
}

const OFFER: &str =
    "select code_hash, shop_id, staff_id, name, secret, until_ms, by_id, confirmed from owner_offer";

const SESSION: &str =
    "select session_id, login, token_hash, previous_hash, created_ms, rotated_ms, agent from owner_session";

impl OwnerBooks for Sqlite {
    async fn owners_key(&self) -> Result<Option<[u8; 32]>> {
        let named = "select key_name from owners_key";
        self.read(|conn| conn.query_row(named, [], |r| r.get(0)).optional())
            .await
    }

    async fn claim_owners_key(&self, name: [u8; 32]) -> Result<[u8; 32]> {
        self.write(move |conn| {
            conn.execute(
                "insert into owners_key values (1, ?1) on conflict do nothing",
                [name],
            )?;
            conn.query_row("select key_name from owners_key", [], |r| r.get(0))
        })
        .await
    }

    async fn clear_secrets(&self, most: u32) -> Result<Vec<Clear>> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "select login, null, shop_id, staff_id, secret from owner where length(secret) = ?1
                 union all
                 select null, code_hash, shop_id, staff_id, secret from owner_offer where length(secret) = ?1
                 limit ?2",
            )?;
            let rows = statement.query_map(params![CLEAR, most], |r| {
                Ok(Clear {
                    of: match r.get::<_, Option<String>>(0)? {
                        Some(login) => SecretOf::Owner(login),
                        None => SecretOf::Offer(r.get(1)?),
                    },
                    shop: ShopId::from_bytes(r.get(2)?),
                    staff: StaffId::from_bytes(r.get(3)?),
                    secret: r.get(4)?,
                })
            })?;
            rows.collect()
        })
        .await
    }

    async fn replace_secret(&self, clear: &Clear, sealed: &[u8]) -> Result<()> {
        let (clear, sealed) = (clear.clone(), sealed.to_vec());
        self.write(move |conn| {
            // What stood there is written over, not only let go of.
            conn.execute_batch("pragma secure_delete = on")?;
            match &clear.of {
                SecretOf::Owner(login) => conn.execute(
                    "update owner set secret = ?1 where login = ?2 and secret = ?3",
                    params![sealed, login, clear.secret],
                )?,
                SecretOf::Offer(code) => conn.execute(
                    "update owner_offer set secret = ?1 where code_hash = ?2 and secret = ?3",
                    params![sealed, code, clear.secret],
                )?,
            };
            Ok(())
        })
        .await
    }

    async fn forget_logins(&self) -> Result<()> {
        self.write(|conn| {
            for table in super::TABLES {
                conn.execute(&format!("delete from {table}"), [])?;
            }
            Ok(())
        })
        .await
    }

    async fn offer(&self, offer: &Offer) -> Result<()> {
        let offer = offer.clone();
        self.write(move |conn| {
            // One code at a time for a person: the last one counts.
            conn.execute(
                "delete from owner_offer where shop_id = ?1 and staff_id = ?2 and (?3 or not confirmed)",
                params![offer.shop.bytes(), offer.staff.bytes(), offer.confirmed],
            )?;
            conn.execute(
                "insert into owner_offer (code_hash, shop_id, staff_id, name, secret, until_ms, by_id, confirmed)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    offer.code,
                    offer.shop.bytes(),
                    offer.staff.bytes(),
                    offer.name,
                    offer.secret,
                    offer.until.0,
                    offer.by.bytes(),
                    offer.confirmed
                ],
            )?;
            Ok(())
        })
        .await
    }

    async fn waiting_offers(&self, shop: ShopId) -> Result<Vec<Offer>> {
        self.read(move |conn| {
            conn.prepare_cached(&format!(
                "{OFFER} where shop_id = ?1 and not confirmed order by until_ms"
            ))?
            .query_map([shop.bytes()], offer)?
            .collect()
        })
        .await
    }

    async fn decide_offer(&self, shop: Option<ShopId>, code: [u8; 32], yes: bool) -> Result<bool> {
        self.write(move |conn| {
            let deed = match yes {
                true => "update owner_offer set confirmed = 1",
                false => "delete from owner_offer",
            };
            let done = conn.execute(
                &format!("{deed} where code_hash = ?1 and not confirmed and (?2 is null or shop_id = ?2)"),
                params![code, shop.map(|shop| shop.bytes())],
            )?;
            Ok(done > 0)
        })
        .await
    }

    async fn offered(&self, code: [u8; 32]) -> Result<Option<Offer>> {
        self.read(move |conn| {
            conn.prepare_cached(&format!("{OFFER} where code_hash = ?1"))?
                .query_row([code], offer)
                .optional()
        })
        .await
    }

    async fn enrol(&self, code: [u8; 32], owner: &Owner, recovery: &[[u8; 32]]) -> Result<bool> {
        let (owner, recovery) = (owner.clone(), recovery.to_vec());
        self.write(move |conn| {
            let other: bool = conn
                .prepare_cached("select 1 from owner where login = ?1 and (shop_id <> ?2 or staff_id <> ?3)")?
                .exists(params![owner.login, owner.shop.bytes(), owner.staff.bytes()])?;
            if other || conn.execute("delete from owner_offer where code_hash = ?1", [code])? == 0 {
                return Ok(false);
            }
            for table in ["owner_session", "owner_recovery", "owner"] {
                conn.execute(
                    &format!(
                        "delete from {table} where login in
                         (select login from owner where shop_id = ?1 and staff_id = ?2)"
                    ),
                    params![owner.shop.bytes(), owner.staff.bytes()],
                )?;
            }
            conn.execute(
                "insert into owner values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0)",
                params![
                    owner.login,
                    owner.shop.bytes(),
                    owner.staff.bytes(),
                    owner.name,
                    owner.password,
                    owner.secret,
                    owner.step
                ],
            )?;
            for code in recovery {
                conn.execute(
                    "insert into owner_recovery values (?1, ?2)",
                    params![owner.login, code],
                )?;
            }
            Ok(true)
        })
        .await
    }

    async fn owner(&self, login: &str) -> Result<Option<Owner>> {
        let login = login.to_owned();
        self.read(move |conn| {
            conn.prepare_cached(
                "select shop_id, staff_id, name, password, secret, step, failures, wait_until_ms
                 from owner where login = ?1",
            )?
            .query_row([&login], |r| {
                Ok(Owner {
                    login: login.clone(),
                    shop: ShopId::from_bytes(r.get(0)?),
                    staff: StaffId::from_bytes(r.get(1)?),
                    name: r.get(2)?,
                    password: r.get(3)?,
                    secret: r.get(4)?,
                    step: r.get(5)?,
                    failures: r.get(6)?,
                    wait_until: Moment(r.get(7)?),
                })
            })
            .optional()
        })
        .await
    }

    async fn count_try(&self, owner: &Owner, failures: u32, wait_until: Moment) -> Result<bool> {
        let owner = owner.clone();
        self.write(move |conn| {
            let counted = conn.execute(
                "update owner set failures = ?2, wait_until_ms = ?3
                 where login = ?1 and failures = ?4 and wait_until_ms = ?5",
                params![
                    owner.login,
                    failures,
                    wait_until.0,
                    owner.failures,
                    owner.wait_until.0
                ],
            )?;
            Ok(counted > 0)
        })
        .await
    }

    async fn use_step(&self, login: &str, step: i64) -> Result<bool> {
        let login = login.to_owned();
        self.write(move |conn| {
            let used = conn.execute(
                "update owner set step = ?2 where login = ?1 and step < ?2",
                params![login, step],
            )?;
            Ok(used > 0)
        })
        .await
    }

    async fn use_recovery(&self, login: &str, code: [u8; 32]) -> Result<bool> {
        let login = login.to_owned();
        self.write(move |conn| {
            let used = conn.execute(
                "delete from owner_recovery where login = ?1 and code_hash = ?2",
                params![login, code],
            )?;
            Ok(used > 0)
        })
        .await
    }

    async fn open_session(&self, session: &Session) -> Result<()> {
        let session = session.clone();
        self.write(move |conn| {
            conn.execute(
                "insert into owner_session values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    session.id,
                    session.login,
                    session.token,
                    session.previous,
                    session.created.0,
                    session.rotated.0,
                    session.agent
                ],
            )?;
            Ok(())
        })
        .await
    }

    async fn session(&self, token: [u8; 32]) -> Result<Option<Session>> {
        self.read(move |conn| {
            conn.prepare_cached(&format!("{SESSION} where token_hash = ?1 or previous_hash = ?1"))?
                .query_row([token], session)
                .optional()
        })
        .await
    }

    async fn rotate(&self, session: &Session, token: [u8; 32], now: Moment) -> Result<bool> {
        let session = session.clone();
        self.write(move |conn| {
            let rotated = conn.execute(
                "update owner_session set token_hash = ?3, previous_hash = ?2, rotated_ms = ?4
                 where session_id = ?1 and token_hash = ?2",
                params![session.id, session.token, token, now.0],
            )?;
            Ok(rotated > 0)
        })
        .await
    }

    async fn sessions(&self, login: &str) -> Result<Vec<Session>> {
        let login = login.to_owned();
        self.read(move |conn| {
            conn.prepare_cached(&format!("{SESSION} where login = ?1 order by rotated_ms desc"))?
                .query_map([login], session)?
                .collect()
        })
        .await
    }

    async fn sweep_owners(&self, now: Moment) -> Result<()> {
        self.write(move |conn| {
            conn.execute("delete from owner_offer where until_ms <= ?1", [now.0])?;
            conn.execute(
                "delete from owner_session where rotated_ms < ?1 or created_ms < ?2",
                [now.0 - super::IDLE_MS, now.0 - super::LONGEST_MS],
            )?;
            Ok(())
        })
        .await
    }

    async fn end_sessions(&self, login: &str, id: Option<[u8; 16]>) -> Result<()> {
        let login = login.to_owned();
        self.write(move |conn| {
            conn.execute(
                "delete from owner_session where login = ?1 and (?2 is null or session_id = ?2)",
                params![login, id],
            )?;
            Ok(())
        })
        .await
    }
}
