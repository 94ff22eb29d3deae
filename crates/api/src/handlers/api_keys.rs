//! The keys of other programs.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id},
};
use app::{
    Actor,
    api_keys::{ApiKeyList, ApiKeyView, MadeApiKey, NewApiKey},
};
use axum::{Extension, Json, http::StatusCode};
use domain::ids::StaffId;

/// The keys that were made at this node, and what a key can be given.
#[utoipa::path(get, path = "/api/v1/api-keys", tag = "programs",
    responses((status = 200, body = ApiKeyList)), security(("session" = [])))]
pub async fn list(OpenShop(shop): OpenShop) -> ApiResult<Json<ApiKeyList>> {
    run(move || shop.api_keys()).await.map(Json)
}

/// Makes a key. The answer is the only place where it ever stands.
#[utoipa::path(post, path = "/api/v1/api-keys", tag = "programs", request_body = NewApiKey,
    responses((status = 201, body = MadeApiKey), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn make(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<NewApiKey>,
) -> ApiResult<(StatusCode, Json<MadeApiKey>)> {
    let made = run(move || shop.make_api_key(&actor, &request)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Revokes a key: from this moment on it opens nothing.
#[utoipa::path(delete, path = "/api/v1/api-keys/{id}", tag = "programs", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = ApiKeyView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn revoke(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<ApiKeyView>> {
    run(move || shop.revoke_api_key(&actor, StaffId::from_uuid(id)))
        .await
        .map(Json)
}
