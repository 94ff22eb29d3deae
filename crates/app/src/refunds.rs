//! The refund desk: find the order, pay back what can still be paid back, once, with a credit note.

use crate::{
    Actor, AppError, Code, Result, Shop,
    authority::{Verdict, named},
    cards::{self, Give, GiveTo},
    claims::{LastDeed, Wanted, claim_held, is_fresh, last_done},
    days,
    exchanges::way_back,
    lead::Decides,
    order_view::{Directory, OrderView, account_of, document_of, money_back, shown, unit_of},
    sessions::Approval,
    tickets::{Candidate, western},
    wire::{content_of, optional_text},
};
use domain::{
    handover::{UnitMove, pay_back},
    ids::{CardId, OrderId, TenderId},
    money::Money,
    numbers::{DocumentKind, OneTimeNumber, document_number, series_prefix},
    order::UnitPlace,
    payment::PaymentState,
    people::Permission,
    quantity::Quantity,
    refund::{LineMoney, line_back, original_tenders},
    tax::Increment,
    tender::{TenderMethod, state_number},
    time::Moment,
};
use journal::{
    Body,
    body::{LineTaxV1, MoveV1, OrderTaxV1, RefundLineV2, RefundTenderV2, RefundedV2},
};
use serde::{Deserialize, Serialize};
use store::{
    Reader, Write,
    cards::CardRow,
    handovers::ClaimRow,
    orders::{OrderLineRow, OrderRow},
    tenders::TenderRow,
};
use utoipa::ToSchema;
use uuid::Uuid;

