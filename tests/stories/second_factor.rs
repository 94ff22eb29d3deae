//! Password and one-time code for owners and managers who come from another machine: right, wrong, replayed, by a clock
//! that is off, once each, taken away, and at every node of the shop.

use domain::second_factor::{STEP_MS, digits};
use journal::{Body, Place, Transaction, Vector, body::SecondFactorSetV1};
use serde_json::{Value, json};
use testkit::{
    COUNTER_PIN, Client, Node, OWNER_PIN, authenticator::typed_secret as typed, new_id, order_path,
};

const PASSWORD: &str = "kaju katli milk";
const OWN: &str = "/api/v1/second-factor";
const FAR: &str = "192.168.1.20:5000";

fn code(answer: &(axum::http::StatusCode, Value)) -> (u16, &str) {
    (
        answer.0.as_u16(),
        answer.1["error"]["code"].as_str().unwrap_or("none"),
    )
}

/// A telephone with an authenticator in it.
struct Phone {
    secret: Vec<u8>,
    recovery: Vec<String>,
}

impl Phone {
    /// What it shows so many steps from now, by the node's clock.
    fn at(&self, node: &Node, steps: i64) -> String {
        format!(
            "{:06}",
            digits(&self.secret, node.clock.now_ms() / STEP_MS + steps)
        )
    }

    fn shows(&self, node: &Node) -> String {
        self.at(node, 0)
    }
}

/// Sets it up for whoever this is, and waits until the telephone shows the next digits.
async fn set_up(node: &Node, person: &Client) -> Phone {
    let id = new_id();
    let (status, offer) = person.post(&format!("{OWN}/begin"), json!({ "id": id })).await;
    assert_eq!(status, 200, "{offer}");
    let mut phone = Phone {
        secret: typed(offer["secret"].as_str().expect("a secret")),
        recovery: vec![],
    };
    let body = json!({ "id": id, "password": PASSWORD, "code": phone.shows(node) });
    let (status, answer) = person.post(OWN, body).await;
    assert_eq!(status, 200, "{answer}");
    let codes = answer["codes"].as_array().expect("codes");
    phone.recovery = codes
        .iter()
        .map(|one| one.as_str().expect("text").to_owned())
        .collect();
    node.clock.forward(STEP_MS);
    phone
}

async fn asha(node: &Node) -> String {
    let (_, lock) = node.window("cashier").get("/api/v1/lock").await;
    let staff = lock["staff"].as_array().expect("people");
    let owner = staff.iter().find(|one| one["name"] == "Asha").expect("Asha");
    owner["id"].as_str().expect("an id").to_owned()
}

/// How somebody signs in, as the lock screen there says.
async fn asks(client: &Client, who: &str) -> String {
    let (_, lock) = client.get("/api/v1/lock").await;
    let staff = lock["staff"].as_array().expect("people");
    let one = staff.iter().find(|one| one["id"] == who).expect("somebody");
    one["asks"].as_str().expect("a word").to_owned()
}

/// A browser elsewhere, and the same with its person signed in by password and code.
async fn from_afar(node: &Node, who: &str, phone: &Phone) -> (Client, Client) {
    let far = node.browser(FAR);
    let (_, session) = enter(&far, who, PASSWORD, &phone.shows(node)).await;
    let away = far.signed_in(&session);
    (far, away)
}

async fn enter(client: &Client, who: &str, password: &str, code: &str) -> (axum::http::StatusCode, Value) {
    let body = json!({ "staff": who, "password": password, "code": code, "seat": new_id() });
    client.post("/api/v1/sessions", body).await
}

async fn need(owner: &Client, on: bool) -> (axum::http::StatusCode, Value) {
    let body = json!({ "id": new_id(), "value": on });
    owner.put("/api/v1/settings/sign_in.second_factor", body).await
}

