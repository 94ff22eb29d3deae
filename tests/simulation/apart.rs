//! Part three: several tills of a branch whose facts travel over a network that loses, doubles, reorders and is torn
//! apart, with clocks that are wrong. Whatever it did meanwhile, once everything has arrived everywhere all tills show
//! the very same views, and each shows what its facts say when they are read in order.

use super::{Checked, Deed, FILE, Person, SECOND, Till, actor, id, number_in, worded};
use app::{
    Actor, Shop,
    customers::CustomerFilter,
    sync_status::{PeerKind, PeerName, PeerReport},
};
use domain::{
    ids::{CustomerId, DeviceId, FactId, OrderId, ProductId, ShiftId, ShopId, TenderId},
    time::Moment,
};
use journal::{
    Body, Chunk, DeviceKey, Place, Series, Stamp, Transaction, Vector, Why,
    body::{DeviceAdmittedV1, DeviceRevokedV1, RecoveryKeySetV1, ShopFoundedV1},
    exchange::{Pull, Pulled, Push, Pushed, Range},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};
use store::{StoreError, ingest::SealedKey};
use sync::{Neighbour, Peer, Replicator, Unreachable};
use testkit::{NOON_MS, dice::Dice, disk::Image};
use uuid::Uuid;

pub(super) const TILLS: usize = 3;

/// The same shop on three disks: a till that founded it and two that it admitted.
pub(super) struct Branch {
    pub(super) tills: Vec<Till>,
    pub(super) images: Vec<Image>,
    pub(super) owner: Actor,
}

impl Branch {
    pub(super) fn new(name: &str) -> Branch {
        let tills: Vec<Till> = (0..TILLS)
            .map(|n| Till::new(&format!("{name}-{n}"), None))
            .collect();
        let (image, owner) = tills[0].founded();
        tills[0].disk.load(&image, 0);
        let shop = tills[0].open().expect("a good disk opens");
        let mut others = vec![];
        for n in 1..TILLS {
            tills[0].dice.reseed(n as u64);
            others.push(shop.admit().expect("a device is admitted"));
        }
        drop(shop);
        let image = tills[0].disk.image();
        let mut images = vec![image.clone()];
        for (till, identity) in tills[1..].iter().zip(&others) {
            till.disk.load(&image, 0);
            let store = till.open_store().expect("a copy opens");
            store.become_device(identity).expect("a copy becomes a device");
            drop(store);
            images.push(till.disk.image());
        }
        Branch { tills, images, owner }
    }

    pub(super) fn open(&self, n: usize, seed: u64, planted: Option<Planted>) -> Checked<Arc<Shop>> {
        let till = &self.tills[n];
        till.disk.load(&self.images[n], seed);
        if let Some(sql) = planted.filter(|_| n > 0) {
            till.disk
                .connect(FILE, None)
                .and_then(|c| c.execute_batch(sql))
                .map_err(worded)?;
        }
        Ok(Arc::new(self.tills[n].open().map_err(worded)?))
    }
}

/// A bug that somebody planted, done by the database itself at every till but the first.
pub(super) type Planted = &'static str;

pub(super) const DOUBLE_APPLY: Planted =
    "create trigger double_apply after insert on order_event when new.kind = 'handed_over'
     begin update order_units set given = given + 1000 where order_id = new.order_id; end";
/// What is late is not noticed: the last to arrive is the last that counts.
const ORDER_OF_ARRIVAL: Planted =
    "create trigger order_of_arrival after insert on fact_scope when new.rank > 0
     begin delete from fact_scope where scope_id = new.scope_id and rank > 0 and stamp > new.stamp; end";
const DROPPED_UNKNOWN_KIND: Planted =
    "create trigger dropped_unknown_kind after insert on fact when new.kind = 0
     begin delete from fact where device_id = new.device_id and seq = new.seq; end";

/// What the network has of somebody's facts for somebody else.
struct Parcel {
    to: usize,
    chunk: Chunk,
}

#[derive(Debug, Default, Clone)]
struct Met {
    deeds: u64,
    done: u64,
    parcels: u64,
    facts: u64,
    lost: u64,
    refused: u64,
    /// How many facts of each kind.
    kinds: BTreeMap<u16, u64>,
}

impl Branch {
    fn run(&self, seed: u64, planted: Option<Planted>, deeds: usize) -> Checked<Met> {
        let mut dice = Dice::new(seed ^ 0x5eed);
        let mut met = Met::default();
        let shops: Vec<Arc<Shop>> = (0..TILLS)
            .map(|n| self.open(n, seed, planted))
            .collect::<Checked<_>>()?;
        let owners: Vec<Actor> = shops.iter().map(|shop| actor(shop, self.owner.staff)).collect();
        // Ten minutes and more apart: beyond what a clock follows another one.
        let skews: Vec<i64> = (0..TILLS)
            .map(|_| [0, 0, 45, -45, 11 * 60, -11 * 60, 3 * 3_600][dice.below(7)] * SECOND)
            .collect();
        let mut network: Vec<Parcel> = vec![];
        let mut torn = false;
        let mut now = NOON_MS;
        for nth in 0..deeds {
            now += SECOND * (1 + dice.below(120) as i64);
            if dice.percent(5) {
                now += 6 * 3_600 * SECOND;
            }
            if dice.percent(6) {
                torn = !torn;
            }
            let at = dice.below(TILLS);
            for (n, till) in self.tills.iter().enumerate() {
                till.clock.set(now + skews[n]);
            }
            self.tills[at].dice.reseed(seed * 1_000_003 + nth as u64);
            let mut person = Person {
                shop: shops[at].clone(),
                seat: owners[at].seat,
                dice: Dice::new(dice.next()),
            };
            met.deeds += 1;
            if dice.percent(4) {
                // A newer build of another till knows what this is.
                let noted = shops[at]
                    .store()
                    .write(Moment(self.tills[at].clock.now_ms()), |tx| {
                        tx.record(None, &Body::Unknown)
                    });
                noted.map_err(|e: StoreError| worded(e))?;
            } else if dice.percent(55) {
                let deed = person.anything();
                drop(person);
                met.done += u64::from(more_of(&deed, &shops[at], &owners[at]));
            } else {
                met.done += u64::from(person.business(&owners[at]));
            }
            if dice.percent(70) {
                let from = dice.below(TILLS);
                let to = (from + 1 + dice.below(TILLS - 1)) % TILLS;
                send(&shops, from, to, &mut dice, &mut network)?;
            }
            while !torn && !network.is_empty() && dice.percent(75) {
                let parcel = network.swap_remove(dice.below(network.len()));
                if dice.percent(15) {
                    met.lost += 1;
                    continue;
                }
                let taken = shops[parcel.to]
                    .take_in(std::slice::from_ref(&parcel.chunk))
                    .map_err(worded)?;
                met.parcels += 1;
                met.facts += taken.facts;
                met.refused += taken.series.values().filter(|one| one.refused.is_some()).count() as u64;
                if dice.percent(15) {
                    network.push(parcel);
                }
            }
        }
        meet(&shops)?;
        same_everywhere(&shops)?;
        drop(shops);
        let facts = self.tills[0].disk.connect(FILE, None).map_err(worded)?;
        let mut kinds = facts
            .prepare("select kind, count(*) from fact group by kind")
            .map_err(worded)?;
        let rows = kinds
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))
            .map_err(worded)?;
        met.kinds = rows.collect::<Result<_, _>>().map_err(worded)?;
        Ok(met)
    }
}

