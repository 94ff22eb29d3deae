//! Backups, the recovery card, restoring, and forgetting a shop.

use domain::time::Moment;
use journal::{Body, DeviceKey, body::RecoveryKeySetV1};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use store::{StoreError, verify::Fingerprint};
use testkit::{Client, Method, Node, OWNER_PIN, new_id};

pub async fn card(owner: &Client) -> String {
    let id = new_id();
    let (status, shown) = owner.post("/api/v1/recovery-card", json!({"id": id})).await;
    assert_eq!(status, 201, "{shown}");
    let code = shown["code"].as_str().expect("letters").to_owned();
    let typed = code.to_lowercase().replace('-', " ");
    let (status, held) = owner
        .post("/api/v1/recovery-card/confirm", json!({"id": id, "code": typed}))
        .await;
    assert_eq!(status, 200, "{held}");
    assert_eq!(held["name"], shown["name"]);
    code
}

pub async fn sell_one(owner: &Client) {
    let product = owner.product(&format!("Sweet {}", new_id()), 1_000).await;
    owner.sell(&[(product, "1")]).await;
}

async fn folder_target(owner: &Client, folder: &Path) -> Value {
    let body = json!({"id": new_id(), "kind": "folder", "place": folder});
    let (status, view) = owner.post("/api/v1/backups/targets", body).await;
    assert_eq!(status, 200, "{view}");
    view["targets"]
        .as_array()
        .expect("a list")
        .last()
        .expect("the new one")
        .clone()
}

async fn back_up(owner: &Client) -> Value {
    // The worker may be at it for the place that was just added.
    for _ in 0..2_400 {
        let (status, view) = owner.post("/api/v1/backups", json!({})).await;
        if status != 429 {
            assert_eq!(status, 200, "{view}");
            return view;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("a backup is being made for ever");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "chandi-backup"))
        .collect();
    files.sort_by_key(|path| {
        std::fs::metadata(path)
            .expect("a file")
            .modified()
            .expect("a time")
    });
    files
}

pub async fn restore(node: &Node, file: &Path, code: &str) -> (u16, Value) {
    let body = json!({"id": new_id(), "path": file, "code": code});
    let (status, answer) = node.window("cashier").post("/api/v1/restore", body).await;
    (status.as_u16(), answer)
}

pub async fn owner_of(node: &Node) -> Client {
    let window = node.window("cashier");
    let (_, lock) = window.get("/api/v1/lock").await;
    let staff = lock["staff"][0]["id"].as_str().expect("an owner").to_owned();
    let (status, session) = window.sign_in(&staff, OWNER_PIN).await;
    assert_eq!(status, 201, "{session}");
    window.signed_in(&session)
}

pub fn shown(node: &Node) -> Vec<Fingerprint> {
    let shop = node.door.app().shop().expect("a shop");
    shop.store().fingerprints().expect("views")
}

fn exchange(one: &Node, other: &Node) {
    let of = |node: &Node| node.door.app().shop().expect("a shop");
    for _ in 0..3 {
        for (from, to) in [(one, other), (other, one)] {
            let theirs = of(to).vector().expect("a vector");
            let (chunks, more) = of(from).chunks_for(&theirs, 32 << 20).expect("chunks");
            assert!(!more);
            for (device, done) in of(to).take_in(&chunks).expect("taken").series {
                assert_eq!(done.refused, None, "{device}");
            }
        }
    }
}

#[tokio::test]
async fn a_card_that_none_could_follow_is_not_the_shops() {
    let (node, owner) = Node::with_shop().await;
    card(&owner).await;
    let now = Moment(node.clock.now_ms());
    let stolen = || RecoveryKeySetV1 {
        generation: u32::MAX,
        recipient: "somebody else".to_owned(),
        public_key: DeviceKey::from_seed(&[9; 32]).public().bytes(),
        set_ms: now.0,
    };
    let tell = || {
        let shop = node.shop();
        let told = shop
            .store()
            .write(now, |tx| tx.record(None, &Body::RecoveryKeySet(stolen())));
        told.map_err(|e: StoreError| e).expect("written");
    };
    let held = || {
        let shop = node.shop();
        let held: Result<_, StoreError> = shop.store().read(|r| r.recovery_key());
        held.expect("read").expect("a card")
    };
    tell();
    assert_eq!(held().generation, 1, "backups are not made for it");
    card(&owner).await;
    tell();
    assert_eq!(
        held().generation,
        2,
        "the owner's next one holds, whatever came after it"
    );
    assert_ne!(held().public_key, stolen().public_key);
}

