//! Looking for printers: on USB, on serial ports, among the system's queues, and on the LAN. Found ones come as they are
//! found; the whole search ends within seconds.

use crate::{
    Deadline,
    printer::{Address, Driver},
};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    Usb,
    Serial,
    Spooler,
    Mdns,
    Probe,
}

impl Way {
    pub const ALL: &[Way] = &[Way::Usb, Way::Serial, Way::Spooler, Way::Mdns, Way::Probe];

    pub fn as_str(self) -> &'static str {
        match self {
            Way::Usb => "usb",
            Way::Serial => "serial",
            Way::Spooler => "spooler",
            Way::Mdns => "mdns",
            Way::Probe => "probe",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub way: Way,
    pub driver: Driver,
    pub address: String,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Found(Found),
    /// This way is searched; `Some` says why it could not be.
    Done(Way, Option<String>),
}

/// How long the LAN is listened to.
const LISTEN: Duration = Duration::from_secs(3);
/// How long one address of the LAN may take to answer.
const KNOCK: Duration = Duration::from_millis(350);
const KNOCKERS: usize = 32;

/// Searches all ways at once and tells `to` on their threads. Returns when all are done.
pub fn find(to: impl Fn(Event) + Send + Sync) {
    let to = &to;
    std::thread::scope(|scope| {
        for way in Way::ALL {
            scope.spawn(move || {
                let tell = |found: Found| to(Event::Found(found));
                let outcome = match way {
                    Way::Usb => usb(&tell),
                    Way::Serial => serial(&tell),
                    Way::Spooler => queues(&tell),
                    Way::Mdns => listen(&tell),
                    Way::Probe => lan().map(|addresses| knock(&addresses, crate::printer::RAW_PORT, &tell)),
                };
                to(Event::Done(*way, outcome.err()));
            });
        }
    });
}

/// A USB printer with a device file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsbPrinter {
    pub path: std::path::PathBuf,
    pub vendor: Option<u16>,
    pub product: Option<u16>,
    pub serial: Option<String>,
    pub name: String,
}

#[cfg(unix)]
impl UsbPrinter {
    pub(crate) fn is(&self, at: &crate::printer::UsbAt) -> bool {
        use crate::printer::UsbAt;
        match at {
            UsbAt::Path(path) => self.path == *path,
            UsbAt::Known {
                vendor,
                product,
                serial,
            } => {
                self.vendor == Some(*vendor)
                    && self.product == Some(*product)
                    && (serial.is_none() || self.serial == *serial)
            }
        }
    }
}

/// The USB printers that the system made device files for.
pub fn usb_printers() -> Vec<UsbPrinter> {
    usb_printers_in("/sys/class/usbmisc".as_ref(), "/dev/usb".as_ref())
}

fn usb_printers_in(classes: &std::path::Path, devices: &std::path::Path) -> Vec<UsbPrinter> {
    let Ok(entries) = std::fs::read_dir(classes) else {
        return vec![];
    };
    let mut found: Vec<UsbPrinter> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("lp"))
        .map(|entry| {
            // The class entry points at the interface; the device itself is one up.
            let interface = entry.path().join("device");
            let text = |name: &str| {
                [interface.join("..").join(name), interface.join(name)]
                    .iter()
                    .find_map(|path| std::fs::read_to_string(path).ok())
                    .map(|text| text.trim().to_owned())
                    .filter(|text| !text.is_empty())
            };
            let number = |name| text(name).and_then(|n| u16::from_str_radix(&n, 16).ok());
            let words: Vec<String> = [text("manufacturer"), text("product")]
                .into_iter()
                .flatten()
                .collect();
            UsbPrinter {
                path: devices.join(entry.file_name()),
                vendor: number("idVendor"),
                product: number("idProduct"),
                serial: text("serial"),
                name: if words.is_empty() {
                    "USB".to_owned()
                } else {
                    words.join(" ")
                },
            }
        })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn usb(tell: &dyn Fn(Found)) -> Result<(), String> {
    for printer in usb_printers() {
        let address = match (printer.vendor, printer.product) {
            (Some(vendor), Some(product)) => {
                let serial = printer.serial.map(|s| format!(":{s}")).unwrap_or_default();
                format!("usb:{vendor:04x}:{product:04x}{serial}")
            }
            _ => printer.path.display().to_string(),
        };
        tell(Found {
            way: Way::Usb,
            driver: Driver::Usb,
            address,
            name: printer.name,
        });
    }
    Ok(())
}

