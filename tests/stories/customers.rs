//! Customers: one person is one record, what is theirs stays theirs, and being forgotten leaves the books whole.

use reqwest::StatusCode;
use serde_json::{Value, json};
use std::path::Path;
use testkit::{Client, Node, new_id};
use uuid::Uuid;

/// A customer with a name, and what more the form shall say.
async fn customer(person: &Client, name: &str, more: Value) -> (StatusCode, Value) {
    let mut form = json!({"id": new_id(), "name": name});
    if let (Some(form), Some(more)) = (form.as_object_mut(), more.as_object()) {
        form.extend(more.clone());
    }
    person.post("/api/v1/customers", form).await
}

fn path(customer: &Value, what: &str) -> String {
    format!(
        "/api/v1/customers/{}{what}",
        customer["id"].as_str().expect("an id")
    )
}

/// The form that would change nothing.
fn form_of(customer: &Value) -> Value {
    json!({
        "name": customer["name"], "phones": customer["phones"], "email": customer["email"],
        "type": customer["type"], "segment": customer["segment"], "level": customer["level"],
        "region": customer["region"], "tax_numbers": customer["tax_numbers"], "addresses": customer["addresses"],
        "note": customer["note"], "limit_minor": customer["limit_minor"], "terms_days": customer["terms_days"],
        "language": customer["language"],
    })
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["id"].as_str())
        .collect()
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

/// An order with a phone number on it.
async fn called(person: &Client, product: Uuid, phone: &str) -> Value {
    let (status, order) = person
        .post(
            "/api/v1/orders",
            json!({
                "id": new_id(), "lines": [{"product": product, "quantity": "2"}], "phone": phone,
                "tenders": [{"id": new_id(), "method": "cash"}]
            }),
        )
        .await;
    assert_eq!(status, 201, "{order}");
    order
}

