//! The link to the appointed claim authority.

use app::{
    Shop,
    authority::{Authority, ClaimAsk, ClaimRelease, ClaimReply, Deeds, Unreachable},
    letters::{DEVICE, SIGNATURE, hex},
};
use domain::ids::DeviceId;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    sync::{Arc, Condvar, Mutex, PoisonError, Weak},
    thread,
    time::Duration,
};

/// How long a counter waits for the authority before it goes on alone.
pub const PATIENCE: Duration = Duration::from_millis(300);
/// How often what was not heard is told again.
const AGAIN: Duration = Duration::from_secs(1);

/// Asks one node, at one address, about every order.
pub struct Link {
    shop: Weak<Shop>,
    address: String,
    agent: ureq::Agent,
    bell: Arc<Bell>,
}

/// Wakes the thread that tells.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    heard: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.heard.notify_one();
    }

    fn wait(&self) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut rung, _) = self
            .heard
            .wait_timeout_while(rung, AGAIN, |rung| !*rung)
            .unwrap_or_else(PoisonError::into_inner);
        *rung = false;
    }
}

/// Makes the node at `address` (like `http://127.0.0.1:8650`) this shop's claim authority, and tells it, for as long
/// as the shop is open, what this device did.
pub fn appoint(shop: &Arc<Shop>, address: &str) -> std::io::Result<()> {
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        .build()
        .new_agent();
    let bell = Arc::new(Bell::default());
    let link = Arc::new(Link {
        shop: Arc::downgrade(shop),
        address: address.trim_end_matches('/').to_owned(),
        agent,
        bell: bell.clone(),
    });
    shop.appoint(Some(link));
    let shop = Arc::downgrade(shop);
    thread::Builder::new().name("teller".to_owned()).spawn(move || {
        loop {
            bell.wait();
            let Some(shop) = shop.upgrade() else {
                return;
            };
            if let Err(unreachable) = shop.tell_authority() {
                tracing::debug!(%unreachable, "told later");
            }
        }
    })?;
    Ok(())
}

impl Link {
    fn ask<A: DeserializeOwned>(&self, path: &str, question: &impl Serialize) -> Result<A, Unreachable> {
        let lost = |e: &dyn std::fmt::Display| Unreachable(e.to_string());
        let shop = self.shop.upgrade().ok_or_else(|| lost(&"the shop is closed"))?;
        let body = serde_json::to_vec(question).map_err(|e| lost(&e))?;
        let (device, signature) = shop.sign_letter(&body).map_err(|e| lost(&e))?;
        let mut answer = self
            .agent
            .post(format!("{}/api/v1/nodes/{path}", self.address))
            .header("content-type", "application/json")
            .header("x-chandi", "1")
            .header(DEVICE, device)
            .header(SIGNATURE, hex(&signature))
            .send(body)
            .map_err(|e| lost(&e))?;
        if answer.status() != 200 {
            return Err(lost(&format!("it answered {}", answer.status())));
        }
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .and_then(|v| v.to_str().ok())
                .map(str::to_owned)
        };
        let other: DeviceId = header(DEVICE)
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| lost(&"the answer names no device"))?;
        let signed = header(SIGNATURE).ok_or_else(|| lost(&"the answer is not signed"))?;
        let bytes = answer.body_mut().read_to_vec().map_err(|e| lost(&e))?;
        match shop.believes(other, &signature, &bytes, &signed) {
            Ok(true) => serde_json::from_slice(&bytes).map_err(|e| lost(&e)),
            Ok(false) => Err(lost(&"the answer is not signed by a device of this branch")),
            Err(e) => Err(lost(&e)),
        }
    }
}

impl Authority for Link {
    fn claim(&self, ask: &ClaimAsk) -> Result<ClaimReply, Unreachable> {
        self.ask("claims", ask)
    }

    fn release(&self, release: &ClaimRelease) -> Result<(), Unreachable> {
        self.ask("releases", release)
    }

    fn tell(&self, deeds: &Deeds) -> Result<(), Unreachable> {
        self.ask("deeds", deeds)
    }

    fn nudge(&self) {
        self.bell.ring();
    }
}
