//! Stories through the real door: a router over a real store in a temp folder, with a clock of the test's.

#![allow(
    clippy::inconsistent_digit_grouping,
    reason = "the last group of an amount is what stands behind the point"
)]

mod accounts;
mod asks;
mod campaigns;
mod cards;
mod carts;
mod catalog;
mod customers;
mod door;
mod exchanges;
mod guards;
mod handovers;
mod imports;
mod instalments;
mod invoices;
mod mail;
mod orders;
mod payments;
mod people;
mod prices;
mod printing;
mod quotations;
mod refunds;
mod returns;
mod shifts;
mod shop;
mod taxes;
mod tenders;
mod tokens;
