//! A shop lost and fetched by its card: real nodes and a real hub, killed in the middle of bringing the backup there and
//! of fetching it. Nothing travels twice, and what comes back is what was there.

use serde_json::{Value, json};
use std::{
    io::{BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};
use stories::{
    Node, Person, fingerprints,
    hub::{Books, Hub, Message},
    hub_binary, node_binary, soon, verify,
};
use testkit::new_id;

/// What a backup is cut into.
const PIECE: u64 = 1 << 20;

/// The line to the hub. It counts the pieces of backups that went over it, and holds the next one when it is told to.
struct Line {
    address: String,
    counts: Arc<Counts>,
}

struct Counts {
    to: Mutex<String>,
    brought: AtomicU64,
    fetched: AtomicU64,
    most_brought: AtomicU64,
    most_fetched: AtomicU64,
    /// How many are held now.
    held: AtomicU64,
}

impl Counts {
    fn hold(&self, count: &AtomicU64, most: &AtomicU64) {
        self.held.fetch_add(1, SeqCst);
        while count.load(SeqCst) >= most.load(SeqCst) {
            thread::sleep(Duration::from_millis(20));
        }
        self.held.fetch_sub(1, SeqCst);
    }

    fn carry(&self, near: TcpStream) -> Option<()> {
        let mut reads = BufReader::new(near.try_clone().ok()?);
        let mut writes = near;
        loop {
            let asked = Message::read(&mut reads)?;
            // The form, and behind it which step it is.
            let piece = asked.first.starts_with("post /sync/v1/backups") && asked.body().get(1) == Some(&1);
            if piece {
                self.hold(&self.brought, &self.most_brought);
            }
            let to = self.to.lock().expect("no panic").clone();
            let mut hub = BufReader::new(TcpStream::connect(to).ok()?);
            hub.get_mut().write_all(&asked.bytes).ok()?;
            let answer = Message::read(&mut hub)?;
            let good = answer.first.contains(" 200 ");
            if piece && good {
                self.brought.fetch_add(1, SeqCst);
            }
            if asked.first.starts_with("post /sync/v1/recover") && good && answer.body().len() > 10_000 {
                self.hold(&self.fetched, &self.most_fetched);
                self.fetched.fetch_add(1, SeqCst);
            }
            writes.write_all(&answer.bytes).ok()?;
        }
    }
}

impl Line {
    fn to(hub: &str) -> Line {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let counts = Arc::new(Counts {
            to: Mutex::new(hub.to_owned()),
            brought: AtomicU64::new(0),
            fetched: AtomicU64::new(0),
            most_brought: AtomicU64::new(2),
            most_fetched: AtomicU64::new(2),
            held: AtomicU64::new(0),
        });
        let carries = counts.clone();
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let carries = carries.clone();
                thread::spawn(move || carries.carry(near));
            }
        });
        Line { address, counts }
    }
}

/// Pictures that no seal can make smaller, so that the backup has several pieces.
fn pictures(node: &Node, owner: &Person) {
    let http = reqwest::blocking::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    for n in 0..25_u8 {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x40".to_vec();
        let mut noise = blake3::Hasher::new().update(&[n]).finalize_xof();
        let head = bytes.len();
        bytes.resize(190_000, 0);
        noise.fill(&mut bytes[head..]);
        let answer = http
            .post(format!("{}/api/v1/pictures?id={}", node.address, new_id()))
            .header("x-chandi", "1")
            .header("content-type", "image/png")
            .bearer_auth(&owner.token)
            .body(bytes)
            .send()
            .expect("answered");
        assert_eq!(answer.status(), 201, "{:?}", answer.text());
    }
}

