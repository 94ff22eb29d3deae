//! Customers: adding, finding, changing, merging, and forgetting them when they ask.
//!
//! What is personal leaves this module only sealed under the customer's own key (`journal::seal`). A phone number on an
//! order makes a customer too, of whom nothing else is known until somebody gives them a name.

use crate::{
    Actor, AppError, Code, Page, Result, Shop, accounts, campaigns,
    cart::WriteId,
    days,
    edges::Edges,
    order_view::OrderView,
    settings::{LANGUAGES, Settings},
    setup::tax_number,
    wire::{content_of, optional_text, rfc3339, text},
};
use domain::{
    customer::{
        Channel, Segment, TYPES, TaxIdentity, check_identities, clean_type, identity_on, looks_like_email,
    },
    ids::{CustomerId, OrderId, StaffId},
    people::Permission,
    phone::Phone,
    time::Moment,
};
use journal::{
    Body,
    body::{CustomerErasedV1, CustomersMergedV1},
    fields::customer as field,
    register::{Field, PatchV1, Value},
    seal,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{
    Reader, Write,
    customers::{Address, Consent, CustomerOrder, CustomerQuery, CustomerRow, TaxIdentityKept},
};
use utoipa::ToSchema;
use uuid::Uuid;

const MOST_PHONES: usize = 10;
const MOST_ADDRESSES: usize = 20;
const MOST_TAX_IDENTITIES: usize = 20;
/// Credit stays below a million million of the smallest unit.
const MOST_LIMIT: i64 = 1_000_000_000_000;
const MOST_TERMS: u32 = 365;

/// A customer as a sale needs them: who they are now, after all merges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerCard {
    pub id: CustomerId,
    /// Their name, else their phone number.
    pub name: String,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub kind: String,
    pub level: Option<String>,
    pub region: Option<String>,
    /// The first address, a line each.
    pub address: String,
    pub tax_identities: Vec<TaxIdentity>,
    pub language: Option<String>,
    /// How much they may owe; nothing on account when it is 0.
    pub limit_minor: i64,
    pub balance_minor: i64,
    /// Gets nothing on account, whatever the limit says.
    pub blocked: bool,
    pub archived: bool,
    /// Under which the name on their documents is sealed.
    pub key: [u8; 32],
}

impl CustomerCard {
    /// The tax number that is good on this day (year * 10000 + month * 100 + day).
    pub fn tax_number_on(&self, day: u32) -> Option<&str> {
        identity_on(&self.tax_identities, day).map(|one| one.number.as_str())
    }

    /// Whether that number is of a special economic zone.
    pub fn in_zone_on(&self, day: u32) -> bool {
        identity_on(&self.tax_identities, day).is_some_and(|one| one.zone)
    }
}

/// The card of a customer, or of whoever they were merged into. Who was erased has none.
pub fn card_of(reader: &Reader<'_>, id: CustomerId) -> Result<CustomerCard> {
    let gone = || AppError::new(Code::CustomerGone).hint("customer", id.to_string());
    let root = reader.customer_root(id)?;
    let row = reader
        .customer(root)?
        .filter(|row| row.erased_ms.is_none())
        .ok_or_else(gone)?;
    let key = reader.customer_key(root)?.ok_or_else(gone)?;
    Ok(CustomerCard {
        id: root,
        name: row.name.clone().or_else(|| row.phone.clone()).unwrap_or_default(),
        phone: row.phone,
        email: row.email,
        kind: row.kind,
        level: row.level,
        region: row.region,
        address: row.details.addresses.first().map(lines_of).unwrap_or_default(),
        tax_identities: row.details.tax_identities.iter().map(identity).collect(),
        language: row.language,
        limit_minor: row.limit_minor,
        balance_minor: row.balance_minor,
        blocked: row.segment == Segment::Blocked.as_str(),
        archived: row.archived_ms.is_some(),
        key,
    })
}

fn lines_of(address: &Address) -> String {
    let city = [address.postal_code.as_str(), address.city.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    [
        address.street.clone(),
        city,
        address.region.clone(),
        address.country.clone(),
    ]
    .into_iter()
    .filter(|line| !line.is_empty())
    .collect::<Vec<_>>()
    .join("\n")
}

fn identity(kept: &TaxIdentityKept) -> TaxIdentity {
    TaxIdentity {
        number: kept.number.clone(),
        from: kept.from,
        until: kept.until,
        zone: kept.zone,
    }
}

/// A tax number and the days on which it is good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxNumber {
    pub number: String,
    /// A day like 2026-01-01; null: from always.
    pub from: Option<String>,
    /// The last day; null: for ever.
    pub until: Option<String>,
    /// It is of a special economic zone: India taxes what is sold there as sold between States.
    #[serde(default)]
    pub zone: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CustomerAddress {
    /// Delivery, billing, home …
    pub label: String,
    pub street: String,
    pub city: String,
    pub region: String,
    pub postal_code: String,
    /// ISO 3166, or empty for the shop's own.
    pub country: String,
}

/// Whether they agreed to hear news; null: nobody asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConsentForm {
    pub email: Option<bool>,
    pub message: Option<bool>,
    pub call: Option<bool>,
}

