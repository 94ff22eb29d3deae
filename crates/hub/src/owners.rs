//! Owners at the hub: how a shop's own device vouches for one, how they prove who they are, and what keeps guessers out.
//!
//! A device of the shop with an owner at it asks for a one-time code, signed like every question of a device. With it
//! the owner chooses a login and a password and sets up an authenticator; nobody else can make one. Who is an owner is
//! not the device's word: the shop's own facts name them. Any till can write facts, so a till's word is not enough
//! either: only the founding device, or one that was restored with the shop's recovery card, speaks for its owner alone.
//! What another device offers opens nothing before somebody who has a login here, or the hub's operator, says yes.
//! Neither the code, the recovery codes nor a session's secret is kept, only their hashes. A code of the authenticator
//! opens once.

mod postgres;
mod seals;
mod sqlite;
mod tries;

pub use seals::{Clear, OwnersKey, SecretOf, WrongKey};
pub(crate) use tries::{Tries, Turns};

use crate::{
    Books,
    books::{Result, Shop, Unavailable},
    keep::{Hub, Refusal, devices_of},
    rollups,
};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use domain::{
    ids::{DeviceId, ShopId, StaffId},
    people::Role,
    second_factor::{
        Digits, RECOVERY_BYTES, RECOVERY_CODES, SECRET_BYTES, check_password, look, word, word_hash,
    },
    time::Moment,
};
use journal::admission::speak_for_the_owner;
use std::{future::Future, net::IpAddr};
use tries::{FREE_TRIES_IN_ALL, Turn, wait_ms};

/// How long a one-time code of a device opens; and one that somebody else has to confirm before.
const OFFER_MS: i64 = 15 * 60_000;
const WAITING_MS: i64 = 24 * 3_600_000;
/// How long a session lives without being used, and at all.
const IDLE_MS: i64 = 12 * 3_600_000;
const LONGEST_MS: i64 = 30 * 86_400_000;
/// How often a session's secret is changed, and how long the one before it still opens.
const ROTATE_MS: i64 = 10 * 60_000;
const GRACE_MS: i64 = 120_000;
/// One wrong try is forgotten in so long.
const FADES_MS: i64 = 10 * 60_000;
/// A sign-in's count is not lost to others at the same moment before so many of them.
const TOGETHER: u32 = 8;

/// What a device offered an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub code: [u8; 32],
    pub shop: ShopId,
    pub staff: StaffId,
    pub name: String,
    /// The authenticator's secret; sealed in the books.
    pub secret: Vec<u8>,
    pub until: Moment,
    /// The device that asked.
    pub by: DeviceId,
    /// It speaks for the owner, or somebody said yes.
    pub confirmed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub login: String,
    pub shop: ShopId,
    pub staff: StaffId,
    pub name: String,
    /// Argon2id, in PHC form.
    pub password: String,
    pub secret: Vec<u8>,
    /// The last step of the authenticator that was used.
    pub step: i64,
    pub failures: u32,
    pub wait_until: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: [u8; 16],
    pub login: String,
    pub token: [u8; 32],
    /// The secret before this one, for answers that were under way when it changed.
    pub previous: [u8; 32],
    pub created: Moment,
    pub rotated: Moment,
    pub agent: String,
}

pub trait OwnerBooks {
    /// Keeps an offer instead of the one that this person had. One that waits takes the place of no other kind.
    fn offer(&self, offer: &Offer) -> impl Future<Output = Result<()>> + Send;

    /// The offers of a shop that wait for a yes.
    fn waiting_offers(&self, shop: ShopId) -> impl Future<Output = Result<Vec<Offer>>> + Send;

    /// Says yes to one, of this shop or of any; or takes it away. False when it is gone.
    fn decide_offer(
        &self,
        shop: Option<ShopId>,
        code: [u8; 32],
        yes: bool,
    ) -> impl Future<Output = Result<bool>> + Send;

    fn offered(&self, code: [u8; 32]) -> impl Future<Output = Result<Option<Offer>>> + Send;

