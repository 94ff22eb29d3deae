//! Backups at the shop's hub: a real hub in the test, and a shop that comes back with nothing but the card.

use crate::backups::{card, owner_of, restore, sell_one, shown};
use axum::{
    body::{Body as Bytes, to_bytes},
    http::StatusCode,
    response::IntoResponse,
};
use domain::{
    backup::{recovery_code, recovery_secret},
    time::Moment,
};
use hub::{Hub, Limits, Organisation, Sqlite, files::Folder};
use journal::{Body, body::RecoveryKeySetV1};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    num::NonZeroU32,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering::Relaxed},
    },
    time::Duration,
};
use store::StoreError;
use testkit::{Client, NOON_MS, Node, new_id};

/// A hub that can be out of reach.
struct Far {
    address: String,
    away: Arc<AtomicBool>,
    /// The last step of bringing a backup that comes through: 0 is to begin, 1 a piece, 2 to finish.
    most: Arc<AtomicU8>,
    clock: Arc<AtomicI64>,
}

/// Both clocks go on.
fn later(node: &Node, far: &Far, ms: i64) {
    node.clock.forward(ms);
    far.clock.store(node.clock.now_ms(), Relaxed);
}

async fn hub(folder: &Path) -> Far {
    use hub::Books;
    let books = Sqlite::open(folder).expect("books");
    let organisation = Organisation {
        name: "Sweets".to_owned(),
        most_shops: 9,
        most_devices: 9,
        most_backup_bytes: 1 << 30,
    };
    let now = Moment(NOON_MS);
    books
        .invite(
            &organisation,
            hub::word_hash("word"),
            9,
            now.plus_ms(86_400_000),
            now,
        )
        .await
        .expect("an invitation");
    let files = Arc::new(Folder::open(&folder.join("files")).expect("files"));
    let many = NonZeroU32::new(100_000).expect("not zero");
    let limits = Limits {
        address_per_second: many,
        device_per_second: many,
        cards_per_minute: many,
        ..Limits::default()
    };
    let clock = Arc::new(AtomicI64::new(NOON_MS));
    let by = clock.clone();
    let hub = Hub::with(books, Some(files), None, limits, move || Moment(by.load(Relaxed)));
    let away = Arc::new(AtomicBool::new(false));
    let most = Arc::new(AtomicU8::new(2));
    let (gone, upto) = (away.clone(), most.clone());
    let router = hub::router(hub.clone(), false).layer(axum::middleware::from_fn(
        move |request: axum::extract::Request, next: axum::middleware::Next| {
            let (gone, upto) = (gone.clone(), upto.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, 8 << 20).await.expect("a question");
                // The form, and behind it which step it is.
                let step = body.get(1).filter(|_| parts.uri.path() == "/sync/v1/backups");
                if gone.load(Relaxed) || step.is_some_and(|step| *step > upto.load(Relaxed)) {
                    return StatusCode::BAD_GATEWAY.into_response();
                }
                next.run(axum::extract::Request::from_parts(parts, Bytes::from(body)))
                    .await
            }
        },
    ));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    tokio::spawn(async move { hub.run().await });
    Far {
        address,
        away,
        most,
        clock,
    }
}

async fn online(node: &Node, owner: &Client, far: &Far) {
    sync::connect(node.door.app());
    let body = json!({"id": new_id(), "address": far.address, "invitation": "word"});
    let (status, answer) = owner.put("/api/v1/hub", body).await;
    assert_eq!(status, 200, "{answer}");
}

async fn hub_target(owner: &Client) {
    let (_, view) = owner.get("/api/v1/backups").await;
    assert!(view["hub"].is_string(), "it is offered: {view}");
    let body = json!({"id": new_id(), "kind": "hub"});
    let (status, view) = owner.post("/api/v1/backups/targets", body).await;
    assert_eq!(status, 200, "{view}");
    assert_eq!(view["targets"][0]["kind"], "hub");
    assert_eq!(view["hub"], Value::Null, "it is a place now");
}

