//! What a shop sold and by what it was paid, whatever its devices say and in whatever order it arrives; and what happens
//! to it when a device is shut out.

use super::{
    Engine,
    engines::serve_still,
    invite,
    owners::{enrolled, hire, offer_to},
    shop,
    support::{Client, Device, NOON},
    wide,
};
use domain::ids::{DeviceId, ShopId};
use hub::{
    Books, Hub, Sqlite,
    rollups::{Item, Key, RollupBooks, State, Step, Sum, What},
    verify,
};
use journal::{
    Body, Head, Why,
    body::{
        OrderPlacedV1, OrderPlacedV3, RefundTenderV2, RefundedV1, RefundedV2, TenderMovedV1, TenderTakenV1,
        TenderTakenV2, TendersSplitV1, TokenV1,
    },
};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicI64},
};
use tempfile::TempDir;

const DAY: u32 = 20_261_121;
const PENDING: u8 = 0;
const CAPTURED: u8 = 2;

/// Nothing is counted unless the test says so.
async fn started<E: Engine>(engine: &mut E) -> (Client, Arc<Hub<E::Books>>) {
    let books = engine.fresh().await;
    invite(&books, "word", 20, 100).await;
    serve_still(books, None, wide(), &Arc::new(AtomicI64::new(NOON))).await
}

async fn unroll<B: Books>(hub: &Hub<B>, shop: ShopId) {
    let rulings = hub.standing(shop, &[]).await.expect("books").shop.rulings;
    let rolled = hub.books().rolled(shop).await.expect("books");
    hub.books().unroll(shop, &rolled, rulings).await.expect("books");
}

fn order(id: u8, total_minor: i64) -> OrderPlacedV3 {
    OrderPlacedV3::from(OrderPlacedV1 {
        order: [id; 16],
        counter: [3; 16],
        placed_ms: NOON,
        business_day: DAY,
        hour: 12,
        number: 1,
        prefix: "K7Q".to_owned(),
        fiscal_year: "26-27".to_owned(),
        document_no: 1,
        lines: vec![],
        discount: None,
        subtotal_minor: total_minor,
        line_discount_minor: 0,
        order_discount_minor: 0,
        rounding_minor: 0,
        total_minor,
        token: TokenV1 {
            generation: 1,
            issued_ms: NOON,
            expires_ms: NOON,
            number: 1,
            number_expires_ms: NOON,
            code: "P1ABC".to_owned(),
        },
        content: [0; 32],
    })
}

fn sell(by: &mut Device, id: u8, total_minor: i64) {
    by.tell(&Body::OrderPlaced(Box::new(order(id, total_minor))));
}

fn pay(by: &mut Device, (tender, order): (u8, u8), method: &str, amount_minor: i64, state: u8) {
    let taken = TenderTakenV2::from(TenderTakenV1 {
        tender: [tender; 16],
        order: [order; 16],
        method: method.to_owned(),
        amount_minor,
        received_minor: None,
        change_minor: 0,
        taken_ms: NOON,
    });
    by.tell(&Body::TenderTaken(TenderTakenV2 {
        state,
        business_day: DAY,
        ..taken
    }));
}

fn settle(by: &mut Device, (tender, order): (u8, u8)) {
    by.tell(&Body::TenderMoved(TenderMovedV1 {
        tender: [tender; 16],
        order: [order; 16],
        state: CAPTURED,
        reference: String::new(),
        reason: String::new(),
        at_ms: NOON,
        approved_by: None,
    }));
}

