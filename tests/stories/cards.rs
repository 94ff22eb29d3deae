//! Gift cards, store credit, foreign cash and tips: money that is counted once, whoever spends it at once.

use serde_json::{Value, json};
use testkit::{COUNTER_PIN, Client, Node, OWNER_PIN, new_id, order_path};
use uuid::Uuid;

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

/// A card with this much on it, and its code.
async fn card(owner: &Client, kind: &str, amount_minor: i64) -> (Value, String) {
    let body = json!({"id": new_id(), "kind": kind, "amount_minor": amount_minor, "reason": "a gift"});
    let (status, card) = owner.post("/api/v1/cards", body).await;
    assert_eq!(status, 201, "{card}");
    let text = card["code"]
        .as_str()
        .expect("whoever makes it sees its code")
        .to_owned();
    (card, text)
}

async fn find(client: &Client, code: &str) -> Value {
    let (status, card) = client.post("/api/v1/cards/find", json!({"code": code})).await;
    assert_eq!(status, 200, "{card}");
    card
}

async fn sell(client: &Client, product: Uuid, tenders: Value) -> (u16, Value) {
    let body = json!({
        "id": new_id(), "lines": [{"product": product, "quantity": "1"}], "tenders": tenders
    });
    let (status, order) = client.post("/api/v1/orders", body).await;
    (status.as_u16(), order)
}

fn by_card(code: &str, amount_minor: i64) -> Value {
    json!({"id": new_id(), "method": "gift_card", "card": code, "amount_minor": amount_minor})
}

#[tokio::test]
async fn two_cards_and_cash_pay_one_bill() {
    let (node, owner) = Node::with_shop().await;
    let hamper = owner.product("Hamper", 100_000).await;
    let (_, one) = card(&owner, "gift_card", 30_000).await;
    let (_, two) = card(&owner, "gift_card", 50_000).await;
    let tenders = json!([by_card(&one, 30_000), by_card(&two, 45_000), {"id": new_id(), "method": "cash"}]);
    let (status, order) = sell(&owner, hamper, tenders).await;
    assert_eq!(status, 201, "{order}");
    assert_eq!(find(&owner, &one).await["state"], "empty");
    assert_eq!(find(&owner, &two).await["balance_minor"], 5_000);
    let undo = json!({"id": new_id(), "reason": "wrong guest"});
    let (status, undone) = owner.post(&order_path(&order, "cancel"), undo).await;
    assert_eq!(status, 200, "{undone}");
    assert_eq!(
        find(&owner, &one).await["balance_minor"],
        30_000,
        "back on the card"
    );
    assert_eq!(find(&owner, &two).await["balance_minor"], 50_000);
    assert!(node.faults().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_card_used_twice_at_once_pays_exactly_once() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 40_000).await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let (_, text) = card(&owner, "gift_card", 50_000).await;
    let tasks: Vec<_> = (0..24)
        .map(|n| {
            let (client, text) = ([&owner, &meena][n % 2].clone(), text.clone());
            tokio::spawn(async move { sell(&client, tea, json!([by_card(&text, 40_000)])).await })
        })
        .collect();
    let mut sold = 0;
    for task in tasks {
        let (status, answer) = task.await.expect("an answer");
        match status {
            201 => sold += 1,
            _ => {
                assert_eq!((status, code(&answer)), (422, "card_short"), "{answer}");
                assert_eq!(answer["error"]["hints"]["available_minor"], 10_000);
            }
        }
    }
    assert_eq!(sold, 1);
    assert_eq!(find(&owner, &text).await["balance_minor"], 10_000);
    assert!(node.faults().is_empty());
}

