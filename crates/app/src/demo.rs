//! The demo shop and the sample products of each trade: made in here, never synced, left with one tap.

use crate::{
    Actor, App, AppError, Code, Names, Result,
    cart::{Approvals, WriteId},
    catalog::{Art, CategoryForm, ProductForm, category_fields, product_fields, record_new_product},
    edges::Edges,
    handovers::record_handover,
    open::folder_of,
    orders::{Occasion, record_order},
    pricing::{Terms, price_now, short_of},
    sessions::hash_pin,
    settings::{Settings, set_by_key},
    setup, staff,
    tenders::{PlaceTender, Till, balanced},
    vault,
};
use domain::{
    cart::{Answered, Cart, CartLine, Choice, LineItem},
    ids::{CartId, CategoryId, OrderId, ProductId, StaffId, uuid_v7},
    money::Money,
    order::place,
    quantity::{Quantity, Unit},
    tender::{TenderMethod, cash_suggestions},
    time::Moment,
};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use journal::{
    Body,
    body::OrderProgressedV1,
    fields::category,
    register::{PatchV1, Value},
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};
use store::{
    Store, Write,
    catalog::{ProductOrder, ProductQuery, ProductRow},
};

const CATALOG: &str = include_str!("../../../assets/demo/catalog.json");
const STAFF: &str = include_str!("../../../assets/demo/staff.json");

/// How many days of sales the demo tells.
const DAYS: i64 = 30;

#[derive(Deserialize)]
struct CatalogFile {
    shop: ShopFile,
    #[serde(flatten)]
    goods: TradeFile,
}

#[derive(Deserialize)]
struct ShopFile {
    name: String,
    branch: String,
    counter: String,
    country: String,
    region: String,
    currency: String,
    zone: String,
    trade: String,
    receipt_header: String,
    receipt_footer: String,
}

/// Categories and products of one trade.
#[derive(Deserialize)]
pub(crate) struct TradeFile {
    categories: Vec<CategoryFile>,
    products: Vec<ProductFile>,
}

#[derive(Deserialize)]
struct CategoryFile {
    key: String,
    name: String,
    #[serde(default)]
    names: Names,
    hue: String,
}

#[derive(Deserialize)]
struct ProductFile {
    name: String,
    #[serde(default)]
    names: Names,
    sku: Option<String>,
    barcode: Option<String>,
    price_minor: i64,
    unit: String,
    category: Option<String>,
    glyph: Option<String>,
    #[serde(default)]
    popularity: u32,
    #[serde(default)]
    favourite: bool,
    #[serde(default = "yes")]
    available: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct StaffFile {
    staff: Vec<PersonFile>,
}

#[derive(Deserialize)]
struct PersonFile {
    name: String,
    role: String,
    hue: String,
    language: Option<String>,
    hand: Option<String>,
}

impl TradeFile {
    pub(crate) fn of(trade: &str) -> Result<TradeFile> {
        read(match trade {
            "food_counter" => include_str!("../../../assets/trades/food_counter.json"),
            "cafe" => include_str!("../../../assets/trades/cafe.json"),
            "sweets" => include_str!("../../../assets/trades/sweets.json"),
            "grocery" => include_str!("../../../assets/trades/grocery.json"),
            "garments" => include_str!("../../../assets/trades/garments.json"),
            "canteen" => include_str!("../../../assets/trades/canteen.json"),
            "services" => include_str!("../../../assets/trades/services.json"),
            _ => include_str!("../../../assets/trades/other.json"),
        })
    }

