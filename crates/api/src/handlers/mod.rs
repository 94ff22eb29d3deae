//! One handler for each route, by feature. They read the request, call the app off the event loop, and answer.

pub mod anomalies;
pub mod api_keys;
pub mod backups;
pub mod branches;
pub mod campaigns;
pub mod cards;
pub mod cart;
pub mod catalog;
pub mod choices;
pub mod customers;
pub mod device_links;
pub mod devices;
pub mod display;
pub mod events;
pub mod exchange;
pub mod handovers;
pub mod hub;
pub mod invoices;
pub mod joining;
pub mod lead;
pub mod mail;
pub mod nodes;
pub mod orders;
pub mod payments;
pub mod pick;
pub mod prices;
pub mod quotations;
pub mod rates;
pub mod returns;
pub mod second_factor;
pub mod sessions;
pub mod settings;
pub mod setup;
pub mod sharing;
pub mod shifts;
pub mod shop_devices;
pub mod shut_out;
pub mod staff;
pub mod sync;
pub mod system;
pub mod taxes;
pub mod tenders;
pub mod tips;
pub mod tokens;
pub mod webhooks;

use crate::{
    Door,
    error::{ApiError, ApiResult},
};
use app::{AppError, Code, Shop};
use axum::{extract::FromRequestParts, http::request::Parts};
use std::sync::Arc;

/// The open shop, or the refusal that there is none.
pub struct OpenShop(pub Arc<Shop>);

impl FromRequestParts<Door> for OpenShop {
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, door: &Door) -> Result<Self, ApiError> {
        Ok(OpenShop(door.app.shop()?))
    }
}

/// Disks and hashes wait; the event loop does not.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> app::Result<T> + Send + 'static,
) -> ApiResult<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome.map_err(ApiError),
        Err(panicked) => Err(AppError::new(Code::Broken).caused(panicked).into()),
    }
}
