//! The sales counter: one order, one counter, every unit once; and whoever comes second is told who was first.

use serde_json::{Value, json};
use testkit::{COUNTER_PIN, Client, Node, new_id, order_path};
use uuid::Uuid;

/// Two teas and three cakes, paid; a sales counter, and a second one.
struct Shop {
    node: Node,
    owner: Client,
    ravi: Client,
    sara: Client,
    tea: Uuid,
    cake: Uuid,
}

async fn shop() -> Shop {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let cake = owner.product("Cake", 10_001).await;
    let ravi = node.counter(&owner, "Ravi", "sales").await;
    let sara = node.counter(&owner, "Sara", "sales").await;
    Shop {
        node,
        owner,
        ravi,
        sara,
        tea,
        cake,
    }
}

impl Shop {
    async fn sold(&self) -> Value {
        self.owner.sell(&[(self.tea, "2"), (self.cake, "3")]).await
    }
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

fn units(order: &Value, line: usize) -> [&str; 5] {
    ["open", "given", "claimed", "kept", "refunded"]
        .map(|place| order["lines"][line][place].as_str().expect("a quantity"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_scans_at_once_one_wins_and_the_others_hear_who_when_where() {
    let shop = shop().await;
    let order = shop.sold().await;
    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let client = if n % 2 == 0 { &shop.ravi } else { &shop.sara }.clone();
            let order = order.clone();
            tokio::spawn(async move { client.redeem(&order).await })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        let (status, answer) = task.await.expect("an answer");
        if status == 200 {
            won += 1;
            assert_eq!(answer["to_give"], "5");
            continue;
        }
        assert_eq!((status.as_u16(), code(&answer)), (409, "claim_held"), "{answer}");
        let hints = &answer["error"]["hints"];
        assert!(["Ravi", "Sara"].contains(&hints["staff"].as_str().unwrap_or_default()));
        assert!(
            hints["at"].as_str().is_some_and(|at| at.ends_with('Z')),
            "{answer}"
        );
        assert_eq!(hints["number"], order["number"]);
        assert!(hints["counter"].is_string() && hints["seat"].is_u64());
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn a_lost_answer_is_given_again_and_another_content_is_refused() {
    let shop = shop().await;
    let order = shop.sold().await;
    let body = json!({"id": new_id(), "code": order["token"]["code"]});
    let first = shop.ravi.post("/api/v1/tokens/redeem", body.clone()).await;
    assert_eq!(first.0, 200);
    assert_eq!(shop.ravi.post("/api/v1/tokens/redeem", body.clone()).await, first);
    let lines = json!([{"line": 1, "given": "2"}, {"line": 2, "given": "3"}]);
    let handover = json!({"id": new_id(), "lines": lines});
    let path = order_path(&order, "handovers");
    let (status, done) = shop.ravi.post(&path, handover.clone()).await;
    assert_eq!(
        (status.as_u16(), &done["state"]),
        (201, &json!("complete")),
        "{done}"
    );
    let (status, again) = shop.ravi.post(&path, handover.clone()).await;
    assert_eq!(
        (status.as_u16(), &again["lines"]),
        (201, &done["lines"]),
        "once, however often it is sent"
    );
    let mut other = handover;
    other["lines"] = json!([{"line": 1, "given": "1"}]);
    assert_eq!(code(&shop.ravi.post(&path, other).await.1), "id_reused");
    assert_eq!(
        shop.ravi.post("/api/v1/tokens/redeem", body).await,
        first,
        "the same answer for ever"
    );
    assert!(shop.node.faults().is_empty());
}

#[tokio::test]
async fn a_collected_order_says_who_gave_it_when_and_where() {
    let shop = shop().await;
    let order = shop.sold().await;
    assert_eq!(shop.ravi.redeem(&order).await.0, 200);
    let done = shop
        .ravi
        .hand_over(&order, &[(1, "2", "0"), (2, "3", "0")], "refund")
        .await;
    assert_eq!(done.0, 201);
    assert!(done.1["delivered_at"].is_string());
    let (status, answer) = shop.sara.redeem(&order).await;
    assert_eq!((status.as_u16(), code(&answer)), (409, "already_collected"));
    assert_eq!(answer["error"]["hints"]["staff"], "Ravi");
    assert_eq!(answer["error"]["hints"]["at"], done.1["delivered_at"]);
    let (status, answer) = shop.ravi.hand_over(&order, &[(1, "1", "0")], "refund").await;
    assert_eq!((status.as_u16(), code(&answer)), (409, "already_collected"));
    let cancel = json!({"id": new_id(), "reason": "changed their mind"});
    let (status, answer) = shop.owner.post(&order_path(&order, "cancel"), cancel).await;
    assert_eq!((status.as_u16(), code(&answer)), (409, "order_started"));
}

#[tokio::test]
async fn nothing_is_handed_over_without_a_claim_or_beyond_what_is_there() {
    let shop = shop().await;
    let order = shop.sold().await;
    let (status, answer) = shop.ravi.hand_over(&order, &[(1, "1", "0")], "refund").await;
    assert_eq!((status.as_u16(), code(&answer)), (409, "claim_needed"));
    assert_eq!(shop.ravi.redeem(&order).await.0, 200);
    for (line, given, missing, word) in [
        (1, "3", "0", "quantity_invalid"),
        (1, "1", "2", "quantity_invalid"),
        (1, "0.5", "0", "quantity_invalid"),
        (1, "-1", "0", "quantity_invalid"),
        (9, "1", "0", "line_gone"),
        (1, "0", "0", "nothing_left"),
    ] {
        let (_, answer) = shop
            .ravi
            .hand_over(&order, &[(line, given, missing)], "refund")
            .await;
        assert_eq!(code(&answer), word, "{line} {given} {missing}: {answer}");
    }
    let (_, answer) = shop
        .ravi
        .hand_over(&order, &[(1, "1", "0"), (1, "1", "0")], "refund")
        .await;
    assert_eq!(code(&answer), "quantity_invalid", "a line twice");
    let (_, answer) = shop.ravi.hand_over(&order, &[(1, "1", "0")], "give_away").await;
    assert_eq!(code(&answer), "field_invalid");
    let kitchen = shop.node.counter(&shop.owner, "Om", "kitchen").await;
    assert_eq!(kitchen.redeem(&order).await.0, 403);
    assert_eq!(
        units(&shop.owner.order(&order).await, 0),
        ["2", "0", "0", "0", "0"]
    );
}

#[tokio::test]
async fn what_is_missing_is_owed_and_the_word_follows() {
    let shop = shop().await;
    let order = shop.sold().await;
    let (_, opened) = shop.ravi.redeem(&order).await;
    let claim = opened["claim"]["id"].as_str().expect("a claim");
    let marks = async |lines: Value, missing_as: &str| {
        let body = json!({"lines": lines, "missing_as": missing_as});
        shop.ravi
            .post(&format!("/api/v1/claims/{claim}/marks"), body)
            .await
            .1
    };
    let all = marks(
        json!([{"line": 1, "given": "2"}, {"line": 2, "given": "3"}]),
        "refund",
    )
    .await;
    assert_eq!((&all["to"], &all["due_minor"]), (&json!("complete"), &json!(0)));
    let some = marks(
        json!([{"line": 1, "given": "2"}, {"line": 2, "given": "2", "missing": "1"}]),
        "refund",
    )
    .await;
    assert_eq!(
        (&some["to"], &some["due_minor"]),
        (&json!("partial"), &json!(10_001))
    );
    let none = marks(
        json!([{"line": 1, "missing": "2"}, {"line": 2, "missing": "3"}]),
        "refund",
    )
    .await;
    assert_eq!(
        (&none["to"], &none["due_minor"]),
        (&json!("refund"), &json!(34_003))
    );
    let kept = marks(
        json!([{"line": 1, "given": "2"}, {"line": 2, "given": "2", "missing": "1"}]),
        "keep",
    )
    .await;
    assert_eq!(kept["due_minor"], 0, "what is kept for later is not paid back");
    let (_, display) = shop.ravi.get("/api/v1/display").await;
    assert_eq!(
        (&display["state"], &display["handing"]["missing"]),
        (&json!("handing"), &json!("1"))
    );

    let (status, partial) = shop
        .ravi
        .hand_over(&order, &[(1, "2", "0"), (2, "2", "1")], "refund")
        .await;
    assert_eq!((status.as_u16(), &partial["state"]), (201, &json!("partial")));
    assert_eq!(partial["due_minor"], 10_001);
    assert_eq!(units(&partial, 1), ["0", "2", "1", "0", "0"]);
    assert_eq!(partial["lines"][1]["missing"], "1");
    let (_, display) = shop.ravi.get("/api/v1/display").await;
    assert_eq!(display["handing"]["done"], true);
    assert_eq!(display["handing"]["due_minor"], 10_001);
    shop.node.clock.forward(13_000);
    assert_eq!(shop.ravi.get("/api/v1/display").await.1["state"], "idle");
    let kinds: Vec<&str> = partial["history"]
        .as_array()
        .expect("a history")
        .iter()
        .filter_map(|event| event["kind"].as_str())
        .collect();
    assert_eq!(kinds, ["placed", "handed_over"]);
    let event = &partial["history"][1];
    assert_eq!(
        (&event["staff"]["name"], &event["by"]),
        (&json!("Ravi"), &json!("qr"))
    );
    assert_eq!(event["lines"][1]["missing"], "1");
}

#[tokio::test]
async fn kept_for_later_opens_again_even_when_the_token_is_old() {
    let shop = shop().await;
    let order = shop.sold().await;
    shop.ravi.redeem(&order).await;
    let (_, kept) = shop
        .ravi
        .hand_over(&order, &[(1, "2", "0"), (2, "1", "2")], "keep")
        .await;
    assert_eq!(
        (units(&kept, 1), &kept["due_minor"]),
        (["0", "1", "0", "2", "0"], &json!(0))
    );
    assert_eq!(kept["delivered_at"], Value::Null);
    shop.node.clock.forward(2 * 86_400_000);
    let sara = shop.node.browser("127.0.0.1:4101");
    let (_, lock) = sara.get("/api/v1/lock").await;
    let id = lock["staff"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["name"] == "Sara"))
        .map(|one| one["id"].clone())
        .expect("Sara works here");
    let body = json!({"staff": id, "pin": COUNTER_PIN, "seat": new_id()});
    let sara = sara.signed_in(&sara.post("/api/v1/sessions", body).await.1);
    let (status, opened) = sara.redeem(&order).await;
    assert_eq!(
        (status.as_u16(), &opened["to_give"]),
        (200, &json!("2")),
        "{opened}"
    );
    assert_eq!(
        opened["lines"].as_array().map(Vec::len),
        Some(1),
        "only what is left"
    );
    let (_, done) = sara.hand_over(&order, &[(2, "2", "0")], "refund").await;
    assert_eq!(
        (&done["state"], units(&done, 1)),
        (&json!("complete"), ["0", "3", "0", "0", "0"])
    );
}

#[tokio::test]
async fn a_counter_takes_over_and_the_first_is_told() {
    let shop = shop().await;
    let order = shop.sold().await;
    assert_eq!(shop.ravi.redeem(&order).await.0, 200);
    let (_, again) = shop.ravi.redeem(&order).await;
    assert_eq!(
        (code(&again), &again["error"]["hints"]["mine"]),
        ("claim_held", &json!(true))
    );
    let (_, held) = shop.sara.redeem(&order).await;
    assert_eq!(held["error"]["hints"]["mine"], false);
    assert_eq!(shop.owner.order(&order).await["claim"]["staff"]["name"], "Ravi");
    let body = json!({"id": new_id(), "code": order["token"]["code"], "take_over": true});
    let (status, opened) = shop.sara.post("/api/v1/tokens/redeem", body).await;
    assert_eq!(status, 200, "{opened}");
    let (status, lost) = shop.ravi.hand_over(&order, &[(1, "2", "0")], "refund").await;
    assert_eq!((status.as_u16(), code(&lost)), (409, "claim_lost"));
    assert_eq!(lost["error"]["hints"]["staff"], "Sara");
    let release = format!(
        "/api/v1/claims/{}/release",
        opened["claim"]["id"].as_str().expect("an id")
    );
    assert_eq!(
        shop.ravi.post(&release, json!({"id": new_id()})).await.0,
        404,
        "not Ravi's to release"
    );
    assert_eq!(shop.sara.post(&release, json!({"id": new_id()})).await.0, 204);
    assert_eq!(shop.ravi.redeem(&order).await.0, 200, "free again");
    shop.node.clock.forward(11 * 60_000);
    let sara = shop
        .node
        .counter(&shop.owner_again().await, "Sami", "sales")
        .await;
    assert_eq!(
        sara.redeem(&order).await.0,
        200,
        "a claim left lying ends by itself"
    );
}

impl Shop {
    /// The owner signed in anew, after the clock locked the till.
    async fn owner_again(&self) -> Client {
        self.node
            .window("cashier")
            .signed_in(&crate::orders::sign_in_owner(&self.node).await)
    }
}

#[tokio::test]
async fn a_slip_is_taken_back_at_once_and_later_with_a_second_person() {
    let shop = shop().await;
    let order = shop.sold().await;
    shop.ravi.redeem(&order).await;
    let (_, done) = shop
        .ravi
        .hand_over(&order, &[(1, "2", "0"), (2, "0", "3")], "refund")
        .await;
    let undo = |done: &Value| {
        let handover = done["history"]
            .as_array()
            .and_then(|all| all.last())
            .expect("an event")["id"]
            .clone();
        order_path(
            &order,
            &format!("handovers/{}/undo", handover.as_str().expect("an id")),
        )
    };
    let body = json!({"id": new_id()});
    let (status, back) = shop.ravi.post(&undo(&done), body.clone()).await;
    assert_eq!(
        (status.as_u16(), &back["state"]),
        (200, &json!("placed")),
        "{back}"
    );
    assert_eq!(units(&back, 1), ["3", "0", "0", "0", "0"]);
    assert_eq!(
        shop.ravi.post(&undo(&done), body).await.0,
        200,
        "the same undo again"
    );
    let (_, twice) = shop.ravi.post(&undo(&done), json!({"id": new_id()})).await;
    assert_eq!(code(&twice), "nothing_to_undo");

    shop.ravi.redeem(&order).await;
    let (_, done) = shop
        .ravi
        .hand_over(&order, &[(1, "2", "0"), (2, "2", "1")], "refund")
        .await;
    shop.node.clock.forward(10_001);
    let (status, late) = shop.ravi.post(&undo(&done), json!({"id": new_id()})).await;
    assert_eq!((status.as_u16(), code(&late)), (403, "not_allowed"));
    let maya = shop.owner.staff("Maya", "manager", COUNTER_PIN).await;
    let approval = json!({"staff": maya, "pin": COUNTER_PIN});
    let (status, back) = shop
        .ravi
        .post(&undo(&done), json!({"id": new_id(), "approval": approval}))
        .await;
    assert_eq!(status, 200, "{back}");
    let event = back["history"]
        .as_array()
        .and_then(|all| all.last())
        .expect("an event")
        .clone();
    assert_eq!(
        (&event["staff"]["name"], &event["approved_by"]["name"]),
        (&json!("Ravi"), &json!("Maya"))
    );

    shop.ravi.redeem(&order).await;
    let (_, done) = shop.ravi.hand_over(&order, &[(2, "2", "1")], "refund").await;
    let handover = undo(&done);
    assert_eq!(shop.owner.refund(&done, &[(2, "1")]).await.0, 201);
    let (status, settled) = shop.ravi.post(&handover, json!({"id": new_id()})).await;
    assert_eq!((status.as_u16(), code(&settled)), (409, "handover_settled"));
    assert!(shop.node.faults().is_empty());
}

#[tokio::test]
async fn what_is_no_token_of_this_order_is_refused_with_its_own_word() {
    let shop = shop().await;
    let order = shop.sold().await;
    let genuine = order["token"]["code"].as_str().expect("a code").to_owned();
    let redeem = async |client: &Client, code: &str| {
        client
            .post("/api/v1/tokens/redeem", json!({"id": new_id(), "code": code}))
            .await
    };
    let mut tampered = genuine.clone().into_bytes();
    let last = tampered.len() - 20;
    tampered[last] = if tampered[last] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).expect("ASCII");
    let other_shop = Node::with_shop().await;
    let tea = other_shop.1.product("Tea", 2_000).await;
    let foreign = other_shop.1.sell(&[(tea, "1")]).await;
    for (text, word, why) in [
        (tampered.as_str(), "token_tampered", Value::Null),
        (&genuine[..genuine.len() - 30], "token_tampered", Value::Null),
        (
            &genuine.replacen("P1", "P7", 1),
            "token_unknown_version",
            Value::Null,
        ),
        (
            foreign["token"]["code"].as_str().expect("a code"),
            "token_unknown_key",
            Value::Null,
        ),
        (&"P1A".repeat(1_334), "token_not_ours", json!("too_long")),
        ("https://example.org/pay", "token_not_ours", json!("url")),
        ("upi://pay?pa=shop@bank&am=85.00", "token_not_ours", json!("upi")),
        ("8901030865275", "token_not_ours", json!("product")),
        ("hello", "token_not_ours", json!("other")),
        ("\u{0}\u{feff}🎂", "token_not_ours", json!("other")),
    ] {
        let (status, answer) = redeem(&shop.ravi, text).await;
        assert_eq!(
            (status.as_u16(), code(&answer)),
            (422, word),
            "{text:.40}: {answer}"
        );
        assert_eq!(answer["error"]["hints"]["why"], why, "{text:.40}");
    }
    assert_eq!(
        shop.ravi
            .post("/api/v1/tokens/redeem", json!({"id": new_id()}))
            .await
            .0,
        400
    );
    assert_eq!(
        redeem(&shop.ravi, &genuine.to_lowercase()).await.0,
        200,
        "the guest is none the worse"
    );
}

#[tokio::test]
async fn guessing_numbers_finds_nothing_and_hurts_nobody() {
    let shop = shop().await;
    let order = shop.sold().await;
    let right = order["token"]["number"].as_str().expect("six digits");
    let (mut unknown, mut waits) = (0, 0);
    for guess in 0..400u32 {
        let text = format!("{:06}", guess * 2_477 % 1_000_000);
        if text == right {
            continue;
        }
        let (status, answer) = shop
            .sara
            .post("/api/v1/tokens/redeem", json!({"id": new_id(), "code": text}))
            .await;
        match code(&answer) {
            "number_unknown" => unknown += 1,
            "number_wait" => {
                waits += 1;
                assert_eq!(status, 429);
                assert!(
                    answer["error"]["hints"]["wait_ms"]
                        .as_i64()
                        .is_some_and(|ms| ms > 0)
                );
            }
            other => panic!("{other}: {answer}"),
        }
    }
    assert_eq!((unknown, waits > 390), (5, true), "five looks, then a wait");
    let body = json!({"id": new_id(), "code": right});
    assert_eq!(
        code(&shop.sara.post("/api/v1/tokens/redeem", body).await.1),
        "number_wait",
        "even the right one, from the one who guesses"
    );
    let body = json!({"id": new_id(), "code": right});
    let (status, opened) = shop.ravi.post("/api/v1/tokens/redeem", body).await;
    assert_eq!(
        (status.as_u16(), &opened["claim"]["by"]),
        (200, &json!("number")),
        "{opened}"
    );
    shop.ravi
        .hand_over(&order, &[(1, "2", "0"), (2, "3", "0")], "refund")
        .await;
    shop.node.clock.forward(6_000);
    let second = shop.sold().await;
    let body = json!({"id": new_id(), "code": second["token"]["number"]});
    assert_eq!(
        shop.sara.post("/api/v1/tokens/redeem", body).await.0,
        200,
        "after the wait"
    );
}

#[tokio::test]
async fn a_token_issued_again_ends_the_old_one() {
    let shop = shop().await;
    let order = shop.sold().await;
    let body = json!({"id": new_id(), "reason": "phone lost"});
    let (status, fresh) = shop
        .owner
        .post(&order_path(&order, "token/reissue"), body.clone())
        .await;
    assert_eq!(
        (status.as_u16(), &fresh["token"]["generation"]),
        (200, &json!(2)),
        "{fresh}"
    );
    let again = shop
        .owner
        .post(&order_path(&order, "token/reissue"), body)
        .await
        .1;
    assert_eq!(again["token"], fresh["token"], "once");
    assert_ne!(fresh["token"]["number"], order["token"]["number"]);
    assert_eq!(code(&shop.ravi.redeem(&order).await.1), "token_revoked");
    let old_number = json!({"id": new_id(), "code": order["token"]["number"]});
    assert_eq!(
        code(&shop.ravi.post("/api/v1/tokens/redeem", old_number).await.1),
        "number_unknown"
    );
    assert_eq!(shop.ravi.redeem(&fresh).await.0, 200);
    let body = json!({"id": new_id(), "reason": "stolen"});
    let (_, revoked) = shop.owner.post(&order_path(&order, "token/revoke"), body).await;
    assert_eq!(
        (&revoked["token"], &revoked["token_revoked"]),
        (&Value::Null, &json!(true))
    );
    assert_eq!(code(&shop.sara.redeem(&fresh).await.1), "token_revoked");
    let reasons: Vec<&Value> = revoked["history"]
        .as_array()
        .expect("a history")
        .iter()
        .map(|event| &event["reason"])
        .collect();
    assert_eq!(reasons, [&Value::Null, &json!("phone lost"), &json!("stolen")]);
    let none = json!({"id": new_id(), "reason": " "});
    assert_eq!(
        code(
            &shop
                .owner
                .post(&order_path(&order, "token/reissue"), none)
                .await
                .1
        ),
        "field_invalid"
    );
    let body = json!({"id": new_id(), "reason": "found again"});
    let (_, third) = shop.owner.post(&order_path(&order, "token/reissue"), body).await;
    let take = json!({"id": new_id(), "code": third["token"]["code"]});
    assert_eq!(
        shop.sara.post("/api/v1/tokens/redeem", take).await.0,
        200,
        "a newer token beats a claim on the older one"
    );
    assert!(shop.node.faults().is_empty());
}

#[tokio::test]
async fn a_token_that_is_killed_stops_the_counter_that_has_it_open() {
    let shop = shop().await;
    let order = shop.sold().await;
    assert_eq!(
        shop.ravi.redeem(&order).await.0,
        200,
        "somebody shows a stolen picture"
    );
    let body = json!({"id": new_id(), "reason": "phone lost"});
    let (_, fresh) = shop.owner.post(&order_path(&order, "token/reissue"), body).await;
    let (status, answer) = shop.ravi.hand_over(&order, &[(1, "2", "0")], "refund").await;
    assert_eq!(
        (status.as_u16(), code(&answer)),
        (422, "token_revoked"),
        "{answer}"
    );
    assert_eq!(
        shop.sara.redeem(&fresh).await.0,
        200,
        "the guest's own one opens it"
    );
    assert_eq!(
        shop.sara.hand_over(&order, &[(1, "2", "0")], "refund").await.0,
        201
    );
}

#[tokio::test]
async fn a_phone_finds_the_order_and_a_person_vouches() {
    let shop = shop().await;
    let body = json!({
        "id": new_id(), "lines": [{"product": shop.tea, "quantity": "2"}], "phone": "098765 43210",
        "tenders": [{"id": new_id(), "method": "cash"}]
    });
    let (status, order) = shop.owner.post("/api/v1/orders", body.clone()).await;
    assert_eq!(
        (status.as_u16(), &order["phone"]),
        (201, &json!("98••••3210")),
        "{order}"
    );
    assert_eq!(
        shop.owner.post("/api/v1/orders", body).await.1["number"],
        order["number"]
    );
    let find = async |typed: &str| {
        let body = json!({"id": new_id(), "phone": typed});
        shop.ravi.post("/api/v1/tokens/redeem", body).await
    };
    let (status, found) = find("+91 98765-43210").await;
    assert_eq!(status, 200);
    let candidate = &found["candidates"][0];
    assert_eq!(
        (&candidate["order"], &candidate["phone"]),
        (&order["id"], &json!("98••••3210"))
    );
    assert_eq!(find("9876543211").await.1["candidates"], json!([]));
    assert_eq!(code(&find("abc").await.1), "field_invalid");
    let by_number = json!({"id": new_id(), "number": order["number"].to_string()});
    let (_, found) = shop.ravi.post("/api/v1/tokens/redeem", by_number).await;
    assert_eq!(found["candidates"][0]["order"], order["id"]);
    assert_eq!(
        shop.owner.order(&order).await["claim"],
        Value::Null,
        "listing claims nothing"
    );
    let vouch = json!({"id": new_id(), "order": order["id"], "confirmed": true});
    let (status, opened) = shop.ravi.post("/api/v1/tokens/redeem", vouch).await;
    assert_eq!(
        (status.as_u16(), &opened["claim"]["by"]),
        (200, &json!("confirmed")),
        "{opened}"
    );
    let (_, done) = shop.ravi.hand_over(&order, &[(1, "2", "0")], "refund").await;
    let event = done["history"]
        .as_array()
        .and_then(|all| all.last())
        .expect("an event");
    assert_eq!(
        (&event["by"], &event["staff"]["name"]),
        (&json!("confirmed"), &json!("Ravi"))
    );
    let later = shop.sold().await;
    let bound = json!({"id": new_id(), "phone": "9000000001"});
    assert_eq!(
        shop.owner.post(&order_path(&later, "phone"), bound).await.1["phone"],
        "90••••0001"
    );
    let facts = std::fs::read(shop.node.data().join("shop/chandi.db")).expect("the file");
    assert!(
        !facts.windows(10).any(|w| w == b"9876543210"),
        "nowhere in the clear"
    );
    assert!(shop.node.faults().is_empty());
}

#[tokio::test]
async fn the_hall_sees_numbers_and_nothing_else() {
    let shop = shop().await;
    let order = shop.sold().await;
    let (_, token) = shop
        .owner
        .post("/api/v1/displays", json!({"id": new_id(), "kind": "board"}))
        .await;
    let hall = shop
        .node
        .browser("127.0.0.1:4200")
        .holding(token["token"].as_str().map(str::to_owned));
    let progress = async |to: &str| {
        let body = json!({"id": new_id(), "to": to});
        shop.ravi.post(&order_path(&order, "progress"), body).await.1
    };
    assert_eq!(progress("preparing").await["state"], "preparing");
    shop.node.clock.forward(60_000);
    assert_eq!(
        hall.get("/api/v1/board").await.1["preparing"][0]["number"],
        order["number"]
    );
    let ready = progress("ready").await;
    assert_eq!(
        (&ready["state"], ready["ready_at"].is_string()),
        (&json!("ready"), true)
    );
    let (_, board) = hall.get("/api/v1/board").await;
    let shown = board["ready"][0].as_object().expect("a number");
    let fields: Vec<&String> = shown.keys().collect();
    assert_eq!(fields, ["number", "since"], "no names, goods or prices");
    for closed in [
        "/api/v1/display",
        "/api/v1/orders",
        "/api/v1/products",
        "/api/v1/today",
    ] {
        assert_eq!(hall.get(closed).await.0, 401, "{closed}");
    }
    let (_, customer) = shop.owner.post("/api/v1/displays", json!({"id": new_id()})).await;
    let customer = hall.holding(customer["token"].as_str().map(str::to_owned));
    assert_eq!(customer.get("/api/v1/display").await.0, 200);
    assert_eq!(customer.get("/api/v1/board").await.0, 401);
    assert_eq!(shop.node.window("board").get("/api/v1/board").await.0, 200);
    assert_eq!(shop.node.window("board").get("/api/v1/display").await.0, 403);
    shop.node.clock.forward(30_000);
    shop.ravi.redeem(&order).await;
    shop.ravi
        .hand_over(&order, &[(1, "2", "0"), (2, "3", "0")], "refund")
        .await;
    assert_eq!(hall.get("/api/v1/board").await.1["ready"], json!([]), "fetched");
    let (_, times) = shop.owner.get("/api/v1/times").await;
    assert_eq!(times["today"]["placed_ready_ms"], 60_000);
    assert_eq!(times["today"]["ready_delivered_ms"], 30_000);
    assert_eq!(times["today"]["orders"], 1);
    let waiting = shop.sold().await;
    let body = json!({"id": new_id(), "to": "ready"});
    shop.ravi.post(&order_path(&waiting, "progress"), body).await;
    shop.node.clock.forward(11 * 60_000);
    assert_eq!(
        hall.get("/api/v1/board").await.1["ready"],
        json!([]),
        "moved off after ten minutes"
    );
}

#[tokio::test]
async fn another_program_checks_the_claim_by_its_jwt() {
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};
    let shop = shop().await;
    let order = shop.sold().await;
    let (status, jwt) = shop.owner.get(&order_path(&order, "token.jwt")).await;
    assert_eq!(status, 200);
    let jwt = jwt.as_str().expect("a JWT is text").to_owned();
    let parts: Vec<&str> = jwt.split('.').collect();
    let read = |part: &str| testkit::from_base64url(part);
    let header: Value = serde_json::from_slice(&read(parts[0])).expect("JSON");
    let claims: Value = serde_json::from_slice(&read(parts[1])).expect("JSON");
    assert_eq!((&header["alg"], &claims["sub"]), (&json!("EdDSA"), &order["id"]));
    assert_eq!(claims["lines"][1]["quantity"], "3");
    let (_, keys) = shop.node.browser("127.0.0.1:4300").get("/api/v1/keys").await;
    assert_eq!(keys["keys"][0]["kid"], header["kid"]);
    let key: [u8; 32] = read(keys["keys"][0]["x"].as_str().expect("a key"))
        .try_into()
        .expect("32 bytes");
    let signature: [u8; 64] = read(parts[2]).try_into().expect("64 bytes");
    let signed = format!("{}.{}", parts[0], parts[1]);
    VerifyingKey::from_bytes(&key)
        .expect("a key")
        .verify(signed.as_bytes(), &Signature::from_bytes(&signature))
        .expect("the shop signed it");
}
