//! Nothing is lost: real shops on a disk in memory that loses power at every operation, tears, fills up and fails.
//!
//! A story is told once on a disk that never fails. What it answered and what the shop then held is the truth; told
//! again on a bad disk, the shop must hold after every accident either what it held before the step that was under way
//! or what it held after it, and the repeated step must give the same answer. In the seeded part two tills hear the
//! same random story at the same time, one on a good disk and one on a bad one.
//!
//! A failure names its seed: `CHANDI_SEED=17 cargo test -p stories --test simulation seeds` tells that story again, and
//! `./dev simulate` tells a million of them.

#[path = "simulation/apart.rs"]
mod apart;
#[path = "simulation/fleet.rs"]
mod fleet;

use app::{
    Actor, Kind, Shop,
    cart::{CartEdit, ChangeCart, DiscountForm, ParkCart, Stage, WriteId},
    catalog::{Art, ChangePrices, ProductForm},
    claims::Redeem,
    handovers::{HandOver, HandOverLine, Progressed, UndoHandover},
    live::Live,
    order_view::OrderView,
    orders::{BindPhone, CancelOrder, OrderFilter, PlaceLine, PlaceOrder},
    refunds::{Refund, RefundLine},
    settings::ChangeSetting,
    setup::{CheckedShop, OwnShop},
    tenders::{PlaceTender, SplitTenders},
    tokens::{TokenChange, VerifyToken},
    vault::KeyStorage,
};
use domain::{
    ids::{CartId, OrderId, ProductId, SeatId, SessionId, StaffId, uuid_v7},
    people::Role,
    quantity::{Quantity, Unit},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    sync::{Arc, OnceLock},
};
use store::{Options, Store, StoreError};
use testkit::{
    FakeClock, NOON_MS, OWNER_PIN,
    dice::{Dice, SharedDice},
    disk::{Disk, Image, Sync, Unsynced},
};
use uuid::Uuid;

const FILE: &str = "chandi.db";
const LOG: &str = "chandi.db-wal";
const KEY: [u8; 32] = [0x5a; 32];
const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;
const YEAR: i64 = 365 * 24 * HOUR;

/// A finding, in words.
type Checked<T = ()> = Result<T, String>;

fn worded(error: impl Display) -> String {
    error.to_string()
}

/// One till: a disk, a clock and dice that the test holds.
struct Till {
    disk: Disk,
    clock: FakeClock,
    dice: SharedDice,
    key: Option<[u8; 32]>,
}

impl Till {
    fn new(name: &str, key: Option<[u8; 32]>) -> Till {
        Till {
            disk: Disk::new(name, 0),
            clock: FakeClock::at(NOON_MS),
            dice: SharedDice::default(),
            key,
        }
    }

    fn open_store(&self) -> Result<Store, StoreError> {
        Store::open(Options {
            file: FILE.into(),
            key: self.key,
            vfs: Some(self.disk.name()),
        })
    }

    fn open(&self) -> Result<Shop, StoreError> {
        self.enter(self.open_store()?)
    }

    fn enter(&self, store: Store) -> Result<Shop, StoreError> {
        let edges = self.clock.edges_with(self.dice.clone());
        Shop::new(store, KeyStorage::File, edges, Arc::new(Live::default()))
    }

    /// Founds the shop on the disk as it is; the same shop every time.
    fn found(&self, store: &Store) -> app::Result<StaffId> {
        self.dice.reseed(7);
        answers().found(store, &self.clock.edges_with(self.dice.clone()))
    }

    /// A founded shop, closed in peace: the disk and its owner.
    fn founded(&self) -> (Image, Actor) {
        let store = self.open_store().expect("a new store opens");
        let owner = self.found(&store).expect("a shop is founded");
        let shop = self.enter(store).expect("the shop opens");
        let actor = actor(&shop, owner);
        drop(shop);
        (self.disk.image(), actor)
    }
}

/// The owner's answers, checked once: hashing a PIN is slow, as it should be.
fn answers() -> &'static CheckedShop<'static> {
    static OWN: OnceLock<OwnShop> = OnceLock::new();
    static ANSWERS: OnceLock<CheckedShop<'static>> = OnceLock::new();
    ANSWERS.get_or_init(|| CheckedShop::of(OWN.get_or_init(own_shop)).expect("good answers"))
}

fn own_shop() -> OwnShop {
    OwnShop {
        id: id(0),
        language: "en".to_owned(),
        trade: "sweets".to_owned(),
        shop_name: "Test Sweets".to_owned(),
        country: "IN".to_owned(),
        region: Some("27".to_owned()),
        tax_number: None,
        zone: None,
        owner_name: "Asha".to_owned(),
        pin: OWNER_PIN.to_owned(),
        seat: None,
    }
}

/// The owner at the till's own window, without the PIN's slow hash.
fn actor(shop: &Shop, owner: StaffId) -> Actor {
    Actor {
        session: SessionId::from_uuid(id(1)),
        staff: owner,
        role: Role::Owner,
        seat: shop.own_seat(),
        grants: None,
    }
}

/// Somebody who may look at everything.
fn owner_at(seat: SeatId) -> Actor {
    Actor {
        session: SessionId::from_uuid(id(1)),
        staff: StaffId::from_uuid(id(1)),
        role: Role::Owner,
        seat,
        grants: None,
    }
}

fn id(n: u64) -> Uuid {
    let mut random = [0; 10];
    Dice::new(n).fill(&mut random);
    uuid_v7(NOON_MS.unsigned_abs(), random)
}

// --- what a shop holds ------------------------------------------------------------------------------------------------

/// Everything that people can see, and how many facts say so. The books must be in order.
fn held(shop: &Shop, seat: SeatId) -> Checked<Value> {
    let verified = shop.store().verify().map_err(worded)?;
    if !verified.faults.is_empty() || verified.quarantined != 0 {
        return Err(format!(
            "verify: {} set aside, {:?}",
            verified.quarantined, verified.faults
        ));
    }
    let orders = all_orders(shop)?;
    books_are_in_order(&orders)?;
    let open = shop
        .store()
        .read(|r| r.open_cart(seat))
        .map_err(|e: StoreError| worded(e))?;
    // A cart that nothing was ever put into is no different from none.
    let open = open
        .map(|row| {
            json!([
                row.id.to_string(),
                serde_json::from_slice::<Value>(&row.draft).unwrap_or_default()
            ])
        })
        .filter(|cart| cart[1]["revision"] != 0);
    let everything = app::catalog::ProductFilter {
        limit: Some(500),
        ..Default::default()
    };
    let archived = app::catalog::ProductFilter {
        archived: Some(true),
        ..everything.clone()
    };
    let value = |v: serde_json::Result<Value>| v.map_err(worded);
    Ok(json!({
        "facts": verified.facts,
        "orders": orders,
        "open": open,
        "parked": value(serde_json::to_value(shop.parked_carts().map_err(worded)?))?,
        "products": value(serde_json::to_value(shop.products(&everything).map_err(worded)?))?,
        "archived": value(serde_json::to_value(shop.products(&archived).map_err(worded)?))?,
        "categories": value(serde_json::to_value(shop.categories(true).map_err(worded)?))?,
        "settings": value(serde_json::to_value(shop.setting_list().map_err(worded)?))?,
        "staff": value(serde_json::to_value(shop.staff_list(true).map_err(worded)?))?,
    }))
}

