//! The owner's inbox of what cannot be true: devices apart from each other each did what was right, and together it is
//! too much. Each row says what it is about; the screen has a sentence and a next step for each kind.
//!
//! What somebody looked at leaves the list by a fact, and comes back when the matter gets worse. Nothing here stops
//! anybody from selling.

use crate::{
    Actor, AppError, Code, Result, Shop,
    order_view::{Directory, Named, shown},
    wire::{Page, content_of, optional_text, rfc3339},
};
use domain::{
    ids::{CounterId, CustomerId, DeviceId, OrderId},
    order::UnitPlace,
    people::Permission,
    quantity::Unit,
    time::Moment,
};
use journal::{Body, body::AnomalySettledV1};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::{
    Reader,
    anomalies::{LineAnomaly, SettledRow},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How many of each kind are looked at.
const MOST: usize = 500;
const LONGEST_NOTE: usize = 300;

#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct AnomalyView {
    /// What it is settled by; stays the same while the matter lasts.
    pub key: String,
    /// given_twice, refunded_twice, given_and_refunded, given_and_cancelled, refunded_and_cancelled, limit_passed,
    /// card_below_zero, cart_paid_twice, barcode_shared, device_forked, numbers_shared or clock_off: the name of its sentence.
    pub kind: String,
    pub order: Option<AnomalyOrder>,
    /// The line of the order, and what it sold.
    pub line: Option<u32>,
    pub name: Option<String>,
    /// How much too much.
    pub quantity: Option<String>,
    /// How much of it was sold.
    pub sold: Option<String>,
    pub unit: Option<String>,
    /// What was paid back for the line, what is owed above the limit, or what is missing on the card.
    pub amount_minor: Option<i64>,
    pub customer: Option<Named>,
    pub barcode: Option<String>,
    pub products: Vec<Named>,
    pub card: Option<AnomalyCard>,
    /// The installations that it is about, by the names of their counters.
    pub devices: Vec<Named>,
    /// How far a clock is ahead of this device's; negative when behind.
    pub clock_ahead_ms: Option<i64>,
    /// Who did what, the oldest first.
    pub deeds: Vec<AnomalyDeed>,
    /// When the order was placed, the fork was seen, or the card was used last.
    pub at: Option<String>,
    /// Somebody looked at it and it did not get worse.
    pub settled: Option<AnomalySettled>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnomalyOrder {
    pub id: Uuid,
    pub number: u32,
    pub document: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnomalyCard {
    pub id: Uuid,
    /// gift_card or store_credit
    pub kind: String,
    /// The last four of its characters.
    pub tail: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnomalyDeed {
    /// given, refunded or cancelled
    pub what: String,
    pub quantity: Option<String>,
    pub amount_minor: Option<i64>,
    pub counter: Option<Named>,
    pub staff: Option<Named>,
    pub at: String,
    /// It was done while nobody could be asked.
    pub offline: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnomalySettled {
    pub note: String,
    pub staff: Option<Named>,
    pub at: String,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AnomalyFilter {
    /// Those that somebody looked at, instead of those that wait.
    #[serde(default)]
    pub settled: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SettleAnomaly {
    pub id: Uuid,
    pub key: String,
    /// What was found, or done about it.
    pub note: Option<String>,
}

/// How many things wait for somebody's look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct AnomalyCounts {
    pub anomalies: u64,
    /// Facts set aside that nobody said anything about.
    pub set_aside: u64,
}

/// A row and how bad it is, in the unit of its kind.
pub(crate) struct Found {
    pub view: AnomalyView,
    pub weight: i64,
}

impl Shop {
    /// What somebody should look at, or what somebody did; orders first.
    pub fn anomalies(&self, filter: &AnomalyFilter) -> Result<Page<AnomalyView>> {
        let off = self.clocks_off();
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let settled = r.anomalies_settled()?;
            let mut items = Vec::new();
            for mut one in self.everything(r, &names, &off)? {
                let done = settled_row(&settled, &one);
                if done.is_some() != filter.settled {
                    continue;
                }
                one.view.settled = done.map(|row| AnomalySettled {
                    note: row.note.clone(),
                    staff: names.staff(row.staff),
                    at: rfc3339(row.at),
                });
                if let Some(order) = &one.view.order {
                    one.view.deeds = deeds(r, &names, order.id, one.view.line, one.view.unit.as_deref())?;
                }
                items.push(one.view);
            }
            Ok(Page::whole(items))
        })
    }

    /// The same for somebody who may not know whose limit was passed.
    pub fn anomalies_for(&self, actor: &Actor, filter: &AnomalyFilter) -> Result<Page<AnomalyView>> {
        let mut page = self.anomalies(filter)?;
        if !actor.allows(Permission::CustomerRead) {
            page.items.iter_mut().for_each(|one| one.customer = None);
        }
        Ok(page)
    }

    /// For the badge of the inbox.
    pub fn anomaly_counts(&self) -> Result<AnomalyCounts> {
        let off = self.clocks_off();
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let open = self.open_anomalies(r, &names, &off)?.len();
            let aside = r.set_aside(MOST)?;
            Ok(AnomalyCounts {
                anomalies: u64::try_from(open).unwrap_or(u64::MAX),
                set_aside: u64::try_from(aside.iter().filter(|one| one.note.is_none()).count())
                    .unwrap_or(u64::MAX),
            })
        })
    }

    /// Somebody looked at it: it leaves the list until it gets worse.
    pub fn settle_anomaly(&self, actor: &Actor, request: &SettleAnomaly) -> Result<()> {
        let content = content_of("settle anomaly", request)?;
        let note = optional_text("note", request.note.as_deref(), LONGEST_NOTE)?;
        let off = self.clocks_off();
        let now = self.edges.now();
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let weight = {
                let r = tx.reader();
                let names = Directory::read(&r)?;
                let all = self.everything(&r, &names, &off)?;
                all.iter()
                    .find(|one| one.view.key == request.key)
                    .map(|one| one.weight)
                    .ok_or(AppError::new(Code::NotFound))?
            };
            let body = AnomalySettledV1 {
                key: request.key.clone(),
                weight,
                note: note.clone().unwrap_or_default(),
                settled_ms: now.0,
            };
            tx.record(Some(actor.staff), &Body::AnomalySettled(body))?;
            Ok(())
        })?;
        self.live.tell("anomaly", None);
        Ok(())
    }

    /// What nobody looked at yet, or what got worse since.
    pub(crate) fn open_anomalies(
        &self,
        r: &Reader<'_>,
        names: &Directory,
        off: &[(DeviceId, i64)],
    ) -> Result<Vec<Found>> {
        let settled = r.anomalies_settled()?;
        let mut all = self.everything(r, names, off)?;
        all.retain(|one| settled_row(&settled, one).is_none());
        Ok(all)
    }

    fn everything(&self, r: &Reader<'_>, names: &Directory, off: &[(DeviceId, i64)]) -> Result<Vec<Found>> {
        let mut found: Vec<Found> = r.line_anomalies(MOST)?.into_iter().map(of_line).collect();
        for one in r.limit_anomalies(MOST)? {
            let above = one.balance_minor.saturating_sub(one.limit_minor);
            found.push(Found {
                weight: above,
                view: AnomalyView {
                    key: format!("limit:{}", one.customer),
                    kind: "limit_passed".to_owned(),
                    amount_minor: Some(above),
                    customer: Some(named_customer(one.customer, one.name)),
                    ..AnomalyView::default()
                },
            });
        }
        for one in r.card_anomalies(MOST)? {
            let tail: String = one.code.chars().rev().take(4).collect();
            found.push(Found {
                weight: one.balance_minor.saturating_neg(),
                view: AnomalyView {
                    key: format!("card:{}", one.card),
                    kind: "card_below_zero".to_owned(),
                    amount_minor: Some(one.balance_minor.saturating_neg()),
                    card: Some(AnomalyCard {
                        id: one.card.uuid(),
                        kind: one.kind,
                        tail: tail.chars().rev().collect(),
                    }),
                    at: Some(rfc3339(Moment(one.spent_ms))),
                    ..AnomalyView::default()
                },
            });
        }
        for one in r.cart_anomalies(MOST)? {
            found.push(Found {
                weight: 1,
                view: AnomalyView {
                    key: format!("cart:{}:{}", one.cart, one.order),
                    kind: "cart_paid_twice".to_owned(),
                    order: Some(AnomalyOrder {
                        id: one.order.uuid(),
                        number: one.number,
                        document: one.document,
                    }),
                    amount_minor: Some(one.total_minor),
                    at: Some(rfc3339(Moment(one.placed_ms))),
                    ..AnomalyView::default()
                },
            });
        }
        for one in r.barcode_anomalies(MOST)? {
            found.push(Found {
                weight: i64::try_from(one.products.len()).unwrap_or(i64::MAX),
                view: AnomalyView {
                    key: format!("barcode:{}", one.barcode),
                    kind: "barcode_shared".to_owned(),
                    barcode: Some(one.barcode),
                    products: one
                        .products
                        .into_iter()
                        .map(|(id, name)| Named { id: id.uuid(), name })
                        .collect(),
                    ..AnomalyView::default()
                },
            });
        }
        // Once it is shut out, and what is here is what was named with that, there is nothing left to do about it.
        for one in r.fork_anomalies()?.into_iter().filter(|one| !one.settled) {
            found.push(Found {
                weight: i64::try_from(one.seq).unwrap_or(i64::MAX),
                view: AnomalyView {
                    key: format!("fork:{}", one.device),
                    kind: "device_forked".to_owned(),
                    devices: vec![named_device(names, one.device, one.counter)],
                    at: Some(rfc3339(Moment(one.seen_ms))),
                    ..AnomalyView::default()
                },
            });
        }
        for one in self.shared_numbers(r)? {
            let ids: Vec<String> = one.devices.iter().map(|(id, _)| id.to_string()).collect();
            found.push(Found {
                weight: 1,
                view: AnomalyView {
                    key: format!("numbers:{}", ids.join(":")),
                    kind: "numbers_shared".to_owned(),
                    // Whoever was let in last comes last, and gets numbers of its own.
                    devices: one
                        .devices
                        .into_iter()
                        .map(|(id, name)| Named { id: id.uuid(), name })
                        .collect(),
                    ..AnomalyView::default()
                },
            });
        }
        for (device, ahead_ms) in off {
            let counter = r
                .series_of_devices()?
                .into_iter()
                .find(|row| row.device == *device)
                .map(|row| row.counter);
            found.push(Found {
                // Worse by whole hours: a clock that drifts by a second is not asked about again.
                weight: ahead_ms.abs() / 3_600_000,
                view: AnomalyView {
                    key: format!("clock:{device}"),
                    kind: "clock_off".to_owned(),
                    devices: vec![named_device(names, *device, counter)],
                    clock_ahead_ms: Some(*ahead_ms),
                    ..AnomalyView::default()
                },
            });
        }
        Ok(found)
    }
}

