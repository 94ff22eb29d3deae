//! Two counters apart from each other, each doing what is right, meet: nothing is lost, nothing blocks, and what is too
//! much stands in the inbox with who did what, until somebody settles it.

use app::matters::ToldMatters;
use domain::{ids::FactId, time::Moment};
use journal::{Chunk, DeviceKey, Place, Series, Stamp, Transaction, exchange::Range};
use serde_json::{Value, json};
use testkit::{Client, NOON_MS, Node, OWNER_PIN, new_id, order_path};
use uuid::Uuid;

/// The owner at another counter.
async fn owner_at(node: &Node) -> Client {
    let window = node.window("cashier");
    let (_, lock) = window.get("/api/v1/lock").await;
    let owner = lock["staff"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["name"] == "Asha"))
        .unwrap_or_else(|| panic!("Asha is not in {lock}"));
    let (status, answer) = window
        .sign_in(owner["id"].as_str().expect("an id"), OWNER_PIN)
        .await;
    assert_eq!(status, 201, "{answer}");
    window.signed_in(&answer)
}

async fn inbox(person: &Client) -> Vec<Value> {
    listed(person, "/api/v1/anomalies").await
}

async fn listed(person: &Client, path: &str) -> Vec<Value> {
    let (status, page) = person.get(path).await;
    assert_eq!(status, 200, "{page}");
    page["items"].as_array().expect("a list").clone()
}

async fn settle(person: &Client, key: &Value, note: &str) -> u16 {
    let body = json!({"id": new_id(), "key": key, "note": note});
    let (status, _) = person.post("/api/v1/anomalies/settle", body).await;
    status.as_u16()
}

fn only<'a>(items: &'a [Value], kind: &str) -> &'a Value {
    match items {
        [one] if one["kind"] == kind => one,
        other => panic!("{kind} alone was expected: {other:?}"),
    }
}

async fn give(person: &Client, order: &Value, quantity: &str) {
    assert_eq!(person.redeem(order).await.0, 200);
    let (status, answer) = person.hand_over(order, &[(1, quantity, "0")], "refund").await;
    assert_eq!(status, 201, "{answer}");
}

/// It was missing, so it is paid back.
async fn pay_back(person: &Client, order: &Value, quantity: &str) {
    assert_eq!(person.redeem(order).await.0, 200);
    let (status, answer) = person.hand_over(order, &[(1, "0", quantity)], "refund").await;
    assert_eq!(status, 201, "{answer}");
    let (status, answer) = person.refund(order, &[(1, quantity)]).await;
    assert_eq!(status, 201, "{answer}");
}

#[tokio::test]
async fn what_went_out_twice_is_told_with_who_and_where_and_settled_everywhere() {
    let (till, asha) = Node::with_shop().await;
    let cake = asha.product("Cake", 10_000).await;
    let (sales, third) = (till.another(), till.another());
    for other in [&sales, &third] {
        till.meet(other);
    }
    let order = asha.sell(&[(cake, "1")]).await;
    for other in [&sales, &third] {
        till.meet(other);
    }
    let (asha_2, asha_3) = (owner_at(&sales).await, owner_at(&third).await);
    give(&asha, &order, "1").await;
    till.clock.forward(60_000);
    give(&asha_2, &order, "1").await;
    assert!(inbox(&asha).await.is_empty(), "each alone did what was right");
    till.meet(&sales);
    for person in [&asha, &asha_2] {
        let items = inbox(person).await;
        let one = only(&items, "given_twice");
        assert_eq!(
            (&one["quantity"], &one["sold"], &one["name"]),
            (&json!("1"), &json!("1"), &json!("Cake"))
        );
        let deeds: Vec<(&Value, &Value)> = one["deeds"]
            .as_array()
            .expect("deeds")
            .iter()
            .map(|deed| (&deed["what"], &deed["counter"]["name"]))
            .collect();
        assert_eq!(deeds.len(), 2, "{one}");
        assert_ne!(deeds[0].1, deeds[1].1, "two counters, by their names: {one}");
        assert!(deeds.iter().all(|(what, _)| *what == "given"), "{one}");
    }
    assert_eq!(asha.get("/api/v1/anomalies/count").await.1["anomalies"], 1);

    let key = inbox(&asha).await[0]["key"].clone();
    assert_eq!(
        settle(&asha, &key, "the guest paid for the second one").await,
        204
    );
    assert!(inbox(&asha).await.is_empty());
    till.meet(&sales);
    assert!(
        inbox(&asha_2).await.is_empty(),
        "settled once is settled at every device"
    );
    let done = listed(&asha_2, "/api/v1/anomalies?settled=true").await;
    assert_eq!(
        (&done[0]["settled"]["note"], &done[0]["settled"]["staff"]["name"]),
        (&json!("the guest paid for the second one"), &json!("Asha"))
    );
    assert_eq!(settle(&asha, &json!("line:nothing:1"), "").await, 404);

    give(&asha_3, &order, "1").await;
    till.meet(&third);
    let items = inbox(&asha).await;
    assert_eq!(
        only(&items, "given_twice")["quantity"],
        "2",
        "worse than what was settled"
    );
    assert!(
        asha.sell(&[(cake, "1")]).await["id"].is_string(),
        "and selling goes on"
    );
    for node in [&till, &sales, &third] {
        assert!(node.faults().is_empty(), "{:?}", node.faults());
    }
}

