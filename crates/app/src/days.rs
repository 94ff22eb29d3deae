//! The branch's wall clock: zones, business days, fiscal years.

use domain::{numbers::FiscalYear, time::Moment};
use jiff::{
    Timestamp, ToSpan,
    civil::Date,
    tz::{AmbiguousOffset, TimeZone},
};

/// A moment as the branch's books see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BranchTime {
    /// year * 10000 + month * 100 + day
    pub business_day: u32,
    pub hour: u8,
    pub date: Date,
}

/// Reads the branch's clock. A zone that is not known falls back to UTC; a moment beyond time to its start.
pub fn branch_time(moment: Moment, zone: &str, day_starts_minutes: u32) -> BranchTime {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let at = Timestamp::from_millisecond(moment.0).unwrap_or(Timestamp::UNIX_EPOCH);
    let wall = at.to_zoned(zone.clone());
    // By instants, not by what the wall clock shows: in the night in which it goes back, no day begins twice.
    let begun = |date: Date| day_start(date, &zone, day_starts_minutes).is_some_and(|start| start <= at);
    let date = [wall.date().checked_add(1.day()).ok(), Some(wall.date())]
        .into_iter()
        .flatten()
        .find(|date| begun(*date))
        .or_else(|| wall.date().checked_sub(1.day()).ok())
        .unwrap_or(wall.date());
    BranchTime {
        business_day: number_of(date),
        hour: u8::try_from(wall.hour()).unwrap_or(0),
        date,
    }
}

/// When a business day begins: as soon as the branch's clock shows its hour on that date, and where the clock jumps over
/// that hour, when it jumps.
fn day_start(date: Date, zone: &TimeZone, minutes: u32) -> Option<Timestamp> {
    let hour = i8::try_from(minutes / 60).ok()?;
    let minute = i8::try_from(minutes % 60).ok()?;
    let wall = zone.to_ambiguous_zoned(date.at(hour, minute, 0, 0));
    let jumps = matches!(wall.offset(), AmbiguousOffset::Gap { .. });
    let first = wall.earlier().ok()?.timestamp();
    if jumps {
        return zone.following(first).next().map(|jump| jump.timestamp());
    }
    Some(first)
}

pub fn number_of(date: Date) -> u32 {
    let (year, month, day) = (
        i32::from(date.year()),
        i32::from(date.month()),
        i32::from(date.day()),
    );
    u32::try_from(year * 10_000 + month * 100 + day).unwrap_or(0)
}

pub fn date_of(number: u32) -> Option<Date> {
    let year = i16::try_from(number / 10_000).ok()?;
    let month = i8::try_from(number / 100 % 100).ok()?;
    let day = i8::try_from(number % 100).ok()?;
    Date::new(year, month, day).ok()
}

/// "2026-11-21"
pub fn text_of(number: u32) -> String {
    date_of(number).map(|d| d.to_string()).unwrap_or_default()
}

/// The end of the business day in which `moment` lies: the beginning of the next.
pub fn day_ends(moment: Moment, zone: &str, day_starts_minutes: u32) -> Moment {
    let day = branch_time(moment, zone, day_starts_minutes).date;
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let next = day.checked_add(1.day()).ok();
    let end = next.and_then(|next| day_start(next, &zone, day_starts_minutes));
    Moment(end.map_or(moment.0 + 86_400_000, Timestamp::as_millisecond))
}

