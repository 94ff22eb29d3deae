//! The measurements, one function each.
#![allow(clippy::float_arithmetic, reason = "figures for people, never money")]

use crate::{
    Arguments, disk, history,
    node::{Node, Till, new_id},
    table::Row,
    tokens,
};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::Command,
    sync::{Arc, Barrier},
    time::{Duration, Instant},
};

const SALES: usize = 400;
pub const AT_ONCE: usize = 100;
const MANY_PRODUCTS: usize = 50_000;

/// What is measured, by the word it is asked for with.
type Measured = fn(&Arguments, &mut Vec<Row>) -> Result<(), String>;
pub const PARTS: &[(&str, Measured)] = &[
    ("till", |arguments, rows| {
        in_fresh_folder(&arguments.folder, "small", |data| {
            small_shop(arguments, data, rows)
        })
    }),
    ("catalog", |arguments, rows| {
        in_fresh_folder(&arguments.folder, "many", |data| {
            many_products(arguments, data, rows)
        })
    }),
    ("import", |arguments, rows| {
        in_fresh_folder(&arguments.folder, "import", |data| {
            crate::imports::measure(arguments, data, rows)
        })
    }),
    ("account", |arguments, rows| {
        in_fresh_folder(&arguments.folder, "account", |data| {
            rows.extend(crate::accounts::measure(arguments, data)?);
            Ok(())
        })
    }),
    ("lan", |arguments, rows| {
        in_fresh_folder(&arguments.folder, "lan", |data| {
            rows.extend(crate::lan::measure(arguments, data)?);
            Ok(())
        })
    }),
    ("joining", |arguments, rows| {
        in_fresh_folder(&arguments.folder, "joining", |data| {
            rows.extend(crate::joining::measure(arguments, data)?);
            Ok(())
        })
    }),
    ("hub", crate::hub::measure),
    #[cfg(unix)]
    ("scale", crate::scale::measure),
    ("history", long_history),
    ("slips", |_, rows| {
        rows.extend(crate::slips::measure()?);
        Ok(())
    }),
    ("taxes", |_, rows| {
        rows.extend(crate::taxes::measure()?);
        Ok(())
    }),
    ("screens", |arguments, rows| {
        rows.push(till_bytes(&arguments.ui)?);
        Ok(())
    }),
];

pub fn measure_all(arguments: &Arguments) -> Result<Vec<Row>, String> {
    std::fs::create_dir_all(&arguments.folder).map_err(|e| e.to_string())?;
    let mut rows = vec![];
    for (word, measure) in PARTS {
        if arguments.only.is_empty() || arguments.only.iter().any(|only| only == word) {
            measure(arguments, &mut rows)?;
        }
    }
    Ok(rows)
}

