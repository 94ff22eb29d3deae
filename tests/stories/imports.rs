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
