//! Stories through the real door: a router over a real store in a temp folder, with a clock of the test's.

#![allow(
    clippy::inconsistent_digit_grouping,
    reason = "the last group of an amount is what stands behind the point"
)]

mod accounts;
mod anomalies;
mod api_keys;
mod asks;
mod backups;
mod backups_hub;
mod branches;
mod campaigns;
mod cards;
mod carts;
mod catalog;
mod customers;
mod device_links;
mod disk_work;
mod door;
mod events;
mod exchanges;
mod guards;
mod handovers;
mod imports;
mod instalments;
mod invoices;
mod mail;
mod node_doors;
mod orders;
mod payments;
mod people;
mod prices;
mod print_elsewhere;
mod printing;
mod quotations;
mod refunds;
mod returns;
mod second_factor;
mod shifts;
mod shop;
mod shop_devices;
mod shut_out;
#[cfg(unix)]
mod sticks;
mod sync_status;
mod taxes;
mod tenders;
mod tokens;
