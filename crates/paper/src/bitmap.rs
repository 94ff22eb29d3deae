//! Pictures of one bit a dot, as thermal printers print them: packed rows, the leftmost dot in the highest bit, a set
//! bit is black. Logos come in as PNG and are dithered; every rendering can go out as PNG.

use std::io::Cursor;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a picture could not become a logo.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LogoError {
    #[error("this is not a PNG picture, or it is damaged")]
    NotPng,
    #[error("the picture is larger than {MAX_SIDE} × {MAX_SIDE} points")]
    TooLarge,
    #[error("there is nothing to print in the picture: it is all white")]
    Empty,
}

const MAX_SIDE: u32 = 2048;
/// A logo higher than this is a poster.
const MAX_LOGO_ROWS: u32 = 480;

/// A picture of one bit a dot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Packed", into = "Packed")]
pub struct Bitmap {
    width: u32,
    height: u32,
    bits: Vec<u8>,
}

/// How a picture is written in JSON.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Packed {
    width: u32,
    height: u32,
    /// The packed rows, Base64.
    bits: String,
}

impl From<Bitmap> for Packed {
    fn from(bitmap: Bitmap) -> Packed {
        Packed {
            width: bitmap.width,
            height: bitmap.height,
            bits: BASE64_STANDARD.encode(&bitmap.bits),
        }
    }
}

impl TryFrom<Packed> for Bitmap {
    type Error = &'static str;

    fn try_from(packed: Packed) -> Result<Bitmap, &'static str> {
        if packed.width > MAX_SIDE || packed.height > MAX_SIDE {
            return Err("the picture is too large");
        }
        let bits = BASE64_STANDARD
            .decode(&packed.bits)
            .map_err(|_| "the picture's bits are not Base64")?;
        if bits.len() != stride(packed.width) * packed.height as usize {
            return Err("the picture's bits do not fill it");
        }
        let mut bitmap = Bitmap::new(packed.width, packed.height);
        for y in 0..packed.height {
            for x in 0..packed.width {
                let byte = bits[y as usize * stride(packed.width) + x as usize / 8];
                if byte & (0x80 >> (x % 8)) != 0 {
                    bitmap.set(x, y, true);
                }
            }
        }
        Ok(bitmap)
    }
}

fn stride(width: u32) -> usize {
    width.div_ceil(8) as usize
}

impl Bitmap {
    /// A white picture.
    pub fn new(width: u32, height: u32) -> Bitmap {
        Bitmap {
            width,
            height,
            bits: vec![0; stride(width) * height as usize],
        }
    }

    pub fn width(&self) -> u32 {
        self.width
    }

    pub fn height(&self) -> u32 {
        self.height
    }

    /// Bytes of one row.
    pub fn stride(&self) -> usize {
        stride(self.width)
    }

    /// The packed bytes of one row; nothing beyond the last.
    pub fn row(&self, y: u32) -> &[u8] {
        let start = y as usize * self.stride();
        self.bits.get(start..start + self.stride()).unwrap_or(&[])
    }

    /// Whether a dot is black; outside of the picture all is white.
    pub fn get(&self, x: u32, y: u32) -> bool {
        x < self.width
            && y < self.height
            && self.bits[y as usize * self.stride() + x as usize / 8] & (0x80 >> (x % 8)) != 0
    }

    /// Sets a dot; one outside of the picture is left out.
    pub fn set(&mut self, x: u32, y: u32, black: bool) {
        if x >= self.width || y >= self.height {
            return;
        }
        let at = y as usize * self.stride() + x as usize / 8;
        let bit = 0x80 >> (x % 8);
        if black {
            self.bits[at] |= bit;
        } else {
            self.bits[at] &= !bit;
        }
    }

    pub fn fill(&mut self, x: u32, y: u32, width: u32, height: u32, black: bool) {
        for row in y..y.saturating_add(height).min(self.height) {
            for column in x..x.saturating_add(width).min(self.width) {
                self.set(column, row, black);
            }
        }
    }

    pub fn is_blank(&self) -> bool {
        self.bits.iter().all(|byte| *byte == 0)
    }

    /// The rows from `top` on, as many as there are up to `rows`.
    pub(crate) fn rows(&self, top: u32, rows: u32) -> Bitmap {
        let rows = rows.min(self.height.saturating_sub(top));
        let start = top as usize * self.stride();
        Bitmap {
            width: self.width,
            height: rows,
            bits: self.bits[start..start + rows as usize * self.stride()].to_vec(),
        }
    }

