//! The shared vectors for money and tax, every one. `CHANDI_TAX_VECTORS=/path/to/more.json` runs another file too.
//!
//! Rates chosen by date and price are data of the packs; `app::taxes` runs those.

#![allow(clippy::inconsistent_digit_grouping, reason = "2026_11_21 reads as a day")]

use std::collections::BTreeMap;

use domain::discount::{Discount, DiscountKind};
use domain::gst::{self, Gstin};
use domain::money::{Currency, Money, Rounding};
use domain::tax::{self, Component, Increment, LineTax, Parts, Scope, TaxLine, TaxRules, Taxed};
use domain::tax_rules::{AtCounter, Scheme, TaxClass, TaxContext, Terms, components_for};
use domain::time::Moment;
use domain::upi::{self, UpiRequest};
use domain::{Decimal, numbers::FiscalYear};
use serde_json::Value;

fn files() -> Vec<Value> {
    let read = |text: &str| serde_json::from_str(text).expect("vectors are JSON");
    let mut files = vec![read(include_str!("tax.json"))];
    if let Some(path) = std::env::var_os("CHANDI_TAX_VECTORS") {
        files.push(read(
            &std::fs::read_to_string(path).expect("the file named by CHANDI_TAX_VECTORS"),
        ));
    }
    files
}

/// The cases of a section; a section that a file lacks has none.
fn cases<'a>(file: &'a Value, section: &str) -> Vec<&'a Value> {
    file[section]
        .as_array()
        .map(|a| a.iter().collect())
        .unwrap_or_default()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} in {value}"))
}

fn decimal(value: &Value) -> Decimal {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().unwrap_or_else(|_| panic!("a decimal: {value}"))
}

/// Keys that this reader does not know must not pass unread.
fn only(value: &Value, keys: &[&str]) {
    for key in value.as_object().expect("an object").keys() {
        assert!(keys.contains(&key.as_str()), "unknown key {key} in {value}");
    }
}

#[derive(Clone, Copy)]
struct Digits(u32);

impl Digits {
    fn of(currency: &str) -> Digits {
        let currency = Currency::from_code(currency).expect("a known currency");
        Digits(u32::from(currency.minor_digits))
    }

    fn money(self, value: &Value) -> Money {
        let minor = decimal(value) * Decimal::from(10u64.pow(self.0));
        assert!(minor.is_integer(), "{value} has more digits than its currency");
        Money::from_minor(i64::try_from(minor.trunc()).expect("in range"))
    }

    fn text(self, money: Money) -> String {
        Decimal::new(money.minor(), self.0).to_string()
    }
}

fn rounding(word: &str) -> Rounding {
    match word {
        "half_up" => Rounding::HalfUp,
        "half_even" => Rounding::HalfEven,
        "down" => Rounding::Down,
        "up" => Rounding::Up,
        other => panic!("unknown rounding {other}"),
    }
}

fn increment(value: &Value, digits: Digits) -> Option<Increment> {
    (!value.is_null()).then(|| {
        only(value, &["increment", "mode"]);
        Increment {
            step: digits.money(&value["increment"]),
            rounding: rounding(value["mode"].as_str().unwrap_or("half_up")),
        }
    })
}

fn rules(config: &Value, digits: Digits) -> TaxRules {
    only(
        config,
        &[
            "currency",
            "price_mode",
            "tax_rounding",
            "component_rounding",
            "document_round_off",
            "cash_rounding",
            "rounding",
            "rounding_mode",
            "mode",
            "minor_digits",
            "document_type",
            "legend",
        ],
    );
    let mode = ["rounding", "rounding_mode", "mode"]
        .iter()
        .find_map(|key| config[*key].as_str());
    TaxRules {
        inclusive: match text(config, "price_mode") {
            "inclusive" => true,
            "exclusive" => false,
            other => panic!("unknown price mode {other}"),
        },
        scope: match text(config, "tax_rounding") {
            "line" => Scope::Line,
            "document" => Scope::Document,
            other => panic!("unknown tax rounding {other}"),
        },
        components: match text(config, "component_rounding") {
            "each" => Parts::Each,
            "split" => Parts::Split,
            other => panic!("unknown component rounding {other}"),
        },
        rounding: rounding(mode.unwrap_or("half_up")),
        round_off: increment(&config["document_round_off"], digits),
        cash: increment(&config["cash_rounding"], digits),
    }
}

