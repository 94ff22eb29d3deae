//! Parked carts of the branch's tills: seen at every one, taken up at exactly one.
//!
//! A cart lies on the disk of one device, with a number that grows each time it changes hands. Every device reports its
//! parked carts to the one that decides, which lists them and grants each to one taker; it keeps no record of its own
//! that a restart could lose. The old holder gives its cart up only after it heard that a later holder has it, and who
//! asked for one remembers that on its disk first, so a power cut anywhere loses no cart. A copy that is left from an
//! older holder is not paid while the devices can talk; paid apart, it is an anomaly.

use crate::{
    Actor, AppError, Code, Result, Shop,
    cart::{CartView, Draft, WriteId},
    lead::Decides,
    order_view::{Directory, Named},
    payments,
    wire::{content_of, rfc3339},
};
use domain::{
    ids::{CartId, CounterId, DeviceId, OrderId, SeatId, StaffId},
    time::Moment,
};
use journal::{Body, body::CartPaidV1};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};
use store::{
    Reader, Write,
    drafts::{CartHop, CartRow},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// A till that is silent for so long no longer keeps the carts it has open.
const LEASE_MS: i64 = 10 * 60_000;
/// How long a taker may be on its way with a cart.
const TAKING_MS: i64 = 60_000;
/// How long the list of the others is shown after it was told.
const FRESH_MS: i64 = 10_000;
/// Bounds of what one device may report.
const MOST_CARTS: usize = 300;
/// Of one draft, which is text inside of a letter and may become twice as long there.
const MOST_DRAFT_BYTES: usize = 768 << 10;
/// Drafts travel so many bytes at a time, the rest with the next report.
const DRAFTS_AT_ONCE: usize = 512 << 10;
/// What the one that decides keeps for one device; further carts are shown and come once there is room.
const MOST_KEPT_BYTES: usize = 32 << 20;
/// How many carts that are no more are remembered.
const MOST_ENDED: usize = 10_000;

/// What the branch's carts look like from here.
#[derive(Default)]
pub(crate) struct SharedCarts {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Of the one that decides: every cart of the branch, as its devices reported them in this term.
    term: u64,
    table: BTreeMap<Uuid, Entry>,
    /// Carts that their last holder no longer has, with its number: copies of earlier holders are not the cart.
    ended: BTreeMap<Uuid, (DeviceId, u32)>,
    /// Of the others: what the one that decides said last, and when.
    told: Option<(i64, Vec<ReportedCart>)>,
    /// The drafts that it asked for.
    wanted: BTreeSet<Uuid>,
}

struct Entry {
    device: DeviceId,
    heard_ms: i64,
    cart: ReportedCart,
    draft: Option<Vec<u8>>,
    taking: Option<Taking>,
}

struct Taking {
    take: Uuid,
    device: DeviceId,
    hop: u32,
    at_ms: i64,
    who: Holder,
}

/// Where a cart is and whose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    pub counter: Uuid,
    pub seat: u16,
    pub staff: Option<Uuid>,
}

/// One cart as its holder reports it, and as the list has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedCart {
    pub cart: Uuid,
    /// How often it changed hands.
    pub hop: u32,
    pub holder: Holder,
    /// parked or open
    pub state: String,
    pub label: String,
    pub total_minor: i64,
    pub items: String,
    pub parked_ms: i64,
    pub revision: u64,
}

/// All carts of one device that others may see, and the drafts that were asked for.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CartReport {
    pub carts: Vec<ReportedCart>,
    pub drafts: Vec<CartDraft>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CartDraft {
    pub cart: Uuid,
    pub revision: u64,
    pub draft: String,
}

/// What the one that decides answers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CartList {
    /// They are at another till by now.
    pub gone: Vec<Uuid>,
    /// Send these drafts.
    pub wanted: Vec<Uuid>,
    pub carts: Vec<ReportedCart>,
    /// Another device decides by now.
    pub elsewhere: bool,
}

