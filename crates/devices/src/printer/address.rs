//! Where a printer is, as people and discovery write it.

use std::{fmt, path::PathBuf, str::FromStr};

/// By what way bytes reach the printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Driver {
    Network,
    Usb,
    Serial,
    Spooler,
}

impl Driver {
    pub const ALL: &[Driver] = &[Driver::Network, Driver::Usb, Driver::Serial, Driver::Spooler];

    pub fn as_str(self) -> &'static str {
        match self {
            Driver::Network => "network",
            Driver::Usb => "usb",
            Driver::Serial => "serial",
            Driver::Spooler => "spooler",
        }
    }
}

impl FromStr for Driver {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Driver, AddressError> {
        Driver::ALL
            .iter()
            .copied()
            .find(|d| d.as_str() == text)
            .ok_or(AddressError::Driver)
    }
}

/// Where a USB printer is: by its device file, or by what it says of itself, which stays when the cable moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsbAt {
    Path(PathBuf),
    Known {
        vendor: u16,
        product: u16,
        serial: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    Network { host: String, port: u16 },
    Usb(UsbAt),
    Serial { path: String, baud: u32 },
    Spooler(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("network, usb, serial or spooler")]
    Driver,
    #[error("a name or an address is expected, and perhaps a port: 192.168.1.50 or printer.local:9100")]
    Network,
    #[error("a device such as /dev/usb/lp0, or usb:04b8:0202, is expected")]
    Usb,
    #[error("a port such as /dev/ttyUSB0 or COM3, and perhaps its speed: COM3@19200, is expected")]
    Serial,
    #[error("the name of a print queue is expected")]
    Spooler,
}

/// The port on which printers take bytes as they are.
pub const RAW_PORT: u16 = 9100;

impl Address {
    pub fn parse(driver: Driver, text: &str) -> Result<Address, AddressError> {
        let text = text.trim();
        if text.is_empty() || text.len() > 255 || text.chars().any(char::is_control) {
            return Err(match driver {
                Driver::Network => AddressError::Network,
                Driver::Usb => AddressError::Usb,
                Driver::Serial => AddressError::Serial,
                Driver::Spooler => AddressError::Spooler,
            });
        }
        match driver {
            Driver::Network => network(text).ok_or(AddressError::Network),
            Driver::Usb => usb(text).ok_or(AddressError::Usb),
            Driver::Serial => serial(text).ok_or(AddressError::Serial),
            Driver::Spooler => {
                // What a queue may be called, and nothing that its client could take for an option.
                let fits = |c: char| !c.is_whitespace() && !"/#\\'\"".contains(c);
                (!text.starts_with('-') && text.chars().all(fits))
                    .then(|| Address::Spooler(text.to_owned()))
                    .ok_or(AddressError::Spooler)
            }
        }
    }

    pub fn driver(&self) -> Driver {
        match self {
            Address::Network { .. } => Driver::Network,
            Address::Usb(_) => Driver::Usb,
            Address::Serial { .. } => Driver::Serial,
            Address::Spooler(_) => Driver::Spooler,
        }
    }
}

fn network(text: &str) -> Option<Address> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        let port = match rest.strip_prefix(':') {
            Some(port) => port.parse().ok()?,
            None if rest.is_empty() => RAW_PORT,
            None => return None,
        };
        (host, port)
    } else if text.parse::<std::net::Ipv6Addr>().is_ok() {
        (text, RAW_PORT)
    } else {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (text, RAW_PORT),
        };
        let label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        };
        if !host.trim_end_matches('.').split('.').all(label) {
            return None;
        }
        (host, port)
    };
    (port != 0).then(|| Address::Network {
        host: host.to_owned(),
        port,
    })
}

fn usb(text: &str) -> Option<Address> {
    let Some(known) = text.strip_prefix("usb:") else {
        return text
            .strip_prefix("/dev/")
            .filter(|name| {
                ["usb/lp", "usblp", "lp"]
                    .iter()
                    .any(|kind| is_numbered(name, kind))
            })
            .map(|_| Address::Usb(UsbAt::Path(PathBuf::from(text))));
    };
    let mut parts = known.splitn(3, ':');
    let mut number = || parts.next().and_then(|n| u16::from_str_radix(n, 16).ok());
    let (vendor, product) = (number()?, number()?);
    Some(Address::Usb(UsbAt::Known {
        vendor,
        product,
        serial: parts.next().filter(|s| !s.is_empty()).map(str::to_owned),
    }))
}

