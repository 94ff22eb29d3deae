//! Payment gateways: one that charges a customer, and says what became of it.
//!
//! A gateway is asked by the id of the payment, and that id is its key: asked to start the same payment again it must
//! answer for the first one and charge nobody twice. Every call ends in time. No answer is an answer of its own kind:
//! it may or may not have charged, and only asking again, or a person at the machine, can tell.

use std::sync::Arc;
use thiserror::Error;
use uuid::Uuid;

/// What is to be charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    pub payment: Uuid,
    /// In the currency's smallest unit.
    pub amount_minor: i64,
    /// As ISO writes it.
    pub currency: String,
    /// card, upi, wallet or bank
    pub method: String,
}

/// One movement of money at the gateway, under its own id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    pub reference: String,
    pub amount_minor: i64,
}

/// What a gateway says of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It works on it: the guest looks for the card.
    Pending,
    Authorised,
    /// Charged; more than one when it charged more than once.
    Captured(Vec<Transaction>),
    /// Certainly not charged, and why.
    Failed(String),
    /// Called off before anything was charged.
    Voided,
    /// It never heard of it, or has not yet.
    NotKnown,
}

/// What a gateway says of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    Pending,
    Done,
    /// Certainly not paid back, and why.
    Failed(String),
}

/// Nothing that can be believed came back in time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the gateway does not answer: {0}")]
pub struct NoAnswer(pub String);

/// A way to charge a customer. Calls block, each for as long as the gateway bounds it.
pub trait Gateway: Send + Sync {
    /// Its name in facts and in lists; never changed.
    fn name(&self) -> &str;

    /// The methods of tenders that it takes.
    fn methods(&self) -> &[&str];

    /// Begins a charge, or answers for the one begun under this id before.
    fn start(&self, charge: &Charge) -> Result<Told, NoAnswer>;

    /// What became of it. Moves nothing.
    fn ask(&self, payment: Uuid) -> Result<Told, NoAnswer>;

    /// Calls it off if it still can, and says where it stands then.
    fn cancel(&self, payment: Uuid) -> Result<Told, NoAnswer>;

    /// Pays so much of a payment back, once for each refund's id.
    fn refund(&self, payment: Uuid, refund: Uuid, amount_minor: i64) -> Result<Returned, NoAnswer>;
}

/// The gateways of this program. None is built in yet, so a shop has none until one is added here.
#[derive(Clone, Default)]
pub struct Gateways(Vec<Arc<dyn Gateway>>);

impl Gateways {
    pub fn new(gateways: Vec<Arc<dyn Gateway>>) -> Gateways {
        Gateways(gateways)
    }

    pub fn all(&self) -> impl Iterator<Item = &Arc<dyn Gateway>> {
        self.0.iter()
    }

    pub fn get(&self, name: &str) -> Option<&Arc<dyn Gateway>> {
        self.0.iter().find(|gateway| gateway.name() == name)
    }

    /// The first that takes this method.
    pub fn taking(&self, method: &str) -> Option<&Arc<dyn Gateway>> {
        self.0.iter().find(|gateway| gateway.methods().contains(&method))
    }
}
