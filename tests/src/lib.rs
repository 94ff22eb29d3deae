//! What whole-program tests share: real nodes as processes, and people who talk to them.

use reqwest::blocking::Client;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use testkit::OWNER_PIN;

/// Builds the node like the program that these tests run beside, and says where it lies.
pub fn node_binary() -> PathBuf {
    let here = std::env::current_exe().expect("this test is a file");
    let profile = here.ancestors().nth(2).expect("target/<profile>/deps/<test>");
    let mut build = Command::new(env!("CARGO"));
    build.args([
        "build",
        "--quiet",
        "--locked",
        "--offline",
        "--package",
        "node",
        "--bin",
        "chandi-node",
    ]);
    if profile.file_name().is_some_and(|name| name == "release") {
        build.arg("--release");
    }
    build.arg("--target-dir").arg(profile.parent().expect("target"));
    let built = build
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(built.success(), "chandi-node builds");
    profile.join(format!("chandi-node{}", std::env::consts::EXE_SUFFIX))
}

/// A running node; killed at the latest when the test ends.
pub struct Node {
    process: Child,
    pub address: String,
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
        let mut process = Command::new(binary)
            .args(["--no-keyring", "--listen", listen, "--data"])
            .arg(data)
            .args(more)
            .env("CHANDI_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .expect("chandi-node starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("its standard output");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("it announces itself");
        let announced: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let address = announced["address"].as_str().expect("an address").to_owned();
        Node { process, address }
    }

    pub fn id(&self) -> u32 {
        self.process.id()
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

    pub fn signed_in(node: &Node) -> Person {
        let mut person = Person::at(node);
        let staff = person.get("lock")["staff"][0]["id"].clone();
        let (status, session) = person
            .post("sessions", &json!({"staff": staff, "pin": OWNER_PIN}))
            .expect("answered");
        assert_eq!(status, 201, "{session}");
        person.token = session["token"].as_str().expect("a token").to_owned();
        person
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
