//! First launch, the lock screen, leaving the demo.

use super::{OpenShop, run};
use crate::{
    Caller, Door,
    error::{ApiResult, ErrorBody},
    extract::Body,
};
use app::{
    Actor,
    cart::WriteId,
    sessions::SignedIn,
    setup::{LockView, Setup, SetupView},
};
use axum::{Extension, Json, extract::State, http::StatusCode};

/// What the first launch needs to know.
#[utoipa::path(get, path = "/api/v1/setup", tag = "setup", responses((status = 200, body = SetupView)))]
pub async fn setup_view(State(door): State<Door>) -> Json<SetupView> {
    Json(door.app.setup_view())
}

/// Founds the own shop or the demo, and signs its owner in.
#[utoipa::path(post, path = "/api/v1/setup", tag = "setup", request_body = Setup,
    responses((status = 201, body = SignedIn), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn set_up(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    Body(setup): Body<Setup>,
) -> ApiResult<(StatusCode, Json<SignedIn>)> {
    let signed_in = run(move || door.app.set_up(&setup, &caller.place())).await?;
    Ok((StatusCode::CREATED, Json(signed_in)))
}

/// Who works here, before anybody signed in.
#[utoipa::path(get, path = "/api/v1/lock", tag = "setup",
    responses((status = 200, body = LockView), (status = 409, body = ErrorBody)))]
pub async fn lock(
    OpenShop(shop): OpenShop,
    Extension(caller): Extension<Caller>,
) -> ApiResult<Json<LockView>> {
    run(move || shop.lock_view_from(&caller.place())).await.map(Json)
}

/// Deletes the demo shop, and nothing else.
#[utoipa::path(post, path = "/api/v1/demo/leave", tag = "setup", request_body = WriteId,
    responses((status = 204), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn leave_demo(
    State(door): State<Door>,
    Extension(actor): Extension<Actor>,
    Body(request): Body<WriteId>,
) -> ApiResult<StatusCode> {
    run(move || door.app.leave_demo(&actor, &request)).await?;
    Ok(StatusCode::NO_CONTENT)
}
