//! Devices that write facts and speak to a hub, as small as they can be: what is in the facts is nothing to a hub.

use domain::ids::{BranchId, DeviceId, FactId, ShopId};
use journal::exchange::Registration;
use journal::{
    Body, Chunk, DeviceKey, Place, Series, Stamp, Transaction, Vector,
    body::{DeviceAdmittedV1, DeviceRestoredV1, DeviceRevokedV1, RecoveryKeySetV1, ShopFoundedV1},
    exchange::{self, Heads, Pull, Pulled, Push, Pushed, Request, signature_text},
    recovery::RecoverySecret,
};

pub const NOON: i64 = 1_795_243_800_000;

pub fn shop_id(n: u8) -> ShopId {
    ShopId::from_bytes([n; 16])
}

/// One installation, and all that it wrote.
pub struct Device {
    pub id: DeviceId,
    seed: [u8; 32],
    series: Series,
    stamp: u64,
    pub written: Vec<Transaction>,
}

impl Device {
    pub fn new(shop: ShopId, number: u16) -> Device {
        let mut id = [0xd0; 16];
        id[..2].copy_from_slice(&number.to_be_bytes());
        let mut seed = [7; 32];
        seed[..16].copy_from_slice(&id);
        seed[16..].copy_from_slice(&shop.bytes());
        Device {
            id: DeviceId::from_bytes(id),
            seed,
            series: Series::new(shop, BranchId::from_bytes([2; 16]), DeviceId::from_bytes(id)),
            stamp: u64::try_from(NOON).expect("after 1970") << 16,
            written: Vec::new(),
        }
    }

    pub fn key(&self) -> DeviceKey {
        DeviceKey::from_seed(&self.seed)
    }

    pub fn shop(&self) -> ShopId {
        self.series.shop
    }

    pub fn place(&self) -> Place {
        self.written.last().map_or_else(Place::default, Transaction::end)
    }

    /// A copy of the device as it is now: a backup, or a clone.
    pub fn copy(&self) -> Device {
        Device {
            id: self.id,
            seed: self.seed,
            series: self.series.clone(),
            stamp: self.stamp,
            written: self.written.clone(),
        }
    }

    pub fn write(&mut self, bodies: &[(u16, u16, Vec<u8>)]) -> &Transaction {
        let facts = bodies.iter().map(|(kind, version, body)| {
            self.stamp += 1;
            let mut id = self.id.bytes();
            id[8..].copy_from_slice(&(self.series.seq + 1).to_be_bytes());
            self.series.append(
                FactId::from_bytes(id),
                Stamp(self.stamp),
                None,
                *kind,
                *version,
                body.clone(),
            )
        });
        let facts = facts.collect();
        let head = self.series.head(&DeviceKey::from_seed(&self.seed));
        self.written.push(Transaction { facts, head });
        self.written.last().expect("just written")
    }

    /// What it writes from now on is later than what the other wrote.
    pub fn hear(&mut self, other: &Device) {
        self.stamp = self.stamp.max(other.stamp);
    }

    /// So many facts of so many bytes in one transaction.
    pub fn sell(&mut self, facts: usize, bytes: usize) -> &Transaction {
        let mark = u8::try_from(self.series.seq % 251).expect("below 251");
        self.write(&vec![(20, 200, vec![mark; bytes]); facts])
    }

    pub fn tell(&mut self, body: &Body) -> &Transaction {
        let (kind, version) = body.tag();
        self.write(&[(kind, version, body.encode())])
    }

    pub fn found(&mut self, demo: bool) -> &Transaction {
        let founded = ShopFoundedV1 {
            shop: self.series.shop.bytes(),
            branch: [2; 16],
            counter: [3; 16],
            device: self.id.bytes(),
            public_key: self.key().public().bytes(),
            ordinal: 1,
            lane: 1,
            currency: *b"INR",
            demo,
            founded_ms: NOON,
        };
        self.tell(&Body::ShopFounded(founded))
    }

    pub fn admit(&mut self, other: &Device, ordinal: u16) -> &Transaction {
        let admitted = DeviceAdmittedV1 {
            device: other.id.bytes(),
            public_key: other.key().public().bytes(),
            branch: [2; 16],
            counter: [4; 16],
            ordinal,
            lane: 2,
            admitted_ms: NOON,
        };
        self.tell(&Body::DeviceAdmitted(admitted))
    }

    /// Makes a recovery card the shop's.
    pub fn set_card(&mut self, card: u8, generation: u32) -> &Transaction {
        let secret = RecoverySecret([card; 16]);
        self.tell(&Body::RecoveryKeySet(RecoveryKeySetV1 {
            generation,
            recipient: "age1".to_owned(),
            public_key: secret.signing_key().public().bytes(),
            set_ms: NOON,
        }))
    }

    /// Begins as a device that was restored with a card.
    pub fn restore(&mut self, card: u8) -> &Transaction {
        let mut restored = DeviceRestoredV1 {
            device: self.id.bytes(),
            public_key: self.key().public().bytes(),
            branch: [2; 16],
            counter: [5; 16],
            ordinal: 2000,
            lane: 3,
            backup_by: [1; 16],
            backup_ms: NOON,
            restored_ms: NOON,
            recovery_key: [0; 32],
            signature: [[0; 32]; 2],
        };
        RecoverySecret([card; 16]).sign(self.shop(), &mut restored);
        self.tell(&Body::DeviceRestored(restored))
    }

