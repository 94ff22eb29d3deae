//! The print queue: what is to be printed is on the disk with the sale itself, and each printer has a worker of its own.
//!
//! A job is marked `printing` on the disk before its first byte and settled after its last. What is found in between
//! after a restart may be on the paper: it is unsure, and asks. Nothing that may have come out is printed again by
//! itself. A dead printer costs its own worker time, and nobody else.

use crate::{
    Actor, AppError, Code, Page, Result, Shop,
    edges::Edges,
    order_view::{Named, OrderView},
    papers::{What, fonts},
    print_elsewhere::{Couriers, Elsewhere, Glance, Hand},
    printers::{jobs_of, profile_of},
    wire::{content_of, rfc3339},
};
use devices::{Address, Deadline, Driver, Limits, Outcome, Tells, Why};
use domain::{
    ids::{OrderId, PrintJobId, PrinterId, StaffId},
    time::Moment,
};
use paper::Slip;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    time::Duration,
};
use store::{
    Reader, Write,
    printing::{JobQuery, JobRow, JobState, NewJob, PrinterRow},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A drawer that opens minutes after the sale opens for nobody.
const DRAWER_IN_TIME_MS: i64 = 15_000;
/// Pauses after tries in vain, in seconds.
const PAUSES: &[u64] = &[1, 2, 4, 8, 15, 30, 60];
/// Settled papers without an order are forgotten after so long.
const KEPT_MS: i64 = 30 * 24 * 3_600_000;
/// How often an idle worker looks whether its shop is still there.
const IDLE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobView {
    pub id: Uuid,
    pub printer: Option<Named>,
    /// receipt, credit_note, token, shift, payment, test, drawer or scanner
    pub kind: String,
    pub order: Option<Uuid>,
    pub number: Option<u32>,
    pub document: Option<String>,
    /// 1 is the original; 2 says COPY 2.
    pub copy: u32,
    /// queued, printing, printed, unsure, failed or discarded
    pub state: String,
    /// A word such as paper_out.
    pub why: Option<String>,
    pub attempts: u32,
    pub next_try_at: Option<String>,
    pub created_at: String,
    pub changed_at: String,
    pub staff: Option<Named>,
    /// The till of another device whose paper this is.
    pub for_till: Option<String>,
    /// The till of another device at whose printer it is to come out.
    #[serde(default)]
    pub at_till: Option<String>,
    /// What a person may do about it: retry, other, came_out, not_out, discard
    pub actions: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JobFilter {
    /// queued, printing, printed, unsure, failed or discarded
    pub state: Option<String>,
    pub printer: Option<Uuid>,
    pub order: Option<Uuid>,
    pub limit: Option<usize>,
    pub after: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryPrint {
    pub id: Uuid,
    /// Another printer than the job's own.
    pub printer: Option<Uuid>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerPrint {
    pub id: Uuid,
    pub came_out: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrintPaper {
    pub id: Uuid,
    /// receipt, token or credit_note
    pub what: String,
    pub credit_note: Option<Uuid>,
    pub printer: Option<Uuid>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DevicesView {
    pub lights: Vec<LightView>,
    /// Jobs that people should know of, the newest first.
    pub problems: Vec<JobView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LightView {
    pub id: String,
    /// printer, drawer or camera
    pub kind: String,
    pub name: String,
    /// ready, check or off
    pub light: String,
    pub why: Option<String>,
    pub queued: u32,
    pub last_used: Option<String>,
}

/// Another device's job is done here or not at all: whoever asked would not know where the paper lies.
fn stays_here(job: &JobRow, printer: &PrinterRow) -> bool {
    job.for_another.is_none() || Elsewhere::of(printer).is_none()
}

/// What stands in a job until it is printed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Payload {
    Slip(Box<Slip>),
    Drawer,
    Scanner,
}

/// A paper that goes into the queue.
pub(crate) struct NewPaper {
    kind: &'static str,
    payload: Payload,
    order: Option<OrderId>,
    paper: Option<[u8; 16]>,
    number: Option<u32>,
    document: Option<String>,
    copy: u32,
}

impl NewPaper {
    fn of(kind: &'static str, payload: Payload) -> NewPaper {
        NewPaper {
            kind,
            payload,
            order: None,
            paper: None,
            number: None,
            document: None,
            copy: 1,
        }
    }

    pub fn slip(kind: &'static str, slip: Slip) -> NewPaper {
        NewPaper::of(kind, Payload::Slip(Box::new(slip)))
    }

    pub fn drawer() -> NewPaper {
        NewPaper::of("drawer", Payload::Drawer)
    }

    pub fn scanner() -> NewPaper {
        NewPaper::of("scanner", Payload::Scanner)
    }

    /// Not of an order: a report, by its id and its number.
    pub fn about(self, paper: [u8; 16], document: String, copy: u32) -> NewPaper {
        NewPaper {
            paper: Some(paper),
            document: Some(document),
            copy,
            ..self
        }
    }

    fn for_order(self, order: &OrderView) -> NewPaper {
        NewPaper {
            order: Some(OrderId::from_uuid(order.id)),
            number: Some(order.number),
            document: Some(order.document.clone()),
            ..self
        }
    }

    /// The job of it.
    pub fn at(self, id: PrintJobId, printer: PrinterId, staff: Option<StaffId>) -> NewJob {
        NewJob {
            id,
            printer,
            kind: self.kind,
            order: self.order,
            paper: self.paper,
            number: self.number,
            document: self.document,
            copy: self.copy,
            for_another: None,
            // Slips are amounts and texts: nothing in them can fail to be written.
            payload: serde_json::to_vec(&self.payload).unwrap_or_default(),
            staff,
        }
    }
}

/// What this process knows of its printers, and their workers.
pub(crate) struct Printing {
    shop: OnceLock<Weak<Shop>>,
    pub(crate) limits: Limits,
    workers: Mutex<HashMap<PrinterId, Arc<Bell>>>,
    seen: Mutex<HashMap<PrinterId, Sight>>,
    pub(crate) couriers: Couriers,
    pub(crate) news: News,
}

/// Rung whenever something became of a job.
#[derive(Default)]
pub(crate) struct News {
    count: Mutex<u64>,
    rung: Condvar,
}

impl News {
    /// How many there were so far.
    pub(crate) fn seen(&self) -> u64 {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.rung.notify_all();
    }

    /// Until there is another one, or so long.
    pub(crate) fn wait(&self, seen: u64, most: Duration) {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        drop(
            self.rung
                .wait_timeout_while(count, most, |count| *count == seen)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}

/// How a printer was met last.
#[derive(Debug, Clone, Copy, Default)]
struct Sight {
    why: Option<Why>,
    tries: usize,
    /// When it is tried again, for us and for people: their clock may jump.
    again: Option<(Deadline, Moment)>,
}

/// Wakes a worker.
#[derive(Default)]
struct Bell {
    state: Mutex<Ring>,
    rung: Condvar,
}

#[derive(Default)]
struct Ring {
    rung: bool,
    stop: bool,
    /// Ask for the state, without a job.
    ask: bool,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self, change: impl FnOnce(&mut Ring)) {
        let mut ring = self.lock();
        ring.rung = true;
        change(&mut ring);
        drop(ring);
        self.rung.notify_all();
    }

    /// Until it rings, or so long.
    fn wait(&self, most: Duration) {
        let ring = self.lock();
        let (mut ring, _) = self
            .rung
            .wait_timeout_while(ring, most, |ring| !ring.rung)
            .unwrap_or_else(PoisonError::into_inner);
        ring.rung = false;
    }
}

impl Printing {
    pub fn new(limits: Limits, edges: &Edges) -> Printing {
        Printing {
            shop: OnceLock::new(),
            limits,
            workers: Mutex::default(),
            seen: Mutex::default(),
            couriers: Couriers::new(edges.new_id()),
            news: News::default(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<PrinterId, Sight>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker's bell; the worker begins when it is rung first.
    fn bell(&self, id: PrinterId) -> Option<Arc<Bell>> {
        let weak = self.shop.get()?;
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = workers.get(&id) {
            return Some(bell.clone());
        }
        let bell = Arc::new(Bell::default());
        let (weak, own) = (weak.clone(), bell.clone());
        let began = std::thread::Builder::new()
            .name("printer".to_owned())
            .spawn(move || work(&weak, id, &own));
        if let Err(error) = began {
            tracing::error!(printer = %id, %error, "a printer's worker cannot begin");
            return None;
        }
        workers.insert(id, bell.clone());
        Some(bell)
    }

    fn wake(&self, id: PrinterId) {
        if let Some(bell) = self.bell(id) {
            bell.ring(|_| {});
        }
    }

    pub fn stop(&self, id: PrinterId) {
        let gone = self
            .workers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id);
        if let Some(bell) = gone {
            bell.ring(|ring| ring.stop = true);
        }
        self.seen().remove(&id);
    }

    /// What was known of a printer that is another one now.
    pub fn forget(&self, id: PrinterId) {
        self.seen().remove(&id);
    }
}

impl Drop for Printing {
    fn drop(&mut self) {
        for bell in self
            .workers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
        {
            bell.ring(|ring| ring.stop = true);
        }
    }
}

/// What a worker does next.
pub(crate) enum Step {
    Stop,
    Idle(Duration),
    Ask(Box<dyn devices::Printer>, Limits),
    Send(Box<Turn>),
    /// Ask another device how its printer is.
    Glance(Box<Glance>),
    /// Have another device print.
    Hand(Box<Hand>),
}

/// One job on its way.
pub(crate) struct Turn {
    job: JobRow,
    bytes: Vec<u8>,
    printer: Box<dyn devices::Printer>,
    tells: Tells,
    limits: Limits,
}

/// The life of one printer's worker. It holds the shop only while it reads and writes, so that a shop can be closed
/// while a printer is slow; what is at the printer then is asked about at the next start.
fn work(weak: &Weak<Shop>, id: PrinterId, bell: &Bell) {
    loop {
        let Some(shop) = weak.upgrade() else { return };
        let ask = std::mem::take(&mut bell.lock().ask);
        if bell.lock().stop {
            return;
        }
        let step = shop.next_step(id, ask).unwrap_or_else(|error| {
            tracing::error!(printer = %id, %error, "the print queue cannot be read");
            Step::Idle(Duration::from_secs(5))
        });
        drop(shop);
        match step {
            Step::Stop => return,
            Step::Idle(most) => bell.wait(most.min(IDLE)),
            Step::Ask(mut printer, limits) => {
                let status = printer.status(&limits);
                if let Some(shop) = weak.upgrade() {
                    shop.was_asked(id, status);
                }
            }
            Step::Glance(glance) => {
                let answer = glance.ask();
                if let Some(shop) = weak.upgrade() {
                    shop.glanced(id, &glance, answer);
                }
            }
            Step::Hand(hand) => {
                let answer = hand.ask();
                let Some(shop) = weak.upgrade() else { return };
                let rest = shop.heard_back(id, &hand, answer).unwrap_or_else(|error| {
                    tracing::error!(printer = %id, %error, "what another device said of a print job is not written down");
                    Duration::from_secs(1)
                });
                drop(shop);
                if !rest.is_zero() {
                    bell.wait(rest);
                }
            }
            Step::Send(turn) => {
                let Turn {
                    job,
                    bytes,
                    mut printer,
                    tells,
                    limits,
                } = *turn;
                let report = printer.send(&bytes, &limits);
                drop(printer);
                let learned = (report.tells != tells).then_some(report.tells);
                for pause in [0, 1, 2, 5] {
                    std::thread::sleep(Duration::from_secs(pause));
                    let Some(shop) = weak.upgrade() else { return };
                    match shop.settle(id, &job, report.outcome, learned) {
                        Ok(()) => break,
                        // It stays `printing`, and is asked about after the next start at the latest.
                        Err(error) => {
                            tracing::error!(job = %job.id, %error, "what became of a print job cannot be written down")
                        }
                    }
                }
            }
        }
    }
}

fn tells_of(row: &PrinterRow) -> Tells {
    match row.tells {
        None => Tells::Unknown,
        Some(true) => Tells::Yes,
        Some(false) => Tells::No,
    }
}

/// A drawer is opened by a sale or for a reason, never by asking for an old pulse again.
fn not_the_drawer(job: &JobRow) -> Result<()> {
    match job.kind.as_str() {
        "drawer" => Err(AppError::new(Code::JobSettled).hint("state", job.state.as_str())),
        _ => Ok(()),
    }
}

impl Shop {
    /// Takes up the queue where the last run of the program left it.
    pub(crate) fn start_printing(self: &Arc<Self>) -> Result<()> {
        if self.printing.shop.set(Arc::downgrade(self)).is_err() {
            return Ok(());
        }
        let printers = self.store.read(|r| r.printers())?;
        let open = self.store.read(|r| r.print_counts())?;
        let now = self.edges.now();
        if open.iter().any(|(_, state, _)| *state == JobState::Printing) {
            let cut = self.store.write(now, |tx| tx.printing_was_cut())?;
            tracing::warn!(
                jobs = cut,
                "what was being printed when the program ended is asked about"
            );
        }
        if !printers.is_empty() {
            self.store
                .write(now, |tx| tx.forget_prints(now.plus_ms(-KEPT_MS).0))?;
            self.drop_abandoned_prints(now)?;
        }
        for printer in printers {
            self.ask_printer(printer.id);
        }
        Ok(())
    }

    /// Has a printer asked how it is, on its own worker.
    pub(crate) fn ask_printer(&self, id: PrinterId) {
        if let Some(bell) = self.printing.bell(id) {
            bell.ring(|ring| ring.ask = true);
        }
    }

    fn next_step(&self, id: PrinterId, ask: bool) -> Result<Step> {
        let Some(row) = self.store.read(|r| r.printer(id))? else {
            return Ok(Step::Stop);
        };
        if let Some(elsewhere) = Elsewhere::of(&row) {
            return self.next_elsewhere(&row, elsewhere, ask);
        }
        let driver: Driver = row
            .driver
            .parse()
            .map_err(|e| AppError::new(Code::Broken).because(e))?;
        let address =
            Address::parse(driver, &row.address).map_err(|e| AppError::new(Code::Broken).because(e))?;
        let profile = profile_of(&row);
        let open = |raw: bool| devices::open(&address, tells_of(&row), raw || profile.speaks == "escpos");
        let now = self.edges.now();
        let may_begin = |job: &JobRow| self.printing.couriers.may_begin(job, now);
        let Some(job) = self.store.read(|r| r.next_print_job(id, may_begin))? else {
            return Ok(if ask {
                Step::Ask(open(false), self.printing.limits)
            } else {
                Step::Idle(IDLE)
            });
        };
        if job.kind != "drawer"
            && let Some(left) = self.pause_of(id)
        {
            return Ok(if ask {
                Step::Ask(open(false), self.printing.limits)
            } else {
                Step::Idle(left)
            });
        }
        if self.is_undone(&job)? {
            self.settle_as(&job, JobState::Discarded, None)?;
            return Ok(Step::Idle(Duration::ZERO));
        }
        if job.kind == "drawer" && now.0 - job.created_ms > DRAWER_IN_TIME_MS {
            self.settle_as(&job, JobState::Failed, job.why.as_deref().or(Some("timeout")))?;
            return Ok(Step::Idle(Duration::ZERO));
        }
        let payload = self.store.read(|r| r.print_payload(job.id))?.unwrap_or_default();
        // A slip that cannot be drawn must not take its printer's worker with it.
        let drawn = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.bytes_of(&payload, &row)))
            .unwrap_or_else(|_| Err(AppError::new(Code::Broken).because("drawing a slip panicked")));
        let bytes = match drawn {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::error!(job = %job.id, %error, "a slip cannot be drawn");
                self.settle_as(&job, JobState::Failed, Some("cannot_draw"))?;
                return Ok(Step::Idle(Duration::ZERO));
            }
        };
        // From here on it may be on the paper, whatever happens to us.
        if !self.store.write(now, |tx| tx.begin_print(job.id))? {
            return Ok(Step::Idle(Duration::ZERO));
        }
        self.tell_print(&job, JobState::Printing, None);
        Ok(Step::Send(Box::new(Turn {
            printer: open(job.kind == "drawer"),
            job,
            bytes,
            tells: tells_of(&row),
            limits: self.printing.limits,
        })))
    }

    /// How long a printer is left alone after a try in vain.
    pub(crate) fn pause_of(&self, id: PrinterId) -> Option<Duration> {
        let again = self.printing.seen().get(&id).and_then(|sight| sight.again);
        again
            .map(|(again, _)| again.left())
            .filter(|left| !left.is_zero())
    }

    /// Nobody wants the receipt of a sale that was undone meanwhile.
    pub(crate) fn is_undone(&self, job: &JobRow) -> Result<bool> {
        let order = match (job.kind.as_str(), job.copy, job.order) {
            ("receipt" | "token", 1, Some(order)) => self.store.read(|r| r.order(order))?,
            _ => None,
        };
        Ok(order.is_some_and(|order| order.cancelled_ms.is_some()))
    }

    fn bytes_of(&self, payload: &[u8], printer: &PrinterRow) -> Result<Vec<u8>> {
        let broken = |why: &dyn std::fmt::Display| AppError::new(Code::Broken).because(why);
        let payload: Payload = serde_json::from_slice(payload).map_err(|e| broken(&e))?;
        let form = profile_of(printer);
        let profile = form.checked(printer.drawer)?;
        let document = match payload {
            Payload::Drawer => return Ok(paper::drawer_pulse(&profile)),
            Payload::Slip(slip) => slip.document(&self.template()),
            Payload::Scanner => crate::scanners::sheet(profile.paper()),
        };
        if form.speaks == "pdf" {
            return crate::papers::pdf(&document, form.paper_mm);
        }
        Ok(paper::escpos(&document, &profile, fonts()))
    }

    /// Writes down what became of a job, and decides whether it is tried again.
    pub(crate) fn settle(
        &self,
        id: PrinterId,
        job: &JobRow,
        outcome: Outcome,
        learned: Option<Tells>,
    ) -> Result<()> {
        let tells = match learned {
            Some(Tells::Yes) => Some(true),
            Some(Tells::No) => Some(false),
            Some(Tells::Unknown) | None => None,
        };
        let mut fallback = None;
        let (state, why) = self.store.write(self.edges.now(), |tx| {
            tx.printer_used(id, tells)?;
            let (state, why) = match outcome {
                Outcome::Printed { .. } => (JobState::Printed, None),
                Outcome::Unsure(why) => (JobState::Unsure, Some(why)),
                Outcome::Failed(why) if job.kind == "drawer" => (JobState::Failed, Some(why)),
                Outcome::Failed(why) => (JobState::Queued, Some(why)),
            };
            if state == JobState::Queued && !job.moved {
                let other = tx.reader().printer(id)?.and_then(|row| row.fallback);
                let other = match other {
                    Some(other) => tx.reader().printer(other)?,
                    None => None,
                };
                if let Some(other) = other.filter(|other| stays_here(job, other)).map(|other| other.id) {
                    tx.requeue_print(job.id, other, true)?;
                    fallback = Some(other);
                    return Ok::<_, AppError>((state, why));
                }
            }
            tx.settle_print(job.id, state, why.map(Why::as_str))?;
            Ok((state, why))
        })?;
        match outcome {
            Outcome::Printed { .. } => self.saw(id, None, false),
            Outcome::Unsure(_) => self.saw(id, why, false),
            Outcome::Failed(_) => self.saw(id, why, true),
        }
        if let Some(other) = fallback {
            self.printing.wake(other);
        }
        self.tell_print(job, state, why.map(Why::as_str));
        Ok(())
    }

    pub(crate) fn settle_as(&self, job: &JobRow, state: JobState, why: Option<&str>) -> Result<()> {
        self.store
            .write(self.edges.now(), |tx| tx.settle_print(job.id, state, why))?;
        self.tell_print(job, state, why);
        Ok(())
    }

    fn was_asked(&self, id: PrinterId, status: std::result::Result<Option<devices::Status>, Why>) {
        let why = match status {
            Ok(status) => status.and_then(devices::Status::blocks),
            Err(why) => Some(why),
        };
        if let Ok(Some(_)) = status {
            let written = self.store.write(self.edges.now(), |tx| tx.printer_tells(id));
            if let Err(error) = written {
                tracing::error!(printer = %id, %error, "what a printer says of itself cannot be written down");
            }
        }
        self.saw(id, why, false);
    }

    pub(crate) fn saw(&self, id: PrinterId, why: Option<Why>, tried: bool) {
        {
            let mut seen = self.printing.seen();
            let sight = seen.entry(id).or_default();
            sight.why = why;
            if tried {
                let pause = PAUSES[sight.tries.min(PAUSES.len() - 1)];
                sight.tries += 1;
                sight.again = Some((
                    Deadline::after(Duration::from_secs(pause)),
                    self.edges.now().plus_ms(i64::try_from(pause * 1000).unwrap_or(0)),
                ));
            } else {
                (sight.tries, sight.again) = (0, None);
            }
        }
        self.live.tell("device", Some(id.to_string()));
    }

    pub(crate) fn tell_print(&self, job: &JobRow, state: JobState, why: Option<&str>) {
        self.printing.news.ring();
        self.live.tell_with(
            "print",
            Some(job.id.to_string()),
            serde_json::json!({
                "state": state.as_str(), "why": why, "kind": job.kind,
                "order": job.order.map(|o| o.to_string()), "printer": job.printer.map(|p| p.to_string()),
            }),
        );
    }

    /// ready, check or off, and why; and how many jobs wait.
    pub(crate) fn printer_light(&self, id: PrinterId) -> Result<(&'static str, Option<&'static str>, u32)> {
        let counts = self.store.read(|r| r.print_counts())?;
        let of = |states: &[JobState]| -> u32 {
            let mine = counts.iter().filter(|(p, s, _)| *p == id && states.contains(s));
            mine.map(|(_, _, n)| n).sum()
        };
        let waiting = of(&[JobState::Queued, JobState::Printing]);
        let trouble = of(&[JobState::Unsure, JobState::Failed]);
        let sight = self.printing.seen().get(&id).copied();
        let (light, why) = match sight {
            None => ("check", None),
            Some(Sight { why: Some(why), .. }) => match why {
                Why::Unreachable | Why::Refused | Why::Offline | Why::NotAllowed | Why::Timeout => {
                    ("off", Some(why.as_str()))
                }
                Why::PaperOut
                | Why::CoverOpen
                | Why::Busy
                | Why::HalfSent
                | Why::NoAnswer
                | Why::PrinterError => ("check", Some(why.as_str())),
            },
            Some(_) if trouble > 0 => ("check", None),
            Some(_) => ("ready", None),
        };
        Ok((light, why, waiting))
    }

    pub fn devices_status(&self) -> Result<DevicesView> {
        let printers = self.store.read(|r| r.printers())?;
        let mut lights = vec![];
        for row in &printers {
            let (light, why, queued) = self.printer_light(row.id)?;
            let last_used = row.used_ms.map(|ms| rfc3339(Moment(ms)));
            let one = |kind: &str, queued| LightView {
                id: row.id.to_string(),
                kind: kind.to_owned(),
                name: row.name.clone(),
                light: light.to_owned(),
                why: why.map(str::to_owned),
                queued,
                last_used: last_used.clone(),
            };
            lights.push(one("printer", queued));
            if row.drawer {
                lights.push(one("drawer", 0));
            }
        }
        if let Some(light) = self.camera_light() {
            lights.push(light);
        }
        let problems = self.store.read(|r| r.print_problems(20))?;
        Ok(DevicesView {
            lights,
            problems: self.view_jobs(&problems)?,
        })
    }

    pub fn print_jobs(&self, filter: &JobFilter) -> Result<Page<JobView>> {
        let states = match filter.state.as_deref() {
            None | Some("") => vec![],
            Some(word) => {
                vec![JobState::of(word).ok_or_else(|| AppError::field("state", "this state is not known"))?]
            }
        };
        let before = match filter.after.as_deref() {
            None => None,
            Some(n) => Some(
                n.parse()
                    .map_err(|_| AppError::field("after", "this is not a cursor of this list"))?,
            ),
        };
        let limit = filter.limit.unwrap_or(50).clamp(1, 200);
        let mut rows = self.store.read(|r| {
            r.print_jobs(&JobQuery {
                states,
                printer: filter.printer.map(PrinterId::from_uuid),
                order: filter.order.map(OrderId::from_uuid),
                before,
                limit: limit + 1,
            })
        })?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| row.n.to_string());
        Ok(Page {
            items: self.view_jobs(&rows)?,
            next,
        })
    }

    pub(crate) fn view_job(&self, id: PrintJobId) -> Result<JobView> {
        let row = self
            .store
            .read(|r| r.print_job(id))?
            .ok_or(AppError::new(Code::NotFound))?;
        self.view_jobs(std::slice::from_ref(&row))?
            .pop()
            .ok_or(AppError::new(Code::NotFound))
    }

    fn view_jobs(&self, rows: &[JobRow]) -> Result<Vec<JobView>> {
        let (printers, people, tills) = self.store.read(|r| {
            let printers = r.printers()?;
            let of_others = rows.iter().any(|row| row.for_another.is_some())
                || printers.iter().any(|printer| Elsewhere::of(printer).is_some());
            let tills = match of_others {
                true => self.tills(r)?,
                false => HashMap::new(),
            };
            Ok::<_, AppError>((printers, r.staff(true)?, tills))
        })?;
        let seen = self.printing.seen();
        Ok(rows
            .iter()
            .map(|row| {
                let printer = printers.iter().find(|p| Some(p.id) == row.printer);
                let actions: &[&str] = match row.state {
                    JobState::Queued if row.attempts > 0 => &["retry", "other", "discard"],
                    JobState::Queued => &["discard"],
                    JobState::Unsure => &["came_out", "not_out", "other", "discard"],
                    JobState::Failed => &["retry", "other", "discard"],
                    JobState::Printing | JobState::Printed | JobState::Discarded => &[],
                };
                let others = printers.iter().any(|p| Some(p.id) != row.printer);
                let next_try = row
                    .printer
                    .filter(|_| row.state == JobState::Queued)
                    .and_then(|p| seen.get(&p))
                    .and_then(|sight| sight.again)
                    .map(|(_, at)| at);
                JobView {
                    id: row.id.uuid(),
                    printer: printer.map(|p| Named {
                        id: p.id.uuid(),
                        name: p.name.clone(),
                    }),
                    kind: row.kind.clone(),
                    order: row.order.map(OrderId::uuid),
                    number: row.number,
                    document: row.document.clone(),
                    copy: row.copy,
                    state: row.state.as_str().to_owned(),
                    why: row.why.clone(),
                    attempts: row.attempts,
                    next_try_at: next_try.map(rfc3339),
                    created_at: rfc3339(Moment(row.created_ms)),
                    changed_at: rfc3339(Moment(row.changed_ms)),
                    staff: people.iter().find(|p| Some(p.id) == row.staff).map(|p| Named {
                        id: p.id.uuid(),
                        name: p.name.clone(),
                    }),
                    for_till: row
                        .for_another
                        .and_then(|other| tills.get(&other.device).cloned()),
                    at_till: printer
                        .and_then(Elsewhere::of)
                        .and_then(|there| tills.get(&there.device).cloned()),
                    actions: actions
                        .iter()
                        .filter(|action| match **action {
                            // A drawer hangs where it hangs.
                            "other" => others && row.kind != "drawer",
                            "retry" => printer.is_some() && row.kind != "drawer",
                            "not_out" => row.kind != "drawer",
                            _ => true,
                        })
                        .map(|action| (*action).to_owned())
                        .collect(),
                }
            })
            .collect())
    }

    /// Tries a job now, here or at another printer.
    pub fn retry_print(&self, id: PrintJobId, form: &RetryPrint) -> Result<JobView> {
        let content = content_of(&format!("retry print {id}"), form)?;
        let _no_answer_counts = self.printing.couriers.taking();
        let goes_to = |r: &Reader<'_>, row: &JobRow| {
            not_the_drawer(row)?;
            let to = form.printer.map(PrinterId::from_uuid).or(row.printer);
            let to = to.ok_or(AppError::new(Code::NoPrinter))?;
            match r.printer(to)? {
                Some(there) if stays_here(row, &there) => Ok(to),
                _ => Err(AppError::new(Code::NoPrinter)),
            }
        };
        let mut taken = false;
        if form.printer.is_some() {
            // The other device drops it only for a printer that can have it.
            self.store.read(|r| {
                let row = r.print_job(id)?.ok_or(AppError::new(Code::NotFound))?;
                goes_to(r, &row)
            })?;
            taken = self.take_back(id, false)?;
        }
        let printer = self.write_once(*form.id.as_bytes(), &content, |tx| {
            let row = tx.reader().print_job(id)?.ok_or(AppError::new(Code::NotFound))?;
            let to = goes_to(&tx.reader(), &row)?;
            let may = match row.state {
                JobState::Queued | JobState::Failed => true,
                // Somebody looked, and wants it from the other printer.
                JobState::Unsure => form.printer.is_some(),
                JobState::Printing => taken,
                JobState::Printed | JobState::Discarded => false,
            };
            if !may {
                return Err(AppError::new(Code::JobSettled).hint("state", row.state.as_str()));
            }
            tx.requeue_print(id, to, form.printer.is_some())?;
            Ok(to.uuid())
        })?;
        self.went_into_queue(id, PrinterId::from_uuid(printer));
        self.view_job(id)
    }

    /// Somebody looked whether an unsure job came out.
    pub fn answer_print(&self, id: PrintJobId, form: &AnswerPrint) -> Result<JobView> {
        let content = content_of(&format!("answer print {id}"), form)?;
        let _no_answer_counts = self.printing.couriers.taking();
        if form.came_out {
            self.take_back(id, true)?;
        }
        let again = self.write_once(*form.id.as_bytes(), &content, |tx| {
            let row = tx.reader().print_job(id)?.ok_or(AppError::new(Code::NotFound))?;
            if row.state != JobState::Unsure {
                return Err(AppError::new(Code::JobSettled).hint("state", row.state.as_str()));
            }
            if form.came_out {
                tx.settle_print(id, JobState::Printed, None)?;
                // It prints and does not say so: from now on its cable's word is enough.
                if let (Some(printer), Some("no_answer")) = (row.printer, row.why.as_deref())
                    && tx.reader().printer(printer)?.is_some_and(|p| p.tells.is_none())
                {
                    tx.printer_used(printer, Some(false))?;
                }
                return Ok(None);
            }
            not_the_drawer(&row)?;
            let to = row.printer.ok_or(AppError::new(Code::NoPrinter))?;
            tx.requeue_print(id, to, row.moved)?;
            Ok(Some(to.uuid()))
        })?;
        if !form.came_out {
            self.printing.couriers.did_not_come_out(id);
        }
        match again {
            Some(printer) => self.went_into_queue(id, PrinterId::from_uuid(printer)),
            None => self.print_changed(id),
        }
        self.view_job(id)
    }

    pub(crate) fn print_changed(&self, id: PrintJobId) {
        self.printing.news.ring();
        self.live.tell("print", Some(id.to_string()));
    }

    pub fn discard_print(&self, id: PrintJobId, form: &crate::cart::WriteId) -> Result<JobView> {
        let content = content_of(&format!("discard print {id}"), form)?;
        let _no_answer_counts = self.printing.couriers.taking();
        let taken = self.take_back(id, false)?;
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let row = tx.reader().print_job(id)?.ok_or(AppError::new(Code::NotFound))?;
            let may = match row.state {
                JobState::Queued | JobState::Unsure | JobState::Failed => true,
                JobState::Printing => taken,
                JobState::Printed | JobState::Discarded => false,
            };
            if !may {
                return Err(AppError::new(Code::JobSettled).hint("state", row.state.as_str()));
            }
            Ok(tx.settle_print(id, JobState::Discarded, None)?)
        })?;
        self.print_changed(id);
        self.view_job(id)
    }

    /// Prints a paper of an order because somebody asks for it. A second one of the same paper says so.
    pub fn print_paper(&self, actor: &Actor, order: OrderId, form: &PrintPaper) -> Result<JobView> {
        let what = What::of(Some(&form.what))?;
        let content = content_of(&format!("print {order}"), form)?;
        let view = self.order_on_paper(order)?;
        self.print_once(form.id, &content, |tx| {
            let printers = tx.reader().printers()?;
            let printer = match form.printer.map(PrinterId::from_uuid) {
                Some(id) => printers.iter().find(|p| p.id == id),
                None => serves(&printers, "receipt"),
            };
            let printer = printer.ok_or(AppError::new(Code::NoPrinter))?;
            let paper = form.credit_note.map(|id| *id.as_bytes());
            let mut before = tx.reader().papers_of(order, what.as_str(), paper)?;
            // What another counter printed is not known here, but its guest had a receipt.
            if before == 0 && what == What::Receipt && view.counter.id != self.identity.counter.uuid() {
                before = 1;
            }
            let copy = before + 1;
            let slip = self.slip_of(&tx.reader(), what, &view, form.credit_note, copy)?;
            let new = NewPaper {
                copy,
                paper,
                ..NewPaper::slip(what.as_str(), slip).for_order(&view)
            };
            Ok(new.at(PrintJobId::from_uuid(form.id), printer.id, Some(actor.staff)))
        })
    }

    /// Puts one job into the queue, once.
    pub(crate) fn print_once(
        &self,
        id: Uuid,
        content: &[u8; 32],
        new: impl FnOnce(&mut Write<'_>) -> Result<NewJob>,
    ) -> Result<JobView> {
        let printer = self.write_once(*id.as_bytes(), content, |tx| {
            let job = new(tx)?;
            tx.queue_print(&job)?;
            Ok(job.printer.uuid())
        })?;
        let id = PrintJobId::from_uuid(id);
        self.went_into_queue(id, PrinterId::from_uuid(printer));
        self.view_job(id)
    }

    pub(crate) fn went_into_queue(&self, id: PrintJobId, printer: PrinterId) {
        if let Some(sight) = self.printing.seen().get_mut(&printer) {
            (sight.tries, sight.again) = (0, None);
        }
        self.print_changed(id);
        self.printing.wake(printer);
    }

    /// Asked for again: whoever prints it goes on.
    pub(crate) fn goes_on(&self, printer: PrinterId) {
        self.printing.wake(printer);
    }

    /// Puts what a sale or a refund prints into the same transaction: the paper is as safe as the money. Nothing here
    /// can refuse either.
    pub(crate) fn queue_papers(
        &self,
        tx: &mut Write<'_>,
        staff: StaffId,
        order: &OrderView,
        credit_note: Option<Uuid>,
    ) {
        if let Err(error) = self.try_queue_papers(tx, staff, order, credit_note) {
            tracing::error!(order = %order.id, %error, "the paper cannot be put into the print queue");
        }
    }

    fn try_queue_papers(
        &self,
        tx: &mut Write<'_>,
        staff: StaffId,
        order: &OrderView,
        credit_note: Option<Uuid>,
    ) -> Result<()> {
        let printers = tx.reader().printers()?;
        if printers.is_empty() {
            return Ok(());
        }
        let about = credit_note.unwrap_or(order.id);
        let cash = match credit_note {
            None => {
                let given_back = order.took_back.iter().flat_map(|took| &took.tenders);
                order.tenders.iter().any(|t| t.method == "cash")
                    || given_back.into_iter().any(|t| t.method == "cash")
            }
            Some(id) => order
                .credit_notes
                .iter()
                .filter(|note| note.id == id)
                .flat_map(|note| &note.tenders)
                .any(|t| t.method == "cash"),
        };
        if cash && let Some(printer) = drawer_of(&printers) {
            let job = NewPaper::drawer().for_order(order);
            tx.queue_print(&job.at(job_id("drawer", about), printer.id, Some(staff)))?;
        }
        if self.settings().text("print.receipt") == "auto"
            && let Some(printer) = serves(&printers, "receipt")
        {
            let what = if credit_note.is_some() {
                What::CreditNote
            } else {
                What::Receipt
            };
            let slip = self.slip_of(&tx.reader(), what, order, credit_note, 1)?;
            let new = NewPaper {
                paper: credit_note.map(|id| *id.as_bytes()),
                ..NewPaper::slip(what.as_str(), slip).for_order(order)
            };
            tx.queue_print(&new.at(job_id(what.as_str(), about), printer.id, Some(staff)))?;
        }
        Ok(())
    }

    /// After the commit: whoever has something to print begins.
    pub(crate) fn print_waiting(&self) {
        let counts = match self.store.glance(|r| r.print_counts()) {
            Ok(counts) => counts,
            Err(error) => {
                tracing::error!(%error, "the print queue cannot be read");
                return;
            }
        };
        for (printer, state, _) in counts {
            if state == JobState::Queued {
                self.printing.wake(printer);
            }
        }
    }
}

/// The printer that does this job: the one that was added first.
pub(crate) fn serves<'a>(printers: &'a [PrinterRow], job: &str) -> Option<&'a PrinterRow> {
    printers.iter().find(|p| jobs_of(p).iter().any(|j| j == job))
}

/// The printer on which the drawer hangs.
pub(crate) fn drawer_of(printers: &[PrinterRow]) -> Option<&PrinterRow> {
    printers.iter().find(|p| p.drawer)
}

/// The id of a job that follows from something that has an id: however often it is asked for, it is one job.
pub(crate) fn job_id(kind: &str, about: Uuid) -> PrintJobId {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(b"print job\0")
        .update(kind.as_bytes())
        .update(b"\0")
        .update(about.as_bytes());
    let mut tail = [0; 10];
    tail.copy_from_slice(&hasher.finalize().as_bytes()[..10]);
    PrintJobId::from_uuid(domain::ids::uuid_v7(domain::ids::uuid_ms(about), tail))
}
