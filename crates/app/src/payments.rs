//! Payments through gateways: asked once, asked about until they are known, and never charged twice.
//!
//! A payment is written down before its gateway hears of it, and what the gateway says is written down before anybody
//! believes it. Whoever stops in between leaves a payment that is asked about again, never one that is started again.
//! While nobody knows, its cart waits; a person at the machine may say what it shows. Money that comes late is seen,
//! and money that must go back goes back by itself, once, by an id that follows from why.

use crate::{
    Actor, AppError, Code, Page, Result, Shop, cards,
    cart::Draft,
    days::{branch_time, number_of},
    order_view::{Directory, Named},
    pricing::price_now,
    sessions::Approval,
    wire::{content_of, rfc3339, text},
};
use connect::gateway::{Charge, Gateway, Gateways, NoAnswer, Returned, Told};
use domain::tender::TenderMethod;
use domain::{
    ids::{CartId, OrderId, PaymentId, StaffId},
    money::Money,
    payment::{Payment, PaymentError, PaymentState, Step},
    people::Permission,
    time::Moment,
};
use journal::{
    Body,
    body::{PaymentMovedV1, PaymentStepV1},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, Weak},
    time::Duration,
};
use store::{
    Reader, Write,
    payments::{LegRow, OwedRow, PaymentQuery, PaymentRow, StepRow},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How long gateways are waited for.
#[derive(Debug, Clone)]
pub struct PaymentLimits {
    /// Between two questions about a payment that the gateway works on.
    pub between: Duration,
    /// How many such questions before nobody knows.
    pub questions: u32,
    /// Between two rounds over what nobody knows; doubled with each round that brought nothing, up to the last.
    pub again: Duration,
    pub again_at_most: Duration,
}

impl Default for PaymentLimits {
    /// Three minutes for a guest who looks for the card; then again after five seconds, and at last every five minutes.
    fn default() -> PaymentLimits {
        PaymentLimits {
            between: Duration::from_secs(1),
            questions: 180,
            again: Duration::from_secs(5),
            again_at_most: Duration::from_secs(300),
        }
    }
}

/// How many more questions a gateway gets that does not answer at all.
const DEAD_LINE: u32 = 3;
/// For how long a gateway's word is still asked for.
const ASKED_FOR_MS: i64 = 3 * 86_400_000;

/// The gateways of this program and the worker that asks them.
pub(crate) struct Paying {
    shop: OnceLock<Weak<Shop>>,
    pub gateways: Gateways,
    limits: PaymentLimits,
    /// Payments that a thread of this process is asking about now.
    busy: Mutex<BTreeSet<PaymentId>>,
    bell: Arc<Bell>,
}

#[derive(Default)]
struct Bell {
    state: Mutex<Ring>,
    rung: Condvar,
}

#[derive(Default)]
struct Ring {
    rung: bool,
    stop: bool,
}

impl Bell {
    fn ring(&self, stop: bool) {
        let mut ring = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        ring.rung = true;
        ring.stop |= stop;
        drop(ring);
        self.rung.notify_all();
    }

    /// Until it rings, or so long. False when it is over.
    fn wait(&self, most: Duration) -> (bool, bool) {
        let ring = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut ring, _) = self
            .rung
            .wait_timeout_while(ring, most, |ring| !ring.rung && !ring.stop)
            .unwrap_or_else(PoisonError::into_inner);
        let rung = std::mem::take(&mut ring.rung);
        (!ring.stop, rung)
    }
}

impl Paying {
    pub fn new(gateways: Gateways, limits: PaymentLimits) -> Paying {
        Paying {
            shop: OnceLock::new(),
            gateways,
            limits,
            busy: Mutex::default(),
            bell: Arc::default(),
        }
    }

    fn busy(&self) -> std::sync::MutexGuard<'_, BTreeSet<PaymentId>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There may be something to ask or to pay back.
    pub fn wake(&self) {
        self.bell.ring(false);
    }
}

