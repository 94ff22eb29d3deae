//! Two branches of one shop: what they share, what each has of its own, and what they know of each other once they met.

use serde_json::{Value, json};
use testkit::{Client, Node, OWNER_PIN, new_id};
use uuid::Uuid;

/// The name of the second one.
const AIRPORT: &str = "Airport";

async fn get(person: &Client, path: &str) -> Value {
    let (status, answer) = person.get(path).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

async fn open_branch(owner: &Client, more: Value) -> Uuid {
    let id = new_id();
    let mut form = json!({"id": id, "name": AIRPORT});
    if let (Some(form), Some(more)) = (form.as_object_mut(), more.as_object()) {
        form.extend(more.clone());
    }
    let (status, answer) = owner.post("/api/v1/branches", form).await;
    assert_eq!(status, 201, "{answer}");
    id
}

/// A shop of two branches, a till in each, and its owner signed in at both.
async fn two() -> (Node, Client, Node, Client, Uuid) {
    let (here, owner) = Node::with_shop().await;
    let airport = open_branch(&owner, json!({})).await;
    let there = here.another_at(airport);
    let away = owner_at(&there, &owner).await;
    here.meet(&there);
    (here, owner, there, away, airport)
}

async fn owner_at(node: &Node, owner: &Client) -> Client {
    let staff = get(owner, "/api/v1/staff").await["items"][0]["id"].clone();
    let window = node.window("cashier");
    let body = json!({"staff": staff, "pin": OWNER_PIN});
    let (status, answer) = window.post("/api/v1/sessions", body).await;
    assert_eq!(status, 201, "{answer}");
    window.signed_in(&answer)
}

async fn own_branch(owner: &Client) -> String {
    let branches = get(owner, "/api/v1/branches").await;
    let found = branches["items"]
        .as_array()
        .expect("branches")
        .iter()
        .find(|one| one["here"] == true);
    found.expect("the own one")["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

async fn set(owner: &Client, key: &str, at: &str, value: Value) -> Value {
    let body = json!({"id": new_id(), "value": value});
    let (status, answer) = owner.put(&format!("/api/v1/settings/{key}{at}"), body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn setting(person: &Client, key: &str, query: &str) -> Value {
    let all = get(person, &format!("/api/v1/settings{query}")).await;
    let found = all["items"]
        .as_array()
        .expect("settings")
        .iter()
        .find(|one| one["key"] == key);
    found.expect("a setting").clone()
}

#[tokio::test]
async fn a_shop_of_one_branch_is_told_nothing_of_branches() {
    let (_node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 20_00).await;
    let order = owner.sell(&[(tea, "1")]).await;
    assert_eq!(order["branch"], Value::Null);
    let branches = get(&owner, "/api/v1/branches").await;
    assert_eq!(branches["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&branches["items"][0]["here"], &branches["items"][0]["devices"]),
        (&json!(true), &json!(1))
    );
    let id = own_branch(&owner).await;
    let form = json!({"id": new_id(), "name": "Main branch", "closed": true});
    let (status, answer) = owner.put(&format!("/api/v1/branches/{id}"), form).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (409, &json!("branch_in_use"))
    );
}

#[tokio::test]
async fn an_owner_opens_a_branch_and_nobody_else_does() {
    let (node, owner) = Node::with_shop().await;
    let form = json!({"id": new_id(), "name": AIRPORT, "address": "Terminal 2\nGate 40", "phone": "022 1234",
        "region": "29", "zone": "Asia/Dubai"});
    let manager = node.counter(&owner, "Meera", "manager").await;
    assert_eq!(manager.post("/api/v1/branches", form.clone()).await.0, 403);
    let (status, opened) = owner.post("/api/v1/branches", form.clone()).await;
    assert_eq!(status, 201, "{opened}");
    assert_eq!(
        owner.post("/api/v1/branches", form.clone()).await.0,
        201,
        "the same again is the same"
    );
    assert_eq!(
        (
            &opened["address"],
            &opened["zone"],
            &opened["region"],
            &opened["devices"]
        ),
        (
            &json!("Terminal 2\nGate 40"),
            &json!("Asia/Dubai"),
            &json!("29"),
            &json!(0)
        )
    );
    let twin = json!({"id": new_id(), "name": "airport"});
    let (status, answer) = owner.post("/api/v1/branches", twin).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["hints"]["field"]),
        (422, &json!("name"))
    );
    let nowhere = json!({"id": new_id(), "name": "Moon", "zone": "Moon/Crater"});
    let (status, answer) = owner.post("/api/v1/branches", nowhere).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["hints"]["field"]),
        (422, &json!("zone"))
    );

    let id = opened["id"].as_str().expect("an id").to_owned();
    let closed = json!({"id": new_id(), "name": AIRPORT, "closed": true});
    let (status, answer) = owner.put(&format!("/api/v1/branches/{id}"), closed).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer["closed_at"].is_string(), "{answer}");
    assert_eq!(answer["zone"], "Asia/Dubai", "what a form leaves out stays");
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn each_branch_sells_and_the_owner_sees_both() {
    let (here, owner, there, away, airport) = two().await;
    let tea = owner.product("Tea", 20_00).await;
    here.meet(&there);
    let first = owner.sell(&[(tea, "1")]).await;
    let second = away.sell(&[(tea, "3")]).await;
    assert_eq!(second["branch"]["name"], AIRPORT);
    assert_ne!(
        first["document"], second["document"],
        "each has a series of its own"
    );
    here.meet(&there);

    let main = own_branch(&owner).await;
    let sold = async |query: &str| get(&owner, &format!("/api/v1/today{query}")).await["sold_minor"].clone();
    assert_eq!(
        sold("").await,
        20_00,
        "one's own branch unless another is asked for"
    );
    assert_eq!(sold(&format!("?branch={airport}")).await, 60_00);
    assert_eq!(sold("?branch=all").await, 80_00);
    let orders = get(&owner, &format!("/api/v1/orders?branch={airport}")).await;
    assert_eq!(orders["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(orders["items"][0]["id"], second["id"]);
    let all = get(&away, "/api/v1/orders").await;
    assert_eq!(
        all["items"].as_array().map(Vec::len),
        Some(2),
        "orders of all branches are everywhere"
    );
    let mains = get(&away, &format!("/api/v1/orders?branch={main}")).await;
    assert_eq!(mains["items"][0]["id"], first["id"]);

    // A token is redeemed where it was sold.
    let (status, answer) = owner.redeem(&second).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (422, &json!("token_other_branch"))
    );
    let body = json!({"id": new_id(), "code": second["token"]["number"]});
    let (status, answer) = owner.post("/api/v1/tokens/redeem", body).await;
    if second["token"]["number"] != first["token"]["number"] {
        assert_eq!(
            (status.as_u16(), &answer["error"]["code"]),
            (422, &json!("number_unknown"))
        );
    }
    assert_eq!(away.redeem(&second).await.0, 200);

    // A shift knows where it was.
    let opened = json!({"id": new_id(), "floats": []});
    assert_eq!(away.post("/api/v1/shifts", opened).await.0, 201);
    here.meet(&there);
    let shifts = get(&owner, &format!("/api/v1/shifts?branch={airport}")).await;
    assert_eq!(shifts["items"][0]["branch"]["name"], AIRPORT);
    let none = get(&owner, &format!("/api/v1/shifts?branch={main}")).await;
    assert_eq!(none["items"].as_array().map(Vec::len), Some(0));
    for node in [&here, &there] {
        assert_eq!(node.faults(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_branch_has_settings_otherwise_than_the_shop() {
    let (here, owner, there, away, airport) = two().await;
    let at = |scope: &str| format!("?branch={airport}&scope={scope}");
    set(&owner, "receipt.footer", "?scope=shop", json!("Come again")).await;
    set(&owner, "discount.cashier_percent", &at("branch"), json!(25)).await;
    here.meet(&there);
    let footer = setting(&away, "receipt.footer", "").await;
    assert_eq!(
        (&footer["value"], &footer["set_at"]),
        (&json!("Come again"), &json!("shop"))
    );
    let percent = setting(&away, "discount.cashier_percent", "").await;
    assert_eq!(
        (&percent["value"], &percent["set_at"], &percent["inherited"]),
        (&json!(25), &json!("branch"), &json!(10))
    );
    assert_eq!(
        setting(&owner, "discount.cashier_percent", "").await["value"],
        10,
        "the other is not touched"
    );

    let back = set(&owner, "discount.cashier_percent", &at("branch"), Value::Null).await;
    assert_eq!((&back["value"], &back["set_at"]), (&json!(10), &Value::Null));
    here.meet(&there);
    assert_eq!(setting(&away, "discount.cashier_percent", "").await["value"], 10);

    let body = json!({"id": new_id(), "value": "light"});
    let (status, answer) = owner
        .put(&format!("/api/v1/settings/shop.name{}", at("branch")), body)
        .await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["hints"]["field"]),
        (422, &json!("scope")),
        "a shop has one name"
    );
    let body = json!({"id": new_id(), "value": "3600"});
    let (status, _) = owner
        .put(
            &format!("/api/v1/settings/lock.idle_seconds{}", at("counter")),
            body,
        )
        .await;
    assert_eq!(status, 422, "what a counter says, only the counter says");
    // Without a word where, what is in force here is what changes.
    set(&away, "lock.idle_seconds", "?scope=counter", json!(60)).await;
    set(&away, "lock.idle_seconds", "", json!(90)).await;
    assert_eq!(setting(&away, "lock.idle_seconds", "").await["set_at"], "counter");
    assert_eq!(setting(&owner, "lock.idle_seconds", "").await["value"], 300);
}

#[tokio::test]
async fn a_branch_asks_its_own_price_and_leaves_things_out() {
    let (here, owner, there, away, airport) = two().await;
    let tea = owner.product("Tea", 20_00).await;
    let cake = owner.product("Cake", 90_00).await;
    let price = json!({"id": new_id(), "price_minor": 45_00, "branch": airport});
    let (status, answer) = owner.post(&format!("/api/v1/products/{tea}/prices"), price).await;
    assert_eq!(status, 201, "{answer}");
    let lost = json!({"id": new_id(), "price_minor": 45_00, "branch": new_id()});
    assert_eq!(
        owner
            .post(&format!("/api/v1/products/{tea}/prices"), lost)
            .await
            .0,
        422
    );
    let hide = json!({"id": new_id(), "branch": airport, "sold": false});
    let (status, answer) = owner.put(&format!("/api/v1/products/{cake}/sold"), hide).await;
    assert_eq!(
        (status.as_u16(), &answer["hidden_here"]),
        (200, &json!(false)),
        "{answer}"
    );
    here.meet(&there);

    // The tiles and what is found show what the cart asks, there and here.
    for (till, price) in [(&owner, 20_00), (&away, 45_00)] {
        let grid = get(till, "/api/v1/catalog").await;
        let found = get(till, "/api/v1/products?q=tea").await;
        let scanned = get(till, &format!("/api/v1/products/{tea}/choices")).await;
        for one in [&grid["products"], &found["items"]] {
            let products = one.as_array().expect("products").iter();
            let tile = products.clone().find(|one| one["id"] == json!(tea));
            let tile = tile.expect("its tile");
            assert_eq!(
                (&tile["here_minor"], &tile["price_minor"]),
                (&json!(price), &json!(20_00)),
                "{tile}"
            );
        }
        assert_eq!(scanned["product"]["here_minor"], price);
        let cart = till.add_to_cart(tea, "1").await;
        assert_eq!(cart["total_minor"], price, "what the tile says is asked");
    }

    assert_eq!(owner.sell(&[(tea, "1")]).await["total_minor"], 20_00);
    let order = away.sell(&[(tea, "2")]).await;
    assert_eq!(
        (&order["total_minor"], &order["lines"][0]["price_source"]),
        (&json!(90_00), &json!("branch"))
    );
    let shown = get(&away, &format!("/api/v1/products/{cake}")).await;
    assert_eq!(
        (&shown["hidden_here"], &shown["hidden_at"]),
        (&json!(true), &json!([airport]))
    );
    let body = json!({"id": new_id(), "lines": [{"product": cake}], "tenders": [{"id": new_id(), "method": "cash"}]});
    let (status, answer) = away.post("/api/v1/orders", body).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (422, &json!("product_not_here"))
    );
    assert_eq!(owner.sell(&[(cake, "1")]).await["total_minor"], 90_00);

    let again = json!({"id": new_id(), "branch": airport, "sold": true});
    assert_eq!(
        owner.put(&format!("/api/v1/products/{cake}/sold"), again).await.0,
        200
    );
    here.meet(&there);
    assert_eq!(away.sell(&[(cake, "1")]).await["total_minor"], 90_00);
    for node in [&here, &there] {
        assert_eq!(node.faults(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_branch_in_another_state_has_a_number_and_taxes_of_its_own() {
    let (here, owner) = Node::with_shop().await;
    set(&owner, "shop.region", "", json!("27")).await;
    set(&owner, "shop.tax_number", "", json!("27AAPFU0939F1ZV")).await;
    let airport = open_branch(&owner, json!({"region": "29", "tax_number": "29AAGCB7383J1Z4"})).await;
    let there = here.another_at(airport);
    let away = owner_at(&there, &owner).await;
    let tea = owner.product("Tea", 20_00).await;
    here.meet(&there);
    let main = owner.sell(&[(tea, "1")]).await;
    let order = away.sell(&[(tea, "1")]).await;
    assert_eq!(
        (&main["place_of_supply"], &order["place_of_supply"]),
        (&json!("27"), &json!("29"))
    );
    here.meet(&there);
    let report =
        async |query: &str| get(&owner, &format!("/api/v1/reports/gstr1?month=2026-11{query}")).await;
    let of_shop = report("").await;
    assert_eq!(of_shop["gstin"], "27AAPFU0939F1ZV");
    assert_eq!(of_shop["gstins"], json!(["27AAPFU0939F1ZV", "29AAGCB7383J1Z4"]));
    let of_airport = report("&gstin=29AAGCB7383J1Z4").await;
    assert_eq!(of_airport["gstin"], "29AAGCB7383J1Z4");

    // A dated number of the branch goes before what its settings name.
    let dated = json!({"id": new_id(), "number": "29AAACR5055K1Z3", "from": "2026-11-01", "branch": airport});
    let (status, answer) = owner.post("/api/v1/taxes/identities", dated).await;
    assert_eq!(status, 201, "{answer}");
    here.meet(&there);
    away.sell(&[(tea, "1")]).await;
    here.meet(&there);
    let of_shop = report("").await;
    assert!(
        of_shop["gstins"].to_string().contains("29AAACR5055K1Z3"),
        "{of_shop}"
    );
    assert_eq!(
        of_shop["gstin"], "27AAPFU0939F1ZV",
        "the first branch keeps its own"
    );
}

#[tokio::test]
async fn people_work_where_they_work() {
    let (here, owner, there, away, airport) = two().await;
    let meera = new_id();
    let form = json!({"id": meera, "name": "Meera", "role": "cashier", "pin": "3571",
        "branches": [{"branch": airport, "role": "manager"}]});
    let (status, answer) = owner.post("/api/v1/staff", form).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(answer["branches"][0]["role"], "manager");
    here.meet(&there);
    let sign_in = json!({"staff": meera, "pin": "3571", "seat": new_id()});
    let (status, answer) = here
        .browser("127.0.0.1:4200")
        .post("/api/v1/sessions", sign_in.clone())
        .await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (403, &json!("staff_elsewhere"))
    );
    let lock = get(&here.browser("127.0.0.1:4200"), "/api/v1/lock").await;
    assert!(
        !lock.to_string().contains("Meera"),
        "who works elsewhere is not asked for a PIN here"
    );
    let browser = there.browser("127.0.0.1:4200");
    let (status, answer) = browser.post("/api/v1/sessions", sign_in).await;
    assert_eq!(
        (status.as_u16(), &answer["staff"]["role"]),
        (201, &json!("manager"))
    );
    let meera_there = browser.signed_in(&answer);
    get(&meera_there, "/api/v1/today").await;

    // The owner makes her a cashier there, far away: her session ends when the news arrive.
    let edit =
        json!({"name": "Meera", "role": "cashier", "branches": [{"branch": airport, "role": "cashier"}]});
    assert_eq!(owner.put(&format!("/api/v1/staff/{meera}"), edit).await.0, 200);
    get(&meera_there, "/api/v1/today").await;
    here.meet(&there);
    assert_eq!(meera_there.get("/api/v1/today").await.0, 401);
    get(&away, "/api/v1/today").await;

    let owners =
        json!({"name": "Meera", "role": "cashier", "branches": [{"branch": airport, "role": "owner"}]});
    assert_eq!(
        owner.put(&format!("/api/v1/staff/{meera}"), owners).await.0,
        422,
        "an owner is one everywhere"
    );
}

#[tokio::test]
async fn a_customers_credit_is_the_whole_shops() {
    let (here, owner, there, away, _) = two().await;
    let customer = new_id();
    let form = json!({"id": customer, "name": "Ravi", "limit_minor": 30_00});
    let (status, answer) = owner.post("/api/v1/customers", form).await;
    assert_eq!(status, 201, "{answer}");
    here.meet(&there);
    let keys = here
        .shop()
        .keys_of(&there.shop().customers_to_open(10).expect("closed ones"))
        .expect("keys");
    there.shop().take_in_keys(&keys).expect("learnt");
    let seen = get(&away, &format!("/api/v1/customers/{customer}")).await;
    assert_eq!(seen["name"], "Ravi");
    let tea = owner.product("Tea", 20_00).await;
    here.meet(&there);
    let buy = |who: Client| async move {
        let body = json!({"id": new_id(), "customer": customer, "lines": [{"product": tea}],
            "tenders": [{"id": new_id(), "method": "account"}]});
        who.post("/api/v1/orders", body).await
    };
    let (status, answer) = buy(away.clone()).await;
    assert_eq!(status, 201, "{answer}");
    here.meet(&there);
    let account = get(&owner, &format!("/api/v1/customers/{customer}/account")).await;
    assert_eq!(
        account["balance_minor"], 20_00,
        "what was bought at one branch is owed to the shop: {account}"
    );
    let (status, answer) = buy(owner.clone()).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (422, &json!("credit_limit")),
        "the limit is one for all branches: {answer}"
    );
}
