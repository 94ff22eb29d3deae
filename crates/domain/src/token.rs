//! The token a guest carries from the cash counter to the sales counter: its bytes and its text.
//!
//! Compact, because long codes scan badly from thermal paper and cracked phones: `P1`, then Base32 of the body and
//! its Ed25519 signature, which a QR code packs in its alphanumeric mode. Keys, signing and verifying live above; a
//! token split here is well formed, and nothing more is known about it.

use thiserror::Error;

use crate::barcode::{MAX_SCAN_CHARS, strip_scanner_marks};
use crate::ids::{OrderId, uuid_ms};
use crate::money::Money;
use crate::numbers::ShortNumber;
use crate::quantity::MAX_MILLI;
use crate::time::Moment;

/// The most lines a token lists; above, it carries their number and a digest.
pub const MAX_LISTED_LINES: usize = 20;
/// The version this program writes.
pub const VERSION: u8 = 1;
/// How far ahead the clock of the counter that made a token may be.
pub const CLOCK_AHEAD_MS: i64 = 26 * 3_600_000;

const SIGNATURE_BYTES: usize = 64;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Why a text is not a token that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    #[error("not one of our tokens")]
    NotOurs,
    #[error("longer than any token")]
    TooLong,
    #[error("a token of version {0}, which this program does not know")]
    UnknownVersion(u8),
    #[error("only a part of a token")]
    Truncated,
    #[error("the token is damaged")]
    Malformed,
}

/// Why a token, though genuine, is not accepted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenRefusal {
    #[error("the token has expired")]
    Expired,
    #[error("a newer token was issued for this order")]
    Superseded,
    #[error("the token was issued in the future")]
    NotYetValid,
}

/// One line of the order: what, and how many thousandths of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenLine {
    /// [`ShortNumber::OPEN`] for a line that is not in the catalogue.
    pub item: ShortNumber,
    pub milli: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenLines {
    Listed(Vec<TokenLine>),
    Digest { count: u32, digest: [u8; 16] },
}

impl TokenLines {
    /// As a token carries them: listed while they are few, else counted and digested.
    pub fn of(lines: &[TokenLine]) -> TokenLines {
        if lines.len() <= MAX_LISTED_LINES {
            return TokenLines::Listed(lines.to_vec());
        }
        TokenLines::Digest {
            count: u32::try_from(lines.len()).unwrap_or(u32::MAX),
            digest: digest_of(lines),
        }
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenBody {
    pub key_id: [u8; 4],
    pub order: OrderId,
    /// A re-issue raises it, which ends the older token.
    pub generation: u32,
    /// Kept to the second.
    pub issued: Moment,
    /// Kept to the minute, rounded up.
    pub expires: Moment,
    pub total: Money,
    pub lines: TokenLines,
}

/// A token taken apart. The signature is over `body_bytes` and is not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    pub body_bytes: Vec<u8>,
    pub signature: [u8; 64],
    pub body: TokenBody,
}

/// The body's bytes, which are what is signed.
///
/// More than [`MAX_LISTED_LINES`] listed lines are written as their digest. Times are cut to the precision that
/// [`TokenBody`] names.
pub fn encode_body(body: &TokenBody) -> Vec<u8> {
    let mut out = Vec::with_capacity(96);
    out.extend(body.key_id);
    out.extend(body.order.bytes());
    put_varint(&mut out, u64::from(body.generation));
    let issued = body.issued.0.div_euclid(1000);
    put_varint(&mut out, zigzag(issued - order_second(body.order)));
    let expires = body.expires.0.div_euclid(60_000) + i64::from(body.expires.0.rem_euclid(60_000) != 0);
    put_varint(&mut out, zigzag(expires - issued.div_euclid(60)));
    put_varint(&mut out, zigzag(body.total.minor()));
    match &body.lines {
        TokenLines::Listed(lines) if lines.len() <= MAX_LISTED_LINES => {
            put_varint(&mut out, (lines.len() as u64) << 1);
            put_lines(&mut out, lines);
        }
        TokenLines::Listed(lines) => put_digest(&mut out, lines.len() as u64, &digest_of(lines)),
        TokenLines::Digest { count, digest } => put_digest(&mut out, u64::from(*count), digest),
    }
    out
}

/// The text of a token.
pub fn join(body: &[u8], signature: &[u8; 64]) -> String {
    let mut text = format!("P{VERSION}");
    let (mut bits, mut count) = (0u32, 0);
    for byte in body.iter().chain(signature) {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(ALPHABET[(bits >> count & 31) as usize]));
        }
        bits &= 31;
    }
    if count > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - count) & 31) as usize]));
    }
    text
}

