//! Another device of the branch, made from this one's books: it has a key, a counter and numbers of its own.

use crate::{
    App, AppError, Result, Shop,
    open::{DATABASE, OpenError, folder_of},
    settings::name_counter,
    vault,
};
use domain::ids::{CounterId, DeviceId};
use journal::{Body, DeviceKey, body::DeviceAdmittedV1};
use std::path::Path;
use store::{Identity, Options, StoreError};

impl App {
    /// Admits a second counter of this branch and writes its data folder, which must hold no shop yet.
    pub fn admit_into(&self, folder: &Path) -> std::result::Result<(), OpenError> {
        let shop = self.try_shop().ok_or(StoreError::NoShop)?;
        let folder = folder_of(folder, shop.is_demo());
        let refused = |cause| OpenError::Folder {
            folder: folder.clone(),
            cause,
        };
        std::fs::create_dir_all(&folder).map_err(refused)?;
        let file = folder.join(DATABASE);
        if file.exists() {
            return Err(refused(std::io::Error::new(
                std::io::ErrorKind::AlreadyExists,
                "a shop lies there already",
            )));
        }
        let identity = shop.admit().map_err(|e| StoreError::Damaged(e.to_string()))?;
        let use_keyring = self.config().use_keyring && !shop.is_demo();
        let (key, _) = vault::key_of(&folder, true, self.edges(), use_keyring).map_err(OpenError::Key)?;
        let into = Options {
            file,
            key: Some(key),
            vfs: None,
        };
        shop.store().copy_as(&into, &identity)?;
        Ok(())
    }
}

impl Shop {
    /// Admits a device to this branch, under a new counter and a new lane of numbers.
    pub fn admit(&self) -> Result<Identity> {
        let identity = Identity {
            device: DeviceId::from_uuid(self.edges.new_id()),
            counter: CounterId::from_uuid(self.edges.new_id()),
            secret_key: self.edges.random(),
            ..self.identity.clone()
        };
        let now = self.edges.now();
        self.store.write(now, |tx| {
            let (ordinal, lane) = tx.reader().next_place(identity.branch)?;
            let body = DeviceAdmittedV1 {
                device: identity.device.bytes(),
                public_key: DeviceKey::from_seed(&identity.secret_key).public().bytes(),
                branch: identity.branch.bytes(),
                counter: identity.counter.bytes(),
                ordinal,
                lane,
                admitted_ms: now.0,
            };
            tx.record(None, &Body::DeviceAdmitted(body))?;
            name_counter(tx, identity.counter, &format!("Till {}", u16::from(lane) + 1))?;
            Ok::<_, AppError>(Identity {
                ordinal,
                lane,
                ..identity.clone()
            })
        })
    }
}
