//! The claim authority of a branch: the one node that decides which counter has an order.
//!
//! A node alone is its own authority. With another one appointed it is asked before anything is handed over; when it
//! does not answer in time the counter goes on alone, and what it does is marked offline and told later.

use crate::{
    AppError, Code, Result, Shop,
    claims::{Wanted, claim_held},
    lead::Decides,
    order_view::Directory,
    shared_carts::{CartList, CartReport, CartTake, CartTaken},
    tickets::{Who, who},
    wire::content_of,
};
use domain::{
    ids::{CounterId, DeviceId, OrderId, SeatId, StaffId},
    order::UnitPlace,
};
use serde::{Deserialize, Serialize};
use store::{
    Reader,
    handovers::{ClaimRow, HandoverRow, MoveRow, RefundRow, Told},
    orders::{OrderLineRow, OrderRow},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// The way to the appointed authority. Every call is bounded in time.
pub trait Authority: Send + Sync {
    fn claim(&self, ask: &ClaimAsk) -> std::result::Result<ClaimReply, Unreachable>;
    fn release(&self, release: &ClaimRelease) -> std::result::Result<(), Unreachable>;
    fn tell(&self, deeds: &Deeds) -> std::result::Result<(), Unreachable>;
    fn carts(&self, report: &CartReport) -> std::result::Result<CartList, Unreachable>;
    fn take(&self, ask: &CartTake) -> std::result::Result<CartTaken, Unreachable>;
    /// There is something to tell, as soon as it listens.
    fn nudge(&self);
}

/// No device may hold an order for longer than this without asking again.
pub(crate) const MOST_LEASE_MS: i64 = 7_200_000;

/// No answer in time, or none that can be believed.
#[derive(Debug, thiserror::Error)]
#[error("the claim authority does not answer: {0}")]
pub struct Unreachable(pub String);

/// What came of asking.
pub(crate) enum Verdict {
    /// This node decides itself.
    Ours,
    /// With what the authority knows about the order; `offline` where it has lost the others itself.
    Granted {
        told: Vec<Told>,
        offline: bool,
    },
    Unreachable,
}

/// One node asks another for an order.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimAsk {
    pub claim: Uuid,
    pub order: Uuid,
    pub generation: u32,
    pub counter: Uuid,
    pub seat: Uuid,
    pub seat_number: u16,
    pub staff: Uuid,
    pub seen: String,
    pub at_ms: i64,
    pub lease_ms: i64,
    pub take_over: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum ClaimReply {
    Granted {
        deeds: Vec<Deed>,
        /// It decides alone, without the others behind it.
        #[serde(default)]
        offline: bool,
    },
    Refused {
        code: String,
        hints: serde_json::Map<String, serde_json::Value>,
    },
    /// Another device decides by now.
    Elsewhere {},
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimRelease {
    pub claim: Uuid,
    pub order: Uuid,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deeds {
    pub id: Uuid,
    pub deeds: Vec<Deed>,
}

/// A handover, its undoing, or a refund, as one node tells another. The fact itself comes with the sync.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    /// handover, undo or refund
    pub kind: String,
    pub subject: Uuid,
    pub order: Uuid,
    pub counter: Uuid,
    pub seat: u16,
    pub staff: Option<Uuid>,
    pub at_ms: i64,
    pub moves: Vec<DeedMove>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeedMove {
    pub line: u32,
    pub from: u8,
    pub to: u8,
    pub milli: i64,
}

impl Deed {
    fn of(told: &Told) -> Deed {
        Deed {
            kind: told.kind.clone(),
            subject: Uuid::from_bytes(told.subject),
            order: told.order.uuid(),
            counter: told.counter.uuid(),
            seat: told.seat_number,
            staff: told.staff.map(|s| s.uuid()),
            at_ms: told.at_ms,
            moves: told
                .moves
                .iter()
                .map(|m| DeedMove {
                    line: m.line,
                    from: m.from,
                    to: m.to,
                    milli: m.milli,
                })
                .collect(),
        }
    }

    /// As it is kept, or `None` when it says something that cannot be.
    pub(crate) fn told(&self) -> Option<Told> {
        let right = |m: &DeedMove| {
            UnitPlace::from_number(m.from).is_some()
                && UnitPlace::from_number(m.to).is_some()
                && (0..=domain::quantity::MAX_MILLI).contains(&m.milli)
        };
        let known = matches!(self.kind.as_str(), "handover" | "undo" | "refund");
        (known && self.moves.len() <= 10_000 && self.moves.iter().all(right)).then(|| Told {
            kind: self.kind.clone(),
            subject: *self.subject.as_bytes(),
            order: OrderId::from_uuid(self.order),
            counter: CounterId::from_uuid(self.counter),
            seat_number: self.seat,
            staff: self.staff.map(StaffId::from_uuid),
            at_ms: self.at_ms,
            moves: self
                .moves
                .iter()
                .map(|m| MoveRow {
                    line: m.line,
                    from: m.from,
                    to: m.to,
                    milli: m.milli,
                })
                .collect(),
        })
    }
}

impl Shop {
    /// Appoints another node as the branch's claim authority, or this one.
    pub fn appoint(&self, authority: Option<std::sync::Arc<dyn Authority>>) {
        *self
            .authority
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = authority;
    }

    pub(crate) fn appointed(&self) -> Option<std::sync::Arc<dyn Authority>> {
        self.authority
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn ask_authority(&self, wanted: &Wanted) -> Result<Verdict> {
        let authority = match (self.decides(), self.appointed()) {
            (Decides::Here, _) => return Ok(Verdict::Ours),
            (Decides::There, Some(authority)) => authority,
            (Decides::There | Decides::Alone, _) => return Ok(Verdict::Unreachable),
        };
        // What it has not heard yet must not be handed out by it meanwhile.
        let heard = self.tell_authority();
        let row = &wanted.claim;
        let ask = ClaimAsk::of(row, row.at_ms, wanted.take_over);
        let reply = match heard.and_then(|()| authority.claim(&ask)) {
            Ok(reply) => reply,
            Err(unreachable) => {
                tracing::warn!(%unreachable, "this counter goes on alone");
                return Ok(Verdict::Unreachable);
            }
        };
        match reply {
            ClaimReply::Granted { deeds, offline } => Ok(Verdict::Granted {
                told: deeds
                    .iter()
                    .filter_map(Deed::told)
                    .filter(|told| told.order == row.order)
                    .collect(),
                offline,
            }),
            ClaimReply::Elsewhere {} => Ok(Verdict::Unreachable),
            ClaimReply::Refused { code, hints } => {
                let code = Code::ALL
                    .iter()
                    .copied()
                    .find(|known| known.as_str() == code)
                    .unwrap_or(Code::ClaimHeld);
                Err(AppError {
                    hints,
                    ..AppError::new(code)
                })
            }
        }
    }

    /// Tells the authority what it has not heard; fails as soon as it does not answer.
    pub fn tell_authority(&self) -> std::result::Result<(), Unreachable> {
        let Some(authority) = self.appointed() else {
            return Ok(());
        };
        let broken = |e: AppError| Unreachable(e.to_string());
        loop {
            let (waiting, deeds) = self
                .store
                .read(|r| {
                    let waiting = r.untold(50)?;
                    let deeds = waiting
                        .iter()
                        .map(|(kind, subject, _)| deed(r, kind, *subject))
                        .collect::<Result<Vec<_>>>()?;
                    Ok::<_, AppError>((waiting, deeds))
                })
                .map_err(broken)?;
            if waiting.is_empty() {
                return Ok(());
            }
            authority.tell(&Deeds {
                id: self.edges.new_id(),
                deeds: deeds.into_iter().flatten().collect(),
            })?;
            self.store
                .write(self.edges.now(), |tx| {
                    for (kind, subject, _) in &waiting {
                        tx.was_told(kind, *subject)?;
                    }
                    Ok::<_, AppError>(())
                })
                .map_err(broken)?;
        }
    }

    /// Whether the authority still says that the order is ours; what it told besides is kept with the handover.
    pub(crate) fn ask_again(&self, claim: &ClaimRow) -> Result<Verdict> {
        let verdict = self.ask_authority(&Wanted {
            claim: claim.clone(),
            take_over: false,
        });
        match verdict {
            Err(refusal) if refusal.code == Code::ClaimHeld => Err(AppError {
                code: Code::ClaimLost,
                message: Code::ClaimLost.sentence().to_owned(),
                ..refusal
            }),
            other => other,
        }
    }

    pub(crate) fn release_at_authority(&self, order: OrderId, claim: Uuid) {
        if let Some(authority) = self.appointed() {
            let release = ClaimRelease {
                claim,
                order: order.uuid(),
            };
            if let Err(unreachable) = authority.release(&release) {
                // The lease ends by itself.
                tracing::warn!(%unreachable, "the claim authority did not hear that an order is free");
            }
        }
    }

    /// Another device of this branch asks for an order, or whether it still has it.
    ///
    /// Once a claim was granted, asking again renews it while nobody took it over, and never takes it back: so a
    /// repeated question of any age does no harm.
    pub fn decide_claim(&self, device: DeviceId, ask: &ClaimAsk) -> Result<ClaimReply> {
        use store::drafts::Answered;
        if !matches!(ask.seen.as_str(), "qr" | "number" | "confirmed" | "refund") {
            return Err(AppError::field("seen", "qr, number, confirmed or refund"));
        }
        let Some(holds) = self.may_decide() else {
            return Ok(ClaimReply::Elsewhere {});
        };
        let content = content_of(&format!("claim of {device}"), &(ask.claim, ask.order))?;
        let order = OrderId::from_uuid(ask.order);
        let now = self.edges.now();
        let wanted = Wanted {
            claim: ClaimRow {
                at_ms: now.0,
                ..ask.row(device, now)
            },
            take_over: ask.take_over,
        };
        let mut fresh = false;
        let reply = self.store.write(now, |tx| {
            let reader = tx.reader();
            let before = reader.answered(*ask.claim.as_bytes(), &content)?;
            let held = reader.claim_of(order)?;
            let first = before == Answered::No;
            fresh = first;
            let decided = match (before, held) {
                (Answered::Differs, _) => Err(Code::IdReused.into()),
                (Answered::Same(_), Some(held)) if held.claim == wanted.claim.claim => {
                    let may = self.may_be_claimed(&reader, &wanted);
                    if may.is_ok() && held.state == "open" {
                        tx.save_claim(&ClaimRow {
                            expires_ms: wanted.claim.expires_ms,
                            ..held
                        })?;
                    }
                    may
                }
                (Answered::Same(_), Some(held)) => Err(self.lost_to(&reader, &held, wanted.claim.seat)?),
                (Answered::Same(_), None) => Err(AppError::new(Code::ClaimLost)),
                (Answered::No, _) => self.grant_to(tx, &wanted),
            };
            match decided {
                Ok(()) => {
                    if first {
                        tx.answer(*ask.claim.as_bytes(), &content, "granted")?;
                    }
                    Ok(ClaimReply::Granted {
                        deeds: deeds_of(&tx.reader(), order)?,
                        offline: !holds,
                    })
                }
                Err(refusal) if refusal.code.kind() == crate::error::Kind::Broken => Err(refusal),
                Err(refusal) => Ok(ClaimReply::Refused {
                    code: refusal.code.as_str().to_owned(),
                    hints: refusal.hints,
                }),
            }
        })?;
        self.tell_claim(order);
        if fresh {
            self.saw_clock(device, domain::time::Moment(ask.at_ms));
        }
        // The disk may have taken its time, or the process was stopped: what the lease does not cover is no grant.
        match (self.may_decide(), reply) {
            (Some(still), ClaimReply::Granted { deeds, offline }) => Ok(ClaimReply::Granted {
                deeds,
                offline: offline || !still,
            }),
            (None, ClaimReply::Granted { .. }) => Ok(ClaimReply::Elsewhere {}),
            (_, reply) => Ok(reply),
        }
    }

    fn grant_to(&self, tx: &mut store::Write<'_>, wanted: &Wanted) -> Result<()> {
        self.may_be_claimed(&tx.reader(), wanted)?;
        self.grant(tx, wanted, wanted.claim.seat)
    }

    /// The rules that hold for this node's own counters, for another's.
    fn may_be_claimed(&self, reader: &Reader<'_>, wanted: &Wanted) -> Result<()> {
        let Some(row) = reader.order(wanted.claim.order)? else {
            return Ok(());
        };
        if row.cancelled_ms.is_some() {
            return Err(AppError::new(Code::OrderCancelled).hint("number", row.number));
        }
        token_still_good(&row, &wanted.claim)?;
        match wanted.claim.seen.as_str() {
            "refund" => Ok(()),
            _ => self.must_be_collectable(reader, &row),
        }
    }

    /// Another counter took it over: who, when and where.
    pub(crate) fn lost_to(&self, reader: &Reader<'_>, held: &ClaimRow, asks: SeatId) -> Result<AppError> {
        let names = Directory::read(reader)?;
        let number = reader.order(held.order)?.map(|row| row.number);
        Ok(AppError {
            code: Code::ClaimLost,
            message: Code::ClaimLost.sentence().to_owned(),
            ..claim_held(&names, held, number, Some(asks))
        })
    }

    /// Another device gives an order back.
    pub fn hear_release(&self, device: DeviceId, release: &ClaimRelease) -> Result<()> {
        let order = OrderId::from_uuid(release.order);
        self.store.write(self.edges.now(), |tx| {
            match tx.reader().claim_of(order)? {
                Some(row) if row.claim == *release.claim.as_bytes() && row.device == device => {
                    tx.save_claim(&ClaimRow {
                        state: "released".to_owned(),
                        ..row
                    })?;
                }
                _ => {}
            }
            Ok::<_, AppError>(())
        })?;
        self.tell_claim(order);
        Ok(())
    }

    /// Another device tells what it did. The same twice is once.
    pub fn hear_deeds(&self, device: DeviceId, heard: &Deeds) -> Result<()> {
        if self.may_decide().is_none() {
            // Told to the wrong one, it would not be told again.
            return Err(AppError::new(Code::NotFound).because("another device decides by now"));
        }
        let told: Vec<Told> = heard
            .deeds
            .iter()
            .map(|deed| deed.told().ok_or(AppError::new(Code::Malformed)))
            .collect::<Result<_>>()?;
        self.store.write(self.edges.now(), |tx| {
            for one in &told {
                let news = tx.keep_told(one)?;
                // What was handed over is not open any more at that device; an old letter says nothing new.
                if news
                    && one.kind == "handover"
                    && let Some(row) = tx.reader().claim_of(one.order)?
                    && row.device == device
                    && row.state == "open"
                {
                    tx.save_claim(&ClaimRow {
                        state: "handed".to_owned(),
                        ..row
                    })?;
                }
            }
            Ok::<_, AppError>(())
        })?;
        for one in &told {
            self.live.tell("order", Some(one.order.to_string()));
            self.tell_claim(one.order);
        }
        Ok(())
    }

    /// Keeps what the authority must hear of; told at once when it listens.
    pub(crate) fn must_tell(
        &self,
        tx: &store::Write<'_>,
        kind: &str,
        subject: Uuid,
        order: OrderId,
    ) -> Result<()> {
        if self.tells() {
            tx.must_tell(kind, *subject.as_bytes(), order)?;
        }
        Ok(())
    }

    /// After the commit: the authority hears of it soon, and nobody waits for that.
    pub(crate) fn told_now(&self) {
        if let Some(authority) = self.appointed() {
            authority.nudge();
        }
    }
}

/// Whether what was shown for this claim is still good: a token issued again or revoked ends the older one at once.
/// Where a person vouches, or money goes back, no token was shown.
pub(crate) fn token_still_good(row: &OrderRow, claim: &ClaimRow) -> Result<()> {
    let shown = matches!(claim.seen.as_str(), "qr" | "number");
    if shown && (row.revoked || claim.generation < row.token_generation) {
        return Err(AppError::new(Code::TokenRevoked).hint("number", row.number));
    }
    Ok(())
}

impl Shop {
    /// What this device handed out and paid back since then, the latest first.
    pub(crate) fn deeds_since(&self, reader: &Reader<'_>, since_ms: i64, most: usize) -> Result<Vec<Deed>> {
        let counter = self.identity.counter;
        let mut deeds: Vec<Deed> = Vec::new();
        for handover in reader.handovers_since(counter, since_ms, most)? {
            deeds.push(of_handover(&handover));
            deeds.extend(of_undo(&handover));
        }
        for refund in reader.refunds_since(counter, since_ms, most)? {
            deeds.push(of_refund(reader, &refund)?);
        }
        deeds.truncate(most);
        Ok(deeds)
    }
}

/// Everything that this node knows was done with an order.
fn deeds_of(reader: &Reader<'_>, order: OrderId) -> Result<Vec<Deed>> {
    let mut deeds: Vec<Deed> = Vec::new();
    for handover in reader.handovers(order)? {
        deeds.push(of_handover(&handover));
        deeds.extend(of_undo(&handover));
    }
    for refund in reader.refunds(order)? {
        deeds.push(of_refund(reader, &refund)?);
    }
    deeds.extend(of_cancellation(reader, order)?);
    deeds.extend(reader.told(order)?.iter().map(Deed::of));
    Ok(deeds)
}

/// One deed of this device by its name.
fn deed(reader: &Reader<'_>, kind: &str, subject: [u8; 16]) -> Result<Option<Deed>> {
    Ok(match kind {
        "handover" => reader.handover(subject)?.as_ref().map(of_handover),
        "undo" => reader.handover(subject)?.as_ref().and_then(of_undo),
        _ => match reader.refund(subject)? {
            Some(refund) => Some(of_refund(reader, &refund)?),
            None => of_cancellation(reader, OrderId::from_bytes(subject))?,
        },
    })
}

/// An order undone as a whole is told as all of its units paid back.
fn of_cancellation(reader: &Reader<'_>, order: OrderId) -> Result<Option<Deed>> {
    let Some(row) = reader.order(order)? else {
        return Ok(None);
    };
    let Some(at_ms) = row.cancelled_ms else {
        return Ok(None);
    };
    let back = |line: &OrderLineRow| MoveRow {
        line: line.line,
        from: UnitPlace::Open.number(),
        to: UnitPlace::Refunded.number(),
        milli: line.milli,
    };
    Ok(Some(Deed::of(&Told {
        kind: "refund".to_owned(),
        subject: order.bytes(),
        order,
        counter: row.counter,
        seat_number: 0,
        staff: row.cancelled_by,
        at_ms,
        moves: reader.order_lines(order)?.iter().map(back).collect(),
    })))
}

fn of_handover(row: &HandoverRow) -> Deed {
    Deed::of(&Told {
        kind: "handover".to_owned(),
        subject: row.id,
        order: row.order,
        counter: row.counter,
        seat_number: row.seat_number,
        staff: row.staff,
        at_ms: row.at_ms,
        moves: row.moves.clone(),
    })
}

fn of_undo(row: &HandoverRow) -> Option<Deed> {
    let at_ms = row.undone_ms?;
    let back = |m: &MoveRow| MoveRow {
        from: m.to,
        to: m.from,
        ..*m
    };
    Some(Deed {
        kind: "undo".to_owned(),
        at_ms,
        ..of_handover(&HandoverRow {
            moves: row.moves.iter().rev().map(back).collect(),
            ..row.clone()
        })
    })
}

fn of_refund(reader: &Reader<'_>, row: &RefundRow) -> Result<Deed> {
    Ok(Deed::of(&Told {
        kind: "refund".to_owned(),
        subject: row.id,
        order: row.order,
        counter: row.counter,
        seat_number: row.seat_number,
        staff: row.staff,
        at_ms: row.at_ms,
        moves: reader.refund_moves(row.id)?,
    }))
}

/// Names the one who did the order's last deed.
pub(crate) fn named(names: &Directory, error: AppError, by: Option<Who>) -> AppError {
    match by {
        Some(by) => who(names, error, &by),
        None => error,
    }
}
