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
                price: *price,
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
