//! An order: placed once from a priced and paid cart, and where each of its units is now.
//!
//! An order's state is never stored: it follows from its lines, so it cannot contradict them.

use thiserror::Error;

use crate::cart::CartLine;
use crate::pricing::{Priced, PricedLine};
use crate::quantity::MAX_MILLI;
use crate::tender::Balanced;

/// Why an order cannot be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PlaceError {
    #[error("there is nothing in the order")]
    Empty,
    #[error("the prices are those of another cart")]
    PricesOfAnotherCart,
    #[error("the tenders pay another total")]
    PaysAnotherTotal,
    #[error(transparent)]
    Units(#[from] UnitError),
}

/// Why units cannot move like that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UnitError {
    #[error("a number of units cannot be negative or beyond a million")]
    OutOfRange,
    #[error("more units are accounted for than were ordered")]
    MoreThanOrdered,
    #[error("only {there} thousandths are there")]
    NotEnough { there: i64 },
    #[error("units do not move from {from:?} to {to:?}")]
    NoSuchMove { from: UnitPlace, to: UnitPlace },
}

/// Where an ordered unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnitPlace {
    /// Ordered and paid, not yet handed over.
    Open,
    Given,
    /// Missing; the money goes back.
    Claimed,
    /// Missing; the guest gets it later.
    Kept,
    Refunded,
}

impl UnitPlace {
    pub const ALL: [UnitPlace; 5] = [
        UnitPlace::Open,
        UnitPlace::Given,
        UnitPlace::Claimed,
        UnitPlace::Kept,
        UnitPlace::Refunded,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            UnitPlace::Open => "open",
            UnitPlace::Given => "given",
            UnitPlace::Claimed => "claimed",
            UnitPlace::Kept => "kept",
            UnitPlace::Refunded => "refunded",
        }
    }

    /// The number that facts carry. Never used again for something else.
    pub const fn number(self) -> u8 {
        match self {
            UnitPlace::Open => 0,
            UnitPlace::Given => 1,
            UnitPlace::Claimed => 2,
            UnitPlace::Kept => 3,
            UnitPlace::Refunded => 4,
        }
    }

    pub fn from_number(number: u8) -> Option<UnitPlace> {
        UnitPlace::ALL.into_iter().find(|place| place.number() == number)
    }
}

/// Where the units of one line are, in thousandths.
///
/// Every unit ordered is in exactly one place: `ordered = open + given + claimed + kept + refunded`, and none of
/// them is ever negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnitAccount {
    ordered: i64,
    given: i64,
    claimed: i64,
    kept: i64,
    refunded: i64,
}

impl UnitAccount {
    /// A line just ordered: everything is open.
    pub fn new(ordered: i64) -> Result<UnitAccount, UnitError> {
        UnitAccount::from_parts(ordered, 0, 0, 0, 0)
    }

    /// From numbers that were kept. What is in no other place is open.
    pub fn from_parts(
        ordered: i64,
        given: i64,
        claimed: i64,
        kept: i64,
        refunded: i64,
    ) -> Result<UnitAccount, UnitError> {
        if [ordered, given, claimed, kept, refunded]
            .iter()
            .any(|milli| !(0..=MAX_MILLI).contains(milli))
        {
            return Err(UnitError::OutOfRange);
        }
        if given + claimed + kept + refunded > ordered {
            return Err(UnitError::MoreThanOrdered);
        }
        Ok(UnitAccount {
            ordered,
            given,
            claimed,
            kept,
            refunded,
        })
    }

    pub const fn ordered(&self) -> i64 {
        self.ordered
    }

    pub const fn given(&self) -> i64 {
        self.given
    }

    pub const fn claimed(&self) -> i64 {
        self.claimed
    }

    pub const fn kept(&self) -> i64 {
        self.kept
    }

    pub const fn refunded(&self) -> i64 {
        self.refunded
    }

    /// Ordered and in no other place.
    pub const fn open(&self) -> i64 {
        self.ordered - self.given - self.claimed - self.kept - self.refunded
    }

    /// Was not there when the guest came for it, for whichever outcome.
    pub const fn missing(&self) -> i64 {
        self.claimed + self.kept
    }

    pub const fn at(&self, place: UnitPlace) -> i64 {
        match place {
            UnitPlace::Open => self.open(),
            UnitPlace::Given => self.given,
            UnitPlace::Claimed => self.claimed,
            UnitPlace::Kept => self.kept,
            UnitPlace::Refunded => self.refunded,
        }
    }

