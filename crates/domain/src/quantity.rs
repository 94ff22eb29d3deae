//! Quantities: how much of something, in thousandths of its unit, and what one unit holds of another.
//!
//! Counted units (a plate, a box) come only whole; measured ones (a kilogram) to three decimals. A quantity is
//! never negative and never above a million, so a slip of the finger cannot become a sale. A shop may have units
//! of its own: they carry their word with them, so no table has to be asked what they are.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::money::{Money, MoneyError, Rounding};
use crate::text::digit_value;

/// The largest quantity, in thousandths: a million.
pub const MAX_MILLI: i64 = 1_000_000_000;

/// Why a quantity could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QuantityError {
    #[error("not a number")]
    NotANumber,
    #[error("a quantity cannot be negative")]
    Negative,
    #[error("at most 1000000")]
    TooLarge,
    #[error("at most {allowed} decimals for this unit")]
    TooManyDecimals { allowed: u32 },
    #[error("the units differ")]
    UnitsDiffer,
    #[error("no such unit")]
    UnknownUnit,
    #[error("a unit holds more than nothing and at most a million of the base unit")]
    Conversion,
}

/// What a product is sold by.
///
/// Written as its word; a unit of the shop's own has a sign before it: `=tray` is counted, `~foot` is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    Piece,
    Plate,
    Cup,
    Glass,
    Bowl,
    Box,
    Pack,
    Bottle,
    Kilogram,
    Gram,
    Litre,
    Millilitre,
    Metre,
    Hour,
    Own(OwnUnit),
}

/// The longest word of a shop's own unit, in characters.
pub const MAX_OWN_UNIT_CHARS: usize = 12;
/// The sign and the longest word, at most three bytes a character.
const OWN_BYTES: usize = 1 + 3 * MAX_OWN_UNIT_CHARS;

/// A unit that the shop named itself. The word stands inside, so that a unit stays as cheap to copy as any.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnUnit {
    /// The written form, with zeros behind it.
    written: [u8; OWN_BYTES],
    length: u8,
}

impl OwnUnit {
    /// Letters and digits of any script, and spaces, dots, hyphens and apostrophes between them.
    fn read(text: &str) -> Option<OwnUnit> {
        let word = text.strip_prefix(['=', '~'])?;
        let fits =
            |c: char| c.is_alphanumeric() || is_mark(c) || matches!(c, ' ' | '.' | '-' | '\'' | '²' | '³');
        let starts_well = word.chars().next().is_some_and(char::is_alphanumeric);
        if !starts_well
            || word.ends_with(' ')
            || word.chars().count() > MAX_OWN_UNIT_CHARS
            || !word.chars().all(fits)
        {
            return None;
        }
        let mut written = [0; OWN_BYTES];
        written.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        let length = u8::try_from(text.len()).ok()?;
        Some(OwnUnit { written, length })
    }

    const fn as_str(&self) -> &str {
        let (written, _) = self.written.split_at(self.length as usize);
        match std::str::from_utf8(written) {
            Ok(text) => text,
            // Only `read` makes one, from text.
            Err(_) => "=unit",
        }
    }

    const fn is_measured(&self) -> bool {
        self.written[0] == b'~'
    }
}

/// The vowel signs of the scripts that the till speaks are letters to people, if not to `char`.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{903}' | '\u{93a}'..='\u{94f}' | '\u{64b}'..='\u{65f}')
}

impl fmt::Debug for OwnUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Unit {
    /// The units that every shop has.
    pub const ALL: [Unit; 14] = [
        Unit::Piece,
        Unit::Plate,
        Unit::Cup,
        Unit::Glass,
        Unit::Bowl,
        Unit::Box,
        Unit::Pack,
        Unit::Bottle,
        Unit::Kilogram,
        Unit::Gram,
        Unit::Litre,
        Unit::Millilitre,
        Unit::Metre,
        Unit::Hour,
    ];

