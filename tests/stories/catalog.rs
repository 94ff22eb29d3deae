//! Products and categories: hostile names, taken codes, imports that block nothing, and fifty thousand of them.

use serde_json::{Value, json};
use testkit::{Client, Method, Node, new_id};

async fn import(owner: &Client, csv: &[u8], dry_run: bool) -> Value {
    let path = format!("/api/v1/products/import?dry_run={dry_run}");
    let (status, answer) = owner
        .send(
            Method::POST,
            &path,
            "text/csv",
            csv.to_vec(),
            &[("x-chandi", "1")],
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn hostile_names_are_cleaned_or_refused_in_words() {
    let (_node, owner) = Node::with_shop().await;
    let add = async |name: &str| {
        owner
            .post(
                "/api/v1/products",
                json!({"id": new_id(), "name": name, "price_minor": 100}),
            )
            .await
    };
    let (status, product) = add("<script>alert(1)</script>").await;
    assert_eq!(
        (status.as_u16(), product["name"].as_str()),
        (201, Some("<script>alert(1)</script>")),
        "text is text"
    );
    let (_, product) = add("\u{202e}abc\u{2066}\u{0} d\u{7}").await;
    let name = product["name"].as_str().expect("a name");
    assert!(
        !name.contains(['\u{202e}', '\u{2066}', '\u{0}', '\u{7}']),
        "nothing that turns the line around: {name:?}"
    );
    assert_eq!(add("👩‍🍳 क्षि चाय").await.0, 201, "emoji and conjuncts live");
    for bad in ["", "   ", "\u{202e}", &"x".repeat(10_000)] {
        let (status, answer) = add(bad).await;
        assert_eq!(
            (status.as_u16(), answer["error"]["hints"]["field"].as_str()),
            (422, Some("name"))
        );
    }
    for price in [json!(-1), json!(i64::MAX)] {
        let (status, _) = owner
            .post(
                "/api/v1/products",
                json!({"id": new_id(), "name": "A", "price_minor": price}),
            )
            .await;
        assert_eq!(status, 422);
    }
}

#[tokio::test]
async fn writes_are_once_and_codes_are_one_products_only() {
    let (_node, owner) = Node::with_shop().await;
    let id = new_id();
    let body =
        json!({"id": id, "name": "Tea", "price_minor": 100, "barcodes": ["8901030865275"], "sku": "T-1"});
    let (status, first) = owner.post("/api/v1/products", body.clone()).await;
    assert_eq!(status, 201);
    assert_eq!(
        owner.post("/api/v1/products", body.clone()).await.1,
        first,
        "again is the same"
    );
    let mut other = body.clone();
    other["price_minor"] = json!(200);
    assert_eq!(
        owner.post("/api/v1/products", other).await.1["error"]["code"],
        "id_reused"
    );
    let mut second =
        json!({"id": new_id(), "name": "Coffee", "price_minor": 100, "barcodes": ["8901030865275"]});
    assert_eq!(
        owner.post("/api/v1/products", second.clone()).await.1["error"]["code"],
        "barcode_taken"
    );
    second["barcodes"] = json!([]);
    second["sku"] = json!("T-1");
    assert_eq!(
        owner.post("/api/v1/products", second.clone()).await.1["error"]["code"],
        "sku_taken"
    );
    let path = format!("/api/v1/products/{id}");
    assert!(owner.delete(&path).await.1["archived_at"].is_string());
    assert_eq!(
        owner.post("/api/v1/products", second).await.0,
        201,
        "an archived product gives its codes free"
    );
    let (status, answer) = owner
        .post(&format!("{path}/restore"), json!({"id": new_id()}))
        .await;
    assert_eq!(
        (status.as_u16(), answer["error"]["code"].as_str()),
        (409, Some("barcode_taken")),
        "and cannot come back with them"
    );
}

#[tokio::test]
async fn categories_stay_a_tree_and_keep_their_products() {
    let (_node, owner) = Node::with_shop().await;
    let add = async |name: &str, parent: Option<uuid::Uuid>| {
        let id = new_id();
        let (status, answer) = owner
            .post(
                "/api/v1/categories",
                json!({"id": id, "name": name, "hue": "teal", "parent": parent}),
            )
            .await;
        assert_eq!(status, 201, "{answer}");
        id
    };
    let drinks = add("Cold", None).await;
    let lassi = add("Lassi", Some(drinks)).await;
    let loops = json!({"name": "Cold", "hue": "teal", "parent": lassi});
    assert_eq!(
        owner.put(&format!("/api/v1/categories/{drinks}"), loops).await.1["error"]["code"],
        "category_loop"
    );
    assert_eq!(
        owner.delete(&format!("/api/v1/categories/{drinks}")).await.1["error"]["code"],
        "category_in_use"
    );
    assert_eq!(owner.delete(&format!("/api/v1/categories/{lassi}")).await.0, 200);
    assert_eq!(owner.delete(&format!("/api/v1/categories/{drinks}")).await.0, 200);
}

#[tokio::test]
async fn a_bad_row_blocks_only_itself_and_a_dry_run_changes_nothing() {
    let (_node, owner) = Node::with_shop().await;
    let csv = "\u{feff}Name;SKU;Price;Unit;Category\nTea;I-1;20,00;cup;Hot\nNothing;I-2;;cup;Hot\nRice;I-3;abc;kg;Dry\nDal;I-4;90.50;kg;Dry\nSalt;I-5;10;stone;Dry\n";
    let said = import(&owner, csv.as_bytes(), true).await;
    assert_eq!(
        (&said["rows"], &said["created"]),
        (&json!(5), &json!(2)),
        "{said}"
    );
    let rows: Vec<u64> = said["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .filter_map(|e| e["row"].as_u64())
        .collect();
    assert_eq!(rows, [3, 4, 6], "as the spreadsheet counts");
    assert_eq!(
        owner.get("/api/v1/products?q=Dal").await.1["items"],
        json!([]),
        "a dry run changes nothing"
    );
    assert_eq!(import(&owner, csv.as_bytes(), false).await["created"], 2);
    let again = import(&owner, csv.as_bytes(), false).await;
    assert_eq!(
        (&again["created"], &again["unchanged"]),
        (&json!(0), &json!(2)),
        "the same file again is no news"
    );
    let changed = import(&owner, b"name,sku,price\nDal,I-4,95\n", false).await;
    assert_eq!(changed["updated"], 1);
    assert_eq!(
        owner.get("/api/v1/products?q=Dal").await.1["items"][0]["price_minor"],
        9_500
    );
    for bad in [&b"\xff\xfe\x00"[..], b"a,b\n1,2\n", b"PK\x03\x04rubbish", b""] {
        let (status, answer) = owner
            .send(
                Method::POST,
                "/api/v1/products/import",
                "text/csv",
                bad.to_vec(),
                &[("x-chandi", "1")],
            )
            .await;
        assert_eq!(
            (status.as_u16(), answer["error"]["code"].as_str()),
            (422, Some("import_unreadable"))
        );
    }
}

#[tokio::test]
async fn prices_change_together_after_a_look() {
    let (_node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 1_990).await;
    let body = |dry_run| json!({"id": new_id(), "percent": "5", "round_to_minor": 100, "dry_run": dry_run});
    let (_, plan) = owner.post("/api/v1/products/prices", body(true)).await;
    assert_eq!(
        owner.get(&format!("/api/v1/products/{tea}")).await.1["price_minor"],
        1_990
    );
    let (_, done) = owner.post("/api/v1/products/prices", body(false)).await;
    assert_eq!(plan["changed"], done["changed"], "what was shown is what is done");
    assert_eq!(
        owner.get(&format!("/api/v1/products/{tea}")).await.1["price_minor"],
        2_100
    );
}

#[tokio::test]
async fn fifty_thousand_products_are_found_with_slips_and_paged_without_a_gap() {
    let (_node, owner) = Node::with_shop().await;
    let mut csv = String::from("name,sku,barcode,price,unit,category\n");
    for i in 0..50_000 {
        let kind = ["Samosa", "Jalebi", "Kachori", "Rasmalai", "Dosa"][i % 5];
        csv.push_str(&format!(
            "Village {kind} {i},S{i:05},77{i:08},{}.50,piece,Range {}\n",
            10 + i % 90,
            i % 9
        ));
    }
    assert_eq!(import(&owner, csv.as_bytes(), false).await["created"], 50_000);
    let found = async |q: &str| {
        let (_, page) = owner.get(&format!("/api/v1/products?limit=20&q={q}")).await;
        page["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|p| p["name"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(
        found("kachori%204202")
            .await
            .iter()
            .any(|n| n == "Village Kachori 4202")
    );
    assert!(
        found("rasmlai").await.iter().any(|n| n.contains("Rasmalai")),
        "a letter left out"
    );
    assert_eq!(
        found("S00007").await.first().map(String::as_str),
        Some("Village Kachori 7")
    );
    for hostile in [
        "%22",
        "*",
        "NEAR(",
        "'%3B%20drop%20table%20product%3B--",
        "%25%5F",
        "AND%20OR%20NOT",
        "%00",
    ] {
        found(hostile).await;
    }
    let (_, catalog) = owner.get("/api/v1/catalog").await;
    assert_eq!(
        (catalog["products"].as_array().map(Vec::len), &catalog["more"]),
        (Some(500), &json!(true))
    );
    let (mut ids, mut after) = (std::collections::HashSet::new(), String::new());
    loop {
        let (_, page) = owner
            .get(&format!("/api/v1/products?limit=500&sort=name{after}"))
            .await;
        for product in page["items"].as_array().expect("items") {
            assert!(ids.insert(product["id"].to_string()), "no product twice");
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(
        ids.len(),
        50_024,
        "and none is left out: the 24 samples stand among them"
    );
}
