//! The receipt for money on account: from whom, how much, for what, and what is owed after it.

use serde::{Deserialize, Serialize};

use crate::{
    amount::{figures, money},
    document::{Align, Document, Look, Rule, Size},
    slips::{
        ASIDE, Head, PLAIN, ReceiptTender, begin, drawer, end, footer, group, head_part, isolated, marks,
        particulars, size, tenders,
    },
    spelled::spelled,
    template::{PartKind, Template},
    words::{Language, Words},
};

/// What a part of the money paid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PaidItem {
    /// A document's number; empty for what has none.
    pub document: String,
    pub amount_minor: i64,
}

/// Everything the receipt says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PaymentSlipData {
    pub shop_name: String,
    pub header: Vec<String>,
    pub branch: String,
    pub tax_number: Option<String>,
    pub demo: bool,
    pub document: String,
    pub at: String,
    pub counter: String,
    pub staff: String,
    pub customer: String,
    pub amount_minor: i64,
    pub tender: ReceiptTender,
    pub reference: String,
    pub note: String,
    pub pays: Vec<PaidItem>,
    pub advance_minor: i64,
    /// What is owed when this is printed; below zero when the shop owes.
    pub balance_minor: i64,
    /// It was taken back since.
    pub taken_back: bool,
    pub footer: Vec<String>,
    pub copy: u16,
    pub currency: String,
    pub language: String,
    pub open_drawer: bool,
}

/// Money received on account.
pub fn payment(data: &PaymentSlipData, template: &Template) -> Document {
    let language = Language::of(&data.language);
    let title = format!("{} {}", Words::of(language).payment_receipt, data.document);
    let (mut document, words) = begin(&data.language, template.paper, title.trim());
    let currency = data.currency.as_str();
    drawer(&mut document, data.open_drawer);
    marks(&mut document, &words, data.demo, data.copy);
    if data.taken_back {
        document.text(
            words.taken_back,
            Align::Centre,
            Look::of(Size::Two).bold().reversed(),
        );
        document.space(6);
    }
    let head = Head {
        shop_name: &data.shop_name,
        header: &data.header,
        branch: &data.branch,
        tax_number: data.tax_number.as_deref(),
    };
    let parts = template.blocks.iter().filter(|part| part.on);
    for part in parts.filter(|part| group(part.block) == 0) {
        head_part(&mut document, &words, template, part.block, part.size, &head);
    }
    let rule = |document: &mut Document| {
        document.space(8);
        document.rule(Rule::Thin);
        document.space(8);
    };
    rule(&mut document);
    document.text(words.payment_receipt, Align::Centre, Look::of(Size::Two).bold());
    document.space(8);
    particulars(
        &mut document,
        &words,
        &data.document,
        &data.at,
        &data.counter,
        &data.staff,
    );
    document.space(6);
    document.text(words.received_from, Align::Start, ASIDE);
    document.text(&data.customer, Align::Start, PLAIN.bold());
    rule(&mut document);
    document.row(
        words.total,
        money(data.amount_minor, currency),
        Look::of(size(template.size_of(PartKind::Totals))).bold(),
    );
    document.text(
        spelled(data.amount_minor, currency, language),
        Align::Start,
        ASIDE,
    );
    document.space(6);
    tenders(
        &mut document,
        &words,
        std::slice::from_ref(&data.tender),
        currency,
    );
    for (label, text) in [(words.reference, &data.reference), ("", &data.note)] {
        match text.trim() {
            "" => {}
            text if label.is_empty() => document.text(text, Align::Start, ASIDE),
            text => document.row(label, isolated(text), PLAIN),
        }
    }
    if !data.pays.is_empty() || data.advance_minor != 0 {
        rule(&mut document);
        document.text(words.paid_for, Align::Start, ASIDE);
        for item in &data.pays {
            let label = match item.document.trim() {
                "" => words.opening_balance.to_owned(),
                number => isolated(number),
            };
            document.row(label, figures(item.amount_minor, currency), PLAIN);
        }
        if data.advance_minor != 0 {
            document.row(words.advance, figures(data.advance_minor, currency), PLAIN);
        }
    }
    rule(&mut document);
    let balance = if data.balance_minor < 0 {
        words.credit_now
    } else {
        words.owed_now
    };
    document.row(
        balance,
        money(data.balance_minor.saturating_abs(), currency),
        PLAIN.bold(),
    );
    footer(
        &mut document,
        template.footer.iter().chain(&data.footer),
        template.size_of(PartKind::Footer),
    );
    end(&mut document);
    document
}
