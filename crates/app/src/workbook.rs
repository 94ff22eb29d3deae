//! Excel files as they come in: the cells of the first sheet, and never more memory than a file of that size deserves.
//!
//! A few hundred bytes can claim a cell in the last of 17 thousand million places, a table of a hundred thousand
//! million words, or unpack to gigabytes. So what is packed is counted before anything believes it, and cells are
//! taken one by one.

use crate::{AppError, Code, Result};
use calamine::{Data, Reader as _, Xlsx, XlsxError};
use rust_decimal::Decimal;
use std::io::{Cursor, Read, sink};
use zip::{ZipArchive, result::ZipError};

/// What all parts of a file may come to, unpacked, and what is kept of its cells.
const MOST_UNPACKED: u64 = 128 * 1024 * 1024;
/// The shortest way to write one shared word, `<si/>`.
const SHORTEST_WORD: usize = 5;

/// A row as the spreadsheet counts it, and what stands in it: column and text, empty cells left out.
pub(crate) type SparseRow = (usize, Vec<(usize, String)>);

/// The first sheet, of at most so many rows and columns.
pub(crate) fn read(file: &[u8], most_rows: usize, most_columns: usize) -> Result<Vec<SparseRow>> {
    weigh(file)?;
    // The library adds up what a file says of its places without looking: a panic there is a file nobody can read.
    let read = std::panic::catch_unwind(|| cells(file, most_rows, most_columns));
    read.unwrap_or_else(|_| Err(unreadable("a cell has no place")))
}

fn unreadable(why: impl std::fmt::Display) -> AppError {
    AppError::new(Code::ImportUnreadable).because(why)
}

/// Unpacks every part once, to see how large it really is: what a file says of itself is not believed.
fn weigh(file: &[u8]) -> Result<()> {
    let broken = |e: ZipError| unreadable(&e).caused(e);
    let mut archive = ZipArchive::new(Cursor::new(file)).map_err(broken)?;
    let mut left = MOST_UNPACKED;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(broken)?;
        let holds_words = part.name().to_ascii_lowercase().ends_with("sharedstrings.xml");
        let mut part = part.take(left + 1);
        let unpacked = if holds_words {
            let mut words = vec![];
            part.read_to_end(&mut words).map_err(unreadable)?;
            if claimed(&words).is_some_and(|claimed| claimed > words.len() / SHORTEST_WORD) {
                return Err(unreadable("the file claims more words than it has"));
            }
            words.len() as u64
        } else {
            std::io::copy(&mut part, &mut sink()).map_err(unreadable)?
        };
        left = left.checked_sub(unpacked).ok_or_else(|| {
            unreadable("the file is far larger than it looks").hint("most_bytes", MOST_UNPACKED)
        })?;
    }
    Ok(())
}

/// The largest number of words that a table of words says it has.
fn claimed(words: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"uniqueCount";
    let mut most = None;
    let mut rest = words;
    while let Some(at) = rest.windows(NAME.len()).position(|part| part == NAME) {
        rest = &rest[at + NAME.len()..];
        let digits = rest
            .iter()
            .skip_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'=' | b'"' | b'\'' | b'+'))
            .take_while(|b| b.is_ascii_digit());
        let number = digits.fold(0usize, |sum, digit| {
            sum.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
        });
        most = most.max(Some(number));
    }
    most
}

