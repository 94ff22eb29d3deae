//! Addresses of other programs that are told what happens.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id},
};
use app::{
    Actor, Code, Page,
    webhooks::{DeliveryView, EditWebhook, MadeWebhook, NewWebhook, ReplayWebhook, WebhookView},
};
use axum::{Extension, Json, extract::Path, http::StatusCode};
use domain::ids::WebhookId;

/// The addresses that this node tells what happens, and how each is doing.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "programs",
    responses((status = 200, body = Page<WebhookView>)), security(("session" = [])))]
pub async fn list(OpenShop(shop): OpenShop) -> ApiResult<Json<Page<WebhookView>>> {
    run(move || shop.webhooks()).await.map(Json)
}

/// Adds an address. It is told what happens from now on; the answer is the only place where its secret ever stands.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "programs", request_body = NewWebhook,
    responses((status = 201, body = MadeWebhook), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn make(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<NewWebhook>,
) -> ApiResult<(StatusCode, Json<MadeWebhook>)> {
    let made = run(move || shop.make_webhook(&actor, &request)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Changes an address, stops it or lets it go on where it stopped.
#[utoipa::path(put, path = "/api/v1/webhooks/{id}", tag = "programs", params(("id" = uuid::Uuid, Path)),
    request_body = EditWebhook,
    responses((status = 200, body = WebhookView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn edit(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<EditWebhook>,
) -> ApiResult<Json<WebhookView>> {
    run(move || shop.edit_webhook(&actor, WebhookId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Forgets an address and what it was told.
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}", tag = "programs", params(("id" = uuid::Uuid, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn remove(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<StatusCode> {
    run(move || shop.remove_webhook(&actor, WebhookId::from_uuid(id))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tells everything since a moment again, in order. Receivers know what they have by the event's id.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/replay", tag = "programs", params(("id" = uuid::Uuid, Path)),
    request_body = ReplayWebhook,
    responses((status = 200, body = WebhookView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn replay(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<ReplayWebhook>,
) -> ApiResult<Json<WebhookView>> {
    run(move || shop.replay_webhook(&actor, WebhookId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Sends an event of the type `test`, and says what was answered.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/test", tag = "programs", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = DeliveryView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn test(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<DeliveryView>> {
    run(move || shop.test_webhook(&actor, WebhookId::from_uuid(id)))
        .await
        .map(Json)
}

/// The last hundred tries, the newest first.
#[utoipa::path(get, path = "/api/v1/webhooks/{id}/deliveries", tag = "programs", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Page<DeliveryView>), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn deliveries(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<Page<DeliveryView>>> {
    run(move || shop.webhook_deliveries(WebhookId::from_uuid(id)))
        .await
        .map(Json)
}

/// Tells one event again at once, outside of its order.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/deliveries/{number}/again", tag = "programs",
    params(("id" = uuid::Uuid, Path), ("number" = i64, Path)),
    responses((status = 200, body = DeliveryView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn again(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Path((id, number)): Path<(String, String)>,
) -> ApiResult<Json<DeliveryView>> {
    let (Ok(id), Ok(number)) = (id.parse(), number.parse()) else {
        return Err(Code::NotFound.into());
    };
    run(move || shop.deliver_again(&actor, WebhookId::from_uuid(id), number))
        .await
        .map(Json)
}
