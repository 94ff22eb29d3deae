//! The price of a cart of 40 lines with three taxes each: what every line costs, which taxes it has, and what they
//! come to, on one core.
#![allow(clippy::float_arithmetic, reason = "figures for people, never money")]

use std::hint::black_box;
use std::time::Instant;

use domain::{
    money::{Money, Rounding},
    tax::{Component, TaxLine, TaxRules, compute, extended},
    tax_rules::{Scheme, TaxClass, TaxContext, Terms, choose},
};

use crate::table::Row;

const LINES: i64 = 40;
const ROUNDS: u32 = 2_000;

fn class() -> Result<TaxClass, String> {
    let component = |name: &str, rate: &str, compound| -> Result<Component, String> {
        Ok(Component {
            compound,
            ..Component::new(name, rate.parse().map_err(|e| format!("{e}"))?)
        })
    };
    let terms = Terms {
        from: 20_170_701,
        components: vec![component("GST", "18", false)?, component("Cess", "12.5", true)?],
        ..Terms::default()
    };
    TaxClass::new("Goods", Scheme::IndiaGst, false, vec![terms]).map_err(|e| e.to_string())
}

fn price(class: &TaxClass, rules: &TaxRules) -> Result<Money, String> {
    let mut nets = Vec::with_capacity(LINES as usize);
    let mut chosen = Vec::with_capacity(LINES as usize);
    for line in 0..LINES {
        let (milli, price) = (1000 + line * 333, Money::from_minor(3_335 + line * 17));
        let net = extended(milli, price, None, Rounding::HalfUp).map_err(|e| e.to_string())?;
        let context = TaxContext {
            day: 20_261_121,
            seller_region: "27",
            handed_over: true,
            net,
            milli,
            inclusive: rules.inclusive,
            order_type: "counter",
            ..TaxContext::default()
        };
        chosen.push(choose(class, &context).map_err(|e| e.to_string())?.components);
        nets.push(net);
    }
    let lines: Vec<TaxLine<'_>> = nets
        .iter()
        .zip(&chosen)
        .map(|(net, components)| TaxLine {
            net: *net,
            inclusive: None,
            components,
        })
        .collect();
    compute(&lines, rules)
        .map(|taxed| taxed.payable)
        .map_err(|e| e.to_string())
}

#[allow(clippy::disallowed_methods, reason = "measuring is what this program is for")]
pub fn measure() -> Result<Vec<Row>, String> {
    eprintln!("  taxes");
    let class = class()?;
    let rules = TaxRules {
        inclusive: true,
        ..TaxRules::default()
    };
    price(&class, &rules)?;
    let began = Instant::now();
    for _ in 0..ROUNDS {
        black_box(price(black_box(&class), black_box(&rules))?);
    }
    let each = began.elapsed() / ROUNDS;
    Ok(vec![Row {
        work: "pricing of a cart of 40 lines with 3 taxes each",
        goal: "≤ 50 µs",
        figure: format!("{:.1} µs", each.as_secs_f64() * 1_000_000.0),
    }])
}
