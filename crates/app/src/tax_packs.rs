//! Packs: a country's taxes as data, with the source of every rate, put into a shop as classes that its owner edits.

use crate::{AppError, Code, Names, Result, days, edges::Edges, settings::set_by_key};
use domain::{
    ids::{StaffId, TaxClassId},
    tax::Rate,
    tax_rules::Scheme,
};
use journal::{
    Body,
    body::{TaxClassSetV1, TaxComponentV1, TaxRuleV1},
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};
use store::Write;

/// The countries that have a pack, each with its file.
macro_rules! packs {
    ($($code:literal = $file:literal),+ $(,)?) => {
        const PACKS: &[(&str, &str)] = &[
            $(($code, include_str!(concat!("../../../assets/tax/", $file, ".json")))),+
        ];
    };
}

packs! {
    "AE" = "ae", "AT" = "at", "BE" = "be", "BH" = "bh", "CA" = "ca", "CH" = "ch", "DE" = "de", "DK" = "dk",
    "ES" = "es", "FI" = "fi", "FR" = "fr", "GB" = "gb", "IE" = "ie", "IN" = "in", "IT" = "it", "JP" = "jp",
    "KW" = "kw", "NL" = "nl", "PL" = "pl", "PT" = "pt", "SA" = "sa", "SE" = "se", "TR" = "tr", "US" = "us",
    "UZ" = "uz",
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pack {
    inclusive: bool,
    scope: String,
    components: String,
    rounding: String,
    round_off_minor: i64,
    cash_step_minor: i64,
    /// Whoever has no tax number may not charge the tax.
    #[serde(default)]
    only_registered: bool,
    /// The class of goods of which nothing else is said.
    standard: String,
    /// The class of most goods of a trade.
    trades: BTreeMap<String, String>,
    pub classes: Vec<PackClass>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PackClass {
    pub key: String,
    pub name: String,
    #[serde(default)]
    pub names: Names,
    #[serde(default)]
    pub performed: bool,
    rules: Vec<PackRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackRule {
    from: String,
    to: Option<String>,
    above_minor: Option<i64>,
    up_to_minor: Option<i64>,
    #[serde(default)]
    order_types: Vec<String>,
    #[serde(default)]
    customer_types: Vec<String>,
    #[serde(default)]
    regions: Vec<String>,
    registered: Option<bool>,
    #[serde(default = "taxed")]
    treatment: String,
    taxes: Vec<PackTax>,
    source: String,
}

fn taxed() -> String {
    "taxed".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackTax {
    name: String,
    rate: String,
    #[serde(default)]
    compound: bool,
}

impl Pack {
    /// The pack of a country, if there is one.
    pub fn of(country: &str) -> Result<Option<Pack>> {
        PACKS
            .iter()
            .find(|(code, _)| *code == country)
            .map(|(_, text)| serde_json::from_str(text).map_err(|e| AppError::new(Code::Broken).caused(e)))
            .transpose()
    }

    fn key_for(&self, trade: &str) -> &str {
        self.trades.get(trade).map_or(&self.standard, String::as_str)
    }
}

/// Whether only who has a tax number may charge the tax there. Asked at every look at a cart, so read once.
pub(crate) fn only_registered(country: &str) -> bool {
    static COUNTRIES: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
        let says_so = |code: &&str| {
            Pack::of(code)
                .ok()
                .flatten()
                .is_some_and(|pack| pack.only_registered)
        };
        PACKS.iter().map(|(code, _)| *code).filter(says_so).collect()
    });
    COUNTRIES.contains(country)
}

/// How a country turns rules into taxes.
pub(crate) fn scheme_of(country: &str) -> Scheme {
    if country == "IN" {
        Scheme::IndiaGst
    } else {
        Scheme::Plain
    }
}

impl PackClass {
    /// As a fact, in the shop's language where the pack speaks it.
    pub fn set(&self, class: TaxClassId, language: &str) -> Result<TaxClassSetV1> {
        let day = |text: &str| {
            text.parse()
                .map(days::number_of)
                .map_err(|e: jiff::Error| AppError::new(Code::Broken).caused(e))
        };
        let rule = |rule: &PackRule| -> Result<TaxRuleV1> {
            Ok(TaxRuleV1 {
                from: day(&rule.from)?,
                to: rule.to.as_deref().map(day).transpose()?,
                above_minor: rule.above_minor,
                up_to_minor: rule.up_to_minor,
                order_types: rule.order_types.clone(),
                customer_types: rule.customer_types.clone(),
                regions: rule.regions.clone(),
                registered: rule.registered,
                treatment: rule.treatment.clone(),
                components: rule
                    .taxes
                    .iter()
                    .map(|tax| {
                        let rate: Rate = tax
                            .rate
                            .parse()
                            .map_err(|e| AppError::new(Code::Broken).because(e))?;
                        Ok(TaxComponentV1 {
                            name: tax.name.clone(),
                            rate: rate.millionths(),
                            compound: tax.compound,
                        })
                    })
                    .collect::<Result<_>>()?,
                source: rule.source.clone(),
            })
        };
        Ok(TaxClassSetV1 {
            class: class.bytes(),
            name: self.names.get(language).unwrap_or(&self.name).clone(),
            key: self.key.clone(),
            performed: self.performed,
            rules: self.rules.iter().map(rule).collect::<Result<_>>()?,
            archived_ms: None,
        })
    }
}

/// Puts a country's pack into a new shop: its classes, how it rounds, and what most goods of the trade are.
///
/// A shop that is not registered for the tax keeps its totals exact; the round-off of bills comes with the number.
pub(crate) fn install(
    tx: &mut Write<'_>,
    staff: Option<StaffId>,
    edges: &Edges,
    country: &str,
    trade: &str,
    language: &str,
    registered: bool,
) -> Result<BTreeMap<String, TaxClassId>> {
    let mut classes = BTreeMap::new();
    let Some(pack) = Pack::of(country)? else {
        return Ok(classes);
    };
    for class in &pack.classes {
        let id = TaxClassId::from_uuid(edges.new_id());
        tx.record(staff, &Body::TaxClassSet(class.set(id, language)?))?;
        classes.insert(class.key.clone(), id);
    }
    let round_off = if registered { pack.round_off_minor } else { 0 };
    let usual = classes
        .get(pack.key_for(trade))
        .map(TaxClassId::to_string)
        .unwrap_or_default();
    for (key, value) in [
        ("tax.inclusive", pack.inclusive.to_string().as_str()),
        ("tax.scope", &pack.scope),
        ("tax.components", &pack.components),
        ("tax.rounding", &pack.rounding),
        ("tax.round_off", &round_off.to_string()),
        ("tax.cash_rounding", &pack.cash_step_minor.to_string()),
        ("tax.class", &usual),
    ] {
        set_by_key(tx, None, key, value)?;
    }
    Ok(classes)
}

#[cfg(test)]
#[allow(
    clippy::inconsistent_digit_grouping,
    reason = "days as year, month and day; amounts as their units and hundredths"
)]
mod tests {
    use super::*;
    use crate::taxes::class_of;
    use domain::{
        money::Money,
        tax_rules::{TaxContext, choose},
    };

