//! Orders and tenders as they stand now, and where the numbers stand.

use crate::{Reader, StoreError, Write, catalog::json};
use domain::{
    ids::{BranchId, CounterId, CustomerId, OrderId, ProductId, StaffId},
    time::Moment,
};
use journal::body::{BuyerV1, LineTaxV1, ModifierV1, PartV1, SellerV1};
use rusqlite::{OptionalExtension, Row, params};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    pub id: OrderId,
    pub branch: BranchId,
    pub counter: CounterId,
    pub staff: Option<StaffId>,
    pub placed_ms: i64,
    pub business_day: u32,
    pub number: u32,
    pub prefix: String,
    pub fiscal_year: String,
    pub document_no: u32,
    pub subtotal_minor: i64,
    pub line_discount_minor: i64,
    pub order_discount_minor: i64,
    /// Prices contain their taxes.
    pub inclusive: bool,
    pub taxable_minor: i64,
    pub tax_minor: i64,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub document: String,
    pub customer: Option<CustomerId>,
    pub buyer: Option<BuyerV1>,
    pub seller: SellerV1,
    pub place_of_supply: String,
    pub order_type: String,
    pub quotation: Option<[u8; 16]>,
    pub token_generation: u32,
    pub token_code: String,
    pub token_issued_ms: i64,
    pub token_expires_ms: i64,
    pub token_number: u32,
    pub number_expires_ms: i64,
    pub content: [u8; 32],
    pub cancelled_ms: Option<i64>,
    pub cancelled_by: Option<StaffId>,
    pub cancel_reason: Option<String>,
    /// No token is good: revoked, and not issued again.
    pub revoked: bool,
    pub progress: u8,
    pub preparing_ms: Option<i64>,
    pub ready_ms: Option<i64>,
    pub delivered_ms: Option<i64>,
}

impl OrderRow {
    /// The taxes that came on top of the amounts of the lines.
    pub fn tax_on_top_minor(&self) -> i64 {
        // What the domain made has parts that sum; what a damaged file says must not stop a screen.
        let said = self
            .subtotal_minor
            .saturating_sub(self.line_discount_minor)
            .saturating_sub(self.order_discount_minor);
        self.total_minor
            .saturating_sub(self.rounding_minor)
            .saturating_sub(said)
    }
}

pub(crate) const ORDER: &str =
    "order_id, branch_id, counter_id, staff_id, placed_ms, business_day, number, prefix, fiscal_year,
    document_no, subtotal_minor, line_discount_minor, order_discount_minor, rounding_minor, total_minor,
    token_generation, token_code, token_expires_ms, token_number, number_expires_ms, content, cancelled_ms,
    cancelled_by, cancel_reason, revoked, progress, preparing_ms, ready_ms, delivered_ms,
    token_issued_ms, inclusive, taxable_minor, tax_minor, document, customer_id, buyer, seller, place_of_supply,
    order_type, quotation_id";

pub(crate) fn order(r: &Row<'_>) -> rusqlite::Result<OrderRow> {
    Ok(OrderRow {
        id: OrderId::from_bytes(r.get(0)?),
        branch: BranchId::from_bytes(r.get(1)?),
        counter: CounterId::from_bytes(r.get(2)?),
        staff: r.get::<_, Option<[u8; 16]>>(3)?.map(StaffId::from_bytes),
        placed_ms: r.get(4)?,
        business_day: r.get(5)?,
        number: r.get(6)?,
        prefix: r.get(7)?,
        fiscal_year: r.get(8)?,
        document_no: r.get(9)?,
        subtotal_minor: r.get(10)?,
        line_discount_minor: r.get(11)?,
        order_discount_minor: r.get(12)?,
        rounding_minor: r.get(13)?,
        total_minor: r.get(14)?,
        token_generation: r.get(15)?,
        token_code: r.get(16)?,
        token_expires_ms: r.get(17)?,
        token_number: r.get(18)?,
        number_expires_ms: r.get(19)?,
        content: r.get(20)?,
        cancelled_ms: r.get(21)?,
        cancelled_by: r.get::<_, Option<[u8; 16]>>(22)?.map(StaffId::from_bytes),
        cancel_reason: r.get(23)?,
        revoked: r.get(24)?,
        progress: r.get(25)?,
        preparing_ms: r.get(26)?,
        ready_ms: r.get(27)?,
        delivered_ms: r.get(28)?,
        token_issued_ms: r.get(29)?,
        inclusive: r.get(30)?,
        taxable_minor: r.get(31)?,
        tax_minor: r.get(32)?,
        document: r.get(33)?,
        customer: r.get::<_, Option<[u8; 16]>>(34)?.map(CustomerId::from_bytes),
        buyer: r
            .get::<_, Option<Vec<u8>>>(35)?
            .and_then(|bytes| postcard::from_bytes(&bytes).ok()),
        seller: unpacked(&r.get::<_, Vec<u8>>(36)?),
        place_of_supply: r.get(37)?,
        order_type: r.get(38)?,
        quotation: r.get(39)?,
    })
}

