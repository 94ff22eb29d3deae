//! Opening: the data folder, its lock, its key, its shop.

use crate::{
    AppError, Code, Result,
    asks::Asks,
    authority::Authority,
    cameras::Eyes,
    display::Displays,
    edges::Edges,
    live::Live,
    mail::Mailing,
    payments::{Paying, PaymentLimits},
    printers::Search,
    printing::Printing,
    sessions::Sessions,
    settings::Settings,
    vault::{self, KeyStorage},
};
use connect::gateway::Gateways;
use devices::{Limits, camera::Cameras};
use domain::ids::SeatId;
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};
use store::{Identity, Options, Store, StoreError};

#[derive(Clone)]
pub struct Config {
    pub data: PathBuf,
    pub edges: Edges,
    /// Off in tests and on machines whose owner says so: the key then lies in a 0600 file.
    pub use_keyring: bool,
    /// How long printers may take.
    pub print_limits: Limits,
    /// Where pictures come from.
    pub cameras: Arc<dyn Cameras>,
    /// Who charges cards for us. Programs that people run have none but those that `connect` brings.
    pub gateways: Gateways,
    pub payment_limits: PaymentLimits,
}

impl Config {
    pub fn new(data: impl Into<PathBuf>) -> Config {
        Config {
            data: data.into(),
            edges: Edges::system(),
            use_keyring: true,
            print_limits: Limits::default(),
            cameras: devices::camera::system(),
            gateways: Gateways::default(),
            payment_limits: PaymentLimits::default(),
        }
    }
}

/// Why Chandi cannot start here, in words for the person in front of it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("another Chandi is running on this data folder ({})", .0.display())]
    InUse(PathBuf),
    #[error("the data folder {} cannot be used: {cause}", folder.display())]
    Folder { folder: PathBuf, cause: std::io::Error },
    #[error("the key of the database cannot be read: {0}")]
    Key(std::io::Error),
    #[error("the database cannot be opened: {0}")]
    Store(#[from] StoreError),
}

/// A running Chandi on one data folder. It holds one shop, the owner's own or the demo, or none yet.
pub struct App {
    config: Config,
    shop: RwLock<Option<Arc<Shop>>>,
    /// One setup or one leaving at a time.
    pub(crate) changing_shop: Mutex<()>,
    pub live: Arc<Live>,
    _lock: File,
}

/// An open shop and what this process remembers about it.
pub struct Shop {
    pub(crate) store: Store,
    pub(crate) edges: Edges,
    pub(crate) live: Arc<Live>,
    pub(crate) sessions: Sessions,
    pub(crate) displays: Displays,
    pub(crate) asks: Asks,
    pub(crate) settings: RwLock<Arc<Settings>>,
    pub(crate) identity: Identity,
    pub(crate) printing: Printing,
    pub(crate) mailing: Mailing,
    pub(crate) paying: Paying,
    pub(crate) search: Search,
    pub(crate) eyes: Eyes,
    pub(crate) cameras: Arc<dyn Cameras>,
    pub(crate) authority: RwLock<Option<Arc<dyn Authority>>>,
    key_storage: KeyStorage,
}

/// Where the two kinds of shop live below the data folder. The demo never touches the owner's own.
pub(crate) fn folder_of(data: &Path, demo: bool) -> PathBuf {
    data.join(if demo { "demo" } else { "shop" })
}

pub(crate) const DATABASE: &str = "chandi.db";

