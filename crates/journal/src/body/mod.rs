//! What facts say: one frozen struct per (kind, version). Bodies are never edited; a change is a new version, and the
//! old one says how it reads as the new one.
//!
//! Golden bytes of each version stand in the tests and must decode for ever.

mod anomalies;
mod campaigns;
mod cards;
mod customers;
mod drawer;
mod handovers;
mod invoices;
mod lead;
mod orders;
mod payments;
mod pictures;
mod quotations;
mod rates;
mod recovery;
mod refunds;
mod returns;
mod second_factor;
mod shifts;
mod shop;
mod taxes;
mod tenders;
mod tips;

pub use anomalies::*;
pub use campaigns::*;
pub use cards::*;
pub use customers::*;
pub use drawer::*;
pub use handovers::*;
pub use invoices::*;
pub use lead::*;
pub use orders::*;
pub use payments::*;
pub use pictures::*;
pub use quotations::*;
pub use rates::*;
pub use recovery::*;
pub use refunds::*;
pub use returns::*;
pub use second_factor::*;
pub use shifts::*;
pub use shop::*;
pub use taxes::*;
pub use tenders::*;
pub use tips::*;

use crate::register::PatchV1;
use serde::{Serialize, de::DeserializeOwned};

type Id = [u8; 16];

/// The bytes do not say what their kind promises. Such a fact is set aside and blocks nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body of kind {kind} version {version} cannot be read")]
pub struct UnreadableBody {
    pub kind: u16,
    pub version: u16,
}

/// Every body that this build understands: its name, what it holds, its kind and version on the wire, and the older
/// versions that read as it. Kinds are never used again for something else.
macro_rules! bodies {
    ($($name:ident($held:ty) = $kind:literal, $version:literal $(, from $old:ident as $new:ident = $older:literal)*;)+) => {
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Body {
            $($name($held),)+
            /// A kind or version of a newer build: kept and passed on.
            Unknown,
        }

        /// What it holds, in any form; the bytes of the log are those of [`Body::encode`].
        impl Serialize for Body {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Body::$name(held) => held.serialize(to),)+
                    Body::Unknown => to.serialize_unit(),
                }
            }
        }

        impl Body {
            /// Kind and version on the wire.
            pub fn tag(&self) -> (u16, u16) {
                match self {
                    $(Body::$name(_) => ($kind, $version),)+
                    Body::Unknown => (0, 0),
                }
            }

            /// What the kind is called in the code.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Body::$name(_) => stringify!($name),)+
                    Body::Unknown => "Unknown",
                }
            }

            pub fn encode(&self) -> Vec<u8> {
                match self {
                    $(Body::$name(held) => bytes(held),)+
                    Body::Unknown => Vec::new(),
                }
            }

            pub fn decode(kind: u16, version: u16, body: &[u8]) -> Result<Body, UnreadableBody> {
                let unreadable = UnreadableBody { kind, version };
                Ok(match (kind, version) {
                    $(
                        ($kind, $version) => Body::$name(read(body).ok_or(unreadable)?),
                        $(($kind, $older) => Body::$name($new::from(read::<$old>(body).ok_or(unreadable)?).into()),)*
                    )+
                    _ => Body::Unknown,
                })
            }
        }
    };
}

