//! Ids: one type per thing, so that a product's id can never be passed where an order's is meant.
//!
//! Every id is a UUIDv7 made on the device that makes the thing. Randomness comes in as bytes.

use thiserror::Error;
use uuid::Uuid;

/// What stands in the text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an id")]
pub struct IdError;

/// Declares id types: newtypes over [`Uuid`] that never mix.
#[macro_export]
macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($crate::Uuid);

        impl $name {
            pub const fn from_uuid(uuid: $crate::Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> $crate::Uuid {
                self.0
            }

            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self($crate::Uuid::from_bytes(bytes))
            }

            pub const fn bytes(self) -> [u8; 16] {
                self.0.into_bytes()
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::ids::IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::Uuid::try_parse(text).map(Self).map_err(|_| $crate::ids::IdError)
            }
        }
    )+};
}

typed_id!(
    OrderId,
    ProductId,
    CategoryId,
    BrandId,
    PriceId,
    LevelId,
    ModifierGroupId,
    PictureId,
    TaxClassId,
    TaxIdentityId,
    StaffId,
    ShopId,
    BranchId,
    CounterId,
    DeviceId,
    CartId,
    TenderId,
    FactId,
    CustomerId,
    CampaignId,
    SessionId,
    ShiftId,
    SeatId,
    CommandId,
    PrinterId,
    PrintJobId,
    MailId,
    WebhookId,
    QuotationId,
    PaymentId,
    CardId,
);

/// A UUIDv7 from a Unix time in milliseconds and ten random bytes (six bits of them give way to the format).
pub fn uuid_v7(ms: u64, random: [u8; 10]) -> Uuid {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&ms.to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&random);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    Uuid::from_bytes(bytes)
}

/// The Unix milliseconds in the first 48 bits of a UUIDv7.
pub fn uuid_ms(uuid: Uuid) -> u64 {
    let [a, b, c, d, e, f, ..] = uuid.into_bytes();
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_print_and_parse() {
        let id = OrderId::from_uuid(uuid_v7(1_795_228_800_000, [7; 10]));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(OrderId::from_bytes(id.bytes()), id);
        assert_eq!("".parse::<OrderId>(), Err(IdError));
        assert_eq!("'; drop table orders; --".parse::<OrderId>(), Err(IdError));
    }

    #[test]
    fn the_format_bits_are_those_of_version_seven() {
        let uuid = uuid_v7(0, [0xff; 10]);
        assert_eq!(uuid.get_version_num(), 7);
        assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
    }

    proptest! {
        #[test]
        fn the_time_stays_readable_and_orders_the_ids(a in 0u64..1 << 48, b in 0u64..1 << 48, r: [u8; 10], s: [u8; 10]) {
            let (x, y) = (uuid_v7(a, r), uuid_v7(b, s));
            prop_assert_eq!(uuid_ms(x), a);
            if a < b {
                prop_assert!(x < y);
            }
        }
    }
}
