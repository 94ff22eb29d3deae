//! Counts what lines say. One line proves little: a check digit lets one of ten mistakes pass.

use super::symbols::Read;
use crate::{Code, Kind};

/// One text and the lines that say it.
#[derive(Clone, Debug)]
struct Voice {
    kind: Kind,
    text: String,
    lines: Vec<Heard>,
}

/// One line that said it, and where on the frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub direction: usize,
    /// How far the line is from the frame's middle.
    pub offset: f32,
    pub start: (f32, f32),
    pub end: (f32, f32),
}

/// What the lines of one frame say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    voices: Vec<Voice>,
}

/// How many lines must agree.
fn needed(kind: Kind, text: &str) -> usize {
    match kind {
        Kind::Ean8 | Kind::UpcE => 4,
        Kind::Code128 if text.len() < 4 => 4,
        Kind::Qr => 1,
        Kind::Ean13 | Kind::UpcA | Kind::Code128 => 3,
    }
}

impl Tally {
    pub(super) fn count(&mut self, read: Read, line: Heard) {
        match self
            .voices
            .iter_mut()
            .find(|voice| voice.kind == read.kind && voice.text == read.text)
        {
            Some(voice) => voice.lines.push(line),
            None => self.voices.push(Voice {
                kind: read.kind,
                text: read.text,
                lines: vec![line],
            }),
        }
    }

    /// The strongest voice and how many lines all others have.
    fn leading(&self) -> Option<(&Voice, usize)> {
        let leading = self.voices.iter().max_by_key(|voice| voice.lines.len())?;
        let all: usize = self.voices.iter().map(|voice| voice.lines.len()).sum();
        Some((leading, all - leading.lines.len()))
    }

    /// Whether more lines would change nothing.
    pub(crate) fn is_settled(&self) -> bool {
        self.leading().is_some_and(|(voice, others)| {
            voice.lines.len() >= 2 * needed(voice.kind, &voice.text) && others * 8 <= voice.lines.len()
        })
    }

    /// What enough lines agree on, when few speak against it.
    pub(crate) fn agreed(&self) -> Option<Code> {
        let (voice, others) = self.leading()?;
        let count = voice.lines.len();
        if count < needed(voice.kind, &voice.text) || others * 4 > count {
            return None;
        }
        // The outline spans the lines of the direction that most of them have.
        let direction = voice
            .lines
            .iter()
            .map(|line| line.direction)
            .max_by_key(|d| voice.lines.iter().filter(|line| line.direction == *d).count())?;
        let of_direction = || voice.lines.iter().filter(|line| line.direction == direction);
        let first = of_direction().min_by(|a, b| a.offset.total_cmp(&b.offset))?;
        let last = of_direction().max_by(|a, b| a.offset.total_cmp(&b.offset))?;
        Some(Code::new(
            voice.kind,
            voice.text.clone().into_bytes(),
            [first.start, first.end, last.end, last.start],
        ))
    }
}
