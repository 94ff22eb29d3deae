//! Products, categories, and what a scanned code is.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, Page,
    cart::WriteId,
    catalog::{
        CatalogView, CategoryForm, CategoryView, ChangePrices, PricesChanged, ProductFilter, ProductForm,
        ProductView,
    },
    import::{Imported, MOST_BYTES},
    scan::{Scan, Scanned},
};
use axum::{
    Extension, Json,
    body::{Body as Raw, to_bytes},
    http::StatusCode,
};
use domain::ids::{CategoryId, ProductId};
use serde::Deserialize;

/// Everything that the till's grid needs at once.
#[utoipa::path(get, path = "/api/v1/catalog", tag = "catalog", responses((status = 200, body = CatalogView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn catalog(OpenShop(shop): OpenShop) -> ApiResult<Json<CatalogView>> {
    run(move || shop.catalog()).await.map(Json)
}

/// Products: searched, filtered, sorted, by page.
#[utoipa::path(get, path = "/api/v1/products", tag = "catalog", params(ProductFilter), responses((status = 200, body = Page<ProductView>), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn products(
    OpenShop(shop): OpenShop,
    Params(filter): Params<ProductFilter>,
) -> ApiResult<Json<Page<ProductView>>> {
    run(move || shop.products(&filter)).await.map(Json)
}

/// Adds a product.
#[utoipa::path(post, path = "/api/v1/products", tag = "catalog", request_body = ProductForm, responses((status = 201, body = ProductView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn add_product(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<ProductForm>,
) -> ApiResult<(StatusCode, Json<ProductView>)> {
    let added = run(move || shop.add_product(&actor, &request)).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// One product.
#[utoipa::path(get, path = "/api/v1/products/{id}", tag = "catalog", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = ProductView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn product(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<ProductView>> {
    run(move || shop.product(ProductId::from_uuid(id)))
        .await
        .map(Json)
}

/// Changes a product.
#[utoipa::path(put, path = "/api/v1/products/{id}", tag = "catalog", params(("id" = uuid::Uuid, Path)), request_body = ProductForm, responses((status = 200, body = ProductView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn edit_product(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<ProductForm>,
) -> ApiResult<Json<ProductView>> {
    run(move || shop.edit_product(&actor, ProductId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Archives a product. Nothing is deleted.
#[utoipa::path(delete, path = "/api/v1/products/{id}", tag = "catalog", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = ProductView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn archive_product(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<ProductView>> {
    run(move || shop.archive_product(&actor, ProductId::from_uuid(id)))
        .await
        .map(Json)
}

/// Brings an archived product back.
#[utoipa::path(post, path = "/api/v1/products/{id}/restore", tag = "catalog", params(("id" = uuid::Uuid, Path)), request_body = WriteId, responses((status = 200, body = ProductView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn restore_product(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<WriteId>,
) -> ApiResult<Json<ProductView>> {
    run(move || shop.restore_product(&actor, ProductId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Changes many prices by a percentage; a dry run only says what would happen.
#[utoipa::path(post, path = "/api/v1/products/prices", tag = "catalog", request_body = ChangePrices, responses((status = 200, body = PricesChanged), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn change_prices(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<ChangePrices>,
) -> ApiResult<Json<PricesChanged>> {
    run(move || shop.change_prices(&actor, &request)).await.map(Json)
}

/// Archives every sample product that nobody has touched.
#[utoipa::path(post, path = "/api/v1/products/samples", tag = "catalog", request_body = WriteId, responses((status = 200, body = PricesChanged), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn archive_samples(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<WriteId>,
) -> ApiResult<Json<PricesChanged>> {
    run(move || shop.archive_samples(&actor, &request))
        .await
        .map(Json)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportParams {
    /// Says what would happen, and changes nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Made by the client: the same file with the same id is taken once, and undone by it.
    pub id: Option<uuid::Uuid>,
    /// The file's name, for the list of imports.
    #[serde(default)]
    pub name: String,
}

/// Adds and changes products from a CSV or Excel file: the body is the file itself.
#[utoipa::path(post, path = "/api/v1/products/import", tag = "catalog", params(ImportParams),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Imported), (status = 413, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn import(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Params(params): Params<ImportParams>,
    file: Raw,
) -> ApiResult<Json<Imported>> {
    let file = to_bytes(file, MOST_BYTES)
        .await
        .map_err(|_| app::AppError::new(app::Code::TooLarge))?;
    run(move || shop.import_products(&actor, &file, &params.name, params.id, params.dry_run))
        .await
        .map(Json)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ArchivedToo {
    #[serde(default)]
    pub archived: bool,
}

/// Categories in the shop's order.
#[utoipa::path(get, path = "/api/v1/categories", tag = "catalog", params(ArchivedToo), responses((status = 200, body = Page<CategoryView>), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn categories(
    OpenShop(shop): OpenShop,
    Params(filter): Params<ArchivedToo>,
) -> ApiResult<Json<Page<CategoryView>>> {
    run(move || shop.categories(filter.archived)).await.map(Json)
}

/// Adds a category.
#[utoipa::path(post, path = "/api/v1/categories", tag = "catalog", request_body = CategoryForm, responses((status = 201, body = CategoryView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn add_category(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<CategoryForm>,
) -> ApiResult<(StatusCode, Json<CategoryView>)> {
    let added = run(move || shop.add_category(&actor, &request)).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// One category.
#[utoipa::path(get, path = "/api/v1/categories/{id}", tag = "catalog", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = CategoryView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn category(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<CategoryView>> {
    run(move || shop.category(CategoryId::from_uuid(id)))
        .await
        .map(Json)
}

/// Changes a category.
#[utoipa::path(put, path = "/api/v1/categories/{id}", tag = "catalog", params(("id" = uuid::Uuid, Path)), request_body = CategoryForm, responses((status = 200, body = CategoryView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn edit_category(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<CategoryForm>,
) -> ApiResult<Json<CategoryView>> {
    run(move || shop.edit_category(&actor, CategoryId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Archives a category that no product is in.
#[utoipa::path(delete, path = "/api/v1/categories/{id}", tag = "catalog", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = CategoryView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn archive_category(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<CategoryView>> {
    run(move || shop.archive_category(&actor, CategoryId::from_uuid(id)))
        .await
        .map(Json)
}

/// Brings an archived category back.
#[utoipa::path(post, path = "/api/v1/categories/{id}/restore", tag = "catalog", params(("id" = uuid::Uuid, Path)), request_body = WriteId, responses((status = 200, body = CategoryView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn restore_category(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<WriteId>,
) -> ApiResult<Json<CategoryView>> {
    run(move || shop.restore_category(&actor, CategoryId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// What a scanned code is.
#[utoipa::path(post, path = "/api/v1/scan", tag = "catalog", request_body = Scan, responses((status = 200, body = Scanned), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn scan(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<Scan>,
) -> ApiResult<Json<Scanned>> {
    run(move || shop.scan(&actor, &request)).await.map(Json)
}
