//! From facts to the tables that screens read. The same code runs on a sale, on a rebuild and in `verify`.

use crate::{
    StoreError, VIEWS_VERSION, account_views, anomalies, branches, campaign_views, cards, customer_views,
    device_links, devices, invoice_views, lead, order_views, payments,
    price_views::{self, Made},
    quarantine, rates, recovery, returns, scopes, search, second_factor, shift_views, short_numbers, taxes,
    tender_views, tips,
};
use journal::{
    Body, Fact, Header,
    body::{DrawerOpenedV2, OrderCancelledV2, OrderLineV2, OrderPlacedV2},
    fields::{category, product, setting, staff},
    register::{PatchV1, Record, Written},
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeSet;

/// The tables, a file for each feature that has many.
const TABLES_SQL: &[&str] = &[
    include_str!("views.sql"),
    include_str!("devices.sql"),
    include_str!("branches.sql"),
    include_str!("device_links.sql"),
    include_str!("recovery.sql"),
    include_str!("lead.sql"),
    include_str!("anomalies.sql"),
    include_str!("second_factor.sql"),
    include_str!("prices.sql"),
    include_str!("invoices.sql"),
    include_str!("shifts.sql"),
    include_str!("payments.sql"),
    include_str!("cards.sql"),
    include_str!("rates.sql"),
    include_str!("returns.sql"),
    include_str!("tips.sql"),
    include_str!("customers.sql"),
    include_str!("campaigns.sql"),
    include_str!("accounts.sql"),
    include_str!("taxes.sql"),
];

/// The view tables, each with the columns that put its rows in order. `verify` compares them.
pub(crate) const TABLES: &[&str] = &[
    "product",
    "product_barcode",
    "product_word",
    "product_search",
    "price",
    "price_change",
    "price_level",
    "brand",
    "modifier_group",
    "picture",
    "category",
    "staff",
    "setting",
    "branch",
    "branch_product",
    "device_link",
    "tax_class_version",
    "tax_identity_version",
    "device",
    "device_name",
    "device_place",
    "device_revoked",
    "recovery_key",
    "device_restored",
    "hub_appointed",
    "cart_order",
    "fact_scope",
    "anomaly",
    "anomaly_settled",
    "second_factor",
    "second_factor_used",
    "\"order\"",
    "order_line",
    "order_tax",
    "order_products",
    "order_units",
    "order_phone",
    "customer",
    "customer_word",
    "customer_phone",
    "customer_merge",
    "customer_order",
    "campaign",
    "campaign_person",
    "account_entry",
    "account_balance",
    "account_payment",
    "account_payment_item",
    "account_adjustment",
    "order_event",
    "handover",
    "handover_move",
    "refund",
    "refund_line",
    "refund_move",
    "refund_tax",
    "refund_line_tax",
    "refund_tender",
    "goods_return",
    "exchange",
    "tender",
    "tender_split",
    "payment",
    "payment_step",
    "payment_leg",
    "payment_owed",
    "card",
    "card_entry",
    "exchange_rate",
    "tip_payout",
    "tip_share",
    "invoice_revision",
    "invoice_buyer",
    "invoice_due",
    "instalment_plan",
    "document_sent",
    "quotation",
    "quotation_version",
    "quotation_move",
    "day_hour",
    "day_product",
    "product_sold",
    "counter_day",
    "document_series",
    "drawer_opening",
    "shift",
    "shift_close",
    "shift_move",
    "shift_report",
    "shift_seen",
    "shift_order",
    "money_entry",
    "batch",
];

/// Views of earlier versions, which a file of theirs still has.
const FORMER_TABLES: &[&str] = &["money_leg", "order_line_tax"];

pub(crate) fn create(conn: &Connection) -> Result<(), StoreError> {
    for tables in TABLES_SQL {
        conn.execute_batch(tables)?;
    }
    Ok(())
}

/// Drops the views and computes them again, in one transaction.
pub(crate) fn rebuild(conn: &mut Connection) -> Result<(), StoreError> {
    let tx = conn.transaction()?;
    rebuild_in(&tx)?;
    tx.commit()?;
    Ok(())
}

pub(crate) fn rebuild_in(conn: &Connection) -> Result<(), StoreError> {
    for table in TABLES.iter().chain(FORMER_TABLES) {
        conn.execute_batch(&format!("drop table if exists {table}"))?;
    }
    create(conn)?;
    conn.execute("delete from quarantine", [])?;
    replay(conn, conn, &mut |header, why| set_aside(conn, header, why))?;
    quarantine::reread(conn)?;
    conn.execute("update guard set views = ?1", [VIEWS_VERSION])?;
    Ok(())
}

/// Remembers why a fact could not be shown, or that it can be now.
pub(crate) fn set_aside(conn: &Connection, header: &Header, why: Option<String>) -> Result<(), StoreError> {
    let place = params![header.device.bytes(), header.seq, why];
    match why {
        Some(_) => conn
            .prepare_cached("insert or replace into quarantine values (?1, ?2, ?3)")?
            .execute(place)?,
        None => conn
            .prepare_cached("delete from quarantine where device_id = ?1 and seq = ?2")?
            .execute(params![header.device.bytes(), header.seq])?,
    };
    Ok(())
}

/// How many facts are held in memory while the views are computed.
const AT_ONCE: usize = 512;

/// Applies every fact of `log` to the views of `views`, in the order of their stamps.
pub(crate) fn replay(
    log: &Connection,
    views: &Connection,
    set_aside: &mut scopes::SetAside<'_>,
) -> Result<u64, StoreError> {
    let mut count = 0;
    let mut after = String::new();
    loop {
        // Some at a time, so that no question is open while a refused fact is rolled back.
        let mut facts = Vec::with_capacity(AT_ONCE);
        each_fact(
            log,
            &format!("{after} order by stamp, device_id, seq limit {AT_ONCE}"),
            |fact| {
                facts.push(fact);
                Ok(())
            },
        )?;
        for fact in &facts {
            apply_arrived(views, log, fact, set_aside)?;
            count += 1;
        }
        let Some(last) = facts.last().filter(|_| facts.len() == AT_ONCE) else {
            return Ok(count);
        };
        let h = &last.header;
        let device: String = h.device.bytes().iter().map(|b| format!("{b:02x}")).collect();
        after = format!(
            "where (stamp, device_id, seq) > ({}, x'{device}', {})",
            h.stamp.0, h.seq
        );
    }
}

/// Applies a fact of the log to the views; one that cannot be read or shown is set aside.
pub(crate) fn apply_arrived(
    views: &Connection,
    log: &Connection,
    fact: &Fact,
    set_aside: &mut scopes::SetAside<'_>,
) -> Result<(), StoreError> {
    let header = &fact.header;
    match Body::decode(header.kind, header.version, &fact.body) {
        Ok(body) => scopes::apply(views, log, header, &body, set_aside),
        Err(unreadable) => set_aside(header, Some(unreadable.to_string())),
    }
}

/// Walks the fact log.
pub(crate) fn each_fact(
    conn: &Connection,
    order: &str,
    mut visit: impl FnMut(Fact) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = conn.prepare(&format!("select {FACT} from fact {order}"))?;
    let mut rows = statement.query([])?;
    while let Some(r) = rows.next()? {
        visit(fact(r)?)?;
    }
    Ok(())
}

/// One fact of the log.
pub(crate) fn fact_at(log: &Connection, device: &[u8; 16], seq: u64) -> Result<Fact, StoreError> {
    Ok(log
        .prepare_cached(&format!(
            "select {FACT} from fact where device_id = ?1 and seq = ?2"
        ))?
        .query_row(params![device, seq], fact)?)
}

pub(crate) const FACT: &str =
    "device_id, seq, fact_id, shop_id, branch_id, stamp, actor_id, kind, version, body, hash";

pub(crate) fn fact(r: &Row<'_>) -> rusqlite::Result<Fact> {
    use domain::ids::{BranchId, DeviceId, FactId, ShopId, StaffId};
    Ok(Fact {
        header: Header {
            device: DeviceId::from_bytes(r.get(0)?),
            seq: r.get(1)?,
            fact: FactId::from_bytes(r.get(2)?),
            shop: ShopId::from_bytes(r.get(3)?),
            branch: BranchId::from_bytes(r.get(4)?),
            stamp: journal::Stamp(r.get::<_, i64>(5)?.unsigned_abs()),
            actor: r.get::<_, Option<[u8; 16]>>(6)?.map(StaffId::from_bytes),
            kind: r.get(7)?,
            version: r.get(8)?,
        },
        body: r.get(9)?,
        hash: r.get(10)?,
    })
}

pub(crate) fn apply(conn: &Connection, header: &Header, body: &Body) -> Result<(), StoreError> {
    let by = Written::new(header.stamp, header.device);
    match body {
        Body::ShopFounded(founded) => {
            branches::founded(conn, founded)?;
            devices::founded(conn, header, founded)
        }
        Body::ProductSet(patch) => product_set(conn, header, patch, by),
        Body::PriceSet(patch) => price_views::price_set(conn, patch, by),
        Body::LevelSet(patch) => price_views::level_set(conn, patch, by),
        Body::BrandSet(patch) => price_views::brand_set(conn, patch, by),
        Body::ModifierGroupSet(patch) => price_views::modifier_group_set(conn, patch, by),
        Body::PictureKept(picture) => price_views::picture_kept(conn, header, picture),
        Body::CategorySet(patch) => category_set(conn, patch, by),
        Body::StaffSet(patch) => staff_set(conn, patch, by),
        Body::SettingSet(patch) => setting_set(conn, patch, by),
        Body::BranchSet(patch) => branches::set(conn, patch, by),
        Body::BranchProductSet(patch) => branches::product_set(conn, patch, by),
        Body::DeviceLinkSet(patch) => device_links::set(conn, patch, by),
        Body::OrderPlaced(placed) => {
            let order = &placed.sale;
            order_placed(conn, header, order)?;
            invoice_views::placed(conn, header, order)?;
            customer_views::ordered(conn, &order.order)?;
            shift_views::placed(conn, header, placed)?;
            anomalies::order_changed(conn, &order.order)?;
            account_views::order_changed(conn, &order.order)
        }
        Body::QuotationMade(made) => invoice_views::quoted(conn, header, made),
        Body::QuotationMoved(moved) => invoice_views::quotation_moved(conn, header, moved),
        Body::InvoiceRevised(revised) => invoice_views::revised(conn, header, revised),
        Body::InvoiceSent(sent) => invoice_views::sent(conn, header, sent),
        Body::InvoiceDue(due) => invoice_views::due(conn, header, due),
        Body::InstalmentsSet(set) => invoice_views::instalments(conn, header, set),
        Body::TaxClassSet(class) => taxes::class_set(conn, header, class),
        Body::TaxIdentitySet(identity) => taxes::identity_set(conn, header, identity),
        Body::TenderTaken(tender) => {
            tender_views::taken(conn, header, tender)?;
            payments::taken(conn, tender)?;
            shift_views::taken(conn, header, tender)?;
            account_views::order_changed(conn, &tender.order)
        }
        Body::TenderMoved(moved) => {
            tender_views::moved(conn, header, moved)?;
            shift_views::moved(conn, header, moved)?;
            account_views::order_changed(conn, &moved.order)
        }
        Body::TendersSplit(split) => {
            tender_views::split(conn, header, split)?;
            payments::split(conn, split)?;
            shift_views::split(conn, header, split)?;
            account_views::order_changed(conn, &split.order)
        }
        Body::OrderCancelled(cancelled) => {
            order_cancelled(conn, header, cancelled)?;
            payments::cancelled(conn, cancelled)?;
            shift_views::cancelled(conn, header, cancelled)?;
            anomalies::order_changed(conn, &cancelled.order)?;
            account_views::order_changed(conn, &cancelled.order)
        }
        Body::DeviceAdmitted(admitted) => devices::admitted(conn, header, admitted),
        Body::DeviceSet(patch) => devices::set(conn, patch, by),
        Body::DeviceMoved(moved) => devices::moved(conn, header, moved),
        Body::DeviceRevoked(revoked) => devices::revoked(conn, header, revoked),
        Body::RecoveryKeySet(set) => recovery::key_set(conn, header, set),
        Body::DeviceRestored(restored) => recovery::restored(conn, header, restored),
        Body::AnomalySettled(settled) => anomalies::settled(conn, header, settled),
        Body::SecondFactorSet(set) => second_factor::set(conn, header, set),
        Body::SecondFactorUsed(used) => second_factor::used(conn, used),
        Body::HubAppointed(appointed) => lead::appointed(conn, header, appointed),
        Body::CartPaid(paid) => lead::cart_paid(conn, paid),
        Body::PhoneBound(bound) => order_views::phone_bound(conn, bound),
        Body::TokenReissued(reissued) => order_views::token_reissued(conn, header, reissued),
        Body::TokenRevoked(revoked) => order_views::token_revoked(conn, header, revoked),
        Body::OrderProgressed(progressed) => order_views::progressed(conn, header, progressed),
        Body::HandedOver(handed) => {
            order_views::handed_over(conn, header, handed)?;
            anomalies::order_changed(conn, &handed.order)
        }
        Body::HandoverUndone(undone) => {
            order_views::handover_undone(conn, header, undone)?;
            anomalies::order_changed(conn, &undone.order)
        }
        Body::Refunded(refunded) => {
            order_views::refunded(conn, header, refunded)?;
            payments::refunded(conn, refunded)?;
            shift_views::refunded(conn, header, refunded)?;
            anomalies::order_changed(conn, &refunded.order)?;
            account_views::order_changed(conn, &refunded.order)
        }
        Body::GoodsReturned(made) => {
            returns::returned(conn, header, made)?;
            shift_views::goods_returned(conn, header, made)
        }
        Body::GoodsExchanged(exchanged) => returns::exchanged(conn, exchanged),
        Body::CustomerSet(patch) => customer_views::set(conn, header, patch),
        Body::CustomerErased(erased) => customer_views::erased(conn, header, erased),
        Body::CustomersMerged(merged) => customer_views::merged(conn, header, merged),
        Body::AccountPaid(paid) => {
            account_views::paid(conn, header, paid)?;
            shift_views::account_paid(conn, header, paid)
        }
        Body::AccountAdjusted(adjusted) => {
            account_views::adjusted(conn, header, adjusted)?;
            shift_views::account_adjusted(conn, header, adjusted)
        }
        Body::CampaignSent(sent) => campaign_views::sent(conn, header, sent),
        Body::CampaignLetter(letter) => campaign_views::letter(conn, header, letter),
        Body::DrawerOpened(opened) => {
            drawer_opened(conn, header, opened)?;
            shift_views::drawer_opened(conn, header, opened)
        }
        Body::PaymentMoved(moved) => payments::moved(conn, header, moved),
        Body::CardIssued(card) => cards::issued(conn, header, card),
        Body::CardMoved(moved) => cards::moved(conn, header, moved),
        Body::RateSet(rate) => rates::set(conn, header, rate),
        Body::TipsPaid(paid) => {
            tips::paid(conn, header, paid)?;
            shift_views::tips_paid(conn, header, paid)
        }
        Body::ShiftOpened(opened) => shift_views::opened(conn, header, opened),
        Body::CashMoved(moved) => shift_views::cash_moved(conn, header, moved),
        Body::ShiftClosed(closed) => shift_views::closed(conn, header, closed),
        Body::ShiftAddendum(made) => shift_views::addendum(conn, header, made),
        Body::ReportMade(made) => shift_views::report(conn, header, made),
        Body::BatchReconciled(made) => shift_views::batch(conn, header, made),
        Body::ShopVouched(_) | Body::Unknown => Ok(()),
    }
}

fn drawer_opened(conn: &Connection, header: &Header, opened: &DrawerOpenedV2) -> Result<(), StoreError> {
    conn.prepare_cached("insert into drawer_opening values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute(params![
            opened.opening,
            opened.counter,
            header.actor.map(|a| a.bytes()),
            opened.why,
            opened.order,
            opened.approved_by,
            opened.opened_ms,
            opened.business_day,
            opened.reason
        ])?;
    Ok(())
}

