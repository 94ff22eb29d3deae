//! What was sold and paid back under which taxes, as reports to the tax office add it up.

use crate::{Reader, StoreError, orders::unpacked};
use domain::ids::OrderId;
use journal::body::{BuyerV1, SellerV1};
use rusqlite::params;

/// A line of a sale or of a credit note, as reports see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SoldLine {
    pub hsn: String,
    pub name: String,
    pub unit: String,
    pub milli: i64,
    pub class: Option<[u8; 16]>,
    pub taxable_minor: i64,
    /// Name, rate in millionths of a percent, amount.
    pub taxes: Vec<(String, u32, i64)>,
}

/// An issued document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldDocument {
    pub order: OrderId,
    pub business_day: u32,
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    pub document: String,
    pub buyer: Option<BuyerV1>,
    pub seller: SellerV1,
    pub place_of_supply: String,
    pub total_minor: i64,
    /// The buyer sits in a special economic zone.
    pub in_zone: bool,
    /// The business day on which it was cancelled, if it was.
    pub cancelled_day: Option<u32>,
    pub lines: Vec<SoldLine>,
}

impl SoldDocument {
    pub fn cancelled_by(&self, day: u32) -> bool {
        self.cancelled_day.is_some_and(|cancelled| cancelled <= day)
    }
}

/// A credit note, with what its sale says of the buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNote {
    pub sale: SoldDocument,
    pub business_day: u32,
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    pub total_minor: i64,
    pub lines: Vec<SoldLine>,
}

/// The number of a document in its series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesRow {
    pub credit_notes: bool,
    pub prefix: String,
    pub fiscal_year: String,
    pub first: u32,
    pub last: u32,
    pub issued: u32,
    pub cancelled: u32,
}

/// One tax at one rate over some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxTotal {
    pub name: String,
    pub rate: u32,
    pub sold_taxable_minor: i64,
    pub sold_minor: i64,
    pub back_taxable_minor: i64,
    pub back_minor: i64,
}

const DOCUMENT: &str =
    "o.order_id, o.business_day, o.prefix, o.fiscal_year, o.document_no, o.document, o.buyer,
    o.seller, o.place_of_supply, o.total_minor,
    case when o.cancelled_ms is not null then coalesce(nullif(o.cancelled_day, 0), o.business_day) end,
    o.tax_rules";

fn document(r: &rusqlite::Row<'_>) -> rusqlite::Result<SoldDocument> {
    Ok(SoldDocument {
        order: OrderId::from_bytes(r.get(0)?),
        business_day: r.get(1)?,
        prefix: r.get(2)?,
        fiscal_year: r.get(3)?,
        document_no: r.get(4)?,
        document: r.get(5)?,
        buyer: r.get::<_, Option<Vec<u8>>>(6)?.map(|bytes| unpacked(&bytes)),
        seller: unpacked(&r.get::<_, Vec<u8>>(7)?),
        place_of_supply: r.get(8)?,
        total_minor: r.get(9)?,
        cancelled_day: r.get(10)?,
        // As `Taxing::words` says it.
        in_zone: r.get::<_, String>(11)?.split(' ').any(|word| word == "zone"),
        lines: Vec::new(),
    })
}

