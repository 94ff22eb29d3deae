//! What nodes and hubs of a shop send each other: whole transactions, who has how much of each series, and the
//! signatures under requests.
//!
//! A transaction travels as the bytes of its facts and one signature. Numbers and hashes are left out: whoever gets it
//! computes them from where the series stands with them, so nothing that was changed on the way can pass. Everything
//! here reads bytes of strangers: what is too big, cut short or of a newer form is refused by name, without a panic and
//! without an allocation larger than what came in. How it travels, and who waits for whom, is not said here.

use crate::{
    clock::Stamp,
    fact::{Fact, FactHash, Header},
    keys::{DeviceKey, PublicKey},
    series::{Checker, Head, SeriesError},
};
use domain::ids::{BranchId, CustomerId, DeviceId, FactId, ShopId, StaffId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// The largest body of one fact; a picture is the largest there is.
pub const MAX_BODY_BYTES: usize = 8 << 20;
/// The most facts of one transaction: an import of a whole catalogue is one.
pub const MAX_TRANSACTION_FACTS: usize = 250_000;
/// The largest transaction on the wire.
pub const MAX_TRANSACTION_BYTES: usize = 32 << 20;
/// The largest message: one transaction of the largest kind, and room for what is around it.
pub const MAX_MESSAGE_BYTES: usize = MAX_TRANSACTION_BYTES + (1 << 20);
/// The most series that a message speaks of.
pub const MAX_SERIES: usize = 20_000;

/// Bytes that are not what they should be. The same bytes never get better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    #[error("there is nothing in it")]
    Empty,
    #[error("form {0} is of a newer build")]
    Newer(u8),
    #[error("it is larger than what may travel")]
    TooBig,
    #[error("it cannot be read")]
    Unreadable,
}

/// The only unit that travels: facts that were written together, and the head that signs them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    pub facts: Vec<Fact>,
    pub head: Head,
}

/// Where a series stands with somebody: its last number, hash and stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    pub seq: u64,
    pub hash: FactHash,
    pub stamp: Stamp,
}

const FORM: u8 = 1;

/// Frozen: fields are never reordered or removed.
#[derive(Serialize, Deserialize)]
struct TransactionV1<'a> {
    #[serde(borrow)]
    facts: Vec<FactV1<'a>>,
    signature: [[u8; 32]; 2],
}

#[derive(Serialize, Deserialize)]
struct FactV1<'a> {
    fact: [u8; 16],
    /// None: the branch of the fact before it.
    branch: Option<[u8; 16]>,
    stamp: u64,
    actor: Option<[u8; 16]>,
    kind: u16,
    version: u16,
    #[serde(borrow)]
    body: Bytes<'a>,
}

/// Bytes that are written and read at once instead of one by one; on the wire it is the same.
pub(crate) struct Bytes<'a>(pub &'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Bytes<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&[u8]>::deserialize(from).map(Bytes)
    }
}

impl Transaction {
    /// The bytes that travel, and that hubs keep.
    pub fn encode(&self) -> Vec<u8> {
        let mut branch = None;
        let facts = self.facts.iter().map(|fact| {
            let h = &fact.header;
            let other = branch.replace(h.branch) != Some(h.branch);
            FactV1 {
                fact: h.fact.bytes(),
                branch: other.then(|| h.branch.bytes()),
                stamp: h.stamp.0,
                actor: h.actor.map(|a| a.bytes()),
                kind: h.kind,
                version: h.version,
                body: Bytes(&fact.body),
            }
        });
        let (mut first, mut second) = ([0; 32], [0; 32]);
        first.copy_from_slice(&self.head.signature[..32]);
        second.copy_from_slice(&self.head.signature[32..]);
        written(&TransactionV1 {
            facts: facts.collect(),
            signature: [first, second],
        })
    }

