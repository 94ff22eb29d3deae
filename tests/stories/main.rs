//! Stories through the real door: a router over a real store in a temp folder, with a clock of the test's.

mod cards;
mod accounts;
mod carts;
mod catalog;
mod customers;
mod door;
mod handovers;
mod invoices;
mod mail;
mod imports;
mod orders;
mod payments;
mod people;
mod prices;
mod printing;
mod quotations;
mod refunds;
mod shifts;
mod shop;
mod taxes;
mod tenders;
mod tokens;
