//! Products from a CSV or Excel file: a dry run first, every fault by row and column, a bad row blocks only itself, and
//! the whole of it can be taken back.

use crate::{
    Actor, AppError, Code, Names, Result, Shop,
    catalog::{
        Art, CategoryForm, ProductForm, UnitForm, category_fields, check_against_others, decimal,
        product_fields,
    },
    edges::Edges,
    export::{Cell, NamesOf, cells_of, header},
    file_columns::{Columns, NotSold, PriceColumn, SoldColumn, asked},
    runs::{Register, Run},
    wire::optional_text,
};
use domain::{
    ids::{BranchId, BrandId, CategoryId, CommandId, PriceId, ProductId},
    quantity::Unit,
    search::fold,
};
use journal::{
    fields::{brand as brand_field, price as price_field, product as product_field},
    register::Value,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::{Reader, Write, catalog::ProductRow, prices::PriceRow};
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use file::{CALCULATES, unit_for_file};
use file::{Table, codes, parse_price, plain, read_table, short, unit_in_file};

mod file;

type Row = (usize, BTreeMap<String, String>);

/// A file larger than this is refused before it is read.
pub const MOST_BYTES: usize = 16 * 1024 * 1024;
const MOST_ROWS: usize = 100_000;
/// As wide as a spreadsheet is.
const MOST_COLUMNS: usize = 16_384;
/// More faults than anybody reads are counted, and not listed.
const MOST_FAULTS: usize = 1_000;
/// A dry run shows what would change in as many cells.
const MOST_CHANGES: usize = 500;
/// … and names as many columns that it does not know.
const MOST_UNREAD: usize = 50;
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
    /// Of a dry run: the cells of products that are there already which would change, as far as anybody reads.
    #[serde(default)]
    #[schema(required)]
    pub changes: Vec<CellChange>,
    /// More would change than is listed.
    #[serde(default)]
    #[schema(required)]
    pub changes_cut: bool,
    /// Columns of the file that nobody knows, by their names. Nothing is taken from them.
    #[serde(default)]
    #[schema(required)]
    pub unread: Vec<String>,
}

/// What a cell of the exported file says now, and what it would say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CellChange {
    pub row: usize,
    /// What the product is called now.
    pub product: String,
    pub column: String,
    pub before: Option<String>,
    pub after: Option<String>,
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
    DryRun(Box<Imported>),
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
        let table = read_table(file)?;
        let outcome = self
            .store
            .write(self.edges.now(), |tx| -> std::result::Result<Imported, Stop> {
                if !dry_run && let Some(before) = self.answered_before(tx, id, &content)? {
                    return Ok(before);
                }
                let mut import = Import::begin(self, tx, actor, id, dry_run)?;
                let (rows, unread) = import.rows(&table)?;
                let mut done = Imported {
                    rows: rows.len(),
                    unread,
                    ..Imported::default()
                };
                for (at, row) in &rows {
                    tx.may_part()?;
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
                    done.changes_cut = import.changes.len() > MOST_CHANGES;
                    done.changes = import.changes;
                    done.changes.truncate(MOST_CHANGES);
                    return Err(Stop::DryRun(Box::new(done)));
                }
                done.run = import.run.end(tx, "import", &name)?;
                let answer =
                    serde_json::to_string(&done).map_err(|e| AppError::new(Code::Broken).caused(e))?;
                tx.answer(id.into_bytes(), &content, &answer)?;
                Ok(done)
            });
        match outcome {
            Err(Stop::DryRun(done)) => Ok(*done),
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
                .map(|cell| short(cell)),
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
        self.fault(column, AppError::field(column, why));
    }

    fn fault(&mut self, column: &str, error: AppError) {
        self.faults.push(Fault {
            column: Some(column.to_owned()),
            error,
        });
    }

    /// What stands there is for others to change.
    fn not_mine(&mut self, column: &str) {
        self.fault(column, Code::NotAllowed.into());
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
    columns: Columns,
    /// The columns that the file has.
    named: BTreeSet<String>,
    names: NamesOf,
    dry_run: bool,
    changes: Vec<CellChange>,
    /// Every code and name so far, and the row it stood in.
    seen: HashMap<String, usize>,
}