    /// How it is written down: kept in facts and sent over the wire.
    pub const fn as_str(&self) -> &str {
        match self {
            Unit::Piece => "piece",
            Unit::Plate => "plate",
            Unit::Cup => "cup",
            Unit::Glass => "glass",
            Unit::Bowl => "bowl",
            Unit::Box => "box",
            Unit::Pack => "pack",
            Unit::Bottle => "bottle",
            Unit::Kilogram => "kg",
            Unit::Gram => "g",
            Unit::Litre => "l",
            Unit::Millilitre => "ml",
            Unit::Metre => "m",
            Unit::Hour => "hour",
            Unit::Own(own) => own.as_str(),
        }
    }

    /// What people read: a shop's own word without its sign.
    pub fn word(&self) -> &str {
        let written = self.as_str();
        written.strip_prefix(['=', '~']).unwrap_or(written)
    }

    /// How much of `base` one of this unit is, in thousandths, where nature knows it. A box holds what the shop
    /// says it holds.
    pub const fn natural_milli(self, base: Unit) -> Option<i64> {
        Some(match (self, base) {
            (Unit::Kilogram, Unit::Gram) | (Unit::Litre, Unit::Millilitre) => 1_000_000,
            (Unit::Gram, Unit::Kilogram) | (Unit::Millilitre, Unit::Litre) => 1,
            _ => return None,
        })
    }

    /// How many decimals a quantity of this unit may have.
    pub const fn decimals(self) -> u32 {
        if self.is_measured() { 3 } else { 0 }
    }

