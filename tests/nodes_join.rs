//! Devices that join a shop, as real processes: the whole way in, everything that can go wrong on it, and power that is
//! cut anywhere on it.

use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use stories::{Node, Person, node_binary, soon, verify};
use tempfile::TempDir;
use testkit::new_id;

struct Host {
    binary: PathBuf,
    folder: TempDir,
    node: Node,
    owner: Person,
}

impl Host {
    fn open() -> Host {
        let binary = node_binary();
        let folder = tempfile::tempdir().expect("a temp folder");
        let node = Node::start(&binary, &folder.path().join("host"));
        let owner = Person::founds(&node);
        Host {
            binary,
            folder,
            node,
            owner,
        }
    }

    fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn new_node(&self, name: &str) -> Node {
        Node::start(&self.binary, &self.data(name))
    }

    fn invite(&self) -> Value {
        let (status, invitation) = self
            .owner
            .post("join/invitations", &json!({"id": new_id()}))
            .expect("answered");
        assert_eq!(status, 201, "{invitation}");
        invitation
    }

    fn invitation(&self, id: &Value) -> Value {
        self.owner
            .get(&format!("join/invitations/{}", id.as_str().expect("an id")))
    }

    fn asked(&self, invitation: &Value) -> Value {
        let mut seen = Value::Null;
        soon("the owner sees who asks", || {
            seen = self.invitation(&invitation["id"]);
            seen["state"] == "asked"
        });
        seen
    }

    fn approve(&self, invitation: &Value, role: &str) -> (u16, Value) {
        let id = invitation["id"].as_str().expect("an id");
        let body = json!({"id": new_id(), "device": invitation["guest"]["device"], "name": "Counter by the door",
            "role": role, "counter": "Till 2"});
        self.owner
            .post(&format!("join/invitations/{id}/approve"), &body)
            .expect("answered")
    }

    /// The whole way, with nothing in it.
    fn let_in(&self, guest: &Person) {
        let invitation = self.invite();
        assert_eq!(knock(guest, &self.node, &invitation["code"]).0, 202);
        assert_eq!(self.approve(&self.asked(&invitation), "sales_counter").0, 200);
        phase(guest, "done");
    }

    fn sell(&self, count: usize) {
        let tea = json!(new_id());
        let body = json!({"id": tea, "name": "Tea", "price_minor": 2_000});
        assert_eq!(self.owner.post("products", &body).expect("answered").0, 201);
        for _ in 0..count {
            self.owner.sell(&tea, "1");
        }
    }

    fn verify(&self, name: &str) {
        verify(&self.binary, &self.data(name));
    }
}

fn knock(guest: &Person, host: &Node, code: &Value) -> (u16, Value) {
    let body = json!({"code": code, "address": host.address, "name": "A new tablet"});
    guest.post("join", &body).expect("answered")
}

fn phase(guest: &Person, wanted: &str) -> Value {
    let mut seen = Value::Null;
    soon(&format!("joining is {wanted}"), || {
        seen = guest.get("join");
        assert!(
            seen["phase"] != "failed" || wanted == "failed",
            "it failed before {wanted}: {seen}"
        );
        seen["phase"] == wanted
    });
    seen
}

fn failed(guest: &Person) -> String {
    let seen = phase(guest, "failed");
    seen["failed"].as_str().expect("a reason").to_owned()
}

fn shop_there(data: &Path) -> bool {
    data.join("shop/chandi.db").exists()
}

