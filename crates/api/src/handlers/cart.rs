//! The open cart of a seat, and those put aside.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id},
};
use app::{
    Actor, Page,
    cart::{CartView, ChangeCart, ParkCart, WriteId},
    shared_carts::SharedCartsView,
};
use axum::{Extension, Json, http::StatusCode};
use domain::ids::CartId;

/// The open cart of this seat, priced now.
#[utoipa::path(get, path = "/api/v1/cart", tag = "cart", responses((status = 200, body = CartView)),
    security(("session" = [])))]
pub async fn cart(OpenShop(shop): OpenShop, Extension(actor): Extension<Actor>) -> ApiResult<Json<CartView>> {
    run(move || shop.open_cart(&actor)).await.map(Json)
}

/// One change to the open cart.
#[utoipa::path(post, path = "/api/v1/cart/changes", tag = "cart", request_body = ChangeCart,
    responses((status = 200, body = CartView), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn change(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<ChangeCart>,
) -> ApiResult<Json<CartView>> {
    run(move || shop.change_cart(&actor, &request)).await.map(Json)
}

/// Puts the open cart aside and answers with the new, empty one.
#[utoipa::path(post, path = "/api/v1/cart/park", tag = "cart", request_body = ParkCart,
    responses((status = 200, body = CartView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn park(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<ParkCart>,
) -> ApiResult<Json<CartView>> {
    run(move || shop.park_cart(&actor, &request)).await.map(Json)
}

/// The carts that were put aside, at any till of this node.
#[utoipa::path(get, path = "/api/v1/carts", tag = "cart", responses((status = 200, body = Page<CartView>)),
    security(("session" = [])))]
pub async fn parked(OpenShop(shop): OpenShop) -> ApiResult<Json<Page<CartView>>> {
    run(move || shop.parked_carts()).await.map(Json)
}

/// The carts that the branch's other tills put aside or took up again.
#[utoipa::path(get, path = "/api/v1/carts/elsewhere", tag = "cart", responses((status = 200, body = SharedCartsView)),
    security(("session" = [])))]
pub async fn elsewhere(OpenShop(shop): OpenShop) -> ApiResult<Json<SharedCartsView>> {
    run(move || shop.shared_carts()).await.map(Json)
}

/// Brings a parked cart to this seat, from another till too. An open one with lines is parked first.
#[utoipa::path(post, path = "/api/v1/carts/{id}/recall", tag = "cart", params(("id" = uuid::Uuid, Path)),
    request_body = WriteId, responses((status = 200, body = CartView), (status = 404, body = ErrorBody)),
    security(("session" = [])))]
pub async fn recall(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<WriteId>,
) -> ApiResult<Json<CartView>> {
    run(move || shop.recall_cart(&actor, CartId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Throws a parked cart away.
#[utoipa::path(delete, path = "/api/v1/carts/{id}", tag = "cart", params(("id" = uuid::Uuid, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn drop_parked(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<StatusCode> {
    run(move || shop.drop_parked_cart(&actor, CartId::from_uuid(id))).await?;
    Ok(StatusCode::NO_CONTENT)
}