/// A till wants a cart, or wants to pay the one it has.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CartTake {
    pub take: Uuid,
    pub cart: Uuid,
    /// How often its own copy changed hands, where it has one.
    pub own_hop: Option<u32>,
    pub paying: bool,
    pub holder: Holder,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum CartTaken {
    /// Its own copy is the one.
    Yours {},
    Granted {
        hop: u32,
        label: String,
        draft: String,
    },
    Refused {
        code: String,
        holder: Option<Holder>,
    },
    Elsewhere {},
}

/// A cart at another till of the branch.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SharedCartView {
    pub id: Uuid,
    pub label: String,
    pub total_minor: i64,
    pub items: String,
    pub parked_at: String,
    pub counter: Named,
    pub seat: u16,
    pub held_by: Option<Named>,
    /// parked: it can be taken up here. open: somebody has it.
    pub state: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SharedCartsView {
    pub items: Vec<SharedCartView>,
    /// The other tills' carts cannot be seen just now.
    pub apart: bool,
}

impl SharedCarts {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(code: Code, holder: Option<Holder>) -> CartTaken {
    CartTaken::Refused {
        code: code.as_str().to_owned(),
        holder,
    }
}

/// Whether another draft fits behind what travels already. The first one always goes.
fn goes_along(bytes: usize, next: usize) -> bool {
    bytes == 0 || bytes + next <= DRAFTS_AT_ONCE
}

impl Shop {
    /// Whether this branch has other tills.
    fn shares_carts(&self, reader: &Reader<'_>) -> Result<bool> {
        let devices = reader.branch_devices(self.identity.branch)?;
        Ok(devices.iter().filter(|one| !one.revoked).count() > 1)
    }

    /// From now on others may see this cart.
    pub(crate) fn share_cart(&self, tx: &Write<'_>, cart: CartId) -> Result<()> {
        let reader = tx.reader();
        if reader.cart_hop(cart)?.is_none() && self.shares_carts(&reader)? {
            tx.save_cart_hop(&CartHop {
                cart,
                hop: 0,
                take: None,
                seat: None,
            })?;
        }
        Ok(())
    }

    fn holder(&self, reader: &Reader<'_>, seat: SeatId, staff: Option<Uuid>) -> Result<Holder> {
        Ok(Holder {
            counter: self.identity.counter.uuid(),
            seat: reader.seat_number(seat)?.unwrap_or(1),
            staff,
        })
    }

    /// The carts of this device that others may see.
    fn report(&self, wanted: &BTreeSet<Uuid>) -> Result<CartReport> {
        self.store.read(|r| {
            let mut report = CartReport {
                carts: vec![],
                drafts: vec![],
            };
            let mut bytes = 0;
            for (row, hop) in r.carts_with_hops(MOST_CARTS)? {
                let draft = Draft::read(&row)?;
                let view = self.view_cart(r, &row)?;
                let cart = row.id.uuid();
                report.carts.push(ReportedCart {
                    cart,
                    hop,
                    holder: self.holder(r, row.seat, draft.held_by)?,
                    state: view.state,
                    label: view.label,
                    total_minor: view.total_minor,
                    items: view.items,
                    parked_ms: row.parked_ms.unwrap_or(0),
                    revision: draft.revision,
                });
                if wanted.contains(&cart)
                    && row.parked_ms.is_some()
                    && row.draft.len() <= MOST_DRAFT_BYTES
                    && goes_along(bytes, row.draft.len())
                    && let Ok(text) = String::from_utf8(row.draft)
                {
                    bytes += text.len();
                    report.drafts.push(CartDraft {
                        cart,
                        revision: draft.revision,
                        draft: text,
                    });
                }
            }
            Ok(report)
        })
    }

