//! Who decides in the branch of a fleet: beats, votes and claims over the network that loses and is cut, on disks that
//! lose power. Two devices may believe to lead, but never do two of them have the others behind them; and whoever decided
//! with the others behind it lets nobody hand out what it had heard of being given.

use super::{Line, Open, Story, TILLS, lock, own};
use crate::{Checked, Person, actor, id, milli, worded};
use app::{
    Actor, Shop,
    authority::{Authority, ClaimAsk, ClaimRelease, ClaimReply, Deeds, Unreachable as NoAnswer},
    claims::Redeemed,
    lead::Question,
    shared_carts::{CartList, CartReport, CartTake, CartTaken},
};
use domain::{
    ids::{DeviceId, OrderId},
    order::UnitPlace,
};
use journal::Body;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};
use sync::Unreachable;
use testkit::dice::Dice;
use uuid::Uuid;

/// A rule of deciding that somebody left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Whoever decides lets everybody hand everything out.
    Asking,
    /// Whoever comes to lead forgets what the others said was given.
    Gathering,
}

/// What the devices told each other about handing out, as the network saw it.
#[derive(Default)]
struct Seen {
    /// Who decided last that a till may have an order.
    granted: BTreeMap<(usize, Uuid), usize>,
    /// Which handovers a till was told of.
    told: BTreeSet<(usize, Uuid)>,
}

/// What was given of an order in one handover, line by line.
struct Given {
    handover: Uuid,
    till: usize,
    /// Its place in the till's series.
    seq: u64,
    lines: BTreeMap<u32, i64>,
}

/// How a fleet's tills decide among each other.
#[derive(Default)]
pub(super) struct Deciding {
    pub(super) left: Option<Left>,
    steady_ms: Arc<AtomicU64>,
    seen: Arc<Mutex<Seen>>,
    /// Whom each till asks.
    asks: [Option<usize>; TILLS],
    given: BTreeMap<[u8; 16], Vec<Given>>,
    /// The last token that was shown at two counters.
    shown: Option<(Uuid, String)>,
}

/// The way from a till to the one that decides.
struct Asks {
    line: Line,
    seen: Arc<Mutex<Seen>>,
    /// It answers yes by itself.
    generous: bool,
}

impl Asks {
    fn ask<T>(&self, what: impl FnOnce(&Shop, DeviceId) -> app::Result<T>) -> Result<T, NoAnswer> {
        let lost = |e: Unreachable| NoAnswer(e.to_string());
        self.line.pass().map_err(lost)?;
        let asks = self.line.shop(self.line.from).map_err(lost)?.identity().device;
        let decides = self.line.shop(self.line.to).map_err(lost)?;
        let answer = what(&decides, asks).map_err(|e| NoAnswer(e.to_string()))?;
        self.line.pass().map_err(lost)?;
        Ok(answer)
    }
}

impl Authority for Asks {
    fn claim(&self, ask: &ClaimAsk) -> Result<ClaimReply, NoAnswer> {
        let reply = match self.generous {
            true => ClaimReply::Granted {
                deeds: vec![],
                offline: false,
            },
            false => self.ask(|shop, device| shop.decide_claim(device, ask))?,
        };
        if let ClaimReply::Granted { .. } = &reply {
            let key = (self.line.from, ask.order);
            lock(&self.seen).granted.insert(key, self.line.to);
        }
        Ok(reply)
    }

    fn release(&self, release: &ClaimRelease) -> Result<(), NoAnswer> {
        self.ask(|shop, device| shop.hear_release(device, release))
    }

    fn tell(&self, deeds: &Deeds) -> Result<(), NoAnswer> {
        self.ask(|shop, device| shop.hear_deeds(device, deeds))?;
        let told = deeds.deeds.iter().map(|deed| (self.line.to, deed.subject));
        lock(&self.seen).told.extend(told);
        Ok(())
    }

    fn carts(&self, report: &CartReport) -> Result<CartList, NoAnswer> {
        self.ask(|shop, device| shop.hear_carts(device, report))
    }

    fn take(&self, ask: &CartTake) -> Result<CartTaken, NoAnswer> {
        self.ask(|shop, device| shop.decide_cart(device, ask))
    }

    /// The story tells by itself.
    fn nudge(&self) {}
}

