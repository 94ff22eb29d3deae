//! How a device stands with the others: alone, together, catching up, offline with so much to send, or in trouble.

use app::{
    Shop,
    sync_status::{PeerKind, PeerName},
};
use domain::ids::CustomerId;
use journal::exchange::{Chunk, Pull, Pulled, Push, Pushed};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use store::ingest::SealedKey;
use sync::{Neighbour, Peer, Replicator, Unreachable};
use testkit::{COUNTER_PIN, Client, Method, NOON_MS, Node, new_id};

/// A network between two shops that can be cut, and that is too slow for a message of more than so many bytes of facts.
struct Cable {
    end: Neighbour,
    cut: Arc<AtomicBool>,
    carries: usize,
}

impl Cable {
    fn through<T>(&self, ask: impl FnOnce(&Neighbour) -> Result<T, Unreachable>) -> Result<T, Unreachable> {
        match self.cut.load(Ordering::SeqCst) {
            true => Err(Unreachable("the cable is cut".to_owned())),
            false => ask(&self.end),
        }
    }

    fn in_time(&self, chunks: &[Chunk]) -> Result<(), Unreachable> {
        let bytes: usize = chunks
            .iter()
            .flat_map(|chunk| &chunk.transactions)
            .map(Vec::len)
            .sum();
        match bytes <= self.carries {
            true => Ok(()),
            false => Err(Unreachable(format!("{bytes} bytes did not come in time"))),
        }
    }
}

impl Peer for Cable {
    fn push(&self, push: &Push) -> Result<Pushed, Unreachable> {
        self.in_time(&push.series)?;
        self.through(|end| end.push(push))
    }

    fn pull(&self, pull: &Pull) -> Result<Pulled, Unreachable> {
        let pulled = self.through(|end| end.pull(pull))?;
        self.in_time(&pulled.chunks)?;
        Ok(pulled)
    }

    fn keys(&self, wanted: &[CustomerId]) -> Result<Vec<SealedKey>, Unreachable> {
        self.through(|end| end.keys(wanted))
    }
}

fn link(shop: &Arc<Shop>, to: &Node, kind: PeerKind) -> (Replicator<Cable>, Arc<AtomicBool>) {
    slow_link(shop, to, kind, usize::MAX)
}

fn slow_link(
    shop: &Arc<Shop>,
    to: &Node,
    kind: PeerKind,
    carries: usize,
) -> (Replicator<Cable>, Arc<AtomicBool>) {
    let cut = Arc::new(AtomicBool::new(false));
    let other = to.shop();
    let name = PeerName {
        key: other.identity().device.to_string(),
        kind,
        address: "192.168.1.7:8650".to_owned(),
        device: Some(other.identity().device),
    };
    let cable = Cable {
        end: Neighbour(other),
        cut: cut.clone(),
        carries,
    };
    let replicator = Replicator::told(shop, cable, name).expect("a link");
    (replicator, cut)
}

async fn status(person: &Client) -> Value {
    let (status, view) = person.get("/api/v1/sync").await;
    assert_eq!(status, 200, "{view}");
    view
}

fn gist(view: &Value) -> (&str, u64) {
    (
        view["state"].as_str().expect("a state"),
        view["to_send"].as_u64().expect("a number"),
    )
}

#[tokio::test]
async fn apart_it_says_how_much_waits_and_together_nothing() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    assert_eq!(
        gist(&status(&owner).await),
        ("alone", 0),
        "there is nobody to send to"
    );
    let other = node.another();

    let (replicator, cut) = link(&node.shop(), &other, PeerKind::Neighbour);
    assert_eq!(
        gist(&status(&owner).await).0,
        "catching_up",
        "nobody has answered yet"
    );
    replicator.round().expect("a round");
    let view = status(&owner).await;
    assert_eq!(gist(&view), ("together", 0), "{view}");
    let peer = &view["details"]["peers"][0];
    assert_eq!(
        (&peer["name"], &peer["reachable"]),
        (&json!("Till 2"), &json!(true))
    );

    cut.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        owner.sell(&[(tea, "1")]).await;
    }
    replicator.round().expect_err("the cable is cut");
    let view = status(&owner).await;
    assert_eq!(
        gist(&view),
        ("offline", 3),
        "three sales, however many facts they are: {view}"
    );
    assert_eq!(view["details"]["peers"][0]["failure"], "the cable is cut");
    let devices = view["details"]["devices"].as_array().expect("devices");
    let this = devices.iter().find(|d| d["this"] == true).expect("this device");
    assert_eq!(this["lacking"][0]["changes"], 3, "{this}");

    cut.store(false, Ordering::SeqCst);
    replicator.round().expect("a round");
    assert_eq!(gist(&status(&owner).await), ("together", 0));
    assert_eq!(
        other.shop().vector().expect("there"),
        node.shop().vector().expect("here")
    );
}

