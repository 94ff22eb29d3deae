//! Barcodes: Code 128 for texts, EAN-13 for product numbers.

use thiserror::Error;

use super::draw::{DrawError, Drawing};
use crate::bars::tables::{CODE128, CODE128_STOP, EAN_LEFT, EAN_PARITY};

/// The longest text that is put into bars; longer ones no reader finds on paper.
const MAX_CHARS: usize = 80;

/// Why no barcode was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BarsError {
    #[error("a barcode holds 1 to {MAX_CHARS} characters")]
    Length,
    #[error("a character that this barcode cannot hold")]
    Character,
    #[error("the last digit should be {expected}")]
    CheckDigit { expected: u8 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symbology {
    Code128,
    Ean13,
}

/// A barcode: modules from left to right, true for dark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bars {
    symbology: Symbology,
    text: String,
    modules: Vec<bool>,
}

impl Bars {
    pub fn symbology(&self) -> Symbology {
        self.symbology
    }

    /// What it says, check digit included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Without the quiet zones.
    pub fn modules(&self) -> &[bool] {
        &self.modules
    }

    /// White modules that belong left and right.
    pub fn quiet(&self) -> (usize, usize) {
        match self.symbology {
            Symbology::Code128 => (10, 10),
            Symbology::Ean13 => (11, 7),
        }
    }

    fn drawn<T>(&self, height: usize, draw: impl FnOnce(Drawing<'_>) -> T) -> T {
        let (left, right) = self.quiet();
        draw(Drawing {
            rows: std::slice::from_ref(&self.modules),
            row_height: height,
            quiet: (left, right, 0),
        })
    }

    /// Black on white, one unit a module and `height` modules high.
    pub fn svg(&self, height: usize) -> String {
        self.drawn(height, |drawing| drawing.svg())
    }

    /// The same as a PNG of one bit a pixel, `scale` pixels a module.
    pub fn png(&self, height: usize, scale: usize) -> Result<Vec<u8>, DrawError> {
        self.drawn(height, |drawing| drawing.png(scale))
    }
}

/// Appends bars and spaces of these widths, a bar first.
fn append(modules: &mut Vec<bool>, widths: &[u8], dark_first: bool) {
    let mut dark = dark_first;
    for &width in widths {
        modules.extend(std::iter::repeat_n(dark, usize::from(width)));
        dark = !dark;
    }
}

/// Code 128 of printable ASCII, pairs of digits packed where that is shorter.
pub fn code128(text: &str) -> Result<Bars, BarsError> {
    if text.is_empty() || text.len() > MAX_CHARS {
        return Err(BarsError::Length);
    }
    let bytes = text.as_bytes();
    if bytes.iter().any(|b| !(32..=126).contains(b)) {
        return Err(BarsError::Character);
    }
    let modules_of = code128_words(bytes);
    let mut modules = Vec::new();
    for word in modules_of {
        append(&mut modules, &CODE128[usize::from(word)], true);
    }
    append(&mut modules, &CODE128_STOP, true);
    Ok(Bars {
        symbology: Symbology::Code128,
        text: text.to_owned(),
        modules,
    })
}

/// Start, symbols and check symbol.
fn code128_words(bytes: &[u8]) -> Vec<u8> {
    const TO_C: u8 = 99;
    const TO_B: u8 = 100;
    let digits_from = |at: usize| bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    // Switching costs a symbol there and one back: it pays from four digits at an end, from six between.
    let pays = |at: usize| {
        let digits = digits_from(at);
        let at_an_end = at == 0 || at + digits == bytes.len();
        digits >= if at_an_end { 4 } else { 6 } || (digits == 2 && bytes.len() == 2)
    };
    let mut words = Vec::new();
    let mut packed = pays(0);
    words.push(if packed { 105 } else { 104 });
    let mut at = 0;
    while at < bytes.len() {
        if packed {
            if digits_from(at) >= 2 {
                words.push((bytes[at] - b'0') * 10 + (bytes[at + 1] - b'0'));
                at += 2;
            } else {
                words.push(TO_B);
                packed = false;
            }
        } else if pays(at) && digits_from(at).is_multiple_of(2) {
            words.push(TO_C);
            packed = true;
        } else {
            words.push(bytes[at] - 32);
            at += 1;
        }
    }
    let sum: usize = words
        .iter()
        .enumerate()
        .map(|(place, &word)| place.max(1) * usize::from(word))
        .sum();
    words.push((sum % 103) as u8);
    words
}

/// EAN-13 of twelve digits, or of thirteen with the right check digit.
pub fn ean13(digits: &str) -> Result<Bars, BarsError> {
    if digits.len() != 12 && digits.len() != 13 {
        return Err(BarsError::Length);
    }
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BarsError::Character);
    }
    let mut values: Vec<u8> = digits.bytes().map(|b| b - b'0').collect();
    let expected = check_digit(&values[..12]);
    match values.get(12) {
        Some(&given) if given != expected => return Err(BarsError::CheckDigit { expected }),
        Some(_) => {}
        None => values.push(expected),
    }
    let mut modules = Vec::new();
    append(&mut modules, &[1, 1, 1], true);
    let parity = EAN_PARITY[usize::from(values[0])];
    for (place, &digit) in values[1..7].iter().enumerate() {
        let mut widths = EAN_LEFT[usize::from(digit)];
        if parity >> (5 - place) & 1 == 1 {
            widths.reverse();
        }
        append(&mut modules, &widths, false);
    }
    append(&mut modules, &[1, 1, 1, 1, 1], false);
    for &digit in &values[7..] {
        append(&mut modules, &EAN_LEFT[usize::from(digit)], true);
    }
    append(&mut modules, &[1, 1, 1], true);
    Ok(Bars {
        symbology: Symbology::Ean13,
        text: values.iter().map(|v| char::from(b'0' + v)).collect(),
        modules,
    })
}

/// The check digit of EAN and UPC: from the right, every other digit counts three times.
pub(crate) fn check_digit(digits: &[u8]) -> u8 {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, &d)| u32::from(d) * if i % 2 == 0 { 3 } else { 1 })
        .sum();
    ((10 - sum % 10) % 10) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ean_knows_its_check_digit() {
        let made = ean13("400638133393").expect("made");
        assert_eq!(made.text(), "4006381333931");
        assert_eq!(made.modules().len(), 95);
        assert_eq!(ean13("4006381333930"), Err(BarsError::CheckDigit { expected: 1 }));
        assert_eq!(ean13("40063813339"), Err(BarsError::Length));
        assert_eq!(ean13("40063813339x"), Err(BarsError::Character));
    }

    #[test]
    fn code_128_packs_digits() {
        // By hand: (104 + 48 + 2*42 + 3*42 + 4*17 + 5*18 + 6*19 + 7*35) % 103.
        assert_eq!(code128_words(b"PJJ123C"), [104, 48, 42, 42, 17, 18, 19, 35, 55]);
        assert_eq!(code128_words(b"123456"), [105, 12, 34, 56, 44]);
        assert_eq!(code128_words(b"A1234567"), [104, 33, 17, 99, 23, 45, 67, 54]);
        assert_eq!(code128("123456").expect("made").modules().len(), 5 * 11 + 13);
        assert_eq!(code128(""), Err(BarsError::Length));
        assert_eq!(code128("grün"), Err(BarsError::Character));
    }

    #[test]
    fn bars_have_their_quiet_zones() {
        let svg = ean13("4006381333931").expect("made").svg(50);
        assert!(
            svg.contains("viewBox=\"0 0 113 50\"") && svg.contains("M11 0h1v50h-1z"),
            "{svg}"
        );
    }
}
