//! Tips.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Params},
};
use app::{
    Actor,
    tips::{PayTips, PayoutView, SharePool, ShareView, TipChoice, TipFilter, TipQuestion, TipReport},
};
use axum::{Extension, Json, http::StatusCode};

/// Tips of some business days, what is still to be paid out, and what was.
#[utoipa::path(get, path = "/api/v1/tips", tag = "tips", params(TipFilter),
    responses((status = 200, body = TipReport), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn report(
    OpenShop(shop): OpenShop,
    Params(filter): Params<TipFilter>,
) -> ApiResult<Json<TipReport>> {
    run(move || shop.tips(&filter)).await.map(Json)
}

/// What a guest may leave on top of an amount.
#[utoipa::path(get, path = "/api/v1/tips/choices", tag = "tips", params(TipQuestion),
    responses((status = 200, body = Vec<TipChoice>)), security(("session" = [])))]
pub async fn choices(
    OpenShop(shop): OpenShop,
    Params(question): Params<TipQuestion>,
) -> ApiResult<Json<Vec<TipChoice>>> {
    run(move || shop.tip_choices(&question)).await.map(Json)
}

/// What each would get of a pool. Keeps nothing.
#[utoipa::path(post, path = "/api/v1/tips/share", tag = "tips", request_body = SharePool,
    responses((status = 200, body = Vec<ShareView>), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn share(OpenShop(shop): OpenShop, Body(form): Body<SharePool>) -> ApiResult<Json<Vec<ShareView>>> {
    run(move || shop.share_pool(&form)).await.map(Json)
}

/// Pays a pool of tips out.
#[utoipa::path(post, path = "/api/v1/tips/payouts", tag = "tips", request_body = PayTips,
    responses((status = 201, body = PayoutView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn pay(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(form): Body<PayTips>,
) -> ApiResult<(StatusCode, Json<PayoutView>)> {
    let payout = run(move || shop.pay_tips(&actor, &form)).await?;
    Ok((StatusCode::CREATED, Json(payout)))
}