pub fn fiscal_year(date: Date, start_month: u8) -> FiscalYear {
    FiscalYear::containing(
        i32::from(date.year()),
        u8::try_from(date.month()).unwrap_or(1),
        start_month,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        Moment(
            text.parse::<Timestamp>()
                .expect("a test's own time")
                .as_millisecond(),
        )
    }

    #[test]
    fn a_sale_after_midnight_belongs_to_the_evening_before() {
        // 01:30 in Kolkata, the day starts at 03:00.
        let t = branch_time(at("2026-11-20T20:00:00Z"), "Asia/Kolkata", 180);
        assert_eq!((t.business_day, t.hour), (20261120, 1));
        let t = branch_time(at("2026-11-20T21:30:00Z"), "Asia/Kolkata", 180);
        assert_eq!(t.business_day, 20261121, "03:00 is the new day");
    }

    #[test]
    fn the_day_ends_when_the_next_begins() {
        let end = day_ends(at("2026-11-20T20:00:00Z"), "Asia/Kolkata", 180);
        assert_eq!(end, at("2026-11-20T21:30:00Z"));
    }

    #[test]
    fn the_last_night_of_march_is_another_instant_in_every_zone() {
        for (zone, starts, last, first) in [
            (
                "Asia/Kolkata",
                0,
                "2027-03-31T18:29:59.999Z",
                "2027-03-31T18:30:00Z",
            ),
            (
                "Asia/Kolkata",
                180,
                "2027-03-31T21:29:59.999Z",
                "2027-03-31T21:30:00Z",
            ),
            (
                "Europe/Berlin",
                0,
                "2027-03-31T21:59:59.999Z",
                "2027-03-31T22:00:00Z",
            ),
            (
                "America/New_York",
                240,
                "2027-04-01T07:59:59.999Z",
                "2027-04-01T08:00:00Z",
            ),
        ] {
            let (last, first) = (
                branch_time(at(last), zone, starts),
                branch_time(at(first), zone, starts),
            );
            assert_eq!(
                (last.business_day, first.business_day),
                (20270331, 20270401),
                "{zone} {starts}"
            );
            let years = [last, first].map(|t| fiscal_year(t.date, 4).start_year);
            assert_eq!(
                years,
                [2026, 2027],
                "{zone}: the books of one year end where those of the next begin"
            );
        }
    }

    #[test]
    fn a_day_begins_once_in_the_nights_in_which_clocks_change() {
        // Berlin, 28 March 2027: two o'clock is three. 31 October 2027: three o'clock is two once more.
        for (night, starts, begins, hours) in [
            ("2027-03-28", 180, "2027-03-28T01:00:00Z", 23),
            // The hour in which it would begin does not exist: it begins when the clock jumps over it.
            ("2027-03-28", 150, "2027-03-28T01:00:00Z", 23),
            ("2027-03-28", 60, "2027-03-28T00:00:00Z", 24),
            ("2027-10-31", 180, "2027-10-31T02:00:00Z", 25),
            // The hour in which it begins comes twice: it begins the first time, and stays begun.
            ("2027-10-31", 150, "2027-10-31T00:30:00Z", 24),
        ] {
            let day: Date = night.parse().expect("a date");
            let start = at(begins);
            let of = |moment: Moment| branch_time(moment, "Europe/Berlin", starts).business_day;
            let before = number_of(day.checked_sub(1.day()).expect("a day before"));
            assert_eq!(of(start), number_of(day), "{night} {starts}");
            assert_eq!(of(Moment(start.0 - 1)), before, "{night} {starts}");
            let yesterday = Moment(start.0 - 3_600_000);
            assert_eq!(
                day_ends(yesterday, "Europe/Berlin", starts),
                start,
                "{night} {starts}: one ends where the next begins"
            );
            // Minute by minute through the night, the day never goes back.
            let days: Vec<u32> = (-300..300).map(|n| of(Moment(start.0 + n * 60_000))).collect();
            assert!(days.is_sorted(), "{night} {starts}");
            // And the day before was as long as its clock made it.
            let began = day_ends(Moment(start.0 - 30 * 3_600_000), "Europe/Berlin", starts);
            assert_eq!((start.0 - began.0) / 3_600_000, hours, "{night} {starts}");
        }
    }

    #[test]
    fn every_minute_belongs_to_the_day_that_ends_after_it() {
        for zone in [
            "Asia/Kolkata",
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Asia/Dubai",
        ] {
            for starts in [0, 90, 150, 180, 1_380] {
                let mut before = 0;
                for n in 0..4_000i64 {
                    // Two days around each change of clocks in 2027, and some days of summer.
                    let moment = Moment(at("2027-03-12T00:00:00Z").0 + n * 97 * 60_000);
                    let day = branch_time(moment, zone, starts).business_day;
                    let ends = day_ends(moment, zone, starts);
                    assert!(ends > moment && day >= before, "{zone} {starts} {n}");
                    assert!(
                        branch_time(ends, zone, starts).business_day > day,
                        "{zone} {starts} {n}"
                    );
                    assert_eq!(
                        branch_time(Moment(ends.0 - 1), zone, starts).business_day,
                        day,
                        "{zone} {starts} {n}"
                    );
                    before = day;
                }
            }
        }
    }

    #[test]
    fn fiscal_years_start_where_the_law_says() {
        assert_eq!(fiscal_year(Date::constant(2026, 3, 31), 4).start_year, 2025);
        assert_eq!(fiscal_year(Date::constant(2026, 4, 1), 4).start_year, 2026);
        assert_eq!(fiscal_year(Date::constant(2026, 1, 1), 1).start_year, 2026);
    }
}