    /// The largest whole divisor that brings the picture onto paper of this width.
    pub(crate) fn shrink_for(&self, width: u32) -> u32 {
        self.width.div_ceil(width.max(1)).max(1)
    }

    /// A logo from a PNG file: brought to at most this width, grey tones as dots.
    pub fn from_png(bytes: &[u8], max_width_dots: u16) -> Result<Bitmap, LogoError> {
        let mut decoder = png::Decoder::new(Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().map_err(|_| LogoError::NotPng)?;
        let (width, height) = reader.info().size();
        if width > MAX_SIDE || height > MAX_SIDE {
            return Err(LogoError::TooLarge);
        }
        if width == 0 || height == 0 {
            return Err(LogoError::NotPng);
        }
        let size = reader.output_buffer_size().ok_or(LogoError::TooLarge)?;
        let mut pixels = vec![0; size];
        let frame = reader.next_frame(&mut pixels).map_err(|_| LogoError::NotPng)?;
        let channels = frame.color_type.samples();
        let grey: Vec<u8> = pixels[..frame.buffer_size()]
            .chunks_exact(channels)
            .map(|pixel| {
                let (light, alpha) = match *pixel {
                    [grey] => (u32::from(grey), 255),
                    [grey, alpha] => (u32::from(grey), u32::from(alpha)),
                    [red, green, blue] => (luma(red, green, blue), 255),
                    [red, green, blue, alpha] => (luma(red, green, blue), u32::from(alpha)),
                    _ => (255, 255),
                };
                // On white paper: what is transparent is white.
                ((light * alpha + 255 * (255 - alpha)) / 255) as u8
            })
            .collect();
        if grey.len() < (width * height) as usize {
            return Err(LogoError::NotPng);
        }
        let (grey, width, height) = reduced(&grey, width, height, u32::from(max_width_dots.max(8)));
        let bitmap = dithered(&grey, width, height);
        if bitmap.is_blank() {
            return Err(LogoError::Empty);
        }
        Ok(bitmap)
    }

    /// The picture as a PNG file of one bit a dot.
    pub fn to_png(&self) -> Vec<u8> {
        let mut file = Vec::new();
        // PNG knows no picture without dots.
        let (width, height) = (self.width.max(1), self.height.max(1));
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let mut data: Vec<u8> = self.bits.iter().map(|byte| !byte).collect();
        data.resize(stride(width) * height as usize, 0xff);
        let written = encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&data));
        debug_assert!(written.is_ok(), "a vector takes every byte: {written:?}");
        file
    }
}

fn luma(red: u8, green: u8, blue: u8) -> u32 {
    (u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114) / 1000
}

/// The mean of every area that becomes one dot; a small picture stays as it is.
fn reduced(grey: &[u8], width: u32, height: u32, max_width: u32) -> (Vec<u8>, u32, u32) {
    let fits = |new_width: u32| (height * new_width / width).max(1);
    let mut new_width = width.min(max_width);
    if fits(new_width) > MAX_LOGO_ROWS {
        new_width = (width * MAX_LOGO_ROWS / height).max(1);
    }
    let new_height = fits(new_width);
    if new_width == width {
        return (grey.to_vec(), width, height);
    }
    let mut out = Vec::with_capacity((new_width * new_height) as usize);
    for y in 0..new_height {
        let (top, bottom) = (
            y * height / new_height,
            ((y + 1) * height / new_height).max(y * height / new_height + 1),
        );
        for x in 0..new_width {
            let (left, right) = (
                x * width / new_width,
                ((x + 1) * width / new_width).max(x * width / new_width + 1),
            );
            let mut sum = 0u32;
            for row in top..bottom {
                for column in left..right {
                    sum += u32::from(grey[(row * width + column) as usize]);
                }
            }
            out.push((sum / ((bottom - top) * (right - left))) as u8);
        }
    }
    (out, new_width, new_height)
}