#[tokio::test]
async fn a_card_that_is_blocked_expired_or_mistyped_pays_nothing() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let (made, text) = card(&owner, "gift_card", 50_000).await;
    let mistyped = {
        let last = if text.ends_with('A') { "B" } else { "A" };
        format!("{}{last}", &text[..text.len() - 1])
    };
    for (typed, wanted) in [
        (mistyped.as_str(), "card_mistyped"),
        ("8901234567890", "card_unknown"),
        ("0000-0000-0000-0000", "card_unknown"),
    ] {
        let (status, refused) = sell(&owner, tea, json!([by_card(typed, 2_000)])).await;
        assert_eq!((status, code(&refused)), (422, wanted), "{refused}");
    }
    let moves = format!("/api/v1/cards/{}/moves", made["id"].as_str().expect("an id"));
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let block = json!({"id": new_id(), "kind": "block", "reason": "reported lost"});
    assert_eq!(
        meena.post(&moves, block).await.0,
        200,
        "whoever hears it blocks it"
    );
    let (_, refused) = sell(&owner, tea, json!([by_card(&text, 2_000)])).await;
    assert_eq!(code(&refused), "card_blocked");
    let unblock = json!({"id": new_id(), "kind": "unblock", "reason": "found"});
    let (status, refused) = meena.post(&moves, unblock.clone()).await;
    assert_eq!((status.as_u16(), code(&refused)), (403, "card_needs_approval"));
    assert_eq!(owner.post(&moves, unblock).await.0, 200);
    assert_eq!(
        sell(&owner, tea, json!([by_card(&text.to_lowercase(), 2_000)]))
            .await
            .0,
        201
    );
    let year = 370 * 86_400_000;
    node.clock.forward(year);
    let asha = owner.get("/api/v1/lock").await.1["staff"][0]["id"]
        .as_str()
        .expect("the owner")
        .to_owned();
    let (_, session) = node.window("cashier").sign_in(&asha, OWNER_PIN).await;
    let owner = owner.signed_in(&session);
    let (_, refused) = sell(&owner, tea, json!([by_card(&text, 2_000)])).await;
    assert_eq!(code(&refused), "card_expired", "{refused}");
    assert!(node.faults().is_empty());
}

#[tokio::test]
async fn money_onto_a_card_needs_the_right_to_and_above_the_limit_two_people() {
    let (node, owner) = Node::with_shop().await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let rahul = owner.staff("Rahul", "manager", "9182").await;
    let body = |amount: i64| json!({"id": new_id(), "kind": "store_credit", "amount_minor": amount, "reason": "no receipt"});
    let (status, refused) = meena.post("/api/v1/cards", body(5_000)).await;
    assert_eq!((status.as_u16(), code(&refused)), (403, "card_needs_approval"));
    let mut agreed = body(5_000);
    agreed["approval"] = json!({"staff": rahul, "pin": "9182"});
    let (status, made) = meena.post("/api/v1/cards", agreed.clone()).await;
    assert_eq!(
        (status.as_u16(), &made["approved_by"]["name"]),
        (201, &json!("Rahul")),
        "{made}"
    );
    assert_eq!(
        meena.post("/api/v1/cards", agreed).await.1["id"],
        made["id"],
        "once"
    );
    let (status, refused) = owner.post("/api/v1/cards", body(200_001)).await;
    assert_eq!(
        (status.as_u16(), code(&refused)),
        (403, "card_needs_approval"),
        "above the limit"
    );
    let mut alone = body(200_001);
    let asha = owner.get("/api/v1/lock").await.1["staff"][0]["id"].clone();
    alone["approval"] = json!({"staff": asha, "pin": OWNER_PIN});
    let (_, refused) = owner.post("/api/v1/cards", alone).await;
    assert_eq!(refused["error"]["hints"]["why"], "same_person");
    let mut two = body(200_001);
    two["approval"] = json!({"staff": rahul, "pin": "9182"});
    assert_eq!(owner.post("/api/v1/cards", two).await.0, 201);
    // Nor do many small steps pass it.
    let move_it = async |more: Value| {
        let mut step = json!({"id": new_id(), "kind": "top_up", "reason": "a gift"});
        for (key, value) in more.as_object().into_iter().flatten() {
            step[key] = value.clone();
        }
        let path = format!("/api/v1/cards/{}/moves", made["id"].as_str().expect("an id"));
        owner.post(&path, step).await
    };
    assert_eq!(
        move_it(json!({"amount_minor": 195_000})).await.0,
        200,
        "up to the limit"
    );
    for kind in ["top_up", "adjust"] {
        let (_, refused) = move_it(json!({"kind": kind, "amount_minor": 1})).await;
        assert_eq!(code(&refused), "card_needs_approval", "{kind} {refused}");
        let alone = json!({"kind": kind, "amount_minor": 1, "approval": {"staff": asha, "pin": OWNER_PIN}});
        assert_eq!(move_it(alone).await.1["error"]["hints"]["why"], "same_person");
    }
    let second = json!({"amount_minor": 1, "approval": {"staff": rahul, "pin": "9182"}});
    assert_eq!(move_it(second).await.0, 200);
    assert_eq!(
        move_it(json!({"kind": "adjust", "amount_minor": -195_001}))
            .await
            .0,
        200,
        "less is no gift"
    );
    let (_, list) = owner.get("/api/v1/cards").await;
    assert_eq!(
        (&list["store_credit_minor"], &list["live"]),
        (&json!(205_001), &json!(2))
    );
    assert!(
        list["items"]
            .as_array()
            .expect("cards")
            .iter()
            .all(|c| c["code"].is_null()),
        "lists show the end only"
    );
    assert_eq!(meena.get("/api/v1/cards").await.0, 403);
    let _ = COUNTER_PIN;
}

