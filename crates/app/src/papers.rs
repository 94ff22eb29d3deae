//! What stands on the shop's slips: an order's own words and amounts, made ready for paper. How it looks is the
//! template's business, how it is printed the printer's.

use crate::{
    Actor, AppError, Code, Result, Shop, days,
    invoices::{BuyerForm, Known, address_lines, party_of_seller, rate_text, region_text, unit_text},
    order_view::{CreditNoteView, OrderView, TookBackView},
    returns::ReturnView,
    settings::{LANGUAGES, Settings},
    wire::{Names, content_of},
};
use domain::{card::CardCode, ids::OrderId, people::Permission, tender::TenderMethod, time::Moment};
use journal::body::LineTaxV1;
use paper::{
    Bitmap, CreditNoteData, CreditOnPaper, Document, Entry, FieldError, Fonts, Paper, PdfPage, ReceiptBuyer,
    ReceiptCard, ReceiptData, ReceiptLine, ReceiptTender, ReturnedGoods, Slip, Template, TestCardData,
};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use store::{
    Reader,
    cards::CardRow,
    orders::{OrderLineRow, TaxRow},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// The fonts of all slips: read once, on first need.
pub(crate) fn fonts() -> &'static Fonts {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    FONTS.get_or_init(Fonts::new)
}

/// Words that go on paper, by the language of the guest.
struct Words {
    cash: &'static str,
    exchange: &'static str,
    store_credit: &'static str,
    discount: &'static str,
    methods: &'static [(&'static str, &'static str)],
}

