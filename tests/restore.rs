//! Restoring as a real process that is killed at any moment: there is a whole shop afterwards, or none.

use serde_json::json;
use std::{path::Path, thread, time::Duration};
use stories::{Node, Person, node_binary, verify};
use testkit::new_id;

fn shop_with_backup(binary: &Path, data: &Path, place: &Path) -> String {
    let node = Node::start(binary, data);
    let owner = Person::founds(&node);
    let id = new_id();
    let (_, card) = owner.post("recovery-card", &json!({"id": id})).expect("answered");
    let code = card["code"].as_str().expect("letters").to_owned();
    let confirm = json!({"id": id, "code": code});
    let (status, _) = owner.post("recovery-card/confirm", &confirm).expect("answered");
    assert_eq!(status, 200);
    let target = json!({"id": new_id(), "kind": "folder", "place": place});
    let (status, mut view) = owner.post("backups/targets", &target).expect("answered");
    assert_eq!(status, 200, "{view}");
    for _ in 0..1_200 {
        if view["targets"][0]["last_at"].is_string() && view["running"] == false {
            return code;
        }
        thread::sleep(Duration::from_millis(50));
        view = owner.get("backups");
    }
    panic!("no backup was made by itself: {view}");
}

#[test]
fn a_restore_that_is_killed_at_any_moment_leaves_a_whole_shop_or_none() {
    let binary = node_binary();
    let folder = tempfile::tempdir().expect("a temp folder");
    let place = folder.path().join("backups");
    std::fs::create_dir(&place).expect("a folder");
    let code = shop_with_backup(&binary, &folder.path().join("first"), &place);
    let file = std::fs::read_dir(&place)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|e| e == "chandi-backup"))
        .expect("a backup");
    let (mut whole, mut none) = (0, 0);
    let mut delay = 0;
    // From before the first byte to after the last; slower machines only take more rounds.
    while whole == 0 || delay < 800 {
        assert!(delay < 60_000, "a restore of an empty shop takes a minute");
        let data = folder.path().join(format!("killed-{delay}"));
        let mut node = Node::start(&binary, &data);
        let person = Person::at(&node);
        let body = json!({"id": new_id(), "path": file, "code": code});
        let asked = thread::spawn(move || person.post("restore", &body));
        thread::sleep(Duration::from_millis(delay));
        node.kill();
        let answered = asked.join().expect("asked");
        let node = Node::start(&binary, &data);
        let person = Person::at(&node);
        let ready = person.get("setup")["ready"] == true;
        if let Some((status, answer)) = answered {
            assert_eq!(status, 201, "{answer}");
            assert!(ready, "what was answered is there");
        }
        assert!(!data.join("restoring").exists(), "nothing half is left");
        if ready {
            whole += 1;
            Person::signed_in(&node);
            drop(node);
            verify(&binary, &data);
        } else {
            none += 1;
            assert!(!data.join("shop/chandi.db").exists(), "no half shop");
        }
        delay += if delay < 800 { 80 } else { 800 };
    }
    assert!(none > 0, "some were killed before the end");
}