/// Why money is paid back, when nobody says it.
const DEFAULT_REASON: &str = "not_available";

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindOrder {
    /// A QR's text, a one-time number, a document's number, a display number or a phone number.
    pub code: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum FoundOrder {
    Order { order: Box<OrderView> },
    Candidates { candidates: Vec<Candidate> },
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    pub id: Uuid,
    pub lines: Vec<RefundLine>,
    /// The original tenders when nobody says it.
    pub tenders: Option<Vec<RefundTender>>,
    pub reason: Option<String>,
    /// A second person's PIN, for what the first may not.
    pub approval: Option<Approval>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundLine {
    pub line: u32,
    pub quantity: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundTender {
    pub id: Uuid,
    pub method: String,
    /// One tender may leave it out and pays the rest.
    pub amount_minor: Option<i64>,
    /// The code of the gift card or store credit that it goes onto; store credit without one makes a new one.
    pub card: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRefund {
    /// Everything that money is due for, when not said.
    pub lines: Option<Vec<RefundLine>>,
    pub tenders: Option<Vec<RefundTender>>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefundPreview {
    pub total_minor: i64,
    pub rounding_minor: i64,
    pub lines: Vec<RefundLineView>,
    pub tenders: Vec<PreviewTender>,
    /// not_claimed, other_counter_offline, other_tender or above_limit; null when nobody else is needed
    pub approval_needed: Option<String>,
    /// The number that the credit note would get.
    pub credit_note: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefundLineView {
    pub line: u32,
    pub quantity: String,
    pub amount_minor: i64,
    /// Whether all of it was marked missing.
    pub claimed: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PreviewTender {
    pub method: String,
    pub amount_minor: i64,
    /// Whether it goes back the way it came.
    pub original: bool,
}

/// A refund worked out, before anybody decides on it.
pub(crate) struct Worked {
    pub lines: Vec<(RefundLineV2, String, bool)>,
    moves: Vec<MoveV1>,
    tenders: Vec<RefundTenderV2>,
    /// Whether each tender goes back the way it came.
    original: Vec<bool>,
    /// The order's taxes, with what of each goes back.
    taxes: Vec<OrderTaxV1>,
    rounding: i64,
    total: i64,
    /// What of it pays for goods that go out in the same ticket.
    exchanged: i64,
    /// Something that was not marked missing.
    not_claimed: bool,
    /// A line whose claims were all paid back before.
    settled: bool,
    /// Something that a sales counter might be handing over just now.
    takes_open: bool,
}

impl Worked {
    pub(crate) fn total(&self) -> i64 {
        self.total
    }

    pub(crate) fn exchanged(&self) -> i64 {
        self.exchanged
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.moves.is_empty()
    }

    /// How the money goes back; what goods are exchanged for is no money.
    pub(crate) fn preview_tenders(&self) -> Vec<PreviewTender> {
        self.tenders
            .iter()
            .zip(&self.original)
            .filter(|(tender, _)| tender.method != TenderMethod::Exchange.as_str())
            .map(|(tender, original)| PreviewTender {
                method: tender.method.clone(),
                amount_minor: tender.amount_minor,
                original: *original,
            })
            .collect()
    }
}

/// What is known of a refund beside what it pays back.
pub(crate) struct Deciding<'a> {
    pub row: &'a OrderRow,
    pub refund: Uuid,
    pub approved_by: Option<domain::ids::StaffId>,
    /// Of another counter, while the authority cannot be asked.
    pub foreign: bool,
    pub now: Moment,
}

impl Shop {
    pub fn find_for_refund(&self, actor: &Actor, request: &FindOrder) -> Result<FoundOrder> {
        let code = request.code.trim();
        let order = |id: OrderId| -> Result<FoundOrder> {
            Ok(FoundOrder::Order {
                order: Box::new(self.order(actor, id)?),
            })
        };
        if let Some(row) = self.by_document(code)? {
            return order(row.id);
        }
        let digits = western(code);
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if is_number && digits.len() <= 5 {
            return Ok(FoundOrder::Candidates {
                candidates: self.by_display_number(&digits, true)?,
            });
        }
        let looks_like_phone = code
            .chars()
            .all(|c| domain::text::digit_value(c).is_some() || "+-() ./".contains(c));
        if looks_like_phone && code.parse::<OneTimeNumber>().is_err() {
            return Ok(FoundOrder::Candidates {
                candidates: self.by_phone(actor, code, true)?,
            });
        }
        match self.ticket(actor, code) {
            Ok(ticket) => match ticket.row {
                Some(row) => order(row.id),
                None => Err(Code::OrderNotHere.into()),
            },
            // An old token still names its order; money is paid back by what the books say, not by the token.
            Err(refusal) if matches!(refusal.code, Code::TokenExpired | Code::TokenRevoked) => {
                let token = domain::token::split(code).map_err(crate::tickets::token_refused)?;
                match self.store.read(|r| r.order(token.body.order))? {
                    Some(row) if row.token_generation == token.body.generation && !row.revoked => {
                        order(row.id)
                    }
                    _ => Err(refusal),
                }
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// A document's number as it stands on a receipt: an invoice's or a credit note's.
    fn by_document(&self, text: &str) -> Result<Option<OrderRow>> {
        let upper = text.to_uppercase();
        let mut parts = upper.split('/');
        let (Some(prefix), Some(year), Some(n), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Ok(None);
        };
        let Ok(n) = western(n).parse() else {
            return Ok(None);
        };
        self.store.read(|r| Ok(r.order_by_document(prefix, year, n)?))
    }

    /// What a refund would be, before anybody decides on it.
    pub fn preview_refund(
        &self,
        actor: &Actor,
        id: OrderId,
        request: &PreviewRefund,
    ) -> Result<RefundPreview> {
        self.store.read(|r| {
            let row = self.refundable(r, id)?;
            let lines = r.order_lines(id)?;
            let worked = work_out(
                r,
                &row,
                &lines,
                request.lines.as_deref(),
                request.tenders.as_deref(),
                None,
                self.terms(r, self.edges.now())?.taxing.rules().cash.as_ref(),
                None,
            )?;
            let why = self.second_person(actor, &worked, false);
            let (prefix, label, n) = self.next_credit_note(r)?;
            Ok(RefundPreview {
                total_minor: worked.total,
                rounding_minor: worked.rounding,
                lines: worked
                    .lines
                    .iter()
                    .map(|(line, quantity, claimed)| RefundLineView {
                        line: line.line,
                        quantity: quantity.clone(),
                        amount_minor: line.amount_minor,
                        claimed: *claimed,
                    })
                    .collect(),
                tenders: worked.preview_tenders(),
                approval_needed: why.map(str::to_owned),
                credit_note: document_of(&prefix, &label, n),
            })
        })
    }

    /// Pays money back, once.
    pub fn refund(&self, actor: &Actor, id: OrderId, request: &Refund) -> Result<OrderView> {
        let content = content_of(
            &format!("refund {id}"),
            &Refund {
                approval: None,
                ..request.clone()
            },
        )?;
        let refund = *request.id.as_bytes();
        if let Some(row) = self.store.read(|r| r.refund(refund))? {
            return match row.content == content {
                true => self.order(actor, id),
                false => Err(Code::IdReused.into()),
            };
        }
        let reason = optional_text("reason", request.reason.as_deref(), 200)?
            .unwrap_or_else(|| DEFAULT_REASON.to_owned());
        let approved_by = match &request.approval {
            Some(approval) => Some(self.approve(approval, Permission::RefundApprove, actor)?),
            None => None,
        };
        let now = self.edges.now();
        let row = self.store.read(|r| self.refundable(r, id))?;
        let (told, offline) = self.ask_for_refund(actor, &row, request.id, now)?;
        self.store.write(now, |tx| {
            if let Some(row) = tx.reader().refund(refund)? {
                return match row.content == content {
                    true => Ok::<_, AppError>(()),
                    false => Err(Code::IdReused.into()),
                };
            }
            for one in &told {
                tx.keep_told(one)?;
            }
            let reader = tx.reader();
            let row = self.refundable(&reader, id)?;
            let lines = reader.order_lines(id)?;
            let worked = work_out(
                &reader,
                &row,
                &lines,
                Some(&request.lines),
                request.tenders.as_deref(),
                Some(request.id),
                self.terms(&reader, now)?.taxing.rules().cash.as_ref(),
                None,
            )?;
            if worked.moves.is_empty() {
                return Err(nothing_to_refund(&reader, id)?);
            }
            self.may_pay_back(
                &reader,
                actor,
                &worked,
                &Deciding {
                    row: &row,
                    refund: request.id,
                    approved_by,
                    foreign: offline && row.counter != self.identity.counter,
                    now,
                },
            )?;
            self.record_refund(
                tx,
                actor,
                id,
                request.id,
                worked,
                reason,
                approved_by,
                offline,
                content,
            )?;
            let view = self.view_order(&tx.reader(), id, None)?;
            self.queue_papers(tx, actor.staff, &view, Some(request.id));
            Ok(())
        })?;
        self.told_now();
        self.paying.wake();
        self.print_waiting();
        let view = self.order(actor, id)?;
        self.displays.refunded(actor.seat, &view, request.id, now);
        self.tell_display(actor.seat);
        self.tell_order(id);
        Ok(view)
    }

    /// Whether this may go back now, by who is there.
    pub(crate) fn may_pay_back(
        &self,
        reader: &Reader<'_>,
        actor: &Actor,
        worked: &Worked,
        deciding: &Deciding<'_>,
    ) -> Result<()> {
        let Deciding { row, foreign, .. } = *deciding;
        // Nobody pays back beside a counter that hands over, or beside another desk that pays back just now.
        if let Some(held) = reader.claim_of(row.id)?
            && is_fresh(&held, deciding.now)
            && held.claim != *deciding.refund.as_bytes()
            && ((worked.takes_open && held.seat != actor.seat) || held.device != self.identity.device)
        {
            let names = Directory::read(reader)?;
            return Err(claim_held(&names, &held, Some(row.number), Some(actor.seat)));
        }
        if foreign && worked.total > self.settings().int("refund.offline_cap_minor") {
            return Err(AppError::new(Code::OfflineCap)
                .hint("most_minor", self.settings().int("refund.offline_cap_minor")));
        }
        // Alone, the order of another counter needs a second person even when the first is a manager.
        let needed = self.second_person(actor, worked, foreign);
        if let (Some(why), None) = (needed, deciding.approved_by) {
            if worked.settled {
                return Err(nothing_to_refund(reader, row.id)?);
            }
            return Err(AppError::new(Code::RefundNeedsApproval).hint("why", why));
        }
        Ok(())
    }

    /// Where another node is the authority, it must know before money goes back for its orders too.
    pub(crate) fn ask_for_refund(
        &self,
        actor: &Actor,
        row: &OrderRow,
        id: Uuid,
        now: Moment,
    ) -> Result<(Vec<store::handovers::Told>, bool)> {
        if self.decides() == Decides::Here {
            return Ok((vec![], false));
        }
        let wanted = Wanted {
            claim: ClaimRow {
                order: row.id,
                claim: *id.as_bytes(),
                generation: row.token_generation,
                device: self.identity.device,
                counter: self.identity.counter,
                seat: actor.seat,
                seat_number: self.seat_number(actor.seat)?,
                staff: actor.staff,
                seen: "refund".to_owned(),
                at_ms: now.0,
                expires_ms: now.0 + 60_000,
                offline: false,
                state: "open".to_owned(),
                code: None,
            },
            take_over: false,
        };
        Ok(match self.ask_authority(&wanted)? {
            Verdict::Ours => (vec![], false),
            Verdict::Granted { told, offline } => (told, offline),
            Verdict::Unreachable => (vec![], true),
        })
    }

    pub(crate) fn refundable(&self, reader: &Reader<'_>, id: OrderId) -> Result<OrderRow> {
        let row = reader.order(id)?.ok_or(AppError::new(Code::NotFound))?;
        match row.cancelled_ms {
            Some(_) => Err(AppError::new(Code::OrderCancelled).hint("number", row.number)),
            None => Ok(row),
        }
    }

    /// Why this needs a second person's PIN, if it does.
    fn second_person(&self, actor: &Actor, worked: &Worked, foreign: bool) -> Option<&'static str> {
        if foreign {
            return Some("other_counter_offline");
        }
        // Always a PIN, whoever asks: a repeated tap must never pay back what the guest took home.
        if worked.not_claimed {
            return Some("not_claimed");
        }
        if actor.allows(Permission::RefundApprove) {
            return None;
        }
        let limit = self.settings().int("refund.cashier_limit_minor");
        if worked.original.iter().any(|original| !original) {
            Some("other_tender")
        } else {
            (worked.total > limit).then_some("above_limit")
        }
    }

    fn next_credit_note(&self, reader: &Reader<'_>) -> Result<(String, String, u32)> {
        let settings = self.settings();
        let time = days::branch_time(
            self.edges.now(),
            settings.text("branch.zone"),
            settings.day_starts_minutes(),
        );
        let month = u8::try_from(settings.int("branch.fiscal_month")).unwrap_or(4);
        let year = days::fiscal_year(time.date, month);
        let used_up = |e| AppError::new(Code::NumbersUsedUp).because(e);
        let prefix = series_prefix(self.identity.ordinal, DocumentKind::CreditNote).map_err(used_up)?;
        let n = reader.last_document(prefix.as_str(), &year.label())? + 1;
        document_number(prefix, &year, n).map_err(used_up)?;
        Ok((prefix.as_str().to_owned(), year.label(), n))
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "a refund has this many sides, and one caller"
    )]
    pub(crate) fn record_refund(
        &self,
        tx: &mut Write<'_>,
        actor: &Actor,
        id: OrderId,
        refund: Uuid,
        mut worked: Worked,
        reason: String,
        approved_by: Option<domain::ids::StaffId>,
        offline: bool,
        content: [u8; 32],
    ) -> Result<()> {
        let (at, till) = (tx.now(), self.till(tx, actor, false)?);
        let (prefix, fiscal_year, document_no) = self.next_credit_note(&tx.reader())?;
        let (reason_given, order) = (reason.clone(), tx.reader().order(id)?);
        let sold = tx.reader().cards_of_order(id)?;
        for (line, _, _) in &worked.lines {
            let pieces = usize::try_from(line.milli / 1000).unwrap_or(0);
            let of_line: Vec<CardRow> = sold
                .iter()
                .filter(|card| card.line == Some(line.line) && !card.blocked)
                .take(pieces)
                .cloned()
                .collect();
            cards::take_back(
                tx,
                &self.settings(),
                Some(actor.staff),
                id,
                &of_line,
                &reason_given,
            )?;
        }
        for leg in &mut worked.tenders {
            let to = match leg.card {
                Some(card) => GiveTo::Card(CardId::from_bytes(card)),
                None if leg.method == TenderMethod::StoreCredit.as_str() => {
                    GiveTo::NewCredit(order.as_ref().and_then(|row| row.customer))
                }
                None => continue,
            };
            let give = Give {
                to,
                amount: Money::from_minor(leg.amount_minor),
                order: Some(id),
                tender: TenderId::from_bytes(leg.tender),
                staff: Some(actor.staff),
                reason: reason_given.clone(),
                approved_by,
            };
            leg.card = Some(cards::give(tx, &self.settings(), &self.edges, &give)?.id.bytes());
        }
        let body = RefundedV2 {
            refund: *refund.as_bytes(),
            order: id.bytes(),
            counter: self.identity.counter.bytes(),
            seat: till.seat,
            shift: till.shift,
            at_ms: at.0,
            business_day: till.business_day,
            prefix,
            fiscal_year,
            document_no,
            taxable_minor: worked.lines.iter().map(|(line, _, _)| line.taxable_minor).sum(),
            tax_minor: worked.taxes.iter().map(|tax| tax.amount_minor).sum(),
            taxes: worked.taxes,
            rounding_minor: worked.rounding,
            total_minor: worked.total,
            lines: worked.lines.into_iter().map(|(line, _, _)| line).collect(),
            moves: worked.moves,
            tenders: worked.tenders,
            reason,
            approved_by: approved_by.map(|s| s.bytes()),
            offline,
            content,
        };
        tx.record(Some(actor.staff), &Body::Refunded(Box::new(body)))?;
        self.must_tell(tx, "refund", refund, id)
    }
}

/// Who had the money already.
fn nothing_to_refund(reader: &Reader<'_>, id: OrderId) -> Result<AppError> {
    let names = Directory::read(reader)?;
    let error = AppError::new(Code::NothingToRefund);
    let error = match reader.refunds(id)?.last() {
        Some(last) => error.hint("amount_minor", last.total_minor).hint(
            "document",
            document_of(&last.prefix, &last.fiscal_year, last.document_no),
        ),
        None => error,
    };
    Ok(named(&names, error, last_done(reader, id, LastDeed::Any)?))
}

/// Lines, money and tenders of a refund, from what can still be paid back.
#[allow(
    clippy::too_many_arguments,
    reason = "what a refund is made of, and three callers"
)]
pub(crate) fn work_out(
    reader: &Reader<'_>,
    row: &OrderRow,
    lines: &[OrderLineRow],
    wanted: Option<&[RefundLine]>,
    tenders: Option<&[RefundTender]>,
    refund: Option<Uuid>,
    cash: Option<&Increment>,
    // What goods cost that go out in the same ticket.
    going_out: Option<i64>,
) -> Result<Worked> {
    let mut back: Vec<(usize, i64, Vec<UnitMove>)> = Vec::new();
    match wanted {
        None => {
            for (at, line) in lines.iter().enumerate() {
                let (account, _) = account_of(line)?;
                let (_, moves) = pay_back(&account, account.claimed())
                    .map_err(|e| AppError::new(Code::Broken).because(e))?;
                if account.claimed() > 0 {
                    back.push((at, account.claimed(), moves));
                }
            }
        }
        Some(wanted) => {
            for one in wanted {
                let at = lines
                    .iter()
                    .position(|l| l.line == one.line)
                    .ok_or_else(|| AppError::new(Code::LineGone).hint("line", one.line))?;
                if back.iter().any(|(named, _, _)| *named == at) {
                    return Err(AppError::new(Code::QuantityInvalid)
                        .because("a line is named twice")
                        .hint("line", one.line));
                }
                let unit = unit_of(&lines[at])?;
                let milli = Quantity::parse(&one.quantity, unit)
                    .map_err(|e| {
                        AppError::new(Code::QuantityInvalid)
                            .because(e)
                            .hint("line", one.line)
                    })?
                    .milli();
                let (account, _) = account_of(&lines[at])?;
                let left = account.ordered() - account.refunded();
                if left == 0 && milli > 0 {
                    return Err(nothing_to_refund(reader, row.id)?);
                }
                let (_, moves) = pay_back(&account, milli).map_err(|_| {
                    AppError::new(Code::RefundTooMuch)
                        .hint("line", one.line)
                        .hint("most", shown(left, unit))
                })?;
                if milli > 0 {
                    back.push((at, milli, moves));
                }
            }
        }
    }
    let pairs: Vec<(usize, i64)> = back.iter().map(|(at, milli, _)| (*at, *milli)).collect();
    let (amounts, rounding) = money_back(row, lines, &pairs)?;
    let total = amounts.iter().sum::<i64>() + rounding;
    let exchanged = going_out.unwrap_or(0).min(total);
    let (tenders, original) = refund_tenders(reader, row, (total, exchanged), tenders, refund, cash)?;
    let mut worked = Worked {
        lines: Vec::with_capacity(back.len()),
        moves: Vec::new(),
        tenders,
        original,
        taxes: reader
            .order_taxes(row.id)?
            .into_iter()
            .map(|tax| OrderTaxV1 {
                name: tax.name,
                rate: tax.rate,
                taxable_minor: 0,
                amount_minor: 0,
            })
            .collect(),
        rounding,
        total,
        exchanged,
        not_claimed: false,
        settled: false,
        takes_open: false,
    };
    for ((at, milli, moves), amount_minor) in back.into_iter().zip(amounts) {
        let line = &lines[at];
        let claimed = moves.iter().all(|m| m.from == UnitPlace::Claimed);
        worked.not_claimed |= !claimed;
        worked.settled |= line.refunded > 0 && line.claimed <= 0;
        worked.takes_open |= moves
            .iter()
            .any(|m| matches!(m.from, UnitPlace::Open | UnitPlace::Kept));
        worked.moves.extend(moves.iter().map(|m| MoveV1 {
            line: line.line,
            from: m.from.number(),
            to: m.to.number(),
            milli: m.milli,
        }));
        let taxes = taxes_back(line, milli)?;
        let taxable_minor = amount_minor - taxes.iter().map(|t| t.amount_minor).sum::<i64>();
        for tax in &taxes {
            if let Some(sum) = worked.taxes.get_mut(usize::from(tax.tax)) {
                sum.taxable_minor += taxable_minor;
                sum.amount_minor += tax.amount_minor;
            }
        }
        let fact = RefundLineV2 {
            line: line.line,
            milli,
            amount_minor,
            taxable_minor,
            taxes,
        };
        worked.lines.push((fact, shown(milli, unit_of(line)?), claimed));
    }
    Ok(worked)
}

/// The taxes that go back with so much more of a line, each by cumulative difference like the line itself.
fn taxes_back(line: &OrderLineRow, milli: i64) -> Result<Vec<LineTaxV1>> {
    let before = line.refunded.clamp(0, line.milli);
    line.taxes
        .iter()
        .map(|tax| {
            let whole = LineMoney {
                net: Money::from_minor(tax.amount_minor),
                ordered: line.milli,
            };
            let back = line_back(&whole, before, milli).map_err(|_| AppError::new(Code::PriceTooLarge))?;
            Ok(LineTaxV1 {
                tax: tax.tax,
                amount_minor: back.minor(),
            })
        })
        .collect()
}

/// A leg that paid, and how much of it can still go back.
struct Standing {
    leg: TenderRow,
    back: i64,
}

/// What paid the order and still stands, with what went back to each leg. What went back by the same method without
/// naming a leg is counted to the earliest.
fn standing(reader: &Reader<'_>, order: OrderId) -> Result<Vec<Standing>> {
    let captured = state_number(PaymentState::Captured);
    let mut legs: Vec<Standing> = reader
        .tenders(order)?
        .into_iter()
        .filter(|leg| leg.void_ms.is_none() && leg.state == captured)
        .map(|leg| Standing { leg, back: 0 })
        .collect();
    for tender in reader
        .refunds(order)?
        .into_iter()
        .flat_map(|refund| refund.tenders)
    {
        let mut left = tender.amount_minor;
        let named = |one: &Standing| tender.original == Some(one.leg.id.bytes());
        if let Some(one) = legs.iter_mut().find(|one| named(one)) {
            one.back += left;
            continue;
        }
        for one in legs.iter_mut().filter(|one| one.leg.method == tender.method) {
            let part = left.min(one.leg.amount_minor - one.back).max(0);
            one.back += part;
            left -= part;
        }
    }
    Ok(legs)
}

/// Where the money goes, and which part of it goes back the way it came.
fn refund_tenders(
    reader: &Reader<'_>,
    row: &OrderRow,
    (whole, exchanged): (i64, i64),
    wanted: Option<&[RefundTender]>,
    refund: Option<Uuid>,
    cash: Option<&Increment>,
) -> Result<(Vec<RefundTenderV2>, Vec<bool>)> {
    let broken = |e| AppError::new(Code::Broken).because(e);
    let mut legs = standing(reader, row.id)?;
    // More than came in never goes back, whatever is asked for.
    let came_in: i64 = legs.iter().map(|one| one.leg.amount_minor).sum();
    let went_back: i64 = reader
        .refunds(row.id)?
        .iter()
        .map(|refund| refund.total_minor)
        .sum();
    if whole > came_in - went_back {
        return Err(Code::RefundTooMuch.into());
    }
    let mut cash = CashBack::of(reader, row.id, cash)?;
    let mut tenders: Vec<RefundTenderV2> = Vec::new();
    let mut original: Vec<bool> = Vec::new();
    let total = whole - exchanged;
    if exchanged > 0 {
        tenders.push(by_goods(derived_id(refund, 200), exchanged));
        original.push(true);
        if total == 0 {
            return Ok((tenders, original));
        }
    }
    let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) else {
        let paid: Vec<(Money, Money)> = legs
            .iter()
            .map(|one| {
                (
                    Money::from_minor(one.leg.amount_minor),
                    Money::from_minor(one.back),
                )
            })
            .collect();
        let parts = original_tenders(Money::from_minor(total), &paid).map_err(broken)?;
        // More than was paid never goes back, whatever counters apart from each other did.
        if parts.iter().map(|part| part.minor()).sum::<i64>() != total {
            return Err(Code::RefundTooMuch.into());
        }
        for (n, (one, part)) in (0u8..).zip(legs.iter().zip(parts)) {
            if part.is_positive() {
                let id = derived_id(refund, n);
                tenders.push(back_to(reader, &one.leg, id, part.minor(), &mut cash)?);
                original.push(true);
            }
        }
        return Ok((tenders, original));
    };
    let invalid = |why: &str| Err(AppError::new(Code::TenderInvalid).because(why));
    if wanted.iter().filter(|t| t.amount_minor.is_none()).count() > 1 {
        return invalid("only one tender may leave its amount open");
    }
    let said: i64 = wanted
        .iter()
        .filter_map(|t| t.amount_minor)
        .fold(0, i64::saturating_add);
    let mut sum = 0i64;
    // Parts beyond the first of a tender get ids of their own, the same for the same refund.
    let mut more = 100u8;
    for one in wanted {
        let method: TenderMethod = one
            .method
            .parse()
            .map_err(|e| AppError::new(Code::TenderInvalid).because(e))?;
        if !method.is_picked() {
            return invalid("nobody picks this way");
        }
        let amount_minor = one.amount_minor.unwrap_or(total.saturating_sub(said));
        if amount_minor > total {
            return invalid("a tender cannot be more than the refund");
        }
        if amount_minor < 0 || (amount_minor == 0 && total > 0) {
            return invalid("a tender must be more than nothing");
        }
        if tenders.iter().any(|t| t.tender == *one.id.as_bytes()) {
            return invalid("two tenders have the same id");
        }
        sum = sum.saturating_add(amount_minor);
        let mut left = amount_minor;
        let mut id = *one.id.as_bytes();
        let same = legs
            .iter_mut()
            .rev()
            .filter(|leg| leg.leg.method == method.as_str());
        for leg in same {
            let part = left.min(leg.leg.amount_minor - leg.back).max(0);
            if part > 0 && one.card.is_none() {
                tenders.push(back_to(reader, &leg.leg, id, part, &mut cash)?);
                original.push(true);
                leg.back += part;
                left -= part;
                id = derived_id(refund, more);
                more = more.saturating_add(1);
            }
        }
        if left > 0 || amount_minor == 0 {
            tenders.push(another_way(reader, row, method, one, id, left, &mut cash)?);
            original.push(amount_minor == 0);
        }
    }
    if sum != total {
        return invalid("the tenders do not sum to the refund");
    }
    Ok((tenders, original))
}

/// What pays for goods that go out in the same ticket.
fn by_goods(tender: [u8; 16], amount_minor: i64) -> RefundTenderV2 {
    RefundTenderV2 {
        tender,
        method: TenderMethod::Exchange.as_str().to_owned(),
        amount_minor,
        cash_rounding_minor: 0,
        reference: String::new(),
        customer: None,
        card: None,
        original: None,
        state: state_number(PaymentState::Captured),
    }
}

/// Money that goes back the way it came; for what goods had paid, the way that those were paid.
fn back_to(
    reader: &Reader<'_>,
    leg: &TenderRow,
    tender: [u8; 16],
    amount_minor: i64,
    cash: &mut CashBack<'_>,
) -> Result<RefundTenderV2> {
    let method = match leg.method == TenderMethod::Exchange.as_str() {
        true => way_back(reader, leg.order)?.as_str().to_owned(),
        false => leg.method.clone(),
    };
    Ok(RefundTenderV2 {
        tender,
        cash_rounding_minor: cash.more(&method, amount_minor)?,
        method,
        amount_minor,
        reference: String::new(),
        customer: leg.customer.map(|id| id.bytes()),
        card: leg.card,
        original: Some(leg.id.bytes()),
        state: state_number(PaymentState::Captured),
    })
}

/// Money that goes back another way than it came.
fn another_way(
    reader: &Reader<'_>,
    row: &OrderRow,
    method: TenderMethod,
    wanted: &RefundTender,
    tender: [u8; 16],
    amount_minor: i64,
    cash: &mut CashBack<'_>,
) -> Result<RefundTenderV2> {
    let card = match (&wanted.card, method.is_card_of_ours()) {
        (Some(code), true) => Some(cards::card_of(reader, code)?.id.bytes()),
        (None, true) if method == TenderMethod::GiftCard => return Err(Code::CardNeeded.into()),
        (Some(_), false) => {
            return Err(AppError::new(Code::TenderInvalid).because("this way to pay has no card of ours"));
        }
        (None, _) => None,
    };
    if method == TenderMethod::Account && row.customer.is_none() {
        return Err(Code::TenderNeedsCustomer.into());
    }
    Ok(RefundTenderV2 {
        tender,
        method: method.as_str().to_owned(),
        amount_minor,
        cash_rounding_minor: cash.more(method.as_str(), amount_minor)?,
        reference: String::new(),
        customer: row
            .customer
            .filter(|_| method == TenderMethod::Account)
            .map(|id| id.bytes()),
        card,
        original: None,
        state: state_number(PaymentState::Captured),
    })
}

/// The cash that goes back for one order, rounded to the smallest coin by cumulative difference: whatever way a
/// refund is cut, all of it together gives what one refund would.
struct CashBack<'a> {
    step: Option<&'a Increment>,
    amount: i64,
    rounding: i64,
}

impl CashBack<'_> {
    fn of<'a>(reader: &Reader<'_>, order: OrderId, step: Option<&'a Increment>) -> Result<CashBack<'a>> {
        let mut back = CashBack {
            step,
            amount: 0,
            rounding: 0,
        };
        let before = reader.refunds(order)?;
        for leg in before.iter().flat_map(|refund| &refund.tenders) {
            if leg.method == TenderMethod::Cash.as_str() {
                back.amount += leg.amount_minor;
                back.rounding += leg.cash_rounding_minor;
            }
        }
        Ok(back)
    }

    /// What rounding adds to so much more of it, or takes off.
    fn more(&mut self, method: &str, amount_minor: i64) -> Result<i64> {
        let Some(step) = self.step.filter(|_| method == TenderMethod::Cash.as_str()) else {
            return Ok(0);
        };
        self.amount += amount_minor;
        let rounded = step
            .apply(Money::from_minor(self.amount))
            .map_err(|_| AppError::new(Code::PriceTooLarge))?;
        let rounding = rounded.minor() - self.amount - self.rounding;
        self.rounding += rounding;
        Ok(rounding)
    }
}

/// The id of a tender that nobody named: always the same for the same refund.
pub(crate) fn derived_id(refund: Option<Uuid>, n: u8) -> [u8; 16] {
    let Some(refund) = refund else {
        return [0; 16];
    };
    let mut hasher = blake3::Hasher::new_derive_key("Chandi refund tender v1");
    hasher.update(refund.as_bytes()).update(&[n]);
    let mut tail = [0; 10];
    tail.copy_from_slice(&hasher.finalize().as_bytes()[..10]);
    *domain::ids::uuid_v7(domain::ids::uuid_ms(refund), tail).as_bytes()
}
