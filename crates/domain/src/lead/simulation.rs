//! Branches whose networks tear, whose clocks run apart, jump and sleep, whose devices die at any point, are admitted,
//! shut out and appointed: at no instant do two devices hold the same branch. Each rule that is taken out is missed.

use super::*;
use crate::Uuid;

/// A rule that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    /// Votes while it still believes in another one.
    NoPromise,
    /// Votes right after a restart, when it does not know what it promised.
    NoPauseAfterStart,
    /// Votes for two in one term.
    TwoVotes,
    /// Elects whoever counts by an older list of voters.
    OldVoters,
    /// A lease goes on while the machine sleeps.
    SleepUnnoticed,
    /// A lease counts from the answer, not from the question; no seed is slow enough, `lead::tests` has it by hand.
    LeaseFromAnswer,
    HalfIsEnough,
    /// Counts several devices in before anybody has the first change.
    ManyChanges,
    /// Goes on without a lease when a third device is there.
    NeededForEver,
    /// Answers before the vote is on the disk.
    ForgetsVote,
}

/// Every rule, and the first seed that misses it.
const BUGS: &[(Bug, u64)] = &[
    (Bug::NoPromise, 11),
    (Bug::NoPauseAfterStart, 93),
    (Bug::TwoVotes, 626),
    (Bug::OldVoters, 2539),
    (Bug::SleepUnnoticed, 73),
    (Bug::HalfIsEnough, 10),
    (Bug::ManyChanges, 111),
    (Bug::NeededForEver, 13),
    (Bug::ForgetsVote, 145),
];

const STEP_MS: u64 = 100;
/// How often something happens to somebody.
const FATES: u64 = 60;

/// SplitMix64: the same seed falls the same way.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fact {
    Admitted(usize),
    ShutOut(usize),
    Appointed(usize, u64),
}

struct Device {
    facts: BTreeSet<Fact>,
    disk: Option<Kept>,
    /// `None`: switched off.
    lead: Option<Lead>,
    /// In thousandths of real time.
    rate: u64,
    steady_ms: u64,
    wall_ms: i64,
    asleep: bool,
    /// Its part of the torn network.
    part: u64,
    next_ask_ms: u64,
    asked_as: Option<(bool, u64)>,
}

impl Device {
    fn now(&self) -> Clocks {
        Clocks {
            steady_ms: self.steady_ms / 1000,
            wall_ms: self.wall_ms,
        }
    }

    fn branch(&self) -> Branch {
        let mut branch = Branch {
            first: Some(id(0)),
            ..Branch::default()
        };
        for fact in &self.facts {
            match fact {
                Fact::Admitted(n) => {
                    branch.members.insert(id(*n));
                }
                Fact::ShutOut(n) => {
                    branch.members.remove(&id(*n));
                }
                Fact::Appointed(n, term) => {
                    let said = Appointed {
                        device: id(*n),
                        term: *term,
                    };
                    if branch.appointed.is_none_or(|one| one.term < said.term) {
                        branch.appointed = Some(said);
                    }
                }
            }
        }
        branch
    }

    fn holds(&self) -> bool {
        !self.asleep
            && self
                .lead
                .as_ref()
                .is_some_and(|lead| lead.standing(self.now()) == Standing::Leads { holds: true })
    }
}

enum Parcel {
    Ask(Ask, Clocks),
    Answer(Ask, Clocks, Answer),
}

struct Sent {
    from: usize,
    to: usize,
    at_ms: u64,
    /// Of the asker; an answer to one that was started anew is nobody's.
    life: u64,
    parcel: Parcel,
}

fn id(n: usize) -> DeviceId {
    let mut bytes = [7; 16];
    bytes[15] = u8::try_from(n * 50).unwrap_or(255);
    DeviceId::from_uuid(Uuid::from_bytes(bytes))
}

fn number(device: DeviceId) -> usize {
    usize::from(device.bytes()[15]) / 50
}

#[derive(Default)]
struct Seen {
    terms: BTreeSet<u64>,
    held_ms: u64,
    appointed_at_last: bool,
}

struct World {
    dice: Dice,
    bug: Option<Bug>,
    devices: Vec<Device>,
    lives: Vec<u64>,
    network: Vec<Sent>,
    /// Who does not reach whom, beside the torn parts: not every tear is clean.
    cut: BTreeSet<(usize, usize)>,
    /// Which kind of trouble there is most of.
    temper: u64,
    real_ms: u64,
}

