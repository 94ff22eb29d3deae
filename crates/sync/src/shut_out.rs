//! A device that is refused because it was shut out asks whoever refuses it for the notice of it.

use crate::peer::{Unreachable, lost};
use app::Shop;
use journal::exchange::{Heads, Push};
use std::sync::Weak;

/// Where the notice is asked for, at hubs and at devices.
pub(crate) const NOTICE: &str = "/sync/v1/notice";

/// Asks once more after a refusal, until the device knows. `ask` sends a body to [`NOTICE`].
pub(crate) fn hear_why(shop: &Weak<Shop>, ask: impl FnOnce(Vec<u8>) -> Result<Vec<u8>, Unreachable>) {
    let have = match shop.upgrade() {
        Some(shop) if !shop.is_shut_out() => shop.vector(),
        _ => return,
    };
    let heard = have
        .map_err(|e| lost(&e))
        .and_then(|heads| ask(Heads { heads }.encode()))
        .and_then(|answer| Push::decode(&answer).map_err(|e| lost(&e)));
    let heard = match heard {
        Ok(notice) => notice,
        Err(error) => return tracing::warn!(%error, "refused, and not told why"),
    };
    let Some(shop) = shop.upgrade() else { return };
    match shop.take_notice(&heard.series) {
        Ok(true) => tracing::warn!("this device was shut out of its shop"),
        // It may be behind the times, or lie; what it said proves nothing.
        Ok(false) => tracing::warn!("refused, and what it shows does not say why"),
        Err(error) => tracing::error!(%error, "the notice that this device is out is not written down"),
    }
}
