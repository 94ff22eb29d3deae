//! Where a hub's files lie: a folder, and a real service that speaks S3. What holds of one holds of the other.

#[allow(dead_code, reason = "the hub's other tests use the rest of it")]
mod support;

#[allow(dead_code, reason = "the hub's other tests use the rest of it")]
mod engines;

use engines::s3::Service;
use hub::files::{Files, Folder, open};
use std::{
    sync::{Arc, Barrier},
    thread,
};
use tempfile::TempDir;

fn names(files: &dyn Files, prefix: &str) -> Vec<String> {
    let found = files.list(prefix).expect("a list");
    found.into_iter().map(|(name, _)| name).collect()
}

fn contract(files: &dyn Files) {
    assert_eq!(files.list("").expect("a list"), []);
    assert_eq!(files.get("a/b/1", 0, 10).expect("asked"), None);
    files.delete("a/b/1").expect("gone already is gone");
    let large: Vec<u8> = (0..3_000_000)
        .map(|at: u32| u8::try_from(at % 251).expect("small"))
        .collect();
    files.put("a/b/1", &large).expect("put");
    files.put("a/b/2", b"").expect("put");
    files.put("a/bc/3", b"three").expect("put");
    files.put("other/4", b"four").expect("put");
    assert_eq!(
        files.get("a/b/1", 0, u64::MAX).expect("got").as_deref(),
        Some(&large[..])
    );
    for (from, most, expected) in [
        (0, 10, &large[..10]),
        (251, 5, &large[251..256]),
        (2_999_998, 100, &large[2_999_998..]),
        (5, 0, &[]),
        (3_000_000, 4, &[]),
        (9_000_000, 4, &[]),
    ] {
        let got = files.get("a/b/1", from, most).expect("got");
        assert_eq!(got.as_deref(), Some(expected), "{most} from {from}");
    }
    assert_eq!(
        files.get("a/b/2", 0, 9).expect("got").as_deref(),
        Some(&[][..]),
        "empty is there"
    );
    assert_eq!(names(files, ""), ["a/b/1", "a/b/2", "a/bc/3", "other/4"]);
    assert_eq!(names(files, "a/"), ["a/b/1", "a/b/2", "a/bc/3"]);
    assert_eq!(
        files.list("a/b/").expect("a list"),
        [("a/b/1".to_owned(), 3_000_000), ("a/b/2".to_owned(), 0)]
    );
    assert_eq!(names(files, "none/"), Vec::<String>::new());
    // The same once more is the same.
    files.put("a/bc/3", b"three").expect("put");
    assert_eq!(
        files.get("a/bc/3", 0, 9).expect("got").as_deref(),
        Some(&b"three"[..])
    );
    for name in ["a/b/1", "a/b/2", "a/bc/3", "a/bc/3"] {
        files.delete(name).expect("deleted");
    }
    assert_eq!(names(files, ""), ["other/4"]);
    files.put("a/b/1", b"anew").expect("put");
    assert_eq!(
        files.get("a/b/1", 0, 9).expect("got").as_deref(),
        Some(&b"anew"[..])
    );
    for wrong in [
        "",
        "/",
        "../x",
        "a/../b",
        "a//b",
        "a/b c",
        ".x",
        "a\\b",
        &"x".repeat(90),
    ] {
        assert!(files.put(wrong, b"x").is_err(), "{wrong}");
        assert!(files.get(wrong, 0, 1).is_err(), "{wrong}");
        assert!(files.delete(wrong).is_err(), "{wrong}");
    }
    assert!(files.list("../").is_err());
}

#[test]
fn a_folder_keeps_files() {
    let folder = TempDir::new().expect("a folder");
    let at = folder.path().join("made/by/itself");
    contract(&*open(at.to_str().expect("a plain path")).expect("opened"));
    assert_eq!(
        std::fs::read_dir(at.join(".writing")).expect("a folder").count(),
        0,
        "nothing is left half"
    );
}

#[test]
fn what_a_power_cut_left_is_no_file_and_goes() {
    let folder = TempDir::new().expect("a folder");
    let files = Folder::open(folder.path()).expect("opened");
    let (old, new) = (
        folder.path().join(".writing/0-1"),
        folder.path().join(".writing/0-2"),
    );
    for half in [&old, &new] {
        std::fs::write(half, b"half").expect("written");
    }
    let hours_ago = std::fs::metadata(&old)
        .and_then(|m| m.modified())
        .expect("a time")
        .checked_sub(std::time::Duration::from_secs(2 * 3600))
        .expect("a time");
    let file = std::fs::File::options().write(true).open(&old).expect("opened");
    file.set_modified(hours_ago).expect("set");
    assert_eq!(files.list("").expect("a list"), []);
    drop(Folder::open(folder.path()).expect("opened"));
    assert!(
        !old.exists() && new.exists(),
        "another instance may be at the newer one"
    );
}

#[test]
fn two_instances_write_and_delete_at_once() {
    let folder = TempDir::new().expect("a folder");
    let gate = Arc::new(Barrier::new(4));
    let working: Vec<_> = (0..4_u8)
        .map(|n| {
            let (gate, files) = (gate.clone(), Folder::open(folder.path()).expect("opened"));
            thread::spawn(move || {
                gate.wait();
                for round in 0..60 {
                    let same = format!("shop/same/{round}");
                    files.put(&same, b"the same bytes").expect("put");
                    let own = format!("shop/own/{round}/{n}");
                    files.put(&own, &[n; 100]).expect("put");
                    // Takes empty folders away under those who write into them.
                    files.delete(&own).expect("deleted");
                }
            })
        })
        .collect();
    for one in working {
        one.join().expect("no panic");
    }
    let files = Folder::open(folder.path()).expect("opened");
    let left = files.list("").expect("a list");
    assert_eq!(left.len(), 60);
    assert!(left.iter().all(|(_, bytes)| *bytes == 14), "each is whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_speaks_s3_keeps_files() {
    let mut service = Service::start();
    let files = service.bucket("shops").await;
    let nowhere = service.bucket("other").await;
    let endpoint = service.endpoint();
    let files = tokio::task::spawn_blocking(move || {
        contract(&files);
        // A list has more pages than one.
        for n in 0..1_050 {
            files.put(&format!("many/{n:04}"), b"x").expect("put");
        }
        assert_eq!(names(&files, "many/").len(), 1_050);
        assert_eq!(
            names(&nowhere, ""),
            Vec::<String>::new(),
            "a bucket is a world of its own"
        );
        let place = format!("s3://missing?endpoint={endpoint}");
        let missing =
            hub::files::S3::with(&place, rusty_s3::Credentials::new("key", "secret")).expect("a place");
        assert!(missing.put("a/1", b"x").is_err() && missing.list("").is_err());
        assert!(
            missing.get("a/1", 0, 1).is_err(),
            "no bucket is not the same as no file"
        );
        files
    })
    .await
    .expect("no panic");
    service.kill();
    let gone = tokio::task::spawn_blocking(move || files.get("a/b/1", 0, 1).is_err());
    assert!(
        gone.await.expect("no panic"),
        "it is said, not taken for an empty place"
    );
}
