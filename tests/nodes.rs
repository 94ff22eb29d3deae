//! Two nodes of one branch as real processes, each with its own store. One is the claim authority; it is asked, paused,
//! killed and brought back, and no order is handed out or paid back twice while the two can talk.

use serde_json::{Value, json};
use std::{path::PathBuf, thread};
use stories::{Node, Person, admit, code, node_binary, soon, verify};
use tempfile::TempDir;
use testkit::{OWNER_PIN, new_id};

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
        let owner = Person::founds(&till);
        for (name, role) in [("Meena", "cashier"), ("Ravi", "sales"), ("Maya", "manager")] {
            owner.hire(name, role);
        }
        let tea = owner.product("Tea", 2_000);
        let kept = before(&owner, &tea);
        let address = till.address.clone();
        till.kill();
        admit(&binary, &first, &second);
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

    fn sell(&self, person: &Person, quantity: &str) -> Value {
        person.sell(&self.tea, quantity)
    }

    /// The same folder again, at the same address.
    fn bring_back(&mut self) {
        let listen = self.till.address.trim_start_matches("http://").to_owned();
        self.till = Node::start_at(&self.binary, &self.folder.path().join("first"), &listen, &[]);
    }

    fn verify(mut self) {
        for (node, name) in [(&mut self.till, "first"), (&mut self.sales, "second")] {
            node.kill();
            verify(&self.binary, &self.folder.path().join(name));
        }
    }
}

fn refund(person: &Person, order: &Value, quantity: &str, approval: Option<Value>) -> (u16, Value) {
    let path = format!("orders/{}/refunds", order["id"].as_str().expect("an id"));
    let mut body = json!({"id": new_id(), "lines": [{"line": 1, "quantity": quantity}]});
    if let Some(approval) = approval {
        body["approval"] = approval;
    }
    person.post(&path, &body).expect("answered")
}

#[test]
fn one_claim_for_the_whole_branch_and_the_lines_from_the_token_itself() {
    let (branch, ()) = Branch::new(|_, _| ());
    let meena = Person::named(&branch.till, "Meena");
    let at_till = Person::named(&branch.till, "Asha");
    let ravi = Person::named(&branch.sales, "Ravi");
    let order = branch.sell(&meena, "3");
    let (status, opened) = ravi.redeem(&order);
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
    let (status, held) = at_till.redeem(&order);
    assert_eq!((status, code(&held)), (409, "claim_held"), "{held}");
    assert_eq!(
        (
            &held["error"]["hints"]["counter"],
            &held["error"]["hints"]["staff"]
        ),
        (&json!("Till 2"), &json!("Ravi"))
    );
    let second = branch.sell(&meena, "1");
    let (_, opened_here) = at_till.redeem(&second);
    let stolen = json!({"id": opened_here["claim"]["id"], "code": second["token"]["code"]});
    let (status, answer) = ravi.post("tokens/redeem", &stolen).expect("answered");
    assert_eq!(
        (status, code(&answer)),
        (409, "id_reused"),
        "another's claim opens nothing: {answer}"
    );
    assert_eq!(ravi.hand_over(&order, "2", "1").0, 201);
    soon("the first node hears of it", || {
        let now = at_till.get(&format!("orders/{}", order["id"].as_str().expect("an id")));
        now["state"] == "partial" && now["due_minor"] == 2_000
    });
    let (status, paid) = refund(&meena, &order, "1", None);
    assert_eq!(status, 201, "what was missing there is paid back here: {paid}");
    assert_eq!(code(&refund(&meena, &order, "1", None).1), "nothing_to_refund");
    let (status, answer) = ravi.redeem(&order);
    assert_eq!((status, code(&answer)), (409, "already_collected"), "{answer}");
    branch.verify();
}

