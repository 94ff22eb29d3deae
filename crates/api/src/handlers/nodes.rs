//! What the devices of one branch ask each other, signed by their keys: who has an order, and what was done with it.

use super::{OpenShop, exchange, run};
use crate::error::{ApiError, ApiResult, ErrorBody};
use app::{
    AppError, Code, Shop,
    authority::{ClaimAsk, ClaimRelease, ClaimReply, Deeds},
    lead::{Beat, LeadReply, VoteAsk},
    letters::{self, Envelope},
    print_elsewhere::{OffersAsk, PrintAsk, PrintReply, PrinterOffers},
    shared_carts::{CartList, CartReport, CartTake, CartTaken},
};
use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::ids::DeviceId;
use journal::exchange::DIGEST;
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// Another device asks for an order.
#[utoipa::path(post, path = "/api/v1/nodes/claims", tag = "nodes", request_body = ClaimAsk,
    responses((status = 200, body = ClaimReply), (status = 401, body = ErrorBody)))]
pub async fn claim(OpenShop(shop): OpenShop, headers: HeaderMap, body: Body) -> ApiResult<Response> {
    answer(shop, headers, body, |shop, device, ask: ClaimAsk| {
        shop.decide_claim(device, &ask)
    })
    .await
}

/// Another device gives an order back.
#[utoipa::path(post, path = "/api/v1/nodes/releases", tag = "nodes", request_body = ClaimRelease,
    responses((status = 200, body = String, content_type = "application/octet-stream"), (status = 401, body = ErrorBody)))]
pub async fn release(OpenShop(shop): OpenShop, headers: HeaderMap, body: Body) -> ApiResult<Response> {
    answer(shop, headers, body, |shop, device, release: ClaimRelease| {
        shop.hear_release(device, &release)
    })
    .await
}

/// Another device tells what it did.
#[utoipa::path(post, path = "/api/v1/nodes/deeds", tag = "nodes", request_body = Deeds,
    responses((status = 200, body = String, content_type = "application/octet-stream"), (status = 401, body = ErrorBody)))]
pub async fn deeds(OpenShop(shop): OpenShop, headers: HeaderMap, body: Body) -> ApiResult<Response> {
    answer(shop, headers, body, |shop, device, deeds: Deeds| {
        shop.hear_deeds(device, &deeds)
    })
    .await
}

/// Another device leads the branch.
#[utoipa::path(post, path = "/api/v1/nodes/beats", tag = "nodes", request_body = Beat,
    responses((status = 200, body = LeadReply), (status = 401, body = ErrorBody)))]
pub async fn beat(OpenShop(shop): OpenShop, headers: HeaderMap, body: Body) -> ApiResult<Response> {
    answer(shop, headers, body, |shop, device, beat: Beat| {
        shop.hear_beat(device, &beat)
    })
    .await
}

/// Another device wants to lead the branch.
#[utoipa::path(post, path = "/api/v1/nodes/votes", tag = "nodes", request_body = VoteAsk,
    responses((status = 200, body = LeadReply), (status = 401, body = ErrorBody)))]
pub async fn vote(OpenShop(shop): OpenShop, headers: HeaderMap, body: Body) -> ApiResult<Response> {
    answer(shop, headers, body, |shop, device, ask: VoteAsk| {
        shop.hear_vote(device, &ask)
    })
    .await
}

/// Another device reports its parked carts and hears of the others'.
#[utoipa::path(post, path = "/api/v1/nodes/carts", tag = "nodes", request_body = CartReport,
    responses((status = 200, body = CartList), (status = 401, body = ErrorBody)))]
pub async fn carts(OpenShop(shop): OpenShop, headers: HeaderMap, body: Body) -> ApiResult<Response> {
    answer(shop, headers, body, |shop, device, report: CartReport| {
        shop.hear_carts(device, &report)
    })
    .await
}

/// Another device wants a cart, or to pay the one it has.
#[utoipa::path(post, path = "/api/v1/nodes/takes", tag = "nodes", request_body = CartTake,
    responses((status = 200, body = CartTaken), (status = 401, body = ErrorBody)))]
pub async fn take(OpenShop(shop): OpenShop, headers: HeaderMap, body: Body) -> ApiResult<Response> {
    answer(shop, headers, body, |shop, device, ask: CartTake| {
        shop.decide_cart(device, &ask)
    })
    .await
}

/// Another device wants something printed here, or to know how far it is. The answer waits a moment for news.
#[utoipa::path(post, path = "/api/v1/nodes/prints", tag = "nodes", request_body = PrintAsk,
    responses((status = 200, body = PrintReply), (status = 401, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn print(OpenShop(shop): OpenShop, headers: HeaderMap, body: Body) -> ApiResult<Response> {
    answer(shop, headers, body, |shop, device, ask: PrintAsk| {
        shop.hear_print(device, &ask)
    })
    .await
}

/// Another device asks with what it could print here.
#[utoipa::path(post, path = "/api/v1/nodes/printers", tag = "nodes", request_body = OffersAsk,
    responses((status = 200, body = PrinterOffers), (status = 401, body = ErrorBody)))]
pub async fn printers(OpenShop(shop): OpenShop, headers: HeaderMap, body: Body) -> ApiResult<Response> {
    answer(shop, headers, body, |shop, _, _: OffersAsk| shop.offer_printers()).await
}

/// Opens the letter, does the work, and signs the answer to that very letter.
async fn answer<Q, A>(
    shop: Arc<Shop>,
    headers: HeaderMap,
    body: Body,
    work: impl FnOnce(&Shop, DeviceId, Q) -> app::Result<A> + Send + 'static,
) -> ApiResult<Response>
where
    Q: DeserializeOwned,
    A: Serialize,
{
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let letter = Envelope::read(text(letters::DEVICE), text(DIGEST), text(letters::SIGNATURE))
        .ok_or(ApiError(AppError::new(Code::SignedOut)))?;
    let known = shop.clone();
    let (device, letter) = run(move || Ok((known.sender_of(&letter)?, letter))).await?;
    let body = exchange::read(&headers, body, exchange::LETTER, &letter.digest).await?;
    let (bytes, device, signature) = run(move || {
        let asked: Q =
            serde_json::from_slice(&body).map_err(|e| AppError::new(Code::Malformed).because(e))?;
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
