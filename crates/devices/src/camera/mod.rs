//! Cameras: pictures come through one trait, from the machine's own camera, from a film or from a folder, and codes are
//! read from the latest of them on a thread of their own.

mod codes;
mod file;
#[cfg(feature = "camera")]
mod native;
mod watch;

pub use codes::{CodeReader, kind_word};
pub use file::{Film, Folder, Recorded};
pub use watch::{State, View, Watch};

/// One picture, as grey as codes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    /// One byte a dot, row by row.
    pub luma: Vec<u8>,
}

impl Picture {
    /// `None` when the bytes do not fill the picture exactly.
    pub fn new(width: u32, height: u32, luma: Vec<u8>) -> Option<Picture> {
        let dots = (width as usize).checked_mul(height as usize)?;
        (dots > 0 && luma.len() == dots).then_some(Picture { width, height, luma })
    }

    /// How bright it is in the middle of all its dots, from 0 to 255.
    pub fn brightness(&self) -> u8 {
        // Every 31st dot tells enough, and never falls into step with the rows.
        let (mut sum, mut dots) = (0u64, 0u64);
        for dot in self.luma.iter().step_by(31) {
            sum += u64::from(*dot);
            dots += 1;
        }
        u8::try_from(sum / dots.max(1)).unwrap_or(u8::MAX)
    }

    /// The same picture, at most so wide.
    pub fn smaller(&self, most: u32) -> Picture {
        let step = self.width.div_ceil(most.max(1)).max(1);
        let (width, height) = (self.width / step, self.height / step);
        if step == 1 || width == 0 || height == 0 {
            return self.clone();
        }
        let mut luma = Vec::with_capacity((width * height) as usize);
        for y in 0..height {
            for x in 0..width {
                let mut sum = 0;
                for dy in 0..step {
                    let start = ((y * step + dy) * self.width + x * step) as usize;
                    sum += self.luma[start..start + step as usize]
                        .iter()
                        .map(|dot| u32::from(*dot))
                        .sum::<u32>();
                }
                luma.push(u8::try_from(sum / (step * step)).unwrap_or(u8::MAX));
            }
        }
        Picture { width, height, luma }
    }

    /// A grey bitmap file, which every screen can show without a decoder of ours.
    pub fn bmp(&self) -> Vec<u8> {
        const HEAD: u32 = 54 + 1024;
        let row = self.width.next_multiple_of(4);
        let size = row * self.height;
        let mut file = Vec::with_capacity((HEAD + size) as usize);
        file.extend(b"BM");
        for number in [HEAD + size, 0, HEAD, 40, self.width, self.height] {
            file.extend(number.to_le_bytes());
        }
        file.extend([1, 0, 8, 0]);
        for number in [0, size, 2835, 2835, 256, 0] {
            file.extend(u32::to_le_bytes(number));
        }
        for grey in 0..=255 {
            file.extend([grey, grey, grey, 0]);
        }
        // Bitmaps stand on their head.
        for line in self.luma.chunks_exact(self.width as usize).rev() {
            file.extend(line);
            file.extend(&[0; 3][..(row - self.width) as usize]);
        }
        file
    }
}

/// Where pictures come from, one after the other.
pub trait Frames {
    /// The next picture, when there is one. `None` when no more will come: it was unplugged, or the film is over.
    fn next(&mut self) -> Option<Picture>;
}

/// A camera as a person chooses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    pub id: String,
    pub name: String,
}

/// Why a camera gives no pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("there is no such camera")]
    None,
    #[error("another program uses the camera")]
    Busy,
    #[error("the camera gives no pictures that can be used")]
    Failed,
}

/// The cameras of one machine.
pub trait Cameras: Send + Sync {
    fn list(&self) -> Vec<Camera>;

    /// Opens one, or the first. Called on the thread that will take its pictures.
    fn open(&self, id: Option<&str>) -> Result<Box<dyn Frames>, Trouble>;
}

/// A code in a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub text: String,
    pub kind: String,
    /// In dots of the picture, clockwise from the code's own top left.
    pub corners: [(i32, i32); 4],
}

/// Whoever reads codes from pictures, with a memory over several of them.
pub trait Decode: Send {
    fn read(&mut self, picture: &Picture) -> Vec<Seen>;
}

/// This machine's own cameras; none in programs built without them.
pub fn system() -> std::sync::Arc<dyn Cameras> {
    #[cfg(feature = "camera")]
    {
        std::sync::Arc::new(native::Native)
    }
    #[cfg(not(feature = "camera"))]
    {
        std::sync::Arc::new(NoCameras)
    }
}

/// A machine without cameras.
pub struct NoCameras;

impl Cameras for NoCameras {
    fn list(&self) -> Vec<Camera> {
        vec![]
    }

    fn open(&self, _: Option<&str>) -> Result<Box<dyn Frames>, Trouble> {
        Err(Trouble::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_must_be_filled_exactly() {
        assert!(Picture::new(2, 2, vec![0; 4]).is_some());
        assert!(Picture::new(2, 2, vec![0; 3]).is_none());
        assert!(Picture::new(0, 2, vec![]).is_none());
        assert!(Picture::new(u32::MAX, u32::MAX, vec![]).is_none());
    }

    #[test]
    fn a_smaller_picture_is_the_mean_of_the_greater() {
        let wide = Picture::new(4, 2, vec![0, 10, 100, 100, 20, 30, 200, 200]).expect("a picture");
        let small = wide.smaller(2);
        assert_eq!((small.width, small.height, small.luma), (2, 1, vec![15, 150]));
    }

    #[test]
    fn a_bitmap_says_its_own_size() {
        let picture = Picture::new(3, 2, vec![1, 2, 3, 4, 5, 6]).expect("a picture");
        let file = picture.bmp();
        assert_eq!(file.len(), 54 + 1024 + 8);
        assert_eq!(
            &file[2..6],
            u32::try_from(file.len()).expect("small").to_le_bytes()
        );
        assert_eq!(
            &file[file.len() - 8..],
            [4, 5, 6, 0, 1, 2, 3, 0],
            "the last row first, padded"
        );
    }
}
