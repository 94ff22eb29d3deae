//! The door: every route and every role, and those who mean harm.

use api::{Access, ROUTES};
use serde_json::{Value, json};
use testkit::{Client, Method, Node, new_id};

async fn call(client: &Client, method: &str, path: &str) -> (u16, Value) {
    let path = path
        .replace("{id}", &new_id().to_string())
        .replace("{key}", "shop.name");
    let method: Method = method.parse().expect("a method");
    let (status, answer) = client
        .send(
            method,
            &path,
            "application/json",
            b"{}".to_vec(),
            &[("x-chandi", "1")],
        )
        .await;
    (status.as_u16(), answer)
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn every_route_holds_what_the_table_says_for_every_role_and_for_nobody() {
    let (node, owner) = Node::with_shop().await;
    let window = node.window("cashier");
    let mut people = vec![("owner", owner.clone())];
    for (role, pin) in [
        ("manager", "7391"),
        ("cashier", "5826"),
        ("sales", "6284"),
        ("kitchen", "9473"),
    ] {
        let id = owner.staff(role, role, pin).await;
        let (_, answer) = window.sign_in(&id.to_string(), pin).await;
        people.push((role, window.signed_in(&answer)));
    }
    // Calls that would end the very sessions that are tried, or the tries themselves.
    let left_out = ["/api/v1/sessions/current", "/api/v1/sessions", "/api/v1/setup"];
    for row in ROUTES {
        if let Access::May(_) | Access::Session | Access::Display = row.access {
            let (status, answer) = call(&window, row.method, row.path).await;
            assert_eq!(
                (status, code(&answer)),
                (401, "signed_out"),
                "{} {} without a session",
                row.method,
                row.path
            );
            let (status, _) = call(&node.nobody(), row.method, row.path).await;
            assert_eq!(status, 403, "{} {} from nowhere", row.method, row.path);
        }
        let (status, _) = call(&node.window("customer"), row.method, row.path).await;
        assert_eq!(
            status == 403,
            !row.customer,
            "{} {} from the customer's window: {status}",
            row.method,
            row.path
        );
        if let Access::May(permission) = row.access
            && !left_out.contains(&row.path)
        {
            for (role, client) in &people {
                let may = role
                    .parse::<domain::people::Role>()
                    .is_ok_and(|r| r.allows(permission));
                let (status, answer) = call(client, row.method, row.path).await;
                let refused = status == 403 && code(&answer) == "not_allowed";
                assert_eq!(
                    refused, !may,
                    "{role} at {} {}: {status} {answer}",
                    row.method, row.path
                );
            }
        }
    }
}

#[tokio::test]
async fn no_foreign_page_reaches_the_door() {
    let (node, owner) = Node::with_shop().await;
    let browser = node.browser("127.0.0.1:9").holding(owner.token.clone());
    let get = async |headers: &[(&str, &str)]| {
        browser
            .send(Method::GET, "/api/v1/cart", "text/plain", vec![], headers)
            .await
    };
    assert_eq!(get(&[]).await.0, 200);
    assert_eq!(
        code(&get(&[("origin", "https://evil.example")]).await.1),
        "foreign_origin"
    );
    assert_eq!(code(&get(&[("origin", "null")]).await.1), "foreign_origin");
    let body = json!({"id": new_id(), "change": {"kind": "clear"}})
        .to_string()
        .into_bytes();
    let (_, answer) = browser
        .send(
            Method::POST,
            "/api/v1/cart/changes",
            "application/json",
            body,
            &[],
        )
        .await;
    assert_eq!(code(&answer), "header_missing");
    for host in ["evil.example", "127.0.0.1.evil.example:8650"] {
        let (_, answer) = browser.send_as(host, Method::GET, "/api/v1/lock").await;
        assert_eq!(code(&answer), "foreign_origin", "{host} is no name of ours");
    }
}

#[tokio::test]
async fn rubbish_is_refused_in_our_own_words() {
    let (_node, owner) = Node::with_shop().await;
    let send = async |kind: &str, body: &[u8]| {
        owner
            .send(
                Method::POST,
                "/api/v1/orders",
                kind,
                body.to_vec(),
                &[("x-chandi", "1")],
            )
            .await
    };
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    for body in [
        &b"{"[..],
        b"[]",
        b"\xff\xfe",
        b"{\"id\":1}",
        b"{\"id\":\"x\",\"surprise\":1}",
        deep.as_bytes(),
    ] {
        let (status, answer) = send("application/json", body).await;
        assert_eq!((status.as_u16(), code(&answer)), (400, "malformed"));
        let mut fields: Vec<&str> = answer["error"]
            .as_object()
            .expect("an error")
            .keys()
            .map(String::as_str)
            .collect();
        fields.sort_unstable();
        assert_eq!(fields, ["code", "hints", "incident", "kind", "message"]);
    }
    assert_eq!(send("text/plain", b"{}").await.0, 400);
    assert_eq!(
        send("application/json", &vec![b' '; 3 * 1024 * 1024]).await.0,
        413
    );
    assert_eq!(owner.get("/api/v1/orders/not-an-id").await.0, 404);
    assert_eq!(owner.get("/api/v1/no/such/route").await.0, 404);
    assert_eq!(call(&owner, "PATCH", "/api/v1/orders").await.0, 404);
    assert_eq!(owner.get("/api/v1/products?limit=lots").await.0, 400);
}

#[tokio::test]
async fn a_display_token_opens_the_display_and_nothing_else() {
    let (node, owner) = Node::with_shop().await;
    let (_, answer) = owner.post("/api/v1/displays", json!({"id": new_id()})).await;
    let display = node.browser("127.0.0.1:9").signed_in(&answer);
    assert_eq!(display.get("/api/v1/display").await.0, 200);
    assert_eq!(display.get("/api/v1/cart").await.0, 401);
    assert_eq!(display.get("/api/v1/orders").await.0, 401);
    let mut forged = display.clone();
    forged.token = forged.token.map(|t| t.replace("display.0", "display.1"));
    let (status, _) = forged.get("/api/v1/display").await;
    assert_eq!(status, 401, "another seat's display needs another token");
}

#[tokio::test]
async fn the_description_stands_by_itself() {
    let node = Node::empty();
    let window = node.window("cashier");
    let (_, api) = window.get("/api/v1/openapi.json").await;
    let text = api.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap_or_default();
        assert!(api.pointer(pointer).is_some(), "{pointer} leads nowhere");
    }
    let (status, page) = window.get("/api/docs").await;
    let page = page.as_str().expect("a page");
    assert_eq!(status, 200);
    assert!(
        !page.contains("<script") && !page.contains("https://"),
        "it needs no script and no network"
    );
    assert_eq!(window.get("/api/v1/health").await.1["ready"], false);
    assert!(
        window
            .get("/metrics")
            .await
            .1
            .as_str()
            .is_some_and(|m| m.contains("chandi_requests_total"))
    );
}
