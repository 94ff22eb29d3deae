//! The brightness along a straight line, and the edges on it.

use crate::frame::Frame;

/// Shorter lines hold no code.
const SHORTEST: f32 = 40.0;

/// Samples a pixel apart.
pub(super) struct Line {
    from: (f32, f32),
    along: (f32, f32),
    values: Vec<f32>,
}

/// A change of brightness.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// Where, in samples from the line's start.
    pub at: f32,
    /// Whether it becomes darker here.
    pub darker: bool,
}

impl Line {
    /// The part of a line that lies in the frame.
    pub fn across(frame: Frame<'_>, through: (f32, f32), along: (f32, f32)) -> Option<Line> {
        let (mut first, mut last) = (f32::MIN, f32::MAX);
        for (place, step, side) in [
            (through.0, along.0, frame.width() as f32),
            (through.1, along.1, frame.height() as f32),
        ] {
            if step.abs() < 1e-6 {
                if place < 0.5 || place > side - 0.5 {
                    return None;
                }
                continue;
            }
            let (a, b) = ((0.5 - place) / step, (side - 0.5 - place) / step);
            first = first.max(a.min(b));
            last = last.min(a.max(b));
        }
        if last - first < SHORTEST {
            return None;
        }
        let from = (through.0 + along.0 * first, through.1 + along.1 * first);
        let values = frame.along(from, along, (last - first) as usize + 1);
        Some(Line { from, along, values })
    }

    pub fn samples(&self) -> usize {
        self.values.len()
    }

    /// The brightness at a place on the line, between two samples too.
    pub fn at(&self, place: f32) -> f32 {
        let place = place.clamp(0.0, (self.values.len() - 2) as f32 + 0.999);
        let (left, share) = (place as usize, place.fract());
        self.values[left] + (self.values[left + 1] - self.values[left]) * share
    }

    /// The place in the frame of a place on the line.
    pub fn point(&self, at: f32) -> (f32, f32) {
        (self.from.0 + self.along.0 * at, self.from.1 + self.along.1 * at)
    }

    /// Where the brightness changes fastest, darker and lighter by turns.
    pub fn edges(&self) -> Vec<Edge> {
        let slopes = slopes(&self.values);
        let floor = floors(&slopes);
        let mut edges: Vec<(Edge, f32)> = Vec::new();
        for i in 1..slopes.len().saturating_sub(1) {
            let (before, here, after) = (slopes[i - 1], slopes[i], slopes[i + 1]);
            let steep = here.abs();
            let darker = here < 0.0;
            let peak = |v: f32| if darker { -v } else { v };
            if steep < floor[i] || peak(before) >= steep || peak(after) > steep {
                continue;
            }
            let far = |k: usize| slopes.get(k).map_or(0.0, |&v| peak(v).max(0.0));
            let sharp = far(i.wrapping_sub(2)).max(far(i + 2)) < 0.15 * steep;
            let bow = peak(before) - 2.0 * steep + peak(after);
            let offset = if sharp {
                // A step between two samples: the mean of its slopes is exact.
                let (left, right) = (peak(before).max(0.0), peak(after).max(0.0));
                (right - left) / (left + steep + right)
            } else if bow < 0.0 {
                (0.5 * (peak(before) - peak(after)) / bow).clamp(-0.5, 0.5)
            } else {
                0.0
            };
            let edge = Edge {
                at: i as f32 + offset,
                darker,
            };
            match edges.last_mut() {
                // Two in a row in the same sense are one edge with noise on it: the steeper counts.
                Some((last, height)) if last.darker == darker => {
                    if steep > *height {
                        (*last, *height) = (edge, steep);
                    }
                }
                _ => edges.push((edge, steep)),
            }
        }
        edges.into_iter().map(|(edge, _)| edge).collect()
    }
}

/// How steeply the brightness rises at each sample.
fn slopes(values: &[f32]) -> Vec<f32> {
    let mut slopes = vec![0.0; values.len()];
    for i in 1..values.len().saturating_sub(1) {
        slopes[i] = (values[i + 1] - values[i - 1]) / 2.0;
    }
    slopes
}

/// How steep an edge must be: a part of the steepest around it.
fn floors(slopes: &[f32]) -> Vec<f32> {
    const BLOCK: usize = 16;
    let steepest: Vec<f32> = slopes
        .chunks(BLOCK)
        .map(|block| block.iter().fold(0.0f32, |most, v| most.max(v.abs())))
        .collect();
    (0..slopes.len())
        .map(|i| {
            let block = i / BLOCK;
            let around = &steepest[block.saturating_sub(1)..(block + 2).min(steepest.len())];
            (around.iter().fold(0.0f32, |most, &v| most.max(v)) * 0.14).max(1.5)
        })
        .collect()
}
