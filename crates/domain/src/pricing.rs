//! Pricing: what a cart costs, line by line, to the last unit.
//!
//! One stage after the other, each from the finished numbers of the one before:
//! gross → line discount → order discount → taxes → total. Every part is a whole number of minor units, and the
//! parts of a stage sum to the stage, so a receipt adds up on paper.

use std::sync::Arc;

use rust_decimal::Decimal;
use thiserror::Error;

use crate::cart::{CartLine, MAX_LINES};
use crate::discount::{Discount, DiscountKind, MAX_PERCENT_DECIMALS};
use crate::money::{Money, MoneyError, Rounding};
use crate::quantity::Quantity;
use crate::tax::{self, Component, TaxLine, TaxRules, TaxSum};

/// The most one line may be worth, in minor units.
///
/// [`MAX_LINES`] of them stay below 2^53, so every amount of an order is exact in programs that only know doubles.
pub const MAX_LINE_MINOR: i64 = 4_000_000_000_000;

/// The most an order may cost with all its taxes, for the same reason.
pub const MAX_TOTAL_MINOR: i64 = 1 << 53;

/// Why a cart has no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PricingError {
    #[error("line {line} has a negative price")]
    NegativePrice { line: u32 },
    #[error("line {line} is worth too much")]
    LineTooLarge { line: u32 },
    #[error("at most {MAX_LINES} lines")]
    TooManyLines,
    #[error("line {line}: no tax rate holds on this day")]
    NoRate { line: u32 },
    #[error("the order is worth too much")]
    TotalTooLarge,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// How this shop rounds while pricing, and how it computes taxes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PricingRules {
    /// For weights times prices and for percentages.
    pub rounding: Rounding,
    pub tax: TaxRules,
}

/// The taxes of a line, once its price after every discount is known: some rates depend on it.
pub type TaxesOf<'a> = dyn FnMut(&CartLine, Money) -> Result<Arc<[Component]>, PricingError> + 'a;

/// For a shop that charges none.
pub fn untaxed(_: &CartLine, _: Money) -> Result<Arc<[Component]>, PricingError> {
    Ok(Arc::from([]))
}

/// One tax of a line; `tax` counts within the taxes of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricedTax {
    pub tax: usize,
    pub amount: Money,
}

/// What one line costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedLine {
    pub line: u32,
    /// Quantity times unit price.
    pub gross: Money,
    /// What the line's own discount takes off.
    pub discount: Money,
    /// This line's share of the discount on the whole order.
    pub order_discount: Money,
    /// `gross - discount`
    pub amount: Money,
    /// `amount - order_discount`
    pub net: Money,
    /// Without taxes, whether the price contains them or not.
    pub taxable: Money,
    pub taxes: Vec<PricedTax>,
    /// The sum of them.
    pub tax: Money,
}

/// What a cart costs. Only [`price`] makes one, so its parts always add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    pub lines: Vec<PricedLine>,
    /// The sum of every line's gross.
    pub subtotal: Money,
    pub line_discount: Money,
    pub order_discount: Money,
    /// The sum of every line's taxable amount.
    pub taxable: Money,
    pub tax: Money,
    pub taxes: Vec<TaxSum>,
    /// What brings the document to a round amount; it is not taxed.
    pub rounding: Money,
    /// `taxable + tax + rounding`
    pub total: Money,
    pub rules: TaxRules,
    /// What the discounts ask for before rounding, in minor units.
    discount_asked: Decimal,
}

impl Priced {
    /// The taxes that come on top of what the lines say: those of prices that do not include them.
    pub fn tax_on_top(&self) -> Money {
        // All parts of the total, so nothing leaves the range.
        let said = self.subtotal.minor() - self.line_discount.minor() - self.order_discount.minor();
        Money::from_minor(self.total.minor() - self.rounding.minor() - said)
    }

    /// Everything that was taken off.
    pub fn discount(&self) -> Money {
        // Both are parts of the subtotal.
        Money::from_minor(self.line_discount.minor() + self.order_discount.minor())
    }
}

