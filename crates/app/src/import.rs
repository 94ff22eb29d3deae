//! Products from a CSV or Excel file: a dry run first, every fault by row and column, a bad row blocks only itself, and
//! the whole of it can be taken back.

use crate::{
    Actor, AppError, Code, Names, Result, Shop,
    catalog::{
        Art, CategoryForm, ProductForm, UnitForm, category_fields, check_against_others, decimal,
        product_fields,
    },
    edges::Edges,
    prices::{level_columns, level_price_fields},
    runs::{Register, Run},
    wire::optional_text,
    workbook::{self, SparseRow},
};
use domain::{
    ids::{BrandId, CategoryId, CommandId, PriceId, ProductId},
    quantity::Unit,
    search::fold,
};
use journal::{
    fields::{brand as brand_field, product as product_field},
    register::Value,
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use store::{Write, catalog::ProductRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// A file larger than this is refused before it is read.
pub const MOST_BYTES: usize = 16 * 1024 * 1024;
const MOST_ROWS: usize = 100_000;
const MOST_COLUMNS: usize = 200;
/// More faults than anybody reads are counted, and not listed.
const MOST_FAULTS: usize = 1_000;
/// The columns `unit_2` to `unit_5`, each with what it holds, its price and its barcodes.
pub(crate) const UNIT_COLUMNS: std::ops::RangeInclusive<usize> = 2..=5;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    pub rows: usize,
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
    /// Rows that have a fault and were left out.
    pub wrong: usize,
    /// Every fault of every row, as far as anybody reads.
    pub errors: Vec<RowError>,
    /// What takes it all back; null for a dry run and when nothing changed.
    pub run: Option<Uuid>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowError {
    /// As the spreadsheet counts: the header is row 1.
    pub row: usize,
    pub column: Option<String>,
    pub code: String,
    pub message: String,
    /// What stands in the cell.
    pub value: Option<String>,
}

/// A dry run is rolled back by this.
enum Stop {
    DryRun(Imported),
    Failed(AppError),
}

impl From<store::StoreError> for Stop {
    fn from(error: store::StoreError) -> Stop {
        Stop::Failed(error.into())
    }
}

impl From<AppError> for Stop {
    fn from(error: AppError) -> Stop {
        Stop::Failed(error)
    }
}

/// The disk's trouble is nobody's row.
fn is_ours(error: &AppError) -> bool {
    matches!(error.code, Code::DiskFull | Code::Busy | Code::Broken)
}

impl Shop {
    pub fn import_products(
        &self,
        actor: &Actor,
        file: &[u8],
        name: &str,
        id: Option<Uuid>,
        dry_run: bool,
    ) -> Result<Imported> {
        if file.len() > MOST_BYTES {
            return Err(Code::TooLarge.into());
        }
        let name = optional_text("name", Some(name), 120)?.unwrap_or_default();
        let id = id.unwrap_or_else(|| self.edges.new_id());
        let content = *blake3::hash(file).as_bytes();
        let rows = read_rows(file)?;
        let outcome = self
            .store
            .write(self.edges.now(), |tx| -> std::result::Result<Imported, Stop> {
                if !dry_run && let Some(before) = self.answered_before(tx, id, &content)? {
                    return Ok(before);
                }
                let mut import = Import::begin(self, tx, actor, id)?;
                let mut done = Imported {
                    rows: rows.len(),
                    ..Imported::default()
                };
                for (at, row) in &rows {
                    match import.row(tx, *at, row) {
                        Ok(Outcome::Created) => done.created += 1,
                        Ok(Outcome::Updated) => done.updated += 1,
                        Ok(Outcome::Unchanged) => done.unchanged += 1,
                        Ok(Outcome::Wrong(faults)) => {
                            done.wrong += 1;
                            let room = MOST_FAULTS.saturating_sub(done.errors.len());
                            done.errors
                                .extend(faults.into_iter().take(room).map(|fault| fault.said(*at, row)));
                        }
                        Err(error) => return Err(Stop::Failed(error)),
                    }
                }
                if dry_run {
                    return Err(Stop::DryRun(done));
                }
                done.run = import.run.end(tx, "import", &name)?;
                let answer =
                    serde_json::to_string(&done).map_err(|e| AppError::new(Code::Broken).caused(e))?;
                tx.answer(id.into_bytes(), &content, &answer)?;
                Ok(done)
            });
        match outcome {
            Err(Stop::DryRun(done)) => Ok(done),
            Err(Stop::Failed(error)) => Err(error),
            Ok(done) => {
                self.live.tell("product", None);
                self.live.tell("category", None);
                Ok(done)
            }
        }
    }

    fn answered_before(&self, tx: &Write<'_>, id: Uuid, content: &[u8; 32]) -> Result<Option<Imported>> {
        use store::drafts::Answered;
        match tx.reader().answered(id.into_bytes(), content)? {
            Answered::No => Ok(None),
            Answered::Differs => Err(Code::IdReused.into()),
            Answered::Same(answer) => serde_json::from_str(&answer)
                .map(Some)
                .map_err(|e| AppError::new(Code::Broken).caused(e)),
        }
    }
}

/// What is wrong with one cell.
struct Fault {
    column: Option<String>,
    error: AppError,
}

impl Fault {
    fn said(self, row: usize, cells: &BTreeMap<String, String>) -> RowError {
        RowError {
            row,
            value: self
                .column
                .as_ref()
                .and_then(|column| cells.get(column))
                .map(|cell| cell.chars().take(60).collect()),
            code: self.error.code.as_str().to_owned(),
            message: self.error.message,
            column: self.column,
        }
    }
}

impl From<AppError> for Fault {
    fn from(error: AppError) -> Fault {
        let column = match error.code {
            Code::BarcodeTaken => Some("barcode"),
            Code::SkuTaken => Some("sku"),
            // The form's word for the same thing.
            _ => match error.hints.get("field").and_then(|f| f.as_str()) {
                Some("price_minor") => Some("price"),
                Some("barcodes") => Some("barcode"),
                other => other,
            },
        };
        Fault {
            column: column.map(str::to_owned),
            error,
        }
    }
}

/// One row's cells, and the faults found in them so far.
struct Cells<'r> {
    row: &'r BTreeMap<String, String>,
    faults: Vec<Fault>,
}

impl<'r> Cells<'r> {
    fn get(&self, column: &str) -> Option<&'r str> {
        self.row
            .get(column)
            .map(String::as_str)
            .filter(|cell| !cell.is_empty())
    }

    fn wrong(&mut self, column: &str, why: impl std::fmt::Display) {
        self.faults.push(Fault {
            column: Some(column.to_owned()),
            error: AppError::field(column, why),
        });
    }

    /// The cell as `read` reads it; what it cannot read is a fault of that column.
    fn read<T>(&mut self, column: &str, read: impl FnOnce(&str) -> Result<T>) -> Option<T> {
        let cell = self.get(column)?;
        match read(cell) {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(column, error.message);
                None
            }
        }
    }

    fn flag(&mut self, column: &str) -> Option<bool> {
        self.read(column, |cell| match cell.to_lowercase().as_str() {
            "1" | "yes" | "true" | "y" | "x" | "हाँ" | "हां" | "نعم" => Ok(true),
            "0" | "no" | "false" | "n" | "-" | "नहीं" | "لا" => Ok(false),
            _ => Err(AppError::field(column, "yes or no")),
        })
    }
}

