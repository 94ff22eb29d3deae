//! Claims: exactly one counter has an order open for handing over. Everybody else is told who, when and where.

use crate::{
    Actor, AppError, Code, Result, Shop,
    authority::{Verdict, named, token_still_good},
    catalog::Art,
    order_view::{Directory, OrderView, account_of, counted, shown, unit_of, view_claim},
    tickets::{Candidate, Ticket, Who, who},
    wire::{Names, content_of, rfc3339},
};
use domain::{
    ids::{OrderId, SeatId},
    numbers::ShortNumber,
    order::UnitPlace,
    people::Permission,
    quantity::{Quantity, Unit},
    time::Moment,
    token::{Signed, TokenLines, split},
};
use serde::{Deserialize, Serialize};
use store::{
    Reader, Write,
    handovers::{ClaimRow, Told},
    orders::OrderRow,
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redeem {
    pub id: Uuid,
    /// The QR's text, or the six digits.
    pub code: Option<String>,
    /// Take it from the counter that has it open.
    pub take_over: Option<bool>,
    /// A member of staff vouches for the guest, together with `confirmed`.
    pub order: Option<Uuid>,
    pub confirmed: Option<bool>,
    /// Lists the orders of a phone number; opens none.
    pub phone: Option<String>,
    /// Lists the orders under a display number; opens none.
    pub number: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Redeemed {
    Opened(Box<Opened>),
    Candidates { candidates: Vec<Candidate> },
}

/// An order open at this counter.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Opened {
    pub claim: GrantedClaim,
    /// Null while the order itself has not arrived here: then `lines` come from the token.
    pub order: Option<OrderView>,
    /// What is still to be given; null when the order has not arrived and is too long for its token.
    pub lines: Option<Vec<TokenLineView>>,
    /// How many lines the order has.
    pub count: u32,
    /// What a person would count of what is to be given.
    pub to_give: String,
    /// When the token ends; null when somebody vouched.
    pub expires_at: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct GrantedClaim {
    pub id: Uuid,
    /// The order, also while it has not arrived here.
    pub order: Uuid,
    /// qr, number or confirmed
    pub by: String,
    /// The claim authority could not be asked.
    pub offline: bool,
    pub seat: u16,
}

/// A line as a token or an order says it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenLineView {
    pub line: u32,
    pub product: Option<Uuid>,
    pub name: Option<String>,
    pub names: Names,
    pub unit: String,
    pub quantity: String,
    pub art: Art,
    pub hue: Option<String>,
}

/// Who wants an order, as one node asks another.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub claim: ClaimRow,
    pub take_over: bool,
}

impl Shop {
    /// Opens an order at this counter, or lists what somebody may have come for.
    pub fn redeem(&self, actor: &Actor, request: &Redeem) -> Result<Redeemed> {
        let list = |candidates| Ok(Redeemed::Candidates { candidates });
        match request {
            Redeem {
                phone: Some(phone), ..
            } => list(self.by_phone(actor, phone, false)?),
            Redeem {
                number: Some(number), ..
            } => list(self.by_display_number(number, false)?),
            Redeem { code: Some(code), .. } => {
                let content = content_of("redeem", request)?;
                if let Some(answer) = self.answered(request.id, &content)? {
                    return Ok(Redeemed::Opened(Box::new(answer)));
                }
                let ticket = self.ticket(actor, code)?;
                self.open(actor, request, ticket, &content)
            }
            Redeem {
                order: Some(order),
                confirmed: Some(true),
                ..
            } => {
                actor.must(Permission::HandoverConfirm)?;
                let content = content_of("redeem", request)?;
                if let Some(answer) = self.answered(request.id, &content)? {
                    return Ok(Redeemed::Opened(Box::new(answer)));
                }
                let order = OrderId::from_uuid(*order);
                let row = self
                    .store
                    .read(|r| r.order(order))?
                    .ok_or(AppError::new(Code::NotFound))?;
                if row.cancelled_ms.is_some() {
                    return Err(AppError::new(Code::OrderCancelled).hint("number", row.number));
                }
                let ticket = Ticket {
                    row: Some(row),
                    signed: None,
                    seen: "confirmed",
                };
                self.open(actor, request, ticket, &content)
            }
            _ => {
                Err(AppError::new(Code::Malformed).because("a code, a number, a phone or a confirmed order"))
            }
        }
    }

    fn answered(&self, id: Uuid, content: &[u8; 32]) -> Result<Option<Opened>> {
        use store::drafts::Answered;
        match self.store.glance(|r| r.answered(*id.as_bytes(), content))? {
            Answered::No => Ok(None),
            Answered::Differs => Err(Code::IdReused.into()),
            Answered::Same(answer) => serde_json::from_str(&answer)
                .map(Some)
                .map_err(|e| AppError::new(Code::Broken).caused(e)),
        }
    }

