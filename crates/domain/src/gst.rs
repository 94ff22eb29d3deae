//! India's goods and services tax: numbers of taxpayers, States, years, and what a document's number may look like.
//!
//! Rates and thresholds are data and stand elsewhere; here is only what the law writes as a pattern.

use thiserror::Error;

use crate::numbers::FiscalYear;
use crate::time::Moment;

/// A State or Union Territory: its code in a GSTIN, and its name.
pub struct State {
    pub code: &'static str,
    pub name: &'static str,
}

const fn state(code: &'static str, name: &'static str) -> State {
    State { code, name }
}

/// By code. 25 became a part of 26 in 2020, 28 was Andhra Pradesh before its division; both stand on old documents.
pub const STATES: &[State] = &[
    state("01", "Jammu and Kashmir"),
    state("02", "Himachal Pradesh"),
    state("03", "Punjab"),
    state("04", "Chandigarh"),
    state("05", "Uttarakhand"),
    state("06", "Haryana"),
    state("07", "Delhi"),
    state("08", "Rajasthan"),
    state("09", "Uttar Pradesh"),
    state("10", "Bihar"),
    state("11", "Sikkim"),
    state("12", "Arunachal Pradesh"),
    state("13", "Nagaland"),
    state("14", "Manipur"),
    state("15", "Mizoram"),
    state("16", "Tripura"),
    state("17", "Meghalaya"),
    state("18", "Assam"),
    state("19", "West Bengal"),
    state("20", "Jharkhand"),
    state("21", "Odisha"),
    state("22", "Chhattisgarh"),
    state("23", "Madhya Pradesh"),
    state("24", "Gujarat"),
    state("25", "Daman and Diu"),
    state("26", "Dadra and Nagar Haveli and Daman and Diu"),
    state("27", "Maharashtra"),
    state("28", "Andhra Pradesh (before 2014)"),
    state("29", "Karnataka"),
    state("30", "Goa"),
    state("31", "Lakshadweep"),
    state("32", "Kerala"),
    state("33", "Tamil Nadu"),
    state("34", "Puducherry"),
    state("35", "Andaman and Nicobar Islands"),
    state("36", "Telangana"),
    state("37", "Andhra Pradesh"),
    state("38", "Ladakh"),
    state("97", "Other Territory"),
];

/// Not a State: where a supply that leaves the country goes.
pub const ABROAD: &str = "96";

/// What the codes of [`STATES`] are, by code.
pub fn state_name(code: &str) -> Option<&'static str> {
    STATES.iter().find(|state| state.code == code).map(|s| s.name)
}

/// The code for a name as people write it, or for the code itself.
pub fn state_code(text: &str) -> Option<&'static str> {
    let letters = |text: &str| -> String {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect::<String>()
            .replace("and", "")
    };
    let wanted = letters(text);
    STATES
        .iter()
        .filter(|state| state.code != "28")
        .find(|state| state.code == text.trim() || letters(state.name) == wanted)
        .map(|state| state.code)
}

/// A Union Territory without a legislature of its own: UTGST stands in the place of SGST.
pub fn has_utgst(code: &str) -> bool {
    matches!(code, "04" | "25" | "26" | "31" | "35" | "38" | "97")
}

/// Why a text is no GSTIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum GstinError {
    #[error("a GSTIN has 15 characters")]
    Length,
    #[error("a GSTIN is two digits, a PAN, a digit or letter, Z, and a check character")]
    Pattern,
    #[error("no State has the code at its beginning")]
    State,
    #[error("the last character should be {expected}")]
    Check { expected: char },
}

/// A GSTIN whose check character is right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gstin(String);

impl Gstin {
    /// Reads what a person typed: blanks and small letters are forgiven, a wrong check character is not.
    pub fn parse(text: &str) -> Result<Gstin, GstinError> {
        let number: String = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .take(64)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let bytes = number.as_bytes();
        if bytes.len() != 15 || !number.is_ascii() {
            return Err(GstinError::Length);
        }
        let fits = bytes.iter().enumerate().all(|(at, byte)| match at {
            0 | 1 | 7..=10 => byte.is_ascii_digit(),
            2..=6 | 11 => byte.is_ascii_uppercase(),
            12 => byte.is_ascii_uppercase() || (b'1'..=b'9').contains(byte),
            13 => *byte == b'Z',
            _ => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        });
        if !fits {
            return Err(GstinError::Pattern);
        }
        if state_name(&number[..2]).is_none() {
            return Err(GstinError::State);
        }
        let expected = check_character(&number[..14]);
        if !number.ends_with(expected) {
            return Err(GstinError::Check { expected });
        }
        Ok(Gstin(number))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The code of the State that registered it.
    pub fn state(&self) -> &str {
        &self.0[..2]
    }

    /// The permanent account number inside it.
    pub fn pan(&self) -> &str {
        &self.0[2..12]
    }
}

/// Whether a text was meant to be a GSTIN: fifteen letters and digits that begin with two digits.
pub fn looks_like_gstin(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 15
        && bytes[..2].iter().all(u8::is_ascii_digit)
        && bytes.iter().all(u8::is_ascii_alphanumeric)
}

/// The check character of the first 14, which are digits and capital letters.
fn check_character(first: &str) -> char {
    let sum: u32 = first
        .chars()
        .zip([1, 2].into_iter().cycle())
        .map(|(c, factor)| {
            let product = c.to_digit(36).unwrap_or(0) * factor;
            product / 36 + product % 36
        })
        .sum();
    char::from_digit((36 - sum % 36) % 36, 36)
        .unwrap_or('0')
        .to_ascii_uppercase()
}

/// The year of account from 1 April, in India's one zone.
pub fn financial_year(moment: Moment) -> FiscalYear {
    const EAST_OF_GREENWICH_MS: i64 = (5 * 60 + 30) * 60_000;
    let days = moment
        .0
        .saturating_add(EAST_OF_GREENWICH_MS)
        .div_euclid(86_400_000);
    let (year, month) = civil(days);
    FiscalYear::containing(year, month, 4)
}

/// The year and month of a day counted from 1970-01-01, in years that begin in March so that leap days come last.
fn civil(days: i64) -> (i32, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (
        i32::try_from(year).unwrap_or(i32::MAX),
        u8::try_from(month).unwrap_or(1),
    )
}

/// Whether rule 46 allows this as the number of a document.
pub fn is_document_number(number: &str) -> bool {
    (1..=16).contains(&number.len())
        && number
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'/' || b == b'-')
}

