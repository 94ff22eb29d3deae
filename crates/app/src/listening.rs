//! Who listens, by what, and until when: sessions that a link let in, passes of screens, and the end of each.

use crate::{
    Code, Result, Shop,
    device_links::{LinkHolder, LinkKey},
    display::Screen,
    letters::hex,
};
use domain::{
    device::LinkPurpose,
    ids::{SeatId, SessionId},
    time::Moment,
};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How long a screen that was opened from another machine's browser goes on: a long working day.
const PASS_MS: i64 = 16 * 60 * 60_000;
/// Passes that hold at the same time; the one that ends first gives way.
const MOST_PASSES: usize = 200;

/// Who is signed in by a link: in memory, so that no request of theirs has to look the link up. News of links are told
/// to it, and the end that a link has by itself it knows.
#[derive(Default)]
pub(crate) struct Linked(Mutex<HashMap<SessionId, ByLink>>);

#[derive(Clone, Copy)]
struct ByLink {
    by: LinkKey,
    until_ms: Option<i64>,
}

impl Linked {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, ByLink>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By what somebody listens, and with what they hear no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listens {
    /// This device's own screens.
    Always,
    Session(SessionId),
    Link(LinkKey),
    Pass(Pass),
}

/// What opens one screen in a browser of another machine, for a day at most. Its secret's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pass([u8; 32]);

impl Pass {
    fn of(secret: &str) -> Pass {
        Pass(*blake3::hash(secret.as_bytes()).as_bytes())
    }
}

struct Held {
    screen: Screen,
    seat: SeatId,
    until_ms: i64,
    /// Whoever asked for it came by this link, and it goes with the link.
    link: Option<LinkKey>,
}

/// In memory, as sessions are: a restart asks for new ones.
#[derive(Default)]
pub(crate) struct Passes(Mutex<HashMap<Pass, Held>>);

impl Passes {
    fn lock(&self) -> MutexGuard<'_, HashMap<Pass, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shop {
    /// A secret for one screen of this seat, for as long as a day and the link last by which its session came.
    pub(crate) fn give_pass(&self, session: SessionId, seat: SeatId, screen: Screen) -> String {
        let now = self.edges.now();
        let secret = format!("{}.{seat}.{}", screen.as_str(), hex(&self.edges.random::<16>()));
        let by = self.linked.lock().get(&session).copied();
        let ends = by.and_then(|one| one.until_ms).unwrap_or(i64::MAX);
        let held = Held {
            screen,
            seat,
            until_ms: now.0.saturating_add(PASS_MS).min(ends),
            link: by.map(|one| one.by),
        };
        let mut passes = self.passes.lock();
        passes.retain(|_, held| now.0 < held.until_ms);
        if passes.len() >= MOST_PASSES
            && let Some(first) = passes
                .iter()
                .min_by_key(|(_, held)| held.until_ms)
                .map(|(pass, _)| *pass)
        {
            passes.remove(&first);
        }
        passes.insert(Pass::of(&secret), held);
        secret
    }

    /// The screen that this secret opens, while it does.
    pub(crate) fn pass_for(&self, secret: &str, screen: Screen) -> Option<(SeatId, Pass)> {
        let (pass, now) = (Pass::of(secret), self.edges.now());
        let passes = self.passes.lock();
        let held = passes.get(&pass)?;
        (held.screen == screen && now.0 < held.until_ms).then_some((held.seat, pass))
    }

    fn pass_holds(&self, pass: Pass, now: Moment) -> bool {
        self.passes
            .lock()
            .get(&pass)
            .is_some_and(|held| now.0 < held.until_ms)
    }

    /// Whether somebody may go on listening.
    pub fn may_listen(&self, by: Listens) -> Result<bool> {
        Ok(match by {
            Listens::Always => true,
            Listens::Session(session) => self.is_signed_in(session) && self.check_link_of(session).is_ok(),
            Listens::Link(by) => self.link_holds(by)?,
            Listens::Pass(pass) => self.pass_holds(pass, self.edges.now()),
        })
    }

    /// Whoever signed in at a phone that a link let in is signed in as long as the link holds.
    pub fn signed_in_by_link(&self, session: SessionId, holder: &LinkHolder) -> Result<()> {
        if holder.purpose != LinkPurpose::Phone {
            return Ok(());
        }
        let (by, until_ms) = (holder.by, holder.until_ms);
        self.linked.lock().insert(session, ByLink { by, until_ms });
        // It may have ended while the PIN was looked at, when nobody was here yet to be told.
        match self.link_holds(by)? {
            true => Ok(()),
            false => self.goes_with_link(session),
        }
    }

    /// Signs somebody out whose link is over.
    fn goes_with_link(&self, session: SessionId) -> Result<()> {
        self.linked.lock().remove(&session);
        match self.end_session(session) {
            // They may have gone meanwhile, which is all the same.
            Err(error) if error.code != Code::NotFound => Err(error),
            _ => Err(Code::SignedOut.into()),
        }
    }

    /// Looks at no disk: it is asked with every request.
    pub(crate) fn check_link_of(&self, session: SessionId) -> Result<()> {
        let linked = self.linked.lock().get(&session).copied();
        let now = self.edges.now();
        match linked.and_then(|one| one.until_ms) {
            Some(until) if now.0 >= until => self.goes_with_link(session),
            _ => Ok(()),
        }
    }

    /// After news of links: who came by one that ended goes, and every screen looks again.
    pub(crate) fn check_links(&self) -> Result<()> {
        let linked: Vec<(SessionId, ByLink)> = {
            let mut linked = self.linked.lock();
            linked.retain(|session, _| self.is_signed_in(*session));
            linked.iter().map(|(session, one)| (*session, *one)).collect()
        };
        for (session, one) in linked {
            if !self.link_holds(one.by)?
                && let Err(error) = self.goes_with_link(session)
                && error.code != Code::SignedOut
            {
                return Err(error);
            }
        }
        let lent: Vec<(Pass, LinkKey)> = {
            let passes = self.passes.lock();
            let lent = passes.iter();
            lent.filter_map(|(pass, held)| Some((*pass, held.link?)))
                .collect()
        };
        for (pass, by) in lent {
            if !self.link_holds(by)? {
                self.passes.lock().remove(&pass);
            }
        }
        self.live.tell("link", None);
        self.live.tell("board", None);
        Ok(())
    }
}
