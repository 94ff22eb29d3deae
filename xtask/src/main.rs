//! Chores of the project that are better in Rust than in a script: `cargo xtask openapi` writes down what the API says
//! of itself, for the UI's types and for other programs. `./dev types` calls it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

fn main() -> ExitCode {
    let task = std::env::args().nth(1);
    let done = match task.as_deref() {
        Some("openapi") => openapi(),
        _ => Err("usage: cargo xtask openapi".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn openapi() -> Result<(), String> {
    let text = api::openapi()
        .to_pretty_json()
        .map_err(|error| format!("the description is no JSON: {error}"))?;
    let path = root().join("openapi.json");
    fs::write(&path, text + "\n").map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
