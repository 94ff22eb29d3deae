//! The devices of the shop: listed, named, moved, shut out.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id},
};
use app::{
    Actor, Page,
    cart::WriteId,
    shop_devices::{ChangeDevice, MoveDevice, RevokeDevice, ShopDeviceView},
};
use axum::{Extension, Json};
use domain::ids::DeviceId;

/// Every device of the shop, those that are shut out last.
#[utoipa::path(get, path = "/api/v1/shop-devices", tag = "devices",
    responses((status = 200, body = Page<ShopDeviceView>)), security(("session" = [])))]
pub async fn list(OpenShop(shop): OpenShop) -> ApiResult<Json<Page<ShopDeviceView>>> {
    run(move || shop.shop_device_list()).await.map(Json)
}

/// What a device is called, and what it is for.
#[utoipa::path(put, path = "/api/v1/shop-devices/{id}", tag = "devices", params(("id" = uuid::Uuid, Path)),
    request_body = ChangeDevice,
    responses((status = 200, body = ShopDeviceView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn change(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(change): Body<ChangeDevice>,
) -> ApiResult<Json<ShopDeviceView>> {
    run(move || shop.change_device(&actor, DeviceId::from_uuid(id), &change))
        .await
        .map(Json)
}

/// Gives a device another counter, there or in another branch.
#[utoipa::path(post, path = "/api/v1/shop-devices/{id}/move", tag = "devices", params(("id" = uuid::Uuid, Path)),
    request_body = MoveDevice,
    responses((status = 200, body = ShopDeviceView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn move_to(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(moved): Body<MoveDevice>,
) -> ApiResult<Json<ShopDeviceView>> {
    run(move || shop.move_device(&actor, DeviceId::from_uuid(id), &moved))
        .await
        .map(Json)
}

/// Gives a device numbers of its own, when another one has the same.
#[utoipa::path(post, path = "/api/v1/shop-devices/{id}/renumber", tag = "devices", params(("id" = uuid::Uuid, Path)),
    request_body = WriteId,
    responses((status = 200, body = ShopDeviceView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn renumber(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<WriteId>,
) -> ApiResult<Json<ShopDeviceView>> {
    run(move || shop.renumber_device(&actor, DeviceId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Shuts a device out: what is here of it counts, nothing later does.
#[utoipa::path(post, path = "/api/v1/shop-devices/{id}/revoke", tag = "devices", params(("id" = uuid::Uuid, Path)),
    request_body = RevokeDevice,
    responses((status = 200, body = ShopDeviceView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn revoke(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(revoke): Body<RevokeDevice>,
) -> ApiResult<Json<ShopDeviceView>> {
    run(move || shop.revoke_device(&actor, DeviceId::from_uuid(id), &revoke))
        .await
        .map(Json)
}
