//! Orders as documents: corrected twice and printed in every version, dated, credited, numbered without a gap; and read
//! back from their PDF.

use serde_json::{Value, json};
use std::{fs, process::Command};
use testkit::{Client, Method, Node, new_id};

/// What readers see in a PDF, as poppler reads it.
pub(crate) fn text_of(pdf: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a temp folder");
    let file = folder.path().join("sheet.pdf");
    fs::write(&file, pdf).expect("written");
    let out = Command::new("pdftotext")
        .args(["-layout", "-enc", "UTF-8"])
        .arg(&file)
        .arg("-")
        .output()
        .expect("poppler-utils; ./dev test installs it");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("UTF-8")
}

async fn sheet(client: &Client, order: &Value, query: &str) -> String {
    let path = format!(
        "/api/v1/invoices/{}/sheet.pdf{query}",
        order["id"].as_str().expect("an id")
    );
    let (status, bytes) = client.fetch(Method::GET, &path, "text/plain", vec![], &[]).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
    text_of(&bytes)
}

async fn revise(client: &Client, order: &Value, buyer: Value) -> (u16, Value) {
    let path = format!(
        "/api/v1/invoices/{}/revisions",
        order["id"].as_str().expect("an id")
    );
    let (status, answer) = client.post(&path, json!({"id": new_id(), "buyer": buyer})).await;
    (status.as_u16(), answer)
}

async fn invoice(client: &Client, order: &Value) -> Value {
    let (status, answer) = client
        .get(&format!(
            "/api/v1/invoices/{}",
            order["id"].as_str().expect("an id")
        ))
        .await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn a_gst_bill_a_week_later_and_corrected_once_more() {
    let (node, owner) = Node::with_shop().await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let cake = owner.product("Kaju Katli", 45_000).await;
    let order = meena.sell(&[(cake, "2")]).await;
    let before = invoice(&meena, &order).await;
    assert_eq!(
        (&before["revisions"], &before["buyer"]),
        (&json!(0), &Value::Null)
    );
    node.clock.forward(7 * 24 * 3_600_000);
    let meena = node.counter(&owner, "Meena again", "cashier").await;
    let (status, wrong) = revise(
        &meena,
        &order,
        json!({"name": "Nirlon", "tax_number": "27AAACN2082N1ZX"}),
    )
    .await;
    assert_eq!(
        (status, &wrong["error"]["hints"]["field"]),
        (422, &json!("tax_number")),
        "{wrong}"
    );
    let (status, first) = revise(
        &meena,
        &order,
        json!({"name": "Nirlon Ltd", "tax_number": "27AAPFU0939F1ZV", "address": "Worli\nMumbai 400030"}),
    )
    .await;
    assert_eq!(status, 201, "{first}");
    assert_eq!(first["buyer"]["region"], "27", "the number says its State");
    let (status, same) = revise(
        &meena,
        &order,
        json!({"name": "Nirlon Ltd", "tax_number": "27AAPFU0939F1ZV", "address": "Worli\nMumbai 400030"}),
    )
    .await;
    assert_eq!(
        (status, &same["error"]["code"]),
        (409, &json!("invoice_unchanged"))
    );
    let (status, second) = revise(
        &meena,
        &order,
        json!({"name": "Nirlon Limited", "tax_number": "27AAPFU0939F1ZV", "address": "Worli\nMumbai 400030"}),
    )
    .await;
    assert_eq!(status, 201, "{second}");
    for (one, other) in [
        ("document", "document"),
        ("day", "day"),
        ("total_minor", "total_minor"),
        ("tax_minor", "tax_minor"),
    ] {
        assert_eq!(second[one], before[other], "{one} stays");
    }
    let names: Vec<&str> = second["versions"]
        .as_array()
        .expect("versions")
        .iter()
        .map(|version| version["buyer"]["name"].as_str().unwrap_or("-"))
        .collect();
    assert_eq!(
        names,
        ["-", "Nirlon Ltd", "Nirlon Limited"],
        "every version is kept"
    );
    let document = second["document"].as_str().expect("a number");
    let first = sheet(&meena, &order, "?revision=0").await;
    assert!(
        first.contains(document) && !first.contains("Nirlon") && !first.contains("Revision"),
        "{first}"
    );
    let one = sheet(&meena, &order, "?revision=1").await;
    assert!(one.contains("Nirlon Ltd") && one.contains("Revision 1"), "{one}");
    let now = sheet(&meena, &order, "").await;
    for wanted in [
        document,
        "Nirlon Limited",
        "27AAPFU0939F1ZV",
        "Revision 2",
        "Kaju Katli",
        "Maharashtra (27)",
        "900.00",
    ] {
        assert!(now.contains(wanted), "{wanted} is not on\n{now}");
    }
    let (status, _) = meena
        .fetch(
            Method::GET,
            &format!(
                "/api/v1/invoices/{}/sheet.pdf?revision=3",
                order["id"].as_str().expect("an id")
            ),
            "text/plain",
            vec![],
            &[],
        )
        .await;
    assert_eq!(status, 404);
    let (_, found) = meena.get("/api/v1/invoices?q=nirlon%20lim&named=true").await;
    assert_eq!(found["items"][0]["id"], order["id"], "{found}");
    let (_, found) = meena.get("/api/v1/invoices?q=27AAPFU").await;
    assert_eq!(
        found["items"].as_array().map(Vec::len),
        Some(1),
        "by the beginning of its number: {found}"
    );
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn a_persons_name_is_sealed_and_still_on_the_paper() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 1_500).await;
    let order = owner.sell(&[(tea, "1")]).await;
    let (status, answer) = revise(&owner, &order, json!({"name": "Asha Rao", "region": "27"})).await;
    assert_eq!(status, 201, "{answer}");
    assert!(sheet(&owner, &order, "").await.contains("Asha Rao"));
    let bytes = fs::read(node.data().join("shop/chandi.db")).expect("the file");
    assert!(!String::from_utf8_lossy(&bytes).contains("Asha Rao"));
    let (_, found) = owner.get("/api/v1/invoices?q=asha").await;
    assert_eq!(found["items"], json!([]), "what is sealed is not searched");
}

