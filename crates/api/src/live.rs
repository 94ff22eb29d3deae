//! Live events: one feed, by WebSocket for browsers and by the shell's own events for its windows.

use crate::{
    Door,
    guard::{BOARD, CUSTOMER, Hears},
};
use app::live::LiveMessage;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use domain::ids::SeatId;
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// What one screen may hear, in order.
pub struct LiveFeed {
    door: Door,
    receiver: Receiver<LiveMessage>,
    listener: Listener,
    /// Each listener's own numbers: what it may not hear leaves no gap.
    sent: u64,
}

#[derive(Debug, Clone, Copy)]
enum Listener {
    /// A window of this device, whose seat is known once there is a shop.
    OwnTill,
    OwnDisplay,
    Till(SeatId),
    Display(SeatId),
    Board,
}

impl LiveFeed {
    pub(crate) fn of_window(door: Door, window: &str) -> LiveFeed {
        let listener = match window {
            CUSTOMER => Listener::OwnDisplay,
            BOARD => Listener::Board,
            _ => Listener::OwnTill,
        };
        LiveFeed {
            receiver: door.app.live.subscribe(),
            door,
            listener,
            sent: 0,
        }
    }

    pub(crate) fn of(door: Door, hears: Hears) -> LiveFeed {
        LiveFeed {
            receiver: door.app.live.subscribe(),
            door,
            listener: match hears {
                Hears::Till(seat) => Listener::Till(seat),
                Hears::Display(seat) => Listener::Display(seat),
                Hears::Board => Listener::Board,
            },
            sent: 0,
        }
    }

    /// The next message for this screen; `None` when the app is closing.
    pub async fn next(&mut self) -> Option<LiveMessage> {
        loop {
            match self.receiver.recv().await {
                Ok(message) if self.may_hear(&message) => return Some(self.numbered(message)),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Some(self.numbered(resync())),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn numbered(&mut self, message: LiveMessage) -> LiveMessage {
        self.sent += 1;
        LiveMessage {
            seq: self.sent,
            ..message
        }
    }

    fn may_hear(&self, message: &LiveMessage) -> bool {
        let own_seat = || self.door.app.try_shop().map(|shop| shop.own_seat());
        let (seat, display) = match self.listener {
            Listener::OwnTill => (own_seat(), false),
            Listener::OwnDisplay => (own_seat(), true),
            Listener::Till(seat) => (Some(seat), false),
            Listener::Display(seat) => (Some(seat), true),
            Listener::Board => return message.kind == "board" || message.kind == "resync",
        };
        if message.kind == "resync" {
            return true;
        }
        if display {
            message.kind == "display" && message.seat == seat
        } else {
            message.seat.is_none() || message.seat == seat
        }
    }
}

/// Something was missed: read the snapshot again.
fn resync() -> LiveMessage {
    LiveMessage {
        seq: 0,
        kind: "resync".to_owned(),
        id: None,
        data: None,
        seat: None,
    }
}

/// Serves one browser until it goes away.
pub(crate) async fn pump(mut socket: WebSocket, mut feed: LiveFeed) {
    loop {
        tokio::select! {
            message = feed.next() => {
                let Some(message) = message else { return };
                let Ok(text) = serde_json::to_string(&message) else { return };
                if socket.send(Message::Text(Utf8Bytes::from(text))).await.is_err() {
                    return;
                }
            }
            heard = socket.recv() => match heard {
                // Pages only listen; pings are answered below us.
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return,
            }
        }
    }
}
