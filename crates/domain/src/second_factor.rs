//! The second proof that somebody is who they say: the digits of an authenticator (RFC 6238), recovery codes, and what
//! a password has to be. Where secrets are kept and what was used already is for the floors above.

use crate::{text::digit_value, time::Moment};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use thiserror::Error;

/// How long an authenticator shows the same digits.
pub const STEP_MS: i64 = 30_000;
/// How many random bytes make an authenticator's secret: as many as SHA-1 gives.
pub const SECRET_BYTES: usize = 20;
pub const RECOVERY_CODES: usize = 10;
/// How many random bytes make a recovery code: sixty bits of them are used.
pub const RECOVERY_BYTES: usize = 12;
/// How long what somebody proved with a code counts as fresh.
pub const FRESH_MS: i64 = 10 * 60_000;
/// Digits of so many steps before or after now mean that a clock is wrong: twenty minutes.
const TOLD_STEPS: i64 = 40;

pub const PASSWORD_LEAST: usize = 10;
pub const PASSWORD_MOST: usize = 200;

/// What digits that somebody typed are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digits {
    /// Those of this step, which is now, the one before, or the next.
    Right { step: i64 },
    /// Those of this step, which is too far from now to open: a clock is wrong, here or there.
    AnotherTime { step: i64, ahead_ms: i64 },
}

/// Why a password is not good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordError {
    #[error("a password has at least 10 characters")]
    TooShort,
    #[error("a password has at most 200 characters")]
    TooLong,
    #[error("the name is no password")]
    TheName,
    #[error("the same sign again and again is no password")]
    AllTheSame,
}

/// The digits at one step: SHA-1, six of them.
pub fn digits(secret: &[u8], step: i64) -> u32 {
    // Any length of a key is fine for HMAC.
    let Ok(mut mac) = <Hmac<Sha1> as Mac>::new_from_slice(secret) else {
        return 0;
    };
    mac.update(&step.to_be_bytes());
    let tag: [u8; 20] = mac.finalize().into_bytes().into();
    let at = usize::from(tag[19] & 15);
    let number = u32::from_be_bytes([tag[at] & 127, tag[at + 1], tag[at + 2], tag[at + 3]]);
    number % 1_000_000
}

/// Six digits in any script, with blanks between them or not.
pub fn number(typed: &str) -> Option<u32> {
    let mut number = 0;
    let mut count = 0;
    for sign in typed.chars().filter(|sign| !sign.is_whitespace()) {
        number = number * 10 + u32::from(digit_value(sign)?);
        count += 1;
        if count > 6 {
            return None;
        }
    }
    (count == 6).then_some(number)
}

/// What these digits are at this moment; none when they are wrong.
pub fn look(secret: &[u8], typed: &str, now: Moment) -> Option<Digits> {
    let number = number(typed)?;
    let here = now.0.div_euclid(STEP_MS);
    // Now first, then ever further away.
    let near = (0..=TOLD_STEPS).flat_map(|away| [here + away, here - away]);
    let step = near.into_iter().find(|step| digits(secret, *step) == number)?;
    let off = here - step;
    Some(match off.abs() <= 1 {
        true => Digits::Right { step },
        false => Digits::AnotherTime {
            step,
            ahead_ms: off * STEP_MS,
        },
    })
}

/// The secret as authenticators read it.
pub fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut text, mut held, mut bits) = (String::new(), 0_u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[((held >> bits) & 31) as usize]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[((held << (5 - bits)) & 31) as usize]));
    }
    text
}

/// What an authenticator's camera reads: whose secret it is, and the secret.
pub fn address(issuer: &str, account: &str, secret: &[u8]) -> String {
    let (issuer, account) = (escaped(issuer), escaped(account));
    let label = match account.is_empty() {
        true => issuer.clone(),
        false => format!("{issuer}:{account}"),
    };
    format!("otpauth://totp/{label}?secret={}&issuer={issuer}", base32(secret))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.trim().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => escaped.push(char::from(byte)),
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

/// Letters and digits that nobody mixes up, in groups of four.
pub fn word(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut word = String::with_capacity(bytes.len() + bytes.len() / 4);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            word.push('-');
        }
        word.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    word
}

/// What is kept of a word instead of itself, for one purpose; as typed, without what people put between groups.
pub fn word_hash(about: &str, word: &str) -> [u8; 32] {
    let typed: String = word
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|sign| sign.to_ascii_uppercase())
        .collect();
    blake3::derive_key(about, typed.as_bytes())
}

