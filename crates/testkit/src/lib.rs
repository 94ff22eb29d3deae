//! What tests share: a shop in a temp folder, a clock that tells what it is told, and people who call the door.
//!
//! Everything behind it is real: the SQLite file, the keys, the router. Only the clock is ours.

pub mod authenticator;
pub mod dice;
pub mod disk;
pub mod gateway;
pub mod hearing;
pub mod mail;
#[cfg(unix)]
pub mod postgres;
pub mod printer;
pub mod python;
#[cfg(unix)]
pub mod small_disk;

use api::{Caller, Door};
use app::{App, Config, edges::Edges};
pub use axum::http::Method;
use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, StatusCode, header},
};
use domain::{ids::BranchId, time::Moment};
use http_body_util::{
    BodyExt,
    channel::{Channel, Sender},
};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

/// Noon in Kolkata on the day this was written.
pub const NOON_MS: i64 = 1_795_243_800_000;

/// The owner's PIN in every test shop.
pub const OWNER_PIN: &str = "8042";
/// The PIN of everybody whom [`Node::counter`] hires.
pub const COUNTER_PIN: &str = "3571";

/// A wall clock that tests set.
#[derive(Clone)]
pub struct FakeClock(Arc<AtomicI64>);

impl FakeClock {
    pub fn at(ms: i64) -> FakeClock {
        FakeClock(Arc::new(AtomicI64::new(ms)))
    }

    pub fn set(&self, ms: i64) {
        self.0.store(ms, Ordering::SeqCst);
    }

    pub fn forward(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    /// This clock with dice of the test's.
    pub fn edges_with(&self, dice: dice::SharedDice) -> Edges {
        Edges {
            random: Arc::new(move |bytes| dice.fill(bytes)),
            ..self.edges()
        }
    }

    /// The system's dice behind this clock.
    pub fn edges(&self) -> Edges {
        let clock = self.clone();
        Edges {
            now: Arc::new(move || Moment(clock.now_ms())),
            ..Edges::system()
        }
    }
}

/// A fresh id, as a client makes it.
pub fn new_id() -> Uuid {
    Edges::system().new_id()
}

type Slot = Arc<Mutex<Option<Router>>>;

/// A running Chandi in a temp folder.
pub struct Node {
    pub door: Door,
    /// Shared with every client, and taken from them all when the node closes.
    router: Slot,
    pub clock: FakeClock,
    folder: TempDir,
}

impl Node {
    /// Before any shop was set up.
    pub fn empty() -> Node {
        let folder = tempfile::tempdir().expect("a temp folder");
        Node::in_folder(folder, FakeClock::at(NOON_MS))
    }

    fn in_folder(folder: TempDir, clock: FakeClock) -> Node {
        let config = config(folder.path(), &clock);
        Node::configured(folder, clock, config)
    }

    fn configured(folder: TempDir, clock: FakeClock, config: Config) -> Node {
        let door = Door::over(App::open(config).expect("a data folder that opens"));
        Node {
            router: Arc::new(Mutex::new(Some(door.router()))),
            door,
            clock,
            folder,
        }
    }

    /// With an own shop of sweets, and its owner signed in at the till's window.
    pub async fn with_shop() -> (Node, Client) {
        Node::empty().founded().await
    }

    /// The same on a machine with these cameras.
    pub async fn with_cameras(cameras: Arc<dyn devices::camera::Cameras>) -> (Node, Client) {
        let folder = tempfile::tempdir().expect("a temp folder");
        let clock = FakeClock::at(NOON_MS);
        let config = Config {
            cameras,
            ..config(folder.path(), &clock)
        };
        Node::configured(folder, clock, config).founded().await
    }

    /// The same on a machine where sticks show up there.
    pub async fn with_sticks(sticks: app::backups::Sticks) -> (Node, Client) {
        let folder = tempfile::tempdir().expect("a temp folder");
        let clock = FakeClock::at(NOON_MS);
        let config = Config {
            sticks: Some(sticks),
            ..config(folder.path(), &clock)
        };
        Node::configured(folder, clock, config).founded().await
    }

