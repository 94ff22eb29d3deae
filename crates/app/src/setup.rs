//! The first evening: an own shop or the demo, in one transaction each.

use crate::{
    App, AppError, Code, OpenError, Result, Shop,
    demo::TradeFile,
    edges::Edges,
    second_factor::{self, Asks},
    sessions::{Place, SignedIn, hash_pin},
    settings::{LANGUAGES, TRADES, set_by_key},
    staff, tax_packs,
    vault::KeyStorage,
    wire::text,
};
use domain::{
    gst::{self, Gstin, GstinError},
    ids::{BranchId, CounterId, DeviceId, ShopId, StaffId},
    money::Currency,
    people::Role,
    time::Moment,
};
use journal::{Body, DeviceKey, body::ShopFoundedV1, register::PatchV1};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, PoisonError};
use store::{Identity, Store, Write};
use utoipa::ToSchema;

/// A country that a shop can be in: data for the form, all of it changeable later but the currency.
struct Country {
    code: &'static str,
    currency: &'static str,
    zone: &'static str,
    fiscal_month: u8,
    regions: &'static [(&'static str, &'static str)],
}

const CANADA: &[(&str, &str)] = &[
    ("AB", "Alberta"),
    ("BC", "British Columbia"),
    ("MB", "Manitoba"),
    ("NB", "New Brunswick"),
    ("NL", "Newfoundland and Labrador"),
    ("NT", "Northwest Territories"),
    ("NS", "Nova Scotia"),
    ("NU", "Nunavut"),
    ("ON", "Ontario"),
    ("PE", "Prince Edward Island"),
    ("QC", "Quebec"),
    ("SK", "Saskatchewan"),
    ("YT", "Yukon"),
];

const UNITED_STATES: &[(&str, &str)] = &[
    ("AL", "Alabama"),
    ("AK", "Alaska"),
    ("AZ", "Arizona"),
    ("AR", "Arkansas"),
    ("CA", "California"),
    ("CO", "Colorado"),
    ("CT", "Connecticut"),
    ("DE", "Delaware"),
    ("DC", "District of Columbia"),
    ("FL", "Florida"),
    ("GA", "Georgia"),
    ("HI", "Hawaii"),
    ("ID", "Idaho"),
    ("IL", "Illinois"),
    ("IN", "Indiana"),
    ("IA", "Iowa"),
    ("KS", "Kansas"),
    ("KY", "Kentucky"),
    ("LA", "Louisiana"),
    ("ME", "Maine"),
    ("MD", "Maryland"),
    ("MA", "Massachusetts"),
    ("MI", "Michigan"),
    ("MN", "Minnesota"),
    ("MS", "Mississippi"),
    ("MO", "Missouri"),
    ("MT", "Montana"),
    ("NE", "Nebraska"),
    ("NV", "Nevada"),
    ("NH", "New Hampshire"),
    ("NJ", "New Jersey"),
    ("NM", "New Mexico"),
    ("NY", "New York"),
    ("NC", "North Carolina"),
    ("ND", "North Dakota"),
    ("OH", "Ohio"),
    ("OK", "Oklahoma"),
    ("OR", "Oregon"),
    ("PA", "Pennsylvania"),
    ("RI", "Rhode Island"),
    ("SC", "South Carolina"),
    ("SD", "South Dakota"),
    ("TN", "Tennessee"),
    ("TX", "Texas"),
    ("UT", "Utah"),
    ("VT", "Vermont"),
    ("VA", "Virginia"),
    ("WA", "Washington"),
    ("WV", "West Virginia"),
    ("WI", "Wisconsin"),
    ("WY", "Wyoming"),
];

