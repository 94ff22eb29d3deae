//! Taxes in use: which a line has, how they are rounded, and under which number the shop sells on a day.

use crate::{
    AppError, Code, Result,
    settings::Settings,
    tax_packs::{only_registered, scheme_of},
};
use domain::{
    money::{Money, Rounding},
    tax::{Component, Increment, Parts, Rate, Scope, TaxRules},
    tax_rules::{
        AtCounter, Scheme, TaxClass, TaxContext, TaxRuleError, Terms, Treatment, When, choose,
        place_of_supply,
    },
};
use journal::body::{SellerV1, TaxClassSetV1, TaxIdentitySetV2};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use store::{Reader, catalog::ProductRow};

/// The taxes of one line, and what the order keeps about them.
#[derive(Debug, Clone)]
pub struct LineTaxes {
    pub components: Arc<[Component]>,
    pub treatment: Treatment,
    pub class: Option<[u8; 16]>,
    pub hsn: String,
    /// The sum of the rates, as the class is spoken of.
    pub rate: Rate,
}

impl LineTaxes {
    /// What is under no tax of sales: goods of a shop without classes, and vouchers, whose goods are taxed when they
    /// are bought with them.
    pub fn outside(hsn: String) -> LineTaxes {
        LineTaxes {
            components: Arc::from([]),
            treatment: Treatment::Outside,
            class: None,
            hsn,
            rate: Rate::ZERO,
        }
    }
}

/// Everything that decides a sale's taxes on one business day.
#[derive(Debug, Clone)]
pub struct Taxing {
    day: u32,
    scheme: Scheme,
    rules: TaxRules,
    at_counter: AtCounter,
    classes: Arc<HashMap<[u8; 16], TaxClass>>,
    /// The class of goods that name none.
    usual: Option<[u8; 16]>,
    seller: SellerV1,
    composition: bool,
    /// The number under which the shop charges tax; empty when it is not registered.
    registered: bool,
}

/// The classes as they were read last. Every look at a cart needs them, and they change a few times a year.
#[derive(Debug, Default)]
pub(crate) struct ClassCache(Mutex<Option<([u8; 32], Classes)>>);

type Classes = Arc<HashMap<[u8; 16], TaxClass>>;

impl ClassCache {
    fn read(&self, reader: &Reader<'_>, scheme: Scheme) -> Result<Classes> {
        // Taken from the very snapshot that is read, so that it holds inside of a transaction too, and after one that
        // was given up.
        let mark = reader.tax_class_mark()?;
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((kept, classes)) = &*lock()
            && *kept == mark
        {
            return Ok(Arc::clone(classes));
        }
        let mut classes = HashMap::new();
        for set in reader.tax_classes()? {
            // A class of a newer build whose rules this one cannot read has no rate, which is told at the sale.
            if let Ok(class) = class_of(&set, scheme) {
                classes.insert(set.class, class);
            }
        }
        let classes = Arc::new(classes);
        *lock() = Some((mark, Arc::clone(&classes)));
        Ok(classes)
    }
}

impl Taxing {
    pub fn read(reader: &Reader<'_>, settings: &Settings, day: u32) -> Result<Taxing> {
        let country = settings.text("shop.country");
        let scheme = scheme_of(country);
        let classes = settings.tax_classes.read(reader, scheme)?;
        let identity = identity_on(&reader.tax_identities()?, settings, day);
        let registered = identity.as_ref().is_some_and(|i| !i.number.is_empty());
        let composition = settings.text("tax.composition") == "true"
            || identity.as_ref().is_some_and(|i| i.composition)
            // Whoever has no number may not charge the tax.
            || (only_registered(country) && !registered);
        Ok(Taxing {
            day,
            scheme,
            rules: rules(settings),
            at_counter: match settings.text("tax.place_at_counter") {
                "buyer" => AtCounter::Buyer,
                _ => AtCounter::Seller,
            },
            classes,
            usual: settings
                .text("tax.class")
                .parse()
                .ok()
                .map(|id: domain::ids::TaxClassId| id.bytes()),
            seller: seller(identity.as_ref(), settings),
            composition,
            registered,
        })
    }

    pub fn rules(&self) -> &TaxRules {
        &self.rules
    }

    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The shop charges no tax: a composition dealer, or one that is not registered where only those who are may.
    pub fn composition(&self) -> bool {
        self.composition
    }

