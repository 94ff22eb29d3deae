//! Links for browsers that stand somewhere: what each opens and what none does, and how they end.

use api::ROUTES;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use testkit::{COUNTER_PIN, Client, Method, Node, OWNER_PIN, new_id};
use uuid::Uuid;

/// A browser that may have opened a link.
struct Screen {
    browser: Client,
    key: String,
    cookie: String,
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

impl Screen {
    fn at(node: &Node, address: &str) -> Screen {
        Screen {
            browser: node.browser(address),
            key: format!("{}{}", new_id().simple(), new_id().simple()),
            cookie: String::new(),
        }
    }

    async fn open(&mut self, link: &str) -> (u16, Value) {
        let body = json!({"code": link, "key": self.key});
        let (status, answer) = self.browser.post("/api/v1/device-links/open", body).await;
        if status == 200 {
            let id = link.split('.').next().expect("an id");
            self.cookie = format!("chandi_link={id}.{}", self.key);
        }
        (status.as_u16(), answer)
    }

    async fn call(&self, method: &str, path: &str) -> (u16, Value) {
        let path = path
            .replace("{id}", &new_id().to_string())
            .replace("{key}", "shop.name");
        let headers = [("x-chandi", "1"), ("cookie", self.cookie.as_str())];
        let method: Method = method.parse().expect("a method");
        let (status, answer) = self
            .browser
            .send(method, &path, "application/json", b"{}".to_vec(), &headers)
            .await;
        (status.as_u16(), answer)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path).await
    }
}

async fn make(owner: &Client, purpose: &str, until: Option<&str>) -> (Uuid, String) {
    let id = new_id();
    let body = json!({"id": id, "name": "By the oven", "purpose": purpose, "until": until});
    let (status, made) = owner.post("/api/v1/device-links", body).await;
    assert_eq!(status, 201, "{made}");
    (id, made["code"].as_str().expect("a code").to_owned())
}

async fn opened(node: &Node, owner: &Client, purpose: &str) -> (Uuid, Screen) {
    let (id, link) = make(owner, purpose, None).await;
    let mut screen = Screen::at(node, "127.0.0.1:5100");
    let (status, answer) = screen.open(&link).await;
    assert_eq!((status, &answer["purpose"]), (200, &json!(purpose)), "{answer}");
    (id, screen)
}

/// Signs somebody in at a browser that has a link.
async fn signs_in_by_link(screen: &Screen, staff: Uuid) -> Client {
    let body = json!({"staff": staff, "pin": COUNTER_PIN, "seat": new_id()}).to_string();
    let headers = [("x-chandi", "1"), ("cookie", screen.cookie.as_str())];
    let (status, answer) = screen
        .browser
        .send(
            Method::POST,
            "/api/v1/sessions",
            "application/json",
            body.into_bytes(),
            &headers,
        )
        .await;
    assert_eq!(status, 201, "{answer}");
    screen.browser.signed_in(&answer)
}

/// An order that is ready: news for every screen.
async fn steps(owner: &Client, product: Uuid) {
    let order = owner.sell(&[(product, "1")]).await;
    let path = format!("/api/v1/orders/{}/progress", order["id"].as_str().expect("an id"));
    let (status, answer) = owner.post(&path, json!({"id": new_id(), "to": "ready"})).await;
    assert_eq!(status, 200, "{answer}");
}

fn bearer(who: &Client) -> String {
    format!("Bearer {}", who.token.as_deref().expect("signed in"))
}

async fn owner_at(node: &Node, owner: &Client) -> Client {
    let (_, staff) = owner.get("/api/v1/staff").await;
    signs_in(node, &staff["items"][0]["id"]).await
}

async fn signs_in(node: &Node, staff: &Value) -> Client {
    let window = node.window("cashier");
    let body = json!({"staff": staff, "pin": OWNER_PIN});
    let (status, answer) = window.post("/api/v1/sessions", body).await;
    assert_eq!(status, 201, "{answer}");
    window.signed_in(&answer)
}

