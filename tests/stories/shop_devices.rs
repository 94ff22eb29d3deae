//! The devices of a shop over the API: invited, let in, named, moved, shut out; and whoever tries it without a right to.

use domain::ids::DeviceId;
use serde_json::{Value, json};
use testkit::{COUNTER_PIN, Client, Node, new_id};

const LIST: &str = "/api/v1/shop-devices";

async fn devices(client: &Client) -> Vec<Value> {
    let (status, answer) = client.get(LIST).await;
    assert_eq!(status, 200, "{answer}");
    answer["items"].as_array().expect("a list").clone()
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

/// Another counter that was let in, as the second in the list.
async fn with_second() -> (Node, Client, Value) {
    let (node, owner) = Node::with_shop().await;
    node.shop().admit().expect("let in");
    let second = devices(&owner).await.swap_remove(1);
    (node, owner, second)
}

#[tokio::test]
async fn every_device_is_listed_named_and_given_a_purpose() {
    let (_node, owner, second) = with_second().await;
    let all = devices(&owner).await;
    assert_eq!(all.len(), 2);
    assert_eq!((&all[0]["this"], &all[1]["this"]), (&json!(true), &json!(false)));
    assert_eq!(
        (&second["name"], &second["role"]),
        (&json!("Till 2"), &json!("till"))
    );
    assert_eq!((&second["last_at"], &second["facts"]), (&Value::Null, &json!(0)));
    let path = format!("{LIST}/{}", second["device"].as_str().expect("an id"));
    let change = json!({"id": new_id(), "name": "  Sweets window ", "role": "sales_counter"});
    let (status, changed) = owner.put(&path, change.clone()).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(
        (&changed["name"], &changed["role"]),
        (&json!("Sweets window"), &json!("sales_counter"))
    );
    assert_eq!(owner.put(&path, change).await.0, 200, "said twice is said once");
    let wrong = json!({"id": new_id(), "name": "Window", "role": "throne"});
    assert_eq!(code(&owner.put(&path, wrong).await.1), "field_invalid");
    let nobody = format!("{LIST}/{}", new_id());
    let change = json!({"id": new_id(), "name": "Window", "role": "till"});
    assert_eq!(code(&owner.put(&nobody, change).await.1), "not_found");
}

#[tokio::test]
async fn only_the_owner_lets_in_and_shuts_out() {
    let (node, owner, second) = with_second().await;
    let maya = owner.staff("Maya", "manager", COUNTER_PIN).await.to_string();
    let ravi = owner.staff("Ravi", "cashier", "7391").await.to_string();
    let path = format!("{LIST}/{}/revoke", second["device"].as_str().expect("an id"));
    for (who, pin, sees) in [(maya, COUNTER_PIN, 200), (ravi, "7391", 403)] {
        let window = node.browser("127.0.0.1:9");
        let (_, session) = window.sign_in(&who, pin).await;
        let person = window.signed_in(&session);
        assert_eq!(person.get(LIST).await.0, sees);
        let revoke = json!({"id": new_id(), "reason": "stolen"});
        assert_eq!(person.post(&path, revoke).await.0, 403);
        assert_eq!(
            person
                .post("/api/v1/join/invitations", json!({"id": new_id()}))
                .await
                .0,
            403
        );
    }
}

#[tokio::test]
async fn a_device_that_is_shut_out_counts_until_what_is_here_of_it() {
    let (_node, owner, second) = with_second().await;
    let path = format!("{LIST}/{}/revoke", second["device"].as_str().expect("an id"));
    let (status, out) = owner
        .post(&path, json!({"id": new_id(), "reason": "stolen"}))
        .await;
    assert_eq!(status, 200, "{out}");
    assert_eq!(out["revoked"]["last_seq"], 0, "nothing of it ever came");
    let all = devices(&owner).await;
    assert!(all[1]["revoked"].is_object(), "it stays in the list, at its end");
    let again = owner
        .post(&path, json!({"id": new_id(), "reason": "lost"}))
        .await
        .1;
    assert_eq!(again["revoked"], out["revoked"], "out is out");
    let moved = json!({"id": new_id(), "branch": second["branch"]["id"], "counter": "Window"});
    let (_, refused) = owner.post(&path.replace("revoke", "move"), moved).await;
    assert_eq!(code(&refused), "device_revoked");
}

#[tokio::test]
async fn the_last_device_stays() {
    let (_node, owner, second) = with_second().await;
    let own = devices(&owner).await.swap_remove(0);
    let path = format!("{LIST}/{}/revoke", own["device"].as_str().expect("an id"));
    let (status, refused) = owner.post(&path, json!({"id": new_id(), "reason": "sold"})).await;
    assert_eq!(
        (status.as_u16(), code(&refused)),
        (409, "device_last"),
        "nothing was heard of the other"
    );
    assert_eq!(second["facts"], 0);
    let wrong = json!({"id": new_id(), "reason": "boredom"});
    assert_eq!(code(&owner.post(&path, wrong).await.1), "field_invalid");
}

#[tokio::test]
async fn a_device_that_was_moved_goes_on_at_its_new_counter_once_nothing_is_open() {
    let (node, owner) = Node::with_shop().await;
    let own = devices(&owner).await.swap_remove(0);
    let path = format!("{LIST}/{}/move", own["device"].as_str().expect("an id"));
    let moved = json!({"id": new_id(), "branch": own["branch"]["id"], "counter": "Window"});
    let (status, answer) = owner.post(&path, moved).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        (&answer["moving"], &answer["counter"]["name"]),
        (&json!(true), &json!("Window"))
    );
    let node = node.restarted();
    let window = node.window("cashier");
    let (_, lock) = window.get("/api/v1/lock").await;
    assert_eq!(lock["shop"]["counter"], "Window");
    let shop = node.shop();
    assert_eq!(shop.identity().counter.to_string(), answer["counter"]["id"]);
    assert_eq!(
        shop.identity().lane,
        1,
        "numbers of its own; the old ones are nobody's"
    );
    assert_eq!(shop.store().verify().expect("reads").faults, Vec::<String>::new());
}

