//! What a cart costs here and now: the catalogue's prices for this customer and this day, and the taxes of this place.

use crate::{
    Actor, AppError, Code, Result, Shop,
    cart::Approvals,
    choices,
    customers::{CustomerCard, card_of},
    days, modifiers,
    prices::{self, PriceAnswer, PriceQuestion, unit_asked},
    settings::{CARD_PRODUCT, Settings},
    taxes::{LineTaxes, Taxing},
    wire::text,
};
use domain::{
    cart::{Answered, Cart, CartChange, CartLine, Choice, LineItem, Modifier, PriceSource},
    ids::ProductId,
    money::{Money, Rounding},
    numbers::ShortNumber,
    order::OrderType,
    people::Permission,
    pricing::{Priced, PricingError, PricingRules, price},
    quantity::{Quantity, Unit},
    tax_rules::TaxContext,
    time::Moment,
};
use std::{collections::BTreeMap, sync::Arc};
use store::{Reader, catalog::ProductRow};
use uuid::Uuid;

/// The word by which a price is typed by hand.
pub(crate) const TYPED: &str = "typed";

/// By what prices and taxes are chosen: the day, the shop's settings and its tax rules.
pub(crate) struct Terms {
    pub settings: Arc<Settings>,
    /// The business day.
    pub day: u32,
    pub taxing: Taxing,
}

impl Shop {
    /// The terms of a sale at this moment.
    pub(crate) fn terms(&self, reader: &Reader<'_>, at: Moment) -> Result<Terms> {
        Terms::at(reader, self.settings(), at)
    }
}

impl Terms {
    pub(crate) fn at(reader: &Reader<'_>, settings: Arc<Settings>, at: Moment) -> Result<Terms> {
        let day =
            days::branch_time(at, settings.text("branch.zone"), settings.day_starts_minutes()).business_day;
        let taxing = Taxing::read(reader, &settings, day)?;
        Ok(Terms {
            settings,
            day,
            taxing,
        })
    }

    pub(crate) fn rules(&self) -> PricingRules {
        PricingRules {
            rounding: Rounding::HalfUp,
            tax: *self.taxing.rules(),
        }
    }

    /// What the catalogue asks for so much of a product, for this customer at this level.
    pub(crate) fn lookup(
        &self,
        reader: &Reader<'_>,
        row: &ProductRow,
        quantity: Quantity,
        level: Option<&str>,
        card: Option<&CustomerCard>,
    ) -> Result<PriceAnswer> {
        prices::unit_price(
            reader,
            row,
            &PriceQuestion {
                quantity,
                level,
                customer_level: card.and_then(|card| card.level.as_deref()),
                customer: card.map(|card| card.id),
                customer_type: card.map(|card| card.kind.as_str()),
                day: self.day,
            },
        )
    }
}

/// A cart with its prices and taxes of this moment.
pub(crate) struct OpenCart {
    pub cart: Cart,
    pub approvals: Approvals,
    pub priced: Priced,
    pub products: BTreeMap<ProductId, ProductRow>,
    pub card: Option<CustomerCard>,
    /// Which taxes each line has, and why these.
    pub taxes: Vec<LineTaxes>,
    /// The region whose taxes these are.
    pub place_of_supply: String,
    /// What was chosen for a line and is not to be had any more.
    gone: Vec<(u32, String)>,
}

impl OpenCart {
    /// Before the guest pays, never after: everything that was chosen is there.
    pub fn must_be_there(&self) -> Result<()> {
        match self.gone.first() {
            None => Ok(()),
            Some((line, name)) => Err(AppError::new(Code::ModifiersInvalid)
                .because(format!("there is no {name}"))
                .hint("line", *line)
                .hint("option", name.as_str())),
        }
    }
}

/// A line as somebody asks for it, at the till or through the API.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LineForm<'a> {
    pub product: Option<Uuid>,
    /// For a line without a product.
    pub name: Option<&'a str>,
    pub unit: Option<&'a str>,
    pub quantity: Option<&'a str>,
    pub unit_price_minor: Option<i64>,
    /// A level's key, or [`TYPED`].
    pub price_level: Option<&'a str>,
    pub modifiers: &'a [Uuid],
}

