//! Payments through gateways.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, Page,
    payments::{
        AnswerPayment, GatewayView, MethodFilter, MethodTotal, PaymentFilter, PaymentView, RefundPayment,
        StartPayment,
    },
};
use axum::{Extension, Json, http::StatusCode};
use domain::ids::PaymentId;

/// Has a gateway charge for a cart or an order. The answer comes at once and says pending; what becomes of it is told
/// live. The same id is the same payment and is never charged twice.
#[utoipa::path(post, path = "/api/v1/payments", tag = "payments", request_body = StartPayment,
    responses((status = 201, body = PaymentView), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn start(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(form): Body<StartPayment>,
) -> ApiResult<(StatusCode, Json<PaymentView>)> {
    let payment = run(move || shop.start_payment(&actor, &form)).await?;
    Ok((StatusCode::CREATED, Json(payment)))
}

/// Payments, the newest first; with `attention` only those that somebody must look at.
#[utoipa::path(get, path = "/api/v1/payments", tag = "payments", params(PaymentFilter),
    responses((status = 200, body = Page<PaymentView>)), security(("session" = [])))]
pub async fn list(
    OpenShop(shop): OpenShop,
    Params(filter): Params<PaymentFilter>,
) -> ApiResult<Json<Page<PaymentView>>> {
    run(move || shop.payments(&filter)).await.map(Json)
}

/// The gateways that can be asked here, with the methods they take.
#[utoipa::path(get, path = "/api/v1/payments/gateways", tag = "payments",
    responses((status = 200, body = Vec<GatewayView>)), security(("session" = [])))]
pub async fn gateways(OpenShop(shop): OpenShop) -> ApiResult<Json<Vec<GatewayView>>> {
    run(move || Ok(shop.gateways())).await.map(Json)
}

/// What was taken by each method on some business days.
#[utoipa::path(get, path = "/api/v1/payments/methods", tag = "payments", params(MethodFilter),
    responses((status = 200, body = Vec<MethodTotal>), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn methods(
    OpenShop(shop): OpenShop,
    Params(filter): Params<MethodFilter>,
) -> ApiResult<Json<Vec<MethodTotal>>> {
    run(move || shop.taken_by_method(&filter)).await.map(Json)
}

/// One payment with all that became known of it.
#[utoipa::path(get, path = "/api/v1/payments/{id}", tag = "payments", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = PaymentView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn payment(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<PaymentView>> {
    run(move || shop.payment(PaymentId::from_uuid(id)))
        .await
        .map(Json)
}

/// Asks the gateway now what became of it. Moves no money.
#[utoipa::path(post, path = "/api/v1/payments/{id}/ask", tag = "payments", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = PaymentView), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn ask(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<PaymentView>> {
    run(move || shop.ask_payment(PaymentId::from_uuid(id)))
        .await
        .map(Json)
}

/// Calls it off if the gateway still can.
#[utoipa::path(post, path = "/api/v1/payments/{id}/cancel", tag = "payments", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = PaymentView), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn cancel(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<PaymentView>> {
    run(move || shop.cancel_payment(PaymentId::from_uuid(id)))
        .await
        .map(Json)
}

/// A person says what the machine shows, while the gateway does not say it.
#[utoipa::path(post, path = "/api/v1/payments/{id}/answer", tag = "payments", params(("id" = uuid::Uuid, Path)),
    request_body = AnswerPayment,
    responses((status = 200, body = PaymentView), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn answer(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(form): Body<AnswerPayment>,
) -> ApiResult<Json<PaymentView>> {
    run(move || shop.answer_payment(&actor, PaymentId::from_uuid(id), &form))
        .await
        .map(Json)
}

/// Pays back what was charged and no sale stands on, or what was charged too much.
#[utoipa::path(post, path = "/api/v1/payments/{id}/refund", tag = "payments", params(("id" = uuid::Uuid, Path)),
    request_body = RefundPayment,
    responses((status = 200, body = PaymentView), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn refund(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(form): Body<RefundPayment>,
) -> ApiResult<Json<PaymentView>> {
    run(move || shop.refund_payment(&actor, PaymentId::from_uuid(id), &form))
        .await
        .map(Json)
}
