//! The desktop app's entry: everything is in the library, which mobile platforms load instead.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    chandi_lib::run()
}
