//! The devices that this one may meet on the LAN.

use crate::{Reader, StoreError};
use domain::ids::{CounterId, DeviceId};

/// A device of the shop that nobody shut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Welcome {
    pub device: DeviceId,
    pub counter: CounterId,
    pub public_key: [u8; 32],
}

impl Reader<'_> {
    /// Every device of the shop, this one too, but for those that were shut out.
    pub fn welcome_devices(&self) -> Result<Vec<Welcome>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select device_id, counter_id, public_key from device
             where not exists (select 1 from device_revoked r where r.device_id = device.device_id)
             order by ordinal, device_id",
        )?;
        let rows = statement.query_map([], |r| {
            Ok(Welcome {
                device: DeviceId::from_bytes(r.get(0)?),
                counter: CounterId::from_bytes(r.get(1)?),
                public_key: r.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
