//! The owner's inbox of what cannot be true: devices apart from each other each did what was right, and together it is
//! too much. Each row says what it is about; the screen has a sentence and a next step for each kind.

use crate::{
    Result, Shop,
    order_view::{Named, shown},
    wire::{Page, rfc3339},
};
use domain::{quantity::Unit, time::Moment};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How many of each kind are listed.
const MOST: usize = 200;

#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct AnomalyView {
    /// given_twice, refunded_twice, given_and_refunded, limit_passed, barcode_shared or device_forked: the name of its
    /// sentence.
    pub kind: String,
    pub order: Option<AnomalyOrder>,
    /// The line of the order, and what it sold.
    pub line: Option<u32>,
    pub name: Option<String>,
    /// How much too much.
    pub quantity: Option<String>,
    pub unit: Option<String>,
    /// What was paid back for the line, or what is owed above the limit.
    pub amount_minor: Option<i64>,
    pub customer: Option<Named>,
    pub barcode: Option<String>,
    pub products: Vec<Named>,
    /// Two installations go by this device's name.
    pub device: Option<Uuid>,
    /// When the order was placed, or the fork was seen.
    pub at: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnomalyOrder {
    pub id: Uuid,
    pub number: u32,
    pub document: String,
}

impl Shop {
    /// Everything that somebody should look at, orders first.
    pub fn anomalies(&self) -> Result<Page<AnomalyView>> {
        self.store.read(|r| {
            let mut items = Vec::new();
            for one in r.line_anomalies(MOST)? {
                let unit = one.unit.parse().unwrap_or(Unit::Piece);
                items.push(AnomalyView {
                    kind: one.kind,
                    order: Some(AnomalyOrder {
                        id: one.order.uuid(),
                        number: one.number,
                        document: one.document,
                    }),
                    line: Some(one.line),
                    name: Some(one.name),
                    quantity: Some(shown(one.over_milli, unit)),
                    unit: Some(one.unit),
                    amount_minor: (one.refunded_minor != 0).then_some(one.refunded_minor),
                    at: Some(rfc3339(Moment(one.placed_ms))),
                    ..AnomalyView::default()
                });
            }
            for one in r.limit_anomalies(MOST)? {
                items.push(AnomalyView {
                    kind: "limit_passed".to_owned(),
                    amount_minor: Some(one.balance_minor.saturating_sub(one.limit_minor)),
                    customer: Some(Named {
                        id: one.customer.uuid(),
                        name: one.name.unwrap_or_default(),
                    }),
                    ..AnomalyView::default()
                });
            }
            for one in r.barcode_anomalies(MOST)? {
                items.push(AnomalyView {
                    kind: "barcode_shared".to_owned(),
                    barcode: Some(one.barcode),
                    products: one
                        .products
                        .into_iter()
                        .map(|(id, name)| Named { id: id.uuid(), name })
                        .collect(),
                    ..AnomalyView::default()
                });
            }
            for one in r.fork_anomalies()? {
                items.push(AnomalyView {
                    kind: "device_forked".to_owned(),
                    device: Some(one.device.uuid()),
                    at: Some(rfc3339(Moment(one.seen_ms))),
                    ..AnomalyView::default()
                });
            }
            Ok(Page::whole(items))
        })
    }
}