#[tokio::test]
async fn a_customer_is_found_by_any_beginning_and_by_the_end_of_the_phone() {
    let (node, owner) = Node::with_shop().await;
    let (status, asha) = customer(
        &owner,
        "Asha Rao",
        json!({
            "phones": ["98765 43210"], "email": "Asha.Rao@example.in",
            "tax_numbers": [{"number": "27aapfu0939f1zv"}],
        }),
    )
    .await;
    assert_eq!(status, 201, "{asha}");
    assert_eq!(asha["phones"], json!(["+919876543210"]), "one spelling");
    assert_eq!(asha["region"], "27", "the State that the tax number names");
    customer(&owner, "Ashok Mehta", json!({})).await;
    for typed in [
        "asha r",
        "rao asha",
        "98765 43",
        "+91 98765",
        "09876",
        "3210",
        "27AAPFU",
        "asha.rao@ex",
        "आशा",
    ] {
        let (_, found) = owner
            .get(&format!(
                "/api/v1/customers?q={}",
                typed.replace(' ', "%20").replace('+', "%2B")
            ))
            .await;
        if typed == "आशा" {
            assert_eq!(ids(&found), Vec::<&str>::new(), "nobody wrote it so: {found}");
        } else {
            assert_eq!(
                ids(&found),
                [asha["id"].as_str().expect("an id")],
                "{typed}: {found}"
            );
        }
    }
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn pages_go_through_everybody_once_in_every_order() {
    let (_node, owner) = Node::with_shop().await;
    for n in 0..7 {
        let kind = if n % 2 == 0 { "retail" } else { "Wholesale" };
        let (status, _) = customer(&owner, &format!("Customer {}", 7 - n), json!({"type": kind})).await;
        assert_eq!(status, 201);
    }
    for sort in ["name", "newest", "owing"] {
        let mut seen: Vec<String> = vec![];
        let mut after = String::new();
        loop {
            let (_, page) = owner
                .get(&format!("/api/v1/customers?sort={sort}&limit=3{after}"))
                .await;
            seen.extend(ids(&page).into_iter().map(str::to_owned));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        assert_eq!((seen.len(), once.len()), (7, 7), "{sort}");
    }
    let (_, wholesale) = owner.get("/api/v1/customers?type=wholesale").await;
    assert_eq!(ids(&wholesale).len(), 3, "types are spelled one way");
    let (status, answer) = owner.get("/api/v1/customers?after=nonsense").await;
    assert_eq!((status.as_u16(), code(&answer)), (422, "field_invalid"));
}

#[tokio::test]
async fn a_voice_on_the_phone_gets_a_name_and_keeps_its_orders() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let order = called(&owner, tea, "98765 43210").await;
    let (_, guests) = owner.get("/api/v1/customers?guests=true").await;
    assert_eq!(guests["items"][0]["phone"], "+919876543210");
    assert_eq!(guests["items"][0]["name"], Value::Null);

    let (status, asha) = customer(&owner, "Asha Rao", json!({"phones": ["+919876543210"]})).await;
    assert_eq!(status, 201, "{asha}");
    assert_eq!(asha["orders"], 1, "the order of the voice is hers: {asha}");
    let (_, history) = owner.get(&path(&asha, "/orders")).await;
    assert_eq!(ids(&history), [order["id"].as_str().expect("an id")]);
    let (_, all) = owner.get("/api/v1/customers").await;
    assert_eq!(ids(&all).len(), 1, "the guest is she: {all}");

    called(&owner, tea, "9876543210").await;
    let (_, asha) = owner.get(&path(&asha, "")).await;
    assert_eq!(
        (&asha["orders"], &asha["bought_minor"], &asha["average_minor"]),
        (&json!(2), &json!(8_000), &json!(4_000)),
        "the next call is hers too"
    );
    let (status, answer) = customer(&owner, "Somebody Else", json!({"phones": ["9876543210"]})).await;
    assert_eq!((status.as_u16(), code(&answer)), (409, "customer_phone_taken"));
    assert_eq!(answer["error"]["hints"]["name"], "Asha Rao");
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn two_tax_numbers_by_the_calendar_year_and_never_two_on_a_day() {
    let (_node, owner) = Node::with_shop().await;
    let numbers = |until: &str| {
        json!({"tax_numbers": [
            {"number": "29AAGCB7383J1Z4", "from": "2027-01-01"},
            {"number": "27AAPFU0939F1ZV", "until": until},
        ]})
    };
    let (status, company) = customer(&owner, "Bright Traders", numbers("2026-12-31")).await;
    assert_eq!(status, 201, "{company}");
    assert_eq!(company["tax_number"], "27AAPFU0939F1ZV", "the one of this year");
    let (status, answer) = customer(&owner, "Overlap", numbers("2027-01-01")).await;
    assert_eq!((status.as_u16(), code(&answer)), (422, "field_invalid"));
    let (status, answer) = customer(
        &owner,
        "Slip of the pen",
        json!({"tax_numbers": [{"number": "27AAPFU0939F1ZX"}]}),
    )
    .await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["hints"]["expected"]),
        (422, &json!("V")),
        "a wrong check character is told its right one"
    );
}

#[tokio::test]
async fn agreeing_to_hear_news_is_noted_with_the_day_and_the_person() {
    let (node, owner) = Node::with_shop().await;
    let (_, asha) = customer(&owner, "Asha Rao", json!({"consents": {"email": true}})).await;
    let first = asha["consents"][0].clone();
    assert_eq!(
        (&first["channel"], &first["given"]),
        (&json!("email"), &json!(true))
    );
    assert!(first["by"].is_string(), "{first}");
    node.clock.forward(60_000);
    let mut form = form_of(&asha);
    form["consents"] = json!({"email": true, "call": false});
    let (_, asha) = owner.put(&path(&asha, ""), form.clone()).await;
    let of = |channel: &str| {
        let all = asha["consents"].as_array().expect("a list");
        all.iter().find(|one| one["channel"] == channel).cloned()
    };
    assert_eq!(of("email"), Some(first.clone()), "saying it again changes no day");
    assert_eq!(of("call").map(|one| one["given"].clone()), Some(json!(false)));
    assert_eq!(of("message"), None, "nobody asked");
    form["consents"] = json!({"email": false});
    let (_, asha) = owner.put(&path(&asha, ""), form).await;
    assert_eq!(asha["consents"][1]["given"], false);
    assert_ne!(
        asha["consents"][1]["at"], first["at"],
        "taking it back has a day of its own"
    );
}

