//! The first second: windows at once, the store beside them.

use std::sync::Arc;

use tauri::{AppHandle, Manager};

#[cfg(desktop)]
use crate::screens;
use crate::{
    live, logs,
    threshold::{State, Threshold},
    timing, windows,
};

pub fn start(app: &AppHandle) -> tauri::Result<()> {
    let folder = crate::data_folder(app)?;
    logs::begin(&folder);
    tracing::info!(version = %app.package_info().version, folder = %folder.display(), "starting");
    app.manage(Arc::new(Threshold::new(folder.clone())));

    timing::mark("setup");
    let opening = app.clone();
    tauri::async_runtime::spawn(async move { open(&opening).await });

    windows::open(app, &folder)?;
    timing::mark("windows");
    #[cfg(desktop)]
    screens::watch(app.clone(), folder);
    Ok(())
}

/// Opens the core, and once it is open tells the windows what happens in it.
pub async fn open(app: &AppHandle) {
    let threshold = crate::threshold(app);
    if !threshold.open().await {
        return;
    }
    if let State::Open(open) = threshold.settled().await {
        live::forward(app, &open);
        if let Err(error) = api::lead(&open.door, &[]) {
            tracing::error!(%error, "this device takes no part in deciding for its branch");
        }
        // The LAN's door follows the shop's switch for as long as the app runs.
        tauri::async_runtime::spawn(api::share(open.door.clone()));
    }
}
