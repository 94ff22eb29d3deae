//! What a stranger can hold at the door of a device by knowing who belongs to the shop: nothing.

use journal::exchange::{DEVICE, DIGEST, Heads, Push, SHOP, SIGNATURE, TIME, signature_text};
use std::time::Duration;
use testkit::{Method, Node, body_that_never_comes, new_id};
use tokio::time::timeout;

const PUSH: &str = "/sync/v1/push";
const LETTER: &str = "/api/v1/nodes/beats";

/// The headers of this device for a body, over the text of another one's signature if that is given.
fn headers(from: &Node, body: &[u8], path: &str, signature: Option<&str>) -> Vec<(&'static str, String)> {
    let shop = from.shop();
    let signed = shop.sign_request("POST", path, body).expect("signed");
    vec![
        ("x-chandi", "1".to_owned()),
        (SHOP, signed.shop.to_string()),
        (DEVICE, signed.device.to_string()),
        (TIME, signed.time_ms.to_string()),
        (DIGEST, app::letters::hex(&signed.digest)),
        (
            SIGNATURE,
            signature.map_or_else(|| signature_text(&signed.signature), str::to_owned),
        ),
    ]
}

async fn send(
    to: &Node,
    path: &str,
    body: impl Into<axum::body::Body>,
    headers: &[(&'static str, String)],
) -> u16 {
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let browser = to.browser("192.168.1.66:9");
    let sent = browser.fetch(Method::POST, path, "application/octet-stream", body, &headers);
    let (status, _) = timeout(Duration::from_secs(10), sent)
        .await
        .expect("answered, whatever comes of the body");
    status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_only_knows_a_devices_name_is_sent_away_before_the_body_comes() {
    let (node, _owner) = Node::with_shop().await;
    let till = node.another();
    node.meet(&till);
    let wrong = "5".repeat(128);
    for path in [PUSH, LETTER, "/sync/v1/pull", "/sync/v1/notice"] {
        let mut open = vec![];
        for _ in 0..20 {
            let (sender, body) = body_that_never_comes();
            open.push(sender);
            let headers = headers(&till, b"", path, Some(&wrong));
            assert_eq!(send(&node, path, body, &headers).await, 401, "{path}");
        }
        // A signature without its digest says nothing of a body that is still to come.
        let mut headers = headers(&till, b"", path, None);
        headers.retain(|(name, _)| *name != DIGEST);
        let (_sender, body) = body_that_never_comes();
        assert_eq!(send(&node, path, body, &headers).await, 401, "{path}");
    }
    let push = Push::default().encode();
    assert_eq!(
        send(&node, PUSH, push.clone(), &headers(&till, &push, PUSH, None)).await,
        200,
        "a device of the shop comes in"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_body_than_the_one_that_was_signed_is_refused() {
    let (node, _owner) = Node::with_shop().await;
    let till = node.another();
    node.meet(&till);
    let path = "/sync/v1/notice";
    let body = Heads::default().encode();
    let signed = headers(&till, &body, path, None);
    assert_eq!(send(&node, path, body.clone(), &signed).await, 200);
    let mut other = body.clone();
    other.push(0);
    assert_eq!(send(&node, path, other.clone(), &signed).await, 401);
    // Nor does its own digest help it, which nobody signed.
    let mut forged = signed.clone();
    for (name, value) in &mut forged {
        if *name == DIGEST {
            *value = app::letters::hex(&app::letters::digest_of(&other));
        }
    }
    assert_eq!(send(&node, path, other, &forged).await, 401);
    let stranger = [
        vec![("x-chandi", "1".to_owned()), (DEVICE, new_id().to_string())],
        signed[4..].to_vec(),
    ];
    assert_eq!(send(&node, path, body, &stranger.concat()).await, 401);
}
