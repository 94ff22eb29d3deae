//! Taking facts and giving them: what is believed, what is refused, and how a push that was sent twice is taken once.

use crate::{
    Books, Limits,
    books::{Fork, Grown, Growth, NewShop, Part, Registered, Shop, Standing, Unavailable},
    files::Files,
    let_in::Brought,
    limits::Gates,
    metrics::Metrics,
    owners::{OwnersKey, Tries, Turns},
    pasts::{Parting, Weighed},
    rollups::Rolling,
    room::{AtOnce, Lent, Room},
    segments::Shelf,
    wake::Wakes,
};
use domain::{
    ids::{DeviceId, ShopId},
    time::Moment,
};
use journal::{
    Body, Chunk, Place, PublicKey, Stamp, Transaction, Why,
    admission::{self, Devices, Known, Ruling, Until},
    exchange::{Heads, MAX_MESSAGE_BYTES, Pull, Pulled, Push, Pushed, Registration},
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};

/// How often a push tries again when others push the same series.
const RACES: usize = 20;
/// The longest that a pull may wait.
const MOST_PATIENCE: Duration = Duration::from_secs(55);
/// How much one answer holds, whatever is asked for.
pub(crate) const MOST_PULLED: u64 = 16 << 20;
/// Shops whose devices are remembered.
const REMEMBERED: usize = 10_000;

/// Why a whole request is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the request is not signed by a device of this shop")]
    NotSigned,
    #[error("the clock of the device is too far from the hub's")]
    Clock,
    #[error("this hub does not know the shop")]
    UnknownShop,
    #[error("the shop's organisation is suspended")]
    Suspended,
    #[error("this device was revoked")]
    Revoked,
    #[error("the invitation is not known, used up or too old")]
    NotInvited,
    #[error("the organisation may not have more shops")]
    Full,
    #[error("this shop has another founder here")]
    Taken,
    #[error("a demo is not kept")]
    Demo,
    #[error("the shop's own facts name nobody by this as an owner")]
    NoOwner,
    #[error("the body cannot be read")]
    Unreadable,
    #[error("the body is larger than what may travel")]
    TooBig,
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("too many requests")]
    TooMany,
    #[error("this hub keeps no backups")]
    NoBackups,
    #[error("the organisation may not keep more backups")]
    BackupsFull,
    #[error("no fact that is here makes this recovery card the shop's")]
    CardUnknown,
    #[error("there is no such backup")]
    BackupUnknown,
    #[error("the hub cannot answer now")]
    Unavailable(#[from] Unavailable),
}

pub struct Hub<B> {
    pub(crate) books: B,
    /// What is large lies beside the books; a hub without it keeps no backups.
    pub(crate) files: Option<Arc<dyn Files>>,
    /// Nobody becomes an owner at a hub without it, or signs in.
    pub(crate) owners_key: Option<OwnersKey>,
    pub(crate) shelf: Shelf,
    pub(crate) limits: Limits,
    pub(crate) gates: Gates,
    pub(crate) metrics: Metrics,
    pub(crate) wakes: Wakes,
    pub(crate) clock: Box<dyn Fn() -> Moment + Send + Sync>,
    /// For what is read out of the books to be sent.
    answers: Room,
    pub(crate) pulling: AtOnce,
    devices: Mutex<HashMap<ShopId, (u64, Arc<Devices>)>>,
    /// Revoked devices of which the last fact that counts was here, as of so many rulings.
    named: Mutex<HashMap<(ShopId, DeviceId), u64>>,
    pub(crate) signing_in: Turns,
    pub(crate) tries: Tries,
    pub(crate) rolling: Rolling,
}

impl<B: Books> Hub<B> {
    pub fn new(books: B, limits: Limits, clock: impl Fn() -> Moment + Send + Sync + 'static) -> Arc<Hub<B>> {
        Hub::with(books, None, None, limits, clock)
    }