impl ConsentForm {
    fn of(&self, channel: Channel) -> Option<bool> {
        match channel {
            Channel::Email => self.email,
            Channel::Message => self.message,
            Channel::Call => self.call,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerForm {
    /// Made by the client; needed when adding.
    pub id: Option<Uuid>,
    pub name: String,
    /// The one to call first.
    #[serde(default)]
    pub phones: Vec<String>,
    pub email: Option<String>,
    /// retail, wholesale or a word of the shop's own
    #[serde(default = "retail", rename = "type")]
    pub kind: String,
    /// regular, vip, watch or blocked
    #[serde(default = "regular")]
    pub segment: String,
    /// The price level they buy at.
    pub level: Option<String>,
    /// State or province; filled from an Indian tax number when left out.
    pub region: Option<String>,
    #[serde(default)]
    pub tax_numbers: Vec<TaxNumber>,
    #[serde(default)]
    pub addresses: Vec<CustomerAddress>,
    pub note: Option<String>,
    #[serde(default)]
    pub consents: ConsentForm,
    /// How much they may owe; 0: nothing on account.
    #[serde(default)]
    pub limit_minor: i64,
    /// Days until a purchase on account is due.
    #[serde(default)]
    pub terms_days: u32,
    pub language: Option<String>,
}

fn retail() -> String {
    TYPES[0].to_owned()
}

fn regular() -> String {
    Segment::Regular.as_str().to_owned()
}

/// A customer in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CustomerBrief {
    pub id: Uuid,
    /// Null for a guest of whom only a phone is known.
    pub name: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    #[serde(rename = "type")]
    pub kind: String,
    pub segment: String,
    pub level: Option<String>,
    pub region: Option<String>,
    pub tax_number: Option<String>,
    /// Above zero: owes.
    pub balance_minor: i64,
    pub limit_minor: i64,
    pub last_order_at: Option<String>,
    pub archived_at: Option<String>,
    pub erased_at: Option<String>,
}

impl From<&CustomerRow> for CustomerBrief {
    fn from(row: &CustomerRow) -> CustomerBrief {
        CustomerBrief {
            id: row.id.uuid(),
            name: row.name.clone(),
            phone: row.phone.clone(),
            email: row.email.clone(),
            kind: row.kind.clone(),
            segment: row.segment.clone(),
            level: row.level.clone(),
            region: row.region.clone(),
            tax_number: row.tax_number.clone(),
            balance_minor: row.balance_minor,
            limit_minor: row.limit_minor,
            last_order_at: row.last_order_ms.map(|ms| rfc3339(Moment(ms))),
            archived_at: row.archived_ms.map(|ms| rfc3339(Moment(ms))),
            erased_at: row.erased_ms.map(|ms| rfc3339(Moment(ms))),
        }
    }
}

/// Whether somebody agreed to hear news, since when, and who noted it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConsentView {
    /// email, message or call
    pub channel: String,
    pub given: bool,
    pub at: String,
    pub by: Option<String>,
}

/// All that is known of a customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CustomerView {
    pub id: Uuid,
    pub name: Option<String>,
    pub phones: Vec<String>,
    pub email: Option<String>,
    #[serde(rename = "type")]
    pub kind: String,
    pub segment: String,
    pub level: Option<String>,
    pub region: Option<String>,
    pub tax_numbers: Vec<TaxNumber>,
    /// The number that is good today.
    pub tax_number: Option<String>,
    pub addresses: Vec<CustomerAddress>,
    pub note: Option<String>,
    pub consents: Vec<ConsentView>,
    pub limit_minor: i64,
    pub terms_days: u32,
    pub language: Option<String>,
    /// Above zero: owes.
    pub balance_minor: i64,
    /// What may still be bought on account.
    pub left_minor: i64,
    pub since: String,
    pub orders: u64,
    pub bought_minor: i64,
    pub refunded_minor: i64,
    /// What an order comes to, on average.
    pub average_minor: i64,
    pub first_order_at: Option<String>,
    pub last_order_at: Option<String>,
    pub archived_at: Option<String>,
    pub erased_at: Option<String>,
    pub erased_by: Option<String>,
    /// Other records that are this customer since they were merged.
    pub merged: Vec<Uuid>,
}