    /// Uses up the offer; false when it is gone, or the login is somebody else's.
    fn enrol(
        &self,
        code: [u8; 32],
        owner: &Owner,
        recovery: &[[u8; 32]],
    ) -> impl Future<Output = Result<bool>> + Send;

    fn owner(&self, login: &str) -> impl Future<Output = Result<Option<Owner>>> + Send;

    /// Counts a try before its outcome is known, unless others were counted meanwhile.
    fn count_try(
        &self,
        owner: &Owner,
        failures: u32,
        wait_until: Moment,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Uses a step of the authenticator; false when it or a later one was used.
    fn use_step(&self, login: &str, step: i64) -> impl Future<Output = Result<bool>> + Send;

    fn use_recovery(&self, login: &str, code: [u8; 32]) -> impl Future<Output = Result<bool>> + Send;

    fn open_session(&self, session: &Session) -> impl Future<Output = Result<()>> + Send;

    fn session(&self, token: [u8; 32]) -> impl Future<Output = Result<Option<Session>>> + Send;

    /// Another secret for a session; false when it has changed already.
    fn rotate(
        &self,
        session: &Session,
        token: [u8; 32],
        now: Moment,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Forgets offers that open nothing any more, and sessions with which nobody goes on.
    fn sweep_owners(&self, now: Moment) -> impl Future<Output = Result<()>> + Send;

    fn sessions(&self, login: &str) -> impl Future<Output = Result<Vec<Session>>> + Send;

    /// The name of the key under which secrets are sealed, if there is one yet.
    fn owners_key(&self) -> impl Future<Output = Result<Option<[u8; 32]>>> + Send;

    /// Makes it this one unless it is another already; says which it is.
    fn claim_owners_key(&self, name: [u8; 32]) -> impl Future<Output = Result<[u8; 32]>> + Send;

    /// Secrets that are not sealed, up to so many.
    fn clear_secrets(&self, most: u32) -> impl Future<Output = Result<Vec<Clear>>> + Send;

    /// Puts the sealed one in the place of a clear one, unless that is gone.
    fn replace_secret(&self, clear: &Clear, sealed: &[u8]) -> impl Future<Output = Result<()>> + Send;

    /// Takes away all logins and offers, and which key they were sealed under.
    fn forget_logins(&self) -> impl Future<Output = Result<()>> + Send;

    /// Ends one session of a login, or all of them.
    fn end_sessions(&self, login: &str, id: Option<[u8; 16]>) -> impl Future<Output = Result<()>> + Send;
}

/// All that logins are made of.
const TABLES: [&str; 5] = [
    "owner_session",
    "owner_recovery",
    "owner",
    "owner_offer",
    "owners_key",
];

/// Why somebody at the browser is not let on.
#[derive(Debug, thiserror::Error)]
pub enum NotOwner {
    #[error("sign in first")]
    SignedOut,
    #[error("login, password or code is wrong")]
    Wrong,
    #[error("too many wrong tries: wait")]
    Wait { ms: i64 },
    #[error("this code is not known, used up or too old")]
    NoOffer,
    #[error("another owner has to say yes to this code first")]
    Unconfirmed,
    #[error("the shop's own books do not name this person as an owner")]
    NoOwner,
    #[error("this login is taken")]
    LoginTaken,
    #[error("a login is an e-mail address, or 3 to 80 letters, digits, dots and dashes")]
    LoginShape,
    #[error("a password has 10 to 200 characters and is not the login")]
    PasswordShape,
    #[error("this request did not come from the hub's own page")]
    Foreign,
    #[error("the shop's organisation is suspended")]
    Suspended,
    #[error("this cannot be read")]
    Unreadable,
    #[error("too many requests")]
    TooMany,
    #[error("the hub cannot answer now")]
    Unavailable(#[from] Unavailable),
}

impl From<Refusal> for NotOwner {
    fn from(refusal: Refusal) -> NotOwner {
        match refusal {
            Refusal::Unavailable(error) => NotOwner::Unavailable(error),
            Refusal::Suspended => NotOwner::Suspended,
            Refusal::TooMany => NotOwner::TooMany,
            _ => NotOwner::SignedOut,
        }
    }
}

pub type Answer<T> = std::result::Result<T, NotOwner>;

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| Unavailable(format!("no random bytes: {e}")))?;
    Ok(bytes)
}

/// Codes are kept as hashes, each purpose with its own.
fn hash_of(about: &str, word: &str) -> [u8; 32] {
    word_hash(&format!("chandi hub owner {about} v1"), word)
}

/// What is kept of a device's one-time code.
pub fn code_hash(code: &str) -> [u8; 32] {
    hash_of("code", code)
}

/// A session's secret is kept as it was made; capitals are others than small letters.
pub(crate) fn token_hash(token: &str) -> [u8; 32] {
    blake3::derive_key("chandi hub owner session v1", token.as_bytes())
}

/// What a page has to show beside the cookie, which it alone can read.
pub(crate) fn page_word(session: &Session) -> String {
    let word = blake3::derive_key("chandi hub owner page v1", &session.id);
    let word = blake3::keyed_hash(&word, session.login.as_bytes());
    word.to_hex()[..32].to_owned()
}

fn login_of(text: &str) -> Answer<String> {
    let login = text.trim().to_lowercase();
    let fits = (3..=80).contains(&login.chars().count())
        && login
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_@+".contains(c));
    fits.then_some(login).ok_or(NotOwner::LoginShape)
}

impl<B: Books> Hub<B> {
    /// A device that is known says that an owner is at it: the code with which they make themselves a login, until
    /// when, and whether it opens at once.
    pub async fn offer(
        &self,
        shop: &Shop,
        by: DeviceId,
        staff: StaffId,
    ) -> std::result::Result<(String, Moment, bool), Refusal> {
        self.roll(shop.shop).await?;
        let Some(name) = self.owner_named(shop.shop, staff).await? else {
            return Err(Refusal::NoOwner);
        };
        let rulings = self.books.rulings(shop.shop).await?;
        let devices = devices_of(shop, &rulings)?;
        let confirmed = speak_for_the_owner(shop.founder, &rulings, &devices).contains(&by);
        let life = if confirmed { OFFER_MS } else { WAITING_MS };
        let code = word(&random::<16>()?);
        let offer = Offer {
            code: hash_of("code", &code),
            shop: shop.shop,
            staff,
            name: name.chars().take(80).collect(),
            secret: self.close_secret(shop.shop, staff, &random::<SECRET_BYTES>()?)?,
            until: self.now().plus_ms(life),
            by,
            confirmed,
        };
        self.books.offer(&offer).await?;
        Ok((code, offer.until, confirmed))
    }

