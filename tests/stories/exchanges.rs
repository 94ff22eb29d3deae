//! An exchange in one ticket: only the difference is settled, once, and nothing of it is counted twice.

use serde_json::{Value, json};
use testkit::{COUNTER_PIN, Client, Node, new_id, order_path};
use uuid::Uuid;

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

/// A shop with a shift, a shirt that was sold for 500.00 (twice), and somebody to approve.
struct Desk {
    node: Node,
    owner: Client,
    meena: Client,
    maya: Uuid,
    shift: String,
    dear: Uuid,
    cheap: Uuid,
    sold: Value,
}

async fn desk() -> Desk {
    let (node, owner) = Node::with_shop().await;
    let maya = owner.staff("Maya", "manager", COUNTER_PIN).await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let opened = json!({"id": new_id(), "floats": [{"counted_minor": 100_000}]});
    let (status, shift) = meena.post("/api/v1/shifts", opened).await;
    assert_eq!(status, 201, "{shift}");
    let shirt = owner.product("Shirt", 50_000).await;
    let dear = owner.product("Coat", 80_000).await;
    let cheap = owner.product("Socks", 20_000).await;
    let sold = meena.sell(&[(shirt, "2")]).await;
    let shift = shift["shift"]["shift"]["id"].as_str().expect("an id").to_owned();
    Desk {
        node,
        owner,
        meena,
        maya,
        shift,
        dear,
        cheap,
        sold,
    }
}

impl Desk {
    async fn takes_back(&self, order: &Value, quantity: &str) -> (u16, Value) {
        let body = json!({
            "id": new_id(),
            "goods": {"order": order["id"], "lines": [{"line": 1, "quantity": quantity}], "reason": "too small"},
            "approval": {"staff": self.maya, "pin": COUNTER_PIN},
        });
        let (status, cart) = self.meena.put("/api/v1/cart/exchange", body).await;
        (status.as_u16(), cart)
    }

    async fn pays(&self, cart: &Value, tenders: Value, back: Option<Value>) -> (u16, Value) {
        let (status, order) = self
            .meena
            .post("/api/v1/orders", place(cart, tenders, back))
            .await;
        (status.as_u16(), order)
    }

    async fn figures(&self) -> Value {
        let path = format!("/api/v1/shifts/{}/reports", self.shift);
        let (_, x) = self.owner.post(&path, json!({"id": new_id()})).await;
        assert_eq!(x["equals_facts"], true, "{x}");
        x["figures"].clone()
    }
}

fn place(cart: &Value, tenders: Value, back: Option<Value>) -> Value {
    json!({
        "id": new_id(), "cart": cart["id"], "expected_total_minor": cart["total_minor"], "tenders": tenders,
        "exchange": {"expected_back_minor": cart["exchange"]["back_minor"], "tenders": back},
    })
}

fn expected(figures: &Value) -> Option<i64> {
    figures["drawers"][0]["expected_minor"].as_i64()
}

