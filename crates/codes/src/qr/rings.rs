//! Corners found in grey: a dark middle, a light ring, a dark ring, whatever blur has made of their edges.

use super::finder::Finder;
use crate::{budget::Budget, frame::Frame};

/// The smallest and largest module looked for, in pixels, and the step from one size to the next.
const SMALLEST: f32 = 1.4;
const LARGEST: f32 = 12.0;
const STEP: f32 = 1.33;
/// How many places are looked at more closely.
const MAX_PLACES: usize = 160;
/// How many of those are fitted.
const MAX_FITTED: usize = 20;
/// Turns that are tried within a quarter.
const TURNS: usize = 6;

/// Sums over rectangles.
struct Sums {
    width: usize,
    height: usize,
    sums: Vec<u32>,
}

impl Sums {
    fn of(frame: Frame<'_>) -> Sums {
        let (width, height) = (frame.width(), frame.height());
        let wide = width + 1;
        let mut sums = vec![0u32; wide * (height + 1)];
        for y in 0..height {
            let mut row = 0u32;
            let (above, here) = sums.split_at_mut((y + 1) * wide);
            let above = &above[y * wide + 1..];
            for ((out, above), value) in here[1..wide].iter_mut().zip(above).zip(frame.row(y)) {
                row = row.wrapping_add(u32::from(*value));
                *out = above.wrapping_add(row);
            }
        }
        Sums { width, height, sums }
    }

