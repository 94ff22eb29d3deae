//! Measures Chandi against the goals of its design and prints one table.
//!
//! The node is the real program in a process of its own, over real HTTP, on the disk of the folder that is named;
//! its CPU is what the kernel charged to that process. The disk's own write+fsync is measured beside it.

mod accounts;
mod disk;
mod history;
mod hub;
mod imports;
mod joining;
mod lan;
mod node;
#[cfg(unix)]
mod scale;
mod slips;
mod table;
mod taxes;
mod tokens;
mod work;

use std::{path::PathBuf, process::ExitCode};

const USAGE: &str = "bench [--programs DIR] [--folder DIR] [--orders N] [--ui DIR] [--only PART]…";

pub struct Arguments {
    /// The chandi-node to measure.
    pub node: PathBuf,
    /// Where data folders are made; the big one stays for the next run.
    pub folder: PathBuf,
    /// How many orders the big history has.
    pub orders: u64,
    /// The built screens, for their size.
    pub ui: PathBuf,
    /// The parts that are wanted; none named is all of them.
    pub only: Vec<String>,
}

fn arguments() -> Result<Arguments, String> {
    let mut arguments = Arguments {
        node: std::env::var_os("CHANDI_BIN")
            .map(|dir| PathBuf::from(dir).join("chandi-node"))
            .unwrap_or_default(),
        folder: std::env::temp_dir().join("chandi-bench"),
        orders: 1_000_000,
        ui: PathBuf::from("ui/dist"),
        only: vec![],
    };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let value = given.next().ok_or(USAGE)?;
        match name.as_str() {
            "--programs" => arguments.node = PathBuf::from(value).join("chandi-node"),
            "--folder" => arguments.folder = value.into(),
            "--orders" => arguments.orders = value.parse().map_err(|_| USAGE)?,
            "--ui" => arguments.ui = value.into(),
            "--only" if work::PARTS.iter().any(|(part, _)| *part == value) => arguments.only.push(value),
            "--only" => {
                let parts: Vec<&str> = work::PARTS.iter().map(|(part, _)| *part).collect();
                return Err(format!("the parts are: {}", parts.join(", ")));
            }
            _ => return Err(USAGE.to_owned()),
        }
    }
    if arguments.node.as_os_str().is_empty() {
        Err(USAGE.to_owned())
    } else {
        Ok(arguments)
    }
}

fn main() -> ExitCode {
    match arguments().and_then(|a| work::measure_all(&a)) {
        Ok(rows) => {
            table::print(&rows);
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            eprintln!("bench: {sentence}");
            ExitCode::FAILURE
        }
    }
}
