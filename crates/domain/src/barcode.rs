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

/// What a scale prints into its labels, as a shop writes it down: `21PPPPPWWWWWC` has the product's code, the weight in
/// grams and the check digit, `22PPPPPAAAAAC` the price in the smallest unit of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelMask {
    prefix: String,
    product: (usize, usize),
    value: (usize, usize),
    is_weight: bool,
}

/// What stands in a label of a scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The product's code, as long as the mask has it.
    pub product: String,
    pub value: LabelValue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelValue {
    Grams(i64),
    Minor(i64),
}

/// This is not a mask of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MaskError {
    #[error("a mask has 13 signs, as the barcode has digits")]
    Length,
    #[error("a mask begins with two digits from 20 to 29")]
    Prefix,
    #[error("a mask has one run of P, and one of W or A")]
    Parts,
    #[error("a mask ends with C, the check digit")]
    Check,
}

impl std::str::FromStr for LabelMask {
    type Err = MaskError;

    fn from_str(text: &str) -> Result<LabelMask, MaskError> {
        let signs = text.as_bytes();
        if signs.len() != 13 {
            return Err(MaskError::Length);
        }
        if signs[12] != b'C' {
            return Err(MaskError::Check);
        }
        let prefix = signs.iter().take_while(|sign| sign.is_ascii_digit()).count();
        if prefix < 2 || signs[0] != b'2' {
            return Err(MaskError::Prefix);
        }
        // One run each, with nothing between them but signs that nobody reads.
        let run = |sign: u8| -> Result<Option<(usize, usize)>, MaskError> {
            let Some(start) = signs.iter().position(|s| *s == sign) else {
                return Ok(None);
            };
            let length = signs[start..].iter().take_while(|s| **s == sign).count();
            if signs[start + length..].contains(&sign) {
                return Err(MaskError::Parts);
            }
            Ok(Some((start, start + length)))
        };
        let product = run(b'P')?.ok_or(MaskError::Parts)?;
        let (value, is_weight) = match (run(b'W')?, run(b'A')?) {
            (Some(weight), None) => (weight, true),
            (None, Some(amount)) => (amount, false),
            _ => return Err(MaskError::Parts),
        };
        if signs[prefix..12].iter().any(|sign| !b"PWAX".contains(sign)) {
            return Err(MaskError::Parts);
        }
        Ok(LabelMask {
            prefix: text[..prefix].to_owned(),
            product,
            value,
            is_weight,
        })
    }
}

impl LabelMask {
    /// What this barcode says, when it is a label of this kind.
    pub fn read(&self, code: &str) -> Option<Label> {
        // UPC readers leave the leading zero of an EAN-13 out, but none of these begins with one.
        if code.len() != 13 || !gtin_is_valid(code) || !code.starts_with(&self.prefix) {
            return None;
        }
        let value = code[self.value.0..self.value.1].parse().ok()?;
        Some(Label {
            product: code[self.product.0..self.product.1].to_owned(),
            value: if self.is_weight {
                LabelValue::Grams(value)
            } else {
                LabelValue::Minor(value)
            },
        })
    }
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

    #[test]
    fn labels_of_scales_are_read_by_the_shops_mask() {
        let weight: LabelMask = "21PPPPPWWWWWC".parse().expect("a mask");
        let price: LabelMask = "22PPPPXAAAAAC".parse().expect("a mask");
        let label = weight.read("2100042007505").expect("a label");
        assert_eq!(
            (label.product.as_str(), label.value),
            ("00042", LabelValue::Grams(750))
        );
        assert_eq!(weight.read("2100042007506"), None, "its check digit is wrong");
        assert_eq!(price.read("2100042007505"), None, "another prefix");
        let label = (0..10).find_map(|check| price.read(&format!("220042012345{check}")));
        let label = label.expect("one of ten check digits is right");
        assert_eq!(
            (label.product.as_str(), label.value),
            ("0042", LabelValue::Minor(12_345))
        );
    }

    #[test]
    fn what_is_no_mask_is_refused() {
        for (mask, error) in [
            ("", MaskError::Length),
            ("21PPPPPWWWWWCC", MaskError::Length),
            ("89PPPPPWWWWWC", MaskError::Prefix),
            ("2PPPPPPWWWWWC", MaskError::Prefix),
            ("21PPPPPWWWWWW", MaskError::Check),
            ("21PPPPPPPPPPC", MaskError::Parts),
            ("21PPPPPWWAAAC", MaskError::Parts),
            ("21PPWWWPPPWWC", MaskError::Parts),
            ("21PPPPPWWWW?C", MaskError::Parts),
            ("21PPPPPWWWW€", MaskError::Check),
        ] {
            let found = mask.parse::<LabelMask>();
            assert!(
                found == Err(error) || mask.contains('€') && found.is_err(),
                "{mask}: {found:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_mask_reads_any_code_without_harm(mask in "2[0-9][PWAX]{10}C|\\PC{0,14}", code in "[0-9]{13}|\\PC{0,14}") {
            if let Ok(mask) = mask.parse::<LabelMask>() {
                mask.read(&code);
            }
        }

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
