//! Search across scripts: what a name sounds like, roughly, in small Latin letters.
//!
//! Tables, not linguistics. The name and what was typed go through the same function, so it need not be right,
//! only the same on both sides.

use crate::text::digit_value;

/// Small letters without accents, Arabic vowel marks or variants of one letter; digits as 0–9; single blanks.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else if let Some(digit) = digit_value(character) {
            out.push(char::from(b'0' + digit));
        } else if !is_mark(character) {
            // The Turkish İ becomes an i and a dot above it.
            for lower in character.to_lowercase().filter(|lower| !is_mark(*lower)) {
                fold_letter(lower, &mut out);
            }
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Marks that people leave out when they type, and characters nobody sees.
fn is_mark(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36f}'
        // Arabic: vowels, tatweel, small alef, Qur'anic signs.
        | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6ed}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn fold_letter(letter: char, out: &mut String) {
    let plain = match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ạ'..='ặ' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' | 'ḍ' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ẹ'..='ệ' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' | 'ǧ' => "g",
        'ĥ' | 'ħ' | 'ḥ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ỉ' | 'ị' => "i",
        'ĵ' => "j",
        'ķ' | 'ḳ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'ṁ' | 'ṃ' => "m",
        'ñ' | 'ń' | 'ņ' | 'ň' | 'ṅ' | 'ṇ' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ơ' | 'ọ'..='ợ' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' | 'ṛ' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' | 'ṣ' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ț' | 'ṭ' | 'þ' => "t",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ư' | 'ụ'..='ự' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' | 'ỳ'..='ỹ' => "y",
        'ź' | 'ż' | 'ž' | 'ẓ' => "z",
        // Arabic, Persian and Urdu spellings of one letter.
        'آ' | 'أ' | 'إ' | 'ٱ' => "ا",
        'ى' | 'ی' => "ي",
        'ک' => "ك",
        'ہ' | 'ھ' | 'ۃ' | 'ة' => "ه",
        // Devanagari letters that have their dot built in.
        '\u{958}' => "क\u{93c}",
        '\u{959}' => "ख\u{93c}",
        '\u{95a}' => "ग\u{93c}",
        '\u{95b}' => "ज\u{93c}",
        '\u{95c}' => "ड\u{93c}",
        '\u{95d}' => "ढ\u{93c}",
        '\u{95e}' => "फ\u{93c}",
        '\u{95f}' => "य\u{93c}",
        _ => return out.push(letter),
    };
    out.push_str(plain);
}

/// What the text sounds like in Latin letters, so that "dosa" finds डोसा. Apply it to both sides.
pub fn romanize(text: &str) -> String {
    let folded = fold(text);
    let mut out = String::with_capacity(folded.len());
    for (index, word) in folded.split(' ').enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(&simplify(&sound(word)));
    }
    out
}

