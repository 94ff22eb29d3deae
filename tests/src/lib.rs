//! What whole-program tests share: real nodes and hubs as processes, and people who talk to them.

pub mod hub;
pub mod week;

use reqwest::blocking::Client;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use testkit::{COUNTER_PIN, OWNER_PIN, new_id};

/// What comes by itself is awaited for longer than the busiest machine needs: waiting costs nothing once it is there.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Looks until it is there.
pub fn within<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    #[allow(clippy::disallowed_methods, reason = "a test waits by the real clock")]
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("{what}: not within {PATIENCE:?}");
}

/// Builds the node like the program that these tests run beside, and says where it lies.
pub fn node_binary() -> PathBuf {
    binary("node", "chandi-node")
}

/// The same for the hub.
pub fn hub_binary() -> PathBuf {
    binary("cloud", "chandi-hub")
}

fn binary(package: &str, name: &str) -> PathBuf {
    let here = std::env::current_exe().expect("this test is a file");
    let profile = here.ancestors().nth(2).expect("target/<profile>/deps/<test>");
    let built = profile.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    // `./dev test` has built the whole workspace; for one package alone half of it would be compiled once more.
    if std::env::var_os("CHANDI_BUILT").is_some() {
        return built;
    }
    let mut build = Command::new(env!("CARGO"));
    build.args([
        "build",
        "--quiet",
        "--locked",
        "--offline",
        "--package",
        package,
        "--bin",
        name,
    ]);
    if profile.file_name().is_some_and(|name| name == "release") {
        build.arg("--release");
    }
    build.arg("--target-dir").arg(profile.parent().expect("target"));
    // What cargo told this test about its own package. Build scripts look at it, and with it half of the tree would be
    // built anew, there and back.
    for (name, _) in std::env::vars_os() {
        let told = name.to_string_lossy();
        if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
            build.env_remove(&name);
        }
    }
    let done = build
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(done.success(), "{name} builds");
    built
}

/// Makes the books of a further counter of the branch from those of a node that does not run.
pub fn admit(binary: &Path, from: &Path, into: &Path) {
    let admitted = Command::new(binary)
        .args(["admit", "--no-keyring", "--data"])
        .arg(from)
        .arg("--into")
        .arg(into)
        .output()
        .expect("chandi-node runs");
    assert!(admitted.status.success(), "{admitted:?}");
}

/// The books of a node that does not run are in order, by the program's own word.
pub fn verify(binary: &Path, data: &Path) {
    let verified = Command::new(binary)
        .args(["verify", "--no-keyring", "--data"])
        .arg(data)
        .output()
        .expect("chandi-node runs");
    assert!(
        verified.status.success(),
        "{}: {}{}",
        data.display(),
        String::from_utf8_lossy(&verified.stdout),
        String::from_utf8_lossy(&verified.stderr)
    );
}

/// What each view of a node that does not run comes to, a line each.
pub fn fingerprints(binary: &Path, data: &Path) -> Vec<String> {
    let output = Command::new(binary)
        .args(["fingerprints", "--no-keyring", "--data"])
        .arg(data)
        .output()
        .expect("chandi-node runs");
    assert!(output.status.success(), "{}: {output:?}", data.display());
    let lines = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    assert!(lines.len() > 20, "views are compared: {lines:#?}");
    lines
}

/// No view of any of these nodes, none of which runs, is different from the first one's.
pub fn show_the_same(binary: &Path, nodes: &[PathBuf]) {
    let prints: Vec<Vec<String>> = nodes.iter().map(|data| fingerprints(binary, data)).collect();
    for (data, print) in nodes.iter().zip(&prints) {
        assert_eq!(print.len(), prints[0].len(), "{}", data.display());
        let differ: Vec<_> = prints[0].iter().zip(print).filter(|(a, b)| a != b).collect();
        assert!(differ.is_empty(), "{}: {differ:#?}", data.display());
    }
}

/// Which refusal an answer is.
pub fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

/// Until something is so.
pub fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    within(what, || is_so().then_some(()));
}

/// The one line of JSON with which a program says where it is reached.
fn announced(process: &mut Child) -> Value {
    let mut line = String::new();
    let output = process.stdout.take().expect("its standard output");
    BufReader::new(output)
        .read_line(&mut line)
        .expect("it announces itself");
    serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
}

