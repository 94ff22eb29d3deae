//! Quotations: a cart as an offer, mailed, taken up again or closed.

use super::{OpenShop, invoices::sheet, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, Page,
    cart::WriteId,
    invoices::MailDocument,
    mail::MailView,
    quotations::{
        CloseQuotation, MakeQuotation, QuotationFilter, QuotationSheet, QuotationView, QuotationWhole,
    },
};
use axum::{Extension, Json, http::StatusCode, response::Response};
use domain::ids::QuotationId;

/// What was offered, the newest first.
#[utoipa::path(get, path = "/api/v1/quotations", tag = "quotations", params(QuotationFilter),
    responses((status = 200, body = Page<QuotationView>), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn list(
    OpenShop(shop): OpenShop,
    Params(filter): Params<QuotationFilter>,
) -> ApiResult<Json<Page<QuotationView>>> {
    run(move || shop.quotations(&filter)).await.map(Json)
}

/// Offers what is in this seat's cart, or makes a new version of an offer of it.
#[utoipa::path(post, path = "/api/v1/quotations", tag = "quotations", request_body = MakeQuotation,
    responses((status = 201, body = QuotationWhole), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn make(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<MakeQuotation>,
) -> ApiResult<(StatusCode, Json<QuotationWhole>)> {
    let made = run(move || shop.make_quotation(&actor, &request)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// One quotation, every version of it, and where it went.
#[utoipa::path(get, path = "/api/v1/quotations/{id}", tag = "quotations", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = QuotationWhole), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn quotation(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<QuotationWhole>> {
    run(move || shop.quotation(QuotationId::from_uuid(id)))
        .await
        .map(Json)
}

/// The quotation on A4.
#[utoipa::path(get, path = "/api/v1/quotations/{id}/sheet.pdf", tag = "quotations",
    params(("id" = uuid::Uuid, Path), QuotationSheet),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = 404, body = ErrorBody)),
    security(("session" = [])))]
pub async fn pdf(
    OpenShop(shop): OpenShop,
    Id(id): Id,
    Params(filter): Params<QuotationSheet>,
) -> ApiResult<Response> {
    run(move || shop.quotation_pdf(QuotationId::from_uuid(id), &filter))
        .await
        .map(sheet)
}

/// The guest says yes: its lines are this seat's cart, at the quoted prices.
#[utoipa::path(post, path = "/api/v1/quotations/{id}/accept", tag = "quotations", params(("id" = uuid::Uuid, Path)),
    request_body = WriteId,
    responses((status = 200, body = QuotationWhole), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn accept(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<WriteId>,
) -> ApiResult<Json<QuotationWhole>> {
    run(move || shop.accept_quotation(&actor, QuotationId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// The guest says no, or the shop takes it back.
#[utoipa::path(post, path = "/api/v1/quotations/{id}/close", tag = "quotations", params(("id" = uuid::Uuid, Path)),
    request_body = CloseQuotation,
    responses((status = 200, body = QuotationWhole), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn close(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<CloseQuotation>,
) -> ApiResult<Json<QuotationWhole>> {
    run(move || shop.close_quotation(&actor, QuotationId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Puts the quotation into the outbox.
#[utoipa::path(post, path = "/api/v1/quotations/{id}/mail", tag = "quotations", params(("id" = uuid::Uuid, Path)),
    request_body = MailDocument,
    responses((status = 202, body = MailView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn mail(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<MailDocument>,
) -> ApiResult<(StatusCode, Json<MailView>)> {
    let mail = run(move || shop.mail_quotation(&actor, QuotationId::from_uuid(id), &request)).await?;
    Ok((StatusCode::ACCEPTED, Json(mail)))
}