#[tokio::test]
async fn invoices_of_one_counter_count_without_a_gap_whatever_happens_between() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 1_500).await;
    let mut numbers = Vec::new();
    for n in 0..12 {
        let (status, _) = owner
            .post(
                "/api/v1/orders",
                json!({"id": new_id(), "lines": [{"product": tea, "quantity": "1"}],
                "tenders": [{"id": new_id(), "method": "cash"}], "expected_total_minor": 1}),
            )
            .await;
        assert_eq!(status, 422, "a refused sale takes no number");
        let order = owner.sell(&[(tea, "1")]).await;
        if n % 4 == 1 {
            let (status, answer) = owner
                .post(
                    &testkit::order_path(&order, "cancel"),
                    json!({"id": new_id(), "reason": "wrong"}),
                )
                .await;
            assert_eq!(status, 200, "{answer}");
        }
        if n % 4 == 2 {
            let (status, answer) = owner
                .post(
                    &testkit::order_path(&order, "refunds"),
                    json!({"id": new_id(), "lines": [{"line": 1, "quantity": "1"}],
                    "approval": {"staff": owner_id(&owner).await, "pin": testkit::OWNER_PIN}}),
                )
                .await;
            assert_eq!(status, 201, "{answer}");
        }
        numbers.push(order["document"].as_str().expect("a number").to_owned());
    }
    let running: Vec<u32> = numbers
        .iter()
        .map(|number| {
            number
                .rsplit('/')
                .next()
                .and_then(|n| n.parse().ok())
                .expect("a running number")
        })
        .collect();
    assert_eq!(running, (1..=12).collect::<Vec<u32>>());
    assert!(
        numbers.iter().all(|number| number.len() <= 16),
        "as the law wants: {numbers:?}"
    );
    let (_, cancelled) = owner.get("/api/v1/invoices?state=cancelled").await;
    assert_eq!(
        cancelled["items"].as_array().map(Vec::len),
        Some(3),
        "a cancelled number is kept"
    );
    let (_, all) = owner.get("/api/v1/invoices?limit=5").await;
    let (_, rest) = owner
        .get(&format!(
            "/api/v1/invoices?limit=50&after={}",
            all["next"].as_str().expect("more")
        ))
        .await;
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(7));
    assert_eq!(node.faults(), Vec::<String>::new());
}

