//! A frame in, the codes on it out.

use crate::{
    bars::{DIRECTIONS, Tally, sweep},
    budget::Budget,
    frame::{Bitmap, Frame, Picture},
    qr::scan::{Look, scan},
};

/// What sort of code was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Qr,
    Ean13,
    Ean8,
    UpcA,
    UpcE,
    Code128,
}

/// A code on a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    pub kind: Kind,
    /// What it says; bytes that are no UTF-8 stand for the first 256 characters.
    pub text: String,
    pub bytes: Vec<u8>,
    /// Its outline in pixels of the frame, clockwise from its own upper left.
    pub corners: [(f32, f32); 4],
}

impl Code {
    pub(crate) fn new(kind: Kind, bytes: Vec<u8>, corners: [(f32, f32); 4]) -> Code {
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().copied().map(char::from).collect(),
        };
        Code {
            kind,
            text,
            bytes,
            corners,
        }
    }

    fn moved(mut self, scale: f32, dx: f32, dy: f32) -> Code {
        for (x, y) in &mut self.corners {
            *x = *x * scale + dx;
            *y = *y * scale + dy;
        }
        self
    }
}

/// A way of looking for QR codes that the plain one may fail where it succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Plain,
    /// By rings in grey, against blur.
    Rings,
    /// Softened, against noise and faults of printing.
    Soft,
    /// Light on dark.
    Inverted,
    /// Half the size, for large codes out of focus.
    Half,
    /// Softened, compared with wide surroundings.
    Wide,
}

const FALLBACKS: [Way; 4] = [Way::Inverted, Way::Soft, Way::Half, Way::Wide];

fn look(frame: Frame<'_>, way: Way, triples: usize, budget: &Budget<'_>) -> Option<Code> {
    let window = (frame.width().min(frame.height()) / 10) | 1;
    match way {
        Way::Plain | Way::Rings => {
            let bitmap = Bitmap::darker_than_around(frame, window, 0);
            scan(
                frame,
                &bitmap,
                Look {
                    tolerance: 0.62,
                    triples,
                    rings: way == Way::Rings,
                },
                budget,
            )
        }
        Way::Soft => {
            let soft = Picture::softened(frame);
            let bitmap = Bitmap::darker_than_around(soft.frame(), window, 2);
            scan(
                soft.frame(),
                &bitmap,
                Look {
                    tolerance: 0.75,
                    triples,
                    rings: way == Way::Rings,
                },
                budget,
            )
        }
        Way::Inverted => {
            let inverted = Picture::inverted(frame);
            look(inverted.frame(), Way::Plain, triples, budget)
                .or_else(|| look(inverted.frame(), Way::Rings, triples, budget))
        }
        Way::Half => {
            let half = Picture::halved(frame)?;
            let window = (half.frame().width().min(half.frame().height()) / 6) | 1;
            let bitmap = Bitmap::darker_than_around(half.frame(), window, 1);
            let code = scan(
                half.frame(),
                &bitmap,
                Look {
                    tolerance: 0.8,
                    triples,
                    rings: way == Way::Rings,
                },
                budget,
            )?;
            Some(code.moved(2.0, 0.0, 0.0))
        }
        Way::Wide => {
            let soft = Picture::softened(frame);
            let bitmap = Bitmap::darker_than_around(soft.frame(), (frame.width() / 3) | 1, 4);
            scan(
                soft.frame(),
                &bitmap,
                Look {
                    tolerance: 0.9,
                    triples,
                    rings: way == Way::Rings,
                },
                budget,
            )
        }
    }
}

/// Larger frames are halved until they have no more pixels: a photo of twelve million would take seconds.
const MOST_PIXELS: usize = 3_200_000;

/// The frame, smaller if it is too large, and how often a side was halved.
fn reduced(frame: Frame<'_>) -> Option<(Picture, i32)> {
    let mut halvings = 0;
    let mut smaller: Option<Picture> = None;
    loop {
        let now = smaller.as_ref().map_or(frame, Picture::frame);
        if now.luma().len() <= MOST_PIXELS {
            return smaller.map(|picture| (picture, halvings));
        }
        smaller = Some(Picture::halved(now)?);
        halvings += 1;
    }
}