fn discount(value: &Value, digits: Digits) -> Option<Discount> {
    if value.is_null() {
        return None;
    }
    let kind = if value.is_string() {
        DiscountKind::Amount(digits.money(value))
    } else {
        only(value, &["percent", "amount"]);
        match &value["percent"] {
            Value::Null => DiscountKind::Amount(digits.money(&value["amount"])),
            percent => DiscountKind::Percent(decimal(percent)),
        }
    };
    // Nothing off is how a vector may spell no discount.
    let nothing = match kind {
        DiscountKind::Percent(percent) => percent.is_zero(),
        DiscountKind::Amount(amount) => amount.is_zero(),
    };
    (!nothing).then(|| Discount::new(kind, "vector").expect("a discount"))
}

fn milli(value: &Value) -> i64 {
    let milli = decimal(value) * Decimal::from(1000);
    assert!(milli.is_integer(), "{value} is finer than a thousandth");
    i64::try_from(milli.trunc()).expect("in range")
}

fn components(line: &Value) -> Vec<Component> {
    cases(line, "taxes")
        .into_iter()
        .map(|tax| {
            only(tax, &["name", "rate", "compound"]);
            Component {
                name: text(tax, "name").to_owned(),
                rate: decimal(&tax["rate"]).try_into().expect("a rate"),
                compound: tax["compound"].as_bool().unwrap_or(false),
            }
        })
        .collect()
}

/// What the lines cost before tax is looked at: each rounded once, then the document's discount shared.
fn nets(case: &Value, rounding: Rounding, digits: Digits) -> Vec<Money> {
    let extended: Vec<Money> = cases(case, "lines")
        .into_iter()
        .map(|line| {
            only(
                line,
                &[
                    "qty",
                    "unit_price",
                    "taxes",
                    "discount",
                    "discount_percent",
                    "discount_amount",
                    "line_discount",
                ],
            );
            let off = match (
                &line["discount_percent"],
                &line["discount_amount"],
                &line["line_discount"],
            ) {
                (Value::Null, Value::Null, Value::Null) => discount(&line["discount"], digits),
                (Value::Null, Value::Null, line) => discount(line, digits),
                (Value::Null, amount, _) => discount(&serde_json::json!({ "amount": amount }), digits),
                (percent, ..) => discount(&serde_json::json!({ "percent": percent }), digits),
            };
            tax::extended(
                milli(&line["qty"]),
                digits.money(&line["unit_price"]),
                off.as_ref(),
                rounding,
            )
            .expect("in range")
        })
        .collect();
    let Some(off) = discount(&case["document_discount"], digits) else {
        return extended;
    };
    let whole = Money::sum(extended.iter().copied()).expect("in range");
    let off = match off.kind() {
        DiscountKind::Percent(percent) => whole.percent(percent, rounding).expect("in range"),
        DiscountKind::Amount(amount) => amount.min(whole),
    };
    let weights: Vec<u64> = extended.iter().map(|e| e.minor().unsigned_abs()).collect();
    let shares = off.allocate(&weights).expect("something to share over");
    extended
        .iter()
        .zip(shares)
        .map(|(net, share)| net.checked_sub(share).expect("in range"))
        .collect()
}

fn by_name(sums: impl IntoIterator<Item = (String, Money)>, digits: Digits) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, Money> = BTreeMap::new();
    for (name, amount) in sums {
        let sum = found.entry(name).or_default();
        *sum = sum.checked_add(amount).expect("in range");
    }
    found
        .into_iter()
        .map(|(name, sum)| (name, digits.text(sum)))
        .collect()
}

fn expected_taxes(value: &Value) -> BTreeMap<String, String> {
    let taxes = value["taxes"].as_object().expect("taxes by name");
    taxes
        .iter()
        .map(|(name, amount)| (name.clone(), amount.as_str().expect("text").to_owned()))
        .collect()
}

#[test]
fn taxes() {
    let mut ran = 0;
    for file in files() {
        for case in cases(&file, "tax") {
            let id = text(case, "id");
            only(
                case,
                &[
                    "id",
                    "rule",
                    "source",
                    "config",
                    "lines",
                    "document_discount",
                    "expected",
                ],
            );
            let digits = Digits::of(text(&case["config"], "currency"));
            let rules = rules(&case["config"], digits);
            let nets = nets(case, rules.rounding, digits);
            let components: Vec<Vec<Component>> = cases(case, "lines").into_iter().map(components).collect();
            let lines: Vec<TaxLine<'_>> = nets
                .iter()
                .zip(&components)
                .map(|(net, components)| TaxLine {
                    net: *net,
                    inclusive: None,
                    components,
                })
                .collect();
            let taxed = tax::compute(&lines, &rules).expect("in range");
            check(id, &case["expected"], &taxed, &components, &rules, digits);
            ran += 1;
        }
    }
    assert!(ran >= 13, "the shared file has thirteen");
}