bodies! {
    ShopFounded(ShopFoundedV1) = 1, 1;
    DeviceAdmitted(DeviceAdmittedV1) = 2, 1;
    DeviceRevoked(DeviceRevokedV1) = 3, 1;
    RecoveryKeySet(RecoveryKeySetV1) = 8, 1;
    DeviceRestored(DeviceRestoredV1) = 9, 1;
    HubAppointed(HubAppointedV1) = 6, 1;
    DeviceSet(PatchV1) = 5, 1;
    DeviceMoved(DeviceMovedV1) = 7, 1;
    ProductSet(PatchV1) = 10, 1;
    CategorySet(PatchV1) = 11, 1;
    StaffSet(PatchV1) = 12, 1;
    SettingSet(PatchV1) = 13, 1;
    PriceSet(PatchV1) = 14, 1;
    LevelSet(PatchV1) = 15, 1;
    BrandSet(PatchV1) = 16, 1;
    ModifierGroupSet(PatchV1) = 17, 1;
    PictureKept(PictureKeptV1) = 18, 1;
    RateSet(RateSetV1) = 19, 1;
    OrderPlaced(Box<OrderPlacedV3>) = 20, 3, from OrderPlacedV1 as OrderPlacedV3 = 1, from OrderPlacedV2 as OrderPlacedV3 = 2;
    TenderTaken(TenderTakenV2) = 21, 2, from TenderTakenV1 as TenderTakenV2 = 1;
    OrderCancelled(OrderCancelledV2) = 22, 2, from OrderCancelledV1 as OrderCancelledV2 = 1;
    PhoneBound(PhoneBoundV1) = 23, 1;
    TokenReissued(TokenReissuedV1) = 24, 1;
    TokenRevoked(TokenRevokedV1) = 25, 1;
    OrderProgressed(OrderProgressedV1) = 26, 1;
    TenderMoved(TenderMovedV1) = 27, 1;
    TendersSplit(TendersSplitV1) = 28, 1;
    PaymentMoved(Box<PaymentMovedV1>) = 29, 1;
    HandedOver(HandedOverV1) = 30, 1;
    HandoverUndone(HandoverUndoneV1) = 31, 1;
    Refunded(Box<RefundedV2>) = 32, 2, from RefundedV1 as RefundedV2 = 1;
    GoodsReturned(Box<GoodsReturnedV1>) = 33, 1;
    GoodsExchanged(GoodsExchangedV1) = 34, 1;
    CartPaid(CartPaidV1) = 35, 1;
    CustomerSet(PatchV1) = 40, 1;
    CustomerErased(CustomerErasedV1) = 41, 1;
    CustomersMerged(CustomersMergedV1) = 42, 1;
    AccountPaid(Box<AccountPaidV1>) = 43, 1;
    AccountAdjusted(AccountAdjustedV1) = 44, 1;
    CardIssued(CardIssuedV1) = 45, 1;
    CardMoved(CardMovedV1) = 46, 1;
    TipsPaid(TipsPaidV1) = 47, 1;
    DrawerOpened(DrawerOpenedV2) = 50, 2, from DrawerOpenedV1 as DrawerOpenedV2 = 1;
    CampaignSent(Box<CampaignSentV1>) = 48, 1;
    CampaignLetter(CampaignLetterV1) = 49, 1;
    ShiftOpened(ShiftOpenedV1) = 51, 1;
    CashMoved(CashMovedV1) = 52, 1;
    ShiftClosed(Box<ShiftClosedV1>) = 53, 1;
    ShiftAddendum(Box<ShiftAddendumV1>) = 54, 1;
    ReportMade(Box<ReportMadeV1>) = 55, 1;
    BatchReconciled(BatchReconciledV1) = 56, 1;
    QuotationMade(Box<QuotationMadeV1>) = 70, 1;
    QuotationMoved(QuotationMovedV1) = 71, 1;
    InvoiceRevised(InvoiceRevisedV1) = 72, 1;
    InvoiceSent(InvoiceSentV1) = 73, 1;
    InvoiceDue(InvoiceDueV1) = 74, 1;
    InstalmentsSet(InstalmentsSetV1) = 75, 1;
    BranchSet(PatchV1) = 62, 1;
    BranchProductSet(PatchV1) = 63, 1;
    TaxClassSet(TaxClassSetV1) = 60, 1;
    AnomalySettled(AnomalySettledV1) = 80, 1;
    DeviceLinkSet(PatchV1) = 81, 1;
    SecondFactorSet(SecondFactorSetV1) = 83, 1;
    SecondFactorUsed(SecondFactorUsedV1) = 84, 1;
    ShopVouched(ShopVouchedV1) = 64, 1;
    TaxIdentitySet(TaxIdentitySetV2) = 61, 2, from TaxIdentitySetV1 as TaxIdentitySetV2 = 1;
}

fn bytes<T: Serialize>(body: &T) -> Vec<u8> {
    // Growing a Vec cannot fail, and every body has a known length: postcard has nothing to refuse.
    postcard::to_stdvec(body).unwrap_or_default()
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((body, [])) => Some(body),
        _ => None,
    }
}