    /// What the facts that are here call somebody whom they name as an owner who works there; none when they do not.
    /// While they are read anew it cannot be said: who was let go may stand there as they once were.
    async fn owner_named(&self, shop: ShopId, staff: StaffId) -> Result<Option<String>> {
        let said = async || {
            let words = self.books.words_of(shop, staff.bytes()).await?;
            words.ok_or_else(|| rollups::counted_anew(shop))
        };
        let mut words = said().await?;
        if words.is_empty() {
            // Not everything may have been read, and somebody is thrown out by that.
            let rolled = self.roll(shop).await;
            rolled.map_err(|error| Unavailable(error.to_string()))?;
            words = said().await?;
        }
        let word = |about| {
            let said = words.iter().find(|(one, _)| one == about);
            said.map_or("", |(_, text)| text.as_str())
        };
        let works = word(rollups::STAFF_GONE).is_empty() && word(rollups::STAFF_ACTIVE) != "no";
        let owner = works && word(rollups::STAFF_ROLE) == Role::Owner.as_str();
        Ok(owner.then(|| word(rollups::STAFF_NAME).to_owned()))
    }

    /// Who is offered a login, and the authenticator's secret.
    pub async fn offered(&self, code: &str) -> Answer<Offer> {
        let found = self.books.offered(hash_of("code", code)).await?;
        let mut offer = found
            .filter(|offer| offer.until > self.now())
            .ok_or(NotOwner::NoOffer)?;
        offer.secret = self.open_secret(offer.shop, offer.staff, &offer.secret)?;
        match offer.confirmed {
            true => Ok(offer),
            false => Err(NotOwner::Unconfirmed),
        }
    }