fn all_orders(shop: &Shop) -> Checked<Vec<Value>> {
    let mut orders = vec![];
    let mut filter = OrderFilter {
        limit: Some(200),
        ..OrderFilter::default()
    };
    loop {
        let page = shop.orders(&owner_at(shop.own_seat()), &filter).map_err(worded)?;
        for order in &page.items {
            orders.push(serde_json::to_value(order).map_err(worded)?);
        }
        match page.next {
            Some(next) => filter.after = Some(next),
            None => return Ok(orders),
        }
    }
}

/// Document numbers without a gap, display numbers once a day, every order paid to the last paisa.
fn books_are_in_order(orders: &[Value]) -> Checked {
    let mut documents: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    let mut shown = BTreeSet::new();
    for order in orders {
        let document = order["document"].as_str().unwrap_or_default();
        let (series, n) = document
            .rsplit_once('/')
            .ok_or(format!("{document} is no document number"))?;
        if !documents
            .entry(series)
            .or_default()
            .insert(n.parse().map_err(worded)?)
        {
            return Err(format!("the document number {document} was given out twice"));
        }
        if !shown.insert((order["business_day"].as_str(), order["number"].as_u64())) {
            return Err(format!(
                "{} was shown twice on {}",
                order["number"], order["business_day"]
            ));
        }
        let sum = |list: &str, field: &str| -> i64 {
            order[list]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|x| x[field].as_i64())
                .sum()
        };
        let total = order["total_minor"].as_i64().unwrap_or(-1);
        let lines = sum("lines", "amount_minor") - sum("lines", "order_discount_minor");
        if lines + order["rounding_minor"].as_i64().unwrap_or(0) != total {
            return Err(format!(
                "{document}: the lines come to {lines}, the total is {total}"
            ));
        }
        units_are_in_one_place_each(order)?;
        for note in order["credit_notes"].as_array().into_iter().flatten() {
            let document = note["document"].as_str().unwrap_or_default();
            let (series, n) = document
                .rsplit_once('/')
                .ok_or(format!("{document} is no document number"))?;
            if !documents
                .entry(series)
                .or_default()
                .insert(n.parse().map_err(worded)?)
            {
                return Err(format!("the document number {document} was given out twice"));
            }
        }
        let back = sum("credit_notes", "total_minor");
        if back + sum("lines", "refundable_minor") != lines {
            return Err(format!(
                "{document}: {back} went back, and the rest is not what it should be"
            ));
        }
        let standing: i64 = order["tenders"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|leg| leg["voided_at"].is_null())
            .filter_map(|leg| leg["amount_minor"].as_i64())
            .sum();
        if standing != total {
            return Err(format!("{document}: {} was paid for {total}", standing));
        }
    }
    for (series, numbers) in documents {
        let last = numbers.last().copied().unwrap_or(0);
        if numbers.first() != Some(&1) || last != numbers.len() as u64 {
            return Err(format!(
                "{series} has a gap: {} numbers up to {last}",
                numbers.len()
            ));
        }
    }
    Ok(())
}

/// A quantity of any unit in thousandths.
fn milli(text: &str) -> i64 {
    Quantity::parse(text, Unit::Kilogram).map_or(-1, |quantity| quantity.milli())
}

/// ordered = open + given + claimed + kept + refunded, for every line.
fn units_are_in_one_place_each(order: &Value) -> Checked {
    for line in order["lines"].as_array().into_iter().flatten() {
        let units = |place: &str| milli(line[place].as_str().unwrap_or_default());
        let sum: i64 = ["open", "given", "claimed", "kept", "refunded"]
            .map(units)
            .iter()
            .sum();
        if sum != units("ordered") {
            return Err(format!("{line}: {sum} thousandths are somewhere"));
        }
    }
    Ok(())
}

// --- what people do ---------------------------------------------------------------------------------------------------

/// Something that somebody does with one request, which a client sends again when no answer came.
#[derive(Clone)]
enum Deed {
    Cart(ChangeCart),
    Park(ParkCart),
    Recall(CartId, WriteId),
    Sell(PlaceOrder),
    Cancel(OrderId, CancelOrder),
    Redeem(Redeem),
    HandOver(OrderId, HandOver),
    UndoHandover(OrderId, Uuid, UndoHandover),
    Refund(OrderId, Refund),
    Split(OrderId, SplitTenders),
    Progress(OrderId, Progressed),
    Reissue(OrderId, TokenChange),
    Phone(OrderId, BindPhone),
    AddProduct(ProductForm),
    EditProduct(ProductId, ProductForm),
    Prices(ChangePrices),
    Setting(&'static str, ChangeSetting),
}

impl Deed {
    fn name(&self) -> &'static str {
        match self {
            Deed::Cart(_) => "a change of the cart",
            Deed::Park(_) => "parking the cart",
            Deed::Recall(..) => "recalling a cart",
            Deed::Sell(_) => "a sale",
            Deed::Cancel(..) => "a cancellation",
            Deed::Redeem(_) => "a scan at the sales counter",
            Deed::HandOver(..) => "a handover",
            Deed::UndoHandover(..) => "a handover taken back",
            Deed::Refund(..) => "a refund",
            Deed::Split(..) => "a bill paid another way",
            Deed::Progress(..) => "progress of the work",
            Deed::Reissue(..) => "a token issued again",
            Deed::Phone(..) => "a phone number",
            Deed::AddProduct(_) => "a new product",
            Deed::EditProduct(..) => "an edited product",
            Deed::Prices(_) => "a change of prices",
            Deed::Setting(..) => "a setting",
        }
    }

