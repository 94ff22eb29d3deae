//! Numbers that devices give out without asking each other and that still never collide.
//!
//! Each counter of a branch has a *lane*, each device of a shop an *ordinal*; both are given out when it joins.
//! Which number comes next is counted above; here stands only the arithmetic.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::text::digit_value;

/// Why there is no such number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NumberError {
    #[error("the shop has used up its document prefixes")]
    NoPrefixLeft,
    #[error("a document number is from 1 to 999999")]
    SeriesFull,
    #[error("not a one-time number")]
    NotAOneTimeNumber,
}

/// How many orders one counter can number in a business day before its numbers start over.
pub const DISPLAY_NUMBERS_PER_LANE: u32 = 16_776_000;

/// The number on the guest's slip and on the wall.
///
/// `nth` counts that counter's orders of the business day from 0. Two lanes never share a number. Small shops see
/// small ones: lane 0 starts with 1–499, lanes 1 to 5 with the next five hundreds; after that, and for further
/// lanes from the start, each lane has every 256th block of a thousand.
pub fn display_number(lane: u8, nth: u32) -> u32 {
    let lane = u32::from(lane);
    let nth = nth % DISPLAY_NUMBERS_PER_LANE;
    let (first, size) = match lane {
        0 => (1, 499),
        1..=5 => (400 + lane * 100, 100),
        _ => (0, 0),
    };
    if nth < size {
        return first + nth;
    }
    let nth = nth - size;
    ((nth / 1000) * 256 + lane + 1) * 1000 + nth % 1000
}

/// A product's number that fits in two bytes of a token: the ordinal of the device that made it, and its count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortNumber {
    pub ordinal: u16,
    /// Counts from 1.
    pub counter: u32,
}

impl ShortNumber {
    /// Stands for a line that is not in the catalogue.
    pub const OPEN: ShortNumber = ShortNumber {
        ordinal: 0,
        counter: 0,
    };
}

/// A kind of document with a series of its own. The numbers are part of every prefix ever printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    Invoice = 0,
    CreditNote = 1,
    ZReport = 2,
    Quotation = 3,
    /// Goods taken back without a receipt.
    GoodsReturn = 4,
    XReport = 7,
    /// Money received on account.
    Receipt = 6,
}

/// The three characters a document series starts with, unique in the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesPrefix(pub [u8; 3]);

impl SeriesPrefix {
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for SeriesPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No 0 or O, no 1, I or L: nothing that is misread on thermal paper.
const PREFIX_ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
const PREFIXES: u32 = 31 * 31 * 31;

/// Ordinals of devices that began from a backup: one of these by chance, since two that are restored from one backup
/// know nothing of each other. Devices that are let in have those below.
pub const RESTORED_ORDINALS: std::ops::Range<u16> = 1862..3723;

/// The prefix of a device's series of one kind of document.
pub fn series_prefix(device_ordinal: u16, kind: DocumentKind) -> Result<SeriesPrefix, NumberError> {
    let n = u32::from(device_ordinal) * 8 + kind as u32;
    if n >= PREFIXES {
        return Err(NumberError::NoPrefixLeft);
    }
    // Neighbours look unlike each other. 7919 is prime and no multiple of 31, so no two prefixes meet.
    // The shift only keeps the first shop from being called 222.
    let scrambled = (n * 7919 + 14_983) % PREFIXES;
    let character = |value: u32| PREFIX_ALPHABET[(value % 31) as usize];
    Ok(SeriesPrefix([
        character(scrambled / 961),
        character(scrambled / 31),
        character(scrambled),
    ]))
}

/// A year of account: the calendar year and month it starts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiscalYear {
    pub start_year: i32,
    pub start_month: u8,
}

impl FiscalYear {
    /// The fiscal year that a calendar month lies in, where years start with `start_month` (1–12).
    pub fn containing(year: i32, month: u8, start_month: u8) -> FiscalYear {
        let start_year = if month < start_month {
            year.saturating_sub(1)
        } else {
            year
        };
        FiscalYear {
            start_year,
            start_month,
        }
    }

