//! Pictures: what a file says it is and how large, by its first bytes. Nothing is decoded here.

use thiserror::Error;

/// The largest picture of a product, in bytes.
pub const MAX_BYTES: usize = 200 * 1024;
/// The longest side, in pixels.
pub const MAX_SIDE: u32 = 4_096;
/// The shortest, below which nothing can be seen on a tile.
pub const MIN_SIDE: u32 = 16;

/// Why a file is no picture for a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PictureError {
    #[error("at most {MAX_BYTES} bytes")]
    TooLarge,
    #[error("a WebP, PNG or JPEG picture")]
    UnknownKind,
    #[error("sides of {MIN_SIDE} to {MAX_SIDE} pixels")]
    Size,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureKind {
    Webp,
    Png,
    Jpeg,
}

impl PictureKind {
    pub const fn mime(self) -> &'static str {
        match self {
            PictureKind::Webp => "image/webp",
            PictureKind::Png => "image/png",
            PictureKind::Jpeg => "image/jpeg",
        }
    }
}

/// What a picture says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureSays {
    pub kind: PictureKind,
    pub width: u16,
    pub height: u16,
}

/// Reads a picture's kind and size, whatever its sender called it.
pub fn inspect(bytes: &[u8]) -> Result<PictureSays, PictureError> {
    if bytes.len() > MAX_BYTES {
        return Err(PictureError::TooLarge);
    }
    let (kind, width, height) = png(bytes)
        .or_else(|| webp(bytes))
        .or_else(|| jpeg(bytes))
        .ok_or(PictureError::UnknownKind)?;
    let side = |length: u32| {
        u16::try_from(length)
            .ok()
            .filter(|_| (MIN_SIDE..=MAX_SIDE).contains(&length))
            .ok_or(PictureError::Size)
    };
    Ok(PictureSays {
        kind,
        width: side(width)?,
        height: side(height)?,
    })
}

fn at<const N: usize>(bytes: &[u8], from: usize) -> Option<[u8; N]> {
    bytes.get(from..from.checked_add(N)?)?.try_into().ok()
}

fn png(bytes: &[u8]) -> Option<(PictureKind, u32, u32)> {
    if !bytes.starts_with(b"\x89PNG\r\n\x1a\n") || at(bytes, 12)? != *b"IHDR" {
        return None;
    }
    Some((
        PictureKind::Png,
        u32::from_be_bytes(at(bytes, 16)?),
        u32::from_be_bytes(at(bytes, 20)?),
    ))
}

fn webp(bytes: &[u8]) -> Option<(PictureKind, u32, u32)> {
    if !bytes.starts_with(b"RIFF") || at(bytes, 8)? != *b"WEBP" {
        return None;
    }
    let (width, height) = match &at::<4>(bytes, 12)? {
        b"VP8 " => {
            if at(bytes, 23)? != [0x9d, 0x01, 0x2a] {
                return None;
            }
            let side = |from| at(bytes, from).map(|two| u32::from(u16::from_le_bytes(two) & 0x3fff));
            (side(26)?, side(28)?)
        }
        b"VP8L" => {
            if at(bytes, 20)? != [0x2f_u8] {
                return None;
            }
            let packed = u32::from_le_bytes(at(bytes, 21)?);
            ((packed & 0x3fff) + 1, (packed >> 14 & 0x3fff) + 1)
        }
        b"VP8X" => {
            let side = |from| at(bytes, from).map(|[a, b, c]: [u8; 3]| u32::from_le_bytes([a, b, c, 0]) + 1);
            (side(24)?, side(27)?)
        }
        _ => return None,
    };
    Some((PictureKind::Webp, width, height))
}