const COUNTRIES: &[Country] = &[
    Country {
        code: "IN",
        currency: "INR",
        zone: "Asia/Kolkata",
        fiscal_month: 4,
        regions: &[],
    },
    Country {
        code: "AE",
        currency: "AED",
        zone: "Asia/Dubai",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "SA",
        currency: "SAR",
        zone: "Asia/Riyadh",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "KW",
        currency: "KWD",
        zone: "Asia/Kuwait",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "BH",
        currency: "BHD",
        zone: "Asia/Bahrain",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "GB",
        currency: "GBP",
        zone: "Europe/London",
        fiscal_month: 4,
        regions: &[],
    },
    Country {
        code: "DE",
        currency: "EUR",
        zone: "Europe/Berlin",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "CH",
        currency: "CHF",
        zone: "Europe/Zurich",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "TR",
        currency: "TRY",
        zone: "Europe/Istanbul",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "UZ",
        currency: "UZS",
        zone: "Asia/Tashkent",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "JP",
        currency: "JPY",
        zone: "Asia/Tokyo",
        fiscal_month: 4,
        regions: &[],
    },
    Country {
        code: "US",
        currency: "USD",
        zone: "America/New_York",
        fiscal_month: 1,
        regions: UNITED_STATES,
    },
    Country {
        code: "CA",
        currency: "CAD",
        zone: "America/Toronto",
        fiscal_month: 1,
        regions: CANADA,
    },
    Country {
        code: "AT",
        currency: "EUR",
        zone: "Europe/Vienna",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "BE",
        currency: "EUR",
        zone: "Europe/Brussels",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "DK",
        currency: "DKK",
        zone: "Europe/Copenhagen",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "ES",
        currency: "EUR",
        zone: "Europe/Madrid",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "FI",
        currency: "EUR",
        zone: "Europe/Helsinki",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "FR",
        currency: "EUR",
        zone: "Europe/Paris",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "IE",
        currency: "EUR",
        zone: "Europe/Dublin",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "IT",
        currency: "EUR",
        zone: "Europe/Rome",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "NL",
        currency: "EUR",
        zone: "Europe/Amsterdam",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "PL",
        currency: "PLN",
        zone: "Europe/Warsaw",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "PT",
        currency: "EUR",
        zone: "Europe/Lisbon",
        fiscal_month: 1,
        regions: &[],
    },
    Country {
        code: "SE",
        currency: "SEK",
        zone: "Europe/Stockholm",
        fiscal_month: 1,
        regions: &[],
    },
];

