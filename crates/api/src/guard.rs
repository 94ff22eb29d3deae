//! Default deny: who asks, from where, with which right. Runs before every handler.

use crate::{
    Door,
    error::ApiError,
    routes::{Access, row_of},
};
use app::{AppError, Code, Shop, display::Screen, sessions::Place};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, Uri, header, uri::Authority},
    middleware::Next,
    response::Response,
};
use domain::{ids::SeatId, people::Permission};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::{net::SocketAddr, num::NonZeroU32, sync::Arc};

/// Who asks, as the transport knows it. A request cannot say it of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A window of this app, by its label.
    Window(String),
    Tcp(SocketAddr),
}

impl Caller {
    pub fn place(&self) -> Place {
        match self {
            Caller::Window(_) => Place::Window,
            Caller::Tcp(address) => Place::Browser {
                address: address.ip().to_string(),
            },
        }
    }

    /// At the device itself.
    fn is_local(&self) -> bool {
        match self {
            Caller::Window(label) => label == CASHIER,
            Caller::Tcp(address) => address.ip().is_loopback(),
        }
    }

    fn is_board(&self) -> bool {
        matches!(self, Caller::Window(label) if label == BOARD)
    }

    fn is_customer(&self) -> bool {
        matches!(self, Caller::Window(label) if label == CUSTOMER)
    }

    fn key(&self) -> String {
        match self {
            Caller::Window(label) => label.clone(),
            Caller::Tcp(address) => address.ip().to_string(),
        }
    }
}

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
}

pub struct Guards {
    /// Sign-ins and setups, by address.
    sign_in: DefaultKeyedRateLimiter<String>,
    /// What guests answer at their screens, by seat.
    answers: DefaultKeyedRateLimiter<String>,
}

impl Default for Guards {
    fn default() -> Guards {
        const A_SECOND: NonZeroU32 = NonZeroU32::new(2).expect("two");
        const AT_ONCE: NonZeroU32 = NonZeroU32::new(20).expect("twenty");
        let quota = Quota::per_second(A_SECOND).allow_burst(AT_ONCE);
        Guards {
            sign_in: RateLimiter::keyed(quota),
            answers: RateLimiter::keyed(quota),
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
    check_origin(&caller, request.method(), request.uri(), request.headers())?;
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
        Access::SignIn => limit(&door, &caller)?,
        Access::Board => {
            let shop = door.app.shop()?;
            if !caller.is_board() && !caller.is_customer() {
                let secret = secret(request.headers())?;
                if shop.seat_of_display(secret, Screen::Board).is_none() {
                    shop.actor_of(secret)?;
                }
            }
        }
        Access::Live => {
            let shop = door.app.shop()?;
            let hears = hears(&shop, secret(request.headers())?)?;
            request.extensions_mut().insert(hears);
        }
        // Its handler believes the signature over the body, and nothing else.
        Access::Node => {}
        Access::Display => {
            let shop = door.app.shop()?;
            let seat = display_seat(&shop, &caller, request.headers())?;
            if writes(request.method()) {
                within(&door.guards.answers, &seat.to_string())?;
            }
            request.extensions_mut().insert(DisplaySeat(seat));
        }
        Access::Metrics => {
            if !caller.is_local() {
                let shop = door.app.shop()?;
                shop.actor_of(secret(request.headers())?)?
                    .must(Permission::MetricsRead)?;
            }
        }
        Access::Session => {
            let actor = door.app.shop()?.actor_of(secret(request.headers())?)?;
            request.extensions_mut().insert(actor);
        }
        Access::May(permission) => {
            let actor = door.app.shop()?.actor_of(secret(request.headers())?)?;
            actor.must(permission)?;
            request.extensions_mut().insert(actor);
        }
    }
    Ok(next.run(request).await)
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
    if let Some(seat) = shop.seat_of_display(secret, Screen::Customer) {
        return Ok(seat);
    }
    Ok(shop.actor_of(secret)?.seat)
}

/// What the holder of this secret may hear: decided here, once, by the secret that was checked.
fn hears(shop: &Arc<Shop>, secret: &str) -> Result<Hears, ApiError> {
    if shop.seat_of_display(secret, Screen::Board).is_some() {
        return Ok(Hears::Board);
    }
    if let Some(seat) = shop.seat_of_display(secret, Screen::Customer) {
        return Ok(Hears::Display(seat));
    }
    Ok(Hears::Till(shop.actor_of(secret)?.seat))
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
    if writes(method) && headers.get("x-chandi").is_none_or(|v| v != "1") {
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
        Caller::Tcp(_) => {
            let host = headers
                .get(header::HOST)
                .and_then(|v| v.to_str().ok())
                .or(uri.host())
                .unwrap_or("");
            // A name that somebody else's DNS could point at us is not a name of ours.
            is_local_name(host)
                && origin.is_none_or(|o| o.split_once("://").is_some_and(|(_, named)| named == host))
        }
    };
    if ours {
        Ok(())
    } else {
        Err(Code::ForeignOrigin.into())
    }
}

fn is_local_name(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.parse::<std::net::IpAddr>().is_ok() || name == "localhost" || name.ends_with(".local")
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
            "192.168.1.20",
        ] {
            assert!(is_local_name(ours), "{ours}");
        }
        for theirs in ["evil.example", "localhost.evil.example:80", "", "a b"] {
            assert!(!is_local_name(theirs), "{theirs}");
        }
    }
}
