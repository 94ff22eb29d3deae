//! Which device decides for a branch: terms, votes and a lease. Clocks, disks and networks stay outside.
//!
//! One device is elected for a term by a majority of the voters, each of which votes once a term and writes that down
//! before it answers. Who leads may grant only while a majority has acknowledged beats that it *sent* within
//! [`LEASE_MS`]; who acknowledged a beat votes for nobody else for [`SILENCE_MS`], so a lease is over before another
//! can be elected, even between clocks of which one runs twice as fast. A device that was started anew keeps that
//! silence too, for it no longer knows what it acknowledged.
//!
//! The voters are the branch's devices that have met the one that leads. They change one at a time, and only once a
//! majority has the change before it: so any two majorities share a device. Two devices can outvote nobody: there only
//! the owner's appointment makes another one lead, and it grants once the other one has agreed. A shut-out device
//! counts as a voter, without a vote, until the others have agreed to count it out, or the owner appoints.

use crate::ids::DeviceId;
use std::collections::{BTreeMap, BTreeSet};

#[cfg(test)]
mod simulation;

/// How long a majority's acknowledgement lets the leader grant, from when it asked.
pub const LEASE_MS: u64 = 5_000;
/// How long a device believes in a leader that it no longer hears.
pub const SILENCE_MS: u64 = 10_000;
/// How much longer some wait than others before they ask for votes.
pub const SPREAD_MS: u64 = 2_000;
/// How often a leader is heard.
pub const BEAT_MS: u64 = 1_000;
/// No election of a shop comes near it; who speaks of more is not listened to.
pub const MOST_TERM: u64 = 1 << 62;
/// How far above its own term a device hears one: no device alone takes the others to where no term is left.
pub const MOST_AHEAD: u64 = 1 << 20;
/// The same for an appointment: whoever wrote it may have heard others that far ahead.
pub const MOST_AHEAD_APPOINTED: u64 = 2 * MOST_AHEAD;
/// A wall clock that falls behind the steady one by more than this was set back.
const SET_BACK_MS: i64 = 500;
/// How long a candidate waits for votes.
const CAMPAIGN_MS: u64 = 1_500;

/// A device's two clocks. The steady one never falls but may stand still while the machine sleeps; the wall's jumps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    pub steady_ms: u64,
    pub wall_ms: i64,
}

impl Clocks {
    /// The most that may have passed: a lease ends by whichever clock says so first.
    pub fn most_since(self, earlier: Clocks) -> u64 {
        let wall = u64::try_from(self.wall_ms.saturating_sub(earlier.wall_ms)).unwrap_or(0);
        self.steady_since(earlier).max(wall)
    }

    /// The least that passed: what others were promised ends by the steady clock alone.
    fn steady_since(self, earlier: Clocks) -> u64 {
        self.steady_ms.saturating_sub(earlier.steady_ms)
    }
}

/// Whose votes count, and which change of that list this is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Voters {
    pub term: u64,
    pub change: u64,
    pub devices: BTreeSet<DeviceId>,
}

/// The age of a list of voters: the term in which it was made, and how many were made in it before.
pub type Age = (u64, u64);

impl Voters {
    pub fn age(&self) -> Age {
        (self.term, self.change)
    }

    fn have_majority(&self, mut says_yes: impl FnMut(DeviceId) -> bool) -> bool {
        let yes = self.devices.iter().filter(|device| says_yes(**device)).count();
        yes * 2 > self.devices.len()
    }
}

/// What must be on the disk before anybody is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub term: u64,
    pub voted: Option<DeviceId>,
    /// This device leads the term.
    pub won: bool,
    /// Nobody can be elected without this device's vote, so it needs nobody's lease.
    pub needed: bool,
    pub voters: Voters,
}

/// The owner's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appointed {
    pub device: DeviceId,
    pub term: u64,
}

/// What the shop's facts say of the branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branch {
    /// The branch's first device: it leads until somebody else does.
    pub first: Option<DeviceId>,
    /// Admitted, and not shut out.
    pub members: BTreeSet<DeviceId>,
    pub appointed: Option<Appointed>,
}