    /// What waits for the yes of an owner who has a login.
    pub async fn waiting_offers(&self, shop: ShopId) -> Answer<Vec<Offer>> {
        let now = self.now();
        let mut waiting = self.books.waiting_offers(shop).await?;
        waiting.retain(|offer| offer.until > now);
        Ok(waiting)
    }

    /// Makes the login, or sets it anew; says the recovery codes, which are shown once.
    pub async fn enrol(
        &self,
        code: &str,
        login: &str,
        password: &str,
        shown: &str,
        site: IpAddr,
    ) -> Answer<(Owner, Vec<String>)> {
        let offer = self.offered(code).await?;
        let login = login_of(login)?;
        check_password(password, &login).map_err(|_| NotOwner::PasswordShape)?;
        let step = self.step_of(&offer.secret, shown).ok_or(NotOwner::Wrong)?;
        let owner = Owner {
            login,
            shop: offer.shop,
            staff: offer.staff,
            name: offer.name,
            password: hashed(self.signing_in.turn(site).await?, password.to_owned()).await?,
            secret: self.close_secret(offer.shop, offer.staff, &offer.secret)?,
            step,
            failures: 0,
            wait_until: Moment(0),
        };
        let codes = (0..RECOVERY_CODES)
            .map(|_| Ok(word(&random::<RECOVERY_BYTES>()?)))
            .collect::<Result<Vec<String>>>()?;
        let hashes: Vec<[u8; 32]> = codes.iter().map(|code| hash_of("recovery", code)).collect();
        match self.books.enrol(offer.code, &owner, &hashes).await? {
            true => Ok((owner, codes)),
            false => Err(NotOwner::LoginTaken),
        }
    }

    /// The step at which the authenticator shows these digits: now, or one before or after.
    fn step_of(&self, secret: &[u8], shown: &str) -> Option<i64> {
        match look(secret, shown, self.now())? {
            Digits::Right { step } => Some(step),
            Digits::AnotherTime { .. } => None,
        }
    }

    /// Password and authenticator, or password and a recovery code.
    pub async fn sign_in(&self, login: &str, password: &str, shown: &str, site: IpAddr) -> Answer<Owner> {
        let login = login_of(login).map_err(|_| NotOwner::Wrong)?;
        let now = self.now();
        let turn = self.signing_in.turn(site).await?;
        self.tries.count(&login, site, now)?;
        let Some(owner) = self.counted(&login, now).await? else {
            // As much work as for a login that there is.
            hashed(turn, password.chars().take(200).collect()).await?;
            return Err(NotOwner::Wrong);
        };
        // As much work for one that is too long to be anybody's.
        let short = password.len() <= 1000;
        let tried = if short { password } else { "" }.to_owned();
        if !matches(turn, owner.password.clone(), tried).await? || !short {
            return Err(NotOwner::Wrong);
        }
        let secret = self.open_secret(owner.shop, owner.staff, &owner.secret)?;
        let proven = match self.step_of(&secret, shown) {
            Some(step) => self.books.use_step(&login, step).await?,
            None => {
                self.books
                    .use_recovery(&login, hash_of("recovery", shown))
                    .await?
            }
        };
        if !proven {
            return Err(NotOwner::Wrong);
        }
        self.tries.right(&login, site);
        self.books.count_try(&owner, 0, Moment(0)).await?;
        match self.owner_named(owner.shop, owner.staff).await? {
            Some(_) => Ok(owner),
            None => Err(NotOwner::NoOwner),
        }
    }

