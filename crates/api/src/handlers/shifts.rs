//! Drawers: their shifts, their reports, and what each way to pay came to.

use super::{OpenShop, run};
use crate::{
    error::{ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, Page,
    batches::{DayFilter, ReconcileBatch, ReconciliationView},
    papers::PaperFilter,
    printing::JobView,
    shift_reports::{MakeReport, PrintReport, ReportView},
    shifts::{
        AddUp, CloseShift, CountSums, CurrentShift, HandOverShift, MoveCash, OpenShift, ShiftDetail,
        ShiftFilter, ShiftView,
    },
};
use axum::{
    Extension, Json,
    http::{StatusCode, header},
    response::IntoResponse,
};
use domain::ids::ShiftId;

/// The open shift of this till and person, and what its drawer may hold.
#[utoipa::path(get, path = "/api/v1/shifts/current", tag = "shifts", responses((status = 200, body = CurrentShift)),
    security(("session" = [])))]
pub async fn current(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
) -> ApiResult<Json<CurrentShift>> {
    run(move || shop.current_shift(&actor)).await.map(Json)
}

/// Opens a drawer with its float.
#[utoipa::path(post, path = "/api/v1/shifts", tag = "shifts", request_body = OpenShift,
    responses((status = 201, body = CurrentShift), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn open(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(form): Body<OpenShift>,
) -> ApiResult<(StatusCode, Json<CurrentShift>)> {
    let current = run(move || shop.open_shift(&actor, &form)).await?;
    Ok((StatusCode::CREATED, Json(current)))
}

/// Shifts, the newest first; closed ones are the list of Zs.
#[utoipa::path(get, path = "/api/v1/shifts", tag = "shifts", params(ShiftFilter),
    responses((status = 200, body = Page<ShiftView>)), security(("session" = [])))]
pub async fn list(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Params(filter): Params<ShiftFilter>,
) -> ApiResult<Json<Page<ShiftView>>> {
    run(move || shop.shifts(&actor, &filter)).await.map(Json)
}

/// One shift: its figures as the facts give them, its cash moves, its reports.
#[utoipa::path(get, path = "/api/v1/shifts/{id}", tag = "shifts", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = ShiftDetail), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn shift(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<ShiftDetail>> {
    run(move || shop.shift(&actor, ShiftId::from_uuid(id)))
        .await
        .map(Json)
}

