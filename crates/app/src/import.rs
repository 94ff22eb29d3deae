//! Products from a CSV or Excel file: a dry run first, errors by row, and a bad row blocks only itself.

use crate::{
    Actor, AppError, Code, Names, Result, Shop,
    catalog::{
        Art, CategoryForm, ProductForm, category_fields, check_against_others, product_fields,
        record_new_product,
    },
    settings::patched,
};
use calamine::{Data, Reader as _};
use domain::{
    ids::{CategoryId, ProductId},
    quantity::Unit,
};
use journal::{Body, register::PatchV1};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::Serialize;
use std::{collections::BTreeMap, io::Cursor};
use store::Write;
use utoipa::ToSchema;

/// A file larger than this is refused before it is read.
pub const MOST_BYTES: usize = 16 * 1024 * 1024;
const MOST_ROWS: usize = 100_000;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Imported {
    pub rows: usize,
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
    pub errors: Vec<RowError>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RowError {
    /// As the spreadsheet counts: the header is row 1.
    pub row: usize,
    pub column: Option<String>,
    pub code: String,
    pub message: String,
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

impl Shop {
    pub fn import_products(&self, actor: &Actor, file: &[u8], dry_run: bool) -> Result<Imported> {
        if file.len() > MOST_BYTES {
            return Err(Code::TooLarge.into());
        }
        let rows = read_rows(file)?;
        let minor_digits = u32::from(self.settings().currency.minor_digits);
        let outcome = self.store.write(self.edges.now(), |tx| {
            let mut done = Imported {
                rows: rows.len(),
                ..Imported::default()
            };
            // New products stand behind those that are there, in the file's order.
            let mut position = tx.reader().last_position()?;
            for (at, row) in &rows {
                position += 1;
                match self.import_row(tx, actor, row, minor_digits, position) {
                    Ok(Outcome::Created) => done.created += 1,
                    Ok(Outcome::Updated) => done.updated += 1,
                    Ok(Outcome::Unchanged) => done.unchanged += 1,
                    // The disk's trouble is nobody's row.
                    Err(error) if matches!(error.code, Code::DiskFull | Code::Busy | Code::Broken) => {
                        return Err(Stop::Failed(error));
                    }
                    Err(error) => done.errors.push(RowError {
                        row: *at,
                        column: error
                            .hints
                            .get("field")
                            .and_then(|f| f.as_str())
                            .map(str::to_owned),
                        code: error.code.as_str().to_owned(),
                        message: error.message,
                    }),
                }
            }
            if dry_run {
                Err(Stop::DryRun(done))
            } else {
                Ok(done)
            }
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

    fn import_row(
        &self,
        tx: &mut Write<'_>,
        actor: &Actor,
        row: &BTreeMap<String, String>,
        minor_digits: u32,
        position: i64,
    ) -> Result<Outcome> {
        let get = |column: &str| row.get(column).map(String::as_str).filter(|v| !v.is_empty());
        let name = get("name").ok_or_else(|| AppError::field("name", "the name is missing"))?;
        let price = get("price").ok_or_else(|| AppError::field("price", "the price is missing"))?;
        let price_minor = parse_price(price, minor_digits)?;
        let sku = get("sku");
        let barcode = get("barcode");
        // The same SKU or barcode is the same product.
        let known = match (sku, barcode) {
            (Some(code), _) | (None, Some(code)) => tx.reader().product_by_code(code)?,
            (None, None) => None,
        };
        let category = match get("category") {
            Some(category) => Some(self.category_by_name(tx, actor, category)?),
            None => known.as_ref().and_then(|p| p.category),
        };
        let mut names: Names = known.as_ref().map(|p| p.names.clone()).unwrap_or_default();
        for (column, language) in [("name_hi", "hi"), ("name_ar", "ar")] {
            if let Some(name) = get(column) {
                names.insert(language.to_owned(), name.to_owned());
            }
        }
        let mut barcodes = known.as_ref().map(|p| p.barcodes.clone()).unwrap_or_default();
        if let Some(barcode) = barcode
            && !barcodes.iter().any(|b| b == barcode)
        {
            barcodes.push(barcode.to_owned());
        }
        let unit = get("unit").map(str::to_lowercase);
        let form = ProductForm {
            id: None,
            name: name.to_owned(),
            names,
            sku: sku
                .map(str::to_owned)
                .or(known.as_ref().and_then(|p| p.sku.clone())),
            price_minor,
            unit: unit
                .or(known.as_ref().map(|p| p.unit.clone()))
                .unwrap_or_else(|| Unit::Piece.as_str().to_owned()),
            category: category.map(|c| c.uuid()),
            barcodes,
            art: known.as_ref().map_or(Art::Letters {}, |p| Art::read(&p.art)),
            available: known.as_ref().is_none_or(|p| p.available),
            favourite: known.as_ref().is_some_and(|p| p.favourite),
            position: known.as_ref().map_or(position, |p| p.position),
            open_price: known.as_ref().is_some_and(|p| p.open_price),
            tax_class: match get("tax_class") {
                Some(named) => Some(tax_class_by_name(tx, named)?),
                None => known
                    .as_ref()
                    .and_then(|p| p.tax_class)
                    .map(uuid::Uuid::from_bytes),
            },
            hsn: get("hsn")
                .map(str::to_owned)
                .or(known.as_ref().map(|p| p.hsn.clone())),
            brand: known.as_ref().and_then(|p| p.brand).map(|b| b.uuid()),
            picture: known.as_ref().and_then(|p| p.picture).map(|p| p.uuid()),
            ..ProductForm::default()
        };
        let fields = product_fields(&form)?;
        let id = known
            .as_ref()
            .map_or_else(|| ProductId::from_uuid(self.edges.new_id()), |p| p.id);
        check_against_others(&tx.reader(), id, &form)?;
        if known.is_none() {
            record_new_product(tx, Some(actor.staff), id, fields, false)?;
            return Ok(Outcome::Created);
        }
        match patched(tx.reader().product_record(id)?, id.bytes(), fields) {
            Some(patch) => {
                tx.record(Some(actor.staff), &Body::ProductSet(patch))?;
                Ok(Outcome::Updated)
            }
            None => Ok(Outcome::Unchanged),
        }
    }

    /// The category of this name, made when there is none.
    fn category_by_name(&self, tx: &mut Write<'_>, actor: &Actor, name: &str) -> Result<CategoryId> {
        let all = tx.reader().categories(false)?;
        let wanted = domain::search::fold(name.trim());
        let same = |c: &&store::catalog::CategoryRow| {
            std::iter::once(&c.name)
                .chain(c.names.values())
                .any(|n| domain::search::fold(n) == wanted)
        };
        if let Some(found) = all.iter().find(same) {
            return Ok(found.id);
        }
        let id = CategoryId::from_uuid(self.edges.new_id());
        let fields = category_fields(&CategoryForm {
            id: None,
            name: name.to_owned(),
            names: Names::new(),
            hue: crate::staff::HUES[all.len() % crate::staff::HUES.len()].to_owned(),
            parent: None,
            position: all.iter().map(|c| c.position).max().unwrap_or(0) + 1,
            active: true,
        })
        .map_err(|e| e.hint("field", "category"))?;
        tx.record(
            Some(actor.staff),
            &Body::CategorySet(PatchV1 {
                record: id.bytes(),
                fields,
            }),
        )?;
        Ok(id)
    }
}

/// The tax class of this name, or of this name in the pack it came from.
fn tax_class_by_name(tx: &Write<'_>, named: &str) -> Result<uuid::Uuid> {
    let wanted = domain::search::fold(named.trim());
    let classes = tx.reader().tax_classes()?;
    classes
        .iter()
        .filter(|c| c.archived_ms.is_none())
        .find(|c| domain::search::fold(&c.name) == wanted || c.key == named.trim())
        .map(|c| uuid::Uuid::from_bytes(c.class))
        .ok_or_else(|| AppError::field("tax_class", "there is no such tax class"))
}

enum Outcome {
    Created,
    Updated,
    Unchanged,
}

type Row = (usize, BTreeMap<String, String>);

fn read_rows(file: &[u8]) -> Result<Vec<Row>> {
    let table = if file.starts_with(b"PK") {
        read_excel(file)?
    } else {
        read_csv(file)?
    };
    let mut rows = table.into_iter();
    let header: Vec<String> = rows
        .next()
        .map(|(_, cells)| {
            cells
                .iter()
                .map(|c| {
                    c.trim()
                        .trim_start_matches('\u{feff}')
                        .to_lowercase()
                        .replace(' ', "_")
                })
                .collect()
        })
        .unwrap_or_default();
    if !header.iter().any(|h| h == "name") || !header.iter().any(|h| h == "price") {
        return Err(AppError::new(Code::ImportUnreadable)
            .because("the first row must name the columns, name and price among them")
            .hint("columns", header));
    }
    let rows: Vec<Row> = rows
        .filter(|(_, cells)| cells.iter().any(|c| !c.trim().is_empty()))
        .map(|(at, cells)| {
            (
                at,
                header
                    .iter()
                    .cloned()
                    .zip(cells.into_iter().map(|c| c.trim().to_owned()))
                    .collect(),
            )
        })
        .collect();
    if rows.len() > MOST_ROWS {
        return Err(AppError::new(Code::ImportUnreadable).because(format!("at most {MOST_ROWS} rows")));
    }
    Ok(rows)
}

fn read_csv(file: &[u8]) -> Result<Vec<(usize, Vec<String>)>> {
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
        rows.push((line, record.iter().map(str::to_owned).collect()));
    }
    Ok(rows)
}

fn read_excel(file: &[u8]) -> Result<Vec<(usize, Vec<String>)>> {
    let unreadable = |e: calamine::XlsxError| AppError::new(Code::ImportUnreadable).because(&e);
    let mut book = calamine::Xlsx::new(Cursor::new(file)).map_err(unreadable)?;
    let sheet = book
        .worksheet_range_at(0)
        .ok_or_else(|| AppError::new(Code::ImportUnreadable).because("the file has no sheet"))?
        .map_err(unreadable)?;
    let first = sheet
        .start()
        .map_or(0, |(row, _)| usize::try_from(row).unwrap_or(0));
    Ok(sheet
        .rows()
        .enumerate()
        .map(|(i, cells)| (first + i + 1, cells.iter().map(cell_text).collect()))
        .collect())
}

/// A barcode that a spreadsheet took for a number is still that barcode.
fn cell_text(cell: &Data) -> String {
    match cell {
        Data::Float(number) => Decimal::try_from(*number)
            .map(|d| d.normalize().to_string())
            .unwrap_or_default(),
        other => other.to_string(),
    }
}

/// "18", "18.50", "1,250.00", "₹ 18": digits with at most one decimal point.
fn parse_price(typed: &str, minor_digits: u32) -> Result<i64> {
    let wrong = || AppError::field("price", "this is not a price");
    let plain: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != ',' && (c.is_ascii() || c.is_alphanumeric()))
        .collect();
    let number: Decimal = plain.parse().map_err(|_| wrong())?;
    let minor = number
        .checked_mul(Decimal::from(10_i64.pow(minor_digits)))
        .ok_or_else(wrong)?;
    if minor.fract().is_zero() {
        minor.to_i64().ok_or_else(wrong)
    } else {
        Err(wrong())
    }
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
    }
}
