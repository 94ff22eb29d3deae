//! Gift cards and store credit: the ledger, and what payments under way keep of a card.

use crate::{Reader, StoreError, Write, customers::family};
use domain::{
    ids::{CardId, CartId, CounterId, CustomerId, OrderId, PaymentId, StaffId, TenderId},
    money::Money,
};
use journal::{
    Header,
    body::{CardIssuedV1, CardMovedV1},
};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};
use uuid::Uuid;

type Id = [u8; 16];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardRow {
    pub id: CardId,
    pub kind: String,
    pub code: String,
    pub customer: Option<CustomerId>,
    pub order: Option<OrderId>,
    pub line: Option<u32>,
    pub counter: CounterId,
    pub staff: Option<StaffId>,
    pub issued_ms: i64,
    pub expires_ms: Option<i64>,
    pub reason: String,
    pub approved_by: Option<StaffId>,
    pub balance_minor: i64,
    pub blocked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardEntryRow {
    pub id: Uuid,
    pub why: String,
    pub amount_minor: i64,
    pub order: Option<OrderId>,
    pub number: Option<u32>,
    pub tender: Option<TenderId>,
    pub counter: CounterId,
    pub staff: Option<StaffId>,
    pub at_ms: i64,
    pub reason: String,
    pub approved_by: Option<StaffId>,
}

/// Which cards a list shows.
#[derive(Debug, Clone, Default)]
pub struct CardQuery {
    pub kind: Option<String>,
    pub customer: Option<CustomerId>,
    /// The end of a code.
    pub tail: Option<String>,
    pub before: Option<(i64, CardId)>,
    pub limit: usize,
}

const CARD: &str =
    "card_id, kind, code, customer_id, order_id, line, counter_id, staff_id, issued_ms, expires_ms,
    reason, approved_by,
    (select coalesce(sum(amount_minor), 0) from card_entry e where e.card_id = card.card_id),
    coalesce((select why = 'blocked' from card_entry e where e.card_id = card.card_id
              and why in ('blocked', 'unblocked') order by stamp desc, device_id desc limit 1), 0)";

fn card(r: &Row<'_>) -> rusqlite::Result<CardRow> {
    Ok(CardRow {
        id: CardId::from_bytes(r.get(0)?),
        kind: r.get(1)?,
        code: r.get(2)?,
        customer: r.get::<_, Option<Id>>(3)?.map(CustomerId::from_bytes),
        order: r.get::<_, Option<Id>>(4)?.map(OrderId::from_bytes),
        line: r.get(5)?,
        counter: CounterId::from_bytes(r.get(6)?),
        staff: r.get::<_, Option<Id>>(7)?.map(StaffId::from_bytes),
        issued_ms: r.get(8)?,
        expires_ms: r.get(9)?,
        reason: r.get(10)?,
        approved_by: r.get::<_, Option<Id>>(11)?.map(StaffId::from_bytes),
        balance_minor: r.get(12)?,
        blocked: r.get(13)?,
    })
}

impl Reader<'_> {
    pub fn card(&self, id: CardId) -> Result<Option<CardRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("select {CARD} from card where card_id = ?1"))?
            .query_row([id.bytes()], card)
            .optional()?)
    }

    /// By the sixteen characters.
    pub fn card_by_code(&self, code: &str) -> Result<Option<CardRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!(
                "select {CARD} from card where code = ?1 order by issued_ms, card_id limit 1"
            ))?
            .query_row([code], card)
            .optional()?)
    }

    pub fn cards(&self, query: &CardQuery) -> Result<Vec<CardRow>, StoreError> {
        let mut wanted = String::from("1");
        let mut values: Vec<Value> = Vec::new();
        if let Some(kind) = &query.kind {
            values.push(kind.clone().into());
            wanted.push_str(&format!(" and kind = ?{}", values.len()));
        }
        if let Some(customer) = query.customer {
            values.push(self.customer_root(customer)?.bytes().to_vec().into());
            let family = family(&format!("?{}", values.len()));
            wanted.push_str(&format!(" and customer_id in {family}"));
        }
        if let Some(tail) = &query.tail {
            values.push(tail.clone().into());
            wanted.push_str(&format!(" and substr(code, -length(?{0})) = ?{0}", values.len()));
        }
        if let Some((ms, id)) = query.before {
            values.push(ms.into());
            values.push(id.bytes().to_vec().into());
            let n = values.len();
            wanted.push_str(&format!(" and (issued_ms, card_id) < (?{}, ?{n})", n - 1));
        }
        values.push(i64::try_from(query.limit).unwrap_or(i64::MAX).into());
        let mut statement = self.conn.prepare_cached(&format!(
            "select {CARD} from card where {wanted} order by issued_ms desc, card_id desc limit ?{}",
            values.len()
        ))?;
        let rows = statement.query_map(params_from_iter(values), card)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A customer's store credit, whoever of those merged into them it was given to; the oldest first.
    pub fn credit_of(&self, customer: CustomerId) -> Result<Vec<CardRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {CARD} from card where customer_id in {} and kind = 'store_credit' order by issued_ms, card_id",
            family("?1")
        ))?;
        let rows = statement.query_map([self.customer_root(customer)?.bytes()], card)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn card_entries(&self, id: CardId) -> Result<Vec<CardEntryRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select e.movement_id, e.why, e.amount_minor, e.order_id, o.number, e.tender_id, e.counter_id, e.staff_id,
                 e.at_ms, e.reason, e.approved_by
             from card_entry e left join \"order\" o on o.order_id = e.order_id
             where e.card_id = ?1 order by e.stamp, e.device_id",
        )?;
        let rows = statement.query_map([id.bytes()], |r| {
            Ok(CardEntryRow {
                id: Uuid::from_bytes(r.get(0)?),
                why: r.get(1)?,
                amount_minor: r.get(2)?,
                order: r.get::<_, Option<Id>>(3)?.map(OrderId::from_bytes),
                number: r.get(4)?,
                tender: r.get::<_, Option<Id>>(5)?.map(TenderId::from_bytes),
                counter: CounterId::from_bytes(r.get(6)?),
                staff: r.get::<_, Option<Id>>(7)?.map(StaffId::from_bytes),
                at_ms: r.get(8)?,
                reason: r.get(9)?,
                approved_by: r.get::<_, Option<Id>>(10)?.map(StaffId::from_bytes),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What an order sold or gave.
    pub fn cards_of_order(&self, order: OrderId) -> Result<Vec<CardRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {CARD} from card where order_id = ?1 order by line, card_id"
        ))?;
        let rows = statement.query_map([order.bytes()], card)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether anything was ever paid with it.
    pub fn card_was_used(&self, card: CardId) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select exists (select 1 from card_entry where card_id = ?1 and tender_id is not null)",
            )?
            .query_row([card.bytes()], |r| r.get(0))?)
    }

    /// What a leg took from cards, less what of it went back, above nothing only.
    pub fn spent_by(&self, leg: TenderId) -> Result<Vec<(CardId, Money)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select card_id, -sum(amount_minor) from card_entry where tender_id = ?1
             group by card_id having sum(amount_minor) < 0 order by card_id",
        )?;
        let rows = statement.query_map([leg.bytes()], |r| {
            Ok((CardId::from_bytes(r.get(0)?), Money::from_minor(r.get(1)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What the shop owes on all cards of a kind, and how many have something on them.
    pub fn cards_outstanding(&self, kind: &str) -> Result<(i64, i64), StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select coalesce(sum(balance), 0), count(*) from (
                     select sum(e.amount_minor) as balance from card c join card_entry e on e.card_id = c.card_id
                     where c.kind = ?1 group by c.card_id having balance <> 0)",
            )?
            .query_row([kind], |r| Ok((r.get(0)?, r.get(1)?)))?)
    }

    /// What payments under way keep of a card, but for those of this cart.
    pub fn held_on_card(&self, id: CardId, but_for: Option<CartId>) -> Result<Money, StoreError> {
        let held: i64 = self
            .conn
            .prepare_cached(
                "select coalesce(sum(h.amount_minor), 0) from card_hold h
                 join payment p on p.payment_id = h.payment_id and p.holds = 1
                 where h.card_id = ?1 and (?2 is null or p.cart_id is not ?2)",
            )?
            .query_row(params![id.bytes(), but_for.map(|cart| cart.bytes())], |r| {
                r.get(0)
            })?;
        Ok(Money::from_minor(held))
    }
}

impl Write<'_> {
    /// Keeps so much of a card until this payment is known to have failed or its sale is recorded.
    pub fn hold_card(&self, payment: PaymentId, card: CardId, amount: Money) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("insert into card_hold values (?1, ?2, ?3)")?
            .execute(params![payment.bytes(), card.bytes(), amount.minor()])?;
        Ok(())
    }
}

pub(crate) fn issued(conn: &Connection, header: &Header, card: &CardIssuedV1) -> Result<(), StoreError> {
    conn.prepare_cached("insert into card values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")?
        .execute(params![
            card.card,
            card.kind,
            card.code,
            card.customer,
            card.order,
            card.line,
            card.counter,
            header.actor.map(|a| a.bytes()),
            card.issued_ms,
            card.expires_ms,
            card.reason,
            card.approved_by
        ])?;
    Ok(())
}

pub(crate) fn moved(conn: &Connection, header: &Header, moved: &CardMovedV1) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into card_entry values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        moved.movement,
        moved.card,
        i64::try_from(header.stamp.0).unwrap_or(i64::MAX),
        header.device.bytes(),
        moved.why,
        moved.amount_minor,
        moved.order,
        moved.tender,
        moved.counter,
        header.actor.map(|a| a.bytes()),
        moved.business_day,
        moved.at_ms,
        moved.reason,
        moved.approved_by
    ])?;
    Ok(())
}
