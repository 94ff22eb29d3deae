//! Placing an order: pay first, get a number and a signed token, once.

use crate::{
    Actor, AppError, Code, Page, Result, Shop,
    cards::{self, SoldLine},
    cart::{Approvals, DiscountForm, Draft, needs_approval},
    claims::{claim_held, is_fresh},
    customers::{CustomerCard, card_of},
    days,
    edges::Edges,
    exchanges::{DraftExchange, PlaceExchange},
    instalments::agree_with_legs,
    modifiers,
    order_view::{Directory, OrderView},
    payments,
    prices::level_exists,
    pricing::{LineForm, OpenCart, Terms, in_base, new_line, price_now},
    quotations,
    sessions::Approval,
    settings::Settings,
    taxes::LineTaxes,
    tenders::{Bill, PlaceTender, Till, balanced, take},
    wire::{content_of, optional_text, text},
};
use domain::{
    cart::{Answered, Cart, CartChange, CartError, CartLine, LineItem},
    discount::{Discount, DiscountKind},
    ids::{BranchId, CartId, CustomerId, OrderId, PaymentId, QuotationId, StaffId},
    numbers::{
        DISPLAY_NUMBERS_PER_LANE, DocumentKind, ONE_TIME_SLOTS, OneTimeNumber, ShortNumber, display_number,
        document_number, one_time_number, series_prefix,
    },
    order::{OrderState, Placed, place},
    people::Permission,
    phone::Phone,
    time::Moment,
    token::{TokenBody, TokenLine, TokenLines},
};
use journal::{
    Body,
    body::{
        BuyerNameV1, BuyerV1, DiscountKindV1, DiscountV1, LineTaxV1, ModifierV1, OrderCancelledV2,
        OrderLineV2, OrderPlacedV2, OrderPlacedV3, OrderTaxV1, PartV1, PhoneBoundV1, TokenV1,
    },
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};
use store::{
    Reader, Write,
    catalog::ProductRow,
    orders::{Likely, OrderQuery},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// How long the till offers to undo a payment.
pub const UNDO_MS: i64 = 10_000;

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    pub id: Uuid,
    /// The seat's open cart; or else `lines`.
    pub cart: Option<Uuid>,
    pub lines: Option<Vec<PlaceLine>>,
    /// On the whole order; only beside `lines`.
    pub discount: Option<DiscountForm>,
    #[serde(default)]
    pub tenders: Vec<PlaceTender>,
    /// What the client believes; another total is refused.
    pub expected_total_minor: Option<i64>,
    /// The guest's phone number, by which the order can be found again.
    pub phone: Option<String>,
    /// Only beside `lines`, like the next three; a cart has its own.
    pub customer: Option<Uuid>,
    pub price_level: Option<String>,
    /// counter (when not said), eat_in, take_away or delivery
    pub order_type: Option<String>,
    /// The region's code, for what is delivered.
    pub delivered_to: Option<String>,
    /// The quotation that it is made from; only beside `lines`, a cart knows its own.
    pub quotation: Option<Uuid>,
    /// Where goods come back for the cart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<PlaceExchange>,
    /// A second person's PIN, for a discount above the limit.
    pub approval: Option<Approval>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceLine {
    pub product: Option<Uuid>,
    /// For a line without a product.
    pub name: Option<String>,
    pub quantity: Option<String>,
    /// One of the product's units; its base unit when not given.
    pub unit: Option<String>,
    /// Must be the catalogue's, unless the product's price is typed at the till or `price_level` is typed.
    pub unit_price_minor: Option<i64>,
    /// A level for this line alone, or `typed`.
    pub price_level: Option<String>,
    #[serde(default)]
    pub modifiers: Vec<Uuid>,
    pub discount: Option<DiscountForm>,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelOrder {
    pub id: Uuid,
    pub reason: String,
    /// A second person's PIN, when the undo time is over.
    pub approval: Option<Approval>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BindPhone {
    pub id: Uuid,
    pub phone: String,
}

/// What is being sold, from a cart or from lines.
struct Sale {
    open: OpenCart,
    from_cart: Option<CartId>,
    /// What the cart was taken up from, in which version.
    quotation: Option<Uuid>,
    /// What comes back for it.
    exchange: Option<DraftExchange>,
    quotation_content: Option<[u8; 32]>,
}

/// Where, when and by whom an order is placed.
pub(crate) struct Occasion<'a> {
    pub staff: Option<StaffId>,
    pub terms: &'a Terms,
    pub edges: &'a Edges,
    pub content: [u8; 32],
    pub till: Till,
    pub quotation: Option<Uuid>,
    /// The cart that becomes the order.
    pub cart: Option<CartId>,
}

impl Shop {
    pub fn place_order(&self, actor: &Actor, request: &PlaceOrder) -> Result<OrderView> {
        let id = OrderId::from_uuid(request.id);
        // A PIN is never part of what is compared: the same order approved twice is the same order.
        let content = content_of(
            "order",
            &PlaceOrder {
                approval: None,
                ..request.clone()
            },
        )?;
        if let Some(view) = self.store.glance(|r| self.already_placed(r, id, &content))? {
            return Ok(view);
        }
        let approved_by = match &request.approval {
            Some(approval) => Some(self.approve(approval, Permission::DiscountAboveLimit, actor)?),
            None => None,
        };
        let phone = request
            .phone
            .as_deref()
            .filter(|typed| !typed.trim().is_empty())
            .map(|typed| self.phone(typed))
            .transpose()?;
        let settings = self.settings();
        let at = self.edges.now();
        if let Some(cart) = request.cart {
            self.may_pay_cart(actor, CartId::from_uuid(cart))?;
        }
        let (told, offline) = self.ask_for_exchange(actor, request, at)?;
        let (view, fresh) = self.store.write(at, |tx| {
            if let Some(view) = self.already_placed(&tx.reader(), id, &content)? {
                return Ok::<_, AppError>((view, false));
            }
            for one in &told {
                tx.keep_told(one)?;
            }
            let terms = self.terms(&tx.reader(), at)?;
            let mut sale = match (&request.cart, &request.lines) {
                (Some(cart), None) => sale_of_cart(&tx.reader(), &terms, actor, CartId::from_uuid(*cart))?,
                (None, Some(lines)) => sale_of_lines(&tx.reader(), &terms, actor, request, lines)?,
                _ => return Err(AppError::new(Code::Malformed).because("either a cart or lines")),
            };
            if sale.open.cart.is_empty() {
                return Err(Code::CartEmpty.into());
            }
            if let Some(by) = approved_by {
                // A PIN beside the whole order answers for every discount in it.
                let discounted = sale.open.cart.lines.iter().filter(|line| line.discount.is_some());
                let lines: Vec<u32> = discounted.map(|line| line.line).chain([0]).collect();
                sale.open
                    .approvals
                    .extend(lines.into_iter().map(|line| (line, by)));
            }
            if let Some(quotation) = sale.quotation {
                let id = QuotationId::from_uuid(quotation);
                quotations::must_stand(&tx.reader(), id, sale.quotation_content, terms.day)?;
            }
            needs_approval(&settings, actor, &sale.open)?;
            let total = sale.open.priced.total;
            if request
                .expected_total_minor
                .is_some_and(|expected| expected != total.minor())
            {
                return Err(AppError::new(Code::TotalDiffers).hint("total_minor", total.minor()));
            }
            if let Some(cart) = sale.from_cart {
                let with: Vec<PaymentId> = request
                    .tenders
                    .iter()
                    .filter_map(|form| form.payment.map(PaymentId::from_uuid))
                    .collect();
                payments::must_be_paid_with(&tx.reader(), cart, &with)?;
            }
            let till = self.till(tx, actor, true)?;
            let exchanging = match &sale.exchange {
                None => None,
                Some(asked) => {
                    let asked = (asked, request);
                    Some(self.begin_exchange(&tx.reader(), &terms, actor, asked, total, (offline, at))?)
                }
            };
            let goods = exchanging.as_ref().and_then(|one| one.leg(request.id));
            let paid = balanced(
                &tx.reader(),
                &settings,
                &request.tenders,
                total,
                &sale.open.priced.rules,
                at,
                goods.as_ref(),
            )?;
            let placed = place(&sale.open.cart.lines, sale.open.priced.clone(), paid)
                .map_err(|e| AppError::new(Code::Broken).because(e))?;
            let occasion = Occasion {
                staff: Some(actor.staff),
                terms: &terms,
                edges: &self.edges,
                content,
                till,
                quotation: sale.quotation,
                cart: sale.from_cart,
            };
            let exchanged = match exchanging {
                None => None,
                Some(one) => Some(self.record_goods_back(tx, actor, one, request, content)?),
            };
            let legs: Vec<PlaceTender> = request.tenders.iter().cloned().chain(goods).collect();
            record_order(tx, id, &placed, &sale.open, &legs, &occasion)?;
            if let Some(exchanged) = exchanged {
                Shop::record_exchange(tx, actor, exchanged)?;
            }
            let today = occasion.till.business_day;
            agree_with_legs(tx, actor.staff, id, &request.tenders, today, content)?;
            let phone = phone.or_else(|| {
                let known = sale.open.card.as_ref()?.phone.as_deref()?;
                Phone::from_kept(known).ok()
            });
            if let Some(phone) = &phone {
                self.bind(tx, Some(actor.staff), id, phone)?;
            }
            if let Some(cart) = sale.from_cart {
                tx.cart_paid(cart, actor.seat, id)?;
                self.cart_was_paid(tx, actor, cart, id)?;
            }
            let view = self.view_order(&tx.reader(), id, Some(actor.seat))?;
            self.queue_papers(tx, actor.staff, &view, None);
            Ok((view, true))
        })?;
        if fresh {
            self.displays.forget_handing(actor.seat);
            self.forget_ask(actor.seat);
            self.displays.paid(actor.seat, &view, at);
            self.live.tell("order", Some(view.id.to_string()));
            self.tell_exchange(&view);
            self.tell_cart(actor.seat);
            self.print_waiting();
        }
        Ok(view)
    }

    /// Binds a phone number to an order, or another one than before.
    pub fn bind_phone(&self, actor: &Actor, id: OrderId, request: &BindPhone) -> Result<OrderView> {
        let phone = self.phone(&request.phone)?;
        let content = content_of(&format!("phone {id}"), request)?;
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let row = tx.reader().order(id)?.ok_or(AppError::new(Code::NotFound))?;
            if row.cancelled_ms.is_some() {
                return Err(Code::OrderCancelled.into());
            }
            self.bind(tx, Some(actor.staff), id, &phone)
        })?;
        self.live.tell("order", Some(id.to_string()));
        self.order(actor, id)
    }

    /// The number, sealed under the customer's own key; whoever has it already is that customer.
    fn bind(&self, tx: &mut Write<'_>, staff: Option<StaffId>, id: OrderId, phone: &Phone) -> Result<()> {
        let (customer, key) = self.customer_by_phone(tx, phone)?;
        let sealed = journal::seal::close(&key, &id.bytes(), self.edges.random(), phone.as_str().as_bytes())
            .ok_or(AppError::new(Code::Broken))?;
        let body = PhoneBoundV1 {
            order: id.bytes(),
            customer: customer.bytes(),
            sealed,
            bound_ms: tx.now().0,
        };
        Ok(tx.record(staff, &Body::PhoneBound(body))?)
    }

    /// The answer already given for this id; another content is refused.
    fn already_placed(
        &self,
        reader: &Reader<'_>,
        id: OrderId,
        content: &[u8; 32],
    ) -> Result<Option<OrderView>> {
        match reader.order(id)? {
            None => Ok(None),
            Some(row) if row.content == *content => self.view_order(reader, id, None).map(Some),
            Some(_) => Err(Code::IdReused.into()),
        }
    }

    pub fn order(&self, actor: &Actor, id: OrderId) -> Result<OrderView> {
        let view = self.store.read(|r| self.view_order(r, id, Some(actor.seat)))?;
        Ok(view.for_eyes_of(actor))
    }

    pub fn orders(&self, actor: &Actor, filter: &OrderFilter) -> Result<Page<OrderView>> {
        let limit = filter.limit.unwrap_or(50).clamp(1, 200);
        let business_day = match &filter.day {
            None => None,
            Some(day) => {
                let date = day
                    .parse()
                    .map_err(|_| AppError::field("day", "a day like 2026-11-21 is expected"))?;
                Some(days::number_of(date))
            }
        };
        let branch = filter.branch.map(BranchId::from_uuid);
        let wanted = filter.state.as_deref().filter(|state| !state.is_empty());
        if wanted.is_some_and(|state| OrderState::ALL.iter().all(|known| known.as_str() != state)) {
            return Err(AppError::field("state", "this is no state of an order"));
        }
        let cancelled = wanted.map(|state| state == OrderState::Cancelled.as_str());
        let before = filter.after.as_deref().map(cursor).transpose()?;
        let typed = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
        let number = match typed {
            None => None,
            Some(typed) => match typed
                .rsplit('/')
                .next()
                .and_then(|n| n.trim_start_matches('#').parse().ok())
            {
                Some(number) => Some(number),
                None => return Ok(Page::whole(vec![])),
            },
        };
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let mut before = before;
            let mut items = Vec::new();
            // States are derived, so a page of one state is gathered from pages of all that may be in it; a page that
            // took too long to fill goes out as it is, and says where to go on.
            for round in 1.. {
                let query = OrderQuery {
                    business_day,
                    branch,
                    number,
                    cancelled,
                    likely: wanted.and_then(likely),
                    due: filter.due == Some(true),
                    before,
                    limit: limit + 1,
                };
                let rows = r.orders(&query)?;
                let more = rows.len() > limit;
                for row in rows.iter().take(limit) {
                    let view = self.view_row(r, row, &names, None)?;
                    before = Some((row.placed_ms, row.id));
                    if wanted.is_none_or(|state| view.state == state) {
                        items.push(view.for_eyes_of(actor));
                    }
                    if items.len() == limit {
                        break;
                    }
                }
                let at_the_end = !more
                    && rows
                        .last()
                        .is_none_or(|last| before == Some((last.placed_ms, last.id)));
                if at_the_end || items.len() == limit || round == MOST_ROUNDS {
                    let next = before
                        .filter(|_| !at_the_end)
                        .map(|(ms, id)| format!("{ms}.{id}"));
                    return Ok(Page { items, next });
                }
            }
            Err(Code::Broken.into())
        })
    }

    /// Undoes the whole order while nothing was handed over: the token is dead, the tenders go back.
    pub fn cancel_order(&self, actor: &Actor, id: OrderId, request: &CancelOrder) -> Result<OrderView> {
        let content = content_of(
            &format!("cancel {id}"),
            &CancelOrder {
                approval: None,
                ..request.clone()
            },
        )?;
        let reason = text("reason", &request.reason, 200)?;
        let approved_by = match &request.approval {
            Some(approval) => Some(self.approve(approval, Permission::OrderCancel, actor)?),
            None => None,
        };
        let now = self.edges.now();
        let row = self.store.read(|r| r.order(id))?.ok_or(Code::NotFound)?;
        let (told, offline) = match row.cancelled_ms {
            None => self.ask_for_refund(actor, &row, request.id, now)?,
            Some(_) => (vec![], false),
        };
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            for one in &told {
                tx.keep_told(one)?;
            }
            let row = tx.reader().order(id)?.ok_or(AppError::new(Code::NotFound))?;
            if row.cancelled_ms.is_some() {
                return Err(Code::OrderCancelled.into());
            }
            // What came back for it is in the shop and paid back: only another refund can undo that.
            if tx.reader().exchange(id)?.is_some() {
                return Err(Code::ExchangeLocked.into());
            }
            let untouched = |line: &store::orders::OrderLineRow| {
                line.given == 0 && line.claimed == 0 && line.kept == 0 && line.refunded == 0
            };
            if !tx.reader().order_lines(id)?.iter().all(untouched) {
                return Err(Code::OrderStarted.into());
            }
            if let Some(held) = tx.reader().claim_of(id)?
                && is_fresh(&held, now)
                && held.seat != actor.seat
            {
                let names = Directory::read(&tx.reader())?;
                return Err(claim_held(&names, &held, Some(row.number), Some(actor.seat)));
            }
            let in_time =
                (row.placed_ms..=row.placed_ms + UNDO_MS).contains(&now.0) && row.staff == Some(actor.staff);
            let today = self.today_number(&self.settings());
            // What an earlier month was told stays told: a credit note of today takes it back.
            if !in_time && row.business_day / 100 != today / 100 {
                return Err(Code::CancelledTooLate.into());
            }
            if !in_time && approved_by.is_none() {
                actor.must(Permission::OrderCancel)?;
                // Alone, nobody knows whether the goods are gone at another node: two people answer for it.
                if offline {
                    return Err(AppError::new(Code::RefundNeedsApproval).hint("why", "other_counter_offline"));
                }
            }
            let till = self.till(tx, actor, false)?;
            let void: Vec<domain::ids::TenderId> = tx
                .reader()
                .tenders(id)?
                .iter()
                .filter(|leg| leg.void_ms.is_none())
                .map(|leg| leg.id)
                .collect();
            cards::unspend(tx, &self.settings(), Some(actor.staff), id, &void, &reason)?;
            let sold = tx.reader().cards_of_order(id)?;
            cards::take_back(tx, &self.settings(), Some(actor.staff), id, &sold, &reason)?;
            let body = OrderCancelledV2 {
                order: id.bytes(),
                cancelled_ms: now.0,
                business_day: till.business_day,
                shift: till.shift,
                reason,
                approved_by: approved_by.map(|s| s.bytes()),
            };
            tx.record(Some(actor.staff), &Body::OrderCancelled(body))?;
            self.must_tell(tx, "refund", id.uuid(), id)?;
            // Unless a new sale was begun, the cart is back as it was.
            let begun = match tx.reader().open_cart(actor.seat)? {
                Some(open) if Draft::read(&open)?.cart.is_empty() => !tx.drop_cart(open.id)?,
                Some(_) => true,
                None => false,
            };
            if in_time && !begun {
                tx.reopen_cart(actor.seat, id)?;
            }
            Ok(())
        })?;
        self.told_now();
        self.paying.wake();
        let shown = self.displays.forget_order(actor.seat, id);
        let view = self.order(actor, id)?;
        if shown {
            self.displays.voided(actor.seat, &view, now);
        }
        self.tell_order(id);
        self.tell_cart(actor.seat);
        Ok(view)
    }
}

