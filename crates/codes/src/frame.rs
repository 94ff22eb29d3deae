//! A picture in shades of grey, and the few things done to a whole picture.

use thiserror::Error;

/// The longest side of a frame that is looked at.
pub const MAX_SIDE: usize = 4096;
/// The shortest side in which any code could still be told apart.
pub const MIN_SIDE: usize = 16;

/// Why a picture is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    #[error("{width} x {height} is too small or too large to look at")]
    Size { width: usize, height: usize },
    #[error("{given} bytes of luma where {expected} were announced")]
    Length { expected: usize, given: usize },
}

/// One picture: a byte of brightness for every pixel, row by row.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    width: usize,
    height: usize,
    luma: &'a [u8],
}

impl<'a> Frame<'a> {
    /// A picture whose size and bytes agree.
    pub fn new(width: usize, height: usize, luma: &'a [u8]) -> Result<Frame<'a>, FrameError> {
        let fits = MIN_SIDE..=MAX_SIDE;
        if !fits.contains(&width) || !fits.contains(&height) {
            return Err(FrameError::Size { width, height });
        }
        if luma.len() != width * height {
            return Err(FrameError::Length {
                expected: width * height,
                given: luma.len(),
            });
        }
        Ok(Frame { width, height, luma })
    }

    pub fn width(&self) -> usize {
        self.width
    }

    pub fn height(&self) -> usize {
        self.height
    }

    pub fn luma(&self) -> &'a [u8] {
        self.luma
    }

    pub(crate) fn row(&self, y: usize) -> &'a [u8] {
        &self.luma[y * self.width..(y + 1) * self.width]
    }

    /// Brightness at a point, where the centre of the first pixel is at (0.5, 0.5); outside, the nearest pixel's.
    #[inline]
    pub(crate) fn at(&self, x: f32, y: f32) -> f32 {
        let x = (x - 0.5).clamp(0.0, (self.width - 2) as f32 + 0.999);
        let y = (y - 0.5).clamp(0.0, (self.height - 2) as f32 + 0.999);
        let (left, top) = (x as usize, y as usize);
        let (fx, fy) = (x - left as f32, y - top as f32);
        let i = top * self.width + left;
        let [a, b] = [f32::from(self.luma[i]), f32::from(self.luma[i + 1])];
        let below = i + self.width;
        let [c, d] = [f32::from(self.luma[below]), f32::from(self.luma[below + 1])];
        let upper = a + (b - a) * fx;
        let lower = c + (d - c) * fx;
        upper + (lower - upper) * fy
    }

    /// Brightness along a line in steps of `along`, a pixel at most; start and end must lie half a pixel inside.
    pub(crate) fn along(&self, from: (f32, f32), along: (f32, f32), count: usize) -> Vec<f32> {
        const ONE: f32 = 65_536.0;
        let fixed = |v: f32| (v * ONE) as i64;
        let (mut x, mut y) = (fixed(from.0 - 0.5), fixed(from.1 - 0.5));
        let (dx, dy) = (fixed(along.0), fixed(along.1));
        let (right, bottom) = (self.width as i64 - 2, self.height as i64 - 2);
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            let (left, top) = ((x >> 16).clamp(0, right), (y >> 16).clamp(0, bottom));
            let fx = (x - (left << 16)) as f32 / ONE;
            let fy = (y - (top << 16)) as f32 / ONE;
            let i = top as usize * self.width + left as usize;
            let below = i + self.width;
            let [a, b] = [f32::from(self.luma[i]), f32::from(self.luma[i + 1])];
            let [c, d] = [f32::from(self.luma[below]), f32::from(self.luma[below + 1])];
            let upper = a + (b - a) * fx;
            values.push(upper + (c + (d - c) * fx - upper) * fy);
            x += dx;
            y += dy;
        }
        values
    }

    #[inline]
    pub(crate) fn holds(&self, x: f32, y: f32) -> bool {
        x >= 0.0 && y >= 0.0 && x < self.width as f32 && y < self.height as f32
    }
}

/// A picture of our own, made from a frame.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    width: usize,
    height: usize,
    luma: Vec<u8>,
}