/// Puts cash in, pays it out, or takes it to the safe.
#[utoipa::path(post, path = "/api/v1/shifts/{id}/moves", tag = "shifts", params(("id" = uuid::Uuid, Path)),
    request_body = MoveCash,
    responses((status = 201, body = ShiftDetail), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn move_cash(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(form): Body<MoveCash>,
) -> ApiResult<(StatusCode, Json<ShiftDetail>)> {
    let shift = run(move || shop.move_cash(&actor, ShiftId::from_uuid(id), &form)).await?;
    Ok((StatusCode::CREATED, Json(shift)))
}

/// Hands the drawer to somebody else, who signs with their PIN.
#[utoipa::path(post, path = "/api/v1/shifts/{id}/handover", tag = "shifts", params(("id" = uuid::Uuid, Path)),
    request_body = HandOverShift,
    responses((status = 200, body = ShiftDetail), (status = 401, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn hand_over(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(form): Body<HandOverShift>,
) -> ApiResult<Json<ShiftDetail>> {
    run(move || shop.hand_over_shift(&actor, ShiftId::from_uuid(id), &form))
        .await
        .map(Json)
}

/// What notes and coins come to, beside what is expected. Nothing is written.
#[utoipa::path(post, path = "/api/v1/shifts/count", tag = "shifts", request_body = AddUp,
    responses((status = 200, body = CountSums), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn add_up(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(form): Body<AddUp>,
) -> ApiResult<Json<CountSums>> {
    run(move || shop.add_up(&actor, &form)).await.map(Json)
}

/// Counts and closes a drawer: its Z is made.
#[utoipa::path(post, path = "/api/v1/shifts/{id}/close", tag = "shifts", params(("id" = uuid::Uuid, Path)),
    request_body = CloseShift,
    responses((status = 200, body = ShiftDetail), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn close(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(form): Body<CloseShift>,
) -> ApiResult<Json<ShiftDetail>> {
    run(move || shop.close_shift(&actor, ShiftId::from_uuid(id), &form))
        .await
        .map(Json)
}

/// Makes an X: the figures of an open shift, numbered.
#[utoipa::path(post, path = "/api/v1/shifts/{id}/reports", tag = "shifts", params(("id" = uuid::Uuid, Path)),
    request_body = MakeReport,
    responses((status = 201, body = ReportView), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn make_report(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(form): Body<MakeReport>,
) -> ApiResult<(StatusCode, Json<ReportView>)> {
    let report = run(move || shop.make_report(&actor, ShiftId::from_uuid(id), &form)).await?;
    Ok((StatusCode::CREATED, Json(report)))
}

/// Writes down what came late for closed shifts; each gets a dated addendum.
#[utoipa::path(post, path = "/api/v1/shifts/addenda", tag = "shifts",
    responses((status = 204, description = "nothing waits any more")), security(("session" = [])))]
pub async fn addenda(OpenShop(shop): OpenShop) -> ApiResult<StatusCode> {
    run(move || shop.settle_late_money()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A Z (by its shift), an X or an addendum, checked against the facts anew.
#[utoipa::path(get, path = "/api/v1/shift-reports/{id}", tag = "shifts", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = ReportView), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn report(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
) -> ApiResult<Json<ReportView>> {
    run(move || shop.shift_report(&actor, id)).await.map(Json)
}

/// Prints a report; papers after the first say which copy they are.
#[utoipa::path(post, path = "/api/v1/shift-reports/{id}/print", tag = "shifts", params(("id" = uuid::Uuid, Path)),
    request_body = PrintReport, responses((status = 201, body = JobView), (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn print_report(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Body(form): Body<PrintReport>,
) -> ApiResult<(StatusCode, Json<JobView>)> {
    let job = run(move || shop.print_report(&actor, id, &form)).await?;
    Ok((StatusCode::CREATED, Json(job)))
}

/// A report as the printer would print it.
#[utoipa::path(get, path = "/api/v1/shift-reports/{id}/slip.png", tag = "shifts",
    params(("id" = uuid::Uuid, Path), PaperFilter), responses((status = 200, content_type = "image/png", body = Vec<u8>)),
    security(("session" = [])))]
pub async fn report_png(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Params(filter): Params<PaperFilter>,
) -> ApiResult<impl IntoResponse> {
    let png = run(move || shop.report_png(&actor, id, &filter)).await?;
    Ok(([(header::CONTENT_TYPE, "image/png")], png))
}

/// A report as a file.
#[utoipa::path(get, path = "/api/v1/shift-reports/{id}/slip.pdf", tag = "shifts",
    params(("id" = uuid::Uuid, Path), PaperFilter), responses((status = 200, content_type = "application/pdf", body = Vec<u8>)),
    security(("session" = [])))]
pub async fn report_pdf(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Id(id): Id,
    Params(filter): Params<PaperFilter>,
) -> ApiResult<impl IntoResponse> {
    let pdf = run(move || shop.report_pdf(&actor, id, &filter)).await?;
    Ok(([(header::CONTENT_TYPE, "application/pdf")], pdf))
}

/// What each way to pay came to on a business day, and the batches beside it.
#[utoipa::path(get, path = "/api/v1/reconciliation", tag = "shifts", params(DayFilter),
    responses((status = 200, body = ReconciliationView)), security(("session" = [])))]
pub async fn reconciliation(
    OpenShop(shop): OpenShop,
    Params(filter): Params<DayFilter>,
) -> ApiResult<Json<ReconciliationView>> {
    run(move || shop.reconciliation(&filter)).await.map(Json)
}

/// Writes down what a terminal's batch or a bank's statement says of a day.
#[utoipa::path(post, path = "/api/v1/batches", tag = "shifts", request_body = ReconcileBatch,
    responses((status = 201, body = ReconciliationView), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn reconcile(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(form): Body<ReconcileBatch>,
) -> ApiResult<(StatusCode, Json<ReconciliationView>)> {
    let view = run(move || shop.reconcile_batch(&actor, &form)).await?;
    Ok((StatusCode::CREATED, Json(view)))
}