fn jpeg(bytes: &[u8]) -> Option<(PictureKind, u32, u32)> {
    if !bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        return None;
    }
    let mut here = 2;
    loop {
        let [mark, kind] = at(bytes, here)?;
        if mark != 0xff {
            return None;
        }
        match kind {
            // Filling, and marks that carry nothing.
            0xff => here += 1,
            0x01 | 0xd0..=0xd8 => here += 2,
            // The frames, of which the first says the size; c4, c8 and cc are tables.
            0xc0..=0xcf if !matches!(kind, 0xc4 | 0xc8 | 0xcc) => {
                let side = |from| at(bytes, from).map(|two| u32::from(u16::from_be_bytes(two)));
                return Some((PictureKind::Jpeg, side(here + 7)?, side(here + 5)?));
            }
            // The picture itself, before anything said its size, or its end.
            0xd9 | 0xda => return None,
            _ => here += 2 + usize::from(u16::from_be_bytes(at(bytes, here + 2)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn a_png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 2, 0, 0, 0]);
        bytes
    }

    fn a_jpeg(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc0, 0, 17, 8];
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes
    }

    fn a_webp(chunk: &[u8; 4], rest: &[u8]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WEBP".to_vec();
        bytes.extend(chunk);
        bytes.extend([0; 4]);
        bytes.extend(rest);
        bytes
    }

    #[test]
    fn each_kind_says_its_size() {
        let says = |bytes: &[u8]| inspect(bytes).map(|p| (p.kind.mime(), p.width, p.height));
        assert_eq!(says(&a_png(640, 480)), Ok(("image/png", 640, 480)));
        assert_eq!(says(&a_jpeg(300, 200)), Ok(("image/jpeg", 300, 200)));
        let lossy = a_webp(b"VP8 ", &[0, 0, 0, 0x9d, 0x01, 0x2a, 0x90, 1, 0x2c, 1]);
        assert_eq!(says(&lossy), Ok(("image/webp", 400, 300)));
        let packed: u32 = 399 | (299 << 14);
        let mut lossless = vec![0x2f];
        lossless.extend(packed.to_le_bytes());
        assert_eq!(says(&a_webp(b"VP8L", &lossless)), Ok(("image/webp", 400, 300)));
        let extended = a_webp(b"VP8X", &[0, 0, 0, 0, 0x8f, 1, 0, 0x2b, 1, 0]);
        assert_eq!(says(&extended), Ok(("image/webp", 400, 300)));
    }

    #[test]
    fn what_is_no_picture_for_a_tile_is_refused() {
        use PictureError::*;
        assert_eq!(inspect(b""), Err(UnknownKind));
        assert_eq!(inspect(b"GIF89a\x10\0\x10\0"), Err(UnknownKind));
        assert_eq!(inspect(b"<svg onload='alert(1)'/>"), Err(UnknownKind));
        assert_eq!(inspect(&a_png(8, 480)), Err(Size));
        assert_eq!(inspect(&a_png(640, 5_000)), Err(Size));
        assert_eq!(inspect(&a_png(u32::MAX, u32::MAX)), Err(Size));
        assert_eq!(inspect(&a_jpeg(0, 0)), Err(Size));
        assert_eq!(inspect(&[0xff, 0xd8, 0xff, 0xda, 0, 0]), Err(UnknownKind));
        assert_eq!(inspect(&vec![0; MAX_BYTES + 1]), Err(TooLarge));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_wild(rest in prop::collection::vec(any::<u8>(), 0..200), start in 0usize..6) {
            let mut bytes: Vec<u8> = match start {
                0 => b"\x89PNG\r\n\x1a\n".to_vec(),
                1 => b"RIFF\0\0\0\0WEBPVP8X".to_vec(),
                2 => b"RIFF\0\0\0\0WEBPVP8L".to_vec(),
                3 => b"RIFF\0\0\0\0WEBPVP8 ".to_vec(),
                4 => vec![0xff, 0xd8, 0xff],
                _ => vec![],
            };
            bytes.extend(rest);
            if let Ok(says) = inspect(&bytes) {
                prop_assert!(says.width >= 16 && says.height >= 16);
            }
        }

        #[test]
        fn a_cut_file_says_nothing_wrong(cut in 0usize..40) {
            for whole in [a_png(640, 480), a_jpeg(300, 200)] {
                let part = &whole[..cut.min(whole.len())];
                if let Ok(says) = inspect(part) {
                    prop_assert_eq!(Ok(says), inspect(&whole));
                }
            }
        }
    }
}
