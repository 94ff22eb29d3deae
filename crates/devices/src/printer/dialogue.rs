//! The talk with an ESC/POS printer over any two-way cable: its state before, the job, its state after.

use super::{Limits, Outcome, Printer, Report, Status, Tells, Why};
use crate::Deadline;
use std::{io, time::Duration};

/// An open cable to one printer.
pub trait Link: Send {
    /// Hands over some bytes, at least one. Waits no longer than the deadline.
    fn write(&mut self, bytes: &[u8], until: Deadline) -> io::Result<usize>;
    /// Takes what came back; zero bytes mean that the other end is gone.
    fn read(&mut self, into: &mut [u8], until: Deadline) -> io::Result<usize>;
    /// Waits until the cable has given everything on, as far as it can know.
    fn drain(&mut self, until: Deadline) -> io::Result<()>;
}

/// Where a cable comes from.
pub trait Connect: Send {
    /// The slowest that this cable may be, in bytes a second.
    const BYTES_A_SECOND: u64;

    fn connect(&self, until: Deadline) -> Result<Box<dyn Link>, Why>;
}

/// A printer that is talked with.
pub struct Dialogue<C> {
    to: C,
    tells: Tells,
}

/// Questions answered at once, past everything that waits to be printed (DLE EOT n).
const PAPER: [u8; 3] = [0x10, 0x04, 4];
const CAUSE: [u8; 3] = [0x10, 0x04, 2];
/// A question answered in its turn, when all before it is done (GS r 1).
const IN_TURN: [u8; 3] = [0x1d, 0x72, 1];
/// How much is handed over at a time: between two pieces the deadline is looked at.
const PIECE: usize = 4096;

impl<C: Connect> Dialogue<C> {
    pub fn new(to: C, tells: Tells) -> Dialogue<C> {
        Dialogue { to, tells }
    }

    fn job(&mut self, bytes: &[u8], limits: &Limits) -> Outcome {
        let mut link = match self.to.connect(Deadline::after(limits.connect)) {
            Ok(link) => link,
            Err(why) => return Outcome::Failed(why),
        };
        if self.tells != Tells::No {
            match ask(&mut *link, limits) {
                Ok(Some(status)) => {
                    self.tells = Tells::Yes;
                    if let Some(why) = status.blocks() {
                        return Outcome::Failed(why);
                    }
                }
                Ok(None) if self.tells == Tells::Yes => return Outcome::Failed(Why::Offline),
                Ok(None) => {}
                Err(why) => return Outcome::Failed(why),
            }
        }
        let rate = C::BYTES_A_SECOND.max(1);
        let allowance = Duration::from_secs(bytes.len() as u64 / rate) + limits.job;
        let whole = Deadline::after(allowance);
        let mut sent = 0;
        while sent < bytes.len() {
            let piece = &bytes[sent..bytes.len().min(sent + PIECE)];
            match link.write(piece, whole.sooner(Deadline::after(limits.stall))) {
                Ok(n) if n > 0 => sent += n,
                Ok(_) if sent == 0 => return Outcome::Failed(Why::Unreachable),
                Err(error) if sent == 0 => return Outcome::Failed(Why::of(&error)),
                Ok(_) | Err(_) => return Outcome::Unsure(Why::HalfSent),
            }
        }
        if link.drain(whole.sooner(Deadline::after(allowance))).is_err() {
            return Outcome::Unsure(Why::HalfSent);
        }
        if self.tells == Tells::No {
            return last_word(&mut *link, limits);
        }
        self.wait_for_the_end(&mut *link, limits)
    }

    /// After the last byte: it is done when it answers in its turn, and unsure when it goes silent.
    fn wait_for_the_end(&mut self, link: &mut dyn Link, limits: &Limits) -> Outcome {
        let end = Deadline::after(limits.confirm);
        // Printers that do not know the question in its turn, but answer the other one, are believed after a while.
        let patience = Deadline::after(limits.confirm / 4);
        let done = Outcome::Printed { confirmed: true };
        let mut ears = Ears::default();
        if say(link, &IN_TURN, limits).is_err() {
            return Outcome::Unsure(Why::HalfSent);
        }
        let mut alive = false;
        while !end.is_over() {
            match ears.hear(link, end.sooner(Deadline::after(limits.answer))) {
                Ok(Some(Heard::InTurn)) => {
                    self.tells = Tells::Yes;
                    return done;
                }
                Ok(_) => {}
                Err(_) => return Outcome::Unsure(Why::HalfSent),
            }
            // Only a printer that has answered before is worth asking again and again.
            if self.tells != Tells::Yes {
                if patience.is_over() {
                    break;
                }
                continue;
            }
            let status = ears.ask(link, limits);
            if ears.in_turn {
                return done;
            }
            match status {
                Ok(Some(status)) => {
                    alive = true;
                    if let Some(why) = status.blocks() {
                        return Outcome::Unsure(why);
                    }
                    if patience.is_over() {
                        return done;
                    }
                }
                Ok(None) => alive = false,
                Err(_) => return Outcome::Unsure(Why::HalfSent),
            }
        }
        if alive {
            done
        } else {
            Outcome::Unsure(Why::NoAnswer)
        }
    }
}

