//! A real mail server on a port of this machine: aiosmtpd in the folder that `./dev` makes for it.

use crate::python::PythonServer;
use std::{
    ffi::OsStr,
    process::Stdio,
    time::{Duration, Instant},
};
use tempfile::TempDir;

pub struct MailServer {
    /// Runs as long as this.
    _server: PythonServer,
    pub port: u16,
    folder: TempDir,
}

impl MailServer {
    /// `--tls`, `--starttls`, `--login NAME:PASSWORD`, `--silent`, `--port N`
    pub fn start(options: &[&str]) -> MailServer {
        let folder = tempfile::tempdir().expect("a temp folder");
        let mut arguments = vec![folder.path().as_os_str()];
        arguments.extend(options.iter().map(OsStr::new));
        let server = PythonServer::start("mail", &arguments, Stdio::inherit());
        MailServer {
            port: server.port,
            _server: server,
            folder,
        }
    }

    /// Its certificate, as PEM.
    pub fn certificate(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("certificate.pem")).expect("a server with TLS")
    }

    /// The letters so far, as they came over the wire.
    pub fn letters(&self) -> Vec<String> {
        (1..)
            .map_while(|n| std::fs::read(self.folder.path().join(format!("{n}.eml"))).ok())
            .map(|bytes| String::from_utf8(bytes).expect("letters are written in seven bits"))
            .collect()
    }

    /// Waits for so many letters, but not for ever.
    #[allow(clippy::disallowed_methods, reason = "a test waits on the real clock")]
    pub fn wait_for(&self, letters: usize) -> Vec<String> {
        let began = Instant::now();
        loop {
            let now = self.letters();
            if now.len() >= letters {
                return now;
            }
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "{} of {letters} letters came",
                now.len()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A port where nobody listens.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
