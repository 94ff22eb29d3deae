//! Labels for shelves and packs: sheets of stickers as a file, or slips of the label printer.

use crate::{
    Actor, AppError, Code, Names, Result, Shop,
    papers::{fonts, second_name},
    prices::{PriceQuestion, unit_asked, unit_price},
    printing::{NewPaper, job_id, serves},
    wire::content_of,
};
use domain::{
    ids::{PrinterId, ProductId},
    prices::Day,
    quantity::{Quantity, Unit},
};
use paper::{LabelData, LabelSheet, Slip, labels_pdf};
use serde::{Deserialize, Serialize};
use store::{Reader, catalog::ProductRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// As many as a ream has stickers: more is a slip of the finger.
const MOST_ON_SHEETS: u32 = 5_000;
const MOST_PRINTED: u32 = 100;
/// Of a label printer's usual paper.
const PRINTER_DOTS: u16 = 384;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelWanted {
    pub product: Uuid,
    /// The product's base unit when left out.
    pub unit: Option<String>,
    pub count: u32,
}

/// Labels on sheets of stickers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelSheets {
    pub labels: Vec<LabelWanted>,
    /// How many stickers a sheet of A4 has: 24, 40 or 65.
    pub stickers: u16,
    /// How many of the first sheet are used already.
    #[serde(default)]
    pub skip: u16,
    /// The price level on them; the counter's when left out.
    pub level: Option<String>,
}

/// Labels of the label printer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrintLabels {
    pub id: Uuid,
    pub labels: Vec<LabelWanted>,
    pub printer: Option<Uuid>,
    pub level: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LabelsQueued {
    pub printer: Uuid,
    pub count: u32,
}

fn counted(labels: &[LabelWanted], most: u32) -> Result<u32> {
    let count: u64 = labels.iter().map(|one| u64::from(one.count)).sum();
    match u32::try_from(count) {
        Ok(0) => Err(AppError::field("labels", "how many?")),
        Ok(count) if count <= most => Ok(count),
        _ => Err(AppError::new(Code::LabelsTooMany).hint("most", most)),
    }
}

impl Shop {
    /// Sheets of stickers as a PDF file.
    pub fn label_sheets(&self, wanted: &LabelSheets) -> Result<Vec<u8>> {
        counted(&wanted.labels, MOST_ON_SHEETS)?;
        let sheet =
            LabelSheet::of(wanted.stickers).ok_or_else(|| AppError::field("stickers", "24, 40 or 65"))?;
        if usize::from(wanted.skip) >= sheet.stickers() {
            return Err(AppError::field("skip", "a sheet has not that many"));
        }
        let labels = self.labels_of(&wanted.labels, wanted.level.as_deref(), sheet.dots())?;
        labels_pdf(&labels, sheet, usize::from(wanted.skip), fonts())
            .map_err(|e| AppError::new(Code::Broken).caused(e))
    }

    /// Puts labels into the queue of the label printer.
    pub fn print_labels(&self, actor: &Actor, wanted: &PrintLabels) -> Result<LabelsQueued> {
        let count = counted(&wanted.labels, MOST_PRINTED)?;
        let labels = self.labels_of(&wanted.labels, wanted.level.as_deref(), PRINTER_DOTS)?;
        let content = content_of("labels", wanted)?;
        let queued = self.write_once(*wanted.id.as_bytes(), &content, |tx| {
            let printers = tx.reader().printers()?;
            let printer = match wanted.printer.map(PrinterId::from_uuid) {
                Some(id) => printers.iter().find(|p| p.id == id),
                None => serves(&printers, "label"),
            };
            let printer = printer.ok_or(AppError::new(Code::NoPrinter))?;
            for (n, data) in labels.into_iter().enumerate() {
                let job = job_id(&format!("label {n}"), wanted.id);
                let new = NewPaper::slip("label", Slip::Label(data));
                tx.queue_print(&new.at(job, printer.id, Some(actor.staff)))?;
            }
            Ok(LabelsQueued {
                printer: printer.id.uuid(),
                count,
            })
        })?;
        self.went_into_queue(job_id("label 0", wanted.id), PrinterId::from_uuid(queued.printer));
        Ok(queued)
    }

    fn labels_of(&self, wanted: &[LabelWanted], level: Option<&str>, dots: u16) -> Result<Vec<LabelData>> {
        let settings = self.settings();
        let language = settings.text("shop.language");
        let day = self.price_day();
        self.store.read(|r| {
            let mut labels = vec![];
            for one in wanted {
                let row = r
                    .product(ProductId::from_uuid(one.product))?
                    .ok_or(Code::NotFound)?;
                let unit = unit_asked(&row, one.unit.as_deref())?;
                let data = LabelData {
                    name: name_in(&row.name, &row.names, language),
                    second_name: second_name(&row.names, &row.name, language),
                    price_minor: price_on_label(r, &row, unit, level, day)?,
                    per: match unit {
                        Unit::Piece => String::new(),
                        unit => format!("/ {}", unit.word()),
                    },
                    barcode: barcode_of(&row, unit),
                    dots,
                    currency: settings.currency.code().to_owned(),
                    language: language.to_owned(),
                };
                labels.extend(std::iter::repeat_n(data, usize::try_from(one.count).unwrap_or(0)));
            }
            Ok(labels)
        })
    }
}

fn name_in(name: &str, names: &Names, language: &str) -> String {
    names.get(language).map_or(name, String::as_str).to_owned()
}

fn price_on_label(
    reader: &Reader<'_>,
    row: &ProductRow,
    unit: Unit,
    level: Option<&str>,
    day: Day,
) -> Result<i64> {
    let question = PriceQuestion {
        quantity: Quantity::one(unit),
        level,
        customer_level: None,
        customer: None,
        customer_type: None,
        day,
    };
    Ok(unit_price(reader, row, &question)?.minor)
}

/// The code that the till reads as one of this unit; a product without a barcode is found by its SKU.
fn barcode_of(row: &ProductRow, unit: Unit) -> Option<String> {
    let other = row.units.iter().find(|other| other.unit == unit.as_str());
    match other {
        Some(other) => other.barcodes.first().cloned(),
        None => row.barcodes.first().or(row.sku.as_ref()).cloned(),
    }
}
