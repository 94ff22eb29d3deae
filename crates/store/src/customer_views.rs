//! Customers, from facts and keys to their tables.
//!
//! A row is computed whole from the register's record, the phones of orders, the merges and the key. Without the key
//! what is personal is not there, and nothing else changes.

use crate::{
    StoreError, account_views,
    customers::{Address, Consent, Details, TaxIdentityKept},
    search,
};
use domain::{customer::survivor, search::fold};
use journal::{
    Header,
    body::{CustomerErasedV1, CustomersMergedV1},
    fields::customer as field,
    register::{PatchV1, Record, Value, Written},
    seal,
};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;

type Id = [u8; 16];

/// What stands in the row and in no record.
struct Kept {
    since_ms: i64,
    record: Record,
    erased: Option<(i64, Option<Id>, String)>,
}

fn kept(conn: &Connection, customer: &Id) -> Result<Option<Kept>, StoreError> {
    let row = conn
        .prepare_cached(
            "select since_ms, record, erased_ms, erased_by, erase_reason from customer where customer_id = ?1",
        )?
        .query_row([customer], |r| {
            Ok((
                r.get::<_, i64>(0)?,
                r.get::<_, Vec<u8>>(1)?,
                r.get::<_, Option<i64>>(2)?,
                r.get::<_, Option<Id>>(3)?,
                r.get::<_, Option<String>>(4)?,
            ))
        })
        .optional()?;
    row.map(|(since_ms, record, erased_ms, by, reason)| {
        Ok(Kept {
            since_ms,
            record: postcard::from_bytes(&record).map_err(StoreError::damaged)?,
            erased: erased_ms.map(|ms| (ms, by, reason.unwrap_or_default())),
        })
    })
    .transpose()
}

/// The moment in a fact's stamp.
fn ms_of(header: &Header) -> i64 {
    i64::try_from(header.stamp.0 >> 16).unwrap_or(i64::MAX)
}

pub(crate) fn set(conn: &Connection, header: &Header, patch: &PatchV1) -> Result<(), StoreError> {
    let mut kept = kept(conn, &patch.record)?.unwrap_or(Kept {
        since_ms: i64::MAX,
        record: Record::default(),
        erased: None,
    });
    kept.since_ms = kept.since_ms.min(ms_of(header));
    kept.record
        .apply(&patch.fields, Written::new(header.stamp, header.device));
    write(conn, &patch.record, &kept)
}

/// A guest who left a phone number is a customer too.
pub(crate) fn called(
    conn: &Connection,
    customer: &Id,
    phone: Option<&str>,
    at_ms: i64,
) -> Result<(), StoreError> {
    let nothing_new: bool = conn
        .prepare_cached(
            "select 1 from customer c where customer_id = ?1 and since_ms <= ?3
               and (?2 is null or exists (select 1 from customer_phone p where p.phone = ?2 and p.customer_id = ?1))",
        )?
        .exists(params![customer, phone, at_ms])?;
    if nothing_new {
        return Ok(());
    }
    seen(conn, customer, at_ms)
}

/// Writes a customer's row anew, after something that it is computed from changed elsewhere.
pub(crate) fn again(conn: &Connection, customer: &Id) -> Result<(), StoreError> {
    match kept(conn, customer)? {
        Some(kept) => write(conn, customer, &kept),
        None => Ok(()),
    }
}

fn seen(conn: &Connection, customer: &Id, at_ms: i64) -> Result<(), StoreError> {
    let mut kept = kept(conn, customer)?.unwrap_or(Kept {
        since_ms: i64::MAX,
        record: Record::default(),
        erased: None,
    });
    kept.since_ms = kept.since_ms.min(at_ms);
    write(conn, customer, &kept)
}

/// The key goes with the fact, on every device that the fact reaches.
pub(crate) fn erased(
    conn: &Connection,
    header: &Header,
    erased: &CustomerErasedV1,
) -> Result<(), StoreError> {
    conn.prepare_cached("delete from customer_key where customer_id = ?1")?
        .execute([erased.customer])?;
    conn.prepare_cached("update order_phone set phone = null where customer_id = ?1")?
        .execute([erased.customer])?;
    let mut kept = kept(conn, &erased.customer)?.unwrap_or(Kept {
        since_ms: i64::MAX,
        record: Record::default(),
        erased: None,
    });
    kept.since_ms = kept.since_ms.min(erased.erased_ms);
    if kept
        .erased
        .as_ref()
        .is_none_or(|(ms, _, _)| erased.erased_ms < *ms)
    {
        kept.erased = Some((
            erased.erased_ms,
            header.actor.map(|a| a.bytes()),
            erased.reason.clone(),
        ));
    }
    write(conn, &erased.customer, &kept)
}