#[tokio::test]
async fn two_with_one_ordinal_are_told_and_one_tap_parts_them() {
    use domain::time::Moment;
    use journal::{Body, DeviceKey, body::DeviceAdmittedV1};
    let (node, owner, second) = with_second().await;
    let shop = node.shop();
    // As if a device that was apart had let it in.
    let third = DeviceId::from_uuid(new_id());
    let body = DeviceAdmittedV1 {
        device: third.bytes(),
        public_key: DeviceKey::from_seed(&[9; 32]).public().bytes(),
        branch: shop.identity().branch.bytes(),
        counter: [9; 16],
        ordinal: 1,
        lane: 1,
        admitted_ms: testkit::NOON_MS,
    };
    shop.store()
        .write(Moment(testkit::NOON_MS), |tx| {
            tx.record(None, &Body::DeviceAdmitted(body))
        })
        .map_err(|e: app::StoreError| e)
        .expect("written");
    let (_, listed) = owner.get("/api/v1/anomalies").await;
    let shared = listed["items"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["kind"] == "numbers_shared"))
        .cloned()
        .expect("it is told");
    let last = shared["devices"].as_array().and_then(|all| all.last());
    assert_eq!(
        last.map(|one| &one["id"]),
        Some(&json!(third.uuid())),
        "who came last is given others"
    );
    let path = format!("{LIST}/{third}/renumber");
    let (status, answer) = owner.post(&path, json!({"id": new_id()})).await;
    assert_eq!(status, 200, "{answer}");
    let (_, listed) = owner.get("/api/v1/anomalies").await;
    assert_eq!(listed["items"], json!([]), "nothing is shared any more");
    let all = devices(&owner).await;
    assert!(all.iter().all(|one| one["numbers_shared"] == false), "{all:?}");
    assert_eq!(all[1]["device"], second["device"], "the first keeps what it has");
}

