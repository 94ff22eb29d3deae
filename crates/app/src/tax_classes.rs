//! Tax classes and tax numbers as their owner keeps them: adding, changing, trying out, and who changed what.

use crate::{
    Actor, AppError, Code, Page, Result, Shop,
    cart::WriteId,
    choices, days,
    settings::Settings,
    setup::regions_of,
    tax_packs::{Pack, scheme_of},
    taxes::{Taxing, class_of, from_settings},
    wire::{content_of, optional_text, rfc3339, text},
};
use domain::{
    gst::{self, Gstin, GstinError},
    ids::{BranchId, CategoryId, ProductId, TaxClassId, TaxIdentityId},
    money::Money,
    tax::{self, Rate, TaxLine},
    tax_rules::{Scheme, TaxContext, TaxRuleError, Treatment},
};
use journal::{
    Body,
    body::{TaxClassSetV1, TaxComponentV1, TaxIdentitySetV2, TaxRuleV1},
    fields::product as product_field,
    register::{PatchV1, Value},
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::{
    Reader,
    catalog::{ProductOrder, ProductQuery},
};
use utoipa::ToSchema;
use uuid::Uuid;

const MOST_RULES: usize = 200;
const MOST_MINOR: i64 = 1_000_000_000_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxForm {
    pub name: String,
    /// In percent: "2.5".
    pub rate: String,
    /// Charged on the price and every tax before it.
    #[serde(default)]
    pub compound: bool,
}

/// When a rule applies and what it charges. What is left out asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxRuleForm {
    /// The first day: "2025-09-22".
    pub from: String,
    /// The last day.
    pub to: Option<String>,
    /// For one of its unit, after discounts and before tax: dearer than this.
    pub above_minor: Option<i64>,
    /// At most this.
    pub up_to_minor: Option<i64>,
    /// counter, eat_in, take_away, delivery
    #[serde(default)]
    pub order_types: Vec<String>,
    #[serde(default)]
    pub customer_types: Vec<String>,
    #[serde(default)]
    pub regions: Vec<String>,
    /// Only buyers with a tax number, or only those without.
    pub registered: Option<bool>,
    /// taxed, nil, exempt or outside
    pub treatment: String,
    pub taxes: Vec<TaxForm>,
    /// Where the rate stands written.
    #[serde(default)]
    pub source: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxClassForm {
    /// Made by the client; needed when adding.
    pub id: Option<Uuid>,
    pub name: String,
    /// Taxed where it is given, like a meal.
    #[serde(default)]
    pub performed: bool,
    pub rules: Vec<TaxRuleForm>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaxClassView {
    pub id: Uuid,
    pub name: String,
    /// Its name in the pack it came from; empty for one of the shop's own.
    pub key: String,
    pub performed: bool,
    /// The newest first.
    pub rules: Vec<TaxRuleForm>,
    /// The rates that hold today, as people speak of them: "5", or "5 / 18" where a price decides.
    pub today: String,
    /// How many products name it.
    pub products: u64,
    /// Goods that name no class have this one.
    pub usual: bool,
    pub archived_at: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaxesView {
    pub country: String,
    /// The rules split "GST" into two halves inside a State.
    pub india: bool,
    pub classes: Vec<TaxClassView>,
    pub regions: Vec<crate::setup::RegionView>,
    /// The country has a pack with classes that are not here.
    pub pack: bool,
    /// The shop charges no tax today, and why: "composition", "no_number", or nothing.
    pub untaxed: Option<String>,
}

/// One version of a class, and who left it so.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaxClassVersion {
    pub at: String,
    pub by: Option<String>,
    pub name: String,
    pub performed: bool,
    pub rules: Vec<TaxRuleForm>,
    pub archived: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignTaxClass {
    pub id: Uuid,
    /// Only products of this category; all when left out.
    pub category: Option<Uuid>,
    /// Leave those alone that name a class already.
    #[serde(default)]
    pub only_without: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Assigned {
    pub changed: usize,
}

/// A line to try the rules on.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TryTaxes {
    /// Nothing: the usual class.
    pub class: Option<Uuid>,
    pub product: Option<Uuid>,
    pub amount_minor: i64,
    /// How many of the unit it is for; one when left out.
    pub quantity: Option<String>,
    /// Today when left out.
    pub day: Option<String>,
    pub buyer_region: Option<String>,
    #[serde(default)]
    pub buyer_registered: bool,
    #[serde(default)]
    pub buyer_in_zone: bool,
    pub delivered_to: Option<String>,
    /// counter, eat_in, take_away or delivery
    pub order_type: Option<String>,
    pub customer_type: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TriedTaxes {
    pub taxable_minor: i64,
    pub tax_minor: i64,
    pub gross_minor: i64,
    pub round_off_minor: i64,
    pub payable_minor: i64,
    pub taxes: Vec<TriedTax>,
    pub place_of_supply: String,
    /// tax_invoice, bill_of_supply or receipt
    pub document: String,
    /// taxed, nil, exempt or outside
    pub treatment: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TriedTax {
    pub name: String,
    pub rate: String,
    pub amount_minor: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxIdentityForm {
    /// Made by the client; needed when adding.
    pub id: Option<Uuid>,
    pub number: String,
    /// Who is registered under it, where that is not the shop's own name.
    pub name: Option<String>,
    /// Filled from a GSTIN when left out.
    pub region: Option<String>,
    /// The first day; since ever when left out.
    pub from: Option<String>,
    pub to: Option<String>,
    #[serde(default)]
    pub composition: bool,
    /// The one branch that sells under it; left out, every branch that has none of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<Uuid>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaxIdentityView {
    /// Null for the number that stands in the shop's settings.
    pub id: Option<Uuid>,
    pub number: String,
    pub name: String,
    pub region: String,
    pub region_name: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub composition: bool,
    /// Null: every branch that has none of its own.
    pub branch: Option<Uuid>,
    /// The one that counts today, here or at its branch.
    pub today: bool,
}

/// What a GSTIN says of itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GstinView {
    pub number: String,
    pub valid: bool,
    /// What is wrong: length, pattern, state or check.
    pub fault: Option<String>,
    /// The last character that would be right.
    pub expected: Option<String>,
    pub state: Option<String>,
    pub state_name: Option<String>,
    pub pan: Option<String>,
}

/// Checks a GSTIN and says what stands in it.
pub fn gstin(typed: &str) -> GstinView {
    match Gstin::parse(typed) {
        Ok(gstin) => GstinView {
            number: gstin.as_str().to_owned(),
            valid: true,
            fault: None,
            expected: None,
            state: Some(gstin.state().to_owned()),
            state_name: gst::state_name(gstin.state()).map(str::to_owned),
            pan: Some(gstin.pan().to_owned()),
        },
        Err(error) => {
            let (fault, expected) = match error {
                GstinError::Length => ("length", None),
                GstinError::Pattern => ("pattern", None),
                GstinError::State => ("state", None),
                GstinError::Check { expected } => ("check", Some(expected.to_string())),
            };
            GstinView {
                number: typed.trim().to_uppercase(),
                valid: false,
                fault: Some(fault.to_owned()),
                expected,
                state: None,
                state_name: None,
                pan: None,
            }
        }
    }
}

fn day_of(field: &str, text: &str) -> Result<u32> {
    text.trim()
        .parse()
        .map(days::number_of)
        .map_err(|_| AppError::field(field, "a day like 2026-04-01"))
}

fn optional_day(field: &str, text: Option<&str>) -> Result<Option<u32>> {
    text.map(str::trim)
        .filter(|t| !t.is_empty())
        .map(|t| day_of(field, t))
        .transpose()
}

/// A form as a fact says it, checked against everything that rules must be.
fn class_set(
    form: &TaxClassForm,
    class: TaxClassId,
    key: &str,
    archived_ms: Option<i64>,
    scheme: Scheme,
) -> Result<TaxClassSetV1> {
    if form.rules.len() > MOST_RULES {
        return Err(AppError::field("rules", format!("at most {MOST_RULES} rules")));
    }
    let set = TaxClassSetV1 {
        class: class.bytes(),
        name: text("name", &form.name, 80)?,
        key: key.to_owned(),
        performed: form.performed,
        rules: form
            .rules
            .iter()
            .enumerate()
            .map(|(at, rule)| rule_set(rule).map_err(|e| e.hint("rule", at + 1)))
            .collect::<Result<_>>()?,
        archived_ms,
    };
    class_of(&set, scheme).map_err(|error| {
        let refused = AppError::field("rules", &error);
        match error {
            TaxRuleError::TooManyTaxes { rule }
            | TaxRuleError::Names { rule }
            | TaxRuleError::NoHalf { rule }
            | TaxRuleError::EndsBeforeItBegins { rule }
            | TaxRuleError::Limits { rule } => refused.hint("rule", rule),
            TaxRuleError::NoFallback => AppError::new(Code::TaxRuleMissing),
            TaxRuleError::NoRate { .. } => refused,
        }
    })?;
    Ok(set)
}

fn rule_set(rule: &TaxRuleForm) -> Result<TaxRuleV1> {
    if Treatment::from_word(&rule.treatment).is_none() {
        return Err(AppError::field("treatment", "taxed, nil, exempt or outside"));
    }
    let words = |field: &str, words: &[String]| -> Result<Vec<String>> {
        words.iter().map(|word| text(field, word, 40)).collect()
    };
    let limit = |field: &str, minor: Option<i64>| match minor {
        Some(minor) if !(0..=MOST_MINOR).contains(&minor) => {
            Err(AppError::field(field, "0 or more, and not that large"))
        }
        other => Ok(other),
    };
    for order_type in &rule.order_types {
        if !["counter", "eat_in", "take_away", "delivery"].contains(&order_type.as_str()) {
            return Err(AppError::field(
                "order_types",
                "counter, eat_in, take_away or delivery",
            ));
        }
    }
    Ok(TaxRuleV1 {
        from: day_of("from", &rule.from)?,
        to: optional_day("to", rule.to.as_deref())?,
        above_minor: limit("above_minor", rule.above_minor)?,
        up_to_minor: limit("up_to_minor", rule.up_to_minor)?,
        order_types: words("order_types", &rule.order_types)?,
        customer_types: words("customer_types", &rule.customer_types)?,
        regions: words("regions", &rule.regions)?,
        registered: rule.registered,
        treatment: rule.treatment.clone(),
        components: rule
            .taxes
            .iter()
            .map(|tax| {
                let rate: Rate = tax.rate.parse().map_err(|e| AppError::field("rate", e))?;
                Ok(TaxComponentV1 {
                    name: text("name", &tax.name, 30)?,
                    rate: rate.millionths(),
                    compound: tax.compound,
                })
            })
            .collect::<Result<_>>()?,
        source: optional_text("source", Some(&rule.source), 300)?.unwrap_or_default(),
    })
}

fn rate_text(millionths: u32) -> String {
    Rate::from_millionths(millionths)
        .unwrap_or(Rate::MOST)
        .to_string()
}

fn rule_view(rule: &TaxRuleV1) -> TaxRuleForm {
    TaxRuleForm {
        from: days::text_of(rule.from),
        to: rule.to.map(days::text_of),
        above_minor: rule.above_minor,
        up_to_minor: rule.up_to_minor,
        order_types: rule.order_types.clone(),
        customer_types: rule.customer_types.clone(),
        regions: rule.regions.clone(),
        registered: rule.registered,
        treatment: rule.treatment.clone(),
        taxes: rule
            .components
            .iter()
            .map(|tax| TaxForm {
                name: tax.name.clone(),
                rate: rate_text(tax.rate),
                compound: tax.compound,
            })
            .collect(),
        source: rule.source.clone(),
    }
}

fn rules_view(rules: &[TaxRuleV1]) -> Vec<TaxRuleForm> {
    let mut rules: Vec<&TaxRuleV1> = rules.iter().collect();
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.from));
    rules.into_iter().map(rule_view).collect()
}

/// The different rates of the rules that hold on a day and were not replaced by later ones for all goods.
fn rates_on(set: &TaxClassSetV1, day: u32) -> String {
    let holds = |rule: &&TaxRuleV1| rule.from <= day && rule.to.is_none_or(|to| day <= to);
    let always = |rule: &TaxRuleV1| {
        rule.above_minor.is_none()
            && rule.up_to_minor.is_none()
            && rule.order_types.is_empty()
            && rule.customer_types.is_empty()
            && rule.regions.is_empty()
            && rule.registered.is_none()
    };
    let newest = set
        .rules
        .iter()
        .filter(holds)
        .filter(|rule| always(rule))
        .map(|rule| rule.from)
        .max()
        .unwrap_or(0);
    let mut rates: Vec<u32> = set
        .rules
        .iter()
        .filter(holds)
        .filter(|rule| rule.from >= newest)
        .map(|rule| {
            rule.components
                .iter()
                .map(|c| c.rate)
                .fold(0u32, u32::saturating_add)
        })
        .collect();
    rates.sort_unstable();
    rates.dedup();
    match rates.as_slice() {
        [first, .., last] if rates.len() > 3 => format!("{} – {}", rate_text(*first), rate_text(*last)),
        few => few
            .iter()
            .map(|rate| rate_text(*rate))
            .collect::<Vec<_>>()
            .join(" / "),
    }
}

impl Shop {
    pub fn taxes(&self, archived_too: bool) -> Result<TaxesView> {
        let settings = self.settings();
        let day = self.today_number(&settings);
        let country = settings.text("shop.country").to_owned();
        let pack = Pack::of(&country)?;
        self.store.read(|r| {
            let taxing = Taxing::read(r, &settings, day)?;
            let all = r.tax_classes()?;
            let missing = pack.is_some_and(|pack| {
                let known = |key: &str| all.iter().any(|class| class.key == key);
                pack.classes.iter().any(|class| !known(&class.key))
            });
            let counts = r.products_by_tax_class()?;
            let usual = settings.text("tax.class");
            Ok(TaxesView {
                india: taxing.scheme() == Scheme::IndiaGst,
                regions: regions_of(&country),
                pack: missing,
                untaxed: taxing.composition().then(|| {
                    let reason = if taxing.seller().tax_number.is_empty() {
                        "no_number"
                    } else {
                        "composition"
                    };
                    reason.to_owned()
                }),
                country,
                classes: all
                    .iter()
                    .filter(|class| archived_too || class.archived_ms.is_none())
                    .map(|class| class_view(class, day, &counts, usual))
                    .collect(),
            })
        })
    }

    fn tax_class_view(&self, id: TaxClassId) -> Result<TaxClassView> {
        let settings = self.settings();
        let day = self.today_number(&settings);
        self.store.read(|r| {
            let class = r.tax_class(id)?.ok_or(Code::NotFound)?;
            Ok(class_view(
                &class,
                day,
                &r.products_by_tax_class()?,
                settings.text("tax.class"),
            ))
        })
    }

    pub fn add_tax_class(&self, actor: &Actor, form: &TaxClassForm) -> Result<TaxClassView> {
        let id = form
            .id
            .ok_or_else(|| AppError::field("id", "the client makes the id"))?;
        let id = TaxClassId::from_uuid(id);
        let scheme = scheme_of(self.settings().text("shop.country"));
        let set = class_set(form, id, "", None, scheme)?;
        let content = content_of("tax class", form)?;
        self.write_once(id.bytes(), &content, |tx| {
            if tx.reader().tax_class(id)?.is_some() {
                return Err(Code::IdReused.into());
            }
            Ok(tx.record(Some(actor.staff), &Body::TaxClassSet(set))?)
        })?;
        self.tell_taxes(actor);
        self.tax_class_view(id)
    }

    pub fn edit_tax_class(&self, actor: &Actor, id: TaxClassId, form: &TaxClassForm) -> Result<TaxClassView> {
        let scheme = scheme_of(self.settings().text("shop.country"));
        self.change_tax_class(actor, id, |old| {
            class_set(form, id, &old.key, old.archived_ms, scheme)
        })
    }

    /// Archives a class that no product and no setting names.
    pub fn archive_tax_class(&self, actor: &Actor, id: TaxClassId) -> Result<TaxClassView> {
        let now = self.edges.now();
        let usual = self.settings().text("tax.class") == id.to_string();
        let used = self.store.read(|r| r.products_by_tax_class())?;
        if usual || used.get(&id.bytes()).is_some_and(|n| *n > 0) {
            return Err(Code::TaxClassInUse.into());
        }
        self.change_tax_class(actor, id, |old| {
            Ok(TaxClassSetV1 {
                archived_ms: old.archived_ms.or(Some(now.0)),
                ..old
            })
        })
    }

    pub fn restore_tax_class(
        &self,
        actor: &Actor,
        id: TaxClassId,
        _request: &WriteId,
    ) -> Result<TaxClassView> {
        self.change_tax_class(actor, id, |old| {
            Ok(TaxClassSetV1 {
                archived_ms: None,
                ..old
            })
        })
    }

    fn change_tax_class(
        &self,
        actor: &Actor,
        id: TaxClassId,
        change: impl FnOnce(TaxClassSetV1) -> Result<TaxClassSetV1>,
    ) -> Result<TaxClassView> {
        self.store.write(self.edges.now(), |tx| {
            let old = tx.reader().tax_class(id)?.ok_or(AppError::new(Code::NotFound))?;
            let new = change(old.clone())?;
            if new != old {
                tx.record(Some(actor.staff), &Body::TaxClassSet(new))?;
            }
            Ok::<_, AppError>(())
        })?;
        self.tell_taxes(actor);
        self.tax_class_view(id)
    }

    /// Every version of a class, the newest first.
    pub fn tax_class_history(&self, id: TaxClassId) -> Result<Page<TaxClassVersion>> {
        self.store.read(|r| {
            let versions = r.tax_class_history(id)?;
            if versions.is_empty() {
                return Err(Code::NotFound.into());
            }
            let people: HashMap<_, _> = r.staff(true)?.into_iter().map(|s| (s.id, s.name)).collect();
            Ok(Page::whole(
                versions
                    .into_iter()
                    .map(|version| TaxClassVersion {
                        at: rfc3339(version.at),
                        by: version.by.and_then(|id| people.get(&id).cloned()),
                        name: version.set.name,
                        performed: version.set.performed,
                        rules: rules_view(&version.set.rules),
                        archived: version.set.archived_ms.is_some(),
                    })
                    .collect(),
            ))
        })
    }

    /// Gives many products this class at once.
    pub fn assign_tax_class(
        &self,
        actor: &Actor,
        id: TaxClassId,
        request: &AssignTaxClass,
    ) -> Result<Assigned> {
        let content = content_of(&format!("assign tax class {id}"), request)?;
        let answer = self.write_once(*request.id.as_bytes(), &content, |tx| {
            if tx.reader().tax_class(id)?.is_none_or(|c| c.archived_ms.is_some()) {
                return Err(AppError::new(Code::NotFound));
            }
            let query = ProductQuery {
                category: request.category.map(CategoryId::from_uuid),
                variants: true,
                limit: 1_000_000,
                ..ProductQuery::default()
            };
            let mut changed = 0;
            for row in tx.reader().products(ProductOrder::Grid, &query)? {
                let class = choices::taxed_as_parent(&tx.reader(), row.clone())?.tax_class;
                let leave = class == Some(id.bytes()) || (request.only_without && class.is_some());
                if leave {
                    continue;
                }
                let fields = vec![(product_field::TAX_CLASS, Value::Bytes(id.bytes().to_vec()))];
                tx.record(
                    Some(actor.staff),
                    &Body::ProductSet(PatchV1 {
                        record: row.id.bytes(),
                        fields,
                    }),
                )?;
                changed += 1;
            }
            Ok(Assigned { changed })
        })?;
        self.live.tell("product", None);
        Ok(answer)
    }

    /// Adds the classes of the country's pack that are not here. What the owner changed stays as it is.
    pub fn add_tax_pack(&self, actor: &Actor, request: &WriteId) -> Result<Assigned> {
        let settings = self.settings();
        let pack = Pack::of(settings.text("shop.country"))?.ok_or(Code::NotFound)?;
        let content = content_of("tax pack", request)?;
        let answer = self.write_once(*request.id.as_bytes(), &content, |tx| {
            let known = tx.reader().tax_classes()?;
            let mut changed = 0;
            for class in &pack.classes {
                if known.iter().any(|k| k.key == class.key) {
                    continue;
                }
                let id = TaxClassId::from_uuid(self.edges.new_id());
                let set = class.set(id, settings.text("shop.language"))?;
                tx.record(Some(actor.staff), &Body::TaxClassSet(set))?;
                changed += 1;
            }
            Ok(Assigned { changed })
        })?;
        self.tell_taxes(actor);
        Ok(answer)
    }

    fn tell_taxes(&self, actor: &Actor) {
        self.live.tell("setting", Some("tax".to_owned()));
        self.tell_display(actor.seat);
    }

    /// What a line would have for taxes. Writes nothing.
    pub fn try_taxes(&self, request: &TryTaxes) -> Result<TriedTaxes> {
        let settings = self.settings();
        let day = match optional_day("day", request.day.as_deref())? {
            Some(day) => day,
            None => self.today_number(&settings),
        };
        if request.amount_minor.abs() > MOST_MINOR {
            return Err(AppError::field("amount_minor", "not that large"));
        }
        let milli = match request.quantity.as_deref().map(str::trim) {
            None | Some("") => 1000,
            Some(typed) => domain::quantity::Quantity::parse(typed, domain::quantity::Unit::Kilogram)
                .map_err(|e| AppError::field("quantity", e))?
                .milli(),
        };
        self.store.read(|r| {
            let taxing = Taxing::read(r, &settings, day)?;
            let product = match request.product {
                Some(id) => Some(
                    r.product(ProductId::from_uuid(id))?
                        .ok_or(AppError::new(Code::NotFound))?,
                ),
                None => None,
            };
            let product = product.map(|row| choices::taxed_as_parent(r, row)).transpose()?;
            let region = |given: &Option<String>| given.clone().filter(|g| !g.trim().is_empty());
            let (buyer_region, delivered_to) = (region(&request.buyer_region), region(&request.delivered_to));
            let context = TaxContext {
                buyer_region: buyer_region.as_deref(),
                buyer_registered: request.buyer_registered,
                buyer_in_zone: request.buyer_in_zone,
                delivered_to: delivered_to.as_deref(),
                handed_over: delivered_to.is_none(),
                net: Money::from_minor(request.amount_minor),
                milli,
                order_type: request.order_type.as_deref().unwrap_or("counter"),
                customer_type: request.customer_type.as_deref(),
                ..taxing.context()
            };
            let asked = match request.class {
                Some(class) => Some(class.into_bytes()),
                None => product.as_ref().and_then(|p| p.tax_class),
            };
            let (context, place) = taxing.of_document([asked], context)?;
            let chosen = match request.class {
                Some(class) => taxing.components_of(class.into_bytes(), &context)?,
                None => taxing.components(product.as_ref(), &context)?,
            };
            let line = TaxLine {
                net: context.net,
                inclusive: None,
                components: &chosen.components,
            };
            let taxed = tax::compute(&[line], taxing.rules())
                .map_err(|e| AppError::new(Code::PriceTooLarge).because(e))?;
            Ok(TriedTaxes {
                taxable_minor: taxed.taxable.minor(),
                tax_minor: taxed.tax.minor(),
                gross_minor: taxed.gross.minor(),
                round_off_minor: taxed.round_off.minor(),
                payable_minor: taxed.payable.minor(),
                taxes: taxed
                    .by_component
                    .iter()
                    .map(|sum| TriedTax {
                        name: sum.name.clone(),
                        rate: sum.rate.to_string(),
                        amount_minor: sum.amount.minor(),
                    })
                    .collect(),
                place_of_supply: place.to_owned(),
                document: taxing.document([chosen.treatment]).to_owned(),
                treatment: chosen.treatment.as_str().to_owned(),
            })
        })
    }

    pub fn tax_identities(&self) -> Result<Page<TaxIdentityView>> {
        let settings = self.settings();
        let day = self.today_number(&settings);
        self.store.read(|r| {
            let recorded = r.tax_identities()?;
            let rows = r.settings()?;
            let mut today = vec![crate::taxes::identity_on(&recorded, &settings, day)];
            for branch in r.branches()?.iter().filter(|one| one.id != settings.branch()) {
                let there = Settings::of_branch(&rows, &self.identity, branch.id)?;
                today.push(crate::taxes::identity_on(&recorded, &there, day));
            }
            let plain = from_settings(&recorded, &settings);
            let view = |identity: &TaxIdentitySetV2| {
                let region = if identity.region.is_empty() {
                    settings.text("shop.region")
                } else {
                    &identity.region
                };
                TaxIdentityView {
                    id: (identity.identity != [0; 16]).then(|| Uuid::from_bytes(identity.identity)),
                    number: identity.number.clone(),
                    name: identity.name.clone(),
                    region: region.to_owned(),
                    region_name: gst::state_name(region).map(str::to_owned),
                    from: (identity.from > 0).then(|| days::text_of(identity.from)),
                    to: identity.to.map(days::text_of),
                    composition: identity.composition,
                    branch: identity.branch.map(Uuid::from_bytes),
                    today: today.iter().flatten().any(|t| t.identity == identity.identity),
                }
            };
            Ok(Page::whole(
                plain.iter().chain(recorded.iter()).map(view).collect(),
            ))
        })
    }

    pub fn add_tax_identity(&self, actor: &Actor, form: &TaxIdentityForm) -> Result<Page<TaxIdentityView>> {
        let id = form
            .id
            .ok_or_else(|| AppError::field("id", "the client makes the id"))?;
        let set = self.identity_set(form, TaxIdentityId::from_uuid(id))?;
        let content = content_of("tax identity", form)?;
        self.write_once(*id.as_bytes(), &content, |tx| {
            check_days(&tx.reader(), &set)?;
            Ok(tx.record(Some(actor.staff), &Body::TaxIdentitySet(set))?)
        })?;
        self.tell_taxes(actor);
        self.tax_identities()
    }

    pub fn edit_tax_identity(
        &self,
        actor: &Actor,
        id: TaxIdentityId,
        form: &TaxIdentityForm,
    ) -> Result<Page<TaxIdentityView>> {
        let set = self.identity_set(form, id)?;
        self.change_tax_identity(actor, id, |_| set)
    }

    /// A number that was a mistake: it counts for no day. Documents that carry it keep it.
    pub fn remove_tax_identity(&self, actor: &Actor, id: TaxIdentityId) -> Result<Page<TaxIdentityView>> {
        self.change_tax_identity(actor, id, |old| TaxIdentitySetV2 { removed: true, ..old })
    }

    fn change_tax_identity(
        &self,
        actor: &Actor,
        id: TaxIdentityId,
        change: impl FnOnce(TaxIdentitySetV2) -> TaxIdentitySetV2,
    ) -> Result<Page<TaxIdentityView>> {
        self.store.write(self.edges.now(), |tx| {
            let old = tx
                .reader()
                .tax_identities()?
                .into_iter()
                .find(|i| i.identity == id.bytes())
                .ok_or(AppError::new(Code::NotFound))?;
            let new = change(old.clone());
            if new != old {
                check_days(&tx.reader(), &new)?;
                tx.record(Some(actor.staff), &Body::TaxIdentitySet(new))?;
            }
            Ok::<_, AppError>(())
        })?;
        self.tell_taxes(actor);
        self.tax_identities()
    }

    fn identity_set(&self, form: &TaxIdentityForm, id: TaxIdentityId) -> Result<TaxIdentitySetV2> {
        let settings = self.settings();
        let number = if settings.text("shop.country") == "IN" {
            Gstin::parse(&form.number)
                .map(|gstin| gstin.as_str().to_owned())
                .map_err(|error| {
                    let refused = AppError::field("tax_number", error);
                    match error {
                        GstinError::Check { expected } => refused.hint("expected", expected.to_string()),
                        GstinError::Length | GstinError::Pattern | GstinError::State => refused,
                    }
                })?
        } else {
            crate::setup::tax_number(&form.number)?
        };
        if number.is_empty() {
            return Err(AppError::field("tax_number", "the number is missing"));
        }
        let region = match optional_text("region", form.region.as_deref(), 40)? {
            Some(region) => region,
            None => Gstin::parse(&number)
                .map(|gstin| gstin.state().to_owned())
                .unwrap_or_default(),
        };
        let from = optional_day("from", form.from.as_deref())?.unwrap_or(0);
        let to = optional_day("to", form.to.as_deref())?;
        if to.is_some_and(|to| to < from) {
            return Err(AppError::field("to", "it ends before it begins"));
        }
        Ok(TaxIdentitySetV2 {
            identity: id.bytes(),
            number,
            name: optional_text("name", form.name.as_deref(), 120)?.unwrap_or_default(),
            region,
            from,
            to,
            composition: form.composition,
            removed: false,
            branch: form.branch.map(|branch| *branch.as_bytes()),
        })
    }
}

/// Two numbers that begin on the same day would leave it to chance which counts.
fn check_days(reader: &Reader<'_>, set: &TaxIdentitySetV2) -> Result<()> {
    if let Some(branch) = set.branch
        && reader.branch(BranchId::from_bytes(branch))?.is_none()
    {
        return Err(AppError::field("branch", "there is no such branch"));
    }
    let clash = |other: &TaxIdentitySetV2| {
        other.identity != set.identity && other.from == set.from && other.branch == set.branch
    };
    if !set.removed && reader.tax_identities()?.iter().any(clash) {
        return Err(AppError::field("from", "another number begins on this day"));
    }
    Ok(())
}

fn class_view(class: &TaxClassSetV1, day: u32, counts: &HashMap<[u8; 16], u64>, usual: &str) -> TaxClassView {
    let id = Uuid::from_bytes(class.class);
    TaxClassView {
        id,
        name: class.name.clone(),
        key: class.key.clone(),
        performed: class.performed,
        rules: rules_view(&class.rules),
        today: rates_on(class, day),
        products: counts.get(&class.class).copied().unwrap_or(0),
        usual: usual == id.to_string(),
        archived_at: class.archived_ms.map(|ms| rfc3339(domain::time::Moment(ms))),
    }
}
