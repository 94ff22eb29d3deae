//! Gift cards and store credit.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, Page,
    cards::{CardFilter, CardList, CardView, FindCard, IssueCard, MoveCard},
};
use axum::{Extension, Json, http::StatusCode};
use domain::ids::{CardId, OrderId};

/// The cards, the newest first, and what the shop owes on them.
#[utoipa::path(get, path = "/api/v1/cards", tag = "cards", params(CardFilter),
    responses((status = 200, body = CardList)), security(("session" = [])))]
pub async fn list(OpenShop(shop): OpenShop, Params(filter): Params<CardFilter>) -> ApiResult<Json<CardList>> {
    run(move || shop.cards(&filter)).await.map(Json)
}

/// Makes a card that no sale paid for. Its code is in this answer.
#[utoipa::path(post, path = "/api/v1/cards", tag = "cards", request_body = IssueCard,
    responses((status = 201, body = CardView), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn issue(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(form): Body<IssueCard>,
) -> ApiResult<(StatusCode, Json<CardView>)> {
    let card = run(move || shop.issue_card(&actor, &form)).await?;
    Ok((StatusCode::CREATED, Json(card)))
}

/// The card of a code that was scanned or typed.
#[utoipa::path(post, path = "/api/v1/cards/find", tag = "cards", request_body = FindCard,
    responses((status = 200, body = CardView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn find(OpenShop(shop): OpenShop, Body(form): Body<FindCard>) -> ApiResult<Json<CardView>> {
    run(move || shop.find_card(&form)).await.map(Json)
}

/// One card with all that happened to it.
#[utoipa::path(get, path = "/api/v1/cards/{id}", tag = "cards", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = CardView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn card(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<CardView>> {
    run(move || shop.card(&actor, CardId::from_uuid(id)))
        .await
        .map(Json)
}

/// Puts more on a card, corrects it, blocks it or lets it pay again.
#[utoipa::path(post, path = "/api/v1/cards/{id}/moves", tag = "cards", params(("id" = uuid::Uuid, Path)),
    request_body = MoveCard,
    responses((status = 200, body = CardView), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn change(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(form): Body<MoveCard>,
) -> ApiResult<Json<CardView>> {
    run(move || shop.move_card(&actor, CardId::from_uuid(id), &form))
        .await
        .map(Json)
}

/// The cards that an order sold or gave, with their codes.
#[utoipa::path(get, path = "/api/v1/orders/{id}/cards", tag = "cards", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Page<CardView>)), security(("session" = [])))]
pub async fn of_order(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<Page<CardView>>> {
    run(move || shop.cards_of_order(&actor, OrderId::from_uuid(id)))
        .await
        .map(Json)
}
