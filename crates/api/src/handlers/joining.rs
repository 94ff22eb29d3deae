//! Devices that join: the owner's side, the guest's questions, and this device's own way into a shop.

use super::{OpenShop, run};
use crate::{
    Door,
    error::{ApiResult, ErrorBody},
    extract::{Body, Id},
};
use app::{
    Actor, Page,
    arriving::{JoinShop, JoinView},
    joining::{ApproveGuest, InvitationView, Invite},
};
use axum::{
    Extension, Json,
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// How joining a shop goes on at this device.
#[utoipa::path(get, path = "/api/v1/join", tag = "joining", responses((status = 200, body = JoinView)))]
pub async fn state(State(door): State<Door>) -> Json<JoinView> {
    Json(door.app.join_view())
}

/// Joins a shop that is there already. Goes on in the background.
#[utoipa::path(post, path = "/api/v1/join", tag = "joining", request_body = JoinShop,
    responses((status = 202, body = JoinView), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn join(
    State(door): State<Door>,
    Body(join): Body<JoinShop>,
) -> ApiResult<(StatusCode, Json<JoinView>)> {
    let view = run(move || door.app.join(&join)).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// Gives up joining; nothing of the shop stays here.
#[utoipa::path(delete, path = "/api/v1/join", tag = "joining", responses((status = 204)))]
pub async fn stop(State(door): State<Door>) -> StatusCode {
    door.app.stop_joining();
    StatusCode::NO_CONTENT
}

/// Opens an invitation: a code that a new device scans or types within ten minutes.
#[utoipa::path(post, path = "/api/v1/join/invitations", tag = "joining", request_body = Invite,
    responses((status = 201, body = InvitationView), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn invite(
    State(door): State<Door>,
    OpenShop(shop): OpenShop,
    Body(invite): Body<Invite>,
) -> ApiResult<(StatusCode, Json<InvitationView>)> {
    let view = run(move || shop.invite(&invite, door.app.addresses())).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// The invitations of the last hour, the newest first.
#[utoipa::path(get, path = "/api/v1/join/invitations", tag = "joining",
    responses((status = 200, body = Page<InvitationView>)), security(("session" = [])))]
pub async fn invitations(OpenShop(shop): OpenShop) -> ApiResult<Json<Page<InvitationView>>> {
    run(move || shop.invitation_list()).await.map(Json)
}

/// One invitation, and who asks by it.
#[utoipa::path(get, path = "/api/v1/join/invitations/{id}", tag = "joining", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = InvitationView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn invitation(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<InvitationView>> {
    run(move || shop.invitation(id)).await.map(Json)
}

/// Says no to whoever asks, or takes the invitation back.
#[utoipa::path(delete, path = "/api/v1/join/invitations/{id}", tag = "joining", params(("id" = uuid::Uuid, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn withdraw(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<StatusCode> {
    run(move || shop.withdraw_invitation(&actor, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets the device that asks into the shop.
#[utoipa::path(post, path = "/api/v1/join/invitations/{id}/approve", tag = "joining",
    params(("id" = uuid::Uuid, Path)), request_body = ApproveGuest,
    responses((status = 200, body = InvitationView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn approve(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(approve): Body<ApproveGuest>,
) -> ApiResult<Json<InvitationView>> {
    run(move || shop.approve_guest(&actor, id, &approve))
        .await
        .map(Json)
}

/// Who is here, for a device with a code: a key and the open invitations' halves. Nothing else is told.
#[utoipa::path(post, path = "/api/v1/join/hello", tag = "joining",
    responses((status = 200, description = "the device's key and the halves of its open invitations", body = Object),
        (status = 409, body = ErrorBody)))]
pub async fn hello(OpenShop(shop): OpenShop) -> ApiResult<Response> {
    let hello = run(move || shop.join_hello()).await?;
    Ok(Json(hello).into_response())
}

/// A sealed question of a joining device; the answer is sealed for it alone.
#[utoipa::path(post, path = "/api/v1/join/ask", tag = "joining", request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, description = "sealed", body = String, content_type = "application/octet-stream"), (status = 404, body = ErrorBody)))]
pub async fn ask(OpenShop(shop): OpenShop, question: Bytes) -> ApiResult<Response> {
    let answer = run(move || shop.join_ask(&question)).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], answer).into_response())
}
