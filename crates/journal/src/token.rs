//! Signing and checking tokens: the domain knows their bytes, this module their keys.

use crate::keys::{DeviceKey, PublicKey};
use domain::token::{Signed, TokenBody, encode_body, join};

/// The words under every token's signature, so that no other signed thing can pass for one.
const DOMAIN: &[u8] = b"chandi token v1\0";

/// The finished code for the QR.
pub fn sign(body: &TokenBody, key: &DeviceKey) -> String {
    let bytes = encode_body(body);
    let signature = key.sign(&message(&bytes));
    join(&bytes, &signature)
}

pub fn is_signed_by(token: &Signed, key: &PublicKey) -> bool {
    key.verifies(&message(&token.body_bytes), &token.signature)
}

fn message(bytes: &[u8]) -> Vec<u8> {
    [DOMAIN, bytes].concat()
}
