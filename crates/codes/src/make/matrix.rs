//! QR codes.

use qrcode::{Color, EcLevel, QrCode, Version, types::QrError as Refusal};
use thiserror::Error;

use super::draw::{DrawError, Drawing};

/// White modules around a QR code that readers may count on.
const QUIET: usize = 4;

/// Why no QR code was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QrError {
    #[error("longer than any QR code of this level can hold")]
    TooLong,
    #[error("not to be encoded")]
    Refused,
}

/// How much of a code may be lost: about 7, 15, 25 and 30 percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    L,
    M,
    Q,
    H,
}

/// The modules of a QR code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    version: u8,
    rows: Vec<Vec<bool>>,
}

/// A QR code of the smallest version that holds the text.
pub fn qr(text: &str, level: Level) -> Result<Matrix, QrError> {
    let level = match level {
        Level::L => EcLevel::L,
        Level::M => EcLevel::M,
        Level::Q => EcLevel::Q,
        Level::H => EcLevel::H,
    };
    let code = QrCode::with_error_correction_level(text, level).map_err(|error| match error {
        Refusal::DataTooLong => QrError::TooLong,
        _ => QrError::Refused,
    })?;
    let version = match code.version() {
        Version::Normal(version) | Version::Micro(version) => version.unsigned_abs() as u8,
    };
    let rows = code
        .to_colors()
        .chunks(code.width())
        .map(|row| row.iter().map(|color| *color == Color::Dark).collect())
        .collect();
    Ok(Matrix { version, rows })
}

impl Matrix {
    /// From 1 (21 modules on a side) to 40 (177).
    pub fn version(&self) -> u8 {
        self.version
    }

    /// Modules on a side, without the quiet zone.
    pub fn size(&self) -> usize {
        self.rows.len()
    }

    /// The modules row by row, true for dark.
    pub fn rows(&self) -> &[Vec<bool>] {
        &self.rows
    }

    fn drawing(&self) -> Drawing<'_> {
        Drawing {
            rows: &self.rows,
            row_height: 1,
            quiet: (QUIET, QUIET, QUIET),
        }
    }

    /// Black on white with a quiet zone of four modules, one unit a module.
    pub fn svg(&self) -> String {
        self.drawing().svg()
    }

    /// The same as a PNG of one bit a pixel, `scale` pixels a module.
    pub fn png(&self, scale: usize) -> Result<Vec<u8>, DrawError> {
        self.drawing().png(scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_grows_with_its_text() {
        let small = qr("HELLO", Level::M).expect("made");
        assert_eq!((small.version(), small.size()), (1, 21));
        let token = qr(&format!("P1{}", "A2".repeat(90)), Level::M).expect("made");
        assert_eq!(token.size(), usize::from(token.version()) * 4 + 17);
        assert_eq!(qr(&"x".repeat(4000), Level::M), Err(QrError::TooLong));
    }

    #[test]
    fn the_svg_is_white_but_for_one_path() {
        let svg = qr("HELLO", Level::M).expect("made").svg();
        assert!(svg.contains("viewBox=\"0 0 29 29\""), "{svg}");
        assert_eq!(svg.matches("<path").count(), 2, "the white ground and the code");
        assert!(svg.contains("M4 4h7v1h-7z"), "the first corner's upper edge");
    }

    #[test]
    fn the_png_has_the_same_modules() {
        let code = qr("CHANDI", Level::Q).expect("made");
        let bytes = code.png(3).expect("drawn");
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut pixels).expect("pixels");
        let side = (code.size() + 8) * 3;
        assert_eq!((info.width as usize, info.height as usize), (side, side));
        for (y, row) in code.rows().iter().enumerate() {
            for (x, &dark) in row.iter().enumerate() {
                let (px, py) = ((x + 4) * 3 + 1, (y + 4) * 3 + 1);
                let bit = pixels[py * info.line_size + px / 8] >> (7 - px % 8) & 1;
                assert_eq!(bit == 0, dark, "module {x} {y}");
            }
        }
        assert!(code.png(0).is_err() && code.png(usize::MAX).is_err());
    }
}