/// Whether this can be the password of somebody who goes by that name.
pub fn check_password(password: &str, name: &str) -> Result<(), PasswordError> {
    let count = password.chars().count();
    if count < PASSWORD_LEAST {
        return Err(PasswordError::TooShort);
    }
    if count > PASSWORD_MOST {
        return Err(PasswordError::TooLong);
    }
    if password.trim().to_lowercase() == name.trim().to_lowercase() {
        return Err(PasswordError::TheName);
    }
    let first = password.chars().next();
    match password.chars().all(|sign| Some(sign) == first) {
        true => Err(PasswordError::AllTheSame),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn the_digits_are_those_of_the_standard() {
        // RFC 6238, appendix B, the last six of its eight digits.
        for (seconds, shown) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            assert_eq!(digits(SECRET, seconds / 30), shown, "{seconds}");
        }
    }

    #[test]
    fn one_step_of_skew_opens_and_more_is_called_a_clock() {
        let now = Moment(1_111_111_111_000);
        let here = now.0 / STEP_MS;
        let at = |steps: i64| look(SECRET, &format!("{:06}", digits(SECRET, here + steps)), now);
        for near in -1..=1 {
            assert_eq!(at(near), Some(Digits::Right { step: here + near }), "{near}");
        }
        for far in [-40, -20, -2, 2, 20, 40] {
            let told = Digits::AnotherTime {
                step: here + far,
                ahead_ms: -far * STEP_MS,
            };
            assert_eq!(at(far), Some(told), "{far}");
        }
        assert_eq!(at(41), None, "nobody's clock is so wrong");
    }

    #[test]
    fn digits_are_read_in_any_script_and_nothing_else_is_a_code() {
        assert_eq!(number(" 012 345 "), Some(12_345));
        assert_eq!(number("٠١٢٣٤٥"), Some(12_345));
        assert_eq!(number("०१२३४५"), Some(12_345));
        for other in ["", "12345", "1234567", "12345a", "ABCD-EFGH-JKLM", "１2345６7"] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn secrets_read_as_authenticators_read_them() {
        assert_eq!(base32(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(base32(b"f"), "MY");
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
        assert_eq!(
            address("Asha & Co", "मीना", b"foobar"),
            "otpauth://totp/Asha%20%26%20Co:%E0%A4%AE%E0%A5%80%E0%A4%A8%E0%A4%BE?secret=MZXW6YTBOI&issuer=Asha%20%26%20Co"
        );
        assert_eq!(
            address("Chandi", "", b"f"),
            "otpauth://totp/Chandi?secret=MY&issuer=Chandi"
        );
    }

    #[test]
    fn words_are_the_same_however_they_are_typed() {
        let about = "domain test one v1";
        assert_eq!(
            word_hash(about, "abcd-efgh 2345"),
            word_hash(about, "ABCDEFGH2345")
        );
        assert_ne!(word_hash(about, "ABCD"), word_hash("domain test two v1", "ABCD"));
    }

    #[test]
    fn passwords_that_anybody_would_guess_are_refused() {
        for (password, why) in [
            ("", PasswordError::TooShort),
            ("short", PasswordError::TooShort),
            ("aaaaaaaaaaaa", PasswordError::AllTheSame),
            ("asha sharma ", PasswordError::TheName),
        ] {
            assert_eq!(check_password(password, "Asha Sharma"), Err(why), "{password:?}");
        }
        assert_eq!(
            check_password(&"ab".repeat(101), "Asha"),
            Err(PasswordError::TooLong)
        );
        assert_eq!(check_password("kaju katli milk", "Asha"), Ok(()));
        assert_eq!(check_password("चार शब्द काफ़ी हैं", "Asha"), Ok(()));
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_looked_at(typed in "\\PC{0,20}", ms: i64) {
            let _ = look(SECRET, &typed, Moment(ms));
        }

        #[test]
        fn what_is_shown_now_opens_now(secret: [u8; SECRET_BYTES], seconds in 0_i64..4_000_000_000) {
            let now = Moment(seconds * 1000);
            let shown = format!("{:06}", digits(&secret, now.0 / STEP_MS));
            let right = matches!(look(&secret, &shown, now), Some(Digits::Right { .. }));
            prop_assert!(right);
        }

        #[test]
        fn words_name_their_bytes(bytes: [u8; RECOVERY_BYTES]) {
            let word = word(&bytes);
            prop_assert_eq!(word.len(), 14);
            prop_assert!(number(&word).is_none(), "no recovery code is taken for digits");
        }
    }
}