/// A file on its way into the catalogue.
struct Import<'s> {
    edges: &'s Edges,
    run: Run,
    minor_digits: u32,
    /// New products stand behind those that are there, in the file's order.
    position: i64,
    categories: HashMap<String, CategoryId>,
    hues: usize,
    category_position: i64,
    brands: HashMap<String, BrandId>,
    tax_classes: HashMap<String, Uuid>,
    levels: Vec<(String, String)>,
    /// Every code and name so far, and the row it stood in.
    seen: HashMap<String, usize>,
}

impl<'s> Import<'s> {
    fn begin(shop: &'s Shop, tx: &Write<'_>, actor: &Actor, id: Uuid) -> Result<Import<'s>> {
        let reader = tx.reader();
        let mut categories = HashMap::new();
        let rows = reader.categories(false)?;
        for row in &rows {
            for name in std::iter::once(&row.name).chain(row.names.values()) {
                categories.entry(fold(name)).or_insert(row.id);
            }
        }
        Ok(Import {
            edges: &shop.edges,
            run: Run::begin(CommandId::from_uuid(id), actor),
            minor_digits: u32::from(shop.settings().currency.minor_digits),
            position: reader.last_position()?,
            categories,
            hues: rows.len(),
            category_position: rows.iter().map(|c| c.position).max().unwrap_or(0),
            brands: reader
                .brands(false)?
                .into_iter()
                .map(|brand| (fold(&brand.name), brand.id))
                .collect(),
            tax_classes: reader
                .tax_classes()?
                .into_iter()
                .filter(|class| class.archived_ms.is_none())
                .flat_map(|class| {
                    let id = Uuid::from_bytes(class.class);
                    [(fold(&class.name), id), (fold(&class.key), id)]
                })
                .collect(),
            levels: level_columns(&reader)?,
            seen: HashMap::new(),
        })
    }

    fn row(&mut self, tx: &mut Write<'_>, at: usize, row: &BTreeMap<String, String>) -> Result<Outcome> {
        let mut cells = Cells { row, faults: vec![] };
        self.position += 1;
        let known = self.known(tx, &cells)?;
        let form = self.form(&mut cells, known.as_ref());
        let prices = self.level_prices(&mut cells);
        if let Some(form) = &form
            && cells.faults.is_empty()
        {
            self.check(tx, at, &mut cells, known.as_ref(), form)?;
        }
        let (Some(form), true) = (form, cells.faults.is_empty()) else {
            return Ok(Outcome::Wrong(cells.faults));
        };
        match self.write(tx, &cells, known, form, prices) {
            Ok(outcome) => Ok(outcome),
            Err(error) if is_ours(&error) => Err(error),
            Err(error) => Ok(Outcome::Wrong(vec![error.into()])),
        }
    }

    /// The same SKU or barcode is the same product; without either, the same name.
    fn known(&self, tx: &Write<'_>, cells: &Cells<'_>) -> Result<Option<ProductRow>> {
        let reader = tx.reader();
        if let Some(sku) = cells.get("sku") {
            return Ok(reader.product_by_code(sku)?);
        }
        match codes(cells.get("barcode")).first() {
            Some(code) => Ok(reader.product_by_code(code)?),
            None => match cells.get("name") {
                Some(name) => Ok(reader.product_by_name(name)?),
                None => Ok(None),
            },
        }
    }

    /// The product as the row says, and as it was where the row says nothing.
    fn form(&self, cells: &mut Cells<'_>, known: Option<&ProductRow>) -> Option<ProductForm> {
        let name = cells.get("name");
        if name.is_none() {
            cells.wrong("name", "the name is missing");
        }
        let price_minor = match cells.get("price") {
            Some(_) => cells.read("price", |cell| parse_price(cell, self.minor_digits)),
            None => {
                cells.wrong("price", "the price is missing");
                None
            }
        };
        let unit = match cells.get("unit") {
            Some(_) => cells.read("unit", |cell| {
                unit_in_file(cell).map(|unit| unit.as_str().to_owned())
            }),
            None => Some(known.map_or_else(|| Unit::Piece.as_str().to_owned(), |p| p.unit.clone())),
        };
        let mut names: Names = known.map(|p| p.names.clone()).unwrap_or_default();
        for (column, language) in [("name_hi", "hi"), ("name_ar", "ar")] {
            if let Some(name) = cells.get(column) {
                names.insert(language.to_owned(), name.to_owned());
            }
        }
        let mut barcodes = known.map(|p| p.barcodes.clone()).unwrap_or_default();
        for barcode in codes(cells.get("barcode")) {
            if !barcodes.contains(&barcode) {
                barcodes.push(barcode);
            }
        }
        let units = self.units(cells);
        let tax_class = cells.read("tax_class", |cell| {
            let found = self.tax_classes.get(&fold(cell)).copied();
            found.ok_or_else(|| AppError::field("tax_class", "there is no such tax class"))
        });
        let (available, favourite, open_price) = (
            cells.flag("available"),
            cells.flag("favourite"),
            cells.flag("open_price"),
        );
        Some(ProductForm {
            id: None,
            name: name?.to_owned(),
            names,
            sku: cells
                .get("sku")
                .map(str::to_owned)
                .or_else(|| known.and_then(|p| p.sku.clone())),
            price_minor: price_minor?,
            unit: unit?,
            category: known.and_then(|p| p.category).map(|c| c.uuid()),
            barcodes,
            art: known.map_or(Art::Letters {}, |p| Art::read(&p.art)),
            available: available.unwrap_or(known.is_none_or(|p| p.available)),
            favourite: favourite.unwrap_or(known.is_some_and(|p| p.favourite)),
            position: known.map_or(self.position, |p| p.position),
            open_price: open_price.unwrap_or(known.is_some_and(|p| p.open_price)),
            tax_class: tax_class.or_else(|| known.and_then(|p| p.tax_class).map(Uuid::from_bytes)),
            hsn: cells
                .get("hsn")
                .map(str::to_owned)
                .or_else(|| known.map(|p| p.hsn.clone())),
            brand: known.and_then(|p| p.brand).map(|b| b.uuid()),
            picture: known.and_then(|p| p.picture).map(|p| p.uuid()),
            units,
            ..ProductForm::default()
        })
    }

    /// The other units of a row; a row that names none leaves them as they are.
    fn units(&self, cells: &mut Cells<'_>) -> Option<Vec<UnitForm>> {
        let mut units = vec![];
        for n in UNIT_COLUMNS {
            let column = format!("unit_{n}");
            let Some(unit) = cells.read(&column, unit_in_file) else {
                continue;
            };
            let holds_column = format!("{column}_holds");
            let holds = match cells.get(&holds_column) {
                Some(_) => cells.read(&holds_column, |cell| {
                    crate::catalog::held(&holds_column, cell).map(decimal)
                }),
                None => {
                    cells.wrong(&holds_column, "it does not say how much is in one");
                    None
                }
            };
            let price_minor = cells.read(&format!("{column}_price"), |cell| {
                parse_price(cell, self.minor_digits)
            });
            if let Some(holds) = holds {
                units.push(UnitForm {
                    unit: unit.as_str().to_owned(),
                    holds,
                    price_minor,
                    barcodes: codes(cells.get(&format!("{column}_barcode"))),
                });
            }
        }
        (!units.is_empty()).then_some(units)
    }

    /// What the row asks for at each level.
    fn level_prices(&self, cells: &mut Cells<'_>) -> Vec<(String, i64)> {
        self.levels
            .iter()
            .filter_map(|(column, key)| {
                let minor = cells.read(column, |cell| parse_price(cell, self.minor_digits))?;
                Some((key.clone(), minor))
            })
            .collect()
    }

    /// The rules that need the other rows and the other products.
    fn check(
        &mut self,
        tx: &Write<'_>,
        at: usize,
        cells: &mut Cells<'_>,
        known: Option<&ProductRow>,
        form: &ProductForm,
    ) -> Result<()> {
        let nobody = ProductId::from_bytes([0; 16]);
        let id = known.map_or(nobody, |p| p.id);
        if let Err(error) = product_fields(form).and_then(|_| check_against_others(&tx.reader(), id, form)) {
            if is_ours(&error) {
                return Err(error);
            }
            cells.faults.push(error.into());
            return Ok(());
        }
        let of_units = form.units.iter().flatten().flat_map(|unit| &unit.barcodes);
        let mut mine: Vec<(&str, String)> = codes(cells.get("barcode"))
            .iter()
            .chain(of_units)
            .map(|code| ("barcode", format!("code {}", fold(code))))
            .collect();
        mine.extend(cells.get("sku").map(|sku| ("sku", format!("code {}", fold(sku)))));
        if mine.is_empty() {
            mine.push(("name", format!("name {}", fold(&form.name))));
        }
        for (column, key) in &mine {
            if let Some(first) = self.seen.get(key) {
                cells.faults.push(Fault {
                    column: Some((*column).to_owned()),
                    error: AppError::new(Code::RowRepeated)
                        .because(format!("row {first} has this already"))
                        .hint("row", *first),
                });
                return Ok(());
            }
        }
        self.seen.extend(mine.into_iter().map(|(_, key)| (key, at)));
        Ok(())
    }

    fn write(
        &mut self,
        tx: &mut Write<'_>,
        cells: &Cells<'_>,
        known: Option<ProductRow>,
        mut form: ProductForm,
        prices: Vec<(String, i64)>,
    ) -> Result<Outcome> {
        if let Some(category) = cells.get("category") {
            form.category = Some(self.category(tx, category)?.uuid());
        }
        if let Some(brand) = cells.get("brand") {
            form.brand = Some(self.brand(tx, brand)?.uuid());
        }
        let mut fields = product_fields(&form)?;
        let is_new = known.is_none();
        let id = known.map_or_else(|| ProductId::from_uuid(self.edges.new_id()), |p| p.id);
        let mut changed = if is_new {
            fields.push((product_field::SHORT, Value::Int(tx.next_short_number()?)));
            fields.push((product_field::SAMPLE, Value::Bool(false)));
            self.run.create(tx, Register::Product, id.bytes(), fields)?;
            true
        } else {
            let old = tx.reader().product_record(id)?.ok_or(Code::NotFound)?;
            if !old.difference(fields.clone()).is_empty() {
                fields.push((product_field::SAMPLE, Value::Bool(false)));
            }
            self.run.change(tx, Register::Product, id.bytes(), fields)?
        };
        for (level, minor) in prices {
            changed |= self.level_price(tx, id, &form.unit, &level, minor)?;
        }
        Ok(match (is_new, changed) {
            (true, _) => Outcome::Created,
            (false, true) => Outcome::Updated,
            (false, false) => Outcome::Unchanged,
        })
    }

    /// The level's plain price of a product's base unit: changed where it stands, else made.
    fn level_price(
        &mut self,
        tx: &mut Write<'_>,
        product: ProductId,
        unit: &str,
        level: &str,
        minor: i64,
    ) -> Result<bool> {
        let standing = tx.reader().prices_of(product)?.into_iter().find(|price| {
            price.ended_ms.is_none()
                && price.level.as_deref() == Some(level)
                && price.unit == unit
                && price.from_milli == 0
                && price.first_day.is_none()
                && price.last_day.is_none()
        });
        let fields = level_price_fields(product, unit, level, minor)?;
        match standing {
            Some(price) => self.run.change(tx, Register::Price, price.id.bytes(), fields),
            None => {
                let id = PriceId::from_uuid(self.edges.new_id());
                self.run.create(tx, Register::Price, id.bytes(), fields)?;
                Ok(true)
            }
        }
    }

    /// The category of this name, made when there is none.
    fn category(&mut self, tx: &mut Write<'_>, name: &str) -> Result<CategoryId> {
        if let Some(found) = self.categories.get(&fold(name)) {
            return Ok(*found);
        }
        let id = CategoryId::from_uuid(self.edges.new_id());
        let hues = crate::staff::HUES;
        let fields = category_fields(&CategoryForm {
            id: None,
            name: name.to_owned(),
            names: Names::new(),
            hue: hues[self.hues % hues.len()].to_owned(),
            parent: None,
            position: self.category_position + 1,
            active: true,
        })
        .map_err(|e| e.hint("field", "category"))?;
        self.run.create(tx, Register::Category, id.bytes(), fields)?;
        self.hues += 1;
        self.category_position += 1;
        self.categories.insert(fold(name), id);
        Ok(id)
    }

    /// The brand of this name, made when there is none.
    fn brand(&mut self, tx: &mut Write<'_>, name: &str) -> Result<BrandId> {
        if let Some(found) = self.brands.get(&fold(name)) {
            return Ok(*found);
        }
        let id = BrandId::from_uuid(self.edges.new_id());
        let name = crate::wire::text("brand", name, 60)?;
        let fields = vec![(brand_field::NAME, Value::Text(name.clone()))];
        self.run.create(tx, Register::Brand, id.bytes(), fields)?;
        self.brands.insert(fold(&name), id);
        Ok(id)
    }
}