#[tokio::test]
async fn a_lost_till_goes_on_from_its_backup_and_the_card() {
    let (node, owner) = Node::with_shop().await;
    let place = tempfile::tempdir().expect("a folder");
    let code = card(&owner).await;
    sell_one(&owner).await;
    folder_target(&owner, place.path()).await;
    let view = back_up(&owner).await;
    assert_eq!(view["changes"], 0, "{view}");
    assert_eq!(view["nag"], false);
    let before = shown(&node);
    let file = files(place.path()).pop().expect("a backup");
    assert!(
        file.to_string_lossy().contains("Test Sweets 2026-11-21 1220"),
        "{}",
        file.display()
    );
    let readable = std::fs::read(&file).expect("bytes");
    let header = String::from_utf8_lossy(&readable[..300]).into_owned();
    assert!(
        header.starts_with("Chandi backup 1\nshop: Test Sweets\n"),
        "{header}"
    );
    sell_one(&owner).await;
    let after = shown(&node);

    let fresh = Node::empty();
    let (status, look) = fresh
        .window("cashier")
        .post("/api/v1/restore/look", json!({"path": file, "code": code}))
        .await;
    assert_eq!(status, 200, "{look}");
    assert_eq!(look["file"]["shop"], "Test Sweets");
    let (status, done) = restore(&fresh, &file, &code).await;
    assert_eq!(status, 201, "{done}");
    assert_eq!(fresh.faults(), Vec::<String>::new());
    let theirs = owner_of(&fresh).await;
    // All of the old views but the new device's own rows.
    let same = |one: &[Fingerprint], other: &[Fingerprint]| -> Vec<&'static str> {
        one.iter()
            .zip(other)
            .filter(|(a, b)| a != b)
            .map(|(a, _)| a.0)
            .collect()
    };
    let differs = same(&before, &shown(&fresh));
    assert!(
        differs
            .iter()
            .all(|t| ["device", "device_place", "device_restored", "setting"].contains(t)),
        "{differs:?}"
    );
    sell_one(&theirs).await;

    // The old device was not lost after all: both go on, nobody's facts are forked, and they show the same.
    sell_one(&owner).await;
    exchange(&node, &fresh);
    assert_eq!(same(&shown(&node), &shown(&fresh)), Vec::<&str>::new());
    assert!(!same(&after, &shown(&node)).is_empty(), "both sold more");
    assert_eq!(node.faults(), Vec::<String>::new());
    assert_eq!(fresh.faults(), Vec::<String>::new());
    let (_, view) = theirs.get("/api/v1/backups").await;
    assert!(
        view["restored"]["came_since"].as_u64().expect("a number") > 0,
        "{view}"
    );
    assert!(view["restored"]["old_device"].is_string(), "it was not shut out");
}

#[tokio::test]
async fn two_restored_from_one_file_are_two_devices() {
    let (node, owner) = Node::with_shop().await;
    let place = tempfile::tempdir().expect("a folder");
    let code = card(&owner).await;
    folder_target(&owner, place.path()).await;
    back_up(&owner).await;
    let file = files(place.path()).pop().expect("a backup");
    let (one, other) = (Node::empty(), Node::empty());
    let (a, b) = tokio::join!(restore(&one, &file, &code), restore(&other, &file, &code));
    assert_eq!((a.0, b.0), (201, 201), "{a:?} {b:?}");
    for each in [&one, &other] {
        let owner = owner_of(each).await;
        sell_one(&owner).await;
        sell_one(&owner).await;
    }
    exchange(&one, &other);
    exchange(&one, &node);
    exchange(&other, &node);
    exchange(&one, &other);
    assert_eq!(shown(&one), shown(&other));
    assert_eq!(shown(&one), shown(&node));
    let (_, orders) = owner.get("/api/v1/orders?limit=50").await;
    let numbers: Vec<&Value> = orders["items"]
        .as_array()
        .expect("orders")
        .iter()
        .map(|order| &order["document"])
        .collect();
    assert_eq!(numbers.len(), 4);
    let unique: std::collections::BTreeSet<String> = numbers.iter().map(|n| n.to_string()).collect();
    let ordinal = |node: &Node| node.door.app().shop().expect("a shop").identity().ordinal;
    // One pair in 1,861 draws the same; that is told as shared numbers, like that of devices let in apart.
    if ordinal(&one) != ordinal(&other) {
        assert_eq!(unique.len(), 4, "no two documents have one number: {numbers:?}");
        let (_, listed) = owner.get("/api/v1/anomalies").await;
        assert_eq!(listed["items"], json!([]), "nothing is left to be done by hand");
    }
    // Both began with the lane of the same backup: the later one has given itself another.
    let (one, other) = (one.restarted(), other.restarted());
    assert_ne!(one.shop().identity().lane, other.shop().identity().lane);
}

