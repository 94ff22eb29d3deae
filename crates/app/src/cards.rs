//! Gift cards and store credit: money that the shop owes to whoever holds the code.
//!
//! A balance is looked at and taken from inside one write transaction, so of two who spend the same card at once
//! exactly one succeeds. Codes are shown to whoever issues a card and to whoever may see them; lists show the end.

use crate::{
    Actor, AppError, Code, Page, Result, Shop,
    days::branch_time,
    edges::Edges,
    order_view::{Directory, Named},
    sessions::Approval,
    settings::{CARD_PRODUCT, Settings},
    wire::{content_of, optional_text, rfc3339, text},
};
use domain::{
    card::{CardCode, CardError, CardStanding},
    ids::{CardId, CartId, CustomerId, OrderId, ProductId, StaffId, TenderId},
    money::Money,
    people::Permission,
    time::Moment,
};
use journal::{
    Body,
    body::{CardIssuedV1, CardMovedV1},
};
use serde::{Deserialize, Serialize};
use store::{
    Reader, Write,
    cards::{CardEntryRow, CardQuery, CardRow},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(crate) const GIFT_CARD: &str = "gift_card";
pub(crate) const STORE_CREDIT: &str = "store_credit";

/// What can be put on one card.
const MOST_MINOR: i64 = 1_000_000_000;
/// How many cards one line of an order can sell.
const MOST_SOLD: i64 = 100;
/// How long whoever sold a card may read its code.
const HANDING_OVER_MS: i64 = 10 * 60_000;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueCard {
    pub id: Uuid,
    /// gift_card or store_credit
    pub kind: String,
    pub amount_minor: i64,
    pub customer: Option<Uuid>,
    /// Why: a return without a receipt, a kindness.
    pub reason: String,
    /// A second person's PIN, for those who may not, and above the limit.
    pub approval: Option<Approval>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveCard {
    pub id: Uuid,
    /// top_up, adjust, block or unblock
    pub kind: String,
    /// What is put on it; below zero to take off, when it is adjusted.
    pub amount_minor: Option<i64>,
    pub reason: String,
    pub approval: Option<Approval>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindCard {
    /// What was scanned or typed.
    pub code: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CardView {
    pub id: Uuid,
    pub kind: String,
    /// The end of the code.
    pub tail: String,
    /// In fours; null for whoever may not see it.
    pub code: Option<String>,
    /// What its QR says; null like the code.
    pub qr: Option<String>,
    pub balance_minor: i64,
    /// Kept for payments that are under way.
    pub held_minor: i64,
    pub available_minor: i64,
    /// good, empty, blocked, expired, or overdrawn: counters apart from each other spent it twice
    pub state: String,
    pub customer: Option<Uuid>,
    pub order: Option<Uuid>,
    pub issued_at: String,
    pub expires_at: Option<String>,
    pub staff: Option<Named>,
    pub counter: Named,
    pub reason: String,
    pub approved_by: Option<Named>,
    /// What happened, the oldest first. Empty in lists.
    pub entries: Vec<CardEntryView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CardEntryView {
    pub id: Uuid,
    /// issued, topped_up, spent, given_back, adjusted, blocked or unblocked
    pub why: String,
    pub amount_minor: i64,
    /// After it.
    pub balance_minor: i64,
    pub order: Option<Uuid>,
    pub number: Option<u32>,
    pub at: String,
    pub staff: Option<Named>,
    pub counter: Named,
    pub reason: String,
    pub approved_by: Option<Named>,
}

/// The cards, and what the shop owes on them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CardList {
    pub items: Vec<CardView>,
    pub next: Option<String>,
    pub gift_cards_minor: i64,
    pub store_credit_minor: i64,
    /// How many have something on them.
    pub live: i64,
    /// The product whose sale makes gift cards.
    pub product: Option<Uuid>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CardFilter {
    /// gift_card or store_credit
    pub kind: Option<String>,
    pub customer: Option<Uuid>,
    /// The end of a code.
    pub tail: Option<String>,
    pub limit: Option<usize>,
    pub after: Option<String>,
}

/// A leg that a card pays.
pub(crate) struct Spend {
    pub amount: Money,
    pub order: OrderId,
    pub tender: TenderId,
    /// The cart that the order was: what its own payments keep of the card is its own.
    pub cart: Option<CartId>,
    pub staff: Option<StaffId>,
}

/// To whom a card's money goes.
pub(crate) enum GiveTo {
    /// Back to the card that it came from, or onto one that was shown.
    Card(CardId),
    /// New store credit, for a customer or for whoever holds the code.
    NewCredit(Option<CustomerId>),
}

/// Money onto a card: a refund, or a leg that another one took the place of.
pub(crate) struct Give {
    pub to: GiveTo,
    pub amount: Money,
    /// None for goods that came back without a receipt.
    pub order: Option<OrderId>,
    /// The leg or the refund's tender; a second gift for the same one is refused.
    pub tender: TenderId,
    pub reason: String,
    pub staff: Option<StaffId>,
    pub approved_by: Option<StaffId>,
}

pub(crate) fn refused(error: CardError) -> AppError {
    let code = match error {
        CardError::NotACode => Code::CardUnknown,
        CardError::Mistyped => Code::CardMistyped,
        CardError::Blocked => Code::CardBlocked,
        CardError::Expired => Code::CardExpired,
        CardError::TooLittle { available } => {
            return AppError::new(Code::CardShort).hint("available_minor", available.minor());
        }
        CardError::NotPositive | CardError::Money(_) => Code::TenderInvalid,
    };
    AppError::new(code).because(error)
}

/// The card of a code as it was scanned or typed.
pub(crate) fn card_of(reader: &Reader<'_>, typed: &str) -> Result<CardRow> {
    let code: CardCode = typed.parse().map_err(refused)?;
    reader
        .card_by_code(code.as_str())?
        .ok_or(AppError::new(Code::CardUnknown))
}

fn standing(reader: &Reader<'_>, row: &CardRow, but_for: Option<CartId>) -> Result<CardStanding> {
    Ok(CardStanding {
        balance: Money::from_minor(row.balance_minor),
        held: reader.held_on_card(row.id, but_for)?,
        blocked: row.blocked,
        expires: row.expires_ms.map(Moment),
    })
}

/// Whether a card can pay this much now; says which card it is.
pub(crate) fn may_spend(
    reader: &Reader<'_>,
    typed: &str,
    amount: Money,
    cart: Option<CartId>,
    now: Moment,
) -> Result<CardRow> {
    let row = card_of(reader, typed)?;
    standing(reader, &row, cart)?
        .may_spend(amount, now)
        .map_err(|error| refused(error).hint("tail", tail_of(&row)))?;
    Ok(row)
}

/// Takes a leg's amount from a card, in the transaction that records the leg.
pub(crate) fn spend(tx: &mut Write<'_>, settings: &Settings, typed: &str, spend: &Spend) -> Result<CardRow> {
    let row = may_spend(&tx.reader(), typed, spend.amount, spend.cart, tx.now())?;
    let taken = spend.amount.checked_neg().map_err(|e| refused(e.into()))?;
    record(
        tx,
        settings,
        spend.staff,
        &Movement {
            id: spend.tender.uuid(),
            card: row.id,
            why: "spent",
            amount: taken,
            order: Some(spend.order),
            tender: Some(spend.tender),
            reason: String::new(),
            approved_by: None,
        },
    )?;
    Ok(row)
}

/// Takes a leg's amount from a customer's store credit, the oldest first. The leg belongs to the first card.
pub(crate) fn spend_credit(
    tx: &mut Write<'_>,
    settings: &Settings,
    customer: CustomerId,
    spend: &Spend,
) -> Result<CardRow> {
    let now = tx.now();
    let mut left = spend.amount;
    let mut parts: Vec<(CardRow, Money)> = Vec::new();
    for row in tx.reader().credit_of(customer)? {
        let standing = standing(&tx.reader(), &row, spend.cart)?;
        let part = standing.available().min(left);
        if standing.may_spend(part, now).is_ok() {
            left = left.checked_sub(part).map_err(|e| refused(e.into()))?;
            parts.push((row, part));
        }
        if left.is_zero() {
            break;
        }
    }
    let available = spend.amount.checked_sub(left).map_err(|e| refused(e.into()))?;
    if left.is_positive() || parts.is_empty() {
        return Err(refused(CardError::TooLittle { available }));
    }
    for (n, (row, part)) in parts.iter().enumerate() {
        record(
            tx,
            settings,
            spend.staff,
            &Movement {
                id: match n {
                    0 => spend.tender.uuid(),
                    _ => derived("credit", &spend.tender.bytes(), n),
                },
                card: row.id,
                why: "spent",
                amount: part.checked_neg().map_err(|e| refused(e.into()))?,
                order: Some(spend.order),
                tender: Some(spend.tender),
                reason: String::new(),
                approved_by: None,
            },
        )?;
    }
    parts
        .into_iter()
        .next()
        .map(|(row, _)| row)
        .ok_or(Code::Broken.into())
}

/// Puts money onto a card, in the transaction that records why.
pub(crate) fn give(tx: &mut Write<'_>, settings: &Settings, edges: &Edges, give: &Give) -> Result<CardRow> {
    if !give.amount.is_positive() {
        return Err(refused(CardError::NotPositive));
    }
    let card = match give.to {
        GiveTo::Card(id) => {
            tx.reader().card(id)?.ok_or(AppError::new(Code::CardUnknown))?;
            id
        }
        GiveTo::NewCredit(customer) => {
            let id = CardId::from_uuid(derived("given", &give.tender.bytes(), 0));
            issue(
                tx,
                settings,
                edges,
                give.staff,
                &NewCard {
                    id,
                    kind: STORE_CREDIT,
                    customer,
                    sold: give.order.map(|order| (order, None)),
                    reason: give.reason.clone(),
                    approved_by: give.approved_by,
                },
            )?;
            id
        }
    };
    record(
        tx,
        settings,
        give.staff,
        &Movement {
            id: derived("given back", &give.tender.bytes(), 0),
            card,
            why: "given_back",
            amount: give.amount,
            order: give.order,
            tender: Some(give.tender),
            reason: give.reason.clone(),
            approved_by: give.approved_by,
        },
    )?;
    tx.reader().card(card)?.ok_or(Code::Broken.into())
}

/// Gives back what these legs took from cards, because the legs are void now. What was given back before stays so.
pub(crate) fn unspend(
    tx: &mut Write<'_>,
    settings: &Settings,
    staff: Option<StaffId>,
    order: OrderId,
    legs: &[TenderId],
    reason: &str,
) -> Result<()> {
    for leg in legs {
        let spent = tx.reader().spent_by(*leg)?;
        for (n, (card, amount)) in spent.into_iter().enumerate() {
            record(
                tx,
                settings,
                staff,
                &Movement {
                    id: derived("void", &leg.bytes(), n),
                    card,
                    why: "given_back",
                    amount,
                    order: Some(order),
                    tender: Some(*leg),
                    reason: reason.to_owned(),
                    approved_by: None,
                },
            )?;
        }
    }
    Ok(())
}

/// Kills cards that were sold and are paid back: with what is on them, unless something of it is gone already.
pub(crate) fn take_back(
    tx: &mut Write<'_>,
    settings: &Settings,
    staff: Option<StaffId>,
    order: OrderId,
    sold: &[CardRow],
    reason: &str,
) -> Result<()> {
    for row in sold.iter().filter(|row| row.kind == GIFT_CARD && !row.blocked) {
        let held = tx.reader().held_on_card(row.id, None)?;
        if held.is_positive() || tx.reader().card_was_used(row.id)? {
            return Err(AppError::new(Code::CardUsed).hint("tail", tail_of(row)));
        }
        let emptied = Money::from_minor(row.balance_minor)
            .checked_neg()
            .map_err(|e| refused(e.into()))?;
        for (n, (why, amount)) in [("adjusted", emptied), ("blocked", Money::ZERO)]
            .into_iter()
            .enumerate()
        {
            record(
                tx,
                settings,
                staff,
                &Movement {
                    id: derived("taken back", &row.id.bytes(), n),
                    card: row.id,
                    why,
                    amount,
                    order: Some(order),
                    tender: None,
                    reason: reason.to_owned(),
                    approved_by: None,
                },
            )?;
        }
    }
    Ok(())
}

/// A line of an order that sells gift cards.
pub(crate) struct SoldLine {
    pub line: u32,
    pub product: Option<ProductId>,
    pub milli: i64,
    pub unit_price: Money,
}

/// Makes the cards that an order sells: one for each piece of the product that the settings name, worth its price.
pub(crate) fn issue_sold(
    tx: &mut Write<'_>,
    settings: &Settings,
    edges: &Edges,
    staff: Option<StaffId>,
    order: OrderId,
    lines: &[SoldLine],
) -> Result<()> {
    let Ok(product) = settings.text(CARD_PRODUCT).parse::<ProductId>() else {
        return Ok(());
    };
    for line in lines.iter().filter(|line| line.product == Some(product)) {
        let pieces = line.milli / 1_000;
        if line.milli % 1_000 != 0 || !(1..=MOST_SOLD).contains(&pieces) || !line.unit_price.is_positive() {
            return Err(AppError::new(Code::QuantityInvalid).hint("line", line.line));
        }
        for n in 0..usize::try_from(pieces).unwrap_or(0) {
            let subject = [&order.bytes()[..], &line.line.to_be_bytes()].concat();
            let id = CardId::from_uuid(derived("sold", &subject, n));
            let card = NewCard {
                id,
                kind: GIFT_CARD,
                customer: None,
                sold: Some((order, Some(line.line))),
                reason: String::new(),
                approved_by: None,
            };
            issue(tx, settings, edges, staff, &card)?;
            record(
                tx,
                settings,
                staff,
                &Movement {
                    id: derived("issued", &id.bytes(), 0),
                    card: id,
                    why: "issued",
                    amount: line.unit_price,
                    order: Some(order),
                    tender: None,
                    reason: String::new(),
                    approved_by: None,
                },
            )?;
        }
    }
    Ok(())
}

struct NewCard {
    id: CardId,
    kind: &'static str,
    customer: Option<CustomerId>,
    /// The order and its line that it comes from.
    sold: Option<(OrderId, Option<u32>)>,
    reason: String,
    approved_by: Option<StaffId>,
}

fn issue(
    tx: &mut Write<'_>,
    settings: &Settings,
    edges: &Edges,
    staff: Option<StaffId>,
    card: &NewCard,
) -> Result<()> {
    let months = settings.int("card.valid_months");
    let body = CardIssuedV1 {
        card: card.id.bytes(),
        kind: card.kind.to_owned(),
        code: CardCode::from_random(edges.random()).as_str().to_owned(),
        customer: card.customer.map(|c| c.bytes()),
        order: card.sold.map(|(order, _)| order.bytes()),
        line: card.sold.and_then(|(_, line)| line),
        counter: tx.identity()?.counter.bytes(),
        issued_ms: tx.now().0,
        expires_ms: (months > 0).then(|| months_later(tx.now(), settings, months)),
        reason: card.reason.clone(),
        approved_by: card.approved_by.map(|s| s.bytes()),
    };
    Ok(tx.record(staff, &Body::CardIssued(body))?)
}

/// A new card with money on it that no sale paid for.
fn issue_with(
    tx: &mut Write<'_>,
    settings: &Settings,
    edges: &Edges,
    staff: Option<StaffId>,
    card: &NewCard,
    amount: Money,
) -> Result<()> {
    issue(tx, settings, edges, staff, card)?;
    record(
        tx,
        settings,
        staff,
        &Movement {
            id: derived("issued", &card.id.bytes(), 0),
            card: card.id,
            why: "issued",
            amount,
            order: None,
            tender: None,
            reason: card.reason.clone(),
            approved_by: card.approved_by,
        },
    )
}

/// Tells whoever writes demo stories how a gift card is given away.
pub(crate) fn record_gift(
    tx: &mut Write<'_>,
    settings: &Settings,
    edges: &Edges,
    staff: StaffId,
    customer: Option<CustomerId>,
    (amount, reason): (Money, &str),
) -> Result<()> {
    let card = NewCard {
        id: CardId::from_uuid(edges.new_id()),
        kind: GIFT_CARD,
        customer,
        sold: None,
        reason: reason.to_owned(),
        approved_by: None,
    };
    issue_with(tx, settings, edges, Some(staff), &card, amount)
}

/// The end of the branch's day so many months on.
fn months_later(now: Moment, settings: &Settings, months: i64) -> i64 {
    use jiff::{Timestamp, ToSpan, tz::TimeZone};
    let zone = TimeZone::get(settings.text("branch.zone")).unwrap_or(TimeZone::UTC);
    Timestamp::from_millisecond(now.0)
        .ok()
        .and_then(|at| {
            let day = at.to_zoned(zone.clone()).date();
            let day = day.checked_add(i32::try_from(months).ok()?.months()).ok()?;
            let midnight = day.checked_add(1.day()).ok()?.to_zoned(zone).ok()?;
            Some(midnight.timestamp().as_millisecond())
        })
        .unwrap_or(i64::MAX)
}

struct Movement {
    id: Uuid,
    card: CardId,
    why: &'static str,
    amount: Money,
    order: Option<OrderId>,
    tender: Option<TenderId>,
    reason: String,
    approved_by: Option<StaffId>,
}

fn record(
    tx: &mut Write<'_>,
    settings: &Settings,
    staff: Option<StaffId>,
    movement: &Movement,
) -> Result<()> {
    let now = tx.now();
    let day = branch_time(now, settings.text("branch.zone"), settings.day_starts_minutes());
    let body = CardMovedV1 {
        movement: *movement.id.as_bytes(),
        card: movement.card.bytes(),
        why: movement.why.to_owned(),
        amount_minor: movement.amount.minor(),
        order: movement.order.map(|o| o.bytes()),
        tender: movement.tender.map(|t| t.bytes()),
        counter: tx.identity()?.counter.bytes(),
        business_day: day.business_day,
        at_ms: now.0,
        reason: movement.reason.clone(),
        approved_by: movement.approved_by.map(|s| s.bytes()),
    };
    Ok(tx.record(staff, &Body::CardMoved(body))?)
}

/// An id that follows from what it is for, so that the same thing is never written twice.
fn derived(what: &str, subject: &[u8], n: usize) -> Uuid {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(b"chandi card v1 ")
        .update(what.as_bytes())
        .update(&n.to_be_bytes())
        .update(subject);
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Uuid::from_bytes(id)
}

fn tail_of(row: &CardRow) -> String {
    row.code[row.code.len().saturating_sub(4)..].to_owned()
}

impl Shop {
    /// Makes a card that no sale paid for: store credit for what came back without a receipt, or a gift.
    pub fn issue_card(&self, actor: &Actor, form: &IssueCard) -> Result<CardView> {
        let kept = IssueCard {
            approval: None,
            ..form.clone()
        };
        let content = content_of("card", &kept)?;
        let kind = match form.kind.as_str() {
            GIFT_CARD => GIFT_CARD,
            STORE_CREDIT => STORE_CREDIT,
            _ => return Err(AppError::field("kind", "a card is a gift_card or store_credit")),
        };
        let reason = text("reason", &form.reason, 200)?;
        if !(1..=MOST_MINOR).contains(&form.amount_minor) {
            return Err(AppError::field(
                "amount_minor",
                "this amount cannot be put on a card",
            ));
        }
        let settings = self.settings();
        let approved_by = match &form.approval {
            Some(approval) => Some(self.approve(approval, Permission::CardIssue, actor)?),
            None => None,
        };
        // Above the limit two people answer for it, whoever they are.
        let limit = settings.int("card.limit_minor");
        if approved_by.is_none() && (form.amount_minor > limit || !actor.allows(Permission::CardIssue)) {
            return Err(AppError::new(Code::CardNeedsApproval).hint("limit_minor", limit));
        }
        if approved_by == Some(actor.staff) && form.amount_minor > limit {
            return Err(AppError::new(Code::CardNeedsApproval)
                .hint("limit_minor", limit)
                .hint("why", "same_person"));
        }
        let card = CardId::from_uuid(form.id);
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let new = NewCard {
                id: card,
                kind,
                customer: form.customer.map(CustomerId::from_uuid),
                sold: None,
                reason,
                approved_by,
            };
            let amount = Money::from_minor(form.amount_minor);
            issue_with(tx, &settings, &self.edges, Some(actor.staff), &new, amount)
        })?;
        self.live.tell("card", Some(card.to_string()));
        // Whoever made it hands it over, so sees its code this once.
        self.view_card(card, true)
    }

    /// Puts more on a card, corrects it, blocks it or lets it pay again.
    pub fn move_card(&self, actor: &Actor, card: CardId, form: &MoveCard) -> Result<CardView> {
        let kept = MoveCard {
            approval: None,
            ..form.clone()
        };
        let content = content_of(&format!("card {card}"), &kept)?;
        let reason = text("reason", &form.reason, 200)?;
        let settings = self.settings();
        let amount = form.amount_minor.unwrap_or_default();
        let (why, needed) = match form.kind.as_str() {
            "top_up" if (1..=MOST_MINOR).contains(&amount) => ("topped_up", true),
            "adjust" if amount != 0 && (-MOST_MINOR..=MOST_MINOR).contains(&amount) => ("adjusted", true),
            "block" if form.amount_minor.is_none() => ("blocked", false),
            "unblock" if form.amount_minor.is_none() => ("unblocked", true),
            "top_up" | "adjust" | "block" | "unblock" => {
                return Err(AppError::field(
                    "amount_minor",
                    "this amount cannot be put on a card",
                ));
            }
            _ => return Err(AppError::field("kind", "top_up, adjust, block or unblock")),
        };
        let approved_by = match &form.approval {
            Some(approval) => Some(self.approve(approval, Permission::CardIssue, actor)?),
            None => None,
        };
        let limit = settings.int("card.limit_minor");
        // A card that was reported lost is blocked by whoever hears it; money onto one needs the right to.
        if needed && approved_by.is_none() && !actor.allows(Permission::CardIssue) {
            return Err(AppError::new(Code::CardNeedsApproval).hint("limit_minor", limit));
        }
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let row = tx.reader().card(card)?.ok_or(AppError::new(Code::NotFound))?;
            let moved = Money::from_minor(amount);
            let after = Money::from_minor(row.balance_minor)
                .checked_add(moved)
                .map_err(|e| refused(e.into()))?;
            // Above the limit two people answer for what is on a card, in however many steps it came there.
            if moved.is_positive() && after.minor() > limit && approved_by.is_none_or(|by| by == actor.staff)
            {
                let refused = AppError::new(Code::CardNeedsApproval).hint("limit_minor", limit);
                return Err(match approved_by {
                    Some(_) => refused.hint("why", "same_person"),
                    None => refused,
                });
            }
            let held = tx.reader().held_on_card(card, None)?;
            if moved.is_negative() && after < held {
                let standing = standing(&tx.reader(), &row, None)?;
                return Err(refused(CardError::TooLittle {
                    available: standing.available(),
                }));
            }
            record(
                tx,
                &settings,
                Some(actor.staff),
                &Movement {
                    id: form.id,
                    card,
                    why,
                    amount: moved,
                    order: None,
                    tender: None,
                    reason,
                    approved_by,
                },
            )
        })?;
        self.live.tell("card", Some(card.to_string()));
        self.view_card(card, actor.allows(Permission::CardIssue))
    }

    /// The card of a code, for the till.
    pub fn find_card(&self, form: &FindCard) -> Result<CardView> {
        let row = self.store.read(|r| card_of(r, &form.code))?;
        self.view_card(row.id, false)
    }

    pub fn card(&self, actor: &Actor, card: CardId) -> Result<CardView> {
        self.view_card(card, actor.allows(Permission::CardIssue))
    }

    fn view_card(&self, id: CardId, with_code: bool) -> Result<CardView> {
        let now = self.edges.now();
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let row = r.card(id)?.ok_or(AppError::new(Code::NotFound))?;
            let mut view = view(r, &names, &row, now, with_code)?;
            let mut balance = 0i64;
            view.entries = r
                .card_entries(id)?
                .into_iter()
                .map(|entry| {
                    balance = balance.saturating_add(entry.amount_minor);
                    view_entry(&names, entry, balance)
                })
                .collect();
            Ok(view)
        })
    }

    pub fn cards(&self, filter: &CardFilter) -> Result<CardList> {
        let limit = filter.limit.unwrap_or(50).clamp(1, 200);
        let now = self.edges.now();
        let query = CardQuery {
            kind: filter.kind.clone().filter(|kind| !kind.is_empty()),
            customer: filter.customer.map(CustomerId::from_uuid),
            tail: optional_text("tail", filter.tail.as_deref(), 19)?
                .map(|tail| tail.to_uppercase().replace([' ', '-'], "")),
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
            let rows = r.cards(&query)?;
            let next = rows
                .get(limit - 1)
                .filter(|_| rows.len() > limit)
                .map(|last| format!("{}.{}", last.issued_ms, last.id));
            let (gift_cards_minor, gifts) = r.cards_outstanding(GIFT_CARD)?;
            let (store_credit_minor, credits) = r.cards_outstanding(STORE_CREDIT)?;
            Ok(CardList {
                items: rows
                    .iter()
                    .take(limit)
                    .map(|row| view(r, &names, row, now, false))
                    .collect::<Result<_>>()?,
                next,
                gift_cards_minor,
                store_credit_minor,
                live: gifts + credits,
                product: self.settings().text(CARD_PRODUCT).parse().ok(),
            })
        })
    }

    /// The cards that an order sold or gave; with their codes only for whoever hands them over just now, and for
    /// those who may make cards anyway.
    pub fn cards_of_order(&self, actor: &Actor, order: OrderId) -> Result<Page<CardView>> {
        let now = self.edges.now();
        self.store.read(|r| {
            let hands_over = r
                .order(order)?
                .is_some_and(|row| row.staff == Some(actor.staff) && now.0 - row.placed_ms < HANDING_OVER_MS);
            let with_code = hands_over || actor.allows(Permission::CardIssue);
            let names = Directory::read(r)?;
            let items = r
                .cards_of_order(order)?
                .iter()
                .map(|row| view(r, &names, row, now, with_code))
                .collect::<Result<_>>()?;
            Ok(Page::whole(items))
        })
    }
}

