//! Between the nodes of a shop. Today: asking the branch's claim authority, and telling it what was done.
//!
//! Every question is signed by this device and every answer by the other, so no key is shared and nobody else can
//! grant an order. A question is answered within [`PATIENCE`], or the counter goes on alone.

mod link;

pub use link::{Link, PATIENCE, appoint};
