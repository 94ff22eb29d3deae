//! The catalogue as a file: the columns that the import reads, so that what was exported can be changed and brought back.

use crate::{
    Actor, AppError, Code, Result, Shop,
    catalog::decimal,
    file_columns::{Columns, NotSold},
    import::{CALCULATES, UNIT_COLUMNS, unit_for_file},
};
use domain::ids::{BrandId, CategoryId};
use rust_xlsxwriter::{Format, Workbook};
use std::collections::HashMap;
use store::{
    Reader,
    catalog::{ProductOrder, ProductQuery, ProductRow},
};

/// The columns that every shop has, before those of its levels and branches and those of further units.
const FIXED: [&str; 14] = [
    "name",
    "name_hi",
    "name_ar",
    "sku",
    "barcode",
    "price",
    "unit",
    "category",
    "brand",
    "tax_class",
    "hsn",
    "available",
    "favourite",
    "open_price",
];

/// All columns of a file of products, in their order.
pub(crate) fn header(columns: &Columns) -> Vec<String> {
    let units =
        UNIT_COLUMNS.flat_map(|n| ["", "_holds", "_price", "_barcode"].map(|part| format!("unit_{n}{part}")));
    let fixed = FIXED.into_iter().chain(columns.names()).map(str::to_owned);
    fixed.chain(units).collect()
}

/// A cell as it goes into a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Text(String),
    /// A decimal, which spreadsheets should add up.
    Number(String),
    Empty,
}

impl Cell {
    fn text(text: Option<&str>) -> Cell {
        match text {
            Some(text) if !text.is_empty() => Cell::Text(text.to_owned()),
            _ => Cell::Empty,
        }
    }

    /// What a person reads in it.
    pub fn shown(self) -> Option<String> {
        match self {
            Cell::Text(text) | Cell::Number(text) => Some(text),
            Cell::Empty => None,
        }
    }
}

impl Shop {
    /// All products that are not archived, as CSV, with the branches whose goods this person looks after.
    pub fn export_csv(&self, actor: &Actor) -> Result<Vec<u8>> {
        let (header, rows) = self.exported(actor)?;
        let broken = |e: csv::Error| AppError::new(Code::Broken).caused(e);
        // Spreadsheets read UTF-8 only when the file says so.
        let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
        writer.write_record(&header).map_err(broken)?;
        for row in rows {
            let cells = row.into_iter().map(|cell| match cell {
                // Nobody's product name is calculated on somebody's desk.
                Cell::Text(text) if text.starts_with(CALCULATES) => format!("'{text}"),
                Cell::Text(text) | Cell::Number(text) => text,
                Cell::Empty => String::new(),
            });
            writer.write_record(cells).map_err(broken)?;
        }
        writer
            .into_inner()
            .map_err(|e| AppError::new(Code::Broken).because(e.error()))
    }

    /// The same as an Excel file.
    pub fn export_xlsx(&self, actor: &Actor) -> Result<Vec<u8>> {
        let (header, rows) = self.exported(actor)?;
        let broken = |e: rust_xlsxwriter::XlsxError| AppError::new(Code::Broken).caused(e);
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.set_name("Products").map_err(broken)?;
        let bold = Format::new().set_bold();
        for (column, name) in (0..).zip(&header) {
            sheet
                .write_string_with_format(0, column, name, &bold)
                .map_err(broken)?;
        }
        for (at, row) in (1..).zip(rows) {
            for (column, cell) in (0..).zip(row) {
                match cell {
                    Cell::Text(text) => {
                        sheet.write_string(at, column, text).map_err(broken)?;
                    }
                    Cell::Number(text) => match text.parse::<f64>() {
                        Ok(number) => {
                            sheet.write_number(at, column, number).map_err(broken)?;
                        }
                        Err(_) => {
                            sheet.write_string(at, column, text).map_err(broken)?;
                        }
                    },
                    Cell::Empty => {}
                }
            }
        }
        sheet.set_freeze_panes(1, 0).map_err(broken)?;
        book.save_to_buffer().map_err(broken)
    }

