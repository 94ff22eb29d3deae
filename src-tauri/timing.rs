//! How long a start takes. With `CHANDI_TIMING` set the app prints one JSON line per milestone, in milliseconds since
//! the kernel started the process; with `CHANDI_TIMING=exit` it closes itself once the till can be used.

use std::{
    io::Write,
    sync::OnceLock,
    time::{Duration, Instant},
};

static BORN: OnceLock<Instant> = OnceLock::new();

pub fn wanted() -> bool {
    std::env::var_os("CHANDI_TIMING").is_some()
}

pub fn exits() -> bool {
    std::env::var_os("CHANDI_TIMING").is_some_and(|value| value == "exit")
}

/// Called first of all; remembers when the process was born.
pub fn begin() {
    #[allow(
        clippy::disallowed_methods,
        reason = "measures the start of the process itself"
    )]
    let now = Instant::now();
    BORN.get_or_init(|| now.checked_sub(age().unwrap_or_default()).unwrap_or(now));
}

/// Prints one milestone.
pub fn mark(what: &str) {
    if !wanted() {
        return;
    }
    let Some(born) = BORN.get() else { return };
    let line = serde_json::json!({ "mark": what, "ms": born.elapsed().as_millis() });
    let mut out = std::io::stdout().lock();
    // A closed pipe is no reason to stop a till.
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

pub fn say_on_stderr(sentence: &str) {
    let _ = writeln!(std::io::stderr(), "{sentence}");
}

/// How long ago the kernel made this process, so that loading the libraries counts too (hundredths of a second).
#[cfg(target_os = "linux")]
fn age() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let born: u64 = stat.rsplit(") ").next()?.split(' ').nth(19)?.parse().ok()?;
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let now: u64 = uptime.split(' ').next()?.replace('.', "").parse().ok()?;
    Some(Duration::from_millis(now.saturating_sub(born) * 10))
}

#[cfg(not(target_os = "linux"))]
fn age() -> Option<Duration> {
    None
}