    /// "26-27", or "2026" for a year that is the calendar's.
    pub fn label(&self) -> String {
        if self.start_month == 1 {
            return format!("{:04}", self.start_year.rem_euclid(10_000));
        }
        let first = self.start_year.rem_euclid(100);
        format!("{first:02}-{:02}", (first + 1) % 100)
    }
}

/// The number on a document: "K7Q/26-27/000042". Never more than 16 characters, as Indian invoices must be.
pub fn document_number(prefix: SeriesPrefix, year: &FiscalYear, n: u32) -> Result<String, NumberError> {
    if !(1..=999_999).contains(&n) {
        return Err(NumberError::SeriesFull);
    }
    Ok(format!("{prefix}/{}/{n:06}", year.label()))
}

/// How many one-time numbers each lane has.
pub const ONE_TIME_SLOTS: u16 = 3906;
const ONE_TIME_NUMBERS: u32 = 1_000_000;

/// Six digits that a guest can say instead of showing the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OneTimeNumber(pub u32);

impl fmt::Display for OneTimeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

/// Reads six digits of any script the till speaks, with or without blanks and dashes between.
impl FromStr for OneTimeNumber {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<OneTimeNumber, NumberError> {
        let (mut number, mut digits) = (0, 0);
        for character in text
            .chars()
            .filter(|character| !character.is_whitespace() && *character != '-')
        {
            let digit = digit_value(character).ok_or(NumberError::NotAOneTimeNumber)?;
            digits += 1;
            if digits > 6 {
                return Err(NumberError::NotAOneTimeNumber);
            }
            number = number * 10 + u32::from(digit);
        }
        if digits == 6 {
            Ok(OneTimeNumber(number))
        } else {
            Err(NumberError::NotAOneTimeNumber)
        }
    }
}

/// The one-time number in a slot (below [`ONE_TIME_SLOTS`]; beyond, slots start over) of a counter's lane.
///
/// A permutation of all numbers under the branch's secret: no two (lane, slot) of a branch share a number, and
/// without the secret nobody sees which numbers belong to which counter or come next.
pub fn one_time_number(branch_secret: &[u8; 32], lane: u8, slot: u16) -> OneTimeNumber {
    // 256 lanes of 3906 slots are 999 936 of the million.
    let mut number = u32::from(lane) * u32::from(ONE_TIME_SLOTS) + u32::from(slot % ONE_TIME_SLOTS);
    // The network permutes 2^20 numbers. Walking its cycle until we are below a million again permutes those.
    loop {
        number = feistel(branch_secret, number);
        if number < ONE_TIME_NUMBERS {
            return OneTimeNumber(number);
        }
    }
}

