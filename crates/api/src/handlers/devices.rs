//! Printers, the print queue, the drawer, slips as pictures, and codes from cameras.

use super::{OpenShop, run};
use crate::{
    Door,
    error::{ApiError, ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, AppError, Code, Page,
    cameras::{CameraFrame, CamerasView, FrameCodes, OpenCamera},
    cart::WriteId,
    drawer::{DrawerView, OpenDrawer, OpeningFilter},
    papers::{ChangeTemplate, LogoView, PaperFilter, PreviewPaper, TemplateView},
    print_elsewhere::PrinterElsewhere,
    printers::{FindView, LooksView, PrinterLooks, PrinterView, SavePrinter, TestPrinter},
    printing::{AnswerPrint, DevicesView, JobFilter, JobView, PrintPaper, RetryPrint},
    scanners::ScannerCodes,
};
use axum::{
    Extension, Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::ids::{OrderId, PrintJobId, PrinterId};
use serde::Deserialize;
use tokio::sync::Semaphore;
use utoipa::IntoParams;
use uuid::Uuid;

/// Sales share their threads with pictures; only so many of those may hold one at a time, the others wait outside.
static LOOKING: Semaphore = Semaphore::const_new(3);
static WATCHING: Semaphore = Semaphore::const_new(3);

/// How every device is, and what did not print.
#[utoipa::path(get, path = "/api/v1/devices/status", tag = "devices",
    responses((status = 200, body = DevicesView)), security(("session" = [])))]
pub async fn status(OpenShop(shop): OpenShop) -> ApiResult<Json<DevicesView>> {
    run(move || shop.devices_status()).await.map(Json)
}

/// This device's printers.
#[utoipa::path(get, path = "/api/v1/printers", tag = "devices",
    responses((status = 200, body = Page<PrinterView>)), security(("session" = [])))]
pub async fn printers(OpenShop(shop): OpenShop) -> ApiResult<Json<Page<PrinterView>>> {
    run(move || shop.printers()).await.map(Json)
}

