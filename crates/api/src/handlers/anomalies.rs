//! What devices did apart from each other and cannot both be right.

use super::{OpenShop, run};
use crate::error::ApiResult;
use app::{Page, anomalies::AnomalyView};
use axum::Json;

/// Orders given out or paid back twice, limits passed, shared barcodes and forked devices. The rest goes on meanwhile.
#[utoipa::path(get, path = "/api/v1/anomalies", tag = "devices",
    responses((status = 200, body = Page<AnomalyView>)), security(("session" = [])))]
pub async fn list(OpenShop(shop): OpenShop) -> ApiResult<Json<Page<AnomalyView>>> {
    run(move || shop.anomalies()).await.map(Json)
}
