//! Backups at a hub: what a device says of one that it brings, piece by piece, and how whoever holds the recovery card
//! fetches it when no device is left.
//!
//! A backup is sealed for the card before it leaves its device, so a hub keeps what it cannot open. Whose it is, the hub
//! knows by the public half of the card's signing key, which the shop's own facts name; who asks with the card signs
//! with the other half, which stands on no device.

use crate::{
    exchange::{Bytes, WireError, read, written},
    keys::{DeviceKey, PublicKey},
    recovery::RecoverySecret,
};
use domain::ids::{DeviceId, ShopId};
use serde::{Deserialize, Serialize};

/// How much of a backup travels at once; the last piece is what is left.
pub const PIECE_BYTES: u64 = 1 << 20;
/// The most pieces of one backup.
pub const MAX_PIECES: usize = 16_384;
/// How far the clock of who asks with the card may be off.
pub const CARD_WINDOW_MS: i64 = 15 * 60 * 1000;

type Signature = [[u8; 32]; 2];

fn halves(signature: &[u8; 64]) -> Signature {
    let mut halves = [[0; 32]; 2];
    halves[0].copy_from_slice(&signature[..32]);
    halves[1].copy_from_slice(&signature[32..]);
    halves
}

fn whole(halves: &Signature) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&halves[0]);
    signature[32..].copy_from_slice(&halves[1]);
    signature
}

/// What a device says of a backup. Frozen: fields are never reordered or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    pub shop: [u8; 16],
    pub device: [u8; 16],
    /// The public half of the card that opens it.
    pub card: [u8; 32],
    pub made_ms: i64,
    pub bytes: u64,
    pub facts: u64,
    /// The hash of each piece, in order.
    pub pieces: Vec<[u8; 32]>,
}

impl Description {
    pub fn shop(&self) -> ShopId {
        ShopId::from_bytes(self.shop)
    }

    pub fn device(&self) -> DeviceId {
        DeviceId::from_bytes(self.device)
    }

    pub fn encode(&self) -> Vec<u8> {
        written(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Description, WireError> {
        read(bytes)
    }

    /// The backup's name: the same content described the same way is the same backup.
    pub fn id(&self) -> [u8; 16] {
        let hash = blake3::derive_key("chandi 2026 name of a backup at a hub v1", &self.encode());
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        id
    }

    /// Whether there are as many pieces as so many bytes have, and not too many.
    pub fn fits(&self) -> bool {
        let count = u64::try_from(self.pieces.len()).unwrap_or(u64::MAX);
        self.pieces.len() <= MAX_PIECES && self.bytes > 0 && self.bytes.div_ceil(PIECE_BYTES) == count
    }

    /// How long a piece is; nothing, where there is none.
    pub fn length_of(&self, at: u32) -> Option<u64> {
        let begin = u64::from(at).checked_mul(PIECE_BYTES)?;
        (begin < self.bytes).then(|| (self.bytes - begin).min(PIECE_BYTES))
    }

    /// Whether these are the bytes of that piece.
    pub fn is_piece(&self, at: u32, bytes: &[u8]) -> bool {
        let hash = usize::try_from(at).ok().and_then(|at| self.pieces.get(at));
        let length = u64::try_from(bytes.len()).ok();
        hash.is_some_and(|hash| blake3::hash(bytes).as_bytes() == hash) && self.length_of(at) == length
    }

    pub fn sign(self, key: &DeviceKey) -> Signed {
        let signature = halves(&key.sign(&described(&self)));
        Signed {
            description: self,
            signature,
        }
    }
}

fn described(description: &Description) -> Vec<u8> {
    let mut message = b"chandi backup v1\0".to_vec();
    message.extend_from_slice(&description.encode());
    message
}

/// A description and the signature of the device that made the backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    pub description: Description,
    signature: Signature,
}

impl Signed {
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.verifies(&described(&self.description), &whole(&self.signature))
    }

    pub fn encode(&self) -> Vec<u8> {
        written(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Signed, WireError> {
        read(bytes)
    }
}

/// A step of a device that brings a backup. Each may be done again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bring {
    /// This is what comes; which pieces are missing?
    Begin(Signed),
    Piece {
        id: [u8; 16],
        at: u32,
        bytes: Vec<u8>,
    },
    /// All of it went out: from now on it counts.
    Finish {
        id: [u8; 16],
    },
}

#[derive(Serialize, Deserialize)]
enum BringV1<'a> {
    Begin(Signed),
    Piece {
        id: [u8; 16],
        at: u32,
        #[serde(borrow)]
        bytes: Bytes<'a>,
    },
    Finish {
        id: [u8; 16],
    },
}

impl Bring {
    pub fn encode(&self) -> Vec<u8> {
        written(&match self {
            Bring::Begin(signed) => BringV1::Begin(signed.clone()),
            Bring::Piece { id, at, bytes } => BringV1::Piece {
                id: *id,
                at: *at,
                bytes: Bytes(bytes),
            },
            Bring::Finish { id } => BringV1::Finish { id: *id },
        })
    }

    pub fn decode(bytes: &[u8]) -> Result<Bring, WireError> {
        Ok(match read::<BringV1<'_>>(bytes)? {
            BringV1::Begin(signed) => Bring::Begin(signed),
            BringV1::Piece { id, at, bytes } => Bring::Piece {
                id,
                at,
                bytes: bytes.0.to_vec(),
            },
            BringV1::Finish { id } => Bring::Finish { id },
        })
    }
}

/// How far the backup is at the hub.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brought {
    /// The pieces that are not there. After a single piece nothing is said of the others.
    pub missing: Vec<u32>,
    /// It is there and counts.
    pub whole: bool,
}

