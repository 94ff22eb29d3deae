//! Goods without a receipt: the lowest price of late at most, within limits, never by one person alone.

use serde_json::{Value, json};
use testkit::{COUNTER_PIN, Client, Node, OWNER_PIN, new_id};
use uuid::Uuid;

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

async fn set(owner: &Client, key: &str, value: Value) {
    let body = json!({"id": new_id(), "value": value});
    let (status, answer) = owner.put(&format!("/api/v1/settings/{key}"), body).await;
    assert_eq!(status, 200, "{key}: {answer}");
}

async fn preview(client: &Client, lines: Value) -> Value {
    client
        .post("/api/v1/returns/preview", json!({"lines": lines}))
        .await
        .1
}

fn back(lines: Value, by: Uuid, pin: &str) -> Value {
    json!({"id": new_id(), "lines": lines, "reason": "unwanted", "approval": {"staff": by, "pin": pin}})
}

#[tokio::test]
async fn the_lowest_price_of_late_becomes_store_credit_that_pays() {
    let (node, owner) = Node::with_shop().await;
    let maya = owner.staff("Maya", "manager", COUNTER_PIN).await;
    set(&owner, "lock.idle_seconds", json!(1800)).await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let lamp = owner.product("Lamp", 50_000).await;
    assert_eq!(
        preview(&meena, json!([{"product": lamp}])).await["lines"][0]["offered_minor"],
        50_000,
        "nobody bought one: the catalogue's price"
    );
    let sale = json!({
        "id": new_id(), "tenders": [{"id": new_id(), "method": "cash"}],
        "lines": [{"product": lamp, "quantity": "3", "discount": {"percent": "10", "reason": "a scratch"}}],
    });
    assert_eq!(owner.post("/api/v1/orders", sale).await.0, 201);
    let price = json!({"id": new_id(), "name": "Lamp", "price_minor": 60_000});
    let (status, answer) = owner.put(&format!("/api/v1/products/{lamp}"), price).await;
    assert_eq!(status, 200, "{answer}");
    let seen = preview(&meena, json!([{"product": lamp, "quantity": "2"}])).await;
    assert_eq!(
        seen["lines"][0]["offered_minor"], 45_000,
        "the lowest that somebody paid"
    );
    assert_eq!(
        (&seen["total_minor"], &seen["methods"]),
        (&json!(90_000), &json!(["store_credit"]))
    );
    let dear = json!([{"product": lamp, "unit_price_minor": 45_001}]);
    assert_eq!(code(&preview(&meena, dear).await), "return_price_too_high");

    let lines = json!([{"product": lamp, "quantity": "2", "unit_price_minor": 40_000}]);
    let alone = json!({"id": new_id(), "lines": lines, "reason": "unwanted"});
    assert_eq!(
        code(&meena.post("/api/v1/returns", alone).await.1),
        "return_needs_approval"
    );
    let body = back(lines.clone(), maya, COUNTER_PIN);
    let (status, made) = meena.post("/api/v1/returns", body.clone()).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["document"], seen["document"], "the number that was shown");
    assert_eq!(
        (
            &made["total_minor"],
            &made["staff"]["name"],
            &made["approved_by"]["name"]
        ),
        (&json!(80_000), &json!("Meena"), &json!("Maya"))
    );
    assert_eq!(
        meena.post("/api/v1/returns", body.clone()).await.1["card"]["id"],
        made["card"]["id"],
        "once"
    );
    let mut other = body;
    other["reason"] = json!("another");
    assert_eq!(code(&meena.post("/api/v1/returns", other).await.1), "id_reused");

    let text = made["card"]["code"]
        .as_str()
        .expect("whoever hands it over sees the code");
    let tender = json!({"id": new_id(), "method": "store_credit", "card": text});
    let buys = json!({"id": new_id(), "lines": [{"product": lamp, "quantity": "1"}], "tenders": [tender]});
    assert_eq!(meena.post("/api/v1/orders", buys).await.0, 201, "it pays");
    let id = made["id"].as_str().expect("an id");
    let tara = node.counter(&owner, "Tara", "cashier").await;
    let path = format!("/api/v1/returns/{id}");
    assert_eq!(
        tara.get(&path).await.1["card"]["code"],
        Value::Null,
        "not hers to read"
    );
    node.clock.forward(11 * 60_000);
    assert_eq!(
        meena.get(&path).await.1["card"]["code"],
        Value::Null,
        "and not for ever"
    );
    assert_eq!(owner.get("/api/v1/returns").await.1["items"][0]["id"], made["id"]);
    let ravi = node.counter(&owner, "Ravi", "sales").await;
    assert_eq!(
        ravi.post("/api/v1/returns", back(lines, maya, COUNTER_PIN))
            .await
            .0,
        403
    );
    assert!(node.faults().is_empty(), "{:?}", node.faults());
}

