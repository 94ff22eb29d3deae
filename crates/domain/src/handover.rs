//! Handing over: what is there is given, what is missing becomes money back or a promise for later.

use crate::order::{UnitAccount, UnitError, UnitPlace};

/// What becomes of what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MissingAs {
    /// The money goes back at the token counter.
    Refund,
    /// The guest comes again for it.
    Keep,
}

impl MissingAs {
    pub const ALL: [MissingAs; 2] = [MissingAs::Refund, MissingAs::Keep];

    pub const fn as_str(self) -> &'static str {
        match self {
            MissingAs::Refund => "refund",
            MissingAs::Keep => "keep",
        }
    }

    pub fn from_word(word: &str) -> Option<MissingAs> {
        MissingAs::ALL.into_iter().find(|one| one.as_str() == word)
    }

    const fn place(self) -> UnitPlace {
        match self {
            MissingAs::Refund => UnitPlace::Claimed,
            MissingAs::Keep => UnitPlace::Kept,
        }
    }
}

/// So many thousandths of one line went from one place to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnitMove {
    pub from: UnitPlace,
    pub to: UnitPlace,
    pub milli: i64,
}

/// One line after somebody gave `given` of it and found `missing` of it missing.
///
/// What is given comes out of what is open, then out of what was promised for later, and last out of what money was
/// due for: it turned up after all. What was missing before and is missing still may change its promise. Units that
/// nobody spoke of stay where they are.
pub fn hand_over(
    account: &UnitAccount,
    given: i64,
    missing: i64,
    missing_as: MissingAs,
) -> Result<(UnitAccount, Vec<UnitMove>), UnitError> {
    use UnitPlace::{Claimed, Given, Kept, Open};
    let promise = missing_as.place();
    let other = match missing_as {
        MissingAs::Refund => Kept,
        MissingAs::Keep => Claimed,
    };
    let (mut after, mut moves) = draw(account, given, Given, &[Open, Kept, Claimed])?;
    // What stands under this promise already needs no move.
    let there = after.open() + after.at(other);
    if missing > there + after.at(promise) {
        return Err(UnitError::NotEnough {
            there: there + after.at(promise),
        });
    }
    let (last, more) = draw(&after, missing.min(there), promise, &[Open, other])?;
    after = last;
    moves.extend(more);
    Ok((after, moves))
}

/// One line after `milli` of it was paid back: first what money was due for, last what the guest had already.
pub fn pay_back(account: &UnitAccount, milli: i64) -> Result<(UnitAccount, Vec<UnitMove>), UnitError> {
    use UnitPlace::{Claimed, Given, Kept, Open, Refunded};
    draw(account, milli, Refunded, &[Claimed, Kept, Open, Given])
}

/// One line after these moves were taken back, the last first.
pub fn take_back(account: &UnitAccount, moves: &[UnitMove]) -> Result<UnitAccount, UnitError> {
    moves.iter().rev().try_fold(*account, |account, one| {
        account.taken_back(one.from, one.to, one.milli)
    })
}

