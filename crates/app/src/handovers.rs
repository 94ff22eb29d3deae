//! The sales counter: giving out what is there, saying what is missing, taking it back, and how far the work is.

use crate::{
    Actor, AppError, Code, Result, Shop,
    authority::{Verdict, named, token_still_good},
    claims::{LastDeed, last_done},
    lead::Decides,
    order_view::{Directory, OrderView, account_of, counted, money_back, shown, unit_of},
    orders::UNDO_MS,
    sessions::Approval,
    wire::{content_of, rfc3339},
};
use domain::{
    handover::{MissingAs, UnitMove, hand_over},
    ids::OrderId,
    order::{UnitAccount, UnitPlace},
    people::Permission,
    quantity::{Quantity, Unit},
    time::Moment,
    token::TokenLines,
};
use journal::{
    Body,
    body::{HandedOverV1, HandoverUndoneV1, MoveV1, OrderProgressedV1, SeenV1},
};
use serde::{Deserialize, Serialize};
use store::{Reader, Write, handovers::ClaimRow, orders::OrderLineRow};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    pub id: Uuid,
    pub lines: Vec<HandOverLine>,
    /// refund or keep; the shop's setting when it is not said
    pub missing_as: Option<String>,
    /// The claim under which it happens, for a counter that wants to be sure.
    pub claim: Option<Uuid>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOverLine {
    pub line: u32,
    pub given: Option<String>,
    pub missing: Option<String>,
}

/// What the salesperson has marked so far.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    pub lines: Vec<HandOverLine>,
    pub missing_as: Option<String>,
}

/// What these marks would come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MarksView {
    /// complete, partial or refund
    pub to: String,
    pub given: String,
    pub missing: String,
    /// Money that would go back for what is missing now.
    pub due_minor: i64,
    pub missing_as: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoHandover {
    pub id: Uuid,
    pub approval: Option<Approval>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Progressed {
    pub id: Uuid,
    /// placed, preparing or ready
    pub to: String,
}

/// Handed out lately.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecentHandover {
    pub order: Uuid,
    pub number: u32,
    pub items: String,
    pub state: String,
    pub at: String,
    /// The handover that can be undone.
    pub undo: Option<Uuid>,
}

/// What one line will be, and the moves that make it so.
pub(crate) struct Planned {
    pub line: u32,
    pub unit: Unit,
    pub before: UnitAccount,
    pub after: UnitAccount,
    pub moves: Vec<UnitMove>,
}

impl Shop {
    pub fn hand_over(&self, actor: &Actor, id: OrderId, request: &HandOver) -> Result<Option<OrderView>> {
        let content = content_of(&format!("handover {id}"), request)?;
        let missing_as = self.missing_as(request.missing_as.as_deref())?;
        let handover = *request.id.as_bytes();
        if let Some(row) = self.store.glance(|r| r.handover(handover))? {
            return match row.content == content {
                true => self.order_if_here(actor, id),
                false => Err(Code::IdReused.into()),
            };
        }
        let (told, offline) = self.still_ours(actor, id)?;
        let now = self.edges.now();
        let (view, claim) = self.store.write(now, |tx| {
            if let Some(row) = tx.reader().handover(handover)? {
                return match row.content == content {
                    true => Ok::<_, AppError>((None, None)),
                    false => Err(Code::IdReused.into()),
                };
            }
            for one in &told {
                tx.keep_told(one)?;
            }
            let reader = tx.reader();
            let order = reader.order(id)?;
            if order.as_ref().is_some_and(|row| row.cancelled_ms.is_some()) {
                return Err(Code::OrderCancelled.into());
            }
            let mut claim = self
                .own_claim(&reader, actor, id)
                .or_else(|refusal| match &order {
                    // Without a claim the word is about the order, when there is nothing left of it.
                    Some(row) if refusal.code == Code::ClaimNeeded => {
                        self.must_be_collectable(&reader, row)?;
                        Err(refusal)
                    }
                    _ => Err(refusal),
                })?;
            if request
                .claim
                .is_some_and(|wanted| *wanted.as_bytes() != claim.claim)
            {
                return Err(Code::ClaimLost.into());
            }
            if let Some(row) = &order {
                token_still_good(row, &claim)?;
            }
            claim.offline |= offline;
            let lines = self.lines_under(&reader, id, &claim)?;
            let planned = plan(&lines, &request.lines, missing_as)?;
            let moves = moves_of(&planned);
            if moves.is_empty() {
                let names = Directory::read(&reader)?;
                let error = AppError::new(Code::NothingLeft);
                return Err(named(&names, error, last_done(&reader, id, LastDeed::Any)?));
            }
            self.within_offline_cap(&claim, order.is_some(), &lines, &planned)?;
            let seen = match claim.seen.as_str() {
                "qr" => SeenV1::Qr,
                "number" => SeenV1::Number,
                _ => SeenV1::Staff,
            };
            let body = HandedOverV1 {
                handover,
                order: id.bytes(),
                counter: self.identity.counter.bytes(),
                seat: claim.seat_number,
                at_ms: now.0,
                moves,
                seen,
                offline: claim.offline,
                content,
            };
            tx.record(Some(actor.staff), &Body::HandedOver(body))?;
            self.must_tell(tx, "handover", request.id, id)?;
            tx.save_claim(&ClaimRow {
                state: "handed".to_owned(),
                ..claim.clone()
            })?;
            let view = match order {
                Some(_) => Some(self.view_order(&tx.reader(), id, Some(actor.seat))?),
                None => None,
            };
            Ok((view, Some(claim)))
        })?;
        let Some(_claim) = claim else {
            return self.order_if_here(actor, id);
        };
        self.told_now();
        self.show_handed(actor.seat, request.id, view.as_ref(), missing_as, now);
        self.tell_order(id);
        Ok(view.map(|view| view.for_eyes_of(actor)))
    }

