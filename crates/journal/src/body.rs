//! What facts say: one frozen struct per (kind, version). Bodies are never edited; a change is a new version.
//!
//! Golden bytes of each version stand in the tests and must decode for ever.

use crate::register::PatchV1;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

type Id = [u8; 16];

/// A shop, its first branch, its first counter and the device that founded them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopFoundedV1 {
    pub shop: Id,
    pub branch: Id,
    pub counter: Id,
    pub device: Id,
    pub public_key: [u8; 32],
    pub ordinal: u16,
    pub lane: u8,
    pub currency: [u8; 3],
    pub demo: bool,
    pub founded_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiscountKindV1 {
    /// In millionths of a percent.
    Percent(u32),
    Amount(i64),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscountV1 {
    pub kind: DiscountKindV1,
    pub reason: String,
    /// The second person, when the first may not.
    pub approved_by: Option<Id>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLineV1 {
    pub line: u32,
    /// None for an open-price line.
    pub product: Option<Id>,
    pub short: (u16, u32),
    pub name: String,
    pub unit: String,
    pub milli: i64,
    pub unit_price_minor: i64,
    pub gross_minor: i64,
    pub discount: Option<DiscountV1>,
    pub discount_minor: i64,
    pub order_discount_minor: i64,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenV1 {
    pub generation: u32,
    pub issued_ms: i64,
    pub expires_ms: i64,
    pub number: u32,
    pub number_expires_ms: i64,
    pub code: String,
}

/// A whole order at the moment it was placed and paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPlacedV1 {
    pub order: Id,
    pub counter: Id,
    pub placed_ms: i64,
    /// The branch's business day as year * 10000 + month * 100 + day.
    pub business_day: u32,
    /// The hour of the branch's wall clock, for the reports.
    pub hour: u8,
    pub number: u32,
    /// The prefix, the fiscal year's label and the running number of the document.
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    pub lines: Vec<OrderLineV1>,
    pub discount: Option<DiscountV1>,
    pub subtotal_minor: i64,
    pub line_discount_minor: i64,
    pub order_discount_minor: i64,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub token: TokenV1,
    /// The hash of the request that placed it: the same id with another content is refused everywhere.
    pub content: [u8; 32],
}

/// One leg of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenderTakenV1 {
    pub tender: Id,
    pub order: Id,
    pub method: String,
    pub amount_minor: i64,
    pub received_minor: Option<i64>,
    pub change_minor: i64,
    pub taken_ms: i64,
}

/// The whole order undone before anything was handed over: its token is dead, its tenders are given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancelledV1 {
    pub order: Id,
    pub cancelled_ms: i64,
    pub reason: String,
    pub approved_by: Option<Id>,
}

/// Another device of the shop, admitted by one that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceAdmittedV1 {
    pub device: Id,
    pub public_key: [u8; 32],
    pub branch: Id,
    pub counter: Id,
    pub ordinal: u16,
    pub lane: u8,
    pub admitted_ms: i64,
}

/// The guest's phone number, sealed under the customer's own key: erasing the key erases the number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneBoundV1 {
    pub order: Id,
    pub customer: Id,
    pub sealed: Vec<u8>,
    pub bound_ms: i64,
}

/// A new token for an order; every older one is dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenReissuedV1 {
    pub order: Id,
    pub token: TokenV1,
    pub reason: String,
}

/// The order's tokens up to this generation are dead, and none replaces them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRevokedV1 {
    pub order: Id,
    pub generation: u32,
    pub reason: String,
    pub revoked_ms: i64,
}

/// How far the work before the counter is: 0 placed, 1 preparing, 2 ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderProgressedV1 {
    pub order: Id,
    pub progress: u8,
    pub at_ms: i64,
}

/// So many thousandths of a line went from one place to another; places by their numbers in `domain::order`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveV1 {
    pub line: u32,
    pub from: u8,
    pub to: u8,
    pub milli: i64,
}

/// By what the guest's right to the goods was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeenV1 {
    Qr,
    Number,
    /// A member of staff, the fact's actor, vouches.
    Staff,
}

/// Goods given out, and what was missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOverV1 {
    pub handover: Id,
    pub order: Id,
    pub counter: Id,
    pub seat: u16,
    pub at_ms: i64,
    pub moves: Vec<MoveV1>,
    pub seen: SeenV1,
    /// The claim authority could not be asked.
    pub offline: bool,
    /// The hash of the request, as in `OrderPlacedV1`.
    pub content: [u8; 32],
}

/// A handover taken back: its moves go the other way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverUndoneV1 {
    pub handover: Id,
    pub order: Id,
    pub at_ms: i64,
    pub approved_by: Option<Id>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLineV1 {
    pub line: u32,
    pub milli: i64,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundTenderV1 {
    pub tender: Id,
    pub method: String,
    pub amount_minor: i64,
}

/// Money given back: a credit note with a number of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundedV1 {
    pub refund: Id,
    pub order: Id,
    pub counter: Id,
    pub seat: u16,
    pub at_ms: i64,
    pub business_day: u32,
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    pub lines: Vec<RefundLineV1>,
    pub moves: Vec<MoveV1>,
    pub tenders: Vec<RefundTenderV1>,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub reason: String,
    pub approved_by: Option<Id>,
    pub offline: bool,
    pub content: [u8; 32],
}

