//! Which device decides for the branch: this device's part in it, on its disk and over the wire.
//!
//! The rules are `domain::lead`'s. What this device promises is on the disk before it is said. Whoever comes to lead
//! first hears from every device that answers which orders are open there and what was handed out of late; only then
//! does it grant anything, so what the one before it granted still counts.

use crate::{
    Actor, AppError, Code, Result, Shop,
    authority::{ClaimAsk, Deed},
    edges::Steady,
    order_view::{Directory, Named},
    wire::{content_of, rfc3339},
};
use domain::{
    ids::{CounterId, DeviceId, OrderId, SeatId, StaffId},
    lead::{Answer, Ask, Clocks, Kept, Lead, Standing, Voters},
    time::Moment,
};
use journal::{Body, body::HubAppointedV1};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};
use store::{Write, handovers::ClaimRow, lead::BranchDevice};
use utoipa::ToSchema;
use uuid::Uuid;

/// How far back a new leader asks what was handed out.
const LATE_MS: i64 = 15 * 60_000;
/// How many orders and deeds one device tells a new leader at most.
const MOST_TOLD: usize = 500;

/// This process's part in the branch's elections; nothing, until it takes part.
#[derive(Default)]
pub(crate) struct Leading {
    running: Mutex<Option<Running>>,
    steps: Mutex<()>,
}

struct Running {
    lead: Lead,
    steady: Steady,
    /// In which term each device told what is open there.
    gathered: BTreeMap<DeviceId, u64>,
    /// The term in which everybody who has an address was asked once.
    asked_all: Option<u64>,
}

/// Who decides about an order that somebody asks for here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decides {
    Here,
    /// Nobody who could be asked: this counter goes on alone.
    Alone,
    There,
}

/// The list of voters on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VotersForm {
    pub term: u64,
    pub change: u64,
    pub devices: Vec<Uuid>,
}

/// "I lead", from the device that does.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Beat {
    pub term: u64,
    pub voters: VotersForm,
    /// It leads anew and asks what is open there.
    pub gather: bool,
}

/// "I want to lead."
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoteAsk {
    pub term: u64,
    pub voters_term: u64,
    pub voters_change: u64,
    pub trial: bool,
    pub appointed: bool,
    pub released: Option<u64>,
}

/// The answer to both.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadReply {
    pub yes: bool,
    pub term: u64,
    pub voters_term: u64,
    pub voters_change: u64,
    /// Only where the asker's list is older.
    pub voters: Option<VotersForm>,
    pub released: Option<u64>,
    /// To a new leader: the orders that are open at this device.
    pub held: Vec<ClaimAsk>,
    /// To a new leader: what was handed out and paid back here of late.
    pub deeds: Vec<Deed>,
}

/// One question to another device, as it is sent.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Question {
    Beat(Beat),
    Vote(VoteAsk),
}

/// A question with what is needed when its answer comes.
#[derive(Debug, Clone)]
pub struct Asked {
    pub question: Question,
    ask: Ask,
    sent: Clocks,
}

impl Asked {
    /// The last part of the route that takes it.
    pub fn path(&self) -> &'static str {
        match self.question {
            Question::Beat(_) => "beats",
            Question::Vote(_) => "votes",
        }
    }

    /// Which question it is, but for what changes from one time to the next.
    pub fn name(&self) -> (bool, bool, u64, u64) {
        match &self.question {
            // Until the others have the list of voters, none of them can take over: a new one is told at once.
            Question::Beat(beat) => (true, false, beat.term, beat.voters.change),
            Question::Vote(vote) => (false, vote.trial, vote.term, 0),
        }
    }

    /// The term of the beat, for who counts whom it asked.
    pub fn beat_of(&self) -> Option<u64> {
        match &self.question {
            Question::Beat(beat) => Some(beat.term),
            Question::Vote(_) => None,
        }
    }
}