/// Some of what one till has and another lacks, as far as the sender knew a moment ago.
fn send(shops: &[Arc<Shop>], from: usize, to: usize, dice: &mut Dice, network: &mut Vec<Parcel>) -> Checked {
    let theirs = shops[to].vector().map_err(worded)?;
    let bytes = [200, 4_000, 1 << 20][dice.below(3)];
    let (chunks, _) = shops[from].chunks_for(&theirs, bytes).map_err(worded)?;
    network.extend(chunks.into_iter().map(|chunk| Parcel { to, chunk }));
    Ok(())
}

/// The network works, and everybody gets everything.
fn meet(shops: &[Arc<Shop>]) -> Checked {
    for _ in 0..20 {
        let mut news = 0;
        for from in shops {
            for to in shops {
                let theirs = to.vector().map_err(worded)?;
                let (chunks, _) = from.chunks_for(&theirs, 1 << 20).map_err(worded)?;
                news += to.take_in(&chunks).map_err(worded)?.facts;
                let wanted = to.customers_to_open(500).map_err(worded)?;
                let keys = from.keys_of(&wanted).map_err(worded)?;
                to.take_in_keys(&keys).map_err(worded)?;
            }
        }
        if news == 0 {
            break;
        }
    }
    let vectors: Vec<Vector> = shops
        .iter()
        .map(|s| s.vector().map_err(worded))
        .collect::<Checked<_>>()?;
    if vectors.iter().any(|v| *v != vectors[0]) {
        return Err(format!("not everything arrived everywhere: {vectors:?}"));
    }
    Ok(())
}

fn same_everywhere(shops: &[Arc<Shop>]) -> Checked {
    for (n, shop) in shops.iter().enumerate() {
        is_in_order(shop).map_err(|fault| format!("till {n}: {fault}"))?;
    }
    show_the_same(shops)
}

/// Every fact is signed and in its place, and the views are what the facts say.
pub(super) fn is_in_order(shop: &Shop) -> Checked {
    let verified = shop.store().verify().map_err(worded)?;
    match verified.faults.is_empty() && verified.quarantined == 0 {
        true => Ok(()),
        false => Err(format!(
            "{} set aside, {:?}",
            verified.quarantined, verified.faults
        )),
    }
}

pub(super) fn show_the_same(shops: &[Arc<Shop>]) -> Checked {
    let mut views = vec![];
    for shop in shops {
        views.push(shop.store().fingerprints().map_err(worded)?);
    }
    for (n, shown) in views.iter().enumerate().skip(1) {
        let other: Vec<&str> = views[0]
            .iter()
            .zip(shown)
            .filter(|(one, other)| one != other)
            .map(|(one, _)| one.0)
            .collect();
        if !other.is_empty() {
            return Err(format!("tills 0 and {n} show other rows in {other:?}"));
        }
    }
    Ok(())
}

fn more_of(deed: &Deed, shop: &Shop, actor: &Actor) -> bool {
    deed.done(shop, actor).is_ok()
}

fn form<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a form as a client sends it")
}

impl Person {
    fn customer_id(&mut self) -> Option<Uuid> {
        let list = self
            .shop
            .customers(&CustomerFilter::default())
            .expect("a good disk reads")
            .items;
        list.get(self.dice.below(list.len())).map(|one| one.id)
    }

    fn order_id(&mut self) -> Uuid {
        self.an_order().map_or_else(|| id(5), |order| order.id)
    }

    /// An order's token is scanned, some of it given, and perhaps what was missing paid back.
    pub(super) fn hand_out(&mut self, me: &Actor) -> bool {
        let shop = self.shop.clone();
        let Some(order) = self.an_order() else {
            return false;
        };
        let code = order.token.as_ref().map(|token| token.code.clone());
        let scan = json!({"id": self.id(), "code": code, "take_over": true});
        if shop.redeem(me, &form(scan)).is_err() {
            return false;
        }
        let share = self.dice.below(3) as i64;
        let lines: Vec<Value> = order
            .lines
            .iter()
            .map(|line| {
                let there = (super::milli(&line.open) + super::milli(&line.missing)) / 1000;
                let given = there * share / 2;
                json!({"line": line.line, "given": given.to_string(), "missing": (there - given).to_string()})
            })
            .collect();
        let handing = json!({"id": self.id(), "lines": lines, "missing_as": "refund"});
        let order = OrderId::from_uuid(order.id);
        if shop.hand_over(me, order, &form(handing)).is_err() {
            return false;
        }
        if self.dice.percent(60) {
            let lines: Vec<Value> = shop
                .order(me, order)
                .expect("a good disk reads")
                .lines
                .iter()
                .filter(|line| line.claimed != "0")
                .map(|line| json!({"line": line.line, "quantity": line.claimed}))
                .collect();
            return shop
                .refund(me, order, &form(json!({"id": self.id(), "lines": lines})))
                .is_ok();
        }
        true
    }

    /// A branch is opened, or another one sells a product no more, or again.
    fn branches(&mut self, me: &Actor) -> bool {
        let shop = self.shop.clone();
        let fresh = self.id();
        let all = shop.branches().expect("a good disk reads").items;
        let other = all.iter().find(|branch| !branch.here);
        let Some(other) = other.filter(|_| self.dice.percent(70)) else {
            let n = self.dice.below(90);
            let opened = json!({"id": fresh, "name": format!("Branch {n}")});
            return shop.open_branch(me, &form(opened)).is_ok();
        };
        let sold = json!({"id": fresh, "branch": other.id, "sold": self.dice.percent(50)});
        let product = self.product().0;
        shop.set_sold_at(me, product, &form(sold)).is_ok()
    }

