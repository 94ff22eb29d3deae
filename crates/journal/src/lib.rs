//! Facts: what happened, in a form that outlives every build of Chandi.
//!
//! Versioned bodies in bytes, a hybrid clock, one gap-free series per device, a hash chain, and one signature per
//! transaction. Pure: no disk, no wall clock, no randomness; all of them come in as arguments. What a fact *means* to
//! the screens (the views) is the store's business, and rules are the domain's.

pub mod admission;
pub mod backups;
pub mod body;
pub mod channel;
pub mod clock;
pub mod exchange;
pub mod fact;
pub mod fields;
pub mod keys;
pub mod recovery;
pub mod register;
pub mod seal;
pub mod series;
pub mod shut_out;
pub mod token;

pub use body::Body;
pub use clock::{Clock, Stamp};
pub use exchange::{Chunk, Place, Transaction, Vector, Why};
pub use fact::{Fact, FactHash, Header};
pub use keys::{DeviceKey, PublicKey};
pub use series::{Head, Series, SeriesError};