/// Who decides for the branch, for people.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeadView {
    /// here: this device does. alone: it leads, and has lost the others. there: another one does. nobody: nobody answers.
    /// fixed: another node, chosen when this one was started.
    pub state: String,
    /// The device that decides, or would.
    pub device: Option<Uuid>,
    /// Where it stands.
    pub counter: Option<Named>,
    /// The owner's last choice, while it has not come about.
    pub waiting_for: Option<Named>,
    pub devices: Vec<LeadDevice>,
    /// With two devices nobody takes over by itself.
    pub takes_over: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeadDevice {
    pub device: Uuid,
    pub counter: Named,
    pub me: bool,
    pub decides: bool,
    /// Whether it answered the one that decides just now; only that one knows.
    pub heard: Option<bool>,
    /// When the owner chose it last.
    pub chosen_at: Option<String>,
}

/// The owner lets a device of the branch decide.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppointDevice {
    pub id: Uuid,
    pub device: Uuid,
}

impl VotersForm {
    fn of(voters: &Voters) -> VotersForm {
        VotersForm {
            term: voters.term,
            change: voters.change,
            devices: voters.devices.iter().map(|one| one.uuid()).collect(),
        }
    }

    fn voters(&self) -> Voters {
        Voters {
            term: self.term,
            change: self.change,
            devices: self.devices.iter().map(|one| DeviceId::from_uuid(*one)).collect(),
        }
    }
}

impl Leading {
    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shop {
    /// From now on this device votes, and leads when it is its turn.
    pub fn take_part(&self, steady: Steady) -> Result<()> {
        let _one = self.leading.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if self.leading.lock().is_some() {
            return Ok(());
        }
        let (kept, facts) = self.store.read(|r| {
            let kept = r.leading(self.identity.device)?;
            Ok::<_, AppError>((kept, r.branch_of_lead(self.identity.branch)?))
        })?;
        let now = self.clocks(&steady);
        let lead = Lead::new(self.identity.device, kept.clone(), facts, now);
        if kept.as_ref() != Some(lead.kept()) {
            self.keep_leading(lead.kept())?;
        }
        *self.leading.lock() = Some(Running {
            lead,
            steady,
            gathered: BTreeMap::new(),
            asked_all: None,
        });
        Ok(())
    }

    fn clocks(&self, steady: &Steady) -> Clocks {
        Clocks {
            steady_ms: steady(),
            wall_ms: self.edges.now().0,
        }
    }

    fn keep_leading(&self, kept: &Kept) -> Result<()> {
        Ok(self.store.write(self.edges.now(), |tx| tx.keep_leading(kept))?)
    }

    /// One step, and on the disk before anybody learns of it. What cannot be written down was not said.
    fn lead_step<T>(&self, step: impl FnOnce(&mut Lead, Clocks) -> T) -> Result<Option<T>> {
        // One step at a time; whoever only looks does not wait for the disk, least of all inside a transaction.
        let _one = self.leading.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut next, now) = {
            let running = self.leading.lock();
            let Some(running) = running.as_ref() else {
                return Ok(None);
            };
            (running.lead.clone(), self.clocks(&running.steady))
        };
        let (kept, before) = (next.kept().clone(), next.standing(now));
        let done = step(&mut next, now);
        if *next.kept() != kept {
            self.keep_leading(next.kept())?;
        }
        let (after, term) = (next.standing(now), next.kept().term);
        if let Some(running) = self.leading.lock().as_mut() {
            running.lead = next;
        }
        if before != after {
            tracing::info!(?before, ?after, term, "who decides for the branch");
            self.live.tell("lead", None);
        }
        Ok(Some(done))
    }

    /// Time passes: the facts are looked at, and it may be this device's turn.
    pub fn lead_tick(&self) -> Result<()> {
        let dice = u64::from_le_bytes(self.edges.random());
        let facts = self.store.read(|r| r.branch_of_lead(self.identity.branch))?;
        self.lead_step(|lead, now| {
            if *lead.branch() != facts {
                lead.know(facts);
            }
            lead.tick(now, dice);
        })?;
        Ok(())
    }