/// What one device asks another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// I lead.
    Beat { term: u64, voters: Voters },
    /// I want to.
    Vote {
        term: u64,
        age: Age,
        /// Asks only what the answer would be: an election that cannot be won disturbs nobody.
        trial: bool,
        /// The owner said so.
        appointed: bool,
        /// The leader of that term said that it stepped down.
        released: Option<u64>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub yes: bool,
    pub term: u64,
    /// The list of voters, where the asker's is older; only its age where it is not.
    pub age: Age,
    pub voters: Option<Voters>,
    /// The last term that this device led and has given up.
    pub released: Option<u64>,
}

/// How a device stands in its branch just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It leads; without `holds` it has lost the others, and grants like a counter alone.
    Leads {
        holds: bool,
    },
    Follows(DeviceId),
    /// Nobody is heard.
    Nobody,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    leader: DeviceId,
    term: u64,
    at: Clocks,
}

#[derive(Clone, Debug)]
struct Campaign {
    term: u64,
    trial: bool,
    /// Wants to know which terms the others are in, and is no candidate.
    only_asks: bool,
    appointed: bool,
    yes: BTreeSet<DeviceId>,
    released: Option<u64>,
    since: Clocks,
}

#[derive(Clone, Copy, Debug)]
struct Acknowledged {
    /// When the last one was sent that it answered.
    sent: Option<Clocks>,
    age: Age,
}

/// One device's part in it.
#[derive(Clone, Debug)]
pub struct Lead {
    me: DeviceId,
    kept: Kept,
    branch: Branch,
    started: Clocks,
    /// The term at the start: a promise that is forgotten was given to whoever led it, or one before it.
    started_in: u64,
    looked: Clocks,
    heard: Option<Heard>,
    /// Since when there was nothing to wait for but silence.
    quiet_since: Clocks,
    patience_ms: u64,
    campaign: Option<Campaign>,
    acknowledged: BTreeMap<DeviceId, Acknowledged>,
    /// The highest term that anybody spoke of.
    seen: u64,
    /// The highest that each of the others spoke of, heard or not.
    spoken: BTreeMap<DeviceId, u64>,
    asked_around: Option<Clocks>,
    released: Option<u64>,
    /// An appointed device asked for that term: leaders of older ones are not followed meanwhile.
    barred: Option<(u64, Clocks)>,
    #[cfg(test)]
    bug: Option<simulation::Bug>,
}

/// A rule that a test takes out, to see that it is missed.
macro_rules! without {
    ($self:ident, $bug:ident) => {{
        #[cfg(test)]
        let broken = $self.bug == Some(simulation::Bug::$bug);
        #[cfg(not(test))]
        let broken = false;
        broken
    }};
}

/// Silence, and a little more, not the same for every device.
fn first_patience(me: DeviceId) -> u64 {
    SILENCE_MS + u64::from(me.bytes()[15]) * SPREAD_MS / 255
}

impl Lead {
    pub fn new(me: DeviceId, kept: Option<Kept>, branch: Branch, now: Clocks) -> Lead {
        let kept = kept.unwrap_or_default();
        let mut lead = Lead {
            me,
            started_in: kept.term,
            kept,
            branch: Branch::default(),
            started: now,
            looked: now,
            heard: None,
            quiet_since: now,
            patience_ms: first_patience(me),
            campaign: None,
            acknowledged: BTreeMap::new(),
            seen: 0,
            spoken: BTreeMap::new(),
            asked_around: None,
            released: None,
            barred: None,
            #[cfg(test)]
            bug: None,
        };
        lead.know(branch);
        lead
    }

    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    pub fn branch(&self) -> &Branch {
        &self.branch
    }

    /// A term above all that were heard of, for an appointment.
    pub fn next_term(&self) -> u64 {
        let appointed = self.branch.appointed.map_or(0, |one| one.term);
        self.kept.term.max(self.seen).max(appointed).saturating_add(1)
    }