    fn done(&self, shop: &Shop, actor: &Actor) -> app::Result<Value> {
        Ok(match self {
            Deed::Cart(change) => json!(shop.change_cart(actor, change)?),
            Deed::Park(park) => json!(shop.park_cart(actor, park)?),
            Deed::Recall(cart, recall) => json!(shop.recall_cart(actor, *cart, recall)?),
            Deed::Sell(sale) => json!(shop.place_order(actor, sale)?),
            Deed::Cancel(order, cancel) => json!(shop.cancel_order(actor, *order, cancel)?),
            Deed::Redeem(redeem) => json!(shop.redeem(actor, redeem)?),
            Deed::HandOver(order, handover) => json!(shop.hand_over(actor, *order, handover)?),
            Deed::UndoHandover(order, handover, undo) => {
                json!(shop.undo_handover(actor, *order, *handover, undo)?)
            }
            Deed::Refund(order, refund) => json!(shop.refund(actor, *order, refund)?),
            Deed::Split(order, split) => json!(shop.split_tenders(actor, *order, split)?),
            Deed::Progress(order, to) => json!(shop.progress(actor, *order, to)?),
            Deed::Reissue(order, change) => json!(shop.reissue_token(actor, *order, change)?),
            Deed::Phone(order, phone) => json!(shop.bind_phone(actor, *order, phone)?),
            Deed::AddProduct(form) => json!(shop.add_product(actor, form)?),
            Deed::EditProduct(product, form) => json!(shop.edit_product(actor, *product, form)?),
            Deed::Prices(change) => json!(shop.change_prices(actor, change)?),
            Deed::Setting(key, change) => json!(shop.change_setting(actor, key, change)?),
        })
    }
}

/// Somebody at the till who looks at what the shop holds and decides what to do next.
struct Person {
    shop: Arc<Shop>,
    seat: SeatId,
    dice: Dice,
}

impl Person {
    fn id(&mut self) -> Uuid {
        id(self.dice.next())
    }

    fn product(&mut self) -> (ProductId, i64) {
        let filter = app::catalog::ProductFilter {
            limit: Some(500),
            ..Default::default()
        };
        let products = self.shop.products(&filter).expect("a good disk reads").items;
        let product = &products[self.dice.below(products.len())];
        (ProductId::from_uuid(product.id), product.price_minor)
    }

    fn quantity(&mut self) -> String {
        (1 + self.dice.below(5)).to_string()
    }

    fn cart(&self) -> Option<Uuid> {
        let row = self.shop.store().read(|r| r.open_cart(self.seat));
        row.map_err(|e: StoreError| e)
            .expect("a good disk reads")
            .map(|row| row.id.uuid())
    }

    fn change(&mut self, change: CartEdit) -> Deed {
        Deed::Cart(ChangeCart {
            id: self.id(),
            change,
            approval: None,
        })
    }

    fn add(&mut self) -> Deed {
        let (product, _) = self.product();
        let quantity = Some(self.quantity());
        self.change(CartEdit::Add {
            product: product.uuid(),
            quantity,
            unit: None,
            unit_price_minor: None,
            price_level: None,
            modifiers: vec![],
        })
    }

    fn discount(&mut self) -> Deed {
        let percent = Some((1 + self.dice.below(30)).to_string());
        let discount = Some(DiscountForm {
            percent,
            amount_minor: None,
            reason: "regular guest".to_owned(),
        });
        self.change(CartEdit::DiscountOrder { discount })
    }

    fn count_cash(&mut self) -> Deed {
        self.change(CartEdit::Stage {
            stage: Stage::Cash,
            received_minor: Some(100_000_000),
        })
    }

    fn undo(&mut self) -> Deed {
        self.change(CartEdit::Undo {})
    }

    fn pay(&mut self) -> Deed {
        let cart = self.cart().unwrap_or_else(|| id(2));
        self.sell(Some(cart), None)
    }

    fn sell_lines(&mut self) -> Deed {
        let lines = (0..1 + self.dice.below(4))
            .map(|_| PlaceLine {
                product: Some(self.product().0.uuid()),
                quantity: Some(self.quantity()),
                ..PlaceLine::default()
            })
            .collect();
        self.sell(None, Some(lines))
    }

    fn sell(&mut self, cart: Option<Uuid>, lines: Option<Vec<PlaceLine>>) -> Deed {
        let tender = PlaceTender {
            id: self.id(),
            method: "cash".to_owned(),
            received_minor: Some(100_000_000),
            ..PlaceTender::default()
        };
        Deed::Sell(PlaceOrder {
            id: self.id(),
            cart,
            lines,
            tenders: vec![tender],
            ..PlaceOrder::default()
        })
    }

    /// One of the last orders, with its history.
    fn an_order(&mut self) -> Option<OrderView> {
        let filter = OrderFilter {
            limit: Some(4),
            ..OrderFilter::default()
        };
        let orders = self
            .shop
            .orders(&owner_at(self.seat), &filter)
            .expect("a good disk reads")
            .items;
        let order = orders.get(self.dice.below(orders.len()))?.id;
        self.shop
            .order(&owner_at(self.seat), OrderId::from_uuid(order))
            .ok()
    }

    /// Scans the token of one of the last orders, sometimes of one that is collected or paid back.
    fn redeem(&mut self) -> Deed {
        let order = self.an_order();
        Deed::Redeem(Redeem {
            id: self.id(),
            code: order.and_then(|o| o.token).map(|t| match self.dice.percent(20) {
                true => t.number,
                false => t.code,
            }),
            take_over: Some(self.dice.percent(50)),
            order: None,
            confirmed: None,
            phone: None,
            number: None,
        })
    }

    /// Gives some of what is there; some is missing.
    fn hand_over(&mut self) -> Deed {
        let order = self.an_order();
        let mut lines = vec![];
        for line in order.iter().flat_map(|o| &o.lines) {
            let there = usize::try_from((milli(&line.open) + milli(&line.missing)) / 1000).unwrap_or(0);
            let given = self.dice.below(there + 1);
            lines.push(HandOverLine {
                line: line.line,
                given: Some(given.to_string()),
                missing: Some(self.dice.below(there - given + 1).to_string()),
            });
        }
        let request = HandOver {
            id: self.id(),
            lines,
            missing_as: Some(["refund", "keep"][self.dice.below(2)].to_owned()),
            claim: None,
        };
        Deed::HandOver(OrderId::from_uuid(order.map_or_else(|| id(5), |o| o.id)), request)
    }

    /// Half of everything is there, and the rest is paid back.
    fn hand_over_half(&mut self) -> Deed {
        let order = self.an_order();
        let half = |line: &app::order_view::OrderLineView| {
            let there = milli(&line.open) / 1000;
            HandOverLine {
                line: line.line,
                given: Some((there / 2).to_string()),
                missing: Some((there - there / 2).to_string()),
            }
        };
        let request = HandOver {
            id: self.id(),
            lines: order.iter().flat_map(|o| &o.lines).map(half).collect(),
            missing_as: Some("refund".to_owned()),
            claim: None,
        };
        Deed::HandOver(OrderId::from_uuid(order.map_or_else(|| id(5), |o| o.id)), request)
    }

