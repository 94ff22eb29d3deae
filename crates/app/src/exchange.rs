//! Facts between the devices of a shop: what comes in becomes part of the views, and the screens are told to read again.
//!
//! How the bytes travel is the concern of `sync`; what is believed is the store's.

use crate::{Result, Shop, letters::digest_of, live::LiveMessage};
use domain::ids::{CustomerId, DeviceId, ShopId};
use journal::{
    Chunk, Vector,
    exchange::{Range, Request, missing},
};
use std::collections::{BTreeMap, BTreeSet};
use store::ingest::{Ingested, SealedKey};

/// What became of the chunks of one delivery.
#[derive(Debug, Clone, Default)]
pub struct TakenIn {
    pub facts: u64,
    pub series: BTreeMap<DeviceId, Ingested>,
}

/// What stands in the headers of a signed request.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest {
    pub shop: ShopId,
    pub device: DeviceId,
    pub time_ms: i64,
    /// Of the body.
    pub digest: [u8; 32],
    pub signature: [u8; 64],
}

impl Shop {
    /// How far this device has each series.
    pub fn vector(&self) -> Result<Vector> {
        Ok(self.store.vector()?)
    }

    /// What somebody who has that much lacks, at most so many bytes of it; and whether there is more.
    pub fn chunks_for(&self, theirs: &Vector, max_bytes: usize) -> Result<(Vec<Chunk>, bool)> {
        let mut lacking: Vec<Range> = missing(theirs, &self.vector()?);
        // Its own first: whoever does not know a restored device yet learns of it by the first that it brings.
        lacking.sort_by_key(|range| range.device != self.identity.device);
        Ok(self.store.chunks(&lacking, max_bytes)?)
    }

    /// Takes in what other devices did. One series that is refused stops no other.
    pub fn take_in(&self, chunks: &[Chunk]) -> Result<TakenIn> {
        let mut taken = TakenIn::default();
        let mut kinds = BTreeSet::new();
        let mut left: Vec<&Chunk> = chunks.iter().collect();
        // A device may be admitted by a fact of another series in the same delivery.
        loop {
            let before = left.len();
            let mut unknown = Vec::new();
            for chunk in left {
                let done = self.store.ingest(chunk, self.edges.now())?;
                taken.facts += done.facts;
                kinds.extend(done.kinds.iter().copied());
                if done.refused == Some(journal::Why::UnknownDevice) {
                    unknown.push(chunk);
                }
                taken.series.insert(chunk.device, done);
            }
            if unknown.is_empty() || unknown.len() == before {
                break;
            }
            left = unknown;
        }
        self.heard_of(&kinds)?;
        Ok(taken)
    }

    /// Keeps keys of customers that came from another device.
    pub fn take_in_keys(&self, keys: &[SealedKey]) -> Result<usize> {
        let learnt = self.store.learn_customer_keys(keys)?;
        if learnt > 0 {
            self.live.tell("customer", None);
            self.live.tell("order", None);
        }
        Ok(learnt)
    }

    /// The keys of these customers, sealed for the other devices of the shop.
    pub fn keys_of(&self, customers: &[CustomerId]) -> Result<Vec<SealedKey>> {
        Ok(self.store.customer_keys_for(customers, || self.edges.random())?)
    }

    /// Customers whose names stay closed here until another device sends their keys.
    pub fn customers_to_open(&self, limit: usize) -> Result<Vec<CustomerId>> {
        Ok(self.store.customers_without_key(limit)?)
    }

    /// Signs a request to a hub.
    pub fn sign_request(&self, method: &str, path: &str, body: &[u8]) -> Result<SignedRequest> {
        let time_ms = self.edges.now().0;
        let (shop, device) = (self.identity.shop, self.identity.device);
        let signature = self.store.sign_request(&Request {
            method,
            path,
            body,
            time_ms,
            shop,
            device,
        })?;
        Ok(SignedRequest {
            shop,
            device,
            time_ms,
            digest: digest_of(body),
            signature,
        })
    }

    /// Hears whatever is told to the screens.
    pub fn subscribe(&self) -> tokio::sync::broadcast::Receiver<LiveMessage> {
        self.live.subscribe()
    }

    /// After facts of these kinds came in: what this process remembers is read anew, and the screens read again.
    fn heard_of(&self, kinds: &BTreeSet<u16>) -> Result<()> {
        if kinds.contains(&SETTING) || kinds.contains(&DEVICE) {
            self.reload_settings()?;
        }
        if kinds.iter().any(|kind| journal::admission::KINDS.contains(kind)) {
            self.look_whether_shut_out()?;
            // Nothing that came in is lost by it.
            if let Err(error) = self.part_numbers() {
                tracing::error!(%error, causes = error.causes(), "this device numbers as another does");
            }
        }
        if [STAFF, SETTING, SECOND_FACTOR]
            .iter()
            .any(|kind| kinds.contains(kind))
        {
            self.check_sessions()?;
        }
        if kinds.contains(&DEVICE_LINK) {
            self.check_links()?;
        }
        let topics: BTreeSet<&str> = kinds
            .iter()
            .flat_map(|kind| TOPICS.iter().filter(move |(kinds, _)| kinds.contains(kind)))
            .flat_map(|(_, topics)| topics.iter().copied())
            .collect();
        for topic in topics {
            self.live.tell(topic, None);
        }
        Ok(())
    }
}

const DEVICE: u16 = 2;
const STAFF: u16 = 12;
const SETTING: u16 = 13;
const DEVICE_LINK: u16 = 81;
const SECOND_FACTOR: u16 = 83;

/// What the screens read again after facts of these kinds.
const TOPICS: &[(std::ops::RangeInclusive<u16>, &[&str])] = &[
    (1..=9, &["device"]),
    (10..=10, &["product"]),
    (11..=11, &["category"]),
    (12..=12, &["staff"]),
    (13..=13, &["setting"]),
    (62..=62, &["setting"]),
    (63..=63, &["product"]),
    (14..=14, &["product"]),
    (15..=15, &["level", "product"]),
    (16..=16, &["brand"]),
    (17..=17, &["modifier_group"]),
    (18..=18, &["product"]),
    (19..=19, &["rate"]),
    (20..=39, &["order", "board", "payment", "shift"]),
    (40..=44, &["customer"]),
    (45..=46, &["card"]),
    (47..=47, &["tip"]),
    (48..=49, &["customer"]),
    (50..=59, &["shift", "tip"]),
    (60..=69, &["setting", "product"]),
    (70..=79, &["quotation", "order"]),
    (80..=80, &["anomaly"]),
    (83..=83, &["staff"]),
];