    fn open(&self, actor: &Actor, request: &Redeem, ticket: Ticket, content: &[u8; 32]) -> Result<Redeemed> {
        let now = self.edges.now();
        let order = match (&ticket.row, &ticket.signed) {
            (Some(row), _) => row.id,
            (None, Some(token)) => token.body.order,
            (None, None) => return Err(Code::NotFound.into()),
        };
        // Refusals that need nobody else come first and cost nothing.
        if let Some(row) = &ticket.row {
            self.store.glance(|r| self.must_be_collectable(r, row))?;
        }
        let seat_number = self.seat_number(actor.seat)?;
        let generation = match (&ticket.row, &ticket.signed) {
            (Some(row), _) => row.token_generation,
            (None, Some(token)) => token.body.generation,
            (None, None) => 0,
        };
        let mut wanted = Wanted {
            claim: ClaimRow {
                order,
                claim: *request.id.as_bytes(),
                generation,
                device: self.identity.device,
                counter: self.identity.counter,
                seat: actor.seat,
                seat_number,
                staff: actor.staff,
                seen: ticket.seen.to_owned(),
                at_ms: now.0,
                expires_ms: now.0 + self.settings().int("sales.claim_minutes") * 60_000,
                offline: false,
                state: "open".to_owned(),
                code: (ticket.row.is_none()).then(|| request.code.clone()).flatten(),
            },
            take_over: request.take_over == Some(true),
        };
        let mut granted_there = false;
        let told = match self.ask_authority(&wanted)? {
            Verdict::Ours => vec![],
            Verdict::Granted { told, offline } => {
                wanted.claim.offline = offline;
                granted_there = !offline;
                told
            }
            Verdict::Unreachable => {
                wanted.claim.offline = true;
                vec![]
            }
        };
        let opened = self.write_once(*request.id.as_bytes(), content, |tx| {
            for one in &told {
                tx.keep_told(one)?;
            }
            let row = tx.reader().order(order)?;
            if let Some(row) = &row {
                self.must_be_collectable(&tx.reader(), row)?;
                token_still_good(row, &wanted.claim)?;
            }
            // Whoever decides now has granted it: what this device granted to others, when it decided, is over.
            if granted_there
                && let Some(held) = tx.reader().claim_of(order)?
                && held.device != self.identity.device
                && held.state == "open"
            {
                tx.save_claim(&ClaimRow {
                    state: "released".to_owned(),
                    ..held
                })?;
            }
            self.grant(tx, &wanted, actor.seat)?;
            let mut opened =
                self.opened(&tx.reader(), &wanted.claim, row.as_ref(), ticket.signed.as_ref())?;
            opened.order = opened.order.map(|order| order.for_eyes_of(actor));
            Ok(opened)
        })?;
        self.tell_claim(order);
        self.show_handing(actor.seat, &opened);
        Ok(Redeemed::Opened(Box::new(opened)))
    }

    /// Gives the order to the one who wants it, unless another counter has it open.
    pub(crate) fn grant(&self, tx: &mut Write<'_>, wanted: &Wanted, asks: SeatId) -> Result<()> {
        let now = self.edges.now();
        if let Some(held) = tx.reader().claim_of(wanted.claim.order)?
            && held.claim != wanted.claim.claim
            && held.state == "open"
            && held.expires_ms > now.0
            && held.generation >= wanted.claim.generation
            // Money that is being paid back just now is not taken over.
            && (!wanted.take_over || held.seen == "refund")
        {
            let names = Directory::read(&tx.reader())?;
            let number = tx.reader().order(held.order)?.map(|row| row.number);
            return Err(claim_held(&names, &held, number, Some(asks)));
        }
        tx.save_claim(&wanted.claim)?;
        Ok(())
    }

    /// Refuses an order of which nothing is left to give, with who did it.
    pub(crate) fn must_be_collectable(&self, reader: &Reader<'_>, row: &OrderRow) -> Result<()> {
        let mut left = 0;
        let (mut ordered, mut refunded) = (0, 0);
        for line in reader.order_lines(row.id)? {
            let (account, _) = account_of(&line)?;
            left += account.open() + account.missing();
            ordered += account.ordered();
            refunded += account.refunded();
        }
        if row.cancelled_ms.is_some() {
            return Err(AppError::new(Code::OrderCancelled).hint("number", row.number));
        }
        if left > 0 {
            return Ok(());
        }
        let names = Directory::read(reader)?;
        let (code, deed) = match refunded == ordered {
            true => (Code::OrderRefunded, LastDeed::Any),
            false => (Code::AlreadyCollected, LastDeed::Handover),
        };
        let error = AppError::new(code)
            .hint("order", row.id.uuid().to_string())
            .hint("number", row.number);
        Err(named(&names, error, last_done(reader, row.id, deed)?))
    }