/// What the views packed themselves; a rebuild mends what a person may have bent by hand.
pub(crate) fn unpacked<T: serde::de::DeserializeOwned + Default>(bytes: &[u8]) -> T {
    postcard::from_bytes(bytes).unwrap_or_default()
}

/// One tax of an order or of a credit note, at one rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRow {
    pub name: String,
    /// In millionths of a percent.
    pub rate: u32,
    pub taxable_minor: i64,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLineRow {
    pub line: u32,
    pub product: Option<ProductId>,
    /// The product's short catalogue number: the device's ordinal and its count.
    pub short: Option<(u16, u32)>,
    pub name: String,
    pub unit: String,
    pub milli: i64,
    pub unit_price_minor: i64,
    pub gross_minor: i64,
    pub discount_minor: i64,
    pub order_discount_minor: i64,
    pub note: String,
    /// In thousandths of the product's base unit.
    pub base_milli: i64,
    pub level: String,
    pub price_source: String,
    pub modifiers: Vec<ModifierV1>,
    pub parts: Vec<PartV1>,
    pub hsn: String,
    pub tax_class: Option<[u8; 16]>,
    pub taxable_minor: i64,
    pub tax_minor: i64,
    /// By the order's taxes: which, and how much.
    pub taxes: Vec<LineTaxV1>,
    pub given: i64,
    pub claimed: i64,
    pub kept: i64,
    pub refunded: i64,
    /// The money that went back for what was refunded.
    pub refunded_minor: i64,
}

impl OrderLineRow {
    /// By the numbers of places in facts; what is open is in no column.
    fn shift(&mut self, place: u8, milli: i64) {
        match place {
            1 => self.given += milli,
            2 => self.claimed += milli,
            3 => self.kept += milli,
            4 => self.refunded += milli,
            _ => {}
        }
    }

    /// What the line cost after every discount, its taxes included.
    pub fn paid_minor(&self) -> i64 {
        self.taxable_minor + self.tax_minor
    }
}

#[derive(Debug, Clone, Default)]
pub struct OrderQuery {
    pub business_day: Option<u32>,
    /// A display number, or the running number of a document.
    pub branch: Option<BranchId>,
    pub number: Option<u32>,
    pub cancelled: Option<bool>,
    /// Only where orders of some state can be.
    pub likely: Option<Likely>,
    /// Only orders for which money is due back.
    pub due: bool,
    /// Where the last page ended.
    pub before: Option<(i64, OrderId)>,
    pub limit: usize,
}

/// Where to look for orders of a state, which is derived and in no column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likely {
    NotDelivered,
    InWork,
    /// Something was given or missing, and something is left to give or to pay back.
    Unsettled,
    Delivered,
    PaidBack,
}

impl Likely {
    fn condition(self) -> &'static str {
        match self {
            Likely::NotDelivered => " and delivered_ms is null",
            Likely::InWork => " and delivered_ms is null and progress > 0",
            Likely::Unsettled => {
                " and order_id in (select order_id from order_units where claimed > 0
                                   union select order_id from order_units join \"order\" using (order_id)
                                         where delivered_ms is null)"
            }
            Likely::Delivered => " and delivered_ms is not null",
            Likely::PaidBack => " and order_id in (select order_id from refund)",
        }
    }
}

/// A catalogue number as its two parts.
fn short_of(n: i64) -> (u16, u32) {
    let n = n.unsigned_abs();
    (
        u16::try_from(n >> 32).unwrap_or(u16::MAX),
        u32::try_from(n & u64::from(u32::MAX)).unwrap_or(u32::MAX),
    )
}

