//! Old facts in files, on both engines: whoever reads notices nothing, a crash loses and doubles nothing, and an operator
//! who edits a file is found.

#[allow(dead_code, reason = "the hub's other tests use the rest of it")]
mod support;

#[allow(dead_code, reason = "the hub's other tests use the rest of it")]
mod engines;

use domain::{ids::ShopId, time::Moment};
use engines::{Engine, OnPostgres, OnSqlite, Stand, s3::Service, shop, wide};
use hub::{
    Books, Finding,
    files::{Files, Folder},
    segments::{Sealing, Segment, SegmentBooks, State},
    verify_with,
};
use journal::{Vector, Why};
use std::{
    io,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{Receiver, channel},
    },
    time::Duration,
};
use support::{Device, NOON, shop_id};
use tempfile::TempDir;

const DAY: i64 = 86_400_000;

fn sealing(hot: u64) -> Sealing {
    Sealing {
        hot,
        least: 1,
        every: Duration::from_secs(600),
    }
}

/// Files that cannot be written for a while, or deleted, or not before somebody says so.
struct Shaky {
    files: Box<dyn Files>,
    fails: AtomicBool,
    /// Nothing under this can be deleted.
    stays: Mutex<Option<String>>,
    /// The next deletion waits for a word.
    waits: Mutex<Option<Receiver<()>>>,
}

impl Files for Shaky {
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if self.fails.load(Relaxed) {
            return Err(io::Error::other("the disk is full"));
        }
        self.files.put(name, bytes)
    }

    fn get(&self, name: &str, from: u64, most: u64) -> io::Result<Option<Vec<u8>>> {
        self.files.get(name, from, most)
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<(String, u64)>> {
        self.files.list(prefix)
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        let stays = self.stays.lock().expect("whole").clone();
        if stays.is_some_and(|prefix| name.starts_with(&prefix)) {
            return Err(io::Error::other("it is not to be had"));
        }
        let waits = self.waits.lock().expect("whole").take();
        if let Some(word) = waits {
            word.recv().expect("the word");
        }
        self.files.delete(name)
    }
}

async fn stand<E: Engine>(engine: &mut E) -> Stand<E::Books, Shaky> {
    let folder = TempDir::new().expect("a folder");
    let files = Box::new(Folder::open(folder.path()).expect("files"));
    stand_on(engine, files, folder).await
}

async fn stand_on<E: Engine>(
    engine: &mut E,
    files: Box<dyn Files>,
    folder: TempDir,
) -> Stand<E::Books, Shaky> {
    let files = Shaky {
        files,
        fails: AtomicBool::new(false),
        stays: Mutex::default(),
        waits: Mutex::default(),
    };
    Stand::over(engine.fresh().await, files, folder, wide()).await
}

impl<B: Books> Stand<B, Shaky> {
    /// A shop with some history: transactions of many sizes, by two devices.
    async fn history(&self, n: u8) -> (Device, Device) {
        let (mut founder, mut other) = shop(&self.client, "word", n).await;
        for n in 0..150 {
            founder.sell(1 + n % 7, 60);
            other.sell(1 + n % 3, 200);
        }
        founder.sell(1, 300_000);
        founder.sell(3, 60);
        other.sell(1, 60);
        let pushed = self
            .client
            .push(&founder, vec![founder.chunk(0), other.chunk(0)])
            .await;
        assert_eq!(pushed.refused, []);
        (founder, other)
    }

    async fn verified(&self) -> (u64, Vec<Finding>) {
        verify_with(self.hub.books(), Some(self.files.clone()))
            .await
            .expect("books")
    }

    async fn segments(&self, shop: ShopId) -> Vec<Segment> {
        self.hub.books().segments(shop).await.expect("books")
    }