    /// A hub that has a place for files too, and a key for what it shares with owners' authenticators.
    pub fn with(
        books: B,
        files: Option<Arc<dyn Files>>,
        owners_key: Option<OwnersKey>,
        limits: Limits,
        clock: impl Fn() -> Moment + Send + Sync + 'static,
    ) -> Arc<Hub<B>> {
        Arc::new(Hub {
            gates: Gates::new(&limits),
            answers: Room::of(
                limits
                    .bodies
                    .max(usize::try_from(MOST_PULLED).unwrap_or(usize::MAX)),
            ),
            pulling: AtOnce::default(),
            books,
            shelf: Shelf::new(files.clone()),
            files,
            owners_key,
            limits,
            metrics: Metrics::default(),
            wakes: Wakes::default(),
            clock: Box::new(clock),
            devices: Mutex::default(),
            named: Mutex::default(),
            signing_in: Turns::default(),
            tries: Tries::default(),
            rolling: Rolling::default(),
        })
    }

    pub fn books(&self) -> &B {
        &self.books
    }

    /// What goes on beside the requests, until it is dropped.
    pub async fn run(&self) {
        let forget = async {
            loop {
                tokio::time::sleep(Duration::from_secs(60)).await;
                self.gates.forget();
                self.tries.forget(self.now());
                if let Err(error) = self.books.sweep_owners(self.now()).await {
                    tracing::warn!(%error, "offers and sessions that are over stay for now");
                }
            }
        };
        tokio::join!(
            self.wakes.tell(&self.books),
            self.wakes.listen(&self.books),
            self.keep_rolling(),
            self.keep_backups(),
            forget
        );
    }

    /// Sends home who waits for news, so that the hub can end; whoever asks is still answered.
    pub fn stop(&self) {
        self.wakes.close();
    }

    pub fn now(&self) -> Moment {
        (self.clock)()
    }

    /// The devices of a shop, as of as many rulings as it has now.
    pub async fn devices(&self, shop: &Shop) -> Result<Arc<Devices>, Unavailable> {
        {
            let known = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((rulings, devices)) = known.get(&shop.shop)
                && *rulings == shop.rulings
            {
                return Ok(devices.clone());
            }
        }
        let rulings = self.books.rulings(shop.shop).await?;
        let devices = Arc::new(devices_of(shop, &rulings)?);
        let mut known = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        // The rulings were read after the count: they may be more, never fewer, and then they are read once more.
        known.insert(shop.shop, (shop.rulings, devices.clone()));
        Ok(devices)
    }

    /// Whether this instance answered for the shop before; what holds now is asked of the books.
    pub(crate) fn remembers(&self, shop: ShopId) -> bool {
        let known = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains_key(&shop)
    }

    pub(crate) fn remembers_named(&self, shop: &Shop, device: DeviceId) -> bool {
        let named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.get(&(shop.shop, device)) == Some(&shop.rulings)
    }

    pub(crate) fn remember_named(&self, shop: &Shop, device: DeviceId) {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.len() >= REMEMBERED {
            named.clear();
        }
        named.insert((shop.shop, device), shop.rulings);
    }

    pub async fn standing(&self, shop: ShopId, devices: &[DeviceId]) -> Result<Standing, Refusal> {
        let standing = self.books.standing(shop, devices).await?;
        let standing = standing.ok_or(Refusal::UnknownShop)?;
        match standing.shop.suspended {
            true => Err(Refusal::Suspended),
            false => Ok(standing),
        }
    }

