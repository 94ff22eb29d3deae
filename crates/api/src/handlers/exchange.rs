//! Facts between the devices of a shop, the same questions as at a hub, signed the same way.

use super::{OpenShop, run};
use crate::{
    Caller, Door,
    error::{ApiResult, ErrorBody},
};
use app::{
    AppError, Code, Shop,
    exchange::SignedRequest,
    letters::{digest_of, unhex},
    live::LiveMessage,
    neighbours::{Greeted, Greeting},
};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::ids::DeviceId;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use journal::exchange::{
    self, Heads, Keys, KeysAnswer, MAX_KEYS, MAX_MESSAGE_BYTES, Pull, Pulled, Push, Pushed, signature_of,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{
        Semaphore,
        broadcast::{Receiver, error::RecvError},
    },
    time::{sleep, timeout},
};

/// A greeting, a vector of everything, a few hundred ids.
const SMALL: usize = 1 << 20;
/// A letter: a slip with its texts, or the parked carts of a till.
pub(super) const LETTER: usize = 2 << 20;
/// How many large bodies are read at once.
static ROOM: Semaphore = Semaphore::const_new(4);
const BODY: Duration = Duration::from_secs(30);
/// Nobody is kept waiting for longer.
const LONGEST_WAIT: Duration = Duration::from_secs(25);
/// The most that one answer holds, besides one whole transaction.
const MOST_BYTES: u32 = 4 << 20;

/// Another device greets this one.
#[utoipa::path(post, path = "/sync/v1/hello", tag = "sync", request_body = Greeting,
    responses((status = 200, body = Greeted), (status = 401, body = ErrorBody)))]
pub async fn hello(
    State(door): State<Door>,
    OpenShop(shop): OpenShop,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> ApiResult<Response> {
    let (device, bytes) = sender(&shop, &headers, "POST", "/sync/v1/hello", body, SMALL).await?;
    let greeting: Greeting =
        serde_json::from_slice(&bytes).map_err(|e| AppError::new(Code::Malformed).because(e))?;
    if let (Caller::Lan(from), Some(port)) = (caller, greeting.port) {
        let lan = door.lan.clone();
        run(move || {
            lan.greeted_by(device, (from.ip(), port).into(), &greeting.version);
            Ok(())
        })
        .await?;
    }
    Ok(axum::Json(shop.greeted(env!("CARGO_PKG_VERSION"))).into_response())
}

/// Another device brings facts.
#[utoipa::path(post, path = "/sync/v1/push", tag = "sync",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 401, body = ErrorBody)))]
pub async fn push(OpenShop(shop): OpenShop, headers: HeaderMap, body: Body) -> ApiResult<Response> {
    let (_, bytes) = sender(&shop, &headers, "POST", "/sync/v1/push", body, MAX_MESSAGE_BYTES).await?;
    let pushed = run(move || {
        let push = Push::decode(&bytes).map_err(unreadable)?;
        drop(bytes);
        let taken = shop.take_in(&push.series)?;
        let mut pushed = Pushed::default();
        for (device, done) in taken.series {
            pushed.heads.insert(device, done.upto);
            pushed.refused.extend(done.refused.map(|why| (device, why)));
        }
        Ok(pushed.encode())
    })
    .await?;
    Ok(bytes_of(pushed))
}

/// Another device asks for facts, and waits for them for as long as it says.
#[utoipa::path(post, path = "/sync/v1/pull", tag = "sync",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 401, body = ErrorBody)))]
pub async fn pull(
    State(door): State<Door>,
    OpenShop(shop): OpenShop,
    headers: HeaderMap,
    body: Body,
) -> ApiResult<Response> {
    let (device, bytes) = sender(&shop, &headers, "POST", "/sync/v1/pull", body, SMALL).await?;
    let mut pull = Pull::decode(&bytes).map_err(unreadable)?;
    pull.max_bytes = pull.max_bytes.min(MOST_BYTES);
    let wait = Duration::from_millis(pull.wait_ms.into()).min(LONGEST_WAIT);
    let pull = Arc::new(pull);
    let (lan, asks) = (door.lan.clone(), pull.clone());
    run(move || {
        lan.listens(device, asks.wait_ms > 0, &asks.have);
        Ok(())
    })
    .await?;
    // Before the books are looked at, so that what comes in between is not missed.
    let mut news = shop.subscribe();
    let over = sleep(wait);
    tokio::pin!(over);
    // The shop is not held while somebody waits: it may be left meanwhile.
    let weak = Arc::downgrade(&shop);
    let mut shop = Some(shop);
    loop {
        let open = shop.take().or_else(|| weak.upgrade()).ok_or(Code::NoShop)?;
        let asked = pull.clone();
        let (pulled, welcome) = run(move || {
            let most = usize::try_from(asked.max_bytes).unwrap_or(usize::MAX);
            let (chunks, more) = open.chunks_for(&asked.have, most)?;
            let heads = open.vector()?;
            Ok((Pulled { chunks, heads, more }, !open.shuts_out(device)?))
        })
        .await?;
        if !welcome {
            return Err(Code::DeviceRevoked.into());
        }
        let waits = pulled.chunks.is_empty() && !over.is_elapsed();
        let told = waits
            && tokio::select! {
                () = &mut over => false,
                told = told(&mut news) => told,
            };
        if !told {
            return Ok(bytes_of(pulled.encode()));
        }
    }
}

/// Waits for news that may be a fact; false when there will be none any more.
async fn told(news: &mut Receiver<LiveMessage>) -> bool {
    loop {
        match news.recv().await {
            // What only this device's own screens care for brings no facts.
            Ok(message)
                if matches!(
                    message.kind.as_str(),
                    "cart" | "display" | "ask" | "sync" | "sharing"
                ) => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return true,
            Err(RecvError::Closed) => return false,
        }
    }
}

/// How far this device has each series.
#[utoipa::path(get, path = "/sync/v1/heads", tag = "sync",
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 401, body = ErrorBody)))]
pub async fn heads(OpenShop(shop): OpenShop, headers: HeaderMap, body: Body) -> ApiResult<Response> {
    sender(&shop, &headers, "GET", "/sync/v1/heads", body, SMALL).await?;
    let heads = run(move || shop.vector()).await?;
    Ok(bytes_of(Heads { heads }.encode()))
}

