//! Addresses that are told what happens. The outbox of each is its place in the order of arrival, on the disk: what
//! comes after it is told in order, and the place moves only after a yes. A power cut repeats at most the event that was
//! under way, under the same id.
//!
//! An address that does not answer is tried with growing pauses for a day, then left alone and shown to people; nothing
//! of it is lost meanwhile, and going on begins where it stopped. One slow address holds up no other.

use crate::{
    Actor, AppError, Code, Page, Result, Shop,
    bell::Bell,
    events::{EventSubject, ShopEvent, VERSION, event_types},
    order_view::{Directory, Named},
    wire::{content_of, rfc3339, text},
};
use connect::hook::{self, HookError, Post, Reach, TRIED_FOR, TRIED_TIMES, Told, pause_after, signature};
use domain::{
    ids::{SeatId, SessionId, StaffId, WebhookId},
    people::{Permission, Role},
    time::Moment,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
    time::Duration,
};
use store::webhooks::{DeliveryRow, HookRow, HookState};
use utoipa::ToSchema;
use uuid::Uuid;

/// How often an idle worker looks for news.
const IDLE: Duration = Duration::from_secs(1);
/// For the whole talk with an address.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is larger goes without its data; whoever wants that asks for it.
const MOST_BODY: usize = 512 * 1024;
const MOST_HOOKS: usize = 20;
pub const TEST: &str = "test";

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookView {
    pub id: Uuid,
    pub name: String,
    pub address: String,
    /// In the house: this machine and private addresses, with or without TLS. Otherwise the Internet, over https only.
    pub near: bool,
    /// Types of events; none is all that it may hear.
    pub events: Vec<String>,
    /// Whether it hears of customers and what names them.
    pub personal: bool,
    /// on, off, or gave_up after a day without an answer
    pub state: String,
    /// Since when nobody says yes there.
    pub failing_since: Option<String>,
    pub attempts: u32,
    pub next_try_at: Option<String>,
    /// Everything that happened up to now was told.
    pub up_to_date: bool,
    /// The last event that was told or passed over.
    pub cursor: String,
    pub made_at: String,
    pub made_by: Option<Named>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    pub id: Uuid,
    pub name: String,
    pub address: String,
    #[serde(default)]
    pub near: bool,
    #[serde(default)]
    pub events: Vec<String>,
    #[serde(default)]
    pub personal: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditWebhook {
    pub name: String,
    pub address: String,
    #[serde(default)]
    pub near: bool,
    #[serde(default)]
    pub events: Vec<String>,
    #[serde(default)]
    pub personal: bool,
    /// Off: nothing is told, and nothing lost; on again goes on where it stopped.
    pub on: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MadeWebhook {
    pub hook: WebhookView,
    /// What its signatures are made with. Told once: null when the same request comes again.
    pub secret: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayWebhook {
    /// Everything that happened since then is told again, as RFC 3339.
    pub since: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveryView {
    pub number: i64,
    /// The event's id; the same however often it is told.
    pub event_id: Uuid,
    pub event: String,
    pub attempt: u32,
    pub at: String,
    pub duration_ms: i64,
    pub ok: bool,
    /// The answer's HTTP status.
    pub status: Option<u16>,
    /// Why it was not taken: address, forbidden, unreachable, slow, not_private or refused
    pub why: Option<String>,
    /// The beginning of the answer, or what went wrong.
    pub said: String,
}

/// The workers of this process.
#[derive(Default)]
pub(crate) struct Hooks {
    shop: OnceLock<Weak<Shop>>,
    bell: Arc<Bell>,
    /// Those that are being told right now.
    busy: Arc<Mutex<BTreeSet<WebhookId>>>,
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.bell.stop();
    }
}

type Busy = Mutex<BTreeSet<WebhookId>>;

fn lock(busy: &Busy) -> std::sync::MutexGuard<'_, BTreeSet<WebhookId>> {
    busy.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks for addresses that have something to hear, and gives each a thread of its own until it has heard it.
fn work(weak: &Weak<Shop>, bell: &Arc<Bell>, busy: &Arc<Busy>) {
    loop {
        let Some(shop) = weak.upgrade() else { return };
        if bell.is_stopped() {
            return;
        }
        let due = shop.due_hooks().unwrap_or_else(|error| {
            tracing::error!(%error, "the addresses to tell cannot be read");
            Vec::new()
        });
        drop(shop);
        for id in due {
            if !lock(busy).insert(id) {
                continue;
            }
            let (one, bell, telling) = (weak.clone(), bell.clone(), busy.clone());
            let began = std::thread::Builder::new()
                .name("webhook".to_owned())
                .spawn(move || {
                    while !bell.is_stopped() && tell_one(&one, id) {}
                    lock(&telling).remove(&id);
                });
            if let Err(error) = began {
                lock(busy).remove(&id);
                tracing::error!(%error, "a worker for an address cannot begin");
            }
        }
        bell.wait(IDLE);
    }
}

/// Tells one address its next event; says whether it took it. The shop is held only while it is read and written.
fn tell_one(weak: &Weak<Shop>, id: WebhookId) -> bool {
    let Some(shop) = weak.upgrade() else { return false };
    let turn = shop.next_turn(id).unwrap_or_else(|error| {
        tracing::error!(hook = %id, %error, "what an address is to be told cannot be read");
        None
    });
    drop(shop);
    let Some(turn) = turn else { return false };
    let told = hook::tell(&turn.post);
    let Some(shop) = weak.upgrade() else { return false };
    match shop.settle_turn(&turn, &told) {
        Ok(()) => told.error.is_none(),
        // The place stays; the same is told again under its id.
        Err(error) => {
            tracing::error!(hook = %id, %error, "what an address was told cannot be written down");
            false
        }
    }
}

/// One event on its way to one address.
struct Turn {
    hook: HookRow,
    event_id: Uuid,
    event: String,
    /// None for a test.
    arrival: Option<i64>,
    post: Post,
    began: Moment,
}

/// An address hears what a program with these rights would read.
fn ears_of(hook: &HookRow) -> Actor {
    let mut grants = vec![
        Permission::OrderRead,
        Permission::CatalogRead,
        Permission::PaymentRead,
        Permission::ReportRead,
    ];
    if hook.personal {
        grants.extend([
            Permission::CustomerRead,
            Permission::RefundMake,
            Permission::CardRead,
            Permission::QuotationMake,
        ]);
    }
    Actor {
        session: SessionId::from_bytes(hook.id.bytes()),
        staff: StaffId::from_bytes(hook.id.bytes()),
        role: Role::Program,
        seat: SeatId::from_bytes(hook.id.bytes()),
        grants: Some(grants.into()),
    }
}

fn reach(near: bool) -> Reach {
    if near { Reach::House } else { Reach::World }
}

/// What both forms share, checked.
fn checked(hook: &mut HookRow, form: &EditWebhook) -> Result<()> {
    hook.name = text("name", &form.name, 60)?;
    hook.address =
        hook::address(&form.address, reach(form.near)).map_err(|e| AppError::field("address", e))?;
    (hook.near, hook.personal) = (form.near, form.personal);
    let ears = ears_of(hook);
    let types = event_types();
    for word in &form.events {
        let known = types.iter().find(|t| t.kind == *word);
        let may = known
            .and_then(|t| t.permission.parse().ok())
            .is_some_and(|p| ears.allows(p));
        if !may {
            return Err(AppError::field("events", format!("{word} is not told to it")));
        }
    }
    hook.events = types
        .into_iter()
        .map(|t| t.kind)
        .filter(|kind| form.events.contains(kind))
        .collect();
    Ok(())
}

fn delivery_view(row: DeliveryRow) -> DeliveryView {
    DeliveryView {
        number: row.n,
        event_id: row.event_id,
        event: row.event,
        attempt: row.attempt,
        at: rfc3339(Moment(row.at_ms)),
        duration_ms: row.duration_ms,
        ok: row.why.is_none(),
        status: row.status,
        why: row.why,
        said: row.said,
    }
}

impl Shop {
    /// Takes up what is to be told where the last run of the program left it.
    pub(crate) fn start_hooks(self: &Arc<Self>) {
        if self.hooks.shop.set(Arc::downgrade(self)).is_err() {
            return;
        }
        let (weak, bell, busy) = (
            Arc::downgrade(self),
            self.hooks.bell.clone(),
            self.hooks.busy.clone(),
        );
        let began = std::thread::Builder::new()
            .name("webhooks".to_owned())
            .spawn(move || work(&weak, &bell, &busy));
        if let Err(error) = began {
            tracing::error!(%error, "the worker for webhooks cannot begin");
        }
    }

    fn due_hooks(&self) -> Result<Vec<WebhookId>> {
        let now = self.edges.now();
        self.store.read(|r| {
            let hooks = r.webhooks()?;
            if hooks.is_empty() {
                return Ok(Vec::new());
            }
            let last = r.last_arrival()?;
            Ok(hooks
                .iter()
                .filter(|hook| hook.state == HookState::On && hook.place < last && is_due(hook, now))
                .map(|hook| hook.id)
                .collect())
        })
    }

    /// What this address is to hear next, if it is to hear something now. What it does not want is passed over.
    fn next_turn(&self, id: WebhookId) -> Result<Option<Turn>> {
        loop {
            let now = self.edges.now();
            let hook = self.store.read(|r| r.webhook(id))?;
            let Some(hook) = hook.filter(|hook| hook.state == HookState::On && is_due(hook, now)) else {
                return Ok(None);
            };
            let wanted = |kind: &str| hook.events.is_empty() || hook.events.iter().any(|e| e == kind);
            let heard = self.heard(&ears_of(&hook), hook.place, 1, wanted)?;
            if let Some((n, event)) = heard.events.into_iter().next() {
                return self.turn(hook, Some(n), event).map(Some);
            }
            if heard.upto == hook.place {
                return Ok(None);
            }
            self.store.write(now, |tx| -> Result<()> {
                if let Some(mut fresh) = tx.reader().webhook(id)?
                    && fresh.place == hook.place
                {
                    fresh.place = heard.upto;
                    tx.keep_webhook(&fresh)?;
                }
                Ok(())
            })?;
            if !heard.more {
                return Ok(None);
            }
        }
    }

    fn turn(&self, hook: HookRow, arrival: Option<i64>, mut event: ShopEvent) -> Result<Turn> {
        let broken = |e: serde_json::Error| AppError::new(Code::Broken).caused(e);
        let mut body = serde_json::to_vec(&event).map_err(broken)?;
        if body.len() > MOST_BODY {
            event.data = None;
            body = serde_json::to_vec(&event).map_err(broken)?;
        }
        let now = self.edges.now();
        Ok(Turn {
            post: Post {
                address: hook.address.clone(),
                reach: reach(hook.near),
                id: event.id.to_string(),
                event: event.kind.clone(),
                signature: signature(&hook.secret, now.0.div_euclid(1000), &body),
                body,
                patience: PATIENCE,
            },
            event_id: event.id,
            event: event.kind,
            arrival,
            began: now,
            hook,
        })
    }

    fn delivery(&self, turn: &Turn, told: &Told, attempt: u32) -> DeliveryRow {
        let said = match &told.error {
            Some(error) if told.said.is_empty() => error.to_string(),
            _ => told.said.clone(),
        };
        DeliveryRow {
            n: 0,
            hook: turn.hook.id,
            event_id: turn.event_id,
            event: turn.event.clone(),
            arrival: turn.arrival,
            attempt,
            status: told.status,
            why: told.error.as_ref().map(|e| HookError::as_str(e).to_owned()),
            said,
            duration_ms: self.edges.now().0.saturating_sub(turn.began.0).max(0),
            at_ms: turn.began.0,
        }
    }

    fn settle_turn(&self, turn: &Turn, told: &Told) -> Result<()> {
        let now = self.edges.now();
        let id = turn.hook.id;
        self.store.write(now, |tx| -> Result<()> {
            // It may be gone, changed, or sent back to an earlier place meanwhile.
            let Some(mut hook) = tx.reader().webhook(id)? else {
                return Ok(());
            };
            let attempt = turn.hook.attempts.saturating_add(1);
            tx.note_delivery(&self.delivery(turn, told, attempt))?;
            if hook.place != turn.hook.place {
                return Ok(());
            }
            match (&told.error, turn.arrival) {
                (None, Some(n)) => {
                    hook.place = n;
                    (hook.attempts, hook.failing_ms, hook.next_ms) = (0, None, 0);
                }
                _ => {
                    let since = *hook.failing_ms.get_or_insert(now.0);
                    hook.attempts = hook.attempts.saturating_add(1);
                    hook.next_ms = now.0.saturating_add(millis(pause_after(hook.attempts)));
                    let long = now.0.saturating_sub(since) >= millis(TRIED_FOR);
                    if hook.state == HookState::On && long && hook.attempts >= TRIED_TIMES {
                        hook.state = HookState::GaveUp;
                        tracing::warn!(hook = %id, "nobody answered for a day: it is told nothing more until a person says so");
                    }
                }
            }
            tx.keep_webhook(&hook)?;
            Ok(())
        })?;
        self.live.tell("program", Some(id.to_string()));
        Ok(())
    }

    pub fn webhooks(&self) -> Result<Page<WebhookView>> {
        let (hooks, last, people) = self
            .store
            .read(|r| -> Result<_> { Ok((r.webhooks()?, r.last_arrival()?, Directory::read(r)?)) })?;
        let views = hooks.iter().map(|hook| self.view_hook(hook, last, &people));
        Ok(Page::whole(views.collect()))
    }

    fn view_hook(&self, hook: &HookRow, last: i64, people: &Directory) -> WebhookView {
        let waits = hook.state == HookState::On && hook.attempts > 0;
        WebhookView {
            id: hook.id.uuid(),
            name: hook.name.clone(),
            address: hook.address.clone(),
            near: hook.near,
            events: hook.events.clone(),
            personal: hook.personal,
            state: hook.state.as_str().to_owned(),
            failing_since: hook.failing_ms.map(|ms| rfc3339(Moment(ms))),
            attempts: hook.attempts,
            next_try_at: waits.then(|| rfc3339(Moment(hook.next_ms))),
            up_to_date: hook.place >= last,
            cursor: self.cursor(hook.place),
            made_at: rfc3339(Moment(hook.made_ms)),
            made_by: people.staff(Some(hook.made_by)),
        }
    }

    fn webhook(&self, id: WebhookId) -> Result<WebhookView> {
        self.store.read(|r| {
            let hook = r.webhook(id)?.ok_or(AppError::new(Code::NotFound))?;
            Ok(self.view_hook(&hook, r.last_arrival()?, &Directory::read(r)?))
        })
    }

    pub fn make_webhook(&self, actor: &Actor, request: &NewWebhook) -> Result<MadeWebhook> {
        actor.must(Permission::ProgramManage)?;
        let now = self.edges.now();
        let id = WebhookId::from_uuid(request.id);
        let random: [u8; 32] = self.edges.random();
        let hex: String = random.iter().map(|b| format!("{b:02x}")).collect();
        let secret = format!("whsec_{hex}");
        let mut hook = HookRow {
            id,
            name: String::new(),
            address: String::new(),
            near: false,
            events: Vec::new(),
            personal: false,
            secret: secret.clone(),
            state: HookState::On,
            place: 0,
            attempts: 0,
            failing_ms: None,
            next_ms: 0,
            made_ms: now.0,
            made_by: actor.staff,
        };
        let form = EditWebhook {
            name: request.name.clone(),
            address: request.address.clone(),
            near: request.near,
            events: request.events.clone(),
            personal: request.personal,
            on: true,
        };
        checked(&mut hook, &form)?;
        let content = content_of("webhook", request)?;
        let mut made = false;
        self.write_once(id.bytes(), &content, |tx| {
            let reader = tx.reader();
            if reader.webhook(id)?.is_some() {
                return Err(Code::IdReused.into());
            }
            if reader.webhooks()?.len() >= MOST_HOOKS {
                return Err(AppError::field("name", "these are enough addresses for one node"));
            }
            // It hears what happens from now on; what was before it can ask for.
            hook.place = reader.last_arrival()?;
            tx.keep_webhook(&hook)?;
            made = true;
            Ok(())
        })?;
        self.live.tell("program", Some(id.to_string()));
        Ok(MadeWebhook {
            hook: self.webhook(id)?,
            secret: made.then_some(secret),
        })
    }

    fn change_webhook(
        &self,
        actor: &Actor,
        id: WebhookId,
        change: impl FnOnce(&mut HookRow) -> Result<()>,
    ) -> Result<WebhookView> {
        actor.must(Permission::ProgramManage)?;
        self.store.write(self.edges.now(), |tx| -> Result<()> {
            let mut hook = tx.reader().webhook(id)?.ok_or(AppError::new(Code::NotFound))?;
            change(&mut hook)?;
            // A person looked: it is tried at once, and has its whole day again.
            (hook.attempts, hook.failing_ms, hook.next_ms) = (0, None, 0);
            tx.keep_webhook(&hook)?;
            Ok(())
        })?;
        self.hooks.bell.ring();
        self.live.tell("program", Some(id.to_string()));
        self.webhook(id)
    }

    pub fn edit_webhook(&self, actor: &Actor, id: WebhookId, form: &EditWebhook) -> Result<WebhookView> {
        self.change_webhook(actor, id, |hook| {
            checked(hook, form)?;
            hook.state = if form.on { HookState::On } else { HookState::Off };
            Ok(())
        })
    }

    /// Tells everything since a moment again, in order, and goes on from there.
    pub fn replay_webhook(&self, actor: &Actor, id: WebhookId, form: &ReplayWebhook) -> Result<WebhookView> {
        let since: jiff::Timestamp = form.since.parse().map_err(|e| AppError::field("since", e))?;
        // Looked for before it is written: it may take a while, and no sale waits for it.
        let place = self
            .store
            .read(|r| r.arrival_before(Moment(since.as_millisecond())))?;
        self.change_webhook(actor, id, |hook| {
            hook.place = place;
            Ok(())
        })
    }

    pub fn remove_webhook(&self, actor: &Actor, id: WebhookId) -> Result<()> {
        actor.must(Permission::ProgramManage)?;
        self.store.write(self.edges.now(), |tx| -> Result<()> {
            tx.reader().webhook(id)?.ok_or(AppError::new(Code::NotFound))?;
            Ok(tx.forget_webhook(id)?)
        })?;
        self.live.tell("program", Some(id.to_string()));
        Ok(())
    }

    /// The last hundred tries, the newest first.
    pub fn webhook_deliveries(&self, id: WebhookId) -> Result<Page<DeliveryView>> {
        let rows = self.store.read(|r| -> Result<_> {
            r.webhook(id)?.ok_or(AppError::new(Code::NotFound))?;
            Ok(r.webhook_deliveries(id)?)
        })?;
        Ok(Page::whole(rows.into_iter().map(delivery_view).collect()))
    }

    /// Sends something that never happened, so that a person sees whether it arrives.
    pub fn test_webhook(&self, actor: &Actor, id: WebhookId) -> Result<DeliveryView> {
        actor.must(Permission::ProgramManage)?;
        let hook = self.store.read(|r| r.webhook(id))?.ok_or(Code::NotFound)?;
        let event = ShopEvent {
            id: self.edges.new_id(),
            cursor: self.cursor(hook.place),
            kind: TEST.to_owned(),
            version: VERSION,
            at: rfc3339(self.edges.now()),
            branch: self.identity.branch.uuid(),
            device: self.identity.device.uuid(),
            by: None,
            subject: EventSubject {
                kind: TEST.to_owned(),
                id: id.uuid(),
            },
            part: None,
            data: None,
        };
        let turn = self.turn(hook, None, event)?;
        self.tell_now(&turn)
    }

    /// Tells one event again, outside of its order. Nothing else is told again because of it.
    pub fn deliver_again(&self, actor: &Actor, id: WebhookId, number: i64) -> Result<DeliveryView> {
        actor.must(Permission::ProgramManage)?;
        let (hook, old) = self
            .store
            .read(|r| -> Result<_> { Ok((r.webhook(id)?, r.webhook_delivery(id, number)?)) })?;
        let (Some(hook), Some(old)) = (hook, old) else {
            return Err(Code::NotFound.into());
        };
        let event = match old.arrival {
            None => return self.test_webhook(actor, id),
            Some(n) => self.event_at(&ears_of(&hook), n)?.ok_or(Code::NotFound)?,
        };
        let turn = self.turn(hook, old.arrival, event)?;
        self.tell_now(&turn)
    }

    fn tell_now(&self, turn: &Turn) -> Result<DeliveryView> {
        let told = hook::tell(&turn.post);
        let row = self.delivery(turn, &told, 1);
        self.store.write(self.edges.now(), |tx| tx.note_delivery(&row))?;
        self.live.tell("program", Some(turn.hook.id.to_string()));
        let newest = self.store.read(|r| r.webhook_deliveries(turn.hook.id))?;
        let noted = newest.into_iter().find(|one| one.event_id == row.event_id);
        Ok(delivery_view(noted.unwrap_or(row)))
    }
}

/// A clock that was set back must not hold anything for a year.
fn is_due(hook: &HookRow, now: Moment) -> bool {
    let longest = millis(pause_after(u32::MAX));
    hook.next_ms <= now.0 || hook.next_ms > now.0.saturating_add(longest)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