    /// Everything comes back as it was written, from the first fact or from anywhere, in large and small bites.
    async fn reads_as_before(&self, devices: [&Device; 2]) {
        for (start, max_bytes) in [(0, 1), (0, 4_000), (0, u32::MAX), (40, 9_000), (149, 100)] {
            let mut have: Vector = Vector::new();
            for device in devices {
                if start > 0 {
                    have.insert(device.id, device.written[start - 1].end().seq);
                }
            }
            let mut got = [vec![], vec![]];
            loop {
                let pulled = self.client.pull(devices[0], have.clone(), max_bytes, 0).await;
                for chunk in pulled.chunks {
                    let at = usize::from(chunk.device == devices[1].id);
                    let begun = start + got[at].len();
                    let expected = devices[at].part(begun, begun + chunk.transactions.len());
                    assert_eq!(chunk, expected, "after {start} in bites of {max_bytes}");
                    have.insert(
                        chunk.device,
                        devices[at].written[begun + chunk.transactions.len() - 1]
                            .end()
                            .seq,
                    );
                    got[at].extend(chunk.transactions);
                }
                if !pulled.more {
                    break;
                }
            }
            assert_eq!(got[0].len(), devices[0].written.len() - start);
            assert_eq!(got[1].len(), devices[1].written.len() - start);
        }
    }
}

async fn who_reads_notices_nothing<B: Books>(at: Stand<B, Shaky>) {
    let (mut founder, mut other) = at.history(1).await;
    let facts = founder.place().seq + other.place().seq;
    assert_eq!(at.verified().await, (facts, vec![]));
    let before = at.hub.books().device_rows(founder.shop()).await.expect("rows");
    assert_eq!(
        at.hub.seal(&sealing(1 << 20)).await.expect("sealed"),
        0,
        "all of it is hot"
    );
    let sealed = at.hub.seal(&sealing(20)).await.expect("sealed");
    assert!(facts - sealed >= 40 && facts - sealed < 60, "{sealed} of {facts}");
    assert_eq!(
        at.hub.seal(&sealing(20)).await.expect("sealed"),
        0,
        "there is nothing more"
    );
    let segments = at.segments(founder.shop()).await;
    assert_eq!(segments.len(), 2);
    assert!(segments.iter().all(|s| s.state == State::Sealed && s.after == 0));
    let left = |device: &Device, after| {
        let (hub, device, shop) = (at.hub.clone(), device.id, device.shop());
        async move {
            let parts = hub
                .books()
                .parts(shop, device, after, u64::MAX >> 1, u64::MAX >> 1)
                .await;
            parts.expect("books").len()
        }
    };
    assert!(left(&founder, 0).await < 20, "the rows are gone from the books");

    at.reads_as_before([&founder, &other]).await;
    assert_eq!(at.verified().await, (facts, vec![]));
    assert_eq!(
        at.hub.books().device_rows(founder.shop()).await.expect("rows"),
        before,
        "who was seen when"
    );
    // The sums are counted anew from the first fact.
    let rolled = at.hub.books().rolled(founder.shop()).await.expect("books");
    let unrolled = at
        .hub
        .books()
        .unroll(founder.shop(), &rolled, rolled.rulings)
        .await;
    unrolled.expect("unrolled");
    at.hub.roll(founder.shop()).await.expect("rolled");
    let rolled = at.hub.books().rolled(founder.shop()).await.expect("rolled");
    assert_eq!(rolled.places[&founder.id], founder.place().seq);

    // What was pushed before is known, and what another history says of it is a fork, however old.
    let again = at
        .client
        .push(&founder, vec![founder.chunk(0), other.part(3, 90)])
        .await;
    assert_eq!(again.refused, []);
    let mut clone = Device::new(shop_id(1), 2);
    clone.sell(2, 77);
    let forked = at.client.push(&founder, vec![clone.chunk(0)]).await;
    assert_eq!(forked.refused, [(other.id, Why::Forked { seq: 1 })]);
    // It goes on, and what gets old follows.
    for _ in 0..60 {
        founder.sell(5, 60);
        other.sell(1, 60);
    }
    let pushed = at
        .client
        .push(&founder, vec![founder.chunk(153), other.chunk(151)])
        .await;
    assert_eq!(pushed.refused, []);
    assert!(at.hub.seal(&sealing(20)).await.expect("sealed") > 300);
    let segments = at.segments(founder.shop()).await;
    assert_eq!(
        segments.len(),
        4,
        "one goes on where the other ends: {segments:?}"
    );
    at.reads_as_before([&founder, &other]).await;
    assert_eq!(at.verified().await.1, []);
    // Whoever is let in last has it all.
    let mut third = Device::new(shop_id(1), 3);
    founder.admit(&third, 3);
    third.sell(1, 60);
    at.client
        .push(&founder, vec![founder.chunk(213), third.chunk(0)])
        .await;
    let (mut have, mut got) = (Vector::new(), 0);
    loop {
        let pulled = at.client.pull(&third, have.clone(), u32::MAX, 0).await;
        for chunk in pulled.chunks.iter().filter(|chunk| chunk.device == founder.id) {
            got += chunk.transactions.len();
            have.insert(founder.id, founder.written[got - 1].end().seq);
        }
        have.insert(other.id, other.place().seq);
        if !pulled.more {
            break;
        }
    }
    assert_eq!(got, founder.written.len());
    // Another shop has nothing of it.
    let (stranger, _) = shop(&at.client, "word", 2).await;
    at.client.push(&stranger, vec![stranger.chunk(0)]).await;
    let theirs = at.client.pull(&stranger, Vector::new(), u32::MAX, 0).await;
    assert_eq!(theirs.chunks, [stranger.chunk(0)]);
}

