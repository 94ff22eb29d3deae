//! `chandi-node`: the same core and screens without windows, for browsers and servers.
//!
//! `chandi-node --data DIR --listen ADDR [--demo]` serves; `chandi-node verify --data DIR` checks the books.

use api::Door;
use app::{
    App, Config,
    setup::Setup,
    sharing::{ChangeSharing, Reached},
};
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tracing_subscriber::EnvFilter;

const USAGE: &str = "\
chandi-node: Chandi without windows

  chandi-node --data DIR --listen ADDR [--demo] [--no-keyring] [--peer URL]...
      [--authority URL] [--hub URL [--invitation WORD]]
      [--share] [--share-port PORT] [--neighbour IP:PORT]...
      serves the till to browsers of this machine and prints its address as one line of JSON;
      with --demo it makes a demo shop when DIR holds none, and prints its people with their PINs;
      with --share it can be reached on the LAN, by browsers and the shop's other devices, until somebody turns that off;
      with --neighbour, which may be said again, it looks for another device of the shop at an address;
      with --peer, once for each, it looks for the branch's other devices there: one of them decides who has an order;
      with --authority it asks the node at URL before it hands an order over;
      with --hub it keeps its books and those of the shop's other devices alike through the hub at URL, until it ends;
      with the --invitation that the hub's operator gave it brings the shop there first, for all its devices to follow
  chandi-node admit --data DIR --into OTHER [--no-keyring]
      admits a second counter of this branch and writes its data folder OTHER, from the books as they are now
  chandi-node verify --data DIR [--no-keyring]
      checks every series, every signature, and that the views are what the facts say
  chandi-node fingerprints --data DIR [--no-keyring]
      prints what each view comes to: devices with the same facts print the same
  chandi-node openapi
      prints the description of the API

ADDR is 127.0.0.1:PORT; port 0 takes a free one. CHANDI_LOG=debug says more on standard error.
For rehearsals, CHANDI_CLOCK_OFFSET_MS=600000 goes by a clock that is ten minutes fast.";

/// How long the first line waits for the LAN's door.
const SHARING: Duration = Duration::from_secs(3);

struct Arguments {
    data: PathBuf,
    listen: SocketAddr,
    demo: bool,
    keyring: bool,
    authority: Option<String>,
    peers: Vec<String>,
    hub: Option<String>,
    invitation: Option<String>,
    share: bool,
    share_port: Option<u16>,
    neighbours: Vec<String>,
    into: Option<PathBuf>,
    command: Command,
}

#[derive(PartialEq)]
enum Command {
    Serve,
    Verify,
    Admit,
    Fingerprints,
    OpenApi,
    Help,
}

fn arguments() -> Result<Arguments, String> {
    let mut arguments = Arguments {
        data: PathBuf::from("chandi-data"),
        listen: SocketAddr::from(([127, 0, 0, 1], 8650)),
        demo: false,
        keyring: true,
        authority: None,
        peers: vec![],
        hub: None,
        invitation: None,
        share: false,
        share_port: None,
        neighbours: vec![],
        into: None,
        command: Command::Serve,
    };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut value = || given.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--data" => arguments.data = value()?.into(),
            "--listen" => {
                let text = value()?;
                arguments.listen = text
                    .parse()
                    .map_err(|_| format!("{text} is not an address like 127.0.0.1:8650"))?;
            }
            "--demo" => arguments.demo = true,
            "--no-keyring" => arguments.keyring = false,
            "--peer" => arguments.peers.push(value()?),
            "--authority" => arguments.authority = Some(value()?),
            "--hub" => arguments.hub = Some(value()?),
            "--invitation" => arguments.invitation = Some(value()?),
            "--share" => arguments.share = true,
            "--share-port" => {
                let text = value()?;
                let port = text.parse().map_err(|_| format!("{text} is not a port"))?;
                (arguments.share, arguments.share_port) = (true, Some(port));
            }
            "--neighbour" => arguments.neighbours.push(value()?),
            "--into" => arguments.into = Some(value()?.into()),
            "admit" => arguments.command = Command::Admit,
            "fingerprints" => arguments.command = Command::Fingerprints,
            "verify" => arguments.command = Command::Verify,
            "openapi" => arguments.command = Command::OpenApi,
            "--help" | "-h" | "help" => arguments.command = Command::Help,
            other => return Err(format!("{other} is not known\n\n{USAGE}")),
        }
    }
    Ok(arguments)
}

fn main() {
    app::edges::return_big_blocks();
    let filter = EnvFilter::try_from_env("CHANDI_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let worked = arguments().and_then(run).unwrap_or_else(|sentence| {
        eprintln!("chandi-node: {sentence}");
        false
    });
    app::edges::end(u8::from(!worked))
}

/// Whether all was as it should be.
fn run(arguments: Arguments) -> Result<bool, String> {
    match arguments.command {
        Command::Help => {
            say(USAGE);
            Ok(true)
        }
        Command::OpenApi => {
            say(&api::openapi().to_pretty_json().map_err(|e| e.to_string())?);
            Ok(true)
        }
        Command::Verify => verify(&arguments),
        Command::Admit => admit(&arguments),
        Command::Fingerprints => fingerprints(&arguments),
        Command::Serve => serve(&arguments),
    }
}

fn open(arguments: &Arguments) -> Result<App, String> {
    let mut config = Config::new(&arguments.data);
    config.use_keyring = arguments.keyring;
    config.at_rest = !matches!(arguments.command, Command::Serve);
    if let Ok(text) = std::env::var("CHANDI_CLOCK_OFFSET_MS") {
        let wrong = || format!("CHANDI_CLOCK_OFFSET_MS cannot be {text}");
        let offset: i64 = text.parse().map_err(|_| wrong())?;
        let right = config.edges.now.clone();
        config.edges.now = Arc::new(move || right().plus_ms(offset));
    }
    App::open(config).map_err(|e| e.to_string())
}