/// What the lines cost together.
pub fn price(
    lines: &[CartLine],
    order_discount: Option<&Discount>,
    rules: &PricingRules,
    taxes_of: &mut TaxesOf<'_>,
) -> Result<Priced, PricingError> {
    if lines.len() > MAX_LINES {
        return Err(PricingError::TooManyLines);
    }
    let mut discount_asked = Decimal::ZERO;
    let mut priced = line_stage(lines, rules, &mut discount_asked)?;
    order_discount_stage(order_discount, &mut priced, rules, &mut discount_asked)?;
    let components = lines
        .iter()
        .zip(&priced)
        .map(|(line, priced)| taxes_of(line, priced.net))
        .collect::<Result<Vec<_>, _>>()?;
    let taxed = tax_stage(lines, &components, &mut priced, &rules.tax)?;
    if taxed.payable.minor() > MAX_TOTAL_MINOR {
        return Err(PricingError::TotalTooLarge);
    }
    Ok(Priced {
        subtotal: Money::sum(priced.iter().map(|line| line.gross))?,
        line_discount: Money::sum(priced.iter().map(|line| line.discount))?,
        order_discount: Money::sum(priced.iter().map(|line| line.order_discount))?,
        lines: priced,
        taxable: taxed.taxable,
        tax: taxed.tax,
        taxes: taxed.by_component,
        rounding: taxed.round_off,
        total: taxed.payable,
        rules: rules.tax,
        discount_asked,
    })
}

/// Stages 1 and 2: quantity times price, less the line's own discount. What is left is rounded once, from the exact
/// product; the discount that the receipt shows is what the gross loses by it.
fn line_stage(
    lines: &[CartLine],
    rules: &PricingRules,
    asked: &mut Decimal,
) -> Result<Vec<PricedLine>, PricingError> {
    lines
        .iter()
        .map(|line| {
            let each = line.price_each()?;
            let gross = gross(line.quantity, each, rules.rounding).map_err(|error| match error {
                PricingError::NegativePrice { .. } => PricingError::NegativePrice { line: line.line },
                PricingError::LineTooLarge { .. } => PricingError::LineTooLarge { line: line.line },
                other => other,
            })?;
            let amount = match &line.discount {
                None => gross,
                Some(discount) => {
                    let exact = exact_off(discount, gross)?;
                    *asked = asked.checked_add(exact).ok_or(MoneyError::Overflow)?;
                    tax::extended(line.quantity.milli(), each, Some(discount), rules.rounding)?.min(gross)
                }
            };
            let zero = Money::ZERO;
            Ok(PricedLine {
                line: line.line,
                gross,
                discount: gross.checked_sub(amount)?,
                order_discount: zero,
                amount,
                net: amount,
                taxable: amount,
                taxes: Vec::new(),
                tax: zero,
            })
        })
        .collect()
}

/// Stage 3: the discount on the whole order, shared over the lines by what each still costs; the largest
/// remainder takes what is left over, the earlier line winning a tie.
fn order_discount_stage(
    discount: Option<&Discount>,
    priced: &mut [PricedLine],
    rules: &PricingRules,
    asked: &mut Decimal,
) -> Result<(), PricingError> {
    let Some(discount) = discount else { return Ok(()) };
    let whole = Money::sum(priced.iter().map(|line| line.amount))?;
    let exact = exact_off(discount, whole)?;
    *asked = asked.checked_add(exact).ok_or(MoneyError::Overflow)?;
    let off = match discount.kind() {
        DiscountKind::Percent(percent) => whole.percent(percent, rules.rounding)?.min(whole),
        DiscountKind::Amount(amount) => amount.min(whole),
    };
    if off.is_zero() {
        return Ok(());
    }
    let weights: Vec<u64> = priced
        .iter()
        .map(|line| line.amount.minor().unsigned_abs())
        .collect();
    for (line, share) in priced.iter_mut().zip(off.allocate(&weights)?) {
        line.order_discount = share;
        line.net = line.amount.checked_sub(share)?;
    }
    Ok(())
}

/// Stage 4: which taxes each line contains or gets on top, and the document's round-off.
fn tax_stage(
    lines: &[CartLine],
    components: &[Arc<[Component]>],
    priced: &mut [PricedLine],
    rules: &TaxRules,
) -> Result<tax::Taxed, PricingError> {
    let seen: Vec<TaxLine<'_>> = lines
        .iter()
        .zip(components)
        .zip(priced.iter())
        .map(|((line, components), priced)| TaxLine {
            net: priced.net,
            inclusive: line.answered.inclusive,
            components,
        })
        .collect();
    let taxed = tax::compute(&seen, rules)?;
    for ((line, components), taxes) in priced.iter_mut().zip(components).zip(&taxed.lines) {
        line.taxable = taxes.taxable;
        line.tax = taxes.tax()?;
        line.taxes = components
            .iter()
            .zip(&taxes.taxes)
            .filter_map(|(component, amount)| {
                let tax = taxed
                    .by_component
                    .iter()
                    .position(|sum| sum.name == component.name && sum.rate == component.rate)?;
                Some(PricedTax { tax, amount: *amount })
            })
            .collect();
    }
    Ok(taxed)
}