    /// The same with these gateways, which the restarted node has too.
    pub async fn with_gateway(simulator: &gateway::Simulator) -> (Node, Client) {
        let folder = tempfile::tempdir().expect("a temp folder");
        let clock = FakeClock::at(NOON_MS);
        let config = config_with(folder.path(), &clock, simulator);
        Node::configured(folder, clock, config).founded().await
    }

    async fn founded(self) -> (Node, Client) {
        let node = self;
        let window = node.window("cashier");
        let setup = json!({
            "id": new_id(), "kind": "own", "language": "en", "trade": "sweets", "shop_name": "Test Sweets",
            "country": "IN", "region": "27", "owner_name": "Asha", "pin": OWNER_PIN
        });
        let (status, answer) = window.post("/api/v1/setup", setup).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        let client = window.signed_in(&answer);
        (node, client)
    }

    /// Closes everything and opens the same folder again, as after a restart.
    pub fn restarted(self) -> Node {
        let Node {
            door,
            router,
            clock,
            folder,
        } = self;
        router.lock().expect("no client panicked").take();
        drop(door);
        Node::in_folder(folder, clock)
    }

    /// The same with this gateway.
    pub fn restarted_with(self, simulator: &gateway::Simulator) -> Node {
        let Node {
            door,
            router,
            clock,
            folder,
        } = self;
        router.lock().expect("no client panicked").take();
        drop(door);
        let config = config_with(folder.path(), &clock, simulator);
        Node::configured(folder, clock, config)
    }

    /// Another counter of the branch, made from this one's books: a device of its own with the same clock. Nobody tells
    /// either what the other does.
    pub fn another(&self) -> Node {
        let folder = tempfile::tempdir().expect("a temp folder");
        let app = self.door.app();
        app.admit_into(folder.path()).expect("a device that is admitted");
        Node::in_folder(folder, self.clock.clone())
    }

    /// A first device of another branch, made in the same way.
    pub fn another_at(&self, branch: Uuid) -> Node {
        let folder = tempfile::tempdir().expect("a temp folder");
        let app = self.door.app();
        app.admit_into_branch(folder.path(), BranchId::from_uuid(branch))
            .expect("a device that is admitted");
        Node::in_folder(folder, self.clock.clone())
    }

    /// The open shop itself.
    pub fn shop(&self) -> Arc<app::Shop> {
        self.door.app().shop().expect("a shop")
    }

    /// Both give each other what they have, as over a network that works.
    pub fn meet(&self, other: &Node) {
        let (here, there) = (self.shop(), other.shop());
        for (from, to) in [(&here, &there), (&there, &here)] {
            let have = to.vector().expect("a vector");
            let (chunks, more) = from.chunks_for(&have, usize::MAX).expect("chunks");
            assert!(!more, "everything at once");
            to.take_in(&chunks).expect("taken in");
        }
    }

    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// Somebody at a window of the app.
    pub fn window(&self, label: &str) -> Client {
        Client {
            router: self.router.clone(),
            caller: Some(Caller::Window(label.to_owned())),
            token: None,
        }
    }

    /// Somebody at a browser with this address.
    pub fn browser(&self, address: &str) -> Client {
        let address: SocketAddr = address.parse().expect("an address like 127.0.0.1:4000");
        Client {
            router: self.router.clone(),
            caller: Some(Caller::Tcp(address)),
            token: None,
        }
    }

    /// Somebody at a browser of another machine, who came through the LAN's door.
    pub fn lan(&self, address: &str) -> Client {
        let address: SocketAddr = address.parse().expect("an address like 192.168.1.9:4000");
        Client {
            router: self.router.clone(),
            caller: Some(Caller::Lan(address)),
            token: None,
        }
    }

