//! From facts to prices, levels, brands, modifier groups and pictures.

use crate::{
    StoreError,
    views::{merged, pairs},
};
use journal::{
    Header,
    body::PictureKeptV1,
    fields::{brand, level, modifier_group, price, product},
    register::{PatchV1, Record, Value, Written},
};
use rusqlite::{Connection, params};
use serde::Serialize;

fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::damaged)
}

pub(crate) fn price_set(conn: &Connection, patch: &PatchV1, by: Written) -> Result<(), StoreError> {
    let Some((record, bytes)) = merged(conn, "select record from price where price_id = ?1", patch, by)?
    else {
        return Ok(());
    };
    conn.prepare_cached(
        "insert or replace into price (price_id, product_id, unit, level, customer_id, from_milli, first_day, last_day,
             minor, ended_ms, branch_id, record)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        patch.record,
        record.id(price::PRODUCT),
        record.text(price::UNIT).unwrap_or_default(),
        record.text(price::LEVEL),
        record.id(price::CUSTOMER),
        record.int(price::FROM_MILLI).unwrap_or(0),
        record.int(price::FIRST_DAY),
        record.int(price::LAST_DAY),
        record.int(price::MINOR).unwrap_or(0),
        record.int(price::ENDED_MS),
        record.id(price::BRANCH),
        bytes
    ])?;
    Ok(())
}

pub(crate) fn level_set(conn: &Connection, patch: &PatchV1, by: Written) -> Result<(), StoreError> {
    let Some((record, bytes)) = merged(
        conn,
        "select record from price_level where level_id = ?1",
        patch,
        by,
    )?
    else {
        return Ok(());
    };
    conn.prepare_cached(
        "insert or replace into price_level values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        patch.record,
        record.text(level::NAME).unwrap_or_default(),
        json(&pairs(record.list(level::NAMES)))?,
        record.int(level::POSITION).unwrap_or(0),
        json(record.list(level::CUSTOMER_TYPES))?,
        json(record.list(level::PERCENTS))?,
        record.int(level::STEP_MINOR).unwrap_or(1),
        record.choice(level::INCLUSIVE),
        record.int(level::ARCHIVED_MS),
        bytes
    ])?;
    Ok(())
}

pub(crate) fn brand_set(conn: &Connection, patch: &PatchV1, by: Written) -> Result<(), StoreError> {
    let Some((record, bytes)) = merged(conn, "select record from brand where brand_id = ?1", patch, by)?
    else {
        return Ok(());
    };
    conn.prepare_cached("insert or replace into brand values (?1, ?2, ?3, ?4)")?
        .execute(params![
            patch.record,
            record.text(brand::NAME).unwrap_or_default(),
            record.int(brand::ARCHIVED_MS),
            bytes
        ])?;
    Ok(())
}

pub(crate) fn modifier_group_set(conn: &Connection, patch: &PatchV1, by: Written) -> Result<(), StoreError> {
    let Some((record, bytes)) = merged(
        conn,
        "select record from modifier_group where group_id = ?1",
        patch,
        by,
    )?
    else {
        return Ok(());
    };
    conn.prepare_cached("insert or replace into modifier_group values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute(params![
            patch.record,
            record.text(modifier_group::NAME).unwrap_or_default(),
            json(&pairs(record.list(modifier_group::NAMES)))?,
            record.int(modifier_group::LEAST).unwrap_or(0),
            record.int(modifier_group::MOST).unwrap_or(1),
            json(record.list(modifier_group::OPTIONS))?,
            record.int(modifier_group::POSITION).unwrap_or(0),
            record.int(modifier_group::ARCHIVED_MS),
            bytes
        ])?;
    Ok(())
}

/// The same picture may come twice, from two devices: the first in the order of facts is as good as the other.
pub(crate) fn picture_kept(
    conn: &Connection,
    header: &Header,
    picture: &PictureKeptV1,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into picture values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict do update set device_id = excluded.device_id, seq = excluded.seq
         where (excluded.device_id, excluded.seq) < (device_id, seq)",
    )?
    .execute(params![
        picture.picture,
        picture.mime,
        picture.width,
        picture.height,
        header.device.bytes(),
        header.seq
    ])?;
    Ok(())
}

/// The columns of a product that this feature added.
pub(crate) struct Made {
    pub brand: Option<[u8; 16]>,
    pub units: String,
    pub variant_of: Option<[u8; 16]>,
    pub variant: String,
    pub choices: String,
    pub modifiers: String,
    pub parts: String,
    pub picture: Option<[u8; 16]>,
}

impl Made {
    pub fn of(record: &Record) -> Result<Made, StoreError> {
        Ok(Made {
            brand: record.id(product::BRAND),
            units: json(record.list(product::UNITS))?,
            variant_of: record.id(product::VARIANT_OF),
            variant: json(record.list(product::VARIANT))?,
            choices: json(record.list(product::CHOICES))?,
            modifiers: json(record.list(product::MODIFIERS))?,
            parts: json(record.list(product::PARTS))?,
            picture: record.id(product::PICTURE),
        })
    }
}

/// Every barcode of a product's other units, with its unit.
pub(crate) fn unit_barcodes(record: &Record) -> impl Iterator<Item = (&str, &str)> {
    record.list(product::UNITS).chunks_exact(4).flat_map(|unit| {
        let word = unit[0].as_str();
        unit[3].lines().map(move |barcode| (barcode, word))
    })
}

/// Notes the plain prices that a fact set.
pub(crate) fn price_changed(conn: &Connection, header: &Header, patch: &PatchV1) -> Result<(), StoreError> {
    let mut note =
        conn.prepare_cached("insert or ignore into price_change values (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let mut set = |unit: &str, minor: Option<i64>| {
        note.execute(params![
            patch.record,
            i64::try_from(header.stamp.0).unwrap_or(i64::MAX),
            header.device.bytes(),
            unit,
            minor,
            header.actor.map(|a| a.bytes())
        ])
    };
    for (field, value) in &patch.fields {
        match (*field, value) {
            (product::PRICE_MINOR, Value::Int(minor)) => {
                set("", Some(*minor))?;
            }
            (product::UNITS, Value::List(units)) => {
                for unit in units.chunks_exact(4) {
                    set(&unit[0], unit[2].parse().ok())?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}