/// A running node; killed at the latest when the test ends.
pub struct Node {
    process: Child,
    pub address: String,
    /// Where it is reached on the LAN, when it was started sharing.
    pub lan_port: Option<u16>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Node {
    pub fn start(binary: &Path, data: &Path) -> Node {
        Node::start_at(binary, data, "127.0.0.1:0", &[])
    }

    /// At an address of the test's choice, with more arguments.
    pub fn start_at(binary: &Path, data: &Path, listen: &str, more: &[&str]) -> Node {
        Node::start_with_clock(binary, data, listen, more, 0)
    }

    /// By a clock that is so many milliseconds off.
    pub fn start_with_clock(binary: &Path, data: &Path, listen: &str, more: &[&str], offset_ms: i64) -> Node {
        let mut process = Command::new(binary)
            .args(["--no-keyring", "--listen", listen, "--data"])
            .arg(data)
            .args(more)
            .env("CHANDI_LOG", "error")
            .env("CHANDI_CLOCK_OFFSET_MS", offset_ms.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("chandi-node starts");
        let announced = announced(&mut process);
        let address = announced["address"].as_str().expect("an address").to_owned();
        let lan_port = announced["lan_port"]
            .as_u64()
            .and_then(|port| u16::try_from(port).ok());
        Node {
            process,
            address,
            lan_port,
        }
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// STOP, CONT and their like.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([format!("-{name}"), self.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(sent.success());
    }

    /// Asked to stop, as the system does at the end of the day. Whether it says that all was well.
    #[cfg(unix)]
    pub fn stop(mut self) -> bool {
        self.signal("TERM");
        let ended = within("it ends", || self.process.try_wait().expect("its end is known"));
        ended.success()
    }

    /// SIGKILL: nothing of the process runs after this.
    pub fn kill(&mut self) {
        // A process that is gone already cannot be killed, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Somebody who talks to the node; every request is one connection's at most.
#[derive(Clone)]
pub struct Person {
    http: Client,
    address: String,
    pub token: String,
}

impl Person {
    pub fn at(node: &Node) -> Person {
        let http = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(60))
            .build()
            .expect("a client");
        Person {
            http,
            address: node.address.clone(),
            token: String::new(),
        }
    }

    /// The status and the answer; `None` when the node was gone before it had answered.
    pub fn post(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        let request = self
            .http
            .post(format!("{}/api/v1/{path}", self.address))
            .header("x-chandi", "1");
        let answer = request.bearer_auth(&self.token).json(body).send().ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().ok()?))
    }

    pub fn put(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        let request = self
            .http
            .put(format!("{}/api/v1/{path}", self.address))
            .header("x-chandi", "1");
        let answer = request.bearer_auth(&self.token).json(body).send().ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().ok()?))
    }

    /// The status and the answer, which is nothing where a deletion has none.
    pub fn delete(&self, path: &str) -> (u16, Value) {
        let answer = self
            .http
            .delete(format!("{}/api/v1/{path}", self.address))
            .bearer_auth(&self.token)
            .header("x-chandi", "1")
            .send()
            .expect("answered");
        let status = answer.status().as_u16();
        (status, answer.json().unwrap_or_default())
    }

    pub fn get(&self, path: &str) -> Value {
        let request = self
            .http
            .get(format!("{}/api/v1/{path}", self.address))
            .bearer_auth(&self.token);
        request
            .send()
            .and_then(|answer| answer.json())
            .unwrap_or_else(|e| panic!("GET {path}: {e}"))
    }

    /// Founds a shop at a fresh node; its owner, signed in.
    pub fn founds(node: &Node) -> Person {
        let mut owner = Person::at(node);
        let setup = json!({
            "id": new_id(), "kind": "own", "language": "en", "trade": "sweets", "shop_name": "Test Sweets",
            "country": "IN", "region": "27", "owner_name": "Asha", "pin": OWNER_PIN
        });
        let (status, session) = owner.post("setup", &setup).expect("answered");
        assert_eq!(status, 201, "{session}");
        owner.token = session["token"].as_str().expect("a token").to_owned();
        owner
    }

    /// The owner of the shop at a node, at a seat of their own.
    pub fn signed_in(node: &Node) -> Person {
        Person::named(node, "Asha")
    }

    pub fn named(node: &Node, name: &str) -> Person {
        let mut person = Person::at(node);
        let people = person.get("lock")["staff"].clone();
        let staff = people
            .as_array()
            .and_then(|all| all.iter().find(|one| one["name"] == name))
            .unwrap_or_else(|| panic!("{name} is not in {people}"));
        let pin = if name == "Asha" { OWNER_PIN } else { COUNTER_PIN };
        let body = json!({"staff": staff["id"], "pin": pin, "seat": new_id()});
        let (status, session) = person.post("sessions", &body).expect("answered");
        assert_eq!(status, 201, "{session}");
        person.token = session["token"].as_str().expect("a token").to_owned();
        person
    }

    pub fn hire(&self, name: &str, role: &str) {
        let body = json!({"id": new_id(), "name": name, "role": role, "pin": COUNTER_PIN});
        assert_eq!(self.post("staff", &body).expect("answered").0, 201);
    }

    pub fn product(&self, name: &str, price_minor: i64) -> Value {
        let id = json!(new_id());
        let body = json!({"id": id, "name": name, "price_minor": price_minor});
        assert_eq!(self.post("products", &body).expect("answered").0, 201);
        id
    }

    /// An order paid in cash.
    pub fn sell(&self, product: &Value, quantity: &str) -> Value {
        let body = json!({
            "id": new_id(), "lines": [{"product": product, "quantity": quantity}],
            "tenders": [{"id": new_id(), "method": "cash"}]
        });
        let (status, order) = self.post("orders", &body).expect("answered");
        assert_eq!(status, 201, "{order}");
        order
    }

    /// Scans an order's token.
    pub fn redeem(&self, order: &Value) -> (u16, Value) {
        let body = json!({"id": new_id(), "code": order["token"]["code"]});
        self.post("tokens/redeem", &body).expect("answered")
    }

    /// Hands over some of an order's first line, and says what of it is missing.
    pub fn hand_over(&self, order: &Value, given: &str, missing: &str) -> (u16, Value) {
        let path = format!("orders/{}/handovers", order["id"].as_str().expect("an id"));
        let body = json!({"id": new_id(), "lines": [{"line": 1, "given": given, "missing": missing}]});
        self.post(&path, &body).expect("answered")
    }

    pub fn orders(&self) -> Vec<Value> {
        let mut orders = vec![];
        let mut after = String::new();
        loop {
            let page = self.get(&format!("orders?limit=200{after}"));
            orders.extend(page["items"].as_array().expect("a list").iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return orders,
            }
        }
    }
}
