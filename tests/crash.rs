//! Kill -9 in the middle of sales: a real `chandi-node` over real HTTP, killed two hundred times. What it acknowledged
//! is there, under the same number; what it did not is there whole or not at all; and the books are in order.

use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::mpsc,
    time::Duration,
};
use stories::{Node, Person, node_binary, verify};
use testkit::{dice::Dice, new_id};

const KILLS: usize = 200;
/// Each folder is killed this often, then the next begins with a new shop.
const KILLS_OF_A_FOLDER: usize = 50;
/// How often it is told to stop.
#[cfg(unix)]
const STOPS: usize = 20;
/// How many people sell at the same time.
const TILLS: usize = 2;

fn set_up(binary: &Path, data: &Path) {
    Person::founds(&Node::start(binary, data));
}

fn order(products: &[Value], dice: &mut Dice) -> Value {
    let lines: Vec<Value> = (0..1 + dice.below(4))
        .map(|_| json!({"product": products[dice.below(products.len())]["id"], "quantity": (1 + dice.below(3)).to_string()}))
        .collect();
    json!({"id": new_id(), "lines": lines, "tenders": [{"id": new_id(), "method": "cash"}]})
}

/// What came of one request.
enum Told {
    Sent(Value),
    Answered(Value),
}

/// What a data folder must hold.
#[derive(Default)]
struct Books {
    acknowledged: BTreeMap<String, Value>,
    kept_unheard: usize,
    lost_unheard: usize,
}

/// Sells until `death` ends the node; sends again first what got no answer in the life before. Says what got none in
/// this one.
fn live_and_die(
    node: Node,
    unheard: Vec<Value>,
    dice: &mut Dice,
    books: &mut Books,
    death: impl FnOnce(Node),
) -> Vec<Value> {
    let person = Person::signed_in(&node);
    for request in unheard {
        let id = request["id"].as_str().expect("an id").to_owned();
        let there = person.get(&format!("orders/{id}"));
        let (status, answer) = person.post("orders", &request).expect("answered");
        assert_eq!(status, 201, "the same request again: {answer}");
        if there["error"].is_object() {
            books.lost_unheard += 1;
        } else {
            books.kept_unheard += 1;
            assert_eq!(
                there, answer,
                "an order that was placed unheard is the one that its client gets"
            );
        }
        books.acknowledged.insert(id, answer);
    }
    let products = person.get("products?limit=500")["items"]
        .as_array()
        .expect("products")
        .clone();
    let (tell, told) = mpsc::channel();
    let sellers: Vec<_> = (0..TILLS)
        .map(|_| {
            let (person, products, tell) = (person.clone(), products.clone(), tell.clone());
            let mut dice = Dice::new(dice.next());
            std::thread::spawn(move || {
                loop {
                    let request = order(&products, &mut dice);
                    // Nobody listens any more once the test has failed.
                    let _ = tell.send(Told::Sent(request.clone()));
                    match person.post("orders", &request) {
                        Some((201, answer)) => {
                            let _ = tell.send(Told::Answered(answer));
                        }
                        Some((status, answer)) => panic!("{status}: {answer}"),
                        None => return,
                    }
                }
            })
        })
        .collect();
    drop(tell);
    let mut open: BTreeMap<String, Value> = BTreeMap::new();
    let mut hear = |message: Told, books: &mut Books| match message {
        Told::Sent(request) => {
            open.insert(request["id"].as_str().expect("an id").to_owned(), request);
            true
        }
        Told::Answered(answer) => {
            let id = answer["id"].as_str().expect("an id").to_owned();
            open.remove(&id);
            books.acknowledged.insert(id, answer);
            false
        }
    };
    // Some requests into this life, and then at any point of one: the dice choose how far it gets.
    let mut requests = 1 + dice.below(6);
    while requests > 0 {
        let message = told.recv().expect("somebody sells");
        requests -= usize::from(hear(message, books));
    }
    std::thread::sleep(Duration::from_micros(dice.below(12_000) as u64));
    death(node);
    for seller in sellers {
        seller.join().expect("an order is placed or unanswered");
    }
    for message in told.try_iter() {
        hear(message, books);
    }
    open.into_values().collect()
}

