//! Foreign money at the counter: what it is worth in the shop's currency, and the change, which is the shop's.
//!
//! A rate is a snapshot: the tender keeps it, and nothing is converted again later. What a note is worth is rounded
//! down and what must be handed over is rounded up, so a conversion never gives away a unit.

use thiserror::Error;

use crate::Decimal;
use crate::money::{Currency, Money, MoneyError, Rounding};

/// Why this rate or this amount cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ForeignError {
    #[error("a rate is more than nothing and has at most nine places")]
    NotARate,
    #[error("this is the shop's own currency")]
    OwnCurrency,
    #[error("more than nothing must be handed over")]
    NotPositive,
    #[error("this is worth nothing in the shop's currency")]
    Worthless,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

const NANO: i128 = 1_000_000_000;

/// What one whole unit of a foreign currency is worth in whole units of the shop's, in billionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate {
    nano: i64,
}

impl Rate {
    pub fn from_nano(nano: i64) -> Result<Rate, ForeignError> {
        match nano > 0 {
            true => Ok(Rate { nano }),
            false => Err(ForeignError::NotARate),
        }
    }

    /// Exactly; a rate with more than nine places is refused rather than rounded.
    pub fn from_decimal(rate: Decimal) -> Result<Rate, ForeignError> {
        let nano = rate
            .checked_mul(Decimal::from(1_000_000_000))
            .filter(|nano| nano.is_integer())
            .and_then(|nano| i64::try_from(nano).ok())
            .ok_or(ForeignError::NotARate)?;
        Rate::from_nano(nano)
    }

    pub const fn nano(self) -> i64 {
        self.nano
    }
}

/// One foreign currency at one rate, beside the shop's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    pub foreign: Currency,
    pub shop: Currency,
    ratio: i64,
}

/// Foreign cash against what is due: `worth = amount + change`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignCash {
    /// In the foreign currency's smallest unit.
    pub received_foreign: i64,
    pub worth: Money,
    /// What it pays.
    pub amount: Money,
    /// In the shop's currency.
    pub change: Money,
}

impl Exchange {
    /// Refuses a rate that these two currencies cannot have exactly.
    pub fn new(foreign: Currency, shop: Currency, rate: Rate) -> Result<Exchange, ForeignError> {
        let power = |digits: u8| 10i128.pow(u32::from(digits));
        let product = i128::from(rate.nano) * power(shop.minor_digits);
        let by = power(foreign.minor_digits);
        let ratio = i64::try_from(product / by)
            .ok()
            .filter(|_| product % by == 0)
            .ok_or(ForeignError::NotARate)?;
        Exchange::from_ratio(foreign, shop, ratio)
    }

    /// From the snapshot that a tender keeps.
    pub fn from_ratio(foreign: Currency, shop: Currency, ratio: i64) -> Result<Exchange, ForeignError> {
        if foreign.code == shop.code {
            return Err(ForeignError::OwnCurrency);
        }
        match ratio > 0 {
            true => Ok(Exchange { foreign, shop, ratio }),
            false => Err(ForeignError::NotARate),
        }
    }

    /// How many billionths of the shop's smallest unit one smallest unit of the foreign money is worth: what a tender
    /// keeps, and all that is needed to work it out again.
    pub fn ratio(&self) -> i64 {
        self.ratio
    }

    /// What one whole unit is worth in whole units of the shop's currency.
    pub fn rate(&self) -> Decimal {
        let power = |digits: u8| Decimal::from(10u32.pow(u32::from(digits)));
        let ratio = Decimal::new(self.ratio, 9);
        (ratio * power(self.foreign.minor_digits) / power(self.shop.minor_digits)).normalize()
    }

    /// What so much foreign money is worth, rounded down.
    pub fn worth(&self, foreign_minor: i64) -> Result<Money, ForeignError> {
        // At most 2^126: no overflow before the division.
        let product = i128::from(foreign_minor) * i128::from(self.ratio);
        let minor = i64::try_from(Rounding::Down.divide(product, NANO)).map_err(|_| MoneyError::Overflow)?;
        Ok(Money::from_minor(minor))
    }

    /// The least foreign money that covers what is due.
    pub fn covers(&self, due: Money) -> Result<i64, ForeignError> {
        let product = i128::from(due.minor()) * NANO;
        let foreign = Rounding::Up.divide(product, i128::from(self.ratio));
        i64::try_from(foreign).map_err(|_| MoneyError::Overflow.into())
    }