    /// Tells the one that decides which carts are here, and learns of the others'. Also goes on with carts that were
    /// asked for before a power cut.
    pub fn exchange_carts(&self) -> Result<()> {
        match (self.decides(), self.appointed()) {
            (Decides::There, Some(authority)) => {
                for _ in 0..2 {
                    let wanted = std::mem::take(&mut self.shared_carts.lock().wanted);
                    let report = self.report(&wanted)?;
                    let Ok(list) = authority.carts(&report) else {
                        return Ok(());
                    };
                    if list.elsewhere {
                        return Ok(());
                    }
                    self.give_up(&list.gone)?;
                    let again = !list.wanted.is_empty();
                    let mut state = self.shared_carts.lock();
                    state.wanted = list.wanted.into_iter().collect();
                    let news = state
                        .told
                        .as_ref()
                        .is_none_or(|(_, before)| *before != list.carts);
                    state.told = Some((self.edges.now().0, list.carts));
                    drop(state);
                    if news {
                        self.live.tell("carts", None);
                    }
                    if !again {
                        break;
                    }
                }
            }
            (Decides::Here, _) if self.store.read(|r| self.shares_carts(r))? => {
                let list = self.hear_own_carts()?;
                self.give_up(&list.gone)?;
            }
            _ => {}
        }
        self.go_on_taking()
    }

    fn hear_own_carts(&self) -> Result<CartList> {
        let wanted: BTreeSet<Uuid> = self
            .store
            .read(|r| r.carts_with_hops(MOST_CARTS))?
            .iter()
            .map(|(row, _)| row.id.uuid())
            .collect();
        let report = self.report(&wanted)?;
        self.keep_report(self.identity.device, &report)
    }

    /// Another device of the branch reports its carts.
    pub fn hear_carts(&self, device: DeviceId, report: &CartReport) -> Result<CartList> {
        if self.may_decide().is_none() {
            return Ok(CartList {
                gone: vec![],
                wanted: vec![],
                carts: vec![],
                elsewhere: true,
            });
        }
        if report.carts.len() > MOST_CARTS || report.drafts.iter().any(|d| d.draft.len() > MOST_DRAFT_BYTES) {
            return Err(Code::Malformed.into());
        }
        let own = self.hear_own_carts()?;
        self.give_up(&own.gone)?;
        self.keep_report(device, report)
    }

    fn keep_report(&self, device: DeviceId, report: &CartReport) -> Result<CartList> {
        let now = self.edges.now().0;
        let mut paid = BTreeSet::new();
        self.store.read(|r| {
            for cart in &report.carts {
                if !r.orders_of_cart(*cart.cart.as_bytes())?.is_empty() {
                    paid.insert(cart.cart);
                }
            }
            Ok::<_, AppError>(())
        })?;
        let term = self.lead_term();
        let mut state = self.shared_carts.lock();
        let state = &mut *state;
        if state.term != term {
            state.term = term;
            state.table.clear();
            state.ended.clear();
        }
        let before: Vec<ReportedCart> = state
            .table
            .values()
            .filter_map(|entry| entry.shown(now))
            .collect();
        let mut list = CartList {
            gone: vec![],
            wanted: vec![],
            carts: vec![],
            elsewhere: false,
        };
        let named: BTreeSet<Uuid> = report.carts.iter().map(|cart| cart.cart).collect();
        // What it no longer has was paid or thrown away, unless somebody is on the way with it.
        let ended = &mut state.ended;
        state.table.retain(|cart, entry| {
            if entry
                .taking
                .as_ref()
                .is_some_and(|one| now - one.at_ms > TAKING_MS)
            {
                entry.taking = None;
            }
            let stays = entry.device != device || named.contains(cart) || entry.taking.is_some();
            if !stays {
                ended.insert(*cart, (device, entry.cart.hop));
            }
            stays
        });
        while ended.len() > MOST_ENDED {
            ended.pop_first();
        }
        for cart in &report.carts {
            let ended = state.ended.get(&cart.cart);
            if paid.contains(&cart.cart) || ended.is_some_and(|(by, hop)| *by != device && *hop >= cart.hop) {
                state.table.remove(&cart.cart);
                if cart.state == "parked" {
                    list.gone.push(cart.cart);
                }
                continue;
            }
            state.ended.remove(&cart.cart);
            if let Some(entry) = state.table.get_mut(&cart.cart) {
                if entry.cart.hop > cart.hop || entry.cart.hop == cart.hop && entry.device != device {
                    if cart.state == "parked" && entry.cart.hop > cart.hop {
                        list.gone.push(cart.cart);
                    }
                    continue;
                }
                if entry.cart.revision != cart.revision || entry.device != device {
                    entry.draft = None;
                }
                if entry.device != device {
                    entry.taking = None;
                }
                entry.device = device;
                entry.heard_ms = now;
                entry.cart = cart.clone();
            } else {
                let entry = Entry {
                    device,
                    heard_ms: now,
                    cart: cart.clone(),
                    draft: None,
                    taking: None,
                };
                state.table.insert(cart.cart, entry);
            }
        }
        for draft in &report.drafts {
            if let Some(entry) = state.table.get_mut(&draft.cart)
                && entry.device == device
                && entry.cart.revision == draft.revision
            {
                entry.draft = Some(draft.draft.clone().into_bytes());
            }
        }
        let of_it = || state.table.iter().filter(|(_, entry)| entry.device == device);
        let kept: usize = of_it()
            .filter_map(|(_, entry)| entry.draft.as_ref().map(Vec::len))
            .sum();
        for (cart, entry) in of_it().filter(|_| kept < MOST_KEPT_BYTES) {
            if entry.draft.is_none() && entry.cart.state == "parked" {
                list.wanted.push(*cart);
            }
        }
        list.carts = state
            .table
            .values()
            .filter_map(|entry| entry.shown(now))
            .collect();
        if before != list.carts {
            self.live.tell("carts", None);
        }
        Ok(list)
    }

