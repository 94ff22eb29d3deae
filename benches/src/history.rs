//! A shop with a long history, written straight into its log: as many orders as the goal speaks of.

use app::{App, Config, sessions::Place, setup::Setup};
use domain::{
    ids::{OrderId, uuid_v7},
    money::Money,
    time::Moment,
    token::{TokenBody, TokenLine, TokenLines},
};
use journal::{
    Body,
    body::{OrderLineV1, OrderPlacedV1, OrderPlacedV3, TenderTakenV1, TenderTakenV2, TokenV1},
};
use std::path::Path;
use store::{StoreError, Write};

/// How many orders go into one transaction.
const A_BATCH: u64 = 2_000;
const YEAR_MS: u64 = 365 * 86_400_000;

/// Makes sure that the folder holds a demo shop with at least this many orders.
pub fn prepare(folder: &Path, orders: u64) -> Result<(), String> {
    let said = |e: &dyn std::fmt::Display| e.to_string();
    let config = Config {
        use_keyring: false,
        ..Config::new(folder)
    };
    let app = App::open(config).map_err(|e| said(&e))?;
    if app.try_shop().is_none() {
        let setup = Setup::Demo {
            id: app.edges().new_id(),
            language: "en".to_owned(),
            seat: None,
        };
        app.set_up(&setup, &Place::Window).map_err(|e| said(&e))?;
    }
    let shop = app.shop().map_err(|e| said(&e))?;
    let store = shop.store();
    let have = store
        .read::<_, StoreError>(|r| r.order_count())
        .map_err(|e| said(&e))?;
    let now = app.edges().now();
    let start = u64::try_from(now.0).unwrap_or(0).saturating_sub(YEAR_MS);
    let product = shop
        .catalog()
        .map_err(|e| said(&e))?
        .products
        .first()
        .map(|p| p.id)
        .ok_or("no products")?;
    let mut made = have;
    while made < orders {
        let batch = A_BATCH.min(orders - made);
        store
            .write(now, |tx| {
                for i in made..made + batch {
                    one_order(tx, i, start + i * YEAR_MS / orders, *product.as_bytes())?;
                }
                Ok::<_, StoreError>(())
            })
            .map_err(|e| said(&e))?;
        made += batch;
        if made % 100_000 < A_BATCH {
            eprintln!("  history: {made} of {orders} orders");
        }
    }
    Ok(())
}

fn one_order(tx: &mut Write<'_>, i: u64, ms: u64, product: [u8; 16]) -> Result<(), StoreError> {
    let mut tail = [0; 10];
    tail.copy_from_slice(&spread(i)[..10]);
    let order = OrderId::from_uuid(uuid_v7(ms, tail));
    let at = Moment(i64::try_from(ms).unwrap_or(0));
    let me = tx.identity()?.clone();
    let line = TokenLine {
        item: domain::numbers::ShortNumber {
            ordinal: 0,
            counter: 1,
        },
        milli: 1000,
    };
    let body = TokenBody {
        key_id: tx.key_id()?,
        order,
        generation: 1,
        issued: at,
        // Good for two years, so that verifying one is a whole verification.
        expires: at.plus_ms(2 * i64::try_from(YEAR_MS).unwrap_or(0)),
        total: Money::from_minor(2_000),
        lines: TokenLines::of(&[line]),
    };
    let n = u32::try_from(i).unwrap_or(u32::MAX);
    let placed = OrderPlacedV1 {
        order: order.bytes(),
        counter: me.counter.bytes(),
        placed_ms: at.0,
        business_day: 20_000_101 + n % 300,
        hour: u8::try_from(i % 24).unwrap_or(0),
        number: n % 999 + 1,
        prefix: "HST".to_owned(),
        fiscal_year: "00-01".to_owned(),
        document_no: n,
        lines: vec![OrderLineV1 {
            line: 1,
            product: Some(product),
            short: (0, 1),
            name: "Masala Chai".to_owned(),
            unit: "cup".to_owned(),
            milli: 1000,
            unit_price_minor: 2_000,
            gross_minor: 2_000,
            discount: None,
            discount_minor: 0,
            order_discount_minor: 0,
            note: String::new(),
        }],
        discount: None,
        subtotal_minor: 2_000,
        line_discount_minor: 0,
        order_discount_minor: 0,
        rounding_minor: 0,
        total_minor: 2_000,
        token: TokenV1 {
            generation: 1,
            issued_ms: at.0,
            expires_ms: body.expires.0,
            number: n % 1_000_000,
            number_expires_ms: at.0,
            code: tx.sign_token(&body)?,
        },
        content: spread(i),
    };
    tx.record(None, &Body::OrderPlaced(Box::new(OrderPlacedV3::from(placed))))?;
    let tender = TenderTakenV1 {
        tender: order.bytes(),
        order: order.bytes(),
        method: "cash".to_owned(),
        amount_minor: 2_000,
        received_minor: Some(2_000),
        change_minor: 0,
        taken_ms: at.0,
    };
    tx.record(None, &Body::TenderTaken(TenderTakenV2::from(tender)))
}

/// Spreads the ids as real ones are spread, the same in every run.
fn spread(i: u64) -> [u8; 32] {
    let mut out = [0; 32];
    let mut state = i.wrapping_add(0x9e37_79b9_7f4a_7c15);
    for chunk in out.chunks_mut(8) {
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 31;
        chunk.copy_from_slice(&state.to_be_bytes());
    }
    out
}
