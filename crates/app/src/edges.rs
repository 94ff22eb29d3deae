//! The clock and the dice. Everything else is told the time; tests tell another one.

use domain::{ids::uuid_v7, time::Moment};
use std::{io::Write, sync::Arc};
use uuid::Uuid;

pub type Now = dyn Fn() -> Moment + Send + Sync;
/// A clock in milliseconds that never falls; where it stands does not matter.
pub type Steady = Arc<dyn Fn() -> u64 + Send + Sync>;
pub type Fill = dyn Fn(&mut [u8]) + Send + Sync;

/// Where time and randomness come from.
#[derive(Clone)]
pub struct Edges {
    pub now: Arc<Now>,
    pub random: Arc<Fill>,
}

impl Edges {
    /// The machine's own.
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the edge where the wall clock enters"
    )]
    pub fn system() -> Edges {
        Edges {
            now: Arc::new(|| {
                let since = std::time::SystemTime::now()
                    .duration_since(std::time::UNIX_EPOCH)
                    .unwrap_or_default();
                Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }),
            // Without randomness there are no keys and no one-time numbers: nothing may go on.
            random: Arc::new(|bytes| getrandom::fill(bytes).expect("the system gives random bytes")),
        }
    }

    pub fn now(&self) -> Moment {
        (self.now)()
    }

    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.random)(&mut bytes);
        bytes
    }

    pub fn new_id(&self) -> Uuid {
        self.new_id_at(self.now())
    }

    pub fn new_id_at(&self, moment: Moment) -> Uuid {
        uuid_v7(u64::try_from(moment.0).unwrap_or(0), self.random())
    }
}

/// Milliseconds since now, by a clock that nobody sets.
#[allow(
    clippy::disallowed_methods,
    reason = "this is the edge where the steady clock enters"
)]
pub fn steady_clock() -> Steady {
    let since = std::time::Instant::now();
    Arc::new(move || u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX))
}

/// Gives big blocks back to the system as soon as they are free. A PIN check takes 19 MB for a moment; left alone,
/// glibc keeps several of them for good. Call it once, before anything else.
pub fn return_big_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(
        unsafe_code,
        reason = "one call into the C library, before any other thread runs; it takes two integers"
    )]
    // SAFETY: mallopt has no preconditions beyond not racing with itself.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 20);
    }
}

/// Ends the process where it stands, without the C library's farewells: SQLCipher's would take the keys from under
/// workers that still write, and a page that is sealed without its key is lost. What was acknowledged is on the disk, and
/// what was not is undone at the next start, as after a power cut.
pub fn end(code: u8) -> ! {
    // Nobody may be listening any more; there is nobody else to tell.
    let _ = std::io::stdout().flush();
    #[allow(unsafe_code, reason = "the standard library has no end without farewells")]
    // SAFETY: _exit takes a number and does not come back.
    unsafe {
        libc::_exit(i32::from(code))
    }
}