    /// Reads who founds the shop, so that the request's signature can be checked with that key.
    pub fn founding(registration: &Registration) -> Result<(ShopId, DeviceId, PublicKey), Refusal> {
        let (shop, device) = (
            ShopId::from_bytes(registration.shop),
            DeviceId::from_bytes(registration.device),
        );
        let at = Place::default();
        let founding = Transaction::decode(&registration.founding, shop, device, &at)
            .map_err(|_| Refusal::Unreadable)?;
        let first = founding.facts.first().ok_or(Refusal::Unreadable)?;
        let body = Body::decode(first.header.kind, first.header.version, &first.body)
            .map_err(|_| Refusal::Unreadable)?;
        let founder = admission::founder(&first.header, &body).ok_or(Refusal::Unreadable)?;
        founding.check(&founder.2, &at).map_err(|_| Refusal::NotSigned)?;
        match body {
            // Its prices and people are made up, and everybody's demo has the same.
            Body::ShopFounded(founded) if founded.demo => Err(Refusal::Demo),
            _ => Ok(founder),
        }
    }

    /// The keys of the device that brings a shop: its founder's, or those that the shop's own facts say it has. These are
    /// read for whoever was invited alone; anybody can make up a shop.
    pub async fn keys_for_registration(
        &self,
        registration: &Registration,
        (shop, founder, key): (ShopId, DeviceId, PublicKey),
        sender: DeviceId,
    ) -> Result<Vec<PublicKey>, Refusal> {
        if sender == founder {
            return Ok(vec![key]);
        }
        if self.books.standing(shop, &[]).await?.is_none() {
            let word = crate::word_hash(&registration.invitation);
            if !self.books.invited(word, self.now()).await? {
                return Err(Refusal::NotInvited);
            }
        }
        let proof = Push::decode(&registration.proof).map_err(|_| Refusal::NotSigned)?;
        let standing = Standing {
            shop: Shop {
                shop,
                founder,
                founder_key: key.bytes(),
                rulings: 0,
                suspended: false,
            },
            places: vec![],
        };
        let devices = Arc::new(devices_of(&standing.shop, &[])?);
        self.keys_brought(&standing, devices, vec![], sender, Arc::new(proof))
            .await
    }

    /// Writes a founded shop down; its facts come by pushes, like all others.
    pub async fn register(&self, registration: &Registration) -> Result<(), Refusal> {
        let (shop, founder, key) = Self::founding(registration)?;
        let shop = NewShop {
            shop,
            founder,
            founder_key: key.bytes(),
            invitation: crate::word_hash(&registration.invitation),
            now: self.now(),
        };
        match self.books.register(&shop).await? {
            Registered::Done | Registered::Already => Ok(()),
            Registered::Taken => Err(Refusal::Taken),
            Registered::NotInvited => Err(Refusal::NotInvited),
            Registered::Full => Err(Refusal::Full),
        }
    }

    /// The keys of a device that brings facts. One that nobody here knows yet may be let in by the very facts that it
    /// brings: then they are looked at first, without keeping any.
    pub async fn keys_for_push(
        &self,
        standing: &Standing,
        sender: DeviceId,
        push: &Arc<Push>,
    ) -> Result<Vec<PublicKey>, Refusal> {
        let devices = self.devices(&standing.shop).await?;
        if let Some(known) = devices.get(sender) {
            return Ok(vec![known.key]);
        }
        let rulings = self.books.rulings(standing.shop.shop).await?;
        self.keys_brought(standing, devices, rulings, sender, push.clone())
            .await
    }

    async fn keys_brought(
        &self,
        standing: &Standing,
        devices: Arc<Devices>,
        rulings: Vec<Ruling>,
        sender: DeviceId,
        push: Arc<Push>,
    ) -> Result<Vec<PublicKey>, Refusal> {
        let brought = Brought {
            shop: standing.shop.shop,
            places: standing.places.iter().copied().collect(),
            devices,
            rulings,
            push,
        };
        let looking = tokio::task::spawn_blocking(move || brought.keys_of(sender));
        // It ends early only when the process does.
        Ok(looking.await.unwrap_or_default())
    }

