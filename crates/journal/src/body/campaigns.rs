//! News to many customers: whom a campaign went to, and what became of each letter. No name and no address.

use super::Id;
use serde::{Deserialize, Serialize};

/// What a campaign says in one language, its places still open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignTextV1 {
    pub language: String,
    pub title: String,
    pub text: String,
}

/// By what the customers were chosen; empty asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignGroupV1 {
    pub kind: Option<String>,
    pub segment: Option<String>,
    pub level: Option<String>,
    pub language: Option<String>,
    /// The beginning of a town of theirs.
    pub town: Option<String>,
    /// Bought something within so many days.
    pub bought_days: Option<u32>,
    /// Bought nothing for so many days.
    pub absent_days: Option<u32>,
    /// Spent at least this much, after refunds.
    pub spent_from_minor: Option<i64>,
    /// … within so many days; ever when left out.
    pub spent_days: Option<u32>,
}

/// A campaign went into the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignSentV1 {
    pub campaign: Id,
    pub name: String,
    /// email
    pub channel: String,
    pub group: CampaignGroupV1,
    pub texts: Vec<CampaignTextV1>,
    pub at_ms: i64,
    /// Whom a letter was written to.
    pub people: Vec<Id>,
    /// Why others of the group got none, and how many.
    pub left_out: Vec<(String, u32)>,
    pub content: [u8; 32],
}

/// What became of one letter of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignLetterV1 {
    pub campaign: Id,
    pub customer: Id,
    /// sent, failed, discarded or withdrawn
    pub outcome: String,
    /// One word for what failed, such as refused.
    pub why: String,
    pub at_ms: i64,
}