impl Deciding {
    pub(super) fn pass_ms(&self, ms: u64) {
        self.steady_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// What is granted from now on is granted for the next deed.
    pub(super) fn nobody_asked(&self) {
        lock(&self.seen).granted.clear();
    }

    /// A till that has just been opened takes part.
    pub(super) fn join(&mut self, n: usize, shop: &Shop) -> Checked {
        let steady = self.steady_ms.clone();
        self.asks[n] = None;
        shop.take_part(Arc::new(move || steady.load(Ordering::Relaxed)))
            .map_err(worded)
    }
}

impl Story<'_> {
    pub(super) fn line(&self, from: usize, to: usize) -> Line {
        Line {
            network: self.network.clone(),
            cloud: self.fleet.cloud.clone(),
            open: self.open.clone(),
            from,
            to,
        }
    }

    /// Everybody asks everybody what is to be asked, once.
    pub(super) fn beat(&mut self) -> Checked {
        for n in 0..TILLS {
            // A disk that fails here fails the question, and the till asks again.
            let asked = self.shop(n).map(|shop| self.ask_all(n, &shop));
            if let Some(Err(error)) = asked
                && self.fleet.branch.tills[n].disk.has_power()
            {
                return Err(format!("till {n} takes no part: {error}"));
            }
        }
        self.calm();
        self.nurse_all()?;
        self.one_decides()?;
        for n in 0..TILLS {
            self.point(n);
        }
        Ok(())
    }

    fn ask_all(&self, n: usize, shop: &Shop) -> app::Result<()> {
        shop.lead_tick()?;
        let me = shop.identity().device;
        let mut term = None;
        for to in (0..TILLS).filter(|to| *to != n) {
            let Some(other) = self.shop(to) else { continue };
            let device = other.identity().device;
            let Some(asked) = shop.lead_asks(Some(device)) else {
                continue;
            };
            term = asked.beat_of();
            let line = self.line(n, to);
            if line.pass().is_err() {
                continue;
            }
            let heard = match &asked.question {
                Question::Beat(beat) => other.hear_beat(me, beat),
                Question::Vote(vote) => other.hear_vote(me, vote),
            };
            let Ok(mut reply) = heard else { continue };
            if line.pass().is_err() {
                continue;
            }
            let told: Vec<(usize, Uuid)> = reply.deeds.iter().map(|deed| (n, deed.subject)).collect();
            if self.deciding.left == Some(Left::Gathering) {
                (reply.held, reply.deeds) = (vec![], vec![]);
            }
            shop.lead_answered(device, &asked, &reply)?;
            lock(&self.deciding.seen).told.extend(told);
        }
        if let Some(term) = term {
            shop.lead_asked_all(term);
        }
        Ok(())
    }

    fn one_decides(&mut self) -> Checked {
        let shops: Vec<(usize, Arc<Shop>)> = (0..TILLS).filter_map(|n| Some((n, self.shop(n)?))).collect();
        let leading: Vec<&(usize, Arc<Shop>)> = shops.iter().filter(|(_, shop)| shop.is_leading()).collect();
        self.met.terms = shops
            .iter()
            .map(|(_, shop)| shop.lead_term())
            .fold(self.met.terms, u64::max);
        if leading.len() < 2 {
            return Ok(());
        }
        self.met.two_believed += 1;
        let mut decide = vec![];
        for (n, shop) in leading {
            if shop.lead_view().map_err(worded)?.state == "here" {
                decide.push(n);
            }
        }
        match decide.len() {
            0 | 1 => Ok(()),
            _ => Err(format!(
                "tills {decide:?} all decide, with the others behind them"
            )),
        }
    }

    /// Points a till's questions at the one that decides, and tells it what it has not heard.
    fn point(&mut self, n: usize) {
        let Some(shop) = self.shop(n) else { return };
        let leader = shop.leader();
        let to = (0..TILLS).find(|to| {
            *to != n
                && self
                    .shop(*to)
                    .is_some_and(|other| leader == Some(other.identity().device))
        });
        if to != self.deciding.asks[n] {
            self.deciding.asks[n] = to;
            let asks = to.map(|to| {
                Arc::new(Asks {
                    line: self.line(n, to),
                    seen: self.deciding.seen.clone(),
                    generous: self.deciding.left == Some(Left::Asking),
                }) as Arc<dyn Authority>
            });
            shop.appoint(asks);
        }
        // What is not heard now is told with the next question.
        drop(shop.tell_authority());
    }

