//! Typed settings of the shop, its branches and its counters. What is not in the table does not exist.

use crate::{
    Actor, AppError, Code, Page, Result, Shop, second_factor,
    taxes::ClassCache,
    wire::{content_of, text},
};
use domain::{
    ids::{BranchId, CounterId},
    money::Currency,
    tender::TenderMethod,
};
use journal::{
    Body,
    fields::setting,
    register::{PatchV1, Record, Value},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use store::{Identity, Reader, Store, StoreError, Write, settings::SettingRow};
use utoipa::ToSchema;

/// To whom a value belongs, the widest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
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

    const ALL: [Scope; 3] = [Scope::Shop, Scope::Branch, Scope::Counter];
}

/// Where a setting is asked for: at a counter of a branch, or at a branch as such.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot {
    shop: [u8; 16],
    branch: BranchId,
    counter: Option<CounterId>,
}

impl Spot {
    /// This device.
    fn here(identity: &Identity) -> Spot {
        Spot {
            shop: identity.shop.bytes(),
            branch: identity.branch,
            counter: Some(identity.counter),
        }
    }

    /// A branch, for whoever sits at it or far away.
    pub(crate) fn of_branch(identity: &Identity, branch: BranchId) -> Spot {
        Spot {
            branch,
            counter: Some(identity.counter).filter(|_| branch == identity.branch),
            ..Spot::here(identity)
        }
    }