/// Merges a patch into a register's record; `None` when nothing changed.
pub(crate) fn merged(
    conn: &Connection,
    sql: &str,
    patch: &PatchV1,
    by: Written,
) -> Result<Option<(Record, Vec<u8>)>, StoreError> {
    let old: Option<Vec<u8>> = conn
        .prepare_cached(sql)?
        .query_row([patch.record], |r| r.get(0))
        .optional()?;
    let mut record: Record = match old {
        Some(bytes) => postcard::from_bytes(&bytes).map_err(StoreError::damaged)?,
        None => Record::default(),
    };
    if !record.apply(&patch.fields, by) {
        return Ok(None);
    }
    let bytes = postcard::to_stdvec(&record).map_err(StoreError::damaged)?;
    Ok(Some((record, bytes)))
}

fn product_set(conn: &Connection, header: &Header, patch: &PatchV1, by: Written) -> Result<(), StoreError> {
    price_views::price_changed(conn, header, patch)?;
    let Some((record, bytes)) = merged(
        conn,
        "select record from product where product_id = ?1",
        patch,
        by,
    )?
    else {
        return Ok(());
    };
    let (Some(asked), Some(since)) = (record.int(product::SHORT), record.written(product::SHORT)) else {
        return Err(StoreError::damaged("a product without its catalogue number"));
    };
    let asked = short_numbers::asked_for(asked);
    let asked_stamp = i64::try_from(since.stamp.0).unwrap_or(i64::MAX);
    let name = record.text(product::NAME).unwrap_or_default();
    let names = pairs(record.list(product::NAMES));
    let barcodes = record.list(product::BARCODES);
    let archived = record.int(product::ARCHIVED_MS);
    let made = Made::of(&record)?;
    let n = short_numbers::number_for(conn, &patch.record, asked, asked_stamp)?;
    conn.prepare_cached(
        "insert or replace into product (n, product_id, name, names, sku, price_minor, unit, category_id, barcodes, art,
             available, favourite, position, open_price, archived_ms, sample, record, brand_id, units, variant_of,
             variant, choices, modifiers, parts, picture_id, tax_class_id, hsn, asked, asked_stamp)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
                 ?23, ?24, ?25, ?26, ?27, ?28, ?29)",
    )?
    .execute(params![
        n,
        patch.record,
        name,
        serde_json::to_string(&names).map_err(StoreError::damaged)?,
        record.text(product::SKU),
        record.int(product::PRICE_MINOR).unwrap_or(0),
        record.text(product::UNIT).unwrap_or("piece"),
        record.id(product::CATEGORY),
        serde_json::to_string(barcodes).map_err(StoreError::damaged)?,
        record.text(product::ART).unwrap_or("letters"),
        record.flag(product::AVAILABLE),
        record.flag(product::FAVOURITE),
        record.int(product::POSITION).unwrap_or(0),
        record.flag(product::OPEN_PRICE),
        archived,
        record.flag(product::SAMPLE),
        bytes,
        made.brand,
        made.units,
        made.variant_of,
        made.variant,
        made.choices,
        made.modifiers,
        made.parts,
        made.picture,
        record.id(product::TAX_CLASS),
        record.text(product::HSN).unwrap_or_default(),
        asked,
        asked_stamp
    ])?;
    forget_words(conn, n)?;
    if archived.is_some() {
        return Ok(());
    }
    let base = record.text(product::UNIT).unwrap_or("piece");
    let own = barcodes.iter().map(|barcode| (barcode.as_str(), base));
    for (barcode, unit) in own.chain(price_views::unit_barcodes(&record)) {
        conn.prepare_cached("insert or ignore into product_barcode values (?1, ?2, ?3, ?4)")?
            .execute(params![barcode, n, search::tail(barcode), unit])?;
    }
    let text = search::searchable(
        name,
        names.values().map(String::as_str),
        record.text(product::SKU),
    );
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        conn.prepare_cached("insert or ignore into product_word values (?1, ?2)")?
            .execute(params![word, n])?;
    }
    conn.prepare_cached("insert into product_search (rowid, folded) values (?1, ?2)")?
        .execute(params![n, text])?;
    Ok(())
}

