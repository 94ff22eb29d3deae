//! Prices: those set for somebody, some quantity or some days, and the levels.

use super::{OpenShop, catalog::ArchivedToo, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, Page,
    cart::WriteId,
    prices::{LevelForm, LevelView, PricesView, SetPriceForm, SetPriceView},
};
use axum::{Extension, Json, extract::Path, http::StatusCode};
use domain::ids::{PriceId, ProductId};

/// A product's prices: those that were set, and how the plain ones changed.
#[utoipa::path(get, path = "/api/v1/products/{id}/prices", tag = "catalog", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = PricesView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn prices(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<PricesView>> {
    run(move || shop.prices(ProductId::from_uuid(id))).await.map(Json)
}

/// Sets a price for a level, a customer, a quantity or some days.
#[utoipa::path(post, path = "/api/v1/products/{id}/prices", tag = "catalog", params(("id" = uuid::Uuid, Path)), request_body = SetPriceForm, responses((status = 201, body = SetPriceView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn set_price(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<SetPriceForm>,
) -> ApiResult<(StatusCode, Json<SetPriceView>)> {
    let added = run(move || shop.set_price(&actor, ProductId::from_uuid(id), &request)).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// Changes a price that was set.
#[utoipa::path(put, path = "/api/v1/prices/{id}", tag = "catalog", params(("id" = uuid::Uuid, Path)), request_body = SetPriceForm, responses((status = 200, body = SetPriceView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn change_price(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<SetPriceForm>,
) -> ApiResult<Json<SetPriceView>> {
    run(move || shop.change_set_price(&actor, PriceId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Takes a price back. It stays in the history.
#[utoipa::path(delete, path = "/api/v1/prices/{id}", tag = "catalog", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = SetPriceView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn end_price(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<SetPriceView>> {
    run(move || shop.end_price(&actor, PriceId::from_uuid(id)))
        .await
        .map(Json)
}

/// The shop's price levels beside the counter's.
#[utoipa::path(get, path = "/api/v1/price-levels", tag = "catalog", params(ArchivedToo), responses((status = 200, body = Page<LevelView>), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn levels(
    OpenShop(shop): OpenShop,
    Params(filter): Params<ArchivedToo>,
) -> ApiResult<Json<Page<LevelView>>> {
    run(move || shop.levels(filter.archived)).await.map(Json)
}

/// Adds a price level.
#[utoipa::path(post, path = "/api/v1/price-levels", tag = "catalog", request_body = LevelForm, responses((status = 201, body = LevelView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn add_level(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<LevelForm>,
) -> ApiResult<(StatusCode, Json<LevelView>)> {
    let added = run(move || shop.add_level(&actor, &request)).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// Changes a price level.
#[utoipa::path(put, path = "/api/v1/price-levels/{key}", tag = "catalog", params(("key" = String, Path)), request_body = LevelForm, responses((status = 200, body = LevelView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn edit_level(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Path(key): Path<String>,
    Body(request): Body<LevelForm>,
) -> ApiResult<Json<LevelView>> {
    run(move || shop.edit_level(&actor, &key, &request))
        .await
        .map(Json)
}

/// Archives a price level: it is offered no more.
#[utoipa::path(delete, path = "/api/v1/price-levels/{key}", tag = "catalog", params(("key" = String, Path)), responses((status = 200, body = LevelView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn archive_level(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Path(key): Path<String>,
) -> ApiResult<Json<LevelView>> {
    run(move || shop.archive_level(&actor, &key)).await.map(Json)
}

/// Brings an archived price level back.
#[utoipa::path(post, path = "/api/v1/price-levels/{key}/restore", tag = "catalog", params(("key" = String, Path)), request_body = WriteId, responses((status = 200, body = LevelView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn restore_level(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Path(key): Path<String>,
    Body(_request): Body<WriteId>,
) -> ApiResult<Json<LevelView>> {
    run(move || shop.restore_level(&actor, &key)).await.map(Json)
}