fn check(
    id: &str,
    expected: &Value,
    taxed: &Taxed,
    components: &[Vec<Component>],
    rules: &TaxRules,
    digits: Digits,
) {
    only(
        expected,
        &[
            "taxable",
            "taxes",
            "tax_total",
            "gross",
            "round_off",
            "payable",
            "cash_payable",
            "cash_rounding",
            "lines",
        ],
    );
    let sums = taxed
        .by_component
        .iter()
        .map(|sum| (sum.name.clone(), sum.amount));
    assert_eq!(by_name(sums, digits), expected_taxes(expected), "{id}: taxes");
    let (cash, cash_rounding) = tax::cash_due(taxed.payable, rules).expect("in range");
    for (key, amount) in [
        ("taxable", taxed.taxable),
        ("tax_total", taxed.tax),
        ("gross", taxed.gross),
        ("round_off", taxed.round_off),
        ("payable", taxed.payable),
        ("cash_payable", cash),
        ("cash_rounding", cash_rounding),
    ] {
        if let Some(expected) = expected[key].as_str() {
            assert_eq!(digits.text(amount), expected, "{id}: {key}");
        }
    }
    for (at, expected) in cases(expected, "lines").into_iter().enumerate() {
        only(expected, &["taxable", "taxes"]);
        let (line, names) = (&taxed.lines[at], components[at].iter().map(|c| c.name.clone()));
        let sums = names.zip(line.taxes.iter().copied());
        assert_eq!(by_name(sums, digits), expected_taxes(expected), "{id}: line {at}");
        assert_eq!(
            digits.text(line.taxable),
            text(expected, "taxable"),
            "{id}: line {at}"
        );
    }
}

#[test]
fn refunds() {
    let digits = Digits(2);
    for file in files() {
        for case in cases(&file, "refunds") {
            let (id, original) = (text(case, "id"), &case["original"]);
            let names: Vec<&str> = original
                .as_object()
                .expect("an object")
                .keys()
                .map(String::as_str)
                .filter(|key| !["units", "gross", "taxable"].contains(key))
                .collect();
            let taxes: Vec<Money> = names.iter().map(|name| digits.money(&original[*name])).collect();
            let line = LineTax {
                gross: digits.money(&original["gross"]),
                taxes: &taxes,
                ordered: milli(&original["units"]),
            };
            let mut before = 0;
            for (units, expected) in cases(case, "refund_units")
                .into_iter()
                .zip(cases(case, "expected"))
            {
                let more = milli(units);
                let back = tax::back(&line, before, more).expect("in range");
                before += more;
                assert_eq!(digits.text(back.gross), text(expected, "gross"), "{id}");
                assert_eq!(digits.text(back.taxable), text(expected, "taxable"), "{id}");
                for (name, amount) in names.iter().zip(&back.taxes) {
                    assert_eq!(digits.text(*amount), text(expected, name), "{id} after {before}");
                }
            }
        }
    }
}

#[test]
fn splits() {
    let digits = Digits(2);
    for file in files() {
        for case in cases(&file, "splits") {
            let ways = usize::try_from(case["ways"].as_u64().expect("a count")).expect("few");
            let parts = digits
                .money(&case["total"])
                .allocate(&vec![1; ways])
                .expect("parts");
            let parts: Vec<String> = parts.into_iter().map(|part| digits.text(part)).collect();
            let expected: Vec<&str> = cases(case, "expected")
                .iter()
                .filter_map(|e| e.as_str())
                .collect();
            assert_eq!(parts, expected, "{}", text(case, "id"));
        }
    }
}

#[test]
fn cash_rounding() {
    for file in files() {
        for case in cases(&file, "cash_rounding") {
            let digits = Digits::of(text(case, "currency"));
            let rules = TaxRules {
                cash: increment(
                    &serde_json::json!({ "increment": case["increment"], "mode": case["mode"] }),
                    digits,
                ),
                ..TaxRules::default()
            };
            for (payable, expected) in case["cases"].as_object().expect("cases") {
                let payable = digits.money(&Value::String(payable.clone()));
                let (due, by) = tax::cash_due(payable, &rules).expect("in range");
                assert_eq!(
                    digits.text(due),
                    expected.as_str().expect("text"),
                    "{case}: {payable:?}"
                );
                assert_eq!(
                    due.minor(),
                    payable.minor() + by.minor(),
                    "the rounding is the difference"
                );
            }
        }
    }
}

