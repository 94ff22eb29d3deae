//! Whether this device can be reached on the LAN: by browsers, and by the shop's other devices.
//!
//! It is the device's own switch, off until somebody turns it on at the device. What listens and announces is the
//! transport's; it is told here what is wanted, and says here what became of it.

use crate::{AppError, Result, Shop, settings::Settings, wire::rfc3339};
use domain::{ids::DeviceId, time::Moment};
use serde::{Deserialize, Serialize};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use store::{Store, StoreError};
use tokio::sync::watch;
use utoipa::ToSchema;
use uuid::Uuid;

/// Where the switch is kept.
const KEPT: &str = "sharing";
/// A shop has not more devices than somebody would type.
const MOST_TYPED: usize = 64;

/// What is kept of it on this device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    pub on: bool,
    /// Chosen once; phones have it in their bookmarks.
    pub port: Option<u16>,
    /// Devices that are looked for at these addresses, besides those that announce themselves.
    #[serde(default)]
    pub typed: Vec<SocketAddr>,
}

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reached {
    #[default]
    Off,
    On {
        port: u16,
        addresses: Vec<IpAddr>,
        /// The device's name on the LAN, like `chandi-1a2b.local`.
        name: String,
        /// The SHA-256 of the certificate that browsers install.
        fingerprint: [u8; 32],
    },
    /// Its port is somebody else's, or the network cannot be used.
    Failed { port_taken: bool, why: String },
}

/// The switch of an open shop.
pub struct Sharing {
    wanted: Mutex<Wanted>,
    reached: watch::Sender<Reached>,
}