pub(crate) const COUNTRY_CODES: &[&str] = &[
    "IN", "AE", "SA", "KW", "BH", "GB", "DE", "CH", "TR", "UZ", "JP", "US", "CA", "AT", "BE", "DK", "ES",
    "FI", "FR", "IE", "IT", "NL", "PL", "PT", "SE",
];

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SetupView {
    pub ready: bool,
    pub demo: bool,
    pub trades: Vec<String>,
    pub countries: Vec<CountryView>,
    /// The machine's own zone, as a guess.
    pub zone: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CountryView {
    pub code: String,
    pub currency: String,
    pub zone: String,
    pub regions: Vec<RegionView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegionView {
    pub code: String,
    pub name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Setup {
    Own(OwnShop),
    Demo {
        id: uuid::Uuid,
        language: String,
        /// Which till this browser is, as when signing in.
        seat: Option<uuid::Uuid>,
    },
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnShop {
    pub id: uuid::Uuid,
    pub language: String,
    pub trade: String,
    pub shop_name: String,
    pub country: String,
    pub region: Option<String>,
    pub tax_number: Option<String>,
    pub zone: Option<String>,
    pub owner_name: String,
    pub pin: String,
    /// Which till this browser is, as when signing in.
    pub seat: Option<uuid::Uuid>,
}

/// What the lock screen shows before anybody signed in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LockView {
    pub shop: LockShop,
    pub staff: Vec<LockStaff>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LockShop {
    pub name: String,
    pub branch: String,
    pub counter: String,
    pub demo: bool,
    pub language: String,
    pub currency: String,
    pub minor_digits: u8,
    pub country: String,
    /// The branch's zone, and when its day begins there ("03:00"): its business day is not always the calendar's.
    pub zone: String,
    pub day_starts_at: String,
    pub theme: String,
    /// What this device is for, and so what it opens first: till, token_counter, sales_counter, kitchen or office.
    pub device_role: String,
    /// The shop shut this device out: it keeps what it has and sells no more.
    pub shut_out: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LockStaff {
    pub id: uuid::Uuid,
    pub name: String,
    pub role: String,
    pub hue: String,
    pub language: Option<String>,
    /// How they sign in from where this is asked: pin, password (and a code), or set_up where the shop wants those and
    /// they have none.
    pub asks: String,
    /// Only in the demo shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demo_pin: Option<String>,
}

impl From<OpenError> for AppError {
    fn from(error: OpenError) -> AppError {
        match error {
            OpenError::Store(store) => store.into(),
            other => AppError::new(Code::Broken).because(&other).caused(other),
        }
    }
}

impl App {
    pub fn setup_view(&self) -> SetupView {
        let shop = self.try_shop();
        let machine_zone = jiff::tz::TimeZone::system().iana_name().map(str::to_owned);
        SetupView {
            ready: shop.is_some(),
            demo: shop.is_some_and(|s| s.identity.demo),
            trades: TRADES.iter().map(|t| (*t).to_owned()).collect(),
            countries: COUNTRIES
                .iter()
                .map(|c| CountryView {
                    code: c.code.to_owned(),
                    currency: c.currency.to_owned(),
                    zone: c.zone.to_owned(),
                    regions: regions_of(c.code),
                })
                .collect(),
            zone: machine_zone.unwrap_or_else(|| "UTC".to_owned()),
        }
    }

    /// Founds the shop and signs its owner in.
    pub fn set_up(&self, setup: &Setup, place: &Place) -> Result<SignedIn> {
        let _one_at_a_time = self.changing_shop.lock().unwrap_or_else(PoisonError::into_inner);
        if self.try_shop().is_some() {
            return Err(Code::ShopExists.into());
        }
        let seat = match setup {
            Setup::Own(own) => own.seat,
            Setup::Demo { seat, .. } => *seat,
        };
        let (shop, owner) = match setup {
            Setup::Own(own) => self.found_own(own)?,
            Setup::Demo { language, .. } => self.found_demo(language)?,
        };
        self.live.tell("setting", None);
        let seat = shop.seat_at(seat, place);
        shop.start_session(owner, seat, place)
    }

    fn found_own(&self, own: &OwnShop) -> Result<(Arc<Shop>, StaffId)> {
        let checked = CheckedShop::of(own)?;
        let (store, key_storage) = self.open_store(false)?;
        let owner = checked.found(&store, self.edges())?;
        Ok((self.enter(store, key_storage)?, owner))
    }

    fn found_demo(&self, language: &str) -> Result<(Arc<Shop>, StaffId)> {
        if !LANGUAGES.contains(&language) {
            return Err(AppError::field("language", "not one of the choices"));
        }
        let (store, key_storage): (Store, KeyStorage) = self.open_store(true)?;
        let now = self.edges().now();
        let owner = crate::demo::found(self, &store, language, now)?;
        Ok((self.enter(store, key_storage)?, owner))
    }
}

/// An owner's answers, checked before anything touches the disk.
pub struct CheckedShop<'a> {
    own: &'a OwnShop,
    country: &'static Country,
    shop_name: String,
    owner_name: String,
    pin_hash: String,
    samples: TradeFile,
}

impl<'a> CheckedShop<'a> {
    pub fn of(own: &'a OwnShop) -> Result<CheckedShop<'a>> {
        let country = COUNTRIES
            .iter()
            .find(|c| c.code == own.country)
            .ok_or_else(|| AppError::field("country", "this country is not in the list"))?;
        if !TRADES.contains(&own.trade.as_str()) {
            return Err(AppError::field("trade", "not one of the choices"));
        }
        Ok(CheckedShop {
            own,
            country,
            shop_name: text("shop_name", &own.shop_name, 80)?,
            owner_name: text("owner_name", &own.owner_name, 60)?,
            pin_hash: hash_pin(&own.pin)?,
            samples: TradeFile::of(&own.trade)?,
        })
    }

    /// Founds the shop in one transaction: all of it stands, or nothing does. Says who owns it.
    pub fn found(&self, store: &Store, edges: &Edges) -> Result<StaffId> {
        let CheckedShop { own, country, .. } = self;
        let owner = StaffId::from_uuid(edges.new_id());
        let zone = own
            .zone
            .as_deref()
            .filter(|z| !z.is_empty())
            .unwrap_or(country.zone);
        let settings = [
            ("shop.name", self.shop_name.as_str()),
            ("shop.language", own.language.as_str()),
            ("customer.language", own.language.as_str()),
            ("shop.trade", own.trade.as_str()),
            ("shop.country", country.code),
            ("shop.region", own.region.as_deref().unwrap_or("")),
            ("shop.tax_number", own.tax_number.as_deref().unwrap_or("")),
            ("branch.zone", zone),
            ("branch.fiscal_month", &country.fiscal_month.to_string()),
        ];
        let now = edges.now();
        store.write(now, |tx| {
            found(tx, edges, country.currency, false, now)?;
            for (key, value) in settings {
                set_by_key(tx, None, key, value)?;
            }
            let fields = staff::new_fields(
                &self.owner_name,
                Role::Owner,
                self.pin_hash.clone(),
                Some(&own.language),
                "right",
                "iris",
            );
            tx.record(
                None,
                &Body::StaffSet(PatchV1 {
                    record: owner.bytes(),
                    fields,
                }),
            )?;
            let registered = own.tax_number.as_deref().is_some_and(|n| !n.trim().is_empty());
            tax_packs::install(
                tx,
                None,
                edges,
                country.code,
                &own.trade,
                &own.language,
                registered,
            )?;
            self.samples.record(tx, Some(owner), edges)?;
            Ok(owner)
        })
    }
}

/// The parts of a country that matter to its taxes, as they are today.
pub(crate) fn regions_of(country: &str) -> Vec<RegionView> {
    let region = |(code, name): (&str, &str)| RegionView {
        code: code.to_owned(),
        name: name.to_owned(),
    };
    if country == "IN" {
        let today = |state: &&gst::State| !matches!(state.code, "25" | "28" | "97");
        return gst::STATES
            .iter()
            .filter(today)
            .map(|state| region((state.code, state.name)))
            .collect();
    }
    let found = COUNTRIES.iter().find(|c| c.code == country);
    found.map_or_else(Vec::new, |c| c.regions.iter().map(|r| region(*r)).collect())
}

/// The first fact of a shop, and who this device is in it.
pub(crate) fn found(
    tx: &mut Write<'_>,
    edges: &Edges,
    currency: &str,
    demo: bool,
    now: Moment,
) -> Result<Identity> {
    let known = Currency::from_code(currency).ok_or(Code::Broken)?;
    let identity = Identity {
        device: DeviceId::from_uuid(edges.new_id()),
        shop: ShopId::from_uuid(edges.new_id()),
        branch: BranchId::from_uuid(edges.new_id()),
        counter: CounterId::from_uuid(edges.new_id()),
        ordinal: 0,
        lane: 0,
        secret_key: edges.random(),
        number_key: edges.random(),
        currency: currency.to_owned(),
        demo,
    };
    let founding = Body::ShopFounded(ShopFoundedV1 {
        shop: identity.shop.bytes(),
        branch: identity.branch.bytes(),
        counter: identity.counter.bytes(),
        device: identity.device.bytes(),
        public_key: DeviceKey::from_seed(&identity.secret_key).public().bytes(),
        ordinal: identity.ordinal,
        lane: identity.lane,
        currency: known.code,
        demo,
        founded_ms: now.0,
    });
    tx.found(&identity, &founding)?;
    Ok(identity)
}

impl Shop {
    pub fn lock_view(&self) -> Result<LockView> {
        self.lock_view_from(&Place::Window)
    }

    /// The same for whoever looks from there.
    pub fn lock_view_from(&self, place: &Place) -> Result<LockView> {
        let settings = self.settings();
        let needed = settings.flag(second_factor::NEEDED);
        let (people, pins, role, factors) = self.store.read(|r| {
            let pins = if self.identity.demo {
                r.local_value("demo_pins")?
            } else {
                None
            };
            Ok::<_, AppError>((r.staff(false)?, pins, self.own_role(r)?, r.second_factor_ids()?))
        })?;
        let pins: std::collections::BTreeMap<String, String> = pins
            .and_then(|p| serde_json::from_str(&p).ok())
            .unwrap_or_default();
        Ok(LockView {
            shop: LockShop {
                name: settings.text("shop.name").to_owned(),
                branch: settings.text("branch.name").to_owned(),
                counter: settings.text("counter.name").to_owned(),
                demo: self.identity.demo,
                language: settings.text("shop.language").to_owned(),
                currency: settings.currency.code().to_owned(),
                minor_digits: settings.currency.minor_digits,
                country: settings.text("shop.country").to_owned(),
                zone: settings.text("branch.zone").to_owned(),
                day_starts_at: settings.text("branch.day_starts_at").to_owned(),
                theme: settings.text("counter.theme").to_owned(),
                device_role: role.as_str().to_owned(),
                shut_out: self.is_shut_out(),
            },
            staff: people
                .iter()
                .filter(|p| p.active && p.role != Role::Program.as_str())
                .filter_map(|p| {
                    Some(LockStaff {
                        id: p.id.uuid(),
                        name: p.name.clone(),
                        // Whoever works elsewhere does not sign in here.
                        role: p.role_at(self.identity.branch)?.to_owned(),
                        hue: p.hue.clone(),
                        language: p.language.clone(),
                        asks: Asks::of(p, factors.contains_key(&p.id), needed, place)
                            .as_str()
                            .to_owned(),
                        demo_pin: pins.get(&p.id.to_string()).cloned(),
                    })
                })
                .collect(),
        })
    }

    pub fn is_demo(&self) -> bool {
        self.identity.demo
    }
}

/// A GSTIN with its check character right, any other country's number as it is, or nothing.
pub(crate) fn tax_number(typed: &str) -> Result<String> {
    let number: String = typed
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_uppercase();
    if number.is_empty() {
        return Ok(number);
    }
    if number.len() > 20 || !number.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(AppError::field(
            "tax_number",
            "letters and digits only, at most 20",
        ));
    }
    if gst::looks_like_gstin(&number) {
        let gstin = Gstin::parse(&number).map_err(|error| {
            let refused = AppError::field("tax_number", error);
            match error {
                GstinError::Check { expected } => refused.hint("expected", expected.to_string()),
                GstinError::Length | GstinError::Pattern | GstinError::State => refused,
            }
        })?;
        return Ok(gstin.as_str().to_owned());
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_country_codes_is_the_table() {
        assert_eq!(
            COUNTRIES.iter().map(|c| c.code).collect::<Vec<_>>(),
            COUNTRY_CODES
        );
        for country in COUNTRIES {
            assert!(
                Currency::from_code(country.currency).is_some(),
                "{} pays in something",
                country.code
            );
            assert!(
                jiff::tz::TimeZone::get(country.zone).is_ok(),
                "{} has a clock",
                country.code
            );
        }
    }

    #[test]
    fn a_gstin_with_a_slip_is_told_its_right_end() {
        assert_eq!(
            tax_number("27aapfu0939f1zv").expect("a published example"),
            "27AAPFU0939F1ZV"
        );
        let wrong = tax_number("27AAPFU0939F1ZX").expect_err("the check character is V");
        assert_eq!(wrong.hints["expected"], "V");
    }
}
