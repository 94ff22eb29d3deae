//! The shell: two windows, the custom scheme between them and the core, and what the operating system wants to know.
//! It holds no rule of the shop: every question of a page goes to `api`, which learns from here only who asks.

use std::{path::PathBuf, sync::Arc};

use tauri::{AppHandle, Manager, WindowEvent};

mod live;
mod logs;
#[cfg(desktop)]
mod screens;
mod start;
mod threshold;
mod timing;
mod transport;
mod trouble;
mod windows;

use threshold::Threshold;

/// The scheme of our pages. On Windows and Android a page sees it as `http://chandi.localhost`.
pub(crate) const SCHEME: &str = "chandi";

/// What phones and tablets call: their library has no `main`.
#[cfg(mobile)]
#[tauri::mobile_entry_point]
pub fn run_mobile() {
    app::edges::end(run())
}

/// Opens the app and returns with the process's code when its last window is closed. Then it is for [`app::edges::end`].
pub fn run() -> u8 {
    timing::begin();
    app::edges::return_big_blocks();
    let builder = tauri::Builder::default();
    // The first plugin, so that a second start ends before it touches the store.
    #[cfg(desktop)]
    let builder = builder
        .plugin(tauri_plugin_single_instance::init(|app, _arguments, _folder| {
            windows::to_front(app)
        }))
        .plugin(
            tauri_plugin_window_state::Builder::new()
                .with_denylist(&[windows::CUSTOMER])
                .with_state_flags(windows::remembered())
                .build(),
        );

    let app = builder
        .register_asynchronous_uri_scheme_protocol(SCHEME, |context, request, responder| {
            let app = context.app_handle().clone();
            let window = context.webview_label().to_owned();
            tauri::async_runtime::spawn(async move {
                responder.respond(transport::answer(&app, &window, request).await);
            });
        })
        .invoke_handler(tauri::generate_handler![transport::api_call])
        .on_window_event(|window, event| match event {
            // Nobody but the cashier's window decides when the customer's goes.
            WindowEvent::CloseRequested { api, .. } if window.label() == windows::CUSTOMER => {
                api.prevent_close();
            }
            // exit() also lets the window's place be saved.
            WindowEvent::Destroyed if window.label() == windows::CASHIER => window.app_handle().exit(0),
            _ => {}
        })
        .setup(|app| {
            start::start(app.handle())?;
            Ok(())
        })
        .build(context());

    match app {
        Ok(app) => {
            let code = app.run_return(|_app, _event| {});
            u8::try_from(code).unwrap_or(1)
        }
        Err(error) => {
            // No window can say it, so the terminal or the system's journal must.
            tracing::error!(%error, "the app could not start");
            timing::say_on_stderr(&format!("Chandi could not start: {error}"));
            1
        }
    }
}

/// What tauri.conf.json and capabilities/ say, compiled in.
#[allow(
    clippy::disallowed_methods,
    reason = "the macro writes an exit of its own; it is never reached here"
)]
fn context() -> tauri::Context {
    tauri::generate_context!()
}

/// Where this installation keeps the shop: `CHANDI_DATA`, or the platform's folder for data that stays on the machine.
pub(crate) fn data_folder(app: &AppHandle) -> tauri::Result<PathBuf> {
    match std::env::var_os("CHANDI_DATA") {
        Some(folder) if !folder.is_empty() => Ok(PathBuf::from(folder)),
        _ => app.path().app_local_data_dir(),
    }
}

/// The one threshold of this process.
pub(crate) fn threshold(app: &AppHandle) -> Arc<Threshold> {
    app.state::<Arc<Threshold>>().inner().clone()
}
