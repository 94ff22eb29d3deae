//! The door on the LAN, while this device shares: TLS with the shop's own certificate, on every interface.
//!
//! Whoever comes without TLS gets the guide to installing the certificate, and nothing else. Whoever comes with it is a
//! [`Caller::Lan`], never somebody at the device. Turning the switch off ends every connection at once. What a stranger
//! can hold is bounded: connections, each address's share of them, and the time until a request stands.

use crate::{
    Caller, Door,
    guide::{self, Guide},
};
use app::{
    Shop,
    sharing::{Reached, spelled},
};
use axum::{Router, body::Body, extract::Request, http::Response, routing::get};
use domain::ids::{DeviceId, ShopId};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    collections::HashMap,
    convert::Infallible,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError, RwLock, Weak},
    time::Duration,
};
use sync::lan::Lan;
use sync::tls::{CERTIFICATE_PATH, Leaf, ShopAuthority, is_private};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, broadcast::error::RecvError, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

/// Where the search for a free port begins, and how many are tried.
const FIRST_PORT: u16 = 8650;
const PORTS: u16 = 50;
/// How often addresses and the certificate are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Connections of everybody together, and of one address.
const MOST_CONNECTIONS: usize = 512;
const MOST_OF_ONE: usize = 64;
/// How long the first byte and the handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a request's head may take, and how long a connection may be silent.
const HEAD: Duration = Duration::from_secs(30);
/// A guide is small; whoever reads it needs no connection for longer.
const GUIDE: Duration = Duration::from_secs(15);
/// The first byte of a TLS handshake.
const TLS: u8 = 0x16;

/// Ends what was begun through the LAN's door when the door closes.
#[derive(Clone)]
pub(crate) struct UntilClosed(watch::Receiver<()>);

impl UntilClosed {
    pub(crate) async fn closed(mut self) {
        // Nobody ever sends: it ends when the door does.
        while self.0.changed().await.is_ok() {}
    }
}

