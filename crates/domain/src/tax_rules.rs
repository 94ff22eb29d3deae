//! Which taxes a line has: classes of goods with dated rules, and the place where a supply is taxed.
//!
//! Rates, thresholds and dates are the shop's data; the only law written here is how a place of supply is found and
//! how India's one rate becomes two taxes or one. What the taxes come to is [`tax`](crate::tax)'s.

use std::sync::Arc;

use thiserror::Error;

use crate::gst;
use crate::money::Money;
use crate::tax::{Component, Rate};

/// The most taxes one line may have.
pub const MAX_COMPONENTS: usize = 8;
/// The name of the component that India's scheme turns into CGST and SGST, CGST and UTGST, or IGST.
pub const GST: &str = "GST";

/// Why rules were refused, or why a line has no rate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TaxRuleError {
    #[error("no rate is set for {class} on this day")]
    NoRate { class: String },
    #[error("rule {rule}: at most {MAX_COMPONENTS} taxes")]
    TooManyTaxes { rule: usize },
    #[error("rule {rule}: a tax needs a name, and no two the same")]
    Names { rule: usize },
    #[error("rule {rule}: a rate that is split into two halves has at most 5 decimals")]
    NoHalf { rule: usize },
    #[error("rule {rule}: it ends before it begins")]
    EndsBeforeItBegins { rule: usize },
    #[error("rule {rule}: its lower limit is not below its upper one")]
    Limits { rule: usize },
    #[error(
        "goods at other prices, of other people or of a later day would have no rate: a rule without conditions is missing"
    )]
    NoFallback,
}

/// How components come from a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// As the rule lists them.
    #[default]
    Plain,
    /// "GST" in two halves inside a State, whole between States.
    IndiaGst,
}

/// How the law sees goods on which a rule charges what it charges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Treatment {
    #[default]
    Taxed,
    /// Taxed at nothing.
    Nil,
    /// Freed of the tax.
    Exempt,
    /// Not under this tax at all.
    Outside,
}

impl Treatment {
    pub const ALL: [Treatment; 4] = [
        Treatment::Taxed,
        Treatment::Nil,
        Treatment::Exempt,
        Treatment::Outside,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Treatment::Taxed => "taxed",
            Treatment::Nil => "nil",
            Treatment::Exempt => "exempt",
            Treatment::Outside => "outside",
        }
    }

    pub fn from_word(word: &str) -> Option<Treatment> {
        Treatment::ALL.into_iter().find(|t| t.as_str() == word)
    }
}

/// When a rule applies. Everything that is set must hold; what is empty asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// Dearer than this for one of its unit, after every discount and before tax.
    pub above: Option<Money>,
    /// At most this for one of its unit.
    pub up_to: Option<Money>,
    pub order_types: Vec<String>,
    pub customer_types: Vec<String>,
    /// Places of supply; "CA" also means every "CA-…".
    pub regions: Vec<String>,
    /// Only buyers with a tax number, or only those without.
    pub registered: Option<bool>,
}

impl When {
    pub fn is_always(&self) -> bool {
        *self == When::default()
    }
}

/// What a class costs in tax from a day on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The first and the last business day, as year * 10000 + month * 100 + day.
    pub from: u32,
    pub to: Option<u32>,
    pub when: When,
    pub treatment: Treatment,
    pub components: Vec<Component>,
    /// Where the rate stands written.
    pub source: String,
}

/// One of a class's rules: its terms, and its components as each place of supply has them.
#[derive(Clone, Debug)]
pub struct TaxRule {
    terms: Terms,
    local: Arc<[Component]>,
    union_territory: Arc<[Component]>,
    between: Arc<[Component]>,
}

impl TaxRule {
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    fn new(at: usize, terms: Terms, scheme: Scheme) -> Result<TaxRule, TaxRuleError> {
        let rule = at + 1;
        let components = &terms.components;
        if components.len() > MAX_COMPONENTS {
            return Err(TaxRuleError::TooManyTaxes { rule });
        }
        let named_twice = |at: usize| components[..at].iter().any(|c| c.name == components[at].name);
        if (0..components.len()).any(|at| components[at].name.trim().is_empty() || named_twice(at)) {
            return Err(TaxRuleError::Names { rule });
        }
        if terms.to.is_some_and(|to| to < terms.from) {
            return Err(TaxRuleError::EndsBeforeItBegins { rule });
        }
        if let (Some(above), Some(up_to)) = (terms.when.above, terms.when.up_to)
            && above >= up_to
        {
            return Err(TaxRuleError::Limits { rule });
        }
        let halves = |second: &str| -> Result<Arc<[Component]>, TaxRuleError> {
            let mut found = Vec::with_capacity(components.len() + 1);
            for component in components {
                if scheme == Scheme::IndiaGst && component.name == GST {
                    let half = component
                        .rate
                        .halved()
                        .map_err(|_| TaxRuleError::NoHalf { rule })?;
                    found.extend(["CGST", second].map(|name| Component {
                        name: name.to_owned(),
                        rate: half,
                        compound: component.compound,
                    }));
                } else {
                    found.push(component.clone());
                }
            }
            Ok(found.into())
        };
        let between = components
            .iter()
            .map(|component| match scheme {
                Scheme::IndiaGst if component.name == GST => Component {
                    name: "IGST".to_owned(),
                    ..component.clone()
                },
                _ => component.clone(),
            })
            .collect();
        Ok(TaxRule {
            local: halves("SGST")?,
            union_territory: halves("UTGST")?,
            between,
            terms,
        })
    }