#[tokio::test]
async fn what_the_other_had_is_known_right_after_a_start() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let meena = owner.staff("Meena", "cashier", COUNTER_PIN).await;
    let other = node.another();
    let (replicator, cut) = link(&node.shop(), &other, PeerKind::Hub);
    replicator.round().expect("a round");
    cut.store(true, Ordering::SeqCst);
    replicator.round().expect_err("cut");
    owner.sell(&[(tea, "1")]).await;
    owner.sell(&[(tea, "1")]).await;
    drop(replicator);
    node.clock.forward(3_600_000);
    let node = node.restarted();
    let (replicator, cut) = link(&node.shop(), &other, PeerKind::Hub);
    let window = node.window("cashier");
    let (_, answer) = window.sign_in(&meena.to_string(), COUNTER_PIN).await;
    let meena = window.signed_in(&answer);
    assert_eq!(
        status(&meena).await["to_send"],
        2,
        "and not everything from the beginning"
    );
    cut.store(true, Ordering::SeqCst);
    replicator.round().expect_err("still cut");
    let view = status(&meena).await;
    assert_eq!(gist(&view), ("offline", 2), "{view}");
    assert_eq!(
        view["details"],
        Value::Null,
        "who lacks what is no business of the cashier's"
    );
    let since: jiff::Timestamp = view["offline_since"]
        .as_str()
        .expect("a time")
        .parse()
        .expect("RFC 3339");
    assert!(
        since.as_millisecond() < NOON_MS + 3_600_000,
        "it was away before the restart: {since}"
    );
}

#[tokio::test]
async fn a_hub_away_is_said_though_the_neighbours_answer_and_news_come_seldom() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let (till, hub) = (node.another(), node.another());
    node.meet(&till);
    let shop = node.shop();
    let mut news = shop.subscribe();
    let (near, _) = link(&shop, &till, PeerKind::Neighbour);
    let (far, cut) = link(&shop, &hub, PeerKind::Hub);
    cut.store(true, Ordering::SeqCst);
    near.round().expect("a round");
    far.round().expect_err("cut");
    for _ in 0..5 {
        owner.sell(&[(tea, "1")]).await;
    }
    near.round().expect("a round");
    let view = status(&owner).await;
    assert_eq!(view["state"], "offline", "{view}");
    assert!(
        view["to_send"].as_u64() >= Some(5),
        "the hub has nothing of it: {view}"
    );
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    let mut told = 0;
    while let Ok(message) = news.try_recv() {
        told += usize::from(message.kind == "sync");
    }
    assert!(
        (1..=4).contains(&told),
        "told, and at most twice a second: {told}"
    );
    shop.forget_peer(&hub.shop().identity().device.to_string());
    let view = status(&owner).await;
    assert_eq!(
        gist(&view),
        ("together", 0),
        "nobody follows the hub any more: {view}"
    );
}

#[tokio::test]
async fn over_a_slow_line_a_whole_catalogue_and_its_new_prices_come_in_parts_and_the_sale_after_them_too() {
    const CARRIES: usize = 200 << 10;
    let (node, owner) = Node::with_shop().await;
    let (other, third) = (node.another(), node.another());
    let mut csv = String::from("name,sku,price,unit,category\n");
    for i in 0..5_000 {
        csv.push_str(&format!(
            "Village Sweet {i},S{i:05},{}.50,piece,Sweets\n",
            10 + i % 90
        ));
    }
    let (status, done) = owner
        .send(
            Method::POST,
            "/api/v1/products/import",
            "text/csv",
            csv.into_bytes(),
            &[("x-chandi", "1")],
        )
        .await;
    assert_eq!(
        (status.as_u16(), &done["created"]),
        (200, &json!(5_000)),
        "{done}"
    );
    let dearer = json!({"id": new_id(), "percent": "10", "dry_run": false});
    let (status, done) = owner.post("/api/v1/products/prices", dearer).await;
    assert_eq!(status, 200, "{done}");
    let tea = owner.product("Tea", 2_000).await;
    owner.sell(&[(tea, "1")]).await;
    let all = node.shop().vector().expect("here");
    let pushes = slow_link(&node.shop(), &other, PeerKind::Neighbour, CARRIES).0;
    let pulls = slow_link(&third.shop(), &node, PeerKind::Neighbour, CARRIES).0;
    for (replicator, to) in [(&pushes, &other), (&pulls, &third)] {
        let rounds = (1..20).find(|_| {
            let outcome = replicator.round();
            outcome.is_ok() && to.shop().vector().expect("there") == all
        });
        assert!(
            rounds.is_some_and(|rounds| rounds > 1),
            "smaller after a failure: {rounds:?}"
        );
        assert!(replicator.given_up().is_empty(), "nothing of it is refused");
        let there = to.shop().store().fingerprints().expect("read");
        assert_eq!(there, node.shop().store().fingerprints().expect("read"));
    }
}
