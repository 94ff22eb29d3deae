//! What the customer sees: one message per state, sanitised, and nothing of anybody else.

use crate::{
    Actor, Result, Shop,
    asks::DisplayAsk,
    cart::{CartView, Stage, TaxView},
    catalog::Art,
    exchanges::ExchangeLine,
    listening::Listens,
    order_view::OrderView,
    returns::ReturnView,
    tenders::{OfferView, TakenLeg},
    wire::{Names, rfc3339},
};
use domain::{
    ids::{OrderId, SeatId},
    time::Moment,
};
use serde::Serialize;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// How long "Paid" stays, unless the next item comes first.
const PAID_MS: i64 = 12_000;
/// How long "Not paid" stays, unless it is tried again first.
const FAILED_MS: i64 = 20_000;

#[derive(Default)]
pub(crate) struct Displays {
    paid: Mutex<HashMap<SeatId, (OrderId, Moment, PaidView)>>,
    handing: Mutex<HashMap<SeatId, (Option<Moment>, AtTheCounter)>>,
    failed: Mutex<HashMap<SeatId, (Moment, DisplayFailed)>>,
}

/// What the customer's screen of a counter without a till shows.
#[derive(Debug, Clone)]
enum AtTheCounter {
    Handing(HandingView),
    Refund(RefundDoneView),
}

impl Displays {
    fn lock(&self) -> MutexGuard<'_, HashMap<SeatId, (OrderId, Moment, PaidView)>> {
        self.paid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn paid(&self, seat: SeatId, order: &OrderView, at: Moment) {
        let until = at.plus_ms(PAID_MS);
        let standing: Vec<_> = order.tenders.iter().filter(|t| t.voided_at.is_none()).collect();
        let view = PaidView {
            total_minor: order.total_minor,
            number: order.number,
            token_code: order.token.as_ref().map(|t| t.code.clone()).unwrap_or_default(),
            one_time_number: order.token.as_ref().map(|t| t.number.clone()).unwrap_or_default(),
            document: order.document.clone(),
            // What goods paid that came back was in nobody's hand.
            received_minor: standing
                .iter()
                .filter(|t| t.method != "exchange")
                .map(|t| t.received_minor.unwrap_or(t.amount_minor))
                .sum(),
            change_minor: standing.iter().map(|t| t.change_minor).sum(),
            legs: standing
                .iter()
                .map(|t| PaidLeg {
                    method: t.method.clone(),
                    amount_minor: t.amount_minor,
                    tip_minor: t.tip_minor,
                    reference: t.reference.clone(),
                })
                .collect(),
            back: order
                .took_back
                .iter()
                .flat_map(|took| &took.tenders)
                .map(|leg| PaidLeg {
                    method: leg.method.clone(),
                    amount_minor: leg.amount_minor,
                    tip_minor: 0,
                    reference: String::new(),
                })
                .collect(),
            at: rfc3339(at),
            until: rfc3339(until),
        };
        self.forget_failed(seat);
        self.lock()
            .insert(seat, (OrderId::from_uuid(order.id), until, view));
    }

    /// Something new begins: what was paid, or was not, is over.
    pub(crate) fn forget_paid(&self, seat: SeatId) {
        self.forget_failed(seat);
        self.lock().remove(&seat);
    }

    /// Says whether the guest had it before their eyes.
    pub(crate) fn forget_order(&self, seat: SeatId, order: OrderId) -> bool {
        let mut paid = self.lock();
        let shown = paid.get(&seat).is_some_and(|(id, _, _)| *id == order);
        if shown {
            paid.remove(&seat);
        }
        shown
    }

    /// Shows an order being handed over; for a while only, once it is done.
    pub(crate) fn handing(&self, seat: SeatId, view: HandingView, done_at: Option<Moment>) {
        self.counter(seat, AtTheCounter::Handing(view), done_at);
    }

    fn counter(&self, seat: SeatId, view: AtTheCounter, done_at: Option<Moment>) {
        let until = done_at.map(|at| at.plus_ms(PAID_MS));
        self.handing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(seat, (until, view));
    }

