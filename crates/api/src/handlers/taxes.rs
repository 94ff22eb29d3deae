//! Taxes: classes, numbers, trying out, and what is told to the tax office.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, Page,
    cart::WriteId,
    gstr1::{GstPeriod, Gstr1View, TaxPeriod, TaxReportView},
    tax_classes::{
        AssignTaxClass, Assigned, GstinView, TaxClassForm, TaxClassVersion, TaxClassView, TaxIdentityForm,
        TaxIdentityView, TaxesView, TriedTaxes, TryTaxes, gstin,
    },
};
use axum::{
    Extension, Json,
    extract::Path,
    http::{StatusCode, header},
    response::IntoResponse,
};
use domain::ids::{TaxClassId, TaxIdentityId};
use serde::Deserialize;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Archived {
    /// Archived classes too.
    pub archived: Option<bool>,
}

/// The shop's tax classes, and what decides whether it charges tax.
#[utoipa::path(get, path = "/api/v1/taxes", tag = "taxes", params(Archived),
    responses((status = 200, body = TaxesView)), security(("session" = [])))]
pub async fn taxes(OpenShop(shop): OpenShop, Params(filter): Params<Archived>) -> ApiResult<Json<TaxesView>> {
    run(move || shop.taxes(filter.archived.unwrap_or(false)))
        .await
        .map(Json)
}

