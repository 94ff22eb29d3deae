//! Typed settings of the shop, its branches and its counters. What is not in the table does not exist.

use crate::{
    Actor, AppError, Code, Page, Result, Shop,
    taxes::ClassCache,
    wire::{content_of, text},
};
use domain::{ids::CounterId, money::Currency, tender::TenderMethod};
use journal::{
    Body,
    fields::setting,
    register::{PatchV1, Record, Value},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use store::{Identity, Store, StoreError, Write, settings::SettingRow};
use utoipa::ToSchema;

/// To whom a setting belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Shop,
    Branch,
    Counter,
}

impl Scope {
    fn as_str(self) -> &'static str {
        match self {
            Scope::Shop => "shop",
            Scope::Branch => "branch",
            Scope::Counter => "counter",
        }
    }

    fn id(self, identity: &Identity) -> [u8; 16] {
        match self {
            Scope::Shop => identity.shop.bytes(),
            Scope::Branch => identity.branch.bytes(),
            Scope::Counter => identity.counter.bytes(),
        }
    }
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
enum Rule {
    Text {
        most: usize,
        may_be_empty: bool,
    },
    Choice(&'static [&'static str]),
    Int {
        min: i64,
        max: i64,
        unit: &'static str,
    },
    Bool,
    /// "HH:MM"
    Time,
    Zone,
    /// "#rrggbb", or empty
    Color,
    TaxNumber,
    /// The id of a tax class, or empty.
    TaxClass,
    /// Masks of scales' labels, one a line.
    Masks,
    /// Ways to pay, with commas between them.
    Methods,
    /// "name@bank", or empty.
    UpiAddress,
    /// A template of slips, or empty for the plain one.
    Template,
    /// Where mail is handed in, or empty for nowhere.
    MailServer,
    /// Up to five percents, rising.
    Percents,
    /// A product's id, or empty.
    Product,
}

/// Not in the list of settings: it is a drawing, and has calls of its own.
const RECEIPT_TEMPLATE: &str = "receipt.template";
/// Neither is this: it has a form and calls of its own.
const MAIL_SERVER: &str = "mail.server";
/// Not in the list either: it is chosen where gift cards are.
pub(crate) const CARD_PRODUCT: &str = "card.product";

struct Definition {
    key: &'static str,
    group: &'static str,
    scope: Scope,
    rule: Rule,
    default: &'static str,
    read_only: bool,
}

pub const LANGUAGES: &[&str] = &["en", "hi", "ar"];
const THEMES: &[&str] = &["system", "light", "dark"];
pub const TRADES: &[&str] = &[
    "food_counter",
    "cafe",
    "sweets",
    "grocery",
    "garments",
    "canteen",
    "services",
    "other",
];

const fn define(
    key: &'static str,
    group: &'static str,
    scope: Scope,
    rule: Rule,
    default: &'static str,
) -> Definition {
    Definition {
        key,
        group,
        scope,
        rule,
        default,
        read_only: false,
    }
}

