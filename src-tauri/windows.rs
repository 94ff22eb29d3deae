//! The windows: the till's, the customer's, and on demand the hall's board; what they load, where they may go, and what they are not (browsers).

use std::path::Path;
#[cfg(desktop)]
use std::{sync::Arc, time::Duration};

use tauri::{
    AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, webview::NewWindowResponse,
    window::Color,
};

#[cfg(desktop)]
use tokio::sync::Notify;

use crate::{SCHEME, timing};

pub const CASHIER: &str = "cashier";
pub const CUSTOMER: &str = "customer";
pub const BOARD: &str = "board";

/// The canvas behind the pages, so that a starting window neither flashes nor glares.
const LIGHT: Color = Color(0xf2, 0xf4, 0xf7, 0xff);
const DARK: Color = Color(0x0c, 0x0f, 0x14, 0xff);

/// Opens the cashier's window; the customer's follows once the till is drawn, so that it takes nothing from its start.
/// On a phone or tablet there is one screen, and it is the cashier's.
pub fn open(app: &AppHandle, data: &Path) -> tauri::Result<()> {
    let cashier = dress(WebviewWindowBuilder::new(app, CASHIER, page("")), data);
    let cashier = cashier.initialization_script(include_str!("pages/usable.js"));
    #[cfg(desktop)]
    let cashier = {
        open_customers(app, data);
        cashier
            .title("Chandi")
            .inner_size(1280.0, 800.0)
            .min_inner_size(360.0, 480.0)
            .maximized(first_start(app))
            .focused(true)
    };
    let cashier = cashier.on_navigation(ours).build()?;
    finish(&cashier);
    Ok(())
}

/// The cashier's page asks for this when a person can use it.
pub const USABLE: &str = "/.shell/usable";

/// Rings when the till can be used for the first time.
#[cfg(desktop)]
struct Drawn(Arc<Notify>);

/// The till can be used.
pub fn usable(app: &AppHandle) {
    timing::mark("usable");
    #[cfg(desktop)]
    if let Some(drawn) = app.try_state::<Drawn>() {
        drawn.0.notify_one();
    }
    if timing::exits() {
        app.exit(0);
    }
}

/// Opens the customer's window when the till can be used, or has had time enough. It stays hidden until its screen is
/// known: see `screens`.
#[cfg(desktop)]
fn open_customers(app: &AppHandle, data: &Path) {
    let drawn = Arc::new(Notify::new());
    app.manage(Drawn(drawn.clone()));
    let (app, data) = (app.clone(), data.to_path_buf());
    tauri::async_runtime::spawn(async move {
        let _ = tokio::time::timeout(Duration::from_secs(3), drawn.notified()).await;
        let opened = dress(
            WebviewWindowBuilder::new(&app, CUSTOMER, page("?screen=customer")),
            &data,
        )
        .title("Chandi – customer's screen")
        .inner_size(1024.0, 640.0)
        .min_inner_size(480.0, 320.0)
        .visible(false)
        .focused(false)
        // What a scanner types must never land on the customer's screen.
        .focusable(false)
        .closable(false)
        .on_navigation(|url| ours(url) && only_page(url, CUSTOMER))
        .build();
        match opened {
            Ok(customer) => finish(&customer),
            // The till sells without it.
            Err(error) => tracing::error!(%error, "the customer's window did not open"),
        }
    });
}

/// The cashier's page asks for this when the hall's board shall stand on a screen of this machine.
pub const BOARD_WANTED: &str = "/.shell/board";

/// Opens the hall's board in a window of its own, or brings it to the front. Whoever opened it may move it to any
/// screen and close it.
#[cfg(desktop)]
pub fn board(app: &AppHandle, data: &Path) -> tauri::Result<()> {
    if let Some(board) = app.get_webview_window(BOARD) {
        board.unminimize()?;
        return board.set_focus();
    }
    let board = dress(WebviewWindowBuilder::new(app, BOARD, page("?screen=board")), data)
        .title("Chandi – pick-up board")
        .inner_size(1280.0, 720.0)
        .min_inner_size(480.0, 320.0)
        .on_navigation(|url| ours(url) && only_page(url, BOARD))
        .build()?;
    finish(&board);
    Ok(())
}

/// What all windows have in common.
fn dress<'a, M: Manager<tauri::Wry>>(
    window: WebviewWindowBuilder<'a, tauri::Wry, M>,
    data: &Path,
) -> WebviewWindowBuilder<'a, tauri::Wry, M> {
    let mut window = window
        // No page of ours opens windows or saves files by itself.
        .on_new_window(|url, _features| {
            tracing::warn!(%url, "a page asked for a window");
            NewWindowResponse::Deny
        })
        .on_download(|_webview, _download| false)
        .on_permission_request(|_webview, _kind| tauri::webview::PermissionResponse::Deny)
        .zoom_hotkeys_enabled(false)
        .background_color(LIGHT);
    #[cfg(desktop)]
    {
        window = window
            .on_document_title_changed(|window, title| {
                let _ = window.set_title(&title);
            })
            // Files dropped on a page are the page's business; one dropped elsewhere fails the navigation guard.
            .disable_drag_drop_handler()
            .data_directory(data.join("webview"));
    }
    #[cfg(target_os = "android")]
    {
        window = window.initialization_script(include_str!("pages/android.js"));
    }
    #[cfg(windows)]
    {
        // The first switch is what the webview library passes by itself.
        window = window.additional_browser_args(
            "--disable-features=msWebOOUI,msPdfOOUI,msSmartScreenProtection --disable-pinch --overscroll-history-navigation=0",
        );
    }
    if guarded() {
        window = window.initialization_script(include_str!("pages/guard.js"));
    }
    let _ = data;
    window
}