    pub(crate) fn forget_handing(&self, seat: SeatId) {
        self.handing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&seat);
    }

    pub(crate) fn refunded(&self, seat: SeatId, order: &OrderView, refund: Uuid, at: Moment) {
        let Some(note) = order.credit_notes.iter().find(|note| note.id == refund) else {
            return;
        };
        let view = RefundDoneView {
            number: Some(order.number),
            total_minor: note.total_minor,
            method: note.tenders.first().map(|t| t.method.clone()).unwrap_or_default(),
            document: note.document.clone(),
            state: "done".to_owned(),
            until: rfc3339(at.plus_ms(PAID_MS)),
        };
        self.counter(seat, AtTheCounter::Refund(view), Some(at));
    }

    pub(crate) fn returned(&self, seat: SeatId, made: &ReturnView, at: Moment) {
        let view = RefundDoneView {
            number: None,
            total_minor: crate::returns::paid_out(made).minor(),
            method: made.method.clone(),
            document: made.document.clone(),
            state: "done".to_owned(),
            until: rfc3339(at.plus_ms(PAID_MS)),
        };
        self.counter(seat, AtTheCounter::Refund(view), Some(at));
    }

    fn counter_now(&self, seat: SeatId, now: Moment) -> Option<AtTheCounter> {
        self.handing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&seat)
            .filter(|(until, _)| until.is_none_or(|until| now < until))
            .map(|(_, view)| view.clone())
    }

    /// Nothing was taken.
    pub(crate) fn failed(&self, seat: SeatId, offer: &OfferView, at: Moment) {
        self.not_paid(seat, &offer.method, offer.amount_minor, false, at);
    }

    /// What was paid went back: the order is the guest's cart again.
    pub(crate) fn voided(&self, seat: SeatId, order: &OrderView, at: Moment) {
        let method = match order.tenders.as_slice() {
            [] => return,
            [leg] => leg.method.clone(),
            [_, ..] => String::new(),
        };
        self.not_paid(seat, &method, order.total_minor, true, at);
    }

    fn not_paid(&self, seat: SeatId, method: &str, amount_minor: i64, voided: bool, at: Moment) {
        let until = at.plus_ms(FAILED_MS);
        let view = DisplayFailed {
            method: method.to_owned(),
            amount_minor,
            voided,
            at: rfc3339(at),
            until: rfc3339(until),
        };
        self.failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(seat, (until, view));
    }

    pub(crate) fn forget_failed(&self, seat: SeatId) {
        self.failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&seat);
    }

    fn failed_now(&self, seat: SeatId, now: Moment) -> Option<DisplayFailed> {
        self.failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&seat)
            .filter(|(until, _)| now < *until)
            .map(|(_, view)| view.clone())
    }

    fn paid_now(&self, seat: SeatId, now: Moment) -> Option<PaidView> {
        self.lock()
            .get(&seat)
            .filter(|(_, until, _)| now < *until)
            .map(|(_, _, view)| view.clone())
    }
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DisplayView {
    /// idle, cart, ask, cash, pay, failed, paid, handing or refund
    pub state: String,
    pub shop: DisplayShop,
    /// system, light or dark
    pub theme: String,
    pub cart: Option<DisplayCart>,
    pub cash: Option<DisplayCash>,
    /// A question to the guest, to be answered at this screen.
    pub ask: Option<DisplayAsk>,
    /// What to pay another way than cash, and the code to scan for it.
    pub pay: Option<DisplayPay>,
    /// A payment that did not come, or was taken back.
    pub failed: Option<DisplayFailed>,
    pub paid: Option<PaidView>,
    pub handing: Option<HandingView>,
    pub refund: Option<RefundDoneView>,
}

