//! How often somebody may ask, and for how much memory requests may wait at once.

use axum::http::HeaderMap;
use domain::{
    ids::{DeviceId, ShopId},
    people::site,
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    time::Duration,
};

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests a second of one address, before anything about them is believed.
    pub address_per_second: NonZeroU32,
    /// Requests a second of one device, once its signature holds.
    pub device_per_second: NonZeroU32,
    /// Seconds after which a device that was shut out is told why once more; the first few answers may get lost.
    pub notice_seconds: NonZeroU32,
    /// Questions with a recovery card a minute of one address, before anything about them is believed.
    pub cards_per_minute: NonZeroU32,
    /// Sign-ins of owners, and logins that are made, a minute of one address, before any work for them.
    pub sign_ins_per_minute: NonZeroU32,
    /// Bytes of bodies that are held at once, and of answers as many again; bodies of strangers have an eighth of it
    /// for themselves.
    pub bodies: usize,
    /// How long a body may take to arrive.
    pub body_patience: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            // A branch stands behind one address with all its devices.
            address_per_second: NonZeroU32::new(400).unwrap_or(NonZeroU32::MIN),
            device_per_second: NonZeroU32::new(50).unwrap_or(NonZeroU32::MIN),
            notice_seconds: NonZeroU32::new(30).unwrap_or(NonZeroU32::MIN),
            cards_per_minute: NonZeroU32::new(20).unwrap_or(NonZeroU32::MIN),
            sign_ins_per_minute: NonZeroU32::new(20).unwrap_or(NonZeroU32::MIN),
            bodies: 512 << 20,
            body_patience: Duration::from_secs(60),
        }
    }
}

pub struct Gates {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    devices: DefaultKeyedRateLimiter<(ShopId, DeviceId)>,
    notices: DefaultKeyedRateLimiter<(ShopId, DeviceId)>,
    cards: DefaultKeyedRateLimiter<IpAddr>,
    sign_ins: DefaultKeyedRateLimiter<IpAddr>,
}

impl Gates {
    pub fn new(limits: &Limits) -> Gates {
        let quota = |n: NonZeroU32| Quota::per_second(n).allow_burst(n.saturating_mul(FOUR));
        // A period is none only where it is zero.
        let notices = Quota::with_period(Duration::from_secs(limits.notice_seconds.get().into()))
            .unwrap_or(Quota::per_minute(NonZeroU32::MIN));
        Gates {
            notices: RateLimiter::keyed(notices.allow_burst(NOTICES_AT_ONCE)),
            addresses: RateLimiter::keyed(quota(limits.address_per_second)),
            devices: RateLimiter::keyed(quota(limits.device_per_second)),
            cards: RateLimiter::keyed(Quota::per_minute(limits.cards_per_minute)),
            sign_ins: RateLimiter::keyed(Quota::per_minute(limits.sign_ins_per_minute)),
        }
    }

    pub fn address(&self, address: IpAddr) -> bool {
        self.addresses.check_key(&site(address)).is_ok()
    }

    /// Whoever asks with a card, or tried one that nobody knows.
    pub fn card(&self, address: IpAddr) -> bool {
        self.cards.check_key(&site(address)).is_ok()
    }

    /// Whoever wants to sign in as an owner, or to become one.
    pub fn sign_in(&self, address: IpAddr) -> bool {
        self.sign_ins.check_key(&site(address)).is_ok()
    }

    pub fn device(&self, shop: ShopId, device: DeviceId) -> bool {
        self.devices.check_key(&(shop, device)).is_ok()
    }

    /// What it costs to tell a device why it is out is spent on it now and then.
    pub fn notice(&self, shop: ShopId, device: DeviceId) -> bool {
        self.notices.check_key(&(shop, device)).is_ok()
    }

    /// Forgets who has been quiet.
    pub fn forget(&self) {
        self.addresses.retain_recent();
        self.devices.retain_recent();
        self.notices.retain_recent();
        self.cards.retain_recent();
        self.sign_ins.retain_recent();
        self.addresses.shrink_to_fit();
        self.devices.shrink_to_fit();
        self.notices.shrink_to_fit();
        self.cards.shrink_to_fit();
        self.sign_ins.shrink_to_fit();
    }
}

const NOTICES_AT_ONCE: NonZeroU32 = match NonZeroU32::new(3) {
    Some(three) => three,
    None => NonZeroU32::MIN,
};

const FOUR: NonZeroU32 = match NonZeroU32::new(4) {
    Some(four) => four,
    None => NonZeroU32::MIN,
};

/// Who asked a proxy: the last one was written by the proxy itself, those before it by anybody.
pub(crate) fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back()?;
    let last = forwarded.to_str().ok()?.rsplit(',').next()?.trim();
    // Some proxies write the port too, and brackets around an IPv6 address.
    let bare = last.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let with_port = || last.parse::<SocketAddr>().map(|at| at.ip()).ok();
    bare.unwrap_or(last).parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_writes_the_address_with_a_port_or_without() {
        for (written, address) in [
            ("192.0.2.7", Some("192.0.2.7")),
            ("spoofed, 192.0.2.7:4711", Some("192.0.2.7")),
            ("192.0.2.1, 2001:db8::7", Some("2001:db8::7")),
            ("[2001:db8::7]", Some("2001:db8::7")),
            ("[2001:db8::7]:4711", Some("2001:db8::7")),
            ("unknown", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", written.parse().expect("a value"));
            let address = address.map(|address| address.parse().expect("an address"));
            assert_eq!(forwarded(&headers), address, "{written}");
        }
    }
}
