//! Other programs and a real node: webhooks to a real server through refusals, kill -9 and replay, the stream of events
//! over a real connection, and the examples of docs/examples as they stand there.

use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    thread,
    time::Duration,
};
use stories::{Node, Person, node_binary, soon};
use tempfile::TempDir;
use testkit::new_id;

/// A server that keeps what it is told, and answers as the test says.
struct Receiver {
    address: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    answer: Arc<AtomicU16>,
}

#[derive(Clone)]
struct Heard {
    id: String,
    signature: String,
    body: String,
    answered: u16,
}

impl Receiver {
    fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}/hook", listener.local_addr().expect("bound"));
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let answer = Arc::new(AtomicU16::new(200));
        let (keeps, says) = (heard.clone(), answer.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                take(stream, &keeps, says.load(Ordering::SeqCst));
            }
        });
        Receiver {
            address,
            heard,
            answer,
        }
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().expect("no panic").clone()
    }

    fn taken(&self) -> Vec<Heard> {
        let heard = self.heard();
        heard.into_iter().filter(|one| one.answered == 200).collect()
    }
}

fn take(stream: TcpStream, keeps: &Mutex<Vec<Heard>>, answer: u16) {
    let mut reader = BufReader::new(&stream);
    let (mut length, mut id, mut signature) = (0, String::new(), String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(": ") else {
            continue;
        };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "chandi-event-id" => id = value.to_owned(),
            "chandi-signature" => signature = value.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    keeps.lock().expect("no panic").push(Heard {
        id,
        signature,
        body: String::from_utf8(body).expect("text"),
        answered: answer,
    });
    let _ = write!(
        &stream,
        "HTTP/1.1 {answer} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
}

/// A shop at a real node, its owner and a product.
struct Shop {
    binary: PathBuf,
    folder: TempDir,
    node: Node,
    owner: Person,
    tea: Value,
}

impl Shop {
    fn new() -> Shop {
        let binary = node_binary();
        let folder = tempfile::tempdir().expect("a temp folder");
        let node = Node::start(&binary, folder.path());
        let owner = Person::founds(&node);
        let tea = owner.product("Tea", 2_000);
        Shop {
            binary,
            folder,
            node,
            owner,
            tea,
        }
    }

    fn sell(&self) -> String {
        let order = self.owner.sell(&self.tea, "1");
        order["id"].as_str().expect("an id").to_owned()
    }

    fn hook(&self, address: &str) -> (String, String) {
        let body = json!({
            "id": new_id(), "name": "Books", "address": address, "near": true, "events": ["order.placed"]
        });
        let (status, made) = self.owner.post("webhooks", &body).expect("answered");
        assert_eq!(status, 201, "{made}");
        (
            made["hook"]["id"].as_str().expect("an id").to_owned(),
            made["secret"].as_str().expect("a secret").to_owned(),
        )
    }

    fn key(&self, permissions: &[&str]) -> String {
        let body = json!({"id": new_id(), "name": "Program", "permissions": permissions});
        let (status, made) = self.owner.post("api-keys", &body).expect("answered");
        assert_eq!(status, 201, "{made}");
        made["secret"].as_str().expect("a secret").to_owned()
    }

    /// kill -9, and the same folder again.
    fn killed(&mut self) {
        self.node.kill();
        self.node = Node::start(&self.binary, self.folder.path());
        self.owner = Person::signed_in(&self.node);
    }
}

fn orders(heard: &[Heard]) -> Vec<String> {
    heard
        .iter()
        .map(|one| {
            let event: Value = serde_json::from_str(&one.body).expect("an event");
            assert_eq!(event["id"].as_str(), Some(one.id.as_str()));
            event["subject"]["id"].as_str().expect("an order").to_owned()
        })
        .collect()
}

#[test]
fn a_kill_in_the_middle_loses_nothing_and_repeats_at_most_the_same_id() {
    let mut shop = Shop::new();
    let receiver = Receiver::start();
    let mut sold = Vec::new();
    shop.sell();
    let (hook, _) = shop.hook(&receiver.address);
    for round in 0..4 {
        for _ in 0..6 {
            sold.push(shop.sell());
        }
        // Somewhere between the first and the last of them.
        thread::sleep(Duration::from_millis(150 * round));
        shop.killed();
    }
    soon("all of them are told", || {
        let told: BTreeSet<String> = orders(&receiver.taken()).into_iter().collect();
        told.len() == sold.len()
    });
    let heard = receiver.taken();
    let mut first_of_each: Vec<String> = Vec::new();
    for (n, order) in orders(&heard).into_iter().enumerate() {
        match first_of_each.iter().position(|known| *known == order) {
            None => first_of_each.push(order),
            Some(known) => {
                assert_eq!(known + 1, first_of_each.len(), "only the last one is repeated");
                assert_eq!(heard[n].id, heard[n - 1].id, "under the same id");
            }
        }
    }
    assert_eq!(first_of_each, sold, "in order, and nothing from before the hook");
    let list = shop.owner.get("webhooks");
    assert_eq!(list["items"][0]["id"], json!(hook));
    assert_eq!(list["items"][0]["state"], "on", "{list}");
}

#[test]
fn refusals_wait_in_order_signatures_hold_and_replays_are_told_again() {
    let shop = Shop::new();
    let receiver = Receiver::start();
    let (hook, secret) = shop.hook(&receiver.address);
    let (_, tested) = shop
        .owner
        .post(&format!("webhooks/{hook}/test"), &json!({}))
        .expect("answered");
    assert_eq!(
        (&tested["ok"], &tested["status"]),
        (&json!(true), &json!(200)),
        "{tested}"
    );
    let heard = receiver.heard();
    assert_eq!(heard.len(), 1);
    let (t, v1) = heard[0].signature.split_once(',').expect("t and v1");
    let seconds: i64 = t.trim_start_matches("t=").parse().expect("seconds");
    let script = "import hmac,sys; print(hmac.new(sys.argv[1].encode(), (sys.argv[2] + '.').encode() \
                  + sys.stdin.buffer.read(), 'sha256').hexdigest())";
    let computed = piped(
        Command::new("python3").args(["-c", script, &secret, &seconds.to_string()]),
        &heard[0].body,
    );
    assert_eq!(v1, format!("v1={}", computed.trim()), "any program can check it");

    receiver.answer.store(503, Ordering::SeqCst);
    let sold = [shop.sell(), shop.sell()];
    let failing = || shop.owner.get("webhooks")["items"][0].clone();
    soon("the refusal is known", || {
        failing()["attempts"].as_u64() > Some(0)
    });
    let stuck = failing();
    assert!(
        stuck["next_try_at"].is_string() && stuck["up_to_date"] == false,
        "{stuck}"
    );
    receiver.answer.store(200, Ordering::SeqCst);
    soon("both arrive in order", || orders_of(&receiver) == sold);
    let log = shop.owner.get(&format!("webhooks/{hook}/deliveries"));
    let log = log["items"].as_array().expect("a log").clone();
    assert!(
        log.iter()
            .any(|one| one["status"] == 503 && one["why"] == "refused"),
        "{log:?}"
    );
    assert!(log[0]["ok"] == true && log[0]["duration_ms"].is_i64(), "{log:?}");

    let again = format!("webhooks/{hook}/deliveries/{}/again", log[0]["number"]);
    let (status, told) = shop.owner.post(&again, &json!({})).expect("answered");
    assert_eq!((status, &told["ok"]), (200, &json!(true)), "{told}");
    assert_eq!(orders_of(&receiver).last(), Some(&sold[1]));
    let before = receiver.taken().len();
    let replay = json!({"since": "2020-01-01T00:00:00Z"});
    let path = format!("webhooks/{hook}/replay");
    assert_eq!(shop.owner.post(&path, &replay).expect("answered").0, 200);
    soon("everything again", || receiver.taken().len() == before + 2);
    let ids: BTreeSet<String> = receiver.taken().into_iter().skip(1).map(|one| one.id).collect();
    assert_eq!(ids.len(), 2, "under the same ids");
}

fn orders_of(receiver: &Receiver) -> Vec<String> {
    let events: Vec<Heard> = receiver
        .taken()
        .into_iter()
        .filter(|one| !one.body.contains("\"type\":\"test\""))
        .collect();
    orders(&events)
}

/// A program with this text on its standard input; its output.
fn piped(command: &mut Command, text: &str) -> String {
    use std::process::Stdio;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    child
        .stdin
        .take()
        .expect("its input")
        .write_all(text.as_bytes())
        .expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_stream_goes_on_where_it_broke_off() {
    let shop = Shop::new();
    let key = shop.key(&["event.read", "order.read"]);
    let host = shop.node.address.trim_start_matches("http://").to_owned();
    let listen = |last: Option<&str>| {
        let mut stream = TcpStream::connect(&host).expect("connected");
        let timeout = Some(Duration::from_secs(10));
        stream.set_read_timeout(timeout).expect("a limit");
        let last = last.map_or(String::new(), |id| format!("last-event-id: {id}\r\n"));
        write!(
            stream,
            "GET /api/v1/events?after=now HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\naccept: \
             text/event-stream\r\n{last}\r\n"
        )
        .expect("asked");
        BufReader::new(stream)
    };
    // The cursor and the order of the next sale.
    let next = |reader: &mut BufReader<TcpStream>| {
        let (mut id, mut kind) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            assert!(reader.read_line(&mut line).expect("a line") > 0, "it stays open");
            if let Some(text) = line.trim_end().strip_prefix("id: ") {
                id = text.to_owned();
            } else if let Some(text) = line.trim_end().strip_prefix("event: ") {
                kind = text.to_owned();
            } else if let Some(text) = line.trim_end().strip_prefix("data: ") {
                let event: Value = serde_json::from_str(text).expect("an event");
                // How it was paid is an event of its own.
                if kind == "order.placed" {
                    return (id, event["subject"]["id"].as_str().expect("an id").to_owned());
                }
            }
        }
    };
    let mut stream = listen(None);
    let mut line = String::new();
    stream.read_line(&mut line).expect("a status");
    assert!(line.contains("200"), "{line}");
    let first = shop.sell();
    let (id, order) = next(&mut stream);
    assert_eq!(order, first);
    drop(stream);
    let missed = shop.sell();
    let mut stream = listen(Some(&id));
    assert_eq!(next(&mut stream).1, missed, "what happened meanwhile comes first");
}

// --- the examples ----------------------------------------------------------------------------------------------------

/// The three programs of docs/examples, and how each is started.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("chandi.sh", &["sh"]),
    ("chandi.py", &["python3", "-B"]),
    ("chandi.mjs", &["node"]),
];

struct Example<'a> {
    file: &'static str,
    start: &'static [&'static str],
    shop: &'a Shop,
    key: String,
}

