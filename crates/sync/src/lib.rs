//! Between the nodes of a shop: asking the branch's claim authority, telling it what was done, and exchanging facts.
//!
//! Every question to an authority is signed by this device and every answer by the other, so no key is shared and
//! nobody else can grant an order. A question is answered within [`PATIENCE`], or the counter goes on alone. Facts need
//! nobody's word for the way they came: each transaction is signed by the device that wrote it.

mod link;
mod peer;
mod replicate;

pub use link::{Link, PATIENCE, appoint};
pub use peer::{Hub, Neighbour, Peer, Unreachable};
pub use replicate::{Replicator, Round, RoundError, follow};
