//! Open carts: durable drafts of one seat, priced anew from the catalogue whenever they are looked at.

use crate::{
    Actor, AppError, Code, Names, Page, Result, Shop,
    customers::{CustomerCard, card_of},
    exchanges::{CartExchange, DraftExchange},
    order_view::Named,
    payments,
    prices::{level_exists, unit_asked},
    pricing::{
        LineForm, OpenCart, Terms, modifiers_of, new_line, not_negative, parse_quantity, price_now,
        pricing_refused, taxes_within,
    },
    sessions::Approval,
    settings::Settings,
    tenders::OfferView,
    wire::{content_of, optional_text, rfc3339},
};
use domain::{
    cart::{Answered, Cart, CartChange, CartError, CartLine, Choice, LineItem, Modifier, PriceSource},
    discount::{Discount, DiscountKind},
    ids::{CartId, CustomerId, ProductId, SeatId, StaffId},
    money::Money,
    numbers::ShortNumber,
    people::Permission,
    phone::Phone,
    pricing::{Priced, PricingRules, discount_share_percent, price, untaxed},
    quantity::{Quantity, Unit},
    tax::cash_due,
    tender::cash_suggestions,
    time::Moment,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Reader, Write, catalog::ProductRow, drafts::CartRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// How many lines all kept undo steps may have together, so that a long cart stays quick to save.
const UNDO_LINES: usize = 2_000;
const UNDO_STEPS: usize = 50;
/// How many changes are remembered by id, for clients that ask again.
const REMEMBERED: usize = 64;

/// One discount of a request or of an answer: percent or amount, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscountForm {
    /// A decimal, more than 0 and at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_minor: Option<i64>,
    pub reason: String,
}

impl DiscountForm {
    pub(crate) fn checked(&self) -> Result<Discount> {
        let invalid = |why: &dyn std::fmt::Display| AppError::new(Code::DiscountInvalid).because(why);
        let kind = match (&self.percent, self.amount_minor) {
            (Some(percent), None) => DiscountKind::Percent(
                percent
                    .trim()
                    .parse::<Decimal>()
                    .map_err(|_| invalid(&"the percent is not a number"))?,
            ),
            (None, Some(minor)) => DiscountKind::Amount(Money::from_minor(minor)),
            _ => return Err(invalid(&"either a percent or an amount")),
        };
        let reason = optional_text("reason", Some(&self.reason), 200)?
            .ok_or_else(|| invalid(&"the reason is missing"))?;
        Discount::new(kind, &reason).map_err(|e| invalid(&e))
    }

    fn of(discount: &Discount) -> DiscountForm {
        let (percent, amount_minor) = match discount.kind() {
            DiscountKind::Percent(percent) => (Some(percent.normalize().to_string()), None),
            DiscountKind::Amount(amount) => (None, Some(amount.minor())),
        };
        DiscountForm {
            percent,
            amount_minor,
            reason: discount.reason().to_owned(),
        }
    }
}