impl Drop for Paying {
    fn drop(&mut self) {
        self.bell.ring(true);
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartPayment {
    pub id: Uuid,
    /// card, upi, wallet or bank
    pub method: String,
    /// The gateway's name; the first that takes the method when absent.
    pub gateway: Option<String>,
    /// What it is for: the seat's open cart, or an order that stands.
    pub cart: Option<Uuid>,
    pub order: Option<Uuid>,
    /// What it pays, without the tip.
    pub amount_minor: i64,
    #[serde(default)]
    pub tip_minor: i64,
    /// What other legs of the same bill take from cards; kept for it until it is known.
    #[serde(default)]
    pub cards: Vec<HoldCard>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldCard {
    pub code: String,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerPayment {
    pub id: Uuid,
    /// What the machine shows.
    pub charged: bool,
    /// What was looked at, when there is something to say.
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundPayment {
    pub id: Uuid,
    /// All that is left when absent.
    pub amount_minor: Option<i64>,
    pub reason: String,
    /// A second person's PIN, for those who may not.
    pub approval: Option<Approval>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PaymentView {
    pub id: Uuid,
    pub gateway: String,
    pub method: String,
    /// pending, authorised, captured, failed, voided, refunded or unknown
    pub state: String,
    /// The tip is part of it.
    pub asked_minor: i64,
    pub tip_minor: i64,
    pub captured_minor: i64,
    pub refunded_minor: i64,
    /// What the gateway still has.
    pub kept_minor: i64,
    /// What of that no sale stands on, and may go back by hand.
    pub spare_minor: i64,
    /// The gateway's own ids.
    pub reference: String,
    /// Why somebody must look: twice, contradicted, late, unknown, refund_failed, amount_differs or unused
    pub attention: Option<String>,
    /// Its cart waits for it.
    pub holds: bool,
    /// A sale may be recorded with it.
    pub pays: bool,
    pub cart: Option<Uuid>,
    /// The orders that stand on it.
    pub orders: Vec<PaymentOrder>,
    /// ask, answer, cancel, refund
    pub may: Vec<String>,
    pub started_at: String,
    pub staff: Option<Named>,
    pub counter: Named,
    /// What the last step said.
    pub reason: String,
    /// What became known, the oldest first. Empty in lists.
    pub steps: Vec<PaymentStepView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PaymentOrder {
    pub id: Uuid,
    pub number: Option<u32>,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PaymentStepView {
    /// started, no_answer, authorised, captured, failed, voided, said_charged, said_not_charged, let_go, refund_asked,
    /// refund_done or refund_failed
    pub step: String,
    pub at: String,
    pub amount_minor: Option<i64>,
    pub reference: Option<String>,
    pub reason: String,
    pub staff: Option<Named>,
    pub approved_by: Option<Named>,
}

/// A gateway that this shop can use.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GatewayView {
    pub name: String,
    pub methods: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PaymentFilter {
    /// Only what somebody must look at.
    pub attention: Option<bool>,
    pub state: Option<String>,
    /// A business day like 2026-11-21.
    pub day: Option<String>,
    pub limit: Option<usize>,
    pub after: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MethodFilter {
    /// Business days like 2026-11-21, both included; today when absent.
    pub from: Option<String>,
    pub to: Option<String>,
}

/// What was taken by one method.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MethodTotal {
    pub method: String,
    pub provider: String,
    pub legs: i64,
    pub amount_minor: i64,
    pub tip_minor: i64,
    pub refunded_minor: i64,
    pub void_legs: i64,
    pub void_minor: i64,
}

/// What a sale needs to know of the payment that pays a leg of it.
pub(crate) struct Paid {
    pub gateway: String,
    pub reference: String,
}

pub(crate) fn refused(error: PaymentError) -> AppError {
    let code = match error {
        PaymentError::Settled | PaymentError::Sold => Code::PaymentSettled,
        PaymentError::NotCharged => Code::PaymentNotCharged,
        PaymentError::RefundTooMuch => Code::PaymentRefundTooMuch,
        PaymentError::NotPositive | PaymentError::UnknownState | PaymentError::Money(_) => {
            Code::TenderInvalid
        }
    };
    AppError::new(code).because(error)
}

/// A cart that waits for a payment is not changed, parked or paid another way.
pub(crate) fn must_be_free(reader: &Reader<'_>, cart: CartId) -> Result<()> {
    match reader.payment_holding(cart)? {
        None => Ok(()),
        Some(row) => Err(AppError::new(Code::PaymentUnderWay)
            .hint("payment", row.id.to_string())
            .hint("state", row.state)),
    }
}

/// The same when the cart becomes an order: the payment it waits for must be among those that pay.
pub(crate) fn must_be_paid_with(reader: &Reader<'_>, cart: CartId, payments: &[PaymentId]) -> Result<()> {
    match reader.payment_holding(cart)? {
        Some(row) if !payments.contains(&row.id) => must_be_free(reader, cart),
        _ => Ok(()),
    }
}

/// Whether this payment pays this leg: it was charged, it is for this bill, and no other leg stands on it.
pub(crate) fn pay_with(
    reader: &Reader<'_>,
    payment: PaymentId,
    method: TenderMethod,
    bill: (Option<CartId>, Option<OrderId>),
    amount: Money,
    tip: Money,
) -> Result<Paid> {
    let row = reader.payment(payment)?.ok_or(AppError::new(Code::NotFound))?;
    let known = known(reader, &row)?;
    if row.sold || !known.pays() {
        let code = match known.state.open() {
            true => Code::PaymentUnderWay,
            false if row.sold => Code::PaymentSettled,
            false if known.kept().is_positive() && !known.let_go => Code::PaymentShort,
            false => Code::PaymentNotCharged,
        };
        return Err(AppError::new(code)
            .hint("payment", payment.to_string())
            .hint("kept_minor", row.kept_minor)
            .hint("state", row.state));
    }
    let wanted = amount.checked_add(tip).map_err(|e| refused(e.into()))?;
    let same_bill = match (row.cart, row.order) {
        (Some(cart), _) => bill.0 == Some(cart),
        (None, order) => order.is_some() && bill.1 == order,
    };
    if !same_bill
        || row.method != method.as_str()
        || wanted.minor() != row.asked_minor
        || tip.minor() != row.tip_minor
    {
        return Err(AppError::new(Code::PaymentDiffers)
            .hint("payment", payment.to_string())
            .hint("asked_minor", row.asked_minor));
    }
    Ok(Paid {
        gateway: row.gateway,
        reference: row.reference,
    })
}

fn known(reader: &Reader<'_>, row: &PaymentRow) -> Result<Payment> {
    let steps = reader.payment_steps(row.id)?;
    Payment::of(Money::from_minor(row.asked_minor), steps.iter().map(|s| &s.step)).map_err(refused)
}

/// Who says a step, and why.
#[derive(Default)]
struct Saying {
    staff: Option<StaffId>,
    reason: String,
    approved_by: Option<StaffId>,
}

/// Writes a step down, once: what is known already is not written again.
fn record(tx: &mut Write<'_>, row: &PaymentRow, step: PaymentStepV1, saying: Saying) -> Result<bool> {
    let before = tx.reader().payment_steps(row.id)?;
    if before.iter().any(|known| same(&known.step, &step)) {
        return Ok(false);
    }
    let body = PaymentMovedV1 {
        payment: row.id.bytes(),
        gateway: row.gateway.clone(),
        method: row.method.clone(),
        asked_minor: row.asked_minor,
        tip_minor: row.tip_minor,
        cart: row.cart.map(|c| c.bytes()),
        order: row.order.map(|o| o.bytes()),
        counter: row.counter.bytes(),
        seat: row.seat.bytes(),
        staff: row.staff.map(|s| s.bytes()),
        started_ms: row.started_ms,
        business_day: row.business_day,
        step,
        reason: saying.reason,
        approved_by: saying.approved_by.map(|s| s.bytes()),
        at_ms: tx.now().0,
    };
    tx.record(saying.staff, &Body::PaymentMoved(Box::new(body)))?;
    Ok(true)
}

fn same(known: &Step, fresh: &PaymentStepV1) -> bool {
    match (known, fresh) {
        (Step::Started, PaymentStepV1::Started)
        | (Step::NoAnswer, PaymentStepV1::NoAnswer)
        | (Step::Authorised, PaymentStepV1::Authorised)
        | (Step::Failed, PaymentStepV1::Failed)
        | (Step::Voided, PaymentStepV1::Voided)
        | (Step::SaidCharged, PaymentStepV1::SaidCharged)
        | (Step::SaidNotCharged, PaymentStepV1::SaidNotCharged)
        | (Step::LetGo, PaymentStepV1::LetGo) => true,
        (
            Step::Captured { reference, amount },
            PaymentStepV1::Captured {
                reference: other,
                amount_minor,
            },
        ) => reference == other && amount.minor() == *amount_minor,
        (Step::RefundAsked { refund, .. }, PaymentStepV1::RefundAsked { refund: other, .. })
        | (Step::RefundDone { refund }, PaymentStepV1::RefundDone { refund: other })
        | (Step::RefundFailed { refund }, PaymentStepV1::RefundFailed { refund: other }) => {
            refund.as_bytes() == other
        }
        _ => false,
    }
}

fn word(step: &Step) -> &'static str {
    match step {
        Step::Started => "started",
        Step::NoAnswer => "no_answer",
        Step::Authorised => "authorised",
        Step::Captured { .. } => "captured",
        Step::Failed => "failed",
        Step::Voided => "voided",
        Step::SaidCharged => "said_charged",
        Step::SaidNotCharged => "said_not_charged",
        Step::LetGo => "let_go",
        Step::RefundAsked { .. } => "refund_asked",
        Step::RefundDone { .. } => "refund_done",
        Step::RefundFailed { .. } => "refund_failed",
    }
}

/// A refund's own id, when a person asks for it.
fn refund_id(payment: PaymentId, request: Uuid) -> Uuid {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(b"chandi payment refund by hand v1")
        .update(&payment.bytes())
        .update(request.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Uuid::from_bytes(id)
}

impl Shop {
    /// The gateways that this program can ask. None for most shops: their terminals stand alone.
    pub fn gateways(&self) -> Vec<GatewayView> {
        self.paying
            .gateways
            .all()
            .map(|gateway| GatewayView {
                name: gateway.name().to_owned(),
                methods: gateway.methods().iter().map(|m| (*m).to_owned()).collect(),
            })
            .collect()
    }

    /// Takes up what the last run of the program left open.
    pub(crate) fn start_paying(self: &Arc<Self>) {
        if self.paying.shop.set(Arc::downgrade(self)).is_err() || self.paying.gateways.all().next().is_none()
        {
            return;
        }
        let (weak, bell, limits) = (
            Arc::downgrade(self),
            self.paying.bell.clone(),
            self.paying.limits.clone(),
        );
        let began = std::thread::Builder::new()
            .name("payments".to_owned())
            .spawn(move || ask_again(&weak, &bell, &limits));
        if let Err(error) = began {
            tracing::error!(%error, "nobody asks again about payments");
        }
    }

    /// Writes a payment down and has its gateway asked. What becomes of it is told live.
    pub fn start_payment(&self, actor: &Actor, form: &StartPayment) -> Result<PaymentView> {
        let content = content_of("payment", form)?;
        let asked = Money::from_minor(form.amount_minor)
            .checked_add(Money::from_minor(form.tip_minor))
            .map_err(|e| refused(e.into()))?;
        if form.amount_minor <= 0 || form.tip_minor < 0 {
            return Err(refused(PaymentError::NotPositive));
        }
        let gateway = match &form.gateway {
            Some(name) => self.paying.gateways.get(name),
            None => self.paying.gateways.taking(&form.method),
        }
        .filter(|gateway| gateway.methods().contains(&form.method.as_str()))
        .ok_or_else(|| AppError::new(Code::NoGateway).hint("method", form.method.as_str()))?;
        let id = PaymentId::from_uuid(form.id);
        let settings = self.settings();
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let now = tx.now();
            let (cart, order) = match (form.cart, form.order) {
                (Some(cart), None) => {
                    let cart = CartId::from_uuid(cart);
                    let row = tx
                        .reader()
                        .cart(cart)?
                        .filter(|row| row.seat == actor.seat && row.parked_ms.is_none())
                        .ok_or(AppError::new(Code::CartGone))?;
                    must_be_free(&tx.reader(), cart)?;
                    let (chosen, approvals) = Draft::read(&row)?.cart.open(cart)?;
                    let terms = self.terms(&tx.reader(), now)?;
                    price_now(&tx.reader(), &terms, chosen, approvals)?.must_be_there()?;
                    (Some(cart), None)
                }
                (None, Some(order)) => {
                    let order = OrderId::from_uuid(order);
                    let row = tx.reader().order(order)?.ok_or(AppError::new(Code::NotFound))?;
                    if row.cancelled_ms.is_some() {
                        return Err(Code::OrderCancelled.into());
                    }
                    (None, Some(order))
                }
                _ => return Err(AppError::new(Code::Malformed).because("either a cart or an order")),
            };
            let day = branch_time(now, settings.text("branch.zone"), settings.day_starts_minutes());
            let row = PaymentRow {
                id,
                gateway: gateway.name().to_owned(),
                method: form.method.clone(),
                asked_minor: asked.minor(),
                tip_minor: form.tip_minor,
                cart,
                order,
                counter: self.identity.counter,
                seat: actor.seat,
                staff: Some(actor.staff),
                started_ms: now.0,
                business_day: day.business_day,
                device: None,
                state: String::new(),
                captured_minor: 0,
                refunded_minor: 0,
                kept_minor: 0,
                reference: String::new(),
                sold: false,
                holds: false,
                asking: false,
                attention: None,
            };
            let saying = Saying {
                staff: Some(actor.staff),
                ..Saying::default()
            };
            record(tx, &row, PaymentStepV1::Started, saying)?;
            let mut kept: BTreeMap<_, Money> = BTreeMap::new();
            for hold in &form.cards {
                let amount = Money::from_minor(hold.amount_minor);
                let card = cards::may_spend(&tx.reader(), &hold.code, amount, cart, now)?;
                let sum = kept.entry(card.id).or_default();
                *sum = sum.checked_add(amount).map_err(|e| refused(e.into()))?;
                // The same card named twice is looked at as a whole.
                cards::may_spend(&tx.reader(), &hold.code, *sum, cart, now)?;
            }
            for (card, amount) in kept {
                tx.hold_card(id, card, amount)?;
            }
            Ok(())
        })?;
        self.drive(id);
        self.tell_payment(id);
        self.payment(id)
    }

    /// Asks the gateway on a thread of its own, unless one does so already.
    fn drive(&self, id: PaymentId) {
        let Some(shop) = self.paying.shop.get().cloned() else {
            return;
        };
        if !self.paying.busy().insert(id) {
            return;
        }
        let began = std::thread::Builder::new()
            .name("payment".to_owned())
            .spawn(move || see_through(&shop, id));
        if let Err(error) = began {
            tracing::error!(payment = %id, %error, "a payment cannot be asked for now");
            self.paying.busy().remove(&id);
            self.paying.wake();
        }
    }

    /// The gateway and what it is to charge, for a payment that was only written down. Everything else is asked about
    /// and never started.
    fn to_start(&self, id: PaymentId) -> Result<Option<(Arc<dyn Gateway>, Charge)>> {
        let row = self
            .store
            .read(|r| r.payment(id))?
            .ok_or(AppError::new(Code::NotFound))?;
        if row.state != PaymentState::Pending.as_str() {
            return Ok(None);
        }
        let charge = Charge {
            payment: id.uuid(),
            amount_minor: row.asked_minor,
            currency: self.settings().currency.code().to_owned(),
            method: row.method.clone(),
        };
        Ok(Some((self.gateway_of(&row)?, charge)))
    }

    /// Whether the gateway still works on it.
    fn in_work(&self, id: PaymentId) -> Result<bool> {
        let row = self.store.read(|r| r.payment(id))?;
        Ok(row.is_some_and(|row| ["pending", "authorised"].contains(&row.state.as_str())))
    }

    fn gateway_of(&self, row: &PaymentRow) -> Result<Arc<dyn Gateway>> {
        self.paying
            .gateways
            .get(&row.gateway)
            .cloned()
            .ok_or_else(|| AppError::new(Code::NoGateway).hint("gateway", row.gateway.as_str()))
    }

    /// Writes down what a gateway said, asked or not.
    pub fn hear(&self, id: PaymentId, told: &Told) -> Result<()> {
        let steps: Vec<(PaymentStepV1, String)> = match told {
            Told::Pending | Told::NotKnown => vec![],
            Told::Authorised => vec![(PaymentStepV1::Authorised, String::new())],
            Told::Captured(transactions) => transactions
                .iter()
                .map(|one| {
                    let step = PaymentStepV1::Captured {
                        reference: one.reference.clone(),
                        amount_minor: one.amount_minor,
                    };
                    (step, String::new())
                })
                .collect(),
            Told::Failed(why) => vec![(PaymentStepV1::Failed, why.clone())],
            Told::Voided => vec![(PaymentStepV1::Voided, String::new())],
        };
        self.take_steps(id, steps)
    }

    /// Writes down what came; says whether to ask on. Without patience left, nobody knows.
    fn hear_or_give_up(
        &self,
        id: PaymentId,
        heard: std::result::Result<Told, NoAnswer>,
        left: u32,
    ) -> Result<bool> {
        let why = match heard {
            Ok(told) => {
                self.hear(id, &told)?;
                String::new()
            }
            Err(NoAnswer(why)) => why,
        };
        if !self.in_work(id)? {
            return Ok(false);
        }
        if left == 0 {
            self.nobody_knows(id, why)?;
        }
        Ok(left > 0)
    }

    fn nobody_knows(&self, id: PaymentId, why: String) -> Result<()> {
        self.take_steps(id, vec![(PaymentStepV1::NoAnswer, why)])
    }

    fn take_steps(&self, id: PaymentId, steps: Vec<(PaymentStepV1, String)>) -> Result<()> {
        if steps.is_empty() {
            return Ok(());
        }
        let news = self.store.write(self.edges.now(), |tx| {
            let row = tx.reader().payment(id)?.ok_or(AppError::new(Code::NotFound))?;
            let mut news = false;
            for (step, why) in steps {
                // A gateway may say anything; what is kept of it is bounded.
                let reason: String = why.chars().filter(|c| !c.is_control()).take(200).collect();
                let saying = Saying {
                    reason,
                    ..Saying::default()
                };
                news |= record(tx, &row, step, saying)?;
            }
            Ok::<_, AppError>(news)
        })?;
        if news {
            self.tell_payment(id);
        }
        Ok(())
    }

    fn tell_payment(&self, id: PaymentId) {
        self.live.tell("payment", Some(id.to_string()));
        // The guest whose payment did not come is told; the payment itself is written down already.
        if let Err(error) = self.tell_guest(id) {
            tracing::warn!(%error, "the customer's screen was not told of a payment");
        }
    }

    fn tell_guest(&self, id: PaymentId) -> Result<()> {
        let seat = self.store.read(|r| {
            let Some(row) = r.payment(id)? else {
                return Ok(None);
            };
            let cart = match row.cart {
                Some(cart) => r.cart(cart)?.filter(|cart| cart.parked_ms.is_none()),
                None => None,
            };
            let gone = matches!(known(r, &row)?.state, PaymentState::Failed | PaymentState::Voided);
            Ok::<_, AppError>(cart.filter(|_| gone).map(|cart| cart.seat))
        })?;
        seat.map_or(Ok(()), |seat| self.offer_failed(seat))
    }

    /// Asks the gateway now, before anybody decides anything.
    pub fn ask_payment(&self, id: PaymentId) -> Result<PaymentView> {
        let row = self
            .store
            .read(|r| r.payment(id))?
            .ok_or(AppError::new(Code::NotFound))?;
        let gateway = self.gateway_of(&row)?;
        match gateway.ask(id.uuid()) {
            Ok(told) => self.hear(id, &told)?,
            Err(NoAnswer(why)) => {
                tracing::info!(payment = %id, why, "a gateway does not answer");
                if row.state == PaymentState::Pending.as_str() && !self.paying.busy().contains(&id) {
                    self.nobody_knows(id, why)?;
                }
            }
        }
        self.payment(id)
    }

    /// Calls a payment off. Where it stands then is what the gateway says, which may be: charged.
    pub fn cancel_payment(&self, id: PaymentId) -> Result<PaymentView> {
        let row = self
            .store
            .read(|r| r.payment(id))?
            .ok_or(AppError::new(Code::NotFound))?;
        let known = self.store.read(|r| known(r, &row))?;
        known.may_be_said().map_err(refused)?;
        let gateway = self.gateway_of(&row)?;
        match gateway.cancel(id.uuid()) {
            Ok(told) => self.hear(id, &told)?,
            Err(NoAnswer(why)) => self.nobody_knows(id, why)?,
        }
        self.payment(id)
    }

    /// A person says what the machine shows; their name stays with it.
    pub fn answer_payment(&self, actor: &Actor, id: PaymentId, form: &AnswerPayment) -> Result<PaymentView> {
        let content = content_of(&format!("payment answer {id}"), form)?;
        let reason = match form.reason.as_deref().map(str::trim) {
            None | Some("") => String::new(),
            Some(typed) => text("reason", typed, 200)?,
        };
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let row = tx.reader().payment(id)?.ok_or(AppError::new(Code::NotFound))?;
            // Another counter's payment is closed by those who may close any.
            if row.seat != actor.seat {
                actor.must(Permission::PaymentSettle)?;
            }
            known(&tx.reader(), &row)?.may_be_said().map_err(refused)?;
            let step = match form.charged {
                true => PaymentStepV1::SaidCharged,
                false => PaymentStepV1::SaidNotCharged,
            };
            let saying = Saying {
                staff: Some(actor.staff),
                reason,
                approved_by: None,
            };
            record(tx, &row, step, saying)?;
            Ok(())
        })?;
        self.tell_payment(id);
        self.paying.wake();
        self.payment(id)
    }

    /// Pays back what a gateway charged. A payment that no sale stands on lets its cart go with that.
    pub fn refund_payment(&self, actor: &Actor, id: PaymentId, form: &RefundPayment) -> Result<PaymentView> {
        let kept = RefundPayment {
            approval: None,
            ..form.clone()
        };
        let content = content_of(&format!("payment refund {id}"), &kept)?;
        let reason = text("reason", &form.reason, 200)?;
        let approved_by = match &form.approval {
            Some(approval) => Some(self.approve(approval, Permission::PaymentSettle, actor)?),
            None => None,
        };
        if approved_by.is_none() && !actor.allows(Permission::PaymentSettle) {
            return Err(Code::PaymentNeedsApproval.into());
        }
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let row = tx.reader().payment(id)?.ok_or(AppError::new(Code::NotFound))?;
            self.gateway_of(&row)?;
            let known = known(&tx.reader(), &row)?;
            // What a sale stands on goes back through the refund of that sale, but for what was charged too much.
            let most = known.spare(tx.reader().payment_claimed(id)?);
            let amount = form.amount_minor.map_or(most, Money::from_minor);
            if amount > most && row.sold {
                return Err(refused(PaymentError::Sold));
            }
            known.may_refund(amount).map_err(refused)?;
            let saying = || Saying {
                staff: Some(actor.staff),
                reason: reason.clone(),
                approved_by,
            };
            if !row.sold {
                known.may_let_go(row.sold).map_err(refused)?;
                record(tx, &row, PaymentStepV1::LetGo, saying())?;
            }
            let step = PaymentStepV1::RefundAsked {
                refund: *refund_id(id, form.id).as_bytes(),
                amount_minor: amount.minor(),
            };
            record(tx, &row, step, saying())?;
            Ok(())
        })?;
        self.tell_payment(id);
        self.paying.wake();
        self.payment(id)
    }

    pub fn payment(&self, id: PaymentId) -> Result<PaymentView> {
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let row = r.payment(id)?.ok_or(AppError::new(Code::NotFound))?;
            self.view_payment(r, &names, &row, true)
        })
    }