#[tokio::test]
async fn a_new_card_ends_what_the_old_one_could() {
    let (node, owner) = Node::with_shop().await;
    let place = tempfile::tempdir().expect("a folder");
    let old = card(&owner).await;
    folder_target(&owner, place.path()).await;
    back_up(&owner).await;
    let file = files(place.path()).pop().expect("a backup");
    let finder = Node::empty();
    assert_eq!(restore(&finder, &file, &old).await.0, 201);
    let thief = owner_of(&finder).await;
    sell_one(&thief).await;
    let new = card(&owner).await;
    assert_ne!(old, new);
    let of = |node: &Node| node.door.app().shop().expect("a shop");
    let theirs = of(&node).vector().expect("a vector");
    let (chunks, _) = of(&finder).chunks_for(&theirs, 32 << 20).expect("chunks");
    of(&node).take_in(&chunks).expect("taken");
    let device = of(&finder).identity().device;
    assert_eq!(
        of(&node).vector().expect("a vector").get(&device).copied(),
        Some(1),
        "its first word stays, nothing else counts"
    );
    let (_, orders) = owner.get("/api/v1/orders?limit=50").await;
    assert_eq!(orders["items"], json!([]));
    back_up(&owner).await;
    let file = files(place.path()).pop().expect("a backup");
    let fresh = Node::empty();
    let (status, refused) = restore(&fresh, &file, &old).await;
    assert_eq!(
        (status, &refused["error"]["code"]),
        (422, &json!("recovery_key_wrong"))
    );
    assert_eq!(restore(&fresh, &file, &new).await.0, 201);
}

#[tokio::test]
async fn what_is_no_good_backup_makes_no_shop() {
    let (_node, owner) = Node::with_shop().await;
    let place = tempfile::tempdir().expect("a folder");
    let code = card(&owner).await;
    folder_target(&owner, place.path()).await;
    back_up(&owner).await;
    let file = files(place.path()).pop().expect("a backup");
    let good = std::fs::read(&file).expect("bytes");
    let (_stranger, other) = Node::with_shop().await;
    let others = card(&other).await;

    let fresh = Node::empty();
    let bad = place.path().join("bad.chandi-backup");
    let head = good
        .windows(2)
        .position(|pair| pair == b"\n\n")
        .expect("an empty line");
    let mut changed = good.clone();
    let at = changed.len() - 5_000;
    changed[at] ^= 1;
    let mut renamed = good.clone();
    renamed[23] ^= 1;
    let text = String::from_utf8(good[..head].to_vec()).expect("text");
    let newer = [text.replace("\nbuild: ", "\nbuild: 9").as_bytes(), &good[head..]].concat();
    for (bytes, typed, expected) in [
        (good.clone(), others.as_str(), "recovery_key_wrong"),
        (good.clone(), "ABCD-EFGH", "recovery_code_mistyped"),
        (good[..good.len() / 2].to_vec(), &code, "backup_damaged"),
        (good[..good.len() - 1].to_vec(), &code, "backup_damaged"),
        (good[..100].to_vec(), &code, "backup_unreadable"),
        (b"no backup at all".to_vec(), &code, "backup_unreadable"),
        (changed, &code, "backup_damaged"),
        (renamed, &code, "backup_unreadable"),
        (newer, &code, "backup_newer"),
    ] {
        std::fs::write(&bad, bytes).expect("written");
        let (status, refused) = restore(&fresh, &bad, typed).await;
        assert_eq!(refused["error"]["code"], expected, "{status} {refused}");
        let (_, setup) = fresh.window("cashier").get("/api/v1/setup").await;
        assert_eq!(setup["ready"], false, "no half shop: {expected}");
    }
    // And after all that it works, also over the browser's upload.
    let (status, _) = restore(&fresh, &file, &code).await;
    assert_eq!(status, 201);
    let (status, refused) = restore(&fresh, &file, &code).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("shop_exists")));
}

