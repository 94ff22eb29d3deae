//! The report of a drawer: Z when a shift is closed, X while it goes on, an addendum for what came late.

use serde::{Deserialize, Serialize};

use crate::{
    amount::{figures, money},
    document::{Align, Document, Look, Rule, Size},
    slips::{PLAIN, begin, drawer, end, isolated, labelled, marks, pair},
    template::Template,
    words::{Language, Words},
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShiftReport {
    #[default]
    Z,
    X,
    Addendum,
}

/// A way to pay and what it came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShiftMethod {
    pub label: String,
    pub count: u32,
    pub taken_minor: i64,
    pub back_minor: i64,
    pub tips_minor: i64,
    pub net_minor: i64,
}

/// What one currency did in the drawer, signed, and what was found of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShiftDrawer {
    pub currency: String,
    pub float_minor: i64,
    pub sales_minor: i64,
    pub tips_minor: i64,
    pub account_minor: i64,
    pub back_minor: i64,
    pub in_minor: i64,
    pub out_minor: i64,
    pub drop_minor: i64,
    pub tips_out_minor: i64,
    pub expected_minor: i64,
    /// None when nobody counted.
    pub counted_minor: Option<i64>,
    pub variance_minor: i64,
    pub left_minor: Option<i64>,
    /// The value of a note or coin, and how many of them.
    pub pieces: Vec<(i64, u32)>,
    pub loose_minor: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShiftTax {
    pub label: String,
    pub taxable_minor: i64,
    pub amount_minor: i64,
}

/// Everything that a report of a shift says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShiftSlipData {
    pub report: ShiftReport,
    pub shop_name: String,
    pub branch: String,
    pub tax_number: Option<String>,
    pub demo: bool,
    /// The report's own number.
    pub number: String,
    /// The Z that an addendum belongs to.
    pub of: Option<String>,
    pub business_day: String,
    pub opened_at: String,
    /// When it was closed, or made.
    pub made_at: String,
    pub counter: String,
    pub holder: String,
    pub staff: String,
    pub orders: u32,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub tax_minor: i64,
    pub taxes: Vec<ShiftTax>,
    pub refunds: u32,
    pub refunded_minor: i64,
    pub cancelled: u32,
    pub cancelled_minor: i64,
    pub no_sales: u32,
    pub documents: Option<(String, String)>,
    pub methods: Vec<ShiftMethod>,
    pub drawers: Vec<ShiftDrawer>,
    /// Computed once more from the facts, the figures are the same.
    pub equals_facts: bool,
    pub note: String,
    pub copy: u16,
    /// ISO 4217.
    pub currency: String,
    /// BCP 47.
    pub language: String,
    pub open_drawer: bool,
}

fn rule(document: &mut Document) {
    document.space(8);
    document.rule(Rule::Thin);
    document.space(8);
}

fn heading(document: &mut Document, text: &str) {
    document.text(text, Align::Start, PLAIN.bold());
}

/// A row that is left out when it says nothing.
fn some(document: &mut Document, label: &str, minor: i64, currency: &str) {
    if minor != 0 {
        document.row(label, figures(minor, currency), PLAIN);
    }
}

fn counted(label: &str, count: u32) -> String {
    format!("{label} {}", isolated(&format!("× {count}")))
}

