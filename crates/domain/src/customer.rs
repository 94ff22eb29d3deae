//! Customers: what they may be, which tax number of theirs is good on a day, and who a merged one is now.
//!
//! Names, phones and addresses are text that the floors above seal; here stand only the rules about them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::text::TextError;

/// Nothing goes by this word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no such word")]
pub struct UnknownWord;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$note:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$note])* $variant),+ }

        impl $name {
            pub const ALL: &[$name] = &[$($name::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<$name, UnknownWord> {
                $name::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(UnknownWord)
            }
        }
    };
}

words! {
    /// How the shop thinks of a customer.
    Segment {
        Regular = "regular",
        Vip = "vip",
        /// Somebody to keep an eye on; nothing is refused.
        Watch = "watch",
        /// Gets nothing on account, whatever the limit says.
        Blocked = "blocked",
    }
}

words! {
    /// By which way a customer may be told news, if they agreed.
    Channel {
        Email = "email",
        Message = "message",
        Call = "call",
    }
}

/// The types that every shop knows; a shop may use words of its own beside them.
pub const TYPES: &[&str] = &["retail", "wholesale"];

/// The type as it is kept: lower case, one short word or two.
pub fn clean_type(text: &str) -> Result<String, TextError> {
    Ok(crate::text::clean_name(text, 30)?.to_lowercase())
}

/// A tax number and the days on which it is good, as year * 10000 + month * 100 + day, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxIdentity {
    pub number: String,
    pub from: Option<u32>,
    pub until: Option<u32>,
    /// It is of a special economic zone: what is sold there is sold between States.
    pub zone: bool,
}

impl TaxIdentity {
    pub fn covers(&self, day: u32) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TaxIdentityError {
    #[error("a tax number ends before it begins")]
    EndsBeforeItBegins,
    #[error("two tax numbers are good on the same day")]
    Overlap,
}

/// Whether on no day two of them are good.
pub fn check_identities(identities: &[TaxIdentity]) -> Result<(), TaxIdentityError> {
    let span = |one: &TaxIdentity| (one.from.unwrap_or(0), one.until.unwrap_or(u32::MAX));
    for (at, one) in identities.iter().enumerate() {
        let (from, until) = span(one);
        if from > until {
            return Err(TaxIdentityError::EndsBeforeItBegins);
        }
        for other in &identities[at + 1..] {
            let (other_from, other_until) = span(other);
            if from <= other_until && other_from <= until {
                return Err(TaxIdentityError::Overlap);
            }
        }
    }
    Ok(())
}

/// The one that is good on this day.
pub fn identity_on(identities: &[TaxIdentity], day: u32) -> Option<&TaxIdentity> {
    identities.iter().find(|one| one.covers(day))
}

/// Something like an address of electronic mail. Whether somebody reads it nobody here can know.
pub fn looks_like_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else {
        return false;
    };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>,;:\"()[]\\".contains(c);
    text.len() <= 254
        && !local.is_empty()
        && local.len() <= 64
        && !local.contains('@')
        && local.chars().all(plain)
        && host.split('.').count() >= 2
        && host.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c == '-' || c.is_alphanumeric())
        })
}

/// Who somebody is after all merges: the end of the chain. Two devices may merge two customers into each other; then
/// all of such a ring are the one with the smallest id, so that every device says the same.
pub fn survivor<Id: Copy + Ord>(id: Id, merged_into: impl Fn(Id) -> Option<Id>) -> Id {
    let mut path = vec![id];
    let mut current = id;
    while let Some(next) = merged_into(current) {
        if let Some(start) = path.iter().position(|seen| *seen == next) {
            return path[start..].iter().copied().min().unwrap_or(next);
        }
        path.push(next);
        current = next;
    }
    current
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(number: &str, from: Option<u32>, until: Option<u32>) -> TaxIdentity {
        TaxIdentity {
            zone: false,
            number: number.into(),
            from,
            until,
        }
    }

    #[test]
    fn one_company_has_two_numbers_by_calendar_year() {
        let both = [
            number("OLD", None, Some(20251231)),
            number("NEW", Some(20260101), None),
        ];
        assert_eq!(check_identities(&both), Ok(()));
        let on = |day| identity_on(&both, day).map(|one| one.number.as_str());
        assert_eq!((on(20251231), on(20260101)), (Some("OLD"), Some("NEW")));
        assert_eq!(identity_on(&both[1..], 20251231), None, "not good yet");
    }

    #[test]
    fn two_numbers_are_never_good_on_one_day() {
        let overlap = [
            number("A", None, Some(20260101)),
            number("B", Some(20260101), None),
        ];
        assert_eq!(check_identities(&overlap), Err(TaxIdentityError::Overlap));
        assert_eq!(
            check_identities(&[number("A", Some(20260102), Some(20260101))]),
            Err(TaxIdentityError::EndsBeforeItBegins)
        );
    }

    #[test]
    fn addresses_of_mail() {
        for good in ["a@b.in", "asha.rao+shop@example.co.in", "अ@उदाहरण.भारत"] {
            assert!(looks_like_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@b",
            "@b.in",
            "a@@b.in",
            "a b@c.in",
            "a@b..in",
            "a@-b.in",
            "a@b.in\nBcc: x",
        ] {
            assert!(!looks_like_email(bad), "{bad:?}");
        }
    }

    #[test]
    fn types_are_spelled_one_way() {
        assert_eq!(clean_type("  Hotel  & Café "), Ok("hotel & café".to_owned()));
        assert!(clean_type(" ").is_err());
    }

    proptest! {
        #[test]
        fn everybody_has_one_survivor_even_in_rings(edges in proptest::collection::btree_map(0u8..12, 0u8..12, 0..12)) {
            let into = |id: u8| edges.get(&id).copied().filter(|to| *to != id);
            for id in 0..12u8 {
                let root = survivor(id, into);
                prop_assert_eq!(survivor(root, into), root, "a survivor survives itself");
                if let Some(next) = into(id) {
                    prop_assert_eq!(survivor(next, into), root, "whoever is merged is who they were merged into");
                }
            }
        }
    }
}