    /// Whose login this is, once the try is counted: before it is known to be wrong, so that many at once are many.
    async fn counted(&self, login: &str, now: Moment) -> Answer<Option<Owner>> {
        for _ in 0..TOGETHER {
            let Some(owner) = self.books.owner(login).await? else {
                return Ok(None);
            };
            if owner.wait_until > now {
                return Err(NotOwner::Wait {
                    ms: owner.wait_until.0 - now.0,
                });
            }
            let (left, since) = left_of(&owner, now);
            let failures = left.saturating_add(1);
            let wait_until = match wait_ms(failures, FREE_TRIES_IN_ALL) {
                0 => since,
                wait => now.plus_ms(wait),
            };
            if self.books.count_try(&owner, failures, wait_until).await? {
                return Ok(Some(Owner {
                    failures,
                    wait_until,
                    ..owner
                }));
            }
        }
        Err(NotOwner::Wait { ms: 1000 })
    }

    /// Opens a session; says its secret.
    pub async fn open_session(&self, login: &str, agent: &str) -> Answer<(String, Session)> {
        let (token, id) = (word(&random::<40>()?), random::<16>()?);
        let now = self.now();
        let session = Session {
            id,
            login: login.to_owned(),
            token: token_hash(&token),
            previous: [0; 32],
            created: now,
            rotated: now,
            agent: agent.chars().take(200).collect(),
        };
        self.books.open_session(&session).await?;
        Ok((token, session))
    }

    /// Who shows this secret, and the secret that they show from now on, if it is time for another.
    pub async fn session(&self, token: &str) -> Answer<(Owner, Session, Option<String>)> {
        let hash = token_hash(token);
        let now = self.now();
        let found = self.books.session(hash).await?;
        let mut session = found.ok_or(NotOwner::SignedOut)?;
        let since = now.0.saturating_sub(session.rotated.0);
        let old = session.token != hash && since > GRACE_MS;
        if old || since > IDLE_MS || now.0.saturating_sub(session.created.0) > LONGEST_MS {
            // An old secret that comes back was copied: nobody goes on with it.
            self.books.end_sessions(&session.login, Some(session.id)).await?;
            return Err(NotOwner::SignedOut);
        }
        let owner = self
            .books
            .owner(&session.login)
            .await?
            .ok_or(NotOwner::SignedOut)?;
        if self.owner_named(owner.shop, owner.staff).await?.is_none() {
            // Whoever is no owner any more is out at once.
            self.books.end_sessions(&session.login, None).await?;
            return Err(NotOwner::SignedOut);
        }
        let mut fresh = None;
        if since > ROTATE_MS {
            let next = word(&random::<40>()?);
            if self.books.rotate(&session, token_hash(&next), now).await? {
                session.previous = session.token;
                session.token = token_hash(&next);
                session.rotated = now;
                fresh = Some(next);
            }
        }
        Ok((owner, session, fresh))
    }
}

/// The wrong tries of all sites that still count. They fade, so that one site, which has to wait each time, never makes
/// them many. Also since when the next one fades: the wait for the last one began then.
fn left_of(owner: &Owner, now: Moment) -> (u32, Moment) {
    let since = owner.wait_until.0 - wait_ms(owner.failures, FREE_TRIES_IN_ALL);
    let faded = now.0.saturating_sub(since).max(0) / FADES_MS;
    let left = owner
        .failures
        .saturating_sub(u32::try_from(faded).unwrap_or(u32::MAX));
    match left {
        0 => (0, now),
        _ => (left, Moment(since + faded * FADES_MS).min(now)),
    }
}

/// The turn ends with the work: it goes on when nobody waits for the answer any more.
async fn hashed(turn: Turn, password: String) -> Result<String> {
    let work = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
    });
    work.await
        .map_err(|e| Unavailable(e.to_string()))?
        .map_err(|e| Unavailable(e.to_string()))
}

async fn matches(turn: Turn, hash: String, password: String) -> Result<bool> {
    let work = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        PasswordHash::new(&hash).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        })
    });
    work.await.map_err(|e| Unavailable(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_however_they_are_typed_and_each_purpose_has_its_own() {
        let typed = hash_of("code", "abcd-efgh 2345");
        assert_eq!(typed, hash_of("code", "ABCDEFGH2345"));
        assert_ne!(typed, hash_of("recovery", "ABCDEFGH2345"));
    }
}