/// Adds a class of the shop's own.
#[utoipa::path(post, path = "/api/v1/taxes/classes", tag = "taxes", request_body = TaxClassForm,
    responses((status = 201, body = TaxClassView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn add_class(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<TaxClassForm>,
) -> ApiResult<(StatusCode, Json<TaxClassView>)> {
    let class = run(move || shop.add_tax_class(&actor, &request)).await?;
    Ok((StatusCode::CREATED, Json(class)))
}

/// Changes a class; what was sold keeps its taxes, and the old rules stay in its history.
#[utoipa::path(put, path = "/api/v1/taxes/classes/{id}", tag = "taxes", params(("id" = uuid::Uuid, Path)),
    request_body = TaxClassForm,
    responses((status = 200, body = TaxClassView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn edit_class(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<TaxClassForm>,
) -> ApiResult<Json<TaxClassView>> {
    run(move || shop.edit_tax_class(&actor, TaxClassId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Archives a class that nothing names.
#[utoipa::path(delete, path = "/api/v1/taxes/classes/{id}", tag = "taxes", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = TaxClassView), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn archive_class(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<TaxClassView>> {
    run(move || shop.archive_tax_class(&actor, TaxClassId::from_uuid(id)))
        .await
        .map(Json)
}

/// Takes a class out of the archive.
#[utoipa::path(post, path = "/api/v1/taxes/classes/{id}/restore", tag = "taxes", params(("id" = uuid::Uuid, Path)),
    request_body = WriteId,
    responses((status = 200, body = TaxClassView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn restore_class(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<WriteId>,
) -> ApiResult<Json<TaxClassView>> {
    run(move || shop.restore_tax_class(&actor, TaxClassId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Every version of a class, the newest first.
#[utoipa::path(get, path = "/api/v1/taxes/classes/{id}/history", tag = "taxes", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Page<TaxClassVersion>), (status = 404, body = ErrorBody)),
    security(("session" = [])))]
pub async fn history(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<Page<TaxClassVersion>>> {
    run(move || shop.tax_class_history(TaxClassId::from_uuid(id)))
        .await
        .map(Json)
}

/// Gives many products a class at once.
#[utoipa::path(post, path = "/api/v1/taxes/classes/{id}/assign", tag = "taxes", params(("id" = uuid::Uuid, Path)),
    request_body = AssignTaxClass,
    responses((status = 200, body = Assigned), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn assign(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<AssignTaxClass>,
) -> ApiResult<Json<Assigned>> {
    run(move || shop.assign_tax_class(&actor, TaxClassId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Adds the classes of the country's pack that are not here yet.
#[utoipa::path(post, path = "/api/v1/taxes/pack", tag = "taxes", request_body = WriteId,
    responses((status = 200, body = Assigned), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn add_pack(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<WriteId>,
) -> ApiResult<Json<Assigned>> {
    run(move || shop.add_tax_pack(&actor, &request)).await.map(Json)
}

/// What a line would have for taxes. Writes nothing.
#[utoipa::path(post, path = "/api/v1/taxes/preview", tag = "taxes", request_body = TryTaxes,
    responses((status = 200, body = TriedTaxes), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn preview(OpenShop(shop): OpenShop, Body(request): Body<TryTaxes>) -> ApiResult<Json<TriedTaxes>> {
    run(move || shop.try_taxes(&request)).await.map(Json)
}

/// The shop's tax numbers with their days.
#[utoipa::path(get, path = "/api/v1/taxes/identities", tag = "taxes",
    responses((status = 200, body = Page<TaxIdentityView>)), security(("session" = [])))]
pub async fn identities(OpenShop(shop): OpenShop) -> ApiResult<Json<Page<TaxIdentityView>>> {
    run(move || shop.tax_identities()).await.map(Json)
}

/// Adds a tax number.
#[utoipa::path(post, path = "/api/v1/taxes/identities", tag = "taxes", request_body = TaxIdentityForm,
    responses((status = 201, body = Page<TaxIdentityView>), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn add_identity(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<TaxIdentityForm>,
) -> ApiResult<(StatusCode, Json<Page<TaxIdentityView>>)> {
    let all = run(move || shop.add_tax_identity(&actor, &request)).await?;
    Ok((StatusCode::CREATED, Json(all)))
}

/// Changes a tax number or its days. Documents keep what they say.
#[utoipa::path(put, path = "/api/v1/taxes/identities/{id}", tag = "taxes", params(("id" = uuid::Uuid, Path)),
    request_body = TaxIdentityForm,
    responses((status = 200, body = Page<TaxIdentityView>), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn edit_identity(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<TaxIdentityForm>,
) -> ApiResult<Json<Page<TaxIdentityView>>> {
    run(move || shop.edit_tax_identity(&actor, TaxIdentityId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Removes a tax number that was a mistake.
#[utoipa::path(delete, path = "/api/v1/taxes/identities/{id}", tag = "taxes", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Page<TaxIdentityView>), (status = 404, body = ErrorBody)),
    security(("session" = [])))]
pub async fn remove_identity(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<Page<TaxIdentityView>>> {
    run(move || shop.remove_tax_identity(&actor, TaxIdentityId::from_uuid(id)))
        .await
        .map(Json)
}

/// Checks a GSTIN by its check character, and says which State stands in it.
#[utoipa::path(get, path = "/api/v1/gstin/{number}", tag = "taxes", params(("number" = String, Path)),
    responses((status = 200, body = GstinView)), security(("session" = [])))]
pub async fn check_gstin(Path(number): Path<String>) -> Json<GstinView> {
    Json(gstin(&number))
}

/// What every tax came to over some days.
#[utoipa::path(get, path = "/api/v1/reports/tax", tag = "taxes", params(TaxPeriod),
    responses((status = 200, body = TaxReportView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn report(
    OpenShop(shop): OpenShop,
    Params(period): Params<TaxPeriod>,
) -> ApiResult<Json<TaxReportView>> {
    run(move || shop.tax_report(&period)).await.map(Json)
}

/// The figures of GSTR-1 for a month.
#[utoipa::path(get, path = "/api/v1/reports/gstr1", tag = "taxes", params(GstPeriod),
    responses((status = 200, body = Gstr1View), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn gstr1(
    OpenShop(shop): OpenShop,
    Params(period): Params<GstPeriod>,
) -> ApiResult<Json<Gstr1View>> {
    run(move || shop.gstr1(&period)).await.map(Json)
}

/// GSTR-1 as the portal's offline tools read it.
#[utoipa::path(get, path = "/api/v1/reports/gstr1.json", tag = "taxes", params(GstPeriod),
    responses((status = 200, body = Object), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn gstr1_json(
    OpenShop(shop): OpenShop,
    Params(period): Params<GstPeriod>,
) -> ApiResult<impl IntoResponse> {
    let name = attachment(&period, "json");
    let file = run(move || shop.gstr1_file(&period)).await?;
    Ok(([(header::CONTENT_DISPOSITION, name)], Json(file)))
}

/// GSTR-1 as a spreadsheet.
#[utoipa::path(get, path = "/api/v1/reports/gstr1.xlsx", tag = "taxes", params(GstPeriod),
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
              (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn gstr1_xlsx(
    OpenShop(shop): OpenShop,
    Params(period): Params<GstPeriod>,
) -> ApiResult<impl IntoResponse> {
    let name = attachment(&period, "xlsx");
    let file = run(move || shop.gstr1_spreadsheet(&period)).await?;
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".to_owned();
    Ok((
        [(header::CONTENT_DISPOSITION, name), (header::CONTENT_TYPE, kind)],
        file,
    ))
}

fn attachment(period: &GstPeriod, ending: &str) -> String {
    let month: String = period
        .month
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == '-')
        .collect();
    format!("attachment; filename=\"gstr1-{month}.{ending}\"")
}
