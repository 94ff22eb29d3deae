//! A customer's credit account: what was bought on it, what was paid, what is open, since when, and how far it may go.
//!
//! An account is a ledger: signed amounts that only add up, positive when the customer owes more. What is *open* is
//! derived from it whenever somebody asks, so no amount is kept twice.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;
use uuid::Uuid;

use crate::{
    instalment::{self, Due, Plan},
    money::{Money, MoneyError},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AccountError {
    #[error("an amount is above zero")]
    NotPositive,
    #[error("the same item is paid twice in one payment")]
    ItemTwice,
    #[error("nothing is open there")]
    NotOpen { item: Uuid },
    #[error("more than is open there")]
    MoreThanOpen { item: Uuid, open: Money },
    #[error("more is shared out than was paid")]
    MoreThanPaid,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: Uuid,
    /// Business day and due day as year * 10000 + month * 100 + day.
    pub day: u32,
    pub due: u32,
    /// Above zero when the customer owes more by it.
    pub amount: Money,
    /// What it is about: the order that was charged, reversed or refunded. None for money that came in.
    pub item: Option<Uuid>,
    /// The entry that this one takes back whole.
    pub reverses: Option<Uuid>,
    /// What a payment was shared out to when it came in.
    pub pays: Vec<(Uuid, Money)>,
}

/// Something that was charged, and what of it is still owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    pub id: Uuid,
    pub day: u32,
    pub due: u32,
    pub charged: Money,
    /// What came back for it without money: goods, a leg that was voided, what was written off.
    pub given_back: Money,
    pub open: Money,
}

impl Item {
    /// What it came to, less what came back.
    pub fn kept(&self) -> Result<Money, MoneyError> {
        self.charged.checked_sub(self.given_back)
    }
}

/// An account in one look. The sum of what is open, less the advance, is the balance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Oldest first, settled ones too.
    pub items: Vec<Item>,
    /// Money of the customer's that nothing was open for.
    pub advance: Money,
    /// The parts of those items that are paid in instalments.
    pub instalments: BTreeMap<Uuid, Vec<Due>>,
}

impl Settled {
    pub fn open(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| !item.open.is_zero())
    }

    /// The same, with what was agreed on for some of its items.
    pub fn in_parts(mut self, plans: &[(Uuid, Plan)]) -> Result<Settled, MoneyError> {
        for (id, plan) in plans {
            if let Some(item) = self.items.iter().find(|item| item.id == *id) {
                self.instalments.insert(*id, instalment::dues(plan, item)?);
            }
        }
        Ok(self)
    }

    /// What is open of an item, by the days it is due.
    pub fn dues(&self, item: &Item) -> Vec<Due> {
        match self.instalments.get(&item.id) {
            Some(parts) => parts.iter().filter(|due| !due.open.is_zero()).copied().collect(),
            None => vec![Due {
                day: item.due,
                amount: item.charged,
                open: item.open,
            }],
        }
    }
}

/// What is open, from entries in the order of their days. Money goes where it was meant to go first; what is left
/// over, and money that was meant for nothing, pays the oldest.
pub fn settle(entries: &[Entry]) -> Result<Settled, AccountError> {
    let known: BTreeSet<Uuid> = entries.iter().map(|entry| entry.id).collect();
    let undone: BTreeSet<Uuid> = entries
        .iter()
        .filter_map(|entry| entry.reverses)
        .filter(|reversed| known.contains(reversed))
        .collect();
    let stands =
        |entry: &&Entry| !undone.contains(&entry.id) && entry.reverses.is_none_or(|id| !known.contains(&id));

    let mut items: Vec<Item> = Vec::new();
    let mut at: BTreeMap<Uuid, usize> = BTreeMap::new();
    let mut credits: Vec<&Entry> = Vec::new();
    for entry in entries.iter().filter(stands) {
        if entry.amount <= Money::ZERO {
            credits.push(entry);
            continue;
        }
        let id = entry.item.unwrap_or(entry.id);
        match at.get(&id) {
            Some(index) => {
                let item = &mut items[*index];
                item.charged = item.charged.checked_add(entry.amount)?;
                item.open = item.charged;
            }
            None => {
                at.insert(id, items.len());
                items.push(Item {
                    id,
                    day: entry.day,
                    due: entry.due,
                    charged: entry.amount,
                    given_back: Money::ZERO,
                    open: entry.amount,
                });
            }
        }
    }
    let mut free = Money::ZERO;
    for entry in credits {
        let mut left = entry.amount.checked_neg()?;
        let meant = entry.item.map(|item| (item, left));
        for (item, amount) in meant.iter().chain(&entry.pays) {
            if let Some(index) = at.get(item) {
                let item = &mut items[*index];
                let taken = item.open.min(*amount).min(left);
                item.open = item.open.checked_sub(taken)?;
                left = left.checked_sub(taken)?;
                if entry.item == Some(item.id) {
                    item.given_back = item.given_back.checked_add(taken)?;
                }
            }
        }
        free = free.checked_add(left)?;
    }
    for item in &mut items {
        if free.is_zero() {
            break;
        }
        let taken = item.open.min(free);
        item.open = item.open.checked_sub(taken)?;
        free = free.checked_sub(taken)?;
    }
    Ok(Settled {
        items,
        advance: free,
        ..Settled::default()
    })
}

