//! Files in and out: twenty thousand rows with thirty-seven faults, taken back in one step, and out again unchanged.

use serde_json::{Value, json};
use std::fmt::Write as _;
use testkit::{Client, Method, Node, new_id};

async fn import(owner: &Client, file: &[u8], query: &str) -> Value {
    let path = format!("/api/v1/products/import?{query}");
    let (status, answer) = owner
        .send(
            Method::POST,
            &path,
            "text/csv",
            file.to_vec(),
            &[("x-chandi", "1")],
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn count(owner: &Client, query: &str) -> usize {
    let mut after = String::new();
    let mut count = 0;
    loop {
        let (_, page) = owner
            .get(&format!("/api/v1/products?limit=500&sort=name&{query}{after}"))
            .await;
        count += page["items"].as_array().map_or(0, Vec::len);
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return count,
        }
    }
}

const HEADER: &str = "name,name_hi,sku,barcode,price,unit,category,brand,available,price_wholesale,unit_2,unit_2_holds,unit_2_price,unit_2_barcode\n";

/// What a person does to a spreadsheet: the row, and the column that says what is wrong.
const FAULTS: [(&str, &str); 18] = [
    (",,F-1,,10,kg,Dry,,,,,,,", "name"),
    ("No price,,F-2,,,kg,Dry,,,,,,,", "price"),
    ("Word,,F-3,,ten,kg,Dry,,,,,,,", "price"),
    ("Below,,F-4,,-5,kg,Dry,,,,,,,", "price"),
    ("Too fine,,F-5,,10.555,kg,Dry,,,,,,,", "price"),
    ("Far too dear,,F-6,,99999999999999,kg,Dry,,,,,,,", "price"),
    ("Stone,,F-7,,10,stone,Dry,,,,,,,", "unit"),
    ("Script,,F-8,,10,unit:<b>,Dry,,,,,,,", "unit"),
    ("Maybe,,F-9,,10,kg,Dry,,perhaps,,,,,", "available"),
    ("Twice the SKU,,R-00010,,10,kg,Dry,,,,,,,", "sku"),
    ("Twice the code,,F-11,8800000000020,10,kg,Dry,,,,,,,", "barcode"),
    (
        "Sack of nothing,,F-12,,10,kg,Dry,,,,unit:sack,0,,",
        "unit_2_holds",
    ),
    ("Sack of what,,F-13,,10,kg,Dry,,,,unit:sack,,,", "unit_2_holds"),
    ("Half a box,,F-14,,10,piece,Dry,,,,box,2.5,,", "units"),
    (
        "Odd pack price,,F-15,,10,kg,Dry,,,,unit:sack,25,cheap,",
        "unit_2_price",
    ),
    ("Odd level,,F-16,,10,kg,Dry,,,cheap,,,,", "price_wholesale"),
    ("Taken,,F-17,8901030865275,10,kg,Dry,,,,,,,", "barcode"),
    ("Own unit twice,,F-18,,10,kg,Dry,,,,kg,2,,", "units"),
];

#[tokio::test]
async fn twenty_thousand_rows_with_thirty_seven_faults() {
    let (node, owner) = Node::with_shop().await;
    let taken =
        json!({"id": new_id(), "name": "Has a code", "price_minor": 100, "barcodes": ["8901030865275"]});
    assert_eq!(owner.post("/api/v1/products", taken).await.0, 201);
    let before = count(&owner, "").await;

    let mut csv = HEADER.to_owned();
    let mut expected = vec![];
    for n in 0..20_000_usize {
        // Every 540th row is wrong, which makes thirty-seven; one of them twice over.
        if n % 540 == 539 && expected.len() < 37 {
            let (row, column) = if expected.len() == 36 {
                ("Wrong in two places,,F-99,,ten,stone,Dry,,,,,,,", "price")
            } else {
                FAULTS[expected.len() % FAULTS.len()]
            };
            csv.push_str(row);
            csv.push('\n');
            expected.push((n + 2, column));
            continue;
        }
        writeln!(
            csv,
            "Village good {n},गाँव {n},R-{n:05},88{n:011},{}.50,kg,Range {},Brand {},yes,{}.25,unit:sack,25,,",
            10 + n % 90,
            n % 9,
            n % 5,
            9 + n % 90
        )
        .expect("a string grows");
    }
    let said = import(&owner, csv.as_bytes(), "dry_run=true").await;
    let counted =
        |said: &Value| ["rows", "created", "updated", "unchanged", "wrong"].map(|k| said[k].as_u64());
    assert_eq!(
        counted(&said),
        [Some(20_000), Some(19_963), Some(0), Some(0), Some(37)]
    );
    let errors = said["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 38, "every fault, not only a row's first");
    let mut found: Vec<(usize, &str)> = errors
        .iter()
        .map(|e| {
            (
                usize::try_from(e["row"].as_u64().expect("a row")).expect("small"),
                e["column"].as_str().unwrap_or("?"),
            )
        })
        .collect();
    assert_eq!(
        found.pop(),
        Some((expected[36].0, "unit")),
        "the second of the last row"
    );
    // A SKU and a code of the file itself repeat only once their first row stood: as the file says.
    assert_eq!(found, expected);
    assert!(
        errors
            .iter()
            .any(|e| e["value"] == "stone" && e["column"] == "unit"),
        "what stands there"
    );
    assert!(errors.iter().any(|e| e["code"] == "row_repeated"));
    assert!(errors.iter().any(|e| e["code"] == "barcode_taken"));
    assert_eq!(count(&owner, "").await, before, "a dry run changes nothing");
    assert_eq!(said["run"], Value::Null);

    let id = new_id();
    let query = format!("dry_run=false&id={id}&name=stock.csv");
    let done = import(&owner, csv.as_bytes(), &query).await;
    assert_eq!(counted(&done), counted(&said), "what was shown is what is done");
    assert_eq!(done["run"], json!(id));
    assert_eq!(
        import(&owner, csv.as_bytes(), &query).await,
        done,
        "asked again, answered again"
    );
    assert_eq!(count(&owner, "").await, before + 19_963);
    let (_, scanned) = owner.post("/api/v1/scan", json!({"code": "R-00007"})).await;
    let seven = scanned["product"]["id"].as_str().expect("a product").to_owned();
    assert_eq!(
        scanned["product"]["units"][0]["price_minor"], 437_50,
        "25 kg at 17.50"
    );
    let (_, choices) = owner
        .get(&format!(
            "/api/v1/products/{seven}/choices?customer_type=wholesale"
        ))
        .await;
    assert_eq!(choices["units"][0]["price_minor"], 16_25);

    let again = import(&owner, csv.as_bytes(), &format!("dry_run=false&id={}", new_id())).await;
    assert_eq!(
        (&again["created"], &again["unchanged"], &again["run"]),
        (&json!(0), &json!(19_963), &Value::Null),
        "the same file again is no news"
    );

    // Somebody has worked on two of them since.
    for (sku, name) in [("R-00007", "Ours now"), ("R-00008", "Ours too")] {
        let (_, scanned) = owner.post("/api/v1/scan", json!({"code": sku})).await;
        let product = &scanned["product"];
        let form = json!({"name": name, "price_minor": product["price_minor"], "unit": "kg", "sku": sku,
                          "category": product["category"], "brand": product["brand"]});
        let path = format!("/api/v1/products/{}", product["id"].as_str().expect("an id"));
        assert_eq!(owner.put(&path, form).await.0, 200);
    }
    let (_, runs) = owner.get("/api/v1/products/runs").await;
    assert_eq!(
        (&runs["items"][0]["name"], &runs["items"][0]["created"]),
        (&json!("stock.csv"), &json!(19_963))
    );
    let undo = json!({"id": new_id()});
    let path = format!("/api/v1/products/runs/{id}/undo");
    let (status, undone) = owner.post(&path, undo.clone()).await;
    assert_eq!(status, 200, "{undone}");
    assert_eq!((&undone["undone"], &undone["kept"]), (&json!(19_961), &json!(2)));
    assert_eq!(owner.post(&path, undo).await.1, undone);
    let (_, twice) = owner.post(&path, json!({"id": new_id()})).await;
    assert_eq!(twice["error"]["code"], "nothing_to_undo");
    assert_eq!(count(&owner, "").await, before + 2, "nobody's work is undone");
    let (_, categories) = owner.get("/api/v1/categories").await;
    let ranges = categories["items"]
        .as_array()
        .expect("categories")
        .iter()
        .filter(|c| c["name"].as_str().is_some_and(|n| n.starts_with("Range")))
        .count();
    assert_eq!(ranges, 2, "categories that are still needed stay, the others go");
    let shop = node.door.app().shop().expect("a shop");
    assert_eq!(
        shop.store().verify().expect("readable").faults,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn what_is_exported_comes_back_as_it_was() {
    let (_node, owner) = Node::with_shop().await;
    let rice = json!({"id": new_id(), "name": "=HYPERLINK(\"x\")", "names": {"hi": "चावल", "ar": "أرز"}, "sku": "RC-1",
        "barcodes": ["8901030865275", "8901030865282"], "price_minor": 80_50, "unit": "kg",
        "units": [{"unit": "=sack", "holds": "25", "price_minor": 1_900_00, "barcodes": ["8901030865299"]},
                  {"unit": "g", "holds": "0.001"}]});
    let (status, answer) = owner.post("/api/v1/products", rice).await;
    assert_eq!(status, 201, "{answer}");
    let id = answer["id"].as_str().expect("an id").to_owned();
    let level = json!({"id": new_id(), "level": "wholesale", "price_minor": 75_00});
    assert_eq!(
        owner
            .post(&format!("/api/v1/products/{id}/prices"), level)
            .await
            .0,
        201
    );
    for kind in ["csv", "xlsx"] {
        let (status, file) = owner
            .fetch(
                Method::GET,
                &format!("/api/v1/products/export.{kind}"),
                "",
                vec![],
                &[],
            )
            .await;
        assert_eq!(status, 200);
        if kind == "csv" {
            let text = String::from_utf8(file.clone()).expect("UTF-8");
            assert!(
                text.contains("\"'=HYPERLINK"),
                "no spreadsheet calculates a name: {text}"
            );
            assert!(text.contains("unit:sack"), "{text}");
        }
        let back = import(&owner, &file, "dry_run=false").await;
        assert_eq!(
            (
                &back["unchanged"],
                &back["wrong"],
                &back["updated"],
                &back["created"]
            ),
            (&back["rows"], &json!(0), &json!(0), &json!(0)),
            "{kind}: {back}"
        );
        assert_eq!(back["rows"], 25, "24 samples and ours");
    }
}

/// A shop of two branches, the other one's id, and a file of the kind as somebody gets it.
async fn two_branches() -> (Node, Client, uuid::Uuid) {
    let (node, owner) = Node::with_shop().await;
    let airport = new_id();
    let form = json!({"id": airport, "name": "Airport Road"});
    assert_eq!(owner.post("/api/v1/branches", form).await.0, 201);
    (node, owner, airport)
}

async fn exported(person: &Client, kind: &str) -> Vec<u8> {
    let path = format!("/api/v1/products/export.{kind}");
    let (status, file) = person.fetch(Method::GET, &path, "", vec![], &[]).await;
    assert_eq!(status, 200);
    file
}

/// The active prices of a product: branch and price.
async fn set_prices(owner: &Client, product: &str) -> Vec<(Value, Value)> {
    let (_, prices) = owner.get(&format!("/api/v1/products/{product}/prices")).await;
    let set = prices["set"].as_array().expect("prices").iter();
    set.filter(|one| one["state"] == "now")
        .map(|one| (one["branch"].clone(), one["price_minor"].clone()))
        .collect()
}

#[tokio::test]
async fn what_a_branch_asks_and_does_not_sell_goes_through_a_file() {
    let (_node, owner, airport) = two_branches().await;
    let tea = json!({"id": new_id(), "name": "Tea", "sku": "TEA", "price_minor": 20_00});
    let (_, tea) = owner.post("/api/v1/products", tea).await;
    let id = tea["id"].as_str().expect("an id").to_owned();
    let asked = json!({"id": new_id(), "price_minor": 45_00, "branch": airport});
    let (status, answer) = owner.post(&format!("/api/v1/products/{id}/prices"), asked).await;
    assert_eq!(status, 201, "{answer}");
    let hidden = json!({"id": new_id(), "branch": airport, "sold": false});
    assert_eq!(
        owner.put(&format!("/api/v1/products/{id}/sold"), hidden).await.0,
        200
    );
    for kind in ["csv", "xlsx"] {
        let file = exported(&owner, kind).await;
        if kind == "csv" {
            let text = String::from_utf8(file.clone()).expect("UTF-8");
            for column in [
                "price_at_main_branch",
                "price_at_airport_road",
                "sold_at_main_branch",
                "sold_at_airport_road",
            ] {
                assert!(
                    text.lines().next().is_some_and(|first| first.contains(column)),
                    "{column}: {text}"
                );
            }
        }
        let back = import(&owner, &file, "dry_run=false").await;
        assert_eq!(
            (&back["unchanged"], &back["wrong"]),
            (&back["rows"], &json!(0)),
            "{kind}: {back}"
        );
        assert_eq!(
            (&back["run"], &back["unread"]),
            (&Value::Null, &json!([])),
            "{kind}"
        );
    }

    // A file that knows nothing of branches says nothing of them.
    let plain = import(&owner, b"name,sku,price\nTea,TEA,21\n", "dry_run=false").await;
    assert_eq!(plain["updated"], 1, "{plain}");
    assert_eq!(set_prices(&owner, &id).await, [(json!(airport), json!(45_00))]);

    // What would happen is said cell by cell, and nothing happens.
    let file = "name,sku,price,Price at Airport Road,sold_at_airport_road,price_at_main_branch,sold_at_kiosk\n\
                Tea,TEA,21,,yes,22.50,no\n";
    let said = import(&owner, file.as_bytes(), "dry_run=true").await;
    let mut changes: Vec<_> = said["changes"].as_array().expect("changes").iter().collect();
    changes.sort_by_key(|one| one["column"].to_string());
    let seen: Vec<[&Value; 4]> = changes
        .iter()
        .map(|one| ["product", "column", "before", "after"].map(|key| &one[key]))
        .collect();
    assert_eq!(
        seen,
        [
            [
                &json!("Tea"),
                &json!("price_at_airport_road"),
                &json!("45.00"),
                &Value::Null
            ],
            [
                &json!("Tea"),
                &json!("price_at_main_branch"),
                &Value::Null,
                &json!("22.50")
            ],
            [
                &json!("Tea"),
                &json!("sold_at_airport_road"),
                &json!("no"),
                &json!("yes")
            ],
        ],
        "{said}"
    );
    assert_eq!(
        said["unread"],
        json!(["sold_at_kiosk"]),
        "there is no such branch"
    );
    assert_eq!(
        set_prices(&owner, &id).await,
        [(json!(airport), json!(45_00))],
        "only looked at"
    );

    let run = new_id();
    let done = import(&owner, file.as_bytes(), &format!("dry_run=false&id={run}")).await;
    assert_eq!(
        (&done["updated"], &done["wrong"]),
        (&json!(1), &json!(0)),
        "{done}"
    );
    let prices = set_prices(&owner, &id).await;
    assert_eq!(prices.len(), 1, "an empty cell is the shop's price: {prices:?}");
    assert_eq!(prices[0].1, 22_50);
    let (_, now) = owner.get(&format!("/api/v1/products/{id}")).await;
    assert_eq!(now["hidden_at"], json!([]));
    let (_, runs) = owner.get("/api/v1/products/runs").await;
    assert_eq!(
        runs["items"][0]["changed"], 1,
        "one product, whatever of it: {runs}"
    );

    let (status, undone) = owner
        .post(
            &format!("/api/v1/products/runs/{run}/undo"),
            json!({"id": new_id()}),
        )
        .await;
    assert_eq!(
        (status.as_u16(), &undone["undone"], &undone["kept"]),
        (200, &json!(1), &json!(0))
    );
    assert_eq!(
        set_prices(&owner, &id).await,
        [(json!(airport), json!(45_00))],
        "taken back"
    );
    let (_, now) = owner.get(&format!("/api/v1/products/{id}")).await;
    assert_eq!(now["hidden_at"], json!([airport]));

    // Not sold there from the first, and every bad cell by its place.
    let file = "name,sku,price,price_at_airport_road,sold_at_airport_road\n\
                Cake,CAKE,90,95,no\nBun,BUN,10,dear,yes\nPie,PIE,10,-1,perhaps\n";
    let done = import(&owner, file.as_bytes(), "dry_run=false").await;
    let wrong: Vec<(&Value, &Value)> = done["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|one| (&one["row"], &one["column"]))
        .collect();
    let (price, sold) = (json!("price_at_airport_road"), json!("sold_at_airport_road"));
    assert_eq!(
        wrong,
        [(&json!(3), &price), (&json!(4), &price), (&json!(4), &sold)],
        "{done}"
    );
    let (_, found) = owner.get("/api/v1/products?q=cake").await;
    assert_eq!(found["items"][0]["hidden_at"], json!([airport]), "{found}");
}

#[tokio::test]
async fn branches_of_one_name_and_what_is_a_variant_of_something_hidden() {
    let (_node, owner, airport) = two_branches().await;
    let kiosk = new_id();
    let form = json!({"id": kiosk, "name": "Airport_Road"});
    assert_eq!(
        owner.post("/api/v1/branches", form).await.0,
        201,
        "another spelling, the same column"
    );
    let text = String::from_utf8(exported(&owner, "csv").await).expect("UTF-8");
    let header = text.lines().next().expect("a header").to_owned();
    let mine: Vec<&str> = header
        .split(',')
        .filter(|name| name.starts_with("sold_at_airport"))
        .collect();
    assert_eq!(mine.len(), 2);
    assert_ne!(
        mine[0], mine[1],
        "nobody's prices go to the wrong branch: {header}"
    );

    let shirt = json!({"id": new_id(), "name": "Shirt", "price_minor": 500_00});
    let (_, shirt) = owner.post("/api/v1/products", shirt).await;
    let shirt = shirt["id"].as_str().expect("an id").to_owned();
    let sizes = json!({"id": new_id(), "choices": [{"name": "Size", "values": ["S", "XL"]}]});
    let (_, made) = owner
        .post(&format!("/api/v1/products/{shirt}/variants"), sizes)
        .await;
    let small = made["variants"][0]["id"].as_str().expect("a variant").to_owned();
    let hidden = json!({"id": new_id(), "branch": airport, "sold": false});
    assert_eq!(
        owner
            .put(&format!("/api/v1/products/{shirt}/sold"), hidden)
            .await
            .0,
        200
    );
    let file = exported(&owner, "csv").await;
    let back = import(&owner, &file, "dry_run=false").await;
    assert_eq!(
        (&back["unchanged"], &back["wrong"]),
        (&back["rows"], &json!(0)),
        "{back}"
    );
    let end = airport.simple().to_string()[24..].to_owned();
    let (_, small) = owner.get(&format!("/api/v1/products/{small}")).await;
    let name = small["name"].as_str().expect("a name");
    let file = format!("name,price,sold_at_airport_road_{end}\n{name},500,yes\n");
    let said = import(&owner, file.as_bytes(), "dry_run=true").await;
    assert_eq!(
        said["errors"][0]["code"], "product_not_here",
        "its product is not sold there: {said}"
    );
}

#[tokio::test]
async fn somebody_of_one_branch_changes_nothing_at_another() {
    let (node, owner, airport) = two_branches().await;
    let (_, branches) = owner.get("/api/v1/branches").await;
    let here = branches["items"]
        .as_array()
        .expect("branches")
        .iter()
        .find(|one| one["here"] == true);
    let here = here.expect("this one")["id"].clone();
    let manager = json!({"id": new_id(), "name": "Meera", "role": "manager", "pin": "7531",
        "branches": [{"branch": here, "role": "manager"}, {"branch": airport, "role": "cashier"}]});
    let (status, meera) = owner.post("/api/v1/staff", manager).await;
    assert_eq!(status, 201, "{meera}");
    let window = node.window("meera");
    let (status, session) = window
        .post("/api/v1/sessions", json!({"staff": meera["id"], "pin": "7531"}))
        .await;
    assert_eq!(status, 201, "{session}");
    let meera = window.signed_in(&session);
    let tea = json!({"id": new_id(), "name": "Tea", "sku": "TEA", "price_minor": 20_00});
    let (_, tea) = owner.post("/api/v1/products", tea).await;
    let tea = tea["id"].as_str().expect("an id").to_owned();

    let text = String::from_utf8(exported(&meera, "csv").await).expect("UTF-8");
    assert!(
        text.contains("sold_at_main_branch") && !text.contains("airport"),
        "{text}"
    );
    let whole = exported(&owner, "csv").await;
    let back = import(&meera, &whole, "dry_run=false").await;
    assert_eq!(
        (&back["unchanged"], &back["wrong"]),
        (&back["rows"], &json!(0)),
        "what stays as it is, is nobody's: {back}"
    );
    let file = "name,sku,price,price_at_main_branch,price_at_airport_road,sold_at_airport_road\nTea,TEA,20,19,45,no\n";
    let said = import(&meera, file.as_bytes(), "dry_run=false").await;
    let wrong: Vec<(&Value, &Value)> = said["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|one| (&one["column"], &one["code"]))
        .collect();
    let no = json!("not_allowed");
    assert_eq!(
        wrong,
        [
            (&json!("price_at_airport_road"), &no),
            (&json!("sold_at_airport_road"), &no)
        ],
        "{said}"
    );
    assert_eq!(
        set_prices(&owner, &tea).await,
        [],
        "a row that has a fault stays out whole"
    );

    // The product's own page says the same.
    let asked = json!({"id": new_id(), "price_minor": 45_00, "branch": airport});
    assert_eq!(
        meera
            .post(&format!("/api/v1/products/{tea}/prices"), asked)
            .await
            .0,
        403
    );
    let hidden = json!({"id": new_id(), "branch": airport, "sold": false});
    assert_eq!(
        meera.put(&format!("/api/v1/products/{tea}/sold"), hidden).await.0,
        403
    );
    let file = "name,sku,price,price_at_main_branch,sold_at_main_branch\nTea,TEA,20,19,no\n";
    assert_eq!(
        import(&meera, file.as_bytes(), "dry_run=false").await["updated"],
        1
    );
}

#[tokio::test]
async fn a_change_of_many_prices_is_taken_back() {
    let (_node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 1_990).await;
    let form = json!({"name": "Tea", "price_minor": 1_990,
                      "units": [{"unit": "box", "holds": "10", "price_minor": 18_000}, {"unit": "pack", "holds": "2"}]});
    assert_eq!(owner.put(&format!("/api/v1/products/{tea}"), form).await.0, 200);
    let coffee = owner.product("Coffee", 3_000).await;
    let id = new_id();
    let body = json!({"id": id, "percent": "10", "round_to_minor": 100});
    let (_, done) = owner.post("/api/v1/products/prices", body).await;
    assert_eq!(done["run"], json!(id));
    let price = async |id| owner.get(&format!("/api/v1/products/{id}")).await.1;
    let dearer = price(tea).await;
    assert_eq!(
        (
            &dearer["price_minor"],
            &dearer["units"][0]["price_minor"],
            &dearer["units"][1]["price_minor"]
        ),
        (&json!(2_200), &json!(19_800), &json!(4_400)),
        "packs go along"
    );
    let mine = json!({"name": "Coffee", "price_minor": 2_500});
    assert_eq!(
        owner.put(&format!("/api/v1/products/{coffee}"), mine).await.0,
        200
    );
    let (_, undone) = owner
        .post(
            &format!("/api/v1/products/runs/{id}/undo"),
            json!({"id": new_id()}),
        )
        .await;
    assert_eq!(undone["kept"], 1, "{undone}");
    assert_eq!(price(tea).await["price_minor"], 1_990);
    assert_eq!(price(tea).await["units"][0]["price_minor"], 18_000);
    assert_eq!(
        price(coffee).await["price_minor"],
        2_500,
        "what somebody set since stays"
    );
}

#[tokio::test]
async fn undoing_an_import_takes_no_code_from_another_product() {
    let (node, owner) = Node::with_shop().await;
    let salt = json!({"id": new_id(), "name": "Salt", "sku": "SALT", "unit": "piece", "price_minor": 2_000,
                      "units": [{"unit": "box", "holds": "12", "barcodes": ["8901030865275"]}]});
    assert_eq!(owner.post("/api/v1/products", salt).await.0, 201);
    let csv = "name,sku,price,unit_2,unit_2_holds,unit_2_barcode\nSalt,SALT,25,box,12,8901030865282\n";
    let said = import(&owner, csv.as_bytes(), "name=salt.csv").await;
    assert_eq!(said["updated"], 1, "{said}");
    // The old code of the box is free, and goes onto something else.
    let sugar = json!({"id": new_id(), "name": "Sugar", "price_minor": 4_000, "barcodes": ["8901030865275"]});
    assert_eq!(owner.post("/api/v1/products", sugar).await.0, 201);
    let path = format!(
        "/api/v1/products/runs/{}/undo",
        said["run"].as_str().expect("a run")
    );
    let (status, undone) = owner.post(&path, json!({"id": new_id()})).await;
    assert_eq!(status, 200, "{undone}");
    assert_eq!((&undone["undone"], &undone["kept"]), (&json!(0), &json!(1)));
    let (_, scanned) = owner.post("/api/v1/scan", json!({"code": "8901030865275"})).await;
    assert_eq!(scanned["product"]["name"], "Sugar");
    assert!(node.faults().is_empty());
}

#[tokio::test]
async fn labels_come_as_sheets_of_stickers() {
    let (_node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 1_990).await;
    let ask = async |body: Value| {
        owner
            .fetch(
                Method::POST,
                "/api/v1/products/labels.pdf",
                "application/json",
                body.to_string().into_bytes(),
                &[("x-chandi", "1")],
            )
            .await
    };
    let (status, pdf) =
        ask(json!({"labels": [{"product": tea, "count": 30}], "stickers": 24, "skip": 5})).await;
    assert_eq!(status, 200);
    assert!(pdf.starts_with(b"%PDF-"));
    for wrong in [
        json!({"labels": [], "stickers": 24}),
        json!({"labels": [{"product": tea, "count": 0}], "stickers": 24}),
        json!({"labels": [{"product": tea, "count": 1}], "stickers": 7}),
        json!({"labels": [{"product": tea, "count": 1}], "stickers": 24, "skip": 24}),
        json!({"labels": [{"product": tea, "count": 4_000_000_000_u32}], "stickers": 24}),
        json!({"labels": [{"product": tea, "unit": "box", "count": 1}], "stickers": 24}),
    ] {
        assert_eq!(ask(wrong.clone()).await.0, 422, "{wrong}");
    }
    let (_, none) = owner
        .post(
            "/api/v1/products/labels",
            json!({"id": new_id(), "labels": [{"product": tea, "count": 1}]}),
        )
        .await;
    assert_eq!(none["error"]["code"], "no_printer");
}
