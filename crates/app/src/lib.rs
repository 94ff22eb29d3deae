//! What people do with Chandi: commands, queries, permissions, live events. One module per feature.
//!
//! Every entry takes who asks and what they want, decides with the domain's rules, writes one transaction, and only
//! then tells the screens. The app never speaks HTTP and never draws; it reaches the clock and the dice only through
//! [`edges::Edges`].

pub mod cart;
pub mod catalog;
mod days;
pub mod demo;
pub mod display;
pub mod edges;
mod error;
pub mod import;
pub mod live;
mod open;
pub mod orders;
pub mod reports;
pub mod scan;
pub mod sessions;
pub mod settings;
pub mod setup;
pub mod staff;
pub mod tokens;
pub mod vault;
mod wire;

pub use error::{AppError, Code, Kind};
pub use open::{App, Config, OpenError, Shop};
pub use sessions::Actor;
pub use store::StoreError;
pub use wire::{Names, Page};

pub type Result<T> = std::result::Result<T, AppError>;
