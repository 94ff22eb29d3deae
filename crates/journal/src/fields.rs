//! The fields of each register, by number. A number is never used again for something else.

pub mod product {
    pub const NAME: u16 = 1;
    /// Language, name, language, name …
    pub const NAMES: u16 = 2;
    pub const SKU: u16 = 3;
    pub const PRICE_MINOR: u16 = 4;
    pub const UNIT: u16 = 5;
    pub const CATEGORY: u16 = 6;
    pub const BARCODES: u16 = 7;
    /// `glyph:<name>` or `letters`.
    pub const ART: u16 = 8;
    pub const AVAILABLE: u16 = 9;
    pub const FAVOURITE: u16 = 10;
    pub const POSITION: u16 = 11;
    pub const OPEN_PRICE: u16 = 12;
    pub const ARCHIVED_MS: u16 = 13;
    pub const SAMPLE: u16 = 14;
    /// The short catalogue number: the device's ordinal * 2^32 + its count.
    pub const SHORT: u16 = 15;
    pub const TAX_CLASS: u16 = 16;
    /// The HSN or SAC code in India, a national code of goods elsewhere.
    pub const HSN: u16 = 17;
    pub const BRAND: u16 = 18;
    /// Other units it is sold by, four texts each: unit, thousandths of the base unit in one, price or nothing,
    /// barcodes with line feeds between them.
    pub const UNITS: u16 = 19;
    /// The product this is a variant of.
    pub const VARIANT_OF: u16 = 20;
    /// What makes this variant: name, value, name, value …
    pub const VARIANT: u16 = 21;
    /// What there is to choose between its variants: name, values with line feeds between them, name …
    pub const CHOICES: u16 = 22;
    /// The modifier groups that it asks, in their order.
    pub const MODIFIERS: u16 = 23;
    /// What a bundle holds: product, thousandths of its base unit, product …
    pub const PARTS: u16 = 24;
    pub const PICTURE: u16 = 25;
}

/// One price: of a product in a unit, for somebody, from some quantity on, on some days.
pub mod price {
    pub const PRODUCT: u16 = 1;
    pub const UNIT: u16 = 2;
    /// The word of a level; null for everybody.
    pub const LEVEL: u16 = 3;
    pub const CUSTOMER: u16 = 4;
    pub const FROM_MILLI: u16 = 5;
    /// Days as year * 10000 + month * 100 + day; null is open.
    pub const FIRST_DAY: u16 = 6;
    pub const LAST_DAY: u16 = 7;
    pub const MINOR: u16 = 8;
    /// Taken back: it counts no more, and stays in the history.
    pub const ENDED_MS: u16 = 9;
    /// The one branch it holds at; null is everywhere.
    pub const BRANCH: u16 = 10;
}

/// A device as people know it.
pub mod device {
    pub const NAME: u16 = 1;
    /// What it is for, and so what it opens first: till, token_counter, sales_counter, kitchen or office.
    pub const ROLE: u16 = 2;
}

pub mod level {
    pub const NAME: u16 = 1;
    pub const NAMES: u16 = 2;
    pub const POSITION: u16 = 3;
    /// Customers of these types get it unasked.
    pub const CUSTOMER_TYPES: u16 = 4;
    /// Category (nothing for all others), percent, category, percent …
    pub const PERCENTS: u16 = 5;
    /// What its rule gives is a multiple of this.
    pub const STEP_MINOR: u16 = 6;
    pub const ARCHIVED_MS: u16 = 7;
    /// Whether the prices set for it include tax; null: as the shop's do.
    pub const INCLUSIVE: u16 = 8;
}

pub mod brand {
    pub const NAME: u16 = 1;
    pub const ARCHIVED_MS: u16 = 2;
}

pub mod modifier_group {
    pub const NAME: u16 = 1;
    pub const NAMES: u16 = 2;
    /// How many options must and may be chosen.
    pub const LEAST: u16 = 3;
    pub const MOST: u16 = 4;
    /// Seven texts each: id, name, names as JSON, price, product or nothing, thousandths of its base unit, 1 when
    /// there is some.
    pub const OPTIONS: u16 = 5;
    pub const POSITION: u16 = 6;
    pub const ARCHIVED_MS: u16 = 7;
}

