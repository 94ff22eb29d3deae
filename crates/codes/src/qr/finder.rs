//! The three squares in a symbol's corners: rings whose cuts run 1:1:3:1:1 in any direction.

use super::rings::likeness;
use crate::{
    budget::Budget,
    frame::{Bitmap, Frame},
};

/// The most candidates that are looked at in grey, and that are kept.
const MAX_CANDIDATES: usize = 60;
/// The most that are told apart: a picture full of corners is a trick.
const MAX_SEEN: usize = 800;
const MAX_FINDERS: usize = 14;
/// How much a candidate must look like a corner at least, from -1 to 1.
const LEAST_LIKENESS: f32 = 0.4;

/// A place that looks like the middle of a corner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finder {
    pub x: f32,
    pub y: f32,
    /// How many pixels a module takes.
    pub module: f32,
    /// How much wider than high its cuts are, and how much longer the falling slant is than the rising one.
    pub stretch: (f32, f32),
    /// How many cuts spoke for it.
    pub cuts: f32,
    /// How much it looks like a corner in grey, 1 being just like one.
    pub likeness: f32,
}

impl Finder {
    pub fn to(&self, other: &Finder) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

/// The module's length, if these five runs are in the proportions of a cut.
fn module_of(runs: &[i32; 5], tolerance: f32) -> Option<f32> {
    let total: i32 = runs.iter().sum();
    let module = total as f32 / 7.0;
    let slack = module * tolerance;
    let thin = |run: i32| (module - run as f32).abs() < slack;
    let near = total >= 7
        && thin(runs[0])
        && thin(runs[1])
        && thin(runs[3])
        && thin(runs[4])
        && (3.0 * module - runs[2] as f32).abs() < 2.6 * slack;
    (near && !runs.contains(&0)).then_some(module)
}

/// The cut through a point along a direction: the module's length, and how far along its middle lies.
fn cut(
    bitmap: &Bitmap,
    at: (i32, i32),
    along: (i32, i32),
    longest: i32,
    tolerance: f32,
) -> Option<(f32, f32)> {
    let dark_at = |k: i32| bitmap.get(at.0 + along.0 * k, at.1 + along.1 * k);
    if dark_at(0)? != 1 {
        return None;
    }
    let limit = longest * 4;
    let mut runs = [0i32; 5];
    let mut k = 0;
    for (run, tone, until) in [(2, 1, limit), (3, 0, 2 * limit), (4, 1, 3 * limit)] {
        while k < until && dark_at(k) == Some(tone) {
            runs[run] += 1;
            k += 1;
        }
    }
    k = -1;
    let mut start = 0;
    for (run, tone, until) in [(2, 1, -limit), (1, 0, -2 * limit), (0, 1, -3 * limit)] {
        while k > until && dark_at(k) == Some(tone) {
            runs[run] += 1;
            k -= 1;
        }
        if run == 2 {
            start = k + 1;
        }
    }
    let module = module_of(&runs, tolerance)?;
    Some((module, start as f32 + (runs[2] - 1) as f32 / 2.0))
}

/// Candidates in a picture, the likeliest first.
pub(crate) fn find(frame: Frame<'_>, bitmap: &Bitmap, tolerance: f32, budget: &Budget<'_>) -> Vec<Finder> {
    let mut found: Vec<Finder> = Vec::new();
    let step = if bitmap.height > 600 { 2 } else { 1 };
    let mut edges: Vec<i32> = Vec::with_capacity(bitmap.width + 1);
    for y in (1..bitmap.height).step_by(step) {
        if budget.has_run_out() {
            break;
        }
        let row = bitmap.row(y);
        edges.clear();
        edges.push(0);
        for (x, pair) in row.windows(2).enumerate() {
            if pair[0] != pair[1] {
                edges.push(x as i32 + 1);
            }
        }
        edges.push(row.len() as i32);
        // Every other run is dark.
        let first_dark = usize::from(row[0] == 0);
        for six in edges.windows(6).skip(first_dark).step_by(2) {
            let runs = [
                six[1] - six[0],
                six[2] - six[1],
                six[3] - six[2],
                six[4] - six[3],
                six[5] - six[4],
            ];
            let Some(module) = module_of(&runs, tolerance) else {
                continue;
            };
            budget.spend(150 + found.len());
            let middle = six[2] as f32 + (runs[2] - 1) as f32 / 2.0;
            if let Some(finder) = confirmed(bitmap, middle, y, module, tolerance) {
                merge(&mut found, finder);
            }
        }
    }
    let support = |f: &Finder| f.cuts / f.module.max(1.0);
    found.sort_by(|a, b| support(b).total_cmp(&support(a)));
    found.truncate(MAX_CANDIDATES);
    for finder in &mut found {
        finder.likeness = likeness(frame, finder);
    }
    likeliest(found)
}

/// Those that look like a corner, the likeliest first.
pub(crate) fn likeliest(mut found: Vec<Finder>) -> Vec<Finder> {
    found.retain(|finder| finder.likeness > LEAST_LIKENESS);
    found.sort_by(|a, b| b.likeness.total_cmp(&a.likeness));
    found.truncate(MAX_FINDERS);
    found
}

/// Cuts down, across and slantwise through what a row suggested.
fn confirmed(bitmap: &Bitmap, middle: f32, y: usize, module: f32, tolerance: f32) -> Option<Finder> {
    let longest = (module * 3.0) as i32 + 3;
    let (down, offset) = cut(bitmap, (middle as i32, y as i32), (0, 1), longest, tolerance)?;
    let cy = y as f32 + offset;
    let (across, offset) = cut(
        bitmap,
        (middle as i32, cy as i32),
        (1, 0),
        (module * 2.0) as i32 + 3,
        tolerance,
    )?;
    let cx = (middle as i32) as f32 + offset;
    if across.max(down) > 3.2 * across.min(down) {
        return None;
    }
    let [falling, rising] =
        [(1, 1), (1, -1)].map(|along| cut(bitmap, (cx as i32, cy as i32), along, longest, tolerance * 1.35));
    let slant = match (falling, rising) {
        (Some((a, _)), Some((b, _))) => a / b,
        _ => 1.0,
    };
    let slants = usize::from(falling.is_some()) + usize::from(rising.is_some());
    (slants > 0).then_some(Finder {
        stretch: (across / down, slant),
        x: cx,
        y: cy,
        module: (across + down) / 2.0,
        cuts: slants as f32,
        likeness: 0.0,
    })
}

fn merge(found: &mut Vec<Finder>, new: Finder) {
    let same = |f: &&mut Finder| {
        let reach = f.module * 1.5;
        (f.x - new.x).abs() < reach && (f.y - new.y).abs() < reach
    };
    let room = found.len() < MAX_SEEN;
    let Some(old) = found.iter_mut().rev().find(same) else {
        if room {
            found.push(new);
        }
        return;
    };
    let cuts = old.cuts + new.cuts;
    let (before, after) = (old.cuts, new.cuts);
    let mean = |a: f32, b: f32| (a * before + b * after) / cuts;
    let stretch = (
        mean(old.stretch.0, new.stretch.0),
        mean(old.stretch.1, new.stretch.1),
    );
    *old = Finder {
        stretch,
        x: mean(old.x, new.x),
        y: mean(old.y, new.y),
        module: mean(old.module, new.module),
        cuts,
        likeness: 0.0,
    };
}

/// Three candidates that could be one symbol's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Triple {
    pub corner: Finder,
    pub right: Finder,
    pub below: Finder,
    cost: f32,
}