    /// Writes it all as facts; says how popular each product is.
    pub(crate) fn record(
        &self,
        tx: &mut Write<'_>,
        staff: Option<StaffId>,
        edges: &Edges,
        sample: bool,
    ) -> Result<BTreeMap<ProductId, u32>> {
        let mut categories = BTreeMap::new();
        for (position, file) in self.categories.iter().enumerate() {
            let id = CategoryId::from_uuid(edges.new_id());
            let mut fields = category_fields(&CategoryForm {
                id: None,
                name: file.name.clone(),
                names: file.names.clone(),
                hue: file.hue.clone(),
                parent: None,
                position: i64::try_from(position).unwrap_or(0),
                active: true,
            })?;
            fields.push((category::SAMPLE, Value::Bool(sample)));
            tx.record(
                staff,
                &Body::CategorySet(PatchV1 {
                    record: id.bytes(),
                    fields,
                }),
            )?;
            categories.insert(file.key.as_str(), id);
        }
        let mut popularity = BTreeMap::new();
        for (position, file) in self.products.iter().enumerate() {
            let id = ProductId::from_uuid(edges.new_id());
            let fields = product_fields(&ProductForm {
                id: None,
                name: file.name.clone(),
                names: file.names.clone(),
                sku: file.sku.clone(),
                price_minor: file.price_minor,
                unit: file.unit.clone(),
                category: file
                    .category
                    .as_deref()
                    .and_then(|key| categories.get(key))
                    .map(|c| c.uuid()),
                barcodes: file.barcode.iter().cloned().collect(),
                art: match &file.glyph {
                    Some(glyph) => Art::Glyph { glyph: glyph.clone() },
                    None => Art::Letters {},
                },
                available: file.available,
                favourite: file.favourite,
                position: i64::try_from(position).unwrap_or(0),
                ..ProductForm::default()
            })?;
            record_new_product(tx, staff, id, fields, sample)?;
            popularity.insert(id, file.popularity);
        }
        Ok(popularity)
    }
}

fn read<T: for<'a> Deserialize<'a>>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| AppError::new(Code::Broken).caused(e))
}

/// Founds the demo in one transaction: shop, people with random PINs, products, and a month of sales.
pub(crate) fn found(app: &App, store: &Store, language: &str, now: Moment) -> Result<StaffId> {
    let edges = app.edges();
    let file: CatalogFile = read(CATALOG)?;
    let people: StaffFile = read(STAFF)?;
    // Hashing takes a while each, by design; no transaction waits for it.
    let mut hired = Vec::new();
    for person in people.staff {
        let pin = easy_pin(edges);
        let hash = hash_pin(&pin)?;
        hired.push((StaffId::from_uuid(edges.new_id()), person, pin, hash));
    }
    let owner = hired
        .iter()
        .find(|(_, person, _, _)| person.role == "owner")
        .map(|(id, ..)| *id)
        .ok_or_else(|| AppError::new(Code::Broken).because("the demo has no owner"))?;
    store.write(now, |tx| {
        let identity = setup::found(tx, edges, &file.shop.currency, true, now)?;
        for (key, value) in [
            ("shop.name", file.shop.name.as_str()),
            ("shop.language", language),
            ("customer.language", language),
            ("shop.trade", &file.shop.trade),
            ("shop.country", &file.shop.country),
            ("shop.region", &file.shop.region),
            ("branch.name", &file.shop.branch),
            ("branch.zone", &file.shop.zone),
            ("counter.name", &file.shop.counter),
            ("receipt.header", &file.shop.receipt_header),
            ("receipt.footer", &file.shop.receipt_footer),
        ] {
            set_by_key(tx, None, key, value)?;
        }
        let mut pins = BTreeMap::new();
        let mut cashiers = Vec::new();
        let mut sales = None;
        for (id, person, pin, hash) in &hired {
            let role = person
                .role
                .parse()
                .map_err(|e| AppError::new(Code::Broken).because(e))?;
            let hand = person.hand.as_deref().unwrap_or("right");
            let fields = staff::new_fields(
                &person.name,
                role,
                hash.clone(),
                person.language.as_deref(),
                hand,
                &person.hue,
            );
            tx.record(
                None,
                &Body::StaffSet(PatchV1 {
                    record: id.bytes(),
                    fields,
                }),
            )?;
            pins.insert(id.to_string(), pin.clone());
            if person.role == "cashier" {
                cashiers.push(*id);
            }
            if person.role == "sales" {
                sales.get_or_insert(*id);
            }
        }
        let pins = serde_json::to_string(&pins).map_err(|e| AppError::new(Code::Broken).caused(e))?;
        tx.set_local_value("demo_pins", &pins)?;
        let popularity = file.goods.record(tx, Some(owner), edges, false)?;
        let settings = Settings::in_transaction(tx, &identity)?;
        Story {
            edges,
            settings: Arc::new(settings),
            cashiers,
            sales,
            now,
        }
        .tell(tx, &popularity)?;
        Ok::<_, AppError>(owner)
    })
}

