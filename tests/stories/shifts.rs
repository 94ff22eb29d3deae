//! Drawers: what is in them is what the facts say, and a shift can always be closed.

use domain::ids::StaffId;
use journal::{
    Body,
    body::{DrawerOpenedV2, ForeignV1, TenderMovedV1, TenderTakenV2, TipsPaidV1},
};
use serde_json::{Value, json};
use testkit::{COUNTER_PIN, Client, Method, NOON_MS, Node, OWNER_PIN, dice::Dice, new_id, order_path};
use uuid::Uuid;

const HOUR: i64 = 3_600_000;

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

async fn open(who: &Client, float_minor: i64) -> Value {
    let body = json!({"id": new_id(), "floats": [{"counted_minor": float_minor}]});
    let (status, current) = who.post("/api/v1/shifts", body).await;
    assert_eq!(status, 201, "{current}");
    current["shift"]["shift"].clone()
}

fn path(shift: &Value, what: &str) -> String {
    format!("/api/v1/shifts/{}/{what}", shift["id"].as_str().expect("an id"))
}

async fn close(who: &Client, shift: &Value, counts: Value) -> Value {
    let (status, done) = who
        .post(&path(shift, "close"), json!({"id": new_id(), "counts": counts}))
        .await;
    assert_eq!(status, 200, "{done}");
    done
}

async fn move_cash(who: &Client, shift: &Value, kind: &str, amount_minor: i64) -> (u16, Value) {
    let body = json!({"id": new_id(), "kind": kind, "amount_minor": amount_minor, "reason": "because"});
    let (status, done) = who.post(&path(shift, "moves"), body).await;
    (status.as_u16(), done)
}

async fn detail(who: &Client, shift: &Value) -> Value {
    let path = format!("/api/v1/shifts/{}", shift["id"].as_str().expect("an id"));
    let (status, detail) = who.get(&path).await;
    assert_eq!(status, 200, "{detail}");
    detail
}

async fn set(owner: &Client, key: &str, value: Value) {
    let (status, answer) = owner
        .put(
            &format!("/api/v1/settings/{key}"),
            json!({"id": new_id(), "value": value}),
        )
        .await;
    assert_eq!(status, 200, "{answer}");
}

/// The rupees of a shift's figures.
fn rupees(figures: &Value) -> &Value {
    figures["drawers"]
        .as_array()
        .and_then(|all| all.iter().find(|d| d["currency"] == "INR"))
        .expect("the shop's own currency is always there")
}

async fn counter() -> (Node, Client, Client, Uuid) {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    (node, owner, meena, tea)
}