#[tokio::test]
async fn the_product_that_is_gift_cards_makes_them() {
    let (node, owner) = Node::with_shop().await;
    let gift = owner.product("Gift card 500", 50_000).await;
    let choose = json!({"id": new_id(), "value": gift});
    assert_eq!(owner.put("/api/v1/settings/card.product", choose).await.0, 200);
    let body = json!({
        "id": new_id(), "lines": [{"product": gift, "quantity": "2"}],
        "tenders": [{"id": new_id(), "method": "cash"}]
    });
    let (status, order) = owner.post("/api/v1/orders", body.clone()).await;
    assert_eq!(status, 201, "{order}");
    assert_eq!(owner.post("/api/v1/orders", body).await.1["id"], order["id"]);
    let (_, cards) = owner.get(&order_path(&order, "cards")).await;
    let cards = cards["items"].as_array().expect("cards").clone();
    assert_eq!(cards.len(), 2, "a repeated request makes no more");
    assert_ne!(cards[0]["code"], cards[1]["code"]);
    assert_eq!(cards[0]["balance_minor"], 50_000);
    let tea = owner.product("Tea", 2_000).await;
    let text = cards[0]["qr"].as_str().expect("a QR");
    assert_eq!(
        sell(&owner, tea, json!([by_card(text, 2_000)])).await.0,
        201,
        "scanned"
    );
    assert!(node.faults().is_empty());
}

#[tokio::test]
async fn foreign_notes_pay_at_the_rate_of_the_moment_and_the_change_is_ours() {
    let (node, owner) = Node::with_shop().await;
    let box_of_sweets = owner.product("Box of sweets", 87_400).await;
    let notes =
        || json!([{"id": new_id(), "method": "cash", "currency": "USD", "received_foreign_minor": 2_000}]);
    let (status, refused) = sell(&owner, box_of_sweets, notes()).await;
    assert_eq!((status, code(&refused)), (422, "rate_missing"), "{refused}");
    let rate = |text: Value| json!({"id": new_id(), "currency": "USD", "rate": text, "source": "board"});
    for bad in ["0", "-1", "eighty", "83.45670000001"] {
        let (status, refused) = owner.post("/api/v1/rates", rate(json!(bad))).await;
        assert_eq!(
            (status.as_u16(), code(&refused)),
            (422, "field_invalid"),
            "{bad}: {refused}"
        );
    }
    assert_eq!(owner.post("/api/v1/rates", rate(json!("83.4567"))).await.0, 201);
    let (status, order) = sell(&owner, box_of_sweets, notes()).await;
    assert_eq!(status, 201, "{order}");
    let leg = &order["tenders"][0];
    assert_eq!(
        (
            &leg["currency"],
            &leg["foreign_minor"],
            &leg["amount_minor"],
            &leg["change_minor"]
        ),
        (&json!("USD"), &json!(2_000), &json!(87_400), &json!(79_513))
    );
    node.clock.forward(1_000);
    assert_eq!(owner.post("/api/v1/rates", rate(json!("90"))).await.0, 201);
    assert_eq!(
        owner.order(&order).await["tenders"][0]["change_minor"],
        79_513,
        "a later rate changes no sale"
    );
    node.clock.forward(1_000);
    assert_eq!(owner.post("/api/v1/rates", rate(Value::Null)).await.0, 201);
    assert_eq!(
        code(&sell(&owner, box_of_sweets, notes()).await.1),
        "rate_missing",
        "not taken any more"
    );
    let meena = node.counter(&owner, "Meena", "cashier").await;
    assert_eq!(meena.post("/api/v1/rates", rate(json!("1"))).await.0, 403);
    assert!(node.faults().is_empty());
}

