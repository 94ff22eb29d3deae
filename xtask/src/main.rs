//! Chores of the project that are better in Rust than in a script.

fn main() {}
