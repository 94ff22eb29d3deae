//! Typed settings.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::Body,
};
use app::{
    Actor, Page,
    settings::{ChangeSetting, SettingView},
};
use axum::{Extension, Json, extract::Path};

/// Every setting with its value, its default and what it may be.
#[utoipa::path(get, path = "/api/v1/settings", tag = "settings",
    responses((status = 200, body = Page<SettingView>)), security(("session" = [])))]
pub async fn list(OpenShop(shop): OpenShop) -> Json<Page<SettingView>> {
    Json(shop.setting_list())
}

/// Changes one setting.
#[utoipa::path(put, path = "/api/v1/settings/{key}", tag = "settings", params(("key" = String, Path)),
    request_body = ChangeSetting,
    responses((status = 200, body = SettingView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn change(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Path(key): Path<String>,
    Body(request): Body<ChangeSetting>,
) -> ApiResult<Json<SettingView>> {
    run(move || shop.change_setting(&actor, &key, &request))
        .await
        .map(Json)
}
