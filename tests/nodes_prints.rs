//! Print jobs between two nodes of a branch, as real processes, and printers on real sockets: what a node without a
//! printer prints comes out at the other's, whoever is killed meanwhile, and never twice unless somebody looked.
#![cfg(unix)]

use app::{App, Config};
use serde_json::{Value, json};
use std::{
    net::TcpListener,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};
use stories::{Node, Person, admit, fingerprints, node_binary, verify, within};
use sync::{Neighbour, Replicator};
use tempfile::TempDir;
use testkit::{
    OWNER_PIN, new_id,
    printer::{FakePrinter, Mood},
};

/// How two tills find each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// Each is told the other's address on this machine.
    Peer,
    /// Over the LAN's TLS, by the shop's own certificates.
    Lan,
}

/// Two tills; the second has the printer.
struct Pair {
    binary: PathBuf,
    folder: TempDir,
    listen: [String; 2],
    nodes: [Node; 2],
    printer: FakePrinter,
    /// The other's printer, as the first till has it.
    far: Value,
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}

fn owner_at(node: &Node) -> Person {
    let mut person = Person::at(node);
    let staff = person.get("lock")["staff"][0]["id"].clone();
    let body = json!({"staff": staff, "pin": OWNER_PIN, "seat": new_id()});
    let (status, session) = person.post("sessions", &body).expect("answered");
    assert_eq!(status, 201, "{session}");
    person.token = session["token"].as_str().expect("a token").to_owned();
    person
}

fn add(person: &Person, driver: &str, address: &str) -> Value {
    let body = json!({"id": new_id(), "name": "Slips", "driver": driver, "address": address});
    let (status, printer) = person.post("printers", &body).expect("answered");
    assert_eq!(status, 201, "{printer}");
    printer
}

/// Prints the test card, and says which job it is.
fn print(person: &Person, printer: &Value) -> String {
    let path = format!("printers/{}/test", printer["id"].as_str().expect("an id"));
    let (status, job) = person.post(&path, &json!({"id": new_id()})).expect("answered");
    assert_eq!(status, 201, "{job}");
    job["id"].as_str().expect("an id").to_owned()
}

fn job(person: &Person, id: &str) -> Value {
    let jobs = person.get("print/jobs?limit=50");
    let all = jobs["items"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|one| one["id"] == id).unwrap_or(Value::Null)
}

fn until(person: &Person, id: &str, state: &str) -> Value {
    within(&format!("{state}: {}", job(person, id)), || {
        Some(job(person, id)).filter(|job| job["state"] == state)
    })
}

fn act(person: &Person, id: &str, what: &str, more: Value) -> (u16, Value) {
    let mut body = json!({"id": new_id()});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    person
        .post(&format!("print/jobs/{id}/{what}"), &body)
        .expect("answered")
}

impl Pair {
    fn new() -> Pair {
        Pair::met(By::Peer)
    }

    fn met(by: By) -> Pair {
        let binary = node_binary();
        let folder = tempfile::tempdir().expect("a temp folder");
        let path = |n: usize| folder.path().join(n.to_string());
        let mut first = Node::start(&binary, &path(0));
        Person::founds(&first);
        first.kill();
        admit(&binary, &path(0), &path(1));
        let apps: Vec<App> = (0..2)
            .map(|n| {
                let mut config = Config::new(path(n));
                config.use_keyring = false;
                App::open(config).expect("the books open")
            })
            .collect();
        let shops: Vec<_> = apps.iter().map(|app| app.try_shop().expect("a shop")).collect();
        Replicator::new(&shops[0], Neighbour(shops[1].clone()))
            .round()
            .expect("facts meet");
        drop((shops, apps));
        let listen = [free_address(), free_address()];
        let start = |n: usize, first: Option<&Node>| {
            let other = match first.and_then(|first| first.lan_port) {
                Some(port) => format!("127.0.0.1:{port}"),
                None => format!("http://{}", listen[1 - n]),
            };
            let more: &[&str] = match (by, first) {
                (By::Peer, _) => &["--peer", &other],
                (By::Lan, None) => &["--share", "--share-port", "0"],
                (By::Lan, Some(_)) => &["--share", "--share-port", "0", "--neighbour", &other],
            };
            Node::start_at(&binary, &path(n), &listen[n], more)
        };
        let first = start(0, None);
        let second = start(1, Some(&first));
        let nodes = [first, second];
        let printer = FakePrinter::new();
        add(&owner_at(&nodes[1]), "network", &printer.address());
        let asks = owner_at(&nodes[0]);
        let offer = within("the other's printer is offered", || {
            let offers = asks.get("printers/elsewhere");
            offers["items"].get(0).cloned()
        });
        assert_eq!(
            (&offer["name"], &offer["known"]),
            (&json!("Slips"), &Value::Null),
            "{offer}"
        );
        let far = add(&asks, "device", offer["address"].as_str().expect("an address"));
        assert_eq!(far["till"], offer["till"]);
        Pair {
            binary,
            folder,
            listen,
            nodes,
            printer,
            far,
        }
    }

