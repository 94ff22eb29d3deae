//! What people do with Chandi: commands, queries, permissions, live events. One module per feature.
//!
//! Every entry takes who asks and what they want, decides with the domain's rules, writes one transaction, and only
//! then tells the screens. The app never speaks HTTP and never draws; it reaches the clock and the dice only through
//! [`edges::Edges`].

pub mod accounts;
pub mod anomalies;
pub mod asks;
pub mod authority;
pub mod batches;
mod bell;
pub mod board;
pub mod brands;
pub mod cameras;
pub mod campaigns;
pub mod cards;
pub mod cart;
pub mod catalog;
pub mod choices;
pub mod claims;
pub mod customers;
mod days;
pub mod demo;
pub mod display;
pub mod drawer;
pub mod edges;
mod error;
pub mod exchange;
pub mod exchanges;
pub mod export;
pub mod gstr1;
pub mod handovers;
pub mod import;
pub mod instalments;
pub mod invoices;
mod joining;
pub mod labels;
pub mod letters;
pub mod live;
pub mod mail;
pub mod modifiers;
mod open;
pub mod order_view;
pub mod orders;
pub mod papers;
pub mod payments;
mod personal;
pub mod pictures;
pub mod prices;
mod pricing;
pub mod printers;
pub mod printing;
pub mod quotations;
pub mod rates;
pub mod refunds;
pub mod reports;
pub mod returns;
pub mod runs;
pub mod scan;
pub mod scanners;
pub mod sessions;
pub mod settings;
pub mod setup;
pub mod shift_figures;
pub mod shift_reports;
pub mod shifts;
pub mod staff;
pub mod statements;
pub mod tax_classes;
mod tax_packs;
pub mod taxes;
pub mod tenders;
pub mod tickets;
pub mod tips;
pub mod tokens;
pub mod vault;
mod wire;
mod workbook;

pub use error::{AppError, Code, Kind};
pub use open::{App, Config, OpenError, Shop};
pub use sessions::Actor;
pub use store::StoreError;
pub use wire::{Names, Page};

pub type Result<T> = std::result::Result<T, AppError>;
