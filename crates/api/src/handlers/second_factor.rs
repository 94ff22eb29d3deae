//! Password and one-time code for owners and managers who come from another machine.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id},
};
use app::{
    Actor,
    cart::WriteId,
    second_factor::{
        BeginSecondFactor, ConfirmSecondFactor, FreshCode, RecoveryCodes, RemoveSecondFactor,
        SecondFactorOffer, SecondFactorView,
    },
    staff::StaffView,
};
use axum::{Extension, Json, http::StatusCode};
use domain::ids::StaffId;

/// Whether whoever is signed in has one.
#[utoipa::path(get, path = "/api/v1/second-factor", tag = "sessions",
    responses((status = 200, body = SecondFactorView)), security(("session" = [])))]
pub async fn own(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
) -> ApiResult<Json<SecondFactorView>> {
    run(move || shop.second_factor(&actor)).await.map(Json)
}

/// Shows a secret for an authenticator. Nothing counts before its digits were typed.
#[utoipa::path(post, path = "/api/v1/second-factor/begin", tag = "sessions", request_body = BeginSecondFactor,
    responses((status = 200, body = SecondFactorOffer), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 429, body = ErrorBody)), security(("session" = [])))]
pub async fn begin(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<BeginSecondFactor>,
) -> ApiResult<Json<SecondFactorOffer>> {
    run(move || shop.begin_second_factor(&actor, &request))
        .await
        .map(Json)
}

/// From now on it counts. Says the recovery codes, once.
#[utoipa::path(post, path = "/api/v1/second-factor", tag = "sessions", request_body = ConfirmSecondFactor,
    responses((status = 200, body = RecoveryCodes), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn confirm(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<ConfirmSecondFactor>,
) -> ApiResult<Json<RecoveryCodes>> {
    run(move || shop.confirm_second_factor(&actor, &request))
        .await
        .map(Json)
}

/// Takes one's own away, with itself; at the device also with the PIN.
#[utoipa::path(post, path = "/api/v1/second-factor/remove", tag = "sessions", request_body = RemoveSecondFactor,
    responses((status = 200, body = SecondFactorView), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 429, body = ErrorBody)), security(("session" = [])))]
pub async fn remove(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<RemoveSecondFactor>,
) -> ApiResult<Json<SecondFactorView>> {
    run(move || shop.remove_second_factor(&actor, &request))
        .await
        .map(Json)
}

/// Shows a fresh code: for ten minutes nothing more is asked.
#[utoipa::path(post, path = "/api/v1/second-factor/code", tag = "sessions", request_body = FreshCode,
    responses((status = 204), (status = 401, body = ErrorBody), (status = 429, body = ErrorBody)),
    security(("session" = [])))]
pub async fn code(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<FreshCode>,
) -> ApiResult<StatusCode> {
    run(move || shop.prove_again(&actor, &request)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes somebody else's away, who lost theirs.
#[utoipa::path(post, path = "/api/v1/staff/{id}/second-factor/reset", tag = "staff",
    params(("id" = uuid::Uuid, Path)), request_body = WriteId,
    responses((status = 200, body = StaffView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("session" = [])))]
pub async fn reset(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(_request): Body<WriteId>,
) -> ApiResult<Json<StaffView>> {
    run(move || {
        let staff = StaffId::from_uuid(id);
        shop.reset_second_factor(&actor, staff)?;
        shop.staff_member(staff)
    })
    .await
    .map(Json)
}