impl World {
    fn new(seed: u64, bug: Option<Bug>) -> World {
        let mut dice = Dice(seed);
        let most = [2, 3, 3, 3, 4, 5][usize::try_from(dice.below(6)).unwrap_or(0)];
        let devices = (0..most)
            .map(|n| Device {
                facts: if n == 0 {
                    BTreeSet::from([Fact::Admitted(0)])
                } else {
                    BTreeSet::new()
                },
                disk: None,
                lead: None,
                rate: 900 + dice.below(200),
                steady_ms: 0,
                wall_ms: i64::try_from(dice.below(1_000_000)).unwrap_or(0),
                asleep: false,
                part: 0,
                next_ask_ms: 0,
                asked_as: None,
            })
            .collect();
        let mut world = World {
            dice,
            bug,
            lives: vec![0; most],
            devices,
            network: vec![],
            cut: BTreeSet::new(),
            temper: 0,
            real_ms: 0,
        };
        world.start(0);
        world
    }

    fn start(&mut self, n: usize) {
        self.lives[n] += 1;
        let device = &mut self.devices[n];
        device.steady_ms = 0;
        let mut lead = Lead::new(id(n), device.disk.clone(), device.branch(), device.now());
        lead.bug = self.bug;
        device.asleep = false;
        device.asked_as = None;
        device.lead = Some(lead);
        self.save(n, false);
    }

    fn save(&mut self, n: usize, voting: bool) {
        if voting && self.bug == Some(Bug::ForgetsVote) {
            return;
        }
        let device = &mut self.devices[n];
        if let Some(lead) = &device.lead {
            device.disk = Some(lead.kept().clone());
        }
    }

    fn connected(&self, a: usize, b: usize) -> bool {
        self.devices[a].part == self.devices[b].part && !self.cut.contains(&(a, b))
    }

    /// Something happens to somebody.
    fn fate(&mut self) {
        let count = self.devices.len();
        let n = usize::try_from(self.dice.below(count as u64)).unwrap_or(0);
        // Some worlds know one kind of trouble above all.
        let fate = match (self.temper, self.dice.below(24)) {
            (1, roll) if roll > 0 => 5,
            (2, roll) if roll > 2 => 6 + roll % 2,
            (3, roll) if roll > 4 => 8 + roll % 4,
            (4, roll) if roll > 12 => 5,
            (4, _) => 0,
            (_, roll) => roll / 2,
        };
        match fate {
            0..=2 => {
                // The network is torn, or whole again.
                let parts = 1 + self.dice.below(3);
                let clean = self.dice.once_in(2);
                self.cut.clear();
                for m in 0..count {
                    self.devices[m].part = if clean { self.dice.below(parts) } else { 0 };
                    for other in (0..count).filter(|_| !clean) {
                        let both = self.dice.once_in(4);
                        if both || self.dice.once_in(6) {
                            self.cut.insert((m, other));
                        }
                        if both {
                            self.cut.insert((other, m));
                        }
                    }
                }
            }
            3 | 4 => {
                if self.devices[n].lead.is_some() {
                    self.devices[n].lead = None;
                } else if self.devices[n].facts.contains(&Fact::Admitted(n)) {
                    self.start(n);
                }
            }
            5 if self.devices[n].lead.is_some() => {
                // Off and on at once.
                self.devices[n].lead = None;
                self.start(n);
            }
            6 => self.devices[n].asleep = !self.devices[n].asleep,
            7 if !self.devices[n].asleep => {
                let far = i64::try_from(self.dice.below(7_200_000)).unwrap_or(0) - 3_600_000;
                self.devices[n].wall_ms += far;
            }
            8 | 9 => self.admit(n),
            10 => self.shut_out(n),
            11 => self.appoint(n),
            _ => {}
        }
    }

    fn admit(&mut self, by: usize) {
        if self.devices[by].lead.is_none() {
            return;
        }
        let Some(new) = (0..self.devices.len()).find(|m| self.devices[*m].facts.is_empty()) else {
            return;
        };
        self.devices[by].facts.insert(Fact::Admitted(new));
        let facts = self.devices[by].facts.clone();
        self.devices[new].facts = facts;
        self.devices[new].part = self.devices[by].part;
        self.start(new);
        self.tell(by);
    }

    fn shut_out(&mut self, by: usize) {
        let count = self.devices.len();
        let victim = usize::try_from(self.dice.below(count as u64)).unwrap_or(0);
        let all: BTreeSet<Fact> = self
            .devices
            .iter()
            .flat_map(|d| d.facts.iter().copied())
            .collect();
        let appointed = all.iter().any(|fact| matches!(fact, Fact::Appointed(..)));
        let already = all.iter().filter(|fact| matches!(fact, Fact::ShutOut(_))).count();
        let known = self.devices[by].facts.contains(&Fact::Admitted(victim));
        // Whoever shut all others out decides alone at once, and means to.
        let few = self.devices[by].branch().members.len() < 4;
        // With an appointment a shut-out device is counted out at once, by the owner's word; that is not looked at here.
        if self.devices[by].lead.is_none() || few || already > 0 || victim == by || appointed || !known {
            return;
        }
        self.devices[by].facts.insert(Fact::ShutOut(victim));
        self.tell(by);
    }

