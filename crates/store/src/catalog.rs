//! Products and categories, as the screens ask for them.

use crate::{Reader, StoreError, Write, short_numbers::MOST_COUNT};
use domain::ids::{BrandId, CategoryId, ModifierGroupId, PictureId, ProductId};
use journal::register::Record;
use rusqlite::{OptionalExtension, Row, params};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductRow {
    pub n: i64,
    pub id: ProductId,
    pub name: String,
    pub names: BTreeMap<String, String>,
    pub sku: Option<String>,
    pub price_minor: i64,
    pub unit: String,
    pub category: Option<CategoryId>,
    pub barcodes: Vec<String>,
    pub art: String,
    pub available: bool,
    pub favourite: bool,
    pub position: i64,
    pub open_price: bool,
    pub archived_ms: Option<i64>,
    pub sample: bool,
    pub tax_class: Option<[u8; 16]>,
    pub hsn: String,
    pub brand: Option<BrandId>,
    /// The other units it is sold by; `unit` is the one that stock is kept in.
    pub units: Vec<UnitRow>,
    pub variant_of: Option<ProductId>,
    /// What makes this variant: name and value.
    pub variant: Vec<(String, String)>,
    /// What there is to choose between its variants: name and values.
    pub choices: Vec<(String, Vec<String>)>,
    pub modifiers: Vec<ModifierGroupId>,
    /// What a bundle holds, in thousandths of each part's base unit.
    pub parts: Vec<(ProductId, i64)>,
    pub picture: Option<PictureId>,
}

/// What of a product an order's line shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductLook {
    pub names: BTreeMap<String, String>,
    pub art: String,
    pub category: Option<CategoryId>,
}

/// A unit that a product is sold by beside its base unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRow {
    pub unit: String,
    /// Thousandths of the base unit in one.
    pub base_milli: i64,
    /// None: what it holds times the base unit's price.
    pub price_minor: Option<i64>,
    pub barcodes: Vec<String>,
}

const PRODUCT: &str =
    "n, product_id, name, names, sku, price_minor, unit, category_id, barcodes, art, available,
                       favourite, position, open_price, archived_ms, sample, brand_id, units, variant_of,
                       variant, choices, modifiers, parts, picture_id, tax_class_id, hsn";

/// A list of texts that a view wrote, in chunks of so many.
fn chunks<const N: usize>(r: &Row<'_>, column: usize) -> rusqlite::Result<Vec<[String; N]>> {
    let list: Vec<String> = json(r.get_ref(column)?.as_str()?);
    Ok(list
        .chunks_exact(N)
        .filter_map(|chunk| chunk.to_vec().try_into().ok())
        .collect())
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn product(r: &Row<'_>) -> rusqlite::Result<ProductRow> {
    Ok(ProductRow {
        n: r.get(0)?,
        id: ProductId::from_bytes(r.get(1)?),
        name: r.get(2)?,
        names: json(r.get_ref(3)?.as_str()?),
        sku: r.get(4)?,
        price_minor: r.get(5)?,
        unit: r.get(6)?,
        category: r.get::<_, Option<[u8; 16]>>(7)?.map(CategoryId::from_bytes),
        barcodes: json(r.get_ref(8)?.as_str()?),
        art: r.get(9)?,
        available: r.get(10)?,
        favourite: r.get(11)?,
        position: r.get(12)?,
        open_price: r.get(13)?,
        archived_ms: r.get(14)?,
        sample: r.get(15)?,
        tax_class: r.get(24)?,
        hsn: r.get(25)?,
        brand: r.get::<_, Option<[u8; 16]>>(16)?.map(BrandId::from_bytes),
        units: chunks(r, 17)?
            .into_iter()
            .filter_map(|[unit, base_milli, price, barcodes]| {
                Some(UnitRow {
                    unit,
                    base_milli: base_milli.parse().ok()?,
                    price_minor: price.parse().ok(),
                    barcodes: lines(&barcodes),
                })
            })
            .collect(),
        variant_of: r.get::<_, Option<[u8; 16]>>(18)?.map(ProductId::from_bytes),
        variant: chunks(r, 19)?
            .into_iter()
            .map(|[name, value]| (name, value))
            .collect(),
        choices: chunks(r, 20)?
            .into_iter()
            .map(|[name, values]| (name, lines(&values)))
            .collect(),
        modifiers: chunks(r, 21)?
            .into_iter()
            .filter_map(|[id]| id.parse().ok())
            .collect(),
        parts: chunks(r, 22)?
            .into_iter()
            .filter_map(|[id, milli]| Some((id.parse().ok()?, milli.parse().ok()?)))
            .collect(),
        picture: r.get::<_, Option<[u8; 16]>>(23)?.map(PictureId::from_bytes),
    })
}

/// The views write this JSON themselves; a rebuild mends what a person may have bent by hand.
pub(crate) fn json<T: serde::de::DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryRow {
    pub id: CategoryId,
    pub name: String,
    pub names: BTreeMap<String, String>,
    pub hue: String,
    pub parent: Option<CategoryId>,
    pub position: i64,
    pub active: bool,
    pub archived_ms: Option<i64>,
    pub sample: bool,
}

/// The order of a product list; each has an index and a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductOrder {
    /// Favourites first, then the shop's own order.
    Grid,
    Name,
    /// What sells most, first.
    Popular,
}