/// The change that adds such a line to a cart, at the price that holds for it.
pub(crate) fn new_line(
    reader: &Reader<'_>,
    terms: &Terms,
    actor: &Actor,
    cart: &Cart,
    form: &LineForm<'_>,
) -> Result<CartChange> {
    let Some(product) = form.product else {
        return open_line(actor, form);
    };
    let row = reader
        .product(ProductId::from_uuid(product))?
        .ok_or_else(|| AppError::new(Code::NotFound).hint("product", product.to_string()))?;
    if row.archived_ms.is_some() {
        return Err(AppError::new(Code::ProductArchived).hint("product", row.id.to_string()));
    }
    let whole = [Some(row.id), row.variant_of];
    for id in whole.into_iter().flatten() {
        if reader.is_hidden_here(id)? {
            return Err(AppError::new(Code::ProductNotHere).hint("product", row.id.to_string()));
        }
    }
    let quantity = parse_quantity(form.quantity, unit_asked(&row, form.unit)?)?;
    let mut choice = Choice {
        modifiers: modifiers_of(reader, &row, form.modifiers)?,
        ..Choice::default()
    };
    let card = card(reader, cart)?;
    let asked = match form.price_level {
        Some(TYPED) => {
            actor.must(Permission::PriceType)?;
            let typed = form
                .unit_price_minor
                .ok_or_else(|| AppError::field("unit_price_minor", "a price is missing"))?;
            choice.typed = Some(not_negative(typed)?);
            typed
        }
        level => {
            choice.level = level.map(str::to_owned);
            let level = level.or(cart.level.as_deref());
            let answer = terms.lookup(reader, &row, quantity, level, card.as_ref())?.minor;
            match form.unit_price_minor {
                None => answer,
                Some(said) if said == answer => answer,
                Some(said) if row.open_price => {
                    actor.must(Permission::PriceOpen)?;
                    not_negative(said)?.minor()
                }
                Some(_) => {
                    return Err(AppError::new(Code::PriceDiffers)
                        .hint("product", row.id.to_string())
                        .hint("unit_price_minor", answer));
                }
            }
        }
    };
    Ok(CartChange::Add {
        item: LineItem::Product {
            id: row.id,
            short: short_of(row.n),
        },
        name: row.name.clone(),
        unit_price: Money::from_minor(asked),
        quantity,
        choice,
    })
}

/// Something that is not in the catalogue.
fn open_line(actor: &Actor, form: &LineForm<'_>) -> Result<CartChange> {
    let name = form
        .name
        .ok_or_else(|| AppError::field("product", "a line needs a product or a name"))?;
    actor.must(Permission::PriceOpen)?;
    let minor = form
        .unit_price_minor
        .ok_or_else(|| AppError::field("unit_price_minor", "a price is missing"))?;
    let unit = match form.unit {
        Some(unit) => unit.parse().map_err(|e| AppError::field("unit", e))?,
        None => Unit::Piece,
    };
    Ok(CartChange::Add {
        item: LineItem::Open,
        name: text("name", name, 80)?,
        unit_price: not_negative(minor)?,
        quantity: parse_quantity(form.quantity, unit)?,
        choice: Choice::default(),
    })
}

pub(crate) fn not_negative(minor: i64) -> Result<Money> {
    match minor {
        0.. => Ok(Money::from_minor(minor)),
        _ => Err(Code::PriceTooLarge.into()),
    }
}

/// The modifiers by their ids, as the product's groups allow them.
pub(crate) fn modifiers_of(reader: &Reader<'_>, row: &ProductRow, ids: &[Uuid]) -> Result<Vec<Modifier>> {
    Ok(modifiers::chosen(reader, row, ids)?
        .into_iter()
        .map(|one| Modifier {
            id: *one.id.as_bytes(),
            name: one.name,
            price: Money::from_minor(one.price_minor),
        })
        .collect())
}

/// The customer of a cart; none once they were erased.
pub(crate) fn card(reader: &Reader<'_>, cart: &Cart) -> Result<Option<CustomerCard>> {
    match cart.customer.map(|id| card_of(reader, id)).transpose() {
        Err(error) if error.code == Code::CustomerGone => Ok(None),
        other => other,
    }
}

