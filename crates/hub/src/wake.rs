//! Who waits for something new of a shop is woken: at once in this process, soon in the others.

use crate::{Books, books::Unavailable};
use domain::ids::ShopId;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// How long wakes for other instances are gathered: telling inside each push made pushes ten times slower.
const GATHER: Duration = Duration::from_millis(40);

#[derive(Default)]
pub struct Wakes {
    waiting: Mutex<HashMap<ShopId, Weak<Notify>>>,
    untold: Mutex<BTreeSet<ShopId>>,
    told: Notify,
    closing: AtomicBool,
}

impl Wakes {
    /// Taken before the books are looked at, so that what comes in between is not missed.
    pub fn bell(&self, shop: ShopId) -> Arc<Notify> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = waiting.get(&shop).and_then(Weak::upgrade) {
            return bell;
        }
        if waiting.len() > 1024 {
            waiting.retain(|_, bell| bell.strong_count() > 0);
        }
        let bell = Arc::new(Notify::new());
        waiting.insert(shop, Arc::downgrade(&bell));
        bell
    }

    /// Somebody else's push.
    pub fn heard(&self, shop: ShopId) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = waiting.get(&shop).and_then(Weak::upgrade) {
            bell.notify_waiters();
        }
    }

    /// A push here.
    pub fn ring(&self, shop: ShopId) {
        self.heard(shop);
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        untold.insert(shop);
        self.told.notify_one();
    }

    /// Whoever waits has waited long enough: the hub is about to end.
    pub fn close(&self) {
        self.closing.store(true, SeqCst);
        self.heard_all();
    }

    pub fn is_closing(&self) -> bool {
        self.closing.load(SeqCst)
    }

    /// Everybody: after a lost connection nobody knows what was missed.
    fn heard_all(&self) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for bell in waiting.values().filter_map(Weak::upgrade) {
            bell.notify_waiters();
        }
    }

    /// Tells the other instances, once for all that came together. Runs for ever.
    pub async fn tell(&self, books: &impl Books) {
        loop {
            self.told.notified().await;
            tokio::time::sleep(GATHER).await;
            let shops: Vec<ShopId> = {
                let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *untold).into_iter().collect()
            };
            if let Err(error) = books.tell(&shops).await {
                // They look for themselves when their patience ends.
                tracing::warn!(%error, "other instances were not woken");
            }
        }
    }

    /// Hears the other instances. Runs for ever.
    pub async fn listen(&self, books: &impl Books) {
        loop {
            if let Err(Unavailable(error)) = books.listen(|shop| self.heard(shop)).await {
                tracing::warn!(error, "the other instances are not heard");
            }
            self.heard_all();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}