    /// Weighed, poured, cut or timed rather than counted.
    pub const fn is_measured(self) -> bool {
        match self {
            Unit::Piece
            | Unit::Plate
            | Unit::Cup
            | Unit::Glass
            | Unit::Bowl
            | Unit::Box
            | Unit::Pack
            | Unit::Bottle => false,
            Unit::Kilogram | Unit::Gram | Unit::Litre | Unit::Millilitre | Unit::Metre | Unit::Hour => true,
            Unit::Own(own) => own.is_measured(),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Unit {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Unit, QuantityError> {
        Unit::ALL
            .into_iter()
            .find(|unit| unit.as_str() == text)
            .or_else(|| OwnUnit::read(text).map(Unit::Own))
            .ok_or(QuantityError::UnknownUnit)
    }
}

/// So much of a unit: from zero to a million, in steps the unit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quantity {
    milli: i64,
    unit: Unit,
}

impl Quantity {
    /// Reads what a person typed or a program sent: digits of any script the till speaks, one decimal point.
    ///
    /// Zeros behind the unit's last decimal are harmless ("2.0" plates); anything else there is refused, as are
    /// signs, exponents, separators and words.
    pub fn parse(text: &str, unit: Unit) -> Result<Quantity, QuantityError> {
        let text = text.trim();
        match text.strip_prefix(['-', '−']) {
            Some(rest) => Quantity::parse_unsigned(rest, unit).and(Err(QuantityError::Negative)),
            None => Quantity::parse_unsigned(text, unit),
        }
    }

    fn parse_unsigned(text: &str, unit: Unit) -> Result<Quantity, QuantityError> {
        if text.len() > 64 {
            return Err(QuantityError::NotANumber);
        }
        let mut whole: i64 = 0;
        let mut milli: i64 = 0;
        let (mut whole_digits, mut decimals) = (0u32, None::<u32>);
        let mut cut = false;
        for character in text.chars() {
            match (digit_value(character), decimals) {
                (Some(digit), None) => {
                    whole_digits += 1;
                    whole = whole.saturating_mul(10).saturating_add(i64::from(digit));
                }
                (Some(digit), Some(place)) => {
                    decimals = Some(place + 1);
                    if place < 3 {
                        milli += i64::from(digit) * [100, 10, 1][place as usize];
                    }
                    cut |= place >= unit.decimals() && digit != 0;
                }
                // U+066B is the decimal sign of Arabic script.
                (None, None) if character == '.' || character == '\u{66b}' => decimals = Some(0),
                (None, _) => return Err(QuantityError::NotANumber),
            }
        }
        if whole_digits == 0 || decimals == Some(0) {
            return Err(QuantityError::NotANumber);
        }
        if cut {
            return Err(QuantityError::TooManyDecimals {
                allowed: unit.decimals(),
            });
        }
        Quantity::from_milli(whole.saturating_mul(1000).saturating_add(milli), unit)
    }

    /// From thousandths of the unit. Refuses what no quantity can be, so stored numbers may be passed in unseen.
    pub fn from_milli(milli: i64, unit: Unit) -> Result<Quantity, QuantityError> {
        if milli < 0 {
            return Err(QuantityError::Negative);
        }
        if milli > MAX_MILLI {
            return Err(QuantityError::TooLarge);
        }
        if !unit.is_measured() && milli % 1000 != 0 {
            return Err(QuantityError::TooManyDecimals { allowed: 0 });
        }
        Ok(Quantity { milli, unit })
    }

    /// One of the unit.
    pub const fn one(unit: Unit) -> Quantity {
        Quantity { milli: 1000, unit }
    }

    pub const fn milli(self) -> i64 {
        self.milli
    }

    pub const fn unit(self) -> Unit {
        self.unit
    }

    pub const fn is_zero(self) -> bool {
        self.milli == 0
    }

    pub fn checked_add(self, other: Quantity) -> Result<Quantity, QuantityError> {
        self.same_unit(other)?;
        Quantity::from_milli(self.milli + other.milli, self.unit)
    }

    pub fn checked_sub(self, other: Quantity) -> Result<Quantity, QuantityError> {
        self.same_unit(other)?;
        Quantity::from_milli(self.milli - other.milli, self.unit)
    }

    /// What this much costs at a price per unit, rounded once by the given rule.
    pub fn times(self, unit_price: Money, rounding: Rounding) -> Result<Money, MoneyError> {
        let exact = i128::from(unit_price.minor()) * i128::from(self.milli);
        Money::from_wide(rounding.divide(exact, 1000))
    }

    /// This much in a product's base unit, of which one of this quantity's unit holds `base_milli` thousandths.
    ///
    /// Stock is kept in thousandths of the base unit; what is finer is rounded half up. Counted goods never break:
    /// a conversion that would leave half a piece is refused.
    pub fn in_base(self, base: Unit, base_milli: i64) -> Result<Quantity, QuantityError> {
        check_conversion(base_milli)?;
        let exact = i128::from(self.milli) * i128::from(base_milli);
        let milli =
            i64::try_from(Rounding::HalfUp.divide(exact, 1000)).map_err(|_| QuantityError::TooLarge)?;
        Quantity::from_milli(milli, base)
    }

    fn same_unit(self, other: Quantity) -> Result<(), QuantityError> {
        if self.unit == other.unit {
            Ok(())
        } else {
            Err(QuantityError::UnitsDiffer)
        }
    }
}

/// Whether one unit may hold so many thousandths of another.
pub const fn check_conversion(base_milli: i64) -> Result<(), QuantityError> {
    if base_milli > 0 && base_milli <= MAX_MILLI {
        Ok(())
    } else {
        Err(QuantityError::Conversion)
    }
}

/// The shortest decimal: "2", "0.75".
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.milli / 1000, self.milli % 1000);
        if rest == 0 {
            return f.pad(&whole.to_string());
        }
        f.pad(format!("{whole}.{rest:03}").trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_type() {
        for (text, unit, milli) in [
            ("2", Unit::Piece, 2000),
            (" 2 ", Unit::Piece, 2000),
            ("2.0", Unit::Plate, 2000),
            ("0.75", Unit::Kilogram, 750),
            ("0.750", Unit::Kilogram, 750),
            ("0.7500", Unit::Kilogram, 750),
            ("007", Unit::Box, 7000),
            ("0", Unit::Piece, 0),
            ("1000000", Unit::Gram, MAX_MILLI),
            ("२.५", Unit::Kilogram, 2500),
            ("٠٫٧٥", Unit::Kilogram, 750),
            ("۳", Unit::Cup, 3000),
        ] {
            assert_eq!(
                Quantity::parse(text, unit).map(Quantity::milli),
                Ok(milli),
                "{text:?}"
            );
        }
    }

    #[test]
    fn refuses_what_is_no_quantity() {
        use QuantityError::*;
        for (text, unit, error) in [
            ("", Unit::Piece, NotANumber),
            (".", Unit::Kilogram, NotANumber),
            ("1.", Unit::Kilogram, NotANumber),
            (".5", Unit::Kilogram, NotANumber),
            ("1e3", Unit::Kilogram, NotANumber),
            ("NaN", Unit::Kilogram, NotANumber),
            ("inf", Unit::Kilogram, NotANumber),
            ("+1", Unit::Piece, NotANumber),
            ("1 000", Unit::Piece, NotANumber),
            ("1,5", Unit::Kilogram, NotANumber),
            ("1.2.3", Unit::Kilogram, NotANumber),
            ("0x10", Unit::Piece, NotANumber),
            ("--1", Unit::Piece, NotANumber),
            ("-", Unit::Piece, NotANumber),
            ("-1", Unit::Piece, Negative),
            ("1.5", Unit::Plate, TooManyDecimals { allowed: 0 }),
            ("0.0005", Unit::Kilogram, TooManyDecimals { allowed: 3 }),
            ("1000001", Unit::Piece, TooLarge),
            ("1000000.001", Unit::Gram, TooLarge),
            ("99999999999999999999999999", Unit::Piece, TooLarge),
        ] {
            assert_eq!(Quantity::parse(text, unit), Err(error), "{text:?}");
        }
        assert_eq!(
            Quantity::parse(&"9".repeat(1_000_000), Unit::Piece),
            Err(NotANumber)
        );
        assert_eq!(
            Quantity::parse(&"-".repeat(1_000_000), Unit::Piece),
            Err(NotANumber)
        );
    }

    #[test]
    fn units_never_mix() {
        let (kilo, gram) = (Quantity::one(Unit::Kilogram), Quantity::one(Unit::Gram));
        assert_eq!(kilo.checked_add(gram), Err(QuantityError::UnitsDiffer));
        assert_eq!(kilo.checked_sub(gram), Err(QuantityError::UnitsDiffer));
        assert_eq!(
            Quantity::one(Unit::Cup)
                .checked_sub(Quantity::one(Unit::Cup))
                .map(Quantity::milli),
            Ok(0)
        );
        let none = Quantity::from_milli(0, Unit::Cup).expect("zero");
        assert_eq!(
            none.checked_sub(Quantity::one(Unit::Cup)),
            Err(QuantityError::Negative)
        );
    }

    #[test]
    fn unit_words_read_back() {
        for unit in Unit::ALL {
            assert_eq!(unit.as_str().parse(), Ok(unit));
        }
        assert_eq!("Piece".parse::<Unit>(), Err(QuantityError::UnknownUnit));
    }

    #[test]
    fn a_shops_own_units_carry_their_word() {
        for (written, word, measured) in [
            ("=tray", "tray", false),
            ("~foot", "foot", true),
            ("=दर्जन", "दर्जन", false),
            ("~ذراع", "ذراع", true),
            ("=6-pack", "6-pack", false),
            ("=कट्टा किलो", "कट्टा किलो", false),
        ] {
            let unit: Unit = written.parse().expect(written);
            assert_eq!((unit.as_str(), unit.word()), (written, word));
            assert_eq!(unit.is_measured(), measured);
            assert_eq!(
                unit,
                written.parse().expect(written),
                "the same word is the same unit"
            );
        }
        for wrong in [
            "",
            "=",
            "~",
            "tray",
            "==tray",
            "= tray",
            "=tray ",
            "=<b>",
            "=a\nb",
            "=abcdefghijklm",
            "=\u{1f4a9}",
            "=-x",
        ] {
            assert_eq!(
                wrong.parse::<Unit>(),
                Err(QuantityError::UnknownUnit),
                "{wrong:?}"
            );
        }
        assert!(
            std::mem::size_of::<Quantity>() <= 56,
            "a quantity is copied everywhere"
        );
    }

    #[test]
    fn units_convert_into_the_base_unit() {
        let of = |text: &str, unit: Unit, base: Unit, holds: i64| {
            Quantity::parse(text, unit)
                .and_then(|quantity| quantity.in_base(base, holds))
                .map(Quantity::milli)
        };
        let piece = Unit::Piece;
        assert_eq!(of("3", Unit::Box, piece, 12_000), Ok(36_000));
        assert_eq!(of("250", Unit::Gram, Unit::Kilogram, 1), Ok(250));
        assert_eq!(of("0.001", Unit::Kilogram, Unit::Gram, 1_000_000), Ok(1_000));
        assert_eq!(of("0.5", Unit::Kilogram, Unit::Kilogram, 1_000), Ok(500));
        // Eight sweets a kilogram, and somebody wants 0.3 kg of them: 2.4 sweets cannot be counted.
        assert_eq!(
            of("0.3", Unit::Kilogram, piece, 8_000),
            Err(QuantityError::TooManyDecimals { allowed: 0 })
        );
        assert_eq!(of("1", Unit::Box, piece, 0), Err(QuantityError::Conversion));
        assert_eq!(of("1", Unit::Box, piece, -5), Err(QuantityError::Conversion));
        assert_eq!(
            of("1000000", Unit::Box, piece, MAX_MILLI),
            Err(QuantityError::TooLarge)
        );
        assert_eq!(Unit::Gram.natural_milli(Unit::Kilogram), Some(1));
        assert_eq!(Unit::Box.natural_milli(Unit::Piece), None);
    }

    #[test]
    fn prices_by_weight_round_once() {
        let quantity = Quantity::parse("0.333", Unit::Kilogram).expect("a weight");
        assert_eq!(
            quantity.times(Money::from_minor(45_050), Rounding::HalfUp),
            Ok(Money::from_minor(15_002))
        );
        assert_eq!(
            quantity.times(Money::from_minor(45_050), Rounding::Down),
            Ok(Money::from_minor(15_001))
        );
        let most = Quantity::from_milli(MAX_MILLI, Unit::Piece).expect("the most");
        assert_eq!(
            most.times(Money::from_minor(i64::MAX), Rounding::HalfUp),
            Err(MoneyError::Overflow)
        );
    }

    proptest! {
        #[test]
        fn any_own_unit_reads_back_or_is_refused(text in "[=~][\\PC]{0,14}|[=~][a-zक-हا-ي -]{0,14}") {
            if let Ok(unit) = text.parse::<Unit>() {
                prop_assert_eq!(unit.as_str(), &text);
                prop_assert_eq!(unit.is_measured(), text.starts_with('~'));
            }
        }

        #[test]
        fn converting_twice_what_converting_once_would(a in 1i64..1_000, b in 1i64..1_000, holds in 1i64..1_000_000) {
            let whole = |n: i64| Quantity::from_milli(n * 1000, Unit::Box).expect("boxes").in_base(Unit::Gram, holds);
            let (a, b, both) = (whole(a), whole(b), whole(a + b));
            if let (Ok(a), Ok(b), Ok(both)) = (a, b, both) {
                prop_assert_eq!(a.milli() + b.milli(), both.milli(), "whole units convert without rest");
            }
        }

        #[test]
        fn what_is_written_reads_back(milli in 0i64..=MAX_MILLI) {
            let quantity = Quantity::from_milli(milli, Unit::Litre).expect("in range");
            prop_assert_eq!(Quantity::parse(&quantity.to_string(), Unit::Litre), Ok(quantity));
        }

        #[test]
        fn parse_survives_anything(text in "\\PC{0,40}|[-+0-9.eE٠-٩०-९]{0,40}") {
            for unit in Unit::ALL {
                if let Ok(quantity) = Quantity::parse(&text, unit) {
                    prop_assert!((0..=MAX_MILLI).contains(&quantity.milli()));
                    prop_assert!(unit.is_measured() || quantity.milli() % 1000 == 0);
                }
            }
        }
    }
}
