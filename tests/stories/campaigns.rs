//! Campaigns: who agreed gets one letter in their language, and whoever says no in between gets none.

use serde_json::{Value, json};
use std::time::Duration;
use testkit::{
    Client, Node,
    mail::{MailServer, free_port},
    new_id,
};
use uuid::Uuid;

async fn set_server(owner: &Client, port: u16) {
    let server = json!({
        "host": "127.0.0.1", "port": port, "security": "none", "user": "", "from": "shop@example.com",
        "from_name": "Test Sweets", "authority": ""
    });
    let (status, answer) = owner
        .put("/api/v1/mail/server", json!({"id": new_id(), "server": server}))
        .await;
    assert_eq!(status, 200, "{answer}");
}

async fn customer(owner: &Client, name: &str, more: Value) -> Uuid {
    let id = new_id();
    let mut form = json!({"id": id, "name": name});
    if let (Some(form), Some(more)) = (form.as_object_mut(), more.as_object()) {
        form.extend(more.clone());
    }
    let (status, answer) = owner.post("/api/v1/customers", form).await;
    assert_eq!(status, 201, "{answer}");
    id
}

fn texts() -> Value {
    json!([
        {"language": "en", "title": "Mangoes, {name}", "text": "Dear {name}, {shop} has mangoes."},
        {"language": "hi", "title": "आम", "text": "{name}, आम आ गए।"},
    ])
}