    fn opened(
        &self,
        reader: &Reader<'_>,
        claim: &ClaimRow,
        row: Option<&OrderRow>,
        token: Option<&Signed>,
    ) -> Result<Opened> {
        let granted = GrantedClaim {
            id: Uuid::from_bytes(claim.claim),
            order: claim.order.uuid(),
            by: claim.seen.clone(),
            offline: claim.offline,
            seat: claim.seat_number,
        };
        let expires_at = token.map(|token| rfc3339(token.body.expires));
        let Some(row) = row else {
            let token = token.ok_or(AppError::new(Code::OrderNotHere))?;
            let lines = self.lines_of_token(reader, token)?;
            let to_give = match &lines {
                Some(lines) => lines.iter().map(counted_of_token).sum::<u64>().to_string(),
                None => String::new(),
            };
            // Handed out elsewhere, as others told: there is nothing to open.
            if to_give == "0" && claim.seen != "refund" {
                let names = Directory::read(reader)?;
                let error =
                    AppError::new(Code::AlreadyCollected).hint("order", claim.order.uuid().to_string());
                return Err(named(
                    &names,
                    error,
                    last_done(reader, claim.order, LastDeed::Handover)?,
                ));
            }
            return Ok(Opened {
                claim: granted,
                order: None,
                count: match &token.body.lines {
                    TokenLines::Listed(lines) => u32::try_from(lines.len()).unwrap_or(u32::MAX),
                    TokenLines::Digest { count, .. } => *count,
                },
                lines,
                to_give,
                expires_at,
            });
        };
        let view = self.view_order(reader, row.id, Some(claim.seat))?;
        let mut to_give = 0;
        let mut lines = Vec::new();
        for (line, shown_line) in reader.order_lines(row.id)?.iter().zip(&view.lines) {
            let (account, _) = account_of(line)?;
            let unit = unit_of(line)?;
            let left = account.open() + account.kept();
            to_give += counted(left, unit);
            if left > 0 {
                lines.push(TokenLineView {
                    line: line.line,
                    product: shown_line.product,
                    name: Some(shown_line.name.clone()),
                    names: shown_line.names.clone(),
                    unit: shown_line.unit.clone(),
                    quantity: shown(left, unit),
                    art: shown_line.art.clone(),
                    hue: shown_line.hue.clone(),
                });
            }
        }
        Ok(Opened {
            claim: granted,
            count: u32::try_from(view.lines.len()).unwrap_or(u32::MAX),
            order: Some(view),
            lines: Some(lines),
            to_give: to_give.to_string(),
            expires_at,
        })
    }

    /// The lines that a token carries, numbered as the order's own are; `None` when it carries only their digest.
    pub(crate) fn lines_of_token(
        &self,
        reader: &Reader<'_>,
        token: &Signed,
    ) -> Result<Option<Vec<TokenLineView>>> {
        let TokenLines::Listed(lines) = &token.body.lines else {
            return Ok(None);
        };
        let names = Directory::read(reader)?;
        let told = reader.told(token.body.order)?;
        let mut views = Vec::with_capacity(lines.len());
        for (line, one) in (1u32..).zip(lines) {
            let product = match one.item {
                ShortNumber::OPEN => None,
                short => reader.product_by_n((i64::from(short.ordinal) << 32) + i64::from(short.counter))?,
            };
            let unit = product
                .as_ref()
                .and_then(|p| p.unit.parse().ok())
                .filter(|unit: &Unit| Quantity::from_milli(one.milli, *unit).is_ok())
                .unwrap_or(Unit::Kilogram);
            let gone: i64 = reader.units_of(token.body.order, line)?.iter().sum::<i64>()
                + told
                    .iter()
                    .flat_map(|told| &told.moves)
                    .filter(|m| m.line == line)
                    .map(|m| match UnitPlace::Open.number() {
                        open if m.from == open => m.milli,
                        open if m.to == open => -m.milli,
                        _ => 0,
                    })
                    .sum::<i64>();
            views.push(TokenLineView {
                line,
                product: product.as_ref().map(|p| p.id.uuid()),
                name: product.as_ref().map(|p| p.name.clone()),
                names: product.as_ref().map(|p| p.names.clone()).unwrap_or_default(),
                unit: match &product {
                    Some(_) => unit.as_str().to_owned(),
                    None => String::new(),
                },
                quantity: shown((one.milli - gone).max(0), unit),
                art: Art::read(product.as_ref().map_or("letters", |p| p.art.as_str())),
                hue: names.hue(product.and_then(|p| p.category).map(|c| c.uuid())),
            });
        }
        Ok(Some(views))
    }

