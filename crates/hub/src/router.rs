//! The hub over HTTP: who asks, whether the signature holds, how much and how often; then the work of [`Hub`].

use crate::{
    Books,
    books::Standing,
    keep::{Hub, Refusal, most_bytes},
    limits,
    matters::MatterReport,
    room::{Doing, Lent, Room},
};
use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
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
        self, Heads, Keys, Matters, OwnerAsk, OwnerOffer, PULL_WINDOW_MS, Pull, Push, Registration,
        RequestHead, signature_of,
    },
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::Ordering::Relaxed},
};

/// A question with a card is short.
const MOST_CARD_ASK: usize = 1 << 10;
/// What is read of anybody whose head does not say what body was signed.
const MOST_UNSAID: usize = 2 << 20;
/// So many pulls of one device wait or are answered at once; it needs one.
const PULLS_AT_ONCE: usize = 8;

struct Door<B> {
    hub: Arc<Hub<B>>,
    /// For the bodies of devices whose signature held before.
    known: Room,
    /// For those of whoever is not known yet.
    strangers: Room,
    /// Behind a proxy the address stands in its header.
    proxied: bool,
}

/// The hub's routes. With `proxied`, the address of whoever asks is the last one in `x-forwarded-for`.
pub fn router<B: Books>(hub: Arc<Hub<B>>, proxied: bool) -> Router {
    let largest = most_bytes("/sync/v1/push");
    let door = Arc::new(Door {
        known: Room::of(hub.limits.bodies.max(largest)),
        strangers: Room::of((hub.limits.bodies / 8).max(largest)),
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
    /// Of the body that is signed, where it is said before the body comes.
    digest: Option<[u8; 32]>,
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
            digest: match headers.contains_key(exchange::DIGEST) {
                true => Some(blake3::Hash::from_hex(text(exchange::DIGEST)?).ok()?.into()),
                false => None,
            },
            signature: signature_of(text(exchange::SIGNATURE)?)?,
        })
    }

    fn is_signed_by(&self, key: &PublicKey, digest: [u8; 32]) -> bool {
        let request = RequestHead {
            method: &self.method,
            path: &self.path,
            digest,
            time_ms: self.time_ms,
            shop: self.shop,
            device: self.device,
        };
        request.is_signed_by(key, &self.signature)
    }
}

/// A body that was read, and the memory that it takes until all is done that was asked.
struct Read {
    bytes: Vec<u8>,
    digest: [u8; 32],
    lent: Lent,
}

/// What a device asks, once it is known that it asks.
struct Heard {
    asked: Asked,
    standing: Standing,
    /// Whether the device still belongs to the shop.
    belongs: bool,
    body: Read,
}

/// An answer, and what is held until the last of it is sent.
struct Answer {
    bytes: Vec<u8>,
    _held: (Lent, Option<Doing>),
}

impl From<Vec<u8>> for Answer {
    fn from(bytes: Vec<u8>) -> Answer {
        Answer {
            bytes,
            _held: (Lent::default(), None),
        }
    }
}

