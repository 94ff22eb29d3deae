//! Tips: what a percent comes to, and how a pool is shared out. Tips are never part of the sale.

use crate::Decimal;
use crate::money::{Money, MoneyError, Rounding};

/// What tips of these percents come to; one that comes to nothing is left out.
pub fn suggestions(base: Money, percents: &[Decimal]) -> Result<Vec<(Decimal, Money)>, MoneyError> {
    percents
        .iter()
        .filter(|percent| percent.is_sign_positive())
        .map(|percent| Ok((*percent, base.percent(*percent, Rounding::HalfUp)?)))
        .filter(|tip: &Result<_, MoneyError>| !matches!(tip, Ok((_, amount)) if !amount.is_positive()))
        .collect()
}

/// Shares a pool by weight, such as the minutes each one worked. The shares sum to the pool to the last unit, and a
/// weight of nothing gets nothing.
pub fn share(pool: Money, weights: &[u64]) -> Result<Vec<Money>, MoneyError> {
    pool.allocate(weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percents_of_a_bill() {
        let of = |minor, percents: &[i64]| {
            let percents: Vec<Decimal> = percents.iter().map(|p| Decimal::from(*p)).collect();
            suggestions(Money::from_minor(minor), &percents)
                .expect("in range")
                .into_iter()
                .map(|(_, amount)| amount.minor())
                .collect::<Vec<_>>()
        };
        assert_eq!(of(874_00, &[5, 10, 15]), [43_70, 87_40, 131_10]);
        assert_eq!(of(4, &[5, 10, 15]), [1], "what comes to nothing is not offered");
        assert_eq!(of(0, &[10]), Vec::<i64>::new());
        assert_eq!(of(100_00, &[-10, 0]), Vec::<i64>::new());
    }

    proptest! {
        #[test]
        fn the_shares_sum_to_the_pool(pool in 0i64..1_000_000_000, weights in prop::collection::vec(0u64..10_000, 1..40)) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let shares = share(Money::from_minor(pool), &weights).expect("shares");
            prop_assert_eq!(shares.iter().map(|share| share.minor()).sum::<i64>(), pool);
            for (share, weight) in shares.iter().zip(&weights) {
                prop_assert!(*weight > 0 || share.is_zero());
            }
        }
    }
}