    pub fn payments(&self, filter: &PaymentFilter) -> Result<Page<PaymentView>> {
        let limit = filter.limit.unwrap_or(50).clamp(1, 200);
        let state = filter.state.as_deref().filter(|state| !state.is_empty());
        if let Some(state) = state {
            state
                .parse::<PaymentState>()
                .map_err(|_| AppError::field("state", "this is no state of a payment"))?;
        }
        let query = PaymentQuery {
            attention: filter.attention == Some(true),
            state: state.map(str::to_owned),
            business_day: filter.day.as_deref().map(|text| day("day", text)).transpose()?,
            before: filter
                .after
                .as_deref()
                .map(|text| {
                    text.split_once('.')
                        .and_then(|(ms, id)| Some((ms.parse().ok()?, id.parse().ok()?)))
                        .ok_or_else(|| AppError::field("after", "this is not a cursor of this list"))
                })
                .transpose()?,
            limit: limit + 1,
        };
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let rows = r.payments(&query)?;
            let next = rows
                .get(limit - 1)
                .filter(|_| rows.len() > limit)
                .map(|last| format!("{}.{}", last.started_ms, last.id));
            let items = rows
                .iter()
                .take(limit)
                .map(|row| self.view_payment(r, &names, row, false))
                .collect::<Result<_>>()?;
            Ok(Page { items, next })
        })
    }

    /// What was taken by each method on some business days.
    pub fn taken_by_method(&self, filter: &MethodFilter) -> Result<Vec<MethodTotal>> {
        let settings = self.settings();
        let today = branch_time(
            self.edges.now(),
            settings.text("branch.zone"),
            settings.day_starts_minutes(),
        )
        .business_day;
        let from = filter.from.as_deref().map_or(Ok(today), |t| day("from", t))?;
        let to = filter.to.as_deref().map_or(Ok(today), |t| day("to", t))?;
        let rows = self.store.read(|r| r.taken_by_method(from, to))?;
        Ok(rows
            .into_iter()
            .map(|row| MethodTotal {
                method: row.method,
                provider: row.provider,
                legs: row.legs,
                amount_minor: row.amount_minor,
                tip_minor: row.tip_minor,
                refunded_minor: row.refunded_minor,
                void_legs: row.void_legs,
                void_minor: row.void_minor,
            })
            .collect())
    }

    fn view_payment(
        &self,
        reader: &Reader<'_>,
        names: &Directory,
        row: &PaymentRow,
        whole: bool,
    ) -> Result<PaymentView> {
        let steps = reader.payment_steps(row.id)?;
        let known = Payment::of(Money::from_minor(row.asked_minor), steps.iter().map(|s| &s.step))
            .map_err(refused)?;
        let reachable = self.paying.gateways.get(&row.gateway).is_some();
        let spare = known.spare(reader.payment_claimed(row.id)?);
        let may = [
            ("ask", reachable && known.worth_asking()),
            ("answer", known.state.open()),
            ("cancel", reachable && known.state.open()),
            ("refund", reachable && spare.is_positive()),
        ];
        Ok(PaymentView {
            id: row.id.uuid(),
            gateway: row.gateway.clone(),
            method: row.method.clone(),
            state: row.state.clone(),
            asked_minor: row.asked_minor,
            tip_minor: row.tip_minor,
            captured_minor: row.captured_minor,
            refunded_minor: row.refunded_minor,
            kept_minor: row.kept_minor,
            spare_minor: spare.minor(),
            reference: row.reference.clone(),
            attention: row.attention.clone(),
            holds: row.holds,
            pays: known.pays() && !row.sold,
            cart: row.cart.map(CartId::uuid),
            orders: reader.payment_legs(row.id)?.into_iter().map(view_leg).collect(),
            may: may
                .into_iter()
                .filter(|(_, now)| *now)
                .map(|(what, _)| what.to_owned())
                .collect(),
            started_at: rfc3339(Moment(row.started_ms)),
            staff: names.staff(row.staff),
            counter: names.counter(row.counter),
            reason: steps
                .iter()
                .rev()
                .find(|step| !step.reason.is_empty())
                .map(|step| step.reason.clone())
                .unwrap_or_default(),
            steps: match whole {
                true => steps.into_iter().map(|step| view_step(names, step)).collect(),
                false => vec![],
            },
        })
    }

    /// One round over what is open: asks about what nobody knows, and sends back what must go back. Says whether
    /// anything moved.
    fn ask_round(&self) -> Result<bool> {
        let now = self.edges.now();
        let device = self.identity.device;
        let open = self
            .store
            .read(|r| r.payments_to_ask(device, now.plus_ms(-ASKED_FOR_MS).0))?;
        let mut moved = false;
        for row in open {
            if self.paying.busy().contains(&row.id) {
                continue;
            }
            let Ok(gateway) = self.gateway_of(&row) else {
                continue;
            };
            match gateway.ask(row.id.uuid()) {
                Ok(told) => {
                    moved |= !matches!(told, Told::Pending | Told::NotKnown);
                    self.hear(row.id, &told)?;
                }
                Err(NoAnswer(why)) => tracing::debug!(payment = %row.id, why, "asked again for nothing"),
            }
            // A payment that was pending when the program ended and is not known by now is what nobody knows.
            let after = self.store.read(|r| r.payment(row.id))?;
            if after.is_some_and(|after| after.state == PaymentState::Pending.as_str()) {
                self.nobody_knows(row.id, String::new())?;
            }
        }
        let owed = self.store.read(|r| r.payments_owed(device))?;
        for one in owed {
            self.store.write(now, |tx| {
                let Some(row) = tx.reader().payment(one.payment)? else {
                    return Ok(());
                };
                let left = known(&tx.reader(), &row)?.kept();
                // What goes back elsewhere meanwhile is not sent twice.
                let amount = Money::from_minor(one.amount_minor).min(left);
                if !amount.is_positive() {
                    return Ok(());
                }
                let step = PaymentStepV1::RefundAsked {
                    refund: *one.refund.as_bytes(),
                    amount_minor: amount.minor(),
                };
                let saying = Saying {
                    reason: one.why.clone(),
                    ..Saying::default()
                };
                record(tx, &row, step, saying)?;
                Ok::<_, AppError>(())
            })?;
            self.tell_payment(one.payment);
            moved = true;
        }
        let under_way = self.store.read(|r| r.refunds_under_way(device))?;
        for one in under_way {
            moved |= self.send_back(&one)?;
        }
        Ok(moved)
    }

    /// Asks a gateway to pay back; the refund's id makes a repeated question the same one.
    fn send_back(&self, one: &OwedRow) -> Result<bool> {
        let row = self
            .store
            .read(|r| r.payment(one.payment))?
            .ok_or(AppError::new(Code::NotFound))?;
        let Ok(gateway) = self.gateway_of(&row) else {
            return Ok(false);
        };
        let refund = *one.refund.as_bytes();
        let step = match gateway.refund(one.payment.uuid(), one.refund, one.amount_minor) {
            Ok(Returned::Done) => (PaymentStepV1::RefundDone { refund }, String::new()),
            Ok(Returned::Failed(why)) => (PaymentStepV1::RefundFailed { refund }, why),
            Ok(Returned::Pending) => return Ok(false),
            Err(NoAnswer(why)) => {
                tracing::debug!(payment = %one.payment, why, "a refund is asked again");
                return Ok(false);
            }
        };
        self.take_steps(one.payment, vec![step])?;
        Ok(true)
    }
}

