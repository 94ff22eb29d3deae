//! How much a sale and a handover write: each page is encrypted and goes through the log of the file, so pages are what
//! they cost. Counted, never timed.

use testkit::{Client, Node, new_id};
use uuid::Uuid;

/// A page of the file and the head of its frame in the log.
const FRAME: u64 = 4096 + 24;
/// So many of each are done, so that pages that fill up now and then count for what they are on average.
const TIMES: u64 = 20;

/// The log's length in pages.
fn logged(node: &Node) -> u64 {
    let shop = node.door.app().shop().expect("the shop");
    let mut log = shop.store().file().as_os_str().to_owned();
    log.push("-wal");
    let length = std::fs::metadata(&log).expect("the file's log").len();
    length.saturating_sub(32) / FRAME
}

fn empty_the_log(node: &Node) {
    let shop = node.door.app().shop().expect("the shop");
    shop.store()
        .overwrite_deleted()
        .expect("nobody reads or writes now");
    assert_eq!(logged(node), 0);
}

async fn sell_five(owner: &Client, goods: &[Uuid]) -> serde_json::Value {
    let lines: Vec<(Uuid, &str)> = goods.iter().map(|product| (*product, "1")).collect();
    owner.sell(&lines).await
}

#[tokio::test]
async fn an_order_its_token_and_its_handover_change_few_pages() {
    let (node, owner) = Node::with_shop().await;
    let mut goods = vec![];
    for name in ["Tea", "Samosa", "Jalebi", "Kachori", "Barfi"] {
        goods.push(owner.product(name, 2_000).await);
    }
    // The first of each gives counters their numbers and tables their first pages.
    let first = sell_five(&owner, &goods).await;
    assert_eq!(owner.redeem(&first).await.0, 200);

    empty_the_log(&node);
    let mut sold = vec![];
    for _ in 0..TIMES {
        node.clock.forward(1_000);
        sold.push(sell_five(&owner, &goods).await);
    }
    let orders = logged(&node);
    assert!(
        orders <= ORDER * TIMES,
        "{TIMES} paid orders of 5 lines wrote {orders} pages, more than {ORDER} each: an index or a row for each line?"
    );

    empty_the_log(&node);
    for order in &sold {
        assert_eq!(owner.redeem(order).await.0, 200);
    }
    let redemptions = logged(&node);
    assert!(
        redemptions <= REDEMPTION * TIMES,
        "{TIMES} redemptions wrote {redemptions} pages, more than {REDEMPTION} each"
    );

    empty_the_log(&node);
    for order in &sold {
        let lines: Vec<_> = (1..=5)
            .map(|line| serde_json::json!({"line": line, "given": "1"}))
            .collect();
        let path = testkit::order_path(order, "handovers");
        let (status, answer) = owner
            .post(&path, serde_json::json!({"id": new_id(), "lines": lines}))
            .await;
        assert_eq!(status, 201, "{answer}");
    }
    let handovers = logged(&node);
    assert!(
        handovers <= HANDOVER * TIMES,
        "{TIMES} handovers of 5 lines wrote {handovers} pages, more than {HANDOVER} each"
    );
}

const ORDER: u64 = 42;
const REDEMPTION: u64 = 7;
const HANDOVER: u64 = 23;
