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

/// A cart that others may see, or that was asked for at another till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartHop {
    pub cart: CartId,
    /// How often it changed hands.
    pub hop: u32,
    /// Asked for, and not put down here yet.
    pub take: Option<[u8; 16]>,
    pub seat: Option<SeatId>,
}

fn hop(r: &Row<'_>) -> rusqlite::Result<CartHop> {
    Ok(CartHop {
        cart: CartId::from_bytes(r.get(0)?),
        hop: r.get(1)?,
        take: r.get(2)?,
        seat: r.get::<_, Option<[u8; 16]>>(3)?.map(SeatId::from_bytes),
    })
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

    /// The carts that are open at any seat of this device.
    pub fn open_carts(&self) -> Result<Vec<CartRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select cart_id, seat_id, parked_ms, label, draft from cart where state = 'open'",
        )?;
        Ok(statement.query_map([], cart)?.collect::<Result<_, _>>()?)
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

    pub fn cart_hop(&self, id: CartId) -> Result<Option<CartHop>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select cart_id, hop, take_id, seat_id from cart_hop where cart_id = ?1")?
            .query_row([id.bytes()], hop)
            .optional()?)
    }

    /// Carts that were asked for and are not here.
    pub fn cart_takes(&self) -> Result<Vec<CartHop>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select cart_id, hop, take_id, seat_id from cart_hop where take_id is not null",
        )?;
        Ok(statement.query_map([], hop)?.collect::<Result<_, _>>()?)
    }

    /// The open and parked carts that others may see, with how often they changed hands.
    pub fn carts_with_hops(&self, most: usize) -> Result<Vec<(CartRow, u32)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select c.cart_id, c.seat_id, c.parked_ms, c.label, c.draft, h.hop
             from cart c join cart_hop h on h.cart_id = c.cart_id and h.take_id is null
             where c.state <> 'paid' order by c.parked_ms limit ?1",
        )?;
        let rows = statement.query_map([most], |r| Ok((cart(r)?, r.get(5)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
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

    pub fn save_cart_hop(&self, row: &CartHop) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("insert or replace into cart_hop values (?1, ?2, ?3, ?4)")?
            .execute(params![
                row.cart.bytes(),
                row.hop,
                row.take,
                row.seat.map(SeatId::bytes)
            ])?;
        Ok(())
    }

    pub fn drop_cart_hop(&self, id: CartId) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("delete from cart_hop where cart_id = ?1")?
            .execute([id.bytes()])?;
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
