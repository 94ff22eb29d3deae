//! Printers on a serial port. The printer stops us with XOFF when its buffer is full; the bits of its answers are such
//! that none of them can be mistaken for one.

use super::{
    Why,
    dialogue::{Connect, Link},
};
use crate::Deadline;
use serialport::{ErrorKind, FlowControl, SerialPort};
use std::{
    io::{self, Read, Write},
    time::Duration,
};

pub struct Serial {
    pub path: String,
    pub baud: u32,
}

impl Connect for Serial {
    const BYTES_A_SECOND: u64 = 500;

    fn connect(&self, _: Deadline) -> Result<Box<dyn Link>, Why> {
        let port = serialport::new(&self.path, self.baud)
            .flow_control(FlowControl::Software)
            .timeout(Duration::from_millis(100))
            .open()
            .map_err(|error| match error.kind {
                ErrorKind::Io(kind) => Why::of(&kind.into()),
                // The port's lock is held by another program.
                _ if error.description.contains("busy") => Why::Busy,
                _ => Why::Unreachable,
            })?;
        Ok(Box::new(Port(port)))
    }
}

struct Port(Box<dyn SerialPort>);

/// A port asked not to wait at all does not even look.
fn wait(until: Deadline) -> Duration {
    until.left().max(Duration::from_millis(1))
}

impl Link for Port {
    fn write(&mut self, bytes: &[u8], until: Deadline) -> io::Result<usize> {
        self.0.set_timeout(wait(until))?;
        self.0.write(bytes)
    }

    fn read(&mut self, into: &mut [u8], until: Deadline) -> io::Result<usize> {
        self.0.set_timeout(wait(until))?;
        match self.0.read(into) {
            Ok(0) => Err(io::ErrorKind::TimedOut.into()),
            other => other,
        }
    }

    fn drain(&mut self, until: Deadline) -> io::Result<()> {
        // The system's own drain cannot be stopped when the printer holds us back.
        while self.0.bytes_to_write()? > 0 {
            if until.is_over() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}
