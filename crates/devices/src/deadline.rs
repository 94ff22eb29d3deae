//! The one place here that asks the clock: a moment after which nobody waits any more.

use std::time::{Duration, Instant};

/// A moment in this process's own time; the wall clock may jump as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    #[allow(
        clippy::disallowed_methods,
        reason = "wires and buses have no clock of ours: waiting for them needs the machine's own"
    )]
    pub fn after(wait: Duration) -> Deadline {
        let now = Instant::now();
        Deadline(now.checked_add(wait).unwrap_or(now))
    }

    pub fn now() -> Deadline {
        Deadline::after(Duration::ZERO)
    }

    /// What is left; zero when it is over.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Deadline::now().0)
    }

    pub fn is_over(self) -> bool {
        self.left().is_zero()
    }

    /// How long ago it was.
    pub fn ago(self) -> Duration {
        Deadline::now().0.saturating_duration_since(self.0)
    }

    pub fn sooner(self, other: Deadline) -> Deadline {
        self.min(other)
    }
}