    fn undo_handover(&mut self) -> Deed {
        let order = self.an_order();
        let handed: Vec<Uuid> = order
            .iter()
            .flat_map(|o| &o.history)
            .filter(|event| event.kind == "handed_over")
            .filter_map(|event| event.id)
            .collect();
        let handover = handed
            .get(self.dice.below(handed.len()))
            .copied()
            .unwrap_or_else(|| id(6));
        let request = UndoHandover {
            id: self.id(),
            approval: None,
        };
        Deed::UndoHandover(
            OrderId::from_uuid(order.map_or_else(|| id(5), |o| o.id)),
            handover,
            request,
        )
    }

    /// Pays back what money is due for; a second time it is due no more.
    fn refund(&mut self) -> Deed {
        let order = self.an_order();
        let lines = order
            .iter()
            .flat_map(|o| &o.lines)
            .filter(|line| line.claimed != "0")
            .map(|line| RefundLine {
                line: line.line,
                quantity: line.claimed.clone(),
            })
            .collect();
        let request = Refund {
            id: self.id(),
            lines,
            tenders: None,
            reason: None,
            approval: None,
        };
        Deed::Refund(OrderId::from_uuid(order.map_or_else(|| id(5), |o| o.id)), request)
    }

    /// Pays a bill another way: all of it in two legs.
    fn split(&mut self) -> Deed {
        let order = self.an_order();
        let total = order.as_ref().map_or(0, |o| o.total_minor);
        let leg = |id, method: &str, amount_minor| PlaceTender {
            id,
            method: method.to_owned(),
            amount_minor,
            reference: Some("RRN 431512345678".to_owned()),
            ..PlaceTender::default()
        };
        let request = SplitTenders {
            id: self.id(),
            reason: "the guest asked".to_owned(),
            legs: vec![
                leg(self.id(), "upi", Some(total / 3)),
                leg(self.id(), "cash", None),
            ],
            approval: None,
        };
        Deed::Split(OrderId::from_uuid(order.map_or_else(|| id(5), |o| o.id)), request)
    }

    fn care(&mut self) -> Deed {
        let order = OrderId::from_uuid(self.an_order().map_or_else(|| id(5), |o| o.id));
        match self.dice.below(3) {
            0 => {
                let to = ["placed", "preparing", "ready"][self.dice.below(3)].to_owned();
                Deed::Progress(order, Progressed { id: self.id(), to })
            }
            1 => {
                let reason = "phone lost".to_owned();
                Deed::Reissue(
                    order,
                    TokenChange {
                        id: self.id(),
                        reason,
                    },
                )
            }
            _ => {
                let phone = format!("98765432{:02}", self.dice.below(3));
                Deed::Phone(order, BindPhone { id: self.id(), phone })
            }
        }
    }

    /// Undoes one of the last orders; perhaps one that was undone before.
    fn cancel(&mut self) -> Deed {
        let filter = OrderFilter {
            limit: Some(5),
            ..OrderFilter::default()
        };
        let orders = self
            .shop
            .orders(&owner_at(self.seat), &filter)
            .expect("a good disk reads")
            .items;
        let order = orders
            .get(self.dice.below(orders.len()))
            .map_or_else(|| id(3), |order| order.id);
        let request = CancelOrder {
            id: self.id(),
            reason: "changed their mind".to_owned(),
            approval: None,
        };
        Deed::Cancel(OrderId::from_uuid(order), request)
    }

    fn park(&mut self) -> Deed {
        Deed::Park(ParkCart {
            id: self.id(),
            label: Some("the lady in blue".to_owned()),
        })
    }

    fn recall(&mut self) -> Deed {
        let parked = self.shop.parked_carts().expect("a good disk reads").items;
        let cart = parked
            .get(self.dice.below(parked.len()))
            .map_or_else(|| id(4), |cart| cart.id);
        Deed::Recall(CartId::from_uuid(cart), WriteId { id: self.id() })
    }

    fn form(&mut self, id: Option<Uuid>, name: String) -> ProductForm {
        ProductForm {
            id,
            name,
            names: BTreeMap::new(),
            sku: None,
            price_minor: 100 * (1 + self.dice.below(500) as i64),
            unit: "piece".to_owned(),
            category: None,
            barcodes: vec![self.dice.next().to_string()],
            art: Art::Letters {},
            available: true,
            favourite: self.dice.percent(20),
            ..ProductForm::default()
        }
    }

    fn add_product(&mut self) -> Deed {
        let (id, n) = (self.id(), self.dice.below(10_000));
        Deed::AddProduct(self.form(Some(id), format!("Laddu {n}")))
    }

    fn edit_product(&mut self) -> Deed {
        let (product, n) = (self.product().0, self.dice.below(10_000));
        Deed::EditProduct(product, self.form(None, format!("Barfi {n}")))
    }

    fn prices(&mut self) -> Deed {
        let percent = (self.dice.below(21) as i64 - 10).to_string();
        Deed::Prices(ChangePrices {
            id: self.id(),
            brand: None,
            category: None,
            percent,
            round_to_minor: Some(50),
            dry_run: false,
        })
    }

    fn setting(&mut self) -> Deed {
        let value = json!(5 + self.dice.below(500));
        Deed::Setting("token.number_minutes", ChangeSetting { id: self.id(), value })
    }

    /// Whatever comes to mind; mostly selling.
    fn anything(&mut self) -> Deed {
        match self.dice.below(33) {
            20..=23 => self.redeem(),
            24..=26 => self.hand_over(),
            27 => self.undo_handover(),
            28..=29 => self.refund(),
            32 => self.split(),
            30..=31 => self.care(),
            0..=5 => self.add(),
            6..=8 => self.pay(),
            9..=11 => self.sell_lines(),
            12 => self.cancel(),
            13 => self.park(),
            14 => self.recall(),
            15 => self.add_product(),
            16 => self.edit_product(),
            17 => self.setting(),
            18 => self.undo(),
            _ => match self.dice.below(3) {
                0 => self.prices(),
                1 => self.discount(),
                _ => self.count_cash(),
            },
        }
    }
}

// --- a story told once on a good disk, and then again and again on a bad one ------------------------------------------

type Choice = fn(&mut Person) -> Deed;

/// What a story was when nothing failed.
struct Story {
    image: Image,
    actor: Actor,
    deeds: Vec<Deed>,
    answers: Vec<Value>,
    /// What the shop held before the first deed and after each.
    held: Vec<Value>,
    /// Which of its operations are cut.
    first_operation: u64,
    operations: u64,
}

/// The clock and the dice of one deed, the same however often it is done.
fn set_scene(till: &Till, nth: usize) {
    till.clock.set(NOON_MS + nth as i64 * SECOND);
    till.dice.reseed(1_000 + nth as u64);
}

