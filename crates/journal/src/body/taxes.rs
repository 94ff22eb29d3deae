//! What the shop charges as tax, and under which numbers it does.

use super::Id;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxComponentV1 {
    pub name: String,
    /// In millionths of a percent.
    pub rate: u32,
    pub compound: bool,
}

/// One rule of a class: when it applies, and what it charges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRuleV1 {
    /// Business days as year * 10000 + month * 100 + day.
    pub from: u32,
    pub to: Option<u32>,
    pub above_minor: Option<i64>,
    pub up_to_minor: Option<i64>,
    pub order_types: Vec<String>,
    pub customer_types: Vec<String>,
    pub regions: Vec<String>,
    pub registered: Option<bool>,
    /// taxed, nil, exempt or outside
    pub treatment: String,
    pub components: Vec<TaxComponentV1>,
    /// Where the rate stands written.
    pub source: String,
}

/// A class of goods that are taxed alike, whole, as somebody left it. The newest counts; the older ones tell who
/// changed what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxClassSetV1 {
    pub class: Id,
    pub name: String,
    /// Its name in the pack it came from; empty for a class of the shop's own.
    pub key: String,
    /// Taxed where it is given, like a meal.
    pub performed: bool,
    pub rules: Vec<TaxRuleV1>,
    pub archived_ms: Option<i64>,
}

/// A number under which the shop is known to the tax office, and from when to when. The newest fact of an identity
/// counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxIdentitySetV1 {
    pub identity: Id,
    pub number: String,
    /// Who is registered under it, where that is not the shop's own name.
    pub name: String,
    pub region: String,
    /// The first and the last business day.
    pub from: u32,
    pub to: Option<u32>,
    /// Registered under a scheme that charges no tax on bills (composition).
    pub composition: bool,
    /// It was a mistake and counts for no day.
    pub removed: bool,
}

/// As before, for one branch alone or for all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxIdentitySetV2 {
    pub identity: Id,
    pub number: String,
    pub name: String,
    pub region: String,
    pub from: u32,
    pub to: Option<u32>,
    pub composition: bool,
    pub removed: bool,
    /// None: wherever a branch has no number of its own.
    pub branch: Option<Id>,
}

impl From<TaxIdentitySetV1> for TaxIdentitySetV2 {
    fn from(old: TaxIdentitySetV1) -> TaxIdentitySetV2 {
        TaxIdentitySetV2 {
            identity: old.identity,
            number: old.number,
            name: old.name,
            region: old.region,
            from: old.from,
            to: old.to,
            composition: old.composition,
            removed: old.removed,
            branch: None,
        }
    }
}
