//! The hall's board, and how long guests wait.

use crate::{Result, Shop, days, display::DisplayShop, wire::rfc3339};
use domain::time::Moment;
use serde::Serialize;
use utoipa::ToSchema;

/// A ready number leaves the board after this, fetched or not.
const READY_FOR_MS: i64 = 10 * 60_000;
/// Work older than this was forgotten, not preparing.
const SHOWN_FOR_MS: i64 = 16 * 3_600_000;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BoardView {
    pub preparing: Vec<BoardNumber>,
    pub ready: Vec<BoardNumber>,
    pub shop: DisplayShop,
    pub now: String,
    /// Read the board again then; null when nothing leaves it by itself.
    pub until: Option<String>,
}

/// A number and nothing else: the hall sees no names, goods or prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BoardNumber {
    pub number: u32,
    pub since: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TimesView {
    pub today: WaitView,
    /// The same weekday a week ago.
    pub last_week: WaitView,
}

/// Medians, in milliseconds; null when no order had both ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WaitView {
    pub placed_ready_ms: Option<i64>,
    pub ready_delivered_ms: Option<i64>,
    pub placed_delivered_ms: Option<i64>,
    /// How many orders were delivered.
    pub orders: i64,
}

impl Shop {
    pub fn board(&self) -> Result<BoardView> {
        let now = self.edges.now();
        let rows = self
            .store
            .read(|r| r.orders_in_work(self.identity.branch, Moment(now.0 - SHOWN_FOR_MS)))?;
        let (mut preparing, mut ready, mut until) = (vec![], vec![], None::<i64>);
        for row in rows {
            let since = |ms: Option<i64>| BoardNumber {
                number: row.number,
                since: rfc3339(Moment(ms.unwrap_or(row.placed_ms))),
            };
            match (row.progress, row.ready_ms) {
                (2, Some(at)) if now.0 < at + READY_FOR_MS => {
                    ready.push(since(Some(at)));
                    until = Some(until.map_or(at + READY_FOR_MS, |u| u.min(at + READY_FOR_MS)));
                }
                (1, _) => preparing.push(since(row.preparing_ms)),
                _ => {}
            }
        }
        Ok(BoardView {
            preparing,
            ready,
            shop: self.display_shop(),
            now: rfc3339(now),
            until: until.map(|ms| rfc3339(Moment(ms))),
        })
    }

    pub fn times(&self) -> Result<TimesView> {
        const DAY_MS: i64 = 86_400_000;
        let settings = self.settings();
        let now = self.edges.now();
        let ends = days::day_ends(now, settings.text("branch.zone"), settings.day_starts_minutes());
        let waits = |ends: i64| -> Result<WaitView> {
            let waits = self
                .store
                .read(|r| r.waits(Moment(ends - DAY_MS), Moment(ends)))?;
            Ok(WaitView {
                placed_ready_ms: waits.placed_ready,
                ready_delivered_ms: waits.ready_delivered,
                placed_delivered_ms: waits.placed_delivered,
                orders: waits.delivered,
            })
        };
        Ok(TimesView {
            today: waits(ends.0)?,
            last_week: waits(ends.0 - 7 * DAY_MS)?,
        })
    }
}
