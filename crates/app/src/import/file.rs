//! A file of products as it is read: its columns and rows, and what people write in cells.

use super::{MOST_COLUMNS, MOST_ROWS};
use crate::{
    AppError, Code, Result,
    file_columns::word,
    workbook::{self, SparseRow},
};
use domain::quantity::Unit;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use std::collections::BTreeMap;

/// Several codes in one cell have bars or line feeds between them.
pub(super) fn codes(cell: Option<&str>) -> Vec<String> {
    cell.iter()
        .flat_map(|cell| cell.split(['|', '\n']))
        .map(str::trim)
        .filter(|code| !code.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A unit as a file writes it. A spreadsheet takes `=tray` for a sum, so the shop's own are `unit:tray` and
/// `measure:foot` there.
pub(super) fn unit_in_file(cell: &str) -> Result<Unit> {
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

/// A file as it was read: what its columns are called, and the rows in which anything stands.
pub(super) struct Table {
    pub header: BTreeMap<usize, String>,
    pub rows: Vec<SparseRow>,
}

pub(super) fn read_table(file: &[u8]) -> Result<Table> {
    let table = if file.starts_with(b"PK") {
        workbook::read(file, MOST_ROWS, MOST_COLUMNS)?
    } else {
        read_csv(file)?
    };
    let mut rows = table.into_iter();
    let first = rows.next().map_or(vec![], |(_, cells)| cells);
    let header = first
        .into_iter()
        .map(|(column, cell)| (column, word(cell.trim().trim_start_matches('\u{feff}'))));
    let table = Table {
        header: header.collect(),
        rows: rows
            .filter(|(_, cells)| cells.iter().any(|(_, cell)| !cell.trim().is_empty()))
            .collect(),
    };
    if table.rows.len() > MOST_ROWS {
        return Err(AppError::new(Code::ImportUnreadable).because(format!("at most {MOST_ROWS} rows")));
    }
    Ok(table)
}

/// As much of a name as anybody reads.
pub(super) fn short(name: &str) -> String {
    name.chars().take(60).collect()
}

/// An apostrophe before a sign keeps spreadsheets from calculating; it is no part of the text.
pub(super) fn plain(cell: &str) -> &str {
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
pub(super) fn parse_price(typed: &str, minor_digits: u32) -> Result<i64> {
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
