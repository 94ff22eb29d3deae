//! The tax engine: what of a price is tax, or comes on top of it, to the last unit.
//!
//! Every step is exact: a component's share of an amount is a fraction of whole numbers, multiplied before it is
//! divided, and rounded once by a named rule. Which components a line has is decided in [`tax_rules`]; nothing here
//! knows a country, a date or a currency (amounts are smallest units, whether a currency has 0, 2 or 3 digits).
//!
//! [`tax_rules`]: crate::tax_rules

use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{CheckedAdd, CheckedMul, Signed, ToPrimitive};
use rust_decimal::Decimal;
use thiserror::Error;

use crate::discount::{Discount, DiscountKind};
use crate::money::{Money, MoneyError, Rounding};
use crate::refund::{LineMoney, line_back};

/// One percent, in the steps of a [`Rate`].
const PERCENT: u32 = 1_000_000;
/// The whole of an amount, in the steps of a [`Rate`].
const WHOLE: i64 = 100 * PERCENT as i64;

/// Why a text or a number is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RateError {
    #[error("a rate is a number from 0 to 1000, in percent")]
    OutOfRange,
    #[error("a rate has at most 6 decimals")]
    TooFine,
}

/// A rate of tax in millionths of a percent, from nothing to a thousand percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u32);

impl Rate {
    pub const ZERO: Rate = Rate(0);
    pub const MOST: Rate = Rate(1000 * PERCENT);

    pub fn from_millionths(millionths: u32) -> Result<Rate, RateError> {
        if millionths > Rate::MOST.0 {
            return Err(RateError::OutOfRange);
        }
        Ok(Rate(millionths))
    }

    /// As facts keep it.
    pub const fn millionths(self) -> u32 {
        self.0
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub fn percent(self) -> Decimal {
        Decimal::new(i64::from(self.0), 6).normalize()
    }

    /// Two equal halves; refused where the last millionth has no half.
    pub fn halved(self) -> Result<Rate, RateError> {
        if self.0.is_multiple_of(2) {
            Ok(Rate(self.0 / 2))
        } else {
            Err(RateError::TooFine)
        }
    }
}

impl TryFrom<Decimal> for Rate {
    type Error = RateError;

    fn try_from(percent: Decimal) -> Result<Rate, RateError> {
        if percent.is_sign_negative() && !percent.is_zero() || percent > Decimal::from(1000) {
            return Err(RateError::OutOfRange);
        }
        let percent = percent.normalize();
        if percent.scale() > 6 {
            return Err(RateError::TooFine);
        }
        let millionths = percent.mantissa() * 10i128.pow(6 - percent.scale());
        u32::try_from(millionths)
            .map(Rate)
            .map_err(|_| RateError::OutOfRange)
    }
}

/// "2.5", "19", "8.875"
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / PERCENT, self.0 % PERCENT);
        if rest == 0 {
            return f.pad(&whole.to_string());
        }
        f.pad(format!("{whole}.{rest:06}").trim_end_matches('0'))
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Rate, RateError> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return Err(RateError::OutOfRange);
        }
        Decimal::from_str_exact(text)
            .map_err(|_| RateError::OutOfRange)
            .and_then(Rate::try_from)
    }
}

/// One tax on a line: CGST at 2.5 %, VAT at 19 %.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Component {
    pub name: String,
    pub rate: Rate,
    /// Charged on the price and every tax listed before it.
    pub compound: bool,
}

impl Component {
    pub fn new(name: impl Into<String>, rate: Rate) -> Component {
        Component {
            name: name.into(),
            rate,
            compound: false,
        }
    }
}

/// A line as the engine sees it: what it costs after every discount, and its taxes.
#[derive(Clone, Copy, Debug)]
pub struct TaxLine<'a> {
    /// Negative where goods come back.
    pub net: Money,
    /// Whether `net` contains the taxes, where this line's price list says otherwise than the shop.
    pub inclusive: Option<bool>,
    pub components: &'a [Component],
}

/// Where a tax is rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scope {
    /// On every line.
    #[default]
    Line,
    /// Once in the document for every tax and rate; the lines share what came out.
    Document,
}

/// What of several taxes is rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Parts {
    /// Every component on its own.
    #[default]
    Each,
    /// Their sum, which the components then share by largest remainder.
    Split,
}

/// A step that an amount is brought to a multiple of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Increment {
    pub step: Money,
    pub rounding: Rounding,
}

impl Increment {
    /// The multiple of the step; the amount itself where the step is no step.
    pub fn apply(&self, amount: Money) -> Result<Money, MoneyError> {
        if !self.step.is_positive() {
            return Ok(amount);
        }
        let step = i128::from(self.step.minor());
        Money::from_wide(self.rounding.divide(i128::from(amount.minor()), step) * step)
    }
}

/// How a shop's law and habit compute taxes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TaxRules {
    /// Prices contain the taxes.
    pub inclusive: bool,
    pub scope: Scope,
    pub components: Parts,
    pub rounding: Rounding,
    /// The whole document to a round amount: an untaxed line of its own.
    pub round_off: Option<Increment>,
    /// What is due in cash; everything else is paid to the last unit.
    pub cash: Option<Increment>,
}

/// What the taxes of one line are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaxedLine {
    pub taxable: Money,
    /// One amount a component, in their order.
    pub taxes: Vec<Money>,
}

impl TaxedLine {
    pub fn tax(&self) -> Result<Money, MoneyError> {
        Money::sum(self.taxes.iter().copied())
    }
}

/// One tax at one rate over the whole document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxSum {
    pub name: String,
    pub rate: Rate,
    /// What it was charged on, other taxes not counted.
    pub taxable: Money,
    pub amount: Money,
}

