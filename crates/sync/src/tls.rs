//! The shop's own certificates, by which its devices and the browsers of its LAN know each other.
//!
//! There is one certificate authority per shop. Its key is derived from the secret that the shop's devices share, and
//! it signs the same bytes everywhere: whichever device is asked, the certificate is the same one, and a phone installs
//! it once. It can vouch for private addresses, `.local` names and `.chandi.internal` only, so whoever stole it cannot
//! pretend to be a bank. Devices reach each other as `https://<device>.chandi.internal`, wherever that is at the moment
//! ([`Addresses`]). What they say is signed by their own keys besides; nothing is believed because of TLS alone.

use app::Shop;
use domain::{
    ids::{DeviceId, ShopId},
    time::Moment,
};
use p256::ecdsa::{DerSignature, SigningKey, signature::Signer};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData, SanType,
    SerialNumber, SignatureAlgorithm, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use ureq::{
    tls::{Certificate, RootCerts, TlsConfig},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};

/// Below it every device has a name.
pub const DOMAIN: &str = "chandi.internal";
/// The name that every device of the shop answers to: for one of which only the address is known.
pub const ANY: &str = "node.chandi.internal";
/// The word that makes the authority's key another than every other key of the shop.
const WORD: &str = "chandi.lan 2026 certificate authority of a shop v1";
/// How long a device's certificate holds. Browsers take less and less of a lifetime; it is renewed by itself.
const LEAF_DAYS: i64 = 60;
/// It is renewed when less than this is left of it.
const RENEW_DAYS: i64 = 20;
const DAY_MS: i64 = 86_400_000;
/// A tablet that was reset shows last year; a certificate must hold for it, too, within reason.
const BACKDATED_DAYS: i64 = 7;

/// Networks that nobody routes to from outside, and this machine itself.
const NETWORKS: &[(IpAddr, u8)] = &[
    (v4(10, 0, 0, 0), 8),
    (v4(172, 16, 0, 0), 12),
    (v4(192, 168, 0, 0), 16),
    (v4(169, 254, 0, 0), 16),
    (v4(100, 64, 0, 0), 10),
    (v4(127, 0, 0, 0), 8),
    (v6(0xfc00, 0), 7),
    (v6(0xfe80, 0), 10),
    (v6(0, 1), 128),
];

const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(std::net::Ipv4Addr::new(a, b, c, d))
}

const fn v6(first: u16, last: u16) -> IpAddr {
    IpAddr::V6(std::net::Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, last))
}

/// Whether the shop's authority may vouch for this address: a private one.
pub fn is_private(address: IpAddr) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, false),
        IpAddr::V6(v6) => (v6.to_bits(), true),
    };
    let (address, six) = bits(address);
    NETWORKS.iter().any(|(network, prefix)| {
        let (network, of_six) = bits(*network);
        of_six == six && (address ^ network) >> (128 - u32::from(*prefix)) == 0
    })
}

/// The name under which a device is reached.
pub fn name_of(device: DeviceId) -> String {
    format!("{device}.{DOMAIN}")
}

