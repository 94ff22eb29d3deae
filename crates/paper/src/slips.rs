//! Every slip the shop prints, from data that can be stored: receipts, token slips, credit notes, the test card, the
//! slip of an opened drawer, labels. Data is amounts and ready texts; what it looks like is decided here and by the
//! branch's template, every time anew.

use serde::{Deserialize, Serialize};

use crate::{
    amount::{figures, money},
    bitmap::Bitmap,
    document::{Align, Bars, Block, Document, Look, Paper, Row, Rule, Size},
    payment_slip::{PaymentSlipData, payment},
    shift_slip::{ShiftSlipData, shift_report},
    symbol,
    template::{PartKind, Template},
    words::{Language, Words},
};

/// A slip and its data, as a print job keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Slip {
    Receipt(ReceiptData),
    Token(ReceiptData),
    CreditNote(CreditNoteData),
    NoSale(NoSaleData),
    TestCard(TestCardData),
    Label(LabelData),
    Shift(Box<ShiftSlipData>),
    Payment(PaymentSlipData),
}

impl Slip {
    pub fn document(&self, template: &Template) -> Document {
        match self {
            Slip::Receipt(data) => receipt(data, template),
            Slip::Token(data) => token(data, template),
            Slip::CreditNote(data) => credit_note(data, template),
            Slip::NoSale(data) => no_sale(data, template),
            Slip::TestCard(data) => test_card(data),
            Slip::Label(data) => label(data),
            Slip::Shift(data) => shift_report(data, template),
            Slip::Payment(data) => payment(data, template),
        }
    }

    /// The same on paper of another width than the template's, as the printer has it.
    pub fn document_on(&self, template: &Template, paper: Paper) -> Document {
        let template = Template {
            paper,
            ..template.clone()
        };
        self.document(&template).on(paper)
    }
}

/// A name and an amount: a discount, a tax.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    pub label: String,
    pub amount_minor: i64,
}

/// One thing that was sold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceiptLine {
    pub name: String,
    pub second_name: Option<String>,
    /// "2", "0.750 kg".
    pub quantity: String,
    pub unit_price_minor: i64,
    /// After the line's own discount.
    pub amount_minor: i64,
    /// What the line's own discount took off; positive.
    pub discount_minor: i64,
    pub note: Option<String>,
    /// What the law wants said of the goods: "HSN 2106 · 5%".
    pub code: Option<String>,
}

/// Who bought, where the document names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceiptBuyer {
    pub name: String,
    pub address: Vec<String>,
    pub tax_number: Option<String>,
    /// "Maharashtra (27)"
    pub region: Option<String>,
}

/// One leg of a payment, or of a repayment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceiptTender {
    pub label: String,
    pub amount_minor: i64,
    pub received_minor: Option<i64>,
    pub change_minor: Option<i64>,
}

/// Everything a receipt says. Only the shop's name, number, lines and total are always there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceiptData {
    pub shop_name: String,
    pub header: Vec<String>,
    pub branch: String,
    pub tax_number: Option<String>,
    pub demo: bool,
    /// The display number.
    pub number: String,
    /// The document number.
    pub document: String,
    /// Date and time, as the branch writes them.
    pub at: String,
    pub counter: String,
    pub staff: String,
    pub lines: Vec<ReceiptLine>,
    /// Which document the law takes it for: tax_invoice or bill_of_supply; a receipt else.
    pub document_kind: String,
    pub cancelled: bool,
    pub buyer: Option<ReceiptBuyer>,
    /// Which correction of the buyer this is; 0 is as it was issued.
    pub revision: u32,
    pub place_of_supply: Option<String>,
    /// Said only where the law wants it said.
    pub reverse_charge: Option<bool>,
    /// What the law wants written across it.
    pub legends: Vec<String>,
    pub subtotal_minor: i64,
    /// Discounts on the whole order, positive.
    pub discounts: Vec<Entry>,
    /// What is taxed, after all discounts; 0 is not said.
    pub taxable_minor: i64,
    /// The prices of the lines contain their tax.
    pub inclusive: bool,
    pub taxes: Vec<Entry>,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub tenders: Vec<ReceiptTender>,
    /// The days by which what is on the account is to be paid, and how much of it.
    pub instalments: Vec<Entry>,
    /// Gift cards that were sold, with the codes to pay with.
    pub cards: Vec<ReceiptCard>,
    /// The text of the QR code.
    pub token: Option<String>,
    pub one_time_number: Option<String>,
    /// Until when code and number are good, as the branch writes it.
    pub valid_until: Option<String>,
    /// Masked.
    pub phone: Option<String>,
    /// What came back for it, in an exchange.
    pub returned: Option<ReturnedGoods>,
    pub footer: Vec<String>,
    /// 1 (or 0) is the original; 2 prints "COPY 2".
    pub copy: u16,
    /// ISO 4217.
    pub currency: String,
    /// BCP 47.
    pub language: String,
    pub open_drawer: bool,
}

/// A gift card as the guest takes it home.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceiptCard {
    /// As it is read out.
    pub code: String,
    /// As it is scanned.
    pub qr: String,
    pub worth_minor: i64,
    pub valid_until: Option<String>,
}

