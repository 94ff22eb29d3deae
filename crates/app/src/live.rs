//! What changed, told to every screen. A hint to read again, never the truth itself.

use crate::bell::Bell;
use domain::ids::SeatId;
use serde::{Deserialize, Serialize};
use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::broadcast;
use utoipa::ToSchema;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LiveMessage {
    /// Rises by one for each listener; a gap means that something was missed: read the snapshot again.
    pub seq: u64,
    /// cart, order, claim, board, product, category, staff, setting, session, display, ask, print, device, join, payment, card, rate, tip, customer, mail, campaign, sharing, sync, anomaly, program, link or resync
    pub kind: String,
    pub id: Option<String>,
    pub data: Option<serde_json::Value>,
    /// Only for this seat's screens, when set.
    #[serde(skip)]
    pub seat: Option<SeatId>,
}

pub struct Live {
    sender: broadcast::Sender<LiveMessage>,
    watched: Arc<AtomicUsize>,
    /// Rung with every message but those about syncing, which it leads to.
    stirred: RwLock<Option<Arc<Bell>>>,
}

/// That a screen watches.
pub struct Watching(Arc<AtomicUsize>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Default for Live {
    fn default() -> Live {
        Live {
            sender: broadcast::channel(256).0,
            watched: Arc::default(),
            stirred: RwLock::default(),
        }
    }
}

impl Live {
    pub fn subscribe(&self) -> broadcast::Receiver<LiveMessage> {
        self.sender.subscribe()
    }

    /// The feed of a screen, which counts as one that watches until it is dropped.
    pub fn watch(&self) -> (broadcast::Receiver<LiveMessage>, Watching) {
        self.watched.fetch_add(1, Ordering::SeqCst);
        (self.subscribe(), Watching(self.watched.clone()))
    }

    /// Whether any screen watches: what is worked out for screens alone need not be, when none does.
    pub(crate) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::SeqCst) > 0
    }

    pub fn tell(&self, kind: &str, id: Option<String>) {
        self.send(kind, id, None, None);
    }

    pub fn tell_with(&self, kind: &str, id: Option<String>, data: serde_json::Value) {
        self.send(kind, id, Some(data), None);
    }

    pub fn tell_seat(&self, seat: SeatId, kind: &str, data: Option<serde_json::Value>) {
        self.send(kind, None, data, Some(seat));
    }

    /// Rings this bell, and no other, whenever something happens.
    pub(crate) fn stir(&self, bell: &Arc<Bell>) {
        *self.stirred.write().unwrap_or_else(PoisonError::into_inner) = Some(bell.clone());
    }

    fn send(&self, kind: &str, id: Option<String>, data: Option<serde_json::Value>, seat: Option<SeatId>) {
        if kind != "sync"
            && let Some(bell) = &*self.stirred.read().unwrap_or_else(PoisonError::into_inner)
        {
            bell.ring();
        }
        // Numbered on the way out, by listener. Nobody listening is no fault.
        let _ = self.sender.send(LiveMessage {
            seq: 0,
            kind: kind.to_owned(),
            id,
            data,
            seat,
        });
    }
}
