//! Backups, the recovery card, restoring, taking everything along, and forgetting the shop.

use super::{OpenShop, run};
use crate::{
    Caller, Door,
    error::{ApiError, ApiResult, ErrorBody},
    extract::{Body, Id, Params},
};
use app::{
    Actor, AppError, Code,
    backups::{AddTarget, BackUpNow, BackupsView, FolderView},
    backups_hub::{AskHub, FetchBackup, HubBackups},
    export_all::ExportFile,
    forget::{ForgetShop, ForgetView},
    recovery::{ConfirmCard, MakeCard, RecoveryCardView, RecoveryView},
    restore::{BackupLook, LookAtBackup, RestoreShop, RestoreView, ShopRestored},
};
use axum::{
    Extension, Json,
    body::{Body as Stream, Bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt, channel::Channel};
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use utoipa::{IntoParams, ToSchema};

/// A folder of the machine.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Folder {
    /// The person's own when left out.
    path: Option<String>,
}

/// Where an uploaded file lies now.
#[derive(Serialize, ToSchema)]
pub struct Uploaded {
    path: String,
}

/// Where backups go, when the last one was made, and what has to be looked after.
#[utoipa::path(get, path = "/api/v1/backups", tag = "backups",
    responses((status = 200, body = BackupsView)), security(("session" = [])))]
pub async fn backups(OpenShop(shop): OpenShop) -> ApiResult<Json<BackupsView>> {
    run(move || shop.backups_view()).await.map(Json)
}

/// Makes a backup now, at one place or at all of them.
#[utoipa::path(post, path = "/api/v1/backups", tag = "backups", request_body = BackUpNow,
    responses((status = 200, body = BackupsView), (status = 409, body = ErrorBody), (status = 507, body = ErrorBody)), security(("session" = [])))]
pub async fn back_up(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<BackUpNow>,
) -> ApiResult<Json<BackupsView>> {
    run(move || shop.back_up_now(&actor, &request)).await.map(Json)
}

/// Adds a place for backups: a folder, a stick that is in, or the hub. At the device itself.
#[utoipa::path(post, path = "/api/v1/backups/targets", tag = "backups", request_body = AddTarget,
    responses((status = 200, body = BackupsView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn add_target(
    OpenShop(shop): OpenShop,
    Extension(caller): Extension<Caller>,
    Body(request): Body<AddTarget>,
) -> ApiResult<Json<BackupsView>> {
    at_the_device(&caller)?;
    run(move || shop.add_backup_target(&request)).await.map(Json)
}

/// Makes no more backups at a place. What lies there stays.
#[utoipa::path(delete, path = "/api/v1/backups/targets/{id}", tag = "backups", params(("id" = uuid::Uuid, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)), security(("session" = [])))]
pub async fn remove_target(OpenShop(shop): OpenShop, Id(id): Id) -> ApiResult<StatusCode> {
    run(move || shop.remove_backup_target(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What lies in a folder of this machine, for choosing one.
#[utoipa::path(get, path = "/api/v1/backups/folders", tag = "backups", params(Folder),
    responses((status = 200, body = FolderView)), security(("session" = [])))]
pub async fn folders(
    OpenShop(shop): OpenShop,
    Extension(caller): Extension<Caller>,
    Params(folder): Params<Folder>,
) -> ApiResult<Json<FolderView>> {
    at_the_device(&caller)?;
    run(move || shop.backup_folder(folder.path.as_deref()))
        .await
        .map(Json)
}

/// Makes a recovery card. It holds once it was typed again.
#[utoipa::path(post, path = "/api/v1/recovery-card", tag = "backups", request_body = MakeCard,
    responses((status = 201, body = RecoveryCardView), (status = 409, body = ErrorBody)), security(("session" = [])))]
pub async fn make_card(
    OpenShop(shop): OpenShop,
    Extension(caller): Extension<Caller>,
    Body(request): Body<MakeCard>,
) -> ApiResult<(StatusCode, Json<RecoveryCardView>)> {
    at_the_device(&caller)?;
    let card = run(move || shop.make_recovery_card(&request)).await?;
    Ok((StatusCode::CREATED, Json(card)))
}

/// The card was kept: from now on backups are made for it.
#[utoipa::path(post, path = "/api/v1/recovery-card/confirm", tag = "backups", request_body = ConfirmCard,
    responses((status = 200, body = RecoveryView), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn confirm_card(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<ConfirmCard>,
) -> ApiResult<Json<RecoveryView>> {
    run(move || shop.confirm_recovery_card(&actor, &request))
        .await
        .map(Json)
}

/// How far restoring is.
#[utoipa::path(get, path = "/api/v1/restore", tag = "backups", responses((status = 200, body = RestoreView)))]
pub async fn restore_view(State(door): State<Door>) -> Json<RestoreView> {
    Json(door.app.restore_view())
}

/// What lies in a folder of this machine, while there is no shop.
#[utoipa::path(get, path = "/api/v1/restore/folders", tag = "backups", params(Folder),
    responses((status = 200, body = FolderView), (status = 409, body = ErrorBody)))]
pub async fn restore_folders(
    State(door): State<Door>,
    Params(folder): Params<Folder>,
) -> ApiResult<Json<FolderView>> {
    run(move || door.app.restore_folder(folder.path.as_deref()))
        .await
        .map(Json)
}