fn words(language: &str) -> Words {
    match language {
        "hi" => Words {
            cash: "नकद",
            exchange: "वापस लिया सामान",
            store_credit: "स्टोर क्रेडिट",
            discount: "छूट",
            methods: &[
                ("card", "कार्ड"),
                ("upi", "UPI"),
                ("wallet", "वॉलेट"),
                ("bank", "बैंक"),
                ("account", "खाते पर"),
                ("gift_card", "उपहार कार्ड"),
            ],
        },
        "ar" => Words {
            cash: "نقدًا",
            exchange: "بضاعة مرتجعة",
            store_credit: "رصيد المتجر",
            discount: "خصم",
            methods: &[
                ("card", "بطاقة"),
                ("upi", "UPI"),
                ("wallet", "محفظة"),
                ("bank", "تحويل بنكي"),
                ("account", "على الحساب"),
                ("gift_card", "بطاقة هدية"),
            ],
        },
        _ => Words {
            cash: "Cash",
            exchange: "Goods returned",
            store_credit: "Store credit",
            discount: "Discount",
            methods: &[
                ("card", "Card"),
                ("upi", "UPI"),
                ("wallet", "Wallet"),
                ("bank", "Bank"),
                ("account", "On account"),
                ("gift_card", "Gift card"),
            ],
        },
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewPaper {
    /// As the template editor has it; the one in force when absent.
    #[schema(value_type = Option<Object>)]
    pub template: Option<serde_json::Value>,
    /// A sample of the shop's own products when absent.
    pub order: Option<Uuid>,
    /// receipt (default), token, credit_note or test
    pub what: Option<String>,
    /// 58 or 80
    pub paper_mm: Option<u32>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PaperFilter {
    /// receipt (default), token or credit_note
    pub what: Option<String>,
    pub credit_note: Option<Uuid>,
    /// 58, 80, or 210 for A4 (PDF only)
    pub paper_mm: Option<u32>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TemplateView {
    #[schema(value_type = Object)]
    pub template: serde_json::Value,
    #[schema(value_type = Object)]
    pub default: serde_json::Value,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeTemplate {
    pub id: Uuid,
    #[schema(value_type = Object)]
    pub template: serde_json::Value,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LogoView {
    /// Exactly what goes into the template's `logo`.
    #[schema(value_type = Object)]
    pub logo: serde_json::Value,
}

/// Which paper of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Receipt,
    Token,
    CreditNote,
}

impl What {
    pub fn of(word: Option<&str>) -> Result<What> {
        match word {
            None | Some("receipt") => Ok(What::Receipt),
            Some("token") => Ok(What::Token),
            Some("credit_note") => Ok(What::CreditNote),
            Some(_) => Err(AppError::field("what", "receipt, token or credit_note")),
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            What::Receipt => "receipt",
            What::Token => "token",
            What::CreditNote => "credit_note",
        }
    }
}

fn field_wrong(errors: &[FieldError]) -> AppError {
    let first = errors.first();
    let field = first.map_or("template", |e| e.field.as_str());
    let why = first.map_or("this is not a template", |e| e.message.as_str());
    AppError::field(if field.is_empty() { "template" } else { field }, why)
}

pub(crate) fn parse_template(value: &serde_json::Value) -> Result<Template> {
    Template::parse(&value.to_string()).map_err(|errors| field_wrong(&errors))
}

fn paper_of(mm: Option<u32>) -> Result<Option<Paper>> {
    match mm {
        None => Ok(None),
        Some(58) => Ok(Some(Paper::MM58)),
        Some(80) => Ok(Some(Paper::MM80)),
        Some(_) => Err(AppError::field("paper_mm", "58 or 80")),
    }
}

impl Shop {
    /// How slips look here and now.
    pub(crate) fn template(&self) -> Template {
        let settings = self.settings();
        let json = settings.text("receipt.template");
        if json.is_empty() {
            return Template::default();
        }
        Template::parse(json).unwrap_or_else(|errors| {
            // Written by a newer build: a receipt in the plain look beats none.
            tracing::warn!(?errors, "the receipt's template cannot be read here");
            Template::default()
        })
    }

    pub fn template_view(&self) -> Result<TemplateView> {
        let json = |template: &Template| {
            serde_json::to_value(template).map_err(|e| AppError::new(Code::Broken).caused(e))
        };
        Ok(TemplateView {
            template: json(&self.template())?,
            default: json(&Template::default())?,
        })
    }

    pub fn change_template(&self, actor: &Actor, change: &ChangeTemplate) -> Result<TemplateView> {
        let template = parse_template(&change.template)?;
        let json = template.to_json();
        let content = content_of("template", change)?;
        self.write_once(*change.id.as_bytes(), &content, |tx| {
            crate::settings::set_by_key(tx, Some(actor), "receipt.template", &json)
        })?;
        self.reload_settings()?;
        self.live.tell("setting", Some("receipt.template".to_owned()));
        self.template_view()
    }

    /// A picture made ready for the head of receipts. Nothing is kept.
    pub fn logo(&self, png: &[u8]) -> Result<LogoView> {
        let width = self.template().paper.width();
        let logo = Bitmap::from_png(png, width).map_err(|e| AppError::new(Code::LogoInvalid).because(e))?;
        Ok(LogoView {
            logo: serde_json::to_value(logo).map_err(|e| AppError::new(Code::Broken).caused(e))?,
        })
    }

    /// The dots that a printer would print, as a PNG.
    pub fn preview_paper(&self, actor: &Actor, form: &PreviewPaper) -> Result<Vec<u8>> {
        let template = match &form.template {
            Some(template) => parse_template(template)?,
            None => self.template(),
        };
        let paper = paper_of(form.paper_mm)?;
        let slip = if form.what.as_deref() == Some("test") {
            self.test_card("", paper.unwrap_or(template.paper).width())
        } else {
            let what = What::of(form.what.as_deref())?;
            match form.order {
                Some(id) => self.slip_for_eyes(actor, OrderId::from_uuid(id), what, None)?,
                None => self.sample(what)?,
            }
        };
        Ok(self.picture(&slip, &template, paper))
    }

    pub(crate) fn slip_png(&self, slip: &Slip, paper_mm: Option<u32>) -> Result<Vec<u8>> {
        Ok(self.picture(slip, &self.template(), paper_of(paper_mm)?))
    }

    fn picture(&self, slip: &Slip, template: &Template, paper: Option<Paper>) -> Vec<u8> {
        let document = slip.document(template);
        let document = match paper {
            Some(paper) => document.on(paper),
            None => document,
        };
        paper::png(&paper::raster(&document, fonts()))
    }

    pub fn paper_png(&self, actor: &Actor, id: OrderId, filter: &PaperFilter) -> Result<Vec<u8>> {
        let slip = self.paper_of_order(actor, id, filter)?;
        Ok(self.picture(&slip, &self.template(), paper_of(filter.paper_mm)?))
    }

    /// The same as a file, for mail and for large printers.
    pub fn paper_pdf(&self, actor: &Actor, id: OrderId, filter: &PaperFilter) -> Result<Vec<u8>> {
        let slip = self.paper_of_order(actor, id, filter)?;
        let mm = filter.paper_mm.unwrap_or(80);
        if ![58, 80, 210].contains(&mm) {
            return Err(AppError::field("paper_mm", "58, 80 or 210"));
        }
        pdf(&slip.document(&self.template()), mm)
    }

    fn paper_of_order(&self, actor: &Actor, id: OrderId, filter: &PaperFilter) -> Result<Slip> {
        let what = What::of(filter.what.as_deref())?;
        self.slip_for_eyes(actor, id, what, filter.credit_note)
    }

    /// A slip to be looked at: it says no more than the order itself would to this person.
    fn slip_for_eyes(
        &self,
        actor: &Actor,
        id: OrderId,
        what: What,
        credit_note: Option<Uuid>,
    ) -> Result<Slip> {
        if matches!(what, What::Token) {
            actor.must(Permission::TokenReissue)?;
        }
        let order = self.order_on_paper(id)?.for_eyes_of(actor);
        let mut slip = self
            .store
            .read(|r| self.slip_of(r, what, &order, credit_note, 1))?;
        if !actor.allows(Permission::CustomerRead) {
            match &mut slip {
                Slip::Receipt(data) | Slip::Token(data) => data.buyer = None,
                Slip::CreditNote(data) => data.buyer = None,
                _ => {}
            }
        }
        Ok(slip)
    }

    pub(crate) fn order_on_paper(&self, id: OrderId) -> Result<OrderView> {
        self.store.read(|r| self.view_order(r, id, None))
    }

    /// The slip of an order.
    pub(crate) fn slip_of(
        &self,
        reader: &Reader<'_>,
        what: What,
        order: &OrderView,
        credit_note: Option<Uuid>,
        copy: u32,
    ) -> Result<Slip> {
        let settings = self.settings();
        Ok(match what {
            What::Receipt => {
                let mut data = receipt_data(&settings, order, copy);
                self.as_the_law_wants(reader, &settings, order, &mut data)?;
                data.cards = sold_cards(&settings, &reader.cards_of_order(OrderId::from_uuid(order.id))?);
                Slip::Receipt(data)
            }
            What::Token if order.token.is_none() => return Err(Code::TokenRevoked.into()),
            What::Token => Slip::Token(receipt_data(&settings, order, copy)),
            What::CreditNote => {
                let note = order
                    .credit_notes
                    .iter()
                    .rfind(|note| credit_note.is_none_or(|id| note.id == id))
                    .ok_or(AppError::new(Code::NotFound))?;
                let mut data = credit_note_data(&settings, order, note, copy);
                let known = self.known_invoice(reader, OrderId::from_uuid(order.id))?;
                let lines = reader.order_lines(known.order.id)?;
                seller_of(&settings, &known, &mut data.header, &mut data.tax_number);
                data.buyer = known
                    .buyer_of_note(reader, *note.id.as_bytes())?
                    .map(|buyer| receipt_buyer(&settings, &buyer));
                data.place_of_supply = place_on(&settings, &known);
                data.of_day = days::text_of(known.order.business_day);
                if let Some(refund) = known.refunds.iter().find(|r| r.id == *note.id.as_bytes()) {
                    data.taxable_minor = refund.taxable_minor;
                    data.taxes = tax_entries(&refund.taxes);
                    for (shown, credit) in data.lines.iter_mut().zip(&refund.lines) {
                        let line = lines.iter().find(|line| line.line == credit.line);
                        shown.code = line.and_then(|line| {
                            code_text(&settings, &known, line, &credit.taxes, &refund.taxes)
                        });
                    }
                }
                Slip::CreditNote(data)
            }
        })
    }

    /// What a sale's paper says beside goods and money: which document it is, who sold and who bought, where it goes,
    /// the codes of the goods and the rates of the taxes, the parts in which the rest is paid.
    fn as_the_law_wants(
        &self,
        reader: &Reader<'_>,
        settings: &Settings,
        order: &OrderView,
        data: &mut ReceiptData,
    ) -> Result<()> {
        let known = self.known_invoice(reader, OrderId::from_uuid(order.id))?;
        let taxes = reader.order_taxes(known.order.id)?;
        seller_of(settings, &known, &mut data.header, &mut data.tax_number);
        data.document_kind.clone_from(&known.order.document);
        data.cancelled = known.order.cancelled_ms.is_some();
        data.revision = u32::try_from(known.revisions.len()).unwrap_or(u32::MAX);
        data.buyer = known.buyer.as_ref().map(|buyer| receipt_buyer(settings, buyer));
        data.place_of_supply = place_on(settings, &known);
        data.reverse_charge = of_gst(settings, &known)
            .then_some(false)
            .filter(|_| known.order.document == "tax_invoice");
        data.legends = self.legends(reader, settings, &known.order, &data.language)?;
        data.inclusive = known.order.inclusive && known.order.tax_on_top_minor() == 0;
        if !taxes.is_empty() {
            data.taxable_minor = known.order.taxable_minor;
        }
        data.taxes = tax_entries(&taxes);
        for (shown, line) in data.lines.iter_mut().zip(reader.order_lines(known.order.id)?) {
            shown.code = code_text(settings, &known, &line, &line.taxes, &taxes);
        }
        data.instalments = known
            .parts
            .iter()
            .filter(|due| !due.amount.is_zero())
            .map(|due| Entry {
                label: days::text_of(due.day),
                amount_minor: due.amount.minor(),
            })
            .collect();
        Ok(())
    }

    /// The slip of goods that came back without a receipt.
    pub(crate) fn return_slip(&self, view: &ReturnView, copy: u32) -> Slip {
        Slip::CreditNote(return_data(&self.settings(), view, copy))
    }

    pub(crate) fn test_card(&self, printer: &str, dots: u16) -> Slip {
        let settings = self.settings();
        Slip::TestCard(TestCardData {
            printer: printer.to_owned(),
            shop_name: settings.text("shop.name").to_owned(),
            dots,
            columns: columns_of(dots),
            at: local_time(&settings, self.edges.now()),
            language: settings.text("shop.language").to_owned(),
            open_drawer: false,
        })
    }

    /// A slip of the shop's own products that nobody bought, to look at.
    fn sample(&self, what: What) -> Result<Slip> {
        let settings = self.settings();
        let products = self.products(&crate::catalog::ProductFilter {
            limit: Some(3),
            ..Default::default()
        })?;
        let at = self.edges.now();
        let mut data = head(&settings, self.identity.demo);
        data.number = "42".to_owned();
        data.document = "A00/00-00/000042".to_owned();
        data.at = local_time(&settings, at);
        data.counter = settings.text("counter.name").to_owned();
        for (n, product) in (1i64..).zip(&products.items) {
            let amount_minor = product.price_minor.saturating_mul(n);
            data.total_minor = data.total_minor.saturating_add(amount_minor);
            data.lines.push(ReceiptLine {
                name: product.name.clone(),
                second_name: second_name(&product.names, &product.name, &data.language),
                quantity: n.to_string(),
                unit_price_minor: product.price_minor,
                amount_minor,
                ..ReceiptLine::default()
            });
        }
        data.subtotal_minor = data.total_minor;
        data.tenders = vec![ReceiptTender {
            label: words(&data.language).cash.to_owned(),
            amount_minor: data.total_minor,
            received_minor: Some(data.total_minor),
            change_minor: None,
        }];
        // As long as a real one, and none.
        data.token = Some(format!("P0{}", "SAMPLE7".repeat(24)));
        data.one_time_number = Some("000000".to_owned());
        data.valid_until = Some(data.at.clone());
        Ok(match what {
            What::Receipt => Slip::Receipt(data),
            What::Token => Slip::Token(data),
            What::CreditNote => Slip::CreditNote(CreditNoteData {
                shop_name: data.shop_name,
                header: data.header,
                branch: data.branch,
                tax_number: data.tax_number,
                demo: data.demo,
                document: "C00/00-00/000007".to_owned(),
                of_document: data.document,
                number: data.number,
                at: data.at,
                counter: data.counter,
                lines: data.lines,
                total_minor: data.total_minor,
                tenders: data.tenders,
                footer: data.footer,
                copy: 1,
                currency: data.currency,
                language: data.language,
                ..CreditNoteData::default()
            }),
        })
    }
}

/// A document as a PDF, on a roll or on A4 (210 mm).
pub(crate) fn pdf(document: &Document, paper_mm: u32) -> Result<Vec<u8>> {
    let (document, page) = match paper_mm {
        58 => (document.on(Paper::MM58), PdfPage::Roll),
        210 => (document.clone(), PdfPage::A4),
        _ => (document.on(Paper::MM80), PdfPage::Roll),
    };
    paper::pdf(&document, fonts(), page).map_err(|e| AppError::new(Code::Broken).caused(e))
}

pub(crate) fn columns_of(dots: u16) -> u8 {
    u8::try_from(dots / 12).unwrap_or(48).clamp(10, 80)
}

/// A moment as the branch's clock shows it, the same for every reader.
pub(crate) fn local_time(settings: &Settings, moment: Moment) -> String {
    let zone = jiff::tz::TimeZone::get(settings.text("branch.zone")).unwrap_or(jiff::tz::TimeZone::UTC);
    jiff::Timestamp::from_millisecond(moment.0)
        .map(|t| t.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

pub(crate) fn local_text(settings: &Settings, rfc3339: &str) -> String {
    rfc3339
        .parse::<jiff::Timestamp>()
        .map(|t| local_time(settings, Moment(t.as_millisecond())))
        .unwrap_or_default()
}

/// A document of India's GST.
fn of_gst(settings: &Settings, known: &Known) -> bool {
    settings.text("shop.country") == "IN"
        && ["tax_invoice", "bill_of_supply"].contains(&known.order.document.as_str())
}

fn place_on(settings: &Settings, known: &Known) -> Option<String> {
    region_text(settings, &known.order.place_of_supply).filter(|_| known.order.document == "tax_invoice")
}

fn tax_entries(taxes: &[TaxRow]) -> Vec<Entry> {
    let entries = taxes.iter().map(|tax| Entry {
        label: format!("{} {}", tax.name, rate_text(tax.rate)),
        amount_minor: tax.amount_minor,
    });
    entries.collect()
}

/// "HSN 2106 · PCS · 5%"
fn code_text(
    settings: &Settings,
    known: &Known,
    line: &OrderLineRow,
    taxed: &[LineTaxV1],
    taxes: &[TaxRow],
) -> Option<String> {
    if !of_gst(settings, known) {
        return None;
    }
    let code = match line.hsn.as_str() {
        "" => None,
        service if service.starts_with("99") => Some(format!("SAC {service}")),
        goods => Some(format!("HSN {goods}")),
    };
    let rate = taxed
        .iter()
        .filter_map(|part| taxes.get(usize::from(part.tax)))
        .fold(0u32, |sum, tax| sum.saturating_add(tax.rate));
    let rate = (known.order.document == "tax_invoice").then(|| rate_text(rate));
    let unit = Some(unit_text(&line.unit)).filter(|unit| !unit.is_empty());
    Some(
        code.into_iter()
            .chain(unit)
            .chain(rate)
            .collect::<Vec<_>>()
            .join(" · "),
    )
}

fn receipt_buyer(settings: &Settings, buyer: &BuyerForm) -> ReceiptBuyer {
    ReceiptBuyer {
        name: buyer.name.clone(),
        address: address_lines(&buyer.address),
        tax_number: some(&buyer.tax_number),
        region: region_text(settings, &buyer.region),
    }
}

/// The seller as the document kept it: the number of the day of the sale, the name and the address behind it.
fn seller_of(settings: &Settings, known: &Known, header: &mut Vec<String>, tax_number: &mut Option<String>) {
    let seller = party_of_seller(settings, &known.order.seller);
    tax_number.clone_from(&seller.tax_number);
    let shown = header.join("\n");
    let name = Some(seller.name).filter(|name| *name != settings.text("shop.name"));
    let region = seller.region.filter(|_| of_gst(settings, known));
    for line in name.into_iter().chain(seller.address).chain(region) {
        if !shown.contains(&line) {
            header.push(line);
        }
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The customer's language first; else whichever other one the product has.
pub(crate) fn second_name(names: &Names, name: &str, language: &str) -> Option<String> {
    [language]
        .into_iter()
        .chain(LANGUAGES.iter().copied())
        .filter_map(|language| names.get(language))
        .find(|second| *second != name)
        .cloned()
}

/// What stands at the head and the foot of every slip of this branch.
fn head(settings: &Settings, demo: bool) -> ReceiptData {
    ReceiptData {
        shop_name: settings.text("shop.name").to_owned(),
        header: settings.letterhead(),
        branch: settings.text("branch.name").to_owned(),
        tax_number: some(settings.text("shop.tax_number")),
        footer: some(settings.text("receipt.footer")).into_iter().collect(),
        demo,
        copy: 1,
        currency: settings.currency.code().to_owned(),
        language: settings.text("customer.language").to_owned(),
        ..ReceiptData::default()
    }
}

pub(crate) fn method_word(method: &str, language: &str) -> String {
    let words = words(language);
    match method {
        "cash" => words.cash.to_owned(),
        "exchange" => words.exchange.to_owned(),
        "store_credit" => words.store_credit.to_owned(),
        // A method of a newer build keeps its own word.
        other => words
            .methods
            .iter()
            .find(|(known, _)| *known == other)
            .map_or(other, |(_, word)| word)
            .to_owned(),
    }
}

fn amount_with_unit(quantity: &str, unit: &str) -> String {
    match unit {
        "piece" => quantity.to_owned(),
        unit => format!("{quantity} {unit}"),
    }
}

fn receipt_data(settings: &Settings, order: &OrderView, copy: u32) -> ReceiptData {
    let head = head(settings, order.demo);
    let language = head.language.clone();
    let order_discount: i64 = order.lines.iter().map(|l| l.order_discount_minor).sum();
    ReceiptData {
        number: order.number.to_string(),
        document: order.document.clone(),
        at: local_text(settings, &order.placed_at),
        counter: order.counter.name.clone(),
        staff: order.staff.as_ref().map(|s| s.name.clone()).unwrap_or_default(),
        lines: order
            .lines
            .iter()
            .map(|l| ReceiptLine {
                name: l.name.clone(),
                second_name: second_name(&l.names, &l.name, &language),
                quantity: amount_with_unit(&l.quantity, &l.unit),
                unit_price_minor: l.unit_price_minor,
                amount_minor: l.amount_minor,
                discount_minor: l.discount_minor,
                note: some(&l.note),
                code: None,
            })
            .collect(),
        subtotal_minor: order.subtotal_minor,
        discounts: (order_discount > 0)
            .then(|| Entry {
                label: words(&language).discount.to_owned(),
                amount_minor: order_discount,
            })
            .into_iter()
            .collect(),
        rounding_minor: order.rounding_minor,
        total_minor: order.total_minor,
        tenders: order
            .tenders
            .iter()
            // What goods paid stands among the totals: it is no money.
            .filter(|t| t.voided_at.is_none() && t.method != TenderMethod::Exchange.as_str())
            .map(|t| ReceiptTender {
                label: method_word(&t.method, &language),
                amount_minor: t.amount_minor,
                received_minor: t.received_minor,
                change_minor: (t.change_minor != 0).then_some(t.change_minor),
            })
            .collect(),
        token: order.token.as_ref().map(|t| t.code.clone()),
        one_time_number: order.token.as_ref().map(|t| t.number.clone()),
        valid_until: order.token.as_ref().map(|t| local_text(settings, &t.expires_at)),
        phone: order.phone.clone(),
        returned: order
            .took_back
            .as_ref()
            .map(|took| returned_goods(order, took, &language)),
        copy: u16::try_from(copy).unwrap_or(u16::MAX),
        ..head
    }
}

/// The gift cards that an order sold: their codes go home with the guest.
fn sold_cards(settings: &Settings, cards: &[CardRow]) -> Vec<ReceiptCard> {
    cards
        .iter()
        .filter(|card| card.line.is_some() && !card.blocked)
        .filter_map(|card| {
            let code: CardCode = card.code.parse().ok()?;
            Some(ReceiptCard {
                code: code.to_string(),
                qr: code.qr(),
                worth_minor: card.balance_minor,
                valid_until: card
                    .expires_ms
                    .map(|ms| local_time(settings, Moment(ms)).chars().take(10).collect()),
            })
        })
        .collect()
}

fn returned_goods(order: &OrderView, took: &TookBackView, language: &str) -> ReturnedGoods {
    let owed = took.back_minor.saturating_sub(took.pays_minor);
    let to_pay = order.total_minor.saturating_sub(took.pays_minor);
    ReturnedGoods {
        document: took.credit_note.clone(),
        of_document: took.document.clone(),
        lines: took
            .lines
            .iter()
            .map(|line| ReceiptLine {
                name: line.name.clone(),
                second_name: second_name(&line.names, &line.name, language),
                quantity: amount_with_unit(&line.quantity, &line.unit),
                amount_minor: line.amount_minor,
                ..ReceiptLine::default()
            })
            .collect(),
        total_minor: took.back_minor,
        due_minor: if owed > 0 { -owed } else { to_pay },
        tenders: took
            .tenders
            .iter()
            .map(|leg| ReceiptTender {
                label: method_word(&leg.method, language),
                amount_minor: leg.amount_minor,
                ..ReceiptTender::default()
            })
            .collect(),
    }
}

fn return_data(settings: &Settings, view: &ReturnView, copy: u32) -> CreditNoteData {
    let head = head(settings, view.demo);
    let name = |named: &Option<crate::order_view::Named>| named.as_ref().map(|n| n.name.clone());
    CreditNoteData {
        document: view.document.clone(),
        without_receipt: true,
        at: local_text(settings, &view.at),
        counter: view.counter.name.clone(),
        staff: name(&view.staff).unwrap_or_default(),
        lines: view
            .lines
            .iter()
            .map(|line| ReceiptLine {
                name: line.name.clone(),
                second_name: second_name(&line.names, &line.name, &head.language),
                quantity: amount_with_unit(&line.quantity, &line.unit),
                unit_price_minor: line.unit_price_minor,
                amount_minor: line.amount_minor,
                ..ReceiptLine::default()
            })
            .collect(),
        taxes: view
            .taxes
            .iter()
            .map(|tax| Entry {
                label: format!("{} {}%", tax.name, tax.rate),
                amount_minor: tax.amount_minor,
            })
            .collect(),
        rounding_minor: view.rounding_minor,
        total_minor: view.total_minor,
        tenders: vec![ReceiptTender {
            label: method_word(&view.method, &head.language),
            amount_minor: crate::returns::paid_out(view).minor(),
            ..ReceiptTender::default()
        }],
        reason: some(&view.reason),
        approved_by: name(&view.approved_by),
        card: view.card.as_ref().map(|card| CreditOnPaper {
            code: card.code.clone().unwrap_or_else(|| format!("… {}", card.tail)),
            qr: card.qr.clone(),
            valid_until: card.expires_at.as_deref().map(|at| local_text(settings, at)),
        }),
        copy: u16::try_from(copy).unwrap_or(u16::MAX),
        shop_name: head.shop_name,
        header: head.header,
        branch: head.branch,
        tax_number: head.tax_number,
        demo: head.demo,
        footer: head.footer,
        currency: head.currency,
        language: head.language,
        ..CreditNoteData::default()
    }
}

fn credit_note_data(
    settings: &Settings,
    order: &OrderView,
    note: &CreditNoteView,
    copy: u32,
) -> CreditNoteData {
    let head = head(settings, order.demo);
    let name = |named: &Option<crate::order_view::Named>| named.as_ref().map(|n| n.name.clone());
    let lines = note.lines.iter().filter_map(|credit| {
        let line = order.lines.iter().find(|l| l.line == credit.line)?;
        Some(ReceiptLine {
            name: line.name.clone(),
            second_name: second_name(&line.names, &line.name, &head.language),
            quantity: amount_with_unit(&credit.quantity, &line.unit),
            unit_price_minor: line.unit_price_minor,
            amount_minor: credit.amount_minor,
            ..ReceiptLine::default()
        })
    });
    CreditNoteData {
        document: note.document.clone(),
        of_document: order.document.clone(),
        number: order.number.to_string(),
        at: local_text(settings, &note.at),
        counter: order.counter.name.clone(),
        staff: name(&note.staff).unwrap_or_default(),
        lines: lines.collect(),
        rounding_minor: note.rounding_minor,
        total_minor: note.total_minor,
        tenders: note
            .tenders
            .iter()
            .map(|t| ReceiptTender {
                label: method_word(&t.method, &head.language),
                amount_minor: t.amount_minor,
                ..ReceiptTender::default()
            })
            .collect(),
        reason: some(&note.reason),
        approved_by: name(&note.approved_by),
        copy: u16::try_from(copy).unwrap_or(u16::MAX),
        shop_name: head.shop_name,
        header: head.header,
        branch: head.branch,
        tax_number: head.tax_number,
        demo: head.demo,
        footer: head.footer,
        currency: head.currency,
        language: head.language,
        ..CreditNoteData::default()
    }
}
