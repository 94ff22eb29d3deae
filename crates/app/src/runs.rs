//! Many records changed in one step, an import or a change of prices, and the step taken back.
//!
//! What somebody touched since is left as it is: undoing never overwrites a person's work.

use crate::{
    Actor, Code, Page, Result, Shop,
    branches::sold_at,
    cart::WriteId,
    wire::{content_of, rfc3339},
};
use domain::{
    ids::{BranchId, BrandId, CategoryId, CommandId, PriceId, ProductId, StaffId},
    time::Moment,
};
use journal::{
    Body,
    fields::{branch_product, brand, category, price, product},
    register::{Field, PatchV1, Record, Value},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use store::{
    Reader, Write,
    catalog::{ProductOrder, ProductQuery},
    runs::{RunChange, RunRow},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// The registers that a run changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Register {
    Product,
    Price,
    Category,
    Brand,
    /// Whether a product is sold at a branch.
    SoldAt,
}

impl Register {
    const ALL: [Register; 5] = [
        Register::Product,
        Register::Price,
        Register::Category,
        Register::Brand,
        Register::SoldAt,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Register::Product => "product",
            Register::Price => "price",
            Register::Category => "category",
            Register::Brand => "brand",
            Register::SoldAt => "sold_at",
        }
    }

    fn body(self, patch: PatchV1) -> Body {
        match self {
            Register::Product => Body::ProductSet(patch),
            Register::Price => Body::PriceSet(patch),
            Register::Category => Body::CategorySet(patch),
            Register::Brand => Body::BrandSet(patch),
            Register::SoldAt => Body::BranchProductSet(patch),
        }
    }

    fn record(self, reader: &Reader<'_>, id: [u8; 16]) -> Result<Option<Record>> {
        Ok(match self {
            Register::Product => reader.product_record(ProductId::from_bytes(id))?,
            Register::Price => reader.price_record(PriceId::from_bytes(id))?,
            Register::Category => reader.category_record(CategoryId::from_bytes(id))?,
            Register::Brand => reader.brand_record(BrandId::from_bytes(id))?,
            Register::SoldAt => reader.branch_product_record(id)?,
        })
    }

    /// The field that takes a record out of use.
    const fn archived(self) -> Field {
        match self {
            Register::Product => product::ARCHIVED_MS,
            Register::Price => price::ENDED_MS,
            Register::Category => category::ARCHIVED_MS,
            Register::Brand => brand::ARCHIVED_MS,
            // Such a record is never made by a run: before it, the product was sold there.
            Register::SoldAt => branch_product::HIDDEN,
        }
    }

    /// The product that a record is about.
    fn product_of<'v>(
        self,
        record: [u8; 16],
        get: impl FnOnce(Field) -> Option<&'v Value>,
    ) -> Option<[u8; 16]> {
        let field = match self {
            Register::Product => return Some(record),
            Register::Price => price::PRODUCT,
            Register::SoldAt => branch_product::PRODUCT,
            Register::Category | Register::Brand => return None,
        };
        match get(field)? {
            Value::Bytes(id) => id.as_slice().try_into().ok(),
            _ => None,
        }
    }

    /// Whether something else still needs a record that a run made.
    fn in_use(self, reader: &Reader<'_>, parts: &BTreeSet<ProductId>, id: [u8; 16]) -> Result<bool> {
        Ok(match self {
            Register::Product => parts.contains(&ProductId::from_bytes(id)),
            Register::Price | Register::SoldAt => false,
            Register::Category => {
                let id = CategoryId::from_bytes(id);
                let query = ProductQuery {
                    category: Some(id),
                    variants: true,
                    limit: 1,
                    ..ProductQuery::default()
                };
                !reader.products(ProductOrder::Grid, &query)?.is_empty()
                    || reader.categories(false)?.iter().any(|c| c.parent == Some(id))
            }
            Register::Brand => reader.products_of_brand(BrandId::from_bytes(id))? > 0,
        })
    }
}

/// A run in its transaction.
pub(crate) struct Run {
    id: CommandId,
    staff: StaffId,
    noted: usize,
    /// Products that were made, and others of which anything changed: a field, a price, where they are sold.
    created: BTreeSet<[u8; 16]>,
    changed: BTreeSet<[u8; 16]>,
}