#[tokio::test]
async fn a_link_opens_what_it_is_for_and_nothing_else() {
    let (node, owner) = Node::with_shop().await;
    for (purpose, own) in [
        ("board", vec!["/api/v1/board"]),
        ("pick", vec!["/api/v1/pick"]),
        ("customer", vec!["/api/v1/display", "/api/v1/display/answer"]),
        ("phone", vec![]),
    ] {
        let (_, screen) = opened(&node, &owner, purpose).await;
        for row in ROUTES {
            // Those that ask nobody who they are, and those that other devices sign.
            if matches!(
                row.access,
                api::Access::Open
                    | api::Access::SignIn
                    | api::Access::AtTheDevice
                    | api::Access::Here
                    | api::Access::Guest
                    | api::Access::Node
                    | api::Access::Metrics
                    | api::Access::Live
            ) {
                continue;
            }
            let (status, answer) = screen.call(row.method, row.path).await;
            let may = own.contains(&row.path) || row.path == "/api/v1/device-links/current";
            let what = format!("{purpose} at {} {}: {status} {answer}", row.method, row.path);
            assert_eq!(!matches!(status, 401 | 403), may, "{what}");
        }
    }
}

#[tokio::test]
async fn the_list_shows_goods_and_numbers_and_no_more() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let bun = owner.product("Bun", 3_500).await;
    let order = owner.sell(&[(tea, "2"), (bun, "1")]).await;
    let phone = json!({"id": new_id(), "phone": "+919876543210"});
    let path = format!("/api/v1/orders/{}/phone", order["id"].as_str().expect("an id"));
    assert_eq!(owner.post(&path, phone).await.0, 200);
    let (_, screen) = opened(&node, &owner, "pick").await;
    let (_, list) = screen.get("/api/v1/pick").await;
    let one = &list["orders"][0];
    assert_eq!(
        (&one["number"], &one["state"]),
        (&order["number"], &json!("placed")),
        "{list}"
    );
    let lines: Vec<(&str, &str)> = one["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| {
            (
                line["name"].as_str().expect("a name"),
                line["quantity"].as_str().expect("a quantity"),
            )
        })
        .collect();
    assert_eq!(lines, [("Tea", "2"), ("Bun", "1")]);
    let text = list.to_string();
    for hidden in ["_minor\":", "3210", "token", "tender", "staff", "customer"] {
        // How many digits the currency has is no amount.
        let text = text.replace("\"minor_digits\":", "");
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    let to = json!({"id": new_id(), "to": "ready"});
    let path = format!("/api/v1/orders/{}/progress", order["id"].as_str().expect("an id"));
    let (status, _) = screen.call("POST", &path).await;
    assert_eq!(status, 401, "steps are taken by people");
    assert_eq!(owner.post(&path, to).await.0, 200);
    let (_, list) = screen.get("/api/v1/pick").await;
    assert_eq!(list["orders"][0]["state"], "ready");

    let kitchen = node.counter(&owner, "Ravi", "kitchen").await;
    let (status, same) = kitchen.get("/api/v1/pick").await;
    assert_eq!(
        (status.as_u16(), &same["orders"]),
        (200, &list["orders"]),
        "signed in, without a link"
    );
}

#[tokio::test]
async fn a_link_opens_one_browser_once() {
    let (node, owner) = Node::with_shop().await;
    let (id, link) = make(&owner, "board", None).await;
    let (mut first, mut second) = (
        Screen::at(&node, "127.0.0.1:5100"),
        Screen::at(&node, "127.0.0.1:5101"),
    );
    assert_eq!(first.get("/api/v1/board").await.0, 401, "not opened yet");
    assert_eq!(first.open(&link).await.0, 200);
    assert_eq!(first.open(&link).await.0, 200, "a lost answer is asked for again");
    let (status, answer) = second.open(&link).await;
    assert_eq!(
        (status, code(&answer)),
        (409, "link_used"),
        "the address was copied"
    );
    assert_eq!(first.get("/api/v1/board").await.0, 200);
    let (_, list) = owner.get("/api/v1/device-links").await;
    assert_eq!(list["items"][0]["state"], "open", "{list}");
    assert_eq!(list["items"][0]["seen_from"], "127.0.0.1");
    assert!(list["items"][0]["seen_at"].is_string() && !list.to_string().contains(&first.key));

    let path = format!("/api/v1/device-links/{id}/code");
    let (status, again) = owner.post(&path, json!({"id": new_id()})).await;
    assert_eq!(status, 200, "{again}");
    assert_eq!(
        first.get("/api/v1/board").await.0,
        200,
        "until another browser opens it"
    );
    assert_eq!(second.open(again["code"].as_str().expect("a code")).await.0, 200);
    assert_eq!(second.get("/api/v1/board").await.0, 200);
    let (status, answer) = first.get("/api/v1/board").await;
    assert_eq!(
        (status, code(&answer)),
        (401, "link_wrong"),
        "its place was taken"
    );
}