impl Sharing {
    pub(crate) fn load(store: &Store) -> std::result::Result<Sharing, StoreError> {
        let kept = store.read(|r| r.local_value(KEPT))?;
        let wanted = kept.and_then(|text| match serde_json::from_str(&text) {
            Ok(wanted) => Some(wanted),
            Err(error) => {
                tracing::warn!(%error, "what was kept of sharing cannot be read; it is off");
                None
            }
        });
        Ok(Sharing {
            wanted: Mutex::new(wanted.unwrap_or_default()),
            reached: watch::Sender::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn wanted(&self) -> Wanted {
        self.lock().clone()
    }

    pub fn reached(&self) -> Reached {
        self.reached.borrow().clone()
    }

    /// Until what was asked for is so, or failed, or nobody did it for so long.
    pub async fn settled(&self, patience: Duration) {
        let mut reached = self.reached.subscribe();
        let settled = reached.wait_for(|reached| (*reached == Reached::Off) != self.lock().on);
        // Whoever asked sees what it is now, done or not.
        let _ = tokio::time::timeout(patience, settled).await;
    }
}

/// Turns sharing on or off, or names the devices that do not announce themselves. What is left out stays.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSharing {
    pub on: Option<bool>,
    /// Like `192.168.1.20:8650`.
    pub typed: Option<Vec<String>>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SharingView {
    pub on: bool,
    /// off, starting, on or failed
    pub state: String,
    /// port_taken or no_network, when it failed.
    pub problem: Option<String>,
    pub port: Option<u16>,
    /// Where a browser of the LAN opens the till, the likeliest first.
    pub addresses: Vec<SharingAddress>,
    /// The SHA-256 of the certificate that browsers install, for people to compare.
    pub fingerprint: Option<String>,
    pub typed: Vec<String>,
    /// The shop's other devices, as far as this one sees them.
    pub others: Vec<SharingOther>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SharingAddress {
    /// Opens the till.
    pub url: String,
    /// Says how to install the certificate, and then opens the till: what a phone is shown first.
    pub guide: String,
}

/// Another device of the shop on the LAN.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SharingOther {
    pub device: Uuid,
    /// What its counter is called.
    pub name: Option<String>,
    pub address: Option<String>,
    pub version: Option<String>,
    pub reachable: bool,
    /// When it was last heard.
    pub seen: Option<String>,
}

/// What the transport knows of another device.
#[derive(Debug, Clone)]
pub struct Seen {
    pub device: DeviceId,
    pub address: Option<SocketAddr>,
    pub version: Option<String>,
    pub reachable: bool,
    pub at: Option<Moment>,
}

impl Shop {
    pub fn sharing(&self) -> &Sharing {
        &self.sharing
    }

    pub fn change_sharing(&self, form: &ChangeSharing) -> Result<()> {
        let typed = form.typed.as_ref().map(|typed| addresses(typed)).transpose()?;
        self.keep_sharing(|wanted| {
            wanted.on = form.on.unwrap_or(wanted.on);
            if let Some(typed) = typed {
                wanted.typed = typed;
            }
        })
    }

    /// Where other devices of the LAN reach this one; empty while they cannot.
    pub fn shared_at(&self) -> Vec<String> {
        match self.sharing.reached() {
            Reached::On { port, addresses, .. } if self.sharing.wanted().on => addresses
                .iter()
                .map(|address| format!("https://{}", SocketAddr::new(*address, port)))
                .collect(),
            Reached::On { .. } | Reached::Failed { .. } | Reached::Off => vec![],
        }
    }

    /// Changes what is wanted, and whoever does it is told.
    pub fn keep_sharing(&self, change: impl FnOnce(&mut Wanted)) -> Result<()> {
        let mut wanted = self.sharing.lock();
        let mut next = wanted.clone();
        change(&mut next);
        if next != *wanted {
            let text =
                serde_json::to_string(&next).map_err(|e| AppError::new(crate::Code::Broken).caused(e))?;
            self.store
                .write(self.edges.now(), |tx| tx.set_local_value(KEPT, &text))?;
            *wanted = next;
        }
        drop(wanted);
        self.live.tell("sharing", None);
        Ok(())
    }

    /// The transport says what became of it.
    pub fn reached(&self, reached: Reached) {
        let news = self.sharing.reached.send_if_modified(|now| {
            let news = *now != reached;
            *now = reached;
            news
        });
        if news {
            self.live.tell("sharing", None);
        }
    }

    pub fn sharing_view(&self, others: Vec<Seen>) -> Result<SharingView> {
        let wanted = self.sharing.wanted();
        let (welcome, settings) = self
            .store
            .read(|r| Ok::<_, StoreError>((r.welcome_devices()?, r.settings()?)))?;
        let counters = Settings::counter_names(&settings);
        let name_of = |device: DeviceId| {
            let counter = welcome.iter().find(|one| one.device == device)?.counter;
            let named = counters.get(&counter).cloned();
            // Nobody has to name the first counter of a shop.
            Some(named.unwrap_or_else(|| Settings::unnamed("counter.name")))
        };
        let mut view = SharingView {
            on: wanted.on,
            state: if wanted.on { "starting" } else { "off" }.to_owned(),
            problem: None,
            port: wanted.port,
            addresses: vec![],
            fingerprint: None,
            typed: wanted.typed.iter().map(ToString::to_string).collect(),
            others: others
                .into_iter()
                .map(|seen| SharingOther {
                    device: seen.device.uuid(),
                    name: name_of(seen.device),
                    address: seen.address.map(|address| address.to_string()),
                    version: seen.version,
                    reachable: seen.reachable,
                    seen: seen.at.map(rfc3339),
                })
                .collect(),
        };
        match self.sharing.reached() {
            Reached::On {
                port,
                addresses,
                name,
                fingerprint,
            } if wanted.on => {
                view.state = "on".to_owned();
                view.port = Some(port);
                view.fingerprint = Some(spelled(&fingerprint));
                let hosts = addresses
                    .iter()
                    .map(|address| SocketAddr::new(*address, port).to_string());
                view.addresses = hosts
                    .chain([format!("{name}:{port}")])
                    .map(|host| SharingAddress {
                        url: format!("https://{host}"),
                        guide: format!("http://{host}"),
                    })
                    .collect();
            }
            Reached::Failed { port_taken, .. } if wanted.on => {
                view.state = "failed".to_owned();
                view.problem = Some(if port_taken { "port_taken" } else { "no_network" }.to_owned());
            }
            Reached::On { .. } | Reached::Failed { .. } | Reached::Off => {}
        }
        Ok(view)
    }
}

fn addresses(typed: &[String]) -> Result<Vec<SocketAddr>> {
    if typed.len() > MOST_TYPED {
        return Err(AppError::field("typed", "too_many"));
    }
    let mut addresses = typed
        .iter()
        .map(|text| {
            text.trim()
                .parse::<SocketAddr>()
                .map_err(|_| AppError::field("typed", "not_an_address"))
        })
        .collect::<Result<Vec<_>>>()?;
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses)
}

/// `AB:CD:…`, as systems show it beside a certificate.
pub fn spelled(fingerprint: &[u8; 32]) -> String {
    let pairs: Vec<String> = fingerprint.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}