fn refund(by: &mut Device, (refund, order): (u8, u8), legs: &[(&str, i64)]) {
    let made = RefundedV2::from(RefundedV1 {
        refund: [refund; 16],
        order: [order; 16],
        counter: [3; 16],
        seat: 1,
        at_ms: NOON,
        business_day: DAY,
        prefix: "K7Q".to_owned(),
        fiscal_year: "26-27".to_owned(),
        document_no: 1,
        lines: vec![],
        moves: vec![],
        tenders: vec![],
        rounding_minor: 0,
        total_minor: legs.iter().map(|(_, minor)| minor).sum(),
        reason: String::new(),
        approved_by: None,
        offline: false,
        content: [0; 32],
    });
    let tenders = legs.iter().map(|(method, amount_minor)| RefundTenderV2 {
        tender: [refund; 16],
        method: (*method).to_owned(),
        amount_minor: *amount_minor,
        cash_rounding_minor: 0,
        reference: String::new(),
        customer: None,
        card: None,
        original: None,
        state: CAPTURED,
    });
    by.tell(&Body::Refunded(Box::new(RefundedV2 {
        tenders: tenders.collect(),
        ..made
    })));
}

/// How many, and how much, of a kind; by way of paying, where there is one.
async fn sums<B: Books>(hub: &Hub<B>, shop: ShopId, what: What) -> BTreeMap<String, (i64, i64)> {
    let rows = hub.books().sums(shop, 0, u32::MAX).await.expect("books");
    let of_it = rows
        .into_iter()
        .filter(|row| row.key.what == what && row.sum != Sum::default());
    of_it
        .map(|row| {
            let key = String::from_utf8_lossy(&row.key.key).into_owned();
            (key, (row.sum.count, row.sum.minor))
        })
        .collect()
}

/// So many orders, and their total.
async fn sold<B: Books>(hub: &Hub<B>, shop: ShopId) -> (i64, i64) {
    hub.roll(shop).await.expect("counted");
    let sums = sums(hub, shop, What::Sold).await;
    sums.get("").copied().unwrap_or_default()
}

/// A till that began again from an image of its disk has two pasts. The one that its revocation names is kept, given and
/// counted, whichever came first and however long they are.
pub async fn the_past_that_a_revocation_names_holds(engine: &mut impl Engine) {
    for (n, (wrong, named)) in [(4, 2), (2, 4), (3, 3)].into_iter().enumerate() {
        let (client, hub) = started(engine).await;
        let (mut founder, mut till) = shop(&client, "word", 1).await;
        sell(&mut till, 1, 100);
        let mut copy = till.copy();
        for order in 0..wrong {
            sell(&mut till, 10 + order, 1_000);
        }
        // What the wrong one says of devices goes with it.
        let strange = Device::new(founder.shop(), 66);
        till.admit(&strange, 66);
        for order in 0..named {
            sell(&mut copy, 20 + order, 1);
        }
        let shop = founder.shop();
        let said = client.push(&founder, vec![founder.chunk(0), till.chunk(0)]).await;
        assert_eq!(said.refused, []);
        assert_eq!(
            sold(&hub, shop).await,
            (1 + i64::from(wrong), 100 + 1_000 * i64::from(wrong))
        );
        if n != 1 {
            let said = client.push(&founder, vec![copy.chunk(0)]).await;
            assert_eq!(said.refused, [(till.id, Why::Forked { seq: 2 })]);
        }

        // Shut out: what is here is another past from its second fact on, and nobody is given it.
        founder.revoke(&copy, copy.place());
        let revocation = founder.chunk(founder.written.len() - 1);
        if n < 2 {
            client.push(&founder, vec![revocation.clone()]).await;
            let given = match n {
                0 => 1,
                // The head is below the named fact, so all of it may be right; nobody knows better.
                _ => till.place().seq,
            };
            assert_eq!(client.heads(&founder).await.get(&till.id), Some(&given));
            let pulled = client.pull(&founder, Default::default(), 1 << 20, 0).await;
            let chunk = pulled.chunks.iter().find(|chunk| chunk.device == till.id);
            assert_eq!(
                chunk.map(|chunk| chunk.transactions.len() as u64),
                Some(given),
                "what it is not known to have signed twice"
            );
            if n == 0 {
                assert_eq!(sold(&hub, shop).await, (1, 100), "nor is it counted");
            }
        } else {
            client.push(&founder, vec![revocation, copy.chunk(0)]).await;
        }

        // Whoever has the named one goes on from where the hub says that it stands; once, one sale in a message.
        let mut have = client.heads(&founder).await.get(&till.id).copied().unwrap_or(0);
        let mut asked = 0;
        while have != copy.place().seq {
            asked += 1;
            assert!(asked < 12, "it does not ask for ever");
            let from = copy.written.iter().filter(|t| t.head.seq <= have).count();
            let to = match n {
                0 => from + 1,
                _ => copy.written.len(),
            };
            have = client.push(&founder, vec![copy.part(from, to)]).await.heads[&till.id];
        }
        assert_eq!(client.heads(&founder).await.get(&till.id), Some(&have));
        let right = (1 + i64::from(named), 100 + i64::from(named));
        assert_eq!(sold(&hub, shop).await, right, "the one that was named is counted");
        let pulled = client.pull(&founder, Default::default(), 1 << 20, 0).await;
        let chunk = pulled.chunks.iter().find(|chunk| chunk.device == till.id);
        assert_eq!(chunk, Some(&copy.chunk(0)), "and given");
        let standing = hub.standing(shop, &[]).await.expect("books");
        let devices = hub.devices(&standing.shop).await.expect("books");
        assert!(devices.get(strange.id).is_none(), "whom the other let in is out");

        // Somebody who has not heard of it yet brings the other one again.
        let said = client.push(&founder, vec![till.chunk(0)]).await;
        assert_eq!(said.refused, [(till.id, Why::Forked { seq: 2 })]);
        assert_eq!(sold(&hub, shop).await, right);
        let forks = hub.books().forks(shop).await.expect("books");
        let proof = Head {
            device: till.id,
            seq: forks[0].upto.expect("where it was signed"),
            hash: forks[0].hash,
            signature: forks[0].signature,
        };
        assert_eq!((proof.seq, proof.hash), (till.place().seq, till.place().hash));
        assert!(
            proof.is_signed_by(&till.key().public()),
            "the proof of the copy is kept"
        );
        let (_, findings) = verify(hub.books()).await.expect("books");
        assert_eq!(findings, []);
    }
}

