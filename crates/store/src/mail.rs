//! This device's letters: what waits, what went, what did not.

use crate::{Reader, StoreError, Write};
use domain::ids::{CampaignId, MailId, StaffId};
use rusqlite::{OptionalExtension, Row, params};

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    Queued,
    /// At the server; after a power cut it is sent once more under the same Message-ID.
    Sending,
    Sent,
    /// Not tried again by itself.
    Failed,
    Discarded,
}

impl MailState {
    pub const ALL: [MailState; 5] = [
        MailState::Queued,
        MailState::Sending,
        MailState::Sent,
        MailState::Failed,
        MailState::Discarded,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            MailState::Queued => "queued",
            MailState::Sending => "sending",
            MailState::Sent => "sent",
            MailState::Failed => "failed",
            MailState::Discarded => "discarded",
        }
    }

    pub fn of(text: &str) -> Option<MailState> {
        MailState::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRow {
    pub n: i64,
    pub id: MailId,
    pub kind: String,
    pub subject: Option<[u8; 16]>,
    pub revision: u32,
    pub document: Option<String>,
    pub to_name: String,
    pub to_address: String,
    pub title: String,
    pub body: String,
    pub file_name: Option<String>,
    pub state: MailState,
    pub why: Option<String>,
    pub said: Option<String>,
    pub attempts: u32,
    pub next_ms: i64,
    pub staff: Option<StaffId>,
    pub created_ms: i64,
    pub changed_ms: i64,
    /// The campaign it belongs to; its subject is then the customer.
    pub campaign: Option<CampaignId>,
}

/// A letter as it enters the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    pub id: MailId,
    pub kind: &'static str,
    pub subject: Option<[u8; 16]>,
    pub revision: u32,
    pub document: Option<String>,
    pub to_name: String,
    pub to_address: String,
    pub title: String,
    pub body: String,
    pub file: Option<(String, Vec<u8>)>,
    pub staff: Option<StaffId>,
    pub campaign: Option<CampaignId>,
}

#[derive(Debug, Clone, Default)]
pub struct MailQuery {
    pub states: Vec<MailState>,
    pub subject: Option<[u8; 16]>,
    pub before: Option<i64>,
    pub limit: usize,
}

const MAIL: &str =
    "select n, mail_id, kind, subject_id, revision, document, to_name, to_address, title, body, file_name,
        state, why, said, attempts, next_ms, staff_id, created_ms, changed_ms, campaign_id from mail";

fn mail(r: &Row<'_>) -> rusqlite::Result<MailRow> {
    let state: String = r.get(11)?;
    Ok(MailRow {
        n: r.get(0)?,
        id: MailId::from_bytes(r.get(1)?),
        kind: r.get(2)?,
        subject: r.get(3)?,
        revision: r.get(4)?,
        document: r.get(5)?,
        to_name: r.get(6)?,
        to_address: r.get(7)?,
        title: r.get(8)?,
        body: r.get(9)?,
        file_name: r.get(10)?,
        // The table's own rule allows no other word.
        state: MailState::of(&state).unwrap_or(MailState::Failed),
        why: r.get(12)?,
        said: r.get(13)?,
        attempts: r.get(14)?,
        next_ms: r.get(15)?,
        staff: r.get::<_, Option<[u8; 16]>>(16)?.map(StaffId::from_bytes),
        created_ms: r.get(17)?,
        changed_ms: r.get(18)?,
        campaign: r.get::<_, Option<[u8; 16]>>(19)?.map(CampaignId::from_bytes),
    })
}

impl Reader<'_> {
    pub fn mail(&self, id: MailId) -> Result<Option<MailRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("{MAIL} where mail_id = ?1"))?
            .query_row([id.bytes()], mail)
            .optional()?)
    }

    /// The newest first.
    pub fn mails(&self, query: &MailQuery) -> Result<Vec<MailRow>, StoreError> {
        let mut sql = format!("{MAIL} where n < ?1 and (?2 is null or subject_id = ?2)");
        if !query.states.is_empty() {
            let words: Vec<String> = query.states.iter().map(|s| format!("'{}'", s.as_str())).collect();
            sql += &format!(" and state in ({})", words.join(", "));
        }
        sql += " order by n desc limit ?3";
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(
            params![query.before.unwrap_or(i64::MAX), query.subject, limit],
            mail,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The letter that is to go first: of those that are due, a document before any news.
    pub fn next_mail(&self, now_ms: i64) -> Result<Option<MailRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!(
                "{MAIL} where n = (select n from mail where state = 'queued'
                     order by next_ms > ?1, campaign_id is not null and next_ms <= ?1, next_ms, n limit 1)"
            ))?
            .query_row([now_ms], mail)
            .optional()?)
    }

    /// The letters that a condition on one id finds.
    pub(crate) fn letters_where(&self, condition: &str, id: [u8; 16]) -> Result<Vec<MailRow>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached(&format!("{MAIL} where {condition} order by n"))?;
        Ok(statement.query_map([id], mail)?.collect::<Result<_, _>>()?)
    }

    pub fn mail_file(&self, id: MailId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select file from mail where mail_id = ?1")?
            .query_row([id.bytes()], |r| r.get(0))
            .optional()?
            .flatten())
    }

    /// How many letters wait, and how many need a person.
    pub fn mail_counts(&self) -> Result<(u32, u32), StoreError> {
        Ok(self.conn.query_row(
            "select count(*) filter (where state in ('queued', 'sending')), count(*) filter (where state = 'failed')
             from mail where state in ('queued', 'sending', 'failed')",
            [],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )?)
    }
}