async fn a_crash_anywhere_loses_and_doubles_nothing(engine: &mut impl Engine) {
    let at = stand(engine).await;
    let (founder, other) = at.history(1).await;
    let facts = founder.place().seq + other.place().seq;
    let shop = founder.shop();
    // The file cannot be written: a row is left, and the facts are where they were.
    at.files.fails.store(true, Relaxed);
    assert_eq!(at.hub.seal(&sealing(20)).await.expect("others go on"), 0);
    let begun = at.segments(shop).await;
    assert!(!begun.is_empty() && begun.iter().all(|s| s.state == State::Coming));
    assert_eq!(at.verified().await, (facts, vec![]));
    at.reads_as_before([&founder, &other]).await;
    // The file is there and nobody turned the row: the same.
    at.files.fails.store(false, Relaxed);
    let some = sealing(20);
    let (first, second) = tokio::join!(at.hub.seal(&some), at.hub.seal(&some));
    let sealed = first.expect("sealed") + second.expect("sealed");
    assert!(
        facts - sealed >= 40 && facts - sealed < 60,
        "{sealed} of {facts}, by two at once"
    );
    assert!(at.segments(shop).await.iter().all(|s| s.state == State::Sealed));
    assert_eq!(at.verified().await, (facts, vec![]));
    at.reads_as_before([&founder, &other]).await;

    // What was begun and never ended is given up, file and row, and nothing else.
    let kept = at.files.list("").expect("a list").len();
    let left = Segment {
        upto: founder.place().seq,
        after: founder.written[founder.written.len() - 2].end().seq,
        hash: [7; 32],
        state: State::Coming,
        since: Moment(NOON),
        ..at.segments(shop).await[0]
    };
    assert!(at.hub.books().note_segment(shop, &left).await.expect("noted"));
    let hash: String = left.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = format!("{shop}/segments/{}/{hash}", left.device);
    at.files.put(&name, b"half").expect("put");
    let mut other_hash = left;
    other_hash.hash = [8; 32];
    assert!(
        !at.hub
            .books()
            .note_segment(shop, &other_hash)
            .await
            .expect("noted"),
        "one at a time"
    );
    at.hub.seal(&sealing(1 << 20)).await.expect("swept");
    assert_eq!(
        at.files.list("").expect("a list").len(),
        kept + 1,
        "somebody may still be at it"
    );
    at.clock.store(NOON + 2 * DAY, Relaxed);
    at.hub.seal(&sealing(1 << 20)).await.expect("swept");
    assert_eq!(at.files.list("").expect("a list").len(), kept);
    assert!(at.segments(shop).await.iter().all(|s| s.state == State::Sealed));
    assert!(
        !at.hub.books().seal(shop, &left).await.expect("asked"),
        "whoever comes too late takes nothing"
    );
    assert_eq!(at.verified().await, (facts, vec![]));
}

