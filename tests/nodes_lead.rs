//! Three nodes of one branch, and two, as real processes: who decides is killed, stopped, woken, cut off and appointed,
//! and no token is handed out twice by nodes that can talk.
#![cfg(unix)]

use app::{App, Config, Shop, anomalies::AnomalyFilter};
use domain::ids::OrderId;
use serde_json::{Value, json};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use stories::{Node, Person, admit, code, node_binary, soon, verify};
use sync::{Neighbour, Replicator};
use tempfile::TempDir;
use testkit::new_id;

struct Branch {
    binary: PathBuf,
    folder: TempDir,
    listen: Vec<String>,
    nodes: Vec<Node>,
    tea: Value,
    cables: Vec<Cable>,
}

/// One direction from one node to another, which can be cut: what is on its way is lost, and nothing new gets through.
struct Cable {
    from: usize,
    to: usize,
    address: String,
    cut: Arc<AtomicBool>,
}

impl Cable {
    fn lay(from: usize, to: usize, target: &str) -> Cable {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let cut = Arc::new(AtomicBool::new(false));
        let (target, cuts) = (target.to_owned(), cut.clone());
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                // A cut cable says nothing: the asker waits until its patience is over.
                let (target, cuts) = (target.clone(), cuts.clone());
                thread::spawn(move || carry(near, &target, &cuts));
            }
        });
        Cable {
            from,
            to,
            address,
            cut,
        }
    }
}

fn carry(near: TcpStream, target: &str, cut: &Arc<AtomicBool>) {
    let Ok(far) = TcpStream::connect(target) else {
        return;
    };
    for stream in [&near, &far] {
        let _ = stream.set_read_timeout(Some(Duration::from_millis(100)));
    }
    let (Ok(near_in), Ok(far_in)) = (near.try_clone(), far.try_clone()) else {
        return;
    };
    let back = cut.clone();
    let answer = thread::spawn(move || pump(far_in, near, &back));
    pump(near_in, far, cut);
    let _ = answer.join();
}

