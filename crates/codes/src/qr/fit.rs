//! Lays a symbol's grid over the picture: version, perspective, bend.
//!
//! Everything is judged by the modules that are known beforehand (corners, timing, alignment, version): how far their
//! light ones stand above their dark ones, in deviations of all of them.

use super::{
    finder::Triple,
    layout::Layout,
    map::{Map, Match, Point},
};
use crate::{budget::Budget, frame::Frame};

/// Sums over light and dark samples.
#[derive(Default)]
struct Contrast {
    light: f32,
    lights: f32,
    dark: f32,
    darks: f32,
    squares: f32,
}

impl Contrast {
    #[inline]
    fn add(&mut self, target: f32, value: f32, weight: f32) {
        self.squares += weight * value * value;
        if target < 0.0 {
            self.dark += weight * value;
            self.darks += weight;
        } else {
            self.light += weight * value;
            self.lights += weight;
        }
    }

    /// From -1 to 1; 1 when the grid lies exactly on a crisp symbol.
    fn score(&self) -> f32 {
        if self.lights < 8.0 || self.darks < 8.0 {
            return -1.0;
        }
        let count = self.lights + self.darks;
        let mean = (self.light + self.dark) / count;
        let deviation = (self.squares / count - mean * mean).max(1.0).sqrt();
        (self.light / self.lights - self.dark / self.darks) / (2.0 * deviation)
    }
}

/// How well the known modules stand under a map; every `stride`-th is looked at.
pub(crate) fn score(frame: Frame<'_>, map: &Map, layout: &Layout, stride: usize, budget: &Budget<'_>) -> f32 {
    let mut contrast = Contrast::default();
    for &(x, y, target) in layout.known.iter().step_by(stride) {
        let (px, py) = map.at(f32::from(x) + 0.5, f32::from(y) + 0.5);
        if frame.holds(px, py) {
            contrast.add(target, frame.at(px, py), 1.0);
        }
    }
    budget.spend(layout.known.len() / stride);
    contrast.score()
}

#[derive(Clone, Copy, PartialEq)]
enum Leg {
    Across,
    Down,
}

/// The same along one leg only: the timing pattern and the two corners it runs between.
fn leg_score(frame: Frame<'_>, map: &Map, layout: &Layout, leg: Leg, budget: &Budget<'_>) -> f32 {
    let mut contrast = Contrast::default();
    let size = layout.size;
    for beside in [1usize, 3, 6] {
        for along in 0..size {
            let (x, y) = match leg {
                Leg::Across => (along, beside),
                Leg::Down => (beside, along),
            };
            let target = layout.target(y * size + x);
            if target == 0.0 {
                continue;
            }
            let timing = beside == 6 && along > 7 && along + 8 < size;
            let (px, py) = map.at(x as f32 + 0.5, y as f32 + 0.5);
            contrast.add(target, frame.at(px, py), if timing { 2.5 } else { 1.0 });
        }
    }
    budget.spend(size + 32);
    contrast.score()
}

/// How the depth changes along both legs, by trying; `wide` tries steep views too.
pub(crate) fn fit_legs(
    frame: Frame<'_>,
    triple: &Triple,
    layout: &Layout,
    wide: bool,
    budget: &Budget<'_>,
) -> (f32, Map) {
    let size = layout.size as f32;
    let middles = triple.middles();
    let step = (1.44 / size).clamp(0.02, 0.06);
    let steps = if wide { (0.75 / step) as i32 } else { 3 };
    let lowest = if wide { -steps * 2 / 3 } else { -steps };
    let map = |leg: Leg, depth: f32| {
        let depths = if leg == Leg::Across {
            (depth, 0.0)
        } else {
            (0.0, depth)
        };
        Map::from_corners(middles[0], middles[1], middles[2], size, depths)
    };
    let best_of = |leg: Leg| {
        let mut best = (f32::MIN, 0.0f32);
        let attempt = |depth: f32, best: &mut (f32, f32)| {
            let score = leg_score(frame, &map(leg, depth), layout, leg, budget) - 0.05 * depth.abs();
            if score > best.0 {
                *best = (score, depth);
            }
        };
        for i in lowest..=steps {
            attempt(i as f32 * step, &mut best);
        }
        let coarse = best.1;
        for part in [-0.5, -0.25, 0.25, 0.5] {
            attempt(coarse + part * step, &mut best);
        }
        best
    };
    let (across, down) = (best_of(Leg::Across), best_of(Leg::Down));
    let map = Map::from_corners(middles[0], middles[1], middles[2], size, (across.1, down.1));
    ((across.0 + down.0) / 2.0, map)
}