/// Opens and closes the LAN's door as the shop's switch says, for as long as this is awaited.
pub async fn share(door: Door) {
    let mut news = door.app.live.subscribe();
    let mut running: Option<Running> = None;
    loop {
        let shop = door.app.try_shop().filter(|shop| shop.sharing().wanted().on);
        if running
            .as_ref()
            .is_some_and(|running| !running.is_of(shop.as_deref()))
        {
            running = None;
        }
        match (&mut running, shop) {
            (Some(running), Some(_)) => running.look(&door).await,
            (None, Some(shop)) => {
                running = match Running::begin(&door, &shop).await {
                    Ok(begun) => Some(begun),
                    Err(error) => {
                        shop.reached(Reached::Failed {
                            port_taken: error.kind() == io::ErrorKind::AddrInUse,
                            why: error.to_string(),
                        });
                        None
                    }
                };
            }
            (_, None) => {
                if let Some(shop) = door.app.try_shop() {
                    shop.reached(Reached::Off);
                }
            }
        }
        let told = async {
            loop {
                match news.recv().await {
                    Ok(message) if message.kind != "sharing" => {}
                    // Told, or something was missed.
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = told => {}
            () = sleep(LOOK_EVERY) => {}
        }
    }
}

/// An open door. Dropped, it is shut and everybody is out.
struct Running {
    shop: Weak<Shop>,
    of: (ShopId, DeviceId, Option<u16>),
    authority: Arc<ShopAuthority>,
    leaf: Leaf,
    name: String,
    port: u16,
    config: Arc<RwLock<Arc<rustls::ServerConfig>>>,
    lan: Lan,
    _open: watch::Sender<()>,
    _listeners: JoinSet<()>,
}

impl Running {
    async fn begin(door: &Door, shop: &Arc<Shop>) -> io::Result<Running> {
        // What is kept is written to the disk, which nobody else here waits for.
        let (sockets, port) = {
            let shop = shop.clone();
            tokio::task::spawn_blocking(move || {
                let (sockets, port) = listen(shop.sharing().wanted().port)?;
                shop.keep_sharing(|wanted| wanted.port = Some(port))
                    .map_err(io::Error::other)?;
                Ok::<_, io::Error>((sockets, port))
            })
            .await
            .map_err(io::Error::other)??
        };
        let device = shop.identity().device;
        let name = sync::lan::local_name(shop.identity());
        let addresses = addresses();
        let now = door.app.edges().now();
        let (authority, leaf) = {
            let (shop, name, all) = (shop.clone(), name.clone(), with_loopback(&addresses));
            tokio::task::spawn_blocking(move || {
                let authority = ShopAuthority::of(&shop)?;
                let leaf = authority.leaf(device, &all, &name, now)?;
                Ok::<_, sync::tls::TlsError>((authority, leaf))
            })
            .await
            .map_err(io::Error::other)?
            .map_err(io::Error::other)?
        };
        let config = Arc::new(RwLock::new(Arc::new(leaf.server().map_err(io::Error::other)?)));
        let fingerprint = authority.fingerprint();
        let (open, until) = watch::channel(());
        let visitors = Arc::new(Visitors {
            router: router(door, &authority),
            guide: Guide {
                certificate: authority.certificate().to_vec(),
                fingerprint: spelled(&fingerprint),
            },
            config: config.clone(),
            room: Arc::new(Semaphore::new(MOST_CONNECTIONS)),
            by_address: Mutex::default(),
            until: UntilClosed(until),
        });
        let mut listeners = JoinSet::new();
        for socket in sockets {
            listeners.spawn(visitors.clone().welcome(TcpListener::from_std(socket)?));
        }
        door.lan.start(shop, authority.certificate(), port, &addresses)?;
        tracing::info!(port, "the door on the LAN is open");
        shop.reached(Reached::On {
            port,
            addresses: shown(&addresses),
            name: name.clone(),
            fingerprint,
        });
        Ok(Running {
            shop: Arc::downgrade(shop),
            of: (shop.identity().shop, device, Some(port)),
            authority: Arc::new(authority),
            leaf,
            name,
            port,
            config,
            lan: door.lan.clone(),
            _open: open,
            _listeners: listeners,
        })
    }

    /// Whether it is this shop's door, at the port that is wanted.
    fn is_of(&self, shop: Option<&Shop>) -> bool {
        shop.is_some_and(|shop| {
            let identity = shop.identity();
            self.of == (identity.shop, identity.device, shop.sharing().wanted().port)
        })
    }

    /// The device moves between networks, and certificates end.
    async fn look(&mut self, door: &Door) {
        let addresses = addresses();
        let all = with_loopback(&addresses);
        let now = door.app.edges().now();
        if !self.leaf.is_stale(&all, now) {
            return;
        }
        let (authority, device, name) = (self.authority.clone(), self.of.1, self.name.clone());
        let made = tokio::task::spawn_blocking(move || {
            let leaf = authority.leaf(device, &all, &name, now)?;
            let config = leaf.server()?;
            Ok::<_, sync::tls::TlsError>((leaf, config))
        });
        match made.await.map_err(io::Error::other) {
            Ok(Ok((leaf, config))) => {
                *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                self.leaf = leaf;
                if let Some(shop) = self.shop.upgrade() {
                    shop.reached(Reached::On {
                        port: self.port,
                        addresses: shown(&addresses),
                        name: self.name.clone(),
                        fingerprint: self.authority.fingerprint(),
                    });
                }
            }
            Ok(Err(error)) => tracing::error!(%error, "the door keeps its old certificate"),
            Err(error) => tracing::error!(%error, "the door keeps its old certificate"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.lan.stop();
    }
}

/// The same router as everywhere, and what installs the certificate.
fn router(door: &Door, authority: &ShopAuthority) -> Router {
    let certificate = authority.certificate().to_vec();
    let guide = Arc::new(Guide {
        fingerprint: spelled(&authority.fingerprint()),
        certificate,
    });
    Router::new()
        .route(CERTIFICATE_PATH, get(async move || guide.certificate()))
        .route(
            guide::TRUSTED_PATH,
            get(async |request: Request| guide::trusted(request.uri().query())),
        )
        .fallback_service(door.router())
}

/// Everybody who came by this door.
struct Visitors {
    router: Router,
    guide: Guide,
    config: Arc<RwLock<Arc<rustls::ServerConfig>>>,
    room: Arc<Semaphore>,
    by_address: Mutex<HashMap<IpAddr, usize>>,
    until: UntilClosed,
}

/// A visitor's place, free again when it is dropped.
struct Place {
    visitors: Arc<Visitors>,
    address: IpAddr,
    _room: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_address = self.visitors.counts();
        if let Some(count) = by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}

impl Visitors {
    fn counts(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(self: &Arc<Visitors>, address: IpAddr) -> Option<Place> {
        let room = self.room.clone().try_acquire_owned().ok()?;
        let mut by_address = self.counts();
        let count = by_address.entry(address).or_default();
        if *count >= MOST_OF_ONE {
            return None;
        }
        *count += 1;
        drop(by_address);
        Some(Place {
            visitors: self.clone(),
            address,
            _room: room,
        })
    }

    async fn welcome(self: Arc<Visitors>, listener: TcpListener) {
        let mut inside = JoinSet::new();
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    // Whoever finds no room may come again; nothing is kept of them.
                    if let Some(place) = self.place(peer.ip()) {
                        inside.spawn(self.clone().meet(stream, peer, place));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "nobody could be let in");
                    sleep(Duration::from_millis(100)).await;
                }
            }
            while inside.try_join_next().is_some() {}
        }
    }

    async fn meet(self: Arc<Visitors>, stream: TcpStream, peer: SocketAddr, _place: Place) {
        // Small answers go at once.
        let _ = stream.set_nodelay(true);
        let mut first = [0];
        match timeout(HANDSHAKE, stream.peek(&mut first)).await {
            Ok(Ok(1)) if first[0] == TLS => {}
            Ok(Ok(1)) => {
                let _ = timeout(GUIDE, self.guide_to(stream)).await;
                return;
            }
            _ => return,
        }
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner).clone();
        let stream = match timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await {
            Ok(Ok(stream)) => stream,
            // Mostly a browser that does not trust us yet.
            Ok(Err(error)) => return tracing::debug!(%error, "no handshake"),
            Err(_) => return,
        };
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(Caller::Lan(peer));
            request.extensions_mut().insert(self.until.clone());
            let mut router = self.router.clone();
            async move { tower::Service::call(&mut router, request).await }
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(64 << 10)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await;
        if let Err(error) = served {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    async fn guide_to(&self, stream: TcpStream) {
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let answer = self
                .guide
                .answer(request.method(), request.uri(), request.headers());
            async move { Ok::<Response<Body>, Infallible>(answer) }
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HANDSHAKE)
            .max_buf_size(16 << 10)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service)
            .await;
        if let Err(error) = served {
            tracing::debug!(%error, "somebody came and said nothing that we know");
        }
    }
}

/// All interfaces at one port: the one that was chosen once, else the next free one.
fn listen(kept: Option<u16>) -> io::Result<(Vec<std::net::TcpListener>, u16)> {
    if let Some(port) = kept {
        return bind(port);
    }
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for port in FIRST_PORT..FIRST_PORT + PORTS {
        match bind(port) {
            Ok(bound) => return Ok(bound),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn bind(port: u16) -> io::Result<(Vec<std::net::TcpListener>, u16)> {
    let four = socket(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))?;
    let port = four.local_addr()?.port();
    let mut sockets = vec![four];
    match socket(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))) {
        Ok(six) => sockets.push(six),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
        // Many machines have no IPv6, and need none.
        Err(error) => tracing::debug!(%error, "only IPv4 is shared"),
    }
    Ok((sockets, port))
}

fn socket(at: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(at), Type::STREAM, Some(Protocol::TCP))?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // On Windows this would let another program take the port over.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&at.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}

/// This device's own private addresses, IPv4 first.
fn addresses() -> Vec<IpAddr> {
    let interfaces = match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces,
        Err(error) => {
            tracing::warn!(%error, "the network's interfaces are not told");
            vec![]
        }
    };
    let mut addresses: Vec<IpAddr> = interfaces
        .iter()
        .filter(|interface| !interface.is_loopback())
        .map(|interface| interface.ip())
        .filter(|address| is_private(*address))
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

fn with_loopback(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let own = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    addresses.iter().copied().chain(own).collect()
}

/// What people are shown: a link-local address cannot be typed into a browser.
fn shown(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let useful = |address: &&IpAddr| match address {
        IpAddr::V4(v4) => !v4.is_link_local(),
        IpAddr::V6(v6) => !v6.is_unicast_link_local(),
    };
    addresses.iter().filter(useful).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_chosen_once_and_kept() {
        let (first, port) = listen(None).expect("a free port");
        assert!((FIRST_PORT..FIRST_PORT + PORTS).contains(&port));
        let taken = bind(port).expect_err("it is taken");
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        let (_second, other) = listen(None).expect("the next one");
        assert_ne!(other, port);
        drop(first);
        let (_again, same) = listen(Some(port)).expect("free again");
        assert_eq!(same, port);
    }

    #[test]
    fn people_are_shown_addresses_that_a_browser_can_open() {
        let all = ["169.254.1.1", "192.168.1.20", "fd00::1", "fe80::1"];
        let all: Vec<IpAddr> = all.iter().map(|a| a.parse().expect("an address")).collect();
        assert_eq!(shown(&all), [all[1], all[2]]);
    }
}
