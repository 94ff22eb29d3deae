//! What is owed for one order, in parts on days of their own.
//!
//! A plan says what was to be paid when it was made. What became of its parts is derived: money pays the earliest
//! first, what comes back for goods takes off the latest, and no part is ever below zero. What is open of the parts
//! always adds up to what is open of the order, whatever happened to it since.

use thiserror::Error;

use crate::{
    account::{Item, day_after, month_later},
    money::{Money, MoneyError},
};

/// More parts than anybody agrees to; three years of every week are less.
pub const MOST_PARTS: usize = 160;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InstalmentError {
    #[error("between two and {MOST_PARTS} parts")]
    Count,
    #[error("every part is above zero")]
    NotPositive,
    #[error("every part is due later than the one before it, and none in the past")]
    Order,
    #[error("the parts do not add up to what is owed")]
    Differs { parts: Money, owed: Money },
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// A part and the day by which it is to be paid, as year * 10000 + month * 100 + day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub day: u32,
    pub amount: Money,
}

/// The parts that were agreed on, and what the order had put on the account by then, paid or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub parts: Vec<Part>,
    pub charged: Money,
}

/// How far apart parts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    Days(u32),
    Months(u32),
}

/// A part as it stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub day: u32,
    /// What is to be paid in all; less than was agreed once something came back.
    pub amount: Money,
    pub open: Money,
}

/// So many equal parts; what cannot be shared evenly is in the first ones. The 31st is the last day of a short month,
/// and the 31st again in the next long one.
pub fn equal(owed: Money, count: usize, first: u32, every: Every) -> Result<Vec<Part>, InstalmentError> {
    if !(2..=MOST_PARTS).contains(&count) {
        return Err(InstalmentError::Count);
    }
    let parts: Vec<Part> = (0u32..)
        .zip(owed.allocate(&vec![1; count])?)
        .map(|(n, amount)| Part {
            day: match every {
                Every::Days(days) => day_after(first, n.saturating_mul(days)),
                Every::Months(months) => month_later(first, n.saturating_mul(months)),
            },
            amount,
        })
        .collect();
    checked(&parts, owed, first)?;
    Ok(parts)
}

/// Whether these parts may be agreed on for what is owed.
pub fn checked(parts: &[Part], owed: Money, earliest: u32) -> Result<(), InstalmentError> {
    if !(2..=MOST_PARTS).contains(&parts.len()) {
        return Err(InstalmentError::Count);
    }
    if parts.iter().any(|part| part.amount <= Money::ZERO) {
        return Err(InstalmentError::NotPositive);
    }
    if parts[0].day < earliest || parts.windows(2).any(|two| two[0].day >= two[1].day) {
        return Err(InstalmentError::Order);
    }
    let sum = Money::sum(parts.iter().map(|part| part.amount))?;
    if sum != owed {
        return Err(InstalmentError::Differs { parts: sum, owed });
    }
    Ok(())
}