impl Brought {
    pub fn encode(&self) -> Vec<u8> {
        written(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Brought, WireError> {
        read(bytes)
    }
}

/// What is asked with the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Want {
    /// What backups are there?
    List,
    Piece {
        shop: [u8; 16],
        id: [u8; 16],
        at: u32,
    },
}

/// A question of whoever holds a card, signed with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardAsk {
    /// The public half.
    pub card: [u8; 32],
    pub time_ms: i64,
    pub want: Want,
    signature: Signature,
}

/// Every part has its own form, so nothing can be moved from one into another; the word keeps it apart from all else
/// that the card signs.
fn asked(card: &[u8; 32], time_ms: i64, want: &Want) -> Vec<u8> {
    let mut message = b"chandi card asks v1\0".to_vec();
    message.extend_from_slice(card);
    message.extend_from_slice(&time_ms.to_be_bytes());
    message.extend_from_slice(&written(want));
    message
}

impl CardAsk {
    pub fn with(secret: &RecoverySecret, want: Want, time_ms: i64) -> CardAsk {
        let key = secret.signing_key();
        let card = key.public().bytes();
        let signature = halves(&key.sign(&asked(&card, time_ms, &want)));
        CardAsk {
            card,
            time_ms,
            want,
            signature,
        }
    }

    /// Whether the card that it names signed it.
    pub fn is_signed(&self) -> bool {
        let message = asked(&self.card, self.time_ms, &self.want);
        PublicKey::from_bytes(&self.card).is_some_and(|key| key.verifies(&message, &whole(&self.signature)))
    }

    pub fn encode(&self) -> Vec<u8> {
        written(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<CardAsk, WireError> {
        read(bytes)
    }
}

/// The backups that a card can fetch, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptBackups {
    pub backups: Vec<Signed>,
    /// A device that was merely let in made a newer card the shop's.
    pub replaced: bool,
}

impl KeptBackups {
    pub fn encode(&self) -> Vec<u8> {
        written(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<KeptBackups, WireError> {
        read(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn description(content: &[u8]) -> Description {
        let pieces = content.chunks(usize::try_from(PIECE_BYTES).expect("small"));
        Description {
            shop: [1; 16],
            device: [2; 16],
            card: [3; 32],
            made_ms: 4,
            bytes: u64::try_from(content.len()).expect("small"),
            facts: 5,
            pieces: pieces.map(|piece| *blake3::hash(piece).as_bytes()).collect(),
        }
    }

    #[test]
    fn pieces_are_those_that_were_described() {
        let content = vec![7; usize::try_from(PIECE_BYTES).expect("small") + 3];
        let mut described = description(&content);
        assert!(described.fits());
        let (first, last) = content.split_at(content.len() - 3);
        assert!(described.is_piece(0, first) && described.is_piece(1, last));
        assert!(!described.is_piece(1, first) && !described.is_piece(2, last));
        assert!(!described.is_piece(1, &[7, 7]), "cut short");
        assert_eq!(described.length_of(2), None);
        described.bytes += PIECE_BYTES;
        assert!(!described.fits(), "a piece is missing");
        described.pieces.clear();
        described.bytes = 0;
        assert!(!described.fits(), "nothing is no backup");
    }

    #[test]
    fn a_description_is_its_devices_word() {
        let key = DeviceKey::from_seed(&[9; 32]);
        let signed = description(b"books").sign(&key);
        let read = Signed::decode(&signed.encode()).expect("read");
        assert_eq!(read, signed);
        assert!(read.is_signed_by(&key.public()));
        let mut other = read.clone();
        other.description.made_ms += 1;
        assert!(!other.is_signed_by(&key.public()));
        assert_ne!(other.description.id(), read.description.id());
        assert!(!read.is_signed_by(&DeviceKey::from_seed(&[8; 32]).public()));
    }

    #[test]
    fn only_the_card_asks_in_its_name() {
        let secret = RecoverySecret([5; 16]);
        let want = Want::Piece {
            shop: [1; 16],
            id: [2; 16],
            at: 3,
        };
        let ask = CardAsk::with(&secret, want, 77);
        let read = CardAsk::decode(&ask.encode()).expect("read");
        assert!(read.is_signed());
        for other in [
            CardAsk {
                time_ms: 78,
                ..read.clone()
            },
            CardAsk {
                want: Want::List,
                ..read.clone()
            },
            CardAsk {
                card: RecoverySecret([6; 16]).signing_key().public().bytes(),
                ..read.clone()
            },
        ] {
            assert!(!other.is_signed(), "{other:?}");
        }
    }

    #[test]
    fn steps_come_back_as_they_went() {
        let key = DeviceKey::from_seed(&[9; 32]);
        for step in [
            Bring::Begin(description(b"books").sign(&key)),
            Bring::Piece {
                id: [1; 16],
                at: 2,
                bytes: vec![3; 4000],
            },
            Bring::Finish { id: [1; 16] },
        ] {
            assert_eq!(Bring::decode(&step.encode()), Ok(step));
        }
        let brought = Brought {
            missing: vec![1, 5],
            whole: false,
        };
        assert_eq!(Brought::decode(&brought.encode()), Ok(brought));
    }

    proptest! {
        #[test]
        fn strangers_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut tagged = vec![1];
            tagged.extend_from_slice(&bytes);
            for bytes in [bytes, tagged] {
                let _ = (Bring::decode(&bytes), CardAsk::decode(&bytes), KeptBackups::decode(&bytes));
                let _ = (Signed::decode(&bytes), Brought::decode(&bytes));
            }
        }
    }
}