/// Of two that clear up at once the slower one deletes nothing that was written since, and one shop that cannot be
/// cleared up keeps no other from being sealed.
async fn who_clears_up_late_takes_nothing(engine: &mut impl Engine) {
    let at = stand(engine).await;
    let (founder, other) = at.history(1).await;
    let facts = founder.place().seq + other.place().seq;
    at.files.fails.store(true, Relaxed);
    assert_eq!(at.hub.seal(&sealing(20)).await.expect("begun"), 0);
    at.files.fails.store(false, Relaxed);
    at.clock.store(NOON + 2 * DAY, Relaxed);
    let (word, waits) = channel();
    *at.files.waits.lock().expect("whole") = Some(waits);
    let hub = at.hub.clone();
    let slow = tokio::spawn(async move { hub.seal(&sealing(20)).await });
    while at.files.waits.lock().expect("whole").is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(at.hub.seal(&sealing(20)).await.expect("sealed") > 0);
    word.send(()).expect("it waits");
    slow.await.expect("ended").expect("swept");
    assert_eq!(at.verified().await, (facts, vec![]));
    at.clock.store(NOON, Relaxed);
    at.reads_as_before([&founder, &other]).await;

    let (stuck, _) = at.history(2).await;
    let (next, _) = at.history(3).await;
    at.files.fails.store(true, Relaxed);
    assert_eq!(at.hub.seal(&sealing(20)).await.expect("begun"), 0);
    at.files.fails.store(false, Relaxed);
    at.clock.store(NOON + 4 * DAY, Relaxed);
    *at.files.stays.lock().expect("whole") = Some(stuck.shop().to_string());
    assert!(at.hub.seal(&sealing(20)).await.expect("the others go on") > 0);
    let sealed = |all: Vec<Segment>| all.iter().filter(|s| s.state == State::Sealed).count();
    assert_eq!(sealed(at.segments(stuck.shop()).await), 0);
    assert_eq!(sealed(at.segments(next.shop()).await), 2);
}

async fn who_edits_a_file_or_its_row_is_found(engine: &mut impl Engine) {
    let at = stand(engine).await;
    let (founder, other) = at.history(1).await;
    at.hub.seal(&sealing(20)).await.expect("sealed");
    let segment = at.segments(founder.shop()).await[0];
    let name = at
        .files
        .list("")
        .expect("a list")
        .into_iter()
        .map(|(name, _)| name);
    let device = segment.device.to_string();
    let name = name
        .into_iter()
        .find(|name| name.contains(&device))
        .expect("its file");
    let content = at
        .files
        .get(&name, 0, u64::MAX >> 1)
        .expect("read")
        .expect("there");
    let whats = |findings: Vec<Finding>| -> Vec<&'static str> { findings.iter().map(|f| f.what).collect() };
    assert_eq!(whats(at.verified().await.1), Vec::<&str>::new());

    let mut edited = content.clone();
    let middle = edited.len() / 2;
    edited[middle] ^= 1;
    at.files.put(&name, &edited).expect("put");
    assert!(whats(at.verified().await.1).contains(&"the file of sealed facts was changed"));
    at.files.delete(&name).expect("deleted");
    assert!(whats(at.verified().await.1).contains(&"the file of sealed facts is missing"));
    at.files.put(&name, &content).expect("put");
    assert_eq!(whats(at.verified().await.1), Vec::<&str>::new());

    // With the file's name in the row changed too, it is the signatures that do not hold.
    let hash = blake3::hash(&edited);
    let folder = name.rsplit_once('/').expect("a folder").0;
    at.files.put(&format!("{folder}/{hash}"), &edited).expect("put");
    let quoted = |bytes: &[u8]| {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        (format!("x'{hex}'"), format!("decode('{hex}', 'hex')"))
    };
    let set = |column: &str, value: &[u8]| {
        let (sqlite, postgres) = quoted(value);
        let value = if at.is_sqlite() { sqlite } else { postgres };
        let upto = segment.upto;
        engine.edit(&format!(
            "update segment set {column} = {value} where upto_seq = {upto}"
        ));
    };
    set("file_hash", hash.as_bytes());
    assert_ne!(whats(at.verified().await.1), Vec::<&str>::new());
    set("file_hash", &segment.hash);
    for (column, right, what) in [
        (
            "hash_after",
            segment.end,
            "the row of sealed facts does not say where they end",
        ),
        (
            "hash_before",
            segment.before,
            "the row of sealed facts does not say where they begin",
        ),
    ] {
        set(column, &[9; 32]);
        assert!(whats(at.verified().await.1).contains(&what));
        set(column, &right);
    }
    assert_eq!(
        at.verified().await,
        (founder.place().seq + other.place().seq, vec![])
    );
}

