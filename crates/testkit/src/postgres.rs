//! A PostgreSQL server of a test's own: real, in a folder of its own, reached by a socket in it, gone with it.

use std::{
    fs,
    io::Write,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

pub struct Server {
    folder: PathBuf,
    programs: PathBuf,
    settings: Vec<String>,
    running: Option<Child>,
}

/// Where the newest server's programs lie.
fn programs() -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    versions.sort();
    let newest = versions.pop();
    newest
        .expect("PostgreSQL is not installed: ./dev test installs it")
        .1
}

/// The server refuses to run as root: then it runs as the user that its package made.
fn servant() -> Option<(u32, u32)> {
    let number = |of: &[&str]| -> u32 {
        let out = Command::new("id").args(of).output().expect("id answers");
        let text = String::from_utf8_lossy(&out.stdout);
        text.trim()
            .parse()
            .unwrap_or_else(|_| panic!("id {of:?} said {text:?}"))
    };
    (number(&["-u"]) == 0).then(|| (number(&["-u", "postgres"]), number(&["-g", "postgres"])))
}

fn command(program: &Path) -> Command {
    match servant() {
        None => Command::new(program),
        Some((user, group)) => {
            let mut command = Command::new("setpriv");
            command
                .arg(format!("--reuid={user}"))
                .arg(format!("--regid={group}"))
                .args(["--clear-groups", "--"])
                .arg(program);
            command
        }
    }
}

impl Server {
    /// Makes a cluster in an empty folder, which must have a short path, and starts it with these settings.
    pub fn start(folder: &Path, settings: &[&str]) -> Server {
        if let Some((user, group)) = servant() {
            chown(folder, Some(user), Some(group)).expect("the folder can be given away");
        }
        let server = Server {
            folder: folder.to_path_buf(),
            programs: programs(),
            settings: settings.iter().map(|s| (*s).to_owned()).collect(),
            running: None,
        };
        let made = command(&server.programs.join("initdb"))
            .args([
                "--username=chandi",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "-D",
            ])
            .arg(server.data())
            .current_dir("/")
            .output()
            .expect("initdb runs");
        assert!(
            made.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let mut server = server;
        server.restart();
        server
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts it again after [`Server::kill`], with what it had written.
    pub fn restart(&mut self) {
        let log = self.folder.join("log");
        for _ in 0..100 {
            let out = fs::File::create(&log).expect("a log");
            let mut command = command(&self.programs.join("postgres"));
            command.arg("-D").arg(self.data());
            command.args(["-c", "listen_addresses=", "-c", "max_connections=120", "-k"]);
            command.arg(&self.folder);
            for setting in &self.settings {
                command.args(["-c", setting]);
            }
            let child = command
                .current_dir("/")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(out)
                .spawn()
                .expect("the server starts");
            self.running = Some(child);
            if self.answers() {
                return;
            }
            // Left-over processes of a killed one hold its memory for a moment.
            sleep(Duration::from_millis(100));
        }
        panic!(
            "the server does not start: {}",
            fs::read_to_string(&log).unwrap_or_default()
        );
    }

    fn answers(&mut self) -> bool {
        for _ in 0..600 {
            let ready = Command::new(self.programs.join("pg_isready"))
                .arg("-q")
                .arg("-h")
                .arg(&self.folder)
                .args(["-U", "chandi", "-d", "postgres"])
                .status()
                .expect("pg_isready runs");
            if ready.success() {
                return true;
            }
            if let Some(child) = &mut self.running
                && child.try_wait().expect("a child").is_some()
            {
                return false;
            }
            sleep(Duration::from_millis(50));
        }
        false
    }

    /// Ends it as a power cut would: no goodbye to anybody, nothing written down.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
    }

    /// What it complained of since it was started.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// The address of one database of it.
    pub fn url(&self, database: &str) -> String {
        format!("host={} user=chandi dbname={database}", self.folder.display())
    }

    /// Its own process, of which all others of it are children.
    pub fn process(&self) -> Option<u32> {
        self.running.as_ref().map(Child::id)
    }

    /// Runs SQL and gives back what it says, as its operator would.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"))
            .arg("-h")
            .arg(&self.folder)
            .args([
                "-U",
                "chandi",
                "-d",
                database,
                "-q",
                "-A",
                "-t",
                "-X",
                "-v",
                "ON_ERROR_STOP=1",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("psql runs");
        let mut input = psql.stdin.take().expect("its input");
        input.write_all(sql.as_bytes()).expect("psql listens");
        drop(input);
        let out = psql.wait_with_output().expect("psql answers");
        assert!(
            out.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    }

    /// A database of its own in it.
    pub fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("create database {name}"));
        self.url(name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
