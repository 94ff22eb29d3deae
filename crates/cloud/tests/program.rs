//! `chandi-hub` as the people who run it see it: started, told to stop, killed, asked whether its books are whole.

#[path = "../../hub/tests/support/mod.rs"]
#[allow(dead_code, reason = "the hub's own tests use the rest of it")]
mod support;

use journal::exchange::{Heads, Pull, Push, Pushed};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};
use support::{Client, Device, shop_id};
use tempfile::TempDir;

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy");

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chandi-hub"));
    command
        .args(arguments)
        .env_remove("CHANDI_HUB_DATABASE_URL")
        .env_remove("CHANDI_HUB_OWNERS_KEY");
    command
}

fn run(arguments: &[&str]) -> Output {
    program(arguments).output().expect("it runs")
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

struct Running {
    child: Child,
    address: String,
}

/// Starts it and waits for its one line.
fn start(data: &Path, more: &[&str]) -> Running {
    let data = data.to_str().expect("a plain path");
    let mut arguments = vec!["--data", data, "--listen", "127.0.0.1:0"];
    arguments.extend(more);
    let mut child = program(&arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output"))
        .read_line(&mut line)
        .expect("a line");
    let line: serde_json::Value = serde_json::from_str(&line).expect("one line of JSON");
    let address = line["address"].as_str().expect("an address").to_owned();
    Running { child, address }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that ended already cannot be killed, and need not be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn invite(data: &Path) -> String {
    let data = data.to_str().expect("a plain path");
    let invited = run(&["invite", "--organisation", "Sweets", "--data", data]);
    assert!(invited.status.success(), "{}", said(&invited));
    String::from_utf8_lossy(&invited.stdout).trim().to_owned()
}

#[test]
fn who_invites_again_keeps_what_was_said_before() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().to_str().expect("a plain path");
    let limits = || {
        let conn = rusqlite::Connection::open(folder.path().join("hub.db")).expect("the file");
        conn.query_row(
            "select most_shops, most_devices, most_backup_bytes from organisation",
            [],
            |r| Ok::<(i64, i64, i64), _>((r.get(0)?, r.get(1)?, r.get(2)?)),
        )
        .expect("an organisation")
    };
    let invited = |more: &[&str]| {
        let usual = ["invite", "--organisation", "Sweets", "--data", data];
        let invited = run(&[&usual, more].concat());
        assert!(invited.status.success(), "{}", said(&invited));
    };
    invited(&["--shops", "5", "--devices", "7", "--backups-gb", "3"]);
    assert_eq!(limits(), (5, 7, 3_000_000_000));
    invited(&[]);
    assert_eq!(limits(), (5, 7, 3_000_000_000));
    invited(&["--devices", "9"]);
    assert_eq!(limits(), (5, 9, 3_000_000_000));
}

#[allow(
    clippy::disallowed_methods,
    reason = "the program compares the time of a question with its own"
)]
fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.expect("after 1970").as_millis()).expect("before long")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_mid_push_it_keeps_what_it_said_and_ends_when_it_is_told_to() {
    let folder = TempDir::new().expect("a folder");
    let word = invite(folder.path());
    let mut running = start(
        folder.path(),
        &["--per-device", "100000", "--per-address", "100000"],
    );
    let mut founder = Device::new(shop_id(1), 1);
    founder.found(false);
    let client = Client::new(&running.address);
    assert_eq!(client.register(&founder, &word).await.0, 200);
    let mut devices: Vec<Device> = (2..10).map(|n| Device::new(shop_id(1), n)).collect();
    for (device, ordinal) in devices.iter().zip(2..) {
        founder.admit(device, ordinal);
    }
    assert_eq!(client.push(&founder, vec![founder.chunk(0)]).await.refused, []);

    for round in 0..4 {
        // All devices push until the hub dies under them.
        let client = Client::new(&running.address);
        let pushing: Vec<_> = devices
            .drain(..)
            .map(|mut device| {
                let client = client.clone();
                tokio::spawn(async move {
                    let mut told = None;
                    loop {
                        device.sell(6, 60);
                        let push = Push {
                            series: vec![device.chunk(0)],
                        };
                        let said = client
                            .ask_as(
                                &device,
                                device.shop(),
                                "/sync/v1/push",
                                Some(push.encode()),
                                now_ms(),
                            )
                            .await;
                        match said {
                            Ok((200, body)) => {
                                let pushed = Pushed::decode(&body).expect("an answer");
                                assert_eq!(pushed.refused, []);
                                told = Some(device.place().seq);
                            }
                            Ok((503, _)) | Err(_) => return (device, told),
                            Ok((status, body)) => {
                                panic!("{status}: {}", String::from_utf8_lossy(&body))
                            }
                        }
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(150 + 70 * round)).await;
        running.child.kill().expect("it can be killed");
        let mut told = Vec::new();
        for device in pushing {
            let (device, last) = device.await.expect("a device");
            told.push((device.id, last));
            devices.push(device);
        }
        drop(running);
        running = start(
            folder.path(),
            &["--per-device", "100000", "--per-address", "100000"],
        );
        let client = Client::new(&running.address);
        let (status, body) = client
            .ask_as(&founder, founder.shop(), "/sync/v1/heads", None, now_ms())
            .await
            .expect("an answer");
        assert_eq!(status, 200);
        let heads = Heads::decode(&body).expect("heads").heads;
        for (device, last) in told {
            assert!(
                heads.get(&device).copied().unwrap_or(0) >= last.unwrap_or(0),
                "what it said is there"
            );
        }
    }

    // Somebody waits for news; told to stop, it sends them home and ends by itself.
    let client = Client::new(&running.address);
    let (status, body) = client
        .ask_as(&founder, founder.shop(), "/sync/v1/heads", None, now_ms())
        .await
        .expect("an answer");
    assert_eq!(status, 200);
    let have = Heads::decode(&body).expect("heads").heads;
    let waiting = {
        let (client, founder) = (client.clone(), founder.copy());
        tokio::spawn(async move {
            let pull = Pull {
                have,
                max_bytes: 1 << 20,
                wait_ms: 50_000,
            };
            let body = Some(pull.encode());
            client
                .ask_as(&founder, founder.shop(), "/sync/v1/pull", body, now_ms())
                .await
        })
    };
    loop {
        let metrics = client.http.get(format!("{}/metrics", client.address)).send();
        let text = metrics.await.expect("metrics").text().await.expect("text");
        if text.contains("chandi_hub_pulls_waiting 1") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let stopping = Command::new("kill")
        .args(["-TERM", &running.child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(stopping.success());
    let ended = running.child.wait().expect("it ends");
    assert!(ended.success(), "a graceful end: {ended}");
    let sent_home = waiting.await.expect("an answer").expect("not hung up on");
    assert_eq!(sent_home.0, 200, "with what there is: nothing");

    let data = folder.path().to_str().expect("a plain path");
    let whole = run(&["verify", "--data", data]);
    assert!(whole.status.success(), "{}", said(&whole));
    let conn = rusqlite::Connection::open(folder.path().join("hub.db")).expect("the file");
    conn.execute_batch("delete from series_part where upto_seq = 12")
        .expect("an operator's edit");
    drop(conn);
    let damaged = run(&["verify", "--data", data]);
    assert!(!damaged.status.success());
    assert!(
        said(&damaged).contains("after fact 6: facts are missing"),
        "{}",
        said(&damaged)
    );
}

#[test]
fn it_is_open_to_other_machines_only_over_tls() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().to_str().expect("a plain path");
    let open = run(&["--data", data, "--listen", "0.0.0.0:0"]);
    assert!(!open.status.success());
    assert!(said(&open).contains("--behind-proxy"), "{}", said(&open));
    let half = run(&["--data", data, "--cert", "cert.pem"]);
    assert!(said(&half).contains("go together"), "{}", said(&half));
    let neither = run(&["--listen", "127.0.0.1:0"]);
    assert!(said(&neither).contains("--data"), "{}", said(&neither));
    let wrong = run(&["--data", data, "--shops", "many", "invite"]);
    assert!(!wrong.status.success());

    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext"])
        .arg("subjectAltName=DNS:localhost,IP:127.0.0.1")
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output()
        .expect("openssl runs");
    assert!(made.status.success(), "{}", said(&made));
    let (cert, key) = (
        cert.to_str().expect("a path").to_owned(),
        key.to_str().expect("a path"),
    );
    let running = start(folder.path(), &["--cert", &cert, "--key", key]);
    assert!(running.address.starts_with("https://127.0.0.1:"));
    let health = Command::new("curl")
        .args(["--silent", "--show-error", "--cacert", &cert])
        .arg(format!("{}/health", running.address))
        .output()
        .expect("curl runs");
    assert!(said(&health).contains("\"ok\""), "{}", said(&health));
}

/// The program as it ends by itself, told another key than the file, or none.
fn refused(data: &Path, key: Option<&str>) -> String {
    let mut command = program(&[
        "--data",
        data.to_str().expect("a plain path"),
        "--listen",
        "127.0.0.1:0",
    ]);
    command.envs(key.map(|key| ("CHANDI_HUB_OWNERS_KEY", key)));
    let output = command.output().expect("it runs");
    assert!(!output.status.success(), "{}", said(&output));
    said(&output)
}

#[test]
fn the_key_of_owners_lies_beside_the_books_and_nothing_goes_on_without_it() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("owners.key");
    drop(start(folder.path(), &[]));
    let key = std::fs::read_to_string(&file).expect("made at the first start");
    assert_eq!(key.trim().len(), 64);
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&file).expect("a file"));
        assert_eq!(mode & 0o777, 0o600, "for nobody else's eyes");
    }
    drop(start(folder.path(), &[]));
    assert_eq!(std::fs::read_to_string(&file).expect("the same"), key);

    let away = folder.path().join("away");
    std::fs::rename(&file, &away).expect("moved");
    let words = refused(folder.path(), None);
    assert!(
        words.contains("owners.key is missing") && words.contains("forget-logins"),
        "{words}"
    );
    assert!(!file.exists(), "no other one is made in its place");
    let words = refused(folder.path(), Some(&"a".repeat(64)));
    assert!(words.contains("CHANDI_HUB_OWNERS_KEY is another key"), "{words}");
    let words = refused(folder.path(), Some("short"));
    assert!(words.contains("CHANDI_HUB_OWNERS_KEY is no key"), "{words}");
    let elsewhere = away.to_str().expect("a plain path").to_owned();
    drop(start(folder.path(), &["--owners-key", &elsewhere]));

    let data = folder.path().to_str().expect("a plain path");
    let forgotten = run(&["forget-logins", "--data", data]);
    assert!(forgotten.status.success(), "{}", said(&forgotten));
    drop(start(folder.path(), &[]));
    assert_ne!(std::fs::read_to_string(&file).expect("another one"), key);
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let folder = TempDir::new().expect("a folder");
    // The program lies elsewhere here; all else is as it is shipped.
    let unit = std::fs::read_to_string(format!("{DEPLOY}/chandi-hub.service")).expect("the unit");
    let unit = unit.replace("/usr/bin/chandi-hub", env!("CARGO_BIN_EXE_chandi-hub"));
    let path = folder.path().join("chandi-hub.service");
    std::fs::write(&path, unit).expect("a file");
    let checked = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&path)
        .output()
        .expect("systemd-analyze runs");
    assert!(checked.status.success(), "{}", said(&checked));
    assert!(
        !said(&checked).contains("chandi-hub.service:"),
        "{}",
        said(&checked)
    );
}

#[test]
fn the_compose_file_starts_the_hub_as_it_can_be_started() {
    let read = Command::new("/usr/bin/python3")
        .args([
            "-c",
            "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))",
        ])
        .arg(format!("{DEPLOY}/compose.yaml"))
        .output()
        .expect("python runs");
    assert!(read.status.success(), "{}", said(&read));
    let compose: serde_json::Value = serde_json::from_slice(&read.stdout).expect("JSON");
    let hub = &compose["services"]["hub"];
    let usage = said(&run(&["--help"]));
    for argument in hub["command"].as_array().expect("arguments") {
        let argument = argument.as_str().expect("text");
        assert!(
            !argument.starts_with("--") || usage.contains(argument),
            "{argument} is not known"
        );
    }
    let key = hub["environment"]["CHANDI_HUB_OWNERS_KEY"].as_str();
    assert!(
        key.is_some_and(|key| key.contains(":?")),
        "with a database it has to be given: {key:?}"
    );
    let url = hub["environment"]["CHANDI_HUB_DATABASE_URL"]
        .as_str()
        .expect("an address");
    let books = &compose["services"]["books"]["environment"];
    for (ours, theirs) in [("user", "POSTGRES_USER"), ("dbname", "POSTGRES_DB")] {
        let theirs = books[theirs].as_str().expect("text");
        assert!(
            url.contains(&format!("{ours}={theirs}")),
            "{url} means the database that is made"
        );
    }
    assert!(url.contains("host=books") && compose["services"]["books"].is_object());
    assert_eq!(
        hub["depends_on"]["books"]["condition"].as_str(),
        Some("service_healthy")
    );
}
