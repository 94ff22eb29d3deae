//! Prices, levels, brands, modifier groups and pictures, as the rules and the screens ask for them.

use crate::{
    Reader, StoreError,
    catalog::{json, record},
    customers::family,
};
use domain::{
    ids::{
        BranchId, BrandId, CategoryId, CustomerId, LevelId, ModifierGroupId, PictureId, PriceId, ProductId,
        StaffId,
    },
    prices::{Day, For, SetPrice},
};
use journal::{Body, body::PictureKeptV1, register::Record};
use rusqlite::{OptionalExtension, Row, params};
use std::collections::BTreeMap;

/// A price that somebody set, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRow {
    pub id: PriceId,
    pub product: ProductId,
    pub unit: String,
    pub level: Option<String>,
    pub customer: Option<CustomerId>,
    pub from_milli: i64,
    pub first_day: Option<Day>,
    pub last_day: Option<Day>,
    pub minor: i64,
    pub ended_ms: Option<i64>,
    /// None: everywhere.
    pub branch: Option<BranchId>,
}

fn price(r: &Row<'_>) -> rusqlite::Result<PriceRow> {
    Ok(PriceRow {
        id: PriceId::from_bytes(r.get(0)?),
        product: ProductId::from_bytes(r.get(1)?),
        unit: r.get(2)?,
        level: r.get(3)?,
        customer: r.get::<_, Option<[u8; 16]>>(4)?.map(CustomerId::from_bytes),
        from_milli: r.get(5)?,
        first_day: r.get(6)?,
        last_day: r.get(7)?,
        minor: r.get(8)?,
        ended_ms: r.get(9)?,
        branch: r.get::<_, Option<[u8; 16]>>(10)?.map(BranchId::from_bytes),
    })
}

const PRICE: &str =
    "price_id, product_id, unit, level, customer_id, from_milli, first_day, last_day, minor, ended_ms,
     branch_id";