    /// With another node as the authority: whether it still says so, and what it knows. Alone, nothing to ask.
    fn still_ours(&self, actor: &Actor, id: OrderId) -> Result<(Vec<store::handovers::Told>, bool)> {
        if self.decides() == Decides::Here {
            return Ok((vec![], false));
        }
        let Ok(claim) = self.store.read(|r| self.own_claim(r, actor, id)) else {
            // Whatever is wrong with it is said inside the transaction.
            return Ok((vec![], false));
        };
        Ok(match self.ask_again(&claim)? {
            Verdict::Ours => (vec![], false),
            Verdict::Granted { told, offline } => (told, offline),
            Verdict::Unreachable => (vec![], true),
        })
    }

    fn order_if_here(&self, actor: &Actor, id: OrderId) -> Result<Option<OrderView>> {
        self.store.read(|r| match r.order(id)? {
            Some(_) => Ok(Some(self.view_order(r, id, Some(actor.seat))?.for_eyes_of(actor))),
            None => Ok(None),
        })
    }

    /// What the marks on the screen come to; the customer's screen follows them.
    pub fn mark(&self, actor: &Actor, claim: Uuid, marks: &Marks) -> Result<MarksView> {
        let missing_as = self.missing_as(marks.missing_as.as_deref())?;
        let (view, handing) = self.store.read(|r| {
            let claim = r
                .claim(*claim.as_bytes())?
                .filter(|row| row.seat == actor.seat && row.state == "open")
                .ok_or(AppError::new(Code::ClaimLost))?;
            let lines = self.lines_under(r, claim.order, &claim)?;
            let planned = plan(&lines, &marks.lines, missing_as)?;
            let mut view = MarksView {
                to: outcome(&planned).to_owned(),
                given: String::new(),
                missing: String::new(),
                due_minor: 0,
                missing_as: missing_as.as_str().to_owned(),
            };
            let (mut given, mut missing) = (0, 0);
            for line in &planned {
                given += counted(sum_to(line, &[UnitPlace::Given]), line.unit);
                missing += counted(sum_to(line, &[UnitPlace::Claimed, UnitPlace::Kept]), line.unit);
            }
            view.given = given.to_string();
            view.missing = missing.to_string();
            if let Some(row) = r.order(claim.order)? {
                let back: Vec<(usize, i64)> = planned
                    .iter()
                    .filter_map(|p| {
                        let at = lines.iter().position(|l| l.line == p.line)?;
                        Some((at, sum_to(p, &[UnitPlace::Claimed])))
                    })
                    .collect();
                let (amounts, rounding) = money_back(&row, &lines, &back)?;
                view.due_minor = amounts.iter().sum::<i64>() + rounding;
            }
            let handing = self.handing_of(r, claim.order, &planned, &view, false)?;
            Ok::<_, AppError>((view, handing))
        })?;
        self.displays.handing(actor.seat, handing, None);
        self.tell_display(actor.seat);
        Ok(view)
    }

