//! Prices: which one counts, setting them for somebody, some quantity or some days, and the levels.
//!
//! Whoever sells asks [`unit_price`], each time anew: a price is never kept before an order is placed.

use crate::{
    Actor, AppError, Code, Names, Page, Result, Shop,
    catalog::{MOST_MINOR, decimal, names},
    days,
    edges::Edges,
    settings::patched,
    wire::{content_of, rfc3339, text},
};
use domain::{
    ids::{BranchId, CategoryId, CustomerId, LevelId, PriceId, ProductId, StaffId},
    money::Money,
    people::Permission,
    prices::{
        COUNTER, Chosen, Day, LevelRule, Question, SetPrice, Source, WHOLESALE, any_counts, by_content,
        choose, inherited,
    },
    quantity::{Quantity, Unit},
    time::Moment,
};
use journal::{
    Body,
    fields::{level as level_field, price as price_field},
    register::{Field, PatchV1, Value},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{
    Reader, Write,
    catalog::{ProductRow, UnitRow},
    prices::{LevelRow, PriceRow},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// The record of the level that every shop begins with: the same on every device.
const WHOLESALE_ID: LevelId = LevelId::from_bytes(*b"level:wholesale\0");
const MOST_LEVELS: usize = 20;
const MOST_PRICES: usize = 200;

/// What a price is asked for.
#[derive(Debug, Clone, Copy)]
pub struct PriceQuestion<'a> {
    /// How much, in one of the product's units.
    pub quantity: Quantity,
    /// Chosen by hand, for the line or the cart. [`COUNTER`] asks for the catalogue's price whoever buys.
    pub level: Option<&'a str>,
    /// The level that the customer has of their own.
    pub customer_level: Option<&'a str>,
    pub customer: Option<CustomerId>,
    pub customer_type: Option<&'a str>,
    pub day: Day,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceAnswer {
    /// Of one of the asked unit.
    pub minor: i64,
    /// The level that gave it, when one did.
    pub level: Option<String>,
    /// catalog, level, break or customer
    pub source: &'static str,
    /// How much of the base unit is in one of the asked unit.
    pub base_milli_per_unit: i64,
    /// Whether it includes tax; None: as the shop's prices do.
    pub inclusive: Option<bool>,
}

/// What one of the asked unit costs, and where that comes from.
///
/// Refuses a unit that the product is not sold by, and a level that the shop does not have.
pub fn unit_price(
    reader: &Reader<'_>,
    row: &ProductRow,
    question: &PriceQuestion<'_>,
) -> Result<PriceAnswer> {
    let unit = question.quantity.unit();
    let sold = SoldBy::of(row, unit)?;
    let level = match question.level {
        Some(level) => Some(level.to_owned()),
        None => match question.customer_level {
            Some(level) => Some(level.to_owned()),
            None => level_of_type(reader, question.customer_type)?,
        },
    };
    let found = match level.as_deref() {
        None | Some(COUNTER) => None,
        // A level that was archived since gives what the catalogue asks; one chosen by hand must be there.
        Some(key) => match level_by_key(reader, key)? {
            None if question.level.is_some() => {
                return Err(AppError::new(Code::LevelUnknown).hint("level", key));
            }
            found => found,
        },
    };
    let rule = match &found {
        Some(level) => rule_for(reader, level, row.category)?,
        None => None,
    };
    let asked = |milli| Question {
        level: level.as_deref(),
        by_hand: question.level.is_some(),
        milli,
        day: question.day,
    };
    let chosen = sold
        .choose(
            reader,
            row,
            question.customer,
            rule.as_ref(),
            question.quantity,
            asked,
        )
        .map_err(|e| match e {
            Refused::Money => AppError::new(Code::PriceTooLarge),
            Refused::App(error) => error,
        })?;
    // A customer's own price is agreed on as the prices of their level are.
    let of_level = chosen.source == Source::Customer || (chosen.level.is_some() && !chosen.ruled);
    Ok(PriceAnswer {
        inclusive: found.filter(|_| of_level).and_then(|level| level.inclusive),
        minor: chosen.price.minor(),
        level: chosen.level,
        source: chosen.source.as_str(),
        base_milli_per_unit: sold.base_milli,
    })
}

/// The base unit of a product, which stock is kept in.
pub fn base_unit(row: &ProductRow) -> Result<Unit> {
    row.unit
        .parse()
        .map_err(|e| AppError::new(Code::Broken).because(e))
}

/// The unit that a sale names, or the product's base unit when it names none.
pub fn unit_asked(row: &ProductRow, unit: Option<&str>) -> Result<Unit> {
    let not_sold = || {
        let units: Vec<&str> = units_of(row).collect();
        AppError::new(Code::UnitNotSold)
            .hint("product", row.id.to_string())
            .hint("units", units)
    };
    let unit: Unit = match unit {
        None => return base_unit(row),
        Some(unit) => unit.parse().map_err(|_| not_sold())?,
    };
    if units_of(row).any(|known| known == unit.as_str()) {
        Ok(unit)
    } else {
        Err(not_sold())
    }
}

/// Every unit that a product is sold by, the base unit first.
pub fn units_of(row: &ProductRow) -> impl Iterator<Item = &str> {
    std::iter::once(row.unit.as_str()).chain(row.units.iter().map(|unit| unit.unit.as_str()))
}

/// What one of a unit costs where nobody has set anything else.
pub(crate) fn plain_of_unit(row: &ProductRow, unit: &UnitRow) -> i64 {
    unit.price_minor.unwrap_or_else(|| {
        // Only a price that no product may have could leave the range.
        by_content(Money::from_minor(row.price_minor), unit.base_milli).map_or(MOST_MINOR, Money::minor)
    })
}

enum Refused {
    Money,
    App(AppError),
}

impl From<domain::money::MoneyError> for Refused {
    fn from(_: domain::money::MoneyError) -> Refused {
        Refused::Money
    }
}

impl From<store::StoreError> for Refused {
    fn from(error: store::StoreError) -> Refused {
        Refused::App(error.into())
    }
}

struct SoldBy<'a> {
    /// None: by its base unit.
    unit: Option<&'a UnitRow>,
    base_milli: i64,
}

impl<'a> SoldBy<'a> {
    fn of(row: &'a ProductRow, unit: Unit) -> Result<SoldBy<'a>> {
        let unit = unit_asked(row, Some(unit.as_str()))?;
        let other = row.units.iter().find(|other| other.unit == unit.as_str());
        Ok(SoldBy {
            unit: other,
            base_milli: other.map_or(1_000, |other| other.base_milli),
        })
    }

    fn choose<'q>(
        &self,
        reader: &Reader<'_>,
        row: &ProductRow,
        customer: Option<CustomerId>,
        rule: Option<&LevelRule>,
        quantity: Quantity,
        asked: impl Fn(i64) -> Question<'q>,
    ) -> std::result::Result<Chosen, Refused> {
        let plain = Money::from_minor(row.price_minor);
        let of_base = |milli| -> std::result::Result<Chosen, Refused> {
            let set = set_prices(reader, row, &row.unit, customer)?;
            Ok(choose(plain, &set, rule, &asked(milli))?)
        };
        let Some(unit) = self.unit else {
            return of_base(quantity.milli());
        };
        let set = set_prices(reader, row, &unit.unit, customer)?;
        if let Some(own) = unit.price_minor {
            return Ok(choose(
                Money::from_minor(own),
                &set,
                rule,
                &asked(quantity.milli()),
            )?);
        }
        // Without a price of its own it costs what it holds, whoever buys and however much.
        let question = asked(quantity.milli());
        if any_counts(&set, &question) {
            return Ok(choose(
                by_content(plain, self.base_milli)?,
                &set,
                rule,
                &question,
            )?);
        }
        let in_base = i128::from(quantity.milli()) * i128::from(self.base_milli) / 1_000;
        let base = of_base(i64::try_from(in_base).unwrap_or(i64::MAX))?;
        Ok(Chosen {
            price: by_content(base.price, self.base_milli)?,
            ..base
        })
    }
}

/// What was set for a product in a unit. A variant that costs what its product costs has what was set for that, too,
/// wherever it has nothing of its own.
fn set_prices(
    reader: &Reader<'_>,
    row: &ProductRow,
    unit: &str,
    customer: Option<CustomerId>,
) -> std::result::Result<Vec<SetPrice>, store::StoreError> {
    let own = reader.set_prices(row.id, unit, customer)?;
    let Some(parent) = row.variant_of else {
        return Ok(own);
    };
    match reader.product(parent)? {
        Some(parent) if parent.unit == row.unit && plain_in(&parent, unit) == plain_in(row, unit) => {
            Ok(inherited(own, reader.set_prices(parent.id, unit, customer)?))
        }
        _ => Ok(own),
    }
}

/// The plain price in a unit; none in a unit that it is not sold by.
fn plain_in(row: &ProductRow, unit: &str) -> Option<i64> {
    if row.unit == unit {
        return Some(row.price_minor);
    }
    let found = row.units.iter().find(|one| one.unit == unit)?;
    Some(plain_of_unit(row, found))
}

/// The word of a level: the shop's own are called by their id.
pub(crate) fn key_of(id: LevelId) -> String {
    if id == WHOLESALE_ID {
        WHOLESALE.to_owned()
    } else {
        id.to_string()
    }
}

fn id_of(key: &str) -> Option<LevelId> {
    if key == WHOLESALE {
        Some(WHOLESALE_ID)
    } else {
        key.parse().ok()
    }
}

/// Wholesale as every shop has it until somebody changes it.
fn wholesale() -> LevelRow {
    LevelRow {
        id: WHOLESALE_ID,
        name: String::new(),
        names: BTreeMap::new(),
        position: 0,
        customer_types: vec![WHOLESALE.to_owned()],
        percents: vec![],
        step_minor: 1,
        inclusive: None,
        archived_ms: None,
    }
}

/// The shop's levels beside the counter's, wholesale among them unless it was archived.
pub(crate) fn levels(reader: &Reader<'_>, archived_too: bool) -> Result<Vec<LevelRow>> {
    let mut rows = reader.levels(archived_too)?;
    if reader.level(WHOLESALE_ID)?.is_none() {
        rows.insert(0, wholesale());
    }
    Ok(rows)
}

/// Refuses a level that the shop does not have.
pub(crate) fn level_exists(reader: &Reader<'_>, key: Option<&str>) -> Result<()> {
    match key {
        None | Some(COUNTER) => Ok(()),
        Some(key) => match level_by_key(reader, key)? {
            Some(_) => Ok(()),
            None => Err(AppError::new(Code::LevelUnknown).hint("level", key)),
        },
    }
}

fn level_by_key(reader: &Reader<'_>, key: &str) -> Result<Option<LevelRow>> {
    let Some(id) = id_of(key) else { return Ok(None) };
    let row = match reader.level(id)? {
        None if id == WHOLESALE_ID => Some(wholesale()),
        row => row,
    };
    Ok(row.filter(|row| row.archived_ms.is_none()))
}

fn level_of_type(reader: &Reader<'_>, customer_type: Option<&str>) -> Result<Option<String>> {
    let Some(wanted) = customer_type else {
        return Ok(None);
    };
    let found = levels(reader, false)?
        .into_iter()
        .find(|level| level.customer_types.iter().any(|one| one == wanted));
    Ok(found.map(|level| key_of(level.id)))
}

/// What a level does to products of a category: the nearest category above that it names, else all others.
fn rule_for(
    reader: &Reader<'_>,
    level: &LevelRow,
    category: Option<CategoryId>,
) -> Result<Option<LevelRule>> {
    if level.percents.is_empty() {
        return Ok(None);
    }
    let of = |wanted: Option<CategoryId>| {
        level
            .percents
            .iter()
            .find(|(category, _)| *category == wanted)
            .map(|(_, percent)| percent)
    };
    let mut found = None;
    if level.percents.iter().any(|(category, _)| category.is_some()) {
        let mut next = category;
        // A tree of categories is never that deep; a loop ends here too.
        for _ in 0..32 {
            let Some(current) = next else { break };
            found = of(Some(current));
            if found.is_some() {
                break;
            }
            next = reader.parent_of(current)?;
        }
    }
    let Some(percent) = found.or_else(|| of(None)) else {
        return Ok(None);
    };
    let percent: Decimal = percent
        .parse()
        .map_err(|e| AppError::new(Code::Broken).because(e))?;
    Ok(Some(LevelRule {
        percent,
        step: Money::from_minor(level.step_minor),
    }))
}

/// A price that somebody set.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SetPriceView {
    pub id: Uuid,
    pub product: Uuid,
    pub unit: String,
    /// The level it is for; null for everybody.
    pub level: Option<String>,
    pub customer: Option<Uuid>,
    /// The one branch it holds at; null is everywhere.
    pub branch: Option<Uuid>,
    /// From this much on; null for any quantity.
    pub from_quantity: Option<String>,
    /// YYYY-MM-DD; null is open.
    pub first_day: Option<String>,
    pub last_day: Option<String>,
    pub price_minor: i64,
    /// now, later, past or ended
    pub state: String,
    pub ended_at: Option<String>,
}

