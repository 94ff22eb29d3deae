//! Taxes: classes from the country's pack, rates by day and place, the shop's numbers, and what the office is told.

#![allow(clippy::inconsistent_digit_grouping, reason = "1_000_00 reads as 1,000.00")]

use serde_json::{Value, json};
use testkit::{Method, Node, OWNER_PIN, new_id};

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
async fn a_small_shop_in_europe_charges_no_tax_until_it_has_a_number() {
    let node = Node::empty();
    let owner = owner_of!(node, shop("GB", "services", json!({})));
    let tried = async || {
        let line = json!({"amount_minor": 120_00});
        let (_, tried) = owner.post("/api/v1/taxes/preview", line).await;
        (tried["tax_minor"].clone(), tried["document"].clone())
    };
    assert_eq!(tried().await, (json!(0), json!("receipt")));
    assert_eq!(owner.get("/api/v1/taxes").await.1["untaxed"], "no_number");
    let number = json!({"id": new_id(), "number": "GB980780684", "from": "2026-01-01"});
    assert_eq!(owner.post("/api/v1/taxes/identities", number).await.0, 201);
    assert_eq!(tried().await, (json!(20_00), json!("tax_invoice")));
    let nothing = json!({"id": new_id(), "value": true});
    assert_eq!(
        owner.put("/api/v1/settings/tax.composition", nothing).await.0,
        200
    );
    assert_eq!(tried().await.0, json!(0), "the switch is there for everybody");
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
    assert_eq!(
        (status.as_u16(), &changed["today"]),
        (200, &json!("7")),
        "{changed}"
    );
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

/// A sale of one piece at 18 %, and the way to its invoice.
async fn sold(owner: &testkit::Client, more: Value) -> (Value, String) {
    let (_, taxes) = owner.get("/api/v1/taxes").await;
    let steel = json!({"id": new_id(), "name": "Steel plate", "price_minor": 1_180_00, "hsn": "732393",
                       "tax_class": class(&taxes, "goods_18")["id"]});
    let (status, product) = owner.post("/api/v1/products", steel).await;
    assert_eq!(status, 201, "{product}");
    let mut body = json!({"id": new_id(), "lines": [{"product": product["id"], "quantity": "1"}],
                          "tenders": [{"id": new_id(), "method": "cash"}]});
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    let (status, order) = owner.post("/api/v1/orders", body).await;
    assert_eq!(status, 201, "{order}");
    let path = format!("/api/v1/invoices/{}", order["id"].as_str().expect("an id"));
    (order, path)
}

#[tokio::test]
async fn a_correction_that_would_move_the_place_of_supply_is_refused() {
    let node = Node::empty();
    let owner = owner_of!(
        node,
        shop("IN", "other", json!({"region": "27", "tax_number": PUNE}))
    );
    let (order, path) = sold(&owner, json!({})).await;
    assert_eq!(order["taxes"][0]["name"], "CGST", "{order}");
    let revise = async |buyer: Value| {
        let body = json!({"id": new_id(), "buyer": buyer});
        let (status, answer) = owner.post(&format!("{path}/revisions"), body).await;
        (status.as_u16(), answer)
    };
    // Somebody without a number in Karnataka: CGST and SGST would have to become IGST.
    let (status, refused) = revise(json!({"name": "Ravi", "region": "29"})).await;
    assert_eq!(
        (
            status,
            &refused["error"]["code"],
            &refused["error"]["hints"]["region"]
        ),
        (422, &json!("invoice_taxes_differ"), &json!("29")),
        "{refused}"
    );
    assert_eq!(owner.get(&path).await.1["revisions"], 0, "nothing was written");
    // Whoever has a number there took the goods here: the tax stays, and so may the name.
    let (status, right) =
        revise(json!({"name": "Bharat Traders", "tax_number": november::BUYER, "address": "MG Road"})).await;
    assert_eq!(status, 201, "{right}");
    // And back to nobody's number, beyond the border: refused again.
    let (status, _) = revise(json!({"name": "Ravi", "region": "29"})).await;
    assert_eq!(status, 422);
    let (status, once_more) =
        revise(json!({"name": "Bharat Traders LLP", "tax_number": november::BUYER, "address": "MG Road"}))
            .await;
    assert_eq!((status, &once_more["revisions"]), (201, &json!(2)), "{once_more}");
    let (_, whole) = owner.get(&path).await;
    assert_eq!(whole["tax_minor"], order["tax_minor"]);
}

#[tokio::test]
async fn the_papers_of_a_tax_invoice_say_what_the_rule_asks_for() {
    let node = Node::empty();
    let owner = owner_of!(
        node,
        shop("IN", "other", json!({"region": "27", "tax_number": PUNE}))
    );
    let (order, path) = sold(&owner, json!({})).await;
    let buyer =
        json!({"name": "Bharat Traders", "tax_number": november::BUYER, "address": "12 MG Road\nBengaluru"});
    let (status, answer) = owner
        .post(
            &format!("{path}/revisions"),
            json!({"id": new_id(), "buyer": buyer}),
        )
        .await;
    assert_eq!(status, 201, "{answer}");
    let pdf = async |path: &str| {
        let (status, bytes) = owner.fetch(Method::GET, path, "text/plain", vec![], &[]).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
        let text = crate::invoices::text_of(&bytes);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let document = order["document"].as_str().expect("a number");
    let slip = format!(
        "/api/v1/orders/{}/receipt.pdf",
        order["id"].as_str().expect("an id")
    );
    for paper in [pdf(&format!("{path}/sheet.pdf")).await, pdf(&slip).await] {
        for said in [
            "Tax invoice",
            document,
            PUNE,
            "Bharat Traders",
            november::BUYER,
            "12 MG Road",
            "Karnataka (29)",
            "Place of supply",
            "Maharashtra (27)",
            "Reverse charge",
            "732393",
            "PCS",
            "Revision",
            "Taxable value",
            "1,000.00",
            "CGST 9%",
            "SGST 9%",
            "90.00",
            "1,180.00",
        ] {
            assert!(paper.contains(said), "{said} is not on\n{paper}");
        }
    }
    let sheet = pdf(&format!("{path}/sheet.pdf")).await;
    for said in [
        "By HSN/SAC",
        "Total tax",
        "Rupees one thousand one hundred eighty only",
    ] {
        assert!(sheet.contains(said), "{said} is not on\n{sheet}");
    }
    let hindi = pdf(&format!("{path}/sheet.pdf?language=hi")).await;
    let arabic = pdf(&format!("{path}/sheet.pdf?language=ar")).await;
    for paper in [&hindi, &arabic] {
        assert!(paper.contains(document) && paper.contains("732393") && paper.contains("1,180.00"));
    }
    let (_, session) = owner.get("/api/v1/sessions/current").await;
    let back = json!({"id": new_id(), "lines": [{"line": 1, "quantity": "1"}],
                      "approval": {"staff": session["staff"]["id"], "pin": OWNER_PIN}});
    let (status, answer) = owner.post(&testkit::order_path(&order, "refunds"), back).await;
    assert_eq!(status, 201, "{answer}");
    let note = pdf(&format!("{slip}?what=credit_note")).await;
    for said in [
        "Credit note",
        document,
        "Bharat Traders",
        november::BUYER,
        "732393",
        "CGST 9%",
        "1,000.00",
    ] {
        assert!(note.contains(said), "{said} is not on\n{note}");
    }
}

#[tokio::test]
async fn two_numbers_by_calendar_year_stand_on_both_sides_of_the_papers() {
    let node = Node::empty();
    let owner = owner_of!(
        node,
        shop("IN", "other", json!({"region": "27", "tax_number": PUNE}))
    );
    let next = json!({"id": new_id(), "number": "29AAGCB7383J1Z4", "from": "2027-01-01"});
    assert_eq!(owner.post("/api/v1/taxes/identities", next).await.0, 201);
    let form = json!({"id": new_id(), "name": "Asha Traders", "phones": [], "limit_minor": 0, "terms_days": 0,
    "tax_numbers": [
        {"number": "27AAACN2082N1Z8", "from": null, "until": "2026-12-31"},
        {"number": "24AAACC1206D1ZM", "from": "2027-01-01", "until": null}
    ]});
    let (status, asha) = owner.post("/api/v1/customers", form).await;
    assert_eq!(status, 201, "{asha}");
    let (old, old_path) = sold(&owner, json!({"customer": asha["id"]})).await;
    node.clock.forward(45 * 86_400_000);
    let nobody = owner.holding(None);
    let staff = nobody.get("/api/v1/lock").await.1["staff"][0]["id"].clone();
    let (_, session) = nobody
        .sign_in(staff.as_str().expect("the owner"), OWNER_PIN)
        .await;
    let owner = nobody.signed_in(&session);
    let (new, new_path) = sold(&owner, json!({"customer": asha["id"]})).await;
    let text = async |path: &str| {
        let (status, bytes) = owner.fetch(Method::GET, path, "text/plain", vec![], &[]).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
        crate::invoices::text_of(&bytes)
    };
    for (order, path, seller, buyer) in [
        (&old, &old_path, PUNE, "27AAACN2082N1Z8"),
        (&new, &new_path, "29AAGCB7383J1Z4", "24AAACC1206D1ZM"),
    ] {
        let sheet = text(&format!("{path}/sheet.pdf")).await;
        let slip = text(&format!(
            "/api/v1/orders/{}/receipt.pdf",
            order["id"].as_str().expect("an id")
        ))
        .await;
        for paper in [sheet, slip] {
            assert!(
                paper.contains(seller) && paper.contains(buyer),
                "{seller} to {buyer}\n{paper}"
            );
        }
    }
    let (_, december) = owner.get("/api/v1/reports/gstr1?month=2026-11").await;
    assert_eq!(
        (&december["gstin"], &december["sections"][0]["section"]),
        (&json!(PUNE), &json!("b2b")),
        "{december}"
    );
    let (_, january) = owner.get("/api/v1/reports/gstr1?month=2027-01").await;
    assert_eq!(january["gstin"], "29AAGCB7383J1Z4", "{january}");
}

/// Facts of November as counters write them: what the return must add up.
mod november {
    use app::Shop;
    use domain::time::Moment;
    use journal::{
        Body,
        body::{
            BuyerV1, InvoiceRevisedV1, LineTaxV1, OrderCancelledV2, OrderLineV2, OrderPlacedV2,
            OrderPlacedV3, OrderTaxV1, RefundLineV2, RefundedV2, SellerV1, TokenV1,
        },
    };

    pub const NUMBER: &str = "27AAPFU0939F1ZV";
    pub const BUYER: &str = "29AAGCB7383J1Z4";

    fn id(n: u32) -> [u8; 16] {
        let mut id = [7; 16];
        id[..4].copy_from_slice(&n.to_be_bytes());
        id
    }

    fn buyer(number: &str, region: &str) -> BuyerV1 {
        BuyerV1 {
            name: "Bharat Traders".to_owned(),
            tax_number: number.to_owned(),
            region: region.to_owned(),
            ..BuyerV1::default()
        }
    }

    /// The taxes of an amount at 18 %, by whether it stays in Maharashtra.
    fn taxes(place: &str, taxable: i64) -> Vec<OrderTaxV1> {
        let tax = |name: &str, rate: u32, amount_minor: i64| OrderTaxV1 {
            name: name.to_owned(),
            rate,
            taxable_minor: taxable,
            amount_minor,
        };
        if place == "27" {
            let half = taxable * 9 / 100;
            vec![tax("CGST", 9_000_000, half), tax("SGST", 9_000_000, half)]
        } else {
            vec![tax("IGST", 18_000_000, taxable * 18 / 100)]
        }
    }

    fn of_line(taxes: &[OrderTaxV1]) -> Vec<LineTaxV1> {
        (0u16..)
            .zip(taxes)
            .map(|(tax, sum)| LineTaxV1 {
                tax,
                amount_minor: sum.amount_minor,
            })
            .collect()
    }

    fn order(n: u32, day: u32, place: &str, taxable: i64, buyer: Option<BuyerV1>) -> Body {
        let taxes = taxes(place, taxable);
        let tax_minor: i64 = taxes.iter().map(|t| t.amount_minor).sum();
        Body::OrderPlaced(Box::new(OrderPlacedV3::from(OrderPlacedV2 {
            order: id(n),
            counter: [1; 16],
            seat: 0,
            placed_ms: 1_793_500_000_000 + i64::from(n),
            business_day: day,
            hour: 12,
            number: n,
            prefix: "K7Q".to_owned(),
            fiscal_year: "26-27".to_owned(),
            document_no: n,
            document: "tax_invoice".to_owned(),
            lines: vec![OrderLineV2 {
                line: 1,
                product: None,
                short: (0, 0),
                name: "Steel plate".to_owned(),
                unit: "piece".to_owned(),
                milli: 2_000,
                base_milli: 2_000,
                level: String::new(),
                price_source: "catalog".to_owned(),
                unit_price_minor: taxable / 2,
                modifiers: vec![],
                parts: vec![],
                gross_minor: taxable,
                discount: None,
                discount_minor: 0,
                order_discount_minor: 0,
                note: String::new(),
                hsn: "732393".to_owned(),
                tax_class: None,
                taxable_minor: taxable,
                taxes: of_line(&taxes),
            }],
            discount: None,
            subtotal_minor: taxable,
            line_discount_minor: 0,
            order_discount_minor: 0,
            inclusive: false,
            tax_rules: "line each half_up".to_owned(),
            taxable_minor: taxable,
            tax_minor,
            taxes,
            rounding_minor: 0,
            total_minor: taxable + tax_minor,
            customer: None,
            buyer,
            seller: SellerV1 {
                name: "Corner".to_owned(),
                tax_number: NUMBER.to_owned(),
                region: "27".to_owned(),
                address: String::new(),
            },
            place_of_supply: place.to_owned(),
            order_type: "counter".to_owned(),
            quotation: None,
            token: TokenV1 {
                generation: 1,
                issued_ms: 0,
                expires_ms: 0,
                number: n,
                number_expires_ms: 0,
                code: format!("P1{n}"),
            },
            content: [0; 32],
        })))
    }

    fn refund(n: u32, of: u32, taxable: i64) -> Body {
        refund_on(n, of, 2026_11_20, taxable)
    }

    fn refund_on(n: u32, of: u32, day: u32, taxable: i64) -> Body {
        let taxes = taxes("27", taxable);
        let tax_minor: i64 = taxes.iter().map(|t| t.amount_minor).sum();
        Body::Refunded(Box::new(RefundedV2 {
            refund: id(1000 + n),
            order: id(of),
            counter: [1; 16],
            seat: 0,
            shift: None,
            at_ms: 1_793_600_000_000,
            business_day: day,
            prefix: "C7Q".to_owned(),
            fiscal_year: "26-27".to_owned(),
            document_no: n,
            lines: vec![RefundLineV2 {
                line: 1,
                milli: 1_000,
                amount_minor: taxable + tax_minor,
                taxable_minor: taxable,
                taxes: of_line(&taxes),
            }],
            moves: vec![],
            tenders: vec![],
            taxes,
            taxable_minor: taxable,
            tax_minor,
            rounding_minor: 0,
            total_minor: taxable + tax_minor,
            reason: "bent".to_owned(),
            approved_by: None,
            offline: false,
            content: [0; 32],
        }))
    }

    fn revised(of: u32, day: u32) -> Body {
        Body::InvoiceRevised(InvoiceRevisedV1 {
            order: id(of),
            revision: 1,
            at_ms: 1_793_600_000_000,
            business_day: day,
            customer: None,
            buyer: buyer("24AAACC1206D1ZM", "27"),
            reason: "the number was another".to_owned(),
            content: [0; 32],
        })
    }

    /// Consumers of October that became others in November, an export, and a credit note a year too late.
    pub fn changed_later(shop: &Shop) {
        let facts = [
            order(1, 2026_10_10, "27", 1_000_00, None),
            order(2, 2026_10_11, "27", 2_000_00, None),
            order(3, 2026_10_12, "27", 3_000_00, None),
            Body::OrderCancelled(OrderCancelledV2 {
                order: id(2),
                cancelled_ms: 1_793_600_000_000,
                business_day: 2026_11_04,
                shift: None,
                reason: "never fetched".to_owned(),
                approved_by: None,
            }),
            revised(3, 2026_11_05),
            order(4, 2026_11_06, "96", 4_000_00, None),
            refund_on(1, 1, 2027_12_01, 500_00),
        ];
        write(shop, &facts);
    }

    fn write(shop: &Shop, facts: &[Body]) {
        shop.store()
            .write(Moment(1_793_700_000_000), |tx| {
                for fact in facts {
                    tx.record(None, fact)?;
                }
                Ok::<_, app::StoreError>(())
            })
            .expect("facts that can be written");
    }

    /// What December does to November: cancels, mends a name, takes a number away after a credit note.
    pub fn later(shop: &Shop) {
        let named = |of: u32, number: &str| {
            let Body::InvoiceRevised(mut made) = revised(of, 2026_12_03) else {
                unreachable!("it is made so")
            };
            made.buyer = BuyerV1 {
                name: "Another name".to_owned(),
                ..buyer(number, "27")
            };
            Body::InvoiceRevised(made)
        };
        write(
            shop,
            &[
                order(1, 2026_11_28, "27", 4_000_00, None),
                Body::OrderCancelled(OrderCancelledV2 {
                    order: id(1),
                    cancelled_ms: 1_793_600_000_000,
                    business_day: 2026_12_02,
                    shift: None,
                    reason: "never fetched".to_owned(),
                    approved_by: None,
                }),
                order(2, 2026_11_29, "27", 3_000_00, Some(buyer(BUYER, "27"))),
                named(2, BUYER),
                order(3, 2026_11_30, "27", 4_000_00, Some(buyer(BUYER, "27"))),
                refund(1, 3, 500_00),
                named(3, ""),
            ],
        );
    }

    pub fn happened(shop: &Shop) {
        let facts = [
            // October, corrected in November.
            order(1, 2026_10_30, "27", 50_000_00, Some(buyer(BUYER, "27"))),
            revised(1, 2026_11_05),
            order(2, 2026_11_01, "27", 1_000_00, None),
            order(3, 2026_11_02, "29", 2_000_00, Some(buyer(BUYER, "29"))),
            // To another State, to somebody without a number: above a lakh with its tax, and below.
            order(4, 2026_11_03, "29", 90_000_00, None),
            order(5, 2026_11_03, "29", 10_000_00, None),
            order(6, 2026_11_04, "27", 7_000_00, None),
            Body::OrderCancelled(OrderCancelledV2 {
                order: id(6),
                cancelled_ms: 1_793_600_000_000,
                business_day: 2026_11_04,
                shift: None,
                reason: "a mistake".to_owned(),
                approved_by: None,
            }),
            refund(1, 2, 500_00),
            // Corrected in its own month: told once, as it is now.
            order(7, 2026_11_29, "27", 3_000_00, None),
            revised(7, 2026_11_30),
            order(8, 2026_12_01, "27", 9_000_00, None),
        ];
        write(shop, &facts);
    }
}

#[tokio::test]
async fn what_changed_later_is_told_in_the_month_it_changed() {
    let node = Node::empty();
    let owner = owner_of!(
        node,
        shop(
            "IN",
            "other",
            json!({"region": "27", "tax_number": november::NUMBER})
        )
    );
    november::changed_later(&node.door.app().shop().expect("a shop"));
    let file = async |month: &str| {
        let (status, file) = owner
            .get(&format!("/api/v1/reports/gstr1.json?month={month}"))
            .await;
        assert_eq!(status, 200, "{file}");
        file
    };
    let october = file("2026-10").await;
    assert_eq!(
        (&october["b2cs"][0]["txval"], &october["b2csa"], &october["b2b"]),
        (&json!(6_000.0), &Value::Null, &Value::Null),
        "October as it was known at its end: {october}"
    );
    let november = file("2026-11").await;
    let amended = &november["b2csa"][0];
    assert_eq!(
        (
            &amended["omon"],
            &amended["pos"],
            &amended["sply_ty"],
            &amended["itms"][0]["txval"],
            &amended["itms"][0]["camt"]
        ),
        (
            &json!("102026"),
            &json!("27"),
            &json!("INTRA"),
            &json!(1_000.0),
            &json!(90.0)
        ),
        "less what a company took over, less what was cancelled: {november}"
    );
    assert_eq!(november["b2ba"][0]["inv"][0]["val"], 3_540.0, "{november}");
    assert_eq!(
        (
            &november["exp"][0]["exp_typ"],
            &november["exp"][0]["inv"][0]["itms"][0]["iamt"],
            &november["exp"][0]["inv"][0]["itms"][0]["txval"]
        ),
        (&json!("WPAY"), &json!(720.0), &json!(4_000.0)),
        "{november}"
    );
    let (_, view) = owner.get("/api/v1/reports/gstr1?month=2026-11").await;
    let faults: Vec<&str> = view["faults"]
        .as_array()
        .expect("faults")
        .iter()
        .filter_map(|fault| fault["code"].as_str())
        .collect();
    assert_eq!(faults, ["was_consumer", "cancelled_later"], "{view}");
    let sections = view["sections"].as_array().expect("sections");
    let consumers = sections.iter().find(|s| s["section"] == "b2csa").expect("b2csa");
    assert_eq!(
        consumers["taxable_minor"], -5_000_00,
        "by how much October changed"
    );
    let (_, later) = owner.get("/api/v1/reports/gstr1?month=2027-12").await;
    assert_eq!(
        (&later["faults"][0]["code"], &later["sections"]),
        (&json!("too_late"), &json!([])),
        "after 30 November money goes back and the tax does not: {later}"
    );
    let (status, _) = owner
        .fetch(
            Method::GET,
            "/api/v1/reports/gstr1.xlsx?month=2026-11",
            "text/plain",
            vec![],
            &[],
        )
        .await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn what_later_months_do_to_a_return_is_told_and_hides_nothing() {
    let node = Node::empty();
    let setup = json!({"region": "27", "tax_number": november::NUMBER});
    let owner = owner_of!(node, shop("IN", "other", setup));
    november::later(&node.door.app().shop().expect("a shop"));
    let view = async |month: &str| {
        let (status, view) = owner.get(&format!("/api/v1/reports/gstr1?month={month}")).await;
        assert_eq!(status, 200, "{view}");
        view
    };
    let section = |view: &Value, name: &str| {
        let all = view["sections"].as_array().expect("sections");
        let one = all.iter().find(|one| one["section"] == name);
        one.map(|one| (one["documents"].clone(), one["taxable_minor"].clone()))
    };
    let (november, december) = (view("2026-11").await, view("2026-12").await);
    assert_eq!(
        section(&november, "b2cs"),
        Some((json!(1), json!(4_000_00))),
        "cancelled in December, sold in November: {november}"
    );
    assert_eq!(november["faults"], json!([]));
    assert_eq!(section(&november, "b2b"), Some((json!(2), json!(7_000_00))));
    assert_eq!(
        section(&december, "b2ba"),
        None,
        "a name mended amends nothing, and who lost their number is told by hand: {december}"
    );
    let faults: Vec<_> = december["faults"]
        .as_array()
        .expect("faults")
        .iter()
        .map(|fault| (fault["code"].as_str(), fault["document"].as_str()))
        .map(|(code, document)| format!("{} {}", code.unwrap_or(""), &document.unwrap_or("")[10..]))
        .collect();
    assert_eq!(
        faults,
        [
            "amended_notes 000003",
            "lost_buyer 000003",
            "cancelled_later 000001"
        ]
    );
    let (_, totals) = owner
        .get("/api/v1/reports/tax?from=2026-11-01&to=2026-11-30")
        .await;
    assert_eq!(totals["taxable_minor"], 10_500_00, "{totals}");
}

#[tokio::test]
async fn the_return_of_a_month_adds_up_from_its_documents() {
    let node = Node::empty();
    let owner = owner_of!(
        node,
        shop(
            "IN",
            "other",
            json!({"region": "27", "tax_number": november::NUMBER})
        )
    );
    november::happened(&node.door.app().shop().expect("a shop"));
    let (status, view) = owner.get("/api/v1/reports/gstr1?month=2026-11").await;
    assert_eq!(status, 200, "{view}");
    let section = |name: &str| {
        let sections = view["sections"].as_array().expect("sections");
        let found = sections.iter().find(|s| s["section"] == name);
        let found = found.unwrap_or_else(|| panic!("no {name} in {view}"));
        [
            "documents",
            "taxable_minor",
            "igst_minor",
            "cgst_minor",
            "sgst_minor",
        ]
        .map(|key| found[key].as_i64().expect("a number"))
    };
    assert_eq!(section("b2b"), [2, 5_000_00, 360_00, 270_00, 270_00]);
    assert_eq!(
        section("b2ba"),
        [1, 50_000_00, 0, 4_500_00, 4_500_00],
        "October's, corrected"
    );
    assert_eq!(
        section("b2cl"),
        [1, 90_000_00, 16_200_00, 0, 0],
        "1,06,200 is above a lakh"
    );
    assert_eq!(
        section("b2cs"),
        [3, 10_500_00, 1_800_00, 45_00, 45_00],
        "two sales, and what came back of one"
    );
    assert_eq!(view["series"][0]["from"], "K7Q/26-27/000002");
    assert_eq!(
        ["issued", "cancelled", "net"].map(|key| view["series"][0][key].clone()),
        [6, 1, 5],
        "a cancelled number is told"
    );
    assert_eq!(view["series"][1]["kind"], "credit_note");
    assert!(
        view["faults"].as_array().expect("faults").is_empty(),
        "{}",
        view["faults"]
    );

    let (_, file) = owner.get("/api/v1/reports/gstr1.json?month=2026-11").await;
    assert_eq!(
        (&file["gstin"], &file["fp"]),
        (&json!(november::NUMBER), &json!("112026"))
    );
    let invoice = &file["b2b"][1]["inv"][0];
    assert_eq!(
        (
            &file["b2b"][1]["ctin"],
            &invoice["idt"],
            &invoice["pos"],
            &invoice["itms"][0]["itm_det"]["iamt"]
        ),
        (
            &json!(november::BUYER),
            &json!("02-11-2026"),
            &json!("29"),
            &json!(360.0)
        )
    );
    assert_eq!(file["b2ba"][0]["inv"][0]["oinum"], "K7Q/26-27/000001");
    assert_eq!(
        file["hsn"]["hsn_b2c"][0]["qty"], 5.0,
        "six plates to consumers, one came back"
    );
    assert_eq!(file["doc_issue"]["doc_det"][0]["docs"][0]["cancel"], 1);

    let (_, report) = owner
        .get("/api/v1/reports/tax?from=2026-11-01&to=2026-11-30")
        .await;
    assert_eq!(report["taxable_minor"], 105_500_00, "{report}");
    assert_eq!(
        report["tax_minor"],
        18_360_00 + 2 * 315_00,
        "CGST and SGST of 3,500 and IGST of 1,02,000"
    );

    let (status, book) = owner
        .fetch(
            Method::GET,
            "/api/v1/reports/gstr1.xlsx?month=2026-11",
            "text/plain",
            vec![],
            &[],
        )
        .await;
    assert_eq!(status, 200);
    assert!(book.starts_with(b"PK"), "a spreadsheet");
    assert_eq!(owner.get("/api/v1/reports/gstr1?month=november").await.0, 422);
}

#[tokio::test]
async fn a_meal_is_taxed_where_it_is_eaten_whoever_eats_it() {
    let node = Node::empty();
    let owner = owner_of!(
        node,
        shop("IN", "cafe", json!({"region": "27", "tax_number": PUNE}))
    );
    let (_, taxes) = owner.get("/api/v1/taxes").await;
    let product = async |name: &str, key: &str| {
        let form = json!({"id": new_id(), "name": name, "price_minor": 105_00,
                          "tax_class": class(&taxes, key)["id"]});
        let (status, made) = owner.post("/api/v1/products", form).await;
        assert_eq!(status, 201, "{made}");
        made["id"].clone()
    };
    let thali = product("Thali", "restaurant").await;
    let pickle = product("Pickle", "goods_5").await;
    // A regular guest who lives in Karnataka.
    let guest = json!({"id": new_id(), "name": "Ravi", "region": "29"});
    let (status, guest) = owner.post("/api/v1/customers", guest).await;
    assert_eq!(status, 201, "{guest}");
    let place = async |lines: Value, more: Value| {
        let mut body = json!({"id": new_id(), "customer": guest["id"], "lines": lines,
                              "tenders": [{"id": new_id(), "method": "cash"}]});
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        owner.post("/api/v1/orders", body).await
    };
    let meal = json!({"product": thali, "quantity": "1"});
    let jar = json!({"product": pickle, "quantity": "1"});
    let names = |order: &Value| {
        let taxes = order["taxes"].as_array().expect("taxes").iter();
        taxes
            .map(|tax| tax["name"].as_str().unwrap_or("?").to_owned())
            .collect::<Vec<_>>()
    };
    for lines in [json!([meal]), json!([meal, jar])] {
        let (status, order) = place(lines, json!({})).await;
        assert_eq!(status, 201, "{order}");
        assert_eq!(order["place_of_supply"], "27", "one bill, one place: {order}");
        assert_eq!(names(&order), ["CGST", "SGST"]);
    }
    let (_, goods) = place(json!([jar]), json!({})).await;
    assert_eq!(
        (&goods["place_of_supply"], names(&goods)),
        (&json!("29"), vec!["IGST".to_owned()])
    );
    let sent = json!({"order_type": "delivery", "delivered_to": "29"});
    let (status, refused) = place(json!([meal, jar]), sent.clone()).await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["code"]),
        (422, &json!("tax_places_differ")),
        "{refused}"
    );
    assert_eq!(place(json!([jar]), sent).await.0, 201, "a bill of its own");
    let (_, file) = owner.get("/api/v1/reports/gstr1.json?month=2026-11").await;
    let consumers = file["b2cs"].as_array().expect("b2cs");
    assert!(
        consumers
            .iter()
            .all(|row| (row["sply_ty"] == "INTER") == (row["camt"].as_f64().unwrap_or(0.0) == 0.0)),
        "between States there is no CGST: {consumers:?}"
    );
}

#[tokio::test]
async fn a_limit_is_for_a_piece_and_variants_have_the_taxes_of_their_product() {
    let node = Node::empty();
    let owner = owner_of!(
        node,
        shop("IN", "garments", json!({"region": "27", "tax_number": PUNE}))
    );
    let (_, taxes) = owner.get("/api/v1/taxes").await;
    let product = async |form: Value| {
        let mut form = form;
        form["id"] = json!(new_id());
        let (status, made) = owner.post("/api/v1/products", form).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().expect("an id").to_owned()
    };
    let rates = async |product: &str, more: Value| {
        let mut line = json!({"product": product, "quantity": "1"});
        for (key, value) in more.as_object().into_iter().flatten() {
            line[key] = value.clone();
        }
        let body = json!({"id": new_id(), "lines": [line], "tenders": [{"id": new_id(), "method": "cash"}]});
        let (status, order) = owner.post("/api/v1/orders", body).await;
        assert_eq!(status, 201, "{order}");
        (
            order["taxes"][0]["rate"].clone(),
            order["lines"][0]["hsn"].clone(),
        )
    };
    let vest = json!({"name": "Vest", "unit": "piece", "price_minor": 300_00,
                      "units": [{"unit": "box", "holds": "12", "price_minor": 3_600_00, "barcodes": []}]});
    let vest = product(vest).await;
    assert_eq!(
        rates(&vest, json!({"unit": "box"})).await.0,
        "2.5",
        "300 a piece, twelve in a box"
    );

    let gold = class(&taxes, "gold")["id"].clone();
    let ring = product(
        json!({"name": "Ring", "unit": "piece", "price_minor": 9_000_00, "tax_class": gold, "hsn": "7113"}),
    )
    .await;
    let variants = json!({"id": new_id(), "choices": [{"name": "Size", "values": ["6", "7"]}]});
    let (status, made) = owner
        .post(&format!("/api/v1/products/{ring}/variants"), variants)
        .await;
    assert_eq!(status, 200, "{made}");
    let first = made["variants"][0]["id"].as_str().expect("a variant").to_owned();
    assert_eq!(
        rates(&first, json!({})).await,
        (json!("1.5"), json!("7113")),
        "not the rate of clothes"
    );
    // One that was made before variants took their product's taxes.
    let form = json!({"name": "Ring · 7", "price_minor": 9_000_00, "hsn": ""});
    let second = made["variants"][1]["id"].as_str().expect("a variant").to_owned();
    assert_eq!(
        owner.put(&format!("/api/v1/products/{second}"), form).await.0,
        200
    );
    assert_eq!(rates(&second, json!({})).await, (json!("1.5"), json!("7113")));
    let diamonds = class(&taxes, "cut_diamonds")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let assign = json!({"id": new_id(), "only_without": false});
    let (status, assigned) = owner
        .post(&format!("/api/v1/taxes/classes/{diamonds}/assign"), assign)
        .await;
    assert_eq!(status, 200, "{assigned}");
    assert_eq!(
        rates(&first, json!({})).await.0,
        "0.75",
        "all products are also all variants"
    );
}

#[tokio::test]
async fn a_gift_card_is_taxed_when_it_buys_something_and_not_before() {
    let node = Node::empty();
    let owner = owner_of!(
        node,
        shop("IN", "grocery", json!({"region": "27", "tax_number": PUNE}))
    );
    let gift = owner.product("Gift card 500", 500_00).await;
    let choose = json!({"id": new_id(), "value": gift});
    assert_eq!(owner.put("/api/v1/settings/card.product", choose).await.0, 200);
    let rice = owner.product("Rice", 105_00).await;
    let order = owner.sell(&[(gift, "1"), (rice, "1")]).await;
    assert_eq!(
        (&order["lines"][0]["tax_minor"], &order["lines"][1]["tax_minor"]),
        (&json!(0), &json!(5_00)),
        "{order}"
    );
    assert_eq!(order["total_minor"], 605_00);
}

#[tokio::test]
async fn what_is_sold_into_a_zone_is_sold_between_states() {
    let node = Node::empty();
    let owner = owner_of!(
        node,
        shop(
            "IN",
            "grocery",
            json!({"region": "29", "tax_number": "29AAGCB7383J1Z4"})
        )
    );
    let rice = owner.product("Rice", 105_00).await;
    let sell = async |customer: Value| {
        let (status, customer) = owner.post("/api/v1/customers", customer).await;
        assert_eq!(status, 201, "{customer}");
        let body = json!({"id": new_id(), "customer": customer["id"], "lines": [{"product": rice, "quantity": "1"}],
                          "tenders": [{"id": new_id(), "method": "cash"}]});
        let (status, order) = owner.post("/api/v1/orders", body).await;
        assert_eq!(status, 201, "{order}");
        let name = order["taxes"][0]["name"].as_str().expect("a tax").to_owned();
        (name, order["document"].clone())
    };
    let number = |zone: bool| json!([{"number": PUNE, "zone": zone}]);
    let usual = sell(json!({"id": new_id(), "name": "Regular", "tax_numbers": number(false)})).await;
    let zone = sell(json!({"id": new_id(), "name": "In the zone", "tax_numbers": number(true)})).await;
    assert_eq!((usual.0.as_str(), zone.0.as_str()), ("CGST", "IGST"));
    let (_, file) = owner.get("/api/v1/reports/gstr1.json?month=2026-11").await;
    let invoices = file["b2b"][0]["inv"].as_array().expect("invoices");
    let of = |document: &Value| {
        let found = invoices
            .iter()
            .find(|one| one["inum"] == *document)
            .expect("the invoice");
        found["inv_typ"].clone()
    };
    assert_eq!((of(&usual.1), of(&zone.1)), (json!("R"), json!("SEWP")), "{file}");
}
