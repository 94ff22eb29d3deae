//! A device that was shut out: it is handed the word of it by whoever refuses it, believes it only with proof, says it,
//! and lets be taken along what nobody takes.

use journal::exchange::{DEVICE, DIGEST, Heads, Push, SHOP, SIGNATURE, TIME, signature_text};
use serde_json::{Value, json};
use std::io::Read;
use testkit::{
    Client, Method, Node, OWNER_PIN,
    gateway::{Manner, Simulator},
    new_id,
};
use uuid::Uuid;

const LIST: &str = "/api/v1/shop-devices";

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

/// The owner at the window of a device.
async fn owner_at(node: &Node) -> Client {
    let window = node.window("cashier");
    let (_, lock) = window.get("/api/v1/lock").await;
    let staff = lock["staff"][0]["id"].as_str().expect("Asha").to_owned();
    let (status, session) = window.sign_in(&staff, OWNER_PIN).await;
    assert_eq!(status, 201, "{session}");
    window.signed_in(&session)
}

async fn revoke(by: &Client, device: &Node, reason: &str) {
    let path = format!("{LIST}/{}/revoke", device.shop().identity().device);
    let (status, out) = by.post(&path, json!({"id": new_id(), "reason": reason})).await;
    assert_eq!(status, 200, "{out}");
}

/// Asks another device as this one, by its signature.
async fn ask(from: &Node, to: &Node, method: Method, path: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
    let signed = from
        .shop()
        .sign_request(method.as_str(), path, &body)
        .expect("signed");
    let (shop, device) = (signed.shop.to_string(), signed.device.to_string());
    let (time, signature) = (signed.time_ms.to_string(), signature_text(&signed.signature));
    let digest = app::letters::hex(&signed.digest);
    let headers = [
        ("x-chandi", "1"),
        (DIGEST, digest.as_str()),
        (SHOP, shop.as_str()),
        (DEVICE, device.as_str()),
        (TIME, time.as_str()),
        (SIGNATURE, signature.as_str()),
    ];
    let (status, bytes) = to
        .browser("127.0.0.1:9")
        .fetch(method, path, "application/octet-stream", body, &headers)
        .await;
    (status.as_u16(), bytes)
}

/// What another device shows this one of its being out.
async fn notice(from: &Node, to: &Node) -> Push {
    let have = from.shop().vector().expect("a vector");
    let (status, bytes) = ask(
        from,
        to,
        Method::POST,
        "/sync/v1/notice",
        Heads { heads: have }.encode(),
    )
    .await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
    Push::decode(&bytes).expect("a notice")
}

fn sale(tea: Uuid) -> Value {
    json!({"id": new_id(), "lines": [{"product": tea, "quantity": "2"}],
        "tenders": [{"id": new_id(), "method": "cash"}]})
}

async fn is_out(client: &Client) -> bool {
    client.get("/api/v1/lock").await.1["shop"]["shut_out"] == true
}

