//! One suite over both engines: what is pushed is kept once and given to the shop's devices, and to nobody else.

#[allow(dead_code, reason = "the program's tests use the rest of it")]
mod support;

#[allow(dead_code, reason = "the tests of backups use the rest of it")]
mod engines;

/// Owners at the hub's page.
#[path = "suite/owners.rs"]
mod owners;

/// What a shop sold, as the hub counts it.
#[path = "suite/figures.rs"]
mod figures;

#[path = "../../testkit/src/authenticator.rs"]
mod authenticator;

use domain::ids::{CustomerId, ShopId};
use engines::{Engine, OnPostgres, OnSqlite, invite, serve, shop, wide};
use hub::{Books, Hub, Limits, Postgres, Sqlite, verify};
use journal::{
    Head, Vector, Why,
    exchange::{Heads, Keys, KeysAnswer, PULL_WINDOW_MS, Pull, Push, SealedKey},
};
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};
use support::{Client, Device, NOON, code, shop_id};
use tempfile::TempDir;

async fn started<E: Engine>(engine: &mut E) -> (Client, Arc<Hub<E::Books>>) {
    let books = engine.fresh().await;
    invite(&books, "word", 20, 100).await;
    serve(books, wide()).await
}

async fn facts_come_back(engine: &mut impl Engine) {
    let (client, _hub) = started(engine).await;
    let (mut founder, mut other) = shop(&client, "word", 1).await;
    for n in 0..120 {
        founder.sell(1 + n % 7, 60);
    }
    founder.sell(2_000, 30);
    founder.sell(1, 300_000);
    for _ in 0..3 {
        other.sell(6, 60);
    }
    // The other's series comes first in the message, and only the founder's lets it in.
    let pushed = client
        .push(&founder, vec![other.chunk(0), founder.chunk(0)])
        .await;
    assert_eq!(pushed.refused, [], "all of it is good");
    let heads = Vector::from([(founder.id, founder.place().seq), (other.id, 18)]);
    assert_eq!(pushed.heads, heads);
    assert_eq!(client.heads(&other).await, heads);

    let again = client.push(&other, vec![founder.chunk(0), other.chunk(0)]).await;
    assert_eq!(again, pushed, "sent twice it is taken once");

    for max_bytes in [1, 5_000, 1 << 20, u32::MAX] {
        let (mut have, mut got) = (Vector::new(), BTreeMap::new());
        loop {
            let pulled = client.pull(&other, have.clone(), max_bytes, 0).await;
            for chunk in &pulled.chunks {
                let device = if chunk.device == founder.id {
                    &founder
                } else {
                    &other
                };
                let series: &mut Vec<_> = got.entry(chunk.device).or_default();
                let place = series
                    .last()
                    .map_or_else(Default::default, journal::Transaction::end);
                assert_eq!((chunk.after, chunk.previous), (place.seq, place.hash));
                let (read, why) = chunk.read(&device.key().public(), place);
                assert_eq!(why, None);
                series.extend(read);
                have.insert(chunk.device, series.last().expect("some").head.seq);
            }
            assert_eq!(pulled.more, have != heads, "{max_bytes}");
            if !pulled.more {
                break;
            }
            assert!(!pulled.chunks.is_empty(), "each answer has something");
        }
        assert_eq!(got[&founder.id], founder.written, "as it was sent, {max_bytes}");
        assert_eq!(got[&other.id], other.written);
    }
}

async fn what_does_not_fit_is_refused_by_name(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let (mut founder, mut other) = shop(&client, "word", 1).await;
    for _ in 0..6 {
        founder.sell(3, 40);
        other.sell(2, 40);
    }
    let refused = async |by: &Device, chunk| client.push(by, vec![chunk]).await.refused;
    assert_eq!(
        refused(&founder, founder.part(4, 6)).await,
        [(founder.id, Why::Gap { have: 0 })]
    );
    assert_eq!(
        refused(&founder, other.chunk(0)).await,
        [(other.id, Why::UnknownDevice)],
        "before its admission is here"
    );
    assert_eq!(refused(&founder, founder.part(0, 5)).await, []);
    assert_eq!(
        refused(&founder, founder.part(3, 7)).await,
        [],
        "what overlaps goes on where it is new"
    );

    // Forged: another's signature, a changed byte, another shop's facts.
    let mut forged = other.chunk(0);
    let last = forged.transactions[1].len() - 1;
    forged.transactions[1][last] ^= 1;
    assert_eq!(
        refused(&founder, forged).await,
        [(other.id, Why::BadSignature { seq: 4 })],
        "and what came before it is kept"
    );
    assert_eq!(client.heads(&founder).await[&other.id], 2);
    let mut impostor = Device::new(shop_id(9), 2);
    impostor.sell(2, 41);
    let mut chunk = impostor.chunk(0);
    assert_eq!(
        refused(&founder, chunk.clone()).await,
        [(other.id, Why::WrongShop)]
    );
    chunk.shop = shop_id(1);
    assert_eq!(
        refused(&founder, chunk).await,
        [(other.id, Why::BadSignature { seq: 2 })]
    );
    let mut garbled = other.chunk(1);
    garbled.transactions[0] = vec![1, 2, 3];
    assert_eq!(
        refused(&founder, garbled).await,
        [(other.id, Why::BadChain { seq: 3 })]
    );
    // One bad series does not stop another.
    let mut gap = founder.chunk(0);
    gap.after = 1_000;
    let both = client.push(&other, vec![gap, other.chunk(1)]).await;
    assert_eq!(
        both.refused,
        [(
            founder.id,
            Why::Gap {
                have: founder.written[6].head.seq
            }
        )]
    );
    assert_eq!(both.heads[&other.id], 12);
    assert_eq!(verify(hub.books()).await.expect("books").1, [], "all is well");
}

