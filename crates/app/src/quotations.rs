//! Quotations: a cart as an offer, with a number of its own, prices that hold until a day, and versions. When the guest
//! says yes, its lines come back into a cart at the quoted prices, and the order says which quotation it was.

use crate::{
    Actor, AppError, Code, Page, Result, Shop,
    cart::{Draft, DraftCart},
    customers, days,
    edges::Edges,
    invoices::{
        BuyerForm, MailDocument, SentView, SheetFile, Shown, document_of, language_of, letter_text,
        letter_words, line_of, party_of_buyer, party_of_seller, readable, region_text, tax_totals,
    },
    mail::{MailView, ToMail},
    order_view::Named,
    orders::{buyer_of, discount_fact, line_fact},
    papers::fonts,
    pricing::{OpenCart, Terms, price_now},
    settings::Settings,
    wire::{content_of, optional_text, rfc3339},
};
use domain::{
    ids::{CartId, CustomerId, OrderId, ProductId, QuotationId, StaffId},
    numbers::{DocumentKind, document_number, series_prefix},
    time::Moment,
};
use journal::{
    Body,
    body::{OrderTaxV1, QuotationMadeV1, QuotationMovedV1},
};
use paper::{InvoiceData, InvoiceKind, invoice_sheet, sheet_pdf};
use serde::{Deserialize, Serialize};
use store::{
    Reader, Write,
    drafts::CartRow,
    orders::TaxRow,
    people::StaffRow,
    quotations::{QuotationQuery, QuotationRow, QuotationVersion},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const MOST_AT_ONCE: usize = 200;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct QuotationView {
    pub id: Uuid,
    pub document: String,
    /// drafted, sent, accepted, declined, withdrawn, expired or invoiced
    pub state: String,
    pub made_at: String,
    /// The last day on which its prices hold.
    pub valid_until: String,
    pub customer: Option<Uuid>,
    pub total_minor: i64,
    /// What it became.
    pub order: Option<Uuid>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct QuotationLineView {
    pub line: u32,
    pub name: String,
    pub quantity: String,
    pub unit: String,
    pub unit_price_minor: i64,
    pub amount_minor: i64,
    pub note: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct QuotationVersionView {
    /// 0 is the first.
    pub revision: u32,
    pub at: String,
    pub staff: Option<Named>,
    pub total_minor: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct QuotationWhole {
    #[serde(flatten)]
    pub quotation: QuotationView,
    pub buyer: Option<BuyerForm>,
    pub lines: Vec<QuotationLineView>,
    pub tax_minor: i64,
    pub note: String,
    /// The oldest first; the last one is in force.
    pub versions: Vec<QuotationVersionView>,
    pub sent: Vec<SentView>,
    /// The customer's address, when it is known.
    pub mail_to: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeQuotation {
    pub id: Uuid,
    /// Makes a new version of this one instead of another quotation.
    pub quotation: Option<Uuid>,
    /// "2026-12-05"; as the shop usually does when absent.
    pub valid_until: Option<String>,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseQuotation {
    pub id: Uuid,
    /// declined or withdrawn
    pub state: String,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QuotationFilter {
    /// drafted, sent, accepted, declined, withdrawn, expired or invoiced
    pub state: Option<String>,
    /// A document's number or running number.
    pub q: Option<String>,
    pub customer: Option<Uuid>,
    pub limit: Option<usize>,
    pub after: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QuotationSheet {
    /// Which version; 0 is the first, absent the one in force.
    pub revision: Option<u32>,
    /// en, hi or ar
    pub language: Option<String>,
}

fn cursor(text: &str) -> Result<(i64, QuotationId)> {
    text.split_once('.')
        .and_then(|(ms, id)| Some((ms.parse().ok()?, id.parse().ok()?)))
        .ok_or_else(|| AppError::field("after", "this is not a cursor of this list"))
}

fn state_of(row: &QuotationRow, today: u32) -> &'static str {
    match row.moved.as_deref() {
        _ if row.order.is_some() => "invoiced",
        Some("declined") => "declined",
        Some("withdrawn") => "withdrawn",
        _ if row.valid_until < today => "expired",
        Some("accepted") => "accepted",
        _ if row.sent => "sent",
        _ => "drafted",
    }
}

fn view(row: &QuotationRow, today: u32) -> QuotationView {
    QuotationView {
        id: row.id.uuid(),
        document: document_of(&row.prefix, &row.fiscal_year, row.document_no),
        state: state_of(row, today).to_owned(),
        made_at: rfc3339(Moment(row.made_ms)),
        valid_until: days::text_of(row.valid_until),
        customer: row.customer.map(|c| c.uuid()),
        total_minor: row.total_minor,
        order: row.order.map(|o| o.uuid()),
    }
}

fn named(people: &[StaffRow], id: Option<StaffId>) -> Option<Named> {
    let person = people.iter().find(|person| Some(person.id) == id)?;
    Some(Named {
        id: person.id.uuid(),
        name: person.name.clone(),
    })
}

fn newest(versions: &[QuotationVersion]) -> Result<&QuotationMadeV1> {
    versions
        .last()
        .map(|version| &version.made)
        .ok_or(AppError::new(Code::NotFound))
}

/// What a quotation says beside its cart.
struct Head {
    quotation: QuotationId,
    revision: u32,
    made_ms: i64,
    today: u32,
    valid_until: u32,
    /// Prefix, fiscal year and number.
    number: (String, String, u32),
    note: String,
    content: [u8; 32],
}

fn next_number(
    reader: &Reader<'_>,
    settings: &Settings,
    ordinal: u16,
    today: u32,
) -> Result<(String, String, u32)> {
    let used_up = |e| AppError::new(Code::NumbersUsedUp).because(e);
    let month = u8::try_from(settings.int("branch.fiscal_month")).unwrap_or(4);
    let date = days::date_of(today).ok_or(AppError::new(Code::Broken))?;
    let year = days::fiscal_year(date, month);
    let prefix = series_prefix(ordinal, DocumentKind::Quotation).map_err(used_up)?;
    let n = reader.last_document(prefix.as_str(), &year.label())? + 1;
    document_number(prefix, &year, n).map_err(used_up)?;
    Ok((prefix.as_str().to_owned(), year.label(), n))
}

/// A cart as an offer, whole.
fn quoted(
    reader: &Reader<'_>,
    edges: &Edges,
    counter: [u8; 16],
    terms: &Terms,
    open: &OpenCart,
    head: Head,
) -> Result<QuotationMadeV1> {
    let lines = (1u32..)
        .zip(open.cart.lines.iter().zip(&open.priced.lines))
        .zip(&open.taxes)
        .map(|((n, (sold, price)), taxes)| line_fact(reader, (sold, price), n, open, taxes))
        .collect::<Result<Vec<_>>>()?;
    let buyer = match &open.card {
        Some(card) => Some(buyer_of(
            card,
            head.today,
            OrderId::from_bytes(head.quotation.bytes()),
            edges,
        )?),
        None => None,
    };
    let priced = &open.priced;
    let (prefix, fiscal_year, document_no) = head.number;
    Ok(QuotationMadeV1 {
        quotation: head.quotation.bytes(),
        revision: head.revision,
        counter,
        made_ms: head.made_ms,
        business_day: head.today,
        valid_until: head.valid_until,
        prefix,
        fiscal_year,
        document_no,
        lines,
        discount: match &open.cart.discount {
            Some(discount) => Some(discount_fact(discount, open.approvals.get(&0))?),
            None => None,
        },
        subtotal_minor: priced.subtotal.minor(),
        line_discount_minor: priced.line_discount.minor(),
        order_discount_minor: priced.order_discount.minor(),
        inclusive: priced.rules.inclusive,
        taxable_minor: priced.taxable.minor(),
        tax_minor: priced.tax.minor(),
        taxes: priced
            .taxes
            .iter()
            .map(|tax| OrderTaxV1 {
                name: tax.name.clone(),
                rate: tax.rate.millionths(),
                taxable_minor: tax.taxable.minor(),
                amount_minor: tax.amount.minor(),
            })
            .collect(),
        rounding_minor: priced.rounding.minor(),
        total_minor: priced.total.minor(),
        customer: open.card.as_ref().map(|card| card.id.bytes()),
        buyer,
        seller: terms.taxing.seller().clone(),
        place_of_supply: open.place_of_supply.clone(),
        order_type: open.cart.order_type.as_str().to_owned(),
        note: head.note,
        cart: DraftCart::at_its_prices(&open.cart, &open.approvals)?,
        content: head.content,
    })
}

/// Tells whoever writes demo stories how a cart becomes an offer.
pub(crate) fn record_offer(
    tx: &mut Write<'_>,
    edges: &Edges,
    staff: StaffId,
    terms: &Terms,
    open: &OpenCart,
    at: Moment,
) -> Result<()> {
    let identity = tx.identity()?;
    let quotation = QuotationId::from_uuid(edges.new_id());
    let head = Head {
        quotation,
        revision: 0,
        made_ms: at.0,
        today: terms.day,
        valid_until: in_days(terms.day, terms.settings.int("quotation.valid_days")),
        number: next_number(&tx.reader(), &terms.settings, identity.ordinal, terms.day)?,
        note: String::new(),
        content: *blake3::hash(&quotation.bytes()).as_bytes(),
    };
    let made = quoted(&tx.reader(), edges, identity.counter.bytes(), terms, open, head)?;
    Ok(tx.record(Some(staff), &Body::QuotationMade(Box::new(made)))?)
}

fn in_days(day: u32, days: i64) -> u32 {
    days::date_of(day)
        .and_then(|date| date.checked_add(jiff::Span::new().try_days(days).ok()?).ok())
        .map_or(day, days::number_of)
}

/// Refuses a sale by an offer that does not stand any more, or not in the version that was taken up. Ask inside the
/// transaction that records the sale.
pub(crate) fn must_stand(
    reader: &Reader<'_>,
    id: QuotationId,
    version: Option<[u8; 32]>,
    today: u32,
) -> Result<()> {
    let row = reader
        .quotation(id)?
        .ok_or_else(|| AppError::new(Code::NotFound).hint("quotation", id.to_string()))?;
    match state_of(&row, today) {
        "invoiced" | "declined" | "withdrawn" => return Err(Code::QuotationSettled.into()),
        "expired" => return Err(Code::QuotationExpired.into()),
        _ => {}
    }
    match version {
        Some(version) if version != row.content => Err(Code::QuotationRevised.into()),
        _ => Ok(()),
    }
}

impl Shop {
    pub fn quotations(&self, filter: &QuotationFilter) -> Result<Page<QuotationView>> {
        const STATES: &[&str] = &[
            "drafted",
            "sent",
            "accepted",
            "declined",
            "withdrawn",
            "expired",
            "invoiced",
        ];
        let wanted = filter.state.as_deref();
        if wanted.is_some_and(|state| !STATES.contains(&state)) {
            return Err(AppError::field("state", "not a state of quotations"));
        }
        let settings = self.settings();
        let today = self.today_number(&settings);
        let typed = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
        let document_no = match typed {
            None => None,
            Some(typed) => match typed.rsplit('/').next().and_then(|n| n.parse().ok()) {
                Some(n) => Some(n),
                None => return Ok(Page::whole(Vec::new())),
            },
        };
        let limit = filter.limit.unwrap_or(50).clamp(1, MOST_AT_ONCE);
        let mut query = QuotationQuery {
            customer: filter.customer.map(CustomerId::from_uuid),
            document_no,
            before: filter.after.as_deref().map(cursor).transpose()?,
            limit: limit + 1,
        };
        self.store.read(|r| -> Result<_> {
            let mut items = Vec::new();
            loop {
                let rows = r.quotations(&query)?;
                let last = rows.len() < query.limit;
                for row in rows {
                    if items.len() == limit {
                        let next = query.before.map(|(ms, id)| format!("{ms}.{id}"));
                        return Ok(Page { items, next });
                    }
                    query.before = Some((row.made_ms, row.id));
                    if wanted.is_none_or(|state| state_of(&row, today) == state) {
                        items.push(view(&row, today));
                    }
                }
                if last {
                    return Ok(Page { items, next: None });
                }
            }
        })
    }

    pub fn quotation(&self, id: QuotationId) -> Result<QuotationWhole> {
        let settings = self.settings();
        let today = self.today_number(&settings);
        self.store.read(|r| -> Result<_> {
            let row = r.quotation(id)?.ok_or(AppError::new(Code::NotFound))?;
            let versions = r.quotation_versions(id)?;
            let made = newest(&versions)?;
            let people = r.staff(true)?;
            let customer = made.customer.map(CustomerId::from_bytes);
            let mail_to = match customer {
                Some(customer) => customers::card_of(r, customer).ok().and_then(|card| card.email),
                None => None,
            };
            Ok(QuotationWhole {
                quotation: view(&row, today),
                buyer: readable(r, &id.bytes(), made.buyer.as_ref(), customer)?,
                lines: made
                    .lines
                    .iter()
                    .map(|line| {
                        let tax: i64 = line.taxes.iter().map(|tax| tax.amount_minor).sum();
                        QuotationLineView {
                            line: line.line,
                            name: line.name.clone(),
                            quantity: crate::invoices::number_text(&line.unit, line.milli),
                            unit: line.unit.clone(),
                            unit_price_minor: line.unit_price_minor,
                            amount_minor: line.taxable_minor.saturating_add(tax),
                            note: line.note.clone(),
                        }
                    })
                    .collect(),
                tax_minor: made.tax_minor,
                note: made.note.clone(),
                versions: (0u32..)
                    .zip(&versions)
                    .map(|(revision, version)| QuotationVersionView {
                        revision,
                        at: rfc3339(Moment(version.made.made_ms)),
                        staff: named(&people, version.staff),
                        total_minor: version.made.total_minor,
                    })
                    .collect(),
                sent: r
                    .documents_sent(id.bytes())?
                    .into_iter()
                    .map(|sent| SentView {
                        kind: sent.kind,
                        revision: sent.revision,
                        way: sent.way,
                        to: sent.to,
                        at: rfc3339(Moment(sent.at_ms)),
                        staff: named(&people, sent.staff),
                    })
                    .collect(),
                mail_to,
            })
        })
    }

    /// Offers what is in this seat's cart, at the prices of now. The cart stays.
    pub fn make_quotation(&self, actor: &Actor, request: &MakeQuotation) -> Result<QuotationWhole> {
        let settings = self.settings();
        let now = self.edges.now();
        let today = self.today_number(&settings);
        let valid_until = match request.valid_until.as_deref() {
            Some(day) => customers::day_number("valid_until", day)?,
            None => in_days(today, settings.int("quotation.valid_days")),
        };
        if valid_until < today {
            return Err(AppError::field("valid_until", "this day is over"));
        }
        let note = optional_text("note", request.note.as_deref(), 500)?.unwrap_or_default();
        let content = content_of("quotation", request)?;
        let id = QuotationId::from_uuid(request.quotation.unwrap_or(request.id));
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let old = tx.reader().quotation(id)?;
            let (prefix, fiscal_year, document_no, revision) = match (&old, request.quotation) {
                (Some(row), Some(_)) if row.order.is_some() => return Err(Code::QuotationSettled.into()),
                (Some(row), Some(_)) => {
                    let versions = tx.reader().quotation_versions(id)?.len();
                    (
                        row.prefix.clone(),
                        row.fiscal_year.clone(),
                        row.document_no,
                        u32::try_from(versions).unwrap_or(u32::MAX),
                    )
                }
                (None, Some(_)) => return Err(Code::NotFound.into()),
                (_, None) => {
                    let (prefix, year, n) =
                        next_number(&tx.reader(), &settings, self.identity.ordinal, today)?;
                    (prefix, year, n, 0)
                }
            };
            let reader = tx.reader();
            let row = reader
                .open_cart(actor.seat)?
                .ok_or(AppError::new(Code::CartEmpty))?;
            let terms = self.terms(&reader, now)?;
            let (cart, approvals) = Draft::read(&row)?.cart.open(row.id)?;
            let open = price_now(&reader, &terms, cart, approvals)?;
            if open.cart.is_empty() {
                return Err(Code::CartEmpty.into());
            }
            let head = Head {
                quotation: id,
                revision,
                made_ms: now.0,
                today,
                valid_until,
                number: (prefix, fiscal_year, document_no),
                note: note.clone(),
                content,
            };
            let made = quoted(
                &reader,
                &self.edges,
                self.identity.counter.bytes(),
                &terms,
                &open,
                head,
            )?;
            tx.record(Some(actor.staff), &Body::QuotationMade(Box::new(made)))?;
            Ok(())
        })?;
        self.live.tell("quotation", Some(id.to_string()));
        self.quotation(id)
    }

    /// The guest says yes: the quoted lines are this seat's cart, at the quoted prices. What was there is parked.
    pub fn accept_quotation(
        &self,
        actor: &Actor,
        id: QuotationId,
        request: &crate::cart::WriteId,
    ) -> Result<QuotationWhole> {
        let settings = self.settings();
        let today = self.today_number(&settings);
        let now = self.edges.now();
        let content = content_of(&format!("accept {id}"), request)?;
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let row = tx.reader().quotation(id)?.ok_or(AppError::new(Code::NotFound))?;
            match state_of(&row, today) {
                "invoiced" | "withdrawn" => return Err(Code::QuotationSettled.into()),
                "expired" => return Err(Code::QuotationExpired.into()),
                _ => {}
            }
            let versions = tx.reader().quotation_versions(id)?;
            let made = newest(&versions)?;
            let draft = Draft::of_quotation(&made.cart, id.uuid(), made.content)?;
            self.clear_seat(tx, actor.seat)?;
            tx.save_cart(&CartRow {
                id: CartId::from_uuid(self.edges.new_id()),
                seat: actor.seat,
                parked_ms: None,
                label: document_of(&row.prefix, &row.fiscal_year, row.document_no),
                draft,
            })?;
            tx.record(
                Some(actor.staff),
                &Body::QuotationMoved(QuotationMovedV1 {
                    quotation: id.bytes(),
                    state: "accepted".to_owned(),
                    at_ms: now.0,
                    reason: String::new(),
                }),
            )?;
            Ok(())
        })?;
        self.displays.forget_paid(actor.seat);
        self.tell_cart(actor.seat);
        self.live.tell("quotation", Some(id.to_string()));
        self.quotation(id)
    }

    /// The guest says no, or the shop takes it back.
    pub fn close_quotation(
        &self,
        actor: &Actor,
        id: QuotationId,
        request: &CloseQuotation,
    ) -> Result<QuotationWhole> {
        if !["declined", "withdrawn"].contains(&request.state.as_str()) {
            return Err(AppError::field("state", "declined or withdrawn"));
        }
        let reason = optional_text("reason", request.reason.as_deref(), 200)?.unwrap_or_default();
        let content = content_of(&format!("close {id}"), request)?;
        let now = self.edges.now();
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let row = tx.reader().quotation(id)?.ok_or(AppError::new(Code::NotFound))?;
            if row.order.is_some() {
                return Err(Code::QuotationSettled.into());
            }
            tx.record(
                Some(actor.staff),
                &Body::QuotationMoved(QuotationMovedV1 {
                    quotation: id.bytes(),
                    state: request.state.clone(),
                    at_ms: now.0,
                    reason: reason.clone(),
                }),
            )?;
            Ok(())
        })?;
        self.live.tell("quotation", Some(id.to_string()));
        self.quotation(id)
    }

    pub fn quotation_pdf(&self, id: QuotationId, filter: &QuotationSheet) -> Result<SheetFile> {
        self.store
            .read(|r| self.quotation_file(r, &r.quotation_versions(id)?, filter))
    }

    fn quotation_file(
        &self,
        reader: &Reader<'_>,
        versions: &[QuotationVersion],
        filter: &QuotationSheet,
    ) -> Result<SheetFile> {
        let settings = self.settings();
        let language = language_of(&settings, filter.language.as_deref())?;
        let wanted = match filter.revision {
            None => versions.last(),
            Some(n) => versions.get(usize::try_from(n).unwrap_or(usize::MAX)),
        };
        let made = &wanted.ok_or(AppError::new(Code::NotFound))?.made;
        let data = self.quotation_data(reader, &settings, made, language)?;
        let name = format!("{}.pdf", data.number.replace('/', "-"));
        let bytes =
            sheet_pdf(&invoice_sheet(&data), fonts()).map_err(|e| AppError::new(Code::Broken).caused(e))?;
        Ok(SheetFile { name, bytes })
    }

    fn quotation_data(
        &self,
        reader: &Reader<'_>,
        settings: &Settings,
        made: &QuotationMadeV1,
        language: String,
    ) -> Result<InvoiceData> {
        let taxes: Vec<TaxRow> = made
            .taxes
            .iter()
            .map(|tax| TaxRow {
                name: tax.name.clone(),
                rate: tax.rate,
                taxable_minor: tax.taxable_minor,
                amount_minor: tax.amount_minor,
            })
            .collect();
        let lines = made
            .lines
            .iter()
            .map(|line| {
                let shown = Shown {
                    name: &line.name,
                    product: line.product.map(ProductId::from_bytes),
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
        let customer = made.customer.map(CustomerId::from_bytes);
        let buyer = readable(reader, &made.quotation, made.buyer.as_ref(), customer)?;
        let mut terms: Vec<String> = made.note.lines().map(str::to_owned).collect();
        terms.extend(settings.text("invoice.terms").lines().map(str::to_owned));
        let india = settings.text("shop.country") == "IN";
        Ok(InvoiceData {
            kind: InvoiceKind::Quotation,
            demo: self.identity.demo,
            logo: self.template().logo,
            seller: party_of_seller(settings, &made.seller),
            buyer: buyer.map(|buyer| party_of_buyer(settings, &buyer)),
            number: document_of(&made.prefix, &made.fiscal_year, made.document_no),
            date: days::text_of(made.business_day),
            valid_until: Some(days::text_of(made.valid_until)),
            place_of_supply: region_text(settings, &made.place_of_supply),
            hsn: india,
            lines,
            inclusive: made.inclusive
                && made.total_minor - made.rounding_minor
                    == made.subtotal_minor - made.line_discount_minor - made.order_discount_minor,
            subtotal_minor: made.subtotal_minor,
            taxable_minor: made.taxable_minor,
            taxes: tax_totals(&taxes),
            tax_minor: made.tax_minor,
            rounding_minor: made.rounding_minor,
            total_minor: made.total_minor,
            terms,
            signed: settings.text("invoice.signed") == "true",
            currency: settings.currency.code().to_owned(),
            language,
            ..InvoiceData::default()
        })
    }

    /// Puts the version in force into the outbox.
    pub fn mail_quotation(&self, actor: &Actor, id: QuotationId, request: &MailDocument) -> Result<MailView> {
        let settings = self.settings();
        let language = language_of(&settings, request.language.as_deref())?;
        let content = content_of(&format!("mail quotation {id}"), request)?;
        let sheet = QuotationSheet {
            revision: None,
            language: Some(language.clone()),
        };
        // The paper and what is written down about it are of one moment.
        let (file, document, total_minor, revision, buyer) = self.store.read(|r| -> Result<_> {
            let versions = r.quotation_versions(id)?;
            let made = newest(&versions)?;
            let customer = made.customer.map(CustomerId::from_bytes);
            Ok((
                self.quotation_file(r, &versions, &sheet)?,
                document_of(&made.prefix, &made.fiscal_year, made.document_no),
                made.total_minor,
                u32::try_from(versions.len().saturating_sub(1)).unwrap_or(u32::MAX),
                readable(r, &id.bytes(), made.buyer.as_ref(), customer)?,
            ))
        })?;
        let amount = paper::money(total_minor, settings.currency.code());
        let (title, words) = letter_words(
            &language,
            "quotation",
            &document,
            settings.text("shop.name"),
            &amount,
        );
        self.post(
            actor,
            request.id,
            &content,
            ToMail {
                kind: "quotation",
                subject: id.bytes(),
                revision,
                document: Some(document),
                to_name: request
                    .to_name
                    .clone()
                    .or(buyer.map(|buyer| buyer.name))
                    .unwrap_or_default(),
                to: request.to.clone(),
                title: request.title.clone().unwrap_or(title),
                text: letter_text(request.text.as_deref(), words)?,
                file: Some((file.name, file.bytes)),
            },
        )
    }
}
