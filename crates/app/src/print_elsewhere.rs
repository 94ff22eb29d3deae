//! Printing at another device of the branch: a slip is given to it by letter, and it says what became of it.
//!
//! The one that asks keeps the job in its own queue under the same id, so a letter may be repeated: the other device
//! has the job once. It prints only what it was asked for within the last seconds. So when it falls silent, nothing
//! that it still has comes out later by itself, and after a while of silence whoever looks may print it elsewhere. What
//! it may have printed before it fell silent is unsure, and a person looks.

mod for_others;

use crate::{
    AppError, Code, Result, Shop,
    edges::{Steady, steady_clock},
    order_view::Directory,
    printing::Step,
};
use devices::{Deadline, Outcome, Why};
use domain::{
    ids::{DeviceId, OrderId, PrintJobId, PrinterId},
    lead::Clocks,
    time::Moment,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};
use store::{
    Reader,
    printing::{JobRow, JobState, PrinterRow},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// How a printer of another device is reached, beside the ways of [`devices::Driver`].
pub const DRIVER: &str = "device";
/// How long an asking holds, from the answer that it shows: what is not begun by then waits for another.
const LEASE: Duration = Duration::from_secs(5);
/// Silence after which nothing that was asked for can begin any more: the lease, and a letter that was long on its way.
const SILENCE: Duration = Duration::from_secs(8);
/// How long an answer may wait for news of the job.
const LISTEN_MS: u64 = 1_500;
/// How long somebody who takes a job away waits while it is being tried: printers without paper are tried again and again.
const TRY: Duration = Duration::from_secs(4);
/// How often one that does not answer is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// The way to the other devices of the branch. Every call is bounded in time.
pub trait Courier: Send + Sync {
    fn print(&self, device: DeviceId, ask: &PrintAsk) -> std::result::Result<PrintReply, NoWord>;
    fn printers(&self, device: DeviceId) -> std::result::Result<PrinterOffers, NoWord>;
    /// Those that are seen just now.
    fn seen(&self) -> Vec<DeviceId>;
}

/// No answer, or none that can be believed.
#[derive(Debug, thiserror::Error)]
#[error("the other device does not answer: {why}")]
pub struct NoWord {
    /// Whether it may have heard the question all the same.
    pub heard: bool,
    pub why: String,
}

/// One device asks another to print, or how far it is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrintAsk {
    /// Of the letter, so that no answer fits two of them.
    pub id: Uuid,
    pub job: Uuid,
    pub printer: Uuid,
    /// print, look, withdraw or came_out
    pub step: String,
    /// Rises when somebody wants it printed anew.
    pub attempt: u32,
    pub kind: String,
    pub order: Option<Uuid>,
    pub paper: Option<Uuid>,
    pub number: Option<u32>,
    pub document: Option<String>,
    pub copy: u32,
    /// What stands on the paper, as JSON; only with `print`.
    pub payload: Option<String>,
    /// Whether somebody looked that what is unsure did not come out.
    pub looked: bool,
    /// When the one that is asked answered last, by its own clocks. Without it nothing is begun.
    pub at: Option<AnsweredAt>,
    pub wait_ms: u64,
}

/// The clocks of one that answers. Whoever shows them again has heard it just now: a letter that lay somewhere, or a
/// device that slept, is known by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnsweredAt {
    /// Of the program since it was started.
    pub run: Uuid,
    pub steady_ms: u64,
    pub wall_ms: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PrintReply {
    /// A job's state, `unknown` where there is none, `refused` where it cannot be done.
    pub state: String,
    pub why: Option<String>,
    /// Whether it was tried in vain.
    pub tried: bool,
    /// What is wrong with the printer.
    pub printer_why: Option<String>,
    pub at: AnsweredAt,
}

/// What one device lets others print with.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PrinterOffers {
    pub printers: Vec<PrinterOffer>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PrinterOffer {
    pub id: Uuid,
    pub name: String,
    pub jobs: Vec<String>,
    /// ready, check or off
    pub light: String,
    pub why: Option<String>,
}

/// One device asks another with what it could print there.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OffersAsk {
    pub id: Uuid,
}

/// A printer of another device of the branch, as it can be added here.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PrinterElsewhere {
    /// What the other device's till is called.
    pub till: String,
    pub name: String,
    /// Goes into a printer's `address`, with `driver` `device`.
    pub address: String,
    /// ready, check or off
    pub light: String,
    pub why: Option<String>,
    /// The printer that it is here already.
    pub known: Option<Uuid>,
}