pub fn shift_report(data: &ShiftSlipData, template: &Template) -> Document {
    let language = Language::of(&data.language);
    let title = match data.report {
        ShiftReport::Z => Words::of(language).z_report,
        ShiftReport::X => Words::of(language).x_report,
        ShiftReport::Addendum => Words::of(language).addendum,
    };
    let (mut document, words) = begin(
        &data.language,
        template.paper,
        format!("{title} {}", data.number).trim(),
    );
    let currency = data.currency.as_str();
    drawer(&mut document, data.open_drawer);
    marks(&mut document, &words, data.demo, data.copy);
    document.text(&data.shop_name, Align::Centre, PLAIN.bold());
    if data.branch != data.shop_name {
        document.text(&data.branch, Align::Centre, PLAIN);
    }
    if let Some(number) = data
        .tax_number
        .as_deref()
        .filter(|number| !number.trim().is_empty())
    {
        document.text(labelled(words.tax_number, number), Align::Centre, PLAIN);
    }
    document.space(8);
    document.text(title, Align::Centre, Look::of(Size::Two).bold());
    document.text(&data.number, Align::Centre, PLAIN.bold());
    if let Some(of) = &data.of {
        document.text(labelled(words.z_report, of), Align::Centre, PLAIN);
    }
    rule(&mut document);
    document.row(words.business_day, isolated(&data.business_day), PLAIN);
    document.row(words.opened, isolated(&data.opened_at), PLAIN);
    let made = if data.report == ShiftReport::Z {
        words.closed
    } else {
        words.made
    };
    document.row(made, isolated(&data.made_at), PLAIN);
    pair(&mut document, &data.counter, &data.holder);
    if data.staff != data.holder && !data.staff.trim().is_empty() {
        document.row(made, &data.staff, PLAIN);
    }
    rule(&mut document);

    heading(&mut document, words.sales);
    document.row(words.orders, data.orders.to_string(), PLAIN);
    document.row(words.subtotal, figures(data.subtotal_minor, currency), PLAIN);
    some(
        &mut document,
        words.discount,
        data.discount_minor.saturating_neg(),
        currency,
    );
    some(&mut document, words.rounding, data.rounding_minor, currency);
    document.row(words.total, money(data.total_minor, currency), PLAIN.bold());
    some(&mut document, words.tax, data.tax_minor, currency);
    for tax in &data.taxes {
        document.row(
            labelled(&tax.label, &figures(tax.taxable_minor, currency)),
            figures(tax.amount_minor, currency),
            Look::of(Size::Small),
        );
    }
    for (label, count, minor) in [
        (words.refunds, data.refunds, data.refunded_minor),
        (words.cancelled_orders, data.cancelled, data.cancelled_minor),
    ] {
        if count > 0 {
            document.row(
                counted(label, count),
                figures(minor.saturating_neg(), currency),
                PLAIN,
            );
        }
    }
    if data.no_sales > 0 {
        document.row(words.drawer_opened, data.no_sales.to_string(), PLAIN);
    }
    if let Some((first, last)) = &data.documents {
        pair(&mut document, &isolated(first), &isolated(last));
    }
    if !data.methods.is_empty() {
        rule(&mut document);
        heading(&mut document, words.payments);
        for method in &data.methods {
            document.row(
                counted(&method.label, method.count),
                figures(method.net_minor, currency),
                PLAIN,
            );
            if method.back_minor != 0 || method.tips_minor != 0 {
                some(&mut document, words.received, method.taken_minor, currency);
                some(&mut document, words.tips, method.tips_minor, currency);
                some(
                    &mut document,
                    words.paid_back,
                    method.back_minor.saturating_neg(),
                    currency,
                );
            }
        }
    }
    for one in &data.drawers {
        rule(&mut document);
        cash(&mut document, &words, one, data.report);
    }
    rule(&mut document);
    let check = if data.equals_facts {
        words.equals_facts
    } else {
        words.differs_facts
    };
    let look = if data.equals_facts {
        PLAIN
    } else {
        PLAIN.bold().reversed()
    };
    document.text(check, Align::Centre, look);
    if !data.note.trim().is_empty() {
        document.text(&data.note, Align::Start, PLAIN);
    }
    if data.report == ShiftReport::Z {
        document.space(40);
        document.rule(Rule::Thin);
        document.text(words.signature, Align::Centre, Look::of(Size::Small));
    }
    end(&mut document);
    document
}

