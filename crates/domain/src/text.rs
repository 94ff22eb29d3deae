//! Text that people typed, made safe to keep and to show.
//!
//! A name may be in any script. What it may not do is hide: no control characters, no invisible letters, nothing
//! that turns the text around it. Joiners stay, because Indic scripts and emoji are written with them.

use thiserror::Error;

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TextError {
    #[error("there is nothing to read in it")]
    Empty,
    #[error("longer than {max} characters")]
    TooLong { max: usize },
}

/// The name as it is kept: trimmed, white space folded to single blanks, invisible and direction-changing
/// characters dropped. Refuses what is then empty or longer than `max_chars` characters.
pub fn clean_name(text: &str, max_chars: usize) -> Result<String, TextError> {
    let mut name = String::new();
    let (mut count, mut blank, mut visible) = (0usize, false, false);
    for character in text.chars() {
        if character.is_whitespace() {
            blank = true;
            continue;
        }
        if is_hidden(character) {
            continue;
        }
        if blank && count > 0 {
            name.push(' ');
            count += 1;
        }
        blank = false;
        name.push(character);
        count += 1;
        visible |= !is_joiner(character);
        if count > max_chars {
            return Err(TextError::TooLong { max: max_chars });
        }
    }
    if visible { Ok(name) } else { Err(TextError::Empty) }
}

/// Shapes its neighbours and has no picture of its own.
fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// The value of a decimal digit in the scripts our tills speak.
pub fn digit_value(character: char) -> Option<u8> {
    const ZEROS: [char; 5] = ['0', '\u{660}', '\u{6f0}', '\u{966}', '\u{ff10}'];
    let code = u32::from(character);
    ZEROS.into_iter().find_map(|zero| {
        let value = code.checked_sub(u32::from(zero))?;
        u8::try_from(value).ok().filter(|value| *value < 10)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keeps_names_in_every_script() {
        for name in [
            "Chai",
            "समोसा",
            "क्‍ष",
            "شاي بالنعناع",
            "می‌خواهم",
            "👩‍🍳 Special",
            "☕\u{fe0f}",
            "Crème brûlée",
        ] {
            assert_eq!(clean_name(name, 40).as_deref(), Ok(name));
        }
    }

    #[test]
    fn drops_what_hides() {
        for (text, name) in [
            ("  Masala \n\t Dosa ", "Masala Dosa"),
            ("Cha\u{200b}i\u{feff}", "Chai"),
            ("\u{202e}iahC\u{202c}", "iahC"),
            ("\u{2066}Chai\u{2069}", "Chai"),
            ("Chai\u{0}\u{1b}[31m", "Chai[31m"),
            ("Chai\u{2028}Latte", "Chai Latte"),
            ("Chai\u{e0041}\u{e007f}", "Chai"),
        ] {
            assert_eq!(clean_name(text, 40).as_deref(), Ok(name), "{text:?}");
        }
    }

    #[test]
    fn refuses_nothing_and_too_much() {
        for empty in [
            "",
            "   ",
            "\u{200b}",
            "\u{200d}\u{200c}",
            "\u{202e}\u{0}",
            "\u{3164}",
        ] {
            assert_eq!(clean_name(empty, 40), Err(TextError::Empty), "{empty:?}");
        }
        assert_eq!(
            clean_name("समोसा", 5).as_deref(),
            Ok("समोसा"),
            "characters count, not bytes"
        );
        assert_eq!(clean_name("abcdef", 5), Err(TextError::TooLong { max: 5 }));
        assert_eq!(
            clean_name(&"a".repeat(1_000_000), 5),
            Err(TextError::TooLong { max: 5 })
        );
    }

    #[test]
    fn digits_of_every_till() {
        for digits in [
            "0123456789",
            "٠١٢٣٤٥٦٧٨٩",
            "۰۱۲۳۴۵۶۷۸۹",
            "०१२३४५६७८९",
            "０１２３４５６７８９",
        ] {
            let values: Vec<_> = digits.chars().filter_map(digit_value).collect();
            assert_eq!(values, (0..10).collect::<Vec<u8>>());
        }
        assert_eq!(digit_value('½'), None);
        assert_eq!(digit_value('O'), None);
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(text: String, max in 0usize..60) {
            if let Ok(name) = clean_name(&text, max) {
                prop_assert!(name.chars().count() <= max);
                prop_assert_eq!(clean_name(&name, max), Ok(name.clone()));
            }
        }
    }
}
