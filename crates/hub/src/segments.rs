//! Old facts out of the books and into files: a run of a device's transactions becomes one file that never changes,
//! named by its hash, and a row says where it begins and ends. Whoever reads does not notice.
//!
//! A file's last bytes are when its row was written, which no reader looks at: noted once more after it was given up, the
//! same run has another hash and so another name, and whoever still deletes the former file takes nothing.
//!
//! First the row says that a file comes, then the file is written, then the row turns and the facts go from the books,
//! both in one transaction. Wherever that stops, the facts are in the books or in the file, and what is left over is
//! known by its row. The newest facts stay in the books, where they are read most and where who is seen is looked up.

mod postgres;
mod sqlite;

use crate::{
    Books,
    backups::with_files,
    books::{Part, Result, Unavailable},
    files::Files,
    keep::{Hub, Refusal},
};
use domain::{
    ids::{DeviceId, ShopId},
    time::Moment,
};
use journal::{FactHash, Place, Stamp, Transaction};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How much of a series one file holds, about.
const SEGMENT_BYTES: u64 = 8 << 20;
/// Files that were read last stay in memory, up to so much.
const REMEMBERED_BYTES: usize = 64 << 20;
/// What was begun and not ended for so long is given up.
const UNFINISHED_MS: i64 = 86_400_000;
const FORM: u8 = 1;

/// What is moved, and how often it is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealing {
    /// So many of a device's newest facts stay in the books.
    pub hot: u64,
    /// Fewer facts than these are no file yet.
    pub least: u64,
    pub every: Duration,
}

impl Default for Sealing {
    fn default() -> Sealing {
        Sealing {
            hot: 5_000,
            least: 2_000,
            every: Duration::from_secs(600),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its file is being written; the facts are in the books.
    Coming,
    /// The facts are in the file and nowhere else.
    Sealed,
    /// It was given up, and its file is being deleted.
    Going,
}

impl State {
    pub(crate) fn number(self) -> i64 {
        match self {
            State::Coming => 0,
            State::Sealed => 1,
            State::Going => 2,
        }
    }

    pub(crate) fn of(number: i64) -> Result<State> {
        match number {
            0 => Ok(State::Coming),
            1 => Ok(State::Sealed),
            2 => Ok(State::Going),
            other => Err(Unavailable(format!(
                "a segment in the state {other} is not known"
            ))),
        }
    }
}

/// A run of a series in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    pub device: DeviceId,
    pub after: u64,
    pub upto: u64,
    /// Of the series, where the run begins and ends.
    pub before: FactHash,
    pub end: FactHash,
    /// Of the file.
    pub hash: [u8; 32],
    pub bytes: u64,
    pub transactions: u64,
    pub state: State,
    pub since: Moment,
}

impl Segment {
    fn name(&self, shop: ShopId) -> String {
        let hash: String = self.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{shop}/segments/{}/{hash}", self.device)
    }
}

/// The part of the books about segments.
pub trait SegmentBooks {
    /// When transactions of a series came, in order.
    fn received(
        &self,
        shop: ShopId,
        device: DeviceId,
        after: u64,
        upto: u64,
    ) -> impl Future<Output = Result<Vec<Moment>>> + Send;

    /// Says that a file comes. False while another one with the same end is coming or going.
    fn note_segment(&self, shop: ShopId, segment: &Segment) -> impl Future<Output = Result<bool>> + Send;

    /// Turns the row and takes the facts out of the books; false, and nothing changed, unless all of them were there.
    fn seal(&self, shop: ShopId, segment: &Segment) -> impl Future<Output = Result<bool>> + Send;

    /// The sealed run that ends first of those that end at this number or later.
    fn segment_at(
        &self,
        shop: ShopId,
        device: DeviceId,
        seq: u64,
    ) -> impl Future<Output = Result<Option<Segment>>> + Send;

    /// Those of a shop, by device and order, in whatever state.
    fn segments(&self, shop: ShopId) -> impl Future<Output = Result<Vec<Segment>>> + Send;

