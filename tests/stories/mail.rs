//! Letters: a server that is down for a day loses nothing, a wrong address is told, a restart forgets nothing.

use serde_json::{Value, json};
use std::time::Duration;
use testkit::{
    Client, Node,
    mail::{MailServer, free_port},
    new_id, order_path,
};

const HOUR_MS: i64 = 3_600_000;

async fn set_server(owner: &Client, port: u16) -> Value {
    let server = json!({
        "host": "127.0.0.1", "port": port, "security": "none", "user": "", "from": "shop@example.com",
        "from_name": "Test Sweets", "authority": ""
    });
    let (status, answer) = owner
        .put("/api/v1/mail/server", json!({"id": new_id(), "server": server}))
        .await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// Looks at a letter until it is as wanted, but not for ever.
async fn until(owner: &Client, id: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..1_200 {
        let (_, page) = owner.get("/api/v1/mail/outbox").await;
        let letters = page["items"].as_array().expect("letters");
        let letter = letters
            .iter()
            .find(|letter| letter["id"] == *id)
            .expect("it is there");
        if wanted(letter) {
            return letter.clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the letter never came into this state");
}

async fn sent_invoice(owner: &Client) -> (Value, Value) {
    let cake = owner.product("Cake", 10_000).await;
    let order = owner.sell(&[(cake, "2")]).await;
    let path = format!("/api/v1/invoices/{}/mail", order["id"].as_str().expect("an id"));
    let body = json!({"id": new_id(), "to": "asha@example.com", "to_name": "Asha", "language": "hi"});
    let (status, letter) = owner.post(&path, body.clone()).await;
    assert_eq!(status, 202, "{letter}");
    let (status, again) = owner.post(&path, body).await;
    assert_eq!(
        (status.as_u16(), &again["id"]),
        (202, &letter["id"]),
        "asked twice, written once"
    );
    (order, letter)
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

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_down_for_a_day_loses_nothing() {
    let (node, owner) = Node::with_shop().await;
    let port = free_port();
    set_server(&owner, port).await;
    let (order, letter) = sent_invoice(&owner).await;
    let tried = until(&owner, &letter["id"], |l| {
        l["attempts"] == 1 && l["state"] == "queued"
    })
    .await;
    assert_eq!(
        (&tried["why"], tried["next_try_at"].is_string()),
        (&json!("unreachable"), true)
    );
    node.clock.forward(30 * 1000);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (_, page) = owner.get("/api/v1/mail/outbox").await;
    assert_eq!(page["items"][0]["attempts"], 1, "not before its pause is over");
    node.clock.forward(HOUR_MS);
    // An hour without a hand on it locks the till.
    let owner = back(&node).await;
    until(&owner, &letter["id"], |l| {
        l["attempts"] == 2 && l["state"] == "queued"
    })
    .await;
    // The evening: the shop is closed, and opened again the next day.
    let clock = node.clock.clone();
    let node = node.restarted();
    // There before the letter is due, or a third try would be in vain too.
    let server = MailServer::start(&["--port", &port.to_string()]);
    clock.forward(23 * HOUR_MS);
    let letters = server.wait_for(1);
    let own_id = format!(
        "Message-ID: <{}@example.com>",
        letter["id"].as_str().expect("an id")
    );
    assert!(letters[0].contains(&own_id), "{}", letters[0]);
    assert!(letters[0].contains("asha@example.com") && letters[0].contains("application/pdf"));
    let owner = back(&node).await;
    let gone = until(&owner, &letter["id"], |l| l["state"] == "sent").await;
    assert_eq!(gone["attempts"], 3);
    let (_, invoice) = owner
        .get(&format!(
            "/api/v1/invoices/{}",
            order["id"].as_str().expect("an id")
        ))
        .await;
    assert_eq!(
        invoice["sent"][0]["to"], "a•••@example.com",
        "a fact says no more than this: {invoice}"
    );
    assert_eq!(server.letters().len(), 1, "once");
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_letter_asks_for_a_person_and_goes_to_the_right_address() {
    let (node, owner) = Node::with_shop().await;
    let server = MailServer::start(&[]);
    let (status, tested) = owner.post("/api/v1/mail/server/test", json!({})).await;
    assert_eq!(
        (status.as_u16(), &tested["error"]["code"]),
        (409, &json!("no_mail_server"))
    );
    set_server(&owner, server.port).await;
    let (_, tested) = owner
        .post("/api/v1/mail/server/test", json!({"to": "asha@example.com"}))
        .await;
    assert_eq!(tested["ok"], true, "{tested}");
    let cake = owner.product("Cake", 10_000).await;
    let order = owner.sell(&[(cake, "1")]).await;
    let path = format!("/api/v1/invoices/{}/mail", order["id"].as_str().expect("an id"));
    let (status, wrong) = owner
        .post(&path, json!({"id": new_id(), "to": "asha at example"}))
        .await;
    assert_eq!(
        (status.as_u16(), &wrong["error"]["hints"]["field"]),
        (422, &json!("to"))
    );
    let (_, letter) = owner
        .post(&path, json!({"id": new_id(), "to": "nobody@example.com"}))
        .await;
    let failed = until(&owner, &letter["id"], |l| l["state"] == "failed").await;
    assert_eq!(
        (&failed["why"], &failed["attempts"]),
        (&json!("refused"), &json!(1)),
        "never is never"
    );
    let retry = format!(
        "/api/v1/mail/outbox/{}/retry",
        letter["id"].as_str().expect("an id")
    );
    let (status, _) = owner
        .post(&retry, json!({"id": new_id(), "to": "asha@example.com"}))
        .await;
    assert_eq!(status, 200);
    until(&owner, &letter["id"], |l| l["state"] == "sent").await;
    let (status, settled) = owner.post(&retry, json!({"id": new_id()})).await;
    assert_eq!(
        (status.as_u16(), &settled["error"]["code"]),
        (409, &json!("mail_settled"))
    );
    assert_eq!(server.wait_for(2).len(), 2, "the test's letter and the invoice");
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_forgotten_while_a_letter_is_at_the_server_leaves_no_trace_of_it() {
    let (node, owner) = Node::with_shop().await;
    let server = MailServer::start(&[]);
    set_server(&owner, server.port).await;
    let (_, asha) = owner
        .post("/api/v1/customers", json!({"id": new_id(), "name": "Asha Rao"}))
        .await;
    let cake = owner.product("Cake", 10_000).await;
    let body = json!({
        "id": new_id(), "lines": [{"product": cake, "quantity": "1"}], "customer": asha["id"],
        "tenders": [{"id": new_id(), "method": "cash"}],
    });
    let (_, order) = owner.post("/api/v1/orders", body).await;
    let path = format!("/api/v1/invoices/{}", order["id"].as_str().expect("an id"));
    let letter = json!({"id": new_id(), "to": "slow@example.com"});
    assert_eq!(owner.post(&format!("{path}/mail"), letter).await.0, 202);
    let taken = tokio::task::spawn_blocking(move || (server.wait_for(1), server));
    let (_, server) = taken.await.expect("it came");
    let erase = format!("/api/v1/customers/{}/erase", asha["id"].as_str().expect("an id"));
    let (status, gone) = owner
        .post(&erase, json!({"id": new_id(), "reason": "asked"}))
        .await;
    assert_eq!(status, 200, "{gone}");
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    drop(server);
    let (_, invoice) = owner.get(&path).await;
    assert_eq!(invoice["sent"], json!([]), "{invoice}");
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_let_go_of_while_the_shop_goes_on_whatever_became_of_them() {
    let (node, owner) = Node::with_shop().await;
    let server = MailServer::start(&[]);
    set_server(&owner, server.port).await;
    let (order, gone) = sent_invoice(&owner).await;
    until(&owner, &gone["id"], |l| l["state"] == "sent").await;
    let path = format!("/api/v1/invoices/{}/mail", order["id"].as_str().expect("an id"));
    let (_, refused) = owner
        .post(&path, json!({"id": new_id(), "to": "nobody@example.com"}))
        .await;
    until(&owner, &refused["id"], |l| l["state"] == "failed").await;
    node.clock.forward(91 * 24 * HOUR_MS);
    let owner = back(&node).await;
    for _ in 0..1_200 {
        let (_, page) = owner.get("/api/v1/mail/outbox").await;
        if page["items"] == json!([]) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("letters of three months ago are still here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_kept_here_and_told_to_nobody() {
    let (node, owner) = Node::with_shop().await;
    let server = json!({
        "host": "mail.example.com", "port": 0, "security": "starttls", "user": "shop", "from": "shop@example.com",
        "from_name": "", "authority": ""
    });
    let change = json!({"id": new_id(), "server": server, "password": "s3cret-of-the-shop"});
    let (status, answer) = owner.put("/api/v1/mail/server", change).await;
    assert_eq!(
        (status.as_u16(), &answer["password"], &answer["server"]["port"]),
        (200, &json!(true), &json!(587))
    );
    for path in ["/api/v1/mail/server", "/api/v1/settings"] {
        let (_, told) = owner.get(path).await;
        assert!(!told.to_string().contains("s3cret"), "{path}");
    }
    let mut open = change_of(&server, "none");
    let (status, refused) = owner.put("/api/v1/mail/server", open.take()).await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["hints"]["field"]),
        (422, &json!("security"))
    );
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let (status, _) = meena.put("/api/v1/mail/server", change_of(&server, "tls")).await;
    assert_eq!(status, 403);
    let sales = node.counter(&owner, "Ravi", "sales").await;
    assert_eq!(sales.get("/api/v1/mail/outbox").await.0, 403);
    let order = owner.sell(&[(owner.product("Tea", 1_000).await, "1")]).await;
    assert_eq!(owner.get(&order_path(&order, "receipt.png")).await.0, 200);
}

fn change_of(server: &Value, security: &str) -> Value {
    let mut server = server.clone();
    server["security"] = json!(security);
    json!({"id": new_id(), "server": server})
}
