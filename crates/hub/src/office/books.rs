//! What the books say of a shop's devices and of what its organisation may have.

use crate::{
    books::{Result, unsigned},
    postgres::{Postgres, again},
    sqlite::Sqlite,
};
use domain::{
    ids::{DeviceId, ShopId},
    time::Moment,
};
use rusqlite::OptionalExtension;
use serde::Serialize;
use std::future::Future;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceRow {
    pub device: DeviceId,
    pub facts: u64,
    /// When its last transaction came.
    pub seen: Moment,
}

/// What an organisation may have, and what it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limited {
    pub name: String,
    pub most_shops: u64,
    pub shops: u64,
    pub most_devices: u64,
    /// Of this shop.
    pub devices: u64,
}

pub trait OfficeBooks {
    fn device_rows(&self, shop: ShopId) -> impl Future<Output = Result<Vec<DeviceRow>>> + Send;

    fn limited(&self, shop: ShopId) -> impl Future<Output = Result<Option<Limited>>> + Send;
}

impl OfficeBooks for Sqlite {
    async fn device_rows(&self, shop: ShopId) -> Result<Vec<DeviceRow>> {
        self.read(move |conn| {
            conn.prepare_cached(
                "select s.device_id, s.seq, p.received_ms from series s
                 join series_part p on p.shop_id = s.shop_id and p.device_id = s.device_id and p.upto_seq = s.seq
                 where s.shop_id = ?1",
            )?
            .query_map([shop.bytes()], |r| {
                Ok(DeviceRow {
                    device: DeviceId::from_bytes(r.get(0)?),
                    facts: unsigned(r.get(1)?),
                    seen: Moment(r.get(2)?),
                })
            })?
            .collect()
        })
        .await
    }

    async fn limited(&self, shop: ShopId) -> Result<Option<Limited>> {
        self.read(move |conn| {
            conn.prepare_cached(
                "select o.name, o.most_shops, (select count(*) from shop a where a.organisation_id = o.organisation_id),
                        o.most_devices, s.series
                 from shop s join organisation o using (organisation_id) where s.shop_id = ?1",
            )?
            .query_row([shop.bytes()], |r| {
                Ok(Limited {
                    name: r.get(0)?,
                    most_shops: unsigned(r.get(1)?),
                    shops: unsigned(r.get(2)?),
                    most_devices: unsigned(r.get(3)?),
                    devices: unsigned(r.get(4)?),
                })
            })
            .optional()
        })
        .await
    }
}

impl OfficeBooks for Postgres {
    async fn device_rows(&self, shop: ShopId) -> Result<Vec<DeviceRow>> {
        again!(self, |client| {
            let rows = client
                .query(
                    "select s.device_id, s.seq, p.received_ms from series s
                     join series_part p on p.shop_id = s.shop_id and p.device_id = s.device_id and p.upto_seq = s.seq
                     where s.shop_id = $1 and p.shop_id = $1",
                    &[&shop.uuid()],
                )
                .await?;
            rows.iter()
                .map(|row| {
                    Ok(DeviceRow {
                        device: DeviceId::from_uuid(row.try_get(0)?),
                        facts: unsigned(row.try_get(1)?),
                        seen: Moment(row.try_get(2)?),
                    })
                })
                .collect()
        })
    }

    async fn limited(&self, shop: ShopId) -> Result<Option<Limited>> {
        again!(self, |client| {
            let row = client
                .query_opt(
                    "select o.name, o.most_shops,
                            (select count(*) from shop a where a.organisation_id = o.organisation_id),
                            o.most_devices, s.series
                     from shop s join organisation o on o.organisation_id = s.organisation_id where s.shop_id = $1",
                    &[&shop.uuid()],
                )
                .await?;
            row.map(|row| {
                Ok(Limited {
                    name: row.try_get(0)?,
                    most_shops: unsigned(row.try_get(1)?),
                    shops: unsigned(row.try_get(2)?),
                    most_devices: unsigned(row.try_get(3)?),
                    devices: unsigned(row.try_get(4)?),
                })
            })
            .transpose()
        })
    }
}