#[tokio::test]
async fn what_is_guessed_opens_nothing_and_is_slowed_down() {
    let (node, owner) = Node::with_shop().await;
    let (id, _) = make(&owner, "pick", None).await;
    let mut screen = Screen::at(&node, "127.0.0.1:5100");
    let mut waits = 0;
    for _ in 0..40 {
        let guess = format!("{id}.{}", &new_id().simple().to_string());
        match screen.open(&guess).await {
            (429, _) => waits += 1,
            (401, answer) => assert_eq!(code(&answer), "link_wrong"),
            other => panic!("{other:?}"),
        }
    }
    assert!(waits > 0, "nobody guesses as fast as they like");
    for cookie in [
        "chandi_link=",
        "chandi_link=.",
        "chandi_link=no.no",
        &format!("chandi_link={id}."),
        &format!("chandi_link={id}.{}", "0".repeat(64)),
        &format!("chandi_link={id}.{}", "ü".repeat(40)),
    ] {
        screen.cookie = cookie.to_owned();
        let (status, answer) = screen.get("/api/v1/pick").await;
        assert!(matches!(status, 401 | 429), "{cookie}: {status} {answer}");
    }
}

#[tokio::test]
async fn a_link_that_was_taken_back_or_has_ended_opens_nothing_from_that_moment_on() {
    let (node, owner) = Node::with_shop().await;
    let (id, screen) = opened(&node, &owner, "pick").await;
    assert_eq!(screen.get("/api/v1/pick").await.0, 200);
    let path = format!("/api/v1/device-links/{id}");
    let (status, gone) = owner.delete(&path).await;
    assert_eq!((status.as_u16(), &gone["state"]), (200, &json!("revoked")));
    let (status, answer) = screen.get("/api/v1/pick").await;
    assert_eq!((status, code(&answer)), (401, "link_revoked"));
    let (status, answer) = owner.post(&format!("{path}/code"), json!({"id": new_id()})).await;
    assert_eq!(
        (status.as_u16(), code(&answer)),
        (401, "link_revoked"),
        "no code revives it"
    );

    let (_, staff) = owner.get("/api/v1/staff").await;
    let now = node.clock.now_ms();
    let soon = jiff::Timestamp::from_millisecond(now + 3_600_000)
        .expect("a time")
        .to_string();
    let (_, link) = make(&owner, "board", Some(&soon)).await;
    let mut board = Screen::at(&node, "127.0.0.1:5102");
    assert_eq!(board.open(&link).await.0, 200);
    node.clock.forward(3_599_000);
    assert_eq!(board.get("/api/v1/board").await.0, 200);
    node.clock.forward(2_000);
    let (status, answer) = board.get("/api/v1/board").await;
    assert_eq!((status, code(&answer)), (401, "link_ended"));

    // Idleness locked meanwhile.
    let owner = signs_in(&node, &staff["items"][0]["id"]).await;
    let (_, link) = make(&owner, "board", None).await;
    node.clock.forward(3_600_000);
    let (status, answer) = Screen::at(&node, "127.0.0.1:5103").open(&link).await;
    assert_eq!(
        (status, code(&answer)),
        (409, "link_code_ended"),
        "a code lies about for an hour at most"
    );
}