/// A device that may have signed a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    pub public_key: [u8; 32],
    pub branch: BranchId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourRow {
    pub business_day: u32,
    pub hour: u8,
    pub orders: i64,
    pub sold_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldRow {
    pub product: ProductId,
    pub name: String,
    pub unit: String,
    pub milli: i64,
    pub sold_minor: i64,
}

impl Reader<'_> {
    pub fn order(&self, id: OrderId) -> Result<Option<OrderRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("select {ORDER} from \"order\" where order_id = ?1"))?
            .query_row([id.bytes()], order)
            .optional()?)
    }

    pub fn order_lines(&self, id: OrderId) -> Result<Vec<OrderLineRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select l.line, product_id, name, unit, milli, unit_price_minor, gross_minor, discount_minor,
                    order_discount_minor, note, coalesce(given, 0), coalesce(claimed, 0), coalesce(kept, 0),
                    coalesce(refunded, 0), coalesce(refunded_minor, 0), n, base_milli, level, price_source, extras,
                    hsn, tax_class_id, taxable_minor, tax_minor, taxes
             from order_line l left join order_units u on u.order_id = l.order_id and u.line = l.line
             where l.order_id = ?1 order by l.line",
        )?;
        let rows = statement.query_map([id.bytes()], |r| {
            let (modifiers, parts) = unpacked(&r.get::<_, Vec<u8>>(19)?);
            Ok(OrderLineRow {
                line: r.get(0)?,
                product: r.get::<_, Option<[u8; 16]>>(1)?.map(ProductId::from_bytes),
                name: r.get(2)?,
                unit: r.get(3)?,
                milli: r.get(4)?,
                unit_price_minor: r.get(5)?,
                gross_minor: r.get(6)?,
                discount_minor: r.get(7)?,
                order_discount_minor: r.get(8)?,
                note: r.get(9)?,
                given: r.get(10)?,
                claimed: r.get(11)?,
                kept: r.get(12)?,
                refunded: r.get(13)?,
                refunded_minor: r.get(14)?,
                short: r.get::<_, Option<i64>>(15)?.map(short_of),
                base_milli: r.get(16)?,
                level: r.get(17)?,
                price_source: r.get(18)?,
                modifiers,
                parts,
                hsn: r.get(20)?,
                tax_class: r.get(21)?,
                taxable_minor: r.get(22)?,
                tax_minor: r.get(23)?,
                taxes: json::<Vec<(u16, i64)>>(r.get_ref(24)?.as_str()?)
                    .into_iter()
                    .map(|(tax, amount_minor)| LineTaxV1 { tax, amount_minor })
                    .collect(),
            })
        })?;
        let mut lines: Vec<OrderLineRow> = rows.collect::<Result<_, _>>()?;
        for one in self.told(id)?.iter().flat_map(|told| &told.moves) {
            if let Some(line) = lines.iter_mut().find(|line| line.line == one.line) {
                line.shift(one.from, -one.milli);
                line.shift(one.to, one.milli);
            }
        }
        Ok(lines)
    }

    /// The taxes of an order, as its lines count them.
    pub fn order_taxes(&self, id: OrderId) -> Result<Vec<TaxRow>, StoreError> {
        self.taxes_of("order_tax where order_id", id.bytes())
    }

    pub(crate) fn taxes_of(&self, which: &str, id: [u8; 16]) -> Result<Vec<TaxRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select name, rate, taxable_minor, amount_minor from {which} = ?1 order by tax"
        ))?;
        let rows = statement.query_map([id], |r| {
            Ok(TaxRow {
                name: r.get(0)?,
                rate: r.get(1)?,
                taxable_minor: r.get(2)?,
                amount_minor: r.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Orders, the newest first.
    pub fn orders(&self, query: &OrderQuery) -> Result<Vec<OrderRow>, StoreError> {
        let mut wanted = String::from("1");
        if query.business_day.is_some() {
            wanted.push_str(" and business_day = ?1");
        }
        if query.number.is_some() {
            wanted.push_str(
                " and order_id in (select order_id from \"order\" where number = ?2
                                   union select order_id from \"order\" where document_no = ?2)",
            );
        }
        match query.cancelled {
            Some(true) => wanted.push_str(" and cancelled_ms is not null"),
            Some(false) => wanted.push_str(" and cancelled_ms is null"),
            None => {}
        }
        if let Some(likely) = query.likely {
            wanted.push_str(likely.condition());
        }
        if query.branch.is_some() {
            wanted.push_str(" and branch_id = ?6");
        }
        if query.due {
            wanted.push_str(" and order_id in (select order_id from order_units where claimed > 0)");
        }
        if query.before.is_some() {
            wanted.push_str(" and (placed_ms, order_id) < (?3, ?4)");
        }
        // Every shape of the query names every parameter.
        let sql = format!(
            "select {ORDER} from \"order\" where {wanted} and coalesce(?1, ?2, ?3, ?4, ?6, 0) is not null
             order by placed_ms desc, order_id desc limit ?5"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let (before_ms, before_id) = query
            .before
            .map_or((None, None), |(ms, id)| (Some(ms), Some(id.bytes())));
        let rows = statement
            .query_map(
                params![
                    query.business_day,
                    query.number,
                    before_ms,
                    before_id,
                    query.limit,
                    query.branch.map(|branch| branch.bytes())
                ],
                order,
            )?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    pub fn device_by_key(&self, key_id: [u8; 4]) -> Result<Option<DeviceRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select public_key, branch_id from device where key_id = ?1")?
            .query_row([key_id], |r| {
                Ok(DeviceRow {
                    public_key: r.get(0)?,
                    branch: BranchId::from_bytes(r.get(1)?),
                })
            })
            .optional()?)
    }

    /// What was sold in each hour, at one branch or at all of them.
    pub fn hours(
        &self,
        branch: Option<BranchId>,
        from_day: u32,
        to_day: u32,
    ) -> Result<Vec<HourRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select business_day, hour, sum(orders), sum(sold_minor) from day_hour
             where business_day between ?1 and ?2 and (?3 is null or branch_id = ?3)
             group by business_day, hour order by business_day, hour",
        )?;
        let rows = statement.query_map(params![from_day, to_day, branch.map(|b| b.bytes())], |r| {
            Ok(HourRow {
                business_day: r.get(0)?,
                hour: r.get(1)?,
                orders: r.get(2)?,
                sold_minor: r.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn best_sellers(
        &self,
        branch: Option<BranchId>,
        day: u32,
        limit: usize,
    ) -> Result<Vec<SoldRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select d.product_id, p.name, p.unit, sum(d.milli) as sold, sum(d.sold_minor) as sold_minor
             from day_product d join product p on p.product_id = d.product_id
             where d.business_day = ?1 and d.milli > 0 and (?3 is null or d.branch_id = ?3)
             group by d.product_id order by sold_minor desc, p.n limit ?2",
        )?;
        let rows = statement.query_map(params![day, limit, branch.map(|b| b.bytes())], |r| {
            Ok(SoldRow {
                product: ProductId::from_bytes(r.get(0)?),
                name: r.get(1)?,
                unit: r.get(2)?,
                milli: r.get(3)?,
                sold_minor: r.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn order_count(&self) -> Result<u64, StoreError> {
        Ok(self
            .conn
            .query_row("select coalesce(sum(orders), 0) from day_hour", [], |r| r.get(0))?)
    }

    /// The last running number of a document series.
    pub fn last_document(&self, prefix: &str, fiscal_year: &str) -> Result<u32, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select last from document_series where prefix = ?1 and fiscal_year = ?2")?
            .query_row([prefix, fiscal_year], |r| r.get(0))
            .optional()?
            .unwrap_or(0))
    }
}

impl Write<'_> {
    /// How many orders the counter placed on that business day.
    pub fn orders_of_day(&self, counter: CounterId, day: u32) -> Result<u32, StoreError> {
        Ok(self
            .tx
            .prepare_cached("select orders from counter_day where counter_id = ?1 and business_day = ?2")?
            .query_row(params![counter.bytes(), day], |r| r.get(0))
            .optional()?
            .unwrap_or(0))
    }

    /// Whether a one-time number is still somebody's at this branch.
    pub fn number_is_live(&self, branch: BranchId, number: u32, now: Moment) -> Result<bool, StoreError> {
        Ok(self
            .tx
            .prepare_cached(
                "select 1 from \"order\" where token_number = ?1 and number_expires_ms > ?2 and cancelled_ms is null
                     and branch_id = ?3",
            )?
            .exists(params![number, now.0, branch.bytes()])?)
    }
}
