//! Buying on account: what a customer owes, how far they may go, what is open and how old, receipts and statements.
//!
//! The limit is checked inside the transaction that writes the sale (`may_owe`), so of two counters that pass it at
//! once one is refused.

use crate::{
    Actor, AppError, Code, Result, Shop,
    customers::{day_number, standing},
    days,
    instalments::InstalmentView,
    invoices::SheetFile,
    papers::{PaperFilter, local_text, method_word, pdf},
    printing::{JobView, NewPaper, serves},
    shift_reports::PrintReport,
    taxes::seller_on,
    tenders::kept_text,
    wire::{content_of, rfc3339, text},
};
use domain::{
    account::{AccountError, Ageing, Item, Settled, ageing, left_to_owe, running, settle, share_out},
    customer::Segment,
    ids::{CustomerId, OrderId, PrintJobId, PrinterId},
    instalment::Due,
    money::{Money, MoneyError},
    numbers::{DocumentKind, document_number, series_prefix},
    time::Moment,
};
use journal::{
    Body,
    body::{AccountAdjustedV1, AccountPaidV1, SellerV1},
};
use paper::{PaidItem, PaymentSlipData, ReceiptTender, Slip};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::{
    Reader, Write,
    accounts::{EntryRow, PaymentRow},
    customers::CustomerRow,
};
use utoipa::ToSchema;
use uuid::Uuid;

/// How a payment on account may come in.
pub const METHODS: &[&str] = &["cash", "card", "upi", "wallet", "bank"];
const MOST_MINOR: i64 = 1_000_000_000_000;

fn beyond(error: MoneyError) -> AppError {
    AppError::new(Code::Broken).because(error)
}

/// What a customer owes; below zero when the shop owes them.
pub fn owed(reader: &Reader<'_>, customer: CustomerId) -> Result<Money> {
    Ok(reader.account_balance(reader.customer_root(customer)?)?)
}

/// Whether a customer may owe so much more. Ask inside the transaction that writes it.
pub fn may_owe(reader: &Reader<'_>, customer: CustomerId, more: Money) -> Result<()> {
    let (row, _) = standing(reader, customer)?;
    if row.segment == Segment::Blocked.as_str() {
        return Err(AppError::new(Code::CustomerBlocked).hint("customer", row.id.to_string()));
    }
    let left = left(&row)?;
    if more > left {
        return Err(AppError::new(Code::CreditLimit)
            .hint("customer", row.id.to_string())
            .hint("limit_minor", row.limit_minor)
            .hint("balance_minor", row.balance_minor)
            .hint("left_minor", left.minor()));
    }
    Ok(())
}

/// What may still be bought on account.
pub(crate) fn left(row: &CustomerRow) -> Result<Money> {
    if row.segment == Segment::Blocked.as_str() {
        return Ok(Money::ZERO);
    }
    left_to_owe(
        Money::from_minor(row.limit_minor),
        Money::from_minor(row.balance_minor),
    )
    .map_err(beyond)
}

/// What is open on a customer's account.
pub fn open_items(reader: &Reader<'_>, customer: CustomerId) -> Result<Settled> {
    let root = reader.customer_root(customer)?;
    let terms = reader.customer(root)?.map_or(0, |row| row.terms_days);
    settle(&reader.account_ledger(root, terms)?)
        .map_err(refused)?
        .in_parts(&reader.instalment_plans(root)?)
        .map_err(beyond)
}

/// How old what was open at the end of a day was then; today's when no day is given.
pub(crate) fn ageing_on(
    reader: &Reader<'_>,
    customer: CustomerId,
    until: Option<u32>,
    today: u32,
) -> Result<AgeingView> {
    let root = reader.customer_root(customer)?;
    let terms = reader.customer(root)?.map_or(0, |row| row.terms_days);
    let mut ledger = reader.account_ledger(root, terms)?;
    ledger.retain(|entry| until.is_none_or(|until| entry.day <= until));
    let settled = settle(&ledger)
        .map_err(refused)?
        .in_parts(&reader.instalment_plans(root)?)
        .map_err(beyond)?;
    let day = until.map_or(today, |until| until.min(today));
    AgeingView::of(ageing(&settled, day).map_err(beyond)?)
}