/// An order at the sales counter, as its guest follows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HandingView {
    pub number: Option<u32>,
    /// open, complete, partial or refund
    pub verdict: String,
    pub lines: Vec<HandingLine>,
    pub given: String,
    pub missing: String,
    /// Money that comes back for what is missing.
    pub due_minor: i64,
    /// refund or keep
    pub missing_as: String,
    pub done: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HandingLine {
    pub line: u32,
    pub name: String,
    pub names: Names,
    pub unit: String,
    pub quantity: String,
    pub given: String,
    pub missing: String,
    pub art: Art,
    pub hue: Option<String>,
}

/// Money that went back just now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefundDoneView {
    /// The order's; null for goods without a receipt.
    pub number: Option<u32>,
    pub total_minor: i64,
    pub method: String,
    pub document: String,
    /// done
    pub state: String,
    /// Read the display again then.
    pub until: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DisplayShop {
    pub name: String,
    pub demo: bool,
    pub language: String,
    pub currency: String,
    pub minor_digits: u8,
    pub brand_color: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DisplayCart {
    /// A price changed while the cart stood open.
    pub rate_changed: bool,
    pub lines: Vec<DisplayLine>,
    pub last_line: Option<u32>,
    pub items: String,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    /// The amounts of the lines contain the taxes that are listed, but for what is on top.
    pub inclusive: bool,
    /// The taxes that come on top of the amounts of the lines.
    pub tax_on_top_minor: i64,
    pub taxes: Vec<TaxView>,
    pub rounding_minor: i64,
    pub total_minor: i64,
    /// What came back for it.
    pub exchange: Option<DisplayExchange>,
}

/// Goods that come back for others, and what is left to settle.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DisplayExchange {
    pub lines: Vec<ExchangeLine>,
    pub back_minor: i64,
    pub to_pay_minor: i64,
    /// What is paid back.
    pub owed_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DisplayLine {
    pub line: u32,
    pub name: String,
    pub names: Names,
    pub unit: String,
    pub quantity: String,
    pub unit_price_minor: i64,
    pub gross_minor: i64,
    pub amount_minor: i64,
    pub art: Art,
    pub hue: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DisplayCash {
    pub total_minor: i64,
    pub received_minor: Option<i64>,
    pub change_minor: Option<i64>,
}

/// What the guest is asked to pay just now, and where the whole bill stands with it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DisplayPay {
    /// Empty between two legs.
    pub method: String,
    /// Of the bill.
    pub amount_minor: i64,
    pub tip_minor: i64,
    /// Both of them: what the code asks for.
    pub asked_minor: i64,
    /// Unique for this attempt.
    pub reference: String,
    /// The payment link that the QR holds, when there is one.
    pub uri: Option<String>,
    /// The legs of a split that are there already.
    pub taken: Vec<TakenLeg>,
    pub total_minor: i64,
    pub paid_minor: i64,
    /// What is still to be paid when this leg is.
    pub left_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DisplayFailed {
    pub method: String,
    pub amount_minor: i64,
    /// It was paid, and went back; else it never came.
    pub voided: bool,
    pub at: String,
    /// Read the display again then.
    pub until: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PaidView {
    pub total_minor: i64,
    pub number: u32,
    pub token_code: String,
    pub one_time_number: String,
    pub document: String,
    pub received_minor: i64,
    pub change_minor: i64,
    /// Each way it was paid, with its transaction's id.
    pub legs: Vec<PaidLeg>,
    /// What was paid back in an exchange, and how.
    pub back: Vec<PaidLeg>,
    pub at: String,
    /// Read the display again then.
    pub until: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PaidLeg {
    pub method: String,
    pub amount_minor: i64,
    pub tip_minor: i64,
    pub reference: String,
}

/// A screen that nobody signs in at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// A seat's second screen.
    Customer,
    /// The hall's board.
    Board,
}

impl Screen {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Screen::Customer => "display",
            Screen::Board => "board",
        }
    }

    fn secret(self) -> &'static str {
        match self {
            Screen::Customer => "chandi display token v1",
            Screen::Board => "chandi board token v1",
        }
    }
}

/// Asks for the key to a screen.
#[derive(Debug, Clone, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenDisplay {
    pub id: Uuid,
    /// customer (when not said) or board
    pub kind: Option<String>,
}