/// One sound of a word; `Inherent` is the short a that Devanagari does not write and speech often drops.
#[derive(Clone, Copy, PartialEq)]
enum Sound {
    Consonant(&'static str),
    Vowel(&'static str),
    Inherent,
    /// Arabic waw and ya: vowels between consonants, else consonants.
    Weak {
        consonant: &'static str,
        vowel: &'static str,
    },
    Other(char),
}

fn sound(word: &str) -> String {
    let mut sounds: Vec<Sound> = Vec::new();
    for (at, letter) in word.char_indices() {
        if letter == 'ه' && at > 0 && at + letter.len_utf8() == word.len() {
            // At the end of an Arabic word it is nearly always the ending -a, with or without its two dots.
            sounds.push(Sound::Vowel("a"));
        } else if let Some(consonant) = devanagari_consonant(letter) {
            sounds.extend([Sound::Consonant(consonant), Sound::Inherent]);
        } else if let Some(vowel) = devanagari_sign(letter) {
            if sounds.last() == Some(&Sound::Inherent) {
                sounds.pop();
            }
            if !vowel.is_empty() {
                sounds.push(Sound::Vowel(vowel));
            }
        } else if letter == '\u{93c}' {
            add_dot(&mut sounds);
        } else if let Some(sound) = other_sound(letter) {
            sounds.push(sound);
        } else if !matches!(letter, 'ء' | 'ः' | 'ऽ' | '।' | '॥') {
            sounds.push(Sound::Other(letter));
        }
    }
    let spoken = spoken(&sounds);
    let mut out = String::new();
    for (at, sound) in sounds.iter().enumerate() {
        match *sound {
            Sound::Consonant(text) | Sound::Vowel(text) => out.push_str(text),
            Sound::Inherent if spoken[at] => out.push('a'),
            Sound::Inherent => {}
            Sound::Weak { consonant, vowel } => {
                let is_vowel = |near: Option<&Sound>| matches!(near, Some(Sound::Vowel(_)));
                let leads = at == 0 || is_vowel(sounds.get(at + 1)) || is_vowel(sounds.get(at - 1));
                out.push_str(if leads { consonant } else { vowel });
            }
            Sound::Other(letter) => out.push(letter),
        }
    }
    out
}

/// Which sounds are heard. From the end of the word: an inherent a is silent behind the last consonant, and
/// wherever a vowel and a consonant stand before it and a consonant and a heard vowel behind it.
fn spoken(sounds: &[Sound]) -> Vec<bool> {
    let mut spoken = vec![true; sounds.len()];
    let is_consonant = |near: Option<&Sound>| matches!(near, Some(Sound::Consonant(_)));
    let is_vowel = |near: Option<&Sound>| matches!(near, Some(Sound::Vowel(_) | Sound::Inherent));
    for at in (0..sounds.len())
        .rev()
        .filter(|at| sounds[*at] == Sound::Inherent)
    {
        let vowel_before = at >= 2 && is_vowel(sounds.get(at - 2));
        let vowel_behind = is_consonant(sounds.get(at + 1)) && is_vowel(sounds.get(at + 2)) && spoken[at + 2];
        let ends_word = at + 1 == sounds.len() && at >= 2;
        spoken[at] = !(ends_word || (vowel_before && vowel_behind));
    }
    spoken
}

/// The dot under a Devanagari letter makes the sounds that came with other languages.
fn add_dot(sounds: &mut [Sound]) {
    let consonant = match sounds {
        [.., consonant, Sound::Inherent] => consonant,
        [.., consonant] => consonant,
        [] => return,
    };
    *consonant = match *consonant {
        Sound::Consonant("j") => Sound::Consonant("z"),
        Sound::Consonant("ph") => Sound::Consonant("f"),
        other => other,
    };
}

fn devanagari_consonant(letter: char) -> Option<&'static str> {
    Some(match letter {
        'क' => "k",
        'ख' => "kh",
        'ग' => "g",
        'घ' => "gh",
        'ङ' | 'ञ' | 'ण' | 'न' | 'ऩ' => "n",
        'च' => "ch",
        'छ' => "chh",
        'ज' => "j",
        'झ' => "jh",
        'ट' | 'त' => "t",
        'ठ' | 'थ' => "th",
        'ड' | 'द' => "d",
        'ढ' | 'ध' => "dh",
        'प' => "p",
        'फ' => "ph",
        'ब' => "b",
        'भ' => "bh",
        'म' => "m",
        'य' => "y",
        'र' | 'ऱ' => "r",
        'ल' | 'ळ' => "l",
        'व' => "v",
        'श' | 'ष' => "sh",
        'स' => "s",
        'ह' => "h",
        _ => return None,
    })
}

/// Vowel signs and the virama, which take the place of the inherent a.
fn devanagari_sign(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ा' => "a",
        'ि' | 'ी' => "i",
        'ु' | 'ू' => "u",
        'ृ' => "ri",
        'े' | 'ॅ' | 'ॆ' => "e",
        'ै' => "ai",
        'ो' | 'ॉ' | 'ॊ' => "o",
        'ौ' => "au",
        '्' => "",
        _ => return None,
    })
}

fn other_sound(letter: char) -> Option<Sound> {
    use Sound::{Consonant, Vowel, Weak};
    Some(match letter {
        'अ' | 'आ' => Vowel("a"),
        'इ' | 'ई' => Vowel("i"),
        'उ' | 'ऊ' => Vowel("u"),
        'ऋ' => Vowel("ri"),
        'ए' | 'ऍ' => Vowel("e"),
        'ऐ' => Vowel("ai"),
        'ओ' | 'ऑ' => Vowel("o"),
        'औ' => Vowel("au"),
        'ं' | 'ँ' => Consonant("n"),
        'ا' => Vowel("a"),
        'ع' => Vowel("a"),
        'ے' | 'ۓ' => Vowel("e"),
        'و' | 'ؤ' => Weak {
            consonant: "v",
            vowel: "u",
        },
        'ي' | 'ئ' => Weak {
            consonant: "y",
            vowel: "i",
        },
        'ب' => Consonant("b"),
        'پ' => Consonant("p"),
        'ت' | 'ط' | 'ٹ' => Consonant("t"),
        'ث' => Consonant("th"),
        'ج' => Consonant("j"),
        'چ' => Consonant("ch"),
        'ح' | 'ه' => Consonant("h"),
        'خ' => Consonant("kh"),
        'د' | 'ض' | 'ڈ' | 'ڑ' => Consonant("d"),
        'ذ' => Consonant("dh"),
        'ر' => Consonant("r"),
        'ز' | 'ظ' | 'ژ' => Consonant("z"),
        'س' | 'ص' => Consonant("s"),
        'ش' => Consonant("sh"),
        'غ' => Consonant("gh"),
        'ف' => Consonant("f"),
        'ڤ' => Consonant("v"),
        'ق' | 'ك' => Consonant("k"),
        'گ' => Consonant("g"),
        'ل' => Consonant("l"),
        'م' => Consonant("m"),
        'ن' | 'ں' => Consonant("n"),
        _ => return None,
    })
}