/// What a list of orders is narrowed to.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrderFilter {
    /// A business day like 2026-11-21.
    pub day: Option<String>,
    /// Only those of this branch; all of the shop's when left out.
    pub branch: Option<Uuid>,
    /// A display number or a document number.
    pub q: Option<String>,
    /// placed, preparing, ready, partial, complete, refunded or cancelled
    pub state: Option<String>,
    /// Only orders for which money is due back.
    pub due: Option<bool>,
    pub limit: Option<usize>,
    pub after: Option<String>,
}

/// How many pages are looked through for one page of a state.
const MOST_ROUNDS: u32 = 20;

/// Where the orders of a state are to be found.
fn likely(state: &str) -> Option<Likely> {
    OrderState::ALL
        .into_iter()
        .find(|known| known.as_str() == state)
        .and_then(|state| match state {
            OrderState::Placed => Some(Likely::NotDelivered),
            OrderState::Preparing | OrderState::Ready => Some(Likely::InWork),
            OrderState::Partial => Some(Likely::Unsettled),
            OrderState::Complete => Some(Likely::Delivered),
            OrderState::Refunded => Some(Likely::PaidBack),
            OrderState::Cancelled => None,
        })
}

pub(crate) fn cursor(text: &str) -> Result<(i64, OrderId)> {
    text.split_once('.')
        .and_then(|(ms, id)| Some((ms.parse().ok()?, id.parse().ok()?)))
        .ok_or_else(|| AppError::field("after", "this is not a cursor of this list"))
}