impl AsRef<[u8]> for Answer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
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

    /// Reads the body of a device that signed it, in its time, when there is room for what it said that it is.
    async fn body(&self, request: HttpRequest, most: usize) -> Result<Read, Refusal> {
        let said = said(&request, most)?;
        self.in_time(async {
            let lent = self.known.lend(said).await;
            let body = Limited::new(request.into_body(), most).collect().await;
            let bytes = body.map_err(|error| unread(&*error))?.to_bytes().to_vec();
            Ok((bytes, lent))
        })
        .await
    }

    /// Reads the body of somebody who is not known yet. It takes room as it comes, so that whoever only says that much
    /// will come holds none, and waits for nobody.
    async fn strangers_body(&self, request: HttpRequest, most: usize) -> Result<Read, Refusal> {
        said(&request, most)?;
        self.in_time(async {
            let (mut bytes, mut lent) = (Vec::new(), Lent::default());
            let mut body = Limited::new(request.into_body(), most);
            while let Some(frame) = body.frame().await {
                let Ok(data) = frame.map_err(|error| unread(&*error))?.into_data() else {
                    continue;
                };
                if !self.strangers.more(&mut lent, bytes.len() + data.len()) {
                    return Err(Refusal::TooMany);
                }
                bytes.extend_from_slice(&data);
            }
            Ok((bytes, lent))
        })
        .await
    }

    async fn in_time(
        &self,
        reading: impl Future<Output = Result<(Vec<u8>, Lent), Refusal>>,
    ) -> Result<Read, Refusal> {
        let (bytes, lent) = tokio::time::timeout(self.hub.limits.body_patience, reading)
            .await
            .map_err(|_| Refusal::TooSlow)??;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.hub.metrics.bytes_in.fetch_add(length, Relaxed);
        Ok(Read {
            digest: blake3::hash(&bytes).into(),
            bytes,
            lent,
        })
    }

    /// A device that asks for facts: known, not revoked, signed, and now.
    async fn reader(&self, request: HttpRequest) -> Result<Heard, Refusal> {
        let heard = self.signer(request).await?;
        match heard.belongs {
            true => Ok(heard),
            false => Err(Refusal::Revoked),
        }
    }

    /// A device that is or was of the shop. Its signature is looked at before anything is read, so that a stranger costs
    /// one look and holds nothing; an older device does not say beforehand what it signed.
    async fn signer(&self, request: HttpRequest) -> Result<Heard, Refusal> {
        self.let_in(&request)?;
        let asked = asked(&request)?;
        let most = most_bytes(&asked.path);
        let (standing, belongs, body) = match asked.digest {
            Some(digest) => {
                let (standing, belongs) = self.standing_of(&asked, digest).await?;
                let body = self.body(request, most).await?;
                if body.digest != digest {
                    return Err(Refusal::NotSigned);
                }
                (standing, belongs, body)
            }
            None => {
                let body = self.strangers_body(request, most.min(MOST_UNSAID)).await?;
                let (standing, belongs) = self.standing_of(&asked, body.digest).await?;
                (standing, belongs, body)
            }
        };
        Ok(Heard {
            asked,
            standing,
            belongs,
            body,
        })
    }

    /// The shop of a device that is or was of it, signed and, if it still belongs to it, now; and whether it does.
    async fn standing_of(&self, asked: &Asked, digest: [u8; 32]) -> Result<(Standing, bool), Refusal> {
        let standing = self.hub.standing(asked.shop, &[]).await.map_err(hide)?;
        let devices = self.hub.devices(&standing.shop).await?;
        let known = devices.get(asked.device).ok_or(Refusal::NotSigned)?;
        if !asked.is_signed_by(&known.key, digest) {
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

    /// The body of a push. Of a device that is not known yet, only the facts in it can say who it is.
    async fn pushed(&self, asked: &Asked, request: HttpRequest) -> Result<Read, Refusal> {
        let most = most_bytes(&asked.path);
        let Some(digest) = asked.digest else {
            return self.strangers_body(request, most.min(MOST_UNSAID)).await;
        };
        let standing = self.hub.standing(asked.shop, &[]).await.map_err(hide)?;
        let devices = self.hub.devices(&standing.shop).await?;
        let body = match devices.get(asked.device) {
            Some(known) if !asked.is_signed_by(&known.key, digest) => return Err(Refusal::NotSigned),
            Some(_) => self.body(request, most).await?,
            None => self.strangers_body(request, most).await?,
        };
        match body.digest == digest {
            true => Ok(body),
            false => Err(Refusal::NotSigned),
        }
    }

    fn slow_down(&self, asked: &Asked) -> Result<(), Refusal> {
        match self.hub.gates.device(asked.shop, asked.device) {
            true => Ok(()),
            false => Err(Refusal::TooMany),
        }
    }

    fn answer(&self, outcome: Result<impl Into<Answer>, Refusal>) -> Response {
        let response = match outcome {
            Ok(answer) => (
                [(
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/octet-stream"),
                )],
                Bytes::from_owner(answer.into()),
            )
                .into_response(),
            Err(refusal) => refusal.into_response(),
        };
        self.hub.metrics.answered(response.status().as_u16());
        response
    }
}

/// How much a body says that it is; nobody sends a gigabyte to be told that it was too much.
fn said(request: &HttpRequest, most: usize) -> Result<usize, Refusal> {
    let said = match request.body().size_hint().upper() {
        Some(said) => usize::try_from(said).unwrap_or(usize::MAX),
        None => most,
    };
    match said > most {
        true => Err(Refusal::TooBig),
        false => Ok(said),
    }
}

fn unread(error: &(dyn std::error::Error + 'static)) -> Refusal {
    match error.is::<LengthLimitError>() {
        true => Refusal::TooBig,
        false => Refusal::Unreadable,
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
        let body = door.pushed(&asked, request).await?;
        let push = Arc::new(Push::decode(&body.bytes).map_err(|_| Refusal::Unreadable)?);
        let devices: Vec<DeviceId> = push.series.iter().map(|chunk| chunk.device).collect();
        let standing = door.hub.standing(asked.shop, &devices).await.map_err(hide)?;
        let keys = door.hub.keys_for_push(&standing, asked.device, &push).await?;
        if !keys.iter().any(|key| asked.is_signed_by(key, body.digest)) {
            return Err(Refusal::NotSigned);
        }
        let Read { bytes, lent, .. } = body;
        drop(bytes);
        door.slow_down(&asked)?;
        let pushed = door.hub.push(standing, &push).await?.encode();
        // What was read is there until now, in another form.
        drop(lent);
        Ok(pushed)
    };
    door.answer(outcome.await)
}

async fn pull<B: Books>(State(door): State<Arc<Door<B>>>, request: HttpRequest) -> Response {
    let outcome = async {
        let heard = door.reader(request).await?;
        let asked = &heard.asked;
        let pulling = door.hub.pulling.begin(asked.shop, asked.device, PULLS_AT_ONCE);
        let pulling = pulling.ok_or(Refusal::TooMany)?;
        let pull = Pull::decode(&heard.body.bytes).map_err(|_| Refusal::Unreadable)?;
        let (pulled, mut lent) = door.hub.pull(&heard.standing.shop, &pull).await?;
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
        let bytes = pulled.encode();
        lent.keep(bytes.len());
        Ok(Answer {
            bytes,
            _held: (lent, Some(pulling)),
        })
    };
    door.answer(outcome.await)
}

async fn heads<B: Books>(State(door): State<Arc<Door<B>>>, request: HttpRequest) -> Response {
    let outcome = async {
        let heard = door.reader(request).await?;
        Ok(door.hub.heads(&heard.standing.shop).await?.encode())
    };
    door.answer(outcome.await)
}

async fn keys<B: Books>(State(door): State<Arc<Door<B>>>, request: HttpRequest) -> Response {
    let outcome = async {
        let heard = door.reader(request).await?;
        let keys = Keys::decode(&heard.body.bytes).map_err(|_| Refusal::Unreadable)?;
        let given = door.hub.keys(&heard.standing.shop, heard.asked.device, &keys);
        Ok(given.await?.encode())
    };
    door.answer(outcome.await)
}

/// Why a device is shut out: the one thing that is still told to it.
async fn notice<B: Books>(State(door): State<Arc<Door<B>>>, request: HttpRequest) -> Response {
    let outcome = async {
        let heard = door.signer(request).await?;
        if heard.belongs {
            return Ok(Push::default().encode());
        }
        let asked = &heard.asked;
        if !door.hub.gates.notice(asked.shop, asked.device) {
            return Err(Refusal::TooMany);
        }
        let have = Heads::decode(&heard.body.bytes)
            .map_err(|_| Refusal::Unreadable)?
            .heads;
        Ok(door
            .hub
            .notice(&heard.standing.shop, asked.device, &have)
            .await?
            .encode())
    };
    door.answer(outcome.await)
}

async fn owners<B: Books>(State(door): State<Arc<Door<B>>>, request: HttpRequest) -> Response {
    let outcome = async {
        let heard = door.reader(request).await?;
        let ask = OwnerAsk::decode(&heard.body.bytes).map_err(|_| Refusal::Unreadable)?;
        let staff = StaffId::from_bytes(ask.staff);
        let (code, until, confirmed) = door
            .hub
            .offer(&heard.standing.shop, heard.asked.device, staff)
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
        let Heard {
            asked,
            standing,
            body,
            ..
        } = door.reader(request).await?;
        Matters::decode(&body.bytes).map_err(|_| Refusal::Unreadable)?;
        let report = MatterReport {
            device: asked.device,
            time: Moment(asked.time_ms),
            received: door.hub.now(),
            signature: asked.signature,
            body: body.bytes,
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
        let body = door.strangers_body(request, most_bytes(&asked.path)).await?;
        let registration = Registration::decode(&body.bytes).map_err(|_| Refusal::Unreadable)?;
        let founding = Hub::<B>::founding(&registration)?;
        if founding.0 != asked.shop {
            return Err(Refusal::NotSigned);
        }
        let keys = door
            .hub
            .keys_for_registration(&registration, founding, asked.device)
            .await?;
        if !keys.iter().any(|key| asked.is_signed_by(key, body.digest)) {
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
        let Heard {
            asked,
            standing,
            body,
            ..
        } = door.reader(request).await?;
        let step = Bring::decode(&body.bytes).map_err(|_| Refusal::Unreadable)?;
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
        let body = door.strangers_body(request, MOST_CARD_ASK).await?;
        let ask = CardAsk::decode(&body.bytes).map_err(|_| Refusal::Unreadable)?;
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
