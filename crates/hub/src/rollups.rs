//! Small sums of what shops sold, by branch, business day, product and way of paying, for the back office.
//!
//! They are computed from the facts and can be thrown away: each series is read once, from the place where it was left
//! off, and the sums and that place change together. Nothing here depends on the order in which facts of different
//! devices arrive: an order, a payment and a refund count once, by their ids, unless something strikes them. What a
//! revocation cuts off has the shop's sums computed anew; until that is done nothing is said of the shop, for what was
//! read so far may be anything. Kinds that this build does not know are passed over.

mod postgres;
mod sqlite;

use crate::{
    Books,
    books::{Result, Unavailable},
    keep::{Hub, Refusal},
};
use domain::{
    ids::{BranchId, CounterId, DeviceId, ShopId},
    time::Moment,
};
use journal::{
    Body, Header, Place, Stamp, Transaction, Vector,
    body::{GoodsReturnedV1, OrderPlacedV3, RefundedV2, TenderTakenV2},
    exchange::{Range, missing},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};
use tokio::sync::Notify;

/// How many bytes of a series are read for one step.
const STEP_BYTES: u64 = 1 << 20;
/// How many of these a shop has before the others' turn comes.
const STEPS_AT_ONCE: usize = 4;
/// How long new facts are gathered before they are counted.
const GATHER: Duration = Duration::from_secs(1);
/// What the shop, its branches and its counters are called, and when their days begin.
const SETTINGS: [&str; 5] = [
    "shop.name",
    "branch.name",
    "counter.name",
    "branch.zone",
    "branch.day_starts_at",
];
/// The states of a payment's leg, by their numbers in facts.
const CAPTURED: u8 = 2;
const FAILED: u8 = 3;
/// The way of paying of goods that came back for others.
const EXCHANGE: &str = "exchange";
/// What one thing adds at most, so that no device alone can make sums that nobody can hold.
const MOST: i64 = 1_000_000_000_000_000;
/// How much is kept of a name, and of a way of paying.
const MOST_CHARS: usize = 300;
const MOST_METHOD_CHARS: usize = 80;
/// How long a shop waits of which not everything could be counted.
const PAUSE_MS: i64 = 5_000;

/// What the facts say of somebody who works in the shop: the name, the role, whether they are paused ("no"), and when
/// they went.
pub(crate) const STAFF_NAME: &str = "staff.name";
pub(crate) const STAFF_ROLE: &str = "staff.role";
pub(crate) const STAFF_ACTIVE: &str = "staff.active";
pub(crate) const STAFF_GONE: &str = "staff.gone";

/// What a sum is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum What {
    /// Orders that stand, and their totals.
    Sold,
    /// The taxes in them.
    Tax,
    /// By product: how much, and for how much.
    Product,
    /// By way of paying: legs that stand.
    Method,
    /// Money given back for goods.
    Refunded,
    /// The same by way of paying.
    RefundedBy,
    /// What goods that came back were worth in others: no money, and part of what was sold all the same.
    Exchanged,
}

impl What {
    pub const ALL: [What; 7] = [
        What::Sold,
        What::Tax,
        What::Product,
        What::Method,
        What::Refunded,
        What::RefundedBy,
        What::Exchanged,
    ];

    pub(crate) fn number(self) -> i64 {
        match self {
            What::Sold => 1,
            What::Tax => 2,
            What::Product => 3,
            What::Method => 4,
            What::Refunded => 5,
            What::RefundedBy => 6,
            What::Exchanged => 7,
        }
    }

    pub(crate) fn of(number: i64) -> Result<What> {
        What::ALL
            .into_iter()
            .find(|what| what.number() == number)
            .ok_or_else(|| Unavailable(format!("a sum of kind {number} is not known")))
    }
}

/// Under what a sum stands: a branch's business day, and a product's id or the word of a way of paying.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    pub branch: [u8; 16],
    pub day: u32,
    pub what: What,
    pub key: Vec<u8>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    pub count: i64,
    pub milli: i64,
    pub minor: i64,
}

