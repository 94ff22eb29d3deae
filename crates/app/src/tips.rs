//! Tips: what guests leave on top, a ledger of its own, and the pool that is paid out of it.

use crate::{
    Actor, AppError, Code, Result, Shop,
    days::{self, branch_time, date_of, number_of, text_of},
    order_view::{Directory, Named},
    wire::{content_of, optional_text, rfc3339},
};
use domain::{ids::StaffId, money::Money, time::Moment, tip};
use journal::{
    Body,
    body::{TipShareV1, TipsPaidV1},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use store::tips::{PayoutRow, TipMoveRow};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How many pay-outs a list shows.
const SHOWN: usize = 50;
/// The most that one person's weight can be: the minutes of a month.
const MOST_WEIGHT: u32 = 44_640;

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TipQuestion {
    pub amount_minor: i64,
}

/// One tip that a guest may choose.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TipChoice {
    pub percent: String,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TipFilter {
    /// A business day such as 2026-11-21; today when absent.
    pub from: Option<String>,
    pub to: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TipReport {
    pub from: String,
    pub to: String,
    /// What came in on these days.
    pub total_minor: i64,
    /// What came in ever and was not paid out.
    pub outstanding_minor: i64,
    pub rows: Vec<TipLine>,
    pub payouts: Vec<PayoutView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TipLine {
    pub day: String,
    pub staff: Option<Named>,
    pub method: String,
    pub tips: i64,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PayoutView {
    pub id: Uuid,
    pub from: String,
    pub to: String,
    /// cash, wages, or drawer: taken out of one by hand, for whoever is named in the note
    pub method: String,
    pub pool_minor: i64,
    pub at: String,
    pub staff: Option<Named>,
    pub counter: Named,
    pub note: String,
    pub shares: Vec<ShareView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShareView {
    pub staff: Option<Named>,
    pub weight: u32,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareWanted {
    pub staff: Uuid,
    /// Minutes worked, points, or 1 each.
    pub weight: u32,
}

/// Whom a pool goes to. Keeps nothing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SharePool {
    pub pool_minor: i64,
    pub shares: Vec<ShareWanted>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayTips {
    pub id: Uuid,
    /// Whose tips: the business days, both included.
    pub from: String,
    pub to: String,
    /// cash or wages
    pub method: String,
    pub pool_minor: i64,
    pub shares: Vec<ShareWanted>,
    pub note: Option<String>,
}

/// Percents as a setting keeps them.
pub(crate) fn percents_in_words(typed: &str) -> Result<String> {
    let wrong = || AppError::field("value", "up to five percents such as 5 10 15 are expected");
    let mut percents = typed
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .map(|word| word.trim_end_matches('%').parse::<Decimal>().map_err(|_| wrong()))
        .collect::<Result<Vec<_>>>()?;
    percents.sort_unstable();
    percents.dedup();
    let right = |percent: &Decimal| {
        *percent > Decimal::ZERO && *percent <= Decimal::ONE_HUNDRED && percent.scale() <= 2
    };
    if percents.len() > 5 || !percents.iter().all(right) {
        return Err(wrong());
    }
    let words: Vec<String> = percents.iter().map(|p| p.normalize().to_string()).collect();
    Ok(words.join(" "))
}

fn day(field: &str, text: &str) -> Result<u32> {
    text.parse()
        .map(number_of)
        .map_err(|_| AppError::field(field, "a day like 2026-11-21 is expected"))
}

fn shared(pool: Money, shares: &[ShareWanted]) -> Result<Vec<Money>> {
    let people: BTreeSet<Uuid> = shares.iter().map(|share| share.staff).collect();
    if shares.is_empty() || people.len() != shares.len() {
        return Err(AppError::field("shares", "each person once, and somebody at all"));
    }
    if shares.iter().any(|share| share.weight > MOST_WEIGHT) {
        return Err(AppError::field("weight", "this is more than a month's minutes"));
    }
    if !pool.is_positive() {
        return Err(AppError::field("pool_minor", "there is nothing to share out"));
    }
    let weights: Vec<u64> = shares.iter().map(|share| u64::from(share.weight)).collect();
    tip::share(pool, &weights).map_err(|_| AppError::field("weight", "somebody must have a share"))
}

impl Shop {
    /// What a guest may leave on top of this.
    pub fn tip_choices(&self, question: &TipQuestion) -> Result<Vec<TipChoice>> {
        let settings = self.settings();
        let percents: Vec<Decimal> = settings
            .text("tip.percents")
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        let choices = tip::suggestions(Money::from_minor(question.amount_minor), &percents)
            .map_err(|e| AppError::new(Code::PriceTooLarge).because(e))?;
        Ok(choices
            .into_iter()
            .map(|(percent, amount)| TipChoice {
                percent: percent.to_string(),
                amount_minor: amount.minor(),
            })
            .collect())
    }

    pub fn tips(&self, filter: &TipFilter) -> Result<TipReport> {
        let settings = self.settings();
        let today = branch_time(
            self.edges.now(),
            settings.text("branch.zone"),
            settings.day_starts_minutes(),
        );
        let from = filter
            .from
            .as_deref()
            .map_or(Ok(today.business_day), |t| day("from", t))?;
        let to = filter
            .to
            .as_deref()
            .map_or(Ok(today.business_day), |t| day("to", t))?;
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let rows = r.tips(from, to)?;
            let total = rows
                .iter()
                .fold(0i64, |sum, row| sum.saturating_add(row.amount_minor));
            Ok(TipReport {
                from: text_of(from),
                to: text_of(to),
                total_minor: total,
                outstanding_minor: r.tips_outstanding()?,
                rows: rows
                    .into_iter()
                    .map(|row| TipLine {
                        day: text_of(row.business_day),
                        staff: names.staff(row.staff),
                        method: row.method,
                        tips: row.tips,
                        amount_minor: row.amount_minor,
                    })
                    .collect(),
                payouts: {
                    let mut out: Vec<PayoutView> = r
                        .tip_payouts(SHOWN)?
                        .into_iter()
                        .map(|row| view_payout(&names, row))
                        .chain(r.tip_moves(SHOWN)?.into_iter().map(|row| view_move(&names, row)))
                        .collect();
                    out.sort_by(|a, b| b.at.cmp(&a.at).then(a.id.cmp(&b.id)));
                    out.truncate(SHOWN);
                    out
                },
            })
        })
    }

    /// What each would get. Keeps nothing.
    pub fn share_pool(&self, form: &SharePool) -> Result<Vec<ShareView>> {
        let amounts = shared(Money::from_minor(form.pool_minor), &form.shares)?;
        self.store.read(|r| {
            let names = Directory::read(r)?;
            Ok(form
                .shares
                .iter()
                .zip(amounts)
                .map(|(share, amount)| ShareView {
                    staff: names.staff(Some(StaffId::from_uuid(share.staff))),
                    weight: share.weight,
                    amount_minor: amount.minor(),
                })
                .collect())
        })
    }

    /// Pays a pool out, never more than there is.
    pub fn pay_tips(&self, actor: &Actor, form: &PayTips) -> Result<PayoutView> {
        let content = content_of("tips", form)?;
        let (from, to) = (day("from", &form.from)?, day("to", &form.to)?);
        if from > to || date_of(from).is_none() || date_of(to).is_none() {
            return Err(AppError::field("to", "the last day is before the first"));
        }
        if !["cash", "wages"].contains(&form.method.as_str()) {
            return Err(AppError::field(
                "method",
                "tips are paid in cash or with the wages",
            ));
        }
        let note = optional_text("note", form.note.as_deref(), 200)?.unwrap_or_default();
        let pool = Money::from_minor(form.pool_minor);
        let amounts = shared(pool, &form.shares)?;
        let settings = self.settings();
        let now = self.edges.now();
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let people = tx.reader().staff(true)?;
            for share in &form.shares {
                let id = StaffId::from_uuid(share.staff);
                if !people.iter().any(|person| person.id == id) {
                    return Err(AppError::field("staff", "there is nobody with this id"));
                }
            }
            let outstanding = tx.reader().tips_outstanding()?;
            if form.pool_minor > outstanding {
                return Err(AppError::new(Code::TipsTooMuch).hint("available_minor", outstanding));
            }
            let today = days::branch_time(now, settings.text("branch.zone"), settings.day_starts_minutes());
            let body = TipsPaidV1 {
                payout: *form.id.as_bytes(),
                from_day: from,
                to_day: to,
                method: form.method.clone(),
                pool_minor: form.pool_minor,
                shares: form
                    .shares
                    .iter()
                    .zip(&amounts)
                    .map(|(share, amount)| TipShareV1 {
                        staff: *share.staff.as_bytes(),
                        weight: share.weight,
                        amount_minor: amount.minor(),
                    })
                    .collect(),
                counter: self.identity.counter.bytes(),
                shift: self.shift_here(&tx.reader(), actor)?,
                business_day: today.business_day,
                at_ms: now.0,
                note,
            };
            Ok(tx.record(Some(actor.staff), &Body::TipsPaid(body))?)
        })?;
        self.live.tell("tip", Some(form.id.to_string()));
        self.store.read(|r| {
            let names = Directory::read(r)?;
            r.tip_payouts(SHOWN)?
                .into_iter()
                .find(|row| row.id == form.id)
                .map(|row| view_payout(&names, row))
                .ok_or(AppError::new(Code::NotFound))
        })
    }
}

fn view_payout(names: &Directory, row: PayoutRow) -> PayoutView {
    PayoutView {
        id: row.id,
        from: text_of(row.from_day),
        to: text_of(row.to_day),
        method: row.method,
        pool_minor: row.pool_minor,
        at: rfc3339(Moment(row.at_ms)),
        staff: names.staff(row.staff),
        counter: names.counter(row.counter),
        note: row.note,
        shares: row
            .shares
            .into_iter()
            .map(|(staff, weight, amount_minor)| ShareView {
                staff: names.staff(Some(staff)),
                weight,
                amount_minor,
            })
            .collect(),
    }
}

fn view_move(names: &Directory, row: TipMoveRow) -> PayoutView {
    PayoutView {
        id: row.id,
        from: text_of(row.business_day),
        to: text_of(row.business_day),
        method: "drawer".to_owned(),
        pool_minor: row.amount_minor,
        at: rfc3339(Moment(row.at_ms)),
        staff: names.staff(row.staff),
        counter: names.counter(row.counter),
        note: row.reason,
        shares: vec![],
    }
}