impl<'s> Import<'s> {
    fn begin(shop: &'s Shop, tx: &Write<'_>, actor: &Actor, id: Uuid, dry_run: bool) -> Result<Import<'s>> {
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
            columns: Columns::read(&reader, actor)?,
            named: BTreeSet::new(),
            names: NamesOf::read(&reader)?,
            dry_run,
            changes: vec![],
            seen: HashMap::new(),
        })
    }

    /// The rows with something in them, by the columns that are known; and the names of those that are not.
    fn rows(&mut self, table: &Table) -> Result<(Vec<Row>, Vec<String>)> {
        let known: BTreeSet<String> = header(&self.columns).into_iter().collect();
        self.named = table
            .header
            .values()
            .filter(|name| known.contains(*name))
            .cloned()
            .collect();
        for needed in ["name", "price"] {
            if !self.named.contains(needed) {
                let names = table.header.values().take(MOST_UNREAD);
                return Err(AppError::new(Code::ImportUnreadable)
                    .because("the first row must name the columns, name and price among them")
                    .hint("columns", names.map(|name| short(name)).collect::<Vec<_>>()));
            }
        }
        let unread = table
            .header
            .values()
            .filter(|name| !name.is_empty() && !known.contains(*name));
        let rows = table.rows.iter().map(|(at, cells)| {
            let cells = cells.iter().filter_map(|(column, cell)| {
                let cell = plain(cell.trim());
                let name = table.header.get(column)?;
                let wanted = !cell.is_empty() && self.named.contains(name);
                wanted.then(|| (name.clone(), cell.to_owned()))
            });
            (*at, cells.collect())
        });
        Ok((
            rows.collect(),
            unread.take(MOST_UNREAD).map(|name| short(name)).collect(),
        ))
    }

    fn row(&mut self, tx: &mut Write<'_>, at: usize, row: &BTreeMap<String, String>) -> Result<Outcome> {
        let mut cells = Cells { row, faults: vec![] };
        self.position += 1;
        let known = self.known(tx, &cells)?;
        let form = self.form(&mut cells, known.as_ref());
        let prices = self.column_prices(&mut cells);
        let sold = self.column_sold(&mut cells);
        if let Some(form) = &form
            && cells.faults.is_empty()
        {
            self.check(tx, at, &mut cells, known.as_ref(), form)?;
        }
        let mut at_columns = AtColumns::default();
        if let Some(form) = &form {
            at_columns = AtColumns::of(&tx.reader(), &mut cells, known.as_ref(), form, prices, sold)?;
        }
        let (Some(form), true) = (form, cells.faults.is_empty()) else {
            return Ok(Outcome::Wrong(cells.faults));
        };
        let before = match &known {
            Some(known) if self.dry_run && self.changes.len() <= MOST_CHANGES => {
                Some((known.id, known.name.clone(), self.cells_of(&tx.reader(), known)?))
            }
            _ => None,
        };
        let written = self.write(tx, &cells, known, form, at_columns);
        if let (Ok(Outcome::Updated), Some((id, name, before))) = (&written, before) {
            let row = tx.reader().product(id)?.ok_or(Code::NotFound)?;
            let after = self.cells_of(&tx.reader(), &row)?;
            self.show(at, &name, before, after);
        }
        match written {
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

    /// What the row asks for at each level and branch. None is the shop's price, as in a branch's empty cell; a level's
    /// empty cell says nothing.
    fn column_prices(&self, cells: &mut Cells<'_>) -> Vec<(PriceColumn, Option<i64>)> {
        let named = self
            .columns
            .prices
            .iter()
            .filter(|column| self.named.contains(&column.name));
        named
            .filter_map(|column| {
                let read = |cell: &str| asked(parse_price(cell, self.minor_digits)?);
                match cells.get(&column.name) {
                    Some(_) => cells.read(&column.name, read).map(Some),
                    None => column.branch.map(|_| None),
                }
                .map(|minor| (column.clone(), minor))
            })
            .collect()
    }

    /// Where the row says that the product is sold, and where not.
    fn column_sold(&self, cells: &mut Cells<'_>) -> Vec<(SoldColumn, bool)> {
        let columns = self.columns.sold.iter();
        columns
            .filter_map(|column| Some((column.clone(), cells.flag(&column.name)?)))
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
        at_columns: AtColumns,
    ) -> Result<Outcome> {
        if let Some(category) = cells.get("category") {
            form.category = Some(self.category(tx, category)?.uuid());
        }
        if let Some(brand) = cells.get("brand") {
            form.brand = Some(self.brand(tx, brand)?.uuid());
        }
        let mut fields = product_fields(&form)?;
        let is_new = known.is_none();
        // What the row says as it is already is no change, even where the record never had to say it.
        let as_is = known.as_ref().map(|known| product_fields(&as_is(known)));
        let id = known.map_or_else(|| ProductId::from_uuid(self.edges.new_id()), |p| p.id);
        let mut changed = if is_new {
            fields.push((product_field::SHORT, Value::Int(tx.next_short_number()?)));
            fields.push((product_field::SAMPLE, Value::Bool(false)));
            self.run.create(tx, Register::Product, id.bytes(), fields)?;
            true
        } else {
            let as_is = as_is.and_then(Result::ok).unwrap_or_default();
            fields.retain(|field| !as_is.contains(field));
            let old = tx.reader().product_record(id)?.ok_or(Code::NotFound)?;
            if !old.difference(fields.clone()).is_empty() {
                fields.push((product_field::SAMPLE, Value::Bool(false)));
            }
            self.run.change(tx, Register::Product, id.bytes(), fields)?
        };
        for price in at_columns.prices {
            self.column_price(tx, id, &form.unit, price)?;
            changed = true;
        }
        for (branch, sold) in at_columns.sold {
            changed |= self.run.sold_at(tx, branch, id, sold)?;
        }
        Ok(match (is_new, changed) {
            (true, _) => Outcome::Created,
            (false, true) => Outcome::Updated,
            (false, false) => Outcome::Unchanged,
        })
    }

    /// The plain price of a product's base unit at a level or a branch: changed where it stands, else made, or ended.
    fn column_price(
        &mut self,
        tx: &mut Write<'_>,
        product: ProductId,
        unit: &str,
        price: NewPrice,
    ) -> Result<()> {
        let mut standing = price.standing.into_iter();
        if let Some(minor) = price.minor {
            let fields = price.column.fields(product, unit, minor);
            match standing.next() {
                Some(old) => {
                    self.run.change(tx, Register::Price, old.id.bytes(), fields)?;
                }
                None => {
                    let id = PriceId::from_uuid(self.edges.new_id());
                    self.run.create(tx, Register::Price, id.bytes(), fields)?;
                }
            }
        }
        for old in standing {
            let ended = vec![(price_field::ENDED_MS, Value::Int(tx.now().0))];
            self.run.change(tx, Register::Price, old.id.bytes(), ended)?;
        }
        Ok(())
    }

    fn cells_of(&self, reader: &Reader<'_>, row: &ProductRow) -> Result<Vec<Cell>> {
        cells_of(reader, row, &self.names, &self.columns, self.minor_digits)
    }

    /// Keeps what would change in a product that is there.
    fn show(&mut self, row: usize, product: &str, before: Vec<Cell>, after: Vec<Cell>) {
        let pairs = header(&self.columns)
            .into_iter()
            .zip(before.into_iter().zip(after));
        let changed = pairs.filter(|(_, (before, after))| before != after);
        self.changes
            .extend(changed.map(|(column, (before, after))| CellChange {
                row,
                product: product.to_owned(),
                column,
                before: before.shown(),
                after: after.shown(),
            }));
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
        self.names.categories.insert(id, name.to_owned());
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
        self.names.brands.insert(id, name);
        Ok(id)
    }
}

/// A product as a row of the file would say it, but for its further units.
fn as_is(known: &ProductRow) -> ProductForm {
    ProductForm {
        id: None,
        name: known.name.clone(),
        names: known.names.clone(),
        sku: known.sku.clone(),
        price_minor: known.price_minor,
        unit: known.unit.clone(),
        category: known.category.map(|c| c.uuid()),
        barcodes: known.barcodes.clone(),
        art: Art::read(&known.art),
        available: known.available,
        favourite: known.favourite,
        position: known.position,
        open_price: known.open_price,
        tax_class: known.tax_class.map(Uuid::from_bytes),
        hsn: Some(known.hsn.clone()),
        brand: known.brand.map(|b| b.uuid()),
        picture: known.picture.map(|p| p.uuid()),
        ..ProductForm::default()
    }
}

/// A price of one column, otherwise than it stands.
struct NewPrice {
    column: PriceColumn,
    standing: Vec<PriceRow>,
    /// None: the shop's own holds there again.
    minor: Option<i64>,
}

/// What a row changes at levels and branches.
#[derive(Default)]
struct AtColumns {
    prices: Vec<NewPrice>,
    sold: Vec<(BranchId, bool)>,
}

impl AtColumns {
    /// What is said and not so yet. What somebody may not change is a fault of its cell only where it would change.
    fn of(
        reader: &Reader<'_>,
        cells: &mut Cells<'_>,
        known: Option<&ProductRow>,
        form: &ProductForm,
        prices: Vec<(PriceColumn, Option<i64>)>,
        sold: Vec<(SoldColumn, bool)>,
    ) -> Result<AtColumns> {
        let mut new = AtColumns::default();
        let standing = known.map_or(Ok(vec![]), |known| reader.prices_of(known.id))?;
        for (column, minor) in prices {
            let standing: Vec<PriceRow> = standing
                .iter()
                .filter(|price| column.is_of(price, &form.unit))
                .cloned()
                .collect();
            if standing.first().map(|price| price.minor) == minor {
                continue;
            }
            if !column.mine {
                cells.not_mine(&column.name);
            }
            new.prices.push(NewPrice {
                column,
                standing,
                minor,
            });
        }
        if sold.is_empty() {
            return Ok(new);
        }
        let not_sold = known.map_or(Ok(NotSold::default()), |known| NotSold::read(reader, known))?;
        for (column, sold) in sold {
            match not_sold.differs(column.branch, sold) {
                Ok(false) => {}
                Ok(true) if !column.mine => cells.not_mine(&column.name),
                Ok(true) => new.sold.push((column.branch, sold)),
                Err(error) => cells.fault(&column.name, error),
            }
        }
        Ok(new)
    }
}

enum Outcome {
    Created,
    Updated,
    Unchanged,
    Wrong(Vec<Fault>),
}
