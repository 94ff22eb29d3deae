//! Tenders: how an order is paid, and what a guest is likely to hand over.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::foreign::{Exchange, ForeignError};
use crate::ids::TenderId;
use crate::money::{Currency, Money, MoneyError};
use crate::payment::PaymentState;
use crate::pricing::MAX_TOTAL_MINOR;
use crate::tax::Increment;

/// The most legs that one payment has.
pub const MAX_LEGS: usize = 20;

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
    #[error("only cash gives change")]
    ChangeOnlyForCash,
    #[error("a tip cannot be less than nothing")]
    NegativeTip,
    #[error("at most {MAX_LEGS} legs")]
    TooManyLegs,
    #[error("nobody hands over that much")]
    TooMuch,
    #[error("there is no such way to pay")]
    UnknownMethod,
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Foreign(#[from] ForeignError),
}

/// A way to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TenderMethod {
    Cash,
    /// A terminal that stands by itself; its slip's reference is noted.
    Card,
    Upi,
    Wallet,
    Bank,
    /// The customer owes it.
    Account,
    StoreCredit,
    GiftCard,
    /// Goods that came back in the same transaction. Nobody picks it: an exchange takes it and gives it at once.
    Exchange,
}

impl TenderMethod {
    pub const ALL: &[TenderMethod] = &[
        TenderMethod::Cash,
        TenderMethod::Card,
        TenderMethod::Upi,
        TenderMethod::Wallet,
        TenderMethod::Bank,
        TenderMethod::Account,
        TenderMethod::StoreCredit,
        TenderMethod::GiftCard,
        TenderMethod::Exchange,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            TenderMethod::Cash => "cash",
            TenderMethod::Card => "card",
            TenderMethod::Upi => "upi",
            TenderMethod::Wallet => "wallet",
            TenderMethod::Bank => "bank",
            TenderMethod::Account => "account",
            TenderMethod::StoreCredit => "store_credit",
            TenderMethod::GiftCard => "gift_card",
            TenderMethod::Exchange => "exchange",
        }
    }

    /// Whether people pay with it; a shop chooses among these.
    pub const fn is_picked(self) -> bool {
        !matches!(self, TenderMethod::Exchange)
    }

    /// A card of ours stands behind it, whose balance it takes from.
    pub const fn is_card_of_ours(self) -> bool {
        matches!(self, TenderMethod::StoreCredit | TenderMethod::GiftCard)
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

/// The number of a leg's state in facts. Never used again for something else.
pub const fn state_number(state: PaymentState) -> u8 {
    match state {
        PaymentState::Pending => 0,
        PaymentState::Authorised => 1,
        PaymentState::Captured => 2,
        PaymentState::Failed => 3,
        PaymentState::Voided => 4,
        PaymentState::Refunded => 5,
        PaymentState::Unknown => 6,
    }
}

pub fn state_of(number: u8) -> Option<PaymentState> {
    PaymentState::ALL
        .iter()
        .copied()
        .find(|state| state_number(*state) == number)
}

/// Notes and coins, in whose currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Exactly what is due.
    Exactly,
    Own(Money),
    /// So much of another currency, at the rate of the moment.
    Foreign(Exchange, i64),
}

/// A payment as the cashier gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tender {
    pub id: TenderId,
    pub method: TenderMethod,
    /// What it pays; one tender may leave it open and pays the rest.
    pub amount: Option<Money>,
    pub received: Received,
    /// On top of the amount.
    pub tip: Money,
}

/// Foreign cash as it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenForeign {
    pub currency: [u8; 3],
    pub minor: i64,
    pub ratio: i64,
}

/// A payment with every number known: `received = amount + cash_rounding + tip + change`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledTender {
    pub id: TenderId,
    pub method: TenderMethod,
    pub amount: Money,
    /// What rounding to the smallest coin added, or took off.
    pub cash_rounding: Money,
    pub tip: Money,
    /// In the shop's currency.
    pub received: Money,
    pub change: Money,
    pub foreign: Option<TakenForeign>,
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

