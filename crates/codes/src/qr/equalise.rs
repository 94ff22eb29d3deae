//! Samples a symbol under a map and undoes blur: a filter over each module's surroundings, trained on the modules that
//! are known, then on what was decoded.

use super::{
    decode::{Outcome, decode},
    layout::Layout,
    map::{Map, solve},
};
use crate::{budget::Budget, frame::Frame};

/// Half modules that are sampled beyond the outermost modules' middles.
const MARGIN: usize = 3;
/// How far, in half modules, brightness is compared with the surroundings.
const NEIGHBOURHOOD: usize = 9;

/// Samples at every half module, each against the mean and deviation around it.
pub(crate) struct Samples {
    /// Samples on a side.
    side: usize,
    values: Vec<f32>,
}

impl Samples {
    pub fn taken(frame: Frame<'_>, map: &Map, layout: &Layout, budget: &Budget<'_>) -> Samples {
        let side = 2 * layout.size - 1 + 2 * MARGIN;
        let mut grey = vec![0f32; side * side];
        for (j, row) in grey.chunks_exact_mut(side).enumerate() {
            let v = (j as f32 - (MARGIN as f32 - 1.0)) * 0.5;
            for (i, out) in row.iter_mut().enumerate() {
                let u = (i as f32 - (MARGIN as f32 - 1.0)) * 0.5;
                let (x, y) = map.at(u, v);
                *out = frame.at(x, y);
            }
        }
        budget.spend(side * side * 2);
        Samples {
            side,
            values: normalised(&grey, side),
        }
    }

    /// The sample in a module's middle.
    fn middle(&self, x: usize, y: usize) -> f32 {
        self.values[(2 * y + MARGIN) * self.side + 2 * x + MARGIN]
    }

    fn middles(&self, size: usize) -> Vec<f32> {
        (0..size * size)
            .map(|i| self.middle(i % size, i / size))
            .collect()
    }
}

/// Each value against the mean and the deviation of the square around it.
fn normalised(grey: &[f32], side: usize) -> Vec<f32> {
    let wide = side + 1;
    let mut sums = vec![(0f64, 0f64); wide * wide];
    for j in 0..side {
        let (mut sum, mut squares) = (0f64, 0f64);
        for i in 0..side {
            let value = f64::from(grey[j * side + i]);
            sum += value;
            squares += value * value;
            let above = sums[j * wide + i + 1];
            sums[(j + 1) * wide + i + 1] = (above.0 + sum, above.1 + squares);
        }
    }
    // The margin is the quiet zone: all light, it would pull the mean up.
    let (first, last) = (MARGIN - 1, side - MARGIN + 1);
    let mut out = vec![0f32; side * side];
    for j in 0..side {
        let (top, bottom) = (
            j.saturating_sub(NEIGHBOURHOOD).max(first),
            (j + NEIGHBOURHOOD + 1).min(last),
        );
        for i in 0..side {
            let (left, right) = (
                i.saturating_sub(NEIGHBOURHOOD).max(first),
                (i + NEIGHBOURHOOD + 1).min(last),
            );
            let corner = |y: usize, x: usize| sums[y * wide + x];
            let (a, b, c, d) = (
                corner(bottom, right),
                corner(top, left),
                corner(top, right),
                corner(bottom, left),
            );
            let count = ((bottom - top) * (right - left)) as f64;
            let mean = (a.0 + b.0 - c.0 - d.0) / count;
            let deviation = ((a.1 + b.1 - c.1 - d.1) / count - mean * mean).max(4.0).sqrt();
            out[j * side + i] = ((f64::from(grey[j * side + i]) - mean) / deviation) as f32;
        }
    }
    out
}

/// Every module's surroundings as the filter sees them, `reach` half modules far, and a constant.
struct Surroundings {
    count: usize,
    values: Vec<f32>,
}

