//! Amounts in words, as a tax invoice and a cheque want them: in lakhs and crores for rupees in English and always in
//! Hindi, in thousands and millions elsewhere. A currency whose name we cannot bend is called by its code, and its
//! fraction stays in figures.

use crate::words::Language;
use domain::money::Currency;

/// "Rupees one lakh three thousand and fifty paise only".
pub fn spelled(minor: i64, currency: &str, language: Language) -> String {
    let digits = Currency::from_code(currency).map_or(2, |known| u32::from(known.minor_digits));
    let unit = 10u64.pow(digits);
    let (whole, part) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
    let rupees = currency == "INR";
    let figures = || format!("{part:0width$}/{unit}", width = digits as usize);
    let below = minor < 0;
    match language {
        Language::English => {
            let number = if rupees {
                indian(whole, &ENGLISH)
            } else {
                english(whole)
            };
            let minus = if below { "minus " } else { "" };
            let fraction = match part {
                0 => String::new(),
                part if rupees => format!(" and {} paise", indian(part, &ENGLISH)),
                _ => format!(" and {}", figures()),
            };
            let name = if rupees { "Rupees" } else { currency };
            format!("{name} {minus}{number}{fraction} only")
        }
        Language::Hindi => {
            let minus = if below { "ऋण " } else { "" };
            let fraction = match part {
                0 => String::new(),
                part if rupees => format!(" और {} पैसे", indian(part, &HINDI)),
                _ => format!(" और {}", figures()),
            };
            let name = if rupees { "रुपये" } else { currency };
            format!("{name} {minus}{}{fraction} मात्र", indian(whole, &HINDI))
        }
        Language::Arabic => {
            let minus = if below { "سالب " } else { "" };
            let amount = if rupees {
                counted(whole, &RUPEE)
            } else {
                format!("{} {currency}", arabic(whole, false, false))
            };
            let fraction = match part {
                0 => String::new(),
                part if rupees => format!(" و{}", counted(part, &PAISA)),
                _ => format!(" و{}", figures()),
            };
            format!("فقط {minus}{amount}{fraction} لا غير")
        }
    }
}

