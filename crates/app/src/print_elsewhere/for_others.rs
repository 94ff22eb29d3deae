//! The one that prints for other devices: only papers, only on its own printers, and only what it was asked for just now.

use super::{AnsweredAt, Elsewhere, LISTEN_MS, PrintAsk, PrintReply, PrinterOffer, PrinterOffers, holds};
use crate::{Code, Result, Shop, printers::jobs_of, printing::Payload};
use devices::Deadline;
use domain::{
    ids::{DeviceId, OrderId, PrintJobId, PrinterId},
    time::Moment,
};
use std::time::Duration;
use store::{
    Reader,
    printing::{ForAnother, JobState, NewJob},
};

/// What nobody asked for any more after so long is dropped, if it was never begun.
const ABANDONED_MS: i64 = 24 * 3_600_000;
/// Papers that one device may do for another.
const KINDS: &[&str] = &[
    "receipt",
    "credit_note",
    "token",
    "shift",
    "payment",
    "return",
    "label",
    "test",
    "scanner",
];
/// Slips are amounts and texts.
const MOST_BYTES: usize = 1 << 20;
/// What may wait here for one other device.
const MOST_JOBS: u32 = 500;

impl Shop {
    /// Another device wants something printed, or to know how far it is.
    pub fn hear_print(&self, device: DeviceId, ask: &PrintAsk) -> Result<PrintReply> {
        let id = PrintJobId::from_uuid(ask.job);
        let printer = PrinterId::from_uuid(ask.printer);
        let refused = |why: &str| PrintReply {
            why: Some(why.to_owned()),
            ..self.reply("refused")
        };
        let payload = ask.payload.as_deref().unwrap_or_default();
        let kind = KINDS.iter().copied().find(|kind| *kind == ask.kind);
        if !payload.is_empty() && !is_paper(payload) {
            return Ok(refused("cannot_draw"));
        }
        let now = self.edges.now();
        let said = self.printing.couriers.said_just_now(ask.at, now);
        let wrote = self
            .store
            .write(now, |tx| -> Result<std::result::Result<bool, &'static str>> {
                let mut fresh = false;
                let old = tx.reader().print_job(id)?;
                if let Some(old) = &old
                    && old.for_another.is_none_or(|other| other.device != device)
                {
                    // An id of this device's own, or of a third one's.
                    return Err(Code::IdReused.into());
                }
                let serves = |reader: &Reader<'_>| -> Result<bool> {
                    let row = reader.printer(printer)?;
                    // No chains: whoever asks would not know where the paper lies.
                    Ok(row.is_some_and(|row| Elsewhere::of(&row).is_none()))
                };
                if old.is_none() {
                    tx.drop_abandoned_prints(now.plus_ms(-ABANDONED_MS).0)?;
                    if tx.reader().prints_waiting_for(device)? >= MOST_JOBS {
                        return Ok(Err("busy"));
                    }
                }
                match (ask.step.as_str(), old) {
                    ("print", None) => {
                        let Some(kind) = kind.filter(|_| !payload.is_empty()) else {
                            return Ok(Err("cannot_draw"));
                        };
                        if !serves(&tx.reader())? {
                            return Ok(Err("no_printer"));
                        }
                        tx.queue_print(&NewJob {
                            id,
                            printer,
                            kind,
                            order: ask.order.map(OrderId::from_uuid),
                            paper: ask.paper.map(|paper| *paper.as_bytes()),
                            number: ask.number,
                            document: ask.document.clone(),
                            copy: ask.copy.max(1),
                            payload: payload.as_bytes().to_vec(),
                            staff: None,
                            for_another: Some(ForAnother {
                                device,
                                attempt: ask.attempt,
                            }),
                        })?;
                        fresh = true;
                    }
                    ("print", Some(old))
                        if old.for_another.is_some_and(|other| other.attempt < ask.attempt) =>
                    {
                        let again = match old.state {
                            JobState::Failed | JobState::Discarded | JobState::Queued => true,
                            // It may lie in the tray: not before somebody looked.
                            JobState::Unsure => ask.looked,
                            JobState::Printing | JobState::Printed => false,
                        };
                        if again {
                            if payload.is_empty() || !serves(&tx.reader())? {
                                return Ok(Err("no_printer"));
                            }
                            tx.print_again_for(id, printer, ask.attempt, payload.as_bytes())?;
                            fresh = true;
                        }
                    }
                    ("withdraw", None) => {
                        // A letter that is still on its way must find it withdrawn.
                        tx.queue_print(&NewJob {
                            id,
                            printer,
                            kind: kind.unwrap_or("test"),
                            order: None,
                            paper: None,
                            number: None,
                            document: None,
                            copy: 1,
                            payload: vec![],
                            staff: None,
                            for_another: Some(ForAnother {
                                device,
                                attempt: ask.attempt,
                            }),
                        })?;
                        tx.settle_print(id, JobState::Discarded, None)?;
                    }
                    ("withdraw", Some(old)) => {
                        let gone = match old.state {
                            JobState::Queued | JobState::Failed => true,
                            JobState::Unsure => ask.looked,
                            JobState::Printing | JobState::Printed | JobState::Discarded => false,
                        };
                        if gone {
                            tx.settle_print(id, JobState::Discarded, None)?;
                            fresh = true;
                        }
                    }
                    ("came_out", Some(old)) if old.state == JobState::Unsure => {
                        tx.settle_print(id, JobState::Printed, None)?;
                        fresh = true;
                    }
                    _ => {}
                }
                Ok(Ok(fresh))
            })?;
        let fresh = match wrote {
            Err(why) => return Ok(refused(why)),
            Ok(fresh) => fresh,
        };
        if ask.step == "print"
            && let Some(said) = said
        {
            self.printing.couriers.lock().asked.insert(id, said);
        }
        match (ask.step.as_str(), fresh) {
            ("print", true) => self.went_into_queue(id, printer),
            ("print", false) => {
                if let Some(at) = self.store.read(|r| r.print_job(id))?.and_then(|job| job.printer) {
                    self.goes_on(at);
                }
            }
            (_, true) => self.print_changed(id),
            (_, false) => {}
        }
        let reply = self.wait_for_news(
            id,
            Duration::from_millis(ask.wait_ms.min(LISTEN_MS)),
            // Whoever shows no clocks learns them at once, so that it can be begun.
            ask.step == "look" || said.is_none(),
        )?;
        let now = self.printing.couriers.clocks(self.edges.now());
        let mut known = self.printing.couriers.lock();
        known.asked.retain(|_, since| holds(*since, now));
        Ok(reply)
    }

    fn reply(&self, state: &str) -> PrintReply {
        let couriers = &self.printing.couriers;
        let now = couriers.clocks(self.edges.now());
        PrintReply {
            state: state.to_owned(),
            why: None,
            tried: false,
            printer_why: None,
            at: AnsweredAt {
                run: couriers.run,
                steady_ms: now.steady_ms,
                wall_ms: now.wall_ms,
            },
        }
    }

    /// What stands here of a job, at the latest after so long, or as soon as it is done.
    fn wait_for_news(&self, id: PrintJobId, most: Duration, at_once: bool) -> Result<PrintReply> {
        let until = Deadline::after(most);
        let mut first: Option<(JobState, Option<String>)> = None;
        loop {
            let news = self.printing.news.seen();
            let job = self.store.read(|r| r.print_job(id))?;
            let Some(job) = job else {
                return Ok(self.reply("unknown"));
            };
            let looks = (job.state, job.why.clone());
            let changed = first.as_ref().is_some_and(|first| *first != looks);
            first.get_or_insert(looks);
            let under_way = matches!(job.state, JobState::Queued | JobState::Printing);
            // A try in vain is news; that a printer was begun with is not worth a letter.
            let vain = job.state == JobState::Queued && changed;
            if at_once || !under_way || vain || until.is_over() {
                let printer_why = match job.printer {
                    Some(printer) => self.printer_light(printer)?.1.map(str::to_owned),
                    None => None,
                };
                return Ok(PrintReply {
                    tried: job.why.is_some(),
                    why: job.why,
                    printer_why,
                    ..self.reply(job.state.as_str())
                });
            }
            self.printing.news.wait(news, until.left());
        }
    }

    /// Another device asks with what it could print here.
    pub fn offer_printers(&self) -> Result<PrinterOffers> {
        let rows = self.store.read(|r| r.printers())?;
        let printers = rows
            .iter()
            .filter(|row| Elsewhere::of(row).is_none())
            .map(|row| {
                let (light, why, _) = self.printer_light(row.id)?;
                Ok(PrinterOffer {
                    id: row.id.uuid(),
                    name: row.name.clone(),
                    jobs: jobs_of(row),
                    light: light.to_owned(),
                    why: why.map(str::to_owned),
                })
            })
            .collect::<Result<_>>()?;
        Ok(PrinterOffers { printers })
    }

    /// What nobody asks for any more, after a start.
    pub(crate) fn drop_abandoned_prints(&self, now: Moment) -> Result<()> {
        self.store
            .write(now, |tx| tx.drop_abandoned_prints(now.plus_ms(-ABANDONED_MS).0))?;
        Ok(())
    }
}

/// Whether it is something for paper. A drawer is opened by its own device alone.
fn is_paper(payload: &str) -> bool {
    let sort = || serde_json::from_str::<Payload>(payload);
    payload.len() <= MOST_BYTES && matches!(sort(), Ok(Payload::Slip(_) | Payload::Scanner))
}