/// Adds a printer.
#[utoipa::path(post, path = "/api/v1/printers", tag = "devices", request_body = SavePrinter,
    responses((status = 201, body = PrinterView), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn add_printer(
    OpenShop(shop): OpenShop,
    Body(form): Body<SavePrinter>,
) -> ApiResult<(StatusCode, Json<PrinterView>)> {
    let printer = run(move || shop.add_printer(&form)).await?;
    Ok((StatusCode::CREATED, Json(printer)))
}

/// Changes a printer; the `id` inside is the write's own.
#[utoipa::path(put, path = "/api/v1/printers/{id}", tag = "devices", params(("id" = Uuid, Path)),
    request_body = SavePrinter,
    responses((status = 200, body = PrinterView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn change_printer(
    OpenShop(shop): OpenShop,
    Id(id): Id,
    Body(form): Body<SavePrinter>,
) -> ApiResult<Json<PrinterView>> {
    run(move || shop.change_printer(PrinterId::from_uuid(id), &form))
        .await
        .map(Json)
}

/// Forgets a printer that has nothing to print any more.
#[utoipa::path(delete, path = "/api/v1/printers/{id}", tag = "devices", params(("id" = Uuid, Path)),
    responses((status = 200, body = PrinterView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn remove_printer(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<Json<PrinterView>> {
    run(move || shop.remove_printer(PrinterId::from_uuid(id)))
        .await
        .map(Json)
}

/// Begins to look for printers: USB, serial ports, print queues and the LAN.
#[utoipa::path(post, path = "/api/v1/printers/find", tag = "devices", request_body = WriteId,
    responses((status = 202, body = FindView)), security(("session" = [])))]
pub async fn find(
    OpenShop(shop): OpenShop,
    Body(_form): Body<WriteId>,
) -> ApiResult<(StatusCode, Json<FindView>)> {
    let view = run(move || shop.find_printers()).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// What the search has found so far.
#[utoipa::path(get, path = "/api/v1/printers/find", tag = "devices",
    responses((status = 200, body = FindView)), security(("session" = [])))]
pub async fn found(OpenShop(shop): OpenShop) -> ApiResult<Json<FindView>> {
    run(move || shop.found_printers()).await.map(Json)
}

/// The printers of the branch's other devices, as far as these answer now.
#[utoipa::path(get, path = "/api/v1/printers/elsewhere", tag = "devices",
    responses((status = 200, body = Page<PrinterElsewhere>)), security(("session" = [])))]
pub async fn elsewhere(OpenShop(shop): OpenShop) -> ApiResult<Json<Page<PrinterElsewhere>>> {
    run(move || shop.offered_printers()).await.map(Json)
}

/// Prints the test card, or opens the printer's drawer.
#[utoipa::path(post, path = "/api/v1/printers/{id}/test", tag = "devices", params(("id" = Uuid, Path)),
    request_body = TestPrinter,
    responses((status = 201, body = JobView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn test(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(form): Body<TestPrinter>,
) -> ApiResult<(StatusCode, Json<JobView>)> {
    let job = run(move || shop.test_printer(&actor, PrinterId::from_uuid(id), &form)).await?;
    Ok((StatusCode::CREATED, Json(job)))
}

/// What a person saw on the test card.
#[utoipa::path(post, path = "/api/v1/printers/{id}/looks", tag = "devices", params(("id" = Uuid, Path)),
    request_body = PrinterLooks,
    responses((status = 200, body = LooksView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn looks(
    OpenShop(shop): OpenShop,
    Id(id): Id,
    Body(form): Body<PrinterLooks>,
) -> ApiResult<Json<LooksView>> {
    run(move || shop.printer_looks(PrinterId::from_uuid(id), &form))
        .await
        .map(Json)
}

/// Print jobs, the newest first.
#[utoipa::path(get, path = "/api/v1/print/jobs", tag = "devices", params(JobFilter),
    responses((status = 200, body = Page<JobView>)), security(("session" = [])))]
pub async fn jobs(
    OpenShop(shop): OpenShop,
    Params(filter): Params<JobFilter>,
) -> ApiResult<Json<Page<JobView>>> {
    run(move || shop.print_jobs(&filter)).await.map(Json)
}

/// Tries a job now, perhaps at another printer.
#[utoipa::path(post, path = "/api/v1/print/jobs/{id}/retry", tag = "devices", params(("id" = Uuid, Path)),
    request_body = RetryPrint,
    responses((status = 200, body = JobView), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn retry(
    OpenShop(shop): OpenShop,
    Id(id): Id,
    Body(form): Body<RetryPrint>,
) -> ApiResult<Json<JobView>> {
    run(move || shop.retry_print(PrintJobId::from_uuid(id), &form))
        .await
        .map(Json)
}

/// Whether an unsure job came out; if not, it is printed again.
#[utoipa::path(post, path = "/api/v1/print/jobs/{id}/answer", tag = "devices", params(("id" = Uuid, Path)),
    request_body = AnswerPrint,
    responses((status = 200, body = JobView), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn answer(
    OpenShop(shop): OpenShop,
    Id(id): Id,
    Body(form): Body<AnswerPrint>,
) -> ApiResult<Json<JobView>> {
    run(move || shop.answer_print(PrintJobId::from_uuid(id), &form))
        .await
        .map(Json)
}

/// Gives a job up.
#[utoipa::path(post, path = "/api/v1/print/jobs/{id}/discard", tag = "devices", params(("id" = Uuid, Path)),
    request_body = WriteId,
    responses((status = 200, body = JobView), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn discard(
    OpenShop(shop): OpenShop,
    Id(id): Id,
    Body(form): Body<WriteId>,
) -> ApiResult<Json<JobView>> {
    run(move || shop.discard_print(PrintJobId::from_uuid(id), &form))
        .await
        .map(Json)
}

/// Prints a paper of an order; a second one of the same says so.
#[utoipa::path(post, path = "/api/v1/orders/{id}/print", tag = "devices", params(("id" = Uuid, Path)),
    request_body = PrintPaper,
    responses((status = 201, body = JobView), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn print(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(form): Body<PrintPaper>,
) -> ApiResult<(StatusCode, Json<JobView>)> {
    let job = run(move || shop.print_paper(&actor, OrderId::from_uuid(id), &form)).await?;
    Ok((StatusCode::CREATED, Json(job)))
}

/// Opens the drawer without a sale, for a reason.
#[utoipa::path(post, path = "/api/v1/drawer/open", tag = "devices", request_body = OpenDrawer,
    responses((status = 201, body = DrawerView), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn open_drawer(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(form): Body<OpenDrawer>,
) -> ApiResult<(StatusCode, Json<DrawerView>)> {
    let opening = run(move || shop.open_drawer(&actor, &form)).await?;
    Ok((StatusCode::CREATED, Json(opening)))
}

/// Every time the drawer was opened without a sale.
#[utoipa::path(get, path = "/api/v1/drawer/openings", tag = "devices", params(OpeningFilter),
    responses((status = 200, body = Page<DrawerView>)), security(("session" = [])))]
pub async fn openings(
    OpenShop(shop): OpenShop,
    Params(filter): Params<OpeningFilter>,
) -> ApiResult<Json<Page<DrawerView>>> {
    run(move || shop.drawer_openings(&filter)).await.map(Json)
}

/// A file with its kind.
pub(super) fn file(kind: &'static str, bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response()
}

/// A slip as the printer would print it, dot by dot.
#[utoipa::path(post, path = "/api/v1/receipts/preview", tag = "devices", request_body = PreviewPaper,
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn preview(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(form): Body<PreviewPaper>,
) -> ApiResult<Response> {
    let png = run(move || shop.preview_paper(&actor, &form)).await?;
    Ok(file("image/png", png))
}

/// How slips look in this branch.
#[utoipa::path(get, path = "/api/v1/receipts/template", tag = "devices",
    responses((status = 200, body = TemplateView)), security(("session" = [])))]
pub async fn template(OpenShop(shop): OpenShop) -> ApiResult<Json<TemplateView>> {
    run(move || shop.template_view()).await.map(Json)
}

/// Changes how slips look in this branch.
#[utoipa::path(put, path = "/api/v1/receipts/template", tag = "devices", request_body = ChangeTemplate,
    responses((status = 200, body = TemplateView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn change_template(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(form): Body<ChangeTemplate>,
) -> ApiResult<Json<TemplateView>> {
    run(move || shop.change_template(&actor, &form)).await.map(Json)
}

/// Makes a PNG ready for the head of slips. Nothing is kept.
#[utoipa::path(post, path = "/api/v1/receipts/logo", tag = "devices",
    request_body(content = Vec<u8>, content_type = "image/png"),
    responses((status = 200, body = LogoView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn logo(OpenShop(shop): OpenShop, png: Result<Bytes, BytesRejection>) -> ApiResult<Json<LogoView>> {
    let png = png.map_err(|_| ApiError::from(Code::TooLarge))?;
    run(move || shop.logo(&png)).await.map(Json)
}

/// A paper of an order as a picture.
#[utoipa::path(get, path = "/api/v1/orders/{id}/receipt.png", tag = "devices",
    params(("id" = Uuid, Path), PaperFilter),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 404, body = ErrorBody)),
    security(("session" = [])))]
pub async fn paper_png(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Params(filter): Params<PaperFilter>,
) -> ApiResult<Response> {
    let png = run(move || shop.paper_png(&actor, OrderId::from_uuid(id), &filter)).await?;
    Ok(file("image/png", png))
}

/// A paper of an order as a PDF.
#[utoipa::path(get, path = "/api/v1/orders/{id}/receipt.pdf", tag = "devices",
    params(("id" = Uuid, Path), PaperFilter),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = 404, body = ErrorBody)),
    security(("session" = [])))]
