//! An order as the screens see it: what was bought, where each unit is now, and what happened to it.

use crate::{
    Actor, AppError, Code, Result, Shop,
    cart::{ModifierView, TaxView},
    catalog::Art,
    days,
    exchanges::{ExchangeLine, goods},
    orders::UNDO_MS,
    pricing::taxes_within,
    settings::Settings,
    wire::{Names, rfc3339},
};
use domain::{
    ids::{BranchId, CounterId, OrderId, SeatId, StaffId},
    money::Money,
    numbers::OneTimeNumber,
    order::{Progress, UnitAccount, derive_state},
    payment::PaymentState,
    people::Permission,
    phone::Phone,
    quantity::{Quantity, Unit},
    refund::{LineMoney, line_back, rounding_back},
    tax::Rate,
    tender::{TenderMethod, state_number, state_of},
    time::Moment,
};
use journal::body::{BuyerNameV1, RefundTenderV2};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::{
    Reader,
    handovers::{ClaimRow, HandoverRow, MoveRow, RefundRow},
    orders::{OrderLineRow, OrderRow, TaxRow},
    returns::ExchangeRow,
    tenders::TenderRow,
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OrderView {
    pub id: Uuid,
    /// Today's short number, for people.
    pub number: u32,
    pub document: String,
    /// placed, preparing, ready, partial, complete, refunded or cancelled
    pub state: String,
    pub placed_at: String,
    pub preparing_at: Option<String>,
    pub ready_at: Option<String>,
    /// Since when nothing is left to give.
    pub delivered_at: Option<String>,
    pub business_day: String,
    /// Only where the shop has more than one.
    pub branch: Option<Named>,
    pub counter: Named,
    pub staff: Option<Named>,
    /// What a person would count.
    pub items: String,
    pub lines: Vec<OrderLineView>,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    /// The amounts of the lines contain the taxes that are listed, but for what came on top.
    pub inclusive: bool,
    /// The taxes that came on top of the amounts of the lines; 0 when all prices contained theirs.
    pub tax_on_top_minor: i64,
    pub taxable_minor: i64,
    pub tax_minor: i64,
    pub taxes: Vec<TaxView>,
    pub rounding_minor: i64,
    pub total_minor: i64,
    /// What its legs have paid so far.
    pub paid_minor: i64,
    /// What no captured leg pays: a transfer that has not arrived, a payment that failed.
    pub unpaid_minor: i64,
    /// tax_invoice, bill_of_supply or receipt
    pub document_kind: String,
    pub customer: Option<Uuid>,
    pub buyer: Option<BuyerView>,
    pub place_of_supply: String,
    /// counter, eat_in, take_away or delivery
    pub order_type: String,
    /// Money due back for what was missing.
    pub due_minor: i64,
    pub refunded_minor: i64,
    /// Every leg, void ones too, in the order they were taken.
    pub tenders: Vec<TenderView>,
    /// Null once the order was cancelled or the token revoked, and for whoever may not give tokens out.
    pub token: Option<TokenView>,
    pub token_revoked: bool,
    /// The guest's number, all but six digits hidden.
    pub phone: Option<String>,
    pub undo_until: String,
    pub cancelled: Option<CancelledView>,
    /// The counter that has it open for handing over.
    pub claim: Option<ClaimView>,
    /// Until when the newest handover may be undone by whoever did it.
    pub handover_undo_until: Option<String>,
    pub credit_notes: Vec<CreditNoteView>,
    /// What came back for it, in an exchange.
    pub took_back: Option<TookBackView>,
    /// What happened, the oldest first. Empty in lists.
    pub history: Vec<EventView>,
    /// over_given: counters apart from each other gave out more than was ordered.
    pub anomaly: Option<String>,
    pub demo: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Named {
    pub id: Uuid,
    pub name: String,
}

/// Who bought, as the document said it when it was made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BuyerView {
    /// Null once the customer was erased.
    pub name: Option<String>,
    pub tax_number: Option<String>,
    pub region: Option<String>,
    pub address: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OrderLineView {
    pub line: u32,
    pub product: Option<Uuid>,
    pub name: String,
    pub names: Names,
    pub art: Art,
    pub hue: Option<String>,
    pub unit: String,
    pub quantity: String,
    /// Without modifiers.
    pub unit_price_minor: i64,
    pub level: Option<String>,
    /// catalog, level, break, customer or typed
    pub price_source: String,
    pub modifiers: Vec<ModifierView>,
    pub gross_minor: i64,
    pub discount_minor: i64,
    pub order_discount_minor: i64,
    pub amount_minor: i64,
    pub hsn: String,
    pub taxable_minor: i64,
    pub tax_minor: i64,
    /// By the order's taxes.
    pub taxes: Vec<TaxView>,
    pub ordered: String,
    pub open: String,
    pub given: String,
    /// claimed + kept
    pub missing: String,
    /// Missing, and its money goes back.
    pub claimed: String,
    /// Missing, and to be given later.
    pub kept: String,
    pub refunded: String,
    /// Money due back for what is claimed.
    pub due_minor: i64,
    /// What could still be paid back for this line.
    pub refundable_minor: i64,
    pub note: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TenderView {
    pub id: Uuid,
    pub method: String,
    pub amount_minor: i64,
    pub received_minor: Option<i64>,
    pub change_minor: i64,
    pub cash_rounding_minor: i64,
    pub tip_minor: i64,
    pub reference: String,
    pub provider: String,
    /// Foreign notes, at the rate of the moment.
    pub currency: Option<String>,
    pub foreign_minor: Option<i64>,
    /// The gateway's payment behind it.
    pub payment: Option<Uuid>,
    /// pending, authorised, captured, failed, voided, refunded or unknown
    pub state: String,
    pub at: String,
    pub staff: Option<Named>,
    /// When another way to pay took its place.
    pub voided_at: Option<String>,
    pub voided_by: Option<Named>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// The QR's text.
    pub code: String,
    /// Six digits, for when nothing can be scanned.
    pub number: String,
    pub generation: u32,
    pub expires_at: String,
    pub number_expires_at: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CancelledView {
    pub at: String,
    pub staff: Option<Named>,
    pub reason: String,
}

/// Who has an order open.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ClaimView {
    pub id: Uuid,
    /// Whether it is this very seat.
    pub mine: bool,
    pub staff: Option<Named>,
    pub counter: Named,
    /// The seat's number at its node.
    pub seat: u16,
    pub at: String,
    /// qr, number or confirmed
    pub by: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CreditNoteView {
    pub id: Uuid,
    pub document: String,
    pub at: String,
    pub staff: Option<Named>,
    pub approved_by: Option<Named>,
    pub reason: String,
    pub lines: Vec<CreditLineView>,
    pub tenders: Vec<RefundTenderView>,
    /// Without the taxes that go back too.
    pub taxable_minor: i64,
    pub tax_minor: i64,
    pub taxes: Vec<TaxView>,
    pub rounding_minor: i64,
    pub total_minor: i64,
    /// The claim authority could not be asked.
    pub offline: bool,
    /// What went out for it, in an exchange.
    pub exchanged_for: Option<ExchangedForView>,
}

/// The new order of an exchange.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExchangedForView {
    pub order: Uuid,
    pub number: u32,
    pub document: String,
    /// What of the refund paid for it.
    pub amount_minor: i64,
}

/// The goods that came back for an order.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TookBackView {
    /// The order that they were sold by.
    pub order: Uuid,
    pub number: u32,
    pub document: String,
    /// The refund, and the number of its credit note.
    pub refund: Uuid,
    pub credit_note: String,
    pub lines: Vec<ExchangeLine>,
    pub back_minor: i64,
    /// What of it paid for this order.
    pub pays_minor: i64,
    /// How the rest was paid back.
    pub tenders: Vec<RefundTenderView>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CreditLineView {
    pub line: u32,
    pub quantity: String,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RefundTenderView {
    pub id: Uuid,
    pub method: String,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EventView {
    /// placed, preparing, ready, handed_over, handover_undone, refunded, token_reissued, token_revoked or cancelled
    pub kind: String,
    /// The handover or refund that it is about.
    pub id: Option<Uuid>,
    pub at: String,
    pub staff: Option<Named>,
    pub approved_by: Option<Named>,
    pub counter: Option<Named>,
    pub seat: Option<u16>,
    pub reason: Option<String>,
    pub amount_minor: Option<i64>,
    pub lines: Vec<EventLineView>,
    /// How the guest's right was seen: qr, number or confirmed.
    pub by: Option<String>,
    pub undone: bool,
    pub offline: bool,
}

/// What a handover did to one line.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EventLineView {
    pub line: u32,
    pub name: String,
    pub unit: String,
    pub given: String,
    pub missing: String,
}

impl OrderView {
    /// As this person may see it: whoever only hands over or cooks needs no token of anybody's.
    pub(crate) fn for_eyes_of(mut self, actor: &Actor) -> OrderView {
        if !actor.allows(Permission::TokenReissue) {
            self.token = None;
        }
        if !actor.allows(Permission::CustomerRead) {
            (self.buyer, self.customer) = (None, None);
        }
        if !actor.allows(Permission::OrderPlace) {
            self.phone = None;
            for leg in &mut self.tenders {
                leg.reference.clear();
                leg.provider.clear();
            }
        }
        self
    }
}

/// Where a line's units are. When counters apart from each other gave too much, the surplus is cut for showing.
pub(crate) fn account_of(row: &OrderLineRow) -> Result<(UnitAccount, bool)> {
    let broken = |e| AppError::new(Code::Broken).because(e);
    let [given, claimed, kept, refunded] = [row.given, row.claimed, row.kept, row.refunded];
    if let Ok(account) = UnitAccount::from_parts(row.milli, given, claimed, kept, refunded) {
        return Ok((account, false));
    }
    let mut left = row.milli;
    let mut cut = |milli: i64| {
        let part = milli.clamp(0, left);
        left -= part;
        part
    };
    // Money that went back is never counted as still to go back.
    let (refunded, given, claimed, kept) = (cut(refunded), cut(given), cut(claimed), cut(kept));
    let account = UnitAccount::from_parts(row.milli, given, claimed, kept, refunded).map_err(broken)?;
    Ok((account, true))
}

pub(crate) fn money_of(row: &OrderLineRow) -> LineMoney {
    LineMoney {
        net: Money::from_minor(row.paid_minor()),
        ordered: row.milli,
    }
}

pub(crate) fn unit_of(row: &OrderLineRow) -> Result<Unit> {
    row.unit
        .parse()
        .map_err(|e| AppError::new(Code::Broken).because(e))
}

/// Thousandths as people read them in this unit.
pub(crate) fn shown(milli: i64, unit: Unit) -> String {
    Quantity::from_milli(milli, unit)
        .or_else(|_| Quantity::from_milli(milli, Unit::Kilogram))
        .map(|q| q.to_string())
        .unwrap_or_default()
}

/// What a person would count of so many thousandths.
pub(crate) fn counted(milli: i64, unit: Unit) -> u64 {
    match unit.is_measured() {
        true => u64::from(milli > 0),
        false => milli.unsigned_abs() / 1000,
    }
}

/// What would go back for all the money still due: lines and the order's rounding.
pub(crate) fn due_of(row: &OrderRow, lines: &[OrderLineRow]) -> Result<i64> {
    let back: Vec<(usize, i64)> = lines.iter().map(|l| l.claimed).enumerate().collect();
    let (amounts, rounding) = money_back(row, lines, &back)?;
    Ok(amounts.iter().sum::<i64>() + rounding)
}

/// The money for so many thousandths of some lines (by their place), and the part of the order's rounding.
pub(crate) fn money_back(
    row: &OrderRow,
    lines: &[OrderLineRow],
    back: &[(usize, i64)],
) -> Result<(Vec<i64>, i64)> {
    let too_large = |_| AppError::new(Code::PriceTooLarge);
    let mut amounts = Vec::with_capacity(back.len());
    for (at, milli) in back {
        let line = &lines[*at];
        let before = line.refunded.clamp(0, line.milli);
        let amount = line_back(&money_of(line), before, *milli).map_err(too_large)?;
        amounts.push(amount.minor());
    }
    let whole: i64 = lines.iter().map(OrderLineRow::paid_minor).sum();
    let before: i64 = lines.iter().map(|l| l.refunded_minor).sum();
    let after = before + amounts.iter().sum::<i64>();
    let [rounding, whole, before, after] = [row.rounding_minor, whole, before, after].map(Money::from_minor);
    let rounding = rounding_back(rounding, whole, before, after).map_err(too_large)?;
    Ok((amounts, rounding.minor()))
}

pub(crate) fn document_of(prefix: &str, fiscal_year: &str, n: u32) -> String {
    format!("{prefix}/{fiscal_year}/{n:06}")
}

/// Names of people, counters and colours, read once for a view or a whole page of them.
pub(crate) struct Directory {
    people: Vec<(StaffId, String)>,
    counters: HashMap<CounterId, String>,
    /// Empty in a shop of one branch, which need not be told where it is.
    branches: HashMap<BranchId, String>,
    hues: HashMap<Uuid, String>,
}

impl Directory {
    pub(crate) fn read(reader: &Reader<'_>) -> Result<Directory> {
        let branches = match reader.has_branches()? {
            true => Settings::branch_names(&reader.setting_everywhere("branch.name")?),
            false => HashMap::new(),
        };
        Ok(Directory {
            people: reader.staff_names()?,
            counters: Settings::counter_names(&reader.setting_everywhere("counter.name")?),
            branches,
            hues: reader
                .hues()?
                .into_iter()
                .map(|(category, hue)| (category.uuid(), hue))
                .collect(),
        })
    }

    pub(crate) fn staff(&self, id: Option<StaffId>) -> Option<Named> {
        let id = id?;
        self.people
            .iter()
            .find(|(known, _)| *known == id)
            .map(|(id, name)| Named {
                id: id.uuid(),
                name: name.clone(),
            })
    }

    pub(crate) fn counter(&self, id: CounterId) -> Named {
        let name = self.counters.get(&id).map_or("Till 1", String::as_str);
        Named {
            id: id.uuid(),
            name: name.to_owned(),
        }
    }

    /// Where something was done, in a shop of several branches.
    pub(crate) fn branch(&self, id: BranchId) -> Option<Named> {
        (!self.branches.is_empty()).then(|| Named {
            id: id.uuid(),
            name: self
                .branches
                .get(&id)
                .map_or(crate::branches::UNNAMED, String::as_str)
                .to_owned(),
        })
    }

    pub(crate) fn hue(&self, category: Option<Uuid>) -> Option<String> {
        self.hues.get(&category?).cloned()
    }
}

pub(crate) fn view_claim(names: &Directory, row: &ClaimRow, seat: Option<SeatId>) -> ClaimView {
    ClaimView {
        id: Uuid::from_bytes(row.claim),
        mine: seat == Some(row.seat),
        staff: names.staff(Some(row.staff)),
        counter: names.counter(row.counter),
        seat: row.seat_number,
        at: rfc3339(Moment(row.at_ms)),
        by: row.seen.clone(),
    }
}

impl Shop {
    /// One order with its history. `seat` is who asks, for whom a claim may be their own.
    pub(crate) fn view_order(
        &self,
        reader: &Reader<'_>,
        id: OrderId,
        seat: Option<SeatId>,
    ) -> Result<OrderView> {
        let row = reader.order(id)?.ok_or(AppError::new(Code::NotFound))?;
        let names = Directory::read(reader)?;
        let mut view = self.view_row(reader, &row, &names, seat)?;
        view.history = history(reader, &row, &view, &names)?;
        Ok(view)
    }

    pub(crate) fn view_row(
        &self,
        reader: &Reader<'_>,
        row: &OrderRow,
        names: &Directory,
        seat: Option<SeatId>,
    ) -> Result<OrderView> {
        let line_rows = reader.order_lines(row.id)?;
        let taxes = reader.order_taxes(row.id)?;
        let legs = reader.tenders(row.id)?;
        let paid_minor: i64 = legs
            .iter()
            .filter(|leg| leg.void_ms.is_none() && leg.state == state_number(PaymentState::Captured))
            .map(|leg| leg.amount_minor)
            .sum();
        let mut lines = Vec::with_capacity(line_rows.len());
        let mut accounts = Vec::with_capacity(line_rows.len());
        let (mut items, mut over) = (0, false);
        for (at, line) in line_rows.iter().enumerate() {
            let unit = unit_of(line)?;
            let (account, cut) = account_of(line)?;
            over |= cut;
            items += counted(line.milli, unit);
            let money = |milli: i64| -> Result<i64> {
                let (amounts, _) = money_back(row, &line_rows, &[(at, milli)])?;
                Ok(amounts.iter().sum())
            };
            let product = line
                .product
                .map(|id| reader.product_look(id))
                .transpose()?
                .flatten();
            let shown = |milli| shown(milli, unit);
            lines.push(OrderLineView {
                line: line.line,
                product: line.product.map(|p| p.uuid()),
                name: line.name.clone(),
                names: product.as_ref().map(|p| p.names.clone()).unwrap_or_default(),
                art: Art::read(product.as_ref().map_or("letters", |p| p.art.as_str())),
                hue: names.hue(product.and_then(|p| p.category).map(|c| c.uuid())),
                unit: line.unit.clone(),
                quantity: shown(line.milli),
                unit_price_minor: line.unit_price_minor,
                level: Some(line.level.clone()).filter(|level| !level.is_empty()),
                price_source: line.price_source.clone(),
                modifiers: line
                    .modifiers
                    .iter()
                    .map(|m| ModifierView {
                        id: Uuid::from_bytes(m.modifier),
                        name: m.name.clone(),
                        price_minor: m.price_minor,
                    })
                    .collect(),
                hsn: line.hsn.clone(),
                taxable_minor: line.taxable_minor,
                tax_minor: line.tax_minor,
                taxes: line
                    .taxes
                    .iter()
                    .filter_map(|part| {
                        let tax = taxes.get(usize::from(part.tax))?;
                        Some(TaxView {
                            name: tax.name.clone(),
                            rate: rate_text(tax.rate),
                            taxable_minor: line.taxable_minor,
                            amount_minor: part.amount_minor,
                        })
                    })
                    .collect(),
                gross_minor: line.gross_minor,
                discount_minor: line.discount_minor,
                order_discount_minor: line.order_discount_minor,
                amount_minor: line.gross_minor - line.discount_minor,
                ordered: shown(account.ordered()),
                open: shown(account.open()),
                given: shown(account.given()),
                missing: shown(account.missing()),
                claimed: shown(account.claimed()),
                kept: shown(account.kept()),
                refunded: shown(account.refunded()),
                due_minor: money(account.claimed())?,
                refundable_minor: money(account.ordered() - account.refunded())?,
                note: line.note.clone(),
            });
            accounts.push(account);
        }
        let refunds = reader.refunds(row.id)?;
        let country = self.settings().text("shop.country").to_owned();
        let progress = match row.progress {
            1 => Progress::Preparing,
            2 => Progress::Ready,
            _ => Progress::Placed,
        };
        let at = |ms: Option<i64>| ms.map(|ms| rfc3339(Moment(ms)));
        let handovers = reader.handovers(row.id)?;
        let exchange = reader.exchange(row.id)?;
        Ok(OrderView {
            id: row.id.uuid(),
            number: row.number,
            document: document_of(&row.prefix, &row.fiscal_year, row.document_no),
            state: derive_state(row.cancelled_ms.is_some(), progress, &accounts)
                .as_str()
                .to_owned(),
            placed_at: rfc3339(Moment(row.placed_ms)),
            preparing_at: at(row.preparing_ms),
            ready_at: at(row.ready_ms),
            delivered_at: at(row.delivered_ms),
            business_day: days::text_of(row.business_day),
            branch: names.branch(row.branch),
            counter: names.counter(row.counter),
            staff: names.staff(row.staff),
            items: items.to_string(),
            due_minor: due_of(row, &line_rows)?,
            lines,
            subtotal_minor: row.subtotal_minor,
            discount_minor: row.line_discount_minor + row.order_discount_minor,
            inclusive: taxes_within(
                row.inclusive,
                Money::from_minor(row.tax_minor),
                Money::from_minor(row.tax_on_top_minor()),
            ),
            tax_on_top_minor: row.tax_on_top_minor(),
            taxable_minor: row.taxable_minor,
            tax_minor: row.tax_minor,
            taxes: taxes.iter().map(view_tax).collect(),
            rounding_minor: row.rounding_minor,
            total_minor: row.total_minor,
            paid_minor,
            unpaid_minor: row.total_minor - paid_minor,
            document_kind: row.document.clone(),
            customer: row.customer.map(|id| id.uuid()),
            buyer: view_buyer(reader, row)?,
            place_of_supply: row.place_of_supply.clone(),
            order_type: row.order_type.clone(),
            refunded_minor: refunds.iter().map(|r| r.total_minor).sum(),
            tenders: legs.into_iter().map(|leg| view_tender(leg, names)).collect(),
            token: (row.cancelled_ms.is_none() && !row.revoked).then(|| TokenView {
                code: row.token_code.clone(),
                number: OneTimeNumber(row.token_number).to_string(),
                generation: row.token_generation,
                expires_at: rfc3339(Moment(row.token_expires_ms)),
                number_expires_at: rfc3339(Moment(row.number_expires_ms)),
            }),
            token_revoked: row.revoked,
            phone: reader
                .phone_of(row.id)?
                .and_then(|kept| Phone::from_kept(&kept).ok())
                .map(|phone| phone.masked(&country)),
            undo_until: rfc3339(Moment(match exchange {
                // Goods came back for it: nothing undoes that but another refund.
                Some(_) => row.placed_ms,
                None => row.placed_ms + UNDO_MS,
            })),
            cancelled: row.cancelled_ms.map(|at| CancelledView {
                at: rfc3339(Moment(at)),
                staff: names.staff(row.cancelled_by),
                reason: row.cancel_reason.clone().unwrap_or_default(),
            }),
            claim: reader
                .claim_of(row.id)?
                .filter(|claim| claim.state == "open" && claim.expires_ms > self.edges.now().0)
                .map(|claim| view_claim(names, &claim, seat)),
            handover_undo_until: handovers
                .iter()
                .rfind(|h| h.undone_ms.is_none())
                .map(|h| rfc3339(Moment(h.at_ms + UNDO_MS))),
            credit_notes: refunds
                .iter()
                .map(|refund| {
                    let mut note = view_credit_note(refund, &line_rows, names);
                    note.exchanged_for = exchanged_for(reader, refund)?;
                    Ok(note)
                })
                .collect::<Result<_>>()?,
            took_back: match &exchange {
                Some(one) => took_back(reader, one)?,
                None => None,
            },
            history: vec![],
            anomaly: over.then(|| "over_given".to_owned()),
            demo: self.identity.demo,
        })
    }
}

fn exchanged_for(reader: &Reader<'_>, refund: &RefundRow) -> Result<Option<ExchangedForView>> {
    let Some(exchange) = reader.exchange_of_refund(refund.id)? else {
        return Ok(None);
    };
    Ok(reader.order(exchange.order)?.map(|order| ExchangedForView {
        order: order.id.uuid(),
        number: order.number,
        document: document_of(&order.prefix, &order.fiscal_year, order.document_no),
        amount_minor: exchange.amount_minor,
    }))
}

/// None while the order whose goods they are has not arrived at this device.
fn took_back(reader: &Reader<'_>, exchange: &ExchangeRow) -> Result<Option<TookBackView>> {
    let (Some(order), Some(refund)) = (reader.order(exchange.of_order)?, reader.refund(exchange.refund)?)
    else {
        return Ok(None);
    };
    let back = refund.lines.iter().map(|l| (l.line, l.milli, l.amount_minor));
    Ok(Some(TookBackView {
        order: order.id.uuid(),
        number: order.number,
        document: document_of(&order.prefix, &order.fiscal_year, order.document_no),
        refund: Uuid::from_bytes(refund.id),
        credit_note: document_of(&refund.prefix, &refund.fiscal_year, refund.document_no),
        lines: goods(reader, order.id, back)?,
        back_minor: refund.total_minor,
        pays_minor: exchange.amount_minor,
        tenders: refund
            .tenders
            .iter()
            .filter(|leg| leg.method != TenderMethod::Exchange.as_str())
            .map(view_refund_tender)
            .collect(),
    }))
}

fn view_tax(tax: &TaxRow) -> TaxView {
    TaxView {
        name: tax.name.clone(),
        rate: rate_text(tax.rate),
        taxable_minor: tax.taxable_minor,
        amount_minor: tax.amount_minor,
    }
}

fn view_tender(leg: TenderRow, names: &Directory) -> TenderView {
    TenderView {
        id: leg.id.uuid(),
        method: leg.method,
        amount_minor: leg.amount_minor,
        received_minor: leg.received_minor,
        change_minor: leg.change_minor,
        cash_rounding_minor: leg.cash_rounding_minor,
        tip_minor: leg.tip_minor,
        reference: leg.reference,
        provider: leg.provider,
        currency: leg.currency,
        foreign_minor: leg.foreign_minor,
        payment: leg.payment.map(Uuid::from_bytes),
        // A state of a newer build is shown as what it is to this one.
        state: state_of(leg.state)
            .unwrap_or(PaymentState::Unknown)
            .as_str()
            .to_owned(),
        at: rfc3339(Moment(leg.taken_ms)),
        staff: names.staff(leg.staff),
        voided_at: leg.void_ms.map(|ms| rfc3339(Moment(ms))),
        voided_by: names.staff(leg.void_by),
    }
}

/// The buyer of the document; a person's name opens with their key, as long as there is one.
pub(crate) fn view_buyer(reader: &Reader<'_>, row: &OrderRow) -> Result<Option<BuyerView>> {
    let Some(buyer) = &row.buyer else { return Ok(None) };
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let named = match (buyer.sealed.is_empty(), row.customer) {
        (false, Some(customer)) => reader
            .customer_key(customer)?
            .and_then(|key| journal::seal::open_value::<BuyerNameV1>(&key, &row.id.bytes(), &buyer.sealed)),
        _ => None,
    };
    let (name, address) = match &named {
        Some(named) => (some(&named.name), some(&named.address)),
        None => (some(&buyer.name), some(&buyer.address)),
    };
    Ok(Some(BuyerView {
        name,
        tax_number: some(&buyer.tax_number),
        region: some(&buyer.region),
        address,
    }))
}

/// A rate in millionths of a percent as people read it.
pub(crate) fn rate_text(millionths: u32) -> String {
    Rate::from_millionths(millionths).map_or_else(|_| millionths.to_string(), |rate| rate.to_string())
}

fn view_credit_note(refund: &RefundRow, lines: &[OrderLineRow], names: &Directory) -> CreditNoteView {
    let unit = |line: u32| {
        lines
            .iter()
            .find(|l| l.line == line)
            .and_then(|l| unit_of(l).ok())
            .unwrap_or(Unit::Kilogram)
    };
    CreditNoteView {
        id: Uuid::from_bytes(refund.id),
        document: document_of(&refund.prefix, &refund.fiscal_year, refund.document_no),
        at: rfc3339(Moment(refund.at_ms)),
        staff: names.staff(refund.staff),
        approved_by: names.staff(refund.approved_by),
        reason: refund.reason.clone(),
        lines: refund
            .lines
            .iter()
            .map(|back| CreditLineView {
                line: back.line,
                quantity: shown(back.milli, unit(back.line)),
                amount_minor: back.amount_minor,
            })
            .collect(),
        tenders: refund.tenders.iter().map(view_refund_tender).collect(),
        taxable_minor: refund.taxable_minor,
        tax_minor: refund.tax_minor,
        taxes: refund.taxes.iter().map(view_tax).collect(),
        rounding_minor: refund.rounding_minor,
        total_minor: refund.total_minor,
        offline: refund.offline,
        exchanged_for: None,
    }
}

fn view_refund_tender(leg: &RefundTenderV2) -> RefundTenderView {
    RefundTenderView {
        id: Uuid::from_bytes(leg.tender),
        method: leg.method.clone(),
        amount_minor: leg.amount_minor,
    }
}

fn history(
    reader: &Reader<'_>,
    row: &OrderRow,
    view: &OrderView,
    names: &Directory,
) -> Result<Vec<EventView>> {
    let plain = |kind: &str, at_ms: i64| EventView {
        kind: kind.to_owned(),
        id: None,
        at: rfc3339(Moment(at_ms)),
        staff: None,
        approved_by: None,
        counter: None,
        seat: None,
        reason: None,
        amount_minor: None,
        lines: vec![],
        by: None,
        undone: false,
        offline: false,
    };
    let handovers = reader.handovers(row.id)?;
    let refunds = reader.refunds(row.id)?;
    let mut events = vec![EventView {
        staff: view.staff.clone(),
        counter: Some(view.counter.clone()),
        amount_minor: Some(row.total_minor),
        ..plain("placed", row.placed_ms)
    }];
    for event in reader.events(row.id)? {
        let mut shown = EventView {
            id: event.subject.map(Uuid::from_bytes),
            staff: names.staff(event.staff),
            approved_by: names.staff(event.approved_by),
            reason: event.reason.filter(|reason| !reason.is_empty()),
            ..plain(&event.kind, event.at_ms)
        };
        if let Some(handover) = handovers.iter().find(|h| Some(h.id) == event.subject) {
            shown.counter = Some(names.counter(handover.counter));
            shown.seat = Some(handover.seat_number);
            shown.by = Some(handover.seen.clone());
            shown.undone = handover.undone_ms.is_some();
            shown.offline = handover.offline;
            shown.lines = handed_lines(handover, view);
        }
        if let Some(refund) = refunds.iter().find(|r| Some(r.id) == event.subject) {
            shown.counter = Some(names.counter(refund.counter));
            shown.seat = Some(refund.seat_number);
            shown.amount_minor = Some(refund.total_minor);
            shown.offline = refund.offline;
        }
        events.push(shown);
    }
    if let Some(cancelled) = &view.cancelled {
        events.push(EventView {
            staff: cancelled.staff.clone(),
            reason: Some(cancelled.reason.clone()),
            ..plain("cancelled", row.cancelled_ms.unwrap_or(row.placed_ms))
        });
    }
    Ok(events)
}

/// What one handover did, line by line.
pub(crate) fn handed_lines(handover: &HandoverRow, view: &OrderView) -> Vec<EventLineView> {
    let sum = |line: u32, to: &[u8]| -> i64 {
        let of_line = |m: &&MoveRow| m.line == line && to.contains(&m.to);
        handover.moves.iter().filter(of_line).map(|m| m.milli).sum()
    };
    view.lines
        .iter()
        .filter(|l| handover.moves.iter().any(|m| m.line == l.line))
        .map(|l| {
            let unit = l.unit.parse().unwrap_or(Unit::Kilogram);
            EventLineView {
                line: l.line,
                name: l.name.clone(),
                unit: l.unit.clone(),
                given: shown(sum(l.line, &[1]), unit),
                missing: shown(sum(l.line, &[2, 3]), unit),
            }
        })
        .collect()
}