/// A plain price as it was set once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceChangeRow {
    pub at_ms: i64,
    /// Empty: the base unit.
    pub unit: String,
    /// None: what the unit holds times the base unit's price.
    pub minor: Option<i64>,
    pub staff: Option<StaffId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelRow {
    pub id: LevelId,
    pub name: String,
    pub names: BTreeMap<String, String>,
    pub position: i64,
    pub customer_types: Vec<String>,
    /// Percent by category; None is every other product.
    pub percents: Vec<(Option<CategoryId>, String)>,
    pub step_minor: i64,
    /// Whether the prices set for it include tax; None: as the shop's do.
    pub inclusive: Option<bool>,
    pub archived_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrandRow {
    pub id: BrandId,
    pub name: String,
    pub archived_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModifierGroupRow {
    pub id: ModifierGroupId,
    pub name: String,
    pub names: BTreeMap<String, String>,
    pub least: i64,
    pub most: i64,
    pub options: Vec<ModifierRow>,
    pub position: i64,
    pub archived_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModifierRow {
    pub id: [u8; 16],
    pub name: String,
    pub names: BTreeMap<String, String>,
    pub price_minor: i64,
    /// What it takes from stock, in thousandths of that product's base unit.
    pub product: Option<ProductId>,
    pub milli: i64,
    pub available: bool,
}

/// A picture with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureRow {
    pub mime: String,
    pub bytes: Vec<u8>,
}

fn level(r: &Row<'_>) -> rusqlite::Result<LevelRow> {
    let percents: Vec<String> = json(r.get_ref(5)?.as_str()?);
    Ok(LevelRow {
        id: LevelId::from_bytes(r.get(0)?),
        name: r.get(1)?,
        names: json(r.get_ref(2)?.as_str()?),
        position: r.get(3)?,
        customer_types: json(r.get_ref(4)?.as_str()?),
        percents: percents
            .chunks_exact(2)
            .map(|pair| (pair[0].parse().ok(), pair[1].clone()))
            .collect(),
        step_minor: r.get(6)?,
        inclusive: r.get(7)?,
        archived_ms: r.get(8)?,
    })
}

const LEVEL: &str =
    "level_id, name, names, position, customer_types, percents, step_minor, inclusive, archived_ms";

fn modifier_group(r: &Row<'_>) -> rusqlite::Result<ModifierGroupRow> {
    let options: Vec<String> = json(r.get_ref(5)?.as_str()?);
    Ok(ModifierGroupRow {
        id: ModifierGroupId::from_bytes(r.get(0)?),
        name: r.get(1)?,
        names: json(r.get_ref(2)?.as_str()?),
        least: r.get(3)?,
        most: r.get(4)?,
        options: options
            .chunks_exact(7)
            .filter_map(|one| {
                Some(ModifierRow {
                    id: domain::Uuid::try_parse(&one[0]).ok()?.into_bytes(),
                    name: one[1].clone(),
                    names: json(&one[2]),
                    price_minor: one[3].parse().ok()?,
                    product: one[4].parse().ok(),
                    milli: one[5].parse().ok()?,
                    available: one[6] == "1",
                })
            })
            .collect(),
        position: r.get(6)?,
        archived_ms: r.get(7)?,
    })
}

const MODIFIER_GROUP: &str = "group_id, name, names, least, most, options, position, archived_ms";

impl Reader<'_> {
    /// The prices that were set for a product in a unit and are not taken back. Of customers' prices only this one's,
    /// and of branches' prices only this device's own branch's.
    pub fn set_prices(
        &self,
        product: ProductId,
        unit: &str,
        customer: Option<CustomerId>,
    ) -> Result<Vec<SetPrice>, StoreError> {
        let root = customer
            .map(|customer| self.customer_root(customer))
            .transpose()?;
        let mut statement = self.conn.prepare_cached(&format!(
            "select price_id, level, customer_id, from_milli, first_day, last_day, minor, branch_id is not null from price
             where product_id = ?1 and unit = ?2 and ended_ms is null
               and (branch_id is null or branch_id = (select branch_id from identity))
               and (customer_id is null or customer_id in {})",
            family("?3")
        ))?;
        let rows = statement.query_map(params![product.bytes(), unit, root.map(|c| c.bytes())], |r| {
            let level: Option<String> = r.get(1)?;
            let own = r.get::<_, Option<[u8; 16]>>(2)?.is_some();
            Ok(SetPrice {
                id: r.get(0)?,
                audience: match (own, level) {
                    (true, _) => For::Customer,
                    (false, Some(level)) => For::Level(level),
                    (false, None) => For::Everybody,
                },
                here: r.get(7)?,
                from_milli: r.get(3)?,
                first: r.get(4)?,
                last: r.get(5)?,
                price: domain::money::Money::from_minor(r.get(6)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether a price was ever set beside the catalogue's.
    pub fn any_price_is_set(&self) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select 1 from price where ended_ms is null")?
            .exists([])?)
    }

    /// Every price that was ever set for a product, those taken back too, newest first.
    pub fn prices_of(&self, product: ProductId) -> Result<Vec<PriceRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {PRICE} from price where product_id = ?1 order by price_id desc"
        ))?;
        Ok(statement
            .query_map([product.bytes()], price)?
            .collect::<Result<_, _>>()?)
    }

    /// The prices that one customer alone has.
    pub fn prices_of_customer(&self, customer: CustomerId) -> Result<Vec<PriceRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {PRICE} from price where customer_id in {} and ended_ms is null order by price_id desc",
            family("?1")
        ))?;
        Ok(statement
            .query_map([self.customer_root(customer)?.bytes()], price)?
            .collect::<Result<_, _>>()?)
    }

    pub fn set_price(&self, id: PriceId) -> Result<Option<PriceRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("select {PRICE} from price where price_id = ?1"))?
            .query_row([id.bytes()], price)
            .optional()?)
    }

    pub fn price_record(&self, id: PriceId) -> Result<Option<Record>, StoreError> {
        record(self, "select record from price where price_id = ?1", id.bytes())
    }

    /// The plain prices as they were set, newest first.
    pub fn price_changes(&self, product: ProductId, limit: usize) -> Result<Vec<PriceChangeRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select stamp, unit, minor, staff_id from price_change where product_id = ?1
             order by stamp desc, device_id desc, unit limit ?2",
        )?;
        let rows = statement.query_map(params![product.bytes(), limit], |r| {
            Ok(PriceChangeRow {
                // The clock's own milliseconds stand above sixteen bits of counting.
                at_ms: r.get::<_, i64>(0)? >> 16,
                unit: r.get(1)?,
                minor: r.get(2)?,
                staff: r.get::<_, Option<[u8; 16]>>(3)?.map(StaffId::from_bytes),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn levels(&self, archived_too: bool) -> Result<Vec<LevelRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {LEVEL} from price_level where ?1 or archived_ms is null order by position, name"
        ))?;
        Ok(statement
            .query_map([archived_too], level)?
            .collect::<Result<_, _>>()?)
    }

    pub fn level(&self, id: LevelId) -> Result<Option<LevelRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("select {LEVEL} from price_level where level_id = ?1"))?
            .query_row([id.bytes()], level)
            .optional()?)
    }

    pub fn level_record(&self, id: LevelId) -> Result<Option<Record>, StoreError> {
        record(
            self,
            "select record from price_level where level_id = ?1",
            id.bytes(),
        )
    }

    pub fn brands(&self, archived_too: bool) -> Result<Vec<BrandRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select brand_id, name, archived_ms from brand where ?1 or archived_ms is null
             order by name collate nocase, brand_id",
        )?;
        let rows = statement.query_map([archived_too], |r| {
            Ok(BrandRow {
                id: BrandId::from_bytes(r.get(0)?),
                name: r.get(1)?,
                archived_ms: r.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn brand_record(&self, id: BrandId) -> Result<Option<Record>, StoreError> {
        record(self, "select record from brand where brand_id = ?1", id.bytes())
    }

    /// How many products carry a brand.
    pub fn products_of_brand(&self, id: BrandId) -> Result<u64, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select count(*) from product where brand_id = ?1 and archived_ms is null")?
            .query_row([id.bytes()], |r| r.get(0))?)
    }

    pub fn modifier_groups(&self, archived_too: bool) -> Result<Vec<ModifierGroupRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {MODIFIER_GROUP} from modifier_group where ?1 or archived_ms is null order by position, name"
        ))?;
        Ok(statement
            .query_map([archived_too], modifier_group)?
            .collect::<Result<_, _>>()?)
    }

    pub fn modifier_group(&self, id: ModifierGroupId) -> Result<Option<ModifierGroupRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!(
                "select {MODIFIER_GROUP} from modifier_group where group_id = ?1"
            ))?
            .query_row([id.bytes()], modifier_group)
            .optional()?)
    }

    pub fn modifier_group_record(&self, id: ModifierGroupId) -> Result<Option<Record>, StoreError> {
        record(
            self,
            "select record from modifier_group where group_id = ?1",
            id.bytes(),
        )
    }

    /// Whether a product that is not archived asks this group.
    pub fn asks_group(&self, id: ModifierGroupId) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select 1 from product where archived_ms is null and instr(modifiers, ?1) > 0 limit 1",
            )?
            .exists([id.to_string()])?)
    }

    /// A picture, read out of the fact that brought it.
    pub fn picture(&self, id: PictureId) -> Result<Option<PictureRow>, StoreError> {
        let found: Option<(u16, u16, Vec<u8>)> = self
            .conn
            .prepare_cached(
                "select f.kind, f.version, f.body from picture p
                 join fact f on f.device_id = p.device_id and f.seq = p.seq where p.picture_id = ?1",
            )?
            .query_row([id.bytes()], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .optional()?;
        let Some((kind, version, body)) = found else {
            return Ok(None);
        };
        match Body::decode(kind, version, &body) {
            Ok(Body::PictureKept(PictureKeptV1 { mime, bytes, .. })) => Ok(Some(PictureRow { mime, bytes })),
            Ok(_) => Err(StoreError::damaged("a picture's fact is no picture")),
            Err(unreadable) => Err(StoreError::damaged(unreadable)),
        }
    }

    pub fn has_picture(&self, id: PictureId) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select 1 from picture where picture_id = ?1")?
            .exists([id.bytes()])?)
    }
}
