//! Money: exact amounts in the smallest unit of the shop's currency, and the currencies themselves.
//!
//! Amounts are whole `i64` minor units. Every operation that could leave the range refuses; every rounding names
//! its rule; splitting never loses or makes a unit. There is no float here and no conversion between currencies.

use num_traits::Zero;
use rust_decimal::Decimal;
use thiserror::Error;

/// Why an amount could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MoneyError {
    #[error("the amount is too large")]
    Overflow,
    #[error("there is nothing to split the amount over")]
    NoWeights,
}

/// What happens to the part of an amount that is smaller than one unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To the nearest unit; a tie goes away from zero. What people learn at school.
    #[default]
    HalfUp,
    /// To the nearest unit; a tie goes to the even one.
    HalfEven,
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
}

impl Rounding {
    /// `numerator / denominator` as a whole number under this rule. The denominator must be positive.
    pub(crate) fn divide(self, numerator: i128, denominator: i128) -> i128 {
        debug_assert!(denominator > 0);
        // Nearly every amount of a shop fits into 64 bits, where dividing costs a tenth.
        let (quotient, rest) = match (i64::try_from(numerator), i64::try_from(denominator)) {
            (Ok(numerator), Ok(denominator)) => (
                i128::from(numerator / denominator),
                i128::from((numerator % denominator).unsigned_abs()),
            ),
            _ => (numerator / denominator, (numerator % denominator).abs()),
        };
        if self.is_away(&rest, &(denominator - rest), quotient % 2 != 0) {
            quotient + numerator.signum()
        } else {
            quotient
        }
    }

    /// Whether a division that left `rest`, with `missing` to one more, ends away from zero. The two are compared,
    /// because doubling one could overflow.
    pub(crate) fn is_away<T: Ord + Zero>(self, rest: &T, missing: &T, odd: bool) -> bool {
        match self {
            Rounding::HalfUp => rest >= missing,
            Rounding::HalfEven => rest > missing || (rest == missing && odd),
            Rounding::Down => false,
            Rounding::Up => !rest.is_zero(),
        }
    }
}

/// An exact amount in the shop's currency, in its smallest unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    minor: i64,
}

impl Money {
    pub const ZERO: Money = Money { minor: 0 };

    pub const fn from_minor(minor: i64) -> Money {
        Money { minor }
    }

    pub const fn minor(self) -> i64 {
        self.minor
    }

    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        self.minor
            .checked_add(other.minor)
            .map(Money::from_minor)
            .ok_or(MoneyError::Overflow)
    }

    pub fn checked_sub(self, other: Money) -> Result<Money, MoneyError> {
        self.minor
            .checked_sub(other.minor)
            .map(Money::from_minor)
            .ok_or(MoneyError::Overflow)
    }

    pub fn checked_neg(self) -> Result<Money, MoneyError> {
        self.minor
            .checked_neg()
            .map(Money::from_minor)
            .ok_or(MoneyError::Overflow)
    }

    pub fn checked_mul_int(self, factor: i64) -> Result<Money, MoneyError> {
        self.minor
            .checked_mul(factor)
            .map(Money::from_minor)
            .ok_or(MoneyError::Overflow)
    }

    /// The exact sum; refuses only when the sum itself is out of range, whatever the order of the amounts.
    pub fn sum(amounts: impl IntoIterator<Item = Money>) -> Result<Money, MoneyError> {
        let sum: i128 = amounts.into_iter().map(|amount| i128::from(amount.minor)).sum();
        Money::from_wide(sum)
    }

    /// Splits by weight; the parts always sum to the whole.
    ///
    /// Largest remainder: every part gets its share rounded towards zero, then the units left over go one each to
    /// the largest remainders, the earlier part winning a tie. A part of weight 0 gets nothing. Refuses when there
    /// are no weights, or only zeros for an amount that is not zero.
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Money>, MoneyError> {
        let whole = u128::from(self.minor.unsigned_abs());
        let weight_sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
        if weights.is_empty() || (weight_sum == 0 && whole != 0) {
            return Err(MoneyError::NoWeights);
        }
        if whole == 0 {
            return Ok(vec![Money::ZERO; weights.len()]);
        }
        let mut parts: Vec<u128> = Vec::with_capacity(weights.len());
        let mut remainders: Vec<(u128, usize)> = Vec::with_capacity(weights.len());
        for (index, weight) in weights.iter().enumerate() {
            // At most 2^63 times 2^64: no overflow.
            let share = whole * u128::from(*weight);
            parts.push(share / weight_sum);
            remainders.push((share % weight_sum, index));
        }
        let left = whole - parts.iter().sum::<u128>();
        remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        for (_, index) in remainders
            .iter()
            .take(usize::try_from(left).unwrap_or(usize::MAX))
        {
            parts[*index] += 1;
        }
        let sign = i128::from(self.minor.signum());
        parts
            .into_iter()
            .map(|part| Money::from_wide(sign * i128::try_from(part).map_err(|_| MoneyError::Overflow)?))
            .collect()
    }

    /// `percent` hundredths of this amount, rounded once by the given rule.
    pub fn percent(self, percent: Decimal, rounding: Rounding) -> Result<Money, MoneyError> {
        let percent = percent.normalize();
        let denominator = 10i128
            .checked_pow(percent.scale() + 2)
            .ok_or(MoneyError::Overflow)?;
        let numerator = i128::from(self.minor)
            .checked_mul(percent.mantissa())
            .ok_or(MoneyError::Overflow)?;
        Money::from_wide(rounding.divide(numerator, denominator))
    }

    pub(crate) fn from_wide(minor: i128) -> Result<Money, MoneyError> {
        i64::try_from(minor)
            .map(Money::from_minor)
            .map_err(|_| MoneyError::Overflow)
    }
}