/// Settles the tenders against the total, which they must meet exactly. Only what is paid in cash is rounded to the
/// smallest coin, and all of it at once: many small legs round no other than one.
///
/// A total of nothing needs no tender; one that was sent along with its amount open (or zero) is left out, since
/// nothing is paid with it.
pub fn balance(total: Money, tenders: &[Tender], cash: Option<&Increment>) -> Result<Balanced, TenderError> {
    if total.is_negative() {
        return Err(TenderError::NegativeTotal);
    }
    if tenders.len() > MAX_LEGS {
        return Err(TenderError::TooManyLegs);
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
    let mut amounts = Vec::with_capacity(tenders.len());
    for tender in tenders {
        let amount = tender.amount.unwrap_or(rest);
        if total.is_zero() && amount.is_zero() {
            continue;
        }
        if !amount.is_positive() {
            return Err(TenderError::NotPositive);
        }
        amounts.push((tender, amount));
    }
    if Money::sum(amounts.iter().map(|(_, amount)| *amount))? != total {
        return Err(TenderError::DoesNotSum);
    }
    let in_cash = |(tender, _): &&(&Tender, Money)| tender.method == TenderMethod::Cash;
    let all_cash = Money::sum(amounts.iter().filter(in_cash).map(|(_, amount)| *amount))?;
    let rounding = match cash {
        Some(step) => step.apply(all_cash)?.checked_sub(all_cash)?,
        None => Money::ZERO,
    };
    // The largest of the cash legs bears it.
    let bears = amounts
        .iter()
        .filter(in_cash)
        .max_by_key(|(_, amount)| *amount)
        .map(|(tender, _)| tender.id);
    let settled = amounts
        .iter()
        .map(|(tender, amount)| {
            let coins = match bears == Some(tender.id) {
                true => rounding,
                false => Money::ZERO,
            };
            settle(tender, *amount, coins)
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Balanced {
        total,
        tenders: settled,
    })
}

fn settle(tender: &Tender, amount: Money, cash_rounding: Money) -> Result<SettledTender, TenderError> {
    if tender.tip.is_negative() {
        return Err(TenderError::NegativeTip);
    }
    let is_cash = tender.method == TenderMethod::Cash;
    let due = Money::sum([amount, cash_rounding, tender.tip])?;
    let (received, foreign) = match tender.received {
        Received::Exactly => (due, None),
        Received::Own(received) => (received, None),
        Received::Foreign(exchange, minor) => {
            let taken = TakenForeign {
                currency: exchange.foreign.code,
                minor,
                ratio: exchange.ratio(),
            };
            (exchange.worth(minor)?, Some(taken))
        }
    };
    if received.max(tender.tip).minor() > MAX_TOTAL_MINOR {
        return Err(TenderError::TooMuch);
    }
    if received < due {
        return Err(TenderError::ReceivedTooLittle);
    }
    if !is_cash && (received != due || foreign.is_some()) {
        return Err(TenderError::ChangeOnlyForCash);
    }
    Ok(SettledTender {
        id: tender.id,
        method: tender.method,
        amount,
        cash_rounding,
        tip: tender.tip,
        received,
        change: received.checked_sub(due)?,
        foreign,
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(minor: i64) -> Money {
        Money::from_minor(minor)
    }

    fn cash(id: u8, amount: Option<i64>, received: Option<i64>) -> Tender {
        Tender {
            id: TenderId::from_bytes([id; 16]),
            method: TenderMethod::Cash,
            amount: amount.map(money),
            received: received.map_or(Received::Exactly, |minor| Received::Own(money(minor))),
            tip: Money::ZERO,
        }
    }

    fn suggested(total: i64, code: &str) -> Vec<i64> {
        let currency = Currency::from_code(code).expect("known");
        cash_suggestions(money(total), &currency)
            .into_iter()
            .map(Money::minor)
            .collect()
    }

    #[test]
    fn one_tender_may_pay_the_rest() {
        let balanced = balance(
            money(874_00),
            &[cash(1, Some(500_00), None), cash(2, None, Some(400_00))],
            None,
        );
        let balanced = balanced.expect("balances");
        assert_eq!(balanced.total(), money(874_00));
        let numbers: Vec<_> = balanced
            .tenders
            .iter()
            .map(|t| (t.amount.minor(), t.received.minor(), t.change.minor()))
            .collect();
        assert_eq!(numbers, [(500_00, 500_00, 0), (374_00, 400_00, 26_00)]);
    }

    #[test]
    fn what_does_not_pay_the_order_is_refused() {
        let one = |amount, received| balance(money(100), &[cash(1, amount, received)], None).map(|_| ());
        assert_eq!(one(None, Some(99)), Err(TenderError::ReceivedTooLittle));
        assert_eq!(one(Some(99), None), Err(TenderError::DoesNotSum));
        assert_eq!(one(Some(101), None), Err(TenderError::DoesNotSum));
        assert_eq!(one(Some(0), None), Err(TenderError::NotPositive));
        assert_eq!(one(Some(-100), None), Err(TenderError::NotPositive));
        assert_eq!(one(None, Some(-100)), Err(TenderError::ReceivedTooLittle));
        assert_eq!(balance(money(100), &[], None), Err(TenderError::DoesNotSum));
        assert_eq!(balance(money(-1), &[], None), Err(TenderError::NegativeTotal));
        let open = [cash(1, None, None), cash(2, None, None)];
        assert_eq!(balance(money(100), &open, None), Err(TenderError::TwoOpenAmounts));
        let same = [cash(1, Some(50), None), cash(1, Some(50), None)];
        assert_eq!(balance(money(100), &same, None), Err(TenderError::DuplicateId));
        let nothing_left = [cash(1, Some(100), None), cash(2, None, None)];
        assert_eq!(
            balance(money(100), &nothing_left, None),
            Err(TenderError::NotPositive)
        );
        let trick = [cash(1, Some(150), None), cash(2, Some(-50), None)];
        assert_eq!(
            balance(money(100), &trick, None),
            Err(TenderError::NotPositive),
            "no tender gives money out"
        );
        let huge = [cash(1, Some(i64::MAX), None), cash(2, Some(i64::MAX), None)];
        assert_eq!(
            balance(money(100), &huge, None),
            Err(TenderError::Money(MoneyError::Overflow))
        );
        assert_eq!(
            balance(money(0), &[cash(1, Some(5), None)], None),
            Err(TenderError::DoesNotSum)
        );
    }

    #[test]
    fn an_order_that_costs_nothing_needs_no_tender() {
        for tenders in [&[][..], &[cash(1, None, None)], &[cash(1, Some(0), Some(0))]] {
            assert_eq!(balance(Money::ZERO, tenders, None).expect("balances").tenders, []);
        }
    }

    fn other(id: u8, method: TenderMethod, amount: Option<i64>) -> Tender {
        Tender {
            method,
            ..cash(id, amount, None)
        }
    }

    #[test]
    fn only_cash_is_rounded_and_only_cash_gives_change() {
        let coins = Increment {
            step: money(5),
            rounding: crate::money::Rounding::HalfUp,
        };
        let tenders = [
            other(1, TenderMethod::Card, Some(10_01)),
            cash(2, None, Some(20_00)),
        ];
        let balanced = balance(money(23_47), &tenders, Some(&coins)).expect("balances");
        let [card, notes] = [balanced.tenders[0], balanced.tenders[1]];
        assert_eq!((card.amount, card.cash_rounding), (money(10_01), money(0)));
        assert_eq!(
            (notes.amount, notes.cash_rounding, notes.change),
            (money(13_46), money(-1), money(6_55))
        );
        let too_much = Tender {
            received: Received::Own(money(30_00)),
            ..other(1, TenderMethod::Upi, None)
        };
        assert_eq!(
            balance(money(23_47), &[too_much], Some(&coins)),
            Err(TenderError::ChangeOnlyForCash)
        );
    }

    #[test]
    fn many_small_legs_round_like_one() {
        let coins = Increment {
            step: money(5),
            rounding: crate::money::Rounding::HalfUp,
        };
        let legs: Vec<Tender> = (0..20).map(|id| cash(id, Some(2), None)).collect();
        let balanced = balance(money(40), &legs, Some(&coins)).expect("balances");
        let received = Money::sum(balanced.tenders.iter().map(|leg| leg.received));
        assert_eq!(received, Ok(money(40)), "0.02 twenty times is 0.40, not nothing");
        let more: Vec<Tender> = (0..21).map(|id| cash(id, Some(2), None)).collect();
        assert_eq!(
            balance(money(42), &more, Some(&coins)),
            Err(TenderError::TooManyLegs)
        );
        let absurd = [cash(1, None, Some(i64::MAX))];
        assert_eq!(balance(money(42), &absurd, None), Err(TenderError::TooMuch));
    }

    #[test]
    fn a_tip_comes_on_top_of_what_is_due() {
        let tipped = Tender {
            tip: money(2_00),
            ..cash(1, None, Some(15_00))
        };
        let settled = balance(money(10_00), &[tipped], None).expect("balances").tenders[0];
        assert_eq!(
            (settled.amount, settled.tip, settled.change),
            (money(10_00), money(2_00), money(3_00))
        );
        let too_little = Tender {
            received: Received::Own(money(11_00)),
            ..tipped
        };
        assert_eq!(
            balance(money(10_00), &[too_little], None),
            Err(TenderError::ReceivedTooLittle)
        );
    }

    #[test]
    fn foreign_notes_give_change_in_the_shops_money() {
        let [rupee, dollar] = ["INR", "USD"].map(|code| Currency::from_code(code).expect("known"));
        let rate = crate::foreign::Rate::from_decimal("83.25".parse().expect("a rate")).expect("a rate");
        let exchange = Exchange::new(dollar, rupee, rate).expect("an exchange");
        let tender = Tender {
            received: Received::Foreign(exchange, 20_00),
            ..cash(1, None, None)
        };
        let settled = balance(money(874_00), &[tender], None).expect("balances").tenders[0];
        assert_eq!(
            (settled.received, settled.change),
            (money(1665_00), money(791_00))
        );
        assert_eq!(
            settled.foreign.map(|f| (f.currency, f.minor)),
            Some((*b"USD", 20_00))
        );
    }

    #[test]
    fn states_keep_their_numbers() {
        for state in PaymentState::ALL {
            assert_eq!(state_of(state_number(*state)), Some(*state));
        }
        assert_eq!(state_of(7), None);
    }

    #[test]
    fn suggests_what_people_hand_over() {
        assert_eq!(
            suggested(874_00, "INR"),
            [874_00, 880_00, 900_00, 1000_00, 2000_00]
        );
        assert_eq!(suggested(45_00, "INR"), [45_00, 50_00, 100_00, 200_00, 500_00]);
        assert_eq!(suggested(123_00, "INR"), [123_00, 130_00, 150_00, 200_00, 500_00]);
        assert_eq!(
            suggested(500_00, "INR"),
            [500_00, 2000_00],
            "a note more than needed is not handed over"
        );
        assert_eq!(suggested(8_74, "EUR"), [8_74, 10_00, 20_00, 50_00, 100_00]);
        assert_eq!(suggested(874, "JPY"), [874, 1000, 5000, 10000]);
        assert_eq!(suggested(1_750, "KWD"), [1_750, 2_000, 5_000, 10_000, 20_000]);
        assert_eq!(suggested(0, "INR"), []);
        assert_eq!(suggested(-5, "INR"), []);
        assert_eq!(
            suggested(i64::MAX, "INR"),
            [i64::MAX],
            "what cannot be counted is not suggested"
        );
        let unknown = Currency {
            code: *b"XXX",
            minor_digits: 2,
        };
        assert_eq!(cash_suggestions(money(5), &unknown), [money(5)]);
    }

    proptest! {
        #[test]
        fn balanced_tenders_pay_the_total(
            parts in prop::collection::vec(1i64..1_000_000, 1..8),
            open in prop::option::of(0usize..8),
            more in 0i64..1000,
        ) {
            let total = money(parts.iter().sum());
            let tenders: Vec<Tender> = parts
                .iter()
                .enumerate()
                .map(|(i, part)| cash(i as u8, (Some(i) != open).then_some(*part), Some(part + more)))
                .collect();
            let balanced = balance(total, &tenders, None).expect("balances");
            prop_assert_eq!(Money::sum(balanced.tenders.iter().map(|tender| tender.amount)), Ok(total));
            for tender in &balanced.tenders {
                prop_assert_eq!(tender.amount.checked_add(tender.change), Ok(tender.received));
                prop_assert_eq!(tender.change, money(more));
            }
        }

        #[test]
        fn any_tenders_are_paid_or_refused(
            total: i64,
            said in prop::collection::vec((prop::option::of(any::<i64>()), prop::option::of(any::<i64>())), 0..4),
        ) {
            let tenders: Vec<Tender> =
                said.iter().enumerate().map(|(i, (amount, received))| cash(i as u8, *amount, *received)).collect();
            if let Ok(balanced) = balance(money(total), &tenders, None) {
                prop_assert_eq!(Money::sum(balanced.tenders.iter().map(|tender| tender.amount)), Ok(money(total)));
                prop_assert!(balanced.tenders.iter().all(|tender| !tender.change.is_negative()));
            }
        }

        #[test]
        fn suggestions_are_few_rising_and_enough(total in 1i64..i64::MAX, code in "INR|EUR|JPY|KWD|UZS|CHF|USD") {
            let sums = suggested(total, &code);
            prop_assert_eq!(sums[0], total, "the exact sum comes first");
            prop_assert!(sums.len() <= 5 && sums.is_sorted_by(|a, b| a < b));
        }

        #[test]
        fn suggestions_for_everyday_bills(total in 1i64..500_000) {
            let sums = suggested(total, "INR");
            prop_assert!(sums.len() <= 5 && sums[0] == total && sums.is_sorted_by(|a, b| a < b));
            prop_assert!(sums[1..].iter().all(|sum| sum % 10_00 == 0));
        }
    }
}
