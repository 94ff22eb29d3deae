//! The back office's questions, asked by a browser in which an owner signed in: sums, devices, limits. Every answer is
//! about the one shop of that owner, which no question can name.

mod attention;
mod books;

pub use books::{DeviceRow, Limited, OfficeBooks};

use crate::{
    Books,
    keep::Hub,
    limits,
    owners::{Answer, NotOwner, Owner, Session, page_word},
    rollups::{Row, Sum, What},
};
use axum::{
    Json, Router,
    extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{AppendHeaders, IntoResponse, Response},
    routing::{delete, get, post},
};
use domain::{
    ids::{BranchId, CounterId, DeviceId, ShopId},
    money::Currency,
    people::site,
    second_factor::{address, base32},
    time::Moment,
};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};
use uuid::Uuid;

const COOKIE: &str = "chandi_owner";
/// What a page shows beside the cookie at everything that changes something.
const PAGE: &str = "x-chandi-page";
/// The largest question.
const MOST_BYTES: usize = 16 << 10;
/// The most days of one answer.
const MOST_DAYS: u32 = 400;
/// A device that was not heard of for so long is called silent.
const SILENT_MS: i64 = 3 * 86_400_000;

struct Desk<B> {
    hub: Arc<Hub<B>>,
    proxied: bool,
    /// Cookies travel over TLS alone.
    secure: bool,
}

pub fn router<B: Books>(hub: Arc<Hub<B>>, proxied: bool, secure: bool) -> Router {
    let desk = Arc::new(Desk { hub, proxied, secure });
    Router::new()
        .route("/owner/api/offers", post(offered))
        .route("/owner/api/owners", post(enrol))
        .route("/owner/api/session", get(session).post(sign_in).delete(sign_out))
        .route("/owner/api/sessions", get(sessions).delete(sign_out_everywhere))
        .route("/owner/api/sessions/{id}", delete(end_session))
        .route("/owner/api/dashboard", get(dashboard))
        .route("/owner/api/devices", get(devices))
        .route("/owner/api/matters", get(attention::matters))
        .route("/owner/api/waiting", get(attention::waiting))
        .route(
            "/owner/api/waiting/{id}",
            post(attention::confirm).delete(attention::refuse),
        )
        .with_state(desk)
}

impl<B: Books> Desk<B> {
    fn address(&self, parts: &Parts) -> Option<IpAddr> {
        match self.proxied {
            true => limits::forwarded(&parts.headers),
            false => parts
                .extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|ConnectInfo(address)| address.ip()),
        }
    }

    fn let_in(&self, parts: &Parts) -> Answer<()> {
        match self.address(parts) {
            Some(address) if !self.hub.gates.address(address) => Err(NotOwner::TooMany),
            _ => Ok(()),
        }
    }

    fn cookie(&self, token: &str, seconds: i64) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let text =
            format!("{COOKIE}={token}; Path=/owner; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
    }
}

/// A question in JSON from the hub's own page: no form of another site can send that header.
struct Body<T>(T);

impl<B: Books, T: DeserializeOwned> FromRequest<Arc<Desk<B>>> for Body<T> {
    type Rejection = NotOwner;

    async fn from_request(request: Request, desk: &Arc<Desk<B>>) -> Answer<Body<T>> {
        let (parts, body) = request.into_parts();
        desk.let_in(&parts)?;
        own_page(&parts, desk.proxied)?;
        let bytes = axum::body::to_bytes(body, MOST_BYTES)
            .await
            .map_err(|_| NotOwner::Unreadable)?;
        serde_json::from_slice(&bytes)
            .map(Body)
            .map_err(|_| NotOwner::Unreadable)
    }
}

/// From where somebody signs in, or makes a login. It is looked at before the question is read.
struct Site(IpAddr);

impl<B: Books> FromRequestParts<Arc<Desk<B>>> for Site {
    type Rejection = NotOwner;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk<B>>) -> Answer<Site> {
        // Who comes without an address, past a proxy that names none, is one with all who do.
        let address = desk.address(parts).unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        match desk.hub.gates.sign_in(address) {
            true => Ok(Site(site(address))),
            false => Err(NotOwner::TooMany),
        }
    }
}