#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CustomerFilter {
    /// The beginning of a name, a phone, a mail address or a tax number; or the end of a phone.
    pub q: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub segment: Option<String>,
    /// Only those whose account is not even.
    pub owing: Option<bool>,
    /// Only guests of whom nothing but a phone is known, or only customers with a name.
    pub guests: Option<bool>,
    pub archived: Option<bool>,
    /// name, newest or owing
    pub sort: Option<String>,
    pub limit: Option<usize>,
    pub after: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryFilter {
    pub limit: Option<usize>,
    pub after: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeCustomers {
    pub id: Uuid,
    /// Whose record ends.
    pub from: Uuid,
    /// Who stays, and gets the other's orders, account and what they lack themselves.
    pub into: Uuid,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseCustomer {
    pub id: Uuid,
    pub reason: String,
}

/// What is sealed of a customer, in the clear.
#[derive(Debug, Clone, Default, PartialEq)]
struct Personal {
    name: Option<String>,
    phones: Vec<String>,
    email: Option<String>,
    addresses: Vec<Address>,
    tax_identities: Vec<TaxIdentityKept>,
    note: Option<String>,
}

impl Personal {
    fn of(row: &CustomerRow) -> Personal {
        Personal {
            name: row.name.clone(),
            phones: row.details.phones.clone(),
            email: row.email.clone(),
            addresses: row.details.addresses.clone(),
            tax_identities: row.details.tax_identities.clone(),
            note: row.details.note.clone(),
        }
    }

    /// Each field as the text that is sealed.
    fn texts(&self) -> Result<Vec<(Field, String)>> {
        Ok(vec![
            (field::NAME, self.name.clone().unwrap_or_default()),
            (field::PHONES, json(&self.phones)?),
            (field::EMAIL, self.email.clone().unwrap_or_default()),
            (field::ADDRESSES, json(&self.addresses)?),
            (field::TAX_IDENTITIES, json(&self.tax_identities)?),
            (field::NOTE, self.note.clone().unwrap_or_default()),
        ])
    }
}

fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| AppError::new(Code::Broken).caused(e))
}

/// A form, checked: what is sealed, and what is not.
struct Checked {
    personal: Personal,
    fields: Vec<(Field, Value)>,
    consents: ConsentForm,
}

fn optional(value: Option<String>) -> Value {
    value.map_or(Value::Null, Value::Text)
}

/// A day as people write it.
pub(crate) fn day_number(name: &str, day: &str) -> Result<u32> {
    day.trim()
        .parse()
        .map(days::number_of)
        .map_err(|_| AppError::field(name, "a day like 2026-11-21 is expected"))
}

/// The State that an Indian tax number names.
fn state_of(number: &str) -> Option<String> {
    let indian = number.len() == 15 && number.as_bytes()[..2].iter().all(u8::is_ascii_digit);
    indian.then(|| number[..2].to_owned())
}

/// A form, checked by the rules of the shop's country.
fn checked_customer(settings: &Settings, form: &CustomerForm) -> Result<Checked> {
    if form.phones.len() > MOST_PHONES {
        return Err(AppError::field(
            "phones",
            format!("at most {MOST_PHONES} numbers"),
        ));
    }
    let mut phones: Vec<String> = Vec::new();
    for typed in form.phones.iter().filter(|typed| !typed.trim().is_empty()) {
        let phone =
            Phone::parse(typed, settings.text("shop.country")).map_err(|e| AppError::field("phones", e))?;
        if !phones.iter().any(|known| known == phone.as_str()) {
            phones.push(phone.as_str().to_owned());
        }
    }
    let email = optional_text("email", form.email.as_deref(), 254)?;
    if email.as_deref().is_some_and(|email| !looks_like_email(email)) {
        return Err(AppError::field("email", "this is no mail address"));
    }
    if form.tax_numbers.len() > MOST_TAX_IDENTITIES {
        return Err(AppError::field("tax_numbers", "so many tax numbers nobody has"));
    }
    let mut tax_identities: Vec<TaxIdentityKept> = Vec::new();
    for one in &form.tax_numbers {
        let number = tax_number(&one.number)?;
        if number.is_empty() {
            continue;
        }
        let day = |day: &Option<String>| {
            day.as_deref()
                .filter(|day| !day.trim().is_empty())
                .map(|day| day_number("tax_numbers", day))
                .transpose()
        };
        tax_identities.push(TaxIdentityKept {
            number,
            from: day(&one.from)?,
            until: day(&one.until)?,
            zone: one.zone,
        });
    }
    tax_identities.sort_by_key(|one| one.from);
    let identities: Vec<TaxIdentity> = tax_identities.iter().map(identity).collect();
    check_identities(&identities).map_err(|e| AppError::field("tax_numbers", e))?;
    if form.addresses.len() > MOST_ADDRESSES {
        return Err(AppError::field(
            "addresses",
            format!("at most {MOST_ADDRESSES} addresses"),
        ));
    }
    let addresses = form
        .addresses
        .iter()
        .map(checked_address)
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .filter(|address| *address != Address::default())
        .collect();
    let segment: Segment = form.segment.parse().map_err(|e| AppError::field("segment", e))?;
    if !(0..=MOST_LIMIT).contains(&form.limit_minor) {
        return Err(AppError::field(
            "limit_minor",
            "a limit is 0 or more, and not that large",
        ));
    }
    if form.terms_days > MOST_TERMS {
        return Err(AppError::field(
            "terms_days",
            format!("at most {MOST_TERMS} days"),
        ));
    }
    if form
        .language
        .as_deref()
        .is_some_and(|language| !LANGUAGES.contains(&language))
    {
        return Err(AppError::field("language", "not one of the languages"));
    }
    let region = optional_text("region", form.region.as_deref(), 40)?
        .or_else(|| tax_identities.last().and_then(|one| state_of(&one.number)));
    Ok(Checked {
        fields: vec![
            (
                field::TYPE,
                Value::Text(clean_type(&form.kind).map_err(|e| AppError::field("type", e))?),
            ),
            (field::SEGMENT, Value::Text(segment.as_str().to_owned())),
            (
                field::LEVEL,
                optional(optional_text("level", form.level.as_deref(), 40)?),
            ),
            (field::REGION, optional(region)),
            (field::LIMIT_MINOR, Value::Int(form.limit_minor)),
            (field::TERMS_DAYS, Value::Int(i64::from(form.terms_days))),
            (field::LANGUAGE, optional(form.language.clone())),
        ],
        personal: Personal {
            name: Some(text("name", &form.name, 120)?),
            phones,
            email,
            addresses,
            tax_identities,
            note: optional_text("note", form.note.as_deref(), 1000)?,
        },
        consents: form.consents.clone(),
    })
}

