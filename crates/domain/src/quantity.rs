//! Quantities: how much of something, in thousandths of its unit.
//!
//! Counted units (a plate, a box) come only whole; measured ones (a kilogram) to three decimals. A quantity is
//! never negative and never above a million, so a slip of the finger cannot become a sale.

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
}

/// What a product is sold by.
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
}

impl Unit {
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

    pub const fn as_str(self) -> &'static str {
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
        }
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

    fn same_unit(self, other: Quantity) -> Result<(), QuantityError> {
        if self.unit == other.unit {
            Ok(())
        } else {
            Err(QuantityError::UnitsDiffer)
        }
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
