//! The demo shop and the sample products of each trade: made in here, never synced, left with one tap.

use crate::{
    Actor, App, AppError, Code, Names, Result, accounts, cards,
    cart::{Approvals, WriteId},
    catalog::{
        Art, CategoryForm, Choice as ProductChoice, Part, ProductForm, UnitForm, category_fields,
        product_fields, record_new_product,
    },
    choices, customers,
    edges::Edges,
    handovers::record_handover,
    modifiers,
    open::folder_of,
    orders::{Occasion, record_order},
    prices,
    pricing::{OpenCart, Terms, price_now, short_of},
    quotations,
    sessions::hash_pin,
    settings::{Settings, set_by_key},
    setup, shifts, staff, tax_packs,
    tenders::{PlaceTender, Till, balanced},
    vault,
};
use domain::{
    cart::{Answered, Cart, CartLine, Choice, LineItem},
    ids::{
        BrandId, CartId, CategoryId, CustomerId, ModifierGroupId, OrderId, ProductId, SeatId, ShiftId,
        StaffId, TaxClassId, uuid_v7,
    },
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
    fields::{brand, category},
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
const CUSTOMERS: &str = include_str!("../../../assets/demo/customers.json");

/// How many days of sales the demo tells.
const DAYS: i64 = 30;

#[derive(Deserialize)]
struct CatalogFile {
    shop: ShopFile,
    brands: Vec<BrandFile>,
    groups: Vec<GroupFile>,
    levels: Vec<LevelFile>,
    prices: Vec<PriceFile>,
    #[serde(flatten)]
    goods: TradeFile,
}

#[derive(Deserialize)]
struct BrandFile {
    key: String,
    name: String,
}

#[derive(Deserialize)]
struct GroupFile {
    key: String,
    name: String,
    #[serde(default)]
    names: Names,
    least: i64,
    most: i64,
    options: Vec<OptionFile>,
}

#[derive(Deserialize)]
struct OptionFile {
    name: String,
    #[serde(default)]
    names: Names,
    #[serde(default)]
    price_minor: i64,
    /// The product that one of it takes from stock.
    takes: Option<String>,
}

#[derive(Deserialize)]
struct LevelFile {
    /// wholesale is the one that every shop begins with.
    key: String,
    name: String,
    #[serde(default)]
    names: Names,
    #[serde(default)]
    types: Vec<String>,
    percent: Option<String>,
    step_minor: Option<i64>,
    inclusive: Option<bool>,
}

#[derive(Deserialize)]
struct PriceFile {
    product: String,
    level: Option<String>,
    from_quantity: Option<String>,
    price_minor: i64,
}

#[derive(Deserialize)]
struct CustomersFile {
    customers: Vec<CustomerFile>,
}

#[derive(Deserialize)]
#[serde(default)]
struct CustomerFile {
    name: String,
    phone: Option<String>,
    email: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    segment: String,
    tax_number: Option<String>,
    street: String,
    city: String,
    region: Option<String>,
    postal_code: String,
    limit_minor: i64,
    terms_days: u32,
    /// What they said about news by mail; absent: nobody asked.
    news: Option<bool>,
    language: Option<String>,
}

impl Default for CustomerFile {
    fn default() -> CustomerFile {
        CustomerFile {
            name: String::new(),
            phone: None,
            email: None,
            kind: "retail".to_owned(),
            segment: "regular".to_owned(),
            tax_number: None,
            street: String::new(),
            city: String::new(),
            region: None,
            postal_code: String::new(),
            limit_minor: 0,
            terms_days: 0,
            news: None,
            language: None,
        }
    }
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
    tax_number: String,
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
    /// What its products are to the tax office, unless they say otherwise.
    tax: Option<String>,
    hsn: Option<String>,
}

#[derive(Deserialize)]
struct ProductFile {
    #[serde(default)]
    key: String,
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
    tax: Option<String>,
    hsn: Option<String>,
    brand: Option<String>,
    #[serde(default)]
    units: Vec<UnitForm>,
    #[serde(default)]
    modifiers: Vec<String>,
    /// What a bundle holds: the key of a product, how much.
    #[serde(default)]
    parts: Vec<(String, String)>,
    /// What there is to choose, and its values.
    #[serde(default)]
    variants: BTreeMap<String, Vec<String>>,
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

    /// Writes the samples of a new shop as facts.
    pub(crate) fn record(&self, tx: &mut Write<'_>, staff: Option<StaffId>, edges: &Edges) -> Result<()> {
        self.record_goods(tx, staff, edges, true, &Around::default())?;
        Ok(())
    }

    /// Writes it all as facts; says each product's id, and how popular it is.
    fn record_goods(
        &self,
        tx: &mut Write<'_>,
        staff: Option<StaffId>,
        edges: &Edges,
        sample: bool,
        around: &Around,
    ) -> Result<Goods> {
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
        // Known beforehand, because bundles name products that come later.
        let ids: Vec<ProductId> = self
            .products
            .iter()
            .map(|_| ProductId::from_uuid(edges.new_id()))
            .collect();
        let mut goods = Goods::default();
        for (file, id) in self.products.iter().zip(&ids) {
            goods.by_key.insert(file.key.clone(), *id);
        }
        for (position, (file, id)) in self.products.iter().zip(&ids).enumerate() {
            let home = self
                .categories
                .iter()
                .find(|one| Some(one.key.as_str()) == file.category.as_deref());
            let tax = file.tax.as_ref().or(home.and_then(|one| one.tax.as_ref()));
            let fields = product_fields(&ProductForm {
                tax_class: tax.and_then(|key| around.classes.get(key)).map(|one| one.uuid()),
                hsn: file.hsn.clone().or(home.and_then(|one| one.hsn.clone())),
                brand: file
                    .brand
                    .as_ref()
                    .and_then(|key| around.brands.get(key))
                    .map(|one| one.uuid()),
                units: (!file.units.is_empty()).then(|| file.units.clone()),
                modifiers: (!file.modifiers.is_empty()).then(|| {
                    let groups = file.modifiers.iter().filter_map(|key| around.groups.get(key));
                    groups.map(|one| one.uuid()).collect()
                }),
                parts: (!file.parts.is_empty()).then(|| {
                    let part = |(key, quantity): &(String, String)| {
                        Some(Part {
                            product: goods.by_key.get(key)?.uuid(),
                            quantity: quantity.clone(),
                        })
                    };
                    file.parts.iter().filter_map(part).collect()
                }),
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
            record_new_product(tx, staff, *id, fields, sample)?;
            goods.popularity.insert(*id, file.popularity);
            if !file.variants.is_empty() {
                let choices: Vec<ProductChoice> = file
                    .variants
                    .iter()
                    .map(|(name, values)| ProductChoice {
                        name: name.clone(),
                        values: values.clone(),
                    })
                    .collect();
                choices::record_variants(tx, edges, staff, *id, &choices)?;
            }
        }
        Ok(goods)
    }
}

/// What products refer to, by the words of the file.
#[derive(Default)]
struct Around {
    classes: BTreeMap<String, TaxClassId>,
    brands: BTreeMap<String, BrandId>,
    groups: BTreeMap<String, ModifierGroupId>,
}

/// The products as they were written down.
#[derive(Default)]
struct Goods {
    by_key: BTreeMap<String, ProductId>,
    popularity: BTreeMap<ProductId, u32>,
}

fn read<T: for<'a> Deserialize<'a>>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| AppError::new(Code::Broken).caused(e))
}

/// Founds the demo in one transaction: shop, people with random PINs, products, and a month of sales.
pub(crate) fn found(app: &App, store: &Store, language: &str, now: Moment) -> Result<StaffId> {
    let edges = app.edges();
    let file: CatalogFile = read(CATALOG)?;
    let people: StaffFile = read(STAFF)?;
    let buyers: CustomersFile = read(CUSTOMERS)?;
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
            ("shop.tax_number", &file.shop.tax_number),
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
        let classes = tax_packs::install(
            tx,
            Some(owner),
            edges,
            &file.shop.country,
            &file.shop.trade,
            language,
            true,
        )?;
        let goods = furnish(tx, edges, owner, &file, classes)?;
        let settings = Settings::in_transaction(tx, &identity)?;
        let customers = buyers
            .customers
            .iter()
            .map(|one| one.record(tx, &settings, edges, owner))
            .collect::<Result<Vec<_>>>()?;
        let gift = (Money::from_minor(100_000), "raffle");
        cards::record_gift(tx, &settings, edges, owner, None, gift)?;
        Story {
            edges,
            settings: Arc::new(settings),
            cashiers,
            sales,
            owner,
            customers,
            now,
        }
        .tell(tx, &goods)?;
        Ok::<_, AppError>(owner)
    })
}

