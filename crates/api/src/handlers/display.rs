//! The customer's screen and live events.

use super::{OpenShop, run};
use crate::{
    Caller, Door,
    error::{ApiResult, ErrorBody},
    extract::{Body, Params},
    guard::{DisplaySeat, Listener},
    lan::UntilClosed,
    live::{LiveFeed, pump},
};
use app::{
    Actor,
    asks::{AnswerAsk, AskGuest, AskView, DisplayAsk, EndAsk},
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
    Extension(listener): Extension<Listener>,
    until: Option<Extension<UntilClosed>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let feed = LiveFeed::of(door, listener);
    upgrade
        .protocols(["chandi"])
        .max_message_size(4096)
        .on_upgrade(move |socket| pump(socket, feed, until.map(|Extension(until)| until)))
}

/// A token for a browser as this till's second screen, or as the hall's board. Of this machine it has no end; a browser
/// of another machine gets one for a day, which a restart ends.
#[utoipa::path(post, path = "/api/v1/displays", tag = "display", request_body = OpenDisplay,
    responses((status = 201, body = DisplayToken), (status = 422, body = ErrorBody)), security(("session" = [])))]
pub async fn open_display(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<OpenDisplay>,
) -> ApiResult<(StatusCode, Json<DisplayToken>)> {
    let token = shop.open_display(&actor, &request, caller.is_local())?;
    Ok((StatusCode::CREATED, Json(token)))
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

/// What the guest is asked at this till's second screen, and what they answered.
#[utoipa::path(get, path = "/api/v1/display/ask", tag = "display",
    responses((status = 200, body = Option<AskView>)), security(("session" = [])))]
pub async fn asked(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
) -> ApiResult<Json<Option<AskView>>> {
    Ok(Json(shop.asked(&actor)?))
}

/// Asks the guest for a tip or for a phone number, on their own screen.
#[utoipa::path(post, path = "/api/v1/display/ask", tag = "display", request_body = AskGuest,
    responses((status = 200, body = AskView), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)),
    security(("session" = [])))]
pub async fn ask(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Body(request): Body<AskGuest>,
) -> ApiResult<Json<AskView>> {
    run(move || shop.ask_guest(&actor, &request)).await.map(Json)
}

/// The guest is asked no more.
#[utoipa::path(delete, path = "/api/v1/display/ask", tag = "display", params(EndAsk), responses((status = 204)),
    security(("session" = [])))]
pub async fn end_ask(
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    Params(end): Params<EndAsk>,
) -> ApiResult<StatusCode> {
    run(move || {
        shop.end_ask(&actor, &end);
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The guest's answer, from the customer's screen: the only thing that screen may write, and only while it is asked.
#[utoipa::path(post, path = "/api/v1/display/answer", tag = "display", request_body = AnswerAsk,
    responses((status = 200, body = DisplayAsk), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody),
              (status = 429, body = ErrorBody)), security(("session" = [])))]
pub async fn answer(
    OpenShop(shop): OpenShop,
    Extension(DisplaySeat(seat)): Extension<DisplaySeat>,
    Body(request): Body<AnswerAsk>,
) -> ApiResult<Json<DisplayAsk>> {
    run(move || shop.answer_ask(seat, &request)).await.map(Json)
}
