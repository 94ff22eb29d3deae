//! Taxes: classes from the country's pack, rates by day and place, the shop's numbers, and what the office is told.

use serde_json::{Value, json};
use testkit::{Node, OWNER_PIN, new_id};

fn shop(country: &str, trade: &str, more: Value) -> Value {
    let mut setup = json!({"id": new_id(), "kind": "own", "language": "en", "trade": trade, "shop_name": "Corner",
                           "country": country, "owner_name": "Asha", "pin": OWNER_PIN});
    for (key, value) in more.as_object().into_iter().flatten() {
        setup[key] = value.clone();
    }
    setup
}

macro_rules! owner_of {
    ($node:ident, $setup:expr) => {{
        let window = $node.window("cashier");
        let (status, answer) = window.post("/api/v1/setup", $setup).await;
        assert_eq!(status, 201, "{answer}");
        window.signed_in(&answer)
    }};
}

fn class<'a>(taxes: &'a Value, key: &str) -> &'a Value {
    let classes = taxes["classes"].as_array().expect("classes");
    classes
        .iter()
        .find(|class| class["key"] == key)
        .unwrap_or_else(|| panic!("no class {key} in {taxes}"))
}

const PUNE: &str = "27AAPFU0939F1ZV";

#[tokio::test]
async fn a_shop_in_india_has_its_rates_from_the_first_evening() {
    let node = Node::empty();
    let owner = owner_of!(
        node,
        shop("IN", "garments", json!({"region": "27", "tax_number": PUNE}))
    );
    let (_, taxes) = owner.get("/api/v1/taxes").await;
    assert_eq!(taxes["untaxed"], Value::Null);
    let clothes = class(&taxes, "apparel");
    assert_eq!(
        (&clothes["usual"], &clothes["today"]),
        (&json!(true), &json!("5 / 18"))
    );
    assert!(
        clothes["rules"][0]["source"]
            .as_str()
            .expect("a source")
            .contains("9/2025")
    );

    let try_on = async |body: Value| owner.post("/api/v1/taxes/preview", body).await.1;
    let shirt = try_on(json!({"amount_minor": 262_500})).await;
    assert_eq!(shirt["taxes"][0]["rate"], "2.5", "2,500 and 5 % of it: {shirt}");
    let suit = try_on(json!({"amount_minor": 262_501})).await;
    assert_eq!(
        (&suit["taxes"][0]["name"], &suit["taxes"][0]["rate"]),
        (&json!("CGST"), &json!("9"))
    );
    let two = try_on(json!({"amount_minor": 525_000, "quantity": "2"})).await;
    assert_eq!(two["taxes"][0]["rate"], "2.5", "a piece decides, not the line");
    let before = try_on(json!({"amount_minor": 150_000, "day": "2025-09-21"})).await;
    assert_eq!(before["taxes"][0]["rate"], "6", "the rate of its day");
    let sent = try_on(json!({"amount_minor": 118_000, "delivered_to": "29"})).await;
    assert_eq!(
        (&sent["taxes"][0]["name"], &sent["place_of_supply"]),
        (&json!("IGST"), &json!("29"))
    );
    let drinks = class(&taxes, "aerated")["id"].clone();
    let cola = try_on(json!({"class": drinks, "amount_minor": 14_000})).await;
    assert_eq!(
        (&cola["tax_minor"], &cola["payable_minor"]),
        (&json!(4_000), &json!(14_000))
    );
    assert_eq!(cola["document"], "tax_invoice");
}

#[tokio::test]
async fn without_a_number_or_by_composition_no_tax_is_charged() {
    let node = Node::empty();
    let owner = owner_of!(node, shop("IN", "cafe", json!({"region": "27"})));
    let line = json!({"amount_minor": 10_000});
    let (_, tried) = owner.post("/api/v1/taxes/preview", line.clone()).await;
    assert_eq!(
        (&tried["tax_minor"], &tried["document"]),
        (&json!(0), &json!("receipt"))
    );
    assert_eq!(owner.get("/api/v1/taxes").await.1["untaxed"], "no_number");

    let number = json!({"id": new_id(), "number": PUNE, "from": "2026-01-01"});
    let (status, all) = owner.post("/api/v1/taxes/identities", number).await;
    assert_eq!(status, 201, "{all}");
    assert_eq!(
        (&all["items"][0]["region"], &all["items"][0]["region_name"]),
        (&json!("27"), &json!("Maharashtra")),
        "the State stands in the number"
    );
    let (_, tried) = owner.post("/api/v1/taxes/preview", line.clone()).await;
    assert_eq!(
        (&tried["tax_minor"], &tried["document"]),
        (&json!(476), &json!("tax_invoice"))
    );

    let composition = json!({"id": new_id(), "value": true});
    assert_eq!(
        owner.put("/api/v1/settings/tax.composition", composition).await.0,
        200
    );
    let (_, tried) = owner.post("/api/v1/taxes/preview", line).await;
    assert_eq!(
        (&tried["tax_minor"], &tried["document"]),
        (&json!(0), &json!("bill_of_supply"))
    );
}