fn in_fresh_folder(
    folder: &Path,
    name: &str,
    work: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<(), String> {
    let data = folder.join(name);
    if data.exists() {
        std::fs::remove_dir_all(&data).map_err(|e| e.to_string())?;
    }
    let outcome = work(&data);
    std::fs::remove_dir_all(&data).map_err(|e| e.to_string())?;
    outcome
}

fn small_shop(arguments: &Arguments, data: &Path, rows: &mut Vec<Row>) -> Result<(), String> {
    eprintln!("  demo shop: orders, search");
    let mut floor = disk::write_and_sync(&arguments.folder, 400).map_err(|e| e.to_string())?;
    let floor = disk::at_share(&mut floor, 50);
    rows.push(Row {
        work: "write + fsync floor of this disk, median",
        goal: "",
        figure: micros(floor),
    });
    let node = Node::start(&arguments.node, data, true)?;
    let till = node.till_of_role("cashier")?;
    let catalog = till.get("/api/v1/catalog")?;
    let products: Vec<Value> = catalog["products"]
        .as_array()
        .into_iter()
        .flatten()
        .take(5)
        .map(|p| p["id"].clone())
        .collect();
    for _ in 0..20 {
        till.post("/api/v1/orders", &order(&products))?;
    }
    let (mut took, cpu) = timed(&node, SALES, |_| {
        till.post("/api/v1/orders", &order(&products)).map(drop)
    })?;
    let median = disk::at_share(&mut took, 50);
    rows.push(Row {
        work: "paid order, 5 lines, over HTTP: CPU of the node",
        goal: "≤ 1 ms",
        figure: micros(cpu),
    });
    rows.push(Row {
        work: "paid order, 5 lines: wall, median / p95",
        goal: "≤ 5 × floor",
        figure: format!(
            "{} / {} = {:.1} × floor",
            micros(median),
            micros(disk::at_share(&mut took, 95)),
            ratio(median, floor)
        ),
    });
    rows.push(at_once(&node, &till, &products)?);
    rows.extend(tokens::measure(&node, &till, &products, floor)?);
    rows.push(search(
        &node,
        &till,
        "search as you type, 240 products: CPU, wall median / p95",
        &["sam", "kaju", "dosa", "chai", "barfi"],
    )?);
    rows.push(open(
        &node,
        &till,
        "open the register, 240 products: catalogue + cart",
    )?);
    rows.push(Row {
        work: "memory of the node with the demo shop",
        goal: "≤ 60 MB",
        figure: format!("{} MB", node.resident_kb()? / 1024),
    });
    Ok(())
}

fn many_products(arguments: &Arguments, data: &Path, rows: &mut Vec<Row>) -> Result<(), String> {
    eprintln!("  {MANY_PRODUCTS} products");
    let node = Node::start(&arguments.node, data, true)?;
    let owner = node.till_of_role("owner")?;
    const FIRST: [&str; 10] = [
        "Royal", "Golden", "Classic", "Fresh", "Spicy", "Sweet", "Organic", "Village", "Premium", "Crispy",
    ];
    const SECOND: [&str; 25] = [
        "Samosa", "Jalebi", "Kachori", "Barfi", "Laddu", "Halwa", "Rasmalai", "Dosa", "Idli", "Vada", "Poha",
        "Upma", "Chai", "Lassi", "Kulfi", "Sev", "Bhujia", "Chikki", "Papad", "Pickle", "Masala", "Biscuit",
        "Bread", "Paneer", "Ghee",
    ];
    let mut csv = String::from("name,sku,barcode,price,unit,category\n");
    for i in 0..MANY_PRODUCTS - 240 {
        let (first, second) = (FIRST[i % 10], SECOND[i / 10 % 25]);
        csv.push_str(&format!(
            "{first} {second} {i},B{i:05},77{i:08},{}.50,piece,Range {}\n",
            10 + i % 300,
            i % 12
        ));
    }
    let began = now();
    owner.post_bytes("/api/v1/products/import", csv.into_bytes())?;
    rows.push(Row {
        work: "import of 49,760 products, one transaction",
        goal: "",
        figure: format!("{:.1} s", began.elapsed().as_secs_f64()),
    });
    let till = node.till_of_role("cashier")?;
    let words = [
        "sam",
        "royal jal",
        "kachori 42",
        "B00077",
        "premium paneer",
        "rasm",
    ];
    rows.push(search(
        &node,
        &till,
        "search as you type, 50,000 products: CPU, wall median / p95",
        &words,
    )?);
    let typos = ["kachroi", "samsoa", "rasmlai", "premuim"];
    rows.push(search(
        &node,
        &till,
        "search with a typo, 50,000 products: CPU, wall median / p95",
        &typos,
    )?);
    rows.push(open(
        &node,
        &till,
        "open the register, 50,000 products: catalogue + cart",
    )?);
    Ok(())
}

fn long_history(arguments: &Arguments, rows: &mut Vec<Row>) -> Result<(), String> {
    eprintln!("  {} orders (made once, kept for the next run)", arguments.orders);
    let data = arguments.folder.join("history");
    history::prepare(&data, arguments.orders)?;
    let node = Node::start(&arguments.node, &data, true)?;
    let till = node.till_of_role("cashier")?;
    // A spread of orders over the whole history, by their days.
    let mut codes = vec![];
    for day in 0..28 {
        let path = format!("/api/v1/orders?limit=20&day=2000-01-{:02}", day + 1);
        for order in till.get(&path)?["items"].as_array().into_iter().flatten() {
            codes.push(order["token"]["code"].clone());
        }
    }
    if codes.is_empty() {
        return Err("the history has no orders".to_owned());
    }
    let (mut took, cpu) = timed(&node, 1000, |i| {
        let code = &codes[i * 7 % codes.len()];
        till.post("/api/v1/tokens/verify", &json!({"code": code}))
            .map(drop)
    })?;
    rows.push(Row {
        work: "order by token, 1,000,000 orders, over HTTP: CPU, wall median / p95",
        goal: "≤ 0.2 ms (10,000,000)",
        figure: format!(
            "{}, {} / {} among {}",
            micros(cpu),
            micros(disk::at_share(&mut took, 50)),
            micros(disk::at_share(&mut took, 95)),
            arguments.orders
        ),
    });
    let (mut took, cpu) = timed(&node, 300, |i| {
        till.get(&format!(
            "/api/v1/orders?limit=1&q={}",
            (i as u64 * 3331) % arguments.orders
        ))
        .map(drop)
    })?;
    rows.push(Row {
        work: "order by typed number, 1,000,000 orders: CPU, wall median",
        goal: "",
        figure: format!("{}, {}", micros(cpu), micros(disk::at_share(&mut took, 50))),
    });
    Ok(())
}

pub fn order(products: &[Value]) -> Value {
    let lines: Vec<Value> = products
        .iter()
        .map(|p| json!({"product": p, "quantity": "1"}))
        .collect();
    json!({"id": new_id(), "lines": lines, "tenders": [{"id": new_id(), "method": "cash"}]})
}

/// 100 tills pay at the same moment.
fn at_once(node: &Node, till: &Till, products: &[Value]) -> Result<Row, String> {
    let gate = Arc::new(Barrier::new(AT_ONCE));
    let before = node.cpu()?;
    let began = now();
    let tills: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (till, gate, body) = (till.clone(), gate.clone(), order(products));
            std::thread::spawn(move || {
                gate.wait();
                let began = now();
                let outcome = till.post("/api/v1/orders", &body);
                (outcome.is_ok(), began.elapsed())
            })
        })
        .collect();
    let mut took = vec![];
    let mut failures = 0;
    for thread in tills {
        let (ok, time) = thread.join().map_err(|_| "a till panicked")?;
        failures += usize::from(!ok);
        took.push(time);
    }
    let all = began.elapsed();
    let cpu = (node.cpu()? - before) / u32::try_from(AT_ONCE).unwrap_or(1);
    Ok(Row {
        work: "100 paid orders at once: failures, all done in, slowest, CPU each",
        goal: "0 failures",
        figure: format!(
            "{failures}, {}, {}, {}",
            micros(all),
            micros(disk::at_share(&mut took, 100)),
            micros(cpu)
        ),
    })
}