/// What a product is found by goes.
pub(crate) fn forget_words(conn: &Connection, n: i64) -> Result<(), StoreError> {
    conn.prepare_cached("delete from product_barcode where n = ?1")?
        .execute([n])?;
    conn.prepare_cached("delete from product_word where n = ?1")?
        .execute([n])?;
    conn.prepare_cached("delete from product_search where rowid = ?1")?
        .execute([n])?;
    Ok(())
}

/// Language, name, language, name … as a map.
pub(crate) fn pairs(list: &[String]) -> std::collections::BTreeMap<String, String> {
    list.chunks_exact(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect()
}

fn category_set(conn: &Connection, patch: &PatchV1, by: Written) -> Result<(), StoreError> {
    let Some((record, bytes)) = merged(
        conn,
        "select record from category where category_id = ?1",
        patch,
        by,
    )?
    else {
        return Ok(());
    };
    conn.prepare_cached("insert or replace into category values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
        .execute(params![
            patch.record,
            record.text(category::NAME).unwrap_or_default(),
            serde_json::to_string(&pairs(record.list(category::NAMES))).map_err(StoreError::damaged)?,
            record.text(category::HUE).unwrap_or("iris"),
            record.id(category::PARENT),
            record.int(category::POSITION).unwrap_or(0),
            record.flag(category::ACTIVE),
            record.int(category::ARCHIVED_MS),
            record.flag(category::SAMPLE),
            bytes
        ])?;
    Ok(())
}

fn staff_set(conn: &Connection, patch: &PatchV1, by: Written) -> Result<(), StoreError> {
    let Some((record, bytes)) = merged(conn, "select record from staff where staff_id = ?1", patch, by)?
    else {
        return Ok(());
    };
    conn.prepare_cached(
        "insert or replace into staff values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        patch.record,
        record.text(staff::NAME).unwrap_or_default(),
        record.text(staff::ROLE).unwrap_or("sales"),
        record.text(staff::PIN_HASH).unwrap_or_default(),
        record.text(staff::LANGUAGE),
        record.text(staff::HAND).unwrap_or("right"),
        record.text(staff::HUE).unwrap_or("iris"),
        record.flag(staff::ACTIVE),
        record.int(staff::ARCHIVED_MS),
        serde_json::to_string(record.list(staff::AT_BRANCHES)).map_err(StoreError::damaged)?,
        bytes
    ])?;
    Ok(())
}

fn setting_set(conn: &Connection, patch: &PatchV1, by: Written) -> Result<(), StoreError> {
    let Some((record, bytes)) = merged(conn, "select record from setting where record_id = ?1", patch, by)?
    else {
        return Ok(());
    };
    conn.prepare_cached("insert or replace into setting values (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![
            patch.record,
            record.text(setting::KEY).unwrap_or_default(),
            record.text(setting::SCOPE).unwrap_or_default(),
            record.id(setting::SCOPE_ID).unwrap_or_default(),
            record.text(setting::VALUE),
            bytes
        ])?;
    Ok(())
}

