//! Between the nodes of a shop: asking the branch's claim authority, telling it what was done, and exchanging facts.
//!
//! Every question to an authority is signed by this device and every answer by the other, so no key is shared and
//! nobody else can grant an order. A question is answered within [`PATIENCE`], or the counter goes on alone. Facts need
//! nobody's word for the way they came: each transaction is signed by the device that wrote it.

mod hub;
mod join;
pub mod lan;
pub mod lead;
mod link;
mod peer;
mod prints;
mod replicate;
mod shut_out;
pub mod tls;

pub use hub::{Hub, go_online, keep_online, offer_login, register};
pub use join::connect;
pub use link::{Link, PATIENCE, appoint};
pub use peer::{Neighbour, Peer, Unreachable};
pub use replicate::{Following, Replicator, Round, RoundError};
