//! What keeps guessers at the owners' page from getting in, and from keeping others out.
//!
//! Wrong tries are counted by login and site, so that who guesses at one place makes nobody wait at another. That is
//! kept in memory: a restart forgives a site, and the login's own count, which the books keep, goes on. Passwords are
//! checked a few at a time; one site has few of the places before that, and there are not many in all.

use super::{Answer, NotOwner};
use domain::time::Moment;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// After so many wrong tries the next one waits, twice as long each time.
const FREE_TRIES: u32 = 3;
/// Of all sites together. Somebody who guesses from many is held back by their number.
pub(super) const FREE_TRIES_IN_ALL: u32 = 100;
const LONGEST_WAIT_MS: i64 = 15 * 60_000;
/// After so long without another they are forgotten.
const FORGOTTEN_MS: i64 = 86_400_000;
/// How many logins and sites are remembered at most.
const MOST: usize = 100_000;
/// How many passwords are checked at once: each takes memory and a core.
const AT_ONCE: usize = 2;
/// How many wait for that or are checked, and of them from one site.
const MOST_WAITING: u32 = 48;
const MOST_OF_A_SITE: u32 = 4;

/// How long the next try waits.
pub(super) fn wait_ms(failures: u32, free: u32) -> i64 {
    match failures.checked_sub(free) {
        None | Some(0) => 0,
        Some(over) => (1000_i64 << over.min(20)).min(LONGEST_WAIT_MS),
    }
}

#[derive(Default)]
pub(crate) struct Tries(Mutex<HashMap<(String, IpAddr), Tried>>);

struct Tried {
    failures: u32,
    last: Moment,
}

impl Tried {
    fn left(&self, now: Moment) -> i64 {
        let wait = wait_ms(self.failures, FREE_TRIES);
        self.last.plus_ms(wait).0.saturating_sub(now.0).min(wait)
    }
}

impl Tries {
    fn lock(&self) -> MutexGuard<'_, HashMap<(String, IpAddr), Tried>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a try before its outcome is known, so that many at once are many tries. It does not matter whether there
    /// is such a login.
    pub fn count(&self, login: &str, site: IpAddr, now: Moment) -> Answer<()> {
        let mut tries = self.lock();
        if tries.len() >= MOST {
            tries.retain(|_, tried| tried.left(now) > 0);
        }
        let tried = tries.entry((login.to_owned(), site)).or_insert(Tried {
            failures: 0,
            last: now,
        });
        let left = tried.left(now);
        if left > 0 {
            return Err(NotOwner::Wait { ms: left });
        }
        tried.failures = tried.failures.saturating_add(1);
        tried.last = now;
        Ok(())
    }

    pub fn right(&self, login: &str, site: IpAddr) {
        self.lock().remove(&(login.to_owned(), site));
    }

    pub fn forget(&self, now: Moment) {
        let mut tries = self.lock();
        tries.retain(|_, tried| now.0.saturating_sub(tried.last.0) < FORGOTTEN_MS);
        tries.shrink_to_fit();
    }
}

/// The places in which passwords wait to be checked.
pub(crate) struct Turns {
    at_once: Arc<Semaphore>,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    all: u32,
    of: HashMap<IpAddr, u32>,
}

/// Held for as long as the work goes on, also when nobody waits for its answer any more.
pub(super) struct Turn {
    _permit: OwnedSemaphorePermit,
    _place: Place,
}

struct Place {
    waiting: Arc<Mutex<Waiting>>,
    site: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.all = waiting.all.saturating_sub(1);
        if let Some(n) = waiting.of.get_mut(&self.site) {
            *n = n.saturating_sub(1);
            if *n == 0 {
                waiting.of.remove(&self.site);
            }
        }
    }
}

impl Default for Turns {
    fn default() -> Turns {
        Turns {
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::default(),
        }
    }
}

impl Turns {
    pub(super) async fn turn(&self, site: IpAddr) -> Answer<Turn> {
        let place = self.place(site).ok_or(NotOwner::TooMany)?;
        let permit = self.at_once.clone().acquire_owned().await;
        Ok(Turn {
            // It is never closed; if it were, nobody would get in.
            _permit: permit.map_err(|_| NotOwner::TooMany)?,
            _place: place,
        })
    }

    fn place(&self, site: IpAddr) -> Option<Place> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let of = waiting.of.get(&site).copied().unwrap_or(0);
        if waiting.all >= MOST_WAITING || of >= MOST_OF_A_SITE {
            return None;
        }
        waiting.all += 1;
        waiting.of.insert(site, of + 1);
        Some(Place {
            waiting: self.waiting.clone(),
            site,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(n: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, n])
    }

    #[test]
    fn who_guesses_waits_longer_each_time_and_makes_nobody_else_wait() {
        let tries = Tries::default();
        let mut now = Moment(0);
        let mut waits = vec![];
        for _ in 0..20 {
            match tries.count("asha", site(1), now) {
                Ok(()) => waits.push(0),
                Err(NotOwner::Wait { ms }) => {
                    waits.push(ms);
                    now = now.plus_ms(ms);
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(&waits[..9], [0, 0, 0, 0, 2000, 0, 4000, 0, 8000]);
        assert!(matches!(
            tries.count("asha", site(1), now.plus_ms(-9_000_000)),
            Err(NotOwner::Wait { ms }) if ms <= LONGEST_WAIT_MS
        ));
        assert!(tries.count("asha", site(2), now).is_ok(), "another site");
        assert!(tries.count("bela", site(1), now).is_ok(), "another login");
        tries.right("asha", site(1));
        assert!(tries.count("asha", site(1), now).is_ok(), "whoever got in");
        tries.forget(now.plus_ms(FORGOTTEN_MS));
        assert!(tries.lock().is_empty());
    }

    #[tokio::test]
    async fn one_site_takes_few_places_and_gives_them_back() {
        let turns = Turns::default();
        let (first, second) = (turns.turn(site(1)).await, turns.turn(site(1)).await);
        let queued: Vec<_> = (2..MOST_OF_A_SITE).map(|_| turns.place(site(1))).collect();
        assert!(queued.iter().all(Option::is_some));
        assert!(turns.place(site(1)).is_none(), "that is enough of one site");
        let other = turns.place(site(2));
        assert!(other.is_some(), "another is not kept out");
        drop((first, queued));
        assert!(
            turns.turn(site(2)).await.is_ok(),
            "a turn that ended is another's"
        );
        drop((second, other));
        let all: Vec<_> = (0..60).map(|n| turns.place(site(n))).collect();
        let taken = all.iter().filter(|place| place.is_some()).count();
        assert_eq!(taken, 48, "nor do many sites queue without end");
        drop(all);
        let waiting = turns.waiting.lock().expect("whole");
        assert_eq!((waiting.all, waiting.of.len()), (0, 0));
    }
}