    /// What to ask that device, or whoever is at an address nobody has answered from yet: there, at least who it is.
    pub fn lead_asks(&self, whom: Option<DeviceId>) -> Option<Asked> {
        let running = self.leading.lock();
        let running = running.as_ref()?;
        let greeting = Ask::Vote {
            term: 0,
            age: (0, 0),
            trial: true,
            appointed: false,
            released: None,
        };
        let ask = running.lead.ask().or(whom.is_none().then_some(greeting))?;
        let question = match &ask {
            Ask::Beat { term, voters } => Question::Beat(Beat {
                term: *term,
                voters: VotersForm::of(voters),
                gather: whom.is_none_or(|device| running.gathered.get(&device) != Some(term)),
            }),
            Ask::Vote {
                term,
                age,
                trial,
                appointed,
                released,
            } => Question::Vote(VoteAsk {
                term: *term,
                voters_term: age.0,
                voters_change: age.1,
                trial: *trial,
                appointed: *appointed,
                released: *released,
            }),
        };
        Some(Asked {
            question,
            ask,
            sent: self.clocks(&running.steady),
        })
    }

    /// What another device answered.
    pub fn lead_answered(&self, from: DeviceId, asked: &Asked, reply: &LeadReply) -> Result<()> {
        // What is open there is known before its answer counts for anything.
        if let Question::Beat(beat) = &asked.question
            && beat.gather
            && reply.yes
        {
            self.keep_gathered(from, reply)?;
            if let Some(running) = self.leading.lock().as_mut() {
                running.gathered.insert(from, beat.term);
            }
        }
        let answer = Answer {
            yes: reply.yes,
            term: reply.term,
            age: (reply.voters_term, reply.voters_change),
            voters: reply.voters.as_ref().map(VotersForm::voters),
            released: reply.released,
        };
        self.lead_step(|lead, now| lead.answered(from, &asked.ask, asked.sent, &answer, now))?;
        Ok(())
    }

    /// Everybody with an address was asked once in that term.
    pub fn lead_asked_all(&self, term: u64) {
        if let Some(running) = self.leading.lock().as_mut() {
            running.asked_all = Some(term);
        }
    }

    pub fn hear_beat(&self, from: DeviceId, beat: &Beat) -> Result<LeadReply> {
        let ask = Ask::Beat {
            term: beat.term,
            voters: beat.voters.voters(),
        };
        let answer = self.hear_lead(from, &ask)?;
        let mut reply = reply_of(answer);
        if beat.gather && reply.yes {
            (reply.held, reply.deeds) = self.what_is_open()?;
        }
        Ok(reply)
    }

    pub fn hear_vote(&self, from: DeviceId, ask: &VoteAsk) -> Result<LeadReply> {
        let ask = Ask::Vote {
            term: ask.term,
            age: (ask.voters_term, ask.voters_change),
            trial: ask.trial,
            appointed: ask.appointed,
            released: ask.released,
        };
        self.hear_lead(from, &ask).map(reply_of)
    }

    fn hear_lead(&self, from: DeviceId, ask: &Ask) -> Result<Answer> {
        self.lead_step(|lead, now| lead.hear(from, ask, now))?
            // A node that takes no part has no say.
            .ok_or(AppError::new(Code::NotFound))
    }

    /// How this device stands, where it takes part.
    fn standing(&self) -> Option<(Standing, bool)> {
        let running = self.leading.lock();
        let running = running.as_ref()?;
        let now = self.clocks(&running.steady);
        let alone = running.lead.branch().members.len() == 1;
        let ready = alone || running.asked_all == Some(running.lead.kept().term);
        Some((running.lead.standing(now), ready))
    }

    /// The devices of this branch that nobody shut out, this one too.
    pub fn branch_members(&self) -> BTreeSet<DeviceId> {
        self.leading
            .lock()
            .as_ref()
            .map(|running| running.lead.branch().members.clone())
            .unwrap_or_default()
    }

    /// The device that decides for this branch, as far as this one knows.
    pub fn leader(&self) -> Option<DeviceId> {
        match self.standing()?.0 {
            Standing::Leads { .. } => Some(self.identity.device),
            Standing::Follows(device) => Some(device),
            Standing::Nobody => None,
        }
    }

    /// Whether this device decides for the branch, with or without the others.
    pub fn is_leading(&self) -> bool {
        matches!(self.standing(), Some((Standing::Leads { .. }, _)))
    }

    /// The term that this device is in; 0 before the first election.
    pub fn lead_term(&self) -> u64 {
        self.leading
            .lock()
            .as_ref()
            .map_or(0, |running| running.lead.kept().term)
    }

