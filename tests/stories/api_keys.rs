//! Keys of other programs: what they open, what they never do, and how they end.

use api::ROUTES;
use domain::people::Permission;
use serde_json::{Value, json};
use testkit::{COUNTER_PIN, Client, Method, Node, new_id};

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

async fn key(owner: &Client, permissions: &[&str], more: Value) -> (Value, Client) {
    let mut body = json!({"id": new_id(), "name": "Web shop", "permissions": permissions});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let (status, made) = owner.post("/api/v1/api-keys", body).await;
    assert_eq!(status, 201, "{made}");
    let client = owner.holding(made["secret"].as_str().map(str::to_owned));
    (made["key"].clone(), client)
}

#[tokio::test]
async fn every_route_opens_to_a_key_as_far_as_its_permissions_reach_and_no_further() {
    let (node, owner) = Node::with_shop().await;
    let all: Vec<&str> = Permission::FOR_PROGRAMS.iter().map(|p| p.as_str()).collect();
    let (_, mighty) = key(&owner, &all, json!({})).await;
    let (_, humble) = key(&owner, &["catalog.read"], json!({})).await;
    for row in ROUTES {
        let path = row.path.replace("{id}", &new_id().to_string());
        let method: Method = row.method.parse().expect("a method");
        for (name, program) in [("mighty", &mighty), ("humble", &humble)] {
            let call = async || {
                program
                    .send(method.clone(), &path, "application/json", b"{}".to_vec(), &[])
                    .await
            };
            let (mut status, mut answer) = call().await;
            // The limit of a key is a story of its own.
            while status == 429 {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                (status, answer) = call().await;
            }
            let what = format!("{name} at {} {}: {status} {answer}", row.method, row.path);
            if !row.access.is_for_programs() {
                assert_eq!(
                    (status.as_u16(), code(&answer)),
                    (403, "not_for_programs"),
                    "{what}"
                );
            } else if let api::Access::May(permission) = row.access {
                let may = name == "mighty" || permission == Permission::CatalogRead;
                assert_eq!(code(&answer) == "not_allowed", !may, "{what}");
                assert_ne!(status, 401, "{what}");
            }
        }
    }
    for path in [
        "/api/v1/api-keys",
        "/api/v1/staff",
        "/api/v1/sessions",
        "/api/v1/display",
    ] {
        assert_eq!(code(&mighty.get(path).await.1), "not_for_programs", "{path}");
    }
    drop(node);
}

#[tokio::test]
async fn what_a_program_does_is_done_in_its_name() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let permissions = ["catalog.read", "order.place", "order.read"];
    let (made, program) = key(&owner, &permissions, json!({})).await;
    let sale = json!({
        "id": new_id(), "lines": [{"product": tea, "quantity": "2"}], "tenders": [{"id": new_id(), "method": "cash"}]
    });
    // No header of ours: a key is shown on purpose.
    let bytes = sale.to_string().into_bytes();
    let (status, order) = program
        .send(Method::POST, "/api/v1/orders", "application/json", bytes, &[])
        .await;
    assert_eq!(status, 201, "{order}");
    assert_eq!(
        (&order["staff"]["name"], &order["staff"]["id"]),
        (&json!("Web shop"), &made["id"])
    );
    assert!(
        order["token"]["code"].is_string(),
        "whoever places an order gives its guest the token"
    );
    let path = format!("/api/v1/orders/{}", order["id"].as_str().expect("an id"));
    assert_eq!(
        program.get(&path).await.1["token"],
        Value::Null,
        "later, tokens are for who may give them out"
    );
    assert_eq!(owner.get(&path).await.1["staff"]["name"], "Web shop");

    let other = node.another();
    let at_other = other.browser("127.0.0.1:9").holding(program.token.clone());
    assert_eq!(
        code(&at_other.get("/api/v1/orders").await.1),
        "key_wrong",
        "a key belongs to its node"
    );
    node.meet(&other);
    assert!(node.faults().is_empty() && other.faults().is_empty());
}

#[tokio::test]
async fn a_program_is_nobody_who_could_sign_in() {
    let (node, owner) = Node::with_shop().await;
    let (made, _) = key(&owner, &["catalog.read"], json!({})).await;
    let id = made["id"].as_str().expect("an id");
    for list in ["/api/v1/lock", "/api/v1/staff", "/api/v1/staff?archived=true"] {
        let (_, answer) = owner.get(list).await;
        assert!(!answer.to_string().contains("Web shop"), "{list}: {answer}");
    }
    for pin in ["", "0000", COUNTER_PIN] {
        let (status, _) = node.window("cashier").sign_in(id, pin).await;
        assert!(status.is_client_error(), "{status}");
    }
    let pin = json!({"id": new_id(), "pin": COUNTER_PIN});
    let (status, answer) = owner.post(&format!("/api/v1/staff/{id}/pin"), pin).await;
    assert_eq!(
        (status.as_u16(), code(&answer)),
        (422, "field_invalid"),
        "{answer}"
    );
    let body = json!({"id": new_id(), "name": "X", "role": "program", "pin": COUNTER_PIN});
    assert_eq!(code(&owner.post("/api/v1/staff", body).await.1), "field_invalid");
}