/// The personal fields that differ from what stands, sealed.
fn sealed(
    edges: &Edges,
    customer: CustomerId,
    key: &[u8; 32],
    old: Option<&Personal>,
    new: &Personal,
) -> Result<Vec<(Field, Value)>> {
    let old = old.map(Personal::texts).transpose()?.unwrap_or_default();
    let mut fields = Vec::new();
    for (field, plain) in new.texts()? {
        if old.iter().any(|(known, text)| *known == field && *text == plain) {
            continue;
        }
        let about = seal::of_field(&customer.bytes(), field);
        let sealed =
            seal::close(key, &about, edges.random(), plain.as_bytes()).ok_or(AppError::new(Code::Broken))?;
        fields.push((field, Value::Bytes(sealed)));
    }
    Ok(fields)
}

/// Consents that differ from what stands, with the time and the person.
fn consented(
    at: Moment,
    staff: StaffId,
    old: Option<&CustomerRow>,
    new: &ConsentForm,
) -> Vec<(Field, Value)> {
    let fields = [
        (Channel::Email, field::CONSENT_EMAIL),
        (Channel::Message, field::CONSENT_MESSAGE),
        (Channel::Call, field::CONSENT_CALL),
    ];
    fields
        .into_iter()
        .filter_map(|(channel, field)| {
            let given = new.of(channel)?;
            let before = old.and_then(|row| row.details.consents.get(channel.as_str()));
            if before.is_some_and(|consent| consent.given == given) {
                return None;
            }
            let consent = Consent {
                given,
                at_ms: at.0,
                staff: staff.to_string(),
            };
            Some((field, Value::List(consent.kept())))
        })
        .collect()
}

/// Writes down a new customer, whose key is made here. Guests with their numbers become them.
pub(crate) fn record_customer(
    tx: &mut Write<'_>,
    settings: &Settings,
    edges: &Edges,
    staff: StaffId,
    id: CustomerId,
    form: &CustomerForm,
) -> Result<()> {
    record_checked(tx, edges, staff, id, checked_customer(settings, form)?)
}

fn record_checked(
    tx: &mut Write<'_>,
    edges: &Edges,
    staff: StaffId,
    id: CustomerId,
    checked: Checked,
) -> Result<()> {
    let guests = guests_with(&tx.reader(), &checked.personal.phones, None)?;
    let key = edges.random();
    tx.keep_customer_key(id, &key)?;
    let mut fields = sealed(edges, id, &key, None, &checked.personal)?;
    fields.extend(checked.fields);
    fields.extend(consented(tx.now(), staff, None, &checked.consents));
    tx.record(
        Some(staff),
        &Body::CustomerSet(PatchV1 {
            record: id.bytes(),
            fields,
        }),
    )?;
    // Who was a voice on the phone until now has a name.
    for guest in guests {
        record_merge(tx, staff, guest, id)?;
    }
    Ok(())
}

