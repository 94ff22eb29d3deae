//! Goods that come back without a receipt, and goods that come back for others.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, Page,
    cart::CartView,
    exchanges::SetExchange,
    papers::PaperFilter,
    printing::JobView,
    returns::{MakeReturn, PreviewReturn, ReturnFilter, ReturnPreview, ReturnView},
    shift_reports::PrintReport,
};
use axum::{
    Extension, Json,
    http::{StatusCode, header},
    response::IntoResponse,
};

/// What would be given for goods without a receipt. Keeps nothing.
#[utoipa::path(post, path = "/api/v1/returns/preview", tag = "refunds", request_body = PreviewReturn,
    responses((status = 200, body = ReturnPreview), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn preview(
    OpenShop(shop): OpenShop,
    Body(request): Body<PreviewReturn>,
) -> ApiResult<Json<ReturnPreview>> {
    run(move || shop.preview_return(&request)).await.map(Json)
}

/// Takes goods back without a receipt, once. A second person's PIN is always needed.
#[utoipa::path(post, path = "/api/v1/returns", tag = "refunds", request_body = MakeReturn,
    responses((status = 201, body = ReturnView), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn make(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<MakeReturn>,
) -> ApiResult<(StatusCode, Json<ReturnView>)> {
    let made = run(move || shop.make_return(&actor, &request)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// What came back without a receipt, the newest first.
#[utoipa::path(get, path = "/api/v1/returns", tag = "refunds", params(ReturnFilter),
    responses((status = 200, body = Page<ReturnView>)), security(("session" = [])))]
pub async fn list(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Params(filter): Params<ReturnFilter>,
) -> ApiResult<Json<Page<ReturnView>>> {
    run(move || shop.goods_returns(&actor, &filter)).await.map(Json)
}

/// One of them. The card's code only for whoever hands it over just now.
#[utoipa::path(get, path = "/api/v1/returns/{id}", tag = "refunds", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = ReturnView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn one(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<ReturnView>> {
    run(move || shop.goods_return(&actor, id)).await.map(Json)
}

/// Prints its slip again.
#[utoipa::path(post, path = "/api/v1/returns/{id}/print", tag = "refunds", params(("id" = uuid::Uuid, Path)),
    request_body = PrintReport, responses((status = 201, body = JobView), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn print(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(form): Body<PrintReport>,
) -> ApiResult<(StatusCode, Json<JobView>)> {
    let job = run(move || shop.print_return(&actor, id, &form)).await?;
    Ok((StatusCode::CREATED, Json(job)))
}

/// Its slip as the printer would print it.
#[utoipa::path(get, path = "/api/v1/returns/{id}/slip.png", tag = "refunds",
    params(("id" = uuid::Uuid, Path), PaperFilter), responses((status = 200, content_type = "image/png", body = Vec<u8>)),
    security(("session" = [])))]
pub async fn slip(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Params(filter): Params<PaperFilter>,
) -> ApiResult<impl IntoResponse> {
    let png = run(move || shop.return_png(&actor, id, &filter)).await?;
    Ok(([(header::CONTENT_TYPE, "image/png")], png))
}

/// Which goods of an order come back for this seat's cart; null: none.
#[utoipa::path(put, path = "/api/v1/cart/exchange", tag = "cart", request_body = SetExchange,
    responses((status = 200, body = CartView), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn exchange(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<SetExchange>,
) -> ApiResult<Json<CartView>> {
    run(move || shop.set_exchange(&actor, &request)).await.map(Json)
}