#[tokio::test]
async fn keys_end_are_revoked_at_once_and_can_stay_at_home() {
    let (node, owner) = Node::with_shop().await;
    let soon = "2026-11-21T18:00:00Z";
    let (_, brief) = key(&owner, &["catalog.read"], json!({"ends_at": soon})).await;
    let (lasting_key, lasting) = key(&owner, &["catalog.read"], json!({})).await;
    let (_, near) = key(&owner, &["catalog.read"], json!({"near": true})).await;
    let products = "/api/v1/products";
    for program in [&brief, &lasting] {
        assert_eq!(program.get(products).await.0, 200);
    }
    let from = |address: &str, program: &Client| node.browser(address).holding(program.token.clone());
    assert_eq!(from("127.0.0.1:5", &near).get(products).await.0, 200);
    let (status, answer) = from("192.168.1.9:5", &near).get(products).await;
    assert_eq!((status.as_u16(), code(&answer)), (403, "not_here"));

    node.clock.forward(86_400_000);
    assert_eq!(code(&brief.get(products).await.1), "key_ended");
    let owner = owner.signed_in(&owner_again(&node).await);
    let (_, list) = owner.get("/api/v1/api-keys").await;
    let used = list["items"]
        .as_array()
        .and_then(|all| all.iter().find(|k| k["id"] == lasting_key["id"]));
    assert!(used.is_some_and(|k| k["used_at"].is_string()), "{list}");
    let path = format!("/api/v1/api-keys/{}", lasting_key["id"].as_str().expect("an id"));
    let (status, gone) = owner.delete(&path).await;
    assert_eq!((status.as_u16(), &gone["state"]), (200, &json!("revoked")));
    assert_eq!(code(&lasting.get(products).await.1), "key_wrong");
    assert!(!list.to_string().contains("ck_"), "no list ever shows a key");
}

async fn owner_again(node: &Node) -> Value {
    let window = node.window("cashier");
    let (_, lock) = window.get("/api/v1/lock").await;
    let id = lock["staff"][0]["id"].as_str().expect("the owner").to_owned();
    let (status, answer) = window.sign_in(&id, testkit::OWNER_PIN).await;
    assert_eq!(status, 201, "{answer}");
    answer
}

#[tokio::test]
async fn only_the_owner_makes_keys_a_repeat_shows_none_and_a_key_has_its_limit() {
    let (node, owner) = Node::with_shop().await;
    let maya = node.counter(&owner, "Maya", "manager").await;
    let body = json!({"id": new_id(), "name": "Web shop", "permissions": ["catalog.read"]});
    assert_eq!(
        code(&maya.post("/api/v1/api-keys", body.clone()).await.1),
        "not_allowed"
    );
    let (_, first) = owner.post("/api/v1/api-keys", body.clone()).await;
    assert_eq!(first["secret"].as_str().map(str::len), Some(67), "256 bits");
    let (status, again) = owner.post("/api/v1/api-keys", body).await;
    assert_eq!(
        (status.as_u16(), &again["secret"]),
        (201, &Value::Null),
        "told once"
    );
    for wrong in [
        json!([]),
        json!(["staff.change"]),
        json!(["program.manage"]),
        json!(["x"]),
    ] {
        let body = json!({"id": new_id(), "name": "Web shop", "permissions": wrong});
        assert_eq!(
            code(&owner.post("/api/v1/api-keys", body).await.1),
            "field_invalid"
        );
    }
    let program = owner.holding(first["secret"].as_str().map(str::to_owned));
    let mut refused = 0;
    for _ in 0..150 {
        let (status, answer) = program.get("/api/v1/brands").await;
        if status == 429 {
            assert_eq!(code(&answer), "too_many_requests");
            refused += 1;
        }
    }
    assert!(refused > 0, "a key that asks without end is slowed down");
    let guessed = node
        .browser("192.168.1.5:1")
        .holding(Some(format!("ck_{}", "0".repeat(64))));
    let mut slowed = false;
    for _ in 0..40 {
        slowed |= guessed.get("/api/v1/brands").await.0 == 429;
    }
    assert!(slowed, "so is whoever guesses");
}