impl<B: Books> Stand<B, Shaky> {
    fn is_sqlite(&self) -> bool {
        std::any::type_name::<B>().contains("Sqlite")
    }
}

/// Of a past that a revocation does not name some lies in a file already: what is good of it goes back into the books.
async fn a_sealed_past_is_left_too(engine: &mut impl Engine) {
    let at = stand(engine).await;
    let (mut founder, mut other) = shop(&at.client, "word", 1).await;
    for n in 0..30 {
        other.sell(1 + n % 3, 40);
    }
    let mut copy = other.copy();
    for _ in 0..30 {
        other.sell(1, 50);
        copy.sell(1, 60);
    }
    at.client
        .push(&founder, vec![founder.chunk(0), other.chunk(0)])
        .await;
    assert!(at.hub.seal(&sealing(5)).await.expect("sealed") > 40);
    founder.revoke(&other, copy.place());
    let said = at
        .client
        .push(&founder, vec![founder.chunk(0), copy.chunk(0)])
        .await;
    assert_eq!((said.refused, said.heads[&copy.id]), (vec![], copy.place().seq));
    let facts = founder.place().seq + copy.place().seq;
    for _ in 0..2 {
        let pulled = at.client.pull(&founder, Vector::new(), u32::MAX, 0).await;
        assert_eq!(pulled.chunks.len(), 2);
        for chunk in pulled.chunks.iter().filter(|chunk| chunk.device == copy.id) {
            assert_eq!(*chunk, copy.part(0, chunk.transactions.len()));
        }
        let tail = at
            .client
            .pull(&founder, Vector::from([(copy.id, 25)]), u32::MAX, 0)
            .await;
        assert_eq!(tail.heads[&copy.id], copy.place().seq);
        assert_eq!(at.verified().await, (facts, vec![]));
        // The file of the past that was left goes, and the other one is sealed in its place.
        at.hub.seal(&sealing(5)).await.expect("sealed");
        let segments = at.segments(founder.shop()).await;
        assert!(segments.iter().all(|s| s.state == State::Sealed));
    }
}

async fn all(engine: &mut impl Engine) {
    a_sealed_past_is_left_too(engine).await;
    who_reads_notices_nothing(stand(engine).await).await;
    a_crash_anywhere_loses_and_doubles_nothing(engine).await;
    who_clears_up_late_takes_nothing(engine).await;
    who_edits_a_file_or_its_row_is_found(engine).await;
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
async fn in_a_service_that_speaks_s3() {
    let service = Service::start();
    let files = Box::new(service.bucket("facts").await);
    let folder = TempDir::new().expect("a folder");
    who_reads_notices_nothing(stand_on(&mut OnSqlite::start(), files, folder).await).await;
}