    /// The account after so many thousandths went from one place to another.
    ///
    /// What is open goes anywhere; what was missing is given after all, refunded, or changes its promise; what was
    /// given can only be refunded; what was refunded stays so.
    pub fn moved(&self, from: UnitPlace, to: UnitPlace, milli: i64) -> Result<UnitAccount, UnitError> {
        use UnitPlace::{Claimed, Given, Kept, Open, Refunded};
        match (from, to) {
            (Open, Given | Claimed | Kept | Refunded) => {}
            (Claimed, Given | Kept | Refunded) | (Kept, Given | Claimed | Refunded) | (Given, Refunded) => {}
            (Open | Given | Claimed | Kept | Refunded, _) => return Err(UnitError::NoSuchMove { from, to }),
        }
        if !(0..=MAX_MILLI).contains(&milli) {
            return Err(UnitError::OutOfRange);
        }
        if milli > self.at(from) {
            return Err(UnitError::NotEnough { there: self.at(from) });
        }
        let mut after = *self;
        after.shift(from, -milli);
        after.shift(to, milli);
        Ok(after)
    }

    /// The account after a move of before was taken back; refused when the units are no longer where it left them.
    pub fn taken_back(&self, from: UnitPlace, to: UnitPlace, milli: i64) -> Result<UnitAccount, UnitError> {
        if from == to || to == UnitPlace::Open {
            return Err(UnitError::NoSuchMove { from, to });
        }
        if !(0..=MAX_MILLI).contains(&milli) {
            return Err(UnitError::OutOfRange);
        }
        if milli > self.at(to) {
            return Err(UnitError::NotEnough { there: self.at(to) });
        }
        let mut after = *self;
        after.shift(to, -milli);
        after.shift(from, milli);
        Ok(after)
    }

    fn shift(&mut self, place: UnitPlace, milli: i64) {
        match place {
            UnitPlace::Open => {}
            UnitPlace::Given => self.given += milli,
            UnitPlace::Claimed => self.claimed += milli,
            UnitPlace::Kept => self.kept += milli,
            UnitPlace::Refunded => self.refunded += milli,
        }
    }
}

/// How the goods reach the guest: taxes and prices may depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OrderType {
    #[default]
    Counter,
    EatIn,
    TakeAway,
    Delivery,
}

/// There is no such way to order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no such type of order")]
pub struct UnknownOrderType;

impl OrderType {
    pub const ALL: [OrderType; 4] = [
        OrderType::Counter,
        OrderType::EatIn,
        OrderType::TakeAway,
        OrderType::Delivery,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            OrderType::Counter => "counter",
            OrderType::EatIn => "eat_in",
            OrderType::TakeAway => "take_away",
            OrderType::Delivery => "delivery",
        }
    }
}

impl std::str::FromStr for OrderType {
    type Err = UnknownOrderType;

    fn from_str(text: &str) -> Result<OrderType, UnknownOrderType> {
        OrderType::ALL
            .into_iter()
            .find(|one| one.as_str() == text)
            .ok_or(UnknownOrderType)
    }
}

/// How far the work before the counter is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Progress {
    #[default]
    Placed,
    Preparing,
    Ready,
}

/// What an order is, seen as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderState {
    Placed,
    Preparing,
    Ready,
    /// Something was given or found missing, and the matter is not settled.
    Partial,
    /// Nothing is left to give or to pay back, and something was given.
    Complete,
    /// Every unit was refunded.
    Refunded,
    Cancelled,
}

impl OrderState {
    pub const ALL: [OrderState; 7] = [
        OrderState::Placed,
        OrderState::Preparing,
        OrderState::Ready,
        OrderState::Partial,
        OrderState::Complete,
        OrderState::Refunded,
        OrderState::Cancelled,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            OrderState::Placed => "placed",
            OrderState::Preparing => "preparing",
            OrderState::Ready => "ready",
            OrderState::Partial => "partial",
            OrderState::Complete => "complete",
            OrderState::Refunded => "refunded",
            OrderState::Cancelled => "cancelled",
        }
    }
}

/// The state that follows from an order's lines.
pub fn derive_state(cancelled: bool, progress: Progress, lines: &[UnitAccount]) -> OrderState {
    if cancelled {
        return OrderState::Cancelled;
    }
    let sum = |of: fn(&UnitAccount) -> i64| -> i128 { lines.iter().map(|line| i128::from(of(line))).sum() };
    let (ordered, open, given) = (
        sum(UnitAccount::ordered),
        sum(UnitAccount::open),
        sum(UnitAccount::given),
    );
    let (missing, refunded) = (sum(UnitAccount::missing), sum(UnitAccount::refunded));
    if ordered > 0 && refunded == ordered {
        return OrderState::Refunded;
    }
    if missing > 0 || (given > 0 && open > 0) {
        return OrderState::Partial;
    }
    if given > 0 {
        return OrderState::Complete;
    }
    match progress {
        Progress::Placed => OrderState::Placed,
        Progress::Preparing => OrderState::Preparing,
        Progress::Ready => OrderState::Ready,
    }
}

