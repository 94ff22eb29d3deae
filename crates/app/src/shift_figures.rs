//! The figures of a shift, from the facts: all that a report has seen, or what came after it. The same code makes a
//! report and checks it years later.

use crate::{AppError, Code, Result, order_view::document_of, shifts::too_much};
use domain::{
    money::Money,
    shift::{CurrencyCode, Entry, Figures},
};
use journal::body::{
    DrawerFiguresV1, FiguresV1, MethodFiguresV1, SalesFiguresV1, ShiftClosedV1, TaxFiguresV1,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use store::{
    Reader,
    shifts::{EntryRow, ShiftRow},
};
use utoipa::ToSchema;

/// How far each device's series was seen.
pub(crate) type Seen = Vec<([u8; 16], u64)>;

fn has_seen(seen: &Seen, device: &[u8; 16], seq: u64) -> bool {
    seen.iter().any(|(one, upto)| one == device && seq <= *upto)
}

/// Which facts are counted: those in `upto` and not in `after`.
pub(crate) struct Span<'a> {
    pub after: Option<&'a Seen>,
    pub upto: Seen,
    /// Until when drawers that were opened without a sale belong to it.
    pub to_ms: i64,
}

impl Span<'_> {
    fn counts(&self, device: &[u8; 16], seq: u64) -> bool {
        has_seen(&self.upto, device, seq) && !self.after.is_some_and(|after| has_seen(after, device, seq))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DrawerFiguresView {
    pub currency: String,
    pub float_minor: i64,
    /// In cash, without tips; change for foreign notes goes off it.
    pub sales_minor: i64,
    pub tips_minor: i64,
    /// Received on account.
    pub account_minor: i64,
    /// Refunds and void payments; zero or less, as everything below that leaves the drawer.
    pub back_minor: i64,
    pub in_minor: i64,
    pub out_minor: i64,
    pub drop_minor: i64,
    pub tips_out_minor: i64,
    pub expected_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MethodFiguresView {
    pub method: String,
    pub taken: u32,
    pub taken_minor: i64,
    pub tips_minor: i64,
    pub rounding_minor: i64,
    pub back: u32,
    /// Positive.
    pub back_minor: i64,
    /// What the terminal's batch must come to.
    pub net_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TaxFiguresView {
    pub name: String,
    pub rate: String,
    pub taxable_minor: i64,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SalesFiguresView {
    pub orders: u32,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    pub taxable_minor: i64,
    pub tax_minor: i64,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub taxes: Vec<TaxFiguresView>,
    pub refunds: u32,
    pub refunded_minor: i64,
    pub cancelled: u32,
    pub cancelled_minor: i64,
    pub no_sales: u32,
    pub first_document: String,
    pub last_document: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FiguresView {
    pub drawers: Vec<DrawerFiguresView>,
    pub methods: Vec<MethodFiguresView>,
    pub sales: SalesFiguresView,
}

pub(crate) fn code_text(currency: &CurrencyCode) -> String {
    String::from_utf8_lossy(currency).into_owned()
}

fn code_of(text: &str) -> Result<CurrencyCode> {
    text.as_bytes()
        .try_into()
        .map_err(|_| AppError::new(Code::Broken).because("a currency without three letters"))
}

fn entry(row: &EntryRow) -> Result<Entry> {
    let kind = row
        .kind
        .parse()
        .map_err(|e| AppError::new(Code::Broken).because(e))?;
    let foreign = match &row.foreign {
        Some((currency, minor)) => Some((code_of(currency)?, Money::from_minor(*minor))),
        None => None,
    };
    Ok(Entry {
        kind,
        method: row.method.clone(),
        amount: Money::from_minor(row.amount_minor),
        tip: Money::from_minor(row.tip_minor),
        rounding: Money::from_minor(row.rounding_minor),
        cash: Money::from_minor(row.cash_minor),
        foreign,
    })
}

/// The figures of a shift over a span of its facts.
pub(crate) fn figures_of(
    reader: &Reader<'_>,
    own: CurrencyCode,
    shift: &ShiftRow,
    span: &Span<'_>,
) -> Result<FiguresV1> {
    let rows: Vec<EntryRow> = reader
        .shift_entries(shift.id)?
        .into_iter()
        .filter(|row| span.counts(&row.device, row.seq))
        .collect();
    let entries = rows.iter().map(entry).collect::<Result<Vec<_>>>()?;
    let floats: Vec<(CurrencyCode, Money)> = match span.after {
        Some(_) => vec![],
        None => shift
            .opened
            .floats
            .iter()
            .map(|float| (float.currency, Money::from_minor(float.counted_minor)))
            .collect(),
    };
    let figures = Figures::of(own, &floats, &entries).map_err(too_much)?;
    let sales = sales_of(reader, shift, span, &rows)?;
    Ok(FiguresV1 {
        seen: span.upto.clone(),
        drawers: figures
            .drawers
            .iter()
            .map(|(currency, drawer)| DrawerFiguresV1 {
                currency: *currency,
                float_minor: drawer.float.minor(),
                sales_minor: drawer.sales.minor(),
                tips_minor: drawer.tips.minor(),
                account_minor: drawer.account.minor(),
                back_minor: drawer.back.minor(),
                in_minor: drawer.moved_in.minor(),
                out_minor: drawer.moved_out.minor(),
                drop_minor: drawer.dropped.minor(),
                tips_out_minor: drawer.tips_out.minor(),
            })
            .collect(),
        methods: figures
            .methods
            .iter()
            .map(|(method, figures)| MethodFiguresV1 {
                method: method.clone(),
                taken: figures.taken_count,
                taken_minor: figures.taken.minor(),
                tips_minor: figures.tips.minor(),
                rounding_minor: figures.rounding.minor(),
                back: figures.back_count,
                back_minor: figures.back.minor(),
            })
            .collect(),
        sales,
    })
}

fn sum(amounts: impl Iterator<Item = i64>) -> Result<i64> {
    Money::sum(amounts.map(Money::from_minor))
        .map(Money::minor)
        .map_err(too_much)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn sales_of(
    reader: &Reader<'_>,
    shift: &ShiftRow,
    span: &Span<'_>,
    rows: &[EntryRow],
) -> Result<SalesFiguresV1> {
    let orders: Vec<_> = reader
        .shift_orders(shift.id)?
        .into_iter()
        .filter(|row| span.counts(&row.device, row.seq))
        .collect();
    let ids: BTreeSet<_> = orders.iter().map(|row| row.order).collect();
    let mut taxes: BTreeMap<(String, u32), (i64, i64)> = BTreeMap::new();
    for (order, one) in reader.shift_order_taxes(shift.id)? {
        if ids.contains(&order) {
            let tax = taxes.entry((one.name, one.rate)).or_default();
            *tax = (
                sum([tax.0, one.taxable_minor].into_iter())?,
                sum([tax.1, one.amount_minor].into_iter())?,
            );
        }
    }
    // What is paid back, by its cause: how often, and how much.
    let back = |cause: &str| -> Result<(u32, i64)> {
        let of: Vec<&EntryRow> = rows.iter().filter(|row| row.cause == cause).collect();
        let subjects: BTreeSet<_> = of.iter().map(|row| row.subject).collect();
        let amount = sum(of.iter().map(|row| row.amount_minor))?;
        Ok((count(subjects.len()), amount.saturating_neg()))
    };
    let (refunds, refunded_minor) = back("refunded")?;
    let (cancelled, cancelled_minor) = back("cancelled")?;
    let no_sales = reader
        .no_sales(shift.id, shift.counter, shift.opened.opened_ms, span.to_ms)?
        .into_iter()
        .filter(|(device, seq)| span.counts(device, *seq))
        .count();
    let document = |row: Option<&store::shifts::ShiftOrderRow>| {
        row.map(|row| document_of(&row.document.0, &row.document.1, row.document.2))
            .unwrap_or_default()
    };
    Ok(SalesFiguresV1 {
        orders: count(orders.len()),
        subtotal_minor: sum(orders.iter().map(|row| row.subtotal_minor))?,
        discount_minor: sum(orders.iter().map(|row| row.discount_minor))?,
        taxable_minor: sum(orders.iter().map(|row| row.taxable_minor))?,
        tax_minor: sum(orders.iter().map(|row| row.tax_minor))?,
        rounding_minor: sum(orders.iter().map(|row| row.rounding_minor))?,
        total_minor: sum(orders.iter().map(|row| row.total_minor))?,
        taxes: taxes
            .into_iter()
            .map(|((name, rate), (taxable_minor, amount_minor))| TaxFiguresV1 {
                name,
                rate,
                taxable_minor,
                amount_minor,
            })
            .collect(),
        refunds,
        refunded_minor,
        cancelled,
        cancelled_minor,
        no_sales: count(no_sales),
        first_document: document(orders.first()),
        last_document: document(orders.last()),
    })
}

/// Whether anything at all is counted.
pub(crate) fn is_nothing(figures: &FiguresV1) -> bool {
    figures.methods.is_empty() && figures.sales.orders == 0 && {
        let zero = |drawer: &DrawerFiguresV1| parts(drawer).iter().all(|minor| *minor == 0);
        figures.drawers.iter().all(zero)
    }
}

fn parts(drawer: &DrawerFiguresV1) -> [i64; 9] {
    [
        drawer.float_minor,
        drawer.sales_minor,
        drawer.tips_minor,
        drawer.account_minor,
        drawer.back_minor,
        drawer.in_minor,
        drawer.out_minor,
        drawer.drop_minor,
        drawer.tips_out_minor,
    ]
}

/// What must be in the drawer, by the figures of a report.
pub(crate) fn expected(drawer: &DrawerFiguresV1) -> Result<i64> {
    sum(parts(drawer).into_iter())
}

/// What a report says against what the facts say: the words of every figure that differs.
pub(crate) fn differences(stated: &FiguresV1, found: &FiguresV1) -> Vec<String> {
    let mut words = Vec::new();
    let drawer = |figures: &FiguresV1, currency: &CurrencyCode| {
        let of = figures.drawers.iter().find(|drawer| drawer.currency == *currency);
        of.map_or([0; 9], parts)
    };
    let currencies: BTreeSet<_> = stated
        .drawers
        .iter()
        .chain(&found.drawers)
        .map(|drawer| drawer.currency)
        .collect();
    for currency in currencies {
        if drawer(stated, &currency) != drawer(found, &currency) {
            words.push(format!("cash {}", code_text(&currency)));
        }
    }
    let methods: BTreeSet<_> = stated
        .methods
        .iter()
        .chain(&found.methods)
        .map(|figures| &figures.method)
        .collect();
    for method in methods {
        let of = |figures: &FiguresV1| figures.methods.iter().find(|one| one.method == *method).cloned();
        if of(stated) != of(found) {
            words.push(format!("method {method}"));
        }
    }
    if stated.sales != found.sales {
        words.push("sales".to_owned());
    }
    words
}

/// A Z computed once more from the facts that it has seen.
pub(crate) fn check_z(
    reader: &Reader<'_>,
    own: CurrencyCode,
    shift: &ShiftRow,
    z: &ShiftClosedV1,
) -> Result<Vec<String>> {
    let span = Span {
        after: None,
        upto: z.figures.seen.clone(),
        to_ms: z.closed_ms,
    };
    let found = figures_of(reader, own, shift, &span)?;
    Ok(differences(&z.figures, &found))
}

pub(crate) fn in_view(figures: &FiguresV1) -> Result<FiguresView> {
    let sales = &figures.sales;
    Ok(FiguresView {
        drawers: figures
            .drawers
            .iter()
            .map(|drawer| {
                Ok(DrawerFiguresView {
                    currency: code_text(&drawer.currency),
                    float_minor: drawer.float_minor,
                    sales_minor: drawer.sales_minor,
                    tips_minor: drawer.tips_minor,
                    account_minor: drawer.account_minor,
                    back_minor: drawer.back_minor,
                    in_minor: drawer.in_minor,
                    out_minor: drawer.out_minor,
                    drop_minor: drawer.drop_minor,
                    tips_out_minor: drawer.tips_out_minor,
                    expected_minor: expected(drawer)?,
                })
            })
            .collect::<Result<_>>()?,
        methods: figures
            .methods
            .iter()
            .map(|of| {
                Ok(MethodFiguresView {
                    method: of.method.clone(),
                    taken: of.taken,
                    taken_minor: of.taken_minor,
                    tips_minor: of.tips_minor,
                    rounding_minor: of.rounding_minor,
                    back: of.back,
                    back_minor: of.back_minor,
                    net_minor: sum([
                        of.taken_minor,
                        of.tips_minor,
                        of.rounding_minor,
                        of.back_minor.saturating_neg(),
                    ]
                    .into_iter())?,
                })
            })
            .collect::<Result<_>>()?,
        sales: SalesFiguresView {
            orders: sales.orders,
            subtotal_minor: sales.subtotal_minor,
            discount_minor: sales.discount_minor,
            taxable_minor: sales.taxable_minor,
            tax_minor: sales.tax_minor,
            rounding_minor: sales.rounding_minor,
            total_minor: sales.total_minor,
            taxes: sales
                .taxes
                .iter()
                .map(|tax| TaxFiguresView {
                    name: tax.name.clone(),
                    rate: rate_text(tax.rate),
                    taxable_minor: tax.taxable_minor,
                    amount_minor: tax.amount_minor,
                })
                .collect(),
            refunds: sales.refunds,
            refunded_minor: sales.refunded_minor,
            cancelled: sales.cancelled,
            cancelled_minor: sales.cancelled_minor,
            no_sales: sales.no_sales,
            first_document: sales.first_document.clone(),
            last_document: sales.last_document.clone(),
        },
    })
}

/// "2.5", from millionths of a percent.
pub(crate) fn rate_text(rate: u32) -> String {
    rust_decimal::Decimal::new(i64::from(rate), 6)
        .normalize()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_said_as_people_say_them() {
        assert_eq!(rate_text(2_500_000), "2.5");
        assert_eq!(rate_text(18_000_000), "18");
        assert_eq!(rate_text(0), "0");
    }

    #[test]
    fn what_differs_is_named_and_what_is_equal_is_not() {
        let drawer = |sales_minor| DrawerFiguresV1 {
            currency: *b"INR",
            float_minor: 100,
            sales_minor,
            tips_minor: 0,
            account_minor: 0,
            back_minor: 0,
            in_minor: 0,
            out_minor: 0,
            drop_minor: 0,
            tips_out_minor: 0,
        };
        let figures = |sales_minor, orders| FiguresV1 {
            seen: vec![([1; 16], 5)],
            drawers: vec![drawer(sales_minor)],
            methods: vec![],
            sales: SalesFiguresV1 {
                orders,
                ..SalesFiguresV1::default()
            },
        };
        assert_eq!(differences(&figures(5, 1), &figures(5, 1)), Vec::<String>::new());
        assert_eq!(differences(&figures(5, 1), &figures(6, 2)), ["cash INR", "sales"]);
        let none = FiguresV1::default();
        assert_eq!(
            differences(&figures(0, 0), &none),
            ["cash INR"],
            "a float is a figure too"
        );
        assert!(is_nothing(&none) && !is_nothing(&figures(0, 0)));
    }
}
