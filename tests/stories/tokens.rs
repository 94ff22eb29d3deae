//! Tokens: genuine, ours, of this branch, still good; and every way in which they are not.

use crate::orders::sign_in_owner;
use serde_json::json;
use testkit::{Client, Node};

async fn sold(owner: &Client) -> serde_json::Value {
    let tea = owner.product("Tea", 2_000).await;
    let cart = owner.add_to_cart(tea, "2").await;
    owner.pay_cash(&cart).await
}

async fn refusal(client: &Client, code: &str) -> String {
    let (status, answer) = client.post("/api/v1/tokens/verify", json!({"code": code})).await;
    assert_eq!(status, 422, "{answer}");
    answer["error"]["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_fresh_token_is_valid_and_says_what_was_bought() {
    let (_node, owner) = Node::with_shop().await;
    let order = sold(&owner).await;
    let code = order["token"]["code"].as_str().expect("a code");
    assert!(
        code.starts_with("P1") && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()),
        "{code}"
    );
    let (status, verdict) = owner
        .post("/api/v1/tokens/verify", json!({"code": code.to_lowercase()}))
        .await;
    assert_eq!(status, 200, "a scanner in lower case is no fault: {verdict}");
    assert_eq!(verdict["lines"][0]["name"], "Tea");
    assert_eq!(verdict["order"]["number"], order["number"]);
    assert_eq!(
        order["token"]["number"].as_str().map(str::len),
        Some(6),
        "six digits"
    );
}

#[tokio::test]
async fn not_one_changed_character_passes() {
    let (_node, owner) = Node::with_shop().await;
    let order = sold(&owner).await;
    let code = order["token"]["code"].as_str().expect("a code").to_owned();
    for at in 2..code.len() {
        let mut other = code.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).expect("ASCII");
        let (status, answer) = owner.post("/api/v1/tokens/verify", json!({"code": other})).await;
        assert_ne!(status, 200, "a token changed at {at} must not pass: {answer}");
    }
    for length in [0, 1, 2, 10, 100, code.len() - 1] {
        let (status, _) = owner
            .post("/api/v1/tokens/verify", json!({"code": &code[..length]}))
            .await;
        assert_eq!(status, 422, "the first {length} characters are no token");
    }
}

#[tokio::test]
async fn everything_else_is_refused_by_its_own_name() {
    let (node, owner) = Node::with_shop().await;
    let order = sold(&owner).await;
    let code = order["token"]["code"].as_str().expect("a code").to_owned();
    assert_eq!(
        refusal(&owner, &code.replacen("P1", "P2", 1)).await,
        "token_unknown_version"
    );
    assert_eq!(refusal(&owner, "https://example.org/P1").await, "token_not_ours");
    assert_eq!(
        refusal(&owner, "upi://pay?pa=a@b&am=1.00").await,
        "token_not_ours"
    );
    assert_eq!(
        refusal(&owner, &"P1A".repeat(1_400)).await,
        "token_not_ours",
        "4,200 characters"
    );
    let (_other_node, other) = Node::with_shop().await;
    assert_eq!(
        refusal(&other, &code).await,
        "token_unknown_key",
        "another shop's token"
    );
    let cancel = format!("/api/v1/orders/{}/cancel", order["id"].as_str().expect("an id"));
    owner
        .post(&cancel, json!({"id": testkit::new_id(), "reason": "undo"}))
        .await;
    let (status, answer) = owner.post("/api/v1/tokens/verify", json!({"code": code})).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (409, &json!("order_cancelled"))
    );
    let order = sold(&owner).await;
    let code = order["token"]["code"].as_str().expect("a code").to_owned();
    node.clock.forward(2 * 86_400_000);
    let owner = owner.signed_in(&sign_in_owner(&node).await);
    assert_eq!(refusal(&owner, &code).await, "token_expired");
}

#[tokio::test]
async fn a_scan_says_what_the_code_is() {
    let (_node, owner) = Node::with_shop().await;
    let body = json!({"id": testkit::new_id(), "name": "Biscuit", "price_minor": 500, "barcodes": ["8901030865275"], "sku": "BIS-1"});
    assert_eq!(owner.post("/api/v1/products", body).await.0, 201);
    let scan = async |code: &str| owner.post("/api/v1/scan", json!({"code": code})).await.1;
    assert_eq!(scan("8901030865275").await["product"]["name"], "Biscuit");
    assert_eq!(scan("BIS-1").await["product"]["name"], "Biscuit");
    assert_eq!(
        scan("]E08901030865275").await["product"]["name"],
        "Biscuit",
        "a scanner's own prefix is no part of it"
    );
    assert_eq!(scan("4006381333931").await["why"], "not_listed");
    assert_eq!(scan("https://evil.example").await["why"], "url");
    assert_eq!(scan("upi://pay?pa=x@y").await["why"], "upi");
    assert_eq!(scan(&"x".repeat(4_000)).await["why"], "too_long");
    let order = sold(&owner).await;
    assert_eq!(
        scan(order["token"]["code"].as_str().expect("a code")).await["order"]["number"],
        order["number"]
    );
}