/// Brings the usual spellings of one sound together: paneer and panir, chawal and chaval, coffee and kofi.
fn simplify(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let letters: Vec<char> = word.chars().collect();
    let mut at = 0;
    while at < letters.len() {
        let (letter, next) = (letters[at], letters.get(at + 1).copied());
        let (text, used) = match (letter, next) {
            ('e', Some('e')) => ("i", 2),
            ('o', Some('o')) => ("u", 2),
            ('a', Some('u')) => ("o", 2),
            ('p', Some('h')) => ("f", 2),
            ('c', Some('h')) if letters.get(at + 2) == Some(&'h') => ("ch", 3),
            ('c', Some('h')) => ("ch", 2),
            ('c', Some('k')) => ("k", 2),
            ('c' | 'q', _) => ("k", 1),
            ('x', _) => ("ks", 1),
            ('w', _) => ("v", 1),
            ('a', Some('y')) if !letters.get(at + 2).is_some_and(|after| "aeiou".contains(*after)) => {
                ("ai", 2)
            }
            _ => ("", 0),
        };
        if used > 0 {
            if !(text.len() == 1 && out.ends_with(text)) {
                out.push_str(text);
            }
            at += used;
        } else {
            if !(letter.is_ascii_alphabetic() && out.ends_with(letter)) {
                out.push(letter);
            }
            at += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folding_forgets_what_people_do_not_type() {
        for (text, folded) in [
            ("  Crème   BRÛLÉE ", "creme brulee"),
            ("Cre\u{300}me", "creme"),
            ("Køfte Gözleme Straße", "kofte gozleme strasse"),
            ("İstanbul", "istanbul"),
            ("شَايٌ", "شاي"),
            ("أُرز", "ارز"),
            ("قهوة", "قهوه"),
            ("قهـــوة", "قهوه"),
            ("\u{95b}ीरा", "ज\u{93c}ीरा"),
            ("७UP ٧", "7up 7"),
            ("می\u{200c}خواهم", "ميخواهم"),
            ("", ""),
            ("\u{301}", ""),
        ] {
            assert_eq!(fold(text), folded, "{text:?}");
        }
    }

    #[test]
    fn latin_letters_find_devanagari_names() {
        for (latin, name) in [
            ("dosa", "डोसा"),
            ("samosa", "समोसा"),
            ("paneer tikka", "पनीर टिक्का"),
            ("chai", "चाय"),
            ("chay", "चाय"),
            ("idli", "इडली"),
            ("biryani", "बिरयानी"),
            ("jalebi", "जलेबी"),
            ("gulab jamun", "गुलाब जामुन"),
            ("kulfi", "कुल्फी"),
            ("coffee", "कॉफ़ी"),
            ("pizza", "पिज़्ज़ा"),
            ("lassi", "लस्सी"),
            ("chhole", "छोले"),
            ("chole", "छोले"),
            ("aloo", "आलू"),
            ("poori", "पूरी"),
            ("chawal", "चावल"),
            ("raita", "रायता"),
            ("pakoda", "पकौड़ा"),
            ("vada pav", "वड़ा पाव"),
            ("kachori", "कचौरी"),
            ("sharbat", "शरबत"),
            ("adrak", "अदरक"),
            ("namak", "नमक"),
            ("thanda", "ठंडा"),
            ("ghee", "घी"),
            ("naan", "नान"),
            ("masala", "मसाला"),
        ] {
            assert_eq!(romanize(latin), romanize(name), "{latin} and {name}");
        }
    }

    #[test]
    fn latin_letters_find_arabic_names() {
        for (latin, name) in [
            ("shay", "شاي"),
            ("shai", "شاي"),
            ("kabab", "كباب"),
            ("samosa", "ساموسا"),
        ] {
            let (typed, kept) = (romanize(latin), romanize(name));
            let bare = |text: &str| text.replace(['a', 'e', 'i', 'o', 'u'], "");
            assert_eq!(bare(&typed), bare(&kept), "{latin} and {name}: {typed} {kept}");
        }
        assert_eq!(romanize("شاي"), romanize("شَاي"), "vowel marks change nothing");
        assert_eq!(
            romanize("قهوة"),
            romanize("قهوه"),
            "either spelling of the ending"
        );
    }

    #[test]
    fn other_scripts_pass_through() {
        assert_eq!(romanize("豆腐 100"), "豆腐 100");
        assert_eq!(romanize("☕"), "☕");
    }

    proptest! {
        #[test]
        fn anything_can_be_searched_for(text: String) {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded.clone(), "folding twice changes nothing");
            romanize(&text);
        }

        #[test]
        fn any_devanagari_or_arabic_can_be_read(text in "[\u{900}-\u{97f}\u{600}-\u{6ff} ]{0,30}") {
            romanize(&text);
        }
    }
}
