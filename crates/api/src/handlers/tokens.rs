//! Tokens: checked, redeemed, issued again, revoked, and given to other programs.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id},
};
use app::{
    Actor,
    cart::WriteId,
    claims::{Redeem, Redeemed},
    handovers::{Marks, MarksView},
    order_view::OrderView,
    tokens::{Keys, TokenChange, TokenVerdict, VerifyToken},
};
use axum::{
    Extension, Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::ids::OrderId;

/// Whether a token is genuine, ours, of this branch, and still good.
#[utoipa::path(post, path = "/api/v1/tokens/verify", tag = "tokens", request_body = VerifyToken,
    responses((status = 200, body = TokenVerdict), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn verify(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<VerifyToken>,
) -> ApiResult<Json<TokenVerdict>> {
    run(move || shop.verify_token(&actor, &request)).await.map(Json)
}

/// Opens an order at this counter by its QR or its one-time number: one counter wins, the others are told who has it.
/// A phone or a display number only lists candidates.
#[utoipa::path(post, path = "/api/v1/tokens/redeem", tag = "tokens", request_body = Redeem,
    responses((status = 200, body = Redeemed), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)),
    security(("session" = [])))]
pub async fn redeem(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<Redeem>,
) -> ApiResult<Json<Redeemed>> {
    run(move || shop.redeem(&actor, &request)).await.map(Json)
}

/// Gives a claim back without handing over.
#[utoipa::path(post, path = "/api/v1/claims/{id}/release", tag = "tokens", params(("id" = uuid::Uuid, Path)),
    request_body = WriteId, responses((status = 204), (status = 404, body = ErrorBody)),
    security(("session" = [])))]
pub async fn release(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(claim): Id,
    Body(request): Body<WriteId>,
) -> ApiResult<StatusCode> {
    run(move || shop.release_claim(&actor, claim, request.id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the marks on the screen come to; the customer's screen follows them. Keeps nothing.
#[utoipa::path(post, path = "/api/v1/claims/{id}/marks", tag = "tokens", params(("id" = uuid::Uuid, Path)),
    request_body = Marks,
    responses((status = 200, body = MarksView), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn marks(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(claim): Id,
    Body(request): Body<Marks>,
) -> ApiResult<Json<MarksView>> {
    run(move || shop.mark(&actor, claim, &request)).await.map(Json)
}

/// A new token for an order; the old one is dead at once.
#[utoipa::path(post, path = "/api/v1/orders/{id}/token/reissue", tag = "tokens", params(("id" = uuid::Uuid, Path)),
    request_body = TokenChange, responses((status = 200, body = OrderView), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn reissue(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<TokenChange>,
) -> ApiResult<Json<OrderView>> {
    run(move || shop.reissue_token(&actor, OrderId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// The order's token is dead, and none replaces it.
#[utoipa::path(post, path = "/api/v1/orders/{id}/token/revoke", tag = "tokens", params(("id" = uuid::Uuid, Path)),
    request_body = TokenChange, responses((status = 200, body = OrderView), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn revoke(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<TokenChange>,
) -> ApiResult<Json<OrderView>> {
    run(move || shop.revoke_token(&actor, OrderId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// The claim as a QR code, black on white with its quiet zone.
#[utoipa::path(get, path = "/api/v1/orders/{id}/token.svg", tag = "tokens", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, content_type = "image/svg+xml", body = String), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn svg(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Response> {
    let svg = run(move || shop.token_svg(OrderId::from_uuid(id))).await?;
    Ok(picture("image/svg+xml", svg.into_bytes()))
}

/// The claim as a QR code in dots.
#[utoipa::path(get, path = "/api/v1/orders/{id}/token.png", tag = "tokens", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn png(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Response> {
    let png = run(move || shop.token_png(OrderId::from_uuid(id))).await?;
    Ok(picture("image/png", png))
}

/// A token issued again has another answer: nobody keeps this one.
fn picture(kind: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
    (headers, bytes).into_response()
}

/// The claim as a JWT (EdDSA), for other programs. Its keys are at `/api/v1/keys`.
#[utoipa::path(get, path = "/api/v1/orders/{id}/token.jwt", tag = "tokens", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, content_type = "application/jwt", body = String), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn jwt(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Response> {
    let jwt = run(move || shop.token_jwt(OrderId::from_uuid(id))).await?;
    Ok(picture("application/jwt", jwt.into_bytes()))
}

/// The public keys by which anybody can check this shop's tokens (a JSON Web Key Set).
#[utoipa::path(get, path = "/api/v1/keys", tag = "tokens", responses((status = 200, body = Keys)))]
pub async fn keys(OpenShop(shop): OpenShop) -> ApiResult<Json<Keys>> {
    run(move || shop.keys()).await.map(Json)
}
