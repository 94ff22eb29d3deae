//! Money back: parts that add up, to the smallest unit, to what was paid.

use crate::money::{Money, MoneyError, Rounding};

/// What one line cost, after every discount, for how many thousandths of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineMoney {
    pub net: Money,
    pub ordered: i64,
}

/// The money for `milli` more of a line of which `before` was paid back already.
///
/// By cumulative difference: what is due for everything so far, less what was due before. So any split of a line
/// into refunds adds up to its price.
pub fn line_back(line: &LineMoney, before: i64, milli: i64) -> Result<Money, MoneyError> {
    let after = before.checked_add(milli).ok_or(MoneyError::Overflow)?;
    share(line.net, after, line.ordered)?.checked_sub(share(line.net, before, line.ordered)?)
}

/// The part of the order's own rounding that goes back with the lines, by cumulative difference too.
///
/// `lines` is what all lines cost, `before` and `after` what of it was paid back before and after this refund.
pub fn rounding_back(
    rounding: Money,
    lines: Money,
    before: Money,
    after: Money,
) -> Result<Money, MoneyError> {
    if lines.is_zero() {
        return Ok(Money::ZERO);
    }
    share(rounding, after.minor(), lines.minor())?.checked_sub(share(
        rounding,
        before.minor(),
        lines.minor(),
    )?)
}

fn share(whole: Money, part: i64, of: i64) -> Result<Money, MoneyError> {
    if of == 0 {
        return Ok(Money::ZERO);
    }
    let product = i128::from(whole.minor()) * i128::from(part);
    let share = Rounding::HalfUp.divide(product, i128::from(of));
    i64::try_from(share)
        .map(Money::from_minor)
        .map_err(|_| MoneyError::Overflow)
}

/// How the refund of `total` is paid when nobody chooses: to the tenders that paid, the last first, none beyond what
/// it paid and has not had back yet. Each is (paid, already back).
pub fn original_tenders(total: Money, tenders: &[(Money, Money)]) -> Result<Vec<Money>, MoneyError> {
    let mut left = total;
    let mut parts = vec![Money::ZERO; tenders.len()];
    for (part, (paid, back)) in parts.iter_mut().zip(tenders).rev() {
        let free = paid.checked_sub(*back)?.max(Money::ZERO);
        *part = left.min(free);
        left = left.checked_sub(*part)?;
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(minor: i64) -> Money {
        Money::from_minor(minor)
    }

    #[test]
    fn three_thirds_of_ten_are_ten() {
        let line = LineMoney {
            net: money(1000),
            ordered: 3000,
        };
        let parts: Vec<i64> = [0, 1000, 2000]
            .map(|before| line_back(&line, before, 1000).expect("in range").minor())
            .to_vec();
        assert_eq!(parts, [333, 334, 333]);
    }

    #[test]
    fn the_last_tender_gives_first_and_none_gives_twice() {
        let tenders = [(money(500), money(0)), (money(300), money(100))];
        let parts = original_tenders(money(350), &tenders).expect("in range");
        assert_eq!(parts, [money(150), money(200)]);
    }

    #[test]
    fn an_order_that_cost_nothing_gives_nothing_back() {
        let line = LineMoney {
            net: Money::ZERO,
            ordered: 1000,
        };
        assert_eq!(line_back(&line, 0, 1000), Ok(Money::ZERO));
        assert_eq!(
            rounding_back(money(3), Money::ZERO, Money::ZERO, Money::ZERO),
            Ok(Money::ZERO)
        );
    }

    proptest! {
        #[test]
        fn parts_of_an_order_add_up_to_its_total(
            lines in prop::collection::vec((0i64..1_000_000, 1i64..50_000), 1..12),
            rounding in -99i64..100,
            cuts in prop::collection::vec((0usize..12, 1i64..20_000), 0..60),
        ) {
            let whole: i64 = lines.iter().map(|(net, _)| net).sum();
            let mut refunded = vec![0i64; lines.len()];
            let (mut of_lines, mut back) = (0, 0);
            let last: Vec<(usize, i64)> = (0..lines.len()).map(|line| (line, i64::MAX)).collect();
            for (line, milli) in cuts.into_iter().chain(last) {
                let line = line % lines.len();
                let (net, ordered) = lines[line];
                let milli = milli.min(ordered - refunded[line]);
                let part = line_back(&LineMoney { net: money(net), ordered }, refunded[line], milli).expect("in range");
                prop_assert!(part >= Money::ZERO);
                let more = rounding_back(money(rounding), money(whole), money(of_lines), money(of_lines + part.minor()))
                    .expect("in range");
                refunded[line] += milli;
                of_lines += part.minor();
                back += part.minor() + more.minor();
            }
            let due = if whole == 0 { 0 } else { whole + rounding };
            prop_assert_eq!(back, due);
        }
    }
}
