//! Tenders: how an order is paid, and what a guest is likely to hand over.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::ids::TenderId;
use crate::money::{Currency, Money, MoneyError};

/// Why these tenders do not pay the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TenderError {
    #[error("an order cannot cost less than nothing")]
    NegativeTotal,
    #[error("a tender must be more than nothing")]
    NotPositive,
    #[error("only one tender may leave its amount open")]
    TwoOpenAmounts,
    #[error("two tenders have the same id")]
    DuplicateId,
    #[error("the tenders do not sum to the total")]
    DoesNotSum,
    #[error("less was handed over than the tender says")]
    ReceivedTooLittle,
    #[error("there is no such way to pay")]
    UnknownMethod,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// A way to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TenderMethod {
    Cash,
}

impl TenderMethod {
    pub const ALL: &[TenderMethod] = &[TenderMethod::Cash];

    pub const fn as_str(self) -> &'static str {
        match self {
            TenderMethod::Cash => "cash",
        }
    }
}

impl fmt::Display for TenderMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TenderMethod {
    type Err = TenderError;

    fn from_str(text: &str) -> Result<TenderMethod, TenderError> {
        TenderMethod::ALL
            .iter()
            .copied()
            .find(|method| method.as_str() == text)
            .ok_or(TenderError::UnknownMethod)
    }
}

/// A payment as the cashier gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tender {
    pub id: TenderId,
    pub method: TenderMethod,
    /// What it pays; one tender may leave it open and pays the rest.
    pub amount: Option<Money>,
    /// The notes and coins handed over; exactly the amount when not said.
    pub received: Option<Money>,
}

/// A payment with every number known: `received = amount + change`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledTender {
    pub id: TenderId,
    pub method: TenderMethod,
    pub amount: Money,
    pub received: Money,
    pub change: Money,
}

/// Tenders that pay a total to the last unit. Only [`balance`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balanced {
    total: Money,
    pub tenders: Vec<SettledTender>,
}

impl Balanced {
    pub fn total(&self) -> Money {
        self.total
    }
}

/// Settles the tenders against the total, which they must meet exactly.
///
/// A total of nothing needs no tender; one that was sent along with its amount open (or zero) is left out, since
/// nothing is paid with it.
pub fn balance(total: Money, tenders: &[Tender]) -> Result<Balanced, TenderError> {
    if total.is_negative() {
        return Err(TenderError::NegativeTotal);
    }
    if tenders.iter().filter(|tender| tender.amount.is_none()).count() > 1 {
        return Err(TenderError::TwoOpenAmounts);
    }
    let mut ids: Vec<TenderId> = tenders.iter().map(|tender| tender.id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != tenders.len() {
        return Err(TenderError::DuplicateId);
    }
    let said = Money::sum(tenders.iter().filter_map(|tender| tender.amount))?;
    let rest = total.checked_sub(said)?;
    let mut settled = Vec::with_capacity(tenders.len());
    for tender in tenders {
        let amount = tender.amount.unwrap_or(rest);
        if total.is_zero() && amount.is_zero() {
            continue;
        }
        if !amount.is_positive() {
            return Err(TenderError::NotPositive);
        }
        let received = tender.received.unwrap_or(amount);
        match tender.method {
            TenderMethod::Cash if received < amount => return Err(TenderError::ReceivedTooLittle),
            TenderMethod::Cash => {}
        }
        let change = received.checked_sub(amount)?;
        settled.push(SettledTender {
            id: tender.id,
            method: tender.method,
            amount,
            received,
            change,
        });
    }
    if Money::sum(settled.iter().map(|tender| tender.amount))? != total {
        return Err(TenderError::DoesNotSum);
    }
    Ok(Balanced {
        total,
        tenders: settled,
    })
}

/// What a guest is likely to hand over: the exact sum first, then the next sums that a few notes make.
///
/// At most five, rising, none twice; empty when there is nothing to pay. A sum is likely when no note in it is
/// superfluous, when few notes make it, and when it is not wildly more than the bill.
pub fn cash_suggestions(total: Money, currency: &Currency) -> Vec<Money> {
    const MOST: usize = 5;
    const WILDLY: i128 = 12;
    if !total.is_positive() {
        return Vec::new();
    }
    let (due, notes) = (i128::from(total.minor()), currency.banknotes());
    let mut likely: Vec<(i128, i128)> = notes
        .iter()
        .map(|note| {
            let note = i128::from(*note);
            (due + note - 1) / note * note
        })
        .filter(|sum| *sum > due && *sum <= due * WILDLY)
        .filter_map(|sum| {
            let (count, smallest) = in_notes(sum, notes)?;
            (sum - smallest < due).then_some((count, sum))
        })
        .collect();
    likely.sort_unstable();
    likely.dedup();
    let mut sums: Vec<Money> = likely
        .into_iter()
        .take(MOST - 1)
        .filter_map(|(_, sum)| i64::try_from(sum).ok())
        .map(Money::from_minor)
        .chain([total])
        .collect();
    sums.sort_unstable();
    sums
}

/// How many notes make the sum when the largest go first, and the smallest of them.
fn in_notes(sum: i128, notes: &[i64]) -> Option<(i128, i128)> {
    let (mut left, mut count, mut smallest) = (sum, 0, 0);
    for note in notes.iter().rev().map(|note| i128::from(*note)) {
        if left >= note {
            count += left / note;
            left %= note;
            smallest = note;
        }
    }
    (left == 0).then_some((count, smallest))
}