    /// Takes what is good of each series.
    pub async fn push(&self, standing: Standing, push: &Push) -> Result<Pushed, Refusal> {
        self.metrics.pushes.fetch_add(1, Relaxed);
        let shop = standing.shop.shop;
        let mut answer = Pushed::default();
        // Series of devices that are let in by others of the same push come again after those.
        let mut left: Vec<&Chunk> = push.series.iter().collect();
        let mut standing = Some(standing);
        loop {
            let mut unknown = Vec::new();
            let mut let_in = false;
            for chunk in left {
                let (seq, why, rulings) = self.take(standing.take(), shop, chunk).await?;
                let_in |= rulings;
                if why == Some(Why::UnknownDevice) {
                    unknown.push(chunk);
                    continue;
                }
                answer.heads.insert(chunk.device, seq);
                if let Some(why) = why {
                    self.metrics.series_refused.fetch_add(1, Relaxed);
                    answer.refused.push((chunk.device, why));
                }
            }
            if unknown.is_empty() || !let_in {
                for chunk in unknown {
                    self.metrics.series_refused.fetch_add(1, Relaxed);
                    answer.refused.push((chunk.device, Why::UnknownDevice));
                }
                return Ok(answer);
            }
            left = unknown;
        }
    }

    /// Takes one series, as far as it is good. Says where it stands then, why no further, and whether devices were let
    /// in or shut out.
    async fn take(
        &self,
        mut fresh: Option<Standing>,
        shop: ShopId,
        chunk: &Chunk,
    ) -> Result<(u64, Option<Why>, bool), Refusal> {
        if chunk.shop != shop {
            return Ok((0, Some(Why::WrongShop), false));
        }
        let mut at = Place::default();
        for _ in 0..RACES {
            let standing = match fresh.take() {
                Some(standing) if standing.places.iter().any(|(d, _)| *d == chunk.device) => standing,
                _ => self.standing(shop, &[chunk.device]).await?,
            };
            at = place_of(&standing, chunk.device);
            let mut devices = self.devices(&standing.shop).await?;
            if devices.get(chunk.device).is_none()
                && let Some(ruling) = admission::restored(chunk)
            {
                // A restored device lets itself in, with a recovery key that the shop believes.
                let mut rulings = self.books.rulings(shop).await?;
                rulings.push(ruling);
                devices = Arc::new(devices_of(&standing.shop, &rulings)?);
            }
            let Some(known) = devices.get(chunk.device) else {
                return Ok((at.seq, Some(Why::UnknownDevice), false));
            };
            if chunk.after > at.seq {
                return Ok((at.seq, Some(Why::Gap { have: at.seq }), false));
            }
            // Of a device that was shut out: the last fact that counts, if it is not here.
            let open = match known.until {
                Some(until) => {
                    let here = self
                        .names_what_is_here(&standing.shop, chunk.device, until, at.seq)
                        .await?;
                    (!here).then_some(until)
                }
                None => None,
            };
            let compared = self.compare(shop, known, chunk, &at).await?;
            let (skipped, base) = match &compared {
                Compared::Not(why) => return Ok((at.seq, Some(*why), false)),
                Compared::Same { skipped, from } => (*skipped, *from),
                Compared::Parts { skipped, parting } => (*skipped, parting.from),
            };
            let parting = match &compared {
                Compared::Parts { parting, .. } => Some(parting),
                Compared::Same { .. } | Compared::Not(_) => None,
            };
            if let (Some(parting), None) = (parting, open) {
                let seq = self.forked(shop, known, &parting.theirs).await?;
                return Ok((at.seq, Some(Why::Forked { seq }), false));
            }
            // Whoever brings a past step by step goes on from where it is the same.
            let have = if open.is_some() { base.seq } else { at.seq };
            let rest = &chunk.transactions[skipped..];
            let (mut read, mut why) = self.read(chunk, rest, known.key, base).await;
            if let (Some(parting), Some(until)) = (parting, open) {
                match self.weigh(shop, parting, &read, until, at.seq).await? {
                    Weighed::Named => {}
                    Weighed::Strays => {
                        let seq = self.forked(shop, known, &parting.theirs).await?;
                        return Ok((at.seq, Some(Why::Forked { seq }), false));
                    }
                    Weighed::Earlier(have) => {
                        let earlier = Fork {
                            seq: have + 1,
                            ..parting.theirs.clone()
                        };
                        self.forked(shop, known, &earlier).await?;
                        return Ok((have, Some(Why::Gap { have }), false));
                    }
                }
            }
            if let Some(until) = known.until {
                let good = read
                    .iter()
                    .take_while(|t| {
                        t.head.seq < until.seq || (t.head.seq == until.seq && t.head.hash == until.hash)
                    })
                    .count();
                if good < read.len() {
                    read.truncate(good);
                    why = Some(Why::Revoked { until: until.seq });
                }
            }
            if chunk.device != standing.shop.founder
                && let Some(seq) = read.iter().find_map(admission::founds_at)
            {
                read.truncate(read.iter().take_while(|t| t.head.seq < seq).count());
                why = Some(Why::FoundsAgain { seq });
            }
            let Some(last) = read.last() else {
                return Ok((have, why, false));
            };
            let to = last.end();
            let mut growth = growth(chunk.device, base, to, &read, rest, self.now());
            let ruled = !growth.rulings.is_empty() || parting.is_some();
            let grown = match parting {
                None => self.books.grow(shop, &growth).await?,
                Some(_) => {
                    growth.from = at;
                    let replaced = self.replaced(shop, base, growth).await?;
                    self.books.replace(shop, &replaced).await?
                }
            };
            match grown {
                Grown::Done => {
                    let facts = to.seq - base.seq;
                    self.metrics.facts_taken.fetch_add(facts, Relaxed);
                    let transactions = u64::try_from(read.len()).unwrap_or(u64::MAX);
                    self.metrics.transactions_taken.fetch_add(transactions, Relaxed);
                    self.wakes.ring(shop);
                    self.rolling.note(shop);
                    return Ok((to.seq, why, ruled));
                }
                Grown::Full => return Ok((at.seq, Some(Why::Limit), false)),
                Grown::Elsewhere => {
                    self.metrics.lost_races.fetch_add(1, Relaxed);
                }
            }
        }
        // Others are quicker all the time; what they wrote is what the sender has to go on from.
        Ok((at.seq, Some(Why::Gap { have: at.seq }), false))
    }

