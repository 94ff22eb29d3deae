//! What a scanned text is, before anyone looks it up.

/// The longest text a scanner may send, in characters.
pub const MAX_SCAN_CHARS: usize = 1024;

/// The kind of a scanned text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// Looks like one of our tokens; whether it is one, its signature says.
    Token,
    /// The barcode on a product, with a correct check digit.
    Gtin,
    Url,
    /// A request for payment.
    Upi,
    TooLong,
    /// A code of the shop's own, or something nobody knows.
    Other,
}

impl Code {
    pub fn classify(text: &str) -> Code {
        if text.len() > MAX_SCAN_CHARS && text.chars().nth(MAX_SCAN_CHARS).is_some() {
            return Code::TooLong;
        }
        let text = strip_scanner_marks(text);
        let starts_with = |start: &str| {
            text.get(..start.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(start))
        };
        if starts_with("upi:") {
            Code::Upi
        } else if starts_with("http://") || starts_with("https://") || starts_with("www.") {
            Code::Url
        } else if crate::token::looks_like_token(text) {
            Code::Token
        } else if gtin_is_valid(text) {
            Code::Gtin
        } else {
            Code::Other
        }
    }
}

/// The text without what scanners put around it: white space, control characters such as STX and CR, and the AIM
/// identifier of the symbology (`]E0`, `]Q3`).
pub fn strip_scanner_marks(text: &str) -> &str {
    let is_mark = |character: char| character.is_whitespace() || character.is_control();
    let text = text.trim_matches(is_mark);
    match text.as_bytes() {
        [b']', letter, digit, ..] if letter.is_ascii_alphabetic() && digit.is_ascii_alphanumeric() => {
            text[3..].trim_start_matches(is_mark)
        }
        _ => text,
    }
}

/// Whether this is a GTIN of 8, 12, 13 or 14 digits with the right check digit.
pub fn gtin_is_valid(code: &str) -> bool {
    let digits = code.as_bytes();
    if !matches!(digits.len(), 8 | 12 | 13 | 14) || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| u32::from(digit - b'0') * if place % 2 == 1 { 3 } else { 1 })
        .sum();
    // All zeros add up too, but no product has them.
    sum > 0 && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn check_digits() {
        for good in [
            "8901030865275",
            "4006381333931",
            "96385074",
            "036000291452",
            "10614141000415",
        ] {
            assert!(gtin_is_valid(good), "{good}");
        }
        for bad in [
            "",
            "8901030865276",
            "96385073",
            "0",
            "00000000",
            "0000000000000",
            "٩٦٣٨٥٠٧٤",
            "4006381333931 ",
            "abcdefgh",
        ] {
            assert!(!gtin_is_valid(bad), "{bad}");
        }
    }

    #[test]
    fn tells_codes_apart() {
        for (text, code) in [
            ("4006381333931", Code::Gtin),
            ("]E04006381333931\r\n", Code::Gtin),
            ("\u{2}4006381333931", Code::Gtin),
            ("https://example.com/?a=1", Code::Url),
            ("HTTP://EXAMPLE.COM", Code::Url),
            ("www.example.com", Code::Url),
            ("upi://pay?pa=shop@bank&am=10", Code::Upi),
            ("UPI://PAY?PA=SHOP@BANK", Code::Upi),
            ("SAMOSA-1", Code::Other),
            ("P1", Code::Other),
            ("P100", Code::Other),
            ("Pepsi 1 l", Code::Other),
            ("", Code::Other),
            ("]", Code::Other),
            ("]Q3", Code::Other),
            ("]é", Code::Other),
        ] {
            assert_eq!(Code::classify(text), code, "{text:?}");
        }
        assert_eq!(Code::classify(&"x".repeat(1025)), Code::TooLong);
        assert_eq!(
            Code::classify(&"क".repeat(1024)),
            Code::Other,
            "characters count, not bytes"
        );
        assert_eq!(Code::classify(&format!("P1{}", "A".repeat(176))), Code::Token);
        assert_eq!(
            Code::classify(&format!("]Q3p2{}\r", "a".repeat(176))),
            Code::Token
        );
    }

    proptest! {
        #[test]
        fn classify_survives_anything(text: String) {
            Code::classify(&text);
        }

        #[test]
        fn one_wrong_digit_is_seen(body in 0u64..10_000_000_000_000, place in 0usize..13, off in 1u8..10) {
            let text = format!("{body:013}");
            let mut digits = text.clone().into_bytes();
            digits[place] = b'0' + (digits[place] - b'0' + off) % 10;
            let changed = String::from_utf8(digits).expect("digits");
            prop_assert!(!(gtin_is_valid(&text) && gtin_is_valid(&changed)));
        }
    }
}