#[tokio::test]
async fn a_cashier_writes_names_and_no_credit() {
    let (node, owner) = Node::with_shop().await;
    let cashier = node.counter(&owner, "Meena", "cashier").await;
    let (status, asha) = customer(&cashier, "Asha Rao", json!({"phones": ["9876543210"]})).await;
    assert_eq!(status, 201, "{asha}");
    for more in [
        json!({"limit_minor": 1}),
        json!({"segment": "vip"}),
        json!({"type": "wholesale"}),
        json!({"level": "wholesale"}),
        json!({"terms_days": 30}),
    ] {
        let (status, answer) = customer(&cashier, "Richer", more.clone()).await;
        assert_eq!((status.as_u16(), code(&answer)), (403, "not_allowed"), "{more}");
    }
    let mut form = form_of(&asha);
    form["limit_minor"] = json!(50_000);
    let (status, rich) = owner.put(&path(&asha, ""), form.clone()).await;
    assert_eq!((status.as_u16(), &rich["limit_minor"]), (200, &json!(50_000)));
    form["name"] = json!("Asha Rao-Mehta");
    let (status, _) = cashier.put(&path(&asha, ""), form).await;
    assert_eq!(status, 200, "a name beside a limit that stands as it was");
    for (method, what) in [
        ("erase", json!({"id": new_id(), "reason": "no"})),
        (
            "adjustments",
            json!({"id": new_id(), "kind": "opening", "amount_minor": 1, "reason": "x"}),
        ),
    ] {
        let (status, _) = cashier.post(&path(&asha, &format!("/{method}")), what).await;
        assert_eq!(status, 403, "{method}");
    }
    let sales = node.counter(&owner, "Sita", "sales").await;
    assert_eq!(sales.get("/api/v1/customers").await.0, 403);
}

#[tokio::test]
async fn merging_gives_the_survivor_what_they_lacked_and_both_histories() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let (_, asha) = customer(
        &owner,
        "Asha Rao",
        json!({"phones": ["9876543210"], "note": "likes it hot"}),
    )
    .await;
    let (_, twin) = customer(
        &owner,
        "A. Rao",
        json!({
            "phones": ["9876500000"], "email": "asha@example.in", "limit_minor": 10_000, "terms_days": 15,
            "tax_numbers": [{"number": "27AAPFU0939F1ZV"}],
            "addresses": [{"label": "home", "street": "1 Lake Road", "city": "Pune", "postal_code": "411001"}],
        }),
    )
    .await;
    called(&owner, tea, "9876543210").await;
    called(&owner, tea, "9876500000").await;
    let opening =
        json!({"id": new_id(), "kind": "opening", "amount_minor": 7_000, "reason": "from the old book"});
    let (status, _) = owner.post(&path(&twin, "/adjustments"), opening).await;
    assert_eq!(status, 200);
    let (_, before) = owner.get("/api/v1/accounts/ageing").await;

    let merge = json!({"id": new_id(), "from": twin["id"], "into": asha["id"]});
    let (status, one) = owner.post("/api/v1/customers/merge", merge.clone()).await;
    assert_eq!(status, 200, "{one}");
    assert_eq!(one["name"], "Asha Rao");
    assert_eq!(one["phones"], json!(["+919876543210", "+919876500000"]));
    assert_eq!(
        (
            &one["email"],
            &one["limit_minor"],
            &one["tax_number"],
            &one["addresses"][0]["city"]
        ),
        (
            &json!("asha@example.in"),
            &json!(10_000),
            &json!("27AAPFU0939F1ZV"),
            &json!("Pune")
        )
    );
    assert_eq!(
        (&one["orders"], &one["balance_minor"]),
        (&json!(2), &json!(7_000))
    );
    assert_eq!(one["merged"], json!([twin["id"]]));
    assert_eq!(
        owner.post("/api/v1/customers/merge", merge).await,
        (StatusCode::OK, one.clone()),
        "twice is once"
    );
    let (_, old) = owner.get(&path(&twin, "")).await;
    assert_eq!(old["id"], asha["id"], "the old name leads to who she is now");
    let (_, page) = owner.get("/api/v1/customers").await;
    assert_eq!(ids(&page), [asha["id"].as_str().expect("an id")]);
    let (_, after) = owner.get("/api/v1/accounts/ageing").await;
    assert_eq!(before["total"], after["total"], "merging moves no money");
    let again = json!({"id": new_id(), "from": asha["id"], "into": twin["id"]});
    let (status, answer) = owner.post("/api/v1/customers/merge", again).await;
    assert_eq!((status.as_u16(), code(&answer)), (409, "customers_are_one"));

    called(&owner, tea, "9876500000").await;
    let (_, one) = owner.get(&path(&asha, "")).await;
    assert_eq!(one["orders"], 3, "the second phone is hers as well");
    assert_eq!(
        node.faults(),
        Vec::<String>::new(),
        "the facts say the same when they are read again"
    );
}