/// A balanced Feistel network on 20 bits, its rounds keyed by BLAKE3.
fn feistel(secret: &[u8; 32], number: u32) -> u32 {
    const HALF: u32 = (1 << 10) - 1;
    const ROUNDS: u8 = 10;
    let (mut left, mut right) = (number >> 10 & HALF, number & HALF);
    for round in 0..ROUNDS {
        let [low, high] = (right as u16).to_le_bytes();
        let mut input = *b"one-time number \0\0\0";
        input[16..].copy_from_slice(&[round, low, high]);
        let hash = blake3::keyed_hash(secret, &input);
        let [a, b, ..] = *hash.as_bytes();
        let mixed = u32::from(u16::from_le_bytes([a, b])) & HALF;
        (left, right) = (right, left ^ mixed);
    }
    left << 10 | right
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn the_last_restored_device_has_a_prefix_for_every_kind() {
        let last = RESTORED_ORDINALS.end - 1;
        assert!(series_prefix(last, DocumentKind::XReport).is_ok());
        assert!(series_prefix(last + 1, DocumentKind::XReport).is_err());
    }

    #[test]
    fn small_shops_see_small_numbers() {
        let numbers = |lane: u8, nths: &[u32]| -> Vec<u32> {
            nths.iter().map(|nth| display_number(lane, *nth)).collect()
        };
        assert_eq!(
            numbers(0, &[0, 41, 498, 499, 1498, 1499]),
            [1, 42, 499, 1000, 1999, 257_000]
        );
        assert_eq!(numbers(1, &[0, 99, 100]), [500, 599, 2000]);
        assert_eq!(numbers(5, &[0, 99, 100]), [900, 999, 6000]);
        assert_eq!(numbers(6, &[0, 999, 1000]), [7000, 7999, 263_000]);
        assert_eq!(numbers(255, &[0, 1000]), [256_000, 512_000]);
    }

    #[test]
    fn a_day_of_three_thousand_orders_on_every_lane_has_no_number_twice() {
        let mut seen = HashSet::new();
        for lane in 0..=255 {
            for nth in 0..3_000 {
                assert!(seen.insert(display_number(lane, nth)), "lane {lane}, order {nth}");
            }
        }
    }

    #[test]
    fn display_numbers_end_inside_their_type() {
        for lane in [0, 5, 6, 255] {
            let last = display_number(lane, DISPLAY_NUMBERS_PER_LANE - 1);
            assert!(last > 4_000_000_000, "the range is used up: {last}");
            assert_eq!(
                display_number(lane, DISPLAY_NUMBERS_PER_LANE),
                display_number(lane, 0),
                "then over again"
            );
            display_number(lane, u32::MAX);
        }
    }

    #[test]
    fn no_two_series_share_a_prefix() {
        let mut seen = HashSet::new();
        for ordinal in 0..=3_723 {
            for kind in [
                DocumentKind::Invoice,
                DocumentKind::CreditNote,
                DocumentKind::ZReport,
            ] {
                let prefix = series_prefix(ordinal, kind).expect("there is one");
                assert!(
                    prefix
                        .0
                        .iter()
                        .all(|character| PREFIX_ALPHABET.contains(character))
                );
                assert!(seen.insert(prefix), "device {ordinal}, {kind:?}: {prefix}");
            }
        }
        assert_eq!(
            series_prefix(3_724, DocumentKind::Invoice),
            Err(NumberError::NoPrefixLeft)
        );
        assert_eq!(
            series_prefix(u16::MAX, DocumentKind::ZReport),
            Err(NumberError::NoPrefixLeft)
        );
    }

    #[test]
    fn prefixes_never_change() {
        let prefix = |ordinal, kind| series_prefix(ordinal, kind).expect("there is one").to_string();
        assert_eq!(prefix(0, DocumentKind::Invoice), "HMC");
        assert_eq!(prefix(0, DocumentKind::CreditNote), "SUT");
        assert_eq!(prefix(1, DocumentKind::Invoice), "NHY");
    }

    #[test]
    fn fiscal_years_are_named_as_accountants_do() {
        let label = |year, month, start| FiscalYear::containing(year, month, start).label();
        assert_eq!(label(2026, 11, 4), "26-27");
        assert_eq!(label(2027, 3, 4), "26-27");
        assert_eq!(label(2027, 4, 4), "27-28");
        assert_eq!(label(2099, 4, 4), "99-00");
        assert_eq!(label(2026, 1, 1), "2026");
        assert_eq!(label(2026, 12, 1), "2026");
    }

    #[test]
    fn document_numbers_fill_their_sixteen_characters() {
        let year = FiscalYear {
            start_year: 2026,
            start_month: 4,
        };
        let prefix = SeriesPrefix(*b"K7Q");
        assert_eq!(
            document_number(prefix, &year, 42).as_deref(),
            Ok("K7Q/26-27/000042")
        );
        assert_eq!(
            document_number(prefix, &year, 999_999).as_deref(),
            Ok("K7Q/26-27/999999")
        );
        assert_eq!(
            document_number(prefix, &year, 1_000_000),
            Err(NumberError::SeriesFull)
        );
        assert_eq!(
            document_number(prefix, &year, 0),
            Err(NumberError::SeriesFull),
            "a series starts with 1"
        );
        let calendar = FiscalYear {
            start_year: 2026,
            start_month: 1,
        };
        assert_eq!(
            document_number(prefix, &calendar, 42).as_deref(),
            Ok("K7Q/2026/000042")
        );
    }

    #[test]
    fn a_whole_lane_of_one_time_numbers_is_used_once() {
        let secret = [7; 32];
        let mut seen = HashSet::new();
        for lane in [0, 1, 255] {
            for slot in 0..ONE_TIME_SLOTS {
                let number = one_time_number(&secret, lane, slot);
                assert!(number.0 < 1_000_000);
                assert!(seen.insert(number), "lane {lane}, slot {slot}");
            }
        }
        assert_eq!(
            one_time_number(&secret, 3, ONE_TIME_SLOTS),
            one_time_number(&secret, 3, 0)
        );
        assert_ne!(
            one_time_number(&secret, 3, 0),
            one_time_number(&[8; 32], 3, 0),
            "another branch, other numbers"
        );
    }

    #[test]
    fn the_network_is_a_permutation() {
        let secret = [9; 32];
        let mut seen = vec![false; 1 << 20];
        // A sixteenth of all inputs, spread evenly, must reach as many outputs.
        for number in (0..1 << 20).step_by(16) {
            let image = feistel(&secret, number) as usize;
            assert!(!seen[image], "{number}");
            seen[image] = true;
        }
    }

    #[test]
    fn one_time_numbers_do_not_show_their_lane() {
        let mut below_half = [0u32; 4];
        for (lane, count) in below_half.iter_mut().enumerate() {
            for slot in 0..1000 {
                *count += u32::from(one_time_number(&[1; 32], lane as u8, slot).0 < 500_000);
            }
        }
        assert!(
            below_half.iter().all(|count| (400..600).contains(count)),
            "spread evenly: {below_half:?}"
        );
    }

    #[test]
    fn one_time_numbers_read_as_people_say_them() {
        for text in ["004213", "004 213", " 004-213 ", "٠٠٤٢١٣", "००४२१३"] {
            assert_eq!(text.parse(), Ok(OneTimeNumber(4213)), "{text:?}");
        }
        assert_eq!(OneTimeNumber(4213).to_string(), "004213");
        for text in ["", "4213", "0042133", "00421x", "-", "1e5000", "½12345"] {
            assert_eq!(
                text.parse::<OneTimeNumber>(),
                Err(NumberError::NotAOneTimeNumber),
                "{text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn display_numbers_never_collide(
            a in (any::<u8>(), 0..DISPLAY_NUMBERS_PER_LANE),
            b in (any::<u8>(), 0..DISPLAY_NUMBERS_PER_LANE),
        ) {
            prop_assert_eq!(display_number(a.0, a.1) == display_number(b.0, b.1), a == b);
        }

        #[test]
        fn display_numbers_never_collide_near_each_other(a in (0u8..9, 0u32..3000), b in (0u8..9, 0u32..3000)) {
            prop_assert_eq!(display_number(a.0, a.1) == display_number(b.0, b.1), a == b);
        }

        #[test]
        fn one_time_numbers_never_collide(
            secret: [u8; 32],
            a in (any::<u8>(), 0..ONE_TIME_SLOTS),
            b in (any::<u8>(), 0..ONE_TIME_SLOTS),
        ) {
            let (x, y) = (one_time_number(&secret, a.0, a.1), one_time_number(&secret, b.0, b.1));
            prop_assert!(x.0 < 1_000_000);
            prop_assert_eq!(x == y, a == b);
            prop_assert_eq!(x.to_string().parse(), Ok(x));
        }

        #[test]
        fn document_numbers_fit_an_invoice(ordinal in 0u16..3_724, year: i32, month in 1u8..=12, n in 1u32..1_000_000) {
            let prefix = series_prefix(ordinal, DocumentKind::Invoice).expect("there is one");
            let number = document_number(prefix, &FiscalYear { start_year: year, start_month: month }, n);
            let number = number.expect("in range");
            prop_assert!(number.len() <= 16, "{}", number);
            prop_assert!(number.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'/' || b == b'-'));
        }
    }
}