impl Sum {
    pub(crate) fn plus(self, other: Sum, sign: i64) -> Sum {
        let add = |a: i64, b: i64| a.saturating_add(b.saturating_mul(sign));
        Sum {
            count: add(self.count, other.count),
            milli: add(self.milli, other.milli),
            minor: add(self.minor, other.minor),
        }
    }

    fn within_reason(self) -> Sum {
        Sum {
            count: self.count.clamp(-MOST, MOST),
            milli: self.milli.clamp(-MOST, MOST),
            minor: self.minor.clamp(-MOST, MOST),
        }
    }
}

/// A word of a device as every engine keeps it.
fn kept(text: &str, most: usize) -> String {
    text.chars().filter(|c| *c != '\0').take(most).collect()
}

/// What one order, payment or refund adds.
pub type Parts = Vec<(Key, Sum)>;

pub(crate) fn add(sums: &mut BTreeMap<Key, Sum>, parts: &Parts, sign: i64) {
    for (key, sum) in parts {
        let old = sums.get(key).copied().unwrap_or_default();
        sums.insert(key.clone(), old.plus(*sum, sign));
    }
}

/// Something that counts once, unless it or what it belongs to is struck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub id: [u8; 16],
    pub of: [u8; 16],
    /// It counts once something says that the money came.
    pub waits: bool,
    pub parts: Parts,
}

/// What people call something: the word of the highest stamp stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// product, or the key of a setting
    pub about: String,
    pub id: [u8; 16],
    pub text: String,
    pub stamp: Stamp,
    pub device: DeviceId,
}

/// One step along a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub device: DeviceId,
    pub from: u64,
    pub to: u64,
    /// As of so many rulings: of sums that go by others it is no step.
    pub rulings: u64,
    pub items: Vec<Item>,
    /// Orders that were cancelled, payments that are void.
    pub strikes: BTreeSet<[u8; 16]>,
    /// Payments of which the money came after all.
    pub captures: BTreeSet<[u8; 16]>,
    pub words: Vec<Word>,
}

/// Whether the sums of a shop are all there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    #[default]
    Standing,
    /// What was counted goes, some at a time; nothing is counted before it is gone.
    Forgetting,
    /// They have not come to where they stood.
    Anew,
}

impl State {
    pub(crate) fn number(self) -> i64 {
        match self {
            State::Standing => 0,
            State::Forgetting => 1,
            State::Anew => 2,
        }
    }

    pub(crate) fn of(number: i64) -> Result<State> {
        [State::Standing, State::Forgetting, State::Anew]
            .into_iter()
            .find(|state| state.number() == number)
            .ok_or_else(|| Unavailable(format!("sums in the state {number} are not known")))
    }
}

/// How far the sums of a shop go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rolled {
    /// As of so many rulings.
    pub rulings: u64,
    pub state: State,
    pub places: Vector,
}

/// What one turn of counting came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Done,
    /// There is more.
    Left,
    /// Something could not be counted; what could, is.
    Failed,
}

/// One sum as the back office reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub key: Key,
    pub sum: Sum,
}

/// Shops that have something new to count, the one that waits longest first. One shop is counted by one at a time.
#[derive(Default)]
pub(crate) struct Rolling {
    queue: Mutex<Queue>,
    noted: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<ShopId>,
    /// Those in the line.
    known: HashSet<ShopId>,
    /// Those under way; and whether something new came for them meanwhile.
    working: HashMap<ShopId, bool>,
    /// Those that failed, and since when they wait.
    paused: Vec<(Moment, ShopId)>,
}

impl Rolling {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn note(&self, shop: ShopId) {
        let mut queue = self.lock();
        match queue.working.get_mut(&shop) {
            Some(again) => *again = true,
            None => {
                let paused = queue.paused.iter().any(|(_, one)| *one == shop);
                if !paused && queue.known.insert(shop) {
                    queue.waiting.push_back(shop);
                }
            }
        }
        drop(queue);
        self.noted.notify_one();
    }