/// An order of one thing for a customer, paid as said.
async fn bought(person: &Client, customer: &Value, product: Uuid, tender: Value) -> (StatusCode, Value) {
    let mut tender = tender;
    tender["id"] = json!(new_id());
    let body = json!({
        "id": new_id(), "lines": [{"product": product, "quantity": "1"}], "customer": customer["id"],
        "tenders": [tender],
    });
    person.post("/api/v1/orders", body).await
}

async fn buyer_on(person: &Client, order: &Value) -> Value {
    let id = order["id"].as_str().expect("an id");
    let (status, invoice) = person.get(&format!("/api/v1/invoices/{id}")).await;
    assert_eq!(status, 200, "{invoice}");
    invoice["buyer"]["name"].clone()
}

#[tokio::test]
async fn merging_strands_no_credit_no_price_and_no_name_on_a_paper() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let (_, asha) = customer(&owner, "Asha Rao", json!({})).await;
    let (_, twin) = customer(&owner, "A. Rao", json!({})).await;
    let credit = json!({
        "id": new_id(), "kind": "store_credit", "amount_minor": 5_000, "reason": "no receipt",
        "customer": twin["id"],
    });
    let (status, credit) = owner.post("/api/v1/cards", credit).await;
    assert_eq!(status, 201, "{credit}");
    let price = json!({"id": new_id(), "customer": twin["id"], "price_minor": 1_500});
    let (status, price) = owner.post(&format!("/api/v1/products/{tea}/prices"), price).await;
    assert_eq!(status, 201, "{price}");
    let (status, order) = bought(&owner, &twin, tea, json!({"method": "cash"})).await;
    assert_eq!(
        (status.as_u16(), &order["total_minor"]),
        (201, &json!(1_500)),
        "{order}"
    );
    owner.add_to_cart(tea, "1").await;
    let change = json!({"kind": "set_customer", "customer": twin["id"]});
    owner
        .post("/api/v1/cart/changes", json!({"id": new_id(), "change": change}))
        .await;
    let (status, quotation) = owner.post("/api/v1/quotations", json!({"id": new_id()})).await;
    assert_eq!(status, 201, "{quotation}");

    let merge = json!({"id": new_id(), "from": twin["id"], "into": asha["id"]});
    assert_eq!(owner.post("/api/v1/customers/merge", merge).await.0, 200);
    let look = async || {
        let who = asha["id"].as_str().expect("an id");
        let mut seen = vec![buyer_on(&owner, &order).await];
        for list in ["invoices", "quotations", "cards"] {
            let (_, page) = owner.get(&format!("/api/v1/{list}?customer={who}")).await;
            seen.push(json!([list, ids(&page)]));
        }
        json!(seen)
    };
    let wanted = json!([
        "A. Rao",
        ["invoices", [order["id"]]],
        ["quotations", [quotation["id"]]],
        ["cards", [credit["id"]]],
    ]);
    assert_eq!(look().await, wanted);
    let (_, sheet) = owner
        .get(&format!(
            "/api/v1/quotations/{}",
            quotation["id"].as_str().expect("an id")
        ))
        .await;
    assert_eq!(sheet["buyer"]["name"], "A. Rao");
    let (status, paid) = bought(&owner, &asha, tea, json!({"method": "store_credit"})).await;
    assert_eq!(
        (status.as_u16(), &paid["total_minor"]),
        (201, &json!(1_500)),
        "her price and her credit: {paid}"
    );
    // What the twin bought is paid another way after the merge.
    let split = json!({
        "id": new_id(), "reason": "wrong key", "legs": [{"id": new_id(), "method": "store_credit"}],
    });
    let (status, split) = owner.post(&testkit::order_path(&order, "tenders"), split).await;
    assert!(status.is_success(), "the survivor's credit pays: {split}");
    let shop = node.door.app().shop().expect("the shop");
    shop.store().rebuild_views().expect("they are built again");
    let (_, now) = owner.get(&path(&asha, "")).await;
    assert_eq!(now["orders"], 2);
    assert_eq!(buyer_on(&owner, &order).await, "A. Rao");
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn a_no_is_kept_whoever_it_was_said_to() {
    let (node, owner) = Node::with_shop().await;
    let consents = |email: bool| json!({"consents": {"email": email}});
    let given = |one: &Value| one["consents"][0]["given"].clone();
    let merged = async |from: &Value, into: &Value| {
        let merge = json!({"id": new_id(), "from": from["id"], "into": into["id"]});
        let (status, one) = owner.post("/api/v1/customers/merge", merge).await;
        assert_eq!(status, 200, "{one}");
        one
    };
    let (_, into) = customer(&owner, "Asha Rao", consents(true)).await;
    node.clock.forward(60_000);
    let (_, from) = customer(&owner, "A. Rao", consents(false)).await;
    assert_eq!(given(&merged(&from, &into).await), false, "the later no");
    node.clock.forward(60_000);
    let (_, from) = customer(&owner, "Asha R.", consents(true)).await;
    assert_eq!(given(&merged(&from, &into).await), true, "and the yes after it");
    let (_, one) = customer(&owner, "Ravi", consents(true)).await;
    let (_, two) = customer(&owner, "R.", consents(false)).await;
    assert_eq!(given(&merged(&two, &one).await), false, "of two at once, the no");
}

