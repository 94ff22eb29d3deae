//! Backups to a stick that runs full, is locked, and is pulled out in the middle: each is said in words, the till goes on,
//! and the last good backup stays.

use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use testkit::{Client, Node, new_id, small_disk::SmallDisk};

async fn sell_one(owner: &Client) {
    let product = owner.product(&format!("Sweet {}", new_id()), 1_000).await;
    owner.sell(&[(product, "1")]).await;
}

/// What came of a backup: nothing, or why there is none.
async fn back_up(owner: &Client) -> Option<String> {
    for _ in 0..2_400 {
        let (status, answer) = owner.post("/api/v1/backups", json!({})).await;
        match (status.as_u16(), answer["error"]["code"].as_str()) {
            (200, _) => return None,
            // The worker is at it.
            (429, Some("backup_busy")) => tokio::time::sleep(Duration::from_millis(25)).await,
            (_, code) => return Some(code.unwrap_or("none").to_owned()),
        }
    }
    panic!("a backup is being made for ever");
}

async fn problem(owner: &Client) -> Value {
    let (_, view) = owner.get("/api/v1/backups").await;
    view["targets"][0]["problem"].clone()
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let files = entries.map(|entry| entry.path());
    files
        .filter(|path| path.extension().is_some_and(|e| e == ending))
        .collect()
}

#[tokio::test]
async fn a_stick_that_is_full_locked_or_pulled_out_is_said_in_words() {
    let place = tempfile::tempdir().expect("a folder");
    let at = place.path().join("BLUE STICK");
    let disk = SmallDisk::mounted(&at, 96);
    std::fs::create_dir_all(&at).expect("a folder");
    let is_in = Arc::new(AtomicBool::new(true));
    let (seen, path) = (is_in.clone(), at.clone());
    let sticks = Arc::new(move || match seen.load(Ordering::SeqCst) {
        true => vec![path.clone()],
        false => vec![],
    });
    let (node, owner) = Node::with_sticks(sticks).await;
    let id = new_id();
    let (_, shown) = owner.post("/api/v1/recovery-card", json!({"id": id})).await;
    let held = json!({"id": id, "code": shown["code"]});
    let (status, held) = owner.post("/api/v1/recovery-card/confirm", held).await;
    assert_eq!(status, 200, "{held}");
    let target = json!({"id": new_id(), "kind": "stick", "place": at});
    let (status, view) = owner.post("/api/v1/backups/targets", target).await;
    assert_eq!(status, 200, "{view}");
    assert_eq!(back_up(&owner).await, None);
    let folder = at.join("Chandi backups");
    // A stick that was pulled out before keeps what was on its way to it; another device may be at its own.
    let device = node.shop().identity().device;
    let (own, others) = (
        folder.join(format!(".{device}.x.unfinished")),
        folder.join(".another.x.unfinished"),
    );
    for half in [&own, &others] {
        std::fs::write(half, b"half").expect("written");
    }
    sell_one(&owner).await;
    assert_eq!(back_up(&owner).await, None);
    assert!(!own.exists() && others.exists());
    std::fs::remove_file(&others).expect("deleted");
    let good = files(&folder, "chandi-backup");
    assert!(!good.is_empty(), "{}", folder.display());

    if let Some(disk) = &disk {
        sell_one(&owner).await;
        disk.fill();
        assert_eq!(back_up(&owner).await.as_deref(), Some("backup_no_room"));
        assert_eq!(problem(&owner).await, "backup_no_room");
        disk.make_room();
        assert_eq!(back_up(&owner).await, None);
        assert_eq!(problem(&owner).await, Value::Null);
        sell_one(&owner).await;
        disk.lock(true);
        assert_eq!(back_up(&owner).await.as_deref(), Some("backup_read_only"));
        assert_eq!(problem(&owner).await, "backup_read_only");
        disk.lock(false);
        assert_eq!(back_up(&owner).await, None);
    }
    assert!(good.iter().all(|file| file.exists()), "the last good ones stay");
    assert_eq!(
        files(&folder, "unfinished"),
        Vec::<PathBuf>::new(),
        "nothing is left half"
    );

    is_in.store(false, Ordering::SeqCst);
    sell_one(&owner).await;
    assert_eq!(back_up(&owner).await.as_deref(), Some("backup_place_gone"));
    is_in.store(true, Ordering::SeqCst);
    if let Some(disk) = disk {
        // Pulled out as soon as something is being written to it.
        let watched = folder.clone();
        let pulling = thread::spawn(move || {
            for _ in 0..20_000 {
                if !watched.exists() || !files(&watched, "unfinished").is_empty() {
                    break;
                }
                thread::sleep(Duration::from_micros(500));
            }
            disk.pull_out();
            disk
        });
        let outcome = back_up(&owner).await;
        drop(pulling.join().expect("pulled out"));
        assert_eq!(outcome.as_deref(), Some("backup_place_gone"));
        assert_eq!(problem(&owner).await, "backup_place_gone");
    }
    sell_one(&owner).await;
    assert_eq!(node.faults(), Vec::<String>::new());
}