fn own_page(parts: &Parts, proxied: bool) -> Answer<()> {
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let host = match proxied {
        // A proxy that says nothing of it may have written its own name as the host.
        true => text("x-forwarded-host"),
        false => text("host"),
    };
    let origin = text("origin").map(|origin| origin.split_once("://").map_or("", |(_, host)| host));
    // A browser names where a page comes from; who names nothing is no browser, and has no cookie of anybody.
    let foreign = matches!((origin, host), (Some(origin), Some(host)) if origin != host);
    match text(PAGE).is_some() && !foreign {
        true => Ok(()),
        false => Err(NotOwner::Foreign),
    }
}

/// An owner who signed in.
struct Signed {
    owner: Owner,
    session: Session,
    cookie: Option<HeaderValue>,
}

impl<B: Books> FromRequestParts<Arc<Desk<B>>> for Signed {
    type Rejection = NotOwner;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk<B>>) -> Answer<Signed> {
        desk.let_in(parts)?;
        let token = cookie_of(&parts.headers).ok_or(NotOwner::SignedOut)?;
        let (owner, session, fresh) = desk.hub.session(&token).await?;
        if parts.method != Method::GET {
            own_page(parts, desk.proxied)?;
            let shown = parts.headers.get(PAGE).and_then(|word| word.to_str().ok());
            if shown != Some(page_word(&session).as_str()) {
                return Err(NotOwner::Foreign);
            }
        }
        let cookie = fresh.map(|token| desk.cookie(&token, 30 * 86_400));
        Ok(Signed {
            owner,
            session,
            cookie,
        })
    }
}

impl Signed {
    fn answer(self, body: impl Serialize) -> Response {
        let cookie = self.cookie.map(|cookie| (header::SET_COOKIE, cookie));
        (AppendHeaders(cookie), own(Json(body))).into_response()
    }
}

/// Nothing of a shop stays in a browser's cache.
fn own(body: impl IntoResponse) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], body)
}

fn cookie_of(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|one| Some(one.trim().strip_prefix(COOKIE)?.strip_prefix('=')?.to_owned()))
}

#[derive(Deserialize)]
struct Offered {
    code: String,
}

#[derive(Serialize)]
struct OfferView {
    name: String,
    /// As an authenticator wants it typed, and as its camera reads it.
    secret: String,
    uri: String,
}

async fn offered<B: Books>(
    State(desk): State<Arc<Desk<B>>>,
    Site(_): Site,
    Body(ask): Body<Offered>,
) -> Answer<Response> {
    let offer = desk.hub.offered(&ask.code).await?;
    let view = OfferView {
        uri: address("Chandi", &offer.name, &offer.secret),
        name: offer.name,
        secret: base32(&offer.secret),
    };
    Ok(own(Json(view)).into_response())
}

#[derive(Deserialize)]
struct Enrol {
    code: String,
    login: String,
    password: String,
    digits: String,
}

#[derive(Serialize)]
struct SessionView {
    name: String,
    login: String,
    /// What the page shows at everything that changes something.
    page: String,
    /// Once, after enrolling.
    recovery: Option<Vec<String>>,
}

async fn begin<B: Books>(
    desk: &Desk<B>,
    owner: &Owner,
    headers: &HeaderMap,
    recovery: Option<Vec<String>>,
) -> Answer<Response> {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    let (token, session) = desk
        .hub
        .open_session(&owner.login, agent.unwrap_or_default())
        .await?;
    let view = SessionView {
        name: owner.name.clone(),
        login: owner.login.clone(),
        page: page_word(&session),
        recovery,
    };
    let cookie = desk.cookie(&token, 30 * 86_400);
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), own(Json(view))).into_response())
}

async fn enrol<B: Books>(
    State(desk): State<Arc<Desk<B>>>,
    Site(site): Site,
    headers: HeaderMap,
    Body(ask): Body<Enrol>,
) -> Answer<Response> {
    let (owner, recovery) = desk
        .hub
        .enrol(&ask.code, &ask.login, &ask.password, &ask.digits, site)
        .await?;
    begin(&desk, &owner, &headers, Some(recovery)).await
}

