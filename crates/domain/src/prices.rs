//! Which price counts: out of all that a shop has set for one product in one unit, the one that a question is
//! answered with, and from where it comes.
//!
//! Nothing here looks anything up: the prices of a product, the level's rule and the day come in. The answer does
//! not depend on the order in which prices were set down, so every till says the same.

use rust_decimal::Decimal;

use crate::money::{Money, MoneyError, Rounding};

/// The level that every shop has: the catalogue's own prices.
pub const COUNTER: &str = "counter";
/// The level that every shop begins with beside it.
pub const WHOLESALE: &str = "wholesale";

/// A day as year * 10000 + month * 100 + day.
pub type Day = u32;

/// Whom a price is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum For {
    Everybody,
    Level(String),
    /// One customer alone; which, the asker has looked up.
    Customer,
}

/// One price that somebody set: for whom, from how much on, and on which days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetPrice {
    pub id: [u8; 16],
    pub audience: For,
    /// Only at the branch that asks. Prices of other branches are not looked at in the first place.
    pub here: bool,
    /// From this much on, in thousandths of the unit it is for. 0 is any quantity.
    pub from_milli: i64,
    /// The first day it counts; `None` is since ever.
    pub first: Option<Day>,
    /// The last day it counts; `None` is for ever.
    pub last: Option<Day>,
    pub price: Money,
}

impl SetPrice {
    fn counts(&self, milli: i64, day: Day) -> bool {
        self.from_milli <= milli
            && self.first.is_none_or(|first| first <= day)
            && self.last.is_none_or(|last| day <= last)
    }

    /// The larger quantity is the narrower promise, then the later first day; two for the same are told apart by
    /// their ids, which are in the order they were made.
    fn rank(&self) -> (i64, Day, [u8; 16]) {
        (self.from_milli, self.first.unwrap_or(0), self.id)
    }
}

/// What a level does to a product that has no price of its own there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelRule {
    /// Added to the catalogue's price, or taken off when negative.
    pub percent: Decimal,
    /// The answer becomes a multiple of this.
    pub step: Money,
}

impl LevelRule {
    /// The catalogue's price moved by the rule. Never negative, and never rounded twice: the step swallows the rest.
    pub fn apply(&self, catalog: Money) -> Result<Money, MoneyError> {
        stepped(catalog, self.percent, self.step)
    }
}

/// `percent` more of a price, to the nearest multiple of `step`, rounded once and half up.
pub fn stepped(price: Money, percent: Decimal, step: Money) -> Result<Money, MoneyError> {
    let step = i128::from(step.minor().max(1));
    let percent = percent.normalize();
    let scale = 10_i128
        .checked_pow(percent.scale() + 2)
        .ok_or(MoneyError::Overflow)?;
    let factor = scale
        .checked_add(percent.mantissa())
        .ok_or(MoneyError::Overflow)?;
    let exact = i128::from(price.minor())
        .checked_mul(factor)
        .ok_or(MoneyError::Overflow)?;
    let steps = Rounding::HalfUp.divide(exact, scale.checked_mul(step).ok_or(MoneyError::Overflow)?);
    Money::from_wide(steps.max(0).checked_mul(step).ok_or(MoneyError::Overflow)?)
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What was chosen by hand, or what the customer is entitled to. `None` and [`COUNTER`] are the catalogue.
    pub level: Option<&'a str>,
    /// The level was chosen by hand, so the customer's own prices stand back.
    pub by_hand: bool,
    /// How much, in thousandths of the unit.
    pub milli: i64,
    pub day: Day,
}

/// Where a price comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Catalog,
    Level,
    /// A price for this quantity and more.
    Break,
    /// What this branch asks of everybody.
    Branch,
    Customer,
}

impl Source {
    pub const fn as_str(self) -> &'static str {
        match self {
            Source::Catalog => "catalog",
            Source::Level => "level",
            Source::Break => "break",
            Source::Branch => "branch",
            Source::Customer => "customer",
        }
    }
}