impl Picture {
    pub fn frame(&self) -> Frame<'_> {
        Frame {
            width: self.width,
            height: self.height,
            luma: &self.luma,
        }
    }

    /// Light and dark exchanged.
    pub fn inverted(frame: Frame<'_>) -> Picture {
        Picture {
            luma: frame.luma.iter().map(|v| 255 - v).collect(),
            width: frame.width,
            height: frame.height,
        }
    }

    /// A little out of focus, which takes noise and print faults away: 1-2-1 both ways.
    pub fn softened(frame: Frame<'_>) -> Picture {
        let (w, h) = (frame.width, frame.height);
        let mut across = vec![0u16; w * h];
        for y in 0..h {
            let row = frame.row(y);
            let out = &mut across[y * w..(y + 1) * w];
            for x in 1..w - 1 {
                out[x] = u16::from(row[x - 1]) + 2 * u16::from(row[x]) + u16::from(row[x + 1]);
            }
            out[0] = 4 * u16::from(row[0]);
            out[w - 1] = 4 * u16::from(row[w - 1]);
        }
        let mut luma = vec![0u8; w * h];
        for y in 0..h {
            let (above, below) = (y.saturating_sub(1) * w, (y + 1).min(h - 1) * w);
            for x in 0..w {
                let sum = across[above + x] + 2 * across[y * w + x] + across[below + x];
                luma[y * w + x] = (sum >> 4) as u8;
            }
        }
        Picture {
            width: w,
            height: h,
            luma,
        }
    }

    /// Half as wide and high; `None` when too little would be left.
    pub fn halved(frame: Frame<'_>) -> Option<Picture> {
        let (width, height) = (frame.width / 2, frame.height / 2);
        if width < MIN_SIDE || height < MIN_SIDE {
            return None;
        }
        let mut luma = vec![0u8; width * height];
        for (y, out) in luma.chunks_exact_mut(width).enumerate() {
            let (upper, lower) = (frame.row(2 * y), frame.row(2 * y + 1));
            for (x, out) in out.iter_mut().enumerate() {
                let sum = u16::from(upper[2 * x])
                    + u16::from(upper[2 * x + 1])
                    + u16::from(lower[2 * x])
                    + u16::from(lower[2 * x + 1]);
                *out = ((sum + 2) / 4) as u8;
            }
        }
        Some(Picture { width, height, luma })
    }

    /// A rectangle of the frame; `None` when it is too small to be one.
    pub fn cropped(
        frame: Frame<'_>,
        left: usize,
        top: usize,
        right: usize,
        bottom: usize,
    ) -> Option<Picture> {
        let (right, bottom) = (right.min(frame.width), bottom.min(frame.height));
        let (width, height) = (right.checked_sub(left)?, bottom.checked_sub(top)?);
        if width < MIN_SIDE || height < MIN_SIDE {
            return None;
        }
        let mut luma = Vec::with_capacity(width * height);
        for y in top..bottom {
            luma.extend_from_slice(&frame.row(y)[left..right]);
        }
        Some(Picture { width, height, luma })
    }
}

/// Which pixels are darker than their surroundings.
pub(crate) struct Bitmap {
    pub width: usize,
    pub height: usize,
    dark: Vec<u8>,
}

impl Bitmap {
    /// Dark is what lies `bias` below the mean of the square of `window` pixels around it.
    pub fn darker_than_around(frame: Frame<'_>, window: usize, bias: i32) -> Bitmap {
        let (w, h) = (frame.width, frame.height);
        let r = window / 2;
        let mut columns = vec![0u32; w];
        let mut running = vec![0u32; w + 1];
        let mut dark = vec![0u8; w * h];
        for y in 0..(r + 1).min(h) {
            for (sum, v) in columns.iter_mut().zip(frame.row(y)) {
                *sum += u32::from(*v);
            }
        }
        for y in 0..h {
            if y > 0 && y + r < h {
                for (sum, v) in columns.iter_mut().zip(frame.row(y + r)) {
                    *sum += u32::from(*v);
                }
            }
            if y > r {
                for (sum, v) in columns.iter_mut().zip(frame.row(y - r - 1)) {
                    *sum -= u32::from(*v);
                }
            }
            let rows = ((y + r).min(h - 1) - y.saturating_sub(r) + 1) as i64;
            for x in 0..w {
                running[x + 1] = running[x].wrapping_add(columns[x]);
            }
            let row = frame.row(y);
            let out = &mut dark[y * w..(y + 1) * w];
            let darker = |value: u8, from: usize, to: usize| {
                let count = rows * (to - from) as i64;
                let sum = i64::from(running[to].wrapping_sub(running[from]));
                u8::from((i64::from(value) + i64::from(bias)) * count < sum)
            };
            // Away from the sides every square is as wide, and the comparison runs many pixels at a time.
            let inside = r.min(w)..w.saturating_sub(r).max(r.min(w));
            let count = (rows * (2 * r + 1) as i64) as f32;
            if !inside.is_empty() {
                let (low, high) = (&running[..inside.len()], &running[2 * r + 1..]);
                for (((out, value), low), high) in out[inside.clone()]
                    .iter_mut()
                    .zip(&row[inside.clone()])
                    .zip(low)
                    .zip(high)
                {
                    let sum = high.wrapping_sub(*low) as i32 as f32;
                    *out = u8::from((f32::from(*value) + bias as f32) * count < sum);
                }
            }
            for x in (0..inside.start).chain(inside.end..w) {
                out[x] = darker(row[x], x.saturating_sub(r), (x + r + 1).min(w));
            }
        }
        Bitmap {
            width: w,
            height: h,
            dark,
        }
    }

    pub fn row(&self, y: usize) -> &[u8] {
        &self.dark[y * self.width..(y + 1) * self.width]
    }

    /// 1 for dark, 0 for light, nothing outside.
    #[inline]
    pub fn get(&self, x: i32, y: i32) -> Option<u8> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        (x < self.width && y < self.height).then(|| self.dark[y * self.width + x])
    }
}
