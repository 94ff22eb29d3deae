//! From how light each module seems to the text: format, mask, blocks, correction.
//!
//! Modules come in as soft values, positive for light; how far from zero says how sure it is, and the least sure
//! codewords are the first to be given up as erasures. No text leaves here without enough evidence against chance.

use super::{
    correct::Received,
    layout::{Layout, masked},
    segments::spelled,
};

/// Evidence, in bits, that every block must have: chance makes a block fit once in 2^n tries.
const BLOCK_EVIDENCE: f32 = 9.0;
/// Evidence that all blocks together must have.
const SYMBOL_EVIDENCE: f32 = 26.0;
/// Evidence from which one block is believed although others could not be read.
const LEARNED_EVIDENCE: f32 = 22.0;

/// What could be made of the modules.
pub(crate) enum Outcome {
    Read(Vec<u8>),
    /// Not all of it; modules of blocks that could be corrected are +1 or -1, others 0.
    Partly(Vec<f32>),
    Nothing,
}

struct Format {
    level: usize,
    mask: u8,
}

/// The fifteen bits of a format.
fn format_word(code: usize) -> usize {
    let mut rest = code;
    for _ in 0..10 {
        rest = (rest << 1) ^ ((rest >> 9) * 0x537);
    }
    (code << 10 | rest) ^ 0x5412
}

/// The formats that the modules look most like, the likeliest first: one, or two when they are nearly alike.
fn formats(layout: &Layout, soft: &[f32]) -> Vec<Format> {
    let mut scored = [(0.0f32, 0usize); 32];
    for (code, entry) in scored.iter_mut().enumerate() {
        let word = format_word(code);
        let mut score = 0.0;
        for copy in &layout.format {
            for (bit, &at) in copy.iter().enumerate() {
                let value = soft[at].clamp(-1.0, 1.0);
                score += if word >> bit & 1 == 1 { -value } else { value };
            }
        }
        *entry = (score, code);
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let format = |code: usize| Format {
        level: [1, 0, 3, 2][code >> 3],
        mask: (code & 7) as u8,
    };
    let [first, second, ..] = scored;
    let mut likely = vec![format(first.1)];
    if second.0 > 0.7 * first.0 {
        likely.push(format(second.1));
    }
    likely
}

struct Block {
    /// Which codeword of the symbol each codeword of the block is.
    places: Vec<usize>,
    data: usize,
    checks: usize,
}

fn blocks(layout: &Layout, level: usize) -> Vec<Block> {
    let raw = layout.bits.len() / 8;
    let (checks, count) = layout.blocks(level);
    let short = raw / count;
    let first_long = count - raw % count;
    let mut blocks: Vec<Block> = (0..count)
        .map(|i| Block {
            places: Vec::with_capacity(short + 1),
            data: short - checks + usize::from(i >= first_long),
            checks,
        })
        .collect();
    let mut place = 0;
    for i in 0..=short - checks {
        for block in blocks.iter_mut().filter(|block| i < block.data) {
            block.places.push(place);
            place += 1;
        }
    }
    for _ in 0..checks {
        for block in &mut blocks {
            block.places.push(place);
            place += 1;
        }
    }
    blocks
}

/// How many bits speak against chance when so many codewords were erased and wrong.
fn evidence(length: usize, checks: usize, erased: usize, errors: usize) -> f32 {
    let mut ways = 0.0;
    for i in 0..errors {
        ways += ((length - erased - i) as f32 / (i + 1) as f32).log2();
    }
    8.0 * (checks as f32 - erased as f32 - errors as f32) - ways
}

/// The corrected block, and its evidence.
fn corrected(words: &[u8], doubt: &[f32], checks: usize) -> Option<(Vec<u8>, f32)> {
    let mut order: Vec<usize> = (0..words.len()).collect();
    order.sort_by(|&a, &b| doubt[a].total_cmp(&doubt[b]));
    let received = Received::of(words, checks)?;
    for erased in (0..checks.saturating_sub(2)).step_by(2) {
        if let Some((block, errors)) = received.corrected(&order[..erased]) {
            let evidence = evidence(words.len(), checks, erased, errors);
            if evidence >= BLOCK_EVIDENCE {
                return Some((block, evidence));
            }
        }
    }
    None
}

/// Reads the modules of a symbol, given row by row.
pub(crate) fn decode(layout: &Layout, soft: &[f32]) -> Outcome {
    let mut best: Option<(usize, Vec<f32>)> = None;
    for format in formats(layout, soft) {
        match decode_as(layout, soft, &format) {
            (_, Outcome::Read(bytes)) => return Outcome::Read(bytes),
            (count, Outcome::Partly(known)) if best.as_ref().is_none_or(|(most, _)| count > *most) => {
                best = Some((count, known));
            }
            _ => {}
        }
    }
    best.map_or(Outcome::Nothing, |(_, known)| Outcome::Partly(known))
}

fn decode_as(layout: &Layout, soft: &[f32], format: &Format) -> (usize, Outcome) {
    let size = layout.size;
    let flipped = |at: usize| masked(format.mask, at % size, at / size);
    let mut words = Vec::with_capacity(layout.bits.len() / 8);
    let mut sureness = Vec::with_capacity(words.capacity());
    for eight in layout.bits.chunks_exact(8) {
        let (mut word, mut sure) = (0u8, f32::INFINITY);
        for &at in eight {
            let value = soft[at as usize];
            word = word << 1 | u8::from((value < 0.0) != flipped(at as usize));
            sure = sure.min(value.abs());
        }
        words.push(word);
        sureness.push(sure);
    }

    let mut data = Vec::new();
    let mut total = 0.0;
    let mut learned = vec![0.0f32; size * size];
    let (mut good, mut all) = (0, true);
    for block in blocks(layout, format.level) {
        let of_block: Vec<u8> = block.places.iter().map(|&at| words[at]).collect();
        let doubt: Vec<f32> = block.places.iter().map(|&at| sureness[at]).collect();
        let Some((fixed, evidence)) = corrected(&of_block, &doubt, block.checks) else {
            all = false;
            continue;
        };
        total += evidence;
        data.extend_from_slice(&fixed[..block.data]);
        if evidence >= LEARNED_EVIDENCE {
            good += 1;
            for (&place, &word) in block.places.iter().zip(&fixed) {
                for (bit, &at) in layout.bits[place * 8..place * 8 + 8].iter().enumerate() {
                    let dark = (word >> (7 - bit) & 1 == 1) != flipped(at as usize);
                    learned[at as usize] = if dark { -1.0 } else { 1.0 };
                }
            }
        }
    }
    if all && total >= SYMBOL_EVIDENCE {
        if let Some(bytes) = spelled(&data, layout.version) {
            return (good, Outcome::Read(bytes));
        }
        return (0, Outcome::Nothing);
    }
    if good > 0 {
        (good, Outcome::Partly(learned))
    } else {
        (0, Outcome::Nothing)
    }
}
