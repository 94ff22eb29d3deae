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
}

pub mod setting {
    pub const KEY: u16 = 1;
    /// `shop`, `branch` or `counter`.
    pub const SCOPE: u16 = 2;
    pub const SCOPE_ID: u16 = 3;
    pub const VALUE: u16 = 4;
}