/// A cash drawer opened without a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawerOpenedV1 {
    pub opening: Id,
    pub counter: Id,
    /// no_sale
    pub why: String,
    pub order: Option<Id>,
    pub approved_by: Option<Id>,
    pub opened_ms: i64,
    /// The branch's business day, as in `OrderPlacedV1`.
    pub business_day: u32,
    pub reason: String,
}

/// Every body that this build understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    ShopFounded(ShopFoundedV1),
    ProductSet(PatchV1),
    CategorySet(PatchV1),
    StaffSet(PatchV1),
    SettingSet(PatchV1),
    OrderPlaced(Box<OrderPlacedV1>),
    TenderTaken(TenderTakenV1),
    OrderCancelled(OrderCancelledV1),
    DeviceAdmitted(DeviceAdmittedV1),
    PhoneBound(PhoneBoundV1),
    TokenReissued(TokenReissuedV1),
    TokenRevoked(TokenRevokedV1),
    OrderProgressed(OrderProgressedV1),
    HandedOver(HandedOverV1),
    HandoverUndone(HandoverUndoneV1),
    Refunded(Box<RefundedV1>),
    DrawerOpened(DrawerOpenedV1),
    /// A kind or version of a newer build: kept and passed on.
    Unknown,
}

/// The bytes do not say what their kind promises. Such a fact is set aside and blocks nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body of kind {kind} version {version} cannot be read")]
pub struct UnreadableBody {
    pub kind: u16,
    pub version: u16,
}

impl Body {
    /// Kind and version on the wire. Numbers are never used again.
    pub fn tag(&self) -> (u16, u16) {
        match self {
            Body::ShopFounded(_) => (1, 1),
            Body::ProductSet(_) => (10, 1),
            Body::CategorySet(_) => (11, 1),
            Body::StaffSet(_) => (12, 1),
            Body::SettingSet(_) => (13, 1),
            Body::OrderPlaced(_) => (20, 1),
            Body::TenderTaken(_) => (21, 1),
            Body::OrderCancelled(_) => (22, 1),
            Body::DeviceAdmitted(_) => (2, 1),
            Body::PhoneBound(_) => (23, 1),
            Body::TokenReissued(_) => (24, 1),
            Body::TokenRevoked(_) => (25, 1),
            Body::OrderProgressed(_) => (26, 1),
            Body::HandedOver(_) => (30, 1),
            Body::HandoverUndone(_) => (31, 1),
            Body::Refunded(_) => (32, 1),
            Body::DrawerOpened(_) => (50, 1),
            Body::Unknown => (0, 0),
        }
    }

    pub fn encode(&self) -> Vec<u8> {
        match self {
            Body::ShopFounded(b) => bytes(b),
            Body::ProductSet(b) | Body::CategorySet(b) | Body::StaffSet(b) | Body::SettingSet(b) => bytes(b),
            Body::OrderPlaced(b) => bytes(b),
            Body::TenderTaken(b) => bytes(b),
            Body::OrderCancelled(b) => bytes(b),
            Body::DeviceAdmitted(b) => bytes(b),
            Body::PhoneBound(b) => bytes(b),
            Body::TokenReissued(b) => bytes(b),
            Body::TokenRevoked(b) => bytes(b),
            Body::OrderProgressed(b) => bytes(b),
            Body::HandedOver(b) => bytes(b),
            Body::HandoverUndone(b) => bytes(b),
            Body::Refunded(b) => bytes(b),
            Body::DrawerOpened(b) => bytes(b),
            Body::Unknown => Vec::new(),
        }
    }

    pub fn decode(kind: u16, version: u16, body: &[u8]) -> Result<Body, UnreadableBody> {
        let unreadable = UnreadableBody { kind, version };
        Ok(match (kind, version) {
            (1, 1) => Body::ShopFounded(read(body).ok_or(unreadable)?),
            (10, 1) => Body::ProductSet(read(body).ok_or(unreadable)?),
            (11, 1) => Body::CategorySet(read(body).ok_or(unreadable)?),
            (12, 1) => Body::StaffSet(read(body).ok_or(unreadable)?),
            (13, 1) => Body::SettingSet(read(body).ok_or(unreadable)?),
            (20, 1) => Body::OrderPlaced(Box::new(read(body).ok_or(unreadable)?)),
            (21, 1) => Body::TenderTaken(read(body).ok_or(unreadable)?),
            (22, 1) => Body::OrderCancelled(read(body).ok_or(unreadable)?),
            (2, 1) => Body::DeviceAdmitted(read(body).ok_or(unreadable)?),
            (23, 1) => Body::PhoneBound(read(body).ok_or(unreadable)?),
            (24, 1) => Body::TokenReissued(read(body).ok_or(unreadable)?),
            (25, 1) => Body::TokenRevoked(read(body).ok_or(unreadable)?),
            (26, 1) => Body::OrderProgressed(read(body).ok_or(unreadable)?),
            (30, 1) => Body::HandedOver(read(body).ok_or(unreadable)?),
            (31, 1) => Body::HandoverUndone(read(body).ok_or(unreadable)?),
            (32, 1) => Body::Refunded(Box::new(read(body).ok_or(unreadable)?)),
            (50, 1) => Body::DrawerOpened(read(body).ok_or(unreadable)?),
            _ => Body::Unknown,
        })
    }
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
