//! The shop's recovery secret, which stands on a card of the owner's and on no device, and what it signs.
//!
//! From it follow two keys: one opens backups, the other lets a device into the shop that was restored from one. So a
//! backup and the card are enough to go on, and neither is without the other.
//!
//! Anybody can seal books for a card, whose public halves stand in the shop's facts. So the card signs once who founded
//! the shop: whoever founds books of his own under its name cannot show that.

use crate::{
    body::{DeviceRestoredV1, ShopVouchedV1},
    keys::{DeviceKey, PublicKey},
};
use domain::ids::{DeviceId, ShopId};

/// What stands on the card.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoverySecret(pub [u8; 16]);

impl RecoverySecret {
    /// The secret half of the X25519 key that backups are sealed for.
    pub fn opening_key(&self) -> [u8; 32] {
        blake3::derive_key("chandi 2026 recovery card, opens backups v1", &self.0)
    }

    /// Lets devices in.
    pub fn signing_key(&self) -> DeviceKey {
        DeviceKey::from_seed(&blake3::derive_key(
            "chandi 2026 recovery card, signs v1",
            &self.0,
        ))
    }

    /// Writes under a restored device's first fact that it may be.
    pub fn sign(&self, shop: ShopId, restored: &mut DeviceRestoredV1) {
        let key = self.signing_key();
        restored.recovery_key = key.public().bytes();
        let signature = key.sign(&message(shop, restored));
        restored.signature[0].copy_from_slice(&signature[..32]);
        restored.signature[1].copy_from_slice(&signature[32..]);
    }
}

impl RecoverySecret {
    /// Says who founded the shop.
    pub fn vouch(&self, shop: ShopId, founder: DeviceId, founder_key: &PublicKey) -> ShopVouchedV1 {
        let key = self.signing_key();
        let mut vouched = ShopVouchedV1 {
            card: key.public().bytes(),
            founder: founder.bytes(),
            founder_key: founder_key.bytes(),
            signature: [[0; 32]; 2],
        };
        let signature = key.sign(&vouching(shop, &vouched));
        vouched.signature[0].copy_from_slice(&signature[..32]);
        vouched.signature[1].copy_from_slice(&signature[32..]);
        vouched
    }

    /// Whether this card said that this device founded this shop.
    pub fn vouched(
        &self,
        shop: ShopId,
        founder: DeviceId,
        founder_key: &PublicKey,
        vouched: &ShopVouchedV1,
    ) -> bool {
        let key = self.signing_key().public();
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&vouched.signature[0]);
        signature[32..].copy_from_slice(&vouched.signature[1]);
        vouched.card == key.bytes()
            && vouched.founder == founder.bytes()
            && vouched.founder_key == founder_key.bytes()
            && key.verifies(&vouching(shop, vouched), &signature)
    }
}

/// Every part has a fixed length; the word keeps it apart from all else that the card signs.
fn vouching(shop: ShopId, vouched: &ShopVouchedV1) -> Vec<u8> {
    [
        b"chandi card vouches v1\0".as_slice(),
        &shop.bytes(),
        &vouched.card,
        &vouched.founder,
        &vouched.founder_key,
    ]
    .concat()
}

impl std::fmt::Debug for RecoverySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoverySecret")
    }
}

/// Whether the recovery key that is named there signed it. Whether it is the shop's is another question.
pub(crate) fn is_signed(shop: ShopId, restored: &DeviceRestoredV1) -> bool {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&restored.signature[0]);
    signature[32..].copy_from_slice(&restored.signature[1]);
    PublicKey::from_bytes(&restored.recovery_key)
        .is_some_and(|key| key.verifies(&message(shop, restored), &signature))
}

/// Every part has a fixed length, so nothing can be moved from one into another.
fn message(shop: ShopId, restored: &DeviceRestoredV1) -> Vec<u8> {
    [
        b"chandi restored device v1\0".as_slice(),
        &shop.bytes(),
        &restored.device,
        &restored.public_key,
        &restored.branch,
        &restored.counter,
        &restored.ordinal.to_be_bytes(),
        &[restored.lane],
        &restored.backup_by,
        &restored.backup_ms.to_be_bytes(),
        &restored.restored_ms.to_be_bytes(),
        &restored.recovery_key,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_vouches_for_one_founder_of_one_shop() {
        let (card, other) = (RecoverySecret([1; 16]), RecoverySecret([2; 16]));
        let (shop, founder) = (ShopId::from_bytes([3; 16]), DeviceId::from_bytes([4; 16]));
        let key = |n| DeviceKey::from_seed(&[n; 32]).public();
        let vouched = card.vouch(shop, founder, &key(5));
        assert!(card.vouched(shop, founder, &key(5), &vouched));
        assert!(!other.vouched(shop, founder, &key(5), &vouched), "another card");
        assert!(!card.vouched(ShopId::from_bytes([6; 16]), founder, &key(5), &vouched));
        assert!(!card.vouched(shop, DeviceId::from_bytes([6; 16]), &key(5), &vouched));
        assert!(
            !card.vouched(shop, founder, &key(6), &vouched),
            "another founder's key"
        );
        // Nobody else can write it: neither for other books, nor with another card's signature.
        let mut forged = other.vouch(shop, founder, &key(6));
        forged.card = vouched.card;
        assert!(!card.vouched(shop, founder, &key(6), &forged));
        let mut forged = vouched.clone();
        forged.founder_key = key(6).bytes();
        assert!(!card.vouched(shop, founder, &key(6), &forged));
    }
}
