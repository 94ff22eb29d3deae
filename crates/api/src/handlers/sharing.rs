//! Whether this device can be reached on the LAN.

use super::{OpenShop, run};
use crate::{
    Caller, Door,
    error::{ApiResult, ErrorBody},
    extract::Body,
};
use app::{
    Code,
    sharing::{ChangeSharing, SharingView},
};
use axum::{Extension, Json, extract::State};
use std::time::Duration;

/// How long the answer to a change waits for the change.
const PATIENCE: Duration = Duration::from_secs(3);

/// How this device is reached on the LAN, and which others it sees there.
#[utoipa::path(get, path = "/api/v1/sharing", tag = "devices",
    responses((status = 200, body = SharingView)), security(("session" = [])))]
pub async fn sharing(State(door): State<Door>, OpenShop(shop): OpenShop) -> ApiResult<Json<SharingView>> {
    let others = door.neighbours();
    run(move || shop.sharing_view(others)).await.map(Json)
}

/// Turns it on or off at once, or names devices that do not announce themselves. At the device itself only: whoever
/// came by the LAN would saw off their own branch, and a stranger with a PIN must not open the door further.
#[utoipa::path(put, path = "/api/v1/sharing", tag = "devices", request_body = ChangeSharing,
    responses((status = 200, body = SharingView), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn change(
    State(door): State<Door>,
    OpenShop(shop): OpenShop,
    Extension(caller): Extension<Caller>,
    Body(form): Body<ChangeSharing>,
) -> ApiResult<Json<SharingView>> {
    if !caller.is_local() {
        return Err(Code::NotHere.into());
    }
    let changed = shop.clone();
    run(move || changed.change_sharing(&form)).await?;
    shop.sharing().settled(PATIENCE).await;
    let others = door.neighbours();
    run(move || shop.sharing_view(others)).await.map(Json)
}