impl Write<'_> {
    /// `false`: this very id is there already, and stays as it is.
    pub fn queue_mail(&self, new: &NewMail) -> Result<bool, StoreError> {
        let now = self.now().0;
        let (name, file) = new
            .file
            .as_ref()
            .map_or((None, None), |(n, f)| (Some(n), Some(f)));
        let added = self
            .tx
            .prepare_cached(
                "insert into mail (mail_id, kind, subject_id, revision, document, to_name, to_address, title, body, file_name,
                     file, state, attempts, next_ms, staff_id, created_ms, changed_ms, campaign_id)
                 select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'queued', 0, ?12, ?13, ?12, ?12, ?14
                 where not exists (select 1 from mail where mail_id = ?1)",
            )?
            .execute(params![
                new.id.bytes(),
                new.kind,
                new.subject,
                new.revision,
                new.document,
                new.to_name,
                new.to_address,
                new.title,
                new.body,
                name,
                file,
                now,
                new.staff.map(|s| s.bytes()),
                new.campaign.map(|c| c.bytes())
            ])?;
        Ok(added > 0)
    }

    /// Takes a letter for sending. `false`: it is not queued any more.
    pub fn begin_mail(&self, id: MailId) -> Result<bool, StoreError> {
        let changed = self
            .tx
            .prepare_cached(
                "update mail set state = 'sending', attempts = attempts + 1, changed_ms = ?2
                 where mail_id = ?1 and state = 'queued'",
            )?
            .execute(params![id.bytes(), self.now().0])?;
        Ok(changed > 0)
    }

    /// What became of it. One that went lets go of its file. `false`: it was forgotten meanwhile.
    pub fn settle_mail(
        &self,
        id: MailId,
        state: MailState,
        next_ms: i64,
        why: Option<&str>,
        said: Option<&str>,
    ) -> Result<bool, StoreError> {
        let done = matches!(state, MailState::Sent | MailState::Discarded);
        let changed = self
            .tx
            .prepare_cached(
                "update mail set state = ?2, next_ms = ?3, why = ?4, said = ?5, changed_ms = ?6,
                     file = case when ?7 then null else file end
                 where mail_id = ?1",
            )?
            .execute(params![
                id.bytes(),
                state.as_str(),
                next_ms,
                why,
                said,
                self.now().0,
                done
            ])?;
        Ok(changed > 0)
    }

    /// A person wants it tried again, perhaps to another address: from the start.
    pub fn requeue_mail(&self, id: MailId, to: Option<&str>) -> Result<(), StoreError> {
        self.tx.execute(
            "update mail set state = 'queued', attempts = 0, next_ms = ?2, why = null, created_ms = ?2, changed_ms = ?2,
                 to_address = coalesce(?3, to_address)
             where mail_id = ?1",
            params![id.bytes(), self.now().0, to],
        )?;
        Ok(())
    }

    /// Everything that waits goes now: the server was told anew.
    pub fn hurry_mail(&self) -> Result<(), StoreError> {
        self.tx.execute(
            "update mail set next_ms = ?1 where state = 'queued'",
            [self.now().0],
        )?;
        Ok(())
    }

    /// After a restart: what was at the server goes once more, under the same Message-ID.
    pub fn sending_was_cut(&self) -> Result<usize, StoreError> {
        Ok(self
            .tx
            .execute("update mail set state = 'queued' where state = 'sending'", [])?)
    }

    /// Forgets letters that nobody did anything about for long; that they went is a fact.
    pub fn forget_mail(&self, before_ms: i64) -> Result<usize, StoreError> {
        Ok(self.tx.execute(
            "delete from mail where state in ('sent', 'discarded', 'failed') and changed_ms < ?1",
            [before_ms],
        )?)
    }
}