/// Takes a scanned or typed token apart. Lower case, blanks, line breaks and scanner marks do no harm.
pub fn split(text: &str) -> Result<Signed, TokenError> {
    if text.len() > MAX_SCAN_CHARS && text.chars().nth(MAX_SCAN_CHARS).is_some() {
        return Err(TokenError::TooLong);
    }
    let mut characters = strip_scanner_marks(text)
        .chars()
        .filter(|character| !character.is_whitespace() && !character.is_control());
    match (
        characters.next(),
        characters.next().and_then(|version| version.to_digit(10)),
    ) {
        (Some('P' | 'p'), Some(1)) => {}
        (Some('P' | 'p'), Some(version)) => return Err(TokenError::UnknownVersion(version as u8)),
        _ => return Err(TokenError::NotOurs),
    }
    let (bytes, is_clean) = from_base32(characters)?;
    let mut reader = Reader { rest: &bytes };
    let body = reader.body()?;
    let signature: [u8; SIGNATURE_BYTES] = match reader.rest.len() {
        ..SIGNATURE_BYTES => return Err(TokenError::Truncated),
        _ => reader.rest.try_into().map_err(|_| TokenError::Malformed)?,
    };
    if !is_clean {
        return Err(TokenError::Malformed);
    }
    let body_bytes = bytes[..bytes.len() - SIGNATURE_BYTES].to_vec();
    Ok(Signed {
        body_bytes,
        signature,
        body,
    })
}

/// Whether a genuine token is good now. `current_generation` is that of the order, where it has arrived already.
///
/// A clock that is a little ahead at the counter which made the token refuses no guest.
pub fn check(body: &TokenBody, now: Moment, current_generation: Option<u32>) -> Result<(), TokenRefusal> {
    if now >= body.expires {
        return Err(TokenRefusal::Expired);
    }
    if current_generation.is_some_and(|current| body.generation < current) {
        return Err(TokenRefusal::Superseded);
    }
    if body.issued > now.plus_ms(CLOCK_AHEAD_MS) {
        return Err(TokenRefusal::NotYetValid);
    }
    Ok(())
}

/// The digest that stands for many lines.
pub fn digest_of(lines: &[TokenLine]) -> [u8; 16] {
    let mut bytes = Vec::new();
    put_varint(&mut bytes, lines.len() as u64);
    put_lines(&mut bytes, lines);
    let hash = blake3::derive_key("Chandi token, lines, version 1", &bytes);
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash[..16]);
    digest
}

/// Whether a text has the outline of a token of any version. Short codes that start with P and a digit have not.
pub(crate) fn looks_like_token(text: &str) -> bool {
    // Half a token is still one, so that the cashier reads "only a part of it"; no product code is this long.
    const SHORTEST: usize = 32;
    let mut characters = text
        .chars()
        .filter(|character| !character.is_whitespace() && !character.is_control());
    matches!(characters.next(), Some('P' | 'p'))
        && characters.next().is_some_and(|version| version.is_ascii_digit())
        && characters
            .clone()
            .all(|character| base32_value(character).is_some())
        && characters.count() >= SHORTEST
}

fn order_second(order: OrderId) -> i64 {
    // 48 bits of milliseconds: always in range.
    (uuid_ms(order.uuid()) / 1000) as i64
}

