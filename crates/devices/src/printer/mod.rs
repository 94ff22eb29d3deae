//! One printer: where it is, how it is asked, and what became of a job.
//!
//! A job is: ask, send, ask again. What was never begun may be tried again by itself; what may have come out is never
//! sent twice by itself. That line is drawn at the first byte of the job.

mod address;
#[cfg(unix)]
mod device;
mod dialogue;
mod network;
mod serial;
mod spooler;

pub use address::{Address, AddressError, Driver, RAW_PORT, UsbAt};
pub use dialogue::{Dialogue, Link};
pub use network::Network;
pub use serial::Serial;
pub use spooler::Spooler;
pub(crate) use spooler::{command, run};

#[cfg(unix)]
pub use device::Device;

use std::time::Duration;

/// Why a printer does not print, or why nobody knows whether it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    PaperOut,
    CoverOpen,
    Offline,
    /// Nobody there: no route, no such name, unplugged, no such queue.
    Unreachable,
    /// Somebody there who does not want us.
    Refused,
    Busy,
    /// No right to the device.
    NotAllowed,
    /// It took nothing of the job in time.
    Timeout,
    /// It stopped in the middle.
    HalfSent,
    /// All was sent, and nothing came back.
    NoAnswer,
    /// Cutter, head, something inside.
    PrinterError,
}

impl Why {
    pub const ALL: &[Why] = &[
        Why::PaperOut,
        Why::CoverOpen,
        Why::Offline,
        Why::Unreachable,
        Why::Refused,
        Why::Busy,
        Why::NotAllowed,
        Why::Timeout,
        Why::HalfSent,
        Why::NoAnswer,
        Why::PrinterError,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Why::PaperOut => "paper_out",
            Why::CoverOpen => "cover_open",
            Why::Offline => "offline",
            Why::Unreachable => "unreachable",
            Why::Refused => "refused",
            Why::Busy => "busy",
            Why::NotAllowed => "not_allowed",
            Why::Timeout => "timeout",
            Why::HalfSent => "half_sent",
            Why::NoAnswer => "no_answer",
            Why::PrinterError => "printer_error",
        }
    }

    pub fn of(error: &std::io::Error) -> Why {
        use std::io::ErrorKind::*;
        match error.kind() {
            ConnectionRefused => Why::Refused,
            PermissionDenied => Why::NotAllowed,
            ResourceBusy => Why::Busy,
            TimedOut | WouldBlock => Why::Timeout,
            _ => Why::Unreachable,
        }
    }
}

/// What a printer says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Status {
    pub paper_out: bool,
    pub paper_low: bool,
    pub cover_open: bool,
    pub offline: bool,
    pub error: bool,
}

impl Status {
    /// Why it cannot print now. The cause before its consequence: a printer without paper is offline too.
    pub fn blocks(self) -> Option<Why> {
        if self.cover_open {
            Some(Why::CoverOpen)
        } else if self.paper_out {
            Some(Why::PaperOut)
        } else if self.error {
            Some(Why::PrinterError)
        } else if self.offline {
            Some(Why::Offline)
        } else {
            None
        }
    }
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It came out; `confirmed` when the printer itself said so, and not only its cable.
    Printed { confirmed: bool },
    /// Not a byte of the job was sent: it may be sent again.
    Failed(Why),
    /// Some or all of it may be on the paper. A person must look.
    Unsure(Why),
}

/// Whether this printer answers when it is asked for its state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tells {
    /// Nobody knows yet.
    #[default]
    Unknown,
    Yes,
    No,
}

/// What became of a job, and what was learned about the printer on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    pub outcome: Outcome,
    pub tells: Tells,
}

/// How long each step may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until it is reached, its name looked up included.
    pub connect: Duration,
    /// Until a question about its state is answered.
    pub answer: Duration,
    /// Without taking a single byte.
    pub stall: Duration,
    /// Above what its cable needs for the bytes.
    pub job: Duration,
    /// After the last byte, until it says that it is done.
    pub confirm: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connect: Duration::from_secs(3),
            answer: Duration::from_millis(600),
            stall: Duration::from_secs(6),
            job: Duration::from_secs(20),
            confirm: Duration::from_secs(8),
        }
    }
}

pub trait Printer: Send {
    /// Sends a whole job. It always comes back.
    fn send(&mut self, bytes: &[u8], limits: &Limits) -> Report;

    /// Its state; `None` when it is there and does not say.
    fn status(&mut self, limits: &Limits) -> Result<Option<Status>, Why>;
}

/// The printer behind an address. Nothing is touched before it is used.
pub fn open(address: &Address, tells: Tells, raw: bool) -> Box<dyn Printer> {
    match address.clone() {
        Address::Network { host, port } => Box::new(Dialogue::new(Network { host, port }, tells)),
        #[cfg(unix)]
        Address::Usb(at) => Box::new(Dialogue::new(Device(at), tells)),
        #[cfg(not(unix))]
        Address::Usb(_) => Box::new(Nowhere),
        Address::Serial { path, baud } => Box::new(Dialogue::new(Serial { path, baud }, tells)),
        Address::Spooler(queue) => Box::new(Spooler::new(queue, raw)),
    }
}

/// A USB printer where the system has no device files for them: its queue has to be used.
#[cfg(not(unix))]
struct Nowhere;

#[cfg(not(unix))]
impl Printer for Nowhere {
    fn send(&mut self, _: &[u8], _: &Limits) -> Report {
        Report {
            outcome: Outcome::Failed(Why::Unreachable),
            tells: Tells::Unknown,
        }
    }

    fn status(&mut self, _: &Limits) -> Result<Option<Status>, Why> {
        Err(Why::Unreachable)
    }
}
