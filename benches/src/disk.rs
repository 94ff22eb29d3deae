//! The floor under every sale: one small write and its fsync, on the same disk.

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::Path,
    time::{Duration, Instant},
};

#[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub fn write_and_sync(folder: &Path, times: usize) -> std::io::Result<Vec<Duration>> {
    let path = folder.join("floor");
    let mut file = File::create(&path)?;
    // A preallocated file, as the journal of a database in use is.
    file.write_all(&vec![0; 1 << 20])?;
    file.sync_all()?;
    let block = [7; 4096];
    let mut took = Vec::with_capacity(times);
    for i in 0..times {
        file.seek(SeekFrom::Start((i as u64 % 250) * 4096))?;
        let began = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        took.push(began.elapsed());
    }
    std::fs::remove_file(path)?;
    Ok(took)
}

/// The value below which this share of the sorted list lies.
pub fn at_share(took: &mut [Duration], percent: usize) -> Duration {
    took.sort_unstable();
    took.get((took.len() * percent / 100).min(took.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}