/// While a shop is counted anew what was read so far may be anything: nobody gets in by it, and nobody is thrown out.
pub async fn nobody_is_judged_by_half_of_what_is_said(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let (mut founder, mut till) = shop(&client, "word", 1).await;
    let mut third = Device::new(founder.shop(), 3);
    founder.admit(&third, 3);
    hire(&mut founder, 5, "Asha", "owner");
    hire(&mut founder, 6, "Bina", "manager");
    till.hear(&founder);
    hire(&mut till, 6, "Bina", "owner");
    sell(&mut third, 1, 100);
    let end = third.place();
    sell(&mut third, 2, 100);
    client
        .push(&founder, vec![founder.chunk(0), till.chunk(0), third.chunk(0)])
        .await;
    let mut asha = enrolled(&client, &offer_to(&client, &founder, 5).await, "asha").await;
    let mut bina = enrolled(&client, &offer_to(&client, &founder, 6).await, "bina").await;
    let so_far = till.written.len();
    hire(&mut till, 5, "Asha", "manager");
    client.push(&till, vec![till.chunk(so_far)]).await;
    let shop = founder.shop();
    assert_eq!(sold(&hub, shop).await, (2, 200));

    let days = format!("dashboard?from={DAY}&to={DAY}");
    // The founder's series was read, and the till's was not.
    unroll(&hub, shop).await;
    let rulings = hub.books().rolled(shop).await.expect("books").rulings;
    let mut step = Step::new(founder.id, 0, founder.place().seq, rulings);
    for fact in founder.written.iter().flat_map(|transaction| &transaction.facts) {
        let body = Body::decode(fact.header.kind, fact.header.version, &fact.body).expect("a body");
        step.take(&fact.header, body);
    }
    assert!(hub.books().roll(shop, &step).await.expect("books"));
    for browser in [&mut asha, &mut bina] {
        for path in ["session", &days] {
            let (status, said) = browser.ask("GET", path, serde_json::Value::Null).await;
            assert_eq!(
                (status, &said["error"]["code"]),
                (503, &serde_json::json!("unavailable")),
                "{said}"
            );
        }
    }
    assert_eq!(sold(&hub, shop).await, (2, 200));
    let (status, said) = bina.ask("GET", &days, serde_json::Value::Null).await;
    assert_eq!(
        (status, &said["total"]["orders"]),
        (200, &serde_json::json!(2)),
        "{said}"
    );
    let said = asha.ask("GET", "session", serde_json::Value::Null).await;
    assert_eq!(said.0, 401, "the last word of her counts: {said:?}");

    // The same by a revocation that cuts something off.
    founder.revoke(&third, end);
    client
        .push(&founder, vec![founder.chunk(founder.written.len() - 1)])
        .await;
    assert_eq!(sold(&hub, shop).await, (1, 100));
    let (status, said) = bina.ask("GET", "session", serde_json::Value::Null).await;
    assert_eq!(status, 200, "{said}");
    let rolled = hub.books().rolled(shop).await.expect("books");
    assert_eq!(rolled.state, State::Standing);
}

