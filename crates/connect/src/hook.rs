//! Tells an address what happened: one POST at a time, signed, with an end in time.
//!
//! The shop's own machines are out of reach for addresses outside and the other way round: what a name resolves to is
//! looked at where the connection is made, so a name that changes its mind in between gains nothing. Redirects are not
//! followed, and of an answer only its beginning is read.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};
use ureq::{
    http::Uri,
    tls::{Certificate, RootCerts, TlsConfig},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};

/// How much of an answer is read, for people to look at.
const READ_OF_ANSWER: u64 = 500;
const LONGEST_ADDRESS: usize = 1_000;

/// Which machines an address may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those of the Internet, over TLS only.
    World,
    /// This machine and those of the same house, with or without TLS.
    House,
}

/// Why somebody was not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    #[error("this is no address that can be told: {0}")]
    Address(String),
    /// It is a machine that this hook must not reach.
    #[error("this address is not where it may be: {0}")]
    Forbidden(String),
    #[error("nobody answers: {0}")]
    Unreachable(String),
    #[error("no answer in time")]
    Slow,
    #[error("the connection is not private: {0}")]
    NotPrivate(String),
    /// It answered something else than yes.
    #[error("it answered {0}")]
    Refused(u16),
}

impl HookError {
    /// One word for screens and for the log.
    pub fn as_str(&self) -> &'static str {
        match self {
            HookError::Address(_) => "address",
            HookError::Forbidden(_) => "forbidden",
            HookError::Unreachable(_) => "unreachable",
            HookError::Slow => "slow",
            HookError::NotPrivate(_) => "not_private",
            HookError::Refused(_) => "refused",
        }
    }
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub address: String,
    pub reach: Reach,
    /// Stays the same however often it is told.
    pub id: String,
    pub event: String,
    /// From [`signature`].
    pub signature: String,
    pub body: Vec<u8>,
    pub patience: Duration,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub status: Option<u16>,
    /// The beginning of the answer.
    pub said: String,
    pub error: Option<HookError>,
}

/// `t=<seconds>,v1=<HMAC-SHA256 of "t.body" in hex>`: whoever has the secret knows that it was us, and when.
pub fn signature(secret: &str, seconds: i64, body: &[u8]) -> String {
    let mut hex = String::new();
    // A key of any length is fine for HMAC.
    if let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(secret.as_bytes()) {
        mac.update(seconds.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        for byte in mac.finalize().into_bytes() {
            hex.push_str(&format!("{byte:02x}"));
        }
    }
    format!("t={seconds},v1={hex}")
}

/// Checks an address as far as that is possible without asking anybody.
pub fn address(text: &str, reach: Reach) -> Result<String, HookError> {
    let text = text.trim();
    let wrong = |why: &str| HookError::Address(why.to_owned());
    if text.len() > LONGEST_ADDRESS {
        return Err(wrong("it is too long"));
    }
    let uri: Uri = text.parse().map_err(|_| wrong("it is no URL"))?;
    match (uri.scheme_str(), reach) {
        (Some("https"), _) | (Some("http"), Reach::House) => {}
        (Some("http"), Reach::World) => return Err(wrong("over the Internet only https is private")),
        _ => return Err(wrong("it begins with https://")),
    }
    let authority = uri.authority().ok_or_else(|| wrong("it names no machine"))?;
    if authority.as_str().contains('@') {
        return Err(wrong("names and passwords have no place in it"));
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err(wrong("it names no machine"));
    }
    if let Ok(ip) = host.parse::<IpAddr>() {
        may_reach(ip, reach)?;
    }
    Ok(text.to_owned())
}

/// Whether this machine is one that such a hook may reach.
fn may_reach(ip: IpAddr, reach: Reach) -> Result<(), HookError> {
    let ip = plain(ip);
    let may = match reach {
        Reach::World => is_public(ip),
        Reach::House => is_of_the_house(ip),
    };
    match may {
        true => Ok(()),
        false => Err(HookError::Forbidden(match reach {
            Reach::World => format!("{ip} is not on the Internet"),
            Reach::House => format!("{ip} is not in the house"),
        })),
    }
}

/// IPv4 in IPv6's clothes is IPv4.
fn plain(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return IpAddr::V4(v4);
    }
    let [a, b, .., y, z] = v6.segments();
    let tail = Ipv4Addr::from((u32::from(y) << 16) | u32::from(z));
    match (a, b) {
        // NAT64, and what was written before there were mapped ones.
        (0x64, 0xff9b) => IpAddr::V4(tail),
        (0, 0) if v6.segments()[2..6] == [0; 4] && y != 0 => IpAddr::V4(tail),
        _ => ip,
    }
}

fn is_of_the_house(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    }
}

/// Everything that is not set aside for something else. Link-local machines, where clouds keep their secrets, are neither
/// here nor in the house.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (b == 18 || b == 19)))
        }
        IpAddr::V6(v6) => is_global(v6),
    }
}

