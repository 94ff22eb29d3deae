//! Mail by SMTP: one message at a time, over a connection of its own.
//!
//! A connection that breaks after the last byte leaves it open whether the message went out. It is then sent again
//! under the same Message-ID, by which servers and readers drop the second one.

use lettre::{
    Message, SmtpTransport, Transport,
    message::{
        Attachment as Enclosed, Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::{Credentials, Mechanism},
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
    },
};
use std::time::{Duration, SystemTime};

/// How the way to the server is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte, usually port 465.
    Tls,
    /// A plain greeting, then TLS or nothing, usually port 587.
    StartTls,
    /// In the open: for a server on the same machine or in the same house.
    Open,
}

impl Security {
    pub const ALL: [Security; 3] = [Security::Tls, Security::StartTls, Security::Open];

    pub fn as_str(self) -> &'static str {
        match self {
            Security::Tls => "tls",
            Security::StartTls => "starttls",
            Security::Open => "none",
        }
    }

    pub fn of(word: &str) -> Option<Security> {
        Security::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// The port that servers listen on unless they say otherwise.
    pub fn usual_port(self) -> u16 {
        match self {
            Security::Tls => 465,
            Security::StartTls => 587,
            Security::Open => 25,
        }
    }
}

/// Where mail is handed in.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// Name and password.
    pub login: Option<(String, String)>,
    /// A certificate authority, as PEM, that is believed besides the system's.
    pub authority: Option<String>,
    /// For each step of the talk.
    pub patience: Duration,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A password must not find its way into a log.
        f.debug_struct("Server")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("login", &self.login.is_some())
            .finish_non_exhaustive()
    }
}

/// A file that goes along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub name: String,
    /// "application/pdf"
    pub media: String,
    pub bytes: Vec<u8>,
}

/// One letter to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Stays the same however often it is tried: letters, digits and hyphens.
    pub id: String,
    pub from_name: String,
    pub from: String,
    pub reply_to: Option<String>,
    /// News that nobody asked for one by one: readers get a button that writes back and ends them.
    pub news: bool,
    pub to_name: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub attachments: Vec<Attachment>,
    pub at_ms: i64,
}

/// Why a letter did not go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    #[error("{0} is not a mail address")]
    Address(String),
    #[error("the letter cannot be written: {0}")]
    Unwritable(String),
    /// Nobody answers, or not in time.
    #[error("the mail server cannot be reached: {0}")]
    Unreachable(String),
    #[error("the connection to the mail server is not private: {0}")]
    NotPrivate(String),
    #[error("the mail server does not accept the name and password: {0}")]
    Login(String),
    /// Not now: a full mailbox, a server that is busy or wants to see us again.
    #[error("the mail server asks to come again: {0}")]
    Later(String),
    /// Never: no such person, too large, not wanted.
    #[error("the mail server refuses the letter: {0}")]
    Refused(String),
}

impl MailError {
    /// One word for screens and for the log.
    pub fn as_str(&self) -> &'static str {
        match self {
            MailError::Address(_) => "address",
            MailError::Unwritable(_) => "unwritable",
            MailError::Unreachable(_) => "unreachable",
            MailError::NotPrivate(_) => "not_private",
            MailError::Login(_) => "login",
            MailError::Later(_) => "later",
            MailError::Refused(_) => "refused",
        }
    }

    /// May the same letter go later? A wrong password is the shop's to mend, and then everything that waited goes.
    pub fn may_pass(&self) -> bool {
        match self {
            MailError::Unreachable(_)
            | MailError::NotPrivate(_)
            | MailError::Login(_)
            | MailError::Later(_) => true,
            MailError::Address(_) | MailError::Unwritable(_) | MailError::Refused(_) => false,
        }
    }
}

/// A mail address as it can be written to, or the text that is none.
pub fn address(text: &str) -> Result<String, MailError> {
    let text = text.trim();
    let wrong = || MailError::Address(text.to_owned());
    // A name beside the address is a field of its own here.
    let address: lettre::Address = text.parse().map_err(|_| wrong())?;
    // What is valid within a house, "boss@till", reaches nobody outside.
    if text.len() > 254 || !address.domain().contains('.') || address.domain().starts_with('[') {
        return Err(wrong());
    }
    Ok(address.to_string())
}

