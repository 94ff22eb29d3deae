//! News to many customers.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, Page,
    campaigns::{
        CampaignFilter, CampaignLetterFilter, CampaignLetterView, CampaignPreview, CampaignPreviewForm,
        CampaignView, SendCampaign,
    },
    cart::WriteId,
};
use axum::{Extension, Json, http::StatusCode};
use domain::ids::CustomerId;

/// The campaigns so far, the newest first.
#[utoipa::path(get, path = "/api/v1/campaigns", tag = "campaigns", params(CampaignFilter),
    responses((status = 200, body = Page<CampaignView>), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn list(
    OpenShop(shop): OpenShop,
    Params(filter): Params<CampaignFilter>,
) -> ApiResult<Json<Page<CampaignView>>> {
    run(move || shop.campaigns(&filter)).await.map(Json)
}

/// Who would get a letter, who would not and why, and the first letter of each language. Nothing is written.
#[utoipa::path(post, path = "/api/v1/campaigns/preview", tag = "campaigns", request_body = CampaignPreviewForm,
    responses((status = 200, body = CampaignPreview), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn preview(
    OpenShop(shop): OpenShop,
    Body(request): Body<CampaignPreviewForm>,
) -> ApiResult<Json<CampaignPreview>> {
    run(move || shop.preview_campaign(&request)).await.map(Json)
}

/// Writes one letter to each customer of a group who agreed to news by mail. The number of letters must be what the
/// preview said.
#[utoipa::path(post, path = "/api/v1/campaigns", tag = "campaigns", request_body = SendCampaign,
    responses((status = 202, body = CampaignView), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn send(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<SendCampaign>,
) -> ApiResult<(StatusCode, Json<CampaignView>)> {
    let sent = run(move || shop.send_campaign(&actor, &request)).await?;
    Ok((StatusCode::ACCEPTED, Json(sent)))
}

/// A campaign, and how many of its letters went.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}", tag = "campaigns", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = CampaignView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn campaign(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<CampaignView>> {
    run(move || shop.campaign(id)).await.map(Json)
}

/// What became of each letter of a campaign.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/letters", tag = "campaigns",
    params(("id" = uuid::Uuid, Path), CampaignLetterFilter),
    responses((status = 200, body = Page<CampaignLetterView>), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn letters(
    OpenShop(shop): OpenShop,
    Id(id): Id,
    Params(filter): Params<CampaignLetterFilter>,
) -> ApiResult<Json<Page<CampaignLetterView>>> {
    run(move || shop.campaign_letters(id, &filter)).await.map(Json)
}

/// This customer wants no more news, by any way. What still waits for them does not go.
#[utoipa::path(post, path = "/api/v1/customers/{id}/no-news", tag = "campaigns", params(("id" = uuid::Uuid, Path)),
    request_body = WriteId,
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn no_news(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<WriteId>,
) -> ApiResult<StatusCode> {
    run(move || shop.end_news(&actor, CustomerId::from_uuid(id), &request)).await?;
    Ok(StatusCode::NO_CONTENT)
}