/// Goods that came back in the same ticket, and what is left to settle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReturnedGoods {
    /// The number of the credit note, and of the document whose goods they are.
    pub document: String,
    pub of_document: String,
    pub lines: Vec<ReceiptLine>,
    pub total_minor: i64,
    /// What is left to pay; below zero what was paid back.
    pub due_minor: i64,
    /// How it was paid back.
    pub tenders: Vec<ReceiptTender>,
}

/// Store credit on paper: whoever holds the code has the money.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreditOnPaper {
    /// In fours; only its end for whoever may not see it.
    pub code: String,
    pub qr: Option<String>,
    pub valid_until: Option<String>,
}

/// Money given back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreditNoteData {
    pub shop_name: String,
    pub header: Vec<String>,
    pub branch: String,
    pub tax_number: Option<String>,
    pub demo: bool,
    pub document: String,
    /// The number and the day of the document it undoes, and its display number.
    pub of_document: String,
    pub of_day: String,
    pub number: String,
    pub at: String,
    pub counter: String,
    pub staff: String,
    pub buyer: Option<ReceiptBuyer>,
    pub place_of_supply: Option<String>,
    pub lines: Vec<ReceiptLine>,
    pub taxable_minor: i64,
    pub taxes: Vec<Entry>,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub tenders: Vec<ReceiptTender>,
    pub reason: Option<String>,
    pub approved_by: Option<String>,
    /// Goods without a receipt: no document is named, so it is no credit note.
    pub without_receipt: bool,
    pub card: Option<CreditOnPaper>,
    pub footer: Vec<String>,
    pub copy: u16,
    pub currency: String,
    pub language: String,
    pub open_drawer: bool,
}

/// A drawer that was opened without a sale.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoSaleData {
    pub shop_name: String,
    pub demo: bool,
    pub at: String,
    pub counter: String,
    pub staff: String,
    pub reason: Option<String>,
    pub approved_by: Option<String>,
    pub language: String,
    pub open_drawer: bool,
}

/// What a new printer is tried with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TestCardData {
    pub printer: String,
    pub shop_name: String,
    /// The width that is tried.
    pub dots: u16,
    pub columns: u8,
    pub at: String,
    pub language: String,
    pub open_drawer: bool,
}

/// A shelf or product label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelData {
    pub name: String,
    pub second_name: Option<String>,
    pub price_minor: i64,
    /// "/ kg", empty for pieces.
    pub per: String,
    pub barcode: Option<String>,
    pub dots: u16,
    pub currency: String,
    pub language: String,
}

pub(crate) const PLAIN: Look = Look::of(Size::One);
pub(crate) const ASIDE: Look = Look::of(Size::Small);

pub(crate) fn size(step: u8) -> Size {
    match step {
        0 | 1 => Size::One,
        2 => Size::Two,
        3 => Size::Three,
        _ => Size::Four,
    }
}

/// A document in a language, and its words.
pub(crate) fn begin(language: &str, paper: Paper, title: &str) -> (Document, Words) {
    let language = Language::of(language);
    let mut document = Document::new(paper);
    document.rtl = language.is_rtl();
    document.language = language.tag().to_owned();
    document.title = title.to_owned();
    (document, Words::of(language))
}

/// What no reader may overlook: a sale of the demo, a paper that is not the first.
pub(crate) fn marks(document: &mut Document, words: &Words, demo: bool, copy: u16) {
    if demo {
        document.text(words.demo, Align::Centre, PLAIN.bold().reversed());
        document.space(6);
    }
    if copy > 1 {
        document.text(
            format!("{} {copy}", words.copy),
            Align::Centre,
            Look::of(Size::Two).bold().reversed(),
        );
        document.space(6);
    }
}

pub(crate) fn drawer(document: &mut Document, open: bool) {
    if open {
        document.push(Block::Drawer);
    }
}

/// A label and a text that keeps its own direction inside a line of the other.
pub(crate) fn labelled(label: &str, text: &str) -> String {
    format!("{label} {}", isolated(text))
}

pub(crate) fn isolated(text: &str) -> String {
    format!("\u{2068}{text}\u{2069}")
}

/// A tax number of India's form is called what its readers call it.
pub(crate) fn tax_label(number: &str, words: &Words) -> String {
    let gstin = number.len() == 15
        && number.bytes().take(2).all(|byte| byte.is_ascii_digit())
        && number
            .bytes()
            .skip(2)
            .take(5)
            .all(|byte| byte.is_ascii_alphabetic());
    labelled(if gstin { "GSTIN" } else { words.tax_number }, number)
}

/// The shop at the head of a slip, in the template's order and sizes.
pub(crate) fn head_part(
    document: &mut Document,
    words: &Words,
    template: &Template,
    kind: PartKind,
    step: u8,
    of: &Head,
) {
    match kind {
        PartKind::Logo => {
            if let Some(logo) = &template.logo {
                document.push(Block::Image { image: logo.clone() });
                document.space(10);
            }
        }
        PartKind::ShopName => document.text(of.shop_name, Align::Centre, Look::of(size(step)).bold()),
        PartKind::Header => {
            for text in template.header.iter().chain(of.header) {
                document.text(text, Align::Centre, Look::of(size(step)));
            }
        }
        PartKind::Branch if of.branch != of.shop_name => {
            document.text(of.branch, Align::Centre, Look::of(size(step)));
        }
        PartKind::TaxNumber => {
            if let Some(number) = of.tax_number.filter(|number| !number.trim().is_empty()) {
                document.text(tax_label(number, words), Align::Centre, Look::of(size(step)));
            }
        }
        _ => {}
    }
}

