//! Shifts: what must be in a drawer, what was found in it, and the figures of a report.
//!
//! Every figure is a sum over entries, so it does not matter in which order facts arrive: what comes late is a sum of
//! its own that is added to the first. Currencies are never mixed; what one is worth in another is not asked here.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::money::{Currency, Money, MoneyError};

/// ISO 4217.
pub type CurrencyCode = [u8; 3];

/// No entry goes by this word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("there is no such movement of money")]
pub struct UnknownEntry;

/// Why money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A leg of an order's payment.
    Sale,
    /// A leg that was taken back: the bill was split anew, the order cancelled, or the payment failed after all.
    Void,
    /// Money paid back against a credit note.
    Refund,
    /// A customer paid what was owed on account.
    Account,
    /// Cash put into the drawer.
    In,
    /// Cash paid out of it.
    Out,
    /// Cash taken to the safe.
    Drop,
    /// Tips paid out to the staff.
    Tips,
}

impl EntryKind {
    pub const ALL: &[EntryKind] = &[
        EntryKind::Sale,
        EntryKind::Void,
        EntryKind::Refund,
        EntryKind::Account,
        EntryKind::In,
        EntryKind::Out,
        EntryKind::Drop,
        EntryKind::Tips,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            EntryKind::Sale => "sale",
            EntryKind::Void => "void",
            EntryKind::Refund => "refund",
            EntryKind::Account => "account",
            EntryKind::In => "in",
            EntryKind::Out => "out",
            EntryKind::Drop => "drop",
            EntryKind::Tips => "tips",
        }
    }

    /// Whether a person moves it by hand, and which way the cash goes.
    pub const fn by_hand(self) -> Option<Way> {
        match self {
            EntryKind::In => Some(Way::IntoDrawer),
            EntryKind::Out | EntryKind::Drop | EntryKind::Tips => Some(Way::OutOfDrawer),
            EntryKind::Sale | EntryKind::Void | EntryKind::Refund | EntryKind::Account => None,
        }
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EntryKind {
    type Err = UnknownEntry;

    fn from_str(text: &str) -> Result<EntryKind, UnknownEntry> {
        let known = EntryKind::ALL.iter().copied();
        known
            .clone()
            .find(|kind| kind.as_str() == text)
            .ok_or(UnknownEntry)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    IntoDrawer,
    OutOfDrawer,
}

/// One movement of money. Amounts are signed: what goes out is below zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: EntryKind,
    pub method: String,
    /// What it pays of orders, in the shop's currency.
    pub amount: Money,
    pub tip: Money,
    /// What rounding to the smallest coin added, or took off.
    pub rounding: Money,
    /// What the drawer gained in the shop's currency. Change for foreign notes is here too.
    pub cash: Money,
    /// What the drawer gained in another one.
    pub foreign: Option<(CurrencyCode, Money)>,
}

/// What one currency did in a drawer; what went out is below zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DrawerFigures {
    pub float: Money,
    /// Without tips. Change for foreign notes goes off the shop's own currency.
    pub sales: Money,
    pub tips: Money,
    /// Received on account.
    pub account: Money,
    /// Refunds and void payments.
    pub back: Money,
    pub moved_in: Money,
    pub moved_out: Money,
    pub dropped: Money,
    pub tips_out: Money,
}

impl DrawerFigures {
    fn parts(&self) -> [Money; 9] {
        [
            self.float,
            self.sales,
            self.tips,
            self.account,
            self.back,
            self.moved_in,
            self.moved_out,
            self.dropped,
            self.tips_out,
        ]
    }

    /// What must be in the drawer.
    pub fn expected(&self) -> Result<Money, MoneyError> {
        Money::sum(self.parts())
    }

    fn plus(&self, other: &DrawerFigures) -> Result<DrawerFigures, MoneyError> {
        Ok(DrawerFigures {
            float: self.float.checked_add(other.float)?,
            sales: self.sales.checked_add(other.sales)?,
            tips: self.tips.checked_add(other.tips)?,
            account: self.account.checked_add(other.account)?,
            back: self.back.checked_add(other.back)?,
            moved_in: self.moved_in.checked_add(other.moved_in)?,
            moved_out: self.moved_out.checked_add(other.moved_out)?,
            dropped: self.dropped.checked_add(other.dropped)?,
            tips_out: self.tips_out.checked_add(other.tips_out)?,
        })
    }
}

/// What one way to pay did. `taken` and `back` are both positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MethodFigures {
    pub taken_count: u32,
    pub taken: Money,
    pub tips: Money,
    pub rounding: Money,
    pub back_count: u32,
    pub back: Money,
}