    fn appoint(&mut self, by: usize) {
        let shut_out = self
            .devices
            .iter()
            .any(|d| d.facts.iter().any(|fact| matches!(fact, Fact::ShutOut(_))));
        let Some(lead) = &self.devices[by].lead else {
            return;
        };
        let term = lead.next_term();
        let members: Vec<DeviceId> = lead.branch().members.iter().copied().collect();
        if shut_out || self.dice.below(3) > 0 {
            return;
        }
        let whom = members[usize::try_from(self.dice.below(members.len() as u64)).unwrap_or(0)];
        self.devices[by].facts.insert(Fact::Appointed(number(whom), term));
        self.tell(by);
    }

    fn tell(&mut self, n: usize) {
        let branch = self.devices[n].branch();
        if let Some(lead) = &mut self.devices[n].lead {
            lead.know(branch);
        }
        self.save(n, false);
    }

    fn step(&mut self, calm: bool) {
        self.real_ms += STEP_MS;
        for device in &mut self.devices {
            device.wall_ms += i64::try_from(STEP_MS).unwrap_or(0);
            if !device.asleep {
                device.steady_ms += STEP_MS * device.rate;
            }
        }
        for n in 0..self.devices.len() {
            if self.devices[n].asleep || self.devices[n].lead.is_none() {
                continue;
            }
            // Facts meet.
            let other = usize::try_from(self.dice.below(self.devices.len() as u64)).unwrap_or(0);
            if self.connected(n, other) && self.devices[other].lead.is_some() && self.dice.once_in(8) {
                let facts = self.devices[other].facts.clone();
                let before = self.devices[n].facts.len();
                self.devices[n].facts.extend(facts);
                if self.devices[n].facts.len() != before {
                    self.tell(n);
                }
            }
            let roll = self.dice.next();
            let now = self.devices[n].now();
            let Some(lead) = &mut self.devices[n].lead else {
                continue;
            };
            lead.tick(now, roll);
            let ask = lead.ask();
            let voting = !lead.kept().won;
            self.save(n, voting);
            self.send(n, ask, now, calm);
        }
        self.deliver(calm);
    }

    fn send(&mut self, n: usize, ask: Option<Ask>, now: Clocks, calm: bool) {
        let Some(ask) = ask else { return };
        let kind = match &ask {
            Ask::Beat { term, .. } => (true, *term),
            Ask::Vote { trial, term, .. } => (*trial, *term + 1_000_000),
        };
        let device = &mut self.devices[n];
        if device.asked_as == Some(kind) && self.real_ms < device.next_ask_ms {
            return;
        }
        device.asked_as = Some(kind);
        device.next_ask_ms = self.real_ms + BEAT_MS;
        let life = self.lives[n];
        for to in (0..self.devices.len()).filter(|to| *to != n) {
            let times = if self.dice.once_in(20) { 2 } else { 1 };
            for _ in 0..times {
                let at_ms = self.real_ms + self.delay(calm);
                self.network.push(Sent {
                    from: n,
                    to,
                    at_ms,
                    life,
                    parcel: Parcel::Ask(ask.clone(), now),
                });
            }
        }
    }

    fn delay(&mut self, calm: bool) -> u64 {
        match self.dice.below(8) {
            _ if calm => self.dice.below(300),
            0..=3 if self.temper == 4 => self.dice.below(9_000),
            0 => self.dice.below(4_000),
            1 => self.dice.below(9_000),
            _ => self.dice.below(300),
        }
    }

    fn deliver(&mut self, calm: bool) {
        let (due, later): (Vec<Sent>, Vec<Sent>) = std::mem::take(&mut self.network)
            .into_iter()
            .partition(|sent| sent.at_ms <= self.real_ms);
        self.network = later;
        for sent in due {
            let lost = !calm && self.dice.once_in(10);
            if lost || !self.connected(sent.from, sent.to) {
                continue;
            }
            if self.devices[sent.to].asleep {
                // It waits in the socket.
                self.network.push(Sent {
                    at_ms: self.real_ms + STEP_MS,
                    ..sent
                });
                continue;
            }
            let now = self.devices[sent.to].now();
            let Some(lead) = &mut self.devices[sent.to].lead else {
                continue;
            };
            match sent.parcel {
                Parcel::Ask(ask, asked_at) => {
                    let answer = lead.hear(id(sent.from), &ask, now);
                    self.save(sent.to, matches!(ask, Ask::Vote { .. }));
                    let at_ms = self.real_ms + self.delay(calm);
                    let voted = answer.yes && matches!(ask, Ask::Vote { trial: false, .. });
                    let (voter, candidate) = (sent.to, sent.from);
                    self.network.push(Sent {
                        from: sent.to,
                        to: sent.from,
                        at_ms,
                        life: sent.life,
                        parcel: Parcel::Answer(ask, asked_at, answer),
                    });
                    // The worst moment to die: the vote is on its way.
                    if voted && !calm && self.dice.once_in(4) {
                        self.start(voter);
                        if self.dice.once_in(2) {
                            self.cut.extend([(candidate, voter)]);
                        }
                    }
                }
                Parcel::Answer(ask, asked_at, answer) => {
                    if self.lives[sent.to] == sent.life {
                        lead.answered(id(sent.from), &ask, asked_at, &answer, now);
                        self.save(sent.to, !lead_won(&self.devices[sent.to]));
                    }
                }
            }
        }
    }

