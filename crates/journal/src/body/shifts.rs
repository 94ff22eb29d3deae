//! Shifts, the cash that moves in their drawers, and their reports.

use super::Id;
use serde::{Deserialize, Serialize};

/// What somebody counted in a drawer, of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountV1 {
    pub currency: [u8; 3],
    /// The value of a note or coin, and how many of them.
    pub pieces: Vec<(i64, u32)>,
    pub loose_minor: i64,
    pub counted_minor: i64,
}

/// A drawer began to be somebody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftOpenedV1 {
    pub shift: Id,
    pub counter: Id,
    pub seat_id: Id,
    pub seat: u16,
    pub floats: Vec<CountV1>,
    pub opened_ms: i64,
    pub business_day: u32,
    pub note: String,
}

/// Cash put in, paid out, taken to the safe; or the drawer itself handed to somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashMovedV1 {
    pub movement: Id,
    pub shift: Id,
    pub counter: Id,
    /// in, out, drop, tips or handover
    pub kind: String,
    pub currency: [u8; 3],
    /// The currency is another one than the shop's.
    pub foreign: bool,
    /// What the drawer gained; below zero when it left.
    pub amount_minor: i64,
    pub reason: String,
    /// Who has the drawer from now on.
    pub to: Option<Id>,
    /// What was counted when it was handed over.
    pub counts: Vec<CountV1>,
    pub approved_by: Option<Id>,
    pub at_ms: i64,
    pub business_day: u32,
}

/// What one currency did in a drawer, signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawerFiguresV1 {
    pub currency: [u8; 3],
    pub float_minor: i64,
    pub sales_minor: i64,
    pub tips_minor: i64,
    pub account_minor: i64,
    pub back_minor: i64,
    pub in_minor: i64,
    pub out_minor: i64,
    pub drop_minor: i64,
    pub tips_out_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodFiguresV1 {
    pub method: String,
    pub taken: u32,
    pub taken_minor: i64,
    pub tips_minor: i64,
    pub rounding_minor: i64,
    pub back: u32,
    pub back_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxFiguresV1 {
    pub name: String,
    /// In millionths of a percent.
    pub rate: u32,
    pub taxable_minor: i64,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesFiguresV1 {
    pub orders: u32,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    pub taxable_minor: i64,
    pub tax_minor: i64,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub taxes: Vec<TaxFiguresV1>,
    pub refunds: u32,
    pub refunded_minor: i64,
    pub cancelled: u32,
    pub cancelled_minor: i64,
    /// How often the drawer was opened without a sale.
    pub no_sales: u32,
    pub first_document: String,
    pub last_document: String,
}

/// Every figure of a report, and which facts it has seen: of each device those up to a position of its series.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiguresV1 {
    pub seen: Vec<(Id, u64)>,
    pub drawers: Vec<DrawerFiguresV1>,
    pub methods: Vec<MethodFiguresV1>,
    pub sales: SalesFiguresV1,
}

/// What was found of one currency when the drawer was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedDrawerV1 {
    pub currency: [u8; 3],
    pub expected_minor: i64,
    /// None when nobody counted.
    pub count: Option<CountV1>,
    /// Over is above zero, short below: booked as it is.
    pub variance_minor: i64,
    /// What stays in the drawer for whoever opens it next; the rest went to the safe.
    pub left_minor: i64,
}

/// The Z: the whole shift as it was when it was closed. It never changes; what comes late is an addendum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftClosedV1 {
    pub shift: Id,
    pub counter: Id,
    pub closed_ms: i64,
    pub business_day: u32,
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    pub figures: FiguresV1,
    pub drawers: Vec<ClosedDrawerV1>,
    pub note: String,
    pub approved_by: Option<Id>,
}

/// What arrived for a shift after it was closed. The figures are of the late facts alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftAddendumV1 {
    pub addendum: Id,
    pub shift: Id,
    /// Counts from 1 within the shift.
    pub number: u32,
    pub made_ms: i64,
    pub business_day: u32,
    pub figures: FiguresV1,
}

/// An X: the figures of a shift that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportMadeV1 {
    pub report: Id,
    pub shift: Id,
    pub counter: Id,
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    pub made_ms: i64,
    pub business_day: u32,
    pub figures: FiguresV1,
}

/// What a terminal's batch or a bank's statement says of a day, beside what the books say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchReconciledV1 {
    pub batch: Id,
    pub branch: Id,
    /// The business day whose payments it settles.
    pub day: u32,
    pub method: String,
    pub provider: String,
    pub system_minor: i64,
    pub system_count: u32,
    pub batch_minor: i64,
    pub batch_count: Option<u32>,
    /// What the terminal calls it.
    pub reference: String,
    pub note: String,
    pub at_ms: i64,
}
