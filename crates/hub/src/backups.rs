//! Backups of shops: sealed before they come, kept in pieces, and given to whoever holds the shop's recovery card.
//!
//! The row of a backup comes before its first piece and goes after its last, so what a crash leaves is found by its row.
//! A backup counts from the moment on which every piece was there; until then nobody is shown it, and it can be gone on
//! with. Without the card nobody learns so much as whether there is one.

mod keeping;
mod postgres;
mod sqlite;

use crate::{
    Books,
    books::{Result, Shop, Standing, Unavailable},
    files::Files,
    keep::{Hub, Refusal},
};
use domain::{
    ids::{DeviceId, ShopId},
    time::Moment,
};
use journal::{
    admission::{self, Card},
    backups::{Bring, Brought, CARD_WINDOW_MS, CardAsk, Description, KeptBackups, Signed, Want},
};
use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// How often it is looked for what is left over.
const SWEEP: Duration = Duration::from_secs(3600);
/// A backup that did not get on for so long is given up.
const UNFINISHED_MS: i64 = 3 * 86_400_000;
/// How closely it is written down that one gets on.
const GETS_ON_MS: i64 = 3_600_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its pieces are on their way.
    Coming,
    Whole,
    /// Its pieces are being deleted.
    Going,
}

impl State {
    pub(crate) fn number(self) -> i64 {
        match self {
            State::Coming => 0,
            State::Whole => 1,
            State::Going => 2,
        }
    }

    pub(crate) fn of(number: i64) -> Result<State> {
        match number {
            0 => Ok(State::Coming),
            1 => Ok(State::Whole),
            2 => Ok(State::Going),
            other => Err(Unavailable(format!("a backup in the state {other} is not known"))),
        }
    }
}

/// A backup as the books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    pub id: [u8; 16],
    pub state: State,
    /// When it came into this state; of one that is coming, when it was last heard of.
    pub since: Moment,
    pub signed: Signed,
}

impl Backup {
    pub(crate) fn read(id: [u8; 16], state: i64, since: i64, signed: &[u8]) -> Result<Backup> {
        let damaged = |e| Unavailable(format!("what is said of a backup cannot be read: {e}"));
        Ok(Backup {
            id,
            state: State::of(state)?,
            since: Moment(since),
            signed: Signed::decode(signed).map_err(damaged)?,
        })
    }

    fn about(&self) -> &Description {
        &self.signed.description
    }

    /// When a whole one was made; not later than it came, whatever its device's clock said.
    fn made(&self) -> Moment {
        Moment(self.about().made_ms).min(self.since)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    Done,
    /// The organisation may not keep more.
    Full,
}

/// The part of the books about backups.
pub trait BackupBooks {
    /// Writes down that a backup comes. One that is known already stays as it is.
    fn note_backup(
        &self,
        shop: ShopId,
        signed: &Signed,
        now: Moment,
    ) -> impl Future<Output = Result<Noted>> + Send;

    fn backup(&self, shop: ShopId, id: [u8; 16]) -> impl Future<Output = Result<Option<Backup>>> + Send;

    fn backups(&self, shop: ShopId) -> impl Future<Output = Result<Vec<Backup>>> + Send;

    /// The shops with a whole backup for this card.
    fn shops_of_card(&self, card: &[u8; 32]) -> impl Future<Output = Result<Vec<ShopId>>> + Send;