/// Looks products, prices and taxes up again, so that no cart sells at yesterday's price.
pub(crate) fn price_now(
    reader: &Reader<'_>,
    terms: &Terms,
    mut cart: Cart,
    approvals: Approvals,
) -> Result<OpenCart> {
    let card = card(reader, &cart)?;
    let mut products = BTreeMap::new();
    let mut gone = vec![];
    for line in &mut cart.lines {
        let LineItem::Product { id, .. } = line.item else {
            continue;
        };
        if !products.contains_key(&id)
            && let Some(row) = reader.product(id)?
        {
            products.insert(id, choices::taxed_as_parent(reader, row)?);
        }
        let Some(row) = products.get(&id) else { continue };
        line.name.clone_from(&row.name);
        let level = line.choice.level.as_deref().or(cart.level.as_deref());
        let answer = match terms.lookup(reader, row, line.quantity, level, card.as_ref()) {
            // A unit or a level that is gone since: what was weighed stays weighed, at the price it was.
            Err(error) if matches!(error.code, Code::UnitNotSold | Code::LevelUnknown) => continue,
            answer => answer?,
        };
        line.answered = Answered {
            source: source_of(answer.source),
            level: answer.level,
            inclusive: answer.inclusive,
            base_milli: answer.base_milli_per_unit,
        };
        match line.choice.typed {
            // What was typed or quoted is so with everything that is on it.
            Some(typed) => {
                line.unit_price = typed;
                line.answered.source = PriceSource::Typed;
                line.answered.level = None;
            }
            None => {
                if !row.open_price {
                    line.unit_price = Money::from_minor(answer.minor);
                }
                let missing = modifiers::priced_now(reader, row, &mut line.choice.modifiers)?;
                gone.extend(missing.into_iter().map(|name| (line.line, name)));
            }
        }
    }
    let voucher: Option<ProductId> = terms.settings.text(CARD_PRODUCT).parse().ok();
    let classes = cart.lines.iter().filter_map(|line| match line.item {
        LineItem::Product { id, .. } if voucher == Some(id) => None,
        LineItem::Product { id, .. } => Some(products.get(&id).and_then(|row| row.tax_class)),
        LineItem::Open => Some(None),
    });
    let context = context(terms, &cart, card.as_ref());
    let (context, place_of_supply) = terms.taxing.of_document(classes, context)?;
    let place_of_supply = place_of_supply.to_owned();
    let mut taxes = Vec::with_capacity(cart.lines.len());
    let mut no_rate = None;
    let priced = price(
        &cart.lines,
        cart.discount.as_ref(),
        &terms.rules(),
        &mut |line: &CartLine, net| {
            let row = match line.item {
                LineItem::Product { id, .. } => products.get(&id),
                LineItem::Open => None,
            };
            let asked = TaxContext {
                net,
                // A limit is for a piece, in whatever unit it is sold.
                milli: in_base(line.quantity.milli(), line.answered.base_milli),
                inclusive: line.answered.inclusive.unwrap_or(context.inclusive),
                ..context
            };
            let chosen = match row {
                Some(row) if voucher == Some(row.id) => Ok(LineTaxes::outside(row.hsn.clone())),
                _ => terms.taxing.components(row, &asked),
            };
            match chosen {
                Ok(chosen) => {
                    let components = chosen.components.clone();
                    taxes.push(chosen);
                    Ok(components)
                }
                Err(error) => {
                    no_rate = Some(error.hint("line", line.line));
                    Err(PricingError::NoRate { line: line.line })
                }
            }
        },
    );
    let priced = priced.map_err(|error| no_rate.unwrap_or_else(|| pricing_refused(error)))?;
    Ok(OpenCart {
        cart,
        approvals,
        priced,
        products,
        card,
        taxes,
        place_of_supply,
        gone,
    })
}

/// So many thousandths of a unit in thousandths of the base unit.
pub(crate) fn in_base(milli: i64, base_milli: i64) -> i64 {
    let product = i128::from(milli) * i128::from(base_milli) / 1000;
    i64::try_from(product).unwrap_or(i64::MAX)
}

fn context<'a>(terms: &'a Terms, cart: &'a Cart, card: Option<&'a CustomerCard>) -> TaxContext<'a> {
    TaxContext {
        day: terms.day,
        buyer_region: card.and_then(|card| card.region.as_deref()),
        buyer_registered: card.is_some_and(|card| card.tax_number_on(terms.day).is_some()),
        buyer_in_zone: card.is_some_and(|card| card.in_zone_on(terms.day)),
        handed_over: cart.order_type != OrderType::Delivery,
        delivered_to: cart.delivered_to.as_deref(),
        order_type: cart.order_type.as_str(),
        customer_type: card.map(|card| card.kind.as_str()),
        ..terms.taxing.context()
    }
}

/// Whether the taxes that are listed are within the figures above them, at least some: said "including" on screens.
pub(crate) fn taxes_within(shop_includes: bool, tax: Money, on_top: Money) -> bool {
    if tax.is_zero() {
        shop_includes
    } else {
        on_top != tax
    }
}

fn source_of(word: &str) -> PriceSource {
    PriceSource::ALL
        .into_iter()
        .find(|source| source.as_str() == word)
        .unwrap_or_default()
}

pub(crate) fn pricing_refused(error: PricingError) -> AppError {
    AppError::new(Code::PriceTooLarge).because(error)
}

pub(crate) fn parse_quantity(text: Option<&str>, unit: Unit) -> Result<Quantity> {
    match text {
        None => Ok(Quantity::one(unit)),
        Some(text) => {
            Quantity::parse(text, unit).map_err(|e| AppError::new(Code::QuantityInvalid).because(e))
        }
    }
}

pub(crate) fn short_of(n: i64) -> ShortNumber {
    ShortNumber {
        ordinal: u16::try_from(n >> 32).unwrap_or(0),
        counter: u32::try_from(n & i64::from(u32::MAX)).unwrap_or(0),
    }
}
