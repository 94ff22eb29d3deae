//! The shop's hub on the Internet: bringing the shop there, and exchanging facts with it for as long as the shop wants.

use crate::{
    peer::{Peer, Unreachable, lost},
    replicate::{Following, LISTEN},
    shut_out::{NOTICE, hear_why},
    tls::{self, Addresses, Trust},
};
use app::{
    Actor, AppError, Code, Shop,
    backups_hub::{AsksHubs, HubSays},
    hub::{GoOnline, HubLoginView, HubView},
    letters::hex,
    sync_status::{PeerKind, PeerName},
};
use domain::ids::CustomerId;
use journal::exchange::{
    DEVICE, DIGEST, Keys, KeysAnswer, Matters, OwnerOffer, Pull, Pulled, Push, Pushed, SHOP, SIGNATURE, TIME,
    signature_text,
};
use serde::Deserialize;
use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    thread,
    time::Duration,
};
use store::ingest::SealedKey;
use tokio::sync::broadcast::error::RecvError;

/// How long a hub may take over an answer, besides what it was asked to wait.
const PATIENCE: Duration = Duration::from_secs(20);
/// The same for a piece of a backup, over a slow line.
const PIECE_PATIENCE: Duration = Duration::from_secs(90);
/// The largest answer that is read.
const MOST_BYTES: u64 = 40 << 20;
/// What a hub calls a device that was shut out.
const REVOKED: &str = "revoked";

/// A hub at an address. Every request is signed by this device; what comes back is signed by those who wrote it.
pub struct Hub {
    shop: Weak<Shop>,
    address: String,
    agent: ureq::Agent,
    /// Why it did not want to hear the last question.
    refusal: Mutex<Option<String>>,
}

enum Answer {
    Done(Vec<u8>),
    Refused(String),
}

/// What a hub says when it does not do what it was asked.
#[derive(Deserialize)]
struct Refusal {
    error: RefusalBody,
}

#[derive(Deserialize)]
struct RefusalBody {
    code: String,
    kind: String,
}

impl Hub {
    /// `address` is like `https://hub.example.com`; `wait` is the longest that it is asked to wait for news.
    pub fn at(shop: &Arc<Shop>, address: &str, wait: Duration) -> Hub {
        let agent = tls::agent(&Trust::World, &Addresses::default(), PATIENCE + wait);
        Hub {
            shop: Arc::downgrade(shop),
            address: address.trim_end_matches('/').to_owned(),
            agent,
            refusal: Mutex::default(),
        }
    }

    /// Why it did not want to hear the last question; none if it answered, or nothing was heard of it.
    pub fn refusal(&self) -> Option<String> {
        self.refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: Vec<u8>) -> Result<Vec<u8>, Unreachable> {
        let outcome = self.answer_to(method, path, body);
        let (outcome, refusal) = match outcome {
            Ok(Answer::Done(bytes)) => (Ok(bytes), None),
            Ok(Answer::Refused(code)) => {
                if code == REVOKED {
                    hear_why(&self.shop, |body| match self.answer_to("POST", NOTICE, body)? {
                        Answer::Done(bytes) => Ok(bytes),
                        Answer::Refused(code) => Err(Unreachable(code)),
                    });
                }
                (Err(Unreachable(format!("the hub refuses: {code}"))), Some(code))
            }
            Err(unreachable) => (Err(unreachable), None),
        };
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
        outcome
    }

    fn answer_to(&self, method: &str, path: &str, body: Vec<u8>) -> Result<Answer, Unreachable> {
        // The shop is not held while the hub thinks.
        let asked = {
            let shop = self.shop.upgrade().ok_or_else(|| lost(&"the shop is closed"))?;
            shop.sign_request(method, path, &body).map_err(|e| lost(&e))?
        };
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address))
            .header("content-type", "application/octet-stream")
            // A node answers the same questions, and asks this of every write.
            .header("x-chandi", "1")
            .header(SHOP, asked.shop.to_string())
            .header(DEVICE, asked.device.to_string())
            .header(TIME, asked.time_ms.to_string())
            .header(DIGEST, hex(&asked.digest))
            .header(SIGNATURE, signature_text(&asked.signature))
            .body(body)
            .map_err(|e| lost(&e))?;
        let mut answer = self.agent.run(request).map_err(|e| lost(&e))?;
        let status = answer.status();
        if let Some(date) = answer.headers().get("date").and_then(|date| date.to_str().ok())
            && let Some(shop) = self.shop.upgrade()
        {
            shop.saw_date(&self.address, date);
        }
        let bytes = answer
            .body_mut()
            .with_config()
            .limit(MOST_BYTES)
            .read_to_vec()
            .map_err(|e| lost(&e))?;
        if status == 200 {
            return Ok(Answer::Done(bytes));
        }
        // What says no without saying why is no hub, or the wall before one.
        match serde_json::from_slice::<Refusal>(&bytes) {
            Ok(Refusal { error }) if error.kind != "transient" => Ok(Answer::Refused(error.code)),
            _ => Err(Unreachable(format!("the hub answered {status}"))),
        }
    }
}

