//! What a review found once and must never be so again: money that goes out twice, past somebody, or past what came in,
//! and eyes on what is not theirs.

use serde_json::{Value, json};
use testkit::{
    COUNTER_PIN, Client, Node,
    gateway::{Manner, Simulator},
    new_id, order_path,
};
use uuid::Uuid;

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

async fn set(owner: &Client, key: &str, value: Value) {
    let body = json!({"id": new_id(), "value": value});
    let (status, answer) = owner.put(&format!("/api/v1/settings/{key}"), body).await;
    assert_eq!(status, 200, "{key}: {answer}");
}

fn leg(method: &str, amount: Option<i64>) -> Value {
    json!({"id": new_id(), "method": method, "amount_minor": amount})
}

async fn sale(client: &Client, product: Uuid, quantity: &str, tenders: Value) -> (u16, Value) {
    let lines = json!([{"product": product, "quantity": quantity}]);
    let body = json!({"id": new_id(), "lines": lines, "tenders": tenders});
    let (status, order) = client.post("/api/v1/orders", body).await;
    (status.as_u16(), order)
}

/// A refund of so much of the first line, approved.
async fn back(client: &Client, order: &Value, quantity: &str, by: Uuid, tenders: Value) -> (u16, Value) {
    let body = json!({
        "id": new_id(), "lines": [{"line": 1, "quantity": quantity}], "tenders": tenders, "reason": "broken",
        "approval": {"staff": by, "pin": COUNTER_PIN},
    });
    let (status, answer) = client.post(&order_path(order, "refunds"), body).await;
    (status.as_u16(), answer)
}

async fn find(client: &Client, text: &Value) -> Value {
    client.post("/api/v1/cards/find", json!({"code": text})).await.1
}

async fn cards(client: &Client, order: &Value) -> Vec<Value> {
    let (status, page) = client.get(&order_path(order, "cards")).await;
    assert_eq!(status, 200, "{page}");
    page["items"].as_array().expect("cards").clone()
}

/// A shop that sells gift cards for 500.00, with a manager.
async fn gift_shop() -> (Node, Client, Uuid, Uuid) {
    let (node, owner) = Node::with_shop().await;
    let maya = owner.staff("Maya", "manager", COUNTER_PIN).await;
    let gift = owner.product("Gift card 500", 50_000).await;
    set(&owner, "card.product", json!(gift)).await;
    (node, owner, maya, gift)
}

#[tokio::test]
async fn sold_gift_cards_die_with_their_sale() {
    let (node, owner, maya, gift) = gift_shop().await;
    let order = owner.sell(&[(gift, "2")]).await;
    let texts: Vec<Value> = cards(&owner, &order)
        .await
        .iter()
        .map(|card| card["code"].clone())
        .collect();
    let undo = json!({"id": new_id(), "reason": "wrong guest"});
    assert_eq!(owner.post(&order_path(&order, "cancel"), undo).await.0, 200);
    for text in &texts {
        let card = find(&owner, text).await;
        assert_eq!(
            (&card["state"], &card["balance_minor"]),
            (&json!("blocked"), &json!(0)),
            "cancelled"
        );
    }

    let order = owner.sell(&[(gift, "2")]).await;
    let (status, done) = back(&owner, &order, "1", maya, Value::Null).await;
    assert_eq!(status, 201, "{done}");
    let mut states: Vec<String> = Vec::new();
    for card in cards(&owner, &order).await {
        states.push(card["state"].as_str().unwrap_or_default().to_owned());
    }
    states.sort();
    assert_eq!(states, ["blocked", "good"], "one was paid back, one still pays");

    let alive = cards(&owner, &order)
        .await
        .into_iter()
        .find(|card| card["state"] == "good");
    let alive = alive.expect("one")["code"].clone();
    let tea = owner.product("Tea", 2_000).await;
    let pays = json!([{"id": new_id(), "method": "gift_card", "card": alive, "amount_minor": 2_000}]);
    assert_eq!(sale(&owner, tea, "1", pays).await.0, 201);
    let (status, refused) = back(&owner, &order, "1", maya, Value::Null).await;
    assert_eq!(
        (status, code(&refused)),
        (409, "card_used"),
        "what is spent is not paid back too"
    );
    assert!(node.faults().is_empty(), "{:?}", node.faults());
}