    /// Drops the copies of carts that are at another till by now. One that is open at a seat stays: somebody is working
    /// on it, and it is not paid here.
    fn give_up(&self, gone: &[Uuid]) -> Result<()> {
        if gone.is_empty() {
            return Ok(());
        }
        let dropped = self.store.write(self.edges.now(), |tx| {
            let mut dropped = false;
            for cart in gone {
                let cart = CartId::from_uuid(*cart);
                let parked = tx.reader().cart(cart)?.is_some_and(|row| row.parked_ms.is_some());
                if parked {
                    tx.drop_cart(cart)?;
                    tx.drop_cart_hop(cart)?;
                    dropped = true;
                }
            }
            Ok::<_, AppError>(dropped)
        })?;
        if dropped {
            self.live.tell("carts", None);
        }
        Ok(())
    }

    /// A till wants a cart; of several, one gets it.
    pub fn decide_cart(&self, device: DeviceId, ask: &CartTake) -> Result<CartTaken> {
        if self.may_decide().is_none() {
            return Ok(CartTaken::Elsewhere {});
        }
        let paid = self.store.read(|r| r.orders_of_cart(*ask.cart.as_bytes()))?;
        if !paid.is_empty() {
            return Ok(refused(Code::CartPaid, None));
        }
        let own = self.hear_own_carts()?;
        self.give_up(&own.gone)?;
        let now = self.edges.now().0;
        let mut state = self.shared_carts.lock();
        let ended = state.ended.get(&ask.cart).copied();
        let Some(entry) = state.table.get_mut(&ask.cart) else {
            // Somebody else had it later, and paid it or threw it away.
            if ended.is_some_and(|(by, hop)| by != device && ask.own_hop.is_none_or(|own| own <= hop)) {
                return Ok(refused(Code::CartGone, None));
            }
            // Nobody else has reported it: a copy of its own is the one.
            return Ok(match ask.own_hop {
                Some(_) => CartTaken::Yours {},
                None => refused(Code::CartGone, None),
            });
        };
        if let Some(taking) = &entry.taking
            && taking.device == device
            && ask.own_hop.is_some_and(|own| own >= taking.hop)
        {
            // It put down what it was granted, and has not reported it yet.
            entry.cart.hop = taking.hop;
            entry.device = device;
            entry.heard_ms = now;
            entry.taking = None;
        }
        if let Some(taking) = &entry.taking
            && now - taking.at_ms <= TAKING_MS
            && (taking.take != ask.take || taking.device != device)
        {
            return Ok(refused(Code::CartTaken, Some(taking.who.clone())));
        }
        if entry.device == device || ask.own_hop.is_some_and(|hop| hop > entry.cart.hop) {
            if entry.device == device && ask.own_hop.is_some() {
                // Open from now on, not from its next report.
                entry.cart.state = "open".to_owned();
                entry.cart.holder = ask.holder.clone();
            }
            return Ok(CartTaken::Yours {});
        }
        let silent = now - entry.heard_ms > LEASE_MS;
        if ask.paying || ask.own_hop.is_some() || entry.cart.state == "open" && !silent {
            return Ok(refused(Code::CartTaken, Some(entry.cart.holder.clone())));
        }
        let Some(Ok(draft)) = entry.draft.clone().map(String::from_utf8) else {
            return Ok(refused(Code::CartGone, None));
        };
        let hop = entry.cart.hop.saturating_add(1);
        entry.taking = Some(Taking {
            take: ask.take,
            device,
            hop,
            at_ms: now,
            who: ask.holder.clone(),
        });
        Ok(CartTaken::Granted {
            hop,
            label: entry.cart.label.clone(),
            draft,
        })
    }