    /// How many transactions of a chunk are here already, and whether it tells the same history as the books. What
    /// differs is called another one only if the device itself signed it: anybody could make up the rest.
    async fn compare(
        &self,
        shop: ShopId,
        known: &Known,
        chunk: &Chunk,
        at: &Place,
    ) -> Result<Compared, Refusal> {
        let mut from = Place {
            seq: chunk.after,
            hash: chunk.previous,
            stamp: Stamp(0),
        };
        let ours = match chunk.after {
            here if here == at.seq => Some(at.hash),
            0 => Some([0; 32]),
            before => self.hash_at(shop, chunk.device, before).await?,
        };
        let begins_alike = ours == Some(chunk.previous);
        let mut same = begins_alike;
        let mut skipped = 0;
        for bytes in &chunk.transactions {
            if same && from.seq == at.seq {
                break;
            }
            let Ok(theirs) = Transaction::decode(bytes, shop, chunk.device, &from) else {
                return Ok(Compared::Not(Why::BadChain { seq: from.seq + 1 }));
            };
            if same {
                let here = self.hash_at(shop, chunk.device, theirs.head.seq).await?;
                same = here == Some(theirs.head.hash);
            }
            if same {
                from = theirs.end();
                skipped += 1;
                self.metrics.transactions_known.fetch_add(1, Relaxed);
                continue;
            }
            if theirs.check(&known.key, &from).is_err() {
                return Ok(Compared::Not(Why::BadSignature { seq: theirs.head.seq }));
            }
            let theirs = Fork {
                device: chunk.device,
                seq: from.seq + 1,
                upto: Some(theirs.head.seq),
                hash: theirs.head.hash,
                signature: theirs.head.signature,
            };
            let parting = Parting {
                from,
                same: begins_alike,
                theirs,
            };
            return Ok(Compared::Parts { skipped, parting });
        }
        if !same {
            // Nothing in it is signed, so nothing is known but that it does not fit.
            return Ok(Compared::Not(Why::BadChain { seq: chunk.after }));
        }
        let from = if from.seq == at.seq { *at } else { from };
        Ok(Compared::Same { skipped, from })
    }

