//! What else a product is made of: brands, modifiers, variants, pictures, and all that can be chosen about it.

use super::{OpenShop, catalog::ArchivedToo, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, AppError, Code, Page,
    brands::{BrandForm, BrandView},
    cart::WriteId,
    choices::{ChoicesFor, ChoicesView, MakeVariants},
    labels::{LabelSheets, LabelsQueued, PrintLabels},
    modifiers::{ModifierGroupForm, ModifierGroupView},
    pictures::PictureView,
    runs::{RunUndone, RunView},
};
use axum::{
    Extension, Json,
    body::Bytes,
    extract::rejection::BytesRejection,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::ids::{BrandId, CommandId, ModifierGroupId, PictureId, ProductId};
use serde::Deserialize;

/// What can be chosen about a product before it is sold: units, price levels, modifiers, variants, parts.
#[utoipa::path(get, path = "/api/v1/products/{id}/choices", tag = "catalog", params(("id" = uuid::Uuid, Path), ChoicesFor), responses((status = 200, body = ChoicesView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn choices(
    OpenShop(shop): OpenShop,
    Id(id): Id,
    Params(asked): Params<ChoicesFor>,
) -> ApiResult<Json<ChoicesView>> {
    run(move || shop.choices(ProductId::from_uuid(id), &asked))
        .await
        .map(Json)
}

/// Says what there is to choose about a product, and makes the variants that are missing.
#[utoipa::path(post, path = "/api/v1/products/{id}/variants", tag = "catalog", params(("id" = uuid::Uuid, Path)), request_body = MakeVariants, responses((status = 200, body = ChoicesView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn make_variants(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<MakeVariants>,
) -> ApiResult<Json<ChoicesView>> {
    run(move || shop.make_variants(&actor, ProductId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// The shop's brands by name.
#[utoipa::path(get, path = "/api/v1/brands", tag = "catalog", params(ArchivedToo), responses((status = 200, body = Page<BrandView>), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn brands(
    OpenShop(shop): OpenShop,
    Params(filter): Params<ArchivedToo>,
) -> ApiResult<Json<Page<BrandView>>> {
    run(move || shop.brands(filter.archived)).await.map(Json)
}

/// Adds a brand.
#[utoipa::path(post, path = "/api/v1/brands", tag = "catalog", request_body = BrandForm, responses((status = 201, body = BrandView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn add_brand(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<BrandForm>,
) -> ApiResult<(StatusCode, Json<BrandView>)> {
    let added = run(move || shop.add_brand(&actor, &request)).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// Changes a brand.
#[utoipa::path(put, path = "/api/v1/brands/{id}", tag = "catalog", params(("id" = uuid::Uuid, Path)), request_body = BrandForm, responses((status = 200, body = BrandView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn edit_brand(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<BrandForm>,
) -> ApiResult<Json<BrandView>> {
    run(move || shop.edit_brand(&actor, BrandId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Archives a brand that no product has.
#[utoipa::path(delete, path = "/api/v1/brands/{id}", tag = "catalog", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = BrandView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn archive_brand(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<BrandView>> {
    run(move || shop.archive_brand(&actor, BrandId::from_uuid(id)))
        .await
        .map(Json)
}

/// Brings a brand back from the archive.
#[utoipa::path(post, path = "/api/v1/brands/{id}/restore", tag = "catalog", params(("id" = uuid::Uuid, Path)), request_body = WriteId, responses((status = 200, body = BrandView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn restore_brand(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(_request): Body<WriteId>,
) -> ApiResult<Json<BrandView>> {
    run(move || shop.restore_brand(&actor, BrandId::from_uuid(id)))
        .await
        .map(Json)
}

/// The groups of modifiers, in the shop's order.
#[utoipa::path(get, path = "/api/v1/modifier-groups", tag = "catalog", params(ArchivedToo), responses((status = 200, body = Page<ModifierGroupView>), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn modifier_groups(
    OpenShop(shop): OpenShop,
    Params(filter): Params<ArchivedToo>,
) -> ApiResult<Json<Page<ModifierGroupView>>> {
    run(move || shop.modifier_groups(filter.archived)).await.map(Json)
}

/// Adds a group of modifiers.
#[utoipa::path(post, path = "/api/v1/modifier-groups", tag = "catalog", request_body = ModifierGroupForm, responses((status = 201, body = ModifierGroupView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn add_modifier_group(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<ModifierGroupForm>,
) -> ApiResult<(StatusCode, Json<ModifierGroupView>)> {
    let added = run(move || shop.add_modifier_group(&actor, &request)).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// Changes a group of modifiers.
#[utoipa::path(put, path = "/api/v1/modifier-groups/{id}", tag = "catalog", params(("id" = uuid::Uuid, Path)), request_body = ModifierGroupForm, responses((status = 200, body = ModifierGroupView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn edit_modifier_group(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<ModifierGroupForm>,
) -> ApiResult<Json<ModifierGroupView>> {
    run(move || shop.edit_modifier_group(&actor, ModifierGroupId::from_uuid(id), &request))
        .await
        .map(Json)
}

