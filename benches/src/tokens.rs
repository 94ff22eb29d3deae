//! Redeeming and handing over: the CPU of the node, the wall, and a hundred counters after one token.
#![allow(clippy::float_arithmetic, reason = "figures for people, never money")]

use crate::{
    disk,
    node::{Node, Till, new_id},
    table::Row,
    work::{AT_ONCE, micros, now, order, ratio, timed},
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Barrier},
    time::Duration,
};

const REDEEMED: usize = 300;

pub fn measure(node: &Node, till: &Till, products: &[Value], floor: Duration) -> Result<Vec<Row>, String> {
    let sales = node.till_of_role("sales")?;
    let sold: Vec<Value> = (0..REDEEMED)
        .map(|_| till.post("/api/v1/orders", &order(products)))
        .collect::<Result<_, _>>()?;
    // The first use of a counter gives it its number.
    let first = till.post("/api/v1/orders", &order(products))?;
    sales.post("/api/v1/tokens/redeem", &scan(&first))?;
    let (mut took, cpu) = timed(node, REDEEMED, |i| {
        sales.post("/api/v1/tokens/redeem", &scan(&sold[i])).map(drop)
    })?;
    let redeem = disk::at_share(&mut took, 50);
    let mut rows = vec![Row {
        work: "redeem a token, 5 lines: CPU, wall median / p95",
        goal: "≤ 0.5 ms CPU",
        figure: format!(
            "{}, {} / {} = {:.1} × floor",
            micros(cpu),
            micros(redeem),
            micros(disk::at_share(&mut took, 95)),
            ratio(redeem, floor)
        ),
    }];
    let (mut took, cpu) = timed(node, REDEEMED, |i| {
        let lines: Vec<Value> = (1..=5).map(|line| json!({"line": line, "given": "1"})).collect();
        let path = format!(
            "/api/v1/orders/{}/handovers",
            sold[i]["id"].as_str().unwrap_or_default()
        );
        sales
            .post(&path, &json!({"id": new_id(), "lines": lines}))
            .map(drop)
    })?;
    rows.push(Row {
        work: "hand over 5 lines: CPU, wall median / p95",
        goal: "",
        figure: format!(
            "{}, {} / {}",
            micros(cpu),
            micros(disk::at_share(&mut took, 50)),
            micros(disk::at_share(&mut took, 95))
        ),
    });
    rows.push(hundred(node, till, &sales, products)?);
    Ok(rows)
}

fn scan(order: &Value) -> Value {
    json!({"id": new_id(), "code": order["token"]["code"]})
}

/// A hundred counters scan one token at the same moment.
fn hundred(node: &Node, till: &Till, sales: &Till, products: &[Value]) -> Result<Row, String> {
    let sold = Arc::new(till.post("/api/v1/orders", &order(products))?);
    let gate = Arc::new(Barrier::new(AT_ONCE));
    let before = node.cpu()?;
    let began = now();
    let counters: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (sales, gate, sold) = (sales.clone(), gate.clone(), sold.clone());
            std::thread::spawn(move || {
                gate.wait();
                sales.post("/api/v1/tokens/redeem", &scan(&sold)).is_ok()
            })
        })
        .collect();
    let mut won = 0;
    for counter in counters {
        won += usize::from(counter.join().map_err(|_| "a counter panicked")?);
    }
    let all = began.elapsed();
    let cpu = (node.cpu()? - before) / u32::try_from(AT_ONCE).unwrap_or(1);
    Ok(Row {
        work: "100 redemptions of one token at once: winners, all done in, CPU each",
        goal: "1 winner",
        figure: format!("{won}, {}, {}", micros(all), micros(cpu)),
    })
}