    fn ask_for_cart(&self, ask: &CartTake) -> Result<CartTaken> {
        match (self.decides(), self.appointed()) {
            (Decides::Here, _) => self.decide_cart(self.identity.device, ask),
            (Decides::There, Some(authority)) => Ok(authority.take(ask).unwrap_or(CartTaken::Elsewhere {})),
            _ => Ok(CartTaken::Elsewhere {}),
        }
    }

    /// "Open at Till 2, Ravi."
    fn cart_refused(&self, code: &str, holder: Option<&Holder>) -> Result<AppError> {
        let code = match code {
            "cart_taken" => Code::CartTaken,
            "cart_paid" => Code::CartPaid,
            _ => Code::CartGone,
        };
        let error = AppError::new(code);
        let Some(holder) = holder else { return Ok(error) };
        let names = self.store.read(Directory::read)?;
        let error = error.hint(
            "counter",
            names.counter(CounterId::from_uuid(holder.counter)).name,
        );
        Ok(match names.staff(holder.staff.map(StaffId::from_uuid)) {
            Some(staff) => error.hint("staff", staff.name),
            None => error,
        })
    }

    /// Before a cart of this device is taken up or paid: nobody else has it. Without an answer the till goes on.
    pub(crate) fn still_mine(&self, cart: CartId, seat: SeatId, staff: StaffId, paying: bool) -> Result<()> {
        let (hop, paid, holder) = self.store.read(|r| {
            Ok::<_, AppError>((
                r.cart_hop(cart)?,
                r.orders_of_cart(cart.bytes())?,
                self.holder(r, seat, Some(staff.uuid()))?,
            ))
        })?;
        let Some(hop) = hop else { return Ok(()) };
        if !paid.is_empty() {
            return Err(Code::CartPaid.into());
        }
        let ask = CartTake {
            take: self.edges.new_id(),
            cart: cart.uuid(),
            own_hop: Some(hop.hop),
            paying,
            holder,
        };
        match self.ask_for_cart(&ask)? {
            CartTaken::Refused { code, holder } => Err(self.cart_refused(&code, holder.as_ref())?),
            // Somebody else had it later: this copy is not the one any more.
            CartTaken::Granted { .. } => Err(Code::CartGone.into()),
            CartTaken::Yours {} | CartTaken::Elsewhere {} => Ok(()),
        }
    }

    /// The same before it is paid. What a guest was charged for already is written down, whoever has the cart.
    pub(crate) fn may_pay_cart(&self, actor: &Actor, cart: CartId) -> Result<()> {
        let charged = self.store.read(|r| r.payment_holding(cart))?.is_some();
        match charged {
            true => Ok(()),
            false => self.still_mine(cart, actor.seat, actor.staff, true),
        }
    }

