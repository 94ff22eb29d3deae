//! Files in a folder of this machine, or of another one that is mounted here.

use super::{Files, checked};
use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Where a file is written before it has its name.
const WRITING: &str = ".writing";
/// What lies there for longer was left by a power cut: no piece takes so long.
const LEFT: Duration = Duration::from_secs(3600);
/// How often a file is given its name while others take the empty folder away.
const RACES: usize = 50;

pub struct Folder {
    root: PathBuf,
    written: AtomicU64,
}

impl Folder {
    /// Opens a folder, which is made if it is not there.
    pub fn open(root: &Path) -> io::Result<Folder> {
        let writing = root.join(WRITING);
        fs::create_dir_all(&writing)?;
        let folder = Folder {
            root: root.to_owned(),
            written: AtomicU64::new(0),
        };
        folder.sweep(&writing)?;
        Ok(folder)
    }

    /// Deletes what a power cut left half written, by the clock of whoever keeps the folder.
    fn sweep(&self, writing: &Path) -> io::Result<()> {
        let probe = self.unfinished()?;
        let now = File::create_new(&probe)?.metadata()?.modified()?;
        fs::remove_file(&probe)?;
        for entry in fs::read_dir(writing)? {
            let entry = entry?;
            let written = entry.metadata().and_then(|m| m.modified());
            // Another instance may have given it its name meanwhile.
            if written.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > LEFT)) {
                gone(fs::remove_file(entry.path()))?;
            }
        }
        Ok(())
    }

    /// A name that no other writer has, of this process or of another.
    fn unfinished(&self) -> io::Result<PathBuf> {
        let mut chance = [0; 8];
        getrandom::fill(&mut chance).map_err(io::Error::other)?;
        let nth = self.written.fetch_add(1, Relaxed);
        let chance = u64::from_be_bytes(chance);
        Ok(self.root.join(WRITING).join(format!("{chance:016x}-{nth}")))
    }

    fn path(&self, name: &str) -> io::Result<PathBuf> {
        Ok(self.root.join(checked(name)?))
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// What stands in a folder outlives a power cut only when the folder itself is on the disk.
fn keep(folder: &Path) -> io::Result<()> {
    // On Windows a folder cannot be flushed; there the file's own flush is what there is.
    match cfg!(windows) {
        true => Ok(()),
        false => File::open(folder)?.sync_all(),
    }
}

impl Files for Folder {
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(name)?;
        let unfinished = self.unfinished()?;
        let mut file = File::create_new(&unfinished)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        drop(file);
        let named = written.and_then(|()| {
            let folders: Vec<&Path> = path
                .ancestors()
                .skip(1)
                .take_while(|a| a.starts_with(&self.root))
                .collect();
            for _ in 0..RACES {
                let made = folders.first().map_or(Ok(()), fs::create_dir_all);
                match made.and_then(|()| fs::rename(&unfinished, &path)) {
                    // Somebody took the empty folder away in between, or while it was being made.
                    Err(error)
                        if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists)
                            && unfinished.exists() => {}
                    done => {
                        done?;
                        return folders.iter().try_for_each(|folder| keep(folder));
                    }
                }
            }
            Err(io::Error::other("the folder goes away all the time"))
        });
        if named.is_err() {
            // What is left of it is swept at the next start.
            let _ = fs::remove_file(&unfinished);
        }
        named
    }

    fn get(&self, name: &str, from: u64, most: u64) -> io::Result<Option<Vec<u8>>> {
        let mut file = match File::open(self.path(name)?) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<(String, u64)>> {
        let mut found = Vec::new();
        let top = prefix.trim_end_matches('/');
        let mut left = vec![match top {
            "" => String::new(),
            top => checked(top)?.to_owned(),
        }];
        while let Some(at) = left.pop() {
            let entries = match fs::read_dir(self.root.join(&at)) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                entries => entries?,
            };
            for entry in entries {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with('.') {
                    continue;
                }
                let name = match at.as_str() {
                    "" => name,
                    at => format!("{at}/{name}"),
                };
                match entry.metadata() {
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    about => match about? {
                        about if about.is_dir() => left.push(name),
                        about => found.push((name, about.len())),
                    },
                }
            }
        }
        found.sort();
        Ok(found)
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        let path = self.path(name)?;
        gone(fs::remove_file(&path))?;
        // Folders that are empty now go too; one that is not stays.
        for folder in path.ancestors().skip(1).take_while(|a| *a != self.root) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }
}
