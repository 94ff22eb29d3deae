//! A backup as a file: a few readable lines that say whose it is, and behind them, sealed for the recovery card, the
//! books.
//!
//! What is sealed is an age file (age-encryption.org/v1) and can be opened with that program too. The readable lines
//! are for people and lists; whatever matters stands in the sealed part once more and is believed only there.

use crate::{AppError, Code, Result, letters::hex};
use age::{Decryptor, Encryptor, x25519};
use bech32::ToBase32;
use domain::{
    ids::{DeviceId, ShopId},
    time::Moment,
};
use journal::{Vector, recovery::RecoverySecret};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, BufWriter, Read, Write},
    path::Path,
    str::FromStr,
};
use uuid::Uuid;

pub(crate) const EXTENSION: &str = "chandi-backup";
const FIRST_LINE: &str = "Chandi backup 1";
/// The readable lines are few and short.
const MOST_HEADER: usize = 4096;
const MOST_MANIFEST: u32 = 1 << 20;

/// What anybody may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub shop_name: String,
    pub shop: ShopId,
    pub device: DeviceId,
    pub made: Moment,
    /// The oldest build that can read it.
    pub build: i64,
    pub facts: u64,
    /// The short name of the recovery key that opens it.
    pub key: String,
}

/// What stands before the books in the sealed part.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub shop: Uuid,
    pub shop_name: String,
    pub device: Uuid,
    pub branch: Uuid,
    pub made_ms: i64,
    pub build: i64,
    pub currency: String,
    /// The secret that the shop's devices share.
    pub number_key: [u8; 32],
    /// Opens the books, which are a SQLCipher file of their own.
    pub books_key: [u8; 32],
    pub books_bytes: u64,
    pub books_hash: [u8; 32],
    /// Where the clock of the device was.
    pub clock: u64,
    pub vector: BTreeMap<Uuid, u64>,
}

impl Manifest {
    pub fn facts(&self) -> u64 {
        self.vector.values().sum()
    }

    pub fn vector(&self) -> Vector {
        self.vector
            .iter()
            .map(|(device, seq)| (DeviceId::from_uuid(*device), *seq))
            .collect()
    }

    pub fn header(&self, key: String) -> Header {
        Header {
            shop_name: self.shop_name.clone(),
            shop: ShopId::from_uuid(self.shop),
            device: DeviceId::from_uuid(self.device),
            made: Moment(self.made_ms),
            build: self.build,
            facts: self.facts(),
            key,
        }
    }
}

/// The short name of a recovery key.
pub(crate) fn key_name(public_key: &[u8; 32]) -> String {
    let hash = blake3::derive_key("chandi 2026 name of a recovery key v1", public_key);
    hex(&hash[..4]).to_uppercase()
}

/// The age identity behind the letters of a card.
pub(crate) fn identity_of(secret: &RecoverySecret) -> Result<x25519::Identity> {
    let broken = |why: String| AppError::new(Code::Broken).because(why);
    let spelled = bech32::encode(
        "age-secret-key-",
        secret.opening_key().to_base32(),
        bech32::Variant::Bech32,
    )
    .map_err(|e| broken(e.to_string()))?;
    x25519::Identity::from_str(&spelled.to_uppercase()).map_err(|e| broken(e.to_owned()))
}

fn unreadable(why: impl std::fmt::Display) -> AppError {
    AppError::new(Code::BackupUnreadable).because(why)
}

/// Writes the header and the sealed books. `witness` can open the file too, and is forgotten after reading it back.
pub(crate) fn write(
    to: &File,
    header: &Header,
    manifest: &Manifest,
    books: &Path,
    recipient: &str,
    witness: &x25519::Identity,
) -> std::io::Result<()> {
    let refused = |why: String| std::io::Error::new(std::io::ErrorKind::InvalidData, why);
    let mut out = BufWriter::with_capacity(1 << 16, to);
    let line = |text: &str| -> String { text.chars().filter(|c| !c.is_control()).collect() };
    write!(
        out,
        "{FIRST_LINE}\nshop: {}\nshop-id: {}\ndevice: {}\nmade-ms: {}\nmade: {}\nbuild: {}\nfacts: {}\nkey: {}\n\
         opens-with: the recovery card of the shop; below the empty line this is an age file\n\n",
        line(&header.shop_name),
        header.shop.uuid(),
        header.device.uuid(),
        header.made.0,
        crate::wire::rfc3339(header.made),
        header.build,
        header.facts,
        header.key,
    )?;
    let recipient = x25519::Recipient::from_str(recipient).map_err(|e| refused(e.to_owned()))?;
    let witness = witness.to_public();
    let both: [&dyn age::Recipient; 2] = [&recipient, &witness];
    let sealing = Encryptor::with_recipients(both.into_iter()).map_err(|e| refused(e.to_string()))?;
    let mut sealed = sealing.wrap_output(&mut out)?;
    let manifest = serde_json::to_vec(manifest).map_err(|e| refused(e.to_string()))?;
    let length = u32::try_from(manifest.len()).map_err(|e| refused(e.to_string()))?;
    sealed.write_all(&length.to_be_bytes())?;
    sealed.write_all(&manifest)?;
    std::io::copy(
        &mut BufReader::with_capacity(1 << 16, File::open(books)?),
        &mut sealed,
    )?;
    sealed.finish()?;
    out.flush()?;
    drop(out);
    to.sync_all()
}

