//! Printing: once, and never twice by itself; a printer in trouble costs nobody a sale. The drawer, cameras and codes.

use devices::{Deadline, camera::Recorded};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use testkit::{
    Client, Method, Node, new_id, order_path,
    printer::{FakePrinter, Mood},
};

/// Sets the printer up as the till's receipt printer and gives its id.
async fn add(client: &Client, name: &str, printer: &FakePrinter, more: Value) -> uuid::Uuid {
    let id = new_id();
    let mut body = json!({
        "id": id, "name": name, "driver": "network", "address": printer.address(), "jobs": ["receipt"]
    });
    body.as_object_mut()
        .expect("an object")
        .extend(more.as_object().cloned().unwrap_or_default());
    let (status, answer) = client.post("/api/v1/printers", body).await;
    assert_eq!(status, 201, "{answer}");
    id
}

/// Asks until it holds. It must within seconds.
async fn until<F: Future<Output = Option<Value>>>(what: &str, ask: impl Fn() -> F) -> Value {
    let began = Deadline::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(began.ago() < Duration::from_secs(60), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn jobs(client: &Client) -> Vec<Value> {
    let (status, list) = client.get("/api/v1/print/jobs").await;
    assert_eq!(status, 200, "{list}");
    list["items"].as_array().cloned().unwrap_or_default()
}

/// The newest job of this kind, once it is in that state.
async fn job_in(client: &Client, kind: &str, state: &str) -> Value {
    until(&format!("a {kind} that is {state}"), || async {
        jobs(client)
            .await
            .into_iter()
            .find(|job| job["kind"] == kind)
            .filter(|job| job["state"] == state)
    })
    .await
}

async fn sell(client: &Client) -> Value {
    let (_, list) = client.get("/api/v1/products?limit=1").await;
    let product = match list["items"][0]["id"].as_str() {
        Some(id) => id.parse().expect("an id"),
        None => client.product("Kaju katli", 25_000).await,
    };
    let cart = client.add_to_cart(product, "2").await;
    client.pay_cash(&cart).await
}

async fn act(client: &Client, job: &Value, what: &str, more: Value) -> (u16, Value) {
    let mut body = json!({"id": new_id()});
    body.as_object_mut()
        .expect("an object")
        .extend(more.as_object().cloned().unwrap_or_default());
    let id = job["id"].as_str().expect("an id");
    let (status, answer) = client
        .post(&format!("/api/v1/print/jobs/{id}/{what}"), body)
        .await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn a_sale_in_cash_prints_its_receipt_and_opens_the_drawer_once() {
    let (_node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    add(&owner, "Till", &printer, json!({})).await;
    let order = sell(&owner).await;
    let job = job_in(&owner, "receipt", "printed").await;
    assert_eq!(job["order"], order["id"]);
    assert_eq!((&job["copy"], &job["attempts"]), (&json!(1), &json!(1)));
    job_in(&owner, "drawer", "printed").await;
    let paper = printer.paper();
    assert_eq!(paper.unknown, Vec::<String>::new(), "every byte is a command");
    assert_eq!(paper.cuts, 1, "one receipt");
    assert_eq!(paper.kicks, [(2, 100, 500)], "one kick, as the profile says");
    assert!(paper.ink() > 5_000, "there is something on it: {}", paper.ink());
    assert_eq!(jobs(&owner).await.len(), 2);
    let (_, status) = owner.get("/api/v1/devices/status").await;
    assert_eq!(status["problems"], json!([]));
    assert_eq!(status["lights"][0]["light"], "ready", "{status}");
}

/// The codes on what came out last, read from its dots as a guest's receipt is read: a piece of it at a time.
fn codes_on(printer: &FakePrinter) -> Vec<String> {
    const PIECE: usize = 450;
    let rows = printer.paper().rows;
    let width = rows.iter().map(Vec::len).max().expect("rows");
    let mut found: Vec<String> = vec![];
    for start in (0..rows.len()).step_by(PIECE / 3) {
        let piece = &rows[start..rows.len().min(start + PIECE)];
        let mut luma = vec![];
        for row in piece {
            let mut line: Vec<u8> = row.iter().map(|black| if *black { 0 } else { 255 }).collect();
            line.resize(width, 255);
            luma.extend(line);
        }
        let Ok(frame) = codes::Frame::new(width, piece.len(), &luma) else {
            continue;
        };
        let read = codes::read_still(frame, &codes::Budget::generous());
        found.extend(read.into_iter().map(|code| code.text));
    }
    found.sort();
    found.dedup();
    found
}

#[tokio::test]
async fn the_token_on_the_paper_is_the_orders() {
    let (_node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    add(&owner, "Till", &printer, json!({})).await;
    let order = sell(&owner).await;
    job_in(&owner, "receipt", "printed").await;
    assert_eq!(
        codes_on(&printer),
        [order["token"]["code"].as_str().expect("a token")]
    );
}

#[tokio::test]
async fn gift_cards_that_were_sold_go_home_on_the_slip() {
    let (_node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    add(&owner, "Till", &printer, json!({})).await;
    let gift = owner.product("Gift card 500", 50_000).await;
    let choose = json!({"id": new_id(), "value": gift});
    assert_eq!(owner.put("/api/v1/settings/card.product", choose).await.0, 200);
    let order = owner.sell(&[(gift, "2")]).await;
    job_in(&owner, "receipt", "printed").await;
    let (_, cards) = owner.get(&order_path(&order, "cards")).await;
    let read = codes_on(&printer);
    for card in cards["items"].as_array().expect("cards") {
        let qr = card["qr"].as_str().expect("a QR");
        assert!(
            read.iter().any(|text| text == qr),
            "{qr} is not on the slip: {read:?}"
        );
    }
    assert_eq!(read.len(), 3, "two cards and the token");
}

#[tokio::test]
async fn half_the_bytes_and_dead_asks_and_never_prints_twice() {
    let (_node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    add(&owner, "Till", &printer, json!({"drawer": false})).await;
    sell(&owner).await;
    job_in(&owner, "receipt", "printed").await;
    let whole = printer.received();
    printer.tear_off();
    printer.set(Mood::DiesAfter(whole / 2));
    sell(&owner).await;
    let job = job_in(&owner, "receipt", "unsure").await;
    assert_eq!(job["why"], "half_sent");
    assert_eq!(job["actions"], json!(["came_out", "not_out", "discard"]));
    printer.set(Mood::Well);
    // A next sale goes on; the unsure one waits for a person.
    sell(&owner).await;
    job_in(&owner, "receipt", "printed").await;
    assert_eq!(printer.tear_off().cuts, 1, "only the next sale's");
    let (status, refused) = act(&owner, &job, "retry", json!({})).await;
    assert_eq!(
        (status, refused["error"]["code"].as_str()),
        (409, Some("job_settled"))
    );
    let (status, answer) = act(&owner, &job, "answer", json!({"came_out": false})).await;
    assert_eq!(status, 200, "{answer}");
    until("it is printed because a person said so", || async {
        let all = jobs(&owner).await;
        all.into_iter()
            .find(|j| j["id"] == job["id"] && j["state"] == "printed")
    })
    .await;
    assert_eq!(printer.paper().cuts, 1);
}

#[tokio::test]
async fn a_printer_that_goes_silent_asks_and_a_person_can_say_that_it_came_out() {
    let (_node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    printer.set(Mood::FallsSilent);
    add(&owner, "Till", &printer, json!({"drawer": false})).await;
    sell(&owner).await;
    let job = job_in(&owner, "receipt", "unsure").await;
    assert_eq!(job["why"], "no_answer");
    let (status, answer) = act(&owner, &job, "answer", json!({"came_out": true})).await;
    assert_eq!((status, &answer["state"]), (200, &json!("printed")));
    let (status, refused) = act(&owner, &job, "answer", json!({"came_out": false})).await;
    assert_eq!(
        (status, refused["error"]["code"].as_str()),
        (409, Some("job_settled"))
    );
    assert_eq!(printer.paper().cuts, 1);
}

#[tokio::test]
async fn a_mute_printer_asks_once_and_is_believed_from_then_on() {
    let (_node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    printer.set(Mood::Mute);
    let id = add(&owner, "Cheap", &printer, json!({"drawer": false})).await;
    let (status, job) = owner
        .post(&format!("/api/v1/printers/{id}/test"), json!({"id": new_id()}))
        .await;
    assert_eq!(status, 201, "{job}");
    let job = job_in(&owner, "test", "unsure").await;
    act(&owner, &job, "answer", json!({"came_out": true})).await;
    sell(&owner).await;
    job_in(&owner, "receipt", "printed").await;
    let (_, list) = owner.get("/api/v1/printers").await;
    assert_eq!(list["items"][0]["profile"]["tells_state"], json!(false));
}

#[tokio::test]
async fn without_paper_it_waits_says_so_and_prints_after() {
    let (_node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    printer.paper_out(true);
    add(&owner, "Till", &printer, json!({"drawer": false})).await;
    sell(&owner).await;
    let status = until("a problem is told", || async {
        let (_, status) = owner.get("/api/v1/devices/status").await;
        (status["problems"][0]["why"] == "paper_out").then_some(status)
    })
    .await;
    assert_eq!(status["problems"][0]["state"], "queued");
    assert_eq!(status["lights"][0]["light"], "check");
    assert_eq!(printer.received(), 0, "not a byte of the job");
    printer.paper_out(false);
    // By itself, after its pause.
    job_in(&owner, "receipt", "printed").await;
    assert_eq!(printer.paper().cuts, 1);
}

#[tokio::test]
async fn two_jobs_at_once_go_one_after_another() {
    let (_node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    let id = add(&owner, "Till", &printer, json!({"drawer": false})).await;
    let path = format!("/api/v1/printers/{id}/test");
    let both = (0..6).map(|_| {
        let (owner, path) = (owner.clone(), path.clone());
        tokio::spawn(async move { owner.post(&path, json!({"id": new_id()})).await.0 })
    });
    for one in both.collect::<Vec<_>>() {
        assert_eq!(one.await.expect("no panic"), 201);
    }
    until("all are printed", || async {
        let all = jobs(&owner).await;
        all.iter()
            .all(|job| job["state"] == "printed")
            .then_some(json!(all))
    })
    .await;
    let paper = printer.paper();
    assert_eq!(
        (paper.cuts, paper.unknown.len()),
        (6, 0),
        "whole, and not into one another"
    );
}

#[tokio::test]
async fn the_same_request_prints_once() {
    let (_node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    let id = add(&owner, "Till", &printer, json!({"drawer": false})).await;
    let body = json!({"id": new_id()});
    for _ in 0..3 {
        let (status, _) = owner
            .post(&format!("/api/v1/printers/{id}/test"), body.clone())
            .await;
        assert_eq!(status, 201);
    }
    job_in(&owner, "test", "printed").await;
    assert_eq!((printer.paper().cuts, jobs(&owner).await.len()), (1, 1));
}

#[tokio::test]
async fn a_power_cut_before_the_record_asks_after_the_restart() {
    let (node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    add(&owner, "Till", &printer, json!({"drawer": false})).await;
    sell(&owner).await;
    job_in(&owner, "receipt", "printed").await;
    printer.tear_off();
    // It prints and does not say so in time: meanwhile the program is gone.
    printer.set(Mood::FallsSilent);
    let before = printer.connections();
    sell(&owner).await;
    until("the receipt came out", || async {
        (printer.paper().cuts == 1 && printer.connections() > before).then_some(json!(1))
    })
    .await;
    let owner_id = owner.get("/api/v1/sessions/current").await.1["staff"]["id"].clone();
    let node = node.restarted();
    printer.set(Mood::Well);
    let window = node.window("cashier");
    let (status, answer) = window
        .sign_in(owner_id.as_str().expect("an id"), testkit::OWNER_PIN)
        .await;
    assert_eq!(status, 201, "{answer}");
    let owner = window.signed_in(&answer);
    let job = job_in(&owner, "receipt", "unsure").await;
    assert_eq!(job["why"], "power_cut");
    assert_eq!(printer.paper().cuts, 1, "and it is not printed again by itself");
    act(&owner, &job, "answer", json!({"came_out": true})).await;
    job_in(&owner, "receipt", "printed").await;
    assert_eq!(printer.paper().cuts, 1);
}

#[tokio::test]
async fn what_waits_is_printed_after_a_restart() {
    let (node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    printer.cover_open(true);
    add(&owner, "Till", &printer, json!({"drawer": false})).await;
    sell(&owner).await;
    until("it was tried", || async {
        jobs(&owner)
            .await
            .into_iter()
            .find(|job| job["why"] == "cover_open")
    })
    .await;
    let node = node.restarted();
    printer.cover_open(false);
    until("it comes out", || async {
        (printer.paper().cuts == 1).then_some(json!(1))
    })
    .await;
    drop(node);
}

#[tokio::test]
async fn a_reprint_says_which_copy_it_is() {
    let (_node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    add(&owner, "Till", &printer, json!({"drawer": false})).await;
    let order = sell(&owner).await;
    job_in(&owner, "receipt", "printed").await;
    let original = printer.tear_off();
    let path = format!("/api/v1/orders/{}/print", order["id"].as_str().expect("an id"));
    for copy in [2, 3] {
        let (status, job) = owner
            .post(&path, json!({"id": new_id(), "what": "receipt"}))
            .await;
        assert_eq!((status.as_u16(), &job["copy"]), (201, &json!(copy)), "{job}");
        job_in(&owner, "receipt", "printed").await;
        let paper = printer.tear_off();
        assert!(
            paper.rows.len() > original.rows.len(),
            "a copy has a line more than the original: {} {}",
            paper.rows.len(),
            original.rows.len()
        );
    }
    let (status, job) = owner.post(&path, json!({"id": new_id(), "what": "token"})).await;
    assert_eq!(
        (status.as_u16(), &job["copy"]),
        (201, &json!(1)),
        "the slip of the token is another paper"
    );
}

#[tokio::test]
async fn another_printer_takes_over_by_hand_or_by_itself() {
    let (_node, owner) = Node::with_shop().await;
    let (broken, good) = (FakePrinter::new(), FakePrinter::new());
    broken.paper_out(true);
    let other = add(
        &owner,
        "Spare",
        &good,
        json!({"jobs": ["label"], "drawer": false}),
    )
    .await;
    let till = add(&owner, "Till", &broken, json!({"drawer": false})).await;
    sell(&owner).await;
    let job = until("it waits", || async {
        jobs(&owner)
            .await
            .into_iter()
            .find(|job| job["why"] == "paper_out")
    })
    .await;
    let (status, moved) = act(&owner, &job, "retry", json!({"printer": other})).await;
    assert_eq!((status, &moved["printer"]["name"]), (200, &json!("Spare")));
    job_in(&owner, "receipt", "printed").await;
    assert_eq!(good.tear_off().cuts, 1);
    // From now on without anybody's hand.
    let body = json!({
        "id": new_id(), "name": "Till", "driver": "network", "address": broken.address(), "jobs": ["receipt"],
        "fallback": other
    });
    let (status, answer) = owner.put(&format!("/api/v1/printers/{till}"), body).await;
    assert_eq!(status, 200, "{answer}");
    sell(&owner).await;
    let job = job_in(&owner, "receipt", "printed").await;
    assert_eq!(job["printer"]["name"], "Spare");
    assert_eq!(good.paper().cuts, 1);
    assert_eq!(broken.received(), 0);
}

#[tokio::test]
async fn a_dead_printer_does_not_hold_up_another_one() {
    let (_node, owner) = Node::with_shop().await;
    let (dead, good) = (FakePrinter::new(), FakePrinter::new());
    dead.set(Mood::Stalls);
    let first = add(&owner, "Dead", &dead, json!({"jobs": [], "drawer": false})).await;
    add(&owner, "Till", &good, json!({"drawer": false})).await;
    owner
        .post(&format!("/api/v1/printers/{first}/test"), json!({"id": new_id()}))
        .await;
    let began = Deadline::now();
    sell(&owner).await;
    job_in(&owner, "receipt", "printed").await;
    assert!(began.ago() < Duration::from_secs(5), "{:?}", began.ago());
}

#[tokio::test]
async fn a_sale_is_as_fast_with_a_dead_printer_as_without() {
    async fn median(owner: &Client) -> Duration {
        let mut times = vec![];
        for _ in 0..15 {
            let (_, list) = owner.get("/api/v1/products?limit=1").await;
            let product = list["items"][0]["id"]
                .as_str()
                .expect("a product")
                .parse()
                .expect("an id");
            let cart = owner.add_to_cart(product, "1").await;
            let began = Deadline::now();
            owner.pay_cash(&cart).await;
            times.push(began.ago());
        }
        times.sort();
        times[7]
    }
    let (_node, owner) = Node::with_shop().await;
    owner.product("Tea", 2_000).await;
    let without = median(&owner).await;
    let printer = FakePrinter::new();
    printer.set(Mood::Stalls);
    add(&owner, "Dead", &printer, json!({})).await;
    let with = median(&owner).await;
    // Every wait for the printer is at least 300 ms; a sale takes a few.
    assert!(
        with < without + Duration::from_millis(250),
        "{without:?} without, {with:?} with"
    );
}

#[tokio::test]
async fn no_printer_at_all_is_no_trouble() {
    let (_node, owner) = Node::with_shop().await;
    let order = sell(&owner).await;
    assert_eq!(jobs(&owner).await, Vec::<Value>::new());
    let path = format!("/api/v1/orders/{}/print", order["id"].as_str().expect("an id"));
    let (status, refused) = owner
        .post(&path, json!({"id": new_id(), "what": "receipt"}))
        .await;
    assert_eq!(
        (status.as_u16(), refused["error"]["code"].as_str()),
        (409, Some("no_printer"))
    );
    let (status, refused) = owner
        .post("/api/v1/drawer/open", json!({"id": new_id(), "reason": "change"}))
        .await;
    assert_eq!(
        (status.as_u16(), refused["error"]["code"].as_str()),
        (409, Some("no_drawer"))
    );
}

#[tokio::test]
async fn receipts_can_be_asked_for_or_left() {
    let (_node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    add(&owner, "Till", &printer, json!({})).await;
    for how in ["ask", "never"] {
        let (status, _) = owner
            .put(
                "/api/v1/settings/print.receipt",
                json!({"id": new_id(), "value": how}),
            )
            .await;
        assert_eq!(status, 200);
        sell(&owner).await;
    }
    job_in(&owner, "drawer", "printed").await;
    until("both drawers opened", || async {
        (printer.paper().kicks.len() == 2).then_some(json!(1))
    })
    .await;
    assert!(
        jobs(&owner).await.iter().all(|job| job["kind"] == "drawer"),
        "cash still needs the drawer"
    );
}

#[tokio::test]
async fn a_sale_that_was_undone_prints_no_receipt_later() {
    let (_node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    printer.paper_out(true);
    add(&owner, "Till", &printer, json!({"drawer": false})).await;
    let order = sell(&owner).await;
    until("it waits", || async {
        jobs(&owner)
            .await
            .into_iter()
            .find(|job| job["why"] == "paper_out")
    })
    .await;
    let path = format!("/api/v1/orders/{}/cancel", order["id"].as_str().expect("an id"));
    let (status, answer) = owner
        .post(&path, json!({"id": new_id(), "reason": "mistake"}))
        .await;
    assert_eq!(status, 200, "{answer}");
    printer.paper_out(false);
    job_in(&owner, "receipt", "discarded").await;
    assert_eq!(printer.received(), 0);
}

#[tokio::test]
async fn a_refund_prints_its_credit_note_and_opens_the_drawer() {
    let (_node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    add(&owner, "Till", &printer, json!({})).await;
    let order = sell(&owner).await;
    job_in(&owner, "receipt", "printed").await;
    until("the drawer opened", || async {
        (printer.paper().kicks.len() == 1).then_some(json!(1))
    })
    .await;
    printer.tear_off();
    let path = format!("/api/v1/orders/{}/refunds", order["id"].as_str().expect("an id"));
    let id = new_id();
    let boss = owner.get("/api/v1/sessions/current").await.1["staff"]["id"].clone();
    let body = json!({
        "id": id, "lines": [{"line": order["lines"][0]["line"], "quantity": "1"}], "reason": "stale",
        "approval": {"staff": boss, "pin": testkit::OWNER_PIN}
    });
    let (status, answer) = owner.post(&path, body).await;
    assert_eq!(status, 201, "{answer}");
    let job = job_in(&owner, "credit_note", "printed").await;
    assert_eq!(job["copy"], 1);
    until("the drawer opened for the money", || async {
        (printer.paper().kicks.len() == 1).then_some(json!(1))
    })
    .await;
    assert_eq!(printer.paper().cuts, 1);
    let again = format!("/api/v1/orders/{}/print", order["id"].as_str().expect("an id"));
    let body = json!({"id": new_id(), "what": "credit_note", "credit_note": id});
    let (status, job) = owner.post(&again, body).await;
    assert_eq!((status.as_u16(), &job["copy"]), (201, &json!(2)), "{job}");
}

#[tokio::test]
async fn the_drawer_opens_without_a_sale_for_a_reason_and_a_right() {
    let (node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    add(&owner, "Till", &printer, json!({})).await;
    let cashier = node.counter(&owner, "Ravi", "cashier").await;
    let open = |client: &Client, body: Value| {
        let client = client.clone();
        async move {
            let (status, answer) = client.post("/api/v1/drawer/open", body).await;
            (status.as_u16(), answer)
        }
    };
    let (status, refused) = open(&owner, json!({"id": new_id(), "reason": "  "})).await;
    assert_eq!(
        (status, refused["error"]["hints"]["field"].as_str()),
        (422, Some("reason"))
    );
    let (status, refused) = open(&cashier, json!({"id": new_id(), "reason": "change"})).await;
    assert_eq!(
        (status, refused["error"]["code"].as_str()),
        (403, Some("drawer_needs_approval"))
    );
    assert_eq!(printer.paper().kicks, [], "nothing opened");
    let boss = owner.get("/api/v1/sessions/current").await.1["staff"]["id"].clone();
    let body = json!({
        "id": new_id(), "reason": "change", "approval": {"staff": boss, "pin": testkit::OWNER_PIN}
    });
    let (status, opened) = open(&cashier, body.clone()).await;
    assert_eq!(status, 201, "{opened}");
    assert_eq!(opened["approved_by"]["name"], "Asha");
    assert_eq!(opened["staff"]["name"], "Ravi");
    let (status, again) = open(&cashier, body).await;
    assert_eq!(
        (status, &again["id"]),
        (201, &opened["id"]),
        "the same answer, and no second kick"
    );
    job_in(&owner, "drawer", "printed").await;
    assert_eq!(printer.paper().kicks, [(2, 100, 500)]);
    let (_, list) = owner.get("/api/v1/drawer/openings?day=2026-11-21").await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(list["items"][0]["reason"], "change");
    assert_eq!(node.faults(), Vec::<String>::new(), "a fact like all others");
}

#[tokio::test]
async fn a_drawer_never_opens_late() {
    let (node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    printer.cover_open(true);
    add(&owner, "Till", &printer, json!({})).await;
    sell(&owner).await;
    let job = job_in(&owner, "drawer", "failed").await;
    assert_eq!(job["why"], "cover_open");
    node.clock.forward(60_000);
    printer.cover_open(false);
    job_in(&owner, "receipt", "printed").await;
    assert_eq!(
        printer.paper().kicks,
        [],
        "minutes after the sale it opens for nobody"
    );
}

#[tokio::test]
async fn printers_are_set_up_tried_and_forgotten() {
    let (node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    for (field, wrong) in [
        ("driver", json!({"driver": "telepathy"})),
        ("address", json!({"address": "a b"})),
        ("jobs", json!({"jobs": ["poems"]})),
        ("fallback", json!({"fallback": new_id()})),
        ("profile.cut", json!({"profile": {"cut": "twice"}})),
        ("profile.paper_mm", json!({"profile": {"paper_mm": 99}})),
    ] {
        let mut body =
            json!({"id": new_id(), "name": "X", "driver": "network", "address": printer.address()});
        body.as_object_mut()
            .expect("an object")
            .extend(wrong.as_object().cloned().unwrap_or_default());
        let (status, refused) = owner.post("/api/v1/printers", body).await;
        assert_eq!(
            (status.as_u16(), refused["error"]["hints"]["field"].as_str()),
            (422, Some(field)),
            "{refused}"
        );
    }
    let id = add(&owner, "Till", &printer, json!({})).await;
    let twice = json!({"id": new_id(), "name": "Y", "driver": "network", "address": printer.address()});
    let (status, refused) = owner.post("/api/v1/printers", twice).await;
    assert_eq!(
        (status.as_u16(), refused["error"]["code"].as_str()),
        (409, Some("printer_known"))
    );
    owner
        .post(&format!("/api/v1/printers/{id}/test"), json!({"id": new_id()}))
        .await;
    job_in(&owner, "test", "printed").await;
    let wide = printer.tear_off();
    let (status, looks) = owner
        .post(
            &format!("/api/v1/printers/{id}/looks"),
            json!({"id": new_id(), "answer": "too_wide"}),
        )
        .await;
    assert_eq!(
        (status.as_u16(), looks["next"].as_str()),
        (200, Some("test")),
        "{looks}"
    );
    assert_eq!(looks["printer"]["profile"]["dots"], 384);
    owner
        .post(&format!("/api/v1/printers/{id}/test"), json!({"id": new_id()}))
        .await;
    until("the narrow card", || async {
        (printer.paper().cuts == 1).then_some(json!(1))
    })
    .await;
    let most = |paper: &testkit::printer::Paper| paper.rows.iter().map(Vec::len).max().unwrap_or(0);
    assert_eq!(
        (most(&wide), most(&printer.paper())),
        (576, 384),
        "the card has the paper's width"
    );
    let cashier = node.counter(&owner, "Ravi", "cashier").await;
    let (status, _) = cashier.delete(&format!("/api/v1/printers/{id}")).await;
    assert_eq!(status, 403, "a cashier prints and changes nothing");
    job_in(&owner, "test", "printed").await;
    let (status, gone) = owner.delete(&format!("/api/v1/printers/{id}")).await;
    assert_eq!(status, 200, "{gone}");
    let (_, list) = owner.get("/api/v1/printers").await;
    assert_eq!(list["items"], json!([]));
}

#[tokio::test]
async fn a_receipt_can_be_seen_before_it_is_printed() {
    let (_node, owner) = Node::with_shop().await;
    let order = sell(&owner).await;
    let id = order["id"].as_str().expect("an id");
    let get = async |path: String| {
        owner
            .fetch(Method::GET, &path, "text/plain", vec![], &[("x-chandi", "1")])
            .await
    };
    let (status, png) = get(format!("/api/v1/orders/{id}/receipt.png")).await;
    assert_eq!(
        (status.as_u16(), &png[..8]),
        (200, b"\x89PNG\r\n\x1a\n".as_slice())
    );
    let (status, pdf) = get(format!("/api/v1/orders/{id}/receipt.pdf?paper_mm=210")).await;
    assert_eq!((status.as_u16(), &pdf[..5]), (200, b"%PDF-".as_slice()));
    let (status, _) = get(format!("/api/v1/orders/{id}/receipt.png?what=credit_note")).await;
    assert_eq!(status, 404, "there is none");
    let preview = async |body: Value| {
        owner
            .fetch(
                Method::POST,
                "/api/v1/receipts/preview",
                "application/json",
                body.to_string().into_bytes(),
                &[("x-chandi", "1")],
            )
            .await
    };
    let (status, sample) = preview(json!({})).await;
    assert_eq!((status.as_u16(), &sample[..4]), (200, b"\x89PNG".as_slice()));
    let (_, template) = owner.get("/api/v1/receipts/template").await;
    let mut large = template["default"].clone();
    large["footer"] = json!(["Come again", "and bring friends"]);
    let (status, longer) = preview(json!({"template": large})).await;
    assert_eq!(status, 200);
    assert_ne!(sample, longer, "what is being edited is seen before it is saved");
    let (status, _) = preview(json!({"template": {"version": 9}})).await;
    assert_eq!(status, 422);
    let (status, saved) = owner
        .put(
            "/api/v1/receipts/template",
            json!({"id": new_id(), "template": large}),
        )
        .await;
    assert_eq!(
        (status.as_u16(), &saved["template"]["footer"][0]),
        (200, &json!("Come again"))
    );
    let (_, now) = preview(json!({})).await;
    assert_eq!(now, longer, "the template is in force");
    let (_, settings) = owner.get("/api/v1/settings").await;
    let listed = settings["items"].as_array().expect("settings");
    assert!(
        listed.iter().all(|s| s["key"] != "receipt.template"),
        "a drawing is no line in a form"
    );
}

/// A code as a page would send it: one byte a dot.
fn picture_of(text: &str) -> (usize, Vec<u8>) {
    let code = codes::make::qr(text, codes::make::Level::M).expect("a code");
    let (scale, quiet) = (5, 30);
    let side = (code.size() * scale + 2 * quiet).next_multiple_of(2);
    let mut luma = vec![230u8; side * side];
    for (y, row) in code.rows().iter().enumerate() {
        for (x, _) in row.iter().enumerate().filter(|(_, dark)| **dark) {
            for dot in 0..scale * scale {
                luma[(quiet + y * scale + dot / scale) * side + quiet + x * scale + dot % scale] = 20;
            }
        }
    }
    (side, luma)
}

#[tokio::test]
async fn a_pages_picture_is_read() {
    let (_node, owner) = Node::with_shop().await;
    let (side, luma) = picture_of("SAMOSA-1");
    let (size, reader) = (side.to_string(), new_id().to_string());
    let headers = [
        ("x-chandi", "1"),
        ("x-width", size.as_str()),
        ("x-height", size.as_str()),
        ("x-reader", reader.as_str()),
    ];
    let (status, seen) = owner
        .send(
            Method::POST,
            "/api/v1/codes/frame",
            "application/octet-stream",
            luma.clone(),
            &headers,
        )
        .await;
    assert_eq!(status, 200, "{seen}");
    assert_eq!(
        (&seen["codes"][0]["text"], &seen["codes"][0]["kind"]),
        (&json!("SAMOSA-1"), &json!("qr"))
    );
    assert_eq!(seen["codes"][0]["corners"].as_array().map(Vec::len), Some(4));
    let (status, refused) = owner
        .send(
            Method::POST,
            "/api/v1/codes/frame",
            "application/octet-stream",
            luma[1..].to_vec(),
            &headers,
        )
        .await;
    assert_eq!(
        (status.as_u16(), refused["error"]["code"].as_str()),
        (422, Some("picture_invalid"))
    );
}

#[tokio::test]
async fn the_devices_own_camera_reads_a_token_and_survives_its_cable() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("film.y4m");
    let film = |text: &str| {
        let (side, luma) = picture_of(text);
        let mut bytes = format!("YUV4MPEG2 W{side} H{side} F60:1 Cmono\nFRAME\n").into_bytes();
        bytes.extend(luma);
        bytes
    };
    std::fs::write(&path, film("KAJU-7")).expect("a film");
    let (_node, owner) = Node::with_cameras(Arc::new(Recorded {
        path: path.clone(),
        endless: true,
    }))
    .await;
    let (_, cameras) = owner.get("/api/v1/cameras").await;
    assert_eq!(
        (&cameras["state"], cameras["items"].as_array().map(Vec::len)),
        (&json!("closed"), Some(1))
    );
    let (status, _) = owner.post("/api/v1/camera/open", json!({"id": new_id()})).await;
    assert_eq!(status, 200);
    let see = async |what: &str, holds: &dyn Fn(&Value) -> bool| {
        let began = Deadline::now();
        let mut seq = 0;
        loop {
            let (status, frame) = owner.get(&format!("/api/v1/camera/frame?after={seq}")).await;
            assert_eq!(status, 200, "{frame}");
            if holds(&frame) {
                return frame;
            }
            assert!(
                began.ago() < Duration::from_secs(60),
                "{what}: {}",
                frame["state"]
            );
            seq = frame["seq"].as_u64().expect("a number");
        }
    };
    let frame = see("a code", &|f| f["codes"][0]["text"] == "KAJU-7").await;
    let picture = frame["picture"].as_str().expect("a picture");
    assert!(
        picture.starts_with("data:image/bmp;base64,Qk"),
        "a bitmap: {}",
        &picture[..40]
    );
    std::fs::remove_file(&path).expect("pulled out");
    see("the cable is out", &|f| {
        f["state"] == "lost" && f["picture"].is_null()
    })
    .await;
    std::fs::write(&path, film("KAJU-8")).expect("plugged in");
    see("another code", &|f| f["codes"][0]["text"] == "KAJU-8").await;
    let (_, closed) = owner.post("/api/v1/camera/close", json!({"id": new_id()})).await;
    assert_eq!(closed["state"], "closed");
}

#[tokio::test]
async fn a_till_without_a_camera_says_so() {
    let (_node, owner) = Node::with_shop().await;
    owner.post("/api/v1/camera/open", json!({"id": new_id()})).await;
    until("it says so", || async {
        let (_, frame) = owner.get("/api/v1/camera/frame").await;
        (frame["state"] == "none").then_some(frame)
    })
    .await;
}

#[tokio::test]
async fn labels_of_scales_bring_their_weight_or_price() {
    let (_node, owner) = Node::with_shop().await;
    let body = json!({
        "id": new_id(), "name": "Paneer", "price_minor": 40_000, "unit": "kg", "sku": "42"
    });
    assert_eq!(owner.post("/api/v1/products", body).await.0, 201);
    let label = |digits: &str| {
        let sum: u32 = digits
            .bytes()
            .enumerate()
            .map(|(i, d)| u32::from(d - b'0') * if i % 2 == 1 { 3 } else { 1 })
            .sum();
        format!("{digits}{}", (10 - sum % 10) % 10)
    };
    let (status, weighed) = owner
        .post("/api/v1/scan", json!({"code": label("210004200750")}))
        .await;
    assert_eq!(status, 200, "{weighed}");
    assert_eq!(
        (&weighed["kind"], &weighed["quantity"]),
        (&json!("product"), &json!("0.75"))
    );
    assert_eq!(
        weighed["label"],
        json!({"code": "00042", "weight": true, "amount_minor": null})
    );
    let masks = json!({"id": new_id(), "value": "21PPPPPWWWWWC 22PPPPPAAAAAC"});
    assert_eq!(
        owner.put("/api/v1/settings/scan.weight_masks", masks).await.0,
        200
    );
    let (_, priced) = owner
        .post("/api/v1/scan", json!({"code": label("220004220000")}))
        .await;
    assert_eq!(
        (&priced["quantity"], &priced["label"]["amount_minor"]),
        (&json!("0.5"), &json!(20_000))
    );
    let (_, other) = owner
        .post("/api/v1/scan", json!({"code": label("210009900750")}))
        .await;
    assert_eq!(
        (&other["kind"], &other["why"]),
        (&json!("unknown"), &json!("not_listed"))
    );
    let wrong = json!({"id": new_id(), "value": "99PPPPPWWWWWC"});
    assert_eq!(
        owner.put("/api/v1/settings/scan.weight_masks", wrong).await.0,
        422
    );
}

#[tokio::test]
async fn trying_the_drawer_is_opening_it() {
    let (node, owner) = Node::with_shop().await;
    let printer = FakePrinter::new();
    let id = add(&owner, "Till", &printer, json!({})).await;
    let path = format!("/api/v1/printers/{id}/test");
    let cashier = node.counter(&owner, "Meena", "cashier").await;
    let body = json!({"id": new_id(), "part": "drawer"});
    assert_eq!(
        cashier.post(&path, body.clone()).await.0,
        403,
        "not without the right to"
    );
    assert_eq!(owner.post(&path, body).await.0, 201);
    until("the drawer opened", || async {
        (printer.paper().kicks.len() == 1).then_some(json!(1))
    })
    .await;
    let (_, openings) = owner.get("/api/v1/drawer/openings").await;
    assert_eq!(
        openings["items"][0]["why"], "test",
        "and it is a fact: {openings}"
    );
}

#[tokio::test]
async fn a_printer_is_a_printer_and_nothing_else_of_the_machine() {
    let (_node, owner) = Node::with_shop().await;
    for (driver, address) in [
        ("file", "/tmp/receipts.bin"),
        ("usb", "/dev/fd/7"),
        ("usb", "/dev/sda"),
        ("serial", "/dev/mem@9600"),
        ("spooler", "-o/etc/passwd"),
    ] {
        let body = json!({"id": new_id(), "name": "Till", "driver": driver, "address": address});
        let (status, answer) = owner.post("/api/v1/printers", body).await;
        assert_eq!(
            (status.as_u16(), answer["error"]["code"].as_str()),
            (422, Some("field_invalid")),
            "{driver} {address}: {answer}"
        );
    }
}