    fn look(&self, seen: &mut Seen) -> Result<(), String> {
        let holding: Vec<usize> = (0..self.devices.len())
            .filter(|n| self.devices[*n].holds())
            .collect();
        if holding.len() > 1 {
            let told: Vec<_> = holding
                .iter()
                .map(|n| self.devices[*n].lead.as_ref().map(|lead| lead.kept().clone()))
                .collect();
            return Err(format!("{holding:?} hold at {} ms: {told:?}", self.real_ms));
        }
        if let Some(n) = holding.first() {
            seen.held_ms += STEP_MS;
            seen.terms
                .extend(self.devices[*n].lead.as_ref().map(|lead| lead.kept().term));
        }
        Ok(())
    }
}

fn lead_won(device: &Device) -> bool {
    device.lead.as_ref().is_some_and(|lead| lead.kept().won)
}

fn run(seed: u64, bug: Option<Bug>, fates: u64) -> Result<Seen, String> {
    let mut world = World::new(seed, bug);
    let mut seen = Seen::default();
    let temper = world.dice.below(5);
    let fates = if temper == 1 { 4 * fates } else { fates };
    for n in 0..fates {
        // Everybody is let in before the trouble begins in earnest.
        world.temper = if n < 15 { 3 } else { temper };
        world.fate();
        for _ in 0..(5 + world.dice.below(if world.temper == 1 { 15 } else { 80 })) {
            world.step(false);
            world.look(&mut seen)?;
        }
    }
    // Then everything is whole: somebody holds the branch soon, and all know who.
    for n in 0..world.devices.len() {
        world.devices[n].part = 0;
        world.devices[n].asleep = false;
        world.cut.clear();
        if world.devices[n].lead.is_none() && world.devices[n].facts.contains(&Fact::Admitted(n)) {
            world.start(n);
        }
    }
    for _ in 0..900 {
        world.step(true);
        world.look(&mut seen)?;
    }
    // Where those who are left cannot outvote the one that is gone, the owner says who decides.
    if !world.devices.iter().any(Device::holds) {
        let whom = (0..world.devices.len())
            .find(|n| world.devices[*n].branch().members.contains(&id(*n)))
            .ok_or("nobody is left")?;
        let term = world.devices[whom].lead.as_ref().map_or(1, Lead::next_term);
        world.devices[whom].facts.insert(Fact::Appointed(whom, term));
        world.tell(whom);
        seen.appointed_at_last = true;
        for _ in 0..900 {
            world.step(true);
            world.look(&mut seen)?;
        }
    }
    if world.devices.iter().any(Device::holds) {
        return Ok(seen);
    }
    let told: Vec<_> = world
        .devices
        .iter()
        .map(|d| {
            (
                d.lead
                    .as_ref()
                    .map(|l| (l.standing(d.now()), l.kept().clone(), l.ask())),
                &d.facts,
            )
        })
        .collect();
    Err(format!("nobody holds the branch once all is whole: {told:#?}"))
}

fn seeds(default: u64) -> u64 {
    std::env::var("CHANDI_SEEDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[test]
fn at_no_instant_do_two_devices_hold_a_branch() {
    let (mut terms, mut held_ms, mut appointed) = (0, 0, 0);
    for seed in 0..seeds(300) {
        let seen = run(seed, None, FATES).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        terms += seen.terms.len();
        held_ms += seen.held_ms;
        appointed += u64::from(seen.appointed_at_last);
    }
    let most = usize::try_from(seeds(300)).unwrap_or(usize::MAX);
    assert!(terms > most, "leaders changed: {terms} terms in {most} worlds");
    assert!(held_ms > 0);
    assert!(
        appointed * 10 < seeds(300),
        "the owner is needed seldom: {appointed}"
    );
}

#[test]
fn every_rule_that_is_left_out_is_missed() {
    for (bug, first) in BUGS {
        let held_twice = |seed: &u64| run(*seed, Some(*bug), FATES).is_err_and(|why| why.contains("hold at"));
        let missed = (*first..first + 20).find(held_twice);
        assert!(missed.is_some(), "{bug:?} is not noticed");
    }
}