impl Triple {
    /// The middles of the corners in the picture: corner, right, below.
    pub fn middles(&self) -> [Point; 3] {
        [self.corner, self.right, self.below].map(|f| (f.x + 0.5, f.y + 0.5))
    }

    fn matches(&self, size: f32) -> [Match; 3] {
        let places = [(3.5, 3.5), (size - 3.5, 3.5), (3.5, size - 3.5)];
        let middles = self.middles();
        [0, 1, 2].map(|i| Match {
            on: places[i],
            at: middles[i],
            weight: 1.0,
        })
    }
}

/// How much the five by five modules around a place look like an alignment pattern, shifted by some pixels.
fn alignment_likeness(frame: Frame<'_>, around: &[Point; 25], shift: Point) -> f32 {
    let (mut product, mut sum, mut squares) = (0f32, 0f32, 0f32);
    for (i, &(x, y)) in around.iter().enumerate() {
        let value = frame.at(x + shift.0, y + shift.1);
        let ring = (i % 5).abs_diff(2).max((i / 5).abs_diff(2));
        let pattern = if ring == 1 { 17.0 } else { -8.0 };
        product += pattern * value;
        sum += value;
        squares += value * value;
    }
    let spread = squares - sum * sum / 25.0;
    if spread < 25.0 {
        return 0.0;
    }
    // The pattern's own deviation: the root of 8 * 17^2 + 17 * 8^2.
    product / (spread.sqrt() * 58.31)
}

/// Looks for an alignment pattern near where the map has it, up to `reach` modules away: likeness and place.
fn find_alignment(
    frame: Frame<'_>,
    map: &Map,
    on: Point,
    reach: f32,
    guess: Point,
    budget: &Budget<'_>,
) -> (f32, Point) {
    let (u, v) = on;
    let middle = map.at(u, v);
    let (right, below) = (map.at(u + 1.0, v), map.at(u, v + 1.0));
    let across = (right.0 - middle.0, right.1 - middle.1);
    let down = (below.0 - middle.0, below.1 - middle.1);
    let mut around = [(0.0, 0.0); 25];
    for (i, place) in around.iter_mut().enumerate() {
        *place = map.at(u + (i % 5) as f32 - 2.0, v + (i / 5) as f32 - 2.0);
    }
    let shifted = |a: f32, b: f32| {
        (
            guess.0 + across.0 * a + down.0 * b,
            guess.1 + across.1 * a + down.1 * b,
        )
    };
    let mut best = (f32::MIN, 0.0f32, 0.0f32);
    let steps = (reach * 2.0) as i32;
    for j in -steps..=steps {
        for i in -steps..=steps {
            let (a, b) = (i as f32 * 0.5, j as f32 * 0.5);
            let likeness = alignment_likeness(frame, &around, shifted(a, b)) - 0.004 * a.hypot(b);
            if likeness > best.0 {
                best = (likeness, a, b);
            }
        }
    }
    budget.spend(25 * ((2 * steps + 1) * (2 * steps + 1) + 24) as usize);
    let mut step = 0.25;
    for _ in 0..3 {
        let (_, a, b) = best;
        for (i, j) in [
            (-1.0, 0.0),
            (1.0, 0.0),
            (0.0, -1.0),
            (0.0, 1.0),
            (1.0, 1.0),
            (-1.0, -1.0),
            (1.0, -1.0),
            (-1.0, 1.0),
        ] {
            let (a, b) = (a + i * step, b + j * step);
            let likeness = alignment_likeness(frame, &around, shifted(a, b));
            if likeness > best.0 {
                best = (likeness, a, b);
            }
        }
        step *= 0.5;
    }
    let (dx, dy) = shifted(best.1, best.2);
    (best.0, (middle.0 + dx, middle.1 + dy))
}

/// The perspective with the help of the alignment pattern opposite the corner, if one is found that betters it.
pub(crate) fn fit_opposite(
    frame: Frame<'_>,
    triple: &Triple,
    base: &Map,
    layout: &Layout,
    budget: &Budget<'_>,
) -> Map {
    let size = layout.size as f32;
    let mut best = (score(frame, base, layout, 1, budget), base.clone());
    if layout.version < 2 {
        return best.1;
    }
    let on = (size - 6.5, size - 6.5);
    for reach in [3.0, 8.0, 4.0 + size * 0.22] {
        let (likeness, at) = find_alignment(frame, base, on, reach, (0.0, 0.0), budget);
        if likeness > 0.45 {
            let [a, b, c] = triple.matches(size);
            let opposite = Match { on, at, weight: 1.0 };
            if let Some(map) = Map::through(&[a, b, c, opposite], size) {
                let score = score(frame, &map, layout, 1, budget);
                if score > best.0 {
                    best = (score, map);
                }
            }
        }
        if best.0 > 0.6 || budget.is_over() {
            break;
        }
    }
    best.1
}

