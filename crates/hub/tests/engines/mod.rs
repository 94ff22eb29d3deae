//! Where books can be had in tests: SQLite in a folder, and a PostgreSQL server of the test's own; and a hub over them.

use crate::support::{Client, Device, NOON, shop_id};
use domain::time::Moment;
use hub::{
    Books, Hub, Limits, Organisation, Postgres, Sqlite, files::Files, office, owners::OwnersKey, router,
    word_hash,
};
use std::{
    net::SocketAddr,
    num::NonZeroU32,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};
use tempfile::TempDir;

#[path = "../../../testkit/src/postgres.rs"]
#[allow(dead_code, reason = "the benches use the rest of it")]
pub mod postgres;

#[path = "../../../testkit/src/python.rs"]
pub mod python;

pub mod s3;

/// Where books can be had, and how their operator edits them behind the hub's back.
pub trait Engine {
    type Books: Books;

    /// Empty books.
    async fn fresh(&mut self) -> Self::Books;

    /// The books that were made last, opened once more.
    async fn reopen(&self) -> hub::Result<Self::Books>;

    fn edit(&self, sql: &str);
}

pub struct OnSqlite {
    folder: TempDir,
    at: PathBuf,
    made: u32,
}

impl OnSqlite {
    pub fn start() -> OnSqlite {
        let folder = TempDir::new().expect("a folder");
        OnSqlite {
            at: folder.path().to_path_buf(),
            folder,
            made: 0,
        }
    }
}

impl Engine for OnSqlite {
    type Books = Sqlite;

    async fn fresh(&mut self) -> Sqlite {
        self.made += 1;
        self.at = self.folder.path().join(self.made.to_string());
        Sqlite::open(&self.at).expect("books")
    }

    async fn reopen(&self) -> hub::Result<Sqlite> {
        Sqlite::open(&self.at)
    }

    fn edit(&self, sql: &str) {
        let conn = rusqlite::Connection::open(self.at.join("hub.db")).expect("the file");
        conn.busy_timeout(Duration::from_secs(5)).expect("a timeout");
        conn.execute_batch(sql).expect("the edit");
    }
}

pub struct OnPostgres {
    pub server: postgres::Server,
    pub database: String,
    pub made: u32,
    _folder: TempDir,
}

impl OnPostgres {
    pub fn start(settings: &[&str]) -> OnPostgres {
        let folder = TempDir::with_prefix("pg").expect("a folder");
        OnPostgres {
            server: postgres::Server::start(folder.path(), settings),
            database: String::new(),
            made: 0,
            _folder: folder,
        }
    }
}

impl Engine for OnPostgres {
    type Books = Postgres;

    async fn fresh(&mut self) -> Postgres {
        self.made += 1;
        self.database = format!("hub{}", self.made);
        let url = self.server.database(&self.database);
        Postgres::open(&url, 16).await.expect("books")
    }

    async fn reopen(&self) -> hub::Result<Postgres> {
        Postgres::open(&self.server.url(&self.database), 4).await
    }

    fn edit(&self, sql: &str) {
        self.server.sql(&self.database, sql);
    }
}

/// Fast enough for tests that are not about being held back.
pub fn wide() -> Limits {
    let many = NonZeroU32::new(1_000_000).expect("not zero");
    Limits {
        address_per_second: many,
        device_per_second: many,
        cards_per_minute: many,
        sign_ins_per_minute: many,
        body_patience: Duration::from_secs(20),
        ..Limits::default()
    }
}

pub async fn serve<B: Books>(books: B, limits: Limits) -> (Client, Arc<Hub<B>>) {
    serve_with(books, None, limits, &Arc::new(AtomicI64::new(NOON))).await
}

/// With a place for files, by a clock that the test sets.
pub async fn serve_with<B: Books>(
    books: B,
    files: Option<Arc<dyn Files>>,
    limits: Limits,
    clock: &Arc<AtomicI64>,
) -> (Client, Arc<Hub<B>>) {
    let (client, hub) = serve_still(books, files, limits, clock).await;
    let beside = hub.clone();
    tokio::spawn(async move { beside.run().await });
    (client, hub)
}

/// One that does nothing unless it is asked.
pub async fn serve_still<B: Books>(
    books: B,
    files: Option<Arc<dyn Files>>,
    limits: Limits,
    clock: &Arc<AtomicI64>,
) -> (Client, Arc<Hub<B>>) {
    let clock = clock.clone();
    let hub = Hub::with(books, files, Some(OwnersKey::new([7; 32])), limits, move || {
        Moment(clock.load(Relaxed))
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let all = router(hub.clone(), false).merge(office::router(hub.clone(), false, false));
    let service = all.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    (Client::new(&format!("http://{address}")), hub)
}

pub async fn invite(books: &impl Books, word: &str, shops: u32, devices: u32) {
    let organisation = Organisation {
        name: "Kaju Katli Sweets".to_owned(),
        most_shops: shops,
        most_devices: devices,
        most_backup_bytes: 20 << 20,
    };
    let until = Moment(NOON + 86_400_000);
    books
        .invite(&organisation, word_hash(word), shops, until, Moment(NOON))
        .await
        .expect("an invitation");
}

/// A hub with files, over books that know one word, by a clock that the test sets.
pub struct Stand<B, F> {
    pub client: Client,
    pub hub: Arc<Hub<B>>,
    pub files: Arc<F>,
    pub clock: Arc<AtomicI64>,
    _folder: TempDir,
}

impl<B: Books, F: Files + 'static> Stand<B, F> {
    /// The files lie in the folder, which goes with the stand.
    pub async fn over(books: B, files: F, folder: TempDir, limits: Limits) -> Stand<B, F> {
        invite(&books, "word", 20, 100).await;
        let files = Arc::new(files);
        let clock = Arc::new(AtomicI64::new(NOON));
        let (client, hub) = serve_with(books, Some(files.clone()), limits, &clock).await;
        Stand {
            client,
            hub,
            files,
            clock,
            _folder: folder,
        }
    }
}

/// A shop that is registered, with its founder and another device; nothing is pushed yet.
pub async fn shop(client: &Client, word: &str, n: u8) -> (Device, Device) {
    let mut founder = Device::new(shop_id(n), 1);
    founder.found(false);
    let said = client.register(&founder, word).await;
    assert_eq!(said.0, 200, "{}", String::from_utf8_lossy(&said.1));
    let other = Device::new(shop_id(n), 2);
    founder.admit(&other, 2);
    (founder, other)
}
