//! The branches of the shop, and what is not sold at each.

use crate::{Reader, StoreError, catalog::record, views::merged};
use domain::ids::{BranchId, ProductId};
use journal::{
    body::ShopFoundedV1,
    fields::{branch, branch_product},
    register::{PatchV1, Record, Written},
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchRow {
    pub id: BranchId,
    pub opened_ms: i64,
    pub closed_ms: Option<i64>,
    /// How many of the devices that belong to the shop stand here.
    pub devices: u32,
}

fn row(r: &Row<'_>) -> rusqlite::Result<BranchRow> {
    Ok(BranchRow {
        id: BranchId::from_bytes(r.get(0)?),
        opened_ms: r.get(1)?,
        closed_ms: r.get(2)?,
        devices: r.get(3)?,
    })
}

const BRANCH: &str = "b.branch_id, b.opened_ms, b.closed_ms,
     (select count(*) from device d where d.branch_id = b.branch_id
         and not exists (select 1 from device_revoked v where v.device_id = d.device_id)) from branch b";

impl Reader<'_> {
    /// The branches in the order in which they were opened, those that are closed too.
    pub fn branches(&self) -> Result<Vec<BranchRow>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached(&format!("select {BRANCH} order by b.opened_ms, b.branch_id"))?;
        Ok(statement.query_map([], row)?.collect::<Result<_, _>>()?)
    }

    pub fn branch(&self, id: BranchId) -> Result<Option<BranchRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("select {BRANCH} where b.branch_id = ?1"))?
            .query_row([id.bytes()], row)
            .optional()?)
    }

    /// Whether the shop has, or had, more than one.
    pub fn has_branches(&self) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select count(*) > 1 from branch")?
            .query_row([], |r| r.get(0))?)
    }

    pub fn branch_record(&self, id: BranchId) -> Result<Option<Record>, StoreError> {
        record(self, "select record from branch where branch_id = ?1", id.bytes())
    }

    /// Every product that is not sold everywhere, with where it is not.
    pub fn hidden_products(&self) -> Result<BTreeMap<ProductId, Vec<BranchId>>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select product_id, branch_id from branch_product where hidden = 1
                 and product_id is not null and branch_id is not null order by product_id, branch_id",
        )?;
        let mut found: BTreeMap<ProductId, Vec<BranchId>> = BTreeMap::new();
        let mut rows = statement.query([])?;
        while let Some(r) = rows.next()? {
            let product = ProductId::from_bytes(r.get(0)?);
            found
                .entry(product)
                .or_default()
                .push(BranchId::from_bytes(r.get(1)?));
        }
        Ok(found)
    }

    /// The branches where one product is not sold.
    pub fn not_sold_at(&self, product: ProductId) -> Result<Vec<BranchId>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select branch_id from branch_product
             where product_id = ?1 and hidden = 1 and branch_id is not null order by branch_id",
        )?;
        let rows = statement.query_map([product.bytes()], |r| Ok(BranchId::from_bytes(r.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The branch that this device stands in.
    pub fn own_branch(&self) -> Result<Option<BranchId>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select branch_id from identity")?
            .query_row([], |r| Ok(BranchId::from_bytes(r.get(0)?)))
            .optional()?)
    }

    /// Whether a product is not sold at this device's branch.
    pub fn is_hidden_here(&self, product: ProductId) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select 1 from branch_product where product_id = ?1 and hidden = 1
                     and branch_id = (select branch_id from identity)",
            )?
            .exists([product.bytes()])?)
    }

    pub fn branch_product_record(&self, id: [u8; 16]) -> Result<Option<Record>, StoreError> {
        record(self, "select record from branch_product where record_id = ?1", id)
    }
}

pub(crate) fn founded(conn: &Connection, founded: &ShopFoundedV1) -> Result<(), StoreError> {
    let fresh = postcard::to_stdvec(&Record::default()).map_err(StoreError::damaged)?;
    conn.prepare_cached(
        "insert into branch values (?1, ?2, null, ?3) on conflict do update set opened_ms = excluded.opened_ms",
    )?
    .execute(params![founded.branch, founded.founded_ms, fresh])?;
    Ok(())
}

pub(crate) fn set(conn: &Connection, patch: &PatchV1, by: Written) -> Result<(), StoreError> {
    let Some((record, bytes)) = merged(conn, "select record from branch where branch_id = ?1", patch, by)?
    else {
        return Ok(());
    };
    // The first branch was opened by the founding itself, whichever fact comes first.
    conn.prepare_cached(
        "insert into branch values (?1, coalesce(?2, 0), ?3, ?4)
         on conflict do update set opened_ms = coalesce(?2, opened_ms), closed_ms = ?3, record = ?4",
    )?
    .execute(params![
        patch.record,
        record.int(branch::OPENED_MS),
        record.int(branch::CLOSED_MS),
        bytes
    ])?;
    Ok(())
}

pub(crate) fn product_set(conn: &Connection, patch: &PatchV1, by: Written) -> Result<(), StoreError> {
    let Some((record, bytes)) = merged(
        conn,
        "select record from branch_product where record_id = ?1",
        patch,
        by,
    )?
    else {
        return Ok(());
    };
    conn.prepare_cached("insert or replace into branch_product values (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            patch.record,
            record.id(branch_product::BRANCH),
            record.id(branch_product::PRODUCT),
            record.flag(branch_product::HIDDEN),
            bytes
        ])?;
    Ok(())
}