/// Moves the four outer corners by ever smaller steps while the known modules stand better.
pub(crate) fn climb(
    frame: Frame<'_>,
    map: Map,
    layout: &Layout,
    first_step: f32,
    budget: &Budget<'_>,
) -> (f32, Map) {
    let size = layout.size as f32;
    let corners = [(0.0, 0.0), (size, 0.0), (size, size), (0.0, size)];
    let stride = if layout.size > 41 { 3 } else { 1 };
    let mut best = (score(frame, &map, layout, stride, budget), map);
    let mut step = first_step;
    for _ in 0..4 {
        for corner in 0..4 {
            for (dx, dy) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
                let mut matches = corners.map(|on| Match {
                    on,
                    at: best.1.at(on.0, on.1),
                    weight: 1.0,
                });
                matches[corner].at.0 += dx * step;
                matches[corner].at.1 += dy * step;
                if let Some(map) = Map::through(&matches, size) {
                    let score = score(frame, &map, layout, stride, budget);
                    if score > best.0 + 1e-4 {
                        best = (score, map);
                    }
                }
            }
        }
        step *= 0.55;
    }
    (score(frame, &best.1, layout, 1, budget), best.1)
}

/// A bend through all alignment patterns that can be found, for curled paper; `None` when it betters nothing.
pub(crate) fn bend(
    frame: Frame<'_>,
    triple: &Triple,
    start: (f32, &Map),
    layout: &Layout,
    budget: &Budget<'_>,
) -> Option<(f32, Map)> {
    let size = layout.size as f32;
    let corners = triple.matches(size).map(|m| Match { weight: 2.0, ..m });
    let from_corners = |x: usize, y: usize| {
        corners
            .iter()
            .map(|m| (x as f32 - m.on.0).hypot(y as f32 - m.on.1))
            .fold(f32::INFINITY, f32::min)
    };
    let mut places = layout.alignments.clone();
    places.sort_by(|a, b| from_corners(a.0, a.1).total_cmp(&from_corners(b.0, b.1)));

    let mut best: Option<(f32, Map)> = None;
    for round in 0..3 {
        let current = best.as_ref().map_or(start.1, |(_, map)| map).clone();
        let mut matches = corners.to_vec();
        for &(x, y) in &places {
            let on = (x as f32 + 0.5, y as f32 + 0.5);
            // What was found nearer to the corners tells where to look farther out.
            let guess = if round == 0 {
                expected_shift(&current, &matches, on)
            } else {
                (0.0, 0.0)
            };
            let reach = if round == 0 { 2.25 } else { 1.0 };
            let (likeness, at) = find_alignment(frame, &current, on, reach, guess, budget);
            if likeness > 0.5 {
                matches.push(Match {
                    on,
                    at,
                    weight: (likeness - 0.4) * 2.0,
                });
            }
        }
        if matches.len() < 8 || budget.is_over() {
            break;
        }
        let Some(map) =
            Map::through(&matches, size).and_then(|map| map.bent_through(&matches, matches.len() >= 13))
        else {
            break;
        };
        let standing = score(frame, &map, layout, 1, budget);
        let before = best.as_ref().map_or(start.0, |(score, _)| *score);
        if standing < before - 0.01 {
            break;
        }
        best = Some((standing.max(before), map));
    }
    best
}

/// The mean shift of matches from where the map has them, the near ones counting most.
fn expected_shift(map: &Map, matches: &[Match], on: Point) -> Point {
    let (mut x, mut y, mut weights) = (0f32, 0f32, 1e-6f32);
    for m in matches {
        let (mx, my) = map.at(m.on.0, m.on.1);
        let apart = (m.on.0 - on.0).powi(2) + (m.on.1 - on.1).powi(2) + 4.0;
        let weight = 1.0 / (apart * apart);
        x += weight * (m.at.0 - mx);
        y += weight * (m.at.1 - my);
        weights += weight;
    }
    (x / weights, y / weights)
}