#[tokio::test]
async fn a_moment_before_a_mistake_can_be_chosen() {
    let (node, owner) = Node::with_shop().await;
    let place = tempfile::tempdir().expect("a folder");
    let code = card(&owner).await;
    sell_one(&owner).await;
    node.clock.forward(3_600_000);
    let moment = node.clock.now_ms();
    node.clock.forward(60_000);
    let owner = owner_of(&node).await;
    sell_one(&owner).await;
    folder_target(&owner, place.path()).await;
    back_up(&owner).await;
    let file = files(place.path()).pop().expect("a backup");
    let fresh = Node::empty();
    fresh.clock.set(node.clock.now_ms());
    let at = |ms: i64| jiff::Timestamp::from_millisecond(ms).expect("a time").to_string();
    let body = |until: i64| json!({"id": new_id(), "path": file, "code": code, "until": at(until)});
    let window = fresh.window("cashier");
    let (status, refused) = window
        .post("/api/v1/restore", body(testkit::NOON_MS - 60_000))
        .await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["code"]),
        (422, &json!("restore_too_early"))
    );
    let (status, done) = window.post("/api/v1/restore", body(moment)).await;
    assert_eq!(status, 201, "{done}");
    assert!(done["left_out"].as_u64().expect("a number") > 0);
    let theirs = owner_of(&fresh).await;
    let (_, orders) = theirs.get("/api/v1/orders?limit=50").await;
    assert_eq!(orders["items"].as_array().expect("orders").len(), 1);
    assert_eq!(fresh.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn a_place_that_is_gone_or_locked_is_said_in_words() {
    let (node, owner) = Node::with_shop().await;
    let place = tempfile::tempdir().expect("a folder");
    let body = json!({"id": new_id(), "kind": "folder", "place": place.path().join("nowhere")});
    let (_, refused) = owner.post("/api/v1/backups/targets", body).await;
    assert_eq!(refused["error"]["code"], "backup_place_gone", "{refused}");
    let (status, refused) = owner.post("/api/v1/backups", json!({})).await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["code"]),
        (409, &json!("backup_no_place"))
    );
    let folder = place.path().join("backups");
    std::fs::create_dir(&folder).expect("a folder");
    let target = folder_target(&owner, &folder).await;
    let (_, refused) = owner.post("/api/v1/backups", json!({})).await;
    assert_eq!(refused["error"]["code"], "recovery_key_missing", "{refused}");
    card(&owner).await;
    back_up(&owner).await;
    std::fs::remove_dir_all(&folder).expect("gone");
    sell_one(&owner).await;
    let (_, refused) = owner.post("/api/v1/backups", json!({})).await;
    assert_eq!(refused["error"]["code"], "backup_place_gone", "{refused}");
    let (_, view) = owner.get("/api/v1/backups").await;
    assert_eq!(view["targets"][0]["problem"], "backup_place_gone");
    assert!(
        view["targets"][0]["last_at"].is_string(),
        "the last good one is told"
    );
    assert_eq!(view["nag"], false);
    node.clock.forward(4 * 86_400_000);
    let owner = owner_of(&node).await;
    let (_, view) = owner.get("/api/v1/backups").await;
    assert_eq!(view["nag"], true, "{view}");
    let id = target["id"].as_str().expect("an id");
    let (status, _) = owner.delete(&format!("/api/v1/backups/targets/{id}")).await;
    assert_eq!(status, 204);
    let cashier = node.counter(&owner, "Vikram", "cashier").await;
    assert_eq!(cashier.get("/api/v1/backups").await.0, 403);
}

