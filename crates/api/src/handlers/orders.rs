//! Orders, their tokens, and the day.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, Page,
    order_view::OrderView,
    orders::{BindPhone, CancelOrder, OrderFilter, PlaceOrder},
    reports::{TodayFilter, TodayView},
};
use axum::{Extension, Json, http::StatusCode};
use domain::ids::OrderId;

/// Places and pays an order: its number and its signed token come back.
#[utoipa::path(post, path = "/api/v1/orders", tag = "orders", request_body = PlaceOrder,
    responses((status = 201, body = OrderView), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn place(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<PlaceOrder>,
) -> ApiResult<(StatusCode, Json<OrderView>)> {
    let order = run(move || shop.place_order(&actor, &request)).await?;
    Ok((StatusCode::CREATED, Json(order)))
}

/// Orders, the newest first.
#[utoipa::path(get, path = "/api/v1/orders", tag = "orders", params(OrderFilter),
    responses((status = 200, body = Page<OrderView>)), security(("session" = [])))]
pub async fn list(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Params(filter): Params<OrderFilter>,
) -> ApiResult<Json<Page<OrderView>>> {
    run(move || shop.orders(&actor, &filter)).await.map(Json)
}

/// One order as it is now.
#[utoipa::path(get, path = "/api/v1/orders/{id}", tag = "orders", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = OrderView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn order(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<OrderView>> {
    run(move || shop.order(&actor, OrderId::from_uuid(id)))
        .await
        .map(Json)
}

/// Binds the guest's phone number to an order.
#[utoipa::path(post, path = "/api/v1/orders/{id}/phone", tag = "orders", params(("id" = uuid::Uuid, Path)),
    request_body = BindPhone,
    responses((status = 200, body = OrderView), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn phone(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<BindPhone>,
) -> ApiResult<Json<OrderView>> {
    run(move || shop.bind_phone(&actor, OrderId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Undoes an order before anything was handed over: its token is dead, its tenders go back.
#[utoipa::path(post, path = "/api/v1/orders/{id}/cancel", tag = "orders", params(("id" = uuid::Uuid, Path)),
    request_body = CancelOrder,
    responses((status = 200, body = OrderView), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn cancel(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<CancelOrder>,
) -> ApiResult<Json<OrderView>> {
    run(move || shop.cancel_order(&actor, OrderId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// The day at a glance.
#[utoipa::path(get, path = "/api/v1/today", tag = "reports", params(TodayFilter),
    responses((status = 200, body = TodayView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn today(
    OpenShop(shop): OpenShop,
    Params(filter): Params<TodayFilter>,
) -> ApiResult<Json<TodayView>> {
    run(move || shop.today(&filter)).await.map(Json)
}
