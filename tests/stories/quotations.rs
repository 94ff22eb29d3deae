//! Quotations: prices that hold although the catalogue moves on, versions of one number, and the order that says which
//! quotation it was.

use serde_json::{Value, json};
use testkit::{Client, Node, new_id};

const DAY_MS: i64 = 24 * 3_600_000;

#[tokio::test]
async fn quoted_prices_hold_until_their_day_and_the_order_knows_its_quotation() {
    let (node, owner) = Node::with_shop().await;
    let (status, none) = owner.post("/api/v1/quotations", json!({"id": new_id()})).await;
    assert_eq!(
        (status.as_u16(), &none["error"]["code"]),
        (422, &json!("cart_empty"))
    );
    let cake = owner.product("Cake", 10_000).await;
    let cart = owner.add_to_cart(cake, "3").await;
    let body = json!({"id": new_id(), "note": "for Friday"});
    let (status, made) = owner.post("/api/v1/quotations", body.clone()).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(
        (&made["total_minor"], &made["state"]),
        (&cart["total_minor"], &json!("drafted"))
    );
    let (_, again) = owner.post("/api/v1/quotations", body).await;
    assert_eq!(again["document"], made["document"], "asked twice, made once");
    let path = format!("/api/v1/quotations/{}", made["id"].as_str().expect("an id"));
    let dearer = json!({"name": "Cake", "price_minor": 12_000});
    let (status, answer) = owner.put(&format!("/api/v1/products/{cake}"), dearer).await;
    assert_eq!(status, 200, "{answer}");
    let (_, cart) = owner.get("/api/v1/cart").await;
    assert_ne!(
        cart["total_minor"], made["total_minor"],
        "the cart follows the catalogue"
    );
    let (status, taken) = owner
        .post(&format!("{path}/accept"), json!({"id": new_id()}))
        .await;
    assert_eq!(
        (status.as_u16(), &taken["state"]),
        (200, &json!("accepted")),
        "{taken}"
    );
    let (_, cart) = owner.get("/api/v1/cart").await;
    assert_eq!(
        cart["total_minor"], made["total_minor"],
        "the quotation does not: {cart}"
    );
    let order = owner.pay_cash(&cart).await;
    assert_eq!(order["total_minor"], made["total_minor"]);
    let (_, now) = owner.get(&path).await;
    assert_eq!(
        (&now["state"], &now["order"]),
        (&json!("invoiced"), &order["id"]),
        "{now}"
    );
    let (status, settled) = owner
        .post(&format!("{path}/accept"), json!({"id": new_id()}))
        .await;
    assert_eq!(
        (status.as_u16(), &settled["error"]["code"]),
        (409, &json!("quotation_settled"))
    );
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn versions_keep_the_number_and_an_old_offer_expires() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 1_500).await;
    owner.add_to_cart(tea, "2").await;
    let (_, first) = owner.post("/api/v1/quotations", json!({"id": new_id()})).await;
    owner.add_to_cart(tea, "1").await;
    let (status, second) = owner
        .post(
            "/api/v1/quotations",
            json!({"id": new_id(), "quotation": first["id"]}),
        )
        .await;
    assert_eq!(status, 201, "{second}");
    assert_eq!(
        (&second["id"], &second["document"]),
        (&first["id"], &first["document"])
    );
    let totals: Vec<i64> = second["versions"]
        .as_array()
        .expect("versions")
        .iter()
        .map(|version| version["total_minor"].as_i64().expect("an amount"))
        .collect();
    assert_eq!(totals.len(), 2);
    assert!(totals[0] < totals[1], "{totals:?}");
    let (_, other) = owner.post("/api/v1/quotations", json!({"id": new_id()})).await;
    assert_ne!(other["document"], first["document"], "the next number");
    let path = format!("/api/v1/quotations/{}", first["id"].as_str().expect("an id"));
    let (status, closed) = owner
        .post(
            &format!("{path}/close"),
            json!({"id": new_id(), "state": "declined", "reason": "too dear"}),
        )
        .await;
    assert_eq!(
        (status.as_u16(), &closed["state"]),
        (200, &json!("declined")),
        "{closed}"
    );
    node.clock.forward(15 * DAY_MS);
    let owner = node.window("cashier");
    let (_, lock) = owner.get("/api/v1/lock").await;
    let staff = lock["staff"][0]["id"]
        .as_str()
        .expect("somebody works here")
        .to_owned();
    let (_, answer) = owner.sign_in(&staff, testkit::OWNER_PIN).await;
    let owner = owner.signed_in(&answer);
    let late = format!(
        "/api/v1/quotations/{}/accept",
        other["id"].as_str().expect("an id")
    );
    let (status, expired) = owner.post(&late, json!({"id": new_id()})).await;
    assert_eq!(
        (status.as_u16(), &expired["error"]["code"]),
        (409, &json!("quotation_expired"))
    );
    let (_, list) = owner.get("/api/v1/quotations?state=expired").await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!(node.faults(), Vec::<String>::new());
}