fn is_global(v6: Ipv6Addr) -> bool {
    let [a, b, ..] = v6.segments();
    // Only 2000::/3 is given out; tunnels into IPv4 and what is for books are not machines of their own.
    (0x2000..0x4000).contains(&a) && a != 0x2002 && !(a == 0x2001 && (b == 0 || b == 0xdb8))
}

/// Resolves as everybody does, and lets pass only what may be reached.
#[derive(Debug)]
struct Screened {
    reach: Reach,
    inner: DefaultResolver,
}

impl Resolver for Screened {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let mut may = self.empty();
        let mut why = None;
        for address in found.iter() {
            match may_reach(address.ip(), self.reach) {
                Ok(()) => may.push(*address),
                Err(error) => why = Some(error),
            }
        }
        match (may.is_empty(), why) {
            (false, _) => Ok(may),
            (true, Some(why)) => Err(ureq::Error::Io(io::Error::new(
                io::ErrorKind::PermissionDenied,
                why,
            ))),
            (true, None) => Err(ureq::Error::HostNotFound),
        }
    }
}

fn agent(reach: Reach, patience: Duration) -> ureq::Agent {
    // A broken certificate of the system is not used; the others are.
    let roots: Vec<_> = rustls_native_certs::load_native_certs()
        .certs
        .iter()
        .map(|root| Certificate::from_der(root).to_owned())
        .collect();
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::new_with_certs(&roots))
        .build();
    let config = ureq::Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(patience))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections(0)
        .proxy(None)
        .user_agent("Chandi")
        .build();
    let resolver = Screened {
        reach,
        inner: DefaultResolver::default(),
    };
    ureq::Agent::with_parts(config, DefaultConnector::default(), resolver)
}

/// Tells, and waits for the answer: anything of 200 to 299 is a yes.
pub fn tell(post: &Post) -> Told {
    let sent = address(&post.address, post.reach).and_then(|address| {
        agent(post.reach, post.patience)
            .post(&address)
            .header("content-type", "application/json")
            .header("chandi-event-id", &post.id)
            .header("chandi-event-type", &post.event)
            .header("chandi-signature", &post.signature)
            .send(&post.body[..])
            .map_err(of_ureq)
    });
    let mut answer = match sent {
        Ok(answer) => answer,
        Err(error) => {
            return Told {
                status: None,
                said: String::new(),
                error: Some(error),
            };
        }
    };
    let status = answer.status().as_u16();
    // Longer than that, or cut off: the status is the answer all the same.
    let mut said = Vec::new();
    let mut body = io::Read::take(answer.body_mut().as_reader(), READ_OF_ANSWER);
    let _ = io::Read::read_to_end(&mut body, &mut said);
    let said = String::from_utf8_lossy(&said)
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect();
    Told {
        status: Some(status),
        said,
        error: (!(200..300).contains(&status)).then_some(HookError::Refused(status)),
    }
}

fn of_ureq(error: ureq::Error) -> HookError {
    match error {
        ureq::Error::Timeout(_) => HookError::Slow,
        ureq::Error::Io(cause) => {
            let screened = cause
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<HookError>())
                .cloned();
            match screened {
                Some(why) => why,
                None if cause.kind() == io::ErrorKind::TimedOut => HookError::Slow,
                None if cause.to_string().contains("certificate") => HookError::NotPrivate(cause.to_string()),
                None => HookError::Unreachable(cause.to_string()),
            }
        }
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => HookError::NotPrivate(error.to_string()),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => HookError::Address(error.to_string()),
        other => HookError::Unreachable(other.to_string()),
    }
}

/// Pauses after tries in vain: seconds first, hours later.
const PAUSES_S: &[u64] = &[5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400];

/// How long to wait after so many tries in vain.
pub fn pause_after(tries: u32) -> Duration {
    let index = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
    Duration::from_secs(PAUSES_S.get(index).or(PAUSES_S.last()).copied().unwrap_or(14_400))
}