/// A currency: its ISO 4217 code and how many digits follow the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency {
    pub code: [u8; 3],
    pub minor_digits: u8,
}

/// Code, digits after the point, and the notes in people's purses in minor units, smallest first.
type CurrencyRow = (&'static [u8; 3], u8, &'static [i64]);

#[allow(
    clippy::inconsistent_digit_grouping,
    reason = "the last group is what stands behind the point"
)]
const CURRENCIES: &[CurrencyRow] = &[
    (
        b"AED",
        2,
        &[5_00, 10_00, 20_00, 50_00, 100_00, 200_00, 500_00, 1000_00],
    ),
    (b"ARS", 2, &[1000_00, 2000_00, 10000_00, 20000_00]),
    (b"AUD", 2, &[5_00, 10_00, 20_00, 50_00, 100_00]),
    (b"AZN", 2, &[1_00, 5_00, 10_00, 20_00, 50_00, 100_00, 200_00]),
    (b"BDT", 2, &[10_00, 20_00, 50_00, 100_00, 200_00, 500_00, 1000_00]),
    (b"BGN", 2, &[5_00, 10_00, 20_00, 50_00, 100_00]),
    (b"BHD", 3, &[500, 1_000, 5_000, 10_000, 20_000]),
    (b"BRL", 2, &[2_00, 5_00, 10_00, 20_00, 50_00, 100_00, 200_00]),
    (b"CAD", 2, &[5_00, 10_00, 20_00, 50_00, 100_00]),
    (b"CHF", 2, &[10_00, 20_00, 50_00, 100_00, 200_00, 1000_00]),
    (b"CLP", 0, &[1_000, 2_000, 5_000, 10_000, 20_000]),
    (b"CNY", 2, &[1_00, 5_00, 10_00, 20_00, 50_00, 100_00]),
    (
        b"COP",
        2,
        &[2000_00, 5000_00, 10000_00, 20000_00, 50000_00, 100000_00],
    ),
    (b"CZK", 2, &[100_00, 200_00, 500_00, 1000_00, 2000_00, 5000_00]),
    (b"DKK", 2, &[50_00, 100_00, 200_00, 500_00]),
    (b"EGP", 2, &[5_00, 10_00, 20_00, 50_00, 100_00, 200_00]),
    (b"EUR", 2, &[5_00, 10_00, 20_00, 50_00, 100_00, 200_00]),
    (b"GBP", 2, &[5_00, 10_00, 20_00, 50_00]),
    (b"GEL", 2, &[5_00, 10_00, 20_00, 50_00, 100_00, 200_00]),
    (b"HKD", 2, &[10_00, 20_00, 50_00, 100_00, 500_00, 1000_00]),
    (
        b"HUF",
        2,
        &[500_00, 1000_00, 2000_00, 5000_00, 10000_00, 20000_00],
    ),
    (
        b"IDR",
        2,
        &[1000_00, 2000_00, 5000_00, 10000_00, 20000_00, 50000_00, 100000_00],
    ),
    (b"ILS", 2, &[20_00, 50_00, 100_00, 200_00]),
    (b"INR", 2, &[10_00, 20_00, 50_00, 100_00, 200_00, 500_00, 2000_00]),
    (
        b"IQD",
        3,
        &[
            250_000, 500_000, 1_000_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
        ],
    ),
    (b"ISK", 0, &[500, 1_000, 2_000, 5_000, 10_000]),
    (b"JOD", 3, &[1_000, 5_000, 10_000, 20_000, 50_000]),
    (b"JPY", 0, &[1_000, 5_000, 10_000]),
    (b"KES", 2, &[50_00, 100_00, 200_00, 500_00, 1000_00]),
    (
        b"KGS",
        2,
        &[20_00, 50_00, 100_00, 200_00, 500_00, 1000_00, 2000_00, 5000_00],
    ),
    (b"KRW", 0, &[1_000, 5_000, 10_000, 50_000]),
    (b"KWD", 3, &[250, 500, 1_000, 5_000, 10_000, 20_000]),
    (
        b"KZT",
        2,
        &[200_00, 500_00, 1000_00, 2000_00, 5000_00, 10000_00, 20000_00],
    ),
    (b"LKR", 2, &[20_00, 50_00, 100_00, 500_00, 1000_00, 5000_00]),
    (b"LYD", 3, &[1_000, 5_000, 10_000, 20_000, 50_000]),
    (b"MAD", 2, &[20_00, 50_00, 100_00, 200_00]),
    (b"MXN", 2, &[20_00, 50_00, 100_00, 200_00, 500_00, 1000_00]),
    (b"MYR", 2, &[1_00, 5_00, 10_00, 20_00, 50_00, 100_00]),
    (
        b"NGN",
        2,
        &[5_00, 10_00, 20_00, 50_00, 100_00, 200_00, 500_00, 1000_00],
    ),
    (b"NOK", 2, &[50_00, 100_00, 200_00, 500_00, 1000_00]),
    (b"NPR", 2, &[5_00, 10_00, 20_00, 50_00, 100_00, 500_00, 1000_00]),
    (b"NZD", 2, &[5_00, 10_00, 20_00, 50_00, 100_00]),
    (b"OMR", 3, &[100, 500, 1_000, 5_000, 10_000, 20_000, 50_000]),
    (b"PHP", 2, &[20_00, 50_00, 100_00, 200_00, 500_00, 1000_00]),
    (
        b"PKR",
        2,
        &[10_00, 20_00, 50_00, 100_00, 500_00, 1000_00, 5000_00],
    ),
    (b"PLN", 2, &[10_00, 20_00, 50_00, 100_00, 200_00, 500_00]),
    (b"QAR", 2, &[1_00, 5_00, 10_00, 50_00, 100_00, 200_00, 500_00]),
    (
        b"RON",
        2,
        &[1_00, 5_00, 10_00, 20_00, 50_00, 100_00, 200_00, 500_00],
    ),
    (
        b"RSD",
        2,
        &[
            10_00, 20_00, 50_00, 100_00, 200_00, 500_00, 1000_00, 2000_00, 5000_00,
        ],
    ),
    (
        b"SAR",
        2,
        &[1_00, 5_00, 10_00, 20_00, 50_00, 100_00, 200_00, 500_00],
    ),
    (b"SEK", 2, &[20_00, 50_00, 100_00, 200_00, 500_00, 1000_00]),
    (b"SGD", 2, &[2_00, 5_00, 10_00, 50_00, 100_00]),
    (b"THB", 2, &[20_00, 50_00, 100_00, 500_00, 1000_00]),
    (b"TND", 3, &[5_000, 10_000, 20_000, 50_000]),
    (b"TRY", 2, &[5_00, 10_00, 20_00, 50_00, 100_00, 200_00]),
    (b"TWD", 2, &[100_00, 500_00, 1000_00]),
    (b"UAH", 2, &[20_00, 50_00, 100_00, 200_00, 500_00, 1000_00]),
    (b"UGX", 0, &[1_000, 2_000, 5_000, 10_000, 20_000, 50_000]),
    (b"USD", 2, &[1_00, 5_00, 10_00, 20_00, 50_00, 100_00]),
    (
        b"UZS",
        2,
        &[
            1000_00, 2000_00, 5000_00, 10000_00, 20000_00, 50000_00, 100000_00, 200000_00,
        ],
    ),
    (
        b"VND",
        0,
        &[
            1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000,
        ],
    ),
    (b"XAF", 0, &[500, 1_000, 2_000, 5_000, 10_000]),
    (b"XOF", 0, &[500, 1_000, 2_000, 5_000, 10_000]),
    (b"ZAR", 2, &[10_00, 20_00, 50_00, 100_00, 200_00]),
];

