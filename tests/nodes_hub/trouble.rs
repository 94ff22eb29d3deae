//! What goes wrong beside a hub: a device is shut out, a disk is full, traffic between nodes comes again, a week comes at
//! once, and somebody sends a gigabyte.

use super::{Line, Shop, id_of, sell};
use journal::exchange::{DEVICE, DIGEST, SHOP, SIGNATURE, TIME, signature_text};
use serde_json::json;
use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    sync::atomic::Ordering::Relaxed,
    thread,
    time::{Duration, Instant},
};
use stories::{
    Person, code,
    hub::{Books, Hub},
    hub_binary, show_the_same, soon, verify,
    week::a_week_of_sales,
};
use testkit::{new_id, small_disk::SmallDisk};

/// A hub on SQLite and a shop that follows it.
fn online() -> (tempfile::TempDir, PathBuf, Books, Hub, Shop, Person) {
    let binary = hub_binary();
    let folder = tempfile::tempdir().expect("a temp folder");
    let books = Books::Folder(folder.path().to_path_buf());
    let word = books.invite(&binary);
    let hub = Hub::start(&binary, &books, "127.0.0.1:0");
    let (shop, owner) = Shop::found();
    let body = json!({"id": new_id(), "address": hub.address(), "invitation": word});
    assert_eq!(owner.put("hub", &body).expect("answered").0, 200);
    (folder, binary, books, hub, shop, owner)
}

#[test]
fn a_device_hears_from_the_hub_that_refuses_it_by_whom_it_was_shut_out() {
    let (_folder, binary, books, mut hub, mut shop, _) = online();
    shop.admit(&[], 0);
    let (owner, till) = (shop.person(0), shop.person(1));
    let taken = sell(&till, &shop.tea);
    soon("what was sold there is here", || owner.orders().len() == 1);
    // Apart from everybody it sells on, and is shut out meanwhile.
    hub.kill();
    let (one, two) = (sell(&till, &shop.tea), sell(&till, &shop.tea));
    shop.kill(1);
    hub.restart(&binary, &books);
    let devices = owner.get("shop-devices")["items"].clone();
    let device = devices
        .as_array()
        .into_iter()
        .flatten()
        .find(|one| one["this"] == false);
    let path = format!(
        "shop-devices/{}/revoke",
        device.and_then(|one| one["device"].as_str()).expect("an id")
    );
    let body = json!({"id": new_id(), "reason": "lost"});
    assert_eq!(owner.post(&path, &body).expect("answered").0, 200);
    soon("the hub knows", || {
        let now = owner.get("hub");
        now["state"] == "online" && now["to_send"] == 0
    });
    shop.start(1, "127.0.0.1:0");
    let till = shop.person(1);
    soon("it hears of it", || till.get("lock")["shop"]["shut_out"] == true);
    let out = till.get("shut-out");
    assert_eq!(
        (&out["person"], &out["reason"]),
        (&json!("Asha"), &json!("lost")),
        "{out}"
    );
    assert!(
        out["by"]["name"].as_str().is_some_and(|name| !name.is_empty()),
        "{out}"
    );
    let left = &out["left"];
    assert_eq!(
        (&left["orders"], &left["sold_minor"]),
        (&json!(2), &json!(4_000)),
        "{out}"
    );
    let sale = json!({"id": new_id(), "lines": [{"product": shop.tea, "quantity": "1"}],
        "tenders": [{"id": new_id(), "method": "cash"}]});
    let (status, answer) = till.post("orders", &sale).expect("answered");
    assert_eq!((status, code(&answer)), (403, "device_revoked"), "{answer}");
    assert_eq!(till.get("hub")["refusal"], "revoked");
    let forget = till.get("shop/forget");
    assert!(
        forget["only_here"].as_u64() >= Some(2),
        "nothing is lost silently: {forget}"
    );

    // It gets nothing else, and nobody gets what came after its end.
    let later = sell(&owner, &shop.tea);
    soon("the hub has it", || owner.get("hub")["to_send"] == 0);
    shop.crash(1);
    let till = shop.person(1);
    assert_eq!(till.get("lock")["shop"]["shut_out"], true, "it knows it still");
    let seen: BTreeSet<String> = till.orders().iter().map(id_of).collect();
    assert_eq!(
        seen,
        BTreeSet::from([taken.clone(), one, two]),
        "it keeps what it has"
    );
    let seen: BTreeSet<String> = owner.orders().iter().map(id_of).collect();
    assert_eq!(seen, BTreeSet::from([taken, later]));
    shop.stop();
    for data in shop.folders() {
        verify(&shop.binary, &data);
    }
}