#[tokio::test]
async fn dearer_goods_cost_the_difference_and_the_drawer_gets_no_more() {
    let desk = desk().await;
    let before = expected(&desk.figures().await).expect("a drawer");
    let (status, alone) = desk.takes_back(&json!({"id": desk.sold["id"]}), "1").await;
    assert_eq!(status, 200, "{alone}");
    let cart = desk.meena.add_to_cart(desk.dear, "1").await;
    assert_eq!(
        (
            &cart["total_minor"],
            &cart["exchange"]["back_minor"],
            &cart["to_pay_minor"]
        ),
        (&json!(80_000), &json!(50_000), &json!(30_000)),
        "{cart}"
    );
    assert_eq!(cart["cash_due_minor"], 30_000);
    let (_, display) = desk.meena.get("/api/v1/display").await;
    assert_eq!(
        display["cart"]["exchange"]["to_pay_minor"], 30_000,
        "the guest sees it too"
    );

    let short = json!([{"id": new_id(), "method": "cash", "amount_minor": 29_999}]);
    assert_eq!(code(&desk.pays(&cart, short, None).await.1), "tender_short");
    let by_hand = json!([{"id": new_id(), "method": "exchange", "amount_minor": 30_000}]);
    assert_eq!(
        code(&desk.pays(&cart, by_hand, None).await.1),
        "tender_not_taken",
        "nobody picks it"
    );

    let body = place(
        &cart,
        json!([{"id": new_id(), "method": "cash", "received_minor": 50_000}]),
        None,
    );
    let (status, order) = desk.meena.post("/api/v1/orders", body.clone()).await;
    assert_eq!(status, 201, "{order}");
    assert_eq!(
        (
            &order["total_minor"],
            &order["paid_minor"],
            &order["unpaid_minor"]
        ),
        (&json!(80_000), &json!(80_000), &json!(0))
    );
    let took = &order["took_back"];
    assert_eq!(
        (&took["order"], &took["pays_minor"]),
        (&desk.sold["id"], &json!(50_000))
    );
    assert_eq!(took["lines"][0]["quantity"], "1");
    let again = desk.meena.post("/api/v1/orders", body).await.1;
    assert_eq!(again["id"], order["id"], "a second tap does nothing twice");
    let first = desk.owner.order(&desk.sold).await;
    assert_eq!(first["credit_notes"].as_array().map(Vec::len), Some(1));
    assert_eq!(first["credit_notes"][0]["exchanged_for"]["order"], order["id"]);
    assert_eq!(first["refunded_minor"], 50_000);

    let figures = desk.figures().await;
    assert_eq!(
        expected(&figures),
        Some(before + 30_000),
        "only the difference is in the drawer"
    );
    let exchange = figures["methods"]
        .as_array()
        .expect("methods")
        .iter()
        .find(|m| m["method"] == "exchange");
    let exchange = exchange.expect("said by itself");
    assert_eq!(
        (
            &exchange["taken_minor"],
            &exchange["back_minor"],
            &exchange["net_minor"]
        ),
        (&json!(50_000), &json!(50_000), &json!(0)),
        "it nets out"
    );
    let undo =
        json!({"id": new_id(), "reason": "oops", "approval": {"staff": desk.maya, "pin": COUNTER_PIN}});
    let (_, refused) = desk.meena.post(&order_path(&order, "cancel"), undo).await;
    assert_eq!(code(&refused), "exchange_locked");
    let legs = json!([{"id": new_id(), "method": "cash"}]);
    let split = json!({"id": new_id(), "reason": "cash after all", "legs": legs});
    let (_, refused) = desk.owner.post(&order_path(&order, "tenders"), split).await;
    assert_eq!(
        code(&refused),
        "tender_locked",
        "goods are no leg that is paid another way"
    );
    let (_, empty) = desk.meena.get("/api/v1/cart").await;
    assert_eq!((&empty["lines"], &empty["exchange"]), (&json!([]), &Value::Null));
    assert!(desk.node.faults().is_empty(), "{:?}", desk.node.faults());
}

#[tokio::test]
async fn cheaper_goods_pay_the_rest_back_the_way_it_came() {
    let desk = desk().await;
    let before = expected(&desk.figures().await).expect("a drawer");
    desk.meena.add_to_cart(desk.cheap, "1").await;
    let (status, cart) = desk.takes_back(&desk.sold, "1").await;
    assert_eq!(status, 200, "{cart}");
    assert_eq!(
        (&cart["to_pay_minor"], &cart["exchange"]["owed_minor"]),
        (&json!(0), &json!(30_000))
    );
    assert_eq!(
        cart["exchange"]["tenders"],
        json!([{"method": "cash", "amount_minor": 30_000, "original": true}])
    );
    let (status, order) = desk.pays(&cart, json!([]), None).await;
    assert_eq!(status, 201, "{order}");
    assert_eq!(order["took_back"]["tenders"][0]["amount_minor"], 30_000);
    assert_eq!(expected(&desk.figures().await), Some(before - 30_000));

    // The socks come back too: what goods had paid goes back as those were paid.
    let refund = json!({
        "id": new_id(), "lines": [{"line": 1, "quantity": "1"}],
        "approval": {"staff": desk.maya, "pin": COUNTER_PIN},
    });
    let (status, back) = desk.meena.post(&order_path(&order, "refunds"), refund).await;
    assert_eq!(status, 201, "{back}");
    let leg = &back["credit_notes"][0]["tenders"][0];
    assert_eq!(
        (&leg["method"], &leg["amount_minor"]),
        (&json!("cash"), &json!(20_000))
    );
    assert_eq!(
        expected(&desk.figures().await),
        Some(before - 50_000),
        "one shirt, all in all"
    );
    assert!(desk.node.faults().is_empty(), "{:?}", desk.node.faults());
}

