//! The branch's wall clock: zones, business days, fiscal years.

use domain::{numbers::FiscalYear, time::Moment};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

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
    let at = Timestamp::from_millisecond(moment.0)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(zone);
    let minutes = u32::try_from(i32::from(at.hour()) * 60 + i32::from(at.minute())).unwrap_or(0);
    let date = if minutes < day_starts_minutes {
        at.date().checked_sub(1.day()).unwrap_or(at.date())
    } else {
        at.date()
    };
    BranchTime {
        business_day: number_of(date),
        hour: u8::try_from(at.hour()).unwrap_or(0),
        date,
    }
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

/// The end of the business day in which `moment` lies.
pub fn day_ends(moment: Moment, zone: &str, day_starts_minutes: u32) -> Moment {
    let day = branch_time(moment, zone, day_starts_minutes).date;
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let midnight = day
        .checked_add(1.day())
        .ok()
        .and_then(|next| next.to_zoned(zone).ok());
    let end = midnight.map_or(moment.0 + 86_400_000, |m| m.timestamp().as_millisecond());
    Moment(end + i64::from(day_starts_minutes) * 60_000)
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
    fn fiscal_years_start_where_the_law_says() {
        assert_eq!(fiscal_year(Date::constant(2026, 3, 31), 4).start_year, 2025);
        assert_eq!(fiscal_year(Date::constant(2026, 4, 1), 4).start_year, 2026);
        assert_eq!(fiscal_year(Date::constant(2026, 1, 1), 1).start_year, 2026);
    }
}