pub mod category {
    pub const NAME: u16 = 1;
    pub const NAMES: u16 = 2;
    pub const HUE: u16 = 3;
    pub const PARENT: u16 = 4;
    pub const POSITION: u16 = 5;
    pub const ACTIVE: u16 = 6;
    pub const ARCHIVED_MS: u16 = 7;
    pub const SAMPLE: u16 = 8;
}

pub mod staff {
    pub const NAME: u16 = 1;
    pub const ROLE: u16 = 2;
    /// An Argon2id hash in PHC form.
    pub const PIN_HASH: u16 = 3;
    pub const LANGUAGE: u16 = 4;
    pub const HAND: u16 = 5;
    pub const HUE: u16 = 6;
    pub const ACTIVE: u16 = 7;
    pub const ARCHIVED_MS: u16 = 8;
    /// Where they work and as what: branch, role, branch, role …; empty: everywhere, as their role says.
    pub const AT_BRANCHES: u16 = 9;
}

pub mod setting {
    pub const KEY: u16 = 1;
    /// `shop`, `branch` or `counter`.
    pub const SCOPE: u16 = 2;
    pub const SCOPE_ID: u16 = 3;
    pub const VALUE: u16 = 4;
}

/// A place of the shop. What it is called and where it lies are settings of that branch.
pub mod branch {
    pub const OPENED_MS: u16 = 1;
    /// Nothing is sold there any more; its books stay.
    pub const CLOSED_MS: u16 = 2;
}

/// A browser that was let in for one purpose, without being a device of the shop. Secrets are here as hashes only.
pub mod device_link {
    pub const NAME: u16 = 1;
    /// board, pick, customer or phone
    pub const PURPOSE: u16 = 2;
    pub const BRANCH: u16 = 3;
    /// The device at which it was made; the only one that a customer's screen can follow.
    pub const DEVICE: u16 = 4;
    /// Whose second screen it is.
    pub const SEAT: u16 = 5;
    pub const UNTIL_MS: u16 = 6;
    /// Of the code that opens it once; nothing when it was opened.
    pub const CODE: u16 = 7;
    pub const CODE_UNTIL_MS: u16 = 8;
    /// Of what the browser shows ever since.
    pub const KEY: u16 = 9;
    pub const OPENED_MS: u16 = 10;
    /// What the browser calls itself, in a few words.
    pub const BROWSER: u16 = 11;
    pub const MADE_MS: u16 = 12;
    pub const MADE_BY: u16 = 13;
    pub const REVOKED_MS: u16 = 14;
}

/// How a product is at one branch. The record's id follows from both, so that it is one on every device.
pub mod branch_product {
    pub const BRANCH: u16 = 1;
    pub const PRODUCT: u16 = 2;
    /// Not sold there.
    pub const HIDDEN: u16 = 3;
}

pub mod customer {
    // Sealed under the customer's own key, as text or as JSON.
    pub const NAME: u16 = 1;
    /// A list of numbers, the one to call first.
    pub const PHONES: u16 = 2;
    pub const EMAIL: u16 = 3;
    /// A list of { label, street, city, region, postal_code, country }.
    pub const ADDRESSES: u16 = 4;
    /// A list of { number, from, until }.
    pub const TAX_IDENTITIES: u16 = 5;
    pub const NOTE: u16 = 6;

    pub const SEALED: &[u16] = &[NAME, PHONES, EMAIL, ADDRESSES, TAX_IDENTITIES, NOTE];

    // About the shop's dealings with them, and no person's own.
    pub const TYPE: u16 = 10;
    pub const SEGMENT: u16 = 11;
    pub const LEVEL: u16 = 12;
    pub const REGION: u16 = 13;
    pub const LIMIT_MINOR: u16 = 14;
    pub const TERMS_DAYS: u16 = 15;
    pub const LANGUAGE: u16 = 16;
    pub const ARCHIVED_MS: u16 = 17;
    /// yes or no, since when in milliseconds, who noted it.
    pub const CONSENT_EMAIL: u16 = 20;
    pub const CONSENT_MESSAGE: u16 = 21;
    pub const CONSENT_CALL: u16 = 22;
}
