//! What happens in the shop, for other programs: typed events made from facts, in the order in which the facts came in
//! at this node.
//!
//! A cursor is a place in that order and belongs to this node. Facts of other devices come in late, and then come here
//! late, once each. An event says what happened and to what; beside it stands what it happened to as it is now, in the
//! same form that the API's own routes give, so nothing has to be asked again.

use crate::{Actor, AppError, Code, Result, Shop, order_view::Named, wire::rfc3339};
use domain::{
    ids::{CardId, CategoryId, CustomerId, OrderId, PaymentId, PriceId, ProductId, QuotationId, ShiftId},
    people::Permission,
};
use journal::{Body, Header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Reader, events::Arrived};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// The form of events and of what stands in them. It is raised when a field changes its meaning or goes away.
pub const VERSION: u32 = 1;
const MOST_AT_ONCE: usize = 100;
/// How many facts are looked at for one answer; many say nothing to programs.
const LOOKED_AT: usize = 500;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ShopEvent {
    /// The same at every node and however often it is told.
    pub id: Uuid,
    /// Send it as `after` to go on behind this event.
    pub cursor: String,
    /// Such as order.placed; the list stands at `GET /api/v1/events/types`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Of the form of this event and its data.
    pub version: u32,
    /// When it happened, by the clock of the device where it did.
    pub at: String,
    pub branch: Uuid,
    pub device: Uuid,
    /// Who did it, a person or a program; null for what a device did by itself.
    pub by: Option<Named>,
    pub subject: EventSubject,
    /// The handover, refund or other part that it is about.
    pub part: Option<Uuid>,
    /// The subject as it is now, as its own route gives it; null when it is gone.
    #[schema(value_type = Option<Object>)]
    pub data: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventSubject {
    /// order, return, payment, card, product, category, customer, quotation or shift
    pub kind: String,
    pub id: Uuid,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    pub items: Vec<ShopEvent>,
    /// Send it as `after` next time, whether or not there was something.
    pub next: String,
    /// There is more at once.
    pub more: bool,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventFilter {
    /// A cursor; left out, the beginning of the shop; `now`, only what comes.
    pub after: Option<String>,
    /// At most so many, up to 100.
    pub limit: Option<usize>,
    /// When there is nothing: how many seconds to wait for something, up to 30.
    pub wait: Option<u64>,
}

/// One type of event and who may hear it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventType {
    #[serde(rename = "type")]
    pub kind: String,
    /// The right without which it is not told.
    pub permission: String,
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Order,
    Return,
    Payment,
    Card,
    Product,
    Category,
    Customer,
    Quotation,
    Shift,
}

impl Subject {
    fn as_str(self) -> &'static str {
        match self {
            Subject::Order => "order",
            Subject::Return => "return",
            Subject::Payment => "payment",
            Subject::Card => "card",
            Subject::Product => "product",
            Subject::Category => "category",
            Subject::Customer => "customer",
            Subject::Quotation => "quotation",
            Subject::Shift => "shift",
        }
    }

    /// The right to read it by its own route.
    fn needs(self) -> Permission {
        match self {
            Subject::Order => Permission::OrderRead,
            Subject::Return => Permission::RefundMake,
            Subject::Payment => Permission::PaymentRead,
            Subject::Card => Permission::CardRead,
            Subject::Product | Subject::Category => Permission::CatalogRead,
            Subject::Customer => Permission::CustomerRead,
            Subject::Quotation => Permission::QuotationMake,
            Subject::Shift => Permission::ReportRead,
        }
    }
}

/// Every type of event with what it is about.
const TYPES: &[(&str, Subject)] = &[
    ("order.placed", Subject::Order),
    ("order.cancelled", Subject::Order),
    ("order.progressed", Subject::Order),
    ("order.paid", Subject::Order),
    ("order.token_changed", Subject::Order),
    ("order.invoice_revised", Subject::Order),
    ("handover.made", Subject::Order),
    ("handover.undone", Subject::Order),
    ("refund.made", Subject::Order),
    ("return.made", Subject::Return),
    ("payment.moved", Subject::Payment),
    ("card.issued", Subject::Card),
    ("card.moved", Subject::Card),
    ("product.changed", Subject::Product),
    ("price.changed", Subject::Product),
    ("category.changed", Subject::Category),
    ("customer.changed", Subject::Customer),
    ("customer.erased", Subject::Customer),
    ("customer.merged", Subject::Customer),
    ("account.paid", Subject::Customer),
    ("account.adjusted", Subject::Customer),
    ("quotation.made", Subject::Quotation),
    ("quotation.moved", Subject::Quotation),
    ("shift.opened", Subject::Shift),
    ("shift.cash_moved", Subject::Shift),
    ("shift.closed", Subject::Shift),
];

