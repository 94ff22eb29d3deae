//! Default deny: who asks, from where, with which right. Runs before every handler.

use crate::{
    Door,
    error::ApiError,
    handlers::run,
    routes::{Access, row_of},
};
use app::{
    Actor, AppError, Code, Shop, device_links::LinkHolder, display::Screen, listening::Listens,
    sessions::Place,
};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, Uri, header, uri::Authority},
    middleware::Next,
    response::Response,
};
use domain::{
    device::LinkPurpose,
    ids::{DeviceId, SeatId},
    people::{Permission, site},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::{net::SocketAddr, num::NonZeroU32, sync::Arc};
use tokio::sync::Semaphore;

/// Who asks, as the transport knows it. A request cannot say it of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A window of this app, by its label.
    Window(String),
    /// A browser of this machine, or a program on it.
    Tcp(SocketAddr),
    /// Somebody who came by the LAN's door; never at the device, from whatever address.
    Lan(SocketAddr),
}

impl Caller {
    pub fn place(&self) -> Place {
        match self {
            Caller::Window(_) => Place::Window,
            Caller::Tcp(address) if address.ip().is_loopback() => Place::Browser {
                address: address.ip().to_string(),
            },
            Caller::Tcp(address) | Caller::Lan(address) => Place::Elsewhere {
                address: address.ip().to_string(),
            },
        }
    }

    /// At the device itself.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Caller::Window(label) => label == CASHIER,
            Caller::Tcp(address) => address.ip().is_loopback(),
            Caller::Lan(_) => false,
        }
    }

    fn is_board(&self) -> bool {
        matches!(self, Caller::Window(label) if label == BOARD)
    }

    fn is_customer(&self) -> bool {
        matches!(self, Caller::Window(label) if label == CUSTOMER)
    }

    /// Where a browser is that came by a way that nobody else reads: TLS, or this machine itself.
    pub(crate) fn private_address(&self) -> Result<String, ApiError> {
        match self {
            Caller::Lan(address) => Ok(address.ip().to_string()),
            Caller::Tcp(address) if address.ip().is_loopback() => Ok(address.ip().to_string()),
            Caller::Tcp(_) | Caller::Window(_) => Err(Code::NotAllowed.into()),
        }
    }

    /// What requests are counted by.
    fn key(&self) -> String {
        match self {
            Caller::Window(label) => label.clone(),
            Caller::Tcp(address) | Caller::Lan(address) => site(address.ip()).to_string(),
        }
    }
}

/// By what a browser is known that a link let in. Pages cannot read it.
pub(crate) const LINK_COOKIE: &str = "chandi_link";

pub const CASHIER: &str = "cashier";
pub const CUSTOMER: &str = "customer";
pub const BOARD: &str = "board";

/// The seat whose display a request may read.
#[derive(Debug, Clone, Copy)]
pub struct DisplaySeat(pub SeatId);

/// Which live messages a request may hear.
#[derive(Debug, Clone, Copy)]
pub enum Hears {
    Till(SeatId),
    Display(SeatId),
    Board,
    Pick,
}

/// Who listens to what, and with what they hear nothing more.
#[derive(Debug, Clone, Copy)]
pub struct Listener {
    pub hears: Hears,
    pub by: Listens,
}

pub struct Guards {
    /// Sign-ins and setups, by address.
    sign_in: DefaultKeyedRateLimiter<String>,
    /// What guests answer at their screens, by seat.
    answers: DefaultKeyedRateLimiter<String>,
    /// What joining devices ask, by address.
    guests: DefaultKeyedRateLimiter<String>,
    /// What programs ask, by key.
    programs: DefaultKeyedRateLimiter<String>,
    /// What devices that were shut out are told, by device. Only whose signature holds has a place here.
    notices: DefaultKeyedRateLimiter<String>,
    /// What linked browsers ask, by link.
    linked: DefaultKeyedRateLimiter<String>,
    /// How many may wait for events at the same time.
    pub(crate) listeners: Arc<Semaphore>,
}

