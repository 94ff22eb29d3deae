//! The branches of the shop.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id},
};
use app::{
    Actor, Page,
    branches::{BranchForm, BranchView, SoldAtForm},
    catalog::ProductView,
};
use axum::{Extension, Json, http::StatusCode};
use domain::ids::{BranchId, ProductId};

/// The branches, the first one first; closed ones too.
#[utoipa::path(get, path = "/api/v1/branches", tag = "branches", responses((status = 200, body = Page<BranchView>)),
    security(("session" = [])))]
pub async fn list(OpenShop(shop): OpenShop) -> ApiResult<Json<Page<BranchView>>> {
    run(move || shop.branches()).await.map(Json)
}

/// Opens another branch. Devices join it afterwards.
#[utoipa::path(post, path = "/api/v1/branches", tag = "branches", request_body = BranchForm,
    responses((status = 201, body = BranchView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn open(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<BranchForm>,
) -> ApiResult<(StatusCode, Json<BranchView>)> {
    let opened = run(move || shop.open_branch(&actor, &request)).await?;
    Ok((StatusCode::CREATED, Json(opened)))
}

/// One branch.
#[utoipa::path(get, path = "/api/v1/branches/{id}", tag = "branches", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = BranchView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn branch(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<BranchView>> {
    run(move || shop.branch(BranchId::from_uuid(id))).await.map(Json)
}

/// Describes a branch anew, closes it, or opens it again.
#[utoipa::path(put, path = "/api/v1/branches/{id}", tag = "branches", params(("id" = uuid::Uuid, Path)),
    request_body = BranchForm,
    responses((status = 200, body = BranchView), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn change(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<BranchForm>,
) -> ApiResult<Json<BranchView>> {
    run(move || shop.change_branch(&actor, BranchId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Says whether a product is sold at a branch.
#[utoipa::path(put, path = "/api/v1/products/{id}/sold", tag = "branches", params(("id" = uuid::Uuid, Path)),
    request_body = SoldAtForm,
    responses((status = 200, body = ProductView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn sold(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<SoldAtForm>,
) -> ApiResult<Json<ProductView>> {
    run(move || shop.set_sold_at(&actor, ProductId::from_uuid(id), &request))
        .await
        .map(Json)
}