async fn preview(owner: &Client, group: Value, texts: Value) -> Value {
    let (status, answer) = owner
        .post(
            "/api/v1/campaigns/preview",
            json!({"group": group, "texts": texts}),
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    answer
}

fn left_out(answer: &Value) -> Vec<(&str, u64)> {
    let all = answer["left_out"].as_array().expect("a list");
    all.iter()
        .map(|one| {
            let why = one.get("why").or(one.get("what")).and_then(Value::as_str);
            (why.expect("a word"), one["count"].as_u64().expect("a number"))
        })
        .collect()
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

/// Looks at a campaign until it is as wanted, but not for ever. The shop's clock goes on meanwhile: a letter that met no
/// server is tried again after a pause, and who looks stays signed in.
async fn until(node: &Node, owner: &Client, id: Uuid, wanted: impl Fn(&Value) -> bool) -> Value {
    for look in 0..1_200 {
        if look % 10 == 9 {
            node.clock.forward(60_000);
        }
        let (_, campaign) = owner.get(&format!("/api/v1/campaigns/{id}")).await;
        if wanted(&campaign) {
            return campaign;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the campaign never came into this state");
}

fn count(campaign: &Value, state: &str) -> u64 {
    let states = campaign["states"].as_array().expect("states");
    let found = states.iter().find(|one| one["what"] == state);
    found.map_or(0, |one| one["count"].as_u64().expect("a number"))
}

/// Six people of whom two get a letter.
async fn people(owner: &Client) -> [Uuid; 6] {
    let yes = json!({"email": true});
    [
        customer(
            owner,
            "Asha",
            json!({"email": "asha@example.com", "consents": yes, "language": "en",
            "addresses": [{"city": "Pune"}]}),
        )
        .await,
        customer(
            owner,
            "बीना",
            json!({"email": "bina@example.com", "consents": yes, "language": "hi",
            "addresses": [{"city": "Nashik"}]}),
        )
        .await,
        customer(
            owner,
            "Chand",
            json!({"email": "chand@example.com", "consents": {"email": false}}),
        )
        .await,
        customer(owner, "Deepa", json!({"email": "deepa@example.com"})).await,
        customer(owner, "Eknath", json!({"consents": yes})).await,
        customer(
            owner,
            "Farah",
            json!({"email": "ASHA@example.com", "consents": yes}),
        )
        .await,
    ]
}

#[tokio::test]
async fn a_preview_says_who_gets_a_letter_and_why_others_do_not() {
    let (_node, owner) = Node::with_shop().await;
    let [asha, ..] = people(&owner).await;
    let all = preview(&owner, json!({}), texts()).await;
    assert_eq!(
        (&all["matched"], &all["letters"]),
        (&json!(6), &json!(2)),
        "{all}"
    );
    assert_eq!(
        left_out(&all),
        [
            ("declined", 1),
            ("not_asked", 1),
            ("no_address", 1),
            ("same_address", 1)
        ]
    );
    let samples = all["samples"].as_array().expect("samples");
    assert_eq!(samples[0]["title"], "Mangoes, Asha");
    let text = samples[0]["text"].as_str().expect("a text");
    assert!(text.starts_with("Dear Asha, Test Sweets has mangoes."), "{text}");
    assert!(
        text.contains("STOP"),
        "how to end it stands under every letter: {text}"
    );
    assert_eq!(
        (&samples[1]["to_name"], &samples[1]["count"]),
        (&json!("बीना"), &json!(1))
    );
    assert_eq!(
        preview(&owner, json!({"town": "pu"}), texts()).await["letters"],
        1,
        "by the beginning of a town"
    );
    assert_eq!(
        preview(&owner, json!({"language": "hi"}), texts()).await["letters"],
        1
    );
    assert_eq!(
        preview(&owner, json!({"segment": "vip"}), texts()).await["matched"],
        0
    );

    // Asha buys for 200: she is among those who spent, and no more among those who stayed away.
    let tea = owner.product("Tea", 10_000).await;
    let (status, order) = owner
        .post(
            "/api/v1/orders",
            json!({"id": new_id(), "lines": [{"product": tea, "quantity": "2"}], "customer": asha,
                   "tenders": [{"id": new_id(), "method": "cash"}]}),
        )
        .await;
    assert_eq!(status, 201, "{order}");
    let matched = async |group: Value| preview(&owner, group, json!([])).await["matched"].clone();
    assert_eq!(matched(json!({"spent_from_minor": 20_000})).await, 1);
    assert_eq!(matched(json!({"spent_from_minor": 20_001})).await, 0);
    assert_eq!(matched(json!({"bought_days": 30})).await, 1);
    assert_eq!(matched(json!({"absent_days": 30})).await, 5);
    for wrong in [
        json!({"group": {"bought_days": 0}}),
        json!({"texts": [{"language": "en", "title": "x", "text": "Dear {nmae}"}]}),
        json!({"texts": [{"language": "xx", "title": "x", "text": "y"}]}),
    ] {
        let (status, answer) = owner.post("/api/v1/campaigns/preview", wrong.clone()).await;
        assert_eq!(
            (status.as_u16(), code(&answer)),
            (422, "field_invalid"),
            "{wrong}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_goes_once_in_everybodys_language_and_a_no_in_between_is_a_no() {
    let (node, owner) = Node::with_shop().await;
    let [_, bina, ..] = people(&owner).await;
    let id = new_id();
    let form = |letters: u32| json!({"id": id, "name": "Mango season", "group": {}, "texts": texts(), "letters": letters});
    let send = async |form: Value| {
        let (status, answer) = owner.post("/api/v1/campaigns", form).await;
        (status.as_u16(), code(&answer).to_owned(), answer)
    };
    assert_eq!(
        send(form(2)).await.1,
        "no_mail_server",
        "nothing is promised that cannot go"
    );
    let port = free_port();
    set_server(&owner, port).await;
    assert_eq!(
        send(form(6)).await.1,
        "campaign_differs",
        "another number than was looked at"
    );
    let nobody =
        json!({"id": new_id(), "name": "x", "group": {"town": "Mars"}, "texts": texts(), "letters": 0});
    assert_eq!(send(nobody).await.1, "campaign_empty");

    let (status, _, sent) = send(form(2)).await;
    assert_eq!(status, 202, "{sent}");
    assert_eq!(send(form(2)).await.0, 202, "asked twice, sent once");
    let mut other = form(2);
    other["name"] = json!("Another");
    assert_eq!(send(other).await.1, "id_reused");
    let (_, outbox) = owner.get("/api/v1/mail/outbox").await;
    assert_eq!(
        outbox["items"].as_array().map(Vec::len),
        Some(2),
        "one letter each: {outbox}"
    );
    assert_eq!(
        left_out(&sent).len(),
        4,
        "why others got none stays known: {sent}"
    );

    // The server is down, and Bina says no before it comes back.
    let (status, _) = owner
        .post(
            &format!("/api/v1/customers/{bina}/no-news"),
            json!({"id": new_id()}),
        )
        .await;
    assert_eq!(status, 204);
    let campaign = until(&node, &owner, id, |c| count(c, "withdrawn") == 1).await;
    assert_eq!(count(&campaign, "waiting"), 1, "{campaign}");
    let (_, profile) = owner.get(&format!("/api/v1/customers/{bina}")).await;
    let consents = profile["consents"].as_array().expect("consents");
    assert!(
        consents.iter().all(|one| one["given"] == false),
        "by no way: {profile}"
    );

    let server = MailServer::start(&["--port", &port.to_string()]);
    let done = until(&node, &owner, id, |c| count(c, "sent") == 1).await;
    assert_eq!(count(&done, "waiting"), 0, "{done}");
    let letters = server.letters();
    assert!(letters[0].contains("asha@example.com"), "{}", letters[0]);
    assert!(
        letters[0].contains("List-Unsubscribe: <mailto:shop@example.com?subject=STOP>"),
        "{}",
        letters[0]
    );
    let (_, page) = owner
        .get(&format!("/api/v1/campaigns/{id}/letters?state=sent"))
        .await;
    assert_eq!(
        (&page["items"][0]["name"], page["items"].as_array().map(Vec::len)),
        (&json!("Asha"), Some(1))
    );
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.letters().len(), 1, "nobody who said no, nobody twice");
    assert_eq!(
        node.faults(),
        Vec::<String>::new(),
        "the views are what the facts say"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_go_before_news_and_a_refused_letter_is_told() {
    let (node, owner) = Node::with_shop().await;
    for n in 0..5 {
        let more = json!({"email": format!("c{n}@example.com"), "consents": {"email": true}});
        customer(&owner, &format!("C{n}"), more).await;
    }
    customer(
        &owner,
        "Nobody",
        json!({"email": "nobody@example.com", "consents": {"email": true}}),
    )
    .await;
    let port = free_port();
    set_server(&owner, port).await;
    let id = new_id();
    let texts = json!([{"language": "en", "title": "News", "text": "Dear {name}"}]);
    let form = json!({"id": id, "name": "News", "group": {}, "texts": texts, "letters": 6});
    assert_eq!(owner.post("/api/v1/campaigns", form).await.0, 202);
    let cake = owner.product("Cake", 10_000).await;
    let order = owner.sell(&[(cake, "1")]).await;
    let path = format!("/api/v1/invoices/{}/mail", order["id"].as_str().expect("an id"));
    let body = json!({"id": new_id(), "to": "asha@example.com", "to_name": "Asha", "language": "en"});
    assert_eq!(owner.post(&path, body).await.0, 202);
    let server = MailServer::start(&["--port", &port.to_string()]);
    node.clock.forward(120_000);
    let letters = server.wait_for(6);
    let invoice = letters
        .iter()
        .position(|letter| letter.contains("application/pdf"));
    assert!(
        invoice.is_some_and(|at| at <= 1),
        "the invoice waits for no news: {invoice:?}"
    );
    let done = until(&node, &owner, id, |c| count(c, "failed") + count(c, "sent") == 6).await;
    assert_eq!(count(&done, "failed"), 1, "{done}");
    let (_, page) = owner
        .get(&format!("/api/v1/campaigns/{id}/letters?state=failed"))
        .await;
    assert_eq!(
        (&page["items"][0]["name"], &page["items"][0]["why"]),
        (&json!("Nobody"), &json!("refused"))
    );
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn only_those_who_may_write_to_everybody_do() {
    let (node, owner) = Node::with_shop().await;
    let cashier = node.counter(&owner, "Meena", "cashier").await;
    let form = json!({"group": {}, "texts": []});
    assert_eq!(cashier.post("/api/v1/campaigns/preview", form).await.0, 403);
    assert_eq!(cashier.get("/api/v1/campaigns").await.0, 403);
}