    /// Reads what travelled as the continuation of a series that stands at `from`. The signature is not checked: with
    /// a wrong place or changed bytes it is the signature that does not hold.
    pub fn decode(
        bytes: &[u8],
        shop: ShopId,
        device: DeviceId,
        from: &Place,
    ) -> Result<Transaction, WireError> {
        if bytes.len() > MAX_TRANSACTION_BYTES {
            return Err(WireError::TooBig);
        }
        let wire: TransactionV1<'_> = read(bytes)?;
        if wire.facts.is_empty() {
            return Err(WireError::Empty);
        }
        if wire.facts.len() > MAX_TRANSACTION_FACTS {
            return Err(WireError::TooBig);
        }
        let (mut seq, mut hash, mut branch) = (from.seq, from.hash, None);
        let mut facts = Vec::with_capacity(wire.facts.len());
        for fact in wire.facts {
            if fact.body.0.len() > MAX_BODY_BYTES {
                return Err(WireError::TooBig);
            }
            branch = fact.branch.or(branch);
            seq = seq.checked_add(1).ok_or(WireError::Unreadable)?;
            let header = Header {
                fact: FactId::from_bytes(fact.fact),
                shop,
                branch: BranchId::from_bytes(branch.ok_or(WireError::Unreadable)?),
                device,
                seq,
                stamp: Stamp(fact.stamp),
                actor: fact.actor.map(StaffId::from_bytes),
                kind: fact.kind,
                version: fact.version,
            };
            let sealed = Fact::seal(header, fact.body.0.to_vec(), &hash);
            hash = sealed.hash;
            facts.push(sealed);
        }
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&wire.signature[0]);
        signature[32..].copy_from_slice(&wire.signature[1]);
        let head = Head {
            device,
            seq,
            hash,
            signature,
        };
        Ok(Transaction { facts, head })
    }

    /// Where the series stands after it.
    pub fn end(&self) -> Place {
        Place {
            seq: self.head.seq,
            hash: self.head.hash,
            stamp: self.facts.last().map_or(Stamp(0), |f| f.header.stamp),
        }
    }

    /// Whether it continues a series that stands at `from`: chained, its stamps rising, signed by that device.
    pub fn check(&self, key: &PublicKey, from: &Place) -> Result<(), SeriesError> {
        let mut checker = Checker::resume(*key, from.seq, from.hash, from.stamp);
        for fact in &self.facts {
            checker.step(fact, (fact.header.seq == self.head.seq).then_some(&self.head))?;
        }
        checker.finish().map(drop)
    }
}

/// What somebody has of each series: the number of the last fact.
pub type Vector = BTreeMap<DeviceId, u64>;

/// A part of a series: everything after one number, up to and with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Range {
    pub device: DeviceId,
    pub after: u64,
    pub upto: u64,
}

/// What the other has that we have not, device by device.
pub fn missing(have: &Vector, theirs: &Vector) -> Vec<Range> {
    let lacking = theirs.iter().map(|(device, upto)| Range {
        device: *device,
        after: have.get(device).copied().unwrap_or(0),
        upto: *upto,
    });
    lacking.filter(|range| range.upto > range.after).collect()
}

/// Whole transactions of one series, in order, as they are kept and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    pub shop: ShopId,
    pub device: DeviceId,
    /// The number that the first transaction comes after, and the hash there as the sender knows it.
    pub after: u64,
    pub previous: FactHash,
    /// Each as [`Transaction::encode`] writes it.
    pub transactions: Vec<Vec<u8>>,
}

impl Chunk {
    /// The transactions of one device, which must follow each other; `from` is where the first of them begins.
    pub fn of(shop: ShopId, device: DeviceId, from: &Place, transactions: &[Transaction]) -> Chunk {
        Chunk {
            shop,
            device,
            after: from.seq,
            previous: from.hash,
            transactions: transactions.iter().map(Transaction::encode).collect(),
        }
    }