impl Example<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let (program, before) = self.start.split_first().expect("a program");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples");
        let mut command = Command::new(program);
        command
            .args(before)
            .arg(path.join(self.file))
            .args(arguments)
            .env("CHANDI_URL", &self.shop.node.address)
            .env("CHANDI_KEY", &self.key)
            .env("NO_PROXY", "*")
            .env("no_proxy", "*");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments)
            .output()
            .unwrap_or_else(|e| panic!("{}: {e}", self.file))
    }

    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{} {arguments:?}: {output:?}", self.file);
        String::from_utf8(output.stdout).expect("text")
    }
}

#[test]
fn the_examples_do_what_they_say() {
    let shop = Shop::new();
    let tea = shop.tea.as_str().expect("an id");
    for (file, start) in EXAMPLES {
        let key = shop.key(&[
            "catalog.read",
            "order.place",
            "order.read",
            "token.verify",
            "token.redeem",
            "token.reissue",
            "event.read",
        ]);
        let example = Example {
            file,
            start,
            shop: &shop,
            key,
        };
        let products = example.says(&["products"]);
        assert!(
            products.contains(tea) && products.contains("Tea"),
            "{file}: {products}"
        );
        let order: Value = serde_json::from_str(&example.says(&["order", tea, "2"])).expect("an order");
        assert_eq!(
            (&order["total_minor"], &order["staff"]["name"]),
            (&json!(4_000), &json!("Program")),
            "{file}"
        );
        let code = order["token"]["code"].as_str().expect("a token");
        let opened: Value = serde_json::from_str(&example.says(&["redeem", code])).expect("a claim");
        assert_eq!(opened["claim"]["order"], order["id"], "{file}: {opened}");
        let twice = example.run(&["redeem", "nonsense"]);
        assert!(!twice.status.success(), "{file}: a refusal is no success");

        let mut following = example
            .command(&["follow"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("it starts");
        let output = following.stdout.take().expect("its output");
        let placed = order["id"].as_str().expect("an id");
        let found = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .take(2_000)
            .any(|line| {
                line.contains("order.placed") && line.contains(placed)
                    || line.contains(&format!("\"id\":\"{placed}\""))
            });
        following.kill().expect("it ran until now");
        following.wait().expect("it ends");
        assert!(found, "{file} follows");
    }
}

#[test]
fn the_examples_know_a_genuine_webhook_from_a_forged_one() {
    let shop = Shop::new();
    let receiver = Receiver::start();
    let (hook, secret) = shop.hook(&receiver.address);
    shop.owner
        .post(&format!("webhooks/{hook}/test"), &json!({}))
        .expect("answered");
    let heard = receiver.heard()[0].clone();
    let old = heard.signature.replacen("t=1", "t=0", 1);
    for (file, start) in EXAMPLES {
        let example = Example {
            file,
            start,
            shop: &shop,
            key: String::new(),
        };
        let verdict = |secret: &str, signature: &str, body: &str| {
            let mut child = example
                .command(&["verify", secret, signature])
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::null())
                .spawn()
                .expect("it starts");
            let _ = child.stdin.take().expect("its input").write_all(body.as_bytes());
            let output = child.wait_with_output().expect("it ends");
            output.status.success() && String::from_utf8_lossy(&output.stdout).trim() == "genuine"
        };
        assert!(verdict(&secret, &heard.signature, &heard.body), "{file}: genuine");
        assert!(
            !verdict("whsec_other", &heard.signature, &heard.body),
            "{file}: another secret"
        );
        assert!(!verdict(&secret, &heard.signature, "{}"), "{file}: another body");
        assert!(!verdict(&secret, &old, &heard.body), "{file}: another time");
        assert!(!verdict(&secret, "", &heard.body), "{file}: no signature");
    }
}