#[tokio::test]
async fn whoever_is_refused_is_shown_by_whom_and_says_what_nobody_takes() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let till = node.another();
    let there = owner_at(&till).await;
    let first = there.post("/api/v1/orders", sale(tea)).await.1;
    node.meet(&till);
    // It is done at a device that the one to be shut out never hears of.
    let late = node.another();
    let at_late = owner_at(&late).await;
    revoke(&at_late, &till, "lost").await;
    node.meet(&late);
    // Meanwhile it goes on selling, and pays something back.
    let second = there.post("/api/v1/orders", sale(tea)).await.1;
    let staff = there.get("/api/v1/lock").await.1["staff"][0]["id"].clone();
    let body = json!({"id": new_id(), "lines": [{"line": 1, "quantity": "1"}],
        "approval": {"staff": staff, "pin": OWNER_PIN}});
    let path = testkit::order_path(&second, "refunds");
    let (status, refunded) = there.post(&path, body).await;
    assert_eq!(status, 201, "{refunded}");
    assert_eq!(
        there.get("/api/v1/shut-out").await.0,
        404,
        "it has heard of nothing"
    );

    let (status, refused) = ask(&till, &node, Method::GET, "/sync/v1/heads", vec![]).await;
    let refused: Value = serde_json::from_slice(&refused).expect("a refusal");
    assert_eq!((status, code(&refused)), (403, "device_revoked"));
    let shown = notice(&till, &node).await;
    assert_eq!(shown.series.len(), 2, "who let the other in, and its word");
    assert!(till.shop().take_notice(&shown.series).expect("written down"));

    assert!(is_out(&there).await);
    let (status, view) = there.get("/api/v1/shut-out").await;
    assert_eq!(status, 200, "{view}");
    assert_eq!(view["by"]["id"], json!(late.shop().identity().device.uuid()));
    assert_eq!(
        (&view["person"], &view["reason"]),
        (&json!("Asha"), &json!("lost"))
    );
    assert!(view["at"].is_string() && view["heard_at"].is_string(), "{view}");
    let left = &view["left"];
    assert_eq!(
        (&left["orders"], &left["sold_minor"], &left["refunds"]),
        (&json!(1), &json!(4_000), &json!(1)),
        "what was sold before counts: {view}"
    );
    assert_eq!(left["refunded_minor"], 2_000);
    assert_eq!(
        code(&there.post("/api/v1/orders", sale(tea)).await.1),
        "device_revoked"
    );
    assert_eq!(
        there.get("/api/v1/orders").await.1["items"]
            .as_array()
            .map(Vec::len),
        Some(2),
        "everything stays readable"
    );

    // What nobody takes can be taken along, and is named before the shop is forgotten here.
    let path = "/api/v1/shut-out/not-taken.zip";
    let (status, bytes) = there.fetch(Method::GET, path, "text/plain", vec![], &[]).await;
    assert_eq!(status, 200);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a zip");
    let mut text = |name: &str| {
        let mut text = String::new();
        zip.by_name(name)
            .expect(name)
            .read_to_string(&mut text)
            .expect("text");
        text
    };
    let id = |order: &Value| order["id"].as_str().expect("an id").to_owned();
    let orders = text("orders.csv");
    assert!(
        orders.contains(&id(&second)) && !orders.contains(&id(&first)),
        "{orders}"
    );
    assert_eq!(text("payments.csv").lines().count(), 2);
    assert_eq!(text("refunds.csv").lines().count(), 2);
    let facts = text("facts.jsonl");
    assert!(
        facts.contains("OrderPlaced") && !facts.contains(&id(&first)),
        "{facts}"
    );
    assert!(text("README.txt").contains("enters it again"));
    let forget = there.get("/api/v1/shop/forget").await.1;
    assert!(
        forget["only_here"].as_u64() >= left["changes"].as_u64() && left["changes"].as_u64() > Some(1),
        "{forget}"
    );
    let (status, answer) = there.post("/api/v1/backups", json!({})).await;
    assert_eq!(
        status, 409,
        "a copy may be made where there is a place for it: {answer}"
    );

    // It knows it still after a restart, and its books are whole.
    let till = till.restarted();
    let there = owner_at(&till).await;
    assert!(is_out(&there).await);
    assert_eq!(till.faults(), Vec::<String>::new());
    let forget = there.get("/api/v1/shop/forget").await.1;
    let gone =
        json!({"id": new_id(), "word": "Test Sweets", "pin": OWNER_PIN, "only_here": forget["only_here"]});
    assert_eq!(
        there.post("/api/v1/shop/forget", gone).await.0,
        204,
        "it can be let go of"
    );
}

#[tokio::test]
async fn without_proof_nobody_is_shut_out() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let till = node.another();
    let there = owner_at(&till).await;
    assert_eq!(there.post("/api/v1/orders", sale(tea)).await.0, 201);
    node.meet(&till);
    assert_eq!(
        notice(&till, &node).await,
        Push::default(),
        "it belongs to the shop"
    );
    revoke(&owner, &till, "stolen").await;
    let good = notice(&till, &node).await;
    assert_eq!(good.series.len(), 1, "it knows who did it");
    for at in 0..good.series[0].transactions[0].len() {
        let mut changed = good.clone();
        changed.series[0].transactions[0][at] ^= 0x20;
        assert!(
            !till.shop().take_notice(&changed.series).expect("looked at"),
            "byte {at} was changed on the way"
        );
    }
    let mut moved = good.clone();
    moved.series[0].after += 1;
    assert!(!till.shop().take_notice(&moved.series).expect("looked at"));
    assert!(!till.shop().take_notice(&[]).expect("looked at"));
    assert!(!is_out(&there).await);
    assert_eq!(there.post("/api/v1/orders", sale(tea)).await.0, 201, "it goes on");
    assert!(till.shop().take_notice(&good.series).expect("looked at"));
    assert!(is_out(&there).await);
}

