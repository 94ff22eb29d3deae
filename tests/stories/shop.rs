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

/// The demo is there to be looked at: everything that a shop's money can do has happened in it.
#[tokio::test]
async fn the_demo_shows_what_the_program_can() {
    let node = Node::empty();
    let window = node.window("cashier");
    let setup = json!({"id": new_id(), "kind": "demo", "language": "en"});
    let (status, answer) = window.post("/api/v1/setup", setup).await;
    assert_eq!(status, 201, "{answer}");
    let owner = window.signed_in(&answer);
    let items = async |path: &str| -> Vec<serde_json::Value> {
        let (status, page) = owner.get(path).await;
        assert_eq!(status, 200, "{path}: {page}");
        page["items"].as_array().expect("a list").clone()
    };
    let (_, taxes) = owner.get("/api/v1/taxes").await;
    assert_eq!(taxes["untaxed"], serde_json::Value::Null, "it charges its taxes");
    let (_, catalog) = owner.get("/api/v1/products?limit=200").await;
    let rest = format!(
        "/api/v1/products?limit=200&after={}",
        catalog["next"].as_str().expect("more of them")
    );
    let mut products = items("/api/v1/products?limit=200").await;
    products.extend(items(&rest).await);
    for (what, there) in [
        (
            "a pack",
            products
                .iter()
                .any(|p| p["units"].as_array().is_some_and(|u| !u.is_empty())),
        ),
        (
            "a bundle",
            products
                .iter()
                .any(|p| p["parts"].as_array().is_some_and(|u| !u.is_empty())),
        ),
        (
            "variants",
            products
                .iter()
                .any(|p| p["choices"].as_array().is_some_and(|u| !u.is_empty())),
        ),
        ("a brand", products.iter().any(|p| p["brand"].is_string())),
        ("a tax class", products.iter().all(|p| p["tax_class"].is_string())),
    ] {
        assert!(there, "{what}");
    }
    assert_eq!(items("/api/v1/modifier-groups").await.len(), 3);
    let levels = items("/api/v1/price-levels").await;
    let wholesale = levels
        .iter()
        .find(|level| level["key"] == "wholesale")
        .expect("wholesale");
    assert_eq!(wholesale["inclusive"], false);
    let customers = items("/api/v1/customers?guests=false").await;
    assert_eq!(customers.len(), 12);
    assert!(
        customers
            .iter()
            .any(|one| one["tax_number"].is_string() && one["balance_minor"].as_i64() > Some(0))
    );
    assert_eq!(items("/api/v1/cards").await.len(), 1);
    assert_eq!(items("/api/v1/quotations").await.len(), 1);
    let overdue = items("/api/v1/invoices?state=overdue").await;
    assert!(!overdue.is_empty(), "a company is late");
    assert!(overdue[0]["buyer"]["tax_number"].is_string(), "{}", overdue[0]);
    let shifts = items("/api/v1/shifts?limit=100").await;
    assert!(shifts.len() >= 29, "a drawer a day: {}", shifts.len());
    for shift in shifts.iter().take(3) {
        let path = format!("/api/v1/shifts/{}", shift["id"].as_str().expect("an id"));
        let (_, detail) = owner.get(&path).await;
        assert_eq!(
            detail["reports"][0]["equals_facts"], true,
            "a Z is the facts: {}",
            detail["reports"][0]["differences"]
        );
    }
    let (_, preview) = owner
        .post("/api/v1/campaigns/preview", json!({"group": {}, "texts": []}))
        .await;
    assert!(
        preview["letters"].as_u64() > Some(3),
        "somebody hears news: {preview}"
    );
    assert!(
        preview["left_out"].as_array().is_some_and(|out| out.len() == 2),
        "and others do not: {preview}"
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