/// The price that counts, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    pub price: Money,
    pub source: Source,
    /// The level that gave it, when one did.
    pub level: Option<String>,
    /// It is the catalogue's price moved by a rule, and includes tax as that one does.
    pub ruled: bool,
}

/// The price of a product in one unit.
///
/// The customer's own price comes first, unless a level was chosen by hand; then what this branch says; then what the
/// level says, its own price for the product, else its rule on what the catalogue asks for this quantity; then the
/// catalogue: a price set for this quantity or these days, else the product's plain price.
///
/// For the same people a price of this branch goes before one of the whole shop, whatever the quantity. A branch that
/// asks a price of its own of everybody has a catalogue of its own: a level's percentage moves it, and a price that
/// the shop set for a level does not reach it. Only what is set for the level at this branch does.
pub fn choose(
    plain: Money,
    set: &[SetPrice],
    rule: Option<&LevelRule>,
    question: &Question<'_>,
) -> Result<Chosen, MoneyError> {
    let best = |wanted: &dyn Fn(&SetPrice) -> bool| {
        set.iter()
            .filter(|one| wanted(one) && one.counts(question.milli, question.day))
            .max_by_key(|one| (one.here, one.rank()))
    };
    let shop_wide = |price, source| Chosen {
        price,
        source,
        level: None,
        ruled: false,
    };
    if !question.by_hand
        && let Some(own) = best(&|one| one.audience == For::Customer)
    {
        return Ok(shop_wide(own.price, Source::Customer));
    }
    let for_all = best(&|one| one.audience == For::Everybody);
    let catalog = match for_all {
        Some(one) => shop_wide(one.price, broken(one, Source::Catalog)),
        None => shop_wide(plain, Source::Catalog),
    };
    let Some(level) = question.level.filter(|level| *level != COUNTER) else {
        return Ok(catalog);
    };
    let branch_asks = for_all.is_some_and(|one| one.here);
    let own =
        best(&|one| matches!(&one.audience, For::Level(of) if of == level) && (one.here || !branch_asks));
    if let Some(one) = own {
        return Ok(Chosen {
            price: one.price,
            source: broken(one, Source::Level),
            level: Some(level.to_owned()),
            ruled: false,
        });
    }
    match rule {
        Some(rule) => Ok(Chosen {
            price: rule.apply(catalog.price)?,
            source: Source::Level,
            level: Some(level.to_owned()),
            ruled: true,
        }),
        None => Ok(catalog),
    }
}

/// What a variant's own prices are, and those of its product for everybody whom its own say nothing about.
pub fn inherited(mut own: Vec<SetPrice>, of_product: Vec<SetPrice>) -> Vec<SetPrice> {
    let named: Vec<For> = own.iter().map(|one| one.audience.clone()).collect();
    own.extend(
        of_product
            .into_iter()
            .filter(|one| !named.contains(&one.audience)),
    );
    own
}

/// Whether anything that was set answers the question; else the plain price or the level's rule does.
pub fn any_counts(set: &[SetPrice], question: &Question<'_>) -> bool {
    set.iter().any(|one| {
        one.counts(question.milli, question.day)
            && match &one.audience {
                For::Everybody => true,
                For::Level(level) => question.level == Some(level),
                For::Customer => !question.by_hand,
            }
    })
}

fn broken(one: &SetPrice, otherwise: Source) -> Source {
    if one.from_milli > 0 {
        Source::Break
    } else if one.here && one.audience == For::Everybody {
        Source::Branch
    } else {
        otherwise
    }
}