impl Default for Guards {
    fn default() -> Guards {
        const A_SECOND: NonZeroU32 = NonZeroU32::new(2).expect("two");
        const NOTICES_AT_ONCE: NonZeroU32 = NonZeroU32::new(3).expect("three");
        const AT_ONCE: NonZeroU32 = NonZeroU32::new(20).expect("twenty");
        const A_SCORE: NonZeroU32 = NonZeroU32::new(20).expect("twenty");
        const MANY_AT_ONCE: NonZeroU32 = NonZeroU32::new(200).expect("two hundred");
        const PROGRAM: NonZeroU32 = NonZeroU32::new(25).expect("twenty-five");
        const PROGRAM_AT_ONCE: NonZeroU32 = NonZeroU32::new(100).expect("a hundred");
        let quota = Quota::per_second(A_SECOND).allow_burst(AT_ONCE);
        Guards {
            sign_in: RateLimiter::keyed(quota),
            answers: RateLimiter::keyed(quota),
            guests: RateLimiter::keyed(Quota::per_second(A_SCORE).allow_burst(MANY_AT_ONCE)),
            programs: RateLimiter::keyed(Quota::per_second(PROGRAM).allow_burst(PROGRAM_AT_ONCE)),
            notices: RateLimiter::keyed(Quota::per_minute(A_SECOND).allow_burst(NOTICES_AT_ONCE)),
            linked: RateLimiter::keyed(Quota::per_second(PROGRAM).allow_burst(PROGRAM_AT_ONCE)),
            listeners: Arc::new(Semaphore::new(64)),
        }
    }
}

pub async fn guard(State(door): State<Door>, mut request: Request, next: Next) -> Result<Response, ApiError> {
    let Some(caller) = request.extensions().get::<Caller>().cloned() else {
        return Err(AppError::new(Code::NotAllowed)
            .because("the transport did not say who asks")
            .into());
    };
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map(|p| p.as_str().to_owned());
    let row = path
        .and_then(|path| row_of(request.method(), &path))
        .ok_or(Code::NotFound)?;
    let key = api_key(request.headers()).map(str::to_owned);
    check_origin(&caller, request.method(), request.uri(), request.headers())?;
    if key.is_some() && !row.access.is_for_programs() {
        return Err(Code::NotForPrograms.into());
    }
    if (caller.is_customer() && !row.customer) || (caller.is_board() && !row.board) {
        return Err(Code::NotAllowed.into());
    }
    match row.access {
        Access::Open => {}
        Access::AtTheDevice => {
            limit(&door, &caller)?;
            if !caller.is_local() {
                return Err(Code::NotHere.into());
            }
        }
        Access::Here => {
            if !caller.is_local() {
                return Err(Code::NotHere.into());
            }
        }
        Access::Guest => within(&door.guards.guests, &caller.key())?,
        Access::SignIn => limit(&door, &caller)?,
        Access::Board => {
            let shop = door.app.shop()?;
            if !caller.is_board() && !caller.is_customer() {
                match secret(request.headers()) {
                    Ok(secret) => {
                        let here = caller.is_local();
                        if shop.seat_of_display(secret, Screen::Board, here).is_none() {
                            shop.actor_of(secret)?;
                        }
                    }
                    Err(nobody) => {
                        let holder = holder(&door, &caller, request.headers()).await?.ok_or(nobody)?;
                        must_be_for(&holder, LinkPurpose::Board)?;
                    }
                }
            }
        }
        Access::Pick => match secret(request.headers()) {
            Ok(_) => who(&door, &caller, request.headers(), key)
                .await?
                .must(Permission::OrderRead)?,
            Err(nobody) => {
                let holder = holder(&door, &caller, request.headers()).await?.ok_or(nobody)?;
                must_be_for(&holder, LinkPurpose::Pick)?;
            }
        },
        Access::Linked => {
            let holder = holder(&door, &caller, request.headers())
                .await?
                .ok_or(Code::SignedOut)?;
            request.extensions_mut().insert(holder);
        }
        Access::Live => {
            let shop = door.app.shop()?;
            let listener = match secret(request.headers()) {
                Ok(secret) => listener(&shop, &caller, secret)?,
                Err(nobody) => {
                    let holder = holder(&door, &caller, request.headers()).await?.ok_or(nobody)?;
                    let hears = match holder.purpose {
                        LinkPurpose::Board => Hears::Board,
                        LinkPurpose::Pick => Hears::Pick,
                        LinkPurpose::Customer => {
                            Hears::Display(holder.seat_of(Screen::Customer).ok_or(Code::LinkWrong)?)
                        }
                        LinkPurpose::Phone => return Err(Code::SignedOut.into()),
                    };
                    let by = Listens::Link(holder.by);
                    Listener { hears, by }
                }
            };
            request.extensions_mut().insert(listener);
        }
        // Its handler believes the signature over the body, and nothing else.
        Access::Node => {}
        Access::Display => {
            let shop = door.app.shop()?;
            let seat = match secret(request.headers()) {
                Err(nobody) if !caller.is_customer() => {
                    let holder = holder(&door, &caller, request.headers()).await?.ok_or(nobody)?;
                    holder.seat_of(Screen::Customer).ok_or(Code::NotAllowed)?
                }
                _ => display_seat(&shop, &caller, request.headers())?,
            };
            if writes(request.method()) {
                within(&door.guards.answers, &seat.to_string())?;
            }
            request.extensions_mut().insert(DisplaySeat(seat));
        }
        Access::Metrics => {
            if !caller.is_local() {
                who(&door, &caller, request.headers(), key)
                    .await?
                    .must(Permission::MetricsRead)?;
            }
        }
        Access::Session => {
            let actor = door.app.shop()?.actor_of(secret(request.headers())?)?;
            request.extensions_mut().insert(actor);
        }
        Access::May(permission) => {
            let shop = door.app.shop()?;
            let actor = who(&door, &caller, request.headers(), key).await?;
            actor.must(permission)?;
            // What it did before stays; nothing is added to it.
            if shop.is_shut_out() && writes(request.method()) && !row.when_shut_out() {
                return Err(Code::DeviceRevoked.into());
            }
            if writes(request.method()) {
                shop.must_be_fresh(&actor, permission)?;
            }
            request.extensions_mut().insert(actor);
        }
    }
    Ok(next.run(request).await)
}