/// Everything that can be done for one picture within the budget.
pub fn read_still(frame: Frame<'_>, budget: &Budget<'_>) -> Vec<Code> {
    if let Some((smaller, halvings)) = reduced(frame) {
        let found = read_still(smaller.frame(), budget);
        return enlarged(found, halvings);
    }
    for way in [Way::Plain, Way::Rings].into_iter().chain(FALLBACKS) {
        if let Some(code) = look(frame, way, 10, budget) {
            return vec![code];
        }
        if budget.is_over() {
            return Vec::new();
        }
        if way == Way::Rings
            && let Some(code) = bars(frame, &DIRECTIONS, budget)
        {
            return vec![code];
        }
    }
    let soft = Picture::softened(frame);
    bars(soft.frame(), &DIRECTIONS, budget).into_iter().collect()
}

fn enlarged(found: Vec<Code>, halvings: i32) -> Vec<Code> {
    found
        .into_iter()
        .map(|code| code.moved(2f32.powi(halvings), 0.0, 0.0))
        .collect()
}

/// What lines in these directions agree on.
fn bars(frame: Frame<'_>, directions: &[usize], budget: &Budget<'_>) -> Option<Code> {
    let mut tally = Tally::default();
    for &direction in directions {
        sweep(frame, direction, &mut tally, budget);
        if tally.is_settled() || budget.is_over() {
            break;
        }
    }
    tally.agreed()
}

/// Frames for which a barcode that one frame showed is remembered, waiting for a second.
const MEMORY: usize = 20;

/// Reads frame after frame of one camera.
///
/// Every frame gets the plain look, first of all where the last code was, then one of the other looks in turn and
/// lines in some directions. A barcode is told when a second frame says the same; a QR code corrects itself and is
/// told at once.
#[derive(Debug, Default)]
pub struct Reader {
    frames: usize,
    /// Where the last code was.
    place: Option<Place>,
    /// The last barcode and the frame that showed it.
    heard: Option<(Kind, String, usize)>,
}

/// A rectangle of the frame: left, top, right, bottom.
type Place = (usize, usize, usize, usize);

impl Reader {
    pub fn new() -> Reader {
        Reader::default()
    }

    /// The codes on the next frame.
    pub fn read(&mut self, frame: Frame<'_>, budget: &Budget<'_>) -> Vec<Code> {
        if let Some((smaller, halvings)) = reduced(frame) {
            let found = self.read(smaller.frame(), budget);
            return enlarged(found, halvings);
        }
        self.frames = self.frames.wrapping_add(1);
        let found = self.look_around(frame, budget);
        if let Some(code) = &found {
            self.place = Some(place_of(code));
        }
        found.filter(|code| self.is_sure(code)).into_iter().collect()
    }

    fn look_around(&mut self, frame: Frame<'_>, budget: &Budget<'_>) -> Option<Code> {
        if let Some((left, top, right, bottom)) = self.place.take()
            && let Some(part) = Picture::cropped(frame, left, top, right, bottom)
            && let Some(code) = look(part.frame(), Way::Plain, 3, budget)
        {
            return Some(code.moved(1.0, left as f32, top as f32));
        }
        if let Some(code) = look(frame, Way::Plain, 6, budget) {
            return Some(code);
        }
        if budget.is_over() {
            return None;
        }
        if let Some(code) = look(frame, Way::Rings, 6, budget) {
            return Some(code);
        }
        // Level and upright at every frame, two of the others in turn.
        let turn = self.frames % (DIRECTIONS.len() / 2 - 1);
        let [a, b] = [DIRECTIONS[2 + 2 * turn], DIRECTIONS[3 + 2 * turn]];
        if budget.is_over() {
            return None;
        }
        if let Some(code) = bars(frame, &[DIRECTIONS[0], DIRECTIONS[1], a, b], budget) {
            return Some(code);
        }
        if budget.is_over() {
            return None;
        }
        look(frame, FALLBACKS[self.frames % FALLBACKS.len()], 6, budget)
    }

    fn is_sure(&mut self, code: &Code) -> bool {
        if code.kind == Kind::Qr {
            return true;
        }
        let again = self.heard.as_ref().is_some_and(|(kind, text, when)| {
            *kind == code.kind && *text == code.text && self.frames.wrapping_sub(*when) <= MEMORY
        });
        self.heard = Some((code.kind, code.text.clone(), self.frames));
        again
    }
}

/// Around a code, half its size more on every side.
fn place_of(code: &Code) -> Place {
    let (mut left, mut top, mut right, mut bottom) = (f32::MAX, f32::MAX, 0.0f32, 0.0f32);
    for &(x, y) in &code.corners {
        (left, top) = (left.min(x), top.min(y));
        (right, bottom) = (right.max(x), bottom.max(y));
    }
    let margin = (right - left).max(bottom - top) / 2.0;
    (
        (left - margin).max(0.0) as usize,
        (top - margin).max(0.0) as usize,
        (right + margin) as usize,
        (bottom + margin) as usize,
    )
}
