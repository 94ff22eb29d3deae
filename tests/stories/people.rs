//! PINs that cost time to guess, roles that hold, and a shop that keeps its owner.

use serde_json::{Value, json};
use testkit::{Client, Node, OWNER_PIN, new_id};

#[tokio::test]
async fn five_wrong_pins_make_that_person_wait_there_and_nobody_else() {
    let (node, owner) = Node::with_shop().await;
    let ravi = owner.staff("Ravi", "cashier", "7391").await.to_string();
    let meena = owner.staff("Meena", "cashier", "5826").await.to_string();
    let window = node.window("cashier");
    for _ in 0..5 {
        let (status, answer) = window.sign_in(&ravi, "0000").await;
        assert_eq!(
            (status.as_u16(), answer["error"]["code"].as_str()),
            (401, Some("pin_wrong"))
        );
    }
    let (status, answer) = window.sign_in(&ravi, "7391").await;
    assert_eq!(
        (status.as_u16(), answer["error"]["code"].as_str()),
        (429, Some("pin_wait")),
        "even the right PIN waits"
    );
    let wait = answer["error"]["hints"]["wait_ms"].as_i64().expect("how long");
    assert!(wait > 0);
    assert_eq!(window.sign_in(&meena, "5826").await.0, 201, "others sign in");
    assert_eq!(
        node.browser("127.0.0.1:9").sign_in(&ravi, "7391").await.0,
        201,
        "and so does Ravi elsewhere"
    );
    let node = node.restarted();
    let window = node.window("cashier");
    assert_eq!(
        window.sign_in(&ravi, "7391").await.0,
        429,
        "a restart forgives nothing"
    );
    node.clock.set(node.clock.now_ms() - 86_400_000);
    let (_, answer) = window.sign_in(&ravi, "7391").await;
    let after = answer["error"]["hints"]["wait_ms"].as_i64().unwrap_or(0);
    assert!(
        after <= wait,
        "a clock set back makes nobody wait longer: {after} and {wait}"
    );
    node.clock.set(testkit::NOON_MS + wait + 1);
    assert_eq!(window.sign_in(&ravi, "7391").await.0, 201, "the wait ends");
    let (_, answer) = window.sign_in(&ravi, "1111").await;
    assert_eq!(answer["error"]["code"], "pin_wrong", "and counting starts anew");
}

fn code(answer: &(axum::http::StatusCode, Value)) -> &str {
    answer.1["error"]["code"].as_str().unwrap_or("none")
}

/// An owner's PIN in a cashier's hands, for an order that there is not: it moves nothing, and says whether it is right.
async fn approve(cashier: &Client, by: &str, pin: &str) -> (axum::http::StatusCode, Value) {
    let body = json!({
        "id": new_id(), "lines": [{"line": 1, "quantity": "1"}], "reason": "broken",
        "approval": {"staff": by, "pin": pin},
    });
    cashier
        .post(&format!("/api/v1/orders/{}/refunds", new_id()), body)
        .await
}