const TABLE: &[Definition] = &[
    define(
        "shop.name",
        "shop",
        Scope::Shop,
        Rule::Text {
            most: 80,
            may_be_empty: false,
        },
        "Chandi",
    ),
    define(
        "shop.language",
        "shop",
        Scope::Shop,
        Rule::Choice(LANGUAGES),
        "en",
    ),
    define("shop.trade", "shop", Scope::Shop, Rule::Choice(TRADES), "other"),
    define(
        "shop.country",
        "shop",
        Scope::Shop,
        Rule::Choice(crate::setup::COUNTRY_CODES),
        "IN",
    ),
    define(
        "shop.region",
        "shop",
        Scope::Shop,
        Rule::Text {
            most: 40,
            may_be_empty: true,
        },
        "",
    ),
    define("shop.tax_number", "shop", Scope::Shop, Rule::TaxNumber, ""),
    Definition {
        key: "shop.currency",
        group: "shop",
        scope: Scope::Shop,
        rule: Rule::Text {
            most: 3,
            may_be_empty: false,
        },
        default: "INR",
        read_only: true,
    },
    // Prices contain their taxes.
    define("tax.inclusive", "tax", Scope::Shop, Rule::Bool, "true"),
    define(
        "tax.scope",
        "tax",
        Scope::Shop,
        Rule::Choice(&["line", "document"]),
        "line",
    ),
    define(
        "tax.components",
        "tax",
        Scope::Shop,
        Rule::Choice(&["each", "split"]),
        "each",
    ),
    define(
        "tax.rounding",
        "tax",
        Scope::Shop,
        Rule::Choice(&["half_up", "half_even", "down", "up"]),
        "half_up",
    ),
    // Steps that totals and cash are brought to; 0 is exact.
    define(
        "tax.round_off",
        "tax",
        Scope::Shop,
        Rule::Int {
            min: 0,
            max: 10_000_000,
            unit: "minor",
        },
        "0",
    ),
    define(
        "tax.cash_rounding",
        "tax",
        Scope::Shop,
        Rule::Int {
            min: 0,
            max: 10_000_000,
            unit: "minor",
        },
        "0",
    ),
    define("tax.composition", "tax", Scope::Shop, Rule::Bool, "false"),
    define(
        "tax.turnover",
        "tax",
        Scope::Shop,
        Rule::Choice(&["up_to_5_crore", "above_5_crore"]),
        "up_to_5_crore",
    ),
    define(
        "tax.place_at_counter",
        "tax",
        Scope::Shop,
        Rule::Choice(&["seller", "buyer"]),
        "seller",
    ),
    // The class of goods that name none.
    define("tax.class", "tax", Scope::Shop, Rule::TaxClass, ""),
    define("shop.brand_color", "look", Scope::Shop, Rule::Color, ""),
    define(
        "branch.name",
        "branch",
        Scope::Branch,
        Rule::Text {
            most: 80,
            may_be_empty: false,
        },
        "Main branch",
    ),
    define("branch.zone", "branch", Scope::Branch, Rule::Zone, "UTC"),
    define(
        "branch.day_starts_at",
        "branch",
        Scope::Branch,
        Rule::Time,
        "03:00",
    ),
    define(
        "branch.fiscal_month",
        "branch",
        Scope::Branch,
        Rule::Int {
            min: 1,
            max: 12,
            unit: "",
        },
        "4",
    ),
    define(
        "receipt.header",
        "branch",
        Scope::Branch,
        Rule::Text {
            most: 200,
            may_be_empty: true,
        },
        "",
    ),
    define(
        "receipt.footer",
        "branch",
        Scope::Branch,
        Rule::Text {
            most: 200,
            may_be_empty: true,
        },
        "",
    ),
    // How slips look: a template as JSON, which has calls of its own.
    define(RECEIPT_TEMPLATE, "branch", Scope::Branch, Rule::Template, ""),
    define(MAIL_SERVER, "shop", Scope::Shop, Rule::MailServer, ""),
    // For what a customer without terms of their own owes.
    define(
        "invoice.due_days",
        "invoices",
        Scope::Shop,
        Rule::Int {
            min: 0,
            max: 365,
            unit: "days",
        },
        "30",
    ),
    define(
        "invoice.terms",
        "invoices",
        Scope::Branch,
        Rule::Text {
            most: 500,
            may_be_empty: true,
        },
        "",
    ),
    define("invoice.signed", "invoices", Scope::Branch, Rule::Bool, "true"),
    define(
        "quotation.valid_days",
        "invoices",
        Scope::Shop,
        Rule::Int {
            min: 1,
            max: 365,
            unit: "days",
        },
        "14",
    ),
    define(
        "print.receipt",
        "counter",
        Scope::Counter,
        Rule::Choice(&["auto", "ask", "never"]),
        "auto",
    ),
    define(
        "scan.weight_masks",
        "shop",
        Scope::Shop,
        Rule::Masks,
        "21PPPPPWWWWWC",
    ),
    define(
        "counter.name",
        "counter",
        Scope::Counter,
        Rule::Text {
            most: 40,
            may_be_empty: false,
        },
        "Till 1",
    ),
    define(
        "counter.theme",
        "look",
        Scope::Counter,
        Rule::Choice(THEMES),
        "system",
    ),
    define(
        "customer.theme",
        "look",
        Scope::Counter,
        Rule::Choice(THEMES),
        "light",
    ),
    define(
        "customer.language",
        "look",
        Scope::Counter,
        Rule::Choice(LANGUAGES),
        "en",
    ),
    define("till.coach_marks", "counter", Scope::Counter, Rule::Bool, "true"),
    define(
        "token.number_minutes",
        "tokens",
        Scope::Shop,
        Rule::Int {
            min: 5,
            max: 1440,
            unit: "minutes",
        },
        "240",
    ),
    define(
        "lock.idle_seconds",
        "safety",
        Scope::Shop,
        Rule::Int {
            min: 30,
            max: 7200,
            unit: "seconds",
        },
        "300",
    ),
    // The ways to pay, in the order in which the till shows them.
    define(
        "tender.methods",
        "tenders",
        Scope::Shop,
        Rule::Methods,
        "cash,upi,card,wallet,bank,account,store_credit,gift_card",
    ),
    // Above this, the last four digits of the guest's payment are asked for; 0 is never.
    define(
        "tender.digits_above_minor",
        "tenders",
        Scope::Shop,
        Rule::Int {
            min: 0,
            max: MOST_MINOR,
            unit: "minor",
        },
        "500000",
    ),
    define(
        "tender.card_reference",
        "tenders",
        Scope::Shop,
        Rule::Bool,
        "false",
    ),
    define("upi.address", "tenders", Scope::Shop, Rule::UpiAddress, ""),
    define(
        "upi.name",
        "tenders",
        Scope::Shop,
        Rule::Text {
            most: 80,
            may_be_empty: true,
        },
        "",
    ),
    define(
        "upi.category",
        "tenders",
        Scope::Shop,
        Rule::Text {
            most: 4,
            may_be_empty: true,
        },
        "",
    ),
    define(
        "discount.cashier_percent",
        "safety",
        Scope::Shop,
        Rule::Int {
            min: 0,
            max: 100,
            unit: "percent",
        },
        "10",
    ),
    define(
        "sales.missing",
        "tokens",
        Scope::Shop,
        Rule::Choice(&["refund", "keep"]),
        "refund",
    ),
    define("sales.show_prices", "tokens", Scope::Shop, Rule::Bool, "false"),
    define(
        "sales.claim_minutes",
        "tokens",
        Scope::Shop,
        Rule::Int {
            min: 1,
            max: 120,
            unit: "minutes",
        },
        "10",
    ),
    // counter: one drawer for whoever sells at a till; cashier: a drawer each.
    define(
        "shift.drawer",
        "shifts",
        Scope::Branch,
        Rule::Choice(&["counter", "cashier"]),
        "counter",
    ),
    define("shift.required", "shifts", Scope::Branch, Rule::Bool, "false"),
    // What is expected is not shown before the count.
    define("shift.blind", "shifts", Scope::Branch, Rule::Bool, "false"),
    // The Z comes out of the printer when a shift is closed.
    define("shift.print", "shifts", Scope::Branch, Rule::Bool, "true"),
    define(
        "shift.out_limit_minor",
        "shifts",
        Scope::Branch,
        Rule::Int {
            min: 0,
            max: MOST_MINOR,
            unit: "minor",
        },
        "50000",
    ),
    // Nothing is given beyond this value while the claim authority cannot be asked; 0 is no limit.
    define(
        "sales.offline_cap_minor",
        "safety",
        Scope::Shop,
        Rule::Int {
            min: 0,
            max: MOST_MINOR,
            unit: "minor",
        },
        "0",
    ),
    define(
        "refund.cashier_limit_minor",
        "safety",
        Scope::Shop,
        Rule::Int {
            min: 0,
            max: MOST_MINOR,
            unit: "minor",
        },
        "100000",
    ),
    define(
        "refund.offline_cap_minor",
        "safety",
        Scope::Shop,
        Rule::Int {
            min: 0,
            max: MOST_MINOR,
            unit: "minor",
        },
        "50000",
    ),
    // The most that is given for goods without a receipt at once, and on one business day in all; 0 takes none back.
    define(
        "return.limit_minor",
        "safety",
        Scope::Shop,
        Rule::Int {
            min: 0,
            max: MOST_MINOR,
            unit: "minor",
        },
        "200000",
    ),
    define(
        "return.day_limit_minor",
        "safety",
        Scope::Shop,
        Rule::Int {
            min: 0,
            max: MOST_MINOR,
            unit: "minor",
        },
        "1000000",
    ),
    // How far back the lowest price is looked for.
    define(
        "return.price_days",
        "safety",
        Scope::Shop,
        Rule::Int {
            min: 1,
            max: 365,
            unit: "days",
        },
        "30",
    ),
    // Without a receipt nobody knows how it was paid: store credit, unless the shop gives cash too.
    define("return.cash", "safety", Scope::Shop, Rule::Bool, "false"),
    // Above it two people answer for money put on a card that no sale paid for.
    define(
        "card.limit_minor",
        "safety",
        Scope::Shop,
        Rule::Int {
            min: 0,
            max: MOST_MINOR,
            unit: "minor",
        },
        "200000",
    ),
    // How long a card pays; 0 is for ever.
    define(
        "card.valid_months",
        "shop",
        Scope::Shop,
        Rule::Int {
            min: 0,
            max: 240,
            unit: "months",
        },
        "12",
    ),
    define("tip.ask", "counter", Scope::Shop, Rule::Bool, "false"),
    define("tip.percents", "shop", Scope::Shop, Rule::Percents, "5 10 15"),
    // The product whose sale makes gift cards, by its id.
    define(CARD_PRODUCT, "shop", Scope::Shop, Rule::Product, ""),
];

