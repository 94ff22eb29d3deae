//! Two nodes of one branch as real processes, each with its own store. One is the claim authority; it is asked, paused,
//! killed and brought back, and no order is handed out or paid back twice while the two can talk.

use serde_json::{Value, json};
use std::{path::PathBuf, process::Command, thread, time::Duration};
use stories::{Node, Person, node_binary};
use tempfile::TempDir;
use testkit::{COUNTER_PIN, OWNER_PIN, new_id};

/// The token counter, which decides, and the sales counter, which asks.
struct Branch {
    binary: PathBuf,
    folder: TempDir,
    till: Node,
    sales: Node,
    tea: Value,
}

impl Branch {
    /// A shop with its people and a product at the first node; then a second counter made from its books.
    /// `before` happens at the first node while the second does not exist yet.
    fn new<T>(before: impl FnOnce(&Person, &Value) -> T) -> (Branch, T) {
        let binary = node_binary();
        let folder = tempfile::tempdir().expect("a temp folder");
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        let mut till = Node::start(&binary, &first);
        let mut owner = Person::at(&till);
        let setup = json!({
            "id": new_id(), "kind": "own", "language": "en", "trade": "sweets", "shop_name": "Test Sweets",
            "country": "IN", "region": "27", "owner_name": "Asha", "pin": OWNER_PIN
        });
        let (_, session) = owner.post("setup", &setup).expect("answered");
        owner.token = session["token"].as_str().expect("a token").to_owned();
        for (name, role) in [("Meena", "cashier"), ("Ravi", "sales"), ("Maya", "manager")] {
            let body = json!({"id": new_id(), "name": name, "role": role, "pin": COUNTER_PIN});
            assert_eq!(owner.post("staff", &body).expect("answered").0, 201);
        }
        let tea = json!(new_id());
        let body = json!({"id": tea, "name": "Tea", "price_minor": 2_000});
        assert_eq!(owner.post("products", &body).expect("answered").0, 201);
        let kept = before(&owner, &tea);
        let address = till.address.clone();
        till.kill();
        let admitted = Command::new(&binary)
            .args(["admit", "--no-keyring", "--data"])
            .arg(&first)
            .arg("--into")
            .arg(&second)
            .output()
            .expect("chandi-node runs");
        assert!(admitted.status.success(), "{admitted:?}");
        let listen = address.trim_start_matches("http://");
        let till = Node::start_at(&binary, &first, listen, &[]);
        let sales = Node::start_at(&binary, &second, "127.0.0.1:0", &["--authority", &address]);
        let branch = Branch {
            binary,
            folder,
            till,
            sales,
            tea,
        };
        (branch, kept)
    }

    fn person(&self, node: &Node, name: &str) -> Person {
        let mut person = Person::at(node);
        let people = person.get("lock")["staff"].clone();
        let staff = people
            .as_array()
            .and_then(|all| all.iter().find(|one| one["name"] == name))
            .unwrap_or_else(|| panic!("{name} is not in {people}"));
        let pin = if name == "Asha" { OWNER_PIN } else { COUNTER_PIN };
        let body = json!({"staff": staff["id"], "pin": pin, "seat": new_id()});
        let (status, session) = person.post("sessions", &body).expect("answered");
        assert_eq!(status, 201, "{session}");
        person.token = session["token"].as_str().expect("a token").to_owned();
        person
    }

    fn sell(&self, person: &Person, quantity: &str) -> Value {
        sell(person, &self.tea, quantity)
    }

    /// The same folder again, at the same address.
    fn bring_back(&mut self) {
        let listen = self.till.address.trim_start_matches("http://").to_owned();
        self.till = Node::start_at(&self.binary, &self.folder.path().join("first"), &listen, &[]);
    }

    fn verify(mut self) {
        for (node, name) in [(&mut self.till, "first"), (&mut self.sales, "second")] {
            node.kill();
            let verified = Command::new(&self.binary)
                .args(["verify", "--no-keyring", "--data"])
                .arg(self.folder.path().join(name))
                .output()
                .expect("chandi-node runs");
            assert!(verified.status.success(), "{name}: {verified:?}");
        }
    }
}