/// What a document's taxes are. Only [`compute`] makes one, so its parts always add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taxed {
    pub lines: Vec<TaxedLine>,
    /// In the order in which the lines name them first.
    pub by_component: Vec<TaxSum>,
    pub taxable: Money,
    pub tax: Money,
    /// `taxable + tax`
    pub gross: Money,
    /// What brings `gross` to a round amount.
    pub round_off: Money,
    /// `gross + round_off`
    pub payable: Money,
}

/// The taxes of a document.
pub fn compute(lines: &[TaxLine<'_>], rules: &TaxRules) -> Result<Taxed, MoneyError> {
    match reckon::<i128>(lines, rules) {
        // Many odd rates over one denominator are exact all the same.
        Err(MoneyError::Overflow) => reckon::<BigInt>(lines, rules),
        done => done,
    }
}

fn reckon<T: Whole>(lines: &[TaxLine<'_>], rules: &TaxRules) -> Result<Taxed, MoneyError> {
    let plan = Plan::<T>::of(lines, rules)?;
    let taxes = match rules.scope {
        Scope::Line => plan.by_line(lines, rules)?,
        Scope::Document => plan.by_document(lines, rules)?,
    };
    plan.finish(lines, rules, taxes)
}

/// What is due in cash, and by how much that differs from what is payable.
pub fn cash_due(payable: Money, rules: &TaxRules) -> Result<(Money, Money), MoneyError> {
    let due = match &rules.cash {
        Some(step) => step.apply(payable)?,
        None => payable,
    };
    Ok((due, due.checked_sub(payable)?))
}

/// What a line costs after its own discount, rounded once: quantity times price less the exact discount.
///
/// The discount that a receipt shows is what the rounded gross loses by it. `milli` may be negative, for goods that
/// come back; an amount off then makes that less too.
pub fn extended(
    milli: i64,
    unit_price: Money,
    discount: Option<&Discount>,
    rounding: Rounding,
) -> Result<Money, MoneyError> {
    let exact = i128::from(milli) * i128::from(unit_price.minor());
    let (numerator, denominator) = match discount.map(Discount::kind) {
        None => (exact, 1000),
        Some(DiscountKind::Percent(percent)) => {
            let percent = percent.normalize();
            let hundred = 10i128
                .checked_pow(percent.scale() + 2)
                .ok_or(MoneyError::Overflow)?;
            let left = hundred
                .checked_sub(percent.mantissa())
                .ok_or(MoneyError::Overflow)?;
            let denominator = hundred.checked_mul(1000).ok_or(MoneyError::Overflow)?;
            (exact.checked_mul(left).ok_or(MoneyError::Overflow)?, denominator)
        }
        Some(DiscountKind::Amount(amount)) => {
            let off = i128::from(amount.minor()).saturating_mul(1000).min(exact.abs());
            (exact - exact.signum() * off, 1000)
        }
    };
    Money::from_wide(rounding.divide(numerator, denominator))
}

/// What a line cost and the taxes in it, as the document says it.
#[derive(Clone, Copy, Debug)]
pub struct LineTax<'a> {
    /// What was paid for the line, its taxes included.
    pub gross: Money,
    pub taxes: &'a [Money],
    /// Thousandths of the unit.
    pub ordered: i64,
}

/// What goes back with a part of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaxBack {
    pub gross: Money,
    pub taxable: Money,
    pub taxes: Vec<Money>,
}

/// What goes back with `milli` more of a line of which `before` came back already.
///
/// By cumulative difference, for the price and for every tax of the day of the sale: credit notes add up to their
/// invoice however they cut it.
pub fn back(line: &LineTax<'_>, before: i64, milli: i64) -> Result<TaxBack, MoneyError> {
    let part = |net: Money| {
        line_back(
            &LineMoney {
                net,
                ordered: line.ordered,
            },
            before,
            milli,
        )
    };
    let gross = part(line.gross)?;
    let taxes = line
        .taxes
        .iter()
        .map(|tax| part(*tax))
        .collect::<Result<Vec<_>, _>>()?;
    let taxable = gross.checked_sub(Money::sum(taxes.iter().copied())?)?;
    Ok(TaxBack {
        gross,
        taxable,
        taxes,
    })
}

/// What is reckoned with: 128 bits, which are enough nearly always, or as many as it takes.
trait Whole: Clone + Ord + Integer + Signed + CheckedAdd + CheckedMul + From<i64> + ToPrimitive {
    /// As [`Rounding::divide`].
    fn divided(&self, by: &Self, rounding: Rounding) -> Self;
}

impl Whole for i128 {
    fn divided(&self, by: &i128, rounding: Rounding) -> i128 {
        rounding.divide(*self, *by)
    }
}

impl Whole for BigInt {
    fn divided(&self, by: &BigInt, rounding: Rounding) -> BigInt {
        let (quotient, rest) = self.div_rem(by);
        let rest = rest.abs();
        if rounding.is_away(&rest, &(by - &rest), quotient.is_odd()) {
            quotient + self.signum()
        } else {
            quotient
        }
    }
}

fn mul<T: Whole>(a: &T, b: &T) -> Result<T, MoneyError> {
    a.checked_mul(b).ok_or(MoneyError::Overflow)
}

fn add<T: Whole>(a: &T, b: &T) -> Result<T, MoneyError> {
    a.checked_add(b).ok_or(MoneyError::Overflow)
}

fn sum<T: Whole>(all: &[T]) -> Result<T, MoneyError> {
    all.iter().try_fold(T::zero(), |sum, one| add(&sum, one))
}

/// Of two positive numbers.
fn common<T: Whole>(a: &T, b: &T) -> Result<T, MoneyError> {
    if a == b {
        Ok(a.clone())
    } else {
        mul(&(a.clone() / a.gcd(b)), b)
    }
}

