//! Rows of modules as SVG and PNG.

use std::fmt::Write;

use thiserror::Error;

/// The most pixels a picture of ours has on a side.
const MAX_PIXELS: usize = 16_384;

/// Why no picture was drawn.
#[derive(Debug, Error)]
pub enum DrawError {
    #[error("a picture of {width} x {height} pixels is empty or too large")]
    Size { width: usize, height: usize },
    #[error("the picture could not be written: {0}")]
    Png(#[from] png::EncodingError),
}

/// Dark modules with white all around: `rows` of equal length, each as high as told.
pub(super) struct Drawing<'a> {
    pub rows: &'a [Vec<bool>],
    /// How many modules high a row is.
    pub row_height: usize,
    /// White modules left, right, and above and below.
    pub quiet: (usize, usize, usize),
}

impl Drawing<'_> {
    /// Width and height in modules, white included.
    fn size(&self) -> (usize, usize) {
        let (left, right, above) = self.quiet;
        (
            left + self.rows.first().map_or(0, Vec::len) + right,
            self.rows.len() * self.row_height + 2 * above,
        )
    }

    /// One path of runs over white, a unit for each module; it scales to whatever holds it.
    pub fn svg(&self) -> String {
        let (width, height) = self.size();
        let (left, _, above) = self.quiet;
        let mut path = String::new();
        for (y, row) in self.rows.iter().enumerate() {
            for (start, length) in runs(row) {
                // Writing to a String cannot fail.
                let _ = write!(
                    path,
                    "M{} {}h{length}v{}h-{length}z",
                    left + start,
                    above + y * self.row_height,
                    self.row_height
                );
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{width}v{height}H0z\"/>\
             <path fill=\"#000\" d=\"{path}\"/></svg>"
        )
    }

    /// One bit a pixel, `scale` pixels a module.
    pub fn png(&self, scale: usize) -> Result<Vec<u8>, DrawError> {
        let (modules, rows) = self.size();
        let (width, height) = (modules.saturating_mul(scale), rows.saturating_mul(scale));
        let fits = 1..=MAX_PIXELS;
        if !fits.contains(&width) || !fits.contains(&height) {
            return Err(DrawError::Size { width, height });
        }
        let (left, _, above) = self.quiet;
        let stride = width.div_ceil(8);
        let mut bits = vec![0xFFu8; stride * height];
        for (y, row) in self.rows.iter().enumerate() {
            let mut line = vec![0xFFu8; stride];
            for (start, length) in runs(row) {
                for x in (left + start) * scale..(left + start + length) * scale {
                    line[x / 8] &= !(0x80 >> (x % 8));
                }
            }
            let first = (above + y * self.row_height) * scale;
            for at in first..first + self.row_height * scale {
                bits[at * stride..(at + 1) * stride].copy_from_slice(&line);
            }
        }
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, width as u32, height as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&bits)?;
        writer.finish()?;
        Ok(out)
    }
}

/// Where dark runs start, and how long they are.
fn runs(row: &[bool]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = None;
    for (x, dark) in row.iter().copied().chain([false]).enumerate() {
        match (dark, start) {
            (true, None) => start = Some(x),
            (false, Some(from)) => {
                found.push((from, x - from));
                start = None;
            }
            _ => {}
        }
    }
    found
}