fn verify(arguments: &Arguments) -> Result<bool, String> {
    let app = open(arguments)?;
    let shop = app.try_shop().ok_or("there is no shop in this data folder")?;
    let verified = shop.store().verify().map_err(|e| e.to_string())?;
    say(&format!(
        "{} facts of {} devices checked, {} set aside",
        verified.facts, verified.devices, verified.quarantined
    ));
    for fault in &verified.faults {
        say(&format!("FAULT: {fault}"));
    }
    if verified.faults.is_empty() {
        say("The chain is whole, every transaction is signed, and the views are what the facts say.");
    }
    Ok(verified.faults.is_empty())
}

fn admit(arguments: &Arguments) -> Result<bool, String> {
    let into = arguments.into.as_ref().ok_or("admit needs --into OTHER")?;
    open(arguments)?.admit_into(into).map_err(|e| e.to_string())?;
    say(&format!("{} is a counter of this branch now.", into.display()));
    Ok(true)
}

fn fingerprints(arguments: &Arguments) -> Result<bool, String> {
    let app = open(arguments)?;
    let shop = app.try_shop().ok_or("there is no shop in this data folder")?;
    for (view, rows, hash) in shop.store().fingerprints().map_err(|e| e.to_string())? {
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        say(&format!("{view} {rows} {hash}"));
    }
    Ok(true)
}

fn serve(arguments: &Arguments) -> Result<bool, String> {
    let app = open(arguments)?;
    if arguments.demo && app.try_shop().is_none() {
        let id = app.edges().new_id();
        let setup = Setup::Demo {
            id,
            language: "en".to_owned(),
            seat: None,
        };
        let signed_in = app
            .set_up(&setup, &app::sessions::Place::Window)
            .map_err(|e| e.to_string())?;
        // Nobody holds this session's secret.
        let shop = app.shop().map_err(|e| e.to_string())?;
        shop.end_session(domain::ids::SessionId::from_uuid(signed_in.id))
            .map_err(|e| e.to_string())?;
    }
    if let Some(address) = &arguments.authority {
        let shop = app.shop().map_err(|e| e.to_string())?;
        sync::appoint(&shop, address).map_err(|e| e.to_string())?;
    }
    if let Some(address) = &arguments.hub {
        let shop = app.shop().map_err(|e| e.to_string())?;
        match &arguments.invitation {
            Some(word) => {
                let address = sync::register(&shop, address, word).map_err(|e| e.to_string())?;
                shop.keep_hub(None, app.edges().new_id(), &address)
                    .map_err(|e| e.to_string())?;
            }
            None => shop.follow_hub(address).map_err(|e| e.to_string())?,
        }
    }
    sync::connect(&app);
    if arguments.share || !arguments.neighbours.is_empty() {
        let shop = app.shop().map_err(|e| e.to_string())?;
        if let Some(port) = arguments.share_port {
            shop.keep_sharing(|wanted| wanted.port = Some(port))
                .map_err(|e| e.to_string())?;
        }
        let typed = (!arguments.neighbours.is_empty()).then(|| arguments.neighbours.clone());
        let on = arguments.share.then_some(true);
        shop.change_sharing(&ChangeSharing { on, typed })
            .map_err(|e| e.to_string())?;
    }
    let door = Door::over(app);
    if arguments.authority.is_none() {
        api::lead(&door, &arguments.peers).map_err(|e| e.to_string())?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(16)
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    let ended = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(arguments.listen)
            .await
            .map_err(|e| format!("{} cannot be listened on: {e}", arguments.listen))?;
        let address = listener.local_addr().map_err(|e| e.to_string())?;
        door.app().listens_at(vec![format!("http://{address}")]);
        let sharing = tokio::spawn(api::share(door.clone()));
        if let Some(shop) = door.app().try_shop() {
            shop.sharing().settled(SHARING).await;
        }
        announce(&door, address)?;
        let ended = tokio::select! {
            ended = api::serve(door, listener) => ended.map_err(|e| e.to_string()),
            () = asked_to_stop() => Ok(()),
        };
        sharing.abort();
        ended
    });
    // Its drop would call off work that waits for its turn, and tell whoever asked for it that something broke. They are
    // left unanswered instead, as by a power cut, and ask again.
    std::mem::forget(runtime);
    ended.map(|()| true)
}

/// One line of JSON on standard output: where to go, and in the demo as whom.
fn announce(door: &Door, address: SocketAddr) -> Result<(), String> {
    let staff = match door.app().try_shop() {
        Some(shop) if shop.is_demo() => {
            let lock = shop.lock_view().map_err(|e| e.to_string())?;
            lock.staff
                .into_iter()
                .map(
                    |s| serde_json::json!({"staff": s.id, "name": s.name, "role": s.role, "pin": s.demo_pin}),
                )
                .collect()
        }
        _ => vec![],
    };
    let mut said = serde_json::json!({"address": format!("http://{address}"), "staff": staff});
    match door.app().try_shop().map(|shop| shop.sharing().reached()) {
        Some(Reached::On { port, .. }) => said["lan_port"] = port.into(),
        Some(Reached::Failed { why, .. }) => said["lan_failed"] = why.into(),
        Some(Reached::Off) | None => {}
    }
    say(&said.to_string());
    Ok(())
}

async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler the system's own end of the process is as good: everything acknowledged is on the disk.
    let _ = tokio::signal::ctrl_c().await;
}

#[allow(clippy::print_stdout, reason = "this is what the program answers with")]
fn say(line: &str) {
    println!("{line}");
}
