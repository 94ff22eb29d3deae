//! The one door: REST, live events, the description of both, and the built screens.
//!
//! Who asks is decided by the transport and put into the request as a [`Caller`]; a request without one gets no answer.
//! Every route has a row in [`ROUTES`]; a path without a row is refused. Handlers only translate: rules live below.

mod assets;
mod describe;
mod docs;
mod error;
mod extract;
mod guard;
mod guide;
mod handlers;
mod lan;
mod lead;
mod live;
mod metrics;
mod routes;
mod serve;

pub use assets::page_is_embedded;
pub use guard::Caller;
pub use lan::share;
pub use lead::lead;
pub use live::LiveFeed;
pub use routes::{Access, ROUTES, Row, openapi};
pub use serve::serve;

use app::{App, Config, OpenError};
use axum::Router;
use std::sync::Arc;

/// A running Chandi behind its door. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    pub(crate) app: Arc<App>,
    pub(crate) guards: Arc<guard::Guards>,
    pub(crate) metrics: Arc<metrics::Metrics>,
    pub(crate) lan: sync::lan::Lan,
}

impl Door {
    pub fn open(config: Config) -> Result<Door, OpenError> {
        Ok(Door::over(App::open(config)?))
    }

    /// A door over an app that is open already.
    pub fn over(app: App) -> Door {
        app.accompany(sync::keep_online);
        Door {
            app: Arc::new(app),
            guards: Arc::default(),
            metrics: Arc::default(),
            lan: sync::lan::Lan::default(),
        }
    }

    pub fn router(&self) -> Router {
        routes::router(self.clone())
    }

    /// The shop's other devices on the LAN, as far as they are seen.
    pub(crate) fn neighbours(&self) -> Vec<app::sharing::Seen> {
        self.lan.neighbours()
    }

    pub fn app(&self) -> &App {
        &self.app
    }

    /// What a window of this device may hear: the cashier's everything of its own seat, the customer's its display.
    pub fn live(&self, window: &str) -> LiveFeed {
        LiveFeed::of_window(self.clone(), window)
    }
}