#[tokio::test]
async fn a_hub_is_told_what_is_open_and_nothing_about_people_or_goods() {
    let (till, asha) = Node::with_shop().await;
    let cake = asha.product("Cake", 10_000).await;
    let sales = till.another();
    till.meet(&sales);
    let order = asha.sell(&[(cake, "1")]).await;
    till.meet(&sales);
    let mut told = ToldMatters::default();
    let first = till.shop().matters_to_tell(&mut told).expect("looked");
    let first = first.expect("the first word is told, also when nothing is open");
    assert_eq!((first.open.len(), first.more), (0, 0));
    till.shop().matters_told(&mut told, &first);
    give(&asha, &order, "1").await;
    give(&owner_at(&sales).await, &order, "1").await;
    till.meet(&sales);
    let document = inbox(&asha).await[0]["order"]["document"].clone();
    let look = |told: &mut ToldMatters| till.shop().matters_to_tell(told).expect("looked");
    assert_eq!(look(&mut told), None, "it looks once a minute");
    till.clock.forward(61_000);
    let matters = look(&mut told).expect("something is new");
    let [one] = matters.open.as_slice() else {
        panic!("one matter: {matters:?}");
    };
    assert_eq!(
        (one.kind.as_str(), one.whole_shop, one.weight, json!(one.about)),
        ("given_twice", false, 1_000, document)
    );
    let text = format!("{matters:?}");
    for name in ["Asha", "Cake"] {
        assert!(!text.contains(name), "{text}");
    }
    assert_eq!(
        journal::exchange::Matters::decode(&matters.encode()).as_ref(),
        Ok(&matters),
        "a hub can read it"
    );
    till.shop().matters_told(&mut told, &matters);
    till.clock.forward(61_000);
    assert_eq!(look(&mut told), None, "the same is not told again at once");
    till.clock.forward(3_600_000);
    assert_eq!(
        look(&mut told).as_ref(),
        Some(&matters),
        "but once an hour: silence is seen"
    );
    till.shop().matters_told(&mut told, &matters);
    let key = inbox(&owner_at(&till).await).await[0]["key"].clone();
    assert_eq!(settle(&owner_at(&till).await, &key, "it was paid for").await, 204);
    till.clock.forward(61_000);
    let after = look(&mut told).expect("it is settled");
    assert_eq!(after.open, []);
}

#[tokio::test]
async fn what_was_cancelled_at_one_counter_and_done_at_another_is_told() {
    let (till, asha) = Node::with_shop().await;
    let cake = asha.product("Cake", 10_000).await;
    let sales = till.another();
    till.meet(&sales);
    let asha_2 = owner_at(&sales).await;
    let (given, refunded, both) = (
        asha.sell(&[(cake, "1")]).await,
        asha.sell(&[(cake, "2")]).await,
        asha.sell(&[(cake, "1")]).await,
    );
    till.meet(&sales);
    for order in [&given, &refunded] {
        let body = json!({"id": new_id(), "reason": "changed their mind"});
        let (status, answer) = asha.post(&order_path(order, "cancel"), body).await;
        assert_eq!(status, 200, "{answer}");
    }
    give(&asha_2, &given, "1").await;
    pay_back(&asha_2, &refunded, "2").await;
    for person in [&asha, &asha_2] {
        pay_back(person, &both, "1").await;
    }
    till.meet(&sales);
    for person in [&asha, &asha_2] {
        let mut kinds: Vec<String> = inbox(person)
            .await
            .iter()
            .map(|one| one["kind"].as_str().unwrap_or_default().to_owned())
            .collect();
        kinds.sort();
        assert_eq!(
            kinds,
            ["given_and_cancelled", "refunded_and_cancelled", "refunded_twice"]
        );
    }
    for node in [&till, &sales] {
        assert!(node.faults().is_empty(), "{:?}", node.faults());
    }
}

