//! A chandi-node of its own, and a client of it.

use reqwest::{
    Method,
    blocking::{Client, Response},
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};
use uuid::Uuid;

pub struct Node {
    child: Child,
    pub address: String,
    pub staff: Vec<Value>,
}

impl Node {
    pub fn start(program: &Path, data: &Path, demo: bool) -> Result<Node, String> {
        Node::start_with(program, data, if demo { &["--demo"] } else { &[] })
    }

    pub fn start_with(program: &Path, data: &Path, more: &[&str]) -> Result<Node, String> {
        let mut command = Command::new(program);
        command
            .arg("--data")
            .arg(data)
            .args(["--listen", "127.0.0.1:0", "--no-keyring"])
            .args(more)
            .stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|e| format!("{} cannot be started: {e}", program.display()))?;
        let out = child.stdout.take().ok_or("the node has no output")?;
        let mut line = String::new();
        BufReader::new(out)
            .read_line(&mut line)
            .map_err(|e| e.to_string())?;
        let said: Value = serde_json::from_str(&line).map_err(|e| format!("the node said {line:?}: {e}"))?;
        let address = said["address"]
            .as_str()
            .ok_or("the node named no address")?
            .to_owned();
        Ok(Node {
            child,
            address,
            staff: said["staff"].as_array().cloned().unwrap_or_default(),
        })
    }

    /// What the kernel charged to the node so far, and what it holds.
    pub fn cpu(&self) -> Result<Duration, String> {
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).map_err(|e| e.to_string())?;
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks: u64 = [11, 12]
            .iter()
            .filter_map(|i| fields.get(*i)?.parse::<u64>().ok())
            .sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    pub fn resident_kb(&self) -> Result<u64, String> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .map_err(|e| e.to_string())?;
        status
            .lines()
            .find_map(|l| {
                l.strip_prefix("VmRSS:")?
                    .trim()
                    .strip_suffix(" kB")?
                    .trim()
                    .parse()
                    .ok()
            })
            .ok_or_else(|| "the kernel does not say what the node holds".to_owned())
    }

    /// Somebody who is not signed in yet.
    pub fn stranger(&self) -> Result<Till, String> {
        let http = Client::builder()
            .timeout(Duration::from_secs(600))
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Till {
            http,
            address: self.address.clone(),
            token: String::new(),
        })
    }

    /// Somebody signed in at this node, in a browser that is a till of its own.
    pub fn till(&self, staff: &str, pin: &str) -> Result<Till, String> {
        let mut till = self.stranger()?;
        let answer = till.post(
            "/api/v1/sessions",
            &json!({"staff": staff, "pin": pin, "seat": new_id()}),
        )?;
        till.signed_in(&answer)?;
        Ok(till)
    }

    pub fn till_of_role(&self, role: &str) -> Result<Till, String> {
        let one = self
            .staff
            .iter()
            .find(|s| s["role"] == role)
            .ok_or("the demo has nobody of this role")?;
        self.till(
            one["staff"].as_str().unwrap_or_default(),
            one["pin"].as_str().unwrap_or_default(),
        )
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Killed on purpose: what it acknowledged is on the disk.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone)]
pub struct Till {
    http: Client,
    address: String,
    token: String,
}

impl Till {
    /// From now on with this session.
    pub fn signed_in(&mut self, session: &Value) -> Result<(), String> {
        self.token = session["token"]
            .as_str()
            .ok_or_else(|| format!("no session: {session}"))?
            .to_owned();
        Ok(())
    }

    pub fn get(&self, path: &str) -> Result<Value, String> {
        let request = self
            .http
            .get(format!("{}{path}", self.address))
            .bearer_auth(&self.token);
        read(request.send().map_err(|e| e.to_string())?)
    }

    pub fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.post_bytes(path, body.to_string().into_bytes())
    }

    pub fn put(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.send(Method::PUT, path, body.to_string().into_bytes())
    }

    pub fn post_bytes(&self, path: &str, body: Vec<u8>) -> Result<Value, String> {
        self.send(Method::POST, path, body)
    }

    fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Value, String> {
        let request = self
            .http
            .request(method, format!("{}{path}", self.address))
            .header("x-chandi", "1")
            .header("content-type", "application/json")
            .bearer_auth(&self.token)
            .body(body);
        read(request.send().map_err(|e| e.to_string())?)
    }
}

fn read(response: Response) -> Result<Value, String> {
    let status = response.status();
    let text = response.text().map_err(|e| e.to_string())?;
    if status.is_success() {
        serde_json::from_str(&text).map_err(|e| e.to_string())
    } else {
        Err(format!("{status}: {text}"))
    }
}

pub fn new_id() -> Uuid {
    app::edges::Edges::system().new_id()
}
