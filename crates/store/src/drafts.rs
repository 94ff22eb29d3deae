//! What belongs to this device alone: carts not yet placed, and the answers already given.

use crate::{Reader, StoreError, Write};
use domain::ids::{CartId, OrderId, SeatId};
use rusqlite::{OptionalExtension, Row, params};

/// A cart as the app wrote it; the store does not look inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartRow {
    pub id: CartId,
    pub seat: SeatId,
    pub parked_ms: Option<i64>,
    pub label: String,
    pub draft: Vec<u8>,
}

fn cart(r: &Row<'_>) -> rusqlite::Result<CartRow> {
    Ok(CartRow {
        id: CartId::from_bytes(r.get(0)?),
        seat: SeatId::from_bytes(r.get(1)?),
        parked_ms: r.get(2)?,
        label: r.get(3)?,
        draft: r.get(4)?,
    })
}

/// What a repeated write finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// Not seen before.
    No,
    /// Seen with the same content: this was the answer.
    Same(String),
    /// Seen with another content.
    Differs,
}

impl Reader<'_> {
    pub fn open_cart(&self, seat: SeatId) -> Result<Option<CartRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select cart_id, seat_id, parked_ms, label, draft from cart where seat_id = ?1 and state = 'open'",
            )?
            .query_row([seat.bytes()], cart)
            .optional()?)
    }

    /// An open or parked cart.
    pub fn cart(&self, id: CartId) -> Result<Option<CartRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select cart_id, seat_id, parked_ms, label, draft from cart where cart_id = ?1 and state <> 'paid'")?
            .query_row([id.bytes()], cart)
            .optional()?)
    }

    pub fn parked_carts(&self) -> Result<Vec<CartRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select cart_id, seat_id, parked_ms, label, draft from cart where state = 'parked' order by parked_ms",
        )?;
        Ok(statement.query_map([], cart)?.collect::<Result<_, _>>()?)
    }

    /// Whether this id was answered before.
    pub fn answered(&self, write: [u8; 16], content: &[u8; 32]) -> Result<Answered, StoreError> {
        let seen: Option<([u8; 32], String)> = self
            .conn
            .prepare_cached("select content, answer from answered_write where write_id = ?1")?
            .query_row([write], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        Ok(match seen {
            None => Answered::No,
            Some((same, answer)) if same == *content => Answered::Same(answer),
            Some(_) => Answered::Differs,
        })
    }
}

impl Write<'_> {
    pub fn save_cart(&self, row: &CartRow) -> Result<(), StoreError> {
        let state = if row.parked_ms.is_some() { "parked" } else { "open" };
        self.tx
            .prepare_cached(
                "insert into cart (cart_id, seat_id, state, label, parked_ms, draft) values (?1, ?2, ?3, ?4, ?5, ?6)
                 on conflict (cart_id) do update set seat_id = excluded.seat_id, state = excluded.state,
                     label = excluded.label, parked_ms = excluded.parked_ms, draft = excluded.draft",
            )?
            .execute(params![
                row.id.bytes(),
                row.seat.bytes(),
                state,
                row.label,
                row.parked_ms,
                row.draft
            ])?;
        Ok(())
    }

    /// The cart became this order. The seat's paid cart before it is forgotten.
    pub fn cart_paid(&self, id: CartId, seat: SeatId, order: OrderId) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("delete from cart where seat_id = ?1 and state = 'paid'")?
            .execute([seat.bytes()])?;
        self.tx
            .prepare_cached("update cart set state = 'paid', order_id = ?2 where cart_id = ?1")?
            .execute(params![id.bytes(), order.bytes()])?;
        Ok(())
    }

    /// Opens the cart of an order again, at the seat where it was paid.
    pub fn reopen_cart(&self, seat: SeatId, order: OrderId) -> Result<(), StoreError> {
        self.tx.execute(
            "update cart set state = 'open', order_id = null where seat_id = ?1 and order_id = ?2 and state = 'paid'",
            params![seat.bytes(), order.bytes()],
        )?;
        Ok(())
    }

    pub fn drop_cart(&self, id: CartId) -> Result<bool, StoreError> {
        Ok(self
            .tx
            .prepare_cached("delete from cart where cart_id = ?1")?
            .execute([id.bytes()])?
            > 0)
    }

    /// Keeps an answer, for whoever asks again with the same id.
    pub fn answer(&self, write: [u8; 16], content: &[u8; 32], answer: &str) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("insert into answered_write values (?1, ?2, ?3, ?4)")?
            .execute(params![write, content, answer, self.now().0])?;
        Ok(())
    }
}
