//! The reader of codes behind a camera: a budget of time for each picture, so that a live view stays live.

use super::{Decode, Picture, Seen};
use crate::Deadline;
use codes::{Budget, Frame, Kind, Reader};
use std::time::Duration;

/// What one picture of a live view may cost.
const A_PICTURE: Duration = Duration::from_millis(40);

/// Reads QR codes and product barcodes, with a memory over the pictures of one camera.
#[derive(Default)]
pub struct CodeReader(Reader);

pub fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Qr => "qr",
        Kind::Ean13 => "ean13",
        Kind::Ean8 => "ean8",
        Kind::UpcA => "upca",
        Kind::UpcE => "upce",
        Kind::Code128 => "code128",
    }
}

impl Decode for CodeReader {
    fn read(&mut self, picture: &Picture) -> Vec<Seen> {
        let Ok(frame) = Frame::new(picture.width as usize, picture.height as usize, &picture.luma) else {
            return vec![];
        };
        let until = Deadline::after(A_PICTURE);
        let over = || until.is_over();
        self.0
            .read(frame, &Budget::until(&over))
            .into_iter()
            .map(|code| Seen {
                kind: kind_word(code.kind).to_owned(),
                text: code.text,
                corners: code.corners.map(|(x, y)| (dot(x), dot(y))),
            })
            .collect()
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a float outside of the range becomes its nearest end"
)]
fn dot(at: f32) -> i32 {
    at.round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use codes::make::{Level, qr};

    #[test]
    fn a_code_in_a_picture_is_read_with_its_corners() {
        let code = qr("P1-TEST-0042", Level::M).expect("a code");
        let (scale, quiet) = (6, 40);
        let side = code.size() * scale + 2 * quiet;
        let mut luma = vec![255u8; side * side];
        for (y, row) in code.rows().iter().enumerate() {
            for (x, dark) in row.iter().enumerate() {
                for dot in 0..scale * scale {
                    let at = (quiet + y * scale + dot / scale) * side + quiet + x * scale + dot % scale;
                    luma[at] = if *dark { 0 } else { 255 };
                }
            }
        }
        let side = u32::try_from(side).expect("small");
        let picture = Picture::new(side, side, luma).expect("a picture");
        let seen = CodeReader::default().read(&picture);
        assert_eq!(seen.len(), 1);
        assert_eq!(
            (seen[0].text.as_str(), seen[0].kind.as_str()),
            ("P1-TEST-0042", "qr")
        );
        let (x, y) = seen[0].corners[0];
        assert!(
            (x - 40).abs() < 6 && (y - 40).abs() < 6,
            "its own top left: {x} {y}"
        );
    }
}