fn serial(tell: &dyn Fn(Found)) -> Result<(), String> {
    for port in serialport::available_ports().map_err(|e| e.to_string())? {
        let name = match &port.port_type {
            serialport::SerialPortType::UsbPort(usb) => usb.product.clone(),
            // Ports that every mainboard announces, and on which nothing hangs.
            serialport::SerialPortType::Unknown => continue,
            _ => None,
        };
        tell(Found {
            way: Way::Serial,
            driver: Driver::Serial,
            name: name.unwrap_or_else(|| port.port_name.clone()),
            address: port.port_name,
        });
    }
    Ok(())
}

fn queues(tell: &dyn Fn(Found)) -> Result<(), String> {
    queues_by(None, tell)
}

fn queues_by(commands: Option<&std::path::Path>, tell: &dyn Fn(Found)) -> Result<(), String> {
    let mut asked = crate::printer::command(commands, "lpstat");
    asked.arg("-e");
    match crate::printer::run(asked, None, Deadline::after(LISTEN)) {
        // A machine without print queues.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(answer) => {
            for queue in String::from_utf8_lossy(&answer.stdout).lines().map(str::trim) {
                if Address::parse(Driver::Spooler, queue).is_ok() {
                    tell(Found {
                        way: Way::Spooler,
                        driver: Driver::Spooler,
                        address: queue.to_owned(),
                        name: queue.replace('_', " "),
                    });
                }
            }
            Ok(())
        }
    }
}

/// What printers say of themselves on the LAN.
fn listen(tell: &dyn Fn(Found)) -> Result<(), String> {
    let daemon = mdns_sd::ServiceDaemon::new().map_err(|e| e.to_string())?;
    let until = Deadline::after(LISTEN);
    let mut heard = vec![];
    for service in ["_pdl-datastream._tcp.local.", "_printer._tcp.local."] {
        heard.push(daemon.browse(service).map_err(|e| e.to_string())?);
    }
    let mut known = vec![];
    while !until.is_over() {
        for events in &heard {
            while let Ok(event) = events.recv_timeout(until.left().min(Duration::from_millis(100))) {
                if let mdns_sd::ServiceEvent::ServiceResolved(service) = event
                    && let Some(found) = announced(&service)
                    && !known.contains(&found.address)
                {
                    known.push(found.address.clone());
                    tell(found);
                }
            }
        }
    }
    // It ends by itself; there is nothing to do about one that does not.
    let _ = daemon.shutdown();
    Ok(())
}

fn announced(service: &mdns_sd::ResolvedService) -> Option<Found> {
    let mut addresses: Vec<Ipv4Addr> = service.get_addresses_v4().into_iter().collect();
    addresses.sort_unstable();
    let host = addresses.first()?.to_string();
    // The line printer service shares its machine with the port that takes bytes as they are.
    let port = if service.ty_domain.starts_with("_pdl") {
        service.port
    } else {
        crate::printer::RAW_PORT
    };
    let name = service.fullname.split("._").next().unwrap_or(&service.fullname);
    Some(Found {
        way: Way::Mdns,
        driver: Driver::Network,
        address: Address::Network { host, port }.to_string(),
        name: name.to_owned(),
    })
}

/// The addresses beside ours: at most two nets of 254.
fn lan() -> Result<Vec<Ipv4Addr>, String> {
    let interfaces = if_addrs::get_if_addrs().map_err(|e| e.to_string())?;
    let mut nets: Vec<[u8; 3]> = vec![];
    let mut own = vec![];
    for interface in interfaces.iter().filter(|i| !i.is_loopback()) {
        if let IpAddr::V4(address) = interface.ip()
            && address.is_private()
        {
            let [a, b, c, _] = address.octets();
            own.push(address);
            if !nets.contains(&[a, b, c]) {
                nets.push([a, b, c]);
            }
        }
    }
    Ok(nets
        .into_iter()
        .take(2)
        .flat_map(|[a, b, c]| (1..=254).map(move |d| Ipv4Addr::new(a, b, c, d)))
        .filter(|address| !own.contains(address))
        .collect())
}