fn put_digest(out: &mut Vec<u8>, count: u64, digest: &[u8; 16]) {
    put_varint(out, count << 1 | 1);
    out.extend(digest);
}

fn put_lines(out: &mut Vec<u8>, lines: &[TokenLine]) {
    for line in lines {
        put_short(out, line.item);
        // Whole numbers lose their thousandths, so that up to 63 fit in one byte.
        match line.milli % 1000 {
            0 => put_varint(out, zigzag_free(line.milli / 1000) << 1),
            _ => put_varint(out, zigzag_free(line.milli) << 1 | 1),
        }
    }
}

/// Quantities are never negative, and small enough to be shifted by one.
fn zigzag_free(milli: i64) -> u64 {
    u64::try_from(milli).unwrap_or(0).min(1 << 62)
}

/// Small numbers of the first fifteen devices take two bytes. Behind them: the count, the ordinal in the last four
/// bits, or fifteen there and the rest of the ordinal after it.
const SHORT_SMALL: u64 = 15 << 10;

fn put_short(out: &mut Vec<u8>, item: ShortNumber) {
    let (ordinal, counter) = (u64::from(item.ordinal), u64::from(item.counter));
    if ordinal < 15 && counter < 1024 {
        return put_varint(out, ordinal << 10 | counter);
    }
    put_varint(out, SHORT_SMALL + (counter << 4 | ordinal.min(15)));
    if let Some(rest) = ordinal.checked_sub(15) {
        put_varint(out, rest);
    }
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn base32_value(character: char) -> Option<u32> {
    match character {
        'A'..='Z' => Some(character as u32 - 'A' as u32),
        'a'..='z' => Some(character as u32 - 'a' as u32),
        '2'..='7' => Some(character as u32 - '2' as u32 + 26),
        _ => None,
    }
}

/// The whole bytes, and whether nothing but zero bits was left over, so that each token has one text.
fn from_base32(characters: impl Iterator<Item = char>) -> Result<(Vec<u8>, bool), TokenError> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0u32, 0u32);
    for character in characters {
        bits = bits << 5 | base32_value(character).ok_or(TokenError::Malformed)?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
        bits &= 0xff;
    }
    Ok((bytes, count < 5 && bits & ((1 << count) - 1) == 0))
}