    /// Takes up a cart that is parked at another till.
    pub(crate) fn take_cart(&self, actor: &Actor, cart: CartId, request: &WriteId) -> Result<CartView> {
        let content = content_of(&format!("recall {cart}"), request)?;
        let now = self.edges.now();
        self.store.write(now, |tx| {
            if tx.reader().cart(cart)?.is_some() {
                return Err(AppError::new(Code::CartGone));
            }
            // Written down before it is asked for: whatever is granted from now on is not lost.
            tx.save_cart_hop(&CartHop {
                cart,
                hop: 0,
                take: Some(*request.id.as_bytes()),
                seat: Some(actor.seat),
            })?;
            Ok(())
        })?;
        let holder = self
            .store
            .read(|r| self.holder(r, actor.seat, Some(actor.staff.uuid())))?;
        let ask = CartTake {
            take: request.id,
            cart: cart.uuid(),
            own_hop: None,
            paying: false,
            holder,
        };
        match self.ask_for_cart(&ask)? {
            CartTaken::Granted { hop, label, draft } => {
                self.write_once(*request.id.as_bytes(), &content, |tx| {
                    self.clear_seat(tx, actor.seat)?;
                    self.put_cart(
                        tx,
                        cart,
                        (hop, &label, &draft),
                        actor.seat,
                        None,
                        Some(actor.staff),
                    )
                })?;
                self.displays.forget_paid(actor.seat);
                self.tell_cart(actor.seat);
                self.told_now();
                self.open_cart(actor)
            }
            CartTaken::Refused { code, holder } => {
                self.forget_take(cart)?;
                Err(self.cart_refused(&code, holder.as_ref())?)
            }
            CartTaken::Yours {} => {
                self.forget_take(cart)?;
                Err(Code::CartGone.into())
            }
            // It may have been granted: what was written down is asked again.
            CartTaken::Elsewhere {} => Err(Code::CartApart.into()),
        }
    }

    fn put_cart(
        &self,
        tx: &Write<'_>,
        cart: CartId,
        (hop, label, draft): (u32, &str, &str),
        seat: SeatId,
        parked_ms: Option<i64>,
        staff: Option<StaffId>,
    ) -> Result<()> {
        let mut row = CartRow {
            id: cart,
            seat,
            parked_ms,
            label: label.chars().take(60).collect(),
            draft: draft.as_bytes().to_vec(),
        };
        let mut draft = Draft::read(&row)?;
        if let Some(staff) = staff {
            draft.held_by = Some(staff.uuid());
        }
        row.draft = draft.bytes()?;
        tx.save_cart(&row)?;
        Ok(tx.save_cart_hop(&CartHop {
            cart,
            hop,
            take: None,
            seat: None,
        })?)
    }

    fn forget_take(&self, cart: CartId) -> Result<()> {
        self.store.write(self.edges.now(), |tx| {
            if tx.reader().cart_hop(cart)?.is_some_and(|one| one.take.is_some()) {
                tx.drop_cart_hop(cart)?;
            }
            Ok::<_, AppError>(())
        })
    }

    /// Carts that were asked for and never put down are asked for once more, and parked here.
    fn go_on_taking(&self) -> Result<()> {
        let pending = self.store.read(|r| r.cart_takes())?;
        for one in pending {
            let (Some(take), Some(seat)) = (one.take, one.seat) else {
                continue;
            };
            let holder = self.store.read(|r| self.holder(r, seat, None))?;
            let ask = CartTake {
                take: Uuid::from_bytes(take),
                cart: one.cart.uuid(),
                own_hop: None,
                paying: false,
                holder,
            };
            match self.ask_for_cart(&ask)? {
                CartTaken::Granted { hop, label, draft } => {
                    let now = self.edges.now();
                    self.store.write(now, |tx| {
                        let waits = tx
                            .reader()
                            .cart_hop(one.cart)?
                            .is_some_and(|row| row.take == Some(take));
                        if waits {
                            self.put_cart(tx, one.cart, (hop, &label, &draft), seat, Some(now.0), None)?;
                        }
                        Ok::<_, AppError>(())
                    })?;
                    self.live.tell("carts", None);
                }
                CartTaken::Refused { .. } | CartTaken::Yours {} => self.forget_take(one.cart)?,
                CartTaken::Elsewhere {} => break,
            }
        }
        Ok(())
    }