impl Reader<'_> {
    /// Every document of these days, cancelled ones too, in the order of their numbers.
    pub fn documents_sold(&self, from_day: u32, to_day: u32) -> Result<Vec<SoldDocument>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {DOCUMENT} from \"order\" o where o.business_day between ?1 and ?2
             order by o.prefix, o.fiscal_year, o.document_no"
        ))?;
        let mut documents: Vec<SoldDocument> = statement
            .query_map([from_day, to_day], document)?
            .collect::<Result<_, _>>()?;
        for sold in &mut documents {
            sold.lines = self.sold_lines(
                "select l.line, l.hsn, l.name, l.unit, l.milli, l.tax_class_id, l.taxable_minor, t.name, t.rate,
                        x.value ->> 1
                 from order_line l
                 left join json_each(l.taxes) x
                 left join order_tax t on t.order_id = l.order_id and t.tax = x.value ->> 0
                 where l.order_id = ?1 order by l.line, x.key",
                sold.order.bytes(),
            )?;
        }
        Ok(documents)
    }

    /// A document as it was issued.
    pub fn document_sold(&self, order: OrderId) -> Result<Option<SoldDocument>, StoreError> {
        let mut found = self
            .conn
            .prepare_cached(&format!(
                "select {DOCUMENT} from \"order\" o where o.order_id = ?1"
            ))?
            .query_map([order.bytes()], document)?
            .collect::<Result<Vec<_>, _>>()?;
        let Some(mut sold) = found.pop() else {
            return Ok(None);
        };
        sold.lines = self.sold_lines(
            "select l.line, l.hsn, l.name, l.unit, l.milli, l.tax_class_id, l.taxable_minor, t.name, t.rate,
                    x.value ->> 1
             from order_line l
             left join json_each(l.taxes) x
             left join order_tax t on t.order_id = l.order_id and t.tax = x.value ->> 0
             where l.order_id = ?1 order by l.line, x.key",
            order.bytes(),
        )?;
        Ok(Some(sold))
    }

    /// Every credit note of these days.
    pub fn credit_notes(&self, from_day: u32, to_day: u32) -> Result<Vec<CreditNote>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {DOCUMENT}, r.refund_id, r.business_day, r.prefix, r.fiscal_year, r.document_no, r.total_minor
             from refund r join \"order\" o on o.order_id = r.order_id
             where r.business_day between ?1 and ?2
             order by r.prefix, r.fiscal_year, r.document_no"
        ))?;
        let mut notes = statement
            .query_map([from_day, to_day], |r| {
                let note = CreditNote {
                    sale: document(r)?,
                    business_day: r.get(13)?,
                    prefix: r.get(14)?,
                    fiscal_year: r.get(15)?,
                    document_no: r.get(16)?,
                    total_minor: r.get(17)?,
                    lines: Vec::new(),
                };
                Ok((r.get::<_, [u8; 16]>(12)?, note))
            })?
            .collect::<Result<Vec<_>, _>>()?;
        for (id, note) in &mut notes {
            note.lines = self.sold_lines(
                "select b.line, l.hsn, l.name, l.unit, b.milli, l.tax_class_id, b.taxable_minor, t.name, t.rate,
                        x.amount_minor
                 from refund_line b
                 join refund r on r.refund_id = b.refund_id
                 join order_line l on l.order_id = r.order_id and l.line = b.line
                 left join refund_line_tax x on x.refund_id = b.refund_id and x.line = b.line
                 left join refund_tax t on t.refund_id = x.refund_id and t.tax = x.tax
                 where b.refund_id = ?1 order by b.line, x.tax",
                *id,
            )?;
        }
        Ok(notes.into_iter().map(|(_, note)| note).collect())
    }

    /// Orders of before these days that were cancelled in them.
    pub fn orders_cancelled_later(&self, from_day: u32, to_day: u32) -> Result<Vec<OrderId>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select order_id from \"order\" where cancelled_ms is not null and cancelled_day between ?1 and ?2
             and business_day < ?1 order by prefix, fiscal_year, document_no",
        )?;
        let rows = statement.query_map([from_day, to_day], |r| Ok(OrderId::from_bytes(r.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Receipts of these days with money that nothing was open for, and how much of it.
    pub fn advances_received(&self, from_day: u32, to_day: u32) -> Result<Vec<(String, i64)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select prefix, fiscal_year, document_no, p.amount_minor - coalesce(sum(i.amount_minor), 0) advance
             from account_payment p left join account_payment_item i using (payment_id)
             where business_day between ?1 and ?2
               and not exists (select 1 from account_adjustment a
                               where a.about_id = p.payment_id and a.kind = 'payment_reversed')
             group by p.payment_id having advance > 0 order by prefix, fiscal_year, document_no",
        )?;
        let rows = statement.query_map([from_day, to_day], |r| {
            let (prefix, year): (String, String) = (r.get(0)?, r.get(1)?);
            Ok((format!("{prefix}/{year}/{:06}", r.get::<_, u32>(2)?), r.get(3)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn sold_lines(&self, sql: &str, id: [u8; 16]) -> Result<Vec<SoldLine>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([id])?;
        let mut lines: Vec<SoldLine> = Vec::new();
        let mut last = None;
        while let Some(r) = rows.next()? {
            let line: u32 = r.get(0)?;
            if last != Some(line) {
                last = Some(line);
                lines.push(SoldLine {
                    hsn: r.get(1)?,
                    name: r.get(2)?,
                    unit: r.get(3)?,
                    milli: r.get(4)?,
                    class: r.get(5)?,
                    taxable_minor: r.get(6)?,
                    taxes: Vec::new(),
                });
            }
            let name: Option<String> = r.get(7)?;
            if let (Some(name), Some(line)) = (name, lines.last_mut()) {
                line.taxes.push((name, r.get(8)?, r.get(9)?));
            }
        }
        Ok(lines)
    }

    /// Which orders got a corrected buyer on these days.
    pub fn orders_revised(&self, from_day: u32, to_day: u32) -> Result<Vec<OrderId>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select distinct order_id from invoice_revision where business_day between ?1 and ?2 order by order_id",
        )?;
        let rows = statement.query_map([from_day, to_day], |r| Ok(OrderId::from_bytes(r.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What every tax came to on these days: sold, and given back. What was cancelled in its own
    /// month was never sold; what is cancelled later is given back then, because its month was told.
    pub fn tax_totals(&self, from_day: u32, to_day: u32) -> Result<Vec<TaxTotal>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select name, rate, sum(sold_taxable), sum(sold), sum(back_taxable), sum(back) from (
                 select t.name, t.rate, t.taxable_minor as sold_taxable, t.amount_minor as sold, 0 as back_taxable,
                        0 as back
                 from \"order\" o join order_tax t on t.order_id = o.order_id
                 where o.business_day between ?1 and ?2
                   and (o.cancelled_ms is null or o.cancelled_day / 100 > o.business_day / 100)
                 union all
                 select t.name, t.rate, 0, 0, t.taxable_minor, t.amount_minor
                 from refund r join refund_tax t on t.refund_id = r.refund_id
                 where r.business_day between ?1 and ?2
                 union all
                 select t.name, t.rate, 0, 0, t.taxable_minor, t.amount_minor
                 from \"order\" o join order_tax t on t.order_id = o.order_id
                 where o.cancelled_day between ?1 and ?2 and o.cancelled_day / 100 > o.business_day / 100
             ) group by name, rate order by name, rate",
        )?;
        let rows = statement.query_map(params![from_day, to_day], |r| {
            Ok(TaxTotal {
                name: r.get(0)?,
                rate: r.get(1)?,
                sold_taxable_minor: r.get(2)?,
                sold_minor: r.get(3)?,
                back_taxable_minor: r.get(4)?,
                back_minor: r.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What was sold on these days in all, and given back, its taxes not counted.
    pub fn sold_without_tax(&self, from_day: u32, to_day: u32) -> Result<(i64, i64), StoreError> {
        Ok(self.conn.query_row(
            "select
                 (select coalesce(sum(taxable_minor), 0) from \"order\"
                  where business_day between ?1 and ?2
                    and (cancelled_ms is null or cancelled_day / 100 > business_day / 100)),
                 (select coalesce(sum(taxable_minor), 0) from refund where business_day between ?1 and ?2)
                 + (select coalesce(sum(taxable_minor), 0) from \"order\"
                    where cancelled_day between ?1 and ?2 and cancelled_day / 100 > business_day / 100)",
            params![from_day, to_day],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )?)
    }
}