#[tokio::test]
async fn a_name_typed_for_a_document_is_somebody_who_can_be_forgotten() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let order = owner.sell(&[(tea, "1")]).await;
    let path_of = |order: &Value| {
        format!(
            "/api/v1/invoices/{}/revisions",
            order["id"].as_str().expect("an id")
        )
    };
    let revise = json!({"id": new_id(), "buyer": {"name": "Zubeida Quillfeather"}});
    let (status, answer) = owner.post(&path_of(&order), revise).await;
    assert_eq!(status, 201, "{answer}");
    let (_, found) = owner.get("/api/v1/customers?q=quillf").await;
    assert_eq!(ids(&found).len(), 1, "{found}");
    let zubeida = found["items"][0].clone();
    let (_, history) = owner.get(&path(&zubeida, "/orders")).await;
    assert_eq!(ids(&history), [order["id"].as_str().expect("an id")]);

    // Whoever is chosen has it in their history, too; whoever does not exist cannot be chosen.
    let (_, asha) = customer(&owner, "Asha Rao", json!({})).await;
    let other = owner.sell(&[(tea, "1")]).await;
    let company = json!({"name": "Nirlon Ltd", "tax_number": "27AAPFU0939F1ZV"});
    let nobody = json!({"id": new_id(), "buyer": company, "customer": new_id()});
    let (status, answer) = owner.post(&path_of(&other), nobody).await;
    assert_eq!(
        (status.as_u16(), code(&answer)),
        (409, "customer_gone"),
        "{answer}"
    );
    let hers = json!({"id": new_id(), "buyer": company, "customer": asha["id"]});
    let (status, answer) = owner.post(&path_of(&other), hers).await;
    assert_eq!(status, 201, "{answer}");
    let (_, history) = owner.get(&path(&asha, "/orders")).await;
    assert_eq!(ids(&history), [other["id"].as_str().expect("an id")]);

    let request = json!({"id": new_id(), "reason": "she asked"});
    let (status, gone) = owner.post(&path(&zubeida, "/erase"), request).await;
    assert_eq!(status, 200, "{gone}");
    assert_eq!(buyer_on(&owner, &order).await, Value::Null);
    assert_eq!(
        buyer_on(&owner, &other).await,
        "Nirlon Ltd",
        "the law keeps companies"
    );
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn forgetting_takes_no_credit_away_and_leaves_nothing_that_cannot_be_made_even() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 5_000).await;
    let (_, asha) = customer(&owner, "Asha Rao", json!({})).await;
    let credit = json!({
        "id": new_id(), "kind": "store_credit", "amount_minor": 5_000, "reason": "no receipt",
        "customer": asha["id"],
    });
    assert_eq!(owner.post("/api/v1/cards", credit).await.0, 201);
    let opening = json!({"id": new_id(), "kind": "opening", "amount_minor": 100, "reason": "old book"});
    assert_eq!(owner.post(&path(&asha, "/adjustments"), opening).await.0, 200);
    let pay = |reference: &str, note: &str| {
        json!({
            "id": new_id(), "method": "bank", "amount_minor": 100, "reference": reference, "note": note,
        })
    };
    for (reference, note) in [("4242 4242 4242 4242", ""), ("", "4242-4242-4242-4242")] {
        let (status, answer) = owner.post(&path(&asha, "/payments"), pay(reference, note)).await;
        assert_eq!(
            (status.as_u16(), code(&answer)),
            (422, "card_number_refused"),
            "{answer}"
        );
    }
    let (status, paid) = owner.post(&path(&asha, "/payments"), pay("UTR 42", "")).await;
    assert_eq!(status, 201, "{paid}");
    let erase = json!({"id": new_id(), "reason": "she asked"});
    let (status, answer) = owner.post(&path(&asha, "/erase"), erase).await;
    assert_eq!(
        (
            status.as_u16(),
            code(&answer),
            &answer["error"]["hints"]["credit_minor"]
        ),
        (409, "customer_has_credit", &json!(5_000))
    );
    assert_eq!(
        bought(&owner, &asha, tea, json!({"method": "store_credit"}))
            .await
            .0,
        201
    );
    let erase = json!({"id": new_id(), "reason": "she asked"});
    let (status, gone) = owner.post(&path(&asha, "/erase"), erase).await;
    assert_eq!(status, 200, "{gone}");

    // The transfer is called back after all.
    let reverse = format!(
        "/api/v1/accounts/payments/{}/reverse",
        paid["id"].as_str().expect("an id")
    );
    let (status, answer) = owner
        .post(&reverse, json!({"id": new_id(), "reason": "bounced"}))
        .await;
    assert_eq!(status, 200, "{answer}");
    let adjust = |kind: &str| json!({"id": new_id(), "kind": kind, "amount_minor": 100, "reason": "gone"});
    let (status, answer) = owner.post(&path(&asha, "/adjustments"), adjust("opening")).await;
    assert_eq!((status.as_u16(), code(&answer)), (409, "customer_gone"));
    let (status, account) = owner
        .post(&path(&asha, "/adjustments"), adjust("write_off"))
        .await;
    assert_eq!(
        (status.as_u16(), &account["balance_minor"]),
        (200, &json!(0)),
        "{account}"
    );
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn among_hundreds_of_a_name_the_right_one_is_found() {
    let (_node, owner) = Node::with_shop().await;
    for n in 0..205 {
        customer(&owner, &format!("Krishnamurthy {n}"), json!({})).await;
    }
    let (_, zed) = customer(&owner, "Zed Krishnamurthy", json!({})).await;
    let (_, found) = owner.get("/api/v1/customers?q=zed%20krishnamurthy").await;
    assert_eq!(ids(&found), [zed["id"].as_str().expect("an id")]);
}