async fn who_is_shut_out_stays_out(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let (mut founder, mut stolen) = shop(&client, "word", 1).await;
    for _ in 0..6 {
        stolen.sell(2, 40);
    }
    let pushed = client
        .push(&founder, vec![founder.chunk(0), stolen.part(0, 3)])
        .await;
    assert_eq!((pushed.refused, pushed.heads[&stolen.id]), (vec![], 6));

    // The owner has seen four facts of it. Two that came here meanwhile are kept, and nobody gets them.
    founder.revoke(&stolen, stolen.written[1].end());
    client.push(&founder, vec![founder.chunk(2)]).await;
    assert_eq!(client.heads(&founder).await[&stolen.id], 4);
    let pulled = client.pull(&founder, Vector::new(), u32::MAX, 0).await;
    let of_stolen = pulled.chunks.iter().find(|chunk| chunk.device == stolen.id);
    assert_eq!(of_stolen, Some(&stolen.part(0, 2)));

    let pull = Pull {
        max_bytes: 1 << 20,
        ..Pull::default()
    };
    for (path, body) in [("/sync/v1/pull", Some(pull.encode())), ("/sync/v1/heads", None)] {
        assert_eq!(code(&client.ask(&stolen, path, body).await), "revoked", "{path}");
    }
    let later = client.push(&stolen, vec![stolen.chunk(3)]).await;
    assert_eq!(later.refused, [(stolen.id, Why::Revoked { until: 4 })]);

    // The one thing that it is still told: by whom, signed by them, and nothing that it has.
    let before = founder.written[1].head.seq;
    for (have, shown) in [(before, 1), (before + 1, 0)] {
        let asked = Heads {
            heads: Vector::from([(founder.id, have)]),
        };
        let said = client.ask(&stolen, "/sync/v1/notice", Some(asked.encode())).await;
        let notice = Push::decode(&said.1).expect("a notice").series;
        assert_eq!((said.0, notice.len()), (200, shown));
        let founded = (founder.id, founder.key().public());
        let facts = journal::shut_out::proven(shop_id(1), founded, &[], &notice);
        let out = facts.iter().filter_map(journal::admission::Ruling::read);
        assert_eq!(out.filter(|ruling| ruling.device == stolen.id).count(), shown);
        let said = client
            .ask(&founder, "/sync/v1/notice", Some(asked.encode()))
            .await;
        assert_eq!(
            Push::decode(&said.1),
            Ok(Push::default()),
            "it belongs to the shop"
        );
    }
    // It costs the hub reads, so it is told a few times and then left to itself for a while.
    let mut told = 0;
    for _ in 0..10 {
        let said = client
            .ask(&stolen, "/sync/v1/notice", Some(Heads::default().encode()))
            .await;
        match said.0 {
            200 => told += 1,
            _ => assert_eq!((said.0, code(&said)), (429, "too_many".to_owned())),
        }
    }
    assert!(told < 5, "{told} of ten");
    let stranger = Device::new(shop_id(1), 66);
    let said = client
        .ask(&stranger, "/sync/v1/notice", Some(Heads::default().encode()))
        .await;
    assert_eq!(code(&said), "not_signed");

    // It lets in an accomplice, after its end: nobody knows them.
    let mut accomplice = Device::new(shop_id(1), 3);
    accomplice.sell(1, 40);
    stolen.admit(&accomplice, 3);
    let series = vec![stolen.chunk(3), accomplice.chunk(0)];
    let both = client.push(&stolen, series).await;
    assert_eq!(
        both.refused,
        [
            (stolen.id, Why::Revoked { until: 4 }),
            (accomplice.id, Why::UnknownDevice)
        ]
    );

    // One that was away brings what it wrote before its end, and no more.
    let mut away = Device::new(shop_id(1), 4);
    for _ in 0..4 {
        away.sell(3, 40);
    }
    founder.admit(&away, 4);
    founder.revoke(&away, away.written[1].end());
    client.push(&founder, vec![founder.chunk(3)]).await;
    let brought = client.push(&away, vec![away.chunk(0)]).await;
    assert_eq!(
        (brought.heads[&away.id], brought.refused),
        (6, vec![(away.id, Why::Revoked { until: 6 })])
    );
    assert_eq!(verify(hub.books()).await.expect("books").1, []);
}

/// A device that began from a backup lets itself in, if the card is the shop's; a newer card ends that.
async fn who_is_restored_lets_itself_in(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let (mut founder, _) = shop(&client, "word", 1).await;
    let mut restored = Device::new(founder.shop(), 41);
    restored.restore(1);
    restored.sell(2, 40);
    let body = Push {
        series: vec![restored.chunk(0)],
    }
    .encode();
    let said = client.ask(&restored, "/sync/v1/push", Some(body)).await;
    assert_eq!(
        (said.0, code(&said).as_str()),
        (401, "not_signed"),
        "no card was made yet"
    );
    // The card comes along with what it lets in: the restored device has the shop's facts.
    founder.set_card(1, 1);
    let pushed = client
        .push(&restored, vec![restored.chunk(0), founder.chunk(0)])
        .await;
    assert_eq!(pushed.refused, []);
    assert_eq!(pushed.heads.get(&restored.id), Some(&3));
    restored.sell(1, 40);
    let pushed = client.push(&restored, vec![restored.chunk(2)]).await;
    assert_eq!(pushed.refused, []);
    let pulled = client.pull(&restored, Vector::new(), u32::MAX, 0).await;
    assert!(pulled.chunks.contains(&restored.chunk(0)));
    let mut finder = Device::new(founder.shop(), 42);
    finder.restore(2);
    let body = Push {
        series: vec![finder.chunk(0)],
    }
    .encode();
    let said = client.ask(&finder, "/sync/v1/push", Some(body)).await;
    assert_eq!(
        (said.0, code(&said).as_str()),
        (401, "not_signed"),
        "another shop's card"
    );

    founder.admit(&restored, 2000);
    founder.set_card(2, 2);
    client.push(&founder, vec![founder.chunk(0)]).await;
    let mut late = Device::new(founder.shop(), 43);
    late.restore(1);
    late.sell(2, 40);
    let pushed = client.push(&late, vec![late.chunk(0)]).await;
    assert_eq!(
        (pushed.heads.get(&late.id), pushed.refused.as_slice()),
        (Some(&1), &[(late.id, Why::Revoked { until: 1 })][..]),
        "the old card lets nobody in any more"
    );
    restored.sell(1, 40);
    let pushed = client.push(&restored, vec![restored.chunk(3)]).await;
    assert_eq!(pushed.refused, [], "the owner knew of this one");
    let (_, findings) = verify(hub.books()).await.expect("read");
    assert_eq!(findings, []);
}

async fn nobody_founds_a_shop_again(engine: &mut impl Engine) {
    let (client, _hub) = started(engine).await;
    let (mut founder, _) = shop(&client, "word", 1).await;
    let mut guest = Device::new(founder.shop(), 0);
    founder.admit(&guest, 9);
    guest.sell(2, 40);
    guest.found(false);
    guest.set_card(9, 9);
    let pushed = client
        .push(&founder, vec![founder.chunk(0), guest.chunk(0)])
        .await;
    assert_eq!(pushed.refused, [(guest.id, Why::FoundsAgain { seq: 3 })]);
    assert_eq!(pushed.heads.get(&guest.id), Some(&2), "what came before stays");
    let pushed = client.push(&guest, vec![guest.chunk(1)]).await;
    assert_eq!(pushed.refused, [(guest.id, Why::FoundsAgain { seq: 3 })]);
}

