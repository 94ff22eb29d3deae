//! The key of the database: in the system's keyring, or in a 0600 file where there is none.

use crate::edges::Edges;
use std::{io, path::Path, sync::mpsc, time::Duration};

/// Where the key was found or put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStorage {
    Keyring,
    File,
}

impl KeyStorage {
    pub fn as_str(self) -> &'static str {
        match self {
            KeyStorage::Keyring => "keyring",
            KeyStorage::File => "file",
        }
    }
}

const FILE: &str = "key";
/// A keyring that asks nobody answers at once; one that waits for a person must not hold the till.
const PATIENCE: Duration = Duration::from_secs(4);

/// The key of the data folder, made on first use. `fresh` says that no database exists yet.
pub fn key_of(
    folder: &Path,
    fresh: bool,
    edges: &Edges,
    use_keyring: bool,
) -> io::Result<([u8; 32], KeyStorage)> {
    // What is in the file goes first: a keyring that appears later must not hide the key that the database has.
    if let Some(key) = read_file(&folder.join(FILE))? {
        return Ok((key, KeyStorage::File));
    }
    let account = folder.to_string_lossy().into_owned();
    if use_keyring && let Some(key) = ask_keyring(account.clone(), None) {
        return Ok((key, KeyStorage::Keyring));
    }
    if !fresh {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the key of this database is in neither keyring nor file",
        ));
    }
    let key: [u8; 32] = edges.random();
    if use_keyring && ask_keyring(account, Some(key)) == Some(key) {
        return Ok((key, KeyStorage::Keyring));
    }
    write_file(&folder.join(FILE), &key)?;
    Ok((key, KeyStorage::File))
}

/// Forgets the key of a folder whose database is gone.
pub fn forget(folder: &Path) {
    let account = folder.to_string_lossy().into_owned();
    in_time(move || {
        keyring::v1::Entry::new(SERVICE, &account)
            .ok()?
            .delete_credential()
            .ok()
    });
}

const SERVICE: &str = "chandi";

/// Reads the key, after writing it when one is given.
fn ask_keyring(account: String, put: Option<[u8; 32]>) -> Option<[u8; 32]> {
    in_time(move || {
        let entry = keyring::v1::Entry::new(SERVICE, &account).ok()?;
        if let Some(key) = put {
            entry.set_secret(&key).ok()?;
        }
        entry.get_secret().ok()?.try_into().ok()
    })
}

/// On a thread of its own: the keyring's client brings its own event loop, and may never answer.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(PATIENCE).ok().flatten()
}

fn read_file(path: &Path) -> io::Result<Option<[u8; 32]>> {
    match std::fs::read(path) {
        Ok(bytes) => bytes
            .try_into()
            .map(Some)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the key file does not hold a key")),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Puts the key under its name only once it is whole: a power cut leaves the old state or the new one, never a file
/// without a key that would keep the shop from being set up.
fn write_file(path: &Path, key: &[u8; 32]) -> io::Result<()> {
    use std::io::Write;
    let unfinished = path.with_extension("unfinished");
    match std::fs::remove_file(&unfinished) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(key)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&unfinished, path)?;
    // The names too: of the key, and of the folder that was perhaps made for it.
    for folder in path.ancestors().skip(1).take(2) {
        if let Ok(folder) = std::fs::File::open(folder) {
            // On Windows a folder cannot be flushed; there the file's own flush is what there is.
            let _ = folder.sync_all();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_half_written_is_written_again() {
        let folder = tempfile::tempdir().expect("a temp folder");
        std::fs::write(folder.path().join("key.unfinished"), [1; 7]).expect("what a power cut left");
        let (key, storage) = key_of(folder.path(), true, &Edges::system(), false).expect("a key");
        assert_eq!(storage, KeyStorage::File);
        assert_eq!(read_file(&folder.path().join(FILE)).expect("readable"), Some(key));
        let again = key_of(folder.path(), false, &Edges::system(), false).expect("the same key");
        assert_eq!(again, (key, storage), "the key of a database never changes");
        assert!(!folder.path().join("key.unfinished").exists());
    }
}
