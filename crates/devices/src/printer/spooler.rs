//! The system's own print queues, by their client commands. Names and bytes never pass a shell.

use super::{Limits, Outcome, Printer, Report, Status, Tells, Why};
use crate::Deadline;
use std::{
    io::{Read, Write},
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::mpsc,
    time::Duration,
};

pub struct Spooler {
    queue: String,
    /// As they are, past the queue's filters; or a document that the queue's own driver prints.
    raw: bool,
    /// Where the commands are, when not on the path.
    commands: Option<PathBuf>,
}

impl Spooler {
    pub fn new(queue: String, raw: bool) -> Spooler {
        Spooler {
            queue,
            raw,
            commands: None,
        }
    }

    /// With the commands of this folder.
    pub fn with_commands(self, folder: PathBuf) -> Spooler {
        Spooler {
            commands: Some(folder),
            ..self
        }
    }

    fn command(&self, name: &str) -> Command {
        command(self.commands.as_deref(), name)
    }

    /// Whether this job still waits in the queue.
    fn still_waits(&self, request: &str, limits: &Limits) -> Option<bool> {
        let mut asked = self.command("lpstat");
        asked.args(["-W", "not-completed", "-o", &self.queue]);
        let answer = run(asked, None, Deadline::after(limits.connect)).ok()?;
        if !answer.status.success() {
            return None;
        }
        let text = String::from_utf8_lossy(&answer.stdout);
        Some(
            text.lines()
                .any(|line| line.split_whitespace().next() == Some(request)),
        )
    }

    fn take_back(&self, request: &str, limits: &Limits) {
        let mut asked = self.command("cancel");
        asked.arg(request);
        if let Err(error) = run(asked, None, Deadline::after(limits.connect)) {
            tracing::warn!(request, %error, "a print job could not be taken back from the system's queue");
        }
    }

    fn job(&self, bytes: &[u8], limits: &Limits) -> Outcome {
        match self.state(limits) {
            Ok(Some(status)) => {
                if let Some(why) = status.blocks() {
                    return Outcome::Failed(why);
                }
            }
            Ok(None) => {}
            Err(why) => return Outcome::Failed(why),
        }
        let mut asked = self.command("lp");
        asked.args(["-d", &self.queue, "-t", "Chandi"]);
        if self.raw {
            asked.args(["-o", "raw"]);
        }
        asked.arg("-");
        let answer = match run(asked, Some(bytes.to_vec()), Deadline::after(limits.job)) {
            Ok(answer) if answer.status.success() => answer,
            // It had the bytes: whether the queue kept them nobody knows.
            Ok(_) => return Outcome::Unsure(Why::NoAnswer),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Outcome::Failed(Why::Unreachable);
            }
            Err(_) => return Outcome::Unsure(Why::NoAnswer),
        };
        let text = String::from_utf8_lossy(&answer.stdout);
        // "request id is Kitchen-12 (1 file(s))"
        let start = format!("{}-", self.queue);
        let Some(request) = text.split_whitespace().find(|word| word.starts_with(&start)) else {
            return Outcome::Unsure(Why::NoAnswer);
        };
        let end = Deadline::after(limits.job);
        let mut pause = Duration::from_millis(50);
        while !end.is_over() {
            match self.still_waits(request, limits) {
                Some(false) => return Outcome::Printed { confirmed: false },
                Some(true) | None => std::thread::sleep(pause.min(end.left())),
            }
            pause = (pause * 2).min(Duration::from_secs(1));
        }
        // Left in the queue it would come out some day, beside the copy that somebody asked for meanwhile.
        self.take_back(request, limits);
        Outcome::Unsure(Why::NoAnswer)
    }

    fn state(&self, limits: &Limits) -> Result<Option<Status>, Why> {
        let mut asked = self.command("lpstat");
        asked.args(["-p", &self.queue]);
        let answer =
            run(asked, None, Deadline::after(limits.connect)).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Why::Unreachable,
                _ => Why::of(&error),
            })?;
        if !answer.status.success() {
            return Err(Why::Unreachable);
        }
        let text = String::from_utf8_lossy(&answer.stdout).to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        Ok(Some(Status {
            paper_out: says(&["media-empty", "media-needed", "out of paper"]),
            paper_low: says(&["media-low"]),
            cover_open: says(&["cover-open", "door-open"]),
            offline: says(&["disabled", "offline", "not connected", "unplugged"]),
            error: false,
        }))
    }
}

impl Printer for Spooler {
    fn send(&mut self, bytes: &[u8], limits: &Limits) -> Report {
        Report {
            outcome: self.job(bytes, limits),
            tells: Tells::Unknown,
        }
    }

    fn status(&mut self, limits: &Limits) -> Result<Option<Status>, Why> {
        self.state(limits)
    }
}

pub(crate) fn command(folder: Option<&std::path::Path>, name: &str) -> Command {
    let mut command = match folder {
        Some(folder) => Command::new(folder.join(name)),
        None => Command::new(name),
    };
    // Its answers are read by us, so they must be in one language.
    command.env("LC_ALL", "C");
    command
}

/// Runs a command to its end, or ends it.
pub(crate) fn run(mut command: Command, input: Option<Vec<u8>>, until: Deadline) -> std::io::Result<Output> {
    let mut child = command
        .stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    if let (Some(input), Some(mut pipe)) = (input, child.stdin.take()) {
        std::thread::spawn(move || {
            // A command that ends early says by its status what it thinks of the rest.
            let _ = pipe.write_all(&input);
        });
    }
    let (done, heard) = mpsc::channel();
    if let Some(mut pipe) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let read = pipe.by_ref().take(1 << 20).read_to_end(&mut text).map(|_| text);
            // Nobody waits for it any more: the deadline was sooner.
            let _ = done.send(read);
        });
    }
    let stdout = match heard.recv_timeout(until.left()) {
        Ok(text) => text?,
        Err(_) => {
            child.kill()?;
            child.wait()?;
            return Err(std::io::ErrorKind::TimedOut.into());
        }
    };
    // Its output is closed, so it is about to end.
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if until.is_over() {
            child.kill()?;
            child.wait()?;
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    Ok(Output {
        status,
        stdout,
        stderr: Vec::new(),
    })
}