/// Brands, choices, products, levels and prices.
fn furnish(
    tx: &mut Write<'_>,
    edges: &Edges,
    owner: StaffId,
    file: &CatalogFile,
    classes: BTreeMap<String, TaxClassId>,
) -> Result<Goods> {
    let mut around = Around {
        classes,
        ..Around::default()
    };
    for one in &file.brands {
        let id = BrandId::from_uuid(edges.new_id());
        let fields = vec![(brand::NAME, Value::Text(one.name.clone()))];
        let record = id.bytes();
        tx.record(Some(owner), &Body::BrandSet(PatchV1 { record, fields }))?;
        around.brands.insert(one.key.clone(), id);
    }
    for one in &file.groups {
        around
            .groups
            .insert(one.key.clone(), ModifierGroupId::from_uuid(edges.new_id()));
    }
    let goods = file.goods.record_goods(tx, Some(owner), edges, false, &around)?;
    for (position, one) in file.groups.iter().enumerate() {
        let Some(id) = around.groups.get(&one.key) else {
            continue;
        };
        let options = one
            .options
            .iter()
            .map(|option| modifiers::ModifierForm {
                id: edges.new_id(),
                name: option.name.clone(),
                names: option.names.clone(),
                price_minor: option.price_minor,
                product: option
                    .takes
                    .as_ref()
                    .and_then(|key| goods.by_key.get(key))
                    .map(|product| product.uuid()),
                quantity: None,
                available: true,
            })
            .collect();
        let form = modifiers::ModifierGroupForm {
            id: None,
            name: one.name.clone(),
            names: one.names.clone(),
            least: one.least,
            most: one.most,
            options,
            position: i64::try_from(position).unwrap_or(0),
        };
        modifiers::record_group(tx, Some(owner), *id, &form)?;
    }
    for (position, one) in file.levels.iter().enumerate() {
        let form = prices::LevelForm {
            id: None,
            name: one.name.clone(),
            names: one.names.clone(),
            position: i64::try_from(position).unwrap_or(0),
            customer_types: one.types.clone(),
            percents: one
                .percent
                .iter()
                .map(|percent| prices::LevelPercent {
                    category: None,
                    percent: percent.clone(),
                })
                .collect(),
            step_minor: one.step_minor,
            inclusive: one.inclusive,
        };
        prices::record_level(tx, edges, owner, &one.key, &form)?;
    }
    for one in &file.prices {
        let Some(product) = goods.by_key.get(&one.product) else {
            continue;
        };
        let form = prices::SetPriceForm {
            id: edges.new_id(),
            unit: None,
            level: one.level.clone(),
            customer: None,
            branch: None,
            from_quantity: one.from_quantity.clone(),
            first_day: None,
            last_day: None,
            price_minor: one.price_minor,
        };
        prices::record_price(tx, owner, *product, &form)?;
    }
    Ok(goods)
}