/// Knocks at one port of each address. Nothing is sent, so nothing is printed.
pub fn knock(addresses: &[Ipv4Addr], port: u16, tell: &(dyn Fn(Found) + Sync)) {
    let next = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..KNOCKERS.min(addresses.len()) {
            let next = next.clone();
            scope.spawn(move || {
                while let Some(address) = addresses.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if TcpStream::connect_timeout(&SocketAddr::from((*address, port)), KNOCK).is_ok() {
                        let address = Address::Network {
                            host: address.to_string(),
                            port,
                        };
                        tell(Found {
                            way: Way::Probe,
                            driver: Driver::Network,
                            name: address.to_string(),
                            address: address.to_string(),
                        });
                    }
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{net::TcpListener, sync::Mutex};

    #[test]
    fn a_listening_port_of_the_lan_is_found_and_a_closed_one_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let found = Mutex::new(vec![]);
        // The second address of the loopback net has nobody on that port.
        knock(
            &[Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2)],
            port,
            &|f: Found| {
                found.lock().expect("no panic").push(f.address);
            },
        );
        assert_eq!(*found.lock().expect("no panic"), [format!("127.0.0.1:{port}")]);
    }

    #[cfg(unix)]
    #[test]
    fn a_usb_printer_is_known_by_what_it_says_of_itself() {
        let folder = tempfile::tempdir().expect("a folder");
        let device = folder.path().join("devices/1-2");
        let interface = device.join("1-2:1.0");
        std::fs::create_dir_all(&interface).expect("folders");
        for (name, text) in [
            ("idVendor", "04b8\n"),
            ("idProduct", "0e15\n"),
            ("serial", "X3\n"),
            ("manufacturer", "EPSON\n"),
            ("product", "TM-T20II\n"),
        ] {
            std::fs::write(device.join(name), text).expect("a file");
        }
        let class = folder.path().join("class/lp0");
        std::fs::create_dir_all(&class).expect("a folder");
        std::os::unix::fs::symlink(&interface, class.join("device")).expect("a link");
        let found = usb_printers_in(&folder.path().join("class"), "/dev/usb".as_ref());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "EPSON TM-T20II");
        assert_eq!(found[0].path, std::path::Path::new("/dev/usb/lp0"));
        let Ok(Address::Usb(at)) = Address::parse(Driver::Usb, "usb:04b8:0e15:X3") else {
            panic!("an address");
        };
        assert!(found[0].is(&at), "the same printer on another cable");
    }

    /// A script cannot be run while a process that another test starts still holds it open.
    static ALONE: Mutex<()> = Mutex::new(());

    #[cfg(unix)]
    #[test]
    fn queues_come_from_the_systems_own_list() {
        let _alone = ALONE.lock().expect("no panic");
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let script = folder.path().join("lpstat");
        std::fs::write(&script, "#!/bin/sh\necho Kitchen_80\necho '-o evil'\n").expect("a script");
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("its rights");
        let found = Mutex::new(vec![]);
        queues_by(Some(folder.path()), &|f| {
            found.lock().expect("no panic").push(f.address)
        })
        .expect("a list");
        assert_eq!(*found.lock().expect("no panic"), ["Kitchen_80"]);
    }

    #[test]
    fn a_search_ends() {
        let _alone = ALONE.lock().expect("no panic");
        let done = Mutex::new(vec![]);
        let began = Deadline::now();
        find(|event| {
            if let Event::Done(way, _) = event {
                done.lock().expect("no panic").push(way);
            }
        });
        assert_eq!(done.lock().expect("no panic").len(), Way::ALL.len());
        assert!(
            began.ago() < Duration::from_secs(20),
            "a search takes seconds: {:?}",
            began.ago()
        );
    }
}