fn order_placed(conn: &Connection, header: &Header, order: &OrderPlacedV2) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into \"order\" (order_id, branch_id, counter_id, staff_id, placed_ms, business_day, hour, number, prefix,
            fiscal_year, document_no, subtotal_minor, line_discount_minor, order_discount_minor, inclusive, tax_rules,
            taxable_minor, tax_minor, rounding_minor, total_minor, document, customer_id, buyer, seller,
            place_of_supply, order_type, quotation_id, seat, token_generation, token_code, token_issued_ms,
            token_expires_ms, token_number, number_expires_ms, content, revoked, progress)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
                 ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, 0, 0)",
    )?
    .execute(params![
        order.order,
        header.branch.bytes(),
        order.counter,
        header.actor.map(|a| a.bytes()),
        order.placed_ms,
        order.business_day,
        order.hour,
        order.number,
        order.prefix,
        order.fiscal_year,
        order.document_no,
        order.subtotal_minor,
        order.line_discount_minor,
        order.order_discount_minor,
        order.inclusive,
        order.tax_rules,
        order.taxable_minor,
        order.tax_minor,
        order.rounding_minor,
        order.total_minor,
        order.document,
        order.customer,
        order.buyer.as_ref().map(packed).transpose()?,
        packed(&order.seller)?,
        order.place_of_supply,
        order.order_type,
        order.quotation,
        order.seat,
        order.token.generation,
        order.token.code,
        order.token.issued_ms,
        order.token.expires_ms,
        order.token.number,
        order.token.number_expires_ms,
        order.content
    ])?;
    let mut insert = conn.prepare_cached(
        "insert into order_line values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                                        ?18, ?19, ?20, ?21)",
    )?;
    for line in &order.lines {
        insert.execute(params![
            order.order,
            line.line,
            line.product,
            line.product.map(|_| number_of(line.short)),
            line.name,
            line.unit,
            line.milli,
            line.unit_price_minor,
            line.gross_minor,
            line.discount_minor,
            line.order_discount_minor,
            line.note,
            line.base_milli,
            line.level,
            line.price_source,
            packed(&(&line.modifiers, &line.parts))?,
            line.hsn,
            line.tax_class,
            line.taxable_minor,
            tax_of(line),
            taxes_of(line)?
        ])?;
    }
    let products: BTreeSet<[u8; 16]> = order.lines.iter().filter_map(|line| line.product).collect();
    if !products.is_empty() {
        let products: Vec<u8> = products.into_iter().flatten().collect();
        conn.prepare_cached("insert into order_products values (?1, ?2)")?
            .execute(params![order.order, products])?;
    }
    let mut insert = conn.prepare_cached("insert into order_tax values (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for (n, tax) in (0i64..).zip(&order.taxes) {
        insert.execute(params![
            order.order,
            n,
            tax.name,
            tax.rate,
            tax.taxable_minor,
            tax.amount_minor
        ])?;
    }
    let branch = header.branch.bytes();
    count_sale(
        conn,
        &branch,
        order.business_day,
        order.hour,
        1,
        order.total_minor,
    )?;
    for line in &order.lines {
        let paid = line.taxable_minor + tax_of(line);
        if let Some(product) = line.product {
            count_product(
                conn,
                &branch,
                order.business_day,
                &product,
                number_of(line.short),
                line.base_milli,
                paid,
                1,
            )?;
        }
    }
    conn.prepare_cached(
        "insert into counter_day values (?1, ?2, 1) on conflict do update set orders = orders + 1",
    )?
    .execute(params![order.counter, order.business_day])?;
    conn.prepare_cached(
        "insert into document_series values (?1, ?2, ?3) on conflict do update set last = max(last, excluded.last)",
    )?
    .execute(params![order.prefix, order.fiscal_year, order.document_no])?;
    order_views::settled(conn, &order.order)
}

