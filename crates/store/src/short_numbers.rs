//! Which short catalogue number a product has, where two devices made two products with one.
//!
//! Devices that were let in apart may have one ordinal, and count their products alike. Of the products that ask for a
//! number the earliest keeps it; every other has one that follows from its id, beyond what a device counts to. What stands
//! depends on the products alone, not on who came first.

use crate::{StoreError, views::forget_words};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;

type Id = [u8; 16];

/// The last count of each device.
pub(crate) const MOST_COUNT: i64 = (1 << 31) - 1;
/// The founder's counts above that are nobody's: in a token they take no more room than an ordinal's own.
const MOVED: i64 = 1 << 31;
const ROOM: i64 = 1 << 30;
/// Numbers of products whose first choice another has.
const MOVED_AGAIN: i64 = MOVED + ROOM;
const END: i64 = MOVED_AGAIN + ROOM;
/// Beyond the ordinals and counts of a token.
const BEYOND: i64 = 1 << 48;
/// How many numbers follow from ids; a test has few of them, so that they meet.
const CHOICES: i64 = if cfg!(test) { 4 } else { ROOM };

/// The number that a product asks for, if it is one that a device gives; 0 otherwise.
pub(crate) fn asked_for(number: i64) -> i64 {
    match number {
        1..MOVED | END..BEYOND => number,
        _ => 0,
    }
}

