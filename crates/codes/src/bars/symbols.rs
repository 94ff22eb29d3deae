//! From the edges on one line to what a barcode says.

use super::{
    line::Edge,
    tables::{CODE128, CODE128_STOP, EAN_LEFT, EAN_PARITY},
};
use crate::{Kind, make::check_digit};

/// What one line says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Read {
    pub kind: Kind,
    pub text: String,
    /// Where on the line it begins and ends.
    pub from: f32,
    pub to: f32,
}

/// White modules that must be there on both sides. The standards say 7 to 11; labels are cut closer.
const QUIET: f32 = 4.5;
/// The parities of the six digits of UPC-E for each check digit, number system 0; the leftmost is the highest bit.
const UPC_E_PARITY: [u8; 10] = [
    0b111000, 0b110100, 0b110010, 0b110001, 0b101100, 0b100110, 0b100011, 0b101010, 0b101001, 0b100101,
];

/// Everything that can be read along these edges of a line, both ways.
pub(super) fn read(edges: &[Edge], length: f32) -> Vec<Read> {
    if edges.len() < 30 {
        return Vec::new();
    }
    let mut found = Vec::new();
    read_forward(edges, length, &mut found);
    let backward: Vec<Edge> = edges
        .iter()
        .rev()
        .map(|edge| Edge {
            at: length - edge.at,
            darker: !edge.darker,
        })
        .collect();
    let ours = found.len();
    read_forward(&backward, length, &mut found);
    for read in &mut found[ours..] {
        (read.from, read.to) = (length - read.from, length - read.to);
    }
    found
}

fn read_forward(edges: &[Edge], length: f32, found: &mut Vec<Read>) {
    for (start, edge) in edges.iter().enumerate() {
        if !edge.darker {
            continue;
        }
        let before = start.checked_sub(1).map_or(edge.at, |i| edge.at - edges[i].at);
        let code = Elements {
            edges: &edges[start..],
            before,
            length,
        };
        found.extend(
            code.ean13()
                .or_else(|| code.ean8())
                .or_else(|| code.upc_e())
                .or_else(|| code.code128()),
        );
    }
}

/// Bars and spaces from one edge on, a bar first.
struct Elements<'a> {
    edges: &'a [Edge],
    /// The space before.
    before: f32,
    /// Where the line ends.
    length: f32,
}

