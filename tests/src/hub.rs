//! A real hub as a process, and how tests read what goes over the line to it.

use crate::announced;
use std::{
    io::BufRead,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Where a hub keeps its books.
pub enum Books {
    Folder(PathBuf),
    Database(String),
}

impl Books {
    fn arguments(&self) -> Vec<String> {
        match self {
            Books::Folder(folder) => vec!["--data".to_owned(), folder.display().to_string()],
            Books::Database(url) => vec!["--database-url".to_owned(), url.clone()],
        }
    }

    /// What the program prints, which has to succeed.
    pub fn run(&self, binary: &Path, arguments: &[&str]) -> String {
        let output = Command::new(binary)
            .args(arguments)
            .args(self.arguments())
            .output()
            .expect("chandi-hub runs");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub fn invite(&self, binary: &Path) -> String {
        self.run(binary, &["invite", "--organisation", "Sweets"])
    }
}

/// A hub's process; killed at the latest when the test ends.
pub struct Hub {
    process: Child,
    /// The address without its scheme.
    pub listen: String,
}

impl Hub {
    pub fn start(binary: &Path, books: &Books, listen: &str) -> Hub {
        let mut process = Command::new(binary)
            .args(["--listen", listen])
            .args(books.arguments())
            .env("CHANDI_LOG", "error")
            .env("CHANDI_HUB_OWNERS_KEY", "7".repeat(64))
            .stdout(Stdio::piped())
            .spawn()
            .expect("chandi-hub starts");
        let said = announced(&mut process);
        let address = said["address"].as_str().expect("an address");
        let listen = address.trim_start_matches("http://").to_owned();
        Hub { process, listen }
    }

    pub fn address(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        // One that is gone already cannot be killed, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Killed, if it was not, and started again where it was.
    pub fn restart(&mut self, binary: &Path, books: &Books) {
        self.kill();
        let listen = self.listen.clone();
        *self = Hub::start(binary, books, &listen);
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One message of HTTP whose head says how long its body is.
pub struct Message {
    /// Its first line, in small letters.
    pub first: String,
    /// All of it.
    pub bytes: Vec<u8>,
    head: usize,
}

impl Message {
    /// `None` where the connection ends before the message does.
    pub fn read(from: &mut impl BufRead) -> Option<Message> {
        let (mut bytes, mut length, mut first) = (vec![], 0, String::new());
        loop {
            let start = bytes.len();
            if from.read_until(b'\n', &mut bytes).ok()? == 0 {
                return None;
            }
            let line = String::from_utf8_lossy(&bytes[start..]).to_ascii_lowercase();
            if start == 0 {
                first.clone_from(&line);
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        let head = bytes.len();
        bytes.resize(head + length, 0);
        from.read_exact(&mut bytes[head..]).ok()?;
        Some(Message { first, bytes, head })
    }

    pub fn body(&self) -> &[u8] {
        &self.bytes[self.head..]
    }
}