#[derive(Debug, Clone, Default)]
pub struct ProductQuery {
    pub category: Option<CategoryId>,
    pub archived: bool,
    /// The variants too, each as a product of its own; else only what they are variants of.
    pub variants: bool,
    pub limit: usize,
    /// Where the last page ended: the catalogue number of its last product.
    pub after: Option<i64>,
}

impl Reader<'_> {
    pub fn product(&self, id: ProductId) -> Result<Option<ProductRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("select {PRODUCT} from product where product_id = ?1"))?
            .query_row([id.bytes()], product)
            .optional()?)
    }

    /// How a product is shown: its names, its picture's word, its category.
    pub fn product_look(&self, id: ProductId) -> Result<Option<ProductLook>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select names, art, category_id from product where product_id = ?1")?
            .query_row([id.bytes()], |r| {
                Ok(ProductLook {
                    names: json(r.get_ref(0)?.as_str()?),
                    art: r.get(1)?,
                    category: r.get::<_, Option<[u8; 16]>>(2)?.map(CategoryId::from_bytes),
                })
            })
            .optional()?)
    }

    pub fn product_by_n(&self, n: i64) -> Result<Option<ProductRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("select {PRODUCT} from product where n = ?1"))?
            .query_row([n], product)
            .optional()?)
    }

    /// The one product of that name, whatever its letters' case; none when several have it.
    pub fn product_by_name(&self, name: &str) -> Result<Option<ProductRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {PRODUCT} from product where name = ?1 collate nocase and archived_ms is null limit 2"
        ))?;
        let mut rows: Vec<ProductRow> = statement.query_map([name], product)?.collect::<Result<_, _>>()?;
        Ok(if rows.len() == 1 { rows.pop() } else { None })
    }

    /// The variants of a product that are not archived, oldest first.
    pub fn variants_of(&self, id: ProductId) -> Result<Vec<ProductRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {PRODUCT} from product where variant_of = ?1 and archived_ms is null order by position, n"
        ))?;
        Ok(statement
            .query_map([id.bytes()], product)?
            .collect::<Result<_, _>>()?)
    }

    /// Every product that a bundle holds which is not archived.
    pub fn all_parts(&self) -> Result<BTreeSet<ProductId>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("select parts from product where archived_ms is null and parts <> '[]'")?;
        let mut rows = statement.query([])?;
        let mut found = BTreeSet::new();
        while let Some(r) = rows.next()? {
            for [id, _] in chunks::<2>(r, 0)? {
                found.extend(id.parse::<ProductId>());
            }
        }
        Ok(found)
    }

    /// Whether a bundle that is not archived holds this product.
    pub fn is_part(&self, id: ProductId) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select 1 from product where archived_ms is null and instr(parts, ?1) > 0 limit 1",
            )?
            .exists([id.to_string()])?)
    }

    /// Which of a product's units a barcode stands for.
    pub fn unit_of_barcode(&self, n: i64, barcode: &str) -> Result<Option<String>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select unit from product_barcode where barcode = ?1 and n = ?2")?
            .query_row(params![barcode, n], |r| r.get(0))
            .optional()?)
    }

    /// The product that a scanned code means: by barcode, else by SKU.
    pub fn product_by_code(&self, code: &str) -> Result<Option<ProductRow>, StoreError> {
        let by_barcode = self
            .conn
            .prepare_cached("select n from product_barcode where barcode = ?1 order by n limit 1")?
            .query_row([code], |r| r.get::<_, i64>(0))
            .optional()?;
        let n = match by_barcode {
            Some(n) => Some(n),
            None => self
                .conn
                .prepare_cached(
                    "select n from product where sku = ?1 collate nocase and sku is not null and archived_ms is null order by n limit 1",
                )?
                .query_row([code], |r| r.get(0))
                .optional()?,
        };
        match n {
            Some(n) => self.product_by_n(n),
            None => Ok(None),
        }
    }

    pub fn products(&self, order: ProductOrder, query: &ProductQuery) -> Result<Vec<ProductRow>, StoreError> {
        let shown = match (query.archived, query.variants) {
            (true, _) => "archived_ms is not null",
            (false, true) => "archived_ms is null",
            (false, false) => "archived_ms is null and variant_of is null",
        };
        let category = if query.category.is_some() {
            "and category_id = ?1"
        } else {
            "and ?1 is null"
        };
        // A page begins after the row that the last one ended with, compared by the same columns that sort it.
        let (sort, after) = match order {
            ProductOrder::Grid => (
                "favourite desc, position, n",
                "(1 - favourite, position, n) > (select 1 - favourite, position, n from product where n = ?2)",
            ),
            ProductOrder::Name => (
                "name collate nocase, n",
                "(name collate nocase, n) > (select name collate nocase, n from product where n = ?2)",
            ),
            ProductOrder::Popular => (
                "coalesce((select times from product_sold s where s.n = product.n), 0) desc, n",
                "(-coalesce((select times from product_sold s where s.n = product.n), 0), n) >
                 (select -coalesce((select times from product_sold s where s.n = p.n), 0), p.n
                  from product p where p.n = ?2)",
            ),
        };
        let after = if query.after.is_some() {
            after
        } else {
            "?2 is null"
        };
        let sql = format!(
            "select {PRODUCT} from product where {shown} {category} and {after} order by {sort} limit ?3"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement
            .query_map(
                params![query.category.map(|c| c.bytes()), query.after, query.limit],
                product,
            )?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    pub fn product_count(&self) -> Result<u64, StoreError> {
        Ok(self.conn.query_row(
            "select count(*) from product where archived_ms is null",
            [],
            |r| r.get(0),
        )?)
    }

    /// The last place of the grid that is taken.
    pub fn last_position(&self) -> Result<i64, StoreError> {
        Ok(self
            .conn
            .query_row("select coalesce(max(position), 0) from product", [], |r| r.get(0))?)
    }

    pub fn product_record(&self, id: ProductId) -> Result<Option<Record>, StoreError> {
        record(
            self,
            "select record from product where product_id = ?1",
            id.bytes(),
        )
    }

    pub fn category(&self, id: CategoryId) -> Result<Option<CategoryRow>, StoreError> {
        Ok(self.categories(true)?.into_iter().find(|c| c.id == id))
    }

    /// The category that a category is in.
    pub fn parent_of(&self, id: CategoryId) -> Result<Option<CategoryId>, StoreError> {
        let parent: Option<Option<[u8; 16]>> = self
            .conn
            .prepare_cached("select parent_id from category where category_id = ?1")?
            .query_row([id.bytes()], |r| r.get(0))
            .optional()?;
        Ok(parent.flatten().map(CategoryId::from_bytes))
    }

    pub fn categories(&self, archived_too: bool) -> Result<Vec<CategoryRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select category_id, name, names, hue, parent_id, position, active, archived_ms, sample from category
             where ?1 or archived_ms is null order by position, name",
        )?;
        let rows = statement.query_map([archived_too], |r| {
            Ok(CategoryRow {
                id: CategoryId::from_bytes(r.get(0)?),
                name: r.get(1)?,
                names: json(r.get_ref(2)?.as_str()?),
                hue: r.get(3)?,
                parent: r.get::<_, Option<[u8; 16]>>(4)?.map(CategoryId::from_bytes),
                position: r.get(5)?,
                active: r.get(6)?,
                archived_ms: r.get(7)?,
                sample: r.get(8)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The colour of each category, archived ones too.
    pub fn hues(&self) -> Result<Vec<(CategoryId, String)>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("select category_id, hue from category")?;
        let rows = statement.query_map([], |r| Ok((CategoryId::from_bytes(r.get(0)?), r.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn category_record(&self, id: CategoryId) -> Result<Option<Record>, StoreError> {
        record(
            self,
            "select record from category where category_id = ?1",
            id.bytes(),
        )
    }
}

pub(crate) fn record(reader: &Reader<'_>, sql: &str, id: [u8; 16]) -> Result<Option<Record>, StoreError> {
    let bytes: Option<Vec<u8>> = reader
        .conn
        .prepare_cached(sql)?
        .query_row([id], |r| r.get(0))
        .optional()?;
    bytes
        .map(|b| postcard::from_bytes(&b).map_err(StoreError::damaged))
        .transpose()
}

impl Write<'_> {
    /// The next short catalogue number of this device.
    pub fn next_short_number(&self) -> Result<i64, StoreError> {
        let base = i64::from(self.identity()?.ordinal) << 32;
        let last: Option<i64> = self
            .tx
            .prepare_cached("select max(n) from product where n between ?1 and ?2")?
            .query_row([base, base + MOST_COUNT], |r| r.get(0))?;
        Ok(last.map_or(base + 1, |n| n + 1))
    }
}