impl Elements<'_> {
    fn width(&self, element: usize) -> f32 {
        self.edges[element + 1].at - self.edges[element].at
    }

    /// The white after an edge.
    fn space_after(&self, edge: usize) -> f32 {
        let next = self.edges.get(edge + 1).map_or(self.length, |edge| edge.at);
        next - self.edges[edge].at
    }

    /// The elements from one on, in modules; they must be there.
    fn widths<const N: usize>(&self, first: usize, module: f32) -> [f32; N] {
        let mut widths = [0.0; N];
        for (width, pair) in widths.iter_mut().zip(self.edges[first..].windows(2)) {
            *width = (pair[1].at - pair[0].at) / module;
        }
        widths
    }

    fn span(&self, first: usize, count: usize) -> f32 {
        self.edges[first + count].at - self.edges[first].at
    }

    /// The module when so many elements have so many modules, white is on both sides, and the thin bars at the places
    /// named are thin.
    fn framed(&self, elements: usize, modules: f32, guards: &[usize]) -> Option<f32> {
        if self.edges.len() <= elements {
            return None;
        }
        let module = self.span(0, elements) / modules;
        let after = self.space_after(elements);
        if self.before < QUIET * module || after < QUIET * module {
            return None;
        }
        let thin = |&at: &usize| (self.width(at) / module - 1.0).abs() < 0.65;
        guards.iter().all(thin).then_some(module)
    }

    /// How much wider than they should be bars are, in modules, from guards of which all elements are one module.
    fn spread(&self, module: f32, guards: &[usize]) -> f32 {
        let (mut bars, mut spaces) = ((0f32, 0f32), (0f32, 0f32));
        for &at in guards {
            let sum = if at % 2 == 0 { &mut bars } else { &mut spaces };
            sum.0 += self.width(at) / module;
            sum.1 += 1.0;
        }
        let mean = |sum: (f32, f32)| if sum.1 > 0.0 { sum.0 / sum.1 } else { 1.0 };
        ((mean(bars) - mean(spaces)) / 2.0).clamp(-0.5, 0.5)
    }

    /// The digit in four elements and whether it is of even parity (mirrored).
    fn digit(&self, first: usize, module: f32, spread: f32) -> Option<(u8, bool)> {
        let whole = self.span(first, 4) / module;
        if (whole - 7.0).abs() > 1.3 {
            return None;
        }
        let mut widths: [f32; 4] = self.widths(first, module * whole / 7.0);
        for (i, width) in widths.iter_mut().enumerate() {
            *width += if (first + i).is_multiple_of(2) {
                -spread
            } else {
                spread
            };
        }
        let (mut best, mut second) = ((f32::MAX, 0u8, false), f32::MAX);
        for (digit, pattern) in EAN_LEFT.iter().enumerate() {
            for even in [false, true] {
                let apart: f32 = (0..4)
                    .map(|i| {
                        let modules = pattern[if even { 3 - i } else { i }];
                        (widths[i] - f32::from(modules)).powi(2)
                    })
                    .sum();
                if apart < best.0 {
                    second = best.0;
                    best = (apart, digit as u8, even);
                } else {
                    second = second.min(apart);
                }
            }
        }
        (best.0 < 0.9 && second > best.0 + 0.35).then_some((best.1, best.2))
    }

    fn found(&self, kind: Kind, digits: &[u8], elements: usize) -> Read {
        Read {
            kind,
            text: digits.iter().map(|d| char::from(b'0' + d)).collect(),
            from: self.edges[0].at,
            to: self.edges[elements].at,
        }
    }

    fn ean13(&self) -> Option<Read> {
        const GUARDS: [usize; 11] = [0, 1, 2, 27, 28, 29, 30, 31, 56, 57, 58];
        let module = self.framed(59, 95.0, &GUARDS)?;
        let spread = self.spread(module, &GUARDS);
        let mut digits = vec![0u8];
        let mut parity = 0u8;
        for i in 0..6 {
            let (digit, even) = self.digit(3 + 4 * i, module, spread)?;
            digits.push(digit);
            parity = parity << 1 | u8::from(even);
        }
        for i in 0..6 {
            let (digit, even) = self.digit(32 + 4 * i, module, spread)?;
            if even {
                return None;
            }
            digits.push(digit);
        }
        digits[0] = EAN_PARITY.iter().position(|&p| p == parity)? as u8;
        if check_digit(&digits[..12]) != digits[12] {
            return None;
        }
        // A first digit of 0 is how UPC-A looks in EAN-13.
        Some(if digits[0] == 0 {
            self.found(Kind::UpcA, &digits[1..], 59)
        } else {
            self.found(Kind::Ean13, &digits, 59)
        })
    }

    fn ean8(&self) -> Option<Read> {
        const GUARDS: [usize; 11] = [0, 1, 2, 19, 20, 21, 22, 23, 40, 41, 42];
        let module = self.framed(43, 67.0, &GUARDS)?;
        let spread = self.spread(module, &GUARDS);
        let mut digits = Vec::with_capacity(8);
        for first in [3, 7, 11, 15, 24, 28, 32, 36] {
            match self.digit(first, module, spread)? {
                (digit, false) => digits.push(digit),
                (_, true) => return None,
            }
        }
        (check_digit(&digits[..7]) == digits[7]).then(|| self.found(Kind::Ean8, &digits, 43))
    }

    fn upc_e(&self) -> Option<Read> {
        const GUARDS: [usize; 9] = [0, 1, 2, 27, 28, 29, 30, 31, 32];
        let module = self.framed(33, 51.0, &GUARDS)?;
        let spread = self.spread(module, &GUARDS);
        let mut six = [0u8; 6];
        let mut parity = 0u8;
        for (i, out) in six.iter_mut().enumerate() {
            let (digit, even) = self.digit(3 + 4 * i, module, spread)?;
            *out = digit;
            parity = parity << 1 | u8::from(even);
        }
        let system = u8::from(!UPC_E_PARITY.contains(&parity));
        let looked_up = if system == 0 { parity } else { !parity & 0b11_1111 };
        let check = UPC_E_PARITY.iter().position(|&p| p == looked_up)? as u8;
        (check_digit(&upc_a_of(system, &six)) == check).then(|| {
            let digits: Vec<u8> = [&[system][..], &six, &[check]].concat();
            self.found(Kind::UpcE, &digits, 33)
        })
    }

    fn code128(&self) -> Option<Read> {
        let first = self.edges.get(6)?.at - self.edges[0].at;
        // All three start symbols begin with a bar of two modules, and a space of one.
        let bar = self.width(0) / first * 11.0;
        if self.before < QUIET * first / 11.0 || !(1.1..2.9).contains(&bar) {
            return None;
        }
        let start = self.symbol(0).filter(|word| (103..=105).contains(word))?;
        let mut words = vec![start];
        let mut first = 6;
        loop {
            if let Some(end) = self.stop(first) {
                let sum: usize = words[..words.len() - 1]
                    .iter()
                    .enumerate()
                    .map(|(place, &word)| place.max(1) * usize::from(word))
                    .sum();
                let check = words.pop()?;
                if words.len() < 2 || sum % 103 != usize::from(check) {
                    return None;
                }
                return Some(Read {
                    kind: Kind::Code128,
                    text: code128_text(&words)?,
                    from: self.edges[0].at,
                    to: self.edges[end].at,
                });
            }
            words.push(self.symbol(first).filter(|&word| word < 103)?);
            first += 6;
        }
    }

    /// The Code 128 symbol in six elements, whatever the ink did to all bars alike.
    fn symbol(&self, first: usize) -> Option<u8> {
        if self.edges.len() <= first + 6 {
            return None;
        }
        let module = self.span(first, 6) / 11.0;
        let widths: [f32; 6] = self.widths(first, module);
        let (mut best, mut second) = ((f32::MAX, 0u8), f32::MAX);
        for (value, pattern) in CODE128.iter().enumerate() {
            let apart = apart(&widths, pattern);
            if apart < best.0 {
                second = best.0;
                best = (apart, value as u8);
            } else {
                second = second.min(apart);
            }
        }
        (best.0 < 1.1 && second > best.0 + 0.3).then_some(best.1)
    }

    /// The last edge, if the seven elements from here are the end.
    fn stop(&self, first: usize) -> Option<usize> {
        let end = first + 7;
        if self.edges.len() <= end {
            return None;
        }
        let module = self.span(first, 7) / 13.0;
        let before = self.span(first - 6, 6) / 11.0;
        let widths: [f32; 7] = self.widths(first, module);
        let after = self.space_after(end);
        (apart(&widths, &CODE128_STOP) < 1.1
            && (module / before - 1.0).abs() < 0.25
            && after > QUIET * module)
            .then_some(end)
    }
}