#[tokio::test]
async fn every_device_of_the_branch_knows_it_and_knows_when_it_ended() {
    let (node, owner) = Node::with_shop().await;
    let second = node.another();
    let (id, mut screen) = opened(&node, &owner, "pick").await;
    let here = screen.browser.clone();
    screen.browser = second.browser("127.0.0.1:5100");
    assert_eq!(screen.get("/api/v1/pick").await.0, 401, "it has not heard of it");
    node.meet(&second);
    assert_eq!(screen.get("/api/v1/pick").await.0, 200);

    let at_second = owner_at(&second, &owner).await;
    assert_eq!(
        at_second.delete(&format!("/api/v1/device-links/{id}")).await.0,
        200
    );
    assert_eq!(screen.get("/api/v1/pick").await.0, 401);
    screen.browser = here;
    assert_eq!(screen.get("/api/v1/pick").await.0, 200, "not heard yet");
    node.meet(&second);
    let (status, answer) = screen.get("/api/v1/pick").await;
    assert_eq!((status, code(&answer)), (401, "link_revoked"));
    assert!(node.faults().is_empty() && second.faults().is_empty());
}

#[tokio::test]
async fn a_link_is_of_its_branch_and_a_customers_screen_of_its_till() {
    let (node, owner) = Node::with_shop().await;
    let airport = new_id();
    let (status, answer) = owner
        .post("/api/v1/branches", json!({"id": airport, "name": "Airport"}))
        .await;
    assert_eq!(status, 201, "{answer}");
    let away = node.another_at(airport);
    let beside = node.another();
    let (_, mut board) = opened(&node, &owner, "board").await;
    let (_, unopened) = make(&owner, "board", None).await;
    let (_, mut customer) = opened(&node, &owner, "customer").await;
    assert_eq!(customer.get("/api/v1/display").await.0, 200);
    node.meet(&away);
    node.meet(&beside);

    board.browser = away.browser("127.0.0.1:5100");
    let (status, answer) = board.get("/api/v1/board").await;
    assert_eq!((status, code(&answer)), (403, "link_elsewhere"));
    let (status, answer) = Screen::at(&away, "127.0.0.1:5104").open(&unopened).await;
    assert_eq!((status, code(&answer)), (403, "link_elsewhere"));
    let (_, list) = owner_at(&away, &owner).await.get("/api/v1/device-links").await;
    let branches: Vec<&str> = list["items"]
        .as_array()
        .expect("links")
        .iter()
        .filter_map(|one| one["branch"]["name"].as_str())
        .collect();
    assert_eq!(
        branches, ["Main branch"; 3],
        "whose they are is said wherever they are read"
    );

    customer.browser = beside.browser("127.0.0.1:5100");
    let (status, answer) = customer.get("/api/v1/display").await;
    assert_eq!(
        (status, code(&answer)),
        (403, "link_elsewhere"),
        "its cart is at the other device"
    );
}

#[tokio::test]
async fn nobody_opens_a_link_where_others_read_along() {
    let (node, owner) = Node::with_shop().await;
    let (_, link) = make(&owner, "board", None).await;
    let mut plain = Screen::at(&node, "192.168.1.9:5100");
    let (status, answer) = plain.open(&link).await;
    assert_eq!((status, code(&answer)), (403, "not_allowed"));
    let mut good = Screen::at(&node, "127.0.0.1:5100");
    assert_eq!(good.open(&link).await.0, 200);
    good.browser = node.browser("192.168.1.9:5100");
    assert_eq!(
        good.get("/api/v1/board").await.0,
        403,
        "a cookie that leaked opens nothing there"
    );
}

#[tokio::test]
async fn whoever_signed_in_at_a_linked_phone_goes_with_its_link() {
    let (node, owner) = Node::with_shop().await;
    let (id, phone) = opened(&node, &owner, "phone").await;
    let meena = owner.staff("Meena", "cashier", COUNTER_PIN).await;
    let till = signs_in_by_link(&phone, meena).await;
    let elsewhere = node.browser("127.0.0.1:5200");
    let body = json!({"staff": meena, "pin": COUNTER_PIN, "seat": new_id()});
    let (_, answer) = elsewhere.post("/api/v1/sessions", body).await;
    let elsewhere = elsewhere.signed_in(&answer);
    assert_eq!(till.get("/api/v1/cart").await.0, 200);

    assert_eq!(owner.delete(&format!("/api/v1/device-links/{id}")).await.0, 200);
    assert_eq!(till.get("/api/v1/cart").await.0, 401, "signed out with the link");
    assert_eq!(elsewhere.get("/api/v1/cart").await.0, 200, "and nowhere else");
}

