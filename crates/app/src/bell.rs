//! Wakes a worker that waits for something to do.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

#[derive(Default)]
pub(crate) struct Bell {
    state: Mutex<Ring>,
    rung: Condvar,
}

#[derive(Default)]
struct Ring {
    rung: bool,
    stopped: bool,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn ring(&self) {
        self.lock().rung = true;
        self.rung.notify_all();
    }

    /// For good.
    pub fn stop(&self) {
        self.lock().stopped = true;
        self.ring();
    }

    pub fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Until it rings, or so long.
    pub fn wait(&self, most: Duration) {
        let ring = self.lock();
        let (mut ring, _) = self
            .rung
            .wait_timeout_while(ring, most, |ring| !ring.rung)
            .unwrap_or_else(PoisonError::into_inner);
        ring.rung = false;
    }
}
