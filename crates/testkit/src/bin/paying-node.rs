//! The demo shop behind a gateway and a clock of the tests, for the browser suite. No release contains it: it belongs to the
//! testkit, and so does the gateway.
//!
//! It speaks like `chandi-node` on its first line, and takes one command a line on standard input: `will MANNER`,
//! `speak`, `silent`, `late PAYMENT`, `decline PAYMENT`, and `forward MILLISECONDS` for the clock.

use api::Door;
use app::{App, Config, edges::Edges, payments::PaymentLimits, setup::Setup};
use connect::gateway::Gateways;
use domain::time::Moment;
use std::{
    io::BufRead,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use testkit::gateway::{Manner, Simulator};

fn main() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let (mut data, mut listen) = (None, "127.0.0.1:0".to_owned());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--data" => data = arguments.next(),
            "--listen" => listen = arguments.next().ok_or("--listen needs an address")?,
            "--demo" | "--no-keyring" => {}
            other => return Err(format!("{other} is not known")),
        }
    }
    let simulator = Simulator::default();
    let ahead = Arc::new(AtomicI64::new(0));
    let (system, by) = (Edges::system(), ahead.clone());
    let edges = Edges {
        now: Arc::new(move || Moment(system.now().0 + by.load(Ordering::SeqCst))),
        ..Edges::system()
    };
    let config = Config {
        edges,
        use_keyring: false,
        gateways: Gateways::new(vec![Arc::new(simulator.clone())]),
        payment_limits: PaymentLimits {
            between: Duration::from_millis(100),
            questions: 600,
            again: Duration::from_millis(300),
            again_at_most: Duration::from_millis(600),
        },
        ..Config::new(data.ok_or("--data is needed")?)
    };
    let app = App::open(config).map_err(|e| e.to_string())?;
    if app.try_shop().is_none() {
        let setup = Setup::Demo {
            id: app.edges().new_id(),
            language: "en".to_owned(),
            seat: None,
        };
        app.set_up(&setup, &app::sessions::Place::Window)
            .map_err(|e| e.to_string())?;
    }
    std::thread::spawn(move || obey(&simulator, &ahead));
    let door = Door::over(app);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(&listen)
            .await
            .map_err(|e| e.to_string())?;
        let address = listener.local_addr().map_err(|e| e.to_string())?;
        let shop = door.app().shop().map_err(|e| e.to_string())?;
        let lock = shop.lock_view().map_err(|e| e.to_string())?;
        let staff: Vec<_> = lock
            .staff
            .into_iter()
            .map(|s| serde_json::json!({"staff": s.id, "name": s.name, "role": s.role, "pin": s.demo_pin}))
            .collect();
        drop(shop);
        say(&serde_json::json!({"address": format!("http://{address}"), "staff": staff}).to_string());
        api::serve(door, listener).await.map_err(|e| e.to_string())
    })
}

/// What the test wants of the gateway and of the clock.
fn obey(simulator: &Simulator, ahead: &AtomicI64) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("will", "wait") => simulator.will(&[Manner::Waits]),
            ("will", "silent") => simulator.will(&[Manner::Silent]),
            ("will", "charge_silently") => simulator.will(&[Manner::ChargesSilently]),
            ("will", "decline") => simulator.will(&[Manner::Declines]),
            ("will", "charge") => simulator.will(&[Manner::Charges]),
            ("forward", ms) => match ms.parse() {
                Ok(ms) => drop(ahead.fetch_add(ms, Ordering::SeqCst)),
                Err(_) => eprintln!("{ms} is no time"),
            },
            ("speak", _) => simulator.speak(),
            ("silent", _) => simulator.fall_silent(),
            ("late", id) => with(id, |id| simulator.charge_late(id)),
            ("decline", id) => with(id, |id| simulator.decline(id)),
            (other, _) => eprintln!("{other} is not known"),
        }
    }
}

fn with(id: &str, act: impl FnOnce(uuid::Uuid)) {
    match id.parse() {
        Ok(id) => act(id),
        Err(_) => eprintln!("{id} is no id"),
    }
}

#[allow(clippy::print_stdout, reason = "this is what the program answers with")]
fn say(line: &str) {
    println!("{line}");
}