fn tax_of(line: &OrderLineV2) -> i64 {
    line.taxes.iter().map(|tax| tax.amount_minor).sum()
}

/// In a column of the line: a row for each would be most of what a sale writes.
fn taxes_of(line: &OrderLineV2) -> Result<String, StoreError> {
    let mut taxes: Vec<(u16, i64)> = line.taxes.iter().map(|tax| (tax.tax, tax.amount_minor)).collect();
    taxes.sort_unstable();
    serde_json::to_string(&taxes).map_err(StoreError::damaged)
}

/// What a fact says and no query asks for, as the fact says it.
pub(crate) fn packed<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_stdvec(value).map_err(StoreError::damaged)
}

fn count_sale(
    conn: &Connection,
    branch: &[u8; 16],
    day: u32,
    hour: u8,
    orders: i64,
    sold_minor: i64,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into day_hour values (?1, ?2, ?3, ?4, ?5)
         on conflict do update set orders = orders + excluded.orders, sold_minor = sold_minor + excluded.sold_minor",
    )?
    .execute(params![branch, day, hour, orders, sold_minor])?;
    Ok(())
}

/// A short catalogue number as the one integer that the views go by.
fn number_of((ordinal, counter): (u16, u32)) -> i64 {
    (i64::from(ordinal) << 32) + i64::from(counter)
}