    fn holds_on(&self, day: u32) -> bool {
        self.terms.from <= day && self.terms.to.is_none_or(|to| day <= to)
    }

    fn holds_for(&self, context: &TaxContext<'_>, place: &str) -> bool {
        let when = &self.terms.when;
        let among = |words: &[String], word: Option<&str>| {
            words.is_empty() || word.is_some_and(|word| words.iter().any(|w| w == word))
        };
        let region = |wanted: &String| {
            place
                .strip_prefix(wanted.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        among(&when.order_types, Some(context.order_type))
            && among(&when.customer_types, context.customer_type)
            && (when.regions.is_empty() || when.regions.iter().any(region))
            && when
                .registered
                .is_none_or(|wanted| wanted == context.buyer_registered)
            && when.above.is_none_or(|limit| !self.is_at_most(limit, context))
            && when.up_to.is_none_or(|limit| self.is_at_most(limit, context))
    }

    /// Whether one unit costs at most `limit` before tax. A price that contains taxes is asked under this rule's own.
    fn is_at_most(&self, limit: Money, context: &TaxContext<'_>) -> bool {
        let (untaxed, whole) = match context.inclusive {
            true => untaxed_part(&self.terms.components),
            false => (1, 1),
        };
        let value = i128::from(context.net.minor().unsigned_abs()) * 1000;
        let most = i128::from(limit.minor()) * i128::from(context.milli.unsigned_abs());
        // Amounts below 2^53, quantities below 2^30 and rates in millionths leave 128 bits alone; absurd rates do not.
        match (value.checked_mul(untaxed), most.checked_mul(whole)) {
            (Some(value), Some(most)) => value <= most,
            _ => false,
        }
    }
}

/// Which part of a price with these taxes in it is no tax, in steps of a millionth of a percent.
fn untaxed_part(components: &[Component]) -> (i128, i128) {
    const WHOLE: i128 = 100_000_000;
    // Tax on a tax is cut to the same fine steps: a ten-billionth of a price moves no threshold.
    let with_taxes = components.iter().fold(WHOLE, |price, component| {
        let rate = i128::from(component.rate.millionths());
        let on = if component.compound { price } else { WHOLE };
        price + on.saturating_mul(rate) / WHOLE
    });
    (WHOLE, with_taxes)
}

/// Goods that are taxed alike.
#[derive(Clone, Debug)]
pub struct TaxClass {
    name: String,
    /// Services that are given where the seller is, like meals: they are taxed there, whoever buys.
    performed: bool,
    scheme: Scheme,
    rules: Vec<TaxRule>,
}

impl TaxClass {
    /// Checks that the rules can be, and that nothing is left without a rate from the first rule's day on.
    pub fn new(
        name: &str,
        scheme: Scheme,
        performed: bool,
        terms: Vec<Terms>,
    ) -> Result<TaxClass, TaxRuleError> {
        let rules = terms
            .into_iter()
            .enumerate()
            .map(|(at, terms)| TaxRule::new(at, terms, scheme))
            .collect::<Result<Vec<_>, _>>()?;
        let first = rules.iter().map(|rule| rule.terms.from).min();
        let fallback = |rule: &&TaxRule| rule.terms.when.is_always() && rule.terms.to.is_none();
        let covered = rules.iter().filter(fallback).map(|rule| rule.terms.from).min();
        if first.is_none() || covered.is_none() || first < covered {
            return Err(TaxRuleError::NoFallback);
        }
        Ok(TaxClass {
            name: name.to_owned(),
            performed,
            scheme,
            rules,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn is_performed(&self) -> bool {
        self.performed
    }

    /// In the order in which they were given.
    pub fn rules(&self) -> &[TaxRule] {
        &self.rules
    }
}

/// Where the goods of a registered buyer who carries them home are taxed: the law does not settle it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AtCounter {
    #[default]
    Seller,
    Buyer,
}

/// What a line's taxes depend on, beside its class.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaxContext<'a> {
    /// The business day.
    pub day: u32,
    pub seller_region: &'a str,
    /// Where the buyer is at home, if the document says so.
    pub buyer_region: Option<&'a str>,
    /// The buyer has a tax number.
    pub buyer_registered: bool,
    /// The buyer sits in a special economic zone: always a supply between States.
    pub buyer_in_zone: bool,
    /// The goods are given out over the counter.
    pub handed_over: bool,
    pub delivered_to: Option<&'a str>,
    pub at_counter: AtCounter,
    /// What the line costs after every discount, and for how many thousandths of its unit.
    pub net: Money,
    pub milli: i64,
    /// `net` contains the taxes.
    pub inclusive: bool,
    /// counter, eat_in, take_away or delivery
    pub order_type: &'a str,
    pub customer_type: Option<&'a str>,
    /// The seller may not charge tax: a composition dealer, or one without a number.
    pub composition: bool,
}

/// A line's taxes, and why these.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// None of the rules' components for a seller who may not charge them.
    pub components: Arc<[Component]>,
    pub treatment: Treatment,
    /// Which of the class's rules, counted from 0.
    pub rule: usize,
    /// The sum of the rule's rates, as the class is spoken of ("18 %").
    pub rate: Rate,
}

/// The region where a supply is taxed.
pub fn place_of_supply<'a>(scheme: Scheme, performed: bool, context: &TaxContext<'a>) -> &'a str {
    let here = context.seller_region;
    // Elsewhere than in India, an address on the bill moves nothing that is given out here.
    let goes_to = context.delivered_to.or(context.buyer_region).unwrap_or(here);
    match scheme {
        _ if performed => here,
        Scheme::Plain if context.handed_over => context.delivered_to.unwrap_or(here),
        Scheme::Plain => goes_to,
        // IGST Act s.10(1)(ca): what the document says, wherever the goods are given out.
        Scheme::IndiaGst if !context.buyer_registered => goes_to,
        Scheme::IndiaGst => match (context.delivered_to, context.handed_over, context.at_counter) {
            (Some(place), ..) => place,
            (None, true, AtCounter::Seller) => here,
            (None, ..) => goes_to,
        },
    }
}