#[tokio::test]
async fn from_another_machine_it_takes_password_and_code_and_at_the_device_a_pin() {
    let (node, owner) = Node::with_shop().await;
    let who = asha(&node).await;
    let (far, near) = (node.browser(FAR), node.browser("127.0.0.1:9"));
    assert_eq!(
        far.sign_in(&who, OWNER_PIN).await.0,
        201,
        "off until it is set up"
    );
    assert_eq!(asks(&far, &who).await, "pin");

    let id = new_id();
    let (_, offer) = owner.post(&format!("{OWN}/begin"), json!({ "id": id })).await;
    let secret = offer["secret"].as_str().expect("a secret").to_owned();
    let (_, again) = owner.post(&format!("{OWN}/begin"), json!({ "id": id })).await;
    assert_eq!(again["secret"], secret, "said twice, shown once");
    assert!(offer["qr_svg"].as_str().expect("a picture").contains("<svg"));
    let phone = Phone {
        secret: typed(&secret),
        recovery: vec![],
    };
    let confirm = |password: &str, code: &str| json!({ "id": id, "password": password, "code": code });
    let now = phone.shows(&node);
    for (password, shown, why) in [
        ("short", now.as_str(), (422, "password_weak")),
        ("Asha", now.as_str(), (422, "password_weak")),
        (PASSWORD, "000000", (401, "second_factor_wrong")),
        (PASSWORD, "", (401, "second_factor_wrong")),
    ] {
        assert_eq!(code(&owner.post(OWN, confirm(password, shown)).await), why);
    }
    assert_eq!(
        asks(&far, &who).await,
        "pin",
        "nothing counts before the first code"
    );
    let (status, kept) = owner.post(OWN, confirm(PASSWORD, &now)).await;
    assert_eq!(status, 200, "{kept}");
    assert_eq!(kept["codes"].as_array().map(Vec::len), Some(10));
    let (_, repeated) = owner.post(OWN, confirm(PASSWORD, &now)).await;
    assert_eq!(repeated["codes"], kept["codes"], "an answer that was lost");
    let stale = json!({ "id": new_id(), "password": PASSWORD, "code": now });
    assert_eq!(code(&owner.post(OWN, stale).await), (409, "second_factor_over"));

    assert_eq!(asks(&far, &who).await, "password");
    assert_eq!(asks(&near, &who).await, "pin");
    for pin in [OWNER_PIN, "9153"] {
        let said = far.sign_in(&who, pin).await;
        assert_eq!(
            code(&said),
            (401, "second_factor_needed"),
            "nobody finds out there whether a PIN is right"
        );
    }
    assert_eq!(near.sign_in(&who, OWNER_PIN).await.0, 201, "this machine");
    assert_eq!(node.window("cashier").sign_in(&who, OWNER_PIN).await.0, 201);

    assert_eq!(
        code(&enter(&far, &who, PASSWORD, &now).await),
        (401, "second_factor_wrong"),
        "the first code was used to confirm"
    );
    node.clock.forward(STEP_MS);
    let now = phone.shows(&node);
    assert_eq!(
        code(&enter(&far, &who, "another password", &now).await),
        (401, "second_factor_wrong")
    );
    let (status, session) = enter(&far, &who, PASSWORD, &now).await;
    assert_eq!(status, 201, "{session}");
    let here = far.signed_in(&session);
    assert_eq!(here.get(OWN).await.1["here"], false);
    assert_eq!(
        code(&enter(&far, &who, PASSWORD, &now).await),
        (401, "second_factor_wrong"),
        "a code opens once"
    );
    let spaced = format!("{} {}", &phone.at(&node, 1)[..3], &phone.at(&node, 1)[3..]);
    assert_eq!(
        enter(&far, &who, PASSWORD, &spaced).await.0,
        201,
        "a clock one step slow"
    );
    assert_eq!(
        code(&enter(&far, &who, PASSWORD, &phone.at(&node, -2)).await),
        (401, "second_factor_clock"),
        "and not two"
    );
    assert!(node.faults().is_empty(), "{:?}", node.faults());
}