/// A name such as `lp0`: the kind, and its number.
fn is_numbered(name: &str, kind: &str) -> bool {
    name.strip_prefix(kind)
        .is_some_and(|n| !n.is_empty() && n.len() <= 4 && n.bytes().all(|b| b.is_ascii_digit()))
}

fn serial(text: &str) -> Option<Address> {
    let (path, baud) = match text.rsplit_once('@') {
        Some((path, baud)) => (path, baud.parse().ok()?),
        None => (text, 9600),
    };
    let com = path
        .strip_prefix("COM")
        .is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()));
    // Only what the system names ports by: nothing else below /dev is ever opened.
    let kinds = [
        "ttyS", "ttyUSB", "ttyACM", "ttyAMA", "rfcomm", "pts/", "ttys", "cu.", "tty.",
    ];
    let dev = path.strip_prefix("/dev/").is_some_and(|name| {
        kinds.iter().any(|kind| match kind.ends_with('.') {
            // macOS names its ports by words.
            true => name.strip_prefix(kind).is_some_and(|rest| {
                !rest.is_empty()
                    && rest
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
            }),
            false => is_numbered(name, kind),
        })
    });
    ((com || dev) && (300..=921_600).contains(&baud)).then(|| Address::Serial {
        path: path.to_owned(),
        baud,
    })
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Network { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Address::Network { host, port: RAW_PORT } => f.write_str(host),
            Address::Network { host, port } => write!(f, "{host}:{port}"),
            Address::Usb(UsbAt::Path(path)) => write!(f, "{}", path.display()),
            Address::Usb(UsbAt::Known {
                vendor,
                product,
                serial,
            }) => {
                write!(f, "usb:{vendor:04x}:{product:04x}")?;
                serial.iter().try_for_each(|s| write!(f, ":{s}"))
            }
            Address::Serial { path, baud: 9600 } => f.write_str(path),
            Address::Serial { path, baud } => write!(f, "{path}@{baud}"),
            Address::Spooler(queue) => f.write_str(queue),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back_as_they_are_written() {
        for (driver, text) in [
            (Driver::Network, "192.168.1.50"),
            (Driver::Network, "printer.local:9101"),
            (Driver::Network, "[fe80::1]:9100"),
            (Driver::Usb, "/dev/usb/lp0"),
            (Driver::Usb, "usb:04b8:0202"),
            (Driver::Usb, "usb:04b8:0202:X-1:2"),
            (Driver::Serial, "/dev/ttyUSB0"),
            (Driver::Serial, "COM3@19200"),
            (Driver::Spooler, "Kitchen_80mm"),
        ] {
            let address = Address::parse(driver, text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(address.to_string(), text);
            assert_eq!(address.driver(), driver);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (driver, text) in [
            (Driver::Network, ""),
            (Driver::Network, "a b"),
            (Driver::Network, "host:0"),
            (Driver::Network, "host:99999"),
            (Driver::Network, "-oProxy=x"),
            (Driver::Network, "http://printer"),
            (Driver::Usb, "/etc/passwd"),
            (Driver::Usb, "/dev/../etc/passwd"),
            (Driver::Usb, "usb:zz:1"),
            (Driver::Serial, "/dev/ttyS0@fast"),
            (Driver::Serial, "COM"),
            (Driver::Serial, "/dev/ttyS0@1"),
            (Driver::Spooler, "-dEvil"),
            (Driver::Spooler, "two words"),
            (Driver::Spooler, "a/b"),
            (Driver::Usb, "/dev/fd/7"),
            (Driver::Usb, "/dev/sda"),
            (Driver::Usb, "/dev/usb/lp"),
            (Driver::Usb, "/dev/usb/lp0/../../sda"),
            (Driver::Serial, "/dev/fd/7"),
            (Driver::Serial, "/dev/mem@9600"),
            (Driver::Serial, "/dev/cu.x/../../disk0"),
        ] {
            assert!(Address::parse(driver, text).is_err(), "{driver:?} {text:?}");
        }
    }
}