impl Triple {
    /// That of the corner which looks least like one.
    pub fn likeness(&self) -> f32 {
        self.corner
            .likeness
            .min(self.right.likeness)
            .min(self.below.likeness)
    }
}

/// The triples worth a look, the likeliest first.
pub(crate) fn triples(found: &[Finder]) -> Vec<Triple> {
    let mut out = Vec::new();
    for i in 0..found.len() {
        for j in 0..found.len() {
            for k in j + 1..found.len() {
                if i == j || i == k {
                    continue;
                }
                if let Some(cost) = cost(&found[i], &found[j], &found[k]) {
                    let corner = found[i];
                    let (mut right, mut below) = (found[j], found[k]);
                    let turn = (right.x - corner.x) * (below.y - corner.y)
                        - (right.y - corner.y) * (below.x - corner.x);
                    if turn < 0.0 {
                        std::mem::swap(&mut right, &mut below);
                    }
                    out.push(Triple {
                        corner,
                        right,
                        below,
                        cost,
                    });
                }
            }
        }
    }
    out.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    out
}

/// How unlike a symbol's corners these are; `None` when they cannot be.
fn cost(corner: &Finder, a: &Finder, b: &Finder) -> Option<f32> {
    let (leg_a, leg_b, across) = (corner.to(a), corner.to(b), a.to(b));
    let smallest = corner.module.min(a.module).min(b.module);
    let largest = corner.module.max(a.module).max(b.module);
    let legs = [leg_a, leg_b];
    if largest > 2.0 * smallest
        || legs
            .iter()
            .any(|&leg| leg < 11.0 * smallest || leg > 190.0 * largest)
    {
        return None;
    }
    let ratio = leg_a.max(leg_b) / leg_a.min(leg_b);
    let cosine = (leg_a * leg_a + leg_b * leg_b - across * across) / (2.0 * leg_a * leg_b);
    if ratio > 2.6 || cosine.abs() > 0.62 {
        return None;
    }
    let likeness = corner.likeness.min(a.likeness).min(b.likeness);
    Some((ratio - 1.0) + 1.5 * cosine.abs() + (largest / smallest - 1.0) * 0.8 - 3.0 * likeness)
}

/// A module's length at one corner along the line to another, from the ring's outer edges.
pub(crate) fn module_towards(bitmap: &Bitmap, from: &Finder, to: &Finder) -> f32 {
    let length = from.to(to).max(1.0);
    let (dx, dy) = ((to.x - from.x) / length, (to.y - from.y) / length);
    let reach = |sign: f32| -> Option<f32> {
        let mut changes = 0;
        let mut k = 0.0f32;
        loop {
            let (x, y) = (from.x + sign * dx * k, from.y + sign * dy * k);
            let Some(tone) = bitmap.get(x as i32, y as i32) else {
                return (changes == 2).then_some(k);
            };
            let expected = if changes == 1 { 0 } else { 1 };
            if tone != expected {
                if changes == 2 {
                    return Some(k);
                }
                changes += 1;
            }
            k += 0.25;
            if k > from.module * 8.0 + 6.0 {
                return None;
            }
        }
    };
    match (reach(1.0), reach(-1.0)) {
        (Some(a), Some(b)) => (a + b) / 7.0,
        (Some(a), None) | (None, Some(a)) => a / 3.5,
        (None, None) => from.module,
    }
}