/// Keys that would turn the till into a browser are blocked in what shops run; whoever builds the app keeps them.
fn guarded() -> bool {
    !cfg!(debug_assertions) || std::env::var_os("CHANDI_GUARD").is_some()
}

fn finish(window: &WebviewWindow) {
    #[cfg(desktop)]
    if window.theme().is_ok_and(|theme| theme == tauri::Theme::Dark) {
        let _ = window.set_background_color(Some(DARK));
    }
    revive(window);
}

/// A page whose process died (memory, a fault of the engine) comes back by itself: the cart is in the core.
#[cfg(target_os = "linux")]
fn revive(window: &WebviewWindow) {
    use webkit2gtk::WebViewExt;
    let label = window.label().to_owned();
    let hooked = window.with_webview(move |view| {
        view.inner().connect_web_process_terminated(move |view, reason| {
            tracing::error!(?reason, label, "the page's process ended; loading it again");
            view.reload();
        });
    });
    if let Err(error) = hooked {
        tracing::warn!(%error, "the page is not watched");
    }
}

#[cfg(not(target_os = "linux"))]
fn revive(_window: &WebviewWindow) {}

/// Someone started the app a second time: show them the till they have.
#[cfg(desktop)]
pub fn to_front(app: &AppHandle) {
    let Some(cashier) = app.get_webview_window(CASHIER) else {
        return;
    };
    for shown in [cashier.show(), cashier.unminimize(), cashier.set_focus()] {
        if let Err(error) = shown {
            tracing::warn!(%error, "the till did not come to the front");
        }
    }
}

/// Size, place and whether it was maximized or full screen; a window that was hidden is shown again.
#[cfg(desktop)]
pub fn remembered() -> tauri_plugin_window_state::StateFlags {
    use tauri_plugin_window_state::StateFlags;
    StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED | StateFlags::FULLSCREEN
}

/// Nobody arranged the window yet, so it takes the screen.
#[cfg(desktop)]
fn first_start(app: &AppHandle) -> bool {
    let state = tauri_plugin_window_state::DEFAULT_FILENAME;
    app.path()
        .app_config_dir()
        .map_or(true, |folder| !folder.join(state).exists())
}

fn page(query: &str) -> WebviewUrl {
    let url = format!("{SCHEME}://localhost/{query}");
    match url.parse() {
        Ok(url) => WebviewUrl::CustomProtocol(url),
        Err(_) => WebviewUrl::default(),
    }
}

/// Our own pages, and nothing else, may ever be loaded in a window of the app.
fn ours(url: &Url) -> bool {
    let direct = url.scheme() == SCHEME && url.host_str() == Some("localhost");
    let mapped = cfg!(any(windows, target_os = "android"))
        && url.scheme() == "http"
        && url.host_str() == Some("chandi.localhost")
        && url.port().is_none();
    direct || mapped
}

/// The one page of a window that shows and does nothing else.
fn only_page(url: &Url, screen: &str) -> bool {
    url.path() == "/"
        && url
            .query_pairs()
            .any(|(key, value)| key == "screen" && value == screen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().expect("a URL")
    }

    #[test]
    fn only_our_own_pages_may_be_loaded() {
        assert!(ours(&url("chandi://localhost/")));
        assert!(ours(&url("chandi://localhost/office?day=1#top")));
        for foreign in [
            "https://example.com/",
            "http://localhost/",
            "http://127.0.0.1:8080/",
            "file:///etc/passwd",
            "about:blank",
            "data:text/html,hello",
            "javascript:alert(1)",
            "chandi://evil.example/",
            "chandi://localhost.evil.example/",
            "blob:chandi://localhost/1",
            "tauri://localhost/",
        ] {
            assert!(!ours(&url(foreign)), "{foreign} is not ours");
        }
    }

    #[test]
    fn a_window_that_shows_has_one_page() {
        assert!(only_page(&url("chandi://localhost/?screen=customer"), CUSTOMER));
        assert!(only_page(&url("chandi://localhost/?screen=board"), BOARD));
        for other in [
            "chandi://localhost/",
            "chandi://localhost/?screen=till",
            "chandi://localhost/?screen=board",
            "chandi://localhost/office?screen=customer",
            "chandi://localhost/api/v1/products",
        ] {
            assert!(!only_page(&url(other), CUSTOMER), "{other} is not the customer's");
        }
    }
}