/// Says which number a product has that asks for one (0: for none), having made room for it.
pub(crate) fn number_for(conn: &Connection, id: &Id, asked: i64, stamp: i64) -> Result<i64, StoreError> {
    let before: Option<(i64, i64, i64)> = conn
        .prepare_cached("select n, asked, asked_stamp from product where product_id = ?1")?
        .query_row([id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .optional()?;
    if let Some((n, old_asked, old_stamp)) = before {
        if (old_asked, old_stamp) == (asked, stamp) {
            return Ok(n);
        }
        leave(conn, n)?;
    }
    if asked == 0 {
        return choice_of(conn, id);
    }
    let holder: Option<(Id, i64)> = conn
        .prepare_cached("select product_id, asked_stamp from product where n = ?1")?
        .query_row([asked], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    match holder {
        None => Ok(asked),
        Some((other, since)) if (since, &other) < (stamp, id) => choice_of(conn, id),
        Some((other, _)) => {
            let to = choice_of(conn, &other)?;
            renumber(conn, asked, to)?;
            Ok(asked)
        }
    }
}

/// A product's row goes, and who waited for its number has it.
fn leave(conn: &Connection, n: i64) -> Result<(), StoreError> {
    conn.prepare_cached("delete from product where n = ?1")?
        .execute([n])?;
    forget_words(conn, n)?;
    let next: Option<i64> = conn
        .prepare_cached(
            "select n from product where asked = ?1 and asked <> n order by asked_stamp, product_id limit 1",
        )?
        .query_row([n], |r| r.get(0))
        .optional()?;
    if let Some(next) = next {
        renumber(conn, next, n)?;
    }
    let crowded = conn
        .prepare_cached("select 1 from product where n >= ?1 and n < ?2")?
        .exists([MOVED_AGAIN, END])?;
    if crowded {
        choose_all(conn, None)?;
    }
    Ok(())
}

/// Beyond what devices count: the first choice, unless two have the same.
fn choice_of(conn: &Connection, id: &Id) -> Result<i64, StoreError> {
    let first = choice(id, 0);
    let taken = conn
        .prepare_cached("select 1 from product where n = ?1")?
        .exists([first])?;
    match taken {
        false => Ok(first),
        true => choose_all(conn, Some(id)),
    }
}

fn choice(id: &Id, nth: i64) -> i64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(id).update(&nth.to_be_bytes());
    let mut start = [0; 8];
    start.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    let within = i64::from_be_bytes(start).rem_euclid(CHOICES);
    match nth {
        0 => MOVED + within,
        // What is crowded runs on until something is free.
        _ => MOVED_AGAIN + (within + nth).rem_euclid(ROOM),
    }
}

/// All that were moved, and `newcomer`, choose in the order of their ids; says what the newcomer has.
fn choose_all(conn: &Connection, newcomer: Option<&Id>) -> Result<i64, StoreError> {
    let mut moved: Vec<(Id, Option<i64>)> = conn
        .prepare_cached("select product_id, n from product where n >= ?1 and n < ?2")?
        .query_map([MOVED, END], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<_, _>>()?;
    moved.extend(newcomer.map(|id| (*id, None)));
    moved.sort_unstable();
    let mut taken = BTreeSet::new();
    let mut changes = vec![];
    let mut newcomers = 0;
    for (id, at) in moved {
        let free = (0..).map(|nth| choice(&id, nth)).find(|n| taken.insert(*n));
        let to = free.ok_or(StoreError::damaged("no catalogue number is free"))?;
        match at {
            None => newcomers = to,
            Some(from) if from != to => changes.push((from, to)),
            Some(_) => {}
        }
    }
    // One may take what another has until now.
    for (aside, (from, _)) in (1..).zip(&changes) {
        renumber(conn, *from, -aside)?;
    }
    for (aside, (_, to)) in (1..).zip(&changes) {
        renumber(conn, -aside, *to)?;
    }
    Ok(newcomers)
}

fn renumber(conn: &Connection, from: i64, to: i64) -> Result<(), StoreError> {
    for sql in [
        "update product set n = ?2 where n = ?1",
        "update product_barcode set n = ?2 where n = ?1",
        "update product_word set n = ?2 where n = ?1",
    ] {
        conn.prepare_cached(sql)?.execute([from, to])?;
    }
    let words: Option<String> = conn
        .prepare_cached("select folded from product_search where rowid = ?1")?
        .query_row([from], |r| r.get(0))
        .optional()?;
    if let Some(words) = words {
        conn.prepare_cached("delete from product_search where rowid = ?1")?
            .execute([from])?;
        conn.prepare_cached("insert into product_search (rowid, folded) values (?1, ?2)")?
            .execute(params![to, words])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views;
    use domain::ids::{BranchId, DeviceId, FactId, ShopId};
    use journal::{
        Body, Header, Stamp,
        fields::product,
        register::{PatchV1, Value},
    };

    /// A product, the number it asks for, and when.
    type Asked = (u8, i64, u64);

    fn set(conn: &Connection, (of, number, stamp): Asked) {
        let header = Header {
            fact: FactId::from_bytes([1; 16]),
            shop: ShopId::from_bytes([1; 16]),
            branch: BranchId::from_bytes([1; 16]),
            device: DeviceId::from_bytes([of; 16]),
            seq: stamp,
            stamp: Stamp(stamp),
            actor: None,
            kind: 0,
            version: 1,
        };
        let name = format!("Laddu {of}");
        let patch = PatchV1 {
            record: [of; 16],
            fields: vec![
                (product::NAME, Value::Text(name.clone())),
                (product::BARCODES, Value::List(vec![name])),
                (product::SHORT, Value::Int(number)),
            ],
        };
        views::apply(conn, &header, &Body::ProductSet(patch)).expect("applied");
    }

    fn shown(order: &[Asked]) -> Vec<String> {
        let conn = Connection::open_in_memory().expect("memory");
        views::create(&conn).expect("tables");
        for asked in order {
            set(&conn, *asked);
        }
        let mut rows = conn
            .prepare(
                "select n, name, barcode, word, folded from product join product_barcode using (n)
                 join product_word using (n) join product_search on product_search.rowid = n order by n, word",
            )
            .expect("tables");
        rows.query_map([], |r| {
            let n: i64 = r.get(0)?;
            let texts: Vec<String> = (1..5).map(|at| r.get(at)).collect::<Result<_, _>>()?;
            Ok(format!("{n} {}", texts.join(" ")))
        })
        .expect("reads")
        .collect::<Result<_, _>>()
        .expect("rows")
    }

    #[test]
    fn of_two_products_with_one_number_the_earlier_keeps_it() {
        let rows = shown(&[(1, 7, 20), (2, 7, 10)]);
        assert_eq!(rows, shown(&[(2, 7, 10), (1, 7, 20)]));
        assert!(rows[0].starts_with("7 Laddu 2"), "{rows:?}");
        assert!(rows.iter().any(|row| row.contains("Laddu 1")), "{rows:?}");
    }

    #[test]
    fn numbers_do_not_depend_on_the_order_of_arrival() {
        for seed in 0..60 {
            let mut thrown = 0u64;
            let mut dice = |sides: usize| {
                thrown += 1;
                let hash = blake3::hash(&[u64::to_be_bytes(seed), thrown.to_be_bytes()].concat());
                usize::from(u16::from_be_bytes([hash.as_bytes()[0], hash.as_bytes()[1]])) % sides
            };
            let mut seen = BTreeSet::new();
            let mut asked: Vec<Asked> = (0..1 + dice(24))
                .map(|nth| {
                    let numbers = [1, 2, 3, -1, MOVED, 0x8000 << 32];
                    (1 + dice(8) as u8, numbers[dice(6)], nth as u64 / 2)
                })
                .filter(|(of, _, stamp)| seen.insert((*of, *stamp)))
                .collect();
            let rows = shown(&asked);
            for (of, _, _) in &asked {
                let name = format!("Laddu {of}");
                assert!(
                    rows.iter().any(|row| row.contains(&name)),
                    "seed {seed}: {name} is missing"
                );
            }
            for at in 0..asked.len() {
                asked.swap(at, dice(seen.len()));
            }
            assert_eq!(rows, shown(&asked), "seed {seed}");
        }
    }
}
