//! A week of sales at a till, written straight into its books: as many as a shop would need a week for.

use app::{App, Config};
use domain::{
    ids::{OrderId, uuid_v7},
    money::Money,
    numbers::ShortNumber,
    time::Moment,
    token::{TokenBody, TokenLine, TokenLines},
};
use jiff::{ToSpan, civil::Date};
use journal::{
    Body,
    body::{OrderPlacedV3, TenderTakenV2},
};
use std::path::Path;
use store::{StoreError, Write};

const WEEK_MS: u64 = 7 * 86_400_000;
/// Sales that one transaction holds: a signature and a write to the disk for each of them would take longer than all else.
const TOGETHER: u32 = 25;

/// The last sale of a till that does not run once more and once more, spread over the week before it: the same facts
/// under other ids, numbers and tokens. Their ids.
pub fn a_week_of_sales(data: &Path, sales: u32) -> Vec<String> {
    let app = App::open(Config {
        use_keyring: false,
        ..Config::new(data)
    })
    .expect("books that open");
    let shop = app.shop().expect("a shop");
    let me = shop.identity().device;
    let (mut sale, mut tender) = (None, None);
    shop.store()
        .read(|r| {
            r.each_fact_after(me, 0, |fact| {
                match Body::decode(fact.header.kind, fact.header.version, &fact.body) {
                    Ok(Body::OrderPlaced(placed)) => sale = Some(*placed),
                    Ok(Body::TenderTaken(taken)) => tender = Some(taken),
                    _ => {}
                }
                Ok::<_, StoreError>(())
            })
        })
        .expect("facts");
    let (sale, tender) = (sale.expect("a sale"), tender.expect("its money"));
    let mut ids = vec![];
    for from in (0..sales).step_by(TOGETHER as usize) {
        let now = app.edges().now();
        let written = shop.store().write(now, |tx| {
            for nth in from..sales.min(from + TOGETHER) {
                ids.push(one_more(tx, &sale, &tender, nth, sales)?.uuid().to_string());
            }
            Ok::<_, StoreError>(())
        });
        written.expect("written");
    }
    ids
}

fn one_more(
    tx: &mut Write<'_>,
    sale: &OrderPlacedV3,
    tender: &TenderTakenV2,
    nth: u32,
    sales: u32,
) -> Result<OrderId, StoreError> {
    let (mut placed, mut taken) = (sale.clone(), tender.clone());
    let last = u64::try_from(sale.sale.placed_ms).expect("after 1970");
    let ms = last - WEEK_MS + u64::from(nth) * WEEK_MS / u64::from(sales + 1);
    let at = Moment(i64::try_from(ms).expect("before the year 3000"));
    let seed = blake3::hash(&nth.to_be_bytes());
    let mut tail = [0; 10];
    tail.copy_from_slice(&seed.as_bytes()[..10]);
    let id = OrderId::from_uuid(uuid_v7(ms, tail));
    let sale = &mut placed.sale;
    sale.order = id.bytes();
    sale.placed_ms = at.0;
    sale.business_day = days_before(sale.business_day, 7 - nth * 7 / sales);
    sale.number += 1 + nth;
    sale.document_no += 1 + nth;
    sale.content = *seed.as_bytes();
    let body = TokenBody {
        key_id: tx.key_id()?,
        order: id,
        generation: 1,
        issued: at,
        expires: at.plus_ms(86_400_000),
        total: Money::from_minor(sale.total_minor),
        lines: TokenLines::of(&[TokenLine {
            item: ShortNumber {
                ordinal: sale.lines[0].short.0,
                counter: sale.lines[0].short.1,
            },
            milli: sale.lines[0].milli,
        }]),
    };
    sale.token.issued_ms = at.0;
    sale.token.expires_ms = body.expires.0;
    sale.token.number = nth % 1_000_000;
    sale.token.number_expires_ms = at.0;
    sale.token.code = tx.sign_token(&body)?;
    tx.record(None, &Body::OrderPlaced(Box::new(placed)))?;
    taken.tender = id.bytes();
    taken.order = id.bytes();
    taken.taken_ms = at.0;
    tx.record(None, &Body::TenderTaken(taken))?;
    Ok(id)
}

/// Days are written as year * 10000 + month * 100 + day.
fn days_before(day: u32, days: u32) -> u32 {
    let part = |n: u32| i8::try_from(n).expect("two digits");
    let year = i16::try_from(day / 10_000).expect("four digits");
    let date = Date::new(year, part(day / 100 % 100), part(day % 100)).expect("a day");
    let date = date.checked_sub(i64::from(days).days()).expect("a day");
    let number = i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day());
    u32::try_from(number).expect("after the year 0")
}
