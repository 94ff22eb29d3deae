//! The customer's screen and live events.

use super::{OpenShop, run};
use crate::{
    Door,
    error::{ApiResult, ErrorBody},
    extract::Body,
    guard::{DisplaySeat, Hears},
    live::{LiveFeed, pump},
};
use app::{
    Actor,
    display::{DisplayToken, DisplayView, OpenDisplay},
};
use axum::{
    Extension, Json,
    extract::{State, ws::WebSocketUpgrade},
    http::StatusCode,
    response::Response,
};

/// Live events by WebSocket: offer the subprotocols `chandi` and `bearer.<token>`.
#[utoipa::path(get, path = "/api/v1/live", tag = "live",
    responses((status = 101, description = "app::live::LiveMessage as text frames"), (status = 401, body = ErrorBody)))]
pub async fn live(
    State(door): State<Door>,
    Extension(hears): Extension<Hears>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let feed = LiveFeed::of(door, hears);
    upgrade
        .protocols(["chandi"])
        .max_message_size(4096)
        .on_upgrade(move |socket| pump(socket, feed))
}

/// A token for a browser as this till's second screen, or as the hall's board.
#[utoipa::path(post, path = "/api/v1/displays", tag = "display", request_body = OpenDisplay,
    responses((status = 201, body = DisplayToken), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn open_display(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<OpenDisplay>,
) -> ApiResult<(StatusCode, Json<DisplayToken>)> {
    Ok((
        StatusCode::CREATED,
        Json(shop.open_display(actor.seat, &request)?),
    ))
}

/// What the customer sees now.
#[utoipa::path(get, path = "/api/v1/display", tag = "display",
    responses((status = 200, body = DisplayView), (status = 401, body = ErrorBody)), security(("session" = [])))]
pub async fn display(
    OpenShop(shop): OpenShop,
    Extension(DisplaySeat(seat)): Extension<DisplaySeat>,
) -> ApiResult<Json<DisplayView>> {
    run(move || shop.display(seat)).await.map(Json)
}
