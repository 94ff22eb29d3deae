//! `verify`: every series whole and signed, and the views exactly what the facts say.

use crate::{Store, StoreError, views};
use domain::ids::DeviceId;
use journal::{Head, PublicKey, series::Checker};
use rusqlite::{Connection, types::ValueRef};

/// What was checked, and everything that was found wrong, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    pub devices: u64,
    pub facts: u64,
    pub quarantined: u64,
    pub faults: Vec<String>,
}

impl Store {
    /// Reads the whole log. Takes a while on a big one; sales go on meanwhile.
    pub fn verify(&self) -> Result<Verified, StoreError> {
        self.read(|reader| {
            let conn = reader.conn;
            let mut verified = Verified::default();
            let whole: String = conn.query_row("pragma quick_check", [], |r| r.get(0))?;
            if whole != "ok" {
                verified.faults.push(format!("the file itself: {whole}"));
            }
            check_series(conn, &mut verified)?;
            check_views(conn, &mut verified)?;
            verified.quarantined = conn.query_row("select count(*) from quarantine", [], |r| r.get(0))?;
            Ok(verified)
        })
    }
}

/// A view's name, its rows and their hash.
pub type Fingerprint = (&'static str, u64, [u8; 32]);

impl Store {
    /// What each view holds, in short: two devices that have the same facts and keys say the same.
    pub fn fingerprints(&self) -> Result<Vec<Fingerprint>, StoreError> {
        self.read(|reader| {
            views::TABLES
                .iter()
                .map(|table| digest(reader.conn, table).map(|(rows, hash)| (*table, rows, hash)))
                .collect()
        })
    }
}

fn check_series(conn: &Connection, verified: &mut Verified) -> Result<(), StoreError> {
    let mut devices = conn.prepare("select distinct device_id from fact")?;
    let devices: Vec<[u8; 16]> = devices.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    for device in devices {
        verified.devices += 1;
        let id = DeviceId::from_bytes(device);
        let key: Option<[u8; 32]> = conn
            .query_row(
                "select public_key from device where device_id = ?1",
                [device],
                |r| r.get(0),
            )
            .map(Some)
            .or_else(|e| {
                if e == rusqlite::Error::QueryReturnedNoRows {
                    Ok(None)
                } else {
                    Err(e)
                }
            })?;
        let Some(key) = key.as_ref().and_then(PublicKey::from_bytes) else {
            verified.faults.push(format!("device {id} has no public key"));
            continue;
        };
        if let Err(fault) = check_one(conn, id, key, verified)? {
            verified.faults.push(format!("device {id}: {fault}"));
        }
    }
    Ok(())
}

fn check_one(
    conn: &Connection,
    device: DeviceId,
    key: PublicKey,
    verified: &mut Verified,
) -> Result<Result<u64, journal::SeriesError>, StoreError> {
    let mut checker = Checker::new(key);
    let mut fault = None;
    let mut head_at = conn.prepare("select hash, signature from head where device_id = ?1 and seq = ?2")?;
    let hex: String = device.bytes().iter().map(|b| format!("{b:02x}")).collect();
    views::each_fact(
        conn,
        &format!("where device_id = x'{hex}' order by seq"),
        |fact| {
            if fault.is_some() {
                return Ok(());
            }
            verified.facts += 1;
            let mut rows = head_at.query(rusqlite::params![device.bytes(), fact.header.seq])?;
            let head = match rows.next()? {
                Some(r) => Some(Head {
                    device,
                    seq: fact.header.seq,
                    hash: r.get(0)?,
                    signature: r.get(1)?,
                }),
                None => None,
            };
            fault = checker.step(&fact, head.as_ref()).err();
            Ok(())
        },
    )?;
    Ok(match fault {
        Some(fault) => Err(fault),
        None => checker.finish(),
    })
}

/// Computes the views once more beside the old ones, in memory, and compares them row by row.
fn check_views(conn: &Connection, verified: &mut Verified) -> Result<(), StoreError> {
    let fresh = Connection::open_in_memory()?;
    views::create(&fresh)?;
    // Sealed names open with the same keys, or stay sealed where they were erased.
    fresh.execute_batch("create table customer_key (customer_id blob primary key, key blob)")?;
    let mut keys = conn.prepare("select customer_id, key from customer_key")?;
    let mut rows = keys.query([])?;
    while let Some(row) = rows.next()? {
        fresh.execute(
            "insert into customer_key values (?1, ?2)",
            [
                row.get::<_, [u8; 16]>(0)?.as_slice(),
                row.get::<_, [u8; 32]>(1)?.as_slice(),
            ],
        )?;
    }
    views::replay(conn, &fresh, &mut |_, _| Ok(()))?;
    for table in views::TABLES {
        if digest(conn, table)? != digest(&fresh, table)? {
            verified
                .faults
                .push(format!("the view {table} is not what the facts say"));
        }
    }
    Ok(())
}

fn digest(conn: &Connection, table: &str) -> Result<(u64, [u8; 32]), StoreError> {
    let key = if *table == *"product_search" {
        "rowid, folded"
    } else {
        "*"
    };
    let mut statement = conn.prepare(&format!("select {key} from {table} order by 1, 2"))?;
    let columns = statement.column_count();
    // Rows with equal first two columns do not exist but in one table, where all the columns are its key.
    let mut hasher = blake3::Hasher::new();
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        for column in 0..columns {
            match row.get_ref(column)? {
                ValueRef::Null => {
                    hasher.update(b"n");
                }
                ValueRef::Integer(int) => {
                    hasher.update(b"i").update(&int.to_be_bytes());
                }
                ValueRef::Real(real) => {
                    hasher.update(b"r").update(&real.to_be_bytes());
                }
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                    hasher
                        .update(b"b")
                        .update(&(bytes.len() as u64).to_be_bytes())
                        .update(bytes);
                }
            }
        }
    }
    Ok((count, *hasher.finalize().as_bytes()))
}