    /// Gives up a run that is coming; false when it is not.
    fn give_up_segment(
        &self,
        shop: ShopId,
        segment: &Segment,
        now: Moment,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Forgets a run that was given up.
    fn forget_segment(&self, shop: ShopId, segment: &Segment) -> impl Future<Output = Result<()>> + Send;
}

/// A file's content. Frozen: fields are never reordered or removed.
#[derive(Serialize, Deserialize)]
struct SegmentV1 {
    device: [u8; 16],
    after: u64,
    transactions: Vec<SealedV1>,
}

#[derive(Serialize, Deserialize)]
struct SealedV1 {
    upto: u64,
    hash: FactHash,
    received_ms: i64,
    bytes: Vec<u8>,
}

fn written(device: DeviceId, after: u64, parts: Vec<Part>, received: &[Moment], since: Moment) -> Vec<u8> {
    let sealed = parts.into_iter().zip(received).map(|(part, received)| SealedV1 {
        upto: part.upto,
        hash: part.hash,
        received_ms: received.0,
        bytes: part.bytes,
    });
    let content = SegmentV1 {
        device: device.bytes(),
        after,
        transactions: sealed.collect(),
    };
    // Growing a Vec cannot fail, and everything here has a known length: postcard has nothing to refuse.
    let mut written = postcard::to_extend(&content, vec![FORM]).unwrap_or_default();
    written.extend(since.0.to_be_bytes());
    written
}

fn read(bytes: &[u8]) -> Option<Vec<Part>> {
    let [FORM, rest @ ..] = bytes else {
        return None;
    };
    let content: SegmentV1 = postcard::from_bytes(rest).ok()?;
    let mut after = content.after;
    let parts = content.transactions.into_iter().map(|sealed| {
        let part = Part {
            after,
            upto: sealed.upto,
            hash: sealed.hash,
            bytes: sealed.bytes,
        };
        after = sealed.upto;
        part
    });
    Some(parts.collect())
}

/// What is wrong with a sealed run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    Missing,
    Changed,
}

impl Damage {
    pub(crate) fn what(self) -> &'static str {
        match self {
            Damage::Missing => "the file of sealed facts is missing",
            Damage::Changed => "the file of sealed facts was changed",
        }
    }
}

type Remembered = ([u8; 32], usize, Arc<Vec<Part>>);

/// Reads a series wherever it lies.
pub(crate) struct Shelf {
    files: Option<Arc<dyn Files>>,
    read: Mutex<VecDeque<Remembered>>,
}

impl Shelf {
    pub fn new(files: Option<Arc<dyn Files>>) -> Shelf {
        Shelf {
            files,
            read: Mutex::default(),
        }
    }

    /// The content of a sealed run, or what is wrong with it.
    pub async fn open(
        &self,
        shop: ShopId,
        segment: &Segment,
    ) -> Result<std::result::Result<Arc<Vec<Part>>, Damage>> {
        if let Some(parts) = self.remembered(&segment.hash) {
            return Ok(Ok(parts));
        }
        let files = self
            .files
            .as_ref()
            .ok_or_else(|| Unavailable("facts are sealed in a store that was not named".to_owned()))?;
        let (name, wanted, size) = (segment.name(shop), segment.hash, segment.bytes);
        let content = with_files(files, move |files| files.get(&name, 0, size.saturating_add(1))).await?;
        let Some(content) = content else {
            return Ok(Err(Damage::Missing));
        };
        let bytes = content.len();
        let parts = tokio::task::spawn_blocking(move || {
            let same = *blake3::hash(&content).as_bytes() == wanted;
            same.then(|| read(&content)).flatten()
        });
        let Some(parts) = parts.await.map_err(|e| Unavailable(e.to_string()))? else {
            return Ok(Err(Damage::Changed));
        };
        let parts = Arc::new(parts);
        self.remember((segment.hash, bytes, parts.clone()));
        Ok(Ok(parts))
    }

