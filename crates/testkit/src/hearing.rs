//! A page's end of the live feed, on a real socket.

use crate::Node;
use serde_json::Value;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

/// Longer than any news takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// One listener. Dropped, it is gone.
#[derive(Debug)]
pub struct Hearing {
    stream: BufReader<TcpStream>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Node {
    /// Listens as a page does that sends this header: a cookie, or a bearer. The status, when it may not.
    pub async fn listens(&self, header: (&str, &str)) -> Result<Hearing, u16> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(api::serve(self.door.clone(), listener));
        let mut stream = BufReader::new(TcpStream::connect(address).await.expect("connected"));
        let (name, value) = header;
        let request = format!(
            "GET /api/v1/live HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{name}: {value}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut head = vec![];
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("a head"));
        }
        let head = String::from_utf8_lossy(&head);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        match status.expect("a status") {
            101 => Ok(Hearing { stream, server }),
            refused => Err(refused),
        }
    }
}

impl Hearing {
    /// The next message; `None` once the node hung up.
    pub async fn next(&mut self) -> Option<Value> {
        let frame = timeout(PATIENCE, self.frame()).await;
        frame.expect("news, or the end, within ten seconds")
    }

    /// What it hears up to the end, by kind.
    pub async fn to_the_end(&mut self) -> Vec<String> {
        let mut kinds = vec![];
        while let Some(message) = self.next().await {
            kinds.push(message["kind"].as_str().expect("a kind").to_owned());
        }
        kinds
    }

    /// The first of this kind.
    pub async fn hears(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await.expect("it goes on");
            if message["kind"] == kind {
                return message;
            }
        }
    }

    async fn frame(&mut self) -> Option<Value> {
        loop {
            let first = self.stream.read_u8().await.ok()?;
            let length = match self.stream.read_u8().await.ok()? {
                126 => u64::from(self.stream.read_u16().await.ok()?),
                127 => self.stream.read_u64().await.ok()?,
                short => u64::from(short),
            };
            let mut body = vec![0; usize::try_from(length).expect("a frame that fits")];
            self.stream.read_exact(&mut body).await.ok()?;
            match first & 0x0f {
                1 => return Some(serde_json::from_slice(&body).expect("JSON")),
                8 => return None,
                _ => {}
            }
        }
    }
}