#[derive(Deserialize)]
struct SignIn {
    login: String,
    password: String,
    /// Of the authenticator, or a recovery code.
    digits: String,
}

async fn sign_in<B: Books>(
    State(desk): State<Arc<Desk<B>>>,
    Site(site): Site,
    headers: HeaderMap,
    Body(ask): Body<SignIn>,
) -> Answer<Response> {
    let owner = desk
        .hub
        .sign_in(&ask.login, &ask.password, &ask.digits, site)
        .await?;
    begin(&desk, &owner, &headers, None).await
}

async fn session(signed: Signed) -> Response {
    let view = SessionView {
        name: signed.owner.name.clone(),
        login: signed.owner.login.clone(),
        page: page_word(&signed.session),
        recovery: None,
    };
    signed.answer(view)
}

async fn sign_out<B: Books>(State(desk): State<Arc<Desk<B>>>, signed: Signed) -> Answer<Response> {
    let books = desk.hub.books();
    books
        .end_sessions(&signed.owner.login, Some(signed.session.id))
        .await?;
    Ok(gone(&desk))
}

async fn sign_out_everywhere<B: Books>(State(desk): State<Arc<Desk<B>>>, signed: Signed) -> Answer<Response> {
    desk.hub.books().end_sessions(&signed.owner.login, None).await?;
    Ok(gone(&desk))
}

fn gone<B: Books>(desk: &Desk<B>) -> Response {
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, desk.cookie("", 0))]).into_response()
}

async fn end_session<B: Books>(
    State(desk): State<Arc<Desk<B>>>,
    Path(id): Path<Uuid>,
    signed: Signed,
) -> Answer<Response> {
    let books = desk.hub.books();
    books
        .end_sessions(&signed.owner.login, Some(id.into_bytes()))
        .await?;
    Ok(signed.answer(()))
}

#[derive(Serialize)]
struct SessionRow {
    id: Uuid,
    created_ms: i64,
    seen_ms: i64,
    agent: String,
    this: bool,
}

async fn sessions<B: Books>(State(desk): State<Arc<Desk<B>>>, signed: Signed) -> Answer<Response> {
    let all = desk.hub.books().sessions(&signed.owner.login).await?;
    let rows = all.into_iter().map(|one| SessionRow {
        id: Uuid::from_bytes(one.id),
        created_ms: one.created.0,
        seen_ms: one.rotated.0,
        this: one.id == signed.session.id,
        agent: one.agent,
    });
    let rows: Vec<SessionRow> = rows.collect();
    Ok(signed.answer(rows))
}

/// What things of a shop are called.
struct Names {
    words: HashMap<(String, [u8; 16]), String>,
}

impl Names {
    async fn of<B: Books>(hub: &Hub<B>, shop: ShopId) -> Answer<Names> {
        let words = hub.books().words(shop).await?;
        Ok(Names {
            words: words
                .into_iter()
                .map(|(about, id, text)| ((about, id), text))
                .collect(),
        })
    }

    fn word(&self, about: &str, id: [u8; 16]) -> Option<String> {
        self.words.get(&(about.to_owned(), id)).cloned()
    }

    /// At which branch and counter a device stands.
    fn place(&self, device: DeviceId) -> Option<(BranchId, CounterId)> {
        let place = self.word("device", device.bytes())?;
        let (branch, counter) = place.split_once(' ')?;
        Some((branch.parse().ok()?, counter.parse().ok()?))
    }

    /// What the counter of a device is called.
    fn counter_of(&self, device: DeviceId) -> Option<String> {
        let (_, counter) = self.place(device)?;
        self.setting("counter.name", counter.bytes())
    }

    fn currency(&self, shop: ShopId) -> Option<CurrencyView> {
        let code = self.word("currency", shop.bytes())?;
        let currency = Currency::from_code(&code)?;
        Some(CurrencyView {
            code: currency.code().to_owned(),
            digits: currency.minor_digits,
        })
    }

    /// The setting of this key of a shop, a branch or a counter.
    fn setting(&self, key: &str, id: [u8; 16]) -> Option<String> {
        let record = self.word(&format!("record of {key}"), id)?;
        let record = Uuid::try_parse(&record).ok()?;
        self.word("setting", record.into_bytes())
    }