fn sale_of_cart(reader: &Reader<'_>, terms: &Terms, actor: &Actor, id: CartId) -> Result<Sale> {
    let row = reader
        .cart(id)?
        .filter(|row| row.seat == actor.seat && row.parked_ms.is_none())
        .ok_or(AppError::new(Code::CartGone))?;
    let draft = Draft::read(&row)?;
    let (cart, approvals) = draft.cart.open(id)?;
    Ok(Sale {
        open: price_now(reader, terms, cart, approvals)?,
        from_cart: Some(id),
        quotation: draft.quotation,
        exchange: draft.exchange,
        quotation_content: draft.quotation_content,
    })
}

fn sale_of_lines(
    reader: &Reader<'_>,
    terms: &Terms,
    actor: &Actor,
    request: &PlaceOrder,
    lines: &[PlaceLine],
) -> Result<Sale> {
    let invalid = |e: CartError| AppError::new(Code::QuantityInvalid).because(e);
    let mut cart = Cart::empty(CartId::from_bytes([0; 16]));
    cart.customer = request.customer.map(CustomerId::from_uuid);
    if let Some(customer) = cart.customer {
        card_of(reader, customer)?;
    }
    level_exists(reader, request.price_level.as_deref())?;
    cart.level.clone_from(&request.price_level);
    if let Some(order_type) = &request.order_type {
        cart.order_type = order_type.parse().map_err(|e| AppError::field("order_type", e))?;
    }
    if request.delivered_to.is_some() {
        let region = optional_text("delivered_to", request.delivered_to.as_deref(), 40)?;
        cart = cart.apply(&CartChange::DeliverTo { region }).map_err(invalid)?;
    }
    for form in lines {
        let line = cart.next_line;
        let asked = LineForm {
            product: form.product,
            name: form.name.as_deref(),
            unit: form.unit.as_deref(),
            quantity: form.quantity.as_deref(),
            unit_price_minor: form.unit_price_minor,
            price_level: form.price_level.as_deref(),
            modifiers: &form.modifiers,
        };
        let CartChange::Add {
            item,
            name,
            unit_price,
            quantity,
            choice,
        } = new_line(reader, terms, actor, &cart, &asked)?
        else {
            return Err(Code::Broken.into());
        };
        if quantity.is_zero() {
            return Err(AppError::new(Code::QuantityInvalid).because("nothing of it"));
        }
        if cart.lines.len() >= domain::cart::MAX_LINES {
            return Err(Code::CartTooLong.into());
        }
        // Unlike at the till, the same again stays a line of its own: the client counts its lines.
        cart.lines.push(CartLine {
            line,
            item,
            name,
            quantity,
            unit_price,
            choice,
            answered: Answered::default(),
            discount: form.discount.as_ref().map(DiscountForm::checked).transpose()?,
            note: optional_text("note", form.note.as_deref(), 200)?.unwrap_or_default(),
        });
        cart.next_line += 1;
    }
    let discount = request.discount.as_ref().map(DiscountForm::checked).transpose()?;
    let cart = cart
        .apply(&CartChange::DiscountOrder { discount })
        .map_err(|e| AppError::new(Code::DiscountInvalid).because(e))?;
    Ok(Sale {
        open: price_now(reader, terms, cart, Approvals::new())?,
        from_cart: None,
        exchange: None,
        quotation: request.quotation,
        quotation_content: None,
    })
}