impl MethodFigures {
    /// What a batch of the terminal, or a statement of the bank, must come to.
    pub fn net(&self) -> Result<Money, MoneyError> {
        Money::sum([self.taken, self.tips, self.rounding, self.back.checked_neg()?])
    }

    fn plus(&self, other: &MethodFigures) -> Result<MethodFigures, MoneyError> {
        Ok(MethodFigures {
            taken_count: self.taken_count.saturating_add(other.taken_count),
            taken: self.taken.checked_add(other.taken)?,
            tips: self.tips.checked_add(other.tips)?,
            rounding: self.rounding.checked_add(other.rounding)?,
            back_count: self.back_count.saturating_add(other.back_count),
            back: self.back.checked_add(other.back)?,
        })
    }
}

/// The figures of a shift, or of what came late for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub drawers: BTreeMap<CurrencyCode, DrawerFigures>,
    pub methods: BTreeMap<String, MethodFigures>,
}

impl Figures {
    /// Adds up. `own` is the shop's currency, `floats` what the drawer began with.
    pub fn of<'a>(
        own: CurrencyCode,
        floats: &[(CurrencyCode, Money)],
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> Result<Figures, MoneyError> {
        let mut figures = Figures::default();
        figures.drawers.entry(own).or_default();
        for (currency, float) in floats {
            let drawer = figures.drawers.entry(*currency).or_default();
            drawer.float = drawer.float.checked_add(*float)?;
        }
        for entry in entries {
            figures.count(own, entry)?;
        }
        Ok(figures)
    }

    fn count(&mut self, own: CurrencyCode, entry: &Entry) -> Result<(), MoneyError> {
        let drawer = self.drawers.entry(own).or_default();
        let tip = if entry.method == "cash" && entry.foreign.is_none() {
            entry.tip
        } else {
            Money::ZERO
        };
        put(drawer, entry.kind, entry.cash.checked_sub(tip)?, tip)?;
        if let Some((currency, gained)) = entry.foreign {
            put(
                self.drawers.entry(currency).or_default(),
                entry.kind,
                gained,
                Money::ZERO,
            )?;
        }
        if entry.kind.by_hand().is_some() {
            return Ok(());
        }
        let method = self.methods.entry(entry.method.clone()).or_default();
        method.tips = method.tips.checked_add(entry.tip)?;
        method.rounding = method.rounding.checked_add(entry.rounding)?;
        if matches!(entry.kind, EntryKind::Sale | EntryKind::Account) {
            method.taken_count = method.taken_count.saturating_add(1);
            method.taken = method.taken.checked_add(entry.amount)?;
        } else {
            method.back_count = method.back_count.saturating_add(1);
            method.back = method.back.checked_sub(entry.amount)?;
        }
        Ok(())
    }

    /// These and those that came later.
    pub fn plus(&self, later: &Figures) -> Result<Figures, MoneyError> {
        let mut sum = self.clone();
        for (currency, drawer) in &later.drawers {
            let mine = sum.drawers.entry(*currency).or_default();
            *mine = mine.plus(drawer)?;
        }
        for (method, figures) in &later.methods {
            let mine = sum.methods.entry(method.clone()).or_default();
            *mine = mine.plus(figures)?;
        }
        Ok(sum)
    }

    /// What must be in the drawer of this currency.
    pub fn expected(&self, currency: &CurrencyCode) -> Result<Money, MoneyError> {
        self.drawers
            .get(currency)
            .map_or(Ok(Money::ZERO), DrawerFigures::expected)
    }

    /// Every figure that these and those do not share, as words such as `cash INR sales`.
    pub fn differences(&self, other: &Figures) -> Vec<String> {
        let mut found = Vec::new();
        let none = DrawerFigures::default();
        let currencies = self.drawers.keys().chain(other.drawers.keys());
        for currency in currencies.collect::<std::collections::BTreeSet<_>>() {
            let (a, b) = (
                self.drawers.get(currency).unwrap_or(&none),
                other.drawers.get(currency).unwrap_or(&none),
            );
            for ((name, a), b) in DRAWER_WORDS.iter().zip(a.parts()).zip(b.parts()) {
                if a != b {
                    found.push(format!("cash {} {name}", String::from_utf8_lossy(currency)));
                }
            }
        }
        let none = MethodFigures::default();
        let methods = self.methods.keys().chain(other.methods.keys());
        for method in methods.collect::<std::collections::BTreeSet<_>>() {
            if self.methods.get(method).unwrap_or(&none) != other.methods.get(method).unwrap_or(&none) {
                found.push(format!("method {method}"));
            }
        }
        found
    }
}