/// Floyd and Steinberg's error diffusion, in whole sixteenths. Near-black and near-white are made pure first, so that
/// line art keeps clean edges and paper stays free of specks.
fn dithered(grey: &[u8], width: u32, height: u32) -> Bitmap {
    let mut bitmap = Bitmap::new(width, height);
    let columns = width as usize;
    let mut this = vec![0i32; columns + 2];
    let mut next = vec![0i32; columns + 2];
    for y in 0..height {
        for x in 0..columns {
            let raw = i32::from(grey[y as usize * columns + x]);
            let stretched = ((raw - 28) * 255 / (228 - 28)).clamp(0, 255);
            let wanted = stretched + this[x + 1] / 16;
            let black = wanted < 128;
            let error = wanted - if black { 0 } else { 255 };
            if black {
                bitmap.set(x as u32, y, true);
            }
            // Pure tones pass nothing on.
            if (1..=254).contains(&stretched) {
                this[x + 2] += error * 7;
                next[x] += error * 3;
                next[x + 1] += error * 5;
                next[x + 2] += error;
            }
        }
        std::mem::swap(&mut this, &mut next);
        next.fill(0);
    }
    bitmap
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png_of(width: u32, height: u32, colour: png::ColorType, pixels: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(colour);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().expect("a header");
        writer.write_image_data(pixels).expect("pixels");
        writer.finish().expect("an end");
        file
    }

    fn blacks(bitmap: &Bitmap) -> usize {
        (0..bitmap.height())
            .flat_map(|y| (0..bitmap.width()).map(move |x| (x, y)))
            .filter(|(x, y)| bitmap.get(*x, *y))
            .count()
    }

    #[test]
    fn a_picture_survives_its_file_and_its_json() {
        let mut bitmap = Bitmap::new(13, 5);
        for (x, y) in [(0, 0), (12, 4), (7, 2), (8, 2)] {
            bitmap.set(x, y, true);
        }
        assert_eq!(Bitmap::from_png(&bitmap.to_png(), 576), Ok(bitmap.clone()));
        let json = serde_json::to_string(&bitmap).expect("JSON");
        assert_eq!(serde_json::from_str::<Bitmap>(&json).expect("read"), bitmap);
        assert!(
            !Bitmap::default().to_png().is_empty(),
            "nothing is a file of one white dot"
        );
    }

    #[test]
    fn dots_beyond_the_edge_are_left_out() {
        let mut bitmap = Bitmap::new(4, 2);
        bitmap.fill(3, 1, u32::MAX, u32::MAX, true);
        bitmap.set(4, 0, true);
        bitmap.set(0, 2, true);
        assert_eq!(blacks(&bitmap), 1);
        assert!(bitmap.get(3, 1) && !bitmap.get(4, 0));
        let odd = r#"{"width":4,"height":1,"bits":"/w=="}"#;
        let odd: Bitmap = serde_json::from_str(odd).expect("read");
        assert_eq!(odd.row(0), [0xf0], "bits beside the picture are not printed");
    }

    #[test]
    fn grey_becomes_as_many_dots_as_it_is_dark() {
        let grey = |tone: u8| {
            let file = png_of(64, 64, png::ColorType::Grayscale, &[tone; 64 * 64]);
            Bitmap::from_png(&file, 576).map(|bitmap| blacks(&bitmap))
        };
        assert_eq!(grey(0), Ok(64 * 64));
        let half = grey(128).expect("a logo");
        assert!((1_800..2_300).contains(&half), "{half} of 4096 for a half");
        assert_eq!(grey(255), Err(LogoError::Empty));
        assert_eq!(
            grey(235),
            Err(LogoError::Empty),
            "paper white stays free of specks"
        );
    }

    #[test]
    fn what_is_transparent_is_paper() {
        let mut pixels = vec![0u8; 8 * 8 * 4];
        pixels[3] = 255;
        let logo = Bitmap::from_png(&png_of(8, 8, png::ColorType::Rgba, &pixels), 576).expect("a logo");
        assert_eq!(blacks(&logo), 1, "one black dot, all else is transparent black");
    }

    #[test]
    fn large_pictures_are_brought_onto_the_paper() {
        let file = png_of(1_000, 1_000, png::ColorType::Rgb, &[0; 3_000_000]);
        let logo = Bitmap::from_png(&file, 384).expect("a logo");
        assert_eq!((logo.width(), logo.height()), (384, 384));
        let tall = png_of(100, 2_000, png::ColorType::Grayscale, &[0; 200_000]);
        let tall = Bitmap::from_png(&tall, 384).expect("a logo");
        assert_eq!((tall.width(), tall.height()), (24, 480));
        let huge = png_of(2_049, 1, png::ColorType::Grayscale, &[0; 2_049]);
        assert_eq!(Bitmap::from_png(&huge, 384), Err(LogoError::TooLarge));
        assert_eq!(Bitmap::from_png(b"GIF89a", 384), Err(LogoError::NotPng));
        assert_eq!(
            Bitmap::from_png(&file[..file.len() / 2], 384),
            Err(LogoError::NotPng)
        );
    }
}
