//! The customer's own screen: the legs of a payment, what did not come, and the one thing that may be answered there.

use serde_json::{Value, json};
use testkit::{COUNTER_PIN, Client, Node, new_id, order_path};
use uuid::Uuid;

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

/// A till with three teas in its cart, and the second screen that its guest looks at.
async fn till() -> (Node, Client, Client, Uuid) {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 10_000).await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    meena.add_to_cart(tea, "3").await;
    let (_, key) = meena.post("/api/v1/displays", json!({"id": new_id()})).await;
    let screen = node.browser("127.0.0.1:9").signed_in(&key);
    (node, meena, screen, tea)
}

async fn shown(screen: &Client) -> Value {
    let (status, display) = screen.get("/api/v1/display").await;
    assert_eq!(status, 200, "{display}");
    display
}

async fn ask(till: &Client, question: Value) -> Value {
    let (status, asked) = till.post("/api/v1/display/ask", question).await;
    assert_eq!(status, 200, "{asked}");
    asked
}

async fn answer(screen: &Client, said: Value) -> (u16, String) {
    let (status, answer) = screen.post("/api/v1/display/answer", said).await;
    (status.as_u16(), code(&answer).to_owned())
}

#[tokio::test]
async fn the_guest_sees_each_leg_of_a_split_and_what_is_left() {
    let (_node, meena, screen, _) = till().await;
    let offer = json!({"id": new_id(), "method": "card", "amount_minor": 12_000, "tip_minor": 1_500,
                       "taken": [{"method": "cash", "amount_minor": 8_000}]});
    let (status, offered) = meena.post("/api/v1/tenders/offer", offer).await;
    assert_eq!(status, 200, "{offered}");
    let display = shown(&screen).await;
    let pay = &display["pay"];
    assert_eq!(display["state"], "pay");
    assert_eq!(
        (&pay["asked_minor"], &pay["amount_minor"], &pay["tip_minor"]),
        (&json!(13_500), &json!(12_000), &json!(1_500))
    );
    assert_eq!(
        (&pay["total_minor"], &pay["paid_minor"], &pay["left_minor"]),
        (&json!(30_000), &json!(8_000), &json!(10_000))
    );
    assert_eq!(pay["taken"], json!([{"method": "cash", "amount_minor": 8_000}]));
    let between = json!({"id": new_id(), "method": "", "amount_minor": 22_000,
                         "taken": [{"method": "cash", "amount_minor": 8_000}]});
    assert_eq!(meena.post("/api/v1/tenders/offer", between).await.0, 200);
    let display = shown(&screen).await;
    let pay = &display["pay"];
    assert_eq!(
        (&pay["method"], &pay["paid_minor"], &pay["left_minor"]),
        (&json!(""), &json!(8_000), &json!(22_000)),
        "between two legs: what is paid, and what is left"
    );
    for wrong in [
        json!({"id": new_id(), "method": "card", "amount_minor": 1, "tip_minor": -1}),
        json!({"id": new_id(), "method": "card", "amount_minor": 1, "taken": [{"method": "cash", "amount_minor": 0}]}),
        json!({"id": new_id(), "method": "card", "amount_minor": 1, "taken": [{"method": "cowries", "amount_minor": 5}]}),
        json!({"id": new_id(), "method": "card", "amount_minor": i64::MAX, "tip_minor": 1}),
    ] {
        let (status, refused) = meena.post("/api/v1/tenders/offer", wrong).await;
        assert_eq!((status.as_u16(), code(&refused)), (422, "tender_invalid"));
    }
    assert_eq!(
        shown(&screen).await["pay"],
        *pay,
        "what was refused changes no screen"
    );
}

#[tokio::test]
async fn the_tip_is_inside_of_what_the_upi_code_asks_for() {
    let (node, owner) = Node::with_shop().await;
    let address = json!({"id": new_id(), "value": "annapurna@upi"});
    assert_eq!(owner.put("/api/v1/settings/upi.address", address).await.0, 200);
    let tea = owner.product("Tea", 10_000).await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    meena.add_to_cart(tea, "1").await;
    let offer = json!({"id": new_id(), "method": "upi", "amount_minor": 10_000, "tip_minor": 550});
    let (_, offered) = meena.post("/api/v1/tenders/offer", offer).await;
    let uri = offered["uri"].as_str().expect("a link");
    assert!(uri.contains("am=105.50"), "{uri}");
}

