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

/// A signed request of another device, not believed yet.
pub struct Letter {
    pub device: DeviceId,
    pub signature: [u8; 64],
    pub body: Vec<u8>,
}

impl Letter {
    pub fn read(device: Option<String>, signature: Option<String>, body: Vec<u8>) -> Option<Letter> {
        Some(Letter {
            device: device?.parse().ok()?,
            signature: unhex(&signature?)?,
            body,
        })
    }
}

impl Shop {
    /// The device that wrote this, of this shop and this branch; refused when the signature is not its own.
    pub fn sender_of(&self, letter: &Letter) -> Result<DeviceId> {
        let key = self
            .key_of(letter.device)?
            .ok_or(AppError::new(Code::SignedOut))?;
        match key.verifies(&asked(letter.device, &letter.body), &letter.signature) {
            true => Ok(letter.device),
            false => Err(Code::SignedOut.into()),
        }
    }

    /// The key of another device of this branch.
    fn key_of(&self, device: DeviceId) -> Result<Option<PublicKey>> {
        let known = self.store.read(|r| r.device(device))?;
        Ok(known
            .filter(|row| row.branch == self.identity.branch)
            .and_then(|row| PublicKey::from_bytes(&row.public_key)))
    }

    /// Signs a request of this device; the name and the signature go into the headers.
    pub fn sign_letter(&self, body: &[u8]) -> Result<(String, [u8; 64])> {
        let device = self.identity.device;
        Ok((device.to_string(), self.store.sign(&asked(device, body))?))
    }

    pub fn sign_answer(&self, letter: &Letter, answer: &[u8]) -> Result<String> {
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

fn asked(device: DeviceId, body: &[u8]) -> Vec<u8> {
    [b"chandi letter v1".as_slice(), &device.bytes(), body].concat()
}

fn answered(letter: &[u8; 64], answer: &[u8]) -> Vec<u8> {
    [b"chandi answer v1".as_slice(), letter, answer].concat()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (n, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * n..2 * n + 2], 16).ok()?;
    }
    Some(bytes)
}
