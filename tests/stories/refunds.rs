//! The refund desk: what was missing is paid back once, and partial refunds add up to the cent.

use serde_json::{Value, json};
use testkit::{COUNTER_PIN, Client, Node, dice::Dice, new_id, order_path};

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

/// An order of which one cake of three was missing.
async fn one_cake_missing() -> (Node, Client, Client, Client, Value) {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let cake = owner.product("Cake", 10_001).await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let ravi = node.counter(&owner, "Ravi", "sales").await;
    let order = meena.sell(&[(tea, "2"), (cake, "3")]).await;
    assert_eq!(ravi.redeem(&order).await.0, 200);
    let (status, order) = ravi
        .hand_over(&order, &[(1, "2", "0"), (2, "2", "1")], "refund")
        .await;
    assert_eq!(status, 201, "{order}");
    let order = owner.order(&order).await;
    (node, owner, meena, ravi, order)
}

#[tokio::test]
async fn scan_and_one_tap_pays_back_what_was_missing() {
    let (node, owner, meena, ravi, order) = one_cake_missing().await;
    let (status, found) = meena
        .post("/api/v1/refunds/find", json!({"code": order["token"]["code"]}))
        .await;
    assert_eq!(
        (status.as_u16(), &found["order"]["due_minor"]),
        (200, &json!(10_001))
    );
    let (_, preview) = meena
        .post(&order_path(&order, "refunds/preview"), json!({}))
        .await;
    assert_eq!(preview["total_minor"], 10_001);
    assert_eq!(
        preview["lines"],
        json!([{"line": 2, "quantity": "1", "amount_minor": 10_001, "claimed": true}])
    );
    assert_eq!(
        preview["tenders"],
        json!([{"method": "cash", "amount_minor": 10_001, "original": true}])
    );
    assert_eq!(preview["approval_needed"], Value::Null);
    let body = json!({"id": new_id(), "lines": [{"line": 2, "quantity": "1"}]});
    let path = order_path(&order, "refunds");
    let (status, done) = meena.post(&path, body.clone()).await;
    assert_eq!(
        (status.as_u16(), &done["state"]),
        (201, &json!("complete")),
        "{done}"
    );
    let note = &done["credit_notes"][0];
    assert_eq!(note["document"], preview["credit_note"]);
    assert_ne!(
        note["document"].as_str().map(|d| &d[..3]),
        order["document"].as_str().map(|d| &d[..3]),
        "a series of its own"
    );
    assert_eq!(
        (&note["total_minor"], &note["staff"]["name"]),
        (&json!(10_001), &json!("Meena"))
    );
    assert_eq!(
        meena.post(&path, body).await.1["credit_notes"],
        done["credit_notes"],
        "once"
    );
    let (status, twice) = meena.refund(&order, &[(2, "1")]).await;
    assert_eq!(
        (status.as_u16(), code(&twice)),
        (409, "nothing_to_refund"),
        "{twice}"
    );
    assert_eq!(twice["error"]["hints"]["staff"], "Meena");
    assert_eq!(twice["error"]["hints"]["amount_minor"], 10_001);
    let (_, display) = meena.get("/api/v1/display").await;
    assert_eq!(
        (&display["state"], &display["refund"]["total_minor"]),
        (&json!("refund"), &json!(10_001))
    );
    let (_, at_sales) = ravi.redeem(&order).await;
    assert_eq!(code(&at_sales), "already_collected");
    assert_eq!(
        ravi.refund(&order, &[(2, "1")]).await.0,
        403,
        "not at the sales counter"
    );
    assert_eq!(owner.get("/api/v1/orders?due=true").await.1["items"], json!([]));
    assert!(node.faults().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_claim_at_many_desks_at_once_is_paid_once() {
    let (node, owner, meena, _, order) = one_cake_missing().await;
    let desks = [&owner, &meena, &node.counter(&owner, "Tara", "cashier").await].map(Client::clone);
    let tasks: Vec<_> = (0..60)
        .map(|n| {
            let (desk, order) = (desks[n % 3].clone(), order.clone());
            tokio::spawn(async move { desk.refund(&order, &[(2, "1")]).await })
        })
        .collect();
    let mut paid = 0;
    for task in tasks {
        let (status, answer) = task.await.expect("an answer");
        match status.as_u16() {
            201 => paid += 1,
            409 => assert_eq!(code(&answer), "nothing_to_refund", "{answer}"),
            _ => panic!("{status} {answer}"),
        }
    }
    assert_eq!(paid, 1);
    let now = owner.order(&order).await;
    assert_eq!(
        (&now["refunded_minor"], &now["due_minor"]),
        (&json!(10_001), &json!(0))
    );
}

#[tokio::test]
async fn everything_finds_the_order_and_nothing_else_does() {
    let (node, owner, meena, _, order) = one_cake_missing().await;
    let bound = json!({"id": new_id(), "phone": "9876543210"});
    assert_eq!(owner.post(&order_path(&order, "phone"), bound).await.0, 200);
    let find = async |code: &str| meena.post("/api/v1/refunds/find", json!({"code": code})).await.1;
    for way in ["document", "token.code", "token.number"] {
        let value = way.split('.').fold(&order, |at, name| &at[name]);
        let text = value.as_str().expect("text");
        assert_eq!(find(text).await["order"]["id"], order["id"], "{way}");
        assert_eq!(
            find(&text.to_lowercase()).await["order"]["id"],
            order["id"],
            "{way}"
        );
    }
    let number = order["number"].to_string();
    for way in [number.as_str(), "9876543210", "+91 98765 43210"] {
        assert_eq!(find(way).await["candidates"][0]["order"], order["id"], "{way}");
    }
    assert_eq!(
        find("00000000000000000000").await["error"]["code"],
        "field_invalid"
    );
    assert_eq!(
        find("https://example.org").await["error"]["code"],
        "token_not_ours"
    );
    node.clock.forward(3 * 86_400_000);
    let owner = node
        .window("cashier")
        .signed_in(&crate::orders::sign_in_owner(&node).await);
    let (status, found) = owner
        .post("/api/v1/refunds/find", json!({"code": order["token"]["code"]}))
        .await;
    assert_eq!(
        (status.as_u16(), &found["order"]["id"]),
        (200, &order["id"]),
        "money is owed longer than a token lives"
    );
}

#[tokio::test]
async fn a_second_person_is_needed_for_what_the_first_may_not() {
    let (_node, owner, meena, ravi, order) = one_cake_missing().await;
    let maya = owner.staff("Maya", "manager", COUNTER_PIN).await;
    let preview = async |body: Value| meena.post(&order_path(&order, "refunds/preview"), body).await.1;
    let given = preview(json!({"lines": [{"line": 1, "quantity": "1"}]})).await;
    assert_eq!(given["approval_needed"], "not_claimed");
    let (status, refused) = meena.refund(&order, &[(1, "1")]).await;
    assert_eq!((status.as_u16(), code(&refused)), (403, "refund_needs_approval"));
    assert_eq!(refused["error"]["hints"]["why"], "not_claimed");
    let (status, refused) = owner.refund(&order, &[(1, "1")]).await;
    assert_eq!(
        (status.as_u16(), code(&refused)),
        (403, "refund_needs_approval"),
        "a second tap of the owner's pays nothing that nobody missed"
    );
    let with = async |pin: &str, staff: Value| {
        let body = json!({
            "id": new_id(), "lines": [{"line": 1, "quantity": "1"}], "reason": "broken",
            "approval": {"staff": staff, "pin": pin}
        });
        meena.post(&order_path(&order, "refunds"), body).await
    };
    assert_eq!(code(&with("9999", json!(maya)).await.1), "pin_wrong");
    let (status, done) = with(COUNTER_PIN, json!(maya)).await;
    assert_eq!(status, 201, "{done}");
    let note = &done["credit_notes"][0];
    assert_eq!(
        (
            &note["staff"]["name"],
            &note["approved_by"]["name"],
            &note["reason"]
        ),
        (&json!("Meena"), &json!("Maya"), &json!("broken")),
        "both are kept"
    );
    let limit = json!({"id": new_id(), "value": 5_000});
    assert_eq!(
        owner
            .put("/api/v1/settings/refund.cashier_limit_minor", limit)
            .await
            .0,
        200
    );
    let (_, refused) = meena.refund(&order, &[(2, "1")]).await;
    assert_eq!(refused["error"]["hints"]["why"], "above_limit");
    assert_eq!(
        owner.refund(&order, &[(2, "1")]).await.0,
        201,
        "the owner's own word"
    );
    assert_eq!(ravi.get("/api/v1/orders?due=true").await.1["items"], json!([]));
}

#[tokio::test]
async fn a_refund_beyond_the_order_or_to_nowhere_is_refused() {
    let (_node, owner, meena, _, order) = one_cake_missing().await;
    let (_, answer) = meena.refund(&order, &[(2, "4")]).await;
    assert_eq!(
        (code(&answer), &answer["error"]["hints"]["most"]),
        ("refund_too_much", &json!("3"))
    );
    assert_eq!(code(&meena.refund(&order, &[(7, "1")]).await.1), "line_gone");
    assert_eq!(
        code(&meena.refund(&order, &[(2, "0.5")]).await.1),
        "quantity_invalid"
    );
    assert_eq!(code(&meena.refund(&order, &[]).await.1), "nothing_to_refund");
    let tenders = async |tenders: Value| {
        let body = json!({"id": new_id(), "lines": [{"line": 2, "quantity": "1"}], "tenders": tenders});
        code(&meena.post(&order_path(&order, "refunds"), body).await.1).to_owned()
    };
    let id = new_id();
    assert_eq!(
        tenders(json!([{"id": id, "method": "gold"}])).await,
        "tender_invalid"
    );
    assert_eq!(
        tenders(json!([{"id": id, "method": "cash", "amount_minor": 1}])).await,
        "tender_invalid"
    );
    assert_eq!(
        tenders(json!([{"id": id, "method": "cash", "amount_minor": -1}])).await,
        "tender_invalid"
    );
    assert_eq!(
        tenders(json!([{"id": id, "method": "cash", "amount_minor": 10_002}])).await,
        "tender_invalid"
    );
    assert_eq!(
        tenders(json!([{"id": id, "method": "cash", "amount_minor": 10_001}])).await,
        "none"
    );
    let cancelled = owner.sell(&[(owner.product("Tea", 100).await, "1")]).await;
    let cancel = json!({"id": new_id(), "reason": "undo"});
    assert_eq!(owner.post(&order_path(&cancelled, "cancel"), cancel).await.0, 200);
    assert_eq!(
        code(&meena.refund(&cancelled, &[(1, "1")]).await.1),
        "order_cancelled"
    );
}

#[tokio::test]
async fn what_is_just_being_handed_over_is_not_paid_back_beside_it() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let ravi = node.counter(&owner, "Ravi", "sales").await;
    let order = meena.sell(&[(tea, "2")]).await;
    assert_eq!(ravi.redeem(&order).await.0, 200);
    let staff = owner.staff("Maya", "manager", COUNTER_PIN).await;
    let body = json!({
        "id": new_id(), "lines": [{"line": 1, "quantity": "1"}],
        "approval": {"staff": staff, "pin": COUNTER_PIN}
    });
    let (status, held) = meena.post(&order_path(&order, "refunds"), body).await;
    assert_eq!((status.as_u16(), code(&held)), (409, "claim_held"), "{held}");
    assert_eq!(held["error"]["hints"]["staff"], "Ravi");
    let cancel = json!({"id": new_id(), "reason": "undo"});
    let (_, held) = meena.post(&order_path(&order, "cancel"), cancel).await;
    assert_eq!(code(&held), "claim_held");
}

/// Every unit is in one place, and money back is the money of what was not given, whatever happens in which order.
#[tokio::test]
async fn any_sequence_of_deeds_keeps_every_unit_and_every_cent() {
    let (node, owner) = Node::with_shop().await;
    let goods = [
        (owner.product("Third", 1_000).await, "3"),
        (owner.product("Odd", 333).await, "7"),
        (owner.product("Free", 0).await, "2"),
    ];
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let ravi = node.counter(&owner, "Ravi", "sales").await;
    let boss = owner.staff("Maya", "manager", COUNTER_PIN).await;
    let approval = json!({"staff": boss, "pin": COUNTER_PIN});
    for seed in 0..12 {
        let mut dice = Dice::new(seed);
        let lines: Vec<Value> = goods
            .iter()
            .map(|(product, quantity)| json!({"product": product, "quantity": quantity}))
            .collect();
        let discount = json!({"amount_minor": 100 + dice.below(400), "reason": "regular guest"});
        let body = json!({
            "id": new_id(), "lines": lines, "discount": discount,
            "tenders": [{"id": new_id(), "method": "cash"}],
            "approval": approval
        });
        let (status, order) = owner.post("/api/v1/orders", body).await;
        assert_eq!(status, 201, "{order}");
        let mut deeds = 0;
        for _ in 0..24 {
            let before = owner.order(&order).await;
            let lines: Vec<(u32, String, String)> = (1..=3u32)
                .zip(before["lines"].as_array().expect("lines"))
                .map(|(line, now)| {
                    let units = |place: &str| {
                        now[place]
                            .as_str()
                            .and_then(|q| q.parse::<usize>().ok())
                            .expect("units")
                    };
                    let there = units("open") + units("missing");
                    let given = dice.below(there.min(2) + 1);
                    let missing = dice.below((there - given).min(2) + 1);
                    (line, given.to_string(), missing.to_string())
                })
                .collect();
            let lines: Vec<(u32, &str, &str)> = lines
                .iter()
                .map(|(n, a, b)| (*n, a.as_str(), b.as_str()))
                .collect();
            let missing_as = ["refund", "keep"][dice.below(2)];
            let status = match dice.below(4) {
                0 | 1 => {
                    let _refused_when_nothing_is_left = ravi.redeem(&order).await;
                    ravi.hand_over(&order, &lines, missing_as).await.0
                }
                2 => {
                    let back: Vec<Value> = lines
                        .iter()
                        .filter(|(_, quantity, _)| *quantity != "0")
                        .map(|(line, quantity, _)| json!({"line": line, "quantity": quantity}))
                        .collect();
                    let body = json!({"id": new_id(), "lines": back, "approval": approval});
                    meena.post(&order_path(&order, "refunds"), body).await.0
                }
                _ => {
                    let events = before["history"].as_array().expect("a history");
                    let handed: Vec<&Value> = events.iter().filter(|e| e["kind"] == "handed_over").collect();
                    let Some(one) = handed.get(dice.below(handed.len())) else {
                        continue;
                    };
                    let path = format!("handovers/{}/undo", one["id"].as_str().expect("an id"));
                    owner
                        .post(&order_path(&order, &path), json!({"id": new_id()}))
                        .await
                        .0
                }
            };
            assert!(status.as_u16() < 500, "seed {seed}: {status}");
            deeds += u32::from(status.is_success());
            let now = owner.order(&order).await;
            let minor = |value: &Value| value.as_i64().expect("an amount");
            for line in now["lines"].as_array().expect("lines") {
                let units = |place: &str| {
                    line[place]
                        .as_str()
                        .and_then(|q| q.parse::<u32>().ok())
                        .expect("units")
                };
                let sum: u32 = ["open", "given", "claimed", "kept", "refunded"]
                    .map(units)
                    .iter()
                    .sum();
                assert_eq!(sum, units("ordered"), "seed {seed}: {line}");
            }
            let notes: i64 = now["credit_notes"]
                .as_array()
                .expect("notes")
                .iter()
                .map(|note| minor(&note["total_minor"]))
                .sum();
            assert_eq!(notes, minor(&now["refunded_minor"]), "seed {seed}");
            let left: i64 = now["lines"]
                .as_array()
                .expect("lines")
                .iter()
                .map(|line| minor(&line["refundable_minor"]))
                .sum();
            assert_eq!(
                notes + left,
                minor(&order["total_minor"]),
                "seed {seed}: to the cent"
            );
            assert_eq!(now["anomaly"], Value::Null);
        }
        assert!(deeds > 3, "seed {seed} did something");
    }
    assert!(node.faults().is_empty(), "{:?}", node.faults());
}