    /// Reads and checks it from `from`, as far as it is good; and why it is not, where it stops being so. The stamp of
    /// `from` may be zero where it is not known: then the first stamp is not compared.
    pub fn read(&self, key: &PublicKey, from: Place) -> (Vec<Transaction>, Option<Why>) {
        let mut at = from;
        let mut good = Vec::with_capacity(self.transactions.len().min(1024));
        for bytes in &self.transactions {
            let transaction = match Transaction::decode(bytes, self.shop, self.device, &at) {
                Ok(transaction) => transaction,
                Err(WireError::TooBig) => return (good, Some(Why::TooBig)),
                Err(_) => return (good, Some(Why::BadChain { seq: at.seq + 1 })),
            };
            if let Err(error) = transaction.check(key, &at) {
                let why = match error {
                    SeriesError::BadSignature { seq } => Why::BadSignature { seq },
                    SeriesError::Gap { seq, .. }
                    | SeriesError::Broken { seq }
                    | SeriesError::StampFell { seq }
                    | SeriesError::HeadMismatch { seq }
                    | SeriesError::Unsigned { seq } => Why::BadChain { seq },
                };
                return (good, Some(why));
            }
            at = transaction.end();
            good.push(transaction);
        }
        (good, None)
    }
}

/// Why a series was not taken, or only up to somewhere. The others of the same push are not touched by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The device signed two different facts with the same number: it was copied, or restored without a new identity.
    Forked {
        seq: u64,
    },
    /// What is between is missing; send what comes after this number.
    Gap {
        have: u64,
    },
    BadChain {
        seq: u64,
    },
    BadSignature {
        seq: u64,
    },
    /// No device of this shop admitted it, as far as it is known here.
    UnknownDevice,
    /// Revoked: nothing after this number is taken.
    Revoked {
        until: u64,
    },
    TooBig,
    WrongShop,
    /// The shop may not have more devices with the other.
    Limit,
    /// A device that another one let in says that it founded the shop.
    FoundsAgain {
        seq: u64,
    },
    /// A reason of a newer build.
    Other {
        code: u8,
        seq: u64,
    },
}

impl Why {
    fn code(self) -> (u8, u64) {
        match self {
            Why::Forked { seq } => (1, seq),
            Why::Gap { have } => (2, have),
            Why::BadChain { seq } => (3, seq),
            Why::BadSignature { seq } => (4, seq),
            Why::UnknownDevice => (5, 0),
            Why::Revoked { until } => (6, until),
            Why::TooBig => (7, 0),
            Why::WrongShop => (8, 0),
            Why::Limit => (9, 0),
            Why::FoundsAgain { seq } => (10, seq),
            Why::Other { code, seq } => (code, seq),
        }
    }

    fn of(code: u8, seq: u64) -> Why {
        match code {
            1 => Why::Forked { seq },
            2 => Why::Gap { have: seq },
            3 => Why::BadChain { seq },
            4 => Why::BadSignature { seq },
            5 => Why::UnknownDevice,
            6 => Why::Revoked { until: seq },
            7 => Why::TooBig,
            8 => Why::WrongShop,
            9 => Why::Limit,
            10 => Why::FoundsAgain { seq },
            _ => Why::Other { code, seq },
        }
    }

    /// Whether the same push may be taken later: when what is missing has come, or the device is known.
    pub fn passes(self) -> bool {
        match self {
            Why::Gap { .. } | Why::UnknownDevice | Why::Limit | Why::Other { .. } => true,
            Why::Forked { .. }
            | Why::BadChain { .. }
            | Why::BadSignature { .. }
            | Why::Revoked { .. }
            | Why::TooBig
            | Why::WrongShop
            | Why::FoundsAgain { .. } => false,
        }
    }
}

/// Facts for the other. Sent twice it is taken once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Push {
    pub series: Vec<Chunk>,
}

/// How far the pushed series stand with the other now, and which of them it did not take as sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pushed {
    pub heads: Vector,
    pub refused: Vec<(DeviceId, Why)>,
}

