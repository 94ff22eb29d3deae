//! The link behind a UPI QR code, as NPCI's linking specification writes it.
//!
//! Such a code asks for money and confirms nothing: that it was paid is learned elsewhere.

use std::fmt::Write;

use thiserror::Error;

use crate::money::Money;

/// The longest reference a bank passes on.
pub const MAX_REFERENCE: usize = 35;

/// Why no link can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UpiError {
    #[error("a UPI address is a name, an @ and a bank's handle")]
    Address,
    #[error("the payee's name is missing")]
    NameMissing,
    #[error("a merchant's category has four digits")]
    Category,
    #[error("a reference has 1 to {MAX_REFERENCE} characters")]
    Reference,
    #[error("the amount must be more than nothing")]
    Amount,
}

/// Who is to be paid, what for, and how much.
#[derive(Clone, Copy, Debug, Default)]
pub struct UpiRequest<'a> {
    /// The payee's address: "anandsweets@okaxis".
    pub address: &'a str,
    pub name: &'a str,
    /// The merchant's category code.
    pub category: Option<&'a str>,
    /// The bank's own number of a payment, where one was given.
    pub transaction: Option<&'a str>,
    /// Unique for every attempt to be paid; none on a sticker.
    pub reference: Option<&'a str>,
    pub note: Option<&'a str>,
    /// In paise. None for a sticker, on which the guest types it.
    pub amount: Option<Money>,
    /// Where the bill can be read.
    pub url: Option<&'a str>,
}

/// The link: `upi://pay?pa=…&pn=…&…&cu=INR`.
pub fn uri(request: &UpiRequest<'_>) -> Result<String, UpiError> {
    if !is_address(request.address) {
        return Err(UpiError::Address);
    }
    if request.name.trim().is_empty() {
        return Err(UpiError::NameMissing);
    }
    if let Some(category) = request.category
        && !(category.len() == 4 && category.bytes().all(|b| b.is_ascii_digit()))
    {
        return Err(UpiError::Category);
    }
    for reference in [request.reference, request.transaction].into_iter().flatten() {
        if !(1..=MAX_REFERENCE).contains(&reference.chars().count()) {
            return Err(UpiError::Reference);
        }
    }
    let amount = match request.amount {
        Some(amount) if !amount.is_positive() => return Err(UpiError::Amount),
        Some(amount) => Some(format!("{}.{:02}", amount.minor() / 100, amount.minor() % 100)),
        None => None,
    };
    let mut uri = String::from("upi://pay?");
    let fields = [
        ("pa", Some(request.address)),
        ("pn", Some(request.name.trim())),
        ("mc", request.category),
        ("tid", request.transaction),
        ("tr", request.reference),
        ("tn", request.note),
        ("am", amount.as_deref()),
        ("cu", Some("INR")),
        ("url", request.url),
    ];
    for (key, value) in fields {
        let Some(value) = value else { continue };
        if !uri.ends_with('?') {
            uri.push('&');
        }
        uri.push_str(key);
        uri.push('=');
        escape(&mut uri, value);
    }
    Ok(uri)
}

/// Whether a text can be a UPI address.
pub fn is_address(text: &str) -> bool {
    let Some((name, handle)) = text.split_once('@') else {
        return false;
    };
    (2..=256).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        && (2..=64).contains(&handle.len())
        && handle.as_bytes()[0].is_ascii_alphabetic()
        && handle
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
}

/// A blank is %20 and never a plus: banks' apps show a plus as it stands.
fn escape(uri: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/' | b'@') {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sticker() -> UpiRequest<'static> {
        UpiRequest {
            address: "anandsweets@okaxis",
            name: "Anand Sweets & Co",
            ..UpiRequest::default()
        }
    }

    #[test]
    fn a_sticker_names_no_amount() {
        assert_eq!(
            uri(&sticker()).as_deref(),
            Ok("upi://pay?pa=anandsweets@okaxis&pn=Anand%20Sweets%20%26%20Co&cu=INR")
        );
    }

    #[test]
    fn an_amount_always_has_two_decimals() {
        for (minor, text) in [
            (5, "0.05"),
            (100, "1.00"),
            (87400, "874.00"),
            (1234567, "12345.67"),
        ] {
            let request = UpiRequest {
                amount: Some(Money::from_minor(minor)),
                ..sticker()
            };
            let uri = uri(&request).expect("a link");
            assert!(uri.contains(&format!("&am={text}&cu=INR")), "{uri}");
        }
    }

    #[test]
    fn other_scripts_and_signs_are_escaped() {
        let request = UpiRequest {
            name: "चाय #1",
            note: Some("50% + 1"),
            url: Some("https://a.in/b?c=d"),
            ..sticker()
        };
        assert_eq!(
            uri(&request).as_deref(),
            Ok(
                "upi://pay?pa=anandsweets@okaxis&pn=%E0%A4%9A%E0%A4%BE%E0%A4%AF%20%231&tn=50%25%20%2B%201&cu=INR&url=https%3A//a.in/b%3Fc%3Dd"
            )
        );
    }

    #[test]
    fn what_no_bank_takes_is_refused() {
        let refused = |request: UpiRequest<'_>| uri(&request).expect_err("refused");
        for address in [
            "",
            "anand",
            "@okaxis",
            "anand@",
            "an and@okaxis",
            "anand@ok&am=1",
            "a@b@cc",
        ] {
            assert_eq!(refused(UpiRequest { address, ..sticker() }), UpiError::Address);
        }
        assert_eq!(
            refused(UpiRequest {
                name: " ",
                ..sticker()
            }),
            UpiError::NameMissing
        );
        assert_eq!(
            refused(UpiRequest {
                category: Some("54a2"),
                ..sticker()
            }),
            UpiError::Category
        );
        let long = "x".repeat(36);
        for reference in ["", long.as_str()] {
            assert_eq!(
                refused(UpiRequest {
                    reference: Some(reference),
                    ..sticker()
                }),
                UpiError::Reference
            );
        }
        assert_eq!(
            refused(UpiRequest {
                amount: Some(Money::ZERO),
                ..sticker()
            }),
            UpiError::Amount
        );
    }
}