    pub(crate) fn decides(&self) -> Decides {
        match self.standing() {
            None if self.appointed().is_none() => Decides::Here,
            None => Decides::There,
            Some((Standing::Leads { holds: true }, true)) => Decides::Here,
            Some((Standing::Follows(_), _)) if self.appointed().is_some() => Decides::There,
            Some(_) => Decides::Alone,
        }
    }

    /// Whether another device may ask this one for an order; and whether it decides with the others behind it.
    pub(crate) fn may_decide(&self) -> Option<bool> {
        match self.standing() {
            None => Some(true),
            Some((Standing::Leads { holds }, ready)) => Some(holds && ready),
            Some(_) => None,
        }
    }

    /// Whether what is done here must be told to the one that decides, now or when there is one.
    pub(crate) fn tells(&self) -> bool {
        match self.standing() {
            None => self.appointed().is_some(),
            Some((Standing::Leads { holds: true }, _)) => false,
            Some(_) => true,
        }
    }

    /// What a new leader must know of this device.
    fn what_is_open(&self) -> Result<(Vec<ClaimAsk>, Vec<Deed>)> {
        let now = self.edges.now().0;
        let me = &self.identity;
        self.store.read(|r| {
            let held = r
                .open_claims(me.device, now, MOST_TOLD)?
                .iter()
                .map(|row| ClaimAsk::of(row, now, false))
                .collect();
            let deeds = self.deeds_since(r, now - LATE_MS, MOST_TOLD)?;
            Ok((held, deeds))
        })
    }

    /// Writes down what was open at another device when this one came to lead.
    fn keep_gathered(&self, from: DeviceId, reply: &LeadReply) -> Result<()> {
        if reply.held.len() > MOST_TOLD || reply.deeds.len() > MOST_TOLD {
            return Err(Code::Malformed.into());
        }
        if reply.held.is_empty() && reply.deeds.is_empty() {
            return Ok(());
        }
        let now = self.edges.now();
        let orders: Vec<OrderId> = self.store.write(now, |tx| {
            let mut orders = vec![];
            for ask in &reply.held {
                if keep_held(tx, from, ask, now)? {
                    orders.push(OrderId::from_uuid(ask.order));
                }
            }
            for told in reply.deeds.iter().filter_map(Deed::told) {
                tx.keep_told(&told)?;
                orders.push(told.order);
            }
            Ok::<_, AppError>(orders)
        })?;
        for order in orders {
            self.tell_claim(order);
        }
        Ok(())
    }