#[tokio::test]
async fn card_codes_are_for_whoever_hands_them_over_and_not_for_long() {
    let (node, owner, _, gift) = gift_shop().await;
    set(&owner, "lock.idle_seconds", json!(1800)).await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let tara = node.counter(&owner, "Tara", "cashier").await;
    let order = meena.sell(&[(gift, "1")]).await;
    let seen = async |client: &Client| cards(client, &order).await[0]["code"].clone();
    assert!(seen(&meena).await.is_string(), "the seller hands it over");
    assert_eq!(seen(&tara).await, Value::Null, "another cashier does not");
    node.clock.forward(11 * 60_000);
    assert_eq!(
        seen(&meena).await,
        Value::Null,
        "after ten minutes not even the seller"
    );
    let manager = node.counter(&owner, "Maya two", "manager").await;
    assert!(
        seen(&manager).await.is_string(),
        "who may make cards may read them"
    );
}

#[tokio::test]
async fn a_gift_card_is_worth_what_it_costs() {
    let (_node, owner, _, gift) = gift_shop().await;
    let off = json!({"percent": "50", "reason": "a friend"});
    let line = json!({"product": gift, "quantity": "1", "discount": off});
    let body = json!({"id": new_id(), "lines": [line], "tenders": [leg("cash", None)]});
    assert_eq!(
        code(&owner.post("/api/v1/orders", body).await.1),
        "discount_invalid"
    );
    let line = json!({"product": gift, "quantity": "1"});
    let body = json!({"id": new_id(), "lines": [line], "discount": off, "tenders": [leg("cash", None)]});
    assert_eq!(
        code(&owner.post("/api/v1/orders", body).await.1),
        "discount_invalid"
    );
    assert_eq!(
        owner.get("/api/v1/cards").await.1["items"],
        json!([]),
        "and none was made"
    );
}