    pub(crate) fn missing_as(&self, said: Option<&str>) -> Result<MissingAs> {
        let settings = self.settings();
        MissingAs::from_word(said.unwrap_or(settings.text("sales.missing")))
            .ok_or_else(|| AppError::field("missing_as", "refund or keep"))
    }

    /// The lines that a claim is about: the order's own, or the token's while the order has not arrived.
    pub(crate) fn lines_under(
        &self,
        reader: &Reader<'_>,
        id: OrderId,
        claim: &ClaimRow,
    ) -> Result<Vec<OrderLineRow>> {
        if reader.order(id)?.is_some() {
            return Ok(reader.order_lines(id)?);
        }
        let token = self.token_of_claim(claim)?;
        let (TokenLines::Listed(listed), Some(views)) =
            (&token.body.lines, self.lines_of_token(reader, &token)?)
        else {
            return Err(Code::OrderNotHere.into());
        };
        let told = reader.told(id)?;
        listed
            .iter()
            .zip(views)
            .map(|(one, view)| {
                let [mut given, mut claimed, mut kept, mut refunded] = reader.units_of(id, view.line)?;
                let moves = told.iter().flat_map(|t| &t.moves).filter(|m| m.line == view.line);
                for m in moves {
                    for (place, sign) in [(m.from, -1), (m.to, 1)] {
                        match place {
                            1 => given += sign * m.milli,
                            2 => claimed += sign * m.milli,
                            3 => kept += sign * m.milli,
                            4 => refunded += sign * m.milli,
                            _ => {}
                        }
                    }
                }
                let unit = match view.unit.is_empty() {
                    true => Unit::Kilogram.as_str().to_owned(),
                    false => view.unit,
                };
                Ok(OrderLineRow {
                    line: view.line,
                    product: view.product.map(domain::ids::ProductId::from_uuid),
                    short: None,
                    name: view.name.unwrap_or_default(),
                    unit,
                    milli: one.milli,
                    unit_price_minor: 0,
                    gross_minor: 0,
                    discount_minor: 0,
                    order_discount_minor: 0,
                    note: String::new(),
                    base_milli: one.milli,
                    level: String::new(),
                    price_source: String::new(),
                    modifiers: Vec::new(),
                    parts: Vec::new(),
                    hsn: String::new(),
                    tax_class: None,
                    taxable_minor: 0,
                    tax_minor: 0,
                    taxes: Vec::new(),
                    given,
                    claimed,
                    kept,
                    refunded,
                    refunded_minor: 0,
                })
            })
            .collect()
    }

    /// What is handed out without the authority's word may be capped by the owner.
    fn within_offline_cap(
        &self,
        claim: &ClaimRow,
        is_here: bool,
        lines: &[OrderLineRow],
        planned: &[Planned],
    ) -> Result<()> {
        let cap = self.settings().int("sales.offline_cap_minor");
        if !claim.offline || cap == 0 {
            return Ok(());
        }
        if !is_here {
            // Its lines carry no prices here, its token carries the total.
            let total = self.token_of_claim(claim)?.body.total.minor();
            return match total > cap {
                true => Err(AppError::new(Code::OfflineCap).hint("most_minor", cap)),
                false => Ok(()),
            };
        }
        let value: i64 = planned
            .iter()
            .filter_map(|p| {
                let line = lines.iter().find(|l| l.line == p.line)?;
                let given = sum_to(p, &[UnitPlace::Given]);
                Some(line.paid_minor() * given / line.milli.max(1))
            })
            .sum();
        if value > cap {
            return Err(AppError::new(Code::OfflineCap).hint("most_minor", cap));
        }
        Ok(())
    }