impl<C: Connect> Printer for Dialogue<C> {
    fn send(&mut self, bytes: &[u8], limits: &Limits) -> Report {
        let outcome = self.job(bytes, limits);
        Report {
            outcome,
            tells: self.tells,
        }
    }

    fn status(&mut self, limits: &Limits) -> Result<Option<Status>, Why> {
        let mut link = self.to.connect(Deadline::after(limits.connect))?;
        if self.tells == Tells::No {
            return Ok(None);
        }
        let status = ask(&mut *link, limits)?;
        if status.is_some() {
            self.tells = Tells::Yes;
        }
        Ok(status)
    }
}

/// A printer that never says anything: its cable's last word is all there is.
fn last_word(link: &mut dyn Link, limits: &Limits) -> Outcome {
    let end = Deadline::after(limits.answer);
    let mut scrap = [0; 64];
    loop {
        match link.read(&mut scrap, end) {
            Ok(0) => return Outcome::Printed { confirmed: false },
            Ok(_) if !end.is_over() => {}
            Ok(_) => return Outcome::Printed { confirmed: false },
            Err(error) if Why::of(&error) == Why::Timeout => return Outcome::Printed { confirmed: false },
            Err(_) => return Outcome::Unsure(Why::HalfSent),
        }
    }
}

fn say(link: &mut dyn Link, mut bytes: &[u8], limits: &Limits) -> Result<(), Why> {
    let until = Deadline::after(limits.stall);
    while !bytes.is_empty() {
        match link.write(bytes, until) {
            Ok(0) => return Err(Why::Unreachable),
            Ok(n) => bytes = &bytes[n..],
            Err(error) => return Err(Why::of(&error)),
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    AtOnce(u8),
    InTurn,
}

/// Sorts what comes back.
#[derive(Default)]
struct Ears {
    /// Bytes of an automatic status that are still to come: nobody asked for it, and its bytes look like answers.
    skip: u8,
    /// Whether the question in its turn was answered meanwhile.
    in_turn: bool,
}

impl Ears {
    /// The next answer; `None` when none came in time.
    fn hear(&mut self, link: &mut dyn Link, until: Deadline) -> Result<Option<Heard>, Why> {
        let mut byte = [0];
        loop {
            match link.read(&mut byte, until) {
                Ok(0) => return Err(Why::Unreachable),
                Ok(_) if self.skip > 0 => self.skip -= 1,
                // The first of the four bytes of an automatic status.
                Ok(_) if byte[0] & 0b1001_0011 == 0b0001_0000 => self.skip = 3,
                // Fixed bits tell the answers to DLE EOT from everything else that printers send.
                Ok(_) if byte[0] & 0b1001_0011 == 0b0001_0010 => return Ok(Some(Heard::AtOnce(byte[0]))),
                Ok(_) if byte[0] & 0b1001_0000 == 0 => {
                    self.in_turn = true;
                    return Ok(Some(Heard::InTurn));
                }
                Ok(_) => {}
                Err(error) if Why::of(&error) == Why::Timeout => return Ok(None),
                Err(error) => return Err(Why::of(&error)),
            }
            if until.is_over() {
                return Ok(None);
            }
        }
    }

    fn at_once(&mut self, link: &mut dyn Link, limits: &Limits) -> Result<Option<u8>, Why> {
        let until = Deadline::after(limits.answer);
        loop {
            match self.hear(link, until)? {
                Some(Heard::AtOnce(byte)) => return Ok(Some(byte)),
                Some(Heard::InTurn) if !until.is_over() => {}
                _ => return Ok(None),
            }
        }
    }

    /// Its state; `None` when it does not answer.
    fn ask(&mut self, link: &mut dyn Link, limits: &Limits) -> Result<Option<Status>, Why> {
        say(link, &PAPER, limits)?;
        let Some(paper) = self.at_once(link, limits)? else {
            return Ok(None);
        };
        say(link, &CAUSE, limits)?;
        // Simple printers know about their paper only.
        let cause = self.at_once(link, limits)?.unwrap_or(0);
        Ok(Some(Status {
            paper_out: paper & 0b0110_0000 != 0 || cause & 0b0010_0000 != 0,
            paper_low: paper & 0b0000_1100 != 0,
            cover_open: cause & 0b0000_0100 != 0,
            error: cause & 0b0100_0000 != 0,
            offline: false,
        }))
    }
}

/// What an earlier job left unread on a cable that stays.
fn clear(link: &mut dyn Link) -> Result<(), Why> {
    let mut scrap = [0; 256];
    for _ in 0..64 {
        match link.read(&mut scrap, Deadline::now()) {
            Ok(0) => return Err(Why::Unreachable),
            Ok(_) => {}
            Err(error) if Why::of(&error) == Why::Timeout => return Ok(()),
            Err(error) => return Err(Why::of(&error)),
        }
    }
    Ok(())
}

/// Its state at the start of a talk.
fn ask(link: &mut dyn Link, limits: &Limits) -> Result<Option<Status>, Why> {
    clear(link)?;
    Ears::default().ask(link, limits)
}
