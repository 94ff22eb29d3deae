//! The LAN without the Internet: real nodes on real sockets. The door is attacked as strangers of the network would.

use app::{App, Config};
use domain::ids::{DeviceId, ShopId};
use journal::{
    DeviceKey,
    exchange::{Pull, Request, signature_text},
};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};
use stories::{Node, Person, admit, code, node_binary, soon};
use sync::tls::{self, Addresses, ShopAuthority, TlsError, Trust};
use tempfile::TempDir;
use testkit::{OWNER_PIN, new_id};

const PATIENCE: Duration = Duration::from_secs(10);

/// A shop with its people and a product at one node.
struct Shop {
    binary: PathBuf,
    folder: TempDir,
    node: Node,
    owner: Person,
}

fn found(binary: &Path, data: &Path) -> (Node, Person) {
    let node = Node::start(binary, data);
    let owner = Person::founds(&node);
    owner.hire("Meena", "cashier");
    (node, owner)
}

impl Shop {
    fn new() -> Shop {
        let binary = node_binary();
        let folder = tempfile::tempdir().expect("a temp folder");
        let (node, owner) = found(&binary, &folder.path().join("first"));
        Shop {
            binary,
            folder,
            node,
            owner,
        }
    }

    /// Turns sharing on; where it is, and what it says of itself.
    fn share(&self) -> (SocketAddr, Value) {
        let (status, view) = self.owner.put("sharing", &json!({"on": true})).expect("answered");
        assert_eq!((status, &view["state"]), (200, &json!("on")), "{view}");
        let port = view["port"].as_u64().expect("a port");
        let port = u16::try_from(port).expect("a port");
        (SocketAddr::from(([127, 0, 0, 1], port)), view)
    }
}

fn spelled(fingerprint: &[u8; 32]) -> String {
    app::sharing::spelled(fingerprint)
}

/// The authority at this address, pinned by what the owner's screen says.
fn authority(at: SocketAddr, view: &Value) -> Vec<u8> {
    tls::fetch_authority(at, |found| view["fingerprint"] == spelled(found), PATIENCE).expect("as promised")
}

