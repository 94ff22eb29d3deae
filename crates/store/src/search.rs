//! Finding products as one types: word starts first, then substrings, then near misses.

use crate::{Reader, StoreError, catalog::ProductRow};
use domain::search::{fold, romanize};
use rusqlite::{OptionalExtension, params, params_from_iter};
use std::collections::{BTreeMap, BTreeSet};

/// How many candidates a pass may look at, so that no query walks the catalogue.
const CANDIDATES: u32 = 120;

/// The last four characters of a barcode.
pub(crate) fn tail(barcode: &str) -> &str {
    let start = barcode.char_indices().rev().nth(3).map_or(0, |(i, _)| i);
    &barcode[start..]
}

/// All that a product can be found by: its names folded, and in Latin letters too.
pub(crate) fn searchable<'a>(
    name: &'a str,
    names: impl Iterator<Item = &'a str>,
    sku: Option<&'a str>,
) -> String {
    let mut words = BTreeSet::new();
    let mut ordered = Vec::new();
    for text in std::iter::once(name).chain(names).chain(sku) {
        for form in [fold(text), fold(&romanize(text))] {
            for word in form
                .split(|c: char| c.is_whitespace() || "()/,.-&+".contains(c))
                .filter(|w| !w.is_empty())
            {
                if words.insert(word.to_owned()) {
                    ordered.push(word.to_owned());
                }
            }
        }
    }
    ordered.join(" ")
}

/// How a product was found, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Code,
    WordStart,
    Inside,
    NearMiss,
}

impl Reader<'_> {
    /// The products that `typed` may mean, the likeliest first.
    pub fn search_products(&self, typed: &str, limit: usize) -> Result<Vec<ProductRow>, StoreError> {
        let folded = fold(typed);
        let words: Vec<&str> = folded.split_whitespace().take(6).collect();
        if words.is_empty() {
            return Ok(vec![]);
        }
        let mut found: BTreeMap<i64, Found> = BTreeMap::new();
        self.by_code(typed.trim(), &mut found)?;
        self.by_word_starts(&words, &mut found)?;
        if found.len() < limit && words.iter().all(|w| w.chars().count() >= 3) {
            self.by_substrings(&words, &mut found)?;
        }
        if found.len() < 3 && words.iter().any(|w| w.chars().count() >= 4) {
            self.by_near_misses(&words, &mut found)?;
        }
        let mut rows = Vec::with_capacity(found.len().min(limit));
        let mut ranked = Vec::with_capacity(found.len());
        let mut sold = self
            .conn
            .prepare_cached("select times from product_sold where n = ?1")?;
        for (n, how) in found {
            let times: i64 = sold.query_row([n], |r| r.get(0)).optional()?.unwrap_or(0);
            ranked.push((how, std::cmp::Reverse(times), n));
        }
        ranked.sort_unstable();
        for (_, _, n) in ranked.into_iter().take(limit) {
            rows.extend(self.product_by_n(n)?);
        }
        Ok(rows)
    }

    fn by_code(&self, typed: &str, found: &mut BTreeMap<i64, Found>) -> Result<(), StoreError> {
        let mut exact = self.conn.prepare_cached(
            "select n from product_barcode where barcode = ?1
             union select n from product where sku = ?1 collate nocase and sku is not null and archived_ms is null
             union select n from product_barcode where tail = ?1 and length(?1) = 4 limit 50",
        )?;
        for n in exact.query_map([typed], |r| r.get(0))? {
            found.entry(n?).or_insert(Found::Code);
        }
        Ok(())
    }

    fn by_word_starts(&self, words: &[&str], found: &mut BTreeMap<i64, Found>) -> Result<(), StoreError> {
        // The longest word is the rarest: it drives, the others only check.
        let Some(driver) = words.iter().max_by_key(|w| w.len()) else {
            return Ok(());
        };
        let mut starts = self
            .conn
            .prepare_cached("select distinct n from product_word where word >= ?1 and word < ?2 limit ?3")?;
        let mut check = self
            .conn
            .prepare_cached("select 1 from product_word where n = ?1 and word >= ?2 and word < ?3 limit 1")?;
        let hits: Vec<i64> = starts
            .query_map(params![driver, after(driver), CANDIDATES], |r| r.get(0))?
            .collect::<Result<_, _>>()?;
        'hits: for n in hits {
            for word in words.iter().filter(|w| *w != driver) {
                if !check.exists(params![n, word, after(word)])? {
                    continue 'hits;
                }
            }
            found.entry(n).or_insert(Found::WordStart);
        }
        Ok(())
    }

    fn by_substrings(&self, words: &[&str], found: &mut BTreeMap<i64, Found>) -> Result<(), StoreError> {
        let query = words.iter().map(|w| quoted(w)).collect::<Vec<_>>().join(" ");
        let mut hits = self
            .conn
            .prepare_cached("select rowid from product_search where folded match ?1 limit ?2")?;
        for n in hits.query_map(params![query, CANDIDATES], |r| r.get(0))? {
            found.entry(n?).or_insert(Found::Inside);
        }
        Ok(())
    }

    /// Products that share most of their three-letter pieces with what was typed.
    fn by_near_misses(&self, words: &[&str], found: &mut BTreeMap<i64, Found>) -> Result<(), StoreError> {
        let mut pieces = BTreeSet::new();
        for word in words {
            pieces.extend(trigrams(word));
        }
        let query = pieces
            .iter()
            .take(12)
            .map(|p| quoted(p))
            .collect::<Vec<_>>()
            .join(" OR ");
        if query.is_empty() {
            return Ok(());
        }
        let mut hits = self
            .conn
            .prepare_cached("select rowid, folded from product_search where folded match ?1 limit ?2")?;
        let rows = hits.query_map(
            params_from_iter([&query as &dyn rusqlite::ToSql, &CANDIDATES]),
            |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?)),
        )?;
        for row in rows {
            let (n, text) = row?;
            let near = words
                .iter()
                .all(|word| text.split(' ').any(|candidate| is_near(word, candidate)));
            if near {
                found.entry(n).or_insert(Found::NearMiss);
            }
        }
        Ok(())
    }
}

