//! One look at one picture: corners, grid, text.

use super::{
    equalise::{Effort, read},
    finder::{self, Triple, module_towards},
    fit::{bend, climb, fit_legs, fit_opposite},
    layout::{Layout, MAX_VERSION},
    map::Map,
    rings,
};
use crate::{
    Code, Kind,
    budget::Budget,
    frame::{Bitmap, Frame},
};

/// How hard a look is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// How far runs may be from 1:1:3:1:1, in modules.
    pub tolerance: f32,
    /// How many triples of corners are followed up.
    pub triples: usize,
    pub rings: bool,
}

/// A version that may fit, with how well its timing pattern does.
struct Candidate {
    standing: f32,
    layout: &'static Layout,
    map: Map,
}

/// The first symbol that can be read.
pub(crate) fn scan(frame: Frame<'_>, bitmap: &Bitmap, look: Look, budget: &Budget<'_>) -> Option<Code> {
    let found = if look.rings {
        finder::likeliest(rings::find(frame, budget))
    } else {
        finder::find(frame, bitmap, look.tolerance, budget)
    };
    budget.spend(frame.luma().len() / 4);
    for (rank, triple) in finder::triples(&found).iter().take(look.triples).enumerate() {
        for candidate in candidates(
            frame,
            bitmap,
            triple,
            rank == 0 || (rank < 4 && triple.likeness() > 0.55),
            budget,
        )
        .into_iter()
        .take(2)
        {
            if candidate.standing < 0.34 {
                break;
            }
            if budget.is_over() {
                return None;
            }
            if let Some(code) = follow(frame, triple, &candidate, budget) {
                return Some(code);
            }
        }
    }
    None
}

/// Versions near the one that the corners' distance suggests, the best first.
fn candidates(
    frame: Frame<'_>,
    bitmap: &Bitmap,
    triple: &Triple,
    steep: bool,
    budget: &Budget<'_>,
) -> Vec<Candidate> {
    let Triple {
        corner, right, below, ..
    } = triple;
    let along = |other: &finder::Finder| {
        let module = (module_towards(bitmap, corner, other) + module_towards(bitmap, other, corner)) / 2.0;
        corner.to(other) / module
    };
    let modules = (along(right) + along(below)) / 2.0 + 7.0;
    let likely = ((modules - 17.0) / 4.0).round().clamp(-3.0, 43.0) as i32;
    let spread = if likely > 12 { 3 } else { 2 };
    let mut versions: Vec<i32> = (likely - spread..=likely + spread)
        .filter(|v| (1..=MAX_VERSION as i32).contains(v))
        .collect();
    versions.sort_by_key(|v| (v - likely).abs());
    let layouts = || versions.iter().filter_map(|&v| Layout::of(v as usize));

    let mut found = Vec::new();
    for wide in [false, true] {
        if wide && (!steep || budget.is_over()) {
            break;
        }
        found.clear();
        for layout in layouts() {
            let (standing, map) = fit_legs(frame, triple, layout, wide, budget);
            found.push(Candidate {
                standing,
                layout,
                map,
            });
            if !wide && standing > 0.62 {
                return sorted(found);
            }
        }
    }
    sorted(found)
}

fn sorted(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by(|a, b| b.standing.total_cmp(&a.standing));
    candidates
}

/// Fits the grid ever more closely and reads as soon as that works.
fn follow(frame: Frame<'_>, triple: &Triple, candidate: &Candidate, budget: &Budget<'_>) -> Option<Code> {
    let layout = candidate.layout;
    let map = fit_opposite(frame, triple, &candidate.map, layout, budget);
    let first_step = (triple.corner.module * 0.6).max(0.8);
    let (standing, mut map) = climb(frame, map, layout, first_step, budget);
    if standing < 0.22 {
        return None;
    }
    let done = |bytes: Vec<u8>, map: &Map| Some(found(bytes, map, layout));
    if standing > 0.3
        && let Some(bytes) = read(frame, &map, layout, Effort::Plain, budget)
    {
        return done(bytes, &map);
    }
    if layout.alignments.len() >= 6
        && let Some((_, bent)) = bend(frame, triple, (standing, &map), layout, budget)
    {
        map = bent;
    }
    let bytes = read(frame, &map, layout, Effort::Learning, budget)?;
    done(bytes, &map)
}

fn found(bytes: Vec<u8>, map: &Map, layout: &Layout) -> Code {
    let size = layout.size as f32;
    Code::new(
        Kind::Qr,
        bytes,
        [(0.0, 0.0), (size, 0.0), (size, size), (0.0, size)].map(|(u, v)| map.at(u, v)),
    )
}
