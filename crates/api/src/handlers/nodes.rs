//! What the devices of one branch ask each other, signed by their keys: who has an order, and what was done with it.

use super::{OpenShop, run};
use crate::error::{ApiError, ApiResult, ErrorBody};
use app::{
    AppError, Code, Shop,
    authority::{ClaimAsk, ClaimRelease, ClaimReply, Deeds},
    letters::{self, Letter},
};
use axum::{
    body::Bytes,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::ids::DeviceId;
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// Another device asks for an order.
#[utoipa::path(post, path = "/api/v1/nodes/claims", tag = "nodes", request_body = ClaimAsk,
    responses((status = 200, body = ClaimReply), (status = 401, body = ErrorBody)))]
pub async fn claim(OpenShop(shop): OpenShop, headers: HeaderMap, body: Bytes) -> ApiResult<Response> {
    answer(shop, headers, body, |shop, device, ask: ClaimAsk| {
        shop.decide_claim(device, &ask)
    })
    .await
}

/// Another device gives an order back.
#[utoipa::path(post, path = "/api/v1/nodes/releases", tag = "nodes", request_body = ClaimRelease,
    responses((status = 200), (status = 401, body = ErrorBody)))]
pub async fn release(OpenShop(shop): OpenShop, headers: HeaderMap, body: Bytes) -> ApiResult<Response> {
    answer(shop, headers, body, |shop, device, release: ClaimRelease| {
        shop.hear_release(device, &release)
    })
    .await
}

/// Another device tells what it did.
#[utoipa::path(post, path = "/api/v1/nodes/deeds", tag = "nodes", request_body = Deeds,
    responses((status = 200), (status = 401, body = ErrorBody)))]
pub async fn deeds(OpenShop(shop): OpenShop, headers: HeaderMap, body: Bytes) -> ApiResult<Response> {
    answer(shop, headers, body, |shop, device, deeds: Deeds| {
        shop.hear_deeds(device, &deeds)
    })
    .await
}

/// Opens the letter, does the work, and signs the answer to that very letter.
async fn answer<Q, A>(
    shop: Arc<Shop>,
    headers: HeaderMap,
    body: Bytes,
    work: impl FnOnce(&Shop, DeviceId, Q) -> app::Result<A> + Send + 'static,
) -> ApiResult<Response>
where
    Q: DeserializeOwned,
    A: Serialize,
{
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let letter = Letter::read(text(letters::DEVICE), text(letters::SIGNATURE), body.to_vec())
        .ok_or(ApiError(AppError::new(Code::SignedOut)))?;
    let (bytes, device, signature) = run(move || {
        let device = shop.sender_of(&letter)?;
        let asked: Q =
            serde_json::from_slice(&letter.body).map_err(|e| AppError::new(Code::Malformed).because(e))?;
        let answer = work(&shop, device, asked)?;
        let bytes = serde_json::to_vec(&answer).map_err(|e| AppError::new(Code::Broken).caused(e))?;
        let signature = shop.sign_answer(&letter, &bytes)?;
        Ok((bytes, shop.identity().device.to_string(), signature))
    })
    .await?;
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/json".to_owned()),
        (letters::DEVICE, device),
        (letters::SIGNATURE, signature),
    ];
    Ok((StatusCode::OK, headers, bytes).into_response())
}
