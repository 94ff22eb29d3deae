//! How much may be spent on one frame. The crate asks no clock: the caller's closure may.

use std::cell::Cell;

/// Work after which a frame is given up whatever the caller says, in sampled pixels: about half a second of one core.
const ALWAYS_ENOUGH: u64 = 60_000_000;

/// When to stop looking at a frame: after so much work, or when the caller says so.
///
/// What is under way is finished to the next place where stopping is possible, a millisecond or two later.
pub struct Budget<'a> {
    over: Option<&'a dyn Fn() -> bool>,
    left: Cell<u64>,
}

impl<'a> Budget<'a> {
    /// For a picture that nobody waits for: half a second of work at most.
    pub fn generous() -> Budget<'static> {
        Budget::work(ALWAYS_ENOUGH)
    }

    /// So many sampled pixels of work; the same for the same frame on every machine.
    pub fn work(samples: u64) -> Budget<'static> {
        Budget {
            over: None,
            left: Cell::new(samples.min(ALWAYS_ENOUGH)),
        }
    }

    /// Until `over` answers true, for example when 25 ms have gone by.
    pub fn until(over: &'a dyn Fn() -> bool) -> Budget<'a> {
        Budget {
            over: Some(over),
            left: Cell::new(ALWAYS_ENOUGH),
        }
    }

    pub(crate) fn spend(&self, samples: usize) {
        self.left.set(
            self.left
                .get()
                .saturating_sub(u64::try_from(samples).unwrap_or(u64::MAX)),
        );
    }

    /// Whether the work is used up; cheap, and does not ask the caller.
    pub(crate) fn has_run_out(&self) -> bool {
        self.left.get() == 0
    }

    pub(crate) fn is_over(&self) -> bool {
        self.has_run_out() || self.over.is_some_and(|over| over())
    }
}
