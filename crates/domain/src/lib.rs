//! The ground of Chandi: what money, quantities, carts, orders, numbers and tokens *are*.
//!
//! Nothing here reads a clock, a disk, a network or a random source: times, ids and randomness come in as
//! arguments, so nothing here can fail on a machine. There is no serde and no SQL either; the floors above own
//! their wire forms. No amount is ever a float.

#![allow(
    clippy::inconsistent_digit_grouping,
    reason = "874_00 in minor units reads as 874.00"
)]

pub mod account;
pub mod backup;
pub mod barcode;
pub mod campaign;
pub mod card;
pub mod cart;
pub mod customer;
pub mod device;
pub mod discount;
pub mod foreign;
pub mod gst;
pub mod handover;
pub mod ids;
pub mod instalment;
pub mod lead;
pub mod money;
pub mod numbers;
pub mod order;
pub mod payment;
pub mod people;
pub mod phone;
pub mod picture;
pub mod prices;
pub mod pricing;
pub mod quantity;
pub mod refund;
pub mod search;
pub mod second_factor;
pub mod shift;
pub mod tax;
pub mod tax_rules;
pub mod tender;
pub mod text;
pub mod time;
pub mod tip;
pub mod token;
pub mod upi;

pub use rust_decimal::Decimal;
pub use uuid::Uuid;