pub async fn paper_pdf(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Params(filter): Params<PaperFilter>,
) -> ApiResult<Response> {
    let pdf = run(move || shop.paper_pdf(&actor, OrderId::from_uuid(id), &filter)).await?;
    Ok(file("application/pdf", pdf))
}

/// The codes in one grey picture: one byte a dot. `x-width` and `x-height` give its size, `x-reader` an id of the
/// page's own that remembers over pictures.
#[utoipa::path(post, path = "/api/v1/codes/frame", tag = "devices",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = FrameCodes), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn frame(
    OpenShop(shop): OpenShop,
    headers: HeaderMap,
    luma: Result<Bytes, BytesRejection>,
) -> ApiResult<Json<FrameCodes>> {
    let (reader, width, height, luma) = frame_of(&headers, luma)?;
    let _one_of_few = LOOKING.acquire().await;
    run(move || shop.codes_in(reader, width, height, luma))
        .await
        .map(Json)
}

/// The same for a device that has no shop yet and is shown an invitation.
#[utoipa::path(post, path = "/api/v1/join/frame", tag = "joining",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = FrameCodes), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn join_frame(
    State(door): State<Door>,
    headers: HeaderMap,
    luma: Result<Bytes, BytesRejection>,
) -> ApiResult<Json<FrameCodes>> {
    let (reader, width, height, luma) = frame_of(&headers, luma)?;
    let _one_of_few = LOOKING.acquire().await;
    run(move || door.app.codes_in(reader, width, height, luma))
        .await
        .map(Json)
}

