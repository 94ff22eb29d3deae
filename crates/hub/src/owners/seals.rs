//! What owners' authenticators share with the hub, sealed under a key that lies outside of the books: a copy of the
//! database alone is nobody's second factor.
//!
//! The books know which key it is by its name, never the key. Under another one the hub does not begin.

use crate::{
    Books,
    books::{Result, Unavailable},
    keep::Hub,
};
use domain::{
    ids::{ShopId, StaffId},
    second_factor::SECRET_BYTES,
};
use journal::seal;

/// How many are sealed in one go.
const AT_ONCE: u32 = 100;

/// The key of all owners' second factors at this hub.
#[derive(Clone)]
pub struct OwnersKey([u8; 32]);

impl OwnersKey {
    pub fn new(bytes: [u8; 32]) -> OwnersKey {
        OwnersKey(bytes)
    }

    /// What the books keep of it.
    pub fn name(&self) -> [u8; 32] {
        blake3::derive_key("chandi hub owners key name v1", &self.0)
    }

    fn close(&self, shop: ShopId, staff: StaffId, secret: &[u8]) -> Result<Vec<u8>> {
        seal::close(&self.0, &about(shop, staff), super::random()?, secret)
            .ok_or_else(|| Unavailable("a second factor cannot be sealed".to_owned()))
    }

    fn open(&self, shop: ShopId, staff: StaffId, sealed: &[u8]) -> Result<Vec<u8>> {
        seal::open(&self.0, &about(shop, staff), sealed)
            .ok_or_else(|| Unavailable("a second factor does not open under the hub's key".to_owned()))
    }
}

/// A seal opens for nobody else, at no other shop.
fn about(shop: ShopId, staff: StaffId) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(b"chandi hub owner secret v1\0")
        .update(&shop.bytes())
        .update(&staff.bytes());
    let mut about = [0; 16];
    about.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    about
}

/// Where a secret stands in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretOf {
    Owner(String),
    Offer([u8; 32]),
}

/// A secret of before there were seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clear {
    pub of: SecretOf,
    pub shop: ShopId,
    pub staff: StaffId,
    pub secret: Vec<u8>,
}

/// How long a secret is that is not sealed; a sealed one is longer.
pub(crate) const CLEAR: i64 = 20;
const _: () = assert!(SECRET_BYTES == 20, "the books tell them apart by it");

/// Why a hub does not begin with a key.
#[derive(Debug, thiserror::Error)]
pub enum WrongKey {
    #[error("the owners' second factors in these books are sealed under another key")]
    Another,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl<B: Books> Hub<B> {
    /// Makes the hub's key that of the books, unless another one is, and seals what lay there clear. Says how many.
    pub async fn seal_owners(&self) -> std::result::Result<usize, WrongKey> {
        let key = self.owners_key()?;
        if self.books.claim_owners_key(key.name()).await? != key.name() {
            return Err(WrongKey::Another);
        }
        let mut sealed = 0;
        loop {
            let clear = self.books.clear_secrets(AT_ONCE).await?;
            if clear.is_empty() {
                return Ok(sealed);
            }
            sealed += clear.len();
            for one in clear {
                let closed = key.close(one.shop, one.staff, &one.secret)?;
                self.books.replace_secret(&one, &closed).await?;
            }
        }
    }

    fn owners_key(&self) -> Result<&OwnersKey> {
        let missing = || Unavailable("the hub was started without the key of its owners".to_owned());
        self.owners_key.as_ref().ok_or_else(missing)
    }

    pub(super) fn close_secret(&self, shop: ShopId, staff: StaffId, secret: &[u8]) -> Result<Vec<u8>> {
        self.owners_key()?.close(shop, staff, secret)
    }

    pub(super) fn open_secret(&self, shop: ShopId, staff: StaffId, sealed: &[u8]) -> Result<Vec<u8>> {
        self.owners_key()?.open(shop, staff, sealed)
    }
}