impl CustomerFile {
    fn record(
        &self,
        tx: &mut Write<'_>,
        settings: &Settings,
        edges: &Edges,
        owner: StaffId,
    ) -> Result<CustomerId> {
        let id = CustomerId::from_uuid(edges.new_id());
        let form = customers::CustomerForm {
            id: None,
            name: self.name.clone(),
            phones: self.phone.iter().cloned().collect(),
            email: self.email.clone(),
            kind: self.kind.clone(),
            segment: self.segment.clone(),
            level: None,
            region: self.region.clone(),
            tax_numbers: self
                .tax_number
                .iter()
                .map(|number| customers::TaxNumber {
                    number: number.clone(),
                    from: None,
                    until: None,
                    zone: false,
                })
                .collect(),
            addresses: vec![customers::CustomerAddress {
                street: self.street.clone(),
                city: self.city.clone(),
                region: self.region.clone().unwrap_or_default(),
                postal_code: self.postal_code.clone(),
                ..customers::CustomerAddress::default()
            }],
            note: None,
            consents: customers::ConsentForm {
                email: self.news,
                ..customers::ConsentForm::default()
            },
            limit_minor: self.limit_minor,
            terms_days: self.terms_days,
            language: self.language.clone(),
        };
        customers::record_customer(tx, settings, edges, owner, id, &form)?;
        Ok(id)
    }
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
    owner: StaffId,
    /// The first buys on account and is late with it.
    customers: Vec<CustomerId>,
    now: Moment,
}

/// What is in the drawer when a day begins.
const FLOAT: i64 = 200_000;
/// The first of the customers are companies; one of them sits in another State.
const COMPANIES: usize = 2;
/// The day on which the first customer buys what is not paid yet.
const OWED_SINCE: i64 = 26;

