//! The door on TCP, for browsers. Nothing is encrypted here yet, so only loopback addresses are served.

use crate::{Caller, Door};
use axum::{Router, extract::Request};
use std::{convert::Infallible, io, net::SocketAddr};
use tokio::net::TcpListener;
use tower::{Service, ServiceExt, service_fn};

/// Serves until the listener fails or the future is dropped. Refuses to serve the open network without TLS.
pub async fn serve(door: Door, listener: TcpListener) -> io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("{address} can be reached from other machines, and there is no TLS yet: use 127.0.0.1"),
        ));
    }
    let router = door.router();
    let make = service_fn(move |stream: axum::serve::IncomingStream<'_, TcpListener>| {
        let (router, peer): (Router, SocketAddr) = (router.clone(), *stream.remote_addr());
        async move {
            Ok::<_, Infallible>(service_fn(move |mut request: Request| {
                request.extensions_mut().insert(Caller::Tcp(peer));
                let mut router = router.clone();
                async move {
                    match ServiceExt::<Request>::ready(&mut router).await {
                        Ok(ready) => ready.call(request).await,
                        Err(never) => match never {},
                    }
                }
            }))
        }
    });
    axum::serve(listener, make).await
}
