//! Opening: the data folder, its lock, its key, its shop.

use crate::{
    AppError, Code, Result,
    arriving::{self, Arrival, Reach},
    asks::Asks,
    authority::Authority,
    backups::{Backups, Sticks},
    backups_hub::AsksHubs,
    cameras::Eyes,
    display::Displays,
    edges::Edges,
    forget,
    hub::HubLink,
    joining::{self, Invitations},
    lead::Leading,
    listening::{Linked, Passes},
    live::Live,
    mail::Mailing,
    payments::{Paying, PaymentLimits},
    printers::Search,
    printing::Printing,
    recovery,
    restore::Restoring,
    second_factor,
    sessions::Sessions,
    settings::Settings,
    shared_carts::SharedCarts,
    sharing::Sharing,
    sync_status::Links,
    vault::{self, KeyStorage},
    webhooks::Hooks,
};
use connect::gateway::Gateways;
use devices::{Limits, camera::Cameras};
use domain::ids::SeatId;
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock, atomic::AtomicBool},
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
    /// Where USB sticks show up, when not where the system mounts them.
    pub sticks: Option<Sticks>,
    /// Opened only to be looked at: nothing is printed, sent or backed up beside it, and nothing is written down by itself.
    pub at_rest: bool,
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
            sticks: None,
            at_rest: false,
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
    pub(crate) restoring: Restoring,
    pub live: Arc<Live>,
    companions: RwLock<Vec<Companion>>,
    /// How other devices are reached, and where this one is.
    pub(crate) reach: RwLock<Option<Arc<dyn Reach>>>,
    pub(crate) doors: RwLock<Vec<String>>,
    pub(crate) hubs: RwLock<Option<Arc<dyn AsksHubs>>>,
    pub(crate) arrival: Arrival,
    /// Reads codes while there is no shop.
    pub(crate) eyes: Eyes,
    _lock: File,
}

/// What begins beside a shop when it opens, and ends with it by itself.
type Companion = Box<dyn Fn(&Arc<Shop>) + Send + Sync>;

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
    pub(crate) hooks: Hooks,
    pub(crate) paying: Paying,
    pub(crate) search: Search,
    pub(crate) sharing: Sharing,
    pub(crate) eyes: Eyes,
    pub(crate) cameras: Arc<dyn Cameras>,
    pub(crate) links: Links,
    pub(crate) linked: Linked,
    pub(crate) passes: Passes,
    pub(crate) authority: RwLock<Option<Arc<dyn Authority>>>,
    pub(crate) hub: HubLink,
    pub(crate) leading: Leading,
    pub(crate) shared_carts: SharedCarts,
    pub(crate) backups: Backups,
    pub(crate) recovery: recovery::Pending,
    pub(crate) second_factors: second_factor::Pending,
    pub(crate) invitations: Invitations,
    /// This device was shut out: it keeps what it has and sells no more.
    pub(crate) shut_out: AtomicBool,
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
            restoring: Restoring::default(),
            live: Arc::default(),
            companions: RwLock::default(),
            reach: RwLock::default(),
            doors: RwLock::default(),
            hubs: RwLock::default(),
            arrival: Arrival::default(),
            eyes: Eyes::default(),
            _lock: lock,
            config,
        };
        App::sweep_arrival(&app.config.data);
        app.sweep_restoring();
        forget::sweep(&app.config.data);
        for demo in [false, true] {
            joining::sweep(&folder_of(&app.config.data, demo));
        }
        for demo in [false, true] {
            if folder_of(&app.config.data, demo).join(DATABASE).exists() {
                let (store, key_storage) = app.open_store(demo)?;
                // A file without a founded shop is what a power cut left of a setup: the next setup goes on with it.
                if let Some(identity) = store.identity() {
                    // Nobody is signed in yet: a device that was moved begins at its new place. Carts stay at their seats.
                    if let Some(place) = store.read(|r| r.place_of(identity.device))?
                        && store.read(|r| r.drawers_open_at(identity.counter))? == 0
                    {
                        store.take_place(&place)?;
                    }
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
        if let Err(error) = shop.look_whether_shut_out() {
            tracing::error!(%error, "it is not known whether this device still belongs to its shop");
        }
        shop.printing = Printing::new(self.config.print_limits, &self.config.edges);
        shop.cameras = self.config.cameras.clone();
        shop.paying = Paying::new(self.config.gateways.clone(), self.config.payment_limits.clone());
        let shop = Arc::new(shop);
        if !self.config.at_rest {
            self.begin_work(&shop);
        }
        if let Some(reach) = &*self.reach.read().unwrap_or_else(PoisonError::into_inner) {
            arriving::keep(reach, &shop);
        }
        *self.shop.write().unwrap_or_else(PoisonError::into_inner) = Some(shop.clone());
        self.live.tell("sharing", None);
        Ok(shop)
    }

    /// Everything that a shop does by itself while it is open.
    fn begin_work(&self, shop: &Arc<Shop>) {
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
        shop.start_hooks();
        for begin in self
            .companions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            begin(shop);
        }
        shop.backups.use_sticks(self.config.sticks.clone());
        if let Some(hubs) = &*self.hubs.read().unwrap_or_else(PoisonError::into_inner) {
            shop.backups.reach_hub(hubs.clone());
        }
        shop.start_backups();
    }

    /// Forgets the open shop; the last request that still uses it closes its file.
    pub(crate) fn leave(&self) {
        if let Some(shop) = self.try_shop() {
            shop.backups.due.stop();
        }
        *self.shop.write().unwrap_or_else(PoisonError::into_inner) = None;
        // Whoever was let in from the LAN must not stay.
        self.live.tell("sharing", None);
    }

    /// Lets something begin beside the open shop, and beside every one that is opened later.
    pub fn accompany(&self, begin: impl Fn(&Arc<Shop>) + Send + Sync + 'static) {
        let mut companions = self.companions.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(shop) = self.try_shop() {
            begin(&shop);
        }
        companions.push(Box::new(begin));
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
        let sharing = Sharing::load(&store)?;
        Ok(Shop {
            store,
            printing: Printing::new(Limits::default(), &edges),
            edges,
            live,
            sessions: Sessions::default(),
            displays: Displays::default(),
            asks: Asks::default(),
            settings: RwLock::new(settings),
            identity,
            mailing: Mailing::default(),
            hooks: Hooks::default(),
            paying: Paying::new(Gateways::default(), PaymentLimits::default()),
            search: Search::default(),
            sharing,
            eyes: Eyes::default(),
            cameras: devices::camera::system(),
            links: Links::default(),
            linked: Linked::default(),
            passes: Passes::default(),
            authority: RwLock::new(None),
            hub: HubLink::default(),
            leading: Leading::default(),
            shared_carts: SharedCarts::default(),
            backups: Backups::default(),
            recovery: recovery::Pending::default(),
            second_factors: second_factor::Pending::default(),
            invitations: Invitations::default(),
            shut_out: AtomicBool::new(false),
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