/// The parts of an order as they stand. What is owed beyond them (a leg put on the account later, a payment taken
/// back) is due when the order itself is, and stands first.
pub fn dues(plan: &Plan, item: &Item) -> Result<Vec<Due>, MoneyError> {
    let mut dues: Vec<Due> = plan
        .parts
        .iter()
        .map(|part| Due {
            day: part.day,
            amount: part.amount,
            open: part.amount,
        })
        .collect();
    let mut back = plan.charged.checked_sub(item.kept()?)?.max(Money::ZERO);
    for due in dues.iter_mut().rev() {
        let less = due.amount.min(back);
        due.amount = due.amount.checked_sub(less)?;
        due.open = due.amount;
        back = back.checked_sub(less)?;
    }
    let planned = Money::sum(dues.iter().map(|due| due.amount))?;
    let mut paid = planned.checked_sub(item.open)?.max(Money::ZERO);
    for due in &mut dues {
        let settled = due.open.min(paid);
        due.open = due.open.checked_sub(settled)?;
        paid = paid.checked_sub(settled)?;
    }
    let beyond = item.open.checked_sub(planned)?;
    if beyond > Money::ZERO {
        let first = Due {
            day: item.due,
            amount: beyond,
            open: beyond,
        };
        dues.insert(0, first);
    }
    Ok(dues)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Entry, settle};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn money(minor: i64) -> Money {
        Money::from_minor(minor)
    }

    fn opens(dues: &[Due]) -> Vec<i64> {
        dues.iter().map(|due| due.open.minor()).collect()
    }

    const ORDER: Uuid = Uuid::from_u128(1);

    fn entry(n: u128, minor: i64, item: Option<Uuid>) -> Entry {
        Entry {
            id: Uuid::from_u128(n),
            day: 20261101,
            due: 20261116,
            amount: money(minor),
            item,
            reverses: None,
            pays: if item.is_none() {
                vec![(ORDER, money(-minor))]
            } else {
                vec![]
            },
        }
    }

    fn item(entries: &[Entry]) -> Item {
        settle(entries).expect("adds up").items[0]
    }

    fn plan(parts: &[i64], charged: i64) -> Plan {
        Plan {
            parts: (1u32..)
                .zip(parts)
                .map(|(n, minor)| Part {
                    day: 20261100 + n,
                    amount: money(*minor),
                })
                .collect(),
            charged: money(charged),
        }
    }

    #[test]
    fn a_thousand_in_three_on_the_last_day_of_every_month() {
        let parts = equal(money(1_000_00), 3, 20260131, Every::Months(1)).expect("three parts");
        assert_eq!(
            parts
                .iter()
                .map(|p| (p.day, p.amount.minor()))
                .collect::<Vec<_>>(),
            [(20260131, 333_34), (20260228, 333_33), (20260331, 333_33)]
        );
        let leap = equal(money(100), 2, 20280131, Every::Months(1)).expect("two parts");
        assert_eq!(leap[1].day, 20280229);
        let weeks = equal(money(100), 3, 20261225, Every::Days(7)).expect("three parts");
        assert_eq!(weeks[2].day, 20270108);
        assert_eq!(
            equal(money(2), 3, 20260131, Every::Months(1)),
            Err(InstalmentError::NotPositive),
            "nobody pays nothing on a day"
        );
        assert_eq!(
            equal(money(100), 3, 20260131, Every::Days(0)),
            Err(InstalmentError::Order)
        );
    }

    #[test]
    fn parts_that_cannot_be_are_refused() {
        let part = |day, minor| Part {
            day,
            amount: money(minor),
        };
        for (parts, refusal) in [
            (vec![part(20261201, 100)], InstalmentError::Count),
            (
                vec![part(20261201, 100), part(20270101, 0)],
                InstalmentError::NotPositive,
            ),
            (
                vec![part(20261201, 50), part(20261201, 50)],
                InstalmentError::Order,
            ),
            (
                vec![part(20261031, 50), part(20261201, 50)],
                InstalmentError::Order,
            ),
            (
                vec![part(20261201, 50), part(20270101, 51)],
                InstalmentError::Differs {
                    parts: money(101),
                    owed: money(100),
                },
            ),
        ] {
            assert_eq!(checked(&parts, money(100), 20261101), Err(refusal));
        }
    }

    #[test]
    fn money_pays_the_earliest_and_goods_that_come_back_take_off_the_latest() {
        let plan = plan(&[25, 25, 25, 25], 100);
        let bought = entry(1, 100, Some(ORDER));
        let paid = entry(2, -30, None);
        let back = entry(3, -40, Some(ORDER));
        let dues = |entries: &[Entry]| super::dues(&plan, &item(entries)).expect("adds up");
        assert_eq!(opens(&dues(&[bought.clone(), paid.clone()])), [0, 20, 25, 25]);
        let after = dues(&[bought.clone(), paid.clone(), back.clone()]);
        assert_eq!(opens(&after), [0, 20, 10, 0]);
        assert_eq!(after[2].amount, money(10), "less is to be paid in all");
        let in_two = [
            bought.clone(),
            paid.clone(),
            entry(3, -15, Some(ORDER)),
            entry(4, -25, Some(ORDER)),
        ];
        assert_eq!(dues(&in_two), after, "back at once or piece by piece");
        assert_eq!(
            opens(&dues(&[bought.clone(), paid, entry(5, -100, Some(ORDER))])),
            [0, 0, 0, 0],
            "an order that came back whole"
        );
        assert_eq!(
            opens(&dues(&[bought, entry(6, -500, None)])),
            [0, 0, 0, 0],
            "more than was owed is nobody's instalment"
        );
    }

    #[test]
    fn what_is_owed_beyond_the_plan_is_due_with_the_order() {
        let plan = plan(&[50, 50], 100);
        let more = item(&[entry(1, 100, Some(ORDER)), entry(2, 30, Some(ORDER))]);
        let dues = dues(&plan, &more).expect("adds up");
        assert_eq!(opens(&dues), [30, 50, 50]);
        assert_eq!(dues[0].day, 20261116);
    }

    #[test]
    fn a_bill_paid_another_way_keeps_its_days() {
        let plan = plan(&[25, 25, 25, 25], 100);
        let resplit = |now: i64| {
            let entries = [
                entry(1, 100, Some(ORDER)),
                entry(2, -30, None),
                entry(3, -100, Some(ORDER)),
                entry(4, now, Some(ORDER)),
            ];
            dues(&plan, &item(&entries)).expect("adds up")
        };
        assert_eq!(opens(&resplit(100)), [0, 20, 25, 25]);
        assert_eq!(opens(&resplit(60)), [0, 20, 10, 0]);
        assert_eq!(
            opens(&resplit(110)),
            [5, 25, 25, 25],
            "what was paid goes to the earliest, the new sum's ten among it"
        );
    }

    #[test]
    fn a_new_plan_begins_from_what_is_open_then() {
        let entries = [
            entry(1, 100, Some(ORDER)),
            entry(2, -30, None),
            entry(3, -20, Some(ORDER)),
        ];
        let before = item(&entries);
        assert_eq!((before.open, before.given_back), (money(50), money(20)));
        let again = plan(&[20, 30], 80);
        assert_eq!(opens(&dues(&again, &before).expect("adds up")), [20, 30]);
        let later = item(&[entries.as_slice(), &[entry(4, -25, Some(ORDER))]].concat());
        assert_eq!(opens(&dues(&again, &later).expect("adds up")), [20, 5]);
    }

    proptest! {
        #[test]
        fn equal_parts_sum_to_the_whole(minor in 200i64..10_000_000, count in 2usize..=MOST_PARTS, months in 1u32..4) {
            prop_assume!(minor >= i64::try_from(count).expect("small"));
            let parts = equal(money(minor), count, 20261231, Every::Months(months)).expect("parts");
            prop_assert_eq!(Money::sum(parts.iter().map(|p| p.amount)), Ok(money(minor)));
            prop_assert!(parts.windows(2).all(|two| two[0].day < two[1].day && two[0].amount >= two[1].amount));
            prop_assert!(parts[0].amount.minor() - parts[count - 1].amount.minor() <= 1);
        }

        #[test]
        fn what_is_open_of_the_parts_is_what_is_open_of_the_order(
            parts in proptest::collection::vec(1i64..300, 2..8),
            moves in proptest::collection::vec((-200i64..60, any::<bool>()), 0..12),
            charged in 0i64..2_000,
        ) {
            let bought: i64 = parts.iter().sum();
            let mut entries = vec![entry(1, bought, Some(ORDER))];
            for (n, (minor, for_goods)) in (2u128..).zip(moves) {
                if minor != 0 {
                    entries.push(entry(n, minor, (for_goods || minor > 0).then_some(ORDER)));
                }
            }
            let item = item(&entries);
            let dues = dues(&plan(&parts, charged), &item).expect("adds up");
            prop_assert_eq!(Money::sum(dues.iter().map(|due| due.open)), Ok(item.open));
            for due in &dues {
                prop_assert!(due.open >= Money::ZERO && due.open <= due.amount);
            }
        }
    }
}