#[tokio::test]
async fn links_outlive_a_restart() {
    let (node, owner) = Node::with_shop().await;
    let (_, mut screen) = opened(&node, &owner, "board").await;
    let node = node.restarted();
    screen.browser = node.browser("127.0.0.1:5100");
    assert_eq!(screen.get("/api/v1/board").await.0, 200);
    assert!(node.faults().is_empty());
}

#[tokio::test]
async fn only_who_manages_devices_makes_links() {
    let (node, owner) = Node::with_shop().await;
    for role in ["cashier", "sales", "kitchen"] {
        let somebody = owner.staff(role, role, COUNTER_PIN).await;
        let browser = node.browser("127.0.0.1:4100");
        let (_, answer) = browser.sign_in(&somebody.to_string(), COUNTER_PIN).await;
        let body = json!({"id": new_id(), "name": "Mine", "purpose": "pick", "until": null});
        let (status, answer) = browser
            .signed_in(&answer)
            .post("/api/v1/device-links", body)
            .await;
        assert_eq!((status.as_u16(), code(&answer)), (403, "not_allowed"), "{role}");
    }
    for (field, wrong) in [
        (
            "purpose",
            json!({"id": new_id(), "name": "A", "purpose": "till", "until": null}),
        ),
        (
            "name",
            json!({"id": new_id(), "name": " ", "purpose": "pick", "until": null}),
        ),
        (
            "until",
            json!({"id": new_id(), "name": "A", "purpose": "pick", "until": "yesterday"}),
        ),
        (
            "until",
            json!({"id": new_id(), "name": "A", "purpose": "pick", "until": "2001-01-01T00:00:00Z"}),
        ),
    ] {
        let (status, answer) = owner.post("/api/v1/device-links", wrong).await;
        assert_eq!(
            (status.as_u16(), &answer["error"]["hints"]["field"]),
            (422, &json!(field)),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn every_purpose_hears_what_is_its_own_until_its_link_is_taken_back() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let meena = owner.staff("Meena", "cashier", COUNTER_PIN).await;
    for (purpose, own, may) in [
        ("board", "board", vec!["board", "resync"]),
        ("pick", "order", vec!["board", "order", "resync"]),
        ("customer", "display", vec!["display", "resync"]),
    ] {
        let (id, screen) = opened(&node, &owner, purpose).await;
        let mut feed = node
            .listens(("cookie", &screen.cookie))
            .await
            .unwrap_or_else(|status| panic!("{purpose}: {status}"));
        steps(&owner, tea).await;
        owner.add_to_cart(tea, "2").await;
        feed.hears(own).await;
        assert_eq!(owner.delete(&format!("/api/v1/device-links/{id}")).await.0, 200);
        steps(&owner, tea).await;
        for kind in feed.to_the_end().await {
            assert!(may.contains(&kind.as_str()), "{purpose} heard of a {kind}");
        }
        let again = node.listens(("cookie", &screen.cookie)).await;
        assert_eq!(again.err(), Some(401), "{purpose} is not let in again");
    }
    let (id, phone) = opened(&node, &owner, "phone").await;
    let refused = node.listens(("cookie", &phone.cookie)).await;
    assert_eq!(
        refused.err(),
        Some(401),
        "a phone hears nothing before somebody signs in"
    );
    let till = signs_in_by_link(&phone, meena).await;
    let mut feed = node
        .listens(("authorization", &bearer(&till)))
        .await
        .unwrap_or_else(|status| panic!("phone: {status}"));
    till.add_to_cart(tea, "1").await;
    feed.hears("cart").await;
    assert_eq!(owner.delete(&format!("/api/v1/device-links/{id}")).await.0, 200);
    owner.sell(&[(tea, "1")]).await;
    let last = feed.to_the_end().await.pop();
    assert_eq!(
        last.as_deref(),
        Some("session"),
        "its end is the last that it hears"
    );
}

#[tokio::test]
async fn what_a_link_let_in_hears_nothing_after_its_time() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let meena = owner.staff("Meena", "cashier", COUNTER_PIN).await;
    let soon = jiff::Timestamp::from_millisecond(node.clock.now_ms() + 60_000)
        .expect("a time")
        .to_string();
    let mut shown = vec![];
    for purpose in ["board", "pick", "customer", "phone"] {
        let (_, link) = make(&owner, purpose, Some(&soon)).await;
        let mut screen = Screen::at(&node, "127.0.0.1:5100");
        assert_eq!(screen.open(&link).await.0, 200);
        shown.push(match purpose {
            "phone" => (
                "authorization",
                bearer(&signs_in_by_link(&screen, meena).await),
                purpose,
            ),
            _ => ("cookie", screen.cookie, purpose),
        });
    }
    let mut feeds = vec![];
    for (name, value, purpose) in &shown {
        feeds.push((*purpose, node.listens((name, value)).await.expect("let in")));
    }
    node.clock.forward(60_000);
    steps(&owner, tea).await;
    for (purpose, mut feed) in feeds {
        let heard = feed.to_the_end().await;
        let all = match purpose {
            "phone" => vec!["session"],
            _ => vec![],
        };
        assert_eq!(heard, all, "{purpose}, after its end");
    }
}

#[tokio::test]
async fn whoever_signs_out_hears_no_more() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let meena = node.counter(&owner, "Meena", "cashier").await;
    let ravi = node.counter(&owner, "Ravi", "cashier").await;
    let mut feed = node
        .listens(("authorization", &bearer(&meena)))
        .await
        .unwrap_or_else(|status| panic!("{status}"));
    let mut other = node
        .listens(("authorization", &bearer(&ravi)))
        .await
        .unwrap_or_else(|status| panic!("{status}"));
    assert_eq!(meena.delete("/api/v1/sessions/current").await.0, 204);
    owner.sell(&[(tea, "1")]).await;
    assert_eq!(
        feed.to_the_end().await,
        ["session"],
        "the end of the session, and nothing else"
    );
    other.hears("order").await;
}