/// Sets a price for somebody, some quantity or some days.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPriceForm {
    pub id: Uuid,
    /// The product's base unit when left out.
    pub unit: Option<String>,
    pub level: Option<String>,
    pub customer: Option<Uuid>,
    /// Only at this branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<Uuid>,
    pub from_quantity: Option<String>,
    pub first_day: Option<String>,
    pub last_day: Option<String>,
    pub price_minor: i64,
}

/// A plain price that stood once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PriceChangeView {
    pub at: String,
    pub unit: String,
    pub price_minor: i64,
    /// Null for the first one.
    pub was_minor: Option<i64>,
    pub by: Option<Uuid>,
}

/// Everything about a product's prices.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PricesView {
    pub set: Vec<SetPriceView>,
    /// Taken back, or past.
    pub old: Vec<SetPriceView>,
    /// How the plain prices changed, newest first.
    pub changes: Vec<PriceChangeView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LevelView {
    /// wholesale, or an id. The catalogue's own level, counter, is not listed.
    pub key: String,
    /// Empty for wholesale until somebody names it.
    pub name: String,
    pub names: Names,
    pub position: i64,
    /// Customers of these types get it unasked.
    pub customer_types: Vec<String>,
    pub percents: Vec<LevelPercent>,
    pub step_minor: i64,
    /// Whether the prices set for it include tax; null: as the shop's do. What a percentage makes of the catalogue's
    /// price includes tax as that one does.
    pub inclusive: Option<bool>,
    pub archived_at: Option<String>,
}