    /// Keeps the proof that a device showed two histories; says where they part.
    async fn forked(&self, shop: ShopId, known: &Known, fork: &Fork) -> Result<u64, Refusal> {
        self.metrics.forks.fetch_add(1, Relaxed);
        // What a device signed beyond its end is nothing to anybody.
        let counts = |until: Until| fork.upto.is_none_or(|upto| upto <= until.seq);
        if known.until.is_none_or(counts) {
            tracing::warn!(%shop, device = %fork.device, seq = fork.seq, "a device showed two histories");
            self.books.forked(shop, fork, self.now()).await?;
        }
        Ok(fork.seq)
    }

    /// Checks signatures; many of them beside the threads that answer.
    async fn read(
        &self,
        chunk: &Chunk,
        rest: &[Vec<u8>],
        key: PublicKey,
        at: Place,
    ) -> (Vec<Transaction>, Option<Why>) {
        let chunk = Chunk {
            shop: chunk.shop,
            device: chunk.device,
            after: at.seq,
            previous: at.hash,
            transactions: rest.to_vec(),
        };
        if rest.len() <= 8 && rest.iter().map(Vec::len).sum::<usize>() < 1 << 16 {
            return chunk.read(&key, at);
        }
        let work = tokio::task::spawn_blocking(move || chunk.read(&key, at));
        // It ends early only when the process does.
        work.await.unwrap_or_else(|_| (Vec::new(), Some(Why::TooBig)))
    }

    /// How far each series of a shop goes that counts.
    pub async fn heads(&self, shop: &Shop) -> Result<Heads, Refusal> {
        let mut heads = self.what_counts(shop).await?;
        heads.retain(|_, seq| *seq > 0);
        Ok(Heads { heads })
    }

    /// Gives what is missing, or waits for it; and the memory that it takes until it is sent.
    pub(crate) async fn pull(&self, shop: &Shop, pull: &Pull) -> Result<(Pulled, Lent), Refusal> {
        self.metrics.pulls.fetch_add(1, Relaxed);
        let patience = Duration::from_millis(pull.wait_ms.into()).min(MOST_PATIENCE);
        let bell = self.wakes.bell(shop.shop);
        let ended = tokio::time::sleep(patience);
        tokio::pin!(ended);
        let mut shop = *shop;
        loop {
            let rung = bell.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            let (pulled, lent) = self.pull_now(&shop, pull).await?;
            if !pulled.chunks.is_empty() || patience.is_zero() || self.wakes.is_closing() {
                return Ok((pulled, lent));
            }
            drop(lent);
            let waiting = Waiting::new(&self.metrics.pulls_waiting);
            tokio::select! {
                () = &mut rung => {}
                () = &mut ended => return Ok((pulled, Lent::default())),
            }
            drop(waiting);
            // Meanwhile a device may have been shut out.
            shop = self.standing(shop.shop, &[]).await?.shop;
        }
    }