fn sell(person: &Person, tea: &Value, quantity: &str) -> Value {
    let body = json!({
        "id": new_id(), "lines": [{"product": tea, "quantity": quantity}],
        "tenders": [{"id": new_id(), "method": "cash"}]
    });
    let (status, order) = person.post("orders", &body).expect("answered");
    assert_eq!(status, 201, "{order}");
    order
}

fn redeem(person: &Person, order: &Value) -> (u16, Value) {
    let body = json!({"id": new_id(), "code": order["token"]["code"]});
    person.post("tokens/redeem", &body).expect("answered")
}

fn hand_over(person: &Person, order: &Value, given: &str, missing: &str) -> (u16, Value) {
    let path = format!("orders/{}/handovers", order["id"].as_str().expect("an id"));
    let body = json!({"id": new_id(), "lines": [{"line": 1, "given": given, "missing": missing}]});
    person.post(&path, &body).expect("answered")
}

fn refund(person: &Person, order: &Value, quantity: &str, approval: Option<Value>) -> (u16, Value) {
    let path = format!("orders/{}/refunds", order["id"].as_str().expect("an id"));
    let mut body = json!({"id": new_id(), "lines": [{"line": 1, "quantity": quantity}]});
    if let Some(approval) = approval {
        body["approval"] = approval;
    }
    person.post(&path, &body).expect("answered")
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

/// Until something is so; what one node tells another takes a moment.
fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..100 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("{what}: not within ten seconds");
}

#[cfg(unix)]
fn signal(node: &Node, name: &str) {
    let sent = Command::new("kill")
        .args([format!("-{name}"), node.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(sent.success());
}

#[test]
fn one_claim_for_the_whole_branch_and_the_lines_from_the_token_itself() {
    let (branch, ()) = Branch::new(|_, _| ());
    let meena = branch.person(&branch.till, "Meena");
    let at_till = branch.person(&branch.till, "Asha");
    let ravi = branch.person(&branch.sales, "Ravi");
    let order = branch.sell(&meena, "3");
    let (status, opened) = redeem(&ravi, &order);
    assert_eq!(
        (status, &opened["order"]),
        (200, &Value::Null),
        "not here yet: {opened}"
    );
    assert_eq!(
        (&opened["lines"][0]["name"], &opened["to_give"]),
        (&json!("Tea"), &json!("3"))
    );
    assert_eq!(
        (&opened["claim"]["offline"], &opened["claim"]["order"]),
        (&json!(false), &order["id"])
    );
    let (status, held) = redeem(&at_till, &order);
    assert_eq!((status, code(&held)), (409, "claim_held"), "{held}");
    assert_eq!(
        (
            &held["error"]["hints"]["counter"],
            &held["error"]["hints"]["staff"]
        ),
        (&json!("Till 2"), &json!("Ravi"))
    );
    let second = branch.sell(&meena, "1");
    let (_, opened_here) = redeem(&at_till, &second);
    let stolen = json!({"id": opened_here["claim"]["id"], "code": second["token"]["code"]});
    let (status, answer) = ravi.post("tokens/redeem", &stolen).expect("answered");
    assert_eq!(
        (status, code(&answer)),
        (409, "id_reused"),
        "another's claim opens nothing: {answer}"
    );
    assert_eq!(hand_over(&ravi, &order, "2", "1").0, 201);
    soon("the first node hears of it", || {
        let now = at_till.get(&format!("orders/{}", order["id"].as_str().expect("an id")));
        now["state"] == "partial" && now["due_minor"] == 2_000
    });
    let (status, paid) = refund(&meena, &order, "1", None);
    assert_eq!(status, 201, "what was missing there is paid back here: {paid}");
    assert_eq!(code(&refund(&meena, &order, "1", None).1), "nothing_to_refund");
    let (status, answer) = redeem(&ravi, &order);
    assert_eq!((status, code(&answer)), (409, "already_collected"), "{answer}");
    branch.verify();
}

#[test]
fn of_many_scans_at_both_nodes_one_wins() {
    let (branch, ()) = Branch::new(|_, _| ());
    let meena = branch.person(&branch.till, "Meena");
    let here = branch.person(&branch.till, "Asha");
    let there = branch.person(&branch.sales, "Ravi");
    for _ in 0..5 {
        let order = branch.sell(&meena, "1");
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                let (person, order) = (if n % 2 == 0 { &here } else { &there }.clone(), order.clone());
                thread::spawn(move || redeem(&person, &order))
            })
            .collect();
        let answers: Vec<_> = tasks
            .into_iter()
            .map(|task| task.join().expect("an answer"))
            .collect();
        let won = answers.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!(won, 1, "{answers:?}");
        assert!(
            answers
                .iter()
                .all(|(status, answer)| *status == 200 || code(answer) == "claim_held"),
            "{answers:?}"
        );
    }
    branch.verify();
}