#[cfg(unix)]
#[test]
fn a_full_disk_stops_its_own_till_in_words_and_nobody_else() {
    let (_folder, _binary, _books, _hub, mut shop, _) = online();
    shop.admit(&[], 0);
    // Where nothing may be mounted, the simulation's disks alone run full.
    let small = SmallDisk::mounted(&shop.data(2), 24);
    shop.admit(&[], 0);
    let people: Vec<Person> = (0..3).map(|n| shop.person(n)).collect();
    let mut sold: BTreeSet<String> = people.iter().map(|person| sell(person, &shop.tea)).collect();
    if let Some(small) = &small {
        small.fill();
        let sale = || {
            json!({"id": new_id(), "lines": [{"product": shop.tea, "quantity": "1"}],
                "tenders": [{"id": new_id(), "method": "cash"}]})
        };
        // What the log had room for is still sold.
        let mut refused = None;
        for _ in 0..5_000 {
            match people[2].post("orders", &sale()).expect("answered") {
                (201, order) => {
                    sold.insert(id_of(&order));
                }
                other => {
                    refused = Some(other);
                    break;
                }
            }
        }
        let (status, answer) = refused.expect("the disk is full");
        assert_eq!((status, code(&answer)), (507, "disk_full"), "{answer}");
        assert!(!people[2].orders().is_empty(), "it still shows what it has");
        let between: Vec<String> = (0..6).map(|n| sell(&people[n % 2], &shop.tea)).collect();
        for person in &people[..2] {
            soon("the others go on", || {
                let there: BTreeSet<String> = person.orders().iter().map(id_of).collect();
                between.iter().all(|id| there.contains(id))
            });
        }
        sold.extend(between);
        small.make_room();
        let mut answer = None;
        soon("with room it sells again", || {
            answer = people[2].post("orders", &sale());
            matches!(answer, Some((201, _)))
        });
        sold.extend(answer.map(|(_, order)| id_of(&order)));
    }
    sold.insert(sell(&people[0], &shop.tea));
    drop(people);
    shop.agree(&sold);
    drop(small);
}

#[test]
fn traffic_between_nodes_comes_again_in_another_order_and_changes_nothing() {
    let (mut shop, _) = Shop::found();
    let lines = [Line::to(&shop.listen(0)), Line::to(&shop.listen(0))];
    // The first node is what the others follow; one of them is ten minutes fast.
    shop.admit(&["--hub", &lines[0].address], 0);
    shop.admit(&["--hub", &lines[1].address], 600_000);
    for line in &lines {
        line.control.loses_one_in.store(4, Relaxed);
    }
    let mut sold = BTreeSet::new();
    for round in 0..6 {
        for n in 0..3 {
            let person = shop.person(n);
            sold.extend((0..3).map(|_| sell(&person, &shop.tea)));
        }
        let line = &lines[round % 2];
        match round {
            1 | 4 => {
                line.replay();
            }
            2 => shop.crash(0),
            3 => line.cut(true),
            _ => lines.iter().for_each(|line| line.cut(false)),
        }
    }
    for line in &lines {
        line.cut(false);
        line.control.loses_one_in.store(0, Relaxed);
        assert!(line.replay() > 0, "something was pushed over every line");
    }
    for n in 0..3 {
        let person = shop.person(n);
        soon("every order is there, once", || {
            let there = person.orders();
            let ids: BTreeSet<String> = there.iter().map(id_of).collect();
            there.len() == sold.len() && ids == sold
        });
    }
    // Once more when everything is settled.
    for line in &lines {
        line.replay();
    }
    shop.stop();
    for data in shop.folders() {
        verify(&shop.binary, &data);
    }
    show_the_same(&shop.binary, &shop.folders());
}