    fn person(&self, n: usize) -> Person {
        owner_at(&self.nodes[n])
    }

    fn start(&mut self, n: usize) {
        let peer = format!("http://{}", self.listen[1 - n]);
        let path = self.folder.path().join(n.to_string());
        self.nodes[n] = Node::start_at(&self.binary, &path, &self.listen[n], &["--peer", &peer]);
    }

    fn cuts(&self) -> usize {
        self.printer.paper().cuts
    }

    /// Nothing more comes out by itself.
    fn stays_at(&self, cuts: usize) {
        thread::sleep(Duration::from_secs(3));
        assert_eq!(self.cuts(), cuts, "nothing comes out twice by itself");
    }
}

#[test]
fn a_slip_comes_out_at_the_other_till_at_once_and_once() {
    let pair = Pair::new();
    let asks = pair.person(0);
    let mut took = vec![];
    for n in 1..=8 {
        #[allow(clippy::disallowed_methods, reason = "a test measures by the real clock")]
        let began = Instant::now();
        let id = print(&asks, &pair.far);
        // Until it is cut, and until the till that asked says so.
        within("it comes out", || (pair.cuts() >= n).then_some(()));
        took.push(began.elapsed());
        let done = until(&asks, &id, "printed");
        assert_eq!(
            (&done["why"], &done["attempts"]),
            (&Value::Null, &json!(1)),
            "{done}"
        );
        let there = job(&pair.person(1), &id);
        assert_eq!(there["state"], "printed", "{there}");
        assert!(there["for_till"].is_string(), "whose it is is said: {there}");
    }
    took.sort();
    println!("from the tap to the cut, by the other till: {took:?}");
    assert!(took[0] < Duration::from_millis(200), "{took:?}");
    assert_eq!(pair.cuts(), 8);
}

#[test]
fn over_the_lans_tls_it_comes_out_at_the_other_till_and_paper_out_there_is_said_here() {
    let pair = Pair::met(By::Lan);
    let asks = pair.person(0);
    let others = asks.get("sharing")["others"].clone();
    let port = pair.nodes[1].lan_port.expect("it shares");
    assert_eq!(
        others[0]["address"],
        json!(format!("127.0.0.1:{port}")),
        "the only way is the LAN's door: {others}"
    );
    for n in 1..=3 {
        let id = print(&asks, &pair.far);
        let done = until(&asks, &id, "printed");
        assert_eq!((done["attempts"].clone(), pair.cuts()), (json!(1), n), "{done}");
        assert_eq!(
            done["at_till"], pair.far["till"],
            "where it came out is said: {done}"
        );
    }
    pair.printer.paper_out(true);
    let id = print(&asks, &pair.far);
    let told = within("the reason is said", || {
        Some(job(&asks, &id)).filter(|job| job["why"] == "paper_out" && job["state"] == "queued")
    });
    assert_eq!(told["at_till"], pair.far["till"], "{told}");
    pair.printer.paper_out(false);
    until(&asks, &id, "printed");
    pair.stays_at(4);
}

#[test]
fn without_paper_it_waits_and_is_said_and_comes_out_once() {
    let mut pair = Pair::new();
    pair.printer.paper_out(true);
    let asks = pair.person(0);
    let id = print(&asks, &pair.far);
    within("the reason is said", || {
        Some(job(&asks, &id)).filter(|job| job["why"] == "paper_out" && job["state"] == "queued")
    });
    // Whoever asked is killed and comes again: the job is the same.
    pair.nodes[0].kill();
    pair.printer.paper_out(false);
    pair.start(0);
    until(&pair.person(0), &id, "printed");
    assert_eq!(pair.cuts(), 1);
    pair.stays_at(1);

    // Out of paper once more, and taken to a printer that was bought meanwhile.
    pair.printer.paper_out(true);
    let asks = pair.person(0);
    let id = print(&asks, &pair.far);
    within("the reason is said", || {
        Some(job(&asks, &id)).filter(|job| job["why"] == "paper_out" && job["state"] == "queued")
    });
    let near = FakePrinter::new();
    let bought = add(&asks, "network", &near.address());
    let (status, moved) = act(&asks, &id, "retry", json!({"printer": bought["id"]}));
    assert_eq!(status, 200, "{moved}");
    until(&asks, &id, "printed");
    pair.printer.paper_out(false);
    pair.stays_at(1);
    assert_eq!(near.paper().cuts, 1);
}