    fn remembered(&self, hash: &[u8; 32]) -> Option<Arc<Vec<Part>>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let at = read.iter().position(|(known, ..)| known == hash)?;
        let found = read.remove(at)?;
        let parts = found.2.clone();
        read.push_back(found);
        Some(parts)
    }

    fn remember(&self, fresh: Remembered) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.push_back(fresh);
        while read.iter().map(|(_, bytes, _)| bytes).sum::<usize>() > REMEMBERED_BYTES {
            read.pop_front();
        }
    }

    async fn sealed(&self, shop: ShopId, segment: &Segment) -> Result<Arc<Vec<Part>>> {
        let opened = self.open(shop, segment).await?;
        opened.map_err(|damage| {
            Unavailable(format!(
                "facts of {} after {}: {}",
                segment.device,
                segment.after,
                damage.what()
            ))
        })
    }

    /// As [`Books::parts`], sealed or not.
    pub async fn parts(
        &self,
        books: &impl Books,
        shop: ShopId,
        device: DeviceId,
        after: u64,
        upto: u64,
        bytes: u64,
    ) -> Result<Vec<Part>> {
        // The books first: what is sealed in between is found in its file, and never is it the other way round.
        let rows = books.parts(shop, device, after, upto, bytes).await?;
        if rows.first().is_some_and(|first| first.after <= after) || after >= upto {
            return Ok(rows);
        }
        let Some(segment) = books.segment_at(shop, device, after + 1).await? else {
            return Ok(rows);
        };
        let sealed = self.sealed(shop, &segment).await?;
        let (mut parts, mut taken) = (Vec::new(), 0);
        for part in sealed
            .iter()
            .filter(|part| part.upto > after && part.upto <= upto)
        {
            taken += u64::try_from(part.bytes.len()).unwrap_or(u64::MAX);
            if taken > bytes && !parts.is_empty() {
                break;
            }
            parts.push(part.clone());
        }
        match parts.is_empty() {
            true => Ok(rows),
            false => Ok(parts),
        }
    }

    /// As [`Books::hash_at`], sealed or not.
    pub async fn hash_at(
        &self,
        books: &impl Books,
        shop: ShopId,
        device: DeviceId,
        seq: u64,
    ) -> Result<Option<FactHash>> {
        if let Some(hash) = books.hash_at(shop, device, seq).await? {
            return Ok(Some(hash));
        }
        let Some(segment) = books.segment_at(shop, device, seq).await? else {
            return Ok(None);
        };
        if segment.upto == seq {
            return Ok(Some(segment.end));
        }
        if seq <= segment.after {
            return Ok(None);
        }
        let sealed = self.sealed(shop, &segment).await?;
        Ok(sealed.iter().find(|part| part.upto == seq).map(|part| part.hash))
    }
}

impl<B: Books> Hub<B> {
    pub(crate) async fn parts(
        &self,
        shop: ShopId,
        device: DeviceId,
        after: u64,
        upto: u64,
        bytes: u64,
    ) -> Result<Vec<Part>> {
        self.shelf
            .parts(&self.books, shop, device, after, upto, bytes)
            .await
    }

    pub(crate) async fn hash_at(&self, shop: ShopId, device: DeviceId, seq: u64) -> Result<Option<FactHash>> {
        self.shelf.hash_at(&self.books, shop, device, seq).await
    }

    /// Moves what is old into files, for every shop; how many facts went.
    pub async fn seal(&self, sealing: &Sealing) -> std::result::Result<u64, Refusal> {
        let mut facts = 0;
        for shop in self.books.shops().await? {
            match self.seal_shop(shop, sealing).await {
                Ok(sealed) => facts += sealed,
                // One shop keeps no other from it.
                Err(error) => tracing::error!(%error, %shop, "its facts stay in the books"),
            }
        }
        Ok(facts)
    }

    async fn seal_shop(&self, shop: ShopId, sealing: &Sealing) -> std::result::Result<u64, Refusal> {
        let mut facts = 0;
        self.sweep_segments(shop).await?;
        for (device, head) in self.books.heads(shop).await? {
            // The last transaction stays whatever is asked for.
            let limit = head.saturating_sub(sealing.hot.max(1));
            match self.seal_series(shop, device, limit, sealing.least).await {
                Ok(sealed) => facts += sealed,
                // One series that is not as it should be keeps no other from it; `verify` says what is wrong.
                Err(error) => tracing::error!(%error, %shop, %device, "facts stay in the books"),
            }
        }
        Ok(facts)
    }