fn search(node: &Node, till: &Till, work: &'static str, words: &[&str]) -> Result<Row, String> {
    let (mut took, cpu) = timed(node, 600, |i| {
        let word = words[i % words.len()].replace(' ', "%20");
        till.get(&format!("/api/v1/products?limit=24&q={word}")).map(drop)
    })?;
    Ok(Row {
        work,
        goal: "≤ 0.5 ms CPU",
        figure: format!(
            "{}, {} / {}",
            micros(cpu),
            micros(disk::at_share(&mut took, 50)),
            micros(disk::at_share(&mut took, 95))
        ),
    })
}

fn open(node: &Node, till: &Till, work: &'static str) -> Result<Row, String> {
    let (mut took, cpu) = timed(node, 40, |_| {
        till.get("/api/v1/catalog")
            .and_then(|_| till.get("/api/v1/cart"))
            .map(drop)
    })?;
    Ok(Row {
        work,
        goal: "< 300 ms to usable",
        figure: format!(
            "{} CPU, {} wall",
            micros(cpu),
            micros(disk::at_share(&mut took, 50))
        ),
    })
}

/// Runs the work so many times; gives each wall time, and the node's CPU for one.
pub fn timed(
    node: &Node,
    times: usize,
    mut work: impl FnMut(usize) -> Result<(), String>,
) -> Result<(Vec<Duration>, Duration), String> {
    let before = node.cpu()?;
    let mut took = Vec::with_capacity(times);
    for i in 0..times {
        let began = now();
        work(i)?;
        took.push(began.elapsed());
    }
    let cpu = (node.cpu()? - before) / u32::try_from(times).unwrap_or(1);
    Ok((took, cpu))
}

/// What a browser loads to sell, compressed: the page's own scripts and what they import at once.
fn till_bytes(ui: &Path) -> Result<Row, String> {
    let manifest = std::fs::read_to_string(ui.join(".vite/manifest.json"))
        .map_err(|e| format!("the screens are not built ({}): {e}", ui.display()))?;
    let manifest: Value = serde_json::from_str(&manifest).map_err(|e| e.to_string())?;
    let mut files = std::collections::BTreeSet::new();
    let mut next: Vec<String> = vec!["index.html".to_owned()];
    next.extend(
        manifest
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .filter(|n| n.contains("screens/till/")),
    );
    while let Some(name) = next.pop() {
        let entry = &manifest[&name];
        if let Some(file) = entry["file"].as_str()
            && files.insert(file.to_owned())
        {
            next.extend(
                entry["imports"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|i| i.as_str().map(str::to_owned)),
            );
        }
    }
    let mut bytes = 0;
    for file in files.iter().filter(|f| f.ends_with(".js")) {
        let packed = Command::new("gzip")
            .arg("-9c")
            .arg(ui.join(file))
            .output()
            .map_err(|e| e.to_string())?;
        bytes += packed.stdout.len();
    }
    Ok(Row {
        work: "JS of the till, gzip",
        goal: "≤ 90 kB",
        figure: format!("{:.1} kB", bytes as f64 / 1000.0),
    })
}

#[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub fn now() -> Instant {
    Instant::now()
}

pub fn micros(time: Duration) -> String {
    if time >= Duration::from_millis(10) {
        format!("{:.1} ms", time.as_secs_f64() * 1000.0)
    } else {
        format!("{:.2} ms", time.as_secs_f64() * 1000.0)
    }
}

pub fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64().max(f64::MIN_POSITIVE)
}
