//! The hybrid logical clock: wall time when the wall clock behaves, a counter when it does not.

use domain::time::Moment;

/// How far another device's clock may drag ours ahead. Beyond it their facts are kept, and our clock is not moved.
pub const MAX_AHEAD_MS: i64 = 10 * 60 * 1000;

/// A point in the order of facts: 48 bits of milliseconds, 16 bits of counter.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub struct Stamp(pub u64);

impl Stamp {
    /// The first stamp of a millisecond.
    pub fn at(moment: Moment) -> Stamp {
        let ms = u64::try_from(moment.0).unwrap_or(0).min((1 << 48) - 1);
        Stamp(ms << 16)
    }

    /// The wall time in it, for people; never for rules.
    pub fn moment(self) -> Moment {
        Moment(i64::try_from(self.0 >> 16).unwrap_or(i64::MAX))
    }
}

/// The clock of one device: every stamp it gives is above all that it gave or saw.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    last: Stamp,
}

impl Clock {
    pub fn resume(last: Stamp) -> Clock {
        Clock { last }
    }

    /// The next stamp. A wall clock that went back changes nothing about the order of facts.
    pub fn tick(&mut self, now: Moment) -> Stamp {
        let next = Stamp::at(now).max(Stamp(self.last.0.saturating_add(1)));
        self.last = next;
        next
    }

    /// Takes note of another device's stamp, unless it lies too far ahead of our own wall clock.
    /// Says whether it was believed.
    pub fn observe(&mut self, seen: Stamp, now: Moment) -> bool {
        let believed = seen <= Stamp::at(now.plus_ms(MAX_AHEAD_MS));
        if believed && seen > self.last {
            self.last = seen;
        }
        believed
    }

    pub fn last(&self) -> Stamp {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_rise_when_the_wall_clock_falls() {
        let mut clock = Clock::default();
        let noon = clock.tick(Moment(1_000_000));
        let an_hour_back = clock.tick(Moment(1_000_000 - 3_600_000));
        assert!(
            an_hour_back > noon,
            "the order of facts holds when the clock is set back"
        );
    }

    #[test]
    fn a_far_future_clock_of_another_does_not_drag_ours() {
        let mut clock = Clock::default();
        clock.tick(Moment(1_000));
        let year = Stamp::at(Moment(1_000 + 365 * 86_400_000));
        assert!(
            !clock.observe(year, Moment(2_000)),
            "a year ahead is not believed"
        );
        assert!(clock.tick(Moment(3_000)) < year, "our clock stays with our wall");
        assert!(
            clock.observe(Stamp::at(Moment(4_000)), Moment(3_500)),
            "half a second ahead is normal"
        );
        assert!(
            clock.tick(Moment(3_600)) > Stamp::at(Moment(4_000)),
            "and later facts come after it"
        );
    }
}
