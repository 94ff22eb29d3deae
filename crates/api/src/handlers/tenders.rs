//! How orders are paid.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Ids, Params},
};
use app::{
    Actor,
    order_view::OrderView,
    tenders::{EndOffer, MethodView, OfferTender, OfferView, SettleTender, SplitTenders},
};
use axum::{Extension, Json, http::StatusCode};
use domain::ids::{OrderId, TenderId};

/// The ways to pay that this shop takes.
#[utoipa::path(get, path = "/api/v1/tenders/methods", tag = "tenders",
    responses((status = 200, body = Vec<MethodView>)), security(("session" = [])))]
pub async fn methods(OpenShop(shop): OpenShop) -> ApiResult<Json<Vec<MethodView>>> {
    Ok(Json(shop.tender_methods()))
}

/// Shows the guest what to pay: the amount, and the code to scan.
#[utoipa::path(post, path = "/api/v1/tenders/offer", tag = "tenders", request_body = OfferTender,
    responses((status = 200, body = OfferView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn offer(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<OfferTender>,
) -> ApiResult<Json<OfferView>> {
    run(move || shop.offer_tender(&actor, &request)).await.map(Json)
}

/// The guest's screen shows the cart again.
#[utoipa::path(delete, path = "/api/v1/tenders/offer", tag = "tenders", params(EndOffer), responses((status = 204)),
    security(("session" = [])))]
pub async fn end_offer(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Params(end): Params<EndOffer>,
) -> ApiResult<StatusCode> {
    run(move || shop.end_offer(&actor, &end)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pays a bill another way than it was; what is paid stays the same.
#[utoipa::path(post, path = "/api/v1/orders/{id}/tenders", tag = "tenders", params(("id" = uuid::Uuid, Path)),
    request_body = SplitTenders,
    responses((status = 200, body = OrderView), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
              (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn split(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<SplitTenders>,
) -> ApiResult<Json<OrderView>> {
    run(move || shop.split_tenders(&actor, OrderId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// What became of a leg that was pending or unknown.
#[utoipa::path(post, path = "/api/v1/orders/{id}/tenders/{tender}/state", tag = "tenders",
    params(("id" = uuid::Uuid, Path), ("tender" = uuid::Uuid, Path)), request_body = SettleTender,
    responses((status = 200, body = OrderView), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn settle(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Ids(id, tender): Ids,
    Body(request): Body<SettleTender>,
) -> ApiResult<Json<OrderView>> {
    run(move || {
        shop.settle_tender(
            &actor,
            OrderId::from_uuid(id),
            TenderId::from_uuid(tender),
            &request,
        )
    })
    .await
    .map(Json)
}
