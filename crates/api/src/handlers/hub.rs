//! The shop's hub on the Internet.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::Body,
};
use app::{
    Actor,
    hub::{GoOnline, HubLoginView, HubView},
};
use axum::{Extension, Json};

/// Which hub the shop's books go through, and how it stands with it.
#[utoipa::path(get, path = "/api/v1/hub", tag = "devices",
    responses((status = 200, body = HubView)), security(("session" = [])))]
pub async fn get(OpenShop(shop): OpenShop) -> ApiResult<Json<HubView>> {
    run(move || shop.hub_view()).await.map(Json)
}

/// Brings the shop to a hub. Every device of the shop follows it from then on.
#[utoipa::path(put, path = "/api/v1/hub", tag = "devices", request_body = GoOnline,
    responses((status = 200, body = HubView), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)), security(("session" = [])))]
pub async fn put(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(ask): Body<GoOnline>,
) -> ApiResult<Json<HubView>> {
    run(move || sync::go_online(&shop, &actor, &ask)).await.map(Json)
}

/// Exchanges nothing with the hub any more, on no device. What it has stays with it.
#[utoipa::path(delete, path = "/api/v1/hub", tag = "devices",
    responses((status = 200, body = HubView)), security(("session" = [])))]
pub async fn delete(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
) -> ApiResult<Json<HubView>> {
    run(move || shop.leave_hub(&actor)).await.map(Json)
}

/// Offers the owner who is signed in a login at the hub's page, or another password for the one they have.
#[utoipa::path(post, path = "/api/v1/hub/login", tag = "devices",
    responses((status = 200, body = HubLoginView), (status = 409, body = ErrorBody), (status = 429, body = ErrorBody)),
    security(("session" = [])))]
pub async fn login(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
) -> ApiResult<Json<HubLoginView>> {
    run(move || sync::offer_login(&shop, &actor)).await.map(Json)
}