/// Shares money out: to what was chosen, or to what is due first when nothing was. What nothing is open for stays an
/// advance.
pub fn share_out(
    settled: &Settled,
    amount: Money,
    chosen: &[(Uuid, Money)],
) -> Result<Vec<(Uuid, Money)>, AccountError> {
    if amount <= Money::ZERO {
        return Err(AccountError::NotPositive);
    }
    let mut left = amount;
    let mut shares: Vec<(Uuid, Money)> = Vec::new();
    if chosen.is_empty() {
        let mut dues: Vec<(u32, Uuid, Money)> = settled
            .open()
            .flat_map(|item| {
                let dues = settled.dues(item).into_iter();
                dues.map(|due| (due.day, item.id, due.open))
            })
            .collect();
        // Of one day, the oldest item first.
        dues.sort_by_key(|(day, ..)| *day);
        for (_, item, open) in dues {
            let share = open.min(left);
            if share.is_zero() {
                break;
            }
            left = left.checked_sub(share)?;
            match shares.iter_mut().find(|(known, _)| *known == item) {
                Some((_, sum)) => *sum = sum.checked_add(share)?,
                None => shares.push((item, share)),
            }
        }
        return Ok(shares);
    }
    let mut seen = BTreeSet::new();
    for (id, share) in chosen {
        if *share <= Money::ZERO {
            return Err(AccountError::NotPositive);
        }
        if !seen.insert(*id) {
            return Err(AccountError::ItemTwice);
        }
        let item = settled
            .open()
            .find(|item| item.id == *id)
            .ok_or(AccountError::NotOpen { item: *id })?;
        if *share > item.open {
            return Err(AccountError::MoreThanOpen {
                item: *id,
                open: item.open,
            });
        }
        if *share > left {
            return Err(AccountError::MoreThanPaid);
        }
        left = left.checked_sub(*share)?;
        shares.push((*id, *share));
    }
    Ok(shares)
}

/// What may still be bought on account: limit less balance, never below zero.
pub fn left_to_owe(limit: Money, balance: Money) -> Result<Money, MoneyError> {
    Ok(limit.checked_sub(balance)?.max(Money::ZERO))
}

/// What is open by how long it has been due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ageing {
    pub not_due: Money,
    pub to_30: Money,
    pub to_60: Money,
    pub to_90: Money,
    pub over_90: Money,
}

impl Ageing {
    pub fn total(&self) -> Result<Money, MoneyError> {
        Money::sum([self.not_due, self.to_30, self.to_60, self.to_90, self.over_90])
    }
}

pub fn ageing(settled: &Settled, today: u32) -> Result<Ageing, MoneyError> {
    let mut ageing = Ageing::default();
    let now = days_since_epoch(today);
    for due in settled.open().flat_map(|item| settled.dues(item)) {
        let bucket = match now - days_since_epoch(due.day) {
            ..=0 => &mut ageing.not_due,
            1..=30 => &mut ageing.to_30,
            31..=60 => &mut ageing.to_60,
            61..=90 => &mut ageing.to_90,
            _ => &mut ageing.over_90,
        };
        *bucket = bucket.checked_add(due.open)?;
    }
    Ok(ageing)
}

/// The balance after each amount, beginning from what was owed before the first.
pub fn running(
    before: Money,
    amounts: impl IntoIterator<Item = Money>,
) -> impl Iterator<Item = Result<Money, MoneyError>> {
    let mut balance = Ok(before);
    amounts.into_iter().map(move |amount| {
        balance = balance.and_then(|so_far| so_far.checked_add(amount));
        balance
    })
}

/// A day so many days later.
pub fn day_after(day: u32, days: u32) -> u32 {
    from_days_since_epoch(days_since_epoch(day) + i64::from(days))
}