    /// Somebody shows one token at two counters, one after the other or at once, while anything may happen between them.
    pub(super) fn same_token(&mut self, throw: u64) -> Checked {
        let first = self.dice.below(TILLS);
        let leads = (0..TILLS).find(|n| self.shop(*n).is_some_and(|shop| shop.is_leading()));
        // Two that do not decide themselves, or any two.
        let third = leads
            .filter(|_| self.dice.percent(50))
            .unwrap_or((first + 1) % TILLS);
        let (one, other) = match self.dice.percent(50) {
            true => ((third + 1) % TILLS, (third + 2) % TILLS),
            false => ((third + 2) % TILLS, (third + 1) % TILLS),
        };
        let mut dice = Dice::new(throw);
        let Some((order, code)) = self.a_token(one, throw)? else {
            return Ok(());
        };
        self.deciding.shown = Some((order, code.clone()));
        let mut tries = [one, other].map(|n| (n, id(dice.next()), id(dice.next()), vec![]));
        let order_of_steps = [[0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0]][self.dice.below(3)];
        let lost_before = self.dice.below(8);
        for (nth, at) in order_of_steps.into_iter().enumerate() {
            if nth == lost_before {
                self.lose_the_leader()?;
            }
            let (n, scanning, handing, lines) = &mut tries[at];
            let Some(shop) = self.shop(*n) else { return Ok(()) };
            let me = actor(&shop, self.fleet.branch.owner.staff);
            let before = own(&shop)?;
            self.deciding.nobody_asked();
            self.fleet.branch.tills[*n].dice.reseed(throw ^ nth as u64);
            self.met.deeds += 1;
            let scans = !order_of_steps[..nth].contains(&at);
            let done = match scans {
                true => {
                    *lines = scan(&shop, &me, *scanning, &code);
                    !lines.is_empty()
                }
                false => hand_out(&shop, &me, *handing, OrderId::from_uuid(order), lines),
            };
            self.met.done += u64::from(done);
            self.told[*n] = self.told[*n].max(own(&shop)?);
            drop(shop);
            self.handed_out(*n, before)?;
        }
        Ok(())
    }

    /// The one that was shown last, one of the last orders of a till, or that of an order which is placed for it.
    fn a_token(&mut self, n: usize, throw: u64) -> Checked<Option<(Uuid, String)>> {
        if let Some(again) = self.deciding.shown.clone().filter(|_| self.dice.percent(50)) {
            return Ok(Some(again));
        }
        let Some(shop) = self.shop(n) else {
            return Ok(None);
        };
        let me = actor(&shop, self.fleet.branch.owner.staff);
        let mut person = Person {
            shop: shop.clone(),
            seat: me.seat,
            dice: Dice::new(throw ^ 0x70c),
        };
        if self.dice.percent(50)
            && let Some(order) = person.an_order()
        {
            return Ok(order.token.map(|token| (order.id, token.code)));
        }
        let sale = person.sell_lines();
        drop(person);
        self.fleet.branch.tills[n].dice.reseed(throw ^ 0x5a1e);
        let Ok(answer) = sale.done(&shop, &me) else {
            return Ok(None);
        };
        self.told[n] = self.told[n].max(own(&shop)?);
        let (Some(id), Some(code)) = (answer["id"].as_str(), answer["token"]["code"].as_str()) else {
            return Ok(None);
        };
        self.sold.push(id.to_owned());
        Ok(Some((id.parse().map_err(worded)?, code.to_owned())))
    }

    /// Whoever leads is cut off from the others, for as long as they need to elect another.
    fn lose_the_leader(&mut self) -> Checked {
        let leads = (0..TILLS).find(|n| self.shop(*n).is_some_and(|shop| shop.is_leading()));
        let Some(leads) = leads else { return Ok(()) };
        self.network.isolate(leads);
        self.silence()
    }

