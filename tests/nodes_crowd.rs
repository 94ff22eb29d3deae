//! Five devices on one LAN: facts go by the one that leads, from each to each while it is gone, and a device that is shut
//! out hears of it from those that refuse it.
#![cfg(unix)]

use serde_json::{Value, json};
use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};
use stories::{Node, Person, admit, code, node_binary, show_the_same, soon, verify};
use tempfile::TempDir;
use testkit::new_id;

/// Counters of one branch that share on one LAN.
struct Crowd {
    binary: PathBuf,
    folder: TempDir,
    nodes: Vec<Option<Node>>,
    tea: Value,
}

impl Crowd {
    fn of(count: usize) -> Crowd {
        let binary = node_binary();
        let folder = tempfile::tempdir().expect("a temp folder");
        let mut first = Node::start(&binary, &folder.path().join("0"));
        let tea = Person::founds(&first).product("Tea", 2_000);
        first.kill();
        for n in 1..count {
            admit(
                &binary,
                &folder.path().join("0"),
                &folder.path().join(n.to_string()),
            );
        }
        let mut crowd = Crowd {
            binary,
            folder,
            nodes: vec![],
            tea,
        };
        for n in 0..count {
            let mut more = vec!["--share-port".to_owned(), "0".to_owned()];
            for node in crowd.nodes.iter().flatten() {
                let port = node.lan_port.expect("it shares");
                more.extend(["--neighbour".to_owned(), format!("127.0.0.1:{port}")]);
            }
            let node = crowd.start(n, &more);
            crowd.nodes.push(Some(node));
        }
        crowd
    }

    fn start(&self, n: usize, more: &[String]) -> Node {
        let mut arguments = vec!["--share"];
        arguments.extend(more.iter().map(String::as_str));
        let data = self.folder.path().join(n.to_string());
        Node::start_at(&self.binary, &data, "127.0.0.1:0", &arguments)
    }

    fn kill(&mut self, n: usize) {
        self.nodes[n] = None;
    }

    /// Those that run.
    fn people(&self) -> Vec<Person> {
        self.nodes.iter().flatten().map(Person::signed_in).collect()
    }

    fn sell(&self, person: &Person) -> Value {
        person.sell(&self.tea, "1")["id"].clone()
    }

    fn together(&self, sold: &[Value]) {
        for (n, person) in self.people().iter().enumerate() {
            soon(&format!("{n} has all {} orders", sold.len()), || {
                let there = person.orders();
                sold.iter().all(|id| there.iter().any(|order| order["id"] == *id))
            });
        }
    }

    /// Which of those that run takes from all, once all the others take from it alone.
    fn leader(&self) -> usize {
        let people = self.people();
        let mut leads = None;
        soon("facts go by the one that leads", || {
            let peers: Vec<usize> = people
                .iter()
                .map(|person| {
                    person.get("sync")["details"]["peers"]
                        .as_array()
                        .map_or(0, Vec::len)
                })
                .collect();
            let all: Vec<usize> = (0..peers.len()).filter(|n| peers[*n] > 1).collect();
            leads = all.first().copied().filter(|_| all.len() == 1);
            leads.is_some() && peers.iter().filter(|n| **n == 1).count() == peers.len() - 1
        });
        leads.expect("one leads")
    }

