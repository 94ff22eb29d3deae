//! Campaigns: news to the customers of a group who agreed to hear them.
//!
//! Today they go by mail, through the outbox that documents use, and documents go first. Who agreed is asked when a
//! campaign is sent and again before each letter leaves, so a no in between is a no.

use crate::{
    Actor, AppError, Code, Page, Result, Shop,
    cart::WriteId,
    order_view::Named,
    settings::LANGUAGES,
    wire::{content_of, optional_text, rfc3339, text},
};
use connect::mail::address;
use domain::{
    campaign::{LeftOut, Outcome, check_text, consent, fill, language},
    customer::Channel,
    ids::{CampaignId, CustomerId, MailId, StaffId},
    search::fold,
    time::Moment,
};
use journal::{
    Body,
    body::{CampaignGroupV1, CampaignLetterV1, CampaignSentV1, CampaignTextV1},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use store::{
    Reader, Write,
    campaigns::CampaignRow,
    customers::{CustomerOrder, CustomerQuery, CustomerRow},
    mail::{MailRow, MailState, NewMail},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Mail servers take a night for so many; more belong to a service made for it.
const MOST_PEOPLE: usize = 5_000;
/// How many names a preview shows of each kind.
const SHOWN: usize = 20;
const LONGEST_TEXT: usize = 10_000;
const DAY_MS: i64 = 24 * 3_600_000;
const MOST_DAYS: u32 = 3_650;

/// By what customers are chosen. What is left out asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CampaignGroup {
    /// retail, wholesale or a word of the shop's own
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// regular, vip, watch or blocked
    pub segment: Option<String>,
    pub level: Option<String>,
    pub language: Option<String>,
    /// The beginning of a town of theirs.
    pub town: Option<String>,
    /// Bought something within so many days.
    pub bought_days: Option<u32>,
    /// Bought nothing for so many days.
    pub absent_days: Option<u32>,
    /// Spent at least this much, after refunds.
    pub spent_from_minor: Option<i64>,
    /// … within so many days; ever when left out.
    pub spent_days: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignText {
    pub language: String,
    /// {name} and {shop} are filled in for each reader.
    pub title: String,
    pub text: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignPreviewForm {
    #[serde(default)]
    pub group: CampaignGroup,
    /// As far as they are written.
    #[serde(default)]
    pub texts: Vec<CampaignText>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendCampaign {
    pub id: Uuid,
    /// What the shop calls it; readers never see it.
    pub name: String,
    #[serde(default)]
    pub group: CampaignGroup,
    pub texts: Vec<CampaignText>,
    /// How many letters were promised by the preview; another number is refused.
    pub letters: u32,
}

/// A customer, as far as a preview names them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignReader {
    pub id: Uuid,
    pub name: Option<String>,
    /// The language of their letter; null before any text is written.
    pub language: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignLeftOut {
    /// declined, not_asked, no_address, bad_address or same_address
    pub why: String,
    pub count: u32,
    /// The first of them.
    pub people: Vec<CampaignReader>,
}

/// How many letters are written in a language, and the first of them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignSample {
    pub language: String,
    pub count: u32,
    pub to_name: String,
    pub title: String,
    pub text: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignPreview {
    /// How many customers the group has.
    pub matched: u32,
    /// How many of them get a letter.
    pub letters: u32,
    pub people: Vec<CampaignReader>,
    pub left_out: Vec<CampaignLeftOut>,
    pub samples: Vec<CampaignSample>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignCount {
    /// Of the letters: waiting, elsewhere, sent, failed, discarded or withdrawn. Of the others: why they got none.
    pub what: String,
    pub count: u32,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignView {
    pub id: Uuid,
    pub name: String,
    /// email
    pub channel: String,
    pub at: String,
    pub staff: Option<Named>,
    pub group: CampaignGroup,
    pub texts: Vec<CampaignText>,
    pub letters: u32,
    /// What became of them so far.
    pub states: Vec<CampaignCount>,
    pub left_out: Vec<CampaignCount>,
}

/// One letter of a campaign.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignLetterView {
    pub customer: Uuid,
    /// Null for somebody who was erased since.
    pub name: Option<String>,
    /// waiting, elsewhere, sent, failed, discarded or withdrawn
    pub state: String,
    /// One word, such as refused.
    pub why: Option<String>,
    pub at: Option<String>,
    /// The letter in the outbox, while this device has it.
    pub mail: Option<Uuid>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CampaignFilter {
    pub limit: Option<usize>,
    pub after: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CampaignLetterFilter {
    pub state: Option<String>,
    pub limit: Option<usize>,
    pub after: Option<String>,
}

/// What stands under every letter of a campaign, and what somebody without a name is called.
struct Words {
    stop: &'static str,
    reader: &'static str,
}

fn words(language: &str) -> Words {
    match language {
        "hi" => Words {
            stop: "यह पत्र आपको इसलिए मिला है क्योंकि आपने {shop} के समाचार पाने के लिए हाँ कहा था। बंद करने के लिए इस पत्र के उत्तर में STOP लिख दें।",
            reader: "ग्राहक",
        },
        "ar" => Words {
            stop: "وصلتكم هذه الرسالة لأنكم وافقتم على تلقي أخبار {shop}. لإيقافها أجيبوا على هذه الرسالة بكلمة STOP.",
            reader: "عميلنا العزيز",
        },
        _ => Words {
            stop: "You get this letter because you agreed to hear news from {shop}. To stop them, answer it with the word STOP.",
            reader: "customer",
        },
    }
}

/// Somebody who gets a letter.
struct Going<'a> {
    row: &'a CustomerRow,
    to: String,
    text: Option<&'a CampaignText>,
}

/// The group as it stands now: who gets a letter, and who does not.
struct Chosen<'a> {
    going: Vec<Going<'a>>,
    left_out: Vec<(LeftOut, &'a CustomerRow)>,
}

fn choose<'a>(rows: &'a [CustomerRow], texts: &'a [CampaignText], shop: &str) -> Chosen<'a> {
    let written: Vec<&str> = texts.iter().map(|one| one.language.as_str()).collect();
    let mut seen = BTreeSet::new();
    let mut chosen = Chosen {
        going: Vec::new(),
        left_out: Vec::new(),
    };
    for row in rows {
        match address_of(row, &mut seen) {
            Ok(to) => {
                let language = language(row.language.as_deref(), shop, &written);
                chosen.going.push(Going {
                    row,
                    to,
                    text: language.and_then(|word| texts.iter().find(|one| one.language == word)),
                });
            }
            Err(why) => chosen.left_out.push((why, row)),
        }
    }
    chosen
}

/// Where a letter to this customer goes, or why none does.
fn address_of(row: &CustomerRow, seen: &mut BTreeSet<String>) -> std::result::Result<String, LeftOut> {
    agreed(row)?;
    let typed = row.email.as_deref().ok_or(LeftOut::NoAddress)?;
    let to = address(typed).map_err(|_| LeftOut::BadAddress)?;
    match seen.insert(to.to_lowercase()) {
        true => Ok(to),
        false => Err(LeftOut::SameAddress),
    }
}

fn agreed(row: &CustomerRow) -> std::result::Result<(), LeftOut> {
    let asked = row.details.consents.get(Channel::Email.as_str());
    consent(asked.map(|one| one.given))
}

/// A campaign has one letter for each customer, however often it is asked for.
fn letter_id(campaign: CampaignId, customer: CustomerId) -> MailId {
    let mut hasher = blake3::Hasher::new_derive_key("Chandi campaign letter v1");
    hasher.update(&campaign.bytes()).update(&customer.bytes());
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    MailId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

fn days(field: &str, days: Option<u32>) -> Result<Option<u32>> {
    match days {
        Some(days) if days == 0 || days > MOST_DAYS => {
            Err(AppError::field(field, format!("between 1 and {MOST_DAYS} days")))
        }
        days => Ok(days),
    }
}

impl CampaignGroup {
    /// Cleaned: what is empty asks for nothing.
    fn checked(&self) -> Result<CampaignGroup> {
        let word = |field: &str, word: &Option<String>, most| optional_text(field, word.as_deref(), most);
        if let Some(language) = self.language.as_deref().filter(|one| !one.is_empty())
            && !LANGUAGES.contains(&language)
        {
            return Err(AppError::field("language", "not one of the languages"));
        }
        if self.spent_from_minor.is_some_and(|minor| minor < 0) {
            return Err(AppError::field("spent_from_minor", "0 or more"));
        }
        Ok(CampaignGroup {
            kind: word("type", &self.kind, 40)?,
            segment: word("segment", &self.segment, 40)?,
            level: word("level", &self.level, 40)?,
            language: word("language", &self.language, 8)?,
            town: word("town", &self.town, 80)?,
            bought_days: days("bought_days", self.bought_days)?,
            absent_days: days("absent_days", self.absent_days)?,
            spent_from_minor: self.spent_from_minor.filter(|minor| *minor > 0),
            spent_days: days("spent_days", self.spent_days)?,
        })
    }

    fn fact(&self) -> CampaignGroupV1 {
        CampaignGroupV1 {
            kind: self.kind.clone(),
            segment: self.segment.clone(),
            level: self.level.clone(),
            language: self.language.clone(),
            town: self.town.clone(),
            bought_days: self.bought_days,
            absent_days: self.absent_days,
            spent_from_minor: self.spent_from_minor,
            spent_days: self.spent_days,
        }
    }

    fn of(fact: &CampaignGroupV1) -> CampaignGroup {
        CampaignGroup {
            kind: fact.kind.clone(),
            segment: fact.segment.clone(),
            level: fact.level.clone(),
            language: fact.language.clone(),
            town: fact.town.clone(),
            bought_days: fact.bought_days,
            absent_days: fact.absent_days,
            spent_from_minor: fact.spent_from_minor,
            spent_days: fact.spent_days,
        }
    }

    fn has(&self, row: &CustomerRow, now_ms: i64) -> bool {
        let ago = |days: u32| now_ms - i64::from(days) * DAY_MS;
        let town = self.town.as_deref().map(fold);
        self.level
            .as_deref()
            .is_none_or(|level| row.level.as_deref() == Some(level))
            && self
                .language
                .as_deref()
                .is_none_or(|language| row.language.as_deref() == Some(language))
            && town.is_none_or(|town| {
                let mut cities = row.details.addresses.iter().map(|one| fold(&one.city));
                cities.any(|city| city.starts_with(&town))
            })
            && self
                .bought_days
                .is_none_or(|days| row.last_order_ms.is_some_and(|ms| ms >= ago(days)))
            && self
                .absent_days
                .is_none_or(|days| row.last_order_ms.is_none_or(|ms| ms < ago(days)))
    }

    /// The customers of this group, by name. Guests of whom only a phone is known are nobody's readers.
    fn people(&self, reader: &Reader<'_>, now: Moment) -> Result<Vec<CustomerRow>> {
        const AT_ONCE: usize = 500;
        let mut people = Vec::new();
        let mut after = None;
        loop {
            let page = reader.customers(&CustomerQuery {
                order: CustomerOrder::Name,
                kind: self.kind.as_deref(),
                segment: self.segment.as_deref(),
                guests: Some(false),
                limit: AT_ONCE,
                after,
                ..CustomerQuery::default()
            })?;
            after = page.last().filter(|_| page.len() == AT_ONCE).map(|row| row.id);
            for row in page.into_iter().filter(|row| self.has(row, now.0)) {
                if let Some(least) = self.spent_from_minor {
                    let since = self.spent_days.map_or(0, |days| now.0 - i64::from(days) * DAY_MS);
                    if reader.spent_since(row.id, since)? < least {
                        continue;
                    }
                }
                people.push(row);
            }
            if after.is_none() {
                return Ok(people);
            }
        }
    }
}

/// The texts, checked; those that nobody wrote yet fall away.
fn checked_texts(texts: &[CampaignText]) -> Result<Vec<CampaignText>> {
    let mut checked: Vec<CampaignText> = Vec::new();
    for one in texts {
        if !LANGUAGES.contains(&one.language.as_str()) {
            return Err(AppError::field("texts", "not one of the languages"));
        }
        if checked.iter().any(|other| other.language == one.language) {
            return Err(AppError::field("texts", "this language is there twice"));
        }
        let body = one.text.trim();
        if one.title.trim().is_empty() && body.is_empty() {
            continue;
        }
        if body.is_empty() {
            return Err(AppError::field("text", "a letter says something"));
        }
        if body.chars().count() > LONGEST_TEXT {
            return Err(AppError::field(
                "text",
                format!("at most {LONGEST_TEXT} characters"),
            ));
        }
        let title = text("title", &one.title, 200)?;
        check_text(&title).map_err(|e| AppError::field("title", e))?;
        check_text(body).map_err(|e| AppError::field("text", e))?;
        checked.push(CampaignText {
            language: one.language.clone(),
            title,
            text: body.to_owned(),
        });
    }
    Ok(checked)
}

/// One letter as its reader gets it: title and text, with the way to end them.
fn written(text: &CampaignText, name: Option<&str>, shop: &str) -> Result<(String, String)> {
    let words = words(&text.language);
    let name = name.unwrap_or(words.reader);
    let filled = |field: &str, words: &str| fill(words, name, shop).map_err(|e| AppError::field(field, e));
    let title = filled("title", &text.title)?;
    let body = format!(
        "{}\n\n--\n{}\n",
        filled("text", &text.text)?,
        filled("text", words.stop)?
    );
    Ok((title, body))
}

fn counts(counts: BTreeMap<String, u32>) -> Vec<CampaignCount> {
    counts
        .into_iter()
        .map(|(what, count)| CampaignCount { what, count })
        .collect()
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Writes down what became of a campaign's letter. Letters of other kinds are none of its business.
pub(crate) fn settled(tx: &mut Write<'_>, row: &MailRow, outcome: Outcome, why: &str) -> Result<()> {
    let (Some(campaign), Some(customer)) = (row.campaign, row.subject) else {
        return Ok(());
    };
    let letter = CampaignLetterV1 {
        campaign: campaign.bytes(),
        customer,
        outcome: outcome.as_str().to_owned(),
        why: why.to_owned(),
        at_ms: tx.now().0,
    };
    Ok(tx.record(row.staff, &Body::CampaignLetter(letter))?)
}

/// Whether news may still go to the customer of this letter. Other letters always may.
pub(crate) fn may_go(reader: &Reader<'_>, row: &MailRow) -> Result<bool> {
    let (Some(_), Some(customer)) = (row.campaign, row.subject) else {
        return Ok(true);
    };
    let root = reader.customer_root(CustomerId::from_bytes(customer))?;
    let standing = reader.customer(root)?.filter(|row| row.erased_ms.is_none());
    Ok(standing.is_some_and(|row| agreed(&row).is_ok()))
}

/// Takes one letter of news out of the outbox because its reader wants none.
pub(crate) fn withdraw(tx: &mut Write<'_>, row: &MailRow) -> Result<()> {
    tx.settle_mail(row.id, MailState::Discarded, row.next_ms, Some("withdrawn"), None)?;
    settled(tx, row, Outcome::Withdrawn, "")
}

/// Whoever says no to news gets none that still wait here.
pub(crate) fn withdraw_waiting(tx: &mut Write<'_>, customer: CustomerId) -> Result<()> {
    for row in tx.reader().waiting_news(customer)? {
        if !may_go(&tx.reader(), &row)? {
            withdraw(tx, &row)?;
        }
    }
    Ok(())
}

impl Shop {
    /// Who would get a letter and who would not, and the first letter of each language.
    pub fn preview_campaign(&self, form: &CampaignPreviewForm) -> Result<CampaignPreview> {
        let group = form.group.checked()?;
        let texts = checked_texts(&form.texts)?;
        let settings = self.settings();
        let shop = settings.text("shop.name");
        let now = self.edges.now();
        let rows = self.store.read(|r| group.people(r, now))?;
        let chosen = choose(&rows, &texts, settings.text("shop.language"));
        let person = |row: &CustomerRow, language: Option<&str>| CampaignReader {
            id: row.id.uuid(),
            name: row.name.clone(),
            language: language.map(str::to_owned),
        };
        let left_out = LeftOut::ALL
            .into_iter()
            .map(|why| {
                let those = || chosen.left_out.iter().filter(move |(other, _)| *other == why);
                CampaignLeftOut {
                    why: why.as_str().to_owned(),
                    count: count(those().count()),
                    people: those().take(SHOWN).map(|(_, row)| person(row, None)).collect(),
                }
            })
            .filter(|one| one.count > 0)
            .collect();
        let mut samples = Vec::new();
        for text in &texts {
            let those = || {
                let same = |one: &&Going<'_>| one.text.is_some_and(|own| own.language == text.language);
                chosen.going.iter().filter(same)
            };
            let first = those().next().and_then(|one| one.row.name.as_deref());
            let (title, body) = written(text, first, shop)?;
            samples.push(CampaignSample {
                language: text.language.clone(),
                count: count(those().count()),
                to_name: first.unwrap_or(words(&text.language).reader).to_owned(),
                title,
                text: body,
            });
        }
        Ok(CampaignPreview {
            matched: count(rows.len()),
            letters: count(chosen.going.len()),
            people: chosen
                .going
                .iter()
                .take(SHOWN)
                .map(|one| person(one.row, one.text.map(|text| text.language.as_str())))
                .collect(),
            left_out,
            samples,
        })
    }

    /// Puts one letter for each reader into the outbox, all of them or none.
    pub fn send_campaign(&self, actor: &Actor, form: &SendCampaign) -> Result<CampaignView> {
        let id = CampaignId::from_uuid(form.id);
        let content = content_of("campaign", form)?;
        let name = text("name", &form.name, 80)?;
        let group = form.group.checked()?;
        let texts = checked_texts(&form.texts)?;
        if texts.is_empty() {
            return Err(AppError::field("text", "a letter says something"));
        }
        let settings = self.settings();
        let shop = settings.text("shop.name");
        let now = self.edges.now();
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            if self.mail_server_set().is_none() {
                return Err(Code::NoMailServer.into());
            }
            let rows = group.people(&tx.reader(), now)?;
            let chosen = choose(&rows, &texts, settings.text("shop.language"));
            let letters = chosen.going.len();
            if letters == 0 {
                return Err(Code::CampaignEmpty.into());
            }
            if letters > MOST_PEOPLE {
                return Err(AppError::new(Code::CampaignTooLarge).hint("most", MOST_PEOPLE));
            }
            if count(letters) != form.letters {
                return Err(AppError::new(Code::CampaignDiffers).hint("letters", letters));
            }
            let mut left_out: BTreeMap<LeftOut, u32> = BTreeMap::new();
            for (why, _) in &chosen.left_out {
                *left_out.entry(*why).or_default() += 1;
            }
            let sent = CampaignSentV1 {
                campaign: id.bytes(),
                name: name.clone(),
                channel: Channel::Email.as_str().to_owned(),
                group: group.fact(),
                texts: texts
                    .iter()
                    .map(|one| CampaignTextV1 {
                        language: one.language.clone(),
                        title: one.title.clone(),
                        text: one.text.clone(),
                    })
                    .collect(),
                at_ms: now.0,
                people: chosen.going.iter().map(|one| one.row.id.bytes()).collect(),
                left_out: left_out
                    .into_iter()
                    .map(|(why, count)| (why.as_str().to_owned(), count))
                    .collect(),
                content,
            };
            tx.record(Some(actor.staff), &Body::CampaignSent(Box::new(sent)))?;
            for one in &chosen.going {
                let Some(text) = one.text else { continue };
                let (title, body) = written(text, one.row.name.as_deref(), shop)?;
                tx.queue_mail(&NewMail {
                    id: letter_id(id, one.row.id),
                    kind: "campaign",
                    subject: Some(one.row.id.bytes()),
                    revision: 0,
                    document: None,
                    to_name: one.row.name.clone().unwrap_or_default(),
                    to_address: one.to.clone(),
                    title,
                    body,
                    file: None,
                    staff: Some(actor.staff),
                    campaign: Some(id),
                })?;
            }
            Ok(())
        })?;
        self.ring_mail();
        self.live.tell("campaign", Some(id.to_string()));
        self.campaign(form.id)
    }

    /// The newest first.
    pub fn campaigns(&self, filter: &CampaignFilter) -> Result<Page<CampaignView>> {
        let limit = filter.limit.unwrap_or(50).clamp(1, 200);
        let wrong = || AppError::field("after", "this is not a cursor of this list");
        let before = filter
            .after
            .as_deref()
            .map(|cursor| {
                let (ms, id) = cursor.split_once('.').ok_or_else(wrong)?;
                let id: CampaignId = id.parse().map_err(|_| wrong())?;
                Ok::<_, AppError>((ms.parse().map_err(|_| wrong())?, id))
            })
            .transpose()?;
        self.store.read(|r| {
            let mut rows = r.campaigns(before, limit + 1)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|row| {
                let id = CampaignId::from_bytes(row.sent.campaign);
                format!("{}.{id}", row.sent.at_ms)
            });
            let names = names_of(r)?;
            let items = rows
                .iter()
                .map(|row| view(r, row, &names))
                .collect::<Result<_>>()?;
            Ok(Page { items, next })
        })
    }

    pub fn campaign(&self, id: Uuid) -> Result<CampaignView> {
        self.store.read(|r| {
            let row = r
                .campaign(CampaignId::from_uuid(id))?
                .ok_or(AppError::new(Code::NotFound))?;
            view(r, &row, &names_of(r)?)
        })
    }

    /// What became of each letter.
    pub fn campaign_letters(
        &self,
        id: Uuid,
        filter: &CampaignLetterFilter,
    ) -> Result<Page<CampaignLetterView>> {
        let limit = filter.limit.unwrap_or(50).clamp(1, 200);
        let after = filter
            .after
            .as_deref()
            .map(|id| {
                id.parse()
                    .map_err(|_| AppError::field("after", "this is not a cursor of this list"))
            })
            .transpose()?;
        let state = filter.state.as_deref().filter(|state| !state.is_empty());
        let id = CampaignId::from_uuid(id);
        self.store.read(|r| {
            if r.campaign(id)?.is_none() {
                return Err(Code::NotFound.into());
            }
            let mut rows = r.campaign_people(id, state, after, limit + 1)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|row| row.customer.to_string());
            let items = rows
                .into_iter()
                .map(|row| {
                    let root = r.customer_root(row.customer)?;
                    Ok(CampaignLetterView {
                        customer: root.uuid(),
                        name: r.customer(root)?.and_then(|one| one.name),
                        state: row.state,
                        why: Some(row.why).filter(|why| !why.is_empty()),
                        at: row.at_ms.map(|ms| rfc3339(Moment(ms))),
                        mail: row.mail.map(MailId::uuid),
                    })
                })
                .collect::<Result<_>>()?;
            Ok(Page { items, next })
        })
    }

    /// Somebody wrote that they want no more news: from now on they get none, of any kind.
    pub fn end_news(&self, actor: &Actor, customer: CustomerId, request: &WriteId) -> Result<()> {
        let content = content_of(&format!("end news {customer}"), request)?;
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            self.refuse_news(tx, actor, customer)
        })?;
        self.live.tell("customer", Some(customer.to_string()));
        self.live.tell("campaign", None);
        Ok(())
    }
}

fn names_of(reader: &Reader<'_>) -> Result<BTreeMap<StaffId, String>> {
    let staff = reader.staff(true)?;
    Ok(staff.into_iter().map(|one| (one.id, one.name)).collect())
}

fn view(reader: &Reader<'_>, row: &CampaignRow, names: &BTreeMap<StaffId, String>) -> Result<CampaignView> {
    let sent = &row.sent;
    Ok(CampaignView {
        id: Uuid::from_bytes(sent.campaign),
        name: sent.name.clone(),
        channel: sent.channel.clone(),
        at: rfc3339(Moment(sent.at_ms)),
        staff: row.staff.map(|id| Named {
            id: id.uuid(),
            name: names.get(&id).cloned().unwrap_or_default(),
        }),
        group: CampaignGroup::of(&sent.group),
        texts: sent
            .texts
            .iter()
            .map(|one| CampaignText {
                language: one.language.clone(),
                title: one.title.clone(),
                text: one.text.clone(),
            })
            .collect(),
        letters: count(sent.people.len()),
        states: counts(reader.campaign_counts(CampaignId::from_bytes(sent.campaign))?),
        left_out: sent
            .left_out
            .iter()
            .map(|(why, count)| CampaignCount {
                what: why.clone(),
                count: *count,
            })
            .collect(),
    })
}
