//! Phone numbers: one spelling for each, so that the same guest is found again however the number is typed.
//!
//! Whether a number is in use nobody here can know, and a wrong one harms nobody: it finds no order.

use std::fmt;

use thiserror::Error;

use crate::text::digit_value;

/// What stands in the text is no phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a phone number")]
pub struct PhoneError;

/// A number with its country in front: `+919876543210`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(String);

impl Phone {
    /// Reads a number as people type it. Without a country in front it is one of `country`'s own (ISO 3166).
    pub fn parse(text: &str, country: &str) -> Result<Phone, PhoneError> {
        let digits = digits_of(text).ok_or(PhoneError)?;
        let international = text.trim_start().starts_with('+');
        let (code, trunk) = calling(country);
        let number = if international {
            digits
        } else if let Some(rest) = digits.strip_prefix("00") {
            rest.to_owned()
        } else {
            format!("{code}{}", digits.strip_prefix(trunk).unwrap_or(&digits))
        };
        // ITU-T E.164: at most fifteen digits; no subscriber's number with its country is shorter than seven.
        if (7..=15).contains(&number.len()) && !number.starts_with('0') {
            Ok(Phone(format!("+{number}")))
        } else {
            Err(PhoneError)
        }
    }

    /// One that was kept.
    pub fn from_kept(text: &str) -> Result<Phone, PhoneError> {
        if text.starts_with('+') {
            Phone::parse(text, "")
        } else {
            Err(PhoneError)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As others may see it: two digits, and the last four.
    pub fn masked(&self, country: &str) -> String {
        let (code, _) = calling(country);
        let digits = &self.0[1..];
        let own = digits
            .strip_prefix(code)
            .filter(|own| own.len() >= 6)
            .unwrap_or(digits);
        let hidden = own.len().saturating_sub(6);
        format!("{}{}{}", &own[..2], "•".repeat(hidden), &own[own.len() - 4..])
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The digits, in whichever script; `None` when something else stands there that no number has.
fn digits_of(text: &str) -> Option<String> {
    let mut digits = String::new();
    for (at, character) in text.trim().chars().enumerate() {
        match digit_value(character) {
            Some(value) => digits.push(char::from(b'0' + value)),
            None if character == '+' && at == 0 => {}
            None if matches!(character, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}') => {}
            None => return None,
        }
    }
    (!digits.is_empty()).then_some(digits)
}

/// A country's calling code, and what its people dial in front of a number at home.
fn calling(country: &str) -> (&'static str, &'static str) {
    match country {
        "IN" => ("91", "0"),
        "AE" => ("971", "0"),
        "US" => ("1", "1"),
        "BH" => ("973", ""),
        "KW" => ("965", ""),
        "CH" => ("41", "0"),
        "DE" => ("49", "0"),
        "GB" => ("44", "0"),
        "JP" => ("81", "0"),
        "SA" => ("966", "0"),
        "TR" => ("90", "0"),
        "UZ" => ("998", "8"),
        _ => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_number_has_one_spelling() {
        for text in [
            "9876543210",
            "+91 98765 43210",
            "0091-9876543210",
            "09876543210",
            "९८७६५४३२१०",
        ] {
            assert_eq!(
                Phone::parse(text, "IN").map(|p| p.to_string()),
                Ok("+919876543210".to_owned()),
                "{text}"
            );
        }
        assert_eq!(
            Phone::parse("(415) 555-0132", "US").expect("one").as_str(),
            "+14155550132"
        );
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "+",
            "12",
            "call me",
            "98765x43210",
            "+0123456789",
            "123456789012345678",
        ] {
            assert_eq!(Phone::parse(text, "IN"), Err(PhoneError), "{text}");
        }
    }

    #[test]
    fn others_see_six_digits() {
        let phone = Phone::parse("9876543210", "IN").expect("one");
        assert_eq!(phone.masked("IN"), "98••••3210");
        assert_eq!(phone.masked("GB"), "91••••••3210", "a guest from abroad");
        assert_eq!(Phone::from_kept(phone.as_str()), Ok(phone));
    }

    proptest! {
        #[test]
        fn nothing_typed_does_harm(text in "\\PC{0,24}", country in "[A-Z]{0,2}|IN|US") {
            if let Ok(phone) = Phone::parse(&text, &country) {
                let kept = Phone::from_kept(phone.as_str());
                prop_assert_eq!(kept.as_ref(), Ok(&phone));
                prop_assert!(phone.masked(&country).chars().filter(char::is_ascii_digit).count() <= 6);
            }
        }
    }
}