/// What a level does to the catalogue's price of products that have none of their own there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelPercent {
    /// Null: every product that no other row names.
    pub category: Option<Uuid>,
    /// A decimal between -100 and 900.
    pub percent: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelForm {
    /// Made by the client; needed when adding.
    pub id: Option<Uuid>,
    pub name: String,
    #[serde(default)]
    pub names: Names,
    #[serde(default)]
    pub position: i64,
    #[serde(default)]
    pub customer_types: Vec<String>,
    #[serde(default)]
    pub percents: Vec<LevelPercent>,
    /// What its rule gives becomes a multiple of this; 1 when left out.
    pub step_minor: Option<i64>,
    /// Whether the prices set for it include tax; null: as the shop's do.
    #[serde(default)]
    pub inclusive: Option<bool>,
}

impl From<&LevelRow> for LevelView {
    fn from(row: &LevelRow) -> LevelView {
        LevelView {
            key: key_of(row.id),
            name: row.name.clone(),
            names: row.names.clone(),
            position: row.position,
            customer_types: row.customer_types.clone(),
            percents: row
                .percents
                .iter()
                .map(|(category, percent)| LevelPercent {
                    category: category.map(|c| c.uuid()),
                    percent: percent.clone(),
                })
                .collect(),
            step_minor: row.step_minor,
            inclusive: row.inclusive,
            archived_at: row.archived_ms.map(|ms| rfc3339(Moment(ms))),
        }
    }
}

