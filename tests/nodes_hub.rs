//! A shop online: real nodes with their own data and a real hub, on SQLite and on PostgreSQL. They sell while each of
//! them is killed, lines are cut, answers are lost, traffic comes again and in another order, and one clock is wrong;
//! then all of them show the same.

#[path = "nodes_hub/trouble.rs"]
mod trouble;

use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    io::{BufReader, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};
use stories::{
    Node, Person, admit, code,
    hub::{Books, Hub, Message},
    hub_binary, node_binary, show_the_same, soon, verify,
};
use tempfile::TempDir;
use testkit::{OWNER_PIN, authenticator::typed_secret, new_id, postgres::Server};

/// The line between a node and a hub. It can be cut, it loses answers, and it remembers what went over it.
struct Line {
    address: String,
    control: Arc<Control>,
}

#[derive(Default)]
struct Control {
    to: Mutex<String>,
    cut: AtomicBool,
    /// Of so many answers one is lost after the hub did its work; 0 loses none.
    loses_one_in: AtomicU64,
    count: AtomicU64,
    pushes: Mutex<Vec<Vec<u8>>>,
}

impl Control {
    fn carry(&self, near: TcpStream) -> Option<()> {
        let mut far: Option<(String, BufReader<TcpStream>)> = None;
        let mut reads = BufReader::new(near.try_clone().ok()?);
        let mut writes = near;
        loop {
            let asked = Message::read(&mut reads)?.bytes;
            if self.cut.load(Relaxed) {
                return None;
            }
            if asked.starts_with(b"POST /sync/v1/push") {
                self.pushes.lock().expect("no panic").push(asked.clone());
            }
            let to = self.to.lock().expect("no panic").clone();
            if far.as_ref().is_none_or(|(address, _)| *address != to) {
                far = Some((to.clone(), BufReader::new(TcpStream::connect(&to).ok()?)));
            }
            let (_, hub) = far.as_mut()?;
            hub.get_mut().write_all(&asked).ok()?;
            let answer = Message::read(hub)?.bytes;
            let loses = self.loses_one_in.load(Relaxed);
            let lost = loses > 0 && self.count.fetch_add(1, Relaxed) % loses == loses - 1;
            if lost || self.cut.load(Relaxed) {
                return None;
            }
            writes.write_all(&answer).ok()?;
        }
    }
}

impl Line {
    fn to(hub: &str) -> Line {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let control = Arc::new(Control {
            to: Mutex::new(hub.to_owned()),
            ..Control::default()
        });
        let carries = control.clone();
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let carries = carries.clone();
                thread::spawn(move || carries.carry(near));
            }
        });
        Line { address, control }
    }

    fn cut(&self, cut: bool) {
        self.control.cut.store(cut, Relaxed);
    }

    fn move_to(&self, hub: &str) {
        *self.control.to.lock().expect("no panic") = hub.to_owned();
    }

    /// Everything that was pushed over it once more, the last first and then every other one.
    fn replay(&self) -> usize {
        let pushes = self.control.pushes.lock().expect("no panic").clone();
        let to = self.control.to.lock().expect("no panic").clone();
        let order = pushes.iter().rev().chain(pushes.iter().step_by(2));
        for push in order {
            let Ok(mut hub) = TcpStream::connect(&to) else {
                continue;
            };
            if hub.write_all(push).is_ok() {
                Message::read(&mut BufReader::new(hub));
            }
        }
        pushes.len()
    }
}

/// Nodes of one branch, each with its own data.
struct Shop {
    binary: PathBuf,
    folder: TempDir,
    tea: Value,
    nodes: Vec<Option<Node>>,
    arguments: Vec<Vec<String>>,
    offsets: Vec<i64>,
}

impl Shop {
    /// A founded shop at one node.
    fn found() -> (Shop, Person) {
        let binary = node_binary();
        let folder = tempfile::tempdir().expect("a temp folder");
        let node = Node::start(&binary, &folder.path().join("0"));
        let owner = Person::founds(&node);
        let tea = owner.product("Tea", 2_000);
        let shop = Shop {
            binary,
            folder,
            tea,
            nodes: vec![Some(node)],
            arguments: vec![vec![]],
            offsets: vec![0],
        };
        (shop, owner)
    }

    fn data(&self, n: usize) -> PathBuf {
        self.folder.path().join(n.to_string())
    }

    fn node(&self, n: usize) -> &Node {
        self.nodes[n].as_ref().expect("it runs")
    }