/// Asks for what is missing: whole transactions, at most `max_bytes` of them but always at least one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pull {
    pub have: Vector,
    pub max_bytes: u32,
    /// How long the other may wait for something new before it answers with nothing.
    pub wait_ms: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pulled {
    pub chunks: Vec<Chunk>,
    /// How far the other has each series.
    pub heads: Vector,
    /// Whether there is more than fitted in.
    pub more: bool,
}

/// How far somebody has each series.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heads {
    pub heads: Vector,
}

/// Brings a shop to a hub: its founding, and the word of somebody who may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    pub invitation: String,
    pub shop: [u8; 16],
    /// Who founded the shop, which need not be who asks.
    pub device: [u8; 16],
    /// The transaction that founded the shop, as it travels.
    pub founding: Vec<u8>,
    /// From a device that did not found the shop: the series that let it in, as an encoded [`Push`]. Else empty.
    pub proof: Vec<u8>,
}

impl Registration {
    pub fn encode(&self) -> Vec<u8> {
        written(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Registration, WireError> {
        read(bytes)
    }
}

/// A device says that an owner is at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerAsk {
    pub staff: [u8; 16],
    /// What the device calls them; a hub goes by the shop's facts.
    pub name: String,
}

/// The code with which that owner makes a login at the hub's page, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerOffer {
    pub code: String,
    pub until_ms: i64,
    /// It opens at once; else an owner who has a login says yes to it first.
    pub confirmed: bool,
}