impl Story {
    fn tell(till: &Till, image: Image, actor: Actor, choices: &[Choice]) -> Story {
        let mut story = Story {
            image,
            actor,
            deeds: vec![],
            answers: vec![],
            held: vec![],
            first_operation: 1,
            operations: 0,
        };
        till.disk.load(&story.image, 0);
        let shop = Arc::new(till.open().expect("a good disk opens"));
        story
            .held
            .push(held(&shop, story.actor.seat).expect("books in order"));
        for (nth, choice) in choices.iter().enumerate() {
            set_scene(till, nth);
            let deed = choice(&mut Person {
                shop: shop.clone(),
                seat: story.actor.seat,
                dice: Dice::new(nth as u64),
            });
            let answer = deed
                .done(&shop, &story.actor)
                .unwrap_or_else(|e| panic!("{}: {e}", deed.name()));
            story.deeds.push(deed);
            story.answers.push(answer);
            story
                .held
                .push(held(&shop, story.actor.seat).expect("books in order"));
        }
        drop(shop);
        // Once more without looking, to count what the story itself asks of the disk.
        till.disk.load(&story.image, 0);
        assert_eq!(story.attempt(till), Ok(story.deeds.len()), "the same story twice");
        story.operations = till.disk.operations();
        story
    }

    /// Opens, does every deed and closes; says how many deeds were answered before something failed. An answer that
    /// differs from the good disk's is a finding.
    fn attempt(&self, till: &Till) -> Checked<usize> {
        let Ok(shop) = till.open() else { return Ok(0) };
        for nth in 0..self.deeds.len() {
            match self.again(till, &shop, nth) {
                Ok(answer) if answer == self.answers[nth] => {}
                Ok(answer) => return Err(self.other_answer(nth, &answer)),
                Err(_) => return Ok(nth),
            }
        }
        Ok(self.deeds.len())
    }

    fn again(&self, till: &Till, shop: &Shop, nth: usize) -> app::Result<Value> {
        set_scene(till, nth);
        self.deeds[nth].done(shop, &self.actor)
    }

    fn other_answer(&self, nth: usize, answer: &Value) -> String {
        format!(
            "{} answered {answer}, and on a good disk {}",
            self.deeds[nth].name(),
            self.answers[nth]
        )
    }

    /// After an accident with `done` deeds answered: all of them are there, the next is there whole or not at all, and
    /// going on as a client does ends as on a good disk.
    fn check_and_go_on(&self, till: &Till, shop: &Shop, done: usize) -> Checked {
        let found = held(shop, self.actor.seat)?;
        let before = found == self.held[done];
        let after = self.held.get(done + 1) == Some(&found);
        if !before && !after {
            return Err(format!(
                "after {done} deeds the shop holds {found}, not {}",
                self.held[done]
            ));
        }
        for nth in done..self.deeds.len() {
            let answer = self
                .again(till, shop, nth)
                .map_err(|e| format!("{} again: {e}", self.deeds[nth].name()))?;
            if answer != self.answers[nth] {
                return Err(self.other_answer(nth, &answer));
            }
        }
        if done < self.deeds.len() || after {
            let end = held(shop, self.actor.seat)?;
            if end != self.held[self.deeds.len()] {
                return Err(format!(
                    "at the end the shop holds {end}, not {}",
                    self.held[self.deeds.len()]
                ));
            }
        }
        Ok(())
    }

    fn survives_a_cut(&self, till: &Till, at: u64, unsynced: Unsynced) -> Checked {
        till.disk.load(&self.image, at);
        till.disk.cut_at(at);
        let done = self.attempt(till)?;
        if till.disk.has_power() {
            return Err("the power was never cut".to_owned());
        }
        till.disk.power_on(unsynced);
        let shop = till.open().map_err(|e| format!("it does not open again: {e}"))?;
        self.check_and_go_on(till, &shop, done)
    }

    fn survives_every_cut(&self, till: &Till, manners: &[Unsynced]) {
        for at in self.first_operation..=self.operations {
            for manner in manners {
                if let Err(finding) = self.survives_a_cut(till, at, *manner) {
                    panic!(
                        "power cut at operation {at} of {}, unsynced {manner:?}: {finding}",
                        self.operations
                    );
                }
            }
        }
        eprintln!(
            "{} power cuts at each of {} operations",
            manners.len(),
            self.operations + 1 - self.first_operation
        );
    }

    /// The disk is full from that operation on, until somebody makes room after the first refusal: the refusal says
    /// so, nothing of the refused deed stays, and the same deed then succeeds without a restart.
    fn survives_a_full_disk(&self, till: &Till, from: u64) -> Checked {
        till.disk.load(&self.image, from);
        till.disk.full_from(from);
        let shop = match till.open() {
            Ok(shop) => shop,
            Err(StoreError::DiskFull) => {
                till.disk.make_room();
                till.open().map_err(worded)?
            }
            Err(other) => return Err(format!("opening on a full disk says: {other}")),
        };
        let mut done = 0;
        while done < self.deeds.len() {
            match self.again(till, &shop, done) {
                Ok(answer) if answer == self.answers[done] => done += 1,
                Ok(answer) => return Err(self.other_answer(done, &answer)),
                Err(error) if error.code.kind() == Kind::Full => break,
                Err(other) => {
                    return Err(format!(
                        "{} on a full disk says: {other}",
                        self.deeds[done].name()
                    ));
                }
            }
        }
        let found = held(&shop, self.actor.seat)?;
        if found != self.held[done] && self.held.get(done + 1) != Some(&found) {
            return Err(format!(
                "full after {done} deeds, the shop holds {found}, not {}",
                self.held[done]
            ));
        }
        till.disk.make_room();
        self.check_and_go_on(till, &shop, done)?;
        drop(shop);
        self.stands_at_the_end(till)
    }

    /// One operation fails and the next works: nothing is half done, and after a restart all goes on. (SQLCipher does
    /// not trust a connection again that met a bad page, so the restart is needed.)
    fn survives_a_hiccup(&self, till: &Till, at: u64) -> Checked {
        till.disk.load(&self.image, at);
        till.disk.fail_at(at);
        let done = self.attempt(till)?;
        let shop = till
            .open()
            .map_err(|e| format!("it does not open a second time: {e}"))?;
        self.check_and_go_on(till, &shop, done)?;
        drop(shop);
        self.stands_at_the_end(till)
    }

    /// The disk after all, opened by the next program.
    fn stands_at_the_end(&self, till: &Till) -> Checked {
        let shop = till.open().map_err(worded)?;
        let found = held(&shop, self.actor.seat)?;
        if found == self.held[self.deeds.len()] {
            Ok(())
        } else {
            Err(format!(
                "on the disk is {found}, not {}",
                self.held[self.deeds.len()]
            ))
        }
    }

    fn survives_at_every(&self, step: usize, what: &str, accident: impl Fn(u64) -> Checked) {
        for at in (1..=self.operations).step_by(step) {
            if let Err(finding) = accident(at) {
                panic!("{what} at operation {at} of {}: {finding}", self.operations);
            }
        }
        eprintln!("{what} at every {step}. of {} operations", self.operations);
    }
}