impl Shop {
    pub fn customers(&self, filter: &CustomerFilter) -> Result<Page<CustomerBrief>> {
        let limit = filter.limit.unwrap_or(50).clamp(1, 200);
        let kind = filter.kind.as_deref().filter(|kind| !kind.is_empty());
        let segment = filter.segment.as_deref().filter(|segment| !segment.is_empty());
        if let Some(typed) = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
            if typed.chars().count() > 200 {
                return Ok(Page::whole(vec![]));
            }
            let fits = |row: &&CustomerRow| {
                row.erased_ms.is_none()
                    && row.archived_ms.is_some() == filter.archived.unwrap_or(false)
                    && kind.is_none_or(|kind| row.kind == kind)
                    && segment.is_none_or(|segment| row.segment == segment)
                    && filter.guests.is_none_or(|guests| row.name.is_none() == guests)
                    && (filter.owing != Some(true) || row.balance_minor != 0)
            };
            let rows = self.store.read(|r| r.search_customers(typed, 200))?;
            return Ok(Page::whole(
                rows.iter()
                    .filter(fits)
                    .take(limit)
                    .map(CustomerBrief::from)
                    .collect(),
            ));
        }
        let order = match filter.sort.as_deref() {
            None | Some("name") => CustomerOrder::Name,
            Some("newest") => CustomerOrder::Newest,
            Some("owing") => CustomerOrder::Owing,
            Some(_) => return Err(AppError::field("sort", "name, newest or owing")),
        };
        let after = filter
            .after
            .as_deref()
            .map(|id| {
                id.parse()
                    .map_err(|_| AppError::field("after", "this is not a cursor of this list"))
            })
            .transpose()?;
        let query = CustomerQuery {
            order,
            kind,
            segment,
            owing: filter.owing == Some(true),
            archived: filter.archived == Some(true),
            guests: filter.guests,
            limit: limit + 1,
            after,
        };
        let mut rows = self.store.read(|r| r.customers(&query))?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
        Ok(Page {
            items: rows.iter().map(CustomerBrief::from).collect(),
            next,
        })
    }

    /// The types that customers may have: those that every shop knows, and those in use.
    pub fn customer_types(&self) -> Result<Page<String>> {
        let mut types: Vec<String> = TYPES.iter().map(|one| (*one).to_owned()).collect();
        for one in self.store.read(|r| r.customer_types())? {
            if !types.contains(&one) {
                types.push(one);
            }
        }
        Ok(Page::whole(types))
    }

    pub fn customer(&self, id: CustomerId) -> Result<CustomerView> {
        let settings = self.settings();
        let today = self.today_number(&settings);
        self.store.read(|r| {
            let root = r.customer_root(id)?;
            let row = r.customer(root)?.ok_or(AppError::new(Code::NotFound))?;
            let staff: BTreeMap<String, String> = r
                .staff(true)?
                .into_iter()
                .map(|one| (one.id.to_string(), one.name))
                .collect();
            let totals = r.customer_totals(root)?;
            let identities: Vec<TaxIdentity> = row.details.tax_identities.iter().map(identity).collect();
            let left = accounts::left(&row)?;
            Ok(CustomerView {
                id: row.id.uuid(),
                name: row.name,
                phones: row.details.phones,
                email: row.email,
                kind: row.kind,
                segment: row.segment,
                level: row.level,
                region: row.region,
                tax_numbers: row
                    .details
                    .tax_identities
                    .iter()
                    .map(|one| TaxNumber {
                        number: one.number.clone(),
                        from: one.from.map(days::text_of),
                        until: one.until.map(days::text_of),
                        zone: one.zone,
                    })
                    .collect(),
                tax_number: identity_on(&identities, today).map(|one| one.number.clone()),
                addresses: row.details.addresses.iter().map(shown_address).collect(),
                note: row.details.note,
                consents: row
                    .details
                    .consents
                    .into_iter()
                    .map(|(channel, consent)| ConsentView {
                        channel,
                        given: consent.given,
                        at: rfc3339(Moment(consent.at_ms)),
                        by: staff.get(&consent.staff).cloned(),
                    })
                    .collect(),
                limit_minor: row.limit_minor,
                terms_days: row.terms_days,
                language: row.language,
                balance_minor: row.balance_minor,
                left_minor: left.minor(),
                since: rfc3339(Moment(row.since_ms)),
                orders: totals.orders,
                bought_minor: totals.bought_minor,
                refunded_minor: totals.refunded_minor,
                average_minor: i64::try_from(totals.orders)
                    .ok()
                    .and_then(|orders| totals.bought_minor.checked_div(orders))
                    .unwrap_or(0),
                first_order_at: totals.first_ms.map(|ms| rfc3339(Moment(ms))),
                last_order_at: totals.last_ms.map(|ms| rfc3339(Moment(ms))),
                archived_at: row.archived_ms.map(|ms| rfc3339(Moment(ms))),
                erased_at: row.erased_ms.map(|ms| rfc3339(Moment(ms))),
                erased_by: row.erased_by.and_then(|by| staff.get(&by.to_string()).cloned()),
                merged: r
                    .customer_family(root)?
                    .into_iter()
                    .filter(|one| *one != root)
                    .map(CustomerId::uuid)
                    .collect(),
            })
        })
    }

    pub(crate) fn today_number(&self, settings: &Settings) -> u32 {
        days::branch_time(
            self.edges.now(),
            settings.text("branch.zone"),
            settings.day_starts_minutes(),
        )
        .business_day
    }

    pub fn add_customer(&self, actor: &Actor, form: &CustomerForm) -> Result<CustomerView> {
        let id = form
            .id
            .ok_or_else(|| AppError::field("id", "the client makes the id"))?;
        let id = CustomerId::from_uuid(id);
        let checked = checked_customer(&self.settings(), form)?;
        self.must_manage(actor, None, &checked)?;
        let content = content_of("customer", form)?;
        self.write_once(id.bytes(), &content, |tx| {
            if tx.reader().customer(id)?.is_some() {
                return Err(Code::IdReused.into());
            }
            record_checked(tx, &self.edges, actor.staff, id, checked)
        })?;
        self.live.tell("customer", Some(id.to_string()));
        self.customer(id)
    }

    pub fn edit_customer(&self, actor: &Actor, id: CustomerId, form: &CustomerForm) -> Result<CustomerView> {
        let checked = checked_customer(&self.settings(), form)?;
        let changed = self.store.write(self.edges.now(), |tx| {
            let (row, key) = standing(&tx.reader(), id)?;
            self.must_manage(actor, Some(&row), &checked)?;
            let guests = guests_with(&tx.reader(), &checked.personal.phones, Some(row.id))?;
            let mut fields = sealed(
                &self.edges,
                row.id,
                &key,
                Some(&Personal::of(&row)),
                &checked.personal,
            )?;
            let record = tx.reader().customer_record(row.id)?.unwrap_or_default();
            fields.extend(record.difference(checked.fields));
            fields.extend(consented(tx.now(), actor.staff, Some(&row), &checked.consents));
            let changed = !fields.is_empty() || !guests.is_empty();
            if !fields.is_empty() {
                tx.record(
                    Some(actor.staff),
                    &Body::CustomerSet(PatchV1 {
                        record: row.id.bytes(),
                        fields,
                    }),
                )?;
            }
            for guest in guests {
                record_merge(tx, actor.staff, guest, row.id)?;
            }
            if checked.consents.email == Some(false) {
                campaigns::withdraw_waiting(tx, row.id)?;
            }
            Ok::<_, AppError>(changed)
        })?;
        if changed {
            self.live.tell("customer", Some(id.to_string()));
        }
        self.customer(id)
    }

    /// No news from now on, whichever way; what still waits does not go.
    pub(crate) fn refuse_news(&self, tx: &mut Write<'_>, actor: &Actor, id: CustomerId) -> Result<()> {
        let (row, _) = standing(&tx.reader(), id)?;
        let no = ConsentForm {
            email: Some(false),
            message: Some(false),
            call: Some(false),
        };
        let fields = consented(tx.now(), actor.staff, Some(&row), &no);
        if !fields.is_empty() {
            tx.record(
                Some(actor.staff),
                &Body::CustomerSet(PatchV1 {
                    record: row.id.bytes(),
                    fields,
                }),
            )?;
        }
        campaigns::withdraw_waiting(tx, row.id)
    }

    /// Credit, prices and standing are not everybody's to give.
    fn must_manage(&self, actor: &Actor, old: Option<&CustomerRow>, checked: &Checked) -> Result<()> {
        if actor.allows(Permission::CustomerManage) {
            return Ok(());
        }
        let stands = |field: Field| match (field, old) {
            (field::SEGMENT, Some(row)) => Value::Text(row.segment.clone()),
            (field::SEGMENT, None) => Value::Text(regular()),
            (field::TYPE, Some(row)) => Value::Text(row.kind.clone()),
            (field::TYPE, None) => Value::Text(retail()),
            (field::LEVEL, row) => optional(row.and_then(|row| row.level.clone())),
            (field::LIMIT_MINOR, row) => Value::Int(row.map_or(0, |row| row.limit_minor)),
            (field::TERMS_DAYS, row) => Value::Int(row.map_or(0, |row| i64::from(row.terms_days))),
            _ => Value::Null,
        };
        let guarded = [
            field::SEGMENT,
            field::TYPE,
            field::LEVEL,
            field::LIMIT_MINOR,
            field::TERMS_DAYS,
        ];
        for (field, value) in &checked.fields {
            if guarded.contains(field) && *value != stands(*field) {
                return actor.must(Permission::CustomerManage);
            }
        }
        Ok(())
    }

    /// Takes somebody out of the lists. Whoever owes or is owed stays.
    pub fn archive_customer(&self, actor: &Actor, id: CustomerId) -> Result<CustomerView> {
        let now = self.edges.now();
        self.patch_customer(actor, id, field::ARCHIVED_MS, Value::Int(now.0), |row| {
            if row.balance_minor != 0 {
                return Err(AppError::new(Code::CustomerOwes).hint("balance_minor", row.balance_minor));
            }
            Ok(())
        })
    }

    pub fn restore_customer(
        &self,
        actor: &Actor,
        id: CustomerId,
        _request: &WriteId,
    ) -> Result<CustomerView> {
        self.patch_customer(actor, id, field::ARCHIVED_MS, Value::Null, |_| Ok(()))
    }

    fn patch_customer(
        &self,
        actor: &Actor,
        id: CustomerId,
        field: Field,
        value: Value,
        check: impl FnOnce(&CustomerRow) -> Result<()>,
    ) -> Result<CustomerView> {
        self.store.write(self.edges.now(), |tx| {
            let (row, _) = standing(&tx.reader(), id)?;
            check(&row)?;
            let record = tx.reader().customer_record(row.id)?.unwrap_or_default();
            let fields = record.difference(vec![(field, value)]);
            if fields.is_empty() {
                return Ok::<_, AppError>(());
            }
            Ok(tx.record(
                Some(actor.staff),
                &Body::CustomerSet(PatchV1 {
                    record: row.id.bytes(),
                    fields,
                }),
            )?)
        })?;
        self.live.tell("customer", Some(id.to_string()));
        self.customer(id)
    }

    /// Makes two records one customer. What the survivor lacks comes from the other.
    pub fn merge_customers(&self, actor: &Actor, request: &MergeCustomers) -> Result<CustomerView> {
        let content = content_of("merge customers", request)?;
        let (from, into) = (
            CustomerId::from_uuid(request.from),
            CustomerId::from_uuid(request.into),
        );
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let (from, _) = standing(&tx.reader(), from)?;
            let (into, key) = standing(&tx.reader(), into)?;
            if from.id == into.id {
                return Err(Code::CustomersAreOne.into());
            }
            let (old, lacking) = (Personal::of(&into), Personal::of(&from));
            let mut fields = sealed(&self.edges, into.id, &key, Some(&old), &together(&old, lacking))?;
            fields.extend(
                tx.reader()
                    .customer_record(into.id)?
                    .unwrap_or_default()
                    .difference(inherited(&into, &from)),
            );
            record_merge(tx, actor.staff, from.id, into.id)?;
            if !fields.is_empty() {
                tx.record(
                    Some(actor.staff),
                    &Body::CustomerSet(PatchV1 {
                        record: into.id.bytes(),
                        fields,
                    }),
                )?;
            }
            Ok(())
        })?;
        self.live.tell("customer", None);
        self.customer(into)
    }

    /// Forgets a person: their keys go, and with them everything that was sealed. Orders, documents and money stay.
    pub fn erase_customer(
        &self,
        actor: &Actor,
        id: CustomerId,
        request: &EraseCustomer,
    ) -> Result<CustomerView> {
        let content = content_of(&format!("erase {id}"), request)?;
        let reason = text("reason", &request.reason, 200)?;
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let (row, _) = standing(&tx.reader(), id)?;
            if row.balance_minor != 0 {
                return Err(AppError::new(Code::CustomerOwes).hint("balance_minor", row.balance_minor));
            }
            let credit: i64 = tx
                .reader()
                .credit_of(row.id)?
                .iter()
                .filter(|card| card.expires_ms.is_none_or(|ends| ends > tx.now().0))
                .map(|card| card.balance_minor)
                .sum();
            if credit > 0 {
                return Err(AppError::new(Code::CustomerHasCredit).hint("credit_minor", credit));
            }
            tx.forget_papers(row.id)?;
            for one in tx.reader().customer_family(row.id)? {
                let body = CustomerErasedV1 {
                    customer: one.bytes(),
                    erased_ms: tx.now().0,
                    reason: reason.clone(),
                };
                tx.record(Some(actor.staff), &Body::CustomerErased(body))?;
            }
            Ok(())
        })?;
        // What was deleted must not be readable in the files either.
        self.store.overwrite_deleted()?;
        self.live.tell("customer", Some(id.to_string()));
        self.customer(id)
    }

    /// What somebody bought, the newest first.
    pub fn customer_orders(
        &self,
        actor: &Actor,
        id: CustomerId,
        filter: &HistoryFilter,
    ) -> Result<Page<OrderView>> {
        let limit = filter.limit.unwrap_or(20).clamp(1, 100);
        let before: Option<OrderId> = filter
            .after
            .as_deref()
            .map(|id| {
                id.parse()
                    .map_err(|_| AppError::field("after", "this is not a cursor of this list"))
            })
            .transpose()?;
        self.store.read(|r| {
            let root = r.customer_root(id)?;
            if r.customer(root)?.is_none() {
                return Err(Code::NotFound.into());
            }
            let mut orders = r.orders_of_customer(root, before, limit + 1)?;
            let more = orders.len() > limit;
            orders.truncate(limit);
            let next = orders.last().filter(|_| more).map(OrderId::to_string);
            let items = orders
                .into_iter()
                .map(|order| Ok(self.view_order(r, order, None)?.for_eyes_of(actor)))
                .collect::<Result<Vec<_>>>()?;
            Ok(Page { items, next })
        })
    }

    /// Somebody new of whom a name on a document is all that is known, and their key.
    pub(crate) fn customer_by_name(
        &self,
        tx: &mut Write<'_>,
        actor: &Actor,
        name: &str,
    ) -> Result<(CustomerId, [u8; 32])> {
        let (id, key) = (CustomerId::from_uuid(self.edges.new_id()), self.edges.random());
        tx.keep_customer_key(id, &key)?;
        let about = seal::of_field(&id.bytes(), field::NAME);
        let sealed = seal::close(&key, &about, self.edges.random(), name.as_bytes())
            .ok_or(AppError::new(Code::Broken))?;
        let body = PatchV1 {
            record: id.bytes(),
            fields: vec![(field::NAME, Value::Bytes(sealed))],
        };
        tx.record(Some(actor.staff), &Body::CustomerSet(body))?;
        Ok((id, key))
    }

    /// The customer who has this number and their key; a new guest when nobody has it.
    pub(crate) fn customer_by_phone(&self, tx: &Write<'_>, phone: &Phone) -> Result<(CustomerId, [u8; 32])> {
        if let Some(known) = tx.reader().customer_of_phone(phone.as_str())? {
            return Ok(known);
        }
        let fresh = (CustomerId::from_uuid(self.edges.new_id()), self.edges.random());
        tx.keep_customer_key(fresh.0, &fresh.1)?;
        Ok(fresh)
    }
}

