//! Buying on account: what is owed is what the ledger adds up to, money pays what it was meant for, and a limit holds.

use serde_json::{Value, json};
use std::io::Read as _;
use testkit::{Client, Method, NOON_MS, Node, new_id};
use uuid::Uuid;

const DAY_MS: i64 = 86_400_000;

async fn customer(owner: &Client, name: &str, limit_minor: i64) -> Uuid {
    let form = json!({
        "id": new_id(), "name": name, "phones": [], "email": "asha@example.in", "limit_minor": limit_minor,
        "terms_days": 15,
    });
    let (status, answer) = owner.post("/api/v1/customers", form).await;
    assert_eq!(status, 201, "{answer}");
    answer["id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .expect("an id")
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

async fn owe(owner: &Client, customer: Uuid, amount_minor: i64, due: &str) -> Uuid {
    let id = new_id();
    let (status, answer) = owner
        .post(
            &format!("/api/v1/customers/{customer}/adjustments"),
            json!({"id": id, "kind": "opening", "amount_minor": amount_minor, "due": due, "reason": "the old book"}),
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    id
}

async fn pay(owner: &Client, customer: Uuid, amount_minor: i64, pays: Value) -> (u16, Value) {
    let (status, answer) = owner
        .post(
            &format!("/api/v1/customers/{customer}/payments"),
            json!({"id": new_id(), "method": "bank", "reference": "NEFT 4711", "amount_minor": amount_minor, "pays": pays}),
        )
        .await;
    (status.as_u16(), answer)
}

async fn account(owner: &Client, customer: Uuid) -> Value {
    owner
        .get(&format!("/api/v1/customers/{customer}/account"))
        .await
        .1
}

fn open(account: &Value) -> Vec<(String, i64)> {
    account["open"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            (
                one["due"].as_str().expect("a day").to_owned(),
                one["open_minor"].as_i64().expect("an amount"),
            )
        })
        .collect()
}

async fn file(owner: &Client, path: &str) -> (u16, Vec<u8>) {
    let (status, bytes) = owner.fetch(Method::GET, path, "", vec![], &[]).await;
    (status.as_u16(), bytes)
}

/// The owner so many days later; whoever was signed in is not any more.
async fn days_later(node: &Node, owner: &Client, days: i64) -> Client {
    node.clock.set(NOON_MS + days * DAY_MS);
    let nobody = owner.holding(None);
    let staff = nobody.get("/api/v1/lock").await.1["staff"][0]["id"].clone();
    // The door lets nobody sign in more than a few times a second.
    for _ in 0..300 {
        let (status, session) = nobody
            .sign_in(staff.as_str().expect("the owner"), testkit::OWNER_PIN)
            .await;
        if status == 201 {
            return nobody.signed_in(&session);
        }
        assert_eq!(status, 429, "{session}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("the door never opened again");
}

/// Sells on account; the whole order, or as much as is said.
async fn buy(counter: &Client, customer: Uuid, product: Uuid, quantity: &str) -> (u16, Value) {
    let (status, answer) = counter
        .post(
            "/api/v1/orders",
            json!({
                "id": new_id(), "lines": [{"product": product, "quantity": quantity}], "customer": customer,
                "tenders": [{"id": new_id(), "method": "account"}]
            }),
        )
        .await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn money_pays_the_oldest_unless_somebody_chose_and_the_rest_is_an_advance() {
    let (node, owner) = Node::with_shop().await;
    let asha = customer(&owner, "Asha Rao", 0).await;
    let old = owe(&owner, asha, 10_000, "2026-10-01").await;
    node.clock.forward(1_000);
    let new = owe(&owner, asha, 5_000, "2026-11-30").await;
    let (status, receipt) = pay(&owner, asha, 12_000, json!([])).await;
    assert_eq!(status, 201, "{receipt}");
    assert_eq!(
        receipt["pays"],
        json!([
            {"item": old, "document": null, "amount_minor": 10_000},
            {"item": new, "document": null, "amount_minor": 2_000}
        ])
    );
    assert_eq!(receipt["balance_minor"], 3_000);
    let (status, answer) = pay(&owner, asha, 4_000, json!([{"item": new, "amount_minor": 3_001}])).await;
    assert_eq!((status, code(&answer)), (422, "item_not_open"), "{answer}");
    assert_eq!(answer["error"]["hints"]["open_minor"], 3_000);
    let (status, receipt) = pay(&owner, asha, 4_000, json!([{"item": new, "amount_minor": 3_000}])).await;
    assert_eq!((status, &receipt["advance_minor"]), (201, &json!(1_000)));
    let now = account(&owner, asha).await;
    assert_eq!(
        (&now["balance_minor"], &now["advance_minor"], open(&now)),
        (&json!(-1_000), &json!(1_000), vec![])
    );
    owe(&owner, asha, 2_500, "2026-12-01").await;
    let now = account(&owner, asha).await;
    assert_eq!(
        open(&now),
        [("2026-12-01".to_owned(), 1_500)],
        "an advance pays what comes next"
    );
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn a_payment_sent_twice_is_one_receipt_and_numbers_have_no_gap() {
    let (node, owner) = Node::with_shop().await;
    let asha = customer(&owner, "Asha Rao", 0).await;
    owe(&owner, asha, 10_000, "2026-11-21").await;
    let path = format!("/api/v1/customers/{asha}/payments");
    let body = json!({"id": new_id(), "method": "cash", "amount_minor": 4_000, "received_minor": 5_000});
    let (status, first) = owner.post(&path, body.clone()).await;
    assert_eq!(status, 201, "{first}");
    assert_eq!(first["change_minor"], 1_000);
    assert_eq!(owner.post(&path, body.clone()).await.1, first);
    let mut other = body.clone();
    other["amount_minor"] = json!(1);
    let (status, answer) = owner.post(&path, other).await;
    assert_eq!((status.as_u16(), code(&answer)), (409, "id_reused"));
    let short = json!({"id": new_id(), "method": "cash", "amount_minor": 4_000, "received_minor": 3_999});
    let (status, answer) = owner.post(&path, short).await;
    assert_eq!((status.as_u16(), code(&answer)), (422, "tender_short"));
    for bad in [
        json!({"amount_minor": 0}),
        json!({"amount_minor": -5}),
        json!({"method": "shells"}),
    ] {
        let mut body = json!({"id": new_id(), "method": "cash", "amount_minor": 100});
        body.as_object_mut()
            .expect("an object")
            .extend(bad.as_object().cloned().unwrap_or_default());
        assert_eq!(owner.post(&path, body).await.0, 422, "{bad}");
    }
    let (_, second) = pay(&owner, asha, 100, json!([])).await;
    let number = |receipt: &Value| {
        let text = receipt["document"].as_str().expect("a number").to_owned();
        text.rsplit('/').next().and_then(|n| n.parse::<u32>().ok())
    };
    assert_eq!((number(&first), number(&second)), (Some(1), Some(2)));
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn a_payment_taken_back_leaves_what_was_open_open() {
    let (node, owner) = Node::with_shop().await;
    let asha = customer(&owner, "Asha Rao", 0).await;
    owe(&owner, asha, 10_000, "2026-11-01").await;
    let (_, receipt) = pay(&owner, asha, 10_000, json!([])).await;
    let path = format!(
        "/api/v1/accounts/payments/{}/reverse",
        receipt["id"].as_str().expect("an id")
    );
    let back = json!({"id": new_id(), "reason": "the cheque bounced"});
    let (status, reversed) = owner.post(&path, back.clone()).await;
    assert_eq!(status, 200, "{reversed}");
    assert!(reversed["reversed_at"].is_string());
    assert_eq!(owner.post(&path, back).await.1, reversed, "twice is once");
    let again = json!({"id": new_id(), "reason": "and again"});
    let (status, answer) = owner.post(&path, again).await;
    assert_eq!((status.as_u16(), code(&answer)), (409, "payment_reversed"));
    let now = account(&owner, asha).await;
    assert_eq!(open(&now), [("2026-11-01".to_owned(), 10_000)]);
    assert_eq!(now["ageing"]["to_30_minor"], 10_000);
    let (_, statement) = owner.get(&format!("/api/v1/customers/{asha}/statement")).await;
    let kinds: Vec<_> = statement["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| (row["kind"].clone(), row["balance_minor"].clone()))
        .collect();
    assert_eq!(
        kinds,
        [
            (json!("opening"), json!(10_000)),
            (json!("payment"), json!(0)),
            (json!("payment_reversed"), json!(10_000))
        ],
        "nothing is struck out: it is written back"
    );
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn what_nobody_will_pay_is_written_off_and_not_more() {
    let (_node, owner) = Node::with_shop().await;
    let asha = customer(&owner, "Asha Rao", 0).await;
    let item = owe(&owner, asha, 10_000, "2026-06-01").await;
    let path = format!("/api/v1/customers/{asha}/adjustments");
    let write_off = |amount: i64| json!({"id": new_id(), "kind": "write_off", "amount_minor": amount, "item": item, "reason": "gone"});
    let (status, answer) = owner.post(&path, write_off(10_001)).await;
    assert_eq!((status.as_u16(), code(&answer)), (422, "item_not_open"));
    let (status, now) = owner.post(&path, write_off(10_000)).await;
    assert_eq!((status.as_u16(), &now["balance_minor"]), (200, &json!(0)));
}

#[tokio::test]
async fn a_statement_runs_on_over_its_pages_and_begins_with_what_was_owed_before() {
    let (node, owner) = Node::with_shop().await;
    let asha = customer(&owner, "Asha Rao", 0).await;
    let mut owner = owner;
    for n in 0..30 {
        if n % 10 == 0 {
            owner = days_later(&node, &owner, n / 10).await;
        }
        node.clock.forward(1_000);
        if n % 3 == 2 {
            pay(&owner, asha, 150, json!([])).await;
        } else {
            owe(&owner, asha, 100, "2026-12-01").await;
        }
    }
    let path = format!("/api/v1/customers/{asha}/statement");
    let (_, whole) = owner.get(&path).await;
    assert_eq!(
        (
            &whole["count"],
            &whole["closing_minor"],
            &whole["charged_minor"],
            &whole["credited_minor"]
        ),
        (&json!(30), &json!(500), &json!(2_000), &json!(1_500))
    );
    let mut rows: Vec<Value> = vec![];
    let mut after = String::new();
    loop {
        let (_, page) = owner.get(&format!("{path}?limit=7{after}")).await;
        rows.extend(page["rows"].as_array().expect("rows").iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(whole["rows"], json!(rows), "pages are the whole");
    let mut balance = 0;
    for row in &rows {
        balance += row["amount_minor"].as_i64().expect("an amount");
        assert_eq!(row["balance_minor"], balance);
    }
    let (_, part) = owner
        .get(&format!("{path}?from=2026-11-22&until=2026-11-22"))
        .await;
    let first = &part["rows"][0];
    assert_eq!(
        part["opening_minor"].as_i64().expect("opening") + first["amount_minor"].as_i64().expect("amount"),
        first["balance_minor"].as_i64().expect("balance")
    );
    assert_eq!(part["count"], 10);
    let (status, pdf) = file(&owner, &format!("{path}.pdf?from=2026-11-22&until=2026-11-22")).await;
    assert_eq!(status, 200);
    assert!(pdf.starts_with(b"%PDF"), "a PDF");
    let (status, letter) = owner.post(&format!("{path}/mail"), json!({"id": new_id()})).await;
    assert_eq!(status, 202, "{letter}");
    assert_eq!(
        (&letter["to"], &letter["kind"]),
        (&json!("asha@example.in"), &json!("statement")),
        "{letter}"
    );
}

#[tokio::test]
async fn age_goes_by_the_terms_and_by_the_day_it_is_due() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 1_000).await;
    let asha = customer(&owner, "Asha Rao", 100_000).await;
    let (status, order) = buy(&owner, asha, tea, "3").await;
    assert_eq!(status, 201, "{order}");
    let now = account(&owner, asha).await;
    assert_eq!(
        open(&now),
        [("2026-12-06".to_owned(), 3_000)],
        "15 days after the 21st"
    );
    assert_eq!(now["open"][0]["document"], order["document"]);
    for (days, bucket) in [
        (15, "not_due_minor"),
        (16, "to_30_minor"),
        (46, "to_60_minor"),
        (76, "to_90_minor"),
        (106, "over_90_minor"),
    ] {
        let owner = days_later(&node, &owner, days).await;
        let now = account(&owner, asha).await;
        assert_eq!(now["ageing"][bucket], 3_000, "after {days} days: {now}");
        let (_, all) = owner.get("/api/v1/accounts/ageing").await;
        assert_eq!(
            (&all["items"][0]["ageing"], &all["total"]),
            (&now["ageing"], &now["ageing"])
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_counters_that_pass_the_limit_at_once_exactly_one_sells() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 1_000).await;
    for round in 0..10 {
        let asha = customer(&owner, &format!("Asha {round}"), 10_000).await;
        let counters = [
            node.counter(&owner, &format!("Meena {round}"), "cashier").await,
            node.counter(&owner, &format!("Ravi {round}"), "cashier").await,
        ];
        let sent: Vec<_> = counters
            .into_iter()
            .map(|counter| tokio::spawn(async move { buy(&counter, asha, tea, "6").await }))
            .collect();
        let mut sold = 0;
        for one in sent {
            match one.await.expect("no request panics") {
                (201, _) => sold += 1,
                (status, answer) => {
                    assert_eq!((status, code(&answer)), (422, "credit_limit"), "{answer}");
                    assert_eq!(answer["error"]["hints"]["left_minor"], 4_000);
                }
            }
        }
        assert_eq!(sold, 1, "round {round}");
        let now = account(&owner, asha).await;
        assert_eq!(
            (&now["balance_minor"], &now["left_minor"]),
            (&json!(6_000), &json!(4_000))
        );
    }
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn a_blocked_customer_buys_nothing_on_account_and_everybody_pays_cash() {
    let (_node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 1_000).await;
    let asha = customer(&owner, "Asha Rao", 10_000).await;
    let (_, known) = owner.get(&format!("/api/v1/customers/{asha}")).await;
    let form = json!({"name": known["name"], "limit_minor": 10_000, "segment": "blocked"});
    let (status, blocked) = owner.put(&format!("/api/v1/customers/{asha}"), form).await;
    assert_eq!((status.as_u16(), &blocked["left_minor"]), (200, &json!(0)));
    let (status, answer) = buy(&owner, asha, tea, "1").await;
    assert_eq!((status, code(&answer)), (422, "customer_blocked"), "{answer}");
}

#[tokio::test]
async fn undoing_and_giving_back_take_it_off_the_account() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 1_000).await;
    let asha = customer(&owner, "Asha Rao", 100_000).await;
    let (status, undone) = buy(&owner, asha, tea, "2").await;
    assert_eq!(status, 201, "{undone}");
    let cancel = format!("/api/v1/orders/{}/cancel", undone["id"].as_str().expect("an id"));
    let (status, answer) = owner
        .post(&cancel, json!({"id": new_id(), "reason": "changed their mind"}))
        .await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(account(&owner, asha).await["balance_minor"], 0);
    let (_, statement) = owner.get(&format!("/api/v1/customers/{asha}/statement")).await;
    assert_eq!(statement["count"], 2, "sold, and taken back: {statement}");
    let (_, kept) = buy(&owner, asha, tea, "3").await;
    let (_, known) = owner.get(&format!("/api/v1/customers/{asha}")).await;
    assert_eq!(
        (&known["orders"], &known["bought_minor"]),
        (&json!(1), &json!(3_000)),
        "{kept}"
    );
    let (status, answer) = owner
        .post(
            &format!("/api/v1/customers/{asha}/erase"),
            json!({"id": new_id(), "reason": "asked"}),
        )
        .await;
    assert_eq!((status.as_u16(), code(&answer)), (409, "customer_owes"));
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn one_person_gets_all_that_is_known_of_them_in_one_file() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 1_000).await;
    let asha = customer(&owner, "Asha Rao", 100_000).await;
    let (status, order) = buy(&owner, asha, tea, "2").await;
    assert_eq!(status, 201, "{order}");
    let (status, bytes) = file(&owner, &format!("/api/v1/customers/{asha}/export")).await;
    assert_eq!(status, 200);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a ZIP");
    let mut names: Vec<String> = zip.file_names().map(str::to_owned).collect();
    names.sort();
    let paper = format!(
        "receipts/{}.pdf",
        order["document"].as_str().expect("a number").replace('/', "-")
    );
    assert_eq!(names, ["data.json", &paper, "statement.pdf"]);
    let mut text = String::new();
    zip.by_name("data.json")
        .expect("the data")
        .read_to_string(&mut text)
        .expect("text");
    let data: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(data["customer"]["name"], "Asha Rao");
    assert_eq!(data["orders"][0]["id"], order["id"]);
    assert_eq!(data["account"]["balance_minor"], 2_000);
    let cashier = node.counter(&owner, "Meena", "cashier").await;
    assert_eq!(
        cashier.get(&format!("/api/v1/customers/{asha}/export")).await.0,
        403
    );
}

#[tokio::test]
async fn cash_on_account_is_in_the_drawer_and_leaves_it_when_taken_back() {
    let (_node, owner) = Node::with_shop().await;
    let asha = customer(&owner, "Asha Rao", 0).await;
    owe(&owner, asha, 9_000, "2026-11-01").await;
    let (status, shift) = owner
        .post(
            "/api/v1/shifts",
            json!({"id": new_id(), "floats": [{"counted_minor": 10_000}]}),
        )
        .await;
    assert_eq!(status, 201, "{shift}");
    let expected = async || {
        let (_, now) = owner.get("/api/v1/shifts/current").await;
        now.to_string()
    };
    let path = format!("/api/v1/customers/{asha}/payments");
    let (_, receipt) = owner
        .post(
            &path,
            json!({"id": new_id(), "method": "cash", "amount_minor": 4_000}),
        )
        .await;
    assert!(expected().await.contains("14000"), "{}", expected().await);
    let back = format!(
        "/api/v1/accounts/payments/{}/reverse",
        receipt["id"].as_str().expect("an id")
    );
    let (status, _) = owner
        .post(&back, json!({"id": new_id(), "reason": "keyed for another"}))
        .await;
    assert_eq!(status, 200);
    assert!(!expected().await.contains("14000"), "{}", expected().await);
}
