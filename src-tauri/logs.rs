//! The app's log: a file beside the shop's data, because a till has no terminal. One older file is kept.

use std::{fs, io, path::Path, sync::Mutex};

use tracing_subscriber::EnvFilter;

const LIMIT_BYTES: u64 = 5 * 1024 * 1024;

/// Starts logging. A folder that cannot be written is no reason not to sell: then the log goes to stderr.
pub fn begin(data: &Path) {
    let filter = EnvFilter::try_from_env("CHANDI_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().json().with_env_filter(filter);
    // A second initialisation (tests) keeps the first.
    let _ = match file(data) {
        Ok(file) => log.with_writer(Mutex::new(file)).try_init(),
        Err(_) => log.with_writer(io::stderr).try_init(),
    };
}

fn file(data: &Path) -> io::Result<fs::File> {
    let folder = data.join("logs");
    fs::create_dir_all(&folder)?;
    let current = folder.join("chandi.log");
    if fs::metadata(&current).is_ok_and(|meta| meta.len() > LIMIT_BYTES) {
        fs::rename(&current, folder.join("chandi.1.log"))?;
    }
    fs::OpenOptions::new().create(true).append(true).open(current)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_makes_room_and_keeps_the_one_before() {
        let data = std::env::temp_dir().join(format!("chandi-logs-{}", std::process::id()));
        let old = data.join("logs/chandi.log");
        drop(file(&data).expect("a fresh log"));
        fs::File::options()
            .write(true)
            .open(&old)
            .and_then(|file| file.set_len(LIMIT_BYTES + 1))
            .expect("a log of five megabytes");
        drop(file(&data).expect("the next start"));
        assert_eq!(fs::metadata(&old).expect("a new log").len(), 0);
        assert!(
            data.join("logs/chandi.1.log").exists(),
            "the full one is still there"
        );
        fs::remove_dir_all(&data).expect("tidied up");
    }
}