fn level_fields(reader: &Reader<'_>, form: &LevelForm) -> Result<Vec<(Field, Value)>> {
    let mut percents = vec![];
    let mut seen = vec![];
    for row in &form.percents {
        if seen.contains(&row.category) {
            return Err(AppError::field("percents", "this category is there twice"));
        }
        seen.push(row.category);
        if let Some(category) = row.category
            && reader.category(CategoryId::from_uuid(category))?.is_none()
        {
            return Err(AppError::field("percents", "there is no such category"));
        }
        let percent: Decimal = row
            .percent
            .trim()
            .parse()
            .map_err(|_| AppError::field("percents", "this is not a number"))?;
        let percent = percent.normalize();
        if percent < Decimal::from(-100) || percent > Decimal::from(900) || percent.scale() > 6 {
            return Err(AppError::field("percents", "between -100 and 900"));
        }
        percents.push(row.category.map(|c| c.to_string()).unwrap_or_default());
        percents.push(percent.to_string());
    }
    let step = form.step_minor.unwrap_or(1);
    if !(1..=1_000_000).contains(&step) {
        return Err(AppError::field("step_minor", "between 1 and 1000000"));
    }
    if form.customer_types.len() > 20 {
        return Err(AppError::field("customer_types", "at most 20 types"));
    }
    let mut types = vec![];
    for one in &form.customer_types {
        let one = text("customer_types", one, 40)?;
        if !types.contains(&one) {
            types.push(one);
        }
    }
    Ok(vec![
        (level_field::NAME, Value::Text(text("name", &form.name, 60)?)),
        (level_field::NAMES, names(&form.names)?),
        (level_field::POSITION, Value::Int(form.position)),
        (level_field::CUSTOMER_TYPES, Value::List(types)),
        (level_field::PERCENTS, Value::List(percents)),
        (level_field::STEP_MINOR, Value::Int(step)),
        (
            level_field::INCLUSIVE,
            form.inclusive.map_or(Value::Null, Value::Bool),
        ),
    ])
}

