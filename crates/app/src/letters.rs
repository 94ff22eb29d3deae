//! What devices of one shop write to each other, signed: the asker by its key, the answer by the other's.
//!
//! An answer is signed together with the letter that it answers, so an old answer fits no new question.

use crate::{AppError, Code, Result, Shop};
use domain::ids::DeviceId;
use journal::PublicKey;

/// The header that names the sender.
pub const DEVICE: &str = "x-chandi-device";
/// The header with the Ed25519 signature, in hex.
pub const SIGNATURE: &str = "x-chandi-signature";

/// What stands outside on a letter of another device, not believed yet. Its body may be still to come.
pub struct Envelope {
    pub device: DeviceId,
    /// Of the body.
    pub digest: [u8; 32],
    pub signature: [u8; 64],
}

impl Envelope {
    pub fn read(device: Option<&str>, digest: Option<&str>, signature: Option<&str>) -> Option<Envelope> {
        Some(Envelope {
            device: device?.parse().ok()?,
            digest: unhex(digest?)?,
            signature: unhex(signature?)?,
        })
    }
}

impl Shop {
    /// The device that wrote this, of this shop and this branch; refused when the signature is not its own.
    pub fn sender_of(&self, letter: &Envelope) -> Result<DeviceId> {
        let key = self
            .key_of(letter.device)?
            .ok_or(AppError::new(Code::SignedOut))?;
        match key.verifies(&asked(letter.device, &letter.digest), &letter.signature) {
            true => Ok(letter.device),
            false => Err(Code::SignedOut.into()),
        }
    }

    /// The key of another device of this branch that nobody shut out.
    fn key_of(&self, device: DeviceId) -> Result<Option<PublicKey>> {
        let (known, revoked) = self
            .store
            .read(|r| Ok::<_, store::StoreError>((r.device(device)?, r.revoked(device)?.is_some())))?;
        Ok(known
            .filter(|row| row.branch == self.identity.branch && !revoked)
            .and_then(|row| PublicKey::from_bytes(&row.public_key)))
    }

    /// Signs a request of this device; what stands outside goes into the headers.
    pub fn sign_letter(&self, body: &[u8]) -> Result<Envelope> {
        let (device, digest) = (self.identity.device, digest_of(body));
        Ok(Envelope {
            device,
            digest,
            signature: self.store.sign(&asked(device, &digest))?,
        })
    }

    pub fn sign_answer(&self, letter: &Envelope, answer: &[u8]) -> Result<String> {
        Ok(hex(&self.store.sign(&answered(&letter.signature, answer))?))
    }

    /// Whether this answer to our letter is the other device's own.
    pub fn believes(&self, other: DeviceId, ours: &[u8; 64], answer: &[u8], signature: &str) -> Result<bool> {
        let Some(signature) = unhex(signature) else {
            return Ok(false);
        };
        Ok(self
            .key_of(other)?
            .is_some_and(|key| key.verifies(&answered(ours, answer), &signature)))
    }
}

fn asked(device: DeviceId, digest: &[u8; 32]) -> Vec<u8> {
    [b"chandi letter v2".as_slice(), &device.bytes(), digest].concat()
}

fn answered(letter: &[u8; 64], answer: &[u8]) -> Vec<u8> {
    [b"chandi answer v1".as_slice(), letter, answer].concat()
}

pub fn digest_of(body: &[u8]) -> [u8; 32] {
    *blake3::hash(body).as_bytes()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (n, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * n..2 * n + 2], 16).ok()?;
    }
    Some(bytes)
}
