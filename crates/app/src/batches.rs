//! What each way to pay came to on a business day, beside what the terminal's batch, the bank or the drawer says.

use crate::{
    Actor, AppError, Code, Result, Shop, days,
    order_view::{Directory, Named},
    shifts::day_of,
    wire::{content_of, optional_text, rfc3339},
};
use domain::time::Moment;
use journal::{Body, body::BatchReconciledV1};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::shifts::{BatchRow, DayMethodRow};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DayFilter {
    /// A business day such as 2026-11-21; today when absent.
    pub day: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconcileBatch {
    pub id: Uuid,
    /// The business day whose payments it settles; today when absent.
    pub day: Option<String>,
    /// card, upi, wallet, bank …
    pub method: String,
    /// Which terminal, wallet or bank; all of them when empty.
    pub provider: Option<String>,
    /// What the batch says.
    pub amount_minor: i64,
    pub count: Option<u32>,
    /// What the terminal calls it.
    pub reference: Option<String>,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BatchView {
    pub id: Uuid,
    pub system_minor: i64,
    pub system_count: u32,
    pub batch_minor: i64,
    pub batch_count: Option<u32>,
    /// Above zero when the batch has more than the books.
    pub difference_minor: i64,
    pub reference: String,
    pub note: String,
    pub staff: Option<Named>,
    pub at: String,
    /// Payments of that day changed after it was reconciled.
    pub stale: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MethodDayView {
    pub method: String,
    pub provider: String,
    pub taken: u32,
    pub taken_minor: i64,
    pub tips_minor: i64,
    pub rounding_minor: i64,
    pub back: u32,
    pub back_minor: i64,
    /// What the batch must come to.
    pub net_minor: i64,
    /// Every reconciliation, the newest last. Cash is reconciled by counting drawers.
    pub batches: Vec<BatchView>,
    /// open, equal, differs, stale, or covered by a batch of all terminals
    pub state: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReconciliationView {
    pub day: String,
    pub methods: Vec<MethodDayView>,
}

/// The books' side of one method and provider.
#[derive(Default, Clone, Copy)]
struct Side {
    taken: u32,
    taken_minor: i64,
    tips_minor: i64,
    rounding_minor: i64,
    back: u32,
    back_minor: i64,
}

impl Side {
    fn add(&mut self, row: &DayMethodRow) {
        self.taken += row.taken;
        self.taken_minor = self.taken_minor.saturating_add(row.taken_minor);
        self.tips_minor = self.tips_minor.saturating_add(row.tips_minor);
        self.rounding_minor = self.rounding_minor.saturating_add(row.rounding_minor);
        self.back += row.back;
        self.back_minor = self.back_minor.saturating_add(row.back_minor);
    }

    fn join(&mut self, other: &Side) {
        self.taken += other.taken;
        self.taken_minor = self.taken_minor.saturating_add(other.taken_minor);
        self.tips_minor = self.tips_minor.saturating_add(other.tips_minor);
        self.rounding_minor = self.rounding_minor.saturating_add(other.rounding_minor);
        self.back += other.back;
        self.back_minor = self.back_minor.saturating_add(other.back_minor);
    }

    fn net(&self) -> i64 {
        self.taken_minor
            .saturating_add(self.tips_minor)
            .saturating_add(self.rounding_minor)
            .saturating_sub(self.back_minor)
    }

    fn count(&self) -> u32 {
        self.taken + self.back
    }
}

impl Shop {
    fn day_or_today(&self, day: Option<&str>) -> Result<u32> {
        match day.filter(|day| !day.trim().is_empty()) {
            Some(day) => day_of(day),
            None => Ok(self.branch_day(self.edges.now()).business_day),
        }
    }

    pub fn reconciliation(&self, filter: &DayFilter) -> Result<ReconciliationView> {
        let day = self.day_or_today(filter.day.as_deref())?;
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let mut sides: BTreeMap<(String, String), Side> = BTreeMap::new();
            for row in r.day_methods(day)? {
                sides
                    .entry((row.method.clone(), row.provider.clone()))
                    .or_default()
                    .add(&row);
            }
            let batches = r.batches(day)?;
            // A batch that names no terminal is of all of them.
            let of_all = |batch: &&BatchRow| batch.provider.is_empty();
            let whole: BTreeMap<String, Side> = batches
                .iter()
                .filter(of_all)
                .map(|batch| {
                    let mut side = Side::default();
                    for ((method, _), one) in &sides {
                        if *method == batch.method {
                            side.join(one);
                        }
                    }
                    (batch.method.clone(), side)
                })
                .collect();
            for batch in &batches {
                // A batch for a method that took nothing is a difference to be seen.
                sides
                    .entry((batch.method.clone(), batch.provider.clone()))
                    .or_default();
            }
            let methods = sides
                .into_iter()
                .map(|((method, provider), side)| {
                    let covered = whole.get(&method);
                    let side = match covered {
                        Some(all) if provider.is_empty() => *all,
                        _ => side,
                    };
                    let of_it = |batch: &&BatchRow| batch.method == method && batch.provider == provider;
                    let batches: Vec<BatchView> = batches
                        .iter()
                        .filter(of_it)
                        .map(|batch| view_batch(&names, batch, &side))
                        .collect();
                    let state = match batches.last() {
                        None if covered.is_some() => "covered",
                        None => "open",
                        Some(last) if last.stale => "stale",
                        Some(last) if last.difference_minor == 0 => "equal",
                        Some(_) => "differs",
                    };
                    MethodDayView {
                        net_minor: side.net(),
                        taken: side.taken,
                        taken_minor: side.taken_minor,
                        tips_minor: side.tips_minor,
                        rounding_minor: side.rounding_minor,
                        back: side.back,
                        back_minor: side.back_minor,
                        state: state.to_owned(),
                        method,
                        provider,
                        batches,
                    }
                })
                .collect();
            Ok(ReconciliationView {
                day: days::text_of(day),
                methods,
            })
        })
    }

    /// Writes down what a batch says beside what the books say at this moment.
    pub fn reconcile_batch(&self, actor: &Actor, form: &ReconcileBatch) -> Result<ReconciliationView> {
        let content = content_of("batch", form)?;
        let day = self.day_or_today(form.day.as_deref())?;
        let method = form.method.trim().to_owned();
        if method.is_empty()
            || method.len() > 24
            || !method.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        {
            return Err(AppError::field("method", "this is no way to pay"));
        }
        if method == "cash" {
            return Err(AppError::field(
                "method",
                "cash is reconciled by counting its drawer",
            ));
        }
        let most = 1_000_000_000_000_000;
        if !(-most..=most).contains(&form.amount_minor) {
            return Err(Code::PriceTooLarge.into());
        }
        let provider = optional_text("provider", form.provider.as_deref(), 80)?.unwrap_or_default();
        let reference = optional_text("reference", form.reference.as_deref(), 80)?.unwrap_or_default();
        let note = optional_text("note", form.note.as_deref(), 400)?.unwrap_or_default();
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let mut side = Side::default();
            for row in tx.reader().day_methods(day)? {
                if row.method == method && (provider.is_empty() || row.provider == provider) {
                    side.add(&row);
                }
            }
            let body = BatchReconciledV1 {
                batch: *form.id.as_bytes(),
                branch: self.identity.branch.bytes(),
                day,
                method,
                provider,
                system_minor: side.net(),
                system_count: side.count(),
                batch_minor: form.amount_minor,
                batch_count: form.count,
                reference,
                note,
                at_ms: tx.now().0,
            };
            Ok(tx.record(Some(actor.staff), &Body::BatchReconciled(body))?)
        })?;
        self.live.tell("batch", Some(form.id.to_string()));
        self.reconciliation(&DayFilter {
            day: Some(days::text_of(day)),
        })
    }
}

fn view_batch(names: &Directory, row: &BatchRow, now: &Side) -> BatchView {
    BatchView {
        id: Uuid::from_bytes(row.id),
        system_minor: row.system_minor,
        system_count: row.system_count,
        batch_minor: row.batch_minor,
        batch_count: row.batch_count,
        difference_minor: row.batch_minor.saturating_sub(row.system_minor),
        reference: row.reference.clone(),
        note: row.note.clone(),
        staff: names.staff(row.by),
        at: rfc3339(Moment(row.at_ms)),
        stale: row.system_minor != now.net() || row.system_count != now.count(),
    }
}
