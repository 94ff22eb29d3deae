//! All of the shop's data in files that people and other programs can read: tables as CSV, and everything that ever
//! happened as lines of JSON. PINs and what belongs to one device are left out.

use crate::{
    AppError, Code, Result, Shop,
    backups::{make_folder, refused, room_for},
    days,
    import::CALCULATES,
    letters::hex,
    wire::rfc3339,
};
use domain::{backup::name_for_files, time::Moment};
use journal::{Body, Fact, fields::staff};
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    fs::File,
    io::{self, Read, Seek, Write},
    path::PathBuf,
};
use store::{Reader, export::Cell};
use uuid::Uuid;
use zip::{ZipWriter, write::SimpleFileOptions};

/// Secrets, and bytes that say nothing outside of Chandi.
const LEFT_OUT: &[&str] = &[
    "pin_hash",
    "record",
    "content",
    "extras",
    "sealed",
    "token_code",
    "draft",
];
/// The tables that people ask for first; the others lie in a folder of their own.
const FIRST: &[(&str, &str)] = &[
    ("\"order\"", "orders"),
    ("order_line", "order_lines"),
    ("tender", "payments"),
    ("refund", "refunds"),
    ("customer", "customers"),
    ("product", "products"),
    ("category", "categories"),
    ("staff", "staff"),
    ("shift", "shifts"),
    ("account_entry", "accounts"),
    ("quotation", "quotations"),
    ("handover", "handovers"),
];
/// A body above this is a picture, and is named by its hash.
const MOST_BODY: usize = 256 << 10;

const README: &str = "\
Everything of this shop, as Chandi keeps it.

