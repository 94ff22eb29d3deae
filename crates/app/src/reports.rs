//! Today at a glance, from the rollups.

use crate::{AppError, Result, Shop, days};
use domain::{
    ids::BranchId,
    quantity::{Quantity, Unit},
};
use jiff::ToSpan;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// The word for all branches together.
const ALL: &str = "all";

#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TodayFilter {
    /// A branch's id, or all; this device's own when left out.
    pub branch: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TodayView {
    pub day: String,
    /// The hour of the branch's clock now.
    pub hour: u8,
    pub orders: i64,
    pub sold_minor: i64,
    /// How often money went back, and how much; goods exchanged for others are no money.
    pub refunds: i64,
    pub back_minor: i64,
    /// The same weekday a week ago, up to the same hour.
    pub same_weekday_minor: i64,
    pub by_hour: Vec<HourView>,
    pub top: Vec<TopView>,
    pub week: Vec<DayView>,
    pub signed_in: usize,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HourView {
    pub hour: u8,
    pub sold_minor: i64,
    /// The mean of the same weekday in the last four weeks.
    pub usual_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TopView {
    pub product: Uuid,
    pub name: String,
    pub quantity: String,
    pub unit: String,
    pub sold_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DayView {
    pub day: String,
    pub sold_minor: i64,
}

impl Shop {
    /// This device's own branch, another one, or all of them together: the day is that of the branch's clock, or of this
    /// one's where all are asked.
    pub fn today(&self, filter: &TodayFilter) -> Result<TodayView> {
        let here = self.identity.branch;
        let (branch, settings) = match filter.branch.as_deref() {
            None | Some("") => (Some(here), self.settings()),
            Some(ALL) => (None, self.settings()),
            Some(id) => {
                let id: BranchId = id
                    .parse()
                    .map_err(|_| AppError::field("branch", "a branch, or all"))?;
                let settings = self.store.read(|r| self.settings_of_branch(r, id))?;
                (Some(id), Arc::new(settings))
            }
        };
        let now = days::branch_time(
            self.edges.now(),
            settings.text("branch.zone"),
            settings.day_starts_minutes(),
        );
        let back = |n: i64| days::number_of(now.date.checked_sub(n.days()).unwrap_or(now.date));
        let starts_hour = u8::try_from(settings.day_starts_minutes() / 60).unwrap_or(0);
        // Hours after midnight that still belong to the evening come last.
        let since_opening = |hour: u8| (hour + 24 - starts_hour) % 24;
        let (hours, top, (refunds, back_minor)) = self.store.read(|r| {
            Ok::<_, crate::AppError>((
                r.hours(branch, back(28), now.business_day)?,
                r.best_sellers(branch, now.business_day, 10)?,
                r.money_back_on(branch, now.business_day)?,
            ))
        })?;
        let sum_of = |day: u32| {
            hours
                .iter()
                .filter(|h| h.business_day == day)
                .map(|h| h.sold_minor)
                .sum::<i64>()
        };
        let of_hour = |day: u32, hour: u8| {
            hours
                .iter()
                .filter(|h| h.business_day == day && h.hour == hour)
                .map(|h| h.sold_minor)
                .sum::<i64>()
        };
        let mut by_hour: Vec<HourView> = (0..24)
            .map(|hour| HourView {
                hour,
                sold_minor: of_hour(now.business_day, hour),
                usual_minor: [7, 14, 21, 28]
                    .iter()
                    .map(|n| of_hour(back(*n), hour))
                    .sum::<i64>()
                    / 4,
            })
            .collect();
        by_hour.sort_by_key(|h| since_opening(h.hour));
        Ok(TodayView {
            day: days::text_of(now.business_day),
            hour: now.hour,
            orders: hours
                .iter()
                .filter(|h| h.business_day == now.business_day)
                .map(|h| h.orders)
                .sum(),
            sold_minor: sum_of(now.business_day),
            refunds,
            back_minor,
            same_weekday_minor: hours
                .iter()
                .filter(|h| h.business_day == back(7) && since_opening(h.hour) <= since_opening(now.hour))
                .map(|h| h.sold_minor)
                .sum(),
            by_hour,
            top: top
                .into_iter()
                .map(|row| {
                    let unit: Unit = row.unit.parse().unwrap_or(Unit::Piece);
                    let quantity = Quantity::from_milli(row.milli, unit)
                        .or_else(|_| Quantity::from_milli(row.milli, Unit::Kilogram));
                    TopView {
                        product: row.product.uuid(),
                        name: row.name,
                        quantity: quantity.map(|q| q.to_string()).unwrap_or_default(),
                        unit: row.unit,
                        sold_minor: row.sold_minor,
                    }
                })
                .collect(),
            week: (0..7)
                .rev()
                .map(|n| DayView {
                    day: days::text_of(back(n)),
                    sold_minor: sum_of(back(n)),
                })
                .collect(),
            signed_in: self.session_count(),
        })
    }
}