    /// Shuts a device out; what it wrote up to a place still counts.
    pub fn revoke(&mut self, other: &Device, until: Place) -> &Transaction {
        self.tell(&Body::DeviceRevoked(DeviceRevokedV1 {
            device: other.id.bytes(),
            last_seq: until.seq,
            last_hash: until.hash,
            reason: "stolen".to_owned(),
            revoked_ms: NOON,
        }))
    }

    /// What it wrote after its first so many transactions.
    pub fn chunk(&self, from: usize) -> Chunk {
        self.part(from, self.written.len())
    }

    pub fn part(&self, from: usize, to: usize) -> Chunk {
        let place = match from {
            0 => Place::default(),
            before => self.written[before - 1].end(),
        };
        Chunk::of(self.series.shop, self.id, &place, &self.written[from..to])
    }

    pub fn registration(&self, word: &str) -> Vec<u8> {
        self.registration_with(word, vec![])
    }

    /// As a device brings it that did not found the shop: with the series that let it in.
    pub fn registration_with(&self, word: &str, proof: Vec<Chunk>) -> Vec<u8> {
        let proof = match proof.is_empty() {
            true => vec![],
            false => Push { series: proof }.encode(),
        };
        let registration = Registration {
            invitation: word.to_owned(),
            shop: self.series.shop.bytes(),
            device: self.id.bytes(),
            founding: self.written[0].encode(),
            proof,
        };
        registration.encode()
    }
}

/// A hub as devices see it.
#[derive(Clone)]
pub struct Client {
    pub address: String,
    pub http: reqwest::Client,
}

/// A status and a body.
pub type Said = (u16, Vec<u8>);

impl Client {
    pub fn new(address: &str) -> Client {
        Client {
            address: address.to_owned(),
            http: reqwest::Client::new(),
        }
    }

    /// The head of a request, to be written by hand.
    pub fn head(&self, by: &Device, path: &str, body: &[u8]) -> String {
        let request = Request {
            method: "POST",
            path,
            body,
            time_ms: NOON,
            shop: by.shop(),
            device: by.id,
        };
        format!(
            "POST {path} HTTP/1.1\r\nhost: hub\r\n{}: {}\r\n{}: {}\r\n{}: {NOON}\r\n{}: {}\r\n{}: {}\r\n\
             content-length: {}\r\n\r\n",
            exchange::SHOP,
            by.shop(),
            exchange::DEVICE,
            by.id,
            exchange::TIME,
            exchange::DIGEST,
            blake3::hash(body),
            exchange::SIGNATURE,
            signature_text(&request.sign(&by.key())),
            body.len()
        )
    }

    /// A request signed by `by`, which says that it comes from the device and the shop that it says.
    pub async fn ask_as(
        &self,
        by: &Device,
        shop: ShopId,
        path: &str,
        body: Option<Vec<u8>>,
        time_ms: i64,
    ) -> Result<Said, reqwest::Error> {
        let method = if body.is_some() { "POST" } else { "GET" };
        let request = Request {
            method,
            path,
            body: body.as_deref().unwrap_or_default(),
            time_ms,
            shop,
            device: by.id,
        };
        let signature = signature_text(&request.sign(&by.key()));
        let digest = blake3::hash(request.body).to_string();
        let url = format!("{}{path}", self.address);
        let asking = match body {
            Some(body) => self.http.post(url).body(body),
            None => self.http.get(url),
        };
        let answer = asking
            .header(exchange::SHOP, shop.to_string())
            .header(exchange::DEVICE, by.id.to_string())
            .header(exchange::TIME, time_ms.to_string())
            .header(exchange::DIGEST, digest)
            .header(exchange::SIGNATURE, signature)
            .send()
            .await?;
        Ok((answer.status().as_u16(), answer.bytes().await?.to_vec()))
    }

    pub async fn ask(&self, by: &Device, path: &str, body: Option<Vec<u8>>) -> Said {
        self.ask_as(by, by.shop(), path, body, NOON)
            .await
            .expect("the hub answers")
    }

    pub async fn register(&self, by: &Device, word: &str) -> Said {
        self.ask(by, "/sync/v1/shops", Some(by.registration(word))).await
    }

    pub async fn push(&self, by: &Device, series: Vec<Chunk>) -> Pushed {
        let (status, body) = self
            .ask(by, "/sync/v1/push", Some(Push { series }.encode()))
            .await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        Pushed::decode(&body).expect("an answer to a push")
    }

    pub async fn pull(&self, by: &Device, have: Vector, max_bytes: u32, wait_ms: u32) -> Pulled {
        let pull = Pull {
            have,
            max_bytes,
            wait_ms,
        };
        let (status, body) = self.ask(by, "/sync/v1/pull", Some(pull.encode())).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        Pulled::decode(&body).expect("an answer to a pull")
    }

    pub async fn heads(&self, by: &Device) -> Vector {
        let (status, body) = self.ask(by, "/sync/v1/heads", None).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        Heads::decode(&body).expect("heads").heads
    }
}

/// The code in a refusal.
pub fn code(said: &Said) -> String {
    let body: serde_json::Value = serde_json::from_slice(&said.1).unwrap_or_default();
    body["error"]["code"].as_str().unwrap_or_default().to_owned()
}
