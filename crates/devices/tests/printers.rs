//! Printers that behave as printers do: over TCP, over a serial cable, through the system's queues.

#[path = "../../testkit/src/printer.rs"]
#[allow(dead_code, reason = "the stories use the rest of it")]
mod printer;

use devices::{Address, Deadline, Driver, Limits, Outcome, Report, Tells, UsbAt, Why, open};
use printer::{FakePrinter, Mood};
use std::time::Duration;

/// Shorter than in a shop, so that the patient ones do not make the tests patient.
fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(1),
        answer: Duration::from_millis(250),
        stall: Duration::from_millis(700),
        job: Duration::from_secs(3),
        confirm: Duration::from_millis(1200),
    }
}

/// A page of raster, as receipts are.
fn job() -> Vec<u8> {
    let mut bytes = vec![0x1b, b'@'];
    bytes.extend([0x1d, b'v', b'0', 0, 72, 0, 0x90, 1]);
    bytes.extend(std::iter::repeat_n(0b1010_1010, 72 * 400));
    bytes.extend([0x1d, b'V', 66, 3]);
    bytes
}

fn send(to: &FakePrinter, tells: Tells) -> Report {
    let address = Address::parse(Driver::Network, &to.address()).expect("an address");
    let began = Deadline::now();
    let report = open(&address, tells, true).send(&job(), &limits());
    assert!(
        began.ago() < Duration::from_secs(6),
        "nothing hangs: {:?}",
        began.ago()
    );
    report
}

#[test]
fn a_good_printer_prints_once_and_says_so() {
    let printer = FakePrinter::new();
    let report = send(&printer, Tells::Unknown);
    assert_eq!(report.outcome, Outcome::Printed { confirmed: true });
    assert_eq!(report.tells, Tells::Yes, "that it answers is learned on the way");
    let paper = printer.paper();
    assert_eq!((paper.cuts, paper.unknown.len()), (1, 0), "{:?}", paper.unknown);
    assert_eq!(paper.ink(), 72 * 400 * 4);
    assert!(paper.bmp().len() > 400 * 576);
}

#[test]
fn without_paper_nothing_is_sent() {
    let printer = FakePrinter::new();
    printer.paper_out(true);
    assert_eq!(
        send(&printer, Tells::Unknown).outcome,
        Outcome::Failed(Why::PaperOut)
    );
    assert_eq!(printer.received(), 0);
    printer.paper_out(false);
    printer.cover_open(true);
    assert_eq!(
        send(&printer, Tells::Yes).outcome,
        Outcome::Failed(Why::CoverOpen)
    );
    assert_eq!(printer.received(), 0);
}

#[test]
fn paper_that_ends_in_the_middle_is_unsure() {
    let printer = FakePrinter::new();
    printer.paper_for(200);
    assert_eq!(send(&printer, Tells::Yes).outcome, Outcome::Unsure(Why::PaperOut));
    assert_eq!(printer.paper().rows.len(), 200);
}

#[test]
fn half_taken_and_dead_is_unsure() {
    let printer = FakePrinter::new();
    printer.set(Mood::DiesAfter(job().len() / 2));
    assert_eq!(
        send(&printer, Tells::Unknown).outcome,
        Outcome::Unsure(Why::HalfSent)
    );
}

#[test]
fn all_taken_and_silent_is_unsure() {
    let printer = FakePrinter::new();
    printer.set(Mood::FallsSilent);
    assert_eq!(
        send(&printer, Tells::Unknown).outcome,
        Outcome::Unsure(Why::NoAnswer)
    );
}

#[test]
fn one_that_never_reads_is_not_sent_anything_when_it_used_to_answer() {
    let printer = FakePrinter::new();
    printer.set(Mood::Stalls);
    assert_eq!(send(&printer, Tells::Yes).outcome, Outcome::Failed(Why::Offline));
    assert_eq!(
        send(&printer, Tells::Unknown).outcome,
        Outcome::Unsure(Why::NoAnswer),
        "its system may have taken the bytes"
    );
}

#[test]
fn a_mute_printer_is_believed_once_a_person_said_that_it_prints() {
    let printer = FakePrinter::new();
    printer.set(Mood::Mute);
    let first = send(&printer, Tells::Unknown);
    assert_eq!(
        first.outcome,
        Outcome::Unsure(Why::NoAnswer),
        "the first time a person looks"
    );
    let second = send(&printer, Tells::No);
    assert_eq!(second.outcome, Outcome::Printed { confirmed: false });
    assert_eq!(printer.paper().cuts, 2);
}

