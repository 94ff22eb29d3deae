//! The outbox, and where its letters are handed in.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, Page,
    cart::WriteId,
    mail::{ChangeMailServer, MailFilter, MailServerView, MailTested, MailView, RetryMail, TestMail},
};
use axum::{Extension, Json};

/// What waits, what went and what did not, the newest first.
#[utoipa::path(get, path = "/api/v1/mail/outbox", tag = "mail", params(MailFilter),
    responses((status = 200, body = Page<MailView>), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn outbox(
    OpenShop(shop): OpenShop,
    Params(filter): Params<MailFilter>,
) -> ApiResult<Json<Page<MailView>>> {
    run(move || shop.mails(&filter)).await.map(Json)
}

/// Tries a letter again at once, perhaps to another address.
#[utoipa::path(post, path = "/api/v1/mail/outbox/{id}/retry", tag = "mail", params(("id" = uuid::Uuid, Path)),
    request_body = RetryMail,
    responses((status = 200, body = MailView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn retry(
    OpenShop(shop): OpenShop,
    Id(id): Id,
    Body(request): Body<RetryMail>,
) -> ApiResult<Json<MailView>> {
    run(move || shop.retry_mail(id, &request)).await.map(Json)
}

/// Gives a letter up.
#[utoipa::path(post, path = "/api/v1/mail/outbox/{id}/discard", tag = "mail", params(("id" = uuid::Uuid, Path)),
    request_body = WriteId,
    responses((status = 200, body = MailView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn discard(
    OpenShop(shop): OpenShop,
    Id(id): Id,
    Body(request): Body<WriteId>,
) -> ApiResult<Json<MailView>> {
    run(move || shop.discard_mail(id, &request)).await.map(Json)
}

/// Where mail is handed in. The password is never told.
#[utoipa::path(get, path = "/api/v1/mail/server", tag = "mail",
    responses((status = 200, body = MailServerView)), security(("session" = [])))]
pub async fn server(OpenShop(shop): OpenShop) -> ApiResult<Json<MailServerView>> {
    run(move || shop.mail_server()).await.map(Json)
}

/// Says where mail is handed in; everything that waited goes.
#[utoipa::path(put, path = "/api/v1/mail/server", tag = "mail", request_body = ChangeMailServer,
    responses((status = 200, body = MailServerView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn change_server(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<ChangeMailServer>,
) -> ApiResult<Json<MailServerView>> {
    run(move || shop.change_mail_server(&actor, &request))
        .await
        .map(Json)
}

/// Greets the server, and writes a letter when somebody is named.
#[utoipa::path(post, path = "/api/v1/mail/server/test", tag = "mail", request_body = TestMail,
    responses((status = 200, body = MailTested), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn test(OpenShop(shop): OpenShop, Body(request): Body<TestMail>) -> ApiResult<Json<MailTested>> {
    run(move || shop.test_mail(&request)).await.map(Json)
}
