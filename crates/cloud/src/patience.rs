//! Connections whose other end takes nothing of what it asked for end after a while: the answer holds memory until then.

use axum_server::accept::Accept;
use std::{
    future::{Ready, ready},
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

/// How long nothing at all may get on in sending.
const STALLED: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy)]
pub struct Patient;

impl<S> Accept<TcpStream, S> for Patient {
    type Stream = Stalls<TcpStream>;
    type Service = S;
    type Future = Ready<io::Result<(Self::Stream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(Ok((Stalls::new(stream, STALLED), service)))
    }
}

pub struct Stalls<S> {
    stream: S,
    patience: Duration,
    /// When the patience ends, while something waits to be sent.
    until: Option<Pin<Box<Sleep>>>,
}

impl<S> Stalls<S> {
    fn new(stream: S, patience: Duration) -> Stalls<S> {
        Stalls {
            stream,
            patience,
            until: None,
        }
    }

    fn judged<T>(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.until = None;
            return polled;
        }
        let patience = self.patience;
        let until = self
            .until
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        match until.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stalls<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stalls<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judged(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.judged(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test]
    async fn who_takes_something_now_and_then_gets_it_all_and_who_takes_nothing_ends_it() {
        let patience = Duration::from_millis(400);
        let (here, mut there) = duplex(8);
        let mut sending = Stalls::new(here, patience);
        let slow = tokio::spawn(async move {
            let mut got: Vec<u8> = vec![];
            while got.len() < 40 {
                tokio::time::sleep(patience / 4).await;
                let mut some = [0; 8];
                let read = there.read(&mut some).await.expect("it comes");
                got.extend(&some[..read]);
            }
            there
        });
        sending.write_all(&[7; 40]).await.expect("slowly");
        let deaf = slow.await.expect("all of it");
        let error = sending.write_all(&[7; 40]).await.expect_err("nobody takes it");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(deaf);
    }
}