    /// A setting of the shop, or of its first branch that has one where the shop says nothing.
    fn anywhere(&self, shop: ShopId, key: &str) -> Option<String> {
        let about = format!("record of {key}");
        let said = self.words.keys().filter(|(word, _)| *word == about);
        let said = said.filter_map(|(_, id)| Some((*id != shop.bytes(), *id, self.setting(key, *id)?)));
        said.min().map(|(.., setting)| setting)
    }

    fn today(&self, shop: ShopId, now: Moment) -> u32 {
        let zone = self
            .anywhere(shop, "branch.zone")
            .and_then(|zone| TimeZone::get(&zone).ok());
        let begins = self.anywhere(shop, "branch.day_starts_at");
        let begins = begins.as_deref().unwrap_or(DAY_STARTS_AT);
        let minutes = begins
            .split_once(':')
            .and_then(|(hour, minute)| Some(hour.parse::<i64>().ok()? * 60 + minute.parse::<i64>().ok()?))
            .unwrap_or(0);
        let at = Timestamp::from_millisecond(now.0 - minutes * 60_000).unwrap_or(Timestamp::UNIX_EPOCH);
        let date = at.to_zoned(zone.unwrap_or(TimeZone::UTC)).date();
        let number = i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day());
        u32::try_from(number).unwrap_or(0)
    }
}

/// When a business day begins where nobody set anything else, as at the devices.
const DAY_STARTS_AT: &str = "03:00";

#[derive(Deserialize)]
struct Days {
    from: u32,
    to: u32,
}

/// What was sold and given back, somewhere and some time.
#[derive(Serialize, Default, Clone, Copy)]
struct Figures {
    orders: i64,
    sold_minor: i64,
    tax_minor: i64,
    refunds: i64,
    refunded_minor: i64,
    /// Sold, less what was given back in money or in other goods.
    net_minor: i64,
}

impl Figures {
    fn add(&mut self, what: What, sum: Sum) {
        match what {
            What::Sold => {
                more(&mut self.orders, sum.count);
                more(&mut self.sold_minor, sum.minor);
                more(&mut self.net_minor, sum.minor);
            }
            What::Tax => more(&mut self.tax_minor, sum.minor),
            What::Refunded => {
                more(&mut self.refunds, sum.count);
                more(&mut self.refunded_minor, sum.minor);
                more(&mut self.net_minor, sum.minor.saturating_neg());
            }
            What::Exchanged => more(&mut self.net_minor, sum.minor.saturating_neg()),
            What::Product | What::Method | What::RefundedBy => {}
        }
    }
}

/// As far as an integer goes.
fn more(sum: &mut i64, minor: i64) {
    *sum = sum.saturating_add(minor);
}

#[derive(Serialize)]
struct DayFigures {
    day: u32,
    #[serde(flatten)]
    figures: Figures,
}

#[derive(Serialize)]
struct BranchFigures {
    branch: Uuid,
    name: Option<String>,
    #[serde(flatten)]
    figures: Figures,
}

#[derive(Serialize)]
struct ProductSum {
    product: Uuid,
    name: String,
    milli: i64,
    sold_minor: i64,
}

#[derive(Serialize)]
struct MethodSum {
    method: String,
    taken_minor: i64,
    refunded_minor: i64,
}

#[derive(Serialize)]
struct CurrencyView {
    code: String,
    digits: u8,
}

#[derive(Serialize)]
struct Dashboard {
    shop: Option<String>,
    /// The business day of the shop that goes on now; whoever looks may be in another zone, or up after midnight.
    today: u32,
    currency: Option<CurrencyView>,
    total: Figures,
    branches: Vec<BranchFigures>,
    days: Vec<DayFigures>,
    products: Vec<ProductSum>,
    methods: Vec<MethodSum>,
}

