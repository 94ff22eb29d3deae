//! The shop's hub on the Internet: which one it is, what a shop brings to be taken by it, and what it said last.
//!
//! How it is reached is the concern of `sync`. The address is a setting of the shop, so every device follows it; it is
//! no secret, and neither lets anybody in.

use crate::{
    Actor, AppError, Code, Result, Shop,
    settings::{HUB_ADDRESS, set_by_key},
    wire::{content_of, rfc3339},
};
use domain::{
    ids::{CustomerId, DeviceId},
    time::Moment,
};
use journal::{
    Body, Place, Transaction, Vector,
    admission::founder,
    exchange::{OwnerAsk, OwnerOffer, Push, Range, Registration, SealedKey, missing},
};
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError, RwLock};
use utoipa::ToSchema;
use uuid::Uuid;

/// The most that goes along to show that a device belongs to the shop.
const PROOF_BYTES: usize = 1 << 20;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GoOnline {
    pub id: Uuid,
    /// Like `https://hub.example.com`. Without TLS only this machine itself is asked.
    pub address: String,
    /// The word that the hub's operator gave. A shop that the hub knows needs none.
    #[serde(default)]
    pub invitation: String,
}

/// How many customers' keys are told of at once.
const KEYS: usize = 200;
/// Which hub was told of the keys that count as told.
const KEYS_AT: &str = "hub_keys_at";

/// How it stands with the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HubView {
    /// Nothing: the shop keeps to itself.
    pub address: Option<String>,
    /// off, connecting, online, unreachable or refused
    pub state: String,
    /// Why the hub refuses: not_signed, suspended, revoked, clock, too_many or another word of a newer hub.
    pub refusal: Option<String>,
    /// Since when it is so.
    pub since: Option<String>,
    /// When facts were last exchanged.
    pub exchanged_at: Option<String>,
    /// Facts that are not at the hub yet.
    pub to_send: u64,
    /// Devices whose facts one side refused for good.
    pub set_aside: usize,
}

/// With this an owner makes a login at the hub's page, or sets theirs anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HubLoginView {
    /// Where the hub's page is; the code is part of it, behind the #.
    pub page: String,
    /// The same to type.
    pub code: String,
    pub until: String,
    /// It opens at once; else another owner says yes to it first, on the hub's page.
    pub confirmed: bool,
}

/// What this process knows of the hub besides how the exchange goes.
#[derive(Default)]
pub struct HubLink {
    /// From the command line: followed instead of the setting.
    given: RwLock<Option<String>>,
    /// Why the hub did not want to hear the last question.
    refusal: Mutex<Option<String>>,
}

/// The address as it is kept: no slash at its end; plain HTTP for this machine alone.
pub fn hub_address(text: &str) -> Result<String> {
    let wrong = |why: &str| Err(AppError::field("address", why));
    let text = text.trim().trim_end_matches('/');
    let (safe, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ if !text.contains("://") && !text.is_empty() => return hub_address(&format!("https://{text}")),
        _ => return wrong("an address like https://hub.example.com"),
    };
    let (host, port) = match rest.strip_prefix('[') {
        Some(v6) => match v6.split_once(']') {
            Some((host, port)) if host.parse::<std::net::Ipv6Addr>().is_ok() => {
                (host, port.strip_prefix(':'))
            }
            _ => return wrong("an address like https://hub.example.com"),
        },
        None => match rest.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        },
    };
    let name = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    let told = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    if host.is_empty() || text.len() > 200 || !host.chars().all(name) || !told {
        return wrong("an address like https://hub.example.com");
    }
    let here = host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    if !safe && !here {
        return wrong("another machine is only reached with https");
    }
    Ok(text.to_owned())
}