fn pump(mut from: TcpStream, mut to: TcpStream, cut: &AtomicBool) {
    let mut bytes = [0; 16 << 10];
    loop {
        match from.read(&mut bytes) {
            Ok(0) => break,
            Ok(_) if cut.load(Ordering::SeqCst) => {}
            Ok(n) => {
                if to.write_all(&bytes[..n]).is_err() {
                    break;
                }
            }
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// The books of nodes that do not run.
fn books(folder: &TempDir, count: usize) -> Vec<App> {
    let open = |n: usize| {
        let mut config = Config::new(folder.path().join(n.to_string()));
        config.use_keyring = false;
        App::open(config).expect("the books open")
    };
    (0..count).map(open).collect()
}

fn facts_meet(shops: &[Arc<Shop>]) {
    for _ in 0..2 {
        for (n, shop) in shops.iter().enumerate() {
            let next = shops[(n + 1) % shops.len()].clone();
            Replicator::new(shop, Neighbour(next))
                .round()
                .expect("facts meet");
        }
    }
}

/// An address that nobody listens at just now.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}

impl Branch {
    /// A shop, its people and a product at the first node; the others are made from its books.
    fn of(count: usize) -> Branch {
        let binary = node_binary();
        let folder = tempfile::tempdir().expect("a temp folder");
        let path = |n: usize| folder.path().join(n.to_string());
        let mut first = Node::start(&binary, &path(0));
        let owner = Person::founds(&first);
        for (name, role) in [("Meena", "cashier"), ("Ravi", "sales")] {
            owner.hire(name, role);
        }
        let tea = owner.product("Tea", 2_000);
        first.kill();
        for n in 1..count {
            admit(&binary, &path(0), &path(n));
        }
        // All know all.
        let apps = books(&folder, count);
        let shops: Vec<Arc<Shop>> = apps.iter().map(|app| app.try_shop().expect("a shop")).collect();
        facts_meet(&shops);
        drop((shops, apps));
        let listen: Vec<String> = (0..count).map(|_| free_address()).collect();
        let pairs = (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
        let cables = pairs
            .filter(|(from, to)| from != to)
            .map(|(from, to)| Cable::lay(from, to, &listen[to]))
            .collect();
        let mut branch = Branch {
            binary,
            listen,
            nodes: vec![],
            tea,
            folder,
            cables,
        };
        for n in 0..count {
            let node = branch.start(n);
            branch.nodes.push(node);
        }
        branch
    }

    fn start(&self, n: usize) -> Node {
        let peers: Vec<String> = self
            .cables
            .iter()
            .filter(|cable| cable.from == n)
            .flat_map(|cable| ["--peer".to_owned(), format!("http://{}", cable.address)])
            .collect();
        let peers: Vec<&str> = peers.iter().map(String::as_str).collect();
        Node::start_at(
            &self.binary,
            &self.folder.path().join(n.to_string()),
            &self.listen[n],
            &peers,
        )
    }

    fn person(&self, n: usize, name: &str) -> Person {
        Person::named(&self.nodes[n], name)
    }

    /// Nobody reaches that node any more, and it nobody; or again.
    fn apart(&self, n: usize, cut: bool) {
        for cable in self
            .cables
            .iter()
            .filter(|cable| cable.from == n || cable.to == n)
        {
            cable.cut.store(cut, Ordering::SeqCst);
        }
    }

    fn verify(mut self) {
        for (n, node) in self.nodes.iter_mut().enumerate() {
            node.kill();
            verify(&self.binary, &self.folder.path().join(n.to_string()));
        }
    }
}

fn lead(person: &Person) -> Value {
    person.get("branch/lead")
}

/// Until it is so, and how long that took.
fn within(what: &str, is_so: impl FnMut() -> bool) -> Duration {
    #[allow(clippy::disallowed_methods, reason = "it says how long it took")]
    let began = Instant::now();
    soon(what, is_so);
    began.elapsed()
}

/// Until the first node decides for all of them, and all know of how many: before that nobody could take over.
fn together(branch: &Branch, owners: &[Person]) {
    within("the first node decides", || {
        let first = lead(&owners[0]);
        let all = first["devices"].as_array().expect("devices");
        let heard = all.iter().all(|one| one["heard"] == true) && all.len() == branch.nodes.len();
        first["state"] == "here"
            && heard
            && owners
                .iter()
                .all(|one| lead(one)["takes_over"] == json!(branch.nodes.len() > 2))
            && owners[1..].iter().all(|one| lead(one)["state"] == "there")
    });
}

/// An order of that counter's own that it opened with the leave of the one that decides; as soon as there is one.
fn opened_with_leave(person: &Person, tea: &Value) -> Value {
    let mut order = Value::Null;
    within("the one that decides is asked", || {
        order = person.sell(tea, "2");
        person.redeem(&order).1["claim"]["offline"] == false
    });
    order
}

fn owners(branch: &Branch) -> Vec<Person> {
    (0..branch.nodes.len())
        .map(|n| branch.person(n, "Asha"))
        .collect()
}

#[test]
fn when_the_one_that_decides_dies_another_takes_over_and_honours_what_was_granted() {
    let mut branch = Branch::of(3);
    let at = owners(&branch);
    together(&branch, &at);
    let ravi = branch.person(2, "Ravi");
    let open = at[2].sell(&branch.tea, "2");
    let given = at[2].sell(&branch.tea, "1");
    let (status, answer) = ravi.redeem(&open);
    assert_eq!(
        (status, &answer["claim"]["offline"]),
        (200, &json!(false)),
        "{answer}"
    );
    assert_eq!(code(&at[1].redeem(&open).1), "claim_held");
    let seller = branch.person(2, "Meena");
    assert_eq!(seller.redeem(&given).0, 200);
    assert_eq!(seller.hand_over(&given, "1", "0").0, 201);

    branch.nodes[0].kill();
    let took = within("another one takes over", || {
        at[1..].iter().any(|one| lead(one)["state"] == "here")
    });
    println!("took over after {took:?}");
    within("the other one follows", || {
        at[1..].iter().any(|one| lead(one)["state"] == "there")
    });
    for one in &at[1..] {
        opened_with_leave(one, &branch.tea);
    }
    let (status, held) = at[1].redeem(&open);
    assert_eq!((status, code(&held)), (409, "claim_held"), "{held}");
    assert_eq!(
        (
            &held["error"]["hints"]["counter"],
            &held["error"]["hints"]["staff"]
        ),
        (&json!("Till 3"), &json!("Ravi"))
    );
    let (status, answer) = at[1].redeem(&given);
    assert_eq!((status, code(&answer)), (409, "already_collected"), "{answer}");
    let (status, done) = ravi.hand_over(&open, "2", "0");
    assert_eq!(status, 201, "who had it hands it over: {done}");
    assert_eq!(
        done["history"]
            .as_array()
            .and_then(|all| all.last())
            .map(|e| &e["offline"]),
        Some(&json!(false))
    );
    within("the other one knows", || {
        code(&at[1].redeem(&open).1) == "already_collected"
    });

    // The one that died comes back, and follows.
    branch.nodes[0] = branch.start(0);
    let back = branch.person(0, "Asha");
    within("it follows", || lead(&back)["state"] == "there");
    opened_with_leave(&back, &branch.tea);
    let (status, answer) = back.redeem(&open);
    assert_eq!((status, code(&answer)), (409, "already_collected"), "{answer}");
    branch.verify();
}

#[test]
fn one_that_slept_while_another_took_over_grants_nothing_and_follows() {
    let branch = Branch::of(3);
    let at = owners(&branch);
    together(&branch, &at);
    let also = at[0].sell(&branch.tea, "1");
    branch.nodes[0].signal("STOP");
    within("another one takes over", || {
        at[1..].iter().any(|one| lead(one)["state"] == "here")
    });
    within("the other one follows", || {
        at[1..].iter().any(|one| lead(one)["state"] == "there")
    });
    let order = opened_with_leave(&at[1], &branch.tea);
    // What is asked of the sleeping one waits for it to wake, and then it does not decide.
    let asked = {
        let (old, order) = (at[0].clone(), also.clone());
        thread::spawn(move || old.redeem(&order))
    };
    let racing = {
        let (old, order) = (at[0].clone(), order.clone());
        thread::spawn(move || old.redeem(&order))
    };
    thread::sleep(Duration::from_millis(300));
    branch.nodes[0].signal("CONT");
    let (status, answer) = asked.join().expect("an answer");
    assert!(
        status == 200 && (answer["claim"]["offline"] == true || lead(&at[0])["state"] == "there"),
        "alone, or by the other's leave: {status} {answer}"
    );
    let (status, answer) = racing.join().expect("an answer");
    assert!(
        code(&answer) == "claim_held" || status == 200 && answer["claim"]["offline"] == true,
        "never twice online: {status} {answer}"
    );
    within("it follows", || lead(&at[0])["state"] == "there");
    opened_with_leave(&at[0], &branch.tea);
    let (status, held) = branch.person(0, "Ravi").redeem(&order);
    assert_eq!((status, code(&held)), (409, "claim_held"), "{held}");
    branch.verify();
}

#[test]
fn of_two_nobody_takes_over_by_itself_and_the_owner_appoints() {
    let mut branch = Branch::of(2);
    let at = owners(&branch);
    together(&branch, &at);
    let devices = lead(&at[1])["devices"].clone();
    let of = |n: usize| {
        devices
            .as_array()
            .and_then(|all| all.iter().find(|one| one["me"] == json!(n == 1)))
            .map(|one| one["device"].clone())
            .expect("a device")
    };
    let appoint = |person: &Person, device: Value| {
        let body = json!({"id": new_id(), "device": device});
        person.put("branch/lead", &body).expect("answered")
    };
    let meena = branch.person(1, "Meena");
    assert_eq!(appoint(&meena, of(1)).0, 403, "only the owner");

    // Both are there: it takes a moment.
    let (status, answer) = appoint(&at[1], of(1));
    assert_eq!(status, 200, "{answer}");
    within("the second decides, the first follows", || {
        lead(&at[1])["state"] == "here" && lead(&at[0])["state"] == "there"
    });
    within("the first asks the second", || {
        let order = at[0].sell(&branch.tea, "1");
        at[0].redeem(&order).1["claim"]["offline"] == false
    });

    branch.nodes[1].kill();
    thread::sleep(Duration::from_secs(14));
    assert_eq!(lead(&at[0])["state"], "nobody", "nobody takes over by itself");
    let lone = at[0].sell(&branch.tea, "1");
    assert_eq!(at[0].redeem(&lone).1["claim"]["offline"], true);

    // Appointed while the other is away: it decides for itself until the other has agreed.
    let (_, answer) = appoint(&at[0], of(0));
    assert_eq!(answer["waiting_for"]["name"], "Till 1", "{answer}");
    let second = at[0].sell(&branch.tea, "1");
    assert_eq!(at[0].redeem(&second).1["claim"]["offline"], true);
    branch.nodes[1] = branch.start(1);
    let back = branch.person(1, "Asha");
    within("the other one agrees", || {
        lead(&at[0])["state"] == "here" && lead(&back)["state"] == "there"
    });
    within("the second asks the first", || {
        let third = back.sell(&branch.tea, "1");
        back.redeem(&third).1["claim"]["offline"] == false
    });
    branch.verify();
}

/// Redeems and hands over, as somebody at a counter does who is told "yes".
fn serve(person: &Person, order: &Value) -> bool {
    let (status, _) = person.redeem(order);
    status == 200 && person.hand_over(order, "1", "0").0 == 201
}

#[test]
fn two_counters_in_every_phase_of_a_partition_hand_out_once_online_and_doubles_are_found() {
    let mut branch = Branch::of(3);
    let at = owners(&branch);
    together(&branch, &at);
    let cashier = branch.person(2, "Meena");
    let mut orders = vec![];
    let mut both = 0;
    opened_with_leave(&at[1], &branch.tea);
    let mut race = |orders: &mut Vec<Value>| {
        let order = cashier.sell(&branch.tea, "1");
        let desks = [at[0].clone(), at[1].clone()].map(|desk| {
            let order = order.clone();
            thread::spawn(move || serve(&desk, &order))
        });
        let served = desks.map(|desk| desk.join().expect("an answer"));
        assert!(served.contains(&true), "the guest gets the goods");
        both += usize::from(served == [true, true]);
        orders.push(order);
    };
    for _ in 0..3 {
        race(&mut orders);
    }
    let whole = orders.len();
    // The one that decides is cut off: in its lease, after it, in the election, and after it.
    branch.apart(0, true);
    within("the others elect one of them", || {
        race(&mut orders);
        thread::sleep(Duration::from_millis(300));
        at[1..].iter().any(|one| lead(one)["state"] == "here")
    });
    assert_eq!(lead(&at[0])["state"], "alone");
    for _ in 0..3 {
        race(&mut orders);
    }
    // Together again, from the first moment on.
    branch.apart(0, false);
    within("the old one follows", || {
        race(&mut orders);
        lead(&at[0])["state"] == "there"
    });
    for one in &at[..2] {
        opened_with_leave(one, &branch.tea);
    }
    let healed = orders.len();
    for _ in 0..3 {
        race(&mut orders);
    }
    assert!(both > 0, "apart, some were given out at both counters");

    // Facts meet; then all three say the same.
    for node in &mut branch.nodes {
        node.kill();
    }
    let apps = books(&branch.folder, 3);
    let shops: Vec<Arc<Shop>> = apps.iter().map(|app| app.try_shop().expect("a shop")).collect();
    facts_meet(&shops);
    let mut twice = 0;
    for (n, order) in orders.iter().enumerate() {
        let id: OrderId = order["id"]
            .as_str()
            .and_then(|id| id.parse().ok())
            .expect("an id");
        let given = shops[0].store().read(|r| r.handovers(id)).expect("handovers");
        let online = given.iter().filter(|one| !one.offline).count();
        assert!(online <= 1, "order {n}: {given:?}");
        assert!((1..=2).contains(&given.len()), "order {n}: {given:?}");
        if n < whole || n >= healed {
            assert_eq!(
                (given.len(), online),
                (1, 1),
                "together, order {n} is given out once: {given:?}"
            );
        }
        twice += usize::from(given.len() == 2);
    }
    assert_eq!(twice, both);
    for shop in &shops {
        let found = shop
            .anomalies(&AnomalyFilter::default())
            .expect("anomalies")
            .items;
        let given_twice = found.iter().filter(|one| one.kind == "given_twice").count();
        assert_eq!(given_twice, twice, "each is in the inbox");
    }
    println!("{} orders, {twice} given out twice while apart", orders.len());
}

#[test]
fn a_parked_cart_is_seen_everywhere_and_taken_up_and_paid_at_one_till() {
    let mut branch = Branch::of(3);
    let at = owners(&branch);
    together(&branch, &at);
    let meena = branch.person(1, "Meena");
    let park = |person: &Person, label: &str| {
        let add = json!({"id": new_id(), "change": {"kind": "add", "product": branch.tea, "quantity": "2"}});
        let (status, cart) = person.post("cart/changes", &add).expect("answered");
        assert_eq!(status, 200, "{cart}");
        let (status, answer) = person
            .post("cart/park", &json!({"id": new_id(), "label": label}))
            .expect("answered");
        assert_eq!(status, 200, "{answer}");
        cart["id"].clone()
    };
    let recall = |person: &Person, cart: &Value| {
        let path = format!("carts/{}/recall", cart.as_str().expect("an id"));
        person.post(&path, &json!({"id": new_id()})).expect("answered")
    };
    let pay = |person: &Person, cart: &Value| {
        let body = json!({"id": new_id(), "cart": cart, "tenders": [{"id": new_id(), "method": "cash"}]});
        person.post("orders", &body).expect("answered")
    };
    let seen = |person: &Person, cart: &Value| {
        let all = person.get("carts/elsewhere");
        all["items"]
            .as_array()
            .and_then(|all| all.iter().find(|one| one["id"] == *cart))
            .cloned()
            .unwrap_or_default()
    };

    let cart = park(&meena, "blue bag");
    within("it is seen at the other tills", || {
        [&at[0], &at[2]]
            .iter()
            .all(|one| seen(one, &cart)["state"] == "parked")
    });
    let row = seen(&at[2], &cart);
    assert_eq!(
        (
            &row["label"],
            &row["total_minor"],
            &row["items"],
            &row["counter"]["name"],
            &row["held_by"]["name"]
        ),
        (
            &json!("blue bag"),
            &json!(4_000),
            &json!("2"),
            &json!("Till 2"),
            &json!("Meena")
        )
    );

    // Many want it: one gets it, with everything that is in it.
    let ravi = branch.person(2, "Meena");
    let wants: Vec<_> = [&at[0], &at[2], &ravi, &at[0], &meena]
        .map(|person| {
            let (person, cart) = (person.clone(), cart.clone());
            thread::spawn(move || {
                let path = format!("carts/{}/recall", cart.as_str().expect("an id"));
                (
                    person.clone(),
                    person.post(&path, &json!({"id": new_id()})).expect("answered"),
                )
            })
        })
        .into_iter()
        .map(|one| one.join().expect("an answer"))
        .collect();
    let (got, lost): (Vec<_>, Vec<_>) = wants.into_iter().partition(|(_, (status, _))| *status == 200);
    assert_eq!(
        got.len(),
        1,
        "{got:?} {lost:?}",
        got = got.iter().map(|g| &g.1).collect::<Vec<_>>(),
        lost = lost.iter().map(|g| &g.1).collect::<Vec<_>>()
    );
    let (winner, (_, opened)) = &got[0];
    assert_eq!((&opened["id"], &opened["total_minor"]), (&cart, &json!(4_000)));
    for (_, (_, answer)) in &lost {
        assert!(matches!(code(answer), "cart_taken" | "cart_gone"), "{answer}");
    }
    let (status, paid) = pay(winner, &cart);
    assert_eq!((status, &paid["total_minor"]), (201, &json!(4_000)), "{paid}");
    within("it is gone everywhere", || {
        at.iter().all(|one| seen(one, &cart) == Value::Null)
            && at.iter().all(|one| one.get("carts")["items"] == json!([]))
    });

    // Taken up elsewhere while its till was cut off: that copy is not paid any more once they can talk.
    let second = park(&meena, "red bag");
    within("it is seen", || seen(&at[2], &second)["state"] == "parked");
    branch.apart(1, true);
    let (status, answer) = recall(&at[2], &second);
    assert_eq!(status, 200, "{answer}");
    within("apart, others cannot be seen", || {
        meena.get("carts/elsewhere")["apart"] == true
    });
    let (status, answer) = recall(&meena, &second);
    assert_eq!(status, 200, "apart, a till has its own: {answer}");
    branch.apart(1, false);
    // It is asked again as soon as it was heard; until then a till that pays goes on alone.
    within("together again", || {
        lead(&at[1])["state"] == "there"
            && lead(&at[0])["state"] == "here"
            && meena.get("carts/elsewhere")["apart"] == false
    });
    within("and it says who has it", || {
        code(&pay(&meena, &second).1) == "cart_taken"
    });
    let (status, paid) = pay(&at[2], &second);
    assert_eq!(status, 201, "{paid}");

    // Asked for, and the power goes before it is put down: asked again, and here.
    let third = park(&at[2], "green bag");
    within("it is seen", || seen(&at[0], &third)["state"] == "parked");
    assert_eq!(recall(&at[0], &third).0, 200);
    branch.nodes[0].kill();
    branch.nodes[0] = branch.start(0);
    let back = branch.person(0, "Asha");
    // Where starting takes longer than the others' patience, one of them decides, and it learns of the cart all the same.
    within("somebody decides again", || {
        let states = [&back, &at[1], &at[2]].map(|one| lead(one)["state"].clone());
        states.iter().filter(|state| **state == "here").count() == 1
            && states.iter().filter(|state| **state == "there").count() == 2
    });
    let copies = || {
        [&back, &at[1], &at[2]]
            .iter()
            .map(|one| one.get("carts")["items"].as_array().map_or(0, Vec::len))
            .sum::<usize>()
    };
    within("it is at one till only", || {
        copies() == 0 && seen(&at[2], &third)["state"] == "open"
    });
    branch.verify();
}
