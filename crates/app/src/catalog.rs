//! Products and categories: adding, changing, archiving, finding, and the grid in one piece.

use crate::{
    Actor, AppError, Code, Kind, Names, Page, Result, Shop,
    cart::WriteId,
    prices::{self, PriceQuestion},
    runs::{Register, Run},
    settings::{LANGUAGES, patched},
    staff::HUES,
    wire::{content_of, optional_text, rfc3339, text},
};
use domain::{
    ids::{BranchId, BrandId, CategoryId, CommandId, ModifierGroupId, PictureId, ProductId, TaxClassId},
    prices::Day,
    quantity::{Quantity, Unit},
    time::Moment,
};
use journal::{
    Body,
    fields::{category as category_field, product as product_field},
    register::{Field, PatchV1, Value},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use store::{
    Reader, Write,
    catalog::{CategoryRow, ProductOrder, ProductQuery, ProductRow, UnitRow},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// Prices stay below a million million of the smallest unit: enough for any shop, far from any overflow.
pub(crate) const MOST_MINOR: i64 = 1_000_000_000_000;
const MOST_BARCODES: usize = 20;
const MOST_UNITS: usize = 12;
const MOST_GROUPS: usize = 12;
const MOST_PARTS: usize = 40;
/// How many products the grid gets at once. Beyond, it searches.
pub const GRID: usize = 500;

/// What stands on a product's tile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Art {
    /// One of the drawings, by name.
    Glyph { glyph: String },
    /// The first two letters of the name.
    Letters {},
}

impl Art {
    pub(crate) fn read(kept: &str) -> Art {
        match kept.strip_prefix("glyph:") {
            Some(glyph) => Art::Glyph {
                glyph: glyph.to_owned(),
            },
            None => Art::Letters {},
        }
    }

    fn kept(&self) -> Result<String> {
        match self {
            Art::Letters {} => Ok("letters".to_owned()),
            Art::Glyph { glyph } => {
                let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
                if glyph.is_empty() || glyph.len() > 40 || !glyph.chars().all(plain) {
                    return Err(AppError::field("art", "not the name of a drawing"));
                }
                Ok(format!("glyph:{glyph}"))
            }
        }
    }
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProductView {
    pub id: Uuid,
    pub name: String,
    pub names: Names,
    pub sku: Option<String>,
    /// The catalogue's price of one.
    pub price_minor: i64,
    /// What this device's branch asks for one today, of whoever is nobody in particular: what the till shows.
    pub here_minor: i64,
    pub unit: String,
    pub category: Option<Uuid>,
    pub barcodes: Vec<String>,
    pub art: Art,
    pub available: bool,
    /// Branches at which it is not sold.
    pub hidden_at: Vec<Uuid>,
    /// It is not sold at this device's branch.
    pub hidden_here: bool,
    pub favourite: bool,
    pub position: i64,
    /// The price is typed at the till; `price_minor` is only the suggestion.
    pub open_price: bool,
    pub archived_at: Option<String>,
    pub sample: bool,
    /// Null: the shop's usual one.
    pub tax_class: Option<Uuid>,
    /// The HSN or SAC code in India, a national code of goods elsewhere.
    pub hsn: Option<String>,
    pub brand: Option<Uuid>,
    /// The other units it is sold by; `unit` is the one that stock is kept in.
    pub units: Vec<UnitView>,
    /// The product this is a variant of.
    pub variant_of: Option<Uuid>,
    pub variant: Vec<VariantValue>,
    /// What there is to choose between its variants. Such a product is never sold itself.
    pub choices: Vec<Choice>,
    pub modifiers: Vec<Uuid>,
    /// What a bundle holds.
    pub parts: Vec<Part>,
    /// Its picture is at /api/v1/pictures/{id}.
    pub picture: Option<Uuid>,
    /// Something has to be chosen before it can be sold: a variant, or a modifier.
    pub asks: bool,
}

/// A unit that a product is sold by beside its base unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnitView {
    /// As in `unit`; a shop's own counted unit begins with `=`, a measured one with `~`.
    pub unit: String,
    /// How much of the base unit is in one.
    pub holds: String,
    /// What one costs.
    pub price_minor: i64,
    /// It has a price of its own; else it costs what it holds.
    pub own_price: bool,
    pub barcodes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitForm {
    pub unit: String,
    /// How much of the base unit is in one, a decimal of at most three places.
    pub holds: String,
    /// Nothing: what it holds times the base unit's price.
    pub price_minor: Option<i64>,
    #[serde(default)]
    pub barcodes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantValue {
    pub name: String,
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub name: String,
    pub values: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub product: Uuid,
    /// In that product's base unit.
    pub quantity: String,
}

impl From<&ProductRow> for ProductView {
    fn from(row: &ProductRow) -> ProductView {
        ProductView {
            id: row.id.uuid(),
            name: row.name.clone(),
            names: row.names.clone(),
            sku: row.sku.clone(),
            price_minor: row.price_minor,
            here_minor: row.price_minor,
            unit: row.unit.clone(),
            category: row.category.map(|c| c.uuid()),
            barcodes: row.barcodes.clone(),
            art: Art::read(&row.art),
            available: row.available,
            hidden_at: vec![],
            hidden_here: false,
            favourite: row.favourite,
            position: row.position,
            open_price: row.open_price,
            archived_at: row.archived_ms.map(|ms| rfc3339(Moment(ms))),
            sample: row.sample,
            tax_class: row.tax_class.map(Uuid::from_bytes),
            hsn: Some(row.hsn.clone()).filter(|hsn| !hsn.is_empty()),
            brand: row.brand.map(|b| b.uuid()),
            units: row
                .units
                .iter()
                .map(|unit| UnitView {
                    unit: unit.unit.clone(),
                    holds: decimal(unit.base_milli),
                    price_minor: prices::plain_of_unit(row, unit),
                    own_price: unit.price_minor.is_some(),
                    barcodes: unit.barcodes.clone(),
                })
                .collect(),
            variant_of: row.variant_of.map(|p| p.uuid()),
            variant: row
                .variant
                .iter()
                .map(|(name, value)| VariantValue {
                    name: name.clone(),
                    value: value.clone(),
                })
                .collect(),
            choices: row
                .choices
                .iter()
                .map(|(name, values)| Choice {
                    name: name.clone(),
                    values: values.clone(),
                })
                .collect(),
            modifiers: row.modifiers.iter().map(|g| g.uuid()).collect(),
            parts: row
                .parts
                .iter()
                .map(|(product, milli)| Part {
                    product: product.uuid(),
                    quantity: decimal(*milli),
                })
                .collect(),
            picture: row.picture.map(|p| p.uuid()),
            asks: !row.choices.is_empty(),
        }
    }
}

/// Thousandths as the shortest decimal.
pub(crate) fn decimal(milli: i64) -> String {
    Decimal::new(milli, 3).normalize().to_string()
}

/// What products do not say of themselves: which ask something before they can be sold (their groups tell, and those
/// change), which are not sold at every branch, and what is asked for them here and today.
pub(crate) struct Asking<'r> {
    reader: &'r Reader<'r>,
    groups: BTreeSet<ModifierGroupId>,
    hidden: BTreeMap<ProductId, Vec<BranchId>>,
    here: Option<BranchId>,
    day: Day,
    /// Where nobody ever set a price there is none to look for.
    priced: bool,
}

impl<'r> Asking<'r> {
    pub(crate) fn of(reader: &'r Reader<'r>, day: Day) -> Result<Asking<'r>> {
        let groups = reader.modifier_groups(false)?;
        Ok(Asking {
            reader,
            day,
            priced: reader.any_price_is_set()?,
            groups: groups.iter().filter(|g| g.least > 0).map(|g| g.id).collect(),
            hidden: reader.hidden_products()?,
            here: reader.own_branch()?,
        })
    }

    pub(crate) fn view(&self, row: &ProductRow) -> Result<ProductView> {
        let mut view = ProductView::from(row);
        view.here_minor = self.price(row)?;
        view.asks |= row.modifiers.iter().any(|group| self.groups.contains(group));
        // A variant is where its product is.
        let hidden = [Some(row.id), row.variant_of];
        for branch in hidden
            .iter()
            .flatten()
            .filter_map(|id| self.hidden.get(id))
            .flatten()
        {
            view.hidden_here |= Some(*branch) == self.here;
            view.hidden_at.push(branch.uuid());
        }
        Ok(view)
    }

    fn price(&self, row: &ProductRow) -> Result<i64> {
        let (true, Ok(unit)) = (self.priced, prices::base_unit(row)) else {
            return Ok(row.price_minor);
        };
        let question = PriceQuestion {
            quantity: Quantity::one(unit),
            level: None,
            customer_level: None,
            customer: None,
            customer_type: None,
            day: self.day,
        };
        match prices::unit_price(self.reader, row, &question) {
            Ok(answer) => Ok(answer.minor),
            // The cart refuses it with the reason; a list is there all the same.
            Err(error) if error.code.kind() == Kind::Refused => Ok(row.price_minor),
            Err(error) => Err(error),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductForm {
    /// Made by the client; needed when adding.
    pub id: Option<Uuid>,
    pub name: String,
    #[serde(default)]
    pub names: Names,
    pub sku: Option<String>,
    pub price_minor: i64,
    /// piece, plate, cup, glass, bowl, box, pack, bottle, kg, g, l, ml, m or hour; a unit of the shop's own is its
    /// word after `=` (counted) or `~` (measured)
    #[serde(default = "piece")]
    pub unit: String,
    pub category: Option<Uuid>,
    #[serde(default)]
    pub barcodes: Vec<String>,
    #[serde(default = "letters")]
    pub art: Art,
    #[serde(default = "yes")]
    pub available: bool,
    #[serde(default)]
    pub favourite: bool,
    #[serde(default)]
    pub position: i64,
    #[serde(default)]
    pub open_price: bool,
    pub tax_class: Option<Uuid>,
    pub hsn: Option<String>,
    pub brand: Option<Uuid>,
    /// The other units it is sold by; left out, they stay as they are. So for the lists below.
    pub units: Option<Vec<UnitForm>>,
    /// The modifier groups that it asks, in their order.
    pub modifiers: Option<Vec<Uuid>>,
    /// What a bundle holds.
    pub parts: Option<Vec<Part>>,
    pub picture: Option<Uuid>,
}

impl Default for ProductForm {
    fn default() -> ProductForm {
        ProductForm {
            id: None,
            name: String::new(),
            names: Names::new(),
            sku: None,
            price_minor: 0,
            unit: piece(),
            category: None,
            barcodes: vec![],
            art: letters(),
            available: true,
            favourite: false,
            position: 0,
            open_price: false,
            tax_class: None,
            hsn: None,
            brand: None,
            units: None,
            modifiers: None,
            parts: None,
            picture: None,
        }
    }
}

fn piece() -> String {
    Unit::Piece.as_str().to_owned()
}

fn letters() -> Art {
    Art::Letters {}
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CategoryView {
    pub id: Uuid,
    pub name: String,
    pub names: Names,
    pub hue: String,
    pub parent: Option<Uuid>,
    pub position: i64,
    pub active: bool,
    pub archived_at: Option<String>,
    pub sample: bool,
}

impl From<&CategoryRow> for CategoryView {
    fn from(row: &CategoryRow) -> CategoryView {
        CategoryView {
            id: row.id.uuid(),
            name: row.name.clone(),
            names: row.names.clone(),
            hue: row.hue.clone(),
            parent: row.parent.map(|p| p.uuid()),
            position: row.position,
            active: row.active,
            archived_at: row.archived_ms.map(|ms| rfc3339(Moment(ms))),
            sample: row.sample,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryForm {
    pub id: Option<Uuid>,
    pub name: String,
    #[serde(default)]
    pub names: Names,
    /// rose, amber, coral, leaf, teal, olive, iris or plum
    pub hue: String,
    pub parent: Option<Uuid>,
    #[serde(default)]
    pub position: i64,
    #[serde(default = "yes")]
    pub active: bool,
}

/// All that the till's grid needs at once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CatalogView {
    pub categories: Vec<CategoryView>,
    pub products: Vec<ProductView>,
    /// The shop has more products than these: search asks the core.
    pub more: bool,
    /// When the business day ends, and with it what holds for days.
    pub until: String,
}

#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProductFilter {
    pub q: Option<String>,
    pub category: Option<Uuid>,
    pub archived: Option<bool>,
    /// Every variant as a product of its own.
    pub variants: Option<bool>,
    /// grid, name or popular
    pub sort: Option<String>,
    pub limit: Option<usize>,
    pub after: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePrices {
    pub id: Uuid,
    /// Only this category; all products when left out.
    pub category: Option<Uuid>,
    /// Only this brand.
    pub brand: Option<Uuid>,
    /// A decimal between -90 and 900.
    pub percent: String,
    /// Prices become multiples of this.
    pub round_to_minor: Option<i64>,
    #[serde(default)]
    pub dry_run: bool,
}

/// A product, its new price, and the fields that say so.
type Repriced = (ProductRow, i64, Vec<(Field, Value)>);

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PricesChanged {
    pub changed: usize,
    pub examples: Vec<PriceExample>,
    /// What takes it back; null for a dry run and when nothing changed.
    #[serde(default)]
    pub run: Option<Uuid>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PriceExample {
    pub id: Uuid,
    pub name: String,
    pub from_minor: i64,
    pub to_minor: i64,
}

/// A product's fields, checked, as the register keeps them.
pub(crate) fn product_fields(form: &ProductForm) -> Result<Vec<(Field, Value)>> {
    if !(0..=MOST_MINOR).contains(&form.price_minor) {
        return Err(AppError::field(
            "price_minor",
            "a price is 0 or more, and not that large",
        ));
    }
    let unit: Unit = form.unit.parse().map_err(|e| AppError::field("unit", e))?;
    if form.barcodes.len() > MOST_BARCODES {
        return Err(AppError::field(
            "barcodes",
            format!("at most {MOST_BARCODES} barcodes"),
        ));
    }
    let mut barcodes = Vec::new();
    for barcode in &form.barcodes {
        let barcode = text("barcodes", barcode, 64)?;
        if !barcodes.contains(&barcode) {
            barcodes.push(barcode);
        }
    }
    let mut fields = vec![
        (product_field::NAME, Value::Text(text("name", &form.name, 120)?)),
        (product_field::NAMES, names(&form.names)?),
        (
            product_field::SKU,
            optional_text("sku", form.sku.as_deref(), 40)?.map_or(Value::Null, Value::Text),
        ),
        (product_field::PRICE_MINOR, Value::Int(form.price_minor)),
        (product_field::UNIT, Value::Text(unit.as_str().to_owned())),
        (product_field::CATEGORY, id_value(form.category)),
        (product_field::BARCODES, Value::List(barcodes)),
        (product_field::ART, Value::Text(form.art.kept()?)),
        (product_field::AVAILABLE, Value::Bool(form.available)),
        (product_field::FAVOURITE, Value::Bool(form.favourite)),
        (product_field::POSITION, Value::Int(form.position)),
        (product_field::OPEN_PRICE, Value::Bool(form.open_price)),
        (product_field::TAX_CLASS, id_value(form.tax_class)),
        (
            product_field::HSN,
            hsn(form.hsn.as_deref())?.map_or(Value::Null, Value::Text),
        ),
        (product_field::BRAND, id_value(form.brand)),
        (product_field::PICTURE, id_value(form.picture)),
    ];
    if let Some(units) = &form.units {
        fields.push((product_field::UNITS, units_value(unit, &form.barcodes, units)?));
    }
    if let Some(groups) = &form.modifiers {
        if groups.len() > MOST_GROUPS {
            return Err(AppError::field(
                "modifiers",
                format!("at most {MOST_GROUPS} groups"),
            ));
        }
        let mut list: Vec<String> = vec![];
        for group in groups.iter().map(Uuid::to_string) {
            if !list.contains(&group) {
                list.push(group);
            }
        }
        fields.push((product_field::MODIFIERS, Value::List(list)));
    }
    if let Some(parts) = &form.parts {
        fields.push((product_field::PARTS, parts_value(parts)?));
    }
    Ok(fields)
}

/// The other units, checked: each once, none the base unit, each holding something.
fn units_value(base: Unit, base_barcodes: &[String], units: &[UnitForm]) -> Result<Value> {
    if units.len() > MOST_UNITS {
        return Err(AppError::field("units", format!("at most {MOST_UNITS} units")));
    }
    let mut seen = vec![base];
    let mut codes: BTreeSet<String> = base_barcodes.iter().map(|b| b.trim().to_owned()).collect();
    let mut list = vec![];
    for form in units {
        let unit: Unit = form.unit.parse().map_err(|e| AppError::field("units", e))?;
        if seen.contains(&unit) {
            return Err(AppError::field("units", "this unit is there twice").hint("unit", unit.word()));
        }
        seen.push(unit);
        let holds = held("units", &form.holds)?;
        // Nothing that is counted comes in halves, so a box holds whole pieces.
        if !base.is_measured() && !unit.is_measured() && holds % 1000 != 0 {
            return Err(AppError::field("units", "it must hold a whole number").hint("unit", unit.word()));
        }
        if form
            .price_minor
            .is_some_and(|minor| !(0..=MOST_MINOR).contains(&minor))
        {
            return Err(AppError::field(
                "units",
                "a price is 0 or more, and not that large",
            ));
        }
        if form.barcodes.len() > MOST_BARCODES {
            return Err(AppError::field(
                "units",
                format!("at most {MOST_BARCODES} barcodes"),
            ));
        }
        let mut barcodes = vec![];
        for barcode in &form.barcodes {
            let barcode = text("units", barcode, 64)?;
            if !codes.insert(barcode.clone()) {
                return Err(AppError::field("units", "this barcode is there twice").hint("barcode", barcode));
            }
            barcodes.push(barcode);
        }
        list.extend([
            unit.as_str().to_owned(),
            holds.to_string(),
            form.price_minor
                .map(|minor| minor.to_string())
                .unwrap_or_default(),
            barcodes.join("\n"),
        ]);
    }
    Ok(Value::List(list))
}

/// Units as the register keeps them.
pub(crate) fn kept_units(units: &[UnitRow]) -> Value {
    Value::List(
        units
            .iter()
            .flat_map(|unit| {
                [
                    unit.unit.clone(),
                    unit.base_milli.to_string(),
                    unit.price_minor
                        .map(|minor| minor.to_string())
                        .unwrap_or_default(),
                    unit.barcodes.join("\n"),
                ]
            })
            .collect(),
    )
}

fn parts_value(parts: &[Part]) -> Result<Value> {
    if parts.len() > MOST_PARTS {
        return Err(AppError::field("parts", format!("at most {MOST_PARTS} parts")));
    }
    let mut seen = BTreeSet::new();
    let mut list = vec![];
    for part in parts {
        if !seen.insert(part.product) {
            return Err(AppError::field("parts", "this part is there twice"));
        }
        list.push(part.product.to_string());
        list.push(held("parts", &part.quantity)?.to_string());
    }
    Ok(Value::List(list))
}

/// A decimal above nothing, as thousandths.
pub(crate) fn held(field: &str, typed: &str) -> Result<i64> {
    let quantity = Quantity::parse(typed, Unit::Kilogram).map_err(|e| AppError::field(field, e))?;
    domain::quantity::check_conversion(quantity.milli()).map_err(|e| AppError::field(field, e))?;
    Ok(quantity.milli())
}

/// A code of goods as the tax office spells it: digits, letters and dots, blanks taken out.
fn hsn(typed: Option<&str>) -> Result<Option<String>> {
    let code: String = typed
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    if code.is_empty() {
        return Ok(None);
    }
    if code.len() > 20 || !code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.') {
        return Err(AppError::field(
            "hsn",
            "digits, letters and dots only, at most 20",
        ));
    }
    Ok(Some(code))
}

pub(crate) fn category_fields(form: &CategoryForm) -> Result<Vec<(Field, Value)>> {
    if !HUES.contains(&form.hue.as_str()) {
        return Err(AppError::field("hue", "not one of the choices"));
    }
    Ok(vec![
        (category_field::NAME, Value::Text(text("name", &form.name, 60)?)),
        (category_field::NAMES, names(&form.names)?),
        (category_field::HUE, Value::Text(form.hue.clone())),
        (category_field::PARENT, id_value(form.parent)),
        (category_field::POSITION, Value::Int(form.position)),
        (category_field::ACTIVE, Value::Bool(form.active)),
    ])
}

pub(crate) fn names(names: &Names) -> Result<Value> {
    let mut list = Vec::new();
    for (language, name) in names {
        if !LANGUAGES.contains(&language.as_str()) {
            return Err(AppError::field("names", "not one of the languages"));
        }
        if let Some(name) = optional_text("names", Some(name), 120)? {
            list.push(language.clone());
            list.push(name);
        }
    }
    Ok(Value::List(list))
}

fn id_value(id: Option<Uuid>) -> Value {
    id.map_or(Value::Null, |id| Value::Bytes(id.as_bytes().to_vec()))
}

/// The rules that need the other products: barcode and SKU are one product's only, the category exists.
pub(crate) fn check_against_others(reader: &Reader<'_>, id: ProductId, form: &ProductForm) -> Result<()> {
    let of_units = form.units.iter().flatten().flat_map(|unit| &unit.barcodes);
    for barcode in form.barcodes.iter().chain(of_units) {
        if let Some(other) = reader.product_by_code(barcode.trim())?
            && other.id != id
        {
            return Err(AppError::new(Code::BarcodeTaken)
                .hint("barcode", barcode.as_str())
                .hint("product", other.name));
        }
    }
    if let Some(sku) = form.sku.as_deref().map(str::trim).filter(|s| !s.is_empty())
        && let Some(other) = reader.product_by_code(sku)?
        && other.id != id
    {
        return Err(AppError::new(Code::SkuTaken)
            .hint("sku", sku)
            .hint("product", other.name));
    }
    if let Some(category) = form.category
        && reader.category(CategoryId::from_uuid(category))?.is_none()
    {
        return Err(AppError::field("category", "there is no such category"));
    }
    if let Some(class) = form.tax_class
        && reader
            .tax_class(TaxClassId::from_uuid(class))?
            .is_none_or(|c| c.archived_ms.is_some())
    {
        return Err(AppError::field("tax_class", "there is no such tax class"));
    }
    if let Some(brand) = form.brand
        && reader.brand_record(BrandId::from_uuid(brand))?.is_none()
    {
        return Err(AppError::field("brand", "there is no such brand"));
    }
    if let Some(picture) = form.picture
        && !reader.has_picture(PictureId::from_uuid(picture))?
    {
        return Err(AppError::field("picture", "there is no such picture"));
    }
    for group in form.modifiers.iter().flatten() {
        if reader
            .modifier_group(ModifierGroupId::from_uuid(*group))?
            .is_none()
        {
            return Err(AppError::field("modifiers", "there is no such group"));
        }
    }
    check_parts(reader, id, form)?;
    // The units that stay as they are were counted in the base unit that was.
    if form.units.is_none()
        && let Some(old) = reader.product(id)?
        && !old.units.is_empty()
        && old.unit != form.unit
    {
        return Err(AppError::field("unit", "its other units are counted in this one"));
    }
    Ok(())
}

/// What a bundle holds exists, is sold itself, and is no bundle: what one sale takes from stock stays easy to see.
fn check_parts(reader: &Reader<'_>, id: ProductId, form: &ProductForm) -> Result<()> {
    for part in form.parts.iter().flatten() {
        let wrong = |why: &str| Err(AppError::field("parts", why).hint("product", part.product.to_string()));
        let part_id = ProductId::from_uuid(part.product);
        if part_id == id {
            return wrong("a bundle cannot hold itself");
        }
        let Some(row) = reader.product(part_id)? else {
            return wrong("there is no such product");
        };
        if !row.parts.is_empty() {
            return wrong("a bundle cannot hold a bundle");
        }
        if !row.choices.is_empty() {
            return wrong("choose one of its variants");
        }
        let unit: Unit = row.unit.parse().map_err(|e| AppError::field("parts", e))?;
        Quantity::parse(&part.quantity, unit).map_err(|e| AppError::field("parts", e))?;
    }
    if form.parts.as_ref().is_some_and(|parts| !parts.is_empty()) && reader.is_part(id)? {
        return Err(AppError::field("parts", "it is part of a bundle itself"));
    }
    Ok(())
}

/// Writes a new product with its catalogue number.
pub(crate) fn record_new_product(
    tx: &mut Write<'_>,
    staff: Option<domain::ids::StaffId>,
    id: ProductId,
    mut fields: Vec<(Field, Value)>,
    sample: bool,
) -> Result<()> {
    fields.push((product_field::SHORT, Value::Int(tx.next_short_number()?)));
    fields.push((product_field::SAMPLE, Value::Bool(sample)));
    Ok(tx.record(
        staff,
        &Body::ProductSet(PatchV1 {
            record: id.bytes(),
            fields,
        }),
    )?)
}

/// Variants that cost what their product cost go on doing so.
fn reprice_variants(
    tx: &mut Write<'_>,
    actor: &Actor,
    before: &ProductRow,
    after: &ProductRow,
) -> Result<()> {
    if before.price_minor == after.price_minor {
        return Ok(());
    }
    for variant in tx.reader().variants_of(before.id)? {
        if variant.price_minor != before.price_minor {
            continue;
        }
        let fields = vec![(product_field::PRICE_MINOR, Value::Int(after.price_minor))];
        if let Some(patch) = patched(
            tx.reader().product_record(variant.id)?,
            variant.id.bytes(),
            fields,
        ) {
            tx.record(Some(actor.staff), &Body::ProductSet(patch))?;
        }
    }
    Ok(())
}

impl Shop {
    pub fn catalog(&self) -> Result<CatalogView> {
        let day = self.price_day();
        self.store.read(|r| {
            let query = ProductQuery {
                limit: GRID + 1,
                ..ProductQuery::default()
            };
            let mut rows = r.products(ProductOrder::Grid, &query)?;
            let more = rows.len() > GRID;
            rows.truncate(GRID);
            let asking = Asking::of(r, day)?;
            Ok(CatalogView {
                categories: r.categories(false)?.iter().map(CategoryView::from).collect(),
                products: rows.iter().map(|row| asking.view(row)).collect::<Result<_>>()?,
                more,
                until: rfc3339(self.price_day_ends()),
            })
        })
    }

    pub fn products(&self, filter: &ProductFilter) -> Result<Page<ProductView>> {
        let limit = filter.limit.unwrap_or(100).clamp(1, GRID);
        let typed = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
        if typed.is_some_and(|q| q.chars().count() > 200) {
            return Ok(Page::whole(vec![]));
        }
        let day = self.price_day();
        self.store.read(|r| {
            let asking = Asking::of(r, day)?;
            if let Some(typed) = typed {
                let category = filter.category.map(CategoryId::from_uuid);
                let rows = r.search_products(typed, limit)?;
                let fits = |row: &&ProductRow| category.is_none() || row.category == category;
                let views = rows.iter().filter(fits).map(|row| asking.view(row));
                return Ok(Page::whole(views.collect::<Result<_>>()?));
            }
            let order = match filter.sort.as_deref() {
                None | Some("grid") => ProductOrder::Grid,
                Some("name") => ProductOrder::Name,
                Some("popular") => ProductOrder::Popular,
                Some(_) => return Err(AppError::field("sort", "grid, name or popular")),
            };
            let after = match &filter.after {
                None => None,
                Some(n) => Some(
                    n.parse()
                        .map_err(|_| AppError::field("after", "this is not a cursor of this list"))?,
                ),
            };
            let query = ProductQuery {
                category: filter.category.map(CategoryId::from_uuid),
                archived: filter.archived.unwrap_or(false),
                variants: filter.variants.unwrap_or(false),
                limit: limit + 1,
                after,
            };
            let mut rows = r.products(order, &query)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|row| row.n.to_string());
            Ok(Page {
                items: rows.iter().map(|row| asking.view(row)).collect::<Result<_>>()?,
                next,
            })
        })
    }

    pub fn product(&self, id: ProductId) -> Result<ProductView> {
        let day = self.price_day();
        self.store.read(|r| {
            let row = r.product(id)?.ok_or(Code::NotFound)?;
            Asking::of(r, day)?.view(&row)
        })
    }

    pub fn add_product(&self, actor: &Actor, form: &ProductForm) -> Result<ProductView> {
        let id = form
            .id
            .ok_or_else(|| AppError::field("id", "the client makes the id"))?;
        let id = ProductId::from_uuid(id);
        let fields = product_fields(form)?;
        let content = content_of("product", form)?;
        self.write_once(id.bytes(), &content, |tx| {
            if tx.reader().product(id)?.is_some() {
                return Err(Code::IdReused.into());
            }
            check_against_others(&tx.reader(), id, form)?;
            record_new_product(tx, Some(actor.staff), id, fields, false)
        })?;
        self.live.tell("product", Some(id.to_string()));
        self.product(id)
    }

    pub fn edit_product(&self, actor: &Actor, id: ProductId, form: &ProductForm) -> Result<ProductView> {
        let mut fields = product_fields(form)?;
        // What somebody touched is theirs, not a sample any more.
        fields.push((product_field::SAMPLE, Value::Bool(false)));
        self.patch_product(actor, id, fields, |reader| check_against_others(reader, id, form))
    }

    pub fn archive_product(&self, actor: &Actor, id: ProductId) -> Result<ProductView> {
        let now = self.edges.now();
        self.patch_product(
            actor,
            id,
            vec![(product_field::ARCHIVED_MS, Value::Int(now.0))],
            |_| Ok(()),
        )
    }

    pub fn restore_product(&self, actor: &Actor, id: ProductId, _request: &WriteId) -> Result<ProductView> {
        self.patch_product(
            actor,
            id,
            vec![(product_field::ARCHIVED_MS, Value::Null)],
            |reader| {
                let Some(row) = reader.product(id)? else {
                    return Err(Code::NotFound.into());
                };
                let of_units = row.units.iter().flat_map(|unit| &unit.barcodes);
                for code in row.barcodes.iter().chain(of_units).chain(&row.sku) {
                    if let Some(other) = reader.product_by_code(code)?
                        && other.id != id
                    {
                        return Err(AppError::new(Code::BarcodeTaken)
                            .hint("barcode", code.as_str())
                            .hint("product", other.name));
                    }
                }
                Ok(())
            },
        )
    }

    fn patch_product(
        &self,
        actor: &Actor,
        id: ProductId,
        fields: Vec<(Field, Value)>,
        check: impl FnOnce(&Reader<'_>) -> Result<()>,
    ) -> Result<ProductView> {
        let changed = self.store.write(self.edges.now(), |tx| {
            let old = tx
                .reader()
                .product_record(id)?
                .ok_or(AppError::new(Code::NotFound))?;
            check(&tx.reader())?;
            let before = tx.reader().product(id)?;
            let Some(patch) = patched(Some(old), id.bytes(), fields) else {
                return Ok::<_, AppError>(false);
            };
            tx.record(Some(actor.staff), &Body::ProductSet(patch))?;
            if let (Some(before), Some(after)) = (before, tx.reader().product(id)?) {
                reprice_variants(tx, actor, &before, &after)?;
            }
            Ok(true)
        })?;
        if changed {
            self.live.tell("product", Some(id.to_string()));
        }
        self.product(id)
    }

    /// Archives every sample product that nobody has touched; says how many.
    pub fn archive_samples(&self, actor: &Actor, request: &WriteId) -> Result<PricesChanged> {
        let content = content_of("samples", request)?;
        let now = self.edges.now();
        let answer = self.write_once(*request.id.as_bytes(), &content, |tx| {
            let mut changed = 0;
            let query = ProductQuery {
                limit: usize::from(u16::MAX),
                ..ProductQuery::default()
            };
            for row in tx
                .reader()
                .products(ProductOrder::Grid, &query)?
                .iter()
                .filter(|row| row.sample)
            {
                tx.may_part()?;
                let fields = vec![(product_field::ARCHIVED_MS, Value::Int(now.0))];
                tx.record(
                    Some(actor.staff),
                    &Body::ProductSet(PatchV1 {
                        record: row.id.bytes(),
                        fields,
                    }),
                )?;
                changed += 1;
            }
            Ok(PricesChanged {
                changed,
                examples: vec![],
                run: None,
            })
        })?;
        self.live.tell("product", None);
        Ok(answer)
    }

    /// Changes many prices by a percentage; a dry run only says what would happen.
    pub fn change_prices(&self, actor: &Actor, request: &ChangePrices) -> Result<PricesChanged> {
        use domain::money::{Money, Rounding};
        let percent: Decimal = request
            .percent
            .trim()
            .parse()
            .map_err(|_| AppError::field("percent", "this is not a number"))?;
        if percent < Decimal::from(-90) || percent > Decimal::from(900) {
            return Err(AppError::field("percent", "between -90 and 900"));
        }
        let step = request.round_to_minor.unwrap_or(1);
        if !(1..=1_000_000).contains(&step) {
            return Err(AppError::field("round_to_minor", "between 1 and 1000000"));
        }
        let new_price = |old: i64| -> Result<i64> {
            let change = Money::from_minor(old)
                .percent(percent, Rounding::HalfUp)
                .and_then(|c| Money::from_minor(old).checked_add(c))
                .map_err(|e| AppError::new(Code::PriceTooLarge).because(e))?;
            let rounded = (change.minor() + step / 2) / step * step;
            if rounded > MOST_MINOR {
                Err(Code::PriceTooLarge.into())
            } else {
                Ok(rounded)
            }
        };
        let wanted = |row: &ProductRow| {
            request
                .brand
                .is_none_or(|brand| row.brand.map(|b| b.uuid()) == Some(brand))
                && request
                    .category
                    .is_none_or(|category| row.category.map(|c| c.uuid()) == Some(category))
        };
        let planned = |reader: &Reader<'_>| -> Result<Vec<Repriced>> {
            let query = ProductQuery {
                variants: true,
                limit: 1_000_000,
                ..ProductQuery::default()
            };
            let mut plan = vec![];
            for row in reader
                .products(ProductOrder::Grid, &query)?
                .into_iter()
                .filter(&wanted)
            {
                let new = new_price(row.price_minor)?;
                let mut fields = vec![];
                if new != row.price_minor {
                    fields.push((product_field::PRICE_MINOR, Value::Int(new)));
                }
                // A pack with a price of its own goes with its product; one without follows by itself.
                let mut units = row.units.clone();
                for unit in &mut units {
                    unit.price_minor = unit.price_minor.map(new_price).transpose()?;
                }
                if units != row.units {
                    fields.push((product_field::UNITS, kept_units(&units)));
                }
                if !fields.is_empty() {
                    plan.push((row, new, fields));
                }
            }
            Ok(plan)
        };
        let summary = |plan: &[Repriced], run| PricesChanged {
            changed: plan.len(),
            examples: plan
                .iter()
                .take(20)
                .map(|(row, new, _)| PriceExample {
                    id: row.id.uuid(),
                    name: row.name.clone(),
                    from_minor: row.price_minor,
                    to_minor: *new,
                })
                .collect(),
            run,
        };
        if request.dry_run {
            return self.store.read(|r| Ok(summary(&planned(r)?, None)));
        }
        let content = content_of("prices", request)?;
        let answer = self.write_once(*request.id.as_bytes(), &content, |tx| {
            let plan = planned(&tx.reader())?;
            let mut run = Run::begin(CommandId::from_uuid(request.id), actor);
            for (row, _, fields) in &plan {
                tx.may_part()?;
                run.change(tx, Register::Product, row.id.bytes(), fields.clone())?;
            }
            let run = run.end(tx, "prices", &percent.normalize().to_string())?;
            Ok(summary(&plan, run))
        })?;
        self.live.tell("product", None);
        Ok(answer)
    }

    pub fn categories(&self, archived_too: bool) -> Result<Page<CategoryView>> {
        let rows = self.store.read(|r| r.categories(archived_too))?;
        Ok(Page::whole(rows.iter().map(CategoryView::from).collect()))
    }

    pub fn category(&self, id: CategoryId) -> Result<CategoryView> {
        let row = self.store.read(|r| r.category(id))?.ok_or(Code::NotFound)?;
        Ok(CategoryView::from(&row))
    }

    pub fn add_category(&self, actor: &Actor, form: &CategoryForm) -> Result<CategoryView> {
        let id = form
            .id
            .ok_or_else(|| AppError::field("id", "the client makes the id"))?;
        let id = CategoryId::from_uuid(id);
        let fields = category_fields(form)?;
        let content = content_of("category", form)?;
        self.write_once(id.bytes(), &content, |tx| {
            if tx.reader().category_record(id)?.is_some() {
                return Err(Code::IdReused.into());
            }
            check_parents(&tx.reader(), id, form.parent)?;
            Ok(tx.record(
                Some(actor.staff),
                &Body::CategorySet(PatchV1 {
                    record: id.bytes(),
                    fields,
                }),
            )?)
        })?;
        self.live.tell("category", Some(id.to_string()));
        self.category(id)
    }

    pub fn edit_category(&self, actor: &Actor, id: CategoryId, form: &CategoryForm) -> Result<CategoryView> {
        let fields = category_fields(form)?;
        self.patch_category(actor, id, fields, |reader| check_parents(reader, id, form.parent))
    }

    pub fn archive_category(&self, actor: &Actor, id: CategoryId) -> Result<CategoryView> {
        let now = self.edges.now();
        self.patch_category(
            actor,
            id,
            vec![(category_field::ARCHIVED_MS, Value::Int(now.0))],
            |reader| {
                let query = ProductQuery {
                    category: Some(id),
                    limit: 1,
                    ..ProductQuery::default()
                };
                let used = !reader.products(ProductOrder::Grid, &query)?.is_empty()
                    || reader.categories(false)?.iter().any(|c| c.parent == Some(id));
                if used {
                    Err(Code::CategoryInUse.into())
                } else {
                    Ok(())
                }
            },
        )
    }

    pub fn restore_category(
        &self,
        actor: &Actor,
        id: CategoryId,
        _request: &WriteId,
    ) -> Result<CategoryView> {
        self.patch_category(
            actor,
            id,
            vec![(category_field::ARCHIVED_MS, Value::Null)],
            |_| Ok(()),
        )
    }

    fn patch_category(
        &self,
        actor: &Actor,
        id: CategoryId,
        fields: Vec<(Field, Value)>,
        check: impl FnOnce(&Reader<'_>) -> Result<()>,
    ) -> Result<CategoryView> {
        let changed = self.store.write(self.edges.now(), |tx| {
            let old = tx
                .reader()
                .category_record(id)?
                .ok_or(AppError::new(Code::NotFound))?;
            check(&tx.reader())?;
            match patched(Some(old), id.bytes(), fields) {
                Some(patch) => tx
                    .record(Some(actor.staff), &Body::CategorySet(patch))
                    .map(|()| true),
                None => Ok(false),
            }
            .map_err(AppError::from)
        })?;
        if changed {
            self.live.tell("category", Some(id.to_string()));
        }
        self.category(id)
    }

    /// Runs a write whose id was perhaps answered before: the same content gets the same answer, another is refused.
    pub(crate) fn write_once<T: Serialize + serde::de::DeserializeOwned>(
        &self,
        id: [u8; 16],
        content: &[u8; 32],
        work: impl FnOnce(&mut Write<'_>) -> Result<T>,
    ) -> Result<T> {
        use store::drafts::Answered;
        let broken = |e: serde_json::Error| AppError::new(Code::Broken).caused(e);
        self.store.write(self.edges.now(), |tx| {
            match tx.reader().answered(id, content)? {
                Answered::Same(answer) => serde_json::from_str(&answer).map_err(broken),
                Answered::Differs => Err(Code::IdReused.into()),
                Answered::No => {
                    let answer = work(tx)?;
                    tx.answer(id, content, &serde_json::to_string(&answer).map_err(broken)?)?;
                    Ok(answer)
                }
            }
        })
    }
}

/// The parent exists and the tree stays a tree.
fn check_parents(reader: &Reader<'_>, id: CategoryId, parent: Option<Uuid>) -> Result<()> {
    let mut next = parent.map(CategoryId::from_uuid);
    let all = reader.categories(true)?;
    for _ in 0..=all.len() {
        let Some(current) = next else { return Ok(()) };
        if current == id {
            return Err(Code::CategoryLoop.into());
        }
        let found = all
            .iter()
            .find(|c| c.id == current)
            .ok_or_else(|| AppError::field("parent", "there is no such category"))?;
        next = found.parent;
    }
    Err(Code::CategoryLoop.into())
}