/// How the app itself asks hubs: with backups, and with the recovery card when there is no shop.
pub(crate) struct Asks(ureq::Agent);

impl Asks {
    pub(crate) fn new() -> Asks {
        Asks(tls::agent(&Trust::World, &Addresses::default(), PIECE_PATIENCE))
    }
}

impl AsksHubs for Asks {
    fn ask(
        &self,
        address: &str,
        path: &str,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> Result<Vec<u8>, HubSays> {
        let lost = |e: &dyn std::fmt::Display| HubSays::NoAnswer(e.to_string());
        let mut request = self
            .0
            .post(format!("{address}{path}"))
            .header("content-type", "application/octet-stream");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut answer = request.send(body).map_err(|e| lost(&e))?;
        let status = answer.status();
        let bytes = answer
            .body_mut()
            .with_config()
            .limit(MOST_BYTES)
            .read_to_vec()
            .map_err(|e| lost(&e))?;
        if status == 200 {
            return Ok(bytes);
        }
        match serde_json::from_slice::<Refusal>(&bytes) {
            Ok(Refusal { error }) if error.kind != "transient" => Err(HubSays::Refused(error.code)),
            Ok(Refusal { error }) if error.code == "too_many" => Err(HubSays::Busy),
            _ => Err(HubSays::NoAnswer(format!("the hub answered {status}"))),
        }
    }
}

impl Peer for Hub {
    fn push(&self, push: &Push) -> Result<Pushed, Unreachable> {
        let answer = self.ask("POST", "/sync/v1/push", push.encode())?;
        Pushed::decode(&answer).map_err(|e| lost(&e))
    }

    fn pull(&self, pull: &Pull) -> Result<Pulled, Unreachable> {
        let answer = self.ask("POST", "/sync/v1/pull", pull.encode())?;
        Pulled::decode(&answer).map_err(|e| lost(&e))
    }

    fn keeps_keys(&self) -> Option<&str> {
        Some(&self.address)
    }

    fn give_keys(&self, keys: &[SealedKey], erased: &[CustomerId]) -> Result<(), Unreachable> {
        let keys = Keys {
            give: keys.to_vec(),
            erased: erased.to_vec(),
            wanted: vec![],
        };
        self.ask("POST", "/sync/v1/keys", keys.encode()).map(drop)
    }

    fn keys(&self, wanted: &[CustomerId]) -> Result<Vec<SealedKey>, Unreachable> {
        let keys = Keys {
            wanted: wanted.to_vec(),
            ..Keys::default()
        };
        let answer = self.ask("POST", "/sync/v1/keys", keys.encode())?;
        let answer = KeysAnswer::decode(&answer).map_err(|e| lost(&e))?;
        Ok(answer.keys)
    }

    fn hears_matters(&self) -> bool {
        true
    }