fn day(field: &str, typed: Option<&str>) -> Result<Option<Day>> {
    match typed.map(str::trim).filter(|t| !t.is_empty()) {
        None => Ok(None),
        Some(typed) => {
            let date: jiff::civil::Date = typed
                .parse()
                .map_err(|_| AppError::field(field, "this is not a day"))?;
            Ok(Some(days::number_of(date)))
        }
    }
}

fn price_fields(reader: &Reader<'_>, row: &ProductRow, form: &SetPriceForm) -> Result<Vec<(Field, Value)>> {
    if !(0..=MOST_MINOR).contains(&form.price_minor) {
        return Err(AppError::field(
            "price_minor",
            "a price is 0 or more, and not that large",
        ));
    }
    let unit = unit_asked(row, form.unit.as_deref())?;
    let level = form.level.as_deref().filter(|level| *level != COUNTER);
    if let Some(level) = level
        && level_by_key(reader, level)?.is_none()
    {
        return Err(AppError::new(Code::LevelUnknown).hint("level", level));
    }
    if level.is_some() && form.customer.is_some() {
        return Err(AppError::field(
            "customer",
            "for a level or for a customer, not both",
        ));
    }
    let from = match form
        .from_quantity
        .as_deref()
        .map(str::trim)
        .filter(|q| !q.is_empty())
    {
        None => 0,
        Some(typed) => Quantity::parse(typed, unit)
            .map_err(|e| AppError::field("from_quantity", e))?
            .milli(),
    };
    let (first, last) = (
        day("first_day", form.first_day.as_deref())?,
        day("last_day", form.last_day.as_deref())?,
    );
    if let (Some(first), Some(last)) = (first, last)
        && last < first
    {
        return Err(AppError::field("last_day", "it ends before it begins"));
    }
    let branch = form.branch.map(BranchId::from_uuid);
    if let Some(branch) = branch
        && reader.branch(branch)?.is_none()
    {
        return Err(AppError::field("branch", "there is no such branch"));
    }
    let always = from == 0 && first.is_none() && last.is_none();
    if level.is_none() && form.customer.is_none() && branch.is_none() && always {
        return Err(AppError::field(
            "price_minor",
            "a price for everybody, always, is the product's own",
        ));
    }
    let int = |n: Option<Day>| n.map_or(Value::Null, |n| Value::Int(i64::from(n)));
    Ok(vec![
        (price_field::PRODUCT, Value::Bytes(row.id.bytes().to_vec())),
        (price_field::UNIT, Value::Text(unit.as_str().to_owned())),
        (
            price_field::LEVEL,
            level.map_or(Value::Null, |level| Value::Text(level.to_owned())),
        ),
        (
            price_field::CUSTOMER,
            form.customer
                .map_or(Value::Null, |id| Value::Bytes(id.as_bytes().to_vec())),
        ),
        (price_field::FROM_MILLI, Value::Int(from)),
        (price_field::FIRST_DAY, int(first)),
        (price_field::LAST_DAY, int(last)),
        (price_field::MINOR, Value::Int(form.price_minor)),
        (
            price_field::BRANCH,
            branch.map_or(Value::Null, |id| Value::Bytes(id.bytes().to_vec())),
        ),
    ])
}

