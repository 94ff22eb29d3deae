//! Tells Tauri which commands are ours: a command that is named here needs a capability, one that is not may be called
//! by every window.

fn main() {
    // The pages of the shell are compiled in, and Cargo.toml lies beside neither of them.
    println!("cargo:rerun-if-changed=src-tauri");
    tauri_build::try_build(
        tauri_build::Attributes::new().app_manifest(tauri_build::AppManifest::new().commands(&["api_call"])),
    )
    .expect("tauri.conf.json, capabilities/ and icons/ fit together");
}
