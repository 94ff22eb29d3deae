//! The hub: takes what devices of a shop push, keeps it, and gives it to the others. It relays facts and believes
//! signatures only; what facts mean is no business of its.
//!
//! Nothing is shared between shops but the engine, every question to it names the shop, and several instances may stand
//! before the same books: whatever one remembers is checked against them.

pub mod backups;
mod books;
pub mod files;
mod keep;
mod keys;
mod let_in;
mod limits;
mod matters;
mod metrics;
pub mod office;
pub mod owners;
mod pasts;
mod postgres;
pub mod rollups;
mod room;
mod router;
pub mod segments;
mod shut_out;
mod sqlite;
mod verify;
mod wake;

pub use books::{
    Books, Fork, Grown, Growth, NewShop, Organisation, Part, Registered, Result, Shop, Standing, Unavailable,
};
pub use keep::{Hub, Refusal};
pub use keys::KeyBooks;
pub use limits::Limits;
pub use matters::{MatterBooks, MatterReport};
pub use postgres::Postgres;
pub use router::router;
pub use sqlite::Sqlite;
pub use verify::{Finding, verify, verify_with};

/// The word of an invitation as the books keep it.
pub fn word_hash(word: &str) -> [u8; 32] {
    blake3::derive_key("chandi hub invitation v1", word.as_bytes())
}