async fn a_copied_device_is_found(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let (mut founder, mut other) = shop(&client, "word", 1).await;
    other.sell(2, 40);
    let mut copy = other.copy();
    other.sell(2, 40);
    other.sell(2, 40);
    copy.sell(3, 40);
    founder.sell(1, 40);
    client
        .push(&founder, vec![founder.chunk(0), other.chunk(0)])
        .await;
    let forked = client.push(&other, vec![copy.chunk(1)]).await;
    assert_eq!(forked.refused, [(other.id, Why::Forked { seq: 3 })]);
    let forked = client.push(&other, vec![copy.chunk(0)]).await;
    assert_eq!(
        forked.refused,
        [(other.id, Why::Forked { seq: 3 })],
        "from its beginning too"
    );
    for _ in 0..3 {
        copy.sell(3, 40);
    }
    let forked = client.push(&other, vec![copy.chunk(3)]).await;
    assert_eq!(
        forked.refused,
        [(other.id, Why::Gap { have: 6 })],
        "far ahead it is a gap first"
    );
    let forks = hub.books().forks(founder.shop()).await.expect("books");
    assert_eq!(forks.len(), 1, "one fork, however often it is shown");
    assert_eq!((forks[0].device, forks[0].seq), (other.id, 3));
    let proof = Head {
        device: other.id,
        seq: forks[0].upto.expect("where it was signed"),
        hash: forks[0].hash,
        signature: forks[0].signature,
    };
    assert!(
        proof.is_signed_by(&other.key().public()),
        "the device itself said so"
    );
    // Somebody else cannot brand a device as copied.
    let mut slander = other.chunk(1);
    slander.previous[0] ^= 1;
    let said = client.push(&founder, vec![slander]).await;
    assert_eq!(said.refused, [(other.id, Why::BadSignature { seq: 4 })]);
    assert_eq!(hub.books().forks(founder.shop()).await.expect("books").len(), 1);
    assert_eq!(
        client.heads(&founder).await[&other.id],
        6,
        "the first history stays"
    );
}

/// Whoever has the key of a device that is out can sign as many histories as it likes; they fill nothing.
async fn what_is_signed_beyond_the_end_is_not_kept(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let (mut founder, mut stolen) = shop(&client, "word", 1).await;
    stolen.sell(2, 40);
    let mut copies: Vec<Device> = (0..5).map(|_| stolen.copy()).collect();
    let end = stolen.place();
    stolen.sell(1, 40);
    client
        .push(&founder, vec![founder.chunk(0), stolen.chunk(0)])
        .await;
    founder.revoke(&stolen, end);
    client.push(&founder, vec![founder.chunk(2)]).await;
    for (n, copy) in copies.iter_mut().enumerate() {
        copy.sell(1, 41 + n);
        let said = client.push(&founder, vec![copy.chunk(1)]).await;
        assert_eq!(said.refused, [(stolen.id, Why::Forked { seq: 3 })]);
    }
    let forks = hub.books().forks(founder.shop()).await.expect("books");
    assert_eq!(
        forks,
        [],
        "the device is out, and all of it was signed beyond its end"
    );
}

async fn a_hundred_at_once_have_one_winner(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let (founder, mut other) = shop(&client, "word", 1).await;
    other.sell(2, 40);
    client
        .push(&founder, vec![founder.chunk(0), other.chunk(0)])
        .await;
    // The same device a hundred times, each with a sale of its own under the same numbers.
    let pushes = (0..100).map(|n| {
        let (client, mut copy) = (client.clone(), other.copy());
        copy.sell(2, 41 + n);
        tokio::spawn(async move { client.push(&copy, vec![copy.chunk(1)]).await })
    });
    let pushes: Vec<_> = pushes.collect();
    let (mut won, mut forked) = (0, 0);
    for push in pushes {
        match push.await.expect("an answer").refused[..] {
            [] => won += 1,
            [(_, Why::Forked { seq: 3 })] => forked += 1,
            ref other => panic!("{other:?}"),
        }
    }
    assert_eq!((won, forked), (1, 99));
    assert_eq!(
        hub.books().forks(founder.shop()).await.expect("books").len(),
        1,
        "one proof is kept of a device, however many histories it signs"
    );

    // And the very same push a hundred times: all are told that it is there.
    let mut same = founder.copy();
    same.sell(6, 50);
    let pushes = (0..100).map(|_| {
        let (client, same) = (client.clone(), same.copy());
        tokio::spawn(async move { client.push(&same, vec![same.chunk(2)]).await })
    });
    for push in pushes.collect::<Vec<_>>() {
        let pushed = push.await.expect("an answer");
        assert_eq!(
            (pushed.refused, pushed.heads[&same.id]),
            (vec![], same.place().seq)
        );
    }
    let (facts, findings) = verify(hub.books()).await.expect("books");
    assert_eq!((facts, findings), (12, vec![]), "nothing twice");
}

async fn shops_are_strangers_to_each_other(engine: &mut impl Engine) {
    let (client, _hub) = started(engine).await;
    let (mut ours, _) = shop(&client, "word", 1).await;
    // The same device ids in another shop.
    let (mut theirs, _) = shop(&client, "word", 2).await;
    assert_eq!(ours.id, theirs.id);
    ours.sell(3, 40);
    theirs.sell(5, 40);
    client.push(&ours, vec![ours.chunk(0)]).await;
    client.push(&theirs, vec![theirs.chunk(0)]).await;
    let pulled = client.pull(&ours, Vector::new(), u32::MAX, 0).await;
    assert_eq!(
        pulled.chunks,
        [ours.chunk(0)],
        "each gets its own, under the same id"
    );

    let pull = || {
        Some(
            Pull {
                max_bytes: 1 << 20,
                ..Pull::default()
            }
            .encode(),
        )
    };
    let push = Some(
        Push {
            series: vec![ours.chunk(0)],
        }
        .encode(),
    );
    for shop in [theirs.shop(), shop_id(77)] {
        let tries: [(&str, Option<Vec<u8>>); 3] = [
            ("/sync/v1/pull", pull()),
            ("/sync/v1/heads", None),
            ("/sync/v1/push", push.clone()),
        ];
        for (path, body) in tries {
            let said = client
                .ask_as(&ours, shop, path, body, NOON)
                .await
                .expect("an answer");
            assert_eq!(
                (said.0, code(&said).as_str()),
                (401, "not_signed"),
                "{path} of {shop}: nobody learns which shops there are"
            );
        }
    }
    // A device that nobody let in, a signature over something else, none at all.
    let stranger = Device::new(ours.shop(), 5);
    for (path, body) in [
        ("/sync/v1/pull", pull()),
        ("/sync/v1/heads", None),
        ("/sync/v1/push", push.clone()),
    ] {
        let said = client.ask(&stranger, path, body).await;
        assert_eq!((said.0, code(&said).as_str()), (401, "not_signed"), "{path}");
    }
    let bare = client.http.post(format!("{}/sync/v1/pull", client.address));
    assert_eq!(bare.send().await.expect("an answer").status(), 401);
    let replayed = client
        .http
        .post(format!("{}/sync/v1/pull", client.address))
        .header("x-chandi-shop", ours.shop().to_string())
        .header("x-chandi-device", ours.id.to_string())
        .header("x-chandi-time", NOON.to_string())
        .header("x-chandi-signature", "00".repeat(64))
        .body(pull().expect("a body"));
    assert_eq!(replayed.send().await.expect("an answer").status(), 401);
}