#[expect(
    clippy::too_many_arguments,
    reason = "what one line of one sale adds to two sums"
)]
fn count_product(
    conn: &Connection,
    branch: &[u8; 16],
    day: u32,
    product: &[u8; 16],
    n: i64,
    milli: i64,
    sold_minor: i64,
    times: i64,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into day_product values (?1, ?2, ?3, ?4, ?5)
         on conflict do update set milli = milli + excluded.milli, sold_minor = sold_minor + excluded.sold_minor",
    )?
    .execute(params![branch, day, product, milli, sold_minor])?;
    conn.prepare_cached(
        "insert into product_sold values (?1, ?2) on conflict do update set times = times + excluded.times",
    )?
    .execute(params![n, times])?;
    Ok(())
}

fn order_cancelled(
    conn: &Connection,
    header: &Header,
    cancelled: &OrderCancelledV2,
) -> Result<(), StoreError> {
    let changed = conn
        .prepare_cached(
            "update \"order\" set cancelled_ms = ?2, cancelled_by = ?3, cancel_reason = ?4, cancelled_day = ?5
             where order_id = ?1 and cancelled_ms is null",
        )?
        .execute(params![
            cancelled.order,
            cancelled.cancelled_ms,
            header.actor.map(|a| a.bytes()),
            cancelled.reason,
            cancelled.business_day
        ])?;
    if changed == 0 {
        return Ok(());
    }
    uncount_sale(conn, &cancelled.order)
}