    /// What a till handed out just now: where it was let by whoever decides, nothing of it was known there to be given.
    pub(super) fn handed_out(&mut self, n: usize, before: u64) -> Checked {
        let Some(shop) = self.shop(n) else { return Ok(()) };
        let mut fresh = vec![];
        let me = shop.identity().device;
        let read = shop.store().read(|r| {
            r.each_fact_after(me, before, |fact| {
                let header = &fact.header;
                if let Ok(says) = Body::decode(header.kind, header.version, &fact.body) {
                    fresh.push((header.seq, says));
                }
                Ok::<_, store::StoreError>(())
            })
        });
        read.map_err(worded)?;
        for (seq, says) in fresh {
            match says {
                Body::HandedOver(handed) => {
                    let mut lines = BTreeMap::new();
                    for one in &handed.moves {
                        let sign = match (UnitPlace::from_number(one.from), UnitPlace::from_number(one.to)) {
                            (_, Some(UnitPlace::Given)) => 1,
                            (Some(UnitPlace::Given), _) => -1,
                            _ => 0,
                        };
                        *lines.entry(one.line).or_default() += sign * one.milli;
                    }
                    self.met.handed_out += 1;
                    match handed.offline {
                        true => self.met.handed_alone += 1,
                        false => self.may_give(n, handed.order, &lines)?,
                    }
                    self.deciding.given.entry(handed.order).or_default().push(Given {
                        handover: Uuid::from_bytes(handed.handover),
                        till: n,
                        seq,
                        lines,
                    });
                }
                Body::HandoverUndone(undone) => {
                    let undone_one = Uuid::from_bytes(undone.handover);
                    if let Some(given) = self.deciding.given.get_mut(&undone.order) {
                        given.retain(|one| one.handover != undone_one);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn may_give(&self, n: usize, order: [u8; 16], lines: &BTreeMap<u32, i64>) -> Checked {
        let Some(given) = self.deciding.given.get(&order) else {
            return Ok(());
        };
        let key = (n, Uuid::from_bytes(order));
        let decided = lock(&self.deciding.seen).granted.get(&key).copied().unwrap_or(n);
        let decider = self.shop(decided).ok_or("whoever decided has power")?;
        let has = decider.vector().map_err(worded)?;
        let devices = devices(&self.open);
        let known: Vec<&Given> = given
            .iter()
            .filter(|one| {
                let arrived = devices[one.till].is_some_and(|device| has.get(&device) >= Some(&one.seq));
                one.till == decided
                    || arrived
                    || lock(&self.deciding.seen).told.contains(&(decided, one.handover))
            })
            .collect();
        // It may not have arrived where it was handed out, and is known where it was placed.
        let view = (0..TILLS).find_map(|at| {
            let shop = self.shop(at)?;
            let owner = actor(&shop, self.fleet.branch.owner.staff);
            shop.order(&owner, OrderId::from_bytes(order)).ok()
        });
        let Some(view) = view else { return Ok(()) };
        for line in &view.lines {
            let now = lines.get(&line.line).copied().unwrap_or(0);
            let before: i64 = known.iter().filter_map(|one| one.lines.get(&line.line)).sum();
            if now > 0 && now + before > milli(&line.ordered) {
                return Err(format!(
                    "till {decided} let till {n} give {now} of line {} of {}, of which it knew {before} to be given",
                    line.line, view.number
                ));
            }
        }
        Ok(())
    }
}

fn devices(open: &Open) -> [Option<DeviceId>; TILLS] {
    std::array::from_fn(|n| lock(&open[n]).as_ref().map(|shop| shop.identity().device))
}

fn form<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a form as a client sends it")
}

/// What may be given of it, as the till says.
fn scan(shop: &Shop, me: &Actor, id: Uuid, code: &str) -> Vec<Value> {
    let scan = json!({"id": id, "code": code, "take_over": true});
    match shop.redeem(me, &form(scan)) {
        Ok(Redeemed::Opened(opened)) => opened
            .lines
            .iter()
            .flatten()
            .map(|line| json!({"line": line.line, "given": line.quantity, "missing": "0"}))
            .collect(),
        _ => vec![],
    }
}

fn hand_out(shop: &Shop, me: &Actor, id: Uuid, order: OrderId, lines: &[Value]) -> bool {
    let handing = json!({"id": id, "lines": lines, "missing_as": "refund"});
    shop.hand_over(me, order, &form(handing)).is_ok()
}