impl Surroundings {
    fn of(samples: &Samples, size: usize, reach: usize) -> Surroundings {
        let count = (2 * reach + 1) * (2 * reach + 1) + 1;
        let mut values = Vec::with_capacity(size * size * count);
        for y in 0..size {
            for x in 0..size {
                for dy in 0..=2 * reach {
                    let start = (2 * y + MARGIN - reach + dy) * samples.side + 2 * x + MARGIN - reach;
                    values.extend_from_slice(&samples.values[start..start + 2 * reach + 1]);
                }
                values.push(1.0);
            }
        }
        Surroundings { count, values }
    }

    /// The filter that comes nearest to the targets, and what it makes of every module. A target of 0 is unknown.
    fn filtered(&self, targets: &[f32], budget: &Budget<'_>) -> Option<Vec<f32>> {
        let n = self.count;
        let mut a = vec![0f32; n * n];
        let mut b = vec![0f32; n];
        let mut trained = 0usize;
        for (around, &target) in self.values.chunks_exact(n).zip(targets) {
            if target == 0.0 {
                continue;
            }
            trained += 1;
            for (row, &value) in around.iter().enumerate() {
                for (sum, &other) in a[row * n..=row * n + row].iter_mut().zip(around) {
                    *sum += value * other;
                }
                b[row] += value * target;
            }
        }
        budget.spend(trained * n * n / 40);
        let ridge = 0.004 * trained as f64 + 1.0;
        let mut full = vec![0f64; n * n];
        for row in 0..n {
            for column in 0..=row {
                let value = f64::from(a[row * n + column]);
                full[row * n + column] = value;
                full[column * n + row] = value;
            }
            if row + 1 < n {
                full[row * n + row] += ridge;
            }
        }
        let mut b: Vec<f64> = b.into_iter().map(f64::from).collect();
        if !solve(&mut full, &mut b) {
            return None;
        }
        let filter: Vec<f32> = b.into_iter().map(|v| v as f32).collect();
        Some(
            self.values
                .chunks_exact(n)
                .map(|around| around.iter().zip(&filter).map(|(a, b)| a * b).sum())
                .collect(),
        )
    }
}

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// The samples as they are.
    Plain,
    /// And filtered, learning from what was decoded.
    Learning,
}

/// Reads what lies under the map.
pub(crate) fn read(
    frame: Frame<'_>,
    map: &Map,
    layout: &Layout,
    effort: Effort,
    budget: &Budget<'_>,
) -> Option<Vec<u8>> {
    let samples = Samples::taken(frame, map, layout, budget);
    let known: Vec<f32> = (0..layout.size * layout.size).map(|i| layout.target(i)).collect();
    let mut targets = known.clone();
    match decode(layout, &samples.middles(layout.size)) {
        Outcome::Read(bytes) => return Some(bytes),
        Outcome::Partly(learned) => believe(&mut targets, &learned),
        Outcome::Nothing => {}
    }
    if effort == Effort::Plain {
        return None;
    }
    let near = Surroundings::of(&samples, layout.size, 2);
    for round in 0..3 {
        let soft = near.filtered(&targets, budget)?;
        if round == 0 && !stands(&soft, &known) {
            return None;
        }
        targets.copy_from_slice(&known);
        // What the filter is sure of teaches it about the rest.
        for (target, &value) in targets.iter_mut().zip(&soft) {
            if *target == 0.0 && value.abs() > 0.25 {
                *target = value.signum();
            }
        }
        match decode(layout, &soft) {
            Outcome::Read(bytes) => return Some(bytes),
            Outcome::Partly(learned) => believe(&mut targets, &learned),
            Outcome::Nothing => {}
        }
        if budget.is_over() {
            return None;
        }
    }
    None
}

fn believe(targets: &mut [f32], learned: &[f32]) {
    for (target, &value) in targets.iter_mut().zip(learned) {
        if value != 0.0 {
            *target = value;
        }
    }
}

/// Whether the known modules come out right, four of five at least.
fn stands(soft: &[f32], known: &[f32]) -> bool {
    let (mut right, mut all) = (0usize, 0usize);
    for (&value, &target) in soft.iter().zip(known) {
        if target != 0.0 {
            all += 1;
            right += usize::from((value < 0.0) == (target < 0.0));
        }
    }
    right * 5 >= all * 4
}