/// A language that counts as India does.
struct Counting {
    /// Below a hundred.
    small: fn(u64) -> String,
    hundred: &'static str,
    /// Crore, lakh, thousand.
    groups: [&'static str; 3],
}

static ENGLISH: Counting = Counting {
    small: tens,
    hundred: "hundred",
    groups: ["crore", "lakh", "thousand"],
};

static HINDI: Counting = Counting {
    small: |n| HINDI_SMALL[usize::try_from(n).unwrap_or(0).min(99)].to_owned(),
    hundred: "सौ",
    groups: ["करोड़", "लाख", "हज़ार"],
};

fn indian(n: u64, words: &Counting) -> String {
    if n == 0 {
        return (words.small)(0);
    }
    let mut said = Vec::new();
    let groups = [10_000_000, 100_000, 1_000];
    let mut left = n;
    for (size, name) in groups.into_iter().zip(words.groups) {
        if left >= size {
            said.push(format!("{} {name}", indian(left / size, words)));
            left %= size;
        }
    }
    if left >= 100 {
        said.push(format!("{} {}", (words.small)(left / 100), words.hundred));
        left %= 100;
    }
    if left > 0 {
        said.push((words.small)(left));
    }
    said.join(" ")
}

fn english(n: u64) -> String {
    if n == 0 {
        return tens(0);
    }
    let mut said = Vec::new();
    let mut left = n;
    for (size, name) in [
        (1_000_000_000_000_000, "quadrillion"),
        (1_000_000_000_000, "trillion"),
        (1_000_000_000, "billion"),
        (1_000_000, "million"),
        (1_000, "thousand"),
    ] {
        if left >= size {
            said.push(format!("{} {name}", english(left / size)));
            left %= size;
        }
    }
    if left >= 100 {
        said.push(format!("{} hundred", tens(left / 100)));
        left %= 100;
    }
    if left > 0 {
        said.push(tens(left));
    }
    said.join(" ")
}

fn tens(n: u64) -> String {
    const SMALL: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 10] = [
        "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    let at = |n: u64| usize::try_from(n % 100).unwrap_or(0);
    match (n / 10, n % 10) {
        (0 | 1, _) => SMALL[at(n)].to_owned(),
        (ten, 0) => TENS[at(ten)].to_owned(),
        (ten, one) => format!("{}-{}", TENS[at(ten)], SMALL[at(one)]),
    }
}

#[rustfmt::skip]
const HINDI_SMALL: [&str; 100] = [
    "शून्य", "एक", "दो", "तीन", "चार", "पाँच", "छह", "सात", "आठ", "नौ",
    "दस", "ग्यारह", "बारह", "तेरह", "चौदह", "पंद्रह", "सोलह", "सत्रह", "अठारह", "उन्नीस",
    "बीस", "इक्कीस", "बाईस", "तेईस", "चौबीस", "पच्चीस", "छब्बीस", "सत्ताईस", "अट्ठाईस", "उनतीस",
    "तीस", "इकतीस", "बत्तीस", "तैंतीस", "चौंतीस", "पैंतीस", "छत्तीस", "सैंतीस", "अड़तीस", "उनतालीस",
    "चालीस", "इकतालीस", "बयालीस", "तैंतालीस", "चौवालीस", "पैंतालीस", "छियालीस", "सैंतालीस", "अड़तालीस", "उनचास",
    "पचास", "इक्यावन", "बावन", "तिरपन", "चौवन", "पचपन", "छप्पन", "सत्तावन", "अट्ठावन", "उनसठ",
    "साठ", "इकसठ", "बासठ", "तिरसठ", "चौंसठ", "पैंसठ", "छियासठ", "सड़सठ", "अड़सठ", "उनहत्तर",
    "सत्तर", "इकहत्तर", "बहत्तर", "तिहत्तर", "चौहत्तर", "पचहत्तर", "छिहत्तर", "सतहत्तर", "अठहत्तर", "उन्यासी",
    "अस्सी", "इक्यासी", "बयासी", "तिरासी", "चौरासी", "पचासी", "छियासी", "सत्तासी", "अट्ठासी", "नवासी",
    "नब्बे", "इक्यानवे", "बानवे", "तिरानवे", "चौरानवे", "पचानवे", "छियानवे", "सत्तानवे", "अट्ठानवे", "निन्यानवे",
];

/// A noun as it stands behind a number: one, two, three to ten, eleven to ninety-nine, whole hundreds.
struct Noun {
    feminine: bool,
    one: &'static str,
    two: &'static str,
    few: &'static str,
    many: &'static str,
    hundreds: &'static str,
}

static RUPEE: Noun = Noun {
    feminine: true,
    one: "روبية هندية واحدة",
    two: "روبيتان هنديتان",
    few: "روبيات هندية",
    many: "روبية هندية",
    hundreds: "روبية هندية",
};

static PAISA: Noun = Noun {
    feminine: true,
    one: "بيسة واحدة",
    two: "بيستان",
    few: "بيسات",
    many: "بيسة",
    hundreds: "بيسة",
};

const THOUSAND: Noun = Noun {
    feminine: false,
    one: "ألف",
    two: "ألفان",
    few: "آلاف",
    many: "ألفًا",
    hundreds: "ألف",
};

const LARGE: [(u64, Noun); 4] = [
    (
        1_000_000_000_000,
        Noun {
            feminine: false,
            one: "تريليون",
            two: "تريليونان",
            few: "تريليونات",
            many: "تريليونًا",
            hundreds: "تريليون",
        },
    ),
    (
        1_000_000_000,
        Noun {
            feminine: false,
            one: "مليار",
            two: "ملياران",
            few: "مليارات",
            many: "مليارًا",
            hundreds: "مليار",
        },
    ),
    (
        1_000_000,
        Noun {
            feminine: false,
            one: "مليون",
            two: "مليونان",
            few: "ملايين",
            many: "مليونًا",
            hundreds: "مليون",
        },
    ),
    (1_000, THOUSAND),
];

/// So many of something.
fn counted(n: u64, noun: &Noun) -> String {
    match n {
        1 => noun.one.to_owned(),
        2 => noun.two.to_owned(),
        n => {
            let form = match n % 100 {
                3..=10 => noun.few,
                11..=99 => noun.many,
                _ => noun.hundreds,
            };
            format!("{} {form}", arabic(n, noun.feminine, true))
        }
    }
}

/// A number; `bound` when its noun follows, before which a dual loses its end.
fn arabic(n: u64, feminine: bool, bound: bool) -> String {
    if n == 0 {
        return "صفر".to_owned();
    }
    let mut said = Vec::new();
    let mut left = n;
    for (size, noun) in &LARGE {
        if left >= *size {
            let group = counted(left / size, noun);
            left %= size;
            said.push(match group.strip_suffix('ن') {
                Some(open) if left == 0 && bound && group == noun.two => open.to_owned(),
                _ => group,
            });
        }
    }
    if left >= 100 {
        let hundred = match left / 100 {
            1 => "مئة",
            2 if left == 200 && bound => "مئتا",
            2 => "مئتان",
            3 => "ثلاثمئة",
            4 => "أربعمئة",
            5 => "خمسمئة",
            6 => "ستمئة",
            7 => "سبعمئة",
            8 => "ثمانمئة",
            _ => "تسعمئة",
        };
        said.push(hundred.to_owned());
        left %= 100;
    }
    if left > 0 {
        said.push(arabic_small(left, feminine));
    }
    said.join(" و")
}

/// From one to ninety-nine. Three to ten take the other gender than what they count.
fn arabic_small(n: u64, feminine: bool) -> String {
    const OF_HE: [&str; 11] = [
        "",
        "واحد",
        "اثنان",
        "ثلاثة",
        "أربعة",
        "خمسة",
        "ستة",
        "سبعة",
        "ثمانية",
        "تسعة",
        "عشرة",
    ];
    const OF_SHE: [&str; 11] = [
        "",
        "واحدة",
        "اثنتان",
        "ثلاث",
        "أربع",
        "خمس",
        "ست",
        "سبع",
        "ثماني",
        "تسع",
        "عشر",
    ];
    const TENS: [&str; 10] = [
        "",
        "",
        "عشرون",
        "ثلاثون",
        "أربعون",
        "خمسون",
        "ستون",
        "سبعون",
        "ثمانون",
        "تسعون",
    ];
    let at = |n: u64| usize::try_from(n).unwrap_or(0);
    let small = if feminine { &OF_SHE } else { &OF_HE };
    match n {
        0..=10 => small[at(n)].to_owned(),
        11 => if feminine {
            "إحدى عشرة"
        } else {
            "أحد عشر"
        }
        .to_owned(),
        12 => if feminine {
            "اثنتا عشرة"
        } else {
            "اثنا عشر"
        }
        .to_owned(),
        13..=19 => format!("{} {}", small[at(n - 10)], if feminine { "عشرة" } else { "عشر" }),
        n if n % 10 == 0 => TENS[at(n / 10) % 10].to_owned(),
        n => {
            let one = match n % 10 {
                1 if feminine => "إحدى",
                8 if feminine => "ثمانٍ",
                one => small[at(one)],
            };
            format!("{one} و{}", TENS[at(n / 10) % 10])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn rupees_are_said_in_lakhs_and_crores() {
        for (minor, said) in [
            (0, "Rupees zero only"),
            (100, "Rupees one only"),
            (2_150, "Rupees twenty-one and fifty paise only"),
            (10_300_005, "Rupees one lakh three thousand and five paise only"),
            (
                123_456_789,
                "Rupees twelve lakh thirty-four thousand five hundred sixty-seven and eighty-nine paise only",
            ),
            (100_000_000_000, "Rupees one hundred crore only"),
            (-4_000, "Rupees minus forty only"),
        ] {
            assert_eq!(spelled(minor, "INR", Language::English), said);
        }
        for (minor, said) in [
            (100, "रुपये एक मात्र"),
            (
                123_456_789,
                "रुपये बारह लाख चौंतीस हज़ार पाँच सौ सड़सठ और नवासी पैसे मात्र",
            ),
            (2_000_000_000, "रुपये दो करोड़ मात्र"),
        ] {
            assert_eq!(spelled(minor, "INR", Language::Hindi), said);
        }
    }

    #[test]
    fn arabic_bends_its_nouns() {
        for (minor, said) in [
            (100, "فقط روبية هندية واحدة لا غير"),
            (200, "فقط روبيتان هنديتان لا غير"),
            (300, "فقط ثلاث روبيات هندية لا غير"),
            (1_100, "فقط إحدى عشرة روبية هندية لا غير"),
            (2_801, "فقط ثمانٍ وعشرون روبية هندية وبيسة واحدة لا غير"),
            (20_000, "فقط مئتا روبية هندية لا غير"),
            (200_000, "فقط ألفا روبية هندية لا غير"),
            (
                123_456_789,
                "فقط مليون ومئتان وأربعة وثلاثون ألفًا وخمسمئة وسبع وستون روبية هندية وتسع وثمانون بيسة لا غير",
            ),
        ] {
            assert_eq!(spelled(minor, "INR", Language::Arabic), said);
        }
        assert_eq!(
            spelled(300_050, "AED", Language::Arabic),
            "فقط ثلاثة آلاف AED و50/100 لا غير"
        );
    }

    #[test]
    fn other_currencies_are_called_by_their_code() {
        assert_eq!(
            spelled(123_456_789, "EUR", Language::English),
            "EUR one million two hundred thirty-four thousand five hundred sixty-seven and 89/100 only"
        );
        assert_eq!(
            spelled(1_500, "JPY", Language::English),
            "JPY one thousand five hundred only"
        );
        assert_eq!(
            spelled(1_005, "BHD", Language::English),
            "BHD one and 005/1000 only"
        );
        assert_eq!(spelled(150, "EUR", Language::Hindi), "EUR एक और 50/100 मात्र");
    }

    #[test]
    fn no_two_amounts_are_said_alike_and_none_is_too_large() {
        for language in [Language::English, Language::Hindi, Language::Arabic] {
            let mut said = HashSet::new();
            for n in (0..2_000).chain((2_000..2_000_000).step_by(997)) {
                assert!(
                    said.insert(spelled(n * 100, "INR", language)),
                    "{n} in {language:?}"
                );
            }
            for minor in [i64::MAX, i64::MIN] {
                for currency in ["INR", "EUR", "JPY"] {
                    assert!(spelled(minor, currency, language).len() > 50);
                }
            }
        }
    }
}
