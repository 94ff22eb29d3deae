//! Money given back.

use super::{
    Id,
    handovers::MoveV1,
    orders::{LineTaxV1, OrderTaxV1},
};
use serde::{Deserialize, Serialize};

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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLineV2 {
    pub line: u32,
    pub milli: i64,
    /// What goes back for it, its taxes included.
    pub amount_minor: i64,
    pub taxable_minor: i64,
    pub taxes: Vec<LineTaxV1>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundTenderV2 {
    pub tender: Id,
    pub method: String,
    pub amount_minor: i64,
    pub cash_rounding_minor: i64,
    pub reference: String,
    pub customer: Option<Id>,
    pub card: Option<Id>,
    /// The leg of the order that it goes back to.
    pub original: Option<Id>,
    /// By its number in `domain::tender`.
    pub state: u8,
}

/// Money given back: a credit note with a number of its own, and the taxes that go back with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundedV2 {
    pub refund: Id,
    pub order: Id,
    pub counter: Id,
    pub seat: u16,
    pub shift: Option<Id>,
    pub at_ms: i64,
    pub business_day: u32,
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    pub lines: Vec<RefundLineV2>,
    pub moves: Vec<MoveV1>,
    pub tenders: Vec<RefundTenderV2>,
    /// `tax` of a line counts within these.
    pub taxes: Vec<OrderTaxV1>,
    pub taxable_minor: i64,
    pub tax_minor: i64,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub reason: String,
    pub approved_by: Option<Id>,
    pub offline: bool,
    pub content: [u8; 32],
}

impl From<RefundedV1> for RefundedV2 {
    fn from(old: RefundedV1) -> RefundedV2 {
        let line = |l: RefundLineV1| RefundLineV2 {
            line: l.line,
            milli: l.milli,
            amount_minor: l.amount_minor,
            taxable_minor: l.amount_minor,
            taxes: Vec::new(),
        };
        let tender = |t: RefundTenderV1| RefundTenderV2 {
            tender: t.tender,
            method: t.method,
            amount_minor: t.amount_minor,
            cash_rounding_minor: 0,
            reference: String::new(),
            customer: None,
            card: None,
            original: None,
            state: 2,
        };
        RefundedV2 {
            refund: old.refund,
            order: old.order,
            counter: old.counter,
            seat: old.seat,
            shift: None,
            at_ms: old.at_ms,
            business_day: old.business_day,
            prefix: old.prefix,
            fiscal_year: old.fiscal_year,
            document_no: old.document_no,
            taxable_minor: old.lines.iter().map(|l| l.amount_minor).sum(),
            lines: old.lines.into_iter().map(line).collect(),
            moves: old.moves,
            tenders: old.tenders.into_iter().map(tender).collect(),
            taxes: Vec::new(),
            tax_minor: 0,
            rounding_minor: old.rounding_minor,
            total_minor: old.total_minor,
            reason: old.reason,
            approved_by: old.approved_by,
            offline: old.offline,
            content: old.content,
        }
    }
}
