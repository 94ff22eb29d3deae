//! What happens, as other programs follow it: in the order of arrival, once each, from any place, and no more than one may
//! know.

use serde_json::{Value, json};
use std::time::Duration;
use testkit::{Client, Node, new_id, order_path};

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn an_address_is_not_left_alone_because_this_machine_was_off() {
    let (node, owner) = Node::with_shop().await;
    let body = json!({"id": new_id(), "name": "Books", "address": "http://127.0.0.1:1/", "near": true});
    let (status, made) = owner.post("/api/v1/webhooks", body).await;
    assert_eq!(status, 201, "{made}");
    owner.product("Tea", 2_000).await;
    let tried = async |owner: &Client, times: u64| {
        for _ in 0..600 {
            let (_, list) = owner.get("/api/v1/webhooks").await;
            let hook = &list["items"][0];
            if hook["attempts"].as_u64() >= Some(times) {
                return hook.clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("it is not tried {times} times");
    };
    let failing = tried(&owner, 1).await;
    assert_eq!(failing["state"], "on", "{failing}");
    // Off over a long weekend, and the network is late at the start.
    node.clock.forward(3 * 86_400_000);
    let owner = super::backups::owner_of(&node).await;
    let again = tried(&owner, 2).await;
    assert_eq!(again["state"], "on", "{again}");
    for times in 3..=12 {
        node.clock.forward(5 * 3_600_000);
        let owner = super::backups::owner_of(&node).await;
        let state = tried(&owner, times).await["state"].clone();
        assert_eq!(state, if times < 12 { "on" } else { "gave_up" }, "{times}");
    }
}

async fn program(owner: &Client, permissions: &[&str]) -> Client {
    let body = json!({"id": new_id(), "name": "Follower", "permissions": permissions});
    let (status, made) = owner.post("/api/v1/api-keys", body).await;
    assert_eq!(status, 201, "{made}");
    owner.holding(made["secret"].as_str().map(str::to_owned))
}

/// Everything after a cursor, a few at a time, and where it ends.
async fn all(program: &Client, after: &str) -> (Vec<Value>, String) {
    let (mut events, mut after) = (Vec::new(), after.to_owned());
    loop {
        let (status, page) = program
            .get(&format!("/api/v1/events?limit=3&after={after}"))
            .await;
        assert_eq!(status, 200, "{page}");
        events.extend(page["items"].as_array().expect("events").iter().cloned());
        after = page["next"].as_str().expect("a cursor").to_owned();
        if page["more"] == false {
            return (events, after);
        }
    }
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["type"].as_str()).collect()
}

#[tokio::test]
async fn what_happens_is_told_in_order_from_the_beginning_and_from_any_place() {
    let (_node, owner) = Node::with_shop().await;
    let all_of_it = ["event.read", "order.read", "catalog.read", "customer.read"];
    let follower = program(&owner, &all_of_it).await;
    let (_, before) = all(&follower, "").await;
    let tea = owner.product("Tea", 2_000).await;
    let order = owner.sell(&[(tea, "2")]).await;
    let undo = json!({"id": new_id(), "reason": "wrong guest"});
    assert_eq!(owner.post(&order_path(&order, "cancel"), undo).await.0, 200);
    let (events, end) = all(&follower, &before).await;
    assert_eq!(kinds(&events).first(), Some(&"product.changed"), "{events:?}");
    let placed = events
        .iter()
        .find(|e| e["type"] == "order.placed")
        .expect("the sale");
    assert_eq!(
        (
            &placed["subject"]["kind"],
            &placed["subject"]["id"],
            &placed["by"]["name"]
        ),
        (&json!("order"), &order["id"], &json!("Asha"))
    );
    assert_eq!(
        (
            &placed["version"],
            &placed["data"]["state"],
            &placed["data"]["total_minor"]
        ),
        (&json!(1), &json!("cancelled"), &order["total_minor"]),
        "data is how it stands now"
    );
    assert_eq!(kinds(&events).last(), Some(&"order.cancelled"));
    // Again, from each place in between: the same events, and no other.
    for (n, event) in events.iter().enumerate() {
        let (rest, same_end) = all(&follower, event["cursor"].as_str().expect("a cursor")).await;
        assert_eq!(kinds(&rest), kinds(&events[n + 1..]));
        assert_eq!(same_end, end);
    }
    assert_eq!(all(&follower, "now").await, (vec![], end.clone()));
    let (whole, _) = all(&follower, "").await;
    let ids: std::collections::BTreeSet<_> = whole.iter().map(|e| e["id"].to_string()).collect();
    assert_eq!(ids.len(), whole.len(), "each once");
    for wrong in ["x", "-1", "00000000-5", "1", "9999"] {
        let (status, answer) = follower.get(&format!("/api/v1/events?after={wrong}")).await;
        assert_eq!(
            (status.as_u16(), code(&answer)),
            (409, "cursor_unknown"),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn what_another_device_did_comes_when_it_comes_and_nothing_is_missed() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let other = node.another();
    let (_, lock) = other.window("cashier").get("/api/v1/lock").await;
    let window = other.window("cashier");
    let id = lock["staff"][0]["id"].as_str().expect("the owner");
    let (_, session) = window.sign_in(id, testkit::OWNER_PIN).await;
    let there = window.signed_in(&session);
    let follower = program(&owner, &["event.read", "order.read"]).await;
    let late = there.sell(&[(tea, "1")]).await;
    node.clock.forward(60_000);
    let here = owner.sell(&[(tea, "1")]).await;
    let (events, cursor) = all(&follower, "").await;
    assert_eq!(events.last().map(|e| &e["subject"]["id"]), Some(&here["id"]));
    node.meet(&other);
    let (events, after) = all(&follower, &cursor).await;
    assert_eq!(
        (kinds(&events)[0], &events[0]["subject"]["id"]),
        ("order.placed", &late["id"]),
        "older by its clock, and news all the same"
    );
    assert!(
        events.iter().all(|e| e["subject"]["id"] == late["id"]),
        "nothing else is new: {events:?}"
    );
    assert_eq!(events[0]["device"], json!(other.shop().identity().device.uuid()));
    node.meet(&other);
    assert_eq!(all(&follower, &after).await.0, Vec::<Value>::new(), "once");
    let at_other = program(&there, &["event.read", "order.read"]).await;
    let (status, answer) = at_other.get(&format!("/api/v1/events?after={cursor}")).await;
    assert_eq!(
        (status.as_u16(), code(&answer)),
        (409, "cursor_unknown"),
        "a cursor belongs to its node"
    );
    let (whole, _) = all(&at_other, "").await;
    assert_eq!(
        whole.iter().filter(|e| e["type"] == "order.placed").count(),
        2,
        "and each node tells all"
    );
}

#[tokio::test]
async fn nobody_hears_what_they_may_not_read() {
    let (node, owner) = Node::with_shop().await;
    let body = json!({"id": new_id(), "name": "Meena Rao", "phones": ["98200 12345"]});
    assert_eq!(owner.post("/api/v1/customers", body).await.0, 201);
    let tea = owner.product("Tea", 2_000).await;
    owner.sell(&[(tea, "1")]).await;
    let catalog = program(&owner, &["event.read", "catalog.read"]).await;
    let (events, _) = all(&catalog, "").await;
    assert!(!events.is_empty());
    assert!(
        events
            .iter()
            .all(|e| e["data"].is_object() && e["subject"]["kind"] != "order"),
        "{:?}",
        kinds(&events)
    );
    let text = serde_json::to_string(&events).expect("text");
    assert!(!text.contains("Meena Rao") && !text.contains("12345"), "{text}");
    let orders = program(&owner, &["event.read", "order.read"]).await;
    let (events, _) = all(&orders, "").await;
    let placed = events
        .iter()
        .find(|e| e["type"] == "order.placed")
        .expect("a sale");
    assert_eq!(
        placed["data"]["token"],
        Value::Null,
        "no right to give tokens out"
    );
    let customers = program(&owner, &["event.read", "customer.read"]).await;
    let text = serde_json::to_string(&all(&customers, "").await.0).expect("text");
    assert!(text.contains("Meena Rao"), "who may read customers hears of them");
    let deaf = program(&owner, &["order.read"]).await;
    assert_eq!(code(&deaf.get("/api/v1/events").await.1), "not_allowed");
    let cashier = node.counter(&owner, "Tara", "cashier").await;
    assert_eq!(code(&cashier.get("/api/v1/events").await.1), "not_allowed");
}

#[tokio::test]
async fn who_waits_is_told_at_once_and_a_revoked_key_waits_no_more() {
    let (_node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let body = json!({"id": new_id(), "name": "Follower", "permissions": ["event.read", "order.read"]});
    let (_, made) = owner.post("/api/v1/api-keys", body).await;
    let follower = owner.holding(made["secret"].as_str().map(str::to_owned));
    let (_, page) = follower.get("/api/v1/events?after=now&wait=0").await;
    let after = page["next"].as_str().expect("a cursor").to_owned();
    let waiting = follower.clone();
    let path = format!("/api/v1/events?after={after}&wait=20");
    let asked = tokio::spawn(async move { waiting.get(&path).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!asked.is_finished(), "it waits");
    let order = owner.sell(&[(tea, "1")]).await;
    let told = tokio::time::timeout(Duration::from_secs(5), asked).await;
    let (_, page) = told.expect("not the whole wait").expect("answered");
    assert_eq!(page["items"][0]["subject"]["id"], order["id"], "{page}");
    let path = format!(
        "/api/v1/events?after={}&wait=20",
        page["next"].as_str().expect("a cursor")
    );
    let asked = tokio::spawn(async move { follower.get(&path).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let key = made["key"]["id"].as_str().expect("an id");
    assert_eq!(owner.delete(&format!("/api/v1/api-keys/{key}")).await.0, 200);
    let told = tokio::time::timeout(Duration::from_secs(5), asked).await;
    let (status, answer) = told.expect("not the whole wait").expect("answered");
    assert_eq!((status.as_u16(), code(&answer)), (401, "signed_out"));
}