async fn owner_id(owner: &Client) -> Value {
    let (_, session) = owner.get("/api/v1/sessions/current").await;
    session["staff"]["id"].clone()
}

#[tokio::test]
async fn a_credit_note_names_its_invoice_in_every_language() {
    let (_node, owner) = Node::with_shop().await;
    let cake = owner.product("Cake", 10_000).await;
    let order = owner.sell(&[(cake, "3")]).await;
    let approval = json!({"staff": owner_id(&owner).await, "pin": testkit::OWNER_PIN});
    let (status, after) = owner
        .post(
            &testkit::order_path(&order, "refunds"),
            json!({"id": new_id(), "lines": [{"line": 1, "quantity": "1"}], "reason": "broken", "approval": approval}),
        )
        .await;
    assert_eq!(status, 201, "{after}");
    let whole = invoice(&owner, &order).await;
    assert_eq!(
        (&whole["refunded_minor"], &whole["state"]),
        (&json!(10_000), &json!("paid")),
        "{whole}"
    );
    let note = whole["credit_notes"][0]["id"]
        .as_str()
        .expect("a credit note")
        .to_owned();
    for (language, word) in [("en", "Credit note"), ("hi", "क्रेडिट नोट"), ("ar", "إشعار دائن")]
    {
        let text = sheet(
            &owner,
            &order,
            &format!("?credit_note={note}&language={language}"),
        )
        .await;
        assert!(
            text.contains(whole["document"].as_str().expect("a number")),
            "{text}"
        );
        assert!(text.contains("100.00") && text.contains("broken"), "{text}");
        if language != "hi" {
            assert!(text.contains(word), "{word} is not on\n{text}");
        }
    }
    let (status, _) = owner
        .put(
            &format!("/api/v1/invoices/{}/due", order["id"].as_str().expect("an id")),
            json!({"id": new_id(), "due_day": "2020-01-01"}),
        )
        .await;
    assert_eq!(status, 422, "due before it was made");
}