/// Archives a group of modifiers that no product has.
#[utoipa::path(delete, path = "/api/v1/modifier-groups/{id}", tag = "catalog", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = ModifierGroupView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn archive_modifier_group(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<ModifierGroupView>> {
    run(move || shop.archive_modifier_group(&actor, ModifierGroupId::from_uuid(id)))
        .await
        .map(Json)
}

/// Brings a group of modifiers back from the archive.
#[utoipa::path(post, path = "/api/v1/modifier-groups/{id}/restore", tag = "catalog", params(("id" = uuid::Uuid, Path)), request_body = WriteId, responses((status = 200, body = ModifierGroupView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn restore_modifier_group(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(_request): Body<WriteId>,
) -> ApiResult<Json<ModifierGroupView>> {
    run(move || shop.restore_modifier_group(&actor, ModifierGroupId::from_uuid(id)))
        .await
        .map(Json)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NewPicture {
    /// Made by the client.
    pub id: uuid::Uuid,
}

/// Keeps a picture of at most 200 kB, WebP, PNG or JPEG: the body is the file itself.
#[utoipa::path(post, path = "/api/v1/pictures", tag = "catalog", params(NewPicture),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = PictureView), (status = 413, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn keep_picture(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Params(new): Params<NewPicture>,
    file: Result<Bytes, BytesRejection>,
) -> ApiResult<(StatusCode, Json<PictureView>)> {
    let file = file.map_err(|_| AppError::new(Code::TooLarge))?;
    let kept = run(move || shop.keep_picture(&actor, PictureId::from_uuid(new.id), file.to_vec())).await?;
    Ok((StatusCode::CREATED, Json(kept)))
}

/// A product's picture. It never changes, so it may be kept for ever.
#[utoipa::path(get, path = "/api/v1/pictures/{id}", tag = "catalog", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, content_type = "image/webp", body = Vec<u8>), (status = 404, body = ErrorBody)))]
pub async fn picture(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Response> {
    let picture = run(move || shop.product_picture(PictureId::from_uuid(id))).await?;
    let headers = [
        (header::CONTENT_TYPE, picture.mime),
        (
            header::CACHE_CONTROL,
            "private, max-age=31536000, immutable".to_owned(),
        ),
    ];
    Ok((headers, picture.bytes).into_response())
}

/// The imports and changes of many prices on this device that can be taken back, newest first.
#[utoipa::path(get, path = "/api/v1/products/runs", tag = "catalog", responses((status = 200, body = Page<RunView>), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn runs(OpenShop(shop): OpenShop) -> ApiResult<Json<Page<RunView>>> {
    run(move || shop.runs()).await.map(Json)
}

/// Takes an import or a change of prices back. What somebody touched since stays.
#[utoipa::path(post, path = "/api/v1/products/runs/{id}/undo", tag = "catalog", params(("id" = uuid::Uuid, Path)), request_body = WriteId, responses((status = 200, body = RunUndone), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn undo_run(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(request): Body<WriteId>,
) -> ApiResult<Json<RunUndone>> {
    run(move || shop.undo_run(&actor, CommandId::from_uuid(id), &request))
        .await
        .map(Json)
}

fn file(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    (headers, bytes).into_response()
}

/// All products as CSV, in the columns that the import reads.
#[utoipa::path(get, path = "/api/v1/products/export.csv", tag = "catalog",
    responses((status = 200, content_type = "text/csv", body = String), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn export_csv(OpenShop(shop): OpenShop, Extension(actor): Extension<Actor>) -> ApiResult<Response> {
    let bytes = run(move || shop.export_csv(&actor)).await?;
    Ok(file("text/csv; charset=utf-8", "products.csv", bytes))
}

/// The same as an Excel file.
#[utoipa::path(get, path = "/api/v1/products/export.xlsx", tag = "catalog",
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn export_xlsx(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
) -> ApiResult<Response> {
    let bytes = run(move || shop.export_xlsx(&actor)).await?;
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(file(kind, "products.xlsx", bytes))
}

/// Labels on sheets of stickers, as a PDF file.
#[utoipa::path(post, path = "/api/v1/products/labels.pdf", tag = "catalog", request_body = LabelSheets,
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn label_sheets(OpenShop(shop): OpenShop, Body(request): Body<LabelSheets>) -> ApiResult<Response> {
    let bytes = run(move || shop.label_sheets(&request)).await?;
    Ok(file("application/pdf", "labels.pdf", bytes))
}

/// Prints labels on the label printer.
#[utoipa::path(post, path = "/api/v1/products/labels", tag = "catalog", request_body = PrintLabels, responses((status = 200, body = LabelsQueued), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn print_labels(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<PrintLabels>,
) -> ApiResult<Json<LabelsQueued>> {
    run(move || shop.print_labels(&actor, &request)).await.map(Json)
}