/// What a unit costs that has no price of its own: so many thousandths of the base unit.
pub fn by_content(base_price: Money, base_milli: i64) -> Result<Money, MoneyError> {
    let exact = i128::from(base_price.minor()) * i128::from(base_milli);
    Money::from_wide(Rounding::HalfUp.divide(exact, 1000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(id: u8, audience: For, from_milli: i64, days: (Option<Day>, Option<Day>), minor: i64) -> SetPrice {
        SetPrice {
            id: [id; 16],
            audience,
            here: false,
            from_milli,
            first: days.0,
            last: days.1,
            price: Money::from_minor(minor),
        }
    }

    fn asked(level: Option<&str>, by_hand: bool, milli: i64, day: Day) -> Question<'_> {
        Question {
            level,
            by_hand,
            milli,
            day,
        }
    }

    fn answer(set: &[SetPrice], rule: Option<&LevelRule>, question: &Question<'_>) -> (i64, &'static str) {
        let chosen = choose(Money::from_minor(100_00), set, rule, question).expect("a price");
        (chosen.price.minor(), chosen.source.as_str())
    }

    fn wholesale() -> For {
        For::Level(WHOLESALE.to_owned())
    }

    fn rule(percent: &str, step: i64) -> LevelRule {
        LevelRule {
            percent: percent.parse().expect("a decimal"),
            step: Money::from_minor(step),
        }
    }

    const EVER: (Option<Day>, Option<Day>) = (None, None);
    const TODAY: Day = 2026_11_21;

    #[test]
    fn the_narrowest_promise_counts() {
        let prices = [
            set(1, wholesale(), 0, EVER, 90_00),
            set(2, wholesale(), 10_000, EVER, 85_00),
            set(3, For::Everybody, 5_000, EVER, 95_00),
            set(4, For::Customer, 0, EVER, 80_00),
            set(5, For::Customer, 20_000, EVER, 70_00),
        ];
        for (level, by_hand, milli, expected) in [
            (None, false, 1_000, (80_00, "customer")),
            (None, false, 20_000, (70_00, "customer")),
            (Some(WHOLESALE), false, 1_000, (80_00, "customer")),
            (Some(WHOLESALE), true, 1_000, (90_00, "level")),
            (Some(WHOLESALE), true, 9_999, (90_00, "level")),
            (Some(WHOLESALE), true, 10_000, (85_00, "break")),
            (Some(COUNTER), true, 1_000, (100_00, "catalog")),
            (Some(COUNTER), true, 5_000, (95_00, "break")),
            (Some("unheard of"), true, 5_000, (95_00, "break")),
        ] {
            let question = asked(level, by_hand, milli, TODAY);
            assert_eq!(answer(&prices, None, &question), expected, "{question:?}");
        }
    }

    fn here(price: SetPrice) -> SetPrice {
        SetPrice { here: true, ..price }
    }

    #[test]
    fn a_branch_asks_what_it_says_before_the_shop_does() {
        let shop = [
            set(1, For::Everybody, 10_000, EVER, 90_00),
            set(2, wholesale(), 0, EVER, 80_00),
            set(3, For::Customer, 0, EVER, 70_00),
        ];
        let dearer = here(set(4, For::Everybody, 0, EVER, 120_00));
        let with = |more: &[SetPrice]| [&shop[..], more].concat();
        let retail = |milli| asked(None, true, milli, TODAY);
        let trade = asked(Some(WHOLESALE), true, 1_000, TODAY);
        let own = asked(Some(WHOLESALE), false, 1_000, TODAY);
        let at_branch = with(std::slice::from_ref(&dearer));
        assert_eq!(answer(&at_branch, None, &retail(1_000)), (120_00, "branch"));
        assert_eq!(
            answer(&at_branch, None, &retail(10_000)),
            (120_00, "branch"),
            "the shop's break is the shop's catalogue"
        );
        assert_eq!(
            answer(&at_branch, None, &trade),
            (120_00, "branch"),
            "so is what it set for a level"
        );
        assert_eq!(
            answer(&at_branch, Some(&rule("-10", 1)), &trade),
            (108_00, "level"),
            "a percentage moves whatever is asked here"
        );
        assert_eq!(
            answer(&at_branch, None, &own),
            (70_00, "customer"),
            "what was promised to one customer holds everywhere"
        );
        let for_level = with(&[dearer.clone(), here(set(5, wholesale(), 0, EVER, 110_00))]);
        assert_eq!(answer(&for_level, None, &trade), (110_00, "level"));
        let only_level = with(&[here(set(5, wholesale(), 0, EVER, 110_00))]);
        assert_eq!(
            answer(&only_level, None, &trade),
            (110_00, "level"),
            "before the shop's 80"
        );
        assert_eq!(answer(&only_level, None, &retail(1_000)), (100_00, "catalog"));
        let for_customer = with(&[here(set(6, For::Customer, 0, EVER, 75_00))]);
        assert_eq!(answer(&for_customer, None, &own), (75_00, "customer"));
    }

    #[test]
    fn prices_begin_and_end_on_their_days() {
        let prices = [
            set(1, For::Everybody, 0, (None, Some(2026_11_30)), 90_00),
            set(2, For::Everybody, 0, (Some(2026_12_01), None), 95_00),
            set(3, For::Everybody, 0, (Some(2026_12_24), Some(2026_12_24)), 50_00),
        ];
        for (day, price) in [
            (2026_11_30, 90_00),
            (2026_12_01, 95_00),
            (2026_12_24, 50_00),
            (2026_12_25, 95_00),
        ] {
            assert_eq!(
                answer(&prices, None, &asked(None, false, 1_000, day)),
                (price, "catalog")
            );
        }
    }

    #[test]
    fn a_level_without_a_price_of_its_own_follows_its_rule() {
        let off = rule("-12.5", 1);
        let question = asked(Some(WHOLESALE), false, 1_000, TODAY);
        assert_eq!(answer(&[], Some(&off), &question), (87_50, "level"));
        let bulk = [set(1, For::Everybody, 5_000, EVER, 80_00)];
        let many = asked(Some(WHOLESALE), false, 5_000, TODAY);
        assert_eq!(
            answer(&bulk, Some(&off), &many),
            (70_00, "level"),
            "the rule builds on what the quantity costs"
        );
        assert_eq!(
            answer(&[], Some(&rule("-12.4", 5_00)), &question),
            (90_00, "level")
        );
        assert_eq!(
            answer(&[], Some(&rule("-100", 1)), &question),
            (0, "level"),
            "free is a price"
        );
        assert_eq!(
            answer(&[], Some(&rule("-250", 1)), &question),
            (0, "level"),
            "no price falls below nothing"
        );
    }

    #[test]
    fn a_pack_without_a_price_costs_what_it_holds() {
        let of = |base, milli| by_content(Money::from_minor(base), milli).map(Money::minor);
        assert_eq!(of(10_00, 12_000), Ok(120_00));
        assert_eq!(of(560_00, 250), Ok(140_00));
        assert_eq!(of(3, 500), Ok(2), "half a minor unit goes up");
        assert_eq!(of(i64::MAX, 2_000), Err(MoneyError::Overflow));
    }

    fn any_price() -> impl Strategy<Value = SetPrice> {
        let audience = prop_oneof![
            Just(For::Everybody),
            Just(For::Customer),
            Just(wholesale()),
            Just(For::Level("club".to_owned())),
        ];
        let day = || prop::option::of(20_260_101_u32..20_260_130);
        (
            any::<(u8, bool)>(),
            audience,
            0i64..5,
            day(),
            day(),
            0i64..1_000_000,
        )
            .prop_map(|((id, here), audience, from, first, last, minor)| SetPrice {
                here,
                ..set(id, audience, from * 1_000, (first, last), minor)
            })
    }

    #[test]
    fn a_variant_asks_its_product_where_it_says_nothing_itself() {
        let of_product = vec![
            set(1, For::Everybody, 12_000, EVER, 90_00),
            set(2, wholesale(), 0, EVER, 80_00),
        ];
        let own = vec![set(3, wholesale(), 24_000, EVER, 70_00)];
        let all = inherited(own, of_product);
        let at = |level, milli| answer(&all, None, &asked(level, false, milli, TODAY)).0;
        assert_eq!(at(None, 12_000), 90_00, "the product's break");
        assert_eq!(at(Some(WHOLESALE), 24_000), 70_00, "its own");
        assert_eq!(
            at(Some(WHOLESALE), 1_000),
            100_00,
            "one price of its own at a level, and the product's there counts no more"
        );
    }

    proptest! {
        #[test]
        fn the_order_in_which_prices_came_changes_nothing(
            mut prices in prop::collection::vec(any_price(), 0..12),
            turn in 0usize..12,
            milli in 0i64..6_000,
            day in 20_260_101_u32..20_260_130,
            by_hand: bool,
            level in prop::option::of(prop_oneof![Just(COUNTER), Just(WHOLESALE), Just("club")]),
        ) {
            // Ids are never given twice.
            for (n, price) in prices.iter_mut().enumerate() {
                price.id = [n as u8; 16];
            }
            let question = asked(level, by_hand, milli, day);
            let rule = rule("-7.5", 50);
            let before = answer(&prices, Some(&rule), &question);
            prices.reverse();
            let turn = turn % prices.len().max(1);
            prices.rotate_left(turn);
            prop_assert_eq!(before, answer(&prices, Some(&rule), &question));
        }

        #[test]
        fn only_what_counts_is_ever_chosen(
            prices in prop::collection::vec(any_price(), 1..12),
            milli in 0i64..6_000,
            day in 20_260_101_u32..20_260_130,
        ) {
            let question = asked(None, true, milli, day);
            let mut able: Vec<i64> = prices
                .iter()
                .filter(|p| p.audience == For::Everybody && p.counts(milli, day))
                .map(|p| p.price.minor())
                .collect();
            prop_assert_eq!(any_counts(&prices, &question), !able.is_empty());
            able.push(100_00);
            let (chosen, _) = answer(&prices, None, &question);
            prop_assert!(able.contains(&chosen));
        }

        #[test]
        fn at_a_branch_its_own_price_for_the_same_people_goes_first(
            prices in prop::collection::vec(any_price(), 1..12),
            milli in 0i64..6_000,
            day in 20_260_101_u32..20_260_130,
        ) {
            let question = asked(None, true, milli, day);
            let (chosen, _) = answer(&prices, None, &question);
            let own: Vec<i64> = prices
                .iter()
                .filter(|p| p.here && p.audience == For::Everybody && p.counts(milli, day))
                .map(|p| p.price.minor())
                .collect();
            prop_assert!(own.is_empty() || own.contains(&chosen));
            // Elsewhere the prices of this branch are not even looked at.
            let elsewhere: Vec<SetPrice> = prices.iter().filter(|p| !p.here).cloned().collect();
            if own.is_empty() {
                prop_assert_eq!(answer(&elsewhere, None, &question).0, chosen);
            }
        }

        #[test]
        fn more_never_falls_back_to_a_smaller_break(
            breaks in prop::collection::btree_map(1i64..50, 1i64..1_000_000, 1..8),
            some in 0i64..60,
            more in 0i64..60,
        ) {
            let prices: Vec<SetPrice> = breaks
                .iter()
                .enumerate()
                .map(|(n, (from, minor))| set(n as u8, For::Everybody, from * 1_000, EVER, *minor))
                .collect();
            let start = |milli: i64| {
                let (minor, source) = answer(&prices, None, &asked(None, false, milli, TODAY));
                let expected = breaks.range(..=milli / 1_000).next_back();
                assert_eq!(expected.map_or((100_00, "catalog"), |(_, m)| (*m, "break")), (minor, source));
                expected.map_or(0, |(from, _)| *from)
            };
            prop_assert!(start((some + more) * 1_000) >= start(some * 1_000));
        }

        #[test]
        fn a_step_is_kept_and_never_more_than_half_a_step_off(
            minor in 0i64..100_000_000,
            percent in -90i64..900,
            step in 1i64..10_000,
        ) {
            let got = stepped(Money::from_minor(minor), Decimal::from(percent), Money::from_minor(step))
                .expect("in range")
                .minor();
            prop_assert_eq!(got % step, 0);
            prop_assert!((got * 100 - minor * (100 + percent)).abs() * 2 <= step * 100);
        }
    }
}