/// Whoever is signed in, or the program whose key this is.
async fn who(
    door: &Door,
    caller: &Caller,
    headers: &HeaderMap,
    key: Option<String>,
) -> Result<Actor, ApiError> {
    let shop = door.app.shop()?;
    let Some(key) = key else {
        return Ok(shop.actor_of(secret(headers)?)?);
    };
    let here = caller.is_local();
    match run(move || shop.actor_of_key(&key, here)).await {
        Ok(actor) => {
            within(&door.guards.programs, &actor.staff.to_string())?;
            Ok(actor)
        }
        Err(refused) => {
            limit(door, caller)?;
            Err(refused)
        }
    }
}

/// The browser whose link's cookie this request carries; `None` when it carries none.
pub(crate) async fn holder(
    door: &Door,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<Option<LinkHolder>, ApiError> {
    let Some(shown) = link_cookie(headers).map(str::to_owned) else {
        return Ok(None);
    };
    let address = caller.private_address()?;
    let shop = door.app.shop()?;
    match run(move || shop.link_holder(&shown, &address)).await {
        Ok(holder) => {
            within(&door.guards.linked, &holder.by.link.to_string())?;
            Ok(Some(holder))
        }
        Err(refused) => {
            limit(door, caller)?;
            Err(refused)
        }
    }
}

fn must_be_for(holder: &LinkHolder, purpose: LinkPurpose) -> Result<(), ApiError> {
    match holder.purpose == purpose {
        true => Ok(()),
        false => Err(Code::NotAllowed.into()),
    }
}

pub(crate) fn link_cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == LINK_COOKIE).then_some(value)
        })
}

/// The key of a program, when that is what the bearer shows.
fn api_key(headers: &HeaderMap) -> Option<&str> {
    secret(headers)
        .ok()
        .filter(|s| s.starts_with(app::api_keys::PREFIX))
}

impl Guards {
    /// Whether a device that is out is told why once more: a few times, then twice a minute.
    pub(crate) fn notice(&self, device: DeviceId) -> Result<(), ApiError> {
        within(&self.notices, &device.to_string())
    }
}

