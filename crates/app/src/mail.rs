//! Letters: what is to be mailed is on the disk before anybody waits for a server, and one worker sends it, with growing
//! pauses for as long as mail servers themselves try.
//!
//! A letter that was at the server when the power went goes once more under its old Message-ID: a document twice in a
//! mailbox is a lesser evil than none. That a letter went is a fact; the letter itself, its address and the server's
//! password stay on this device.

use crate::{
    Actor, AppError, Code, Page, Result, Shop,
    bell::Bell,
    campaigns,
    order_view::Named,
    wire::{content_of, optional_text, rfc3339, text},
};
use connect::mail::{Attachment, Letter, MailError, Security, Server, TRIED_FOR, address, pause_after};
use domain::{campaign::Outcome, ids::MailId, time::Moment};
use journal::{Body, body::InvoiceSentV1};
use serde::{Deserialize, Serialize};
use std::{
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};
use store::{
    mail::{MailQuery, MailRow, MailState, NewMail},
    people::StaffRow,
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How often an idle worker looks at the clock.
const IDLE: Duration = Duration::from_secs(2);
/// For each step of the talk with the server.
const PATIENCE: Duration = Duration::from_secs(20);
const DAY_MS: i64 = 24 * 3_600_000;
/// Letters that went, were discarded or could not go are forgotten after so long.
const KEPT_MS: i64 = 90 * DAY_MS;
/// The largest file that goes along; servers refuse more.
pub(crate) const LARGEST_FILE: usize = 10 * 1024 * 1024;
const MOST_AT_ONCE: usize = 200;
/// The server's password, in this device's own memory: never in a fact, never on another device.
const PASSWORD: &str = "mail.password";
const SERVER: &str = "mail.server";

/// Where the shop hands in its mail. The password is not part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MailServer {
    pub host: String,
    pub port: u16,
    /// tls, starttls or none
    pub security: String,
    pub user: String,
    /// The address that letters come from.
    pub from: String,
    pub from_name: String,
    /// A certificate authority as PEM, for a server whose certificate the machine does not know.
    pub authority: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MailServerView {
    /// Null until a server was given.
    pub server: Option<MailServer>,
    /// Whether this device has the password.
    pub password: bool,
    pub waiting: u32,
    pub failed: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeMailServer {
    pub id: Uuid,
    /// Null forgets the server; letters then wait.
    pub server: Option<MailServer>,
    /// Absent: as it was. Empty: none.
    pub password: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestMail {
    /// Whom to write; absent only greets the server.
    pub to: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MailTested {
    pub ok: bool,
    /// address, unreachable, not_private, login, later or refused
    pub why: Option<String>,
    pub said: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MailView {
    pub id: Uuid,
    /// invoice, credit_note, quotation, statement or campaign
    pub kind: String,
    /// The order, credit note, quotation or customer it is about.
    pub subject: Option<Uuid>,
    pub document: Option<String>,
    pub to: String,
    pub to_name: String,
    pub title: String,
    pub text: String,
    pub file: Option<String>,
    /// queued, sending, sent, failed or discarded
    pub state: String,
    /// One word, such as unreachable or login.
    pub why: Option<String>,
    /// What the server said.
    pub said: Option<String>,
    pub attempts: u32,
    pub next_try_at: Option<String>,
    pub created_at: String,
    pub changed_at: String,
    pub staff: Option<Named>,
    /// What a person may do about it: retry, discard
    pub actions: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MailFilter {
    /// queued, sending, sent, failed or discarded
    pub state: Option<String>,
    pub subject: Option<Uuid>,
    pub limit: Option<usize>,
    pub after: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryMail {
    pub id: Uuid,
    /// Another address than the letter's own.
    pub to: Option<String>,
}

/// A letter to write, as its feature asks for it.
pub(crate) struct ToMail {
    pub kind: &'static str,
    pub subject: [u8; 16],
    pub revision: u32,
    pub document: Option<String>,
    pub to_name: String,
    pub to: String,
    pub title: String,
    pub text: String,
    pub file: Option<(String, Vec<u8>)>,
}

/// The worker of this process.
#[derive(Default)]
pub(crate) struct Mailing {
    shop: OnceLock<Weak<Shop>>,
    bell: Arc<Bell>,
}

impl Drop for Mailing {
    fn drop(&mut self) {
        self.bell.stop();
    }
}

/// One letter on its way.
struct Turn {
    row: MailRow,
    server: Server,
    letter: Letter,
}

/// The worker's life. It holds the shop only while it reads and writes, so that a shop can be closed while a server is
/// slow.
fn work(weak: &Weak<Shop>, bell: &Bell) {
    let mut cleaned_ms = None;
    loop {
        let Some(shop) = weak.upgrade() else { return };
        if bell.is_stopped() {
            return;
        }
        let turn = shop.next_letter().unwrap_or_else(|error| {
            tracing::error!(%error, "the outbox cannot be read");
            None
        });
        if turn.is_none() {
            shop.forget_letters(&mut cleaned_ms);
        }
        drop(shop);
        let Some(turn) = turn else {
            bell.wait(IDLE);
            continue;
        };
        let outcome = connect::mail::send(&turn.server, &turn.letter);
        for pause in [0, 1, 2, 5] {
            std::thread::sleep(Duration::from_secs(pause));
            let Some(shop) = weak.upgrade() else { return };
            match shop.settle_letter(&turn.row, &outcome) {
                Ok(()) => break,
                // It stays `sending`, and goes once more after the next start.
                Err(error) => {
                    tracing::error!(mail = %turn.row.id, %error, "what became of a letter cannot be written down")
                }
            }
        }
    }
}

/// "a•••@example.com": enough to know it again, too little to write to.
pub(crate) fn masked(address: &str) -> String {
    match address.split_once('@') {
        Some((name, domain)) => {
            let first: String = name.chars().take(1).collect();
            format!("{first}•••@{domain}")
        }
        None => "•••".to_owned(),
    }
}

fn wrong_address(field: &str, error: MailError) -> AppError {
    AppError::field(field, error)
}

/// Checks what a person typed, and fills in what follows from it.
fn checked(server: &MailServer) -> Result<MailServer> {
    let security = Security::of(server.security.trim())
        .ok_or_else(|| AppError::field("security", "tls, starttls or none"))?;
    let host = text("host", &server.host, 253)?;
    if host.chars().any(|c| c.is_whitespace() || c == '/' || c == '@') {
        return Err(AppError::field("host", "a name like mail.example.com"));
    }
    let user = optional_text("user", Some(&server.user), 254)?.unwrap_or_default();
    let is_near = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if security == Security::Open && !user.is_empty() && !is_near {
        return Err(AppError::field(
            "security",
            "a password goes over a private connection only",
        ));
    }
    Ok(MailServer {
        port: match server.port {
            0 => security.usual_port(),
            port => port,
        },
        security: security.as_str().to_owned(),
        host,
        user,
        from: address(&server.from).map_err(|e| wrong_address("from", e))?,
        from_name: optional_text("from_name", Some(&server.from_name), 80)?.unwrap_or_default(),
        authority: match server.authority.trim() {
            "" => String::new(),
            pem if pem.len() <= 20_000 && pem.starts_with("-----BEGIN CERTIFICATE-----") => pem.to_owned(),
            _ => return Err(AppError::field("authority", "a certificate in PEM")),
        },
    })
}

/// Reads the setting as it was written.
pub(crate) fn parse_server(json: &str) -> Option<MailServer> {
    serde_json::from_str(json).ok()
}

fn view_mail(row: MailRow, staff: &[StaffRow]) -> MailView {
    let actions: &[&str] = match row.state {
        MailState::Queued | MailState::Failed => &["retry", "discard"],
        MailState::Sending | MailState::Sent | MailState::Discarded => &[],
    };
    let waits = row.state == MailState::Queued && row.attempts > 0;
    MailView {
        id: row.id.uuid(),
        kind: row.kind,
        subject: row.subject.map(Uuid::from_bytes),
        document: row.document,
        to: row.to_address,
        to_name: row.to_name,
        title: row.title,
        text: row.body,
        file: row.file_name,
        state: row.state.as_str().to_owned(),
        why: row.why,
        said: row.said,
        attempts: row.attempts,
        next_try_at: waits.then(|| rfc3339(Moment(row.next_ms))),
        created_at: rfc3339(Moment(row.created_ms)),
        changed_at: rfc3339(Moment(row.changed_ms)),
        staff: row.staff.map(|id| Named {
            id: id.uuid(),
            name: staff
                .iter()
                .find(|s| s.id == id)
                .map(|s| s.name.clone())
                .unwrap_or_default(),
        }),
        actions: actions.iter().map(|a| (*a).to_owned()).collect(),
    }
}

impl Shop {
    /// Takes up the outbox where the last run of the program left it.
    pub(crate) fn start_mailing(self: &Arc<Self>) -> Result<()> {
        if self.mailing.shop.set(Arc::downgrade(self)).is_err() {
            return Ok(());
        }
        let now = self.edges.now();
        self.store.write(now, |tx| -> Result<()> {
            let cut = tx.sending_was_cut()?;
            if cut > 0 {
                tracing::warn!(
                    letters = cut,
                    "what was at the mail server when the program ended goes once more"
                );
            }
            tx.forget_mail(now.0 - KEPT_MS)?;
            Ok(())
        })?;
        let (weak, bell) = (Arc::downgrade(self), self.mailing.bell.clone());
        let began = std::thread::Builder::new()
            .name("mail".to_owned())
            .spawn(move || work(&weak, &bell));
        if let Err(error) = began {
            tracing::error!(%error, "the worker for mail cannot begin");
        }
        Ok(())
    }

    /// Lets go of letters that nobody needs any more, once a day.
    fn forget_letters(&self, cleaned_ms: &mut Option<i64>) {
        let now = self.edges.now();
        // The start of the program did so itself.
        let last = *cleaned_ms.get_or_insert(now.0);
        if (last..last + DAY_MS).contains(&now.0) {
            return;
        }
        *cleaned_ms = Some(now.0);
        if let Err(error) = self.store.write(now, |tx| tx.forget_mail(now.0 - KEPT_MS)) {
            tracing::error!(%error, "old letters cannot be let go of");
        }
    }

    pub(crate) fn mail_server_set(&self) -> Option<MailServer> {
        parse_server(self.settings().text(SERVER))
    }

    fn connection(&self, server: &MailServer, password: Option<String>) -> Server {
        Server {
            host: server.host.clone(),
            port: server.port,
            // What was checked when it was set; a word of a newer build is taken for the careful one.
            security: Security::of(&server.security).unwrap_or(Security::Tls),
            login: (!server.user.is_empty()).then(|| (server.user.clone(), password.unwrap_or_default())),
            authority: (!server.authority.is_empty()).then(|| server.authority.clone()),
            patience: PATIENCE,
        }
    }

    fn letter_from(&self, server: &MailServer) -> Letter {
        let shop_name = self.settings().text("shop.name").to_owned();
        Letter {
            id: String::new(),
            from_name: match server.from_name.as_str() {
                "" => shop_name,
                name => name.to_owned(),
            },
            from: server.from.clone(),
            reply_to: None,
            news: false,
            to_name: String::new(),
            to: String::new(),
            subject: String::new(),
            text: String::new(),
            attachments: Vec::new(),
            at_ms: self.edges.now().0,
        }
    }

    fn next_letter(&self) -> Result<Option<Turn>> {
        let Some(server) = self.mail_server_set() else {
            return Ok(None);
        };
        let now = self.edges.now();
        let (row, password) = self
            .store
            .read(|r| -> Result<_> { Ok((r.next_mail(now.0)?, r.local_value(PASSWORD)?)) })?;
        let longest = i64::try_from(pause_after(u32::MAX).as_millis()).unwrap_or(i64::MAX);
        // A clock that was set back must not hold a letter for a year.
        let Some(row) = row.filter(|row| row.next_ms <= now.0 || row.next_ms > now.0.saturating_add(longest))
        else {
            return Ok(None);
        };
        let began = self.store.write(now, |tx| -> Result<bool> {
            // Asked as late as can be: another device may have heard the no.
            if !campaigns::may_go(&tx.reader(), &row)? {
                campaigns::withdraw(tx, &row)?;
                return Ok(false);
            }
            Ok(tx.begin_mail(row.id)?)
        })?;
        if !began {
            return Ok(None);
        }
        let file = self.store.read(|r| r.mail_file(row.id))?;
        let letter = Letter {
            id: row.id.to_string(),
            to_name: row.to_name.clone(),
            to: row.to_address.clone(),
            subject: row.title.clone(),
            text: row.body.clone(),
            at_ms: row.created_ms,
            news: row.campaign.is_some(),
            attachments: row
                .file_name
                .clone()
                .zip(file)
                .map(|(name, bytes)| Attachment {
                    name,
                    media: "application/pdf".to_owned(),
                    bytes,
                })
                .into_iter()
                .collect(),
            ..self.letter_from(&server)
        };
        Ok(Some(Turn {
            server: self.connection(&server, password),
            letter,
            row,
        }))
    }

    fn settle_letter(&self, row: &MailRow, outcome: &std::result::Result<String, MailError>) -> Result<()> {
        let now = self.edges.now();
        self.store.write(now, |tx| -> Result<()> {
            match outcome {
                Ok(said) => {
                    let known = tx.settle_mail(row.id, MailState::Sent, now.0, None, Some(said))?;
                    // A letter that was forgotten on its way leaves no trace of whom it went to.
                    if row.campaign.is_some() {
                        if known {
                            campaigns::settled(tx, row, Outcome::Sent, "")?;
                        }
                    } else if let Some(subject) = row.subject.filter(|_| known) {
                        let sent = InvoiceSentV1 {
                            subject,
                            kind: row.kind.clone(),
                            revision: row.revision,
                            way: "mail".to_owned(),
                            to: masked(&row.to_address),
                            at_ms: now.0,
                        };
                        tx.record(row.staff, &Body::InvoiceSent(sent))?;
                    }
                }
                Err(error) => {
                    let said = error.to_string();
                    let tried_for = Duration::from_millis(u64::try_from(now.0 - row.created_ms).unwrap_or(0));
                    let again = error.may_pass() && tried_for < TRIED_FOR;
                    let pause = pause_after(row.attempts + 1);
                    let next = now.0 + i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
                    let state = if again {
                        MailState::Queued
                    } else {
                        MailState::Failed
                    };
                    tx.settle_mail(row.id, state, next, Some(error.as_str()), Some(&said))?;
                    if state == MailState::Failed {
                        campaigns::settled(tx, row, Outcome::Failed, error.as_str())?;
                    }
                }
            }
            Ok(())
        })?;
        if let Err(error) = outcome {
            tracing::warn!(mail = %row.id, why = error.as_str(), attempt = row.attempts + 1, "a letter did not go");
        }
        self.live.tell("mail", Some(row.id.to_string()));
        if let Some(campaign) = row.campaign {
            self.live.tell("campaign", Some(campaign.to_string()));
        }
        Ok(())
    }

    /// Letters were written: the worker need not wait for its next look.
    pub(crate) fn ring_mail(&self) {
        self.mailing.bell.ring();
        self.live.tell("mail", None);
    }

    /// Puts a letter into the outbox. Asked twice with the same id and content, it is one letter.
    pub(crate) fn post(
        &self,
        actor: &Actor,
        id: Uuid,
        content: &[u8; 32],
        letter: ToMail,
    ) -> Result<MailView> {
        let to = address(&letter.to).map_err(|e| wrong_address("to", e))?;
        if letter
            .file
            .as_ref()
            .is_some_and(|(_, bytes)| bytes.len() > LARGEST_FILE)
        {
            return Err(Code::TooLarge.into());
        }
        let new = NewMail {
            id: MailId::from_uuid(id),
            kind: letter.kind,
            subject: Some(letter.subject),
            revision: letter.revision,
            document: letter.document,
            to_name: optional_text("to_name", Some(&letter.to_name), 120)?.unwrap_or_default(),
            to_address: to,
            title: text("title", &letter.title, 200)?,
            body: letter.text,
            file: letter.file,
            staff: Some(actor.staff),
            campaign: None,
        };
        self.write_once(*id.as_bytes(), content, |tx| {
            tx.queue_mail(&new)?;
            Ok(())
        })?;
        self.mailing.bell.ring();
        self.live.tell("mail", Some(id.to_string()));
        self.mail(id)
    }

    pub fn mail(&self, id: Uuid) -> Result<MailView> {
        self.store.read(|r| {
            let row = r
                .mail(MailId::from_uuid(id))?
                .ok_or(AppError::new(Code::NotFound))?;
            let staff = r.staff(true)?;
            Ok(view_mail(row, &staff))
        })
    }

    pub fn mails(&self, filter: &MailFilter) -> Result<Page<MailView>> {
        let states = match filter.state.as_deref() {
            None => Vec::new(),
            Some(word) => {
                vec![MailState::of(word).ok_or_else(|| AppError::field("state", "not a state of letters"))?]
            }
        };
        let before = match filter.after.as_deref() {
            None => None,
            Some(cursor) => Some(
                cursor
                    .parse()
                    .map_err(|_| AppError::field("after", "not a place in this list"))?,
            ),
        };
        let limit = filter.limit.unwrap_or(50).clamp(1, MOST_AT_ONCE);
        self.store.read(|r| {
            let query = MailQuery {
                states,
                subject: filter.subject.map(|s| *s.as_bytes()),
                before,
                limit: limit + 1,
            };
            let mut rows = r.mails(&query)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|row| row.n.to_string());
            let staff = r.staff(true)?;
            let items = rows.into_iter().map(|row| view_mail(row, &staff)).collect();
            Ok(Page { items, next })
        })
    }

    pub fn retry_mail(&self, id: Uuid, request: &RetryMail) -> Result<MailView> {
        let to = match request.to.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(to) => Some(address(to).map_err(|e| wrong_address("to", e))?),
        };
        let content = content_of(&format!("mail retry {id}"), request)?;
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let row = self.open_letter(tx, id)?;
            if row.campaign.is_some() && to.is_some() {
                return Err(AppError::field(
                    "to",
                    "news go to the customer's own address only",
                ));
            }
            tx.requeue_mail(MailId::from_uuid(id), to.as_deref())?;
            Ok(())
        })?;
        self.mailing.bell.ring();
        self.live.tell("mail", Some(id.to_string()));
        self.mail(id)
    }

    pub fn discard_mail(&self, id: Uuid, request: &crate::cart::WriteId) -> Result<MailView> {
        let content = content_of(&format!("mail discard {id}"), request)?;
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let row = self.open_letter(tx, id)?;
            tx.settle_mail(
                row.id,
                MailState::Discarded,
                row.next_ms,
                row.why.as_deref(),
                row.said.as_deref(),
            )?;
            campaigns::settled(tx, &row, Outcome::Discarded, "")
        })?;
        self.live.tell("mail", Some(id.to_string()));
        self.mail(id)
    }

    /// A letter that a person can still do something about.
    fn open_letter(&self, tx: &store::Write<'_>, id: Uuid) -> Result<MailRow> {
        let row = tx
            .reader()
            .mail(MailId::from_uuid(id))?
            .ok_or(AppError::new(Code::NotFound))?;
        match row.state {
            MailState::Queued | MailState::Failed => Ok(row),
            state => Err(AppError::new(Code::MailSettled).hint("state", state.as_str())),
        }
    }

    pub fn mail_server(&self) -> Result<MailServerView> {
        let (password, (waiting, failed)) = self
            .store
            .read(|r| -> Result<_> { Ok((r.local_value(PASSWORD)?, r.mail_counts()?)) })?;
        Ok(MailServerView {
            server: self.mail_server_set(),
            password: password.is_some_and(|p| !p.is_empty()),
            waiting,
            failed,
        })
    }

    pub fn change_mail_server(&self, actor: &Actor, change: &ChangeMailServer) -> Result<MailServerView> {
        let json = match &change.server {
            None => String::new(),
            Some(server) => {
                serde_json::to_string(&checked(server)?).map_err(|e| AppError::new(Code::Broken).caused(e))?
            }
        };
        if change.password.as_ref().is_some_and(|p| p.len() > 1_000) {
            return Err(AppError::field("password", "this is too long"));
        }
        // The password is not part of what is compared, and so not of what is kept.
        let compared = ChangeMailServer {
            password: None,
            ..change.clone()
        };
        let content = content_of("mail server", &compared)?;
        self.write_once(*change.id.as_bytes(), &content, |tx| {
            crate::settings::set_by_key(tx, Some(actor), SERVER, &json)?;
            if let Some(password) = &change.password {
                tx.set_local_value(PASSWORD, password)?;
            }
            tx.hurry_mail()?;
            Ok(())
        })?;
        self.reload_settings()?;
        self.live.tell("setting", Some(SERVER.to_owned()));
        self.mailing.bell.ring();
        self.mail_server()
    }

    /// Greets the server, and writes a letter when somebody is named. What it says is the answer, not a refusal.
    pub fn test_mail(&self, request: &TestMail) -> Result<MailTested> {
        let server = self.mail_server_set().ok_or(AppError::new(Code::NoMailServer))?;
        let password = self.store.read(|r| r.local_value(PASSWORD))?;
        let connection = self.connection(&server, password);
        let outcome = match request.to.as_deref().map(str::trim) {
            None | Some("") => connect::mail::check(&connection).map(|()| None),
            Some(to) => {
                let to = address(to).map_err(|e| wrong_address("to", e))?;
                let letter = Letter {
                    id: self.edges.new_id().to_string(),
                    subject: self.settings().text("shop.name").to_owned(),
                    text: "✓".to_owned(),
                    to,
                    ..self.letter_from(&server)
                };
                connect::mail::send(&connection, &letter).map(Some)
            }
        };
        Ok(match outcome {
            Ok(said) => MailTested {
                ok: true,
                why: None,
                said,
            },
            Err(error) => MailTested {
                ok: false,
                why: Some(error.as_str().to_owned()),
                said: Some(error.to_string()),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(change: impl FnOnce(&mut MailServer)) -> Result<MailServer> {
        let mut server = MailServer {
            host: "mail.example.com".to_owned(),
            security: "starttls".to_owned(),
            user: "shop".to_owned(),
            from: "shop@example.com".to_owned(),
            ..MailServer::default()
        };
        change(&mut server);
        checked(&server)
    }

    #[test]
    fn a_password_never_goes_in_the_open() {
        assert_eq!(
            server(|_| {}).expect("a usual server").port,
            587,
            "the usual port"
        );
        assert!(server(|s| s.security = "none".to_owned()).is_err());
        let near = |s: &mut MailServer| {
            s.security = "none".to_owned();
            s.host = "127.0.0.1".to_owned();
        };
        assert_eq!(server(near).expect("on this machine").port, 25);
        let nameless = |s: &mut MailServer| {
            s.security = "none".to_owned();
            s.user.clear();
        };
        assert!(
            server(nameless).is_ok(),
            "without a password there is nothing to lose"
        );
        assert!(server(|s| s.from = "boss".to_owned()).is_err());
        assert!(server(|s| s.host = "https://mail".to_owned()).is_err());
        assert!(server(|s| s.authority = "x".to_owned()).is_err());
    }

    #[test]
    fn a_masked_address_cannot_be_written_to() {
        assert_eq!(masked("asha@example.com"), "a•••@example.com");
        assert_eq!(masked("आशा@example.com"), "आ•••@example.com");
        assert_eq!(masked("nobody"), "•••");
    }
}
