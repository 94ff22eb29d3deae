//! Many ways to pay, and paying a bill another way than it was.

use serde_json::{Value, json};
use testkit::{Client, Node, new_id, order_path};

fn leg(method: &str, amount: Option<i64>) -> Value {
    json!({"id": new_id(), "method": method, "amount_minor": amount})
}

fn with(mut leg: Value, more: Value) -> Value {
    let more = more.as_object().cloned().unwrap_or_default();
    leg.as_object_mut().expect("an object").extend(more);
    leg
}

async fn sold(client: &Client, product: uuid::Uuid, quantity: &str, legs: Vec<Value>) -> Value {
    let (status, order) = sale(client, product, quantity, legs).await;
    assert_eq!(status, 201, "{order}");
    order
}

async fn sale(client: &Client, product: uuid::Uuid, quantity: &str, legs: Vec<Value>) -> (u16, Value) {
    let body =
        json!({"id": new_id(), "lines": [{"product": product, "quantity": quantity}], "tenders": legs});
    let (status, answer) = client.post("/api/v1/orders", body).await;
    (status.as_u16(), answer)
}

async fn set(owner: &Client, key: &str, value: Value) {
    let body = json!({"id": new_id(), "value": value});
    let (status, answer) = owner.put(&format!("/api/v1/settings/{key}"), body).await;
    assert_eq!(status, 200, "{key}: {answer}");
}

fn code((status, answer): (u16, Value)) -> (u16, String) {
    (
        status,
        answer["error"]["code"].as_str().unwrap_or_default().to_owned(),
    )
}

fn standing(order: &Value) -> Vec<(String, i64)> {
    let mut legs: Vec<(String, i64)> = order["tenders"]
        .as_array()
        .expect("legs")
        .iter()
        .filter(|leg| leg["voided_at"].is_null())
        .map(|leg| {
            (
                leg["method"].as_str().unwrap_or_default().to_owned(),
                leg["amount_minor"].as_i64().unwrap_or(0),
            )
        })
        .collect();
    legs.sort();
    legs
}

#[tokio::test]
async fn part_cash_part_card_part_upi_is_one_bill() {
    let (_node, owner) = Node::with_shop().await;
    let cake = owner.product("Cake", 100_000).await;
    let legs = vec![
        with(
            leg("card", Some(33_334)),
            json!({"reference": "SLIP 0042", "provider": "HDFC"}),
        ),
        with(leg("upi", Some(33_333)), json!({"reference": "431512345678"})),
        with(leg("cash", None), json!({"received_minor": 50_000})),
    ];
    let order = sold(&owner, cake, "1", legs).await;
    assert_eq!(order["paid_minor"], 100_000);
    assert_eq!(order["unpaid_minor"], 0);
    let card = order["tenders"]
        .as_array()
        .expect("legs")
        .iter()
        .find(|l| l["method"] == "card");
    assert_eq!(card.map(|l| &l["reference"]), Some(&json!("SLIP 0042")));
    let cash = order["tenders"]
        .as_array()
        .expect("legs")
        .iter()
        .find(|l| l["method"] == "cash");
    assert_eq!(cash.map(|l| &l["change_minor"]), Some(&json!(16_667)));
}

#[tokio::test]
async fn what_must_not_be_kept_and_what_is_missing_is_said() {
    let (_node, owner) = Node::with_shop().await;
    let ring = owner.product("Ring", 900_000).await;
    let one = |leg| sale(&owner, ring, "1", vec![leg]);
    let number = with(leg("card", None), json!({"reference": "4242 4242 4242 4242"}));
    assert_eq!(code(one(number).await), (422, "card_number_refused".into()));
    assert_eq!(
        code(one(leg("upi", None)).await),
        (422, "digits_needed".into()),
        "above the shop's limit the last four digits are asked for"
    );
    assert_eq!(
        one(with(leg("upi", None), json!({"reference": "…5678"}))).await.0,
        201
    );
    assert_eq!(
        code(one(leg("account", None)).await),
        (422, "tender_needs_customer".into())
    );
    assert_eq!(
        code(one(leg("gift_card", None)).await),
        (422, "card_needed".into())
    );
    assert_eq!(
        code(one(leg("cowries", None)).await),
        (422, "tender_invalid".into())
    );
    let change = with(leg("card", None), json!({"received_minor": 1_000_000}));
    assert_eq!(code(one(change).await), (422, "tender_invalid".into()));
    set(&owner, "tender.methods", json!("cash,card")).await;
    let (_, methods) = owner.get("/api/v1/tenders/methods").await;
    let names: Vec<&str> = methods
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|m| m["method"].as_str())
        .collect();
    assert_eq!(names, ["cash", "card"]);
    let upi = with(leg("upi", None), json!({"reference": "12345678"}));
    assert_eq!(code(one(upi).await), (422, "tender_not_taken".into()));
    set(&owner, "tender.card_reference", json!(true)).await;
    assert_eq!(
        code(one(leg("card", None)).await),
        (422, "reference_needed".into())
    );
}