fn settled_row<'a>(settled: &'a HashMap<String, SettledRow>, one: &Found) -> Option<&'a SettledRow> {
    settled.get(&one.view.key).filter(|row| row.weight >= one.weight)
}

fn of_line(one: LineAnomaly) -> Found {
    let unit = one.unit.parse().unwrap_or(Unit::Piece);
    Found {
        weight: one.over_milli,
        view: AnomalyView {
            key: format!("line:{}:{}", one.order, one.line),
            kind: one.kind,
            order: Some(AnomalyOrder {
                id: one.order.uuid(),
                number: one.number,
                document: one.document,
            }),
            line: Some(one.line),
            name: Some(one.name),
            quantity: Some(shown(one.over_milli, unit)),
            sold: Some(shown(one.milli, unit)),
            unit: Some(one.unit),
            amount_minor: (one.refunded_minor != 0).then_some(one.refunded_minor),
            at: Some(rfc3339(Moment(one.placed_ms))),
            ..AnomalyView::default()
        },
    }
}

fn named_customer(id: CustomerId, name: Option<String>) -> Named {
    Named {
        id: id.uuid(),
        name: name.unwrap_or_default(),
    }
}

/// A device goes by its counter's name; one that nobody knows has none.
fn named_device(names: &Directory, device: DeviceId, counter: Option<CounterId>) -> Named {
    Named {
        id: device.uuid(),
        name: counter.map(|one| names.counter(one).name).unwrap_or_default(),
    }
}

