//! Campaigns: one text to many customers who agreed to hear news.
//!
//! Who gets a letter and what it says is decided here; finding people and sending letters happens above.

use thiserror::Error;

/// What a text may leave open, filled in for each reader.
pub const PLACES: [&str; 2] = ["name", "shop"];

/// Why a text cannot go to people.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CampaignTextError {
    /// A slip of the pen would stand in everybody's letter.
    #[error("{{{0}}} is no place that can be filled in; {{name}} and {{shop}} are")]
    UnknownPlace(String),
    #[error("a brace is never closed")]
    OpenBrace,
}

/// Why somebody of the chosen group gets no letter. The first that holds is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeftOut {
    /// Said no to news this way.
    Declined,
    /// Nobody asked them.
    NotAsked,
    NoAddress,
    /// What stands there cannot be written to.
    BadAddress,
    /// Another customer of the group has this address, and one letter is enough.
    SameAddress,
}

impl LeftOut {
    pub const ALL: [LeftOut; 5] = [
        LeftOut::Declined,
        LeftOut::NotAsked,
        LeftOut::NoAddress,
        LeftOut::BadAddress,
        LeftOut::SameAddress,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            LeftOut::Declined => "declined",
            LeftOut::NotAsked => "not_asked",
            LeftOut::NoAddress => "no_address",
            LeftOut::BadAddress => "bad_address",
            LeftOut::SameAddress => "same_address",
        }
    }
}

/// Whether news may go to somebody at all. Only a plain yes is a yes.
pub fn consent(given: Option<bool>) -> Result<(), LeftOut> {
    match given {
        Some(true) => Ok(()),
        Some(false) => Err(LeftOut::Declined),
        None => Err(LeftOut::NotAsked),
    }
}

/// What became of one letter, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    Failed,
    /// A person gave it up.
    Discarded,
    /// They wanted no more news before it went.
    Withdrawn,
}

impl Outcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Sent => "sent",
            Outcome::Failed => "failed",
            Outcome::Discarded => "discarded",
            Outcome::Withdrawn => "withdrawn",
        }
    }
}

/// A piece of a text: as it stands, or a place.
enum Piece<'a> {
    Words(&'a str),
    Place(&'a str),
}

fn pieces(text: &str) -> impl Iterator<Item = Result<Piece<'_>, CampaignTextError>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let piece = match rest.strip_prefix('{') {
            None => {
                let (words, after) = rest.split_at(rest.find('{').unwrap_or(rest.len()));
                rest = after;
                Ok(Piece::Words(words))
            }
            Some(inner) => match inner.split_once('}') {
                None => {
                    rest = "";
                    Err(CampaignTextError::OpenBrace)
                }
                Some((place, after)) => {
                    rest = after;
                    Ok(Piece::Place(place.trim()))
                }
            },
        };
        Some(piece)
    })
}

/// Refuses a text with a place that nobody can fill.
pub fn check_text(text: &str) -> Result<(), CampaignTextError> {
    for piece in pieces(text) {
        match piece? {
            Piece::Place(place) if !PLACES.contains(&place) => {
                return Err(CampaignTextError::UnknownPlace(place.to_owned()));
            }
            Piece::Place(_) | Piece::Words(_) => {}
        }
    }
    Ok(())
}

/// The text for one reader. What is filled in is never read again, so a customer called `{shop}` stays that.
pub fn fill(text: &str, name: &str, shop: &str) -> Result<String, CampaignTextError> {
    let mut filled = String::with_capacity(text.len() + name.len());
    for piece in pieces(text) {
        filled.push_str(match piece? {
            Piece::Words(words) => words,
            Piece::Place("name") => name,
            Piece::Place("shop") => shop,
            Piece::Place(other) => return Err(CampaignTextError::UnknownPlace(other.to_owned())),
        });
    }
    Ok(filled)
}

/// The language that somebody is written to in: their own, else the shop's, else the first there is.
pub fn language<'a>(own: Option<&str>, shop: &str, written: &[&'a str]) -> Option<&'a str> {
    let there = |wanted: &str| written.iter().copied().find(|one| *one == wanted);
    own.and_then(there)
        .or_else(|| there(shop))
        .or_else(|| written.first().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_place_is_filled_once() {
        let filled = fill("Dear { name }, {shop} has mangoes.", "{shop}", "Mithai").expect("filled");
        assert_eq!(filled, "Dear {shop}, Mithai has mangoes.");
        assert_eq!(
            check_text("Dear {nmae}"),
            Err(CampaignTextError::UnknownPlace("nmae".to_owned()))
        );
        assert_eq!(check_text("{name} and {"), Err(CampaignTextError::OpenBrace));
        assert_eq!(
            fill("a } b", "x", "y").as_deref(),
            Ok("a } b"),
            "a lone end is a letter"
        );
    }

    #[test]
    fn only_a_plain_yes_is_a_yes() {
        assert_eq!(consent(Some(true)), Ok(()));
        assert_eq!(consent(Some(false)), Err(LeftOut::Declined));
        assert_eq!(consent(None), Err(LeftOut::NotAsked));
    }

    #[test]
    fn everybody_is_written_to_in_a_language_that_was_written() {
        assert_eq!(language(Some("ar"), "en", &["hi", "ar"]), Some("ar"));
        assert_eq!(language(Some("ar"), "hi", &["en", "hi"]), Some("hi"));
        assert_eq!(language(None, "hi", &["en"]), Some("en"));
        assert_eq!(language(None, "hi", &[]), None);
    }

    proptest! {
        #[test]
        fn what_is_checked_can_be_filled(text in ".{0,40}", name in ".{0,10}") {
            prop_assert_eq!(check_text(&text).is_ok(), fill(&text, &name, "S").is_ok());
        }

        #[test]
        fn words_without_braces_stay_as_they_are(text in "[^{]{0,40}") {
            prop_assert_eq!(fill(&text, "n", "s"), Ok(text));
        }
    }
}