#[tokio::test]
async fn tips_have_a_ledger_of_their_own_and_a_pool_pays_out_to_the_last_paisa() {
    let (node, owner) = Node::with_shop().await;
    let dinner = owner.product("Dinner", 100_000).await;
    let meena = owner.staff("Meena", "cashier", COUNTER_PIN).await;
    let ravi = owner.staff("Ravi", "sales", "4826").await;
    let (_, choices) = owner.get("/api/v1/tips/choices?amount_minor=100000").await;
    let offered: Vec<_> = choices
        .as_array()
        .expect("choices")
        .iter()
        .map(|c| c["amount_minor"].clone())
        .collect();
    assert_eq!(offered, [json!(5_000), json!(10_000), json!(15_000)]);
    let with_tip = |tip: i64| json!([{"id": new_id(), "method": "card", "reference": "4711", "amount_minor": 100_000, "tip_minor": tip}]);
    let (status, first) = sell(&owner, dinner, with_tip(10_000)).await;
    assert_eq!(status, 201, "{first}");
    assert_eq!(first["total_minor"], 100_000, "a tip is no part of the sale");
    let (_, second) = sell(&owner, dinner, with_tip(5_000)).await;
    let (_, report) = owner.get("/api/v1/tips").await;
    assert_eq!(
        (&report["total_minor"], &report["outstanding_minor"]),
        (&json!(15_000), &json!(15_000)),
        "{report}"
    );
    let undo = json!({"id": new_id(), "reason": "wrong guest"});
    assert_eq!(owner.post(&order_path(&second, "cancel"), undo).await.0, 200);
    let shares = json!([{"staff": meena, "weight": 2}, {"staff": ravi, "weight": 1}]);
    let pay = |pool: i64| json!({"id": new_id(), "from": "2026-11-21", "to": "2026-11-21", "method": "cash", "pool_minor": pool, "shares": shares});
    let (status, refused) = owner.post("/api/v1/tips/payouts", pay(10_001)).await;
    assert_eq!(
        (status.as_u16(), code(&refused)),
        (422, "tips_too_much"),
        "an undone sale's tip is nobody's"
    );
    let body = pay(10_000);
    let (status, paid) = owner.post("/api/v1/tips/payouts", body.clone()).await;
    assert_eq!(status, 201, "{paid}");
    assert_eq!(
        (
            &paid["shares"][0]["amount_minor"],
            &paid["shares"][1]["amount_minor"]
        ),
        (&json!(6_667), &json!(3_333)),
        "the shares sum to the pool"
    );
    assert_eq!(
        owner.post("/api/v1/tips/payouts", body).await.1["id"],
        paid["id"],
        "once"
    );
    let (_, report) = owner.get("/api/v1/tips").await;
    assert_eq!(report["outstanding_minor"], 0);
    assert_eq!(
        code(&owner.post("/api/v1/tips/payouts", pay(1)).await.1),
        "tips_too_much"
    );
    assert!(node.faults().is_empty());
}
