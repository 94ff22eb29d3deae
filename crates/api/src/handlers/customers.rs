//! Customers and their accounts.

use super::{OpenShop, devices::file, invoices::sheet, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, Page,
    accounts::{
        AccountView, AdjustAccount, AgeingList, PaymentReceipt, ReceivePayment, ReversePayment,
        StatementFilter, StatementView,
    },
    cart::WriteId,
    customers::{
        CustomerBrief, CustomerFilter, CustomerForm, CustomerView, EraseCustomer, HistoryFilter,
        MergeCustomers,
    },
    mail::MailView,
    order_view::OrderView,
    papers::PaperFilter,
    printing::JobView,
    shift_reports::PrintReport,
    statements::MailStatement,
};
use axum::{Extension, Json, http::StatusCode, response::Response};
use domain::ids::CustomerId;

/// Customers, a page at a time, or those that a search finds.
#[utoipa::path(get, path = "/api/v1/customers", tag = "customers", params(CustomerFilter), responses((status = 200, body = Page<CustomerBrief>), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn list(
    OpenShop(shop): OpenShop,
    Params(filter): Params<CustomerFilter>,
) -> ApiResult<Json<Page<CustomerBrief>>> {
    run(move || shop.customers(&filter)).await.map(Json)
}

/// Adds a customer. A guest of whom only one of these phones is known becomes them.
#[utoipa::path(post, path = "/api/v1/customers", tag = "customers", request_body = CustomerForm, responses((status = 201, body = CustomerView), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn add(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<CustomerForm>,
) -> ApiResult<(StatusCode, Json<CustomerView>)> {
    let added = run(move || shop.add_customer(&actor, &request)).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// The types that customers may have.
#[utoipa::path(get, path = "/api/v1/customers/types", tag = "customers", responses((status = 200, body = Page<String>)), security(("session" = [])))]
pub async fn types(OpenShop(shop): OpenShop) -> ApiResult<Json<Page<String>>> {
    run(move || shop.customer_types()).await.map(Json)
}

/// Makes two records one customer.
#[utoipa::path(post, path = "/api/v1/customers/merge", tag = "customers", request_body = MergeCustomers, responses((status = 200, body = CustomerView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn merge(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<MergeCustomers>,
) -> ApiResult<Json<CustomerView>> {
    run(move || shop.merge_customers(&actor, &request))
        .await
        .map(Json)
}

/// All that is known of a customer, or of whoever they were merged into.
#[utoipa::path(get, path = "/api/v1/customers/{id}", tag = "customers", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = CustomerView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn customer(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<CustomerView>> {
    run(move || shop.customer(CustomerId::from_uuid(id)))
        .await
        .map(Json)
}

/// Changes a customer.
#[utoipa::path(put, path = "/api/v1/customers/{id}", tag = "customers", params(("id" = uuid::Uuid, Path)), request_body = CustomerForm, responses((status = 200, body = CustomerView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn edit(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<CustomerForm>,
) -> ApiResult<Json<CustomerView>> {
    run(move || shop.edit_customer(&actor, CustomerId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Takes a customer out of the lists. Their account must be even.
#[utoipa::path(delete, path = "/api/v1/customers/{id}", tag = "customers", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = CustomerView), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn archive(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<CustomerView>> {
    run(move || shop.archive_customer(&actor, CustomerId::from_uuid(id)))
        .await
        .map(Json)
}

/// Brings a customer back.
#[utoipa::path(post, path = "/api/v1/customers/{id}/restore", tag = "customers", params(("id" = uuid::Uuid, Path)), request_body = WriteId, responses((status = 200, body = CustomerView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn restore(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<WriteId>,
) -> ApiResult<Json<CustomerView>> {
    run(move || shop.restore_customer(&actor, CustomerId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Forgets a person for good. Their orders, documents and money stay in the books, without a name.
#[utoipa::path(post, path = "/api/v1/customers/{id}/erase", tag = "customers", params(("id" = uuid::Uuid, Path)), request_body = EraseCustomer, responses((status = 200, body = CustomerView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn erase(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<EraseCustomer>,
) -> ApiResult<Json<CustomerView>> {
    run(move || shop.erase_customer(&actor, CustomerId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// What a customer bought, the newest first.
#[utoipa::path(get, path = "/api/v1/customers/{id}/orders", tag = "customers", params(("id" = uuid::Uuid, Path), HistoryFilter), responses((status = 200, body = Page<OrderView>), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn orders(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Params(filter): Params<HistoryFilter>,
) -> ApiResult<Json<Page<OrderView>>> {
    run(move || shop.customer_orders(&actor, CustomerId::from_uuid(id), &filter))
        .await
        .map(Json)
}

/// What a customer owes, what of it is open, and how old it is.
#[utoipa::path(get, path = "/api/v1/customers/{id}/account", tag = "accounts", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = AccountView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn account(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<AccountView>> {
    run(move || shop.account(CustomerId::from_uuid(id)))
        .await
        .map(Json)
}

/// A customer's account line by line, with the balance after each.
#[utoipa::path(get, path = "/api/v1/customers/{id}/statement", tag = "accounts", params(("id" = uuid::Uuid, Path), StatementFilter), responses((status = 200, body = StatementView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn statement(
    OpenShop(shop): OpenShop,
    Id(id): Id,
    Params(filter): Params<StatementFilter>,
) -> ApiResult<Json<StatementView>> {
    run(move || shop.statement(CustomerId::from_uuid(id), &filter))
        .await
        .map(Json)
}

/// A statement on A4.
#[utoipa::path(get, path = "/api/v1/customers/{id}/statement.pdf", tag = "accounts", params(("id" = uuid::Uuid, Path), StatementFilter), responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn statement_pdf(
    OpenShop(shop): OpenShop,
    Id(id): Id,
    Params(filter): Params<StatementFilter>,
) -> ApiResult<Response> {
    let (_, pdf) = run(move || shop.statement_pdf(CustomerId::from_uuid(id), &filter)).await?;
    Ok(file("application/pdf", pdf))
}

/// Sends a statement by mail.
#[utoipa::path(post, path = "/api/v1/customers/{id}/statement/mail", tag = "accounts", params(("id" = uuid::Uuid, Path)), request_body = MailStatement, responses((status = 202, body = MailView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn mail_statement(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<MailStatement>,
) -> ApiResult<(StatusCode, Json<MailView>)> {
    let letter = run(move || shop.mail_statement(&actor, CustomerId::from_uuid(id), &request)).await?;
    Ok((StatusCode::ACCEPTED, Json(letter)))
}

/// All that the shop knows of one person, in a ZIP: the data as JSON, statement and receipts as PDF.
#[utoipa::path(get, path = "/api/v1/customers/{id}/export", tag = "customers", params(("id" = uuid::Uuid, Path)), responses((status = 200, content_type = "application/zip", body = Vec<u8>), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn export(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Response> {
    let (_, zip) = run(move || shop.export_customer(&actor, CustomerId::from_uuid(id))).await?;
    Ok(file("application/zip", zip))
}