/// Whether the portal for electronic invoices takes it too: it refuses a zero, slash or dash in front.
pub fn is_einvoice_number(number: &str) -> bool {
    is_document_number(number) && !number.starts_with(['0', '/', '-'])
}

/// What the shop turned over in the year before, as far as HSN codes ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Turnover {
    /// At most five crore rupees.
    #[default]
    UpToFiveCrore,
    AboveFiveCrore,
}

impl Turnover {
    /// How many digits of the HSN code a document needs (N/N 78/2020): none where they may be left out.
    pub const fn hsn_digits(self, to_business: bool) -> Option<usize> {
        match (self, to_business) {
            (Turnover::UpToFiveCrore, false) => None,
            (Turnover::UpToFiveCrore, true) => Some(4),
            (Turnover::AboveFiveCrore, _) => Some(6),
        }
    }
}

/// Whether a text can be an HSN or SAC code: 2, 4, 6 or 8 digits, as the portal lists them.
pub fn is_hsn(code: &str) -> bool {
    matches!(code.len(), 2 | 4 | 6 | 8) && code.bytes().all(|b| b.is_ascii_digit())
}

/// The unit quantity code of GSTR-1 for a unit of ours; goods of a unit with no code of its own are "OTH-OTHERS".
pub fn unit_quantity_code(unit: &str) -> &'static str {
    match unit {
        "piece" => "PCS-PIECES",
        "plate" | "cup" | "glass" | "bowl" => "NOS-NUMBERS",
        "box" => "BOX-BOX",
        "pack" => "PAC-PACKS",
        "bottle" => "BTL-BOTTLES",
        "kg" => "KGS-KILOGRAMS",
        "g" => "GMS-GRAMMES",
        "l" => "LTR-LITRES",
        "ml" => "MLT-MILILITRE",
        "m" => "MTR-METERS",
        _ => "OTH-OTHERS",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_wrong_character_is_told_the_right_one() {
        assert_eq!(
            Gstin::parse(" 27aapfu0939f1zv ").map(|g| g.as_str().to_owned()),
            Ok("27AAPFU0939F1ZV".to_owned()),
            "blanks and small letters are forgiven"
        );
        let gstin = Gstin::parse("29AAGCB7383J1Z4").expect("a published example");
        assert_eq!((gstin.state(), gstin.pan()), ("29", "AAGCB7383J"));
        assert_eq!(
            Gstin::parse("27AAPFU0939F1ZW"),
            Err(GstinError::Check { expected: 'V' })
        );
        assert_eq!(Gstin::parse("27AAPFU0939F1Z"), Err(GstinError::Length));
        assert_eq!(Gstin::parse(""), Err(GstinError::Length));
        assert_eq!(Gstin::parse("99AAPFU0939F1ZV"), Err(GstinError::State));
        assert_eq!(Gstin::parse("27AAPFU0939F0ZV"), Err(GstinError::Pattern));
        assert_eq!(Gstin::parse("27AAPFU0939F1YV"), Err(GstinError::Pattern));
        assert_eq!(Gstin::parse("२7AAPFU0939F1ZV"), Err(GstinError::Length));
    }

    #[test]
    fn states_are_found_by_code_and_by_name() {
        assert_eq!(state_name("27"), Some("Maharashtra"));
        assert_eq!(state_code("maharashtra"), Some("27"));
        assert_eq!(state_code("Jammu & Kashmir"), Some("01"));
        assert_eq!(state_code("Andhra Pradesh"), Some("37"), "the one there is today");
        assert_eq!(state_code("29"), Some("29"));
        assert_eq!(state_code("Atlantis"), None);
        assert!(has_utgst("04") && !has_utgst("07") && !has_utgst("34") && !has_utgst("01"));
    }

    #[test]
    fn hsn_codes_grow_with_the_turnover() {
        assert_eq!(Turnover::UpToFiveCrore.hsn_digits(false), None);
        assert_eq!(Turnover::UpToFiveCrore.hsn_digits(true), Some(4));
        assert_eq!(Turnover::AboveFiveCrore.hsn_digits(false), Some(6));
        assert!(is_hsn("2106") && is_hsn("996331") && !is_hsn("21061") && !is_hsn("21o6") && !is_hsn(""));
    }

    proptest! {
        #[test]
        fn any_slip_in_one_character_is_seen(at in 0usize..14, with in 0u32..36) {
            let right = "27AAPFU0939F1ZV";
            let with = char::from_digit(with, 36).expect("base 36").to_ascii_uppercase();
            let mut typed: Vec<char> = right.chars().collect();
            prop_assume!(typed[at] != with);
            typed[at] = with;
            prop_assert!(Gstin::parse(&typed.iter().collect::<String>()).is_err());
        }

        #[test]
        fn parse_survives_anything(text in "\\PC{0,30}") {
            if let Ok(gstin) = Gstin::parse(&text) {
                prop_assert_eq!(gstin.as_str().len(), 15);
            }
        }
    }
}