/// Writes a placed order: its number, its document, its token, its tenders. Also tells the demo's stories.
pub(crate) fn record_order(
    tx: &mut Write<'_>,
    id: OrderId,
    placed: &Placed,
    open: &OpenCart,
    tenders: &[PlaceTender],
    occasion: &Occasion<'_>,
) -> Result<()> {
    let Occasion { till, terms, .. } = occasion;
    let (at, settings) = (till.at, &*terms.settings);
    let me = tx.identity()?.clone();
    let zone = settings.text("branch.zone");
    let day_starts = settings.day_starts_minutes();
    let time = days::branch_time(at, zone, day_starts);
    let nth = tx.orders_of_day(me.counter, time.business_day)?;
    if nth >= DISPLAY_NUMBERS_PER_LANE {
        return Err(Code::NumbersUsedUp.into());
    }
    let fiscal_month = u8::try_from(settings.int("branch.fiscal_month")).unwrap_or(4);
    let year = days::fiscal_year(time.date, fiscal_month);
    let prefix = series_prefix(me.ordinal, DocumentKind::Invoice)
        .map_err(|e| AppError::new(Code::NumbersUsedUp).because(e))?;
    let label = year.label();
    let document_no = tx.reader().last_document(prefix.as_str(), &label)? + 1;
    document_number(prefix, &year, document_no).map_err(|e| AppError::new(Code::NumbersUsedUp).because(e))?;
    let lines: Vec<OrderLineV2> = placed
        .lines()
        .iter()
        .zip(1u32..)
        .zip(&open.taxes)
        .map(|((sold, line), taxes)| line_fact(&tx.reader(), (&sold.sold, &sold.price), line, open, taxes))
        .collect::<Result<_>>()?;
    let token = issue_token(
        tx,
        id,
        placed,
        &me,
        occasion,
        days::day_ends(at, zone, day_starts),
    )?;
    let priced = placed.priced();
    let buyer = open
        .card
        .as_ref()
        .map(|card| buyer_of(card, terms.day, id, occasion.edges))
        .transpose()?;
    let sale = OrderPlacedV2 {
        order: id.bytes(),
        counter: me.counter.bytes(),
        seat: till.seat,
        placed_ms: at.0,
        business_day: time.business_day,
        hour: time.hour,
        number: display_number(me.lane, nth),
        prefix: prefix.as_str().to_owned(),
        fiscal_year: label,
        document_no,
        document: terms
            .taxing
            .document(open.taxes.iter().map(|line| line.treatment))
            .to_owned(),
        lines,
        discount: open
            .cart
            .discount
            .as_ref()
            .map(|d| discount_fact(d, open.approvals.get(&0)))
            .transpose()?,
        subtotal_minor: priced.subtotal.minor(),
        line_discount_minor: priced.line_discount.minor(),
        order_discount_minor: priced.order_discount.minor(),
        inclusive: priced.rules.inclusive,
        tax_rules: terms
            .taxing
            .words(open.card.as_ref().is_some_and(|card| card.in_zone_on(terms.day))),
        taxable_minor: priced.taxable.minor(),
        tax_minor: priced.tax.minor(),
        taxes: priced
            .taxes
            .iter()
            .map(|tax| OrderTaxV1 {
                name: tax.name.clone(),
                rate: tax.rate.millionths(),
                taxable_minor: tax.taxable.minor(),
                amount_minor: tax.amount.minor(),
            })
            .collect(),
        rounding_minor: priced.rounding.minor(),
        total_minor: priced.total.minor(),
        customer: open.card.as_ref().map(|card| card.id.bytes()),
        buyer,
        seller: terms.taxing.seller().clone(),
        place_of_supply: open.place_of_supply.clone(),
        order_type: open.cart.order_type.as_str().to_owned(),
        quotation: occasion.quotation.map(|id| *id.as_bytes()),
        token,
        content: occasion.content,
    };
    let body = OrderPlacedV3 {
        sale,
        shift: till.shift,
    };
    tx.record(occasion.staff, &Body::OrderPlaced(Box::new(body)))?;
    let bill = Bill {
        order: id,
        cart: occasion.cart,
        customer: open.card.as_ref().map(|card| card.id),
        staff: occasion.staff,
    };
    take(tx, &bill, placed.balanced(), tenders, settings, till)?;
    let sold: Vec<SoldLine> = placed
        .lines()
        .iter()
        .zip(1u32..)
        .map(|(sold, line)| SoldLine {
            line,
            product: match sold.sold.item {
                LineItem::Product { id, .. } => Some(id),
                LineItem::Open => None,
            },
            milli: sold.sold.quantity.milli(),
            unit_price: sold.sold.unit_price,
        })
        .collect();
    let card = settings.text("card.product");
    let cheaper = |sold: &&domain::order::PlacedLine| {
        let is_card = matches!(sold.sold.item, LineItem::Product { id, .. } if id.to_string() == card);
        is_card && sold.price.net != sold.price.gross
    };
    if let Some(line) = placed.lines().iter().find(cheaper) {
        return Err(AppError::new(Code::DiscountInvalid)
            .because("a gift card is worth what it costs")
            .hint("line", line.sold.line));
    }
    cards::issue_sold(tx, settings, occasion.edges, occasion.staff, id, &sold)
}