    /// Who sells, as the documents of the day say it.
    pub fn seller(&self) -> &SellerV1 {
        &self.seller
    }

    /// A sale over the counter to somebody unknown; the caller says what else it knows.
    pub fn context(&self) -> TaxContext<'_> {
        TaxContext {
            day: self.day,
            seller_region: &self.seller.region,
            handed_over: true,
            at_counter: self.at_counter,
            inclusive: self.rules.inclusive,
            order_type: "counter",
            composition: self.composition,
            ..TaxContext::default()
        }
    }

    /// The taxes of a line: of its product's class, or of the usual one. Goods of a shop without classes have none.
    pub fn components(&self, product: Option<&ProductRow>, context: &TaxContext<'_>) -> Result<LineTaxes> {
        let hsn = product.map(|p| p.hsn.clone()).unwrap_or_default();
        let Some(id) = product.and_then(|p| p.tax_class).or(self.usual) else {
            return Ok(LineTaxes::outside(hsn));
        };
        let chosen = self.components_of(id, context)?;
        Ok(LineTaxes { hsn, ..chosen })
    }

    /// The taxes of a class, whatever product has it.
    pub fn components_of(&self, id: [u8; 16], context: &TaxContext<'_>) -> Result<LineTaxes> {
        let class = self
            .classes
            .get(&id)
            .ok_or_else(|| AppError::new(Code::TaxRateMissing))?;
        let chosen = choose(class, context).map_err(|e| {
            AppError::new(Code::TaxRateMissing)
                .because(e)
                .hint("class", class.name())
        })?;
        Ok(LineTaxes {
            components: chosen.components,
            treatment: chosen.treatment,
            class: Some(id),
            hsn: String::new(),
            rate: chosen.rate,
        })
    }

    /// Whether a class, or the usual one, is of services that are given at the shop, like meals.
    fn is_performed(&self, class: Option<[u8; 16]>) -> bool {
        class
            .or(self.usual)
            .and_then(|id| self.classes.get(&id))
            .is_some_and(TaxClass::is_performed)
    }

    /// The context of every line of one document, and the region whose taxes the document has: a bill has one.
    ///
    /// Meals are taxed where they are given. Goods that a guest takes along with them follow: the place where an
    /// unregistered guest lives counts only if the bill is made out for it. Goods that must be taxed elsewhere need a
    /// bill of their own.
    pub fn of_document<'a>(
        &self,
        classes: impl IntoIterator<Item = Option<[u8; 16]>>,
        context: TaxContext<'a>,
    ) -> Result<(TaxContext<'a>, &'a str)> {
        let (mut meals, mut goods) = (false, false);
        for class in classes {
            match self.is_performed(class) {
                true => meals = true,
                false => goods = true,
            }
        }
        let mut context = context;
        if self.scheme == Scheme::IndiaGst && meals && context.handed_over && !context.buyer_registered {
            context.buyer_region = None;
        }
        let place = place_of_supply(self.scheme, meals && !goods, &context);
        if self.scheme == Scheme::IndiaGst && meals && goods && place != context.seller_region {
            return Err(AppError::new(Code::TaxPlacesDiffer).hint("place_of_supply", place));
        }
        Ok((context, place))
    }

    /// What the document of a sale is called by law.
    pub fn document(&self, treatments: impl IntoIterator<Item = Treatment>) -> &'static str {
        if !self.registered {
            return "receipt";
        }
        let taxed = treatments.into_iter().any(|t| t == Treatment::Taxed);
        if self.scheme == Scheme::IndiaGst && (self.composition || !taxed) {
            "bill_of_supply"
        } else {
            "tax_invoice"
        }
    }

    /// The rules in words, for the order to keep: "line each half_up", and "zone" after it when the buyer sits in a
    /// special economic zone.
    pub fn words(&self, in_zone: bool) -> String {
        let scope = match self.rules.scope {
            Scope::Line => "line",
            Scope::Document => "document",
        };
        let parts = match self.rules.components {
            Parts::Each => "each",
            Parts::Split => "split",
        };
        let zone = if in_zone { " zone" } else { "" };
        format!("{scope} {parts} {}{zone}", rounding_word(self.rules.rounding))
    }
}

fn rounding_word(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::HalfUp => "half_up",
        Rounding::HalfEven => "half_even",
        Rounding::Down => "down",
        Rounding::Up => "up",
    }
}