#[test]
#[allow(clippy::disallowed_methods, reason = "it says how long the sales took")]
fn a_week_comes_at_once_while_both_tills_go_on_selling() {
    const SALES: u32 = 50_000;
    let (_folder, binary, books, mut hub, mut shop, owner) = online();
    shop.admit(&[], 0);
    let till = shop.person(1);
    sell(&till, &shop.tea);
    soon("it is online", || {
        let now = till.get("hub");
        now["state"] == "online" && now["to_send"] == 0
    });
    hub.kill();
    drop((owner, till));
    shop.kill(1);
    let week = a_week_of_sales(&shop.data(1), SALES);
    assert_eq!(week.len(), SALES as usize);
    shop.start(1, "127.0.0.1:0");
    let (owner, till) = (shop.person(0), shop.person(1));
    let waits = till.get("hub")["to_send"].as_u64();
    assert!(waits > Some(1_000), "everything waits: {waits:?}");
    hub.restart(&binary, &books);

    // A series comes in its order: where its newest sale is, the week is.
    let begun = Instant::now();
    let (mut took, mut here) = ([vec![], vec![]], vec![]);
    loop {
        let sale = Instant::now();
        let newest = sell(&till, &shop.tea);
        took[0].push(sale.elapsed());
        let sale = Instant::now();
        here.push(sell(&owner, &shop.tea));
        took[1].push(sale.elapsed());
        if owner.get(&format!("orders/{newest}"))["id"] == newest.as_str() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "it never came");
        // Until the next guests are there.
        thread::sleep(Duration::from_millis(100));
    }
    println!("{} facts came in {:?}", SALES * 2, begun.elapsed());
    for (who, times) in ["the till that sent them", "the till that took them in"]
        .iter()
        .zip(&mut took)
    {
        times.sort_unstable();
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        println!(
            "{who} sold {} times meanwhile: median {median:?}, the longest {longest:?}",
            times.len()
        );
        assert!(
            median < Duration::from_secs(1) && longest < Duration::from_secs(10),
            "{who} stood still"
        );
    }
    for nth in [0, week.len() / 2, week.len() - 1] {
        assert_eq!(
            owner.get(&format!("orders/{}", week[nth]))["id"],
            week[nth].as_str()
        );
    }
    soon("everything is everywhere", || {
        let now = [&owner, &till].map(|person| person.get("hub"));
        let last = here.last().expect("it sold");
        now.iter()
            .all(|now| now["to_send"] == 0 && now["state"] == "online")
            && till.get(&format!("orders/{last}"))["id"] == last.as_str()
    });
    shop.stop();
    // Not verified: to do everything once more would take as long as all of this.
    show_the_same(&shop.binary, &shop.folders());
}

/// The most memory that a process had so far, in kB.
#[cfg(target_os = "linux")]
fn most_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    number.and_then(|n| n.trim().parse().ok()).expect("a number")
}

#[cfg(target_os = "linux")]
#[test]
fn a_gigabyte_at_a_nodes_own_door_is_refused_before_it_is_read() {
    let (mut shop, _) = Shop::found();
    shop.kill(0);
    // By a device of the shop, which may be in a thief's hands.
    let config = app::Config {
        use_keyring: false,
        ..app::Config::new(shop.data(0))
    };
    let opened = app::App::open(config).expect("the books open");
    let signed = opened
        .shop()
        .expect("a shop")
        .sign_request("POST", "/sync/v1/push", b"another body")
        .expect("signed");
    drop(opened);
    shop.start(0, "127.0.0.1:0");
    let owner = shop.person(0);
    let head = |signature: &[u8; 64], length: &str| {
        format!(
            "POST /sync/v1/push HTTP/1.1\r\nhost: {}\r\nx-chandi: 1\r\n{SHOP}: {}\r\n{DEVICE}: {}\r\n{TIME}: {}\r\n\
             {DIGEST}: {}\r\n{SIGNATURE}: {}\r\n{length}\r\n\r\n",
            shop.listen(0),
            signed.shop,
            signed.device,
            signed.time_ms,
            app::letters::hex(&signed.digest),
            signature_text(signature),
        )
    };
    let sized = "content-length: 1073741824";
    let before = most_memory(shop.node(0).id());
    for (signature, wanted) in [(&signed.signature, b"HTTP/1.1 413"), (&[0; 64], b"HTTP/1.1 401")] {
        let mut door = TcpStream::connect(shop.listen(0)).expect("connected");
        door.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        door.write_all(head(signature, sized).as_bytes()).expect("sent");
        let mut answer = [0; 12];
        door.read_exact(&mut answer)
            .expect("answered before anything was sent");
        assert_eq!(&answer, wanted);
    }

    // Whoever does not say how much it is, is stopped where it is too much.
    let mut door = TcpStream::connect(shop.listen(0)).expect("connected");
    door.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    door.set_write_timeout(Some(Duration::from_secs(20)))
        .expect("set");
    door.write_all(head(&signed.signature, "transfer-encoding: chunked").as_bytes())
        .expect("sent");
    let mut piece = b"100000\r\n".to_vec();
    piece.resize(piece.len() + (1 << 20), 7);
    piece.extend_from_slice(b"\r\n");
    let taken = (0..1024).take_while(|_| door.write_all(&piece).is_ok()).count();
    assert!(taken < 64, "{taken} MB were taken");
    let grew = most_memory(shop.node(0).id()) - before;
    assert!(grew < 80 << 10, "it took {grew} kB for it");
    sell(&owner, &shop.tea);
}