/// What a branch asks is set by whoever looks after its goods.
fn must_at(reader: &Reader<'_>, actor: &Actor, branch: Option<BranchId>) -> Result<()> {
    branch.map_or(Ok(()), |branch| {
        crate::branches::must_at(reader, actor, branch, Permission::CatalogChange)
    })
}

/// Tells whoever writes demo stories how a level is set: wholesale by its word, any other as a new one.
pub(crate) fn record_level(
    tx: &mut Write<'_>,
    edges: &Edges,
    staff: StaffId,
    key: &str,
    form: &LevelForm,
) -> Result<()> {
    let id = match key {
        WHOLESALE => WHOLESALE_ID,
        _ => LevelId::from_uuid(edges.new_id()),
    };
    let fields = level_fields(&tx.reader(), form)?;
    let record = id.bytes();
    Ok(tx.record(Some(staff), &Body::LevelSet(PatchV1 { record, fields }))?)
}

/// … and a price.
pub(crate) fn record_price(
    tx: &mut Write<'_>,
    staff: StaffId,
    product: ProductId,
    form: &SetPriceForm,
) -> Result<()> {
    let row = tx.reader().product(product)?.ok_or(Code::NotFound)?;
    let fields = price_fields(&tx.reader(), &row, form)?;
    let record = *form.id.as_bytes();
    Ok(tx.record(Some(staff), &Body::PriceSet(PatchV1 { record, fields }))?)
}

fn view_of(row: &PriceRow, today: Day) -> SetPriceView {
    let state = if row.ended_ms.is_some() {
        "ended"
    } else if row.last_day.is_some_and(|last| last < today) {
        "past"
    } else if row.first_day.is_some_and(|first| first > today) {
        "later"
    } else {
        "now"
    };
    SetPriceView {
        id: row.id.uuid(),
        product: row.product.uuid(),
        unit: row.unit.clone(),
        level: row.level.clone(),
        customer: row.customer.map(|c| c.uuid()),
        branch: row.branch.map(|b| b.uuid()),
        from_quantity: (row.from_milli > 0).then(|| decimal(row.from_milli)),
        first_day: row.first_day.map(days::text_of),
        last_day: row.last_day.map(days::text_of),
        price_minor: row.minor,
        state: state.to_owned(),
        ended_at: row.ended_ms.map(|ms| rfc3339(Moment(ms))),
    }
}

impl Shop {
    /// The business day that prices are asked for now.
    pub(crate) fn price_day(&self) -> Day {
        let settings = self.settings();
        days::branch_time(
            self.edges.now(),
            settings.text("branch.zone"),
            settings.day_starts_minutes(),
        )
        .business_day
    }

    /// When that day is over.
    pub(crate) fn price_day_ends(&self) -> Moment {
        let settings = self.settings();
        days::day_ends(
            self.edges.now(),
            settings.text("branch.zone"),
            settings.day_starts_minutes(),
        )
    }

    pub fn prices(&self, id: ProductId) -> Result<PricesView> {
        let today = self.price_day();
        self.store.read(|r| {
            let product = r.product(id)?.ok_or(Code::NotFound)?;
            let mut rows = r.prices_of(id)?;
            let units: Vec<&str> = units_of(&product).collect();
            let levels: Vec<String> = levels(r, true)?.iter().map(|level| key_of(level.id)).collect();
            // As one reads them: by unit, for everybody first, then level by level, the smallest quantity first.
            rows.sort_by_key(|row| {
                let unit = units.iter().position(|unit| *unit == row.unit);
                let level = row
                    .level
                    .as_ref()
                    .map(|key| levels.iter().position(|one| one == key));
                (
                    unit.unwrap_or(units.len()),
                    row.customer.is_some(),
                    level,
                    row.customer,
                    row.branch,
                    row.from_milli,
                    row.first_day,
                    row.id,
                )
            });
            let (set, mut old): (Vec<_>, Vec<_>) = rows
                .iter()
                .map(|row| view_of(row, today))
                .partition(|view| view.state == "now" || view.state == "later");
            old.sort_by_key(|view| std::cmp::Reverse(view.id));
            Ok(PricesView {
                set,
                old,
                changes: changes(r, &product)?,
            })
        })
    }

