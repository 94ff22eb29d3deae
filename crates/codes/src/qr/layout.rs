//! What stands where in a symbol of each version, from the standard (ISO/IEC 18004).

use std::sync::OnceLock;

/// Check codewords in each block, by level L, M, Q, H and version.
const CHECKS: [[u8; 40]; 4] = [
    [
        7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26,
        28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
    [
        10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28,
        28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    ],
    [
        13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30, 28, 30, 30, 30, 30,
        28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
    [
        17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28, 30, 24, 30, 30, 30,
        30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
];

/// How many blocks, by level and version.
const BLOCKS: [[u8; 40]; 4] = [
    [
        1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16,
        17, 18, 19, 19, 20, 21, 22, 24, 25,
    ],
    [
        1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28,
        29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
    ],
    [
        1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29, 34, 34, 35,
        38, 40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68,
    ],
    [
        1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35, 37, 40, 42,
        45, 48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81,
    ],
];

/// The highest version there is.
pub(crate) const MAX_VERSION: usize = 40;

/// What is known of a module before anything is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Module {
    Data,
    Format,
    Dark,
    Light,
}

/// One version's symbol.
#[derive(Debug)]
pub(crate) struct Layout {
    pub version: usize,
    /// Modules on a side.
    pub size: usize,
    modules: Vec<Module>,
    /// Where the two (row and column) middles of alignment patterns are.
    pub alignments: Vec<(usize, usize)>,
    /// Indices of modules in the order in which bits lie in them.
    pub bits: Vec<u32>,
    /// The modules that are known, with +1 for light and -1 for dark.
    pub known: Vec<(u16, u16, f32)>,
    /// The two copies of the fifteen format bits, lowest bit first.
    pub format: [[usize; 15]; 2],
}

impl Layout {
    /// The layout of a version from 1 to 40.
    pub fn of(version: usize) -> Option<&'static Layout> {
        static ALL: [OnceLock<Layout>; MAX_VERSION + 1] = [const { OnceLock::new() }; MAX_VERSION + 1];
        (1..=MAX_VERSION)
            .contains(&version)
            .then(|| ALL[version].get_or_init(|| Layout::laid_out(version)))
    }

    /// What is known before reading: +1 light, -1 dark, 0 nothing.
    pub fn target(&self, index: usize) -> f32 {
        match self.modules[index] {
            Module::Light => 1.0,
            Module::Dark => -1.0,
            Module::Data | Module::Format => 0.0,
        }
    }

    /// Check codewords in each block, and how many blocks.
    pub fn blocks(&self, level: usize) -> (usize, usize) {
        (
            usize::from(CHECKS[level][self.version - 1]),
            usize::from(BLOCKS[level][self.version - 1]),
        )
    }

    fn laid_out(version: usize) -> Layout {
        let size = version * 4 + 17;
        let mut modules = vec![Module::Data; size * size];
        let tone = |dark: bool| if dark { Module::Dark } else { Module::Light };
        let mut set = |x: usize, y: usize, module: Module| modules[y * size + x] = module;

        for i in 0..size {
            set(i, 6, tone(i % 2 == 0));
            set(6, i, tone(i % 2 == 0));
        }
        let last = size - 1;
        for (cx, cy) in [(3usize, 3usize), (last - 3, 3), (3, last - 3)] {
            for y in cy.saturating_sub(4)..=(cy + 4).min(last) {
                for x in cx.saturating_sub(4)..=(cx + 4).min(last) {
                    let ring = x.abs_diff(cx).max(y.abs_diff(cy));
                    set(x, y, tone(ring != 2 && ring != 4));
                }
            }
        }
        let alignments = alignments(version, size);
        for &(cx, cy) in &alignments {
            for y in cy - 2..=cy + 2 {
                for x in cx - 2..=cx + 2 {
                    set(x, y, tone(x.abs_diff(cx).max(y.abs_diff(cy)) != 1));
                }
            }
        }

        let mut format = [[0; 15]; 2];
        let [upper, lower] = &mut format;
        for (bit, (upper, lower)) in upper.iter_mut().zip(lower).enumerate() {
            let one = match bit {
                0..=5 => (8, bit),
                6 => (8, 7),
                7 => (8, 8),
                8 => (7, 8),
                _ => (14 - bit, 8),
            };
            let two = match bit {
                0..=7 => (last - bit, 8),
                _ => (8, size - 15 + bit),
            };
            for ((x, y), place) in [(one, upper), (two, lower)] {
                set(x, y, Module::Format);
                *place = y * size + x;
            }
        }
        set(8, size - 8, Module::Dark);

        if version >= 7 {
            let mut rest = version;
            for _ in 0..12 {
                rest = (rest << 1) ^ ((rest >> 11) * 0x1F25);
            }
            let word = version << 12 | rest;
            for i in 0..18 {
                let module = tone(word >> i & 1 == 1);
                let (a, b) = (size - 11 + i % 3, i / 3);
                set(a, b, module);
                set(b, a, module);
            }
        }

        let mut bits = Vec::new();
        let mut known = Vec::new();
        let mut right = last as i32;
        while right >= 1 {
            if right == 6 {
                right = 5;
            }
            for step in 0..size {
                let upward = (right + 1) & 2 == 0;
                let y = if upward { last - step } else { step };
                for x in [right as usize, right as usize - 1] {
                    if modules[y * size + x] == Module::Data {
                        bits.push((y * size + x) as u32);
                    }
                }
            }
            right -= 2;
        }
        for y in 0..size {
            for x in 0..size {
                match modules[y * size + x] {
                    Module::Dark => known.push((x as u16, y as u16, -1.0)),
                    Module::Light => known.push((x as u16, y as u16, 1.0)),
                    Module::Data | Module::Format => {}
                }
            }
        }
        Layout {
            version,
            size,
            modules,
            alignments,
            bits,
            known,
            format,
        }
    }
}

fn alignments(version: usize, size: usize) -> Vec<(usize, usize)> {
    if version < 2 {
        return Vec::new();
    }
    let count = version / 7 + 2;
    let step = if version == 32 {
        26
    } else {
        (version * 4 + count * 2 + 1) / (count * 2 - 2) * 2
    };
    let mut along: Vec<usize> = (0..count - 1).map(|i| size - 7 - i * step).collect();
    along.push(6);
    let mut found = Vec::new();
    for &y in &along {
        for &x in &along {
            let beside_a_corner = (x == 6 && (y == 6 || y == size - 7)) || (y == 6 && x == size - 7);
            if !beside_a_corner {
                found.push((x, y));
            }
        }
    }
    found
}

/// Whether a mask exchanges light and dark at a place.
pub(crate) fn masked(mask: u8, x: usize, y: usize) -> bool {
    match mask {
        0 => (x + y).is_multiple_of(2),
        1 => y.is_multiple_of(2),
        2 => x.is_multiple_of(3),
        3 => (x + y).is_multiple_of(3),
        4 => (x / 3 + y / 2).is_multiple_of(2),
        5 => (x * y) % 2 + (x * y) % 3 == 0,
        6 => ((x * y) % 2 + (x * y) % 3).is_multiple_of(2),
        _ => ((x + y) % 2 + (x * y) % 3).is_multiple_of(2),
    }
}