const MANNERS: &[Unsynced] = &[Unsynced::Gone, Unsynced::Kept, Unsynced::Torn];

/// A whole sale: products, a discount, cash counted, paid.
const SALE: &[Choice] = &[
    Person::add,
    Person::add,
    Person::discount,
    Person::count_cash,
    Person::pay,
];

/// The rest of a day: a typed order, its undoing, a parked cart, the catalogue, prices, a setting.
const DAY: &[Choice] = &[
    Person::sell_lines,
    Person::cancel,
    Person::add,
    Person::park,
    Person::add_product,
    Person::recall,
    Person::edit_product,
    Person::undo,
    Person::prices,
    Person::setting,
    Person::sell_lines,
];

/// From the scan to the money back: opened, given, taken back, given again, paid back, and the token's care.
const HANDING: &[Choice] = &[
    Person::sell_lines,
    Person::redeem,
    Person::hand_over_half,
    Person::undo_handover,
    Person::redeem,
    Person::hand_over_half,
    Person::refund,
    Person::care,
];

#[test]
fn power_cut_at_every_operation_of_a_sale() {
    let till = Till::new("cut-sale", Some(KEY));
    let (image, actor) = till.founded();
    Story::tell(&till, image, actor, SALE).survives_every_cut(&till, MANNERS);
}

#[test]
fn power_cut_at_every_operation_of_a_day() {
    let till = Till::new("cut-day", Some(KEY));
    let (image, actor) = till.founded();
    Story::tell(&till, image, actor, DAY).survives_every_cut(&till, &[Unsynced::Torn]);
}

#[test]
fn power_cut_at_every_operation_of_handing_over_and_paying_back() {
    let till = Till::new("cut-handing", Some(KEY));
    let (image, actor) = till.founded();
    Story::tell(&till, image, actor, HANDING).survives_every_cut(&till, &[Unsynced::Torn]);
}

/// The write-ahead log is so long that this sale copies it into the database: the most that ever happens in one sale.
#[test]
fn power_cut_at_every_operation_of_a_sale_that_empties_the_log() {
    let till = Till::new("cut-checkpoint", Some(KEY));
    let (image, actor) = till.founded();
    till.disk.load(&image, 0);
    let shop = Arc::new(till.open().expect("a good disk opens"));
    // SQLite empties the log in the transaction that brings it to a thousand pages.
    let frames = || till.disk.image().len_of(LOG) / (4096 + 24);
    let mut nth = 0;
    while frames() < 990 {
        nth += 1;
        set_scene(&till, nth);
        let mut person = Person {
            shop: shop.clone(),
            seat: actor.seat,
            dice: Dice::new(nth as u64),
        };
        person
            .count_cash()
            .done(&shop, &actor)
            .expect("a good disk counts");
    }
    let image = till.disk.image();
    assert!(frames() < 1000, "not yet");
    drop(shop);
    let mut story = Story::tell(&till, image, actor, &[Person::sell_lines]);
    // Opening reads the whole log, which is another story.
    till.disk.load(&story.image, 0);
    let shop = till.open().expect("a good disk opens");
    story.first_operation = till.disk.operations() + 1;
    let database = till.disk.image();
    story.again(&till, &shop, 0).expect("a good disk sells");
    assert_ne!(
        till.disk.image().bytes_of(FILE),
        database.bytes_of(FILE),
        "this sale wrote the database itself"
    );
    story.operations = till.disk.operations();
    drop(shop);
    story.survives_every_cut(&till, &[Unsynced::Gone, Unsynced::Torn]);
}

#[test]
fn power_cut_at_every_operation_of_the_setup() {
    let till = Till::new("cut-setup", Some(KEY));
    let empty = till.disk.image();
    let (image, actor) = till.founded();
    let founded = Story::tell(&till, image, actor.clone(), &[]).held[0].clone();
    let attempt = || -> Checked<bool> {
        let Ok(store) = till.open_store() else {
            return Ok(false);
        };
        Ok(till.found(&store).is_ok())
    };
    till.disk.load(&empty, 0);
    till.clock.set(NOON_MS);
    assert_eq!(attempt(), Ok(true), "a good disk");
    let operations = till.disk.operations();
    let check = |at: u64, unsynced: Unsynced| -> Checked {
        till.disk.load(&empty, at);
        till.disk.cut_at(at);
        let acknowledged = attempt()?;
        till.disk.power_on(unsynced);
        let store = till
            .open_store()
            .map_err(|e| format!("it does not open again: {e}"))?;
        if store.identity().is_none() {
            if acknowledged {
                return Err("the founded shop is gone".to_owned());
            }
            till.found(&store).map_err(|e| format!("the setup again: {e}"))?;
        }
        let shop = till.enter(store).map_err(worded)?;
        let found = held(&shop, actor.seat)?;
        if found == founded {
            Ok(())
        } else {
            Err(format!("the shop holds {found}"))
        }
    };
    for at in 1..=operations {
        let unsynced = MANNERS[at as usize % MANNERS.len()];
        if let Err(finding) = check(at, unsynced) {
            panic!("power cut at operation {at} of {operations}, unsynced {unsynced:?}: {finding}");
        }
    }
    eprintln!("a power cut at each of {operations} operations");
}

#[test]
fn a_full_disk_at_every_operation_is_a_sentence() {
    let till = Till::new("full", Some(KEY));
    let (image, actor) = till.founded();
    for (choices, step) in [(SALE, 1), (DAY, 5)] {
        let story = Story::tell(&till, image.clone(), actor.clone(), choices);
        story.survives_at_every(step, "a full disk", |at| story.survives_a_full_disk(&till, at));
    }
}

#[test]
fn a_full_disk_during_the_setup_is_a_sentence() {
    let till = Till::new("full-setup", None);
    let empty = till.disk.image();
    let (image, actor) = till.founded();
    let founded = Story::tell(&till, image, actor.clone(), &[]).held[0].clone();
    till.disk.load(&empty, 0);
    till.clock.set(NOON_MS);
    let store = till.open_store().expect("a good disk opens");
    till.found(&store).expect("a good disk");
    let operations = till.disk.operations();
    drop(store);
    for from in 1..=operations {
        till.disk.load(&empty, from);
        till.disk.full_from(from);
        let store = match till.open_store() {
            Ok(store) => store,
            Err(StoreError::DiskFull) => {
                till.disk.make_room();
                till.open_store()
                    .unwrap_or_else(|e| panic!("full from {from} and emptied: {e}"))
            }
            Err(other) => panic!("opening on a disk full from {from} says: {other}"),
        };
        match till.found(&store) {
            Ok(_) => {}
            Err(error) if error.code.kind() == Kind::Full => {
                assert_eq!(store.identity(), None, "nothing of the shop is there");
                till.disk.make_room();
                till.found(&store)
                    .unwrap_or_else(|e| panic!("full from {from} and emptied: {e}"));
            }
            Err(other) => panic!("founding on a disk full from {from} says: {other}"),
        }
        let shop = till.enter(store).expect("the shop opens");
        assert_eq!(held(&shop, actor.seat), Ok(founded.clone()), "full from {from}");
    }
}