/// The customer as they stand, and their key.
pub(crate) fn standing(reader: &Reader<'_>, id: CustomerId) -> Result<(CustomerRow, [u8; 32])> {
    let root = reader.customer_root(id)?;
    let row = reader.customer(root)?.ok_or(AppError::new(Code::NotFound))?;
    match reader.customer_key(root)? {
        Some(key) if row.erased_ms.is_none() => Ok((row, key)),
        _ => Err(Code::CustomerGone.into()),
    }
}

/// Guests with one of these numbers; a number that somebody with a name has is refused.
fn guests_with(reader: &Reader<'_>, phones: &[String], me: Option<CustomerId>) -> Result<Vec<CustomerId>> {
    let mut guests = Vec::new();
    for phone in phones {
        let Some((other, _)) = reader.customer_of_phone(phone)? else {
            continue;
        };
        if Some(other) == me || guests.contains(&other) {
            continue;
        }
        let row = reader.customer(other)?.ok_or(AppError::new(Code::Broken))?;
        match row.name {
            Some(name) => {
                return Err(AppError::new(Code::CustomerPhoneTaken)
                    .hint("customer", other.to_string())
                    .hint("name", name)
                    .hint("phone", phone.as_str()));
            }
            None => guests.push(other),
        }
    }
    Ok(guests)
}

