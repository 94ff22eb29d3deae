//! Backups: which of them are kept, and the letters on the card that opens them.

use crate::{text::digit_value, time::Moment};
use std::collections::BTreeSet;
use thiserror::Error;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A twelfth of a year.
const MONTH_MS: i64 = 365 * DAY_MS / 12;

/// Of how many of these spans one is kept: of 24 hours, of 14 days, of twelve months.
const SPANS: [(i64, i64); 3] = [(HOUR_MS, 24), (DAY_MS, 14), (MONTH_MS, 12)];

/// Without a backup for so long somebody is told.
pub const NAG_AFTER_MS: i64 = 3 * DAY_MS;
/// While something changes, a backup is made so often.
pub const EVERY_MS: i64 = HOUR_MS;

/// Which of these backups are let go of, by their places in the list. The newest of each span stays. Spans without a
/// backup are not counted, so that a clock that is set too late makes none superfluous; what claims to be of the future
/// says nothing about its age and stays too.
pub fn superfluous(now: Moment, made: &[Moment]) -> Vec<usize> {
    thinned(now, made, |_, _, most, taken| taken < most)
}

/// The same by a clock that is looked after: the newest stays, and of the last day, fortnight and year what the spans keep.
pub fn superfluous_by_age(now: Moment, made: &[Moment]) -> Vec<usize> {
    thinned(now, made, |age, span, most, _| age < span * most)
}

fn thinned(now: Moment, made: &[Moment], has_room: impl Fn(i64, i64, i64, i64) -> bool) -> Vec<usize> {
    let mut newest_first: Vec<usize> = (0..made.len()).collect();
    newest_first.sort_by_key(|at| std::cmp::Reverse(made[*at]));
    let mut taken = SPANS.map(|_| BTreeSet::new());
    let mut gone = Vec::new();
    for (rank, at) in newest_first.into_iter().enumerate() {
        let age = now.0.saturating_sub(made[at].0);
        if age < 0 {
            continue;
        }
        let mut stays = rank == 0;
        for (taken, (span, most)) in taken.iter_mut().zip(SPANS) {
            let count = i64::try_from(taken.len()).unwrap_or(i64::MAX);
            stays |= has_room(age, span, most, count) && taken.insert(made[at].0.div_euclid(span));
        }
        if !stays {
            gone.push(at);
        }
    }
    gone
}

/// No 0 beside O and no 1 beside I and L: whichever is typed is understood.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SECRET_LETTERS: usize = 26;
const ALL_LETTERS: usize = SECRET_LETTERS + 2;
/// A prime above every possible difference of a letter times its place, and below the two check letters' 1024.
const CHECK: u32 = 1021;

/// Why this is not what stands on a recovery card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CodeError {
    #[error("a recovery card has 28 letters and digits; these are {0}")]
    Length(usize),
    #[error("{0} stands on no recovery card")]
    Letter(char),
    #[error("a letter is wrong, or two are swapped")]
    Check,
}