fn cells(file: &[u8], most_rows: usize, most_columns: usize) -> Result<Vec<SparseRow>> {
    let broken = |e: XlsxError| unreadable(&e).caused(e);
    let mut book = Xlsx::new(Cursor::new(file)).map_err(broken)?;
    let sheet = book
        .sheet_names()
        .into_iter()
        .next()
        .ok_or_else(|| unreadable("the file has no sheet"))?;
    let mut reader = book.worksheet_cells_reader(&sheet).map_err(broken)?;
    let mut rows: Vec<SparseRow> = vec![];
    let mut kept = 0u64;
    while let Some(cell) = reader.next_cell().map_err(broken)? {
        let (row, column) = cell.get_position();
        let text = cell_text(&Data::from(cell.get_value().clone()));
        if text.is_empty() {
            continue;
        }
        let (row, column) = (row as usize, column as usize);
        if row > most_rows {
            return Err(unreadable(format!("at most {most_rows} rows")));
        }
        if column >= most_columns {
            return Err(unreadable(format!("at most {most_columns} columns")));
        }
        // One long word may stand in many cells.
        kept += text.len() as u64;
        if kept > MOST_UNPACKED {
            return Err(unreadable("the file is far larger than it looks").hint("most_bytes", MOST_UNPACKED));
        }
        match rows.last_mut() {
            Some((at, cells)) if *at == row + 1 => cells.push((column, text)),
            _ => rows.push((row + 1, vec![(column, text)])),
        }
    }
    Ok(rows)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use zip::{ZipWriter, write::SimpleFileOptions};

    /// A workbook of one sheet, by its table of words and its rows.
    fn book(words: &str, rows: &str) -> Vec<u8> {
        const TYPES: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let mut zip = ZipWriter::new(Cursor::new(vec![]));
        let mut part = |name: &str, xml: String| {
            zip.start_file(name, SimpleFileOptions::default())
                .expect("a part");
            zip.write_all(xml.as_bytes()).expect("its bytes");
        };
        part(
            "_rels/.rels",
            format!(
                r#"<Relationships><Relationship Id="r1" Type="{TYPES}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
            ),
        );
        part(
            "xl/workbook.xml",
            r#"<workbook xmlns:r="r"><sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>"#.to_owned(),
        );
        part(
            "xl/_rels/workbook.xml.rels",
            format!(
                r#"<Relationships><Relationship Id="r1" Type="{TYPES}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#
            ),
        );
        part("xl/sharedStrings.xml", words.to_owned());
        part(
            "xl/worksheets/sheet1.xml",
            format!("<worksheet><sheetData>{rows}</sheetData></worksheet>"),
        );
        zip.finish().expect("a file").into_inner()
    }

    fn text(place: &str, text: &str) -> String {
        format!(r#"<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>"#)
    }

    fn refusal(file: &[u8]) -> String {
        let error = read(file, 1_000, 50).expect_err("refused");
        assert_eq!(error.code, Code::ImportUnreadable, "{error:?}");
        error.message
    }

    const WORDS: &str = r#"<sst uniqueCount="1"><si><t>name</t></si></sst>"#;

    #[test]
    fn cells_are_read_where_they_stand() {
        let header = format!(
            r#"<row r="1"><c r="A1" t="s"><v>0</v></c>{}</row>"#,
            text("C1", "price")
        );
        let row = format!(
            r#"<row r="7">{}<c r="C7"><v>18.5</v></c></row>"#,
            text("A7", "Tea")
        );
        assert_eq!(
            read(&book(WORDS, &format!("{header}{row}")), 1_000, 50).expect("a file"),
            [
                (1, vec![(0, "name".to_owned()), (2, "price".to_owned())]),
                (7, vec![(0, "Tea".to_owned()), (2, "18.5".to_owned())]),
            ]
        );
    }

    #[test]
    fn a_cell_in_the_last_place_takes_no_memory() {
        let last = |text: &str| {
            format!(
                r#"<row r="1">{}</row><row r="1048576"><c r="XFD1048576" t="str"><v>{text}</v></c></row>"#,
                self::text("A1", "name")
            )
        };
        assert!(refusal(&book(WORDS, &last("x"))).contains("rows"));
        assert_eq!(
            read(&book(WORDS, &last("")), 1_000, 50).expect("blanks are nothing"),
            [(1, vec![(0, "name".to_owned())])]
        );
        let wide = format!(r#"<row r="1">{}</row>"#, text("XFD1", "name"));
        assert!(refusal(&book(WORDS, &wide)).contains("columns"));
        let nowhere = format!(
            r#"<row r="1">{}</row>"#,
            text("AAAAAAAAAAA99999999999999", "name")
        );
        assert_eq!(
            read(&book(WORDS, &nowhere), 1_000, 50).expect_err("refused").code,
            Code::ImportUnreadable
        );
    }

    #[test]
    fn more_words_than_there_are_bytes_is_a_lie() {
        let liar = r#"<sst uniqueCount = "99999999999"><si><t>name</t></si></sst>"#;
        assert!(refusal(&book(liar, "")).contains("words"));
    }

    #[test]
    fn a_small_file_that_unpacks_to_much_is_refused() {
        let rows = " ".repeat(usize::try_from(MOST_UNPACKED).expect("fits") + 1);
        let file = book(WORDS, &rows);
        assert!(file.len() < 1024 * 1024, "{}", file.len());
        assert!(refusal(&file).contains("larger"));
    }
}