    /// Another counter, made from the first one's books.
    fn admit(&mut self, arguments: &[&str], offset_ms: i64) {
        let listen = self.listen(0);
        self.kill(0);
        let into = self.data(self.nodes.len());
        admit(&self.binary, &self.data(0), &into);
        self.start(0, &listen);
        self.nodes.push(None);
        self.arguments
            .push(arguments.iter().map(|a| (*a).to_owned()).collect());
        self.offsets.push(offset_ms);
        self.start(self.nodes.len() - 1, "127.0.0.1:0");
    }

    fn listen(&self, n: usize) -> String {
        self.node(n).address.trim_start_matches("http://").to_owned()
    }

    fn start(&mut self, n: usize, listen: &str) {
        let more: Vec<&str> = self.arguments[n].iter().map(String::as_str).collect();
        let node = Node::start_with_clock(&self.binary, &self.data(n), listen, &more, self.offsets[n]);
        self.nodes[n] = Some(node);
    }

    fn kill(&mut self, n: usize) {
        self.nodes[n].as_mut().expect("it runs").kill();
    }

    /// Killed and started again where it was.
    fn crash(&mut self, n: usize) {
        let listen = self.listen(n);
        self.kill(n);
        self.start(n, &listen);
    }

    fn person(&self, n: usize) -> Person {
        Person::signed_in(self.node(n))
    }

    /// Until every node has every order and nothing more to send; then no two of them show anything different.
    fn agree(mut self, ids: &BTreeSet<String>) {
        let people: Vec<Person> = (0..self.nodes.len()).map(|n| self.person(n)).collect();
        soon("all orders are everywhere", || {
            people.iter().all(|person| {
                let seen: BTreeSet<String> = person.orders().iter().map(id_of).collect();
                *ids == seen
            })
        });
        soon("nothing is left to send", || {
            people.iter().all(|person| {
                let hub = person.get("hub");
                hub["state"] == "online" && hub["to_send"] == 0 && hub["set_aside"] == 0
            })
        });
        self.stop();
        for data in self.folders() {
            verify(&self.binary, &data);
        }
        show_the_same(&self.binary, &self.folders());
    }

    fn stop(&mut self) {
        for n in 0..self.nodes.len() {
            self.kill(n);
        }
    }

    fn folders(&self) -> Vec<PathBuf> {
        (0..self.nodes.len()).map(|n| self.data(n)).collect()
    }
}

fn id_of(order: &Value) -> String {
    order["id"].as_str().expect("an id").to_owned()
}

fn sell(person: &Person, tea: &Value) -> String {
    id_of(&person.sell(tea, "1"))
}

/// An owner's browser at a hub.
struct Browser {
    http: reqwest::blocking::Client,
    address: String,
    cookie: String,
}

impl Browser {
    /// Makes a login with the word of the founding node, where the owner is signed in. That they are one the hub hears
    /// from the facts.
    fn enrol(owner: &Person, hub: &str) -> Browser {
        let mut offer = Value::Null;
        soon("the hub knows the owner", || {
            let (status, said) = owner.post("hub/login", &json!({})).expect("answered");
            offer = said;
            status == 200
        });
        assert_eq!(offer["confirmed"], true, "{offer}");
        let mut browser = Browser {
            http: reqwest::blocking::Client::builder()
                .no_proxy()
                .build()
                .expect("a client"),
            address: hub.to_owned(),
            cookie: String::new(),
        };
        let code = &offer["code"];
        let offered = browser.post("offers", &json!({ "code": code }));
        let secret = offered["uri"]
            .as_str()
            .and_then(|uri| uri.split(['=', '&']).nth(1))
            .expect("a secret");
        let step = now_ms() / 30_000;
        let digits = format!(
            "{:06}",
            domain::second_factor::digits(&typed_secret(secret), step)
        );
        let body = json!({ "code": code, "login": "asha", "password": "correct horse", "digits": digits });
        let session = browser.post("owners", &body);
        assert_eq!(session["name"], "Asha", "{session}");
        browser
    }

    fn post(&mut self, path: &str, body: &Value) -> Value {
        let asking = self.http.post(format!("{}/owner/api/{path}", self.address));
        let answer = asking
            .header("x-chandi-page", "none")
            .json(body)
            .send()
            .expect("an answer");
        if let Some(cookie) = answer.headers().get("set-cookie") {
            let cookie = cookie.to_str().expect("text");
            self.cookie = cookie.split(';').next().expect("a value").to_owned();
        }
        answer.json().expect("JSON")
    }

