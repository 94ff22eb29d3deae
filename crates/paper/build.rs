//! Packs the printing fonts: they lie in the program at little more than half their size until a slip needs them.
#![allow(clippy::print_stdout, reason = "this is how a build script talks to cargo")]

use std::{env, error::Error, fs, io::Write, path::Path};

use flate2::{Compression, write::ZlibEncoder};

const FONTS: &str = "../../assets/fonts/print";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={FONTS}");
    let out = env::var("OUT_DIR")?;
    for entry in fs::read_dir(FONTS)? {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else {
            continue;
        };
        if path.extension().is_none_or(|ending| ending != "ttf") {
            continue;
        }
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&fs::read(&path)?)?;
        fs::write(Path::new(&out).join(format!("{name}.z")), packed.finish()?)?;
    }
    Ok(())
}