/// Who was told to count before a revocation puts nothing back after it.
pub async fn a_stale_count_counts_nothing(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let (mut founder, mut till) = shop(&client, "word", 1).await;
    sell(&mut till, 1, 100);
    let end = till.place();
    sell(&mut till, 2, 100);
    client.push(&founder, vec![founder.chunk(0), till.chunk(0)]).await;
    let shop = founder.shop();
    assert_eq!(sold(&hub, shop).await, (2, 200));
    let before = hub.books().rolled(shop).await.expect("books");

    founder.revoke(&till, end);
    client.push(&founder, vec![founder.chunk(2)]).await;
    unroll(&hub, shop).await;
    let mut stale = Step::new(till.id, 0, till.place().seq, before.rulings);
    stale.items.push(item(2));
    assert!(
        !hub.books().roll(shop, &stale).await.expect("books"),
        "it goes by other rulings"
    );
    assert_eq!(sold(&hub, shop).await, (1, 100));

    // The number of the rulings follows, also where nothing is cut off; and what stands beyond is always looked for.
    let third = Device::new(shop, 3);
    founder.admit(&third, 3);
    client.push(&founder, vec![founder.chunk(3)]).await;
    assert_eq!(sold(&hub, shop).await, (1, 100));
    let standing = hub.standing(shop, &[]).await.expect("books");
    let rolled = hub.books().rolled(shop).await.expect("books");
    assert_eq!(rolled.rulings, standing.shop.rulings);
    let mut beyond = Step::new(till.id, end.seq, till.place().seq, rolled.rulings);
    beyond.items.push(item(2));
    assert!(hub.books().roll(shop, &beyond).await.expect("books"));
    assert_eq!(sold(&hub, shop).await, (1, 100));
}

fn item(id: u8) -> Item {
    let key = Key {
        branch: [2; 16],
        day: DAY,
        what: What::Sold,
        key: vec![],
    };
    let sum = Sum {
        count: 1,
        milli: 0,
        minor: 100,
    };
    Item {
        id: [id; 16],
        of: [id; 16],
        waits: false,
        parts: vec![(key, sum)],
    }
}