/// Takes an order that stands out of what was sold.
fn uncount_sale(conn: &Connection, order: &[u8; 16]) -> Result<(), StoreError> {
    let (branch, day, hour, total): ([u8; 16], u32, u8, i64) = conn
        .prepare_cached(
            "select branch_id, business_day, hour, total_minor from \"order\" where order_id = ?1",
        )?
        .query_row([order], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
    count_sale(conn, &branch, day, hour, -1, -total)?;
    let mut lines = conn.prepare_cached(
        "select product_id, n, base_milli, taxable_minor + tax_minor
         from order_line where order_id = ?1 and product_id is not null",
    )?;
    let sold: Vec<([u8; 16], i64, i64, i64)> = lines
        .query_map([order], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?
        .collect::<Result<_, _>>()?;
    for (product, n, milli, net) in sold {
        count_product(conn, &branch, day, &product, n, -milli, -net, -1)?;
    }
    // As if nothing had been sold, so that it does not matter what came first.
    conn.prepare_cached(
        "delete from day_hour
         where branch_id = ?1 and business_day = ?2 and hour = ?3 and orders = 0 and sold_minor = 0",
    )?
    .execute(params![branch, day, hour])?;
    conn.prepare_cached(
        "delete from day_product where branch_id = ?1 and business_day = ?2 and milli = 0 and sold_minor = 0",
    )?
    .execute(params![branch, day])?;
    for n in conn
        .prepare_cached("select distinct n from order_line where order_id = ?1 and n is not null")?
        .query_map([order], |r| r.get(0))?
        .collect::<Result<Vec<i64>, _>>()?
    {
        conn.prepare_cached("delete from product_sold where n = ?1 and times = 0")?
            .execute([n])?;
    }
    Ok(())
}

/// Takes an order out of every sum, before its rows go.
pub(crate) fn uncount(conn: &Connection, order: &[u8; 16]) -> Result<(), StoreError> {
    let found: Option<([u8; 16], u32, bool)> = conn
        .prepare_cached(
            "select counter_id, business_day, cancelled_ms is null from \"order\" where order_id = ?1",
        )?
        .query_row([order], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .optional()?;
    let Some((counter, day, stands)) = found else {
        return Ok(());
    };
    if stands {
        uncount_sale(conn, order)?;
    }
    conn.prepare_cached(
        "update counter_day set orders = orders - 1 where counter_id = ?1 and business_day = ?2",
    )?
    .execute(params![counter, day])?;
    conn.prepare_cached(
        "delete from counter_day where counter_id = ?1 and business_day = ?2 and orders = 0",
    )?
    .execute(params![counter, day])?;
    Ok(())
}
