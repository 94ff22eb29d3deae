//! Typed settings.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Params},
};
use app::{
    Actor, Page,
    settings::{ChangeSetting, SettingAt, SettingView},
};
use axum::{Extension, Json, extract::Path};

/// Every setting with its value, its default and what it may be.
#[utoipa::path(get, path = "/api/v1/settings", tag = "settings",
    params(SettingAt), responses((status = 200, body = Page<SettingView>), (status = 404, body = ErrorBody)),
    security(("session" = [])))]
pub async fn list(
    OpenShop(shop): OpenShop,
    Params(at): Params<SettingAt>,
) -> ApiResult<Json<Page<SettingView>>> {
    run(move || shop.setting_list_at(&at)).await.map(Json)
}

/// Changes one setting.
#[utoipa::path(put, path = "/api/v1/settings/{key}", tag = "settings", params(("key" = String, Path), SettingAt),
    request_body = ChangeSetting,
    responses((status = 200, body = SettingView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn change(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Path(key): Path<String>,
    Params(at): Params<SettingAt>,
    Body(request): Body<ChangeSetting>,
) -> ApiResult<Json<SettingView>> {
    run(move || shop.change_setting_at(&actor, &key, &at, &request))
        .await
        .map(Json)
}