/// The largest limit that an owner can set.
const MOST_MINOR: i64 = 1_000_000_000_000;

/// The settings in force on this device. A fresh copy is made at every change.
#[derive(Debug, Clone)]
pub struct Settings {
    values: BTreeMap<&'static str, String>,
    pub currency: Currency,
    /// What was read of the tax classes last; it belongs to a country, as the rest of this does.
    pub(crate) tax_classes: Arc<ClassCache>,
}

impl Settings {
    pub(crate) fn load(store: &Store, identity: &Identity) -> std::result::Result<Settings, StoreError> {
        Settings::of(&store.read(|r| r.settings())?, identity)
    }

    /// As they will stand when this transaction is written.
    pub(crate) fn in_transaction(
        tx: &Write<'_>,
        identity: &Identity,
    ) -> std::result::Result<Settings, StoreError> {
        Settings::of(&tx.reader().settings()?, identity)
    }

    fn of(rows: &[SettingRow], identity: &Identity) -> std::result::Result<Settings, StoreError> {
        let mut values = BTreeMap::new();
        for definition in TABLE {
            let found = rows.iter().find(|row| {
                row.key == definition.key
                    && row.scope == definition.scope.as_str()
                    && row.scope_id == definition.scope.id(identity)
            });
            let value = found.map_or(definition.default, |row| row.value.as_str());
            values.insert(definition.key, value.to_owned());
        }
        let currency = Currency::from_code(&identity.currency)
            .ok_or_else(|| StoreError::Damaged(format!("unknown currency {}", identity.currency)))?;
        values.insert("shop.currency", identity.currency.clone());
        Ok(Settings {
            values,
            currency,
            tax_classes: Arc::default(),
        })
    }