    /// The cart became an order: a cart that others saw says so to all of them.
    pub(crate) fn cart_was_paid(
        &self,
        tx: &mut Write<'_>,
        actor: &Actor,
        cart: CartId,
        order: OrderId,
    ) -> Result<()> {
        if tx.reader().cart_hop(cart)?.is_none() {
            return Ok(());
        }
        tx.drop_cart_hop(cart)?;
        let body = CartPaidV1 {
            cart: cart.bytes(),
            order: order.bytes(),
            paid_ms: tx.now().0,
        };
        Ok(tx.record(Some(actor.staff), &Body::CartPaid(body))?)
    }

    /// The carts at the branch's other tills.
    pub fn shared_carts(&self) -> Result<SharedCartsView> {
        let now = self.edges.now().0;
        let here = self.decides() == Decides::Here;
        let (carts, apart) = {
            let state = self.shared_carts.lock();
            match &state.told {
                _ if here => {
                    let fresh = state.term == self.lead_term();
                    let all = state
                        .table
                        .values()
                        .filter(|_| fresh)
                        .filter_map(|entry| entry.shown(now));
                    (all.collect(), false)
                }
                Some((at, carts)) if (0..FRESH_MS).contains(&(now - at)) => (carts.clone(), false),
                _ => (vec![], true),
            }
        };
        let counter = self.identity.counter;
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let items = carts
                .into_iter()
                .filter(|cart: &ReportedCart| cart.holder.counter != counter.uuid())
                .map(|cart| SharedCartView {
                    id: cart.cart,
                    label: cart.label,
                    total_minor: cart.total_minor,
                    items: cart.items,
                    parked_at: rfc3339(Moment(cart.parked_ms)),
                    counter: names.counter(CounterId::from_uuid(cart.holder.counter)),
                    seat: cart.holder.seat,
                    held_by: names.staff(cart.holder.staff.map(StaffId::from_uuid)),
                    state: cart.state,
                })
                .collect();
            Ok(SharedCartsView {
                items,
                apart: apart && self.shares_carts(r)?,
            })
        })
    }

    /// A parked cart that lies on this device's own disk.
    pub(crate) fn has_parked(&self, cart: CartId) -> Result<bool> {
        let row = self.store.read(|r| r.cart(cart))?;
        if row.as_ref().is_some_and(|row| row.parked_ms.is_some()) {
            self.store.read(|r| payments::must_be_free(r, cart))?;
            return Ok(true);
        }
        Ok(false)
    }
}

impl Entry {
    /// As the list has it: who is on the way with a cart has it. One that waits to be taken up is shown once it can be:
    /// when what is in it has come.
    fn shown(&self, now: i64) -> Option<ReportedCart> {
        let silent = now - self.heard_ms > LEASE_MS;
        let mut cart = self.cart.clone();
        if let Some(taking) = &self.taking {
            cart.state = "open".to_owned();
            cart.holder = taking.who.clone();
            cart.hop = taking.hop;
        } else if silent && self.draft.is_some() {
            cart.state = "parked".to_owned();
        } else if cart.state == "parked" && self.draft.is_none() {
            return None;
        }
        Some(cart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_drafts_are_asked_for_each_report_fits_a_letter_and_all_of_them_come() {
        let mut left = vec![MOST_DRAFT_BYTES; 3];
        left.extend([200_000; 40]);
        for reports in 0.. {
            assert!(reports <= 43, "each brings one at least");
            let mut bytes = 0;
            left.retain(|next| {
                let goes = goes_along(bytes, *next);
                bytes += if goes { *next } else { 0 };
                !goes
            });
            assert!(bytes <= MOST_DRAFT_BYTES);
            if left.is_empty() {
                return;
            }
        }
    }
}