#[tokio::test]
async fn whose_place_was_taken_hears_no_more_and_is_signed_out() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let meena = owner.staff("Meena", "cashier", COUNTER_PIN).await;
    for purpose in ["board", "phone"] {
        let (id, first) = opened(&node, &owner, purpose).await;
        let till = match purpose {
            "phone" => Some(signs_in_by_link(&first, meena).await),
            _ => None,
        };
        let shown = till.as_ref().map(bearer);
        let header = match &shown {
            Some(bearer) => ("authorization", bearer.as_str()),
            None => ("cookie", first.cookie.as_str()),
        };
        let mut feed = node.listens(header).await.expect("let in");
        let path = format!("/api/v1/device-links/{id}/code");
        let (_, again) = owner.post(&path, json!({"id": new_id()})).await;
        steps(&owner, tea).await;
        feed.hears(if purpose == "board" { "board" } else { "order" })
            .await;
        let mut second = Screen::at(&node, "127.0.0.1:5101");
        assert_eq!(second.open(again["code"].as_str().expect("a code")).await.0, 200);
        feed.to_the_end().await;
        if let Some(till) = till {
            assert_eq!(till.get("/api/v1/cart").await.0, 401, "signed out with its place");
        }
        let (status, answer) = first.get("/api/v1/device-links/current").await;
        assert_eq!((status, code(&answer)), (401, "link_wrong"), "{purpose}");
    }
}

#[tokio::test]
async fn the_newest_open_orders_are_listed_and_older_ones_counted() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let (_, screen) = opened(&node, &owner, "pick").await;
    let mut sold = vec![];
    for _ in 0..122 {
        sold.push(owner.sell(&[(tea, "1")]).await);
        node.clock.forward(1_000);
    }
    let done = &sold[121];
    owner.redeem(done).await;
    owner.hand_over(done, &[(1, "1", "0")], "refund").await;
    let (_, list) = screen.get("/api/v1/pick").await;
    let shown: BTreeSet<&str> = list["orders"]
        .as_array()
        .expect("orders")
        .iter()
        .map(|one| one["id"].as_str().expect("an id"))
        .collect();
    assert_eq!((shown.len(), &list["more"]), (120, &json!(1)));
    let id = |at: usize| sold[at]["id"].as_str().expect("an id");
    assert!(!shown.contains(id(0)), "the oldest is counted");
    assert!(
        shown.contains(id(1)) && shown.contains(id(120)),
        "the newest are there"
    );
    assert!(!shown.contains(id(121)), "what is given out is not");
}

