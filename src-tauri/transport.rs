//! The windows' road to the one door: requests of the custom scheme, answered by the router in this process.
//! Who asks is decided here, by the window that Tauri names, and never by anything in the request.

use axum::body::Body;
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, WebviewWindow, http};
use tower::ServiceExt;

use crate::{SCHEME, threshold::State, timing, trouble, windows};

/// One request of a window.
pub async fn answer(
    app: &AppHandle,
    window: &str,
    request: http::Request<Vec<u8>>,
) -> http::Response<Vec<u8>> {
    timing::mark(request.uri().path());
    if window == windows::CASHIER && request.uri().path() == windows::USABLE {
        windows::usable(app);
        return plain(http::StatusCode::NO_CONTENT);
    }
    let threshold = crate::threshold(app);
    #[cfg(desktop)]
    if window == windows::CASHIER && request.uri().path() == windows::BOARD_WANTED {
        return match windows::board(app, threshold.folder()) {
            Ok(()) => plain(http::StatusCode::NO_CONTENT),
            Err(error) => {
                tracing::error!(%error, "the board's window did not open");
                plain(http::StatusCode::INTERNAL_SERVER_ERROR)
            }
        };
    }
    let mut state = threshold.settled().await;
    if matches!(state, State::Shut(_)) && trouble::asks_again(window, &request) {
        crate::start::open(app).await;
        state = threshold.settled().await;
    }
    match state {
        State::Open(open) => through(open.router, window, request).await,
        State::Shut(trouble) => {
            let folder = threshold.folder().display().to_string();
            trouble::answer(trouble, window == windows::CASHIER, &folder, &request)
        }
        State::Opening => plain(http::StatusCode::SERVICE_UNAVAILABLE),
    }
}

/// Through the router, as the window that asks.
async fn through(
    router: axum::Router,
    window: &str,
    request: http::Request<Vec<u8>>,
) -> http::Response<Vec<u8>> {
    let mut request = request.map(Body::from);
    request
        .extensions_mut()
        .insert(api::Caller::Window(window.to_owned()));
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (head, body) = response.into_parts();
    match body.collect().await {
        Ok(body) => http::Response::from_parts(head, body.to_bytes().to_vec()),
        Err(error) => {
            tracing::error!(%error, "an answer ended in the middle");
            plain(http::StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

fn plain(status: http::StatusCode) -> http::Response<Vec<u8>> {
    let mut response = http::Response::new(Vec::new());
    *response.status_mut() = status;
    response
}

/// A request that a page could not send as one (Android drops the bodies of a custom scheme).
#[derive(Deserialize)]
pub struct Call {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

#[derive(Serialize)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// The same router by `invoke`. The capabilities give it to the cashier's window alone.
#[tauri::command]
pub async fn api_call(app: AppHandle, webview: WebviewWindow, call: Call) -> Result<Reply, String> {
    let request = request(call).map_err(|error| error.to_string())?;
    let (head, body) = answer(&app, webview.label(), request).await.into_parts();
    let headers = head
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    Ok(Reply {
        status: head.status.as_u16(),
        headers,
        body,
    })
}

fn request(call: Call) -> Result<http::Request<Vec<u8>>, http::Error> {
    let mut request = http::Request::builder().method(call.method.as_str()).uri(format!(
        "{SCHEME}://localhost/{}",
        call.path.trim_start_matches('/')
    ));
    for (name, value) in call.headers {
        request = request.header(name, value);
    }
    request.body(call.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, path: &str) -> Call {
        Call {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: vec![("x-chandi".to_owned(), "1".to_owned())],
            body: b"{}".to_vec(),
        }
    }

    #[test]
    fn an_invoked_call_is_the_request_the_page_meant() {
        let request = request(call("PUT", "/api/v1/settings/shop.name?x=1")).expect("a good call");
        assert_eq!(request.uri(), "chandi://localhost/api/v1/settings/shop.name?x=1");
        assert_eq!(request.method(), "PUT");
        assert_eq!(request.headers()["x-chandi"], "1");
        assert_eq!(request.body(), b"{}");
    }

    #[test]
    fn an_invoked_call_cannot_leave_our_host() {
        for path in ["//evil.example/x", "evil.example/x", "/\\evil.example"] {
            if let Ok(request) = request(call("POST", path)) {
                assert_eq!(request.uri().host(), Some("localhost"), "{path} stays with us");
            }
        }
        assert!(
            request(call("no method", "/")).is_err(),
            "rubbish is refused, not sent"
        );
    }
}