    fn id(&self, scope: Scope) -> Option<[u8; 16]> {
        match scope {
            Scope::Shop => Some(self.shop),
            Scope::Branch => Some(self.branch.bytes()),
            Scope::Counter => self.counter.map(|counter| counter.bytes()),
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
    /// Text on several lines, or empty.
    Lines {
        most: usize,
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
    /// Where a hub is, or empty for none.
    Hub,
    /// Up to five percents, rising.
    Percents,
    /// A product's id, or empty.
    Product,
}

/// Not in the list of settings: it is a drawing, and has calls of its own.
const RECEIPT_TEMPLATE: &str = "receipt.template";
/// Neither is this: it has a form and calls of its own.
const MAIL_SERVER: &str = "mail.server";
/// Nor this: the hub has to take the shop before its address is kept.
pub(crate) const HUB_ADDRESS: &str = "hub.address";
/// Not in the list either: it is chosen where gift cards are.
pub(crate) const CARD_PRODUCT: &str = "card.product";

struct Definition {
    key: &'static str,
    group: &'static str,
    /// Whose value counts for all below that have none of their own.
    scope: Scope,
    /// Who may have a value of their own.
    narrowest: Scope,
    rule: Rule,
    default: &'static str,
    read_only: bool,
}

impl Definition {
    /// Branches, or counters too, may have it otherwise than the shop.
    const fn down_to(self, narrowest: Scope) -> Definition {
        Definition { narrowest, ..self }
    }

    /// Where it may be set, the widest first.
    fn scopes(&self) -> impl DoubleEndedIterator<Item = Scope> {
        let (widest, narrowest) = (self.scope, self.narrowest);
        Scope::ALL
            .into_iter()
            .filter(move |scope| (widest..=narrowest).contains(scope))
    }

    /// The nearest value for a spot, and whose it is. With `above`, only what is wider than that counts.
    fn nearest<'a>(
        &self,
        rows: &'a [SettingRow],
        spot: &Spot,
        above: Option<Scope>,
    ) -> Option<(&'a str, Scope)> {
        self.scopes()
            .rev()
            .filter(|scope| above.is_none_or(|above| *scope < above))
            .find_map(|scope| {
                let id = spot.id(scope)?;
                rows.iter()
                    .find(|row| row.key == self.key && row.scope == scope.as_str() && row.scope_id == id)
                    .map(|row| (row.value.as_str(), scope))
            })
    }
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
        narrowest: scope,
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
    )
    .down_to(Scope::Branch),
    define("shop.tax_number", "shop", Scope::Shop, Rule::TaxNumber, "").down_to(Scope::Branch),
    Definition {
        key: "shop.currency",
        group: "shop",
        scope: Scope::Shop,
        narrowest: Scope::Shop,
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
    )
    .down_to(Scope::Branch),
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
    )
    .down_to(Scope::Branch),
    define("tax.composition", "tax", Scope::Shop, Rule::Bool, "false").down_to(Scope::Branch),
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
        crate::branches::UNNAMED,
    ),
    define(
        "branch.address",
        "branch",
        Scope::Branch,
        Rule::Lines { most: 200 },
        "",
    ),
    define(
        "branch.phone",
        "branch",
        Scope::Branch,
        Rule::Text {
            most: 40,
            may_be_empty: true,
        },
        "",
    ),
    define("branch.zone", "branch", Scope::Shop, Rule::Zone, "UTC").down_to(Scope::Branch),
    define("branch.day_starts_at", "branch", Scope::Shop, Rule::Time, "03:00").down_to(Scope::Branch),
    define(
        "branch.fiscal_month",
        "branch",
        Scope::Shop,
        Rule::Int {
            min: 1,
            max: 12,
            unit: "",
        },
        "4",
    )
    .down_to(Scope::Branch),
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
        Scope::Shop,
        Rule::Text {
            most: 200,
            may_be_empty: true,
        },
        "",
    )
    .down_to(Scope::Branch),
    // How slips look: a template as JSON, which has calls of its own.
    define(RECEIPT_TEMPLATE, "branch", Scope::Shop, Rule::Template, "").down_to(Scope::Branch),
    define(MAIL_SERVER, "shop", Scope::Shop, Rule::MailServer, ""),
    define(HUB_ADDRESS, "shop", Scope::Shop, Rule::Hub, ""),
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
        Scope::Shop,
        Rule::Text {
            most: 500,
            may_be_empty: true,
        },
        "",
    )
    .down_to(Scope::Branch),
    define("invoice.signed", "invoices", Scope::Shop, Rule::Bool, "true").down_to(Scope::Branch),
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
    )
    .down_to(Scope::Branch),
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
    )
    .down_to(Scope::Counter),
    define(second_factor::NEEDED, "safety", Scope::Shop, Rule::Bool, "false"),
    // The ways to pay, in the order in which the till shows them.
    define(
        "tender.methods",
        "tenders",
        Scope::Shop,
        Rule::Methods,
        "cash,upi,card,wallet,bank,account,store_credit,gift_card",
    )
    .down_to(Scope::Counter),
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
    )
    .down_to(Scope::Counter),
    define(
        "tender.card_reference",
        "tenders",
        Scope::Shop,
        Rule::Bool,
        "false",
    )
    .down_to(Scope::Counter),
    define("upi.address", "tenders", Scope::Shop, Rule::UpiAddress, "").down_to(Scope::Counter),
    define(
        "upi.name",
        "tenders",
        Scope::Shop,
        Rule::Text {
            most: 80,
            may_be_empty: true,
        },
        "",
    )
    .down_to(Scope::Counter),
    define(
        "upi.category",
        "tenders",
        Scope::Shop,
        Rule::Text {
            most: 4,
            may_be_empty: true,
        },
        "",
    )
    .down_to(Scope::Counter),
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
    )
    .down_to(Scope::Branch),
    define(
        "sales.missing",
        "tokens",
        Scope::Shop,
        Rule::Choice(&["refund", "keep"]),
        "refund",
    )
    .down_to(Scope::Branch),
    define("sales.show_prices", "tokens", Scope::Shop, Rule::Bool, "false").down_to(Scope::Branch),
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
    )
    .down_to(Scope::Branch),
    // counter: one drawer for whoever sells at a till; cashier: a drawer each.
    define(
        "shift.drawer",
        "shifts",
        Scope::Shop,
        Rule::Choice(&["counter", "cashier"]),
        "counter",
    )
    .down_to(Scope::Branch),
    define("shift.required", "shifts", Scope::Shop, Rule::Bool, "false").down_to(Scope::Branch),
    // What is expected is not shown before the count.
    define("shift.blind", "shifts", Scope::Shop, Rule::Bool, "false").down_to(Scope::Branch),
    // The Z comes out of the printer when a shift is closed.
    define("shift.print", "shifts", Scope::Shop, Rule::Bool, "true").down_to(Scope::Branch),
    define(
        "shift.out_limit_minor",
        "shifts",
        Scope::Shop,
        Rule::Int {
            min: 0,
            max: MOST_MINOR,
            unit: "minor",
        },
        "50000",
    )
    .down_to(Scope::Branch),
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
    )
    .down_to(Scope::Branch),
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
    )
    .down_to(Scope::Branch),
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
    )
    .down_to(Scope::Branch),
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
    )
    .down_to(Scope::Branch),
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
    )
    .down_to(Scope::Branch),
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
    )
    .down_to(Scope::Branch),
    // Without a receipt nobody knows how it was paid: store credit, unless the shop gives cash too.
    define("return.cash", "safety", Scope::Shop, Rule::Bool, "false").down_to(Scope::Branch),
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
    )
    .down_to(Scope::Branch),
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
    define("tip.ask", "counter", Scope::Shop, Rule::Bool, "false").down_to(Scope::Counter),
    define("tip.percents", "shop", Scope::Shop, Rule::Percents, "5 10 15").down_to(Scope::Branch),
    // The product whose sale makes gift cards, by its id.
    define(CARD_PRODUCT, "shop", Scope::Shop, Rule::Product, ""),
];