impl Shop {
    /// The hub that this device follows, if any. A demo keeps to itself.
    pub fn hub_followed(&self) -> Option<String> {
        if self.is_demo() {
            return None;
        }
        let given = self
            .hub
            .given
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let kept = || self.settings().text(HUB_ADDRESS).to_owned();
        Some(given.unwrap_or_else(kept)).filter(|address| !address.is_empty())
    }

    /// Follows this hub until the program ends, whatever the shop's setting says.
    pub fn follow_hub(&self, address: &str) -> Result<()> {
        let address = self.may_go_online(address)?;
        *self.hub.given.write().unwrap_or_else(PoisonError::into_inner) = Some(address);
        self.live.tell("hub", None);
        Ok(())
    }

    /// The address, if this shop may be kept by a hub at all.
    pub fn may_go_online(&self, address: &str) -> Result<String> {
        match self.is_demo() {
            true => Err(Code::DemoStays.into()),
            false => hub_address(address),
        }
    }

    /// What a hub that does not know this shop wants to see: its founding, and how this device came to it.
    pub fn registration(&self, invitation: &str) -> Result<Registration> {
        let shop = self.identity.shop;
        let vector = self.vector()?;
        let first = |device: &DeviceId| Range {
            device: *device,
            after: 0,
            upto: 1,
        };
        for device in vector.keys() {
            let (chunks, _) = self.store.chunks(&[first(device)], usize::MAX)?;
            let Some(founding) = chunks
                .into_iter()
                .next()
                .and_then(|chunk| chunk.transactions.into_iter().next())
            else {
                continue;
            };
            let Ok(read) = Transaction::decode(&founding, shop, *device, &Place::default()) else {
                continue;
            };
            let founds = read.facts.first().and_then(|fact| {
                let body = Body::decode(fact.header.kind, fact.header.version, &fact.body).ok()?;
                founder(&fact.header, &body)
            });
            if founds.is_none() {
                continue;
            }
            let proof = match *device == self.identity.device {
                true => vec![],
                false => self.admission_proof(*device, &vector)?,
            };
            return Ok(Registration {
                invitation: invitation.trim().to_owned(),
                shop: shop.bytes(),
                device: device.bytes(),
                founding,
                proof,
            });
        }
        Err(AppError::new(Code::Broken).because("the founding of the shop is not here"))
    }

    /// The founder's series first, then the others', as far as they fit.
    fn admission_proof(&self, founder: DeviceId, vector: &Vector) -> Result<Vec<u8>> {
        let mut ranges = missing(&Vector::new(), vector);
        ranges.retain(|range| range.device != self.identity.device);
        ranges.sort_by_key(|range| range.device != founder);
        let (series, _) = self.store.chunks(&ranges, PROOF_BYTES)?;
        Ok(Push { series }.encode())
    }

    /// Keeps the address of a hub that took the shop; every device follows it from now on.
    pub fn keep_hub(&self, actor: Option<&Actor>, id: Uuid, address: &str) -> Result<HubView> {
        let content = content_of("hub", &address)?;
        self.write_once(*id.as_bytes(), &content, |tx| {
            set_by_key(tx, actor, HUB_ADDRESS, address)
        })?;
        self.hub_changed()
    }

    /// Exchanges nothing with a hub any more. What it has stays there until its operator deletes it.
    pub fn leave_hub(&self, actor: &Actor) -> Result<HubView> {
        self.store.write(self.edges.now(), |tx| {
            set_by_key(tx, Some(actor), HUB_ADDRESS, "")
        })?;
        self.hub_changed()
    }

    fn hub_changed(&self) -> Result<HubView> {
        self.reload_settings()?;
        *self.hub.given.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.live.tell("setting", Some(HUB_ADDRESS.to_owned()));
        self.live.tell("hub", None);
        self.hub_view()
    }

    /// Remembers whether the hub refuses, and why; the screens hear of what is new in it.
    pub fn hear_hub(&self, refusal: Option<String>) {
        let mut known = self.hub.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != refusal {
            *known = refusal;
            drop(known);
            self.live.tell("hub", None);
        }
    }