    pub fn undo_handover(
        &self,
        actor: &Actor,
        id: OrderId,
        handover: Uuid,
        request: &UndoHandover,
    ) -> Result<Option<OrderView>> {
        let content = content_of(
            &format!("undo {id} {handover}"),
            &UndoHandover {
                approval: None,
                ..request.clone()
            },
        )?;
        let approved_by = match &request.approval {
            Some(approval) => Some(self.approve(approval, Permission::HandoverUndo, actor)?),
            None => None,
        };
        let now = self.edges.now();
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let row = tx
                .reader()
                .handover(*handover.as_bytes())?
                .filter(|row| row.order == id)
                .ok_or(AppError::new(Code::NotFound))?;
            if row.undone_ms.is_some() {
                return Err(Code::NothingToUndo.into());
            }
            let in_time =
                (row.at_ms..=row.at_ms + UNDO_MS).contains(&now.0) && row.staff == Some(actor.staff);
            if !in_time && approved_by.is_none() {
                actor.must(Permission::HandoverUndo)?;
            }
            for line in tx.reader().order_lines(id)? {
                let (account, _) = account_of(&line)?;
                let moves: Vec<UnitMove> = row
                    .moves
                    .iter()
                    .filter(|m| m.line == line.line)
                    .filter_map(|m| {
                        Some(UnitMove {
                            from: UnitPlace::from_number(m.from)?,
                            to: UnitPlace::from_number(m.to)?,
                            milli: m.milli,
                        })
                    })
                    .collect();
                domain::handover::take_back(&account, &moves)
                    .map_err(|_| AppError::new(Code::HandoverSettled))?;
            }
            let body = HandoverUndoneV1 {
                handover: *handover.as_bytes(),
                order: id.bytes(),
                at_ms: now.0,
                approved_by: approved_by.map(|s| s.bytes()),
            };
            tx.record(Some(actor.staff), &Body::HandoverUndone(body))?;
            self.must_tell(tx, "undo", handover, id)
        })?;
        self.told_now();
        self.displays.forget_handing(actor.seat);
        self.tell_display(actor.seat);
        self.tell_order(id);
        self.order_if_here(actor, id)
    }

    /// How far the work before the counter is.
    pub fn progress(&self, actor: &Actor, id: OrderId, request: &Progressed) -> Result<OrderView> {
        let progress = match request.to.as_str() {
            "placed" => 0,
            "preparing" => 1,
            "ready" => 2,
            _ => return Err(AppError::field("to", "placed, preparing or ready")),
        };
        let content = content_of(&format!("progress {id}"), request)?;
        let now = self.edges.now();
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let row = tx.reader().order(id)?.ok_or(AppError::new(Code::NotFound))?;
            if row.cancelled_ms.is_some() {
                return Err(Code::OrderCancelled.into());
            }
            if row.progress != progress {
                let body = OrderProgressedV1 {
                    order: id.bytes(),
                    progress,
                    at_ms: now.0,
                };
                tx.record(Some(actor.staff), &Body::OrderProgressed(body))?;
            }
            Ok(())
        })?;
        self.tell_order(id);
        self.order(actor, id)
    }

    /// What was handed out last at this node.
    pub fn recent_handovers(&self) -> Result<Vec<RecentHandover>> {
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let mut recent: Vec<RecentHandover> = Vec::new();
            for handover in r.last_handovers(24)? {
                let Some(row) = r.order(handover.order)? else {
                    continue;
                };
                let view = self.view_row(r, &row, &names, None)?;
                if recent.iter().any(|one| one.order == view.id) {
                    continue;
                }
                recent.push(RecentHandover {
                    order: view.id,
                    number: view.number,
                    items: view.items,
                    state: view.state,
                    at: rfc3339(Moment(handover.at_ms)),
                    undo: Some(Uuid::from_bytes(handover.id)),
                });
                if recent.len() == 8 {
                    break;
                }
            }
            Ok(recent)
        })
    }

    /// Every screen reads this order again, the hall's board too.
    pub(crate) fn tell_order(&self, id: OrderId) {
        self.live.tell("order", Some(id.to_string()));
        self.live.tell("board", None);
    }
}