/// Reads what the `put_` functions wrote, and only that: every body has one spelling.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn body(&mut self) -> Result<TokenBody, TokenError> {
        let key_id = self.array()?;
        let order = OrderId::from_bytes(self.array()?);
        let generation = u32::try_from(self.varint()?).map_err(|_| TokenError::Malformed)?;
        let issued = order_second(order)
            .checked_add(unzigzag(self.varint()?))
            .ok_or(TokenError::Malformed)?;
        let expires = issued
            .div_euclid(60)
            .checked_add(unzigzag(self.varint()?))
            .ok_or(TokenError::Malformed)?;
        let total = Money::from_minor(unzigzag(self.varint()?));
        let lines = self.lines()?;
        Ok(TokenBody {
            key_id,
            order,
            generation,
            issued: Moment(issued.checked_mul(1000).ok_or(TokenError::Malformed)?),
            expires: Moment(expires.checked_mul(60_000).ok_or(TokenError::Malformed)?),
            total,
            lines,
        })
    }

    fn lines(&mut self) -> Result<TokenLines, TokenError> {
        let head = self.varint()?;
        if head & 1 == 1 {
            let count = u32::try_from(head >> 1).map_err(|_| TokenError::Malformed)?;
            return Ok(TokenLines::Digest {
                count,
                digest: self.array()?,
            });
        }
        if head >> 1 > MAX_LISTED_LINES as u64 {
            return Err(TokenError::Malformed);
        }
        let mut lines = Vec::new();
        for _ in 0..head >> 1 {
            lines.push(TokenLine {
                item: self.short()?,
                milli: self.milli()?,
            });
        }
        Ok(TokenLines::Listed(lines))
    }

    fn short(&mut self) -> Result<ShortNumber, TokenError> {
        let value = self.varint()?;
        let Some(value) = value.checked_sub(SHORT_SMALL) else {
            return Ok(ShortNumber {
                ordinal: (value >> 10) as u16,
                counter: (value & 1023) as u32,
            });
        };
        let counter = u32::try_from(value >> 4).map_err(|_| TokenError::Malformed)?;
        let ordinal = match value & 15 {
            15 => self.varint()?.checked_add(15).ok_or(TokenError::Malformed)?,
            ordinal => ordinal,
        };
        let ordinal = u16::try_from(ordinal).map_err(|_| TokenError::Malformed)?;
        if ordinal < 15 && counter < 1024 {
            return Err(TokenError::Malformed);
        }
        Ok(ShortNumber { ordinal, counter })
    }

    fn milli(&mut self) -> Result<i64, TokenError> {
        let value = self.varint()?;
        let number = i64::try_from(value >> 1).map_err(|_| TokenError::Malformed)?;
        let milli = match value & 1 {
            0 => number.checked_mul(1000).ok_or(TokenError::Malformed)?,
            _ if number % 1000 == 0 => return Err(TokenError::Malformed),
            _ => number,
        };
        if milli > MAX_MILLI {
            Err(TokenError::Malformed)
        } else {
            Ok(milli)
        }
    }

    fn varint(&mut self) -> Result<u64, TokenError> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let [byte] = self.array()?;
            let part = u64::from(byte & 0x7f);
            // Ten bytes hold 70 bits; the last may bring only one.
            if shift == 63 && part > 1 {
                return Err(TokenError::Malformed);
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                // A zero at the end would be a second spelling.
                return if byte == 0 && shift > 0 {
                    Err(TokenError::Malformed)
                } else {
                    Ok(value)
                };
            }
        }
        Err(TokenError::Malformed)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], TokenError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(TokenError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::uuid_v7;
    use proptest::prelude::*;

    const NOW: i64 = 1_795_228_800_000;
    const HOUR: i64 = 3_600_000;

    fn short(ordinal: u16, counter: u32) -> ShortNumber {
        ShortNumber { ordinal, counter }
    }

    fn listed(n: u32) -> TokenLines {
        let line = |n: u32| TokenLine {
            item: short((n % 15) as u16, 1023 - n),
            milli: i64::from(n % 9 + 1) * 1000,
        };
        TokenLines::Listed((0..n).map(line).collect())
    }

    /// An order as shops have them: placed a moment ago, good until midnight, paid with a few notes.
    fn body(lines: TokenLines) -> TokenBody {
        TokenBody {
            key_id: *b"\xffkey",
            order: OrderId::from_uuid(uuid_v7(NOW as u64 - 3_500, [0xff; 10])),
            generation: 1,
            issued: Moment(NOW),
            expires: Moment(NOW + 23 * HOUR),
            total: Money::from_minor(9_999_00),
            lines,
        }
    }

    fn text(body: &TokenBody) -> String {
        join(&encode_body(body), &[0xa5; 64])
    }

    #[test]
    fn what_is_joined_splits_again() {
        let body = body(listed(5));
        let signed = split(&text(&body)).expect("splits");
        assert_eq!(signed.body, body);
        assert_eq!(signed.body_bytes, encode_body(&body));
        assert_eq!(signed.signature, [0xa5; 64]);
    }

    #[test]
    fn tokens_fit_their_qr_codes() {
        // The most alphanumeric characters at level M: 178 in version 7, 221 in 8, 311 in 10.
        for (lines, most) in [(5, 178), (10, 221), (20, 311)] {
            let length = text(&body(listed(lines))).len();
            assert!(length <= most, "{lines} lines take {length} characters of {most}");
        }
        let many: Vec<_> = (0..1000)
            .map(|n| TokenLine {
                item: short(3, n),
                milli: 1000,
            })
            .collect();
        assert!(
            text(&body(TokenLines::of(&many))).len() <= 178,
            "a digest is short"
        );
        let far = (0..20)
            .map(|n| TokenLine {
                item: short(14, 90_000 + n),
                milli: 63_000,
            })
            .collect();
        let length = text(&body(TokenLines::Listed(far))).len();
        assert!(length <= 311, "twenty lines of a large catalogue take {length}");
    }

    #[test]
    fn small_things_take_few_bytes() {
        let length = |lines: &[TokenLine]| {
            let mut out = Vec::new();
            put_lines(&mut out, lines);
            out.len()
        };
        assert_eq!(
            length(&[TokenLine {
                item: short(14, 1023),
                milli: 63_000
            }]),
            3
        );
        assert_eq!(
            length(&[TokenLine {
                item: short(0, 127),
                milli: 1000
            }]),
            2
        );
        assert_eq!(
            length(&[TokenLine {
                item: ShortNumber::OPEN,
                milli: 1000
            }]),
            2
        );
        assert_eq!(
            length(&[TokenLine {
                item: short(14, 1024),
                milli: 750
            }]),
            5
        );
    }

    #[test]
    fn the_bytes_never_change() {
        let body = TokenBody {
            key_id: [1, 2, 3, 4],
            order: OrderId::from_uuid(uuid_v7(NOW as u64, [9; 10])),
            generation: 2,
            issued: Moment(NOW + 2_000),
            expires: Moment(NOW + HOUR),
            total: Money::from_minor(874_00),
            lines: TokenLines::Listed(vec![
                TokenLine {
                    item: short(1, 42),
                    milli: 2000,
                },
                TokenLine {
                    item: short(300, 5),
                    milli: 750,
                },
                TokenLine {
                    item: ShortNumber::OPEN,
                    milli: 1000,
                },
            ]),
        };
        let bytes: String = encode_body(&body)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            bytes,
            format!(
                "01020304{}02{}{}{}06{}{}{}",
                body.order.uuid().simple(),
                "04",
                "78",
                "d0d50a",
                "aa0804",
                "df78".to_owned() + "9d02" + "dd0b",
                "0002"
            )
        );
    }

    #[test]
    fn times_are_cut_to_their_precision() {
        let mut exact = body(listed(1));
        exact.issued = Moment(NOW + 999);
        exact.expires = Moment(NOW + 1);
        let read = split(&text(&exact)).expect("splits").body;
        assert_eq!(read.issued, Moment(NOW), "down to the second");
        assert_eq!(read.expires, Moment(NOW + 60_000), "up to the minute");
    }

    #[test]
    fn more_lines_than_are_listed_become_a_digest() {
        let lines: Vec<_> = (0..21)
            .map(|n| TokenLine {
                item: short(0, n),
                milli: 1000,
            })
            .collect();
        let digest = TokenLines::Digest {
            count: 21,
            digest: digest_of(&lines),
        };
        assert_eq!(TokenLines::of(&lines), digest);
        assert_eq!(
            split(&text(&body(TokenLines::Listed(lines.clone()))))
                .expect("splits")
                .body
                .lines,
            digest
        );
        assert_ne!(digest_of(&lines), digest_of(&lines[1..]));
        assert_eq!(
            TokenLines::of(&lines[..20]),
            TokenLines::Listed(lines[..20].to_vec())
        );
    }

    #[test]
    fn what_scanners_add_does_no_harm() {
        let body = body(listed(5));
        let token = text(&body);
        let broken: String = token
            .as_bytes()
            .chunks(30)
            .map(|part| format!("{}\r\n ", String::from_utf8_lossy(part)))
            .collect();
        for scanned in [
            token.to_lowercase(),
            format!("\u{2}{token}\u{3}"),
            format!("]Q3{token}\r\n"),
            format!("\u{2}]q1 {token}\n"),
            broken,
            format!("\u{feff}{token}")
                .trim_start_matches('\u{feff}')
                .to_owned(),
        ] {
            assert_eq!(
                split(&scanned).map(|signed| signed.body),
                Ok(body.clone()),
                "{scanned:?}"
            );
        }
    }

    #[test]
    fn each_refusal_says_what_is_wrong() {
        let token = text(&body(listed(5)));
        for (text, error) in [
            ("", TokenError::NotOurs),
            ("P", TokenError::NotOurs),
            ("8901030865275", TokenError::NotOurs),
            ("https://example.com", TokenError::NotOurs),
            ("Pepsi", TokenError::NotOurs),
            ("P1", TokenError::Truncated),
            ("P2", TokenError::UnknownVersion(2)),
            ("p9ABC", TokenError::UnknownVersion(9)),
            ("P1!", TokenError::Malformed),
            ("P1चाय", TokenError::Malformed),
            ("P10", TokenError::Malformed),
            (&"P".repeat(1025), TokenError::TooLong),
            (&token[..token.len() / 2], TokenError::Truncated),
            (&token[..token.len() - 1], TokenError::Truncated),
            (&format!("{token}A"), TokenError::Malformed),
            (&format!("{token}{token}"), TokenError::Malformed),
            (&token.replace("P1", "P3"), TokenError::UnknownVersion(3)),
        ] {
            assert_eq!(split(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn every_body_has_one_spelling() {
        let body = body(listed(1));
        let bytes = encode_body(&body);
        let refused = |bytes: &[u8]| split(&join(bytes, &[0; 64])).expect_err("refused");
        let mut long = bytes.clone();
        long.splice(20..21, [0x81, 0x00]);
        assert_eq!(
            refused(&long),
            TokenError::Malformed,
            "a generation of 1 in two bytes"
        );
        let mut endless = bytes.clone();
        endless.splice(20..21, [0xff; 11]);
        assert_eq!(refused(&endless), TokenError::Malformed);
        let mut trailing = bytes.clone();
        trailing.push(0);
        assert_eq!(refused(&trailing), TokenError::Malformed);
        // The last two bytes are the short number's end and the quantity.
        let mut much = bytes.clone();
        much.pop();
        put_varint(&mut much, 1_000_001 << 1);
        assert_eq!(refused(&much), TokenError::Malformed, "more than a million");
        let mut whole = bytes;
        whole.pop();
        put_varint(&mut whole, 1000 << 1 | 1);
        assert_eq!(
            refused(&whole),
            TokenError::Malformed,
            "one, written as a thousand thousandths"
        );
    }

    #[test]
    fn tokens_are_good_for_their_time() {
        let body = body(listed(1));
        let at = |ms: i64| check(&body, Moment(ms), Some(1));
        assert_eq!(at(NOW), Ok(()));
        assert_eq!(at(NOW + 23 * HOUR - 1), Ok(()));
        assert_eq!(at(NOW + 23 * HOUR), Err(TokenRefusal::Expired));
        assert_eq!(
            at(NOW - 26 * HOUR),
            Ok(()),
            "the other counter's clock may be ahead"
        );
        assert_eq!(at(NOW - 26 * HOUR - 1), Err(TokenRefusal::NotYetValid));
        assert_eq!(at(i64::MAX), Err(TokenRefusal::Expired));
        assert_eq!(at(i64::MIN), Err(TokenRefusal::NotYetValid));
    }

    #[test]
    fn a_newer_token_ends_the_older() {
        let body = TokenBody {
            generation: 2,
            ..body(listed(1))
        };
        let now = Moment(NOW);
        assert_eq!(check(&body, now, Some(3)), Err(TokenRefusal::Superseded));
        assert_eq!(check(&body, now, Some(2)), Ok(()));
        assert_eq!(
            check(&body, now, Some(1)),
            Ok(()),
            "the re-issue has not arrived here yet"
        );
        assert_eq!(check(&body, now, None), Ok(()), "nor has the order");
    }

    fn any_token_line() -> impl Strategy<Value = TokenLine> {
        let item = prop_oneof![
            (0u16..15, 0u32..1024).prop_map(|(ordinal, counter)| short(ordinal, counter)),
            (0u16..20, 0u32..5000).prop_map(|(ordinal, counter)| short(ordinal, counter)),
            (any::<u16>(), any::<u32>()).prop_map(|(ordinal, counter)| short(ordinal, counter)),
        ];
        let milli = prop_oneof![(0i64..100).prop_map(|n| n * 1000), 0..=MAX_MILLI];
        (item, milli).prop_map(|(item, milli)| TokenLine { item, milli })
    }

    fn any_body() -> impl Strategy<Value = TokenBody> {
        let lines = prop_oneof![
            prop::collection::vec(any_token_line(), 0..=MAX_LISTED_LINES).prop_map(TokenLines::Listed),
            (any::<u32>(), any::<[u8; 16]>())
                .prop_map(|(count, digest)| TokenLines::Digest { count, digest }),
        ];
        let second = -1_000_000_000_000i64..1_000_000_000_000;
        let minute = -10_000_000_000i64..10_000_000_000;
        (
            any::<[u8; 4]>(),
            any::<[u8; 16]>(),
            any::<u32>(),
            second,
            minute,
            any::<i64>(),
            lines,
        )
            .prop_map(
                |(key_id, order, generation, issued, expires, total, lines)| TokenBody {
                    key_id,
                    order: OrderId::from_bytes(order),
                    generation,
                    issued: Moment(issued * 1000),
                    expires: Moment(expires * 60_000),
                    total: Money::from_minor(total),
                    lines,
                },
            )
    }

    fn any_signature() -> impl Strategy<Value = [u8; 64]> {
        prop::collection::vec(any::<u8>(), 64).prop_map(|bytes| bytes.try_into().expect("64 bytes"))
    }

    proptest! {
        #[test]
        fn every_token_reads_back(body in any_body(), signature in any_signature()) {
            let bytes = encode_body(&body);
            let signed = split(&join(&bytes, &signature)).expect("splits");
            prop_assert_eq!(signed, Signed { body_bytes: bytes, signature, body });
        }

        #[test]
        fn times_at_the_ends_of_the_world_do_no_harm(issued: i64, expires: i64, order: [u8; 16]) {
            let body = TokenBody {
                order: OrderId::from_bytes(order),
                issued: Moment(issued),
                expires: Moment(expires),
                ..body(listed(1))
            };
            let _ = split(&text(&body));
        }

        #[test]
        fn split_survives_anything(text: String) {
            let _ = split(&text);
        }

        #[test]
        fn split_survives_any_characters_of_a_token(text in "P1[A-Z2-7]{0,400}") {
            let _ = split(&text);
        }

        #[test]
        fn split_survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(signed) = split(&join(&bytes, &[0; 64])) {
                prop_assert_eq!(encode_body(&signed.body), bytes, "what is read is written the same");
            }
        }

        #[test]
        fn a_damaged_token_never_reads_as_the_same(
            body in any_body(), place: prop::sample::Index, with in "[A-Z2-7]",
        ) {
            let token = text(&body);
            let at = 2 + place.index(token.len() - 2);
            let mut damaged = token.clone();
            damaged.replace_range(at..=at, &with);
            if let Ok(signed) = split(&damaged) {
                let same = signed.body_bytes == encode_body(&body) && signed.signature == [0xa5; 64];
                prop_assert_eq!(same, damaged == token);
                prop_assert_eq!(join(&signed.body_bytes, &signed.signature), damaged, "one text per token");
            }
        }

        #[test]
        fn a_part_of_a_token_is_never_a_token(body in any_body(), place: prop::sample::Index) {
            let token = text(&body);
            let part = &token[..place.index(token.len())];
            let error = if part.len() < 2 { TokenError::NotOurs } else { TokenError::Truncated };
            prop_assert_eq!(split(part), Err(error));
        }
    }
}
