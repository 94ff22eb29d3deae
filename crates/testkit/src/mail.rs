//! A real mail server on a port of this machine: aiosmtpd in the folder that `./dev` makes for it.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

pub struct MailServer {
    child: Child,
    pub port: u16,
    folder: TempDir,
}

/// Where `./dev` put the interpreter that has the server's package.
fn python() -> PathBuf {
    if let Some(named) = env::var_os("CHANDI_MAIL_PYTHON") {
        return named.into();
    }
    let cache = env::var_os("CHANDI_CACHE").map(PathBuf::from).unwrap_or_else(|| {
        let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        let base = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
        base.expect("a home folder").join("chandi")
    });
    cache.join("mail/bin/python")
}

impl MailServer {
    /// `--tls`, `--starttls`, `--login NAME:PASSWORD`, `--silent`, `--port N`
    pub fn start(options: &[&str]) -> MailServer {
        let folder = tempfile::tempdir().expect("a temp folder");
        let python = python();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/mail/server.py");
        let mut child = Command::new(&python)
            .arg(script)
            .arg(folder.path())
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; ./dev test makes it", python.display()));
        let out = child.stdout.take().expect("its output is ours");
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).expect("it speaks");
        let port = line.trim().parse().expect("its port is the first thing it says");
        MailServer { child, port, folder }
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
                began.elapsed() < Duration::from_secs(30),
                "{} of {letters} letters came",
                now.len()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // Gone already is gone as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port where nobody listens.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