/// Where a printer stands that is another device's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elsewhere {
    pub device: DeviceId,
    pub printer: PrinterId,
}

impl Elsewhere {
    /// `None` when it hangs on this device.
    pub fn of(row: &PrinterRow) -> Option<Elsewhere> {
        (row.driver == DRIVER)
            .then(|| Elsewhere::parse(&row.address))
            .flatten()
    }

    pub fn parse(address: &str) -> Option<Elsewhere> {
        let (device, printer) = address.trim().split_once('/')?;
        Some(Elsewhere {
            device: device.parse().ok()?,
            printer: printer.parse().ok()?,
        })
    }
}

impl std::fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.device, self.printer)
    }
}

/// What this process knows of jobs that went to or came from other devices.
pub(crate) struct Couriers {
    courier: RwLock<Option<Arc<dyn Courier>>>,
    state: Mutex<Known>,
    taking: Mutex<()>,
    run: Uuid,
    steady: Steady,
}

#[derive(Default)]
struct Known {
    /// Given out by this process, and surely not heard yet.
    unheard: HashSet<PrintJobId>,
    /// When the silence about a job is long enough.
    silent: HashMap<PrintJobId, Deadline>,
    /// Somebody looked at the paper of these, and wants them anew.
    looked: HashSet<PrintJobId>,
    /// What a device's last answer said of its clocks, and how long that is worth showing.
    answered: HashMap<DeviceId, (AnsweredAt, Deadline)>,
    /// Jobs of other devices, and since when each may be begun.
    asked: HashMap<PrintJobId, Clocks>,
}