/// Everything that the database holds, without the key of the file.
fn in_the_clear(file: &Path) -> Vec<u8> {
    let key = std::fs::read(file.with_file_name("key")).expect("the key file");
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = tempfile::tempdir().expect("a temp folder");
    let copy = folder.path().join("copy.db");
    let conn = rusqlite::Connection::open(file).expect("it opens");
    conn.execute_batch(&format!(
        "pragma key = \"x'{hex}'\"; attach database '{}' as copy key ''",
        copy.display()
    ))
    .expect("with its key");
    conn.query_row("select sqlcipher_export('copy')", [], |_| Ok(()))
        .expect("it is copied");
    conn.execute_batch("detach database copy").expect("whole");
    std::fs::read(copy).expect("the copy")
}

#[tokio::test]
async fn who_is_forgotten_is_gone_from_every_byte_and_the_books_stay() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    called(&owner, tea, "9811122233").await;
    let (_, asha) = customer(
        &owner,
        "Wilhelmina Quillfeather",
        json!({
            "phones": ["9876543210", "9811122233"], "email": "quillfeather@example.in", "note": "allergic to zanzibarine",
            "addresses": [{"street": "17 Wisteria Passage", "city": "Pune"}],
        }),
    )
    .await;
    let mut form = form_of(&asha);
    form["name"] = json!("Ashalata Quillfeather");
    assert_eq!(owner.put(&path(&asha, ""), form).await.0, 200, "she married");
    let order = called(&owner, tea, "9876543210").await;
    let boss = owner.get("/api/v1/lock").await.1["staff"][0]["id"].clone();
    let back = json!({
        "id": new_id(), "lines": [{"line": 1, "quantity": "1"}],
        "approval": {"staff": boss, "pin": testkit::OWNER_PIN},
    });
    let (status, refunded) = owner.post(&testkit::order_path(&order, "refunds"), back).await;
    assert_eq!(status, 201, "{refunded}");
    owner.add_to_cart(tea, "1").await;
    let change = json!({"kind": "set_customer", "customer": asha["id"]});
    owner
        .post("/api/v1/cart/changes", json!({"id": new_id(), "change": change}))
        .await;
    let (_, quotation) = owner.post("/api/v1/quotations", json!({"id": new_id()})).await;
    let id_of = |one: &Value| one["id"].as_str().expect("an id").to_owned();
    let note = owner.order(&order).await["credit_notes"][0]["id"].clone();
    for (what, note) in [
        (format!("invoices/{}", id_of(&order)), note),
        (format!("quotations/{}", id_of(&quotation)), Value::Null),
    ] {
        let letter = json!({
            "id": new_id(), "to": "wilhelmina@quillfeather.example", "to_name": "Wilhelmina Quillfeather",
            "text": "Dear Wilhelmina", "credit_note": note,
        });
        let (status, letter) = owner.post(&format!("/api/v1/{what}/mail"), letter).await;
        assert_eq!(status, 202, "{letter}");
    }
    let (_, today) = owner.get("/api/v1/today").await;

    let request = json!({"id": new_id(), "reason": "she asked"});
    let (status, gone) = owner.post(&path(&asha, "/erase"), request.clone()).await;
    assert_eq!(status, 200, "{gone}");
    assert!(gone["erased_at"].is_string());
    assert_eq!(
        (
            &gone["name"],
            &gone["phones"],
            &gone["email"],
            &gone["addresses"],
            &gone["note"]
        ),
        (&Value::Null, &json!([]), &Value::Null, &json!([]), &Value::Null)
    );
    assert_eq!(gone["orders"], 2, "the orders stay");
    let (status, again) = owner.post(&path(&asha, "/erase"), request).await;
    assert_eq!((status.as_u16(), &again), (200, &gone), "twice is once");
    let (_, kept) = owner
        .get(&format!(
            "/api/v1/orders/{}",
            order["id"].as_str().expect("an id")
        ))
        .await;
    assert_eq!(kept["total_minor"], order["total_minor"]);
    assert_eq!(kept["phone"], Value::Null, "{kept}");
    let (_, letters) = owner.get("/api/v1/mail/outbox").await;
    assert_eq!(
        ids(&letters),
        Vec::<&str>::new(),
        "no letter is left that names her"
    );
    let (_, after) = owner.get("/api/v1/today").await;
    assert_eq!(after["sold_minor"], today["sold_minor"], "and the day's takings");
    for typed in ["quillfeather", "9876543210", "9811122233"] {
        let (_, found) = owner.get(&format!("/api/v1/customers?q={typed}")).await;
        assert_eq!(ids(&found), Vec::<&str>::new(), "{typed}");
    }
    let (status, answer) = owner.put(&path(&asha, ""), json!({"name": "Back again"})).await;
    assert_eq!((status.as_u16(), code(&answer)), (409, "customer_gone"));

    assert_eq!(
        node.faults(),
        Vec::<String>::new(),
        "the views are what the facts say"
    );
    let shop = node.door.app().shop().expect("the shop");
    shop.store().rebuild_views().expect("they are built again");
    let (_, rebuilt) = owner.get(&path(&asha, "")).await;
    assert_eq!(rebuilt, gone, "and bring nobody back");
    let clear = in_the_clear(shop.store().file());
    assert!(
        clear.windows(3).any(|window| window == b"Tea"),
        "the copy can be read"
    );
    for secret in [
        "Wilhelmina",
        "wilhelmina",
        "Quillfeather",
        "quillfeather",
        "9876543210",
        "9811122233",
        "zanzibarine",
        "Wisteria",
    ] {
        assert!(
            !clear
                .windows(secret.len())
                .any(|window| window == secret.as_bytes()),
            "{secret} is nowhere in the file"
        );
    }
    // The same number calls again: somebody new.
    called(&owner, tea, "9876543210").await;
    let (_, guests) = owner.get("/api/v1/customers?guests=true").await;
    assert_ne!(guests["items"][0]["id"], asha["id"]);
}

