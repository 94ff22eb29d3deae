//! Signing in and out, and who is where.

use super::{OpenShop, device_links::cookie, run};
use crate::{
    Caller, Door,
    error::{ApiError, ApiResult, ErrorBody},
    extract::{Body, Id},
    guard,
};
use app::{
    Actor, Code, Page,
    sessions::{CurrentSession, SessionView, SignIn, SignedIn},
};
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use domain::ids::SessionId;

/// Signs somebody in by PIN.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "sessions", request_body = SignIn,
    responses((status = 201, body = SignedIn), (status = 401, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub async fn sign_in(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Body(request): Body<SignIn>,
) -> ApiResult<(StatusCode, HeaderMap, Json<SignedIn>)> {
    let holder = match guard::holder(&door, &caller, &headers).await {
        Ok(holder) => holder,
        // A browser whose link is over, or leads elsewhere, signs in as any other does.
        Err(ApiError(refused))
            if matches!(
                refused.code,
                Code::LinkWrong
                    | Code::LinkEnded
                    | Code::LinkRevoked
                    | Code::LinkElsewhere
                    | Code::NotAllowed
            ) =>
        {
            None
        }
        // Whoever holds a link must not get in without it.
        Err(other) => return Err(other),
    };
    let mut kept = HeaderMap::new();
    if holder.is_some()
        && let Some(shown) = guard::link_cookie(&headers)
    {
        kept.insert(header::SET_COOKIE, cookie(&caller, shown)?);
    }
    let signed_in = run(move || {
        door.app.take_place()?;
        let shop = door.app.shop()?;
        let signed_in = shop.sign_in(&request, &caller.place())?;
        if let Some(holder) = holder {
            shop.signed_in_by_link(SessionId::from_uuid(signed_in.id), &holder)?;
        }
        Ok(signed_in)
    })
    .await?;
    Ok((StatusCode::CREATED, kept, Json(signed_in)))
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