/// The taxes of a line: of the rules that hold, the one that began last; of those one with conditions, the first.
pub fn choose(class: &TaxClass, context: &TaxContext<'_>) -> Result<Chosen, TaxRuleError> {
    let place = place_of_supply(class.scheme, class.performed, context);
    let mut found: Option<(usize, &TaxRule)> = None;
    for (at, rule) in class.rules.iter().enumerate() {
        // What is said of some goods or people beats what is said of all, from the same day on.
        let rank = |rule: &TaxRule| (rule.terms.from, !rule.terms.when.is_always());
        let better = found.is_none_or(|(_, best)| rank(rule) > rank(best));
        if better && rule.holds_on(context.day) && rule.holds_for(context, place) {
            found = Some((at, rule));
        }
    }
    let (at, rule) = found.ok_or_else(|| TaxRuleError::NoRate {
        class: class.name.clone(),
    })?;
    let components = if context.composition {
        Arc::from([])
    } else if context.buyer_in_zone || (place != context.seller_region && !context.seller_region.is_empty()) {
        rule.between.clone()
    } else if gst::has_utgst(place) {
        rule.union_territory.clone()
    } else {
        rule.local.clone()
    };
    let rate = rule
        .terms
        .components
        .iter()
        .map(|component| component.rate.millionths())
        .fold(0u32, u32::saturating_add);
    Ok(Chosen {
        components,
        treatment: rule.terms.treatment,
        rule: at,
        rate: Rate::from_millionths(rate).unwrap_or(Rate::MOST),
    })
}