impl Run {
    pub fn begin(id: CommandId, actor: &Actor) -> Run {
        Run {
            id,
            staff: actor.staff,
            noted: 0,
            created: BTreeSet::new(),
            changed: BTreeSet::new(),
        }
    }

    /// Writes a new record.
    pub fn create(
        &mut self,
        tx: &mut Write<'_>,
        register: Register,
        record: [u8; 16],
        fields: Vec<(Field, Value)>,
    ) -> Result<()> {
        self.note(tx, register, record, None, fields.clone())?;
        match register {
            Register::Product => self.created.extend([record]),
            _ => {
                let said = |field| fields.iter().find(|(one, _)| *one == field);
                self.touch(register.product_of(record, |field| said(field).map(|(_, value)| value)));
            }
        }
        Ok(tx.record(Some(self.staff), &register.body(PatchV1 { record, fields }))?)
    }

    /// Writes what differs; says whether anything did.
    pub fn change(
        &mut self,
        tx: &mut Write<'_>,
        register: Register,
        record: [u8; 16],
        fields: Vec<(Field, Value)>,
    ) -> Result<bool> {
        let old = register.record(&tx.reader(), record)?.ok_or(Code::NotFound)?;
        let fields = old.difference(fields);
        if fields.is_empty() {
            return Ok(false);
        }
        let before = fields
            .iter()
            .map(|(field, _)| (*field, old.get(*field).clone()))
            .collect();
        self.note(tx, register, record, Some(before), fields.clone())?;
        self.touch(register.product_of(record, |field| Some(old.get(field))));
        tx.record(Some(self.staff), &register.body(PatchV1 { record, fields }))?;
        Ok(true)
    }

    /// Says whether a product is sold at a branch; answers whether that is news.
    pub fn sold_at(
        &mut self,
        tx: &mut Write<'_>,
        branch: BranchId,
        product: ProductId,
        sold: bool,
    ) -> Result<bool> {
        let (record, fields) = sold_at(branch, product, sold);
        if tx.reader().branch_product_record(record)?.is_some() {
            return self.change(tx, Register::SoldAt, record, fields);
        }
        let hidden = |hidden| vec![(branch_product::HIDDEN, Value::Bool(hidden))];
        self.note(tx, Register::SoldAt, record, Some(hidden(false)), hidden(!sold))?;
        self.touch(Some(product.bytes()));
        let body = Register::SoldAt.body(PatchV1 { record, fields });
        tx.record(Some(self.staff), &body)?;
        Ok(true)
    }

    fn touch(&mut self, product: Option<[u8; 16]>) {
        self.changed
            .extend(product.filter(|product| !self.created.contains(product)));
    }

    fn note(
        &mut self,
        tx: &Write<'_>,
        register: Register,
        record: [u8; 16],
        before: Option<Vec<(Field, Value)>>,
        after: Vec<(Field, Value)>,
    ) -> Result<()> {
        self.noted += 1;
        let change = RunChange {
            register: register.as_str().to_owned(),
            record,
            before,
            after,
        };
        Ok(tx.note_change(self.id, self.noted, &change)?)
    }

    /// Remembers the run, if it did anything.
    pub fn end(self, tx: &Write<'_>, kind: &str, name: &str) -> Result<Option<Uuid>> {
        if self.noted == 0 {
            return Ok(None);
        }
        let count = |products: &BTreeSet<_>| i64::try_from(products.len()).unwrap_or(i64::MAX);
        tx.note_run(&RunRow {
            id: self.id,
            kind: kind.to_owned(),
            name: name.to_owned(),
            at_ms: tx.now().0,
            staff: Some(self.staff),
            created: count(&self.created),
            changed: count(&self.changed),
            undone_ms: None,
        })?;
        Ok(Some(self.id.uuid()))
    }
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RunView {
    pub id: Uuid,
    /// import or prices
    pub kind: String,
    /// Of an import the file's name; of prices the percentage.
    pub name: String,
    pub at: String,
    pub by: Option<Uuid>,
    /// Products that it made, and that it changed.
    pub created: i64,
    pub changed: i64,
    pub undone_at: Option<String>,
}

impl From<&RunRow> for RunView {
    fn from(row: &RunRow) -> RunView {
        RunView {
            id: row.id.uuid(),
            kind: row.kind.clone(),
            name: row.name.clone(),
            at: rfc3339(Moment(row.at_ms)),
            by: row.staff.map(|s| s.uuid()),
            created: row.created,
            changed: row.changed,
            undone_at: row.undone_ms.map(|ms| rfc3339(Moment(ms))),
        }
    }
}

/// What undoing did.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RunUndone {
    /// Products that are as they were, or archived again.
    pub undone: usize,
    /// Products that somebody has touched since; they stay as they are.
    pub kept: usize,
}