#[tokio::test]
async fn a_recovery_code_opens_once_and_ten_others_come_with_the_next_setting_up() {
    let (node, owner) = Node::with_shop().await;
    let who = asha(&node).await;
    let phone = set_up(&node, &owner).await;
    let far = node.browser(FAR);
    let one = phone.recovery[3].to_lowercase().replace('-', " ");
    assert_eq!(
        enter(&far, &who, PASSWORD, &one).await.0,
        201,
        "however it is typed"
    );
    assert_eq!(
        code(&enter(&far, &who, PASSWORD, &phone.recovery[3]).await),
        (401, "second_factor_wrong")
    );
    let (_, view) = owner.get(OWN).await;
    assert_eq!(view["recovery_left"], 9);

    let begin = json!({ "id": new_id() });
    assert_eq!(
        code(&owner.post(&format!("{OWN}/begin"), begin).await),
        (401, "second_factor_needed"),
        "changed with the present one alone"
    );
    let id = new_id();
    let begin = json!({ "id": id, "present": { "password": PASSWORD, "code": phone.recovery[0] } });
    let (status, offer) = owner.post(&format!("{OWN}/begin"), begin).await;
    assert_eq!(status, 200, "{offer}");
    let next = Phone {
        secret: typed(offer["secret"].as_str().expect("a secret")),
        recovery: vec![],
    };
    assert_ne!(next.secret, phone.secret);
    assert_eq!(
        enter(&far, &who, PASSWORD, &phone.shows(&node)).await.0,
        201,
        "the old one holds until the new one is confirmed"
    );
    let body = json!({ "id": id, "password": "mango pickle jar", "code": next.shows(&node) });
    assert_eq!(owner.post(OWN, body).await.0, 200);
    node.clock.forward(STEP_MS);
    for old in [phone.shows(&node), phone.recovery[5].clone()] {
        assert_eq!(
            code(&enter(&far, &who, PASSWORD, &old).await),
            (401, "second_factor_wrong")
        );
    }
    let (_, view) = owner.get(OWN).await;
    assert_eq!(view["recovery_left"], 10);
    assert_eq!(
        enter(&far, &who, "mango pickle jar", &next.shows(&node)).await.0,
        201
    );
}

#[tokio::test]
async fn a_clock_ten_minutes_wrong_is_said_in_words_and_what_was_said_opens_nothing_later() {
    let (node, owner) = Node::with_shop().await;
    let who = asha(&node).await;
    let phone = set_up(&node, &owner).await;
    let far = node.browser(FAR);
    let ahead = phone.at(&node, 20);
    let (status, answer) = enter(&far, &who, PASSWORD, &ahead).await;
    assert_eq!(
        (status.as_u16(), answer["error"]["code"].as_str()),
        (401, Some("second_factor_clock"))
    );
    assert_eq!(answer["error"]["hints"]["minutes"], 10);
    assert_eq!(
        code(&enter(&far, &who, "a wrong password", &phone.at(&node, 21)).await),
        (401, "second_factor_wrong"),
        "whoever lacks the password is told nothing of clocks"
    );
    node.clock.forward(20 * STEP_MS);
    assert_eq!(
        code(&enter(&far, &who, PASSWORD, &ahead).await),
        (401, "second_factor_wrong"),
        "nobody waits for a code that they guessed"
    );
    assert_eq!(enter(&far, &who, PASSWORD, &phone.at(&node, 1)).await.0, 201);
}

