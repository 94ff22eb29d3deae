//! Printers and cameras: bytes out with an honest outcome, pictures in at their own pace.
//!
//! Every wait has an end: a dead printer costs its own worker a few seconds and nobody else anything. This crate knows no
//! documents, no orders and no database; it says what became of the bytes, and the app decides what to do about it.

pub mod camera;
mod deadline;
pub mod find;
pub mod printer;

pub use deadline::Deadline;
pub use printer::{
    Address, AddressError, Driver, Limits, Outcome, Printer, Report, Status, Tells, UsbAt, Why, open,
};