    /// The prices that one customer alone has.
    pub fn prices_of_customer(&self, customer: CustomerId) -> Result<Page<SetPriceView>> {
        let today = self.price_day();
        let rows = self.store.read(|r| r.prices_of_customer(customer))?;
        Ok(Page::whole(rows.iter().map(|row| view_of(row, today)).collect()))
    }

    pub fn set_price(&self, actor: &Actor, product: ProductId, form: &SetPriceForm) -> Result<SetPriceView> {
        let id = PriceId::from_uuid(form.id);
        let content = content_of("price", &(product.uuid(), form))?;
        self.write_once(id.bytes(), &content, |tx| {
            let reader = tx.reader();
            let row = reader.product(product)?.ok_or(Code::NotFound)?;
            if reader.price_record(id)?.is_some() {
                return Err(Code::IdReused.into());
            }
            let standing = reader.prices_of(product)?;
            if standing.iter().filter(|p| p.ended_ms.is_none()).count() >= MOST_PRICES {
                return Err(AppError::field(
                    "price_minor",
                    format!("at most {MOST_PRICES} prices"),
                ));
            }
            let fields = price_fields(&reader, &row, form)?;
            must_at(&reader, actor, form.branch.map(BranchId::from_uuid))?;
            let record = id.bytes();
            Ok(tx.record(Some(actor.staff), &Body::PriceSet(PatchV1 { record, fields }))?)
        })?;
        self.live.tell("product", Some(product.to_string()));
        self.price_view(id)
    }

    /// Changes a price that was set: what it was stays in the log.
    pub fn change_set_price(&self, actor: &Actor, id: PriceId, form: &SetPriceForm) -> Result<SetPriceView> {
        self.patch_price(actor, id, |reader, row| {
            let product = reader.product(row.product)?.ok_or(Code::NotFound)?;
            let fields = price_fields(reader, &product, form)?;
            must_at(reader, actor, form.branch.map(BranchId::from_uuid))?;
            Ok(fields)
        })
    }

    /// Takes a price back. It stays in the history.
    pub fn end_price(&self, actor: &Actor, id: PriceId) -> Result<SetPriceView> {
        let now = self.edges.now();
        self.patch_price(actor, id, |_, row| {
            Ok(match row.ended_ms {
                Some(_) => vec![],
                None => vec![(price_field::ENDED_MS, Value::Int(now.0))],
            })
        })
    }