/// What was done with a line of an order, by whom and where.
fn deeds(
    r: &Reader<'_>,
    names: &Directory,
    order: Uuid,
    line: Option<u32>,
    unit: Option<&str>,
) -> Result<Vec<AnomalyDeed>> {
    let id = OrderId::from_uuid(order);
    let unit = unit.and_then(|unit| unit.parse().ok()).unwrap_or(Unit::Piece);
    let given_place = UnitPlace::Given.number();
    let mut deeds: Vec<(i64, AnomalyDeed)> = Vec::new();
    for one in r.handovers(id)?.into_iter().filter(|one| one.undone_ms.is_none()) {
        let given: i64 = one
            .moves
            .iter()
            .filter(|m| Some(m.line) == line && m.to == given_place)
            .map(|m| m.milli)
            .sum();
        if given > 0 {
            deeds.push((
                one.at_ms,
                AnomalyDeed {
                    what: "given".to_owned(),
                    quantity: Some(shown(given, unit)),
                    amount_minor: None,
                    counter: Some(names.counter(one.counter)),
                    staff: names.staff(one.staff),
                    at: rfc3339(Moment(one.at_ms)),
                    offline: one.offline,
                },
            ));
        }
    }
    for one in r.refunds(id)? {
        for refunded in one.lines.iter().filter(|l| Some(l.line) == line) {
            deeds.push((
                one.at_ms,
                AnomalyDeed {
                    what: "refunded".to_owned(),
                    quantity: Some(shown(refunded.milli, unit)),
                    amount_minor: Some(refunded.amount_minor),
                    counter: Some(names.counter(one.counter)),
                    staff: names.staff(one.staff),
                    at: rfc3339(Moment(one.at_ms)),
                    offline: one.offline,
                },
            ));
        }
    }
    if let Some(row) = r.order(id)?
        && let Some(at_ms) = row.cancelled_ms
    {
        deeds.push((
            at_ms,
            AnomalyDeed {
                what: "cancelled".to_owned(),
                quantity: None,
                amount_minor: None,
                counter: None,
                staff: names.staff(row.cancelled_by),
                at: rfc3339(Moment(at_ms)),
                offline: false,
            },
        ));
    }
    deeds.sort_by_key(|(at_ms, _)| *at_ms);
    Ok(deeds.into_iter().map(|(_, deed)| deed).collect())
}
