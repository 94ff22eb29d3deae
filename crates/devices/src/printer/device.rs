//! USB printers by the system's device files, which block for ever when asked to wait: here nobody asks them to.

use super::{
    Why,
    address::UsbAt,
    dialogue::{Connect, Link},
};
use crate::{Deadline, find::usb_printers};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{
    fs::File,
    io::{self, Read, Write},
    os::unix::fs::{FileTypeExt, OpenOptionsExt},
};

/// A printer by its device file, or by what it says of itself.
pub struct Device(pub UsbAt);

impl Connect for Device {
    const BYTES_A_SECOND: u64 = 10_000;

    fn connect(&self, _: Deadline) -> Result<Box<dyn Link>, Why> {
        let path = match &self.0 {
            UsbAt::Path(path) => path.clone(),
            UsbAt::Known { .. } => usb_printers()
                .into_iter()
                .find(|found| found.is(&self.0))
                .map(|found| found.path)
                .ok_or(Why::Unreachable)?,
        };
        let nonblocking =
            i32::try_from((rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits()).unwrap_or(0);
        let file = File::options()
            .read(true)
            .write(true)
            .custom_flags(nonblocking)
            .open(path)
            .map_err(|e| Why::of(&e))?;
        // A file that somebody put where a device should be is no printer.
        let kind = file.metadata().map_err(|e| Why::of(&e))?.file_type();
        if !kind.is_char_device() {
            return Err(Why::Unreachable);
        }
        Ok(Box::new(DeviceFile(file)))
    }
}

struct DeviceFile(File);

impl DeviceFile {
    /// Until the device is ready, or nobody waits any more.
    fn ready(&self, flags: PollFlags, until: Deadline) -> io::Result<()> {
        let left = until.left();
        let wait = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut asked = [PollFd::new(&self.0, flags)];
        if poll(&mut asked, Some(&wait))? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let told = asked[0].revents();
        // Unplugged, and nothing left to read.
        if told.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL) && !told.intersects(flags) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }
}

impl Link for DeviceFile {
    fn write(&mut self, bytes: &[u8], until: Deadline) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.ready(PollFlags::OUT, until)?
                }
                other => return other,
            }
        }
    }

    fn read(&mut self, into: &mut [u8], until: Deadline) -> io::Result<usize> {
        loop {
            match self.0.read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.ready(PollFlags::IN, until)?
                }
                // A device file with nothing to say answers at once with nothing; that is not its end.
                Ok(0) if !until.is_over() => {
                    std::thread::sleep(until.left().min(std::time::Duration::from_millis(20)))
                }
                Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                other => return other,
            }
        }
    }

    fn drain(&mut self, until: Deadline) -> io::Result<()> {
        // Ready to take more means that the last piece is over the cable.
        self.ready(PollFlags::OUT, until)
    }
}