#[tokio::test]
async fn a_drawer_from_its_float_to_its_z() {
    let (node, owner, meena, tea) = counter().await;
    let (_, before) = meena.get("/api/v1/shifts/current").await;
    assert_eq!(
        (&before["shift"], &before["required"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(before["currencies"][0]["currency"], "INR");
    assert_eq!(before["currencies"][0]["denominations"][1], 50_000);
    let pieces = json!([{"value_minor": 10_000, "count": 15}, {"value_minor": 1_000, "count": 20}]);
    let body =
        json!({"id": new_id(), "floats": [{"pieces": pieces, "counted_minor": 170_000}], "note": "morning"});
    let (status, opened) = meena.post("/api/v1/shifts", body.clone()).await;
    assert_eq!(status, 201, "{opened}");
    assert_eq!(meena.post("/api/v1/shifts", body).await.1, opened, "once");
    let shift = &opened["shift"]["shift"];
    assert_eq!(
        (&shift["state"], &shift["holder"]["name"]),
        (&json!("open"), &json!("Meena"))
    );
    let order = meena.sell(&[(tea, "3")]).await;
    meena.sell(&[(tea, "1")]).await;
    let (status, _) = meena
        .post(
            &order_path(&order, "refunds"),
            json!({"id": new_id(), "lines": [{"line": 1, "quantity": "1"}],
                   "approval": {"staff": owner_id(&owner).await, "pin": OWNER_PIN}}),
        )
        .await;
    assert_eq!(status, 201);
    assert_eq!(move_cash(&meena, shift, "in", 500).await.0, 201);
    assert_eq!(
        move_cash(&meena, shift, "drop", 150_000).await.0,
        201,
        "the safe is the shop's"
    );
    let (status, refused) = move_cash(&meena, shift, "out", 60_000).await;
    assert_eq!((status, code(&refused)), (403, "shift_needs_approval"));
    let body = json!({"id": new_id(), "kind": "out", "amount_minor": 60_000, "reason": "milk",
                      "approval": {"staff": owner_id(&owner).await, "pin": OWNER_PIN}});
    let (status, moved) = meena.post(&path(shift, "moves"), body).await;
    assert_eq!(status, 201, "{moved}");
    assert_eq!(moved["moves"][2]["approved_by"]["name"], "Asha");
    let expected = 170_000 + 8_000 - 2_000 + 500 - 150_000 - 60_000;
    assert_eq!(rupees(&moved["figures"])["expected_minor"], expected);
    let (status, x) = meena.post(&path(shift, "reports"), json!({"id": new_id()})).await;
    assert_eq!(
        (status.as_u16(), &x["kind"], &x["equals_facts"]),
        (201, &json!("x"), &json!(true)),
        "{x}"
    );
    let done = close(&meena, shift, json!([{"counted_minor": 0, "left_minor": 0}])).await;
    let z = &done["reports"][0];
    assert_eq!(
        (&z["kind"], &z["equals_facts"]),
        (&json!("z"), &json!(true)),
        "{z}"
    );
    assert_eq!(
        z["drawers"][0]["variance_minor"], -expected,
        "short is below zero"
    );
    assert_eq!(z["figures"]["sales"]["orders"], 2);
    assert_eq!(z["figures"]["sales"]["total_minor"], 8_000);
    assert_eq!(
        (
            &z["figures"]["sales"]["refunds"],
            &z["figures"]["sales"]["refunded_minor"]
        ),
        (&json!(1), &json!(2_000))
    );
    assert_eq!(z["figures"]["methods"][0]["net_minor"], 6_000);
    assert_ne!(z["number"], x["number"], "each kind has a series of its own");
    let (status, again) = meena.post(&path(shift, "close"), json!({"id": new_id()})).await;
    assert_eq!((status.as_u16(), code(&again)), (409, "shift_closed"));
    assert_eq!(again["error"]["hints"]["z"], z["number"]);
    assert_eq!(move_cash(&meena, shift, "in", 1).await.0, 409);
    let (_, list) = owner.get("/api/v1/shifts?state=closed").await;
    assert_eq!(list["items"][0]["z"], z["number"]);
    assert_eq!(list["items"][0]["variances"][0]["variance_minor"], -expected);
    assert_eq!(
        meena.get("/api/v1/shifts").await.0,
        403,
        "the list is for those who run the shop"
    );
    assert!(node.faults().is_empty(), "{:?}", node.faults());
}

async fn owner_id(owner: &Client) -> String {
    let (_, current) = owner.get("/api/v1/sessions/current").await;
    current["staff"]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn what_was_left_is_the_next_float_and_numbers_have_no_gaps() {
    let (_node, _, meena, tea) = counter().await;
    let mut numbers = vec![];
    for n in 0..3 {
        let shift = open(&meena, 10_000).await;
        meena.sell(&[(tea, "1")]).await;
        let done = close(
            &meena,
            &shift,
            json!([{"counted_minor": 12_000, "left_minor": 5_000 + n}]),
        )
        .await;
        let z = &done["reports"][0];
        assert_eq!(z["drawers"][0]["variance_minor"], 0);
        numbers.push(
            z["number"].as_str().expect("a number")[10..]
                .parse::<u32>()
                .expect("digits"),
        );
        let (_, current) = meena.get("/api/v1/shifts/current").await;
        assert_eq!(current["currencies"][0]["left_minor"], 5_000 + n);
    }
    assert_eq!(numbers, [numbers[0], numbers[0] + 1, numbers[0] + 2]);
}

#[tokio::test]
async fn several_shifts_at_once_keep_their_own_money() {
    let (node, owner, meena, tea) = counter().await;
    let ravi = node.counter(&owner, "Ravi", "cashier").await;
    let (of_meena, of_ravi) = (open(&meena, 1_000).await, open(&ravi, 2_000).await);
    assert_ne!(of_meena["seat"], of_ravi["seat"]);
    let (status, refused) = meena.post("/api/v1/shifts", json!({"id": new_id()})).await;
    assert_eq!(
        (status.as_u16(), code(&refused)),
        (409, "shift_open"),
        "one drawer at a till"
    );
    meena.sell(&[(tea, "1")]).await;
    ravi.sell(&[(tea, "2")]).await;
    owner.sell(&[(tea, "5")]).await;
    for (shift, expected) in [(&of_meena, 3_000), (&of_ravi, 6_000)] {
        assert_eq!(
            rupees(&detail(&owner, shift).await["figures"])["expected_minor"],
            expected
        );
    }
    let path = format!("/api/v1/shifts/{}", of_meena["id"].as_str().expect("an id"));
    assert_eq!(
        ravi.get(&path).await.0,
        403,
        "another drawer is not theirs to see"
    );
    assert_eq!(
        ravi.post(&format!("{path}/close"), json!({"id": new_id()}))
            .await
            .0,
        403
    );
    let (status, done) = owner
        .post(
            &format!("{path}/close"),
            json!({"id": new_id(), "note": "went home ill"}),
        )
        .await;
    assert_eq!(status, 200, "those who run the shop close any: {done}");
    assert_eq!(
        done["reports"][0]["drawers"][0]["count"],
        Value::Null,
        "nobody counted, and it says so"
    );
    assert_eq!(done["shift"]["variances"][0]["variance_minor"], Value::Null);
    assert_eq!(
        done["reports"][0]["drawers"][0]["left_minor"], 3_000,
        "what nobody counted stays where it is"
    );
}

#[tokio::test]
async fn a_drawer_each_where_cashiers_have_their_own() {
    let (node, owner, meena, tea) = counter().await;
    set(&owner, "shift.drawer", json!("cashier")).await;
    let seat = new_id();
    let sign_in = async |name: &str| {
        let staff = owner.staff(name, "cashier", COUNTER_PIN).await;
        let browser = node.browser("127.0.0.1:4300");
        let body = json!({"staff": staff, "pin": COUNTER_PIN, "seat": seat});
        let (status, answer) = browser.post("/api/v1/sessions", body).await;
        assert_eq!(status, 201, "{answer}");
        browser.signed_in(&answer)
    };
    let (tara, ravi) = (sign_in("Tara").await, sign_in("Ravi").await);
    let (of_tara, of_ravi) = (open(&tara, 100).await, open(&ravi, 200).await);
    tara.sell(&[(tea, "1")]).await;
    ravi.sell(&[(tea, "2")]).await;
    assert_eq!(
        rupees(&detail(&tara, &of_tara).await["figures"])["expected_minor"],
        2_100
    );
    assert_eq!(
        rupees(&detail(&ravi, &of_ravi).await["figures"])["expected_minor"],
        4_200
    );
    let (_, current) = tara.get("/api/v1/shifts/current").await;
    assert_eq!(current["shift"]["shift"]["id"], of_tara["id"]);
    assert_eq!(
        current["others"][0]["id"], of_ravi["id"],
        "the other drawer at this till is named"
    );
    assert_eq!(meena.get("/api/v1/shifts/current").await.1["shift"], Value::Null);
    // One goes; the drawer is handed over with their cart, and nothing is blocked.
    tara.add_to_cart(tea, "4").await;
    let body = json!({"id": new_id(), "to": {"staff": session_staff(&meena).await, "pin": COUNTER_PIN},
                      "counts": [{"counted_minor": 2_100}]});
    let (status, handed) = tara.post(&path(&of_tara, "handover"), body).await;
    assert_eq!(
        (status.as_u16(), &handed["shift"]["holder"]["name"]),
        (200, &json!("Meena")),
        "{handed}"
    );
    assert_eq!(
        tara.delete("/api/v1/sessions/current").await.0,
        204,
        "an open cart keeps nobody here"
    );
    let browser = node.browser("127.0.0.1:4300");
    let body = json!({"staff": session_staff(&meena).await, "pin": COUNTER_PIN, "seat": seat});
    let (_, answer) = browser.post("/api/v1/sessions", body).await;
    let at_that_till = browser.signed_in(&answer);
    let (_, cart) = at_that_till.get("/api/v1/cart").await;
    assert_eq!(cart["total_minor"], 8_000, "the cart is still there");
    at_that_till.pay_cash(&cart).await;
    let after = detail(&at_that_till, &of_tara).await;
    assert_eq!(
        rupees(&after["figures"])["expected_minor"],
        10_100,
        "and its money is in the drawer handed over"
    );
    let wrong = json!({"id": new_id(), "to": {"staff": session_staff(&meena).await, "pin": "9999"}});
    assert_eq!(
        code(&ravi.post(&path(&of_ravi, "handover"), wrong).await.1),
        "pin_wrong"
    );
}

async fn session_staff(who: &Client) -> String {
    let (_, current) = who.get("/api/v1/sessions/current").await;
    current["staff"]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn selling_may_need_an_open_drawer() {
    let (_node, owner, meena, tea) = counter().await;
    meena.sell(&[(tea, "1")]).await;
    set(&owner, "shift.required", json!(true)).await;
    let body = json!({"id": new_id(), "lines": [{"product": tea, "quantity": "1"}],
                      "tenders": [{"id": new_id(), "method": "cash"}]});
    let (status, refused) = meena.post("/api/v1/orders", body.clone()).await;
    assert_eq!((status.as_u16(), code(&refused)), (409, "shift_needed"));
    let shift = open(&meena, 0).await;
    assert_eq!(
        meena.post("/api/v1/orders", body).await.0,
        201,
        "the same sale goes through"
    );
    assert_eq!(
        rupees(&detail(&meena, &shift).await["figures"])["expected_minor"],
        2_000
    );
}

#[tokio::test]
async fn a_blind_count_sees_nothing_before_and_nothing_after() {
    let (_node, owner, meena, tea) = counter().await;
    set(&owner, "shift.blind", json!(true)).await;
    let shift = open(&meena, 1_000).await;
    meena.sell(&[(tea, "1")]).await;
    let seen = detail(&meena, &shift).await;
    assert_eq!((&seen["figures"], &seen["reports"]), (&Value::Null, &json!([])));
    let (status, refused) = meena
        .post(&path(&shift, "reports"), json!({"id": new_id()}))
        .await;
    assert_eq!(
        (status.as_u16(), code(&refused)),
        (403, "not_allowed"),
        "an X would tell"
    );
    let done = close(&meena, &shift, json!([{"counted_minor": 2_900}])).await;
    assert_eq!(
        (&done["figures"], &done["shift"]["variances"]),
        (&Value::Null, &json!([]))
    );
    let report = format!("/api/v1/shift-reports/{}", shift["id"].as_str().expect("an id"));
    assert_eq!(meena.get(&report).await.0, 403);
    let (_, z) = owner.get(&report).await;
    assert_eq!(z["drawers"][0]["variance_minor"], -100, "the owner sees it");
}

#[tokio::test]
async fn a_count_that_does_not_add_up_is_refused() {
    let (_node, _, meena, _) = counter().await;
    for (floats, field) in [
        (
            json!([{"pieces": [{"value_minor": 100, "count": 2}], "counted_minor": 300}]),
            "floats",
        ),
        (
            json!([{"pieces": [{"value_minor": 100, "count": 1}, {"value_minor": 100, "count": 1}]}]),
            "floats",
        ),
        (json!([{"pieces": [{"value_minor": -5, "count": 1}]}]), "floats"),
        (json!([{"loose_minor": -1}]), "floats"),
        (json!([{"counted_minor": -1}]), "floats"),
        (json!([{"counted_minor": 1}, {"counted_minor": 2}]), "floats"),
        (json!([{"currency": "XYZ", "counted_minor": 2}]), "floats"),
        (
            json!([{"pieces": [{"value_minor": i64::MAX, "count": 9}]}]),
            "floats",
        ),
        (json!([{"counted_minor": 5, "left_minor": 6}]), "left_minor"),
    ] {
        let (status, refused) = meena
            .post("/api/v1/shifts", json!({"id": new_id(), "floats": floats}))
            .await;
        assert_eq!(
            (status.as_u16(), &refused["error"]["hints"]["field"]),
            (422, &json!(field)),
            "{floats} {refused}"
        );
    }
    let shift = open(&meena, 0).await;
    for (kind, amount) in [("out", 0), ("in", -5), ("sale", 5), ("steal", 5)] {
        assert_eq!(
            move_cash(&meena, &shift, kind, amount).await.0,
            422,
            "{kind} {amount}"
        );
    }
}

/// A leg as another device would have taken it into this shift.
fn leg(shift: &Value, order: &Value, method: &str, amount_minor: i64) -> TenderTakenV2 {
    let id = |value: &Value| -> Uuid { value.as_str().expect("an id").parse().expect("an id") };
    TenderTakenV2 {
        tender: *new_id().as_bytes(),
        order: *id(&order["id"]).as_bytes(),
        method: method.to_owned(),
        amount_minor,
        received_minor: Some(amount_minor),
        change_minor: 0,
        cash_rounding_minor: 0,
        tip_minor: 0,
        reference: String::new(),
        provider: String::new(),
        foreign: None,
        customer: None,
        card: None,
        payment: None,
        state: 2,
        counter: [4; 16],
        seat: 1,
        shift: Some(*id(&shift["id"]).as_bytes()),
        business_day: 20_261_121,
        taken_ms: NOON_MS,
    }
}

/// The owner signs in once more: nobody stays signed in over night.
async fn asha_again(node: &Node) -> Client {
    let window = node.window("cashier");
    let (_, lock) = window.get("/api/v1/lock").await;
    let asha = lock["staff"]
        .as_array()
        .and_then(|all| all.iter().find(|person| person["name"] == "Asha"))
        .and_then(|person| person["id"].as_str())
        .expect("the owner")
        .to_owned();
    let (status, answer) = window.sign_in(&asha, OWNER_PIN).await;
    assert_eq!(status, 201, "{answer}");
    window.signed_in(&answer)
}

fn record(node: &Node, body: &Body) {
    let shop = node.door.app().shop().expect("a shop");
    let now = domain::time::Moment(node.clock.now_ms());
    shop.store()
        .write(now, |tx| tx.record(None::<StaffId>, body))
        .expect("a fact that is written");
}

#[tokio::test]
async fn what_arrives_late_is_a_dated_addendum_and_the_z_stays_as_it_was() {
    let (node, _, meena, tea) = counter().await;
    let shift = open(&meena, 1_000).await;
    let order = meena.sell(&[(tea, "1")]).await;
    // A card payment of which nobody knows yet whether it went through does not keep the drawer from being closed.
    let unknown = TenderTakenV2 {
        state: 6,
        ..leg(&shift, &order, "card", 7_000)
    };
    record(&node, &Body::TenderTaken(unknown.clone()));
    let done = close(&meena, &shift, json!([{"counted_minor": 3_000}])).await;
    let z = done["reports"][0].clone();
    assert_eq!(z["drawers"][0]["variance_minor"], 0);
    assert_eq!(
        z["figures"]["methods"].as_array().map(Vec::len),
        Some(1),
        "the unknown is not counted"
    );
    // The next day: the terminal answers, and a sale in cash arrives from another device.
    node.clock.forward(26 * HOUR);
    let owner = asha_again(&node).await;
    record(
        &node,
        &Body::TenderMoved(TenderMovedV1 {
            tender: unknown.tender,
            order: unknown.order,
            state: 2,
            reference: "4711".to_owned(),
            reason: "the terminal answered".to_owned(),
            at_ms: node.clock.now_ms(),
            approved_by: None,
        }),
    );
    record(&node, &Body::TenderTaken(leg(&shift, &order, "cash", 1_500)));
    let late = detail(&owner, &shift).await;
    assert_eq!(
        (&late["late"], &late["reports"][0]),
        (&json!(true), &z),
        "seen, and the Z is as it was"
    );
    assert_eq!(owner.post("/api/v1/shifts/addenda", json!({})).await.0, 204);
    let after = detail(&owner, &shift).await;
    assert_eq!(
        (&after["late"], &after["reports"][0]),
        (&json!(false), &z),
        "the Z never changes"
    );
    let addendum = &after["reports"][1];
    assert_eq!(
        (&addendum["kind"], &addendum["number"]),
        (&json!("addendum"), &json!("1")),
        "{addendum}"
    );
    assert_eq!(
        (&addendum["business_day"], &addendum["of"]),
        (&json!("2026-11-22"), &z["number"]),
        "dated"
    );
    assert_eq!(rupees(&addendum["figures"])["sales_minor"], 1_500);
    assert_eq!(addendum["equals_facts"], true);
    let card = |figures: &Value| {
        let all = figures["methods"].as_array().expect("methods");
        all.iter().find(|m| m["method"] == "card").expect("card")["taken_minor"].clone()
    };
    assert_eq!(card(&addendum["figures"]), 7_000);
    assert_eq!(
        rupees(&after["figures"])["expected_minor"],
        4_500,
        "Z and addendum are the facts"
    );
    assert_eq!(owner.post("/api/v1/shifts/addenda", json!({})).await.0, 204);
    assert_eq!(
        detail(&owner, &shift).await["reports"].as_array().map(Vec::len),
        Some(2),
        "no news, no addendum"
    );
    // The next shift is not touched by it, and opening it writes down what came meanwhile.
    record(&node, &Body::TenderTaken(leg(&shift, &order, "cash", 10)));
    let next = open(&owner, 500).await;
    assert_eq!(
        rupees(&detail(&owner, &next).await["figures"])["expected_minor"],
        500
    );
    let twice = detail(&owner, &shift).await;
    assert_eq!(twice["reports"][2]["number"], "2");
    assert_eq!(
        rupees(&twice["reports"][2]["figures"])["sales_minor"],
        10,
        "each addendum has only its own"
    );
    assert_eq!(twice["reports"][1]["equals_facts"], true);
    // After a restart too.
    record(&node, &Body::TenderTaken(leg(&shift, &order, "cash", 20)));
    let node = node.restarted();
    let owner = asha_again(&node).await;
    assert_eq!(
        detail(&owner, &shift).await["reports"].as_array().map(Vec::len),
        Some(4)
    );
    assert!(node.faults().is_empty(), "{:?}", node.faults());
}

#[tokio::test]
async fn foreign_notes_and_tips_are_counted_apart() {
    let (node, owner, meena, tea) = counter().await;
    let body = json!({"id": new_id(), "floats": [{"counted_minor": 50_000}, {"currency": "USD", "counted_minor": 2_000}]});
    let (_, opened) = meena.post("/api/v1/shifts", body).await;
    let shift = opened["shift"]["shift"].clone();
    let order = meena.sell(&[(tea, "1")]).await;
    // Ten dollars for ₹640, ₹190 change; a tip of ₹5 with ₹100 in cash; ₹418.30 paid with ₹418.
    record(
        &node,
        &Body::TenderTaken(TenderTakenV2 {
            foreign: Some(ForeignV1 {
                currency: *b"USD",
                received_minor: 1_000,
                rate: 83_000_000_000,
            }),
            received_minor: Some(83_000),
            change_minor: 19_000,
            ..leg(&shift, &order, "cash", 64_000)
        }),
    );
    record(
        &node,
        &Body::TenderTaken(TenderTakenV2 {
            tip_minor: 500,
            received_minor: Some(10_500),
            ..leg(&shift, &order, "cash", 10_000)
        }),
    );
    record(
        &node,
        &Body::TenderTaken(TenderTakenV2 {
            cash_rounding_minor: -30,
            received_minor: Some(41_800),
            ..leg(&shift, &order, "cash", 41_830)
        }),
    );
    let pooled = TipsPaidV1 {
        payout: *new_id().as_bytes(),
        from_day: 20_261_121,
        to_day: 20_261_121,
        method: "cash".to_owned(),
        pool_minor: 200,
        shares: vec![],
        counter: [4; 16],
        shift: leg(&shift, &order, "cash", 1).shift,
        business_day: 20_261_121,
        at_ms: NOON_MS,
        note: String::new(),
    };
    record(&node, &Body::TipsPaid(pooled.clone()));
    record(
        &node,
        &Body::TipsPaid(TipsPaidV1 {
            payout: *new_id().as_bytes(),
            method: "wages".to_owned(),
            ..pooled
        }),
    );
    let body =
        json!({"id": new_id(), "kind": "drop", "currency": "usd", "amount_minor": 500, "reason": "bank"});
    assert_eq!(meena.post(&path(&shift, "moves"), body).await.0, 201);
    let figures = detail(&meena, &shift).await["figures"].clone();
    let rupees = rupees(&figures);
    assert_eq!(rupees["sales_minor"], 2_000 - 19_000 + 10_000 + 41_800);
    assert_eq!(rupees["tips_minor"], 500, "tips are not the shop's");
    assert_eq!(
        rupees["tips_out_minor"], -200,
        "what goes with the wages leaves no drawer"
    );
    assert_eq!(
        rupees["expected_minor"],
        50_000 + 2_000 - 19_000 + 10_500 + 41_800 - 200
    );
    let dollars = figures["drawers"]
        .as_array()
        .and_then(|all| all.iter().find(|d| d["currency"] == "USD"))
        .expect("dollars");
    assert_eq!(
        (&dollars["sales_minor"], &dollars["expected_minor"]),
        (&json!(1_000), &json!(2_500))
    );
    let done = close(
        &meena,
        &shift,
        json!([{"counted_minor": 85_100}, {"currency": "USD", "counted_minor": 2_400}]),
    )
    .await;
    let variances: Vec<_> = done["shift"]["variances"]
        .as_array()
        .expect("variances")
        .iter()
        .map(|v| {
            (
                v["currency"].as_str().expect("a code"),
                v["variance_minor"].as_i64(),
            )
        })
        .collect();
    assert_eq!(variances, [("INR", Some(0)), ("USD", Some(-100))]);
    assert!(node.faults().is_empty(), "{:?}", node.faults());
    drop(owner);
}

#[tokio::test]
async fn what_costs_nothing_is_an_order_of_its_shift_too() {
    let (node, owner, meena, tea) = counter().await;
    let ravi = node.counter(&owner, "Ravi", "cashier").await;
    let (of_meena, of_ravi) = (open(&meena, 1_000).await, open(&ravi, 2_000).await);
    let free = async |who: &Client| {
        let lines = json!([{"product": tea, "quantity": "1", "discount": {"percent": "100", "reason": "on the house"}}]);
        let body = json!({"id": new_id(), "lines": lines, "tenders": [],
                          "approval": {"staff": owner_id(&owner).await, "pin": OWNER_PIN}});
        let (status, order) = who.post("/api/v1/orders", body).await;
        assert_eq!(
            (status.as_u16(), &order["total_minor"]),
            (201, &json!(0)),
            "{order}"
        );
    };
    free(&meena).await;
    free(&ravi).await;
    meena.sell(&[(tea, "1")]).await;
    free(&ravi).await;
    for (who, shift, orders, total, discount) in [
        (&meena, &of_meena, 2, 2_000, 2_000),
        (&ravi, &of_ravi, 2, 0, 4_000),
    ] {
        let done = close(who, shift, json!([])).await;
        let z = &done["reports"][0];
        let sales = &z["figures"]["sales"];
        assert_eq!(
            (&sales["orders"], &sales["total_minor"], &sales["discount_minor"]),
            (&json!(orders), &json!(total), &json!(discount)),
            "each till its own: {z}"
        );
        assert_eq!(z["equals_facts"], true, "{z}");
    }
    assert!(node.faults().is_empty(), "{:?}", node.faults());
}

#[tokio::test]
async fn tips_out_of_a_drawer_leave_the_pool_and_never_more_than_is_in_it() {
    let (node, owner, meena, tea) = counter().await;
    let shift = open(&meena, 50_000).await;
    let body = json!({"id": new_id(), "lines": [{"product": tea, "quantity": "1"}],
                      "tenders": [{"id": new_id(), "method": "card", "reference": "S1", "tip_minor": 3_000}]});
    assert_eq!(meena.post("/api/v1/orders", body).await.0, 201);
    let left = async || owner.get("/api/v1/tips").await.1["outstanding_minor"].clone();
    assert_eq!(left().await, 3_000);
    let (status, refused) = move_cash(&meena, &shift, "tips", 3_001).await;
    assert_eq!((status, code(&refused)), (422, "tips_too_much"));
    assert_eq!(refused["error"]["hints"]["available_minor"], 3_000);
    let dollars = json!({"id": new_id(), "kind": "tips", "currency": "USD", "amount_minor": 100, "reason": "tips",
               "approval": {"staff": owner_id(&owner).await, "pin": OWNER_PIN}});
    assert_eq!(
        meena.post(&path(&shift, "moves"), dollars).await.0,
        422,
        "tips are rupees"
    );
    let (status, moved) = move_cash(&meena, &shift, "tips", 1_200).await;
    assert_eq!(status, 201, "{moved}");
    assert_eq!(rupees(&moved["figures"])["tips_out_minor"], -1_200);
    assert_eq!(left().await, 1_800, "what a drawer paid out is paid out");
    assert_eq!(meena.get("/api/v1/shifts/current").await.1["tips_minor"], 1_800);
    let (_, report) = owner.get("/api/v1/tips").await;
    assert_eq!(
        (
            &report["payouts"][0]["method"],
            &report["payouts"][0]["pool_minor"]
        ),
        (&json!("drawer"), &json!(1_200)),
        "and stands in the list"
    );
    // The pool pays the rest; both ways together are never more than came in.
    let pay = |minor: i64, staff: Value| {
        json!({"id": new_id(), "from": report["from"], "to": report["to"], "method": "cash", "pool_minor": minor,
               "shares": [{"staff": staff, "weight": 1}]})
    };
    let asha = json!(owner_id(&owner).await);
    let (status, refused) = owner.post("/api/v1/tips/payouts", pay(1_801, asha.clone())).await;
    assert_eq!((status.as_u16(), code(&refused)), (422, "tips_too_much"));
    assert_eq!(owner.post("/api/v1/tips/payouts", pay(1_800, asha)).await.0, 201);
    assert_eq!(left().await, 0);
    assert_eq!(
        code(&move_cash(&meena, &shift, "tips", 1).await.1),
        "tips_too_much"
    );
    assert!(node.faults().is_empty(), "{:?}", node.faults());
}

/// However tips come in and go out, what is left is what came in less what went out, and never less than nothing.
#[tokio::test]
async fn the_tips_that_are_left_are_those_that_came_in_less_those_that_went_out() {
    for seed in [1, 2, 3] {
        let mut dice = Dice::new(seed);
        let (node, owner, meena, tea) = counter().await;
        let asha = owner_id(&owner).await;
        let shift = open(&meena, 500_000).await;
        let (mut left, mut orders) = (0i64, vec![]);
        for _ in 0..25 {
            node.clock.forward(1_000);
            let amount = 1 + minor(&mut dice, 900);
            match dice.below(4) {
                0 | 1 => {
                    let method = ["cash", "card"][dice.below(2)];
                    let body = json!({"id": new_id(), "lines": [{"product": tea, "quantity": "1"}],
                                      "tenders": [{"id": new_id(), "method": method, "reference": "S1", "tip_minor": amount}]});
                    let (status, order) = meena.post("/api/v1/orders", body).await;
                    assert_eq!(status, 201, "{order}");
                    left += amount;
                    orders.push((order, amount));
                }
                2 => {
                    let (status, answer) = if dice.percent(50) {
                        move_cash(&meena, &shift, "tips", amount).await
                    } else {
                        let pay = json!({"id": new_id(), "from": "2026-11-20", "to": "2026-11-22", "method": "cash",
                                         "pool_minor": amount, "shares": [{"staff": asha, "weight": 1}]});
                        let (status, answer) = owner.post("/api/v1/tips/payouts", pay).await;
                        (status.as_u16(), answer)
                    };
                    if amount <= left {
                        assert_eq!(status, 201, "seed {seed}: {answer}");
                        left -= amount;
                    } else {
                        assert_eq!(code(&answer), "tips_too_much", "seed {seed}");
                    }
                }
                // An order is undone, if its tip was not paid out yet.
                _ => {
                    if let Some((order, tip)) = orders.pop().filter(|(_, tip)| *tip <= left) {
                        let undo = json!({"id": new_id(), "reason": "mistake"});
                        let (status, answer) = owner.post(&order_path(&order, "cancel"), undo).await;
                        assert_eq!(status, 200, "seed {seed}: {answer}");
                        left -= tip;
                    }
                }
            }
            let (_, report) = owner.get("/api/v1/tips").await;
            assert_eq!(report["outstanding_minor"], left, "seed {seed}");
        }
        assert!(node.faults().is_empty(), "{:?}", node.faults());
    }
}

#[tokio::test]
async fn a_slip_of_the_finger_moves_no_impossible_sum() {
    let (_node, _owner, meena, _) = counter().await;
    let most = 1i64 << 53;
    let body = json!({"id": new_id(), "floats": [{"counted_minor": most + 1}]});
    let (status, refused) = meena.post("/api/v1/shifts", body).await;
    assert_eq!((status.as_u16(), code(&refused)), (422, "price_too_large"));
    let shift = open(&meena, 0).await;
    for minor in [most + 1, i64::MAX] {
        let (status, refused) = move_cash(&meena, &shift, "in", minor).await;
        assert_eq!((status, code(&refused)), (422, "price_too_large"));
    }
    assert_eq!(move_cash(&meena, &shift, "in", most).await.0, 201);
    assert_eq!(
        rupees(&detail(&meena, &shift).await["figures"])["expected_minor"],
        most
    );
}

#[tokio::test]
async fn a_float_is_counted_in_every_currency_that_the_shop_takes() {
    let (_node, owner, meena, _) = counter().await;
    let rate = json!({"id": new_id(), "currency": "USD", "rate": "84.5"});
    assert_eq!(owner.post("/api/v1/rates", rate).await.0, 201);
    let (_, before) = meena.get("/api/v1/shifts/current").await;
    let offered: Vec<_> = before["currencies"]
        .as_array()
        .expect("currencies")
        .iter()
        .map(|one| one["currency"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(offered, ["INR", "USD"], "the shop's own first");
    let body = json!({"id": new_id(), "floats": [{"counted_minor": 5_000}, {"currency": "USD", "counted_minor": 900}]});
    let (status, opened) = meena.post("/api/v1/shifts", body).await;
    assert_eq!(status, 201, "{opened}");
    let drawers = opened["shift"]["figures"]["drawers"].as_array().expect("drawers");
    let dollars = drawers
        .iter()
        .find(|one| one["currency"] == "USD")
        .expect("dollars");
    assert_eq!(
        (&dollars["float_minor"], &dollars["expected_minor"]),
        (&json!(900), &json!(900))
    );
}

#[tokio::test]
async fn the_business_day_of_a_shift_is_the_branchs() {
    // In Kolkata the day starts at three: the last minute of the financial year, on the clock of the wall and of the
    // books; and the night in Berlin that has no hour from two to three.
    for (zone, starts, opened, closed, days) in [
        (
            "Asia/Kolkata",
            "00:00",
            "2027-03-31T18:29:59Z",
            "2027-03-31T18:30:00Z",
            ["2027-03-31", "2027-04-01"],
        ),
        (
            "Asia/Kolkata",
            "03:00",
            "2027-03-31T18:30:00Z",
            "2027-03-31T21:30:00Z",
            ["2027-03-31", "2027-04-01"],
        ),
        (
            "Asia/Dubai",
            "00:00",
            "2027-03-31T19:59:59Z",
            "2027-03-31T20:00:00Z",
            ["2027-03-31", "2027-04-01"],
        ),
        (
            "Europe/Berlin",
            "03:00",
            "2027-03-28T00:59:59Z",
            "2027-03-28T01:00:00Z",
            ["2027-03-27", "2027-03-28"],
        ),
        (
            "Europe/Berlin",
            "03:00",
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:59:59Z",
            ["2026-10-24", "2026-10-24"],
        ),
        (
            "America/New_York",
            "02:00",
            "2026-11-01T05:30:00Z",
            "2026-11-01T07:00:00Z",
            ["2026-10-31", "2026-11-01"],
        ),
    ] {
        let (node, owner) = Node::with_shop().await;
        let tea = owner.product("Tea", 2_000).await;
        set(&owner, "branch.zone", json!(zone)).await;
        set(&owner, "branch.day_starts_at", json!(starts)).await;
        let at = |text: &str| -> i64 { text.parse::<jiff::Timestamp>().expect("a time").as_millisecond() };
        node.clock.set(at(opened));
        let (_, lock) = owner.get("/api/v1/lock").await;
        let asha = lock["staff"][0]["id"].as_str().expect("an id").to_owned();
        let sign_in = async || {
            let window = node.window("cashier");
            let (status, answer) = window.sign_in(&asha, OWNER_PIN).await;
            assert_eq!(status, 201, "{answer}");
            window.signed_in(&answer)
        };
        let owner = sign_in().await;
        let shift = open(&owner, 0).await;
        assert_eq!(shift["business_day"], days[0], "{zone} {starts} {opened}");
        let first = owner.sell(&[(tea, "1")]).await;
        node.clock.set(at(closed));
        let owner = sign_in().await;
        let second = owner.sell(&[(tea, "1")]).await;
        assert_eq!(
            [&first["business_day"], &second["business_day"]],
            [days[0], days[1]],
            "{zone} {starts}"
        );
        let done = close(&owner, &shift, json!([{"counted_minor": 4_000}])).await;
        let z = &done["reports"][0];
        assert_eq!(z["business_day"], days[1], "{zone} {starts} {closed}");
        let year = |day: &str| if day >= "2027-04-01" { "/27-28/" } else { "/26-27/" };
        let (number, document) = (
            z["number"].as_str().expect("a number"),
            first["document"].as_str().expect("a number"),
        );
        assert!(
            number.contains(year(days[1])),
            "{zone}: the Z {number} is of the year it was made in"
        );
        assert!(document.contains(year(days[0])), "{zone}: {document}");
        let (_, list) = owner.get(&format!("/api/v1/shifts?day={}", days[0])).await;
        assert_eq!(
            list["items"][0]["id"], shift["id"],
            "a shift is listed by the day it was opened on"
        );
    }
}

#[tokio::test]
async fn a_forgotten_drawer_is_overdue_and_goes_on() {
    let (node, owner, _, tea) = counter().await;
    let shift = open(&owner, 100).await;
    node.clock.forward(20 * HOUR);
    let window = node.window("cashier");
    let (_, lock) = window.get("/api/v1/lock").await;
    let all = lock["staff"].as_array().expect("staff");
    let asha = all.iter().find(|s| s["name"] == "Asha").expect("the owner")["id"]
        .as_str()
        .expect("an id");
    let (_, answer) = window.sign_in(asha, OWNER_PIN).await;
    let owner = window.signed_in(&answer);
    let (_, current) = owner.get("/api/v1/shifts/current").await;
    assert_eq!(
        (
            &current["shift"]["shift"]["id"],
            &current["shift"]["shift"]["overdue"]
        ),
        (&shift["id"], &json!(true))
    );
    owner.sell(&[(tea, "1")]).await;
    assert_eq!(
        rupees(&detail(&owner, &shift).await["figures"])["expected_minor"],
        2_100
    );
}

#[tokio::test]
async fn an_undone_sale_leaves_the_drawer_as_it_was() {
    let (_node, owner, meena, tea) = counter().await;
    let shift = open(&meena, 1_000).await;
    let order = meena.sell(&[(tea, "2")]).await;
    let undo = json!({"id": new_id(), "reason": "changed their mind"});
    assert_eq!(meena.post(&order_path(&order, "cancel"), undo).await.0, 200);
    let figures = detail(&meena, &shift).await["figures"].clone();
    assert_eq!(rupees(&figures)["expected_minor"], 1_000);
    assert_eq!(
        (
            &figures["sales"]["cancelled"],
            &figures["sales"]["cancelled_minor"]
        ),
        (&json!(1), &json!(4_000))
    );
    let open_it = json!({"id": new_id(), "reason": "change"});
    let (status, _) = owner.post("/api/v1/drawer/open", open_it).await;
    assert_eq!(status, 409, "no drawer hangs here");
}

#[tokio::test]
async fn money_on_account_goes_through_the_drawer_and_comes_back_out_of_it() {
    let (node, owner, _, _) = counter().await;
    let shift = open(&owner, 1_000).await;
    let id = new_id();
    let (status, answer) = owner
        .post("/api/v1/customers", json!({"id": id, "name": "Asha Rao"}))
        .await;
    assert_eq!(status, 201, "{answer}");
    let at = |what: &str| format!("/api/v1/customers/{id}/{what}");
    let opening = json!({"id": new_id(), "kind": "opening", "amount_minor": 9_000, "reason": "old book"});
    owner.post(&at("adjustments"), opening).await;
    let mut paid = vec![];
    for (method, amount) in [("cash", 5_000), ("bank", 3_000)] {
        let payment = new_id();
        let pay = json!({"id": payment, "method": method, "amount_minor": amount});
        let (status, answer) = owner.post(&at("payments"), pay).await;
        assert_eq!(status, 201, "{answer}");
        paid.push(payment);
    }
    let figures = detail(&owner, &shift).await["figures"].clone();
    assert_eq!(rupees(&figures)["account_minor"], 5_000);
    assert_eq!(
        rupees(&figures)["expected_minor"],
        6_000,
        "a transfer is in no drawer"
    );
    assert_eq!(figures["sales"]["orders"], 0, "and it is no sale");
    let back = json!({"id": new_id(), "reason": "wrong customer"});
    let (status, answer) = owner
        .post(&format!("/api/v1/accounts/payments/{}/reverse", paid[0]), back)
        .await;
    assert_eq!(status, 200, "{answer}");
    let done = close(&owner, &shift, json!([{"counted_minor": 1_000}])).await;
    let z = &done["reports"][0];
    assert_eq!(rupees(&z["figures"])["back_minor"], -5_000);
    assert_eq!(
        (&z["drawers"][0]["variance_minor"], &z["equals_facts"]),
        (&json!(0), &json!(true))
    );
    assert!(node.faults().is_empty(), "{:?}", node.faults());
}

#[tokio::test]
async fn batches_stand_beside_the_books() {
    let (node, owner, meena, tea) = counter().await;
    let shift = open(&meena, 0).await;
    let order = meena.sell(&[(tea, "1")]).await;
    for amount in [10_000, 5_050] {
        record(
            &node,
            &Body::TenderTaken(TenderTakenV2 {
                provider: "HDFC".to_owned(),
                ..leg(&shift, &order, "card", amount)
            }),
        );
    }
    let (_, day) = owner.get("/api/v1/reconciliation?day=2026-11-21").await;
    let of = |view: &Value| {
        let all = view["methods"].as_array().expect("methods").clone();
        all.into_iter().find(|m| m["method"] == "card").expect("card")
    };
    assert_eq!(
        (&of(&day)["net_minor"], &of(&day)["state"]),
        (&json!(15_050), &json!("open")),
        "{day}"
    );
    let batch = |amount: i64| {
        json!({"id": new_id(), "day": "2026-11-21", "method": "card", "provider": "HDFC",
                                     "amount_minor": amount, "count": 2, "reference": "118"})
    };
    assert_eq!(meena.post("/api/v1/batches", batch(1)).await.0, 403);
    let (status, day) = owner.post("/api/v1/batches", batch(15_000)).await;
    assert_eq!(status, 201, "{day}");
    assert_eq!(
        (&of(&day)["state"], &of(&day)["batches"][0]["difference_minor"]),
        (&json!("differs"), &json!(-50))
    );
    let (_, day) = owner.post("/api/v1/batches", batch(15_050)).await;
    assert_eq!(of(&day)["state"], "equal");
    record(
        &node,
        &Body::TenderTaken(TenderTakenV2 {
            provider: "HDFC".to_owned(),
            ..leg(&shift, &order, "card", 1)
        }),
    );
    let (_, day) = owner.get("/api/v1/reconciliation?day=2026-11-21").await;
    assert_eq!(of(&day)["state"], "stale", "the books changed after it");
    let cash = json!({"id": new_id(), "method": "cash", "amount_minor": 1});
    assert_eq!(
        owner.post("/api/v1/batches", cash).await.0,
        422,
        "cash is counted, not reconciled"
    );
    assert!(node.faults().is_empty(), "{:?}", node.faults());
}

#[tokio::test]
async fn what_goes_back_through_a_terminal_is_of_that_terminal() {
    let (node, owner, meena, tea) = counter().await;
    open(&meena, 0).await;
    let card = json!({"id": new_id(), "method": "card", "provider": "HDFC", "reference": "118"});
    let body = json!({"id": new_id(), "lines": [{"product": tea, "quantity": "2"}], "tenders": [card]});
    let (status, order) = meena.post("/api/v1/orders", body).await;
    assert_eq!(status, 201, "{order}");
    let body = json!({
        "id": new_id(), "lines": [{"line": 1, "quantity": "1"}], "reason": "cold",
        "approval": {"staff": owner_id(&owner).await, "pin": OWNER_PIN}
    });
    let (status, back) = owner.post(&order_path(&order, "refunds"), body).await;
    assert_eq!(status, 201, "{back}");
    let (_, day) = owner.get("/api/v1/reconciliation").await;
    let cards: Vec<Value> = day["methods"]
        .as_array()
        .expect("methods")
        .iter()
        .filter(|m| m["method"] == "card")
        .cloned()
        .collect();
    assert_eq!(cards.len(), 1, "one terminal, both ways: {day}");
    assert_eq!(
        (
            &cards[0]["provider"],
            &cards[0]["back_minor"],
            &cards[0]["net_minor"]
        ),
        (&json!("HDFC"), &json!(2_000), &json!(2_000))
    );
    // A batch that names no terminal is of all of them.
    let batch = json!({"id": new_id(), "method": "card", "amount_minor": 2_000});
    let (status, day) = owner.post("/api/v1/batches", batch).await;
    assert_eq!(status, 201, "{day}");
    let state = |provider: &str| {
        let mut methods = day["methods"].as_array().expect("methods").iter();
        let found = methods.find(|m| m["method"] == "card" && m["provider"] == provider);
        found.expect("a row")["state"].clone()
    };
    assert_eq!(
        (state(""), state("HDFC")),
        (json!("equal"), json!("covered")),
        "{day}"
    );
    assert!(node.faults().is_empty(), "{:?}", node.faults());
}

#[tokio::test]
async fn an_opening_without_a_sale_is_of_one_drawer() {
    let (node, owner, meena, _) = counter().await;
    let ravi = node.counter(&owner, "Ravi", "cashier").await;
    let (first, second) = (open(&meena, 0).await, open(&ravi, 0).await);
    let opened = |shift: &Value, seat: Option<u16>| {
        let id: Uuid = shift["id"].as_str().expect("an id").parse().expect("an id");
        DrawerOpenedV2 {
            opening: *new_id().as_bytes(),
            counter: node.door.app().shop().expect("a shop").identity().counter.bytes(),
            seat,
            shift: seat.map(|_| *id.as_bytes()),
            why: "no_sale".to_owned(),
            order: None,
            approved_by: None,
            opened_ms: node.clock.now_ms(),
            business_day: 20_261_121,
            reason: "change for the bus".to_owned(),
        }
    };
    record(&node, &Body::DrawerOpened(opened(&first, Some(1))));
    let times = async |shift: &Value| detail(&owner, shift).await["figures"]["sales"]["no_sales"].clone();
    assert_eq!((times(&first).await, times(&second).await), (json!(1), json!(0)));
    // An old fact does not say whose drawer it was.
    record(&node, &Body::DrawerOpened(opened(&first, None)));
    assert_eq!((times(&first).await, times(&second).await), (json!(2), json!(1)));
    assert!(node.faults().is_empty(), "{:?}", node.faults());
}

#[tokio::test]
async fn reports_are_pictures_files_and_paper() {
    let (_node, owner, meena, tea) = counter().await;
    let shift = open(&meena, 1_000).await;
    meena.sell(&[(tea, "2")]).await;
    close(&meena, &shift, json!([{"counted_minor": 5_000}])).await;
    let id = shift["id"].as_str().expect("an id");
    for (file, magic) in [("slip.png", &b"\x89PNG"[..]), ("slip.pdf", &b"%PDF"[..])] {
        let path = format!("/api/v1/shift-reports/{id}/{file}");
        let (status, bytes) = owner.fetch(Method::GET, &path, "text/plain", vec![], &[]).await;
        assert_eq!(status, 200);
        assert!(bytes.starts_with(magic), "{file}");
    }
    let print = format!("/api/v1/shift-reports/{id}/print");
    let (status, none) = meena.post(&print, json!({"id": new_id()})).await;
    assert_eq!(
        (status.as_u16(), code(&none)),
        (409, "no_printer"),
        "a closed shift needs none"
    );
    assert_eq!(
        owner.get(&format!("/api/v1/shift-reports/{}", new_id())).await.0,
        404
    );
}

/// Days of all that a drawer sees, from a seed: what the Z says is what a child with a pencil would have added up.
#[tokio::test]
async fn the_z_is_the_facts_on_any_day() {
    for seed in 0..12u64 {
        random_day(seed).await;
    }
}

fn minor(dice: &mut Dice, end: usize) -> i64 {
    i64::try_from(dice.below(end)).unwrap_or(0)
}

async fn random_day(seed: u64) {
    let mut dice = Dice::new(seed);
    let (node, owner, meena, tea) = counter().await;
    let cake = owner.product("Cake", 3_333).await;
    let asha = owner_id(&owner).await;
    set(&owner, "lock.idle_seconds", json!(7200)).await;
    let float = minor(&mut dice, 100_000);
    let shift = open(&meena, float).await;
    let mut drawer = float;
    let mut methods: std::collections::BTreeMap<String, i64> = Default::default();
    let mut sold = 0;
    let mut orders: Vec<(Value, i64)> = vec![];
    let mut legs: Vec<(TenderTakenV2, bool)> = vec![];
    for _ in 0..30 {
        node.clock.forward(minor(&mut dice, 60_000));
        match dice.below(7) {
            0 | 1 => {
                let (n, m) = (1 + minor(&mut dice, 4), minor(&mut dice, 3));
                let (n_text, m_text) = (n.to_string(), m.to_string());
                let mut goods = vec![(tea, n_text.as_str())];
                if m > 0 {
                    goods.push((cake, m_text.as_str()));
                }
                let order = meena.sell(&goods).await;
                let total = n * 2_000 + m * 3_333;
                assert_eq!(order["total_minor"], total);
                drawer += total;
                sold += total;
                *methods.entry("cash".to_owned()).or_default() += total;
                orders.push((order, n));
            }
            2 if !orders.is_empty() => {
                let at = dice.below(orders.len());
                if orders[at].1 > 0 {
                    orders[at].1 -= 1;
                    let body = json!({"id": new_id(), "lines": [{"line": 1, "quantity": "1"}],
                                      "approval": {"staff": asha, "pin": OWNER_PIN}});
                    let (status, done) = meena.post(&order_path(&orders[at].0, "refunds"), body).await;
                    assert_eq!(status, 201, "{done}");
                    drawer -= 2_000;
                    *methods.entry("cash".to_owned()).or_default() -= 2_000;
                }
            }
            3 => {
                let (kind, sign) = [("in", 1), ("drop", -1), ("out", -1)][dice.below(3)];
                let amount = 1 + minor(&mut dice, 9_999);
                assert_eq!(move_cash(&meena, &shift, kind, amount).await.0, 201);
                drawer += sign * amount;
            }
            4 | 5 if !orders.is_empty() => {
                let method = ["card", "upi", "cash"][dice.below(3)];
                let state = [2, 6, 0][dice.below(3)];
                let amount = 1 + minor(&mut dice, 50_000);
                let order = &orders[dice.below(orders.len())].0;
                let one = TenderTakenV2 {
                    state,
                    ..leg(&shift, order, method, amount)
                };
                record(&node, &Body::TenderTaken(one.clone()));
                if state == 2 {
                    *methods.entry(method.to_owned()).or_default() += amount;
                    drawer += if method == "cash" { amount } else { 0 };
                }
                legs.push((one, state == 2));
            }
            _ if !legs.is_empty() => {
                let at = dice.below(legs.len());
                let (one, counted) = legs[at].clone();
                let state = [2, 3, 4, 6][dice.below(4)];
                record(
                    &node,
                    &Body::TenderMoved(TenderMovedV1 {
                        tender: one.tender,
                        order: one.order,
                        state,
                        reference: String::new(),
                        reason: "the terminal".to_owned(),
                        at_ms: node.clock.now_ms(),
                        approved_by: None,
                    }),
                );
                let sign = i64::from(state == 2) - i64::from(counted);
                legs[at].1 = state == 2;
                *methods.entry(one.method.clone()).or_default() += sign * one.amount_minor;
                drawer += if one.method == "cash" {
                    sign * one.amount_minor
                } else {
                    0
                };
            }
            _ => {}
        }
    }
    let found = drawer.max(0) + 17;
    let done = close(&meena, &shift, json!([{"counted_minor": found}])).await;
    let z = &done["reports"][0];
    assert_eq!(
        rupees(&z["figures"])["expected_minor"],
        drawer,
        "seed {seed}: {z}"
    );
    assert_eq!(z["drawers"][0]["variance_minor"], found - drawer, "seed {seed}");
    assert_eq!(z["figures"]["sales"]["total_minor"], sold, "seed {seed}");
    for method in z["figures"]["methods"].as_array().expect("methods") {
        let word = method["method"].as_str().expect("a word");
        assert_eq!(
            method["net_minor"],
            methods.get(word).copied().unwrap_or(0),
            "seed {seed} {word}"
        );
    }
    assert_eq!(z["equals_facts"], true, "seed {seed}: {}", z["differences"]);
    assert!(node.faults().is_empty(), "seed {seed}: {:?}", node.faults());
}