/// Reads the readable lines, and leaves the reader at the sealed part.
pub(crate) fn read_header(from: &mut impl BufRead) -> Result<Header> {
    let mut lines = BTreeMap::new();
    let mut read = 0;
    let mut first = true;
    loop {
        let mut line = Vec::new();
        let room = MOST_HEADER.saturating_sub(read);
        let n = from
            .by_ref()
            .take(u64::try_from(room).unwrap_or(0))
            .read_until(b'\n', &mut line)
            .map_err(unreadable)?;
        read += n;
        if n == 0 || line.pop() != Some(b'\n') {
            return Err(unreadable("these are not the first lines of a backup"));
        }
        let line = String::from_utf8(line).map_err(|_| unreadable("this is no backup of Chandi"))?;
        match (first, line.as_str()) {
            (true, FIRST_LINE) => first = false,
            (true, other) if other.starts_with("Chandi backup ") => return Err(Code::BackupNewer.into()),
            (true, _) => return Err(unreadable("this is no backup of Chandi")),
            (false, "") => break,
            (false, line) => {
                if let Some((name, value)) = line.split_once(": ") {
                    lines.insert(name.to_owned(), value.to_owned());
                }
            }
        }
    }
    let text = |name: &str| {
        lines
            .get(name)
            .cloned()
            .ok_or_else(|| unreadable(format!("the line {name} is missing")))
    };
    let number = |name: &str| text(name)?.parse::<i64>().map_err(unreadable);
    Ok(Header {
        shop_name: text("shop").unwrap_or_default(),
        shop: text("shop-id")?
            .parse()
            .map_err(|_| unreadable("the shop's id cannot be read"))?,
        device: text("device")?
            .parse()
            .map_err(|_| unreadable("the device's id cannot be read"))?,
        made: Moment(number("made-ms")?),
        build: number("build")?,
        facts: number("facts")?.unsigned_abs(),
        key: text("key")?,
    })
}

/// The header of a file, if it is a backup.
pub(crate) fn header_of(file: &Path) -> Result<Header> {
    let file = File::open(file).map_err(unreadable)?;
    read_header(&mut BufReader::new(file))
}

/// The sealed part of a backup, opened.
pub(crate) struct Opened {
    pub manifest: Manifest,
    books: Box<dyn Read>,
}

/// Opens a backup with a key. A wrong key and a file that was cut or changed are told apart.
pub(crate) fn open(file: &Path, key: &x25519::Identity) -> Result<(Header, Opened)> {
    let file = File::open(file).map_err(unreadable)?;
    let mut from = BufReader::with_capacity(1 << 16, file);
    let header = read_header(&mut from)?;
    if header.build > store::BUILD {
        return Err(AppError::new(Code::BackupNewer).hint("build", header.build));
    }
    let sealed = Decryptor::new_buffered(from).map_err(|e| damaged(&e))?;
    let mut plain = match sealed.decrypt(std::iter::once(key as &dyn age::Identity)) {
        Ok(plain) => plain,
        Err(age::DecryptError::NoMatchingKeys) => return Err(Code::RecoveryKeyWrong.into()),
        Err(other) => return Err(damaged(&other)),
    };
    let mut length = [0; 4];
    plain.read_exact(&mut length).map_err(|e| damaged(&e))?;
    let length = u32::from_be_bytes(length);
    if length > MOST_MANIFEST {
        return Err(unreadable("its first part is too long"));
    }
    let mut manifest = Vec::new();
    plain
        .by_ref()
        .take(length.into())
        .read_to_end(&mut manifest)
        .map_err(|e| damaged(&e))?;
    let manifest: Manifest = serde_json::from_slice(&manifest).map_err(unreadable)?;
    if manifest.header(header.key.clone()) != header {
        return Err(unreadable("its first lines were changed"));
    }
    let opened = Opened {
        manifest,
        books: Box::new(plain),
    };
    Ok((header, opened))
}

fn damaged(why: &dyn std::fmt::Display) -> AppError {
    AppError::new(Code::BackupDamaged).because(why)
}

impl Opened {
    /// Brings the books to `to`, tells how far it is, and says whether they are what was sealed.
    pub fn books_into(&mut self, to: &mut impl Write, mut told: impl FnMut(u64)) -> Result<()> {
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; 1 << 16];
        let mut done = 0;
        loop {
            // The end of the sealed part is signed: a file that was cut short is refused here.
            let n = self.books.read(&mut piece).map_err(|e| damaged(&e))?;
            if n == 0 {
                break;
            }
            hasher.update(&piece[..n]);
            to.write_all(&piece[..n]).map_err(crate::backups::refused)?;
            done += u64::try_from(n).unwrap_or(u64::MAX);
            told(done);
        }
        let whole =
            done == self.manifest.books_bytes && *hasher.finalize().as_bytes() == self.manifest.books_hash;
        if whole {
            Ok(())
        } else {
            Err(damaged(&"the books in it are not whole"))
        }
    }
}
