//! Which device decides for the branch.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::Body,
};
use app::{
    Actor,
    lead::{AppointDevice, LeadView},
};
use axum::{Extension, Json};

/// The device that decides who has an order, and those that it decides for.
#[utoipa::path(get, path = "/api/v1/branch/lead", tag = "devices", responses((status = 200, body = LeadView)),
    security(("session" = [])))]
pub async fn lead(OpenShop(shop): OpenShop) -> ApiResult<Json<LeadView>> {
    run(move || shop.lead_view()).await.map(Json)
}

/// Lets a device of the branch decide, by the owner's word.
#[utoipa::path(put, path = "/api/v1/branch/lead", tag = "devices", request_body = AppointDevice,
    responses((status = 200, body = LeadView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn appoint(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<AppointDevice>,
) -> ApiResult<Json<LeadView>> {
    run(move || shop.appoint_device(&actor, &request)).await.map(Json)
}
