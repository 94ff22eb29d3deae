//! Devices of a shop: what each is for, and the code by which a new one finds the one that lets it in.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// No device is for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no device is for that")]
pub struct UnknownDeviceRole;

/// What a device is for, and so which screen it opens first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceRole {
    Till,
    /// Takes orders and gives tokens.
    TokenCounter,
    /// Hands over.
    SalesCounter,
    Kitchen,
    Office,
}

impl DeviceRole {
    pub const ALL: &[DeviceRole] = &[
        DeviceRole::Till,
        DeviceRole::TokenCounter,
        DeviceRole::SalesCounter,
        DeviceRole::Kitchen,
        DeviceRole::Office,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            DeviceRole::Till => "till",
            DeviceRole::TokenCounter => "token_counter",
            DeviceRole::SalesCounter => "sales_counter",
            DeviceRole::Kitchen => "kitchen",
            DeviceRole::Office => "office",
        }
    }
}

impl fmt::Display for DeviceRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DeviceRole {
    type Err = UnknownDeviceRole;

    fn from_str(text: &str) -> Result<DeviceRole, UnknownDeviceRole> {
        DeviceRole::ALL
            .iter()
            .copied()
            .find(|one| one.as_str() == text)
            .ok_or(UnknownDeviceRole)
    }
}

/// No link is for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no link is for that")]
pub struct UnknownLinkPurpose;

/// What a browser was let in for by a link, and so what it may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkPurpose {
    /// The hall's board: numbers that are being made, and numbers that can be fetched.
    Board,
    /// What is open to prepare or to hand over: numbers and goods.
    Pick,
    /// A till's second screen.
    Customer,
    /// A salesperson's own; whoever uses it signs in with a PIN.
    Phone,
}

impl LinkPurpose {
    pub const ALL: &[LinkPurpose] = &[
        LinkPurpose::Board,
        LinkPurpose::Pick,
        LinkPurpose::Customer,
        LinkPurpose::Phone,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            LinkPurpose::Board => "board",
            LinkPurpose::Pick => "pick",
            LinkPurpose::Customer => "customer",
            LinkPurpose::Phone => "phone",
        }
    }
}

impl FromStr for LinkPurpose {
    type Err = UnknownLinkPurpose;

    fn from_str(text: &str) -> Result<LinkPurpose, UnknownLinkPurpose> {
        LinkPurpose::ALL
            .iter()
            .copied()
            .find(|one| one.as_str() == text)
            .ok_or(UnknownLinkPurpose)
    }
}

/// Crockford's Base32: no I, L, O, U, so nothing is mistaken for something else.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters of a typed code: 50 bits of the pin, 30 of the secret.
const TYPED: (usize, usize) = (10, 6);
/// Letters of a scanned code: all 256 bits of the pin, all 128 of the secret.
const SCANNED: (usize, usize) = (52, 26);

/// The first letters of some bytes, five bits in each.
fn letters(bytes: &[u8], count: usize) -> String {
    (0..count)
        .map(|n| {
            let bit = |at: usize| {
                bytes
                    .get(at / 8)
                    .is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1)
            };
            let value = (0..5).fold(0, |sum, offset| sum << 1 | usize::from(bit(n * 5 + offset)));
            char::from(LETTERS[value])
        })
        .collect()
}

/// What somebody typed or scanned is no join code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a join code has 16 letters and digits")]
pub struct JoinCodeError;

/// A join code as somebody gave it: who is to be found, and what opens there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinCode {
    pin: String,
    secret: String,
}

impl JoinCode {
    /// For eyes and fingers: four letters, four times.
    pub fn typed(pin: &[u8; 32], secret: &[u8; 16]) -> String {
        let code = letters(pin, TYPED.0) + &letters(secret, TYPED.1);
        let groups: Vec<&str> = (0..4).filter_map(|n| code.get(n * 4..n * 4 + 4)).collect();
        groups.join("-")
    }

    /// For a QR code: everything.
    pub fn scanned(pin: &[u8; 32], secret: &[u8; 16]) -> String {
        letters(pin, SCANNED.0) + &letters(secret, SCANNED.1)
    }

    /// Reads either. Case, blanks and hyphens do not matter, and letters that look like digits are those.
    pub fn parse(text: &str) -> Result<JoinCode, JoinCodeError> {
        let mut code = String::with_capacity(text.len());
        for letter in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let letter = match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            if !letter.is_ascii() || !LETTERS.contains(&(letter as u8)) {
                return Err(JoinCodeError);
            }
            code.push(letter);
        }
        for (pin, secret) in [TYPED, SCANNED] {
            if code.len() == pin + secret {
                let secret = code.split_off(pin);
                return Ok(JoinCode { pin: code, secret });
            }
        }
        Err(JoinCodeError)
    }

    /// Whether this is whom the code means.
    pub fn means(&self, pin: &[u8; 32]) -> bool {
        letters(pin, self.pin.len()) == self.pin
    }

    /// The secret as it goes to the one who made the code.
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

/// Whether a secret that somebody gave is this one, as far as its length promises. Looks at every letter.
pub fn join_secret_fits(secret: &[u8; 16], given: &str) -> bool {
    if ![TYPED.1, SCANNED.1].contains(&given.len()) {
        return false;
    }
    let ours = letters(secret, given.len());
    ours.bytes()
        .zip(given.bytes())
        .fold(0, |differs, (a, b)| differs | (a ^ b))
        == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_forms_mean_whom_they_were_made_for(pin: [u8; 32], secret: [u8; 16], other: [u8; 32], guess: [u8; 16]) {
            for text in [JoinCode::typed(&pin, &secret), JoinCode::scanned(&pin, &secret)] {
                let code = JoinCode::parse(&text).expect("our own code");
                prop_assert!(code.means(&pin));
                prop_assert!(join_secret_fits(&secret, code.secret()));
                prop_assert_eq!(code.means(&other), letters(&pin, code.pin.len()) == letters(&other, code.pin.len()));
                let lucky = letters(&secret, code.secret.len()) == letters(&guess, code.secret.len());
                prop_assert_eq!(join_secret_fits(&guess, code.secret()), lucky);
            }
        }

        #[test]
        fn any_text_is_a_code_or_a_refusal(text in ".{0,90}") {
            let _ = JoinCode::parse(&text);
        }
    }

    #[test]
    fn what_fingers_do_to_a_code_does_not_matter() {
        let (pin, secret) = ([0xa5; 32], [0x3c; 16]);
        let text = JoinCode::typed(&pin, &secret);
        assert_eq!(text.len(), 19, "{text}");
        let typed = text.to_lowercase().replace('-', " ");
        assert_eq!(JoinCode::parse(&typed), JoinCode::parse(&text));
        assert_eq!(
            JoinCode::parse("OIL1 0000 0000 0000"),
            JoinCode::parse("0111000000000000")
        );
        assert_eq!(JoinCode::parse("0111-0000-0000-000U"), Err(JoinCodeError));
        assert_eq!(JoinCode::parse("0111-0000-0000"), Err(JoinCodeError));
    }

    #[test]
    fn an_empty_secret_opens_nothing() {
        assert!(!join_secret_fits(&[0; 16], ""));
        assert!(!join_secret_fits(&[0; 16], "0"));
        assert!(join_secret_fits(&[0; 16], "000000"));
    }
}