fn cash(document: &mut Document, words: &Words, of: &ShiftDrawer, report: ShiftReport) {
    let currency = of.currency.as_str();
    heading(document, &labelled(words.drawer, currency));
    if report != ShiftReport::Addendum {
        document.row(words.float, figures(of.float_minor, currency), PLAIN);
    }
    for (label, minor) in [
        (words.cash_sales, of.sales_minor),
        (words.tips, of.tips_minor),
        (words.on_account, of.account_minor),
        (words.paid_back, of.back_minor),
        (words.cash_in, of.in_minor),
        (words.cash_out, of.out_minor),
        (words.tips_paid, of.tips_out_minor),
        (words.to_safe, of.drop_minor),
    ] {
        some(document, label, minor, currency);
    }
    if report == ShiftReport::Addendum {
        return;
    }
    document.row(words.expected, money(of.expected_minor, currency), PLAIN.bold());
    if report == ShiftReport::X {
        return;
    }
    match of.counted_minor {
        None => document.text(words.not_counted, Align::Start, PLAIN.bold()),
        Some(counted) => {
            for (value, count) in &of.pieces {
                document.row(
                    isolated(&format!("{count} × {}", figures(*value, currency))),
                    figures(value.saturating_mul(i64::from(*count)), currency),
                    Look::of(Size::Small),
                );
            }
            if !of.pieces.is_empty() {
                some(document, words.loose, of.loose_minor, currency);
            }
            document.row(words.counted, money(counted, currency), PLAIN.bold());
            document.row(words.variance, figures(of.variance_minor, currency), PLAIN.bold());
        }
    }
    if let Some(left) = of.left_minor {
        document.row(words.left, figures(left, currency), PLAIN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Block;

    fn data(report: ShiftReport) -> ShiftSlipData {
        ShiftSlipData {
            report,
            shop_name: "Shop".to_owned(),
            branch: "Main".to_owned(),
            number: "Z2K/26-27/000017".to_owned(),
            business_day: "2026-11-21".to_owned(),
            opened_at: "2026-11-21 09:00".to_owned(),
            made_at: "2026-11-21 21:00".to_owned(),
            counter: "Till 1".to_owned(),
            holder: "Meena".to_owned(),
            staff: "Asha".to_owned(),
            orders: 3,
            subtotal_minor: 30_000,
            total_minor: 30_000,
            methods: vec![ShiftMethod {
                label: "Cash".to_owned(),
                count: 3,
                taken_minor: 30_000,
                back_minor: 2_500,
                net_minor: 27_500,
                ..ShiftMethod::default()
            }],
            drawers: vec![ShiftDrawer {
                currency: "INR".to_owned(),
                float_minor: 100_000,
                sales_minor: 30_000,
                back_minor: -2_500,
                expected_minor: 127_500,
                counted_minor: Some(127_000),
                variance_minor: -500,
                left_minor: Some(100_000),
                pieces: vec![(50_000, 2), (10_000, 2)],
                loose_minor: 7_000,
                ..ShiftDrawer::default()
            }],
            equals_facts: true,
            currency: "INR".to_owned(),
            language: "en".to_owned(),
            ..ShiftSlipData::default()
        }
    }

    fn said(data: &ShiftSlipData) -> Vec<String> {
        shift_report(data, &Template::default())
            .blocks
            .iter()
            .filter_map(|block| match block {
                Block::Text { text, .. } => Some(text.clone()),
                Block::Row(row) => Some([row.text.as_str(), &row.amount].join("|")),
                _ => None,
            })
            .map(|text| text.replace(['\u{2068}', '\u{2069}'], ""))
            .collect()
    }

    #[test]
    fn a_z_says_what_was_expected_found_and_left() {
        let said = said(&data(ShiftReport::Z));
        for line in [
            "Z report",
            "Z2K/26-27/000017",
            "Float|1,000.00",
            "Cash sales|300.00",
            "Paid back|−25.00",
            "Expected|₹1,275.00",
            "2 × 500.00|1,000.00",
            "Loose|70.00",
            "Counted|₹1,270.00",
            "Difference|−5.00",
            "Left in the drawer|1,000.00",
            "Equal to the books",
            "Cash × 3|275.00",
        ] {
            assert!(
                said.iter().any(|one| one == line),
                "{line} is missing in {said:#?}"
            );
        }
    }

    #[test]
    fn what_nobody_counted_says_so_and_an_x_counts_nothing() {
        let mut z = data(ShiftReport::Z);
        z.drawers[0].counted_minor = None;
        z.equals_facts = false;
        let z = said(&z);
        assert!(z.iter().any(|one| one == "Not counted"), "{z:#?}");
        assert!(z.iter().any(|one| one == "NOT equal to the books"), "{z:#?}");
        let x = said(&data(ShiftReport::X));
        assert!(x.iter().any(|one| one == "Expected|₹1,275.00"), "{x:#?}");
        assert!(!x.iter().any(|one| one.starts_with("Counted")), "{x:#?}");
        let late = said(&ShiftSlipData {
            of: Some("Z2K/26-27/000017".to_owned()),
            ..data(ShiftReport::Addendum)
        });
        assert!(
            late.iter().any(|one| one == "Z report Z2K/26-27/000017"),
            "{late:#?}"
        );
        assert!(!late.iter().any(|one| one.starts_with("Expected")), "{late:#?}");
    }
}