    async fn pull_now(&self, shop: &Shop, pull: &Pull) -> Result<(Pulled, Lent), Refusal> {
        let heads = self.heads(shop).await?.heads;
        let most = u64::from(pull.max_bytes).clamp(1, MOST_PULLED);
        let mut pulled = Pulled {
            heads,
            ..Pulled::default()
        };
        let mut bytes = 0;
        let missing = journal::exchange::missing(&pull.have, &pulled.heads);
        if missing.is_empty() {
            return Ok((pulled, Lent::default()));
        }
        // Before anything is read; a transaction may be larger than what was asked for.
        let room = self.answers.lend(usize::try_from(most).unwrap_or(usize::MAX));
        let mut lent = tokio::time::timeout(self.limits.body_patience, room)
            .await
            .map_err(|_| Refusal::TooMany)?;
        for range in missing {
            if bytes >= most {
                pulled.more = true;
                break;
            }
            let parts = self
                .parts(shop.shop, range.device, range.after, range.upto, most - bytes)
                .await?;
            let Some(first) = parts.first() else {
                // The heads were read before a revocation cut the series inside of a transaction.
                continue;
            };
            let after = first.after;
            let previous = match after {
                0 => [0; 32],
                _ => self
                    .hash_at(shop.shop, range.device, after)
                    .await?
                    .ok_or_else(|| {
                        Unavailable(format!("the series of {} is broken at {after}", range.device))
                    })?,
            };
            pulled.more |= parts.last().is_some_and(|last| last.upto < range.upto);
            bytes += parts.iter().map(size).sum::<u64>();
            let held = usize::try_from(bytes).unwrap_or(usize::MAX);
            if bytes > most && !self.answers.more(&mut lent, held) {
                return Err(Refusal::TooMany);
            }
            pulled.chunks.push(Chunk {
                shop: shop.shop,
                device: range.device,
                after,
                previous,
                transactions: parts.into_iter().map(|part| part.bytes).collect(),
            });
        }
        self.metrics.bytes_out.fetch_add(bytes, Relaxed);
        Ok((pulled, lent))
    }
}

/// What a chunk tells, held against the books.
enum Compared {
    /// The same, as far as both go: so many of its transactions are here, up to this place.
    Same {
        skipped: usize,
        from: Place,
    },
    /// Another history after so many of them, and its device signed it.
    Parts {
        skipped: usize,
        parting: Parting,
    },
    Not(Why),
}

struct Waiting<'a>(&'a AtomicI64);

impl Waiting<'_> {
    fn new(count: &AtomicI64) -> Waiting<'_> {
        count.fetch_add(1, Relaxed);
        Waiting(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

fn size(part: &Part) -> u64 {
    u64::try_from(part.bytes.len()).unwrap_or(u64::MAX)
}

fn place_of(standing: &Standing, device: DeviceId) -> Place {
    let place = standing.places.iter().find(|(d, _)| *d == device);
    place.map_or_else(Place::default, |(_, place)| *place)
}

pub(crate) fn devices_of(shop: &Shop, rulings: &[Ruling]) -> Result<Devices, Unavailable> {
    let key = PublicKey::from_bytes(&shop.founder_key)
        .ok_or_else(|| Unavailable(format!("the founder's key of {} cannot be read", shop.shop)))?;
    Ok(Devices::of(shop.founder, key, rulings))
}

/// What a transaction says about devices. What cannot be read says nothing; it is kept and passed on.
pub(crate) fn rulings_in(transaction: &Transaction) -> Vec<Ruling> {
    transaction.facts.iter().filter_map(Ruling::read).collect()
}

fn growth(
    device: DeviceId,
    from: Place,
    to: Place,
    read: &[Transaction],
    bytes: &[Vec<u8>],
    now: Moment,
) -> Growth {
    let mut after = from.seq;
    let parts = read.iter().zip(bytes).map(|(transaction, bytes)| {
        let part = Part {
            after,
            upto: transaction.head.seq,
            hash: transaction.head.hash,
            bytes: bytes.clone(),
        };
        after = part.upto;
        part
    });
    Growth {
        device,
        from,
        to,
        parts: parts.collect(),
        rulings: read.iter().flat_map(rulings_in).collect(),
        now,
    }
}

/// What a request's body may hold at most.
pub(crate) fn most_bytes(path: &str) -> usize {
    match path {
        "/sync/v1/push" => MAX_MESSAGE_BYTES,
        "/sync/v1/matters" => 64 << 10,
        _ => 2 << 20,
    }
}
