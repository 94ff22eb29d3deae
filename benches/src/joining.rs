//! A new device joins a shop with a long history: from the owner's yes to the lock screen of the new device.

use crate::{
    Arguments, history,
    node::{Node, Till, new_id},
    table::Row,
};
use app::{
    App, Config,
    sessions::Place,
    setup::{OwnShop, Setup},
};
use serde_json::{Value, json};
use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

const ORDERS: u64 = 100_000;
const PIN: &str = "2580";

#[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub fn measure(arguments: &Arguments, data: &Path) -> Result<Vec<Row>, String> {
    eprintln!("  joining a shop of {ORDERS} orders");
    let (here, there) = (data.join("host"), data.join("guest"));
    found(&here)?;
    history::prepare(&here, ORDERS)?;
    let host = Node::start(&arguments.node, &here, false)?;
    let guest = Node::start(&arguments.node, &there, false)?;
    let nobody = host.stranger()?;
    let staff = nobody.get("/api/v1/lock")?["staff"][0]["id"].clone();
    let owner = host.till(staff.as_str().unwrap_or_default(), PIN)?;
    let new = guest.stranger()?;

    let invitation = owner.post("/api/v1/join/invitations", &json!({"id": new_id()}))?;
    let join = json!({"code": invitation["code"], "address": host.address, "name": "Bench"});
    new.post("/api/v1/join", &join)?;
    let path = format!(
        "/api/v1/join/invitations/{}",
        invitation["id"].as_str().unwrap_or_default()
    );
    let asked = until(&owner, &path, |one| one["state"] == "asked")?;
    let began = Instant::now();
    let approve = json!({"id": new_id(), "device": asked["guest"]["device"], "name": "Bench", "role": "till",
        "counter": "Till 2"});
    owner.post(&format!("{path}/approve"), &approve)?;
    let mut size = 0;
    until(&new, "/api/v1/join", |now| {
        size = now["size"].as_u64().unwrap_or(0).max(size);
        now["phase"] == "done"
    })?;
    let took = began.elapsed();
    Ok(vec![Row {
        work: "joining a shop of 100,000 orders, from the yes to the lock screen",
        goal: "≤ 10 s",
        figure: format!(
            "{}.{} s, {} MB",
            took.as_secs(),
            took.subsec_millis() / 100,
            size / 1_000_000
        ),
    }])
}

fn until(till: &Till, path: &str, mut is_so: impl FnMut(&Value) -> bool) -> Result<Value, String> {
    for _ in 0..3_000 {
        let now = till.get(path)?;
        if now["phase"] == "failed" {
            return Err(format!("joining failed: {now}"));
        }
        if is_so(&now) {
            return Ok(now);
        }
        thread::sleep(Duration::from_millis(50));
    }
    Err(format!("{path} never came so far"))
}

fn found(folder: &Path) -> Result<(), String> {
    let app = App::open(Config {
        use_keyring: false,
        ..Config::new(folder)
    })
    .map_err(|e| e.to_string())?;
    let own = OwnShop {
        id: app.edges().new_id(),
        language: "en".to_owned(),
        trade: "sweets".to_owned(),
        shop_name: "Bench".to_owned(),
        country: "IN".to_owned(),
        region: None,
        tax_number: None,
        zone: None,
        owner_name: "Asha".to_owned(),
        pin: PIN.to_owned(),
        seat: None,
    };
    app.set_up(&Setup::Own(own), &Place::Window)
        .map(drop)
        .map_err(|e| e.to_string())
}