#[tokio::test]
async fn the_state_of_an_invoice_follows_from_what_happened_to_it() {
    let (node, owner) = Node::with_shop().await;
    let cake = owner.product("Cake", 10_000).await;
    let form =
        json!({"id": new_id(), "name": "Asha Rao", "phones": [], "limit_minor": 1_000_000, "terms_days": 15});
    let (_, asha) = owner.post("/api/v1/customers", form).await;
    let buy = async || {
        let body = json!({"id": new_id(), "lines": [{"product": cake, "quantity": "2"}], "customer": asha["id"],
                          "tenders": [{"id": new_id(), "method": "account"}]});
        let (status, order) = owner.post("/api/v1/orders", body).await;
        assert_eq!(status, 201, "{order}");
        order
    };
    let state = async |order: &Value| invoice(&owner, order).await["state"].clone();
    let pay = async |order: &Value, amount_minor: i64| {
        let path = format!(
            "/api/v1/customers/{}/payments",
            asha["id"].as_str().expect("an id")
        );
        let body = json!({"id": new_id(), "method": "cash", "amount_minor": amount_minor,
                          "pays": [{"item": order["id"], "amount_minor": amount_minor}]});
        let (status, receipt) = owner.post(&path, body).await;
        assert_eq!(status, 201, "{receipt}");
        receipt
    };

    assert_eq!(state(&owner.sell(&[(cake, "1")]).await).await, "paid", "in cash");
    let order = buy().await;
    let issued = invoice(&owner, &order).await;
    assert_eq!(
        (&issued["state"], &issued["due_day"]),
        (&json!("issued"), &json!("2026-12-06")),
        "by the customer's terms"
    );
    let receipt = pay(&order, 5_000).await;
    assert_eq!(state(&order).await, "part_paid");
    let due = format!("/api/v1/invoices/{}/due", order["id"].as_str().expect("an id"));
    let (status, answer) = owner
        .put(&due, json!({"id": new_id(), "due_day": "2026-11-21"}))
        .await;
    assert_eq!(
        (status.as_u16(), &answer["state"]),
        (200, &json!("part_paid")),
        "due today is not late"
    );
    let gone = buy().await;
    let (status, answer) = owner
        .post(
            &testkit::order_path(&gone, "cancel"),
            json!({"id": new_id(), "reason": "wrong"}),
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(state(&gone).await, "cancelled");

    node.clock.forward(24 * 3_600_000);
    let nobody = owner.holding(None);
    let staff = nobody.get("/api/v1/lock").await.1["staff"][0]["id"].clone();
    let (_, session) = nobody
        .sign_in(staff.as_str().expect("the owner"), testkit::OWNER_PIN)
        .await;
    let owner = nobody.signed_in(&session);
    let state = async |order: &Value| invoice(&owner, order).await["state"].clone();
    assert_eq!(
        state(&order).await,
        "overdue",
        "a day later, and nobody touched it"
    );
    let (_, late) = owner.get("/api/v1/invoices?state=overdue").await;
    assert_eq!(late["items"].as_array().map(Vec::len), Some(1), "{late}");
    let path = format!(
        "/api/v1/customers/{}/payments",
        asha["id"].as_str().expect("an id")
    );
    let (status, _) = owner
        .post(
            &path,
            json!({"id": new_id(), "method": "bank", "reference": "NEFT 1", "amount_minor": 15_000}),
        )
        .await;
    assert_eq!(status, 201);
    assert_eq!(state(&order).await, "paid");
    let back = format!(
        "/api/v1/accounts/payments/{}/reverse",
        receipt["id"].as_str().expect("an id")
    );
    let (status, _) = owner
        .post(&back, json!({"id": new_id(), "reason": "bounced"}))
        .await;
    assert_eq!(status, 200);
    assert_eq!(state(&order).await, "overdue", "the cheque bounced");
    assert_eq!(node.faults(), Vec::<String>::new());
}

/// One of it goes back; its credit note's id.
async fn given_back(owner: &Client, order: &Value) -> String {
    let approval = json!({"staff": owner_id(owner).await, "pin": testkit::OWNER_PIN});
    let body = json!({"id": new_id(), "lines": [{"line": 1, "quantity": "1"}], "approval": approval});
    let (status, after) = owner.post(&testkit::order_path(order, "refunds"), body).await;
    assert_eq!(status, 201, "{after}");
    let notes = invoice(owner, order).await["credit_notes"].clone();
    notes[0]["id"].as_str().expect("a credit note").to_owned()
}

#[tokio::test]
async fn papers_say_what_was_so_when_they_were_made() {
    let (node, owner) = Node::with_shop().await;
    let cake = owner.product("Cake", 10_000).await;
    let body = json!({
        "id": new_id(), "lines": [{"product": cake, "quantity": "3"}],
        "tenders": [{"id": new_id(), "method": "upi", "reference": "43151"}],
    });
    let (status, order) = owner.post("/api/v1/orders", body).await;
    assert_eq!(status, 201, "{order}");
    let (status, _) = revise(&owner, &order, json!({"name": "First Traders", "region": "27"})).await;
    assert_eq!(status, 201);
    node.clock.forward(1_000);
    let note = given_back(&owner, &order).await;
    node.clock.forward(1_000);
    let (status, _) = revise(&owner, &order, json!({"name": "Second Traders", "region": "27"})).await;
    assert_eq!(status, 201);
    let credit = sheet(&owner, &order, &format!("?credit_note={note}")).await;
    assert!(
        credit.contains("First Traders") && !credit.contains("Second Traders"),
        "an issued credit note stays as it is:\n{credit}"
    );
    // The shop gets a number later: papers of before have none.
    let number = json!({"id": new_id(), "value": "27AAPFU0939F1ZV"});
    assert_eq!(owner.put("/api/v1/settings/shop.tax_number", number).await.0, 200);
    let slip = testkit::order_path(&order, "receipt.pdf");
    for path in [
        slip.clone(),
        format!("{slip}?what=credit_note"),
        format!(
            "/api/v1/invoices/{}/sheet.pdf",
            order["id"].as_str().expect("an id")
        ),
    ] {
        let (status, bytes) = owner.fetch(Method::GET, &path, "text/plain", vec![], &[]).await;
        assert_eq!(status, 200, "{path}");
        let text = text_of(&bytes);
        assert!(!text.contains("27AAPFU0939F1ZV"), "{path}:\n{text}");
        assert!(!text.contains("upi"), "methods are said in words:\n{text}");
    }
    let (_, asha) = owner
        .post("/api/v1/customers", json!({"id": new_id(), "name": "Asha Rao"}))
        .await;
    let account = format!("/api/v1/customers/{}", asha["id"].as_str().expect("an id"));
    let opening = json!({"id": new_id(), "kind": "opening", "amount_minor": 77_700, "reason": "old book"});
    assert_eq!(
        owner.post(&format!("{account}/adjustments"), opening).await.0,
        200
    );
    let today = order["business_day"].as_str().expect("a day").to_owned();
    node.clock.forward(24 * 3_600_000);
    let owner = back(&node).await;
    let pay = json!({"id": new_id(), "method": "cash", "amount_minor": 77_700});
    assert_eq!(owner.post(&format!("{account}/payments"), pay).await.0, 201);
    let path = format!("{account}/statement.pdf?until={today}");
    let (status, bytes) = owner.fetch(Method::GET, &path, "text/plain", vec![], &[]).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
    let text = text_of(&bytes);
    assert!(
        text.contains("27AAPFU0939F1ZV"),
        "the shop's number of today:\n{text}"
    );
    assert!(
        text.matches("777.00").count() >= 4,
        "what was open on its last day is aged as of that day:\n{text}"
    );
}

/// The owner signs in again.
async fn back(node: &Node) -> Client {
    let window = node.window("cashier");
    let (_, lock) = window.get("/api/v1/lock").await;
    let staff = lock["staff"][0]["id"]
        .as_str()
        .expect("somebody works here")
        .to_owned();
    let (status, answer) = window.sign_in(&staff, testkit::OWNER_PIN).await;
    assert_eq!(status, 201, "{answer}");
    window.signed_in(&answer)
}

#[tokio::test]
async fn a_correction_is_measured_by_what_the_paper_says() {
    let (_node, owner) = Node::with_shop().await;
    let number = json!({"id": new_id(), "value": "27AAPFU0939F1ZV"});
    assert_eq!(owner.put("/api/v1/settings/shop.tax_number", number).await.0, 200);
    let cake = owner.product("Cake", 10_000).await;
    let sold = async |more: Value| {
        let mut body = json!({
            "id": new_id(), "lines": [{"product": cake, "quantity": "3"}],
            "tenders": [{"id": new_id(), "method": "cash"}],
        });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        let (status, order) = owner.post("/api/v1/orders", body).await;
        assert_eq!(status, 201, "{order}");
        order
    };
    // Delivered to Bengaluru: whoever stands on the bill, that is where it went.
    let sent = sold(json!({"order_type": "delivery", "delivered_to": "29"})).await;
    assert_eq!(sent["place_of_supply"], "29");
    let (status, answer) = revise(&owner, &sent, json!({"name": "Asha Rao", "region": "27"})).await;
    assert_eq!(status, 201, "{answer}");
    let (status, answer) = revise(&owner, &sent, json!({"name": "Asha Rao", "region": "29"})).await;
    assert_eq!(status, 201, "{answer}");
    // Over the counter to somebody of Bengaluru, who is forgotten: the bill is still one to Bengaluru.
    let (_, guest) = owner
        .post(
            "/api/v1/customers",
            json!({"id": new_id(), "name": "Ravi", "region": "29"}),
        )
        .await;
    let far = sold(json!({"customer": guest["id"]})).await;
    assert_eq!(far["place_of_supply"], "29");
    let erase = format!("/api/v1/customers/{}/erase", guest["id"].as_str().expect("an id"));
    let (status, _) = owner
        .post(&erase, json!({"id": new_id(), "reason": "he asked"}))
        .await;
    assert_eq!(status, 200);
    let (status, answer) = revise(&owner, &far, json!({"name": "Somebody", "region": "27"})).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (422, &json!("invoice_taxes_differ")),
        "{answer}"
    );
    let (status, answer) = revise(&owner, &far, json!({"name": "Somebody", "region": "29"})).await;
    assert_eq!(status, 201, "{answer}");
}

