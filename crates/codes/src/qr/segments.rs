//! The text inside corrected codewords. Kanji mode is left out: such a symbol is not read.

const ALPHANUMERIC: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn left(&self) -> usize {
        self.bytes.len() * 8 - self.at
    }

    fn take(&mut self, count: usize) -> Option<usize> {
        if count > self.left() {
            return None;
        }
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | usize::from(self.bytes[self.at / 8] >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }
}

/// The bytes that the segments spell.
///
/// `None` when they are not well formed, the padding after them included: that is one more check against a misread.
pub(crate) fn spelled(codewords: &[u8], version: usize) -> Option<Vec<u8>> {
    let mut bits = Bits {
        bytes: codewords,
        at: 0,
    };
    let size_class = match version {
        1..=9 => 0,
        10..=26 => 1,
        _ => 2,
    };
    let mut out = Vec::new();
    while bits.left() >= 4 {
        match bits.take(4)? {
            0 => break,
            1 => {
                let mut left = bits.take([10, 12, 14][size_class])?;
                while left > 0 {
                    let digits = left.min(3);
                    let value = bits.take([0, 4, 7, 10][digits])?;
                    if value >= [1, 10, 100, 1000][digits] {
                        return None;
                    }
                    out.extend(format!("{value:0digits$}").bytes());
                    left -= digits;
                }
            }
            2 => {
                let mut left = bits.take([9, 11, 13][size_class])?;
                while left >= 2 {
                    let pair = bits.take(11)?;
                    out.push(*ALPHANUMERIC.get(pair / 45)?);
                    out.push(ALPHANUMERIC[pair % 45]);
                    left -= 2;
                }
                if left == 1 {
                    out.push(*ALPHANUMERIC.get(bits.take(6)?)?);
                }
            }
            3 => {
                bits.take(16)?;
            }
            4 => {
                for _ in 0..bits.take([8, 16, 16][size_class])? {
                    out.push(bits.take(8)? as u8);
                }
            }
            5 => {}
            9 => {
                bits.take(8)?;
            }
            7 => {
                // The character set is not acted upon: bytes that are UTF-8 are text, others are given as they are.
                let first = bits.take(8)?;
                match first {
                    0..=127 => {}
                    128..=191 => {
                        bits.take(8)?;
                    }
                    192..=223 => {
                        bits.take(16)?;
                    }
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
    let to_byte = bits.left() % 8;
    if bits.take(to_byte)? != 0 {
        return None;
    }
    let rest = &codewords[bits.at / 8..];
    // Some makers pad with zeros.
    let as_the_standard_says = rest.iter().zip([0xEC, 0x11].iter().cycle()).all(|(a, b)| a == b);
    let padded = as_the_standard_says || rest.iter().all(|&v| v == 0);
    (padded && !out.is_empty()).then_some(out)
}
