//! What a device that was shut out shows of it, and what it lets be taken along.

use super::{OpenShop, backups::stream, run};
use crate::error::{ApiResult, ErrorBody};
use app::shut_out::ShutOutView;
use axum::{Json, response::Response};

/// Who shut this device out, when, and what of its own nobody takes any more.
#[utoipa::path(get, path = "/api/v1/shut-out", tag = "devices",
    responses((status = 200, body = ShutOutView), (status = 404, body = ErrorBody, description = "It belongs to the shop.")),
    security(("session" = [])))]
pub async fn shut_out(OpenShop(shop): OpenShop) -> ApiResult<Json<ShutOutView>> {
    run(move || shop.shut_out_view()).await.map(Json)
}

/// What this device did and nobody takes, in files that can be read without Chandi.
#[utoipa::path(get, path = "/api/v1/shut-out/not-taken.zip", tag = "devices",
    responses((status = 200, content_type = "application/zip", body = Vec<u8>), (status = 404, body = ErrorBody), (status = 507, body = ErrorBody)),
    security(("session" = [])))]
pub async fn not_taken(OpenShop(shop): OpenShop) -> ApiResult<Response> {
    let (name, file) = run(move || shop.export_unaccepted()).await?;
    Ok(stream(&name, file))
}
