//! What a device says to another of its shop on the LAN, and whom it believes.
//!
//! Every request is signed by the device that asks, as at a hub. A device that was shut out is told so; nobody else who
//! is not of the shop learns anything.

use crate::{AppError, Code, Result, Shop, exchange::SignedRequest};
use domain::{ids::DeviceId, time::Moment};
use journal::{
    PublicKey,
    exchange::{PULL_WINDOW_MS, RequestHead},
};
use serde::{Deserialize, Serialize};
use store::StoreError;
use utoipa::ToSchema;
use uuid::Uuid;

/// One device greets another: that it is there, and where it can be reached itself.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Greeting {
    pub version: String,
    /// The port of its own door on the LAN.
    pub port: Option<u16>,
}

/// And is greeted back.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Greeted {
    pub device: Uuid,
    pub version: String,
    /// Unix milliseconds by its clock.
    pub time_ms: i64,
}

impl Shop {
    /// The device that is or was of this shop and signed the request, and whether it still belongs to it. Its body may be still to
    /// come.
    pub fn signer_of_request(
        &self,
        asked: &SignedRequest,
        method: &str,
        path: &str,
    ) -> Result<(DeviceId, bool)> {
        let (known, revoked) = self
            .store
            .read(|r| Ok::<_, StoreError>((r.device(asked.device)?, r.revoked(asked.device)?.is_some())))?;
        let key = known
            .and_then(|row| PublicKey::from_bytes(&row.public_key))
            .ok_or(Code::SignedOut)?;
        let request = RequestHead {
            method,
            path,
            digest: asked.digest,
            time_ms: asked.time_ms,
            shop: asked.shop,
            device: asked.device,
        };
        if asked.shop != self.identity.shop || !request.is_signed_by(&key, &asked.signature) {
            return Err(Code::SignedOut.into());
        }
        // Whoever is out is told so by any clock.
        let off = asked.time_ms.saturating_sub(self.edges.now().0);
        if !revoked && off.saturating_abs() > PULL_WINDOW_MS {
            return Err(AppError::new(Code::SignedOut)
                .because("the clocks differ too much")
                .hint("ahead_ms", off));
        }
        Ok((asked.device, !revoked))
    }

    /// What a device says back to one that greets it.
    pub fn greeted(&self, version: &str) -> Greeted {
        Greeted {
            device: self.identity.device.uuid(),
            version: version.to_owned(),
            time_ms: self.edges.now().0,
        }
    }

    pub fn now(&self) -> Moment {
        self.edges.now()
    }

    /// What is seen of the others on the LAN changed.
    pub fn tell_sharing(&self) {
        self.live.tell("sharing", None);
    }

    /// Whether that device was shut out.
    pub fn shuts_out(&self, device: DeviceId) -> Result<bool> {
        Ok(self.store.read(|r| r.revoked(device))?.is_some())
    }

    /// The devices of the shop that nobody shut out, this one too.
    pub fn welcome_devices(&self) -> Result<Vec<DeviceId>> {
        let welcome = self.store.read(|r| r.welcome_devices())?;
        Ok(welcome.into_iter().map(|one| one.device).collect())
    }
}