#[tokio::test]
async fn everything_can_be_taken_along() {
    let (_node, owner) = Node::with_shop().await;
    sell_one(&owner).await;
    let path = "/api/v1/export/everything.zip";
    let (status, bytes) = owner.fetch(Method::GET, path, "text/plain", vec![], &[]).await;
    assert_eq!(status, 200);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a zip");
    let mut text = |name: &str| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut zip.by_name(name).expect(name), &mut text).expect("text");
        text
    };
    assert!(text("README.txt").contains("facts.jsonl"));
    assert_eq!(text("orders.csv").lines().count(), 2);
    assert!(text("order_lines.csv").lines().count() >= 2);
    let staff = text("staff.csv");
    assert!(staff.contains("Asha") && !staff.contains("argon2"), "{staff}");
    let facts = text("facts.jsonl");
    assert!(!facts.contains("argon2"), "no PIN, not even its hash");
    let kinds: Vec<Value> = facts
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON")["kind"].clone())
        .collect();
    assert_eq!(kinds[0], "ShopFounded");
    assert!(kinds.contains(&json!("OrderPlaced")));
}

#[tokio::test]
async fn a_shop_is_forgotten_only_by_who_knows_what_is_lost() {
    let (node, owner) = Node::with_shop().await;
    sell_one(&owner).await;
    let (status, view) = owner.get("/api/v1/shop/forget").await;
    assert_eq!(status, 200, "{view}");
    assert_eq!(view["alone"], true);
    let lost = view["only_here"].as_u64().expect("a number");
    assert!(lost > 0);
    let body = |word: &str, pin: &str, lost: u64| json!({"id": new_id(), "word": word, "pin": pin, "only_here": lost});
    for (body, expected) in [
        (body("Test Sweets", "1111", lost), "pin_wrong"),
        (body("Something", OWNER_PIN, lost), "field_invalid"),
        (body("Test Sweets", OWNER_PIN, lost - 1), "forget_differs"),
    ] {
        let (_, refused) = owner.post("/api/v1/shop/forget", body).await;
        assert_eq!(refused["error"]["code"], expected, "{refused}");
    }
    // Something that cannot be deleted stands in the way: the shop is open as before.
    let in_the_way = node.data().join("shop.forgotten");
    std::fs::write(&in_the_way, b"").expect("written");
    let forget = body("test sweets", OWNER_PIN, lost);
    let (status, refused) = owner.post("/api/v1/shop/forget", forget.clone()).await;
    assert_eq!(status, 500, "{refused}");
    let owner = owner_of(&node).await;
    assert_eq!(owner.get("/api/v1/orders").await.0, 200);
    std::fs::remove_file(&in_the_way).expect("deleted");
    let (status, answer) = owner.post("/api/v1/shop/forget", forget).await;
    assert_eq!(status, 204, "{answer}");
    assert!(!node.data().join("shop").exists());
    assert!(!node.data().join("shop.forgotten").exists());
    let (_, setup) = node.window("cashier").get("/api/v1/setup").await;
    assert_eq!(setup["ready"], false);
}

#[tokio::test]
async fn whoever_still_holds_a_forgotten_shop_begins_nothing_in_its_place() {
    let (node, owner) = Node::with_shop().await;
    let place = tempfile::tempdir().expect("a folder");
    let code = card(&owner).await;
    folder_target(&owner, place.path()).await;
    back_up(&owner).await;
    let file = files(place.path()).pop().expect("a backup");
    sell_one(&owner).await;
    let held = node.shop();
    let lost = owner.get("/api/v1/shop/forget").await.1["only_here"].clone();
    let body = json!({"id": new_id(), "word": "Test Sweets", "pin": OWNER_PIN, "only_here": lost});
    let (status, answer) = owner.post("/api/v1/shop/forget", body).await;
    assert_eq!(status, 204, "{answer}");

    node.clock.forward(2 * 3_600_000);
    held.back_up_if_due();
    assert!(held.export_everything().is_err());
    let copy = store::Options {
        file: place.path().join("copy.db"),
        key: Some([7; 32]),
        vfs: None,
    };
    assert!(held.store().snapshot(&copy).is_err(), "its file is gone");
    assert!(!node.data().join("shop").exists());
    drop(held);
    let (status, answer) = restore(&node, &file, &code).await;
    assert_eq!(status, 201, "{answer}");
}