/// Who buys, as the document says it. A registered buyer's name must stay readable; a person's is sealed.
pub(crate) fn buyer_of(card: &CustomerCard, day: u32, order: OrderId, edges: &Edges) -> Result<BuyerV1> {
    let region = card.region.clone().unwrap_or_default();
    if let Some(number) = card.tax_number_on(day) {
        return Ok(BuyerV1 {
            name: card.name.clone(),
            tax_number: number.to_owned(),
            region,
            address: card.address.clone(),
            sealed: Vec::new(),
        });
    }
    let named = BuyerNameV1 {
        name: card.name.clone(),
        address: card.address.clone(),
    };
    let sealed = journal::seal::close_value(&card.key, &order.bytes(), edges.random(), &named)
        .ok_or(AppError::new(Code::Broken))?;
    Ok(BuyerV1 {
        region,
        sealed,
        ..BuyerV1::default()
    })
}

/// Lines count 1, 2, 3 … whatever the cart's did, as a token lists them: so a token alone names its order's lines.
pub(crate) fn line_fact(
    reader: &Reader<'_>,
    (sold, price): (&CartLine, &domain::pricing::PricedLine),
    n: u32,
    open: &OpenCart,
    taxes: &LineTaxes,
) -> Result<OrderLineV2> {
    let (product, short) = match sold.item {
        LineItem::Product { id, short } => (Some(id), short),
        LineItem::Open => (None, ShortNumber::OPEN),
    };
    let row = product.and_then(|id| open.products.get(&id));
    let milli = sold.quantity.milli();
    let base_milli = in_base(milli, sold.answered.base_milli);
    Ok(OrderLineV2 {
        line: n,
        product: product.map(|id| id.bytes()),
        short: (short.ordinal, short.counter),
        name: sold.name.clone(),
        unit: sold.quantity.unit().as_str().to_owned(),
        milli,
        base_milli,
        level: sold.answered.level.clone().unwrap_or_default(),
        price_source: sold.answered.source.as_str().to_owned(),
        unit_price_minor: sold.unit_price.minor(),
        modifiers: sold
            .choice
            .modifiers
            .iter()
            .map(|m| ModifierV1 {
                modifier: m.id,
                name: m.name.clone(),
                price_minor: m.price.minor(),
            })
            .collect(),
        parts: match row {
            Some(row) => parts(reader, row, sold, milli, base_milli)?,
            None => Vec::new(),
        },
        gross_minor: price.gross.minor(),
        discount: sold
            .discount
            .as_ref()
            .map(|d| discount_fact(d, open.approvals.get(&sold.line)))
            .transpose()?,
        discount_minor: price.discount.minor(),
        order_discount_minor: price.order_discount.minor(),
        note: sold.note.clone(),
        hsn: taxes.hsn.clone(),
        tax_class: taxes.class,
        taxable_minor: price.taxable.minor(),
        taxes: price
            .taxes
            .iter()
            .map(|tax| {
                Ok(LineTaxV1 {
                    tax: u16::try_from(tax.tax).map_err(|_| AppError::new(Code::Broken))?,
                    amount_minor: tax.amount.minor(),
                })
            })
            .collect::<Result<_>>()?,
    })
}

