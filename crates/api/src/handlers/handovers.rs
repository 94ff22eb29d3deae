//! The sales counter, the refund desk and the hall's board.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Ids},
};
use app::{
    Actor,
    board::{BoardView, TimesView},
    handovers::{HandOver, Progressed, RecentHandover, UndoHandover},
    order_view::OrderView,
    refunds::{FindOrder, FoundOrder, PreviewRefund, Refund, RefundPreview},
};
use axum::{Extension, Json, http::StatusCode};
use domain::ids::OrderId;

/// Gives out what is there and says what is missing, under this counter's claim. The body is null while the order
/// itself has not arrived here.
#[utoipa::path(post, path = "/api/v1/orders/{id}/handovers", tag = "handovers", params(("id" = uuid::Uuid, Path)),
    request_body = HandOver,
    responses((status = 201, body = Option<OrderView>), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn hand_over(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<HandOver>,
) -> ApiResult<(StatusCode, Json<Option<OrderView>>)> {
    let order = run(move || shop.hand_over(&actor, OrderId::from_uuid(id), &request)).await?;
    Ok((StatusCode::CREATED, Json(order)))
}

/// Takes a handover back: at once by whoever did it, later with the permission or a second person's PIN.
#[utoipa::path(post, path = "/api/v1/orders/{id}/handovers/{handover}/undo", tag = "handovers",
    params(("id" = uuid::Uuid, Path), ("handover" = uuid::Uuid, Path)), request_body = UndoHandover,
    responses((status = 200, body = Option<OrderView>), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn undo(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Ids(id, handover): Ids,
    Body(request): Body<UndoHandover>,
) -> ApiResult<Json<Option<OrderView>>> {
    run(move || shop.undo_handover(&actor, OrderId::from_uuid(id), handover, &request))
        .await
        .map(Json)
}

/// How far the work before the counter is.
#[utoipa::path(post, path = "/api/v1/orders/{id}/progress", tag = "handovers", params(("id" = uuid::Uuid, Path)),
    request_body = Progressed, responses((status = 200, body = OrderView), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn progress(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<Progressed>,
) -> ApiResult<Json<OrderView>> {
    run(move || shop.progress(&actor, OrderId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// What was handed out last.
#[utoipa::path(get, path = "/api/v1/sales/recent", tag = "handovers",
    responses((status = 200, body = Vec<RecentHandover>)), security(("session" = [])))]
pub async fn recent(OpenShop(shop): OpenShop) -> ApiResult<Json<Vec<RecentHandover>>> {
    run(move || shop.recent_handovers()).await.map(Json)
}

/// Finds an order for the refund desk by a token, a number, a receipt or a phone.
#[utoipa::path(post, path = "/api/v1/refunds/find", tag = "refunds", request_body = FindOrder,
    responses((status = 200, body = FoundOrder), (status = 422, body = ErrorBody), (status = 429, body = ErrorBody)),
    security(("session" = [])))]
pub async fn find(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<FindOrder>,
) -> ApiResult<Json<FoundOrder>> {
    run(move || shop.find_for_refund(&actor, &request))
        .await
        .map(Json)
}

/// What a refund would come to. Keeps nothing.
#[utoipa::path(post, path = "/api/v1/orders/{id}/refunds/preview", tag = "refunds", params(("id" = uuid::Uuid, Path)),
    request_body = PreviewRefund,
    responses((status = 200, body = RefundPreview), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn preview(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<PreviewRefund>,
) -> ApiResult<Json<RefundPreview>> {
    run(move || shop.preview_refund(&actor, OrderId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Pays money back, once, with a credit note of its own.
#[utoipa::path(post, path = "/api/v1/orders/{id}/refunds", tag = "refunds", params(("id" = uuid::Uuid, Path)),
    request_body = Refund,
    responses((status = 201, body = OrderView), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn refund(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<Refund>,
) -> ApiResult<(StatusCode, Json<OrderView>)> {
    let order = run(move || shop.refund(&actor, OrderId::from_uuid(id), &request)).await?;
    Ok((StatusCode::CREATED, Json(order)))
}

/// The numbers in preparation and ready, and nothing else: for the hall.
#[utoipa::path(get, path = "/api/v1/board", tag = "display", responses((status = 200, body = BoardView)),
    security(("session" = [])))]
pub async fn board(OpenShop(shop): OpenShop) -> ApiResult<Json<BoardView>> {
    run(move || shop.board()).await.map(Json)
}

/// How long guests wait.
#[utoipa::path(get, path = "/api/v1/times", tag = "reports", responses((status = 200, body = TimesView)),
    security(("session" = [])))]
pub async fn times(OpenShop(shop): OpenShop) -> ApiResult<Json<TimesView>> {
    run(move || shop.times()).await.map(Json)
}