/// Pauses between tries, in minutes; the last one goes on.
const PAUSES: &[u64] = &[1, 2, 5, 10, 20, 30, 60];

/// How long to wait after so many tries in vain.
pub fn pause_after(tries: u32) -> Duration {
    let index = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
    let minutes = PAUSES.get(index).or(PAUSES.last()).copied().unwrap_or(60);
    Duration::from_secs(minutes * 60)
}

/// For how long a letter is tried before a person has to look: as long as mail servers themselves do.
pub const TRIED_FOR: Duration = Duration::from_secs(5 * 24 * 3600);

/// Hands a letter to the server. `Ok` is the server's own word that it has it.
pub fn send(server: &Server, letter: &Letter) -> Result<String, MailError> {
    let message = written(letter)?;
    let said = transport(server)?.send(&message).map_err(of_smtp)?;
    Ok(said.message().collect::<Vec<_>>().join(" "))
}

/// Greets the server, signs in and leaves again: nothing is sent.
pub fn check(server: &Server) -> Result<(), MailError> {
    match transport(server)?.test_connection().map_err(of_smtp)? {
        true => Ok(()),
        false => Err(MailError::Unreachable("it does not answer a greeting".to_owned())),
    }
}

fn transport(server: &Server) -> Result<SmtpTransport, MailError> {
    let private = || -> Result<TlsParameters, MailError> {
        let mut tls = TlsParameters::builder(server.host.clone());
        if let Some(pem) = &server.authority {
            let authority = Certificate::from_pem(pem.as_bytes()).map_err(|e| {
                MailError::NotPrivate(format!("the certificate authority cannot be read: {e}"))
            })?;
            tls = tls.add_root_certificate(authority);
        }
        tls.build_rustls()
            .map_err(|e| MailError::NotPrivate(e.to_string()))
    };
    let tls = match server.security {
        Security::Tls => Tls::Wrapper(private()?),
        Security::StartTls => Tls::Required(private()?),
        Security::Open => Tls::None,
    };
    let mut builder = SmtpTransport::builder_dangerous(&server.host)
        .port(server.port)
        .tls(tls)
        .hello_name(ClientId::Domain("chandi.localdomain".to_owned()))
        .timeout(Some(server.patience));
    if let Some((name, password)) = &server.login {
        builder = builder
            .credentials(Credentials::new(name.clone(), password.clone()))
            .authentication(vec![Mechanism::Plain, Mechanism::Login]);
    }
    Ok(builder.build())
}

fn of_smtp(error: lettre::transport::smtp::Error) -> MailError {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    let code = error.status().map(u16::from);
    match code {
        Some(530 | 534 | 535 | 538) => MailError::Login(text),
        // 421: it is closing; 4xx: not now.
        Some(400..500) => MailError::Later(text),
        Some(_) => MailError::Refused(text),
        None if error.is_tls() || is_about_certificates(&text) => MailError::NotPrivate(text),
        // It offers no way to sign in that we know, or no TLS.
        None if error.is_client() => MailError::NotPrivate(text),
        None => MailError::Unreachable(text),
    }
}

/// A handshake that fails comes as a failure of the connection.
fn is_about_certificates(text: &str) -> bool {
    ["certificate", "handshake", "tls", "TLS"]
        .iter()
        .any(|word| text.contains(word))
}

fn mailbox(name: &str, address: &str) -> Result<Mailbox, MailError> {
    let address = self::address(address)?;
    let name = name.trim();
    let parsed = address.parse().map_err(|_| MailError::Address(address.clone()))?;
    Ok(Mailbox::new((!name.is_empty()).then(|| name.to_owned()), parsed))
}