#[test]
fn of_many_scans_at_both_nodes_one_wins() {
    let (branch, ()) = Branch::new(|_, _| ());
    let meena = Person::named(&branch.till, "Meena");
    let here = Person::named(&branch.till, "Asha");
    let there = Person::named(&branch.sales, "Ravi");
    for _ in 0..5 {
        let order = branch.sell(&meena, "1");
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                let (person, order) = (if n % 2 == 0 { &here } else { &there }.clone(), order.clone());
                thread::spawn(move || person.redeem(&order))
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
    let meena = Person::named(&branch.till, "Meena");
    let here = Person::named(&branch.till, "Asha");
    let ravi = Person::named(&branch.sales, "Ravi");
    let order = branch.sell(&meena, "2");
    assert_eq!(ravi.redeem(&order).0, 200);
    let body = json!({"id": new_id(), "code": order["token"]["code"], "take_over": true});
    assert_eq!(here.post("tokens/redeem", &body).expect("answered").0, 200);
    let (status, lost) = ravi.hand_over(&order, "2", "0");
    assert_eq!((status, code(&lost)), (409, "claim_lost"), "{lost}");
    assert_eq!(lost["error"]["hints"]["staff"], "Asha");
    assert_eq!(here.hand_over(&order, "2", "0").0, 201);
    assert_eq!(code(&ravi.redeem(&order).1), "already_collected");
    branch.verify();
}

#[cfg(unix)]
#[test]
fn without_the_authority_the_counter_goes_on_marked_and_tells_later() {
    let (mut branch, old) = Branch::new(|owner, tea| owner.sell(tea, "2"));
    let meena = Person::named(&branch.till, "Meena");
    let ravi = Person::named(&branch.sales, "Ravi");
    let order = branch.sell(&meena, "2");

    branch.till.signal("STOP");
    let (status, opened) = ravi.redeem(&order);
    assert_eq!(
        (status, &opened["claim"]["offline"]),
        (200, &json!(true)),
        "{opened}"
    );
    assert_eq!(ravi.hand_over(&order, "2", "0").0, 201);
    branch.till.signal("CONT");
    soon("the authority hears what was done meanwhile", || {
        code(&meena.redeem(&order).1) == "already_collected"
    });

    branch.till.kill();
    let (status, opened) = ravi.redeem(&old);
    assert_eq!((status, &opened["claim"]["offline"]), (200, &json!(true)));
    assert!(
        opened["order"].is_object(),
        "an order from before the copy is here"
    );
    let (status, given) = ravi.hand_over(&old, "1", "1");
    assert_eq!((status, &given["state"]), (201, &json!("partial")), "{given}");
    let event = given["history"]
        .as_array()
        .and_then(|all| all.last())
        .expect("an event");
    assert_eq!(event["offline"], true, "marked");
    branch.bring_back();
    let meena = Person::named(&branch.till, "Meena");
    soon("the authority that was killed hears it too", || {
        let now = meena.get(&format!("orders/{}", old["id"].as_str().expect("an id")));
        now["state"] == "partial"
    });
    let next = branch.sell(&meena, "1");
    let (status, opened) = ravi.redeem(&next);
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
        let sold: Vec<Value> = (0..6).map(|_| owner.sell(tea, "2")).collect();
        for order in &sold {
            assert_eq!(owner.redeem(order).0, 200);
            assert_eq!(owner.hand_over(order, "0", "2").0, 201);
        }
        sold
    });
    let here = Person::named(&branch.till, "Meena");
    let there = Person::named(&branch.sales, "Meena");
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
        let sold = [owner.sell(tea, "2"), owner.sell(tea, "30")];
        for (order, missing) in sold.iter().zip(["2", "30"]) {
            assert_eq!(owner.redeem(order).0, 200);
            assert_eq!(owner.hand_over(order, "0", missing).0, 201);
        }
        let [small, large] = sold;
        (small, large)
    });
    let maya = Person::named(&branch.sales, "Maya");
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
    let meena = Person::named(&branch.till, "Meena");
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
    let meena = Person::named(&branch.till, "Meena");
    let asha = Person::named(&branch.sales, "Asha");
    let ravi = Person::named(&branch.sales, "Ravi");
    let cancel = |person: &Person, order: &Value| {
        let path = format!("orders/{}/cancel", order["id"].as_str().expect("an id"));
        let body = json!({"id": new_id(), "reason": "undo"});
        person.post(&path, &body).expect("answered")
    };
    // Sold and undone at the node that asks: the authority hears of it.
    let sold = branch.sell(&asha, "1");
    assert_eq!(cancel(&asha, &sold).0, 200);
    soon("the authority hears that it was undone", || {
        let (_, opened) = meena.redeem(&sold);
        opened["to_give"] == "0" || opened["error"]["code"] == "claim_held"
    });
    // Open at the sales counter: not undone at the till meanwhile.
    let second = branch.sell(&meena, "1");
    assert_eq!(ravi.redeem(&second).0, 200);
    assert_eq!(code(&cancel(&meena, &second).1), "claim_held");
    // Handed out by the authority: not undone where it was sold.
    let third = branch.sell(&asha, "1");
    assert_eq!(meena.redeem(&third).0, 200);
    assert_eq!(meena.hand_over(&third, "1", "0").0, 201);
    assert_eq!(code(&cancel(&asha, &third).1), "order_started");
    branch.verify();
}
