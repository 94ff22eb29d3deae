//! The desktop app's entry: everything is in the library, which mobile platforms load instead.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() {
    app::edges::end(chandi_lib::run())
}
