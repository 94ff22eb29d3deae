//! Payments through a gateway: what is known about one, in whatever order it became known.
//!
//! A gateway may answer late, twice or never, and a person may look at the machine meanwhile. So a payment is not a
//! cursor that moves: it is a set of [`Step`]s, and [`Payment::of`] reads off what they come to. Reading needs no
//! order and no step is ever taken back, so every node that has the same facts says the same. Once money is known to
//! have moved, nothing makes it unknown again.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use uuid::Uuid;

use crate::money::{Money, MoneyError};

/// Why a step may not be taken now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PaymentError {
    #[error("there is no such state of a payment")]
    UnknownState,
    #[error("it is known already whether this was charged")]
    Settled,
    #[error("this payment is part of a sale")]
    Sold,
    #[error("nobody was charged")]
    NotCharged,
    #[error("this is more than can still be paid back")]
    RefundTooMuch,
    #[error("a payment must be more than nothing")]
    NotPositive,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaymentState {
    /// The gateway was asked and works on it.
    Pending,
    /// The money is set aside and not taken yet.
    Authorised,
    Captured,
    /// Certainly not charged.
    Failed,
    /// Called off before anything was charged.
    Voided,
    /// All that was charged went back.
    Refunded,
    /// No answer: it may or may not have charged.
    Unknown,
}

impl PaymentState {
    pub const ALL: &[PaymentState] = &[
        PaymentState::Pending,
        PaymentState::Authorised,
        PaymentState::Captured,
        PaymentState::Failed,
        PaymentState::Voided,
        PaymentState::Refunded,
        PaymentState::Unknown,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            PaymentState::Pending => "pending",
            PaymentState::Authorised => "authorised",
            PaymentState::Captured => "captured",
            PaymentState::Failed => "failed",
            PaymentState::Voided => "voided",
            PaymentState::Refunded => "refunded",
            PaymentState::Unknown => "unknown",
        }
    }

    /// Whether it can still turn out either way.
    pub const fn open(self) -> bool {
        matches!(
            self,
            PaymentState::Pending | PaymentState::Authorised | PaymentState::Unknown
        )
    }
}

impl fmt::Display for PaymentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PaymentState {
    type Err = PaymentError;

    fn from_str(text: &str) -> Result<PaymentState, PaymentError> {
        PaymentState::ALL
            .iter()
            .copied()
            .find(|state| state.as_str() == text)
            .ok_or(PaymentError::UnknownState)
    }
}

/// One thing that became known about a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It was written down, before the gateway was asked.
    Started,
    /// The gateway did not answer, or not in time.
    NoAnswer,
    Authorised,
    /// The gateway charged this much, under its own id of the transaction.
    Captured {
        reference: String,
        amount: Money,
    },
    Failed,
    Voided,
    /// A person looked at the machine: it charged.
    SaidCharged,
    /// A person looked at the machine: it did not.
    SaidNotCharged,
    /// The sale went on without it.
    LetGo,
    RefundAsked {
        refund: Uuid,
        amount: Money,
    },
    RefundDone {
        refund: Uuid,
    },
    RefundFailed {
        refund: Uuid,
    },
}

/// Why somebody must look at a payment, the most pressing reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attention {
    /// The gateway charged more than once.
    Twice,
    /// A person said it charged, the gateway says it did not.
    Contradicted,
    /// It charged after the sale had gone on without it.
    Late,
    /// Nobody knows whether it charged.
    Unknown,
    /// Money is to go back, and the gateway would not.
    RefundFailed,
    /// It charged another amount than was asked.
    AmountDiffers,
    /// It charged, and the sale is not recorded yet.
    Unused,
}

impl Attention {
    pub const ALL: &[Attention] = &[
        Attention::Twice,
        Attention::Contradicted,
        Attention::Late,
        Attention::Unknown,
        Attention::RefundFailed,
        Attention::AmountDiffers,
        Attention::Unused,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Attention::Twice => "twice",
            Attention::Contradicted => "contradicted",
            Attention::Late => "late",
            Attention::Unknown => "unknown",
            Attention::RefundFailed => "refund_failed",
            Attention::AmountDiffers => "amount_differs",
            Attention::Unused => "unused",
        }
    }
}