#[tokio::test]
async fn a_bill_is_paid_another_way_and_stays_paid() {
    let (node, owner) = Node::with_shop().await;
    let cake = owner.product("Cake", 50_000).await;
    let order = sold(
        &owner,
        cake,
        "2",
        vec![with(leg("cash", None), json!({"received_minor": 200_000}))],
    )
    .await;
    let path = order_path(&order, "tenders");
    let split = json!({
        "id": new_id(), "reason": "card after all",
        "legs": [with(leg("card", Some(60_000)), json!({"reference": "A1"})), leg("upi", None)],
    });
    let (status, changed) = owner.post(&path, split.clone()).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(
        standing(&changed),
        [("card".into(), 60_000), ("upi".into(), 40_000)]
    );
    assert_eq!(
        (&changed["paid_minor"], &changed["total_minor"]),
        (&json!(100_000), &json!(100_000))
    );
    let old = changed["tenders"]
        .as_array()
        .expect("legs")
        .iter()
        .find(|l| l["method"] == "cash")
        .expect("kept");
    assert_eq!(old["state"], "voided", "the first leg is kept, and void");
    assert_eq!(
        owner.post(&path, split.clone()).await.1["tenders"],
        changed["tenders"],
        "once, however often"
    );
    let other = with(split, json!({"reason": "something else"}));
    assert_eq!(owner.post(&path, other).await.0, 409);

    // One of the two legs stays as it is, by its id.
    let card = changed["tenders"]
        .as_array()
        .expect("legs")
        .iter()
        .find(|l| l["method"] == "card")
        .expect("stands");
    let again = json!({
        "id": new_id(), "reason": "two phones",
        "legs": [{"id": card["id"], "method": "card", "amount_minor": 60_000}, leg("wallet", Some(15_000)), leg("cash", None)],
    });
    let (status, changed) = owner.post(&path, again).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(
        standing(&changed).iter().map(|(_, minor)| minor).sum::<i64>(),
        100_000
    );
    for (legs, why) in [
        (vec![leg("cash", Some(99_999))], "less than was paid"),
        (vec![leg("cash", Some(100_001))], "more than was paid"),
        (
            vec![leg("cash", Some(150_000)), leg("card", Some(-50_000))],
            "a leg that gives money out",
        ),
    ] {
        let refused = json!({"id": new_id(), "reason": "a trick", "legs": legs});
        assert_eq!(owner.post(&path, refused).await.0, 422, "{why}");
    }
    let (_, now) = owner.get(order_path(&order, "").trim_end_matches('/')).await;
    assert_eq!(
        standing(&now),
        standing(&changed),
        "and nothing of it was written"
    );
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn only_cash_is_rounded_to_the_smallest_coin() {
    let (_node, owner) = Node::with_shop().await;
    set(&owner, "tax.cash_rounding", json!(5)).await;
    let soap = owner.product("Soap", 2_347).await;
    let order = sold(
        &owner,
        soap,
        "1",
        vec![with(leg("cash", None), json!({"received_minor": 5_000}))],
    )
    .await;
    let cash = &order["tenders"][0];
    assert_eq!(
        (
            &cash["amount_minor"],
            &cash["cash_rounding_minor"],
            &cash["change_minor"]
        ),
        (&json!(2_347), &json!(-2), &json!(2_655))
    );
    let order = sold(&owner, soap, "1", vec![leg("card", None)]).await;
    assert_eq!(order["tenders"][0]["cash_rounding_minor"], 0);
}

#[tokio::test]
async fn a_transfer_that_has_not_arrived_is_not_paid_yet() {
    let (_node, owner) = Node::with_shop().await;
    let desk = owner.product("Desk", 400_000).await;
    let pending = with(leg("bank", None), json!({"pending": true, "provider": "SBI"}));
    let order = sold(&owner, desk, "1", vec![pending]).await;
    assert_eq!(
        (&order["paid_minor"], &order["unpaid_minor"]),
        (&json!(0), &json!(400_000))
    );
    let tender = order["tenders"][0]["id"].as_str().expect("an id");
    let path = order_path(&order, &format!("tenders/{tender}/state"));
    let arrived =
        json!({"id": new_id(), "state": "captured", "reference": "UTR 77", "reason": "on the statement"});
    let (status, order) = owner.post(&path, arrived).await;
    assert_eq!(status, 200, "{order}");
    assert_eq!(
        (&order["paid_minor"], &order["tenders"][0]["reference"]),
        (&json!(400_000), &json!("UTR 77"))
    );
    let late = json!({"id": new_id(), "state": "failed", "reason": "a mistake"});
    assert_eq!(owner.post(&path, late).await.0, 409, "what has arrived stays");
}

#[tokio::test]
async fn the_guest_sees_what_to_pay_and_how() {
    let (_node, owner) = Node::with_shop().await;
    set(&owner, "upi.address", json!("anandsweets@okaxis")).await;
    let tea = owner.product("Tea", 87_400).await;
    let add = json!({"id": new_id(), "change": {"kind": "add", "product": tea}});
    assert_eq!(owner.post("/api/v1/cart/changes", add).await.0, 200);
    let offer = json!({"id": new_id(), "method": "upi", "amount_minor": 87_400});
    let (status, offer) = owner.post("/api/v1/tenders/offer", offer).await;
    assert_eq!(status, 200, "{offer}");
    let uri = offer["uri"].as_str().expect("a link");
    assert!(
        uri.starts_with("upi://pay?pa=anandsweets@okaxis") && uri.contains("am=874.00"),
        "{uri}"
    );
    let (_, display) = owner.get("/api/v1/display").await;
    assert_eq!(
        (&display["state"], &display["pay"]["uri"]),
        (&json!("pay"), &json!(uri))
    );
    assert_eq!(owner.delete("/api/v1/tenders/offer").await.0, 204);
    assert_eq!(owner.get("/api/v1/display").await.1["state"], "cart");
}

#[tokio::test]
async fn a_price_that_changes_while_the_cart_stands_is_shown() {
    let (_node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let add = json!({"id": new_id(), "change": {"kind": "add", "product": tea, "quantity": "2"}});
    let (_, cart) = owner.post("/api/v1/cart/changes", add).await;
    assert_eq!(cart["total_minor"], 4_000);
    let dearer = json!({"percent": "10", "round_to_minor": 100, "dry_run": false, "id": new_id()});
    let (status, answer) = owner.post("/api/v1/products/prices", dearer).await;
    assert_eq!(status, 200, "{answer}");
    let (_, cart) = owner.get("/api/v1/cart").await;
    assert_eq!(
        (
            &cart["rate_changes"][0]["was_minor"],
            &cart["rate_changes"][0]["now_minor"]
        ),
        (&json!(2_000), &json!(2_200))
    );
    assert_eq!(
        (&cart["total_was_minor"], &cart["total_minor"]),
        (&json!(4_000), &json!(4_400))
    );
    let pay = json!({"id": new_id(), "cart": cart["id"], "expected_total_minor": 4_000, "tenders": [leg("cash", None)]});
    let (status, refused) = owner.post("/api/v1/orders", pay).await;
    assert_eq!(
        (status.as_u16(), refused["error"]["code"].as_str()),
        (422, Some("total_differs")),
        "nobody pays what they did not see"
    );
}

#[tokio::test]
async fn a_typed_price_needs_the_right_to_type_one() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let typed = json!({"product": tea, "quantity": "1", "unit_price_minor": 1_500, "price_level": "typed"});
    let order = |line: &Value| json!({"id": new_id(), "lines": [line], "tenders": [leg("cash", None)]});
    let (status, sold) = owner.post("/api/v1/orders", order(&typed)).await;
    assert_eq!(status, 201, "{sold}");
    assert_eq!(
        (&sold["total_minor"], &sold["lines"][0]["price_source"]),
        (&json!(1_500), &json!("typed"))
    );
    let cashier = node.counter(&owner, "Ravi", "cashier").await;
    let (status, _) = cashier.post("/api/v1/orders", order(&typed)).await;
    assert_eq!(status, 403);
    let negative = with(typed, json!({"unit_price_minor": -1}));
    assert_eq!(
        owner.post("/api/v1/orders", order(&negative)).await.0,
        422,
        "a negative total is refused"
    );
}

#[tokio::test]
async fn money_goes_back_to_the_leg_it_came_from_with_its_taxes() {
    let (node, owner) = Node::with_shop().await;
    let cake = owner.product("Cake", 1_000).await;
    let order = sold(
        &owner,
        cake,
        "3",
        vec![leg("card", Some(1_000)), leg("cash", None)],
    )
    .await;
    let meena = owner.staff("Meena", "manager", "2580").await;
    let approval = json!({"staff": meena, "pin": "2580"});
    let mut back = 0;
    let mut taxes = 0;
    for _ in 0..3 {
        let refund = json!({"id": new_id(), "lines": [{"line": 1, "quantity": "1"}], "reason": "broken", "approval": approval});
        let (status, now) = owner.post(&order_path(&order, "refunds"), refund).await;
        assert_eq!(status, 201, "{now}");
        let note = now["credit_notes"]
            .as_array()
            .and_then(|n| n.last())
            .cloned()
            .expect("a note");
        back += note["total_minor"].as_i64().expect("money");
        taxes += note["tax_minor"].as_i64().expect("money");
    }
    assert_eq!(
        (back, taxes),
        (3_000, order["tax_minor"].as_i64().expect("money"))
    );
    assert_eq!(node.faults(), Vec::<String>::new());
}
