//! The recovery card: made once at the owner's device, shown once, typed again to prove that it was kept, and then on no
//! device any more.

use crate::{
    Actor, AppError, Code, Result, Shop,
    backup_file::{identity_of, key_name},
    wire::rfc3339,
};
use domain::{
    backup::{recovery_code, recovery_secret},
    time::Moment,
};
use journal::{
    Body,
    body::{DeviceAdmittedV1, RecoveryKeySetV1},
    recovery::RecoverySecret,
};
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};
use store::recovery::RecoveryKeyRow;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long a card can be typed again after it was shown.
const LIFE_MS: i64 = 60 * 60_000;

/// A card that was shown and not yet proven to be kept. In memory only.
#[derive(Default)]
pub(crate) struct Pending(Mutex<Option<Shown>>);

struct Shown {
    id: Uuid,
    secret: RecoverySecret,
    until: Moment,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeCard {
    pub id: Uuid,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmCard {
    /// Of the card that was shown.
    pub id: Uuid,
    /// What stands on it.
    pub code: String,
}

/// A new card, to be printed or written down.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecoveryCardView {
    pub id: Uuid,
    pub shop: String,
    /// Seven groups of four.
    pub code: String,
    pub qr_svg: String,
    /// The short name of its key, which also stands in each backup.
    pub name: String,
    /// The shop's hub: where its backups may be fetched from with the card alone.
    pub hub: Option<String>,
    pub made_at: String,
}

/// The recovery key that holds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecoveryView {
    pub name: String,
    pub set_at: String,
    /// Which of the shop's it is, from 1.
    pub generation: u32,
}

impl RecoveryView {
    pub(crate) fn of(row: &RecoveryKeyRow) -> RecoveryView {
        RecoveryView {
            name: key_name(&row.public_key),
            set_at: rfc3339(row.set),
            generation: row.generation,
        }
    }
}

/// A card as it was typed or scanned.
pub(crate) struct Card {
    pub secret: RecoverySecret,
    /// It knows by which device the shop was founded; cards of older builds do not.
    pub vouches: bool,
}

pub(crate) fn card_of(code: &str) -> Result<Card> {
    let typed = code.trim().strip_prefix(QR).unwrap_or(code);
    let (secret, vouches) =
        recovery_secret(typed).map_err(|e| AppError::new(Code::RecoveryCodeMistyped).because(e))?;
    Ok(Card {
        secret: RecoverySecret(secret),
        vouches,
    })
}

pub(crate) fn secret_of(code: &str) -> Result<RecoverySecret> {
    card_of(code).map(|card| card.secret)
}

/// What stands before the letters in the QR code, so that no scanner takes it for goods.
const QR: &str = "CHANDI-RECOVERY:";

impl Shop {
    /// Makes a card. Nothing changes before it was typed again.
    pub fn make_recovery_card(&self, request: &MakeCard) -> Result<RecoveryCardView> {
        if self.identity.demo {
            return Err(Code::NotInDemo.into());
        }
        let now = self.edges.now();
        let mut pending = self.recovery.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The same request again shows the same card.
        let secret = match &*pending {
            Some(shown) if shown.id == request.id && now < shown.until => shown.secret.clone(),
            _ => RecoverySecret(self.edges.random()),
        };
        *pending = Some(Shown {
            id: request.id,
            secret: secret.clone(),
            until: now.plus_ms(LIFE_MS),
        });
        let code = recovery_code(&secret.0, true);
        let qr = codes::make::qr(&format!("{QR}{code}"), codes::make::Level::Q)
            .map_err(|e| AppError::new(Code::Broken).caused(e))?;
        Ok(RecoveryCardView {
            id: request.id,
            shop: self.settings().text("shop.name").to_owned(),
            code,
            qr_svg: qr.svg(),
            name: key_name(&secret.signing_key().public().bytes()),
            hub: self.hub_followed(),
            made_at: rfc3339(now),
        })
    }

    /// The card was kept: from now on backups are made for it. The secret is forgotten.
    pub fn confirm_recovery_card(&self, actor: &Actor, request: &ConfirmCard) -> Result<RecoveryView> {
        let now = self.edges.now();
        let typed = secret_of(&request.code)?;
        let public_key = typed.signing_key().public().bytes();
        {
            let mut pending = self.recovery.0.lock().unwrap_or_else(PoisonError::into_inner);
            match &*pending {
                Some(shown) if shown.id == request.id && now < shown.until => {
                    if shown.secret != typed {
                        return Err(Code::RecoveryCardOther.into());
                    }
                }
                // Confirmed already, by an answer that was lost.
                _ => {
                    let held = self.store.read(|r| r.recovery_key())?;
                    return match held {
                        Some(row) if row.public_key == public_key => Ok(RecoveryView::of(&row)),
                        _ => Err(Code::RecoveryCardGone.into()),
                    };
                }
            }
            *pending = None;
        }
        let recipient = identity_of(&typed)?.to_public().to_string();
        self.store.write(now, |tx| {
            let generation = tx.reader().next_generation()?.ok_or(Code::RecoveryCardGone)?;
            // Whom former cards let in stays, as far as this device knows; everybody else is nobody's guest.
            for restored in tx.reader().restored_admissions()? {
                let admitted = DeviceAdmittedV1 {
                    admitted_ms: now.0,
                    ..restored
                };
                tx.record(Some(actor.staff), &Body::DeviceAdmitted(admitted))?;
            }
            // First, so that no books, cut off wherever, have the card's key and not this.
            let (founder, founder_key) = tx.reader().founder()?.ok_or(Code::NoShop)?;
            let vouched = typed.vouch(self.identity.shop, founder, &founder_key);
            tx.record(Some(actor.staff), &Body::ShopVouched(vouched))?;
            let set = RecoveryKeySetV1 {
                generation,
                recipient,
                public_key,
                set_ms: now.0,
            };
            tx.record(Some(actor.staff), &Body::RecoveryKeySet(set))?;
            // Nobody keeps a card that backups are not made for.
            match tx.reader().recovery_key()? {
                Some(held) if held.public_key == public_key => Ok(()),
                _ => Err(AppError::from(Code::RecoveryCardGone)),
            }
        })?;
        self.live.tell("backup", None);
        self.backups.due.soon();
        let held = self.store.read(|r| r.recovery_key())?;
        held.map(|row| RecoveryView::of(&row))
            .ok_or(AppError::new(Code::Broken))
    }
}
