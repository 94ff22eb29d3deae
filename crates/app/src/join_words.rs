//! What a joining device and the one that lets it in say to each other. Everything but the first question travels in a
//! channel that only the two can read (`journal::channel`).

use domain::ids::DeviceId;
use journal::PublicKey;
use serde::{Deserialize, Serialize};

/// Where a joining device finds out who is there.
pub const HELLO: &str = "/api/v1/join/hello";
/// Where it asks everything else.
pub const ASK: &str = "/api/v1/join/ask";
/// How much of the books goes in one answer.
pub const PIECE: usize = 4 << 20;
/// The largest answer that is read.
pub const MOST_ANSWER: u64 = PIECE as u64 + (1 << 16);
/// The halves and the nonce that stand before a sealed question.
pub(crate) const HALVES: usize = 64;

/// Who is there: the device's key, and the public half of each invitation that is open. It tells nothing else to
/// anybody who has no code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hello {
    pub key: String,
    pub halves: Vec<String>,
}

/// A question, with a number that rises, so that none is heard twice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub n: u64,
    pub what: Ask,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Ask {
    Knock(Box<Knock>),
    /// How does it stand?
    Look,
    /// The books from that byte on.
    Piece {
        from: u64,
    },
    /// The books are whole here.
    Done,
    Leave,
}

/// Who wants in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Knock {
    pub secret: String,
    pub name: String,
    pub version: String,
    pub build: i64,
    pub device: uuid::Uuid,
    pub public_key: [u8; 32],
    /// The key of the joining device's own database: the books come under it.
    pub database_key: [u8; 32],
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Told {
    /// Asked; the owner compares these digits.
    Waiting {
        digits: String,
    },
    Preparing,
    Ready(Box<Ready>),
    /// Good bye.
    Over,
    /// By the code of a refusal.
    Refused(String),
}

/// The books, and who the joining device is in them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ready {
    pub size: u64,
    pub hash: [u8; 32],
    /// The host's, over the shop, the device and the hash.
    pub signature: Vec<u8>,
    pub shop: uuid::Uuid,
    pub branch: uuid::Uuid,
    pub counter: uuid::Uuid,
    pub ordinal: u16,
    pub lane: u8,
    pub number_key: [u8; 32],
    pub currency: String,
    pub clock: u64,
    pub host: uuid::Uuid,
}

/// What the host signs of a snapshot.
pub(crate) fn signed(shop: uuid::Uuid, device: uuid::Uuid, hash: &[u8; 32]) -> Vec<u8> {
    [
        b"chandi snapshot v1".as_slice(),
        shop.as_bytes(),
        device.as_bytes(),
        hash,
    ]
    .concat()
}

/// What a code's pin is of: the host's key and the half that it made for this one invitation, so that there are minutes
/// to find another pair with the same pin, and no more.
pub(crate) fn pin_of(key: &PublicKey, half: &[u8; 32]) -> [u8; 32] {
    let material = [key.bytes(), *half].concat();
    blake3::derive_key("chandi 2026 pin of an invitation v1", &material)
}

/// What a QR code says.
pub(crate) fn qr_text(code: &str, addresses: &[String]) -> String {
    format!("{QR}{code}@{}", addresses.join(","))
}

/// The code and the addresses of a scanned text, if it is one of ours.
pub(crate) fn read_qr(text: &str) -> Option<(String, Vec<String>)> {
    let (code, addresses) = text.trim().strip_prefix(QR)?.split_once('@')?;
    let addresses = addresses.split(',').filter(|a| !a.is_empty()).map(str::to_owned);
    Some((code.to_owned(), addresses.take(8).collect()))
}

const QR: &str = "chandi-join:";

/// An address as people type it, as one that can be asked.
pub(crate) fn address(typed: &str) -> Option<String> {
    let typed = typed.trim().trim_end_matches('/');
    let (scheme, host) = match typed.split_once("://") {
        Some(("http", host)) => ("http", host),
        Some(("https", host)) => ("https", host),
        Some(_) => return None,
        None => ("", typed),
    };
    let fine = |c: char| c.is_ascii_alphanumeric() || "[]:.-_".contains(c);
    if host.is_empty() || host.len() > 120 || !host.chars().all(fine) {
        return None;
    }
    let named = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let here = named == "localhost" || named == "[::1]" || named.starts_with("127.");
    let scheme = match (scheme, here) {
        // Without TLS nothing leaves this machine.
        ("http", false) => return None,
        ("", true) => "http",
        ("", false) => "https",
        (given, _) => given,
    };
    Some(format!("{scheme}://{host}"))
}

pub(crate) fn device_of(uuid: uuid::Uuid) -> DeviceId {
    DeviceId::from_uuid(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_type_them() {
        for (typed, read) in [
            (" 127.0.0.1:8650/ ", Some("http://127.0.0.1:8650")),
            ("192.168.1.20:8650", Some("https://192.168.1.20:8650")),
            ("till-1.local:8650", Some("https://till-1.local:8650")),
            ("https://10.0.0.4:1", Some("https://10.0.0.4:1")),
            ("http://10.0.0.4:1", None),
            ("ftp://10.0.0.4", None),
            ("a b", None),
            ("x/../../y", None),
            ("", None),
        ] {
            assert_eq!(address(typed).as_deref(), read, "{typed}");
        }
    }

    #[test]
    fn a_scanned_text_gives_back_what_was_put_in() {
        let addresses = vec![
            "https://10.0.0.4:8650".to_owned(),
            "https://[fd00::1]:8650".to_owned(),
        ];
        let text = qr_text("ABC", &addresses);
        assert_eq!(read_qr(&text), Some(("ABC".to_owned(), addresses)));
        assert_eq!(read_qr("P1ABC"), None);
    }
}
