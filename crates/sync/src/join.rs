//! How a device that joins reaches the one that lets it in, and whom it keeps to afterwards.
//!
//! What the two say is sealed between them and bound to the code that the owner showed, so this transport proves
//! nothing and need not: over TLS it takes any certificate. Without TLS it stays on this machine.

use crate::{
    hub::{Asks, Hub},
    replicate::{Following, LISTEN},
    tls::{Addresses, Trust, agent},
};
use app::{
    App, Shop,
    arriving::{NoAnswer, Reach},
    join_words::MOST_ANSWER,
    sync_status::{PeerKind, PeerName},
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};
use tokio::sync::broadcast::error::RecvError;

/// How long one answer may take; a piece of the books is megabytes.
const PATIENCE: Duration = Duration::from_secs(20);

struct Way {
    agent: ureq::Agent,
    /// The exchange with the device that let this one in; another shop's ends it.
    kept: Mutex<Option<Arc<Following>>>,
}

/// Gives the app its way to other devices and to hubs.
pub fn connect(app: &App) {
    app.reach_hubs(Arc::new(Asks::new()));
    app.connect(Arc::new(Way {
        agent: agent(&Trust::Nobody, &Addresses::default(), PATIENCE),
        kept: Mutex::default(),
    }));
}

impl Reach for Way {
    fn ask(&self, address: &str, path: &str, body: &[u8]) -> Result<Option<Vec<u8>>, NoAnswer> {
        let lost = |e: ureq::Error| NoAnswer(e.to_string());
        let mut answer = self
            .agent
            .post(format!("{address}{path}"))
            .header("content-type", "application/octet-stream")
            .header("x-chandi", "1")
            .send(body)
            .map_err(lost)?;
        match answer.status().as_u16() {
            200 => {}
            404 | 409 => return Ok(None),
            status => return Err(NoAnswer(format!("it answered {status}"))),
        }
        let bytes = answer
            .body_mut()
            .with_config()
            .limit(MOST_ANSWER)
            .read_to_vec()
            .map_err(lost)?;
        Ok(Some(bytes))
    }

    fn keep_with(&self, shop: &Arc<Shop>, address: &str) {
        // On the LAN devices find each other by themselves; two on one machine do not look for each other.
        if !address.starts_with("http://") {
            return;
        }
        let name = PeerName {
            key: address.to_owned(),
            kind: PeerKind::Neighbour,
            address: address.to_owned(),
            device: None,
        };
        let begun = Following::begin(shop, Hub::at(shop, address, LISTEN), name, |_: &Hub| {});
        match begun {
            Ok(following) => {
                let following = Arc::new(following);
                ring_at_news(shop, &following);
                *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(following);
            }
            Err(error) => tracing::error!(%error, "this device does not keep to the one that let it in"),
        }
    }
}

/// What happens here is given at once.
fn ring_at_news(shop: &Arc<Shop>, following: &Arc<Following>) {
    let (mut news, following) = (shop.subscribe(), Arc::downgrade(following));
    let spawned = thread::Builder::new()
        .name("sync-news".to_owned())
        .spawn(move || {
            loop {
                match news.blocking_recv() {
                    Err(RecvError::Closed) => return,
                    // What an exchange tells of itself would lead to the next one.
                    Ok(message) if message.kind == "sync" => {}
                    // A gap in the news is news too.
                    Ok(_) | Err(RecvError::Lagged(_)) => match following.upgrade() {
                        Some(following) => following.ring(),
                        None => return,
                    },
                }
            }
        });
    if let Err(error) = spawned {
        tracing::warn!(%error, "what happens here is given now and then only");
    }
}