*.csv          Tables in UTF-8 with commas. The first line names the columns.
more/*.csv     The tables behind them.
facts.jsonl    Everything that ever happened, one line of JSON each, in order of time.

Times end in _at and are UTC. Amounts are decimals of the shop's currency unless another is named beside them; those
ending in _minor are in the smallest unit. Quantities are decimals. Ids are UUIDs and are the same in all files:
order_lines.order_id is orders.order_id. A text that begins with =, +, - or @ has an apostrophe before it, so that no
spreadsheet calculates with it. PINs and this device's own drafts are not here.
";

/// The file, which is deleted when nobody reads it any more.
pub struct ExportFile {
    file: File,
    path: PathBuf,
}

impl Read for ExportFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.file.read(into)
    }
}

impl Drop for ExportFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, "an export is not deleted");
        }
    }
}

/// The file while it is written, piece by piece.
pub(crate) struct Export<'a> {
    zip: ZipWriter<&'a File>,
    digits: u32,
}

impl Write for Export<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.zip.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.zip.flush()
    }
}

/// Which rows of a table are written.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'a> {
    All,
    /// Those with one of these ids in that column.
    Of {
        column: &'a str,
        ids: &'a HashSet<[u8; 16]>,
    },
}

impl Export<'_> {
    pub fn begin(&mut self, name: &str) -> Result<()> {
        // A table of a big shop may pass four gigabytes.
        self.zip
            .start_file(name, SimpleFileOptions::default().large_file(true))
            .map_err(|e| refused(e.into()))
    }

    pub fn fact(&mut self, fact: &Fact) -> Result<()> {
        serde_json::to_writer(&mut *self, &line_of(fact)).map_err(|e| refused(e.into()))?;
        self.write_all(b"\n").map_err(refused)
    }

    pub fn table(&mut self, r: &Reader<'_>, table: &str, rows: Rows<'_>) -> Result<()> {
        let digits = self.digits;
        write_table(r, table, digits, rows, self)
    }
}

impl Shop {
    /// Everything, under a name of its own.
    pub fn export_everything(&self) -> Result<(String, ExportFile)> {
        self.export("everything", |zip| {
            zip.begin("README.txt")?;
            zip.write_all(README.as_bytes()).map_err(refused)?;
            self.store.read(|r| -> Result<()> {
                for table in r.exported_tables() {
                    let first = FIRST.iter().find(|(name, _)| *name == table);
                    let name = match first {
                        Some((_, name)) => format!("{name}.csv"),
                        None => format!("more/{}.csv", table.trim_matches('"')),
                    };
                    zip.begin(&name)?;
                    zip.table(r, table, Rows::All)?;
                }
                zip.begin("facts.jsonl")?;
                r.each_fact(|fact| zip.fact(&fact))
            })
        })
    }

    /// A name that ends so, and the file, written to the disk piece by piece.
    pub(crate) fn export(
        &self,
        what: &str,
        fill: impl FnOnce(&mut Export<'_>) -> Result<()>,
    ) -> Result<(String, ExportFile)> {
        let _one_at_a_time = self.backups.exporting()?;
        let folder = self.copies();
        make_folder(&folder)?;
        room_for(&folder, self.store.bytes()?.saturating_mul(2))?;
        let path = folder.join(format!("{}.zip", self.edges.new_id()));
        let file = File::options()
            .create_new(true)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(refused)?;
        let mut export = ExportFile { file, path };
        let now = self.edges.now();
        let settings = self.settings();
        {
            let mut zip = Export {
                zip: ZipWriter::new(&export.file),
                digits: u32::from(settings.currency.minor_digits),
            };
            fill(&mut zip)?;
            zip.zip.finish().map_err(|e| refused(e.into()))?;
        }
        export.file.sync_all().map_err(refused)?;
        export.file.rewind().map_err(refused)?;
        // Headers hold ASCII only.
        let shop: String = name_for_files(settings.text("shop.name"))
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let day = rfc3339(now).chars().take(10).collect::<String>();
        Ok((format!("{shop}-{day}-{what}.zip"), export))
    }
}

fn write_table(r: &Reader<'_>, table: &str, digits: u32, rows: Rows<'_>, to: &mut impl Write) -> Result<()> {
    let broken = |e: csv::Error| AppError::new(Code::BackupNoRoom).caused(e);
    // Spreadsheets read UTF-8 only when the file says so.
    to.write_all("\u{feff}".as_bytes()).map_err(refused)?;
    let out = std::cell::RefCell::new(csv::Writer::from_writer(to));
    let kept = std::cell::RefCell::new((Vec::new(), None));
    r.each_row(
        table,
        |names| {
            let columns: Vec<Option<Column>> = names.iter().map(|name| Column::of(name)).collect();
            let header: Vec<&str> = columns.iter().flatten().map(|c| c.name.as_str()).collect();
            out.borrow_mut().write_record(header).map_err(broken)?;
            let chosen = match rows {
                Rows::All => None,
                Rows::Of { column, ids } => names.iter().position(|name| name == column).map(|at| (at, ids)),
            };
            *kept.borrow_mut() = (columns, chosen);
            Ok::<_, AppError>(())
        },
        |cells| {
            let kept = kept.borrow();
            let (columns, chosen) = &*kept;
            if let Some((at, ids)) = chosen {
                let id = match cells.get(*at) {
                    Some(Cell::Bytes(bytes)) => <[u8; 16]>::try_from(bytes.as_slice()).ok(),
                    _ => None,
                };
                if !id.is_some_and(|id| ids.contains(&id)) {
                    return Ok(());
                }
            }
            let row = columns
                .iter()
                .zip(cells)
                .filter_map(|(column, cell)| column.as_ref().map(|column| column.shown(cell, digits)));
            out.borrow_mut().write_record(row).map_err(broken)
        },
    )?;
    let flushed = out.borrow_mut().flush();
    flushed.map_err(refused)
}

/// How a column of a table is written.
struct Column {
    name: String,
    shows: Shows,
}

enum Shows {
    Plain,
    Time,
    Day,
    Money,
    Thousandths,
}

impl Column {
    fn of(name: &str) -> Option<Column> {
        if LEFT_OUT.contains(&name) {
            return None;
        }
        // Foreign cash is in its own currency's unit.
        let (name, shows) = match name {
            "foreign_minor" => (name.to_owned(), Shows::Plain),
            _ if name.ends_with("_ms") => (name.replace("_ms", "_at"), Shows::Time),
            _ if name.ends_with("_day") || name == "day" => (name.to_owned(), Shows::Day),
            _ if name.ends_with("_minor") => (name.trim_end_matches("_minor").to_owned(), Shows::Money),
            _ if name.ends_with("_milli") => (name.trim_end_matches("_milli").to_owned(), Shows::Thousandths),
            _ => (name.to_owned(), Shows::Plain),
        };
        Some(Column { name, shows })
    }

    fn shown(&self, cell: Cell, digits: u32) -> String {
        match cell {
            Cell::Empty => String::new(),
            Cell::Integer(number) => match self.shows {
                Shows::Plain => number.to_string(),
                Shows::Time => rfc3339(Moment(number)),
                Shows::Day => match u32::try_from(number) {
                    Ok(day) => days::text_of(day),
                    Err(_) => number.to_string(),
                },
                Shows::Money => rust_decimal::Decimal::new(number, digits).to_string(),
                Shows::Thousandths => rust_decimal::Decimal::new(number, 3).normalize().to_string(),
            },
            // Nobody's name is calculated on somebody's desk.
            Cell::Text(text) if text.starts_with(CALCULATES) || text.starts_with(['\t', '\r']) => {
                format!("'{text}")
            }
            Cell::Text(text) => text,
            Cell::Bytes(bytes) => bytes_as_text(&bytes),
        }
    }
}

fn bytes_as_text(bytes: &[u8]) -> String {
    match <[u8; 16]>::try_from(bytes) {
        Ok(id) => Uuid::from_bytes(id).to_string(),
        Err(_) => hex(bytes),
    }
}

fn line_of(fact: &Fact) -> Value {
    let h = &fact.header;
    let body = (fact.body.len() <= MOST_BODY)
        .then(|| Body::decode(h.kind, h.version, &fact.body).ok())
        .flatten();
    let says = match &body {
        None | Some(Body::Unknown) if fact.body.len() > MOST_BODY => {
            json!({"bytes": fact.body.len(), "blake3": hex(blake3::hash(&fact.body).as_bytes())})
        }
        None | Some(Body::Unknown) => Value::String(hex(&fact.body)),
        Some(body) => readable(serde_json::to_value(without_pin(body.clone())).unwrap_or_default()),
    };
    json!({
        "at": rfc3339(Moment(i64::try_from(h.stamp.0 >> 16).unwrap_or(i64::MAX))),
        "kind": body.as_ref().map_or("Unknown", Body::name),
        "kind_number": h.kind,
        "version": h.version,
        "device": h.device.uuid(),
        "seq": h.seq,
        "fact": h.fact.uuid(),
        "branch": h.branch.uuid(),
        "actor": h.actor.map(|actor| actor.uuid()),
        "says": says,
        "hash": hex(&fact.hash),
    })
}

fn without_pin(body: Body) -> Body {
    match body {
        Body::StaffSet(mut patch) => {
            patch.fields.retain(|(field, _)| *field != staff::PIN_HASH);
            Body::StaffSet(patch)
        }
        other => other,
    }
}

/// Lists of bytes become ids, codes of currencies, or hexadecimal digits.
fn readable(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let bytes: Option<Vec<u8>> = items
                .iter()
                .map(|item| item.as_u64().and_then(|n| u8::try_from(n).ok()))
                .collect();
            match bytes {
                Some(bytes) if bytes.len() == 3 && bytes.iter().all(u8::is_ascii_uppercase) => {
                    Value::String(String::from_utf8_lossy(&bytes).into_owned())
                }
                Some(bytes) if bytes.len() >= 16 => Value::String(bytes_as_text(&bytes)),
                _ => Value::Array(items.into_iter().map(readable).collect()),
            }
        }
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, readable(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_calculated() {
        let column = Column::of("name").expect("shown");
        assert_eq!(column.shown(Cell::Text("=1+1".to_owned()), 2), "'=1+1");
        assert_eq!(column.shown(Cell::Text("Asha".to_owned()), 2), "Asha");
        let amount = Column::of("total_minor").expect("shown");
        assert_eq!(amount.name, "total");
        assert_eq!(amount.shown(Cell::Integer(-1250), 2), "-12.50");
        let milli = Column::of("milli").expect("shown");
        assert_eq!(milli.name, "milli");
        assert!(Column::of("pin_hash").is_none());
    }
}