/// The first string after all that start with `word`.
pub(crate) fn after(word: &str) -> String {
    format!("{word}\u{10ffff}")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn trigrams(word: &str) -> Vec<String> {
    let chars: Vec<char> = word.chars().collect();
    chars.windows(3).map(|w| w.iter().collect()).collect()
}

/// One typing mistake for short words, two for long ones; compared against the word's beginning.
fn is_near(typed: &str, candidate: &str) -> bool {
    let typed: Vec<char> = typed.chars().collect();
    let candidate: Vec<char> = candidate.chars().take(typed.len() + 2).collect();
    let allowed = if typed.len() >= 7 { 2 } else { 1 };
    if typed.len() > candidate.len() + allowed {
        return false;
    }
    // Edit distance with swaps, the end of the candidate being free.
    let width = candidate.len() + 1;
    let mut before_last: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for (i, &a) in typed.iter().enumerate() {
        let mut row = vec![i + 1; width];
        for (j, &b) in candidate.iter().enumerate() {
            let change = usize::from(a != b);
            row[j + 1] = (last[j] + change).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a == candidate[j - 1] && typed[i - 1] == b {
                row[j + 1] = row[j + 1].min(before_last[j - 1] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.iter()
        .copied()
        .min()
        .is_some_and(|distance| distance <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_means_a_slip_of_the_finger() {
        assert!(is_near("samsoa", "samosa"), "two letters swapped");
        assert!(is_near("jalbi", "jalebi"), "a letter left out");
        assert!(is_near("kachoori", "kachori"), "a letter too many");
        assert!(!is_near("dosa", "idli"));
    }

    #[test]
    fn tails_are_four_characters() {
        assert_eq!(tail("8901234567890"), "7890");
        assert_eq!(tail("12"), "12");
        assert_eq!(tail("क१२३४"), "१२३४");
    }
}