    /// Every series is whole at each of these, and they show the same.
    fn end(mut self, which: &[usize]) {
        for n in 0..self.nodes.len() {
            self.kill(n);
        }
        let folders: Vec<PathBuf> = which
            .iter()
            .map(|n| self.folder.path().join(n.to_string()))
            .collect();
        for data in &folders {
            verify(&self.binary, data);
        }
        show_the_same(&self.binary, &folders);
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "it says how long it took")]
fn five_devices_take_from_the_one_that_leads_and_from_each_other_without_it() {
    let mut crowd = Crowd::of(5);
    let mut sold: Vec<Value> = crowd.people().iter().map(|person| crowd.sell(person)).collect();
    crowd.together(&sold);
    let leads = crowd.leader();

    // From one that does not lead to another that does not: by way of the one that does.
    let people = crowd.people();
    let others: Vec<usize> = (0..5).filter(|n| *n != leads).collect();
    let (from, to) = (&people[others[0]], &people[others[1]]);
    let mut took: Vec<Duration> = (0..40)
        .map(|_| {
            let order = crowd.sell(from);
            let path = format!("orders/{}", order.as_str().expect("an id"));
            sold.push(order.clone());
            let begun = Instant::now();
            while to.get(&path)["id"] != order {
                assert!(begun.elapsed() < stories::PATIENCE, "it never came");
                thread::sleep(Duration::from_millis(1));
            }
            begun.elapsed()
        })
        .collect();
    took.sort_unstable();
    let (median, most) = (took[took.len() / 2], took[took.len() * 95 / 100]);
    println!("by way of the one that leads: median {median:?}, p95 {most:?}");
    assert!(
        median < Duration::from_millis(400),
        "{median:?}, with all five on this machine"
    );

    // It goes: everybody asks everybody, until another leads.
    crowd.kill(leads);
    for person in crowd.people() {
        sold.push(crowd.sell(&person));
    }
    crowd.together(&sold);
    let people = crowd.people();
    sold.push(crowd.sell(&people[1]));
    let again = crowd.start(leads, &[]);
    crowd.nodes[leads] = Some(again);
    let people = crowd.people();
    sold.push(crowd.sell(&people[leads]));
    sold.push(crowd.sell(&people[(leads + 1) % 5]));
    crowd.together(&sold);
    crowd.leader();
    crowd.end(&[0, 1, 2, 3, 4]);
}

#[test]
fn a_device_that_is_shut_out_hears_it_from_its_neighbours() {
    let mut crowd = Crowd::of(3);
    let people = crowd.people();
    let mut sold = vec![crowd.sell(&people[2])];
    crowd.together(&sold);
    // Apart from the others it sells on.
    let (status, view) = people[2].put("sharing", &json!({"on": false})).expect("answered");
    assert_eq!((status, &view["state"]), (200, &json!("off")), "{view}");
    let own = [crowd.sell(&people[2]), crowd.sell(&people[2])];
    let devices = people[2].get("shop-devices")["items"].clone();
    let device = devices
        .as_array()
        .into_iter()
        .flatten()
        .find(|one| one["this"] == true);
    let path = format!(
        "shop-devices/{}/revoke",
        device.and_then(|one| one["device"].as_str()).expect("an id")
    );
    let body = json!({"id": new_id(), "reason": "stolen"});
    assert_eq!(people[1].post(&path, &body).expect("answered").0, 200);
    soon("the other has heard of it", || {
        let devices = people[0].get("shop-devices")["items"].clone();
        devices
            .as_array()
            .into_iter()
            .flatten()
            .any(|one| one["revoked"].is_object())
    });
    sold.push(crowd.sell(&people[0]));
    // Back, and refused by both.
    let (status, _) = people[2].put("sharing", &json!({"on": true})).expect("answered");
    assert_eq!(status, 200);
    soon("it hears of it", || {
        people[2].get("lock")["shop"]["shut_out"] == true
    });
    let out = people[2].get("shut-out");
    assert_eq!(
        (&out["person"], &out["reason"]),
        (&json!("Asha"), &json!("stolen")),
        "{out}"
    );
    assert_eq!(out["left"]["orders"], 2, "{out}");
    let sale = json!({"id": new_id(), "lines": [{"product": crowd.tea, "quantity": "1"}],
        "tenders": [{"id": new_id(), "method": "cash"}]});
    let (status, answer) = people[2].post("orders", &sale).expect("answered");
    assert_eq!((status, code(&answer)), (403, "device_revoked"));
    let kept = people[2].orders();
    assert_eq!(kept.len(), 3, "its own and what came before, nothing else");
    assert!(own.iter().all(|id| kept.iter().any(|order| order["id"] == *id)));
    crowd.kill(2);
    let again = crowd.start(2, &[]);
    crowd.nodes[2] = Some(again);
    assert_eq!(
        crowd.people()[2].get("lock")["shop"]["shut_out"],
        true,
        "it knows it still"
    );
    crowd.kill(2);
    crowd.together(&sold);
    crowd.end(&[0, 1]);
}
