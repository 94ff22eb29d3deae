//! Ten thousand branches at one hub on PostgreSQL: what one of them costs in CPU, memory and disk. It sizes an
//! installation.
#![cfg(unix)]
#![allow(clippy::float_arithmetic, reason = "figures for people, never money")]

use crate::{
    Arguments, disk,
    hub::{Connection, Hub, cpu_of, hub_tests::Device, in_time, invite, postgres, signed},
    table::Row,
    work::micros,
};
use domain::ids::ShopId;
use journal::{
    Vector,
    exchange::{Pull, Push},
};
use std::{path::Path, sync::Arc, thread, time::Duration};

/// Each a shop of its own, with one device: nothing that one of them does warms a cache for another.
const BRANCHES: usize = 10_000;
const CONNECTIONS: usize = 16;
/// A sale of five lines with its payment: its facts and their bytes.
const FACTS: usize = 6;
const BODY: usize = 90;
const SALES: usize = 4;
/// How many devices wait for news at once, each on a connection of its own.
const WAITING: usize = 1_000;

fn shop(n: usize) -> ShopId {
    let mut id = [0x5a; 16];
    id[..8].copy_from_slice(&(n as u64).to_be_bytes());
    ShopId::from_bytes(id)
}

/// Resident memory of a process, in bytes.
fn memory_of(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmRSS:")?
                .split_whitespace()
                .next()?
                .parse::<u64>()
                .ok()
        })
        .map_or(0, |kilobytes| kilobytes * 1024)
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => bytes_below(&entry.path()),
            _ => entry.metadata().map_or(0, |m| m.len()),
        })
        .sum()
}

/// Sends every request over a few connections, in the order of the branches; says how long each took.
fn send(address: &str, requests: Vec<Vec<u8>>) -> Result<Vec<Duration>, String> {
    let requests = Arc::new(requests);
    let senders: Vec<_> = (0..CONNECTIONS)
        .map(|first| {
            let (address, requests) = (address.to_owned(), requests.clone());
            thread::spawn(move || -> Result<Vec<Duration>, String> {
                let mut connection = Connection::to(&address)?;
                requests
                    .iter()
                    .skip(first)
                    .step_by(CONNECTIONS)
                    .map(|request| Ok(in_time(|| connection.ask(request))?.1))
                    .collect()
            })
        })
        .collect();
    let mut took = Vec::with_capacity(requests.len());
    for sender in senders {
        took.extend(sender.join().map_err(|_| "a connection ended".to_owned())??);
    }
    Ok(took)
}

struct Cost {
    took: Duration,
    each: Vec<Duration>,
    hub: Duration,
    engine: Duration,
}

fn cost_of(hub: &Hub, engine: u32, requests: Vec<Vec<u8>>) -> Result<Cost, String> {
    let before = (cpu_of(hub.child.id(), false), cpu_of(engine, true));
    let (each, took) = in_time(|| send(&hub.address, requests))?;
    Ok(Cost {
        took,
        each,
        hub: cpu_of(hub.child.id(), false).saturating_sub(before.0),
        engine: cpu_of(engine, true).saturating_sub(before.1),
    })
}

pub fn measure(arguments: &Arguments, rows: &mut Vec<Row>) -> Result<(), String> {
    eprintln!("  hub: ten thousand branches");
    let folder = std::env::temp_dir().join("chandi-bench-scale");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|e| e.to_string())?;
    }
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    let server = postgres::Server::start(&folder, &["shared_buffers=256MB", "max_wal_size=2GB"]);
    let books = ["--database-url".to_owned(), server.database("hub")];
    let engine = server.process().ok_or("the server ended")?;
    let program = arguments.node.with_file_name("chandi-hub");
    let outcome = measure_at(&program, &books, engine, &folder, rows);
    drop(server);
    std::fs::remove_dir_all(&folder).map_err(|e| e.to_string())?;
    outcome
}