#[tokio::test]
async fn two_that_were_let_in_apart_part_their_numbers_by_themselves() {
    let (till, owner) = Node::with_shop().await;
    let sales = till.another();
    till.meet(&sales);
    let (one, two) = (till.another(), sales.another());
    let lane = |node: &Node| node.shop().identity().lane;
    assert_eq!(lane(&one), lane(&two), "nobody knew of the other");
    till.meet(&sales);
    let (_, listed) = owner.get("/api/v1/anomalies").await;
    assert_eq!(listed["items"][0]["kind"], "numbers_shared", "{listed}");
    // Whichever hears of it first: the later one moves, and only that one.
    till.meet(&one);
    till.meet(&two);
    till.meet(&one);
    let (_, listed) = owner.get("/api/v1/anomalies").await;
    assert_eq!(listed["items"], json!([]), "nothing is left to be done by hand");
    let before = lane(&one);
    let (one, two) = (one.restarted(), two.restarted());
    assert_ne!(lane(&one), lane(&two));
    let kept = [&one, &two].iter().filter(|node| lane(node) == before).count();
    assert_eq!(kept, 1, "the first keeps what it has");
    for node in [&one, &two] {
        assert_ne!(lane(node), lane(&till));
        assert_ne!(lane(node), lane(&sales));
        assert_eq!(node.faults(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_stranger_learns_nothing_without_a_code() {
    let (node, owner) = Node::with_shop().await;
    let stranger = node.browser("192.168.1.66:4000");
    let (status, hello) = stranger.post("/api/v1/join/hello", json!({})).await;
    assert_eq!((status.as_u16(), &hello["halves"]), (200, &json!([])), "{hello}");
    assert_eq!(
        hello.as_object().map(serde_json::Map::len),
        Some(2),
        "a key, and nothing else: {hello}"
    );
    let (status, invitation) = owner
        .post("/api/v1/join/invitations", json!({"id": new_id()}))
        .await;
    assert_eq!(status, 201, "{invitation}");
    let (_, hello) = stranger.post("/api/v1/join/hello", json!({})).await;
    assert_eq!(hello["halves"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        stranger.post("/api/v1/join/ask", json!({"let": "me in"})).await.0,
        404
    );
    // What is the device's own is not done from another one.
    assert_eq!(stranger.get("/api/v1/join").await.0, 403);
    let join = json!({"code": "0000-0000-0000-0000", "address": "127.0.0.1:1", "name": "x"});
    assert_eq!(stranger.post("/api/v1/join", join).await.0, 403);
    let id = invitation["id"].as_str().expect("an id");
    let approve = json!({"id": new_id(), "device": new_id(), "name": "x", "role": "till", "counter": "x"});
    let (_, refused) = owner
        .post(&format!("/api/v1/join/invitations/{id}/approve"), approve)
        .await;
    assert_eq!(code(&refused), "join_decided", "nobody asked");
    node.clock.set(node.clock.now_ms() + 10 * 60_000 + 1);
    let (_, hello) = stranger.post("/api/v1/join/hello", json!({})).await;
    assert_eq!(hello["halves"], json!([]), "its time is over");
}

#[tokio::test]
async fn a_device_that_hears_that_it_is_out_sells_no_more_and_keeps_what_it_has() {
    let (node, owner) = Node::with_shop().await;
    let tea = owner.product("Tea", 2_000).await;
    let other = node.another();
    let asha = {
        let window = other.window("cashier");
        let (_, lock) = window.get("/api/v1/lock").await;
        let staff = lock["staff"][0]["id"].as_str().expect("Asha").to_owned();
        let (_, session) = window.sign_in(&staff, testkit::OWNER_PIN).await;
        window.signed_in(&session)
    };
    let sale = || {
        json!({"id": new_id(), "lines": [{"product": tea, "quantity": "1"}],
            "tenders": [{"id": new_id(), "method": "cash"}]})
    };
    assert_eq!(asha.post("/api/v1/orders", sale()).await.0, 201);
    node.meet(&other);
    let second = devices(&owner).await.swap_remove(1);
    assert!(
        second["facts"].as_u64().is_some_and(|facts| facts > 0),
        "heard of: {second}"
    );
    let path = format!("{LIST}/{}/revoke", second["device"].as_str().expect("an id"));
    let (status, out) = owner
        .post(&path, json!({"id": new_id(), "reason": "stolen"}))
        .await;
    assert_eq!(status, 200, "{out}");
    assert_eq!(out["revoked"]["last_seq"], second["facts"], "what it sent counts");
    assert_eq!(
        asha.post("/api/v1/orders", sale()).await.0,
        201,
        "it has not heard of it"
    );
    other.meet(&node);
    let (_, lock) = asha.get("/api/v1/lock").await;
    assert_eq!(lock["shop"]["shut_out"], true);
    let (status, refused) = asha.post("/api/v1/orders", sale()).await;
    assert_eq!((status.as_u16(), code(&refused)), (403, "device_revoked"));
    let (_, orders) = asha.get("/api/v1/orders").await;
    assert_eq!(
        orders["items"].as_array().map(Vec::len),
        Some(2),
        "it keeps what it has"
    );
    let (_, orders) = owner.get("/api/v1/orders").await;
    assert_eq!(
        orders["items"].as_array().map(Vec::len),
        Some(1),
        "what came after counts nowhere"
    );
}