#[test]
fn nobody_there_is_nothing_sent() {
    let address = {
        let printer = FakePrinter::new();
        printer.address()
    };
    let address = Address::parse(Driver::Network, &address).expect("an address");
    let report = open(&address, Tells::Unknown, true).send(&job(), &limits());
    assert_eq!(report.outcome, Outcome::Failed(Why::Refused));
    let nowhere = Address::parse(Driver::Network, "no-such-printer.invalid").expect("an address");
    let report = open(&nowhere, Tells::Unknown, true).send(&job(), &limits());
    assert_eq!(report.outcome, Outcome::Failed(Why::Unreachable));
}

#[test]
fn its_name_is_as_good_as_its_address() {
    let printer = FakePrinter::new();
    let by_name = printer.address().replace("127.0.0.1", "localhost");
    let address = Address::parse(Driver::Network, &by_name).expect("an address");
    let status = open(&address, Tells::Unknown, true).status(&limits());
    assert!(
        matches!(status, Ok(Some(status)) if status.blocks().is_none()),
        "{status:?}"
    );
}

#[cfg(unix)]
mod cables {
    use super::*;
    use rustix::{
        pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
        termios::{OptionalActions, tcgetattr, tcsetattr},
    };
    use std::{
        fs::File,
        io::{Read, Write},
        os::fd::OwnedFd,
        sync::{Arc, Mutex},
    };

    /// A pseudo-terminal whose far end is a printer. Gives the near end's path and what came over the cable.
    fn cable(answers: bool) -> (String, Arc<Mutex<Vec<u8>>>, OwnedFd) {
        let far = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&far).and_then(|()| unlockpt(&far)).expect("its rights");
        let path = ptsname(&far, Vec::new())
            .expect("its name")
            .into_string()
            .expect("a path");
        // Held open, so that the far end is not told of a hang-up between two jobs.
        let near: OwnedFd = File::options()
            .read(true)
            .write(true)
            .open(&path)
            .expect("the near end")
            .into();
        let mut modes = tcgetattr(&near).expect("its modes");
        modes.make_raw();
        tcsetattr(&near, OptionalActions::Now, &modes).expect("raw");
        let taken = Arc::new(Mutex::new(vec![]));
        let mut far = File::from(far);
        let into = taken.clone();
        std::thread::spawn(move || {
            let mut byte = [0];
            let mut last = [0u8; 3];
            while let Ok(1) = far.read(&mut byte) {
                into.lock().expect("no panic").push(byte[0]);
                last = [last[1], last[2], byte[0]];
                let answer = match last {
                    [0x10, 0x04, _] => 0x12,
                    [0x1d, b'r', 1] => 0x00,
                    _ => continue,
                };
                if answers && far.write_all(&[answer]).is_err() {
                    return;
                }
            }
        });
        (path, taken, near)
    }

    fn holds(taken: &Mutex<Vec<u8>>, job: &[u8]) -> bool {
        let taken = taken.lock().expect("no panic");
        taken.windows(job.len()).filter(|w| *w == job).count() == 1
    }

    #[test]
    fn a_serial_printer_gets_its_job_and_confirms_it() {
        let (path, taken, _near) = cable(true);
        let address = Address::parse(Driver::Serial, &format!("{path}@19200")).expect("an address");
        let report = open(&address, Tells::Unknown, true).send(&job(), &limits());
        assert_eq!(report.outcome, Outcome::Printed { confirmed: true });
        assert!(holds(&taken, &job()), "once, and every byte of it");
    }

    #[test]
    fn a_serial_printer_that_is_off_is_unsure_only_after_bytes() {
        let (path, _taken, _near) = cable(false);
        let address = Address::parse(Driver::Serial, &path).expect("an address");
        let report = open(&address, Tells::Yes, true).send(&job(), &limits());
        assert_eq!(report.outcome, Outcome::Failed(Why::Offline));
        let gone = Address::parse(Driver::Serial, "/dev/ttyUSB9999").expect("an address");
        let report = open(&gone, Tells::Unknown, true).send(&job(), &limits());
        assert_eq!(report.outcome, Outcome::Failed(Why::Unreachable));
    }

    #[test]
    fn a_device_file_gets_its_job_and_confirms_it() {
        let (path, taken, _near) = cable(true);
        let address = Address::Usb(UsbAt::Path(path.into()));
        let report = open(&address, Tells::Unknown, true).send(&job(), &limits());
        assert_eq!(report.outcome, Outcome::Printed { confirmed: true });
        assert!(holds(&taken, &job()), "once, and every byte of it");
    }

    #[test]
    fn a_device_file_that_takes_nothing_ends_in_time() {
        // A far end that never reads: the cable fills up.
        let far = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&far).and_then(|()| unlockpt(&far)).expect("its rights");
        let path = ptsname(&far, Vec::new())
            .expect("its name")
            .into_string()
            .expect("a path");
        let address = Address::Usb(UsbAt::Path(path.into()));
        let began = Deadline::now();
        let report = open(&address, Tells::No, true).send(&[b'x'; 200_000], &limits());
        assert_eq!(report.outcome, Outcome::Unsure(Why::HalfSent));
        assert!(began.ago() < Duration::from_secs(4), "{:?}", began.ago());
    }
}