#[test]
fn a_counter_that_was_taken_over_hands_nothing_out() {
    let (branch, ()) = Branch::new(|_, _| ());
    let meena = branch.person(&branch.till, "Meena");
    let here = branch.person(&branch.till, "Asha");
    let ravi = branch.person(&branch.sales, "Ravi");
    let order = branch.sell(&meena, "2");
    assert_eq!(redeem(&ravi, &order).0, 200);
    let body = json!({"id": new_id(), "code": order["token"]["code"], "take_over": true});
    assert_eq!(here.post("tokens/redeem", &body).expect("answered").0, 200);
    let (status, lost) = hand_over(&ravi, &order, "2", "0");
    assert_eq!((status, code(&lost)), (409, "claim_lost"), "{lost}");
    assert_eq!(lost["error"]["hints"]["staff"], "Asha");
    assert_eq!(hand_over(&here, &order, "2", "0").0, 201);
    assert_eq!(code(&redeem(&ravi, &order).1), "already_collected");
    branch.verify();
}

#[cfg(unix)]
#[test]
fn without_the_authority_the_counter_goes_on_marked_and_tells_later() {
    let (mut branch, old) = Branch::new(|owner, tea| sell(owner, tea, "2"));
    let meena = branch.person(&branch.till, "Meena");
    let ravi = branch.person(&branch.sales, "Ravi");
    let order = branch.sell(&meena, "2");

    signal(&branch.till, "STOP");
    let (status, opened) = redeem(&ravi, &order);
    assert_eq!(
        (status, &opened["claim"]["offline"]),
        (200, &json!(true)),
        "{opened}"
    );
    assert_eq!(hand_over(&ravi, &order, "2", "0").0, 201);
    signal(&branch.till, "CONT");
    soon("the authority hears what was done meanwhile", || {
        code(&redeem(&meena, &order).1) == "already_collected"
    });

    branch.till.kill();
    let (status, opened) = redeem(&ravi, &old);
    assert_eq!((status, &opened["claim"]["offline"]), (200, &json!(true)));
    assert!(
        opened["order"].is_object(),
        "an order from before the copy is here"
    );
    let (status, given) = hand_over(&ravi, &old, "1", "1");
    assert_eq!((status, &given["state"]), (201, &json!("partial")), "{given}");
    let event = given["history"]
        .as_array()
        .and_then(|all| all.last())
        .expect("an event");
    assert_eq!(event["offline"], true, "marked");
    branch.bring_back();
    let meena = branch.person(&branch.till, "Meena");
    soon("the authority that was killed hears it too", || {
        let now = meena.get(&format!("orders/{}", old["id"].as_str().expect("an id")));
        now["state"] == "partial"
    });
    let next = branch.sell(&meena, "1");
    let (status, opened) = redeem(&ravi, &next);
    assert_eq!(
        (status, &opened["claim"]["offline"]),
        (200, &json!(false)),
        "together again"
    );
    branch.verify();
}

#[test]
fn one_claim_at_the_desks_of_two_nodes_at_once_is_paid_once() {
    let (branch, orders) = Branch::new(|owner, tea| {
        let sold: Vec<Value> = (0..6).map(|_| sell(owner, tea, "2")).collect();
        for order in &sold {
            assert_eq!(redeem(owner, order).0, 200);
            assert_eq!(hand_over(owner, order, "0", "2").0, 201);
        }
        sold
    });
    let here = branch.person(&branch.till, "Meena");
    let there = branch.person(&branch.sales, "Meena");
    for order in &orders {
        let desks = [here.clone(), there.clone()].map(|desk| {
            let order = order.clone();
            thread::spawn(move || refund(&desk, &order, "2", None))
        });
        let answers = desks.map(|desk| desk.join().expect("an answer"));
        let paid = answers.iter().filter(|(status, _)| *status == 201).count();
        assert_eq!(paid, 1, "{answers:?}");
    }
    branch.verify();
}