/// The SHA-256 of a certificate: what people compare and what a joining device pins.
pub fn fingerprint(certificate: &[u8]) -> [u8; 32] {
    Sha256::digest(certificate).into()
}

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("a certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("TLS could not be set up: {0}")]
    Tls(#[from] rustls::Error),
    #[error("the certificate is not the one that was promised")]
    NotPinned,
    #[error("no answer: {0}")]
    NoAnswer(String),
}

/// The certificate authority of one shop.
pub struct ShopAuthority {
    issuer: Issuer<'static, Signs>,
    certificate: CertificateDer<'static>,
}

/// Signs with ECDSA as RFC 6979 has it: the same message gets the same signature at every device.
struct Signs {
    key: SigningKey,
    public: Vec<u8>,
}

impl PublicKeyData for Signs {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Signs {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: DerSignature = self
            .key
            .try_sign(message)
            .map_err(|_| rcgen::Error::RemoteKeyError)?;
        Ok(signature.as_bytes().to_vec())
    }
}

impl ShopAuthority {
    pub fn of(shop: &Shop) -> Result<ShopAuthority, TlsError> {
        let identity = shop.identity();
        ShopAuthority::derive(&identity.number_key, identity.shop)
    }

    /// The authority of the shop whose devices share this secret.
    pub fn derive(secret: &[u8; 32], shop: ShopId) -> Result<ShopAuthority, TlsError> {
        let seed = blake3::Hasher::new_derive_key(WORD)
            .update(secret)
            .update(&shop.bytes())
            .finalize();
        let mut stream = blake3::Hasher::new_keyed(seed.as_bytes()).finalize_xof();
        // Of 2^32 numbers one is no key; the next one is.
        let key = loop {
            let mut candidate = [0; 32];
            stream.fill(&mut candidate);
            if let Ok(key) = SigningKey::from_slice(&candidate) {
                break key;
            }
        };
        let public = key.verifying_key().to_encoded_point(false).as_bytes().to_vec();
        let label: String = public[1..5].iter().map(|b| format!("{b:02X}")).collect();
        let mut serial = blake3::derive_key("chandi.lan 2026 serial number", &public)[..16].to_vec();
        // Positive, and not shortened.
        serial[0] = serial[0] & 0x7f | 0x40;
        let mut subject = DistinguishedName::new();
        subject.push(DnType::OrganizationName, "Chandi");
        subject.push(
            DnType::CommonName,
            format!("Chandi shop {}-{}", &label[..4], &label[4..]),
        );
        let mut permitted: Vec<GeneralSubtree> = NETWORKS
            .iter()
            .map(|(address, prefix)| {
                GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, *prefix))
            })
            .collect();
        permitted.push(GeneralSubtree::DnsName("local".to_owned()));
        permitted.push(GeneralSubtree::DnsName(DOMAIN.to_owned()));
        let mut params = CertificateParams::default();
        params.not_before = date_time_ymd(2025, 1, 1);
        params.not_after = date_time_ymd(2049, 12, 31);
        params.serial_number = Some(SerialNumber::from(serial));
        params.distinguished_name = subject;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: permitted,
            excluded_subtrees: vec![],
        });
        let signs = Signs { key, public };
        let certificate = params.self_signed(&signs)?.der().clone();
        Ok(ShopAuthority {
            issuer: Issuer::new(params, signs),
            certificate,
        })
    }

    /// The certificate that is installed on phones and trusted by the shop's devices.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    pub fn fingerprint(&self) -> [u8; 32] {
        fingerprint(&self.certificate)
    }

    /// A certificate for this device at these addresses and `.local` name, with a key of its own.
    pub fn leaf(
        &self,
        device: DeviceId,
        addresses: &[IpAddr],
        local_name: &str,
        now: Moment,
    ) -> Result<Leaf, TlsError> {
        let key = KeyPair::generate()?;
        let at = |ms: i64| {
            let seconds = ms.div_euclid(1000);
            // What a clock of the far past or future says is no reason to have none.
            rcgen_time(seconds).unwrap_or_else(|| date_time_ymd(2026, 1, 1))
        };
        let not_after = now.plus_ms(LEAF_DAYS * DAY_MS);
        let mut names: Vec<SanType> = vec![
            SanType::DnsName(name_of(device).try_into()?),
            SanType::DnsName(ANY.try_into()?),
            SanType::DnsName(local_name.to_owned().try_into()?),
        ];
        names.extend(
            addresses
                .iter()
                .copied()
                .filter(|address| is_private(*address))
                .map(SanType::IpAddress),
        );
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, "Chandi device");
        let mut params = CertificateParams::default();
        params.not_before = at(now.0.saturating_sub(BACKDATED_DAYS * DAY_MS));
        params.not_after = at(not_after.0);
        params.distinguished_name = subject;
        params.subject_alt_names = names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?.der().clone();
        Ok(Leaf {
            chain: vec![certificate, self.certificate.clone()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            addresses: addresses.to_vec(),
            not_after,
        })
    }
}