/// What a page's picture is and whose: the reader, its width and height, its dots.
fn frame_of(
    headers: &HeaderMap,
    luma: Result<Bytes, BytesRejection>,
) -> ApiResult<(Uuid, u32, u32, Vec<u8>)> {
    let luma = luma.map_err(|_| ApiError::from(Code::TooLarge))?;
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let number = |name: &str| text(name).and_then(|n| n.parse::<u32>().ok());
    let (Some(width), Some(height)) = (number("x-width"), number("x-height")) else {
        return Err(AppError::new(Code::PictureInvalid)
            .because("x-width and x-height are missing")
            .into());
    };
    let reader = text("x-reader")
        .and_then(|id| Uuid::parse_str(id).ok())
        .unwrap_or(Uuid::nil());
    Ok((reader, width, height, luma.to_vec()))
}

/// A code to try a scanner with.
#[utoipa::path(get, path = "/api/v1/scanner/codes", tag = "devices",
    responses((status = 200, body = ScannerCodes)), security(("session" = [])))]
pub async fn scanner_codes(OpenShop(shop): OpenShop) -> ApiResult<Json<ScannerCodes>> {
    run(move || shop.scanner_codes()).await.map(Json)
}

/// Prints the code to try a scanner with.
#[utoipa::path(post, path = "/api/v1/scanner/print", tag = "devices", request_body = WriteId,
    responses((status = 201, body = JobView), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn print_scanner_codes(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(form): Body<WriteId>,
) -> ApiResult<(StatusCode, Json<JobView>)> {
    let job = run(move || shop.print_scanner_codes(&actor, &form)).await?;
    Ok((StatusCode::CREATED, Json(job)))
}

/// This device's own cameras.
#[utoipa::path(get, path = "/api/v1/cameras", tag = "devices",
    responses((status = 200, body = CamerasView)), security(("session" = [])))]
pub async fn cameras(OpenShop(shop): OpenShop) -> ApiResult<Json<CamerasView>> {
    run(move || Ok(shop.cameras())).await.map(Json)
}

/// Opens a camera. It closes by itself when nobody looks any more.
#[utoipa::path(post, path = "/api/v1/camera/open", tag = "devices", request_body = OpenCamera,
    responses((status = 200, body = CamerasView)), security(("session" = [])))]
pub async fn open_camera(
    OpenShop(shop): OpenShop,
    Body(form): Body<OpenCamera>,
) -> ApiResult<Json<CamerasView>> {
    run(move || shop.open_camera(&form)).await.map(Json)
}

/// Closes the camera.
#[utoipa::path(post, path = "/api/v1/camera/close", tag = "devices", request_body = WriteId,
    responses((status = 200, body = CamerasView)), security(("session" = [])))]
pub async fn close_camera(
    OpenShop(shop): OpenShop,
    Body(form): Body<WriteId>,
) -> ApiResult<Json<CamerasView>> {
    run(move || Ok(shop.close_camera(&form))).await.map(Json)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FrameFilter {
    /// The `seq` that was seen last.
    pub after: Option<u64>,
}

/// What the camera sees now; waits up to a second for something newer.
#[utoipa::path(get, path = "/api/v1/camera/frame", tag = "devices", params(FrameFilter),
    responses((status = 200, body = CameraFrame)), security(("session" = [])))]
pub async fn camera_frame(
    OpenShop(shop): OpenShop,
    Params(filter): Params<FrameFilter>,
) -> ApiResult<Json<CameraFrame>> {
    let _one_of_few = WATCHING.acquire().await;
    run(move || Ok(shop.camera_frame(filter.after.unwrap_or(0))))
        .await
        .map(Json)
}
