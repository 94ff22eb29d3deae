//! Addresses that are told what happens: how far each was told, and its last deliveries.

use crate::{Reader, StoreError, Write};
use domain::ids::{StaffId, WebhookId};
use rusqlite::{OptionalExtension, Row, params};
use uuid::Uuid;

/// How many deliveries of each address are kept for people to look at.
pub const KEPT: i64 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookState {
    On,
    /// A person stopped it.
    Off,
    /// Nobody answered for a day.
    GaveUp,
}

impl HookState {
    pub fn as_str(self) -> &'static str {
        match self {
            HookState::On => "on",
            HookState::Off => "off",
            HookState::GaveUp => "gave_up",
        }
    }

    fn of(word: &str) -> HookState {
        match word {
            "on" => HookState::On,
            "gave_up" => HookState::GaveUp,
            // The table's own rule allows no other word.
            _ => HookState::Off,
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct HookRow {
    pub id: WebhookId,
    pub name: String,
    pub address: String,
    /// An address in the house.
    pub near: bool,
    /// None is all.
    pub events: Vec<String>,
    pub personal: bool,
    pub secret: String,
    pub state: HookState,
    /// Everything that arrived up to here is settled.
    pub place: i64,
    pub attempts: u32,
    pub failing_ms: Option<i64>,
    pub next_ms: i64,
    pub made_ms: i64,
    pub made_by: StaffId,
}

/// One try at one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    pub n: i64,
    pub hook: WebhookId,
    pub event_id: Uuid,
    pub event: String,
    pub arrival: Option<i64>,
    pub attempt: u32,
    pub status: Option<u16>,
    /// One word; none when it was taken.
    pub why: Option<String>,
    pub said: String,
    pub duration_ms: i64,
    pub at_ms: i64,
}

const HOOK: &str =
    "select hook_id, name, address, near, events, personal, secret, state, place, attempts, failing_ms,
    next_ms, made_ms, made_by from webhook";

fn hook(r: &Row<'_>) -> rusqlite::Result<HookRow> {
    let (events, state): (String, String) = (r.get(4)?, r.get(7)?);
    Ok(HookRow {
        id: WebhookId::from_bytes(r.get(0)?),
        name: r.get(1)?,
        address: r.get(2)?,
        near: r.get(3)?,
        events: events.split_whitespace().map(str::to_owned).collect(),
        personal: r.get(5)?,
        secret: r.get(6)?,
        state: HookState::of(&state),
        place: r.get(8)?,
        attempts: r.get(9)?,
        failing_ms: r.get(10)?,
        next_ms: r.get(11)?,
        made_ms: r.get(12)?,
        made_by: StaffId::from_bytes(r.get(13)?),
    })
}

const DELIVERY: &str =
    "select n, hook_id, event_id, event, arrival, attempt, status, why, said, duration_ms, at_ms
    from webhook_delivery";

fn delivery(r: &Row<'_>) -> rusqlite::Result<DeliveryRow> {
    Ok(DeliveryRow {
        n: r.get(0)?,
        hook: WebhookId::from_bytes(r.get(1)?),
        event_id: Uuid::from_bytes(r.get(2)?),
        event: r.get(3)?,
        arrival: r.get(4)?,
        attempt: r.get(5)?,
        status: r.get(6)?,
        why: r.get(7)?,
        said: r.get(8)?,
        duration_ms: r.get(9)?,
        at_ms: r.get(10)?,
    })
}

impl Reader<'_> {
    /// The oldest first.
    pub fn webhooks(&self) -> Result<Vec<HookRow>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached(&format!("{HOOK} order by made_ms, hook_id"))?;
        Ok(statement.query_map([], hook)?.collect::<Result<_, _>>()?)
    }

    pub fn webhook(&self, id: WebhookId) -> Result<Option<HookRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("{HOOK} where hook_id = ?1"))?
            .query_row([id.bytes()], hook)
            .optional()?)
    }

    /// The newest first.
    pub fn webhook_deliveries(&self, id: WebhookId) -> Result<Vec<DeliveryRow>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached(&format!("{DELIVERY} where hook_id = ?1 order by n desc limit ?2"))?;
        let rows = statement.query_map(params![id.bytes(), KEPT], delivery)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn webhook_delivery(&self, id: WebhookId, n: i64) -> Result<Option<DeliveryRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("{DELIVERY} where hook_id = ?1 and n = ?2"))?
            .query_row(params![id.bytes(), n], delivery)
            .optional()?)
    }
}

impl Write<'_> {
    /// Keeps an address as it is now, in place of what it was.
    pub fn keep_webhook(&self, row: &HookRow) -> Result<(), StoreError> {
        self.tx
            .prepare_cached(
                "insert or replace into webhook values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?
            .execute(params![
                row.id.bytes(),
                row.name,
                row.address,
                row.near,
                row.events.join(" "),
                row.personal,
                row.secret,
                row.state.as_str(),
                row.place,
                row.attempts,
                row.failing_ms,
                row.next_ms,
                row.made_ms,
                row.made_by.bytes()
            ])?;
        Ok(())
    }

    pub fn forget_webhook(&self, id: WebhookId) -> Result<(), StoreError> {
        self.tx
            .execute("delete from webhook where hook_id = ?1", [id.bytes()])?;
        self.tx
            .execute("delete from webhook_delivery where hook_id = ?1", [id.bytes()])?;
        Ok(())
    }

    /// Notes a try, and lets go of the oldest.
    pub fn note_delivery(&self, row: &DeliveryRow) -> Result<(), StoreError> {
        self.tx
            .prepare_cached(
                "insert into webhook_delivery (hook_id, event_id, event, arrival, attempt, status, why, said, duration_ms, at_ms)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                row.hook.bytes(),
                row.event_id.into_bytes(),
                row.event,
                row.arrival,
                row.attempt,
                row.status,
                row.why,
                row.said,
                row.duration_ms,
                row.at_ms
            ])?;
        self.tx
            .prepare_cached(
                "delete from webhook_delivery where hook_id = ?1 and n <=
                     (select n from webhook_delivery where hook_id = ?1 order by n desc limit 1 offset ?2)",
            )?
            .execute(params![row.hook.bytes(), KEPT])?;
        Ok(())
    }
}