async fn clocks_do_not_stop_a_sale(engine: &mut impl Engine) {
    let (client, _hub) = started(engine).await;
    let (mut founder, _) = shop(&client, "word", 1).await;
    founder.sell(2, 40);
    for time in [i64::MIN, 0, NOON + 10 * 365 * 86_400_000, i64::MAX] {
        let push = Push {
            series: vec![founder.chunk(0)],
        };
        let said = client
            .ask_as(
                &founder,
                founder.shop(),
                "/sync/v1/push",
                Some(push.encode()),
                time,
            )
            .await;
        assert_eq!(
            said.expect("an answer").0,
            200,
            "a push is never refused for its time"
        );
        founder.sell(2, 40);
        let said = client
            .ask_as(&founder, founder.shop(), "/sync/v1/heads", None, time)
            .await;
        assert_eq!(code(&said.expect("an answer")), "clock", "asking is");
    }
    for (time, status) in [
        (NOON + PULL_WINDOW_MS, 200),
        (NOON - PULL_WINDOW_MS, 200),
        (NOON + PULL_WINDOW_MS + 1, 401),
    ] {
        let said = client
            .ask_as(&founder, founder.shop(), "/sync/v1/heads", None, time)
            .await;
        assert_eq!(said.expect("an answer").0, status);
    }
}

/// Writes a request by hand and gives back the first line of the answer.
fn by_hand(address: &str, head: &str, mut body: impl FnMut(&mut TcpStream) -> bool) -> String {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a timeout");
    stream.write_all(head.as_bytes()).expect("the head is taken");
    while body(&mut stream) {}
    let mut answer = [0; 64];
    let read = stream.read(&mut answer).unwrap_or(0);
    String::from_utf8_lossy(&answer[..read])
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

async fn what_is_too_much_is_not_read(engine: &mut impl Engine) {
    let (client, _hub) = started(engine).await;
    let (founder, _) = shop(&client, "word", 1).await;
    let headers = format!(
        "x-chandi-shop: {}\r\nx-chandi-device: {}\r\nx-chandi-time: {NOON}\r\nx-chandi-signature: {}\r\n",
        founder.shop(),
        founder.id,
        "ab".repeat(64)
    );
    let head = move |path: &str, length: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: hub\r\n{headers}{length}\r\n\r\n")
    };
    let address = client.address.clone();
    tokio::task::spawn_blocking(move || {
        let said = by_hand(
            &address,
            &head("/sync/v1/push", "content-length: 1073741824"),
            |_| false,
        );
        assert!(
            said.contains("413"),
            "a gigabyte is refused before it comes: {said}"
        );
        let said = by_hand(
            &address,
            &head("/sync/v1/pull", "content-length: 3000000"),
            |_| false,
        );
        assert!(said.contains("413"), "a pull is small: {said}");
        // Without saying how much will come.
        let block = [b"100000\r\n".to_vec(), vec![1; 0x10_0000], b"\r\n".to_vec()].concat();
        let mut sent = 0;
        let said = by_hand(
            &address,
            &head("/sync/v1/push", "transfer-encoding: chunked"),
            |stream| {
                sent += 1;
                sent < 1024 && stream.write_all(&block).is_ok()
            },
        );
        assert!(sent < 300, "it does not listen to a gigabyte: {sent} MiB");
        assert!(
            said.contains("413") || said.is_empty(),
            "refused, or hung up on: {said}"
        );
    })
    .await
    .expect("refused");
    for body in [
        vec![],
        vec![1],
        vec![9, 9],
        Push {
            series: vec![founder.chunk(0)],
        }
        .encode()[..40]
            .to_vec(),
    ] {
        let said = client.ask(&founder, "/sync/v1/push", Some(body)).await;
        assert_eq!((said.0, code(&said).as_str()), (400, "unreadable"));
    }
}

/// Requests whose bodies never come, as many as their sender likes.
fn silent(address: &str, paths: &[&str], many: usize) -> Vec<TcpStream> {
    let stranger = Device::new(shop_id(99), 66);
    let headers = format!(
        "x-chandi-shop: {}\r\nx-chandi-device: {}\r\nx-chandi-time: {NOON}\r\nx-chandi-signature: {}\r\n",
        stranger.shop(),
        stranger.id,
        "ab".repeat(64)
    );
    let paths = paths.iter().cycle().take(many);
    paths
        .map(|path| {
            let head =
                format!("POST {path} HTTP/1.1\r\nhost: hub\r\n{headers}content-length: 2097152\r\n\r\n");
            let mut stream = TcpStream::connect(address.trim_start_matches("http://")).expect("a connection");
            stream.write_all(head.as_bytes()).expect("the head is taken");
            stream
        })
        .collect()
}

async fn who_sends_nothing_shuts_out_nobody(engine: &mut impl Engine) {
    let books = engine.fresh().await;
    invite(&books, "word", 20, 100).await;
    let limits = Limits {
        body_patience: Duration::from_secs(600),
        ..wide()
    };
    let (client, _hub) = serve(books, limits).await;
    let (founder, _) = shop(&client, "word", 1).await;
    let address = client.address.clone();
    let silent = tokio::task::spawn_blocking(move || {
        let paths = ["pull", "keys", "shops", "matters", "owners", "notice"];
        let paths = paths.map(|path| format!("/sync/v1/{path}"));
        silent(&address, &paths.each_ref().map(String::as_str), 300)
    });
    let silent = silent.await.expect("connections");
    let pushing = client.push(&founder, vec![founder.chunk(0)]);
    let pushed = tokio::time::timeout(Duration::from_secs(60), pushing).await;
    assert_eq!(pushed.expect("long before they end").refused, []);
    let strangers = shop(&client, "word", 2);
    let registered = tokio::time::timeout(Duration::from_secs(60), strangers).await;
    assert!(registered.is_ok(), "nor those who are not known yet");
    drop(silent);
}