/// A till that means harm writes sums that nobody can add and words that no engine keeps; and one series is broken. The
/// others are counted all the same.
pub async fn what_cannot_be_counted_holds_up_nothing_else(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let (mut founder, mut till) = shop(&client, "word", 1).await;
    let mut third = Device::new(founder.shop(), 3);
    founder.admit(&third, 3);
    for id in [1, 2, 3] {
        sell(&mut till, id, i64::MAX);
        pay(&mut till, (10 + id, id), &"\0x".repeat(1_500), i64::MIN, CAPTURED);
    }
    hire(&mut till, 7, "Mal\0lory", &"\0owner".repeat(2_000));
    sell(&mut third, 4, 100);
    let shop = founder.shop();
    client
        .push(&founder, vec![founder.chunk(0), till.chunk(0), third.chunk(0)])
        .await;
    assert_eq!(sold(&hub, shop).await.0, 4);
    let methods = sums(&hub, shop, What::Method).await;
    assert!(methods.keys().all(|method| method.chars().all(|c| c == 'x')));
    // Two that were as large as can be, from before anything was held within reason.
    let mut step = Step::new(DeviceId::from_bytes([0xee; 16]), 0, 2, 0);
    step.rulings = hub.books().rolled(shop).await.expect("books").rulings;
    for id in [0xe0, 0xe1] {
        let mut large = item(id);
        large.parts[0].0.what = What::Tax;
        large.parts[0].1.minor = i64::MAX;
        step.items.push(large);
    }
    for (n, of) in [(0, 0..1), (1, 1..2)] {
        let one = Step {
            from: n,
            to: n + 1,
            items: step.items[of].to_vec(),
            ..step.clone()
        };
        assert!(hub.books().roll(shop, &one).await.expect("books"));
    }
    assert_eq!(sums(&hub, shop, What::Tax).await[""].1, i64::MAX);

    let (client, hub) = started(engine).await;
    let (mut founder, mut till) = super::shop(&client, "word", 1).await;
    let mut third = Device::new(founder.shop(), 3);
    founder.admit(&third, 3);
    sell(&mut till, 1, 100);
    sell(&mut till, 2, 100);
    sell(&mut third, 4, 100);
    let shop = founder.shop();
    client
        .push(&founder, vec![founder.chunk(0), till.chunk(0), third.chunk(0)])
        .await;
    assert_eq!(sold(&hub, shop).await, (3, 300));
    engine.edit("delete from series_part where after_seq = 0 and upto_seq < 2 and device_id in (select device_id from series where seq = 2)");
    unroll(&hub, shop).await;
    assert_eq!(sold(&hub, shop).await, (1, 100), "the others are counted");
    let rolled = hub.books().rolled(shop).await.expect("books");
    assert_eq!(rolled.state, State::Anew, "and nobody takes it for all of them");
}

