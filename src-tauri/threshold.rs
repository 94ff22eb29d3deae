//! Whether the core behind the windows is open. Windows are shown before the store is, so their first requests wait
//! here; and where the store cannot open, the reason waits here for the page that tells it.

use std::path::{Path, PathBuf};

use tokio::sync::watch;

use crate::{timing, trouble::Trouble};

/// The open core, as the windows use it.
#[derive(Clone)]
pub struct Open {
    pub door: api::Door,
    pub router: axum::Router,
}

#[derive(Clone)]
pub enum State {
    Opening,
    Open(Box<Open>),
    Shut(Trouble),
}

pub struct Threshold {
    folder: PathBuf,
    state: watch::Sender<State>,
}

impl Threshold {
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            state: watch::Sender::new(State::Opening),
        }
    }

    /// Where the shop's data is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Opens the core, again if need be, away from the thread that draws. Answers whether it is open.
    pub async fn open(&self) -> bool {
        let folder = self.folder.clone();
        let opened = tauri::async_runtime::spawn_blocking(move || {
            let door = api::Door::open(app::Config::new(folder)).map_err(|error| {
                tracing::error!(error = %Causes(&error), "the store did not open");
                Trouble::from(error)
            })?;
            sync::connect(door.app());
            let router = door.router();
            Ok(Open { door, router })
        })
        .await
        .unwrap_or_else(|panicked| {
            tracing::error!(error = %panicked, "opening the store panicked");
            Err(Trouble::Broken)
        });
        timing::mark("store_open");
        let open = opened.is_ok();
        self.state.send_replace(match opened {
            Ok(open) => State::Open(Box::new(open)),
            Err(trouble) => State::Shut(trouble),
        });
        open
    }

    /// The state once it is known; waits while the store opens.
    pub async fn settled(&self) -> State {
        let mut state = self.state.subscribe();
        match state.wait_for(|state| !matches!(state, State::Opening)).await {
            Ok(state) => state.clone(),
            // The sender lives as long as `self`; a closed channel can only mean that the app is ending.
            Err(_) => State::Shut(Trouble::Broken),
        }
    }
}

/// An error with everything that led to it, for the log.
struct Causes<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