/// What comes back on a plain connection.
fn plainly(at: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(at).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answered");
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(agent: &ureq::Agent, url: String, headers: &[(&str, &str)]) -> (u16, Value) {
    let mut request = agent.get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answered(request.call())
}

fn send(request: ureq::RequestBuilder<ureq::typestate::WithBody>, body: &Value) -> (u16, Value) {
    answered(
        request
            .header("x-chandi", "1")
            .header("content-type", "application/json")
            .send(body.to_string()),
    )
}

fn answered(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> (u16, Value) {
    let mut answer = answer.expect("answered");
    let text = answer.body_mut().read_to_string().expect("a body");
    (
        answer.status().as_u16(),
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

#[test]
fn nothing_listens_until_somebody_shares_and_then_strangers_get_the_guide() {
    let shop = Shop::new();
    let off = shop.owner.get("sharing");
    assert_eq!(
        (&off["on"], &off["state"]),
        (&json!(false), &json!("off")),
        "off by default"
    );
    let (at, view) = shop.share();

    let page = plainly(
        at,
        &format!("GET / HTTP/1.1\r\nhost: {at}\r\nuser-agent: Android\r\n\r\n"),
    );
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    let fingerprint = view["fingerprint"].as_str().expect("a fingerprint");
    assert!(
        page.contains(&format!("data-fingerprint=\"{fingerprint}\"")),
        "to compare"
    );
    assert!(
        !page.contains("Test Sweets"),
        "nothing of the shop is told to strangers"
    );
    for path in ["/api/v1/health", "/api/v1/lock", "/sync/v1/heads", "/index.html"] {
        let answer = plainly(at, &format!("GET {path} HTTP/1.1\r\nhost: {at}\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
    let posted = plainly(
        at,
        &format!("POST /api/v1/sessions HTTP/1.1\r\nhost: {at}\r\ncontent-length: 0\r\n\r\n"),
    );
    assert!(posted.starts_with("HTTP/1.1 405"), "{posted}");
    assert!(!plainly(at, "\r\nHELLO\r\n\r\n").contains("200 OK"));

    let authority = authority(at, &view);
    let wrong = tls::fetch_authority(at, |found| found[0] == !authority[0], PATIENCE);
    assert!(matches!(wrong, Err(TlsError::NotPinned)), "{wrong:?}");

    let (status, view) = shop
        .owner
        .put("sharing", &json!({"on": false}))
        .expect("answered");
    assert_eq!((status, &view["state"]), (200, &json!("off")), "{view}");
    assert!(TcpStream::connect(at).is_err(), "shut at once");
    let (again, _) = shop.share();
    assert_eq!(again, at, "the port is kept");
}

#[test]
fn a_browser_of_the_lan_signs_in_and_is_never_at_the_device() {
    let shop = Shop::new();
    let (at, view) = shop.share();
    let authority = authority(at, &view);
    let agent = tls::agent(&Trust::Shop(&authority), &Addresses::default(), PATIENCE);
    let door = format!("https://{at}");
    let api = format!("{door}/api/v1");

    assert_eq!(get(&agent, format!("{api}/health"), &[]).0, 200);
    assert_eq!(get(&agent, format!("{door}/chandi-trusted.svg"), &[]).0, 200);
    assert_eq!(code(&get(&agent, format!("{api}/orders"), &[]).1), "signed_out");
    assert_eq!(code(&get(&agent, format!("{door}/metrics"), &[]).1), "signed_out");
    let setup = json!({"id": new_id(), "kind": "demo", "language": "en"});
    let (status, answer) = send(agent.post(format!("{api}/setup")), &setup);
    assert_eq!((status, code(&answer)), (403, "not_here"), "{answer}");

    // Pages of others: a foreign name, a foreign origin, and our own name without TLS.
    let foreign = [("host", "evil.example")];
    assert_eq!(
        code(&get(&agent, format!("{api}/lock"), &foreign).1),
        "foreign_origin"
    );
    let sign_in = |origin: &str| {
        let staff = get(&agent, format!("{api}/lock"), &[]).1["staff"][0]["id"].clone();
        let body = json!({"staff": staff, "pin": OWNER_PIN, "seat": new_id()});
        send(
            agent.post(format!("{api}/sessions")).header("origin", origin),
            &body,
        )
    };
    for origin in ["https://evil.example", &format!("http://{at}"), "null"] {
        assert_eq!(code(&sign_in(origin).1), "foreign_origin", "{origin}");
    }
    let (status, session) = sign_in(&door);
    assert_eq!(status, 201, "{session}");
    let bearer = format!("Bearer {}", session["token"].as_str().expect("a token"));
    assert_eq!(
        get(&agent, format!("{api}/orders"), &[("authorization", &bearer)]).0,
        200
    );
    let (status, answer) = send(
        agent
            .put(format!("{api}/sharing"))
            .header("authorization", &bearer),
        &json!({"on": false}),
    );
    assert_eq!(
        (status, code(&answer)),
        (403, "not_here"),
        "not even the owner: {answer}"
    );

    // The page is there, and another shop's authority opens nothing.
    let (status, _) = get(&agent, format!("{door}/"), &[]);
    assert_eq!(status, 200);
    let other = ShopAuthority::derive(&[1; 32], ShopId::from_uuid(new_id())).expect("made");
    let stranger = tls::agent(&Trust::Shop(other.certificate()), &Addresses::default(), PATIENCE);
    assert!(stranger.get(format!("{api}/health")).call().is_err());
    let bare = tls::agent(&Trust::World, &Addresses::default(), PATIENCE);
    assert!(
        bare.get(format!("{api}/health")).call().is_err(),
        "the world does not vouch for it"
    );
}

#[test]
fn a_link_opened_through_the_lans_door_is_kept_by_a_cookie_that_goes_nowhere_else() {
    let shop = Shop::new();
    let (at, view) = shop.share();
    let authority = authority(at, &view);
    let agent = tls::agent(&Trust::Shop(&authority), &Addresses::default(), PATIENCE);
    let api = format!("https://{at}/api/v1");
    let link = json!({"id": new_id(), "name": "Hall", "purpose": "board", "until": null});
    let (status, made) = shop.owner.post("device-links", &link).expect("answered");
    assert_eq!(status, 201, "{made}");
    let addresses = made["addresses"].as_array().expect("addresses");
    let port = format!(":{}", at.port());
    assert!(
        addresses
            .iter()
            .filter_map(Value::as_str)
            .any(|one| one.starts_with("https://") && one.ends_with(&port)),
        "{made}"
    );
    let key = format!("{}{}", new_id().simple(), new_id().simple());
    let body = json!({"code": made["code"], "key": key});
    let answer = agent
        .post(format!("{api}/device-links/open"))
        .header("x-chandi", "1")
        .header("content-type", "application/json")
        .send(body.to_string())
        .expect("opened");
    let cookies: Vec<&str> = answer
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().expect("text"))
        .collect();
    let id = made["link"]["id"].as_str().expect("an id");
    let whole =
        format!("chandi_link={id}.{key}; Path=/api/v1; HttpOnly; SameSite=Strict; Max-Age=34560000; Secure");
    assert_eq!(cookies, [whole.as_str()], "not a word more or less");
    let shown = format!("chandi_link={id}.{key}");
    let (status, board) = get(&agent, format!("{api}/board"), &[("cookie", &shown)]);
    assert_eq!((status, &board["ready"]), (200, &json!([])), "{board}");
    let current = agent
        .get(format!("{api}/device-links/current"))
        .header("cookie", &shown)
        .call()
        .expect("answered");
    assert_eq!(
        current
            .headers()
            .get("set-cookie")
            .and_then(|one| one.to_str().ok()),
        Some(whole.as_str()),
        "kept for as long again"
    );

    // A token without an end, made at the device, opens nothing here.
    let (_, display) = shop
        .owner
        .post("displays", &json!({"id": new_id()}))
        .expect("answered");
    let eternal = format!("Bearer {}", display["token"].as_str().expect("a token"));
    let (status, answer) = get(&agent, format!("{api}/display"), &[("authorization", &eternal)]);
    assert_eq!((status, code(&answer)), (401, "signed_out"), "{answer}");
}

#[test]
fn whoever_holds_connections_holds_their_share_and_not_for_long() {
    let shop = Shop::new();
    let (at, view) = shop.share();
    let authority = authority(at, &view);
    // Silent ones: each has a place until its time is over.
    let silent: Vec<TcpStream> = (0..80)
        .map(|_| TcpStream::connect(at).expect("connected"))
        .collect();
    thread::sleep(Duration::from_millis(500));
    let refused = silent
        .iter()
        .filter(|stream| {
            stream.set_nonblocking(true).expect("set");
            match (&mut &**stream).read(&mut [0]) {
                Ok(read) => read == 0,
                Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
            }
        })
        .count();
    // The one that fetched the certificate may not have left yet.
    assert!(
        (16..=17).contains(&refused),
        "of one address 64 are let in: {refused}"
    );
    let agent = tls::agent(&Trust::Shop(&authority), &Addresses::default(), PATIENCE);
    assert!(
        agent.get(format!("https://{at}/api/v1/health")).call().is_err(),
        "full for this address"
    );
    assert_eq!(
        shop.owner.get("sharing")["state"],
        "on",
        "the till itself does not notice"
    );
    let mut first = &silent[0];
    first.set_nonblocking(false).expect("set");
    first.set_read_timeout(Some(PATIENCE)).expect("set");
    assert_eq!(
        first.read(&mut [0]).expect("ended"),
        0,
        "whoever says nothing is shown out"
    );
    assert_eq!(
        get(&agent, format!("https://{at}/api/v1/health"), &[]).0,
        200,
        "there is room again"
    );

    // A kept connection ends with the door.
    let (status, _) = shop
        .owner
        .put("sharing", &json!({"on": false}))
        .expect("answered");
    assert_eq!(status, 200);
    assert!(agent.get(format!("https://{at}/api/v1/health")).call().is_err());
    drop(shop.node);
    let node = Node::start_at(
        &shop.binary,
        &shop.folder.path().join("first"),
        "127.0.0.1:0",
        &[],
    );
    assert_eq!(node.lan_port, None, "off stays off");
}

/// Three counters of one branch, each with books of its own.
struct Branch {
    binary: PathBuf,
    folder: TempDir,
    nodes: Vec<Node>,
    tea: Value,
}

const NAMES: [&str; 3] = ["first", "second", "third"];

impl Branch {
    fn new() -> Branch {
        let Shop {
            binary,
            folder,
            mut node,
            owner,
        } = Shop::new();
        let tea = owner.product("Tea", 2_000);
        node.kill();
        // One after the other: the second does not know that there is a third.
        for name in &NAMES[1..] {
            admit(&binary, &folder.path().join("first"), &folder.path().join(name));
        }
        let mut branch = Branch {
            binary,
            folder,
            nodes: vec![],
            tea,
        };
        for n in 0..NAMES.len() {
            let node = branch.start(n);
            branch.nodes.push(node);
        }
        branch
    }

    /// Each looks for those that are there already; one side is enough.
    fn start(&self, n: usize) -> Node {
        let mut more = vec!["--share".to_owned()];
        // Chosen once: what is kept is taken again.
        let fresh = self.nodes.len() == n;
        if fresh {
            more.extend(["--share-port".to_owned(), "0".to_owned()]);
            for node in &self.nodes {
                let port = node.lan_port.expect("it shares");
                more.extend(["--neighbour".to_owned(), format!("127.0.0.1:{port}")]);
            }
        }
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        Node::start_at(
            &self.binary,
            &self.folder.path().join(NAMES[n]),
            "127.0.0.1:0",
            &more,
        )
    }

    fn owner(&self, n: usize) -> Person {
        Person::signed_in(&self.nodes[n])
    }

    fn sell(&self, person: &Person) -> Value {
        person.sell(&self.tea, "1")["id"].clone()
    }

    /// All that were sold are everywhere.
    fn together(&self, people: &[Person], sold: &[Value]) {
        for (n, person) in people.iter().enumerate() {
            soon(&format!("{} has all {} orders", NAMES[n], sold.len()), || {
                let there = person.orders();
                sold.iter().all(|id| there.iter().any(|order| order["id"] == *id))
            });
        }
    }

    /// Ends all of them; every series is whole, and what they show is the same.
    fn end(mut self) {
        for node in &mut self.nodes {
            node.kill();
        }
        let views: Vec<_> = NAMES
            .iter()
            .map(|name| {
                let config = Config {
                    use_keyring: false,
                    ..Config::new(self.folder.path().join(name))
                };
                let app = App::open(config).expect("it opens");
                let shop = app.shop().expect("a shop");
                let verified = shop.store().verify().expect("verified");
                assert_eq!(verified.faults, Vec::<String>::new(), "{name}");
                (
                    shop.vector().expect("a vector"),
                    shop.store().fingerprints().expect("fingerprints"),
                )
            })
            .collect();
        for (name, (vector, prints)) in NAMES.iter().zip(&views) {
            assert_eq!(vector, &views[0].0, "{name} has every fact");
            for (here, there) in prints.iter().zip(&views[0].1) {
                assert_eq!(here, there, "{name} shows the same");
            }
        }
    }
}

#[test]
fn three_devices_share_what_happens_and_come_together_after_anything() {
    let mut branch = Branch::new();
    let mut people: Vec<Person> = (0..3).map(|n| branch.owner(n)).collect();
    let mut sold: Vec<Value> = people.iter().map(|person| branch.sell(person)).collect();
    branch.together(&people, &sold);
    for (n, person) in people.iter().enumerate() {
        soon(&format!("{} sees both others", NAMES[n]), || {
            let others = person.get("sharing")["others"].clone();
            let others = others.as_array().expect("a list");
            others.len() == 2
                && others
                    .iter()
                    .all(|other| other["reachable"] == true && other["name"].is_string())
        });
    }

    // A customer's name is sealed under a key that is no fact; it is there, too.
    let customer = json!({"id": new_id(), "name": "Kavita Rao", "phones": ["98200 12345"]});
    let (status, made) = people[1].post("customers", &customer).expect("answered");
    assert_eq!(status, 201, "{made}");
    let path = format!("customers/{}", made["id"].as_str().expect("an id"));
    for person in [&people[0], &people[2]] {
        soon("the name is open there", || {
            person.get(&path)["name"] == "Kavita Rao"
        });
    }

    // Killed in the middle of everything, and back with its old books.
    branch.nodes[1].kill();
    for n in [0, 2, 0, 2] {
        sold.push(branch.sell(&people[n]));
    }
    branch.nodes[1] = branch.start(1);
    people[1] = branch.owner(1);
    sold.push(branch.sell(&people[1]));
    branch.together(&people, &sold);

    // Apart: everybody goes on selling.
    let (status, view) = people[2].put("sharing", &json!({"on": false})).expect("answered");
    assert_eq!((status, &view["state"]), (200, &json!("off")), "{view}");
    for _ in 0..3 {
        for person in &people {
            sold.push(branch.sell(person));
        }
    }
    branch.together(
        &people[..2],
        &sold
            .iter()
            .filter(|id| people[0].orders().iter().any(|o| o["id"] == **id))
            .cloned()
            .collect::<Vec<_>>(),
    );
    assert!(
        people[0].orders().len() < sold.len(),
        "what was sold apart is not here"
    );
    let (status, view) = people[2].put("sharing", &json!({"on": true})).expect("answered");
    assert_eq!((status, &view["state"]), (200, &json!("on")), "{view}");
    branch.together(&people, &sold);
    branch.end();
}

#[cfg(unix)]
#[test]
fn a_device_that_stands_still_holds_up_nobody() {
    let branch = Branch::new();
    let people: Vec<Person> = (0..3).map(|n| branch.owner(n)).collect();
    let mut sold = vec![branch.sell(&people[0])];
    branch.together(&people, &sold);
    branch.nodes[2].signal("STOP");
    for n in [0, 1, 0, 1] {
        sold.push(branch.sell(&people[n]));
    }
    branch.together(&people[..2], &sold);
    branch.nodes[2].signal("CONT");
    branch.together(&people, &sold);
    branch.end();
}

#[test]
#[allow(clippy::disallowed_methods, reason = "it says how long it took")]
fn an_order_is_elsewhere_in_a_moment() {
    let branch = Branch::new();
    let people: Vec<Person> = (0..3).map(|n| branch.owner(n)).collect();
    let first = branch.sell(&people[0]);
    branch.together(&people, &[first]);
    let mut took: Vec<Duration> = (0..60)
        .map(|_| {
            let order = branch.sell(&people[0]);
            let path = format!("orders/{}", order.as_str().expect("an id"));
            let begun = Instant::now();
            while people[1].get(&path)["id"] != order {
                assert!(begun.elapsed() < stories::PATIENCE, "it never came");
                thread::sleep(Duration::from_millis(1));
            }
            begun.elapsed()
        })
        .collect();
    took.sort_unstable();
    println!(
        "order at one device to readable at another: median {:?}, p99 {:?}",
        took[took.len() / 2],
        took[took.len() * 99 / 100]
    );
    branch.end();
}

#[test]
fn facts_are_exchanged_with_devices_of_the_shop_alone() {
    let shop = Shop::new();
    let (at, view) = shop.share();
    let authority = authority(at, &view);
    let agent = tls::agent(&Trust::Shop(&authority), &Addresses::default(), PATIENCE);
    let url = |path: &str| format!("https://{at}{path}");
    let body = Pull::default().encode();
    for path in [
        "/sync/v1/hello",
        "/sync/v1/push",
        "/sync/v1/pull",
        "/sync/v1/keys",
    ] {
        let bare = agent.post(url(path)).header("x-chandi", "1").send(&body[..]);
        assert_eq!(
            code(&answered(bare).1),
            "signed_out",
            "{path}: without a signature"
        );
    }
    // A stranger with a key of its own, who knows the shop and a device of it by name.
    let mut node = shop.node;
    node.kill();
    let config = Config {
        use_keyring: false,
        ..Config::new(shop.folder.path().join("first"))
    };
    let opened = App::open(config).expect("it opens");
    let identity = opened.shop().expect("a shop").identity().clone();
    drop(opened);
    let node = Node::start_at(
        &shop.binary,
        &shop.folder.path().join("first"),
        "127.0.0.1:0",
        &["--share"],
    );
    assert_eq!(node.lan_port, Some(at.port()), "it shares again, at its port");
    let agent = tls::agent(&Trust::Shop(&authority), &Addresses::default(), PATIENCE);
    let ask = |key: &[u8; 32], device: DeviceId, of: ShopId, time_ms: i64, body: &[u8]| {
        let path = "/sync/v1/pull";
        let request = Request {
            method: "POST",
            path,
            body,
            time_ms,
            shop: of,
            device,
        };
        let signature = signature_text(&request.sign(&DeviceKey::from_seed(key)));
        let sent = agent
            .post(url(path))
            .header("x-chandi", "1")
            .header("x-chandi-shop", of.to_string())
            .header("x-chandi-device", device.to_string())
            .header("x-chandi-time", time_ms.to_string())
            .header(
                "x-chandi-digest",
                app::letters::hex(&app::letters::digest_of(body)),
            )
            .header("x-chandi-signature", signature)
            .send(body);
        sent.map(|answer| answer.status().as_u16())
    };
    let now = app::edges::Edges::system().now().0;
    let ours = (&identity.secret_key, identity.device, identity.shop);
    assert_eq!(
        ask(ours.0, ours.1, ours.2, now, &body).expect("answered"),
        200,
        "its own key"
    );
    let stranger = DeviceId::from_uuid(new_id());
    let another = ShopId::from_uuid(new_id());
    for (what, key, device, of, time) in [
        ("a forged signature", &[1; 32], ours.1, ours.2, now),
        ("a device that nobody let in", &[1; 32], stranger, ours.2, now),
        ("another shop", ours.0, ours.1, another, now),
        ("an old request", ours.0, ours.1, ours.2, now - 3_600_000),
    ] {
        assert_eq!(
            ask(key, device, of, time, &body).expect("answered"),
            401,
            "{what}"
        );
    }
    let huge = vec![0; 8 << 20];
    let too_big = ask(ours.0, ours.1, ours.2, now, &huge);
    assert!(
        too_big.is_err() || too_big.is_ok_and(|status| status == 413 || status == 400),
        "bounded"
    );
    assert_eq!(
        ask(ours.0, ours.1, ours.2, now, b"\x01nonsense").expect("answered"),
        400
    );
}