/// Takes a backup over the browser.
#[utoipa::path(post, path = "/api/v1/restore/upload", tag = "backups",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Uploaded), (status = 409, body = ErrorBody)))]
pub async fn upload(State(door): State<Door>, request: Request) -> ApiResult<(StatusCode, Json<Uploaded>)> {
    let (path, mut file) = run(move || door.app.take_upload()).await?;
    let mut body = request.into_body();
    let broken = |e: &dyn std::fmt::Display| ApiError(AppError::new(Code::Malformed).because(e));
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|e| broken(&e))?.into_data() else {
            continue;
        };
        file = run(move || {
            file.write_all(&piece)
                .map_err(|e| AppError::new(Code::BackupNoRoom).caused(e))?;
            Ok(file)
        })
        .await?;
    }
    run(move || {
        file.sync_all()
            .map_err(|e| AppError::new(Code::BackupNoRoom).caused(e))
    })
    .await?;
    let path = path.to_string_lossy().into_owned();
    Ok((StatusCode::CREATED, Json(Uploaded { path })))
}

/// The backups at a hub that a recovery card opens. No device of the shop is needed.
#[utoipa::path(post, path = "/api/v1/restore/hub", tag = "backups", request_body = AskHub,
    responses((status = 200, body = HubBackups), (status = 422, body = ErrorBody)))]
pub async fn at_hub(State(door): State<Door>, Body(request): Body<AskHub>) -> ApiResult<Json<HubBackups>> {
    run(move || door.app.backups_at_hub(&request)).await.map(Json)
}

/// Brings one of them to this device; from there on it is a file like any other.
#[utoipa::path(post, path = "/api/v1/restore/hub/fetch", tag = "backups", request_body = FetchBackup,
    responses((status = 200, body = BackupLook), (status = 422, body = ErrorBody), (status = 507, body = ErrorBody)))]
pub async fn fetch(
    State(door): State<Door>,
    Body(request): Body<FetchBackup>,
) -> ApiResult<Json<BackupLook>> {
    run(move || door.app.fetch_backup(&request)).await.map(Json)
}

/// What a backup is, and with the card whether it opens.
#[utoipa::path(post, path = "/api/v1/restore/look", tag = "backups", request_body = LookAtBackup,
    responses((status = 200, body = BackupLook), (status = 422, body = ErrorBody)))]
pub async fn look(
    State(door): State<Door>,
    Body(request): Body<LookAtBackup>,
) -> ApiResult<Json<BackupLook>> {
    run(move || door.app.look_at_backup(&request)).await.map(Json)
}

/// Builds the shop from a backup, under a new device.
#[utoipa::path(post, path = "/api/v1/restore", tag = "backups", request_body = RestoreShop,
    responses((status = 201, body = ShopRestored), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn restore(
    State(door): State<Door>,
    Body(request): Body<RestoreShop>,
) -> ApiResult<(StatusCode, Json<ShopRestored>)> {
    let restored = run(move || door.app.restore(&request)).await?;
    Ok((StatusCode::CREATED, Json(restored)))
}

/// Everything of the shop in readable files.
#[utoipa::path(get, path = "/api/v1/export/everything.zip", tag = "backups",
    responses((status = 200, content_type = "application/zip", body = Vec<u8>), (status = 507, body = ErrorBody)), security(("session" = [])))]
pub async fn everything(OpenShop(shop): OpenShop) -> ApiResult<Response> {
    let (name, file) = run(move || shop.export_everything()).await?;
    Ok(stream(&name, file))
}

/// A file that is read as fast as it is taken.
pub fn stream(name: &str, mut file: ExportFile) -> Response {
    let (mut pieces, body) = Channel::<Bytes, std::io::Error>::new(4);
    tokio::spawn(async move {
        loop {
            let read = tokio::task::spawn_blocking(move || {
                let mut piece = vec![0; 1 << 16];
                let read = file.read(&mut piece).map(|n| {
                    piece.truncate(n);
                    piece
                });
                (read, file)
            });
            let Ok((read, again)) = read.await else { return };
            file = again;
            match read {
                Ok(piece) if piece.is_empty() => return,
                Ok(piece) => {
                    // Whoever asked may have gone.
                    if pieces.send_data(piece.into()).await.is_err() {
                        return;
                    }
                }
                Err(error) => return pieces.abort(error),
            }
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    (headers, Stream::new(body)).into_response()
}

/// What would be lost if this device forgot the shop.
#[utoipa::path(get, path = "/api/v1/shop/forget", tag = "backups",
    responses((status = 200, body = ForgetView)), security(("session" = [])))]
pub async fn forget_view(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
) -> ApiResult<Json<ForgetView>> {
    run(move || shop.forget_view(&actor)).await.map(Json)
}

/// Deletes the shop from this device, at the device.
#[utoipa::path(post, path = "/api/v1/shop/forget", tag = "backups", request_body = ForgetShop,
    responses((status = 204), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn forget(
    State(door): State<Door>,
    Extension(actor): Extension<Actor>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<ForgetShop>,
) -> ApiResult<StatusCode> {
    at_the_device(&caller)?;
    run(move || door.app.forget_shop(&actor, &request, &caller.place())).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn at_the_device(caller: &Caller) -> ApiResult<()> {
    match caller.is_local() {
        true => Ok(()),
        false => Err(Code::NotHere.into()),
    }
}