/// What every named line will be; a line that is not there, or twice, or holds too little, is refused.
pub(crate) fn plan(
    lines: &[OrderLineRow],
    wanted: &[HandOverLine],
    missing_as: MissingAs,
) -> Result<Vec<Planned>> {
    let mut planned: Vec<Planned> = Vec::with_capacity(wanted.len());
    for one in wanted {
        let refused = |why: &str| {
            Err(AppError::new(Code::QuantityInvalid)
                .because(why)
                .hint("line", one.line))
        };
        let Some(line) = lines.iter().find(|l| l.line == one.line) else {
            return Err(AppError::new(Code::LineGone).hint("line", one.line));
        };
        if planned.iter().any(|p| p.line == one.line) {
            return refused("a line is named twice");
        }
        let unit = unit_of(line)?;
        let milli = |text: &Option<String>| match text.as_deref().map(str::trim) {
            None | Some("" | "0") => Ok(0),
            Some(text) => Quantity::parse(text, unit).map(|q| q.milli()).map_err(|e| {
                AppError::new(Code::QuantityInvalid)
                    .because(e)
                    .hint("line", one.line)
            }),
        };
        let (given, missing) = (milli(&one.given)?, milli(&one.missing)?);
        let (before, _) = account_of(line)?;
        let (after, moves) = match hand_over(&before, given, missing, missing_as) {
            Ok(done) => done,
            Err(why) => return refused(&why.to_string()),
        };
        planned.push(Planned {
            line: one.line,
            unit,
            before,
            after,
            moves,
        });
    }
    Ok(planned)
}

pub(crate) fn moves_of(planned: &[Planned]) -> Vec<MoveV1> {
    planned
        .iter()
        .flat_map(|p| {
            p.moves.iter().map(|m| MoveV1 {
                line: p.line,
                from: m.from.number(),
                to: m.to.number(),
                milli: m.milli,
            })
        })
        .collect()
}

fn sum_to(planned: &Planned, places: &[UnitPlace]) -> i64 {
    planned
        .moves
        .iter()
        .filter(|m| places.contains(&m.to))
        .map(|m| m.milli)
        .sum()
}

/// The word on the one button.
fn outcome(planned: &[Planned]) -> &'static str {
    let sum = |places: &[UnitPlace]| planned.iter().map(|p| sum_to(p, places)).sum::<i64>();
    let given = sum(&[UnitPlace::Given]);
    let missing: i64 = planned.iter().map(|p| p.after.missing()).sum();
    match (given, missing) {
        (_, 0) => "complete",
        (0, _) => "refund",
        _ => "partial",
    }
}

impl Shop {
    /// The customer's view of what is being handed over.
    pub(crate) fn handing_of(
        &self,
        reader: &Reader<'_>,
        id: OrderId,
        planned: &[Planned],
        marks: &MarksView,
        done: bool,
    ) -> Result<crate::display::HandingView> {
        let row = reader.order(id)?;
        let names = Directory::read(reader)?;
        let view = row
            .as_ref()
            .map(|row| self.view_row(reader, row, &names, None))
            .transpose()?;
        let line_of = |line: u32| view.as_ref()?.lines.iter().find(|l| l.line == line);
        Ok(crate::display::HandingView {
            number: row.map(|row| row.number),
            verdict: match (done, planned.iter().all(|p| p.moves.is_empty())) {
                (false, true) => "open".to_owned(),
                _ => marks.to.clone(),
            },
            lines: planned
                .iter()
                .map(|p| {
                    let line = line_of(p.line);
                    crate::display::HandingLine {
                        line: p.line,
                        name: line.map(|l| l.name.clone()).unwrap_or_default(),
                        names: line.map(|l| l.names.clone()).unwrap_or_default(),
                        unit: p.unit.as_str().to_owned(),
                        quantity: shown(p.before.open() + p.before.missing(), p.unit),
                        given: shown(sum_to(p, &[UnitPlace::Given]), p.unit),
                        missing: shown(p.after.missing(), p.unit),
                        art: line.map_or(crate::catalog::Art::Letters {}, |l| l.art.clone()),
                        hue: line.and_then(|l| l.hue.clone()),
                    }
                })
                .collect(),
            given: marks.given.clone(),
            missing: marks.missing.clone(),
            due_minor: marks.due_minor,
            missing_as: marks.missing_as.clone(),
            done,
        })
    }