#[tokio::test]
async fn a_payment_that_did_not_come_is_said_until_it_is_tried_again() {
    let (node, meena, screen, tea) = till().await;
    let offer = || json!({"id": new_id(), "method": "card", "amount_minor": 30_000});
    meena.post("/api/v1/tenders/offer", offer()).await;
    assert_eq!(meena.delete("/api/v1/tenders/offer?failed=true").await.0, 204);
    let display = shown(&screen).await;
    assert_eq!(display["state"], "failed");
    let failed = &display["failed"];
    assert_eq!(
        (&failed["method"], &failed["amount_minor"], &failed["voided"]),
        (&json!("card"), &json!(30_000), &json!(false))
    );
    meena.post("/api/v1/tenders/offer", offer()).await;
    assert_eq!(shown(&screen).await["state"], "pay", "tried again");
    assert_eq!(meena.delete("/api/v1/tenders/offer").await.0, 204);
    assert_eq!(shown(&screen).await["state"], "cart", "withdrawn is not failed");
    meena.post("/api/v1/tenders/offer", offer()).await;
    meena.delete("/api/v1/tenders/offer?failed=true").await;
    node.clock.forward(30_000);
    assert_eq!(shown(&screen).await["state"], "cart", "it does not stay for ever");
    meena.post("/api/v1/tenders/offer", offer()).await;
    meena.delete("/api/v1/tenders/offer?failed=true").await;
    meena.add_to_cart(tea, "1").await;
    assert_eq!(shown(&screen).await["state"], "cart", "the next item ends it");
}

#[tokio::test]
async fn an_undone_payment_is_said_to_the_guest_who_saw_it() {
    let (node, meena, screen, tea) = till().await;
    let (_, cart) = meena.get("/api/v1/cart").await;
    let order = meena.pay_cash(&cart).await;
    assert_eq!(shown(&screen).await["state"], "paid");
    let undo = || json!({"id": new_id(), "reason": "changed their mind"});
    assert_eq!(meena.post(&order_path(&order, "cancel"), undo()).await.0, 200);
    let display = shown(&screen).await;
    assert_eq!(
        (&display["state"], &display["failed"]["voided"]),
        (&json!("failed"), &json!(true))
    );
    assert_eq!(display["failed"]["amount_minor"], 30_000);
    let change = json!({"id": new_id(), "change": {"kind": "stage", "stage": "cart"}});
    meena.post("/api/v1/cart/changes", change).await;
    assert_eq!(shown(&screen).await["state"], "cart", "the order is there again");
    // Somebody else's order, long gone from the screen.
    let (_, cart) = meena.get("/api/v1/cart").await;
    let order = meena.pay_cash(&cart).await;
    meena.add_to_cart(tea, "1").await;
    node.clock.forward(5_000);
    assert_eq!(meena.post(&order_path(&order, "cancel"), undo()).await.0, 200);
    assert_eq!(
        shown(&screen).await["state"],
        "cart",
        "the next guest hears nothing of it"
    );
}