#[tokio::test]
async fn who_only_cooks_or_hands_over_reads_no_buyers_and_no_tokens() {
    let (node, owner) = Node::with_shop().await;
    let cake = owner.product("Cake", 10_000).await;
    let order = owner.sell(&[(cake, "1")]).await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let id = order["id"].as_str().expect("an id");
    let paths = [
        "/api/v1/invoices".to_owned(),
        format!("/api/v1/invoices/{id}"),
        format!("/api/v1/invoices/{id}/sheet.pdf"),
        format!("/api/v1/orders/{id}/receipt.png?what=token"),
        format!("/api/v1/orders/{id}/receipt.pdf?what=token"),
    ];
    for role in ["sales", "kitchen"] {
        let person = node.counter(&owner, role, role).await;
        for path in &paths {
            let (status, _) = person.fetch(Method::GET, path, "text/plain", vec![], &[]).await;
            assert_eq!(status, 403, "{role} {path}");
        }
        let receipt = format!("/api/v1/orders/{id}/receipt.png");
        let (status, seen) = person
            .fetch(Method::GET, &receipt, "text/plain", vec![], &[])
            .await;
        let (_, whole) = owner
            .fetch(Method::GET, &receipt, "text/plain", vec![], &[])
            .await;
        assert_eq!(status, 200);
        assert_ne!(seen, whole, "without the code that fetches the goods");
    }
    let preview = json!({"order": id, "what": "token"});
    let sales = node.counter(&owner, "Sita", "sales").await;
    assert_eq!(sales.post("/api/v1/receipts/preview", preview).await.0, 403);
    for path in &paths {
        let (status, _) = meena.fetch(Method::GET, path, "text/plain", vec![], &[]).await;
        assert_eq!(status, 200, "{path}");
    }
}

#[tokio::test]
async fn what_an_earlier_month_was_told_is_not_cancelled_any_more() {
    let (node, owner) = Node::with_shop().await;
    let cake = owner.product("Cake", 10_000).await;
    let order = owner.sell(&[(cake, "1")]).await;
    node.clock.forward(31 * 24 * 3_600_000);
    let owner = back(&node).await;
    let cancel = json!({"id": new_id(), "reason": "never fetched"});
    let (status, answer) = owner.post(&testkit::order_path(&order, "cancel"), cancel).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (409, &json!("cancelled_too_late")),
        "{answer}"
    );
    given_back(&owner, &order).await;
    assert_eq!(invoice(&owner, &order).await["refunded_minor"], 10_000);
}