#[tokio::test]
async fn one_company_has_two_numbers_by_calendar_year() {
    let node = Node::empty();
    let owner = owner_of!(
        node,
        shop("IN", "grocery", json!({"region": "27", "tax_number": PUNE}))
    );
    let next = json!({"id": new_id(), "number": "29aagcb7383j1z4 ", "from": "2027-01-01"});
    let (status, all) = owner.post("/api/v1/taxes/identities", next).await;
    assert_eq!(status, 201, "{all}");
    assert_eq!(
        all["items"][0]["today"], true,
        "the old one counts until the year ends"
    );
    let place = async |day: &str| {
        let body = json!({"amount_minor": 105, "day": day, "buyer_region": "29"});
        owner.post("/api/v1/taxes/preview", body).await.1["taxes"][0]["name"].clone()
    };
    assert_eq!(place("2026-12-31").await, "IGST", "from Maharashtra");
    assert_eq!(place("2027-01-01").await, "CGST", "from Karnataka");

    let wrong = json!({"id": new_id(), "number": "27AAPFU0939F1ZW", "from": "2028-01-01"});
    let (status, refused) = owner.post("/api/v1/taxes/identities", wrong).await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["hints"]["expected"]),
        (422, &json!("V"))
    );
    let same_day = json!({"id": new_id(), "number": "24AAACC1206D1ZM", "from": "2027-01-01"});
    assert_eq!(owner.post("/api/v1/taxes/identities", same_day).await.0, 422);

    let (_, checked) = owner.get("/api/v1/gstin/27aapfu0939f1zv").await;
    assert_eq!(
        (&checked["valid"], &checked["state_name"]),
        (&json!(true), &json!("Maharashtra"))
    );
    let (_, checked) = owner.get("/api/v1/gstin/27AAPFU0939F1ZX").await;
    assert_eq!(
        (&checked["fault"], &checked["expected"]),
        (&json!("check"), &json!("V"))
    );
}

#[tokio::test]
async fn the_owner_changes_rates_and_the_old_ones_stay_known() {
    let node = Node::empty();
    let owner = owner_of!(node, shop("DE", "cafe", json!({"tax_number": "DE123456789"})));
    let (_, taxes) = owner.get("/api/v1/taxes").await;
    let meals = class(&taxes, "meals").clone();
    let path = format!("/api/v1/taxes/classes/{}", meals["id"].as_str().expect("an id"));
    let mut rules = meals["rules"].as_array().expect("rules").clone();
    let coming = json!({"from": "2027-01-01", "treatment": "taxed", "source": "a law to come",
                        "taxes": [{"name": "VAT", "rate": "8"}]});
    rules.insert(0, coming);
    let form = json!({"name": meals["name"], "performed": true, "rules": rules});
    let (status, changed) = owner.put(&path, form).await;
    assert_eq!((status.as_u16(), &changed["today"]), (200, &json!("7")), "{changed}");
    let on = async |day: &str| {
        let body = json!({"class": meals["id"], "amount_minor": 10_800, "day": day});
        owner.post("/api/v1/taxes/preview", body).await.1["tax_minor"].clone()
    };
    assert_eq!(
        (on("2026-12-31").await, on("2027-01-01").await),
        (json!(707), json!(800))
    );

    let ends = json!({"name": "Meals", "rules": [{"from": "2026-01-01", "to": "2026-12-31", "treatment": "taxed",
                      "taxes": [{"name": "VAT", "rate": "7"}]}]});
    let (status, refused) = owner.put(&path, ends).await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["code"]),
        (422, &json!("tax_rule_missing"))
    );
    let (_, history) = owner.get(&format!("{path}/history")).await;
    assert_eq!(history["items"].as_array().map(Vec::len), Some(2), "{history}");
    assert_eq!(history["items"][0]["by"], "Asha");

    let (status, refused) = owner.delete(&path).await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["code"]),
        (409, &json!("tax_class_in_use")),
        "the usual one stays"
    );
    let own = new_id();
    let service = json!({"id": own, "name": "Repairs", "rules": [{"from": "2026-01-01", "treatment": "taxed",
                         "taxes": [{"name": "VAT", "rate": "19"}]}]});
    assert_eq!(owner.post("/api/v1/taxes/classes", service.clone()).await.0, 201);
    assert_eq!(
        owner.post("/api/v1/taxes/classes", service).await.0,
        201,
        "a repeated write is one"
    );
    let assign = json!({"id": new_id()});
    let (_, assigned) = owner
        .post(&format!("/api/v1/taxes/classes/{own}/assign"), assign)
        .await;
    assert_eq!(assigned["changed"], 24, "all sample products");
}

#[tokio::test]
async fn only_the_owner_changes_taxes() {
    let node = Node::empty();
    let owner = owner_of!(node, shop("IN", "cafe", json!({"region": "27"})));
    let cashier = json!({"id": new_id(), "name": "Ravi", "role": "cashier", "pin": "2580"});
    assert_eq!(owner.post("/api/v1/staff", cashier.clone()).await.0, 201);
    let (_, session) = node
        .window("cashier")
        .post("/api/v1/sessions", json!({"staff": cashier["id"], "pin": "2580"}))
        .await;
    let ravi = node.window("cashier").signed_in(&session);
    assert_eq!(ravi.get("/api/v1/taxes").await.0, 200, "a till shows taxes");
    for path in [
        "/api/v1/taxes/classes",
        "/api/v1/taxes/identities",
        "/api/v1/taxes/pack",
    ] {
        assert_eq!(ravi.post(path, json!({"id": new_id()})).await.0, 403, "{path}");
    }
    assert_eq!(ravi.get("/api/v1/reports/gstr1?month=2026-11").await.0, 403);
}