enum Outcome {
    Created,
    Updated,
    Unchanged,
    Wrong(Vec<Fault>),
}

/// Several codes in one cell have bars or line feeds between them.
fn codes(cell: Option<&str>) -> Vec<String> {
    cell.iter()
        .flat_map(|cell| cell.split(['|', '\n']))
        .map(str::trim)
        .filter(|code| !code.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A unit as a file writes it. A spreadsheet takes `=tray` for a sum, so the shop's own are `unit:tray` and
/// `measure:foot` there.
fn unit_in_file(cell: &str) -> Result<Unit> {
    let wire = match cell.split_once(':') {
        Some((sign, word)) if sign.trim().eq_ignore_ascii_case("unit") => format!("={}", word.trim()),
        Some((sign, word)) if sign.trim().eq_ignore_ascii_case("measure") => format!("~{}", word.trim()),
        _ => cell.to_lowercase(),
    };
    wire.parse().map_err(|e| AppError::field("unit", e))
}

/// The same, the other way.
pub(crate) fn unit_for_file(unit: &str) -> String {
    match (unit.strip_prefix('='), unit.strip_prefix('~')) {
        (Some(word), _) => format!("unit:{word}"),
        (_, Some(word)) => format!("measure:{word}"),
        _ => unit.to_owned(),
    }
}

type Row = (usize, BTreeMap<String, String>);

fn read_rows(file: &[u8]) -> Result<Vec<Row>> {
    let table = if file.starts_with(b"PK") {
        workbook::read(file, MOST_ROWS, MOST_COLUMNS)?
    } else {
        read_csv(file)?
    };
    let mut rows = table.into_iter();
    let mut header: BTreeMap<usize, String> = BTreeMap::new();
    for (column, cell) in rows.next().into_iter().flat_map(|(_, cells)| cells) {
        let name = cell.trim().trim_start_matches('\u{feff}');
        header.insert(column, name.to_lowercase().replace(' ', "_"));
    }
    let named = |name: &str| header.values().any(|h| h == name);
    if !named("name") || !named("price") {
        return Err(AppError::new(Code::ImportUnreadable)
            .because("the first row must name the columns, name and price among them")
            .hint("columns", header.into_values().collect::<Vec<_>>()));
    }
    let rows: Vec<Row> = rows
        .filter(|(_, cells)| cells.iter().any(|(_, c)| !c.trim().is_empty()))
        .map(|(at, cells)| {
            let cells = cells.into_iter().filter_map(|(column, cell)| {
                let cell = plain(cell.trim());
                let name = header.get(&column).filter(|_| !cell.is_empty())?;
                Some((name.clone(), cell.to_owned()))
            });
            (at, cells.collect())
        })
        .collect();
    if rows.len() > MOST_ROWS {
        return Err(AppError::new(Code::ImportUnreadable).because(format!("at most {MOST_ROWS} rows")));
    }
    Ok(rows)
}

/// An apostrophe before a sign keeps spreadsheets from calculating; it is no part of the text.
fn plain(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(CALCULATES) => rest,
        _ => cell,
    }
}

/// What a spreadsheet takes for the beginning of a sum.
pub(crate) const CALCULATES: [char; 4] = ['=', '+', '-', '@'];

fn read_csv(file: &[u8]) -> Result<Vec<SparseRow>> {
    let text = std::str::from_utf8(file).map_err(|e| {
        AppError::new(Code::ImportUnreadable)
            .because("save the file as CSV in UTF-8")
            .caused(e)
    })?;
    let first = text.lines().next().unwrap_or_default();
    let separator = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|s| first.bytes().filter(|b| b == s).count());
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator.unwrap_or(b','))
        .from_reader(text.as_bytes());
    let mut rows = vec![];
    let (mut line, mut counted) = (1, 0);
    for record in reader.records() {
        let record = record.map_err(|e| AppError::new(Code::ImportUnreadable).because(&e))?;
        let at = record
            .position()
            .and_then(|p| usize::try_from(p.byte()).ok())
            .unwrap_or(counted);
        // The reader leaves the second half of a CRLF to the next row, and its own count of lines is one short there.
        let ends = |b: &u8| matches!(b, b'\r' | b'\n');
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        let begins = at + rest.iter().take_while(|b| ends(b)).count();
        let between = text.as_bytes().get(counted..begins).unwrap_or_default();
        line += between.iter().filter(|b| **b == b'\n').count();
        counted = begins;
        if record.len() > MOST_COLUMNS {
            return Err(
                AppError::new(Code::ImportUnreadable).because(format!("at most {MOST_COLUMNS} columns"))
            );
        }
        let cells = record.iter().map(str::to_owned).enumerate();
        rows.push((line, cells.filter(|(_, cell)| !cell.is_empty()).collect()));
    }
    Ok(rows)
}

