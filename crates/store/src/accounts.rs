//! Customers' accounts, as the screens and the rules ask for them.

use crate::{Reader, StoreError, orders::unpacked};
use domain::{
    account::Entry,
    ids::{CustomerId, OrderId, StaffId},
    instalment::{Part, Plan},
    money::Money,
};
use rusqlite::{OptionalExtension, Row, params};
use std::collections::HashMap;
use uuid::Uuid;

/// One line of an account, with what it takes to say what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    pub id: Uuid,
    pub at_ms: i64,
    pub kind: String,
    pub business_day: u32,
    pub due_day: Option<u32>,
    pub amount_minor: i64,
    pub order: Option<OrderId>,
    pub about: Option<Uuid>,
    /// The document: of the sale, of the credit note, of the receipt.
    pub document: Option<(String, String, u32)>,
    /// The method of a payment.
    pub method: Option<String>,
    /// A payment's reference, an adjustment's reason.
    pub text: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    pub id: Uuid,
    pub customer: CustomerId,
    pub staff: Option<StaffId>,
    pub at_ms: i64,
    pub business_day: u32,
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    pub method: String,
    pub amount_minor: i64,
    pub received_minor: Option<i64>,
    pub change_minor: i64,
    pub reference: String,
    pub note: String,
    pub pays: Vec<(Uuid, i64)>,
    pub reversed_ms: Option<i64>,
    pub content: [u8; 32],
}

const ENTRY: &str = "e.entry_id, e.at_ms, e.kind, e.business_day, e.due_day, e.amount_minor, e.order_id, e.about_id,
    coalesce(p.prefix, r.prefix, o.prefix), coalesce(p.fiscal_year, r.fiscal_year, o.fiscal_year),
    coalesce(p.document_no, r.document_no, o.document_no), p.method, coalesce(nullif(p.reference, ''), a.reason)";

const ENTRY_FROM: &str = "account_entry e
    left join \"order\" o on o.order_id = e.order_id and e.kind in ('sale', 'sale_void')
    left join refund r on r.refund_id = e.about_id and e.kind = 'refund'
    left join account_payment p on p.payment_id = case e.kind when 'payment' then e.entry_id
                                                              when 'payment_reversed' then e.about_id end
    left join account_adjustment a on a.adjustment_id = e.entry_id";

fn entry(r: &Row<'_>) -> rusqlite::Result<EntryRow> {
    let uuid = |bytes: [u8; 16]| Uuid::from_bytes(bytes);
    let document = match (r.get(8)?, r.get(9)?, r.get(10)?) {
        (Some(prefix), Some(year), Some(no)) => Some((prefix, year, no)),
        _ => None,
    };
    Ok(EntryRow {
        id: uuid(r.get(0)?),
        at_ms: r.get(1)?,
        kind: r.get(2)?,
        business_day: r.get(3)?,
        due_day: r.get(4)?,
        amount_minor: r.get(5)?,
        order: r.get::<_, Option<[u8; 16]>>(6)?.map(OrderId::from_bytes),
        about: r.get::<_, Option<[u8; 16]>>(7)?.map(uuid),
        document,
        method: r.get(11)?,
        text: r.get(12)?,
    })
}

