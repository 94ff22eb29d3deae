//! Carts: durable, undone and redone, parked and recalled, each seat its own.

use serde_json::{Value, json};
use testkit::{Client, Node, new_id};

async fn change(client: &Client, change: Value) -> (u16, Value) {
    let (status, cart) = client
        .post("/api/v1/cart/changes", json!({"id": new_id(), "change": change}))
        .await;
    (status.as_u16(), cart)
}

#[tokio::test]
async fn every_change_can_be_undone_and_done_again() {
    let (_node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    owner.add_to_cart(tea, "1").await;
    let cart = owner.add_to_cart(tea, "2").await;
    assert_eq!(
        (
            cart["lines"].as_array().map(Vec::len),
            &cart["lines"][0]["quantity"]
        ),
        (Some(1), &json!("3"))
    );
    let (_, cart) = change(
        &owner,
        json!({"kind": "set_quantity", "line": 1, "quantity": "0"}),
    )
    .await;
    assert_eq!(cart["lines"], json!([]), "nothing of it is no line");
    let (_, cart) = change(&owner, json!({"kind": "undo"})).await;
    assert_eq!(cart["total_minor"], 6_000);
    let (_, cart) = change(&owner, json!({"kind": "undo"})).await;
    assert_eq!(cart["total_minor"], 2_000);
    let (_, cart) = change(&owner, json!({"kind": "redo"})).await;
    assert_eq!(cart["total_minor"], 6_000);
    change(&owner, json!({"kind": "clear"})).await;
    assert_eq!(
        change(&owner, json!({"kind": "undo"})).await.1["total_minor"],
        6_000,
        "even an emptied cart comes back"
    );
    assert_eq!(
        change(&owner, json!({"kind": "remove", "line": 99})).await.1["error"]["code"],
        "line_gone"
    );
}

#[tokio::test]
async fn a_change_that_is_repeated_counts_once() {
    let (_node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let body = json!({"id": new_id(), "change": {"kind": "add", "product": tea}});
    let (_, first) = owner.post("/api/v1/cart/changes", body.clone()).await;
    assert_eq!(owner.post("/api/v1/cart/changes", body.clone()).await.1, first);
    let mut other = body;
    other["change"]["quantity"] = json!("5");
    assert_eq!(
        owner.post("/api/v1/cart/changes", other).await.1["error"]["code"],
        "id_reused"
    );
}

#[tokio::test]
async fn a_new_price_reaches_the_open_cart() {
    let (_node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let cart = owner.add_to_cart(tea, "1").await;
    owner
        .put(
            &format!("/api/v1/products/{tea}"),
            json!({"name": "Tea", "price_minor": 2_500}),
        )
        .await;
    let body = json!({"id": new_id(), "cart": cart["id"], "expected_total_minor": 2_000, "tenders": [{"id": new_id(), "method": "cash"}]});
    let (status, answer) = owner.post("/api/v1/orders", body).await;
    assert_eq!(
        (status.as_u16(), answer["error"]["code"].as_str()),
        (422, Some("total_differs")),
        "nobody pays yesterday's price unseen"
    );
    assert_eq!(owner.get("/api/v1/cart").await.1["total_minor"], 2_500);
}

#[tokio::test]
async fn seats_share_parked_carts_and_nothing_else() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let ravi = owner.staff("Ravi", "cashier", "7391").await;
    let browser = node.browser("127.0.0.1:9");
    let (_, answer) = browser
        .post(
            "/api/v1/sessions",
            json!({"staff": ravi, "pin": "7391", "seat": new_id()}),
        )
        .await;
    let other = browser.signed_in(&answer);
    let cart = owner.add_to_cart(tea, "2").await;
    assert_eq!(
        other.get("/api/v1/cart").await.1["lines"],
        json!([]),
        "another seat, another cart"
    );
    assert_eq!(
        other.get("/api/v1/display").await.1["state"],
        "idle",
        "and another customer's screen"
    );
    assert_eq!(owner.get("/api/v1/display").await.1["state"], "cart");
    let theft = json!({"id": new_id(), "cart": cart["id"], "tenders": [{"id": new_id(), "method": "cash"}]});
    assert_eq!(
        other.post("/api/v1/orders", theft).await.1["error"]["code"],
        "cart_gone"
    );
    let park = json!({"id": new_id(), "label": "blue shirt"});
    let (_, empty) = owner.post("/api/v1/cart/park", park.clone()).await;
    assert_eq!(empty["lines"], json!([]));
    assert_eq!(
        owner.post("/api/v1/cart/park", park).await.0,
        200,
        "parked once, asked twice"
    );
    let (_, parked) = other.get("/api/v1/carts").await;
    assert_eq!(parked["items"][0]["label"], "blue shirt");
    other.add_to_cart(tea, "7").await;
    let recall = format!("/api/v1/carts/{}/recall", cart["id"].as_str().expect("an id"));
    let (_, back) = other.post(&recall, json!({"id": new_id()})).await;
    assert_eq!(back["total_minor"], 4_000);
    assert_eq!(
        other.get("/api/v1/carts").await.1["items"][0]["total_minor"],
        14_000,
        "what was open is parked, not lost"
    );
    assert_eq!(
        owner.post(&recall, json!({"id": new_id()})).await.1["error"]["code"],
        "cart_gone",
        "recalled once"
    );
    assert_eq!(
        owner.post("/api/v1/cart/park", json!({"id": new_id()})).await.1["error"]["code"],
        "cart_empty"
    );
}

#[tokio::test]
async fn a_discount_above_the_limit_needs_a_second_person() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 10_000).await;
    let ravi = owner.staff("Ravi", "cashier", "7391").await;
    let window = node.window("cashier");
    let (_, answer) = window.sign_in(&ravi.to_string(), "7391").await;
    let cashier = window.signed_in(&answer);
    cashier.add_to_cart(tea, "1").await;
    let discount = |percent: &str| json!({"kind": "discount_order", "discount": {"percent": percent, "reason": "regular"}});
    assert_eq!(
        change(&cashier, discount("10")).await.1["total_minor"],
        9_000,
        "ten percent is the cashier's own"
    );
    let (status, answer) = change(&cashier, discount("25")).await;
    assert_eq!(
        (
            status,
            answer["error"]["code"].as_str(),
            &answer["error"]["hints"]["limit_percent"]
        ),
        (403, Some("discount_above_limit"), &json!(10))
    );
    let (_, lock) = window.get("/api/v1/lock").await;
    let boss = lock["staff"]
        .as_array()
        .expect("staff")
        .iter()
        .find(|s| s["role"] == "owner")
        .expect("an owner")["id"]
        .clone();
    let with = |pin: &str, staff: &Value| json!({"id": new_id(), "change": discount("25"), "approval": {"staff": staff, "pin": pin}});
    assert_eq!(
        cashier.post("/api/v1/cart/changes", with("0000", &boss)).await.0,
        401
    );
    assert_eq!(
        cashier
            .post("/api/v1/cart/changes", with("7391", &json!(ravi)))
            .await
            .0,
        403,
        "nobody approves themselves"
    );
    let (status, cart) = cashier
        .post("/api/v1/cart/changes", with(testkit::OWNER_PIN, &boss))
        .await;
    assert_eq!((status.as_u16(), &cart["total_minor"]), (200, &json!(7_500)));
    let order = cashier.pay_cash(&cart).await;
    assert_eq!(order["total_minor"], 7_500, "and the approval goes with the cart");
    for bad in [
        json!({"percent": "0", "reason": "x"}),
        json!({"percent": "101", "reason": "x"}),
        json!({"percent": "5", "reason": " "}),
        json!({"amount_minor": -5, "reason": "x"}),
        json!({"reason": "x"}),
    ] {
        cashier.add_to_cart(tea, "1").await;
        let (status, answer) = change(&cashier, json!({"kind": "discount_order", "discount": bad})).await;
        assert_eq!(
            (status, answer["error"]["code"].as_str()),
            (422, Some("discount_invalid"))
        );
    }
}

