//! A real disk that is small enough to be filled, for tests that want the system's own answers. Where nothing may be
//! mounted there is none, and the simulation's disks alone run full.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

const FILLER: &str = "filler";

/// Mounted until it is dropped.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// At a folder that is made for it; none where this machine does not let the test mount anything.
    pub fn mounted(at: &Path, megabytes: u32) -> Option<SmallDisk> {
        std::fs::create_dir_all(at).expect("a folder");
        let disk = SmallDisk(at.to_path_buf());
        disk.run(
            "mount",
            &[
                "-t",
                "tmpfs",
                "-o",
                &format!("size={megabytes}m,mode=700"),
                "tmpfs",
            ],
        )
        .then_some(disk)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> bool {
        let ran = Command::new(program).args(arguments).arg(&self.0).output();
        ran.is_ok_and(|ran| ran.status.success())
    }

    /// Until not one byte fits.
    pub fn fill(&self) {
        let mut file = File::create(self.0.join(FILLER)).expect("a file");
        for piece in [1 << 16, 1 << 10, 1] {
            while file.write_all(&vec![7; piece]).is_ok() {}
        }
    }

    pub fn make_room(&self) {
        std::fs::remove_file(self.0.join(FILLER)).expect("removed");
    }

    /// Nothing can be written to it, or it can again.
    pub fn lock(&self, locked: bool) {
        let how = if locked { "remount,ro" } else { "remount,rw" };
        assert!(self.run("mount", &["-o", how]), "mounted anew");
    }

    /// Pulled out, whoever still has a file open there.
    pub fn pull_out(&self) {
        self.run("umount", &["-l"]);
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        self.pull_out();
        // What is not empty by now is somebody else's to clean up.
        let _ = std::fs::remove_dir(&self.0);
    }
}