/// What is read out of the books to be sent holds its room until it is sent, and nothing is read for which there is none.
async fn who_does_not_read_is_not_read_for(engine: &mut impl Engine) {
    let books = engine.fresh().await;
    invite(&books, "word", 20, 100).await;
    let limits = Limits {
        bodies: 0,
        body_patience: Duration::from_secs(2),
        ..wide()
    };
    let (client, _hub) = serve(books, limits).await;
    let (mut founder, other) = shop(&client, "word", 1).await;
    for _ in 0..3 {
        founder.sell(1, 7 << 20);
    }
    let pushed = client.push(&founder, vec![founder.chunk(0)]).await;
    assert_eq!(pushed.refused, []);
    let pull = Pull {
        max_bytes: u32::MAX,
        ..Pull::default()
    }
    .encode();
    let (address, head) = (
        client.address.clone(),
        client.head(&founder, "/sync/v1/pull", &pull),
    );
    let body = pull.clone();
    let deaf = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address.trim_start_matches("http://")).expect("a connection");
        stream.write_all(head.as_bytes()).expect("the head is taken");
        stream.write_all(&body).expect("and the body");
        // The first words of the answer: it was read, and waits.
        stream.read_exact(&mut [0; 12]).expect("an answer");
        stream
    });
    let deaf = deaf.await.expect("connected");
    let said = client.ask(&other, "/sync/v1/pull", Some(pull.clone())).await;
    assert_eq!((said.0, code(&said)), (429, "too_many".to_owned()));
    let heads = client.heads(&other).await;
    assert_eq!(heads.len(), 1, "what is small is answered");
    let nothing = client.pull(&other, heads, u32::MAX, 0).await;
    assert_eq!(nothing.chunks, []);
    drop(deaf);
    let pulled = client.pull(&other, Vector::new(), u32::MAX, 0).await;
    assert!(!pulled.chunks.is_empty(), "there is room again");

    // One device waits for news a few times at once, and no more.
    let have = client.heads(&other).await;
    let wait = Pull {
        have,
        max_bytes: 1,
        wait_ms: 50_000,
    }
    .encode();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..9 {
        let (client, other, wait) = (client.clone(), other.copy(), wait.clone());
        waiting.spawn(async move { client.ask(&other, "/sync/v1/pull", Some(wait)).await });
    }
    let first = waiting.join_next().await.expect("one").expect("an answer");
    assert_eq!((first.0, code(&first)), (429, "too_many".to_owned()));
    waiting.abort_all();
}

async fn only_invited_shops_are_kept(engine: &mut impl Engine) {
    let books = engine.fresh().await;
    invite(&books, "two shops", 2, 2).await;
    let (client, hub) = serve(books, wide()).await;
    let founder = |n: u8, demo: bool| {
        let mut device = Device::new(shop_id(n), 1);
        device.found(demo);
        device
    };
    let mut first = founder(1, false);
    assert_eq!(code(&client.register(&first, "guessed").await), "not_invited");
    let push = Push {
        series: vec![first.chunk(0)],
    }
    .encode();
    assert_eq!(client.ask(&first, "/sync/v1/push", Some(push)).await.0, 401);
    assert_eq!(client.register(&first, "two shops").await.0, 200);
    assert_eq!(
        client.register(&first, "two shops").await.0,
        200,
        "the same again"
    );
    let mut thief = Device::new(shop_id(1), 66);
    thief.found(false);
    assert_eq!(code(&client.register(&thief, "two shops").await), "taken");
    assert_eq!(
        code(&client.register(&founder(5, true), "two shops").await),
        "demo"
    );
    let body = founder(6, false).registration("two shops");
    let said = client.ask(&first, "/sync/v1/shops", Some(body)).await;
    assert_eq!(code(&said), "not_signed", "somebody else's founding");
    assert_eq!(
        client.register(&founder(2, false), "two shops").await.0,
        200,
        "the refused ones cost nothing"
    );
    assert_eq!(
        code(&client.register(&founder(3, false), "two shops").await),
        "not_invited"
    );
    invite(hub.books(), "another word", 2, 2).await;
    assert_eq!(
        code(&client.register(&founder(3, false), "another word").await),
        "full"
    );

    // Two devices, not three.
    let mut others: Vec<Device> = (2..4).map(|n| Device::new(shop_id(1), n)).collect();
    for (other, ordinal) in others.iter_mut().zip(2..) {
        first.admit(other, ordinal);
        other.sell(1, 40);
    }
    let series = vec![first.chunk(0), others[0].chunk(0), others[1].chunk(0)];
    assert_eq!(
        client.push(&first, series).await.refused,
        [(others[1].id, Why::Limit)]
    );

    assert!(
        hub.books()
            .suspend("Kaju Katli Sweets", true)
            .await
            .expect("books")
    );
    let push = Push::default().encode();
    assert_eq!(
        code(&client.ask(&first, "/sync/v1/push", Some(push)).await),
        "suspended"
    );
    assert!(
        hub.books()
            .suspend("Kaju Katli Sweets", false)
            .await
            .expect("books")
    );
    assert_eq!(client.heads(&first).await.len(), 2);
}

/// A founder and so many devices, each let in by the one before it, in the order that costs most to follow.
fn chain(shop: u8, length: u16) -> (Device, Vec<Device>) {
    let mut founder = Device::new(shop_id(shop), 1);
    founder.found(false);
    let mut devices: Vec<Device> = (2..2 + length).map(|n| Device::new(shop_id(shop), n)).collect();
    founder.admit(&devices[0], 2);
    for n in 1..devices.len() {
        let (before, after) = devices.split_at_mut(n);
        before[n - 1].admit(&after[0], 2 + u16::try_from(n).expect("few"));
    }
    (founder, devices)
}