impl Couriers {
    pub(crate) fn new(run: Uuid) -> Couriers {
        Couriers {
            courier: RwLock::default(),
            state: Mutex::default(),
            taking: Mutex::default(),
            run,
            steady: steady_clock(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self) -> Option<Arc<dyn Courier>> {
        self.courier
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn clocks(&self, now: Moment) -> Clocks {
        Clocks {
            steady_ms: (self.steady)(),
            wall_ms: now.0,
        }
    }

    /// Whether a job may be begun here: its own, or one that was asked for just now.
    pub(crate) fn may_begin(&self, job: &JobRow, now: Moment) -> bool {
        job.for_another.is_none()
            || self
                .lock()
                .asked
                .get(&job.id)
                .is_some_and(|since| holds(*since, self.clocks(now)))
    }

    /// The moment that a letter shows, if it was said by this program just now.
    fn said_just_now(&self, at: Option<AnsweredAt>, now: Moment) -> Option<Clocks> {
        let at = at.filter(|at| at.run == self.run)?;
        let said = Clocks {
            steady_ms: at.steady_ms,
            wall_ms: at.wall_ms,
        };
        holds(said, self.clocks(now)).then_some(said)
    }

    /// For as long as a job is taken back and until it is written down where it goes, no answer about it is: the other
    /// device says at once that it dropped the job, and that is no news of where it is now.
    pub(crate) fn taking(&self) -> MutexGuard<'_, ()> {
        self.taking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody looked: the paper did not come out.
    pub(crate) fn did_not_come_out(&self, job: PrintJobId) {
        self.lock().looked.insert(job);
    }
}

/// A lease ends by whichever clock says so first: the steady one may stand still while the machine sleeps.
fn holds(since: Clocks, now: Clocks) -> bool {
    u128::from(now.most_since(since)) < LEASE.as_millis()
}

/// A job on its way to another device.
pub(crate) struct Hand {
    job: JobRow,
    device: DeviceId,
    ask: PrintAsk,
    courier: Option<Arc<dyn Courier>>,
}

impl Hand {
    pub(crate) fn ask(&self) -> std::result::Result<PrintReply, NoWord> {
        match &self.courier {
            Some(courier) => courier.print(self.device, &self.ask),
            None => Err(no_way()),
        }
    }
}

/// The state of another device's printer, asked for without a job.
pub(crate) struct Glance {
    elsewhere: Elsewhere,
    courier: Option<Arc<dyn Courier>>,
}

impl Glance {
    pub(crate) fn ask(&self) -> std::result::Result<PrinterOffers, NoWord> {
        match &self.courier {
            Some(courier) => courier.printers(self.elsewhere.device),
            None => Err(no_way()),
        }
    }
}

fn no_way() -> NoWord {
    NoWord {
        heard: false,
        why: "this device takes no part in its branch".to_owned(),
    }
}

fn why_of(word: Option<&str>) -> Option<Why> {
    let word = word?;
    Why::ALL.iter().copied().find(|why| why.as_str() == word)
}

/// The one that asks.
impl Shop {
    pub fn print_by(&self, courier: Arc<dyn Courier>) {
        *self
            .printing
            .couriers
            .courier
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(courier);
        if let Err(error) = self.wake_couriers() {
            tracing::error!(%error, "printers of other devices are not looked at");
        }
    }

    pub fn offers_ask(&self) -> OffersAsk {
        OffersAsk {
            id: self.edges.new_id(),
        }
    }

    fn wake_couriers(&self) -> Result<()> {
        for row in self.store.read(|r| r.printers())? {
            if Elsewhere::of(&row).is_some() {
                self.ask_printer(row.id);
            }
        }
        Ok(())
    }

    /// What the worker of a printer elsewhere does next.
    pub(crate) fn next_elsewhere(&self, row: &PrinterRow, elsewhere: Elsewhere, ask: bool) -> Result<Step> {
        let glance = || {
            Step::Glance(Box::new(Glance {
                elsewhere,
                courier: self.printing.couriers.get(),
            }))
        };
        let Some(mut job) = self.store.read(|r| r.next_given_job(row.id))? else {
            return Ok(if ask { glance() } else { Step::Idle(AGAIN * 4) });
        };
        if !job.given {
            if let Some(left) = self.pause_of(row.id) {
                return Ok(if ask { glance() } else { Step::Idle(left) });
            }
            if self.is_undone(&job)? {
                self.settle_as(&job, JobState::Discarded, None)?;
                return Ok(Step::Idle(Duration::ZERO));
            }
            let begun = self.store.write(self.edges.now(), |tx| tx.give_print(job.id))?;
            if !begun {
                return Ok(Step::Idle(Duration::ZERO));
            }
            self.printing.couriers.lock().unheard.insert(job.id);
            job = self
                .store
                .read(|r| r.print_job(job.id))?
                .ok_or(AppError::new(Code::NotFound))?;
            self.tell_print(&job, JobState::Printing, None);
        }
        let silent = self.printing.couriers.lock().silent.contains_key(&job.id);
        let step = match silent || job.state == JobState::Unsure {
            // Asking again would let it begin.
            true => "look",
            false => "print",
        };
        Ok(Step::Hand(Box::new(Hand {
            ask: self.ask_of(&job, elsewhere, step, LISTEN_MS)?,
            device: elsewhere.device,
            courier: self.printing.couriers.get(),
            job,
        })))
    }

    fn ask_of(&self, job: &JobRow, elsewhere: Elsewhere, step: &str, wait_ms: u64) -> Result<PrintAsk> {
        let payload = match step {
            "print" => self.store.read(|r| r.print_payload(job.id))?,
            _ => None,
        };
        let payload = payload
            .map(String::from_utf8)
            .transpose()
            .map_err(|e| AppError::new(Code::Broken).caused(e))?;
        let (looked, at) = {
            let known = self.printing.couriers.lock();
            let answered = known.answered.get(&elsewhere.device);
            (
                job.state == JobState::Unsure || known.looked.contains(&job.id),
                answered.filter(|(_, worth)| !worth.is_over()).map(|(at, _)| *at),
            )
        };
        Ok(PrintAsk {
            id: self.edges.new_id(),
            job: job.id.uuid(),
            printer: elsewhere.printer.uuid(),
            step: step.to_owned(),
            attempt: job.attempts,
            kind: job.kind.clone(),
            order: job.order.map(OrderId::uuid),
            paper: job.paper.map(Uuid::from_bytes),
            number: job.number,
            document: job.document.clone(),
            copy: job.copy,
            payload,
            looked,
            at,
            wait_ms,
        })
    }

    /// Writes down what the other device said, or that it said nothing. How long the worker rests then.
    pub(crate) fn heard_back(
        &self,
        printer: PrinterId,
        hand: &Hand,
        answer: std::result::Result<PrintReply, NoWord>,
    ) -> Result<Duration> {
        let _no_job_moves = self.printing.couriers.taking();
        let now = self.store.read(|r| r.print_job(hand.job.id))?;
        let Some(job) = now.filter(|job| {
            job.given
                && job.printer == Some(printer)
                && job.attempts == hand.job.attempts
                && !is_done(job.state)
        }) else {
            // Somebody took it elsewhere meanwhile.
            return Ok(Duration::ZERO);
        };
        let known = &self.printing.couriers;
        match answer {
            Ok(reply) => {
                let silent = {
                    let mut known = known.lock();
                    known.unheard.remove(&job.id);
                    if reply.state != "unsure" {
                        known.looked.remove(&job.id);
                    }
                    let worth = (reply.at, Deadline::after(LEASE / 2));
                    known.answered.insert(hand.device, worth);
                    known.silent.remove(&job.id).is_some()
                };
                self.saw(printer, why_of(reply.printer_why.as_deref()), false);
                self.take_word(printer, &job, &reply)?;
                Ok(match (silent, reply.state.as_str()) {
                    // It waits to be shown what it just said.
                    (false, "queued") if hand.ask.at.is_none() => Duration::ZERO,
                    (false, "queued" | "printing") => AGAIN,
                    (_, "unsure") => AGAIN * 4,
                    _ => Duration::ZERO,
                })
            }
            Err(none) => {
                tracing::debug!(job = %job.id, why = %none.why, "no word of a print job");
                if !none.heard && known.lock().unheard.remove(&job.id) {
                    self.store
                        .write(self.edges.now(), |tx| tx.take_print_back(job.id))?;
                    self.settle(printer, &job, Outcome::Failed(Why::Unreachable), None)?;
                    return Ok(Duration::ZERO);
                }
                let over = {
                    let mut known = known.lock();
                    known.unheard.remove(&job.id);
                    known
                        .silent
                        .entry(job.id)
                        .or_insert_with(|| Deadline::after(SILENCE))
                        .is_over()
                };
                self.saw(printer, Some(Why::Unreachable), false);
                if over && job.state != JobState::Unsure {
                    self.settle_as(&job, JobState::Unsure, Some("device_silent"))?;
                }
                Ok(AGAIN)
            }
        }
    }

    fn take_word(&self, printer: PrinterId, job: &JobRow, reply: &PrintReply) -> Result<()> {
        let why = reply.why.as_deref();
        let to = |state: JobState, why: Option<&str>| match (job.state == state, job.why.as_deref() == why) {
            (true, true) => Ok(()),
            _ => self.settle_as(job, state, why),
        };
        match reply.state.as_str() {
            "printed" => {
                self.store
                    .write(self.edges.now(), |tx| tx.printer_used(printer, None))?;
                to(JobState::Printed, None)
            }
            "unsure" => to(JobState::Unsure, why),
            "failed" => to(JobState::Failed, why),
            "discarded" => to(JobState::Discarded, None),
            "queued" if reply.tried => to(JobState::Queued, why),
            "queued" | "printing" => to(JobState::Printing, None),
            // It never had it, so it cannot have printed it.
            "unknown" => {
                self.store
                    .write(self.edges.now(), |tx| tx.take_print_back(job.id))?;
                to(JobState::Queued, None)
            }
            _ => {
                self.store
                    .write(self.edges.now(), |tx| tx.take_print_back(job.id))?;
                to(JobState::Failed, why.or(Some("no_printer")))
            }
        }
    }

    pub(crate) fn glanced(
        &self,
        printer: PrinterId,
        glance: &Glance,
        answer: std::result::Result<PrinterOffers, NoWord>,
    ) {
        let why = match answer {
            Ok(offers) => {
                let id = glance.elsewhere.printer.uuid();
                match offers.printers.iter().find(|one| one.id == id) {
                    Some(offer) => why_of(offer.why.as_deref()),
                    None => Some(Why::Unreachable),
                }
            }
            Err(none) => {
                tracing::debug!(why = %none.why, "another device's printer is not known");
                Some(Why::Unreachable)
            }
        };
        self.saw(printer, why, false);
    }

    /// Before somebody takes a job elsewhere, or away: the other device must not print it any more. What it has done
    /// already is written down, and then nothing is taken. Whether it had the job, and has it no more.
    pub(crate) fn take_back(&self, id: PrintJobId, came_out: bool) -> Result<bool> {
        let (job, row) = self.store.read(|r| {
            let job = r.print_job(id)?.ok_or(AppError::new(Code::NotFound))?;
            let row = job
                .printer
                .map(|printer| r.printer(printer))
                .transpose()?
                .flatten();
            Ok::<_, AppError>((job, row))
        })?;
        let tried = Deadline::after(TRY);
        if !job.given {
            self.try_ends(job, &tried)?;
            return Ok(false);
        }
        let Some(elsewhere) = row.as_ref().and_then(Elsewhere::of) else {
            return Ok(false);
        };
        if is_done(job.state) {
            return Ok(false);
        }
        let step = if came_out { "came_out" } else { "withdraw" };
        let courier = self.printing.couriers.get();
        loop {
            let ask = self.ask_of(&job, elsewhere, step, LISTEN_MS)?;
            let answer = match &courier {
                Some(courier) => courier.print(elsewhere.device, &ask),
                None => Err(no_way()),
            };
            return match answer {
                // Somebody looked at the paper, and knows better than either device.
                _ if job.state == JobState::Unsure => Ok(true),
                Ok(reply) => match reply.state.as_str() {
                    "discarded" | "unknown" | "refused" | "failed" => Ok(true),
                    "printing" | "queued" if !tried.is_over() => {
                        self.printing.news.wait(self.printing.news.seen(), AGAIN / 5);
                        continue;
                    }
                    state => {
                        self.take_word(elsewhere.printer, &job, &reply)?;
                        Err(AppError::new(Code::JobSettled).hint("state", state))
                    }
                },
                Err(none) => Err(AppError::new(Code::PrintHeld).because(none)),
            };
        }
    }

    fn try_ends(&self, mut job: JobRow, tried: &Deadline) -> Result<()> {
        while job.state == JobState::Printing && !tried.is_over() {
            let news = self.printing.news.seen();
            job = match self.store.read(|r| r.print_job(job.id))? {
                Some(job) if job.state == JobState::Printing => {
                    self.printing.news.wait(news, tried.left());
                    job
                }
                Some(job) => job,
                None => return Ok(()),
            };
        }
        Ok(())
    }

    /// What the tills of the branch's devices are called.
    pub(crate) fn tills(&self, reader: &Reader<'_>) -> Result<HashMap<DeviceId, String>> {
        let names = Directory::read(reader)?;
        let devices = reader.branch_devices(self.identity.branch)?;
        Ok(devices
            .into_iter()
            .map(|one| (one.device, names.counter(one.counter).name))
            .collect())
    }

    /// The printers of the other devices of the branch that answer now.
    pub fn printers_elsewhere(&self) -> Result<Vec<PrinterElsewhere>> {
        let Some(courier) = self.printing.couriers.get() else {
            return Ok(vec![]);
        };
        let (rows, names, devices) = self.store.read(|r| {
            Ok::<_, AppError>((
                r.printers()?,
                Directory::read(r)?,
                r.branch_devices(self.identity.branch)?,
            ))
        })?;
        let seen = courier.seen();
        let mut found = vec![];
        // Each waits for itself, so that one that is gone holds nobody up.
        std::thread::scope(|scope| {
            let asking: Vec<_> = devices
                .iter()
                .filter(|one| {
                    !one.revoked && one.device != self.identity.device && seen.contains(&one.device)
                })
                .map(|one| (one, scope.spawn(|| courier.printers(one.device))))
                .collect();
            for (one, answer) in asking {
                match answer.join() {
                    Ok(Ok(offers)) => {
                        let till = names.counter(one.counter).name;
                        found.extend(offers.printers.into_iter().map(|offer| {
                            let address = Elsewhere {
                                device: one.device,
                                printer: PrinterId::from_uuid(offer.id),
                            }
                            .to_string();
                            let known = rows
                                .iter()
                                .find(|row| row.driver == DRIVER && row.address == address);
                            PrinterElsewhere {
                                till: till.clone(),
                                known: known.map(|row| row.id.uuid()),
                                name: offer.name,
                                address,
                                light: offer.light,
                                why: offer.why,
                            }
                        }));
                    }
                    Ok(Err(none)) => {
                        tracing::debug!(why = %none.why, "another device's printers are not known")
                    }
                    Err(_) => tracing::error!("asking for another device's printers panicked"),
                }
            }
        });
        Ok(found)
    }
}

fn is_done(state: JobState) -> bool {
    matches!(state, JobState::Printed | JobState::Failed | JobState::Discarded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_device_and_its_printer() {
        let elsewhere = Elsewhere {
            device: DeviceId::from_bytes([1; 16]),
            printer: PrinterId::from_bytes([2; 16]),
        };
        assert_eq!(Elsewhere::parse(&elsewhere.to_string()), Some(elsewhere));
        for wrong in ["", "/", "192.168.1.9:9100", &format!("{}/", elsewhere.device)] {
            assert_eq!(Elsewhere::parse(wrong), None, "{wrong}");
        }
    }
}