#[tokio::test]
async fn limits_hold_and_nobody_is_their_own_second_person() {
    let (node, owner) = Node::with_shop().await;
    let asha = owner.get("/api/v1/sessions/current").await.1["staff"]["id"].clone();
    let asha: Uuid = asha.as_str().expect("an id").parse().expect("an id");
    let lamp = owner.product("Lamp", 50_000).await;
    let one = json!([{"product": lamp}]);
    let (status, made) = owner
        .post("/api/v1/returns", back(one.clone(), asha, OWNER_PIN))
        .await;
    assert_eq!(status, 201, "an owner alone has nobody to ask: {made}");
    owner.staff("Maya", "manager", COUNTER_PIN).await;
    let (_, refused) = owner
        .post("/api/v1/returns", back(one.clone(), asha, OWNER_PIN))
        .await;
    assert_eq!(
        (code(&refused), &refused["error"]["hints"]["why"]),
        ("return_needs_approval", &json!("same_person"))
    );
    let maya = owner.staff("Mina", "manager", "2468").await;
    set(&owner, "return.limit_minor", json!(99_999)).await;
    let two = json!([{"product": lamp, "quantity": "2"}]);
    assert_eq!(
        preview(&owner, two.clone()).await["refused"],
        "return_above_limit"
    );
    let (_, refused) = owner.post("/api/v1/returns", back(two, maya, "2468")).await;
    assert_eq!(code(&refused), "return_above_limit", "whoever approves it");
    set(&owner, "return.day_limit_minor", json!(100_000)).await;
    assert_eq!(
        owner
            .post("/api/v1/returns", back(one.clone(), maya, "2468"))
            .await
            .0,
        201
    );
    let (_, refused) = owner
        .post("/api/v1/returns", back(one.clone(), maya, "2468"))
        .await;
    assert_eq!(
        (code(&refused), &refused["error"]["hints"]["left_today_minor"]),
        ("return_above_limit", &json!(0)),
        "the day's is used up"
    );
    node.clock.forward(24 * 3_600_000);
    let window = node.window("cashier");
    let (_, answer) = window.sign_in(&asha.to_string(), OWNER_PIN).await;
    let owner = window.signed_in(&answer);
    let (status, made) = owner.post("/api/v1/returns", back(one, maya, "2468")).await;
    assert_eq!(status, 201, "tomorrow is another day: {made}");
}

#[tokio::test]
async fn cash_only_where_the_shop_gives_it_and_the_drawer_knows() {
    let (node, owner) = Node::with_shop().await;
    let maya = owner.staff("Maya", "manager", COUNTER_PIN).await;
    let lamp = owner.product("Lamp", 50_003).await;
    let float = json!([{"counted_minor": 100_000}]);
    let opened = json!({"id": new_id(), "floats": float});
    let (status, shift) = owner.post("/api/v1/shifts", opened).await;
    assert_eq!(status, 201, "{shift}");
    let mut body = back(json!([{"product": lamp}]), maya, COUNTER_PIN);
    body["method"] = json!("cash");
    assert_eq!(
        code(&owner.post("/api/v1/returns", body.clone()).await.1),
        "return_no_cash"
    );
    set(&owner, "return.cash", json!(true)).await;
    set(&owner, "tax.cash_rounding", json!(5)).await;
    let (status, made) = owner.post("/api/v1/returns", body).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(
        (&made["cash_rounding_minor"], &made["card"]),
        (&json!(2), &Value::Null)
    );
    let id = shift["shift"]["shift"]["id"].as_str().expect("an id");
    let (_, x) = owner
        .post(&format!("/api/v1/shifts/{id}/reports"), json!({"id": new_id()}))
        .await;
    let figures = &x["figures"];
    assert_eq!(figures["drawers"][0]["back_minor"], -50_005, "{x}");
    assert_eq!(
        (&figures["sales"]["refunds"], &figures["sales"]["refunded_minor"]),
        (&json!(1), &json!(50_003))
    );
    assert_eq!(x["equals_facts"], true, "{x}");
    let (_, display) = owner.get("/api/v1/display").await;
    assert_eq!(
        (
            &display["state"],
            &display["refund"]["total_minor"],
            &display["refund"]["number"]
        ),
        (&json!("refund"), &json!(50_005), &Value::Null)
    );
    assert!(node.faults().is_empty(), "{:?}", node.faults());
}

#[tokio::test]
async fn taxes_are_kept_and_no_return_to_the_state_hears_of_them() {
    let (_node, owner) = Node::with_shop().await;
    set(&owner, "shop.tax_number", json!("27AAPFU0939F1ZV")).await;
    let maya = owner.staff("Maya", "manager", COUNTER_PIN).await;
    let lamp = owner.product("Lamp", 11_800).await;
    owner.sell(&[(lamp, "1")]).await;
    let month = "/api/v1/reports/gstr1?month=2026-11";
    let before = owner.get(month).await.1;
    let (status, made) = owner
        .post(
            "/api/v1/returns",
            back(json!([{"product": lamp}]), maya, COUNTER_PIN),
        )
        .await;
    assert_eq!(status, 201, "{made}");
    let taxes: i64 = made["taxes"]
        .as_array()
        .expect("taxes")
        .iter()
        .filter_map(|t| t["amount_minor"].as_i64())
        .sum();
    assert_eq!(Some(taxes), made["tax_minor"].as_i64());
    assert_eq!(
        made["taxable_minor"]
            .as_i64()
            .zip(made["rounding_minor"].as_i64())
            .map(|(a, b)| a + b + taxes),
        made["total_minor"].as_i64()
    );
    assert_eq!(
        owner.get(month).await.1,
        before,
        "it names no invoice: nothing to correct"
    );
}
