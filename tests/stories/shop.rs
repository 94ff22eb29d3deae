//! Setting up, settings, and leaving the demo.

use serde_json::json;
use testkit::{Node, OWNER_PIN, new_id};

fn own(id: uuid::Uuid) -> serde_json::Value {
    json!({"id": id, "kind": "own", "language": "hi", "trade": "cafe", "shop_name": "Chai Ghar", "country": "IN",
           "owner_name": "Asha", "pin": OWNER_PIN})
}

#[tokio::test]
async fn a_shop_is_set_up_once_at_the_device_itself() {
    let node = Node::empty();
    let far = node.browser("192.168.1.20:4000");
    assert_eq!(
        far.post("/api/v1/setup", own(new_id())).await.1["error"]["code"],
        "not_here"
    );
    assert_eq!(
        node.window("customer")
            .post("/api/v1/setup", own(new_id()))
            .await
            .0,
        403
    );
    let window = node.window("cashier");
    assert_eq!(window.get("/api/v1/lock").await.1["error"]["code"], "no_shop");
    for (field, value) in [
        ("pin", json!("1234")),
        ("trade", json!("piracy")),
        ("country", json!("XX")),
        ("shop_name", json!(" ")),
        ("tax_number", json!("27AAPFU0939F1ZX")),
    ] {
        let mut wrong = own(new_id());
        wrong[field] = value;
        let (status, answer) = window.post("/api/v1/setup", wrong).await;
        assert_eq!(status, 422, "{field}: {answer}");
        assert_eq!(
            window.get("/api/v1/setup").await.1["ready"],
            false,
            "nothing half founded"
        );
    }
    let (status, answer) = window.post("/api/v1/setup", own(new_id())).await;
    assert_eq!(status, 201, "{answer}");
    let owner = window.signed_in(&answer);
    assert_eq!(
        owner.get("/api/v1/catalog").await.1["products"]
            .as_array()
            .map(Vec::len),
        Some(24),
        "samples to sell at once"
    );
    assert_eq!(
        window.post("/api/v1/setup", own(new_id())).await.1["error"]["code"],
        "shop_exists"
    );
    let (_, done) = owner
        .post("/api/v1/products/samples", json!({"id": new_id()}))
        .await;
    assert_eq!(done["changed"], 24);
    let node = node.restarted();
    assert_eq!(
        node.window("cashier").get("/api/v1/lock").await.1["shop"]["name"],
        "Chai Ghar"
    );
}

#[tokio::test]
async fn settings_are_typed_and_say_what_is_wrong() {
    let (_node, owner) = Node::with_shop().await;
    let set = async |key: &str, value: serde_json::Value| {
        owner
            .put(
                &format!("/api/v1/settings/{key}"),
                json!({"id": new_id(), "value": value}),
            )
            .await
    };
    assert_eq!(set("lock.idle_seconds", json!(60)).await.1["value"], 60);
    assert_eq!(set("shop.name", json!("New name")).await.0, 200);
    assert_eq!(owner.get("/api/v1/lock").await.1["shop"]["name"], "New name");
    assert_eq!(
        set("shop.tax_number", json!("27aapfu0939f1zv")).await.1["value"],
        "27AAPFU0939F1ZV"
    );
    for (key, value) in [
        ("lock.idle_seconds", json!(1)),
        ("lock.idle_seconds", json!("soon")),
        ("branch.zone", json!("Mars/Base")),
        ("branch.day_starts_at", json!("25:00")),
        ("till.coach_marks", json!("maybe")),
        ("counter.theme", json!("pink")),
        ("shop.brand_color", json!("red")),
        ("shop.currency", json!("EUR")),
        ("shop.tax_number", json!("27AAPFU0939F1ZX")),
    ] {
        assert_eq!(set(key, value).await.1["error"]["code"], "field_invalid", "{key}");
    }
    assert_eq!(set("no.such", json!(1)).await.0, 404);
}

#[tokio::test]
async fn leaving_the_demo_deletes_the_demo_alone() {
    let node = Node::empty();
    let window = node.window("cashier");
    let (status, answer) = window
        .post(
            "/api/v1/setup",
            json!({"id": new_id(), "kind": "demo", "language": "en"}),
        )
        .await;
    assert_eq!(status, 201, "{answer}");
    let owner = window.signed_in(&answer);
    assert_eq!(
        owner.get("/api/v1/catalog").await.1["products"]
            .as_array()
            .map(Vec::len),
        Some(240)
    );
    let (_, lock) = window.get("/api/v1/lock").await;
    assert_eq!(
        (lock["staff"].as_array().map(Vec::len), &lock["shop"]["demo"]),
        (Some(12), &json!(true))
    );
    let shop = node.door.app().shop().expect("the demo");
    assert_eq!(
        shop.store().verify().expect("a readable log").faults,
        Vec::<String>::new(),
        "the demo's books are books"
    );
    drop(shop);
    assert_eq!(
        owner.post("/api/v1/demo/leave", json!({"id": new_id()})).await.0,
        204
    );
    assert_eq!(window.get("/api/v1/setup").await.1["ready"], false);
    assert!(!node.data().join("demo").exists());
    let (status, answer) = window.post("/api/v1/setup", own(new_id())).await;
    assert_eq!(status, 201);
    let owner = window.signed_in(&answer);
    assert_eq!(
        owner.post("/api/v1/demo/leave", json!({"id": new_id()})).await.1["error"]["code"],
        "not_the_demo",
        "the own shop is never deleted"
    );
}

/// Every setting has a name in every language, or its row would show a key.
#[tokio::test]
async fn every_setting_is_called_something() {
    let node = Node::empty();
    let window = node.window("cashier");
    let (_, answer) = window.post("/api/v1/setup", own(new_id())).await;
    let owner = window.signed_in(&answer);
    let (_, settings) = owner.get("/api/v1/settings").await;
    let keys: Vec<&str> = settings["items"]
        .as_array()
        .map(|items| items.iter().filter_map(|one| one["key"].as_str()).collect())
        .unwrap_or_default();
    assert!(keys.len() > 40, "{settings}");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/messages");
    for language in ["en", "hi", "ar"] {
        let words: String = std::fs::read_dir(&folder)
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
            .filter_map(|path| std::fs::read_to_string(path.join(format!("{language}.json"))).ok())
            .collect();
        let nameless: Vec<&&str> = keys
            .iter()
            .filter(|key| !words.contains(&format!("\"settings.{key}\":")))
            .collect();
        assert!(nameless.is_empty(), "{language}: {nameless:?}");
    }
}

#[tokio::test]
async fn a_upi_address_is_one() {
    let node = Node::empty();
    let window = node.window("cashier");
    let (_, answer) = window.post("/api/v1/setup", own(new_id())).await;
    let owner = window.signed_in(&answer);
    let path = "/api/v1/settings/upi.address";
    for wrong in ["chai", "@bank", "a b@bank", "chai@"] {
        let (status, answer) = owner.put(path, json!({"id": new_id(), "value": wrong})).await;
        assert_eq!(status, 422, "{wrong}: {answer}");
    }
    for right in ["chaighar@okaxis", ""] {
        let (status, answer) = owner.put(path, json!({"id": new_id(), "value": right})).await;
        assert_eq!(status, 200, "{answer}");
    }
}