    fn dashboard(&self, day: u32) -> Value {
        let url = format!("{}/owner/api/dashboard?from={day}&to={day}", self.address);
        let answer = self
            .http
            .get(url)
            .header("cookie", &self.cookie)
            .send()
            .expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.json().expect("JSON")
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "an authenticator has a clock of its own"
)]
fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.expect("after 1970").as_millis()).expect("small")
}

/// A day of a node's own report as the hub numbers it.
fn day_of(today: &Value) -> u32 {
    let day = today["day"].as_str().expect("a day").replace('-', "");
    day.parse().expect("a number")
}

/// What the hub's back office and a node's own report say of a day must be the same.
fn same_figures(dashboard: &Value, today: &Value) -> bool {
    let products = |rows: &Value, id: &str| -> BTreeSet<String> {
        let rows = rows.as_array().expect("rows").iter();
        rows.map(|row| format!("{} {}", row[id], row["sold_minor"]))
            .collect()
    };
    let total = &dashboard["total"];
    total["orders"] == today["orders"]
        && total["sold_minor"] == today["sold_minor"]
        && total["refunds"] == today["refunds"]
        && total["refunded_minor"] == today["back_minor"]
        && products(&dashboard["products"], "product") == products(&today["top"], "product")
}

#[test]
fn the_owner_sees_at_the_hub_what_the_nodes_report() {
    let hub_binary = hub_binary();
    let folder = tempfile::tempdir().expect("a temp folder");
    let books = Books::Folder(folder.path().to_path_buf());
    let word = books.invite(&hub_binary);
    let mut hub = Hub::start(&hub_binary, &books, "127.0.0.1:0");
    let (mut shop, owner) = Shop::found();
    let samosa = json!(new_id());
    let body = json!({"id": samosa, "name": "Samosa", "price_minor": 1_250});
    assert_eq!(owner.post("products", &body).expect("answered").0, 201);
    let body = json!({"id": new_id(), "address": hub.address(), "invitation": word});
    assert_eq!(owner.put("hub", &body).expect("answered").0, 200);
    shop.admit(&[], 0);
    let people = [shop.person(0), shop.person(1)];
    let browser = Browser::enrol(&people[0], &hub.address());

    // A day of which nobody knows beforehand what happens in it.
    let mut dice = u64::from(shop.node(0).id()) * 2_654_435_761 + 7;
    let mut roll = |sides: u64| {
        dice = dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    let mut sold = vec![];
    for _ in 0..40 {
        let person = &people[usize::try_from(roll(2)).expect("small")];
        let method = ["cash", "card", "upi"][usize::try_from(roll(3)).expect("small")];
        let mut lines = vec![json!({"product": shop.tea, "quantity": (1 + roll(3)).to_string()})];
        if roll(2) == 0 {
            lines.push(json!({"product": samosa, "quantity": (1 + roll(5)).to_string()}));
        }
        let body = json!({"id": new_id(), "lines": lines, "tenders": [{"id": new_id(), "method": method}]});
        let (status, order) = person.post("orders", &body).expect("answered");
        assert_eq!(status, 201, "{order}");
        sold.push(order);
    }
    for order in &sold {
        let id = id_of(order);
        let asks = &people[usize::try_from(roll(2)).expect("small")];
        match roll(6) {
            0 => {
                soon("the order is there", || {
                    asks.get(&format!("orders/{id}"))["id"] == order["id"]
                });
                let body = json!({"id": new_id(), "reason": "undo"});
                let (status, answer) = asks
                    .post(&format!("orders/{id}/cancel"), &body)
                    .expect("answered");
                assert_eq!(status, 200, "{answer}");
            }
            1 => {
                soon("the order is there", || {
                    asks.get(&format!("orders/{id}"))["id"] == order["id"]
                });
                let staff = asks.get("lock")["staff"][0]["id"].clone();
                let body = json!({"id": new_id(), "lines": [{"line": 1, "quantity": "1"}],
                    "approval": {"staff": staff, "pin": OWNER_PIN}});
                let (status, answer) = asks
                    .post(&format!("orders/{id}/refunds"), &body)
                    .expect("answered");
                assert_eq!(status, 201, "{answer}");
            }
            _ => {}
        }
    }
    let mut last = (json!(null), json!(null));
    let mut alike = |browser: &Browser| {
        soon_or("the hub says what both nodes say", &mut last, || {
            let today = people[0].get("today");
            let dashboard = browser.dashboard(day_of(&today));
            let same = same_figures(&dashboard, &today) && same_figures(&dashboard, &people[1].get("today"));
            (same, (dashboard, today))
        });
    };
    alike(&browser);
    assert_eq!(
        browser.dashboard(day_of(&people[0].get("today")))["branches"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    // Killed while it counts, and its sums thrown away: it counts again and comes to the same.
    hub.kill();
    let conn = rusqlite::Connection::open(folder.path().join("hub.db")).expect("the file");
    conn.execute_batch("delete from rollup_place; delete from rollup_item; delete from rollup_strike; delete from rollup_sum")
        .expect("an edit");
    drop(conn);
    hub.restart(&hub_binary, &books);
    alike(&browser);
}

/// Like `soon`, and what was seen last is said when it never comes true.
fn soon_or<T: std::fmt::Debug>(what: &str, last: &mut T, mut is_so: impl FnMut() -> (bool, T)) {
    for _ in 0..225 {
        let (so, seen) = is_so();
        *last = seen;
        if so {
            return;
        }
        thread::sleep(Duration::from_millis(200));
    }
    panic!("{what}: not within forty-five seconds: {last:#?}");
}

#[test]
fn names_open_everywhere_through_the_hub_alone_and_close_everywhere() {
    let hub_binary = hub_binary();
    let folder = tempfile::tempdir().expect("a temp folder");
    let books = Books::Folder(folder.path().to_path_buf());
    let word = books.invite(&hub_binary);
    let hub = Hub::start(&hub_binary, &books, "127.0.0.1:0");
    let (mut shop, owner) = Shop::found();
    let body = json!({"id": new_id(), "address": hub.address(), "invitation": word});
    assert_eq!(owner.put("hub", &body).expect("answered").0, 200);
    shop.admit(&[], 0);
    let (here, there) = (shop.person(0), shop.person(1));
    let customer = new_id();
    let body = json!({"id": customer, "name": "Lata Joshi", "phones": ["+919820012345"]});
    let (status, answer) = here.post("customers", &body).expect("answered");
    assert_eq!(status, 201, "{answer}");
    soon("her name is at the hub, sealed", || sealed(&folder) == (1, 0));
    let path = format!("customers/{customer}");
    soon("the other device has heard of her", || {
        there.get(&path)["id"] == json!(customer)
    });
    // The first device is gone: what it knew has to come from the hub.
    shop.kill(0);
    soon("her name opens at the other device", || {
        there.get(&path)["name"] == "Lata Joshi"
    });
    let body = json!({"id": new_id(), "reason": "she asked"});
    let (status, answer) = there.post(&format!("{path}/erase"), &body).expect("answered");
    assert_eq!(status, 200, "{answer}");
    soon("the hub has her key no more", || sealed(&folder) == (0, 1));
    shop.start(0, "127.0.0.1:0");
    soon("both devices say that they have none", || {
        sealed(&folder) == (0, 2)
    });
    let here = shop.person(0);
    assert_ne!(here.get(&path)["name"], "Lata Joshi");
    shop.agree(&BTreeSet::new());
}

/// How many keys the hub keeps, and how many erasures were confirmed.
fn sealed(folder: &TempDir) -> (u32, u32) {
    let conn = rusqlite::Connection::open(folder.path().join("hub.db")).expect("the file");
    conn.busy_timeout(Duration::from_secs(5)).expect("a timeout");
    let count = |sql: &str| conn.query_row(sql, [], |r| r.get(0)).expect("a count");
    (
        count("select count(*) from sealed_key where sealed is not null"),
        count("select count(*) from key_erasure"),
    )
}

#[test]
fn a_shop_goes_online_from_inside_the_app_and_its_devices_follow() {
    let hub_binary = hub_binary();
    let folder = tempfile::tempdir().expect("a temp folder");
    let books = Books::Folder(folder.path().to_path_buf());
    let word = books.invite(&hub_binary);
    let mut hub = Hub::start(&hub_binary, &books, "127.0.0.1:0");
    let (mut shop, owner) = Shop::found();
    let ask = |address: &str, invitation: &str| json!({"id": new_id(), "address": address, "invitation": invitation});
    let put = |person: &Person, body: Value| person.put("hub", &body).expect("answered");

    assert_eq!(owner.get("hub")["state"], "off");
    let (status, answer) = put(&owner, ask("http://192.0.2.1", &word));
    assert_eq!(
        (status, code(&answer)),
        (422, "field_invalid"),
        "without TLS: {answer}"
    );
    let (status, answer) = put(&owner, ask("http://127.0.0.1:9", &word));
    assert_eq!((status, code(&answer)), (429, "hub_unreachable"), "{answer}");
    let (status, answer) = put(&owner, ask(&hub.address(), "NOT-A-WORD"));
    assert_eq!((status, code(&answer)), (409, "hub_refused"), "{answer}");
    assert_eq!(answer["error"]["hints"]["why"], "not_invited");
    assert_eq!(owner.get("hub")["state"], "off", "nothing was kept");

    let (status, answer) = put(&owner, ask(&hub.address(), &word));
    assert_eq!(
        (status, &answer["address"]),
        (200, &json!(hub.address())),
        "{answer}"
    );
    soon("it is online", || owner.get("hub")["state"] == "online");
    let first = sell(&owner, &shop.tea);
    // The second device is told nothing: it has the shop's setting.
    shop.admit(&[], 0);
    let (owner, second) = (shop.person(0), shop.person(1));
    let more = sell(&owner, &shop.tea);
    soon("what was sold at one is at the other", || {
        second.orders().len() == 2
    });
    let third = sell(&second, &shop.tea);
    soon("and back", || owner.orders().len() == 3);

    hub.kill();
    soon("it is known that the hub is gone", || {
        second.get("hub")["state"] == "unreachable" && owner.get("hub")["state"] == "unreachable"
    });
    let offline = sell(&second, &shop.tea);
    assert!(second.get("hub")["to_send"].as_u64() > Some(0));
    books.run(&hub_binary, &["suspend", "--organisation", "Sweets"]);
    hub.restart(&hub_binary, &books);
    soon("it is said that the hub refuses, and why", || {
        let now = owner.get("hub");
        now["state"] == "refused" && now["refusal"] == "suspended"
    });
    hub.kill();
    books.run(&hub_binary, &["resume", "--organisation", "Sweets"]);
    hub.restart(&hub_binary, &books);
    soon("what was sold meanwhile arrives", || owner.orders().len() == 4);

    let (status, left) = second.delete("hub");
    assert_eq!((status, &left["state"]), (200, &json!("off")), "{left}");
    let apart = sell(&second, &shop.tea);
    let there = sell(&owner, &shop.tea);
    // A device that did not found the shop brings it back: the hub knows it.
    let (status, answer) = put(&second, ask(&hub.address(), ""));
    assert_eq!(status, 200, "{answer}");
    soon("what was sold apart meets again", || owner.orders().len() == 6);
    shop.agree(&BTreeSet::from([first, more, third, offline, apart, there]));
    hub.kill();
    books.run(&hub_binary, &["verify"]);
}

#[test]
fn a_device_that_did_not_found_the_shop_brings_it_to_a_hub_that_never_heard_of_it() {
    let hub_binary = hub_binary();
    let folder = tempfile::tempdir().expect("a temp folder");
    let books = Books::Folder(folder.path().to_path_buf());
    let word = books.invite(&hub_binary);
    let hub = Hub::start(&hub_binary, &books, "127.0.0.1:0");
    let (mut shop, owner) = Shop::found();
    let first = sell(&owner, &shop.tea);
    shop.admit(&[], 0);
    // The founder's machine stands still.
    shop.kill(0);
    let second = shop.person(1);
    let body = json!({"id": new_id(), "address": hub.address(), "invitation": word});
    let (status, answer) = second.put("hub", &body).expect("answered");
    assert_eq!(status, 200, "{answer}");
    let more = sell(&second, &shop.tea);
    soon("everything is there", || {
        let now = second.get("hub");
        now["state"] == "online" && now["to_send"] == 0
    });
    // The founder learns of the hub by hand once; from then on it follows the setting.
    shop.arguments[0] = vec!["--hub".to_owned(), hub.address()];
    shop.start(0, "127.0.0.1:0");
    shop.agree(&BTreeSet::from([first, more]));
}

/// Three nodes sell while everything around them fails; `trouble` is called with a number for each round of it.
fn through_trouble(
    lines: &[Line],
    shop: &mut Shop,
    mut trouble: impl FnMut(u64, &mut Shop),
) -> BTreeSet<String> {
    let mut sold: BTreeSet<String> = shop.person(0).orders().iter().map(id_of).collect();
    for line in lines {
        line.control.loses_one_in.store(5, Relaxed);
    }
    for round in 0..9_u64 {
        let n = usize::try_from(round % 3).expect("small");
        lines[n].cut(true);
        let selling: Vec<_> = (0..shop.nodes.len())
            .map(|node| {
                let (person, tea) = (shop.person(node), shop.tea.clone());
                thread::spawn(move || (0..4).map(|_| sell(&person, &tea)).collect::<Vec<_>>())
            })
            .collect();
        for done in selling {
            sold.extend(done.join().expect("sold"));
        }
        trouble(round, shop);
        lines[n].cut(false);
        if round % 4 == 3 {
            lines[n].replay();
        }
    }
    for line in lines {
        line.control.loses_one_in.store(0, Relaxed);
        assert!(line.replay() > 0, "something was pushed over every line");
    }
    sold
}

#[test]
fn three_nodes_and_a_hub_agree_after_all_that_can_happen_to_them() {
    let hub_binary = hub_binary();
    let folder = tempfile::tempdir().expect("a temp folder");
    let books = Books::Folder(folder.path().to_path_buf());
    let word = books.invite(&hub_binary);
    let mut hub = Hub::start(&hub_binary, &books, "127.0.0.1:0");
    let lines = [
        Line::to(&hub.listen),
        Line::to(&hub.listen),
        Line::to(&hub.listen),
    ];
    let (mut shop, owner) = Shop::found();
    let body = json!({"id": new_id(), "address": lines[0].address, "invitation": word});
    assert_eq!(owner.put("hub", &body).expect("answered").0, 200);
    shop.admit(&["--hub", &lines[1].address], 0);
    // Ten minutes fast.
    shop.admit(&["--hub", &lines[2].address], 600_000);
    let sold = through_trouble(&lines, &mut shop, |round, shop| match round {
        1 => shop.crash(1),
        2 | 6 => hub.restart(&hub_binary, &books),
        4 => shop.crash(0),
        7 => shop.crash(2),
        _ => {}
    });
    shop.agree(&sold);
    hub.kill();
    books.run(&hub_binary, &["verify"]);
}

#[test]
fn two_instances_over_postgresql_are_one_hub() {
    let hub_binary = hub_binary();
    let folder = tempfile::tempdir_in("/tmp").expect("a short path");
    let mut server = Server::start(folder.path(), &["fsync=on"]);
    let books = Books::Database(server.database("hub"));
    let word = books.invite(&hub_binary);
    let mut here = Hub::start(&hub_binary, &books, "127.0.0.1:0");
    let there = Hub::start(&hub_binary, &books, "127.0.0.1:0");
    let lines = [
        Line::to(&here.listen),
        Line::to(&there.listen),
        Line::to(&here.listen),
    ];
    let (mut shop, owner) = Shop::found();
    let body = json!({"id": new_id(), "address": lines[0].address, "invitation": word});
    assert_eq!(owner.put("hub", &body).expect("answered").0, 200);
    shop.admit(&["--hub", &lines[1].address], 0);
    shop.admit(&["--hub", &lines[2].address], -600_000);
    let sold = through_trouble(&lines, &mut shop, |round, shop| match round {
        1 => lines[2].move_to(&there.listen),
        3 => {
            server.kill();
            server.restart();
        }
        4 => here.restart(&hub_binary, &books),
        5 => lines[2].move_to(&here.listen),
        6 => shop.crash(1),
        _ => {}
    });
    let owner = shop.person(0);
    soon("every order is at the first node", || {
        owner.orders().len() == sold.len()
    });
    let count = i64::try_from(sold.len()).expect("small");
    for (hub, other) in [(&here, &there), (&there, &here)] {
        let browser = Browser::enrol(&owner, &hub.address());
        let asks = |address: String| Browser {
            http: browser.http.clone(),
            cookie: browser.cookie.clone(),
            address,
        };
        soon("both instances count every order once", || {
            [hub, other].into_iter().all(|one| {
                let day = day_of(&owner.get("today"));
                let days = [day - 1, day, day + 1].map(|day| asks(one.address()).dashboard(day));
                let sum = |what: &str| days.iter().filter_map(|d| d["total"][what].as_i64()).sum::<i64>();
                (sum("orders"), sum("sold_minor")) == (count, count * 2_000)
            })
        });
    }
    shop.agree(&sold);
    here.kill();
    drop(there);
    books.run(&hub_binary, &["verify"]);
}