    /// Hires somebody and signs them in at a browser of their own: another counter.
    pub async fn counter(&self, owner: &Client, name: &str, role: &str) -> Client {
        let staff = owner.staff(name, role, COUNTER_PIN).await;
        let browser = self.browser("127.0.0.1:4100");
        let body = json!({"staff": staff, "pin": COUNTER_PIN, "seat": new_id()});
        let (status, answer) = browser.post("/api/v1/sessions", body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        browser.signed_in(&answer)
    }

    /// What `verify` finds wrong: nothing, in a whole store.
    pub fn faults(&self) -> Vec<String> {
        let shop = self.door.app().shop().expect("a shop");
        shop.store().verify().expect("a store that reads").faults
    }

    /// A request whose transport does not say who asks.
    pub fn nobody(&self) -> Client {
        Client {
            router: self.router.clone(),
            caller: None,
            token: None,
        }
    }
}

/// The configuration of a test node: no keyring, a clock of the test's, no camera, and little patience with printers.
pub fn config(folder: &Path, clock: &FakeClock) -> Config {
    Config {
        edges: clock.edges(),
        use_keyring: false,
        print_limits: devices::Limits {
            connect: Duration::from_secs(2),
            answer: Duration::from_millis(300),
            stall: Duration::from_millis(800),
            job: Duration::from_secs(4),
            confirm: Duration::from_millis(1500),
        },
        cameras: Arc::new(devices::camera::NoCameras),
        ..Config::new(folder)
    }
}

/// The same with one gateway, and little patience with it.
pub fn config_with(folder: &Path, clock: &FakeClock, simulator: &gateway::Simulator) -> Config {
    Config {
        gateways: connect::gateway::Gateways::new(vec![Arc::new(simulator.clone())]),
        payment_limits: app::payments::PaymentLimits {
            between: Duration::from_millis(5),
            questions: 20,
            again: Duration::from_millis(20),
            again_at_most: Duration::from_millis(40),
        },
        ..config(folder, clock)
    }
}

/// Somebody who calls the door.
#[derive(Clone)]
pub struct Client {
    router: Slot,
    caller: Option<Caller>,
    pub token: Option<String>,
}

/// A body of which nothing comes for as long as the first half is kept.
pub fn body_that_never_comes() -> (Sender<Bytes>, Body) {
    let (sender, body) = Channel::new(1);
    (sender, Body::new(body))
}

impl Client {
    /// The same caller with the session of a sign-in's answer.
    pub fn signed_in(&self, answer: &Value) -> Client {
        Client {
            token: answer["token"].as_str().map(str::to_owned),
            ..self.clone()
        }
    }

    /// The same caller with somebody else's token.
    pub fn holding(&self, token: Option<String>) -> Client {
        Client {
            token,
            ..self.clone()
        }
    }

    pub async fn sign_in(&self, staff: &str, pin: &str) -> (StatusCode, Value) {
        self.post("/api/v1/sessions", json!({"staff": staff, "pin": pin}))
            .await
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> (StatusCode, Value) {
        self.call(Method::DELETE, path, None).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let bytes = body.map(|b| b.to_string().into_bytes()).unwrap_or_default();
        self.send(method, path, "application/json", bytes, &[("x-chandi", "1")])
            .await
    }

    /// The request as it is, for those who mean harm.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> (StatusCode, Value) {
        let (status, bytes) = self.fetch(method, path, content_type, body, headers).await;
        let value = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        (status, value)
    }

    /// The answer as it is: a picture, a file.
    pub async fn fetch(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<Body>,
        headers: &[(&str, &str)],
    ) -> (StatusCode, Vec<u8>) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, content_type);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header(header::HOST, "127.0.0.1:8650");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let mut request = request.body(body.into()).expect("a request that can be built");
        if let Some(caller) = &self.caller {
            request.extensions_mut().insert(caller.clone());
        }
        let router = self.router.lock().expect("no client panicked").clone();
        let router = router.expect("a node that is open");
        let response = match router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let bytes = response
            .into_body()
            .collect()
            .await
            .expect("a body that ends")
            .to_bytes();
        (status, bytes.to_vec())
    }

    /// A request that came by this name of the machine.
    pub async fn send_as(&self, host: &str, method: Method, path: &str) -> (StatusCode, Value) {
        self.send(method, path, "text/plain", vec![], &[("host", host)])
            .await
    }

