//! Recorded pictures as a camera: a film (Y4M, as browsers take it for tests too) or a folder of pictures (PGM).

use super::{Camera, Cameras, Frames, Picture, Trouble};
use crate::Deadline;
use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    time::Duration,
};

/// A camera that is a film or a folder. It is there as long as the file is, so a test can unplug it.
pub struct Recorded {
    pub path: PathBuf,
    /// Begins again at its end instead of being unplugged there.
    pub endless: bool,
}

impl Cameras for Recorded {
    fn list(&self) -> Vec<Camera> {
        if !self.path.exists() {
            return vec![];
        }
        vec![Camera {
            id: "recorded".to_owned(),
            name: self
                .path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
        }]
    }

    fn open(&self, _: Option<&str>) -> Result<Box<dyn Frames>, Trouble> {
        if self.path.is_dir() {
            return Ok(Box::new(Folder::open(&self.path, self.endless)?));
        }
        Ok(Box::new(Film::open(&self.path, self.endless)?))
    }
}

/// The most dots of one recorded picture.
const MOST_DOTS: usize = 4096 * 4096;

/// A Y4M film with eight bits a dot.
pub struct Film {
    file: BufReader<File>,
    path: PathBuf,
    endless: bool,
    width: u32,
    height: u32,
    /// What follows the grey plane and nobody looks at.
    colour: u64,
    pause: Duration,
    due: Deadline,
    /// Whether this round of the film had a picture: an empty one must not turn for ever.
    any: bool,
}

impl Film {
    pub fn open(path: &Path, endless: bool) -> Result<Film, Trouble> {
        let file = File::open(path).map_err(|_| Trouble::None)?;
        let mut file = BufReader::new(file);
        let head = line(&mut file).ok_or(Trouble::Failed)?;
        let mut words = head.split(' ');
        if words.next() != Some("YUV4MPEG2") {
            return Err(Trouble::Failed);
        }
        let (mut width, mut height, mut rate, mut colours) = (0u32, 0u32, (30u32, 1u32), "420");
        for word in words {
            let Some(kind) = word.chars().next() else { continue };
            let rest = &word[kind.len_utf8()..];
            match kind {
                'W' => width = rest.parse().map_err(|_| Trouble::Failed)?,
                'H' => height = rest.parse().map_err(|_| Trouble::Failed)?,
                'F' => {
                    let (frames, seconds) = rest.split_once(':').ok_or(Trouble::Failed)?;
                    rate = (
                        frames.parse().map_err(|_| Trouble::Failed)?,
                        seconds.parse().map_err(|_| Trouble::Failed)?,
                    );
                }
                'C' => colours = rest,
                _ => {}
            }
        }
        let dots = (width as usize)
            .checked_mul(height as usize)
            .ok_or(Trouble::Failed)?;
        if dots == 0 || dots > MOST_DOTS {
            return Err(Trouble::Failed);
        }
        let half = |n: u32| u64::from(n.div_ceil(2));
        let colour = match colours {
            "mono" => 0,
            // More than eight bits a dot: 420p10.
            c if c
                .rsplit_once('p')
                .is_some_and(|(_, bits)| bits.parse::<u8>().is_ok()) =>
            {
                return Err(Trouble::Failed);
            }
            c if c.starts_with("420") => 2 * half(width) * half(height),
            c if c.starts_with("422") => 2 * half(width) * u64::from(height),
            c if c.starts_with("444") => 2 * dots as u64,
            _ => return Err(Trouble::Failed),
        };
        let pause = Duration::from_secs(1) * rate.1.max(1) / rate.0.max(1);
        Ok(Film {
            file,
            path: path.to_owned(),
            endless,
            width,
            height,
            colour,
            pause: pause.min(Duration::from_secs(1)),
            due: Deadline::now(),
            any: false,
        })
    }

    fn picture(&mut self) -> Option<Picture> {
        let head = line(&mut self.file)?;
        if !head.starts_with("FRAME") {
            return None;
        }
        let mut luma = vec![0; (self.width * self.height) as usize];
        self.file.read_exact(&mut luma).ok()?;
        let passed = std::io::copy(&mut self.file.by_ref().take(self.colour), &mut std::io::sink()).ok()?;
        (passed == self.colour).then_some(())?;
        Picture::new(self.width, self.height, luma)
    }
}

impl Frames for Film {
    fn next(&mut self) -> Option<Picture> {
        std::thread::sleep(self.due.left());
        self.due = Deadline::after(self.pause);
        // A file that is gone is a camera that was pulled out.
        if !self.path.exists() {
            return None;
        }
        if let Some(picture) = self.picture() {
            self.any = true;
            return Some(picture);
        }
        if !self.endless || !self.any {
            return None;
        }
        let due = self.due;
        *self = Film::open(&self.path, true).ok()?;
        self.due = due;
        let picture = self.picture()?;
        self.any = true;
        Some(picture)
    }
}

fn line(file: &mut BufReader<File>) -> Option<String> {
    let mut line = Vec::new();
    file.by_ref().take(256).read_until(b'\n', &mut line).ok()?;
    (line.pop() == Some(b'\n')).then_some(())?;
    String::from_utf8(line).ok()
}

