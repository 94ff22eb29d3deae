//! The hub over HTTP: who asks, whether the signature holds, how much and how often; then the work of [`Hub`].

use crate::{
    Books,
    books::Standing,
    keep::{Hub, Refusal, most_bytes},
    limits,
    matters::MatterReport,
};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request as HttpRequest, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::{
    ids::{DeviceId, ShopId, StaffId},
    time::Moment,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use journal::{
    PublicKey,
    backups::{Bring, CardAsk, Want},
    exchange::{
        self, Heads, Keys, Matters, OwnerAsk, OwnerOffer, PULL_WINDOW_MS, Pull, Push, Registration, Request,
        signature_of,
    },
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::Ordering::Relaxed},
};
use tokio::sync::Semaphore;

/// A question with a card is short.
const MOST_CARD_ASK: usize = 1 << 10;
/// Memory for bodies is lent in pieces of this size.
const PIECE: usize = 64 << 10;

struct Door<B> {
    hub: Arc<Hub<B>>,
    /// Pieces of memory that are still to be had.
    room: Semaphore,
    pieces: u32,
    /// Behind a proxy the address stands in its header.
    proxied: bool,
}

/// The hub's routes. With `proxied`, the address of whoever asks is the last one in `x-forwarded-for`.
pub fn router<B: Books>(hub: Arc<Hub<B>>, proxied: bool) -> Router {
    let pieces = (hub.limits.bodies.max(most_bytes("/sync/v1/push")) / PIECE + 1).min(Semaphore::MAX_PERMITS);
    let door = Arc::new(Door {
        room: Semaphore::new(pieces),
        pieces: u32::try_from(pieces).unwrap_or(u32::MAX),
        hub,
        proxied,
    });
    Router::new()
        .route("/sync/v1/push", post(push))
        .route("/sync/v1/pull", post(pull))
        .route("/sync/v1/heads", get(heads))
        .route("/sync/v1/keys", post(keys))
        .route("/sync/v1/notice", post(notice))
        .route("/sync/v1/owners", post(owners))
        .route("/sync/v1/matters", post(matters))
        .route("/sync/v1/shops", post(register))
        .route("/sync/v1/backups", post(bring))
        .route("/sync/v1/recover", post(recover))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .with_state(door)
}

/// What every signed request says of itself.
struct Asked {
    method: String,
    path: String,
    shop: ShopId,
    device: DeviceId,
    time_ms: i64,
    signature: [u8; 64],
}

impl Asked {
    fn of(method: &str, path: &str, headers: &HeaderMap) -> Option<Asked> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        Some(Asked {
            method: method.to_owned(),
            path: path.to_owned(),
            shop: text(exchange::SHOP)?.parse().ok()?,
            device: text(exchange::DEVICE)?.parse().ok()?,
            time_ms: text(exchange::TIME)?.parse().ok()?,
            signature: signature_of(text(exchange::SIGNATURE)?)?,
        })
    }

    fn is_signed_by(&self, key: &PublicKey, body: &[u8]) -> bool {
        let request = Request {
            method: &self.method,
            path: &self.path,
            body,
            time_ms: self.time_ms,
            shop: self.shop,
            device: self.device,
        };
        request.is_signed_by(key, &self.signature)
    }
}

impl<B: Books> Door<B> {
    fn let_in(&self, request: &HttpRequest) -> Result<(), Refusal> {
        // In tests of the bare router there is no connection, and nobody to hold back.
        match self.address(request) {
            Some(address) if !self.hub.gates.address(address) => Err(Refusal::TooMany),
            _ => Ok(()),
        }
    }

    fn address(&self, request: &HttpRequest) -> Option<IpAddr> {
        if self.proxied {
            return limits::forwarded(request.headers());
        }
        let connected = request.extensions().get::<ConnectInfo<SocketAddr>>();
        connected.map(|ConnectInfo(address)| address.ip())
    }

    /// Reads a body of at most so many bytes, in its time, when there is room for it.
    async fn body(&self, request: HttpRequest, most: usize) -> Result<Vec<u8>, Refusal> {
        let said = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let said = match said {
            Some(said) => usize::try_from(said).unwrap_or(usize::MAX),
            None => most,
        };
        if said > most {
            return Err(Refusal::TooBig);
        }
        let pieces = u32::try_from(said / PIECE + 1)
            .unwrap_or(u32::MAX)
            .min(self.pieces);
        let reading = async {
            let _lent = self.room.acquire_many(pieces).await;
            match Limited::new(request.into_body(), most).collect().await {
                Ok(body) => Ok(body.to_bytes().to_vec()),
                Err(error) if error.is::<LengthLimitError>() => Err(Refusal::TooBig),
                Err(_) => Err(Refusal::Unreadable),
            }
        };
        let body = tokio::time::timeout(self.hub.limits.body_patience, reading)
            .await
            .map_err(|_| Refusal::TooSlow)??;
        let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
        self.hub.metrics.bytes_in.fetch_add(bytes, Relaxed);
        Ok(body)
    }