#[test]
fn a_shop_whose_only_device_is_lost_comes_back_by_its_card() {
    let (binary, hub_binary) = (node_binary(), hub_binary());
    let folder = tempfile::tempdir().expect("a temp folder");
    let (books, first, second) = (
        Books::Folder(folder.path().join("hub")),
        folder.path().join("first"),
        folder.path().join("second"),
    );
    let word = books.invite(&hub_binary);
    let mut hub = Hub::start(&hub_binary, &books, "127.0.0.1:0");
    let line = Line::to(&hub.listen);

    let mut node = Node::start(&binary, &first);
    let owner = Person::founds(&node);
    let online = json!({"id": new_id(), "address": line.address, "invitation": word});
    let (status, answer) = owner.put("hub", &online).expect("answered");
    assert_eq!(status, 200, "{answer}");
    let id = new_id();
    let (_, card) = owner.post("recovery-card", &json!({"id": id})).expect("answered");
    let code = card["code"].as_str().expect("letters").to_owned();
    let confirm = json!({"id": id, "code": code});
    assert_eq!(
        owner.post("recovery-card/confirm", &confirm).expect("answered").0,
        200
    );
    pictures(&node, &owner);
    let tea = owner.product("Tea", 2_000);
    owner.sell(&tea, "1");
    soon("the facts are at the hub", || {
        let now = owner.get("hub");
        now["state"] == "online" && now["to_send"] == 0
    });

    // By itself, and killed after two pieces: the hub first, and then the till.
    let target = json!({"id": new_id(), "kind": "hub"});
    let (status, answer) = owner.post("backups/targets", &target).expect("answered");
    assert_eq!(status, 200, "{answer}");
    soon("two pieces are there", || line.counts.brought.load(SeqCst) == 2);
    hub.restart(&hub_binary, &books);
    node.kill();
    line.counts.most_brought.store(u64::MAX, SeqCst);
    let mut node = Node::start(&binary, &first);
    let owner = Person::signed_in(&node);
    soon("it went on by itself", || {
        let view = owner.get("backups");
        view["targets"][0]["last_at"].is_string() && view["running"] == false
    });
    let bytes = owner.get("backups")["targets"][0]["bytes"]
        .as_u64()
        .expect("a size");
    let pieces = bytes.div_ceil(PIECE);
    assert!(pieces >= 4, "{bytes} bytes are too few for this test");
    assert_eq!(
        line.counts.brought.load(SeqCst),
        pieces,
        "no piece went there twice"
    );
    // Of what is compared at the end everything is at the hub, and it is known how much that is.
    soon("the facts are at the hub", || {
        let now = owner.get("hub");
        now["state"] == "online" && now["to_send"] == 0
    });
    let wrote = |owner: &Person, device: &dyn Fn(&Value) -> bool| {
        let sync = owner.get("sync");
        let rows = sync["details"]["devices"].as_array().cloned().unwrap_or_default();
        let row = rows.iter().find(|row| device(row));
        row.map(|row| (row["device"].clone(), row["seq"].as_u64()))
    };
    let (lost, seq) = wrote(&owner, &|row| row["this"] == true).expect("its own series");
    let orders = owner.orders();
    node.kill();
    let before = fingerprints(&binary, &first);
    std::fs::remove_dir_all(&first).expect("the device is lost");

    let mut node = Node::start(&binary, &second);
    let person = Person::at(&node);
    let ask = json!({"address": line.address, "code": code});
    let (status, listed) = person.post("restore/hub", &ask).expect("answered");
    assert_eq!(
        (status, listed["backups"].as_array().map(Vec::len)),
        (200, Some(1)),
        "{listed}"
    );
    let fetch = json!({"address": line.address, "code": code, "backup": listed["backups"][0]["id"]});
    let (asks, body) = (person.clone(), fetch.clone());
    let asked = thread::spawn(move || asks.post("restore/hub/fetch", &body));
    soon("two pieces came", || line.counts.fetched.load(SeqCst) == 2);
    soon("it is said how far it is", || {
        let at = person.get("restore");
        at["phase"] == "fetching" && at["done"].as_u64() >= Some(2 * PIECE)
    });
    soon("the third is on its way", || line.counts.held.load(SeqCst) == 1);
    node.kill();
    assert!(asked.join().expect("asked").is_none());
    line.counts.most_fetched.store(u64::MAX, SeqCst);
    // What was on the way when it was killed is lost with its connection.
    soon("the line is free", || line.counts.fetched.load(SeqCst) == 3);
    let node = Node::start(&binary, &second);
    let person = Person::at(&node);
    assert_eq!(person.get("setup")["ready"], false, "nothing half");
    let (status, look) = person.post("restore/hub/fetch", &fetch).expect("answered");
    assert_eq!(status, 200, "{look}");
    assert_eq!(
        line.counts.fetched.load(SeqCst),
        pieces + 1,
        "no piece that was here came again"
    );
    let restore = json!({"id": new_id(), "path": look["file"]["path"], "code": code});
    let (status, done) = person.post("restore", &restore).expect("answered");
    assert_eq!(status, 201, "{done}");
    let owner = Person::signed_in(&node);
    assert_eq!(owner.orders(), orders);
    soon("it is online again, and the hub knows it", || {
        let now = owner.get("hub");
        now["state"] == "online" && now["to_send"] == 0
    });
    soon("what the lost device wrote after its backup is here", || {
        wrote(&owner, &|row| row["device"] == lost) == Some((lost.clone(), seq))
    });
    drop(node);
    verify(&binary, &second);
    let after = fingerprints(&binary, &second);
    let differs: Vec<&str> = before
        .iter()
        .zip(&after)
        .filter(|(one, other)| one != other)
        .filter_map(|(one, _)| one.split_whitespace().next())
        .collect();
    let own = ["device", "device_place", "device_restored", "setting"];
    assert!(differs.iter().all(|view| own.contains(view)), "{differs:?}");
    hub.kill();
    books.run(&hub_binary, &["verify"]);
}