fn measure_at(
    program: &Path,
    books: &[String],
    engine: u32,
    folder: &Path,
    rows: &mut Vec<Row>,
) -> Result<(), String> {
    let word = invite(program, books, BRANCHES)?;
    let hub = Hub::start(program, books)?;
    let mut devices: Vec<Device> = (0..BRANCHES).map(|n| Device::new(shop(n), 1)).collect();
    let empty = memory_of(hub.child.id());

    let registering = devices.iter_mut().map(|device| {
        device.found(false);
        signed(device, "/sync/v1/shops", &device.registration(&word))
    });
    let registered = cost_of(&hub, engine, registering.collect())?;
    rows.push(Row {
        work: "10,000 branches: registered, each a shop of its own",
        goal: "",
        figure: format!("{:.0} /s", BRANCHES as f64 / registered.took.as_secs_f64()),
    });

    let before = bytes_below(folder);
    let mut sold = vec![];
    for _ in 0..SALES {
        let selling = devices.iter_mut().map(|device| {
            let from = device.written.len();
            device.sell(FACTS, BODY);
            let from = if from == 1 { 0 } else { from };
            let push = Push {
                series: vec![device.chunk(from)],
            };
            signed(device, "/sync/v1/push", &push.encode())
        });
        sold.push(cost_of(&hub, engine, selling.collect())?);
    }
    let facts = (BRANCHES * SALES * FACTS) as f64;
    let took: Duration = sold.iter().map(|cost| cost.took).sum();
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / facts;
    let mut times: Vec<Duration> = sold.iter().flat_map(|cost| cost.each.iter().copied()).collect();
    rows.push(Row {
        work: "10,000 branches: a sale of 6 facts each, in turn, 16 connections",
        goal: "≥ 7,000 facts/s (five times a day's mean)",
        figure: format!(
            "{:.0} facts/s; median {}, p99 {}; CPU a fact {:.1} µs in the hub, {:.1} µs in the engine",
            facts / took.as_secs_f64(),
            micros(disk::at_share(&mut times, 50)),
            micros(disk::at_share(&mut times, 99)),
            each(sold.iter().map(|cost| cost.hub).sum()),
            each(sold.iter().map(|cost| cost.engine).sum()),
        ),
    });
    rows.push(Row {
        work: "10,000 branches: disk a fact, with indexes and the engine's log",
        goal: "",
        figure: format!(
            "{:.0} bytes",
            bytes_below(folder).saturating_sub(before) as f64 / facts
        ),
    });
    rows.push(Row {
        work: "10,000 branches: the hub's memory, started / with all of them seen",
        goal: "",
        figure: format!(
            "{:.0} MB / {:.0} MB",
            empty as f64 / 1e6,
            memory_of(hub.child.id()) as f64 / 1e6
        ),
    });

    let asking = devices.iter().map(|device| {
        let pull = Pull {
            have: Vector::from([(device.id, device.place().seq)]),
            max_bytes: 1 << 20,
            wait_ms: 0,
        };
        signed(device, "/sync/v1/pull", &pull.encode())
    });
    let asked = cost_of(&hub, engine, asking.collect())?;
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / BRANCHES as f64;
    rows.push(Row {
        work: "10,000 branches: a device asks and there is nothing new",
        goal: "",
        figure: format!(
            "{:.0} /s; CPU {:.0} µs in the hub, {:.0} µs in the engine",
            BRANCHES as f64 / asked.took.as_secs_f64(),
            each(asked.hub),
            each(asked.engine)
        ),
    });
    quiet(&hub)?;
    rows.push(waiting(&hub, &devices)?);
    Ok(())
}

/// Waits until the sums are made: they are work of their own, beside the requests.
fn quiet(hub: &Hub) -> Result<(), String> {
    let mut before = cpu_of(hub.child.id(), false);
    for _ in 0..120 {
        thread::sleep(Duration::from_secs(1));
        let after = cpu_of(hub.child.id(), false);
        if after.saturating_sub(before) <= Duration::from_millis(20) {
            return Ok(());
        }
        before = after;
    }
    Err("the hub works on and on".to_owned())
}

/// Devices that hold a connection open until there is something for them.
fn waiting(hub: &Hub, devices: &[Device]) -> Result<Row, String> {
    let before = memory_of(hub.child.id());
    let mut held = vec![];
    for device in &devices[..WAITING] {
        let pull = Pull {
            have: Vector::from([(device.id, device.place().seq)]),
            max_bytes: 1 << 20,
            wait_ms: 20_000,
        };
        let mut connection = Connection::to(&hub.address)?;
        connection.tell(&signed(device, "/sync/v1/pull", &pull.encode()))?;
        held.push(connection);
    }
    let cpu = cpu_of(hub.child.id(), false);
    thread::sleep(Duration::from_secs(5));
    let idle = cpu_of(hub.child.id(), false).saturating_sub(cpu);
    let more = memory_of(hub.child.id()).saturating_sub(before);
    Ok(Row {
        work: "1,000 devices wait for news: the hub's memory for each, its CPU",
        goal: "",
        figure: format!(
            "{:.1} kB; {:.1} ms a second for all",
            more as f64 / WAITING as f64 / 1e3,
            idle.as_secs_f64() * 1e3 / 5.0
        ),
    })
}