    async fn seal_series(
        &self,
        shop: ShopId,
        device: DeviceId,
        limit: u64,
        least: u64,
    ) -> std::result::Result<u64, Refusal> {
        let Some(files) = &self.files else {
            return Err(Refusal::NoBackups);
        };
        let ends = self.books.segments(shop).await?;
        let sealed = ends
            .iter()
            .filter(|segment| segment.device == device && segment.state == State::Sealed);
        let mut at = sealed
            .max_by_key(|segment| segment.upto)
            .map_or_else(Place::default, |last| Place {
                seq: last.upto,
                hash: last.end,
                stamp: Stamp(0),
            });
        let mut facts = 0;
        loop {
            let parts = self
                .books
                .parts(shop, device, at.seq, limit, SEGMENT_BYTES)
                .await?;
            let Some(last) = parts.last() else {
                return Ok(facts);
            };
            let size: u64 = parts
                .iter()
                .map(|part| u64::try_from(part.bytes.len()).unwrap_or(u64::MAX))
                .sum();
            let full = size >= SEGMENT_BYTES / 2;
            if last.upto - at.seq < least && !full {
                return Ok(facts);
            }
            let end = whole(shop, device, &at, &parts)?;
            let received = self.books.received(shop, device, at.seq, end.seq).await?;
            if received.len() != parts.len() {
                // Another instance is quicker.
                return Ok(facts);
            }
            let transactions = u64::try_from(parts.len()).unwrap_or(u64::MAX);
            // What was begun before is gone on with.
            let begun = ends.iter().find(|segment| {
                (segment.device, segment.upto, segment.state) == (device, end.seq, State::Coming)
            });
            let since = begun.map_or_else(|| self.now(), |begun| begun.since);
            let content = written(device, at.seq, parts, &received, since);
            let segment = Segment {
                device,
                after: at.seq,
                upto: end.seq,
                before: at.hash,
                end: end.hash,
                hash: *blake3::hash(&content).as_bytes(),
                bytes: u64::try_from(content.len()).unwrap_or(u64::MAX),
                transactions,
                state: State::Coming,
                since,
            };
            if !self.books.note_segment(shop, &segment).await? {
                return Ok(facts);
            }
            let name = segment.name(shop);
            with_files(files, move |files| files.put(&name, &content)).await?;
            if !self.books.seal(shop, &segment).await? {
                return Ok(facts);
            }
            facts += end.seq - at.seq;
            at = end;
        }
    }

    /// Gives up what was begun and left, its file first.
    async fn sweep_segments(&self, shop: ShopId) -> std::result::Result<(), Refusal> {
        let Some(files) = &self.files else {
            return Ok(());
        };
        let now = self.now();
        for segment in self.books.segments(shop).await? {
            let left = match segment.state {
                State::Sealed => false,
                State::Going => true,
                State::Coming => {
                    now.ms_since(segment.since) > UNFINISHED_MS
                        && self.books.give_up_segment(shop, &segment, now).await?
                }
            };
            if left {
                let name = segment.name(shop);
                with_files(files, move |files| files.delete(&name)).await?;
                self.books.forget_segment(shop, &segment).await?;
            }
        }
        Ok(())
    }

    /// Seals now and then, for as long as the hub runs.
    pub async fn keep_sealing(&self, sealing: &Sealing) {
        loop {
            match self.seal(sealing).await {
                Ok(0) => {}
                Ok(facts) => tracing::info!(facts, "old facts were sealed"),
                Err(error) => tracing::warn!(%error, "old facts stay in the books for now"),
            }
            tokio::time::sleep(sealing.every).await;
        }
    }
}

/// Whether these are the transactions that follow each other from there, by their own hashes. What an operator changed
/// is not sealed.
fn whole(shop: ShopId, device: DeviceId, from: &Place, parts: &[Part]) -> Result<Place> {
    let mut at = *from;
    for part in parts {
        let damaged = |what: &str| Unavailable(format!("the series at {}: {what}", at.seq));
        if part.after != at.seq {
            return Err(damaged("facts are missing"));
        }
        let read = Transaction::decode(&part.bytes, shop, device, &at)
            .map_err(|_| damaged("the facts cannot be read"))?
            .end();
        if read.seq != part.upto || read.hash != part.hash {
            return Err(damaged("the row does not say what its facts are"));
        }
        at = read;
    }
    Ok(at)
}