/// Lines with the same taxes at the same rates: what part of their price each tax is.
struct Pattern<'a, T> {
    components: &'a [Component],
    inclusive: bool,
    /// Each component's part of a price is its numerator over the denominator.
    numerators: Vec<T>,
    denominator: T,
    /// Where each component is added up.
    sums: Vec<usize>,
}

impl<'a, T: Whole> Pattern<'a, T> {
    fn of(components: &'a [Component], inclusive: bool) -> Result<Pattern<'a, T>, MoneyError> {
        // As parts of the price without tax, over one denominator that grows with every tax on a tax.
        let mut numerators: Vec<T> = Vec::with_capacity(components.len());
        let mut denominator = T::one();
        let mut all = T::zero();
        for component in components {
            let rate = i64::from(component.rate.0);
            let shortest = rate.gcd(&WHOLE);
            let (part, whole) = (T::from(rate / shortest), T::from(WHOLE / shortest));
            let (numerator, below) = if component.compound {
                (mul(&add(&denominator, &all)?, &part)?, mul(&denominator, &whole)?)
            } else {
                (part, whole)
            };
            let over = common(&denominator, &below)?;
            let (widen, to) = (over.clone() / denominator, over.clone() / below);
            for earlier in &mut numerators {
                *earlier = mul(earlier, &widen)?;
            }
            let numerator = mul(&numerator, &to)?;
            all = add(&mul(&all, &widen)?, &numerator)?;
            numerators.push(numerator);
            denominator = over;
        }
        if inclusive {
            denominator = add(&denominator, &all)?;
        }
        let shortest = numerators
            .iter()
            .fold(denominator.clone(), |shortest, numerator| shortest.gcd(numerator));
        for numerator in &mut numerators {
            *numerator = numerator.clone() / shortest.clone();
        }
        Ok(Pattern {
            components,
            inclusive,
            numerators,
            denominator: denominator / shortest,
            sums: Vec::new(),
        })
    }

    fn is(&self, components: &[Component], inclusive: bool) -> bool {
        self.inclusive == inclusive
            && (std::ptr::eq(self.components, components) || self.components == components)
    }
}

/// The lines' patterns, and the sums they add to.
struct Plan<'a, T> {
    patterns: Vec<Pattern<'a, T>>,
    /// Each line's pattern.
    of_line: Vec<usize>,
    sums: Vec<TaxSum>,
}