async fn asha(node: &Node) -> String {
    let (_, lock) = node.window("cashier").get("/api/v1/lock").await;
    let staff = lock["staff"].as_array().expect("people");
    let owner = staff.iter().find(|one| one["name"] == "Asha").expect("Asha");
    owner["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn no_till_that_somebody_makes_up_gives_more_tries_at_an_approval() {
    let (node, owner) = Node::with_shop().await;
    let who = asha(&node).await;
    let ravi = owner.staff("Ravi", "cashier", "7391").await.to_string();
    for address in ["192.168.1.20:5000", "127.0.0.1:9"] {
        let browser = node.browser(address);
        let mut looked_at = 0;
        for till in 0..20 {
            let body = json!({"staff": ravi, "pin": "7391", "seat": new_id()});
            let (status, answer) = browser.post("/api/v1/sessions", body).await;
            assert_eq!(status, 201, "{till}: {answer}");
            let cashier = browser.signed_in(&answer);
            let tries = if till < 2 { 5 } else { 1 };
            for n in 0..tries {
                let said = approve(&cashier, &who, &format!("60{till:01}{n}")).await;
                match code(&said) {
                    "pin_wrong" => looked_at += 1,
                    "pin_wait" => {}
                    other => panic!("{other}"),
                }
            }
        }
        assert_eq!(looked_at, 5, "{address}: whatever till the browser says it is");
    }
    let (_, answer) = node.window("cashier").sign_in(&ravi, "7391").await;
    let window = node.window("cashier").signed_in(&answer);
    assert_eq!(
        code(&approve(&window, &who, OWNER_PIN).await),
        "not_found",
        "at the device the owner approves meanwhile"
    );
    assert_eq!(
        node.window("cashier").sign_in(&who, OWNER_PIN).await.0,
        201,
        "and signs in"
    );
}

#[tokio::test]
async fn no_address_gives_more_tries_than_all_other_machines_have_together() {
    let (node, _owner) = Node::with_shop().await;
    let who = asha(&node).await;
    let mut looked_at = 0;
    for n in 1..=20 {
        let far = node.browser(&format!("[fe80::1:{n:x}]:5000"));
        looked_at += usize::from(code(&far.sign_in(&who, "0000").await) == "pin_wrong");
    }
    assert_eq!(looked_at, 5, "one machine has all the addresses of its /64");
    for n in 0..30 {
        let far = node.browser(&format!("192.168.1.{}:5000", 20 + n));
        looked_at += usize::from(code(&far.sign_in(&who, "0000").await) == "pin_wrong");
    }
    assert_eq!(looked_at, 20, "and a network has many machines");
    let far = node.browser("192.168.1.99:5000");
    assert_eq!(
        code(&far.sign_in(&who, OWNER_PIN).await),
        "pin_wait",
        "even the right one waits elsewhere"
    );
    for here in [node.window("cashier"), node.browser("127.0.0.1:9")] {
        assert_eq!(
            here.sign_in(&who, OWNER_PIN).await.0,
            201,
            "and not at the device"
        );
    }
    let node = node.restarted();
    let far = node.browser("192.168.1.99:5000");
    assert_eq!(
        code(&far.sign_in(&who, OWNER_PIN).await),
        "pin_wait",
        "nor is it forgiven by a restart"
    );
    node.clock.forward(3_600_001);
    assert_eq!(far.sign_in(&who, OWNER_PIN).await.0, 201, "an hour forgets one");
    let other = node.browser("192.168.1.98:5000");
    assert_eq!(code(&other.sign_in(&who, "0000").await), "pin_wrong");
    assert_eq!(
        code(&other.sign_in(&who, "0000").await),
        "pin_wait",
        "and what others tried stays, whoever gets in between"
    );
}

#[tokio::test]
async fn slips_that_ended_well_leave_nothing_behind() {
    let (node, _owner) = Node::with_shop().await;
    let who = asha(&node).await;
    for n in 0..8 {
        let tablet = node.browser(&format!("192.168.1.{}:5000", 20 + n));
        for _ in 0..4 {
            assert_eq!(code(&tablet.sign_in(&who, "0000").await), "pin_wrong", "{n}");
        }
        assert_eq!(tablet.sign_in(&who, OWNER_PIN).await.0, 201, "{n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_at_the_same_moment_are_all_counted() {
    let (node, owner) = Node::with_shop().await;
    let ravi = owner.staff("Ravi", "cashier", "7391").await.to_string();
    let guesses: Vec<_> = (0..12)
        .map(|i| {
            let (window, ravi) = (node.window("cashier"), ravi.clone());
            tokio::spawn(async move { window.sign_in(&ravi, &format!("60{i:02}")).await.0.as_u16() })
        })
        .collect();
    let mut looked_at = 0;
    for guess in guesses {
        looked_at += usize::from(guess.await.expect("no guess panics") == 401);
    }
    assert!(
        looked_at <= 5,
        "{looked_at} PINs were looked at before the wait began"
    );
}

#[tokio::test]
async fn weak_pins_are_refused_and_no_hash_leaves_the_core() {
    let (_node, owner) = Node::with_shop().await;
    for pin in ["", "123", "1111", "1234", "4321", "12a4", "123456789"] {
        let body = json!({"id": new_id(), "name": "Ravi", "role": "cashier", "pin": pin});
        let (status, answer) = owner.post("/api/v1/staff", body).await;
        assert_eq!(
            (status.as_u16(), answer["error"]["code"].as_str()),
            (422, Some("pin_weak")),
            "{pin}"
        );
    }
    let everything = format!(
        "{:?} {:?}",
        owner.get("/api/v1/staff").await,
        owner.get("/api/v1/lock").await
    );
    assert!(!everything.contains("argon2"), "a hash is nobody's business");
}

#[tokio::test]
async fn the_shop_keeps_an_owner_and_only_owners_make_owners() {
    let (node, owner) = Node::with_shop().await;
    let (_, list) = owner.get("/api/v1/staff").await;
    let asha = list["items"][0]["id"].as_str().expect("the owner").to_owned();
    let (status, answer) = owner.delete(&format!("/api/v1/staff/{asha}")).await;
    assert_eq!(
        (status.as_u16(), answer["error"]["code"].as_str()),
        (409, Some("last_owner"))
    );
    let demoted = json!({"name": "Asha", "role": "cashier", "active": true});
    assert_eq!(owner.put(&format!("/api/v1/staff/{asha}"), demoted).await.0, 409);
    let second = owner.staff("Bela", "owner", "6274").await;
    assert_eq!(
        owner.delete(&format!("/api/v1/staff/{second}")).await.0,
        200,
        "a second owner may go"
    );
    assert_eq!(
        node.window("cashier")
            .sign_in(&second.to_string(), "6274")
            .await
            .0,
        401,
        "and signs in no more"
    );
}

#[tokio::test]
async fn a_changed_pin_signs_out_and_an_idle_till_locks() {
    let (node, owner) = Node::with_shop().await;
    let ravi = owner.staff("Ravi", "cashier", "7391").await;
    let window = node.window("cashier");
    let (_, answer) = window.sign_in(&ravi.to_string(), "7391").await;
    let cashier = window.signed_in(&answer);
    assert_eq!(cashier.get("/api/v1/cart").await.0, 200);
    owner
        .post(
            &format!("/api/v1/staff/{ravi}/pin"),
            json!({"id": new_id(), "pin": "5826"}),
        )
        .await;
    assert_eq!(
        cashier.get("/api/v1/cart").await.0,
        401,
        "the old session is over"
    );
    node.clock.forward(301_000);
    let (status, answer) = owner.get("/api/v1/cart").await;
    assert_eq!(
        (status.as_u16(), answer["error"]["code"].as_str()),
        (401, Some("session_idle"))
    );
}

#[tokio::test]
async fn sessions_are_seen_and_ended_and_a_restart_asks_for_the_pin() {
    let (node, owner) = Node::with_shop().await;
    let ravi = owner.staff("Ravi", "cashier", "7391").await;
    let browser = node.browser("127.0.0.1:9");
    let (_, answer) = browser
        .post(
            "/api/v1/sessions",
            json!({"staff": ravi, "pin": "7391", "seat": new_id()}),
        )
        .await;
    let cashier = browser.signed_in(&answer);
    let tea = owner.product("Tea", 2_000).await;
    cashier.add_to_cart(tea, "2").await;
    let (_, list) = owner.get("/api/v1/sessions").await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    let id = answer["id"].as_str().expect("an id");
    assert_eq!(owner.delete(&format!("/api/v1/sessions/{id}")).await.0, 204);
    assert_eq!(cashier.get("/api/v1/cart").await.0, 401);
    let cart = owner.add_to_cart(tea, "5").await;
    let node = node.restarted();
    let again = node.window("cashier");
    assert_eq!(
        again.holding(owner.token.clone()).get("/api/v1/cart").await.0,
        401,
        "a restart asks for the PIN"
    );
    let owner = again.signed_in(&crate::orders::sign_in_owner(&node).await);
    assert_eq!(
        owner.get("/api/v1/cart").await.1["id"],
        cart["id"],
        "and the cart is still there"
    );
}