#[tokio::test]
async fn the_customer_sees_the_cart_the_cash_and_the_token_and_nothing_else() {
    let (node, owner) = Node::with_shop().await;
    let customer = node.window("customer");
    assert_eq!(customer.get("/api/v1/display").await.1["state"], "idle");
    let tea = owner.product("Tea", 2_000).await;
    let cart = owner.add_to_cart(tea, "2").await;
    let (_, shown) = customer.get("/api/v1/display").await;
    assert_eq!(
        (&shown["state"], &shown["cart"]["total_minor"]),
        (&json!("cart"), &json!(4_000))
    );
    change(
        &owner,
        json!({"kind": "stage", "stage": "cash", "received_minor": 5_000}),
    )
    .await;
    let (_, shown) = customer.get("/api/v1/display").await;
    assert_eq!(
        (&shown["state"], &shown["cash"]["change_minor"]),
        (&json!("cash"), &json!(1_000))
    );
    let order = owner.pay_cash(&cart).await;
    let (_, shown) = customer.get("/api/v1/display").await;
    assert_eq!(
        (&shown["state"], &shown["paid"]["number"]),
        (&json!("paid"), &order["number"])
    );
    assert!(
        !shown.to_string().contains("Asha"),
        "no word about the staff: {shown}"
    );
    node.clock.forward(12_001);
    assert_eq!(
        customer.get("/api/v1/display").await.1["state"],
        "idle",
        "twelve seconds later the stage is free"
    );
}