#[tokio::test]
async fn limits_cards_and_barcodes_that_were_used_apart_are_told_and_leave_when_mended() {
    let (till, asha) = Node::with_shop().await;
    let cake = asha.product("Cake", 10_000).await;
    let form =
        json!({"id": new_id(), "name": "Sunita", "phones": [], "limit_minor": 15_000, "terms_days": 15});
    let (status, sunita) = asha.post("/api/v1/customers", form).await;
    assert_eq!(status, 201, "{sunita}");
    let body = json!({"id": new_id(), "kind": "gift_card", "amount_minor": 15_000, "reason": "a gift"});
    let (status, card) = asha.post("/api/v1/cards", body).await;
    assert_eq!(status, 201, "{card}");
    let sales = till.another();
    till.meet(&sales);
    let keys = till
        .shop()
        .keys_of(&sales.shop().customers_to_open(10).expect("reads"))
        .expect("keys");
    sales.shop().take_in_keys(&keys).expect("learnt");
    let asha_2 = owner_at(&sales).await;
    for (person, name) in [(&asha, "Lassi"), (&asha_2, "Chaas")] {
        let on_account = json!({"id": new_id(), "customer": sunita["id"],
            "lines": [{"product": cake, "quantity": "1"}],
            "tenders": [{"id": new_id(), "method": "account"}]});
        let (status, answer) = person.post("/api/v1/orders", on_account).await;
        assert_eq!(status, 201, "{answer}");
        let by_card = json!({"id": new_id(), "lines": [{"product": cake, "quantity": "1"}],
            "tenders": [{"id": new_id(), "method": "gift_card", "card": card["code"], "amount_minor": 10_000}]});
        let (status, answer) = person.post("/api/v1/orders", by_card).await;
        assert_eq!(status, 201, "{answer}");
        let product =
            json!({"id": new_id(), "name": name, "price_minor": 4_000, "barcodes": ["8901234567894"]});
        let (status, answer) = person.post("/api/v1/products", product).await;
        assert_eq!(status, 201, "{answer}");
    }
    till.meet(&sales);
    let items = inbox(&asha_2).await;
    let of = |kind: &str| -> &Value {
        items
            .iter()
            .find(|one| one["kind"] == kind)
            .unwrap_or_else(|| panic!("{kind}: {items:?}"))
    };
    assert_eq!(items.len(), 3, "{items:?}");
    let limit = of("limit_passed");
    assert_eq!(
        (&limit["amount_minor"], &limit["customer"]["name"]),
        (&json!(5_000), &json!("Sunita"))
    );
    // A program that reads reports need not know people.
    let body = json!({"id": new_id(), "name": "Figures", "permissions": ["report.read"]});
    let (_, made) = asha_2.post("/api/v1/api-keys", body).await;
    let program = asha_2.holding(made["secret"].as_str().map(str::to_owned));
    let seen = inbox(&program).await;
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|one| one["customer"].is_null()), "{seen:?}");
    let overdrawn = of("card_below_zero");
    assert_eq!(overdrawn["amount_minor"], 5_000);
    let code = card["code"].as_str().expect("a code");
    assert!(
        code.ends_with(overdrawn["card"]["tail"].as_str().expect("a tail")),
        "{overdrawn}"
    );
    let shared = of("barcode_shared");
    assert_eq!(shared["products"].as_array().map(Vec::len), Some(2));

    let top_up = json!({"id": new_id(), "kind": "adjust", "amount_minor": 5_000, "reason": "spent apart"});
    let path = format!("/api/v1/cards/{}/moves", card["id"].as_str().expect("an id"));
    let (status, answer) = asha.post(&path, top_up).await;
    assert!(status.is_success(), "{answer}");
    let second = shared["products"][1]["id"].as_str().expect("an id");
    let chaas = json!({"name": shared["products"][1]["name"], "price_minor": 4_000, "barcodes": []});
    let (status, answer) = asha.put(&format!("/api/v1/products/{second}"), chaas).await;
    assert_eq!(status, 200, "{answer}");
    let left = inbox(&asha).await;
    only(&left, "limit_passed");
}

#[tokio::test]
async fn devices_let_in_apart_and_clocks_that_are_off_are_told() {
    let (till, asha) = Node::with_shop().await;
    let sales = till.another();
    till.meet(&sales);
    let (_here, _there) = (till.another(), sales.another());
    till.meet(&sales);
    let items = inbox(&asha).await;
    let one = only(&items, "numbers_shared");
    assert_eq!(one["devices"].as_array().map(Vec::len), Some(2), "{one}");
    assert_eq!(settle(&asha, &one["key"], "one of them is gone").await, 204);

    let shop = till.shop();
    let theirs = sales.shop().identity().device;
    shop.saw_clock(theirs, Moment(NOON_MS + 60_000));
    assert!(inbox(&asha).await.is_empty(), "a minute is nothing");
    shop.saw_clock(theirs, Moment(NOON_MS - 11 * 60_000));
    let items = inbox(&asha).await;
    let one = only(&items, "clock_off");
    assert_eq!(
        one["devices"][0]["id"],
        json!(shop.identity().device.uuid()),
        "of two that differ it is this one that a person can look at"
    );
    assert_eq!(one["clock_ahead_ms"], 660_000);
    let (_, sync) = asha.get("/api/v1/sync").await;
    assert_eq!(sync["clock_ahead_ms"], 660_000);
    shop.saw_clock(theirs, Moment(NOON_MS));
    assert!(inbox(&asha).await.is_empty(), "it was set right");
}

