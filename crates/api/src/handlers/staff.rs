//! The people who work here.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Params},
    handlers::catalog::ArchivedToo,
};
use app::{
    Actor, Page,
    cart::WriteId,
    staff::{EditStaff, NewPin, NewStaff, RoleView, StaffView},
};
use axum::{Extension, Json, http::StatusCode};
use domain::ids::StaffId;

/// Everybody who works here.
#[utoipa::path(get, path = "/api/v1/staff", tag = "staff", params(ArchivedToo), responses((status = 200, body = Page<StaffView>), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn list(
    OpenShop(shop): OpenShop,
    Params(filter): Params<ArchivedToo>,
) -> ApiResult<Json<Page<StaffView>>> {
    run(move || shop.staff_list(filter.archived)).await.map(Json)
}

/// Adds somebody.
#[utoipa::path(post, path = "/api/v1/staff", tag = "staff", request_body = NewStaff, responses((status = 201, body = StaffView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn add(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<NewStaff>,
) -> ApiResult<(StatusCode, Json<StaffView>)> {
    let added = run(move || shop.add_staff(&actor, &request)).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// One person.
#[utoipa::path(get, path = "/api/v1/staff/{id}", tag = "staff", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = StaffView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn member(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<StaffView>> {
    run(move || shop.staff_member(StaffId::from_uuid(id)))
        .await
        .map(Json)
}

/// Changes somebody.
#[utoipa::path(put, path = "/api/v1/staff/{id}", tag = "staff", params(("id" = uuid::Uuid, Path)), request_body = EditStaff, responses((status = 200, body = StaffView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn edit(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<EditStaff>,
) -> ApiResult<Json<StaffView>> {
    run(move || shop.edit_staff(&actor, StaffId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Archives somebody and signs them out.
#[utoipa::path(delete, path = "/api/v1/staff/{id}", tag = "staff", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = StaffView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn archive(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<StaffView>> {
    run(move || shop.archive_staff(&actor, StaffId::from_uuid(id)))
        .await
        .map(Json)
}

/// Brings somebody back.
#[utoipa::path(post, path = "/api/v1/staff/{id}/restore", tag = "staff", params(("id" = uuid::Uuid, Path)),
    request_body = WriteId, responses((status = 200, body = StaffView), (status = 404, body = ErrorBody)),
    security(("session" = [])))]
pub async fn restore(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(_request): Body<WriteId>,
) -> ApiResult<Json<StaffView>> {
    run(move || shop.restore_staff(&actor, StaffId::from_uuid(id)))
        .await
        .map(Json)
}

/// Sets somebody's PIN and signs them out elsewhere.
#[utoipa::path(post, path = "/api/v1/staff/{id}/pin", tag = "staff", params(("id" = uuid::Uuid, Path)), request_body = NewPin, responses((status = 200, body = StaffView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn set_pin(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<NewPin>,
) -> ApiResult<Json<StaffView>> {
    run(move || shop.set_pin(&actor, StaffId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// What each role may do.
#[utoipa::path(get, path = "/api/v1/roles", tag = "staff", responses((status = 200, body = Page<RoleView>)),
    security(("session" = [])))]
pub async fn roles() -> Json<Page<RoleView>> {
    Json(app::staff::roles())
}