    /// Just scanned: everything is still to be given.
    pub(crate) fn show_handing(&self, seat: domain::ids::SeatId, opened: &crate::claims::Opened) {
        let lines = opened.lines.iter().flatten();
        let view = crate::display::HandingView {
            number: opened.order.as_ref().map(|o| o.number),
            verdict: "open".to_owned(),
            lines: lines
                .map(|l| crate::display::HandingLine {
                    line: l.line,
                    name: l.name.clone().unwrap_or_default(),
                    names: l.names.clone(),
                    unit: l.unit.clone(),
                    quantity: l.quantity.clone(),
                    given: "0".to_owned(),
                    missing: "0".to_owned(),
                    art: l.art.clone(),
                    hue: l.hue.clone(),
                })
                .collect(),
            given: "0".to_owned(),
            missing: "0".to_owned(),
            due_minor: 0,
            missing_as: self.settings().text("sales.missing").to_owned(),
            done: false,
        };
        self.displays.handing(seat, view, None);
        self.tell_display(seat);
    }

    /// Handed over: the customer sees what they got and what comes back, for a while.
    fn show_handed(
        &self,
        seat: domain::ids::SeatId,
        handover: Uuid,
        view: Option<&OrderView>,
        missing_as: MissingAs,
        at: Moment,
    ) {
        let Some(view) = view else {
            self.displays.forget_handing(seat);
            return self.tell_display(seat);
        };
        let lines = view
            .history
            .iter()
            .find(|event| event.id == Some(handover))
            .map(|event| event.lines.as_slice())
            .unwrap_or_default();
        let count = |of: fn(&crate::order_view::EventLineView) -> &String| -> String {
            lines
                .iter()
                .map(|l| {
                    let unit = l.unit.parse().unwrap_or(Unit::Piece);
                    Quantity::parse(of(l), unit).map_or(0, |q| counted(q.milli(), unit))
                })
                .sum::<u64>()
                .to_string()
        };
        let line_of = |line: u32| view.lines.iter().find(|l| l.line == line);
        let handing = crate::display::HandingView {
            number: Some(view.number),
            verdict: match (count(|l| &l.given).as_str(), count(|l| &l.missing).as_str()) {
                (_, "0") => "complete",
                ("0", _) => "refund",
                _ => "partial",
            }
            .to_owned(),
            lines: lines
                .iter()
                .map(|l| {
                    let line = line_of(l.line);
                    crate::display::HandingLine {
                        line: l.line,
                        name: l.name.clone(),
                        names: line.map(|l| l.names.clone()).unwrap_or_default(),
                        unit: l.unit.clone(),
                        quantity: line.map(|l| l.quantity.clone()).unwrap_or_default(),
                        given: l.given.clone(),
                        missing: l.missing.clone(),
                        art: line.map_or(crate::catalog::Art::Letters {}, |l| l.art.clone()),
                        hue: line.and_then(|l| l.hue.clone()),
                    }
                })
                .collect(),
            given: count(|l| &l.given),
            missing: count(|l| &l.missing),
            due_minor: view.due_minor,
            missing_as: missing_as.as_str().to_owned(),
            done: true,
        };
        self.displays.handing(seat, handing, Some(at));
        self.tell_display(seat);
    }
}

/// Tells whoever writes demo stories how to hand an order over without a claim.
pub(crate) fn record_handover(
    tx: &mut Write<'_>,
    id: OrderId,
    handover: Uuid,
    staff: domain::ids::StaffId,
    at: Moment,
) -> Result<()> {
    let lines = tx.reader().order_lines(id)?;
    let moves = lines
        .iter()
        .map(|l| MoveV1 {
            line: l.line,
            from: UnitPlace::Open.number(),
            to: UnitPlace::Given.number(),
            milli: l.milli,
        })
        .collect();
    let counter = tx.identity()?.counter.bytes();
    let body = HandedOverV1 {
        handover: *handover.as_bytes(),
        order: id.bytes(),
        counter,
        seat: 2,
        at_ms: at.0,
        moves,
        seen: SeenV1::Qr,
        offline: false,
        content: [0; 32],
    };
    tx.record(Some(staff), &Body::HandedOver(body))?;
    Ok(())
}