    /// The keys that this hub was not given yet, and the customers of whom it does not know that they are erased here.
    pub fn keys_for_hub(&self, address: &str) -> Result<(Vec<SealedKey>, Vec<CustomerId>)> {
        let told = self.store.read(|r| r.local_value(KEYS_AT))?;
        if told.as_deref() != Some(address) {
            self.store.keys_untell()?;
            self.store
                .write(self.edges.now(), |tx| tx.set_local_value(KEYS_AT, address))?;
        }
        let (untold, erased) = self.store.keys_untold(KEYS)?;
        Ok((self.keys_of(&untold)?, erased))
    }

    pub fn keys_at_hub(&self, given: &[SealedKey], erased: &[CustomerId]) -> Result<()> {
        let given: Vec<CustomerId> = given.iter().map(|key| key.customer).collect();
        Ok(self.store.keys_told(&given, erased)?)
    }

    /// For whom this device asks at the hub: who is signed in here. Whether they are an owner the hub looks up.
    pub fn owner_ask(&self, actor: &Actor) -> Result<OwnerAsk> {
        let member = self.staff_member(actor.staff)?;
        Ok(OwnerAsk {
            staff: actor.staff.bytes(),
            name: member.name,
        })
    }

    pub fn hub_login_view(&self, address: &str, offer: OwnerOffer) -> HubLoginView {
        HubLoginView {
            page: format!("{address}/owner#{}", offer.code),
            code: offer.code,
            until: rfc3339(Moment(offer.until_ms)),
            confirmed: offer.confirmed,
        }
    }

    pub fn hub_view(&self) -> Result<HubView> {
        let mut view = HubView {
            address: self.hub_followed(),
            state: "off".to_owned(),
            refusal: None,
            since: None,
            exchanged_at: None,
            to_send: 0,
            set_aside: 0,
        };
        let Some(address) = &view.address else {
            return Ok(view);
        };
        let peers = self
            .sync_now()?
            .details
            .map_or_else(Vec::new, |details| details.peers);
        let peer = peers.into_iter().find(|peer| peer.key == *address);
        let refusal = self.hub.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        view.refusal.clone_from(&refusal);
        let reachable = peer.as_ref().and_then(|peer| peer.reachable);
        let state = match (&view.refusal, reachable) {
            (Some(_), _) => "refused",
            (None, Some(true)) => "online",
            (None, Some(false)) => "unreachable",
            (None, None) => "connecting",
        };
        state.clone_into(&mut view.state);
        if let Some(peer) = peer {
            view.since = Some(peer.since);
            view.exchanged_at = peer.exchanged_at;
            view.to_send = peer.to_send;
            view.set_aside = peer.given_up.len();
        }
        Ok(view)
    }
}

#[cfg(test)]
mod tests {
    use super::hub_address;

    #[test]
    fn another_machine_is_only_reached_over_tls() {
        for (typed, kept) in [
            ("https://hub.example.com/", "https://hub.example.com"),
            (" hub.example.com ", "https://hub.example.com"),
            ("hub.example.com:8443", "https://hub.example.com:8443"),
            ("http://127.0.0.1:8660", "http://127.0.0.1:8660"),
            ("http://localhost", "http://localhost"),
            ("http://[::1]:8660", "http://[::1]:8660"),
        ] {
            assert_eq!(hub_address(typed).ok().as_deref(), Some(kept), "{typed}");
        }
        for typed in [
            "",
            "http://hub.example.com",
            "http://127.0.0.1.example.com",
            "http://192.168.1.2:8660",
            "https://",
            "https://somebody@hub.example.com",
            "https://hub.example.com/path",
            "https://hub.example.com:0",
            "https://hub example.com",
            "ftp://hub.example.com",
            "https://[::1",
        ] {
            assert!(hub_address(typed).is_err(), "{typed}");
        }
    }
}
