//! Reading bars that blur has run together: the frame of the code is found by the white on both sides, and every digit
//! is the pattern whose blurred picture the grey looks most like.

use std::sync::OnceLock;

use super::{
    line::{Edge, Line},
    symbols::{Read, ean13_of},
    tables::EAN_LEFT,
};

/// Samples of a module.
const FINE: usize = 3;
/// A digit with a module to each side.
const WINDOW: usize = 9 * FINE;
/// Blurs that are tried, as deviations in modules.
const BLURS: [f32; 3] = [0.3, 0.5, 0.75];
/// Modules of EAN-13.
const MODULES: f32 = 95.0;
/// How like its picture every digit must be, and all together; 1 is alike.
const LEAST_OF_ONE: f32 = 0.72;
const LEAST_OF_ALL: f32 = 0.88;
/// How much more than the next best.
const LEAST_MARGIN: f32 = 0.04;

/// The picture of each left digit (odd, then even) under each blur, with mean 0 and length 1.
fn pictures() -> &'static [[[f32; WINDOW]; 20]; BLURS.len()] {
    static PICTURES: OnceLock<[[[f32; WINDOW]; 20]; BLURS.len()]> = OnceLock::new();
    PICTURES.get_or_init(|| {
        let mut all = [[[0.0; WINDOW]; 20]; BLURS.len()];
        for (blur, of_blur) in BLURS.iter().zip(&mut all) {
            for (index, picture) in of_blur.iter_mut().enumerate() {
                let mut widths = EAN_LEFT[index % 10];
                if index >= 10 {
                    widths.reverse();
                }
                *picture = drawn(&widths, *blur);
            }
        }
        all
    })
}

/// A space first and a bar last, between a bar on the left and a space on the right.
fn drawn(widths: &[u8; 4], blur: f32) -> [f32; WINDOW] {
    // Modules from -1 to 7: light is 1.
    let mut modules = vec![0.0];
    for (i, &width) in widths.iter().enumerate() {
        modules.extend(std::iter::repeat_n(
            f32::from(u8::from(i % 2 == 0)),
            usize::from(width),
        ));
    }
    modules.push(1.0);
    let mut picture = [0.0; WINDOW];
    for (i, out) in picture.iter_mut().enumerate() {
        let place = (i as f32 + 0.5) / FINE as f32;
        let (mut sum, mut weights) = (0.0, 0.0);
        for fine in -60..(WINDOW as i32 * 4 + 60) {
            let at = (fine as f32 + 0.5) / (4 * FINE) as f32;
            let weight = (-((at - place) / blur).powi(2) / 2.0).exp();
            let module = (at.max(0.0) as usize).min(modules.len() - 1);
            sum += weight * modules[module];
            weights += weight;
        }
        *out = sum / weights;
    }
    alike(&mut picture);
    picture
}

/// Shifts and scales to mean 0 and length 1.
fn alike(values: &mut [f32; WINDOW]) {
    let mean = values.iter().sum::<f32>() / WINDOW as f32;
    let length = values
        .iter()
        .map(|v| (v - mean).powi(2))
        .sum::<f32>()
        .sqrt()
        .max(1.0e-3);
    for value in values {
        *value = (*value - mean) / length;
    }
}

/// What digits the grey between two edges looks like.
pub(super) fn read(line: &Line, edges: &[Edge], quiet: f32) -> Vec<Read> {
    let mut found = Vec::new();
    let length = line.samples() as f32;
    for (i, start) in edges.iter().enumerate() {
        let before = i.checked_sub(1).map_or(start.at, |i| start.at - edges[i].at);
        if !start.darker || before < 5.0 {
            continue;
        }
        let mut widest = 0.0f32;
        for j in i + 1..edges.len() {
            let end = &edges[j];
            widest = widest.max(end.at - edges[j - 1].at);
            let module = (end.at - start.at) / MODULES;
            let after = edges.get(j + 1).map_or(length, |edge| edge.at) - end.at;
            if before < quiet * module || widest > 14.0 * module.max(1.0) {
                break;
            }
            let framed = !end.darker && j >= i + 19 && module > 0.75 && widest < 5.2 * module;
            if framed && after >= quiet * module {
                found.extend(between(line, start.at, end.at));
            }
        }
    }
    found
}

/// The digits between these places, read either way.
fn between(line: &Line, from: f32, to: f32) -> Option<Read> {
    [(from, to), (to, from)].into_iter().find_map(|(from, to)| {
        // Seen at a slant, the middle of the code is not in the middle of its picture.
        let (_, bow) = (-6..=6)
            .filter_map(|step| {
                let bow = step as f32 * 0.35;
                let (_, likeness, _) = digits(line, from, to, bow, 1)?;
                Some((likeness, bow))
            })
            .max_by(|a, b| a.0.total_cmp(&b.0))?;
        let (digits, likeness, margin) = (0..BLURS.len())
            .filter_map(|blur| digits(line, from, to, bow, blur))
            .max_by(|a, b| a.1.total_cmp(&b.1))?;
        if likeness < LEAST_OF_ALL || margin < LEAST_MARGIN {
            return None;
        }
        ean13_of(&digits, from, to)
    })
}

/// The twelve digits with their parity, how alike they are in the mean, and the smallest margin.
type Digits = ([(u8, bool); 12], f32, f32);

fn digits(line: &Line, from: f32, to: f32, bow: f32, blur: usize) -> Option<Digits> {
    let module = (to - from) / MODULES;
    // The bow is how many modules the middle lies farther along.
    let place = |k: f32| from + module * (k + bow * 4.0 * k * (MODULES - k) / (MODULES * MODULES));
    let pictures = &pictures()[blur];
    let mut out = [(0, false); 12];
    let (mut all, mut margin) = (0f32, f32::MAX);
    for (nth, out) in out.iter_mut().enumerate() {
        let (first, right) = if nth < 6 {
            (3 + 7 * nth, false)
        } else {
            (50 + 7 * (nth - 6), true)
        };
        let mut window = [0f32; WINDOW];
        for (i, value) in window.iter_mut().enumerate() {
            *value = line.at(place(first as f32 - 1.0 + (i as f32 + 0.5) / FINE as f32));
        }
        alike(&mut window);
        let (mut best, mut second, mut which) = (-1.0f32, -1.0f32, 0usize);
        // On the right, light and dark are exchanged and all digits are odd.
        let sign = if right { -1.0 } else { 1.0 };
        for (index, picture) in pictures[..if right { 10 } else { 20 }].iter().enumerate() {
            let likeness = sign * window.iter().zip(picture).map(|(a, b)| a * b).sum::<f32>();
            if likeness > best {
                (second, best, which) = (best, likeness, index);
            } else {
                second = second.max(likeness);
            }
        }
        if best < LEAST_OF_ONE - 0.2 {
            return None;
        }
        if best < LEAST_OF_ONE {
            margin = -1.0;
        }
        *out = ((which % 10) as u8, which >= 10);
        all += best / 12.0;
        margin = margin.min(best - second);
    }
    Some((out, all, margin))
}
