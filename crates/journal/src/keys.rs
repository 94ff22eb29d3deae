//! A device's Ed25519 key: it signs the head of each transaction and the tokens that the device issues.

use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};

/// The secret half, on its own device only.
pub struct DeviceKey(SigningKey);

/// The public half, known to the whole shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl DeviceKey {
    pub fn from_seed(seed: &[u8; 32]) -> DeviceKey {
        DeviceKey(SigningKey::from_bytes(seed))
    }

    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }
}

impl PublicKey {
    /// `None` when the bytes are not a point of the curve.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<PublicKey> {
        VerifyingKey::from_bytes(bytes).ok().map(PublicKey)
    }

    pub fn bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify(message, &Signature::from_bytes(signature)).is_ok()
    }

    /// The short name by which tokens point at the key that signed them.
    pub fn id(&self) -> [u8; 4] {
        let hash = blake3::hash(&self.bytes());
        let mut id = [0; 4];
        id.copy_from_slice(&hash.as_bytes()[..4]);
        id
    }
}

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceKey(secret)")
    }
}
