//! The file itself: who can open it, what a rebuild brings back, and what it does with facts that it cannot read.

use domain::{
    ids::{BranchId, CounterId, CustomerId, DeviceId, FactId, ProductId, ShopId},
    time::Moment,
};
use journal::{
    Body, DeviceKey, Series, Stamp,
    body::{
        CustomerErasedV1, HubAppointedV1, OrderLineV1, OrderPlacedV1, OrderPlacedV3, PictureKeptV1,
        ShopFoundedV1, TokenV1,
    },
    fields::{customer, product},
    register::{PatchV1, Value},
    seal,
};
use rusqlite::{Connection, params};
use std::path::PathBuf;
use store::{BUILD, Identity, Options, Store, StoreError, catalog::ProductRow};

const NOON: Moment = Moment(1_795_243_800_000);
const KEY: [u8; 32] = [0x5a; 32];
const SAMOSA: [u8; 16] = [30; 16];

struct File {
    folder: tempfile::TempDir,
}

impl File {
    /// A founded shop with one product.
    fn founded() -> File {
        let file = File {
            folder: tempfile::tempdir().expect("a temp folder"),
        };
        let store = file.open().expect("a new store opens");
        let identity = identity();
        let founding = Body::ShopFounded(ShopFoundedV1 {
            shop: identity.shop.bytes(),
            branch: identity.branch.bytes(),
            counter: identity.counter.bytes(),
            device: identity.device.bytes(),
            public_key: DeviceKey::from_seed(&identity.secret_key).public().bytes(),
            ordinal: 0,
            lane: 0,
            currency: *b"INR",
            demo: false,
            founded_ms: NOON.0,
        });
        store
            .write(NOON, |tx| {
                tx.found(&identity, &founding)?;
                tx.record(None, &samosa(1_500))
            })
            .map_err(|e: StoreError| e)
            .expect("a shop is founded");
        file
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("chandi.db")
    }

    fn open_with(&self, key: Option<[u8; 32]>) -> Result<Store, StoreError> {
        Store::open(Options {
            file: self.path(),
            key,
            vfs: None,
        })
    }

    fn open(&self) -> Result<Store, StoreError> {
        self.open_with(Some(KEY))
    }

    /// The bare file, for what no shop does to it.
    fn bare(&self) -> Connection {
        let conn = Connection::open(self.path()).expect("the file opens");
        let hex: String = KEY.iter().map(|b| format!("{b:02x}")).collect();
        conn.execute_batch(&format!("pragma key = \"x'{hex}'\""))
            .expect("the key fits");
        conn
    }