/// How far widths are from a pattern once the spread of ink is taken out.
#[inline]
fn apart<const N: usize>(widths: &[f32; N], pattern: &[u8; N]) -> f32 {
    let (mut squares, mut spread, mut sign) = (0f32, 0f32, 1f32);
    for (width, modules) in widths.iter().zip(pattern) {
        let off = width - f32::from(*modules);
        squares += off * off;
        spread += sign * off;
        sign = -sign;
    }
    // Taking a mean out of squares takes its square out, as often as it was in; no more than ink can do.
    let count = N as f32;
    let mean = spread / count;
    let taken = mean.clamp(-0.45, 0.45);
    squares - count * (2.0 * mean * taken - taken * taken)
}

/// The eleven digits of UPC-A that the six of UPC-E stand for.
fn upc_a_of(system: u8, six: &[u8; 6]) -> [u8; 11] {
    let [a, b, c, d, e, last] = *six;
    match last {
        0..=2 => [system, a, b, last, 0, 0, 0, 0, c, d, e],
        3 => [system, a, b, c, 0, 0, 0, 0, 0, d, e],
        4 => [system, a, b, c, d, 0, 0, 0, 0, 0, e],
        _ => [system, a, b, c, d, e, 0, 0, 0, 0, last],
    }
}

/// What Code 128 words spell, start symbol first.
fn code128_text(words: &[u8]) -> Option<String> {
    #[derive(Clone, Copy, PartialEq)]
    enum Set {
        A,
        B,
        C,
    }
    let (start, rest) = words.split_first()?;
    let mut set = match start {
        103 => Set::A,
        104 => Set::B,
        _ => Set::C,
    };
    let mut text = String::new();
    let mut shifted = false;
    for (i, &word) in rest.iter().enumerate() {
        let now = match (shifted, set) {
            (true, Set::A) => Set::B,
            (true, Set::B) => Set::A,
            _ => set,
        };
        shifted = false;
        match (now, word) {
            (Set::C, 0..=99) => {
                text.push(char::from(b'0' + word / 10));
                text.push(char::from(b'0' + word % 10));
            }
            (Set::A, 64..=95) => text.push(char::from(word - 64)),
            (Set::A | Set::B, 0..=95) => text.push(char::from(word + 32)),
            (_, 102) => {
                // FNC1 in front says GS1; further on it parts two fields.
                if i > 0 {
                    text.push('\u{1d}');
                }
            }
            (Set::A, 98) | (Set::B, 98) => shifted = true,
            (_, 99) => set = Set::C,
            (Set::A | Set::C, 100) => set = Set::B,
            (Set::B | Set::C, 101) => set = Set::A,
            // FNC2 and FNC3 are for the reader itself; FNC4 (letters above ASCII) nobody prints.
            (_, 96 | 97) => {}
            _ => return None,
        }
    }
    (!text.is_empty()).then_some(text)
}
