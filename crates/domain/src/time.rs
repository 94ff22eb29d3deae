//! Moments: points in time handed in from above. Zones, business days and clocks live elsewhere.

use std::fmt;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

impl Moment {
    /// This moment moved by `ms` (backwards when negative); stops at the ends of what an `i64` can say.
    pub fn plus_ms(self, ms: i64) -> Moment {
        Moment(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is in fact later.
    pub fn ms_since(self, earlier: Moment) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_move_and_stop_at_the_ends() {
        assert_eq!(Moment(5).plus_ms(-6), Moment(-1));
        assert_eq!(
            Moment(i64::MAX).plus_ms(1),
            Moment(i64::MAX),
            "the last moment stays the last"
        );
        assert_eq!(Moment(10).ms_since(Moment(4)), 6);
        assert!(Moment(1) < Moment(2));
    }
}