    /// Something of it could not be counted: it waits, and nobody with it.
    fn pause(&self, shop: ShopId, now: Moment) {
        let mut queue = self.lock();
        queue.working.remove(&shop);
        queue.paused.push((now, shop));
    }

    /// The next in the line; whoever else counts is woken while there are more.
    fn take(&self, now: Moment) -> Option<ShopId> {
        let mut queue = self.lock();
        // A clock that was set back ends every pause.
        let waits = |since: Moment| (0..PAUSE_MS).contains(&now.ms_since(since));
        let (paused, over): (Vec<_>, Vec<_>) = queue.paused.drain(..).partition(|(since, _)| waits(*since));
        queue.paused = paused;
        for (_, shop) in over {
            if queue.known.insert(shop) {
                queue.waiting.push_back(shop);
            }
        }
        let shop = queue.waiting.pop_front()?;
        queue.known.remove(&shop);
        queue.working.insert(shop, false);
        let more = !queue.waiting.is_empty();
        drop(queue);
        if more {
            self.noted.notify_one();
        }
        Some(shop)
    }

    /// Whoever is not done goes to the end of the line.
    fn done(&self, shop: ShopId, left: bool) {
        let again = self.lock().working.remove(&shop).unwrap_or(false);
        if again || left {
            self.note(shop);
        }
    }
}

pub trait RollupBooks {
    /// How many shops are counted at the same time.
    const AT_ONCE: usize;

    fn rolled(&self, shop: ShopId) -> impl Future<Output = Result<Rolled>> + Send;

    /// Goes one step, sums and place together; false when the series was left off elsewhere, or the sums go by other
    /// rulings, and nothing is changed.
    fn roll(&self, shop: ShopId, step: &Step) -> impl Future<Output = Result<bool>> + Send;

    /// Forgets the sums of a shop that stand as they were read, so that they are counted anew as of so many rulings. Where
    /// it stops, it goes on when it is called again.
    fn unroll(&self, shop: ShopId, found: &Rolled, rulings: u64) -> impl Future<Output = Result<()>> + Send;

    /// Says that sums as of some rulings are right as of others.
    fn ruled(&self, shop: ShopId, before: u64, rulings: u64) -> impl Future<Output = Result<()>> + Send;

    /// Says that what was counted anew as of so many rulings stands.
    fn recounted(&self, shop: ShopId, rulings: u64) -> impl Future<Output = Result<()>> + Send;

    fn sums(&self, shop: ShopId, from_day: u32, to_day: u32)
    -> impl Future<Output = Result<Vec<Row>>> + Send;

    /// Names of products, of branches and of counters: about, id, text.
    fn words(&self, shop: ShopId) -> impl Future<Output = Result<Vec<(String, [u8; 16], String)>>> + Send;

    /// Those about one id: about, text. None while the sums of the shop do not stand.
    fn words_of(
        &self,
        shop: ShopId,
        id: [u8; 16],
    ) -> impl Future<Output = Result<Option<Vec<(String, String)>>>> + Send;
}

impl<B: Books> Hub<B> {
    /// Counts what comes in, a moment after it came; at the start, whatever was left. Several shops at once, and each
    /// for a while only: one with a long history keeps no other waiting.
    pub(crate) async fn keep_rolling(&self) {
        match self.books.shops().await {
            Ok(shops) => shops.into_iter().for_each(|shop| self.rolling.note(shop)),
            Err(error) => tracing::warn!(%error, "what was left to count is counted with the next push"),
        }
        let mut counting: Vec<Pin<Box<dyn Future<Output = ()> + Send + '_>>> = Vec::new();
        for _ in 0..B::AT_ONCE {
            counting.push(Box::pin(self.count()));
        }
        // None of them ends; each is asked whenever one of them is woken.
        poll_fn(|context| {
            for one in &mut counting {
                let _ = one.as_mut().poll(context);
            }
            Poll::<()>::Pending
        })
        .await;
    }

