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
pub(super) const QUIET: f32 = 4.5;
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

/// How long modules are along a code, and how much wider than they should be its bars are, in modules.
struct Grid {
    /// Where the first and the last guard are, and the module there.
    ends: [(f32, f32); 2],
    spread: f32,
}

impl Grid {
    /// Straight between the first guard and the last.
    fn module_at(&self, place: f32) -> f32 {
        let [(left, first), (right, last)] = self.ends;
        first + (last - first) * ((place - left) / (right - left)).clamp(0.0, 1.0)
    }
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

    /// The grid of a code with so many elements whose guards (first element, how many) have one module each: white must
    /// be on both sides, and modules may grow from one side to the other as they do on a slanted picture.
    fn framed(&self, elements: usize, guards: &[(usize, usize)]) -> Option<Grid> {
        if self.edges.len() <= elements {
            return None;
        }
        let mut ends = [(0.0f32, 0.0f32); 2];
        let (mut bars, mut spaces) = ((0f32, 0f32), (0f32, 0f32));
        for (nth, &(first, count)) in guards.iter().enumerate() {
            let module = self.span(first, count) / count as f32;
            for at in first..first + count {
                let modules = self.width(at) / module;
                if (modules - 1.0).abs() > 0.65 {
                    return None;
                }
                let sum = if at % 2 == 0 { &mut bars } else { &mut spaces };
                sum.0 += modules;
                sum.1 += 1.0;
            }
            let guard = (self.edges[first].at + self.span(first, count) / 2.0, module);
            // What lies between the first and the last is passed over.
            ends[nth.min(1)] = guard;
        }
        let [(_, left), (_, right)] = ends;
        if left.max(right) > 2.5 * left.min(right)
            || self.before < QUIET * left
            || self.space_after(elements) < QUIET * right
        {
            return None;
        }
        let mean = |sum: (f32, f32)| if sum.1 > 0.0 { sum.0 / sum.1 } else { 1.0 };
        Some(Grid {
            ends,
            spread: ((mean(bars) - mean(spaces)) / 2.0).clamp(-0.5, 0.5),
        })
    }

    /// The digit in four elements and whether it is of even parity (mirrored).
    fn digit(&self, first: usize, grid: &Grid) -> Option<(u8, bool)> {
        let span = self.span(first, 4);
        let expected = grid.module_at(self.edges[first].at + span / 2.0);
        if (span / expected / 7.0 - 1.0).abs() > 0.22 {
            return None;
        }
        let mut widths: [f32; 4] = self.widths(first, span / 7.0);
        let spread = grid.spread;
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
        let grid = self.framed(59, &[(0, 3), (27, 5), (56, 3)])?;
        let mut digits = [(0, false); 12];
        for (nth, out) in digits.iter_mut().enumerate() {
            let first = if nth < 6 { 3 + 4 * nth } else { 8 + 4 * nth };
            *out = self.digit(first, &grid)?;
        }
        ean13_of(&digits, self.edges[0].at, self.edges[59].at)
    }

    fn ean8(&self) -> Option<Read> {
        let grid = self.framed(43, &[(0, 3), (19, 5), (40, 3)])?;
        let mut digits = Vec::with_capacity(8);
        for first in [3, 7, 11, 15, 24, 28, 32, 36] {
            match self.digit(first, &grid)? {
                (digit, false) => digits.push(digit),
                (_, true) => return None,
            }
        }
        (check_digit(&digits[..7]) == digits[7]).then(|| self.found(Kind::Ean8, &digits, 43))
    }

    fn upc_e(&self) -> Option<Read> {
        let grid = self.framed(33, &[(0, 3), (27, 6)])?;
        let mut six = [0u8; 6];
        let mut parity = 0u8;
        for (i, out) in six.iter_mut().enumerate() {
            let (digit, even) = self.digit(3 + 4 * i, &grid)?;
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

/// EAN-13 of its twelve digits and whether each is of even parity.
pub(super) fn ean13_of(read: &[(u8, bool); 12], from: f32, to: f32) -> Option<Read> {
    let (left, right) = read.split_at(6);
    if right.iter().any(|(_, even)| *even) {
        return None;
    }
    let parity = left.iter().fold(0, |bits, (_, even)| bits << 1 | u8::from(*even));
    let first = EAN_PARITY.iter().position(|&p| p == parity)? as u8;
    let mut digits = vec![first];
    digits.extend(read.iter().map(|(digit, _)| *digit));
    if check_digit(&digits[..12]) != digits[12] {
        return None;
    }
    // A first digit of 0 is how UPC-A looks in EAN-13.
    let (kind, told) = if first == 0 {
        (Kind::UpcA, &digits[1..])
    } else {
        (Kind::Ean13, &digits[..])
    };
    Some(Read {
        kind,
        text: told.iter().map(|d| char::from(b'0' + d)).collect(),
        from,
        to,
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Edges of these elements, a bar first, so many pixels a module, with white before and after.
    fn edges(widths: &[u8], module: f32, white: f32) -> (Vec<Edge>, f32) {
        let mut at = white * module;
        let mut edges = vec![Edge { at, darker: true }];
        for &width in widths {
            at += f32::from(width) * module;
            let darker = !edges[edges.len() - 1].darker;
            edges.push(Edge { at, darker });
        }
        (edges, at + white * module)
    }

    fn digit(value: u8, even: bool) -> [u8; 4] {
        let mut widths = EAN_LEFT[usize::from(value)];
        if even {
            widths.reverse();
        }
        widths
    }

    fn texts(widths: &[u8], white: f32) -> Vec<(Kind, String)> {
        let (edges, length) = edges(widths, 2.3, white);
        read(&edges, length)
            .into_iter()
            .map(|read| (read.kind, read.text))
            .collect()
    }

    fn ean8() -> Vec<u8> {
        let mut widths = vec![1, 1, 1];
        for value in [9, 6, 3, 8] {
            widths.extend(digit(value, false));
        }
        widths.extend([1; 5]);
        for value in [5, 0, 7, 4] {
            widths.extend(digit(value, false));
        }
        widths.extend([1; 3]);
        widths
    }

    #[test]
    fn ean_8_is_read_both_ways() {
        let mut widths = ean8();
        assert_eq!(texts(&widths, 7.0), [(Kind::Ean8, "96385074".to_owned())]);
        widths.reverse();
        assert_eq!(texts(&widths, 7.0), [(Kind::Ean8, "96385074".to_owned())]);
    }

    #[test]
    fn without_white_around_nothing_is_read() {
        assert_eq!(texts(&ean8(), 3.0), []);
    }

    #[test]
    fn a_wrong_check_digit_is_no_code() {
        let mut widths = ean8();
        // The last digit becomes a 5.
        widths[36..40].copy_from_slice(&digit(5, false));
        assert_eq!(texts(&widths, 7.0), []);
    }

    #[test]
    fn upc_e_is_read() {
        // 0 123456 5 stands for 012345000065; its check digit is in the parities.
        let mut widths = vec![1, 1, 1];
        for (value, even) in [
            (1, true),
            (2, false),
            (3, false),
            (4, true),
            (5, true),
            (6, false),
        ] {
            widths.extend(digit(value, even));
        }
        widths.extend([1; 6]);
        assert_eq!(texts(&widths, 9.0), [(Kind::UpcE, "01234565".to_owned())]);
    }
}
