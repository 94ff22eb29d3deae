//! Customers, as the screens ask for them.

use crate::{Reader, StoreError, Write, catalog::record, search::after};
use domain::{
    ids::{CustomerId, OrderId, StaffId},
    search::fold,
};
use journal::register::Record;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An address as it is sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    pub label: String,
    pub street: String,
    pub city: String,
    pub region: String,
    pub postal_code: String,
    pub country: String,
}

/// A tax number as it is sealed; days as year * 10000 + month * 100 + day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaxIdentityKept {
    pub number: String,
    pub from: Option<u32>,
    pub until: Option<u32>,
    /// It is of a special economic zone.
    pub zone: bool,
}

/// Whether somebody agreed to hear news, since when, and who noted it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    pub given: bool,
    pub at_ms: i64,
    pub staff: String,
}

impl Consent {
    /// From the register's list.
    pub fn read(list: &[String]) -> Option<Consent> {
        match list {
            [given, at_ms, staff] => Some(Consent {
                given: given == "yes",
                at_ms: at_ms.parse().ok()?,
                staff: staff.clone(),
            }),
            _ => None,
        }
    }

    pub fn kept(&self) -> Vec<String> {
        let word = if self.given { "yes" } else { "no" };
        vec![word.to_owned(), self.at_ms.to_string(), self.staff.clone()]
    }
}

/// What a customer has several of, or that no list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    pub phones: Vec<String>,
    pub addresses: Vec<Address>,
    pub tax_identities: Vec<TaxIdentityKept>,
    pub note: Option<String>,
    pub consents: BTreeMap<String, Consent>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerRow {
    pub id: CustomerId,
    pub root: CustomerId,
    pub since_ms: i64,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub tax_number: Option<String>,
    pub kind: String,
    pub segment: String,
    pub level: Option<String>,
    pub region: Option<String>,
    pub limit_minor: i64,
    pub terms_days: u32,
    pub language: Option<String>,
    pub details: Details,
    pub archived_ms: Option<i64>,
    pub erased_ms: Option<i64>,
    pub erased_by: Option<StaffId>,
    pub erase_reason: Option<String>,
    pub balance_minor: i64,
    pub last_order_ms: Option<i64>,
}

const CUSTOMER: &str = "c.customer_id, c.root_id, c.since_ms, c.name, c.phone, c.email, c.tax_number, c.type, c.segment,
    c.level, c.region, c.limit_minor, c.terms_days, c.language, c.details, c.archived_ms, c.erased_ms, c.erased_by,
    c.erase_reason, coalesce((select balance_minor from account_balance b where b.root_id = c.customer_id), 0),
    (select placed_ms from \"order\" where order_id =
        (select max(order_id) from customer_order co where co.root_id = c.customer_id))";

fn customer(r: &Row<'_>) -> rusqlite::Result<CustomerRow> {
    Ok(CustomerRow {
        id: CustomerId::from_bytes(r.get(0)?),
        root: CustomerId::from_bytes(r.get(1)?),
        since_ms: r.get(2)?,
        name: r.get(3)?,
        phone: r.get(4)?,
        email: r.get(5)?,
        tax_number: r.get(6)?,
        kind: r.get(7)?,
        segment: r.get(8)?,
        level: r.get(9)?,
        region: r.get(10)?,
        limit_minor: r.get(11)?,
        terms_days: r.get(12)?,
        language: r.get(13)?,
        // The views write this JSON themselves; a rebuild mends what a person may have bent by hand.
        details: serde_json::from_str(r.get_ref(14)?.as_str()?).unwrap_or_default(),
        archived_ms: r.get(15)?,
        erased_ms: r.get(16)?,
        erased_by: r.get::<_, Option<[u8; 16]>>(17)?.map(StaffId::from_bytes),
        erase_reason: r.get(18)?,
        balance_minor: r.get(19)?,
        last_order_ms: r.get(20)?,
    })
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CustomerOrder {
    #[default]
    Name,
    /// The newest first.
    Newest,
    /// Who owes most, first.
    Owing,
}

#[derive(Debug, Clone, Default)]
pub struct CustomerQuery<'a> {
    pub order: CustomerOrder,
    pub kind: Option<&'a str>,
    pub segment: Option<&'a str>,
    /// Only those whose account is not even.
    pub owing: bool,
    pub archived: bool,
    /// Only guests of whom nothing but a phone is known, or none of them.
    pub guests: Option<bool>,
    pub limit: usize,
    /// Where the last page ended.
    pub after: Option<CustomerId>,
}

/// An order in a customer's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    pub order: OrderId,
    pub placed_ms: i64,
}

