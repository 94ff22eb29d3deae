//! What a hub keeps, whatever engine keeps it: SQLite in a file, or PostgreSQL.
//!
//! Nothing here decides: facts were checked before they come in. The one promise is that a series grows by
//! compare-and-swap, so that of two writers at once exactly one has gone on from where it believed the series to be.

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
}

/// A shop of this hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shop {
    pub shop: ShopId,
    pub founder: DeviceId,
    pub founder_key: [u8; 32],
    /// How many rulings are written down: a list of devices made from fewer is old.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grown {
    Done,
    /// The series stands elsewhere by now.
    Elsewhere,
    /// The organisation may not have more devices in a shop.
    Full,
}

/// Two histories that one device signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    pub device: DeviceId,
    pub seq: u64,
    pub hash: FactHash,
    pub bytes: Vec<u8>,
}

/// A shop, and where the asked series stand in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub shop: Shop,
    pub places: Vec<(DeviceId, Place)>,
}

pub trait Books: Send + Sync + 'static {
    /// Lets `word` register so many shops for an organisation, which is made or given these limits.
    fn invite(
        &self,
        organisation: &Organisation,
        word: [u8; 32],
        shops: u32,
        until: Moment,
        now: Moment,
    ) -> impl Future<Output = Result<()>> + Send;

    fn suspend(&self, organisation: &str, suspended: bool) -> impl Future<Output = Result<bool>> + Send;

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
pub(crate) struct RulingRow {
    pub key: Option<[u8; 32]>,
    pub ordinal: Option<i64>,
    pub until_seq: Option<i64>,
    pub until_hash: Option<FactHash>,
}

impl RulingRow {
    pub fn of(ruling: &Ruling) -> RulingRow {
        use journal::admission::Says;
        match ruling.says {
            Says::Admitted { key, ordinal } => RulingRow {
                key: Some(key.bytes()),
                ordinal: Some(i64::from(ordinal)),
                until_seq: None,
                until_hash: None,
            },
            Says::Revoked { until } => RulingRow {
                key: None,
                ordinal: None,
                until_seq: Some(signed(until.seq)),
                until_hash: Some(until.hash),
            },
        }
    }

    pub fn ruling(self, by: DeviceId, seq: u64, device: DeviceId) -> Result<Ruling> {
        use journal::{
            PublicKey,
            admission::{Says, Until},
        };
        let damaged = || Unavailable(format!("the ruling of {by} at {seq} cannot be read"));
        let says = match (self.key, self.ordinal, self.until_seq, self.until_hash) {
            (Some(key), Some(ordinal), None, None) => Says::Admitted {
                key: PublicKey::from_bytes(&key).ok_or_else(damaged)?,
                ordinal: u16::try_from(ordinal).map_err(|_| damaged())?,
            },
            (None, None, Some(seq), Some(hash)) => Says::Revoked {
                until: Until {
                    seq: unsigned(seq),
                    hash,
                },
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