fn record_merge(tx: &mut Write<'_>, staff: StaffId, from: CustomerId, into: CustomerId) -> Result<()> {
    let body = CustomersMergedV1 {
        from: from.bytes(),
        into: into.bytes(),
        merged_ms: tx.now().0,
    };
    Ok(tx.record(Some(staff), &Body::CustomersMerged(body))?)
}

/// What stands, and what of the other it lacks.
fn together(old: &Personal, other: Personal) -> Personal {
    let mut new = old.clone();
    new.name = new.name.or(other.name);
    new.email = new.email.or(other.email);
    for phone in other.phones {
        if !new.phones.contains(&phone) {
            new.phones.push(phone);
        }
    }
    for address in other.addresses {
        if !new.addresses.contains(&address) {
            new.addresses.push(address);
        }
    }
    for number in other.tax_identities {
        let mut both = new.tax_identities.clone();
        both.push(number);
        both.sort_by_key(|one| one.from);
        let identities: Vec<TaxIdentity> = both.iter().map(identity).collect();
        if check_identities(&identities).is_ok() {
            new.tax_identities = both;
        }
    }
    new.note = match (new.note, other.note) {
        (Some(one), Some(two)) if one != two => Some(format!("{one} · {two}")),
        (one, two) => one.or(two),
    };
    new
}

