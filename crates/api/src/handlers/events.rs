//! What happens, for programs that follow: pages with a cursor, waiting for the next one, or a stream.

use super::{OpenShop, run};
use crate::{
    Door,
    error::{ApiError, ApiResult, ErrorBody},
    extract::Params,
};
use app::{
    Actor, AppError, Code,
    events::{EventFilter, EventPage, EventType, ShopEvent, event_types},
    live::LiveMessage,
};
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use std::{collections::VecDeque, convert::Infallible, time::Duration};
use tokio::{
    sync::{
        OwnedSemaphorePermit,
        broadcast::{Receiver, error::RecvError},
    },
    time::{sleep, timeout},
};

/// The longest that a question waits for something to happen.
const MOST_WAIT: Duration = Duration::from_secs(30);
/// How often is looked even if nothing was heard of: what came from another device rings no bell everywhere.
const LOOK: Duration = Duration::from_secs(1);

/// What happened after a cursor, oldest first. With `Accept: text/event-stream` the connection stays open and everything
/// that happens is sent as it comes; `Last-Event-ID` then goes before `after`.
#[utoipa::path(get, path = "/api/v1/events", tag = "programs", params(EventFilter),
    responses((status = 200, description = "A page, or a stream of events with the cursor as id, the type as event and an ShopEvent as data",
        content((EventPage = "application/json"), (String = "text/event-stream"))),
        (status = 409, body = ErrorBody)),
    security(("session" = [])))]
pub async fn follow(
    State(door): State<Door>,
    OpenShop(shop): OpenShop,
    Extension(actor): Extension<Actor>,
    headers: HeaderMap,
    Params(mut filter): Params<EventFilter>,
) -> ApiResult<Response> {
    let says = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let streams = says(header::ACCEPT.as_str()).is_some_and(|kinds| kinds.contains("text/event-stream"));
    if streams {
        if let Some(last) = says("last-event-id") {
            filter.after = Some(last.to_owned());
        }
        let news = door.app.live.subscribe();
        // `now` is now, however long the first event takes; and a cursor of another node is refused before anything streams.
        let (first, at) = (actor.clone(), filter.clone());
        let page = run(move || shop.events(&first, &at)).await?;
        let permit = listens(&door)?;
        return Ok(Sse::new(stream_of(door, actor, news, page, permit))
            .keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
            .into_response());
    }
    let wait = Duration::from_secs(filter.wait.unwrap_or(0)).min(MOST_WAIT);
    let over = sleep(wait);
    tokio::pin!(over);
    // Listens before it looks, so that nothing falls in between.
    let mut news = door.app.live.subscribe();
    let mut permit = None;
    drop(shop);
    loop {
        let page = page(&door, &actor, &filter).await?;
        if !page.items.is_empty() || page.more || wait.is_zero() || over.is_elapsed() {
            return Ok(Json(page).into_response());
        }
        if permit.is_none() {
            permit = Some(listens(&door)?);
        }
        // What was looked at is not looked at again.
        filter.after = Some(page.next);
        // A message, a look, or the end of the wait: all lead to the same question.
        tokio::select! {
            heard = timeout(LOOK, news.recv()) => {
                if let Ok(Err(RecvError::Closed)) = heard {
                    return Err(Code::NoShop.into());
                }
            }
            () = &mut over => {}
        }
    }
}

/// The types of events, and the right without which each is not told.
#[utoipa::path(get, path = "/api/v1/events/types", tag = "programs",
    responses((status = 200, body = Vec<EventType>)), security(("session" = [])))]
pub async fn types() -> Json<Vec<EventType>> {
    Json(event_types())
}

async fn page(door: &Door, actor: &Actor, filter: &EventFilter) -> Result<EventPage, ApiError> {
    // The shop is not held while nothing happens, so that it can be closed meanwhile.
    let shop = door.app.shop()?;
    let (actor, filter) = (actor.clone(), filter.clone());
    run(move || {
        if !shop.is_still(&actor)? {
            return Err(AppError::new(Code::SignedOut));
        }
        shop.events(&actor, &filter)
    })
    .await
}

fn listens(door: &Door) -> Result<OwnedSemaphorePermit, ApiError> {
    door.guards
        .listeners
        .clone()
        .try_acquire_owned()
        .map_err(|_| AppError::new(Code::TooManyRequests).hint("wait_ms", 5_000).into())
}

/// One program that listens.
struct Listener {
    door: Door,
    actor: Actor,
    news: Receiver<LiveMessage>,
    ready: VecDeque<ShopEvent>,
    next: String,
    more: bool,
    _permit: OwnedSemaphorePermit,
}

fn stream_of(
    door: Door,
    actor: Actor,
    news: Receiver<LiveMessage>,
    first: EventPage,
    permit: OwnedSemaphorePermit,
) -> impl stream::Stream<Item = Result<Event, Infallible>> {
    let listener = Listener {
        door,
        actor,
        news,
        ready: first.items.into(),
        next: first.next,
        more: first.more,
        _permit: permit,
    };
    stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    })
}

impl Listener {
    /// The next event; none when the listener may listen no more, or the program ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                let data = serde_json::to_string(&event).ok()?;
                return Some(Event::default().id(event.cursor).event(event.kind).data(data));
            }
            if !self.more
                && let Ok(Err(RecvError::Closed)) = timeout(LOOK, self.news.recv()).await
            {
                return None;
            }
            let filter = EventFilter {
                after: Some(self.next.clone()),
                ..EventFilter::default()
            };
            let page = page(&self.door, &self.actor, &filter).await.ok()?;
            (self.ready, self.next, self.more) = (page.items.into(), page.next, page.more);
        }
    }
}
