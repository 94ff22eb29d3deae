//! When backups are made: an hour after the last one when something changed, at once after a shift was closed, to a stick
//! as soon as it is in, and to the hub again as soon as that is there.

use crate::{
    AppError, Code, Result, Shop,
    backups::{HUB, sweep},
    bell::Bell,
};
use domain::backup::EVERY_MS;
use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

/// How often it is looked whether something is due, or a stick was put in.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// After a failure it is tried again so much later; a line is soon back, a disk is not.
const AGAIN_MS: i64 = 10 * 60_000;
const AGAIN_AT_HUB_MS: i64 = 60_000;
/// What was cut off on its way to the hub is tried again after so long, and after twice as long each time.
const CUT_OFF_MS: i64 = 2_000;
/// After so many times it is [`AGAIN_AT_HUB_MS`].
const MOST_CUT_OFF: u32 = 5;

/// What the workers wait for.
#[derive(Default)]
pub(crate) struct Due {
    bell: Arc<Bell>,
    /// For the one that brings them to the hub, which may take its time.
    hub_bell: Arc<Bell>,
    /// Something ended that is worth a backup at once, a shift for example: here, and at the hub.
    wanted: AtomicBool,
    wanted_at_hub: AtomicBool,
    /// How often in a row the hub did not answer while a backup was on its way; none since the start is none.
    cut_off: AtomicU32,
    /// Sticks that were in when it was last looked.
    seen: Mutex<Vec<PathBuf>>,
}

impl Due {
    /// As soon as it can be.
    pub fn soon(&self) {
        self.wanted.store(true, Relaxed);
        self.wanted_at_hub.store(true, Relaxed);
        self.bell.ring();
        self.hub_bell.ring();
    }

    /// The hub can be reached, or can be again: what was cut off goes on.
    pub fn hub_is_there(&self) {
        self.cut_off.store(0, Relaxed);
        self.hub_bell.ring();
    }

    /// What came of a try at the hub.
    pub fn hub_tried(&self, failed: Option<&AppError>) {
        let times = match failed.map(|error| error.code) {
            None => 0,
            Some(Code::HubUnreachable) => self.cut_off.load(Relaxed).saturating_add(1),
            // It is there and refuses, which passes less soon.
            Some(_) => MOST_CUT_OFF,
        };
        self.cut_off.store(times, Relaxed);
    }

    /// How long what was cut off waits.
    fn cut_off_ms(&self) -> i64 {
        match self.cut_off.load(Relaxed) {
            0 => 0,
            MOST_CUT_OFF.. => AGAIN_AT_HUB_MS,
            times => CUT_OFF_MS << (times - 1),
        }
    }

    /// Nothing more is brought anywhere.
    pub fn stop(&self) {
        self.bell.stop();
        self.hub_bell.stop();
    }

    /// Whether the shop is being closed.
    pub fn is_over(&self) -> bool {
        self.hub_bell.is_stopped()
    }
}

impl Drop for Due {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shop {
    /// Looks after backups for as long as the shop is open.
    pub(crate) fn start_backups(self: &Arc<Self>) {
        if self.identity.demo {
            return;
        }
        sweep(&self.copies());
        let (weak, bell): (Weak<Shop>, _) = (Arc::downgrade(self), self.backups.due.bell.clone());
        let began = thread::Builder::new().name("backups".to_owned()).spawn(move || {
            while !bell.is_stopped() {
                bell.wait(LOOK_EVERY);
                let Some(shop) = weak.upgrade() else { return };
                shop.back_up_if_due();
            }
        });
        let (weak, bell): (Weak<Shop>, _) = (Arc::downgrade(self), self.backups.due.hub_bell.clone());
        let brings = thread::Builder::new()
            .name("backups-hub".to_owned())
            .spawn(move || {
                let mut pause = LOOK_EVERY;
                while !bell.is_stopped() {
                    bell.wait(pause);
                    let Some(shop) = weak.upgrade() else { return };
                    shop.back_up_at_hub_if_due();
                    pause = shop.look_at_hub_again();
                }
            });
        for began in [began, brings] {
            if let Err(error) = began {
                tracing::error!(%error, "a worker for backups cannot begin");
            }
        }
    }

    /// What is due in folders and on sticks.
    pub fn back_up_if_due(&self) {
        let wanted = self.backups.due.wanted.swap(false, Relaxed);
        let mounted = self.backups.mounted();
        let fresh: Vec<PathBuf> = {
            let mut seen = self
                .backups
                .due
                .seen
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let fresh = mounted
                .iter()
                .filter(|path| !seen.contains(path))
                .cloned()
                .collect();
            if *seen != mounted {
                self.live.tell("backup", None);
            }
            seen.clone_from(&mounted);
            fresh
        };
        if let Err(error) = self.back_up_due(false, wanted, &mounted, &fresh) {
            tracing::error!(%error, "no backup was made");
        }
    }

    /// The same for the hub, apart from the others: a slow line holds up no stick.
    pub fn back_up_at_hub_if_due(&self) {
        let wanted = self.backups.due.wanted_at_hub.swap(false, Relaxed);
        if let Err(error) = self.back_up_due(true, wanted, &[], &[]) {
            tracing::error!(%error, "no backup was made at the hub");
        }
    }

    /// How long until what was cut off may be tried again, or something else is looked for.
    fn look_at_hub_again(&self) -> Duration {
        let cut_off = u64::try_from(self.backups.due.cut_off_ms()).unwrap_or(0);
        match self.is_on_its_way() && cut_off > 0 {
            true => LOOK_EVERY.min(Duration::from_millis(cut_off)),
            false => LOOK_EVERY,
        }
    }

    fn back_up_due(&self, at_hub: bool, wanted: bool, mounted: &[PathBuf], fresh: &[PathBuf]) -> Result<()> {
        let (key, mut rows) = self
            .store
            .read(|r| Ok::<_, AppError>((r.recovery_key()?, r.backup_targets()?)))?;
        rows.retain(|row| (row.kind == HUB) == at_hub);
        if key.is_none() || rows.is_empty() || self.identity.demo {
            return Ok(());
        }
        let goes_on = at_hub && self.is_on_its_way();
        let again = match (at_hub, goes_on) {
            (true, true) => self.backups.due.cut_off_ms(),
            (true, false) => AGAIN_AT_HUB_MS,
            (false, _) => AGAIN_MS,
        };
        let now = self.edges.now();
        let facts = self.facts()?;
        for row in rows {
            let folder = self.folder_of_target(&row, mounted);
            let put_in = fresh
                .iter()
                .any(|path| folder.as_ref().is_some_and(|folder| folder.starts_with(path)));
            let age = row.made.map_or(i64::MAX, |made| now.ms_since(made));
            let waited = row
                .tried
                .is_none_or(|tried| now.ms_since(tried) >= again || now < tried);
            let old = !(0..EVERY_MS).contains(&age) || !row.problem.is_empty();
            let due = facts != row.facts && (wanted || put_in || (waited && (goes_on || old)));
            // A stick in a drawer is no failure.
            if !due || (row.kind == "stick" && folder.is_none()) {
                continue;
            }
            if let Err(error) = self.back_up_to(&row) {
                tracing::warn!(%error, causes = error.causes(), kind = row.kind, "a backup was not made");
            }
        }
        Ok(())
    }
}