    /// The facts say something else now.
    pub fn know(&mut self, branch: Branch) {
        self.branch = branch;
        if self.kept.term == 0 {
            // The first term needs no election: all devices know from the facts whose it is.
            let mine = self.branch.first == Some(self.me);
            if mine && !self.kept.won {
                self.kept.won = true;
                self.kept.needed = true;
            }
            if !mine && self.kept.won {
                (self.kept.won, self.kept.needed) = (false, false);
                self.kept.voters = Voters::default();
            }
            if self.kept.voters.devices.is_empty() {
                self.kept.voters.devices.extend(self.branch.first);
            }
        }
        if !self.branch.members.contains(&self.me) {
            self.step_down();
        }
        let members = &self.branch.members;
        self.acknowledged.retain(|device, _| members.contains(device));
        self.spoken.retain(|device, _| members.contains(device));
        let near = self.reached().saturating_add(MOST_AHEAD_APPOINTED);
        self.branch.appointed = self
            .branch
            .appointed
            .filter(|one| one.term <= near.min(MOST_TERM));
    }

    /// The term that this device is in, or that more than half of the others speak of: a device that was away, or is
    /// new, hears them however far they came.
    fn reached(&self) -> u64 {
        let others = self.branch.members.iter().filter(|device| **device != self.me);
        let mut spoken: Vec<u64> = others
            .map(|device| self.spoken.get(device).copied().unwrap_or(0))
            .collect();
        spoken.sort_unstable_by(|one, other| other.cmp(one));
        let most = spoken.get(spoken.len() / 2).copied().unwrap_or(0);
        // Of two devices each believes the other, but not all the way.
        self.kept.term.max(most.min(MOST_TERM / 2))
    }

    fn hears_of(&self, term: u64) -> bool {
        term <= self.reached().saturating_add(MOST_AHEAD).min(MOST_TERM)
    }

    fn spoke(&mut self, from: DeviceId, term: u64) {
        if self.branch.members.contains(&from) {
            let highest = self.spoken.entry(from).or_insert(term);
            *highest = term.max(*highest);
        }
    }

    pub fn standing(&self, now: Clocks) -> Standing {
        if !self.branch.members.contains(&self.me) {
            return Standing::Nobody;
        }
        if self.branch.members.len() == 1 {
            return Standing::Leads { holds: true };
        }
        if self.kept.won {
            return Standing::Leads {
                holds: self.kept.needed || self.lease(now),
            };
        }
        match self.heard {
            Some(heard)
                if heard.term == self.kept.term
                    && now.steady_since(heard.at) < SILENCE_MS
                    && self.branch.members.contains(&heard.leader) =>
            {
                Standing::Follows(heard.leader)
            }
            _ => Standing::Nobody,
        }
    }

    /// Whether a majority acknowledged what was sent a short while ago.
    fn lease(&self, now: Clocks) -> bool {
        self.kept.voters.have_majority(|device| {
            device == self.me
                || self
                    .acknowledged
                    .get(&device)
                    .and_then(|one| one.sent)
                    .is_some_and(|sent| match without!(self, SleepUnnoticed) {
                        true => now.steady_since(sent) < LEASE_MS,
                        false => now.most_since(sent) < LEASE_MS,
                    })
        })
    }

    /// The members that acknowledged a beat within the lease.
    pub fn hears(&self, now: Clocks) -> BTreeSet<DeviceId> {
        self.acknowledged
            .iter()
            .filter(|(_, one)| one.sent.is_some_and(|sent| now.most_since(sent) < LEASE_MS))
            .map(|(device, _)| *device)
            .collect()
    }

    /// What to ask every other device just now.
    pub fn ask(&self) -> Option<Ask> {
        if self.kept.won {
            return Some(Ask::Beat {
                term: self.kept.term,
                voters: self.kept.voters.clone(),
            });
        }
        self.campaign.as_ref().map(|campaign| Ask::Vote {
            term: campaign.term,
            age: self.kept.voters.age(),
            trial: campaign.trial,
            appointed: campaign.appointed,
            released: campaign.released,
        })
    }

