//! What waits for an owner at the hub: matters that need attention, branch by branch, and others who want a login.

use super::{CurrencyView, Desk, Names, Signed};
use crate::{
    Books,
    matters::open_matters,
    owners::{Answer, NotOwner},
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use journal::exchange::Matter;
use serde::Serialize;
use std::sync::Arc;
use uuid::Uuid;

/// What an owner decides about: somebody who asked for a login at a device that does not speak for the owner alone.
#[derive(Serialize)]
struct WaitingView {
    id: String,
    name: String,
    /// The counter where the device stands.
    device: Option<String>,
    until_ms: i64,
}

pub(super) async fn waiting<B: Books>(State(desk): State<Arc<Desk<B>>>, signed: Signed) -> Answer<Response> {
    let shop = signed.owner.shop;
    let waiting = desk.hub.waiting_offers(shop).await?;
    let names = Names::of(&desk.hub, shop).await?;
    let rows: Vec<WaitingView> = waiting
        .into_iter()
        .map(|offer| WaitingView {
            id: offer.code.iter().map(|byte| format!("{byte:02x}")).collect(),
            name: offer.name,
            device: names.counter_of(offer.by),
            until_ms: offer.until.0,
        })
        .collect();
    Ok(signed.answer(rows))
}

/// The hash of a code, as the page shows it back. It opens nothing.
fn code_of(id: &str) -> Answer<[u8; 32]> {
    let mut code = [0; 32];
    if id.len() != 64 || !id.is_ascii() {
        return Err(NotOwner::NoOffer);
    }
    for (at, byte) in code.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&id[2 * at..2 * at + 2], 16).map_err(|_| NotOwner::NoOffer)?;
    }
    Ok(code)
}

async fn decide<B: Books>(desk: &Desk<B>, id: &str, signed: Signed, yes: bool) -> Answer<Response> {
    let shop = Some(signed.owner.shop);
    match desk.hub.books().decide_offer(shop, code_of(id)?, yes).await? {
        true => Ok(signed.answer(())),
        false => Err(NotOwner::NoOffer),
    }
}

pub(super) async fn confirm<B: Books>(
    State(desk): State<Arc<Desk<B>>>,
    Path(id): Path<String>,
    signed: Signed,
) -> Answer<Response> {
    decide(&desk, &id, signed, true).await
}

pub(super) async fn refuse<B: Books>(
    State(desk): State<Arc<Desk<B>>>,
    Path(id): Path<String>,
    signed: Signed,
) -> Answer<Response> {
    decide(&desk, &id, signed, false).await
}

#[derive(Serialize)]
struct MatterView {
    /// The name of its sentence.
    kind: String,
    about: String,
    weight: i64,
    amount_minor: Option<i64>,
    at_ms: Option<i64>,
}

impl From<Matter> for MatterView {
    fn from(matter: Matter) -> MatterView {
        MatterView {
            kind: matter.kind,
            about: matter.about,
            weight: matter.weight,
            amount_minor: matter.amount_minor,
            at_ms: matter.at_ms,
        }
    }
}

#[derive(Serialize)]
struct BranchMatters {
    branch: Uuid,
    name: Option<String>,
    /// The device that was heard of last, by its counter, and when; none was heard of yet.
    device: Option<String>,
    heard_ms: Option<i64>,
    matters: Vec<MatterView>,
    /// How many more there are.
    more: u32,
}

#[derive(Serialize)]
struct MattersView {
    currency: Option<CurrencyView>,
    shop: Vec<MatterView>,
    branches: Vec<BranchMatters>,
}

pub(super) async fn matters<B: Books>(State(desk): State<Arc<Desk<B>>>, signed: Signed) -> Answer<Response> {
    let shop = signed.owner.shop;
    let standing = desk.hub.standing(shop, &[]).await?;
    desk.hub.roll(shop).await?;
    let names = Names::of(&desk.hub, shop).await?;
    let known = desk.hub.devices(&standing.shop).await?;
    let reports = desk.hub.matter_reports(shop).await?;
    let (whole, mut heard) = open_matters(reports, &known, |device| {
        names.place(device).map(|(branch, _)| branch)
    });
    // A branch of which nothing was heard is named too: silence is no all clear.
    for (device, one) in known.iter() {
        if let Some((branch, _)) = names.place(device).filter(|_| one.until.is_none()) {
            heard.entry(branch).or_default();
        }
    }
    let branches = heard.into_iter().map(|(branch, open)| BranchMatters {
        branch: branch.uuid(),
        name: names.setting("branch.name", branch.bytes()),
        device: open.heard.and_then(|(device, _)| names.counter_of(device)),
        heard_ms: open.heard.map(|(_, at)| at.0),
        matters: open.matters.into_iter().map(MatterView::from).collect(),
        more: open.more,
    });
    let view = MattersView {
        currency: names.currency(shop),
        shop: whole.into_iter().map(MatterView::from).collect(),
        branches: branches.collect(),
    };
    Ok(signed.answer(view))
}