fn limit(door: &Door, caller: &Caller) -> Result<(), ApiError> {
    within(&door.guards.sign_in, &caller.key())
}

fn within(limiter: &DefaultKeyedRateLimiter<String>, key: &String) -> Result<(), ApiError> {
    match limiter.check_key(key) {
        Ok(()) => Ok(()),
        Err(_) => Err(AppError::new(Code::TooManyRequests).hint("wait_ms", 1000).into()),
    }
}

fn writes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// Whose display: the customer's own window, a browser with a display token, or the till itself.
fn display_seat(shop: &Arc<Shop>, caller: &Caller, headers: &HeaderMap) -> Result<SeatId, ApiError> {
    if caller.is_customer() {
        return Ok(shop.own_seat());
    }
    let secret = secret(headers)?;
    if let Some((seat, _)) = shop.seat_of_display(secret, Screen::Customer, caller.is_local()) {
        return Ok(seat);
    }
    Ok(shop.actor_of(secret)?.seat)
}

/// What the holder of this secret may hear: decided here, once, by the secret that was checked.
fn listener(shop: &Arc<Shop>, caller: &Caller, secret: &str) -> Result<Listener, ApiError> {
    let here = caller.is_local();
    let (hears, by) = if let Some((_, by)) = shop.seat_of_display(secret, Screen::Board, here) {
        (Hears::Board, by)
    } else if let Some((seat, by)) = shop.seat_of_display(secret, Screen::Customer, here) {
        (Hears::Display(seat), by)
    } else {
        let actor = shop.actor_of(secret)?;
        (Hears::Till(actor.seat), Listens::Session(actor.session))
    };
    Ok(Listener { hears, by })
}

/// The bearer's secret. A WebSocket cannot send headers, so it names it as a subprotocol.
fn secret(headers: &HeaderMap) -> Result<&str, ApiError> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "));
    let protocol = || {
        headers
            .get(header::SEC_WEBSOCKET_PROTOCOL)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.split(',').find_map(|p| p.trim().strip_prefix("bearer.")))
    };
    bearer.or_else(protocol).ok_or(Code::SignedOut.into())
}

/// No page but ours may reach the door: every write carries our header, and a named origin must be our own.
fn check_origin(caller: &Caller, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    // No page can make a browser show a program's key, so a key needs no header of ours beside it.
    let by_page = api_key(headers).is_none();
    if by_page && writes(method) && headers.get("x-chandi").is_none_or(|v| v != "1") {
        return Err(Code::HeaderMissing.into());
    }
    let origin = headers.get(header::ORIGIN).map(|v| v.to_str().unwrap_or("?"));
    let ours = match caller {
        Caller::Window(_) => origin.is_none_or(|o| {
            [
                "chandi://localhost",
                "http://chandi.localhost",
                "https://chandi.localhost",
            ]
            .contains(&o)
        }),
        Caller::Tcp(_) | Caller::Lan(_) => {
            let host = headers
                .get(header::HOST)
                .and_then(|v| v.to_str().ok())
                .or(uri.host())
                .unwrap_or("");
            // A name that somebody else's DNS could point at us is not a name of ours.
            is_local_name(host)
                && origin.is_none_or(|o| {
                    o.split_once("://").is_some_and(|(scheme, named)| {
                        named == host && (scheme == "https" || !matches!(caller, Caller::Lan(_)))
                    })
                })
        }
    };
    if ours {
        Ok(())
    } else {
        Err(Code::ForeignOrigin.into())
    }
}

pub(crate) fn is_local_name(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.parse::<std::net::IpAddr>().is_ok()
        || name == "localhost"
        || name.ends_with(".local")
        || name.ends_with(".chandi.internal")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_network_are_ours() {
        for ours in [
            "127.0.0.1:8080",
            "[::1]:8080",
            "localhost:1",
            "till-1.local:8443",
            "0197.chandi.internal",
            "192.168.1.20",
        ] {
            assert!(is_local_name(ours), "{ours}");
        }
        for theirs in [
            "evil.example",
            "chandi.internal.example",
            "notlocal",
            "localhost.evil.example:80",
            "",
            "a b",
        ] {
            assert!(!is_local_name(theirs), "{theirs}");
        }
    }
}