impl<'a, T: Whole> Plan<'a, T> {
    fn of(lines: &[TaxLine<'a>], rules: &TaxRules) -> Result<Plan<'a, T>, MoneyError> {
        let mut plan = Plan {
            patterns: Vec::new(),
            of_line: Vec::with_capacity(lines.len()),
            sums: Vec::new(),
        };
        for line in lines {
            let inclusive = line.inclusive.unwrap_or(rules.inclusive);
            let known = plan
                .patterns
                .iter()
                .position(|pattern| pattern.is(line.components, inclusive));
            let index = match known {
                Some(index) => index,
                None => {
                    let mut pattern = Pattern::of(line.components, inclusive)?;
                    pattern.sums = line.components.iter().map(|c| plan.sum_for(c)).collect();
                    plan.patterns.push(pattern);
                    plan.patterns.len() - 1
                }
            };
            plan.of_line.push(index);
        }
        Ok(plan)
    }

    fn sum_for(&mut self, component: &Component) -> usize {
        let known = self
            .sums
            .iter()
            .position(|sum| sum.rate == component.rate && sum.name == component.name);
        known.unwrap_or_else(|| {
            self.sums.push(TaxSum {
                name: component.name.clone(),
                rate: component.rate,
                taxable: Money::ZERO,
                amount: Money::ZERO,
            });
            self.sums.len() - 1
        })
    }

    fn by_line(&self, lines: &[TaxLine<'_>], rules: &TaxRules) -> Result<Vec<Vec<T>>, MoneyError> {
        let taxes = |line: &TaxLine<'_>, pattern: &Pattern<'_, T>| -> Result<Vec<T>, MoneyError> {
            let net = T::from(line.net.minor());
            let rounded = |numerator: &T| -> Result<T, MoneyError> {
                Ok(mul(&net, numerator)?.divided(&pattern.denominator, rules.rounding))
            };
            match rules.components {
                Parts::Each => pattern.numerators.iter().map(rounded).collect(),
                Parts::Split => {
                    let whole = rounded(&sum(&pattern.numerators)?)?;
                    share(&whole, &pattern.numerators, &pattern.denominator)
                }
            }
        };
        lines
            .iter()
            .zip(&self.of_line)
            .map(|(line, pattern)| taxes(line, &self.patterns[*pattern]))
            .collect()
    }

    fn by_document(&self, lines: &[TaxLine<'_>], rules: &TaxRules) -> Result<Vec<Vec<T>>, MoneyError> {
        let mut taxes: Vec<Vec<T>> = self
            .of_line
            .iter()
            .map(|pattern| vec![T::zero(); self.patterns[*pattern].numerators.len()])
            .collect();
        // What every tax of every line is before rounding, by the sum it belongs to.
        let mut exact: Vec<Fractions<T>> = self.sums.iter().map(|_| Fractions::default()).collect();
        for (at, (line, pattern)) in lines.iter().zip(&self.of_line).enumerate() {
            let pattern = &self.patterns[*pattern];
            for (part, (numerator, sum)) in pattern.numerators.iter().zip(&pattern.sums).enumerate() {
                let amount = mul(&T::from(line.net.minor()), numerator)?;
                exact[*sum].add((at, part), amount, &pattern.denominator)?;
            }
        }
        let rounded = |of: &Fractions<T>| -> Result<T, MoneyError> {
            Ok(sum(&of.numerators)?.divided(&of.denominator, rules.rounding))
        };
        let wholes: Vec<T> = match rules.components {
            Parts::Each => exact.iter().map(rounded).collect::<Result<_, _>>()?,
            Parts::Split => {
                let mut all = Fractions::default();
                for (index, of) in exact.iter().enumerate() {
                    all.add((index, 0), sum(&of.numerators)?, &of.denominator)?;
                }
                share(&rounded(&all)?, &all.numerators, &all.denominator)?
            }
        };
        for (of, whole) in exact.iter().zip(wholes) {
            for ((line, part), amount) in
                of.places
                    .iter()
                    .zip(share(&whole, &of.numerators, &of.denominator)?)
            {
                taxes[*line][*part] = amount;
            }
        }
        Ok(taxes)
    }

    fn finish(
        mut self,
        lines: &[TaxLine<'_>],
        rules: &TaxRules,
        taxes: Vec<Vec<T>>,
    ) -> Result<Taxed, MoneyError> {
        let mut taxed = Taxed {
            lines: Vec::with_capacity(lines.len()),
            ..Taxed::default()
        };
        for ((line, pattern), amounts) in lines.iter().zip(&self.of_line).zip(taxes) {
            let pattern = &self.patterns[*pattern];
            let taxes = amounts
                .iter()
                .map(|amount| amount.to_i64().map(Money::from_minor))
                .collect::<Option<Vec<_>>>()
                .ok_or(MoneyError::Overflow)?;
            let tax = Money::sum(taxes.iter().copied())?;
            let taxable = if pattern.inclusive {
                line.net.checked_sub(tax)?
            } else {
                line.net
            };
            for (at, (amount, sum)) in taxes.iter().zip(&pattern.sums).enumerate() {
                let charged = &mut self.sums[*sum];
                charged.amount = charged.amount.checked_add(*amount)?;
                // A line that names the same tax twice is charged twice, on the same amount.
                if !pattern.sums[..at].contains(sum) {
                    charged.taxable = charged.taxable.checked_add(taxable)?;
                }
            }
            taxed.taxable = taxed.taxable.checked_add(taxable)?;
            taxed.tax = taxed.tax.checked_add(tax)?;
            taxed.lines.push(TaxedLine { taxable, taxes });
        }
        taxed.by_component = self.sums;
        taxed.gross = taxed.taxable.checked_add(taxed.tax)?;
        taxed.payable = match &rules.round_off {
            Some(step) => step.apply(taxed.gross)?,
            None => taxed.gross,
        };
        taxed.round_off = taxed.payable.checked_sub(taxed.gross)?;
        Ok(taxed)
    }
}

/// Exact amounts over one denominator, and whose they are.
struct Fractions<T> {
    numerators: Vec<T>,
    denominator: T,
    places: Vec<(usize, usize)>,
}

impl<T: Whole> Default for Fractions<T> {
    fn default() -> Fractions<T> {
        Fractions {
            numerators: Vec::new(),
            denominator: T::one(),
            places: Vec::new(),
        }
    }
}

impl<T: Whole> Fractions<T> {
    fn add(&mut self, place: (usize, usize), numerator: T, denominator: &T) -> Result<(), MoneyError> {
        let numerator = if *denominator == self.denominator {
            numerator
        } else {
            let common = common(&self.denominator, denominator)?;
            let widen = common.clone() / self.denominator.clone();
            if !widen.is_one() {
                for earlier in &mut self.numerators {
                    *earlier = mul(earlier, &widen)?;
                }
            }
            let to = common.clone() / denominator.clone();
            self.denominator = common;
            mul(&numerator, &to)?
        };
        self.numerators.push(numerator);
        self.places.push(place);
        Ok(())
    }
}

/// Shares `whole` by largest remainder in the proportion of `weights`, the earlier winning a tie. The weights are
/// what each part is exactly, over one denominator.
///
/// Turning every sign around turns every part around, so a document that comes back mirrors the one that went out.
fn share<T: Whole>(whole: &T, weights: &[T], denominator: &T) -> Result<Vec<T>, MoneyError> {
    if weights.len() == 1 {
        return Ok(vec![whole.clone()]);
    }
    let up = weights.iter().any(T::is_positive);
    let down = weights.iter().any(T::is_negative);
    match (up, down) {
        (false, false) => Ok(vec![T::zero(); weights.len()]),
        (true, true) => share_mixed(whole, weights, denominator),
        _ => share_alike(whole, weights),
    }
}

fn share_alike<T: Whole>(whole: &T, weights: &[T]) -> Result<Vec<T>, MoneyError> {
    let all = sum(weights)?;
    let mut parts: Vec<T> = Vec::with_capacity(weights.len());
    let mut remainders: Vec<(T, usize)> = Vec::with_capacity(weights.len());
    let mut left = whole.clone();
    for (index, weight) in weights.iter().enumerate() {
        let (part, rest) = mul(whole, weight)?.div_rem(&all);
        left = left - part.clone();
        parts.push(part);
        remainders.push((rest.abs(), index));
    }
    give(&mut parts, remainders, &left.abs(), &whole.signum());
    Ok(parts)
}

/// Goods out and goods back in one document have no common proportion: every part is what it is exactly, rounded
/// down, and what is missing to the whole goes to the largest remainders.
fn share_mixed<T: Whole>(whole: &T, weights: &[T], denominator: &T) -> Result<Vec<T>, MoneyError> {
    let all = sum(weights)?;
    let first = weights.iter().find(|weight| !weight.is_zero());
    let sign = if all.is_zero() {
        first.unwrap_or(&all).signum()
    } else {
        all.signum()
    };
    let mut parts: Vec<T> = Vec::with_capacity(weights.len());
    let mut remainders: Vec<(T, usize)> = Vec::with_capacity(weights.len());
    let mut left = sign.clone() * whole.clone();
    for (index, weight) in weights.iter().enumerate() {
        let (part, rest) = (sign.clone() * weight.clone()).div_mod_floor(denominator);
        left = left - part.clone();
        parts.push(part);
        remainders.push((rest, index));
    }
    let everybody = i64::try_from(parts.len()).map_err(|_| MoneyError::Overflow)?;
    let (each, left) = left.div_mod_floor(&T::from(everybody));
    give(&mut parts, remainders, &left, &T::one());
    for part in &mut parts {
        *part = (part.clone() + each.clone()) * sign.clone();
    }
    Ok(parts)
}

/// Gives what is `left`, which is less than there are parts, to those with the largest remainders: `one` each.
fn give<T: Whole>(parts: &mut [T], mut remainders: Vec<(T, usize)>, left: &T, one: &T) {
    remainders.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let left = left.to_usize().unwrap_or(parts.len());
    for (_, index) in remainders.iter().take(left) {
        parts[*index] = parts[*index].clone() + one.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(minor: i64) -> Money {
        Money::from_minor(minor)
    }

    fn tax(name: &str, rate: &str) -> Component {
        Component::new(name, rate.parse().expect("a rate"))
    }

    fn on_taxes(name: &str, rate: &str) -> Component {
        Component {
            compound: true,
            ..tax(name, rate)
        }
    }

    fn lines<'a>(nets: &[(i64, &'a [Component])]) -> Vec<TaxLine<'a>> {
        nets.iter()
            .map(|(net, components)| TaxLine {
                net: money(*net),
                inclusive: None,
                components,
            })
            .collect()
    }

    fn amounts(taxed: &Taxed) -> Vec<Vec<i64>> {
        taxed
            .lines
            .iter()
            .map(|line| line.taxes.iter().map(|t| t.minor()).collect())
            .collect()
    }

    const SUM_OF_DOCUMENT: TaxRules = TaxRules {
        inclusive: false,
        scope: Scope::Document,
        components: Parts::Split,
        rounding: Rounding::HalfUp,
        round_off: None,
        cash: None,
    };

    #[test]
    fn rates_read_back() {
        for (text, millionths) in [
            ("0", 0),
            ("2.5", 2_500_000),
            ("8.875", 8_875_000),
            ("1000", 1_000_000_000),
        ] {
            let rate: Rate = text.parse().expect("a rate");
            assert_eq!((rate.millionths(), rate.to_string().as_str()), (millionths, text));
            assert_eq!(rate.percent().to_string(), text);
        }
        assert_eq!("0.000001".parse::<Rate>().map(Rate::millionths), Ok(1));
        for text in [
            "",
            "-1",
            "+1",
            "1e3",
            "1000.1",
            "NaN",
            "1,5",
            "99999999999999999999999999999999",
        ] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::OutOfRange), "{text}");
        }
        assert_eq!("0.0000001".parse::<Rate>(), Err(RateError::TooFine));
        assert_eq!(
            "0.25"
                .parse::<Rate>()
                .and_then(Rate::halved)
                .map(|r| r.to_string()),
            Ok("0.125".into())
        );
        assert_eq!(
            "0.000001".parse::<Rate>().and_then(Rate::halved),
            Err(RateError::TooFine)
        );
    }

    #[test]
    fn a_document_is_rounded_once_for_every_rate() {
        let (full, less) = ([tax("VAT", "19")], [tax("VAT", "7")]);
        let rules = TaxRules {
            scope: Scope::Document,
            ..TaxRules::default()
        };
        let taxed = compute(
            &lines(&[(999, &full), (333, &less), (999, &full), (999, &full)]),
            &rules,
        )
        .expect("taxes");
        let sums: Vec<_> = taxed
            .by_component
            .iter()
            .map(|sum| (sum.rate.to_string(), sum.taxable.minor(), sum.amount.minor()))
            .collect();
        assert_eq!(
            sums,
            [("19".to_owned(), 2997, 569), ("7".to_owned(), 333, 23)],
            "5.6943 is one tax of 5.69, not three of 1.90"
        );
        assert_eq!(amounts(&taxed), [[190], [23], [190], [189]]);
    }

    #[test]
    fn jurisdictions_share_one_rounded_sum() {
        let taxes = [
            tax("State", "6.25"),
            tax("County", "1"),
            tax("City", "0.75"),
            tax("Transit", "0.5"),
        ];
        let taxed = compute(&lines(&[(1999, &taxes)]), &SUM_OF_DOCUMENT).expect("taxes");
        // 19.99 at 8.5 % is 1.699150.
        assert_eq!(taxed.tax, money(170));
        assert_eq!(amounts(&taxed), [[125, 20, 15, 10]]);
        let line = TaxRules {
            scope: Scope::Line,
            ..SUM_OF_DOCUMENT
        };
        assert_eq!(
            compute(&lines(&[(1999, &taxes)]), &line).expect("taxes").lines,
            taxed.lines
        );
        let each = TaxRules {
            components: Parts::Each,
            ..line
        };
        assert_eq!(
            amounts(&compute(&lines(&[(1999, &taxes)]), &each).expect("taxes")),
            [[125, 20, 15, 10]]
        );
    }

    #[test]
    fn taxes_that_only_some_lines_have_are_summed_over_the_document() {
        let (all, state) = ([tax("State", "4"), tax("City", "4.5")], [tax("City", "4.5")]);
        let taxed = compute(&lines(&[(1055, &all), (1133, &state)]), &SUM_OF_DOCUMENT).expect("taxes");
        // 0.422 + 0.98460
        assert_eq!(taxed.tax, money(141));
        let sums: Vec<_> = taxed.by_component.iter().map(|sum| sum.amount.minor()).collect();
        assert_eq!(sums, [42, 99]);
    }

    #[test]
    fn a_tax_on_a_tax_inside_the_price() {
        let taxes = [tax("GST", "5"), on_taxes("QST", "9.5")];
        let rules = TaxRules {
            inclusive: true,
            ..TaxRules::default()
        };
        let taxed = compute(&lines(&[(11498, &taxes)]), &rules).expect("taxes");
        assert_eq!(amounts(&taxed), [[500, 998]]);
        assert_eq!((taxed.taxable, taxed.gross), (money(10000), money(11498)));
        let three = [tax("A", "10"), on_taxes("B", "10"), on_taxes("C", "10")];
        let taxed = compute(&lines(&[(10000, &three)]), &TaxRules::default()).expect("taxes");
        assert_eq!(
            amounts(&taxed),
            [[1000, 1100, 1210]],
            "each on the price and all before it"
        );
        let plain_after = [tax("A", "10"), on_taxes("B", "10"), tax("C", "10")];
        let taxed = compute(&lines(&[(10000, &plain_after)]), &TaxRules::default()).expect("taxes");
        assert_eq!(amounts(&taxed), [[1000, 1100, 1000]]);
    }

    #[test]
    fn currencies_without_and_with_three_digits() {
        let rules = TaxRules {
            inclusive: true,
            rounding: Rounding::Down,
            scope: Scope::Document,
            ..TaxRules::default()
        };
        let (ten, eight) = ([tax("消費税", "10")], [tax("軽減税", "8")]);
        let taxed = compute(&lines(&[(108, &eight), (298, &ten), (158, &ten)]), &rules).expect("taxes");
        // 8/108 of 108 is 8; 10/110 of 456 is 41.45.
        let sums: Vec<_> = taxed.by_component.iter().map(|sum| sum.amount.minor()).collect();
        assert_eq!(sums, [8, 41]);
        let vat = [tax("VAT", "5")];
        let taxed = compute(&lines(&[(12_345, &vat)]), &TaxRules::default()).expect("taxes");
        assert_eq!(taxed.gross, money(12_962), "12.345 dinars and 0.617 25");
    }

    #[test]
    fn every_rounding_of_a_tie_is_its_own() {
        let half = [tax("T", "50")];
        for (rounding, up, down) in [
            (Rounding::HalfUp, 3, -3),
            (Rounding::HalfEven, 2, -2),
            (Rounding::Down, 2, -2),
            (Rounding::Up, 3, -3),
        ] {
            let rules = TaxRules {
                rounding,
                ..TaxRules::default()
            };
            let taxed = compute(&lines(&[(5, &half), (-5, &half)]), &rules).expect("taxes");
            assert_eq!(amounts(&taxed), [[up], [down]], "{rounding:?}");
        }
    }

    #[test]
    fn goods_out_and_goods_back_in_one_document() {
        let taxes = [tax("CGST", "2.5"), tax("SGST", "2.5")];
        for components in [Parts::Each, Parts::Split] {
            let rules = TaxRules {
                scope: Scope::Document,
                components,
                ..TaxRules::default()
            };
            let taxed =
                compute(&lines(&[(3335, &taxes), (-3335, &taxes), (3335, &taxes)]), &rules).expect("taxes");
            let sum = |at: usize| taxed.lines.iter().map(|line| line.taxes[at].minor()).sum::<i64>();
            assert_eq!(
                (sum(0) + sum(1), taxed.tax),
                (
                    taxed.tax.minor(),
                    money(match components {
                        Parts::Each => 166,
                        Parts::Split => 167,
                    })
                )
            );
            let even = compute(&lines(&[(3335, &taxes), (-3335, &taxes)]), &rules).expect("taxes");
            assert_eq!(
                (even.tax, even.gross),
                (Money::ZERO, Money::ZERO),
                "an even exchange"
            );
        }
    }

    #[test]
    fn one_price_list_contains_the_tax_and_another_does_not() {
        let vat = [tax("VAT", "20")];
        let mut two = lines(&[(1200, &vat), (1000, &vat)]);
        two[0].inclusive = Some(true);
        for scope in [Scope::Line, Scope::Document] {
            let rules = TaxRules {
                scope,
                ..TaxRules::default()
            };
            let taxed = compute(&two, &rules).expect("taxes");
            assert_eq!(amounts(&taxed), [[200], [200]]);
            assert_eq!((taxed.taxable, taxed.gross), (money(2000), money(2400)));
            assert_eq!(taxed.by_component.len(), 1);
        }
    }

    #[test]
    fn a_line_is_rounded_once() {
        let third = Discount::percent("33.333333".parse().expect("a decimal"), "x").expect("a discount");
        // 0.333 kg at 450.50 is 150.0165; less a third it is 100.0110005…
        assert_eq!(
            extended(333, money(450_50), None, Rounding::HalfUp),
            Ok(money(150_02))
        );
        assert_eq!(
            extended(333, money(450_50), Some(&third), Rounding::HalfUp),
            Ok(money(100_01))
        );
        assert_eq!(
            extended(-333, money(450_50), Some(&third), Rounding::HalfUp),
            Ok(money(-100_01))
        );
        assert_eq!(
            extended(1, money(1), None, Rounding::HalfUp),
            Ok(Money::ZERO),
            "a gram of next to nothing"
        );
        let all = Discount::percent(Decimal::ONE_HUNDRED, "x").expect("a discount");
        assert_eq!(
            extended(3000, money(999), Some(&all), Rounding::Up),
            Ok(Money::ZERO)
        );
        let more = Discount::amount(money(i64::MAX), "x").expect("a discount");
        assert_eq!(
            extended(3000, money(999), Some(&more), Rounding::HalfUp),
            Ok(Money::ZERO)
        );
        assert_eq!(
            extended(i64::MAX, money(i64::MAX), None, Rounding::HalfUp),
            Err(MoneyError::Overflow)
        );
    }

    #[test]
    fn what_is_given_away_has_no_tax() {
        let vat = [tax("VAT", "20")];
        for components in [Parts::Each, Parts::Split] {
            for scope in [Scope::Line, Scope::Document] {
                let rules = TaxRules {
                    scope,
                    components,
                    ..TaxRules::default()
                };
                let taxed = compute(&lines(&[(0, &vat), (0, &[])]), &rules).expect("taxes");
                assert_eq!((taxed.tax, taxed.payable), (Money::ZERO, Money::ZERO));
                assert_eq!(compute(&[], &rules).expect("nothing"), Taxed::default());
            }
        }
    }

    #[test]
    fn amounts_beyond_a_shop_are_refused_and_never_wrong() {
        let vat = [tax("VAT", "1000")];
        let taxed = compute(&lines(&[(i64::MAX, &vat)]), &TaxRules::default());
        assert_eq!(taxed, Err(MoneyError::Overflow));
        let odd: Vec<Component> = (0..60).map(|n| on_taxes(&n.to_string(), "99.999999")).collect();
        assert_eq!(
            compute(&lines(&[(100, &odd)]), &TaxRules::default()),
            Err(MoneyError::Overflow)
        );
        // Nearly doubled by each: the fractions are beyond 128 bits, what comes of them is not.
        let taxed = compute(&lines(&[(100, &odd[..8])]), &TaxRules::default()).expect("in range");
        let doubled: Vec<Money> = (0..8).map(|n| money(100 << n)).collect();
        assert_eq!(taxed.lines[0].taxes, doubled);
    }

    /// Found by chance: the rates of a document have no common denominator of 128 bits.
    #[test]
    fn many_odd_rates_in_one_document_are_exact() {
        let of = |parts: &[(&str, bool)]| -> Vec<Component> {
            let one = |(rate, compound): &(&str, bool)| Component {
                compound: *compound,
                ..tax("T0", rate)
            };
            parts.iter().map(one).collect()
        };
        let taxes = [
            of(&[("6.25", false), ("9.5", true), ("4.5", true)]),
            of(&[("8.875", false), ("20", false), ("0.125", true)]),
            of(&[("0.125", false), ("0.125", true), ("0.125", false)]),
            of(&[("4.5", false), ("6.25", false)]),
            of(&[("1.5", false)]),
            of(&[("7", false), ("0.125", true), ("0.125", false)]),
            of(&[("7", false), ("8.875", true), ("7", true)]),
        ];
        let priced: Vec<(i64, &[Component])> =
            taxes.iter().map(|taxes| (201_969, taxes.as_slice())).collect();
        let of_document = TaxRules {
            inclusive: true,
            scope: Scope::Document,
            components: Parts::Split,
            ..TaxRules::default()
        };
        let small = reckon::<i128>(&lines(&priced), &of_document);
        assert_eq!(small, Err(MoneyError::Overflow), "else this shows nothing");
        let taxed = compute(&lines(&priced), &of_document).expect("exact all the same");
        assert_eq!(taxed.gross, money(201_969 * 7));
        let of_lines = TaxRules {
            scope: Scope::Line,
            ..of_document
        };
        let by_line = compute(&lines(&priced), &of_lines).expect("in range");
        let apart = taxed.tax.minor() - by_line.tax.minor();
        assert!(
            apart.abs() <= 4,
            "each line is rounded by half a unit at most: {apart}"
        );
        let most = [(i64::MAX, taxes[0].as_slice()), (i64::MAX, taxes[1].as_slice())];
        assert_eq!(
            compute(&lines(&most), &TaxRules::default()),
            Err(MoneyError::Overflow)
        );
    }

    fn any_rounding() -> impl Strategy<Value = Rounding> {
        prop_oneof![
            Just(Rounding::HalfUp),
            Just(Rounding::HalfEven),
            Just(Rounding::Down),
            Just(Rounding::Up)
        ]
    }

    fn any_rules() -> impl Strategy<Value = TaxRules> {
        (
            any::<bool>(),
            any::<bool>(),
            any::<bool>(),
            any_rounding(),
            prop::option::of(1i64..500),
        )
            .prop_map(|(inclusive, document, split, rounding, step)| TaxRules {
                inclusive,
                scope: if document { Scope::Document } else { Scope::Line },
                components: if split { Parts::Split } else { Parts::Each },
                rounding,
                round_off: step.map(|step| Increment {
                    step: money(step),
                    rounding,
                }),
                cash: None,
            })
    }

    fn any_components() -> impl Strategy<Value = Vec<Component>> {
        let rates = [
            "0", "0.125", "1.5", "2.5", "4.5", "5", "6.25", "7", "8.875", "9", "9.5", "18", "19", "20", "40",
        ];
        prop::collection::vec((0..rates.len(), 0u8..4, any::<bool>()), 0..4).prop_map(move |parts| {
            parts
                .into_iter()
                .map(|(rate, name, compound)| Component {
                    compound,
                    ..tax(&format!("T{name}"), rates[rate])
                })
                .collect()
        })
    }

    /// A line's price, its taxes, and whether the price says of itself that it includes them.
    type AnyLine = (i64, Vec<Component>, Option<bool>);

    fn any_document() -> impl Strategy<Value = Vec<AnyLine>> {
        let said = prop_oneof![2 => Just(None), 1 => any::<bool>().prop_map(Some)];
        prop::collection::vec((-500_000i64..2_000_000, any_components(), said), 0..12)
    }

    fn borrowed(document: &[AnyLine], sign: i64) -> Vec<TaxLine<'_>> {
        document
            .iter()
            .map(|(net, components, inclusive)| TaxLine {
                net: money(sign * net),
                inclusive: *inclusive,
                components,
            })
            .collect()
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole(document in any_document(), rules in any_rules()) {
            let taxed = compute(&borrowed(&document, 1), &rules).expect("in range");
            let sum = |amounts: &mut dyn Iterator<Item = Money>| amounts.map(Money::minor).sum::<i64>();
            let of_lines = sum(&mut taxed.lines.iter().flat_map(|line| line.taxes.iter().copied()));
            prop_assert_eq!(of_lines, taxed.tax.minor());
            prop_assert_eq!(sum(&mut taxed.by_component.iter().map(|sum| sum.amount)), taxed.tax.minor());
            prop_assert_eq!(sum(&mut taxed.lines.iter().map(|line| line.taxable)), taxed.taxable.minor());
            prop_assert_eq!(taxed.taxable.minor() + taxed.tax.minor(), taxed.gross.minor());
            prop_assert_eq!(taxed.gross.minor() + taxed.round_off.minor(), taxed.payable.minor());
            for sum in &taxed.by_component {
                let lines = taxed.lines.iter().zip(&document).flat_map(|(line, (_, components, _))| {
                    line.taxes.iter().zip(components)
                });
                let of_lines: i64 = lines
                    .filter(|(_, c)| c.name == sum.name && c.rate == sum.rate)
                    .map(|(amount, _)| amount.minor())
                    .sum();
                prop_assert_eq!(of_lines, sum.amount.minor(), "{} {}", sum.name, sum.rate);
            }
            for (line, (net, components, inclusive)) in taxed.lines.iter().zip(&document) {
                prop_assert_eq!(line.taxes.len(), components.len());
                let whole = if inclusive.unwrap_or(rules.inclusive) { line.taxable.minor() + line.tax().expect("in range").minor() } else { line.taxable.minor() };
                prop_assert_eq!(whole, *net);
            }
        }

        #[test]
        fn numbers_of_any_size_come_to_the_same(document in any_document(), rules in any_rules()) {
            let document = borrowed(&document, 1);
            if let Ok(taxed) = reckon::<i128>(&document, &rules) {
                prop_assert_eq!(reckon::<BigInt>(&document, &rules), Ok(taxed));
            }
        }

        #[test]
        fn what_comes_back_mirrors_what_went_out(document in any_document(), rules in any_rules()) {
            let out = compute(&borrowed(&document, 1), &rules).expect("in range");
            let home = compute(&borrowed(&document, -1), &rules).expect("in range");
            prop_assert_eq!(out.tax.minor(), -home.tax.minor());
            prop_assert_eq!(out.payable.minor(), -home.payable.minor());
            for (out, home) in out.lines.iter().zip(&home.lines) {
                prop_assert_eq!(out.taxable.minor(), -home.taxable.minor());
                for (out, home) in out.taxes.iter().zip(&home.taxes) {
                    prop_assert_eq!(out.minor(), -home.minor());
                }
            }
        }

        #[test]
        fn no_tax_is_a_unit_away_from_exact(document in any_document(), rules in any_rules()) {
            let taxed = compute(&borrowed(&document, 1), &rules).expect("in range");
            // Money::percent is the second way to the same number, where no other tax stands in between.
            for (line, (net, components, inclusive)) in taxed.lines.iter().zip(&document) {
                if let ([one], false) = (components.as_slice(), inclusive.unwrap_or(rules.inclusive)) {
                    let exact = money(*net).percent(one.rate.percent(), rules.rounding).expect("in range");
                    let allowed = i64::from(rules.scope == Scope::Document);
                    prop_assert!((line.taxes[0].minor() - exact.minor()).abs() <= allowed, "{:?}", line);
                }
            }
        }

        #[test]
        fn a_price_with_tax_taken_apart_and_put_together_is_the_price(
            gross in 0i64..10_000_000,
            components in any_components(),
        ) {
            let rules = TaxRules { inclusive: true, ..TaxRules::default() };
            let inside = compute(&lines(&[(gross, &components)]), &rules).expect("in range");
            let outside = compute(&lines(&[(inside.taxable.minor(), &components)]), &TaxRules::default()).expect("in range");
            let apart = (inside.gross.minor() - outside.gross.minor()).abs();
            // Rounding the taxable amount by half a unit moves the price by half of it and its taxes.
            prop_assert!(apart <= 2 + components.len() as i64 * 3, "{} and {}", inside.gross.minor(), outside.gross.minor());
            prop_assert_eq!(inside.gross.minor(), gross);
        }

        #[test]
        fn credit_notes_add_up_to_the_invoice(
            gross in 0i64..1_000_000,
            rates in prop::collection::vec(0i64..300_000, 0..4),
            ordered in 1i64..20_000,
            cuts in prop::collection::vec(1i64..5_000, 0..30),
        ) {
            let taxes: Vec<Money> = rates.iter().map(|tax| money((*tax).min(gross / 4))).collect();
            let line = LineTax { gross: money(gross), taxes: &taxes, ordered };
            let (mut before, mut all) = (0, TaxBack { taxes: vec![Money::ZERO; taxes.len()], ..TaxBack::default() });
            for cut in cuts.into_iter().chain([i64::MAX]) {
                let cut = cut.min(ordered - before);
                let part = back(&line, before, cut).expect("in range");
                prop_assert_eq!(part.gross.minor(), part.taxable.minor() + part.taxes.iter().map(|t| t.minor()).sum::<i64>());
                before += cut;
                all.gross = all.gross.checked_add(part.gross).expect("in range");
                for (sum, tax) in all.taxes.iter_mut().zip(&part.taxes) {
                    *sum = sum.checked_add(*tax).expect("in range");
                }
            }
            prop_assert_eq!(all.gross, money(gross));
            prop_assert_eq!(all.taxes, taxes);
        }

        #[test]
        fn amounts_come_to_the_nearest_step(amount in -1_000_000i64..1_000_000, step in 1i64..1000, rounding in any_rounding()) {
            let due = Increment { step: money(step), rounding }.apply(money(amount)).expect("in range").minor();
            prop_assert_eq!(due % step, 0);
            prop_assert!((due - amount).abs() < step);
        }
    }
}