    /// What a counter does besides selling and handing over; says whether it was allowed.
    pub(super) fn business(&mut self, me: &Actor) -> bool {
        let shop = self.shop.clone();
        let fresh = self.id();
        let n = self.dice.below(90);
        let phone = format!("98765432{:02}", self.dice.below(12));
        let some_customer = self.customer_id().unwrap_or_else(|| id(8));
        let customer = CustomerId::from_uuid(some_customer);
        match self.dice.below(30) {
            19..=23 => self.hand_out(me),
            24 => {
                let order = OrderId::from_uuid(self.order_id());
                shop.cancel_order(
                    me,
                    order,
                    &form(json!({"id": fresh, "reason": "changed their mind"})),
                )
                .is_ok()
            }
            27 | 28 => {
                let product = self.product().0.uuid();
                let back = json!({"id": fresh, "lines": [{"product": product, "quantity": "1"}],
                    "reason": "no receipt"});
                shop.make_return(me, &form(back)).is_ok()
            }
            29 => self.branches(me),
            25 | 26 => {
                let undo = self.undo_handover();
                undo.done(&shop, me).is_ok()
            }
            0 | 1 => shop
                .add_customer(
                    me,
                    &form(
                        json!({"id": fresh, "name": format!("Guest {n}"), "phones": [phone],
                    "limit_minor": 50_000}),
                    ),
                )
                .is_ok(),
            2 => shop
                .edit_customer(
                    me,
                    customer,
                    &form(json!({"id": fresh, "name": format!("Regular {n}"), "phones": [],
                    "limit_minor": 10_000 * n})),
                )
                .is_ok(),
            3 => {
                let into = self.customer_id().unwrap_or_else(|| id(8));
                shop.merge_customers(
                    me,
                    &form(json!({"id": fresh, "from": some_customer, "into": into})),
                )
                .is_ok()
            }
            4 => shop
                .erase_customer(me, customer, &form(json!({"id": fresh, "reason": "asked to"})))
                .is_ok(),
            5 | 6 => {
                let product = self.product().0.uuid();
                let quantity = self.quantity();
                shop.place_order(
                    me,
                    &form(json!({"id": fresh, "customer": some_customer,
                    "lines": [{"product": product, "quantity": quantity}],
                    "tenders": [{"id": self.id(), "method": "account"}]})),
                )
                .is_ok()
            }
            7 => shop
                .receive_payment(
                    me,
                    customer,
                    &form(json!({"id": fresh, "method": "cash",
                    "amount_minor": 1_000 + n})),
                )
                .is_ok(),
            8 => {
                let Ok(account) = shop.account(customer) else {
                    return false;
                };
                let account = serde_json::to_value(account).expect("an account");
                let payment = account["entries"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .find(|entry| entry["kind"] == "payment")
                    .and_then(|entry| entry["id"].as_str()?.parse::<Uuid>().ok());
                payment.is_some_and(|payment| {
                    shop.reverse_payment(me, payment, &form(json!({"id": fresh, "reason": "bounced"})))
                        .is_ok()
                })
            }
            9 => shop
                .adjust_account(
                    me,
                    customer,
                    &form(json!({"id": fresh, "kind": "correction",
                    "amount_minor": 100 + n, "reason": "forgotten"})),
                )
                .is_ok(),
            10 => shop.open_shift(me, &form(json!({"id": fresh}))).is_ok(),
            11 => {
                let shift = serde_json::to_value(shop.current_shift(me).expect("reads")).expect("a shift");
                let Some(shift) = shift["shift"]["id"].as_str().and_then(|s| s.parse().ok()) else {
                    return false;
                };
                let shift = ShiftId::from_uuid(shift);
                if self.dice.percent(50) {
                    shop.move_cash(
                        me,
                        shift,
                        &form(json!({"id": fresh, "kind": "in", "amount_minor": 500,
                        "reason": "coins"})),
                    )
                    .is_ok()
                } else {
                    shop.close_shift(me, shift, &form(json!({"id": fresh, "print": false})))
                        .is_ok()
                }
            }
            12 => shop
                .issue_card(
                    me,
                    &form(json!({"id": fresh, "kind": "gift_card", "amount_minor": 5_000,
                    "reason": "a kindness"})),
                )
                .is_ok(),
            13 => {
                // A bank transfer that has not arrived yet; later it has, or not.
                let product = self.product().0.uuid();
                shop.place_order(
                    me,
                    &form(
                        json!({"id": fresh, "lines": [{"product": product, "quantity": "1"}],
                    "tenders": [{"id": self.id(), "method": "bank", "reference": "NEFT 431512345678",
                        "pending": true}]}),
                    ),
                )
                .is_ok()
            }
            14 | 15 => {
                let order = self.order_id();
                let view = shop.order(me, OrderId::from_uuid(order)).ok();
                let Some(leg) = view.and_then(|view| view.tenders.first().map(|leg| leg.id)) else {
                    return false;
                };
                let state = ["captured", "failed"][self.dice.below(2)];
                shop.settle_tender(
                    me,
                    OrderId::from_uuid(order),
                    TenderId::from_uuid(leg),
                    &form(json!({"id": fresh, "state": state, "reason": "the bank says so"})),
                )
                .is_ok()
            }
            16 => {
                let order = OrderId::from_uuid(self.order_id());
                shop.revise_invoice(me, order, &form(json!({"id": fresh, "reason": "wrong name",
                    "buyer": {"name": format!("Buyer {n}"), "tax_number": "", "region": "27", "address": "1 Road"}})))
                    .is_ok()
            }
            17 => {
                let order = OrderId::from_uuid(self.order_id());
                shop.set_due(me, order, &form(json!({"id": fresh, "due_day": "2026-12-24"})))
                    .is_ok()
            }
            _ => shop.make_quotation(me, &form(json!({"id": fresh}))).is_ok(),
        }
    }
}

static BRANCH: OnceLock<std::sync::Mutex<Branch>> = OnceLock::new();

fn with_branch<T>(work: impl FnOnce(&Branch) -> T) -> T {
    let branch = BRANCH.get_or_init(|| std::sync::Mutex::new(Branch::new("apart")));
    work(&branch.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

const DEEDS: usize = 120;

#[test]
fn tills_apart_meet_and_show_the_same() {
    with_branch(|branch| {
        let seeds: Vec<u64> = match number_in("CHANDI_SEED") {
            Some(seed) => vec![seed],
            None => (0..number_in("CHANDI_SEEDS").unwrap_or(24)).collect(),
        };
        let mut sum = Met::default();
        for seed in &seeds {
            match branch.run(*seed, None, DEEDS) {
                Ok(met) => {
                    sum.deeds += met.deeds;
                    sum.done += met.done;
                    sum.parcels += met.parcels;
                    sum.facts += met.facts;
                    sum.lost += met.lost;
                    sum.refused += met.refused;
                    for (kind, facts) in met.kinds {
                        *sum.kinds.entry(kind).or_default() += facts;
                    }
                }
                Err(finding) => panic!("seed {seed} (tell it again with CHANDI_SEED={seed}): {finding}"),
            }
        }
        eprintln!("{} seeds: {sum:?}", seeds.len());
    });
}

#[test]
fn planted_bugs_between_tills_are_found_within_two_seeds() {
    with_branch(|branch| {
        for bug in [DOUBLE_APPLY, ORDER_OF_ARRIVAL, DROPPED_UNKNOWN_KIND] {
            let found = (0..2).find_map(|seed| branch.run(seed, Some(bug), 160).err());
            let finding = found.unwrap_or_else(|| panic!("{bug:?} was not found: the simulation is blind"));
            eprintln!("{bug:?}: {}", finding.chars().take(160).collect::<String>());
        }
    });
}

/// Two devices of the branch each let one in, apart: both newcomers have one ordinal, and count their products alike.
#[test]
fn products_of_two_devices_with_one_ordinal_are_all_sold() {
    let branch = Branch::new("ordinals");
    let mut tills: Vec<Till> = vec![];
    let mut shops: Vec<Arc<Shop>> = vec![];
    for n in 0..2 {
        let shop = branch.open(n, 1, None).expect("a good disk opens");
        branch.tills[n].dice.reseed(40 + n as u64);
        let identity = shop.admit().expect("a device is admitted");
        let till = Till::new(&format!("ordinals-guest-{n}"), None);
        till.disk.load(&branch.tills[n].disk.image(), 1);
        let store = till.open_store().expect("a copy opens");
        store.become_device(&identity).expect("a copy becomes a device");
        drop(store);
        // The second one makes its product first.
        till.clock.set(NOON_MS + (2 - n as i64) * SECOND);
        till.dice.reseed(60 + n as u64);
        shops.push(Arc::new(till.open().expect("a good disk opens")));
        shops.push(shop);
        tills.push(till);
    }
    shops.swap(1, 2);
    let owners: Vec<Actor> = shops.iter().map(|shop| actor(shop, branch.owner.staff)).collect();
    let mut made = vec![];
    for n in 0..2 {
        let sweet = json!({"id": id(70 + n as u64), "name": format!("Laddu {n}"), "price_minor": 1_000,
            "unit": "piece", "barcodes": [format!("890100000000{n}")], "art": {"kind": "letters"},
            "available": true, "favourite": false});
        let added = shops[n]
            .add_product(&owners[n], &form(sweet))
            .expect("a product is added");
        made.push(added.id);
    }
    let number = |shop: &Shop, product: Uuid| {
        let row: Result<_, StoreError> = shop.store().read(|r| r.product(ProductId::from_uuid(product)));
        row.expect("reads").map(|row| row.n)
    };
    let both = number(&shops[0], made[0]);
    assert_eq!(both, number(&shops[1], made[1]), "one number for both");
    meet(&shops).expect("everything arrives");
    same_everywhere(&shops).expect("all show the same");
    for (shop, me) in shops.iter().zip(&owners) {
        for (n, product) in made.iter().enumerate() {
            let code = format!("890100000000{n}");
            let found: Result<_, StoreError> = shop.store().read(|r| r.product_by_code(&code));
            let found = found.expect("reads").map(|row| row.id.uuid());
            assert_eq!(found, Some(*product), "by its barcode");
        }
        assert_eq!(number(shop, made[1]), both, "the earlier one keeps it");
        let lines: Vec<Value> = made
            .iter()
            .map(|product| json!({"product": product, "quantity": "1"}))
            .collect();
        let sold = json!({"id": Uuid::from_u128(Uuid::from_bytes(shop.identity().device.bytes()).as_u128() ^ 1),
            "lines": lines, "tenders": [{"id": Uuid::from_u128(Uuid::from_bytes(shop.identity().device.bytes()).as_u128() ^ 2),
            "method": "cash"}]});
        shop.place_order(me, &form(sold)).expect("both are sold");
    }
}

// --- what a device refuses ----------------------------------------------------------------------------------------------

/// Transactions that this device signs, whatever is in them.
fn forged(shop: &Shop, bodies: &[(u16, u16, Vec<u8>)], ms: i64) -> Chunk {
    let me = shop.store().identity().expect("a device");
    let ranges = [Range {
        device: me.device,
        after: 0,
        upto: u64::MAX,
    }];
    let (chunks, _) = shop
        .store()
        .chunks(&ranges, usize::MAX)
        .expect("a good disk reads");
    let key = DeviceKey::from_seed(&me.secret_key);
    let mut at = Place::default();
    let mut series = Series::new(me.shop, me.branch, me.device);
    for chunk in &chunks {
        let (read, why) = chunk.read(&key.public(), Place::default());
        assert_eq!(why, None, "its own series is whole");
        at = read.last().map_or(at, Transaction::end);
    }
    (series.seq, series.hash) = (at.seq, at.hash);
    let mut transactions = vec![];
    for (n, (kind, version, body)) in bodies.iter().enumerate() {
        let stamp = Stamp::at(Moment(ms + n as i64)).max(Stamp(at.stamp.0 + 1 + n as u64));
        let fact = FactId::from_uuid(id(900 + n as u64));
        let fact = series.append(fact, stamp, None, *kind, *version, body.clone());
        transactions.push(Transaction {
            facts: vec![fact],
            head: series.head(&key),
        });
    }
    Chunk::of(me.shop, me.device, &at, &transactions)
}

fn why(shop: &Shop, chunk: &Chunk) -> Option<Why> {
    let taken = shop
        .take_in(std::slice::from_ref(chunk))
        .expect("a good disk writes");
    taken.series[&chunk.device].refused
}

fn series_of(from: &Shop, to: &Shop) -> Chunk {
    let theirs = to.vector().expect("reads");
    let (chunks, _) = from.chunks_for(&theirs, usize::MAX).expect("reads");
    let me = from.identity().device;
    chunks
        .into_iter()
        .find(|chunk| chunk.device == me)
        .expect("something new")
}

#[test]
fn what_is_wrong_with_a_series_is_named_and_stops_no_other() {
    let branch = Branch::new("refusing");
    let shops: Vec<Arc<Shop>> = (0..TILLS)
        .map(|n| branch.open(n, 1, None).expect("a good disk opens"))
        .collect();
    let note = |n: usize| {
        let store = shops[n].store();
        let done = store.write(Moment(branch.tills[n].clock.now_ms()), |tx| {
            tx.record(None, &Body::Unknown)
        });
        done.map_err(|e: StoreError| e).expect("written");
    };
    for n in [1, 1, 2] {
        note(n);
    }
    let good = series_of(&shops[1], &shops[0]);
    let other = series_of(&shops[2], &shops[0]);
    let changed = |change: fn(&mut Chunk)| {
        let mut chunk = good.clone();
        change(&mut chunk);
        chunk
    };
    let gap = changed(|c| {
        c.after += 1;
        c.transactions.remove(0);
    });
    assert!(matches!(why(&shops[0], &gap), Some(Why::Gap { .. })));
    let stranger = changed(|c| c.device = DeviceId::from_uuid(id(77)));
    assert_eq!(why(&shops[0], &stranger), Some(Why::UnknownDevice));
    let elsewhere = changed(|c| c.shop = ShopId::from_uuid(id(78)));
    assert_eq!(why(&shops[0], &elsewhere), Some(Why::WrongShop));
    let bent = changed(|c| {
        let last = c.transactions.last_mut().expect("some");
        let end = last.len() - 1;
        last[end] ^= 1;
    });
    assert!(
        matches!(why(&shops[0], &bent), Some(Why::BadSignature { .. })),
        "what is good before it is taken"
    );
    let taken = shops[0].take_in(&[gap, good.clone(), other]).expect("taken");
    assert_eq!(taken.facts, 2, "the rest of one series, and the other one");
    assert_eq!(
        shops[0].take_in(&[good]).expect("taken").facts,
        0,
        "twice is once"
    );

    // A clock a year ahead does not drag this one, and what cannot be read blocks nothing.
    let ahead = branch.tills[1].clock.now_ms() + 365 * 86_400 * SECOND;
    let odd = forged(&shops[1], &[(20, 2, vec![255]), (9_999, 7, vec![1, 2, 3])], ahead);
    assert_eq!(why(&shops[0], &odd), None);
    assert_eq!(shops[0].store().verify().expect("reads").quarantined, 1);
    note(0);
    let (chunks, _) = shops[0].chunks_for(&Vector::new(), usize::MAX).expect("reads");
    assert!(
        chunks
            .iter()
            .any(|c| c.device == odd.device && c.transactions.ends_with(&odd.transactions)),
        "it is passed on untouched"
    );
    let mine = chunks
        .iter()
        .find(|c| c.device == shops[0].identity().device)
        .expect("mine");
    let key = DeviceKey::from_seed(&shops[0].store().identity().expect("a device").secret_key).public();
    let (own, _) = mine.read(&key, Place::default());
    let last = own.last().expect("some").end().stamp;
    assert!(last < Stamp::at(Moment(ahead)), "{last:?} stays with our wall");

    // The same device once more, from an old copy: the first story stands, and people are told.
    note(1);
    let ranges = [Range {
        device: odd.device,
        after: odd.after,
        upto: u64::MAX,
    }];
    let (mut fork, _) = shops[1].store().chunks(&ranges, usize::MAX).expect("reads");
    let fork = fork.pop().expect("another story");
    assert!(matches!(why(&shops[0], &fork), Some(Why::Forked { .. })));
    let listed = shops[0].anomalies(&Default::default()).expect("reads").items;
    assert!(listed.iter().any(|one| one.kind == "device_forked"), "{listed:?}");
    assert_eq!(
        shops[0].store().verify().expect("reads").faults,
        Vec::<String>::new()
    );
}

#[test]
fn a_revocation_strikes_what_came_in_beyond_it_at_every_till() {
    let branch = Branch::new("revoking");
    let shops: Vec<Arc<Shop>> = (0..TILLS)
        .map(|n| branch.open(n, 1, None).expect("a good disk opens"))
        .collect();
    let owners: Vec<Actor> = shops.iter().map(|shop| actor(shop, branch.owner.staff)).collect();
    let sell = |n: usize, throw: u64| {
        branch.tills[n].dice.reseed(throw);
        let mut person = Person {
            shop: shops[n].clone(),
            seat: owners[n].seat,
            dice: Dice::new(throw),
        };
        person.sell_lines().done(&shops[n], &owners[n]).expect("sold");
    };
    sell(1, 1);
    let thief = shops[1].identity().device;
    let sold = series_of(&shops[1], &shops[0]);
    let key = DeviceKey::from_seed(&shops[1].store().identity().expect("a device").secret_key).public();
    let (read, _) = sold.read(
        &key,
        Place {
            seq: sold.after,
            hash: sold.previous,
            stamp: Stamp(0),
        },
    );
    let last = read.last().expect("a sale").end();
    sell(1, 2);
    for n in [0, 2] {
        shops[n]
            .take_in(&[series_of(&shops[1], &shops[n])])
            .expect("taken");
    }
    let revoked = Body::DeviceRevoked(DeviceRevokedV1 {
        device: thief.bytes(),
        last_seq: last.seq,
        last_hash: last.hash,
        reason: "stolen".to_owned(),
        revoked_ms: NOON_MS,
    });
    let done = shops[0]
        .store()
        .write(Moment(NOON_MS), |tx| tx.record(Some(owners[0].staff), &revoked));
    done.map_err(|e: StoreError| e).expect("revoked");
    shops[2]
        .take_in(&[series_of(&shops[0], &shops[2])])
        .expect("taken");
    for n in [0, 2] {
        assert_eq!(shops[n].vector().expect("reads")[&thief], last.seq, "till {n}");
        assert_eq!(
            why(&shops[n], &series_of(&shops[1], &shops[n])),
            Some(Why::Revoked { until: last.seq })
        );
        let orders = super::all_orders(&shops[n]).expect("reads");
        assert_eq!(orders.len(), 1, "the sale after it counts no more at till {n}");
    }
    same_everywhere(&[shops[0].clone(), shops[2].clone()]).expect("the same at both");
}

/// A device that was let in by one that was shut out too early is let in again by somebody who belongs.
#[test]
fn who_is_let_in_again_brings_back_what_was_struck_out() {
    let branch = Branch::new("again");
    let shops: Vec<Arc<Shop>> = (0..TILLS)
        .map(|n| branch.open(n, 1, None).expect("a good disk opens"))
        .collect();
    let me = shops[0].store().identity().expect("a device");
    let tell = |n: usize, body: &Body| {
        let done = shops[n]
            .store()
            .write(Moment(branch.tills[n].clock.now_ms()), |tx| tx.record(None, body));
        done.map_err(|e: StoreError| e).expect("written");
    };
    let revoke = |device: DeviceId, last: Option<(u64, [u8; 32])>| {
        let (last_seq, last_hash) = last.unwrap_or((0, [0; 32]));
        Body::DeviceRevoked(DeviceRevokedV1 {
            device: device.bytes(),
            last_seq,
            last_hash,
            reason: "lost".to_owned(),
            revoked_ms: NOON_MS,
        })
    };
    tell(1, &Body::Unknown);
    meet(&shops).expect("all have the same");
    let lost = shops[1].identity().device;
    let end = shops[0].store().read(|r| r.head_of(lost)).expect("reads");
    // The till that is lost lets another device in, which sells.
    let key = DeviceKey::from_seed(&[77; 32]);
    let late = DeviceId::from_uuid(id(78));
    let admitted = DeviceAdmittedV1 {
        device: late.bytes(),
        public_key: key.public().bytes(),
        branch: me.branch.bytes(),
        counter: id(79).into_bytes(),
        ordinal: 41,
        lane: 41,
        admitted_ms: NOON_MS,
    };
    tell(1, &Body::DeviceAdmitted(admitted.clone()));
    let mut series = Series::new(me.shop, me.branch, late);
    let mut at = Place::default();
    let mut chunks = vec![];
    for n in 0..2 {
        let stamp = Stamp::at(Moment(NOON_MS + n as i64));
        let fact = series.append(FactId::from_uuid(id(700 + n)), stamp, None, 9_999, 1, vec![1]);
        let head = series.head(&key);
        let transaction = Transaction {
            facts: vec![fact],
            head,
        };
        chunks.push(Chunk::of(me.shop, late, &at, std::slice::from_ref(&transaction)));
        at = transaction.end();
    }
    for n in [0, 2] {
        shops[n]
            .take_in(&[series_of(&shops[1], &shops[n]), chunks[0].clone()])
            .expect("taken");
    }
    tell(0, &revoke(lost, end));
    shops[2]
        .take_in(&[series_of(&shops[0], &shops[2])])
        .expect("taken");
    for n in [0, 2] {
        assert_eq!(
            shops[n].vector().expect("reads").get(&late),
            None,
            "till {n}: struck out"
        );
    }
    // The owner lets it in again, and it goes on.
    tell(0, &Body::DeviceAdmitted(admitted));
    shops[2]
        .take_in(&[series_of(&shops[0], &shops[2])])
        .expect("taken");
    for n in [0, 2] {
        assert_eq!(shops[n].vector().expect("reads").get(&late), Some(&1), "till {n}");
        assert_eq!(why(&shops[n], &chunks[1]), None, "till {n}");
    }
    // And it can be shut out as any other.
    tell(0, &revoke(late, None));
    shops[2]
        .take_in(&[series_of(&shops[0], &shops[2])])
        .expect("taken");
    for n in [0, 2] {
        assert_eq!(
            shops[n].vector().expect("reads").get(&late),
            None,
            "till {n}: out"
        );
    }
    same_everywhere(&[shops[0].clone(), shops[2].clone()]).expect("the same at both");
}

/// A till began again from an image of its disk, and two others each heard of another of its pasts. The owner names one.
fn two_pasts(name: &str, named: u64, other: u64) {
    let branch = Branch::new(name);
    let mut shops: Vec<Arc<Shop>> = (0..TILLS)
        .map(|n| branch.open(n, 1, None).expect("a good disk opens"))
        .collect();
    let sell = |shop: &Arc<Shop>, throw: u64| {
        branch.tills[1].dice.reseed(throw);
        let owner = actor(shop, branch.owner.staff);
        let mut person = Person {
            shop: shop.clone(),
            seat: owner.seat,
            dice: Dice::new(throw),
        };
        person.sell_lines().done(shop, &owner).expect("sold");
    };
    for throw in 0..5 {
        sell(&shops[1], throw);
    }
    meet(&shops).expect("all have the same");
    let copied = shops[1].identity().device;
    drop(shops.remove(1));
    let image = branch.tills[1].disk.image();
    let mut pasts = vec![];
    for (n, sales) in [(0, named), (1, other)] {
        branch.tills[1].disk.load(&image, 1);
        let till = Arc::new(branch.tills[1].open().expect("it begins again"));
        for sale in 0..sales {
            sell(&till, 100 * (n as u64 + 1) + sale);
        }
        let past = series_of(&till, &shops[n]);
        assert_eq!(why(&shops[n], &past), None);
        pasts.push(past);
    }
    assert!(matches!(why(&shops[1], &pasts[0]), Some(Why::Forked { .. })));
    let (last_seq, last_hash) = shops[0]
        .store()
        .read(|r| r.head_of(copied))
        .expect("reads")
        .expect("it sold something");
    let revoked = Body::DeviceRevoked(DeviceRevokedV1 {
        device: copied.bytes(),
        last_seq,
        last_hash,
        reason: "copied".to_owned(),
        revoked_ms: NOON_MS,
    });
    let done = shops[0]
        .store()
        .write(Moment(NOON_MS), |tx| tx.record(None, &revoked));
    done.map_err(|e: StoreError| e).expect("shut out");
    let forked = |shop: &Shop| {
        let listed = shop.anomalies(&Default::default()).expect("reads").items;
        listed.iter().any(|one| one.kind == "device_forked")
    };
    shops[1]
        .take_in(&[series_of(&shops[0], &shops[1])])
        .expect("it hears of it");
    assert!(
        forked(&shops[1]),
        "listed as long as its books are another past's"
    );
    let mut asked = 0;
    while shops[1].vector().expect("reads") != shops[0].vector().expect("reads") {
        asked += 1;
        assert!(asked < 12, "it does not ask for ever");
        let theirs = shops[1].vector().expect("reads");
        let (chunks, _) = shops[0].chunks_for(&theirs, 1 << 20).expect("reads");
        shops[1].take_in(&chunks).expect("taken");
        // Somebody who has not heard of it yet offers the other past again.
        let stale = shops[1].take_in(&pasts[1..]).expect("looked at");
        assert!(stale.series[&copied].refused.is_some());
    }
    same_everywhere(&shops).expect("the past that the owner named, everywhere");
    assert!(
        !forked(&shops[0]) && !forked(&shops[1]),
        "and nothing is left to do"
    );
    let refused = why(&shops[1], &pasts[1]);
    assert!(matches!(refused, Some(Why::Forked { .. })));

    // The copied till itself, which is refused: it never says that the shop has all that it did.
    let till = Arc::new(branch.tills[1].open().expect("it begins again"));
    let owner = actor(&till, branch.owner.staff);
    let hub = PeerName {
        key: "hub".to_owned(),
        kind: PeerKind::Hub,
        address: "https://hub.example".to_owned(),
        device: None,
    };
    till.follow_peer(&hub).expect("followed");
    let report = PeerReport {
        heads: shops[0].vector().expect("reads"),
        given_up: refused.map(|why| (copied, why)).into_iter().collect(),
        ..PeerReport::default()
    };
    till.report_peer("hub", report).expect("reported");
    let lost = till.forget_view(&owner).expect("reads").only_here;
    assert!(lost >= other, "{lost} would be lost");
    till.take_in(&[series_of(&shops[0], &till)])
        .expect("it hears of it");
    let view = till.shut_out_view().expect("it is out");
    assert!(view.copied);
    assert_eq!(
        view.left.orders,
        5 + other,
        "all of it, as long as nobody can tell"
    );
}

#[test]
fn the_past_that_the_owner_named_holds_where_a_shorter_one_was_known() {
    two_pasts("longer", 4, 2);
}

#[test]
fn the_past_that_the_owner_named_holds_where_a_longer_one_was_known() {
    two_pasts("shorter", 2, 4);
}

#[test]
fn one_order_given_out_by_two_tills_apart_is_listed_at_all_of_them() {
    let branch = Branch::new("twice");
    let shops: Vec<Arc<Shop>> = (0..TILLS)
        .map(|n| branch.open(n, 1, None).expect("a good disk opens"))
        .collect();
    let owners: Vec<Actor> = shops.iter().map(|shop| actor(shop, branch.owner.staff)).collect();
    branch.tills[0].dice.reseed(1);
    let mut person = Person {
        shop: shops[0].clone(),
        seat: owners[0].seat,
        dice: Dice::new(1),
    };
    let order = person.sell_lines().done(&shops[0], &owners[0]).expect("sold");
    drop(person);
    let order_id: Uuid = order["id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .expect("an id");
    meet(&shops).expect("all have it");
    for shop in &shops {
        assert_eq!(shop.anomalies(&Default::default()).expect("reads").items.len(), 0);
    }
    for n in [0, 1] {
        branch.tills[n].dice.reseed(50 + n as u64);
        let scan = json!({"id": id(60 + n as u64), "code": order["token"]["code"], "take_over": true});
        shops[n]
            .redeem(&owners[n], &form(scan))
            .expect("good while apart");
        let lines: Vec<Value> = order["lines"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|line| json!({"line": line["line"], "given": line["ordered"], "missing": "0"}))
            .collect();
        let handing = json!({"id": id(70 + n as u64), "lines": lines, "missing_as": "refund"});
        shops[n]
            .hand_over(&owners[n], OrderId::from_uuid(order_id), &form(handing))
            .expect("given");
    }
    meet(&shops).expect("they meet");
    same_everywhere(&shops).expect("and agree");
    for shop in &shops {
        let listed = shop.anomalies(&Default::default()).expect("reads").items;
        assert_eq!(listed.len(), order["lines"].as_array().map_or(0, Vec::len));
        assert!(
            listed
                .iter()
                .all(|one| one.kind == "given_twice" && one.order.as_ref().is_some_and(|o| o.id == order_id)),
            "{listed:?}"
        );
        // Selling and looking go on.
        shop.order(&owners[0], OrderId::from_uuid(order_id))
            .expect("still shown");
    }
}

/// What a guest writes who was let in under an id of its own choice and says that it founded the shop.
fn usurper(shop: &Shop) -> (DeviceAdmittedV1, Chunk) {
    let me = shop.store().identity().expect("a device");
    let device = DeviceId::from_bytes([0; 16]);
    let key = DeviceKey::from_seed(&[66; 32]);
    let admitted = DeviceAdmittedV1 {
        device: device.bytes(),
        public_key: key.public().bytes(),
        branch: me.branch.bytes(),
        counter: id(67).into_bytes(),
        ordinal: 40,
        lane: 40,
        admitted_ms: NOON_MS,
    };
    let founded = Body::ShopFounded(ShopFoundedV1 {
        shop: me.shop.bytes(),
        branch: admitted.branch,
        counter: admitted.counter,
        device: admitted.device,
        public_key: admitted.public_key,
        ordinal: 40,
        lane: 40,
        currency: *b"INR",
        demo: false,
        founded_ms: NOON_MS,
    });
    let card = Body::RecoveryKeySet(RecoveryKeySetV1 {
        generation: 9,
        recipient: "age1".to_owned(),
        public_key: key.public().bytes(),
        set_ms: NOON_MS,
    });
    let mut series = Series::new(me.shop, me.branch, device);
    let transactions: Vec<Transaction> = [founded, card]
        .iter()
        .enumerate()
        .map(|(n, body)| {
            let stamp = Stamp::at(Moment(NOON_MS + n as i64));
            let (kind, version) = body.tag();
            let fact = FactId::from_uuid(id(800 + n as u64));
            let fact = series.append(fact, stamp, None, kind, version, body.encode());
            Transaction {
                facts: vec![fact],
                head: series.head(&key),
            }
        })
        .collect();
    let chunk = Chunk::of(me.shop, device, &Place::default(), &transactions);
    (admitted, chunk)
}

#[test]
fn a_guest_that_says_it_founded_the_shop_is_not_believed() {
    let branch = Branch::new("usurped");
    let shops: Vec<Arc<Shop>> = (0..TILLS)
        .map(|n| branch.open(n, 1, None).expect("a good disk opens"))
        .collect();
    let (admitted, chunk) = usurper(&shops[0]);
    let done = shops[0].store().write(Moment(NOON_MS), |tx| {
        tx.record(None, &Body::DeviceAdmitted(admitted))
    });
    done.map_err(|e: StoreError| e).expect("let in");
    meet(&shops).expect("all know the guest");
    let founder = |shop: &Shop| {
        shop.store()
            .read(|r| r.founder())
            .expect("reads")
            .expect("a founder")
    };
    for (n, shop) in shops.iter().enumerate() {
        assert_eq!(why(shop, &chunk), Some(Why::FoundsAgain { seq: 1 }), "till {n}");
        assert_eq!(founder(shop).0, shops[0].identity().device, "till {n}");
        assert_eq!(shop.vector().expect("reads").get(&chunk.device), None, "till {n}");
    }
    same_everywhere(&shops).expect("nothing was struck out");
}

/// An earlier build took the guest's word, struck out everybody else's facts and was updated.
#[test]
fn books_that_believed_a_false_founder_come_right_with_the_update() {
    let branch = Branch::new("poisoned");
    let mut shops: Vec<Arc<Shop>> = (0..TILLS)
        .map(|n| branch.open(n, 1, None).expect("a good disk opens"))
        .collect();
    let (admitted, chunk) = usurper(&shops[0]);
    let done = shops[0].store().write(Moment(NOON_MS), |tx| {
        tx.record(None, &Body::DeviceAdmitted(admitted))
    });
    done.map_err(|e: StoreError| e).expect("let in");
    meet(&shops).expect("all know the guest");
    let founder = shops[0].identity().device;
    drop(shops.pop());
    let file = branch.tills[2].disk.connect(FILE, None).expect("the file opens");
    let key = DeviceKey::from_seed(&[66; 32]).public();
    for transaction in chunk.read(&key, Place::default()).0 {
        let (fact, head) = (&transaction.facts[0], &transaction.head);
        let h = &fact.header;
        file.execute(
            "insert into fact values (?1, ?2, ?3, ?4, ?5, ?6, null, ?7, ?8, ?9, ?10)",
            (
                h.device.bytes(),
                h.seq,
                h.fact.bytes(),
                h.shop.bytes(),
                h.branch.bytes(),
                h.stamp.0 as i64,
                h.kind,
                h.version,
                &fact.body,
                fact.hash,
            ),
        )
        .expect("written");
        file.execute(
            "insert into arrival (device_id, seq) values (?1, ?2)",
            (h.device.bytes(), h.seq),
        )
        .expect("written");
        file.execute(
            "insert into head values (?1, ?2, ?3, ?4)",
            (head.device.bytes(), head.seq, head.hash, head.signature),
        )
        .expect("written");
    }
    for (from, to) in [("fact", "struck_fact"), ("head", "struck_head")] {
        file.execute(
            &format!("insert into {to} select * from {from} where device_id = ?1"),
            [founder.bytes()],
        )
        .and_then(|_| {
            file.execute(
                &format!("delete from {from} where device_id = ?1"),
                [founder.bytes()],
            )
        })
        .expect("struck out");
    }
    file.execute_batch(
        "drop table founder; drop table left_fact; drop table left_head;
         delete from refinery_schema_history where version >= 30; update guard set views = 0",
    )
    .expect("as an earlier build left it");
    drop(file);
    shops.push(Arc::new(branch.tills[2].open().expect("it opens")));
    let kept = shops[2]
        .store()
        .read(|r| r.founder())
        .expect("reads")
        .expect("a founder");
    assert_eq!(kept.0, founder);
    assert_eq!(why(&shops[2], &chunk), Some(Why::FoundsAgain { seq: 1 }));
    meet(&shops).expect("they go on");
    same_everywhere(&shops).expect("the same as who never heard of it");
}

// --- rounds with a peer -----------------------------------------------------------------------------------------------

/// A peer whose requests or answers are lost half of the time.
struct Shaky {
    peer: Neighbour,
    dice: std::sync::Mutex<Dice>,
}

impl Shaky {
    fn lost(&self) -> Result<(), Unreachable> {
        let mut dice = self.dice.lock().expect("nobody panicked");
        match dice.percent(25) {
            true => Err(Unreachable("lost".to_owned())),
            false => Ok(()),
        }
    }
}

impl Peer for Shaky {
    fn push(&self, push: &Push) -> Result<Pushed, Unreachable> {
        self.lost()?;
        let answer = self.peer.push(push)?;
        self.lost().map(|()| answer)
    }

    fn pull(&self, pull: &Pull) -> Result<Pulled, Unreachable> {
        self.lost()?;
        let answer = self.peer.pull(pull)?;
        self.lost().map(|()| answer)
    }

    fn keys(&self, wanted: &[CustomerId]) -> Result<Vec<SealedKey>, Unreachable> {
        self.lost()?;
        self.peer.keys(wanted)
    }
}

#[test]
fn rounds_with_a_shaky_peer_bring_everything_everywhere() {
    let branch = Branch::new("rounds");
    let shops: Vec<Arc<Shop>> = (0..TILLS)
        .map(|n| branch.open(n, 3, None).expect("a good disk opens"))
        .collect();
    // Everybody with everybody: keys are only given to who asks.
    let pairs = (0..TILLS).flat_map(|n| (0..TILLS).map(move |m| (n, m)));
    let replicators: Vec<Replicator<Shaky>> = pairs
        .filter(|(n, m)| n != m)
        .map(|(n, m)| {
            let peer = Shaky {
                peer: Neighbour(shops[m].clone()),
                dice: std::sync::Mutex::new(Dice::new((n * TILLS + m) as u64)),
            };
            Replicator::new(&shops[n], peer)
        })
        .collect();
    for nth in 0..60 {
        let at = nth % TILLS;
        let owner = actor(&shops[at], branch.owner.staff);
        branch.tills[at].dice.reseed(5_000 + nth as u64);
        let mut person = Person {
            shop: shops[at].clone(),
            seat: owner.seat,
            dice: Dice::new(nth as u64),
        };
        person.business(&owner);
        let deed = person.anything();
        drop(person);
        more_of(&deed, &shops[at], &owner);
        // Selling went on whatever became of this.
        drop(replicators[nth % replicators.len()].round());
    }
    let mut whole = 0;
    for _ in 0..30 {
        for replicator in &replicators {
            whole += u64::from(replicator.round().is_ok());
        }
    }
    assert!(whole > 20, "most rounds get through: {whole}");
    for replicator in &replicators {
        assert!(replicator.given_up().is_empty());
    }
    same_everywhere(&shops).expect("the same at all tills");
}