/// A folder of grey pictures (binary PGM), shown in the order of their names, ten a second.
pub struct Folder {
    left: std::vec::IntoIter<PathBuf>,
    path: PathBuf,
    endless: bool,
    due: Deadline,
}

impl Folder {
    pub fn open(path: &Path, endless: bool) -> Result<Folder, Trouble> {
        let mut names: Vec<PathBuf> = std::fs::read_dir(path)
            .map_err(|_| Trouble::None)?
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|e| e == "pgm"))
            .collect();
        if names.is_empty() {
            return Err(Trouble::None);
        }
        names.sort();
        Ok(Folder {
            left: names.into_iter(),
            path: path.to_owned(),
            endless,
            due: Deadline::now(),
        })
    }
}

impl Frames for Folder {
    fn next(&mut self) -> Option<Picture> {
        std::thread::sleep(self.due.left());
        self.due = Deadline::after(Duration::from_millis(100));
        let next = match self.left.next() {
            None if self.endless => {
                let due = self.due;
                *self = Folder::open(&self.path, true).ok()?;
                self.due = due;
                self.left.next()
            }
            next => next,
        };
        pgm(&std::fs::read(next?).ok()?)
    }
}

/// A binary PGM of at most 255 greys.
fn pgm(file: &[u8]) -> Option<Picture> {
    let mut at = file.strip_prefix(b"P5")?;
    let mut number = || {
        loop {
            let (first, rest) = at.split_first()?;
            match first {
                b'#' => at = &rest[rest.iter().position(|b| *b == b'\n')?..],
                first if first.is_ascii_whitespace() => at = rest,
                _ => break,
            }
        }
        let digits = at.iter().take_while(|b| b.is_ascii_digit()).count();
        let number: u32 = std::str::from_utf8(&at[..digits]).ok()?.parse().ok()?;
        at = &at[digits..];
        Some(number)
    };
    let (width, height, most) = (number()?, number()?, number()?);
    (1..=255).contains(&most).then_some(())?;
    let (_, luma) = at.split_first()?;
    let dots = (width as usize)
        .checked_mul(height as usize)
        .filter(|d| *d <= MOST_DOTS)?;
    Picture::new(width, height, luma.get(..dots)?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(head: &str, frames: &[&[u8]]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut bytes = format!("{head}\n").into_bytes();
        for frame in frames {
            bytes.extend(b"FRAME\n");
            bytes.extend(*frame);
        }
        std::fs::write(file.path(), bytes).expect("written");
        file
    }

    #[test]
    fn a_film_gives_its_grey_and_ends() {
        let file = film(
            "YUV4MPEG2 W2 H2 F1000:1 C420jpeg",
            &[&[1, 2, 3, 4, 9, 9], &[5, 6, 7, 8, 9, 9]],
        );
        let mut frames = Film::open(file.path(), false).expect("a film");
        assert_eq!(frames.next().expect("the first").luma, [1, 2, 3, 4]);
        assert_eq!(frames.next().expect("the second").luma, [5, 6, 7, 8]);
        assert_eq!(frames.next(), None);
    }

    #[test]
    fn an_endless_film_begins_again_and_an_empty_one_does_not_turn_for_ever() {
        let file = film("YUV4MPEG2 W1 H1 F1000:1 Cmono", &[&[7]]);
        let mut frames = Film::open(file.path(), true).expect("a film");
        for _ in 0..3 {
            assert_eq!(frames.next().expect("again").luma, [7]);
        }
        let empty = film("YUV4MPEG2 W1 H1 F1000:1 Cmono", &[]);
        assert_eq!(Film::open(empty.path(), true).expect("a film").next(), None);
    }

    #[test]
    fn what_is_no_film_is_refused() {
        for head in [
            "RIFF",
            "YUV4MPEG2 W0 H2",
            "YUV4MPEG2 W99999999 H99999999",
            "YUV4MPEG2 W2 H2 C420p10",
            "YUV4MPEG2 Wx H2",
            "YUV4MPEG2 W2 H2 Fx",
        ] {
            assert!(Film::open(film(head, &[]).path(), false).is_err(), "{head}");
        }
        let cut = film("YUV4MPEG2 W2 H2 F1000:1 Cmono", &[&[1, 2]]);
        assert_eq!(
            Film::open(cut.path(), false).expect("a head").next(),
            None,
            "half a picture is none"
        );
    }

    #[test]
    fn a_folder_gives_its_pictures_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("b.pgm"), b"P5\n# two\n2 1\n255\n\x03\x04").expect("written");
        std::fs::write(folder.path().join("a.pgm"), b"P5 2 1 255 \x01\x02").expect("written");
        std::fs::write(folder.path().join("c.txt"), b"no picture").expect("written");
        let mut frames = Folder::open(folder.path(), false).expect("a folder of pictures");
        assert_eq!(frames.next().expect("the first").luma, [1, 2]);
        assert_eq!(frames.next().expect("the second").luma, [3, 4]);
        assert_eq!(frames.next(), None);
    }
}