/// Only the components of [`choose`].
pub fn components_for(class: &TaxClass, context: &TaxContext<'_>) -> Result<Arc<[Component]>, TaxRuleError> {
    choose(class, context).map(|chosen| chosen.components)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gst(percent: &str) -> Vec<Component> {
        vec![Component::new(GST, percent.parse().expect("a rate"))]
    }

    fn always(from: u32, percent: &str) -> Terms {
        Terms {
            from,
            components: gst(percent),
            ..Terms::default()
        }
    }

    fn class(terms: Vec<Terms>) -> TaxClass {
        TaxClass::new("Goods", Scheme::IndiaGst, false, terms).expect("rules")
    }

    fn in_pune<'a>() -> TaxContext<'a> {
        TaxContext {
            day: 2026_11_21,
            seller_region: "27",
            handed_over: true,
            net: Money::from_minor(100_00),
            milli: 1000,
            order_type: "counter",
            ..TaxContext::default()
        }
    }

    fn names(class: &TaxClass, context: &TaxContext<'_>) -> String {
        let components = components_for(class, context).expect("a rate");
        let names: Vec<String> = components
            .iter()
            .map(|c| format!("{} {}", c.name, c.rate))
            .collect();
        names.join(" + ")
    }

    #[test]
    fn the_place_decides_which_taxes_a_rate_becomes() {
        let goods = class(vec![always(2017_07_01, "18")]);
        let to = |place| TaxContext {
            buyer_region: place,
            ..in_pune()
        };
        assert_eq!(names(&goods, &to(None)), "CGST 9 + SGST 9");
        assert_eq!(names(&goods, &to(Some("27"))), "CGST 9 + SGST 9");
        assert_eq!(names(&goods, &to(Some("29"))), "IGST 18");
        let zone = TaxContext {
            buyer_in_zone: true,
            buyer_registered: true,
            ..in_pune()
        };
        assert_eq!(names(&goods, &zone), "IGST 18", "a zone is another country");
        let chandigarh = TaxContext {
            seller_region: "04",
            ..in_pune()
        };
        assert_eq!(names(&goods, &chandigarh), "CGST 9 + UTGST 9");
        let unknown = TaxContext {
            seller_region: "",
            buyer_region: Some("29"),
            ..in_pune()
        };
        assert_eq!(
            names(&goods, &unknown),
            "CGST 9 + SGST 9",
            "a seller who says no State sells inside it"
        );
    }

    #[test]
    fn what_a_registered_buyer_carries_home_is_the_owners_choice() {
        let goods = class(vec![always(2017_07_01, "5")]);
        let carries = TaxContext {
            buyer_registered: true,
            buyer_region: Some("29"),
            ..in_pune()
        };
        assert_eq!(names(&goods, &carries), "CGST 2.5 + SGST 2.5");
        let chosen = TaxContext {
            at_counter: AtCounter::Buyer,
            ..carries
        };
        assert_eq!(names(&goods, &chosen), "IGST 5");
        let sent = TaxContext {
            delivered_to: Some("29"),
            ..carries
        };
        assert_eq!(names(&goods, &sent), "IGST 5");
    }

    #[test]
    fn meals_are_taxed_where_they_are_eaten() {
        let meal =
            TaxClass::new("Meals", Scheme::IndiaGst, true, vec![always(2017_07_01, "5")]).expect("rules");
        let from_afar = TaxContext {
            buyer_region: Some("29"),
            ..in_pune()
        };
        assert_eq!(names(&meal, &from_afar), "CGST 2.5 + SGST 2.5");
    }

    #[test]
    fn the_rule_that_began_last_holds_and_ends_by_itself() {
        let cut = Terms {
            to: Some(2026_12_31),
            ..always(2026_07_01, "5")
        };
        let goods = class(vec![always(2017_07_01, "12"), cut, always(2027_02_01, "18")]);
        let on = |day| {
            names(
                &goods,
                &TaxContext {
                    buyer_region: Some("29"),
                    day,
                    ..in_pune()
                },
            )
        };
        assert_eq!(on(2026_06_30), "IGST 12");
        assert_eq!(on(2026_07_01), "IGST 5");
        assert_eq!(on(2026_12_31), "IGST 5");
        assert_eq!(
            on(2027_01_01),
            "IGST 12",
            "a cut that ended leaves the rate before it"
        );
        assert_eq!(on(2027_02_01), "IGST 18");
        let before = TaxContext {
            day: 2017_06_30,
            ..in_pune()
        };
        assert_eq!(
            components_for(&goods, &before),
            Err(TaxRuleError::NoRate {
                class: "Goods".into()
            })
        );
    }

    #[test]
    fn a_threshold_is_asked_before_tax_and_after_discount() {
        let cheap = Terms {
            when: When {
                up_to: Some(Money::from_minor(2500_00)),
                ..When::default()
            },
            ..always(2025_09_22, "5")
        };
        let shirts = class(vec![cheap, always(2025_09_22, "18")]);
        let rate = |net: i64, milli: i64, inclusive: bool| {
            let context = TaxContext {
                net: Money::from_minor(net),
                milli,
                inclusive,
                ..in_pune()
            };
            choose(&shirts, &context).expect("a rate").rate.to_string()
        };
        assert_eq!(rate(2500_00, 1000, false), "5");
        assert_eq!(rate(2500_01, 1000, false), "18");
        assert_eq!(rate(5000_00, 2000, false), "5", "for one piece, not for the line");
        assert_eq!(
            rate(7500_01, 3000, false),
            "18",
            "a third of a paisa is above too"
        );
        assert_eq!(rate(2625_00, 1000, true), "5", "2,500 and 5 % of it");
        assert_eq!(rate(2625_01, 1000, true), "18");
        assert_eq!(
            rate(-2500_00, 1000, false),
            "5",
            "what comes back is taxed as it was"
        );
    }

    #[test]
    fn every_condition_must_hold() {
        let terms = |when: When, percent: &str| Terms {
            when,
            components: vec![Component::new("VAT", percent.parse().expect("a rate"))],
            ..always(2020_01_01, "0")
        };
        let words = |word: &str| vec![word.to_owned()];
        let drinks = TaxClass::new(
            "Coffee",
            Scheme::Plain,
            false,
            vec![
                terms(
                    When {
                        order_types: words("take_away"),
                        customer_types: words("staff"),
                        ..When::default()
                    },
                    "0",
                ),
                terms(
                    When {
                        order_types: words("take_away"),
                        ..When::default()
                    },
                    "7",
                ),
                terms(
                    When {
                        regions: words("FR"),
                        registered: Some(true),
                        ..When::default()
                    },
                    "0",
                ),
                terms(When::default(), "19"),
            ],
        )
        .expect("rules");
        let berlin = TaxContext {
            seller_region: "DE",
            ..in_pune()
        };
        assert_eq!(names(&drinks, &berlin), "VAT 19");
        let away = TaxContext {
            order_type: "take_away",
            ..berlin
        };
        assert_eq!(names(&drinks, &away), "VAT 7");
        let staff = TaxContext {
            customer_type: Some("staff"),
            ..away
        };
        assert_eq!(names(&drinks, &staff), "VAT 0");
        let french = TaxContext {
            delivered_to: Some("FR-75"),
            buyer_registered: true,
            ..berlin
        };
        assert_eq!(names(&drinks, &french), "VAT 0");
        let tourist = TaxContext {
            buyer_region: Some("FR"),
            buyer_registered: true,
            ..berlin
        };
        assert_eq!(
            names(&drinks, &tourist),
            "VAT 19",
            "what is given out here is taxed here"
        );
        let elsewhere = TaxContext {
            delivered_to: Some("FRX"),
            ..french
        };
        assert_eq!(names(&drinks, &elsewhere), "VAT 19", "FRX is no part of FR");
    }

    #[test]
    fn rules_that_cannot_be_are_refused() {
        let refused =
            |terms: Vec<Terms>| TaxClass::new("Goods", Scheme::IndiaGst, false, terms).expect_err("refused");
        assert_eq!(refused(vec![]), TaxRuleError::NoFallback);
        let ends = Terms {
            to: Some(2027_01_01),
            ..always(2026_01_01, "5")
        };
        assert_eq!(refused(vec![ends.clone()]), TaxRuleError::NoFallback);
        assert_eq!(
            refused(vec![ends, always(2026_06_01, "5")]),
            TaxRuleError::NoFallback,
            "a first half-year that only some goods have a rate in"
        );
        let backwards = Terms {
            to: Some(2025_01_01),
            ..always(2026_01_01, "5")
        };
        assert_eq!(
            refused(vec![always(2020_01_01, "5"), backwards]),
            TaxRuleError::EndsBeforeItBegins { rule: 2 }
        );
        let twice = Terms {
            components: [gst("5"), gst("1")].concat(),
            ..always(2020_01_01, "5")
        };
        assert_eq!(refused(vec![twice]), TaxRuleError::Names { rule: 1 });
        assert_eq!(
            refused(vec![always(2020_01_01, "0.000001")]),
            TaxRuleError::NoHalf { rule: 1 }
        );
        let limits = Terms {
            when: When {
                above: Some(Money::from_minor(5)),
                up_to: Some(Money::from_minor(5)),
                ..When::default()
            },
            ..always(2020_01_01, "5")
        };
        assert_eq!(
            refused(vec![always(2020_01_01, "5"), limits]),
            TaxRuleError::Limits { rule: 2 }
        );
    }

    #[test]
    fn who_may_not_charge_tax_charges_none() {
        let goods = class(vec![always(2017_07_01, "18")]);
        let composition = TaxContext {
            composition: true,
            ..in_pune()
        };
        let chosen = choose(&goods, &composition).expect("a rate");
        assert!(chosen.components.is_empty());
        assert_eq!(chosen.rate.to_string(), "18", "what the goods are stays known");
    }
}