async fn dashboard<B: Books>(
    State(desk): State<Arc<Desk<B>>>,
    Query(days): Query<Days>,
    signed: Signed,
) -> Answer<Response> {
    let shop = signed.owner.shop;
    desk.hub.standing(shop, &[]).await?;
    if days.from > days.to || days.to - days.from > MOST_DAYS * 100 {
        return Err(NotOwner::Unreadable);
    }
    desk.hub.roll(shop).await?;
    let names = Names::of(&desk.hub, shop).await?;
    let sums = desk.hub.books().sums(shop, days.from, days.to).await?;
    // Some of the sums look like all of them.
    desk.hub.sums_stand(shop).await?;
    let mut total = Figures::default();
    let mut by_day: BTreeMap<u32, Figures> = BTreeMap::new();
    let mut by_branch: BTreeMap<[u8; 16], Figures> = names
        .words
        .keys()
        .filter(|(about, _)| about == "record of branch.name")
        .map(|(_, branch)| (*branch, Figures::default()))
        .collect();
    let mut products: BTreeMap<Vec<u8>, (i64, i64)> = BTreeMap::new();
    let mut methods: BTreeMap<Vec<u8>, (i64, i64)> = BTreeMap::new();
    for Row { key, sum } in sums {
        total.add(key.what, sum);
        by_day.entry(key.day).or_default().add(key.what, sum);
        by_branch.entry(key.branch).or_default().add(key.what, sum);
        match key.what {
            What::Product => {
                let product = products.entry(key.key).or_default();
                more(&mut product.0, sum.milli);
                more(&mut product.1, sum.minor);
            }
            What::Method => more(&mut methods.entry(key.key).or_default().0, sum.minor),
            What::RefundedBy => more(&mut methods.entry(key.key).or_default().1, sum.minor),
            What::Sold | What::Tax | What::Refunded | What::Exchanged => {}
        }
    }
    let mut products: Vec<ProductSum> = products
        .into_iter()
        .filter_map(|(id, (milli, sold_minor))| {
            let id: [u8; 16] = id.try_into().ok()?;
            Some(ProductSum {
                product: Uuid::from_bytes(id),
                name: names.word("product", id).unwrap_or_default(),
                milli,
                sold_minor,
            })
        })
        .filter(|product| product.milli != 0 || product.sold_minor != 0)
        .collect();
    products.sort_by_key(|product| std::cmp::Reverse(product.sold_minor));
    products.truncate(50);
    let view = Dashboard {
        shop: names.setting("shop.name", shop.bytes()),
        today: names.today(shop, desk.hub.now()),
        currency: names.currency(shop),
        total,
        branches: by_branch
            .into_iter()
            .map(|(branch, figures)| BranchFigures {
                branch: Uuid::from_bytes(branch),
                name: names.setting("branch.name", branch),
                figures,
            })
            .collect(),
        days: by_day
            .into_iter()
            .map(|(day, figures)| DayFigures { day, figures })
            .collect(),
        products,
        methods: methods
            .into_iter()
            .filter(|(_, sums)| *sums != (0, 0))
            .map(|(method, (taken_minor, refunded_minor))| MethodSum {
                method: String::from_utf8_lossy(&method).into_owned(),
                taken_minor,
                refunded_minor,
            })
            .collect(),
    };
    Ok(signed.answer(view))
}

#[derive(Serialize)]
struct DeviceView {
    device: Uuid,
    branch: Option<Uuid>,
    name: Option<String>,
    facts: u64,
    /// When the hub last got something of it.
    seen_ms: Option<i64>,
    /// Nothing came for days.
    silent: bool,
    revoked: bool,
    /// It showed two histories.
    forked: bool,
}

#[derive(Serialize)]
struct DevicesView {
    devices: Vec<DeviceView>,
    organisation: Limited,
}

