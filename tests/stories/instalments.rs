//! What is owed on account, in parts: agreed at the till or later, paid from the earliest, shrunk from the latest, and
//! always as much in all as is owed.

use crate::invoices::text_of;
use serde_json::{Value, json};
use testkit::{Client, Method, NOON_MS, Node, OWNER_PIN, new_id, order_path};
use uuid::Uuid;

const DAY_MS: i64 = 86_400_000;

async fn customer(owner: &Client) -> Uuid {
    let form = json!({"id": new_id(), "name": "Asha Rao", "phones": [], "limit_minor": 10_000_000, "terms_days": 15});
    let (status, answer) = owner.post("/api/v1/customers", form).await;
    assert_eq!(status, 201, "{answer}");
    answer["id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .expect("an id")
}

async fn equal(owner: &Client, amount_minor: i64, parts: u32, first: &str, every: &str) -> (u16, Value) {
    let path = format!(
        "/api/v1/tenders/instalments?amount_minor={amount_minor}&parts={parts}&first={first}&every={every}"
    );
    let (status, answer) = owner.get(&path).await;
    (status.as_u16(), answer)
}

/// Buys on account, in the parts that are said.
async fn buy(owner: &Client, customer: Uuid, goods: Uuid, quantity: &str, parts: &Value) -> (u16, Value) {
    let leg = json!({"id": new_id(), "method": "account", "instalments": parts});
    let body = json!({"id": new_id(), "lines": [{"product": goods, "quantity": quantity}], "customer": customer,
                      "tenders": [leg]});
    let (status, answer) = owner.post("/api/v1/orders", body).await;
    (status.as_u16(), answer)
}

async fn invoice(owner: &Client, order: &Value) -> Value {
    let path = format!("/api/v1/invoices/{}", order["id"].as_str().expect("an id"));
    let (status, answer) = owner.get(&path).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn agree(owner: &Client, order: &Value, parts: Value) -> (u16, Value) {
    let path = format!(
        "/api/v1/invoices/{}/instalments",
        order["id"].as_str().expect("an id")
    );
    let (status, answer) = owner.put(&path, json!({"id": new_id(), "parts": parts})).await;
    (status.as_u16(), answer)
}

async fn pay(owner: &Client, customer: Uuid, amount_minor: i64) -> Value {
    let path = format!("/api/v1/customers/{customer}/payments");
    let body =
        json!({"id": new_id(), "method": "bank", "reference": "NEFT 4711", "amount_minor": amount_minor});
    let (status, receipt) = owner.post(&path, body).await;
    assert_eq!(status, 201, "{receipt}");
    receipt
}

/// Day, open and state of every part.
fn parts(of: &Value) -> Vec<(String, i64, String)> {
    let list = of["instalments"].as_array().expect("instalments").iter();
    list.map(|part| {
        (
            part["day"].as_str().expect("a day").to_owned(),
            part["open_minor"].as_i64().expect("an amount"),
            part["state"].as_str().expect("a state").to_owned(),
        )
    })
    .collect()
}

fn opens(of: &Value) -> Vec<i64> {
    parts(of).into_iter().map(|(_, open, _)| open).collect()
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

/// Takes goods back that nobody fetched; the owner answers for it.
async fn give_back(owner: &Client, order: &Value, quantity: &str) {
    let (_, session) = owner.get("/api/v1/sessions/current").await;
    let body = json!({"id": new_id(), "lines": [{"line": 1, "quantity": quantity}],
                      "approval": {"staff": session["staff"]["id"], "pin": OWNER_PIN}});
    let (status, answer) = owner.post(&order_path(order, "refunds"), body).await;
    assert_eq!(status, 201, "{answer}");
}

async fn later(node: &Node, owner: &Client, days: i64) -> Client {
    node.clock.set(NOON_MS + days * DAY_MS);
    let nobody = owner.holding(None);
    let staff = nobody.get("/api/v1/lock").await.1["staff"][0]["id"].clone();
    let (status, session) = nobody
        .sign_in(staff.as_str().expect("the owner"), OWNER_PIN)
        .await;
    assert_eq!(status, 201, "{session}");
    nobody.signed_in(&session)
}

async fn file(owner: &Client, path: &str) -> String {
    let (status, bytes) = owner.fetch(Method::GET, path, "text/plain", vec![], &[]).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
    text_of(&bytes)
}

#[tokio::test]
async fn a_thousand_in_three_from_the_till_to_the_last_receipt() {
    let (node, owner) = Node::with_shop().await;
    let asha = customer(&owner).await;
    let desk = owner.product("Desk", 1_000_00).await;
    let (status, three) = equal(&owner, 1_000_00, 3, "2026-12-31", "month").await;
    assert_eq!(
        (status, &three),
        (
            200,
            &json!([
                {"day": "2026-12-31", "amount_minor": 333_34},
                {"day": "2027-01-31", "amount_minor": 333_33},
                {"day": "2027-02-28", "amount_minor": 333_33}
            ])
        )
    );
    let (status, order) = buy(&owner, asha, desk, "1", &three).await;
    assert_eq!(status, 201, "{order}");
    let bill = invoice(&owner, &order).await;
    assert_eq!(
        (&bill["state"], &bill["due_day"], &bill["on_account_minor"]),
        (&json!("issued"), &json!("2026-12-31"), &json!(1_000_00))
    );
    assert_eq!(opens(&bill), [333_34, 333_33, 333_33]);
    let id = order["id"].as_str().expect("an id");
    let sheet = file(&owner, &format!("/api/v1/invoices/{id}/sheet.pdf")).await;
    let slip = file(&owner, &format!("/api/v1/orders/{id}/receipt.pdf")).await;
    for paper in [&sheet, &slip] {
        for said in ["Instalments", "2027-02-28", "333.34"] {
            assert!(paper.contains(said), "{said} is not on\n{paper}");
        }
    }

    // One sum on another bill, due before the first part: money goes there first.
    let stool = owner.product("Stool", 100_00).await;
    let (_, small) = buy(&owner, asha, stool, "1", &json!([])).await;
    let receipt = pay(&owner, asha, 500_00).await;
    let paid = |of: &Value| {
        let pays = receipt["pays"].as_array().expect("a list");
        pays.iter()
            .find(|one| one["item"] == of["id"])
            .map(|one| one["amount_minor"].clone())
    };
    assert_eq!(
        (paid(&small), paid(&order)),
        (Some(json!(100_00)), Some(json!(400_00))),
        "what is due first: {receipt}"
    );
    let bill = invoice(&owner, &order).await;
    assert_eq!(
        (&bill["state"], opens(&bill)),
        (&json!("part_paid"), vec![0, 266_67, 333_33])
    );

    let owner = later(&node, &owner, 80).await;
    let bill = invoice(&owner, &order).await;
    assert_eq!(
        (&bill["state"], &bill["due_day"]),
        (&json!("overdue"), &json!("2027-01-31"))
    );
    let states: Vec<String> = parts(&bill).into_iter().map(|(.., state)| state).collect();
    assert_eq!(states, ["paid", "overdue", "due"]);
    let (_, account) = owner.get(&format!("/api/v1/customers/{asha}/account")).await;
    assert_eq!(
        (
            &account["ageing"]["to_30_minor"],
            &account["ageing"]["not_due_minor"],
            &account["open"][0]["overdue"]
        ),
        (&json!(266_67), &json!(333_33), &json!(true)),
        "each part has an age of its own: {account}"
    );
    assert_eq!(opens(&account["open"][0]), [0, 266_67, 333_33]);
    pay(&owner, asha, 600_00).await;
    let bill = invoice(&owner, &order).await;
    assert_eq!((&bill["state"], &bill["due_day"]), (&json!("paid"), &Value::Null));
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn parts_that_do_not_fit_are_refused_and_write_nothing() {
    let (node, owner) = Node::with_shop().await;
    let asha = customer(&owner).await;
    let desk = owner.product("Desk", 1_000_00).await;
    let part = |day: &str, amount_minor: i64| json!({"day": day, "amount_minor": amount_minor});
    for (parts, refusal) in [
        (
            json!([part("2026-12-01", 500_00), part("2027-01-01", 499_99)]),
            "instalments_differ",
        ),
        (json!([part("2026-12-01", 1_000_00)]), "instalments_invalid"),
        (
            json!([part("2026-12-01", 1_000_00), part("2027-01-01", 0)]),
            "instalments_invalid",
        ),
        (
            json!([part("2026-12-01", 500_00), part("2026-12-01", 500_00)]),
            "instalments_invalid",
        ),
        (
            json!([part("2026-11-20", 500_00), part("2026-12-01", 500_00)]),
            "instalments_invalid",
        ),
        (
            json!([part("2026-02-30", 500_00), part("2026-12-01", 500_00)]),
            "field_invalid",
        ),
    ] {
        let (status, answer) = buy(&owner, asha, desk, "1", &parts).await;
        assert_eq!((status, code(&answer)), (422, refusal), "{answer}");
    }
    let leg = json!({"id": new_id(), "method": "cash",
        "instalments": [part("2026-12-01", 500_00), part("2027-01-01", 500_00)]});
    let (status, answer) = owner
        .post(
            "/api/v1/orders",
            json!({"id": new_id(), "lines": [{"product": desk, "quantity": "1"}], "tenders": [leg]}),
        )
        .await;
    assert_eq!(
        (status.as_u16(), code(&answer)),
        (422, "tender_invalid"),
        "{answer}"
    );
    assert_eq!(owner.get("/api/v1/orders").await.1["items"], json!([]));
    for (amount, parts, every) in [
        (1_000_00, 1, "month"),
        (1_000_00, 500, "week"),
        (2, 3, "week"),
        (0, 3, "week"),
    ] {
        let (status, answer) = equal(&owner, amount, parts, "2026-12-01", every).await;
        assert_eq!((status, code(&answer)), (422, "instalments_invalid"), "{answer}");
    }
    assert_eq!(equal(&owner, 100, 2, "2026-12-01", "year").await.0, 422);

    let paid = owner.sell(&[(desk, "1")]).await;
    let (status, answer) = agree(
        &owner,
        &paid,
        json!([part("2026-12-01", 500_00), part("2027-01-01", 500_00)]),
    )
    .await;
    assert_eq!((status, code(&answer)), (422, "item_not_open"), "{answer}");
    let cashier = node.counter(&owner, "Ravi", "sales").await;
    assert_eq!(agree(&cashier, &paid, json!([])).await.0, 403);
}

#[tokio::test]
async fn goods_that_come_back_take_off_the_last_parts_and_a_new_plan_begins_from_what_is_owed() {
    let (node, owner) = Node::with_shop().await;
    let asha = customer(&owner).await;
    let chair = owner.product("Chair", 25_00).await;
    let (_, four) = equal(&owner, 400_00, 4, "2026-12-01", "fortnight").await;
    let (_, order) = buy(&owner, asha, chair, "16", &four).await;
    pay(&owner, asha, 130_00).await;
    assert_eq!(opens(&invoice(&owner, &order).await), [0, 70_00, 100_00, 100_00]);
    give_back(&owner, &order, "4").await;
    assert_eq!(opens(&invoice(&owner, &order).await), [0, 70_00, 100_00, 0]);
    give_back(&owner, &order, "2").await;
    let bill = invoice(&owner, &order).await;
    assert_eq!(
        (opens(&bill), &bill["owed_minor"]),
        (vec![0, 70_00, 50_00, 0], &json!(120_00))
    );

    let (status, again) = agree(
        &owner,
        &order,
        json!([{"day": "2026-12-24", "amount_minor": 20_00}, {"day": "2027-06-30", "amount_minor": 100_00}]),
    )
    .await;
    assert_eq!((status, opens(&again)), (200, vec![20_00, 100_00]), "{again}");
    give_back(&owner, &order, "1").await;
    assert_eq!(opens(&invoice(&owner, &order).await), [20_00, 75_00]);
    let (status, one) = agree(&owner, &order, json!([])).await;
    assert_eq!(
        (status, &one["instalments"], &one["owed_minor"]),
        (200, &json!([]), &json!(95_00)),
        "taken back: owed in one sum"
    );
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn a_bill_split_anew_keeps_its_days_and_a_cancelled_one_owes_nothing() {
    let (_node, owner) = Node::with_shop().await;
    let asha = customer(&owner).await;
    let chair = owner.product("Chair", 100_00).await;
    let (_, four) = equal(&owner, 400_00, 4, "2026-12-01", "week").await;
    let (_, order) = buy(&owner, asha, chair, "4", &four).await;
    let split = json!({"id": new_id(), "reason": "asked", "legs": [
        {"id": new_id(), "method": "cash", "amount_minor": 150_00},
        {"id": new_id(), "method": "account", "amount_minor": 250_00},
    ]});
    let (status, answer) = owner.post(&order_path(&order, "tenders"), split).await;
    assert_eq!(status, 200, "{answer}");
    let bill = invoice(&owner, &order).await;
    assert_eq!(
        (opens(&bill), &bill["paid_minor"]),
        (vec![100_00, 100_00, 50_00, 0], &json!(150_00))
    );
    // And with days of its own.
    let parts =
        json!([{"day": "2026-12-31", "amount_minor": 100_00}, {"day": "2027-01-31", "amount_minor": 100_00}]);
    let split = json!({"id": new_id(), "reason": "asked", "legs": [
        {"id": new_id(), "method": "cash", "amount_minor": 200_00},
        {"id": new_id(), "method": "account", "amount_minor": 200_00, "instalments": parts},
    ]});
    let (status, answer) = owner.post(&order_path(&order, "tenders"), split).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(opens(&invoice(&owner, &order).await), [100_00, 100_00]);

    let (status, answer) = owner
        .post(
            &order_path(&order, "cancel"),
            json!({"id": new_id(), "reason": "the guest left"}),
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    let bill = invoice(&owner, &order).await;
    assert_eq!(
        (&bill["state"], &bill["owed_minor"], opens(&bill)),
        (&json!("cancelled"), &json!(0), vec![0, 0])
    );
    let (status, answer) = agree(&owner, &order, json!([])).await;
    assert_eq!((status, code(&answer)), (409, "invoice_cancelled"));
}