#[tokio::test]
async fn what_came_back_once_never_comes_back_again() {
    let desk = desk().await;
    let shirt = &desk.sold;
    let alone = json!({
        "id": new_id(), "goods": {"order": shirt["id"], "lines": [{"line": 1, "quantity": "1"}]},
    });
    let (_, refused) = desk.meena.put("/api/v1/cart/exchange", alone).await;
    assert_eq!(
        code(&refused),
        "refund_needs_approval",
        "nothing was missing: a second person"
    );
    desk.meena.add_to_cart(desk.dear, "1").await;
    let (_, cart) = desk.takes_back(shirt, "2").await;
    assert_eq!(cart["exchange"]["back_minor"], 100_000);
    // Another desk pays one of them back meanwhile.
    let tara = desk.node.counter(&desk.owner, "Tara", "cashier").await;
    let refund = json!({
        "id": new_id(), "lines": [{"line": 1, "quantity": "1"}],
        "approval": {"staff": desk.maya, "pin": COUNTER_PIN},
    });
    assert_eq!(tara.post(&order_path(shirt, "refunds"), refund).await.0, 201);
    let (_, now) = desk.meena.get("/api/v1/cart").await;
    assert_eq!(
        now["exchange"]["refused"], "refund_too_much",
        "the cart says so and stands"
    );
    assert_eq!(now["to_pay_minor"], now["total_minor"]);
    let (status, refused) = desk.pays(&cart, json!([]), None).await;
    assert_eq!(status, 422, "{refused}");
    let (_, cart) = desk.takes_back(shirt, "1").await;
    let tenders = json!([{"id": new_id(), "method": "cash"}]);
    let (status, order) = desk.pays(&cart, tenders, None).await;
    assert_eq!(status, 201, "{order}");
    let (_, nothing) = desk.takes_back(shirt, "1").await;
    assert_eq!(code(&nothing), "nothing_to_refund");
    let first = desk.owner.order(shirt).await;
    assert_eq!(
        (&first["state"], &first["refunded_minor"]),
        (&json!("refunded"), &json!(100_000))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_taps_at_once_one_exchange_comes() {
    let desk = desk().await;
    desk.meena.add_to_cart(desk.dear, "1").await;
    let (_, cart) = desk.takes_back(&desk.sold, "1").await;
    let tasks: Vec<_> = (0..12)
        .map(|_| {
            let (meena, cart) = (desk.meena.clone(), cart.clone());
            tokio::spawn(async move {
                let body = place(&cart, json!([{"id": new_id(), "method": "cash"}]), None);
                meena.post("/api/v1/orders", body).await.0.as_u16()
            })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        made += u16::from(task.await.expect("an answer") == 201);
    }
    assert_eq!(made, 1);
    assert_eq!(desk.owner.order(&desk.sold).await["refunded_minor"], 50_000);
    assert!(desk.node.faults().is_empty(), "{:?}", desk.node.faults());
}

#[tokio::test]
async fn a_cart_lets_its_exchange_go_and_another_worth_is_refused() {
    let desk = desk().await;
    desk.meena.add_to_cart(desk.dear, "1").await;
    let (_, cart) = desk.takes_back(&desk.sold, "1").await;
    let mut body = place(&cart, json!([{"id": new_id(), "method": "cash"}]), None);
    body["exchange"]["expected_back_minor"] = json!(50_001);
    assert_eq!(
        code(&desk.meena.post("/api/v1/orders", body).await.1),
        "total_differs"
    );
    let by_credit = json!([{"id": new_id(), "method": "store_credit"}]);
    let let_go = json!({"id": new_id(), "goods": null});
    let (status, cart) = desk.meena.put("/api/v1/cart/exchange", let_go).await;
    assert_eq!((status.as_u16(), &cart["exchange"]), (200, &Value::Null));
    assert_eq!(cart["to_pay_minor"], 80_000);
    let (_, cheap) = desk
        .meena
        .post(
            "/api/v1/cart/changes",
            json!({"id": new_id(), "change": {"kind": "clear"}}),
        )
        .await;
    assert_eq!(cheap["lines"], json!([]));
    desk.meena.add_to_cart(desk.cheap, "1").await;
    let (_, cart) = desk.takes_back(&desk.sold, "1").await;
    let (status, order) = desk.pays(&cart, json!([]), Some(by_credit)).await;
    assert_eq!(status, 201, "{order}");
    let first = desk.owner.order(&desk.sold).await;
    let note = &first["credit_notes"][0]["tenders"];
    let credit = note
        .as_array()
        .expect("legs")
        .iter()
        .find(|leg| leg["method"] == "store_credit");
    assert_eq!(credit.expect("chosen")["amount_minor"], 30_000);
}