/// The draft as it lies on the disk. Fields are only ever added, each with a default.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Draft {
    pub revision: u64,
    pub cart: DraftCart,
    #[serde(default)]
    undo: Vec<DraftCart>,
    #[serde(default)]
    redo: Vec<DraftCart>,
    #[serde(default)]
    pub paying: bool,
    #[serde(default)]
    pub received_minor: Option<i64>,
    /// What the guest is asked to pay another way than cash.
    #[serde(default)]
    pub offer: Option<OfferView>,
    #[serde(default)]
    pub last_line: Option<u32>,
    /// Whoever changed it last: it is theirs, until the next one goes on with it.
    #[serde(default)]
    pub held_by: Option<Uuid>,
    /// The quotation that it was taken up from.
    #[serde(default)]
    pub quotation: Option<Uuid>,
    /// What comes back for it.
    #[serde(default)]
    pub exchange: Option<DraftExchange>,
    /// What its version in force said of itself then.
    #[serde(default)]
    pub quotation_content: Option<[u8; 32]>,
    #[serde(default)]
    applied: Vec<(Uuid, [u8; 32])>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DraftCart {
    lines: Vec<DraftLine>,
    discount: Option<DraftDiscount>,
    next_line: u32,
    #[serde(default)]
    customer: Option<Uuid>,
    #[serde(default)]
    level: Option<String>,
    /// Empty is the counter.
    #[serde(default)]
    order_type: String,
    #[serde(default)]
    delivered_to: Option<String>,
    /// What it cost when it was last changed.
    #[serde(default)]
    total_minor: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct DraftLine {
    line: u32,
    product: Option<Uuid>,
    ordinal: u16,
    counter: u32,
    name: String,
    milli: i64,
    unit: String,
    unit_price_minor: i64,
    discount: Option<DraftDiscount>,
    note: String,
    #[serde(default)]
    level: Option<String>,
    #[serde(default)]
    typed_minor: Option<i64>,
    #[serde(default)]
    modifiers: Vec<DraftModifier>,
    /// Of the product's base unit in one of the line's.
    #[serde(default = "one_thousand")]
    base_milli: i64,
    #[serde(default)]
    source: String,
}

const fn one_thousand() -> i64 {
    1000
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct DraftModifier {
    id: Uuid,
    name: String,
    price_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct DraftDiscount {
    form: DiscountForm,
    approved_by: Option<Uuid>,
}

/// Who approved the discounts of a cart: by line, 0 being the whole order.
pub(crate) type Approvals = BTreeMap<u32, StaffId>;

impl DraftCart {
    /// The domain's cart and who approved what in it.
    pub(crate) fn open(&self, id: CartId) -> Result<(Cart, Approvals)> {
        let broken = |e: &dyn std::fmt::Display| AppError::new(Code::Broken).because(e);
        let mut approvals = Approvals::new();
        let mut discount_of = |line: u32, kept: &Option<DraftDiscount>| -> Result<Option<Discount>> {
            let Some(kept) = kept else { return Ok(None) };
            if let Some(by) = kept.approved_by {
                approvals.insert(line, StaffId::from_uuid(by));
            }
            kept.form.checked().map(Some)
        };
        let mut lines = Vec::with_capacity(self.lines.len());
        for l in &self.lines {
            let unit: Unit = l.unit.parse().map_err(|e| broken(&e))?;
            lines.push(CartLine {
                line: l.line,
                item: match l.product {
                    Some(id) => LineItem::Product {
                        id: ProductId::from_uuid(id),
                        short: ShortNumber {
                            ordinal: l.ordinal,
                            counter: l.counter,
                        },
                    },
                    None => LineItem::Open,
                },
                name: l.name.clone(),
                quantity: Quantity::from_milli(l.milli, unit).map_err(|e| broken(&e))?,
                unit_price: Money::from_minor(l.unit_price_minor),
                choice: Choice {
                    level: l.level.clone(),
                    typed: l.typed_minor.map(Money::from_minor),
                    modifiers: l
                        .modifiers
                        .iter()
                        .map(|m| Modifier {
                            id: *m.id.as_bytes(),
                            name: m.name.clone(),
                            price: Money::from_minor(m.price_minor),
                        })
                        .collect(),
                },
                answered: Answered {
                    source: PriceSource::ALL
                        .into_iter()
                        .find(|source| source.as_str() == l.source)
                        .unwrap_or_default(),
                    base_milli: l.base_milli,
                    ..Answered::default()
                },
                discount: discount_of(l.line, &l.discount)?,
                note: l.note.clone(),
            });
        }
        let discount = discount_of(0, &self.discount)?;
        let next_line = self.next_line.max(1);
        Ok((
            Cart {
                id,
                lines,
                discount,
                next_line,
                customer: self.customer.map(CustomerId::from_uuid),
                level: self.level.clone(),
                order_type: self.order_type.parse().unwrap_or_default(),
                delivered_to: self.delivered_to.clone(),
            },
            approvals,
        ))
    }

    fn of(cart: &Cart, approvals: &Approvals) -> DraftCart {
        let keep = |line: u32, discount: &Option<Discount>| {
            discount.as_ref().map(|d| DraftDiscount {
                form: DiscountForm::of(d),
                approved_by: approvals.get(&line).map(|s| s.uuid()),
            })
        };
        DraftCart {
            lines: cart
                .lines
                .iter()
                .map(|l| {
                    let (product, short) = match l.item {
                        LineItem::Product { id, short } => (Some(id.uuid()), short),
                        LineItem::Open => (None, ShortNumber::OPEN),
                    };
                    DraftLine {
                        line: l.line,
                        product,
                        ordinal: short.ordinal,
                        counter: short.counter,
                        name: l.name.clone(),
                        milli: l.quantity.milli(),
                        unit: l.quantity.unit().as_str().to_owned(),
                        unit_price_minor: l.unit_price.minor(),
                        discount: keep(l.line, &l.discount),
                        note: l.note.clone(),
                        level: l.choice.level.clone(),
                        typed_minor: l.choice.typed.map(Money::minor),
                        modifiers: l
                            .choice
                            .modifiers
                            .iter()
                            .map(|m| DraftModifier {
                                id: Uuid::from_bytes(m.id),
                                name: m.name.clone(),
                                price_minor: m.price.minor(),
                            })
                            .collect(),
                        base_milli: l.answered.base_milli,
                        source: l.answered.source.as_str().to_owned(),
                    }
                })
                .collect(),
            discount: keep(0, &cart.discount),
            next_line: cart.next_line,
            customer: cart.customer.map(|c| c.uuid()),
            level: cart.level.clone(),
            order_type: cart.order_type.as_str().to_owned(),
            delivered_to: cart.delivered_to.clone(),
            total_minor: None,
        }
    }

    /// The cart as a quotation keeps it: every price as it is now, whatever the catalogue says by then.
    pub(crate) fn at_its_prices(cart: &Cart, approvals: &Approvals) -> Result<Vec<u8>> {
        let mut draft = DraftCart::of(cart, approvals);
        for line in &mut draft.lines {
            line.typed_minor = Some(line.unit_price_minor);
        }
        serde_json::to_vec(&draft).map_err(|e| AppError::new(Code::Broken).caused(e))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl Draft {
    pub(crate) fn read(row: &CartRow) -> Result<Draft> {
        serde_json::from_slice(&row.draft).map_err(|e| AppError::new(Code::Broken).caused(e))
    }

    /// The draft of a quotation that the guest said yes to.
    pub(crate) fn of_quotation(cart: &[u8], quotation: Uuid, content: [u8; 32]) -> Result<Vec<u8>> {
        let cart = serde_json::from_slice(cart).map_err(|e| AppError::new(Code::Broken).caused(e))?;
        Draft {
            cart,
            quotation: Some(quotation),
            quotation_content: Some(content),
            ..Draft::default()
        }
        .bytes()
    }

    pub(crate) fn bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|e| AppError::new(Code::Broken).caused(e))
    }

    fn step(&mut self, next: DraftCart) {
        let old = std::mem::replace(&mut self.cart, next);
        self.undo.push(old);
        self.redo.clear();
        let mut lines: usize = self.undo.iter().map(|c| c.lines.len() + 1).sum();
        while self.undo.len() > 1 && (self.undo.len() > UNDO_STEPS || lines > UNDO_LINES) {
            lines -= self.undo.remove(0).lines.len() + 1;
        }
    }

    /// Whether this change was made already; another one by the same id is refused.
    pub(crate) fn knows(&self, id: Uuid, content: [u8; 32]) -> Result<bool> {
        match self.applied.iter().find(|(known, _)| *known == id) {
            None => Ok(false),
            Some((_, same)) if *same == content => Ok(true),
            Some(_) => Err(Code::IdReused.into()),
        }
    }

    /// Something beside the lines is another: nobody is paying any more.
    pub(crate) fn changed(&mut self, id: Uuid, content: [u8; 32]) {
        self.paying = false;
        self.received_minor = None;
        self.offer = None;
        self.revision += 1;
        self.remember(id, content);
    }

    fn remember(&mut self, id: Uuid, content: [u8; 32]) {
        self.applied.push((id, content));
        if self.applied.len() > REMEMBERED {
            self.applied.remove(0);
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeCart {
    pub id: Uuid,
    pub change: CartEdit,
    /// A second person's PIN, for a discount above the limit.
    pub approval: Option<Approval>,
}

/// What a person does to a cart.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CartEdit {
    Add {
        product: Uuid,
        quantity: Option<String>,
        /// The product's base unit, when not given.
        unit: Option<String>,
        /// Where the product's price is typed at the till, or `price_level` is typed; else what the client believes.
        unit_price_minor: Option<i64>,
        /// A level for this line alone, or `typed`.
        price_level: Option<String>,
        #[serde(default)]
        modifiers: Vec<Uuid>,
    },
    AddOpen {
        name: String,
        unit_price_minor: i64,
        quantity: Option<String>,
    },
    SetQuantity {
        line: u32,
        quantity: String,
    },
    Remove {
        line: u32,
    },
    /// Sold by another of the product's units; one of it, when no quantity is given.
    SetUnit {
        line: u32,
        unit: String,
        quantity: Option<String>,
    },
    /// The line's own price level; null is the cart's.
    SetLevel {
        line: u32,
        level: Option<String>,
    },
    /// A typed price; null is the catalogue's again.
    SetPrice {
        line: u32,
        unit_price_minor: Option<i64>,
    },
    SetModifiers {
        line: u32,
        modifiers: Vec<Uuid>,
    },
    SetCustomer {
        customer: Option<Uuid>,
    },
    /// The price level of all lines that have none of their own.
    SetCartLevel {
        level: Option<String>,
    },
    /// counter, eat_in, take_away or delivery
    SetOrderType {
        order_type: String,
    },
    /// Where the goods are delivered to, by the region's code; null: nowhere.
    SetDelivery {
        region: Option<String>,
    },
    DiscountLine {
        line: u32,
        discount: Option<DiscountForm>,
    },
    DiscountOrder {
        discount: Option<DiscountForm>,
    },
    Note {
        line: u32,
        note: String,
    },
    /// What the customer's screen shows: the cart, or cash being counted.
    Stage {
        stage: Stage,
        received_minor: Option<i64>,
    },
    Clear {},
    Undo {},
    Redo {},
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Cart,
    Cash,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CartView {
    pub id: Uuid,
    pub revision: u64,
    pub state: String,
    pub label: String,
    pub parked_at: Option<String>,
    /// Whoever worked on it last: at a till that changes hands, from whom it is.
    pub held_by: Option<Named>,
    pub lines: Vec<CartLineView>,
    pub discount: Option<DiscountForm>,
    /// Pieces, and one for each weighed line.
    pub items: String,
    pub customer: Option<CartCustomer>,
    /// The price level of lines that have none of their own.
    pub level: Option<String>,
    pub order_type: String,
    pub delivered_to: Option<String>,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    /// The amounts of the lines contain the taxes that are listed, but for what is on top.
    pub inclusive: bool,
    /// The taxes that come on top of the amounts of the lines; 0 when all prices contain theirs.
    pub tax_on_top_minor: i64,
    pub taxable_minor: i64,
    pub tax_minor: i64,
    pub taxes: Vec<TaxView>,
    /// The document's round-off.
    pub rounding_minor: i64,
    pub total_minor: i64,
    /// Prices that are no longer what they were when the cart was last changed.
    pub rate_changes: Vec<RateChange>,
    /// What it cost when it was last changed, where that is no longer so.
    pub total_was_minor: Option<i64>,
    pub can_undo: bool,
    pub can_redo: bool,
    pub stage: Stage,
    pub received_minor: Option<i64>,
    pub offer: Option<OfferView>,
    pub last_line: Option<u32>,
    pub cash_suggestions_minor: Vec<i64>,
    /// What comes back for it.
    pub exchange: Option<CartExchange>,
    /// The total less what the goods pay that come back.
    pub to_pay_minor: i64,
    /// What is due when all of it is paid in cash.
    pub cash_due_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CartCustomer {
    pub id: Uuid,
    pub name: String,
    /// All but six digits hidden.
    pub phone: Option<String>,
    /// retail, wholesale …
    #[serde(rename = "type")]
    pub kind: String,
    pub level: Option<String>,
    pub tax_number: Option<String>,
    pub balance_minor: i64,
    pub limit_minor: i64,
    pub blocked: bool,
}

/// A price that the catalogue changed while the cart stood open.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RateChange {
    pub line: u32,
    pub name: String,
    pub was_minor: i64,
    pub now_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CartLineView {
    pub line: u32,
    pub product: Option<Uuid>,
    pub name: String,
    pub names: Names,
    pub unit: String,
    pub quantity: String,
    /// Without modifiers.
    pub unit_price_minor: i64,
    /// The level that gave the price, when one did.
    pub level: Option<String>,
    /// The level picked for this line alone.
    pub own_level: Option<String>,
    /// catalog, level, break, customer or typed
    pub price_source: String,
    pub modifiers: Vec<ModifierView>,
    pub gross_minor: i64,
    /// The amount contains its taxes.
    pub inclusive: bool,
    pub hsn: String,
    pub taxable_minor: i64,
    pub tax_minor: i64,
    pub discount: Option<DiscountForm>,
    pub discount_minor: i64,
    pub order_discount_minor: i64,
    pub amount_minor: i64,
    pub note: String,
    pub art: crate::catalog::Art,
    pub category: Option<Uuid>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TaxView {
    pub name: String,
    /// In percent.
    pub rate: String,
    pub taxable_minor: i64,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ModifierView {
    pub id: Uuid,
    pub name: String,
    pub price_minor: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParkCart {
    pub id: Uuid,
    pub label: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteId {
    pub id: Uuid,
}

fn cart_refused(error: CartError) -> AppError {
    let code = match error {
        CartError::NoSuchLine { .. } => Code::LineGone,
        CartError::TooManyLines => Code::CartTooLong,
        CartError::NothingAdded | CartError::UnitsDiffer | CartError::QuantityTooLarge => {
            Code::QuantityInvalid
        }
        CartError::NegativePrice | CartError::LineTooLarge | CartError::Money(_) => Code::PriceTooLarge,
        CartError::Name(_) | CartError::NoteTooLong => Code::FieldInvalid,
    };
    AppError::new(code).because(error)
}

/// Whether the discounts of this cart need a second person who has not been asked yet.
pub(crate) fn needs_approval(settings: &Settings, actor: &Actor, open: &OpenCart) -> Result<()> {
    if actor.allows(Permission::DiscountAboveLimit) {
        return Ok(());
    }
    // What a second person approved is no longer counted against the first.
    let mut cart = open.cart.clone();
    for line in cart
        .lines
        .iter_mut()
        .filter(|line| open.approvals.contains_key(&line.line))
    {
        line.discount = None;
    }
    if open.approvals.contains_key(&0) {
        cart.discount = None;
    }
    let rules = PricingRules::default();
    let left = price(&cart.lines, cart.discount.as_ref(), &rules, &mut untaxed).map_err(pricing_refused)?;
    let limit = settings.int("discount.cashier_percent");
    if discount_share_percent(&left) > Decimal::from(limit) {
        return Err(AppError::new(Code::DiscountAboveLimit).hint("limit_percent", limit));
    }
    Ok(())
}

impl Shop {
    pub fn open_cart(&self, actor: &Actor) -> Result<CartView> {
        let found = self.store.read(|r| match r.open_cart(actor.seat)? {
            Some(row) => Ok(Some(self.view_cart(r, &row)?)),
            None => Ok::<_, AppError>(None),
        })?;
        match found {
            Some(view) => Ok(view),
            None => self.store.write(self.edges.now(), |tx| {
                let row = self.current_row(tx, actor.seat)?;
                self.view_cart(&tx.reader(), &row)
            }),
        }
    }

    /// The seat's open cart, made when there is none.
    pub(crate) fn current_row(&self, tx: &Write<'_>, seat: SeatId) -> Result<CartRow> {
        if let Some(row) = tx.reader().open_cart(seat)? {
            return Ok(row);
        }
        let row = CartRow {
            id: CartId::from_uuid(self.edges.new_id()),
            seat,
            parked_ms: None,
            label: String::new(),
            draft: Draft::default().bytes()?,
        };
        tx.save_cart(&row)?;
        Ok(row)
    }

    pub fn change_cart(&self, actor: &Actor, request: &ChangeCart) -> Result<CartView> {
        let approved_by = match &request.approval {
            Some(approval) => Some(self.approve(approval, Permission::DiscountAboveLimit, actor)?),
            None => None,
        };
        let content = content_of(
            "cart",
            &ChangeCart {
                approval: None,
                ..request.clone()
            },
        )?;
        let view = self.store.write(self.edges.now(), |tx| {
            let terms = self.terms(&tx.reader(), tx.now())?;
            let mut row = self.current_row(tx, actor.seat)?;
            let mut draft = Draft::read(&row)?;
            if let Some((_, same)) = draft.applied.iter().find(|(id, _)| *id == request.id) {
                return if *same == content {
                    self.view_cart(&tx.reader(), &row)
                } else {
                    Err(Code::IdReused.into())
                };
            }
            if !matches!(request.change, CartEdit::Stage { .. }) {
                payments::must_be_free(&tx.reader(), row.id)?;
            }
            edit(
                &tx.reader(),
                &terms,
                actor,
                &mut draft,
                &request.change,
                row.id,
                approved_by,
            )?;
            if draft.cart.is_empty() {
                (draft.quotation, draft.quotation_content) = (None, None);
            }
            if !matches!(request.change, CartEdit::Stage { .. }) {
                draft.held_by = (!draft.cart.is_empty()).then(|| actor.staff.uuid());
            }
            draft.revision += 1;
            draft.remember(request.id, content);
            row.draft = draft.bytes()?;
            tx.save_cart(&row)?;
            self.view_cart(&tx.reader(), &row)
        })?;
        self.displays.forget_paid(actor.seat);
        if !matches!(request.change, CartEdit::Stage { .. }) {
            self.forget_ask(actor.seat);
        }
        self.tell_cart(actor.seat);
        Ok(view)
    }

    /// Puts the open cart aside; what is there is never lost.
    pub fn park_cart(&self, actor: &Actor, request: &ParkCart) -> Result<CartView> {
        let label = optional_text("label", request.label.as_deref(), 60)?.unwrap_or_default();
        let content = content_of("park", request)?;
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let row = self.current_row(tx, actor.seat)?;
            if Draft::read(&row)?.cart.is_empty() {
                return Err(Code::CartEmpty.into());
            }
            self.park_row(tx, row, label)
        })?;
        self.tell_cart(actor.seat);
        self.told_now();
        self.open_cart(actor)
    }

    fn park_row(&self, tx: &Write<'_>, mut row: CartRow, label: String) -> Result<()> {
        payments::must_be_free(&tx.reader(), row.id)?;
        let mut draft = Draft::read(&row)?;
        draft.paying = false;
        draft.received_minor = None;
        draft.offer = None;
        row.draft = draft.bytes()?;
        row.parked_ms = Some(tx.now().0);
        if !label.is_empty() {
            row.label = label;
        }
        tx.save_cart(&row)?;
        self.share_cart(tx, row.id)
    }

    pub fn parked_carts(&self) -> Result<Page<CartView>> {
        self.store.read(|r| {
            let rows = r.parked_carts()?;
            rows.iter()
                .map(|row| self.view_cart(r, row))
                .collect::<Result<_>>()
                .map(Page::whole)
        })
    }

    /// Brings a parked cart to this seat; the cart that is open there is parked when it has lines.
    pub fn recall_cart(&self, actor: &Actor, id: CartId, request: &WriteId) -> Result<CartView> {
        let content = content_of(&format!("recall {id}"), request)?;
        let first = self
            .store
            .read(|r| r.answered(*request.id.as_bytes(), &content))?
            == store::drafts::Answered::No;
        if first && !self.has_parked(id)? {
            return self.take_cart(actor, id, request);
        }
        if first {
            self.still_mine(id, actor.seat, actor.staff, false)?;
        }
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let mut row = tx
                .reader()
                .cart(id)?
                .filter(|row| row.parked_ms.is_some())
                .ok_or(AppError::new(Code::CartGone))?;
            self.clear_seat(tx, actor.seat)?;
            let mut draft = Draft::read(&row)?;
            draft.held_by = Some(actor.staff.uuid());
            row.draft = draft.bytes()?;
            row.parked_ms = None;
            row.seat = actor.seat;
            Ok(tx.save_cart(&row)?)
        })?;
        self.displays.forget_paid(actor.seat);
        self.tell_cart(actor.seat);
        self.open_cart(actor)
    }

    /// Makes room for another cart: the one that is open is parked when it has lines.
    pub(crate) fn clear_seat(&self, tx: &Write<'_>, seat: SeatId) -> Result<()> {
        if let Some(open) = tx.reader().open_cart(seat)? {
            if Draft::read(&open)?.cart.is_empty() {
                tx.drop_cart(open.id)?;
            } else {
                self.park_row(tx, open, String::new())?;
            }
        }
        Ok(())
    }

    pub fn drop_parked_cart(&self, actor: &Actor, id: CartId) -> Result<()> {
        self.store.write(self.edges.now(), |tx| {
            payments::must_be_free(&tx.reader(), id)?;
            let parked = tx.reader().cart(id)?.is_some_and(|row| row.parked_ms.is_some());
            if parked && tx.drop_cart(id)? {
                tx.drop_cart_hop(id)?;
                Ok(())
            } else {
                Err(AppError::new(Code::CartGone))
            }
        })?;
        self.tell_cart(actor.seat);
        Ok(())
    }

    pub(crate) fn tell_cart(&self, seat: SeatId) {
        self.live.tell_seat(seat, "cart", None);
        self.tell_display(seat);
    }

    pub(crate) fn view_cart(&self, reader: &Reader<'_>, row: &CartRow) -> Result<CartView> {
        let draft = Draft::read(row)?;
        let (cart, approvals) = draft.cart.open(row.id)?;
        let kept: Vec<Money> = cart.lines.iter().map(|line| line.unit_price).collect();
        let terms = self.terms(reader, self.edges.now())?;
        let open = price_now(reader, &terms, cart, approvals)?;
        let rate_changes: Vec<RateChange> = open
            .cart
            .lines
            .iter()
            .zip(kept)
            .filter(|(line, was)| line.unit_price != *was)
            .map(|(line, was)| RateChange {
                line: line.line,
                name: line.name.clone(),
                was_minor: was.minor(),
                now_minor: line.unit_price.minor(),
            })
            .collect();
        let total = open.priced.total;
        let exchange = match &draft.exchange {
            Some(asked) => Some(self.view_exchange(reader, &terms, asked, total)?),
            None => None,
        };
        let pays = Money::from_minor(exchange.as_ref().map_or(0, |one| one.pays_minor));
        let to_pay = total.checked_sub(pays).map_err(|e| pricing_refused(e.into()))?;
        let (cash_due, _) = cash_due(to_pay, &open.priced.rules).map_err(|e| pricing_refused(e.into()))?;
        let lines = open
            .cart
            .lines
            .iter()
            .zip(&open.priced.lines)
            .map(|(line, priced)| {
                let product = match line.item {
                    LineItem::Product { id, .. } => open.products.get(&id),
                    LineItem::Open => None,
                };
                CartLineView {
                    line: line.line,
                    product: match line.item {
                        LineItem::Product { id, .. } => Some(id.uuid()),
                        LineItem::Open => None,
                    },
                    name: line.name.clone(),
                    names: product.map(|p| p.names.clone()).unwrap_or_default(),
                    unit: line.quantity.unit().as_str().to_owned(),
                    quantity: line.quantity.to_string(),
                    unit_price_minor: line.unit_price.minor(),
                    level: line.answered.level.clone(),
                    own_level: line.choice.level.clone(),
                    price_source: line.answered.source.as_str().to_owned(),
                    modifiers: line
                        .choice
                        .modifiers
                        .iter()
                        .map(|m| ModifierView {
                            id: Uuid::from_bytes(m.id),
                            name: m.name.clone(),
                            price_minor: m.price.minor(),
                        })
                        .collect(),
                    inclusive: line.answered.inclusive.unwrap_or(open.priced.rules.inclusive),
                    hsn: product.map(|p| p.hsn.clone()).unwrap_or_default(),
                    taxable_minor: priced.taxable.minor(),
                    tax_minor: priced.tax.minor(),
                    gross_minor: priced.gross.minor(),
                    discount: line.discount.as_ref().map(DiscountForm::of),
                    discount_minor: priced.discount.minor(),
                    order_discount_minor: priced.order_discount.minor(),
                    amount_minor: priced.amount.minor(),
                    note: line.note.clone(),
                    art: crate::catalog::Art::read(product.map_or("letters", |p| p.art.as_str())),
                    category: product.and_then(|p| p.category).map(|c| c.uuid()),
                }
            });
        Ok(CartView {
            id: row.id.uuid(),
            revision: draft.revision,
            state: if row.parked_ms.is_some() { "parked" } else { "open" }.to_owned(),
            label: row.label.clone(),
            parked_at: row.parked_ms.map(|ms| rfc3339(Moment(ms))),
            held_by: match draft.held_by {
                Some(id) => reader
                    .staff_name(StaffId::from_uuid(id))?
                    .map(|name| Named { id, name }),
                None => None,
            },
            lines: lines.collect(),
            discount: open.cart.discount.as_ref().map(DiscountForm::of),
            items: open.cart.item_count().to_string(),
            customer: open
                .card
                .as_ref()
                .map(|card| view_customer(card, terms.day, terms.settings.text("shop.country"))),
            level: open.cart.level.clone(),
            order_type: open.cart.order_type.as_str().to_owned(),
            delivered_to: open.cart.delivered_to.clone(),
            subtotal_minor: open.priced.subtotal.minor(),
            discount_minor: open.priced.discount().minor(),
            inclusive: taxes_within(
                open.priced.rules.inclusive,
                open.priced.tax,
                open.priced.tax_on_top(),
            ),
            tax_on_top_minor: open.priced.tax_on_top().minor(),
            taxable_minor: open.priced.taxable.minor(),
            tax_minor: open.priced.tax.minor(),
            taxes: taxes(&open.priced),
            rounding_minor: open.priced.rounding.minor(),
            total_minor: total.minor(),
            total_was_minor: draft.cart.total_minor.filter(|was| *was != total.minor()),
            rate_changes,
            can_undo: !draft.undo.is_empty(),
            can_redo: !draft.redo.is_empty(),
            stage: if draft.paying { Stage::Cash } else { Stage::Cart },
            received_minor: draft.received_minor,
            offer: draft.offer,
            last_line: draft.last_line,
            cash_suggestions_minor: cash_suggestions(cash_due, &terms.settings.currency)
                .iter()
                .map(|m| m.minor())
                .collect(),
            exchange,
            to_pay_minor: to_pay.minor(),
            cash_due_minor: cash_due.minor(),
        })
    }
}

pub(crate) fn taxes(priced: &Priced) -> Vec<TaxView> {
    priced
        .taxes
        .iter()
        .map(|t| TaxView {
            name: t.name.clone(),
            rate: t.rate.to_string(),
            taxable_minor: t.taxable.minor(),
            amount_minor: t.amount.minor(),
        })
        .collect()
}

fn view_customer(card: &CustomerCard, day: u32, country: &str) -> CartCustomer {
    CartCustomer {
        id: card.id.uuid(),
        name: card.name.clone(),
        phone: card
            .phone
            .as_deref()
            .and_then(|kept| Phone::from_kept(kept).ok())
            .map(|phone| phone.masked(country)),
        kind: card.kind.clone(),
        level: card.level.clone(),
        tax_number: card.tax_number_on(day).map(str::to_owned),
        balance_minor: card.balance_minor,
        limit_minor: card.limit_minor,
        blocked: card.blocked,
    }
}

/// Applies one edit to a draft, or refuses and leaves it alone.
fn edit(
    reader: &Reader<'_>,
    terms: &Terms,
    actor: &Actor,
    draft: &mut Draft,
    edit: &CartEdit,
    id: CartId,
    approved_by: Option<StaffId>,
) -> Result<()> {
    let (cart, mut approvals) = draft.cart.open(id)?;
    let change = match edit {
        CartEdit::Undo {} => {
            let before = draft.undo.pop().ok_or(AppError::new(Code::NothingToUndo))?;
            draft.redo.push(std::mem::replace(&mut draft.cart, before));
            draft.last_line = None;
            return Ok(());
        }
        CartEdit::Redo {} => {
            let after = draft.redo.pop().ok_or(AppError::new(Code::NothingToUndo))?;
            draft.undo.push(std::mem::replace(&mut draft.cart, after));
            draft.last_line = None;
            return Ok(());
        }
        CartEdit::Stage {
            stage,
            received_minor,
        } => {
            if *stage == Stage::Cash && !draft.paying {
                price_now(reader, terms, cart, approvals)?.must_be_there()?;
            }
            draft.paying = *stage == Stage::Cash;
            draft.offer = None;
            draft.received_minor = received_minor.filter(|r| draft.paying && *r >= 0);
            return Ok(());
        }
        CartEdit::Add {
            product,
            quantity,
            unit,
            unit_price_minor,
            price_level,
            modifiers,
        } => {
            let form = LineForm {
                product: Some(*product),
                unit: unit.as_deref(),
                quantity: quantity.as_deref(),
                unit_price_minor: *unit_price_minor,
                price_level: price_level.as_deref(),
                modifiers,
                ..LineForm::default()
            };
            new_line(reader, terms, actor, &cart, &form)?
        }
        CartEdit::AddOpen {
            name,
            unit_price_minor,
            quantity,
        } => {
            let form = LineForm {
                name: Some(name),
                quantity: quantity.as_deref(),
                unit_price_minor: Some(*unit_price_minor),
                ..LineForm::default()
            };
            new_line(reader, terms, actor, &cart, &form)?
        }
        CartEdit::SetUnit { line, unit, quantity } => {
            let row = product_of(reader, &cart, *line)?;
            CartChange::SetUnit {
                line: *line,
                quantity: parse_quantity(quantity.as_deref(), unit_asked(&row, Some(unit))?)?,
            }
        }
        CartEdit::SetLevel { line, level } => {
            // Asked for what it gives, so that a level which does not exist is refused here.
            product_of(reader, &cart, *line)?;
            level_exists(reader, level.as_deref())?;
            choose(&cart, *line, |choice| {
                choice.level.clone_from(level);
                choice.typed = None;
            })?
        }
        CartEdit::SetPrice {
            line,
            unit_price_minor,
        } => {
            actor.must(Permission::PriceType)?;
            product_of(reader, &cart, *line)?;
            let typed = unit_price_minor.map(not_negative).transpose()?;
            choose(&cart, *line, |choice| choice.typed = typed)?
        }
        CartEdit::SetModifiers { line, modifiers } => {
            let row = product_of(reader, &cart, *line)?;
            let picked = modifiers_of(reader, &row, modifiers)?;
            choose(&cart, *line, |choice| choice.modifiers = picked)?
        }
        CartEdit::SetCustomer { customer } => {
            let customer = customer.map(CustomerId::from_uuid);
            let card = customer.map(|id| card_of(reader, id)).transpose()?;
            CartChange::ForCustomer {
                customer: card.map(|card| card.id),
            }
        }
        CartEdit::SetCartLevel { level } => {
            level_exists(reader, level.as_deref())?;
            CartChange::AtLevel { level: level.clone() }
        }
        CartEdit::SetOrderType { order_type } => CartChange::As {
            order_type: order_type.parse().map_err(|e| AppError::field("order_type", e))?,
        },
        CartEdit::SetDelivery { region } => CartChange::DeliverTo {
            region: optional_text("region", region.as_deref(), 40)?,
        },
        CartEdit::SetQuantity { line, quantity } => {
            let unit = cart
                .line(*line)
                .ok_or(AppError::new(Code::LineGone))?
                .quantity
                .unit();
            CartChange::SetQuantity {
                line: *line,
                quantity: parse_quantity(Some(quantity), unit)?,
            }
        }
        CartEdit::Remove { line } => CartChange::Remove { line: *line },
        CartEdit::DiscountLine { line, discount } => {
            let discount = discount.as_ref().map(DiscountForm::checked).transpose()?;
            CartChange::DiscountLine {
                line: *line,
                discount,
            }
        }
        CartEdit::DiscountOrder { discount } => CartChange::DiscountOrder {
            discount: discount.as_ref().map(DiscountForm::checked).transpose()?,
        },
        CartEdit::Note { line, note } => CartChange::Note {
            line: *line,
            note: optional_text("note", Some(note), 200)?.unwrap_or_default(),
        },
        CartEdit::Clear {} => CartChange::Clear,
    };
    let mut next = cart.apply(&change).map_err(cart_refused)?;
    if draft.quotation.is_some() && !actor.allows(Permission::PriceType) {
        unquote(&cart, &mut next);
    }
    let discounted = match &change {
        CartChange::DiscountLine { line, discount } => Some((*line, discount.is_some())),
        CartChange::DiscountOrder { discount } => Some((0, discount.is_some())),
        _ => None,
    };
    if let Some((line, set)) = discounted {
        approvals.remove(&line);
        if let (true, Some(by)) = (set, approved_by) {
            approvals.insert(line, by);
        }
    }
    approvals.retain(|line, _| *line == 0 || next.line(*line).is_some());
    let grew = next
        .lines
        .iter()
        .find(|l| cart.line(l.line) != Some(l))
        .map(|l| l.line);
    let open = price_now(reader, terms, next, approvals)?;
    if matches!(discounted, Some((_, true))) {
        needs_approval(&terms.settings, actor, &open)?;
    }
    draft.last_line = grew.or(draft.last_line).filter(|l| open.cart.line(*l).is_some());
    draft.step(DraftCart {
        total_minor: Some(open.priced.total.minor()),
        ..DraftCart::of(&open.cart, &open.approvals)
    });
    draft.paying = false;
    draft.received_minor = None;
    draft.offer = None;
    Ok(())
}

/// Quoted prices are for the quantity, the unit and the customer that were quoted: what is something else now costs what
/// it costs.
fn unquote(quoted: &Cart, next: &mut Cart) {
    let same_customer = quoted.customer == next.customer;
    for line in &mut next.lines {
        let same = same_customer
            && quoted
                .line(line.line)
                .is_some_and(|old| old.quantity == line.quantity);
        if !same {
            line.choice.typed = None;
        }
    }
}

/// The catalogue's product behind a line.
fn product_of(reader: &Reader<'_>, cart: &Cart, line: u32) -> Result<ProductRow> {
    let one = cart.line(line).ok_or(AppError::new(Code::LineGone))?;
    let row = match one.item {
        LineItem::Product { id, .. } => reader.product(id)?,
        LineItem::Open => None,
    };
    row.ok_or_else(|| AppError::field("line", "this line is not of the catalogue"))
}

fn choose(cart: &Cart, line: u32, change: impl FnOnce(&mut Choice)) -> Result<CartChange> {
    let mut choice = cart
        .line(line)
        .ok_or(AppError::new(Code::LineGone))?
        .choice
        .clone();
    change(&mut choice);
    Ok(CartChange::Choose { line, choice })
}