    /// Appends a genuine, signed fact with any body to the log, as it may come from another build; no view knows it.
    fn append(&self, kind: u16, version: u16, body: &[u8]) {
        let conn = self.bare();
        let me = identity();
        let mut series = Series::new(me.shop, me.branch, me.device);
        let last = "select seq, hash, stamp from fact order by seq desc limit 1";
        let (seq, hash, stamp): (u64, [u8; 32], i64) = conn
            .query_row(last, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .expect("a founded shop has facts");
        series.seq = seq;
        series.hash = hash;
        let stamp = stamp + 1;
        let fact = series.append(
            FactId::from_bytes([99; 16]),
            Stamp(stamp.unsigned_abs()),
            None,
            kind,
            version,
            body.to_vec(),
        );
        let head = series.head(&DeviceKey::from_seed(&me.secret_key));
        let h = &fact.header;
        conn.execute(
            "insert into fact values (?1, ?2, ?3, ?4, ?5, ?6, null, ?7, ?8, ?9, ?10)",
            params![
                h.device.bytes(),
                h.seq,
                h.fact.bytes(),
                h.shop.bytes(),
                h.branch.bytes(),
                stamp,
                kind,
                version,
                fact.body,
                fact.hash
            ],
        )
        .expect("a fact");
        conn.execute(
            "insert into head values (?1, ?2, ?3, ?4)",
            params![head.device.bytes(), head.seq, head.hash, head.signature],
        )
        .expect("a head");
        conn.execute("update identity set last_stamp = ?1", [stamp])
            .expect("a stamp");
    }
}

fn identity() -> Identity {
    Identity {
        device: DeviceId::from_bytes([3; 16]),
        shop: ShopId::from_bytes([1; 16]),
        branch: BranchId::from_bytes([2; 16]),
        counter: CounterId::from_bytes([4; 16]),
        ordinal: 0,
        lane: 0,
        secret_key: [7; 32],
        number_key: [8; 32],
        currency: "INR".to_owned(),
        demo: false,
    }
}

fn samosa(price_minor: i64) -> Body {
    Body::ProductSet(PatchV1 {
        record: SAMOSA,
        fields: vec![
            (product::NAME, Value::Text("Samosa of the house".to_owned())),
            (product::PRICE_MINOR, Value::Int(price_minor)),
            (product::SHORT, Value::Int(1)),
        ],
    })
}

fn the_samosa(store: &Store) -> ProductRow {
    let row: Result<_, StoreError> = store.read(|r| r.product(ProductId::from_bytes(SAMOSA)));
    row.expect("readable").expect("there")
}

fn facts_without_fault(store: &Store) -> (u64, u64) {
    let verified = store.verify().expect("readable");
    assert_eq!(verified.faults, Vec::<String>::new());
    (verified.facts, verified.quarantined)
}

#[test]
fn a_glance_sees_what_was_written_and_never_waits_for_a_write() {
    let file = File::founded();
    let store = file.open().expect("it opens");
    let price = |store: &Store| {
        let row: Result<_, StoreError> = store.glance(|r| r.product(ProductId::from_bytes(SAMOSA)));
        row.expect("readable").expect("there").price_minor
    };
    let during = store
        .write(NOON, |tx| {
            tx.record(None, &samosa(1_700))?;
            Ok::<_, StoreError>(price(&store))
        })
        .expect("a price is written");
    assert_eq!(during, 1_500, "while it is written, what stood before");
    assert_eq!(price(&store), 1_700);
}

#[test]
fn how_large_an_encrypted_file_is_can_be_asked() {
    let file = File::founded();
    let store = file.open().expect("it opens");
    let size = store.bytes().expect("its size");
    drop(store);
    let on_disk = std::fs::metadata(file.path()).expect("a file").len();
    assert!(
        size >= 4096 && size <= on_disk,
        "before a backup it is looked whether there is room: {size} of {on_disk}"
    );
}

#[test]
fn only_its_own_key_opens_the_file() {
    let file = File::founded();
    let wrong = file.open_with(Some([1; 32])).err();
    assert!(
        matches!(wrong, Some(StoreError::WrongKey)),
        "another key: {wrong:?}"
    );
    let none = file.open_with(None).err();
    assert!(matches!(none, Some(StoreError::WrongKey)), "no key: {none:?}");
    assert_eq!(
        facts_without_fault(&file.open().expect("its own key")),
        (2, 0),
        "and trying harmed nothing"
    );
}

#[test]
fn nothing_in_the_folder_can_be_read_without_the_key() {
    let file = File::founded();
    let store = file.open().expect("opens");
    store
        .write(NOON, |tx| tx.record(None, &samosa(1_600)))
        .map_err(|e: StoreError| e)
        .expect("a new price");
    let mut files = 0;
    for entry in std::fs::read_dir(file.folder.path()).expect("a folder").flatten() {
        files += 1;
        let bytes = std::fs::read(entry.path()).expect("a file");
        for secret in [b"Samosa of".as_slice(), b"SQLite format 3", b"create table"] {
            let found = bytes.windows(secret.len()).any(|w| w == secret);
            assert!(!found, "{} says {secret:?}", entry.path().display());
        }
    }
    assert!(files > 1, "the log beside the open file was looked at too");
}

#[test]
fn a_file_of_a_newer_build_stays_shut_and_whole() {
    let file = File::founded();
    file.bare()
        .execute("update guard set oldest_build = ?1", [BUILD + 1])
        .expect("a newer build was here");
    let before = std::fs::read(file.path()).expect("a file");
    match file.open() {
        Err(StoreError::NewerDatabase { needs, have }) => assert_eq!((needs, have), (BUILD + 1, BUILD)),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("an older build must not open it"),
    }
    assert_eq!(
        std::fs::read(file.path()).expect("a file"),
        before,
        "not a byte was touched"
    );
}

#[test]
fn a_rebuild_gives_the_same_views() {
    let file = File::founded();
    let store = file.open().expect("opens");
    let before = the_samosa(&store);
    store.rebuild_views().expect("views");
    assert_eq!(the_samosa(&store), before);
    assert_eq!(facts_without_fault(&store), (2, 0));
}

#[test]
fn a_rebuild_passes_over_no_fact_of_a_long_log() {
    let file = File::founded();
    let store = file.open().expect("opens");
    let laddu = |n: u16| {
        let mut record = [31; 16];
        record[..2].copy_from_slice(&n.to_be_bytes());
        let fields = vec![
            (product::NAME, Value::Text(format!("Laddu {n}"))),
            (product::SHORT, Value::Int(i64::from(n))),
        ];
        Body::ProductSet(PatchV1 { record, fields })
    };
    // More than are held in memory at once, and not a whole number of times.
    store
        .write(NOON, |tx| (2..1_300).try_for_each(|n| tx.record(None, &laddu(n))))
        .map_err(|e: StoreError| e)
        .expect("many products");
    store.rebuild_views().expect("views");
    let count: Result<_, StoreError> = store.read(|r| r.product_count());
    assert_eq!(count.expect("readable"), 1_299);
    assert_eq!(facts_without_fault(&store), (1_300, 0));
}

#[test]
fn an_appointment_far_above_all_terms_hides_no_other() {
    let file = File::founded();
    let store = file.open().expect("opens");
    let appoint = |device: u8, term: u64| {
        let body = Body::HubAppointed(HubAppointedV1 {
            branch: [2; 16],
            device: [device; 16],
            term,
            appointed_ms: NOON.0,
        });
        let done: Result<_, StoreError> = store.write(NOON, |tx| tx.record(None, &body));
        done.expect("written");
    };
    let chosen = || {
        let read: Result<_, StoreError> = store.read(|r| r.hub_appointed(BranchId::from_bytes([2; 16])));
        read.expect("readable")
            .map(|(one, _)| (one.device.bytes()[0], one.term))
    };
    appoint(9, 1 << 60);
    assert_eq!(chosen(), None);
    appoint(3, 1);
    appoint(9, 1 << 61);
    appoint(3, 4);
    appoint(4, 3);
    assert_eq!(chosen(), Some((3, 4)), "the highest that counts");
    appoint(4, 4);
    assert_eq!(chosen(), Some((4, 4)), "and the later of two");
    store.rebuild_views().expect("views");
    assert_eq!(chosen(), Some((4, 4)));
}

#[test]
fn views_of_another_version_are_computed_again_when_the_file_opens() {
    let file = File::founded();
    let before = the_samosa(&file.open().expect("opens"));
    file.bare()
        .execute_batch("drop table product; drop table setting; update guard set views = 0")
        .expect("views of another shape");
    let store = file.open().expect("opens");
    assert_eq!(the_samosa(&store), before);
    assert_eq!(facts_without_fault(&store), (2, 0));
}

#[test]
fn a_view_that_somebody_bent_is_named_and_mended() {
    let file = File::founded();
    file.bare()
        .execute("update product set price_minor = 1", [])
        .expect("a bent price");
    let store = file.open().expect("opens");
    let faults = store.verify().expect("readable").faults;
    assert_eq!(faults, ["the view product is not what the facts say"]);
    store.rebuild_views().expect("views");
    assert_eq!(the_samosa(&store).price_minor, 1_500);
    facts_without_fault(&store);
}

#[test]
fn a_fact_that_somebody_bent_is_found() {
    let file = File::founded();
    file.bare()
        .execute(
            "update fact set body = cast(replace(body, x'53', x'54') as blob) where kind = 10",
            [],
        )
        .expect("a bent fact");
    let faults = file.open().expect("opens").verify().expect("readable").faults;
    assert!(
        faults
            .iter()
            .any(|f| f.contains("fact 2 is not what its hash says")),
        "{faults:?}"
    );
}

#[test]
fn a_fact_of_an_unknown_kind_is_kept_as_it_came() {
    let file = File::founded();
    file.append(999, 3, b"what a newer build has to say");
    let store = file.open().expect("opens");
    store.rebuild_views().expect("views");
    assert_eq!(
        facts_without_fault(&store),
        (3, 0),
        "it is no fault and is not set aside"
    );
    store
        .write(NOON, |tx| tx.record(None, &samosa(1_700)))
        .map_err(|e: StoreError| e)
        .expect("work goes on behind it");
    assert_eq!(facts_without_fault(&store), (4, 0));
    drop(store);
    let kept: Vec<u8> = file
        .bare()
        .query_row(
            "select body from fact where kind = 999 and version = 3",
            [],
            |r| r.get(0),
        )
        .expect("it is there");
    assert_eq!(kept, b"what a newer build has to say");
}

#[test]
fn a_body_that_cannot_be_read_is_set_aside_and_blocks_nothing() {
    let file = File::founded();
    file.append(20, 1, &[0xff; 40]);
    let store = file.open().expect("opens");
    store.rebuild_views().expect("views");
    assert_eq!(facts_without_fault(&store), (3, 1));
    assert_eq!(
        the_samosa(&store).price_minor,
        1_500,
        "the others are as they were"
    );
    store
        .write(NOON, |tx| tx.record(None, &samosa(1_700)))
        .map_err(|e: StoreError| e)
        .expect("work goes on behind it");
    store.rebuild_views().expect("views");
    assert_eq!(
        facts_without_fault(&store),
        (4, 1),
        "set aside once, however often"
    );
}

#[test]
fn an_order_that_contradicts_itself_is_set_aside_whole() {
    let line = OrderLineV1 {
        line: 1,
        product: Some(SAMOSA),
        short: (0, 1),
        name: "Samosa".to_owned(),
        unit: "piece".to_owned(),
        milli: 1_000,
        unit_price_minor: 1_500,
        gross_minor: 1_500,
        discount: None,
        discount_minor: 0,
        order_discount_minor: 0,
        note: String::new(),
    };
    let order = OrderPlacedV1 {
        order: [20; 16],
        counter: [4; 16],
        placed_ms: NOON.0,
        business_day: 20_261_121,
        hour: 12,
        number: 1,
        prefix: "222".to_owned(),
        fiscal_year: "26-27".to_owned(),
        document_no: 1,
        // Two lines of the same number.
        lines: vec![line.clone(), line],
        discount: None,
        subtotal_minor: 3_000,
        line_discount_minor: 0,
        order_discount_minor: 0,
        rounding_minor: 0,
        total_minor: 3_000,
        token: TokenV1 {
            generation: 1,
            issued_ms: NOON.0,
            expires_ms: NOON.0,
            number: 1,
            number_expires_ms: NOON.0,
            code: "P1".to_owned(),
        },
        content: [0; 32],
    };
    let file = File::founded();
    let body = Body::OrderPlaced(Box::new(OrderPlacedV3::from(order)));
    let (kind, version) = body.tag();
    file.append(kind, version, &body.encode());
    let store = file.open().expect("opens");
    store.rebuild_views().expect("views");
    assert_eq!(facts_without_fault(&store), (3, 1));
    let row: Result<_, StoreError> = store.read(|r| r.order(domain::ids::OrderId::from_bytes([20; 16])));
    assert_eq!(row.expect("readable"), None, "no half of it is in the views");
}

/// A customer with a name that is nowhere else.
fn named(store: &Store, name: &str) -> CustomerId {
    let id = CustomerId::from_bytes([40; 16]);
    let key = [0x93; 32];
    let about = seal::of_field(&id.bytes(), customer::NAME);
    let sealed = seal::close(&key, &about, [9; 24], name.as_bytes()).expect("sealed");
    store
        .write(NOON, |tx| {
            tx.keep_customer_key(id, &key)?;
            let patch = PatchV1 {
                record: id.bytes(),
                fields: vec![(customer::NAME, Value::Bytes(sealed))],
            };
            tx.record(None, &Body::CustomerSet(patch))
        })
        .map_err(|e: StoreError| e)
        .expect("a customer");
    id
}

#[test]
fn an_erased_customer_is_on_no_page_of_the_file() {
    let folder = tempfile::tempdir().expect("a temp folder");
    let path = folder.path().join("chandi.db");
    let store = Store::open(Options {
        file: path.clone(),
        key: None,
        vfs: None,
    })
    .expect("a store that anybody can read");
    let identity = identity();
    let founding = Body::ShopFounded(ShopFoundedV1 {
        shop: identity.shop.bytes(),
        branch: identity.branch.bytes(),
        counter: identity.counter.bytes(),
        device: identity.device.bytes(),
        public_key: DeviceKey::from_seed(&identity.secret_key).public().bytes(),
        ordinal: 0,
        lane: 0,
        currency: *b"INR",
        demo: false,
        founded_ms: NOON.0,
    });
    store
        .write(NOON, |tx| tx.found(&identity, &founding))
        .map_err(|e: StoreError| e)
        .expect("a shop");
    let id = named(&store, "Quillfeather");
    let row = store
        .read(|r| r.customer(id))
        .expect("readable")
        .expect("there she is");
    assert_eq!(row.name.as_deref(), Some("Quillfeather"));
    let everything = || -> Vec<u8> {
        std::fs::read_dir(folder.path())
            .expect("the folder")
            .flat_map(|entry| std::fs::read(entry.expect("an entry").path()).unwrap_or_default())
            .collect()
    };
    let holds = |what: &[u8]| everything().windows(what.len()).any(|window| window == what);
    assert!(
        holds(b"Quillfeather") && holds(b"quillfeather") && holds(&[0x93; 32]),
        "before, it can be read"
    );
    store
        .write(NOON, |tx| {
            tx.record(
                None,
                &Body::CustomerErased(CustomerErasedV1 {
                    customer: id.bytes(),
                    erased_ms: NOON.0,
                    reason: "asked".to_owned(),
                }),
            )
        })
        .map_err(|e: StoreError| e)
        .expect("erased");
    store.overwrite_deleted().expect("nothing else reads");
    for what in [b"Quillfeather".as_slice(), b"quillfeather", &[0x93; 32]] {
        assert!(!holds(what), "{} is nowhere", String::from_utf8_lossy(what));
    }
}

/// A picture of so many bytes.
fn picture(n: u8, bytes: usize) -> Body {
    Body::PictureKept(PictureKeptV1 {
        picture: [n; 16],
        mime: "image/png".to_owned(),
        width: 16,
        height: 16,
        bytes: vec![n; bytes],
    })
}

#[test]
fn what_nobody_would_take_from_us_is_refused_before_it_is_kept() {
    let file = File::founded();
    let store = file.open().expect("it opens");
    let before = store.vector().expect("read");
    let outcome = store.write(NOON, |tx| {
        (0..5).try_for_each(|n| tx.record(None, &picture(n, 7 << 20)))
    });
    assert!(matches!(outcome, Err(StoreError::TooMuch)), "{outcome:?}");
    assert_eq!(store.vector().expect("read"), before, "nothing of it is kept");
    store
        .write(NOON, |tx| tx.record(None, &samosa(1_600)))
        .expect("and the next goes on where it was");
    assert!(store.verify().expect("read").faults.is_empty());
}

#[test]
fn a_long_work_is_signed_in_parts_and_is_still_whole_here_or_not_at_all() {
    let file = File::founded();
    let store = file.open().expect("it opens");
    let heads = || -> i64 {
        let conn = file.bare();
        conn.query_row("select count(*) from head", [], |r| r.get(0))
            .expect("read")
    };
    let work = |last: Result<(), StoreError>| {
        store.write(NOON, |tx| {
            for price in 0..1_200 {
                tx.may_part()?;
                tx.record(None, &samosa(price))?;
            }
            last
        })
    };
    let (before, was) = (heads(), store.vector().expect("read"));
    work(Err(StoreError::Busy)).expect_err("it fails at the end");
    assert_eq!((heads(), store.vector().expect("read")), (before, was));
    work(Ok(())).expect("written");
    assert_eq!(heads(), before + 3, "500, 500 and 200");
    assert!(store.verify().expect("read").faults.is_empty());
}

#[test]
fn a_file_that_would_act_by_itself_is_no_mere_books() {
    let file = File::founded();
    let options = Options {
        file: file.path(),
        key: Some(KEY),
        vfs: None,
    };
    assert!(Store::only_keeps(&options).expect("looked at"));
    file.bare()
        .execute_batch("create trigger sly after insert on fact begin delete from head; end")
        .expect("made");
    assert!(!Store::only_keeps(&options).expect("looked at"));
}

#[test]
fn what_a_restore_leaves_out_arrives_once_when_it_comes_back() {
    let file = File::founded();
    let store = file.open().expect("opens");
    let later = Moment(NOON.0 + 3_600_000);
    store
        .write(later, |tx| tx.record(None, &samosa(2_000)))
        .map_err(|e: StoreError| e)
        .expect("written");
    assert_eq!(
        store.leave_out_after(Moment(NOON.0 + 60_000)).expect("left out"),
        1
    );
    drop(store);
    let dangling: i64 = file
        .bare()
        .query_row(
            "select count(*) from arrival left join fact using (device_id, seq) where fact.seq is null",
            [],
            |r| r.get(0),
        )
        .expect("counted");
    assert_eq!(dangling, 0);
}