    fn patch_price(
        &self,
        actor: &Actor,
        id: PriceId,
        fields: impl FnOnce(&Reader<'_>, &PriceRow) -> Result<Vec<(Field, Value)>>,
    ) -> Result<SetPriceView> {
        let product = self.store.write(self.edges.now(), |tx| -> Result<ProductId> {
            let row = tx.reader().set_price(id)?.ok_or(Code::NotFound)?;
            must_at(&tx.reader(), actor, row.branch)?;
            let fields = fields(&tx.reader(), &row)?;
            if let Some(patch) = patched(tx.reader().price_record(id)?, id.bytes(), fields) {
                tx.record(Some(actor.staff), &Body::PriceSet(patch))?;
            }
            Ok(row.product)
        })?;
        self.live.tell("product", Some(product.to_string()));
        self.price_view(id)
    }

    fn price_view(&self, id: PriceId) -> Result<SetPriceView> {
        let row = self.store.read(|r| r.set_price(id))?.ok_or(Code::NotFound)?;
        Ok(view_of(&row, self.price_day()))
    }

    pub fn levels(&self, archived_too: bool) -> Result<Page<LevelView>> {
        let rows = self.store.read(|r| levels(r, archived_too))?;
        Ok(Page::whole(rows.iter().map(LevelView::from).collect()))
    }

    pub fn add_level(&self, actor: &Actor, form: &LevelForm) -> Result<LevelView> {
        let id = form
            .id
            .ok_or_else(|| AppError::field("id", "the client makes the id"))?;
        let id = LevelId::from_uuid(id);
        let content = content_of("level", form)?;
        self.write_once(id.bytes(), &content, |tx| {
            let reader = tx.reader();
            if id == WHOLESALE_ID || reader.level_record(id)?.is_some() {
                return Err(Code::IdReused.into());
            }
            if levels(&reader, false)?.len() >= MOST_LEVELS {
                return Err(AppError::field("name", format!("at most {MOST_LEVELS} levels")));
            }
            let fields = level_fields(&reader, form)?;
            let record = id.bytes();
            Ok(tx.record(Some(actor.staff), &Body::LevelSet(PatchV1 { record, fields }))?)
        })?;
        self.live.tell("level", None);
        self.level_view(id)
    }

    pub fn edit_level(&self, actor: &Actor, key: &str, form: &LevelForm) -> Result<LevelView> {
        self.patch_level(actor, key, |reader| level_fields(reader, form))
    }

    pub fn archive_level(&self, actor: &Actor, key: &str) -> Result<LevelView> {
        let now = self.edges.now();
        self.patch_level(actor, key, |_| {
            Ok(vec![(level_field::ARCHIVED_MS, Value::Int(now.0))])
        })
    }

    pub fn restore_level(&self, actor: &Actor, key: &str) -> Result<LevelView> {
        self.patch_level(actor, key, |_| Ok(vec![(level_field::ARCHIVED_MS, Value::Null)]))
    }

    fn patch_level(
        &self,
        actor: &Actor,
        key: &str,
        fields: impl FnOnce(&Reader<'_>) -> Result<Vec<(Field, Value)>>,
    ) -> Result<LevelView> {
        let id = id_of(key).ok_or(Code::NotFound)?;
        self.store.write(self.edges.now(), |tx| -> Result<()> {
            let reader = tx.reader();
            let old = reader.level_record(id)?;
            let mut wanted = fields(&reader)?;
            if old.is_none() {
                if id != WHOLESALE_ID {
                    return Err(Code::NotFound.into());
                }
                // What it was without anybody having said so.
                let said: Vec<Field> = wanted.iter().map(|(field, _)| *field).collect();
                let types = Value::List(wholesale().customer_types);
                for (field, value) in [
                    (level_field::NAME, Value::Text(String::new())),
                    (level_field::CUSTOMER_TYPES, types),
                    (level_field::STEP_MINOR, Value::Int(1)),
                ] {
                    if !said.contains(&field) {
                        wanted.push((field, value));
                    }
                }
            }
            if let Some(patch) = patched(old, id.bytes(), wanted) {
                tx.record(Some(actor.staff), &Body::LevelSet(patch))?;
            }
            Ok(())
        })?;
        self.live.tell("level", None);
        self.level_view(id)
    }

    fn level_view(&self, id: LevelId) -> Result<LevelView> {
        let row = self.store.read(|r| r.level(id))?.ok_or(Code::NotFound)?;
        Ok(LevelView::from(&row))
    }
}

/// How the plain prices changed, newest first. Setting a price to what it was is no change.
fn changes(reader: &Reader<'_>, product: &ProductRow) -> Result<Vec<PriceChangeView>> {
    const MOST: usize = 2_000;
    let mut rows = reader.price_changes(product.id, MOST)?;
    rows.reverse();
    let mut last: BTreeMap<String, Option<i64>> = BTreeMap::new();
    let mut views = vec![];
    for row in rows {
        let was = last.insert(row.unit.clone(), row.minor);
        if was == Some(row.minor) {
            continue;
        }
        // A unit that began to cost what it holds has no figure of its own to show.
        let Some(price_minor) = row.minor else { continue };
        views.push(PriceChangeView {
            at: rfc3339(Moment(row.at_ms)),
            unit: if row.unit.is_empty() {
                product.unit.clone()
            } else {
                row.unit
            },
            price_minor,
            was_minor: was.flatten(),
            by: row.staff.map(|s| s.uuid()),
        });
    }
    views.reverse();
    Ok(views)
}