#[tokio::test]
async fn a_code_opens_at_the_device_that_it_was_made_for() {
    let (node, owner) = Node::with_shop().await;
    let second = node.another();
    let (id, link) = make(&owner, "board", None).await;
    node.meet(&second);
    let (mut here, mut there) = (
        Screen::at(&node, "127.0.0.1:5100"),
        Screen::at(&second, "127.0.0.1:5101"),
    );
    // Apart, both would let a browser in.
    let (status, answer) = there.open(&link).await;
    assert_eq!((status, code(&answer)), (403, "link_elsewhere"));
    assert_eq!(here.open(&link).await.0, 200);

    // Another code, made at the other device: it opens there, and nowhere else.
    let at_second = owner_at(&second, &owner).await;
    let path = format!("/api/v1/device-links/{id}/code");
    node.meet(&second);
    let (status, again) = at_second.post(&path, json!({"id": new_id()})).await;
    assert_eq!((status.as_u16(), &again["here"]), (200, &json!(true)), "{again}");
    let link = again["code"].as_str().expect("a code");
    node.meet(&second);
    let (status, answer) = Screen::at(&node, "127.0.0.1:5102").open(link).await;
    assert_eq!((status, code(&answer)), (403, "link_elsewhere"));
    assert_eq!(there.open(link).await.0, 200);
    node.meet(&second);
    assert_eq!(here.get("/api/v1/board").await.0, 401, "its place was taken");
    assert!(node.faults().is_empty() && second.faults().is_empty());
}

#[tokio::test]
async fn a_link_is_made_for_another_till_or_another_branch() {
    let (node, owner) = Node::with_shop().await;
    let airport = new_id();
    let body = json!({"id": airport, "name": "Airport"});
    assert_eq!(owner.post("/api/v1/branches", body).await.0, 201);
    let (beside, away) = (node.another(), node.another_at(airport));
    for other in [&beside, &away] {
        node.meet(other);
    }
    let device = |of: &Node| of.shop().identity().device.uuid();
    let form = |purpose: &str, device: Uuid| json!({"id": new_id(), "name": "There", "purpose": purpose, "until": null, "device": device});
    for (other, purpose, path) in [
        (&beside, "customer", "/api/v1/display"),
        (&away, "pick", "/api/v1/pick"),
    ] {
        let (status, made) = owner
            .post("/api/v1/device-links", form(purpose, device(other)))
            .await;
        assert_eq!((status.as_u16(), &made["here"]), (201, &json!(false)), "{made}");
        let link = made["code"].as_str().expect("a code");
        assert_eq!(
            Screen::at(&node, "127.0.0.1:5100").open(link).await.0,
            403,
            "not where it was made"
        );
        let mut screen = Screen::at(other, "127.0.0.1:5100");
        assert_eq!(screen.open(link).await.0, 401, "it has not heard of it");
        node.meet(other);
        assert_eq!(screen.open(link).await.0, 200);
        assert_eq!(screen.get(path).await.0, 200);
    }
    // The customer's screen shows the other till's cart.
    let till = owner_at(&beside, &owner).await;
    let tea = owner.product("Tea", 2_000).await;
    node.meet(&beside);
    let (_, made) = owner
        .post("/api/v1/device-links", form("customer", device(&beside)))
        .await;
    node.meet(&beside);
    let mut screen = Screen::at(&beside, "127.0.0.1:5100");
    assert_eq!(screen.open(made["code"].as_str().expect("a code")).await.0, 200);
    till.add_to_cart(tea, "3").await;
    let (_, shown) = screen.get("/api/v1/display").await;
    assert_eq!(shown["cart"]["total_minor"], 6_000, "{shown}");

    let (status, answer) = owner.post("/api/v1/device-links", form("pick", new_id())).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["hints"]["field"]),
        (422, &json!("device"))
    );
}