/// The letter as it goes over the wire.
fn written(letter: &Letter) -> Result<Message, MailError> {
    let unwritable = |e: &dyn std::fmt::Display| MailError::Unwritable(e.to_string());
    let from = mailbox(&letter.from_name, &letter.from)?;
    let id = format!("<{}@{}>", letter.id, from.email.domain());
    let at = u64::try_from(letter.at_ms).unwrap_or(0);
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut message = Message::builder()
        .from(from)
        .to(mailbox(&letter.to_name, &letter.to)?)
        .subject(one_line(&letter.subject))
        .date(SystemTime::UNIX_EPOCH + Duration::from_millis(at))
        .message_id(Some(id));
    if let Some(reply_to) = &letter.reply_to {
        message = message.reply_to(mailbox("", reply_to)?);
    }
    if letter.news {
        let stop = format!("<mailto:{}?subject=STOP>", letter.from);
        for (name, value) in [("List-Unsubscribe", stop.as_str()), ("Precedence", "bulk")] {
            let name = HeaderName::new_from_ascii_str(name);
            message = message.raw_header(HeaderValue::new(name, value.to_owned()));
        }
    }
    let text = SinglePart::plain(letter.text.clone());
    let whole = if letter.attachments.is_empty() {
        message.singlepart(text)
    } else {
        let mut parts = MultiPart::mixed().singlepart(text);
        for file in &letter.attachments {
            let media = ContentType::parse(&file.media).map_err(|e| unwritable(&e))?;
            parts = parts.singlepart(Enclosed::new(file.name.clone()).body(file.bytes.clone(), media));
        }
        message.multipart(parts)
    };
    whole.map_err(|e| unwritable(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        Letter {
            id: "0198-aa".to_owned(),
            from_name: "चांदी Store".to_owned(),
            from: "shop@example.com".to_owned(),
            reply_to: None,
            news: false,
            to_name: "Asha \"A\" Rao, Ltd".to_owned(),
            to: "asha@example.com".to_owned(),
            subject: "Invoice K7Q/26-27/000042\r\nBcc: everybody@example.com".to_owned(),
            text: "नमस्ते".to_owned(),
            attachments: vec![Attachment {
                name: "K7Q-26-27-000042.pdf".to_owned(),
                media: "application/pdf".to_owned(),
                bytes: vec![0, 255, 13, 10, 46, 13, 10],
            }],
            at_ms: 1_795_000_000_000,
        }
    }

    #[test]
    fn a_letter_keeps_its_id_and_nobody_adds_a_header() {
        let first = String::from_utf8(written(&letter()).expect("written").formatted()).expect("7 bits");
        assert!(first.contains("Message-ID: <0198-aa@example.com>"), "{first}");
        assert!(!first.lines().any(|line| line.starts_with("Bcc:")), "{first}");
        assert!(first.is_ascii(), "names and texts are encoded");
        assert!(first.contains("Date: Wed, 18 Nov 2026"), "{first}");
    }

    #[test]
    fn news_say_how_to_stop_them_and_documents_do_not() {
        let of = |news| {
            let letter = Letter { news, ..letter() };
            String::from_utf8(written(&letter).expect("written").formatted()).expect("7 bits")
        };
        let stop = "List-Unsubscribe: <mailto:shop@example.com?subject=STOP>";
        assert!(of(true).contains(stop), "{}", of(true));
        assert!(!of(false).contains("List-Unsubscribe"));
    }

    #[test]
    fn addresses_that_reach_nobody_are_told_at_once() {
        for wrong in [
            "",
            "asha",
            "asha@",
            "@example.com",
            "asha@localhost",
            "a b@example.com",
            "a@b.c, d@e.f",
            "asha@example.com\r\nRCPT TO:<x@y.z>",
            "Asha <asha@example.com>",
            "asha@[10.0.0.1]",
        ] {
            assert!(address(wrong).is_err(), "{wrong:?}");
        }
        for right in [
            "asha@example.com",
            " a.b+c@mail.example.co.in ",
            "info@bücher.example",
        ] {
            assert!(address(right).is_ok(), "{right:?}");
        }
    }

    #[test]
    fn pauses_grow_and_stay_within_an_hour() {
        let mut last = Duration::ZERO;
        for tries in 0..200 {
            let pause = pause_after(tries);
            assert!(pause >= last && pause <= Duration::from_secs(3600));
            last = pause;
        }
        assert_eq!(pause_after(1), Duration::from_secs(60));
    }
}