    /// Time passes. `dice` is any number; it spreads the elections.
    pub fn tick(&mut self, now: Clocks, dice: u64) {
        // A wall clock that was set back would hide that the machine sleeps after it: the lease is earned anew.
        let wall = now.wall_ms.saturating_sub(self.looked.wall_ms);
        let steady = i64::try_from(now.steady_since(self.looked)).unwrap_or(i64::MAX);
        if wall.saturating_add(SET_BACK_MS) < steady {
            for one in self.acknowledged.values_mut() {
                one.sent = None;
            }
        }
        self.looked = now;
        if !self.branch.members.contains(&self.me) {
            return;
        }
        if self.kept.won {
            self.look_after_voters(now);
            return;
        }
        if let Some(campaign) = &self.campaign {
            if now.steady_since(campaign.since) < CAMPAIGN_MS {
                return;
            }
            if !campaign.only_asks {
                self.quiet_since = now;
                // The silence was waited for already.
                self.patience_ms = 300 + dice % SPREAD_MS;
            }
            self.campaign = None;
        }
        let appointed = self.is_appointed();
        if !appointed && !self.may_campaign(now) {
            self.ask_around(now);
            return;
        }
        let term = match self.branch.appointed {
            Some(one) if appointed => one.term,
            _ => self.kept.term.max(self.seen).saturating_add(1),
        };
        if appointed {
            self.barred = Some((term, now));
        }
        self.campaign = Some(Campaign {
            term,
            trial: !(appointed && self.kept.term == term),
            only_asks: false,
            appointed,
            yes: BTreeSet::new(),
            released: None,
            since: now,
        });
        self.count(now);
    }

    /// Somebody speaks of a term too far to be heard: whoever hears no leader asks all the others where they are.
    fn ask_around(&mut self, now: Clocks) {
        let silent = |since: Clocks| now.steady_since(since) >= SILENCE_MS;
        let alone = self.heard.is_none_or(|heard| silent(heard.at));
        let far = self.spoken.values().any(|term| !self.hears_of(*term));
        if !(alone && far && self.asked_around.is_none_or(silent)) {
            return;
        }
        self.asked_around = Some(now);
        self.campaign = Some(Campaign {
            term: self.kept.term.saturating_add(1),
            trial: true,
            only_asks: true,
            appointed: false,
            yes: BTreeSet::new(),
            released: None,
            since: now,
        });
    }

    /// The owner chose this device, and nobody was elected since.
    fn is_appointed(&self) -> bool {
        self.branch.appointed.is_some_and(|one| {
            one.device == self.me
                && (one.term > self.kept.term
                    || one.term == self.kept.term && self.kept.voted == Some(self.me))
        })
    }

    fn may_campaign(&mut self, now: Clocks) -> bool {
        let voters = &self.kept.voters.devices;
        if voters.len() < 3 || !voters.contains(&self.me) {
            return false;
        }
        if let Some(heard) = self.heard
            && now.steady_since(heard.at) < SILENCE_MS
        {
            return false;
        }
        now.steady_since(self.quiet_since) >= self.patience_ms
    }

    /// Whether this device may help somebody to lead: it has promised nobody else that it would not.
    fn is_free(&self, for_whom: DeviceId, released: Option<u64>, now: Clocks) -> bool {
        if without!(self, NoPromise) {
            return true;
        }
        let freed = |term: u64| released.is_some_and(|given_up| given_up >= term);
        if let Some(heard) = self.heard
            && heard.leader != for_whom
            && now.steady_since(heard.at) < SILENCE_MS
            && !freed(heard.term)
        {
            return false;
        }
        // What was promised before the start is not known any more, until its leader or a later one is heard.
        now.steady_since(self.started) >= SILENCE_MS
            || self.heard.is_some_and(|heard| heard.term >= self.started_in)
            || self.kept.voters.devices.len() == 1
            || freed(self.started_in)
            || without!(self, NoPauseAfterStart)
    }

    /// A question of another device. What [`Lead::kept`] says must be on the disk before the answer leaves.
    pub fn hear(&mut self, from: DeviceId, ask: &Ask, now: Clocks) -> Answer {
        let (Ask::Beat { term, .. } | Ask::Vote { term, .. }) = ask;
        self.spoke(from, *term);
        let yes = self.hears_of(*term)
            && self.branch.members.contains(&from)
            && self.branch.members.contains(&self.me)
            && from != self.me
            && match ask {
                Ask::Beat { term, voters } => self.hear_beat(from, *term, voters, now),
                Ask::Vote {
                    term,
                    age,
                    trial,
                    appointed,
                    released,
                } => self.hear_candidate(from, *term, *age, *trial, *appointed, *released, now),
            };
        let age = self.kept.voters.age();
        let theirs = match ask {
            Ask::Beat { voters, .. } => voters.age(),
            Ask::Vote { age, .. } => *age,
        };
        Answer {
            yes,
            term: self.kept.term,
            age,
            voters: (age > theirs).then(|| self.kept.voters.clone()),
            released: self.released,
        }
    }