    async fn count(&self) {
        loop {
            // Shops that pause come back without being noted.
            let pause = GATHER * 5;
            let _ = tokio::time::timeout(pause, self.rolling.noted.notified()).await;
            tokio::time::sleep(GATHER).await;
            while let Some(shop) = self.rolling.take(self.now()) {
                let turn = self.roll_some(shop, STEPS_AT_ONCE).await;
                let turn = turn.unwrap_or_else(|error| {
                    tracing::warn!(%error, %shop, "the sums of a shop wait");
                    Turn::Failed
                });
                match turn {
                    Turn::Failed => self.rolling.pause(shop, self.now()),
                    Turn::Left | Turn::Done => self.rolling.done(shop, turn == Turn::Left),
                }
            }
        }
    }

    /// Brings the sums of a shop up to what is here. Another instance may do the same meanwhile; nothing counts twice.
    /// A series that cannot be read is left where it is, as if it had not come.
    pub async fn roll(&self, shop: ShopId) -> std::result::Result<(), Refusal> {
        self.roll_some(shop, usize::MAX).await.map(drop)
    }

    /// Whether the sums of a shop are all there.
    pub(crate) async fn sums_stand(&self, shop: ShopId) -> Result<()> {
        match self.books.rolled(shop).await?.state {
            State::Standing => Ok(()),
            State::Forgetting | State::Anew => Err(counted_anew(shop)),
        }
    }

    /// At most so many steps of it.
    async fn roll_some(&self, shop: ShopId, most: usize) -> std::result::Result<Turn, Refusal> {
        // The sums first: whatever they go by, what is read after is no older.
        let mut rolled = self.books.rolled(shop).await?;
        let Some(standing) = self.books.standing(shop, &[]).await? else {
            return Ok(Turn::Done);
        };
        let rulings = standing.shop.rulings;
        let counts = self.what_counts(&standing.shop).await?;
        let beyond = rolled
            .places
            .iter()
            .any(|(device, seq)| *seq > counts.get(device).copied().unwrap_or(0));
        if beyond || rolled.state == State::Forgetting {
            self.books.unroll(shop, &rolled, rulings).await?;
            rolled = self.books.rolled(shop).await?;
            if rolled.rulings != rulings {
                // Somebody heard of more.
                return Ok(Turn::Left);
            }
        } else if rolled.rulings != rulings {
            self.books.ruled(shop, rolled.rulings, rulings).await?;
        }
        let mut steps = most;
        let mut turn = Turn::Done;
        for range in missing(&rolled.places, &counts) {
            match self.roll_series(shop, range, rulings, &mut steps).await {
                Ok(Turn::Left) if steps == 0 => return Ok(Turn::Left),
                Ok(Turn::Left) if turn == Turn::Done => turn = Turn::Left,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, %shop, device = %range.device, "a series is not counted for now");
                    turn = Turn::Failed;
                }
            }
        }
        match (rolled.state, turn) {
            // Whoever went on with it says so.
            (State::Standing, Turn::Left) => turn = Turn::Done,
            (State::Anew, Turn::Done) => self.books.recounted(shop, rulings).await?,
            _ => {}
        }
        Ok(turn)
    }

    /// Counts one series; says whether somebody else went on with it, or the steps were not enough.
    async fn roll_series(&self, shop: ShopId, range: Range, rulings: u64, steps: &mut usize) -> Result<Turn> {
        let mut after = range.after;
        while after < range.upto {
            if *steps == 0 {
                return Ok(Turn::Left);
            }
            *steps -= 1;
            let parts = self
                .parts(shop, range.device, after, range.upto, STEP_BYTES)
                .await?;
            let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
                break;
            };
            let hash = match first.after {
                0 => [0; 32],
                before => self.hash_at(shop, range.device, before).await?.ok_or_else(|| {
                    Unavailable(format!("the series of {} is broken at {before}", range.device))
                })?,
            };
            let to = last.upto;
            let mut at = Place {
                seq: first.after,
                hash,
                stamp: Stamp(0),
            };
            let mut step = Step::new(range.device, after, to, rulings);
            for part in &parts {
                let read = Transaction::decode(&part.bytes, shop, range.device, &at)
                    .map_err(|e| Unavailable(format!("the series of {} at {}: {e}", range.device, at.seq)))?;
                at = read.end();
                for fact in &read.facts {
                    // What cannot be read counts nothing; the devices set it aside.
                    let body = Body::decode(fact.header.kind, fact.header.version, &fact.body);
                    if let Ok(body) = body {
                        step.take(&fact.header, body);
                    }
                }
            }
            if !self.books.roll(shop, &step).await? {
                // Another instance went on from there, or as of other rulings: it goes on.
                return Ok(Turn::Left);
            }
            after = to;
        }
        Ok(Turn::Done)
    }
}