/// Random, and allowed: the demo has no default PIN either.
fn easy_pin(edges: &Edges) -> String {
    loop {
        let pin = format!("{:04}", u16::from_be_bytes(edges.random()) % 10_000);
        if domain::people::check_pin_shape(&pin).is_ok() {
            return pin;
        }
    }
}

/// A month of sales as a sweet shop has them: quiet mornings, a rush at tea time, full weekends.
struct Story<'a> {
    edges: &'a Edges,
    settings: Arc<Settings>,
    cashiers: Vec<StaffId>,
    sales: Option<StaffId>,
    now: Moment,
}

/// Orders younger than this still wait for their guests.
const STILL_OPEN_MS: i64 = 20 * 60_000;

/// How busy each hour from 8 to 22 is.
const RUSH: [u64; 15] = [2, 3, 4, 5, 6, 5, 4, 5, 7, 9, 10, 9, 7, 5, 3];

impl Story<'_> {
    fn tell(&self, tx: &mut Write<'_>, popularity: &BTreeMap<ProductId, u32>) -> Result<()> {
        let zone = TimeZone::get(self.settings.text("branch.zone")).unwrap_or(TimeZone::UTC);
        let today = Timestamp::from_millisecond(self.now.0)
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(zone.clone())
            .date();
        let query = ProductQuery {
            limit: 500,
            ..ProductQuery::default()
        };
        let products = tx.reader().products(ProductOrder::Grid, &query)?;
        let weights: Vec<(ProductRow, u64)> = products
            .into_iter()
            .filter(|p| p.available)
            .map(|p| {
                let weight = u64::from(popularity.get(&p.id).copied().unwrap_or(1))
                    .pow(2)
                    .max(1);
                (p, weight)
            })
            .collect();
        let mut dice = Dice(u64::from_be_bytes(self.edges.random()) | 1);
        for back in (0..DAYS).rev() {
            let day = today.checked_sub(back.days()).unwrap_or(today);
            let Ok(noon) = day.at(12, 0, 0, 0).to_zoned(zone.clone()) else {
                continue;
            };
            let noon = Moment(noon.timestamp().as_millisecond());
            let terms = Terms::at(&tx.reader(), self.settings.clone(), noon)?;
            let weekend = day.weekday().to_monday_zero_offset() >= 5;
            for (i, rush) in RUSH.iter().enumerate() {
                let hour = i8::try_from(i + 8).unwrap_or(8);
                let orders = (rush * if weekend { 3 } else { 2 } + dice.below(*rush + 1)) / 3;
                // People come one after the other, and so do their numbers.
                let mut seconds: Vec<u64> = (0..orders).map(|_| dice.below(3600)).collect();
                seconds.sort_unstable();
                for second in seconds {
                    let minute = i8::try_from(second / 60).unwrap_or(0);
                    let second = i8::try_from(second % 60).unwrap_or(0);
                    let Ok(at) = day.at(hour, minute, second, 0).to_zoned(zone.clone()) else {
                        continue;
                    };
                    let at = Moment(at.timestamp().as_millisecond());
                    if at < self.now {
                        self.one_order(tx, &terms, &weights, &mut dice, at)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn one_order(
        &self,
        tx: &mut Write<'_>,
        terms: &Terms,
        weights: &[(ProductRow, u64)],
        dice: &mut Dice,
        at: Moment,
    ) -> Result<()> {
        let broken = |e: &dyn std::fmt::Display| AppError::new(Code::Broken).because(e);
        let total_weight: u64 = weights.iter().map(|(_, w)| w).sum();
        let mut lines: Vec<CartLine> = Vec::new();
        for _ in 0..=dice.below(4) {
            let mut pick = dice.below(total_weight);
            let Some((product, _)) = weights.iter().find(|(_, w)| {
                let here = pick < *w;
                pick = pick.saturating_sub(*w);
                here
            }) else {
                continue;
            };
            let unit: Unit = product.unit.parse().map_err(|e| broken(&e))?;
            let milli = if unit.is_measured() {
                250 * (1 + dice.below(4))
            } else {
                1000 * (1 + dice.below(3))
            };
            if lines
                .iter()
                .any(|l| matches!(l.item, LineItem::Product { id, .. } if id == product.id))
            {
                continue;
            }
            lines.push(CartLine {
                line: u32::try_from(lines.len() + 1).unwrap_or(1),
                item: LineItem::Product {
                    id: product.id,
                    short: short_of(product.n),
                },
                name: product.name.clone(),
                quantity: Quantity::from_milli(i64::try_from(milli).unwrap_or(1000), unit)
                    .map_err(|e| broken(&e))?,
                unit_price: Money::from_minor(product.price_minor),
                choice: Choice::default(),
                answered: Answered::default(),
                discount: None,
                note: String::new(),
            });
        }
        let mut cart = Cart::empty(CartId::from_bytes([0; 16]));
        cart.lines = lines;
        let open = price_now(&tx.reader(), terms, cart, Approvals::new())?;
        let total = open.priced.total;
        let ms = u64::try_from(at.0).unwrap_or(0);
        let tender = match dice.below(10) {
            0..6 => {
                let handed = cash_suggestions(total, &self.settings.currency);
                PlaceTender {
                    method: TenderMethod::Cash.as_str().to_owned(),
                    received_minor: handed
                        .get(usize::try_from(dice.below(3)).unwrap_or(0))
                        .or(handed.first())
                        .map(|m| m.minor()),
                    ..PlaceTender::default()
                }
            }
            6..9 => PlaceTender {
                method: TenderMethod::Upi.as_str().to_owned(),
                reference: Some(format!("{:012}", dice.below(1_000_000_000_000))),
                ..PlaceTender::default()
            },
            _ => PlaceTender {
                method: TenderMethod::Card.as_str().to_owned(),
                reference: Some(format!("{:06}", dice.below(1_000_000))),
                ..PlaceTender::default()
            },
        };
        let tenders = [PlaceTender {
            id: uuid_v7(ms, self.edges.random()),
            ..tender
        }];
        let paid = balanced(
            &tx.reader(),
            &self.settings,
            &tenders,
            total,
            &open.priced.rules,
            at,
        )?;
        let placed = place(&open.cart.lines, open.priced.clone(), paid).map_err(|e| broken(&e))?;
        let staff = usize::try_from(dice.below(self.cashiers.len().max(1) as u64))
            .ok()
            .and_then(|i| self.cashiers.get(i));
        let id = OrderId::from_uuid(uuid_v7(ms, self.edges.random()));
        let occasion = Occasion {
            staff: staff.copied(),
            terms,
            edges: self.edges,
            content: *blake3::hash(&id.bytes()).as_bytes(),
            till: Till {
                counter: tx.identity()?.counter.bytes(),
                seat: 0,
                shift: None,
                business_day: terms.day,
                at,
            },
            quotation: None,
            cart: None,
        };
        record_order(tx, id, &placed, &open, &tenders, &occasion)?;
        let Some(sales) = self.sales else {
            return Ok(());
        };
        if at.0 >= self.now.0 - STILL_OPEN_MS {
            let progress = OrderProgressedV1 {
                order: id.bytes(),
                progress: 1 + u8::try_from(dice.below(2)).unwrap_or(0),
                at_ms: at.plus_ms(60_000).0.min(self.now.0),
            };
            return Ok(tx.record(Some(sales), &Body::OrderProgressed(progress))?);
        }
        let minutes = 2 + i64::try_from(dice.below(9)).unwrap_or(0);
        let handover = uuid_v7(ms, self.edges.random());
        record_handover(tx, id, handover, sales, at.plus_ms(minutes * 60_000))
    }
}

/// A small generator of its own, so that a month of sales does not ask the system ten thousand times.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n.max(1)
    }
}

impl App {
    /// Deletes the demo, and nothing else.
    pub fn leave_demo(&self, _actor: &Actor, _request: &WriteId) -> Result<()> {
        let _one_at_a_time = self.changing_shop.lock().unwrap_or_else(PoisonError::into_inner);
        let shop = self.shop()?;
        if !shop.is_demo() {
            return Err(Code::NotTheDemo.into());
        }
        self.leave();
        drop(shop);
        let folder = folder_of(&self.config().data, true);
        vault::forget(&folder);
        std::fs::remove_dir_all(&folder).map_err(|e| AppError::new(Code::Broken).caused(e))?;
        self.live.tell("resync", None);
        Ok(())
    }
}
