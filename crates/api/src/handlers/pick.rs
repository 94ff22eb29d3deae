//! What is open to prepare or to hand over.

use super::{OpenShop, run};
use crate::error::{ApiResult, ErrorBody};
use app::pick::PickView;
use axum::Json;

/// The open orders of this branch with what is left of each: numbers and goods, no names and no prices. For a browser
/// whose link is for it, and for whoever may read orders.
#[utoipa::path(get, path = "/api/v1/pick", tag = "orders",
    responses((status = 200, body = PickView), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)),
    security(("session" = [])))]
pub async fn pick(OpenShop(shop): OpenShop) -> ApiResult<Json<PickView>> {
    run(move || shop.pick_list()).await.map(Json)
}