/// What is said of a shop while its sums are counted anew.
pub(crate) fn counted_anew(shop: ShopId) -> Unavailable {
    Unavailable(format!("what {shop} says is being read anew"))
}

impl Step {
    pub fn new(device: DeviceId, from: u64, to: u64, rulings: u64) -> Step {
        Step {
            device,
            from,
            to,
            rulings,
            items: vec![],
            strikes: BTreeSet::new(),
            captures: BTreeSet::new(),
            words: vec![],
        }
    }

    pub fn take(&mut self, header: &Header, body: Body) {
        match body {
            Body::OrderPlaced(placed) => self.placed(header, &placed),
            Body::TenderTaken(taken) => self.taken(header.branch, &taken),
            Body::TenderMoved(moved) if moved.state == FAILED => {
                self.strikes.insert(moved.tender);
            }
            Body::TenderMoved(moved) if moved.state == CAPTURED => {
                self.captures.insert(moved.tender);
            }
            Body::TendersSplit(split) => self.strikes.extend(split.voided),
            Body::OrderCancelled(cancelled) => {
                self.strikes.insert(cancelled.order);
            }
            Body::Refunded(refunded) => self.refunded(header.branch, &refunded),
            Body::GoodsReturned(returned) => self.returned(header.branch, &returned),
            Body::SettingSet(patch) => self.setting(header, &patch),
            Body::StaffSet(patch) => self.staff(header, &patch),
            Body::ShopFounded(founded) => {
                let currency = String::from_utf8_lossy(&founded.currency).into_owned();
                self.word(header, "currency", founded.shop, currency);
                self.place(header, founded.device, founded.branch, founded.counter);
            }
            Body::DeviceAdmitted(admitted) => {
                self.place(header, admitted.device, admitted.branch, admitted.counter);
            }
            Body::DeviceRestored(restored) => {
                self.place(header, restored.device, restored.branch, restored.counter);
            }
            Body::DeviceMoved(moved) => self.place(header, moved.device, moved.branch, moved.counter),
            _ => {}
        }
    }

    fn word(&mut self, header: &Header, about: &str, id: [u8; 16], text: String) {
        self.words.push(Word {
            about: about.to_owned(),
            id,
            text: kept(&text, MOST_CHARS),
            stamp: header.stamp,
            device: header.device,
        });
    }

    fn item(&mut self, id: [u8; 16], of: [u8; 16], waits: bool, parts: impl IntoIterator<Item = (Key, Sum)>) {
        self.items.push(Item {
            id,
            of,
            waits,
            parts: parts
                .into_iter()
                .map(|(key, sum)| (key, sum.within_reason()))
                .collect(),
        });
    }