/// A key to one seat's display, for a browser as the second screen. It opens nothing else.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DisplayToken {
    pub token: String,
}

impl Shop {
    pub fn display(&self, seat: SeatId) -> Result<DisplayView> {
        let settings = self.settings();
        // Told after every change of the cart and after every sale.
        let (cart, hues) = self.store.glance(|r| {
            let cart = match r.open_cart(seat)? {
                Some(row) => Some(self.view_cart(r, &row)?).filter(|cart| !cart.lines.is_empty()),
                None => None,
            };
            let hues = match &cart {
                Some(_) => r.hues()?,
                None => vec![],
            };
            Ok::<_, crate::AppError>((cart, hues))
        })?;
        let paid = self.displays.paid_now(seat, self.edges.now());
        let hue_of = |category: Option<Uuid>| {
            hues.iter()
                .find(|(known, _)| Some(known.uuid()) == category)
                .map(|(_, hue)| hue.clone())
        };
        let counter = self.displays.counter_now(seat, self.edges.now());
        let ask = self.asked_of_guest(seat);
        let failed = self.displays.failed_now(seat, self.edges.now());
        let (state, cash) = match (&cart, &paid, &counter) {
            _ if ask.is_some() => ("ask", None),
            _ if failed.is_some() => ("failed", None),
            (Some(cart), _, _) if cart.offer.is_some() => ("pay", None),
            (Some(cart), _, _) if cart.stage == Stage::Cash => ("cash", Some(cash_of(cart))),
            (Some(_), _, _) => ("cart", None),
            (None, _, Some(AtTheCounter::Handing(_))) => ("handing", None),
            (None, _, Some(AtTheCounter::Refund(_))) => ("refund", None),
            (None, Some(_), None) => ("paid", None),
            (None, None, None) => ("idle", None),
        };
        let (handing, refund) = match counter.filter(|_| cart.is_none()) {
            Some(AtTheCounter::Handing(view)) => (Some(view), None),
            Some(AtTheCounter::Refund(view)) => (None, Some(view)),
            None => (None, None),
        };
        Ok(DisplayView {
            state: state.to_owned(),
            shop: self.display_shop(),
            theme: settings.text("customer.theme").to_owned(),
            paid: paid.filter(|_| state == "paid"),
            handing,
            refund,
            ask,
            failed,
            pay: cart
                .as_ref()
                .and_then(|cart| Some(pay_of(cart.offer.clone()?, cart.total_minor))),
            cart: cart.map(|cart| DisplayCart {
                rate_changed: !cart.rate_changes.is_empty(),
                lines: cart
                    .lines
                    .into_iter()
                    .map(|l| DisplayLine {
                        line: l.line,
                        name: l.name,
                        names: l.names,
                        unit: l.unit,
                        quantity: l.quantity,
                        unit_price_minor: l.unit_price_minor,
                        gross_minor: l.gross_minor,
                        amount_minor: l.amount_minor,
                        art: l.art,
                        hue: hue_of(l.category),
                    })
                    .collect(),
                last_line: cart.last_line,
                items: cart.items,
                subtotal_minor: cart.subtotal_minor,
                discount_minor: cart.discount_minor,
                inclusive: cart.inclusive,
                tax_on_top_minor: cart.tax_on_top_minor,
                taxes: cart.taxes,
                rounding_minor: cart.rounding_minor,
                total_minor: cart.total_minor,
                exchange: cart
                    .exchange
                    .filter(|one| one.refused.is_none())
                    .map(|one| DisplayExchange {
                        lines: one.lines,
                        back_minor: one.back_minor,
                        to_pay_minor: cart.to_pay_minor,
                        owed_minor: one.owed_minor,
                    }),
            }),
            cash,
        })
    }

