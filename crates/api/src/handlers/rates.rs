//! Exchange rates.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Params},
};
use app::{
    Actor, Page,
    rates::{Conversion, ConvertQuery, CurrencyRates, SetRate},
};
use axum::{Extension, Json, http::StatusCode};

/// Every currency that the shop takes or took, with what counts now.
#[utoipa::path(get, path = "/api/v1/rates", tag = "rates",
    responses((status = 200, body = Page<CurrencyRates>)), security(("session" = [])))]
pub async fn list(OpenShop(shop): OpenShop) -> ApiResult<Json<Page<CurrencyRates>>> {
    run(move || shop.rates()).await.map(Json)
}

/// What a currency is worth from now on, or from a moment to come.
#[utoipa::path(post, path = "/api/v1/rates", tag = "rates", request_body = SetRate,
    responses((status = 201, body = CurrencyRates), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn set(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(form): Body<SetRate>,
) -> ApiResult<(StatusCode, Json<CurrencyRates>)> {
    let rates = run(move || shop.set_rate(&actor, &form)).await?;
    Ok((StatusCode::CREATED, Json(rates)))
}

/// What foreign cash pays of what is due, and the change in the shop's currency. Keeps nothing.
#[utoipa::path(get, path = "/api/v1/rates/convert", tag = "rates", params(ConvertQuery),
    responses((status = 200, body = Conversion), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn convert(
    OpenShop(shop): OpenShop,
    Params(query): Params<ConvertQuery>,
) -> ApiResult<Json<Conversion>> {
    run(move || shop.convert(&query)).await.map(Json)
}