impl Currency {
    /// The currency with this ISO code, in capitals as ISO writes it; `None` for one we do not know.
    pub fn from_code(code: &str) -> Option<Currency> {
        let (code, minor_digits, _) = Currency::row(code.as_bytes())?;
        Some(Currency {
            code: **code,
            minor_digits: *minor_digits,
        })
    }

    pub fn code(&self) -> &str {
        // The fields are public, so what stands there is checked rather than trusted.
        std::str::from_utf8(&self.code).unwrap_or("XXX")
    }

    /// The notes people carry, in minor units, smallest first.
    pub fn banknotes(&self) -> &'static [i64] {
        Currency::row(&self.code).map_or(&[], |(_, _, notes)| notes)
    }

    fn row(code: &[u8]) -> Option<&'static CurrencyRow> {
        CURRENCIES.iter().find(|(known, _, _)| known.as_slice() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(minor: i64) -> Money {
        Money::from_minor(minor)
    }

    fn minors(parts: &[Money]) -> Vec<i64> {
        parts.iter().map(|part| part.minor()).collect()
    }

    #[test]
    fn what_leaves_the_range_is_refused() {
        assert_eq!(money(i64::MAX).checked_add(money(1)), Err(MoneyError::Overflow));
        assert_eq!(money(i64::MIN).checked_sub(money(1)), Err(MoneyError::Overflow));
        assert_eq!(money(i64::MIN).checked_neg(), Err(MoneyError::Overflow));
        assert_eq!(money(i64::MAX).checked_mul_int(2), Err(MoneyError::Overflow));
        assert_eq!(
            money(i64::MAX).percent(Decimal::from(200), Rounding::HalfUp),
            Err(MoneyError::Overflow)
        );
        assert_eq!(Money::sum([money(i64::MAX), money(1)]), Err(MoneyError::Overflow));
    }

    #[test]
    fn a_sum_passes_over_the_edge_and_comes_back() {
        assert_eq!(
            Money::sum([money(i64::MAX), money(1), money(-1)]),
            Ok(money(i64::MAX))
        );
        assert_eq!(Money::sum([]), Ok(Money::ZERO));
    }

    #[test]
    fn each_rounding_does_what_its_name_says() {
        let of = |numerator, rule: Rounding| rule.divide(numerator, 10);
        for (numerator, half_up, half_even, down, up) in [
            (25, 3, 2, 2, 3),
            (35, 4, 4, 3, 4),
            (24, 2, 2, 2, 3),
            (26, 3, 3, 2, 3),
            (20, 2, 2, 2, 2),
            (-25, -3, -2, -2, -3),
            (-24, -2, -2, -2, -3),
            (-4, 0, 0, 0, -1),
            (5, 1, 0, 0, 1),
            (0, 0, 0, 0, 0),
        ] {
            assert_eq!(
                of(numerator, Rounding::HalfUp),
                half_up,
                "half up of {numerator}/10"
            );
            assert_eq!(
                of(numerator, Rounding::HalfEven),
                half_even,
                "half even of {numerator}/10"
            );
            assert_eq!(of(numerator, Rounding::Down), down, "down of {numerator}/10");
            assert_eq!(of(numerator, Rounding::Up), up, "up of {numerator}/10");
        }
    }

    #[test]
    fn percent_is_rounded_once() {
        let percent = |minor, text: &str, rule| {
            let percent: Decimal = text.parse().expect("a decimal");
            money(minor).percent(percent, rule).map(Money::minor)
        };
        assert_eq!(percent(875, "10", Rounding::HalfUp), Ok(88));
        assert_eq!(percent(875, "10.00", Rounding::Down), Ok(87));
        assert_eq!(
            percent(-875, "10", Rounding::HalfUp),
            Ok(-88),
            "a refund mirrors its sale"
        );
        assert_eq!(percent(1, "0.000001", Rounding::Up), Ok(1));
        assert_eq!(percent(i64::MAX, "100", Rounding::HalfUp), Ok(i64::MAX));
        assert_eq!(
            percent(i64::MAX, "99.9999999999999999999999999", Rounding::HalfUp),
            Err(MoneyError::Overflow)
        );
        assert_eq!(percent(0, "100", Rounding::Up), Ok(0));
    }

    #[test]
    fn largest_remainders_get_what_is_left_over() {
        assert_eq!(
            minors(&money(100).allocate(&[1, 1, 1]).expect("splits")),
            [34, 33, 33]
        );
        assert_eq!(
            minors(&money(-100).allocate(&[1, 1, 1]).expect("splits")),
            [-34, -33, -33]
        );
        assert_eq!(minors(&money(5).allocate(&[0, 3, 7]).expect("splits")), [0, 2, 3]);
        assert_eq!(minors(&money(0).allocate(&[0, 0]).expect("splits")), [0, 0]);
        assert_eq!(
            minors(&money(i64::MIN).allocate(&[1]).expect("splits")),
            [i64::MIN]
        );
        assert_eq!(
            minors(&money(2).allocate(&[u64::MAX; 3]).expect("splits")),
            [1, 1, 0]
        );
        assert_eq!(money(1).allocate(&[]), Err(MoneyError::NoWeights));
        assert_eq!(money(0).allocate(&[]), Err(MoneyError::NoWeights));
        assert_eq!(money(1).allocate(&[0, 0]), Err(MoneyError::NoWeights));
    }

    #[test]
    fn currencies_know_their_digits_and_notes() {
        for (code, digits) in [
            ("INR", 2),
            ("EUR", 2),
            ("USD", 2),
            ("GBP", 2),
            ("AED", 2),
            ("SAR", 2),
            ("JPY", 0),
            ("KWD", 3),
            ("BHD", 3),
            ("TRY", 2),
            ("UZS", 2),
            ("CHF", 2),
            ("SEK", 2),
            ("DKK", 2),
            ("OMR", 3),
            ("KRW", 0),
        ] {
            let currency = Currency::from_code(code).expect("known");
            assert_eq!(currency.minor_digits, digits, "{code}");
            assert_eq!(currency.code(), code);
        }
        for code in ["", "inr", "INRX", "XXX", "₹₹₹", "I\0R"] {
            assert_eq!(Currency::from_code(code), None, "{code:?}");
        }
    }

    #[test]
    fn the_table_of_currencies_is_in_order() {
        assert!(
            CURRENCIES.is_sorted_by(|a, b| a.0 < b.0),
            "sorted, and none twice"
        );
        for (code, _, notes) in CURRENCIES {
            assert!(
                !notes.is_empty() && notes[0] > 0 && notes.is_sorted_by(|a, b| a < b),
                "{code:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn parts_always_sum_to_the_whole(minor: i64, weights in prop::collection::vec(any::<u64>(), 1..50)) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let parts = money(minor).allocate(&weights).expect("splits");
            prop_assert_eq!(Money::sum(parts.iter().copied()), Ok(money(minor)));
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(*weight > 0 || part.is_zero());
                prop_assert!(part.minor().signum() * minor.signum() >= 0, "no part turns its sign");
            }
        }

        #[test]
        fn no_part_is_more_than_one_unit_off(minor in -1_000_000i64..1_000_000, weights in prop::collection::vec(0u64..1000, 1..50)) {
            let sum: u64 = weights.iter().sum();
            prop_assume!(sum > 0);
            for (part, weight) in money(minor).allocate(&weights).expect("splits").iter().zip(&weights) {
                let exact = minor * *weight as i64;
                prop_assert!((part.minor() * sum as i64 - exact).abs() < sum as i64);
            }
        }

        #[test]
        fn rounding_never_moves_a_whole_unit(numerator in -1_000_000i128..1_000_000, denominator in 1i128..1000) {
            for rule in [Rounding::HalfUp, Rounding::HalfEven, Rounding::Down, Rounding::Up] {
                let rounded = rule.divide(numerator, denominator);
                prop_assert!((rounded * denominator - numerator).abs() < denominator);
                prop_assert_eq!(rule.divide(-numerator, denominator), -rounded, "mirrored");
            }
        }
    }
}