async fn quoted(owner: &Client, product: uuid::Uuid, quantity: &str) -> Value {
    owner.add_to_cart(product, quantity).await;
    let (status, made) = owner.post("/api/v1/quotations", json!({"id": new_id()})).await;
    assert_eq!(status, 201, "{made}");
    let clear = json!({"id": new_id(), "change": {"kind": "clear"}});
    assert_eq!(owner.post("/api/v1/cart/changes", clear).await.0, 200);
    made
}

/// Takes it up at this till, and gives the cart.
async fn accepted(person: &Client, quotation: &Value) -> Value {
    let path = format!(
        "/api/v1/quotations/{}/accept",
        quotation["id"].as_str().expect("an id")
    );
    let (status, answer) = person.post(&path, json!({"id": new_id()})).await;
    assert_eq!(status, 200, "{answer}");
    person.get("/api/v1/cart").await.1
}

async fn paid(person: &Client, cart: &Value) -> (u16, Value) {
    let body = json!({"id": new_id(), "cart": cart["id"], "tenders": [{"id": new_id(), "method": "cash"}]});
    let (status, answer) = person.post("/api/v1/orders", body).await;
    (status.as_u16(), answer["error"]["code"].clone())
}

#[tokio::test]
async fn an_offer_is_sold_once_in_its_last_version_and_only_while_it_stands() {
    let (node, owner) = Node::with_shop().await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let tea = owner.product("Tea", 1_500).await;

    let twice = quoted(&owner, tea, "2").await;
    let (here, there) = (accepted(&owner, &twice).await, accepted(&meena, &twice).await);
    assert_eq!(paid(&owner, &here).await.0, 201);
    assert_eq!(
        paid(&meena, &there).await,
        (409, json!("quotation_settled")),
        "two tills, one sale"
    );

    let taken_back = quoted(&owner, tea, "2").await;
    let cart = accepted(&meena, &taken_back).await;
    let close = format!(
        "/api/v1/quotations/{}/close",
        taken_back["id"].as_str().expect("an id")
    );
    let body = json!({"id": new_id(), "state": "withdrawn"});
    assert_eq!(owner.post(&close, body).await.0, 200);
    assert_eq!(paid(&meena, &cart).await, (409, json!("quotation_settled")));

    let revised = quoted(&owner, tea, "2").await;
    let cart = accepted(&meena, &revised).await;
    owner.add_to_cart(tea, "5").await;
    let newer = json!({"id": new_id(), "quotation": revised["id"]});
    assert_eq!(owner.post("/api/v1/quotations", newer).await.0, 201);
    assert_eq!(paid(&meena, &cart).await, (409, json!("quotation_revised")));
    let cart = accepted(&meena, &revised).await;
    assert_eq!(paid(&meena, &cart).await.0, 201, "the newer version");

    let nowhere = json!({
        "id": new_id(), "lines": [{"product": tea, "quantity": "1"}], "quotation": new_id(),
        "tenders": [{"id": new_id(), "method": "cash"}],
    });
    let (status, answer) = owner.post("/api/v1/orders", nowhere).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (404, &json!("not_found")),
        "{answer}"
    );
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn quoted_prices_are_for_what_was_quoted() {
    let (node, owner) = Node::with_shop().await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let tea = owner.product("Tea", 1_500).await;
    let bulk = json!({"id": new_id(), "from_quantity": "100", "price_minor": 900});
    let (status, answer) = owner.post(&format!("/api/v1/products/{tea}/prices"), bulk).await;
    assert_eq!(status, 201, "{answer}");
    let quotation = quoted(&owner, tea, "100").await;
    let cart = accepted(&meena, &quotation).await;
    assert_eq!(cart["total_minor"], 90_000);
    let fewer = json!({"kind": "set_quantity", "line": cart["lines"][0]["line"], "quantity": "2"});
    let body = json!({"id": new_id(), "change": fewer});
    let (status, cart) = meena.post("/api/v1/cart/changes", body.clone()).await;
    assert_eq!(
        (status.as_u16(), &cart["total_minor"]),
        (200, &json!(3_000)),
        "two cost what two cost: {cart}"
    );

    let cart = accepted(&owner, &quotation).await;
    let fewer = json!({"kind": "set_quantity", "line": cart["lines"][0]["line"], "quantity": "2"});
    let (_, cart) = owner
        .post("/api/v1/cart/changes", json!({"id": new_id(), "change": fewer}))
        .await;
    assert_eq!(cart["total_minor"], 1_800, "whoever may type prices keeps them");
    let (_, asha) = owner
        .post("/api/v1/customers", json!({"id": new_id(), "name": "Asha Rao"}))
        .await;
    let cart = accepted(&meena, &quotation).await;
    assert_eq!(cart["total_minor"], 90_000);
    let dearer = json!({"name": "Tea", "price_minor": 2_000});
    owner.put(&format!("/api/v1/products/{tea}"), dearer).await;
    let other = json!({"kind": "set_customer", "customer": asha["id"]});
    let (_, cart) = meena
        .post("/api/v1/cart/changes", json!({"id": new_id(), "change": other}))
        .await;
    assert_eq!(
        cart["lines"][0]["price_source"], "break",
        "another customer has no quotation: {cart}"
    );
}
