//! The owners' page, inside the binary: its own entry of the screens that the app has.

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../ui/dist-owner"]
#[allow_missing = true]
struct Built;

/// Nothing from elsewhere, no inline script, no frame around us.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const PAGE: &str = "owner.html";

pub fn router() -> Router {
    Router::new()
        .route("/", get(async || Redirect::to("/owner")))
        .route("/owner", get(async || file(PAGE)))
        .route(
            "/owner/{*path}",
            get(async |uri: Uri| file(uri.path().trim_start_matches("/owner/"))),
        )
}

fn file(name: &str) -> Response {
    let Some(file) = Built::get(name) else {
        return (StatusCode::NOT_FOUND, "There is no such page.").into_response();
    };
    let mut response = Response::new(Body::from(file.data));
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(file.metadata.mimetype()) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    // Built files carry their hash in their name; the page itself is asked for anew.
    let cache = match name.starts_with("assets/") {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    for (name, value) in [
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
