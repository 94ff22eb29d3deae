//! Signing in and out, and who is where.

use super::{OpenShop, run};
use crate::{
    Caller,
    error::{ApiResult, ErrorBody},
    extract::{Body, Id},
};
use app::{
    Actor, Page,
    sessions::{CurrentSession, SessionView, SignIn, SignedIn},
};
use axum::{Extension, Json, http::StatusCode};
use domain::ids::SessionId;

/// Signs somebody in by PIN.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "sessions", request_body = SignIn,
    responses((status = 201, body = SignedIn), (status = 401, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn sign_in(
    OpenShop(shop): OpenShop,
    Extension(caller): Extension<Caller>,
    Body(request): Body<SignIn>,
) -> ApiResult<(StatusCode, Json<SignedIn>)> {
    let signed_in = run(move || shop.sign_in(&request, &caller.place())).await?;
    Ok((StatusCode::CREATED, Json(signed_in)))
}

/// Who is signed in, and where.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "sessions",
    responses((status = 200, body = Page<SessionView>)), security(("session" = [])))]
pub async fn list(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
) -> ApiResult<Json<Page<SessionView>>> {
    run(move || shop.session_list(&actor)).await.map(Json)
}

/// The session of this token.
#[utoipa::path(get, path = "/api/v1/sessions/current", tag = "sessions",
    responses((status = 200, body = CurrentSession), (status = 401, body = ErrorBody)), security(("session" = [])))]
pub async fn current(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
) -> ApiResult<Json<CurrentSession>> {
    run(move || shop.current_session(&actor)).await.map(Json)
}

/// Locks the till. The cart stays.
#[utoipa::path(delete, path = "/api/v1/sessions/current", tag = "sessions",
    responses((status = 204)), security(("session" = [])))]
pub async fn sign_out(OpenShop(shop): OpenShop, Extension(actor): Extension<Actor>) -> ApiResult<StatusCode> {
    run(move || shop.end_session(actor.session)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends somebody's session.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", tag = "sessions", params(("id" = uuid::Uuid, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn end(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<StatusCode> {
    run(move || shop.end_session(SessionId::from_uuid(id))).await?;
    Ok(StatusCode::NO_CONTENT)
}