    fn hear_beat(&mut self, from: DeviceId, term: u64, voters: &Voters, now: Clocks) -> bool {
        self.seen = self.seen.max(term);
        let barred = self
            .barred
            .is_some_and(|(by, at)| term < by && now.steady_since(at) < 2 * SILENCE_MS);
        if term < self.kept.term || (term == self.kept.term && self.kept.won) || barred {
            return false;
        }
        // Nobody but the first may lead the first term.
        if term == 0 && self.branch.first != Some(from) {
            return false;
        }
        if term > self.kept.term {
            self.enter(term, None);
        }
        if voters.age() > self.kept.voters.age() && self.hears_of(voters.term) {
            self.kept.voters = voters.clone();
        }
        self.campaign = None;
        self.heard = Some(Heard {
            leader: from,
            term,
            at: now,
        });
        self.quiet_since = now;
        self.patience_ms = first_patience(self.me);
        true
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of one question")]
    fn hear_candidate(
        &mut self,
        from: DeviceId,
        term: u64,
        age: Age,
        trial: bool,
        appointed: bool,
        released: Option<u64>,
        now: Clocks,
    ) -> bool {
        self.seen = self.seen.max(term.min(self.kept.term.saturating_add(1)));
        if term == self.kept.term && !trial && self.kept.voted == Some(from) {
            return true;
        }
        let voted = self.kept.voted.is_some() || self.kept.won;
        if term < self.kept.term || term == self.kept.term && voted && !without!(self, TwoVotes) {
            return false;
        }
        if age < self.kept.voters.age() && !without!(self, OldVoters) {
            return false;
        }
        if appointed {
            self.barred = Some((term, now));
        }
        if self.kept.won {
            let holds = self.standing(now) == Standing::Leads { holds: true };
            if holds && !appointed && !without!(self, NoPromise) {
                return false;
            }
        } else if !(self.is_free(from, released, now) || trial && appointed) {
            return false;
        }
        if trial {
            return true;
        }
        self.enter(term, Some(from));
        self.quiet_since = now;
        true
    }

    /// A later term, led by somebody else or by nobody yet.
    fn enter(&mut self, term: u64, voted: Option<DeviceId>) {
        self.step_down();
        self.kept.term = term;
        self.kept.voted = voted;
        self.seen = self.seen.max(term);
        self.campaign = None;
    }

    fn step_down(&mut self) {
        if self.kept.won {
            self.released = Some(self.kept.term);
        }
        (self.kept.won, self.kept.needed) = (false, false);
        self.acknowledged.clear();
    }

    /// The answer to what [`Lead::ask`] said at `sent`.
    pub fn answered(&mut self, from: DeviceId, asked: &Ask, sent: Clocks, answer: &Answer, now: Clocks) {
        if !self.branch.members.contains(&from) || from == self.me {
            return;
        }
        self.spoke(from, answer.term);
        let heard = self.hears_of(answer.term);
        if heard {
            self.seen = self.seen.max(answer.term);
        }
        match asked {
            Ask::Beat { term, .. } => {
                if !self.kept.won || *term != self.kept.term {
                    return;
                }
                if answer.term > self.kept.term && heard {
                    self.enter(answer.term, None);
                    self.quiet_since = now;
                    return;
                }
                if !answer.yes {
                    return;
                }
                let sent = match without!(self, LeaseFromAnswer) {
                    true => now,
                    false => sent,
                };
                let one = self.acknowledged.entry(from).or_insert(Acknowledged {
                    sent: None,
                    age: answer.age,
                });
                // What was sent before the clock was set back counts no more.
                let set_back = sent.wall_ms > now.wall_ms;
                if !set_back && one.sent.is_none_or(|before| before.steady_ms <= sent.steady_ms) {
                    one.sent = Some(sent);
                }
                one.age = one.age.max(answer.age);
                self.look_after_voters(now);
            }
            Ask::Vote { term, trial, .. } => {
                if let Some(newer) = &answer.voters
                    && newer.age() > self.kept.voters.age()
                    && !self.kept.won
                    && self.hears_of(newer.term)
                    && !without!(self, OldVoters)
                {
                    self.kept.voters = newer.clone();
                    self.campaign = None;
                }
                let Some(campaign) = &mut self.campaign else {
                    return;
                };
                if campaign.term != *term || campaign.trial != *trial {
                    return;
                }
                campaign.released = campaign.released.max(answer.released);
                if answer.yes {
                    campaign.yes.insert(from);
                }
                self.count(now);
            }
        }
    }

    /// Whether the votes are enough.
    fn count(&mut self, now: Clocks) {
        let Some(mut campaign) = self.campaign.take() else {
            return;
        };
        if campaign.only_asks {
            self.campaign = Some(campaign);
            return;
        }
        // Its own vote is bound by what it promised, like any other.
        if campaign.trial || self.is_free(self.me, campaign.released, now) {
            campaign.yes.insert(self.me);
        }
        let mut voters = self.kept.voters.clone();
        if campaign.appointed {
            // The owner's word counts out who was shut out.
            voters
                .devices
                .retain(|device| self.branch.members.contains(device));
            if voters.devices.is_empty() {
                voters.devices.insert(self.me);
            }
        }
        let enough = match without!(self, HalfIsEnough) {
            true => campaign.yes.len() * 2 >= voters.devices.len(),
            false => voters.have_majority(|device| campaign.yes.contains(&device)),
        };
        match (enough, campaign.trial) {
            (false, _) => self.campaign = Some(campaign),
            (true, true) => {
                if self.kept.term < campaign.term {
                    self.enter(campaign.term, Some(self.me));
                }
                self.campaign = Some(Campaign {
                    trial: false,
                    yes: BTreeSet::new(),
                    since: now,
                    ..campaign
                });
                self.count(now);
            }
            (true, false) => {
                self.kept.won = true;
                self.kept.needed = voters.devices.iter().all(|device| *device == self.me);
                self.kept.voters = Voters {
                    term: self.kept.term,
                    change: 0,
                    devices: voters.devices,
                };
                self.heard = None;
                self.acknowledged.clear();
            }
        }
    }

    /// Counts devices in and out, one at a time, each once a majority has the list before it.
    fn look_after_voters(&mut self, now: Clocks) {
        let age = self.kept.voters.age();
        let has_it = |device: DeviceId| {
            device == self.me || self.acknowledged.get(&device).is_some_and(|one| one.age >= age)
        };
        if !self.kept.voters.have_majority(has_it) && !without!(self, ManyChanges) {
            return;
        }
        let devices = &self.kept.voters.devices;
        if devices.len() <= 2 && devices.contains(&self.me) && !self.kept.needed {
            self.kept.needed = true;
        }
        let out = devices
            .iter()
            .find(|device| !self.branch.members.contains(device))
            .copied();
        let met = |device: &&DeviceId| {
            **device == self.me
                || self
                    .acknowledged
                    .get(device)
                    .and_then(|one| one.sent)
                    .is_some_and(|sent| now.most_since(sent) < LEASE_MS)
        };
        let into = self
            .branch
            .members
            .iter()
            .filter(|device| !devices.contains(device))
            .find(met)
            .copied();
        let mut devices = devices.clone();
        match (out, into) {
            (Some(out), _) => devices.remove(&out),
            (None, Some(into)) => devices.insert(into),
            (None, None) => return,
        };
        self.kept.needed = self.kept.needed && devices.len() <= 2 || without!(self, NeededForEver);
        self.kept.voters.change += 1;
        self.kept.voters.devices = devices;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Uuid;

    fn id(n: u8) -> DeviceId {
        DeviceId::from_uuid(Uuid::from_bytes([n; 16]))
    }

    fn at(steady_ms: u64) -> Clocks {
        Clocks {
            steady_ms,
            wall_ms: i64::try_from(steady_ms).unwrap_or(0),
        }
    }

    fn branch(count: u8) -> Branch {
        Branch {
            first: Some(id(1)),
            members: (1..=count).map(id).collect(),
            appointed: None,
        }
    }

    fn devices(count: u8) -> Vec<Lead> {
        (1..=count)
            .map(|n| Lead::new(id(n), None, branch(count), at(0)))
            .collect()
    }

    /// Everybody that is on asks everybody that is on, again and again.
    fn talk(all: &mut [Lead], on: &[usize], from_ms: u64, to_ms: u64) {
        for now in (from_ms..to_ms).step_by(200).map(at) {
            for asker in on.iter().copied() {
                all[asker].tick(now, now.steady_ms);
                let Some(ask) = all[asker].ask() else { continue };
                for other in on.iter().copied().filter(|other| *other != asker) {
                    let me = all[asker].me;
                    let whom = all[other].me;
                    let answer = all[other].hear(me, &ask, now);
                    all[asker].answered(whom, &ask, now, &answer, now);
                }
            }
        }
    }

    fn standings(all: &[Lead], now: u64) -> Vec<Standing> {
        all.iter().map(|one| one.standing(at(now))).collect()
    }

    const LEADS: Standing = Standing::Leads { holds: true };
    const ALONE: Standing = Standing::Leads { holds: false };

    #[test]
    fn a_branch_of_one_is_its_own() {
        assert_eq!(devices(1)[0].standing(at(0)), LEADS);
    }

    #[test]
    fn of_three_another_takes_over_and_the_one_before_follows_when_it_is_back() {
        let mut all = devices(3);
        talk(&mut all, &[0, 1, 2], 0, 3_000);
        let first = Standing::Follows(id(1));
        assert_eq!(standings(&all, 3_000), [LEADS, first, first]);
        assert_eq!(all[0].kept().voters.devices.len(), 3, "all were counted in");
        talk(&mut all, &[1, 2], 3_000, 8_200);
        assert_eq!(all[0].standing(at(8_200)), ALONE, "nobody answers it");
        assert_eq!(all[1].standing(at(8_200)), first, "they wait in silence");
        talk(&mut all, &[1, 2], 8_200, 24_000);
        let next = usize::from(all[2].standing(at(24_000)) == LEADS) + 1;
        assert_eq!(all[next].standing(at(24_000)), LEADS);
        talk(&mut all, &[0, 1, 2], 24_000, 26_000);
        assert_eq!(all[0].standing(at(26_000)), Standing::Follows(all[next].me));
    }

    #[test]
    fn of_two_only_the_owner_changes_who_leads_and_the_other_must_have_agreed() {
        let mut all = devices(2);
        talk(&mut all, &[0, 1], 0, 3_000);
        talk(&mut all, &[1], 3_000, 60_000);
        assert_eq!(
            all[1].standing(at(60_000)),
            Standing::Nobody,
            "it never takes over by itself"
        );
        assert_eq!(all[0].standing(at(60_000)), LEADS, "the other one goes on");
        let appointed = Branch {
            appointed: Some(Appointed {
                device: id(2),
                term: all[1].next_term(),
            }),
            ..branch(2)
        };
        all[1].know(appointed);
        talk(&mut all, &[1], 60_000, 90_000);
        assert_ne!(
            all[1].standing(at(90_000)),
            LEADS,
            "the first one does not know yet"
        );
        talk(&mut all, &[0, 1], 90_000, 103_000);
        assert_eq!(standings(&all, 103_000), [Standing::Follows(id(2)), LEADS]);
    }

    #[test]
    fn the_owner_appoints_one_of_three_at_once() {
        let mut all = devices(3);
        talk(&mut all, &[0, 1, 2], 0, 3_000);
        let term = all[2].next_term();
        all[2].know(Branch {
            appointed: Some(Appointed { device: id(3), term }),
            ..branch(3)
        });
        talk(&mut all, &[0, 1, 2], 3_000, 5_000);
        let third = Standing::Follows(id(3));
        assert_eq!(standings(&all, 5_000), [third, third, LEADS]);
    }

    #[test]
    fn a_lease_counts_from_the_question_not_from_the_answer() {
        for bug in [None, Some(simulation::Bug::LeaseFromAnswer)] {
            let mut all = devices(3);
            talk(&mut all, &[0, 1, 2], 0, 3_000);
            all[0].bug = bug;
            let ask = all[0].ask().expect("a beat");
            let answers: Vec<Answer> = (1..3).map(|n| all[n].hear(id(1), &ask, at(3_100))).collect();
            for (answer, from) in answers.iter().zip([id(2), id(3)]) {
                all[0].answered(from, &ask, at(3_000), answer, at(12_000));
            }
            // By then the others are about to vote for somebody else.
            let holds = all[0].standing(at(12_000)) == LEADS;
            assert_eq!(holds, bug.is_some(), "the rule that is left out is missed");
        }
    }

    #[test]
    fn wild_terms_and_strangers_change_nothing() {
        let mut lead = devices(3).remove(0);
        let before = lead.kept().clone();
        for term in [u64::MAX, MOST_TERM + 1, MOST_TERM, 1 << 52, MOST_AHEAD + 1] {
            let beat = Ask::Beat {
                term,
                voters: Voters::default(),
            };
            assert!(!lead.hear(id(2), &beat, at(1)).yes);
        }
        let vote = Ask::Vote {
            term: 9,
            age: (9, 9),
            trial: false,
            appointed: true,
            released: None,
        };
        assert!(!lead.hear(id(77), &vote, at(1)).yes, "not of the branch");
        assert_eq!(*lead.kept(), before);
    }

    fn wild(term: u64) -> Ask {
        Ask::Beat {
            term,
            voters: Voters {
                term,
                change: 0,
                devices: BTreeSet::from([id(4)]),
            },
        }
    }

    fn without_the_fourth() -> Branch {
        Branch {
            members: (1..=3).map(id).collect(),
            ..branch(4)
        }
    }

    #[test]
    fn elections_go_on_after_one_device_spoke_of_wild_terms() {
        for term in [MOST_TERM, 1 << 52, MOST_AHEAD] {
            let mut all = devices(4);
            talk(&mut all, &[0, 1, 2], 0, 3_000);
            for lead in &mut all[..3] {
                lead.hear(id(4), &wild(term), at(3_000));
                lead.know(without_the_fourth());
            }
            let next = all[1].next_term();
            for lead in &mut all[..3] {
                lead.know(Branch {
                    appointed: Some(Appointed {
                        device: id(2),
                        term: next,
                    }),
                    ..without_the_fourth()
                });
            }
            talk(&mut all, &[0, 1, 2], 3_000, 40_000);
            let second = Standing::Follows(id(2));
            assert_eq!(standings(&all[..3], 40_000), [second, LEADS, second], "{term}");
        }
    }

    #[test]
    fn an_appointment_far_above_all_terms_is_none() {
        let mut all = devices(3);
        talk(&mut all, &[0, 1, 2], 0, 3_000);
        for term in [MOST_TERM, 1 << 52, MOST_AHEAD_APPOINTED + 1] {
            let device = id(3);
            for lead in &mut all {
                lead.know(Branch {
                    appointed: Some(Appointed { device, term }),
                    ..branch(3)
                });
            }
            talk(&mut all, &[0, 1, 2], 3_000, 5_000);
            assert_eq!(all[0].standing(at(5_000)), LEADS, "{term}");
            assert_eq!(all[2].next_term(), 1, "{term}");
        }
    }

    #[test]
    fn devices_whose_terms_are_wild_already_elect_and_take_others_with_them() {
        let kept = Kept {
            term: 1 << 52,
            voters: Voters {
                term: 1,
                change: 2,
                devices: (1..=3).map(id).collect(),
            },
            ..Kept::default()
        };
        let mut all: Vec<Lead> = (1..=2)
            .map(|n| Lead::new(id(n), Some(kept.clone()), branch(3), at(0)))
            .collect();
        all.push(Lead::new(id(3), None, branch(3), at(0)));
        talk(&mut all, &[0, 1, 2], 0, 60_000);
        let leads = all[..2].iter().filter(|one| one.standing(at(60_000)) == LEADS);
        assert_eq!(leads.count(), 1);
        assert!(
            matches!(all[2].standing(at(60_000)), Standing::Follows(_)),
            "it was away, and hears them"
        );
    }
}
