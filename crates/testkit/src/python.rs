//! A server that runs beside tests, on a port of this machine: `tests/NAME/server.py`, by the Python that `./dev` makes for
//! it, with the packages that it names.

use std::{
    env,
    ffi::OsStr,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Killed at the latest when the test ends.
pub struct PythonServer {
    child: Child,
    pub port: u16,
}

fn interpreter(name: &str) -> PathBuf {
    if let Some(named) = env::var_os(format!("CHANDI_{}_PYTHON", name.to_uppercase())) {
        return named.into();
    }
    let cache = env::var_os("CHANDI_CACHE").map(PathBuf::from).unwrap_or_else(|| {
        let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        let base = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
        base.expect("a home folder").join("chandi")
    });
    cache.join(name).join("bin/python")
}

impl PythonServer {
    pub fn start(name: &str, arguments: &[&OsStr], errors: Stdio) -> PythonServer {
        let python = interpreter(name);
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
        let mut child = Command::new(&python)
            .arg(tests.join(name).join("server.py"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; ./dev test makes it", python.display()));
        let out = child.stdout.take().expect("its output is ours");
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).expect("it speaks");
        let port = line.trim().parse().expect("its port is the first thing it says");
        PythonServer { child, port }
    }

    pub fn kill(&mut self) {
        // One that is gone already cannot be killed, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for PythonServer {
    fn drop(&mut self) {
        self.kill();
    }
}