    /// What each counter of the shop is called.
    pub(crate) fn counter_names(rows: &[SettingRow]) -> HashMap<CounterId, String> {
        rows.iter()
            .filter(|row| row.key == "counter.name" && row.scope == Scope::Counter.as_str())
            .map(|row| (CounterId::from_bytes(row.scope_id), row.value.clone()))
            .collect()
    }

    pub fn text(&self, key: &str) -> &str {
        self.values.get(key).map_or("", String::as_str)
    }

    pub fn int(&self, key: &str) -> i64 {
        self.text(key)
            .parse()
            .unwrap_or_else(|_| default_of(key).parse().unwrap_or(0))
    }

    pub fn day_starts_minutes(&self) -> u32 {
        parse_time(self.text("branch.day_starts_at")).unwrap_or(0)
    }
}

fn default_of(key: &str) -> &'static str {
    TABLE.iter().find(|d| d.key == key).map_or("", |d| d.default)
}

fn parse_time(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (text.len() == 5 && hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// A setting as the screens show it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SettingView {
    pub key: String,
    /// shop, branch, counter, safety, tokens or look
    pub group: String,
    /// text, choice, int, bool or time
    pub kind: String,
    pub value: serde_json::Value,
    pub default: serde_json::Value,
    pub scope: String,
    pub options: Option<Vec<String>>,
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub unit: Option<String>,
    pub read_only: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSetting {
    pub id: uuid::Uuid,
    /// Text, a number or true/false, as the setting's kind asks.
    pub value: serde_json::Value,
}

impl Shop {
    pub fn setting_list(&self) -> Page<SettingView> {
        let settings = self.settings();
        let listed = TABLE
            .iter()
            .filter(|d| ![RECEIPT_TEMPLATE, MAIL_SERVER, CARD_PRODUCT].contains(&d.key));
        Page::whole(listed.map(|d| view(d, settings.text(d.key))).collect())
    }

    pub fn change_setting(&self, actor: &Actor, key: &str, change: &ChangeSetting) -> Result<SettingView> {
        let definition = TABLE.iter().find(|d| d.key == key).ok_or(Code::NotFound)?;
        if definition.read_only {
            return Err(AppError::field("value", "this setting cannot be changed"));
        }
        let value = checked(definition, &change.value)?;
        let content = content_of(&format!("setting {key}"), change)?;
        let answer = view(definition, &value);
        self.write_once(*change.id.as_bytes(), &content, |tx| {
            set(tx, Some(actor), definition, &value)?;
            Ok(())
        })?;
        self.reload_settings()?;
        self.live.tell("setting", Some(key.to_owned()));
        self.tell_display(actor.seat);
        Ok(answer)
    }

    pub(crate) fn reload_settings(&self) -> Result<()> {
        let fresh = Settings::load(&self.store, &self.identity)?;
        *self
            .settings
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(fresh);
        Ok(())
    }
}

/// Writes a setting by key, for setup; the value was checked by its caller's types.
pub(crate) fn set_by_key(tx: &mut Write<'_>, actor: Option<&Actor>, key: &str, value: &str) -> Result<()> {
    let definition = TABLE.iter().find(|d| d.key == key).ok_or(Code::NotFound)?;
    let value = checked(definition, &serde_json::Value::String(value.to_owned()))?;
    set(tx, actor, definition, &value)
}

/// What another counter is called from its first day.
pub(crate) fn name_counter(tx: &mut Write<'_>, counter: CounterId, name: &str) -> Result<()> {
    let definition = TABLE
        .iter()
        .find(|d| d.key == "counter.name")
        .ok_or(Code::NotFound)?;
    set_for(tx, None, definition, counter.bytes(), name)
}

fn set(tx: &mut Write<'_>, actor: Option<&Actor>, definition: &Definition, value: &str) -> Result<()> {
    let scope_id = definition.scope.id(tx.identity()?);
    set_for(tx, actor, definition, scope_id, value)
}

fn set_for(
    tx: &mut Write<'_>,
    actor: Option<&Actor>,
    definition: &Definition,
    scope_id: [u8; 16],
    value: &str,
) -> Result<()> {
    let record = record_id(definition, &scope_id);
    let old = tx.reader().setting_record(record)?.unwrap_or_default();
    let fields = old.difference(vec![
        (setting::KEY, Value::Text(definition.key.to_owned())),
        (setting::SCOPE, Value::Text(definition.scope.as_str().to_owned())),
        (setting::SCOPE_ID, Value::Bytes(scope_id.to_vec())),
        (setting::VALUE, Value::Text(value.to_owned())),
    ]);
    if !fields.is_empty() {
        tx.record(
            actor.map(|a| a.staff),
            &Body::SettingSet(PatchV1 { record, fields }),
        )?;
    }
    Ok(())
}

/// The same setting of the same owner is the same record on every device.
fn record_id(definition: &Definition, scope_id: &[u8; 16]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(definition.scope.as_str().as_bytes())
        .update(scope_id)
        .update(definition.key.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    id
}

fn checked(definition: &Definition, value: &serde_json::Value) -> Result<String> {
    let wrong = |why: &str| AppError::field("value", why);
    let string = match value {
        serde_json::Value::String(s) => s.trim().to_owned(),
        serde_json::Value::Number(n) => n.to_string(),
        serde_json::Value::Bool(b) => b.to_string(),
        _ => return Err(wrong("text, a number or true/false is expected")),
    };
    match definition.rule {
        Rule::Text {
            may_be_empty: true, ..
        } if string.is_empty() => {}
        Rule::Text { most, .. } => return text("value", &string, most),
        Rule::Choice(options) if options.contains(&string.as_str()) => {}
        Rule::Choice(_) => return Err(wrong("this is not one of the choices")),
        Rule::Int { min, max, .. } => match string.parse::<i64>() {
            Ok(n) if (min..=max).contains(&n) => return Ok(n.to_string()),
            _ => {
                return Err(wrong("this number is out of range")
                    .hint("min", min)
                    .hint("max", max));
            }
        },
        Rule::Bool if string == "true" || string == "false" => {}
        Rule::Bool => return Err(wrong("true or false is expected")),
        Rule::Time if parse_time(&string).is_some() => {}
        Rule::Time => return Err(wrong("a time like 03:00 is expected")),
        Rule::Zone if jiff::tz::TimeZone::get(&string).is_ok() => {}
        Rule::Zone => return Err(wrong("this time zone is not known")),
        Rule::Color => {
            let hex = string
                .strip_prefix('#')
                .filter(|h| h.len() == 6 && h.bytes().all(|b| b.is_ascii_hexdigit()));
            if !string.is_empty() && hex.is_none() {
                return Err(wrong("a colour like #1a5276 is expected"));
            }
        }
        Rule::TaxNumber => return crate::setup::tax_number(&string),
        Rule::TaxClass if string.is_empty() => {}
        Rule::TaxClass => {
            return uuid::Uuid::try_parse(&string)
                .map(|id| id.to_string())
                .map_err(|_| wrong("not the id of a tax class"));
        }
        Rule::Masks => {
            let masks: Vec<&str> = string.split_whitespace().collect();
            for mask in &masks {
                mask.parse::<domain::barcode::LabelMask>()
                    .map_err(|e| AppError::field("value", e))?;
            }
            if masks.len() > 10 {
                return Err(wrong("ten masks are the most"));
            }
            return Ok(masks.join("\n"));
        }
        Rule::MailServer if string.is_empty() || crate::mail::parse_server(&string).is_some() => {}
        Rule::MailServer => return Err(wrong("this is no mail server")),
        Rule::Percents => return crate::tips::percents_in_words(&string),
        Rule::Product if string.is_empty() || string.parse::<domain::ids::ProductId>().is_ok() => {}
        Rule::Product => return Err(wrong("a product's id is expected")),
        Rule::UpiAddress if string.is_empty() || domain::upi::is_address(&string) => {}
        Rule::UpiAddress => return Err(wrong("a UPI address looks like name@bank")),
        Rule::Methods => {
            let mut methods: Vec<&str> = Vec::new();
            for word in string.split(',').map(str::trim).filter(|word| !word.is_empty()) {
                let method: TenderMethod = word.parse().map_err(|e| AppError::field("value", e))?;
                if !method.is_picked() {
                    return Err(wrong("a way to pay that people pick"));
                }
                if !methods.contains(&method.as_str()) {
                    methods.push(method.as_str());
                }
            }
            if methods.is_empty() {
                return Err(wrong("at least one way to pay"));
            }
            return Ok(methods.join(","));
        }
        Rule::Template if string.is_empty() => {}
        Rule::Template => {
            if let Err(errors) = paper::Template::parse(&string) {
                return Err(wrong(
                    errors
                        .first()
                        .map_or("this is no template", |e| e.message.as_str()),
                ));
            }
        }
    }
    Ok(string)
}

fn view(definition: &Definition, value: &str) -> SettingView {
    let typed = |text: &str| match definition.rule {
        Rule::Int { .. } => text.parse::<i64>().map_or(serde_json::Value::Null, Into::into),
        Rule::Bool => (text == "true").into(),
        _ => text.into(),
    };
    let (kind, options, min, max, unit) = match definition.rule {
        Rule::Text { .. }
        | Rule::Zone
        | Rule::Color
        | Rule::TaxNumber
        | Rule::Masks
        | Rule::Template
        | Rule::TaxClass
        | Rule::MailServer
        | Rule::Methods
        | Rule::UpiAddress
        | Rule::Percents
        | Rule::Product => ("text", None, None, None, None),
        Rule::Choice(options) => (
            "choice",
            Some(options.iter().map(|o| (*o).to_owned()).collect()),
            None,
            None,
            None,
        ),
        Rule::Int { min, max, unit } => (
            "int",
            None,
            Some(min),
            Some(max),
            (!unit.is_empty()).then(|| unit.to_owned()),
        ),
        Rule::Bool => ("bool", None, None, None, None),
        Rule::Time => ("time", None, None, None, None),
    };
    SettingView {
        key: definition.key.to_owned(),
        group: definition.group.to_owned(),
        kind: kind.to_owned(),
        value: typed(value),
        default: typed(definition.default),
        scope: definition.scope.as_str().to_owned(),
        options,
        min,
        max,
        unit,
        read_only: definition.read_only,
    }
}

/// What a record of the register would be, for callers that compare before they write.
pub(crate) fn patched(
    old: Option<Record>,
    record: [u8; 16],
    fields: Vec<(journal::register::Field, Value)>,
) -> Option<PatchV1> {
    let fields = old.unwrap_or_default().difference(fields);
    (!fields.is_empty()).then_some(PatchV1 { record, fields })
}