/// What is not personal and the survivor has not.
fn inherited(into: &CustomerRow, from: &CustomerRow) -> Vec<(Field, Value)> {
    let mut fields = Vec::new();
    let blocked = Segment::Blocked.as_str();
    if from.segment == blocked && into.segment != blocked {
        fields.push((field::SEGMENT, Value::Text(blocked.to_owned())));
    }
    if into.level.is_none() && from.level.is_some() {
        fields.push((field::LEVEL, optional(from.level.clone())));
    }
    if into.region.is_none() && from.region.is_some() {
        fields.push((field::REGION, optional(from.region.clone())));
    }
    if into.limit_minor == 0 && from.limit_minor != 0 {
        fields.push((field::LIMIT_MINOR, Value::Int(from.limit_minor)));
        fields.push((field::TERMS_DAYS, Value::Int(i64::from(from.terms_days))));
    }
    for (channel, number) in [
        (Channel::Email, field::CONSENT_EMAIL),
        (Channel::Message, field::CONSENT_MESSAGE),
        (Channel::Call, field::CONSENT_CALL),
    ] {
        let of = |row: &CustomerRow| row.details.consents.get(channel.as_str()).cloned();
        // What they said last holds, whichever record heard it; of two at once, the no.
        let rank = |consent: &Consent| (consent.at_ms, !consent.given);
        if let Some(consent) = of(from)
            && of(into).is_none_or(|old| rank(&old) < rank(&consent))
        {
            fields.push((number, Value::List(consent.kept())));
        }
    }
    fields
}

fn checked_address(form: &CustomerAddress) -> Result<Address> {
    let part = |value: &str, most: usize| -> Result<String> {
        Ok(optional_text("addresses", Some(value), most)?.unwrap_or_default())
    };
    Ok(Address {
        label: part(&form.label, 40)?,
        street: part(&form.street, 200)?,
        city: part(&form.city, 80)?,
        region: part(&form.region, 40)?,
        postal_code: part(&form.postal_code, 20)?,
        country: part(&form.country, 2)?.to_uppercase(),
    })
}

fn shown_address(address: &Address) -> CustomerAddress {
    CustomerAddress {
        label: address.label.clone(),
        street: address.street.clone(),
        city: address.city.clone(),
        region: address.region.clone(),
        postal_code: address.postal_code.clone(),
        country: address.country.clone(),
    }
}
