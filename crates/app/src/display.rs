//! What the customer sees: one message per state, sanitised, and nothing of anybody else.

use crate::{
    Result, Shop,
    cart::{CartView, Stage, TaxView},
    catalog::Art,
    orders::OrderView,
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

#[derive(Default)]
pub(crate) struct Displays {
    paid: Mutex<HashMap<SeatId, (OrderId, Moment, PaidView)>>,
}

impl Displays {
    fn lock(&self) -> MutexGuard<'_, HashMap<SeatId, (OrderId, Moment, PaidView)>> {
        self.paid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn paid(&self, seat: SeatId, order: &OrderView, at: Moment) {
        let until = at.plus_ms(PAID_MS);
        let view = PaidView {
            total_minor: order.total_minor,
            number: order.number,
            token_code: order.token.as_ref().map(|t| t.code.clone()).unwrap_or_default(),
            one_time_number: order.token.as_ref().map(|t| t.number.clone()).unwrap_or_default(),
            document: order.document.clone(),
            received_minor: order
                .tenders
                .iter()
                .map(|t| t.received_minor.unwrap_or(t.amount_minor))
                .sum(),
            change_minor: order.tenders.iter().map(|t| t.change_minor).sum(),
            at: rfc3339(at),
            until: rfc3339(until),
        };
        self.lock()
            .insert(seat, (OrderId::from_uuid(order.id), until, view));
    }

    pub(crate) fn forget_paid(&self, seat: SeatId) {
        self.lock().remove(&seat);
    }

    pub(crate) fn forget_order(&self, seat: SeatId, order: OrderId) {
        let mut paid = self.lock();
        if paid.get(&seat).is_some_and(|(id, _, _)| *id == order) {
            paid.remove(&seat);
        }
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
    /// idle, cart, cash or paid
    pub state: String,
    pub shop: DisplayShop,
    /// system, light or dark
    pub theme: String,
    pub cart: Option<DisplayCart>,
    pub cash: Option<DisplayCash>,
    pub paid: Option<PaidView>,
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
    pub lines: Vec<DisplayLine>,
    pub last_line: Option<u32>,
    pub items: String,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    pub taxes: Vec<TaxView>,
    pub rounding_minor: i64,
    pub total_minor: i64,
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

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PaidView {
    pub total_minor: i64,
    pub number: u32,
    pub token_code: String,
    pub one_time_number: String,
    pub document: String,
    pub received_minor: i64,
    pub change_minor: i64,
    pub at: String,
    /// Read the display again then.
    pub until: String,
}

/// A key to one seat's display, for a browser as the second screen. It opens nothing else.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DisplayToken {
    pub token: String,
}

impl Shop {
    pub fn display(&self, seat: SeatId) -> Result<DisplayView> {
        let settings = self.settings();
        let (cart, hues) = self.store.read(|r| {
            let cart = match r.open_cart(seat)? {
                Some(row) => Some(self.view_cart(r, &row)?),
                None => None,
            };
            Ok::<_, crate::AppError>((cart, r.categories(true)?))
        })?;
        let cart = cart.filter(|c| !c.lines.is_empty());
        let paid = self.displays.paid_now(seat, self.edges.now());
        let hue_of = |category: Option<Uuid>| {
            hues.iter()
                .find(|c| Some(c.id.uuid()) == category)
                .map(|c| c.hue.clone())
        };
        let (state, cash) = match (&cart, &paid) {
            (Some(cart), _) if cart.stage == Stage::Cash => ("cash", Some(cash_of(cart))),
            (Some(_), _) => ("cart", None),
            (None, Some(_)) => ("paid", None),
            (None, None) => ("idle", None),
        };
        Ok(DisplayView {
            state: state.to_owned(),
            shop: DisplayShop {
                name: settings.text("shop.name").to_owned(),
                demo: self.identity.demo,
                language: settings.text("customer.language").to_owned(),
                currency: settings.currency.code().to_owned(),
                minor_digits: settings.currency.minor_digits,
                brand_color: settings.text("shop.brand_color").to_owned(),
            },
            theme: settings.text("customer.theme").to_owned(),
            paid: paid.filter(|_| cart.is_none()),
            cart: cart.map(|cart| DisplayCart {
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
                taxes: cart.taxes,
                rounding_minor: cart.rounding_minor,
                total_minor: cart.total_minor,
            }),
            cash,
        })
    }

    pub(crate) fn tell_display(&self, seat: SeatId) {
        match self.display(seat).and_then(|d| {
            serde_json::to_value(d).map_err(|e| crate::AppError::new(crate::Code::Broken).caused(e))
        }) {
            Ok(data) => self.live.tell_seat(seat, "display", Some(data)),
            // The sale stands; the screen reads again at its next message.
            Err(error) => tracing::warn!(%error, "the customer's screen was not told"),
        }
    }

    /// Derived from the device's secret, so that it outlives a restart and needs no keeping.
    pub fn display_token(&self, seat: SeatId) -> DisplayToken {
        let mac: String = self
            .display_mac(seat)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        DisplayToken {
            token: format!("display.{seat}.{mac}"),
        }
    }

    /// The seat that a display token opens.
    pub fn seat_of_display(&self, token: &str) -> Option<SeatId> {
        let (seat, _) = token.strip_prefix("display.")?.split_once('.')?;
        let seat: SeatId = seat.parse().ok()?;
        // blake3's comparison takes the same time wherever the difference is.
        let right = blake3::hash(self.display_token(seat).token.as_bytes());
        (blake3::hash(token.as_bytes()) == right).then_some(seat)
    }

    fn display_mac(&self, seat: SeatId) -> [u8; 32] {
        let key = blake3::derive_key("chandi display token v1", &self.identity.secret_key);
        *blake3::keyed_hash(&key, &seat.bytes()).as_bytes()
    }
}

fn cash_of(cart: &CartView) -> DisplayCash {
    DisplayCash {
        total_minor: cart.total_minor,
        received_minor: cart.received_minor,
        change_minor: cart
            .received_minor
            .map(|r| r - cart.total_minor)
            .filter(|c| *c >= 0),
    }
}