#[tokio::test]
async fn a_tip_is_chosen_at_the_guests_own_screen_while_it_is_asked_and_only_then() {
    let (node, meena, screen, _) = till().await;
    let id = new_id();
    assert_eq!(
        answer(&screen, json!({"id": id, "tip_minor": 100})).await,
        (409, "ask_over".into()),
        "nothing is asked yet"
    );
    let question = json!({"id": id, "kind": "tip", "amount_minor": 30_000});
    let asked = ask(&meena, question.clone()).await;
    assert_eq!(
        (&asked["state"], &asked["tip_minor"]),
        (&json!("asked"), &Value::Null)
    );
    assert_eq!(ask(&meena, question).await["id"], asked["id"], "asked once");
    let display = shown(&screen).await;
    assert_eq!(
        (&display["state"], &display["ask"]["kind"]),
        (&json!("ask"), &json!("tip"))
    );
    assert_eq!(display["ask"]["most_minor"], 30_000);
    let choice = display["ask"]["choices"][1].clone();
    for wrong in [json!(-1), json!(30_001), json!(i64::MAX)] {
        let said = answer(&screen, json!({"id": id, "tip_minor": wrong})).await;
        assert_eq!(said, (422, "field_invalid".into()), "{wrong}");
    }
    for wrong in [
        json!({"id": id, "phone": "9876543210"}),
        json!({"id": id}),
        json!({"id": id, "tip_minor": 5, "skip": true}),
    ] {
        assert_eq!(answer(&screen, wrong).await, (422, "field_invalid".into()));
    }
    let said = json!({"id": id, "tip_minor": choice["amount_minor"]});
    assert_eq!(answer(&screen, said.clone()).await.0, 200);
    assert_eq!(
        answer(&screen, said).await.0,
        200,
        "an answer that got lost is sent again"
    );
    assert_eq!(
        answer(&screen, json!({"id": id, "tip_minor": 7})).await,
        (409, "ask_over".into()),
        "one answer"
    );
    let (_, asked) = meena.get("/api/v1/display/ask").await;
    assert_eq!(
        (&asked["state"], &asked["tip_minor"]),
        (&json!("answered"), &choice["amount_minor"]),
        "the cashier sees it"
    );
    assert_eq!(shown(&screen).await["ask"]["answered"], true);
    assert_eq!(
        meena
            .delete(&format!("/api/v1/display/ask?id={}", new_id()))
            .await
            .0,
        204
    );
    assert_eq!(
        shown(&screen).await["state"],
        "ask",
        "another question's end is not this one's"
    );
    assert_eq!(meena.delete(&format!("/api/v1/display/ask?id={id}")).await.0, 204);
    assert_eq!(shown(&screen).await["state"], "cart");
    assert_eq!(
        answer(&screen, json!({"id": id, "tip_minor": 100})).await,
        (409, "ask_over".into())
    );
    // A guest who says no is left alone, and a till that went away asks nothing.
    let id = new_id();
    ask(&meena, json!({"id": id, "kind": "tip", "amount_minor": 30_000})).await;
    assert_eq!(answer(&screen, json!({"id": id, "skip": true})).await.0, 200);
    assert_eq!(shown(&screen).await["state"], "cart");
    assert_eq!(meena.get("/api/v1/display/ask").await.1["state"], "skipped");
    let id = new_id();
    ask(&meena, json!({"id": id, "kind": "tip", "amount_minor": 30_000})).await;
    node.clock.forward(121_000);
    assert_eq!(
        answer(&screen, json!({"id": id, "tip_minor": 100})).await,
        (409, "ask_over".into()),
        "forgotten questions end"
    );
    ask(
        &meena,
        json!({"id": new_id(), "kind": "tip", "amount_minor": 30_000}),
    )
    .await;
    meena.delete("/api/v1/sessions/current").await;
    assert_eq!(
        shown(&screen).await["state"],
        "cart",
        "whoever signed out asks no more"
    );
}

#[tokio::test]
async fn a_phone_number_is_typed_at_the_guests_screen_and_never_shown_whole_there() {
    let (_node, meena, screen, _) = till().await;
    let id = new_id();
    ask(&meena, json!({"id": id, "kind": "phone"})).await;
    assert_eq!(
        answer(&screen, json!({"id": id, "phone": "12"})).await,
        (422, "field_invalid".into())
    );
    assert_eq!(
        answer(&screen, json!({"id": id, "phone": "98765 43210"})).await.0,
        200
    );
    let display = shown(&screen).await;
    assert_eq!(display["ask"]["phone"], "98••••3210");
    assert!(!display.to_string().contains("9876543210"), "{display}");
    let (_, asked) = meena.get("/api/v1/display/ask").await;
    assert!(
        asked["phone"]
            .as_str()
            .is_some_and(|whole| whole.ends_with("9876543210")),
        "{asked}"
    );
}

