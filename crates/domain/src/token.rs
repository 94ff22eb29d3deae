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
    let bytes = from_base32(characters)?;
    let mut reader = Reader { rest: &bytes };
    let body = reader.body()?;
    let signature: [u8; SIGNATURE_BYTES] = match reader.rest.len() {
        ..SIGNATURE_BYTES => return Err(TokenError::Truncated),
        _ => reader.rest.try_into().map_err(|_| TokenError::Malformed)?,
    };
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
    // The signature alone is 103 characters.
    const SHORTEST: usize = 100;
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

fn from_base32(characters: impl Iterator<Item = char>) -> Result<Vec<u8>, TokenError> {
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
    // No whole bytes end with five or more bits to spare, and the spare ones are zero: one text per token.
    if count >= 5 {
        return Err(TokenError::Truncated);
    }
    if bits & ((1 << count) - 1) != 0 {
        return Err(TokenError::Malformed);
    }
    Ok(bytes)
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