/// What the line takes of other products: the parts of a bundle, and what its modifiers use.
fn parts(
    reader: &Reader<'_>,
    row: &ProductRow,
    sold: &CartLine,
    milli: i64,
    base_milli: i64,
) -> Result<Vec<PartV1>> {
    let bundled = row
        .parts
        .iter()
        .map(|(product, each)| (*product, in_base(base_milli, *each)));
    let used = modifiers::taken(reader, &sold.choice.modifiers)?
        .into_iter()
        .map(|(product, each)| (product, in_base(milli, each)));
    Ok(bundled
        .chain(used)
        .map(|(product, milli)| PartV1 {
            product: product.bytes(),
            milli,
        })
        .collect())
}

pub(crate) fn discount_fact(discount: &Discount, approved_by: Option<&StaffId>) -> Result<DiscountV1> {
    let kind = match discount.kind() {
        DiscountKind::Percent(percent) => DiscountKindV1::Percent(
            (percent * Decimal::from(1_000_000))
                .to_u32()
                .ok_or_else(|| AppError::new(Code::DiscountInvalid).because("the percent is too fine"))?,
        ),
        DiscountKind::Amount(amount) => DiscountKindV1::Amount(amount.minor()),
    };
    Ok(DiscountV1 {
        kind,
        reason: discount.reason().to_owned(),
        approved_by: approved_by.map(|s| s.bytes()),
    })
}

