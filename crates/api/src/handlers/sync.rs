//! How this device stands with the others of the shop.

use super::{OpenShop, run};
use crate::error::ApiResult;
use app::{Actor, sync_status::SyncView};
use axum::{Extension, Json};

/// Whether everything is everywhere, and what waits to be sent; details for those who look after the devices.
#[utoipa::path(get, path = "/api/v1/sync", tag = "devices",
    responses((status = 200, body = SyncView)), security(("session" = [])))]
pub async fn now(OpenShop(shop): OpenShop, Extension(actor): Extension<Actor>) -> ApiResult<Json<SyncView>> {
    run(move || shop.sync(&actor)).await.map(Json)
}