pub(crate) fn rounding(word: &str) -> Rounding {
    match word {
        "half_even" => Rounding::HalfEven,
        "down" => Rounding::Down,
        "up" => Rounding::Up,
        _ => Rounding::HalfUp,
    }
}

/// How this shop computes taxes.
pub(crate) fn rules(settings: &Settings) -> TaxRules {
    let step = |key: &str| {
        let step = settings.int(key);
        (step > 1).then(|| Increment {
            step: Money::from_minor(step),
            rounding: Rounding::HalfUp,
        })
    };
    TaxRules {
        inclusive: settings.text("tax.inclusive") == "true",
        scope: match settings.text("tax.scope") {
            "document" => Scope::Document,
            _ => Scope::Line,
        },
        components: match settings.text("tax.components") {
            "split" => Parts::Split,
            _ => Parts::Each,
        },
        rounding: rounding(settings.text("tax.rounding")),
        round_off: step("tax.round_off"),
        cash: step("tax.cash_rounding"),
    }
}

/// A class as the rules know it.
pub(crate) fn class_of(set: &TaxClassSetV1, scheme: Scheme) -> std::result::Result<TaxClass, TaxRuleError> {
    let terms = set
        .rules
        .iter()
        .map(|rule| Terms {
            from: rule.from,
            to: rule.to,
            when: When {
                above: rule.above_minor.map(Money::from_minor),
                up_to: rule.up_to_minor.map(Money::from_minor),
                order_types: rule.order_types.clone(),
                customer_types: rule.customer_types.clone(),
                regions: rule.regions.clone(),
                registered: rule.registered,
            },
            treatment: Treatment::from_word(&rule.treatment).unwrap_or_default(),
            components: rule
                .components
                .iter()
                .map(|component| Component {
                    name: component.name.clone(),
                    rate: Rate::from_millionths(component.rate).unwrap_or(Rate::MOST),
                    compound: component.compound,
                })
                .collect(),
            source: rule.source.clone(),
        })
        .collect();
    TaxClass::new(&set.name, scheme, set.performed, terms)
}

/// The number that counts at a branch on a day: of its own that are valid then the one that began last, else the one
/// that its settings name, else so of the shop's. The number of the settings counts wherever no recorded one says more
/// of it.
pub(crate) fn identity_on(
    recorded: &[TaxIdentitySetV2],
    settings: &Settings,
    day: u32,
) -> Option<TaxIdentitySetV2> {
    let newest = |branch: Option<[u8; 16]>| {
        recorded
            .iter()
            .filter(|i| i.branch == branch && i.from <= day && i.to.is_none_or(|to| day <= to))
            .max_by_key(|i| i.from)
            .cloned()
    };
    let typed = || from_settings(recorded, settings);
    newest(Some(settings.branch().bytes()))
        .or_else(|| typed().filter(|_| settings.is_branchs_own("shop.tax_number")))
        .or_else(|| newest(None))
        .or_else(typed)
}

/// The number that was typed into the shop's settings, as one that always counted.
pub(crate) fn from_settings(recorded: &[TaxIdentitySetV2], settings: &Settings) -> Option<TaxIdentitySetV2> {
    let number = settings.text("shop.tax_number");
    if number.is_empty() || recorded.iter().any(|i| i.number == number) {
        return None;
    }
    Some(TaxIdentitySetV2 {
        identity: [0; 16],
        number: number.to_owned(),
        name: String::new(),
        region: String::new(),
        from: 0,
        to: None,
        composition: false,
        removed: false,
        branch: None,
    })
}

fn seller(identity: Option<&TaxIdentitySetV2>, settings: &Settings) -> SellerV1 {
    let or_setting = |own: Option<&String>, key: &str| {
        own.filter(|own| !own.is_empty())
            .map_or_else(|| settings.text(key).to_owned(), String::clone)
    };
    SellerV1 {
        name: or_setting(identity.map(|i| &i.name), "shop.name"),
        tax_number: identity.map(|i| i.number.clone()).unwrap_or_default(),
        region: or_setting(identity.map(|i| &i.region), "shop.region"),
        address: settings.letterhead().join("\n"),
    }
}

/// Who sells on a day, as its documents say it.
pub fn seller_on(reader: &Reader<'_>, settings: &Settings, day: u32) -> Result<SellerV1> {
    let identity = identity_on(&reader.tax_identities()?, settings, day);
    Ok(seller(identity.as_ref(), settings))
}