    /// Who decides for the branch, and which devices are there.
    pub fn lead_view(&self) -> Result<LeadView> {
        let decides = self.decides();
        let (standing, hears, voters, waiting) = {
            let running = self.leading.lock();
            match running.as_ref() {
                None => (None, BTreeSet::new(), 1, None),
                Some(running) => {
                    let now = self.clocks(&running.steady);
                    let lead = &running.lead;
                    let waiting = lead
                        .branch()
                        .appointed
                        .filter(|one| one.term > lead.kept().term)
                        .map(|one| one.device);
                    (
                        Some(lead.standing(now)),
                        lead.hears(now),
                        lead.kept().voters.devices.len(),
                        waiting,
                    )
                }
            }
        };
        let fixed = standing.is_none() && self.appointed().is_some();
        let me = self.identity.device;
        let (state, decides) = match standing {
            _ if fixed => ("fixed", None),
            None => ("here", Some(me)),
            // It asks the others first what is open there.
            Some(Standing::Leads { holds: true }) if decides == Decides::Here => ("here", Some(me)),
            Some(Standing::Leads { .. }) => ("alone", Some(me)),
            Some(Standing::Follows(device)) => ("there", Some(device)),
            Some(Standing::Nobody) => ("nobody", None),
        };
        let leads = matches!(standing, Some(Standing::Leads { .. }));
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let devices = r.branch_devices(self.identity.branch)?;
            let chosen = r.hub_appointed(self.identity.branch)?;
            let named = |device: DeviceId| {
                devices
                    .iter()
                    .find(|one| one.device == device)
                    .map(|one| names.counter(one.counter))
            };
            Ok(LeadView {
                state: state.to_owned(),
                device: decides.map(|device| device.uuid()),
                counter: decides.and_then(named),
                waiting_for: waiting.and_then(named),
                takes_over: voters > 2,
                devices: devices
                    .iter()
                    .filter(|one| !one.revoked)
                    .map(|one| LeadDevice {
                        device: one.device.uuid(),
                        counter: names.counter(one.counter),
                        me: one.device == me,
                        decides: decides == Some(one.device),
                        heard: leads.then(|| one.device == me || hears.contains(&one.device)),
                        chosen_at: chosen
                            .filter(|(appointed, _)| appointed.device == one.device)
                            .map(|(_, at_ms)| rfc3339(Moment(at_ms))),
                    })
                    .collect(),
            })
        })
    }

    /// The owner lets a device of this branch decide. It does as soon as a majority has agreed.
    pub fn appoint_device(&self, actor: &Actor, request: &AppointDevice) -> Result<LeadView> {
        let content = content_of("appoint", request)?;
        let device = DeviceId::from_uuid(request.device);
        let branch = self.identity.branch;
        let term = {
            let running = self.leading.lock();
            match running.as_ref() {
                Some(running) => running.lead.next_term(),
                None => return Err(Code::LeadFixed.into()),
            }
        };
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let devices: Vec<BranchDevice> = tx.reader().branch_devices(branch)?;
            if !devices.iter().any(|one| one.device == device && !one.revoked) {
                return Err(Code::NotFound.into());
            }
            let body = HubAppointedV1 {
                branch: branch.bytes(),
                device: device.bytes(),
                term,
                appointed_ms: tx.now().0,
            };
            Ok(tx.record(Some(actor.staff), &Body::HubAppointed(body))?)
        })?;
        self.lead_tick()?;
        self.live.tell("lead", None);
        self.lead_view()
    }
}

fn reply_of(answer: Answer) -> LeadReply {
    LeadReply {
        yes: answer.yes,
        term: answer.term,
        voters_term: answer.age.0,
        voters_change: answer.age.1,
        voters: answer.voters.as_ref().map(VotersForm::of),
        released: answer.released,
        held: vec![],
        deeds: vec![],
    }
}

/// Keeps what another device has open, unless this one knows better.
fn keep_held(tx: &Write<'_>, device: DeviceId, ask: &ClaimAsk, now: Moment) -> Result<bool> {
    let row = ask.row(device, now);
    if let Some(held) = tx.reader().claim_of(row.order)? {
        let same = held.claim == row.claim;
        let live = held.state == "open" && held.expires_ms > now.0;
        // What was settled here stays settled; of two that both have it, the first keeps it.
        if same || live && held.at_ms <= row.at_ms || held.generation > row.generation {
            return Ok(false);
        }
    }
    tx.save_claim(&row)?;
    Ok(true)
}

impl ClaimAsk {
    /// A claim of this device, with what is left of its lease from then.
    pub(crate) fn of(row: &ClaimRow, from_ms: i64, take_over: bool) -> ClaimAsk {
        ClaimAsk {
            claim: Uuid::from_bytes(row.claim),
            order: row.order.uuid(),
            generation: row.generation,
            counter: row.counter.uuid(),
            seat: row.seat.uuid(),
            seat_number: row.seat_number,
            staff: row.staff.uuid(),
            seen: row.seen.clone(),
            at_ms: row.at_ms,
            lease_ms: row.expires_ms - from_ms,
            take_over,
        }
    }

    /// As the one that decides keeps it.
    pub(crate) fn row(&self, device: DeviceId, now: Moment) -> ClaimRow {
        ClaimRow {
            order: OrderId::from_uuid(self.order),
            claim: *self.claim.as_bytes(),
            generation: self.generation,
            device,
            counter: CounterId::from_uuid(self.counter),
            seat: SeatId::from_uuid(self.seat),
            seat_number: self.seat_number,
            staff: StaffId::from_uuid(self.staff),
            seen: self.seen.clone(),
            at_ms: now.0.min(self.at_ms),
            expires_ms: now.0 + self.lease_ms.clamp(0, crate::authority::MOST_LEASE_MS),
            offline: false,
            state: "open".to_owned(),
            code: None,
        }
    }
}