    /// From one state into another; whether it was in the first.
    fn turn_backup(
        &self,
        shop: ShopId,
        id: [u8; 16],
        from: State,
        to: State,
        now: Moment,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// One that is coming was heard of.
    fn touch_backup(
        &self,
        shop: ShopId,
        id: [u8; 16],
        now: Moment,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Forgets a backup whose pieces are gone.
    fn forget_backup(&self, shop: ShopId, id: [u8; 16]) -> impl Future<Output = Result<()>> + Send;

    /// The cards with backups here that do not hold any more, and since when that was seen.
    fn former_cards(&self, shop: ShopId) -> impl Future<Output = Result<Vec<([u8; 32], Moment)>>> + Send;

    /// Writes down that a card does not hold any more; the first time counts.
    fn note_former_card(
        &self,
        shop: ShopId,
        card: &[u8; 32],
        now: Moment,
    ) -> impl Future<Output = Result<()>> + Send;

    fn forget_former_card(&self, shop: ShopId, card: &[u8; 32]) -> impl Future<Output = Result<()>> + Send;
}

fn folder(shop: ShopId, id: [u8; 16]) -> String {
    format!("{shop}/backups/{}/", uuid::Uuid::from_bytes(id))
}

fn piece(shop: ShopId, id: [u8; 16], at: u32) -> String {
    format!("{}{at:06}", folder(shop, id))
}

fn lost(error: impl std::fmt::Display) -> Unavailable {
    Unavailable(format!("the hub's files are not to be had: {error}"))
}

/// So many at once: a store that hangs must not hold the threads on which the books are read and signatures checked.
static AT_ONCE: Semaphore = Semaphore::const_new(32);
/// A burst is over by then.
const TURN: Duration = Duration::from_secs(2);

/// Does something with the files, where waiting holds up nobody.
pub(crate) async fn with_files<T: Send + 'static>(
    files: &Arc<dyn Files>,
    work: impl FnOnce(&dyn Files) -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    let turn = tokio::time::timeout(TURN, AT_ONCE.acquire()).await;
    let turn = turn.map_err(|_| lost("too much waits for them"))?.map_err(lost)?;
    let files = files.clone();
    let done = tokio::task::spawn_blocking(move || {
        // Until the work ends, which goes on when nobody waits for it any more.
        let _turn = turn;
        work(&*files)
    });
    done.await.map_err(lost)?.map_err(lost)
}

impl<B: Books> Hub<B> {
    fn backup_files(&self) -> std::result::Result<&Arc<dyn Files>, Refusal> {
        self.files.as_ref().ok_or(Refusal::NoBackups)
    }

    /// The cards of a shop, and how each stands.
    async fn cards(&self, shop: &Shop) -> std::result::Result<BTreeMap<[u8; 32], Card>, Refusal> {
        let devices = self.devices(shop).await?;
        let rulings = self.books.rulings(shop.shop).await?;
        Ok(admission::cards(shop.founder, &rulings, &devices))
    }

    /// A step of a device that brings a backup.
    pub async fn bring(
        &self,
        standing: &Standing,
        device: DeviceId,
        step: Bring,
    ) -> std::result::Result<Brought, Refusal> {
        let files = self.backup_files()?;
        let shop = standing.shop.shop;
        match step {
            Bring::Begin(signed) => {
                let about = &signed.description;
                if !about.fits() {
                    return Err(Refusal::TooBig);
                }
                let devices = self.devices(&standing.shop).await?;
                let own = about.shop() == shop && about.device() == device;
                let key = devices.get(device).map(|known| known.key);
                if !own || !key.is_some_and(|key| signed.is_signed_by(&key)) {
                    return Err(Refusal::NotSigned);
                }
                if self.cards(&standing.shop).await?.get(&about.card) != Some(&Card::Holds) {
                    return Err(Refusal::CardUnknown);
                }
                let id = about.id();
                // One at a time for a device: what it left off is not gone on with.
                for other in self.books.backups(shop).await? {
                    if other.id != id && other.about().device() == device && other.state == State::Coming {
                        self.drop_backup(shop, &other).await?;
                    }
                }
                if self.books.note_backup(shop, &signed, self.now()).await? == Noted::Full {
                    // Time alone may have made room.
                    self.thin_backups(&standing.shop, None).await?;
                    if self.books.note_backup(shop, &signed, self.now()).await? == Noted::Full {
                        return Err(Refusal::BackupsFull);
                    }
                }
                let backup = self.coming(shop, device, id).await?;
                self.how_far(files, shop, &backup).await
            }
            Bring::Piece { id, at, bytes } => {
                let backup = self.coming(shop, device, id).await?;
                if backup.state == State::Whole {
                    return Ok(Brought {
                        missing: vec![],
                        whole: true,
                    });
                }
                if !backup.about().is_piece(at, &bytes) {
                    return Err(Refusal::Unreadable);
                }
                let name = piece(shop, id, at);
                with_files(files, move |files| files.put(&name, &bytes)).await?;
                Ok(Brought::default())
            }
            Bring::Finish { id } => {
                let backup = self.coming(shop, device, id).await?;
                let how_far = self.how_far(files, shop, &backup).await?;
                if how_far.whole || !how_far.missing.is_empty() {
                    return Ok(how_far);
                }
                let (from, to) = (State::Coming, State::Whole);
                if !self.books.turn_backup(shop, id, from, to, self.now()).await? {
                    // Given up meanwhile, or finished by the same question asked twice: what it is now holds.
                    let backup = self.coming(shop, device, id).await?;
                    return self.how_far(files, shop, &backup).await;
                }
                // What is too much goes now or with the next sweep.
                if let Err(error) = self.thin_backups(&standing.shop, Some(id)).await {
                    tracing::warn!(%error, %shop, "older backups stay for now");
                }
                Ok(Brought {
                    missing: vec![],
                    whole: true,
                })
            }
        }
    }