#[test]
fn a_new_device_is_let_in_and_has_the_books() {
    let mut host = Host::open();
    host.sell(3);
    let mut node = host.new_node("guest");
    let guest = Person::at(&node);
    assert_eq!(guest.get("join")["phase"], "none");
    let invitation = host.invite();
    assert_eq!(invitation["state"], "open");
    assert!(
        invitation["qr_svg"]
            .as_str()
            .expect("a QR code")
            .starts_with("<svg")
    );

    assert_eq!(knock(&guest, &host.node, &invitation["code"]).0, 202);
    let waiting = phase(&guest, "waiting");
    let asked = host.asked(&invitation);
    assert_eq!(
        asked["guest"]["digits"], waiting["digits"],
        "the same on both screens"
    );
    assert_eq!(asked["guest"]["name"], "A new tablet");
    assert_eq!(
        asked["code"],
        Value::Null,
        "a code that was used is shown no more"
    );
    assert!(
        !shop_there(&host.data("guest")),
        "nothing is here before the owner says yes"
    );
    assert_eq!(
        knock(&guest, &host.node, &invitation["code"]).1["error"]["code"],
        "join_busy"
    );

    let (status, approved) = host.approve(&asked, "sales_counter");
    assert_eq!(status, 200, "{approved}");
    let (status, again) = host.approve(&asked, "sales_counter");
    assert_eq!(status, 200, "said twice is said once: {again}");
    phase(&guest, "done");
    soon("the owner sees that it has joined", || {
        host.invitation(&invitation["id"])["state"] == "joined"
    });
    assert!(
        !host
            .data("host/shop/joining")
            .join(format!("{}.db", invitation["id"].as_str().expect("an id")))
            .exists(),
        "the books that were made for it are deleted"
    );

    let lock = guest.get("lock");
    assert_eq!(
        (&lock["shop"]["name"], &lock["shop"]["counter"]),
        (&json!("Test Sweets"), &json!("Till 2"))
    );
    let there = Person::signed_in(&node);
    assert_eq!(there.orders().len(), 3, "every order came along");
    let tea = there.get("products?limit=200")["items"]
        .as_array()
        .expect("products")
        .clone();
    let tea = tea.iter().find(|one| one["name"] == "Tea").expect("tea")["id"].clone();
    there.sell(&tea, "1");
    host.owner.sell(&tea, "1");
    // The two keep to each other from here on.
    for (who, person) in [("the host", &host.owner), ("the new device", &there)] {
        soon(&format!("{who} hears of the other's sale"), || {
            person.orders().len() == 5
        });
    }
    let mut numbers: Vec<String> = there
        .orders()
        .iter()
        .map(|one| one["document"].to_string())
        .collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 5, "no number was given twice: {numbers:?}");
    node.kill();
    host.node.kill();
    host.verify("guest");
    host.verify("host");
}

#[test]
fn wrong_used_declined_and_late_codes_are_told_apart_and_leave_nothing() {
    let host = Host::open();
    let (first, second) = (host.new_node("one"), host.new_node("two"));
    let (one, two) = (Person::at(&first), Person::at(&second));
    assert_eq!(
        knock(&one, &host.node, &json!("what")).1["error"]["code"],
        "join_code_invalid"
    );
    let body = json!({"code": "0000-0000-0000-0000", "address": "http://10.1.2.3:1", "name": "Tablet"});
    assert_eq!(
        one.post("join", &body).expect("answered").1["error"]["code"],
        "join_address_invalid"
    );

    // Nobody is invited there, or not by that device.
    assert_eq!(knock(&one, &host.node, &json!("0000-0000-0000-0000")).0, 202);
    assert_eq!(failed(&one), "join_code_wrong");
    // The right device, the wrong secret; a few of them close the invitation.
    let invitation = host.invite();
    let code = invitation["code"].as_str().expect("a code").to_owned();
    for n in 0..5 {
        let wrong = format!("{}{:04}", &code[..15], n);
        assert_eq!(knock(&one, &host.node, &json!(wrong)).0, 202);
        assert_eq!(failed(&one), "join_code_wrong", "{wrong}");
    }
    assert_eq!(host.invitation(&invitation["id"])["state"], "guessed");
    assert_eq!(knock(&one, &host.node, &json!(code)).0, 202);
    assert_eq!(failed(&one), "join_code_wrong", "it opens nothing any more");

    // Two with one code: the first has it.
    let invitation = host.invite();
    assert_eq!(knock(&one, &host.node, &invitation["code"]).0, 202);
    phase(&one, "waiting");
    assert_eq!(knock(&two, &host.node, &invitation["code"]).0, 202);
    assert_eq!(failed(&two), "join_used");
    let id = invitation["id"].as_str().expect("an id");
    assert_eq!(host.owner.delete(&format!("join/invitations/{id}")).0, 204);
    assert_eq!(failed(&one), "join_declined");
    let (status, late) = host.approve(&host.invitation(&invitation["id"]), "till");
    assert_eq!((status, &late["error"]["code"]), (409, &json!("join_decided")));

    // Whoever gives up is not waited for.
    let invitation = host.invite();
    assert_eq!(knock(&one, &host.node, &invitation["code"]).0, 202);
    phase(&one, "waiting");
    assert_eq!(one.delete("join").0, 204);
    assert_eq!(one.get("join")["phase"], "none");
    soon("the owner sees that it went", || {
        host.invitation(&invitation["id"])["state"] == "withdrawn"
    });
    for name in ["one", "two"] {
        assert!(!shop_there(&host.data(name)));
        assert!(!host.data(name).join("joining").exists(), "{name} keeps nothing");
    }
    let setup = one.get("setup");
    assert_eq!(setup["ready"], false, "it can still be set up as its own shop");
}