/// The largest limit that an owner can set.
const MOST_MINOR: i64 = 1_000_000_000_000;

/// The settings in force on this device. A fresh copy is made at every change.
#[derive(Debug, Clone)]
pub struct Settings {
    branch: BranchId,
    values: BTreeMap<&'static str, String>,
    /// What the branch has otherwise than the shop.
    of_branch: BTreeSet<&'static str>,
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

    /// As they stand for another branch.
    pub(crate) fn of_branch(
        rows: &[SettingRow],
        identity: &Identity,
        branch: BranchId,
    ) -> std::result::Result<Settings, StoreError> {
        Settings::at(rows, identity, &Spot::of_branch(identity, branch))
    }

    fn of(rows: &[SettingRow], identity: &Identity) -> std::result::Result<Settings, StoreError> {
        Settings::at(rows, identity, &Spot::here(identity))
    }

    fn at(
        rows: &[SettingRow],
        identity: &Identity,
        spot: &Spot,
    ) -> std::result::Result<Settings, StoreError> {
        let mut values = BTreeMap::new();
        let mut of_branch = BTreeSet::new();
        for definition in TABLE {
            let found = definition.nearest(rows, spot, None);
            if found.is_some_and(|(_, scope)| scope == Scope::Branch) {
                of_branch.insert(definition.key);
            }
            let value = found.map_or(definition.default, |(value, _)| value);
            values.insert(definition.key, value.to_owned());
        }
        let currency = Currency::from_code(&identity.currency)
            .ok_or_else(|| StoreError::Damaged(format!("unknown currency {}", identity.currency)))?;
        values.insert("shop.currency", identity.currency.clone());
        Ok(Settings {
            branch: spot.branch,
            values,
            of_branch,
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

    /// What each branch of the shop is called.
    pub(crate) fn branch_names(rows: &[SettingRow]) -> HashMap<BranchId, String> {
        rows.iter()
            .filter(|row| row.key == "branch.name" && row.scope == Scope::Branch.as_str())
            .map(|row| (BranchId::from_bytes(row.scope_id), row.value.clone()))
            .collect()
    }

    /// What something is called that nobody named.
    pub(crate) fn unnamed(key: &str) -> String {
        default_of(key).to_owned()
    }

    /// What stands under the shop's name on papers: the head as it was written, or else the branch's address and phone.
    pub(crate) fn letterhead(&self) -> Vec<String> {
        let written = self.text("receipt.header");
        if !written.is_empty() {
            return vec![written.to_owned()];
        }
        let address = self
            .text("branch.address")
            .lines()
            .chain([self.text("branch.phone")]);
        address
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The branch for which they hold.
    pub(crate) fn branch(&self) -> BranchId {
        self.branch
    }

    /// Whether the branch itself says so.
    pub(crate) fn is_branchs_own(&self, key: &str) -> bool {
        self.of_branch.contains(key)
    }

    pub fn text(&self, key: &str) -> &str {
        self.values.get(key).map_or("", String::as_str)
    }

    pub fn int(&self, key: &str) -> i64 {
        self.text(key)
            .parse()
            .unwrap_or_else(|_| default_of(key).parse().unwrap_or(0))
    }

    pub fn flag(&self, key: &str) -> bool {
        self.text(key) == "true"
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
    /// Whose value counts for all below that have none of their own: shop, branch or counter.
    pub scope: String,
    /// Who may have a value of their own, the widest first.
    pub scopes: Vec<String>,
    /// Whose the value in force is; null when nobody set one.
    pub set_at: Option<String>,
    /// The value without that one.
    pub inherited: serde_json::Value,
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
    /// Text, a number or true/false, as the setting's kind asks; null takes back what is set, so that the next wider
    /// value counts.
    pub value: serde_json::Value,
}

/// Whose settings are asked for or changed.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SettingAt {
    /// This device's own branch when left out.
    pub branch: Option<uuid::Uuid>,
    /// shop, branch or counter: whose value is changed. When left out, the one in force is, or else the widest.
    pub scope: Option<String>,
}

impl Shop {
    pub fn setting_list(&self) -> Result<Page<SettingView>> {
        self.setting_list_at(&SettingAt::default())
    }

    pub fn setting_list_at(&self, at: &SettingAt) -> Result<Page<SettingView>> {
        let listed = TABLE
            .iter()
            .filter(|d| ![RECEIPT_TEMPLATE, MAIL_SERVER, HUB_ADDRESS, CARD_PRODUCT].contains(&d.key));
        self.store.read(|r| {
            let spot = self.spot(r, at.branch)?;
            let rows = r.settings()?;
            Ok(Page::whole(
                listed.map(|d| self.view_at(d, &rows, &spot)).collect(),
            ))
        })
    }

    pub fn change_setting(&self, actor: &Actor, key: &str, change: &ChangeSetting) -> Result<SettingView> {
        self.change_setting_at(actor, key, &SettingAt::default(), change)
    }

    /// Sets a value, or with null takes back the one that is set, so that the next wider one counts.
    pub fn change_setting_at(
        &self,
        actor: &Actor,
        key: &str,
        at: &SettingAt,
        change: &ChangeSetting,
    ) -> Result<SettingView> {
        let definition = TABLE.iter().find(|d| d.key == key).ok_or(Code::NotFound)?;
        if definition.read_only || key == HUB_ADDRESS {
            return Err(AppError::field("value", "this setting cannot be changed"));
        }
        // It says how people get in from elsewhere, one way and the other.
        if key == second_factor::NEEDED {
            self.must_show_code(actor)?;
        }
        let scope = match at.scope.as_deref() {
            None => None,
            Some(word) => Some(
                definition
                    .scopes()
                    .find(|scope| scope.as_str() == word)
                    .ok_or_else(|| AppError::field("scope", "it cannot be set there"))?,
            ),
        };
        let value = match &change.value {
            serde_json::Value::Null => None,
            value => Some(checked(definition, value)?),
        };
        let place = at.branch.map(|branch| branch.to_string()).unwrap_or_default();
        let word = at.scope.as_deref().unwrap_or_default();
        let content = match (place.as_str(), word) {
            ("", "") => content_of(&format!("setting {key}"), change)?,
            _ => content_of(&format!("setting {key} {place} {word}"), change)?,
        };
        self.write_once(*change.id.as_bytes(), &content, |tx| {
            if key == second_factor::NEEDED && value.as_deref() == Some("true") {
                self.may_need_second_factor(&tx.reader(), actor)?;
            }
            let spot = self.spot(&tx.reader(), at.branch)?;
            let rows = tx.reader().settings()?;
            let scope = scope
                .or_else(|| definition.nearest(&rows, &spot, None).map(|(_, scope)| scope))
                .unwrap_or(definition.scope);
            let id = spot
                .id(scope)
                .ok_or_else(|| AppError::field("scope", "only a counter itself says that"))?;
            set_for(tx, Some(actor), definition, (scope, id), value.as_deref())
        })?;
        self.reload_settings()?;
        self.live.tell("setting", Some(key.to_owned()));
        if key == second_factor::NEEDED {
            self.check_sessions()?;
        }
        self.tell_display(actor.seat);
        self.store.read(|r| {
            let spot = self.spot(r, at.branch)?;
            Ok(self.view_at(definition, &r.settings()?, &spot))
        })
    }

    fn spot(&self, reader: &Reader<'_>, branch: Option<uuid::Uuid>) -> Result<Spot> {
        let Some(branch) = branch.map(BranchId::from_uuid) else {
            return Ok(Spot::here(&self.identity));
        };
        match reader.branch(branch)? {
            Some(_) => Ok(Spot::of_branch(&self.identity, branch)),
            None => Err(AppError::new(Code::NotFound).hint("branch", branch.to_string())),
        }
    }

    fn view_at(&self, definition: &Definition, rows: &[SettingRow], spot: &Spot) -> SettingView {
        let found = definition.nearest(rows, spot, None);
        let above = found.and_then(|(_, scope)| definition.nearest(rows, spot, Some(scope)));
        let or_default = |found: Option<(&str, Scope)>| match found {
            Some((value, _)) => value.to_owned(),
            // What was founded cannot be changed, and stands with the identity.
            None if definition.read_only => self.identity.currency.clone(),
            None => definition.default.to_owned(),
        };
        view(
            definition,
            &or_default(found),
            &or_default(above),
            found.map(|(_, scope)| scope),
        )
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
    let spot = Spot::here(tx.identity()?);
    set_at(tx, actor, key, None, &spot, value)
}

/// Writes a setting of a branch.
pub(crate) fn set_of_branch(
    tx: &mut Write<'_>,
    actor: &Actor,
    branch: BranchId,
    key: &str,
    value: &str,
) -> Result<()> {
    let spot = Spot::of_branch(tx.identity()?, branch);
    set_at(tx, Some(actor), key, Some(Scope::Branch), &spot, value)
}

fn set_at(
    tx: &mut Write<'_>,
    actor: Option<&Actor>,
    key: &str,
    scope: Option<Scope>,
    spot: &Spot,
    value: &str,
) -> Result<()> {
    let definition = TABLE.iter().find(|d| d.key == key).ok_or(Code::NotFound)?;
    let value = checked(definition, &serde_json::Value::String(value.to_owned()))
        .map_err(|error| error.hint("setting", key))?;
    let scope = match scope {
        Some(scope) => scope,
        // What is in force here is what changes.
        None => {
            let rows = tx.reader().settings()?;
            let nearest = definition.nearest(&rows, spot, None);
            nearest.map_or(definition.scope, |(_, scope)| scope)
        }
    };
    let id = spot.id(scope).ok_or(Code::Broken)?;
    set_for(tx, actor, definition, (scope, id), Some(&value))
}

/// A shop that opens its second branch: what its only one had of its own becomes the shop's, so that the new one begins
/// as the old one is. Its name and its place stay its own.
pub(crate) fn share_with_all(tx: &mut Write<'_>, actor: &Actor, of: BranchId) -> Result<()> {
    let spot = Spot::of_branch(tx.identity()?, of);
    let rows = tx.reader().settings()?;
    for definition in TABLE {
        if definition.scope != Scope::Shop || LOCAL.contains(&definition.key) {
            continue;
        }
        let own = rows.iter().find(|row| {
            row.key == definition.key && row.scope == Scope::Branch.as_str() && row.scope_id == of.bytes()
        });
        if let Some(own) = own
            && definition.nearest(&rows, &spot, Some(Scope::Branch)).is_none()
        {
            set_for(
                tx,
                Some(actor),
                definition,
                (Scope::Shop, spot.shop),
                Some(&own.value),
            )?;
        }
    }
    Ok(())
}

/// Where a branch lies is no news about the others.
const LOCAL: &[&str] = &["shop.region", "shop.tax_number", "branch.zone"];

/// What another counter is called from its first day.
pub(crate) fn name_counter(tx: &mut Write<'_>, counter: CounterId, name: &str) -> Result<()> {
    let definition = TABLE
        .iter()
        .find(|d| d.key == "counter.name")
        .ok_or(Code::NotFound)?;
    set_for(
        tx,
        None,
        definition,
        (Scope::Counter, counter.bytes()),
        Some(name),
    )
}

fn set_for(
    tx: &mut Write<'_>,
    actor: Option<&Actor>,
    definition: &Definition,
    (scope, scope_id): (Scope, [u8; 16]),
    value: Option<&str>,
) -> Result<()> {
    let record = record_id(definition, scope, &scope_id);
    let old = tx.reader().setting_record(record)?.unwrap_or_default();
    let fields = old.difference(vec![
        (setting::KEY, Value::Text(definition.key.to_owned())),
        (setting::SCOPE, Value::Text(scope.as_str().to_owned())),
        (setting::SCOPE_ID, Value::Bytes(scope_id.to_vec())),
        (
            setting::VALUE,
            value.map_or(Value::Null, |value| Value::Text(value.to_owned())),
        ),
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
fn record_id(definition: &Definition, scope: Scope, scope_id: &[u8; 16]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(scope.as_str().as_bytes())
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
        Rule::Lines { most } => {
            let lines = string.lines().map(str::trim).filter(|line| !line.is_empty());
            let lines: Vec<String> = lines
                .map(|line| text("value", line, most))
                .collect::<Result<_>>()?;
            let joined = lines.join("\n");
            if joined.chars().count() > most {
                return Err(wrong("this text is too long").hint("max", most));
            }
            return Ok(joined);
        }
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
        Rule::Hub if string.is_empty() => {}
        Rule::Hub => return crate::hub::hub_address(&string),
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

fn view(definition: &Definition, value: &str, inherited: &str, set_at: Option<Scope>) -> SettingView {
    let typed = |text: &str| match definition.rule {
        Rule::Int { .. } => text.parse::<i64>().map_or(serde_json::Value::Null, Into::into),
        Rule::Bool => (text == "true").into(),
        _ => text.into(),
    };
    let (kind, options, min, max, unit) = match definition.rule {
        Rule::Text { .. }
        | Rule::Lines { .. }
        | Rule::Zone
        | Rule::Color
        | Rule::TaxNumber
        | Rule::Masks
        | Rule::Template
        | Rule::TaxClass
        | Rule::MailServer
        | Rule::Hub
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
        scopes: definition
            .scopes()
            .map(|scope| scope.as_str().to_owned())
            .collect(),
        set_at: set_at.map(|scope| scope.as_str().to_owned()),
        inherited: typed(inherited),
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

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::{DeviceId, ShopId};

    fn identity() -> Identity {
        Identity {
            device: DeviceId::from_bytes([1; 16]),
            shop: ShopId::from_bytes([2; 16]),
            branch: BranchId::from_bytes([3; 16]),
            counter: CounterId::from_bytes([4; 16]),
            ordinal: 0,
            lane: 0,
            secret_key: [0; 32],
            number_key: [0; 32],
            currency: "INR".to_owned(),
            demo: false,
        }
    }

    fn row(key: &str, scope: Scope, owner: u8, value: &str) -> SettingRow {
        SettingRow {
            key: key.to_owned(),
            scope: scope.as_str().to_owned(),
            scope_id: [owner; 16],
            value: value.to_owned(),
        }
    }

    #[test]
    fn the_nearest_value_counts() {
        let key = "lock.idle_seconds";
        let mut rows = vec![];
        let now = |rows: &[SettingRow]| Settings::of(rows, &identity()).expect("settings").int(key);
        assert_eq!(now(&rows), 300, "what is built in");
        rows.push(row(key, Scope::Shop, 2, "100"));
        rows.push(row(key, Scope::Branch, 9, "900"));
        assert_eq!(now(&rows), 100, "another branch is no news");
        rows.push(row(key, Scope::Branch, 3, "200"));
        assert_eq!(now(&rows), 200);
        rows.push(row(key, Scope::Counter, 4, "400"));
        assert_eq!(now(&rows), 400);
        let far = Settings::of_branch(&rows, &identity(), BranchId::from_bytes([9; 16])).expect("settings");
        assert_eq!(
            far.int(key),
            900,
            "this counter says nothing about another branch"
        );
        assert!(far.is_branchs_own(key));
        let unheard =
            Settings::of_branch(&rows, &identity(), BranchId::from_bytes([8; 16])).expect("settings");
        assert_eq!(unheard.int(key), 100);
    }

    #[test]
    fn what_only_a_shop_may_say_no_branch_says() {
        let rows = [
            row("shop.name", Scope::Shop, 2, "Annapurna"),
            row("shop.name", Scope::Branch, 3, "Forged"),
        ];
        let settings = Settings::of(&rows, &identity()).expect("settings");
        assert_eq!(settings.text("shop.name"), "Annapurna");
        for definition in TABLE {
            assert!(
                definition.scope <= definition.narrowest,
                "{} counts somewhere",
                definition.key
            );
        }
    }

    #[test]
    fn a_branch_without_a_head_of_its_own_prints_its_address() {
        let mut rows = vec![
            row("branch.address", Scope::Branch, 3, "Terminal 2\nGate 40"),
            row("branch.phone", Scope::Branch, 3, "022 1234"),
        ];
        let head = |rows: &[SettingRow]| Settings::of(rows, &identity()).expect("settings").letterhead();
        assert_eq!(head(&rows), ["Terminal 2", "Gate 40", "022 1234"]);
        rows.push(row("receipt.header", Scope::Branch, 3, "Annapurna, Pune"));
        assert_eq!(head(&rows), ["Annapurna, Pune"]);
    }
}
