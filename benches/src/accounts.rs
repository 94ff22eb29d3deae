//! A customer's account of 10,000 lines: its statement with the running balance, what of it is open, and its PDF.

use crate::{
    Arguments, disk,
    node::Node,
    table::Row,
    work::{micros, timed},
};
use app::{App, Config, sessions::Place, setup::Setup};
use domain::{
    ids::{CustomerId, uuid_v7},
    time::Moment,
};
use journal::{
    Body,
    body::{AccountAdjustedV1, AccountPaidV1},
    fields::customer,
    register::{PatchV1, Value as Field},
};
use std::{path::Path, time::Instant};
use store::{StoreError, Write};

const LINES: u32 = 10_000;
const CUSTOMER: [u8; 16] = [0x40; 16];

pub fn measure(arguments: &Arguments, data: &Path) -> Result<Vec<Row>, String> {
    eprintln!("  an account of {LINES} lines");
    prepare(data)?;
    let node = Node::start(&arguments.node, data, true)?;
    let till = node.till_of_role("owner")?;
    let path = format!("/api/v1/customers/{}", CustomerId::from_bytes(CUSTOMER));
    let statement = till.get(&format!("{path}/statement"))?;
    if statement["count"].as_u64() != Some(u64::from(LINES)) {
        return Err(format!("the statement has {} lines", statement["count"]));
    }
    let (mut took, cpu) = timed(&node, 20, |_| till.get(&format!("{path}/statement")).map(drop))?;
    let mut rows = vec![Row {
        work: "statement of 10,000 entries, a page of 200: CPU, wall median",
        goal: "",
        figure: format!("{}, {}", micros(cpu), micros(disk::at_share(&mut took, 50))),
    }];
    let (mut took, cpu) = timed(&node, 20, |_| till.get(&format!("{path}/account")).map(drop))?;
    rows.push(Row {
        work: "what is open of 10,000 entries, and how old: CPU, wall median",
        goal: "",
        figure: format!("{}, {}", micros(cpu), micros(disk::at_share(&mut took, 50))),
    });
    drop(node);
    rows.push(Row {
        work: "statement of 10,000 entries as PDF",
        goal: "",
        figure: pdf(data)?,
    });
    Ok(rows)
}

fn open(data: &Path) -> Result<App, String> {
    App::open(Config {
        use_keyring: false,
        ..Config::new(data)
    })
    .map_err(|e| e.to_string())
}

#[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn pdf(data: &Path) -> Result<String, String> {
    let app = open(data)?;
    let shop = app.shop().map_err(|e| e.to_string())?;
    let began = Instant::now();
    let (_, bytes) = shop
        .statement_pdf(CustomerId::from_bytes(CUSTOMER), &Default::default())
        .map_err(|e| e.to_string())?;
    Ok(format!("{}, {} kB", micros(began.elapsed()), bytes.len() / 1024))
}

fn prepare(data: &Path) -> Result<(), String> {
    let app = open(data)?;
    let setup = Setup::Demo {
        id: app.edges().new_id(),
        language: "en".to_owned(),
        seat: None,
    };
    app.set_up(&setup, &Place::Window).map_err(|e| e.to_string())?;
    let shop = app.shop().map_err(|e| e.to_string())?;
    let now = app.edges().now();
    shop.store()
        .write(now, |tx| {
            let id = CustomerId::from_bytes(CUSTOMER);
            tx.keep_customer_key(id, &[7; 32])?;
            let patch = PatchV1 {
                record: CUSTOMER,
                fields: vec![(customer::LIMIT_MINOR, Field::Int(1_000_000))],
            };
            tx.record(None, &Body::CustomerSet(patch))?;
            let mut owed = CUSTOMER;
            for n in 0..LINES {
                owed = line(tx, n, now, owed)?;
            }
            Ok::<_, StoreError>(())
        })
        .map_err(|e| e.to_string())
}

/// Every second line pays most of the one before.
fn line(tx: &mut Write<'_>, n: u32, now: Moment, owed: [u8; 16]) -> Result<[u8; 16], StoreError> {
    let at = now.plus_ms(i64::from(n) - i64::from(LINES) * 60_000);
    let mut tail = [0; 10];
    tail[..4].copy_from_slice(&n.to_be_bytes());
    let id = uuid_v7(u64::try_from(at.0).unwrap_or(0), tail).into_bytes();
    let counter = tx.identity()?.counter.bytes();
    let business_day = 20_260_101 + n / 400;
    let body = if n.is_multiple_of(2) {
        Body::AccountAdjusted(AccountAdjustedV1 {
            adjustment: id,
            customer: CUSTOMER,
            kind: "opening".to_owned(),
            amount_minor: 1_000,
            about: None,
            counter,
            shift: None,
            at_ms: at.0,
            business_day,
            due_day: business_day,
            reason: "the old book".to_owned(),
            approved_by: None,
            content: [0; 32],
        })
    } else {
        Body::AccountPaid(Box::new(AccountPaidV1 {
            payment: id,
            customer: CUSTOMER,
            counter,
            seat: 1,
            shift: None,
            at_ms: at.0,
            business_day,
            prefix: "HST".to_owned(),
            fiscal_year: "00-01".to_owned(),
            document_no: n,
            method: "cash".to_owned(),
            amount_minor: 900,
            received_minor: None,
            change_minor: 0,
            reference: String::new(),
            note: String::new(),
            pays: vec![(owed, 900)],
            content: [0; 32],
        }))
    };
    tx.record(None, &body)?;
    Ok(id)
}