    fn exported(&self, actor: &Actor) -> Result<(Vec<String>, Vec<Vec<Cell>>)> {
        let digits = u32::from(self.settings().currency.minor_digits);
        self.store.read(|r| {
            let columns = Columns::read(r, actor)?.mine();
            let header = header(&columns);
            let query = ProductQuery {
                variants: true,
                limit: 1_000_000,
                ..ProductQuery::default()
            };
            let names = NamesOf::read(r)?;
            let mut rows = vec![];
            // What only asks which variant is no product to sell, and its variants stand here themselves.
            for row in r
                .products(ProductOrder::Grid, &query)?
                .iter()
                .filter(|row| row.choices.is_empty())
            {
                rows.push(cells_of(r, row, &names, &columns, digits)?);
            }
            Ok((header, rows))
        })
    }
}

pub(crate) struct NamesOf {
    pub categories: HashMap<CategoryId, String>,
    pub brands: HashMap<BrandId, String>,
    tax_classes: HashMap<[u8; 16], String>,
}

impl NamesOf {
    pub fn read(reader: &Reader<'_>) -> Result<NamesOf> {
        Ok(NamesOf {
            categories: reader
                .categories(true)?
                .into_iter()
                .map(|c| (c.id, c.name))
                .collect(),
            brands: reader.brands(true)?.into_iter().map(|b| (b.id, b.name)).collect(),
            tax_classes: reader
                .tax_classes()?
                .into_iter()
                .map(|class| {
                    (
                        class.class,
                        if class.key.is_empty() {
                            class.name
                        } else {
                            class.key
                        },
                    )
                })
                .collect(),
        })
    }
}

/// A product as one row of the file.
pub(crate) fn cells_of(
    reader: &Reader<'_>,
    row: &ProductRow,
    names: &NamesOf,
    columns: &Columns,
    digits: u32,
) -> Result<Vec<Cell>> {
    let money = |minor: i64| Cell::Number(rust_decimal::Decimal::new(minor, digits).to_string());
    let flag = |yes: bool| Cell::Text(if yes { "yes" } else { "no" }.to_owned());
    let mut cells = vec![
        Cell::text(Some(&row.name)),
        Cell::text(row.names.get("hi").map(String::as_str)),
        Cell::text(row.names.get("ar").map(String::as_str)),
        Cell::text(row.sku.as_deref()),
        Cell::text(Some(&row.barcodes.join("|"))),
        money(row.price_minor),
        Cell::Text(unit_for_file(&row.unit)),
        Cell::text(
            row.category
                .and_then(|id| names.categories.get(&id))
                .map(String::as_str),
        ),
        Cell::text(row.brand.and_then(|id| names.brands.get(&id)).map(String::as_str)),
        Cell::text(
            row.tax_class
                .and_then(|id| names.tax_classes.get(&id))
                .map(String::as_str),
        ),
        Cell::text(Some(&row.hsn)),
        flag(row.available),
        flag(row.favourite),
        flag(row.open_price),
    ];
    let prices = reader.prices_of(row.id)?;
    for column in &columns.prices {
        let plain = prices.iter().find(|price| column.is_of(price, &row.unit));
        cells.push(plain.map_or(Cell::Empty, |price| money(price.minor)));
    }
    if !columns.sold.is_empty() {
        let not_sold = NotSold::read(reader, row)?;
        cells.extend(
            columns
                .sold
                .iter()
                .map(|column| flag(!not_sold.at(column.branch))),
        );
    }
    for n in UNIT_COLUMNS {
        match row.units.get(n - UNIT_COLUMNS.start()) {
            Some(unit) => cells.extend([
                Cell::Text(unit_for_file(&unit.unit)),
                Cell::Number(decimal(unit.base_milli)),
                unit.price_minor.map_or(Cell::Empty, money),
                Cell::text(Some(&unit.barcodes.join("|"))),
            ]),
            None => cells.extend([Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty]),
        }
    }
    Ok(cells)
}