fn rcgen_time(seconds: i64) -> Option<time::OffsetDateTime> {
    time::OffsetDateTime::from_unix_timestamp(seconds).ok()
}

/// The certificate that a device shows, and its key.
pub struct Leaf {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    addresses: Vec<IpAddr>,
    not_after: Moment,
}

impl Leaf {
    /// Whether it is time for another: it soon ends, or the device is at other addresses.
    pub fn is_stale(&self, addresses: &[IpAddr], now: Moment) -> bool {
        let left = self.not_after.0.saturating_sub(now.0);
        // A clock that was far ahead and is set right again must not keep a certificate of the future.
        let good = RENEW_DAYS * DAY_MS..=(LEAF_DAYS + 1) * DAY_MS;
        self.addresses != addresses || !good.contains(&left)
    }

    /// TLS 1.3 and 1.2, as this device.
    pub fn server(&self) -> Result<rustls::ServerConfig, TlsError> {
        let mut config = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// The certificates as they are shown, its own first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Whose certificates are believed.
pub enum Trust<'a> {
    /// Those of the shop with this authority, and no other.
    Shop(&'a [u8]),
    /// Those whom the system trusts: hubs on the Internet.
    World,
    /// Anybody's: to fetch the authority's certificate and compare it with what was promised.
    Nobody,
}

/// Where devices are at the moment.
#[derive(Debug, Clone, Default)]
pub struct Addresses(Arc<RwLock<HashMap<String, Vec<SocketAddr>>>>);

impl Addresses {
    pub fn set(&self, device: DeviceId, at: Vec<SocketAddr>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(name_of(device), at);
    }

    pub fn forget(&self, device: DeviceId) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.remove(&name_of(device));
    }

    /// Where the one device is of which only the address is known.
    pub fn of_any(at: SocketAddr) -> Addresses {
        Addresses(Arc::new(RwLock::new(HashMap::from([(ANY.to_owned(), vec![at])]))))
    }

    pub fn of(&self, device: DeviceId) -> Vec<SocketAddr> {
        self.named(&name_of(device))
    }

    fn named(&self, name: &str) -> Vec<SocketAddr> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(name).cloned().unwrap_or_default()
    }
}

/// Finds `<device>.chandi.internal` where [`Addresses`] has it, port included; never asks anybody else about it.
#[derive(Debug)]
struct Finds {
    addresses: Addresses,
    others: DefaultResolver,
}

impl Resolver for Finds {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default();
        if !host.ends_with(DOMAIN) {
            return self.others.resolve(uri, config, timeout);
        }
        let known = self.addresses.named(host);
        if known.is_empty() {
            return Err(ureq::Error::HostNotFound);
        }
        let mut found = self.empty();
        for address in known.into_iter().take(16) {
            found.push(address);
        }
        Ok(found)
    }
}

/// Asks over TLS; every call ends within `timeout`.
pub fn agent(trust: &Trust<'_>, addresses: &Addresses, timeout: Duration) -> ureq::Agent {
    let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider());
    let tls = match trust {
        Trust::Shop(authority) => {
            let authority = Certificate::from_der(authority).to_owned();
            tls.root_certs(RootCerts::new_with_certs(&[authority]))
        }
        Trust::World => {
            // A broken certificate of the system is not used; the others are.
            let roots = rustls_native_certs::load_native_certs().certs;
            let roots: Vec<_> = roots
                .iter()
                .map(|root| Certificate::from_der(root).to_owned())
                .collect();
            tls.root_certs(RootCerts::new_with_certs(&roots))
        }
        Trust::Nobody => tls
            .root_certs(RootCerts::new_with_certs(&[]))
            .disable_verification(true),
    };
    let config = ureq::Agent::config_builder()
        .tls_config(tls.build())
        .timeout_global(Some(timeout))
        .timeout_connect(Some(timeout.min(Duration::from_secs(3))))
        .http_status_as_error(false)
        // Redirects and proxies have no place on the way to the next device.
        .max_redirects(0)
        .proxy(None)
        .build();
    let finds = Finds {
        addresses: addresses.clone(),
        others: DefaultResolver::default(),
    };
    ureq::Agent::with_parts(config, DefaultConnector::default(), finds)
}

