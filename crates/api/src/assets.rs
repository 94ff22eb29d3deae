//! The built screens, inside the binary. Unknown paths get the page itself; the page finds its own way.

use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Built;

/// Nothing from elsewhere, no inline script, no frame around us.
pub const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; font-src 'self'; media-src 'self' data: blob:; \
    connect-src 'self' ws: wss: ipc: http://ipc.localhost; manifest-src 'self'; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const PAGE: &str = "index.html";

pub async fn serve(method: Method, uri: Uri) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    let (name, found) = match Built::get(path) {
        Some(file) if !path.is_empty() => (path, Some(file)),
        // A missing script must not be answered with a page.
        _ if path.starts_with("assets/") => return StatusCode::NOT_FOUND.into_response(),
        _ => (PAGE, Built::get(PAGE)),
    };
    let Some(file) = found else {
        return (
            StatusCode::NOT_FOUND,
            "The screens were not built into this program.",
        )
            .into_response();
    };
    let mut response = Response::new(Body::from(file.data));
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(file.metadata.mimetype()) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    // Built files carry their hash in their name; the page itself is asked for anew.
    let hashed = name.starts_with("assets/");
    let cache = if hashed {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

/// Whether the page is in this build.
pub fn page_is_embedded() -> bool {
    Built::get(PAGE).is_some()
}
