//! What devices did apart from each other and cannot both be right, and facts that could not be read.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Params},
};
use app::{
    Actor, Page,
    anomalies::{AnomalyCounts, AnomalyFilter, AnomalyView, SettleAnomaly},
    quarantine::{FetchedView, LeaveAside, RetriedView, RetrySetAside, SetAsideList},
};
use axum::{Extension, Json, http::StatusCode};

/// Orders given out or paid back twice, limits passed, shared barcodes, forked devices and whatever else wants a look.
/// The rest goes on meanwhile.
#[utoipa::path(get, path = "/api/v1/anomalies", tag = "devices", params(AnomalyFilter),
    responses((status = 200, body = Page<AnomalyView>)), security(("session" = [])))]
pub async fn list(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Params(filter): Params<AnomalyFilter>,
) -> ApiResult<Json<Page<AnomalyView>>> {
    run(move || shop.anomalies_for(&actor, &filter)).await.map(Json)
}

/// How many wait for a look.
#[utoipa::path(get, path = "/api/v1/anomalies/count", tag = "devices",
    responses((status = 200, body = AnomalyCounts)), security(("session" = [])))]
pub async fn count(OpenShop(shop): OpenShop) -> ApiResult<Json<AnomalyCounts>> {
    run(move || shop.anomaly_counts()).await.map(Json)
}

/// Somebody looked at it: it leaves the list until it gets worse.
#[utoipa::path(post, path = "/api/v1/anomalies/settle", tag = "devices", request_body = SettleAnomaly,
    responses((status = 204), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn settle(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(form): Body<SettleAnomaly>,
) -> ApiResult<StatusCode> {
    run(move || shop.settle_anomaly(&actor, &form)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Facts that could not be read or shown, and how many a newer build wrote.
#[utoipa::path(get, path = "/api/v1/set-aside", tag = "devices",
    responses((status = 200, body = SetAsideList)), security(("session" = [])))]
pub async fn set_aside(OpenShop(shop): OpenShop) -> ApiResult<Json<SetAsideList>> {
    run(move || shop.set_aside()).await.map(Json)
}

/// Reads one of them once more.
#[utoipa::path(post, path = "/api/v1/set-aside/retry", tag = "devices", request_body = RetrySetAside,
    responses((status = 200, body = RetriedView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn retry(
    OpenShop(shop): OpenShop,
    Body(form): Body<RetrySetAside>,
) -> ApiResult<Json<RetriedView>> {
    run(move || shop.retry_set_aside(&form)).await.map(Json)
}

/// Fetches one of them once more from another device or the hub, compares it with what stands here, and reads it again.
#[utoipa::path(post, path = "/api/v1/set-aside/fetch", tag = "devices", request_body = RetrySetAside,
    responses((status = 200, body = FetchedView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn fetch(
    OpenShop(shop): OpenShop,
    Body(form): Body<RetrySetAside>,
) -> ApiResult<Json<FetchedView>> {
    run(move || shop.fetch_set_aside(&form)).await.map(Json)
}

/// Says why one of them can stay as it is.
#[utoipa::path(post, path = "/api/v1/set-aside/leave", tag = "devices", request_body = LeaveAside,
    responses((status = 204), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn leave(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(form): Body<LeaveAside>,
) -> ApiResult<StatusCode> {
    run(move || shop.leave_aside(&actor, &form)).await?;
    Ok(StatusCode::NO_CONTENT)
}
