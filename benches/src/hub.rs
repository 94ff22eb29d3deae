//! How many facts the hub takes and gives, over SQLite and PostgreSQL: the real program, sixteen connections, pushes
//! that were signed beforehand. CPU is the hub's and, beside it, the engine's.
#![allow(clippy::float_arithmetic, reason = "figures for people, never money")]

use crate::{Arguments, disk, table::Row, work::micros};
use domain::time::Moment;
use hub_tests::{Device, shop_id};
use journal::{
    Vector,
    exchange::{self, Pull, Pulled, Push, Pushed, Request, signature_text},
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

#[path = "../../crates/hub/tests/support/mod.rs"]
#[allow(dead_code, reason = "the hub's own tests use the rest of it")]
pub mod hub_tests;

#[cfg(unix)]
#[path = "../../crates/testkit/src/postgres.rs"]
#[allow(dead_code, reason = "the hub's own tests use the rest of it")]
pub mod postgres;

const CONNECTIONS: u16 = 16;
/// A sale is two facts or three; this is what a body of one weighs.
const BODY: usize = 90;
/// Facts of one transaction in the large pushes.
const TRANSACTION: usize = 6;
const SMALL_PUSHES: usize = 500;
const LARGE_PUSHES: usize = 80;
const ASKED: usize = 300;

pub struct Hub {
    pub child: Child,
    pub address: String,
}

impl Hub {
    pub fn start(program: &Path, books: &[String]) -> Result<Hub, String> {
        let mut child = Command::new(program)
            .args(books)
            .args(["--listen", "127.0.0.1:0"])
            .args(["--per-device", "1000000", "--per-address", "1000000"])
            .env("CHANDI_HUB_OWNERS_KEY", "7".repeat(64))
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{} cannot be started: {e}", program.display()))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("the hub has no output")?)
            .read_line(&mut line)
            .map_err(|e| e.to_string())?;
        let address = line
            .split("//")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .ok_or_else(|| format!("the hub said {line:?}"))?
            .to_owned();
        Ok(Hub { child, address })
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It may have ended by itself; nothing else is to be done about it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU of a process; with its children and those that ended, if it is the engine's.
pub fn cpu_of(process: u32, with_children: bool) -> Duration {
    let ticks = |pid: u32, fields: &[usize]| -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parts: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        fields
            .iter()
            .filter_map(|i| parts.get(*i)?.parse::<u64>().ok())
            .sum()
    };
    let mut all = ticks(
        process,
        if with_children {
            &[11, 12, 13, 14]
        } else {
            &[11, 12]
        },
    );
    if with_children {
        let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
        for child in children.unwrap_or_default().split_whitespace() {
            all += child.parse().map_or(0, |pid| ticks(pid, &[11, 12]));
        }
    }
    Duration::from_millis(all * 10)
}

/// A kept connection that does as little as it can.
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    pub fn to(address: &str) -> Result<Connection, String> {
        let stream = TcpStream::connect(address).map_err(|e| e.to_string())?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        Ok(Connection(BufReader::new(stream)))
    }

    pub fn tell(&mut self, request: &[u8]) -> Result<(), String> {
        self.0.get_mut().write_all(request).map_err(|e| e.to_string())
    }

    pub fn ask(&mut self, request: &[u8]) -> Result<Vec<u8>, String> {
        let said = |e: std::io::Error| e.to_string();
        self.tell(request)?;
        let (mut length, mut status, mut line) = (0, String::new(), String::new());
        loop {
            line.clear();
            self.0.read_line(&mut line).map_err(said)?;
            let lower = line.trim().to_ascii_lowercase();
            if status.is_empty() {
                status.clone_from(&lower);
            }
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(|_| "no length")?;
            }
            if lower.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).map_err(said)?;
        match status.contains(" 200") {
            true => Ok(body),
            false => Err(format!("{status}: {}", String::from_utf8_lossy(&body))),
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the hub compares the time of a pull with its own"
)]
fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_millis()).unwrap_or(0))
}