async fn whoever_brings_a_shop_was_let_in_by_it(engine: &mut impl Engine) {
    let books = engine.fresh().await;
    invite(&books, "word", 20, 3_000).await;
    let (client, _hub) = serve(books, wide()).await;
    let brings = async |length: u16, word: &str| {
        let (founder, devices) = chain(1, length);
        let (last, others) = devices.split_last().expect("some");
        let mut proof: Vec<_> = others.iter().rev().map(|device| device.chunk(0)).collect();
        proof.push(founder.chunk(0));
        let body = founder.registration_with(word, proof);
        client.ask(last, "/sync/v1/shops", Some(body)).await
    };
    assert_eq!(code(&brings(2_000, "guessed").await), "not_invited");
    assert_eq!(
        code(&brings(2_000, "word").await),
        "not_signed",
        "no shop has so many that let each other in"
    );
    assert_eq!(brings(300, "word").await.0, 200, "a long-lived shop");
    // Registered, the same again needs no invitation, and another of its devices may bring its facts.
    assert_eq!(brings(200, "used up").await.0, 200);
    let (founder, devices) = chain(1, 40);
    let mut series: Vec<_> = devices.iter().rev().map(|device| device.chunk(0)).collect();
    series.retain(|chunk| !chunk.transactions.is_empty());
    let last = devices.last().expect("some");
    let push = Push {
        series: series.clone(),
    }
    .encode();
    let said = client.ask(last, "/sync/v1/push", Some(push)).await;
    assert_eq!(code(&said), "not_signed", "the founder's word is missing");
    series.push(founder.chunk(0));
    let pushed = client.push(last, series).await;
    assert_eq!((pushed.refused, pushed.heads.len()), (vec![], 40));
}

async fn who_edits_a_row_is_found(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let mut shops: Vec<(Device, Device)> = Vec::new();
    let edits: [(&str, &str); 6] = [
        (
            "bytes of one sale under the number of another",
            "update series_part set bytes = (select bytes from series_part p where p.upto_seq = 5 and p.shop_id = series_part.shop_id limit 1) where upto_seq = 8 and shop_id = $SHOP",
        ),
        (
            "a sale taken out",
            "delete from series_part where upto_seq = 8 and shop_id = $SHOP",
        ),
        (
            "a hash",
            "update series_part set hash = (select hash from series_part p where p.upto_seq = 5 and p.shop_id = series_part.shop_id limit 1) where upto_seq = 8 and shop_id = $SHOP",
        ),
        (
            "the end of a series",
            "update series set seq = 8 where seq = 14 and shop_id = $SHOP",
        ),
        (
            "who was let in",
            "update ruling set ordinal = 1 where shop_id = $SHOP",
        ),
        (
            "a device that was let in",
            "delete from ruling where shop_id = $SHOP",
        ),
    ];
    for n in 1..=edits.len() {
        let (mut founder, mut other) = shop(&client, "word", u8::try_from(n).expect("few")).await;
        for _ in 0..4 {
            founder.sell(3, 40);
        }
        other.sell(2, 40);
        let pushed = client
            .push(&founder, vec![founder.chunk(0), other.chunk(0)])
            .await;
        assert_eq!(pushed.refused, []);
        shops.push((founder, other));
    }
    let (facts, findings) = verify(hub.books()).await.expect("books");
    assert_eq!((facts, findings), (16 * 6, vec![]));
    for ((what, sql), (founder, _)) in edits.iter().zip(&shops) {
        engine.edit(&sql.replace("$SHOP", &literal(founder.shop(), sql_is_uuid(engine))));
        let (_, findings) = verify(hub.books()).await.expect("books");
        assert!(
            findings.iter().any(|finding| finding.shop == founder.shop()),
            "{what}: {findings:?}"
        );
    }
    let (_, findings) = verify(hub.books()).await.expect("books");
    let found: std::collections::BTreeSet<ShopId> = findings.iter().map(|f| f.shop).collect();
    assert_eq!(found.len(), edits.len(), "each in its own shop: {findings:?}");
}

fn sql_is_uuid<E: Engine>(_: &E) -> bool {
    std::any::type_name::<E>().contains("Postgres")
}

fn literal(shop: ShopId, uuid: bool) -> String {
    match uuid {
        true => format!("'{shop}'"),
        false => format!("x'{}'", shop.uuid().simple()),
    }
}

