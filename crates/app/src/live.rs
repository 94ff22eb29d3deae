//! What changed, told to every screen. A hint to read again, never the truth itself.

use domain::ids::SeatId;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use utoipa::ToSchema;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LiveMessage {
    /// Rises by one for each listener; a gap means that something was missed: read the snapshot again.
    pub seq: u64,
    /// cart, order, claim, board, product, category, staff, setting, session, display, ask, print, device, payment, card, rate, tip, customer, mail, campaign or resync
    pub kind: String,
    pub id: Option<String>,
    pub data: Option<serde_json::Value>,
    /// Only for this seat's screens, when set.
    #[serde(skip)]
    pub seat: Option<SeatId>,
}

pub struct Live {
    sender: broadcast::Sender<LiveMessage>,
}

impl Default for Live {
    fn default() -> Live {
        Live {
            sender: broadcast::channel(256).0,
        }
    }
}

impl Live {
    pub fn subscribe(&self) -> broadcast::Receiver<LiveMessage> {
        self.sender.subscribe()
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

    fn send(&self, kind: &str, id: Option<String>, data: Option<serde_json::Value>, seat: Option<SeatId>) {
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