async fn devices<B: Books>(State(desk): State<Arc<Desk<B>>>, signed: Signed) -> Answer<Response> {
    let shop = signed.owner.shop;
    let standing = desk.hub.standing(shop, &[]).await?;
    desk.hub.roll(shop).await?;
    let names = Names::of(&desk.hub, shop).await?;
    let books = desk.hub.books();
    let known = desk.hub.devices(&standing.shop).await?;
    let forks: Vec<DeviceId> = books
        .forks(shop)
        .await?
        .into_iter()
        .map(|fork| fork.device)
        .collect();
    let rows: HashMap<DeviceId, DeviceRow> = books
        .device_rows(shop)
        .await?
        .into_iter()
        .map(|row| (row.device, row))
        .collect();
    let organisation = books.limited(shop).await?.ok_or(NotOwner::SignedOut)?;
    let now = desk.hub.now();
    let mut all: Vec<DeviceView> = known
        .iter()
        .map(|(device, known)| {
            let row = rows.get(&device);
            let place = names.place(device);
            let seen_ms = row.map(|row| row.seen.0);
            DeviceView {
                device: device.uuid(),
                branch: place.map(|(branch, _)| branch.uuid()),
                name: names.counter_of(device),
                facts: row.map_or(0, |row| row.facts),
                seen_ms,
                silent: known.until.is_none() && seen_ms.is_none_or(|seen| now.0 - seen > SILENT_MS),
                revoked: known.until.is_some(),
                forked: forks.contains(&device),
            }
        })
        .collect();
    all.sort_by_key(|device| (device.revoked, std::cmp::Reverse(device.seen_ms)));
    Ok(signed.answer(DevicesView {
        devices: all,
        organisation,
    }))
}

impl IntoResponse for NotOwner {
    fn into_response(self) -> Response {
        let (status, code) = match &self {
            NotOwner::SignedOut => (StatusCode::UNAUTHORIZED, "signed_out"),
            NotOwner::Wrong => (StatusCode::UNAUTHORIZED, "wrong"),
            NotOwner::Wait { .. } => (StatusCode::TOO_MANY_REQUESTS, "wait"),
            NotOwner::NoOffer => (StatusCode::NOT_FOUND, "no_offer"),
            NotOwner::Unconfirmed => (StatusCode::CONFLICT, "unconfirmed"),
            NotOwner::NoOwner => (StatusCode::FORBIDDEN, "no_owner"),
            NotOwner::LoginTaken => (StatusCode::CONFLICT, "login_taken"),
            NotOwner::LoginShape => (StatusCode::UNPROCESSABLE_ENTITY, "login_shape"),
            NotOwner::PasswordShape => (StatusCode::UNPROCESSABLE_ENTITY, "password_shape"),
            NotOwner::Foreign => (StatusCode::FORBIDDEN, "foreign"),
            NotOwner::Suspended => (StatusCode::FORBIDDEN, "suspended"),
            NotOwner::Unreadable => (StatusCode::BAD_REQUEST, "unreadable"),
            NotOwner::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
            NotOwner::Unavailable(error) => {
                tracing::error!(%error, "an owner's question could not be answered");
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            }
        };
        let wait_ms = match &self {
            NotOwner::Wait { ms } => Some(*ms),
            _ => None,
        };
        let message = match &self {
            // What is wrong with the books is for the log, not for browsers.
            NotOwner::Unavailable(_) => "the hub cannot answer now".to_owned(),
            other => other.to_string(),
        };
        let body = serde_json::json!({ "error": { "code": code, "message": message, "wait_ms": wait_ms } });
        (status, own(Json(body))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_of_a_shop_with_several_zones_is_the_same_each_time() {
        let (shop, now) = (ShopId::from_bytes([9; 16]), Moment(1_795_243_800_000));
        let named = |ids: &[u8]| {
            let mut words = HashMap::new();
            for id in ids {
                let (record, zone) = (Uuid::from_bytes([100 + id; 16]), ZONES[usize::from(id % 2)]);
                words.insert(
                    ("record of branch.zone".to_owned(), [*id; 16]),
                    record.to_string(),
                );
                words.insert(("setting".to_owned(), record.into_bytes()), zone.to_owned());
            }
            Names { words }
        };
        const ZONES: [&str; 2] = ["Pacific/Kiritimati", "Pacific/Pago_Pago"];
        for _ in 0..20 {
            assert_eq!(named(&[1, 2, 3, 4, 5, 6]).today(shop, now), 20_261_120);
            assert_eq!(named(&[2, 3, 4, 5, 6]).today(shop, now), 20_261_121);
            assert_eq!(
                named(&[2, 4, 9]).today(shop, now),
                20_261_120,
                "the shop's own word first"
            );
        }
    }
}
