//! Ours in several ways, and readers of others beside it on the very same pictures.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use codes::{Budget, Frame, Reader, read_still};
use serde_json::Value;

use super::pictures::Picture;

/// What one reader did with one picture.
pub struct Outcome {
    pub texts: Vec<String>,
    pub spent: Duration,
}

#[allow(clippy::disallowed_methods, reason = "a bench looks at the clock")]
fn now() -> Instant {
    Instant::now()
}

/// One picture for itself, with all the time or with a limit.
pub fn still(pictures: &[Picture], limit: Option<Duration>) -> Result<Vec<Outcome>, String> {
    let mut outcomes = Vec::new();
    for picture in pictures {
        let frame = Frame::new(picture.width, picture.height, &picture.luma).map_err(|e| e.to_string())?;
        let start = now();
        let over = || limit.is_some_and(|limit| start.elapsed() > limit);
        let found = read_still(frame, &Budget::until(&over));
        outcomes.push(Outcome {
            spent: start.elapsed(),
            texts: found.into_iter().map(|code| code.text).collect(),
        });
    }
    Ok(outcomes)
}

/// The picture as so many frames of a camera that stands still, each with its limit. The time is that of a frame.
pub fn live(pictures: &[Picture], frames: u32, limit: Duration) -> Result<Vec<Outcome>, String> {
    let mut outcomes = Vec::new();
    for picture in pictures {
        let frame = Frame::new(picture.width, picture.height, &picture.luma).map_err(|e| e.to_string())?;
        let mut reader = Reader::new();
        let mut texts = Vec::new();
        let mut spent = Duration::ZERO;
        let mut seen = 0;
        for _ in 0..frames {
            let start = now();
            let over = || start.elapsed() > limit;
            let found = reader.read(frame, &Budget::until(&over));
            spent += start.elapsed();
            seen += 1;
            texts.extend(found.into_iter().map(|code| code.text));
            if !texts.is_empty() {
                break;
            }
        }
        outcomes.push(Outcome {
            texts,
            spent: spent / seen,
        });
    }
    Ok(outcomes)
}

/// Writes the pictures where the others find them.
pub fn save(pictures: &[Picture], folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    for (number, picture) in pictures.iter().enumerate() {
        let mut bytes = format!("P5\n{} {}\n255\n", picture.width, picture.height).into_bytes();
        bytes.extend_from_slice(&picture.luma);
        fs::write(folder.join(format!("{number:05}.pgm")), bytes).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// A reader of others, by its name; says why when it cannot be had.
pub fn other(name: &str, python: &str, folder: &Path, count: usize) -> Result<Vec<Outcome>, String> {
    let script = folder.join("others.py");
    fs::write(&script, include_str!("others.py")).map_err(|e| e.to_string())?;
    let output = Command::new(python)
        .args([script.as_os_str(), folder.as_os_str(), name.as_ref()])
        .output()
        .map_err(|e| format!("{python} does not start: {e}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(said
            .lines()
            .last()
            .unwrap_or("it ended without a word")
            .to_owned());
    }
    let mut outcomes = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let value: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
        outcomes.push(Outcome {
            texts: value["texts"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|text| Some(text.as_str()?.to_owned()))
                .collect(),
            spent: Duration::from_secs_f64(value["ms"].as_f64().unwrap_or(0.0) / 1000.0),
        });
    }
    if outcomes.len() == count {
        Ok(outcomes)
    } else {
        Err(format!("it read {} of {count} pictures", outcomes.len()))
    }
}