    /// A backup that its device is bringing, or has brought.
    async fn coming(
        &self,
        shop: ShopId,
        device: DeviceId,
        id: [u8; 16],
    ) -> std::result::Result<Backup, Refusal> {
        let backup = self.books.backup(shop, id).await?;
        let backup = backup
            .filter(|backup| backup.state != State::Going && backup.about().device() == device)
            .ok_or(Refusal::BackupUnknown)?;
        let now = self.now();
        if backup.state == State::Coming && now.ms_since(backup.since) > GETS_ON_MS {
            self.books.touch_backup(shop, id, now).await?;
        }
        Ok(backup)
    }

    async fn how_far(
        &self,
        files: &Arc<dyn Files>,
        shop: ShopId,
        backup: &Backup,
    ) -> std::result::Result<Brought, Refusal> {
        if backup.state == State::Whole {
            return Ok(Brought {
                missing: vec![],
                whole: true,
            });
        }
        let prefix = folder(shop, backup.id);
        let there = with_files(files, move |files| files.list(&prefix)).await?;
        let there: std::collections::HashMap<String, u64> = there.into_iter().collect();
        let count = u32::try_from(backup.about().pieces.len()).unwrap_or(u32::MAX);
        let missing = (0..count).filter(|at| {
            let length = backup.about().length_of(*at);
            there.get(&piece(shop, backup.id, *at)).copied() != length
        });
        Ok(Brought {
            missing: missing.collect(),
            whole: false,
        })
    }

    /// Hidden first, then its pieces, then its row: wherever it stops, the next sweep goes on.
    async fn drop_backup(&self, shop: ShopId, backup: &Backup) -> std::result::Result<(), Refusal> {
        let files = self.backup_files()?;
        let id = backup.id;
        if backup.state != State::Going
            && !self
                .books
                .turn_backup(shop, id, backup.state, State::Going, self.now())
                .await?
        {
            // Somebody else is at it.
            return Ok(());
        }
        let prefix = folder(shop, id);
        with_files(files, move |files| {
            let all = files.list(&prefix)?;
            all.into_iter().try_for_each(|(name, _)| files.delete(&name))
        })
        .await?;
        Ok(self.books.forget_backup(shop, id).await?)
    }

    /// Goes on with what was being deleted, gives up what never became whole, and lets go of what nobody needs any more:
    /// of devices that bring nothing any more too.
    pub async fn sweep_backups(&self) -> std::result::Result<(), Refusal> {
        let Some(files) = &self.files else {
            return Ok(());
        };
        let mut swept = Ok(());
        for shop in self.books.shops().await? {
            // One shop that cannot be swept keeps no other from it.
            swept = swept.and(self.sweep_backups_of(files, shop).await);
        }
        swept
    }