/// What a discount asks for, before it is rounded: never more than there is.
fn exact_off(discount: &Discount, from: Money) -> Result<Decimal, MoneyError> {
    match discount.kind() {
        DiscountKind::Percent(percent) => {
            // In range: an amount below 2^53 times a percentage of at most MAX_PERCENT_DECIMALS decimals.
            const { assert!(MAX_PERCENT_DECIMALS <= 6) };
            Decimal::from(from.minor())
                .checked_mul(percent)
                .and_then(|hundredfold| hundredfold.checked_div(Decimal::ONE_HUNDRED))
                .ok_or(MoneyError::Overflow)
        }
        DiscountKind::Amount(amount) => Ok(Decimal::from(amount.min(from).minor())),
    }
}

/// Quantity times unit price, within what one line may be worth. Errors name line 0: the caller knows the line.
pub(crate) fn gross(
    quantity: Quantity,
    unit_price: Money,
    rounding: Rounding,
) -> Result<Money, PricingError> {
    if unit_price.is_negative() {
        return Err(PricingError::NegativePrice { line: 0 });
    }
    match quantity.times(unit_price, rounding) {
        Ok(gross) if gross.minor() <= MAX_LINE_MINOR => Ok(gross),
        _ => Err(PricingError::LineTooLarge { line: 0 }),
    }
}