fn check(person: &Person, books: &Books) {
    let orders = person.orders();
    let there: BTreeMap<&str, &Value> = orders
        .iter()
        .map(|o| (o["id"].as_str().unwrap_or_default(), o))
        .collect();
    assert_eq!(there.len(), orders.len(), "no order is there twice");
    for (id, answer) in &books.acknowledged {
        // Lists leave out the history, which one order alone tells.
        let mut answer = answer.clone();
        answer["history"] = json!([]);
        assert_eq!(
            there.get(id.as_str()),
            Some(&&answer),
            "an acknowledged order is there as it was acknowledged"
        );
    }
    assert_eq!(
        orders.len(),
        books.acknowledged.len(),
        "and no other order is there"
    );
    let mut documents = BTreeSet::new();
    let mut shown = BTreeSet::new();
    for order in &orders {
        let document = order["document"].as_str().expect("a document");
        let (series, n) = document.rsplit_once('/').expect("a series and a number");
        assert!(
            documents.insert((series, n.parse::<usize>().expect("a number"))),
            "{document} is there twice"
        );
        assert!(
            shown.insert((order["business_day"].as_str(), order["number"].as_u64())),
            "a number was shown twice"
        );
    }
    let series: BTreeSet<&str> = documents.iter().map(|(series, _)| *series).collect();
    for one in series {
        let numbers: Vec<usize> = documents
            .iter()
            .filter(|(s, _)| *s == one)
            .map(|(_, n)| *n)
            .collect();
        assert_eq!(
            numbers,
            (1..=numbers.len()).collect::<Vec<_>>(),
            "{one} has no gap"
        );
    }
}

/// Whoever heard nothing the last time asks again; then the books are what everybody was told.
fn come_to_rest(binary: &Path, data: &Path, unheard: Vec<Value>, books: &mut Books) {
    let node = Node::start(binary, data);
    let person = Person::signed_in(&node);
    for request in unheard {
        let (status, answer) = person.post("orders", &request).expect("answered");
        assert_eq!(status, 201, "{answer}");
        books
            .acknowledged
            .insert(answer["id"].as_str().expect("an id").to_owned(), answer);
    }
    check(&person, books);
    drop(node);
    verify(binary, data);
}

#[test]
fn killed_two_hundred_times_in_the_middle_of_sales() {
    let binary = node_binary();
    let (mut sold, mut kept, mut lost) = (0, 0, 0);
    for folder in 0..KILLS / KILLS_OF_A_FOLDER {
        let data = tempfile::tempdir().expect("a temp folder");
        let mut dice = Dice::new(folder as u64);
        let mut books = Books::default();
        set_up(&binary, data.path());
        let mut unheard = vec![];
        for kill in 1..=KILLS_OF_A_FOLDER {
            let node = Node::start(&binary, data.path());
            // Dropping it kills it.
            unheard = live_and_die(node, unheard, &mut dice, &mut books, drop);
            if kill % 10 == 0 {
                verify(&binary, data.path());
            }
        }
        come_to_rest(&binary, data.path(), unheard, &mut books);
        sold += books.acknowledged.len();
        kept += books.kept_unheard;
        lost += books.lost_unheard;
    }
    println!(
        "{KILLS} kills, {sold} orders; of those unanswered at a kill {kept} were there and {lost} were not"
    );
}

/// Workers of a till go on until its process is over, so its end must take nothing from under them.
#[cfg(unix)]
#[test]
fn told_to_stop_in_the_middle_of_sales_it_ends_well_and_keeps_what_it_said() {
    let binary = node_binary();
    let data = tempfile::tempdir().expect("a temp folder");
    let (mut dice, mut books, mut unheard) = (Dice::new(1), Books::default(), vec![]);
    set_up(&binary, data.path());
    for time in 1..=STOPS {
        let node = Node::start(&binary, data.path());
        unheard = live_and_die(node, unheard, &mut dice, &mut books, |node| {
            assert!(node.stop(), "it ended as it should, the {time}. time");
        });
        verify(&binary, data.path());
    }
    come_to_rest(&binary, data.path(), unheard, &mut books);
}