#[test]
fn a_disk_that_fails_once_leaves_nothing_half_done() {
    let till = Till::new("hiccup", Some(KEY));
    let (image, actor) = till.founded();
    for (choices, step) in [(SALE, 1), (DAY, 5)] {
        let story = Story::tell(&till, image.clone(), actor.clone(), choices);
        story.survives_at_every(step, "a failed operation", |at| {
            story.survives_a_hiccup(&till, at)
        });
    }
}

// --- random stories, each told to a till with a good disk and to one with a bad disk ----------------------------------

/// A bug that somebody planted. Whoever looks must find it within two stories, or the simulation is blind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Planted {
    LostSync,
    /// As under `synchronous = normal`.
    LateSync,
    /// Done by the database itself, in the good till's too.
    Trigger(&'static str),
}

const LOST_HEAD: Planted = Planted::Trigger(
    "create trigger lost_head after insert on head when new.seq % 3 = 0
     begin delete from head where seq = new.seq; end",
);
const REUSED_SEQUENCE: Planted = Planted::Trigger(
    "create trigger reused_sequence after insert on fact when new.kind = 21
     begin
         delete from fact where device_id = new.device_id and seq = new.seq - 1;
         update fact set seq = seq - 1 where device_id = new.device_id and seq = new.seq;
     end",
);
const REUSED_NUMBER: Planted = Planted::Trigger(
    "create trigger reused_number after insert on \"order\" when new.document_no % 3 = 0
     begin update document_series set last = last - 1; end",
);
const COUNTED_TWICE: Planted = Planted::Trigger(
    "create trigger counted_twice after insert on tender
     begin update day_hour set sold_minor = sold_minor + new.amount_minor; end",
);
const LOST_TENDER: Planted = Planted::Trigger(
    "create trigger lost_tender after insert on tender
     begin delete from tender where tender_id = new.tender_id; end",
);
const FORGOTTEN_ANSWER: Planted = Planted::Trigger(
    "create trigger forgotten_answer after insert on answered_write
     begin delete from answered_write where write_id = new.write_id; end",
);

/// How often the story met what.
#[derive(Debug, Default, Clone, Copy)]
struct Met {
    deeds: u64,
    cuts: u64,
    full: u64,
    jumps: u64,
}

/// Two tills side by side.
struct Twins {
    good: Till,
    bad: Till,
    good_image: Image,
    bad_image: Image,
    actor: Actor,
}

impl Twins {
    fn new(name: &str, key: Option<[u8; 32]>) -> Twins {
        let good = Till::new(&format!("{name}-good"), None);
        let bad = Till::new(&format!("{name}-bad"), key);
        let (good_image, actor) = good.founded();
        let (bad_image, same) = bad.founded();
        assert_eq!(actor, same, "the same shop on both");
        Twins {
            good,
            bad,
            good_image,
            bad_image,
            actor,
        }
    }

    fn plant(&self, till: &Till, sql: &str) -> Checked {
        till.disk
            .connect(FILE, till.key.as_ref())
            .and_then(|c| c.execute_batch(sql))
            .map_err(worded)
    }

    /// One random story. Whatever goes wrong, the bad till ends up holding what the good one holds.
    fn run(&self, seed: u64, planted: Option<Planted>, deeds: usize) -> Checked<Met> {
        let (good, bad) = (&self.good, &self.bad);
        let mut dice = Dice::new(seed);
        let mut met = Met::default();
        good.disk.load(&self.good_image, seed);
        bad.disk.load(&self.bad_image, seed);
        match planted {
            Some(Planted::Trigger(sql)) => {
                self.plant(good, sql)?;
                self.plant(bad, sql)?;
            }
            Some(Planted::LostSync) => bad.disk.syncs(Sync::Lost),
            Some(Planted::LateSync) => bad.disk.syncs(Sync::LateLog),
            None => {}
        }
        let twin = Arc::new(good.open().map_err(worded)?);
        let mut shop = None;
        let mut now = NOON_MS;
        for nth in 0..deeds {
            now += SECOND * (1 + dice.below(900) as i64);
            match dice.below(25) {
                0 => now -= HOUR,
                1 => now += YEAR,
                2 if now > NOON_MS + YEAR => now -= YEAR,
                _ => {}
            }
            met.jumps += u64::from(now < good.clock.now_ms() || now > good.clock.now_ms() + HOUR);
            good.clock.set(now);
            bad.clock.set(now);
            let mut person = Person {
                shop: twin.clone(),
                seat: self.actor.seat,
                dice: Dice::new(dice.next()),
            };
            let deed = person.anything();
            drop(person);
            let throw = dice.next();
            let fate = dice.below(100);
            let soon = bad.disk.operations() + 1 + dice.below(60) as u64;
            match fate {
                0..=24 => bad.disk.cut_at(soon),
                25..=32 => bad.disk.full_from(soon),
                _ => {}
            }
            met.deeds += 1;
            // What the good till answers: asked when the bad one has answered, or when its accident must be judged.
            let mut answer: Option<Result<Value, app::Code>> = None;
            let mut before = None;
            let on_good = || {
                good.dice.reseed(throw);
                deed.done(&twin, &self.actor).map_err(|e| e.code)
            };
            loop {
                let open = match shop.take() {
                    Some(open) => Ok(open),
                    None => bad.open(),
                };
                let mut interrupted = false;
                let tried = match open {
                    Ok(open) => {
                        bad.dice.reseed(throw);
                        let tried = deed.done(&open, &self.actor).map_err(|e| e.code);
                        shop = Some(open);
                        Some(tried)
                    }
                    Err(StoreError::DiskFull) => {
                        bad.disk.make_room();
                        continue;
                    }
                    Err(_) if !bad.disk.has_power() => None,
                    Err(other) => return Err(format!("it does not open: {other}")),
                };
                if !bad.disk.has_power() {
                    shop = None;
                    met.cuts += 1;
                    bad.disk.power_on(
                        [Unsynced::Gone, Unsynced::Kept, Unsynced::Torn, Unsynced::Torn][dice.below(4)],
                    );
                    interrupted = true;
                } else if matches!(&tried, Some(Err(code)) if code.kind() == Kind::Full) {
                    met.full += 1;
                    bad.disk.make_room();
                    interrupted = true;
                }
                // Whoever got an answer got it for good, even when the power went right after it.
                let heard = tried.filter(|t| !matches!(t, Err(code) if code.kind().may_pass()));
                if interrupted {
                    bad.disk.calm();
                    let reopened = match shop.take() {
                        Some(open) => open,
                        None => bad.open().map_err(|e| format!("it does not open again: {e}"))?,
                    };
                    if answer.is_none() {
                        before = Some(held(&twin, self.actor.seat)?);
                        answer = Some(on_good());
                    }
                    let found = held(&reopened, self.actor.seat)?;
                    let after = held(&twin, self.actor.seat)?;
                    if found == after {
                        // From now on it must not be undone.
                        before = None;
                    } else if heard.is_some() || before.as_ref() != Some(&found) {
                        return Err(format!(
                            "after {}, deed {nth}: the shop holds {found}, not {after}",
                            deed.name()
                        ));
                    }
                    shop = Some(reopened);
                    if heard.is_none() {
                        if dice.percent(30) {
                            bad.disk.cut_at(bad.disk.operations() + 1 + dice.below(60) as u64);
                        }
                        continue;
                    }
                }
                let expected = answer.take().unwrap_or_else(on_good);
                match heard {
                    // The network may lose an answer too: then the same is asked once more.
                    Some(heard) if heard == expected && dice.percent(20) => answer = Some(expected),
                    Some(heard) if heard == expected => break,
                    Some(heard) => {
                        return Err(format!(
                            "{}, deed {nth}: {heard:?}, on a good disk {expected:?}",
                            deed.name()
                        ));
                    }
                    None => {
                        return Err(format!(
                            "{}, deed {nth}: failed on a disk that works",
                            deed.name()
                        ));
                    }
                }
            }
        }
        drop(shop);
        if !bad.disk.has_power() {
            bad.disk.power_on(Unsynced::Torn);
        }
        bad.disk.calm();
        let shop = bad.open().map_err(worded)?;
        let (found, expected) = (held(&shop, self.actor.seat)?, held(&twin, self.actor.seat)?);
        if found == expected {
            Ok(met)
        } else {
            Err(format!("at the end the shop holds {found}, not {expected}"))
        }
    }
}

