//! What a hub keeps, whatever engine keeps it: SQLite in a file, or PostgreSQL.
//!
//! Nothing here decides: facts were checked before they come in. The one promise is that a series grows by
//! compare-and-swap, so that of two writers at once exactly one has gone on from where it believed the series to be.

use crate::{
    backups::BackupBooks, keys::KeyBooks, matters::MatterBooks, office::OfficeBooks, owners::OwnerBooks,
    rollups::RollupBooks, segments::SegmentBooks,
};
use domain::{
    ids::{DeviceId, ShopId},
    time::Moment,
};
use journal::{FactHash, Place, Vector, admission::Ruling};
use std::future::Future;

/// The engine did not do it. Nothing of it is there, and the same may be asked again.
#[derive(Debug, thiserror::Error)]
#[error("the hub's books are not to be had: {0}")]
pub struct Unavailable(pub String);

pub type Result<T> = std::result::Result<T, Unavailable>;

/// Who pays for shops, and how many there may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    pub name: String,
    pub most_shops: u32,
    /// In each of its shops.
    pub most_devices: u32,
    /// Of backups, in all of its shops.
    pub most_backup_bytes: u64,
}

/// A shop of this hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shop {
    pub shop: ShopId,
    pub founder: DeviceId,
    pub founder_key: [u8; 32],
    /// Raised with every ruling that comes or goes: a list of devices made before is old.
    pub rulings: u64,
    pub suspended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewShop {
    pub shop: ShopId,
    pub founder: DeviceId,
    pub founder_key: [u8; 32],
    pub invitation: [u8; 32],
    pub now: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    Done,
    /// By the same founder: the same again.
    Already,
    /// The id belongs to a shop with another founder.
    Taken,
    NotInvited,
    /// The organisation may not have more shops.
    Full,
}

/// One transaction of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub after: u64,
    pub upto: u64,
    pub hash: FactHash,
    pub bytes: Vec<u8>,
}

/// A series that grows from one place to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    pub device: DeviceId,
    pub from: Place,
    pub to: Place,
    pub parts: Vec<Part>,
    /// What these facts say about devices.
    pub rulings: Vec<Ruling>,
    pub now: Moment,
}

/// A series that goes on otherwise after one of its places, from where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// What comes after `base`, and before it what was sealed.
    pub growth: Growth,
    pub base: u64,
    /// Where the sealed runs end that end after it: they are given up.
    pub sealed: Vec<u64>,
    /// The proof of what was here instead.
    pub fork: Fork,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grown {
    Done,
    /// The series stands elsewhere by now.
    Elsewhere,
    /// The organisation may not have more devices in a shop.
    Full,
}

/// Two histories that one device signed: the first number under which they differ, and the signed end of the one that is
/// not in the books, where it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    pub device: DeviceId,
    pub seq: u64,
    pub upto: Option<u64>,
    pub hash: FactHash,
    pub signature: [u8; 64],
}

/// A shop, and where the asked series stand in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub shop: Shop,
    pub places: Vec<(DeviceId, Place)>,
}

pub trait Books:
    BackupBooks
    + SegmentBooks
    + KeyBooks
    + MatterBooks
    + RollupBooks
    + OwnerBooks
    + OfficeBooks
    + Send
    + Sync
    + 'static
{
    /// Lets `word` register so many shops for an organisation, which is made or given these limits.
    fn invite(
        &self,
        organisation: &Organisation,
        word: [u8; 32],
        shops: u32,
        until: Moment,
        now: Moment,
    ) -> impl Future<Output = Result<()>> + Send;

    /// An organisation and its limits, if there is one of this name.
    fn organisation(&self, name: &str) -> impl Future<Output = Result<Option<Organisation>>> + Send;

    fn suspend(&self, organisation: &str, suspended: bool) -> impl Future<Output = Result<bool>> + Send;

    /// Whether a word still brings a shop, as far as that is known before one is brought.
    fn invited(&self, word: [u8; 32], now: Moment) -> impl Future<Output = Result<bool>> + Send;

    fn register(&self, shop: &NewShop) -> impl Future<Output = Result<Registered>> + Send;

    fn shops(&self) -> impl Future<Output = Result<Vec<ShopId>>> + Send;

    fn standing(
        &self,
        shop: ShopId,
        devices: &[DeviceId],
    ) -> impl Future<Output = Result<Option<Standing>>> + Send;

    fn rulings(&self, shop: ShopId) -> impl Future<Output = Result<Vec<Ruling>>> + Send;

    fn heads(&self, shop: ShopId) -> impl Future<Output = Result<Vector>> + Send;

    /// Grows a series, all of it or nothing.
    fn grow(&self, shop: ShopId, growth: &Growth) -> impl Future<Output = Result<Grown>> + Send;

    /// Puts other transactions in the place of what a series has after one of them, all of it or nothing; what was
    /// counted of the shop is to be forgotten.
    fn replace(&self, shop: ShopId, replaced: &Replaced) -> impl Future<Output = Result<Grown>> + Send;

    /// The transactions that end after one number and not after another, in order: at most `bytes` of them, but one
    /// if there is any.
    fn parts(
        &self,
        shop: ShopId,
        device: DeviceId,
        after: u64,
        upto: u64,
        bytes: u64,
    ) -> impl Future<Output = Result<Vec<Part>>> + Send;

    /// The hash of the series after its fact `seq`, if a transaction ended there.
    fn hash_at(
        &self,
        shop: ShopId,
        device: DeviceId,
        seq: u64,
    ) -> impl Future<Output = Result<Option<FactHash>>> + Send;

    /// Keeps one proof of each device, and the first number under which two of its histories are known to differ.
    fn forked(&self, shop: ShopId, fork: &Fork, now: Moment) -> impl Future<Output = Result<()>> + Send;

    fn forks(&self, shop: ShopId) -> impl Future<Output = Result<Vec<Fork>>> + Send;

    /// Tells other instances over the same books that these shops have something new.
    fn tell(&self, shops: &[ShopId]) -> impl Future<Output = Result<()>> + Send;

    /// Hears what other instances tell, until the connection is lost. Over books that only one process can open it
    /// never answers.
    fn listen(&self, heard: impl Fn(ShopId) + Send + Sync) -> impl Future<Output = Result<()>> + Send;

    /// Whether the books can be had at all.
    fn ready(&self) -> impl Future<Output = Result<()>> + Send;
}