    /// The key that was asked for: of this machine for good, of another's browser for a day.
    pub fn open_display(&self, actor: &Actor, request: &OpenDisplay, here: bool) -> Result<DisplayToken> {
        let screen = match request.kind.as_deref() {
            None | Some("customer") => Screen::Customer,
            Some("board") => Screen::Board,
            Some(_) => return Err(crate::AppError::field("kind", "customer or board")),
        };
        let token = match here {
            true => self.display_token(actor.seat, screen),
            false => self.give_pass(actor.session, actor.seat, screen),
        };
        Ok(DisplayToken { token })
    }

    pub(crate) fn display_shop(&self) -> DisplayShop {
        let settings = self.settings();
        DisplayShop {
            name: settings.text("shop.name").to_owned(),
            demo: self.identity.demo,
            language: settings.text("customer.language").to_owned(),
            currency: settings.currency.code().to_owned(),
            minor_digits: settings.currency.minor_digits,
            brand_color: settings.text("shop.brand_color").to_owned(),
        }
    }

    pub(crate) fn tell_display(&self, seat: SeatId) {
        // A screen that begins to watch reads what stands there first.
        if !self.live.is_watched() {
            return;
        }
        match self.display(seat).and_then(|d| {
            serde_json::to_value(d).map_err(|e| crate::AppError::new(crate::Code::Broken).caused(e))
        }) {
            Ok(data) => self.live.tell_seat(seat, "display", Some(data)),
            // The sale stands; the screen reads again at its next message.
            Err(error) => tracing::warn!(%error, "the customer's screen was not told"),
        }
    }

    /// Derived from the device's secret, so that it outlives a restart and needs no keeping.
    fn display_token(&self, seat: SeatId, screen: Screen) -> String {
        let mac = crate::letters::hex(&self.display_mac(seat, screen));
        format!("{}.{seat}.{mac}", screen.as_str())
    }

    /// The seat that a token for this kind of screen opens, and with what its screen goes dark. A token without an end is
    /// believed at this machine alone: nobody could take it back from another.
    pub fn seat_of_display(&self, token: &str, screen: Screen, here: bool) -> Option<(SeatId, Listens)> {
        if let Some((seat, pass)) = self.pass_for(token, screen) {
            return Some((seat, Listens::Pass(pass)));
        }
        if !here {
            return None;
        }
        let (kind, rest) = token.split_once('.')?;
        let (seat, _) = rest.split_once('.')?;
        let seat: SeatId = seat.parse().ok()?;
        // blake3's comparison takes the same time wherever the difference is.
        let right = blake3::hash(self.display_token(seat, screen).as_bytes());
        (kind == screen.as_str() && blake3::hash(token.as_bytes()) == right)
            .then_some((seat, Listens::Always))
    }

    fn display_mac(&self, seat: SeatId, screen: Screen) -> [u8; 32] {
        let key = blake3::derive_key(screen.secret(), &self.identity.secret_key);
        *blake3::keyed_hash(&key, &seat.bytes()).as_bytes()
    }
}

fn pay_of(offer: OfferView, total_minor: i64) -> DisplayPay {
    let paid_minor = offer
        .taken
        .iter()
        .fold(0i64, |sum, leg| sum.saturating_add(leg.amount_minor));
    // Between two legs nothing is asked for yet.
    let asked_now = if offer.method.is_empty() {
        0
    } else {
        offer.amount_minor
    };
    DisplayPay {
        asked_minor: offer.amount_minor.saturating_add(offer.tip_minor),
        left_minor: total_minor
            .saturating_sub(paid_minor)
            .saturating_sub(asked_now)
            .max(0),
        paid_minor,
        total_minor,
        method: offer.method,
        amount_minor: offer.amount_minor,
        tip_minor: offer.tip_minor,
        reference: offer.reference,
        uri: offer.uri,
        taken: offer.taken,
    }
}

fn cash_of(cart: &CartView) -> DisplayCash {
    DisplayCash {
        total_minor: cart.cash_due_minor,
        received_minor: cart.received_minor,
        change_minor: cart
            .received_minor
            .map(|r| r - cart.cash_due_minor)
            .filter(|c| *c >= 0),
    }
}
