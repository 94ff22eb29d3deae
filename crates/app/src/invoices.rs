//! Invoices: orders as the documents they are. What is still owed, who stands on them, corrections of the buyer, the
//! sheet, and the way to the customer's mailbox.
//!
//! An order's number is its invoice's number. A correction keeps number, date, lines and taxes and is printed as a
//! numbered revision; whatever would change a tax is refused, because then only a credit note and a new sale are right.

use crate::{
    Actor, AppError, Code, Page, Result, Shop, accounts,
    customers::{self, CustomerCard},
    days,
    instalments::InstalmentView,
    mail::{MailView, ToMail},
    order_view::Named,
    papers::{fonts, method_word, second_name},
    settings::{CARD_PRODUCT, LANGUAGES, Settings},
    taxes::Taxing,
    wire::{content_of, optional_text, rfc3339, text},
};
use domain::{
    gst,
    ids::{CustomerId, OrderId, ProductId},
    instalment::Due,
    money::Money,
    quantity::{Quantity, Unit},
    tax_rules::{Scheme, TaxContext},
    time::Moment,
    upi::{self, UpiRequest},
};
use journal::{
    Body,
    body::{BuyerNameV1, BuyerV1, InvoiceDueV1, InvoiceRevisedV1, LineTaxV1, ModifierV1, SellerV1},
};
use paper::{
    CodeTotal, InvoiceData, InvoiceKind, InvoiceLine, Party, ReceiptTender, SheetInstalment, SheetQr,
    TaxPart, TaxTotal, invoice_sheet, sheet_pdf,
};
use serde::{Deserialize, Serialize};
use store::{
    Reader,
    handovers::RefundRow,
    invoices::{InvoiceQuery, RevisionRow, SentRow},
    orders::{OrderLineRow, OrderRow, TaxRow},
    tenders::TenderRow,
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A leg that was paid, by its number in facts.
const CAPTURED: u8 = 2;
/// From here on India wants to know who bought (rule 46).
const NAMED_FROM_MINOR: i64 = 5_000_000;
const MOST_AT_ONCE: usize = 200;
/// How many orders are looked at for one page of a state that is in no column.
const MOST_LOOKED_AT: usize = 5_000;

/// Who stands on a document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BuyerForm {
    pub name: String,
    pub tax_number: String,
    /// A region's code; from the tax number when it says one.
    pub region: String,
    /// A line each.
    pub address: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct InvoiceView {
    /// The order's.
    pub id: Uuid,
    pub document: String,
    /// tax_invoice, bill_of_supply or receipt
    pub kind: String,
    /// issued, sent, part_paid, paid, overdue or cancelled
    pub state: String,
    pub day: String,
    pub placed_at: String,
    pub due_day: Option<String>,
    pub buyer: Option<BuyerForm>,
    pub customer: Option<Uuid>,
    pub total_minor: i64,
    pub tax_minor: i64,
    /// What went back for it.
    pub refunded_minor: i64,
    pub paid_minor: i64,
    pub owed_minor: i64,
    /// How often the buyer was corrected.
    pub revisions: u32,
    pub sent_at: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct InvoiceRevisionView {
    /// 0 is the document as it was issued.
    pub revision: u32,
    pub at: String,
    pub day: String,
    pub staff: Option<Named>,
    pub buyer: Option<BuyerForm>,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SentView {
    /// invoice, credit_note, quotation or statement
    pub kind: String,
    pub revision: u32,
    pub way: String,
    /// As far as it is kept: "a•••@example.com".
    pub to: String,
    pub at: String,
    pub staff: Option<Named>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CreditNoteBrief {
    pub id: Uuid,
    pub document: String,
    pub at: String,
    pub total_minor: i64,
    pub reason: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct InvoiceWhole {
    #[serde(flatten)]
    pub invoice: InvoiceView,
    /// The oldest first; the last one is in force.
    pub versions: Vec<InvoiceRevisionView>,
    pub sent: Vec<SentView>,
    pub credit_notes: Vec<CreditNoteBrief>,
    /// The parts in which what is on the account is paid; none when it is owed in one sum.
    pub instalments: Vec<InstalmentView>,
    /// What could be paid in parts now: what is open on the customer's account.
    pub on_account_minor: i64,
    /// The quotation that it was made from.
    pub quotation: Option<Uuid>,
    /// The customer's address, when it is known.
    pub mail_to: Option<String>,
    /// The law wants the buyer's name, address and State on a document of this value, and they are not there.
    pub wants_buyer: bool,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvoiceFilter {
    /// issued, sent, part_paid, paid, overdue or cancelled
    pub state: Option<String>,
    /// A document's number or running number, or the beginning of a buyer's name or tax number.
    pub q: Option<String>,
    pub customer: Option<Uuid>,
    /// "2026-11-21"
    pub from: Option<String>,
    pub to: Option<String>,
    /// Only with a buyer on them.
    pub named: Option<bool>,
    pub limit: Option<usize>,
    pub after: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviseInvoice {
    pub id: Uuid,
    pub buyer: BuyerForm,
    /// Whose account and history it belongs to, when somebody is chosen.
    pub customer: Option<Uuid>,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetDue {
    pub id: Uuid,
    /// "2026-12-21"; null for none.
    pub due_day: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailDocument {
    pub id: Uuid,
    pub to: String,
    pub to_name: Option<String>,
    pub title: Option<String>,
    pub text: Option<String>,
    /// A credit note of the order instead of the order itself.
    pub credit_note: Option<Uuid>,
    /// en, hi or ar; the guests' language of this counter when absent.
    pub language: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SheetFilter {
    /// Which version of it; 0 is the one that was issued, absent the one in force.
    pub revision: Option<u32>,
    pub credit_note: Option<Uuid>,
    /// en, hi or ar
    pub language: Option<String>,
}

/// A file and what it is called.
pub struct SheetFile {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// A document and everything that is known of it.
pub(crate) struct Known {
    pub order: OrderRow,
    pub revisions: Vec<RevisionRow>,
    pub sent: Vec<SentRow>,
    pub tenders: Vec<TenderRow>,
    pub refunds: Vec<RefundRow>,
    /// Of the version in force.
    pub buyer: Option<BuyerForm>,
    pub customer: Option<CustomerId>,
    pub owed: Money,
    /// What of it stands on the customer's account.
    pub on_account: Money,
    pub due_day: Option<u32>,
    /// What is owed on account, where it is paid in parts.
    pub parts: Vec<Due>,
}

impl Known {
    /// Who stood on the document when this credit note of it was made: later corrections are other papers.
    pub(crate) fn buyer_of_note(&self, reader: &Reader<'_>, note: [u8; 16]) -> Result<Option<BuyerForm>> {
        let made_ms = self
            .refunds
            .iter()
            .find(|refund| refund.id == note)
            .map(|refund| refund.at_ms);
        let before = |row: &&RevisionRow| made_ms.is_none_or(|made_ms| row.at_ms <= made_ms);
        let (buyer, customer) = match self.revisions.iter().rfind(before) {
            Some(row) => (Some(&row.buyer), row.customer.or(self.order.customer)),
            None => (self.order.buyer.as_ref(), self.order.customer),
        };
        readable(reader, &self.order.id.bytes(), buyer, customer)
    }
}

/// What of a buyer decides taxes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Bought<'a> {
    region: &'a str,
    registered: bool,
    kind: Option<&'a str>,
}

impl<'a> Bought<'a> {
    /// What the rules are asked of a sale to them; goods that were delivered went where the document says.
    fn context(&self, order: &'a OrderRow, usual: TaxContext<'a>) -> TaxContext<'a> {
        let delivered = order.order_type == "delivery";
        TaxContext {
            buyer_region: Some(self.region).filter(|region| !region.is_empty()),
            buyer_registered: self.registered,
            handed_over: !delivered,
            delivered_to: Some(order.place_of_supply.as_str()).filter(|place| delivered && !place.is_empty()),
            order_type: &order.order_type,
            customer_type: self.kind,
            ..usual
        }
    }
}

/// The number as people write it.
pub(crate) fn document_of(prefix: &str, fiscal_year: &str, n: u32) -> String {
    format!("{prefix}/{fiscal_year}/{n:06}")
}

/// A readable buyer, or what the customer's key opens; `None` when nobody stands there or the key is gone.
pub(crate) fn readable(
    reader: &Reader<'_>,
    about: &[u8; 16],
    buyer: Option<&BuyerV1>,
    customer: Option<CustomerId>,
) -> Result<Option<BuyerForm>> {
    let Some(buyer) = buyer else { return Ok(None) };
    let mut form = BuyerForm {
        name: buyer.name.clone(),
        tax_number: buyer.tax_number.clone(),
        region: buyer.region.clone(),
        address: buyer.address.clone(),
    };
    if !buyer.sealed.is_empty()
        && let Some(customer) = customer
        // Whoever they were merged into has another key.
        && let Some(key) = reader.customer_key(customer)?
        && let Some(named) = journal::seal::open_value::<BuyerNameV1>(&key, about, &buyer.sealed)
    {
        form.name = named.name;
        form.address = named.address;
    }
    let says_something = [&form.name, &form.tax_number, &form.address]
        .iter()
        .any(|t| !t.is_empty());
    Ok(says_something.then_some(form))
}

/// "Maharashtra (27)" in India, the code elsewhere.
pub(crate) fn region_text(settings: &Settings, code: &str) -> Option<String> {
    match code {
        "" => None,
        code if settings.text("shop.country") == "IN" => {
            Some(gst::state_name(code).map_or_else(|| code.to_owned(), |name| format!("{name} ({code})")))
        }
        code => Some(code.to_owned()),
    }
}

/// "2.5%" from millionths of a percent.
pub(crate) fn rate_text(millionths: u32) -> String {
    let (whole, fraction) = (millionths / 1_000_000, millionths % 1_000_000);
    let fraction = format!("{fraction:06}");
    match fraction.trim_end_matches('0') {
        "" => format!("{whole}%"),
        fraction => format!("{whole}.{fraction}%"),
    }
}

pub(crate) fn address_lines(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

pub(crate) fn party_of_buyer(settings: &Settings, buyer: &BuyerForm) -> Party {
    Party {
        name: buyer.name.clone(),
        address: address_lines(&buyer.address),
        tax_number: Some(buyer.tax_number.clone()).filter(|n| !n.is_empty()),
        region: region_text(settings, &buyer.region),
        ..Party::default()
    }
}

/// The seller as the document kept it; a sale from before documents kept one shows the shop as it is.
pub(crate) fn party_of_seller(settings: &Settings, seller: &SellerV1) -> Party {
    // A kept name says that the rest was kept too: who had no number that day has none on that day's papers.
    let or = |kept: &str, setting: &str| match seller.name.as_str() {
        "" => settings.text(setting).to_owned(),
        _ => kept.to_owned(),
    };
    let mut address = address_lines(&seller.address);
    if address.is_empty() {
        address = settings.letterhead();
    }
    Party {
        name: or(&seller.name, "shop.name"),
        address,
        tax_number: Some(or(&seller.tax_number, "shop.tax_number")).filter(|n| !n.is_empty()),
        region: region_text(settings, &or(&seller.region, "shop.region")),
        ..Party::default()
    }
}

/// A line of an order or of a quotation, as a sheet shows it.
pub(crate) struct Shown<'a> {
    pub name: &'a str,
    pub product: Option<domain::ids::ProductId>,
    pub note: &'a str,
    pub modifiers: &'a [ModifierV1],
    pub hsn: &'a str,
    pub unit: &'a str,
    pub milli: i64,
    pub unit_price_minor: i64,
    pub discount_minor: i64,
    pub taxable_minor: i64,
    pub taxes: &'a [LineTaxV1],
}

/// "0.750", of so many thousandths of a unit.
pub(crate) fn number_text(unit: &str, milli: i64) -> String {
    unit.parse::<Unit>()
        .ok()
        .and_then(|unit| Quantity::from_milli(milli, unit).ok())
        .map(|quantity| quantity.to_string())
        .unwrap_or_default()
}

/// "PCS" of "PCS-PIECES": the code is what the return asks for.
pub(crate) fn unit_text(unit: &str) -> String {
    let code = gst::unit_quantity_code(unit).split('-').next();
    code.unwrap_or_default().to_owned()
}

fn quantity_text(settings: &Settings, unit: &str, milli: i64) -> String {
    let number = number_text(unit, milli);
    let word = if settings.text("shop.country") == "IN" {
        unit_text(unit)
    } else if unit == "piece" {
        String::new()
    } else {
        unit.trim_start_matches(['=', '~']).to_owned()
    };
    format!("{number} {word}").trim_end().to_owned()
}

pub(crate) fn line_of(
    reader: &Reader<'_>,
    settings: &Settings,
    language: &str,
    taxes: &[TaxRow],
    line: &Shown<'_>,
) -> Result<InvoiceLine> {
    let product = match line.product {
        Some(id) => reader.product(id)?,
        None => None,
    };
    let extras: Vec<&str> = line
        .modifiers
        .iter()
        .map(|m| m.name.as_str())
        .chain((!line.note.is_empty()).then_some(line.note))
        .collect();
    let extra_minor: i64 = line.modifiers.iter().map(|m| m.price_minor).sum();
    let parts: Vec<TaxPart> = line
        .taxes
        .iter()
        .filter_map(|part| {
            let tax = taxes.get(usize::from(part.tax))?;
            Some(TaxPart {
                label: format!("{} {}", tax.name, rate_text(tax.rate)),
                amount_minor: part.amount_minor,
            })
        })
        .collect();
    let tax_minor: i64 = line.taxes.iter().map(|t| t.amount_minor).sum();
    Ok(InvoiceLine {
        name: line.name.to_owned(),
        second_name: product.and_then(|p| second_name(&p.names, line.name, language)),
        note: (!extras.is_empty()).then(|| extras.join(", ")),
        code: Some(line.hsn.to_owned()).filter(|c| !c.is_empty()),
        quantity: quantity_text(settings, line.unit, line.milli),
        unit_price_minor: line.unit_price_minor.saturating_add(extra_minor),
        discount_minor: line.discount_minor,
        taxable_minor: line.taxable_minor,
        taxes: parts,
        tax_minor,
        amount_minor: line.taxable_minor.saturating_add(tax_minor),
    })
}

/// What a document's goods come to by code and rate: the names of the taxes, and a row for each code and rate.
fn code_totals<'a>(
    taxes: &[TaxRow],
    lines: impl Iterator<Item = (&'a str, i64, &'a [LineTaxV1])>,
) -> (Vec<String>, Vec<CodeTotal>) {
    let mut names: Vec<String> = Vec::new();
    for tax in taxes {
        if !names.contains(&tax.name) {
            names.push(tax.name.clone());
        }
    }
    let mut rows: Vec<(Vec<u32>, CodeTotal)> = Vec::new();
    for (code, taxable_minor, parts) in lines {
        let mut rates = vec![0u32; names.len()];
        let mut amounts = vec![None; names.len()];
        for part in parts {
            let Some(tax) = taxes.get(usize::from(part.tax)) else {
                continue;
            };
            if let Some(at) = names.iter().position(|name| *name == tax.name) {
                rates[at] = rates[at].saturating_add(tax.rate);
                *amounts[at].get_or_insert(0i64) += part.amount_minor;
            }
        }
        let at = match rows
            .iter()
            .position(|(known, row)| row.code == code && *known == rates)
        {
            Some(at) => at,
            None => {
                let row = CodeTotal {
                    code: code.to_owned(),
                    taxes: vec![None; names.len()],
                    ..CodeTotal::default()
                };
                rows.push((rates.clone(), row));
                rows.len() - 1
            }
        };
        let row = &mut rows[at].1;
        row.taxable_minor += taxable_minor;
        for ((sum, amount), rate) in row.taxes.iter_mut().zip(amounts).zip(rates) {
            if let Some(amount) = amount {
                row.tax_minor += amount;
                sum.get_or_insert_with(|| (rate_text(rate), 0)).1 += amount;
            }
        }
    }
    rows.sort_by(|one, other| (&one.1.code, &one.0).cmp(&(&other.1.code, &other.0)));
    (names, rows.into_iter().map(|(_, row)| row).collect())
}

pub(crate) fn tax_totals(taxes: &[TaxRow]) -> Vec<TaxTotal> {
    taxes
        .iter()
        .map(|tax| TaxTotal {
            name: tax.name.clone(),
            rate: rate_text(tax.rate),
            taxable_minor: tax.taxable_minor,
            amount_minor: tax.amount_minor,
        })
        .collect()
}

/// A language that documents are written in, or the counter's for guests.
pub(crate) fn language_of(settings: &Settings, asked: Option<&str>) -> Result<String> {
    match asked {
        None => Ok(settings.text("customer.language").to_owned()),
        Some(tag) if LANGUAGES.contains(&tag) => Ok(tag.to_owned()),
        Some(_) => Err(AppError::field("language", "en, hi or ar")),
    }
}

/// What letters say unless a person says it better.
pub(crate) fn letter_words(
    language: &str,
    kind: &str,
    document: &str,
    shop: &str,
    amount: &str,
) -> (String, String) {
    let (what, text) = match (language, kind) {
        ("hi", "credit_note") => (
            "क्रेडिट नोट",
            format!("नमस्ते,\n\nआपका क्रेडिट नोट {document} ({amount}) संलग्न है।\n\n{shop}"),
        ),
        ("hi", "quotation") => (
            "कोटेशन",
            format!("नमस्ते,\n\nआपका कोटेशन {document} ({amount}) संलग्न है।\n\n{shop}"),
        ),
        ("hi", _) => (
            "चालान",
            format!("नमस्ते,\n\nआपका चालान {document} ({amount}) संलग्न है।\n\nधन्यवाद\n{shop}"),
        ),
        ("ar", "credit_note") => (
            "إشعار دائن",
            format!("مرحبًا،\n\nتجدون مرفقًا الإشعار الدائن {document} بمبلغ {amount}.\n\n{shop}"),
        ),
        ("ar", "quotation") => (
            "عرض سعر",
            format!("مرحبًا،\n\nتجدون مرفقًا عرض السعر {document} بمبلغ {amount}.\n\n{shop}"),
        ),
        ("ar", _) => (
            "فاتورة",
            format!("مرحبًا،\n\nتجدون مرفقًا الفاتورة {document} بمبلغ {amount}.\n\nشكرًا لكم\n{shop}"),
        ),
        (_, "credit_note") => (
            "Credit note",
            format!("Hello,\n\nyour credit note {document} over {amount} is attached.\n\n{shop}"),
        ),
        (_, "quotation") => (
            "Quotation",
            format!("Hello,\n\nour quotation {document} over {amount} is attached.\n\n{shop}"),
        ),
        _ => (
            "Invoice",
            format!("Hello,\n\nyour invoice {document} over {amount} is attached.\n\nThank you\n{shop}"),
        ),
    };
    (format!("{what} {document} – {shop}"), text)
}

/// What a person typed, as it will stand on the document.
fn checked_buyer(form: &BuyerForm) -> Result<BuyerForm> {
    let typed = form.tax_number.trim();
    let tax_number = match typed {
        "" => String::new(),
        number => crate::setup::tax_number(number)?,
    };
    let mut region = form.region.trim().to_owned();
    if gst::looks_like_gstin(&tax_number)
        && let Ok(gstin) = gst::Gstin::parse(&tax_number)
    {
        region = gstin.state().to_owned();
    } else if region.len() > 10 {
        return Err(AppError::field("region", "a region's code"));
    }
    let mut address = Vec::new();
    for line in form.address.lines().filter(|line| !line.trim().is_empty()) {
        address.push(text("address", line, 120)?);
    }
    if address.len() > 6 {
        return Err(AppError::field("address", "six lines are the most"));
    }
    Ok(BuyerForm {
        name: text("name", &form.name, 120)?,
        tax_number,
        region,
        address: address.join("\n"),
    })
}

impl Shop {
    /// Everything about one document.
    pub(crate) fn known_invoice(&self, reader: &Reader<'_>, id: OrderId) -> Result<Known> {
        let order = reader.order(id)?.ok_or(AppError::new(Code::NotFound))?;
        self.known(reader, order)
    }

    fn known(&self, reader: &Reader<'_>, order: OrderRow) -> Result<Known> {
        let id = order.id;
        let revisions = reader.revisions(id)?;
        let tenders = reader.tenders(id)?;
        let refunds = reader.refunds(id)?;
        let (buyer, customer) = match revisions.last() {
            Some(last) => (Some(&last.buyer), last.customer.or(order.customer)),
            None => (order.buyer.as_ref(), order.customer),
        };
        let buyer = readable(reader, &id.bytes(), buyer, customer)?;
        let (on_account, parts) = accounts::order_on_account(reader, id)?.unzip();
        let parts = parts.unwrap_or_default();
        // What no leg has brought in yet, and what stands on the customer's account.
        let captured: i64 = tenders
            .iter()
            .filter(|t| t.state == CAPTURED && t.void_ms.is_none())
            .map(|t| t.amount_minor)
            .sum();
        let missing = order.total_minor.saturating_sub(captured).max(0);
        let owed = match order.cancelled_ms {
            Some(_) => 0,
            None => on_account
                .map_or(0, |item| item.open.minor())
                .saturating_add(missing),
        };
        // Whoever pays in parts owes the next of them.
        let next = parts
            .iter()
            .filter(|due| !due.open.is_zero())
            .map(|due| due.day)
            .min();
        let due_day = match reader.invoice_due(id)? {
            _ if next.is_some() => next,
            Some(0) => None,
            Some(day) => Some(day),
            None if owed > 0 => on_account
                .map(|item| item.due)
                .or_else(|| self.usual_due(order.business_day)),
            None => None,
        };
        Ok(Known {
            sent: reader.documents_sent(id.bytes())?,
            revisions,
            tenders,
            refunds,
            buyer,
            customer,
            owed: Money::from_minor(owed),
            on_account: on_account.map_or(Money::ZERO, |item| item.open),
            due_day,
            parts,
            order,
        })
    }

    fn usual_due(&self, day: u32) -> Option<u32> {
        let settings = self.settings();
        let days = settings.int("invoice.due_days");
        let due = days::date_of(day)?
            .checked_add(jiff::Span::new().try_days(days).ok()?)
            .ok()?;
        Some(days::number_of(due))
    }

    fn state_of(&self, known: &Known, today: u32) -> &'static str {
        let owed = known.owed.minor();
        let refunded: i64 = known.refunds.iter().map(|r| r.total_minor).sum();
        let sent = known.sent.iter().any(|s| s.kind == "invoice");
        match () {
            () if known.order.cancelled_ms.is_some() => "cancelled",
            () if owed <= 0 => "paid",
            () if known.due_day.is_some_and(|due| due < today) => "overdue",
            () if owed < known.order.total_minor.saturating_sub(refunded) => "part_paid",
            () if sent => "sent",
            () => "issued",
        }
    }

    fn view_invoice(&self, known: &Known, today: u32) -> InvoiceView {
        let order = &known.order;
        let refunded_minor: i64 = known.refunds.iter().map(|r| r.total_minor).sum();
        let owed_minor = known.owed.minor();
        let paid_minor = match order.cancelled_ms {
            Some(_) => 0,
            None => order
                .total_minor
                .saturating_sub(refunded_minor)
                .saturating_sub(owed_minor)
                .max(0),
        };
        InvoiceView {
            id: order.id.uuid(),
            document: document_of(&order.prefix, &order.fiscal_year, order.document_no),
            kind: order.document.clone(),
            state: self.state_of(known, today).to_owned(),
            day: days::text_of(order.business_day),
            placed_at: rfc3339(Moment(order.placed_ms)),
            due_day: known.due_day.map(days::text_of),
            buyer: known.buyer.clone(),
            customer: known.customer.map(|c| c.uuid()),
            total_minor: order.total_minor,
            tax_minor: order.tax_minor,
            refunded_minor,
            paid_minor,
            owed_minor,
            revisions: u32::try_from(known.revisions.len()).unwrap_or(u32::MAX),
            sent_at: known
                .sent
                .iter()
                .rfind(|s| s.kind == "invoice")
                .map(|s| rfc3339(Moment(s.at_ms))),
        }
    }

    pub fn invoices(&self, filter: &InvoiceFilter) -> Result<Page<InvoiceView>> {
        let settings = self.settings();
        let today = self.today_number(&settings);
        let day = |name: &str, text: &Option<String>| -> Result<Option<u32>> {
            text.as_deref()
                .map(|text| customers::day_number(name, text))
                .transpose()
        };
        let wanted = filter.state.as_deref();
        const STATES: &[&str] = &["issued", "sent", "part_paid", "paid", "overdue", "cancelled"];
        if wanted.is_some_and(|state| !STATES.contains(&state)) {
            return Err(AppError::field("state", "not a state of invoices"));
        }
        let typed = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
        let document_no = typed.and_then(|q| q.rsplit('/').next()?.parse::<u32>().ok());
        let limit = filter.limit.unwrap_or(50).clamp(1, MOST_AT_ONCE);
        let mut query = InvoiceQuery {
            from_day: day("from", &filter.from)?,
            to_day: day("to", &filter.to)?,
            customer: filter.customer.map(CustomerId::from_uuid),
            document_no,
            buyer: typed.filter(|_| document_no.is_none()).map(domain::search::fold),
            cancelled: wanted.map(|state| state == "cancelled"),
            named: filter.named == Some(true),
            open: wanted.is_some_and(|state| !["paid", "cancelled"].contains(&state)),
            before: filter.after.as_deref().map(crate::orders::cursor).transpose()?,
            limit: limit + 1,
        };
        self.store.read(|r| -> Result<_> {
            let mut items: Vec<InvoiceView> = Vec::new();
            let mut looked_at = 0;
            loop {
                let rows = r.invoices(&query)?;
                let last = rows.len() < query.limit;
                for row in rows {
                    if items.len() == limit || looked_at == MOST_LOOKED_AT {
                        let next = query.before.map(|(ms, id)| format!("{ms}.{id}"));
                        return Ok(Page { items, next });
                    }
                    query.before = Some((row.placed_ms, row.id));
                    looked_at += 1;
                    let known = self.known(r, row)?;
                    if wanted.is_none_or(|state| self.state_of(&known, today) == state) {
                        items.push(self.view_invoice(&known, today));
                    }
                }
                if last {
                    return Ok(Page { items, next: None });
                }
            }
        })
    }

    pub fn invoice(&self, id: OrderId) -> Result<InvoiceWhole> {
        let settings = self.settings();
        let today = self.today_number(&settings);
        self.store.read(|r| -> Result<_> {
            let known = self.known_invoice(r, id)?;
            let people = r.staff(true)?;
            let named = |id: Option<domain::ids::StaffId>| {
                let person = people.iter().find(|p| Some(p.id) == id)?;
                Some(Named {
                    id: person.id.uuid(),
                    name: person.name.clone(),
                })
            };
            let order = &known.order;
            let mut versions = vec![InvoiceRevisionView {
                revision: 0,
                at: rfc3339(Moment(order.placed_ms)),
                day: days::text_of(order.business_day),
                staff: named(order.staff),
                buyer: readable(r, &id.bytes(), order.buyer.as_ref(), order.customer)?,
                reason: None,
            }];
            for (n, row) in (1u32..).zip(&known.revisions) {
                versions.push(InvoiceRevisionView {
                    revision: n,
                    at: rfc3339(Moment(row.at_ms)),
                    day: days::text_of(row.business_day),
                    staff: named(row.staff),
                    buyer: readable(r, &id.bytes(), Some(&row.buyer), row.customer.or(order.customer))?,
                    reason: Some(row.reason.clone()).filter(|reason| !reason.is_empty()),
                });
            }
            let mut sent = known.sent.clone();
            for refund in &known.refunds {
                sent.extend(r.documents_sent(refund.id)?);
            }
            let mail_to = match known.customer {
                Some(customer) => customers::card_of(r, customer).ok().and_then(|card| card.email),
                None => None,
            };
            Ok(InvoiceWhole {
                invoice: self.view_invoice(&known, today),
                versions,
                sent: sent
                    .into_iter()
                    .map(|s| SentView {
                        kind: s.kind,
                        revision: s.revision,
                        way: s.way,
                        to: s.to,
                        at: rfc3339(Moment(s.at_ms)),
                        staff: named(s.staff),
                    })
                    .collect(),
                credit_notes: known
                    .refunds
                    .iter()
                    .map(|refund| CreditNoteBrief {
                        id: Uuid::from_bytes(refund.id),
                        document: document_of(&refund.prefix, &refund.fiscal_year, refund.document_no),
                        at: rfc3339(Moment(refund.at_ms)),
                        total_minor: refund.total_minor,
                        reason: refund.reason.clone(),
                    })
                    .collect(),
                instalments: known
                    .parts
                    .iter()
                    .map(|due| InstalmentView::of(due, today))
                    .collect(),
                wants_buyer: self.wants_buyer(&settings, &known),
                on_account_minor: known.on_account.minor(),
                quotation: order.quotation.map(Uuid::from_bytes),
                mail_to,
            })
        })
    }

    fn wants_buyer(&self, settings: &Settings, known: &Known) -> bool {
        let complete = known.buyer.as_ref().is_some_and(|b| {
            ![&b.name, &b.address, &b.region]
                .iter()
                .any(|said| said.is_empty())
        });
        settings.text("shop.country") == "IN"
            && known.order.document == "tax_invoice"
            && known.order.cancelled_ms.is_none()
            && known.order.total_minor >= NAMED_FROM_MINOR
            && !complete
    }

    /// Whether the lines would have other taxes, or be supplied at another place than the document says, with another
    /// buyer on it.
    fn taxes_differ(
        &self,
        reader: &Reader<'_>,
        known: &Known,
        lines: &[OrderLineRow],
        now: &BuyerForm,
        chosen: Option<&CustomerCard>,
    ) -> Result<bool> {
        let order = &known.order;
        // What is read here is never sealed, so it is still there when the name is not.
        let kept = known
            .revisions
            .last()
            .map(|row| &row.buyer)
            .or(order.buyer.as_ref());
        let kind = match order.customer {
            Some(id) => reader.customer(reader.customer_root(id)?)?.map(|row| row.kind),
            None => None,
        };
        let was = Bought {
            region: kept.map_or("", |buyer| &buyer.region),
            registered: kept.is_some_and(|buyer| !buyer.tax_number.is_empty()),
            kind: kind.as_deref(),
        };
        let now = Bought {
            region: &now.region,
            registered: !now.tax_number.is_empty(),
            kind: chosen.map(|card| card.kind.as_str()).or(was.kind),
        };
        if was == now {
            return Ok(false);
        }
        let settings = self.settings();
        let taxing = Taxing::read(reader, &settings, order.business_day)?;
        let voucher: Option<ProductId> = settings.text(CARD_PRODUCT).parse().ok();
        let taxed = || {
            lines
                .iter()
                .filter(|line| voucher.is_none() || line.product != voucher)
        };
        let of = |buyer: &Bought<'_>| -> Result<_> {
            // The classes that it was sold under; the products may have others by now.
            let classes = taxed().map(|line| line.tax_class);
            let (context, place) = match taxing.of_document(classes, buyer.context(order, taxing.context())) {
                Err(error) if error.code == Code::TaxPlacesDiffer => return Ok(None),
                known => known?,
            };
            let mut components = Vec::with_capacity(lines.len());
            for line in taxed() {
                let Some(class) = line.tax_class else { continue };
                let asked = TaxContext {
                    net: Money::from_minor(
                        line.gross_minor - line.discount_minor - line.order_discount_minor,
                    ),
                    milli: line.base_milli,
                    ..context
                };
                components.push(taxing.components_of(class, &asked)?.components);
            }
            Ok(Some((components, place.to_owned())))
        };
        let Some((after, place)) = of(&now)? else {
            return Ok(true);
        };
        if !order.place_of_supply.is_empty() && place != order.place_of_supply {
            return Ok(true);
        }
        Ok(of(&was)?.is_none_or(|(before, _)| before != after))
    }

    /// Corrects who stands on a document. The number, the date, the lines and the taxes stay as they are.
    pub fn revise_invoice(
        &self,
        actor: &Actor,
        id: OrderId,
        request: &ReviseInvoice,
    ) -> Result<InvoiceWhole> {
        let settings = self.settings();
        let buyer = checked_buyer(&request.buyer)?;
        let reason = optional_text("reason", request.reason.as_deref(), 200)?.unwrap_or_default();
        let content = content_of(&format!("revise {}", id.uuid()), request)?;
        let now = self.edges.now();
        let today = self.today_number(&settings);
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let known = self.known_invoice(&tx.reader(), id)?;
            if known.order.cancelled_ms.is_some() {
                return Err(Code::InvoiceCancelled.into());
            }
            let chosen = request
                .customer
                .map(|id| customers::card_of(&tx.reader(), CustomerId::from_uuid(id)))
                .transpose()?;
            let customer = chosen.as_ref().map(|card| card.id);
            if known.buyer.as_ref() == Some(&buyer) && (customer.is_none() || customer == known.customer) {
                return Err(Code::InvoiceUnchanged.into());
            }
            let lines = tx.reader().order_lines(id)?;
            if self.taxes_differ(&tx.reader(), &known, &lines, &buyer, chosen.as_ref())? {
                return Err(AppError::new(Code::InvoiceTaxesDiffer)
                    .hint("place_of_supply", known.order.place_of_supply.clone())
                    .hint("region", buyer.region.clone()));
            }
            let mut customer = customer.or(known.customer);
            let mut kept = BuyerV1 {
                tax_number: buyer.tax_number.clone(),
                region: buyer.region.clone(),
                ..BuyerV1::default()
            };
            if kept.tax_number.is_empty() {
                // A person's name is sealed, under a key that can be erased: of whoever was chosen or stands there, of
                // whose phone it is, or of somebody made for it.
                let known = [customer, tx.reader().customer_of_order(id)?];
                let card = chosen.or_else(|| {
                    let mut known = known.into_iter().flatten();
                    known.find_map(|id| customers::card_of(&tx.reader(), id).ok())
                });
                let (owner, key) = match card {
                    Some(card) => (card.id, card.key),
                    None => self.customer_by_name(tx, actor, &buyer.name)?,
                };
                customer = Some(owner);
                let named = BuyerNameV1 {
                    name: buyer.name.clone(),
                    address: buyer.address.clone(),
                };
                kept.sealed = journal::seal::close_value(&key, &id.bytes(), self.edges.random(), &named)
                    .ok_or(AppError::new(Code::Broken))?;
            } else {
                kept.name = buyer.name.clone();
                kept.address = buyer.address.clone();
            }
            let revision = u32::try_from(known.revisions.len())
                .unwrap_or(u32::MAX)
                .saturating_add(1);
            tx.record(
                Some(actor.staff),
                &Body::InvoiceRevised(InvoiceRevisedV1 {
                    order: id.bytes(),
                    revision,
                    at_ms: now.0,
                    business_day: today,
                    customer: customer.map(|c| c.bytes()),
                    buyer: kept,
                    reason: reason.clone(),
                    content,
                }),
            )?;
            Ok(())
        })?;
        self.live.tell("order", Some(id.to_string()));
        self.invoice(id)
    }

    pub fn set_due(&self, actor: &Actor, id: OrderId, request: &SetDue) -> Result<InvoiceWhole> {
        let due_day = match request.due_day.as_deref() {
            None => 0,
            Some(day) => customers::day_number("due_day", day)?,
        };
        let content = content_of(&format!("due {}", id.uuid()), request)?;
        let now = self.edges.now();
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let order = tx.reader().order(id)?.ok_or(AppError::new(Code::NotFound))?;
            if order.cancelled_ms.is_some() {
                return Err(Code::InvoiceCancelled.into());
            }
            if due_day > 0 && due_day < order.business_day {
                return Err(AppError::field("due_day", "this is before the invoice"));
            }
            tx.record(
                Some(actor.staff),
                &Body::InvoiceDue(InvoiceDueV1 {
                    order: id.bytes(),
                    due_day,
                    at_ms: now.0,
                }),
            )?;
            Ok(())
        })?;
        self.live.tell("order", Some(id.to_string()));
        self.invoice(id)
    }

    /// The document, or one of its credit notes, as a file for A4.
    pub fn invoice_pdf(&self, id: OrderId, filter: &SheetFilter) -> Result<SheetFile> {
        self.store.read(|r| {
            let known = self.known_invoice(r, id)?;
            self.invoice_file(r, &known, filter)
        })
    }

    fn invoice_file(&self, reader: &Reader<'_>, known: &Known, filter: &SheetFilter) -> Result<SheetFile> {
        let settings = self.settings();
        let language = language_of(&settings, filter.language.as_deref())?;
        let (data, name) = match filter.credit_note {
            None => self.invoice_data(reader, &settings, known, filter.revision, language)?,
            Some(note) => self.credit_note_data(reader, &settings, known, note, language)?,
        };
        let bytes =
            sheet_pdf(&invoice_sheet(&data), fonts()).map_err(|e| AppError::new(Code::Broken).caused(e))?;
        Ok(SheetFile { name, bytes })
    }

    fn head_data(&self, settings: &Settings, known: &Known, language: String) -> InvoiceData {
        let order = &known.order;
        let india = settings.text("shop.country") == "IN";
        InvoiceData {
            kind: match order.document.as_str() {
                "tax_invoice" => InvoiceKind::TaxInvoice,
                "bill_of_supply" => InvoiceKind::BillOfSupply,
                _ => InvoiceKind::Invoice,
            },
            demo: self.identity.demo,
            cancelled: order.cancelled_ms.is_some(),
            logo: self.template().logo,
            seller: party_of_seller(settings, &order.seller),
            place_of_supply: region_text(settings, &order.place_of_supply),
            reverse_charge: (india && order.document == "tax_invoice").then_some(false),
            hsn: india,
            inclusive: order.inclusive && order.tax_on_top_minor() == 0,
            terms: address_lines(settings.text("invoice.terms")),
            signed: settings.text("invoice.signed") == "true",
            currency: settings.currency.code().to_owned(),
            language,
            ..InvoiceData::default()
        }
    }

    fn invoice_data(
        &self,
        reader: &Reader<'_>,
        settings: &Settings,
        known: &Known,
        revision: Option<u32>,
        language: String,
    ) -> Result<(InvoiceData, String)> {
        let order = &known.order;
        let newest = u32::try_from(known.revisions.len()).unwrap_or(u32::MAX);
        let wanted = revision.unwrap_or(newest);
        let (buyer, corrects) = match wanted.checked_sub(1) {
            None => (
                readable(reader, &order.id.bytes(), order.buyer.as_ref(), order.customer)?,
                None,
            ),
            Some(before) => {
                let at = usize::try_from(before).unwrap_or(usize::MAX);
                let row = known.revisions.get(at).ok_or(AppError::new(Code::NotFound))?;
                let was = match before.checked_sub(1) {
                    None => order.business_day,
                    Some(_) => known.revisions[at - 1].business_day,
                };
                (
                    readable(
                        reader,
                        &order.id.bytes(),
                        Some(&row.buyer),
                        row.customer.or(order.customer),
                    )?,
                    Some((wanted, days::text_of(was))),
                )
            }
        };
        let taxes = reader.order_taxes(order.id)?;
        let rows = reader.order_lines(order.id)?;
        let (code_taxes, codes) = match known.order.document.as_str() {
            "tax_invoice" if settings.text("shop.country") == "IN" => code_totals(
                &taxes,
                rows.iter()
                    .map(|line| (line.hsn.as_str(), line.taxable_minor, line.taxes.as_slice())),
            ),
            _ => Default::default(),
        };
        let lines = rows
            .iter()
            .map(|line| {
                let shown = Shown {
                    name: &line.name,
                    product: line.product,
                    note: &line.note,
                    modifiers: &line.modifiers,
                    hsn: &line.hsn,
                    unit: &line.unit,
                    milli: line.milli,
                    unit_price_minor: line.unit_price_minor,
                    discount_minor: line.discount_minor.saturating_add(line.order_discount_minor),
                    taxable_minor: line.taxable_minor,
                    taxes: &line.taxes,
                };
                line_of(reader, settings, &language, &taxes, &shown)
            })
            .collect::<Result<Vec<_>>>()?;
        let document = document_of(&order.prefix, &order.fiscal_year, order.document_no);
        let mut name = document.replace('/', "-");
        if wanted > 0 {
            name += &format!("-r{wanted}");
        }
        let tenders = known
            .tenders
            .iter()
            .filter(|t| t.state == CAPTURED && t.void_ms.is_none() && t.method != "account")
            .map(|t| ReceiptTender {
                label: method_word(&t.method, &language),
                amount_minor: t.amount_minor,
                ..ReceiptTender::default()
            })
            .collect();
        let owed_minor = known.owed.minor();
        let mut data = InvoiceData {
            buyer: buyer.map(|buyer| party_of_buyer(settings, &buyer)),
            number: document,
            date: days::text_of(order.business_day),
            due: known.due_day.filter(|_| owed_minor > 0).map(days::text_of),
            revision: corrects,
            lines,
            subtotal_minor: order.subtotal_minor,
            taxable_minor: order.taxable_minor,
            taxes: tax_totals(&taxes),
            tax_minor: order.tax_minor,
            code_taxes,
            codes,
            instalments: known
                .parts
                .iter()
                .map(|due| SheetInstalment {
                    day: days::text_of(due.day),
                    amount_minor: due.amount.minor(),
                    open_minor: due.open.minor(),
                })
                .collect(),
            rounding_minor: order.rounding_minor,
            total_minor: order.total_minor,
            tenders,
            paid_minor: order.total_minor.saturating_sub(owed_minor),
            owed_minor,
            ..self.head_data(settings, known, language)
        };
        data.legends = self.legends(reader, settings, order, &data.language)?;
        data.qr = self.pay_code(settings, &data);
        Ok((data, name + ".pdf"))
    }

    fn credit_note_data(
        &self,
        reader: &Reader<'_>,
        settings: &Settings,
        known: &Known,
        note: Uuid,
        language: String,
    ) -> Result<(InvoiceData, String)> {
        let order = &known.order;
        let refund = known
            .refunds
            .iter()
            .find(|refund| refund.id == *note.as_bytes())
            .ok_or(AppError::new(Code::NotFound))?;
        let bought = reader.order_lines(order.id)?;
        let code_of = |n: u32| {
            let line = bought.iter().find(|line| line.line == n);
            line.map_or("", |line| line.hsn.as_str())
        };
        let (code_taxes, codes) = match order.document.as_str() {
            "tax_invoice" if settings.text("shop.country") == "IN" => code_totals(
                &refund.taxes,
                refund.lines.iter().map(|credit| {
                    (
                        code_of(credit.line),
                        credit.taxable_minor,
                        credit.taxes.as_slice(),
                    )
                }),
            ),
            _ => Default::default(),
        };
        let mut lines = Vec::new();
        for credit in &refund.lines {
            let Some(line) = bought.iter().find(|line| line.line == credit.line) else {
                continue;
            };
            let shown = Shown {
                name: &line.name,
                product: line.product,
                note: "",
                modifiers: &line.modifiers,
                hsn: &line.hsn,
                unit: &line.unit,
                milli: credit.milli,
                unit_price_minor: line.unit_price_minor,
                discount_minor: 0,
                taxable_minor: credit.taxable_minor,
                taxes: &credit.taxes,
            };
            lines.push(line_of(reader, settings, &language, &refund.taxes, &shown)?);
        }
        let document = document_of(&refund.prefix, &refund.fiscal_year, refund.document_no);
        let tenders = refund
            .tenders
            .iter()
            .map(|t| ReceiptTender {
                label: method_word(&t.method, &language),
                amount_minor: t.amount_minor,
                ..ReceiptTender::default()
            })
            .collect();
        let name = document.replace('/', "-") + ".pdf";
        let buyer = known.buyer_of_note(reader, refund.id)?;
        let data = InvoiceData {
            buyer: buyer.map(|buyer| party_of_buyer(settings, &buyer)),
            number: document,
            date: days::text_of(refund.business_day),
            of: Some((
                document_of(&order.prefix, &order.fiscal_year, order.document_no),
                days::text_of(order.business_day),
            )),
            reason: Some(refund.reason.clone()).filter(|reason| !reason.is_empty()),
            lines,
            subtotal_minor: refund.total_minor,
            taxable_minor: refund.taxable_minor,
            taxes: tax_totals(&refund.taxes),
            tax_minor: refund.tax_minor,
            code_taxes,
            codes,
            rounding_minor: refund.rounding_minor,
            total_minor: refund.total_minor,
            tenders,
            ..self.head_data(settings, known, language)
        };
        Ok((
            InvoiceData {
                kind: InvoiceKind::CreditNote,
                ..data
            },
            name,
        ))
    }

    /// What the law wants written across the document.
    pub(crate) fn legends(
        &self,
        reader: &Reader<'_>,
        settings: &Settings,
        order: &OrderRow,
        language: &str,
    ) -> Result<Vec<String>> {
        if order.document != "bill_of_supply" {
            return Ok(Vec::new());
        }
        let taxing = Taxing::read(reader, settings, order.business_day)?;
        if taxing.scheme() != Scheme::IndiaGst || !taxing.composition() {
            return Ok(Vec::new());
        }
        // The rule's own words, and what they mean where the reader's language is another one.
        let mut legends =
            vec!["Composition taxable person, not eligible to collect tax on supplies".to_owned()];
        if language == "hi" {
            legends.push("कंपोज़िशन करदाता, आपूर्ति पर कर लेने के पात्र नहीं".to_owned());
        }
        Ok(legends)
    }

    /// A code to pay what is owed with.
    fn pay_code(&self, settings: &Settings, data: &InvoiceData) -> Option<SheetQr> {
        if data.owed_minor <= 0 || data.cancelled || data.demo {
            return None;
        }
        let address = settings.text("upi.address");
        let reference = data.number.replace('/', "-");
        let request = UpiRequest {
            address,
            name: settings.text("shop.name"),
            reference: Some(&reference),
            amount: Some(Money::from_minor(data.owed_minor)),
            ..UpiRequest::default()
        };
        // A shop without an address there has no code.
        let uri = upi::uri(&request).ok().filter(|_| data.currency == "INR")?;
        Some(SheetQr {
            data: uri,
            caption: format!("UPI: {address}"),
        })
    }

    /// Puts the document into the outbox, as it is now.
    pub fn mail_invoice(&self, actor: &Actor, id: OrderId, request: &MailDocument) -> Result<MailView> {
        let settings = self.settings();
        let language = language_of(&settings, request.language.as_deref())?;
        let content = content_of(&format!("mail invoice {}", id.uuid()), request)?;
        let filter = SheetFilter {
            revision: None,
            credit_note: request.credit_note,
            language: Some(language.clone()),
        };
        // The paper and what is written down about it are of one moment.
        let (file, (document, total_minor, revision, name)) = self.store.read(|r| -> Result<_> {
            let known = self.known_invoice(r, id)?;
            let file = self.invoice_file(r, &known, &filter)?;
            let revision = u32::try_from(known.revisions.len()).unwrap_or(u32::MAX);
            let name = known.buyer.map(|buyer| buyer.name).unwrap_or_default();
            let note = request
                .credit_note
                .and_then(|note| known.refunds.iter().find(|r| r.id == *note.as_bytes()));
            let said = match note {
                Some(note) => (
                    document_of(&note.prefix, &note.fiscal_year, note.document_no),
                    note.total_minor,
                    0,
                    name,
                ),
                None => (
                    document_of(
                        &known.order.prefix,
                        &known.order.fiscal_year,
                        known.order.document_no,
                    ),
                    known.order.total_minor,
                    revision,
                    name,
                ),
            };
            Ok((file, said))
        })?;
        let kind = if request.credit_note.is_some() {
            "credit_note"
        } else {
            "invoice"
        };
        let amount = paper::money(total_minor, settings.currency.code());
        let (title, words) = letter_words(&language, kind, &document, settings.text("shop.name"), &amount);
        self.post(
            actor,
            request.id,
            &content,
            ToMail {
                kind,
                subject: *request.credit_note.unwrap_or(id.uuid()).as_bytes(),
                revision,
                document: Some(document),
                to_name: request.to_name.clone().unwrap_or(name),
                to: request.to.clone(),
                title: request.title.clone().unwrap_or(title),
                text: letter_text(request.text.as_deref(), words)?,
                file: Some((file.name, file.bytes)),
            },
        )
    }
}

/// A person's own words, or ours.
pub(crate) fn letter_text(typed: Option<&str>, ours: String) -> Result<String> {
    match typed.map(str::trim) {
        None | Some("") => Ok(ours),
        Some(text) if text.chars().count() > 5_000 => Err(AppError::field("text", "this is too long")),
        Some(text) => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_written_as_people_say_them() {
        for (millionths, text) in [
            (2_500_000, "2.5%"),
            (18_000_000, "18%"),
            (125_000, "0.125%"),
            (0, "0%"),
            (9_975_000, "9.975%"),
        ] {
            assert_eq!(rate_text(millionths), text);
        }
    }
}
