//! Personal data inside facts: sealed under the customer's own key, so that erasing the key erases the data and
//! leaves the books.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};

const NONCE: usize = 24;

/// Seals `plain` for what it belongs to: under another `about` it does not open. `None` when it is absurdly long.
pub fn close(key: &[u8; 32], about: &[u8; 16], nonce: [u8; NONCE], plain: &[u8]) -> Option<Vec<u8>> {
    let cipher = XChaCha20Poly1305::new(key.into());
    let sealed = cipher
        .encrypt(
            &XNonce::from(nonce),
            Payload {
                msg: plain,
                aad: about,
            },
        )
        .ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

/// `None` with another key, for something else, or when a bit is wrong.
pub fn open(key: &[u8; 32], about: &[u8; 16], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    let cipher = XChaCha20Poly1305::new(key.into());
    cipher
        .decrypt(
            &XNonce::from(*nonce),
            Payload {
                msg: sealed,
                aad: about,
            },
        )
        .ok()
}

/// What one sealed field of a register is about: a field moved to another place, or to another record, does not open.
pub fn of_field(record: &[u8; 16], field: u16) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(b"chandi sealed field v1\0")
        .update(record)
        .update(&field.to_be_bytes());
    let mut about = [0; 16];
    about.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    about
}

/// The same for a value of several fields.
pub fn close_value<T: serde::Serialize>(
    key: &[u8; 32],
    about: &[u8; 16],
    nonce: [u8; NONCE],
    value: &T,
) -> Option<Vec<u8>> {
    close(key, about, nonce, &postcard::to_stdvec(value).ok()?)
}

pub fn open_value<T: serde::de::DeserializeOwned>(
    key: &[u8; 32],
    about: &[u8; 16],
    sealed: &[u8],
) -> Option<T> {
    postcard::from_bytes(&open(key, about, sealed)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_opens_in_its_own_place_only() {
        let about = of_field(&[2; 16], 1);
        assert_ne!(about, of_field(&[2; 16], 2));
        assert_ne!(about, of_field(&[3; 16], 1));
        assert_eq!(about, of_field(&[2; 16], 1));
    }

    #[test]
    fn only_its_own_key_and_place_open_it() {
        let sealed = close(&[1; 32], &[2; 16], [3; 24], b"+919876543210").expect("sealed");
        assert_eq!(
            open(&[1; 32], &[2; 16], &sealed).as_deref(),
            Some(&b"+919876543210"[..])
        );
        assert_eq!(open(&[9; 32], &[2; 16], &sealed), None);
        assert_eq!(open(&[1; 32], &[9; 16], &sealed), None);
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert_eq!(open(&[1; 32], &[2; 16], &other), None, "byte {at}");
            assert_eq!(open(&[1; 32], &[2; 16], &sealed[..at]), None, "cut at {at}");
        }
    }
}