    /// A device that asks for facts: known, not revoked, signed, and now.
    async fn reader(&self, asked: &Asked, body: &[u8]) -> Result<Standing, Refusal> {
        match self.signer(asked, body).await? {
            (standing, true) => Ok(standing),
            (_, false) => Err(Refusal::Revoked),
        }
    }

    /// A device that is or was of the shop, signed and, if it still belongs to it, now; and whether it does.
    async fn signer(&self, asked: &Asked, body: &[u8]) -> Result<(Standing, bool), Refusal> {
        let standing = self.hub.standing(asked.shop, &[]).await.map_err(hide)?;
        let devices = self.hub.devices(&standing.shop).await?;
        let known = devices.get(asked.device).ok_or(Refusal::NotSigned)?;
        if !asked.is_signed_by(&known.key, body) {
            return Err(Refusal::NotSigned);
        }
        let belongs = known.until.is_none();
        // Whoever is out is told so by any clock.
        let off = asked.time_ms.saturating_sub(self.hub.now().0).saturating_abs();
        if belongs && off > PULL_WINDOW_MS {
            return Err(Refusal::Clock);
        }
        self.slow_down(asked)?;
        Ok((standing, belongs))
    }

    fn slow_down(&self, asked: &Asked) -> Result<(), Refusal> {
        match self.hub.gates.device(asked.shop, asked.device) {
            true => Ok(()),
            false => Err(Refusal::TooMany),
        }
    }

    fn answer(&self, outcome: Result<Vec<u8>, Refusal>) -> Response {
        let response = match outcome {
            Ok(bytes) => (
                [(
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/octet-stream"),
                )],
                bytes,
            )
                .into_response(),
            Err(refusal) => refusal.into_response(),
        };
        self.hub.metrics.answered(response.status().as_u16());
        response
    }
}

/// A stranger is not told which shops there are.
fn hide(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::UnknownShop => Refusal::NotSigned,
        other => other,
    }
}

fn asked(request: &HttpRequest) -> Result<Asked, Refusal> {
    Asked::of(request.method().as_str(), request.uri().path(), request.headers()).ok_or(Refusal::NotSigned)
}

async fn push<B: Books>(State(door): State<Arc<Door<B>>>, request: HttpRequest) -> Response {
    let outcome = async {
        door.let_in(&request)?;
        let asked = asked(&request)?;
        // Before anything is read: strangers cost one look.
        if !door.hub.remembers(asked.shop) {
            door.hub.standing(asked.shop, &[]).await.map_err(hide)?;
        }
        let body = door.body(request, most_bytes(&asked.path)).await?;
        let push = Push::decode(&body).map_err(|_| Refusal::Unreadable)?;
        let devices: Vec<DeviceId> = push.series.iter().map(|chunk| chunk.device).collect();
        let standing = door.hub.standing(asked.shop, &devices).await.map_err(hide)?;
        let known = door.hub.devices(&standing.shop).await?;
        let key = door
            .hub
            .key_for_push(&standing, &known, asked.device, &push)
            .await?;
        if !asked.is_signed_by(&key, &body) {
            return Err(Refusal::NotSigned);
        }
        drop(body);
        door.slow_down(&asked)?;
        Ok(door.hub.push(standing, &push).await?.encode())
    };
    door.answer(outcome.await)
}

async fn pull<B: Books>(State(door): State<Arc<Door<B>>>, request: HttpRequest) -> Response {
    let outcome = async {
        door.let_in(&request)?;
        let asked = asked(&request)?;
        let body = door.body(request, most_bytes(&asked.path)).await?;
        let standing = door.reader(&asked, &body).await?;
        let pull = Pull::decode(&body).map_err(|_| Refusal::Unreadable)?;
        let pulled = door.hub.pull(&standing.shop, &pull).await?;
        // Whoever was shut out while waiting gets nothing.
        if pull.wait_ms > 0 {
            let standing = door.hub.standing(asked.shop, &[]).await?;
            let devices = door.hub.devices(&standing.shop).await?;
            if devices
                .get(asked.device)
                .is_none_or(|known| known.until.is_some())
            {
                return Err(Refusal::Revoked);
            }
        }
        Ok(pulled.encode())
    };
    door.answer(outcome.await)
}

