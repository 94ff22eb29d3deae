//! The key under which owners' second factors are sealed: a file beside the books, or what the operator gives.

use hub::{Books, owners::OwnersKey};
use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

/// Where the operator writes the key itself.
pub const VARIABLE: &str = "CHANDI_HUB_OWNERS_KEY";
const FILE: &str = "owners.key";

/// The key, made where neither the books nor the file know one; and what it is called when something is wrong with it.
pub async fn of(
    books: &impl Books,
    data: Option<&Path>,
    file: Option<&Path>,
) -> Result<(OwnersKey, String), String> {
    if let Ok(text) = std::env::var(VARIABLE) {
        let key = parse(&text)
            .ok_or_else(|| format!("{VARIABLE} is no key: it has 64 digits, 0 to 9 and a to f"))?;
        return Ok((key, VARIABLE.to_owned()));
    }
    let file: PathBuf = match (file, data) {
        (Some(file), _) => file.to_owned(),
        (None, Some(data)) => data.join(FILE),
        (None, None) => {
            return Err(format!(
                "with a database the hub wants the key under which the second factors of owners are sealed there: name \
                 a file with --owners-key FILE, which is made if it is not there, or put the key itself into \
                 {VARIABLE}. All instances before one database get the same one; keep a copy away from the database's."
            ));
        }
    };
    let called = file.display().to_string();
    let trouble = |error: std::io::Error| format!("{called}: {error}");
    match std::fs::read_to_string(&file) {
        Ok(text) => {
            let key = parse(&text)
                .ok_or_else(|| format!("{called} is no key: it has 64 digits, 0 to 9 and a to f"))?;
            return Ok((key, called));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(trouble(error)),
    }
    if books.owners_key().await.map_err(|e| e.to_string())?.is_some() {
        return Err(format!("{called} is missing. {}", in_need()));
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| format!("no random bytes: {e}"))?;
    make(&file, &bytes).map_err(trouble)?;
    tracing::info!(
        file = called,
        "made the key of owners' second factors: keep a copy of it"
    );
    Ok((OwnersKey::new(bytes), called))
}

/// What to do where the key is not the one of the books.
pub fn in_need() -> String {
    "The books hold second factors of owners that open under the key with which the hub ran before, and under no other: \
     bring it back. If it is lost, `chandi-hub forget-logins` takes all logins of owners away, and each owner makes a \
     new one from a device of the shop."
        .to_owned()
}

fn parse(text: &str) -> Option<OwnersKey> {
    let text = text.trim();
    let fits = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let digits = fits.then_some(text)?;
    let mut key = [0; 32];
    for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(OwnersKey::new(key))
}

/// Whole or not at all, for nobody else's eyes.
fn make(file: &Path, key: &[u8; 32]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let beside = file.with_extension("part");
    // What a start left that was cut off.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut out = options.open(&beside)?;
    let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    writeln!(out, "{text}")?;
    out.sync_all()?;
    std::fs::rename(&beside, file)?;
    #[cfg(unix)]
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_digits_and_nothing_else() {
        let good = "0123456789abcdefABCDEF00".to_owned() + &"7".repeat(40);
        assert!(parse(&format!("{good}\n")).is_some());
        for bad in [
            "",
            "12",
            &"g".repeat(64),
            &"1".repeat(63),
            &"1".repeat(65),
            &"é".repeat(32),
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