const DRAWER_WORDS: [&str; 9] = [
    "float",
    "sales",
    "tips",
    "account",
    "back",
    "moved_in",
    "moved_out",
    "dropped",
    "tips_out",
];

fn put(drawer: &mut DrawerFigures, kind: EntryKind, gained: Money, tip: Money) -> Result<(), MoneyError> {
    let place = match kind {
        EntryKind::Sale => &mut drawer.sales,
        EntryKind::Account => &mut drawer.account,
        EntryKind::Void | EntryKind::Refund => &mut drawer.back,
        EntryKind::In => &mut drawer.moved_in,
        EntryKind::Out => &mut drawer.moved_out,
        EntryKind::Drop => &mut drawer.dropped,
        EntryKind::Tips => &mut drawer.tips_out,
    };
    *place = place.checked_add(gained)?;
    drawer.tips = drawer.tips.checked_add(tip)?;
    Ok(())
}

/// So many notes or coins of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pieces {
    pub value_minor: i64,
    pub count: u32,
}

/// Why a count is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CountError {
    #[error("a note or coin is worth more than nothing")]
    Worthless,
    #[error("one value is counted twice")]
    Twice,
    #[error("loose money cannot be less than nothing")]
    Negative,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// What somebody found in a drawer: notes and coins by their value, and loose money in one sum.
pub fn counted(pieces: &[Pieces], loose: Money) -> Result<Money, CountError> {
    if loose.is_negative() {
        return Err(CountError::Negative);
    }
    if pieces.iter().any(|one| one.value_minor <= 0) {
        return Err(CountError::Worthless);
    }
    let mut values: Vec<i64> = pieces.iter().map(|one| one.value_minor).collect();
    values.sort_unstable();
    values.dedup();
    if values.len() != pieces.len() {
        return Err(CountError::Twice);
    }
    let mut sum = loose;
    for one in pieces {
        sum = sum.checked_add(Money::from_minor(one.value_minor).checked_mul_int(i64::from(one.count))?)?;
    }
    Ok(sum)
}

/// Over is more than nothing, short less.
pub fn variance(found: Money, expected: Money) -> Result<Money, MoneyError> {
    found.checked_sub(expected)
}

/// The coins of a currency in minor units, smallest first; none where we do not know them: they are then counted in
/// one sum.
const COINS: &[(&[u8; 3], &[i64])] = &[
    (b"AED", &[25, 50, 100]),
    (b"AUD", &[5, 10, 20, 50, 100, 200]),
    (b"BRL", &[5, 10, 25, 50, 100]),
    (b"CAD", &[5, 10, 25, 100, 200]),
    (b"CHF", &[5, 10, 20, 50, 100, 200, 500]),
    (b"CNY", &[10, 50, 100]),
    (b"CZK", &[100, 200, 500, 1_000, 2_000, 5_000]),
    (b"DKK", &[50, 100, 200, 500, 1_000, 2_000]),
    (b"EUR", &[1, 2, 5, 10, 20, 50, 100, 200]),
    (b"GBP", &[1, 2, 5, 10, 20, 50, 100, 200]),
    (b"INR", &[100, 200, 500, 1_000, 2_000]),
    (b"JPY", &[1, 5, 10, 50, 100, 500]),
    (b"KWD", &[5, 10, 20, 50, 100]),
    (b"NOK", &[100, 500, 1_000, 2_000]),
    (b"NZD", &[10, 20, 50, 100, 200]),
    (b"PLN", &[1, 2, 5, 10, 20, 50, 100, 200, 500]),
    (b"SEK", &[100, 200, 500, 1_000]),
    (b"SGD", &[5, 10, 20, 50, 100]),
    (b"TRY", &[5, 10, 25, 50, 100, 500]),
    (b"USD", &[1, 5, 10, 25]),
    (b"ZAR", &[10, 20, 50, 100, 200, 500]),
];