#[tokio::test]
async fn wrong_tries_are_the_persons_whatever_machine_they_come_from() {
    let (node, owner) = Node::with_shop().await;
    let who = asha(&node).await;
    let phone = set_up(&node, &owner).await;
    for n in 0..5 {
        let far = node.browser(&format!("192.168.1.{}:5000", 30 + n));
        let said = enter(&far, &who, PASSWORD, "000000").await;
        assert_eq!(code(&said), (401, "second_factor_wrong"), "{n}");
    }
    let elsewhere = node.browser("192.168.1.99:5000");
    let said = enter(&elsewhere, &who, PASSWORD, &phone.shows(&node)).await;
    assert_eq!(
        code(&said),
        (429, "second_factor_wait"),
        "even the right one waits"
    );
    let wait = said.1["error"]["hints"]["wait_ms"].as_i64().expect("how long");
    assert!(wait > 0);
    assert_eq!(
        node.window("cashier").sign_in(&who, OWNER_PIN).await.0,
        201,
        "nobody is kept from their own device"
    );
    let node = node.restarted();
    let far = node.browser(FAR);
    assert_eq!(
        code(&enter(&far, &who, PASSWORD, &phone.shows(&node)).await),
        (429, "second_factor_wait"),
        "a restart forgives nothing"
    );
    node.clock.forward(wait + 1);
    assert_eq!(enter(&far, &who, PASSWORD, &phone.shows(&node)).await.0, 201);
    assert_eq!(
        code(&enter(&far, &who, PASSWORD, "000000").await),
        (401, "second_factor_wrong"),
        "and counting starts anew"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tries_at_the_same_moment_are_all_counted() {
    let (node, owner) = Node::with_shop().await;
    let who = asha(&node).await;
    set_up(&node, &owner).await;
    let tries: Vec<_> = (0..12)
        .map(|n| {
            let (far, who) = (node.browser(&format!("192.168.2.{n}:5000")), who.clone());
            tokio::spawn(async move { enter(&far, &who, "not the password", "123123").await.0.as_u16() })
        })
        .collect();
    let mut looked_at = 0;
    for one in tries {
        looked_at += usize::from(one.await.expect("no panic") == 401);
    }
    assert!(looked_at <= 5, "{looked_at} were looked at before the wait began");
}

#[tokio::test]
async fn it_holds_at_every_node_and_a_code_that_opened_there_opens_nowhere() {
    let (node, owner) = Node::with_shop().await;
    let who = asha(&node).await;
    let bela = owner.staff("Bela", "owner", "6274").await.to_string();
    let other = node.another();
    let phone = set_up(&node, &owner).await;
    let (far, there) = (node.browser(FAR), other.browser(FAR));
    assert_eq!(asks(&there, &who).await, "pin", "nothing was heard of it there");
    let (_, by_pin) = there.sign_in(&who, OWNER_PIN).await;
    let by_pin = there.signed_in(&by_pin);
    node.meet(&other);
    assert_eq!(asks(&there, &who).await, "password");
    assert_eq!(
        by_pin.get("/api/v1/cart").await.0,
        401,
        "whoever came in there by a PIN shows more now"
    );
    let now = phone.shows(&node);
    assert_eq!(enter(&far, &who, PASSWORD, &now).await.0, 201);
    let (_, session) = enter(&there, &who, PASSWORD, &phone.recovery[0]).await;
    let session = there.signed_in(&session);
    node.meet(&other);
    for (client, used) in [(&there, now.as_str()), (&far, phone.recovery[0].as_str())] {
        assert_eq!(
            code(&enter(client, &who, PASSWORD, used).await),
            (401, "second_factor_wrong")
        );
    }

    // Another owner takes it away, at the other node; it is written down who did.
    let window = other.window("cashier");
    let (_, answer) = window.sign_in(&bela, "6274").await;
    let bela = window.signed_in(&answer);
    let reset = format!("/api/v1/staff/{who}/second-factor/reset");
    assert_eq!(
        bela.get("/api/v1/staff").await.1["items"][0]["second_factor"],
        true
    );
    let (status, answer) = bela.post(&reset, json!({ "id": new_id() })).await;
    assert_eq!(
        (status.as_u16(), &answer["second_factor"]),
        (200, &json!(false)),
        "{answer}"
    );
    assert_eq!(
        session.get("/api/v1/cart").await.0,
        401,
        "what it had opened is shut"
    );
    assert_eq!(
        bela.post(&reset, json!({ "id": new_id() })).await.0,
        200,
        "gone is gone"
    );
    node.meet(&other);
    assert_eq!(asks(&far, &who).await, "pin");
    let (_, answer) = node.window("cashier").sign_in(&who, OWNER_PIN).await;
    let (_, view) = node.window("cashier").signed_in(&answer).get(OWN).await;
    assert_eq!(
        (&view["set_at"], &view["reset"]["by"]["name"]),
        (&Value::Null, &json!("Bela"))
    );
    for one in [&node, &other] {
        assert!(one.faults().is_empty(), "{:?}", one.faults());
    }
}

#[tokio::test]
async fn of_what_was_set_apart_the_later_holds_everywhere() {
    let (node, owner) = Node::with_shop().await;
    let who = asha(&node).await;
    let bela = owner.staff("Bela", "owner", "6274").await.to_string();
    set_up(&node, &owner).await;
    let other = node.another();
    node.meet(&other);
    // One takes it away, the other sets it up anew a moment later; neither hears of it.
    let window = other.window("cashier");
    let (_, answer) = window.sign_in(&bela, "6274").await;
    let bela = window.signed_in(&answer);
    let reset = format!("/api/v1/staff/{who}/second-factor/reset");
    assert_eq!(bela.post(&reset, json!({ "id": new_id() })).await.0, 200);
    node.clock.forward(60_000);
    let third = node.another();
    node.meet(&third);
    let window = other.window("cashier");
    let (_, answer) = window.sign_in(&who, OWNER_PIN).await;
    let phone = set_up(&other, &window.signed_in(&answer)).await;
    for (one, two) in [
        (&node, &third),
        (&third, &other),
        (&other, &node),
        (&node, &third),
    ] {
        one.meet(two);
    }
    for one in [&node, &other, &third] {
        let far = one.browser(FAR);
        assert_eq!(asks(&far, &who).await, "password");
        assert_eq!(enter(&far, &who, PASSWORD, &phone.shows(one)).await.0, 201);
        node.clock.forward(STEP_MS);
        assert!(one.faults().is_empty(), "{:?}", one.faults());
    }
}

#[tokio::test]
async fn the_shop_can_ask_every_owner_for_it() {
    let (node, owner) = Node::with_shop().await;
    let who = asha(&node).await;
    let bela = owner.staff("Bela", "owner", "6274").await.to_string();
    let maya = owner.staff("Maya", "manager", COUNTER_PIN).await.to_string();
    assert_eq!(
        code(&need(&owner, true).await),
        (409, "second_factor_first"),
        "whoever asks it of others has one"
    );
    set_up(&node, &owner).await;
    let far = node.browser(FAR);
    let (_, answer) = far.sign_in(&bela, "6274").await;
    let away = far.signed_in(&answer);
    assert_eq!(away.get("/api/v1/cart").await.0, 200);
    assert_eq!(need(&owner, true).await.0, 200);
    assert_eq!(away.get("/api/v1/cart").await.0, 401, "it holds at once");
    assert_eq!(asks(&far, &bela).await, "set_up");
    assert_eq!(
        code(&far.sign_in(&bela, "6274").await),
        (403, "second_factor_unset")
    );
    assert_eq!(asks(&far, &who).await, "password");
    assert_eq!(far.sign_in(&maya, COUNTER_PIN).await.0, 201, "it asks owners");
    assert_eq!(node.window("cashier").sign_in(&bela, "6274").await.0, 201);
    assert_eq!(need(&owner, false).await.0, 200);
    assert_eq!(far.sign_in(&bela, "6274").await.0, 201, "off again");
}

#[tokio::test]
async fn what_changes_who_may_do_what_wants_a_fresh_code_from_afar() {
    let (node, owner) = Node::with_shop().await;
    let who = asha(&node).await;
    let phone = set_up(&node, &owner).await;
    let (_, away) = from_afar(&node, &who, &phone).await;
    let hire = |pin: &str| json!({ "id": new_id(), "name": "Ravi", "role": "cashier", "pin": pin });
    assert_eq!(
        away.post("/api/v1/staff", hire("7391")).await.0,
        201,
        "just signed in with a code"
    );
    for _ in 0..3 {
        node.clock.forward(240_000);
        for person in [&away, &owner] {
            assert_eq!(person.get("/api/v1/cart").await.0, 200);
        }
    }
    assert_eq!(
        code(&away.post("/api/v1/staff", hire("7392")).await),
        (403, "code_wanted")
    );
    for (path, body) in [
        ("/api/v1/api-keys", json!({})),
        ("/api/v1/recovery-card", json!({ "id": new_id() })),
        ("/api/v1/hub/login", json!({})),
        ("/api/v1/shop/forget", json!({})),
        ("/api/v1/join/invitations", json!({ "id": new_id() })),
    ] {
        assert_eq!(code(&away.post(path, body).await), (403, "code_wanted"), "{path}");
    }
    let lead = away.put("/api/v1/branch/lead", json!({ "id": new_id() })).await;
    assert_eq!(code(&lead), (403, "code_wanted"));
    for on in [true, false] {
        assert_eq!(code(&need(&away, on).await), (403, "code_wanted"), "{on}");
    }
    let other = json!({ "id": new_id(), "value": 600 });
    let (status, answer) = away.put("/api/v1/settings/lock.idle_seconds", other).await;
    assert_eq!(status, 200, "other settings ask nothing: {answer}");
    assert_eq!(away.get("/api/v1/staff").await.0, 200, "looking asks nothing");
    assert_eq!(
        owner.post("/api/v1/staff", hire("7393")).await.0,
        201,
        "at the device nothing is asked"
    );
    let show = |shown: String| json!({ "code": shown });
    let path = format!("{OWN}/code");
    assert_eq!(
        code(&away.post(&path, show("000000".to_owned())).await),
        (401, "second_factor_wrong")
    );
    assert_eq!(away.post(&path, show(phone.shows(&node))).await.0, 204);
    assert_eq!(away.post("/api/v1/staff", hire("7394")).await.0, 201);
    assert_eq!(need(&away, true).await.0, 200);
}

#[tokio::test]
async fn it_is_taken_away_with_itself_and_only_owners_and_managers_have_one() {
    let (node, owner) = Node::with_shop().await;
    let who = asha(&node).await;
    let maya = owner.staff("Maya", "manager", COUNTER_PIN).await.to_string();
    let ravi = owner.staff("Ravi", "cashier", "7391").await.to_string();
    let phone = set_up(&node, &owner).await;
    let (far, away) = from_afar(&node, &who, &phone).await;
    let path = format!("{OWN}/remove");
    let wrong = json!({ "password": PASSWORD, "code": "000000" });
    assert_eq!(code(&away.post(&path, wrong).await), (401, "second_factor_wrong"));
    let own = format!("/api/v1/staff/{who}/second-factor/reset");
    assert_eq!(
        code(&owner.post(&own, json!({ "id": new_id() })).await),
        (403, "not_allowed"),
        "one's own wants more than a session"
    );
    let right = json!({ "password": PASSWORD, "code": phone.recovery[9] });
    let (status, view) = away.post(&path, right).await;
    assert_eq!(
        (status.as_u16(), &view["set_at"], &view["reset"]),
        (200, &Value::Null, &Value::Null),
        "{view}"
    );
    assert_eq!(away.get("/api/v1/cart").await.0, 200, "whoever did it goes on");
    assert_eq!(far.sign_in(&who, OWNER_PIN).await.0, 201);

    let window = node.window("cashier");
    let (_, answer) = window.sign_in(&ravi, "7391").await;
    let ravi = window.signed_in(&answer);
    assert_eq!(ravi.get(OWN).await.1["may"], false);
    let begin = json!({ "id": new_id() });
    assert_eq!(
        code(&ravi.post(&format!("{OWN}/begin"), begin).await),
        (403, "not_allowed")
    );
    let (_, answer) = window.sign_in(&maya, COUNTER_PIN).await;
    let manager = window.signed_in(&answer);
    set_up(&node, &manager).await;
    assert_eq!(asks(&far, &maya).await, "password");
    let reset = format!("/api/v1/staff/{maya}/second-factor/reset");
    assert_eq!(
        code(&manager.post(&reset, json!({ "id": new_id() })).await),
        (403, "not_allowed")
    );
    assert_eq!(owner.post(&reset, json!({ "id": new_id() })).await.0, 200);
}

#[tokio::test]
async fn from_another_machine_a_code_approves_and_a_pin_is_not_looked_at() {
    let (node, owner) = Node::with_shop().await;
    let who = asha(&node).await;
    let ravi = owner.staff("Ravi", "cashier", "7391").await.to_string();
    let tea = owner.product("Tea", 2_000).await;
    let order = owner.sell(&[(tea, "2")]).await;
    let path = order_path(&order, "refunds");
    let phone = set_up(&node, &owner).await;
    let ask = |pin: &str| {
        json!({
            "id": new_id(), "lines": [{"line": 1, "quantity": "1"}], "reason": "broken",
            "approval": {"staff": who, "pin": pin},
        })
    };
    let (_, answer) = node.browser(FAR).sign_in(&ravi, "7391").await;
    let far = node.browser(FAR).signed_in(&answer);
    let right = far.post(&path, ask(OWNER_PIN)).await;
    let wrong = far.post(&path, ask("6047")).await;
    for said in [&right, &wrong] {
        assert_eq!(code(said), (401, "approval_code_wrong"));
    }
    assert_eq!(
        right.1["error"]["hints"], wrong.1["error"]["hints"],
        "the right PIN is not told from a wrong one"
    );
    let shown = phone.shows(&node);
    let (status, answer) = far.post(&path, ask(&shown)).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(
        code(&far.post(&path, ask(&shown)).await),
        (401, "approval_code_wrong"),
        "a code approves once"
    );
    let (_, answer) = node.window("cashier").sign_in(&ravi, "7391").await;
    let near = node.window("cashier").signed_in(&answer);
    assert_eq!(
        near.post(&path, ask(OWNER_PIN)).await.0,
        201,
        "at the device it stays a PIN"
    );
}

#[tokio::test]
async fn a_pin_that_somebody_saw_sets_nothing_up_from_elsewhere() {
    let (node, owner) = Node::with_shop().await;
    let who = asha(&node).await;
    let far = node.browser(FAR);
    let (_, answer) = far.sign_in(&who, OWNER_PIN).await;
    let away = far.signed_in(&answer);
    assert_eq!(away.get(OWN).await.1["here"], false);
    let begin = json!({ "id": new_id() });
    assert_eq!(
        code(&away.post(&format!("{OWN}/begin"), begin).await),
        (403, "not_here")
    );
    let id = new_id();
    let (_, offer) = owner.post(&format!("{OWN}/begin"), json!({ "id": id })).await;
    let phone = Phone {
        secret: typed(offer["secret"].as_str().expect("a secret")),
        recovery: vec![],
    };
    let confirm = json!({ "id": id, "password": PASSWORD, "code": phone.shows(&node) });
    assert_eq!(
        code(&away.post(OWN, confirm.clone()).await),
        (403, "not_here"),
        "nor is one that was shown here confirmed there"
    );
    assert_eq!(asks(&far, &who).await, "pin");
    assert_eq!(owner.post(OWN, confirm).await.0, 200);
    assert_eq!(asks(&far, &who).await, "password");
}

#[tokio::test]
async fn one_that_is_lost_is_taken_away_at_the_device_with_the_pin() {
    let (node, owner) = Node::with_shop().await;
    let who = asha(&node).await;
    let phone = set_up(&node, &owner).await;
    let (far, away) = from_afar(&node, &who, &phone).await;
    assert_eq!(need(&owner, true).await.0, 200);

    // Telephone and codes are gone; there is nobody else who could reset it.
    let path = format!("{OWN}/remove");
    let by_pin = |pin: &str| json!({ "pin": pin });
    assert_eq!(
        code(&away.post(&path, by_pin(OWNER_PIN)).await),
        (403, "not_here"),
        "from elsewhere no PIN does it"
    );
    assert_eq!(
        code(&owner.post(&path, json!({})).await),
        (401, "second_factor_needed"),
        "nor does a till that was left open"
    );
    for _ in 0..5 {
        assert_eq!(code(&owner.post(&path, by_pin("0000")).await), (401, "pin_wrong"));
    }
    assert_eq!(
        code(&owner.post(&path, by_pin(OWNER_PIN)).await),
        (429, "pin_wait"),
        "nor one who guesses there"
    );
    assert_eq!(
        node.window("cashier").sign_in(&who, OWNER_PIN).await.0,
        201,
        "which keeps nobody from signing in"
    );
    node.clock.forward(30_001);
    let (status, view) = owner.post(&path, by_pin(OWNER_PIN)).await;
    assert_eq!((status.as_u16(), &view["set_at"]), (200, &Value::Null), "{view}");
    assert_eq!(
        away.get("/api/v1/cart").await.0,
        401,
        "what it had opened is shut"
    );
    assert_eq!(asks(&far, &who).await, "set_up", "the shop still asks owners");
    let next = set_up(&node, &owner).await;
    assert_eq!(asks(&far, &who).await, "password");
    assert_eq!(
        code(&enter(&far, &who, PASSWORD, &phone.shows(&node)).await),
        (401, "second_factor_wrong")
    );
    assert_eq!(enter(&far, &who, PASSWORD, &next.shows(&node)).await.0, 201);
}

#[tokio::test]
async fn one_that_another_device_told_of_meanwhile_is_not_replaced_without_its_proof() {
    let (node, owner) = Node::with_shop().await;
    let who = asha(&node).await;
    let other = node.another();
    let id = new_id();
    let (_, offer) = owner.post(&format!("{OWN}/begin"), json!({ "id": id })).await;
    let late = Phone {
        secret: typed(offer["secret"].as_str().expect("a secret")),
        recovery: vec![],
    };
    let window = other.window("cashier");
    let (_, answer) = window.sign_in(&who, OWNER_PIN).await;
    let phone = set_up(&other, &window.signed_in(&answer)).await;
    node.meet(&other);
    let confirm = json!({ "id": id, "password": "mango pickle jar", "code": late.shows(&node) });
    assert_eq!(code(&owner.post(OWN, confirm).await), (409, "second_factor_over"));
    for one in [&node, &other] {
        let shown = phone.shows(one);
        assert_eq!(enter(&one.browser(FAR), &who, PASSWORD, &shown).await.0, 201);
        node.clock.forward(STEP_MS);
    }
}

#[tokio::test]
async fn no_secret_stands_in_a_fact() {
    let (node, owner) = Node::with_shop().await;
    let phone = set_up(&node, &owner).await;
    let shop = node.shop();
    let device = shop.identity().device;
    let (chunks, _) = shop.chunks_for(&Vector::new(), usize::MAX).expect("facts");
    let own = chunks
        .iter()
        .find(|chunk| chunk.device == device)
        .expect("its own");
    let mut at = Place::default();
    let mut set = 0;
    for bytes in &own.transactions {
        assert!(
            !bytes.windows(phone.secret.len()).any(|part| part == phone.secret),
            "the authenticator's secret stands in a fact"
        );
        let read = Transaction::decode(bytes, shop.identity().shop, device, &at).expect("reads");
        at = read.end();
        for fact in &read.facts {
            let body = Body::decode(fact.header.kind, fact.header.version, &fact.body).expect("reads");
            if let Body::SecondFactorSet(SecondFactorSetV1 {
                factor: Some(one), ..
            }) = body
            {
                set += 1;
                let sealed = String::from_utf8_lossy(&one.sealed).into_owned();
                assert!(
                    !sealed.contains("argon2"),
                    "not even the password's hash is readable"
                );
            }
        }
    }
    assert_eq!(set, 1);
}