    fn class(country: &str, key: &str) -> domain::tax_rules::TaxClass {
        let pack = Pack::of(country).expect("a pack").expect("the country has one");
        let found = pack
            .classes
            .iter()
            .find(|c| c.key == key)
            .unwrap_or_else(|| panic!("{country} {key}"));
        let set = found.set(TaxClassId::from_bytes([1; 16]), "en").expect("a class");
        class_of(&set, scheme_of(country)).expect("rules that can be")
    }

    fn rate(country: &str, key: &str, day: u32, net: i64, order_type: &str, region: &str) -> String {
        let context = TaxContext {
            day,
            net: Money::from_minor(net),
            milli: 1000,
            order_type,
            seller_region: region,
            handed_over: true,
            ..TaxContext::default()
        };
        choose(&class(country, key), &context)
            .expect("a rate")
            .rate
            .to_string()
    }

    #[test]
    fn rates_that_moved_lately_are_those_of_their_day() {
        let meal = |day, order_type| rate("SE", "meals", day, 100_00, order_type, "");
        assert_eq!(meal(2026_03_31, "take_away"), "12");
        assert_eq!(
            (meal(2026_04_01, "take_away"), meal(2026_04_01, "eat_in")),
            ("6".into(), "12".into())
        );
        assert_eq!(
            (meal(2027_12_31, "delivery"), meal(2028_01_01, "delivery")),
            ("6".into(), "12".into())
        );
        let smoke = |key, day| rate("IN", key, day, 100_00, "counter", "27");
        assert_eq!(
            (smoke("tobacco", 2026_01_31), smoke("tobacco", 2026_02_01)),
            ("28".into(), "40".into())
        );
        assert_eq!(smoke("biris", 2026_02_01), "18");
    }