pub(crate) fn merged(
    conn: &Connection,
    header: &Header,
    merged: &CustomersMergedV1,
) -> Result<(), StoreError> {
    let stamp = i64::try_from(header.stamp.0).unwrap_or(i64::MAX);
    let first: Option<(i64, Id)> = conn
        .prepare_cached("select stamp, device_id from customer_merge where from_id = ?1")?
        .query_row([merged.from], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    for customer in [&merged.from, &merged.into] {
        seen(conn, customer, merged.merged_ms)?;
    }
    if first.is_some_and(|first| first <= (stamp, header.device.bytes())) {
        return Ok(());
    }
    let (one, other) = (root(conn, &merged.from)?, root(conn, &merged.into)?);
    conn.prepare_cached("insert or replace into customer_merge values (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![
            merged.from,
            merged.into,
            stamp,
            header.device.bytes(),
            merged.merged_ms,
            header.actor.map(|a| a.bytes())
        ])?;
    let everybody: Vec<Id> = conn
        .prepare_cached("select customer_id from customer where root_id in (?1, ?2) order by customer_id")?
        .query_map([one, other], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    for customer in &everybody {
        let old = root(conn, customer)?;
        let new = root_by_merges(conn, customer)?;
        if let Some(kept) = kept(conn, customer)? {
            write(conn, customer, &kept)?;
        }
        if old != new {
            conn.prepare_cached(
                "update customer_order set root_id = ?3 where root_id = ?2 and coalesce(named_id, phone_id) = ?1",
            )?
            .execute([customer, &old, &new])?;
            account_views::moved_to(conn, customer, &old, &new)?;
        }
    }
    Ok(())
}

/// Whose order it is: whoever its last correction names, else the order itself, else whose phone was bound to it.
pub(crate) fn ordered(conn: &Connection, order: &Id) -> Result<(), StoreError> {
    let (named, phone): (Option<Id>, Option<Id>) = conn
        .prepare_cached(
            "select coalesce(
                 (select customer_id from invoice_revision where order_id = ?1 and customer_id is not null
                  order by stamp desc, device_id desc limit 1),
                 (select customer_id from \"order\" where order_id = ?1)),
                 (select customer_id from order_phone where order_id = ?1)",
        )?
        .query_row([order], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let Some(somebody) = named.as_ref().or(phone.as_ref()) else {
        return Ok(());
    };
    conn.prepare_cached("insert or replace into customer_order values (?1, ?2, ?3, ?4)")?
        .execute(params![order, named, phone, root(conn, somebody)?])?;
    Ok(())
}

/// Who they are after all merges.
pub(crate) fn root(conn: &Connection, customer: &Id) -> Result<Id, StoreError> {
    Ok(conn
        .prepare_cached("select root_id from customer where customer_id = ?1")?
        .query_row([customer], |r| r.get(0))
        .optional()?
        .unwrap_or(*customer))
}

fn root_by_merges(conn: &Connection, customer: &Id) -> Result<Id, StoreError> {
    let mut next = conn.prepare_cached("select into_id from customer_merge where from_id = ?1")?;
    let mut chain = std::collections::BTreeMap::new();
    let mut current = *customer;
    while let Some(into) = next.query_row([current], |r| r.get::<_, Id>(0)).optional()? {
        if chain.insert(current, into).is_some() {
            break;
        }
        current = into;
    }
    Ok(survivor(*customer, |id| chain.get(&id).copied()))
}

/// Opens what is sealed of a record.
struct Opened<'a> {
    customer: &'a Id,
    record: &'a Record,
    key: Option<[u8; 32]>,
}

impl Opened<'_> {
    fn text(&self, field: u16) -> Option<String> {
        let Value::Bytes(sealed) = self.record.get(field) else {
            return None;
        };
        let plain = seal::open(&self.key?, &seal::of_field(self.customer, field), sealed)?;
        String::from_utf8(plain).ok()
    }

    fn json<T: serde::de::DeserializeOwned + Default>(&self, field: u16) -> T {
        self.text(field)
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default()
    }
}

fn write(conn: &Connection, customer: &Id, kept: &Kept) -> Result<(), StoreError> {
    let record = &kept.record;
    let key: Option<[u8; 32]> = conn
        .prepare_cached("select key from customer_key where customer_id = ?1")?
        .query_row([customer], |r| r.get(0))
        .optional()?;
    let opened = Opened {
        customer,
        record,
        key,
    };
    let name = opened.text(field::NAME);
    let phones: Vec<String> = match record.get(field::PHONES) {
        Value::Null => phones_of_orders(conn, customer)?,
        _ => opened.json(field::PHONES),
    };
    let email = opened.text(field::EMAIL).filter(|email| !email.is_empty());
    let addresses: Vec<Address> = opened.json(field::ADDRESSES);
    let tax_identities: Vec<TaxIdentityKept> = opened.json(field::TAX_IDENTITIES);
    let details = Details {
        phones,
        addresses,
        tax_identities,
        note: opened.text(field::NOTE).filter(|note| !note.is_empty()),
        consents: [
            ("email", field::CONSENT_EMAIL),
            ("message", field::CONSENT_MESSAGE),
            ("call", field::CONSENT_CALL),
        ]
        .into_iter()
        .filter_map(|(word, field)| Some((word.to_owned(), Consent::read(record.list(field))?)))
        .collect(),
    };
    let root = root_by_merges(conn, customer)?;
    let (erased_ms, erased_by, erase_reason) = match &kept.erased {
        Some((ms, by, reason)) => (Some(ms), by.as_ref(), Some(reason)),
        None => (None, None, None),
    };
    conn.prepare_cached(
        "insert or replace into customer values
         (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
    )?
    .execute(params![
        customer,
        kept.since_ms,
        root,
        name,
        name.as_deref().map(fold).unwrap_or_default(),
        details.phones.first(),
        email,
        details.tax_identities.last().map(|one| &one.number),
        record.text(field::TYPE).unwrap_or("retail"),
        record.text(field::SEGMENT).unwrap_or("regular"),
        record.text(field::LEVEL),
        record.text(field::REGION),
        record.int(field::LIMIT_MINOR).unwrap_or(0),
        record.int(field::TERMS_DAYS).unwrap_or(0),
        record.text(field::LANGUAGE),
        serde_json::to_string(&details).map_err(StoreError::damaged)?,
        record.int(field::ARCHIVED_MS),
        erased_ms,
        erased_by,
        erase_reason,
        postcard::to_stdvec(record).map_err(StoreError::damaged)?
    ])?;
    conn.prepare_cached("delete from customer_word where customer_id = ?1")?
        .execute([customer])?;
    conn.prepare_cached("delete from customer_phone where customer_id = ?1")?
        .execute([customer])?;
    if root != *customer {
        return Ok(());
    }
    let mut insert = conn.prepare_cached("insert or ignore into customer_word values (?1, ?2)")?;
    for word in words(name.as_deref(), email.as_deref(), &details) {
        insert.execute(params![word, customer])?;
    }
    let mut insert = conn.prepare_cached("insert or ignore into customer_phone values (?1, ?2)")?;
    for phone in &details.phones {
        insert.execute(params![phone, customer])?;
    }
    Ok(())
}

fn phones_of_orders(conn: &Connection, customer: &Id) -> Result<Vec<String>, StoreError> {
    Ok(conn
        .prepare_cached(
            "select distinct phone from order_phone where customer_id = ?1 and phone is not null order by phone",
        )?
        .query_map([customer], |r| r.get(0))?
        .collect::<Result<_, _>>()?)
}

/// All that somebody can be found by.
fn words(name: Option<&str>, email: Option<&str>, details: &Details) -> BTreeSet<String> {
    let mut words: BTreeSet<String> = search::searchable(name.unwrap_or_default(), email.into_iter(), None)
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.extend(email.map(fold));
    for one in &details.tax_identities {
        words.insert(fold(&one.number));
    }
    for phone in &details.phones {
        let digits = phone.trim_start_matches('+');
        // People type numbers without the country, which has one to three digits, or only the end.
        for skipped in [0, 1, 2, 3, digits.len().saturating_sub(4)] {
            words.extend(digits.get(skipped..).filter(|d| d.len() >= 4).map(str::to_owned));
        }
    }
    words
}
