//! Goods that come back without a receipt: the lowest price of late at most, within limits, never by one person alone,
//! and as store credit unless the shop gives cash.
//!
//! No invoice is named, so nothing here lowers what an invoice owed: the taxes are kept as the catalogue says them, and
//! stay out of what the shop declares.

use crate::{
    Actor, AppError, Code, Names, Page, Result, Shop,
    cards::{self, CardView, Give, GiveTo},
    cart::{Approvals, TaxView, taxes},
    days,
    order_view::{Directory, Named, document_of},
    papers::PaperFilter,
    prices::unit_asked,
    pricing::{OpenCart, Terms, not_negative, parse_quantity, price_now, short_of},
    printing::{JobView, NewPaper, drawer_of, job_id, serves},
    sessions::Approval,
    settings::CARD_PRODUCT,
    shift_figures::rate_text,
    shift_reports::PrintReport,
    wire::{content_of, rfc3339, text},
};
use domain::{
    cart::{Answered, Cart, CartLine, Choice, LineItem},
    ids::{CardId, CartId, CustomerId, OrderId, PrintJobId, PrinterId, ProductId, StaffId, TenderId},
    money::Money,
    numbers::{DocumentKind, document_number, series_prefix},
    people::{Permission, Role},
    quantity::Quantity,
    tax::cash_due,
    tender::TenderMethod,
    time::Moment,
};
use jiff::ToSpan;
use journal::{
    Body,
    body::{GoodsReturnedV1, LineTaxV1, OrderTaxV1, ReturnLineV1},
};
use serde::{Deserialize, Serialize};
use store::{Reader, Write, catalog::ProductRow, returns::ReturnRow};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How much before the first day an order's id may say that it was made: a client's clock may be behind.
const CLOCKS_DIFFER_MS: i64 = 2 * 86_400_000;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnLine {
    pub product: Uuid,
    /// One of the product's units; its base unit when not given.
    pub unit: Option<String>,
    pub quantity: Option<String>,
    /// Below what is offered; the offer itself when not given.
    pub unit_price_minor: Option<i64>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewReturn {
    pub lines: Vec<ReturnLine>,
    /// store_credit (when not said) or cash
    pub method: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeReturn {
    pub id: Uuid,
    pub lines: Vec<ReturnLine>,
    /// store_credit (when not said) or cash
    pub method: Option<String>,
    /// Whose store credit it becomes; whoever holds the code's, when not said.
    pub customer: Option<Uuid>,
    /// What the client believes; another total is refused.
    pub expected_total_minor: Option<i64>,
    pub reason: String,
    /// A second person's PIN: always needed.
    pub approval: Option<Approval>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReturnPreview {
    pub lines: Vec<ReturnLineView>,
    /// Prices contain their taxes.
    pub inclusive: bool,
    pub taxes: Vec<TaxView>,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub cash_rounding_minor: i64,
    /// store_credit, and cash where the shop gives it
    pub methods: Vec<String>,
    pub limit_minor: i64,
    /// What may still be given without receipts today.
    pub left_today_minor: i64,
    /// return_above_limit when it is too much
    pub refused: Option<String>,
    /// The number that it would get.
    pub document: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReturnLineView {
    pub line: u32,
    pub product: Uuid,
    pub name: String,
    pub names: Names,
    pub unit: String,
    pub quantity: String,
    /// The most that is given for one: the lowest that somebody paid of late, or the catalogue's price if that is lower.
    pub offered_minor: i64,
    pub unit_price_minor: i64,
    /// What goes back for it; taxes that come on top are not in it.
    pub amount_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReturnView {
    pub id: Uuid,
    pub document: String,
    pub at: String,
    pub business_day: String,
    pub counter: Named,
    pub staff: Option<Named>,
    pub approved_by: Option<Named>,
    pub customer: Option<Uuid>,
    pub reason: String,
    pub lines: Vec<ReturnLineView>,
    pub inclusive: bool,
    pub taxable_minor: i64,
    pub tax_minor: i64,
    pub taxes: Vec<TaxView>,
    pub rounding_minor: i64,
    pub total_minor: i64,
    /// store_credit or cash
    pub method: String,
    pub cash_rounding_minor: i64,
    /// The store credit; its code only for whoever hands it over, and those who may make cards.
    pub card: Option<CardView>,
    pub demo: bool,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReturnFilter {
    /// A business day like 2026-11-21.
    pub day: Option<String>,
    pub limit: Option<usize>,
    pub after: Option<String>,
}

/// A return worked out, before anybody decides on it.
struct Worked {
    open: OpenCart,
    offered: Vec<i64>,
    method: TenderMethod,
    cash_rounding: i64,
}

impl Worked {
    fn total(&self) -> i64 {
        self.open.priced.total.minor()
    }

    fn lines(&self) -> Vec<ReturnLineView> {
        let lines = self.open.cart.lines.iter().zip(&self.open.priced.lines);
        lines
            .zip(&self.offered)
            .filter_map(|((line, priced), offered)| {
                let LineItem::Product { id, .. } = line.item else {
                    return None;
                };
                let names = self.open.products.get(&id).map(|row| row.names.clone());
                Some(ReturnLineView {
                    line: line.line,
                    product: id.uuid(),
                    name: line.name.clone(),
                    names: names.unwrap_or_default(),
                    unit: line.quantity.unit().as_str().to_owned(),
                    quantity: line.quantity.to_string(),
                    offered_minor: *offered,
                    unit_price_minor: line.unit_price.minor(),
                    amount_minor: priced.net.minor(),
                })
            })
            .collect()
    }
}

impl Shop {
    /// What would be given for these goods, before anybody decides on it.
    pub fn preview_return(&self, request: &PreviewReturn) -> Result<ReturnPreview> {
        let settings = self.settings();
        self.store.read(|r| {
            let terms = self.terms(r, self.edges.now())?;
            let worked = self.work_out_return(r, &terms, &request.lines, request.method.as_deref())?;
            let limit = settings.int("return.limit_minor");
            let left = self.left_today(r, terms.day)?;
            let total = worked.total();
            let (prefix, label, n) = self.next_return(r, self.edges.now())?;
            let methods = [TenderMethod::StoreCredit, TenderMethod::Cash];
            Ok(ReturnPreview {
                lines: worked.lines(),
                inclusive: worked.open.priced.rules.inclusive,
                taxes: taxes(&worked.open.priced),
                rounding_minor: worked.open.priced.rounding.minor(),
                total_minor: total,
                cash_rounding_minor: worked.cash_rounding,
                methods: methods
                    .into_iter()
                    .filter(|method| *method != TenderMethod::Cash || settings.text("return.cash") == "true")
                    .map(|method| method.as_str().to_owned())
                    .collect(),
                limit_minor: limit,
                left_today_minor: left,
                refused: (total > limit.min(left)).then(|| Code::ReturnAboveLimit.as_str().to_owned()),
                document: document_of(&prefix, &label, n),
            })
        })
    }

    /// Takes goods back without a receipt, once.
    pub fn make_return(&self, actor: &Actor, request: &MakeReturn) -> Result<ReturnView> {
        let kept = MakeReturn {
            approval: None,
            ..request.clone()
        };
        let content = content_of("return", &kept)?;
        let id = *request.id.as_bytes();
        if let Some(row) = self.store.read(|r| r.goods_return(id))? {
            return match row.made.content == content {
                true => self.goods_return(actor, request.id),
                false => Err(Code::IdReused.into()),
            };
        }
        let reason = text("reason", &request.reason, 200)?;
        let approved_by = match &request.approval {
            Some(approval) => Some(self.approve(approval, Permission::RefundApprove, actor)?),
            None => None,
        };
        let now = self.edges.now();
        self.store.write(now, |tx| {
            if let Some(row) = tx.reader().goods_return(id)? {
                return match row.made.content == content {
                    true => Ok::<_, AppError>(()),
                    false => Err(Code::IdReused.into()),
                };
            }
            let terms = self.terms(&tx.reader(), now)?;
            let worked =
                self.work_out_return(&tx.reader(), &terms, &request.lines, request.method.as_deref())?;
            let total = worked.total();
            if request.expected_total_minor.is_some_and(|said| said != total) {
                return Err(AppError::new(Code::TotalDiffers).hint("total_minor", total));
            }
            let limit = self.settings().int("return.limit_minor");
            let left = self.left_today(&tx.reader(), terms.day)?;
            if total > limit.min(left) {
                return Err(AppError::new(Code::ReturnAboveLimit)
                    .hint("limit_minor", limit)
                    .hint("left_today_minor", left));
            }
            let approved_by = another(&tx.reader(), actor, approved_by)?;
            self.record_return(tx, actor, request, &terms, worked, reason, approved_by, content)?;
            self.queue_return(tx, actor, request.id);
            Ok(())
        })?;
        self.print_waiting();
        let view = self.goods_return(actor, request.id)?;
        self.displays.returned(actor.seat, &view, now);
        self.tell_display(actor.seat);
        self.live.tell("return", Some(request.id.to_string()));
        Ok(view)
    }

    fn left_today(&self, reader: &Reader<'_>, day: u32) -> Result<i64> {
        let (_, given) = reader.returned_on(day)?;
        Ok(self
            .settings()
            .int("return.day_limit_minor")
            .saturating_sub(given)
            .max(0))
    }

    fn next_return(&self, reader: &Reader<'_>, at: Moment) -> Result<(String, String, u32)> {
        let settings = self.settings();
        let time = days::branch_time(at, settings.text("branch.zone"), settings.day_starts_minutes());
        let month = u8::try_from(settings.int("branch.fiscal_month")).unwrap_or(4);
        let year = days::fiscal_year(time.date, month);
        let used_up = |e| AppError::new(Code::NumbersUsedUp).because(e);
        let prefix = series_prefix(self.identity.ordinal, DocumentKind::GoodsReturn).map_err(used_up)?;
        let n = reader.last_document(prefix.as_str(), &year.label())? + 1;
        document_number(prefix, &year, n).map_err(used_up)?;
        Ok((prefix.as_str().to_owned(), year.label(), n))
    }

    fn work_out_return(
        &self,
        reader: &Reader<'_>,
        terms: &Terms,
        lines: &[ReturnLine],
        method: Option<&str>,
    ) -> Result<Worked> {
        let method = match method.unwrap_or(cards::STORE_CREDIT) {
            cards::STORE_CREDIT => TenderMethod::StoreCredit,
            "cash" if terms.settings.text("return.cash") == "true" => TenderMethod::Cash,
            "cash" => return Err(Code::ReturnNoCash.into()),
            _ => return Err(AppError::field("method", "store_credit or cash")),
        };
        if lines.is_empty() {
            return Err(Code::CartEmpty.into());
        }
        if lines.len() > domain::cart::MAX_LINES {
            return Err(Code::CartTooLong.into());
        }
        let mut cart = Cart::empty(CartId::from_bytes([0; 16]));
        let mut offered = Vec::with_capacity(lines.len());
        for (form, line) in lines.iter().zip(1u32..) {
            let row = reader
                .product(ProductId::from_uuid(form.product))?
                .ok_or_else(|| AppError::new(Code::NotFound).hint("product", form.product.to_string()))?;
            // What a card is worth is on the card.
            if row.id.to_string() == terms.settings.text(CARD_PRODUCT) {
                return Err(AppError::new(Code::ReturnNothing).hint("line", line));
            }
            let quantity = parse_quantity(form.quantity.as_deref(), unit_asked(&row, form.unit.as_deref())?)?;
            if quantity.is_zero() {
                return Err(AppError::new(Code::QuantityInvalid).hint("line", line));
            }
            let offer = offer(reader, terms, &row, quantity, self.edges.now())?
                .filter(|minor| *minor > 0)
                .ok_or_else(|| AppError::new(Code::ReturnNothing).hint("line", line))?;
            let unit_price = not_negative(form.unit_price_minor.unwrap_or(offer))?;
            if unit_price.minor() > offer {
                return Err(AppError::new(Code::ReturnPriceTooHigh)
                    .hint("line", line)
                    .hint("offered_minor", offer));
            }
            offered.push(offer);
            cart.lines.push(CartLine {
                line,
                item: LineItem::Product {
                    id: row.id,
                    short: short_of(row.n),
                },
                name: row.name.clone(),
                quantity,
                unit_price,
                choice: Choice {
                    typed: Some(unit_price),
                    ..Choice::default()
                },
                answered: Answered::default(),
                discount: None,
                note: String::new(),
            });
        }
        let open = price_now(reader, terms, cart, Approvals::new())?;
        let total = open.priced.total;
        if !total.is_positive() {
            return Err(Code::ReturnNothing.into());
        }
        let cash_rounding = match method {
            TenderMethod::Cash => {
                let (_, rounding) =
                    cash_due(total, &open.priced.rules).map_err(|_| AppError::new(Code::PriceTooLarge))?;
                rounding.minor()
            }
            _ => 0,
        };
        Ok(Worked {
            open,
            offered,
            method,
            cash_rounding,
        })
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "a return has this many sides, and one caller"
    )]
    fn record_return(
        &self,
        tx: &mut Write<'_>,
        actor: &Actor,
        request: &MakeReturn,
        terms: &Terms,
        worked: Worked,
        reason: String,
        approved_by: StaffId,
        content: [u8; 32],
    ) -> Result<()> {
        let till = self.till(tx, actor, false)?;
        let (prefix, fiscal_year, document_no) = self.next_return(&tx.reader(), tx.now())?;
        let customer = request.customer.map(CustomerId::from_uuid);
        if let Some(customer) = customer {
            crate::customers::card_of(&tx.reader(), customer)?;
        }
        let tender = TenderId::from_uuid(derived(request.id));
        let card = match worked.method {
            TenderMethod::StoreCredit => {
                let give = Give {
                    to: GiveTo::NewCredit(customer),
                    amount: worked.open.priced.total,
                    order: None,
                    tender,
                    reason: reason.clone(),
                    staff: Some(actor.staff),
                    approved_by: Some(approved_by),
                };
                Some(cards::give(tx, &self.settings(), &self.edges, &give)?.id)
            }
            _ => None,
        };
        let priced = &worked.open.priced;
        let lines = worked.open.cart.lines.iter().zip(&priced.lines);
        let lines = lines
            .zip(&worked.open.taxes)
            .zip(&worked.offered)
            .map(|(((line, price), tax), offered)| {
                let LineItem::Product { id, .. } = line.item else {
                    return Err(AppError::new(Code::Broken));
                };
                let base = i128::from(line.quantity.milli()) * i128::from(line.answered.base_milli) / 1000;
                let taxes = price
                    .taxes
                    .iter()
                    .map(|one| {
                        Ok(LineTaxV1 {
                            tax: u16::try_from(one.tax).map_err(|_| AppError::new(Code::Broken))?,
                            amount_minor: one.amount.minor(),
                        })
                    })
                    .collect::<Result<_>>()?;
                Ok(ReturnLineV1 {
                    line: line.line,
                    product: id.bytes(),
                    name: line.name.clone(),
                    unit: line.quantity.unit().as_str().to_owned(),
                    milli: line.quantity.milli(),
                    base_milli: i64::try_from(base).unwrap_or(i64::MAX),
                    offered_minor: *offered,
                    unit_price_minor: line.unit_price.minor(),
                    hsn: tax.hsn.clone(),
                    tax_class: tax.class,
                    amount_minor: price.taxable.minor() + price.tax.minor(),
                    taxable_minor: price.taxable.minor(),
                    taxes,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let body = GoodsReturnedV1 {
            goods_return: *request.id.as_bytes(),
            counter: till.counter,
            seat: till.seat,
            shift: till.shift,
            at_ms: till.at.0,
            business_day: till.business_day,
            prefix,
            fiscal_year,
            document_no,
            customer: customer.map(|id| id.bytes()),
            lines,
            inclusive: priced.rules.inclusive,
            tax_rules: terms.taxing.words(
                worked
                    .open
                    .card
                    .as_ref()
                    .is_some_and(|card| card.in_zone_on(terms.day)),
            ),
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
            taxable_minor: priced.taxable.minor(),
            tax_minor: priced.tax.minor(),
            rounding_minor: priced.rounding.minor(),
            total_minor: priced.total.minor(),
            tender: tender.bytes(),
            method: worked.method.as_str().to_owned(),
            cash_rounding_minor: worked.cash_rounding,
            card: card.map(|id| id.bytes()),
            reason,
            approved_by: approved_by.bytes(),
            content,
        };
        Ok(tx.record(Some(actor.staff), &Body::GoodsReturned(Box::new(body)))?)
    }

    pub fn goods_return(&self, actor: &Actor, id: Uuid) -> Result<ReturnView> {
        self.store.read(|r| {
            let row = r.goods_return(*id.as_bytes())?.ok_or(Code::NotFound)?;
            self.view_return(r, &Directory::read(r)?, actor, &row)
        })
    }

    /// The newest first.
    pub fn goods_returns(&self, actor: &Actor, filter: &ReturnFilter) -> Result<Page<ReturnView>> {
        let limit = filter.limit.unwrap_or(50).clamp(1, 200);
        let day = match &filter.day {
            None => None,
            Some(day) => {
                let date = day
                    .parse()
                    .map_err(|_| AppError::field("day", "a day like 2026-11-21 is expected"))?;
                Some(days::number_of(date))
            }
        };
        let before = filter.after.as_deref().map(crate::orders::cursor).transpose()?;
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let rows = r.goods_returns(day, before.map(|(ms, id)| (ms, id.bytes())), limit + 1)?;
            let next = rows.get(limit - 1).filter(|_| rows.len() > limit).map(|last| {
                let id = OrderId::from_bytes(last.made.goods_return);
                format!("{}.{id}", last.made.at_ms)
            });
            let items = rows.iter().take(limit);
            Ok(Page {
                items: items
                    .map(|row| self.view_return(r, &names, actor, row))
                    .collect::<Result<_>>()?,
                next,
            })
        })
    }

    fn view_return(
        &self,
        reader: &Reader<'_>,
        names: &Directory,
        actor: &Actor,
        row: &ReturnRow,
    ) -> Result<ReturnView> {
        let made = &row.made;
        let card = made.card.map(CardId::from_bytes).map(|card| {
            let given = (row.staff, made.at_ms);
            cards::view_given(reader, names, card, actor, given, self.edges.now())
        });
        Ok(ReturnView {
            id: Uuid::from_bytes(made.goods_return),
            document: document_of(&made.prefix, &made.fiscal_year, made.document_no),
            at: rfc3339(Moment(made.at_ms)),
            business_day: days::text_of(made.business_day),
            counter: names.counter(domain::ids::CounterId::from_bytes(made.counter)),
            staff: names.staff(row.staff),
            approved_by: names.staff(Some(StaffId::from_bytes(made.approved_by))),
            customer: made.customer.map(Uuid::from_bytes),
            reason: made.reason.clone(),
            lines: made
                .lines
                .iter()
                .map(|line| view_line(reader, line, made.inclusive))
                .collect::<Result<_>>()?,
            inclusive: made.inclusive,
            taxable_minor: made.taxable_minor,
            tax_minor: made.tax_minor,
            taxes: made
                .taxes
                .iter()
                .map(|tax| TaxView {
                    name: tax.name.clone(),
                    rate: rate_text(tax.rate),
                    taxable_minor: tax.taxable_minor,
                    amount_minor: tax.amount_minor,
                })
                .collect(),
            rounding_minor: made.rounding_minor,
            total_minor: made.total_minor,
            method: made.method.clone(),
            cash_rounding_minor: made.cash_rounding_minor,
            card: card.transpose()?,
            demo: self.identity.demo,
        })
    }

    /// The slip goes into the print queue with its own fact. Nothing here can keep a return from being made.
    fn queue_return(&self, tx: &mut Write<'_>, actor: &Actor, id: Uuid) {
        let queued = (|| -> Result<()> {
            let printers = tx.reader().printers()?;
            let row = tx.reader().goods_return(*id.as_bytes())?.ok_or(Code::Broken)?;
            let view = self.view_return(&tx.reader(), &Directory::read(&tx.reader())?, actor, &row)?;
            if view.method == TenderMethod::Cash.as_str()
                && let Some(printer) = drawer_of(&printers)
            {
                let job = NewPaper::drawer().about(*id.as_bytes(), view.document.clone(), 1);
                tx.queue_print(&job.at(job_id("drawer", id), printer.id, Some(actor.staff)))?;
            }
            // The paper is the store credit: it comes out whatever receipts do.
            if let Some(printer) = serves(&printers, "receipt") {
                let slip = NewPaper::slip("return", self.return_slip(&view, 1));
                let job = slip.about(*id.as_bytes(), view.document.clone(), 1);
                tx.queue_print(&job.at(job_id("return", id), printer.id, Some(actor.staff)))?;
            }
            Ok(())
        })();
        if let Err(error) = queued {
            tracing::error!(goods_return = %id, %error, "the slip cannot be put into the print queue");
        }
    }

    /// Prints the slip again; the card's code only for whoever may still see it.
    pub fn print_return(&self, actor: &Actor, id: Uuid, form: &PrintReport) -> Result<JobView> {
        let view = self.goods_return(actor, id)?;
        let content = content_of(&format!("print return {id}"), form)?;
        self.print_once(form.id, &content, |tx| {
            let printers = tx.reader().printers()?;
            let printer = match form.printer.map(PrinterId::from_uuid) {
                Some(id) => printers.iter().find(|p| p.id == id),
                None => serves(&printers, "receipt"),
            };
            let printer = printer.ok_or(AppError::new(Code::NoPrinter))?;
            let copy = tx.reader().papers_about("return", *id.as_bytes())? + 1;
            let slip = NewPaper::slip("return", self.return_slip(&view, copy));
            let new = slip.about(*id.as_bytes(), view.document.clone(), copy);
            Ok(new.at(PrintJobId::from_uuid(form.id), printer.id, Some(actor.staff)))
        })
    }

    pub fn return_png(&self, actor: &Actor, id: Uuid, filter: &PaperFilter) -> Result<Vec<u8>> {
        let view = self.goods_return(actor, id)?;
        self.slip_png(&self.return_slip(&view, 1), filter.paper_mm)
    }
}

fn view_line(reader: &Reader<'_>, line: &ReturnLineV1, inclusive: bool) -> Result<ReturnLineView> {
    let product = ProductId::from_bytes(line.product);
    let unit = line
        .unit
        .parse()
        .map_err(|e| AppError::new(Code::Broken).because(e))?;
    Ok(ReturnLineView {
        line: line.line,
        product: product.uuid(),
        name: line.name.clone(),
        names: reader.product(product)?.map(|row| row.names).unwrap_or_default(),
        unit: line.unit.clone(),
        quantity: crate::order_view::shown(line.milli, unit),
        offered_minor: line.offered_minor,
        unit_price_minor: line.unit_price_minor,
        amount_minor: if inclusive {
            line.amount_minor
        } else {
            line.taxable_minor
        },
    })
}

/// The most that is given for one of a unit: the lowest that somebody paid of late, or what it costs today if that is
/// lower. None for what is sold at no fixed price and was not sold of late.
fn offer(
    reader: &Reader<'_>,
    terms: &Terms,
    row: &ProductRow,
    quantity: Quantity,
    now: Moment,
) -> Result<Option<i64>> {
    let today = terms.lookup(reader, row, quantity, None, None)?;
    let days = terms.settings.int("return.price_days");
    let date = days::branch_time(
        now,
        terms.settings.text("branch.zone"),
        terms.settings.day_starts_minutes(),
    )
    .date;
    let since = date.checked_sub(days.days()).unwrap_or(date);
    let after_ms = u64::try_from(now.0 - days * 86_400_000 - CLOCKS_DIFFER_MS).unwrap_or(0);
    let after = OrderId::from_uuid(domain::ids::uuid_v7(after_ms, [0; 10]));
    let inclusive = terms.taxing.context().inclusive;
    let lowest = reader
        .paid_for(row.id, days::number_of(since), after)?
        .into_iter()
        .filter_map(|paid| {
            let whole = match inclusive {
                true => paid.taxable_minor.saturating_add(paid.tax_minor),
                false => paid.taxable_minor,
            };
            let one = i128::from(whole) * i128::from(today.base_milli_per_unit) / i128::from(paid.base_milli);
            i64::try_from(one).ok()
        })
        .min();
    let catalog = (!row.open_price).then_some(today.minor);
    Ok(lowest.into_iter().chain(catalog).min())
}

/// The second person: somebody else, wherever there is somebody else who may.
fn another(reader: &Reader<'_>, actor: &Actor, by: Option<StaffId>) -> Result<StaffId> {
    let needed = || AppError::new(Code::ReturnNeedsApproval);
    let by = by.ok_or_else(needed)?;
    let others = reader.staff(false)?.into_iter().any(|one| {
        let may = one
            .role
            .parse::<Role>()
            .is_ok_and(|role| role.allows(Permission::RefundApprove));
        one.active && one.id != actor.staff && may
    });
    match by == actor.staff && others {
        true => Err(needed().hint("why", "same_person")),
        false => Ok(by),
    }
}

/// The tender's id: always the same for the same return.
fn derived(id: Uuid) -> Uuid {
    let mut hasher = blake3::Hasher::new_derive_key("Chandi return tender v1");
    hasher.update(id.as_bytes());
    let mut tail = [0; 10];
    tail.copy_from_slice(&hasher.finalize().as_bytes()[..10]);
    domain::ids::uuid_v7(domain::ids::uuid_ms(id), tail)
}

/// What the paper says, as money.
pub(crate) fn paid_out(view: &ReturnView) -> Money {
    Money::from_minor(view.total_minor.saturating_add(view.cash_rounding_minor))
}