fn day(field: &str, text: &str) -> Result<u32> {
    text.parse()
        .map(number_of)
        .map_err(|_| AppError::field(field, "a day like 2026-11-21 is expected"))
}

fn view_leg(leg: LegRow) -> PaymentOrder {
    PaymentOrder {
        id: leg.order.uuid(),
        number: leg.number,
        amount_minor: leg.amount_minor,
    }
}

fn view_step(names: &Directory, step: StepRow) -> PaymentStepView {
    let (amount, reference) = match &step.step {
        Step::Captured { reference, amount } => (Some(amount.minor()), Some(reference.clone())),
        Step::RefundAsked { amount, .. } => (Some(amount.minor()), None),
        _ => (None, None),
    };
    PaymentStepView {
        step: word(&step.step).to_owned(),
        at: rfc3339(Moment(step.at_ms)),
        amount_minor: amount,
        reference,
        reason: step.reason,
        staff: names.staff(step.staff),
        approved_by: names.staff(step.approved_by),
    }
}

/// One payment, from its start until it is known or the patience is over. The shop may close meanwhile; whoever opens
/// it next asks on.
fn see_through(shop: &Weak<Shop>, id: PaymentId) {
    let failed = |error: &AppError| tracing::error!(payment = %id, %error, "a payment could not be followed");
    let begun = shop
        .upgrade()
        .map(|shop| (shop.to_start(id), shop.paying.limits.clone()));
    if let Some((Ok(Some((gateway, charge))), limits)) = begun {
        let mut heard = gateway.start(&charge);
        let mut left = limits.questions;
        loop {
            let Some(shop) = shop.upgrade() else { return };
            // Nobody waits longer for a line that is dead than for a guest who looks for the card.
            left = if heard.is_err() { left.min(DEAD_LINE) } else { left };
            match shop.hear_or_give_up(id, heard, left) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    failed(&error);
                    break;
                }
            }
            drop(shop);
            left = left.saturating_sub(1);
            std::thread::sleep(limits.between);
            heard = gateway.ask(id.uuid());
        }
    } else if let Some((Err(error), _)) = begun {
        failed(&error);
    }
    if let Some(shop) = shop.upgrade() {
        shop.paying.busy().remove(&id);
        shop.paying.wake();
    }
}

/// The worker: rounds for as long as the shop is open, at once when something happened, and else with growing pauses.
fn ask_again(shop: &Weak<Shop>, bell: &Bell, limits: &PaymentLimits) {
    let mut pause = limits.again;
    loop {
        let moved = {
            let Some(shop) = shop.upgrade() else { return };
            shop.ask_round().unwrap_or_else(|error| {
                tracing::error!(%error, "a round over the payments broke off");
                false
            })
        };
        pause = match moved {
            true => limits.again,
            false => (pause * 2).min(limits.again_at_most),
        };
        let (on, rung) = bell.wait(pause);
        if !on {
            return;
        }
        if rung {
            pause = limits.again;
        }
    }
}