/// Everything that an address or a program can ask for.
pub fn event_types() -> Vec<EventType> {
    TYPES
        .iter()
        .map(|(kind, subject)| EventType {
            kind: (*kind).to_owned(),
            permission: subject.needs().as_str().to_owned(),
        })
        .collect()
}

/// What a fact is to other programs.
struct Told {
    kind: &'static str,
    subject: Subject,
    id: [u8; 16],
    part: Option<[u8; 16]>,
}

fn told(reader: &Reader<'_>, body: &Body) -> Result<Option<Told>> {
    let (kind, id, part) = match body {
        Body::OrderPlaced(placed) => ("order.placed", placed.sale.order, None),
        Body::OrderCancelled(one) => ("order.cancelled", one.order, None),
        Body::OrderProgressed(one) => ("order.progressed", one.order, None),
        Body::TenderTaken(one) => ("order.paid", one.order, None),
        Body::TenderMoved(one) => ("order.paid", one.order, None),
        Body::TendersSplit(one) => ("order.paid", one.order, None),
        Body::TokenReissued(one) => ("order.token_changed", one.order, None),
        Body::TokenRevoked(one) => ("order.token_changed", one.order, None),
        Body::InvoiceRevised(one) => ("order.invoice_revised", one.order, None),
        Body::HandedOver(one) => ("handover.made", one.order, Some(one.handover)),
        Body::HandoverUndone(one) => ("handover.undone", one.order, Some(one.handover)),
        Body::Refunded(one) => ("refund.made", one.order, Some(one.refund)),
        Body::GoodsReturned(one) => ("return.made", one.goods_return, None),
        Body::PaymentMoved(one) => ("payment.moved", one.payment, None),
        Body::CardIssued(one) => ("card.issued", one.card, None),
        Body::CardMoved(one) => ("card.moved", one.card, None),
        Body::ProductSet(patch) => ("product.changed", patch.record, None),
        Body::PriceSet(patch) => match reader.set_price(PriceId::from_bytes(patch.record))? {
            Some(price) => ("price.changed", price.product.bytes(), Some(patch.record)),
            None => return Ok(None),
        },
        Body::CategorySet(patch) => ("category.changed", patch.record, None),
        Body::CustomerSet(patch) => ("customer.changed", patch.record, None),
        Body::CustomerErased(one) => ("customer.erased", one.customer, None),
        Body::CustomersMerged(one) => ("customer.merged", one.into, Some(one.from)),
        Body::AccountPaid(one) => ("account.paid", one.customer, Some(one.payment)),
        Body::AccountAdjusted(one) => ("account.adjusted", one.customer, None),
        Body::QuotationMade(one) => ("quotation.made", one.quotation, None),
        Body::QuotationMoved(one) => ("quotation.moved", one.quotation, None),
        Body::ShiftOpened(one) => ("shift.opened", one.shift, None),
        Body::CashMoved(one) => ("shift.cash_moved", one.shift, None),
        Body::ShiftClosed(one) => ("shift.closed", one.shift, None),
        // What the house keeps to itself: people, settings, devices, letters, and what only repeats something above.
        _ => return Ok(None),
    };
    Ok(TYPES
        .iter()
        .find(|(word, _)| *word == kind)
        .map(|(kind, subject)| Told {
            kind,
            subject: *subject,
            id,
            part,
        }))
}

/// What arrived, as far as an actor may hear it.
pub(crate) struct Heard {
    pub events: Vec<(i64, ShopEvent)>,
    /// Everything up to here was looked at.
    pub upto: i64,
    pub more: bool,
}

impl Shop {
    /// A place in the order of arrival, as programs see it.
    pub(crate) fn cursor(&self, place: i64) -> String {
        let device = self.identity.device.bytes();
        let node: String = device[12..].iter().map(|b| format!("{b:02x}")).collect();
        format!("{node}-{place}")
    }

    fn place_of(&self, cursor: Option<&str>) -> Result<i64> {
        match cursor {
            None | Some("") => Ok(0),
            Some("now") => Ok(self.store.read(|r| r.last_arrival())?),
            Some(text) => {
                let place = text.rsplit_once('-').and_then(|(_, n)| n.parse::<i64>().ok());
                place
                    .filter(|place| *place >= 0 && self.cursor(*place) == text)
                    .ok_or(AppError::new(Code::CursorUnknown))
            }
        }
    }