/// One line of an order as it was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedLine {
    pub sold: CartLine,
    pub price: PricedLine,
    pub units: UnitAccount,
}

/// An order that can be written: its lines are priced, and its tenders pay just that. Only [`place`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    lines: Vec<PlacedLine>,
    priced: Priced,
    balanced: Balanced,
}

impl Placed {
    pub fn lines(&self) -> &[PlacedLine] {
        &self.lines
    }

    pub fn priced(&self) -> &Priced {
        &self.priced
    }

    pub fn balanced(&self) -> &Balanced {
        &self.balanced
    }
}

/// Joins a cart, its price and its payment into an order.
pub fn place(cart: &[CartLine], priced: Priced, balanced: Balanced) -> Result<Placed, PlaceError> {
    if cart.is_empty() {
        return Err(PlaceError::Empty);
    }
    if !cart
        .iter()
        .map(|line| line.line)
        .eq(priced.lines.iter().map(|line| line.line))
    {
        return Err(PlaceError::PricesOfAnotherCart);
    }
    if priced.total != balanced.total() {
        return Err(PlaceError::PaysAnotherTotal);
    }
    let lines = cart
        .iter()
        .zip(&priced.lines)
        .map(|(sold, price)| {
            let units = UnitAccount::new(sold.quantity.milli())?;
            Ok(PlacedLine {
                sold: sold.clone(),
                price: price.clone(),
                units,
            })
        })
        .collect::<Result<_, UnitError>>()?;
    Ok(Placed {
        lines,
        priced,
        balanced,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cart::LineItem;
    use crate::ids::TenderId;
    use crate::money::Money;
    use crate::pricing::{PricingRules, price};
    use crate::quantity::{Quantity, Unit};
    use crate::tender::{Tender, TenderMethod, balance};
    use proptest::prelude::*;

    fn line(line: u32, price_minor: i64) -> CartLine {
        CartLine {
            line,
            item: LineItem::Open,
            name: "Chai".into(),
            quantity: Quantity::one(Unit::Cup),
            unit_price: Money::from_minor(price_minor),
            choice: crate::cart::Choice::default(),
            answered: crate::cart::Answered::default(),
            discount: None,
            note: String::new(),
        }
    }

    fn priced(lines: &[CartLine]) -> Priced {
        price(
            lines,
            None,
            &PricingRules::default(),
            &mut crate::pricing::untaxed,
        )
        .expect("prices")
    }

    fn paid(total: i64) -> Balanced {
        let tender = Tender {
            id: TenderId::from_bytes([1; 16]),
            method: TenderMethod::Cash,
            amount: None,
            received: crate::tender::Received::Exactly,
            tip: Money::ZERO,
        };
        balance(Money::from_minor(total), &[tender], None).expect("balances")
    }

    #[test]
    fn an_order_is_placed_from_what_belongs_together() {
        let cart = [line(1, 100), line(3, 50)];
        let placed = place(&cart, priced(&cart), paid(150)).expect("places");
        assert_eq!(placed.lines().len(), 2);
        assert!(
            placed.lines().iter().all(|line| line.units.open() == 1000),
            "nothing is given yet"
        );
        assert_eq!(placed.priced().total, placed.balanced().total());

        assert_eq!(
            place(&cart, priced(&cart), paid(149)),
            Err(PlaceError::PaysAnotherTotal)
        );
        let other = [line(1, 100), line(2, 50)];
        assert_eq!(
            place(&cart, priced(&other), paid(150)),
            Err(PlaceError::PricesOfAnotherCart)
        );
        assert_eq!(
            place(&cart[..1], priced(&cart), paid(150)),
            Err(PlaceError::PricesOfAnotherCart)
        );
        assert_eq!(place(&[], priced(&[]), paid(0)), Err(PlaceError::Empty));
    }

    #[test]
    fn an_order_may_cost_nothing() {
        let cart = [line(1, 0)];
        assert!(place(&cart, priced(&cart), paid(0)).is_ok());
    }

    #[test]
    fn units_move_only_where_they_can() {
        use UnitPlace::*;
        let account = UnitAccount::new(5000).expect("five");
        let account = account.moved(Open, Given, 3000).expect("three given");
        let account = account.moved(Open, Kept, 1000).expect("one kept");
        assert_eq!(
            (account.open(), account.given(), account.kept(), account.missing()),
            (1000, 3000, 1000, 1000)
        );
        assert_eq!(
            account.moved(Open, Given, 2000),
            Err(UnitError::NotEnough { there: 1000 })
        );
        assert_eq!(account.moved(Open, Given, -1), Err(UnitError::OutOfRange));
        assert_eq!(account.moved(Open, Given, i64::MAX), Err(UnitError::OutOfRange));
        assert_eq!(
            account.moved(Given, Open, 1000),
            Err(UnitError::NoSuchMove {
                from: Given,
                to: Open
            })
        );
        assert_eq!(
            account.moved(Refunded, Given, 0),
            Err(UnitError::NoSuchMove {
                from: Refunded,
                to: Given
            })
        );
        assert_eq!(UnitAccount::new(-1), Err(UnitError::OutOfRange));
        assert_eq!(
            UnitAccount::from_parts(1000, 1000, 1, 0, 0),
            Err(UnitError::MoreThanOrdered)
        );
        assert_eq!(
            UnitAccount::from_parts(i64::MAX, 0, 0, 0, 0),
            Err(UnitError::OutOfRange)
        );
    }

    #[test]
    fn the_state_follows_from_the_lines() {
        let account = |given, claimed, kept, refunded| {
            UnitAccount::from_parts(2000, given, claimed, kept, refunded).expect("an account")
        };
        let state = |lines: &[UnitAccount]| derive_state(false, Progress::Placed, lines);
        let open = account(0, 0, 0, 0);
        assert_eq!(state(&[open]), OrderState::Placed);
        assert_eq!(
            derive_state(false, Progress::Preparing, &[open]),
            OrderState::Preparing
        );
        assert_eq!(derive_state(false, Progress::Ready, &[open]), OrderState::Ready);
        assert_eq!(
            derive_state(true, Progress::Ready, &[account(2000, 0, 0, 0)]),
            OrderState::Cancelled
        );
        assert_eq!(state(&[account(1000, 0, 0, 0)]), OrderState::Partial);
        assert_eq!(state(&[account(2000, 0, 0, 0), open]), OrderState::Partial);
        assert_eq!(
            state(&[account(1000, 1000, 0, 0)]),
            OrderState::Partial,
            "money is still due back"
        );
        assert_eq!(
            state(&[account(1000, 0, 1000, 0)]),
            OrderState::Partial,
            "one is still to be given"
        );
        assert_eq!(state(&[account(0, 2000, 0, 0)]), OrderState::Partial);
        assert_eq!(state(&[account(1000, 0, 0, 1000)]), OrderState::Complete);
        assert_eq!(state(&[account(2000, 0, 0, 0)]), OrderState::Complete);
        assert_eq!(state(&[account(0, 0, 0, 2000)]), OrderState::Refunded);
        assert_eq!(
            state(&[account(0, 0, 0, 2000), open]),
            OrderState::Placed,
            "the rest is still to be made"
        );
        assert_eq!(state(&[]), OrderState::Placed);
    }

    #[test]
    fn state_words_are_all_different() {
        let mut words: Vec<_> = OrderState::ALL.iter().map(|state| state.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), OrderState::ALL.len());
    }

    proptest! {
        #[test]
        fn every_unit_is_in_exactly_one_place(
            ordered in 0i64..=MAX_MILLI,
            moves in prop::collection::vec((0usize..5, 0usize..5, -10i64..2_000_000_000), 0..40),
        ) {
            let mut account = UnitAccount::new(ordered).expect("in range");
            for (from, to, milli) in moves {
                // A third of what is asked, so that many moves succeed.
                let milli = milli % (account.at(UnitPlace::ALL[from]) + 3);
                if let Ok(after) = account.moved(UnitPlace::ALL[from], UnitPlace::ALL[to], milli) {
                    prop_assert_eq!(after.at(UnitPlace::ALL[to]), account.at(UnitPlace::ALL[to]) + milli);
                    account = after;
                }
                prop_assert_eq!(account.ordered(), ordered);
                prop_assert_eq!(UnitPlace::ALL.iter().map(|place| account.at(*place)).sum::<i64>(), ordered);
                prop_assert!(UnitPlace::ALL.iter().all(|place| account.at(*place) >= 0));
            }
        }

        #[test]
        fn kept_numbers_are_an_account_or_refused(parts: [i64; 5]) {
            let [ordered, given, claimed, kept, refunded] = parts;
            if let Ok(account) = UnitAccount::from_parts(ordered, given, claimed, kept, refunded) {
                prop_assert!(account.open() >= 0);
            }
        }
    }
}
