//! `chandi-hub`: keeps the facts of many shops and gives them to their devices.
//!
//! Reads arguments, opens the books, serves until it is told to stop, ends. The hub itself is in `hub`.

mod edges;
mod owners_key;
mod page;
mod patience;

use axum_server::{
    Handle,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use hub::{
    Books, Hub, Limits, Organisation, Postgres, Sqlite,
    files::{self, Files, Folder},
    owners::WrongKey,
    segments::Sealing,
};
use hyper_util::rt::TokioTimer;
use patience::Patient;
use std::{
    io::Write,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use tracing_subscriber::EnvFilter;

const USAGE: &str = "\
chandi-hub: keeps the facts of shops for their devices

  chandi-hub --data DIR [--listen ADDR]
      serves from one file in DIR
  chandi-hub --database-url URL [--listen ADDR]
      serves from PostgreSQL; as many of them as you like beside each other
  chandi-hub invite --organisation NAME [--shops N] [--devices N] [--days N] [--backups-gb N]
                    (--data DIR | --database-url URL)
      prints a word with which N shops (1) can be registered within N days (14), each with up to N devices (100) and
      all of them together with up to N GB of backups (50); of an organisation that is there, what is not said stays
  chandi-hub suspend --organisation NAME (--data DIR | --database-url URL), and resume
      refuses its shops, or takes them again
  chandi-hub confirm --code CODE (--data DIR | --database-url URL)
      says yes to the code with which an owner makes a login, when no owner of the shop can
  chandi-hub forget-logins (--data DIR | --database-url URL)
      takes all logins of owners away, for when the key of their second factors is lost
  chandi-hub verify (--data DIR | --database-url URL) [--store …]
      checks that all that is kept is what devices signed
  chandi-hub seal --store … [--hot N] (--data DIR | --database-url URL)
      moves all but the newest N facts (5000) of each device out of the books into the store

ADDR is 127.0.0.1:8660 unless it is given. Another machine is only served over TLS:
  --cert FILE --key FILE   its own, from PEM files
  --behind-proxy           a proxy before it does TLS and writes x-forwarded-for
--store DIR, or --store 's3://BUCKET/PREFIX?endpoint=https://…&region=…', is where files go: backups of shops, and
old facts, which a running hub moves there by itself, all but the newest N of each device with --hot N. Without it
backups lie in DIR/files beside the books in DIR, and with a database there are none. A store at an S3 service wants
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without an endpoint it is Amazon's.
The second factors of owners are sealed in the books under a key that is not in them: DIR/owners.key, made at the first
start, or --owners-key FILE, or the 64 digits in CHANDI_HUB_OWNERS_KEY. With a database one of the two has to be given,
the same to all instances. Keep a copy of it, and not where copies of the books are.
--per-device N and --per-address N are requests a second (50 and 400).
With --data, invite, suspend, confirm, forget-logins, seal and verify want the hub stopped. The database's address can also stand in
CHANDI_HUB_DATABASE_URL, where other people of the machine do not see it. CHANDI_LOG=debug says more.";

const GB: u64 = 1_000_000_000;
/// How long the head of the next request may take; longer than proxies keep a connection that nobody uses.
const HEADERS: Duration = Duration::from_secs(150);

#[derive(Default)]
struct Arguments {
    command: Option<String>,
    data: Option<PathBuf>,
    database_url: Option<String>,
    store: Option<String>,
    backups_gb: Option<u32>,
    hot: Option<u64>,
    listen: Option<SocketAddr>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    owners_key: Option<PathBuf>,
    behind_proxy: bool,
    organisation: Option<String>,
    code: Option<String>,
    shops: Option<u32>,
    devices: Option<u32>,
    days: Option<u32>,
    connections: Option<usize>,
    per_device: Option<NonZeroU32>,
    per_address: Option<NonZeroU32>,
}

fn arguments() -> Result<Arguments, String> {
    let mut arguments = Arguments {
        database_url: std::env::var("CHANDI_HUB_DATABASE_URL").ok(),
        ..Arguments::default()
    };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let mut value = || given.next().ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--data" => arguments.data = Some(value()?.into()),
            "--database-url" => arguments.database_url = Some(value()?),
            "--store" => arguments.store = Some(value()?),
            "--hot" => arguments.hot = Some(number(&name, &value()?)?),
            "--backups-gb" => arguments.backups_gb = Some(number(&name, &value()?)?),
            "--listen" => arguments.listen = Some(number(&name, &value()?)?),
            "--cert" => arguments.cert = Some(value()?.into()),
            "--key" => arguments.key = Some(value()?.into()),
            "--owners-key" => arguments.owners_key = Some(value()?.into()),
            "--behind-proxy" => arguments.behind_proxy = true,
            "--organisation" => arguments.organisation = Some(value()?),
            "--code" => arguments.code = Some(value()?),
            "--shops" => arguments.shops = Some(number(&name, &value()?)?),
            "--devices" => arguments.devices = Some(number(&name, &value()?)?),
            "--days" => arguments.days = Some(number(&name, &value()?)?),
            "--connections" => arguments.connections = Some(number(&name, &value()?)?),
            "--per-device" => arguments.per_device = Some(number(&name, &value()?)?),
            "--per-address" => arguments.per_address = Some(number(&name, &value()?)?),
            "--help" | "-h" => arguments.command = Some("help".to_owned()),
            other if other.starts_with('-') || arguments.command.is_some() => {
                return Err(format!("{other} is not known\n\n{USAGE}"));
            }
            command => arguments.command = Some(command.to_owned()),
        }
    }
    Ok(arguments)
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{name} cannot be {text}\n\n{USAGE}"))
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("CHANDI_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => arguments().and_then(|arguments| runtime.block_on(run(arguments))),
        Err(error) => Err(error.to_string()),
    };
    match outcome {
        Ok(code) => code,
        Err(sentence) => {
            eprintln!("chandi-hub: {sentence}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, String> {
    if arguments.command.as_deref() == Some("help") {
        say(USAGE);
        return Ok(ExitCode::SUCCESS);
    }
    match (&arguments.data, &arguments.database_url) {
        (Some(folder), None) => {
            let books = Sqlite::open(folder).map_err(|e| e.to_string())?;
            with(books, &arguments).await
        }
        (None, Some(url)) => {
            let connections = arguments.connections.unwrap_or(16);
            let books = Postgres::open(url, connections)
                .await
                .map_err(|e| e.to_string())?;
            with(books, &arguments).await
        }
        _ => Err(format!("name either --data or --database-url\n\n{USAGE}")),
    }
}

async fn with(books: impl Books, arguments: &Arguments) -> Result<ExitCode, String> {
    match arguments.command.as_deref() {
        None => serve(books, arguments).await,
        Some("invite") => invite(&books, arguments).await,
        Some(way @ ("suspend" | "resume")) => {
            let name = arguments
                .organisation
                .as_deref()
                .ok_or("name the --organisation")?;
            match books.suspend(name, way == "suspend").await {
                Ok(true) => Ok(ExitCode::SUCCESS),
                Ok(false) => Err(format!("there is no organisation {name}")),
                Err(error) => Err(error.to_string()),
            }
        }
        Some("confirm") => {
            let code = arguments.code.as_deref().ok_or("name the --code")?;
            match books.decide_offer(None, hub::owners::code_hash(code), true).await {
                Ok(true) => Ok(ExitCode::SUCCESS),
                Ok(false) => Err("no such code waits for a yes".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        }
        Some("forget-logins") => {
            books.forget_logins().await.map_err(|e| e.to_string())?;
            say("all logins of owners are gone");
            Ok(ExitCode::SUCCESS)
        }
        Some("verify") => verify(&books, files(arguments)?).await,
        Some("seal") => seal(books, arguments).await,
        Some(other) => Err(format!("{other} is not known\n\n{USAGE}")),
    }
}

async fn invite(books: &impl Books, arguments: &Arguments) -> Result<ExitCode, String> {
    let name = arguments.organisation.clone().ok_or("name the --organisation")?;
    let shops = arguments.shops.unwrap_or(1);
    let now = edges::now();
    let until = now.plus_ms(i64::from(arguments.days.unwrap_or(14)) * 86_400_000);
    // What was said before stays unless it is said anew.
    let known = books.organisation(&name).await.map_err(|e| e.to_string())?;
    let usual = known.unwrap_or(Organisation {
        name,
        most_shops: shops,
        most_devices: 100,
        most_backup_bytes: 50 * GB,
    });
    let organisation = Organisation {
        most_shops: arguments.shops.unwrap_or(usual.most_shops),
        most_devices: arguments.devices.unwrap_or(usual.most_devices),
        most_backup_bytes: arguments
            .backups_gb
            .map_or(usual.most_backup_bytes, |gb| u64::from(gb) * GB),
        ..usual
    };
    let word = edges::word()?;
    books
        .invite(&organisation, hub::word_hash(&word), shops, until, now)
        .await
        .map_err(|e| e.to_string())?;
    say(&word);
    Ok(ExitCode::SUCCESS)
}

/// What is moved into the store, which is nothing unless one is named.
fn sealing(arguments: &Arguments) -> Option<Sealing> {
    let usual = Sealing::default();
    let hot = arguments.hot.unwrap_or(usual.hot);
    arguments.store.as_ref().map(|_| Sealing { hot, ..usual })
}

async fn seal(books: impl Books, arguments: &Arguments) -> Result<ExitCode, String> {
    let sealing = sealing(arguments).ok_or("name the --store")?;
    let hub = Hub::with(books, files(arguments)?, None, Limits::default(), edges::now);
    let now = Sealing { least: 1, ..sealing };
    let facts = hub.seal(&now).await.map_err(|e| e.to_string())?;
    say(&format!("{facts} facts were sealed"));
    Ok(ExitCode::SUCCESS)
}

async fn verify(books: &impl Books, files: Option<Arc<dyn Files>>) -> Result<ExitCode, String> {
    let (facts, findings) = hub::verify_with(books, files).await.map_err(|e| e.to_string())?;
    for finding in &findings {
        let device = finding
            .device
            .map_or_else(|| "its devices".to_owned(), |d| d.to_string());
        say(&format!(
            "shop {}, {device}, after fact {}: {}",
            finding.shop, finding.after, finding.what
        ));
    }
    match findings.len() {
        0 => {
            say(&format!(
                "{facts} facts, all of them as their devices signed them"
            ));
            Ok(ExitCode::SUCCESS)
        }
        count => {
            say(&format!("{facts} facts are good, {count} things are not"));
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn serve(books: impl Books, arguments: &Arguments) -> Result<ExitCode, String> {
    let listen = arguments
        .listen
        .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8660)));
    let tls = match (&arguments.cert, &arguments.key) {
        (Some(cert), Some(key)) => {
            // A provider that was set before is the same one.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let config = RustlsConfig::from_pem_file(cert, key).await;
            Some(config.map_err(|e| format!("the certificate or its key cannot be read: {e}"))?)
        }
        (None, None) => None,
        _ => return Err("--cert and --key go together".to_owned()),
    };
    if tls.is_none() && !arguments.behind_proxy && !is_this_machine(listen.ip()) {
        return Err(format!(
            "{listen} is open to other machines: give --cert and --key, or say --behind-proxy"
        ));
    }
    let usual = Limits::default();
    let limits = Limits {
        device_per_second: arguments.per_device.unwrap_or(usual.device_per_second),
        address_per_second: arguments.per_address.unwrap_or(usual.address_per_second),
        ..usual
    };
    let (data, file) = (arguments.data.as_deref(), arguments.owners_key.as_deref());
    let (key, called) = owners_key::of(&books, data, file).await?;
    let hub = Hub::with(books, files(arguments)?, Some(key), limits, edges::now);
    match hub.seal_owners().await {
        Ok(0) => {}
        Ok(sealed) => tracing::info!(sealed, "second factors of owners that lay open are sealed"),
        Err(WrongKey::Another) => return Err(format!("{called} is another key. {}", owners_key::in_need())),
        Err(error) => return Err(error.to_string()),
    }
    let secure = tls.is_some() || arguments.behind_proxy;
    let router = hub::router(hub.clone(), arguments.behind_proxy)
        .merge(hub::office::router(hub.clone(), arguments.behind_proxy, secure))
        .merge(page::router());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    tokio::spawn(stop(hub.clone(), handle.clone()));
    let announced = tokio::spawn(announce(handle.clone(), tls.is_some()));
    let beside = tokio::spawn({
        let hub = hub.clone();
        let sealing = sealing(arguments);
        async move {
            let seals = async {
                if let Some(sealing) = sealing {
                    hub.keep_sealing(&sealing).await;
                }
            };
            tokio::join!(hub.run(), seals);
        }
    });
    let mut server = axum_server::bind(listen).handle(handle);
    server
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS);
    let outcome = match tls {
        Some(tls) => {
            let accepts = RustlsAcceptor::new(tls).acceptor(Patient);
            server.acceptor(accepts).serve(service).await
        }
        None => server.acceptor(Patient).serve(service).await,
    };
    beside.abort();
    announced.abort();
    outcome.map_err(|e| format!("{listen}: {e}"))?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Where files go, if anywhere.
fn files(arguments: &Arguments) -> Result<Option<Arc<dyn Files>>, String> {
    let beside = arguments.data.as_ref().map(|data| data.join("files"));
    let opened = match (&arguments.store, &beside) {
        (Some(place), _) => files::open(place),
        (None, Some(folder)) => Folder::open(folder).map(|folder| Arc::new(folder) as Arc<dyn Files>),
        (None, None) => return Ok(None),
    };
    opened
        .map(Some)
        .map_err(|e| format!("the store cannot be used: {e}"))
}

fn is_this_machine(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback()),
    }
}

async fn announce(handle: Handle<SocketAddr>, tls: bool) {
    if let Some(address) = handle.listening().await {
        let scheme = if tls { "https" } else { "http" };
        say(&format!("{{\"address\": \"{scheme}://{address}\"}}"));
        tracing::info!(%address, tls, "listening");
    }
}

/// Told to stop, it takes no new requests, ends those that are under way, and lets nobody wait longer.
async fn stop(hub: Arc<Hub<impl Books>>, handle: Handle<SocketAddr>) {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        match terminated {
            Ok(mut terminated) => {
                tokio::select! {
                    _ = interrupted => {}
                    _ = terminated.recv() => {}
                }
            }
            Err(error) => {
                tracing::warn!(%error, "only Ctrl+C stops it");
                let _ = interrupted.await;
            }
        }
    }
    #[cfg(not(unix))]
    let _ = interrupted.await;
    tracing::info!("stopping");
    hub.stop();
    handle.graceful_shutdown(Some(Duration::from_secs(20)));
}

#[allow(clippy::print_stdout, reason = "who started it reads its answer there")]
fn say(text: &str) {
    // Whoever read it may have gone; the hub goes on.
    let _ = writeln!(std::io::stdout(), "{text}");
}