#[tokio::test]
async fn a_link_asks_as_often_as_a_screen_does_and_slows_no_other_down() {
    let (node, owner) = Node::with_shop().await;
    let (_, wild) = opened(&node, &owner, "board").await;
    let (_, calm) = opened(&node, &owner, "board").await;
    let mut waits = 0;
    for _ in 0..400 {
        match wild.get("/api/v1/board").await.0 {
            200 => {}
            429 => waits += 1,
            other => panic!("{other}"),
        }
    }
    assert!(waits > 0, "a page that went wild is slowed down");
    assert_eq!(calm.get("/api/v1/board").await.0, 200);
}

#[tokio::test]
async fn a_screens_token_without_an_end_opens_nothing_from_another_machine() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let meena = owner.staff("Meena", "cashier", COUNTER_PIN).await;
    let told = async |who: &Client, kind: &str| {
        let (status, answer) = who
            .post("/api/v1/displays", json!({"id": new_id(), "kind": kind}))
            .await;
        assert_eq!(status, 201, "{answer}");
        answer["token"].as_str().expect("a token").to_owned()
    };
    for (kind, path) in [("customer", "/api/v1/display"), ("board", "/api/v1/board")] {
        let token = Some(told(&owner, kind).await);
        assert_eq!(
            node.browser("127.0.0.1:5100")
                .holding(token.clone())
                .get(path)
                .await
                .0,
            200
        );
        let far = node.lan("192.168.1.9:5100").holding(token);
        assert_eq!(far.get(path).await.0, 401, "{kind}");
    }

    let browser = node.lan("192.168.1.9:5100");
    let body = json!({"staff": meena, "pin": COUNTER_PIN, "seat": new_id()});
    let (_, answer) = browser.post("/api/v1/sessions", body).await;
    let till = browser.signed_in(&answer);
    let screen = browser.holding(Some(told(&till, "customer").await));
    let hall = browser.holding(Some(told(&till, "board").await));
    till.add_to_cart(tea, "2").await;
    assert_eq!(
        screen.get("/api/v1/display").await.1["cart"]["total_minor"],
        4_000
    );
    assert_eq!(screen.get("/api/v1/board").await.0, 401);
    assert_eq!(hall.get("/api/v1/board").await.0, 200);
    assert_eq!(hall.get("/api/v1/display").await.0, 401);
    assert_eq!(screen.get("/api/v1/cart").await.0, 401);
    let mut feed = node
        .listens(("authorization", &bearer(&screen)))
        .await
        .expect("let in");
    till.add_to_cart(tea, "1").await;
    feed.hears("display").await;
    node.clock.forward(16 * 3_600_000);
    assert_eq!(screen.get("/api/v1/display").await.0, 401, "for a day");
    let (_, answer) = browser
        .post(
            "/api/v1/sessions",
            json!({"staff": meena, "pin": COUNTER_PIN, "seat": new_id()}),
        )
        .await;
    assert_eq!(feed.to_the_end().await, Vec::<String>::new());
    let till = browser.signed_in(&answer);

    // What a linked phone opened goes with its link.
    let (_, staff) = till.get("/api/v1/lock").await;
    let asha = staff["staff"].as_array().expect("people").iter();
    let asha = asha
        .filter(|one| one["id"] != json!(meena))
        .map(|one| one["id"].clone())
        .next();
    let owner = signs_in(&node, &asha.expect("the owner")).await;
    let (id, mut phone) = opened(&node, &owner, "phone").await;
    phone.browser = browser.clone();
    let till = signs_in_by_link(&phone, meena).await;
    let screen = browser.holding(Some(told(&till, "customer").await));
    assert_eq!(screen.get("/api/v1/display").await.0, 200);
    assert_eq!(owner.delete(&format!("/api/v1/device-links/{id}")).await.0, 200);
    assert_eq!(screen.get("/api/v1/display").await.0, 401, "gone with the link");
}