    /// What happened after a cursor, as far as this actor may read what it is about.
    pub fn events(&self, actor: &Actor, filter: &EventFilter) -> Result<EventPage> {
        let limit = filter.limit.unwrap_or(50).clamp(1, MOST_AT_ONCE);
        let place = self.place_of(filter.after.as_deref())?;
        let heard = self.heard(actor, place, limit, |_| true)?;
        Ok(EventPage {
            items: heard.events.into_iter().map(|(_, event)| event).collect(),
            next: self.cursor(heard.upto),
            more: heard.more,
        })
    }

    pub(crate) fn heard(
        &self,
        actor: &Actor,
        place: i64,
        limit: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Heard> {
        let arrived = self.store.read(|r| r.arrived_after(place, LOOKED_AT))?;
        let mut heard = Heard {
            events: Vec::new(),
            upto: place,
            more: arrived.len() == LOOKED_AT,
        };
        for one in &arrived {
            if heard.events.len() == limit {
                heard.more = true;
                return Ok(heard);
            }
            if let Some(event) = self.event(actor, one, &wanted)? {
                heard.events.push((one.n, event));
            }
            heard.upto = one.n;
        }
        Ok(heard)
    }

    /// The event that stands at exactly that place, if this actor may hear it.
    pub(crate) fn event_at(&self, actor: &Actor, n: i64) -> Result<Option<ShopEvent>> {
        let arrived = self.store.read(|r| r.arrived_after(n - 1, 1))?;
        match arrived.first().filter(|one| one.n == n) {
            Some(one) => self.event(actor, one, &|_: &str| true),
            None => Ok(None),
        }
    }

    fn event(
        &self,
        actor: &Actor,
        arrived: &Arrived,
        wanted: &impl Fn(&str) -> bool,
    ) -> Result<Option<ShopEvent>> {
        let Some(body) = arrived.body() else {
            return Ok(None);
        };
        let header: &Header = &arrived.fact.header;
        let Some((told, by)) = self.store.read(|r| -> Result<_> {
            match told(r, &body)? {
                Some(told) if actor.allows(told.subject.needs()) && wanted(told.kind) => {
                    let by = match header.actor {
                        Some(id) => r.staff_name(id)?.map(|name| Named { id: id.uuid(), name }),
                        None => None,
                    };
                    Ok(Some((told, by)))
                }
                _ => Ok(None),
            }
        })?
        else {
            return Ok(None);
        };
        Ok(Some(ShopEvent {
            id: header.fact.uuid(),
            cursor: self.cursor(arrived.n),
            kind: told.kind.to_owned(),
            version: VERSION,
            at: rfc3339(header.stamp.moment()),
            branch: header.branch.uuid(),
            device: header.device.uuid(),
            by,
            subject: EventSubject {
                kind: told.subject.as_str().to_owned(),
                id: Uuid::from_bytes(told.id),
            },
            part: told.part.map(Uuid::from_bytes),
            data: self.subject_now(actor, &told),
        }))
    }

    /// The subject as its own route shows it to this actor.
    fn subject_now(&self, actor: &Actor, told: &Told) -> Option<Value> {
        let id = told.id;
        let view = match told.subject {
            Subject::Order => json(self.order(actor, OrderId::from_bytes(id))),
            Subject::Return => json(self.goods_return(actor, Uuid::from_bytes(id))),
            Subject::Payment => json(self.payment(PaymentId::from_bytes(id))),
            Subject::Card => json(self.card(actor, CardId::from_bytes(id))),
            Subject::Product => json(self.product(ProductId::from_bytes(id))),
            Subject::Category => json(self.category(CategoryId::from_bytes(id))),
            Subject::Customer => json(self.customer(CustomerId::from_bytes(id))),
            Subject::Quotation => json(self.quotation(QuotationId::from_bytes(id))),
            Subject::Shift => json(self.shift(actor, ShiftId::from_bytes(id))),
        };
        match view {
            Ok(view) => Some(view),
            Err(error) if matches!(error.code, Code::NotFound | Code::CustomerGone) => None,
            // One thing that cannot be shown must not stop everything that happened after it.
            Err(error) => {
                tracing::error!(event = told.kind, %error, "what an event is about cannot be read");
                None
            }
        }
    }
}

fn json<T: Serialize>(view: Result<T>) -> Result<Value> {
    serde_json::to_value(view?).map_err(|e| AppError::new(Code::Broken).caused(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_named_once_and_its_permission_is_one_that_programs_can_have() {
        let mut seen = std::collections::BTreeSet::new();
        for (kind, subject) in TYPES {
            assert!(seen.insert(kind), "{kind} stands twice");
            assert!(kind.contains('.') && !subject.as_str().is_empty());
            assert!(
                Permission::FOR_PROGRAMS.contains(&subject.needs()),
                "{kind} could be heard by nobody"
            );
        }
    }
}