/// What is still owed for one order on account; nothing when it was not bought on account.
pub fn open_of_order(reader: &Reader<'_>, order: OrderId) -> Result<Option<Item>> {
    Ok(order_on_account(reader, order)?.map(|(item, _)| item))
}

/// The same, with the parts it is paid in; none when it is owed in one sum.
pub(crate) fn order_on_account(reader: &Reader<'_>, order: OrderId) -> Result<Option<(Item, Vec<Due>)>> {
    let Some(customer) = reader.account_of_order(order)? else {
        return Ok(None);
    };
    let mut settled = open_items(reader, customer)?;
    let parts = settled.instalments.remove(&order.uuid()).unwrap_or_default();
    let item = settled.items.into_iter().find(|item| item.id == order.uuid());
    Ok(item.map(|item| (item, parts)))
}

fn refused(error: AccountError) -> AppError {
    let code = match &error {
        AccountError::NotPositive | AccountError::ItemTwice | AccountError::MoreThanPaid => {
            Code::PaymentSharedWrong
        }
        AccountError::NotOpen { .. } | AccountError::MoreThanOpen { .. } => Code::ItemNotOpen,
        AccountError::Money(_) => Code::Broken,
    };
    let refusal = AppError::new(code).because(error);
    match error {
        AccountError::NotOpen { item } => refusal.hint("item", item.to_string()).hint("open_minor", 0),
        AccountError::MoreThanOpen { item, open } => refusal
            .hint("item", item.to_string())
            .hint("open_minor", open.minor()),
        AccountError::NotPositive
        | AccountError::ItemTwice
        | AccountError::MoreThanPaid
        | AccountError::Money(_) => refusal,
    }
}

/// What is open by how long it has been due.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub struct AgeingView {
    pub not_due_minor: i64,
    pub to_30_minor: i64,
    pub to_60_minor: i64,
    pub to_90_minor: i64,
    pub over_90_minor: i64,
    pub total_minor: i64,
}

impl AgeingView {
    fn of(ageing: Ageing) -> Result<AgeingView> {
        Ok(AgeingView {
            not_due_minor: ageing.not_due.minor(),
            to_30_minor: ageing.to_30.minor(),
            to_60_minor: ageing.to_60.minor(),
            to_90_minor: ageing.to_90.minor(),
            over_90_minor: ageing.over_90.minor(),
            total_minor: ageing.total().map_err(beyond)?.minor(),
        })
    }
}

/// Something that was charged and is not paid whole.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OpenItemView {
    /// The order, or the adjustment.
    pub id: Uuid,
    pub order: Option<Uuid>,
    /// The sale's document; an adjustment has none.
    pub document: Option<String>,
    pub day: String,
    pub due: String,
    pub overdue: bool,
    pub charged_minor: i64,
    pub open_minor: i64,
    /// The parts it is paid in, paid ones too; none when it is owed in one sum.
    pub instalments: Vec<InstalmentView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountView {
    pub customer: Uuid,
    /// Above zero: owes.
    pub balance_minor: i64,
    pub limit_minor: i64,
    pub left_minor: i64,
    /// The customer's money that nothing was open for.
    pub advance_minor: i64,
    pub terms_days: u32,
    pub ageing: AgeingView,
    pub open: Vec<OpenItemView>,
}

