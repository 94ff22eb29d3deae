//! What an order left on an account, paid in parts: shared out evenly or typed, agreed on, and as it stands.

use crate::{
    Actor, AppError, Code, Result, Shop, accounts, customers::day_number, days, invoices::InvoiceWhole,
    tenders::PlaceTender, wire::content_of,
};
use domain::{
    ids::{OrderId, StaffId},
    instalment::{Due, Every, InstalmentError, Part, checked, equal},
    money::Money,
    tender::TenderMethod,
};
use journal::{Body, body::InstalmentsSetV1};
use serde::{Deserialize, Serialize};
use store::Write;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstalmentForm {
    /// Until when, like 2026-12-31.
    pub day: String,
    pub amount_minor: i64,
}

/// A part as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstalmentView {
    pub day: String,
    /// What is to be paid in all; less than was agreed once goods came back.
    pub amount_minor: i64,
    pub open_minor: i64,
    /// due, overdue or paid
    pub state: String,
}

impl InstalmentView {
    pub(crate) fn of(due: &Due, today: u32) -> InstalmentView {
        let state = match () {
            () if due.open.is_zero() => "paid",
            () if due.day < today => "overdue",
            () => "due",
        };
        InstalmentView {
            day: days::text_of(due.day),
            amount_minor: due.amount.minor(),
            open_minor: due.open.minor(),
            state: state.to_owned(),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetInstalments {
    pub id: Uuid,
    /// They add up to what is owed. None: it is owed in one sum again.
    pub parts: Vec<InstalmentForm>,
}

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EqualInstalments {
    pub amount_minor: i64,
    pub parts: usize,
    /// The day of the first one, like 2026-12-31.
    pub first: String,
    /// week, fortnight or month
    pub every: String,
}

fn refused(error: InstalmentError) -> AppError {
    let refusal = AppError::new(match error {
        InstalmentError::Count | InstalmentError::NotPositive | InstalmentError::Order => {
            Code::InstalmentsInvalid
        }
        InstalmentError::Differs { .. } => Code::InstalmentsDiffer,
        InstalmentError::Money(_) => Code::Broken,
    });
    let refusal = match error {
        InstalmentError::Differs { parts, owed } => refusal
            .hint("parts_minor", parts.minor())
            .hint("owed_minor", owed.minor()),
        InstalmentError::Count => refusal.hint("why", "count"),
        InstalmentError::NotPositive => refusal.hint("why", "amount"),
        InstalmentError::Order => refusal.hint("why", "order"),
        InstalmentError::Money(_) => refusal,
    };
    refusal.because(error)
}

/// Writes down what was agreed on for what an order owes on its account now.
fn agree(
    tx: &mut Write<'_>,
    staff: StaffId,
    order: OrderId,
    forms: &[InstalmentForm],
    today: u32,
    content: [u8; 32],
) -> Result<()> {
    let item = accounts::open_of_order(&tx.reader(), order)?
        .filter(|item| !item.open.is_zero())
        .ok_or_else(|| AppError::new(Code::ItemNotOpen).hint("open_minor", 0))?;
    let parts = forms
        .iter()
        .map(|form| {
            Ok(Part {
                day: day_number("day", &form.day)?,
                amount: Money::from_minor(form.amount_minor),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    if !parts.is_empty() {
        checked(&parts, item.open, today).map_err(refused)?;
    }
    let charged = item.kept().map_err(|e| AppError::new(Code::Broken).because(e))?;
    let body = InstalmentsSetV1 {
        order: order.bytes(),
        parts: parts.iter().map(|part| (part.day, part.amount.minor())).collect(),
        charged_minor: charged.minor(),
        at_ms: tx.now().0,
        content,
    };
    Ok(tx.record(Some(staff), &Body::InstalmentsSet(body))?)
}

/// What was agreed on beside the leg that goes on the account, once the order stands.
pub(crate) fn agree_with_legs(
    tx: &mut Write<'_>,
    staff: StaffId,
    order: OrderId,
    legs: &[PlaceTender],
    today: u32,
    content: [u8; 32],
) -> Result<()> {
    let asked = legs.iter().find(|leg| !leg.instalments.is_empty());
    match asked {
        None => Ok(()),
        Some(leg) if leg.method == TenderMethod::Account.as_str() => {
            agree(tx, staff, order, &leg.instalments, today, content)
        }
        Some(_) => Err(AppError::new(Code::TenderInvalid).because("only what is owed is paid in parts")),
    }
}

impl Shop {
    /// Equal parts of an amount, for the screen to show before anybody agrees.
    pub fn equal_instalments(&self, asked: &EqualInstalments) -> Result<Vec<InstalmentForm>> {
        let every = match asked.every.as_str() {
            "week" => Every::Days(7),
            "fortnight" => Every::Days(14),
            "month" => Every::Months(1),
            _ => return Err(AppError::field("every", "week, fortnight or month")),
        };
        let first = day_number("first", &asked.first)?;
        if first > 90_000_000 {
            return Err(AppError::field("first", "a day of this millennium"));
        }
        if asked.amount_minor <= 0 {
            return Err(refused(InstalmentError::NotPositive));
        }
        let parts =
            equal(Money::from_minor(asked.amount_minor), asked.parts, first, every).map_err(refused)?;
        Ok(parts
            .iter()
            .map(|part| InstalmentForm {
                day: days::text_of(part.day),
                amount_minor: part.amount.minor(),
            })
            .collect())
    }

    /// Agrees on parts for what an order still owes on its account, or takes the agreement back.
    pub fn set_instalments(
        &self,
        actor: &Actor,
        id: OrderId,
        request: &SetInstalments,
    ) -> Result<InvoiceWhole> {
        let content = content_of(&format!("instalments {}", id.uuid()), request)?;
        let today = self.today_number(&self.settings());
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let order = tx.reader().order(id)?.ok_or(AppError::new(Code::NotFound))?;
            if order.cancelled_ms.is_some() {
                return Err(Code::InvoiceCancelled.into());
            }
            agree(tx, actor.staff, id, &request.parts, today, content)
        })?;
        self.live.tell("order", Some(id.to_string()));
        self.invoice(id)
    }
}
