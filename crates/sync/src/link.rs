//! The link to the appointed claim authority.

use app::{
    Shop,
    authority::{Authority, ClaimAsk, ClaimRelease, ClaimReply, Deeds, Unreachable},
    letters::{DEVICE, SIGNATURE, hex},
    print_elsewhere::NoWord,
    shared_carts::{CartList, CartReport, CartTake, CartTaken},
};
use domain::ids::DeviceId;
use journal::exchange::DIGEST;
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
    agents: Agents,
    agent: Mutex<ureq::Agent>,
    bell: Arc<Bell>,
}

/// Makes agents for an address that wait so long for an answer.
pub(crate) type Agents = Arc<dyn Fn(&str, Duration) -> ureq::Agent + Send + Sync>;

/// Wakes a thread that has something to tell or to ask.
#[derive(Default)]
pub(crate) struct Bell {
    rung: Mutex<bool>,
    heard: Condvar,
}

impl Bell {
    pub(crate) fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.heard.notify_one();
    }

    /// Until it rings, or for so long.
    pub(crate) fn wait(&self, most: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut rung, _) = self
            .heard
            .wait_timeout_while(rung, most, |rung| !*rung)
            .unwrap_or_else(PoisonError::into_inner);
        *rung = false;
    }
}

/// An agent for letters that must be answered within that time.
pub(crate) fn plain_agent(patience: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(patience))
        .http_status_as_error(false)
        .build()
        .new_agent()
}

/// Makes the node at `address` (like `http://127.0.0.1:8650`) this shop's claim authority, and tells it, for as long
/// as the shop is open, what this device did.
pub fn appoint(shop: &Arc<Shop>, address: &str) -> std::io::Result<()> {
    let bell = Arc::new(Bell::default());
    let link = Link::at(
        shop,
        address,
        Arc::new(|_: &str, patience| plain_agent(patience)),
        bell.clone(),
    );
    shop.appoint(Some(Arc::new(link)));
    let shop = Arc::downgrade(shop);
    thread::Builder::new().name("teller".to_owned()).spawn(move || {
        loop {
            bell.wait(AGAIN);
            let Some(shop) = shop.upgrade() else {
                return;
            };
            if let Err(unreachable) = shop.tell_authority() {
                tracing::debug!(%unreachable, "told later");
            }
            if let Err(error) = shop.exchange_carts() {
                tracing::error!(%error, "parked carts are not shared");
            }
        }
    })?;
    Ok(())
}

impl Link {
    pub(crate) fn at(shop: &Arc<Shop>, address: &str, agents: Agents, bell: Arc<Bell>) -> Link {
        Link {
            shop: Arc::downgrade(shop),
            address: address.trim_end_matches('/').to_owned(),
            agent: Mutex::new(agents(address, PATIENCE)),
            agents,
            bell,
        }
    }

    fn ask<A: DeserializeOwned>(&self, path: &str, question: &impl Serialize) -> Result<A, Unreachable> {
        let shop = self.shop.upgrade().ok_or_else(|| lost(&"the shop is closed"))?;
        let agent = self.agent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = write(&shop, &agent, &self.address, path, question);
        if answer.is_err() {
            // Connections that broke, or trust that was given anew, are not tried twice.
            *self.agent.lock().unwrap_or_else(PoisonError::into_inner) =
                (self.agents)(&self.address, PATIENCE);
        }
        answer.map(|(_, answer)| answer)
    }
}

fn lost(why: &dyn std::fmt::Display) -> Unreachable {
    Unreachable(why.to_string())
}

/// Writes a letter to the node at an address, and says who answered it and what.
pub(crate) fn write<A: DeserializeOwned>(
    shop: &Shop,
    agent: &ureq::Agent,
    address: &str,
    path: &str,
    question: &impl Serialize,
) -> Result<(DeviceId, A), Unreachable> {
    exchange(shop, agent, address, path, question, None).map_err(|none| Unreachable(none.why))
}

/// The same, for who must know whether a question without an answer may have been heard.
pub(crate) fn exchange<A: DeserializeOwned>(
    shop: &Shop,
    agent: &ureq::Agent,
    address: &str,
    path: &str,
    question: &impl Serialize,
    connect: Option<Duration>,
) -> Result<(DeviceId, A), NoWord> {
    let unsaid = |why: &dyn std::fmt::Display| NoWord {
        heard: false,
        why: why.to_string(),
    };
    let lost = |why: &dyn std::fmt::Display| NoWord {
        heard: true,
        why: why.to_string(),
    };
    let body = serde_json::to_vec(question).map_err(|e| unsaid(&e))?;
    let letter = shop.sign_letter(&body).map_err(|e| unsaid(&e))?;
    let mut request = agent.post(format!("{address}/api/v1/nodes/{path}"));
    if connect.is_some() {
        request = request.config().timeout_connect(connect).build();
    }
    let mut answer = request
        .header("content-type", "application/json")
        .header("x-chandi", "1")
        .header(DEVICE, letter.device.to_string())
        .header(DIGEST, hex(&letter.digest))
        .header(SIGNATURE, hex(&letter.signature))
        .send(body)
        .map_err(|e| match never_left(&e) {
            true => unsaid(&e),
            false => lost(&e),
        })?;
    match answer.status().as_u16() {
        200 => {}
        // Whoever refuses a letter does nothing about it.
        status @ 400..=499 => return Err(unsaid(&format!("it answered {status}"))),
        status => return Err(lost(&format!("it answered {status}"))),
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
    match shop.believes(other, &letter.signature, &bytes, &signed) {
        Ok(true) => Ok((other, serde_json::from_slice(&bytes).map_err(|e| lost(&e))?)),
        Ok(false) => Err(lost(&"the answer is not signed by a device of this branch")),
        Err(e) => Err(lost(&e)),
    }
}

/// Whether nobody can have heard a question that failed so: there was no connection to say it on.
fn never_left(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed | ureq::Error::BadUri(_) => true,
        ureq::Error::Timeout(when) => matches!(when, ureq::Timeout::Resolve | ureq::Timeout::Connect),
        ureq::Error::Io(io) => io.kind() == std::io::ErrorKind::ConnectionRefused,
        _ => false,
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

    fn carts(&self, report: &CartReport) -> Result<CartList, Unreachable> {
        self.ask("carts", report)
    }

    fn take(&self, ask: &CartTake) -> Result<CartTaken, Unreachable> {
        self.ask("takes", ask)
    }

    fn nudge(&self) {
        self.bell.ring();
    }
}
