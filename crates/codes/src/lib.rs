//! Reads QR codes and product barcodes from pictures, and makes them.
//!
//! Pure: pictures come in as bytes, time as a [`Budget`], and nothing here asks a camera, a disk or a clock. What a
//! code means (a token, a product, a payment) is not known here.
//!
//! A camera that is faster than the reader is no trouble as long as its frames go through a place that holds one: the
//! newest replaces the one that waits, and what was replaced is dropped.
#![allow(
    clippy::float_arithmetic,
    reason = "pixels and perspective are floats; no amount of money comes near them"
)]

mod bars;
mod budget;
mod frame;
pub mod make;
mod qr;
mod read;

pub use budget::Budget;
pub use frame::{Frame, FrameError, MAX_SIDE, MIN_SIDE};
pub use read::{Code, Kind, Reader, read_still};