/// Where the door gives its authority's certificate away.
pub const CERTIFICATE_PATH: &str = "/chandi-ca.crt";
const MOST_CERTIFICATE_BYTES: u64 = 8 << 10;

/// Fetches the authority's certificate from the device at `address` and gives it out only when it is the one that was
/// promised: `promised` looks at its SHA-256.
pub fn fetch_authority(
    address: SocketAddr,
    promised: impl FnOnce(&[u8; 32]) -> bool,
    timeout: Duration,
) -> Result<Vec<u8>, TlsError> {
    let lost = |e: ureq::Error| TlsError::NoAnswer(e.to_string());
    let agent = agent(&Trust::Nobody, &Addresses::default(), timeout);
    let mut answer = agent
        .get(format!("https://{address}{CERTIFICATE_PATH}"))
        .call()
        .map_err(lost)?;
    if answer.status() != 200 {
        return Err(TlsError::NoAnswer(format!("it answered {}", answer.status())));
    }
    let certificate = answer
        .body_mut()
        .with_config()
        .limit(MOST_CERTIFICATE_BYTES)
        .read_to_vec()
        .map_err(lost)?;
    match promised(&fingerprint(&certificate)) {
        true => Ok(certificate),
        false => Err(TlsError::NotPinned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::edges::Edges;
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection, pki_types::ServerName};

    const SHOP: ShopId = ShopId::from_bytes([3; 16]);
    const DEVICE: DeviceId = DeviceId::from_bytes([5; 16]);
    const ADDRESS: &str = "192.168.1.20";

    fn authority() -> ShopAuthority {
        ShopAuthority::derive(&[7; 32], SHOP).expect("an authority")
    }

    fn now() -> Moment {
        Edges::system().now()
    }

    fn leaf(authority: &ShopAuthority, now: Moment) -> Leaf {
        let address = ADDRESS.parse().expect("an address");
        authority
            .leaf(DEVICE, &[address], "chandi-1.local", now)
            .expect("a leaf")
    }

    /// Whether a client that believes `authority` alone believes that `server` is `name`.
    fn believed(authority: &[u8], server: rustls::ServerConfig, name: &str) -> Result<(), rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(authority.to_vec()))
            .expect("a root");
        let client = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let mut client = ClientConnection::new(Arc::new(client), name)?;
        let mut server = ServerConnection::new(Arc::new(server))?;
        while client.is_handshaking() || server.is_handshaking() {
            let mut bytes = Vec::new();
            client.write_tls(&mut bytes).expect("into memory");
            server.read_tls(&mut bytes.as_slice()).expect("from memory");
            server.process_new_packets()?;
            let mut bytes = Vec::new();
            server.write_tls(&mut bytes).expect("into memory");
            client.read_tls(&mut bytes.as_slice()).expect("from memory");
            client.process_new_packets()?;
        }
        Ok(())
    }

    fn serves(leaf: &Leaf) -> rustls::ServerConfig {
        leaf.server().expect("a server")
    }

    #[test]
    fn every_device_of_a_shop_makes_the_same_authority_for_ever() {
        let bytes = authority().fingerprint();
        let text: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(
            text, "b254c7ece656de8815e9e4ea6d76d61ec52799bda795f0110f74bcae149ffb32",
            "phones have it installed and devices have it pinned: its bytes must never change"
        );
        for (secret, shop) in [([8; 32], SHOP), ([7; 32], ShopId::from_bytes([4; 16]))] {
            let other = ShopAuthority::derive(&secret, shop).expect("an authority");
            assert_ne!(other.fingerprint(), bytes, "another shop has another");
        }
    }

    #[test]
    fn a_device_is_believed_under_its_names_and_no_others() {
        let authority = authority();
        let leaf = leaf(&authority, now());
        for name in [name_of(DEVICE).as_str(), ANY, ADDRESS, "chandi-1.local"] {
            believed(authority.certificate(), serves(&leaf), name).expect(name);
        }
        let another = name_of(DeviceId::from_bytes([6; 16]));
        for name in [another.as_str(), "192.168.1.21", "chandi-2.local", "bank.example"] {
            assert!(
                believed(authority.certificate(), serves(&leaf), name).is_err(),
                "{name}"
            );
        }
    }

    #[test]
    fn another_shops_authority_is_not_believed() {
        let leaf = leaf(&authority(), now());
        let other = ShopAuthority::derive(&[8; 32], SHOP).expect("an authority");
        let refused = believed(other.certificate(), serves(&leaf), ADDRESS);
        assert!(
            matches!(refused, Err(rustls::Error::InvalidCertificate(_))),
            "{refused:?}"
        );
    }

    #[test]
    fn whoever_stole_the_authority_cannot_pretend_to_be_a_bank() {
        let authority = authority();
        let forged = |names: Vec<SanType>| {
            let key = KeyPair::generate().expect("a key");
            let mut params = CertificateParams::default();
            params.not_before = date_time_ymd(2025, 1, 1);
            params.not_after = date_time_ymd(2049, 1, 1);
            params.subject_alt_names = names;
            let certificate = params.signed_by(&key, &authority.issuer).expect("signed");
            Leaf {
                chain: vec![certificate.der().clone()],
                key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
                addresses: vec![],
                not_after: now(),
            }
        };
        let named = |name: &str| SanType::DnsName(name.try_into().expect("a name"));
        let at = |address: &str| SanType::IpAddress(address.parse().expect("an address"));
        let ours = forged(vec![named("till.local"), at("10.1.2.3"), at("fd00::1")]);
        believed(authority.certificate(), serves(&ours), "till.local").expect("it may do that");
        for (name, san) in [
            ("bank.example", named("bank.example")),
            ("mylocal", named("mylocal")),
            ("chandi.internal.example", named("chandi.internal.example")),
            ("8.8.8.8", at("8.8.8.8")),
            ("172.32.0.1", at("172.32.0.1")),
            ("2001:db8::1", at("2001:db8::1")),
        ] {
            let forged = forged(vec![san]);
            assert!(
                believed(authority.certificate(), serves(&forged), name).is_err(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_certificate_ends_and_another_is_made_before() {
        let authority = authority();
        let begun = now();
        let days = |n: i64| begun.plus_ms(n * DAY_MS);
        let addresses: Vec<IpAddr> = vec![ADDRESS.parse().expect("an address")];
        let fresh = leaf(&authority, begun);
        assert!(!fresh.is_stale(&addresses, days(30)), "a month later it is good");
        assert!(
            fresh.is_stale(&addresses, days(LEAF_DAYS - RENEW_DAYS + 1)),
            "renewed in time"
        );
        assert!(fresh.is_stale(&addresses, days(400)));
        assert!(fresh.is_stale(&addresses, days(-400)), "the clock was set right");
        assert!(fresh.is_stale(&[], begun), "it is somewhere else now");
        let ended = leaf(&authority, days(-LEAF_DAYS - 1));
        let refused = believed(authority.certificate(), serves(&ended), ADDRESS);
        assert!(
            matches!(refused, Err(rustls::Error::InvalidCertificate(_))),
            "{refused:?}"
        );
        assert!(ended.is_stale(&addresses, begun));
        believed(authority.certificate(), serves(&leaf(&authority, begun)), ADDRESS).expect("renewed");
    }

    #[test]
    fn public_addresses_are_told_from_private_ones() {
        for address in [
            "10.0.0.1",
            "172.31.255.255",
            "192.168.0.9",
            "169.254.3.4",
            "100.127.0.1",
            "127.0.0.1",
            "::1",
            "fd12::1",
            "fe80::9",
        ] {
            assert!(is_private(address.parse().expect("an address")), "{address}");
        }
        for address in [
            "11.0.0.1",
            "172.32.0.1",
            "192.169.0.1",
            "100.128.0.1",
            "8.8.8.8",
            "::2",
            "2001:db8::1",
            "a00::1",
        ] {
            assert!(!is_private(address.parse().expect("an address")), "{address}");
        }
    }
}