    /// At which branch and counter a device stands.
    fn place(&mut self, header: &Header, device: [u8; 16], branch: [u8; 16], counter: [u8; 16]) {
        let (branch, counter) = (BranchId::from_bytes(branch), CounterId::from_bytes(counter));
        self.word(header, "device", device, format!("{branch} {counter}"));
    }

    fn placed(&mut self, header: &Header, placed: &OrderPlacedV3) {
        let order = &placed.sale;
        let key = |what, key: &[u8]| Key {
            branch: header.branch.bytes(),
            day: order.business_day,
            what,
            key: key.to_vec(),
        };
        let mut sums = BTreeMap::new();
        let one = Sum {
            count: 1,
            milli: 0,
            minor: order.total_minor,
        };
        sums.insert(key(What::Sold, b""), one);
        let tax = Sum {
            minor: order.tax_minor,
            ..Sum::default()
        };
        sums.insert(key(What::Tax, b""), tax);
        for line in &order.lines {
            let Some(product) = line.product else {
                continue;
            };
            let taxes = line.taxes.iter().map(|tax| tax.amount_minor);
            let tax = taxes.fold(0, i64::saturating_add);
            let sold = Sum {
                count: 1,
                milli: line.base_milli,
                minor: line.taxable_minor.saturating_add(tax),
            };
            add(&mut sums, &vec![(key(What::Product, &product), sold)], 1);
            self.word(header, "product", product, line.name.clone());
        }
        self.item(order.order, order.order, false, sums);
    }

    fn taken(&mut self, branch: BranchId, taken: &TenderTakenV2) {
        // Goods that paid for others are no money.
        if taken.method == EXCHANGE {
            return;
        }
        let key = Key {
            branch: branch.bytes(),
            day: taken.business_day,
            what: What::Method,
            key: kept(&taken.method, MOST_METHOD_CHARS).into_bytes(),
        };
        let sum = Sum {
            count: 1,
            milli: 0,
            minor: taken.amount_minor,
        };
        // Nor is what a gateway has not charged yet.
        self.item(taken.tender, taken.order, taken.state != CAPTURED, [(key, sum)]);
    }

    fn refunded(&mut self, branch: BranchId, refunded: &RefundedV2) {
        let legs = refunded.tenders.iter().filter(|leg| leg.state != FAILED);
        let legs = legs.map(|leg| (leg.method.as_str(), leg.amount_minor, leg.cash_rounding_minor));
        self.back(refunded.refund, branch, refunded.business_day, legs);
    }

    fn returned(&mut self, branch: BranchId, returned: &GoodsReturnedV1) {
        let leg = (
            returned.method.as_str(),
            returned.total_minor,
            returned.cash_rounding_minor,
        );
        let (id, day) = (returned.goods_return, returned.business_day);
        self.back(id, branch, day, std::iter::once(leg));
    }

    /// Money that went back; what paid for other goods is none, and stands apart.
    fn back<'a>(
        &mut self,
        id: [u8; 16],
        branch: BranchId,
        day: u32,
        legs: impl Iterator<Item = (&'a str, i64, i64)>,
    ) {
        let key = |what, key: &str| Key {
            branch: branch.bytes(),
            day,
            what,
            key: kept(key, MOST_METHOD_CHARS).into_bytes(),
        };
        let mut sums = BTreeMap::new();
        let mut first = 1;
        for (method, amount, rounding) in legs {
            let minor = amount.saturating_add(rounding);
            let leg = |count| Sum {
                count,
                milli: 0,
                minor,
            };
            let parts = match method {
                EXCHANGE => vec![(key(What::Exchanged, ""), leg(1))],
                _ => vec![
                    (key(What::Refunded, ""), leg(std::mem::take(&mut first))),
                    (key(What::RefundedBy, method), leg(1)),
                ],
            };
            add(&mut sums, &parts, 1);
        }
        if !sums.is_empty() {
            self.item(id, id, false, sums);
        }
    }