    /// Back without handing over: the order is free for the next counter.
    pub fn release_claim(&self, actor: &Actor, claim: Uuid, id: Uuid) -> Result<()> {
        let content = content_of(&format!("release {claim}"), &id)?;
        let order = self.write_once(*id.as_bytes(), &content, |tx| {
            let row = tx
                .reader()
                .claim(*claim.as_bytes())?
                .filter(|row| row.seat == actor.seat && row.device == self.identity.device)
                .ok_or(AppError::new(Code::NotFound))?;
            let order = row.order.uuid();
            if row.state == "open" {
                tx.save_claim(&ClaimRow {
                    state: "released".to_owned(),
                    ..row
                })?;
            }
            Ok(order)
        })?;
        let order = OrderId::from_uuid(order);
        self.release_at_authority(order, claim);
        self.displays.forget_handing(actor.seat);
        self.tell_display(actor.seat);
        self.tell_claim(order);
        Ok(())
    }

    /// The claim under which this seat may act on an order.
    pub(crate) fn own_claim(&self, reader: &Reader<'_>, actor: &Actor, order: OrderId) -> Result<ClaimRow> {
        match reader.claim_of(order)? {
            Some(row) if row.state == "open" => {
                if row.seat == actor.seat && row.device == self.identity.device {
                    return Ok(row);
                }
                Err(self.lost_to(reader, &row, actor.seat)?)
            }
            _ => Err(Code::ClaimNeeded.into()),
        }
    }

    /// The seat's number, given to it at its first use.
    pub(crate) fn seat_number(&self, seat: SeatId) -> Result<u16> {
        if let Some(number) = self.store.glance(|r| r.seat_number(seat))? {
            return Ok(number);
        }
        Ok(self.store.write(self.edges.now(), |tx| tx.number_of_seat(seat))?)
    }

    pub(crate) fn tell_claim(&self, order: OrderId) {
        self.live.tell("claim", Some(order.to_string()));
    }

    /// The token under a claim whose order has not arrived.
    pub(crate) fn token_of_claim(&self, claim: &ClaimRow) -> Result<Signed> {
        let code = claim.code.as_deref().ok_or(AppError::new(Code::OrderNotHere))?;
        split(code).map_err(crate::tickets::token_refused)
    }
}

/// Which deed a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastDeed {
    Handover,
    Any,
}

/// Who touched the order's goods, or its money too, last.
pub(crate) fn last_done(reader: &Reader<'_>, order: OrderId, deed: LastDeed) -> Result<Option<Who>> {
    let handovers = reader.handovers(order)?;
    let refunds = reader.refunds(order)?;
    let told = reader.told(order)?;
    let meant = |told: &&Told| match deed {
        LastDeed::Handover => told.kind == "handover",
        LastDeed::Any => told.kind != "undo",
    };
    let of_told = told.iter().filter(meant).map(|t| Who {
        counter: t.counter,
        seat: t.seat_number,
        staff: t.staff,
        at_ms: t.at_ms,
    });
    let of_handovers = handovers.iter().filter(|h| h.undone_ms.is_none()).map(|h| Who {
        counter: h.counter,
        seat: h.seat_number,
        staff: h.staff,
        at_ms: h.at_ms,
    });
    let of_refunds = refunds.iter().filter(|_| deed == LastDeed::Any).map(|r| Who {
        counter: r.counter,
        seat: r.seat_number,
        staff: r.staff,
        at_ms: r.at_ms,
    });
    Ok(of_handovers
        .chain(of_refunds)
        .chain(of_told)
        .max_by_key(|by| by.at_ms))
}

/// "Open at counter 2", with who and since when.
pub(crate) fn claim_held(
    names: &Directory,
    held: &ClaimRow,
    number: Option<u32>,
    asks: Option<SeatId>,
) -> AppError {
    let view = view_claim(names, held, asks);
    let error = AppError::new(Code::ClaimHeld)
        .hint("order", held.order.uuid().to_string())
        .hint("claim", view.id.to_string())
        .hint("mine", view.mine);
    let error = match number {
        Some(number) => error.hint("number", number),
        None => error,
    };
    who(
        names,
        error,
        &Who {
            counter: held.counter,
            seat: held.seat_number,
            staff: Some(held.staff),
            at_ms: held.at_ms,
        },
    )
}

fn counted_of_token(line: &TokenLineView) -> u64 {
    let unit = line.unit.parse().unwrap_or(Unit::Piece);
    Quantity::parse(&line.quantity, unit)
        .map(|quantity| counted(quantity.milli(), unit))
        .unwrap_or(1)
}

/// When a claim was made, for a clock that was set back since.
pub(crate) fn is_fresh(claim: &ClaimRow, now: Moment) -> bool {
    claim.state == "open" && claim.expires_ms > now.0
}
