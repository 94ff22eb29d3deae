//! Who facts are exchanged with: a hub over HTTP, or a shop in the same process.

use app::Shop;
use domain::ids::CustomerId;
use journal::{
    Vector,
    exchange::{DEVICE, Pull, Pulled, Push, Pushed, SHOP, SIGNATURE, TIME, signature_text},
};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use store::ingest::SealedKey;

/// How long a hub may take over an answer, besides what it was asked to wait.
const PATIENCE: Duration = Duration::from_secs(20);
/// The largest answer that is read.
const MOST_BYTES: u64 = 40 << 20;

/// No answer, or none that can be believed. The same may be asked again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreachable(pub String);

fn lost(why: &dyn std::fmt::Display) -> Unreachable {
    Unreachable(why.to_string())
}

/// Somebody who has facts and takes facts.
pub trait Peer: Send + Sync {
    fn push(&self, push: &Push) -> Result<Pushed, Unreachable>;

    fn pull(&self, pull: &Pull) -> Result<Pulled, Unreachable>;

    /// The keys of these customers, as far as they are known there. Who only relays facts has none.
    fn keys(&self, wanted: &[CustomerId]) -> Result<Vec<SealedKey>, Unreachable>;
}

/// Another node of the shop in this process.
pub struct Neighbour(pub Arc<Shop>);

impl Peer for Neighbour {
    fn push(&self, push: &Push) -> Result<Pushed, Unreachable> {
        let taken = self.0.take_in(&push.series).map_err(|e| lost(&e))?;
        let refused = taken.series.iter();
        Ok(Pushed {
            heads: taken
                .series
                .iter()
                .map(|(device, done)| (*device, done.upto))
                .collect(),
            refused: refused
                .filter_map(|(device, done)| Some((*device, done.refused?)))
                .collect(),
        })
    }

    fn pull(&self, pull: &Pull) -> Result<Pulled, Unreachable> {
        let most = usize::try_from(pull.max_bytes).unwrap_or(usize::MAX);
        let (chunks, more) = self.0.chunks_for(&pull.have, most).map_err(|e| lost(&e))?;
        let heads: Vector = self.0.vector().map_err(|e| lost(&e))?;
        Ok(Pulled { chunks, heads, more })
    }

    fn keys(&self, wanted: &[CustomerId]) -> Result<Vec<SealedKey>, Unreachable> {
        self.0.keys_of(wanted).map_err(|e| lost(&e))
    }
}

/// A hub at an address. Every request is signed by this device; what comes back is signed by those who wrote it.
pub struct Hub {
    shop: Weak<Shop>,
    address: String,
    agent: ureq::Agent,
}

impl Hub {
    /// `address` is like `http://127.0.0.1:8660`.
    pub fn at(shop: &Arc<Shop>, address: &str, wait: Duration) -> Hub {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE + wait))
            .http_status_as_error(false)
            .build()
            .new_agent();
        Hub {
            shop: Arc::downgrade(shop),
            address: address.trim_end_matches('/').to_owned(),
            agent,
        }
    }

    fn ask(&self, path: &str, body: Vec<u8>) -> Result<Vec<u8>, Unreachable> {
        // The shop is not held while the hub thinks.
        let asked = {
            let shop = self.shop.upgrade().ok_or_else(|| lost(&"the shop is closed"))?;
            shop.sign_request("POST", path, &body).map_err(|e| lost(&e))?
        };
        let mut answer = self
            .agent
            .post(format!("{}{path}", self.address))
            .header("content-type", "application/octet-stream")
            .header(SHOP, asked.shop.to_string())
            .header(DEVICE, asked.device.to_string())
            .header(TIME, asked.time_ms.to_string())
            .header(SIGNATURE, signature_text(&asked.signature))
            .send(body)
            .map_err(|e| lost(&e))?;
        let status = answer.status();
        let bytes = answer
            .body_mut()
            .with_config()
            .limit(MOST_BYTES)
            .read_to_vec()
            .map_err(|e| lost(&e))?;
        match status.as_u16() {
            200 => Ok(bytes),
            _ => Err(Unreachable(format!("the hub answered {status}"))),
        }
    }
}

impl Peer for Hub {
    fn push(&self, push: &Push) -> Result<Pushed, Unreachable> {
        let answer = self.ask("/sync/v1/push", push.encode())?;
        Pushed::decode(&answer).map_err(|e| lost(&e))
    }

    fn pull(&self, pull: &Pull) -> Result<Pulled, Unreachable> {
        let answer = self.ask("/sync/v1/pull", pull.encode())?;
        Pulled::decode(&answer).map_err(|e| lost(&e))
    }

    fn keys(&self, _wanted: &[CustomerId]) -> Result<Vec<SealedKey>, Unreachable> {
        Ok(vec![])
    }
}
