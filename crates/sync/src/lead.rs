//! Beats and votes between the devices of a branch, and the way to whoever leads it.
//!
//! One thread keeps the time; one for each known address asks who is there whatever is to be asked. What an answer means
//! is decided in `domain::lead`; this only carries it, and points the shop's claims at the device that decides.

use crate::{
    lan::Lan,
    link::{Agents, Bell, Link, plain_agent, write},
    prints::Carrier,
};
use app::{
    App, Shop,
    edges::steady_clock,
    lead::{Asked, LeadReply},
};
use domain::{ids::DeviceId, lead::BEAT_MS};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

/// How often the time is looked at.
const STEP: Duration = Duration::from_millis(200);
/// How long an answer to a beat or a vote may take.
const ANSWER: Duration = Duration::from_millis(900);
/// How often what was not heard is told again.
const AGAIN: Duration = Duration::from_secs(1);

/// Where the other devices of the branch may be reached: on the LAN, and at addresses that were named. Cheap to clone.
#[derive(Clone)]
pub struct Ways(Arc<Inner>);

struct Inner {
    agents: Agents,
    lan: Lan,
    known: Mutex<BTreeMap<String, Way>>,
    /// There is something to tell the one that decides.
    told: Arc<Bell>,
}

struct Way {
    /// Who answered there last.
    device: Option<DeviceId>,
    /// The last term of this device's in which it was asked there.
    asked: Option<u64>,
    walked: bool,
    bell: Arc<Bell>,
}

impl Ways {
    /// The devices of the LAN are met as they are seen there; addresses without TLS only when somebody names them.
    pub fn over(lan: Lan) -> Ways {
        let trusting = lan.clone();
        let agents = move |address: &str, patience| match address.starts_with("https:") {
            true => trusting.agent(patience),
            false => None,
        };
        Ways(Arc::new(Inner {
            agents: Arc::new(move |address: &str, patience| {
                agents(address, patience).unwrap_or_else(|| plain_agent(patience))
            }),
            lan,
            known: Mutex::default(),
            told: Arc::default(),
        }))
    }