/// A card as whoever hands it over just now, or may make cards anyway, sees it.
pub(crate) fn view_given(
    reader: &Reader<'_>,
    names: &Directory,
    id: CardId,
    actor: &Actor,
    given: (Option<StaffId>, i64),
    now: Moment,
) -> Result<CardView> {
    let row = reader.card(id)?.ok_or(AppError::new(Code::CardUnknown))?;
    let hands_over = given.0 == Some(actor.staff) && now.0 - given.1 < HANDING_OVER_MS;
    view(
        reader,
        names,
        &row,
        now,
        hands_over || actor.allows(Permission::CardIssue),
    )
}

fn view(
    reader: &Reader<'_>,
    names: &Directory,
    row: &CardRow,
    now: Moment,
    with_code: bool,
) -> Result<CardView> {
    let standing = standing(reader, row, None)?;
    let code: Option<CardCode> = row.code.parse().ok().filter(|_| with_code);
    let state = if row.blocked {
        "blocked"
    } else if row.balance_minor < 0 {
        "overdrawn"
    } else if standing.expires.is_some_and(|end| now >= end) {
        "expired"
    } else if row.balance_minor == 0 {
        "empty"
    } else {
        "good"
    };
    Ok(CardView {
        id: row.id.uuid(),
        kind: row.kind.clone(),
        tail: tail_of(row),
        code: code.map(|code| code.to_string()),
        qr: code.map(|code| code.qr()),
        balance_minor: row.balance_minor,
        held_minor: standing.held.minor(),
        available_minor: match state {
            "good" => standing.available().minor(),
            _ => 0,
        },
        state: state.to_owned(),
        customer: row.customer.map(CustomerId::uuid),
        order: row.order.map(OrderId::uuid),
        issued_at: rfc3339(Moment(row.issued_ms)),
        expires_at: row.expires_ms.map(|ms| rfc3339(Moment(ms))),
        staff: names.staff(row.staff),
        counter: names.counter(row.counter),
        reason: row.reason.clone(),
        approved_by: names.staff(row.approved_by),
        entries: vec![],
    })
}

fn view_entry(names: &Directory, entry: CardEntryRow, balance_minor: i64) -> CardEntryView {
    CardEntryView {
        id: entry.id,
        why: entry.why,
        amount_minor: entry.amount_minor,
        balance_minor,
        order: entry.order.map(OrderId::uuid),
        number: entry.number,
        at: rfc3339(Moment(entry.at_ms)),
        staff: names.staff(entry.staff),
        counter: names.counter(entry.counter),
        reason: entry.reason,
        approved_by: names.staff(entry.approved_by),
    }
}