#[tokio::test]
async fn one_approval_is_for_one_discount() {
    let (node, owner) = Node::with_shop().await;
    let maya = owner.staff("Maya", "manager", COUNTER_PIN).await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let coat = owner.product("Coat", 100_000).await;
    let hat = owner.product("Hat", 100_000).await;
    meena.add_to_cart(coat, "1").await;
    meena.add_to_cart(hat, "1").await;
    let off = |line: u32, percent: &str, approved: bool| {
        let discount = json!({"percent": percent, "reason": "a stain"});
        let change = json!({"kind": "discount_line", "line": line, "discount": discount});
        let mut body = json!({"id": new_id(), "change": change});
        if approved {
            body["approval"] = json!({"staff": maya, "pin": COUNTER_PIN});
        }
        body
    };
    let (status, cart) = meena.post("/api/v1/cart/changes", off(1, "50", true)).await;
    assert_eq!(
        (status.as_u16(), &cart["total_minor"]),
        (200, &json!(150_000)),
        "{cart}"
    );
    let (_, refused) = meena.post("/api/v1/cart/changes", off(2, "50", false)).await;
    assert_eq!(
        code(&refused),
        "discount_above_limit",
        "it is not for another line"
    );
    let (_, refused) = meena.post("/api/v1/cart/changes", off(1, "90", false)).await;
    assert_eq!(code(&refused), "discount_above_limit", "nor for more on the same");
    let (status, cart) = meena.post("/api/v1/cart/changes", off(2, "5", false)).await;
    assert_eq!(
        (status.as_u16(), &cart["total_minor"]),
        (200, &json!(145_000)),
        "within her own limit: {cart}"
    );
    let order = meena.pay_cash(&cart).await;
    assert_eq!(order["total_minor"], 145_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_stays_with_its_cart_and_its_method() {
    let simulator = Simulator::default();
    simulator.will(&[Manner::Waits, Manner::ChargesWhenAsked]);
    let (node, owner) = Node::with_gateway(&simulator).await;
    let coat = owner.product("Coat", 50_000).await;
    let cart = owner.add_to_cart(coat, "1").await;
    let start = |id: Uuid, cart: &Value| json!({"id": id, "method": "card", "cart": cart["id"], "amount_minor": cart["total_minor"]});
    let waits = new_id();
    assert_eq!(owner.post("/api/v1/payments", start(waits, &cart)).await.0, 201);
    let park = async || owner.post("/api/v1/cart/park", json!({"id": new_id()})).await;
    let (status, refused) = park().await;
    assert_eq!(
        (status.as_u16(), code(&refused)),
        (409, "payment_under_way"),
        "nobody walks away from it"
    );
    let settled = async |id: Uuid, state: &str| {
        for _ in 0..6_000 {
            if owner.get(&format!("/api/v1/payments/{id}")).await.1["state"] == state {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{id} never became {state}");
    };
    simulator.wait_for_start().await;
    simulator.decline(waits);
    settled(waits, "failed").await;
    let (status, empty) = park().await;
    assert_eq!(
        status, 200,
        "refused by the bank, the cart may be put aside: {empty}"
    );

    let path = format!("/api/v1/carts/{}/recall", cart["id"].as_str().expect("an id"));
    let (status, cart) = owner.post(&path, json!({"id": new_id()})).await;
    assert_eq!(status, 200, "{cart}");
    let charged = new_id();
    assert_eq!(owner.post("/api/v1/payments", start(charged, &cart)).await.0, 201);
    settled(charged, "captured").await;
    assert_eq!(code(&park().await.1), "payment_under_way", "money is on it");
    let record = async |method: &str| {
        let tender = json!({"id": new_id(), "method": method, "payment": charged, "reference": "1234"});
        let body = json!({
            "id": new_id(), "cart": cart["id"], "expected_total_minor": 50_000, "tenders": [tender],
        });
        owner.post("/api/v1/orders", body).await
    };
    assert_eq!(
        code(&record("upi").await.1),
        "payment_differs",
        "charged on a card, recorded as a card's"
    );
    let without = json!({"id": new_id(), "cart": cart["id"], "tenders": [leg("cash", None)]});
    let (status, refused) = owner.post("/api/v1/orders", without).await;
    assert_eq!(status, 409, "and no other tender takes its place: {refused}");
    let (status, order) = record("card").await;
    assert_eq!(
        (status.as_u16(), &order["tenders"][0]["method"]),
        (201, &json!("card")),
        "{order}"
    );
    assert!(node.faults().is_empty(), "{:?}", node.faults());
}

#[tokio::test]
async fn cash_becomes_what_nobody_can_look_up_only_before_two() {
    let (node, owner) = Node::with_shop().await;
    let maya = owner.staff("Maya", "manager", COUNTER_PIN).await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let coat = owner.product("Coat", 50_000).await;
    let (_, order) = sale(&meena, coat, "1", json!([leg("cash", None)])).await;
    let change = |reference: &str, approved: bool| {
        let mut to = leg("card", None);
        to["reference"] = json!(reference);
        let mut body = json!({"id": new_id(), "reason": "card after all", "legs": [to]});
        if approved {
            body["approval"] = json!({"staff": maya, "pin": COUNTER_PIN});
        }
        body
    };
    let path = order_path(&order, "tenders");
    assert_eq!(
        meena.post(&path, change("", false)).await.0,
        403,
        "her word alone empties no drawer"
    );
    assert_eq!(meena.post(&path, change("", true)).await.0, 200);
    let (_, order) = sale(&meena, coat, "1", json!([leg("cash", None)])).await;
    let path = order_path(&order, "tenders");
    assert_eq!(
        meena.post(&path, change("slip 4821", false)).await.0,
        200,
        "a slip can be looked up"
    );
}

#[tokio::test]
async fn no_refund_is_more_than_came_in() {
    let (_node, owner) = Node::with_shop().await;
    let maya = owner.staff("Maya", "manager", COUNTER_PIN).await;
    let coat = owner.product("Coat", 50_000).await;
    // Half of it was promised by a transfer that has not arrived.
    let mut later = leg("bank", Some(60_000));
    later["pending"] = json!(true);
    let (status, order) = sale(&owner, coat, "2", json!([leg("card", Some(40_000)), later])).await;
    assert_eq!(status, 201, "{order}");
    let (status, refused) = back(&owner, &order, "1", maya, json!([leg("cash", None)])).await;
    assert_eq!(
        (status, code(&refused)),
        (422, "refund_too_much"),
        "only 400.00 came in"
    );

    let split = json!([leg("card", Some(40_000)), leg("cash", None)]);
    let (_, order) = sale(&owner, coat, "2", split).await;
    let (status, done) = back(&owner, &order, "1", maya, Value::Null).await;
    assert_eq!(status, 201, "{done}");
    let (status, done) = back(&owner, &order, "1", maya, Value::Null).await;
    assert_eq!(status, 201, "{done}");
    let mut by_method = std::collections::BTreeMap::new();
    for note in done["credit_notes"].as_array().expect("notes") {
        for tender in note["tenders"].as_array().expect("legs") {
            let method = tender["method"].as_str().unwrap_or_default().to_owned();
            *by_method.entry(method).or_insert(0) += tender["amount_minor"].as_i64().unwrap_or(0);
        }
    }
    assert_eq!(
        by_method.into_iter().collect::<Vec<_>>(),
        [("card".to_owned(), 40_000), ("cash".to_owned(), 60_000)],
        "each leg gets what it gave and no more"
    );
    let (_, refused) = back(&owner, &order, "1", maya, Value::Null).await;
    assert_eq!(code(&refused), "nothing_to_refund");
}

#[tokio::test]
async fn cash_in_many_parts_goes_back_like_cash_at_once() {
    let (_node, owner) = Node::with_shop().await;
    set(&owner, "tax.cash_rounding", json!(100)).await;
    let maya = owner.staff("Maya", "manager", COUNTER_PIN).await;
    // Each costs 10.40: rounded one by one, ten would give back 100.00 instead of 104.00.
    let bun = owner.product("Bun", 1_040).await;
    let (_, order) = sale(&owner, bun, "10", json!([leg("cash", None)])).await;
    assert_eq!(order["tenders"][0]["received_minor"], 10_400, "{order}");
    let opened = json!({"id": new_id(), "floats": [{"counted_minor": 20_000}]});
    let (status, shift) = owner.post("/api/v1/shifts", opened).await;
    assert_eq!(status, 201, "{shift}");
    for _ in 0..10 {
        let (status, done) = back(&owner, &order, "1", maya, json!([leg("cash", None)])).await;
        assert_eq!(status, 201, "{done}");
    }
    let id = shift["shift"]["shift"]["id"].as_str().expect("an id").to_owned();
    let (_, x) = owner
        .post(&format!("/api/v1/shifts/{id}/reports"), json!({"id": new_id()}))
        .await;
    assert_eq!(x["figures"]["drawers"][0]["back_minor"], -10_400, "{x}");
    assert_eq!(x["equals_facts"], true);
}

#[tokio::test]
async fn whoever_cooks_or_hands_over_sees_no_buyer() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let customer = new_id();
    let body = json!({
        "id": customer, "name": "Lakshmi Textiles", "phones": ["+919876543210"],
        "tax_numbers": [{"number": "27AAPFU0939F1ZV"}],
    });
    let (status, answer) = owner.post("/api/v1/customers", body).await;
    assert_eq!(status, 201, "{answer}");
    let body = json!({
        "id": new_id(), "customer": customer, "lines": [{"product": tea, "quantity": "1"}],
        "tenders": [{"id": new_id(), "method": "card", "reference": "slip 4821"}],
    });
    let (status, order) = owner.post("/api/v1/orders", body).await;
    assert_eq!(status, 201, "{order}");
    assert!(order["buyer"]["name"].is_string(), "{order}");
    for role in ["kitchen", "sales"] {
        let eyes = node.counter(&owner, role, role).await;
        let mut seen = vec![eyes.order(&order).await];
        seen.extend(
            eyes.get("/api/v1/orders").await.1["items"]
                .as_array()
                .expect("orders")
                .clone(),
        );
        if role == "sales" {
            let (status, opened) = eyes.redeem(&order).await;
            assert_eq!(status, 200, "{opened}");
            seen.push(opened["order"].clone());
        }
        for view in seen {
            let text = view.to_string();
            assert_eq!(
                (&view["buyer"], &view["customer"]),
                (&Value::Null, &Value::Null),
                "{role}"
            );
            for private in ["Lakshmi", "27AAPFU0939F1ZV", "9876543210", "4821"] {
                assert!(!text.contains(private), "{role} reads {private}: {text}");
            }
        }
    }
}
