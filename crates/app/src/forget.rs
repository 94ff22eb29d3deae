//! Forgetting a shop on this device: only by its owner, at the device, who was told what nobody else has.

use crate::{
    Actor, App, AppError, Code, Result, Shop,
    open::folder_of,
    sessions::{PinFor, Place},
    vault,
};
use serde::{Deserialize, Serialize};
use std::{path::Path, sync::PoisonError};
use utoipa::ToSchema;
use uuid::Uuid;

/// The folder gets this ending in one step; what has it is deleted, now or at the next start.
const FORGOTTEN: &str = "forgotten";

/// What would be lost.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ForgetView {
    /// Has to be typed.
    pub shop: String,
    /// Changes that neither another device, nor a hub, nor a backup has, as far as this device knows; 9999 are as many or
    /// more.
    pub only_here: u64,
    /// No other device and no hub ever got anything of this shop.
    pub alone: bool,
    pub last_backup_at: Option<String>,
    /// Changes since the last backup.
    pub changes: u64,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgetShop {
    pub id: Uuid,
    /// The shop's name, typed.
    pub word: String,
    /// The owner's own.
    pub pin: String,
    /// How much would be lost, as it was shown.
    pub only_here: u64,
}

impl Shop {
    pub fn forget_view(&self, actor: &Actor) -> Result<ForgetView> {
        let sync = self.sync(actor)?;
        let backups = self.backups_view()?;
        let alone = sync.state == "alone";
        // What a backup has is not lost, nor what the others have.
        // What nobody takes any more is nowhere else, though nothing waits to be sent.
        let waiting = sync.to_send.max(self.changes_unaccepted()?);
        let only_here = match alone || self.own_is_refused()? {
            true => backups.changes,
            false => waiting.min(backups.changes),
        };
        Ok(ForgetView {
            shop: self.settings().text("shop.name").to_owned(),
            only_here: only_here.min(crate::sync_status::MOST_COUNTED),
            alone,
            last_backup_at: backups.last_at,
            changes: backups.changes,
        })
    }
}

impl App {
    /// Deletes the shop and its key from this device. Nothing brings it back but a backup or another device.
    pub fn forget_shop(&self, actor: &Actor, request: &ForgetShop, place: &Place) -> Result<()> {
        let _one_at_a_time = self.changing_shop.lock().unwrap_or_else(PoisonError::into_inner);
        let shop = self.shop()?;
        if shop.is_demo() {
            return Err(Code::NotInDemo.into());
        }
        shop.check_pin(actor.staff, &request.pin, place, PinFor::Deed)?;
        let now = shop.forget_view(actor)?;
        if request.word.trim().to_lowercase() != now.shop.trim().to_lowercase() {
            return Err(AppError::field("word", "this is not the shop's name"));
        }
        if now.only_here > request.only_here {
            return Err(AppError::new(Code::ForgetDiffers).hint("only_here", now.only_here));
        }
        // A copy that is being made has the file open.
        drop(shop.backups.nobody_copies()?);
        self.leave();
        drop(shop);
        let folder = folder_of(&self.config().data, false);
        let forgotten = folder.with_extension(FORGOTTEN);
        sweep(&self.config().data);
        // In one step, so that a power cut leaves the whole shop or none.
        if let Err(error) = std::fs::rename(&folder, &forgotten) {
            let (store, key_storage) = self.open_store(false)?;
            self.enter(store, key_storage)?;
            return Err(AppError::new(Code::Broken).caused(error));
        }
        vault::forget(&folder);
        sweep(&self.config().data);
        self.live.tell("resync", None);
        Ok(())
    }
}

/// Deletes what was forgotten.
pub(crate) fn sweep(data: &Path) {
    let forgotten = folder_of(data, false).with_extension(FORGOTTEN);
    match std::fs::remove_dir_all(&forgotten) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::error!(%error, "the forgotten shop's files are not deleted yet");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forgotten_folder_is_deleted_and_no_other() {
        let data = tempfile::tempdir().expect("a temp folder");
        std::fs::create_dir_all(data.path().join("shop.forgotten/x")).expect("a folder");
        std::fs::create_dir_all(data.path().join("shop")).expect("a folder");
        sweep(data.path());
        assert!(!data.path().join("shop.forgotten").exists());
        assert!(data.path().join("shop").exists());
        sweep(data.path());
    }
}
