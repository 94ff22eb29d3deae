//! Exchange rates: what foreign cash is worth at the counter, from when on.

use crate::{
    Actor, AppError, Code, Page, Result, Shop,
    order_view::{Directory, Named},
    settings::Settings,
    wire::{content_of, optional_text, rfc3339},
};
use domain::{
    foreign::{Exchange, ForeignError, Rate},
    money::{Currency, Money},
    time::Moment,
};
use journal::{Body, body::RateSetV1};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use store::{Reader, rates::RateRow};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A rate may be set for the days to come, and no further.
const FURTHEST_MS: i64 = 366 * 86_400_000;
/// How much of a currency's history a list shows.
const SHOWN: usize = 50;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRate {
    pub id: Uuid,
    /// As ISO writes it: USD.
    pub currency: String,
    /// What one whole unit of it is worth in the shop's currency, such as 83.4567. Null: it is not taken any more.
    pub rate: Option<String>,
    /// From when on, as RFC 3339; now when absent.
    pub from: Option<String>,
    /// Where it is from.
    pub source: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RateView {
    pub id: Uuid,
    pub currency: String,
    /// Null: not taken any more.
    pub rate: Option<String>,
    pub from: String,
    pub set_at: String,
    pub staff: Option<Named>,
    pub source: String,
}

/// One currency with what counts now, what is to come and what was.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CurrencyRates {
    pub currency: String,
    pub minor_digits: u8,
    pub now: Option<RateView>,
    pub history: Vec<RateView>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConvertQuery {
    /// What is due, in the shop's currency.
    pub due_minor: i64,
    pub currency: String,
    /// What is handed over, in that currency's smallest unit; all that is due when absent.
    pub received_minor: Option<i64>,
}

/// Foreign cash against what is due.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Conversion {
    pub currency: String,
    pub minor_digits: u8,
    pub rate: String,
    /// The least that covers what is due, in that currency's smallest unit.
    pub covers_minor: i64,
    pub received_minor: i64,
    /// In the shop's currency, like all that follows.
    pub worth_minor: i64,
    pub amount_minor: i64,
    pub change_minor: i64,
}

/// What a currency is worth at a moment; refused when the shop does not take it.
pub(crate) fn rate_on(
    reader: &Reader<'_>,
    settings: &Settings,
    currency: &str,
    at: Moment,
) -> Result<Exchange> {
    let missing = || AppError::new(Code::RateMissing).hint("currency", currency);
    let foreign = Currency::from_code(currency).ok_or_else(missing)?;
    let nano = reader
        .rate_at(currency, at)?
        .and_then(|row| row.nano)
        .ok_or_else(missing)?;
    let rate = Rate::from_nano(nano).map_err(refused)?;
    Exchange::new(foreign, settings.currency, rate).map_err(refused)
}

pub(crate) fn refused(error: ForeignError) -> AppError {
    match error {
        ForeignError::NotARate => AppError::field("rate", error),
        ForeignError::OwnCurrency => AppError::field("currency", error),
        ForeignError::NotPositive | ForeignError::Worthless | ForeignError::Money(_) => {
            AppError::new(Code::TenderInvalid).because(error)
        }
    }
}

impl Shop {
    pub fn set_rate(&self, actor: &Actor, form: &SetRate) -> Result<CurrencyRates> {
        let content = content_of("rate", form)?;
        let settings = self.settings();
        let foreign = Currency::from_code(form.currency.trim())
            .ok_or_else(|| AppError::field("currency", "this currency is not known"))?;
        let rate = match form.rate.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(typed) => {
                let decimal: Decimal = typed
                    .parse()
                    .map_err(|_| AppError::field("rate", "a number like 83.4567 is expected"))?;
                let rate = Rate::from_decimal(decimal).map_err(refused)?;
                Exchange::new(foreign, settings.currency, rate).map_err(refused)?;
                Some(rate)
            }
        };
        let now = self.edges.now();
        let from = match form.from.as_deref() {
            None => now,
            Some(text) => text
                .parse::<jiff::Timestamp>()
                .map(|at| Moment(at.as_millisecond()))
                .map_err(|_| AppError::field("from", "a moment like 2026-11-21T09:00:00Z is expected"))?,
        };
        // What was sold at a rate keeps it; setting one for the past would only say so wrongly.
        if from.ms_since(now) > FURTHEST_MS || now.ms_since(from) > 60_000 {
            return Err(AppError::field("from", "a rate begins now or within a year"));
        }
        let source = optional_text("source", form.source.as_deref(), 80)?.unwrap_or_default();
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let body = RateSetV1 {
                rate: *form.id.as_bytes(),
                currency: foreign.code,
                nano: rate.map(Rate::nano),
                from_ms: from.0,
                set_ms: now.0,
                source,
            };
            Ok(tx.record(Some(actor.staff), &Body::RateSet(body))?)
        })?;
        self.live.tell("rate", Some(foreign.code().to_owned()));
        self.store.read(|r| {
            let names = Directory::read(r)?;
            currency_rates(r, &names, foreign.code(), self.edges.now())
        })
    }

    /// Every currency that the shop takes or took.
    pub fn rates(&self) -> Result<Page<CurrencyRates>> {
        let now = self.edges.now();
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let items = r
                .rated_currencies()?
                .iter()
                .map(|currency| currency_rates(r, &names, currency, now))
                .collect::<Result<_>>()?;
            Ok(Page::whole(items))
        })
    }

    /// What foreign cash pays of what is due, and the change. Keeps nothing.
    pub fn convert(&self, query: &ConvertQuery) -> Result<Conversion> {
        let settings = self.settings();
        let due = Money::from_minor(query.due_minor);
        let exchange = self
            .store
            .read(|r| rate_on(r, &settings, &query.currency, self.edges.now()))?;
        let covers = exchange.covers(due).map_err(refused)?;
        let cash = exchange
            .settle(due, query.received_minor.unwrap_or(covers))
            .map_err(refused)?;
        Ok(Conversion {
            currency: query.currency.clone(),
            minor_digits: exchange.foreign.minor_digits,
            rate: exchange.rate().to_string(),
            covers_minor: covers,
            received_minor: cash.received_foreign,
            worth_minor: cash.worth.minor(),
            amount_minor: cash.amount.minor(),
            change_minor: cash.change.minor(),
        })
    }
}

fn currency_rates(
    reader: &Reader<'_>,
    names: &Directory,
    currency: &str,
    now: Moment,
) -> Result<CurrencyRates> {
    let view = |row: RateRow| RateView {
        id: row.id,
        currency: row.currency,
        rate: row.nano.map(|nano| Decimal::new(nano, 9).normalize().to_string()),
        from: rfc3339(Moment(row.from_ms)),
        set_at: rfc3339(Moment(row.set_ms)),
        staff: names.staff(row.staff),
        source: row.source,
    };
    Ok(CurrencyRates {
        currency: currency.to_owned(),
        minor_digits: Currency::from_code(currency).map_or(2, |known| known.minor_digits),
        now: reader.rate_at(currency, now)?.map(view),
        history: reader
            .rate_history(currency, SHOWN)?
            .into_iter()
            .map(view)
            .collect(),
    })
}