/// Numbers are kept as the engines' signed ones; a stamp uses all 64 bits and keeps its pattern.
pub(crate) fn signed(number: u64) -> i64 {
    i64::from_ne_bytes(number.to_ne_bytes())
}

pub(crate) fn unsigned(number: i64) -> u64 {
    u64::from_ne_bytes(number.to_ne_bytes())
}

/// A ruling as it stands in a row.
#[derive(Default)]
pub(crate) struct RulingRow {
    pub key: Option<[u8; 32]>,
    pub ordinal: Option<i64>,
    pub until_seq: Option<i64>,
    pub until_hash: Option<FactHash>,
    pub generation: Option<i64>,
    pub recovery: Option<[u8; 32]>,
}

impl RulingRow {
    pub fn of(ruling: &Ruling) -> RulingRow {
        use journal::admission::Says;
        match ruling.says {
            Says::Admitted { key, ordinal } => RulingRow {
                key: Some(key.bytes()),
                ordinal: Some(i64::from(ordinal)),
                ..RulingRow::default()
            },
            Says::Revoked { until } => RulingRow {
                until_seq: Some(signed(until.seq)),
                until_hash: Some(until.hash),
                ..RulingRow::default()
            },
            Says::Recovers { key, generation } => RulingRow {
                key: Some(key.bytes()),
                generation: Some(i64::from(generation)),
                ..RulingRow::default()
            },
            Says::Restored {
                key,
                ordinal,
                recovery,
                first,
            } => RulingRow {
                key: Some(key.bytes()),
                ordinal: Some(i64::from(ordinal)),
                until_hash: Some(first),
                recovery: Some(recovery),
                ..RulingRow::default()
            },
        }
    }

    pub fn ruling(self, by: DeviceId, seq: u64, device: DeviceId) -> Result<Ruling> {
        use journal::{
            PublicKey,
            admission::{Says, Until},
        };
        let damaged = || Unavailable(format!("the ruling of {by} at {seq} cannot be read"));
        let key_of = |bytes: [u8; 32]| PublicKey::from_bytes(&bytes).ok_or_else(damaged);
        let ordinal_of = |ordinal: i64| u16::try_from(ordinal).map_err(|_| damaged());
        let RulingRow {
            key,
            ordinal,
            until_seq,
            until_hash,
            generation,
            recovery,
        } = self;
        let says = match (key, ordinal, until_seq, until_hash, generation, recovery) {
            (Some(key), Some(ordinal), None, None, None, None) => Says::Admitted {
                key: key_of(key)?,
                ordinal: ordinal_of(ordinal)?,
            },
            (None, None, Some(seq), Some(hash), None, None) => Says::Revoked {
                until: Until {
                    seq: unsigned(seq),
                    hash,
                },
            },
            (Some(key), None, None, None, Some(generation), None) => Says::Recovers {
                key: key_of(key)?,
                generation: u32::try_from(generation).map_err(|_| damaged())?,
            },
            (Some(key), Some(ordinal), None, Some(first), None, Some(recovery)) => Says::Restored {
                key: key_of(key)?,
                ordinal: ordinal_of(ordinal)?,
                recovery,
                first,
            },
            _ => return Err(damaged()),
        };
        Ok(Ruling {
            by,
            seq,
            device,
            says,
        })
    }
}