/// "18", "18.50", "1,250.00", "1,00,000", "18,50", "₹ 18": never a guess that would be wrong by a factor of a hundred.
fn parse_price(typed: &str, minor_digits: u32) -> Result<i64> {
    let wrong = || AppError::field("price", "this is not a price");
    let plain: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && (c.is_ascii() || c.is_alphanumeric()))
        .collect();
    let number: Decimal = with_point(&plain, minor_digits)
        .ok_or_else(wrong)?
        .parse()
        .map_err(|_| wrong())?;
    let minor = number
        .checked_mul(Decimal::from(10_i64.pow(minor_digits)))
        .ok_or_else(wrong)?;
    if minor.fract().is_zero() {
        minor.to_i64().ok_or_else(wrong)
    } else {
        Err(wrong())
    }
}

/// The number with a point before its decimals and nothing between its groups. Of two signs the later one stands
/// before the decimals. A comma alone is a group's where a group can be, and a decimal comma where none can be; where
/// it could be both, as before three decimals, the number is refused.
fn with_point(number: &str, minor_digits: u32) -> Option<String> {
    let commas = number.matches(',').count();
    if commas == 0 {
        return Some(number.to_owned());
    }
    let (group, decimal) = match (number.rfind(','), number.rfind('.')) {
        (Some(comma), Some(point)) if comma > point => ('.', ','),
        (_, Some(_)) => (',', '.'),
        _ if commas == 1 && !are_groups(number, ',') => ('.', ','),
        _ if commas == 1 && minor_digits > 2 => return None,
        _ => (',', '.'),
    };
    let (whole, decimals) = match number.split_once(decimal) {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (number, None),
    };
    if whole.contains(group) && !are_groups(whole, group) {
        return None;
    }
    let whole = whole.replace(group, "");
    Some(decimals.map_or(whole.clone(), |decimals| format!("{whole}.{decimals}")))
}

