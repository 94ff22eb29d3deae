//! Invoices: orders as documents, corrected, dated, put on A4 and mailed.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, Page,
    instalments::{EqualInstalments, InstalmentForm, SetInstalments},
    invoices::{
        InvoiceFilter, InvoiceView, InvoiceWhole, MailDocument, ReviseInvoice, SetDue, SheetFile, SheetFilter,
    },
    mail::MailView,
};
use axum::{
    Extension, Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::ids::OrderId;

/// A PDF under the name that people would save it by.
pub(super) fn sheet(file: SheetFile) -> Response {
    let named = HeaderValue::from_str(&format!("inline; filename=\"{}\"", file.name))
        // Document numbers are letters, digits and hyphens.
        .unwrap_or(HeaderValue::from_static("inline"));
    let head = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        (header::CONTENT_DISPOSITION, named),
    ];
    (head, file.bytes).into_response()
}

/// Orders as documents, the newest first.
#[utoipa::path(get, path = "/api/v1/invoices", tag = "invoices", params(InvoiceFilter),
    responses((status = 200, body = Page<InvoiceView>), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn list(
    OpenShop(shop): OpenShop,
    Params(filter): Params<InvoiceFilter>,
) -> ApiResult<Json<Page<InvoiceView>>> {
    run(move || shop.invoices(&filter)).await.map(Json)
}

/// One document, every version of it, and where it went.
#[utoipa::path(get, path = "/api/v1/invoices/{id}", tag = "invoices", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = InvoiceWhole), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn invoice(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<InvoiceWhole>> {
    run(move || shop.invoice(OrderId::from_uuid(id))).await.map(Json)
}

/// The document on A4, in the version in force or in an older one; or one of its credit notes.
#[utoipa::path(get, path = "/api/v1/invoices/{id}/sheet.pdf", tag = "invoices",
    params(("id" = uuid::Uuid, Path), SheetFilter),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = 404, body = ErrorBody)),
    security(("session" = [])))]
pub async fn pdf(
    OpenShop(shop): OpenShop,
    Id(id): Id,
    Params(filter): Params<SheetFilter>,
) -> ApiResult<Response> {
    run(move || shop.invoice_pdf(OrderId::from_uuid(id), &filter))
        .await
        .map(sheet)
}

/// Corrects who stands on an issued document, as a numbered revision. What would change its taxes is refused.
#[utoipa::path(post, path = "/api/v1/invoices/{id}/revisions", tag = "invoices", params(("id" = uuid::Uuid, Path)),
    request_body = ReviseInvoice,
    responses((status = 201, body = InvoiceWhole), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn revise(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<ReviseInvoice>,
) -> ApiResult<(StatusCode, Json<InvoiceWhole>)> {
    let invoice = run(move || shop.revise_invoice(&actor, OrderId::from_uuid(id), &request)).await?;
    Ok((StatusCode::CREATED, Json(invoice)))
}

/// Until when it is to be paid.
#[utoipa::path(put, path = "/api/v1/invoices/{id}/due", tag = "invoices", params(("id" = uuid::Uuid, Path)),
    request_body = SetDue,
    responses((status = 200, body = InvoiceWhole), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn set_due(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<SetDue>,
) -> ApiResult<Json<InvoiceWhole>> {
    run(move || shop.set_due(&actor, OrderId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Agrees on instalments for what the order still owes on the customer's account; none takes the agreement back.
#[utoipa::path(put, path = "/api/v1/invoices/{id}/instalments", tag = "invoices", params(("id" = uuid::Uuid, Path)),
    request_body = SetInstalments,
    responses((status = 200, body = InvoiceWhole), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn set_instalments(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<SetInstalments>,
) -> ApiResult<Json<InvoiceWhole>> {
    run(move || shop.set_instalments(&actor, OrderId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// An amount in equal instalments, before anybody agrees on them.
#[utoipa::path(get, path = "/api/v1/tenders/instalments", tag = "invoices", params(EqualInstalments),
    responses((status = 200, body = Vec<InstalmentForm>), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn equal_instalments(
    OpenShop(shop): OpenShop,
    Params(asked): Params<EqualInstalments>,
) -> ApiResult<Json<Vec<InstalmentForm>>> {
    run(move || shop.equal_instalments(&asked)).await.map(Json)
}

/// Puts the document, or one of its credit notes, into the outbox.
#[utoipa::path(post, path = "/api/v1/invoices/{id}/mail", tag = "invoices", params(("id" = uuid::Uuid, Path)),
    request_body = MailDocument,
    responses((status = 202, body = MailView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn mail(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<MailDocument>,
) -> ApiResult<(StatusCode, Json<MailView>)> {
    let mail = run(move || shop.mail_invoice(&actor, OrderId::from_uuid(id), &request)).await?;
    Ok((StatusCode::ACCEPTED, Json(mail)))
}