/// How many percent of the subtotal the discounts ask for, line discounts and order discount together.
///
/// Counted before rounding: ten percent off 8.75 is ten percent, although 0.88 is taken off. So a cashier who may
/// give ten percent may give it on every price. Zero for an order that costs nothing.
pub fn discount_share_percent(priced: &Priced) -> Decimal {
    if priced.subtotal.is_zero() {
        return Decimal::ZERO;
    }
    let hundredfold = priced.discount_asked * Decimal::ONE_HUNDRED;
    let percent = hundredfold / Decimal::from(priced.subtotal.minor());
    // A percentage too small to move a price leaves all of it to the next discount.
    percent.min(Decimal::ONE_HUNDRED).normalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cart::{Answered, Choice, LineItem};
    use crate::quantity::Unit;
    use proptest::prelude::*;

    fn line(line: u32, quantity: &str, unit: Unit, price: i64, discount: Option<Discount>) -> CartLine {
        CartLine {
            line,
            item: LineItem::Open,
            name: "Thing".into(),
            quantity: Quantity::parse(quantity, unit).expect("a quantity"),
            unit_price: Money::from_minor(price),
            choice: Choice::default(),
            answered: Answered::default(),
            discount,
            note: String::new(),
        }
    }

    fn pieces(number: u32, n: u32, price: i64) -> CartLine {
        line(number, &n.to_string(), Unit::Piece, price, None)
    }

    fn percent(text: &str) -> Discount {
        Discount::percent(text.parse().expect("a decimal"), "regular guest").expect("a discount")
    }

    fn amount(minor: i64) -> Discount {
        Discount::amount(Money::from_minor(minor), "regular guest").expect("a discount")
    }

    fn priced(lines: &[CartLine], discount: Option<&Discount>) -> Priced {
        price(lines, discount, &PricingRules::default(), &mut untaxed).expect("prices")
    }

    fn share(lines: &[CartLine], discount: Option<&Discount>) -> String {
        discount_share_percent(&priced(lines, discount)).to_string()
    }

    #[test]
    fn every_stage_builds_on_the_one_before() {
        let lines = [
            line(1, "2", Unit::Cup, 15_00, Some(percent("10"))),
            line(2, "0.333", Unit::Kilogram, 450_50, None),
            line(3, "1", Unit::Box, 99, Some(amount(50))),
        ];
        let priced = priced(&lines, Some(&amount(10_00)));
        let numbers: Vec<_> = priced
            .lines
            .iter()
            .map(|l| [l.gross, l.discount, l.amount, l.order_discount, l.net].map(Money::minor))
            .collect();
        assert_eq!(
            numbers,
            [
                [30_00, 3_00, 27_00, 1_52, 25_48],
                [150_02, 0, 150_02, 8_45, 141_57],
                [99, 50, 49, 3, 46]
            ]
        );
        assert_eq!(priced.subtotal.minor(), 181_01);
        assert_eq!(priced.line_discount.minor(), 3_50);
        assert_eq!(priced.order_discount.minor(), 10_00);
        assert_eq!(priced.discount().minor(), 13_50);
        assert_eq!(priced.total.minor(), 167_51);
        assert_eq!((priced.taxes.len(), priced.rounding), (0, Money::ZERO));
    }

    #[test]
    fn an_order_discount_leaves_its_remainder_with_the_earlier_line() {
        let lines = [pieces(1, 1, 100), pieces(2, 1, 100), pieces(3, 1, 100)];
        let priced = priced(&lines, Some(&amount(100)));
        let shares: Vec<_> = priced
            .lines
            .iter()
            .map(|line| line.order_discount.minor())
            .collect();
        assert_eq!(shares, [34, 33, 33]);
    }

    #[test]
    fn everything_may_be_free() {
        for (lines, discount) in [
            (vec![], None),
            (vec![pieces(1, 3, 0)], None),
            (vec![pieces(1, 3, 0)], Some(percent("50"))),
            (
                vec![pieces(1, 3, 0), line(2, "1", Unit::Piece, 0, Some(amount(5)))],
                Some(amount(5)),
            ),
            (vec![pieces(1, 3, 999)], Some(percent("100"))),
            (vec![pieces(1, 3, 999), pieces(2, 1, 1)], Some(amount(i64::MAX))),
            (
                vec![line(1, "3", Unit::Piece, 999, Some(percent("100")))],
                Some(percent("100")),
            ),
            (
                vec![line(1, "3", Unit::Piece, 999, Some(amount(i64::MAX)))],
                Some(amount(1)),
            ),
        ] {
            let priced = priced(&lines, discount.as_ref());
            assert_eq!(priced.total, Money::ZERO);
            assert_eq!(
                priced.discount(),
                priced.subtotal,
                "no more is taken off than there is"
            );
            assert!(priced.lines.iter().all(|line| line.net.is_zero()));
        }
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let refused = |lines: &[CartLine]| {
            price(lines, None, &PricingRules::default(), &mut untaxed).expect_err("refused")
        };
        assert_eq!(
            refused(&[pieces(7, 1, -1)]),
            PricingError::NegativePrice { line: 7 }
        );
        assert_eq!(
            refused(&[pieces(7, 1, i64::MIN)]),
            PricingError::NegativePrice { line: 7 }
        );
        assert_eq!(
            refused(&[pieces(7, 1, i64::MAX)]),
            PricingError::LineTooLarge { line: 7 }
        );
        assert_eq!(
            refused(&[pieces(7, 1_000_000, i64::MAX)]),
            PricingError::LineTooLarge { line: 7 }
        );
        assert_eq!(
            refused(&[pieces(7, 2, MAX_LINE_MINOR / 2 + 1)]),
            PricingError::LineTooLarge { line: 7 }
        );
        let many: Vec<_> = (0..=MAX_LINES as u32).map(|n| pieces(n, 1, 1)).collect();
        assert_eq!(refused(&many), PricingError::TooManyLines);
    }

    #[test]
    fn the_dearest_order_is_exact_everywhere() {
        let discount = percent("99.999999");
        let lines: Vec<_> = (0..MAX_LINES as u32)
            .map(|n| line(n, "1", Unit::Piece, MAX_LINE_MINOR, Some(percent("33.333333"))))
            .collect();
        let priced = priced(&lines, Some(&discount));
        assert!(priced.subtotal.minor() < 1 << 53);
        assert!(priced.total.is_positive());
        assert!(discount_share_percent(&priced) < Decimal::ONE_HUNDRED);
    }

    #[test]
    fn a_thousand_lines_share_one_discount() {
        let lines: Vec<_> = (0..1000)
            .map(|n| pieces(n, n % 7 + 1, i64::from(n) * 13 + 1))
            .collect();
        let priced = priced(&lines, Some(&percent("7.5")));
        let shares = Money::sum(priced.lines.iter().map(|line| line.order_discount));
        assert_eq!(shares, Ok(priced.order_discount));
    }

    #[test]
    fn a_discount_counts_before_it_is_rounded() {
        assert_eq!(
            share(&[pieces(1, 1, 8_75)], Some(&percent("10"))),
            "10",
            "0.88 of 8.75 is still ten percent"
        );
        let small = [line(1, "1", Unit::Piece, 5, Some(percent("10")))];
        assert_eq!(share(&small, None), "10");
        let one_of_two = [
            line(1, "1", Unit::Piece, 100, Some(percent("10"))),
            pieces(2, 1, 100),
        ];
        assert_eq!(share(&one_of_two, None), "5");
        assert_eq!(
            share(&one_of_two[..1], Some(&percent("10"))),
            "19",
            "ten, and ten of the rest"
        );
        assert_eq!(share(&[pieces(1, 1, 200)], Some(&amount(50))), "25");
        assert_eq!(share(&[pieces(1, 1, 200)], Some(&amount(5000))), "100");
        assert_eq!(share(&[pieces(1, 1, 0)], Some(&amount(5000))), "0");
        assert_eq!(share(&[], None), "0");
        let hardly = [line(1, "1", Unit::Piece, 1, Some(percent("0.000001")))];
        assert_eq!(
            share(&hardly, Some(&amount(1))),
            "100",
            "more than everything cannot be given"
        );
    }

    fn any_discount() -> impl Strategy<Value = Option<Discount>> {
        prop_oneof![
            Just(None),
            (1u32..=100_000_000).prop_map(|n| {
                let percent = Decimal::new(i64::from(n), 6);
                Some(Discount::percent(percent, "x").expect("a discount"))
            }),
            (1i64..200_000).prop_map(|minor| Some(amount(minor))),
            Just(Some(amount(i64::MAX))),
            Just(Some(percent("100"))),
        ]
    }

    fn any_line() -> impl Strategy<Value = CartLine> {
        (0i64..20_000, 0i64..200_000, any::<bool>(), any_discount()).prop_map(
            |(milli, price, weighed, discount)| {
                let quantity = match weighed {
                    true => Quantity::from_milli(milli, Unit::Kilogram),
                    false => Quantity::from_milli(milli / 1000 * 1000, Unit::Piece),
                };
                CartLine {
                    quantity: quantity.expect("in range"),
                    ..line(0, "1", Unit::Piece, price, discount)
                }
            },
        )
    }

    fn any_rounding() -> impl Strategy<Value = Rounding> {
        prop_oneof![
            Just(Rounding::HalfUp),
            Just(Rounding::HalfEven),
            Just(Rounding::Down),
            Just(Rounding::Up)
        ]
    }

    proptest! {
        #[test]
        fn everything_adds_up(
            mut lines in prop::collection::vec(any_line(), 0..40),
            discount in any_discount(),
            rounding in any_rounding(),
        ) {
            for (n, line) in lines.iter_mut().enumerate() {
                line.line = n as u32;
            }
            let priced = price(&lines, discount.as_ref(), &PricingRules { rounding, tax: TaxRules::default() }, &mut untaxed).expect("prices");
            let sum = |of: fn(&PricedLine) -> Money| priced.lines.iter().map(|line| of(line).minor()).sum::<i64>();
            prop_assert_eq!(sum(|line| line.gross), priced.subtotal.minor());
            prop_assert_eq!(sum(|line| line.discount), priced.line_discount.minor());
            prop_assert_eq!(sum(|line| line.order_discount), priced.order_discount.minor());
            prop_assert_eq!(sum(|line| line.net), priced.total.minor());
            prop_assert_eq!(priced.subtotal.minor() - priced.discount().minor(), priced.total.minor());
            for line in &priced.lines {
                prop_assert_eq!(line.gross.minor() - line.discount.minor(), line.amount.minor());
                prop_assert_eq!(line.amount.minor() - line.order_discount.minor(), line.net.minor());
                prop_assert!(!line.discount.is_negative() && !line.order_discount.is_negative());
                prop_assert!(!line.amount.is_negative() && !line.net.is_negative(), "{:?}", line);
            }
            let share = discount_share_percent(&priced);
            prop_assert!(share >= Decimal::ZERO && share <= Decimal::ONE_HUNDRED, "{}", share);
        }

        #[test]
        fn a_percentage_is_never_above_its_own_limit(
            prices in prop::collection::vec(0i64..100_000, 1..20),
            percent in 1u32..=100_000_000,
            per_line: bool,
            rounding in any_rounding(),
        ) {
            let percent = Decimal::new(i64::from(percent), 6);
            let discount = Discount::percent(percent, "x").expect("a discount");
            let on_line = per_line.then(|| discount.clone());
            let lines: Vec<_> =
                prices.iter().map(|price| line(0, "1", Unit::Piece, *price, on_line.clone())).collect();
            let on_order = (!per_line).then_some(&discount);
            let priced = price(&lines, on_order, &PricingRules { rounding, tax: TaxRules::default() }, &mut untaxed).expect("prices");
            prop_assert!(discount_share_percent(&priced) <= percent);
        }
    }
}
