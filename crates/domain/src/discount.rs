//! A discount: so many percent or so much money off, and why.
//!
//! Whether a person may give it is decided above, from [`discount_share_percent`](crate::pricing::discount_share_percent).

use rust_decimal::Decimal;
use thiserror::Error;

use crate::money::Money;
use crate::text::{TextError, clean_name};

/// The most decimals a percentage may have, so that no amount times it is ever out of range.
pub const MAX_PERCENT_DECIMALS: u32 = 6;
/// The longest reason, in characters.
pub const MAX_REASON_CHARS: usize = 200;

/// Why a discount was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DiscountError {
    #[error("more than 0 and at most 100 percent")]
    PercentOutOfRange,
    #[error("at most {MAX_PERCENT_DECIMALS} decimals")]
    PercentTooFine,
    #[error("the amount must be more than nothing")]
    AmountNotPositive,
    #[error("the reason is missing")]
    ReasonMissing,
    #[error("the reason is longer than {MAX_REASON_CHARS} characters")]
    ReasonTooLong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscountKind {
    /// More than 0 and at most 100.
    Percent(Decimal),
    /// More than nothing. Where it is more than what it is taken from, it takes everything and no more.
    Amount(Money),
}

/// Something off a price, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discount {
    kind: DiscountKind,
    reason: String,
}

impl Discount {
    pub fn new(kind: DiscountKind, reason: &str) -> Result<Discount, DiscountError> {
        let kind = match kind {
            DiscountKind::Percent(percent) => {
                let percent = percent.normalize();
                if percent <= Decimal::ZERO || percent > Decimal::ONE_HUNDRED {
                    return Err(DiscountError::PercentOutOfRange);
                }
                if percent.scale() > MAX_PERCENT_DECIMALS {
                    return Err(DiscountError::PercentTooFine);
                }
                DiscountKind::Percent(percent)
            }
            DiscountKind::Amount(amount) if !amount.is_positive() => {
                return Err(DiscountError::AmountNotPositive);
            }
            DiscountKind::Amount(amount) => DiscountKind::Amount(amount),
        };
        let reason = clean_name(reason, MAX_REASON_CHARS).map_err(|error| match error {
            TextError::Empty => DiscountError::ReasonMissing,
            TextError::TooLong { .. } => DiscountError::ReasonTooLong,
        })?;
        Ok(Discount { kind, reason })
    }

    pub fn percent(percent: Decimal, reason: &str) -> Result<Discount, DiscountError> {
        Discount::new(DiscountKind::Percent(percent), reason)
    }

    pub fn amount(amount: Money, reason: &str) -> Result<Discount, DiscountError> {
        Discount::new(DiscountKind::Amount(amount), reason)
    }

    pub fn kind(&self) -> DiscountKind {
        self.kind
    }

    pub fn reason(&self) -> &str {
        &self.reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(text: &str) -> Result<Discount, DiscountError> {
        Discount::percent(text.parse().expect("a decimal"), "regular guest")
    }

    #[test]
    fn percentages_stay_between_nothing_and_all() {
        assert!(percent("100").is_ok());
        assert!(percent("0.000001").is_ok());
        assert!(percent("12.500000000").is_ok(), "zeros at the end say nothing");
        assert_eq!(percent("0"), Err(DiscountError::PercentOutOfRange));
        assert_eq!(percent("-5"), Err(DiscountError::PercentOutOfRange));
        assert_eq!(percent("100.000001"), Err(DiscountError::PercentOutOfRange));
        assert_eq!(percent("0.0000001"), Err(DiscountError::PercentTooFine));
    }

    #[test]
    fn amounts_take_something_off() {
        assert!(Discount::amount(Money::from_minor(i64::MAX), "ok").is_ok());
        for minor in [0, -1, i64::MIN] {
            let refused = Discount::amount(Money::from_minor(minor), "ok");
            assert_eq!(refused, Err(DiscountError::AmountNotPositive));
        }
    }

    #[test]
    fn a_reason_is_asked_for() {
        let because = |reason: &str| {
            Discount::percent(Decimal::TEN, reason).map(|discount| discount.reason().to_owned())
        };
        assert_eq!(because("  पुराना ग्राहक "), Ok("पुराना ग्राहक".to_owned()));
        assert_eq!(because(" \u{200b}"), Err(DiscountError::ReasonMissing));
        assert!(because(&"क".repeat(200)).is_ok());
        assert_eq!(because(&"क".repeat(201)), Err(DiscountError::ReasonTooLong));
    }
}