/// The letters of a recovery card, in seven groups of four. One that vouches says so: books that it does not know are
/// not the shop's.
pub fn recovery_code(secret: &[u8; 16], vouches: bool) -> String {
    let bits = u128::from_be_bytes(*secret);
    let mut values: Vec<u32> = (0..SECRET_LETTERS)
        .map(|at| {
            // 130 places for 128 bits: the last letter carries three of them, one that stays free, and the mark.
            let shift = 5 * (SECRET_LETTERS - 1 - at);
            let value = if shift >= 2 {
                bits >> (shift - 2)
            } else {
                bits << 2 | u128::from(vouches)
            };
            u32::try_from(value & 31).unwrap_or(0)
        })
        .collect();
    let check = check_of(&values);
    values.extend([check >> 5, check & 31]);
    let letters: Vec<char> = values
        .iter()
        .map(|value| LETTERS[*value as usize] as char)
        .collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

/// Reads what stands on a card, however it was typed. A wrong letter or two swapped neighbours are always seen.
pub fn recovery_secret(typed: &str) -> Result<([u8; 16], bool), CodeError> {
    let mut values = Vec::with_capacity(ALL_LETTERS);
    for letter in typed.chars() {
        if letter.is_whitespace() || matches!(letter, '-' | '–' | '—' | '.' | '_') || letter.is_control()
        {
            continue;
        }
        values.push(value_of(letter).ok_or(CodeError::Letter(letter))?);
    }
    if values.len() != ALL_LETTERS {
        return Err(CodeError::Length(values.len()));
    }
    let (secret, check) = values.split_at(SECRET_LETTERS);
    if check[0] << 5 | check[1] != check_of(secret) {
        return Err(CodeError::Check);
    }
    let mut bits: u128 = 0;
    let mut vouches = false;
    for (at, value) in secret.iter().enumerate() {
        let value = u128::from(*value);
        match at {
            0..25 => bits = bits << 5 | value,
            _ if value & 2 != 0 => return Err(CodeError::Check),
            _ => {
                vouches = value & 1 != 0;
                bits = bits << 3 | value >> 2;
            }
        }
    }
    Ok((bits.to_be_bytes(), vouches))
}

fn value_of(letter: char) -> Option<u32> {
    if let Some(digit) = digit_value(letter) {
        return Some(u32::from(digit));
    }
    let letter = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    LETTERS
        .iter()
        .position(|known| char::from(*known) == letter)
        .and_then(|at| u32::try_from(at).ok())
}

fn check_of(values: &[u32]) -> u32 {
    (1..).zip(values).map(|(place, value)| place * value).sum::<u32>() % CHECK
}

/// What a file may be called after, on any system: the shop's name without what some of them forbid.
pub fn name_for_files(shop: &str) -> String {
    let clean: String = shop
        .chars()
        .map(|c| match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => ' ',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    let words: Vec<&str> = clean.split_whitespace().collect();
    // 60 bytes leave room for the time, whatever the script; a name that ends in dots is none on some systems.
    let mut name = words.join(" ");
    while name.len() > 60 {
        name.pop();
    }
    let name = name.trim_matches(['.', ' ']);
    if name.is_empty() { "Chandi" } else { name }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_795_243_800_000;

    fn left(now: i64, made: &[i64]) -> Vec<i64> {
        left_by(superfluous, now, made)
    }

    fn left_by(thin: fn(Moment, &[Moment]) -> Vec<usize>, now: i64, made: &[i64]) -> Vec<i64> {
        let moments: Vec<Moment> = made.iter().map(|ms| Moment(*ms)).collect();
        let gone = thin(Moment(now), &moments);
        (0..made.len())
            .filter(|at| !gone.contains(at))
            .map(|at| made[at])
            .collect()
    }

    #[test]
    fn a_year_of_hourly_backups_leaves_about_fifty() {
        for thin in [superfluous, superfluous_by_age] {
            let (mut made, mut now) = (Vec::new(), NOW - 400 * DAY_MS);
            while now <= NOW {
                made.push(now);
                made = left_by(thin, now, &made);
                now += HOUR_MS;
            }
            are_about_fifty(&made);
        }
    }

    fn are_about_fifty(made: &[i64]) {
        assert!((45..=55).contains(&made.len()), "{}", made.len());
        let youngest_above = |age: i64| made.iter().filter(|ms| NOW - **ms >= age).max();
        for hours in 0..24 {
            let found = youngest_above(hours * HOUR_MS).expect("one for each hour");
            assert!(NOW - found < (hours + 1) * HOUR_MS, "hour {hours}");
        }
        for days in 1..13 {
            let found = youngest_above(days * DAY_MS).expect("one for each day");
            assert!(NOW - found < (days + 2) * DAY_MS, "day {days}");
        }
        for months in 1..11 {
            let found = youngest_above(months * MONTH_MS).expect("one for each month");
            assert!(NOW - found < (months + 2) * MONTH_MS, "month {months}");
        }
    }

    #[test]
    fn the_only_one_stays_however_old() {
        assert_eq!(left(NOW, &[NOW - 900 * DAY_MS]), [NOW - 900 * DAY_MS]);
        let future = [NOW + DAY_MS, NOW - 900 * DAY_MS, NOW + 2 * DAY_MS];
        assert_eq!(left(NOW, &future), future, "a clock that was set back");
        let old = [NOW - 900 * DAY_MS, NOW - 980 * DAY_MS];
        assert_eq!(left(NOW, &old), old, "nothing came after them");
        assert_eq!(left_by(superfluous_by_age, NOW, &old), old[..1]);
    }

    #[test]
    fn a_clock_that_is_set_two_years_ahead_takes_nothing_of_the_last_days() {
        let hourly: Vec<i64> = (0..30 * 24).map(|n| NOW - n * HOUR_MS).collect();
        let made = left(NOW, &hourly);
        let ahead = NOW + 730 * DAY_MS;
        let mut and_ahead = made.clone();
        and_ahead.push(ahead);
        let kept = left(ahead, &and_ahead);
        assert!(kept.contains(&ahead));
        for days in 0..12 {
            let of_day = |ms: &&i64| (days..days + 2).contains(&((NOW - **ms) / DAY_MS));
            assert!(kept.iter().any(|ms| of_day(&ms)), "day {days}");
        }
    }

    #[test]
    fn a_card_is_read_however_it_is_typed() {
        let code = recovery_code(&[0xa5; 16], true);
        assert_eq!(code.len(), 34, "{code}");
        assert_eq!(recovery_secret(&code), Ok(([0xa5; 16], true)));
        assert_eq!(
            recovery_secret(&code.to_lowercase().replace('-', " ")),
            Ok(([0xa5; 16], true))
        );
        assert_eq!(recovery_secret("K7QX"), Err(CodeError::Length(4)));
        assert_eq!(recovery_secret("K7Q!"), Err(CodeError::Letter('!')));
        assert_eq!(value_of('o'), Some(0));
        assert_eq!(value_of('l'), Some(1));
        assert_eq!(value_of('٣'), Some(3), "digits of other scripts");
    }

    #[test]
    fn names_are_files_everywhere() {
        assert_eq!(name_for_files("  Asha's: Sweets / Tea? "), "Asha's Sweets Tea");
        assert_eq!(name_for_files("..."), "Chandi");
        assert_eq!(name_for_files("../../etc"), "etc");
        assert!(name_for_files(&"मिठाई".repeat(40)).len() <= 60);
    }

    proptest! {
        #[test]
        fn every_secret_comes_back_and_every_slip_is_seen(
            secret in any::<[u8; 16]>(), vouches: bool, at in 0usize..28, other in 0usize..32,
        ) {
            let code = recovery_code(&secret, vouches);
            prop_assert_eq!(recovery_secret(&code), Ok((secret, vouches)));
            let mut letters: Vec<char> = code.chars().filter(|c| *c != '-').collect();
            let right = letters[at];
            let wrong = char::from(LETTERS[other]);
            letters[at] = wrong;
            let typed: String = letters.iter().collect();
            prop_assert_eq!(recovery_secret(&typed).is_ok(), right == wrong);
            letters[at] = right;
            if at < 25 {
                letters.swap(at, at + 1);
                let typed: String = letters.iter().collect();
                prop_assert_eq!(recovery_secret(&typed).is_ok(), letters[at] == letters[at + 1]);
            }
        }

        #[test]
        fn thinning_twice_is_thinning_once(ages in prop::collection::vec(-2i64..10_000, 0..60)) {
            let made: Vec<i64> = ages.iter().map(|hours| NOW - hours * HOUR_MS / 3).collect();
            let once = left(NOW, &made);
            prop_assert_eq!(left(NOW, &once), once.clone());
            prop_assert_eq!(once.iter().max(), made.iter().max());
        }
    }
}
