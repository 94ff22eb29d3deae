//! What happened to the documents of orders, and which orders a list of invoices shows.

use crate::{
    Reader, StoreError,
    orders::{ORDER, OrderRow, order, unpacked},
};
use domain::ids::{CustomerId, OrderId, StaffId};
use journal::body::BuyerV1;
use rusqlite::{OptionalExtension, Row, params_from_iter, types::Value};

/// A correction of the buyer. Its number is its place among the order's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionRow {
    pub at_ms: i64,
    pub business_day: u32,
    pub staff: Option<StaffId>,
    pub customer: Option<CustomerId>,
    pub buyer: BuyerV1,
    pub reason: String,
    pub content: [u8; 32],
}

/// A document that left the house.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRow {
    pub kind: String,
    pub revision: u32,
    pub way: String,
    pub to: String,
    pub at_ms: i64,
    pub staff: Option<StaffId>,
}

/// Which invoices a list shows.
#[derive(Debug, Clone, Default)]
pub struct InvoiceQuery {
    pub from_day: Option<u32>,
    pub to_day: Option<u32>,
    pub customer: Option<CustomerId>,
    /// The running number of a document.
    pub document_no: Option<u32>,
    /// A buyer's name or tax number begins so.
    pub buyer: Option<String>,
    pub cancelled: Option<bool>,
    /// Only with a buyer on it.
    pub named: bool,
    /// Only where something can be owed.
    pub open: bool,
    pub before: Option<(i64, OrderId)>,
    pub limit: usize,
}

fn sent(r: &Row<'_>) -> rusqlite::Result<SentRow> {
    Ok(SentRow {
        kind: r.get(0)?,
        revision: r.get(1)?,
        way: r.get(2)?,
        to: r.get(3)?,
        at_ms: r.get(4)?,
        staff: r.get::<_, Option<[u8; 16]>>(5)?.map(StaffId::from_bytes),
    })
}

impl Reader<'_> {
    /// The oldest first.
    pub fn revisions(&self, id: OrderId) -> Result<Vec<RevisionRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select at_ms, business_day, staff_id, customer_id, buyer, reason, content from invoice_revision
             where order_id = ?1 order by stamp, device_id",
        )?;
        let rows = statement.query_map([id.bytes()], |r| {
            Ok(RevisionRow {
                at_ms: r.get(0)?,
                business_day: r.get(1)?,
                staff: r.get::<_, Option<[u8; 16]>>(2)?.map(StaffId::from_bytes),
                customer: r.get::<_, Option<[u8; 16]>>(3)?.map(CustomerId::from_bytes),
                buyer: unpacked(&r.get::<_, Vec<u8>>(4)?),
                reason: r.get(5)?,
                content: r.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The day that was set for it; 0 when it was set to none.
    pub fn invoice_due(&self, id: OrderId) -> Result<Option<u32>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select due_day from invoice_due where order_id = ?1")?
            .query_row([id.bytes()], |r| r.get(0))
            .optional()?)
    }

    /// The oldest first.
    pub fn documents_sent(&self, subject: [u8; 16]) -> Result<Vec<SentRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select kind, revision, way, sent_to, at_ms, staff_id from document_sent
             where subject_id = ?1 order by stamp, device_id",
        )?;
        let rows = statement.query_map([subject], sent)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Orders as documents, the newest first.
    pub fn invoices(&self, query: &InvoiceQuery) -> Result<Vec<OrderRow>, StoreError> {
        let mut wanted = String::from("1");
        let mut values: Vec<Value> = Vec::new();
        let mut asked = |condition: &str, value: Value| {
            values.push(value);
            wanted.push_str(&condition.replace('?', &format!("?{}", values.len())));
        };
        if let Some(day) = query.from_day {
            asked(" and business_day >= ?", Value::from(day));
        }
        if let Some(day) = query.to_day {
            asked(" and business_day <= ?", Value::from(day));
        }
        if let Some(customer) = query.customer {
            // Whose it is now: by a correction, by a merge, by the order or by the phone on it.
            asked(
                " and order_id in (select order_id from customer_order where root_id = ?)",
                Value::from(self.customer_root(customer)?.bytes().to_vec()),
            );
        }
        if let Some(n) = query.document_no {
            asked(" and document_no = ?", Value::from(n));
        }
        if let Some(text) = &query.buyer {
            // Whoever begins so: between the text and the text with the last letter of all behind it.
            asked(
                " and order_id in (select order_id from invoice_buyer
                     where (name >= ? and name < ? || char(1114109)) or (tax_number >= upper(?) and tax_number < upper(?) || char(1114109)))",
                Value::from(text.clone()),
            );
        }
        if let Some((ms, id)) = query.before {
            asked(
                &format!(" and (placed_ms, order_id) < ({ms}, ?)"),
                Value::from(id.bytes().to_vec()),
            );
        }
        match query.cancelled {
            Some(true) => wanted.push_str(" and cancelled_ms is not null"),
            Some(false) => wanted.push_str(" and cancelled_ms is null"),
            None => {}
        }
        if query.named {
            wanted.push_str(" and order_id in (select order_id from invoice_buyer)");
        }
        if query.open {
            wanted.push_str(
                " and order_id in (select order_id from tender where (method = 'account' or state <> 2) and void_ms is null)",
            );
        }
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        let sql = format!(
            "select {ORDER} from \"order\" where {wanted} order by placed_ms desc, order_id desc limit {limit}"
        );
        let mut statement = self.conn.prepare(&sql)?;
        let rows = statement.query_map(params_from_iter(values), order)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