async fn who_waits_is_woken(engine: &mut impl Engine) {
    let (client, _hub) = started(engine).await;
    let (mut founder, _) = shop(&client, "word", 1).await;
    let pushed = client.push(&founder, vec![founder.chunk(0)]).await;
    let nothing = client.pull(&founder, pushed.heads.clone(), 1 << 20, 150).await;
    assert_eq!(nothing.chunks, [], "patience ends");
    let waiting = {
        let (client, founder, have) = (client.clone(), founder.copy(), pushed.heads.clone());
        tokio::spawn(async move { client.pull(&founder, have, 1 << 20, 50_000).await })
    };
    // Until it waits.
    let metrics = format!("{}/metrics", client.address);
    loop {
        let text = client
            .http
            .get(&metrics)
            .send()
            .await
            .expect("metrics")
            .text()
            .await
            .expect("text");
        if text.contains("chandi_hub_pulls_waiting 1") {
            assert!(text.contains("chandi_hub_facts_taken_total 2"), "{text}");
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    founder.sell(2, 40);
    client.push(&founder, vec![founder.chunk(2)]).await;
    let pulled = tokio::time::timeout(Duration::from_secs(10), waiting)
        .await
        .expect("woken long before its patience ends")
        .expect("an answer");
    assert_eq!(pulled.chunks, [founder.chunk(2)]);
    let health = client
        .http
        .get(format!("{}/health", client.address))
        .send()
        .await
        .expect("health");
    assert_eq!(health.status(), 200);
}

async fn who_asks_too_often_is_held_back(engine: &mut impl Engine) {
    let books = engine.fresh().await;
    invite(&books, "word", 20, 100).await;
    let limits = Limits {
        device_per_second: NonZeroU32::new(2).expect("not zero"),
        ..wide()
    };
    let (client, _hub) = serve(books, limits).await;
    let (founder, other) = shop(&client, "word", 1).await;
    client.push(&founder, vec![founder.chunk(0)]).await;
    let mut statuses = Vec::new();
    for _ in 0..30 {
        statuses.push(client.ask(&founder, "/sync/v1/heads", None).await.0);
    }
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
    assert_eq!(
        client.ask(&other, "/sync/v1/heads", None).await.0,
        200,
        "another device is not"
    );
}

/// Keys are given and asked for within a shop; erased is erased, whoever brings the key again, and in that shop alone.
async fn keys_stay_within_their_shop(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let (mut one, other) = shop(&client, "word", 1).await;
    let (stranger, _) = shop(&client, "word", 2).await;
    client.push(&one, vec![one.chunk(0)]).await;
    client.push(&stranger, vec![stranger.chunk(0)]).await;
    let customer = |n: u8| CustomerId::from_bytes([n; 16]);
    let key = |n: u8, seal: u8| SealedKey {
        customer: customer(n),
        sealed: vec![seal; 72],
    };
    let ask = async |by: &Device, keys: Keys| {
        let (status, body) = client.ask(by, "/sync/v1/keys", Some(keys.encode())).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        KeysAnswer::decode(&body).expect("keys").keys
    };
    let give = |give: Vec<SealedKey>| Keys {
        give,
        ..Keys::default()
    };
    let want = |ids: &[u8]| Keys {
        wanted: ids.iter().map(|n| customer(*n)).collect(),
        ..Keys::default()
    };
    ask(&one, give(vec![key(7, 1), key(8, 1)])).await;
    ask(&one, give(vec![key(7, 9)])).await;
    assert_eq!(
        ask(&other, want(&[7, 8, 9])).await,
        [key(7, 1), key(8, 1)],
        "the first stays"
    );
    assert_eq!(
        ask(&stranger, want(&[7, 8])).await,
        [],
        "another shop has none of them"
    );
    ask(&stranger, give(vec![key(7, 3)])).await;
    let erase = Keys {
        erased: vec![customer(7)],
        ..Keys::default()
    };
    ask(&one, erase.clone()).await;
    ask(&other, erase.clone()).await;
    ask(&other, erase).await;
    ask(&other, give(vec![key(7, 1)])).await;
    assert_eq!(
        ask(&other, want(&[7, 8])).await,
        [key(8, 1)],
        "what is erased never comes back"
    );
    assert_eq!(
        ask(&stranger, want(&[7])).await,
        [key(7, 3)],
        "the other shop's stays"
    );
    let erased = hub::KeyBooks::erased_at(hub.books(), shop_id(1), customer(7)).await;
    assert_eq!(erased.expect("books"), Some(2), "each device says it once");
    let signed_by_another = client
        .ask_as(
            &stranger,
            shop_id(1),
            "/sync/v1/keys",
            Some(want(&[8]).encode()),
            NOON,
        )
        .await
        .expect("an answer");
    assert_eq!(code(&signed_by_another), "not_signed");
    let much = client.ask(
        &one,
        "/sync/v1/keys",
        Some(
            give(vec![SealedKey {
                customer: customer(1),
                sealed: vec![0; 4096],
            }])
            .encode(),
        ),
    );
    assert_eq!(code(&much.await), "too_big");
    one.revoke(&other, other.place());
    client.push(&one, vec![one.chunk(0)]).await;
    let shut_out = client
        .ask(&other, "/sync/v1/keys", Some(want(&[8]).encode()))
        .await;
    assert_eq!(code(&shut_out), "revoked");
}

async fn books_of_a_newer_hub_open_unless_they_say_no(engine: &mut impl Engine) {
    drop(engine.fresh().await);
    let mut opened = engine.reopen().await;
    assert!(opened.is_ok());
    drop(opened);
    engine.edit(
        "insert into refinery_schema_history values (999, 'later', '2030-01-01T00:00:00.000000000Z', '1')",
    );
    opened = engine.reopen().await;
    assert!(opened.is_ok(), "a release can be taken back: {:?}", opened.err());
    drop(opened);
    engine.edit("update guard set oldest_build = 999");
    let refused = engine.reopen().await.err().expect("not for this build").0;
    assert!(refused.contains("need build 999"), "{refused}");
}

async fn all(engine: &mut impl Engine) {
    books_of_a_newer_hub_open_unless_they_say_no(engine).await;
    keys_stay_within_their_shop(engine).await;
    owners::owners_prove_who_they_are(engine).await;
    owners::only_who_speaks_for_the_owner_makes_a_login_alone(engine).await;
    owners::who_guesses_keeps_nobody_out(engine).await;
    owners::one_site_that_guesses_for_days_keeps_nobody_out(engine).await;
    owners::sign_ins_of_one_address_are_few(engine).await;
    owners::what_needs_attention_is_shown_by_branch(engine).await;
    owners::what_authenticators_share_is_sealed(engine).await;
    facts_come_back(engine).await;
    what_does_not_fit_is_refused_by_name(engine).await;
    who_is_shut_out_stays_out(engine).await;
    who_is_restored_lets_itself_in(engine).await;
    nobody_founds_a_shop_again(engine).await;
    a_copied_device_is_found(engine).await;
    what_is_signed_beyond_the_end_is_not_kept(engine).await;
    figures::the_past_that_a_revocation_names_holds(engine).await;
    figures::nobody_is_judged_by_half_of_what_is_said(engine).await;
    figures::a_stale_count_counts_nothing(engine).await;
    figures::what_cannot_be_counted_holds_up_nothing_else(engine).await;
    figures::methods_and_net_are_those_of_the_tills(engine).await;
    figures::what_was_half_forgotten_is_counted_again(engine).await;
    a_hundred_at_once_have_one_winner(engine).await;
    shops_are_strangers_to_each_other(engine).await;
    clocks_do_not_stop_a_sale(engine).await;
    what_is_too_much_is_not_read(engine).await;
    who_sends_nothing_shuts_out_nobody(engine).await;
    who_does_not_read_is_not_read_for(engine).await;
    only_invited_shops_are_kept(engine).await;
    whoever_brings_a_shop_was_let_in_by_it(engine).await;
    who_edits_a_row_is_found(engine).await;
    who_waits_is_woken(engine).await;
    who_asks_too_often_is_held_back(engine).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    all(&mut OnSqlite::start()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    all(&mut OnPostgres::start(&["fsync=off"])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_write_while_a_shop_is_forgotten() {
    figures::others_write_while_a_shop_is_forgotten().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_do_not_share_one_file() {
    let folder = TempDir::new().expect("a folder");
    let first = Sqlite::open(folder.path()).expect("books");
    assert!(Sqlite::open(folder.path()).is_err(), "it is taken");
    drop(first);
    assert!(Sqlite::open(folder.path()).is_ok());
}

/// Whoever is told that it failed can be sure that nothing of it is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_begin_is_not_done() {
    let folder = TempDir::new().expect("a folder");
    let books = Sqlite::open(folder.path()).expect("books");
    let foreign = rusqlite::Connection::open(folder.path().join("hub.db")).expect("the file");
    foreign.execute_batch("begin immediate").expect("the lock");
    let organisation = hub::Organisation {
        name: "Kaju Katli Sweets".to_owned(),
        most_shops: 1,
        most_devices: 1,
        most_backup_bytes: 1,
    };
    let until = domain::time::Moment(NOON);
    let inviting = books.invite(&organisation, [1; 32], 1, until, until);
    tokio::pin!(inviting);
    // The writer waits ten seconds for the lock, and then says so; one that went on would only be let in now.
    let early = tokio::time::timeout(Duration::from_secs(13), &mut inviting).await;
    foreign.execute_batch("rollback").expect("released");
    let said = match early {
        Ok(said) => said,
        Err(_) => inviting.await,
    };
    assert!(said.is_err());
    let made: i64 = foreign
        .query_row("select count(*) from organisation", [], |r| r.get(0))
        .expect("read");
    assert_eq!(made, 0);
    books
        .invite(&organisation, [1; 32], 1, until, until)
        .await
        .expect("the next one is done");
}

/// Every transaction serializable, so that the engine gives up one of two that meet, with SQLSTATE 40001.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_start_and_serve_at_once_and_try_again_what_the_engine_gave_up() {
    let mut engine = OnPostgres::start(&["fsync=off", "default_transaction_isolation=serializable"]);
    engine.made = 1;
    let url = engine.server.database("hub1");
    let opening = (0..4).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { Postgres::open(&url, 8).await })
    });
    let mut books = Vec::new();
    for opened in opening.collect::<Vec<_>>() {
        books.push(opened.await.expect("opened").expect("all of them start"));
    }
    invite(&books[0], "word", 5, 100).await;
    let (one, hub) = serve(books.remove(0), wide()).await;
    let (two, _hub) = serve(books.remove(0), wide()).await;
    let (mut founder, mut other) = shop(&one, "word", 1).await;
    let pushed = one.push(&founder, vec![founder.chunk(0)]).await;
    assert_eq!(pushed.refused, []);

    // The same series by way of both, all at once: each is told that it is there, and it is there once.
    // On and on until two have met on the engine's floor, which a quick machine may take some time for.
    let gave_up = |log: String| log.contains("could not serialize access");
    let mut rounds = 0;
    while rounds < 12 || (rounds < 400 && !gave_up(engine.server.log())) {
        founder.sell(3, 40);
        let pushes = (0..10).map(|n| {
            let (client, founder) = ([&one, &two][n % 2].clone(), founder.copy());
            tokio::spawn(async move { client.push(&founder, vec![founder.chunk(2 + rounds)]).await })
        });
        for push in pushes.collect::<Vec<_>>() {
            let pushed = push.await.expect("an answer");
            assert_eq!(
                (pushed.refused, pushed.heads[&founder.id]),
                (vec![], founder.place().seq)
            );
        }
        rounds += 1;
    }
    assert!(gave_up(engine.server.log()), "the engine gave up some of them");
    let (facts, findings) = verify(hub.books()).await.expect("books");
    assert_eq!((facts, findings), (2 + rounds as u64 * 3, vec![]));

    // Who waits at one is woken by a push at the other.
    let have = two.heads(&founder).await;
    let waiting = {
        let (two, founder) = (two.clone(), founder.copy());
        tokio::spawn(async move { two.pull(&founder, have, 1 << 20, 50_000).await })
    };
    loop {
        let metrics = two
            .http
            .get(format!("{}/metrics", two.address))
            .send()
            .await
            .expect("metrics");
        if metrics
            .text()
            .await
            .expect("text")
            .contains("chandi_hub_pulls_waiting 1")
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    other.sell(2, 40);
    one.push(&founder, vec![other.chunk(0)]).await;
    let pulled = tokio::time::timeout(Duration::from_secs(10), waiting)
        .await
        .expect("woken long before its patience ends")
        .expect("an answer");
    assert_eq!(pulled.chunks, [other.chunk(0)]);
}

/// The engine dies under sixteen pushing devices and comes back: what a device was told is there, and nothing is there
/// twice, however often it is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_engine_loses_and_doubles_nothing() {
    let mut engine = OnPostgres::start(&["synchronous_commit=on"]);
    let books = engine.fresh().await;
    invite(&books, "word", 5, 100).await;
    let (client, hub) = serve(books, wide()).await;
    let (mut founder, _) = shop(&client, "word", 1).await;
    let mut devices: Vec<Device> = (2..18).map(|n| Device::new(shop_id(1), n)).collect();
    for (device, ordinal) in devices.iter_mut().zip(3..) {
        founder.admit(device, ordinal);
    }
    assert_eq!(client.push(&founder, vec![founder.chunk(0)]).await.refused, []);

    let told = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let pushing = devices.into_iter().map(|mut device| {
        let (client, told) = (client.clone(), told.clone());
        tokio::spawn(async move {
            let (mut sent, mut acknowledged) = (0, 0);
            while device.written.len() < 120 {
                device.sell(6, 60);
                let push = Push {
                    series: vec![device.chunk(sent)],
                }
                .encode();
                let said = client
                    .ask_as(&device, device.shop(), "/sync/v1/push", Some(push), NOON)
                    .await;
                // Refused or unanswered: it is sent again with what comes next, as a device does.
                if let Ok((200, body)) = said {
                    let pushed = journal::exchange::Pushed::decode(&body).expect("an answer");
                    assert_eq!(pushed.refused, []);
                    sent = device.written.len();
                    acknowledged = device.place().seq;
                    told.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                } else {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            (device, acknowledged)
        })
    });
    let pushing: Vec<_> = pushing.collect();
    for pushes in [100, 400] {
        while told.load(std::sync::atomic::Ordering::Relaxed) < pushes {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        engine.server.kill();
        engine.server.restart();
    }
    let mut devices = Vec::new();
    for device in pushing {
        devices.push(device.await.expect("a device"));
    }
    let heads = loop {
        // Connections that died with the engine are found one by one.
        let (status, body) = client.ask(&founder, "/sync/v1/heads", None).await;
        if status == 200 {
            break journal::exchange::Heads::decode(&body).expect("heads").heads;
        }
    };
    for (device, acknowledged) in &devices {
        assert!(heads[&device.id] >= *acknowledged, "what was told is there");
        let pushed = client.push(device, vec![device.chunk(0)]).await;
        assert_eq!(pushed.refused, []);
    }
    let (facts, findings) = verify(hub.books()).await.expect("books");
    assert_eq!(findings, []);
    assert_eq!(
        facts,
        founder.place().seq + 16 * 120 * 6,
        "nothing lost, nothing twice"
    );
}
