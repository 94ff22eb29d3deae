//! Quotations as they stand now, and each of their versions.

use crate::{Reader, StoreError, customers::family};
use domain::ids::{CustomerId, OrderId, QuotationId, StaffId};
use journal::{Body, body::QuotationMadeV1};
use rusqlite::{OptionalExtension, Row, params};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotationRow {
    pub id: QuotationId,
    pub made_ms: i64,
    pub staff: Option<StaffId>,
    pub valid_until: u32,
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    pub customer: Option<CustomerId>,
    pub total_minor: i64,
    pub content: [u8; 32],
    /// accepted, declined or withdrawn, when that was said after the newest version.
    pub moved: Option<String>,
    pub moved_ms: Option<i64>,
    pub moved_reason: Option<String>,
    /// What it became.
    pub order: Option<OrderId>,
    pub sent: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotationVersion {
    pub staff: Option<StaffId>,
    pub made: QuotationMadeV1,
}

#[derive(Debug, Clone, Default)]
pub struct QuotationQuery {
    pub customer: Option<CustomerId>,
    pub document_no: Option<u32>,
    pub before: Option<(i64, QuotationId)>,
    pub limit: usize,
}

const QUOTATION: &str = "select q.quotation_id, q.made_ms, q.staff_id, valid_until, q.prefix, q.fiscal_year, q.document_no,
        q.customer_id, q.total_minor, q.content, m.state, m.at_ms, m.reason,
        (select order_id from \"order\" o where o.quotation_id = q.quotation_id and cancelled_ms is null limit 1),
        exists (select 1 from document_sent s where s.subject_id = q.quotation_id)
    from quotation q left join quotation_move m
        on m.quotation_id = q.quotation_id and (m.stamp, m.device_id) > (q.stamp, q.device_id)";

fn quotation(r: &Row<'_>) -> rusqlite::Result<QuotationRow> {
    Ok(QuotationRow {
        id: QuotationId::from_bytes(r.get(0)?),
        made_ms: r.get(1)?,
        staff: r.get::<_, Option<[u8; 16]>>(2)?.map(StaffId::from_bytes),
        valid_until: r.get(3)?,
        prefix: r.get(4)?,
        fiscal_year: r.get(5)?,
        document_no: r.get(6)?,
        customer: r.get::<_, Option<[u8; 16]>>(7)?.map(CustomerId::from_bytes),
        total_minor: r.get(8)?,
        content: r.get(9)?,
        moved: r.get(10)?,
        moved_ms: r.get(11)?,
        moved_reason: r.get(12)?,
        order: r.get::<_, Option<[u8; 16]>>(13)?.map(OrderId::from_bytes),
        sent: r.get(14)?,
    })
}

impl Reader<'_> {
    pub fn quotation(&self, id: QuotationId) -> Result<Option<QuotationRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("{QUOTATION} where q.quotation_id = ?1"))?
            .query_row([id.bytes()], quotation)
            .optional()?)
    }

    /// The oldest first.
    pub fn quotation_versions(&self, id: QuotationId) -> Result<Vec<QuotationVersion>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select staff_id, body from quotation_version where quotation_id = ?1 order by stamp, device_id",
        )?;
        let rows = statement.query_map([id.bytes()], |r| {
            Ok((r.get::<_, Option<[u8; 16]>>(0)?, r.get::<_, Vec<u8>>(1)?))
        })?;
        let mut versions = Vec::new();
        for row in rows {
            let (staff, body) = row?;
            // The views hold the bytes as this build wrote them.
            if let Ok(Body::QuotationMade(made)) = Body::decode(70, 1, &body) {
                versions.push(QuotationVersion {
                    staff: staff.map(StaffId::from_bytes),
                    made: *made,
                });
            }
        }
        Ok(versions)
    }

    /// The newest first.
    pub fn quotations(&self, query: &QuotationQuery) -> Result<Vec<QuotationRow>, StoreError> {
        let (before_ms, before_id) = query
            .before
            .map_or((i64::MAX, None), |(ms, id)| (ms, Some(id.bytes())));
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        let root = query
            .customer
            .map(|customer| self.customer_root(customer))
            .transpose()?;
        let mut statement = self.conn.prepare_cached(&format!(
            "{QUOTATION} where (?1 is null or q.customer_id in {}) and (?2 is null or q.document_no = ?2)
                 and q.made_ms <= ?3 and (q.made_ms < ?3 or ?4 is null or q.quotation_id < ?4)
             order by q.made_ms desc, q.quotation_id desc limit ?5",
            family("?1")
        ))?;
        let rows = statement.query_map(
            params![
                root.map(|c| c.bytes()),
                query.document_no,
                before_ms,
                before_id,
                limit
            ],
            quotation,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