pub fn signed(by: &Device, path: &str, body: &[u8]) -> Vec<u8> {
    let time_ms = now().0;
    let request = Request {
        method: "POST",
        path,
        body,
        time_ms,
        shop: by.shop(),
        device: by.id,
    };
    let signature = signature_text(&request.sign(&by.key()));
    let mut bytes = format!(
        "POST {path} HTTP/1.1\r\nhost: hub\r\ncontent-length: {}\r\n{}: {}\r\n{}: {}\r\n{}: {time_ms}\r\n{}: {signature}\r\n\r\n",
        body.len(),
        exchange::SHOP,
        by.shop(),
        exchange::DEVICE,
        by.id,
        exchange::TIME,
        exchange::SIGNATURE,
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// So many pushes of a device, each of so many facts.
fn pushes(device: &mut Device, count: usize, facts: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|_| {
            let from = device.written.len();
            let mut left = facts;
            while left > 0 {
                let some = left.min(TRANSACTION);
                device.sell(some, BODY);
                left -= some;
            }
            let push = Push {
                series: vec![device.chunk(from)],
            };
            signed(device, "/sync/v1/push", &push.encode())
        })
        .collect()
}

#[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub fn in_time<T>(work: impl FnOnce() -> Result<T, String>) -> Result<(T, Duration), String> {
    let began = Instant::now();
    let value = work()?;
    Ok((value, began.elapsed()))
}

/// Every connection sends its pushes, one after the other.
fn push_all(address: &str, all: Vec<Vec<Vec<u8>>>) -> Result<Duration, String> {
    let start = Arc::new(Barrier::new(all.len() + 1));
    let senders: Vec<_> = all
        .into_iter()
        .map(|pushes| {
            let (address, start) = (address.to_owned(), start.clone());
            thread::spawn(move || -> Result<(), String> {
                let connected = Connection::to(&address);
                start.wait();
                let mut connection = connected?;
                for push in pushes {
                    let pushed = Pushed::decode(&connection.ask(&push)?).map_err(|e| e.to_string())?;
                    if !pushed.refused.is_empty() {
                        return Err(format!("refused: {:?}", pushed.refused));
                    }
                }
                Ok(())
            })
        })
        .collect();
    start.wait();
    let (_, took) = in_time(|| {
        for sender in senders {
            sender.join().map_err(|_| "a connection ended".to_owned())??;
        }
        Ok(())
    })?;
    Ok(took)
}

/// A word with which so many shops can be registered.
pub fn invite(program: &Path, books: &[String], shops: usize) -> Result<String, String> {
    let invited = Command::new(program)
        .args(["invite", "--organisation", "Bench", "--shops", &shops.to_string()])
        .args(books)
        .output()
        .map_err(|e| e.to_string())?;
    match invited.status.success() {
        true => Ok(String::from_utf8_lossy(&invited.stdout).trim().to_owned()),
        false => Err(String::from_utf8_lossy(&invited.stderr).into_owned()),
    }
}

struct Names {
    small: &'static str,
    large: &'static str,
    pull: &'static str,
    bootstrap: &'static str,
}