    /// Foreign cash handed over against what is due. Too little pays a part.
    pub fn settle(&self, due: Money, received_foreign: i64) -> Result<ForeignCash, ForeignError> {
        if received_foreign <= 0 || !due.is_positive() {
            return Err(ForeignError::NotPositive);
        }
        let worth = self.worth(received_foreign)?;
        if !worth.is_positive() {
            return Err(ForeignError::Worthless);
        }
        let amount = worth.min(due);
        Ok(ForeignCash {
            received_foreign,
            worth,
            amount,
            change: worth.checked_sub(amount)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exchange(foreign: &str, shop: &str, rate: &str) -> Exchange {
        let of = |code| Currency::from_code(code).expect("known");
        let rate = Rate::from_decimal(rate.parse().expect("a decimal")).expect("a rate");
        Exchange::new(of(foreign), of(shop), rate).expect("two currencies")
    }

    #[test]
    fn a_note_from_abroad_pays_and_the_change_is_ours() {
        let dollars = exchange("USD", "INR", "83.4567");
        let paid = dollars.settle(Money::from_minor(874_00), 20_00).expect("settles");
        assert_eq!(paid.worth.minor(), 1669_13, "1669.134 rounded down");
        assert_eq!((paid.amount.minor(), paid.change.minor()), (874_00, 795_13));
        assert_eq!(dollars.covers(Money::from_minor(874_00)), Ok(10_48));
        assert_eq!(dollars.rate().to_string(), "83.4567");
        assert_eq!(exchange("KWD", "INR", "271.5").rate().to_string(), "271.5");
        let part = dollars.settle(Money::from_minor(874_00), 5_00).expect("a part");
        assert_eq!((part.amount.minor(), part.change.minor()), (417_28, 0));
    }

    #[test]
    fn digits_differ_between_currencies() {
        assert_eq!(
            exchange("KWD", "INR", "271.5").worth(1_000).map(Money::minor),
            Ok(271_50)
        );
        assert_eq!(
            exchange("JPY", "INR", "0.56").worth(1_000).map(Money::minor),
            Ok(560_00)
        );
        assert_eq!(
            exchange("INR", "JPY", "1.78").worth(100_00).map(Money::minor),
            Ok(178)
        );
        assert_eq!(
            exchange("VND", "KWD", "0.000012")
                .worth(500_000)
                .map(Money::minor),
            Ok(6_000)
        );
        assert_eq!(
            exchange("VND", "KWD", "0.000012").settle(Money::from_minor(1), 50),
            Err(ForeignError::Worthless)
        );
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for bad in ["0", "-1", "0.0000000001", "9999999999999"] {
            assert_eq!(
                Rate::from_decimal(bad.parse().expect("a decimal")),
                Err(ForeignError::NotARate),
                "{bad}"
            );
        }
        let rupee = Currency::from_code("INR").expect("known");
        let one = Rate::from_nano(1).expect("a rate");
        assert_eq!(Exchange::new(rupee, rupee, one), Err(ForeignError::OwnCurrency));
        let dinar = Currency::from_code("KWD").expect("known");
        assert_eq!(
            Exchange::new(dinar, rupee, one),
            Err(ForeignError::NotARate),
            "a tenth of a billionth cannot be kept"
        );
    }

    proptest! {
        #[test]
        fn worth_is_what_is_paid_and_the_change(
            due in 1i64..1_000_000_000, received in 1i64..1_000_000_000, nano in 1i64..1_000_000_000_000,
            pair in prop::sample::select(vec![("USD", "INR"), ("KWD", "JPY"), ("JPY", "KWD"), ("EUR", "UZS")]),
        ) {
            let of = |code| Currency::from_code(code).expect("known");
            let exchange = Exchange::from_ratio(of(pair.0), of(pair.1), nano).expect("two");
            if let Ok(cash) = exchange.settle(Money::from_minor(due), received) {
                prop_assert_eq!(cash.worth.minor(), cash.amount.minor() + cash.change.minor());
                prop_assert!(cash.amount.minor() <= due && cash.change.minor() >= 0);
            }
            let least = exchange.covers(Money::from_minor(due)).expect("in range");
            prop_assert!(exchange.worth(least).expect("in range").minor() >= due);
            prop_assert!(exchange.worth(least - 1).expect("in range").minor() < due, "and not a unit more");
        }
    }
}