/// Who speaks.
pub(crate) struct Head<'a> {
    pub shop_name: &'a str,
    pub header: &'a [String],
    pub branch: &'a str,
    pub tax_number: Option<&'a str>,
}

/// Document number, time, counter and person, in pairs that share a line where it is wide enough.
pub(crate) fn particulars(
    document: &mut Document,
    words: &Words,
    number: &str,
    at: &str,
    counter: &str,
    staff: &str,
) {
    pair(document, number, at);
    let counter = match counter.trim() {
        "" => String::new(),
        text if text.chars().all(|character| character.is_ascii_digit()) => labelled(words.counter, text),
        text => text.to_owned(),
    };
    pair(document, &counter, staff);
}

pub(crate) fn pair(document: &mut Document, left: &str, right: &str) {
    match (left.trim().is_empty(), right.trim().is_empty()) {
        (true, true) => {}
        (false, true) => document.text(left, Align::Start, PLAIN),
        (true, false) => document.text(right, Align::Start, PLAIN),
        // Two texts that do not fit beside each other both begin at the start.
        (false, false)
            if (left.chars().count() + right.chars().count() + 2) * 12
                > usize::from(document.paper.width()) =>
        {
            document.text(left, Align::Start, PLAIN);
            document.text(right, Align::Start, PLAIN);
        }
        (false, false) => document.row(left, right, PLAIN),
    }
}

/// Longer quantities stand below the name, so that one sack of rice does not narrow every line. Where all are long,
/// there is no column.
fn lead_width(lines: &[ReceiptLine], paper: Paper) -> u8 {
    let longest = if paper.width() >= 512 { 7 } else { 4 };
    let width = lines
        .iter()
        .map(|line| line.quantity.trim().chars().count())
        .filter(|width| (1..=longest).contains(width))
        .max();
    width
        .and_then(|width| u8::try_from(width.max(2) + 1).ok())
        .unwrap_or(0)
}

fn lines(document: &mut Document, words: &Words, template: &Template, lines: &[ReceiptLine], currency: &str) {
    let lead_width = lead_width(lines, document.paper);
    let look = Look::of(size(template.size_of(PartKind::Lines)));
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            document.space(6);
        }
        let quantity = line.quantity.trim();
        let short = quantity.is_empty() || quantity.chars().count() < usize::from(lead_width);
        document.push(Block::Row(Row {
            lead_width,
            lead: if short { quantity.to_owned() } else { String::new() },
            text: line.name.clone(),
            amount: figures(line.amount_minor.saturating_add(line.discount_minor), currency),
            look,
        }));
        let mut aside = |text: String, amount: String| {
            document.push(Block::Row(Row {
                lead_width,
                text,
                amount,
                look: ASIDE,
                ..Row::default()
            }));
        };
        let second = line.second_name.as_deref().map(str::trim).unwrap_or_default();
        if template.second_names && !second.is_empty() && second != line.name.trim() {
            aside(second.to_owned(), String::new());
        }
        let each = figures(line.unit_price_minor, currency);
        if !short || (template.unit_prices && quantity != "1" && line.unit_price_minor != 0) {
            aside(
                format!("{} × {}", isolated(quantity), isolated(&each)),
                String::new(),
            );
        }
        for said in [&line.code, &line.note] {
            if let Some(said) = said.as_deref().map(str::trim).filter(|said| !said.is_empty()) {
                aside(said.to_owned(), String::new());
            }
        }
        if line.discount_minor != 0 {
            aside(
                words.discount.to_owned(),
                figures(line.discount_minor.saturating_neg(), currency),
            );
        }
    }
}

fn entries(document: &mut Document, entries: &[Entry], sign: i64, fallback: &str, currency: &str) {
    for entry in entries.iter().filter(|entry| entry.amount_minor != 0) {
        let label = if entry.label.trim().is_empty() {
            fallback
        } else {
            &entry.label
        };
        document.row(
            label,
            figures(entry.amount_minor.saturating_mul(sign), currency),
            PLAIN,
        );
    }
}

pub(crate) fn tenders(document: &mut Document, words: &Words, tenders: &[ReceiptTender], currency: &str) {
    for tender in tenders {
        document.row(&tender.label, figures(tender.amount_minor, currency), PLAIN);
        let change = tender.change_minor.unwrap_or(0);
        if let Some(received) = tender
            .received_minor
            .filter(|received| change != 0 || *received != tender.amount_minor)
        {
            document.row(words.received, figures(received, currency), PLAIN);
            document.row(words.change, figures(change, currency), PLAIN.bold());
        }
    }
}

