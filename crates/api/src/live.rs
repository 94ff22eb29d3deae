//! Live events: one feed, by WebSocket for browsers and by the shell's own events for its windows.

use crate::{
    Door,
    guard::{self, BOARD, CUSTOMER, Hears},
    handlers::run,
    lan::UntilClosed,
};
use app::{
    listening::Listens,
    live::{LiveMessage, Watching},
};
use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use domain::ids::SeatId;
use std::time::Duration;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::sleep,
};

/// Whoever was let in until a certain time is out soon after, news or not.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// What one screen may hear, in order.
pub struct LiveFeed {
    door: Door,
    receiver: Receiver<LiveMessage>,
    _watching: Watching,
    listener: Listener,
    /// By which it was let in, and with which it ends.
    by: Listens,
    ended: bool,
    /// What was received and is not told yet: nothing is lost when nobody waits for it to the end.
    pending: Option<LiveMessage>,
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
    /// That something about an order changed, and nothing else.
    Pick,
}

impl LiveFeed {
    pub(crate) fn of_window(door: Door, window: &str) -> LiveFeed {
        let listener = match window {
            CUSTOMER => Listener::OwnDisplay,
            BOARD => Listener::Board,
            _ => Listener::OwnTill,
        };
        let (receiver, watching) = door.app.live.watch();
        LiveFeed {
            receiver,
            _watching: watching,
            door,
            listener,
            by: Listens::Always,
            ended: false,
            pending: None,
            sent: 0,
        }
    }

    pub(crate) fn of(door: Door, listener: guard::Listener) -> LiveFeed {
        let (receiver, watching) = door.app.live.watch();
        LiveFeed {
            receiver,
            _watching: watching,
            door,
            listener: match listener.hears {
                Hears::Till(seat) => Listener::Till(seat),
                Hears::Display(seat) => Listener::Display(seat),
                Hears::Board => Listener::Board,
                Hears::Pick => Listener::Pick,
            },
            by: listener.by,
            ended: false,
            pending: None,
            sent: 0,
        }
    }

    /// The next message for this screen; `None` when the app is closing, or when that is over by which it was let in.
    /// Whoever was signed in still hears of the end of their session.
    pub async fn next(&mut self) -> Option<LiveMessage> {
        while !self.ended {
            if self.pending.is_none() {
                let heard = tokio::select! {
                    heard = self.receiver.recv() => heard,
                    () = sleep(LOOK_EVERY), if self.by != Listens::Always => {
                        if self.is_over().await {
                            return self.last();
                        }
                        continue;
                    }
                };
                let message = match heard {
                    Ok(message) => message,
                    Err(RecvError::Lagged(_)) => resync(),
                    Err(RecvError::Closed) => return None,
                };
                if self.may_hear(&message) || matches!(message.kind.as_str(), "link" | "session") {
                    self.pending = Some(message);
                }
                continue;
            }
            if self.is_over().await {
                return self.last();
            }
            if let Some(message) = self.pending.take().filter(|message| self.may_hear(message)) {
                return Some(self.numbered(message));
            }
        }
        None
    }

    fn last(&mut self) -> Option<LiveMessage> {
        self.ended = true;
        let Listens::Session(session) = self.by else {
            return None;
        };
        let message = LiveMessage {
            kind: "session".to_owned(),
            id: Some(session.to_string()),
            ..resync()
        };
        Some(self.numbered(message))
    }

    /// Whether that is over by which this listener was let in.
    async fn is_over(&self) -> bool {
        let (by, Some(shop)) = (self.by, self.door.app.try_shop()) else {
            return false;
        };
        match by {
            Listens::Always => false,
            Listens::Session(_) | Listens::Pass(_) => !shop.may_listen(by).unwrap_or(false),
            // Whoever comes again is looked at again.
            Listens::Link(_) => !run(move || shop.may_listen(by)).await.unwrap_or(false),
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
            Listener::Pick => return matches!(message.kind.as_str(), "order" | "board" | "resync"),
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
pub(crate) async fn pump(mut socket: WebSocket, mut feed: LiveFeed, until: Option<UntilClosed>) {
    let closed = async {
        match until {
            Some(until) => until.closed().await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(closed);
    loop {
        tokio::select! {
            () = &mut closed => return,
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