/// A payment counts once its money came, in whatever order the two arrive; goods that came back for others are no money,
/// and no more is sold by them than what is paid.
pub async fn methods_and_net_are_those_of_the_tills(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let (mut founder, mut till) = shop(&client, "word", 1).await;
    hire(&mut founder, 5, "Asha", "owner");
    // Goods for 10.00, brought back for others for 12.00.
    sell(&mut till, 1, 1_000);
    pay(&mut till, (11, 1), "cash", 1_000, CAPTURED);
    refund(&mut till, (30, 1), &[("exchange", 1_000)]);
    sell(&mut till, 2, 1_200);
    pay(&mut till, (12, 2), "exchange", 1_000, CAPTURED);
    pay(&mut till, (13, 2), "card", 200, CAPTURED);
    // A link that was paid later, as another device heard before; one that never was; one whose bill was split.
    sell(&mut till, 3, 500);
    pay(&mut till, (14, 3), "upi", 500, PENDING);
    settle(&mut founder, (14, 3));
    settle(&mut founder, (14, 3));
    sell(&mut till, 4, 70);
    pay(&mut till, (15, 4), "upi", 70, PENDING);
    pay(&mut till, (16, 4), "wallet", 70, PENDING);
    settle(&mut till, (16, 4));
    till.tell(&Body::TendersSplit(TendersSplitV1 {
        split: [40; 16],
        order: [4; 16],
        voided: vec![[16; 16]],
        reason: String::new(),
        at_ms: NOON,
        business_day: DAY,
        shift: None,
        approved_by: None,
        content: [0; 32],
    }));
    pay(&mut till, (17, 4), "cash", 70, CAPTURED);
    refund(&mut till, (31, 3), &[("upi", 100)]);
    client.push(&founder, vec![founder.chunk(0)]).await;
    hub.roll(founder.shop()).await.expect("counted");
    client.push(&founder, vec![till.chunk(0)]).await;
    hub.roll(founder.shop()).await.expect("counted");
    let methods = sums(&hub, founder.shop(), What::Method).await;
    let said: Vec<(&str, i64)> = methods
        .iter()
        .map(|(method, (_, minor))| (method.as_str(), *minor))
        .collect();
    assert_eq!(said, [("card", 200), ("cash", 1_070), ("upi", 500)]);

    let mut asha = enrolled(&client, &offer_to(&client, &founder, 5).await, "asha").await;
    let path = format!("dashboard?from={DAY}&to={DAY}");
    let (_, view) = asha.ask("GET", &path, serde_json::Value::Null).await;
    let total = &view["total"];
    let figures = ["orders", "sold_minor", "refunds", "refunded_minor", "net_minor"].map(|name| &total[name]);
    assert_eq!(figures, [4, 2_770, 1, 100, 1_670], "{view}");
    let paid: i64 = methods.values().map(|(_, minor)| minor).sum();
    assert_eq!(total["net_minor"], paid - 100, "what came in, less what went out");
}

/// One shop's history goes in small parts: whoever else writes does not wait for all of it, and what stopped in between
/// goes on.
pub async fn others_write_while_a_shop_is_forgotten() {
    let folder = TempDir::new().expect("a folder");
    let books = Arc::new(Sqlite::open(folder.path()).expect("books"));
    let shop = ShopId::from_bytes([1; 16]);
    let mut step = Step::new(DeviceId::from_bytes([2; 16]), 0, 1, 0);
    for n in 0..20_000_u64 {
        let mut one = item(0);
        one.id[..8].copy_from_slice(&n.to_be_bytes());
        step.items.push(one);
    }
    assert!(books.roll(shop, &step).await.expect("books"));
    let forgetting = {
        let books = books.clone();
        let rolled = books.rolled(shop).await.expect("books");
        tokio::spawn(async move { books.unroll(shop, &rolled, 1).await })
    };
    let mut between = 0;
    while !forgetting.is_finished() {
        books.ready().await.expect("books");
        between += u32::from(books.rolled(shop).await.expect("books").state == State::Forgetting);
        let step = Step::new(DeviceId::from_bytes([3; 16]), 0, 1, 1);
        if books.rolled(shop).await.expect("books").state == State::Forgetting {
            let counted = books.roll(shop, &step).await.expect("books");
            assert!(
                !counted || books.rolled(shop).await.expect("books").state == State::Anew,
                "nothing is counted before all is gone"
            );
        }
    }
    forgetting.await.expect("no panic").expect("books");
    assert!(between > 0, "others wrote in between");
    assert_eq!(books.sums(shop, 0, u32::MAX).await.expect("books"), []);
}

/// A hub that was killed while it forgot goes on with that, and comes to the same.
pub async fn what_was_half_forgotten_is_counted_again(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let (founder, mut till) = shop(&client, "word", 1).await;
    sell(&mut till, 1, 100);
    sell(&mut till, 2, 100);
    client.push(&founder, vec![founder.chunk(0), till.chunk(0)]).await;
    assert_eq!(sold(&hub, founder.shop()).await, (2, 200));
    engine.edit("update rollup_shop set anew = 1; delete from rollup_item; delete from rollup_place");
    assert_eq!(sold(&hub, founder.shop()).await, (2, 200));
    let rolled = hub.books().rolled(founder.shop()).await.expect("books");
    assert_eq!(rolled.state, State::Standing);
}