#[tokio::test]
async fn who_owes_is_neither_archived_nor_forgotten() {
    let (_node, owner) = Node::with_shop().await;
    let (_, asha) = customer(&owner, "Asha Rao", json!({})).await;
    let opening = json!({"id": new_id(), "kind": "opening", "amount_minor": 100, "reason": "old book"});
    owner.post(&path(&asha, "/adjustments"), opening).await;
    let (status, answer) = owner.delete(&path(&asha, "")).await;
    assert_eq!((status.as_u16(), code(&answer)), (409, "customer_owes"));
    let (status, answer) = owner
        .post(&path(&asha, "/erase"), json!({"id": new_id(), "reason": "asked"}))
        .await;
    assert_eq!((status.as_u16(), code(&answer)), (409, "customer_owes"));
    let pay = json!({"id": new_id(), "method": "cash", "amount_minor": 100});
    assert_eq!(owner.post(&path(&asha, "/payments"), pay).await.0, 201);
    let (status, archived) = owner.delete(&path(&asha, "")).await;
    assert_eq!(status, 200, "{archived}");
    let (_, list) = owner.get("/api/v1/customers").await;
    assert_eq!(ids(&list).len(), 0);
    let (_, list) = owner.get("/api/v1/customers?archived=true").await;
    assert_eq!(ids(&list).len(), 1);
    let (status, _) = owner
        .post(&path(&asha, "/restore"), json!({"id": new_id()}))
        .await;
    assert_eq!(status, 200);
    let (_, list) = owner.get("/api/v1/customers").await;
    assert_eq!(ids(&list).len(), 1);
}