fn measure_one(
    program: &Path,
    books: &[String],
    engine: impl Fn() -> Duration,
    names: &Names,
    rows: &mut Vec<Row>,
) -> Result<(), String> {
    let word = invite(program, books, 1)?;
    let hub = Hub::start(program, books)?;
    let mut founder = Device::new(shop_id(1), 1);
    founder.found(false);
    let mut devices: Vec<Device> = (0..CONNECTIONS).map(|n| Device::new(shop_id(1), n + 2)).collect();
    for (device, ordinal) in devices.iter().zip(2..) {
        founder.admit(device, ordinal);
    }
    let mut connection = Connection::to(&hub.address)?;
    connection.ask(&signed(&founder, "/sync/v1/shops", &founder.registration(&word)))?;
    let push = Push {
        series: vec![founder.chunk(0)],
    };
    connection.ask(&signed(&founder, "/sync/v1/push", &push.encode()))?;

    for (name, goal, count, facts) in [
        (names.small, "≥ 20,000 /s", SMALL_PUSHES, 6),
        (names.large, "≥ 80,000 /s", LARGE_PUSHES, 100),
    ] {
        let all = devices
            .iter_mut()
            .map(|device| pushes(device, count, facts))
            .collect();
        let before = (cpu_of(hub.child.id(), false), engine());
        let took = push_all(&hub.address, all)?;
        let after = (cpu_of(hub.child.id(), false), engine());
        let sent = (count * facts * usize::from(CONNECTIONS)) as f64;
        let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / sent;
        rows.push(Row {
            work: name,
            goal,
            figure: format!(
                "{:.0} /s; CPU a fact {:.1} µs in the hub, {:.1} µs in the engine",
                sent / took.as_secs_f64(),
                each(after.0 - before.0),
                each(after.1.saturating_sub(before.1))
            ),
        });
    }

    // A device that has all but the last three sales, again and again.
    let last = &devices[0].written;
    let mut have: Vector = devices.iter().map(|d| (d.id, d.place().seq)).collect();
    have.insert(founder.id, founder.place().seq);
    have.insert(devices[0].id, last[last.len() - 4].head.seq);
    let pull = Pull {
        have,
        max_bytes: 1 << 20,
        wait_ms: 0,
    };
    let asking = signed(&founder, "/sync/v1/pull", &pull.encode());
    let mut took = Vec::with_capacity(ASKED);
    for _ in 0..ASKED {
        let (answer, time) = in_time(|| connection.ask(&asking))?;
        let pulled = Pulled::decode(&answer).map_err(|e| e.to_string())?;
        if pulled.chunks.len() != 1 {
            return Err("the pull brought something else".to_owned());
        }
        took.push(time);
    }
    rows.push(Row {
        work: names.pull,
        goal: "",
        figure: micros(disk::at_share(&mut took, 50)),
    });

    // A device that has nothing.
    let total: u64 = devices.iter().map(|d| d.place().seq).sum::<u64>() + founder.place().seq;
    let ((), took) = in_time(|| {
        let mut have = Vector::new();
        loop {
            let pull = Pull {
                have: have.clone(),
                max_bytes: 8 << 20,
                wait_ms: 0,
            };
            let answer = connection.ask(&signed(&founder, "/sync/v1/pull", &pull.encode()))?;
            let pulled = Pulled::decode(&answer).map_err(|e| e.to_string())?;
            for chunk in &pulled.chunks {
                let facts: usize = chunk.transactions.len();
                // Where it ends is known from the device that wrote it; reading it is not the hub's work.
                let writer = devices
                    .iter()
                    .chain([&founder])
                    .find(|d| d.id == chunk.device)
                    .ok_or("a stranger")?;
                let first = writer.written.partition_point(|t| t.head.seq <= chunk.after);
                have.insert(chunk.device, writer.written[first + facts - 1].head.seq);
            }
            if !pulled.more {
                return Ok(());
            }
        }
    })?;
    rows.push(Row {
        work: names.bootstrap,
        goal: "",
        figure: format!("{:.0} facts/s", total as f64 / took.as_secs_f64()),
    });
    Ok(())
}

pub fn measure(arguments: &Arguments, rows: &mut Vec<Row>) -> Result<(), String> {
    eprintln!("  hub: pushes and pulls");
    let program = arguments.node.with_file_name("chandi-hub");
    let data = arguments.folder.join("hub");
    let books = ["--data".to_owned(), data.display().to_string()];
    let names = Names {
        small: "hub on SQLite: pushes of 6, 16 connections",
        large: "hub on SQLite: pushes of 100, 16 connections",
        pull: "hub on SQLite: a pull of 18 facts, median",
        bootstrap: "hub on SQLite: a new device reads it all",
    };
    let outcome = measure_one(&program, &books, || Duration::ZERO, &names, rows);
    // The next run begins anew.
    std::fs::remove_dir_all(&data).map_err(|e| e.to_string())?;
    outcome?;
    #[cfg(unix)]
    {
        let folder = std::env::temp_dir().join("chandi-bench-pg");
        // What an ended run left.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        let server = postgres::Server::start(&folder, &["shared_buffers=256MB", "max_wal_size=2GB"]);
        let books = ["--database-url".to_owned(), server.database("hub")];
        let names = Names {
            small: "hub on PostgreSQL: pushes of 6, 16 connections",
            large: "hub on PostgreSQL: pushes of 100, 16 connections",
            pull: "hub on PostgreSQL: a pull of 18 facts, median",
            bootstrap: "hub on PostgreSQL: a new device reads it all",
        };
        let process = server.process().ok_or("the server ended")?;
        let outcome = measure_one(&program, &books, || cpu_of(process, true), &names, rows);
        drop(server);
        std::fs::remove_dir_all(&folder).map_err(|e| e.to_string())?;
        outcome?;
    }
    Ok(())
}