    /// Whoever of the branch is seen on the LAN just now.
    fn look(&self, shop: &Shop) {
        let members = shop.branch_members();
        let seen: BTreeMap<String, DeviceId> = self
            .0
            .lan
            .neighbours()
            .into_iter()
            .filter(|one| members.contains(&one.device))
            .map(|one| (Lan::url_of(one.device), one.device))
            .collect();
        for (address, device) in &seen {
            self.meet(address);
            if let Some(way) = self.known().get_mut(address) {
                way.device = Some(*device);
            }
        }
        let gone: Vec<String> = self
            .known()
            .keys()
            .filter(|address| address.starts_with("https:") && !seen.contains_key(*address))
            .cloned()
            .collect();
        for address in gone {
            self.leave(&address);
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Way>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody may be there.
    pub fn meet(&self, address: &str) {
        let address = address.trim_end_matches('/').to_owned();
        self.known().entry(address).or_insert_with(|| Way {
            device: None,
            asked: None,
            walked: false,
            bell: Arc::default(),
        });
    }

    /// Nobody of the shop is there any more.
    pub fn leave(&self, address: &str) {
        if let Some(way) = self.known().remove(address.trim_end_matches('/')) {
            way.bell.ring();
        }
    }

    pub(crate) fn agent(&self, address: &str, patience: Duration) -> ureq::Agent {
        (self.0.agents)(address, patience)
    }

    /// Those that answered or were seen.
    pub(crate) fn devices(&self) -> Vec<DeviceId> {
        self.known().values().filter_map(|way| way.device).collect()
    }

    pub(crate) fn address_of(&self, device: DeviceId) -> Option<String> {
        self.known()
            .iter()
            .find(|(_, way)| way.device == Some(device))
            .map(|(address, _)| address.clone())
    }

    /// Those whom nobody walks to yet; from now on somebody does.
    fn unwalked(&self) -> Vec<(String, Arc<Bell>)> {
        let mut unwalked = vec![];
        for (address, way) in self.known().iter_mut() {
            if !std::mem::replace(&mut way.walked, true) {
                unwalked.push((address.clone(), way.bell.clone()));
            }
        }
        unwalked
    }

    fn all_asked(&self, term: u64) -> bool {
        self.known().values().all(|way| way.asked == Some(term))
    }

    fn ring(&self) {
        for way in self.known().values() {
            way.bell.ring();
        }
    }
}

/// Takes part in the elections of whatever shop is open, until the app is closed.
pub fn begin(app: &Weak<App>, ways: Ways) -> std::io::Result<()> {
    // From the first question on, nobody else's order is decided here by itself.
    let steady = steady_clock();
    if let Some(shop) = app.upgrade().and_then(|app| app.try_shop()) {
        shop.take_part(steady.clone()).map_err(std::io::Error::other)?;
        ways.look(&shop);
        ask_all(&shop, &ways);
    }
    let (tells, bell) = (app.clone(), ways.0.told.clone());
    thread::Builder::new()
        .name("lead-tell".to_owned())
        .spawn(move || {
            loop {
                bell.wait(AGAIN);
                let Some(app) = tells.upgrade() else { return };
                let Some(shop) = app.try_shop() else { continue };
                if let Err(unreachable) = shop.tell_authority() {
                    tracing::debug!(%unreachable, "told later");
                }
                if let Err(error) = shop.exchange_carts() {
                    tracing::error!(%error, "parked carts are not shared");
                }
            }
        })?;
    let app = app.clone();
    thread::Builder::new().name("lead".to_owned()).spawn(move || {
        let mut seen = None;
        let mut way_to = (Weak::new(), None);
        let mut carried = Weak::new();
        while let Some(app) = app.upgrade() {
            if let Some(shop) = app.try_shop() {
                let stepped = shop.take_part(steady.clone()).and_then(|()| shop.lead_tick());
                if let Err(error) = stepped {
                    tracing::error!(%error, "this device cannot take part in elections");
                }
                ways.look(&shop);
                // A new question is asked at once.
                let asks = shop.lead_asks(None);
                let what = asks.as_ref().map(|asked| asked.name());
                if what != seen {
                    seen = what;
                    ways.ring();
                }
                ask_all(&shop, &ways);
                point(&shop, &ways, &mut way_to);
                if !Weak::ptr_eq(&carried, &Arc::downgrade(&shop)) {
                    carried = Arc::downgrade(&shop);
                    shop.print_by(Arc::new(Carrier::of(&shop, ways.clone())));
                }
                for (address, bell) in ways.unwalked() {
                    let walker = Walker {
                        app: Arc::downgrade(&app),
                        ways: ways.clone(),
                        address,
                        bell,
                    };
                    let begun = thread::Builder::new()
                        .name("lead-ask".to_owned())
                        .spawn(move || walker.walk());
                    if let Err(error) = begun {
                        tracing::error!(%error, "another device is not asked");
                    }
                }
            }
            drop(app);
            thread::sleep(STEP);
        }
    })?;
    Ok(())
}

/// Notes when everybody whose address is known was asked in this term.
fn ask_all(shop: &Shop, ways: &Ways) {
    if let Some(term) = shop.lead_asks(None).as_ref().and_then(Asked::beat_of)
        && ways.all_asked(term)
    {
        shop.lead_asked_all(term);
    }
}

/// Points the shop's questions at the device that decides.
fn point(shop: &Arc<Shop>, ways: &Ways, way_to: &mut (Weak<Shop>, Option<(DeviceId, String)>)) {
    let leader = shop
        .leader()
        .filter(|device| *device != shop.identity().device)
        .and_then(|device| Some((device, ways.address_of(device)?)));
    let same = Weak::ptr_eq(&way_to.0, &Arc::downgrade(shop));
    if same && leader == way_to.1 {
        return;
    }
    let link = leader.as_ref().map(|(_, address)| {
        let link = Link::at(shop, address, ways.0.agents.clone(), ways.0.told.clone());
        Arc::new(link) as Arc<dyn app::authority::Authority>
    });
    shop.appoint(link);
    *way_to = (Arc::downgrade(shop), leader);
    ways.0.told.ring();
}

/// Asks whoever is at one address.
struct Walker {
    app: Weak<App>,
    ways: Ways,
    address: String,
    bell: Arc<Bell>,
}

impl Walker {
    fn walk(self) {
        let mut agent = (self.ways.0.agents)(&self.address, ANSWER);
        loop {
            let Some(app) = self.app.upgrade() else { return };
            let Some(device) = self.ways.known().get(&self.address).map(|way| way.device) else {
                return;
            };
            if let Some(shop) = app.try_shop()
                && let Some(asked) = shop.lead_asks(device)
                && !self.ask(&shop, &agent, &asked)
            {
                agent = (self.ways.0.agents)(&self.address, ANSWER);
            }
            drop(app);
            self.bell.wait(Duration::from_millis(BEAT_MS));
        }
    }

    /// Whether somebody answered.
    fn ask(&self, shop: &Shop, agent: &ureq::Agent, asked: &Asked) -> bool {
        let answer: Result<(DeviceId, LeadReply), _> =
            write(shop, agent, &self.address, asked.path(), &asked.question);
        let heard = match answer {
            Ok((device, reply)) => {
                if let Err(error) = shop.lead_answered(device, asked, &reply) {
                    tracing::error!(%error, "what another device answered is not written down");
                }
                Some(device)
            }
            Err(unreachable) => {
                tracing::debug!(%unreachable, address = %self.address, "no answer to a beat or a vote");
                None
            }
        };
        if let Some(way) = self.ways.known().get_mut(&self.address) {
            way.device = heard.or(way.device);
            way.asked = asked.beat_of().or(way.asked);
        }
        heard.is_some()
    }
}
