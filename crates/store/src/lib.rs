//! One encrypted SQLite file: the fact log, the views computed from it, and this device's own drafts.
//!
//! A write appends facts and updates the views in one transaction that ends in one signed head. Read handles and write
//! handles are different types. The store never asks for the time and makes no random numbers: both come in.
//! It deliberately knows no rules: what may be written is decided above.

mod account_views;
pub mod accounts;
pub mod anomalies;
pub mod api_keys;
pub mod backups;
pub mod branches;
mod campaign_views;
pub mod campaigns;
pub mod cards;
pub mod catalog;
mod customer_views;
pub mod customers;
pub mod device_links;
pub mod devices;
pub mod drafts;
mod error;
pub mod events;
pub mod export;
pub mod handovers;
pub mod ingest;
mod invoice_views;
pub mod invoices;
pub mod lead;
mod left;
pub mod mail;
mod migrate;
mod open;
mod order_views;
pub mod orders;
pub mod payments;
pub mod people;
mod price_views;
pub mod prices;
pub mod printing;
pub mod quarantine;
pub mod quotations;
pub mod rates;
mod read;
pub mod recovery;
pub mod returns;
pub mod runs;
mod scopes;
pub mod search;
pub mod second_factor;
pub mod settings;
pub mod sharing;
mod shift_views;
pub mod shifts;
mod short_numbers;
pub mod shut_out;
pub mod sync_status;
pub mod tax_reports;
pub mod taxes;
mod tender_views;
pub mod tenders;
pub mod tips;
pub mod verify;
mod views;
pub mod webhooks;
mod write;

pub use error::StoreError;
pub use open::{Identity, Options, Store};
pub use read::Reader;
pub use verify::Verified;
pub use write::Write;

/// The version of the views' tables and of the code that fills them. Raise it, and the next start rebuilds them.
pub const VIEWS_VERSION: i64 = 10;

/// The number of this build for the guard against older builds: the newest migration that it knows.
pub const BUILD: i64 = 32;