/// What a customer's orders come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub orders: u64,
    pub bought_minor: i64,
    pub refunded_minor: i64,
    pub first_ms: Option<i64>,
    pub last_ms: Option<i64>,
}

/// Everybody who is one customer, the parameter being who they are after all merges.
pub(crate) fn family(root: &str) -> String {
    format!(
        "(select {root} union all select customer_id from customer where root_id = {root} and root_id <> customer_id)"
    )
}

/// How many candidates a search may look at.
const CANDIDATES: u32 = 200;

impl Reader<'_> {
    /// The record itself, merged away or not.
    pub fn customer(&self, id: CustomerId) -> Result<Option<CustomerRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!(
                "select {CUSTOMER} from customer c where customer_id = ?1"
            ))?
            .query_row([id.bytes()], customer)
            .optional()?)
    }

    /// Who this is after all merges.
    pub fn customer_root(&self, id: CustomerId) -> Result<CustomerId, StoreError> {
        crate::customer_views::root(self.conn, &id.bytes()).map(CustomerId::from_bytes)
    }

    /// Everybody who is this customer now, the survivor among them.
    pub fn customer_family(&self, root: CustomerId) -> Result<Vec<CustomerId>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select customer_id from customer where customer_id = ?1
             union select customer_id from customer where root_id = ?1 and root_id <> customer_id order by 1",
        )?;
        let rows = statement.query_map([root.bytes()], |r| Ok(CustomerId::from_bytes(r.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn customer_record(&self, id: CustomerId) -> Result<Option<Record>, StoreError> {
        record(
            self,
            "select record from customer where customer_id = ?1",
            id.bytes(),
        )
    }

    pub fn customer_key(&self, id: CustomerId) -> Result<Option<[u8; 32]>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select key from customer_key where customer_id = ?1")?
            .query_row([id.bytes()], |r| r.get(0))
            .optional()?)
    }

    /// The customer who has this number, and their key; a named one before a guest.
    pub fn customer_of_phone(&self, phone: &str) -> Result<Option<(CustomerId, [u8; 32])>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select customer_id, key from customer_phone join customer_key using (customer_id)
                      join customer using (customer_id)
                 where customer_phone.phone = ?1 order by name is null, archived_ms is not null, customer_id limit 1",
            )?
            .query_row([phone], |r| Ok((CustomerId::from_bytes(r.get(0)?), r.get(1)?)))
            .optional()?)
    }

    pub fn customers(&self, query: &CustomerQuery<'_>) -> Result<Vec<CustomerRow>, StoreError> {
        let balance =
            "coalesce((select balance_minor from account_balance b where b.root_id = c.customer_id), 0)";
        let mut wanted = vec![
            "c.root_id = c.customer_id".to_owned(),
            if query.archived {
                "(c.archived_ms is not null or c.erased_ms is not null)".to_owned()
            } else {
                "c.archived_ms is null and c.erased_ms is null".to_owned()
            },
        ];
        if query.kind.is_some() {
            wanted.push("c.type = ?1".to_owned());
        }
        if query.segment.is_some() {
            wanted.push("c.segment = ?2".to_owned());
        }
        if query.owing {
            wanted.push(
                "c.customer_id in (select root_id from account_balance where balance_minor <> 0)".to_owned(),
            );
        }
        match query.guests {
            Some(true) => wanted.push("c.name is null".to_owned()),
            Some(false) => wanted.push("c.name is not null".to_owned()),
            None => {}
        }
        let sort = match query.order {
            CustomerOrder::Name => "c.sort_name, c.customer_id".to_owned(),
            CustomerOrder::Newest => "-c.since_ms, c.customer_id".to_owned(),
            CustomerOrder::Owing => format!("-{balance}, c.customer_id"),
        };
        if query.after.is_some() {
            wanted.push(format!(
                "({sort}) > (select {sort} from customer c where c.customer_id = ?3)"
            ));
        }
        let sql = format!(
            "select {CUSTOMER} from customer c where {} and ?1 is ?1 and ?2 is ?2 and ?3 is ?3 order by {sort} limit ?4",
            wanted.join(" and ")
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(
            params![
                query.kind,
                query.segment,
                query.after.map(|id| id.bytes()),
                query.limit
            ],
            customer,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Customers whose name, phone, mail address or tax number begins as typed, word by word.
    pub fn search_customers(&self, typed: &str, limit: usize) -> Result<Vec<CustomerRow>, StoreError> {
        let mut words = typed_words(typed);
        words.sort_unstable();
        words.dedup();
        let Some(driver) = words.iter().max_by_key(|word| word.len()) else {
            return Ok(vec![]);
        };
        // The longest word finds, the others narrow down; only then is it enough.
        let others: String = (2..=words.len())
            .map(|n| {
                let (from, to) = (2 * n, 2 * n + 1);
                format!(
                    " and exists (select 1 from customer_word o
                                  where o.customer_id = w.customer_id and o.word >= ?{from} and o.word < ?{to})"
                )
            })
            .collect();
        let mut values: Vec<rusqlite::types::Value> = vec![CANDIDATES.into()];
        for word in std::iter::once(driver).chain(words.iter().filter(|word| *word != driver)) {
            values.extend([word.clone().into(), after(word).into()]);
        }
        let mut statement = self.conn.prepare_cached(&format!(
            "select distinct customer_id from customer_word w where word >= ?2 and word < ?3{others} limit ?1"
        ))?;
        let hits: Vec<[u8; 16]> = statement
            .query_map(params_from_iter(values), |r| r.get(0))?
            .collect::<Result<_, _>>()?;
        let mut found = Vec::new();
        for id in hits {
            found.extend(self.customer(CustomerId::from_bytes(id))?);
        }
        // Those who come often stand first, guests without a name last.
        found.sort_by_key(|row| {
            (
                row.name.is_none(),
                std::cmp::Reverse(row.last_order_ms),
                row.name.clone(),
                row.id,
            )
        });
        found.truncate(limit);
        Ok(found)
    }

    /// The types that customers have, in the order of the alphabet.
    pub fn customer_types(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("select distinct type from customer where erased_ms is null order by type")?;
        let rows = statement.query_map([], |r| r.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The orders of a customer, the newest first.
    pub fn orders_of_customer(
        &self,
        root: CustomerId,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<Vec<OrderId>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select order_id from customer_order join \"order\" using (order_id)
             where root_id = ?1 and (?2 is null or order_id < ?2) order by order_id desc limit ?3",
        )?;
        let rows = statement.query_map(params![root.bytes(), before.map(|id| id.bytes()), limit], |r| {
            Ok(OrderId::from_bytes(r.get(0)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn customer_totals(&self, root: CustomerId) -> Result<Totals, StoreError> {
        let (orders, bought_minor, first_ms, last_ms) = self
            .conn
            .prepare_cached(
                "select count(*), coalesce(sum(total_minor), 0), min(placed_ms), max(placed_ms)
                 from customer_order join \"order\" using (order_id) where root_id = ?1 and cancelled_ms is null",
            )?
            .query_row([root.bytes()], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
        let refunded_minor = self
            .conn
            .prepare_cached(
                "select coalesce(sum(total_minor), 0) from customer_order join refund using (order_id)
                 where root_id = ?1",
            )?
            .query_row([root.bytes()], |r| r.get(0))?;
        Ok(Totals {
            orders,
            bought_minor,
            refunded_minor,
            first_ms,
            last_ms,
        })
    }

    /// Who this order's customer is now.
    pub fn customer_of_order(&self, order: OrderId) -> Result<Option<CustomerId>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select root_id from customer_order where order_id = ?1")?
            .query_row([order.bytes()], |r| Ok(CustomerId::from_bytes(r.get(0)?)))
            .optional()?)
    }
}

impl Write<'_> {
    /// Lets go of letters and papers that name somebody: those about them, about orders that they stood on and what
    /// went back for these, and about what they were offered.
    pub fn forget_papers(&self, root: CustomerId) -> Result<(), StoreError> {
        let theirs = "with family as (select customer_id from customer where root_id = ?1),
             theirs as (select order_id from customer_order where root_id = ?1
                        union select order_id from \"order\" join family using (customer_id)
                        union select order_id from invoice_revision join family using (customer_id))";
        for sql in [
            "delete from mail where subject_id in family or subject_id in theirs
                or subject_id in (select refund_id from refund join theirs using (order_id))
                or subject_id in (select quotation_id from quotation join family using (customer_id))",
            "delete from print_job where order_id in theirs",
        ] {
            self.tx
                .prepare_cached(&format!("{theirs} {sql}"))?
                .execute([root.bytes()])?;
        }
        Ok(())
    }

    pub fn keep_customer_key(&self, customer: CustomerId, key: &[u8; 32]) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("insert into customer_key values (?1, ?2)")?
            .execute(params![customer.bytes(), key])?;
        Ok(())
    }
}

/// The words to look for: a number however it is spaced is one word, without its zeros and plus in front.
fn typed_words(typed: &str) -> Vec<String> {
    let typed = fold(typed.trim());
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let only_a_number = typed.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c));
    if only_a_number && digits.len() >= 3 {
        let bare = digits.trim_start_matches('0');
        return if bare.is_empty() {
            vec![]
        } else {
            vec![bare.to_owned()]
        };
    }
    typed.split_whitespace().take(6).map(str::to_owned).collect()
}
