//! Printers on the network: bytes to a port, with an end to every wait.

use super::{
    Why,
    dialogue::{Connect, Link},
};
use crate::Deadline;
use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs},
    sync::mpsc,
    time::Duration,
};

/// A printer by its address or its name.
pub struct Network {
    pub host: String,
    pub port: u16,
}

impl Connect for Network {
    const BYTES_A_SECOND: u64 = 10_000;

    fn connect(&self, until: Deadline) -> Result<Box<dyn Link>, Why> {
        let mut why = Why::Unreachable;
        for address in look_up(&self.host, self.port, until)? {
            let left = until.left();
            if left.is_zero() {
                break;
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => {
                    // Small questions should not wait for more to say.
                    stream.set_nodelay(true).map_err(|e| Why::of(&e))?;
                    return Ok(Box::new(Tcp { stream }));
                }
                Err(error) => {
                    why = match Why::of(&error) {
                        Why::Timeout => Why::Unreachable,
                        why => why,
                    }
                }
            }
        }
        Err(why)
    }
}

/// The system's resolver knows no deadline: it is asked on a thread of its own, which ends when it ends.
fn look_up(host: &str, port: u16, until: Deadline) -> Result<Vec<SocketAddr>, Why> {
    if let Ok(ip) = host.parse() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let (answer, answered) = mpsc::channel();
    let host = host.to_owned();
    std::thread::Builder::new()
        .name("printer-name".to_owned())
        .spawn(move || {
            let found = (host.as_str(), port).to_socket_addrs().map(Iterator::collect);
            // Nobody waits for it any more: the deadline was sooner.
            let _ = answer.send(found);
        })
        .map_err(|e| Why::of(&e))?;
    match answered.recv_timeout(until.left()) {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(_)) | Err(_) => Err(Why::Unreachable),
    }
}

struct Tcp {
    stream: TcpStream,
}

/// The system takes zero for "for ever".
fn wait(until: Deadline) -> Option<Duration> {
    Some(until.left().max(Duration::from_millis(1)))
}

/// A signal to the process says nothing about the printer.
fn unless_interrupted(mut once: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match once() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

impl Link for Tcp {
    fn write(&mut self, bytes: &[u8], until: Deadline) -> io::Result<usize> {
        unless_interrupted(|| {
            self.stream.set_write_timeout(wait(until))?;
            self.stream.write(bytes)
        })
    }

    fn read(&mut self, into: &mut [u8], until: Deadline) -> io::Result<usize> {
        unless_interrupted(|| {
            self.stream.set_read_timeout(wait(until))?;
            self.stream.read(into)
        })
    }

    fn drain(&mut self, _: Deadline) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Drop for Tcp {
    fn drop(&mut self) {
        // It may be gone already; then there is nobody to say goodbye to.
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}