impl OwnerAsk {
    pub fn encode(&self) -> Vec<u8> {
        written(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<OwnerAsk, WireError> {
        read(bytes)
    }
}

impl OwnerOffer {
    pub fn encode(&self) -> Vec<u8> {
        written(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<OwnerOffer, WireError> {
        read(bytes)
    }
}

/// The most matters of one report, and the longest words in one.
pub const MAX_MATTERS: usize = 50;
const MAX_KIND: usize = 40;
const MAX_ABOUT: usize = 160;

/// What needs somebody's attention, as a device sees it: its branch's matters and those of the whole shop. Nothing in
/// it is about a person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Matters {
    pub open: Vec<Matter>,
    /// How many more there are.
    pub more: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Matter {
    /// The same at every device that sees it.
    pub key: [u8; 16],
    /// The name of its sentence.
    pub kind: String,
    /// The whole shop's, and not one branch's.
    pub whole_shop: bool,
    /// How bad it is, in the unit of its kind.
    pub weight: i64,
    /// A document's number, a barcode, the names of counters.
    pub about: String,
    pub amount_minor: Option<i64>,
    pub at_ms: Option<i64>,
}

impl Matters {
    pub fn encode(&self) -> Vec<u8> {
        written(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Matters, WireError> {
        let matters: Matters = read(bytes)?;
        let fits = |one: &Matter| {
            one.kind.len() <= MAX_KIND
                && one
                    .kind
                    .bytes()
                    .all(|sign| sign.is_ascii_lowercase() || sign == b'_')
                && one.about.chars().count() <= MAX_ABOUT
        };
        match matters.open.len() <= MAX_MATTERS && matters.open.iter().all(fits) {
            true => Ok(matters),
            false => Err(WireError::Unreadable),
        }
    }
}

/// The most customers of one message about keys.
pub const MAX_KEYS: usize = 500;
/// The largest key in its seal.
pub const MAX_KEY_BYTES: usize = 128;

/// A customer's key under the secret that the shop's devices share. It is no fact: what is in the log stays, and an
/// erased key must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    pub customer: CustomerId,
    pub sealed: Vec<u8>,
}

/// What a device gives a hub to keep, what it wants, and whom it has erased.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys {
    pub give: Vec<SealedKey>,
    pub erased: Vec<CustomerId>,
    pub wanted: Vec<CustomerId>,
}

/// Those of the wanted keys that are there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeysAnswer {
    pub keys: Vec<SealedKey>,
}

#[derive(Serialize, Deserialize)]
struct KeysV1 {
    give: Vec<([u8; 16], Vec<u8>)>,
    erased: Vec<[u8; 16]>,
    wanted: Vec<[u8; 16]>,
}

fn keys_out(keys: &[SealedKey]) -> Vec<([u8; 16], Vec<u8>)> {
    keys.iter()
        .map(|key| (key.customer.bytes(), key.sealed.clone()))
        .collect()
}

fn keys_in(keys: Vec<([u8; 16], Vec<u8>)>) -> Vec<SealedKey> {
    let keys = keys.into_iter().map(|(customer, sealed)| SealedKey {
        customer: CustomerId::from_bytes(customer),
        sealed,
    });
    keys.collect()
}

impl Keys {
    pub fn encode(&self) -> Vec<u8> {
        written(&KeysV1 {
            give: keys_out(&self.give),
            erased: self.erased.iter().map(|id| id.bytes()).collect(),
            wanted: self.wanted.iter().map(|id| id.bytes()).collect(),
        })
    }

    pub fn decode(bytes: &[u8]) -> Result<Keys, WireError> {
        let wire: KeysV1 = read(bytes)?;
        Ok(Keys {
            give: keys_in(wire.give),
            erased: wire.erased.into_iter().map(CustomerId::from_bytes).collect(),
            wanted: wire.wanted.into_iter().map(CustomerId::from_bytes).collect(),
        })
    }
}

impl KeysAnswer {
    pub fn encode(&self) -> Vec<u8> {
        written(&keys_out(&self.keys))
    }

    pub fn decode(bytes: &[u8]) -> Result<KeysAnswer, WireError> {
        read(bytes).map(|keys| KeysAnswer { keys: keys_in(keys) })
    }
}

type WireVector = Vec<([u8; 16], u64)>;

#[derive(Serialize, Deserialize)]
struct ChunkV1<'a> {
    shop: [u8; 16],
    device: [u8; 16],
    after: u64,
    previous: FactHash,
    #[serde(borrow)]
    transactions: Vec<Bytes<'a>>,
}

#[derive(Serialize, Deserialize)]
struct PushV1<'a> {
    #[serde(borrow)]
    series: Vec<ChunkV1<'a>>,
}

#[derive(Serialize, Deserialize)]
struct PushedV1 {
    heads: WireVector,
    refused: Vec<([u8; 16], u8, u64)>,
}

#[derive(Serialize, Deserialize)]
struct PullV1 {
    have: WireVector,
    max_bytes: u32,
    wait_ms: u32,
}

#[derive(Serialize, Deserialize)]
struct PulledV1<'a> {
    #[serde(borrow)]
    chunks: Vec<ChunkV1<'a>>,
    heads: WireVector,
    more: bool,
}

#[derive(Serialize, Deserialize)]
struct HeadsV1 {
    heads: WireVector,
}

impl Push {
    pub fn encode(&self) -> Vec<u8> {
        written(&PushV1 {
            series: chunks_out(&self.series),
        })
    }

    pub fn decode(bytes: &[u8]) -> Result<Push, WireError> {
        let wire: PushV1<'_> = message(bytes)?;
        Ok(Push {
            series: chunks_in(wire.series)?,
        })
    }
}

impl Pushed {
    pub fn encode(&self) -> Vec<u8> {
        let refused = self.refused.iter().map(|(device, why)| {
            let (code, seq) = why.code();
            (device.bytes(), code, seq)
        });
        written(&PushedV1 {
            heads: vector_out(&self.heads),
            refused: refused.collect(),
        })
    }

    pub fn decode(bytes: &[u8]) -> Result<Pushed, WireError> {
        let wire: PushedV1 = owned(bytes)?;
        let refused = wire.refused.into_iter();
        Ok(Pushed {
            heads: vector_in(wire.heads)?,
            refused: refused
                .map(|(device, code, seq)| (DeviceId::from_bytes(device), Why::of(code, seq)))
                .collect(),
        })
    }
}

