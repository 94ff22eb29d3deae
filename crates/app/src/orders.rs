//! Placing an order: pay first, get a number and a signed token, once.

use crate::{
    Actor, AppError, Code, Page, Result, Shop,
    cart::{
        Approvals, DiscountForm, Draft, OpenCart, RULES, TaxView, line_of_product, needs_approval,
        parse_quantity, price_now, pricing_refused,
    },
    days,
    edges::Edges,
    sessions::Approval,
    settings::Settings,
    wire::{Names, content_of, rfc3339, text},
};
use domain::{
    cart::{Cart, CartChange, CartLine, LineItem},
    discount::{Discount, DiscountKind},
    ids::{CartId, OrderId, ProductId, StaffId, TenderId},
    money::Money,
    numbers::{
        DISPLAY_NUMBERS_PER_LANE, DocumentKind, ONE_TIME_SLOTS, OneTimeNumber, ShortNumber, display_number,
        document_number, one_time_number, series_prefix,
    },
    order::{OrderState, Placed, Progress, UnitAccount, derive_state, place},
    people::Permission,
    pricing::price,
    quantity::{Quantity, Unit},
    tender::{Tender, TenderError, balance},
    time::Moment,
    token::{TokenBody, TokenLine, TokenLines},
};
use journal::{
    Body,
    body::{
        DiscountKindV1, DiscountV1, OrderCancelledV1, OrderLineV1, OrderPlacedV1, TenderTakenV1, TokenV1,
    },
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};
use store::{
    Reader, Write,
    orders::{OrderQuery, OrderRow},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// How long the till offers to undo a payment.
pub const UNDO_MS: i64 = 10_000;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
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
    /// A second person's PIN, for a discount above the limit.
    pub approval: Option<Approval>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceLine {
    pub product: Option<Uuid>,
    /// For a line without a product.
    pub name: Option<String>,
    pub quantity: Option<String>,
    /// Must be the product's own, when given.
    pub unit: Option<String>,
    /// Must be the catalogue's, unless the product's price is typed at the till.
    pub unit_price_minor: Option<i64>,
    pub discount: Option<DiscountForm>,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceTender {
    pub id: Uuid,
    /// cash
    pub method: String,
    /// One tender may leave it out and pays the rest.
    pub amount_minor: Option<i64>,
    /// What the customer handed over.
    pub received_minor: Option<i64>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelOrder {
    pub id: Uuid,
    pub reason: String,
    /// A second person's PIN, when the undo time is over.
    pub approval: Option<Approval>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderView {
    pub id: Uuid,
    /// Today's short number, for people.
    pub number: u32,
    pub document: String,
    /// placed, preparing, ready, partial, complete, refunded or cancelled
    pub state: String,
    pub placed_at: String,
    pub business_day: String,
    pub counter: Named,
    pub staff: Option<Named>,
    pub lines: Vec<OrderLineView>,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    pub taxes: Vec<TaxView>,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub tenders: Vec<TenderView>,
    /// Null once the order was cancelled.
    pub token: Option<TokenView>,
    pub undo_until: String,
    pub cancelled: Option<CancelledView>,
    pub demo: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Named {
    pub id: Uuid,
    pub name: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderLineView {
    pub line: u32,
    pub product: Option<Uuid>,
    pub name: String,
    pub names: Names,
    pub unit: String,
    pub quantity: String,
    pub unit_price_minor: i64,
    pub gross_minor: i64,
    pub discount_minor: i64,
    pub order_discount_minor: i64,
    pub amount_minor: i64,
    pub ordered: String,
    pub given: String,
    pub missing: String,
    pub refunded: String,
    pub open: String,
    pub note: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TenderView {
    pub id: Uuid,
    pub method: String,
    pub amount_minor: i64,
    pub received_minor: Option<i64>,
    pub change_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TokenView {
    /// The QR's text.
    pub code: String,
    /// Six digits, for when nothing can be scanned.
    pub number: String,
    pub generation: u32,
    pub expires_at: String,
    pub number_expires_at: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CancelledView {
    pub at: String,
    pub staff: Option<Named>,
    pub reason: String,
}

/// What is being sold, from a cart or from lines.
struct Sale {
    open: OpenCart,
    from_cart: Option<CartId>,
}

/// Where, when and by whom an order is placed.
pub(crate) struct Occasion<'a> {
    pub staff: Option<StaffId>,
    pub at: Moment,
    pub settings: &'a Settings,
    pub edges: &'a Edges,
    pub content: [u8; 32],
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
        if let Some(view) = self.store.read(|r| self.already_placed(r, id, &content))? {
            return Ok(view);
        }
        let approved_by = match &request.approval {
            Some(approval) => Some(self.approve(approval, Permission::DiscountAboveLimit, actor.seat)?),
            None => None,
        };
        let tenders = request
            .tenders
            .iter()
            .map(tender_of)
            .collect::<Result<Vec<_>>>()?;
        let settings = self.settings();
        let at = self.edges.now();
        let (view, fresh) = self.store.write(at, |tx| {
            if let Some(view) = self.already_placed(&tx.reader(), id, &content)? {
                return Ok::<_, AppError>((view, false));
            }
            let mut sale = match (&request.cart, &request.lines) {
                (Some(cart), None) => sale_of_cart(&tx.reader(), actor, CartId::from_uuid(*cart))?,
                (None, Some(lines)) => sale_of_lines(&tx.reader(), actor, lines, request.discount.as_ref())?,
                _ => return Err(AppError::new(Code::Malformed).because("either a cart or lines")),
            };
            if sale.open.cart.is_empty() {
                return Err(Code::CartEmpty.into());
            }
            if let Some(by) = approved_by {
                sale.open.approvals.insert(0, by);
            }
            needs_approval(&settings, actor, &sale.open)?;
            let total = sale.open.priced.total;
            if request
                .expected_total_minor
                .is_some_and(|expected| expected != total.minor())
            {
                return Err(AppError::new(Code::TotalDiffers).hint("total_minor", total.minor()));
            }
            let balanced = balance(total, &tenders).map_err(tender_refused)?;
            let placed = place(&sale.open.cart.lines, sale.open.priced.clone(), balanced)
                .map_err(|e| AppError::new(Code::Broken).because(e))?;
            let occasion = Occasion {
                staff: Some(actor.staff),
                at,
                settings: &settings,
                edges: &self.edges,
                content,
            };
            record_order(
                tx,
                id,
                &placed,
                sale.open.cart.discount.as_ref(),
                &sale.open.approvals,
                &occasion,
            )?;
            if let Some(cart) = sale.from_cart {
                tx.cart_paid(cart, actor.seat, id)?;
            }
            Ok((self.view_order(&tx.reader(), id)?, true))
        })?;
        if fresh {
            self.displays.paid(actor.seat, &view, at);
            self.live.tell("order", Some(view.id.to_string()));
            self.tell_cart(actor.seat);
        }
        Ok(view)
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
            Some(row) if row.content == *content => self.view_row(reader, &row).map(Some),
            Some(_) => Err(Code::IdReused.into()),
        }
    }

    pub fn order(&self, id: OrderId) -> Result<OrderView> {
        self.store.read(|r| self.view_order(r, id))
    }

    pub fn orders(&self, filter: &OrderFilter) -> Result<Page<OrderView>> {
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
        let cancelled = match filter.state.as_deref() {
            None | Some("") => None,
            Some("cancelled") => Some(true),
            Some("placed") => Some(false),
            Some(_) => return Err(AppError::field("state", "placed or cancelled")),
        };
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
            let query = OrderQuery {
                business_day,
                number,
                cancelled,
                before,
                limit: limit + 1,
            };
            let mut rows = r.orders(&query)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows
                .last()
                .filter(|_| more)
                .map(|row| format!("{}.{}", row.placed_ms, row.id));
            let items = rows
                .iter()
                .map(|row| self.view_row(r, row))
                .collect::<Result<_>>()?;
            Ok(Page { items, next })
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
            Some(approval) => Some(self.approve(approval, Permission::OrderCancel, actor.seat)?),
            None => None,
        };
        let now = self.edges.now();
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let row = tx.reader().order(id)?.ok_or(AppError::new(Code::NotFound))?;
            if row.cancelled_ms.is_some() {
                return Err(Code::OrderCancelled.into());
            }
            let in_time = now.0 <= row.placed_ms + UNDO_MS && row.staff == Some(actor.staff);
            if !in_time && approved_by.is_none() {
                actor.must(Permission::OrderCancel)?;
            }
            let body = OrderCancelledV1 {
                order: id.bytes(),
                cancelled_ms: now.0,
                reason,
                approved_by: approved_by.map(|s| s.bytes()),
            };
            tx.record(Some(actor.staff), &Body::OrderCancelled(body))?;
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
        self.displays.forget_order(actor.seat, id);
        self.live.tell("order", Some(id.to_string()));
        self.tell_cart(actor.seat);
        self.order(id)
    }

    pub(crate) fn view_order(&self, reader: &Reader<'_>, id: OrderId) -> Result<OrderView> {
        let row = reader.order(id)?.ok_or(AppError::new(Code::NotFound))?;
        self.view_row(reader, &row)
    }

    fn view_row(&self, reader: &Reader<'_>, row: &OrderRow) -> Result<OrderView> {
        let people = reader.staff(true)?;
        let named = |id: Option<StaffId>| {
            id.and_then(|id| people.iter().find(|p| p.id == id))
                .map(|p| Named {
                    id: p.id.uuid(),
                    name: p.name.clone(),
                })
        };
        let mut lines = Vec::new();
        let mut accounts = Vec::new();
        for line in reader.order_lines(row.id)? {
            let names = match line.product {
                Some(product) => reader.product(product)?.map(|p| p.names).unwrap_or_default(),
                None => Names::new(),
            };
            let unit: Unit = line
                .unit
                .parse()
                .map_err(|e| AppError::new(Code::Broken).because(e))?;
            let shown = |milli| {
                Quantity::from_milli(milli, unit)
                    .map(|q| q.to_string())
                    .unwrap_or_default()
            };
            let account = UnitAccount::new(line.milli).map_err(|e| AppError::new(Code::Broken).because(e))?;
            lines.push(OrderLineView {
                line: line.line,
                product: line.product.map(|p| p.uuid()),
                name: line.name,
                names,
                unit: line.unit,
                quantity: shown(line.milli),
                unit_price_minor: line.unit_price_minor,
                gross_minor: line.gross_minor,
                discount_minor: line.discount_minor,
                order_discount_minor: line.order_discount_minor,
                amount_minor: line.gross_minor - line.discount_minor,
                ordered: shown(account.ordered()),
                given: shown(account.given()),
                missing: shown(account.missing()),
                refunded: shown(account.refunded()),
                open: shown(account.open()),
                note: line.note,
            });
            accounts.push(account);
        }
        let tenders = reader.tenders(row.id)?;
        let settings = self.settings();
        let state: OrderState = derive_state(row.cancelled_ms.is_some(), Progress::Placed, &accounts);
        Ok(OrderView {
            id: row.id.uuid(),
            number: row.number,
            document: document_of(row),
            state: state.as_str().to_owned(),
            placed_at: rfc3339(Moment(row.placed_ms)),
            business_day: days::text_of(row.business_day),
            counter: Named {
                id: row.counter.uuid(),
                name: settings.text("counter.name").to_owned(),
            },
            staff: named(row.staff),
            lines,
            subtotal_minor: row.subtotal_minor,
            discount_minor: row.line_discount_minor + row.order_discount_minor,
            taxes: vec![],
            rounding_minor: row.rounding_minor,
            total_minor: row.total_minor,
            tenders: tenders
                .into_iter()
                .map(|t| TenderView {
                    id: t.id.uuid(),
                    method: t.method,
                    amount_minor: t.amount_minor,
                    received_minor: t.received_minor,
                    change_minor: t.change_minor,
                })
                .collect(),
            token: row.cancelled_ms.is_none().then(|| TokenView {
                code: row.token_code.clone(),
                number: OneTimeNumber(row.token_number).to_string(),
                generation: row.token_generation,
                expires_at: rfc3339(Moment(row.token_expires_ms)),
                number_expires_at: rfc3339(Moment(row.number_expires_ms)),
            }),
            undo_until: rfc3339(Moment(row.placed_ms + UNDO_MS)),
            cancelled: row.cancelled_ms.map(|at| CancelledView {
                at: rfc3339(Moment(at)),
                staff: named(row.cancelled_by),
                reason: row.cancel_reason.clone().unwrap_or_default(),
            }),
            demo: self.identity.demo,
        })
    }
}

/// What a list of orders is narrowed to.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrderFilter {
    /// A business day like 2026-11-21.
    pub day: Option<String>,
    /// A display number, a one-time number or a document number.
    pub q: Option<String>,
    /// placed or cancelled
    pub state: Option<String>,
    pub limit: Option<usize>,
    pub after: Option<String>,
}

fn cursor(text: &str) -> Result<(i64, OrderId)> {
    text.split_once('.')
        .and_then(|(ms, id)| Some((ms.parse().ok()?, id.parse().ok()?)))
        .ok_or_else(|| AppError::field("after", "this is not a cursor of this list"))
}

fn document_of(row: &OrderRow) -> String {
    format!("{}/{}/{:06}", row.prefix, row.fiscal_year, row.document_no)
}

fn tender_of(form: &PlaceTender) -> Result<Tender> {
    Ok(Tender {
        id: TenderId::from_uuid(form.id),
        method: form.method.parse().map_err(tender_refused)?,
        amount: form.amount_minor.map(Money::from_minor),
        received: form.received_minor.map(Money::from_minor),
    })
}

fn tender_refused(error: TenderError) -> AppError {
    let code = match error {
        TenderError::DoesNotSum | TenderError::ReceivedTooLittle => Code::TenderShort,
        TenderError::NegativeTotal
        | TenderError::NotPositive
        | TenderError::TwoOpenAmounts
        | TenderError::DuplicateId
        | TenderError::UnknownMethod
        | TenderError::Money(_) => Code::TenderInvalid,
    };
    AppError::new(code).because(error)
}

fn sale_of_cart(reader: &Reader<'_>, actor: &Actor, id: CartId) -> Result<Sale> {
    let row = reader
        .cart(id)?
        .filter(|row| row.seat == actor.seat && row.parked_ms.is_none())
        .ok_or(AppError::new(Code::CartGone))?;
    let (cart, approvals) = Draft::read(&row)?.cart.open(id)?;
    Ok(Sale {
        open: price_now(reader, cart, approvals)?,
        from_cart: Some(id),
    })
}

fn sale_of_lines(
    reader: &Reader<'_>,
    actor: &Actor,
    lines: &[PlaceLine],
    discount: Option<&DiscountForm>,
) -> Result<Sale> {
    let mut cart = Cart::empty(CartId::from_bytes([0; 16]));
    for form in lines {
        let line = cart.next_line;
        let (item, name, unit_price, quantity) = match (form.product, &form.name) {
            (Some(product), _) => {
                let row = reader
                    .product(ProductId::from_uuid(product))?
                    .ok_or_else(|| AppError::new(Code::NotFound).hint("product", product.to_string()))?;
                if form.unit.as_ref().is_some_and(|unit| *unit != row.unit) {
                    return Err(AppError::field(
                        "unit",
                        format!("this product is sold by {}", row.unit),
                    ));
                }
                line_of_product(&row, form.quantity.as_deref(), form.unit_price_minor, actor)?
            }
            (None, Some(name)) => {
                actor.must(Permission::PriceOpen)?;
                let minor = form
                    .unit_price_minor
                    .ok_or_else(|| AppError::field("unit_price_minor", "a price is missing"))?;
                if minor < 0 {
                    return Err(Code::PriceTooLarge.into());
                }
                let unit: Unit = match &form.unit {
                    Some(unit) => unit.parse().map_err(|e| AppError::field("unit", e))?,
                    None => Unit::Piece,
                };
                (
                    LineItem::Open,
                    text("name", name, 80)?,
                    Money::from_minor(minor),
                    parse_quantity(form.quantity.as_deref(), unit)?,
                )
            }
            (None, None) => return Err(AppError::field("product", "a line needs a product or a name")),
        };
        if quantity.is_zero() {
            return Err(AppError::new(Code::QuantityInvalid).because("nothing of it"));
        }
        if cart.lines.len() >= domain::cart::MAX_LINES {
            return Err(Code::CartTooLong.into());
        }
        cart.lines.push(CartLine {
            line,
            item,
            name,
            quantity,
            unit_price,
            discount: form.discount.as_ref().map(DiscountForm::checked).transpose()?,
            note: crate::wire::optional_text("note", form.note.as_deref(), 200)?.unwrap_or_default(),
        });
        cart.next_line += 1;
    }
    let discount = discount.map(DiscountForm::checked).transpose()?;
    let cart = cart
        .apply(&CartChange::DiscountOrder { discount })
        .map_err(|e| AppError::new(Code::DiscountInvalid).because(e))?;
    let priced = price(&cart.lines, cart.discount.as_ref(), &RULES).map_err(pricing_refused)?;
    Ok(Sale {
        open: OpenCart {
            cart,
            approvals: Approvals::new(),
            priced,
            products: Default::default(),
        },
        from_cart: None,
    })
}

/// Writes a placed order: its number, its document, its token, its tenders. Also tells the demo's stories.
pub(crate) fn record_order(
    tx: &mut Write<'_>,
    id: OrderId,
    placed: &Placed,
    discount: Option<&Discount>,
    approvals: &Approvals,
    occasion: &Occasion<'_>,
) -> Result<()> {
    let Occasion { at, settings, .. } = *occasion;
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
    let document_no = tx.last_document(prefix.as_str(), &label)? + 1;
    document_number(prefix, &year, document_no).map_err(|e| AppError::new(Code::NumbersUsedUp).because(e))?;
    let lines: Vec<OrderLineV1> = placed
        .lines()
        .iter()
        .map(|l| line_fact(l, approvals))
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
    let body = OrderPlacedV1 {
        order: id.bytes(),
        counter: me.counter.bytes(),
        placed_ms: at.0,
        business_day: time.business_day,
        hour: time.hour,
        number: display_number(me.lane, nth),
        prefix: prefix.as_str().to_owned(),
        fiscal_year: label,
        document_no,
        lines,
        discount: discount
            .map(|d| discount_fact(d, approvals.get(&0)))
            .transpose()?,
        subtotal_minor: priced.subtotal.minor(),
        line_discount_minor: priced.line_discount.minor(),
        order_discount_minor: priced.order_discount.minor(),
        rounding_minor: priced.rounding.minor(),
        total_minor: priced.total.minor(),
        token,
        content: occasion.content,
    };
    tx.record(occasion.staff, &Body::OrderPlaced(Box::new(body)))?;
    for tender in &placed.balanced().tenders {
        let body = TenderTakenV1 {
            tender: tender.id.bytes(),
            order: id.bytes(),
            method: tender.method.as_str().to_owned(),
            amount_minor: tender.amount.minor(),
            received_minor: Some(tender.received.minor()),
            change_minor: tender.change.minor(),
            taken_ms: at.0,
        };
        tx.record(occasion.staff, &Body::TenderTaken(body))?;
    }
    Ok(())
}

fn line_fact(line: &domain::order::PlacedLine, approvals: &Approvals) -> Result<OrderLineV1> {
    let sold = &line.sold;
    let (product, short) = match sold.item {
        LineItem::Product { id, short } => (Some(id.bytes()), short),
        LineItem::Open => (None, ShortNumber::OPEN),
    };
    Ok(OrderLineV1 {
        line: sold.line,
        product,
        short: (short.ordinal, short.counter),
        name: sold.name.clone(),
        unit: sold.quantity.unit().as_str().to_owned(),
        milli: sold.quantity.milli(),
        unit_price_minor: sold.unit_price.minor(),
        gross_minor: line.price.gross.minor(),
        discount: sold
            .discount
            .as_ref()
            .map(|d| discount_fact(d, approvals.get(&sold.line)))
            .transpose()?,
        discount_minor: line.price.discount.minor(),
        order_discount_minor: line.price.order_discount.minor(),
        note: sold.note.clone(),
    })
}

fn discount_fact(discount: &Discount, approved_by: Option<&StaffId>) -> Result<DiscountV1> {
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
    let at = occasion.at;
    let number_expires = at.plus_ms(
        occasion
            .settings
            .int("token.number_minutes")
            .saturating_mul(60_000),
    );
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
        number: free_number(tx, me, occasion)?.0,
        number_expires_ms: number_expires.0,
        code: tx.sign_token(&body)?,
    })
}

/// A number of this counter's share that nobody holds now, found without a pattern.
fn free_number(tx: &Write<'_>, me: &store::Identity, occasion: &Occasion<'_>) -> Result<OneTimeNumber> {
    let start = u16::from_be_bytes(occasion.edges.random()) % ONE_TIME_SLOTS;
    for step in 0..ONE_TIME_SLOTS {
        let slot = (start + step) % ONE_TIME_SLOTS;
        let number = one_time_number(&me.number_key, me.lane, slot);
        if !tx.number_is_live(number.0, occasion.at)? {
            return Ok(number);
        }
    }
    Err(Code::NumbersUsedUp.into())
}