#[test]
fn gstins() {
    for file in files() {
        for valid in cases(&file["gstin"], "valid") {
            let valid = valid.as_str().expect("text");
            assert_eq!(
                Gstin::parse(valid).map(|g| g.as_str() == valid),
                Ok(true),
                "{valid}"
            );
        }
        for invalid in cases(&file["gstin"], "invalid") {
            let value = text(invalid, "value");
            let forgiven = text(invalid, "why").contains("normalise");
            assert_eq!(Gstin::parse(value).is_ok(), forgiven, "{invalid}");
        }
    }
}

/// "2026-03-31T18:30:00Z" as a moment.
fn moment(text: &str) -> Moment {
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().expect("digits");
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    // Counted by Fliegel's formula, which is not how the code under test counts.
    let a = (14 - month) / 12;
    let (y, m) = (year + 4800 - a, month + 12 * a - 3);
    let julian = day + (153 * m + 2) / 5 + 365 * y + y / 4 - y / 100 + y / 400 - 32045;
    let seconds =
        (julian - 2_440_588) * 86_400 + number(11, 13) * 3600 + number(14, 16) * 60 + number(17, 19);
    Moment(seconds * 1000)
}

#[test]
fn invoice_numbers() {
    for file in files() {
        let numbers = &file["invoice_numbers"];
        for valid in cases(numbers, "valid") {
            assert!(gst::is_document_number(valid.as_str().expect("text")), "{valid}");
        }
        for invalid in cases(numbers, "invalid") {
            assert!(
                !gst::is_document_number(invalid.as_str().expect("text")),
                "{invalid}"
            );
        }
        for case in cases(numbers, "financial_year") {
            let year: FiscalYear = gst::financial_year(moment(text(case, "utc")));
            assert_eq!(year.label(), text(case, "expected"), "{case}");
        }
    }
    assert!(gst::is_einvoice_number("T1/26-27/000042"));
    assert!(
        !gst::is_einvoice_number("042") && !gst::is_einvoice_number("-A") && !gst::is_einvoice_number("/A")
    );
}

#[test]
fn places_of_supply() {
    let terms = Terms {
        from: 2017_07_01,
        components: vec![Component::new("GST", "18".parse().expect("a rate"))],
        ..Terms::default()
    };
    let class = TaxClass::new("Goods", Scheme::IndiaGst, false, vec![terms]).expect("rules");
    for file in files() {
        for case in cases(&file, "place_of_supply") {
            only(
                case,
                &[
                    "seller",
                    "buyer_registered",
                    "buyer_state",
                    "handed_over_at_counter",
                    "delivered_to",
                    "sez",
                    "expected",
                    "owner_may_override",
                    "why",
                ],
            );
            let flag = |key: &str| case[key].as_bool().unwrap_or(false);
            let context = TaxContext {
                day: 2026_11_21,
                seller_region: text(case, "seller"),
                buyer_region: case["buyer_state"].as_str(),
                buyer_registered: flag("buyer_registered"),
                buyer_in_zone: flag("sez"),
                handed_over: flag("handed_over_at_counter"),
                delivered_to: case["delivered_to"].as_str(),
                at_counter: AtCounter::Seller,
                net: Money::from_minor(100),
                milli: 1000,
                order_type: "counter",
                ..TaxContext::default()
            };
            let components = components_for(&class, &context).expect("a rate");
            let names: Vec<&str> = components.iter().map(|c| c.name.as_str()).collect();
            assert_eq!(names.join("+"), text(case, "expected"), "{case}");
        }
    }
}

#[test]
fn upi_links() {
    for file in files() {
        for case in cases(&file, "upi") {
            let fields = &case["fields"];
            only(fields, &["pa", "pn", "mc", "tid", "tr", "tn", "am", "cu", "url"]);
            let amount = (!fields["am"].is_null()).then(|| Digits(2).money(&fields["am"]));
            let link = upi::uri(&UpiRequest {
                address: text(fields, "pa"),
                name: text(fields, "pn"),
                category: fields["mc"].as_str(),
                transaction: fields["tid"].as_str(),
                reference: fields["tr"].as_str(),
                note: fields["tn"].as_str(),
                amount,
                url: fields["url"].as_str(),
            });
            assert_eq!(link.as_deref(), Ok(text(case, "expected")));
        }
    }
}