const DEEDS: usize = 25;

fn number_in(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a number, not {text}")),
    )
}

/// Half of the seeds, so that two cores share them.
fn run_seeds(half: u64, key: Option<[u8; 32]>) {
    let seeds: Vec<u64> = match number_in("CHANDI_SEED") {
        Some(seed) => {
            if seed % 2 == half {
                vec![seed]
            } else {
                vec![]
            }
        }
        None => (0..number_in("CHANDI_SEEDS").unwrap_or(150))
            .filter(|seed| seed % 2 == half)
            .collect(),
    };
    let twins = Twins::new(&format!("seeds-{half}"), key);
    let mut sum = Met::default();
    for seed in &seeds {
        match twins.run(*seed, None, DEEDS) {
            Ok(met) => {
                sum.deeds += met.deeds;
                sum.cuts += met.cuts;
                sum.full += met.full;
                sum.jumps += met.jumps;
            }
            Err(finding) => panic!("seed {seed} (tell it again with CHANDI_SEED={seed}): {finding}"),
        }
    }
    eprintln!("{} seeds: {sum:?}", seeds.len());
}

#[test]
fn seeds_on_an_encrypted_disk() {
    run_seeds(0, Some(KEY));
}

#[test]
fn seeds_on_a_plain_disk() {
    run_seeds(1, None);
}

#[test]
fn planted_bugs_are_found_within_two_seeds() {
    let twins = Twins::new("planted", None);
    let planted = [
        Planted::LostSync,
        Planted::LateSync,
        LOST_HEAD,
        REUSED_SEQUENCE,
        REUSED_NUMBER,
        COUNTED_TWICE,
        LOST_TENDER,
        FORGOTTEN_ANSWER,
    ];
    for seed in 0..2 {
        let nothing = twins.run(seed, None, 60);
        assert!(
            nothing.is_ok(),
            "nothing is found where nothing was planted: {nothing:?}"
        );
    }
    for bug in planted {
        let found = (0..2).find_map(|seed| Some((seed, twins.run(seed, Some(bug), 60).err()?)));
        let (seed, finding) =
            found.unwrap_or_else(|| panic!("{bug:?} was not found: the simulation is blind"));
        eprintln!(
            "{bug:?}, seed {seed}: {}",
            finding.chars().take(160).collect::<String>()
        );
    }
}

// --- clocks -----------------------------------------------------------------------------------------------------------

#[test]
fn a_clock_an_hour_back_and_a_year_ahead_sells_on_in_order() {
    let till = Till::new("clocks", Some(KEY));
    let (image, actor) = till.founded();
    till.disk.load(&image, 0);
    let shop = Arc::new(till.open().expect("a good disk opens"));
    let mut placed = vec![];
    for (nth, at) in [
        0,
        -HOUR,
        -HOUR + SECOND,
        YEAR,
        YEAR + SECOND,
        SECOND,
        -YEAR,
        2 * SECOND,
    ]
    .into_iter()
    .enumerate()
    {
        till.clock.set(NOON_MS + at);
        let mut person = Person {
            shop: shop.clone(),
            seat: actor.seat,
            dice: Dice::new(nth as u64),
        };
        let order = person
            .sell_lines()
            .done(&shop, &actor)
            .unwrap_or_else(|e| panic!("a sale at {at} ms: {e}"));
        let code = order["token"]["code"].as_str().expect("a token").to_owned();
        let verdict = shop.verify_token(&actor, &VerifyToken { code });
        assert!(
            verdict.is_ok(),
            "the token is good at the moment of its sale: {verdict:?}"
        );
        placed.push(order);
    }
    let document = |nth: usize| placed[nth]["document"].as_str().expect("a document").to_owned();
    let series: Vec<String> = (0..placed.len())
        .map(|nth| document(nth)[4..].to_owned())
        .collect();
    let expected = [
        "26-27/000001",
        "26-27/000002",
        "26-27/000003",
        "27-28/000001",
        "27-28/000002",
        "26-27/000004",
        "25-26/000001",
        "26-27/000005",
    ];
    assert_eq!(
        series, expected,
        "each fiscal year counts on without a gap, whatever the clock says"
    );
    let before = held(&shop, actor.seat).expect("stamps rise from fact to fact: verify says so");
    shop.store().rebuild_views().expect("views");
    assert_eq!(
        held(&shop, actor.seat),
        Ok(before.clone()),
        "facts in the order of their stamps are the same story"
    );
    drop(shop);
    till.clock.set(NOON_MS);
    let shop = till
        .open()
        .expect("opens again with a clock far behind its own facts");
    assert_eq!(held(&shop, actor.seat), Ok(before));
}