/// Digits in groups of three, or as in India, where only the last one has three and those before it two.
fn are_groups(number: &str, sign: char) -> bool {
    let number = number.strip_prefix(['-', '+']).unwrap_or(number);
    let groups: Vec<&str> = number.split(sign).collect();
    let [first, between @ .., last] = groups.as_slice() else {
        return false;
    };
    let of = |group: &str, digits: usize| group.len() == digits && group.bytes().all(|b| b.is_ascii_digit());
    let begins = |most: usize| (1..=most).any(|n| of(first, n)) && !first.starts_with('0');
    of(last, 3)
        && (begins(3) && between.iter().all(|group| of(group, 3))
            || begins(2) && between.iter().all(|group| of(group, 2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_as_people_write_them() {
        assert_eq!(parse_price("18", 2).expect("plain"), 1800);
        assert_eq!(parse_price("1,250.50", 2).expect("grouped"), 125_050);
        assert_eq!(parse_price("₹ 18.50", 2).expect("with its sign"), 1850);
        assert!(
            parse_price("18.555", 2).is_err(),
            "a tenth of a paisa is no price"
        );
        assert!(parse_price("eighteen", 2).is_err());
        for (typed, minor) in [
            ("18,50", 1850),
            ("-18,50", -1850),
            ("18,5", 1850),
            ("0,500", 50),
            ("1,250", 125_000),
            ("1,00,000", 10_000_000),
            ("12,34,567.89", 123_456_789),
            ("1.250,50", 125_050),
            ("1 250,50", 125_050),
            ("1.250.000,50", 125_000_050),
        ] {
            assert_eq!(parse_price(typed, 2).expect(typed), minor, "{typed}");
        }
        for typed in [
            "1,00,00",
            "1,2,3",
            "12.50,000",
            "1,250,50",
            "0,250,000",
            ",",
            "1,25.000",
        ] {
            let said = parse_price(typed, 2);
            assert!(said.is_err(), "{typed} was read as {said:?}");
        }
        assert_eq!(parse_price("1,250.500", 3).expect("dinars"), 1_250_500);
        assert!(
            parse_price("1,250", 3).is_err(),
            "a dinar and a quarter, or a thousand of them"
        );
    }

    #[test]
    fn units_and_codes_survive_a_spreadsheet() {
        for (cell, wire) in [
            ("KG", "kg"),
            ("unit:tray", "=tray"),
            ("Unit: दर्जन", "=दर्जन"),
            ("measure:foot", "~foot"),
            ("=tray", "=tray"),
        ] {
            let unit = unit_in_file(cell).expect(cell);
            assert_eq!(unit.as_str(), wire);
            assert_eq!(unit_in_file(&unit_for_file(wire)).expect(wire), unit);
        }
        assert!(
            unit_in_file("stone").is_err(),
            "a slip of the pen is no unit of the shop's own"
        );
        assert_eq!(codes(Some(" 1 | 2|\n3 ")), ["1", "2", "3"]);
        assert_eq!(
            (plain("'=1+1"), plain("'tis"), plain("=1")),
            ("=1+1", "'tis", "=1")
        );
    }
}
