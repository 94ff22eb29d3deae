//! What is open to prepare or to hand over, for a screen in the kitchen or beside the shelves.
//!
//! Numbers and goods, and what was said about the goods: no names of guests, no phones, no prices.

use crate::{
    Result, Shop,
    display::DisplayShop,
    order_view::Directory,
    wire::{Names, rfc3339},
};
use domain::time::Moment;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Work older than this was forgotten.
const SHOWN_FOR_MS: i64 = 16 * 3_600_000;
/// More than anybody can look through.
const MOST: usize = 120;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PickView {
    /// The newest, those that wait longest first.
    pub orders: Vec<PickOrder>,
    /// How many older ones are open besides.
    pub more: u32,
    pub shop: DisplayShop,
    pub now: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PickOrder {
    pub id: Uuid,
    pub number: u32,
    /// placed, preparing, ready or partial
    pub state: String,
    pub placed_at: String,
    pub preparing_at: Option<String>,
    pub ready_at: Option<String>,
    /// counter, eat_in, take_away or delivery
    pub order_type: String,
    pub lines: Vec<PickLine>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PickLine {
    pub line: u32,
    pub name: String,
    pub names: Names,
    /// What is still open of it.
    pub quantity: String,
    pub unit: String,
    pub modifiers: Vec<String>,
    /// What was said about the goods.
    pub note: Option<String>,
}

impl Shop {
    pub fn pick_list(&self) -> Result<PickView> {
        let now = self.edges.now();
        let (orders, more) = self.store.read(|r| {
            let names = Directory::read(r)?;
            let mut orders = vec![];
            let (rows, all) = r.orders_open(self.identity.branch, Moment(now.0 - SHOWN_FOR_MS), MOST)?;
            let more = all.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
            for row in rows {
                let view = self.view_row(r, &row, &names, None)?;
                let lines: Vec<PickLine> = view
                    .lines
                    .into_iter()
                    .filter(|line| line.open.bytes().any(|b| (b'1'..=b'9').contains(&b)))
                    .map(|line| PickLine {
                        line: line.line,
                        name: line.name,
                        names: line.names,
                        quantity: line.open,
                        unit: line.unit,
                        modifiers: line.modifiers.into_iter().map(|one| one.name).collect(),
                        note: Some(line.note).filter(|note| !note.is_empty()),
                    })
                    .collect();
                if !lines.is_empty() {
                    orders.push(PickOrder {
                        id: view.id,
                        number: view.number,
                        state: view.state,
                        placed_at: view.placed_at,
                        preparing_at: view.preparing_at,
                        ready_at: view.ready_at,
                        order_type: view.order_type,
                        lines,
                    });
                }
            }
            Ok::<_, crate::AppError>((orders, more))
        })?;
        Ok(PickView {
            orders,
            more,
            shop: self.display_shop(),
            now: rfc3339(now),
        })
    }
}