    /// Adds a product and gives its id.
    pub async fn product(&self, name: &str, price_minor: i64) -> Uuid {
        let id = new_id();
        let (status, answer) = self
            .post(
                "/api/v1/products",
                json!({"id": id, "name": name, "price_minor": price_minor}),
            )
            .await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        id
    }

    /// Adds somebody and gives their id.
    pub async fn staff(&self, name: &str, role: &str, pin: &str) -> Uuid {
        let id = new_id();
        let body = json!({"id": id, "name": name, "role": role, "pin": pin});
        let (status, answer) = self.post("/api/v1/staff", body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        id
    }

    /// Adds to the open cart and gives it back.
    pub async fn add_to_cart(&self, product: Uuid, quantity: &str) -> Value {
        let change = json!({"kind": "add", "product": product, "quantity": quantity});
        let (status, cart) = self
            .post("/api/v1/cart/changes", json!({"id": new_id(), "change": change}))
            .await;
        assert_eq!(status, StatusCode::OK, "{cart}");
        cart
    }

    /// Sells these products, each (id, quantity), and gives the order.
    pub async fn sell(&self, goods: &[(Uuid, &str)]) -> Value {
        let lines: Vec<Value> = goods
            .iter()
            .map(|(product, quantity)| json!({"product": product, "quantity": quantity}))
            .collect();
        let body = json!({
            "id": new_id(), "lines": lines, "tenders": [{"id": new_id(), "method": "cash"}]
        });
        let (status, order) = self.post("/api/v1/orders", body).await;
        assert_eq!(status, StatusCode::CREATED, "{order}");
        order
    }

    /// Opens an order at this counter by its QR.
    pub async fn redeem(&self, order: &Value) -> (StatusCode, Value) {
        let body = json!({"id": new_id(), "code": order["token"]["code"]});
        self.post("/api/v1/tokens/redeem", body).await
    }

    /// Hands over: each line as (line, given, missing).
    pub async fn hand_over(
        &self,
        order: &Value,
        lines: &[(u32, &str, &str)],
        missing_as: &str,
    ) -> (StatusCode, Value) {
        let lines: Vec<Value> = lines
            .iter()
            .map(|(line, given, missing)| json!({"line": line, "given": given, "missing": missing}))
            .collect();
        let body = json!({"id": new_id(), "lines": lines, "missing_as": missing_as});
        self.post(&order_path(order, "handovers"), body).await
    }

    /// Pays back: each line as (line, quantity).
    pub async fn refund(&self, order: &Value, lines: &[(u32, &str)]) -> (StatusCode, Value) {
        let lines: Vec<Value> = lines
            .iter()
            .map(|(line, quantity)| json!({"line": line, "quantity": quantity}))
            .collect();
        self.post(
            &order_path(order, "refunds"),
            json!({"id": new_id(), "lines": lines}),
        )
        .await
    }

    /// The order as it is now.
    pub async fn order(&self, order: &Value) -> Value {
        let (status, now) = self
            .get(&format!(
                "/api/v1/orders/{}",
                order["id"].as_str().expect("an id")
            ))
            .await;
        assert_eq!(status, StatusCode::OK, "{now}");
        now
    }

    /// Pays the open cart in cash and gives the order.
    pub async fn pay_cash(&self, cart: &Value) -> Value {
        let body = json!({
            "id": new_id(), "cart": cart["id"], "expected_total_minor": cart["total_minor"],
            "tenders": [{"id": new_id(), "method": "cash"}]
        });
        let (status, order) = self.post("/api/v1/orders", body).await;
        assert_eq!(status, StatusCode::CREATED, "{order}");
        order
    }
}

/// The path of something that belongs to an order.
pub fn order_path(order: &Value, what: &str) -> String {
    format!(
        "/api/v1/orders/{}/{what}",
        order["id"].as_str().expect("an order's id")
    )
}

/// The bytes behind base64url without padding, as JWTs have it.
pub fn from_base64url(text: &str) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}