#[cfg(unix)]
mod queues {
    use super::*;
    use devices::{Printer, printer::Spooler};
    use std::{
        fs,
        os::unix::fs::PermissionsExt,
        path::Path,
        sync::{Mutex, MutexGuard, PoisonError},
    };

    /// One at a time: a script cannot be run while a process that another test starts still holds it open.
    fn alone() -> MutexGuard<'static, ()> {
        static ALONE: Mutex<()> = Mutex::new(());
        ALONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn script(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its rights");
    }

    fn queue(folder: &Path) -> Spooler {
        Spooler::new("Till_80".to_owned(), true).with_commands(folder.to_owned())
    }

    #[test]
    fn a_queue_that_empties_has_printed() {
        let _alone = alone();
        let folder = tempfile::tempdir().expect("a folder");
        let got = folder.path().join("got");
        script(
            folder.path(),
            "lpstat",
            "[ \"$1\" = -p ] && echo \"printer $2 is idle.\"; exit 0",
        );
        script(
            folder.path(),
            "lp",
            &format!(
                "echo \"$@\" > {0}.args; cat > {0}; echo \"request id is Till_80-7 (1 file(s))\"",
                got.display()
            ),
        );
        let report = queue(folder.path()).send(&job(), &limits());
        assert_eq!(report.outcome, Outcome::Printed { confirmed: false });
        assert_eq!(fs::read(&got).expect("the job"), job());
        let arguments = fs::read_to_string(got.with_extension("args")).expect("the arguments");
        assert_eq!(arguments.trim(), "-d Till_80 -t Chandi -o raw -");
    }

    #[test]
    fn what_stays_in_a_queue_is_taken_back_and_asked_about() {
        let _alone = alone();
        let folder = tempfile::tempdir().expect("a folder");
        let cancelled = folder.path().join("cancelled");
        script(
            folder.path(),
            "lpstat",
            "if [ \"$1\" = -p ]; then echo \"printer $2 is idle.\"; else echo \"Till_80-7 asha 1024 now\"; fi",
        );
        script(
            folder.path(),
            "lp",
            "cat > /dev/null; echo \"request id is Till_80-7 (1 file(s))\"",
        );
        script(
            folder.path(),
            "cancel",
            &format!("echo \"$1\" > {}", cancelled.display()),
        );
        let short = Limits {
            job: Duration::from_millis(600),
            ..limits()
        };
        let report = queue(folder.path()).send(&job(), &short);
        assert_eq!(report.outcome, Outcome::Unsure(Why::NoAnswer));
        assert_eq!(
            fs::read_to_string(&cancelled).expect("it was taken back").trim(),
            "Till_80-7"
        );
    }

    #[test]
    fn a_stopped_or_missing_queue_gets_nothing() {
        let _alone = alone();
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(
            queue(folder.path()).send(&job(), &limits()).outcome,
            Outcome::Failed(Why::Unreachable),
            "a machine without queues"
        );
        script(
            folder.path(),
            "lpstat",
            "echo \"printer $2 disabled since today - Paused\"",
        );
        assert_eq!(
            queue(folder.path()).send(&job(), &limits()).outcome,
            Outcome::Failed(Why::Offline)
        );
        script(folder.path(), "lpstat", "exit 1");
        assert_eq!(
            queue(folder.path()).send(&job(), &limits()).outcome,
            Outcome::Failed(Why::Unreachable)
        );
        script(folder.path(), "lpstat", "sleep 60");
        let began = Deadline::now();
        assert_eq!(
            queue(folder.path()).send(&job(), &limits()).outcome,
            Outcome::Failed(Why::Timeout)
        );
        assert!(
            began.ago() < Duration::from_secs(4),
            "a command that hangs is ended"
        );
    }
}