impl App {
    pub fn open(config: Config) -> std::result::Result<App, OpenError> {
        let folder = |cause| OpenError::Folder {
            folder: config.data.clone(),
            cause,
        };
        std::fs::create_dir_all(&config.data).map_err(folder)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(config.data.join("lock"))
            .map_err(folder)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(OpenError::InUse(config.data.clone())),
            Err(std::fs::TryLockError::Error(cause)) => return Err(folder(cause)),
        }
        let app = App {
            shop: RwLock::new(None),
            changing_shop: Mutex::new(()),
            live: Arc::default(),
            _lock: lock,
            config,
        };
        for demo in [false, true] {
            if folder_of(&app.config.data, demo).join(DATABASE).exists() {
                let (store, key_storage) = app.open_store(demo)?;
                // A file without a founded shop is what a power cut left of a setup: the next setup goes on with it.
                if store.identity().is_some() {
                    app.enter(store, key_storage)?;
                    break;
                }
            }
        }
        Ok(app)
    }

    pub(crate) fn open_store(&self, demo: bool) -> std::result::Result<(Store, KeyStorage), OpenError> {
        let folder = folder_of(&self.config.data, demo);
        std::fs::create_dir_all(&folder).map_err(|cause| OpenError::Folder {
            folder: folder.clone(),
            cause,
        })?;
        let file = folder.join(DATABASE);
        let fresh = !file.exists();
        let use_keyring = self.config.use_keyring && !demo;
        let (key, storage) =
            vault::key_of(&folder, fresh, &self.config.edges, use_keyring).map_err(OpenError::Key)?;
        Ok((
            Store::open(Options {
                file,
                key: Some(key),
                vfs: None,
            })?,
            storage,
        ))
    }

    pub(crate) fn enter(
        &self,
        store: Store,
        key_storage: KeyStorage,
    ) -> std::result::Result<Arc<Shop>, StoreError> {
        let mut shop = Shop::new(store, key_storage, self.config.edges.clone(), self.live.clone())?;
        shop.printing = Printing::new(self.config.print_limits);
        shop.cameras = self.config.cameras.clone();
        shop.paying = Paying::new(self.config.gateways.clone(), self.config.payment_limits.clone());
        let shop = Arc::new(shop);
        // A queue that cannot be read must not keep the till shut.
        if let Err(error) = shop.start_printing() {
            tracing::error!(%error, "the print queue does not begin");
        }
        if let Err(error) = shop.start_mailing() {
            tracing::error!(%error, "the outbox does not begin");
        }
        // Neither must money that came late for a closed drawer.
        if let Err(error) = shop.settle_late_money() {
            tracing::error!(%error, "what came late for closed shifts is not written down yet");
        }
        shop.start_paying();
        *self.shop.write().unwrap_or_else(PoisonError::into_inner) = Some(shop.clone());
        Ok(shop)
    }

    /// Forgets the open shop; the last request that still uses it closes its file.
    pub(crate) fn leave(&self) {
        *self.shop.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub fn shop(&self) -> Result<Arc<Shop>> {
        self.try_shop().ok_or(AppError::new(Code::NoShop))
    }

    pub fn try_shop(&self) -> Option<Arc<Shop>> {
        self.shop.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn edges(&self) -> &Edges {
        &self.config.edges
    }
}

impl Shop {
    /// A shop over a store that stands; the simulation opens its own.
    pub fn new(
        store: Store,
        key_storage: KeyStorage,
        edges: Edges,
        live: Arc<Live>,
    ) -> std::result::Result<Shop, StoreError> {
        let identity = store.identity().ok_or(StoreError::NoShop)?;
        let settings = Arc::new(Settings::load(&store, &identity)?);
        Ok(Shop {
            store,
            edges,
            live,
            sessions: Sessions::default(),
            displays: Displays::default(),
            asks: Asks::default(),
            settings: RwLock::new(settings),
            identity,
            printing: Printing::new(Limits::default()),
            mailing: Mailing::default(),
            paying: Paying::new(Gateways::default(), PaymentLimits::default()),
            search: Search::default(),
            eyes: Eyes::default(),
            cameras: devices::camera::system(),
            authority: RwLock::new(None),
            key_storage,
        })
    }

    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    pub fn key_storage(&self) -> KeyStorage {
        self.key_storage
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The seat of the app's own window: the device's counter itself.
    pub fn own_seat(&self) -> SeatId {
        SeatId::from_bytes(self.identity.counter.bytes())
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
