//! How often somebody may ask, and for how much memory requests may wait at once.

use domain::ids::{DeviceId, ShopId};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::{net::IpAddr, num::NonZeroU32, time::Duration};

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests a second of one address, before anything about them is believed.
    pub address_per_second: NonZeroU32,
    /// Requests a second of one device, once its signature holds.
    pub device_per_second: NonZeroU32,
    /// Bytes of bodies that are held at once.
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
            bodies: 512 << 20,
            body_patience: Duration::from_secs(60),
        }
    }
}

pub struct Gates {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    devices: DefaultKeyedRateLimiter<(ShopId, DeviceId)>,
}

impl Gates {
    pub fn new(limits: &Limits) -> Gates {
        let quota = |n: NonZeroU32| Quota::per_second(n).allow_burst(n.saturating_mul(FOUR));
        Gates {
            addresses: RateLimiter::keyed(quota(limits.address_per_second)),
            devices: RateLimiter::keyed(quota(limits.device_per_second)),
        }
    }

    pub fn address(&self, address: IpAddr) -> bool {
        // A site is a /64 in IPv6; one machine has all its addresses.
        let address = match address {
            IpAddr::V6(v6) => {
                let mut octets = v6.octets();
                octets[8..].fill(0);
                IpAddr::from(octets)
            }
            v4 => v4,
        };
        self.addresses.check_key(&address).is_ok()
    }

    pub fn device(&self, shop: ShopId, device: DeviceId) -> bool {
        self.devices.check_key(&(shop, device)).is_ok()
    }

    /// Forgets who has been quiet.
    pub fn forget(&self) {
        self.addresses.retain_recent();
        self.devices.retain_recent();
        self.addresses.shrink_to_fit();
        self.devices.shrink_to_fit();
    }
}

const FOUR: NonZeroU32 = match NonZeroU32::new(4) {
    Some(four) => four,
    None => NonZeroU32::MIN,
};
