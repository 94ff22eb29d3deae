//! Amounts as people read them: the same figures as on the screens, lakhs grouped for rupees, western digits in every
//! language. Exact: a whole number of minor units goes in and nothing is rounded.

use domain::money::Currency;

/// Signs that people know; other currencies are named by their code.
const SIGNS: &[(&str, &str)] = &[
    ("AUD", "A$"),
    ("AZN", "₼"),
    ("BDT", "৳"),
    ("BRL", "R$"),
    ("CAD", "CA$"),
    ("CNY", "¥"),
    ("EUR", "€"),
    ("GBP", "£"),
    ("GEL", "₾"),
    ("HKD", "HK$"),
    ("ILS", "₪"),
    ("INR", "₹"),
    ("JPY", "¥"),
    ("KRW", "₩"),
    ("KZT", "₸"),
    ("NGN", "₦"),
    ("NZD", "NZ$"),
    ("PHP", "₱"),
    ("SGD", "S$"),
    ("THB", "฿"),
    ("TRY", "₺"),
    ("TWD", "NT$"),
    ("UAH", "₴"),
    ("USD", "$"),
    ("VND", "₫"),
];

/// How many digits follow the point; two for a currency we do not know.
fn digits_of(currency: &str) -> usize {
    Currency::from_code(currency).map_or(2, |known| usize::from(known.minor_digits))
}

/// "1,03,000.00": the figures alone, with a true minus.
pub fn figures(minor: i64, currency: &str) -> String {
    let digits = digits_of(currency);
    let plain = format!("{:0>width$}", minor.unsigned_abs(), width = digits + 1);
    let (whole, fraction) = plain.split_at(plain.len() - digits);
    let mut text = String::from(if minor < 0 { "−" } else { "" });
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        let grouped = if currency == "INR" {
            left == 3 || (left > 3 && left % 2 == 1)
        } else {
            left % 3 == 0
        };
        if index > 0 && grouped {
            text.push(',');
        }
        text.push(digit);
    }
    if digits > 0 {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// "₹1,03,000.00", "12,000.00 so'm", "AED 12.00".
pub fn money(minor: i64, currency: &str) -> String {
    let plain = figures(minor, currency);
    if currency == "UZS" {
        return format!("{plain} so'm");
    }
    let (minus, plain) = match plain.strip_prefix('−') {
        Some(rest) => ("−", rest),
        None => ("", plain.as_str()),
    };
    match SIGNS.binary_search_by_key(&currency, |(code, _)| code) {
        Ok(index) => format!("{minus}{}{plain}", SIGNS[index].1),
        Err(_) => format!("{minus}{currency} {plain}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_grouped_as_their_people_read_them() {
        for (minor, currency, text) in [
            (0, "INR", "0.00"),
            (5, "INR", "0.05"),
            (99_999, "INR", "999.99"),
            (100_000, "INR", "1,000.00"),
            (10_300_000, "INR", "1,03,000.00"),
            (1_234_567_890, "INR", "1,23,45,678.90"),
            (-4_050, "INR", "−40.50"),
            (123_456_789, "EUR", "1,234,567.89"),
            (1_234, "BHD", "1.234"),
            (1_500, "JPY", "1,500"),
            (i64::MIN, "USD", "−92,233,720,368,547,758.08"),
        ] {
            assert_eq!(figures(minor, currency), text);
        }
    }

    #[test]
    fn signs_stand_where_they_are_expected() {
        for (minor, currency, text) in [
            (8_000, "INR", "₹80.00"),
            (-8_000, "INR", "−₹80.00"),
            (8_000, "AED", "AED 80.00"),
            (-8_000, "AED", "−AED 80.00"),
            (1_200_000, "UZS", "12,000.00 so'm"),
            (1_500, "TRY", "₺15.00"),
            (1_500, "what", "what 15.00"),
        ] {
            assert_eq!(money(minor, currency), text);
        }
        assert!(
            SIGNS.is_sorted_by(|a, b| a.0 < b.0),
            "the table is searched by halves"
        );
    }
}
