//! Two nodes of one shop on sockets of this machine, over TLS: how soon one has what the other sold.
#![allow(clippy::float_arithmetic, reason = "figures for people, never money")]

use crate::{
    Arguments, disk,
    node::{Node, Till, new_id},
    table::Row,
    work::{micros, now},
};
use serde_json::{Value, json};
use std::{path::Path, process::Command, time::Duration};
use uuid::Uuid;

const SOLD: usize = 200;
/// Orders of a busy day at one counter.
const A_DAY: usize = 2_000;
const PIN: &str = "2580";
/// A node that has not got an order by then never will.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn measure(arguments: &Arguments, data: &Path) -> Result<Vec<Row>, String> {
    let (first, second) = (data.join("first"), data.join("second"));
    let product = {
        let node = Node::start(&arguments.node, &first, false)?;
        let mut till = node.stranger()?;
        let setup = json!({
            "id": new_id(), "kind": "own", "language": "en", "trade": "sweets", "shop_name": "Bench",
            "country": "IN", "region": "27", "owner_name": "Asha", "pin": PIN
        });
        till.signed_in(&till.post("/api/v1/setup", &setup)?)?;
        let product = new_id();
        till.post(
            "/api/v1/products",
            &json!({"id": product, "name": "Tea", "price_minor": 2_000}),
        )?;
        product
    };
    let admitted = Command::new(&arguments.node)
        .args(["admit", "--no-keyring", "--data"])
        .arg(&first)
        .arg("--into")
        .arg(&second)
        .status()
        .map_err(|e| e.to_string())?;
    if !admitted.success() {
        return Err("the second counter was not admitted".to_owned());
    }
    let share = ["--share", "--share-port", "0"];
    let first = Node::start_with(&arguments.node, &first, &share)?;
    let here = owner(&first)?;
    let port = here.get("/api/v1/sharing")?["port"].clone();
    let other = format!("127.0.0.1:{port}");
    let more = [&share[..], &["--neighbour", &other]].concat();
    let second = Node::start_with(&arguments.node, &second, &more)?;
    let there = owner(&second)?;
    let first_sale = sale(&product);
    here.post("/api/v1/orders", &first_sale)?;
    until_there(&there, &first_sale)?;
    let mut took = Vec::with_capacity(SOLD);
    for _ in 0..SOLD {
        let order = sale(&product);
        here.post("/api/v1/orders", &order)?;
        took.push(until_there(&there, &order)?);
    }
    let crossing = Row {
        work: "order at one device to readable at another, TLS: median / p99",
        goal: "≤ 50 ms",
        figure: format!(
            "{} / {}",
            micros(disk::at_share(&mut took, 50)),
            micros(disk::at_share(&mut took, 99))
        ),
    };
    Ok(vec![crossing, a_day_apart(&here, &there, &product)?])
}

/// Each sells for a day without hearing of the other; then they meet.
fn a_day_apart(here: &Till, there: &Till, product: &Uuid) -> Result<Row, String> {
    there.put("/api/v1/sharing", &json!({"on": false}))?;
    let mut last = (Value::Null, Value::Null);
    for _ in 0..A_DAY {
        last = (sale(product), sale(product));
        here.post("/api/v1/orders", &last.0)?;
        there.post("/api/v1/orders", &last.1)?;
    }
    let is_there = |till: &Till, order: &Value| till.get(&path_of(order)).is_ok();
    if is_there(there, &last.0) || is_there(here, &last.1) {
        return Err("they were not apart".to_owned());
    }
    let begun = now();
    there.put("/api/v1/sharing", &json!({"on": true}))?;
    until_there(there, &last.0)?;
    until_there(here, &last.1)?;
    Ok(Row {
        work: "a day apart, 2,000 orders at each: from sharing again until both have all",
        goal: "",
        figure: format!("{:.1} s", begun.elapsed().as_secs_f64()),
    })
}

fn path_of(order: &Value) -> String {
    format!("/api/v1/orders/{}", order["id"].as_str().unwrap_or_default())
}

fn sale(product: &Uuid) -> Value {
    json!({
        "id": new_id(), "lines": [{"product": product, "quantity": "1"}],
        "tenders": [{"id": new_id(), "method": "cash"}]
    })
}

fn owner(node: &Node) -> Result<Till, String> {
    let lock = node.stranger()?.get("/api/v1/lock")?;
    let staff = lock["staff"][0]["id"].as_str().ok_or("nobody works here")?;
    node.till(staff, PIN)
}

/// How long it takes from now until this till can read the order.
fn until_there(till: &Till, order: &Value) -> Result<Duration, String> {
    let path = path_of(order);
    let begun = now();
    while till.get(&path).is_err() {
        if begun.elapsed() > PATIENCE {
            return Err("an order never came to the other node".to_owned());
        }
    }
    Ok(begun.elapsed())
}