/// Whether no other product has one of the codes that these fields would give a product.
fn codes_are_free(reader: &Reader<'_>, record: [u8; 16], fields: &[(Field, Value)]) -> Result<bool> {
    for code in fields.iter().flat_map(|(field, value)| codes_in(*field, value)) {
        if let Some(other) = reader.product_by_code(code)?
            && other.id.bytes() != record
        {
            return Ok(false);
        }
    }
    Ok(true)
}

fn codes_in(field: Field, value: &Value) -> Vec<&str> {
    match value {
        Value::List(codes) if field == product::BARCODES => codes.iter().map(String::as_str).collect(),
        // Each unit is its word, what it holds, its price and its codes.
        Value::List(units) if field == product::UNITS => units
            .chunks_exact(4)
            .flat_map(|unit| unit[3].split('\n'))
            .filter(|code| !code.is_empty())
            .collect(),
        Value::Text(sku) if field == product::SKU && !sku.is_empty() => vec![sku],
        _ => vec![],
    }
}

impl Shop {
    /// The imports and price changes of this device that are remembered, newest first.
    pub fn runs(&self) -> Result<Page<RunView>> {
        let rows = self.store.read(|r| r.runs())?;
        Ok(Page::whole(rows.iter().map(RunView::from).collect()))
    }

    /// Takes a run back: what it made is archived, what it changed is as it was before.
    pub fn undo_run(&self, actor: &Actor, id: CommandId, request: &WriteId) -> Result<RunUndone> {
        let content = content_of("undo run", &(id.uuid(), request))?;
        let now = self.edges.now();
        let done: RunUndone = self.write_once(*request.id.as_bytes(), &content, |tx| {
            let run = tx.reader().run(id)?.ok_or(Code::NotFound)?;
            if run.undone_ms.is_some() {
                return Err(Code::NothingToUndo.into());
            }
            // Undoing makes no bundle, so they are looked for once.
            let parts = tx.reader().all_parts()?;
            let (mut undone, mut kept) = (BTreeSet::new(), BTreeSet::new());
            for change in tx.reader().run_changes(id)? {
                tx.may_part()?;
                let Some(register) = Register::ALL
                    .into_iter()
                    .find(|register| register.as_str() == change.register)
                else {
                    return Err(Code::Broken.into());
                };
                let Some(record) = register.record(&tx.reader(), change.record)? else {
                    continue;
                };
                let untouched = |(field, after): &(Field, Value)| record.get(*field) == after;
                let (fields, whole) = match &change.before {
                    None => {
                        let free = change.after.iter().all(untouched)
                            && matches!(record.get(register.archived()), Value::Null)
                            && !register.in_use(&tx.reader(), &parts, change.record)?;
                        let archive = vec![(register.archived(), Value::Int(now.0))];
                        (if free { archive } else { vec![] }, free)
                    }
                    Some(before) => {
                        let back: Vec<(Field, Value)> = before
                            .iter()
                            .zip(&change.after)
                            .filter(|(_, after)| untouched(after))
                            .map(|(before, _)| before.clone())
                            .collect();
                        let whole = back.len() == before.len();
                        // A code that is another product's by now stays with it.
                        match register != Register::Product
                            || codes_are_free(&tx.reader(), change.record, &back)?
                        {
                            true => (back, whole),
                            false => (vec![], false),
                        }
                    }
                };
                let product = register.product_of(change.record, |field| Some(record.get(field)));
                match whole {
                    true => undone.extend(product),
                    false => kept.extend(product),
                }
                if !fields.is_empty() {
                    let patch = PatchV1 {
                        record: change.record,
                        fields,
                    };
                    tx.record(Some(actor.staff), &register.body(patch))?;
                }
            }
            tx.run_undone(id)?;
            Ok(RunUndone {
                undone: undone.difference(&kept).count(),
                kept: kept.len(),
            })
        })?;
        self.live.tell("product", None);
        self.live.tell("category", None);
        Ok(done)
    }
}
