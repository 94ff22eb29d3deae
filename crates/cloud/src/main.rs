//! `chandi-hub`: keeps the facts of many shops and gives them to their devices.
//!
//! Reads arguments, opens the books, serves until it is told to stop, ends. The hub itself is in `hub`.

mod edges;

use axum_server::{Handle, tls_rustls::RustlsConfig};
use hub::{Books, Hub, Limits, Organisation, Postgres, Sqlite};
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
  chandi-hub invite --organisation NAME [--shops N] [--devices N] [--days N] (--data DIR | --database-url URL)
      prints a word with which N shops (1) can be registered within N days (14), each with up to N devices (100)
  chandi-hub suspend --organisation NAME (--data DIR | --database-url URL), and resume
      refuses its shops, or takes them again
  chandi-hub verify (--data DIR | --database-url URL)
      checks that all that is kept is what devices signed

ADDR is 127.0.0.1:8660 unless it is given. Another machine is only served over TLS:
  --cert FILE --key FILE   its own, from PEM files
  --behind-proxy           a proxy before it does TLS and writes x-forwarded-for
--per-device N and --per-address N are requests a second (50 and 400).
With --data, invite, suspend and verify want the hub stopped. The database's address can also stand in
CHANDI_HUB_DATABASE_URL, where other people of the machine do not see it. CHANDI_LOG=debug says more.";

#[derive(Default)]
struct Arguments {
    command: Option<String>,
    data: Option<PathBuf>,
    database_url: Option<String>,
    listen: Option<SocketAddr>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    behind_proxy: bool,
    organisation: Option<String>,
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
            "--listen" => arguments.listen = Some(number(&name, &value()?)?),
            "--cert" => arguments.cert = Some(value()?.into()),
            "--key" => arguments.key = Some(value()?.into()),
            "--behind-proxy" => arguments.behind_proxy = true,
            "--organisation" => arguments.organisation = Some(value()?),
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
        Some("verify") => verify(&books).await,
        Some(other) => Err(format!("{other} is not known\n\n{USAGE}")),
    }
}

async fn invite(books: &impl Books, arguments: &Arguments) -> Result<ExitCode, String> {
    let name = arguments.organisation.clone().ok_or("name the --organisation")?;
    let shops = arguments.shops.unwrap_or(1);
    let now = edges::now();
    let until = now.plus_ms(i64::from(arguments.days.unwrap_or(14)) * 86_400_000);
    let organisation = Organisation {
        name,
        most_shops: shops,
        most_devices: arguments.devices.unwrap_or(100),
    };
    let word = edges::word()?;
    books
        .invite(&organisation, hub::word_hash(&word), shops, until, now)
        .await
        .map_err(|e| e.to_string())?;
    say(&word);
    Ok(ExitCode::SUCCESS)
}

async fn verify(books: &impl Books) -> Result<ExitCode, String> {
    let (facts, findings) = hub::verify(books).await.map_err(|e| e.to_string())?;
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
    let hub = Hub::new(books, limits, edges::now);
    let service =
        hub::router(hub.clone(), arguments.behind_proxy).into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    tokio::spawn(stop(hub.clone(), handle.clone()));
    let announced = tokio::spawn(announce(handle.clone(), tls.is_some()));
    let beside = tokio::spawn({
        let hub = hub.clone();
        async move { hub.run().await }
    });
    let outcome = match tls {
        Some(tls) => {
            axum_server::bind_rustls(listen, tls)
                .handle(handle)
                .serve(service)
                .await
        }
        None => axum_server::bind(listen).handle(handle).serve(service).await,
    };
    beside.abort();
    announced.abort();
    outcome.map_err(|e| format!("{listen}: {e}"))?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
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