    #[test]
    fn who_has_no_number_may_not_charge_the_tax_in_most_countries() {
        let among = |country: &&&str| only_registered(country);
        let all: Vec<&str> = PACKS
            .iter()
            .map(|(code, _)| code)
            .filter(among)
            .copied()
            .collect();
        assert_eq!(all.len(), 15, "the Union's, the Kingdom and India: {all:?}");
        assert!(only_registered("GB") && only_registered("IN") && !only_registered("US"));
    }

    #[test]
    fn every_pack_makes_classes_that_have_a_rate_today() {
        for (country, _) in PACKS {
            let pack = Pack::of(country).expect("readable").expect("there");
            for class in &pack.classes {
                assert!(
                    class.rules.iter().all(|rule| !rule.source.is_empty()),
                    "{country} {}",
                    class.key
                );
                assert!(!rate(country, &class.key, 2026_11_21, 100_00, "counter", "27").is_empty());
            }
            for trade in crate::settings::TRADES {
                let key = pack.key_for(trade);
                assert!(pack.classes.iter().any(|c| c.key == key), "{country} {trade}");
            }
        }
    }

    #[test]
    fn india_changed_its_rates_overnight() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../domain/tests/tax.json")).expect("vectors");
        let cases = vectors["rate_selection"].as_array().expect("cases");
        for case in cases {
            let key = match case["item"].as_str().expect("an item") {
                "aerated drink 2202 10" => "aerated",
                other => other,
            };
            let day = case["date"].as_str().unwrap_or("2026-11-21");
            let day: jiff::civil::Date = day.parse().expect("a day");
            let value = case["transaction_value"].as_str().unwrap_or("100.00");
            let minor: i64 = value.replace('.', "").parse().expect("an amount");
            assert_eq!(
                rate("IN", key, days::number_of(day), minor, "counter", "27"),
                case["expected_rate"].as_str().expect("a rate"),
                "{case}"
            );
        }
        assert_eq!(rate("IN", "aerated", 2025_09_21, 100_00, "counter", "27"), "40");
        assert_eq!(rate("IN", "apparel", 2025_09_21, 1000_01, "counter", "27"), "12");
        assert_eq!(rate("IN", "footwear", 2025_09_21, 1000_00, "counter", "27"), "12");
        assert_eq!(
            rate("IN", "electronics", 2025_09_21, 100_00, "counter", "27"),
            "28"
        );
    }

    #[test]
    fn the_same_cup_is_taxed_by_where_it_is_drunk() {
        assert_eq!(rate("JP", "food", 2026_11_21, 500, "eat_in", ""), "10");
        assert_eq!(rate("JP", "food", 2026_11_21, 500, "take_away", ""), "8");
        assert_eq!(rate("CH", "meals", 2026_11_21, 500, "eat_in", ""), "8.1");
        assert_eq!(rate("CH", "meals", 2026_11_21, 500, "take_away", ""), "2.6");
        assert_eq!(rate("GB", "cold_food", 2026_11_21, 500, "eat_in", ""), "20");
        assert_eq!(rate("GB", "cold_food", 2026_11_21, 500, "take_away", ""), "0");
        assert_eq!(rate("DE", "meals", 2025_11_21, 500, "eat_in", ""), "19");
        assert_eq!(rate("DE", "meals", 2025_11_21, 500, "take_away", ""), "7");
        assert_eq!(rate("DE", "meals", 2026_11_21, 500, "eat_in", ""), "7");
        assert_eq!(rate("DE", "standard", 2020_12_31, 500, "counter", ""), "16");
        assert_eq!(rate("DE", "standard", 2021_01_01, 500, "counter", ""), "19");
    }

    #[test]
    fn provinces_and_states_have_their_own() {
        assert_eq!(rate("CA", "standard", 2026_11_21, 500, "counter", "ON"), "13");
        assert_eq!(rate("CA", "standard", 2026_11_21, 500, "counter", "BC"), "12");
        assert_eq!(rate("CA", "standard", 2025_03_31, 500, "counter", "NS"), "15");
        assert_eq!(rate("CA", "standard", 2025_04_01, 500, "counter", "NS"), "14");
        assert_eq!(rate("CA", "standard", 2026_11_21, 500, "counter", "AB"), "5");
        assert_eq!(rate("CA", "standard", 2026_11_21, 500, "counter", "QC"), "14.975");
        assert_eq!(rate("US", "standard", 2026_11_21, 500, "counter", "MN"), "6.875");
        assert_eq!(
            rate("US", "standard", 2026_11_21, 500, "counter", "CA-LA"),
            "7.25"
        );
        assert_eq!(rate("US", "standard", 2026_11_21, 500, "counter", "OR"), "0");
    }
}