/// The keys of customers whose names stay closed at another device, sealed for the shop's devices.
#[utoipa::path(post, path = "/sync/v1/keys", tag = "sync",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 401, body = ErrorBody)))]
pub async fn keys(OpenShop(shop): OpenShop, headers: HeaderMap, body: Body) -> ApiResult<Response> {
    let (_, bytes) = sender(&shop, &headers, "POST", "/sync/v1/keys", body, SMALL).await?;
    let given = run(move || {
        // A device gives its keys when it is asked; it keeps none for others.
        let mut wanted = Keys::decode(&bytes).map_err(unreadable)?.wanted;
        wanted.truncate(MAX_KEYS);
        let keys = shop.keys_of(&wanted)?;
        Ok(KeysAnswer { keys }.encode())
    })
    .await?;
    Ok(bytes_of(given))
}

/// Why the device that asks is shut out, signed by who did it: the one thing that is still told to it.
#[utoipa::path(post, path = "/sync/v1/notice", tag = "sync",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 401, body = ErrorBody)))]
pub async fn notice(
    State(door): State<Door>,
    OpenShop(shop): OpenShop,
    headers: HeaderMap,
    body: Body,
) -> ApiResult<Response> {
    let asked = asked(&headers).ok_or(Code::SignedOut)?;
    let (digest, looking) = (asked.digest, shop.clone());
    let (device, belongs) = run(move || looking.signer_of_request(&asked, "POST", "/sync/v1/notice")).await?;
    // What it costs to answer is spent on whoever is out now and then, and nothing on anybody else.
    if !belongs {
        door.guards.notice(device)?;
    }
    let bytes = read(&headers, body, SMALL, &digest).await?;
    if belongs {
        return Ok(bytes_of(Push::default().encode()));
    }
    let notice = run(move || {
        let have = Heads::decode(&bytes).map_err(unreadable)?.heads;
        let series = shop.notice_for(device, &have)?;
        Ok(Push { series }.encode())
    })
    .await?;
    Ok(bytes_of(notice))
}

/// Which device of the shop signed it, and its body, within its bounds.
async fn sender(
    shop: &Arc<Shop>,
    headers: &HeaderMap,
    method: &'static str,
    path: &'static str,
    body: Body,
    most: usize,
) -> ApiResult<(DeviceId, Vec<u8>)> {
    let (device, belongs, bytes) = signer(shop, headers, method, path, body, most).await?;
    match belongs {
        true => Ok((device, bytes)),
        false => Err(Code::DeviceRevoked.into()),
    }
}

/// The same of one that may have been shut out since, and whether it was not.
async fn signer(
    shop: &Arc<Shop>,
    headers: &HeaderMap,
    method: &'static str,
    path: &'static str,
    body: Body,
    most: usize,
) -> ApiResult<(DeviceId, bool, Vec<u8>)> {
    let asked = asked(headers).ok_or(Code::SignedOut)?;
    let shop = shop.clone();
    // Before anything is read: strangers cost one look, and hold nothing.
    let (device, belongs) = run(move || shop.signer_of_request(&asked, method, path)).await?;
    Ok((device, belongs, read(headers, body, most, &asked.digest).await?))
}

/// Reads the body whose signature held, within its bounds.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    most: usize,
    digest: &[u8; 32],
) -> ApiResult<Vec<u8>> {
    // Nobody sends a gigabyte to be told that it was too much.
    let said = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|said| usize::try_from(said).map_or(true, |said| said > most)) {
        return Err(Code::TooLarge.into());
    }
    let late = |what: &str| AppError::new(Code::Malformed).because(what);
    let _room = if most > LETTER {
        let room = timeout(BODY, ROOM.acquire()).await;
        Some(room.map_err(|_| late("too much comes in at once"))?)
    } else {
        None
    };
    let bytes = match timeout(BODY, Limited::new(body, most).collect()).await {
        Ok(Ok(read)) => read.to_bytes().to_vec(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(Code::TooLarge.into()),
        Ok(Err(error)) => return Err(AppError::new(Code::Malformed).because(error).into()),
        Err(_) => return Err(late("the body did not come in time").into()),
    };
    match digest_of(&bytes) == *digest {
        true => Ok(bytes),
        false => Err(Code::SignedOut.into()),
    }
}

fn asked(headers: &HeaderMap) -> Option<SignedRequest> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    Some(SignedRequest {
        shop: text(exchange::SHOP)?.parse().ok()?,
        device: text(exchange::DEVICE)?.parse().ok()?,
        time_ms: text(exchange::TIME)?.parse().ok()?,
        digest: unhex(text(exchange::DIGEST)?)?,
        signature: signature_of(text(exchange::SIGNATURE)?)?,
    })
}

fn unreadable(error: exchange::WireError) -> AppError {
    AppError::new(Code::Malformed).because(error)
}

fn bytes_of(bytes: Vec<u8>) -> Response {
    let kind = HeaderValue::from_static("application/octet-stream");
    ([(header::CONTENT_TYPE, kind)], bytes).into_response()
}