/// Moves so many thousandths to one place, out of the places given, in that order.
fn draw(
    account: &UnitAccount,
    milli: i64,
    to: UnitPlace,
    from: &[UnitPlace],
) -> Result<(UnitAccount, Vec<UnitMove>), UnitError> {
    if milli < 0 {
        return Err(UnitError::OutOfRange);
    }
    let (mut after, mut left, mut moves) = (*account, milli, Vec::new());
    for place in from {
        let part = left.min(after.at(*place));
        if part > 0 {
            after = after.moved(*place, to, part)?;
            moves.push(UnitMove {
                from: *place,
                to,
                milli: part,
            });
            left -= part;
        }
    }
    if left > 0 {
        return Err(UnitError::NotEnough { there: milli - left });
    }
    Ok((after, moves))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Money;
    use crate::refund::{LineMoney, line_back};
    use proptest::prelude::*;

    fn account(ordered: i64) -> UnitAccount {
        UnitAccount::new(ordered).expect("in range")
    }

    fn places(account: &UnitAccount) -> [i64; 5] {
        UnitPlace::ALL.map(|place| account.at(place))
    }

    #[test]
    fn what_is_there_is_given_and_the_rest_is_owed() {
        let (after, moves) = hand_over(&account(3000), 2000, 1000, MissingAs::Refund).expect("goes");
        assert_eq!(places(&after), [0, 2000, 1000, 0, 0]);
        assert_eq!(moves.len(), 2);
        let (after, _) = hand_over(&account(3000), 1000, 1000, MissingAs::Keep).expect("goes");
        assert_eq!(
            places(&after),
            [1000, 1000, 0, 1000, 0],
            "a unit nobody spoke of stays open"
        );
    }

    #[test]
    fn a_promise_is_kept_later_or_changed_to_money() {
        let (kept, _) = hand_over(&account(2000), 0, 2000, MissingAs::Keep).expect("kept");
        let (given, _) = hand_over(&kept, 2000, 0, MissingAs::Refund).expect("came in");
        assert_eq!(places(&given), [0, 2000, 0, 0, 0]);
        let (claimed, moves) = hand_over(&kept, 0, 2000, MissingAs::Refund).expect("money instead");
        assert_eq!(places(&claimed), [0, 0, 2000, 0, 0]);
        assert_eq!(moves[0].from, UnitPlace::Kept);
        let (still, moves) = hand_over(&kept, 0, 2000, MissingAs::Keep).expect("missing still");
        assert_eq!(still, kept);
        assert!(moves.is_empty(), "nothing moved");
        let (found, _) = hand_over(&claimed, 1000, 1000, MissingAs::Refund).expect("one turned up");
        assert_eq!(places(&found), [0, 1000, 1000, 0, 0]);
    }

    #[test]
    fn nobody_gives_what_is_not_there() {
        let given = hand_over(&account(2000), 2000, 0, MissingAs::Refund)
            .expect("given")
            .0;
        for (gives, misses) in [(1, 0), (0, 1), (-1, 0), (0, -1)] {
            assert!(
                hand_over(&given, gives, misses, MissingAs::Refund).is_err(),
                "{gives} {misses}"
            );
        }
        assert!(hand_over(&account(2000), 1500, 501, MissingAs::Keep).is_err());
        assert!(pay_back(&account(1000), 1001).is_err());
        let back = pay_back(&account(1000), 1000).expect("paid back").0;
        assert!(pay_back(&back, 1).is_err(), "once");
    }

    #[test]
    fn money_goes_back_first_for_what_is_owed() {
        let (after, _) = hand_over(&account(4000), 2000, 1000, MissingAs::Refund).expect("goes");
        let (_, moves) = pay_back(&after, 3000).expect("all but one");
        let from: Vec<_> = moves.iter().map(|one| (one.from, one.milli)).collect();
        assert_eq!(
            from,
            [
                (UnitPlace::Claimed, 1000),
                (UnitPlace::Open, 1000),
                (UnitPlace::Given, 1000)
            ]
        );
    }

    #[derive(Debug, Clone)]
    enum Deed {
        HandOver { given: i64, missing: i64, as_: bool },
        PayBack(i64),
        Undo(usize),
    }

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let amount = 0i64..4_500;
        prop::collection::vec(
            prop_oneof![
                (amount.clone(), amount.clone(), any::<bool>())
                    .prop_map(|(given, missing, as_)| Deed::HandOver { given, missing, as_ }),
                amount.prop_map(Deed::PayBack),
                (0usize..8).prop_map(Deed::Undo),
            ],
            0..30,
        )
    }

    proptest! {
        #[test]
        fn every_sequence_keeps_every_unit_and_every_cent(
            ordered in 1i64..6_000,
            net in 0i64..1_000_000,
            deeds in deeds(),
        ) {
            let mut now = account(ordered);
            let mut done: Vec<Vec<UnitMove>> = Vec::new();
            let line = LineMoney { net: Money::from_minor(net), ordered };
            let mut back = 0;
            for deed in deeds {
                match deed {
                    Deed::HandOver { given, missing, as_ } => {
                        let as_ = if as_ { MissingAs::Keep } else { MissingAs::Refund };
                        if let Ok((after, moves)) = hand_over(&now, given, missing, as_) {
                            prop_assert_eq!(take_back(&after, &moves), Ok(now), "undone at once, nothing happened");
                            now = after;
                            done.push(moves);
                        }
                    }
                    Deed::PayBack(milli) => {
                        if let Ok((after, _)) = pay_back(&now, milli) {
                            back += line_back(&line, now.refunded(), milli).expect("in range").minor();
                            now = after;
                        }
                    }
                    Deed::Undo(which) => {
                        if which < done.len() && let Ok(before) = take_back(&now, &done[which]) {
                            now = before;
                            done.remove(which);
                        }
                    }
                }
                prop_assert_eq!(places(&now).iter().sum::<i64>(), ordered);
                prop_assert!(places(&now).iter().all(|units| *units >= 0));
                // Money back is the money of the units that were paid back, whatever the way there.
                let whole = line_back(&line, 0, now.refunded()).expect("in range").minor();
                prop_assert_eq!(back, whole);
            }
            if now.refunded() == ordered {
                prop_assert_eq!(back, net, "all of it, to the cent");
            }
        }
    }
}
