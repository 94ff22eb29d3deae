//! What can be chosen about a product before it is sold: its unit, its price, its variant, what comes with it.

use crate::{
    Actor, AppError, Code, Names, Result, Shop,
    cart::WriteId,
    catalog::{Asking, Choice, ProductView, VariantValue, decimal, kept_units, record_new_product},
    edges::Edges,
    modifiers::ModifierGroupView,
    prices::{PriceQuestion, base_unit, levels, unit_price, units_of},
    settings::patched,
    wire::{content_of, text},
};
use domain::{
    ids::{CustomerId, ProductId, StaffId},
    prices::COUNTER,
    quantity::{Quantity, Unit},
};
use journal::{
    Body,
    fields::product as product_field,
    register::{Field, Value},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use store::{
    Reader, Write,
    catalog::{ProductRow, UnitRow},
};
use utoipa::ToSchema;
use uuid::Uuid;

const MOST_CHOICES: usize = 3;
const MOST_VALUES: usize = 40;
const MOST_VARIANTS: usize = 200;

/// For whom the prices are asked.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChoicesFor {
    pub customer: Option<Uuid>,
    pub customer_type: Option<String>,
    /// The level that the customer has of their own.
    pub customer_level: Option<String>,
    /// How much, in each unit; one when left out.
    pub quantity: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChoicesView {
    pub product: ProductView,
    /// The base unit first.
    pub units: Vec<UnitChoice>,
    pub levels: Vec<LevelChoice>,
    pub groups: Vec<ModifierGroupView>,
    pub variants: Vec<VariantView>,
    pub parts: Vec<PartView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UnitChoice {
    pub unit: String,
    /// How much of the base unit is in one.
    pub holds: String,
    pub measured: bool,
    /// What one costs when nobody chooses a level.
    pub price_minor: i64,
    /// catalog, level, break or customer
    pub source: String,
    /// What one costs at each level, counter first.
    pub prices: Vec<LevelPrice>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LevelPrice {
    pub level: String,
    pub price_minor: i64,
    pub source: String,
    /// Whether it includes tax; null: as the shop's prices do.
    pub inclusive: Option<bool>,
}

/// A level of the drop-down.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LevelChoice {
    /// counter, wholesale, or an id
    pub key: String,
    /// Empty for counter, and for wholesale until somebody names it.
    pub name: String,
    pub names: Names,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VariantView {
    pub id: Uuid,
    pub name: String,
    pub names: Names,
    pub values: Vec<VariantValue>,
    pub sku: Option<String>,
    /// The catalogue's price of one.
    pub price_minor: i64,
    /// What this device's branch asks for one today.
    pub here_minor: i64,
    /// It is not sold at this device's branch.
    pub hidden_here: bool,
    pub available: bool,
    pub picture: Option<Uuid>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartView {
    pub product: Uuid,
    pub name: String,
    pub names: Names,
    pub unit: String,
    pub quantity: String,
}

/// Makes a product one of several variants.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeVariants {
    pub id: Uuid,
    /// What there is to choose; nothing makes it a plain product again.
    pub choices: Vec<Choice>,
}

impl Shop {
    pub fn choices(&self, id: ProductId, asked: &ChoicesFor) -> Result<ChoicesView> {
        let day = self.price_day();
        self.store.read(|r| {
            let row = r.product(id)?.ok_or(Code::NotFound)?;
            let levels: Vec<LevelChoice> = std::iter::once(LevelChoice {
                key: COUNTER.to_owned(),
                name: String::new(),
                names: Names::new(),
            })
            .chain(levels(r, false)?.iter().map(|level| LevelChoice {
                key: crate::prices::LevelView::from(level).key,
                name: level.name.clone(),
                names: level.names.clone(),
            }))
            .collect();
            let mut units = vec![];
            for word in units_of(&row) {
                let unit: Unit = word.parse().map_err(|e| AppError::new(Code::Broken).because(e))?;
                let quantity = match asked.quantity.as_deref() {
                    // What cannot be had of this unit is asked for one of it.
                    Some(typed) => Quantity::parse(typed, unit).unwrap_or(Quantity::one(unit)),
                    None => Quantity::one(unit),
                };
                let ask = |level| {
                    unit_price(
                        r,
                        &row,
                        &PriceQuestion {
                            quantity,
                            level,
                            customer_level: asked.customer_level.as_deref(),
                            customer: asked.customer.map(CustomerId::from_uuid),
                            customer_type: asked.customer_type.as_deref(),
                            day,
                        },
                    )
                };
                let plain = ask(None)?;
                let mut prices = vec![];
                for level in &levels {
                    let answer = ask(Some(&level.key))?;
                    prices.push(LevelPrice {
                        level: level.key.clone(),
                        price_minor: answer.minor,
                        source: answer.source.to_owned(),
                        inclusive: answer.inclusive,
                    });
                }
                units.push(UnitChoice {
                    unit: word.to_owned(),
                    holds: decimal(plain.base_milli_per_unit),
                    measured: unit.is_measured(),
                    price_minor: plain.minor,
                    source: plain.source.to_owned(),
                    prices,
                });
            }
            let mut groups = vec![];
            for group in &row.modifiers {
                if let Some(group) = r.modifier_group(*group)?.filter(|g| g.archived_ms.is_none()) {
                    groups.push(ModifierGroupView::from(&group));
                }
            }
            let asking = Asking::of(r, day)?;
            let variants = r.variants_of(id)?;
            let variants = variants
                .iter()
                .map(|row| Ok(VariantView::from(asking.view(row)?)));
            Ok(ChoicesView {
                product: asking.view(&row)?,
                units,
                levels,
                groups,
                variants: variants.collect::<Result<_>>()?,
                parts: parts_of(r, &row)?,
            })
        })
    }

    /// Says what there is to choose about a product, and makes the variants that are missing. Variants that no choice
    /// names any more are archived.
    pub fn make_variants(&self, actor: &Actor, id: ProductId, request: &MakeVariants) -> Result<ChoicesView> {
        let choices = checked(&request.choices)?;
        let content = content_of("variants", &(id.uuid(), request))?;
        let edges = &self.edges;
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            record_variants(tx, edges, Some(actor.staff), id, &choices)?;
            Ok(WriteId { id: request.id })
        })?;
        self.live.tell("product", None);
        self.choices(id, &ChoicesFor::default())
    }
}

/// Makes the variants that are missing, and archives those that no choice names.
pub(crate) fn record_variants(
    tx: &mut Write<'_>,
    edges: &Edges,
    staff: Option<StaffId>,
    id: ProductId,
    choices: &[Choice],
) -> Result<()> {
    let row = tx.reader().product(id)?.ok_or(Code::NotFound)?;
    if row.variant_of.is_some() || !row.parts.is_empty() {
        return Err(AppError::field(
            "choices",
            "a variant or a bundle cannot have variants",
        ));
    }
    let there = tx.reader().variants_of(id)?;
    let wanted = combinations(choices);
    for (at, values) in wanted.iter().enumerate() {
        if there.iter().any(|variant| variant.variant == *values) {
            continue;
        }
        let position = row.position.saturating_add(i64::try_from(at).unwrap_or(0));
        record_new_product(
            tx,
            staff,
            ProductId::from_uuid(edges.new_id()),
            variant_fields(&row, values, position),
            false,
        )?;
    }
    let now = edges.now();
    for gone in there.iter().filter(|variant| !wanted.contains(&variant.variant)) {
        let fields = vec![(product_field::ARCHIVED_MS, Value::Int(now.0))];
        if let Some(patch) = patched(tx.reader().product_record(gone.id)?, gone.id.bytes(), fields) {
            tx.record(staff, &Body::ProductSet(patch))?;
        }
    }
    let list = choices
        .iter()
        .flat_map(|choice| [choice.name.clone(), choice.values.join("\n")])
        .collect();
    let fields = vec![
        (product_field::CHOICES, Value::List(list)),
        (product_field::SAMPLE, Value::Bool(false)),
    ];
    if let Some(patch) = patched(tx.reader().product_record(id)?, id.bytes(), fields) {
        tx.record(staff, &Body::ProductSet(patch))?;
    }
    Ok(())
}

/// Names and values, cleaned: each once, and not more combinations than anybody could keep in order.
fn checked(choices: &[Choice]) -> Result<Vec<Choice>> {
    if choices.len() > MOST_CHOICES {
        return Err(AppError::field(
            "choices",
            format!("at most {MOST_CHOICES} choices"),
        ));
    }
    let mut names = BTreeSet::new();
    let mut combinations = 1_usize;
    let mut clean = vec![];
    for choice in choices {
        let name = text("choices", &choice.name, 30)?;
        if !names.insert(name.clone()) {
            return Err(AppError::field("choices", "this choice is there twice"));
        }
        let mut values: Vec<String> = vec![];
        for value in &choice.values {
            let value = text("choices", value, 30)?;
            if values.contains(&value) {
                return Err(AppError::field("choices", "this value is there twice").hint("value", value));
            }
            values.push(value);
        }
        if values.is_empty() || values.len() > MOST_VALUES {
            return Err(AppError::field("choices", format!("1 to {MOST_VALUES} values")));
        }
        combinations = combinations.saturating_mul(values.len());
        clean.push(Choice { name, values });
    }
    if combinations > MOST_VARIANTS {
        return Err(AppError::field(
            "choices",
            format!("at most {MOST_VARIANTS} variants"),
        ));
    }
    Ok(clean)
}

/// Every way to choose, in the order of the choices.
fn combinations(choices: &[Choice]) -> Vec<Vec<(String, String)>> {
    if choices.is_empty() {
        return vec![];
    }
    choices.iter().fold(vec![vec![]], |ways, choice| {
        ways.iter()
            .flat_map(|way| {
                choice.values.iter().map(|value| {
                    let mut way: Vec<(String, String)> = way.clone();
                    way.push((choice.name.clone(), value.clone()));
                    way
                })
            })
            .collect()
    })
}

/// A new variant is what its product is, under a longer name; SKU and barcodes are its own.
fn variant_fields(row: &ProductRow, values: &[(String, String)], position: i64) -> Vec<(Field, Value)> {
    let suffix: Vec<&str> = values.iter().map(|(_, value)| value.as_str()).collect();
    let suffix = suffix.join(" / ");
    let named = |name: &str| format!("{name} · {suffix}");
    let names = row
        .names
        .iter()
        .flat_map(|(language, name)| [language.clone(), named(name)])
        .collect();
    let id = |bytes: Option<[u8; 16]>| bytes.map_or(Value::Null, |b| Value::Bytes(b.to_vec()));
    let units: Vec<UnitRow> = row
        .units
        .iter()
        .map(|unit| UnitRow {
            barcodes: vec![],
            ..unit.clone()
        })
        .collect();
    vec![
        (product_field::NAME, Value::Text(named(&row.name))),
        (product_field::NAMES, Value::List(names)),
        (product_field::PRICE_MINOR, Value::Int(row.price_minor)),
        (product_field::UNIT, Value::Text(row.unit.clone())),
        (product_field::CATEGORY, id(row.category.map(|c| c.bytes()))),
        (product_field::BARCODES, Value::List(vec![])),
        (product_field::ART, Value::Text(row.art.clone())),
        (product_field::AVAILABLE, Value::Bool(true)),
        (product_field::FAVOURITE, Value::Bool(false)),
        (product_field::POSITION, Value::Int(position)),
        (product_field::OPEN_PRICE, Value::Bool(row.open_price)),
        (product_field::BRAND, id(row.brand.map(|b| b.bytes()))),
        (product_field::TAX_CLASS, id(row.tax_class)),
        (product_field::HSN, Value::Text(row.hsn.clone())),
        (product_field::UNITS, kept_units(&units)),
        (product_field::VARIANT_OF, Value::Bytes(row.id.bytes().to_vec())),
        (
            product_field::VARIANT,
            Value::List(values.iter().flat_map(|(n, v)| [n.clone(), v.clone()]).collect()),
        ),
        (
            product_field::MODIFIERS,
            Value::List(row.modifiers.iter().map(ToString::to_string).collect()),
        ),
        (product_field::PICTURE, id(row.picture.map(|p| p.bytes()))),
    ]
}

/// A variant that says nothing of its taxes has those of its product.
pub(crate) fn taxed_as_parent(reader: &Reader<'_>, mut row: ProductRow) -> Result<ProductRow> {
    if let Some(parent) = row.variant_of
        && row.tax_class.is_none()
        && let Some(parent) = reader.product(parent)?
    {
        row.tax_class = parent.tax_class;
        if row.hsn.is_empty() {
            row.hsn = parent.hsn;
        }
    }
    Ok(row)
}

impl From<ProductView> for VariantView {
    fn from(product: ProductView) -> VariantView {
        VariantView {
            id: product.id,
            name: product.name,
            names: product.names,
            values: product.variant,
            sku: product.sku,
            price_minor: product.price_minor,
            here_minor: product.here_minor,
            hidden_here: product.hidden_here,
            available: product.available,
            picture: product.picture,
        }
    }
}

/// What a bundle holds, by name. A part that was archived since is still in it.
fn parts_of(reader: &Reader<'_>, row: &ProductRow) -> Result<Vec<PartView>> {
    let mut parts = vec![];
    for (id, milli) in &row.parts {
        let Some(part) = reader.product(*id)? else {
            continue;
        };
        let unit = base_unit(&part)?;
        parts.push(PartView {
            product: id.uuid(),
            name: part.name,
            names: part.names,
            unit: unit.as_str().to_owned(),
            quantity: decimal(*milli),
        });
    }
    Ok(parts)
}