#[test]
fn alone_another_counters_order_is_paid_back_by_two_people_and_up_to_a_cap() {
    let (mut branch, (small, large)) = Branch::new(|owner, tea| {
        let sold = [sell(owner, tea, "2"), sell(owner, tea, "30")];
        for (order, missing) in sold.iter().zip(["2", "30"]) {
            assert_eq!(redeem(owner, order).0, 200);
            assert_eq!(hand_over(owner, order, "0", missing).0, 201);
        }
        let [small, large] = sold;
        (small, large)
    });
    let maya = branch.person(&branch.sales, "Maya");
    branch.till.kill();
    let (status, answer) = refund(&maya, &small, "2", None);
    assert_eq!(
        (status, code(&answer)),
        (403, "refund_needs_approval"),
        "{answer}"
    );
    assert_eq!(answer["error"]["hints"]["why"], "other_counter_offline");
    let people = maya.get("lock")["staff"].clone();
    let owner = people
        .as_array()
        .and_then(|all| all.iter().find(|one| one["name"] == "Asha"))
        .expect("the owner");
    let approval = json!({"staff": owner["id"], "pin": OWNER_PIN});
    let (_, answer) = refund(&maya, &large, "30", Some(approval.clone()));
    assert_eq!(code(&answer), "offline_cap", "{answer}");
    let (status, done) = refund(&maya, &small, "2", Some(approval));
    assert_eq!(status, 201, "{done}");
    let note = &done["credit_notes"][0];
    assert_eq!(
        (&note["offline"], &note["approved_by"]["name"]),
        (&json!(true), &json!("Asha"))
    );
    branch.bring_back();
    let meena = branch.person(&branch.till, "Meena");
    soon("the first node hears that it was paid back", || {
        code(&refund(&meena, &small, "2", None).1) == "nothing_to_refund"
    });
    branch.verify();
}

#[test]
fn a_letter_that_no_device_of_the_branch_signed_is_not_read() {
    let (branch, ()) = Branch::new(|_, _| ());
    let stranger = Person::at(&branch.till);
    let ask = json!({
        "claim": new_id(), "order": new_id(), "generation": 1, "counter": new_id(), "seat": new_id(),
        "seat_number": 1, "staff": new_id(), "seen": "qr", "at_ms": 0, "lease_ms": 60_000, "take_over": true
    });
    for path in ["nodes/claims", "nodes/releases", "nodes/deeds"] {
        let (status, answer) = stranger.post(path, &ask).expect("answered");
        assert_eq!((status, code(&answer)), (401, "signed_out"), "{path}");
    }
    branch.verify();
}

#[test]
fn an_order_that_is_undone_here_is_not_handed_out_there() {
    let (branch, ()) = Branch::new(|_, _| ());
    let meena = branch.person(&branch.till, "Meena");
    let asha = branch.person(&branch.sales, "Asha");
    let ravi = branch.person(&branch.sales, "Ravi");
    let cancel = |person: &Person, order: &Value| {
        let path = format!("orders/{}/cancel", order["id"].as_str().expect("an id"));
        let body = json!({"id": new_id(), "reason": "undo"});
        person.post(&path, &body).expect("answered")
    };
    // Sold and undone at the node that asks: the authority hears of it.
    let sold = branch.sell(&asha, "1");
    assert_eq!(cancel(&asha, &sold).0, 200);
    soon("the authority hears that it was undone", || {
        let (_, opened) = redeem(&meena, &sold);
        opened["to_give"] == "0" || opened["error"]["code"] == "claim_held"
    });
    // Open at the sales counter: not undone at the till meanwhile.
    let second = branch.sell(&meena, "1");
    assert_eq!(redeem(&ravi, &second).0, 200);
    assert_eq!(code(&cancel(&meena, &second).1), "claim_held");
    // Handed out by the authority: not undone where it was sold.
    let third = branch.sell(&asha, "1");
    assert_eq!(redeem(&meena, &third).0, 200);
    assert_eq!(hand_over(&meena, &third, "1", "0").0, 201);
    assert_eq!(code(&cancel(&asha, &third).1), "order_started");
    branch.verify();
}