/// Receives money on account and gives a receipt for it.
#[utoipa::path(post, path = "/api/v1/customers/{id}/payments", tag = "accounts", params(("id" = uuid::Uuid, Path)), request_body = ReceivePayment, responses((status = 201, body = PaymentReceipt), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn receive(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<ReceivePayment>,
) -> ApiResult<(StatusCode, Json<PaymentReceipt>)> {
    let receipt = run(move || shop.receive_payment(&actor, CustomerId::from_uuid(id), &request)).await?;
    Ok((StatusCode::CREATED, Json(receipt)))
}

/// One payment on account.
#[utoipa::path(get, path = "/api/v1/accounts/payments/{id}", tag = "accounts", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = PaymentReceipt), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn payment(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<PaymentReceipt>> {
    run(move || shop.payment_receipt(id)).await.map(Json)
}

/// Prints the receipt of a payment on account; papers after the first say which copy they are.
#[utoipa::path(post, path = "/api/v1/accounts/payments/{id}/print", tag = "accounts", params(("id" = uuid::Uuid, Path)), request_body = PrintReport, responses((status = 201, body = JobView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn print_payment(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(form): Body<PrintReport>,
) -> ApiResult<(StatusCode, Json<JobView>)> {
    let job = run(move || shop.print_payment(&actor, id, &form)).await?;
    Ok((StatusCode::CREATED, Json(job)))
}

/// The receipt of a payment on account as a file.
#[utoipa::path(get, path = "/api/v1/accounts/payments/{id}/slip.pdf", tag = "accounts", params(("id" = uuid::Uuid, Path), PaperFilter), responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn payment_pdf(
    OpenShop(shop): OpenShop,
    Id(id): Id,
    Params(filter): Params<PaperFilter>,
) -> ApiResult<Response> {
    run(move || shop.payment_pdf(id, &filter)).await.map(sheet)
}

/// Takes a payment on account back whole.
#[utoipa::path(post, path = "/api/v1/accounts/payments/{id}/reverse", tag = "accounts", params(("id" = uuid::Uuid, Path)), request_body = ReversePayment, responses((status = 200, body = PaymentReceipt), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn reverse(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<ReversePayment>,
) -> ApiResult<Json<PaymentReceipt>> {
    run(move || shop.reverse_payment(&actor, id, &request))
        .await
        .map(Json)
}

/// Corrects an account: an opening balance, a write-off, a correction.
#[utoipa::path(post, path = "/api/v1/customers/{id}/adjustments", tag = "accounts", params(("id" = uuid::Uuid, Path)), request_body = AdjustAccount, responses((status = 200, body = AccountView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn adjust(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<AdjustAccount>,
) -> ApiResult<Json<AccountView>> {
    run(move || shop.adjust_account(&actor, CustomerId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Everybody whose account is not even, with the age of what they owe.
#[utoipa::path(get, path = "/api/v1/accounts/ageing", tag = "accounts", params(HistoryFilter), responses((status = 200, body = AgeingList), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn ageing(
    OpenShop(shop): OpenShop,
    Params(filter): Params<HistoryFilter>,
) -> ApiResult<Json<AgeingList>> {
    run(move || shop.owing(filter.limit, filter.after.as_deref()))
        .await
        .map(Json)
}