/// "482913" as it is said: in two halves.
fn spoken(number: &str) -> String {
    let number = number.trim();
    if number.len() == 6 && number.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{} {}", &number[..3], &number[3..])
    } else {
        number.to_owned()
    }
}

fn order_number(document: &mut Document, words: &Words, number: &str, step: u8) {
    if number.trim().is_empty() {
        return;
    }
    document.text(words.order, Align::Centre, PLAIN);
    let size = if step >= 4 { Size::Huge } else { size(step + 1) };
    document.text(number, Align::Centre, Look::of(size).bold());
}

fn qr(document: &mut Document, words: &Words, template: &Template, token: Option<&str>) {
    if let Some(token) = token.filter(|token| !token.is_empty()) {
        document.push(Block::Qr {
            data: token.to_owned(),
            module_dots: template.qr_size.module_dots(),
        });
        document.text(words.collect, Align::Centre, PLAIN);
    }
}

fn one_time_number(document: &mut Document, words: &Words, data: &ReceiptData, step: u8) {
    if let Some(number) = data
        .one_time_number
        .as_deref()
        .filter(|number| !number.trim().is_empty())
    {
        document.space(6);
        document.text(words.one_time_number, Align::Centre, PLAIN);
        document.text(spoken(number), Align::Centre, Look::of(size(step)).bold());
    }
    if let Some(until) = data
        .valid_until
        .as_deref()
        .filter(|until| !until.trim().is_empty())
    {
        document.text(labelled(words.valid_until, until), Align::Centre, ASIDE);
    }
}

pub(crate) fn footer<'a>(document: &mut Document, texts: impl Iterator<Item = &'a String>, step: u8) {
    let mut first = true;
    for text in texts.filter(|text| !text.trim().is_empty()) {
        if std::mem::take(&mut first) {
            document.space(12);
        }
        document.text(text, Align::Centre, Look::of(size(step)));
    }
}

pub(crate) fn end(document: &mut Document) {
    document.space(16);
    document.push(Block::Cut);
}

/// The groups of a receipt that a line is drawn between.
pub(crate) fn group(kind: PartKind) -> u8 {
    match kind {
        PartKind::Logo | PartKind::ShopName | PartKind::Header | PartKind::Branch | PartKind::TaxNumber => 0,
        PartKind::OrderNumber => 1,
        PartKind::Document => 2,
        PartKind::Lines => 3,
        PartKind::Totals => 4,
        PartKind::Tenders | PartKind::Phone => 5,
        PartKind::Token | PartKind::OneTimeNumber => 6,
        PartKind::Footer | PartKind::Barcode => 7,
    }
}