async fn heads<B: Books>(State(door): State<Arc<Door<B>>>, request: HttpRequest) -> Response {
    let asked = door.let_in(&request).and_then(|()| asked(&request));
    drop(request);
    let outcome = async {
        let asked = asked?;
        let standing = door.reader(&asked, b"").await?;
        Ok(door.hub.heads(&standing.shop).await?.encode())
    };
    door.answer(outcome.await)
}

async fn keys<B: Books>(State(door): State<Arc<Door<B>>>, request: HttpRequest) -> Response {
    let outcome = async {
        door.let_in(&request)?;
        let asked = asked(&request)?;
        let body = door.body(request, most_bytes(&asked.path)).await?;
        let standing = door.reader(&asked, &body).await?;
        let keys = Keys::decode(&body).map_err(|_| Refusal::Unreadable)?;
        Ok(door.hub.keys(&standing.shop, asked.device, &keys).await?.encode())
    };
    door.answer(outcome.await)
}

/// Why a device is shut out: the one thing that is still told to it.
async fn notice<B: Books>(State(door): State<Arc<Door<B>>>, request: HttpRequest) -> Response {
    let outcome = async {
        door.let_in(&request)?;
        let asked = asked(&request)?;
        let body = door.body(request, most_bytes(&asked.path)).await?;
        let (standing, belongs) = door.signer(&asked, &body).await?;
        if belongs {
            return Ok(Push::default().encode());
        }
        if !door.hub.gates.notice(asked.shop, asked.device) {
            return Err(Refusal::TooMany);
        }
        let have = Heads::decode(&body).map_err(|_| Refusal::Unreadable)?.heads;
        Ok(door
            .hub
            .notice(&standing.shop, asked.device, &have)
            .await?
            .encode())
    };
    door.answer(outcome.await)
}

async fn owners<B: Books>(State(door): State<Arc<Door<B>>>, request: HttpRequest) -> Response {
    let outcome = async {
        door.let_in(&request)?;
        let asked = asked(&request)?;
        let body = door.body(request, most_bytes(&asked.path)).await?;
        let standing = door.reader(&asked, &body).await?;
        let ask = OwnerAsk::decode(&body).map_err(|_| Refusal::Unreadable)?;
        let (code, until, confirmed) = door
            .hub
            .offer(&standing.shop, asked.device, StaffId::from_bytes(ask.staff))
            .await?;
        let offer = OwnerOffer {
            code,
            until_ms: until.0,
            confirmed,
        };
        Ok(offer.encode())
    };
    door.answer(outcome.await)
}

async fn matters<B: Books>(State(door): State<Arc<Door<B>>>, request: HttpRequest) -> Response {
    let outcome = async {
        door.let_in(&request)?;
        let asked = asked(&request)?;
        let body = door.body(request, most_bytes(&asked.path)).await?;
        let standing = door.reader(&asked, &body).await?;
        Matters::decode(&body).map_err(|_| Refusal::Unreadable)?;
        let report = MatterReport {
            device: asked.device,
            time: Moment(asked.time_ms),
            received: door.hub.now(),
            signature: asked.signature,
            body,
        };
        door.hub.books.keep_matters(standing.shop.shop, &report).await?;
        Ok(Vec::new())
    };
    door.answer(outcome.await)
}

async fn register<B: Books>(State(door): State<Arc<Door<B>>>, request: HttpRequest) -> Response {
    let outcome = async {
        door.let_in(&request)?;
        let asked = asked(&request)?;
        let body = door.body(request, most_bytes(&asked.path)).await?;
        let registration = Registration::decode(&body).map_err(|_| Refusal::Unreadable)?;
        let founding = Hub::<B>::founding(&registration)?;
        if founding.0 != asked.shop {
            return Err(Refusal::NotSigned);
        }
        let key = door
            .hub
            .key_for_registration(&registration, founding, asked.device)
            .await?;
        if !asked.is_signed_by(&key, &body) {
            return Err(Refusal::NotSigned);
        }
        door.slow_down(&asked)?;
        door.hub.register(&registration).await?;
        Ok(Vec::new())
    };
    door.answer(outcome.await)
}