    async fn sweep_backups_of(
        &self,
        files: &Arc<dyn Files>,
        shop: ShopId,
    ) -> std::result::Result<(), Refusal> {
        let now = self.now();
        let prefix = format!("{shop}/backups/");
        let there = with_files(files, move |files| files.list(&prefix)).await?;
        let known = self.books.backups(shop).await?;
        // A row comes before its first piece: what was there before and has none now belongs to nothing.
        for (name, _) in there {
            let id = name
                .split('/')
                .nth(2)
                .and_then(|id| id.parse::<uuid::Uuid>().ok());
            if !known
                .iter()
                .any(|backup| Some(backup.id) == id.map(uuid::Uuid::into_bytes))
            {
                with_files(files, move |files| files.delete(&name)).await?;
            }
        }
        for backup in &known {
            let left = match backup.state {
                State::Going => true,
                State::Coming => now.ms_since(backup.since) > UNFINISHED_MS,
                State::Whole => false,
            };
            if left {
                self.drop_backup(shop, backup).await?;
            }
        }
        if known.iter().any(|backup| backup.state == State::Whole)
            && let Some(standing) = self.books.standing(shop, &[]).await?
        {
            self.thin_backups(&standing.shop, None).await?;
        }
        Ok(())
    }

    pub(crate) async fn keep_backups(&self) {
        loop {
            if let Err(error) = self.sweep_backups().await {
                tracing::warn!(%error, "what is left of backups stays for now");
            }
            tokio::time::sleep(SWEEP).await;
        }
    }

    /// Answers whoever holds a shop's recovery card. Everybody else hears the same word, whatever is here.
    pub async fn recover(&self, ask: &CardAsk) -> std::result::Result<Vec<u8>, Refusal> {
        if !ask.is_signed() {
            return Err(Refusal::NotSigned);
        }
        let (mut shops, mut replaced) = (vec![], true);
        for shop in self.books.shops_of_card(&ask.card).await? {
            let Some(standing) = self.books.standing(shop, &[]).await? else {
                continue;
            };
            match self.cards(&standing.shop).await?.get(&ask.card) {
                Some(Card::Holds) => replaced = false,
                // A till alone takes nothing from the owner; whoever holds the card could have fetched it the day before.
                Some(Card::Doubtful) => {}
                // A card that the owner replaced opens nothing here any more: it may be in a stranger's hands.
                Some(Card::Over) | None => continue,
            }
            shops.push(standing.shop);
        }
        if shops.is_empty() {
            return Err(Refusal::NotSigned);
        }
        if ask.time_ms.saturating_sub(self.now().0).saturating_abs() > CARD_WINDOW_MS {
            return Err(Refusal::Clock);
        }
        if shops.iter().all(|shop| shop.suspended) {
            return Err(Refusal::Suspended);
        }
        shops.retain(|shop| !shop.suspended);
        let files = self.backup_files()?;
        match ask.want {
            Want::List => {
                let mut backups = vec![];
                for shop in shops {
                    let of = self.books.backups(shop.shop).await?.into_iter();
                    let of =
                        of.filter(|backup| backup.state == State::Whole && backup.about().card == ask.card);
                    backups.extend(of.map(|backup| backup.signed));
                }
                backups.sort_by_key(|signed| std::cmp::Reverse(signed.description.made_ms));
                Ok(KeptBackups { backups, replaced }.encode())
            }
            Want::Piece { shop, id, at } => {
                let shop = ShopId::from_bytes(shop);
                let held = match shops.iter().any(|held| held.shop == shop) {
                    true => self.books.backup(shop, id).await?,
                    false => None,
                };
                let held = held.filter(|held| held.state == State::Whole && held.about().card == ask.card);
                let length = held.as_ref().and_then(|held| held.about().length_of(at));
                let length = length.ok_or(Refusal::BackupUnknown)?;
                let name = piece(shop, id, at);
                let bytes = with_files(files, move |files| files.get(&name, 0, length)).await?;
                let bytes = bytes.ok_or_else(|| lost("a piece of a backup is gone"))?;
                Ok(bytes)
            }
        }
    }
}
