//! Reading product barcodes: lines are laid across the picture in several directions, every line is read for itself,
//! and a text counts only when several lines agree and nothing contradicts them.

mod grey;
mod line;
mod symbols;
pub(crate) mod tables;
mod vote;

use line::Line;
use vote::Heard;
pub(crate) use vote::Tally;

use crate::{budget::Budget, frame::Frame};

/// Directions in which lines are laid, in the order of how often codes are held that way; half a turn has 16.
pub(crate) const DIRECTIONS: [usize; 16] = [0, 8, 4, 12, 2, 14, 6, 10, 1, 15, 7, 9, 3, 13, 5, 11];

/// Pixels between two lines.
const SPACING: f32 = 9.0;

/// Lays lines in one direction over the whole frame and counts what they say.
pub(crate) fn sweep(frame: Frame<'_>, direction: usize, tally: &mut Tally, budget: &Budget<'_>) {
    let angle = direction as f32 * std::f32::consts::PI / 16.0;
    let along = (angle.cos(), angle.sin());
    let (width, height) = (frame.width() as f32, frame.height() as f32);
    let reach = (width.hypot(height) / 2.0 / SPACING) as i32;
    let lay = |offset: f32, tally: &mut Tally| {
        let through = (width / 2.0 - along.1 * offset, height / 2.0 + along.0 * offset);
        let Some(line) = Line::across(frame, through, along) else {
            return false;
        };
        budget.spend(line.samples() * 2);
        let edges = line.edges();
        let mut reads = symbols::read(&edges, line.samples() as f32);
        if reads.is_empty() {
            reads = grey::read(&line, &edges, symbols::QUIET);
        }
        let heard = !reads.is_empty();
        for read in reads {
            let heard = Heard {
                direction,
                offset,
                start: line.point(read.from),
                end: line.point(read.to),
            };
            tally.count(read, heard);
        }
        heard
    };
    for k in -reach..=reach {
        let offset = k as f32 * SPACING;
        if lay(offset, tally) {
            // Where one line reads something, its neighbours are asked too.
            for near in [-3.6, -1.8, 1.8, 3.6] {
                lay(offset + near, tally);
            }
        }
        if tally.is_settled() || budget.is_over() {
            return;
        }
    }
}
