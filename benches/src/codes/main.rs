//! How well codes are read: generated pictures with every kind of trouble, ours and the readers of others side by
//! side, the share that was read, what was misread, and the time a picture took.
#![allow(clippy::float_arithmetic, reason = "pixels and percentages, never money")]

mod dice;
mod pictures;
mod print;
mod readers;
mod scene;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use codes::make::{Level, qr};
use dice::Dice;
use pictures::{Picture, Shows};
use readers::Outcome;

const USAGE: &str = "bench-codes [--seeds A,B] [--each TOKENS] [--bars BARCODES] [--nothing PICTURES] [--python PROGRAM] [--folder DIR] [--list yes]";
const GET: &str = "python3 -m venv V && V/bin/pip install zxing-cpp pyzbar numpy (zbar: also the system's libzbar0), \
                   then --python V/bin/python";

struct Arguments {
    /// The first was looked at while the reader was written; on the others nothing was tuned.
    seeds: Vec<u64>,
    tokens_each: usize,
    bars_each: usize,
    nothing: usize,
    /// The Python that has the other readers.
    python: String,
    folder: PathBuf,
    /// Whether every picture that was not read is named.
    list: bool,
}

fn arguments() -> Result<Arguments, String> {
    let mut arguments = Arguments {
        seeds: vec![1, 2],
        tokens_each: 30,
        bars_each: 16,
        nothing: 60,
        python: std::env::var("CHANDI_PYTHON").unwrap_or_else(|_| "python3".to_owned()),
        folder: std::env::temp_dir().join("chandi-bench-codes"),
        list: false,
    };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let value = given.next().ok_or(USAGE)?;
        let number = || value.parse().map_err(|_| USAGE.to_owned());
        match name.as_str() {
            "--seeds" => {
                arguments.seeds = value
                    .split(',')
                    .map(|seed| seed.parse().map_err(|_| USAGE.to_owned()))
                    .collect::<Result<_, _>>()?;
            }
            "--each" => arguments.tokens_each = number()?,
            "--bars" => arguments.bars_each = number()?,
            "--nothing" => arguments.nothing = number()?,
            "--python" => arguments.python = value,
            "--folder" => arguments.folder = value.into(),
            "--list" => arguments.list = value == "yes",
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(arguments)
}

fn main() -> ExitCode {
    match arguments().and_then(|arguments| measure(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("bench-codes: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// A reader and what it did with each picture.
struct Column {
    name: &'static str,
    outcomes: Vec<Outcome>,
}

#[allow(clippy::print_stdout, reason = "the tables are what this program is for")]
fn measure(arguments: &Arguments) -> Result<(), String> {
    println!("| order lines | token | QR version | modules |");
    println!("|---|---|---|---|");
    for lines in [1, 5, 10, 20] {
        let text = pictures::token(lines, &mut Dice::new(lines as u64));
        let matrix = qr(&text, Level::M).map_err(|e| e.to_string())?;
        println!(
            "| {lines} | {} characters | {} | {} |",
            text.len(),
            matrix.version(),
            matrix.size()
        );
    }
    for (nth, &seed) in arguments.seeds.iter().enumerate() {
        let set = pictures::all(
            seed,
            arguments.tokens_each,
            arguments.bars_each,
            arguments.nothing,
        )?;
        let tuned = if nth == 0 {
            "the set that was looked at"
        } else {
            "nothing was tuned on it"
        };
        println!("\nSeed {seed}: {} pictures ({tuned})", set.len());
        let mut columns = vec![
            Column {
                name: "ours",
                outcomes: readers::still(&set, None)?,
            },
            Column {
                name: "ours, 33 ms",
                outcomes: readers::still(&set, Some(Duration::from_millis(33)))?,
            },
            Column {
                name: "ours, 4 frames",
                outcomes: readers::live(&set, 4, Duration::from_millis(33))?,
            },
        ];
        let folder = arguments.folder.join(seed.to_string());
        readers::save(&set, &folder)?;
        for name in ["zxing-cpp", "zbar"] {
            match readers::other(name, &arguments.python, &folder, set.len()) {
                Ok(outcomes) => columns.push(Column { name, outcomes }),
                Err(why) => println!("{name} is not installed ({why}). To compare: {GET}"),
            }
        }
        std::fs::remove_dir_all(&folder).map_err(|e| e.to_string())?;
        for shows in [Shows::Token, Shows::Barcode, Shows::Nothing] {
            table(&set, &columns, shows);
        }
        if arguments.list {
            list(&set, &columns);
        }
    }
    Ok(())
}

fn read(picture: &Picture, outcome: &Outcome) -> bool {
    picture.shows != Shows::Nothing && outcome.texts.contains(&picture.text)
}

fn misread(picture: &Picture, outcome: &Outcome) -> bool {
    outcome.texts.iter().any(|text| *text != picture.text)
}

#[allow(clippy::print_stdout, reason = "the tables are what this program is for")]
fn table(set: &[Picture], columns: &[Column], shows: Shows) {
    let of: Vec<usize> = (0..set.len()).filter(|&i| set[i].shows == shows).collect();
    if of.is_empty() {
        return;
    }
    let row = |cells: Vec<String>| println!("| {} |", cells.join(" | "));
    let cells = |first: &str, cell: &dyn Fn(&Column) -> String| {
        std::iter::once(first.to_owned())
            .chain(columns.iter().map(cell))
            .collect::<Vec<_>>()
    };
    println!();
    row(cells(&format!("{shows:?} ({} pictures)", of.len()), &|c| {
        c.name.to_owned()
    }));
    row(cells("---", &|_| "---".to_owned()));
    let share = |column: &Column, among: &[usize]| {
        let good = among
            .iter()
            .filter(|&&i| read(&set[i], &column.outcomes[i]))
            .count();
        format!("{:.1}", 100.0 * good as f64 / among.len().max(1) as f64)
    };
    if shows != Shows::Nothing {
        let mut troubles: Vec<&str> = Vec::new();
        for &i in &of {
            if !troubles.contains(&set[i].trouble) {
                troubles.push(set[i].trouble);
            }
        }
        for trouble in troubles {
            let among: Vec<usize> = of
                .iter()
                .copied()
                .filter(|&i| set[i].trouble == trouble)
                .collect();
            row(cells(trouble, &|column| share(column, &among)));
        }
        row(cells("all, %", &|column| share(column, &of)));
    }
    row(cells("misread", &|column| {
        of.iter()
            .filter(|&&i| misread(&set[i], &column.outcomes[i]))
            .count()
            .to_string()
    }));
    for (what, width) in [
        ("ms at 640x480, median / p95 / most", 640),
        ("ms at 1280x720", 1280),
    ] {
        let among: Vec<usize> = of.iter().copied().filter(|&i| set[i].width == width).collect();
        row(cells(what, &|column| {
            let mut spent: Vec<f64> = among
                .iter()
                .map(|&i| column.outcomes[i].spent.as_secs_f64() * 1e3)
                .collect();
            spent.sort_by(f64::total_cmp);
            let at = |share: f64| {
                spent
                    .get(((spent.len().max(1) - 1) as f64 * share) as usize)
                    .copied()
                    .unwrap_or(0.0)
            };
            format!("{:.1} / {:.1} / {:.1}", at(0.5), at(0.95), at(1.0))
        }));
    }
}

#[allow(clippy::print_stdout, reason = "the tables are what this program is for")]
fn list(set: &[Picture], columns: &[Column]) {
    println!();
    for (i, picture) in set.iter().enumerate() {
        let marks: Vec<String> = columns
            .iter()
            .filter(|column| !read(picture, &column.outcomes[i]) || misread(picture, &column.outcomes[i]))
            .map(|column| format!("{} {:?}", column.name, column.outcomes[i].texts))
            .collect();
        if picture.shows != Shows::Nothing && !marks.is_empty() {
            println!(
                "{i:05} {:?} {}: not read by {}",
                picture.shows,
                picture.trouble,
                marks.join("; ")
            );
        }
    }
}