impl Reader<'_> {
    /// What this customer owes; below zero when the shop owes them.
    pub fn account_balance(&self, root: CustomerId) -> Result<Money, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select balance_minor from account_balance where root_id = ?1")?
            .query_row([root.bytes()], |r| r.get(0))
            .optional()?
            .map_or(Money::ZERO, Money::from_minor))
    }

    /// The sum of everything before a business day.
    pub fn account_balance_before(&self, root: CustomerId, day: u32) -> Result<Money, StoreError> {
        Ok(Money::from_minor(
            self.conn
                .prepare_cached(
                    "select coalesce(sum(amount_minor), 0) from account_entry
                     where root_id = ?1 and business_day < ?2",
                )?
                .query_row(params![root.bytes(), day], |r| r.get(0))?,
        ))
    }

    /// The lines of an account from one business day to another, both included, the oldest first.
    pub fn account_entries(
        &self,
        root: CustomerId,
        from: u32,
        until: u32,
    ) -> Result<Vec<EntryRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {ENTRY} from {ENTRY_FROM} where e.root_id = ?1 and e.business_day between ?2 and ?3
             order by e.at_ms, e.entry_id, e.kind"
        ))?;
        let rows = statement.query_map(params![root.bytes(), from, until], entry)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The whole ledger, as the rules read it. `terms_days` says when a sale without a day of its own is due.
    pub fn account_ledger(&self, root: CustomerId, terms_days: u32) -> Result<Vec<Entry>, StoreError> {
        let mut pays: HashMap<[u8; 16], Vec<(Uuid, Money)>> = HashMap::new();
        let mut statement = self.conn.prepare_cached(
            "select i.payment_id, i.item_id, i.amount_minor
             from account_entry e join account_payment_item i on i.payment_id = e.entry_id
             where e.root_id = ?1 and e.kind = 'payment'",
        )?;
        let mut rows = statement.query([root.bytes()])?;
        while let Some(r) = rows.next()? {
            pays.entry(r.get(0)?)
                .or_default()
                .push((Uuid::from_bytes(r.get(1)?), Money::from_minor(r.get(2)?)));
        }
        let mut statement = self.conn.prepare_cached(
            "select entry_id, kind, business_day, coalesce(e.due_day, nullif(d.due_day, 0)), amount_minor, e.order_id,
                    about_id
             from account_entry e left join invoice_due d on d.order_id = e.order_id
             where root_id = ?1 order by at_ms, entry_id, kind",
        )?;
        let mut rows = statement.query([root.bytes()])?;
        let mut ledger = Vec::new();
        while let Some(r) = rows.next()? {
            let id: [u8; 16] = r.get(0)?;
            let kind = r.get_ref(1)?.as_str().unwrap_or_default().to_owned();
            let day: u32 = r.get(2)?;
            let due: Option<u32> = r.get(3)?;
            let order: Option<[u8; 16]> = r.get(5)?;
            let about: Option<[u8; 16]> = r.get(6)?;
            let (item, reverses) = match kind.as_str() {
                "payment_reversed" => (None, about),
                "write_off" | "correction" => (about, None),
                _ => (order, None),
            };
            ledger.push(Entry {
                id: Uuid::from_bytes(id),
                day,
                due: due.unwrap_or_else(|| domain::account::day_after(day, terms_days)),
                amount: Money::from_minor(r.get(4)?),
                item: item.map(Uuid::from_bytes),
                reverses: reverses.map(Uuid::from_bytes),
                pays: match kind.as_str() {
                    "payment" => pays.remove(&id).unwrap_or_default(),
                    _ => vec![],
                },
            });
        }
        Ok(ledger)
    }

    /// The orders of an account that are paid in parts, and the parts.
    pub fn instalment_plans(&self, root: CustomerId) -> Result<Vec<(Uuid, Plan)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select order_id, charged_minor, parts from instalment_plan
             where order_id in (select order_id from account_entry where root_id = ?1 and order_id is not null)",
        )?;
        let mut rows = statement.query([root.bytes()])?;
        let mut plans = Vec::new();
        while let Some(r) = rows.next()? {
            let parts: Vec<(u32, i64)> = unpacked(&r.get::<_, Vec<u8>>(2)?);
            let parts: Vec<Part> = parts
                .into_iter()
                .map(|(day, minor)| Part {
                    day,
                    amount: Money::from_minor(minor),
                })
                .collect();
            if !parts.is_empty() {
                let charged = Money::from_minor(r.get(1)?);
                plans.push((Uuid::from_bytes(r.get(0)?), Plan { parts, charged }));
            }
        }
        Ok(plans)
    }

    /// On whose account an order was bought.
    pub fn account_of_order(&self, order: OrderId) -> Result<Option<CustomerId>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select root_id from account_entry where order_id = ?1 limit 1")?
            .query_row([order.bytes()], |r| Ok(CustomerId::from_bytes(r.get(0)?)))
            .optional()?)
    }

    /// Prefix, fiscal year and number of an order's document.
    pub fn document_of_order(&self, order: OrderId) -> Result<Option<(String, String, u32)>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select prefix, fiscal_year, document_no from \"order\" where order_id = ?1")?
            .query_row([order.bytes()], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .optional()?)
    }

    /// Everybody whose account is not even, who owes most first.
    pub fn accounts_owing(
        &self,
        after: Option<CustomerId>,
        limit: usize,
    ) -> Result<Vec<CustomerId>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select root_id from account_balance b
             where balance_minor <> 0
               and (?1 is null or (-balance_minor, root_id) >
                    (select -balance_minor, root_id from account_balance where root_id = ?1))
             order by -balance_minor, root_id limit ?2",
        )?;
        let rows = statement.query_map(params![after.map(|id| id.bytes()), limit], |r| {
            Ok(CustomerId::from_bytes(r.get(0)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn account_payment(&self, id: Uuid) -> Result<Option<PaymentRow>, StoreError> {
        let row = self
            .conn
            .prepare_cached(
                "select payment_id, customer_id, staff_id, at_ms, business_day, prefix, fiscal_year, document_no,
                        method, amount_minor, received_minor, change_minor, reference, note, content,
                        (select min(at_ms) from account_adjustment a
                         where a.about_id = payment_id and a.kind = 'payment_reversed')
                 from account_payment where payment_id = ?1",
            )?
            .query_row([id.into_bytes()], |r| {
                Ok(PaymentRow {
                    id: Uuid::from_bytes(r.get(0)?),
                    customer: CustomerId::from_bytes(r.get(1)?),
                    staff: r.get::<_, Option<[u8; 16]>>(2)?.map(StaffId::from_bytes),
                    at_ms: r.get(3)?,
                    business_day: r.get(4)?,
                    prefix: r.get(5)?,
                    fiscal_year: r.get(6)?,
                    document_no: r.get(7)?,
                    method: r.get(8)?,
                    amount_minor: r.get(9)?,
                    received_minor: r.get(10)?,
                    change_minor: r.get(11)?,
                    reference: r.get(12)?,
                    note: r.get(13)?,
                    content: r.get(14)?,
                    reversed_ms: r.get(15)?,
                    pays: vec![],
                })
            })
            .optional()?;
        let Some(mut row) = row else { return Ok(None) };
        let mut statement = self.conn.prepare_cached(
            "select item_id, amount_minor from account_payment_item where payment_id = ?1 order by 1",
        )?;
        row.pays = statement
            .query_map([id.into_bytes()], |r| {
                Ok((Uuid::from_bytes(r.get(0)?), r.get(1)?))
            })?
            .collect::<Result<_, _>>()?;
        Ok(Some(row))
    }

    /// The account that an adjustment was written to, and how.
    pub fn account_adjustment(&self, id: Uuid) -> Result<Option<(CustomerId, [u8; 32])>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select customer_id, content from account_adjustment where adjustment_id = ?1")?
            .query_row([id.into_bytes()], |r| {
                Ok((CustomerId::from_bytes(r.get(0)?), r.get(1)?))
            })
            .optional()?)
    }
}