/// Every note and coin that a drawer of this currency may hold, the largest first, as people count them.
pub fn denominations(currency: &Currency) -> Vec<i64> {
    let coins = COINS
        .iter()
        .find(|(code, _)| **code == currency.code)
        .map_or(&[][..], |(_, coins)| coins);
    let mut all: Vec<i64> = currency.banknotes().iter().chain(coins).copied().collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INR: CurrencyCode = *b"INR";
    const USD: CurrencyCode = *b"USD";

    fn money(minor: i64) -> Money {
        Money::from_minor(minor)
    }

    fn entry(kind: EntryKind, method: &str, amount: i64) -> Entry {
        let cash = if method == "cash" { amount } else { 0 };
        Entry {
            kind,
            method: method.to_owned(),
            amount: money(amount),
            tip: Money::ZERO,
            rounding: Money::ZERO,
            cash: money(cash),
            foreign: None,
        }
    }

    #[test]
    fn words_read_back() {
        for kind in EntryKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
        assert_eq!("theft".parse::<EntryKind>(), Err(UnknownEntry));
    }

    #[test]
    fn a_day_adds_up() {
        let tipped = Entry {
            tip: money(500),
            cash: money(10_500),
            ..entry(EntryKind::Sale, "cash", 10_000)
        };
        // ₹418.30 in cash where the smallest coin is a rupee.
        let rounded = Entry {
            rounding: money(-30),
            cash: money(41_800),
            ..entry(EntryKind::Sale, "cash", 41_830)
        };
        // Ten dollars for ₹640, ₹190 change.
        let foreign = Entry {
            cash: money(-19_000),
            foreign: Some((USD, money(1_000))),
            ..entry(EntryKind::Sale, "cash", 64_000)
        };
        let entries = [
            tipped,
            rounded,
            foreign,
            entry(EntryKind::Sale, "upi", 20_000),
            entry(EntryKind::Refund, "cash", -2_500),
            entry(EntryKind::Void, "upi", -20_000),
            entry(EntryKind::Account, "cash", 7_000),
            entry(EntryKind::In, "cash", 1_000),
            entry(EntryKind::Out, "cash", -300),
            entry(EntryKind::Drop, "cash", -20_000),
            entry(EntryKind::Tips, "cash", -500),
        ];
        let figures =
            Figures::of(INR, &[(INR, money(50_000)), (USD, money(2_000))], &entries).expect("adds up");
        let rupees = figures.drawers[&INR];
        assert_eq!(rupees.sales, money(10_000 + 41_800 - 19_000));
        assert_eq!(rupees.tips, money(500), "tips stand apart");
        assert_eq!(
            figures.expected(&INR),
            Ok(money(
                50_000 + 10_500 + 41_800 - 19_000 - 2_500 + 7_000 + 1_000 - 300 - 20_000 - 500
            ))
        );
        assert_eq!(figures.expected(&USD), Ok(money(3_000)));
        assert_eq!(figures.expected(b"EUR"), Ok(Money::ZERO));
        let cash = figures.methods["cash"];
        assert_eq!(
            (cash.taken_count, cash.taken),
            (4, money(10_000 + 41_830 + 64_000 + 7_000))
        );
        assert_eq!(
            (cash.back_count, cash.back, cash.rounding),
            (1, money(2_500), money(-30))
        );
        let upi = figures.methods["upi"];
        assert_eq!(
            (upi.taken, upi.back, upi.net()),
            (money(20_000), money(20_000), Ok(Money::ZERO))
        );
    }

    #[test]
    fn an_empty_shift_has_its_float_and_nothing_else() {
        let figures = Figures::of(INR, &[(INR, money(1_234))], &[]).expect("adds up");
        assert_eq!(figures.expected(&INR), Ok(money(1_234)));
        assert_eq!(figures.methods.len(), 0);
        let none = Figures::of(INR, &[], &[]).expect("adds up");
        assert_eq!(
            none.expected(&INR),
            Ok(Money::ZERO),
            "the own currency is always counted"
        );
    }

    #[test]
    fn what_differs_is_named() {
        let a =
            Figures::of(INR, &[(INR, money(100))], &[entry(EntryKind::Sale, "cash", 50)]).expect("adds up");
        let b =
            Figures::of(INR, &[(INR, money(100))], &[entry(EntryKind::Sale, "upi", 50)]).expect("adds up");
        assert_eq!(a.differences(&a), Vec::<String>::new());
        assert_eq!(a.differences(&b), ["cash INR sales", "method cash", "method upi"]);
    }

    #[test]
    fn counts_are_sums_of_pieces() {
        let pieces = |list: &[(i64, u32)]| -> Vec<Pieces> {
            list.iter()
                .map(|(value_minor, count)| Pieces {
                    value_minor: *value_minor,
                    count: *count,
                })
                .collect()
        };
        let found = counted(&pieces(&[(50_000, 3), (10_000, 0), (200, 7)]), money(35));
        assert_eq!(found, Ok(money(151_435)));
        assert_eq!(
            counted(&[], Money::ZERO),
            Ok(Money::ZERO),
            "an empty drawer is a count"
        );
        assert_eq!(
            counted(&pieces(&[(100, 1), (100, 2)]), Money::ZERO),
            Err(CountError::Twice)
        );
        assert_eq!(
            counted(&pieces(&[(0, 1)]), Money::ZERO),
            Err(CountError::Worthless)
        );
        assert_eq!(counted(&[], money(-1)), Err(CountError::Negative));
        assert_eq!(
            counted(&pieces(&[(i64::MAX, 2)]), Money::ZERO),
            Err(CountError::Money(MoneyError::Overflow))
        );
        assert_eq!(
            variance(money(99), money(100)),
            Ok(money(-1)),
            "short is below zero"
        );
    }

    #[test]
    fn denominations_go_from_large_to_small() {
        let of = |code| denominations(&Currency::from_code(code).expect("known"));
        assert_eq!(of("INR")[..2], [200_000, 50_000]);
        assert_eq!(of("INR").last(), Some(&100));
        assert_eq!(of("EUR").last(), Some(&1));
        assert_eq!(
            of("UZS").last(),
            Some(&100_000),
            "coins unknown: counted in one sum"
        );
        for (code, _) in COINS {
            let currency = Currency::from_code(std::str::from_utf8(*code).expect("ASCII")).expect("known");
            let all = denominations(&currency);
            assert!(all.is_sorted_by(|a, b| a > b), "{}", currency.code());
        }
        assert!(COINS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn what_leaves_the_range_is_refused() {
        let entries = [
            entry(EntryKind::Sale, "cash", i64::MAX),
            entry(EntryKind::Sale, "cash", 1),
        ];
        assert_eq!(Figures::of(INR, &[], &entries), Err(MoneyError::Overflow));
    }

    fn any_entry() -> impl Strategy<Value = Entry> {
        let methods = prop::sample::select(vec!["cash", "card", "upi", "account"]);
        let kinds = prop::sample::select(EntryKind::ALL.to_vec());
        let foreign = prop::option::of((prop::sample::select(vec![USD, *b"EUR"]), -9_999i64..9_999));
        (kinds, methods, -99_999i64..99_999, 0i64..500, -50i64..50, foreign).prop_map(
            |(kind, method, amount, tip, rounding, foreign)| Entry {
                kind,
                method: method.to_owned(),
                amount: money(amount),
                tip: money(tip),
                rounding: money(rounding),
                cash: money(if method == "cash" {
                    amount + tip + rounding
                } else {
                    0
                }),
                foreign: foreign.map(|(code, minor)| (code, money(minor))),
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_expected_is_the_float_and_every_gain(
            float in 0i64..1_000_000,
            entries in prop::collection::vec(any_entry(), 0..60),
        ) {
            let figures = Figures::of(INR, &[(INR, money(float))], &entries).expect("adds up");
            let gained: i64 = entries.iter().map(|e| e.cash.minor()).sum();
            prop_assert_eq!(figures.expected(&INR), Ok(money(float + gained)));
            for code in [USD, *b"EUR"] {
                let gained: i64 = entries
                    .iter()
                    .filter_map(|e| e.foreign)
                    .filter(|(foreign, _)| *foreign == code)
                    .map(|(_, minor)| minor.minor())
                    .sum();
                prop_assert_eq!(figures.expected(&code), Ok(money(gained)));
            }
        }

        #[test]
        fn late_entries_add_to_the_same_whole(
            entries in prop::collection::vec(any_entry(), 0..60),
            at in 0usize..60,
        ) {
            let at = at.min(entries.len());
            let whole = Figures::of(INR, &[(INR, money(777))], &entries).expect("adds up");
            let early = Figures::of(INR, &[(INR, money(777))], &entries[..at]).expect("adds up");
            let late = Figures::of(INR, &[], &entries[at..]).expect("adds up");
            let sum = early.plus(&late).expect("adds up");
            prop_assert_eq!(sum.differences(&whole), Vec::<String>::new());
            prop_assert_eq!(sum, whole);
        }

        #[test]
        fn the_order_of_arrival_changes_nothing(
            entries in prop::collection::vec(any_entry(), 0..40),
            turn in 0usize..40,
        ) {
            let one = Figures::of(INR, &[], &entries).expect("adds up");
            let mut turned = entries.clone();
            turned.rotate_left(turn.min(entries.len()));
            turned.reverse();
            prop_assert_eq!(one, Figures::of(INR, &[], &turned).expect("adds up"));
        }
    }
}