/// The customer's receipt, with the token to collect with.
pub fn receipt(data: &ReceiptData, template: &Template) -> Document {
    let title = format!(
        "{} {}",
        Words::of(Language::of(&data.language)).receipt,
        data.document
    );
    let (mut document, words) = begin(&data.language, template.paper, title.trim());
    drawer(&mut document, data.open_drawer);
    marks(&mut document, &words, data.demo, data.copy);
    if data.cancelled {
        document.text(
            words.cancelled,
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
    let currency = data.currency.as_str();
    let mut last = None;
    for part in template.blocks.iter().filter(|part| part.on) {
        // Every part says what it has to say on a page of its own first: one that says nothing draws no line.
        let mut piece = Document {
            blocks: Vec::new(),
            ..document.clone()
        };
        match part.block {
            PartKind::OrderNumber => order_number(&mut piece, &words, &data.number, part.size),
            PartKind::Document => {
                let title = match data.document_kind.as_str() {
                    "tax_invoice" => words.tax_invoice,
                    "bill_of_supply" => words.bill_of_supply,
                    _ => "",
                };
                if !title.is_empty() {
                    piece.text(title, Align::Centre, PLAIN.bold());
                }
                if data.revision > 0 {
                    let revision = labelled(words.revision, &data.revision.to_string());
                    piece.text(revision, Align::Centre, PLAIN.bold());
                }
                particulars(
                    &mut piece,
                    &words,
                    &data.document,
                    &data.at,
                    &data.counter,
                    &data.staff,
                );
                bought_by(&mut piece, &words, data.buyer.as_ref());
                supplied(
                    &mut piece,
                    &words,
                    data.place_of_supply.as_deref(),
                    data.reverse_charge,
                );
            }
            PartKind::Lines => lines(&mut piece, &words, template, &data.lines, currency),
            PartKind::Totals => totals(&mut piece, &words, data, part.size),
            PartKind::Tenders => {
                tenders(&mut piece, &words, &data.tenders, currency);
                if !data.instalments.is_empty() {
                    piece.text(words.instalments, Align::Start, ASIDE.bold());
                    for part in &data.instalments {
                        piece.row(isolated(&part.label), figures(part.amount_minor, currency), ASIDE);
                    }
                }
            }
            PartKind::Phone => {
                if let Some(phone) = data.phone.as_deref().filter(|phone| !phone.trim().is_empty()) {
                    piece.row(words.phone, isolated(phone), PLAIN);
                }
            }
            PartKind::Token => qr(&mut piece, &words, template, data.token.as_deref()),
            PartKind::OneTimeNumber => one_time_number(&mut piece, &words, data, part.size),
            PartKind::Footer => footer(&mut piece, template.footer.iter().chain(&data.footer), part.size),
            PartKind::Barcode => barcode(&mut piece, &data.document),
            head_kind => head_part(&mut piece, &words, template, head_kind, part.size, &head),
        }
        if piece.blocks.is_empty() {
            continue;
        }
        let group = group(part.block);
        if last.is_some_and(|last| last != group) && group != 7 {
            document.space(8);
            document.rule(Rule::Thin);
            document.space(8);
        }
        last = Some(group);
        document.blocks.append(&mut piece.blocks);
    }
    cards(&mut document, &words, &data.cards, currency);
    end(&mut document);
    document
}

/// Whatever the template leaves out: a card that was sold is worth nothing without its code.
fn cards(document: &mut Document, words: &Words, cards: &[ReceiptCard], currency: &str) {
    for card in cards.iter().filter(|card| !card.code.trim().is_empty()) {
        document.space(8);
        document.rule(Rule::Thin);
        document.space(8);
        document.row(words.gift_card, money(card.worth_minor, currency), PLAIN.bold());
        document.push(Block::Qr {
            data: card.qr.clone(),
            module_dots: 5,
        });
        document.text(isolated(&card.code), Align::Centre, PLAIN.bold());
        if let Some(until) = card
            .valid_until
            .as_deref()
            .filter(|until| !until.trim().is_empty())
        {
            document.text(labelled(words.valid_until, until), Align::Centre, ASIDE);
        }
    }
}

fn totals(document: &mut Document, words: &Words, data: &ReceiptData, step: u8) {
    let currency = data.currency.as_str();
    let more = data.rounding_minor != 0
        || data
            .discounts
            .iter()
            .chain(&data.taxes)
            .any(|entry| entry.amount_minor != 0);
    if more {
        document.row(words.subtotal, figures(data.subtotal_minor, currency), PLAIN);
        entries(document, &data.discounts, -1, words.discount, currency);
        if data.taxable_minor != 0 {
            document.row(words.taxable, figures(data.taxable_minor, currency), PLAIN);
        }
        entries(document, &data.taxes, 1, "", currency);
        if data.rounding_minor != 0 {
            document.row(words.rounding, figures(data.rounding_minor, currency), PLAIN);
        }
        document.space(4);
    }
    document.row(
        words.total,
        money(data.total_minor, currency),
        Look::of(size(step)).bold(),
    );
    if data.inclusive && data.taxes.iter().any(|tax| tax.amount_minor != 0) {
        document.text(words.includes_tax, Align::Start, ASIDE);
    }
    for legend in &data.legends {
        document.text(legend, Align::Start, ASIDE);
    }
    if let Some(returned) = &data.returned {
        goods_back(document, words, returned, currency, step);
    }
}

/// The buyer of a tax invoice or of its credit note.
fn bought_by(document: &mut Document, words: &Words, buyer: Option<&ReceiptBuyer>) {
    let Some(buyer) = buyer else { return };
    document.space(6);
    document.text(words.bill_to, Align::Start, ASIDE);
    document.text(&buyer.name, Align::Start, PLAIN.bold());
    for line in buyer.address.iter().chain(&buyer.region) {
        document.text(line, Align::Start, ASIDE);
    }
    if let Some(number) = buyer.tax_number.as_deref().filter(|n| !n.trim().is_empty()) {
        document.text(tax_label(number, words), Align::Start, PLAIN);
    }
}

/// Where the goods go, and who owes the tax on them.
fn supplied(document: &mut Document, words: &Words, place: Option<&str>, reverse: Option<bool>) {
    if let Some(place) = place {
        document.text(labelled(words.place_of_supply, place), Align::Start, ASIDE);
    }
    if let Some(reverse) = reverse {
        let said = if reverse { words.yes } else { words.no };
        document.text(labelled(words.reverse_charge, said), Align::Start, ASIDE);
    }
}

/// What came back in the same ticket, and what that leaves to settle.
fn goods_back(document: &mut Document, words: &Words, returned: &ReturnedGoods, currency: &str, step: u8) {
    document.space(8);
    document.text(words.goods_back, Align::Start, PLAIN.bold());
    pair(document, words.credit_note, &isolated(&returned.document));
    pair(document, words.refund_of, &isolated(&returned.of_document));
    for line in &returned.lines {
        let label = format!("{} × {}", isolated(&line.quantity), line.name);
        document.row(
            &label,
            figures(line.amount_minor.saturating_neg(), currency),
            PLAIN,
        );
    }
    document.row(
        words.goods_back,
        figures(returned.total_minor.saturating_neg(), currency),
        PLAIN.bold(),
    );
    document.space(4);
    let (label, minor) = match returned.due_minor {
        0.. => (words.to_pay, returned.due_minor),
        owed => (words.paid_back, owed.saturating_neg()),
    };
    document.row(label, money(minor, currency), Look::of(size(step)).bold());
    tenders(document, words, &returned.tenders, currency);
}

fn barcode(document: &mut Document, data: &str) {
    if symbol::can_be_bars(Bars::Code128, data) {
        document.space(12);
        document.push(Block::Barcode {
            bars: Bars::Code128,
            data: data.to_owned(),
            height_dots: 64,
        });
        document.text(data, Align::Centre, ASIDE);
    }
}

/// Only what collects the goods: number, code and one-time number, under the shop's name.
pub fn token(data: &ReceiptData, template: &Template) -> Document {
    let title = format!(
        "{} {}",
        Words::of(Language::of(&data.language)).token,
        data.number
    );
    let (mut document, words) = begin(&data.language, template.paper, title.trim());
    drawer(&mut document, data.open_drawer);
    marks(&mut document, &words, data.demo, data.copy);
    let head = Head {
        shop_name: &data.shop_name,
        header: &data.header,
        branch: &data.branch,
        tax_number: None,
    };
    for kind in [PartKind::ShopName, PartKind::Header, PartKind::Branch] {
        let step = template.size_of(kind);
        head_part(&mut document, &words, template, kind, step, &head);
    }
    document.space(8);
    document.rule(Rule::Thin);
    document.space(8);
    order_number(&mut document, &words, &data.number, 4);
    qr(&mut document, &words, template, data.token.as_deref());
    one_time_number(
        &mut document,
        &words,
        data,
        template.size_of(PartKind::OneTimeNumber),
    );
    document.space(8);
    document.text(&data.at, Align::Centre, ASIDE);
    end(&mut document);
    document
}

/// Money given back, and for which receipt.
pub fn credit_note(data: &CreditNoteData, template: &Template) -> Document {
    let words = Words::of(Language::of(&data.language));
    let heading = match data.without_receipt {
        true => words.goods_return,
        false => words.credit_note,
    };
    let title = format!("{heading} {}", data.document);
    let (mut document, words) = begin(&data.language, template.paper, title.trim());
    let currency = data.currency.as_str();
    drawer(&mut document, data.open_drawer);
    marks(&mut document, &words, data.demo, data.copy);
    let head = Head {
        shop_name: &data.shop_name,
        header: &data.header,
        branch: &data.branch,
        tax_number: data.tax_number.as_deref(),
    };
    for part in template
        .blocks
        .iter()
        .filter(|part| part.on && group(part.block) == 0)
    {
        head_part(&mut document, &words, template, part.block, part.size, &head);
    }
    let rule = |document: &mut Document| {
        document.space(8);
        document.rule(Rule::Thin);
        document.space(8);
    };
    rule(&mut document);
    document.text(heading, Align::Centre, Look::of(Size::Two).bold());
    document.space(8);
    particulars(
        &mut document,
        &words,
        &data.document,
        &data.at,
        &data.counter,
        &data.staff,
    );
    if !data.of_document.trim().is_empty() {
        pair(&mut document, words.refund_of, &isolated(&data.of_document));
    }
    if !data.of_day.trim().is_empty() {
        document.row(words.date, isolated(&data.of_day), PLAIN);
    }
    if !data.number.trim().is_empty() {
        document.row(words.order, isolated(&data.number), PLAIN);
    }
    bought_by(&mut document, &words, data.buyer.as_ref());
    supplied(&mut document, &words, data.place_of_supply.as_deref(), None);
    rule(&mut document);
    lines(&mut document, &words, template, &data.lines, currency);
    rule(&mut document);
    if data.taxable_minor != 0 && !data.taxes.is_empty() {
        document.row(words.taxable, figures(data.taxable_minor, currency), PLAIN);
    }
    entries(&mut document, &data.taxes, 1, "", currency);
    if data.rounding_minor != 0 {
        document.row(words.rounding, figures(data.rounding_minor, currency), PLAIN);
    }
    let step = template.size_of(PartKind::Totals);
    document.row(
        words.refunded,
        money(data.total_minor, currency),
        Look::of(size(step)).bold(),
    );
    rule(&mut document);
    tenders(&mut document, &words, &data.tenders, currency);
    for (label, text) in [
        (words.reason, &data.reason),
        (words.approved_by, &data.approved_by),
    ] {
        if let Some(text) = text.as_deref().filter(|text| !text.trim().is_empty()) {
            document.row(label, text, PLAIN);
        }
    }
    if let Some(card) = &data.card {
        rule(&mut document);
        document.text(words.store_credit, Align::Centre, PLAIN);
        document.text(
            money(data.total_minor, currency),
            Align::Centre,
            Look::of(Size::Two).bold(),
        );
        document.space(6);
        if let Some(data) = &card.qr {
            document.push(Block::Qr {
                data: data.clone(),
                module_dots: template.qr_size.module_dots(),
            });
        }
        document.text(words.card_code, Align::Centre, PLAIN);
        document.text(isolated(&card.code), Align::Centre, PLAIN.bold());
        if let Some(until) = &card.valid_until {
            document.text(labelled(words.valid_until, until), Align::Centre, PLAIN);
        }
    }
    footer(
        &mut document,
        template.footer.iter().chain(&data.footer),
        template.size_of(PartKind::Footer),
    );
    end(&mut document);
    document
}

/// A drawer opened without a sale: who, when and why.
pub fn no_sale(data: &NoSaleData, template: &Template) -> Document {
    let words = Words::of(Language::of(&data.language));
    let (mut document, words) = begin(&data.language, template.paper, words.no_sale);
    drawer(&mut document, data.open_drawer);
    marks(&mut document, &words, data.demo, 1);
    document.text(&data.shop_name, Align::Centre, PLAIN.bold());
    document.space(8);
    document.text(words.drawer_opened, Align::Centre, Look::of(Size::Two).bold());
    document.text(words.no_sale, Align::Centre, PLAIN);
    document.space(8);
    document.rule(Rule::Thin);
    document.space(8);
    pair(&mut document, &data.at, "");
    pair(&mut document, &data.counter, &data.staff);
    for (label, text) in [
        (words.reason, &data.reason),
        (words.approved_by, &data.approved_by),
    ] {
        if let Some(text) = text.as_deref().filter(|text| !text.trim().is_empty()) {
            document.row(label, text, PLAIN);
        }
    }
    end(&mut document);
    document
}

/// One line in every script that a shop's name is likely to be in.
pub(crate) const LETTERS: &[&str] = &[
    "Crème brûlée, Gözleme, Łódź, so'm",
    "€ 1.00   ₹ 1.00   ₺ 1.00   £ 1.00",
    "क्षत्रिय थाली – मसाला चाय",
    "شاي كرك بالحليب",
    "ராகி தோசை, காபி",
    "宫保鸡丁 米饭",
    "☕ 🍗 🍰 🙏",
];

/// A ruler as wide as the print: centimetres below, and both edges marked.
fn ruler(paper: Paper) -> Bitmap {
    let width = u32::from(paper.width());
    let mut picture = Bitmap::new(width, 28);
    picture.fill(0, 0, width, 2, true);
    for millimetre in 0..=width / 8 {
        let height = match millimetre {
            of if of % 10 == 0 => 20,
            of if of % 5 == 0 => 14,
            _ => 8,
        };
        picture.fill(millimetre * 8, 0, 2, height, true);
    }
    picture.fill(0, 0, 4, 28, true);
    picture.fill(width.saturating_sub(4), 0, 4, 28, true);
    picture
}

/// What a new printer is tried with: width, letters, code, cut and drawer.
pub fn test_card(data: &TestCardData) -> Document {
    let paper = Paper::dots(data.dots);
    let words = Words::of(Language::of(&data.language));
    let (mut document, words) = begin(&data.language, paper, words.test_card);
    document.text(words.test_card, Align::Centre, Look::of(Size::Two).bold());
    document.text(&data.shop_name, Align::Centre, PLAIN);
    document.text(&data.printer, Align::Centre, PLAIN);
    document.text(&data.at, Align::Centre, PLAIN);
    document.space(12);
    document.push(Block::Image { image: ruler(paper) });
    let columns = usize::from(data.columns);
    document.text(
        "1234567890".chars().cycle().take(columns).collect::<String>(),
        Align::Start,
        ASIDE,
    );
    document.text(words.test_edges, Align::Centre, ASIDE);
    document.space(8);
    document.rule(Rule::Thin);
    document.space(8);
    for text in LETTERS {
        document.text(*text, Align::Centre, PLAIN);
    }
    document.text(words.test_letters, Align::Centre, ASIDE);
    document.space(8);
    document.rule(Rule::Thin);
    document.push(Block::Qr {
        data: "CHANDI TEST 0123456789".to_owned(),
        module_dots: 6,
    });
    document.row("2 × 40.00", "80.00", PLAIN);
    document.row(words.total, "1,23,456.00", Look::of(Size::Two).bold());
    document.space(12);
    document.text(words.test_end, Align::Centre, PLAIN);
    end(&mut document);
    if data.open_drawer {
        document.push(Block::Drawer);
    }
    document
}

/// Name, price and barcode for a shelf or a product.
pub fn label(data: &LabelData) -> Document {
    let (mut document, _) = begin(&data.language, Paper::dots(data.dots), &data.name);
    document.text(&data.name, Align::Centre, Look::of(Size::Two).bold());
    if let Some(second) = &data.second_name {
        document.text(second, Align::Centre, PLAIN);
    }
    document.space(6);
    let price = money(data.price_minor, &data.currency);
    document.text(price, Align::Centre, Look::of(Size::Four).bold());
    document.text(&data.per, Align::Centre, PLAIN);
    label_code(&mut document, data, 72);
    end(&mut document);
    document
}

/// The bars of a label with their text; the text alone where no bars can say it.
pub(crate) fn label_code(document: &mut Document, data: &LabelData, height_dots: u16) {
    if let Some(code) = data
        .barcode
        .as_deref()
        .map(str::trim)
        .filter(|code| !code.is_empty())
    {
        let bars = if code.len() == 13 && symbol::can_be_bars(Bars::Ean13, code) {
            Bars::Ean13
        } else {
            Bars::Code128
        };
        if symbol::can_be_bars(bars, code) {
            document.space(8);
            document.push(Block::Barcode {
                bars,
                data: code.to_owned(),
                height_dots,
            });
        }
        document.text(code, Align::Centre, ASIDE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sold(quantity: &str) -> ReceiptLine {
        ReceiptLine {
            name: "Mango".to_owned(),
            quantity: quantity.to_owned(),
            unit_price_minor: 1_000,
            amount_minor: 2_000,
            discount_minor: 500,
            ..ReceiptLine::default()
        }
    }

    fn data(lines: Vec<ReceiptLine>) -> ReceiptData {
        ReceiptData {
            shop_name: "Shop".to_owned(),
            number: "42".to_owned(),
            document: "K7Q/26-27/000042".to_owned(),
            lines,
            total_minor: 2_000,
            subtotal_minor: 2_500,
            currency: "INR".to_owned(),
            language: "en".to_owned(),
            ..ReceiptData::default()
        }
    }

    /// Every row and text, in order, the columns parted by bars.
    fn said(document: &Document) -> Vec<String> {
        document
            .blocks
            .iter()
            .filter_map(|block| match block {
                Block::Text { text, .. } => Some(text.clone()),
                Block::Row(row) => Some([row.lead.as_str(), &row.text, &row.amount].join("|")),
                Block::Rule { .. } => Some("---".to_owned()),
                _ => None,
            })
            .map(|text| text.replace(['\u{2068}', '\u{2069}'], ""))
            .collect()
    }

    #[test]
    fn a_receipt_says_this() {
        let mut receipt_data = data(vec![sold("2"), sold("12.345 kg")]);
        receipt_data.taxes = vec![Entry {
            label: "CGST 2.5%".to_owned(),
            amount_minor: 50,
        }];
        receipt_data.tenders = vec![ReceiptTender {
            label: "Cash".to_owned(),
            amount_minor: 2_000,
            received_minor: Some(5_000),
            change_minor: Some(3_000),
        }];
        assert_eq!(
            said(&receipt(&receipt_data, &Template::default())),
            [
                "Shop",
                "---",
                "Order",
                "42",
                "---",
                "K7Q/26-27/000042",
                "---",
                "2|Mango|25.00",
                "|2 × 10.00|",
                "|Discount|−5.00",
                "|Mango|25.00",
                "|12.345 kg × 10.00|",
                "|Discount|−5.00",
                "---",
                "|Subtotal|25.00",
                "|CGST 2.5%|0.50",
                "|Total|₹20.00",
                "---",
                "|Cash|20.00",
                "|Received|50.00",
                "|Change|30.00",
            ]
        );
    }

    #[test]
    fn copies_and_the_demo_say_so_first_on_every_slip() {
        let mut receipt_data = data(vec![sold("1")]);
        receipt_data.demo = true;
        receipt_data.copy = 2;
        let credit = CreditNoteData {
            demo: true,
            copy: 2,
            ..CreditNoteData::default()
        };
        let template = Template {
            blocks: Vec::new(),
            ..Template::default()
        };
        for slip in [
            Slip::Receipt(receipt_data.clone()),
            Slip::Token(receipt_data.clone()),
            Slip::CreditNote(credit),
        ] {
            let said = said(&slip.document(&template));
            assert_eq!(
                said[..2],
                ["DEMO – NOT A REAL SALE", "COPY 2"],
                "whatever the template leaves out"
            );
        }
        receipt_data.demo = false;
        receipt_data.copy = 1;
        assert_eq!(
            said(&receipt(&receipt_data, &Template::default()))[0],
            "Shop",
            "the first is no copy"
        );
    }

    #[test]
    fn the_template_decides_what_is_printed_and_in_which_order() {
        let mut template = Template::default();
        template
            .blocks
            .retain(|part| matches!(part.block, PartKind::Totals | PartKind::Lines | PartKind::Footer));
        template.blocks.reverse();
        template.unit_prices = false;
        template.footer = vec!["Thanks".to_owned()];
        let mut lines = vec![sold("2")];
        lines[0].discount_minor = 0;
        lines[0].second_name = Some("आम".to_owned());
        assert_eq!(
            said(&receipt(&data(lines.clone()), &template)),
            ["Thanks", "---", "|Total|₹20.00", "---", "2|Mango|20.00", "|आम|"]
        );
        template.second_names = false;
        template.blocks[0].on = false;
        assert_eq!(
            said(&receipt(&data(lines), &template)),
            ["|Total|₹20.00", "---", "2|Mango|20.00"]
        );
    }

    #[test]
    fn the_drawer_opens_before_anything_is_printed() {
        let mut receipt_data = data(vec![sold("1")]);
        receipt_data.open_drawer = true;
        let document = receipt(&receipt_data, &Template::default());
        assert_eq!(document.blocks.first(), Some(&Block::Drawer));
        assert_eq!(document.blocks.last(), Some(&Block::Cut));
    }

    #[test]
    fn tax_numbers_are_called_by_their_name() {
        let words = Words::of(Language::English);
        assert!(tax_label("27AAPFU0939F1ZV", &words).starts_with("GSTIN"));
        assert!(
            tax_label("100234567800003", &words).starts_with("Tax no."),
            "an Emirate's has fifteen digits too"
        );
    }

    #[test]
    fn numbers_are_said_in_halves() {
        assert_eq!(spoken("482913"), "482 913");
        assert_eq!(spoken("१२३४५६"), "१२३४५६", "only what we know");
        assert_eq!(spoken("K7"), "K7");
    }
}