impl Pull {
    pub fn encode(&self) -> Vec<u8> {
        written(&PullV1 {
            have: vector_out(&self.have),
            max_bytes: self.max_bytes,
            wait_ms: self.wait_ms,
        })
    }

    pub fn decode(bytes: &[u8]) -> Result<Pull, WireError> {
        let wire: PullV1 = owned(bytes)?;
        Ok(Pull {
            have: vector_in(wire.have)?,
            max_bytes: wire.max_bytes,
            wait_ms: wire.wait_ms,
        })
    }
}

impl Pulled {
    pub fn encode(&self) -> Vec<u8> {
        written(&PulledV1 {
            chunks: chunks_out(&self.chunks),
            heads: vector_out(&self.heads),
            more: self.more,
        })
    }

    pub fn decode(bytes: &[u8]) -> Result<Pulled, WireError> {
        let wire: PulledV1<'_> = message(bytes)?;
        Ok(Pulled {
            chunks: chunks_in(wire.chunks)?,
            heads: vector_in(wire.heads)?,
            more: wire.more,
        })
    }
}

impl Heads {
    pub fn encode(&self) -> Vec<u8> {
        written(&HeadsV1 {
            heads: vector_out(&self.heads),
        })
    }

    pub fn decode(bytes: &[u8]) -> Result<Heads, WireError> {
        let wire: HeadsV1 = owned(bytes)?;
        Ok(Heads {
            heads: vector_in(wire.heads)?,
        })
    }
}

fn chunks_out(chunks: &[Chunk]) -> Vec<ChunkV1<'_>> {
    let out = chunks.iter().map(|chunk| ChunkV1 {
        shop: chunk.shop.bytes(),
        device: chunk.device.bytes(),
        after: chunk.after,
        previous: chunk.previous,
        transactions: chunk.transactions.iter().map(|t| Bytes(t)).collect(),
    });
    out.collect()
}

fn chunks_in(wire: Vec<ChunkV1<'_>>) -> Result<Vec<Chunk>, WireError> {
    if wire.len() > MAX_SERIES {
        return Err(WireError::TooBig);
    }
    let chunks = wire.into_iter().map(|chunk| Chunk {
        shop: ShopId::from_bytes(chunk.shop),
        device: DeviceId::from_bytes(chunk.device),
        after: chunk.after,
        previous: chunk.previous,
        transactions: chunk.transactions.iter().map(|t| t.0.to_vec()).collect(),
    });
    Ok(chunks.collect())
}

fn vector_out(vector: &Vector) -> WireVector {
    vector
        .iter()
        .map(|(device, seq)| (device.bytes(), *seq))
        .collect()
}

fn vector_in(wire: WireVector) -> Result<Vector, WireError> {
    if wire.len() > MAX_SERIES {
        return Err(WireError::TooBig);
    }
    let mut vector = Vector::new();
    for (device, seq) in wire {
        // The same series twice would let two ends of one message disagree about what it says.
        if vector.insert(DeviceId::from_bytes(device), seq).is_some() {
            return Err(WireError::Unreadable);
        }
    }
    Ok(vector)
}

pub(crate) fn written(wire: &impl Serialize) -> Vec<u8> {
    // Growing a Vec cannot fail, and everything here has a known length: postcard has nothing to refuse.
    postcard::to_extend(wire, vec![FORM]).unwrap_or_default()
}

pub(crate) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, WireError> {
    match bytes {
        [] => Err(WireError::Empty),
        [FORM, rest @ ..] => match postcard::take_from_bytes(rest) {
            Ok((wire, [])) => Ok(wire),
            _ => Err(WireError::Unreadable),
        },
        [0, ..] => Err(WireError::Unreadable),
        [newer, ..] => Err(WireError::Newer(*newer)),
    }
}

fn message<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, WireError> {
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(WireError::TooBig);
    }
    read(bytes)
}

