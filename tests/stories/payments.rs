//! Payments through a gateway that answers late, twice or never: nobody is charged twice, no charge is forgotten, and
//! a sale that fails is back in its cart.

use serde_json::{Value, json};
use std::time::Duration;
use testkit::{
    Client, Node,
    gateway::{Manner, Simulator},
    new_id, order_path,
};
use uuid::Uuid;

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

/// A shop with a gateway, and a cart of 874.00 at the owner's till.
async fn at_the_till(simulator: &Simulator) -> (Node, Client, Value) {
    let (node, owner) = Node::with_gateway(simulator).await;
    let box_of_sweets = owner.product("Box of sweets", 87_400).await;
    let cart = owner.add_to_cart(box_of_sweets, "1").await;
    (node, owner, cart)
}

async fn pay(client: &Client, cart: &Value, id: Uuid) -> (u16, Value) {
    let body = json!({"id": id, "method": "card", "cart": cart["id"], "amount_minor": cart["total_minor"]});
    let (status, answer) = client.post("/api/v1/payments", body).await;
    (status.as_u16(), answer)
}

async fn payment(client: &Client, id: Uuid) -> Value {
    let (status, answer) = client.get(&format!("/api/v1/payments/{id}")).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The payment, as soon as it is in this state.
async fn until(client: &Client, id: Uuid, field: &str, wanted: &str) -> Value {
    for _ in 0..6_000 {
        let now = payment(client, id).await;
        if now[field] == wanted {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{field} never became {wanted}: {}", payment(client, id).await);
}

async fn act(client: &Client, id: Uuid, what: &str, body: Value) -> (u16, Value) {
    let (status, answer) = client.post(&format!("/api/v1/payments/{id}/{what}"), body).await;
    (status.as_u16(), answer)
}

async fn charged(client: &Client, id: Uuid, yes: bool) -> (u16, Value) {
    act(client, id, "answer", json!({"id": new_id(), "charged": yes})).await
}

/// Records the sale with the payment.
async fn record(client: &Client, cart: &Value, payment: Uuid) -> (u16, Value) {
    let body = json!({
        "id": new_id(), "cart": cart["id"], "expected_total_minor": cart["total_minor"],
        "tenders": [{"id": new_id(), "method": "card", "amount_minor": cart["total_minor"], "payment": payment}]
    });
    let (status, answer) = client.post("/api/v1/orders", body).await;
    (status.as_u16(), answer)
}

async fn attention(client: &Client) -> Vec<Value> {
    let (status, page) = client.get("/api/v1/payments?attention=true").await;
    assert_eq!(status, 200, "{page}");
    page["items"].as_array().expect("a list").clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_charge_pays_the_sale_once() {
    let simulator = Simulator::default();
    simulator.will(&[Manner::ChargesWhenAsked]);
    let (node, owner, cart) = at_the_till(&simulator).await;
    let id = new_id();
    let (status, begun) = pay(&owner, &cart, id).await;
    assert_eq!((status, &begun["state"]), (201, &json!("pending")), "{begun}");
    let (again, _) = pay(&owner, &cart, id).await;
    assert_eq!(again, 201, "the same request is the same payment");
    let known = until(&owner, id, "state", "captured").await;
    assert_eq!(known["captured_minor"], 87_400);
    assert_eq!(known["pays"], true);
    assert_eq!(simulator.starts(), 1);
    let (status, order) = record(&owner, &cart, id).await;
    assert_eq!(status, 201, "{order}");
    assert_eq!(order["tenders"][0]["payment"], json!(id), "{order}");
    assert_eq!(order["tenders"][0]["reference"], known["reference"]);
    let sold = payment(&owner, id).await;
    assert_eq!(sold["orders"][0]["id"], order["id"]);
    assert_eq!((&sold["pays"], &sold["attention"]), (&json!(false), &Value::Null));
    assert!(attention(&owner).await.is_empty());
    assert_eq!(simulator.taken(id), 87_400);
    assert!(node.faults().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decline_leaves_the_sale_in_the_cart_and_releases_what_it_held() {
    let simulator = Simulator::default();
    simulator.will(&[Manner::Waits]);
    let (node, owner, cart) = at_the_till(&simulator).await;
    let card = json!({"id": new_id(), "kind": "gift_card", "amount_minor": 50_000, "reason": "a gift"});
    let (status, card) = owner.post("/api/v1/cards", card).await;
    assert_eq!(status, 201, "{card}");
    let id = new_id();
    let body = json!({
        "id": id, "method": "card", "cart": cart["id"], "amount_minor": 47_400,
        "cards": [{"code": card["code"], "amount_minor": 40_000}]
    });
    let (status, begun) = owner.post("/api/v1/payments", body).await;
    assert_eq!(status, 201, "{begun}");
    let held = |card: Value| (card["held_minor"].clone(), card["available_minor"].clone());
    let find = json!({"code": card["code"]});
    let (_, seen) = owner.post("/api/v1/cards/find", find.clone()).await;
    assert_eq!(
        held(seen),
        (json!(40_000), json!(10_000)),
        "kept while nobody knows"
    );
    let change = json!({"id": new_id(), "change": {"kind": "clear"}});
    let (status, refused) = owner.post("/api/v1/cart/changes", change.clone()).await;
    assert_eq!(
        (status.as_u16(), code(&refused)),
        (409, "payment_under_way"),
        "{refused}"
    );
    let other = json!({"id": new_id(), "method": "card", "cart": cart["id"], "amount_minor": 1});
    let (_, refused) = owner.post("/api/v1/payments", other).await;
    assert_eq!(code(&refused), "payment_under_way", "one at a time");
    simulator.wait_for_start().await;
    simulator.decline(id);
    let failed = until(&owner, id, "state", "failed").await;
    assert_eq!(failed["reason"], "card declined");
    assert_eq!(
        (&failed["holds"], &failed["attention"]),
        (&json!(false), &Value::Null)
    );
    let (_, seen) = owner.post("/api/v1/cards/find", find).await;
    assert_eq!(held(seen), (json!(0), json!(50_000)), "and released");
    let (_, still) = owner.get("/api/v1/cart").await;
    assert_eq!(
        still["total_minor"], cart["total_minor"],
        "the sale is in its cart"
    );
    let (status, _) = owner.post("/api/v1/cart/changes", change).await;
    assert_eq!(status, 200, "and the cart is free");
    assert!(node.faults().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_a_state_and_a_person_may_say_what_the_machine_shows() {
    let simulator = Simulator::default();
    simulator.will(&[Manner::ChargesSilently]);
    let (_node, owner, cart) = at_the_till(&simulator).await;
    let id = new_id();
    pay(&owner, &cart, id).await;
    let unknown = until(&owner, id, "state", "unknown").await;
    assert_eq!(unknown["attention"], "unknown");
    assert_eq!(unknown["may"], json!(["ask", "answer", "cancel"]));
    assert_eq!(attention(&owner).await.len(), 1);
    let (status, refused) = record(&owner, &cart, id).await;
    assert_eq!((status, code(&refused)), (409, "payment_under_way"), "{refused}");
    let (status, said) = charged(&owner, id, true).await;
    assert_eq!((status, &said["state"]), (200, &json!("captured")), "{said}");
    assert_eq!(
        said["steps"].as_array().and_then(|s| s.last()).expect("a step")["staff"]["name"],
        "Asha"
    );
    let (status, order) = record(&owner, &cart, id).await;
    assert_eq!(status, 201, "{order}");
    simulator.speak();
    let known = until(&owner, id, "reference", &simulator.reference(id)).await;
    assert_eq!(known["attention"], Value::Null, "the gateway says the same");
    let (status, late) = charged(&owner, id, false).await;
    assert_eq!((status, code(&late)), (409, "payment_settled"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_charge_that_comes_after_not_charged_is_seen_and_goes_back_once() {
    let simulator = Simulator::default();
    simulator.will(&[Manner::Silent]);
    let (node, owner, cart) = at_the_till(&simulator).await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let id = new_id();
    pay(&owner, &cart, id).await;
    until(&owner, id, "state", "unknown").await;
    let (status, refused) = charged(&meena, id, false).await;
    assert_eq!(
        (status, code(&refused)),
        (403, "not_allowed"),
        "another counter's payment"
    );
    let (_, said) = charged(&owner, id, false).await;
    assert_eq!(
        (&said["state"], &said["holds"]),
        (&json!("failed"), &json!(false))
    );
    let order = owner.pay_cash(&cart).await;
    assert_eq!(order["state"], "placed", "the guest paid in cash instead");
    simulator.speak();
    simulator.charge_late(id);
    let late = until(&owner, id, "attention", "late").await;
    assert_eq!(late["kept_minor"], 87_400);
    let back = json!({"id": new_id(), "reason": "paid in cash"});
    let (status, refused) = act(&meena, id, "refund", back.clone()).await;
    assert_eq!((status, code(&refused)), (403, "payment_needs_approval"));
    simulator.refuse_refunds(true);
    assert_eq!(act(&owner, id, "refund", back.clone()).await.0, 200);
    until(&owner, id, "attention", "late").await;
    simulator.refuse_refunds(false);
    for _ in 0..3 {
        // A repeated tap, and one more try after the gateway would not.
        act(
            &owner,
            id,
            "refund",
            json!({"id": new_id(), "reason": "paid in cash"}),
        )
        .await;
        act(&owner, id, "refund", back.clone()).await;
    }
    let done = until(&owner, id, "state", "refunded").await;
    assert_eq!(done["attention"], Value::Null);
    assert_eq!(simulator.taken(id), 0, "back once, and not a paisa more");
    assert!(node.faults().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_the_charge_and_its_record_nobody_is_charged_twice() {
    let simulator = Simulator::default();
    simulator.will(&[Manner::ChargesSilently]);
    let (node, owner, cart) = at_the_till(&simulator).await;
    let id = new_id();
    let (_, begun) = pay(&owner, &cart, id).await;
    assert_eq!(begun["state"], "pending");
    assert_eq!(simulator.wait_for_start().await, 1);
    // The gateway has charged; the program ends before it hears so.
    simulator.fall_silent();
    let node = node.restarted_with(&simulator);
    simulator.speak();
    let window = node.window("cashier");
    let (_, lock) = window.get("/api/v1/lock").await;
    let asha = lock["staff"][0]["id"].as_str().expect("the owner").to_owned();
    let (_, session) = window.sign_in(&asha, testkit::OWNER_PIN).await;
    let owner = window.signed_in(&session);
    let known = until(&owner, id, "state", "captured").await;
    assert_eq!(
        known["attention"], "unused",
        "charged, and the sale is not recorded"
    );
    assert_eq!(simulator.starts(), 1, "asked about, never started again");
    let (_, again) = owner.get("/api/v1/cart").await;
    assert_eq!(again["id"], cart["id"], "its cart waits");
    let second = json!({"id": new_id(), "method": "card", "cart": cart["id"], "amount_minor": 87_400});
    let (_, refused) = owner.post("/api/v1/payments", second).await;
    assert_eq!(code(&refused), "payment_under_way");
    assert_eq!(refused["error"]["hints"]["payment"], json!(id));
    let (status, order) = record(&owner, &again, id).await;
    assert_eq!(status, 201, "{order}");
    assert_eq!(simulator.taken(id), 87_400);
    assert!(attention(&owner).await.is_empty());
    assert!(node.faults().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_charges_twice_is_found_out() {
    let simulator = Simulator::default();
    simulator.will(&[Manner::ChargesTwice]);
    let (_node, owner, cart) = at_the_till(&simulator).await;
    let id = new_id();
    pay(&owner, &cart, id).await;
    let twice = until(&owner, id, "attention", "twice").await;
    assert_eq!(twice["captured_minor"], 174_800);
    assert_eq!(
        record(&owner, &cart, id).await.0,
        201,
        "the sale is not the guest's fault"
    );
    let all = json!({"id": new_id(), "amount_minor": 174_800, "reason": "charged twice"});
    let (status, refused) = act(&owner, id, "refund", all).await;
    assert_eq!(
        (status, code(&refused)),
        (409, "payment_settled"),
        "what the sale stands on stays"
    );
    act(
        &owner,
        id,
        "refund",
        json!({"id": new_id(), "reason": "charged twice"}),
    )
    .await;
    for _ in 0..6_000 {
        if simulator.taken(id) == 87_400 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(simulator.taken(id), 87_400);
    let now = until(&owner, id, "state", "captured").await;
    assert_eq!(now["attention"], Value::Null, "{now}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_charge_is_not_lost_when_the_sale_is_cancelled() {
    let simulator = Simulator::default();
    simulator.will(&[Manner::ChargesTwice]);
    let (node, owner, cart) = at_the_till(&simulator).await;
    let id = new_id();
    pay(&owner, &cart, id).await;
    until(&owner, id, "attention", "twice").await;
    let (_, order) = record(&owner, &cart, id).await;
    let body = json!({"id": new_id(), "reason": "wrong guest"});
    let (status, undone) = owner.post(&order_path(&order, "cancel"), body).await;
    assert_eq!(status, 200, "{undone}");
    for _ in 0..6_000 {
        if simulator.taken(id) == 87_400 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(
        simulator.taken(id),
        87_400,
        "what the sale claimed went back by itself"
    );
    let left = until(&owner, id, "attention", "twice").await;
    assert_eq!(left["spare_minor"], 87_400, "{left}");
    assert_eq!(left["may"], json!(["refund"]));
    let (status, said) = act(
        &owner,
        id,
        "refund",
        json!({"id": new_id(), "reason": "charged twice"}),
    )
    .await;
    assert_eq!(status, 200, "{said}");
    let done = until(&owner, id, "state", "refunded").await;
    assert_eq!(
        (simulator.taken(id), &done["attention"]),
        (0, &Value::Null),
        "{done}"
    );
    assert!(node.faults().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_the_price_pays_no_bill() {
    let simulator = Simulator::default();
    simulator.will(&[Manner::ChargesHalf]);
    let (node, owner, cart) = at_the_till(&simulator).await;
    let id = new_id();
    pay(&owner, &cart, id).await;
    let half = until(&owner, id, "state", "captured").await;
    assert_eq!(
        (&half["captured_minor"], &half["pays"], &half["attention"]),
        (&json!(43_700), &json!(false), &json!("amount_differs")),
        "{half}"
    );
    let (_, refused) = record(&owner, &cart, id).await;
    assert_eq!(code(&refused), "payment_short", "{refused}");
    assert_eq!(refused["error"]["hints"]["kept_minor"], 43_700);
    let back = json!({"id": new_id(), "reason": "the card has no more"});
    assert_eq!(act(&owner, id, "refund", back).await.0, 200);
    let gone = until(&owner, id, "state", "refunded").await;
    assert_eq!(
        (&gone["holds"], simulator.taken(id)),
        (&json!(false), 0),
        "{gone}"
    );
    let whole = new_id();
    pay(&owner, &cart, whole).await;
    until(&owner, whole, "state", "captured").await;
    let (status, order) = record(&owner, &cart, whole).await;
    assert_eq!(status, 201, "{order}");
    assert!(node.faults().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undone_sale_goes_back_through_the_gateway_by_itself() {
    let simulator = Simulator::default();
    let (node, owner, cart) = at_the_till(&simulator).await;
    let id = new_id();
    pay(&owner, &cart, id).await;
    until(&owner, id, "state", "captured").await;
    let (_, order) = record(&owner, &cart, id).await;
    // The line is dead when the sale is undone, and the program ends.
    simulator.fall_silent();
    let body = json!({"id": new_id(), "reason": "wrong guest"});
    let (status, undone) = owner.post(&order_path(&order, "cancel"), body).await;
    assert_eq!(status, 200, "{undone}");
    assert_eq!(simulator.taken(id), 87_400);
    let node = node.restarted_with(&simulator);
    simulator.speak();
    for _ in 0..6_000 {
        if simulator.taken(id) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(simulator.taken(id), 0);
    assert!(node.faults().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_can_be_called_off_while_the_guest_looks_for_the_card() {
    let simulator = Simulator::default();
    simulator.will(&[Manner::Waits]);
    let (_node, owner, cart) = at_the_till(&simulator).await;
    let id = new_id();
    pay(&owner, &cart, id).await;
    simulator.wait_for_start().await;
    let (status, off) = act(&owner, id, "cancel", json!({})).await;
    assert_eq!((status, &off["state"]), (200, &json!("voided")), "{off}");
    assert_eq!(off["holds"], false);
    assert_eq!(simulator.taken(id), 0);
    owner.pay_cash(&cart).await;
}

#[tokio::test]
async fn without_a_gateway_nothing_pretends_to_be_one() {
    let (_node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let cart = owner.add_to_cart(tea, "1").await;
    assert_eq!(owner.get("/api/v1/payments/gateways").await.1, json!([]));
    let (status, refused) = pay(&owner, &cart, new_id()).await;
    assert_eq!((status, code(&refused)), (409, "no_gateway"), "{refused}");
    owner.pay_cash(&cart).await;
}