#[test]
fn while_the_other_is_gone_it_waits_and_can_be_printed_here() {
    let mut pair = Pair::new();
    let asks = pair.person(0);
    pair.nodes[1].kill();
    let waits = print(&asks, &pair.far);
    let moves = print(&asks, &pair.far);
    let told = within("that nobody is there is said", || {
        Some(job(&asks, &waits)).filter(|job| job["why"] == "unreachable" && job["state"] == "queued")
    });
    assert!(
        told["actions"]
            .as_array()
            .expect("actions")
            .contains(&json!("retry")),
        "{told}"
    );
    let near = FakePrinter::new();
    let bought = add(&asks, "network", &near.address());
    let (status, moved) = act(&asks, &moves, "retry", json!({"printer": bought["id"]}));
    assert_eq!(status, 200, "nothing of it was ever there: {moved}");
    until(&asks, &moves, "printed");
    pair.start(1);
    until(&asks, &waits, "printed");
    pair.stays_at(1);
    assert_eq!(near.paper().cuts, 1);
}

#[test]
fn killed_while_it_prints_a_person_is_asked_and_nothing_comes_out_twice_by_itself() {
    let mut pair = Pair::new();
    let asks = pair.person(0);
    // It takes the slip and says nothing: the other till waits for its word when it is killed.
    pair.printer.set(Mood::FallsSilent);
    let before = pair.printer.received();
    let id = print(&asks, &pair.far);
    within("its bytes are on their way", || {
        (pair.printer.received() > before).then_some(())
    });
    pair.nodes[1].kill();
    let asked = until(&asks, &id, "unsure");
    assert!(
        asked["actions"]
            .as_array()
            .expect("actions")
            .contains(&json!("not_out")),
        "{asked}"
    );
    pair.printer.set(Mood::Well);
    pair.printer.tear_off();
    pair.start(1);
    let there = pair.person(1);
    until(&there, &id, "unsure");
    pair.stays_at(0);
    // Somebody looked: it did not come out. Now it may be printed again, and is, once.
    let asks = pair.person(0);
    assert_eq!(act(&asks, &id, "answer", json!({"came_out": false})).0, 200);
    until(&asks, &id, "printed");
    assert_eq!(pair.cuts(), 1);
    until(&there, &id, "printed");
    pair.stays_at(1);
}

#[test]
fn silent_after_it_took_the_job_it_prints_nothing_that_was_printed_here_meanwhile() {
    let mut pair = Pair::new();
    pair.printer.paper_out(true);
    let asks = pair.person(0);
    let id = print(&asks, &pair.far);
    within("it is there", || {
        Some(job(&asks, &id)).filter(|job| job["why"] == "paper_out")
    });
    pair.nodes[1].kill();
    let asked = until(&asks, &id, "unsure");
    assert_eq!(asked["why"], "device_silent", "{asked}");
    let near = FakePrinter::new();
    let bought = add(&asks, "network", &near.address());
    assert_eq!(act(&asks, &id, "retry", json!({"printer": bought["id"]})).0, 200);
    until(&asks, &id, "printed");
    pair.printer.paper_out(false);
    pair.start(1);
    // It still has the job on its disk, and nobody asks for it any more.
    thread::sleep(Duration::from_secs(8));
    assert_eq!((pair.cuts(), near.paper().cuts), (0, 1));
}

#[test]
fn a_till_that_stood_still_prints_nothing_from_a_letter_that_lay_there_meanwhile() {
    let pair = Pair::new();
    pair.printer.paper_out(true);
    let asks = pair.person(0);
    let id = print(&asks, &pair.far);
    within("it is there", || {
        Some(job(&asks, &id)).filter(|job| job["why"] == "paper_out")
    });
    // Letters go on lying down in its sockets.
    pair.nodes[1].signal("STOP");
    until(&asks, &id, "unsure");
    let near = FakePrinter::new();
    let bought = add(&asks, "network", &near.address());
    assert_eq!(act(&asks, &id, "retry", json!({"printer": bought["id"]})).0, 200);
    until(&asks, &id, "printed");
    pair.printer.paper_out(false);
    pair.nodes[1].signal("CONT");
    pair.stays_at(0);
    assert_eq!(near.paper().cuts, 1);
}

#[test]
fn whoever_looks_at_the_books_of_a_till_prints_nothing() {
    let binary = node_binary();
    let folder = tempfile::tempdir().expect("a temp folder");
    let printer = FakePrinter::new();
    printer.paper_out(true);
    let mut node = Node::start(&binary, folder.path());
    let owner = Person::founds(&node);
    let slips = add(&owner, "network", &printer.address());
    let id = print(&owner, &slips);
    within("it waits for paper", || {
        Some(job(&owner, &id)).filter(|job| job["why"] == "paper_out")
    });
    node.kill();
    printer.paper_out(false);
    let before = printer.connections();
    verify(&binary, folder.path());
    fingerprints(&binary, folder.path());
    admit(&binary, folder.path(), &folder.path().join("other"));
    assert_eq!(
        (printer.paper().cuts, printer.connections()),
        (0, before),
        "the printer was not even asked"
    );
    let node = Node::start(&binary, folder.path());
    until(&owner_at(&node), &id, "printed");
    assert_eq!(printer.paper().cuts, 1);
}