/// The same day of a later month; its last day where the month is shorter.
pub fn month_later(day: u32, months: u32) -> u32 {
    let month = day / 10_000 * 12 + (day / 100 % 100).saturating_sub(1) + months;
    let (year, month) = (month / 12, month % 12 + 1);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    year * 10_000 + month * 100 + (day % 100).min(last)
}

/// Days since 1970-01-01 of the Gregorian calendar, counted in years that begin in March.
fn days_since_epoch(day: u32) -> i64 {
    let (year, month, date) = (
        i64::from(day / 10_000),
        i64::from(day / 100 % 100),
        i64::from(day % 100),
    );
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + date - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn from_days_since_epoch(days: i64) -> u32 {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    u32::try_from(year * 10_000 + month * 100 + date).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(minor: i64) -> Money {
        Money::from_minor(minor)
    }

    fn id(n: u8) -> Uuid {
        Uuid::from_bytes([n; 16])
    }

    fn charge(n: u8, day: u32, minor: i64) -> Entry {
        Entry {
            id: id(n),
            day,
            due: day_after(day, 15),
            amount: money(minor),
            item: Some(id(n)),
            reverses: None,
            pays: vec![],
        }
    }

    fn paid(n: u8, minor: i64, pays: &[(u8, i64)]) -> Entry {
        Entry {
            id: id(n),
            day: 20261101,
            due: 20261101,
            amount: money(-minor),
            item: None,
            reverses: None,
            pays: pays.iter().map(|(to, minor)| (id(*to), money(*minor))).collect(),
        }
    }

    fn opens(settled: &Settled) -> Vec<(Uuid, i64)> {
        settled.open().map(|item| (item.id, item.open.minor())).collect()
    }

    #[test]
    fn money_pays_the_oldest_unless_somebody_chose() {
        let bought = [charge(1, 20261001, 100_00), charge(2, 20261010, 50_00)];
        let settled = settle(&bought).expect("adds up");
        assert_eq!(
            share_out(&settled, money(120_00), &[]),
            Ok(vec![(id(1), money(100_00)), (id(2), money(20_00))])
        );
        assert_eq!(
            share_out(&settled, money(60_00), &[(id(2), money(50_00))]),
            Ok(vec![(id(2), money(50_00))])
        );
        let chosen: Vec<Entry> = bought
            .iter()
            .cloned()
            .chain([paid(9, 60_00, &[(2, 50_00)])])
            .collect();
        let settled = settle(&chosen).expect("adds up");
        assert_eq!(
            opens(&settled),
            [(id(1), 90_00)],
            "what was left of the payment went to the oldest"
        );
    }

    #[test]
    fn a_payment_that_was_taken_back_never_happened() {
        let mut back = paid(8, -30_00, &[]);
        back.reverses = Some(id(9));
        let settled =
            settle(&[charge(1, 20261001, 100_00), paid(9, 30_00, &[(1, 30_00)]), back]).expect("adds up");
        assert_eq!(opens(&settled), [(id(1), 100_00)]);
        assert_eq!(settled.advance, Money::ZERO);
    }

    #[test]
    fn what_comes_back_for_a_paid_order_pays_the_next() {
        let mut refund = charge(7, 20261105, -100_00);
        refund.item = Some(id(1));
        let settled = settle(&[
            charge(1, 20261001, 100_00),
            paid(9, 100_00, &[(1, 100_00)]),
            charge(2, 20261010, 30_00),
            refund,
        ])
        .expect("adds up");
        assert_eq!(opens(&settled), []);
        assert_eq!(
            settled.advance,
            money(70_00),
            "the customer's, until the next purchase"
        );
    }

    #[test]
    fn choices_that_cannot_be_are_refused() {
        let settled = settle(&[charge(1, 20261001, 100_00)]).expect("adds up");
        for (amount, chosen, refusal) in [
            (0, vec![], AccountError::NotPositive),
            (10, vec![(id(1), money(0))], AccountError::NotPositive),
            (10, vec![(id(5), money(1))], AccountError::NotOpen { item: id(5) }),
            (
                200_00,
                vec![(id(1), money(100_01))],
                AccountError::MoreThanOpen {
                    item: id(1),
                    open: money(100_00),
                },
            ),
            (10, vec![(id(1), money(11))], AccountError::MoreThanPaid),
            (
                10,
                vec![(id(1), money(1)), (id(1), money(1))],
                AccountError::ItemTwice,
            ),
        ] {
            assert_eq!(share_out(&settled, money(amount), &chosen), Err(refusal));
        }
    }

    #[test]
    fn age_counts_from_the_due_day() {
        let settled = settle(&[
            charge(1, 20260701, 1),
            charge(2, 20260815, 10),
            charge(3, 20260915, 100),
            charge(4, 20261016, 1000),
            charge(5, 20261101, 10_000),
        ])
        .expect("adds up");
        let ageing = ageing(&settled, 20261116).expect("adds up");
        assert_eq!(
            [
                ageing.over_90,
                ageing.to_90,
                ageing.to_60,
                ageing.to_30,
                ageing.not_due
            ]
            .map(Money::minor),
            [1, 10, 100, 1000, 10_000],
            "due on the day itself is not late"
        );
        assert_eq!(ageing.total(), Ok(money(11_111)));
    }

    #[test]
    fn days_go_over_the_ends_of_months_and_leap_years() {
        for (day, days, then) in [
            (20261231, 1, 20270101),
            (20280228, 1, 20280229),
            (20270228, 1, 20270301),
            (20260331, 30, 20260430),
            (19700101, 0, 19700101),
            (20000229, 366, 20010301),
            (21000228, 1, 21000301),
        ] {
            assert_eq!(day_after(day, days), then, "{day} + {days}");
        }
    }

    #[test]
    fn what_may_be_owed_is_never_below_zero() {
        assert_eq!(left_to_owe(money(500), money(200)), Ok(money(300)));
        assert_eq!(
            left_to_owe(money(500), money(-200)),
            Ok(money(700)),
            "an advance helps"
        );
        assert_eq!(left_to_owe(money(500), money(800)), Ok(Money::ZERO));
    }

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        proptest::collection::vec((0u8..6, -500i64..500, 0u8..4, any::<bool>()), 0..40).prop_map(|rows| {
            let mut entries: Vec<Entry> = Vec::new();
            for (n, (about, minor, kind, back)) in (100u8..).zip(rows) {
                let mut entry = if minor > 0 {
                    Entry {
                        item: (kind != 0).then(|| id(about)),
                        ..charge(n, 20261001, minor)
                    }
                } else {
                    paid(n, -minor, &[(about, -minor), (about + 1, 7)])
                };
                if kind == 3 && minor <= 0 {
                    entry.item = Some(id(about));
                }
                // Takes the last payment back.
                if back && let Some(last) = entries.last().filter(|last| last.reverses.is_none()).cloned() {
                    entry = Entry {
                        amount: last.amount.checked_neg().expect("small"),
                        reverses: Some(last.id),
                        pays: vec![],
                        item: None,
                        ..entry
                    };
                }
                entries.push(entry);
            }
            entries
        })
    }

    proptest! {
        #[test]
        fn what_is_open_less_the_advance_is_the_balance(entries in entries()) {
            let settled = settle(&entries).expect("adds up");
            let balance = Money::sum(entries.iter().map(|e| e.amount)).expect("small");
            let open = Money::sum(settled.items.iter().map(|i| i.open)).expect("small");
            prop_assert_eq!(open.checked_sub(settled.advance), Ok(balance));
            prop_assert!(settled.advance >= Money::ZERO);
            for item in &settled.items {
                prop_assert!(item.open >= Money::ZERO && item.open <= item.charged);
            }
            prop_assert!(settled.advance.is_zero() || settled.open().next().is_none(), "an advance pays what is open");
            prop_assert_eq!(ageing(&settled, 20261116).expect("small").total(), Ok(open), "every open amount has an age");
        }

        #[test]
        fn shares_never_pass_the_payment_or_an_item(entries in entries(), minor in 1i64..2000) {
            let settled = settle(&entries).expect("adds up");
            let shares = share_out(&settled, money(minor), &[]).expect("a payment");
            let shared = Money::sum(shares.iter().map(|s| s.1)).expect("small");
            let open = Money::sum(settled.open().map(|i| i.open)).expect("small");
            prop_assert_eq!(shared, money(minor).min(open), "as much as there is to pay");
            if !shares.is_empty() {
                prop_assert_eq!(share_out(&settled, money(minor), &shares), Ok(shares), "choosing the same is the same");
            }
        }

        #[test]
        fn the_running_balance_ends_at_the_sum(before in -1000i64..1000, amounts in proptest::collection::vec(-1000i64..1000, 0..50)) {
            let last = running(money(before), amounts.iter().copied().map(money)).last().unwrap_or(Ok(money(before)));
            prop_assert_eq!(last, Ok(money(before + amounts.iter().sum::<i64>())));
        }

        #[test]
        fn days_count_up_one_by_one(days in 0u32..60_000) {
            let day = day_after(19700101, days);
            prop_assert_eq!(days_since_epoch(day), i64::from(days));
            prop_assert!(day < day_after(day, 1));
        }
    }
}