/// Facts that another device signed and nobody can read, as a newer or a broken build writes them.
fn written_by(node: &Node, bodies: &[(u16, u16, Vec<u8>)]) -> Chunk {
    let shop = node.shop();
    let me = shop.identity();
    let ranges = [Range {
        device: me.device,
        after: 0,
        upto: u64::MAX,
    }];
    let (chunks, _) = shop.store().chunks(&ranges, usize::MAX).expect("reads");
    let key = DeviceKey::from_seed(&me.secret_key);
    let mut at = Place::default();
    for chunk in &chunks {
        let (read, why) = chunk.read(&key.public(), Place::default());
        assert_eq!(why, None, "its own series is whole");
        at = read.last().map_or(at, Transaction::end);
    }
    let mut series = Series::new(me.shop, me.branch, me.device);
    (series.seq, series.hash) = (at.seq, at.hash);
    let mut transactions = vec![];
    for (n, (kind, version, body)) in bodies.iter().enumerate() {
        let stamp = Stamp::at(Moment(NOON_MS)).max(Stamp(at.stamp.0 + 1 + n as u64));
        let fact = FactId::from_uuid(Uuid::from_u128(900 + n as u128));
        let fact = series.append(fact, stamp, None, *kind, *version, body.clone());
        transactions.push(Transaction {
            facts: vec![fact],
            head: series.head(&key),
        });
    }
    Chunk::of(me.shop, me.device, &at, &transactions)
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_passed_on_and_holds_up_nothing() {
    let (till, asha) = Node::with_shop().await;
    let (sales, third) = (till.another(), till.another());
    till.meet(&sales);
    // A product that reads, between one that does not and one of a kind that nobody knows yet.
    let good = sales.shop();
    let asha_2 = owner_at(&sales).await;
    asha_2.product("Kulfi", 3_000).await;
    till.meet(&sales);
    let odd = written_by(
        &sales,
        &[
            (20, 3, vec![255, 255]),
            (9_999, 1, vec![1, 2, 3]),
            (25, 1, vec![7]),
        ],
    );
    let taken = till.shop().take_in(std::slice::from_ref(&odd)).expect("taken");
    assert_eq!(taken.facts, 3, "the broken ones do not stop those after them");
    let (_, aside) = asha.get("/api/v1/set-aside").await;
    let items = aside["items"].as_array().expect("items");
    assert_eq!(items.len(), 2, "{aside}");
    assert_eq!(
        (&items[0]["about"], &items[0]["counter"]),
        (&json!("order"), &json!("Till 2")),
        "{aside}"
    );
    assert_eq!(aside["newer"][0]["facts"], 1, "{aside}");
    assert_eq!(asha.get("/api/v1/anomalies/count").await.1["set_aside"], 2);

    let of = |item: &Value| json!({"device": item["device"], "seq": item["seq"]});
    let (status, retried) = asha.post("/api/v1/set-aside/retry", of(&items[0])).await;
    assert_eq!(status, 200, "{retried}");
    assert_eq!(
        (&retried["shown"], &retried["whole"]),
        (&json!(false), &json!(true)),
        "as its device signed it: {retried}"
    );
    let mut leave = of(&items[0]);
    leave["note"] = json!("the old tablet did it; the sale is on paper");
    assert_eq!(asha.post("/api/v1/set-aside/leave", leave).await.0, 204);
    assert_eq!(asha.get("/api/v1/anomalies/count").await.1["set_aside"], 1);
    let nothing = json!({"device": good.identity().device.uuid(), "seq": 1});
    assert_eq!(asha.post("/api/v1/set-aside/retry", nothing).await.0, 404);

    let verified = till.shop().store().verify().expect("reads");
    assert_eq!((verified.quarantined, verified.faults), (2, vec![]));
    till.meet(&third);
    let here = till.shop().vector().expect("reads");
    assert_eq!(
        third.shop().vector().expect("reads"),
        here,
        "passed on as it came"
    );
    assert_eq!(third.shop().store().verify().expect("reads").quarantined, 2);
    let tea = asha.product("Tea", 2_000).await;
    asha.sell(&[(tea, "1")]).await;
}
