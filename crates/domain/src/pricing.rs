//! Pricing: what a cart costs, line by line, to the last unit.
//!
//! One stage after the other, each from the finished numbers of the one before:
//! gross → line discount → order discount → taxes → total. Every part is a whole number of minor units, and the
//! parts of a stage sum to the stage, so a receipt adds up on paper.

use rust_decimal::Decimal;
use thiserror::Error;

use crate::cart::{CartLine, MAX_LINES};
use crate::discount::{Discount, DiscountKind, MAX_PERCENT_DECIMALS};
use crate::money::{Money, MoneyError, Rounding};
use crate::quantity::Quantity;

/// The most one line may be worth, in minor units.
///
/// [`MAX_LINES`] of them stay below 2^53, so every amount of an order is exact in programs that only know doubles.
pub const MAX_LINE_MINOR: i64 = 4_000_000_000_000;

/// Why a cart has no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PricingError {
    #[error("line {line} has a negative price")]
    NegativePrice { line: u32 },
    #[error("line {line} is worth too much")]
    LineTooLarge { line: u32 },
    #[error("at most {MAX_LINES} lines")]
    TooManyLines,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// How this shop rounds while pricing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PricingRules {
    /// For weights times prices and for percentages.
    pub rounding: Rounding,
}

/// A tax contained in or added to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxAmount {
    pub name: String,
    pub amount: Money,
}

/// What one line costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// What a cart costs. Only [`price`] makes one, so its parts always add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    pub lines: Vec<PricedLine>,
    /// The sum of every line's gross.
    pub subtotal: Money,
    pub line_discount: Money,
    pub order_discount: Money,
    pub taxes: Vec<TaxAmount>,
    pub rounding: Money,
    /// `subtotal - line_discount - order_discount + rounding`, and the taxes that prices do not contain.
    pub total: Money,
    /// What the discounts ask for before rounding, in minor units.
    discount_asked: Decimal,
}

impl Priced {
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
) -> Result<Priced, PricingError> {
    if lines.len() > MAX_LINES {
        return Err(PricingError::TooManyLines);
    }
    let mut discount_asked = Decimal::ZERO;
    let mut priced = gross_stage(lines, rules)?;
    line_discount_stage(lines, &mut priced, rules, &mut discount_asked)?;
    order_discount_stage(order_discount, &mut priced, rules, &mut discount_asked)?;
    let taxes = tax_stage(&priced);

    let subtotal = Money::sum(priced.iter().map(|line| line.gross))?;
    let line_discount = Money::sum(priced.iter().map(|line| line.discount))?;
    let order_discount = Money::sum(priced.iter().map(|line| line.order_discount))?;
    let rounding = Money::ZERO;
    let total = Money::sum(priced.iter().map(|line| line.net).chain([rounding]))?;
    Ok(Priced {
        lines: priced,
        subtotal,
        line_discount,
        order_discount,
        taxes,
        rounding,
        total,
        discount_asked,
    })
}

/// Stage 1: quantity times unit price.
fn gross_stage(lines: &[CartLine], rules: &PricingRules) -> Result<Vec<PricedLine>, PricingError> {
    lines
        .iter()
        .map(|line| {
            let gross =
                gross(line.quantity, line.unit_price, rules.rounding).map_err(|error| match error {
                    PricingError::NegativePrice { .. } => PricingError::NegativePrice { line: line.line },
                    PricingError::LineTooLarge { .. } => PricingError::LineTooLarge { line: line.line },
                    other => other,
                })?;
            let zero = Money::ZERO;
            Ok(PricedLine {
                line: line.line,
                gross,
                discount: zero,
                order_discount: zero,
                amount: gross,
                net: gross,
            })
        })
        .collect()
}

/// Stage 2: each line's own discount.
fn line_discount_stage(
    lines: &[CartLine],
    priced: &mut [PricedLine],
    rules: &PricingRules,
    asked: &mut Decimal,
) -> Result<(), PricingError> {
    for (line, priced) in lines.iter().zip(priced) {
        if let Some(discount) = &line.discount {
            priced.discount = taken_off(discount, priced.gross, rules, asked)?;
            priced.amount = priced.gross.checked_sub(priced.discount)?;
            priced.net = priced.amount;
        }
    }
    Ok(())
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
    let off = taken_off(discount, whole, rules, asked)?;
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

/// Stage 4, the boundary where tax rules will enter: they read every line's `net` and say which taxes it contains
/// and which are added to the total. A shop has no tax rules yet, so an order has no taxes.
fn tax_stage(_priced: &[PricedLine]) -> Vec<TaxAmount> {
    Vec::new()
}

/// What a discount takes off an amount: never more than there is.
fn taken_off(
    discount: &Discount,
    from: Money,
    rules: &PricingRules,
    asked: &mut Decimal,
) -> Result<Money, MoneyError> {
    match discount.kind() {
        DiscountKind::Percent(percent) => {
            // In range: an amount below 2^53 times a percentage of at most MAX_PERCENT_DECIMALS decimals.
            const { assert!(MAX_PERCENT_DECIMALS <= 6) };
            let exact = Decimal::from(from.minor())
                .checked_mul(percent)
                .and_then(|hundredfold| hundredfold.checked_div(Decimal::ONE_HUNDRED))
                .ok_or(MoneyError::Overflow)?;
            *asked = asked.checked_add(exact).ok_or(MoneyError::Overflow)?;
            from.percent(percent, rules.rounding).map(|off| off.min(from))
        }
        DiscountKind::Amount(amount) => {
            let off = amount.min(from);
            *asked = asked
                .checked_add(Decimal::from(off.minor()))
                .ok_or(MoneyError::Overflow)?;
            Ok(off)
        }
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
    (hundredfold / Decimal::from(priced.subtotal.minor())).normalize()
}