/// Backs up now; the worker may be at it already.
async fn back_up(owner: &Client) -> (u16, Value) {
    for _ in 0..2_400 {
        let (status, view) = owner.post("/api/v1/backups", json!({})).await;
        let busy = view["error"]["code"] == "backup_busy" || view["error"]["code"] == "backup_hub_behind";
        if !busy {
            return (status.as_u16(), view);
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("a backup is being made for ever");
}

fn differs(one: &Node, other: &Node) -> Vec<&'static str> {
    let (one, other) = (shown(one), shown(other));
    let pairs = one.iter().zip(&other);
    pairs.filter(|(a, b)| a != b).map(|(a, _)| a.0).collect()
}

async fn refused(node: &Node, path: &str, body: Value) -> (u16, String) {
    let (status, answer) = node.window("cashier").post(path, body).await;
    let code = answer["error"]["code"].as_str().unwrap_or("none").to_owned();
    (status.as_u16(), code)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_shop_comes_back_from_the_hub_with_the_card_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let far = hub(folder.path()).await;
    let (node, owner) = Node::with_shop().await;
    let body = json!({"id": new_id(), "kind": "hub"});
    let (_, answer) = owner.post("/api/v1/backups/targets", body).await;
    assert_eq!(answer["error"]["code"], "hub_none", "{answer}");
    online(&node, &owner, &far).await;
    let (_, shown_card) = owner.post("/api/v1/recovery-card", json!({"id": new_id()})).await;
    assert_eq!(shown_card["hub"], far.address.as_str(), "the card says where");
    let code = card(&owner).await;
    sell_one(&owner).await;
    hub_target(&owner).await;
    let (status, view) = back_up(&owner).await;
    assert_eq!(status, 200, "{view}");
    let target = &view["targets"][0];
    assert_eq!(
        (target["place"].as_str(), &target["present"]),
        (Some(far.address.as_str()), &json!(true))
    );
    assert!(
        target["last_at"].is_string() && target["bytes"].as_u64() > Some(1_000),
        "{view}"
    );
    assert!(
        !node.data().join("shop/sending").exists(),
        "nothing is left on the way"
    );

    let fresh = Node::empty();
    sync::connect(fresh.door.app());
    let other_card = recovery_code(&[9; 16], true);
    let ask = |code: &str| json!({"address": far.address, "code": code});
    let at = "/api/v1/restore/hub";
    assert_eq!(
        refused(&fresh, at, ask(&other_card)).await,
        (422, "recovery_card_unknown".to_owned())
    );
    assert_eq!(refused(&fresh, at, ask("K7QX")).await.1, "recovery_code_mistyped");
    let nobody = json!({"address": "http://127.0.0.1:9", "code": code});
    assert_eq!(
        refused(&fresh, at, nobody).await,
        (429, "hub_unreachable".to_owned())
    );
    let far_away = json!({"address": "http://hub.example.com", "code": code});
    assert_eq!(
        refused(&fresh, at, far_away).await,
        (422, "field_invalid".to_owned())
    );
    assert_eq!(
        refused(&node, at, ask(&code)).await,
        (409, "shop_exists".to_owned())
    );

    let window = fresh.window("cashier");
    let (status, found) = window.post(at, ask(&code.to_lowercase())).await;
    assert_eq!(status, 200, "{found}");
    let newest = found["backups"][0].clone();
    let fetch = |id: &Value| json!({"address": far.address, "code": code, "backup": id});
    let gone = refused(&fresh, "/api/v1/restore/hub/fetch", fetch(&json!(new_id()))).await;
    assert_eq!(gone, (422, "backup_gone".to_owned()));
    let (status, look) = window
        .post("/api/v1/restore/hub/fetch", fetch(&newest["id"]))
        .await;
    assert_eq!(status, 200, "{look}");
    assert_eq!(
        (&look["file"]["shop"], &look["opens"]),
        (&json!("Test Sweets"), &json!(true))
    );
    // A second time it is there already.
    let (status, again) = window
        .post("/api/v1/restore/hub/fetch", fetch(&newest["id"]))
        .await;
    assert_eq!((status.as_u16(), &again), (200, &look));

    // An operator who seals other books for the card has no device's signature.
    let path = Path::new(look["file"]["path"].as_str().expect("a path"));
    let said = std::fs::read(path.with_extension("signed")).expect("what its device said");
    let mut other = said.clone();
    let last = other.len() - 1;
    other[last] ^= 1;
    std::fs::write(path.with_extension("signed"), &other).expect("written");
    let (status, answer) = restore(&fresh, path, &code).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (422, &json!("backup_damaged")),
        "{answer}"
    );
    std::fs::write(path.with_extension("signed"), &said).expect("written");

    let (status, done) = restore(&fresh, path, &code).await;
    assert_eq!(status, 201, "{done}");
    assert!(!fresh.data().join("fetching").exists(), "nothing of it is left");
    assert_eq!(fresh.faults(), Vec::<String>::new());
    let own = ["device", "device_place", "device_restored", "setting"];
    let differs = differs(&node, &fresh);
    assert!(differs.iter().all(|table| own.contains(table)), "{differs:?}");
    let theirs = owner_of(&fresh).await;
    let (_, view) = theirs.get("/api/v1/backups").await;
    assert!(view["restored"]["backup_at"].is_string(), "{view}");
    assert_eq!(
        view["hub"],
        far.address.as_str(),
        "the restored till can go on with it"
    );
    sell_one(&theirs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_power_cut_left_of_a_fetched_backup_is_fetched_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let far = hub(folder.path()).await;
    let (node, owner) = Node::with_shop().await;
    online(&node, &owner, &far).await;
    let code = card(&owner).await;
    sell_one(&owner).await;
    hub_target(&owner).await;
    let (status, view) = back_up(&owner).await;
    assert_eq!(status, 200, "{view}");

    let cuts: [fn(&Path) -> std::io::Result<()>; 4] = [
        |path| std::fs::write(path.with_extension("signed"), b""),
        |path| std::fs::remove_file(path.with_extension("signed")),
        |path| std::fs::write(path, b""),
        |path| {
            let mut bytes = std::fs::read(path)?;
            let middle = bytes.len() / 2;
            bytes[middle..middle + 64].fill(0);
            std::fs::write(path, bytes)
        },
    ];
    for (at, cut) in cuts.into_iter().enumerate() {
        let fresh = Node::empty();
        sync::connect(fresh.door.app());
        let window = fresh.window("cashier");
        let ask = json!({"address": far.address, "code": code});
        let (_, found) = window.post("/api/v1/restore/hub", ask).await;
        let fetch = json!({"address": far.address, "code": code, "backup": found["backups"][0]["id"]});
        let (status, look) = window.post("/api/v1/restore/hub/fetch", fetch.clone()).await;
        assert_eq!(status, 200, "{look}");
        let path = Path::new(look["file"]["path"].as_str().expect("a path"));
        cut(path).expect("cut");
        let (status, answer) = restore(&fresh, path, &code).await;
        assert_eq!(status, 422, "cut {at}: {answer}");
        let code_of = answer["error"]["code"].as_str();
        assert!(
            matches!(code_of, Some("backup_damaged" | "backup_unreadable")),
            "cut {at}: {answer}"
        );
        let (status, again) = window.post("/api/v1/restore/hub/fetch", fetch).await;
        assert_eq!((status.as_u16(), &again), (200, &look), "cut {at}");
        let (status, done) = restore(&fresh, path, &code).await;
        assert_eq!(status, 201, "cut {at}: {done}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn books_that_another_device_founded_are_not_the_cards_shop_whoever_hands_them_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let far = hub(folder.path()).await;
    let (node, owner) = Node::with_shop().await;
    let code = card(&owner).await;
    // What is public of a card is in the shop's facts, which its hub has: whoever runs that founds books of his own.
    let (public, vouched) = node
        .shop()
        .store()
        .read(|r| Ok::<_, StoreError>((r.recovery_key()?, r.vouchings()?)))
        .expect("read");
    let public = public.expect("a card");
    assert_eq!(vouched.len(), 1, "the card vouches for its shop");
    let (forged, forger) = Node::with_shop().await;
    let now = Moment(forged.clock.now_ms());
    let set = RecoveryKeySetV1 {
        generation: 1,
        recipient: public.recipient,
        public_key: public.public_key,
        set_ms: now.0,
    };
    forged
        .shop()
        .store()
        .write(now, |tx| {
            tx.record(None, &Body::ShopVouched(vouched[0].clone()))?;
            tx.record(None, &Body::RecoveryKeySet(set))
        })
        .expect("written");
    online(&forged, &forger, &far).await;
    hub_target(&forger).await;
    let (status, view) = back_up(&forger).await;
    assert_eq!(status, 200, "{view}");

    let fresh = Node::empty();
    sync::connect(fresh.door.app());
    let window = fresh.window("cashier");
    let ask = json!({"address": far.address, "code": code});
    let (_, found) = window.post("/api/v1/restore/hub", ask).await;
    let fetch = json!({"address": far.address, "code": code, "backup": found["backups"][0]["id"]});
    let (status, look) = window.post("/api/v1/restore/hub/fetch", fetch).await;
    assert_eq!(status, 200, "the card opens it: {look}");
    let path = Path::new(look["file"]["path"].as_str().expect("a path"));
    let (status, answer) = restore(&fresh, path, &code).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (422, &json!("backup_damaged")),
        "{answer}"
    );

    // Cards of older builds vouch for nothing. Their owners are told, and not locked out.
    let (secret, vouches) = recovery_secret(&code).expect("a card");
    assert!(vouches, "a card of today does");
    let older = recovery_code(&secret, false);
    let (status, answer) = restore(&fresh, path, &older).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (422, &json!("restore_unproven")),
        "{answer}"
    );
    let body = json!({"id": new_id(), "path": path, "code": older, "unproven": true});
    let (status, done) = window.post("/api/v1/restore", body).await;
    assert_eq!(status, 201, "{done}");
}

async fn on_the_way(owner: &Client) -> Value {
    let (_, view) = owner.get("/api/v1/backups").await;
    view["targets"][0]["last_at"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_cut_off_goes_on_as_soon_as_the_hub_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let far = hub(folder.path()).await;
    let (node, owner) = Node::with_shop().await;
    online(&node, &owner, &far).await;
    card(&owner).await;
    far.most.store(0, Relaxed);
    hub_target(&owner).await;
    let (status, answer) = back_up(&owner).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (429, &json!("hub_unreachable"))
    );
    far.most.store(2, Relaxed);
    // No clock goes on: nothing is due for its age, and no pause ends.
    let node = node.restarted();
    sync::connect(node.door.app());
    let owner = owner_of(&node).await;
    for left in (0..600).rev() {
        if on_the_way(&owner).await.is_string() {
            break;
        }
        assert!(left > 0, "it does not go on after a restart");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }

    far.most.store(1, Relaxed);
    sell_one(&owner).await;
    node.clock.forward(1);
    let first = on_the_way(&owner).await;
    let (status, answer) = back_up(&owner).await;
    assert_eq!(status, 429, "{answer}");
    far.away.store(true, Relaxed);
    sell_one(&owner).await;
    let state = async || owner.get("/api/v1/hub").await.1["state"].clone();
    for left in (0..600).rev() {
        if state().await != "online" {
            break;
        }
        assert!(left > 0, "nobody noticed that the hub is away");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    far.most.store(2, Relaxed);
    far.away.store(false, Relaxed);
    for left in (0..1_600).rev() {
        if on_the_way(&owner).await != first {
            break;
        }
        assert!(left > 0, "it does not go on when the hub is back");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_line_brings_a_backup_to_the_hub_in_the_end() {
    const HOUR: i64 = 3_600_000;
    let folder = tempfile::tempdir().expect("a folder");
    let far = hub(folder.path()).await;
    let (node, owner) = Node::with_shop().await;
    online(&node, &owner, &far).await;
    let code = card(&owner).await;
    let (_, shown_card) = owner.post("/api/v1/recovery-card", json!({"id": new_id()})).await;
    let began = shown_card["made_at"].clone();
    far.most.store(0, Relaxed);
    hub_target(&owner).await;
    let (status, answer) = back_up(&owner).await;
    assert_eq!(status, 429, "{answer}");
    // One piece on each of two days, and the end on the third: nothing begins anew.
    for (most, expected) in [(1, 429), (2, 200)] {
        far.most.store(most, Relaxed);
        later(&node, &far, 20 * HOUR);
        let owner = owner_of(&node).await;
        let (status, answer) = back_up(&owner).await;
        assert_eq!(status, expected, "{answer}");
    }
    let fresh = Node::empty();
    sync::connect(fresh.door.app());
    fresh.clock.set(node.clock.now_ms());
    let ask = json!({"address": far.address, "code": code});
    let (_, found) = fresh.window("cashier").post("/api/v1/restore/hub", ask).await;
    let kept = found["backups"].as_array().expect("a list");
    assert!(kept.iter().any(|backup| backup["made_at"] == began), "{found}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_a_backup_from_the_hub_is_said_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let far = hub(folder.path()).await;
    let (node, owner) = Node::with_shop().await;
    online(&node, &owner, &far).await;
    let old = card(&owner).await;
    hub_target(&owner).await;
    let (status, view) = back_up(&owner).await;
    assert_eq!(status, 200, "{view}");
    let first = view["targets"][0]["last_at"].clone();

    far.away.store(true, Relaxed);
    sell_one(&owner).await;
    node.clock.forward(60_000);
    let (status, answer) = back_up(&owner).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (429, &json!("hub_unreachable"))
    );
    let (_, view) = owner.get("/api/v1/backups").await;
    assert_eq!(view["targets"][0]["problem"], "hub_unreachable");
    assert_eq!(view["targets"][0]["last_at"], first, "the last good one is told");
    let waiting = || {
        std::fs::read_dir(node.data().join("shop/sending"))
            .expect("a folder")
            .count()
    };
    assert_eq!(waiting(), 1, "it lies here until the hub has it");
    far.away.store(false, Relaxed);
    let (status, view) = back_up(&owner).await;
    assert_eq!(status, 200, "{view}");
    assert_eq!(view["targets"][0]["problem"], Value::Null);
    assert_ne!(view["targets"][0]["last_at"], first);

    // A new card: the old one opens nothing at the hub any more.
    let new = card(&owner).await;
    let (status, view) = back_up(&owner).await;
    assert_eq!(status, 200, "{view}");
    let fresh = Node::empty();
    sync::connect(fresh.door.app());
    fresh.clock.set(node.clock.now_ms());
    let ask = |code: &str| json!({"address": far.address, "code": code});
    assert_eq!(
        refused(&fresh, "/api/v1/restore/hub", ask(&old)).await.1,
        "recovery_card_unknown"
    );
    let (status, found) = fresh
        .window("cashier")
        .post("/api/v1/restore/hub", ask(&new))
        .await;
    assert_eq!(status, 200, "{found}");
    assert_ne!(found["backups"], json!([]), "{found}");
    fresh.clock.forward(20 * 60_000);
    let (_, answer) = fresh
        .window("cashier")
        .post("/api/v1/restore/hub", ask(&new))
        .await;
    assert_eq!(answer["error"]["code"], "hub_refused", "{answer}");
    assert_eq!(answer["error"]["hints"]["why"], "clock");

    let (status, _) = owner.delete("/api/v1/hub").await;
    assert_eq!(status, 200);
    let (_, answer) = back_up(&owner).await;
    assert_eq!(answer["error"]["code"], "hub_none", "{answer}");
    let (_, view) = owner.get("/api/v1/backups").await;
    assert_eq!(view["targets"][0]["present"], false);
}
