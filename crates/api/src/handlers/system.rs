//! Is it alive, how is it, and what can it do?

use crate::{Door, docs as pages, routes};
use axum::{
    Json,
    extract::State,
    http::header,
    response::{Html, IntoResponse},
};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    pub status: String,
    pub version: String,
    /// A shop is set up.
    pub ready: bool,
    pub demo: bool,
    /// Where the key of the database lies: keyring or file.
    pub key_storage: Option<String>,
}

/// Whether the node answers, and what it holds.
#[utoipa::path(get, path = "/api/v1/health", tag = "system", responses((status = 200, body = Health)))]
pub async fn health(State(door): State<Door>) -> Json<Health> {
    let shop = door.app.try_shop();
    Json(Health {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ready: shop.is_some(),
        demo: shop.as_ref().is_some_and(|s| s.is_demo()),
        key_storage: shop.map(|s| s.key_storage().as_str().to_owned()),
    })
}

/// This description.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "system", responses((status = 200, body = Object)))]
pub async fn openapi_json() -> Json<utoipa::openapi::OpenApi> {
    Json(routes::openapi())
}

/// This description as a page.
#[utoipa::path(get, path = "/api/docs", tag = "system", responses((status = 200, body = String, content_type = "text/html")))]
pub async fn docs() -> Html<String> {
    Html(pages::page())
}

/// Counters in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", tag = "system", responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn metrics(State(door): State<Door>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        door.metrics.text(&door.app),
    )
}