async fn bring<B: Books>(State(door): State<Arc<Door<B>>>, request: HttpRequest) -> Response {
    let outcome = async {
        door.let_in(&request)?;
        let asked = asked(&request)?;
        let body = door.body(request, most_bytes(&asked.path)).await?;
        let standing = door.reader(&asked, &body).await?;
        let step = Bring::decode(&body).map_err(|_| Refusal::Unreadable)?;
        Ok(door.hub.bring(&standing, asked.device, step).await?.encode())
    };
    door.answer(outcome.await)
}

/// The one question to shops that needs no device: it is signed with a recovery card.
async fn recover<B: Books>(State(door): State<Arc<Door<B>>>, request: HttpRequest) -> Response {
    let outcome = async {
        door.let_in(&request)?;
        let address = door.address(&request);
        let may = |door: &Door<B>| address.is_none_or(|address| door.hub.gates.card(address));
        let body = door.body(request, MOST_CARD_ASK).await?;
        let ask = CardAsk::decode(&body).map_err(|_| Refusal::Unreadable)?;
        // Pieces of a backup are many; whoever asks for one without being known counts as well.
        if ask.want == Want::List && !may(&door) {
            return Err(Refusal::TooMany);
        }
        match door.hub.recover(&ask).await {
            Err(Refusal::NotSigned) if ask.want != Want::List && !may(&door) => Err(Refusal::TooMany),
            outcome => outcome,
        }
    };
    door.answer(outcome.await)
}

async fn health<B: Books>(State(door): State<Arc<Door<B>>>) -> Response {
    match door.hub.books.ready().await {
        Ok(()) => (StatusCode::OK, "{\"status\":\"ok\"}").into_response(),
        Err(error) => {
            tracing::warn!(%error, "the books are not to be had");
            (StatusCode::SERVICE_UNAVAILABLE, "{\"status\":\"no books\"}").into_response()
        }
    }
}

async fn metrics<B: Books>(State(door): State<Arc<Door<B>>>) -> Response {
    let plain = HeaderValue::from_static("text/plain; version=0.0.4");
    (
        [(header::CONTENT_TYPE, plain)],
        Body::from(door.hub.metrics.text()),
    )
        .into_response()
}

impl Refusal {
    /// Status, code, and what may help: nothing, the same again later, or another request.
    fn row(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Refusal::NotSigned => (StatusCode::UNAUTHORIZED, "not_signed", "forbidden"),
            Refusal::Clock => (StatusCode::UNAUTHORIZED, "clock", "invalid"),
            Refusal::UnknownShop => (StatusCode::UNAUTHORIZED, "unknown_shop", "forbidden"),
            Refusal::Suspended => (StatusCode::FORBIDDEN, "suspended", "forbidden"),
            Refusal::Revoked => (StatusCode::FORBIDDEN, "revoked", "forbidden"),
            Refusal::NotInvited => (StatusCode::FORBIDDEN, "not_invited", "forbidden"),
            Refusal::Full => (StatusCode::FORBIDDEN, "full", "forbidden"),
            Refusal::Taken => (StatusCode::CONFLICT, "taken", "conflict"),
            Refusal::Demo => (StatusCode::UNPROCESSABLE_ENTITY, "demo", "invalid"),
            Refusal::NoOwner => (StatusCode::FORBIDDEN, "no_owner", "forbidden"),
            Refusal::Unreadable => (StatusCode::BAD_REQUEST, "unreadable", "invalid"),
            Refusal::TooBig => (StatusCode::PAYLOAD_TOO_LARGE, "too_big", "invalid"),
            Refusal::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too_slow", "transient"),
            Refusal::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too_many", "transient"),
            Refusal::NoBackups => (StatusCode::UNPROCESSABLE_ENTITY, "no_backups", "invalid"),
            Refusal::BackupsFull => (StatusCode::FORBIDDEN, "backups_full", "forbidden"),
            Refusal::CardUnknown => (StatusCode::CONFLICT, "card_unknown", "conflict"),
            Refusal::BackupUnknown => (StatusCode::NOT_FOUND, "backup_unknown", "invalid"),
            Refusal::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "transient"),
        }
    }

    pub fn transient(&self) -> bool {
        self.row().2 == "transient"
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, kind) = self.row();
        // What is wrong with the books is for the log, not for strangers.
        let message = match &self {
            Refusal::Unavailable(error) => {
                tracing::error!(%error, "a request could not be answered");
                "the hub cannot answer now".to_owned()
            }
            other => other.to_string(),
        };
        let body = serde_json::json!({ "error": { "code": code, "kind": kind, "message": message } });
        let mut response = (status, axum::Json(body)).into_response();
        if self.transient() {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}