fn owned<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    message(bytes)
}

/// The headers of a signed request.
pub const SHOP: &str = "x-chandi-shop";
pub const DEVICE: &str = "x-chandi-device";
/// Unix milliseconds by the sender's clock.
pub const TIME: &str = "x-chandi-time";
/// Ed25519, in hex.
pub const SIGNATURE: &str = "x-chandi-signature";
/// BLAKE3 of the body, in hex: with it the signature is looked at before the body is read.
pub const DIGEST: &str = "x-chandi-digest";

/// How far the clock of somebody who asks for facts may be off. Who brings facts is never refused for the time.
pub const PULL_WINDOW_MS: i64 = 15 * 60 * 1000;

/// A request as it is signed: whoever changes any of it needs the key again.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub body: &'a [u8],
    pub time_ms: i64,
    pub shop: ShopId,
    pub device: DeviceId,
}

impl Request<'_> {
    pub fn sign(&self, key: &DeviceKey) -> [u8; 64] {
        key.sign(&self.head().signed())
    }

    pub fn is_signed_by(&self, key: &PublicKey, signature: &[u8; 64]) -> bool {
        self.head().is_signed_by(key, signature)
    }

    fn head(&self) -> RequestHead<'_> {
        RequestHead {
            method: self.method,
            path: self.path,
            digest: *blake3::hash(self.body).as_bytes(),
            time_ms: self.time_ms,
            shop: self.shop,
            device: self.device,
        }
    }
}

/// The same, of a body that is still to come.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub digest: [u8; 32],
    pub time_ms: i64,
    pub shop: ShopId,
    pub device: DeviceId,
}

impl RequestHead<'_> {
    pub fn is_signed_by(&self, key: &PublicKey, signature: &[u8; 64]) -> bool {
        key.verifies(&self.signed(), signature)
    }

    fn signed(&self) -> Vec<u8> {
        let mut signed = b"chandi ask v1\0\0\0".to_vec();
        for text in [self.method, self.path] {
            // With its length before it, so that no two requests have the same bytes.
            signed.extend_from_slice(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            signed.extend_from_slice(text.as_bytes());
        }
        signed.extend_from_slice(&self.digest);
        signed.extend_from_slice(&self.time_ms.to_be_bytes());
        signed.extend_from_slice(&self.shop.bytes());
        signed.extend_from_slice(&self.device.bytes());
        signed
    }
}

/// A node's answer, signed over the very request that it answers, so that an old answer fits no new question.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The signature of the request.
    pub asked: &'a [u8; 64],
    pub status: u16,
    pub body: &'a [u8],
    pub device: DeviceId,
}

impl Answer<'_> {
    pub fn sign(&self, key: &DeviceKey) -> [u8; 64] {
        key.sign(&self.signed())
    }

    pub fn is_signed_by(&self, key: &PublicKey, signature: &[u8; 64]) -> bool {
        key.verifies(&self.signed(), signature)
    }

    fn signed(&self) -> Vec<u8> {
        let mut signed = b"chandi say v1\0\0\0".to_vec();
        signed.extend_from_slice(self.asked);
        signed.extend_from_slice(&self.status.to_be_bytes());
        signed.extend_from_slice(blake3::hash(self.body).as_bytes());
        signed.extend_from_slice(&self.device.bytes());
        signed
    }
}

/// How signatures stand in headers.
pub fn signature_text(signature: &[u8; 64]) -> String {
    signature.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn signature_of(text: &str) -> Option<[u8; 64]> {
    let digits = text.as_bytes();
    if digits.len() != 128 {
        return None;
    }
    let digit = |at: usize| char::from(digits[at]).to_digit(16);
    let mut signature = [0; 64];
    for (at, byte) in signature.iter_mut().enumerate() {
        *byte = u8::try_from(digit(2 * at)? * 16 + digit(2 * at + 1)?).ok()?;
    }
    Some(signature)
}