    fn tell_matters(&self, matters: &Matters) -> Result<(), Unreachable> {
        self.ask("POST", "/sync/v1/matters", matters.encode()).map(drop)
    }
}

/// Brings the shop to the hub at an address, which is kept once the hub has taken it: every device follows it then.
pub fn go_online(shop: &Arc<Shop>, actor: &Actor, ask: &GoOnline) -> app::Result<HubView> {
    let address = register(shop, &ask.address, &ask.invitation)?;
    shop.keep_hub(Some(actor), ask.id, &address)
}

/// A one-time code with which the owner who is signed in here makes a login at the hub's page.
pub fn offer_login(shop: &Arc<Shop>, actor: &Actor) -> app::Result<HubLoginView> {
    let address = shop.hub_followed().ok_or(Code::HubNone)?;
    let hub = Hub::at(shop, &address, Duration::ZERO);
    let ask = shop.owner_ask(actor)?;
    let answer = hub
        .ask("POST", "/sync/v1/owners", ask.encode())
        .map_err(|e| refused(&hub, e))?;
    let offer =
        OwnerOffer::decode(&answer).map_err(|e| AppError::new(Code::HubUnreachable).because(e).caused(e))?;
    Ok(shop.hub_login_view(&address, offer))
}

fn refused(hub: &Hub, unreachable: Unreachable) -> AppError {
    match hub.refusal() {
        Some(why) => AppError::new(Code::HubRefused)
            .because(unreachable)
            .hint("why", why),
        None => AppError::new(Code::HubUnreachable)
            .because(&unreachable)
            .caused(unreachable),
    }
}

/// Makes the shop known at a hub, if it is not yet. Says the address as it is kept.
pub fn register(shop: &Arc<Shop>, address: &str, invitation: &str) -> app::Result<String> {
    let address = shop.may_go_online(address)?;
    let hub = Hub::at(shop, &address, Duration::ZERO);
    match hub.ask("GET", "/sync/v1/heads", vec![]) {
        Ok(_) => return Ok(address),
        // A stranger is told no more than that.
        Err(_) if hub.refusal().as_deref() == Some("not_signed") => {}
        Err(unreachable) => return Err(refused(&hub, unreachable)),
    }
    let registration = shop.registration(invitation)?;
    hub.ask("POST", "/sync/v1/shops", registration.encode())
        .map(|_| address)
        .map_err(|e| refused(&hub, e))
}

/// Exchanges facts with the hub that the shop follows, and with another one when that changes, for as long as the
/// shop is open.
pub fn keep_online(shop: &Arc<Shop>) {
    let mut news = shop.subscribe();
    let shop = Arc::downgrade(shop);
    let keeper = move || {
        let mut following: Option<(String, Following)> = None;
        loop {
            {
                let Some(shop) = shop.upgrade() else {
                    return;
                };
                let wanted = shop.hub_followed();
                if wanted.as_ref() != following.as_ref().map(|(address, _)| address) {
                    if let Some((address, ended)) = following.take() {
                        drop(ended);
                        shop.forget_peer(&address);
                    }
                    shop.hear_hub(None);
                    following = wanted.and_then(|address| Some((address.clone(), begin(&shop, &address)?)));
                }
            }
            if let Some((_, following)) = &following {
                following.ring();
            }
            loop {
                match news.blocking_recv() {
                    Err(RecvError::Closed) => return,
                    // What an exchange tells of itself would lead to the next one.
                    Ok(message) if message.kind == "sync" => {}
                    // A gap in the news is news too.
                    Ok(_) | Err(RecvError::Lagged(_)) => break,
                }
            }
        }
    };
    if let Err(error) = thread::Builder::new().name("sync-hub".to_owned()).spawn(keeper) {
        tracing::error!(%error, "facts stay on this device");
    }
}

fn begin(shop: &Arc<Shop>, address: &str) -> Option<Following> {
    let told = Arc::downgrade(shop);
    let hub = Hub::at(shop, address, LISTEN);
    let name = PeerName {
        key: address.to_owned(),
        kind: PeerKind::Hub,
        address: address.to_owned(),
        device: None,
    };
    let begun = Following::begin(shop, hub, name, move |hub: &Hub| {
        if let Some(shop) = told.upgrade() {
            shop.hear_hub(hub.refusal());
        }
    });
    match begun {
        Ok(following) => Some(following),
        Err(error) => {
            tracing::error!(%error, "facts stay on this device");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{Read, Write},
        net::TcpListener,
    };

    /// A hub that gives this answer to one question.
    fn answers(status: &str, body: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        thread::spawn(move || {
            let (mut asked, _) = listener.accept().expect("a question");
            let mut read = [0; 4096];
            let _ = asked.read(&mut read).expect("its head");
            asked.write_all(answer.as_bytes()).expect("answered");
        });
        format!("http://{address}")
    }

    #[test]
    fn a_hub_that_was_asked_too_often_is_not_one_that_is_out_of_reach() {
        let ask = |status: &str, body: String| {
            Asks::new().ask(&answers(status, &body), "/sync/v1/recover", &[], b"")
        };
        let body = |code: &str, kind: &str| {
            format!("{{\"error\":{{\"code\":\"{code}\",\"kind\":\"{kind}\",\"message\":\"\"}}}}")
        };
        assert_eq!(
            ask("429 Too Many Requests", body("too_many", "transient")),
            Err(HubSays::Busy)
        );
        assert_eq!(
            ask("401 Unauthorized", body("not_signed", "forbidden")),
            Err(HubSays::Refused("not_signed".to_owned()))
        );
        assert!(matches!(
            ask("503 Service Unavailable", body("unavailable", "transient")),
            Err(HubSays::NoAnswer(_))
        ));
    }
}