#[test]
fn a_host_that_is_gone_or_started_anew_is_told() {
    let mut host = Host::open();
    let node = host.new_node("guest");
    let guest = Person::at(&node);
    let invitation = host.invite();
    assert_eq!(knock(&guest, &host.node, &invitation["code"]).0, 202);
    phase(&guest, "waiting");
    let listen = host.node.address.trim_start_matches("http://").to_owned();
    host.node.kill();
    host.node = Node::start_at(&host.binary, &host.data("host"), &listen, &[]);
    assert_eq!(
        failed(&guest),
        "join_expired",
        "invitations do not outlive their device's run"
    );
    host.node.kill();
    assert_eq!(knock(&guest, &host.node, &invitation["code"]).0, 202);
    assert_eq!(failed(&guest), "join_host_gone");
}

/// SIGKILL in every phase: what comes back has no shop, or the whole of one.
#[test]
fn power_that_is_cut_leaves_no_shop_or_a_whole_one() {
    let host = Host::open();
    host.sell(20);
    let mut whole = 0;
    for round in 0..12_u64 {
        let name = format!("cut-{round}");
        let mut node = host.new_node(&name);
        let guest = Person::at(&node);
        let invitation = host.invite();
        assert_eq!(knock(&guest, &host.node, &invitation["code"]).0, 202);
        if round > 0 {
            assert_eq!(host.approve(&host.asked(&invitation), "till").0, 200);
            // Ever later: while the books are made, received, checked, opened, and after.
            thread::sleep(Duration::from_millis(120 * (round - 1)));
        }
        if round == 11 {
            // On a slow machine all the others may have come before the end.
            soon("the last one gets to the end", || {
                guest.get("setup")["ready"] == true
            });
        }
        node.kill();
        let mut again = host.new_node(&name);
        let guest = Person::at(&again);
        assert!(
            !host.data(&name).join("joining").exists(),
            "what was half received is gone"
        );
        if guest.get("setup")["ready"] == true {
            whole += 1;
            assert_eq!(Person::signed_in(&again).orders().len(), 20);
            again.kill();
            host.verify(&name);
        } else {
            // Nothing stands in the way of the next try.
            host.let_in(&guest);
            assert_eq!(Person::signed_in(&again).orders().len(), 20);
        }
        let open = host.owner.get("join/invitations");
        for one in open["items"].as_array().into_iter().flatten() {
            let id = one["id"].as_str().expect("an id");
            host.owner.delete(&format!("join/invitations/{id}"));
        }
    }
    assert!(
        (1..12).contains(&whole),
        "the cuts came before and after: {whole} of 12 were whole"
    );
}