/// For how long the same is told in vain before a person has to look.
pub const TRIED_FOR: Duration = Duration::from_secs(24 * 3600);
/// And so often at least: a machine that was off for two days has not tried.
pub const TRIED_TIMES: u32 = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{Read, Write},
        net::TcpListener,
        sync::mpsc,
        thread,
    };

    #[test]
    fn the_signature_is_what_any_other_program_computes() {
        // From Python: hmac.new(b"whsec_1", b'1700000000.{"a":1}', "sha256").hexdigest()
        assert_eq!(
            signature("whsec_1", 1_700_000_000, b"{\"a\":1}"),
            "t=1700000000,v1=2bacf7b77f8a947e36777d445799846ce8389284516e77b94f239ef893b8def7"
        );
    }

    #[test]
    fn each_kind_of_hook_reaches_its_own_machines_only() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.1.5",
            "172.16.0.1",
            "::1",
            "fd00::5",
            "::ffff:127.0.0.1",
        ] {
            let ip: IpAddr = ip.parse().expect("an address");
            assert!(may_reach(ip, Reach::House).is_ok(), "{ip}");
            assert!(may_reach(ip, Reach::World).is_err(), "{ip}");
        }
        for ip in ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"] {
            let ip: IpAddr = ip.parse().expect("an address");
            assert!(may_reach(ip, Reach::World).is_ok(), "{ip}");
            assert!(may_reach(ip, Reach::House).is_err(), "{ip}");
        }
        for ip in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fe80::1",
            "0.0.0.0",
            "::",
            "255.255.255.255",
            "224.0.0.1",
            "100.64.0.1",
            "198.18.0.1",
            "240.0.0.1",
            "2002:7f00:1::1",
            "2001:db8::1",
            "ff02::1",
        ] {
            let ip: IpAddr = ip.parse().expect("an address");
            assert!(may_reach(ip, Reach::World).is_err(), "{ip} from outside");
            assert!(may_reach(ip, Reach::House).is_err(), "{ip} in the house");
        }
    }

    #[test]
    fn addresses_that_can_never_be_told_are_refused_at_once() {
        for wrong in [
            "",
            "example.com",
            "ftp://example.com/",
            "http://example.com/",
            "https://user:word@example.com/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/latest",
            "file:///etc/passwd",
        ] {
            assert!(address(wrong, Reach::World).is_err(), "{wrong}");
        }
        assert!(address("https://example.com/hook?a=1", Reach::World).is_ok());
        assert!(address(" http://127.0.0.1:9/ ", Reach::House).is_ok());
        assert!(address("http://169.254.169.254/", Reach::House).is_err());
    }

    /// A server that answers once, and what it was asked.
    fn once(answer: &'static str) -> (String, mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}/hook", listener.local_addr().expect("bound"));
        let (tx, rx) = mpsc::channel();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a caller");
            let mut heard = vec![0; 65_536];
            let mut n = 0;
            while !String::from_utf8_lossy(&heard[..n]).ends_with("{}") {
                match stream.read(&mut heard[n..]) {
                    Ok(more) if more > 0 => n += more,
                    _ => break,
                }
            }
            let _ = tx.send(String::from_utf8_lossy(&heard[..n]).into_owned());
            let _ = stream.write_all(answer.as_bytes());
            thread::sleep(Duration::from_millis(if answer.is_empty() { 1500 } else { 50 }));
        });
        (address, rx)
    }

    fn post(address: String, reach: Reach) -> Post {
        Post {
            address,
            reach,
            id: "0198".to_owned(),
            event: "order.placed".to_owned(),
            signature: signature("s", 1, b"{}"),
            body: b"{}".to_vec(),
            patience: Duration::from_millis(800),
        }
    }

    #[test]
    fn it_is_told_signed_and_what_was_answered_is_known() {
        let (address, heard) = once("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
        let told = tell(&post(address, Reach::House));
        assert_eq!((told.status, told.error), (Some(204), None));
        let heard = heard.recv().expect("a request").to_lowercase();
        for line in [
            "post /hook ",
            "chandi-event-id: 0198",
            "chandi-event-type: order.placed",
            "chandi-signature: t=1,v1=",
        ] {
            assert!(heard.contains(line), "{line}: {heard}");
        }
    }

    #[test]
    fn redirects_refusals_and_silence_are_no_yes() {
        let (address, _heard) = once(
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        );
        let told = tell(&post(address, Reach::House));
        assert_eq!(
            told.error,
            Some(HookError::Refused(302)),
            "nobody is sent elsewhere"
        );
        let (address, _heard) = once("HTTP/1.1 500 No\r\ncontent-length: 4\r\nconnection: close\r\n\r\nhmm!");
        let told = tell(&post(address, Reach::House));
        assert_eq!(
            (told.said.as_str(), told.error),
            ("hmm!", Some(HookError::Refused(500)))
        );
        let (address, _heard) = once("");
        assert_eq!(tell(&post(address, Reach::House)).error, Some(HookError::Slow));
        let told = tell(&post("http://127.0.0.1:1/".to_owned(), Reach::House));
        assert_eq!(told.error.map(|e| e.as_str()), Some("unreachable"));
    }

    #[test]
    fn a_name_that_leads_home_is_not_followed_from_outside() {
        let told = tell(&post("https://localhost:9/".to_owned(), Reach::World));
        assert_eq!(told.error.map(|e| e.as_str()), Some("forbidden"));
    }

    #[test]
    fn pauses_grow() {
        let mut last = Duration::ZERO;
        for tries in 1..50 {
            assert!(pause_after(tries) >= last);
            last = pause_after(tries);
        }
        assert!(last < TRIED_FOR);
    }
}
