//! Who facts are exchanged with; here, a shop in the same process.

use app::Shop;
use domain::ids::CustomerId;
use journal::{
    Vector,
    exchange::{Matters, Pull, Pulled, Push, Pushed},
};
use std::sync::Arc;
use store::ingest::SealedKey;

/// No answer, or none that can be believed. The same may be asked again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreachable(pub String);

pub(crate) fn lost(why: &dyn std::fmt::Display) -> Unreachable {
    Unreachable(why.to_string())
}

/// Somebody who has facts and takes facts.
pub trait Peer: Send + Sync {
    fn push(&self, push: &Push) -> Result<Pushed, Unreachable>;

    fn pull(&self, pull: &Pull) -> Result<Pulled, Unreachable>;

    /// Where customers' keys are kept for devices that never meet; devices ask each other instead.
    fn keeps_keys(&self) -> Option<&str> {
        None
    }

    /// Gives keys to keep, and says whose are erased here. Only asked of who keeps keys.
    fn give_keys(&self, _keys: &[SealedKey], _erased: &[CustomerId]) -> Result<(), Unreachable> {
        Ok(())
    }

    /// The keys of these customers, as far as they are known there. Who only relays facts has none.
    fn keys(&self, wanted: &[CustomerId]) -> Result<Vec<SealedKey>, Unreachable>;

    /// Whether it wants to hear what needs attention here. Devices see that for themselves.
    fn hears_matters(&self) -> bool {
        false
    }

    fn tell_matters(&self, _matters: &Matters) -> Result<(), Unreachable> {
        Ok(())
    }
}

impl<P: Peer + ?Sized> Peer for Arc<P> {
    fn push(&self, push: &Push) -> Result<Pushed, Unreachable> {
        (**self).push(push)
    }

    fn pull(&self, pull: &Pull) -> Result<Pulled, Unreachable> {
        (**self).pull(pull)
    }

    fn keeps_keys(&self) -> Option<&str> {
        (**self).keeps_keys()
    }

    fn give_keys(&self, keys: &[SealedKey], erased: &[CustomerId]) -> Result<(), Unreachable> {
        (**self).give_keys(keys, erased)
    }

    fn keys(&self, wanted: &[CustomerId]) -> Result<Vec<SealedKey>, Unreachable> {
        (**self).keys(wanted)
    }

    fn hears_matters(&self) -> bool {
        (**self).hears_matters()
    }

    fn tell_matters(&self, matters: &Matters) -> Result<(), Unreachable> {
        (**self).tell_matters(matters)
    }
}

/// Another node of the shop in this process.
pub struct Neighbour(pub Arc<Shop>);

impl Peer for Neighbour {
    fn push(&self, push: &Push) -> Result<Pushed, Unreachable> {
        let taken = self.0.take_in(&push.series).map_err(|e| lost(&e))?;
        let refused = taken.series.iter();
        Ok(Pushed {
            heads: taken
                .series
                .iter()
                .map(|(device, done)| (*device, done.upto))
                .collect(),
            refused: refused
                .filter_map(|(device, done)| Some((*device, done.refused?)))
                .collect(),
        })
    }

    fn pull(&self, pull: &Pull) -> Result<Pulled, Unreachable> {
        let most = usize::try_from(pull.max_bytes).unwrap_or(usize::MAX);
        let (chunks, more) = self.0.chunks_for(&pull.have, most).map_err(|e| lost(&e))?;
        let heads: Vector = self.0.vector().map_err(|e| lost(&e))?;
        Ok(Pulled { chunks, heads, more })
    }

    fn keys(&self, wanted: &[CustomerId]) -> Result<Vec<SealedKey>, Unreachable> {
        self.0.keys_of(wanted).map_err(|e| lost(&e))
    }
}