/// What happened to one refund.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Refund {
    amount: Money,
    done: bool,
    failed: bool,
}

impl Refund {
    /// Asked, and neither done nor refused.
    fn under_way(self) -> bool {
        !self.done && !self.failed
    }
}

/// What is known about a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub asked: Money,
    pub state: PaymentState,
    /// All that was charged, as the gateway says, or else a person.
    pub captured: Money,
    pub refunded: Money,
    /// Asked back, and not answered.
    pub refunding: Money,
    /// How many transactions the gateway has for it.
    pub transactions: usize,
    pub let_go: bool,
    by_hand: Option<bool>,
    denied: bool,
    refund_failed: bool,
}

impl Payment {
    /// What the steps come to. Their order and their repetition do not matter.
    pub fn of<'a>(asked: Money, steps: impl IntoIterator<Item = &'a Step>) -> Result<Payment, PaymentError> {
        let mut transactions: BTreeMap<&str, Money> = BTreeMap::new();
        let mut refunds: BTreeMap<Uuid, Refund> = BTreeMap::new();
        let (mut silent, mut authorised, mut failed, mut voided) = (false, false, false, false);
        let (mut said_charged, mut said_not, mut let_go) = (false, false, false);
        for step in steps {
            match step {
                Step::Started => {}
                Step::NoAnswer => silent = true,
                Step::Authorised => authorised = true,
                Step::Captured { reference, amount } => {
                    // Of two amounts for one transaction the larger one is believed: it is what may be missing.
                    let known = transactions.entry(reference).or_insert(*amount);
                    *known = (*known).max(*amount);
                }
                Step::Failed => failed = true,
                Step::Voided => voided = true,
                Step::SaidCharged => said_charged = true,
                Step::SaidNotCharged => said_not = true,
                Step::LetGo => let_go = true,
                Step::RefundAsked { refund, amount } => {
                    let known = refunds.entry(*refund).or_default();
                    known.amount = known.amount.max(*amount);
                }
                Step::RefundDone { refund } => refunds.entry(*refund).or_default().done = true,
                Step::RefundFailed { refund } => refunds.entry(*refund).or_default().failed = true,
            }
        }
        let charged = Money::sum(transactions.values().copied())?;
        let by_hand = match (said_charged, said_not) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        };
        let captured = match (transactions.is_empty(), by_hand) {
            (true, Some(true)) => asked,
            _ => charged,
        };
        let of = |wanted: fn(&Refund) -> bool| {
            Money::sum(refunds.values().filter(|r| wanted(r)).map(|r| r.amount))
        };
        let refunded = of(|r| r.done)?;
        let refunding = of(|r| r.under_way())?;
        let state = if captured.is_positive() {
            if refunded >= captured {
                PaymentState::Refunded
            } else {
                PaymentState::Captured
            }
        } else if voided {
            PaymentState::Voided
        } else if failed || said_not {
            PaymentState::Failed
        } else if silent {
            // A payment that was set aside and then fell silent may have been taken.
            PaymentState::Unknown
        } else if authorised {
            PaymentState::Authorised
        } else {
            PaymentState::Pending
        };
        Ok(Payment {
            asked,
            state,
            captured,
            refunded,
            refunding,
            transactions: transactions.len(),
            // Whoever says that it did not charge sends the sale on without it.
            let_go: let_go || by_hand == Some(false),
            by_hand,
            denied: failed || voided,
            refund_failed: refunds.values().any(|r| r.failed && !r.done),
        })
    }

    /// What the gateway has of the customer's and nothing sends back.
    pub fn kept(&self) -> Money {
        let gone = self.refunded.minor().saturating_add(self.refunding.minor());
        Money::from_minor(self.captured.minor().saturating_sub(gone).max(0))
    }

    /// Whether the cart must wait for it: it may still be charged for, or is and is not recorded.
    pub fn holds(&self, sold: bool) -> bool {
        !sold && !self.let_go && (self.state.open() || self.state == PaymentState::Captured)
    }

    /// Whether a sale may be recorded with it. What was charged in part pays nothing: the guest would leave with the
    /// goods and the rest of the money.
    pub fn pays(&self) -> bool {
        self.state == PaymentState::Captured && !self.let_go && self.kept() >= self.asked
    }

    /// What no sale stands on, so that it may go back by hand: all of it, or more than the sales still `claim`.
    pub fn spare(&self, claimed: Option<Money>) -> Money {
        let claimed = claimed.map_or(0, Money::minor);
        Money::from_minor(self.kept().minor().saturating_sub(claimed).max(0))
    }

    /// Whether the answer of the gateway is still worth asking for: it may say otherwise than a person did.
    pub fn worth_asking(&self) -> bool {
        self.transactions == 0 && !self.denied
    }

    /// Why somebody must look, if somebody must. `claimed` is what the sales that stand on it still have of it; none
    /// when there never was one.
    pub fn attention(&self, claimed: Option<Money>) -> Option<Attention> {
        let kept = self.kept();
        if self.transactions > 1 && kept > claimed.unwrap_or(self.asked) {
            return Some(Attention::Twice);
        }
        if self.by_hand == Some(true) && self.transactions == 0 && self.denied && kept.is_positive() {
            return Some(Attention::Contradicted);
        }
        if kept.is_positive() && self.let_go && claimed.is_none() {
            return Some(Attention::Late);
        }
        if self.state == PaymentState::Unknown {
            return Some(Attention::Unknown);
        }
        if self.refund_failed && kept.is_positive() {
            return Some(Attention::RefundFailed);
        }
        let Some(claimed) = claimed else {
            return kept
                .is_positive()
                .then_some(match kept < self.asked && self.untouched() {
                    true => Attention::AmountDiffers,
                    false => Attention::Unused,
                });
        };
        let differs = kept > claimed || (self.untouched() && self.captured != self.asked);
        (kept.is_positive() && differs).then_some(Attention::AmountDiffers)
    }

    /// Whatever goes back settles a difference, on its way or there.
    fn untouched(&self) -> bool {
        self.refunded.is_zero() && self.refunding.is_zero()
    }

    /// A person says what the machine shows. Only while nobody knows.
    pub fn may_be_said(&self) -> Result<(), PaymentError> {
        match self.state.open() {
            true => Ok(()),
            false => Err(PaymentError::Settled),
        }
    }

    /// The sale goes on without it. Only with certainty that nothing was charged, or with the charge to be paid back.
    pub fn may_let_go(&self, sold: bool) -> Result<(), PaymentError> {
        match (sold, self.state.open()) {
            (true, _) => Err(PaymentError::Sold),
            (false, true) => Err(PaymentError::Settled),
            (false, false) => Ok(()),
        }
    }

    /// So much may still go back.
    pub fn may_refund(&self, amount: Money) -> Result<(), PaymentError> {
        if !amount.is_positive() {
            return Err(PaymentError::NotPositive);
        }
        if !self.captured.is_positive() {
            return Err(PaymentError::NotCharged);
        }
        match amount > self.kept() {
            true => Err(PaymentError::RefundTooMuch),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ASKED: Money = Money::from_minor(874_00);

    fn of(steps: &[Step]) -> Payment {
        Payment::of(ASKED, steps).expect("amounts in range")
    }

    fn captured(reference: &str, minor: i64) -> Step {
        Step::Captured {
            reference: reference.to_owned(),
            amount: Money::from_minor(minor),
        }
    }

    fn asked_back(n: u128, minor: i64) -> Step {
        Step::RefundAsked {
            refund: Uuid::from_u128(n),
            amount: Money::from_minor(minor),
        }
    }

    fn done(n: u128) -> Step {
        Step::RefundDone {
            refund: Uuid::from_u128(n),
        }
    }

    #[test]
    fn the_plain_ways_end_where_they_should() {
        use PaymentState::*;
        for (steps, state) in [
            (vec![Step::Started], Pending),
            (vec![Step::Started, Step::Authorised], Authorised),
            (vec![Step::Started, captured("t1", 874_00)], Captured),
            (vec![Step::Started, Step::Failed], Failed),
            (vec![Step::Started, Step::Voided], Voided),
            (vec![Step::Started, Step::NoAnswer], Unknown),
            (vec![Step::Started, Step::Authorised, Step::NoAnswer], Unknown),
            (vec![Step::NoAnswer, captured("t1", 874_00)], Captured),
            (vec![Step::NoAnswer, Step::SaidCharged], Captured),
            (vec![Step::NoAnswer, Step::SaidNotCharged], Failed),
            (
                vec![captured("t1", 874_00), asked_back(1, 874_00), done(1)],
                Refunded,
            ),
            (
                vec![captured("t1", 874_00), asked_back(1, 100_00), done(1)],
                Captured,
            ),
        ] {
            assert_eq!(of(&steps).state, state, "{steps:?}");
        }
    }

    #[test]
    fn an_answer_that_comes_twice_charges_once() {
        let twice = of(&[captured("t1", 874_00), captured("t1", 874_00)]);
        assert_eq!((twice.captured, twice.transactions), (ASKED, 1));
        assert_eq!(twice.attention(Some(ASKED)), None);
    }

    #[test]
    fn two_transactions_are_two_charges_until_one_goes_back() {
        let mut steps = vec![captured("t1", 874_00), captured("t2", 874_00)];
        assert_eq!(of(&steps).attention(Some(ASKED)), Some(Attention::Twice));
        steps.extend([asked_back(1, 874_00), done(1)]);
        assert_eq!(of(&steps).attention(Some(ASKED)), None);
        assert_eq!(of(&steps).kept(), ASKED);
    }

    #[test]
    fn the_second_charge_is_seen_after_the_sale_went_back() {
        let mut steps = vec![captured("t1", 874_00), captured("t2", 874_00)];
        assert_eq!(
            of(&steps).spare(Some(ASKED)),
            ASKED,
            "one of the two is the sale's"
        );
        // The sale is cancelled: what it claimed goes back by itself.
        steps.extend([asked_back(1, 874_00), done(1)]);
        let after = of(&steps);
        assert_eq!(after.attention(Some(Money::ZERO)), Some(Attention::Twice));
        assert_eq!(after.spare(Some(Money::ZERO)), ASKED);
        steps.extend([asked_back(2, 874_00), done(2)]);
        assert_eq!(of(&steps).attention(Some(Money::ZERO)), None);
        let more = [captured("t1", 900_00), asked_back(1, 874_00), done(1)];
        assert_eq!(
            of(&more).attention(Some(Money::ZERO)),
            Some(Attention::AmountDiffers)
        );
        assert_eq!(of(&more).spare(Some(Money::ZERO)), Money::from_minor(26_00));
    }

    #[test]
    fn a_part_of_the_price_pays_no_sale() {
        let part = of(&[Step::Started, captured("t1", 800_00)]);
        assert_eq!((part.state, part.pays()), (PaymentState::Captured, false));
        assert!(part.holds(false), "the cart waits until the part went back");
        assert_eq!(part.attention(None), Some(Attention::AmountDiffers));
        assert!(
            of(&[captured("t1", 800_00), captured("t2", 74_00)]).pays(),
            "the rest came after all"
        );
        assert!(of(&[Step::NoAnswer, Step::SaidCharged]).pays());
    }

    #[test]
    fn a_late_charge_is_seen_and_can_go_back() {
        let mut steps = vec![Step::NoAnswer, Step::SaidNotCharged];
        assert_eq!(of(&steps).attention(None), None, "nothing was charged");
        assert!(!of(&steps).holds(false), "the cart goes on");
        assert!(of(&steps).worth_asking(), "the gateway may know better");
        steps.push(captured("t1", 874_00));
        let late = of(&steps);
        assert_eq!(late.attention(None), Some(Attention::Late));
        assert!(!late.pays(), "no sale is recorded with what was sent away");
        assert_eq!(late.may_refund(ASKED), Ok(()));
        steps.extend([asked_back(1, 874_00), done(1)]);
        assert_eq!(of(&steps).attention(None), None);
        assert_eq!(
            of(&steps).may_refund(Money::from_minor(1)),
            Err(PaymentError::RefundTooMuch)
        );
    }

    #[test]
    fn what_a_person_said_against_the_gateway_is_looked_at() {
        let steps = [Step::NoAnswer, Step::SaidCharged, Step::Failed];
        assert_eq!(of(&steps).state, PaymentState::Captured, "the sale stands");
        assert_eq!(of(&steps).attention(Some(ASKED)), Some(Attention::Contradicted));
    }

    #[test]
    fn a_cart_waits_exactly_as_long_as_money_may_move() {
        assert!(of(&[Step::Started]).holds(false));
        assert!(of(&[Step::NoAnswer]).holds(false));
        assert!(
            of(&[captured("t1", 874_00)]).holds(false),
            "charged and not recorded"
        );
        assert!(!of(&[captured("t1", 874_00)]).holds(true));
        assert!(!of(&[Step::Failed]).holds(false));
        assert!(!of(&[Step::Voided]).holds(false));
        assert_eq!(
            of(&[Step::Started]).may_let_go(false),
            Err(PaymentError::Settled),
            "nobody walks away from what may still charge"
        );
        assert_eq!(of(&[Step::Failed]).may_be_said(), Err(PaymentError::Settled));
    }

    #[test]
    fn states_have_one_word_each() {
        for state in PaymentState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
        assert_eq!("paid".parse::<PaymentState>(), Err(PaymentError::UnknownState));
    }

    fn step() -> impl Strategy<Value = Step> {
        let small = 1i64..2_000_00;
        prop_oneof![
            Just(Step::Started),
            Just(Step::NoAnswer),
            Just(Step::Authorised),
            Just(Step::Failed),
            Just(Step::Voided),
            Just(Step::SaidCharged),
            Just(Step::SaidNotCharged),
            Just(Step::LetGo),
            ("t[12]", small.clone()).prop_map(|(reference, minor)| captured(&reference, minor)),
            (0u128..3, small).prop_map(|(n, minor)| asked_back(n, minor)),
            (0u128..3).prop_map(done),
            (0u128..3).prop_map(|n| Step::RefundFailed {
                refund: Uuid::from_u128(n)
            }),
        ]
    }

    proptest! {
        #[test]
        fn any_order_and_any_repetition_says_the_same(
            (steps, shuffled) in prop::collection::vec(step(), 0..12)
                .prop_flat_map(|steps| (Just(steps.clone()), Just(steps).prop_shuffle())),
            again in 0usize..12,
        ) {
            let mut heard = shuffled.clone();
            heard.extend(shuffled.into_iter().take(again));
            prop_assert_eq!(of(&steps), of(&heard));
        }

        #[test]
        fn money_that_moved_is_never_forgotten(
            steps in prop::collection::vec(step(), 0..10),
            later in prop::collection::vec(step(), 0..10),
        ) {
            let before = of(&steps);
            let all: Vec<Step> = steps.into_iter().chain(later).collect();
            let after = of(&all);
            if before.transactions > 0 {
                prop_assert!(after.captured >= before.captured);
                prop_assert!(matches!(after.state, PaymentState::Captured | PaymentState::Refunded));
            }
            prop_assert!(after.refunded >= before.refunded);
            if !before.state.open() {
                prop_assert!(!after.state.open(), "what is known stays known");
            }
        }

        #[test]
        fn refunds_that_were_allowed_never_exceed_the_charge(amounts in prop::collection::vec(1i64..1_000_00, 1..12)) {
            let mut steps = vec![captured("t1", 874_00)];
            for (n, minor) in amounts.into_iter().enumerate() {
                if of(&steps).may_refund(Money::from_minor(minor)).is_ok() {
                    steps.push(asked_back(n as u128, minor));
                    if n % 3 != 0 {
                        steps.push(done(n as u128));
                    }
                }
            }
            let payment = of(&steps);
            prop_assert!(payment.refunded.minor() + payment.refunding.minor() <= 874_00);
        }

        #[test]
        fn a_charge_without_a_sale_is_never_silent(steps in prop::collection::vec(step(), 0..12)) {
            let payment = of(&steps);
            if payment.kept().is_positive() {
                prop_assert!(payment.attention(None).is_some());
            }
        }
    }
}