/// One customer in the list of who owes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OwingView {
    pub customer: Uuid,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub balance_minor: i64,
    pub limit_minor: i64,
    pub ageing: AgeingView,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AgeingList {
    pub items: Vec<OwingView>,
    pub next: Option<String>,
    /// Of everybody, whatever page this is.
    pub total: AgeingView,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaysItem {
    pub item: Uuid,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceivePayment {
    pub id: Uuid,
    /// cash, card, upi, wallet or bank
    pub method: String,
    pub amount_minor: i64,
    /// Cash only: what was handed over.
    pub received_minor: Option<i64>,
    pub reference: Option<String>,
    pub note: Option<String>,
    /// What it is for; the oldest first when left out.
    #[serde(default)]
    pub pays: Vec<PaysItem>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReversePayment {
    pub id: Uuid,
    pub reason: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdjustAccount {
    pub id: Uuid,
    /// opening, write_off or correction
    pub kind: String,
    /// Above zero: owes more. A write-off is above zero too, and takes off.
    pub amount_minor: i64,
    /// What is written off.
    pub item: Option<Uuid>,
    /// Since when an opening balance is due.
    pub due: Option<String>,
    pub reason: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PaidItemView {
    pub item: Uuid,
    pub document: Option<String>,
    pub amount_minor: i64,
}

/// Money received on account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PaymentReceipt {
    pub id: Uuid,
    pub customer: Uuid,
    pub name: Option<String>,
    pub document: String,
    pub at: String,
    pub by: Option<String>,
    pub method: String,
    pub amount_minor: i64,
    pub received_minor: Option<i64>,
    pub change_minor: i64,
    pub reference: String,
    pub note: String,
    pub pays: Vec<PaidItemView>,
    /// What of it nothing was open for.
    pub advance_minor: i64,
    pub reversed_at: Option<String>,
    /// What is owed now.
    pub balance_minor: i64,
}

/// One line of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatementRow {
    /// The tender, the payment or the adjustment.
    pub id: Uuid,
    pub at: String,
    pub day: String,
    /// sale, sale_void, refund, payment, payment_reversed, opening, write_off or correction
    pub kind: String,
    pub order: Option<Uuid>,
    pub document: Option<String>,
    pub method: Option<String>,
    /// A payment's reference, an adjustment's reason.
    pub text: Option<String>,
    /// Above zero: owes more.
    pub amount_minor: i64,
    /// What is owed after it.
    pub balance_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatementView {
    pub customer: Uuid,
    pub name: Option<String>,
    pub from: Option<String>,
    pub until: Option<String>,
    /// What was owed before the first day.
    pub opening_minor: i64,
    pub charged_minor: i64,
    pub credited_minor: i64,
    pub closing_minor: i64,
    pub count: usize,
    pub rows: Vec<StatementRow>,
    pub next: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatementFilter {
    /// The first day, like 2026-04-01.
    pub from: Option<String>,
    /// The last day.
    pub until: Option<String>,
    pub limit: Option<usize>,
    pub after: Option<String>,
}

impl StatementFilter {
    /// The first and the last day.
    pub(crate) fn days(&self) -> Result<(Option<u32>, Option<u32>)> {
        let day = |name: &str, day: &Option<String>| {
            day.as_deref()
                .filter(|day| !day.trim().is_empty())
                .map(|day| day_number(name, day))
                .transpose()
        };
        Ok((day("from", &self.from)?, day("until", &self.until)?))
    }
}

/// A whole statement, as paper and screens show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub customer: CustomerId,
    pub name: Option<String>,
    pub from: Option<u32>,
    pub until: Option<u32>,
    pub opening: Money,
    pub charged: Money,
    pub credited: Money,
    pub closing: Money,
    pub rows: Vec<StatementRow>,
}

fn document(parts: Option<&(String, String, u32)>) -> Option<String> {
    parts.map(|(prefix, year, n)| format!("{prefix}/{year}/{n:06}"))
}

/// The statement of a customer from one business day to another, both included.
pub fn statement_of(
    reader: &Reader<'_>,
    customer: CustomerId,
    from: Option<u32>,
    until: Option<u32>,
) -> Result<Statement> {
    let root = reader.customer_root(customer)?;
    let row = reader.customer(root)?.ok_or(AppError::new(Code::NotFound))?;
    let opening = match from {
        Some(day) => reader.account_balance_before(root, day)?,
        None => Money::ZERO,
    };
    let entries = reader.account_entries(root, from.unwrap_or(0), until.unwrap_or(u32::MAX))?;
    let balances = running(opening, entries.iter().map(|e| Money::from_minor(e.amount_minor)))
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(beyond)?;
    let sum = |wanted: fn(&i64) -> bool| {
        Money::sum(
            entries
                .iter()
                .map(|e| e.amount_minor)
                .filter(wanted)
                .map(Money::from_minor),
        )
        .map_err(beyond)
    };
    Ok(Statement {
        customer: root,
        name: row.name.or(row.phone),
        from,
        until,
        opening,
        charged: sum(|minor| *minor > 0)?,
        credited: sum(|minor| *minor < 0)?.checked_neg().map_err(beyond)?,
        closing: balances.last().copied().unwrap_or(opening),
        rows: entries
            .iter()
            .zip(&balances)
            .map(|(entry, balance)| statement_row(entry, *balance))
            .collect(),
    })
}

fn statement_row(entry: &EntryRow, balance: Money) -> StatementRow {
    StatementRow {
        id: entry.id,
        at: rfc3339(Moment(entry.at_ms)),
        day: days::text_of(entry.business_day),
        kind: entry.kind.clone(),
        order: entry.order.map(OrderId::uuid),
        document: document(entry.document.as_ref()),
        method: entry.method.clone(),
        text: entry.text.clone(),
        amount_minor: entry.amount_minor,
        balance_minor: balance.minor(),
    }
}

impl Shop {
    pub fn account(&self, customer: CustomerId) -> Result<AccountView> {
        let today = self.today_number(&self.settings());
        self.store.read(|r| {
            let root = r.customer_root(customer)?;
            let row = r.customer(root)?.ok_or(AppError::new(Code::NotFound))?;
            let settled = open_items(r, root)?;
            let documents = documents_of(r, settled.open().map(|item| item.id))?;
            Ok(AccountView {
                customer: root.uuid(),
                balance_minor: row.balance_minor,
                limit_minor: row.limit_minor,
                left_minor: left(&row)?.minor(),
                advance_minor: settled.advance.minor(),
                terms_days: row.terms_days,
                ageing: AgeingView::of(ageing(&settled, today).map_err(beyond)?)?,
                open: settled
                    .open()
                    .map(|item| {
                        let due = settled
                            .dues(item)
                            .iter()
                            .map(|due| due.day)
                            .min()
                            .unwrap_or(item.due);
                        let parts = settled.instalments.get(&item.id).map_or(&[][..], Vec::as_slice);
                        OpenItemView {
                            id: item.id,
                            order: documents.contains_key(&item.id).then_some(item.id),
                            document: documents.get(&item.id).cloned(),
                            day: days::text_of(item.day),
                            due: days::text_of(due),
                            overdue: due < today,
                            charged_minor: item.charged.minor(),
                            open_minor: item.open.minor(),
                            instalments: parts.iter().map(|due| InstalmentView::of(due, today)).collect(),
                        }
                    })
                    .collect(),
            })
        })
    }

    /// Everybody whose account is not even, who owes most first.
    pub fn owing(&self, limit: Option<usize>, after: Option<&str>) -> Result<AgeingList> {
        let limit = limit.unwrap_or(50).clamp(1, 200);
        let after: Option<CustomerId> = after
            .map(|id| {
                id.parse()
                    .map_err(|_| AppError::field("after", "this is not a cursor of this list"))
            })
            .transpose()?;
        let today = self.today_number(&self.settings());
        self.store.read(|r| {
            let mut total = Ageing::default();
            for customer in r.accounts_owing(None, usize::from(u16::MAX))? {
                let one = ageing(&open_items(r, customer)?, today).map_err(beyond)?;
                total = added(total, one).map_err(beyond)?;
            }
            let mut owing = r.accounts_owing(after, limit + 1)?;
            let more = owing.len() > limit;
            owing.truncate(limit);
            let next = owing.last().filter(|_| more).map(CustomerId::to_string);
            let items = owing
                .into_iter()
                .map(|customer| {
                    let row = r.customer(customer)?.ok_or(AppError::new(Code::Broken))?;
                    let aged = ageing(&open_items(r, customer)?, today).map_err(beyond)?;
                    Ok(OwingView {
                        customer: customer.uuid(),
                        name: row.name,
                        phone: row.phone,
                        balance_minor: row.balance_minor,
                        limit_minor: row.limit_minor,
                        ageing: AgeingView::of(aged)?,
                    })
                })
                .collect::<Result<Vec<_>>>()?;
            Ok(AgeingList {
                items,
                next,
                total: AgeingView::of(total)?,
            })
        })
    }

    /// The rows of a statement, for paper and mail.
    pub fn whole_statement(&self, customer: CustomerId, filter: &StatementFilter) -> Result<Statement> {
        let (from, until) = filter.days()?;
        self.store.read(|r| statement_of(r, customer, from, until))
    }

    /// A statement with its running balance, a page of rows at a time.
    pub fn statement(&self, customer: CustomerId, filter: &StatementFilter) -> Result<StatementView> {
        let limit = filter.limit.unwrap_or(200).clamp(1, 1000);
        let start: usize = filter
            .after
            .as_deref()
            .map(|at| {
                at.parse()
                    .map_err(|_| AppError::field("after", "this is not a cursor of this list"))
            })
            .transpose()?
            .unwrap_or(0);
        let whole = self.whole_statement(customer, filter)?;
        let count = whole.rows.len();
        let end = start.saturating_add(limit).min(count);
        Ok(StatementView {
            customer: whole.customer.uuid(),
            name: whole.name,
            from: whole.from.map(days::text_of),
            until: whole.until.map(days::text_of),
            opening_minor: whole.opening.minor(),
            charged_minor: whole.charged.minor(),
            credited_minor: whole.credited.minor(),
            closing_minor: whole.closing.minor(),
            count,
            // A ledger only grows at its end, so the place in it is a cursor.
            rows: whole.rows.into_iter().take(end).skip(start).collect(),
            next: (end < count).then(|| end.to_string()),
        })
    }

    /// Money received on account: a receipt with a number, shared out to what was open.
    pub fn receive_payment(
        &self,
        actor: &Actor,
        customer: CustomerId,
        request: &ReceivePayment,
    ) -> Result<PaymentReceipt> {
        let content = content_of(&format!("account payment {customer}"), request)?;
        if let Some(known) = self.store.read(|r| r.account_payment(request.id))? {
            return self.answered_payment(&known, &content);
        }
        if !METHODS.contains(&request.method.as_str()) {
            return Err(AppError::field("method", "cash, card, upi, wallet or bank"));
        }
        if !(1..=MOST_MINOR).contains(&request.amount_minor) {
            return Err(AppError::field(
                "amount_minor",
                "an amount above zero is expected",
            ));
        }
        let received = request.received_minor.filter(|_| request.method == "cash");
        let change = match received {
            Some(received) if received < request.amount_minor => return Err(Code::TenderShort.into()),
            Some(received) if received > MOST_MINOR => {
                return Err(AppError::field("received_minor", "nobody carries that much"));
            }
            Some(received) => received - request.amount_minor,
            None => 0,
        };
        let reference = kept_text("reference", request.reference.as_deref(), 80)?;
        let note = kept_text("note", request.note.as_deref(), 200)?;
        let chosen: Vec<(Uuid, Money)> = request
            .pays
            .iter()
            .map(|one| (one.item, Money::from_minor(one.amount_minor)))
            .collect();
        let at = self.edges.now();
        self.store.write(at, |tx| {
            if let Some(known) = tx.reader().account_payment(request.id)? {
                return match known.content == content {
                    true => Ok(()),
                    false => Err(Code::IdReused.into()),
                };
            }
            let (row, _) = standing(&tx.reader(), customer)?;
            let settled = open_items(&tx.reader(), row.id)?;
            let pays =
                share_out(&settled, Money::from_minor(request.amount_minor), &chosen).map_err(refused)?;
            let (prefix, fiscal_year, document_no, business_day) = self.next_receipt(&tx.reader(), at)?;
            let body = AccountPaidV1 {
                payment: request.id.into_bytes(),
                customer: row.id.bytes(),
                counter: self.identity.counter.bytes(),
                seat: tx.number_of_seat(actor.seat)?,
                shift: self.shift_here(&tx.reader(), actor)?,
                at_ms: at.0,
                business_day,
                prefix,
                fiscal_year,
                document_no,
                method: request.method.clone(),
                amount_minor: request.amount_minor,
                received_minor: received,
                change_minor: change,
                reference: reference.clone(),
                note: note.clone(),
                pays: pays
                    .iter()
                    .map(|(item, amount)| (item.into_bytes(), amount.minor()))
                    .collect(),
                content,
            };
            tx.record(Some(actor.staff), &Body::AccountPaid(Box::new(body)))?;
            Ok::<_, AppError>(())
        })?;
        self.live.tell("customer", Some(customer.to_string()));
        self.payment_receipt(request.id)
    }

    fn answered_payment(&self, known: &PaymentRow, content: &[u8; 32]) -> Result<PaymentReceipt> {
        if known.content == *content {
            self.payment_receipt(known.id)
        } else {
            Err(Code::IdReused.into())
        }
    }

    fn next_receipt(&self, reader: &Reader<'_>, at: Moment) -> Result<(String, String, u32, u32)> {
        let settings = self.settings();
        let time = days::branch_time(at, settings.text("branch.zone"), settings.day_starts_minutes());
        let month = u8::try_from(settings.int("branch.fiscal_month")).unwrap_or(4);
        let year = days::fiscal_year(time.date, month);
        let used_up = |e| AppError::new(Code::NumbersUsedUp).because(e);
        let prefix = series_prefix(self.identity.ordinal, DocumentKind::Receipt).map_err(used_up)?;
        let n = reader.last_document(prefix.as_str(), &year.label())? + 1;
        document_number(prefix, &year, n).map_err(used_up)?;
        Ok((prefix.as_str().to_owned(), year.label(), n, time.business_day))
    }

    pub fn payment_receipt(&self, payment: Uuid) -> Result<PaymentReceipt> {
        self.store.read(|r| {
            let row = r.account_payment(payment)?.ok_or(AppError::new(Code::NotFound))?;
            let root = r.customer_root(row.customer)?;
            let customer = r.customer(root)?.ok_or(AppError::new(Code::NotFound))?;
            let documents = documents_of(r, row.pays.iter().map(|(item, _)| *item))?;
            let by = match row.staff {
                Some(staff) => r.staff_member(staff)?.map(|one| one.name),
                None => None,
            };
            let shared: i64 = row.pays.iter().map(|(_, minor)| minor).sum();
            Ok(PaymentReceipt {
                id: row.id,
                customer: root.uuid(),
                name: customer.name,
                document: format!("{}/{}/{:06}", row.prefix, row.fiscal_year, row.document_no),
                at: rfc3339(Moment(row.at_ms)),
                by,
                method: row.method,
                amount_minor: row.amount_minor,
                received_minor: row.received_minor,
                change_minor: row.change_minor,
                reference: row.reference,
                note: row.note,
                advance_minor: row.amount_minor - shared,
                pays: row
                    .pays
                    .into_iter()
                    .map(|(item, amount_minor)| PaidItemView {
                        item,
                        document: documents.get(&item).cloned(),
                        amount_minor,
                    })
                    .collect(),
                reversed_at: row.reversed_ms.map(|ms| rfc3339(Moment(ms))),
                balance_minor: customer.balance_minor,
            })
        })
    }

    /// A payment, and the number of the shop on its day.
    fn payment_and_seller(&self, payment: Uuid) -> Result<(PaymentReceipt, SellerV1)> {
        let settings = self.settings();
        let seller = self.store.read(|r| {
            let row = r.account_payment(payment)?.ok_or(AppError::new(Code::NotFound))?;
            seller_on(r, &settings, row.business_day)
        })?;
        Ok((self.payment_receipt(payment)?, seller))
    }

    fn payment_slip(&self, receipt: &PaymentReceipt, seller: &SellerV1, copy: u32) -> Slip {
        let settings = self.settings();
        let language = settings.text("customer.language").to_owned();
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Slip::Payment(PaymentSlipData {
            shop_name: settings.text("shop.name").to_owned(),
            header: settings.letterhead(),
            branch: settings.text("branch.name").to_owned(),
            tax_number: some(&seller.tax_number),
            demo: self.is_demo(),
            document: receipt.document.clone(),
            at: local_text(&settings, &receipt.at),
            counter: settings.text("counter.name").to_owned(),
            staff: receipt.by.clone().unwrap_or_default(),
            customer: receipt.name.clone().unwrap_or_default(),
            amount_minor: receipt.amount_minor,
            tender: ReceiptTender {
                label: method_word(&receipt.method, &language),
                amount_minor: receipt.amount_minor,
                received_minor: receipt.received_minor,
                change_minor: (receipt.change_minor != 0).then_some(receipt.change_minor),
            },
            reference: receipt.reference.clone(),
            note: receipt.note.clone(),
            pays: receipt
                .pays
                .iter()
                .map(|paid| PaidItem {
                    document: paid.document.clone().unwrap_or_default(),
                    amount_minor: paid.amount_minor,
                })
                .collect(),
            advance_minor: receipt.advance_minor,
            balance_minor: receipt.balance_minor,
            taken_back: receipt.reversed_at.is_some(),
            footer: some(settings.text("receipt.footer")).into_iter().collect(),
            copy: u16::try_from(copy).unwrap_or(u16::MAX),
            currency: settings.currency.code().to_owned(),
            language,
            open_drawer: false,
        })
    }

    /// Prints the receipt of a payment; every paper after the first says which copy it is.
    pub fn print_payment(&self, actor: &Actor, payment: Uuid, form: &PrintReport) -> Result<JobView> {
        let (receipt, seller) = self.payment_and_seller(payment)?;
        let content = content_of(&format!("print payment {payment}"), form)?;
        self.print_once(form.id, &content, |tx| {
            let printers = tx.reader().printers()?;
            let printer = match form.printer.map(PrinterId::from_uuid) {
                Some(id) => printers.iter().find(|p| p.id == id),
                None => serves(&printers, "receipt"),
            };
            let printer = printer.ok_or(AppError::new(Code::NoPrinter))?;
            let copy = tx.reader().papers_about("payment", *payment.as_bytes())? + 1;
            let new = NewPaper::slip("payment", self.payment_slip(&receipt, &seller, copy)).about(
                *payment.as_bytes(),
                receipt.document.clone(),
                copy,
            );
            Ok(new.at(PrintJobId::from_uuid(form.id), printer.id, Some(actor.staff)))
        })
    }

    /// The receipt of a payment as a file, on a roll or on A4.
    pub fn payment_pdf(&self, payment: Uuid, filter: &PaperFilter) -> Result<SheetFile> {
        let (receipt, seller) = self.payment_and_seller(payment)?;
        let mm = filter.paper_mm.unwrap_or(80);
        if ![58, 80, 210].contains(&mm) {
            return Err(AppError::field("paper_mm", "58, 80 or 210"));
        }
        Ok(SheetFile {
            name: receipt.document.replace('/', "-") + ".pdf",
            bytes: pdf(
                &self.payment_slip(&receipt, &seller, 1).document(&self.template()),
                mm,
            )?,
        })
    }

    /// Takes a payment back whole: a cheque that bounced, an amount keyed for somebody else.
    pub fn reverse_payment(
        &self,
        actor: &Actor,
        payment: Uuid,
        request: &ReversePayment,
    ) -> Result<PaymentReceipt> {
        let content = content_of(&format!("reverse {payment}"), request)?;
        let reason = text("reason", &request.reason, 200)?;
        let at = self.edges.now();
        let business_day = self.today_number(&self.settings());
        let customer = self.adjust(request.id, &content, |tx| {
            let row = tx
                .reader()
                .account_payment(payment)?
                .ok_or(AppError::new(Code::NotFound))?;
            if row.reversed_ms.is_some() {
                return Err(Code::PaymentReversed.into());
            }
            let body = AccountAdjustedV1 {
                adjustment: request.id.into_bytes(),
                customer: row.customer.bytes(),
                kind: "payment_reversed".to_owned(),
                amount_minor: row.amount_minor,
                about: Some(payment.into_bytes()),
                counter: self.identity.counter.bytes(),
                shift: self.shift_here(&tx.reader(), actor)?,
                at_ms: at.0,
                business_day,
                due_day: business_day,
                reason: reason.clone(),
                approved_by: None,
                content,
            };
            tx.record(Some(actor.staff), &Body::AccountAdjusted(body))?;
            Ok(row.customer)
        })?;
        self.live.tell("customer", Some(customer.to_string()));
        self.payment_receipt(payment)
    }

    /// Corrects an account without money or goods: what was owed before Chandi came, what nobody will ever pay.
    pub fn adjust_account(
        &self,
        actor: &Actor,
        customer: CustomerId,
        request: &AdjustAccount,
    ) -> Result<AccountView> {
        let content = content_of(&format!("adjust {customer}"), request)?;
        let reason = text("reason", &request.reason, 200)?;
        if request.amount_minor == 0 || !(-MOST_MINOR..=MOST_MINOR).contains(&request.amount_minor) {
            return Err(AppError::field(
                "amount_minor",
                "an amount other than zero is expected",
            ));
        }
        let amount_minor = match request.kind.as_str() {
            "opening" | "correction" => request.amount_minor,
            "write_off" if request.amount_minor > 0 => -request.amount_minor,
            "write_off" => {
                return Err(AppError::field(
                    "amount_minor",
                    "an amount above zero is expected",
                ));
            }
            _ => return Err(AppError::field("kind", "opening, write_off or correction")),
        };
        let at = self.edges.now();
        let business_day = self.today_number(&self.settings());
        let due_day = match &request.due {
            Some(due) => day_number("due", due)?,
            None => business_day,
        };
        self.adjust(request.id, &content, |tx| {
            let row = match request.kind.as_str() {
                "opening" => standing(&tx.reader(), customer)?.0,
                // What came back after somebody was forgotten must still be made even.
                _ => {
                    let root = tx.reader().customer_root(customer)?;
                    tx.reader().customer(root)?.ok_or(AppError::new(Code::NotFound))?
                }
            };
            let settled = open_items(&tx.reader(), row.id)?;
            if request.kind == "write_off" {
                let chosen: Vec<(Uuid, Money)> = request
                    .item
                    .iter()
                    .map(|item| (*item, Money::from_minor(request.amount_minor)))
                    .collect();
                let shared: Money = Money::sum(
                    share_out(&settled, Money::from_minor(request.amount_minor), &chosen)
                        .map_err(refused)?
                        .iter()
                        .map(|(_, amount)| *amount),
                )
                .map_err(beyond)?;
                if shared.minor() < request.amount_minor {
                    return Err(AppError::new(Code::ItemNotOpen).hint("open_minor", shared.minor()));
                }
            }
            let body = AccountAdjustedV1 {
                adjustment: request.id.into_bytes(),
                customer: row.id.bytes(),
                kind: request.kind.clone(),
                amount_minor,
                about: request.item.map(Uuid::into_bytes),
                counter: self.identity.counter.bytes(),
                shift: None,
                at_ms: at.0,
                business_day,
                due_day,
                reason: reason.clone(),
                approved_by: None,
                content,
            };
            tx.record(Some(actor.staff), &Body::AccountAdjusted(body))?;
            Ok(row.id)
        })?;
        self.live.tell("customer", Some(customer.to_string()));
        self.account(customer)
    }

    /// Writes an adjustment once; says whose account it is on.
    fn adjust(
        &self,
        id: Uuid,
        content: &[u8; 32],
        work: impl FnOnce(&mut Write<'_>) -> Result<CustomerId>,
    ) -> Result<CustomerId> {
        self.store.write(self.edges.now(), |tx| {
            match tx.reader().account_adjustment(id)? {
                Some((customer, known)) if known == *content => Ok(customer),
                Some(_) => Err(Code::IdReused.into()),
                None => work(tx),
            }
        })
    }
}

fn added(one: Ageing, other: Ageing) -> std::result::Result<Ageing, MoneyError> {
    Ok(Ageing {
        not_due: one.not_due.checked_add(other.not_due)?,
        to_30: one.to_30.checked_add(other.to_30)?,
        to_60: one.to_60.checked_add(other.to_60)?,
        to_90: one.to_90.checked_add(other.to_90)?,
        over_90: one.over_90.checked_add(other.over_90)?,
    })
}

/// The documents of those items that are orders.
fn documents_of(reader: &Reader<'_>, items: impl Iterator<Item = Uuid>) -> Result<HashMap<Uuid, String>> {
    let mut documents = HashMap::new();
    for item in items {
        if let Some(parts) = reader.document_of_order(OrderId::from_uuid(item))? {
            documents.extend(document(Some(&parts)).map(|text| (item, text)));
        }
    }
    Ok(documents)
}