#[tokio::test]
async fn the_guests_screen_may_write_nothing_else_and_not_in_a_hurry() {
    let (_node, meena, screen, tea) = till().await;
    let writes: Vec<_> = api::ROUTES
        .iter()
        .filter(|row| row.customer && row.method != "GET")
        .map(|row| row.path)
        .collect();
    assert_eq!(writes, ["/api/v1/display/answer"]);
    let change = json!({"id": new_id(), "change": {"kind": "add", "product": tea}});
    assert_eq!(screen.post("/api/v1/cart/changes", change).await.0, 401);
    let question = json!({"id": new_id(), "kind": "tip", "amount_minor": 30_000});
    assert_eq!(
        screen.post("/api/v1/display/ask", question).await.0,
        401,
        "the till asks"
    );
    let id = new_id();
    ask(&meena, json!({"id": id, "kind": "tip", "amount_minor": 30_000})).await;
    let mut last = 200;
    for _ in 0..40 {
        last = answer(&screen, json!({"id": id, "tip_minor": -1})).await.0;
        if last == 429 {
            break;
        }
    }
    assert_eq!(last, 429, "forty in a moment are no guest");
}

#[tokio::test]
async fn a_till_that_changes_hands_says_from_whom_its_order_and_its_drawer_are() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 10_000).await;
    let (nora, seat) = (owner.staff("Nora", "cashier", COUNTER_PIN).await, new_id());
    let omar = owner.staff("Omar", "cashier", COUNTER_PIN).await;
    let browser = node.browser("127.0.0.1:4100");
    let sign_in = async |who: Uuid| {
        let body = json!({"staff": who, "pin": COUNTER_PIN, "seat": seat});
        let (status, answer) = browser.post("/api/v1/sessions", body).await;
        assert_eq!(status, 201, "{answer}");
        (browser.signed_in(&answer), answer["left"].clone())
    };
    let (at_till, left) = sign_in(nora).await;
    assert_eq!(left, Value::Null, "nothing was left here");
    let float = json!({"id": new_id(), "floats": [{"counted_minor": 5_000}]});
    assert_eq!(at_till.post("/api/v1/shifts", float).await.0, 201);
    at_till.add_to_cart(tea, "3").await;
    let (_, asked) = at_till.get("/api/v1/cart").await;
    assert_eq!(asked["held_by"]["name"], "Nora");
    assert_eq!(
        at_till.delete("/api/v1/sessions/current").await.0,
        204,
        "nobody is kept at a till by an open order or drawer"
    );
    let (at_till, left) = sign_in(omar).await;
    assert_eq!(
        (&left["cart"]["by"]["name"], &left["cart"]["items"]),
        (&json!("Nora"), &json!("3"))
    );
    assert_eq!(left["cart"]["total_minor"], 30_000);
    assert_eq!(left["drawer"]["holder"]["name"], "Nora");
    let (_, cart) = at_till.get("/api/v1/cart").await;
    assert_eq!(
        (&cart["held_by"]["name"], &cart["total_minor"]),
        (&json!("Nora"), &json!(30_000)),
        "nothing of it is lost"
    );
    // Going on with it makes it Omar's; so does taking over the drawer with his own PIN.
    at_till.add_to_cart(tea, "1").await;
    assert_eq!(at_till.get("/api/v1/cart").await.1["held_by"]["name"], "Omar");
    let (_, now) = at_till.get("/api/v1/shifts/current").await;
    let shift = now["shift"]["shift"]["id"].as_str().expect("a shift").to_owned();
    let to = json!({"id": new_id(), "to": {"staff": omar, "pin": COUNTER_PIN}});
    let (status, taken) = at_till
        .post(&format!("/api/v1/shifts/{shift}/handover"), to)
        .await;
    assert_eq!(status, 200, "{taken}");
    assert_eq!(taken["shift"]["holder"]["name"], "Omar");
    let (_, cart) = at_till.get("/api/v1/cart").await;
    let order = at_till.pay_cash(&cart).await;
    assert_eq!(order["staff"]["name"], "Omar", "whoever is paid sold it");
    // The owner ends a session from afar: the same.
    at_till.add_to_cart(tea, "2").await;
    let (_, sessions) = owner.get("/api/v1/sessions").await;
    let of_omar = sessions["items"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["staff"]["name"] == "Omar"))
        .expect("a session")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    assert_eq!(owner.delete(&format!("/api/v1/sessions/{of_omar}")).await.0, 204);
    let (at_till, left) = sign_in(nora).await;
    assert_eq!(left["cart"]["by"]["name"], "Omar");
    // Put aside, it still says whose it was.
    at_till.post("/api/v1/cart/park", json!({"id": new_id()})).await;
    let (_, parked) = at_till.get("/api/v1/carts").await;
    assert_eq!(parked["items"][0]["held_by"]["name"], "Omar");
}
