//! The keys of customers, sealed by the shop's devices for each other. They are no facts: a key can be deleted, and
//! with it everything that stands sealed in the facts.
//!
//! The hub cannot open them. Whoever was erased has no key here any more and never gets one again; each device says for
//! itself that it has none left either.

use crate::{
    Books,
    books::{Result, Shop},
    keep::{Hub, Refusal},
    postgres::Postgres,
    sqlite::Sqlite,
};
use domain::{
    ids::{CustomerId, DeviceId, ShopId},
    time::Moment,
};
use journal::exchange::{Keys, KeysAnswer, MAX_KEY_BYTES, MAX_KEYS, SealedKey};
use rusqlite::{OptionalExtension, params};
use std::future::Future;
use uuid::Uuid;

/// The part of the books that can be deleted.
pub trait KeyBooks {
    /// Keeps what is new and erases what is to be erased, all or nothing.
    fn tend_keys(
        &self,
        shop: ShopId,
        device: DeviceId,
        keys: &Keys,
        now: Moment,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Those of these customers that are here.
    fn sealed_keys(
        &self,
        shop: ShopId,
        customers: &[CustomerId],
    ) -> impl Future<Output = Result<Vec<SealedKey>>> + Send;

    /// How many devices say that they have erased this customer; nothing while the key is not erased here.
    fn erased_at(
        &self,
        shop: ShopId,
        customer: CustomerId,
    ) -> impl Future<Output = Result<Option<u64>>> + Send;
}

impl<B: Books> Hub<B> {
    pub async fn keys(
        &self,
        shop: &Shop,
        device: DeviceId,
        keys: &Keys,
    ) -> std::result::Result<KeysAnswer, Refusal> {
        let many = keys.give.len().max(keys.wanted.len()).max(keys.erased.len());
        if many > MAX_KEYS || keys.give.iter().any(|key| key.sealed.len() > MAX_KEY_BYTES) {
            return Err(Refusal::TooBig);
        }
        if !keys.give.is_empty() || !keys.erased.is_empty() {
            self.books.tend_keys(shop.shop, device, keys, self.now()).await?;
        }
        let keys = match keys.wanted.is_empty() {
            true => vec![],
            false => self.books.sealed_keys(shop.shop, &keys.wanted).await?,
        };
        Ok(KeysAnswer { keys })
    }
}

impl KeyBooks for Sqlite {
    async fn tend_keys(&self, shop: ShopId, device: DeviceId, keys: &Keys, now: Moment) -> Result<()> {
        let keys = keys.clone();
        self.write(move |conn| {
            let (shop, device) = (shop.bytes(), device.bytes());
            for key in &keys.give {
                conn.prepare_cached(
                    "insert into sealed_key values (?1, ?2, ?3, ?4) on conflict (shop_id, customer_id) do nothing",
                )?
                .execute(params![shop, key.customer.bytes(), key.sealed, now.0])?;
            }
            for customer in &keys.erased {
                conn.prepare_cached(
                    "insert into sealed_key values (?1, ?2, null, ?3)
                     on conflict (shop_id, customer_id) do update set sealed = null",
                )?
                .execute(params![shop, customer.bytes(), now.0])?;
                conn.prepare_cached(
                    "insert into key_erasure values (?1, ?2, ?3, ?4)
                     on conflict (shop_id, customer_id, device_id) do nothing",
                )?
                .execute(params![shop, customer.bytes(), device, now.0])?;
            }
            Ok(())
        })
        .await
    }

    async fn sealed_keys(&self, shop: ShopId, customers: &[CustomerId]) -> Result<Vec<SealedKey>> {
        let customers = customers.to_vec();
        self.read(move |conn| {
            let mut select = conn.prepare_cached(
                "select sealed from sealed_key where shop_id = ?1 and customer_id = ?2 and sealed is not null",
            )?;
            let mut found = Vec::new();
            for customer in customers {
                let sealed = select
                    .query_row(params![shop.bytes(), customer.bytes()], |r| r.get(0))
                    .optional()?;
                found.extend(sealed.map(|sealed| SealedKey { customer, sealed }));
            }
            Ok(found)
        })
        .await
    }

    async fn erased_at(&self, shop: ShopId, customer: CustomerId) -> Result<Option<u64>> {
        self.read(move |conn| {
            conn.prepare_cached(
                "select (select count(*) from key_erasure e where e.shop_id = k.shop_id and e.customer_id = k.customer_id)
                 from sealed_key k where k.shop_id = ?1 and k.customer_id = ?2 and k.sealed is null",
            )?
            .query_row(params![shop.bytes(), customer.bytes()], |r| r.get(0))
            .optional()
        })
        .await
    }
}

impl KeyBooks for Postgres {
    async fn tend_keys(&self, shop: ShopId, device: DeviceId, keys: &Keys, now: Moment) -> Result<()> {
        let (shop, device) = (shop.uuid(), device.uuid());
        // In one order everywhere, so that two devices that bring the same do not wait for each other in a ring.
        let mut keys = keys.clone();
        keys.give.sort_by_key(|key| key.customer);
        keys.erased.sort();
        crate::postgres::again!(self, |client| {
            let tx = client.transaction().await?;
            for key in &keys.give {
                tx.execute(
                    "insert into sealed_key values ($1, $2, $3, $4) on conflict (shop_id, customer_id) do nothing",
                    &[&shop, &key.customer.uuid(), &key.sealed, &now.0],
                )
                .await?;
            }
            for customer in &keys.erased {
                tx.execute(
                    "insert into sealed_key values ($1, $2, null, $3)
                     on conflict (shop_id, customer_id) do update set sealed = null",
                    &[&shop, &customer.uuid(), &now.0],
                )
                .await?;
                tx.execute(
                    "insert into key_erasure values ($1, $2, $3, $4)
                     on conflict (shop_id, customer_id, device_id) do nothing",
                    &[&shop, &customer.uuid(), &device, &now.0],
                )
                .await?;
            }
            tx.commit().await
        })
    }

    async fn sealed_keys(&self, shop: ShopId, customers: &[CustomerId]) -> Result<Vec<SealedKey>> {
        let ids: Vec<Uuid> = customers.iter().map(|customer| customer.uuid()).collect();
        crate::postgres::again!(self, |client| {
            let rows = client
                .query(
                    "select customer_id, sealed from sealed_key
                     where shop_id = $1 and customer_id = any($2) and sealed is not null order by customer_id",
                    &[&shop.uuid(), &ids],
                )
                .await?;
            rows.iter()
                .map(|row| {
                    Ok(SealedKey {
                        customer: CustomerId::from_uuid(row.try_get(0)?),
                        sealed: row.try_get(1)?,
                    })
                })
                .collect()
        })
    }

    async fn erased_at(&self, shop: ShopId, customer: CustomerId) -> Result<Option<u64>> {
        crate::postgres::again!(self, |client| {
            let row = client
                .query_opt(
                    "select (select count(*) from key_erasure e
                             where e.shop_id = k.shop_id and e.customer_id = k.customer_id)
                     from sealed_key k where k.shop_id = $1 and k.customer_id = $2 and k.sealed is null",
                    &[&shop.uuid(), &customer.uuid()],
                )
                .await?;
            row.map(|row| row.try_get::<_, i64>(0).map(i64::unsigned_abs))
                .transpose()
        })
    }
}