    /// The sums over the squares around the pixels of a row from `first` on, so many pixels to each side; all must
    /// lie inside.
    fn squares(&self, y: usize, first: usize, reach: usize, out: &mut [f32]) {
        let wide = self.width + 1;
        let count = out.len();
        let (top, bottom) = ((y - reach) * wide, (y + reach + 1) * wide);
        let (left, right) = (first - reach, first + reach + 1);
        let of = |row: usize, column: usize| &self.sums[row + column..row + column + count];
        let (a, b) = (of(bottom, right), of(bottom, left));
        let (c, d) = (of(top, right), of(top, left));
        for ((((out, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *out = a.wrapping_sub(*b).wrapping_sub(*c).wrapping_add(*d) as i32 as f32;
        }
    }
}

/// Places in a picture that look like corners, not in any order.
pub(crate) fn find(frame: Frame<'_>, budget: &Budget<'_>) -> Vec<Finder> {
    let sums = Sums::of(frame);
    let mut places: Vec<(f32, Finder)> = Vec::new();
    let mut module = SMALLEST;
    while module < LARGEST {
        let of_size = places_of_size(&sums, module);
        budget.spend(frame.luma().len() / 4);
        places.extend(of_size);
        if budget.is_over() {
            break;
        }
        module *= STEP;
    }
    places.sort_by(|a, b| b.0.total_cmp(&a.0));
    places.truncate(MAX_PLACES);

    let mut found: Vec<Finder> = places
        .into_iter()
        .map(|(_, finder)| Finder {
            likeness: likeness(frame, &finder),
            ..finder
        })
        .collect();
    budget.spend(found.len() * TURNS * 81);
    found.sort_by(|a, b| b.likeness.total_cmp(&a.likeness));
    let mut apart: Vec<Finder> = Vec::new();
    for finder in found {
        if apart.len() < MAX_FITTED
            && apart
                .iter()
                .all(|f| f.to(&finder) > 2.5 * f.module.min(finder.module))
        {
            apart.push(finder);
        }
    }
    budget.spend(apart.len() * (24 + TURNS) * 81);
    let mut fitted: Vec<Finder> = Vec::new();
    for finder in apart {
        let finder = fitted_closer(frame, finder);
        if fitted.iter().all(|f| f.to(&finder) > 3.0 * f.module) {
            fitted.push(finder);
        }
    }
    fitted
}

/// Where a light ring of this size stands out, each better than those around it.
fn places_of_size(sums: &Sums, module: f32) -> Vec<(f32, Finder)> {
    let reach = |modules: f32| ((module * modules - 1.0) / 2.0).round().max(0.0) as usize;
    let (middle, light, dark) = (
        reach(3.0),
        reach(5.0).max(reach(3.0) + 1),
        reach(7.0).max(reach(5.0) + 1),
    );
    let area = |reach: usize| ((2 * reach + 1) * (2 * reach + 1)) as f32;
    let (in_middle, in_light, in_dark) = (area(middle), area(light) - area(middle), area(dark) - area(light));
    let cell = ((module * 3.0) as usize).max(2);
    if sums.width <= 2 * dark + 1 || sums.height <= 2 * dark + 1 {
        return Vec::new();
    }
    let columns = sums.width / cell + 1;
    let mut best: Vec<(f32, usize, usize)> = vec![(0.0, 0, 0); columns * (sums.height / cell + 1)];
    let count = sums.width - 2 * dark - 1;
    let mut rows = [vec![0f32; count], vec![0f32; count], vec![0f32; count]];
    let stride = ((module / 1.6) as usize).max(1);
    for y in (dark..sums.height - dark - 1).step_by(stride) {
        let [inner, to_light, to_dark] = &mut rows;
        sums.squares(y, dark, middle, inner);
        sums.squares(y, dark, light, to_light);
        sums.squares(y, dark, dark, to_dark);
        for ((inner, to_light), to_dark) in inner.iter_mut().zip(to_light.iter()).zip(to_dark.iter()) {
            let ring = (to_light - *inner) / in_light;
            let outer = (to_dark - to_light) / in_dark;
            let contrast = ring - *inner / in_middle;
            // Turned by an eighth, the dark ring falls half into the corners of its square.
            let rim = (ring - outer).min(contrast);
            let score = (contrast + 1.5 * rim) / (ring + 20.0);
            *inner = if contrast > 6.0 && rim > 0.0 { score } else { 0.0 };
        }
        let cells = &mut best[y / cell * columns..][..columns];
        for (i, &score) in inner.iter().enumerate() {
            if score > 0.0 {
                let x = dark + i;
                let entry = &mut cells[x / cell];
                if score > entry.0 {
                    *entry = (score, x, y);
                }
            }
        }
    }
    best.into_iter()
        .filter(|(score, _, _)| *score > 0.0)
        .map(|(score, x, y)| {
            let finder = Finder {
                x: x as f32,
                y: y as f32,
                module,
                stretch: (1.0, 1.0),
                cuts: 1.0,
                likeness: 0.0,
            };
            (score, finder)
        })
        .collect()
}

/// How well the grey around a candidate goes with the rings of a corner, whichever way it is turned: from -1 to 1.
pub(crate) fn likeness(frame: Frame<'_>, finder: &Finder) -> f32 {
    likeness_and_turn(frame, finder).0
}

fn likeness_and_turn(frame: Frame<'_>, finder: &Finder) -> (f32, f32) {
    let mut best = (-1.0, 0.0);
    for turn in 0..TURNS {
        let angle = turn as f32 / TURNS as f32 * std::f32::consts::FRAC_PI_2;
        let likeness = likeness_turned(frame, finder, angle);
        if likeness > best.0 {
            best = (likeness, angle);
        }
    }
    best
}

fn likeness_turned(frame: Frame<'_>, finder: &Finder, angle: f32) -> f32 {
    let (sin, cos) = angle.sin_cos();
    // A level cut through a turned square is longer than its side.
    let module = finder.module * sin.max(cos);
    // Seen at a slant, the square is pressed together, level or along its diagonals.
    let level = finder.stretch.0.clamp(0.3, 3.0).sqrt();
    let slant = finder.stretch.1.clamp(0.3, 3.0).sqrt();
    let (straight, crossed) = ((slant + 1.0 / slant) / 2.0, (slant - 1.0 / slant) / 2.0);
    let (mut product, mut sum, mut squares) = (0f32, 0f32, 0f32);
    for j in -4..=4i32 {
        for i in -4..=4i32 {
            let (u, v) = (i as f32 * module, j as f32 * module);
            let (x, y) = (cos * u - sin * v, sin * u + cos * v);
            let (x, y) = (straight * x + crossed * y, crossed * x + straight * y);
            let value = frame.at(finder.x + 0.5 + x * level, finder.y + 0.5 + y / level);
            let ring = i.abs().max(j.abs());
            // 33 dark and 48 light places.
            let pattern = if ring == 2 || ring == 4 { 33.0 } else { -48.0 };
            product += pattern * value;
            sum += value;
            squares += value * value;
        }
    }
    let spread = squares - sum * sum / 81.0;
    if spread < 81.0 {
        return -1.0;
    }
    // The pattern's own deviation: the root of 48 * 33^2 + 33 * 48^2.
    product / (spread.sqrt() * 358.2)
}

/// Moved, resized and turned by ever smaller steps while it looks more like a corner.
fn fitted_closer(frame: Frame<'_>, mut finder: Finder) -> Finder {
    let (mut likeness, mut angle) = likeness_and_turn(frame, &finder);
    let mut step = 0.5;
    for _ in 0..3 {
        for (dx, dy, grow, turn) in [
            (1.0, 0.0, 1.0, 0.0),
            (-1.0, 0.0, 1.0, 0.0),
            (0.0, 1.0, 1.0, 0.0),
            (0.0, -1.0, 1.0, 0.0),
            (0.0, 0.0, 1.0 + 0.3 * step, 0.0),
            (0.0, 0.0, 1.0 - 0.25 * step, 0.0),
            (0.0, 0.0, 1.0, 0.25),
            (0.0, 0.0, 1.0, -0.25),
        ] {
            let moved = Finder {
                x: finder.x + dx * step * finder.module,
                y: finder.y + dy * step * finder.module,
                module: finder.module * grow,
                ..finder
            };
            let turned = angle + turn * step;
            let now = likeness_turned(frame, &moved, turned);
            if now > likeness {
                (finder, likeness, angle) = (moved, now, turned);
            }
        }
        step *= 0.5;
    }
    // Turns are told apart above by the longest cut, so the module is given as level cuts have it.
    Finder { likeness, ..finder }
}