    /// Who works in the shop, and as what: of each field the last word holds, as at the devices.
    fn staff(&mut self, header: &Header, patch: &journal::register::PatchV1) {
        use journal::{fields::staff, register::Value};
        for (field, value) in &patch.fields {
            let (about, text) = match (*field, value) {
                (staff::NAME, Value::Text(name)) => (STAFF_NAME, name.clone()),
                (staff::ROLE, Value::Text(role)) => (STAFF_ROLE, role.clone()),
                (staff::ACTIVE, Value::Bool(active)) => {
                    (STAFF_ACTIVE, if *active { "yes" } else { "no" }.to_owned())
                }
                (staff::ARCHIVED_MS, Value::Int(ms)) => (STAFF_GONE, ms.to_string()),
                (staff::ARCHIVED_MS, Value::Null) => (STAFF_GONE, String::new()),
                _ => continue,
            };
            self.word(header, about, patch.record, text);
        }
    }

    /// What the shop, its branches and its counters are called.
    fn setting(&mut self, header: &Header, patch: &journal::register::PatchV1) {
        use journal::{fields::setting, register::Value};
        let text = |field| {
            patch.fields.iter().find_map(|(name, value)| match value {
                Value::Text(text) if *name == field => Some(text.clone()),
                _ => None,
            })
        };
        let id = patch.fields.iter().find_map(|(name, value)| match value {
            Value::Bytes(bytes) if *name == setting::SCOPE_ID => <[u8; 16]>::try_from(bytes.as_slice()).ok(),
            _ => None,
        });
        let Some(value) = text(setting::VALUE) else {
            return;
        };
        // A later change of the same record names its value only; the record's own id finds the rest.
        self.word(header, "setting", patch.record, value);
        let (Some(key), Some(id)) = (text(setting::KEY), id) else {
            return;
        };
        if SETTINGS.contains(&key.as_str()) {
            let record = patch.record.iter().map(|byte| format!("{byte:02x}")).collect();
            self.word(header, &format!("record of {key}"), id, record);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_795_243_800_000);

    fn shop(n: u8) -> ShopId {
        ShopId::from_bytes([n; 16])
    }

    #[test]
    fn a_shop_with_much_to_count_waits_behind_those_with_little() {
        let rolling = Rolling::default();
        for n in [1, 2, 3, 2] {
            rolling.note(shop(n));
        }
        assert_eq!(rolling.take(NOW), Some(shop(1)));
        rolling.done(shop(1), true);
        let order: Vec<_> = std::iter::from_fn(|| rolling.take(NOW)).collect();
        assert_eq!(
            order,
            [shop(2), shop(3), shop(1)],
            "each once, and whoever is not done last"
        );
    }

    #[test]
    fn nobody_counts_a_shop_that_somebody_counts_and_news_meanwhile_are_not_lost() {
        let rolling = Rolling::default();
        rolling.note(shop(1));
        assert_eq!(rolling.take(NOW), Some(shop(1)));
        rolling.note(shop(1));
        assert_eq!(rolling.take(NOW), None, "it is under way");
        rolling.done(shop(1), false);
        assert_eq!(rolling.take(NOW), Some(shop(1)), "and counted once more");
        rolling.done(shop(1), false);
        assert_eq!(rolling.take(NOW), None);
    }

    #[test]
    fn a_shop_that_failed_waits_alone() {
        let rolling = Rolling::default();
        rolling.note(shop(1));
        assert_eq!(rolling.take(NOW), Some(shop(1)));
        rolling.pause(shop(1), NOW);
        rolling.note(shop(1));
        rolling.note(shop(2));
        assert_eq!(rolling.take(NOW), Some(shop(2)), "nobody waits with it");
        assert_eq!(rolling.take(NOW), None, "news of it do not end its pause");
        let after = Moment(NOW.0 + PAUSE_MS);
        assert_eq!(rolling.take(after), Some(shop(1)), "it ends by itself");
    }
}
