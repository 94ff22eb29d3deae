//! Units, levels, breaks and days: which price counts, said by the same answer that every till sells by.

use serde_json::{Value, json};
use testkit::{Client, Method, Node, new_id};
use uuid::Uuid;

async fn product(owner: &Client, body: Value) -> Uuid {
    let id = new_id();
    let mut form = json!({"id": id, "name": "Rice", "price_minor": 80_00, "unit": "kg"});
    if let (Some(form), Some(body)) = (form.as_object_mut(), body.as_object()) {
        form.extend(body.clone());
    }
    let (status, answer) = owner.post("/api/v1/products", form).await;
    assert_eq!(status, 201, "{answer}");
    id
}

async fn choices(owner: &Client, id: Uuid, query: &str) -> Value {
    let (status, answer) = owner.get(&format!("/api/v1/products/{id}/choices?{query}")).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The price of a unit, and where it is from.
fn of(choices: &Value, unit: &str) -> (i64, String) {
    let found = choices["units"]
        .as_array()
        .and_then(|units| units.iter().find(|one| one["unit"] == unit))
        .unwrap_or_else(|| panic!("no {unit} in {choices}"));
    (
        found["price_minor"].as_i64().expect("a price"),
        found["source"].as_str().expect("a source").to_owned(),
    )
}

fn at_level(choices: &Value, unit: &str, level: &str) -> i64 {
    let units = choices["units"].as_array().expect("units");
    let unit = units.iter().find(|one| one["unit"] == unit).expect("the unit");
    let prices = unit["prices"].as_array().expect("prices");
    let price = prices
        .iter()
        .find(|one| one["level"] == level)
        .expect("the level");
    price["price_minor"].as_i64().expect("a price")
}

#[tokio::test]
async fn one_product_is_sold_by_the_kilo_the_gram_and_the_sack() {
    let (_node, owner) = Node::with_shop().await;
    let rice = product(
        &owner,
        json!({"barcodes": ["8901030865275"], "units": [
            {"unit": "g", "holds": "0.001"},
            {"unit": "=sack", "holds": "25", "price_minor": 1_800_00, "barcodes": ["8901030865282"]},
            {"unit": "=कट्टा", "holds": "50"}]}),
    )
    .await;
    let asked = choices(&owner, rice, "").await;
    assert_eq!(of(&asked, "kg"), (80_00, "catalog".to_owned()));
    assert_eq!(of(&asked, "g").0, 8, "a thousandth of a kilo, to the next paisa");
    assert_eq!(of(&asked, "=sack").0, 1_800_00);
    assert_eq!(
        of(&asked, "=कट्टा").0,
        4_000_00,
        "no price of its own: what it holds"
    );
    assert_eq!(asked["units"][2]["holds"], "25");
    let (_, scanned) = owner.post("/api/v1/scan", json!({"code": "8901030865282"})).await;
    assert_eq!(
        (&scanned["kind"], &scanned["unit"], &scanned["product"]["id"]),
        (&json!("product"), &json!("=sack"), &json!(rice))
    );
    let (_, scanned) = owner.post("/api/v1/scan", json!({"code": "8901030865275"})).await;
    assert_eq!(scanned["unit"], "kg");

    let with_units = async |units: Value| {
        let form = json!({"id": new_id(), "name": "Dal", "price_minor": 1, "units": units});
        let (status, answer) = owner.post("/api/v1/products", form).await;
        (
            status.as_u16(),
            answer["error"]["code"].as_str().unwrap_or_default().to_owned(),
        )
    };
    for wrong in [
        json!([{"unit": "piece", "holds": "2"}]),
        json!([{"unit": "box", "holds": "0"}]),
        json!([{"unit": "box", "holds": "-1"}]),
        json!([{"unit": "box", "holds": "2.5"}]),
        json!([{"unit": "box", "holds": "2"}, {"unit": "box", "holds": "3"}]),
        json!([{"unit": "sack", "holds": "2"}]),
        json!([{"unit": "=<script>", "holds": "2"}]),
        json!([{"unit": "box", "holds": "2", "price_minor": -1}]),
        json!([{"unit": "box", "holds": "2", "barcodes": ["1", "1"]}]),
    ] {
        assert_eq!(
            with_units(wrong.clone()).await,
            (422, "field_invalid".to_owned()),
            "{wrong}"
        );
    }
    assert_eq!(
        with_units(json!([{"unit": "box", "holds": "2", "barcodes": ["8901030865282"]}])).await,
        (409, "barcode_taken".to_owned())
    );
}

#[tokio::test]
async fn the_narrowest_promise_gives_the_price() {
    let (node, owner) = Node::with_shop().await;
    let rice = product(&owner, json!({"units": [{"unit": "=sack", "holds": "25"}]})).await;
    let customer = new_id();
    let set = async |body: Value| {
        let mut form = json!({"id": new_id()});
        if let (Some(form), Some(body)) = (form.as_object_mut(), body.as_object()) {
            form.extend(body.clone());
        }
        owner.post(&format!("/api/v1/products/{rice}/prices"), form).await
    };
    for body in [
        json!({"level": "wholesale", "price_minor": 70_00}),
        json!({"level": "wholesale", "from_quantity": "10", "price_minor": 65_00}),
        json!({"from_quantity": "5", "price_minor": 78_00}),
        json!({"customer": customer, "price_minor": 60_00}),
        json!({"first_day": "2999-01-01", "price_minor": 99_00}),
    ] {
        let (status, answer) = set(body).await;
        assert_eq!(status, 201, "{answer}");
    }
    let price = async |query: &str| of(&choices(&owner, rice, query).await, "kg");
    let said = |minor: i64, source: &str| (minor, source.to_owned());
    assert_eq!(price("").await, said(80_00, "catalog"));
    assert_eq!(price("quantity=5").await, said(78_00, "break"));
    assert_eq!(price("customer_type=wholesale").await, said(70_00, "level"));
    assert_eq!(
        price("customer_type=wholesale&quantity=10").await,
        said(65_00, "break")
    );
    assert_eq!(price("customer_level=wholesale").await, said(70_00, "level"));
    assert_eq!(
        price(&format!("customer={customer}")).await,
        said(60_00, "customer")
    );
    assert_eq!(
        price(&format!("customer={}", new_id())).await,
        said(80_00, "catalog")
    );
    let asked = choices(&owner, rice, &format!("customer={customer}")).await;
    assert_eq!(
        at_level(&asked, "kg", "wholesale"),
        70_00,
        "by hand, the level goes before"
    );
    assert_eq!(at_level(&asked, "kg", "counter"), 80_00);
    assert_eq!(
        of(&asked, "=sack"),
        said(1_500_00, "customer"),
        "a sack costs what it holds, at whoever's price"
    );
    assert_eq!(
        at_level(&asked, "=sack", "wholesale"),
        25 * 65_00,
        "and a sack is twenty-five kilos"
    );

    for (body, code) in [
        (json!({"price_minor": 1}), "field_invalid"),
        (json!({"level": "wholesale", "price_minor": -1}), "field_invalid"),
        (json!({"level": "no such", "price_minor": 1}), "level_unknown"),
        (
            json!({"unit": "box", "from_quantity": "2", "price_minor": 1}),
            "unit_not_sold",
        ),
        (
            json!({"first_day": "2026-13-01", "price_minor": 1}),
            "field_invalid",
        ),
        (
            json!({"first_day": "2026-12-02", "last_day": "2026-12-01", "price_minor": 1}),
            "field_invalid",
        ),
        (
            json!({"level": "wholesale", "customer": customer, "price_minor": 1}),
            "field_invalid",
        ),
    ] {
        let (_, answer) = set(body.clone()).await;
        assert_eq!(answer["error"]["code"], code, "{body}");
    }

    let (_, listed) = owner.get(&format!("/api/v1/products/{rice}/prices")).await;
    assert_eq!(listed["set"].as_array().map(Vec::len), Some(5));
    let set = listed["set"].as_array().expect("prices");
    let whom: Vec<_> = set
        .iter()
        .map(|one| (one["level"].is_string(), one["customer"].is_string()))
        .collect();
    assert!(
        whom.is_sorted_by_key(|(level, customer)| (*customer, *level)),
        "everybody first: {listed}"
    );
    let own = set
        .iter()
        .find(|one| one["customer"].is_string())
        .expect("their own");
    let own = own["id"].as_str().expect("an id").to_owned();
    let (status, ended) = owner.delete(&format!("/api/v1/prices/{own}")).await;
    assert_eq!(
        (status.as_u16(), &ended["state"]),
        (200, &json!("ended")),
        "{ended}"
    );
    assert_eq!(price(&format!("customer={customer}")).await.1, "catalog");
    let (_, listed) = owner.get(&format!("/api/v1/products/{rice}/prices")).await;
    assert_eq!(listed["old"][0]["id"], json!(own), "it stays in the history");

    let shop = node.door.app().shop().expect("a shop");
    let faults = shop.store().verify().expect("a readable log").faults;
    assert_eq!(faults, Vec::<String>::new(), "the views are what the facts say");
}

#[tokio::test]
async fn a_level_follows_its_rule_by_category() {
    let (_node, owner) = Node::with_shop().await;
    let (food, grains) = (new_id(), new_id());
    for (id, name, parent) in [(food, "Food", None), (grains, "Grains", Some(food))] {
        let form = json!({"id": id, "name": name, "hue": "leaf", "parent": parent});
        assert_eq!(owner.post("/api/v1/categories", form).await.0, 201);
    }
    let rice = product(&owner, json!({"category": grains})).await;
    let soap = product(
        &owner,
        json!({"name": "Soap", "unit": "piece", "price_minor": 33_00}),
    )
    .await;
    let club = new_id();
    let form = |percents: Value| {
        json!({"id": club, "name": "Club", "names": {"hi": "क्लब"}, "percents": percents, "step_minor": 100,
               "customer_types": ["member"]})
    };
    let rule = json!([{"category": food, "percent": "-12.5"}, {"category": null, "percent": "-5"}]);
    let (status, level) = owner.post("/api/v1/price-levels", form(rule)).await;
    assert_eq!((status.as_u16(), &level["key"]), (201, &json!(club)), "{level}");
    let key = club.to_string();
    assert_eq!(
        at_level(&choices(&owner, rice, "").await, "kg", &key),
        70_00,
        "the nearest category above that the level names"
    );
    assert_eq!(
        at_level(&choices(&owner, soap, "").await, "piece", &key),
        31_00,
        "31.35 to the nearest rupee"
    );
    assert_eq!(
        of(&choices(&owner, rice, "customer_type=member").await, "kg").0,
        70_00
    );
    for wrong in [
        json!([{"category": null, "percent": "-101"}]),
        json!([{"category": null, "percent": "many"}]),
        json!([{"category": new_id(), "percent": "1"}]),
        json!([{"category": null, "percent": "1"}, {"category": null, "percent": "2"}]),
    ] {
        let mut edit = form(wrong.clone());
        edit["id"] = Value::Null;
        let (status, _) = owner.put(&format!("/api/v1/price-levels/{key}"), edit).await;
        assert_eq!(status, 422, "{wrong}");
    }
    let (_, levels) = owner.get("/api/v1/price-levels").await;
    let keys: Vec<&str> = levels["items"]
        .as_array()
        .expect("levels")
        .iter()
        .filter_map(|level| level["key"].as_str())
        .collect();
    assert_eq!(
        keys,
        ["wholesale", key.as_str()],
        "every shop begins with wholesale"
    );
    let (status, _) = owner.delete("/api/v1/price-levels/wholesale").await;
    assert_eq!(status, 200);
    let (_, levels) = owner.get("/api/v1/price-levels").await;
    assert_eq!(
        levels["items"].as_array().map(Vec::len),
        Some(1),
        "and may do without"
    );
    let (_, back) = owner
        .post("/api/v1/price-levels/wholesale/restore", json!({"id": new_id()}))
        .await;
    assert_eq!(back["customer_types"], json!(["wholesale"]), "as it was: {back}");
}

/// Wholesale says its prices without tax, the counter with it, and both stand in one cart.
#[tokio::test]
async fn wholesale_without_tax_and_the_counter_with_it_share_a_cart() {
    let node = Node::empty();
    let window = node.window("cashier");
    let setup = json!({"id": new_id(), "kind": "own", "language": "en", "trade": "services", "shop_name": "Corner",
                       "country": "IN", "region": "27", "tax_number": "27AAPFU0939F1ZV", "owner_name": "Asha",
                       "pin": testkit::OWNER_PIN});
    let (status, answer) = window.post("/api/v1/setup", setup).await;
    assert_eq!(status, 201, "{answer}");
    let owner = window.signed_in(&answer);
    let soap = product(
        &owner,
        json!({"name": "Soap", "unit": "piece", "price_minor": 118_00}),
    )
    .await;
    let (status, level) = owner
        .put(
            "/api/v1/price-levels/wholesale",
            json!({"name": "Wholesale", "customer_types": ["wholesale"], "inclusive": false,
                   "percents": [{"category": null, "percent": "-10"}]}),
        )
        .await;
    assert_eq!(
        (status.as_u16(), &level["inclusive"]),
        (200, &json!(false)),
        "{level}"
    );
    let asked = choices(&owner, soap, "").await;
    let at = |asked: &Value, key: &str| {
        let prices = asked["units"][0]["prices"].as_array().expect("prices").clone();
        let found = prices.iter().find(|one| one["level"] == key).expect("the level");
        (found["price_minor"].as_i64(), found["inclusive"].clone())
    };
    assert_eq!(
        at(&asked, "wholesale"),
        (Some(106_20), Value::Null),
        "a percentage of the counter's price includes tax as that does"
    );
    let form = json!({"id": new_id(), "level": "wholesale", "price_minor": 80_00});
    let path = format!("/api/v1/products/{soap}/prices");
    assert_eq!(owner.post(&path, form).await.0, 201);
    let asked = choices(&owner, soap, "").await;
    assert_eq!(at(&asked, "wholesale"), (Some(80_00), json!(false)));
    assert_eq!(at(&asked, "counter"), (Some(118_00), Value::Null));

    owner.add_to_cart(soap, "1").await;
    let (status, answer) = owner
        .post(
            "/api/v1/cart/changes",
            json!({"id": new_id(), "change": {"kind": "add", "product": soap, "quantity": "2", "price_level": "wholesale"}}),
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    let (_, cart) = owner.get("/api/v1/cart").await;
    let lines = cart["lines"].as_array().expect("lines");
    let said: Vec<_> = lines
        .iter()
        .map(|l| {
            (
                l["amount_minor"].as_i64(),
                l["inclusive"].as_bool(),
                l["tax_minor"].as_i64(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            (Some(118_00), Some(true), Some(18_00)),
            (Some(160_00), Some(false), Some(28_80))
        ],
        "{cart}"
    );
    assert_eq!(
        (
            &cart["subtotal_minor"],
            &cart["tax_on_top_minor"],
            &cart["rounding_minor"],
            &cart["total_minor"]
        ),
        (&json!(278_00), &json!(28_80), &json!(20), &json!(307_00)),
        "what is shown adds up to what is charged: {cart}"
    );
    let paid = owner.pay_cash(&cart).await;
    let order = owner.order(&paid).await;
    assert_eq!(
        (
            &order["tax_on_top_minor"],
            &order["tax_minor"],
            &order["total_minor"]
        ),
        (&json!(28_80), &json!(46_80), &json!(307_00)),
        "{order}"
    );
    // Given back piece by piece, the money is the same to the last paisa.
    let maya = owner.staff("Maya", "manager", "7392").await;
    for line in [2, 1, 2] {
        let (status, refund) = owner
            .post(
                &testkit::order_path(&order, "refunds"),
                json!({"id": new_id(), "lines": [{"line": line, "quantity": "1"}], "reason": "broken",
                       "approval": {"staff": maya, "pin": "7392"}}),
            )
            .await;
        assert_eq!(status, 201, "{refund}");
    }
    let order = owner.order(&order).await;
    let back: i64 = order["credit_notes"]
        .as_array()
        .expect("notes")
        .iter()
        .filter_map(|note| note["total_minor"].as_i64())
        .sum();
    assert_eq!(back, 307_00, "{order}");
}

/// A variant that costs what its product costs has what was set for the product, level by level, until it has its own.
#[tokio::test]
async fn a_variant_has_its_products_prices_until_it_has_its_own() {
    let (_node, owner) = Node::with_shop().await;
    let shirt = product(
        &owner,
        json!({"name": "Shirt", "unit": "piece", "price_minor": 499_00}),
    )
    .await;
    let made = owner
        .post(
            &format!("/api/v1/products/{shirt}/variants"),
            json!({"id": new_id(), "choices": [{"name": "Size", "values": ["S", "XL"]}]}),
        )
        .await
        .1;
    let id = |n: usize| -> Uuid {
        made["variants"][n]["id"]
            .as_str()
            .expect("an id")
            .parse()
            .expect("a uuid")
    };
    let (small, large) = (id(0), id(1));
    let set = async |product: Uuid, level: Value, from: Value, minor: i64| {
        let form = json!({"id": new_id(), "level": level, "from_quantity": from, "price_minor": minor});
        let (status, answer) = owner
            .post(&format!("/api/v1/products/{product}/prices"), form)
            .await;
        assert_eq!(status, 201, "{answer}");
    };
    set(shirt, json!("wholesale"), Value::Null, 400_00).await;
    set(shirt, Value::Null, json!("10"), 450_00).await;
    for variant in [small, large] {
        let asked = choices(&owner, variant, "").await;
        assert_eq!(at_level(&asked, "piece", "wholesale"), 400_00);
        assert_eq!(
            of(&choices(&owner, variant, "quantity=10").await, "piece"),
            (450_00, "break".to_owned())
        );
    }
    set(small, json!("wholesale"), Value::Null, 390_00).await;
    assert_eq!(
        at_level(&choices(&owner, small, "").await, "piece", "wholesale"),
        390_00
    );
    assert_eq!(
        of(&choices(&owner, small, "quantity=10").await, "piece").0,
        450_00,
        "the rest stays the product's"
    );
    let (_, form) = owner.get(&format!("/api/v1/products/{large}")).await;
    let edit = json!({"name": form["name"], "unit": "piece", "price_minor": 549_00});
    assert_eq!(owner.put(&format!("/api/v1/products/{large}"), edit).await.0, 200);
    let asked = choices(&owner, large, "quantity=10").await;
    assert_eq!(
        (of(&asked, "piece").0, at_level(&asked, "piece", "wholesale")),
        (549_00, 549_00),
        "a price of its own inherits nothing"
    );
    let (_, form) = owner.get(&format!("/api/v1/products/{shirt}")).await;
    let edit = json!({"name": form["name"], "unit": "piece", "price_minor": 519_00});
    assert_eq!(owner.put(&format!("/api/v1/products/{shirt}"), edit).await.0, 200);
    assert_eq!(
        of(&choices(&owner, small, "").await, "piece").0,
        519_00,
        "it follows its product"
    );
    assert_eq!(
        of(&choices(&owner, large, "").await, "piece").0,
        549_00,
        "and one with its own does not"
    );
}

#[tokio::test]
async fn what_a_price_was_stays_known() {
    let (node, owner) = Node::with_shop().await;
    let rice = product(
        &owner,
        json!({"units": [{"unit": "=sack", "holds": "25", "price_minor": 1_900_00}]}),
    )
    .await;
    for minor in [82_00, 82_00, 85_00] {
        let form = json!({"name": "Rice", "price_minor": minor, "unit": "kg"});
        assert_eq!(owner.put(&format!("/api/v1/products/{rice}"), form).await.0, 200);
    }
    let (_, listed) = owner.get(&format!("/api/v1/products/{rice}/prices")).await;
    let changes: Vec<_> = listed["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|one| {
            (
                one["unit"].clone(),
                one["was_minor"].clone(),
                one["price_minor"].clone(),
            )
        })
        .collect();
    assert_eq!(
        changes,
        [
            (json!("kg"), json!(82_00), json!(85_00)),
            (json!("kg"), json!(80_00), json!(82_00)),
            (json!("kg"), Value::Null, json!(80_00)),
            (json!("=sack"), Value::Null, json!(1_900_00)),
        ],
        "saving without a change is no change"
    );
    let (_, rice) = owner.get(&format!("/api/v1/products/{rice}")).await;
    assert_eq!(
        rice["units"][0]["price_minor"], 1_900_00,
        "lists that are left out stay"
    );
    let shop = node.door.app().shop().expect("a shop");
    assert_eq!(
        shop.store().verify().expect("readable").faults,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn variants_are_products_that_their_parent_chooses_between() {
    let (_node, owner) = Node::with_shop().await;
    let shirt = product(
        &owner,
        json!({"name": "Shirt", "unit": "piece", "price_minor": 499_00}),
    )
    .await;
    let make = async |choices: Value| {
        let path = format!("/api/v1/products/{shirt}/variants");
        owner
            .post(&path, json!({"id": new_id(), "choices": choices}))
            .await
    };
    let (status, made) =
        make(json!([{"name": "Size", "values": ["S", "M"]}, {"name": "Colour", "values": ["Red", "Blue"]}]))
            .await;
    assert_eq!(status, 200, "{made}");
    let names: Vec<&str> = made["variants"]
        .as_array()
        .expect("variants")
        .iter()
        .filter_map(|v| v["name"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "Shirt · S / Red",
            "Shirt · S / Blue",
            "Shirt · M / Red",
            "Shirt · M / Blue"
        ]
    );
    assert_eq!(
        made["product"]["asks"], true,
        "a tap on the tile opens the choice"
    );
    let first = made["variants"][0]["id"].as_str().expect("an id").to_owned();
    let edit = json!({"name": "Shirt · S / Red", "price_minor": 449_00, "sku": "SH-S-R", "barcodes": ["2000000000015"]});
    assert_eq!(owner.put(&format!("/api/v1/products/{first}"), edit).await.0, 200);
    let (_, scanned) = owner.post("/api/v1/scan", json!({"code": "2000000000015"})).await;
    assert_eq!(
        scanned["product"]["price_minor"], 449_00,
        "its own barcode and price"
    );
    let in_grid = async || {
        let (_, catalog) = owner.get("/api/v1/catalog").await;
        let names: Vec<String> = catalog["products"]
            .as_array()
            .expect("products")
            .iter()
            .filter_map(|p| p["name"].as_str().map(str::to_owned))
            .filter(|name| name.starts_with("Shirt"))
            .collect();
        names
    };
    assert_eq!(in_grid().await, ["Shirt"], "one tile for all of them");
    let (_, fewer) =
        make(json!([{"name": "Size", "values": ["S", "L"]}, {"name": "Colour", "values": ["Red"]}])).await;
    let left: Vec<&str> = fewer["variants"]
        .as_array()
        .expect("variants")
        .iter()
        .filter_map(|v| v["sku"].as_str())
        .collect();
    assert_eq!(left, ["SH-S-R"], "what is still wanted keeps its SKU");
    for wrong in [
        json!([{"name": "Size", "values": []}]),
        json!([{"name": "Size", "values": ["S", "S"]}]),
        json!([{"name": "Size", "values": ["S"]}, {"name": "Size", "values": ["M"]}]),
        json!([{"name": "A", "values": (0..20).map(|n| n.to_string()).collect::<Vec<_>>()},
               {"name": "B", "values": (0..20).map(|n| n.to_string()).collect::<Vec<_>>()}]),
    ] {
        assert_eq!(make(wrong).await.0, 422);
    }
}

#[tokio::test]
async fn modifiers_bundles_and_brands_hold_together() {
    let (_node, owner) = Node::with_shop().await;
    let cheese = product(&owner, json!({"name": "Cheese", "price_minor": 500_00})).await;
    let group = new_id();
    let options = json!([
        {"id": new_id(), "name": "Extra cheese", "price_minor": 30_00, "product": cheese, "quantity": "0.05"},
        {"id": new_id(), "name": "No onion"}]);
    let form = json!({"id": group, "name": "Toppings", "least": 1, "most": 2, "options": options});
    let (status, made) = owner.post("/api/v1/modifier-groups", form.clone()).await;
    assert_eq!(
        (status.as_u16(), &made["options"][0]["quantity"]),
        (201, &json!("0.05")),
        "{made}"
    );
    for (field, wrong) in [("most", json!(3)), ("least", json!(-1)), ("options", json!([]))] {
        let mut bad = form.clone();
        bad["id"] = json!(new_id());
        bad[field] = wrong;
        assert_eq!(owner.post("/api/v1/modifier-groups", bad).await.0, 422, "{field}");
    }
    let pizza = product(
        &owner,
        json!({"name": "Pizza", "unit": "piece", "price_minor": 250_00, "modifiers": [group]}),
    )
    .await;
    let asked = choices(&owner, pizza, "").await;
    assert_eq!(
        (&asked["product"]["asks"], &asked["groups"][0]["least"]),
        (&json!(true), &json!(1))
    );
    let (_, in_use) = owner.delete(&format!("/api/v1/modifier-groups/{group}")).await;
    assert_eq!(in_use["error"]["code"], "modifier_group_in_use");

    let parts = json!([{"product": pizza, "quantity": "1"}, {"product": cheese, "quantity": "0.1"}]);
    let meal = product(
        &owner,
        json!({"name": "Meal", "unit": "piece", "price_minor": 300_00, "parts": parts}),
    )
    .await;
    assert_eq!(choices(&owner, meal, "").await["parts"][1]["quantity"], "0.1");
    let bundle_of = async |part: Uuid, quantity: &str| {
        let form = json!({"id": new_id(), "name": "Feast", "price_minor": 1,
                          "parts": [{"product": part, "quantity": quantity}]});
        owner.post("/api/v1/products", form).await.0.as_u16()
    };
    assert_eq!(bundle_of(meal, "1").await, 422, "no bundle of bundles");
    assert_eq!(bundle_of(pizza, "0.5").await, 422, "no half pieces");
    assert_eq!(bundle_of(new_id(), "1").await, 422);

    let brand = new_id();
    let named = json!({"id": brand, "name": "Amul"});
    assert_eq!(owner.post("/api/v1/brands", named).await.0, 201);
    let butter = product(&owner, json!({"name": "Butter", "brand": brand})).await;
    let (_, brands) = owner.get("/api/v1/brands").await;
    assert_eq!(brands["items"][0]["products"], 1);
    let (_, in_use) = owner.delete(&format!("/api/v1/brands/{brand}")).await;
    assert_eq!(in_use["error"]["code"], "brand_in_use");
    assert_eq!(owner.delete(&format!("/api/v1/products/{butter}")).await.0, 200);
    assert_eq!(owner.delete(&format!("/api/v1/brands/{brand}")).await.0, 200);
}

#[tokio::test]
async fn what_was_chosen_costs_what_it_costs_now_and_is_missed_before_the_guest_pays() {
    let (_node, owner) = Node::with_shop().await;
    let (group, cheese) = (new_id(), new_id());
    let form = |price: i64, available: bool| {
        json!({"id": group, "name": "Toppings", "least": 0, "most": 1, "options": [
            {"id": cheese, "name": "Extra cheese", "price_minor": price, "available": available}]})
    };
    assert_eq!(
        owner.post("/api/v1/modifier-groups", form(30_00, true)).await.0,
        201
    );
    let pizza = json!({"name": "Pizza", "unit": "piece", "price_minor": 250_00, "modifiers": [group]});
    let pizza = product(&owner, pizza).await;
    let add = json!({"id": new_id(), "change": {"kind": "add", "product": pizza, "quantity": "1", "modifiers": [cheese]}});
    let (status, cart) = owner.post("/api/v1/cart/changes", add).await;
    assert_eq!(
        (status.as_u16(), &cart["total_minor"]),
        (200, &json!(280_00)),
        "{cart}"
    );
    let path = format!("/api/v1/modifier-groups/{group}");
    assert_eq!(owner.put(&path, form(40_00, true)).await.0, 200);
    assert_eq!(
        owner.get("/api/v1/cart").await.1["total_minor"],
        290_00,
        "today's price"
    );
    let stage = || json!({"id": new_id(), "change": {"kind": "stage", "stage": "cash"}});
    assert_eq!(owner.post("/api/v1/cart/changes", stage()).await.0, 200);
    let back = json!({"id": new_id(), "change": {"kind": "stage", "stage": "cart"}});
    assert_eq!(owner.post("/api/v1/cart/changes", back).await.0, 200);
    assert_eq!(owner.put(&path, form(40_00, false)).await.0, 200);
    let (_, cart) = owner.get("/api/v1/cart").await;
    assert_eq!(
        cart["total_minor"], 290_00,
        "still to be seen, and to be taken off"
    );
    let (status, refused) = owner.post("/api/v1/cart/changes", stage()).await;
    assert_eq!(
        (
            status.as_u16(),
            &refused["error"]["code"],
            &refused["error"]["hints"]["option"]
        ),
        (422, &json!("modifiers_invalid"), &json!("Extra cheese")),
        "{refused}"
    );
    // Who was charged already gets what they paid for.
    let order = owner.pay_cash(&cart).await;
    assert_eq!(order["total_minor"], 290_00, "{order}");
}

fn a_png() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend(64_u32.to_be_bytes());
    bytes.extend(48_u32.to_be_bytes());
    bytes.extend([8, 2, 0, 0, 0]);
    bytes
}

#[tokio::test]
async fn a_picture_is_kept_as_it_came_or_refused() {
    let (node, owner) = Node::with_shop().await;
    let send = async |id: Uuid, bytes: Vec<u8>| {
        let path = format!("/api/v1/pictures?id={id}");
        owner
            .send(Method::POST, &path, "image/png", bytes, &[("x-chandi", "1")])
            .await
    };
    let id = new_id();
    let (status, kept) = send(id, a_png()).await;
    assert_eq!((status.as_u16(), &kept["width"]), (201, &json!(64)), "{kept}");
    assert_eq!(send(id, a_png()).await.0, 201, "the same again is the same");
    let mut other = a_png();
    other.push(0);
    assert_eq!(send(id, other).await.1["error"]["code"], "id_reused");
    assert_eq!(
        send(new_id(), b"<svg/>".to_vec()).await.1["error"]["code"],
        "picture_invalid"
    );
    assert_eq!(
        send(new_id(), vec![0; 300_000]).await.1["error"]["code"],
        "too_large"
    );
    let tea = product(&owner, json!({"name": "Tea", "picture": id})).await;
    let (_, tea) = owner.get(&format!("/api/v1/products/{tea}")).await;
    assert_eq!(tea["picture"], json!(id));
    let guest = node.window("customer");
    let (status, bytes) = guest
        .fetch(Method::GET, &format!("/api/v1/pictures/{id}"), "", vec![], &[])
        .await;
    assert_eq!(
        (status.as_u16(), bytes),
        (200, a_png()),
        "the guest's screen shows it"
    );
    let shop = node.door.app().shop().expect("a shop");
    assert_eq!(
        shop.store().verify().expect("readable").faults,
        Vec::<String>::new()
    );
}
