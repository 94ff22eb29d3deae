//! Placing orders: once, at the core's price, with numbers that have no gap.

use domain::time::Moment;
use serde_json::{Value, json};
use testkit::{Node, new_id};

fn one_line(product: uuid::Uuid, id: uuid::Uuid, tender: uuid::Uuid) -> Value {
    json!({
        "id": id, "lines": [{"product": product, "quantity": "2"}],
        "tenders": [{"id": tender, "method": "cash"}]
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_order_sent_a_hundred_times_at_once_is_one_order() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let body = one_line(tea, new_id(), new_id());
    let sent: Vec<_> = (0..100)
        .map(|_| {
            let (client, body) = (owner.clone(), body.clone());
            tokio::spawn(async move { client.post("/api/v1/orders", body).await })
        })
        .collect();
    let mut answers = vec![];
    for one in sent {
        let (status, answer) = one.await.expect("no request panics");
        assert_eq!(status, 201, "a repetition is answered like the first: {answer}");
        answers.push(answer);
    }
    assert!(
        answers.windows(2).all(|w| w[0] == w[1]),
        "every answer is the same"
    );
    let (_, list) = owner.get("/api/v1/orders").await;
    assert_eq!(
        list["items"].as_array().map(Vec::len),
        Some(1),
        "and there is one order"
    );
    let shop = node.door.app().shop().expect("the shop");
    assert_eq!(
        shop.store().verify().expect("a readable log").faults,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn the_same_id_with_another_body_is_refused() {
    let (_node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let (id, tender) = (new_id(), new_id());
    assert_eq!(
        owner.post("/api/v1/orders", one_line(tea, id, tender)).await.0,
        201
    );
    let other = json!({"id": id, "lines": [{"product": tea, "quantity": "3"}], "tenders": [{"id": tender, "method": "cash"}]});
    let (status, answer) = owner.post("/api/v1/orders", other).await;
    assert_eq!(
        (status.as_u16(), answer["error"]["code"].as_str()),
        (409, Some("id_reused"))
    );
}

#[tokio::test]
async fn the_core_believes_no_price_and_no_total_of_a_client() {
    let (_node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let order = |line: Value, more: Value| {
        let mut body =
            json!({"id": new_id(), "lines": [line], "tenders": [{"id": new_id(), "method": "cash"}]});
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().cloned().unwrap_or_default());
        body
    };
    let (status, answer) = owner
        .post(
            "/api/v1/orders",
            order(
                json!({"product": tea, "quantity": "1", "unit_price_minor": 1}),
                json!({}),
            ),
        )
        .await;
    assert_eq!(
        (status.as_u16(), answer["error"]["code"].as_str()),
        (422, Some("price_differs"))
    );
    let (status, answer) = owner
        .post(
            "/api/v1/orders",
            order(
                json!({"product": tea, "quantity": "1"}),
                json!({"expected_total_minor": 1}),
            ),
        )
        .await;
    assert_eq!(
        (status.as_u16(), answer["error"]["code"].as_str()),
        (422, Some("total_differs"))
    );
    assert_eq!(
        answer["error"]["hints"]["total_minor"], 2_000,
        "and says what it is"
    );
    for quantity in ["0", "-1", "1.5", "1e3", "NaN", "9999999999", ""] {
        let (status, answer) = owner
            .post(
                "/api/v1/orders",
                order(json!({"product": tea, "quantity": quantity}), json!({})),
            )
            .await;
        assert_eq!(status, 422, "{quantity:?} pieces: {answer}");
    }
    let (_, list) = owner.get("/api/v1/orders").await;
    assert_eq!(list["items"], json!([]), "nothing of it became an order");
}

#[tokio::test]
async fn money_that_does_not_cover_the_total_is_refused() {
    let (_node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    for tenders in [
        json!([]),
        json!([{"id": new_id(), "method": "cash", "amount_minor": 1_999}]),
        json!([{"id": new_id(), "method": "cash", "received_minor": 1_999}]),
        json!([{"id": new_id(), "method": "cash", "amount_minor": -5}, {"id": new_id(), "method": "cash"}]),
        json!([{"id": new_id(), "method": "promises"}]),
    ] {
        let body = json!({"id": new_id(), "lines": [{"product": tea, "quantity": "1"}], "tenders": tenders});
        let (status, answer) = owner.post("/api/v1/orders", body).await;
        assert_eq!(status, 422, "{answer}");
    }
    let body = json!({"id": new_id(), "lines": [{"product": tea, "quantity": "1"}],
                      "tenders": [{"id": new_id(), "method": "cash", "received_minor": 5_000}]});
    let (_, order) = owner.post("/api/v1/orders", body).await;
    assert_eq!(order["tenders"][0]["change_minor"], 3_000);
}

#[tokio::test]
async fn numbers_and_documents_count_without_a_gap_and_the_day_starts_anew() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let mut seen = vec![];
    for _ in 0..3 {
        let cart = owner.add_to_cart(tea, "1").await;
        seen.push(owner.pay_cash(&cart).await);
    }
    assert_eq!(
        seen.iter().map(|o| o["number"].clone()).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    let documents: Vec<&str> = seen.iter().filter_map(|o| o["document"].as_str()).collect();
    assert!(
        documents[0].ends_with("/26-27/000001") && documents[2].ends_with("/26-27/000003"),
        "{documents:?}"
    );
    node.clock.forward(86_400_000);
    let owner = owner.signed_in(&sign_in_owner(&node).await);
    let cart = owner.add_to_cart(tea, "1").await;
    let order = owner.pay_cash(&cart).await;
    assert_eq!(order["number"], 1, "a new day counts from one");
    assert!(
        order["document"].as_str().is_some_and(|d| d.ends_with("/000004")),
        "the books go on"
    );
}

/// The owner signs in again, after the clock went on and the till locked itself.
pub async fn sign_in_owner(node: &Node) -> Value {
    let window = node.window("cashier");
    let (_, lock) = window.get("/api/v1/lock").await;
    let owner = lock["staff"]
        .as_array()
        .expect("staff")
        .iter()
        .find(|s| s["role"] == "owner")
        .expect("an owner");
    let owner = owner["id"].as_str().expect("an id").to_owned();
    let (status, answer) = window.sign_in(&owner, testkit::OWNER_PIN).await;
    assert_eq!(status, 201, "{answer}");
    answer
}

#[tokio::test]
async fn an_order_of_a_thousand_lines_carries_a_digest_and_two_thousand_and_one_are_refused() {
    let (_node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let lines = |n: usize| vec![json!({"product": tea, "quantity": "1"}); n];
    let body =
        |n| json!({"id": new_id(), "lines": lines(n), "tenders": [{"id": new_id(), "method": "cash"}]});
    let (status, order) = owner.post("/api/v1/orders", body(1_000)).await;
    assert_eq!(status, 201);
    assert_eq!(order["total_minor"], 2_000_000);
    let code = order["token"]["code"].as_str().expect("a token");
    assert!(code.len() < 250, "a long order has a short token: {}", code.len());
    let (status, verdict) = owner.post("/api/v1/tokens/verify", json!({"code": code})).await;
    assert_eq!(
        (status.as_u16(), &verdict["lines"]),
        (200, &Value::Null),
        "genuine, and too long to be listed"
    );
    let (status, answer) = owner.post("/api/v1/orders", body(2_001)).await;
    assert_eq!(
        (status.as_u16(), answer["error"]["code"].as_str()),
        (422, Some("cart_too_long"))
    );
}

#[tokio::test]
async fn discounts_share_out_to_the_last_paisa() {
    let (_node, owner) = Node::with_shop().await;
    let (a, b, c) = (
        owner.product("A", 333).await,
        owner.product("B", 333).await,
        owner.product("C", 334).await,
    );
    let body = json!({
        "id": new_id(),
        "lines": [{"product": a, "discount": {"percent": "10", "reason": "regular"}}, {"product": b}, {"product": c}],
        "discount": {"amount_minor": 100, "reason": "festival"},
        "tenders": [{"id": new_id(), "method": "cash"}]
    });
    let (status, order) = owner.post("/api/v1/orders", body).await;
    assert_eq!(status, 201, "{order}");
    let lines = order["lines"].as_array().expect("lines");
    let sum = |field: &str| lines.iter().filter_map(|l| l[field].as_i64()).sum::<i64>();
    assert_eq!(sum("order_discount_minor"), 100, "the shares are the whole");
    assert_eq!(
        sum("amount_minor") - sum("order_discount_minor"),
        order["total_minor"].as_i64().expect("a total")
    );
}

#[tokio::test]
async fn a_payment_undone_in_time_brings_the_cart_back_and_later_needs_a_manager() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let cashier_id = owner.staff("Ravi", "cashier", "7391").await;
    let window = node.window("cashier");
    let (_, answer) = window.sign_in(&cashier_id.to_string(), "7391").await;
    let cashier = window.signed_in(&answer);
    let cart = cashier.add_to_cart(tea, "3").await;
    let order = cashier.pay_cash(&cart).await;
    let cancel = format!("/api/v1/orders/{}/cancel", order["id"].as_str().expect("an id"));
    let request = json!({"id": new_id(), "reason": "changed their mind"});
    let (status, undone) = cashier.post(&cancel, request.clone()).await;
    assert_eq!(
        (status.as_u16(), undone["state"].as_str(), &undone["token"]),
        (200, Some("cancelled"), &Value::Null)
    );
    assert_eq!(
        cashier.post(&cancel, request).await.1,
        undone,
        "asked again, answered the same"
    );
    let (_, back) = cashier.get("/api/v1/cart").await;
    assert_eq!(
        (&back["id"], &back["total_minor"]),
        (&cart["id"], &json!(6_000)),
        "the cart is back as it was"
    );
    let order = cashier.pay_cash(&back).await;
    assert_eq!(order["number"], 2, "the cancelled order keeps its number");
    node.clock.forward(11_000);
    let cancel = format!("/api/v1/orders/{}/cancel", order["id"].as_str().expect("an id"));
    let late = json!({"id": new_id(), "reason": "too late"});
    assert_eq!(
        cashier.post(&cancel, late).await.0,
        403,
        "after ten seconds a cashier may not"
    );
    let (_, lock) = window.get("/api/v1/lock").await;
    let boss = &lock["staff"]
        .as_array()
        .expect("staff")
        .iter()
        .find(|s| s["role"] == "owner")
        .expect("an owner")["id"];
    let approved = json!({"id": new_id(), "reason": "boss agrees", "approval": {"staff": boss, "pin": testkit::OWNER_PIN}});
    assert_eq!(
        cashier.post(&cancel, approved).await.0,
        200,
        "with a second person it goes"
    );
    let (_, today) = owner.get("/api/v1/today").await;
    assert_eq!(
        (&today["orders"], &today["sold_minor"]),
        (&json!(0), &json!(0)),
        "the reports add up"
    );
}

#[tokio::test]
async fn a_wrong_clock_stops_no_sale_and_the_order_of_facts_holds() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let start = node.clock.now_ms();
    for now in [start - 3_600_000, start + 365 * 86_400_000, start + 1_000] {
        node.clock.set(now);
        let owner = owner.signed_in(&sign_in_owner(&node).await);
        let cart = owner.add_to_cart(tea, "1").await;
        owner.pay_cash(&cart).await;
    }
    let shop = node.door.app().shop().expect("the shop");
    assert_eq!(
        shop.store().verify().expect("a readable log").faults,
        Vec::<String>::new(),
        "stamps only rise"
    );
    assert!(node.clock.now_ms() < Moment(start).plus_ms(2_000).0);
}

#[tokio::test]
async fn orders_page_by_cursor_without_a_gap_or_a_double() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    for _ in 0..7 {
        let cart = owner.add_to_cart(tea, "1").await;
        owner.pay_cash(&cart).await;
        node.clock.forward(5);
    }
    let (mut numbers, mut after) = (vec![], String::new());
    loop {
        let (_, page) = owner.get(&format!("/api/v1/orders?limit=3{after}")).await;
        numbers.extend(
            page["items"]
                .as_array()
                .expect("items")
                .iter()
                .filter_map(|o| o["number"].as_u64()),
        );
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(numbers, [7, 6, 5, 4, 3, 2, 1]);
    for rubbish in ["x", "1.", "..", "%27%3B--"] {
        assert_eq!(
            owner.get(&format!("/api/v1/orders?after={rubbish}")).await.0,
            422,
            "{rubbish} is no cursor"
        );
    }
    assert_eq!(owner.get("/api/v1/orders?q=3").await.1["items"][0]["number"], 3);
}