/// What it costs to answer is spent on a device that is out now and then, however often it asks.
#[tokio::test]
async fn whoever_is_out_is_told_a_few_times_and_then_left_waiting() {
    let (node, owner) = Node::with_shop().await;
    let till = node.another();
    node.meet(&till);
    let have = || {
        let heads = till.shop().vector().expect("a vector");
        Heads { heads }.encode()
    };
    for _ in 0..10 {
        let (status, _) = ask(&till, &node, Method::POST, "/sync/v1/notice", have()).await;
        assert_eq!(status, 200, "nobody who belongs is held back");
    }
    revoke(&owner, &till, "stolen").await;
    let mut told = 0;
    for _ in 0..10 {
        let (status, said) = ask(&till, &node, Method::POST, "/sync/v1/notice", have()).await;
        match status {
            200 => told += 1,
            _ => {
                let said: Value = serde_json::from_slice(&said).expect("a refusal");
                assert_eq!((status, code(&said)), (429, "too_many_requests"));
            }
        }
    }
    assert!((1..5).contains(&told), "{told} of ten");
}

#[tokio::test]
async fn a_device_that_was_out_itself_shuts_out_nobody_for_good() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let (till, thief) = (node.another(), node.another());
    let (there, at_thief) = (owner_at(&till).await, owner_at(&thief).await);
    node.meet(&till);
    node.meet(&thief);
    node.meet(&till);
    // The thief is shut out and does not stop at that.
    revoke(&owner, &thief, "stolen").await;
    revoke(&at_thief, &till, "other").await;
    let word = notice(&till, &thief).await;
    assert!(
        till.shop().take_notice(&word.series).expect("looked at"),
        "as far as it knows, the thief belongs to the shop"
    );
    assert!(is_out(&there).await);
    let (status, _) = ask(&till, &node, Method::GET, "/sync/v1/heads", vec![]).await;
    assert_eq!(status, 200, "nobody else refuses it");
    node.meet(&till);
    assert!(!is_out(&there).await, "it belongs to the shop as before");
    assert_eq!(there.post("/api/v1/orders", sale(tea)).await.0, 201);
    assert!(
        !till.shop().take_notice(&word.series).expect("looked at"),
        "said again it is not believed again"
    );
    assert_eq!(till.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_who_was_charged_meanwhile_is_paid_back() {
    let simulator = Simulator::default();
    simulator.will(&[Manner::Charges]);
    let (till, there) = Node::with_gateway(&simulator).await;
    let other = till.another();
    till.meet(&other);
    let tea = there.product("Tea", 2_000).await;
    let cart = there.add_to_cart(tea, "1").await;
    let payment = new_id();
    let asked =
        json!({"id": payment, "method": "card", "cart": cart["id"], "amount_minor": cart["total_minor"]});
    let (status, begun) = there.post("/api/v1/payments", asked).await;
    assert!(status.is_success(), "{begun}");
    let path = format!("/api/v1/payments/{payment}");
    let until = async |field: &str, wanted: i64| {
        for _ in 0..6_000 {
            let now = there.get(&path).await.1;
            if now[field] == wanted {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{field} never was {wanted}: {}", there.get(&path).await.1);
    };
    until("captured_minor", 2_000).await;
    let by = owner_at(&other).await;
    by.product("Milk", 1_000).await;
    revoke(&by, &till, "other").await;
    let word = notice(&till, &other).await;
    assert!(till.shop().take_notice(&word.series).expect("written down"));

    let sale = json!({
        "id": new_id(), "cart": cart["id"], "expected_total_minor": 2_000,
        "tenders": [{"id": new_id(), "method": "card", "amount_minor": 2_000, "payment": payment}]
    });
    assert_eq!(
        code(&there.post("/api/v1/orders", sale).await.1),
        "device_revoked"
    );
    let view = there.get("/api/v1/shut-out").await.1;
    assert_eq!(
        view["charges"],
        json!({"count": 1, "charged_minor": 2_000}),
        "{view}"
    );
    let zip = there
        .fetch(
            Method::GET,
            "/api/v1/shut-out/not-taken.zip",
            "text/plain",
            vec![],
            &[],
        )
        .await
        .1;
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).expect("a zip");
    let mut charges = String::new();
    zip.by_name("charges.csv")
        .expect("charges.csv")
        .read_to_string(&mut charges)
        .expect("text");
    assert!(charges.contains(&payment.to_string()), "{charges}");

    let back = json!({"id": new_id(), "amount_minor": 2_000, "reason": "shut out"});
    let (status, answer) = there.post(&format!("{path}/refund"), back).await;
    assert!(status.is_success(), "{answer}");
    until("refunded_minor", 2_000).await;
    let view = there.get("/api/v1/shut-out").await.1;
    assert_eq!(view["charges"]["count"], 0, "{view}");
}