/// Orders younger than this still wait for their guests.
const STILL_OPEN_MS: i64 = 20 * 60_000;

/// How busy each hour from 8 to 22 is.
const RUSH: [u64; 15] = [2, 3, 4, 5, 6, 5, 4, 5, 7, 9, 10, 9, 7, 5, 3];

impl Story<'_> {
    fn tell(&self, tx: &mut Write<'_>, goods: &Goods) -> Result<()> {
        let popularity = &goods.popularity;
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
            // Where something must be chosen first, nobody is there to choose.
            .filter(|p| p.available && p.choices.is_empty() && p.modifiers.is_empty())
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
            let at_hour = |hour: i8| {
                let at = day.at(hour, 0, 0, 0).to_zoned(zone.clone()).ok()?;
                Some(Moment(at.timestamp().as_millisecond()))
            };
            let (Some(opens), Some(closes)) = (at_hour(7), at_hour(23)) else {
                continue;
            };
            if opens >= self.now {
                continue;
            }
            let drawer = self.open_drawer(tx, opens, &mut dice)?;
            if back == OWED_SINCE {
                self.order_on_account(tx, &terms, goods, (opens.plus_ms(30 * 60_000), drawer))?;
            }
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
                        self.one_order(tx, &terms, &weights, &mut dice, (at, drawer))?;
                    }
                }
            }
            // Most evenings it is right, and now and then a coin is missing.
            let over = match dice.below(6) {
                0 => -1_000,
                1 => 500,
                _ => 0,
            };
            // Whoever looks in now finds the drawer counted, and opens one of their own.
            let closed = closes.min(self.now);
            let by = self.cashier(&mut dice);
            shifts::record_closed(tx, &self.settings, by, drawer, (closed, over, FLOAT))?;
        }
        let terms = Terms::at(&tx.reader(), self.settings.clone(), self.now)?;
        self.offer(tx, &terms, goods)
    }

    fn cashier(&self, dice: &mut Dice) -> Option<StaffId> {
        let at = usize::try_from(dice.below(self.cashiers.len().max(1) as u64)).ok()?;
        self.cashiers.get(at).copied()
    }

    fn open_drawer(&self, tx: &mut Write<'_>, at: Moment, dice: &mut Dice) -> Result<ShiftId> {
        let id = ShiftId::from_uuid(self.edges.new_id_at(at));
        let seat = SeatId::from_uuid(self.edges.new_id_at(at));
        let by = self.cashier(dice);
        shifts::record_opened(tx, &self.settings, by, id, seat, (at, FLOAT))?;
        Ok(id)
    }

    /// So much of some products, by the words of the file.
    fn lines_of(&self, tx: &Write<'_>, goods: &Goods, wanted: &[(&str, i64)]) -> Result<Vec<CartLine>> {
        let mut lines = Vec::new();
        for (key, milli) in wanted {
            let known = goods
                .by_key
                .get(*key)
                .map(|id| tx.reader().product(*id))
                .transpose()?;
            if let Some(product) = known.flatten() {
                lines.push(line_of(&product, *milli, lines.len())?);
            }
        }
        Ok(lines)
    }

    /// A company's order for a feast, still to be paid.
    fn order_on_account(
        &self,
        tx: &mut Write<'_>,
        terms: &Terms,
        goods: &Goods,
        (at, drawer): (Moment, ShiftId),
    ) -> Result<()> {
        let mut cart = Cart::empty(CartId::from_bytes([0; 16]));
        cart.customer = self.customers.first().copied();
        cart.lines = self.lines_of(
            tx,
            goods,
            &[
                ("kaju_katli", 10_000),
                ("ratlami_sev", 6_000),
                ("samosa", 120_000),
            ],
        )?;
        let open = price_now(&tx.reader(), terms, cart, Approvals::new())?;
        let tender = PlaceTender {
            method: TenderMethod::Account.as_str().to_owned(),
            ..PlaceTender::default()
        };
        let id = self.place(tx, terms, &open, tender, Some(self.owner), (at, drawer))?;
        let given = at.plus_ms(15 * 60_000);
        record_handover(tx, id, self.edges.new_id_at(given), self.owner, given)
    }

    /// What a company asked for, at prices that hold for a while.
    fn offer(&self, tx: &mut Write<'_>, terms: &Terms, goods: &Goods) -> Result<()> {
        let mut cart = Cart::empty(CartId::from_uuid(self.edges.new_id()));
        cart.customer = self.customers.get(1).copied();
        cart.lines = self.lines_of(tx, goods, &[("diwali_box", 40_000), ("gulab_jamun", 80_000)])?;
        let open = price_now(&tx.reader(), terms, cart, Approvals::new())?;
        quotations::record_offer(tx, self.edges, self.owner, terms, &open, self.now)
    }

    fn one_order(
        &self,
        tx: &mut Write<'_>,
        terms: &Terms,
        weights: &[(ProductRow, u64)],
        dice: &mut Dice,
        (at, drawer): (Moment, ShiftId),
    ) -> Result<()> {
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
            if lines
                .iter()
                .any(|l| matches!(l.item, LineItem::Product { id, .. } if id == product.id))
            {
                continue;
            }
            let weighed = product.unit.parse::<Unit>().is_ok_and(Unit::is_measured);
            let milli = if weighed {
                250 * (1 + dice.below(4))
            } else {
                1000 * (1 + dice.below(3))
            };
            lines.push(line_of(
                product,
                i64::try_from(milli).unwrap_or(1000),
                lines.len(),
            )?);
        }
        let mut cart = Cart::empty(CartId::from_bytes([0; 16]));
        cart.lines = lines;
        // Every tenth guest is known here; companies order by themselves.
        let people = self.customers.get(COMPANIES..).unwrap_or_default();
        if dice.below(10) == 0 {
            let at = usize::try_from(dice.below(people.len().max(1) as u64)).unwrap_or(0);
            cart.customer = people.get(at).copied();
        }
        let open = price_now(&tx.reader(), terms, cart, Approvals::new())?;
        let total = open.priced.total;
        let on_account = match open.card.as_ref().filter(|card| card.limit_minor > 0) {
            Some(card) => accounts::may_owe(&tx.reader(), card.id, total).is_ok() && dice.below(3) == 0,
            None => false,
        };
        let tender = match dice.below(10) {
            _ if on_account => PlaceTender {
                method: TenderMethod::Account.as_str().to_owned(),
                ..PlaceTender::default()
            },
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
        let by = self.cashier(dice);
        let id = self.place(tx, terms, &open, tender, by, (at, drawer))?;
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
        let handover = self.edges.new_id_at(at);
        record_handover(tx, id, handover, sales, at.plus_ms(minutes * 60_000))
    }

    fn place(
        &self,
        tx: &mut Write<'_>,
        terms: &Terms,
        open: &OpenCart,
        tender: PlaceTender,
        staff: Option<StaffId>,
        (at, drawer): (Moment, ShiftId),
    ) -> Result<OrderId> {
        let ms = u64::try_from(at.0).unwrap_or(0);
        let tenders = [PlaceTender {
            id: uuid_v7(ms, self.edges.random()),
            ..tender
        }];
        let paid = balanced(
            &tx.reader(),
            &self.settings,
            &tenders,
            open.priced.total,
            &open.priced.rules,
            at,
            None,
        )?;
        let placed = place(&open.cart.lines, open.priced.clone(), paid)
            .map_err(|e| AppError::new(Code::Broken).because(e))?;
        let id = OrderId::from_uuid(uuid_v7(ms, self.edges.random()));
        let occasion = Occasion {
            staff,
            terms,
            edges: self.edges,
            content: *blake3::hash(&id.bytes()).as_bytes(),
            till: Till {
                counter: tx.identity()?.counter.bytes(),
                seat: 0,
                shift: Some(drawer.bytes()),
                business_day: terms.day,
                at,
            },
            quotation: None,
            cart: None,
        };
        record_order(tx, id, &placed, open, &tenders, &occasion)?;
        Ok(id)
    }
}

/// A line of so many thousandths of a product's own unit.
fn line_of(product: &ProductRow, milli: i64, before: usize) -> Result<CartLine> {
    let broken = |e: &dyn std::fmt::Display| AppError::new(Code::Broken).because(e);
    let unit: Unit = product.unit.parse().map_err(|e| broken(&e))?;
    Ok(CartLine {
        line: u32::try_from(before + 1).unwrap_or(1),
        item: LineItem::Product {
            id: product.id,
            short: short_of(product.n),
        },
        name: product.name.clone(),
        quantity: Quantity::from_milli(milli, unit).map_err(|e| broken(&e))?,
        unit_price: Money::from_minor(product.price_minor),
        choice: Choice::default(),
        answered: Answered::default(),
        discount: None,
        note: String::new(),
    })
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