fn issue_token(
    tx: &Write<'_>,
    id: OrderId,
    placed: &Placed,
    me: &store::Identity,
    occasion: &Occasion<'_>,
    day_ends: Moment,
) -> Result<TokenV1> {
    let at = occasion.till.at;
    let number_expires = number_expires(at, &occasion.terms.settings);
    // A sale just before the day's end still has its token for as long as its number.
    let expires = day_ends.max(number_expires);
    let lines: Vec<TokenLine> = placed
        .lines()
        .iter()
        .map(|l| TokenLine {
            item: match l.sold.item {
                LineItem::Product { short, .. } => short,
                LineItem::Open => ShortNumber::OPEN,
            },
            milli: l.sold.quantity.milli(),
        })
        .collect();
    let body = TokenBody {
        key_id: tx.key_id()?,
        order: id,
        generation: 1,
        issued: at,
        expires,
        total: placed.priced().total,
        lines: TokenLines::of(&lines),
    };
    Ok(TokenV1 {
        generation: body.generation,
        issued_ms: at.0,
        expires_ms: expires.0,
        number: free_number(tx, me, occasion.edges, at)?.0,
        number_expires_ms: number_expires.0,
        code: tx.sign_token(&body)?,
    })
}

/// When a one-time number given out now ends.
pub(crate) fn number_expires(at: Moment, settings: &Settings) -> Moment {
    at.plus_ms(settings.int("token.number_minutes").saturating_mul(60_000))
}

/// A number of this counter's share that nobody holds now, found without a pattern.
pub(crate) fn free_number(
    tx: &Write<'_>,
    me: &store::Identity,
    edges: &Edges,
    at: Moment,
) -> Result<OneTimeNumber> {
    let start = u16::from_be_bytes(edges.random()) % ONE_TIME_SLOTS;
    for step in 0..ONE_TIME_SLOTS {
        let slot = (start + step) % ONE_TIME_SLOTS;
        let number = one_time_number(&me.number_key, me.lane, slot);
        if !tx.number_is_live(me.branch, number.0, at)? {
            return Ok(number);
        }
    }
    Err(Code::NumbersUsedUp.into())
}
