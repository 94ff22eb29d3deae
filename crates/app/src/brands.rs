//! Brands: whose products they are.

use crate::{
    Actor, AppError, Code, Page, Result, Shop,
    settings::patched,
    wire::{content_of, rfc3339, text},
};
use domain::{ids::BrandId, time::Moment};
use journal::{
    Body,
    fields::brand as brand_field,
    register::{Field, PatchV1, Value},
};
use serde::{Deserialize, Serialize};
use store::prices::BrandRow;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BrandView {
    pub id: Uuid,
    pub name: String,
    /// How many products carry it.
    pub products: u64,
    pub archived_at: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BrandForm {
    /// Made by the client; needed when adding.
    pub id: Option<Uuid>,
    pub name: String,
}

impl Shop {
    pub fn brands(&self, archived_too: bool) -> Result<Page<BrandView>> {
        self.store.read(|r| {
            let views: Result<Vec<BrandView>> = r
                .brands(archived_too)?
                .into_iter()
                .map(|row| brand_view(r, row))
                .collect();
            Ok(Page::whole(views?))
        })
    }

    pub fn add_brand(&self, actor: &Actor, form: &BrandForm) -> Result<BrandView> {
        let id = form
            .id
            .ok_or_else(|| AppError::field("id", "the client makes the id"))?;
        let id = BrandId::from_uuid(id);
        let name = text("name", &form.name, 60)?;
        let content = content_of("brand", form)?;
        self.write_once(id.bytes(), &content, |tx| {
            if tx.reader().brand_record(id)?.is_some() {
                return Err(Code::IdReused.into());
            }
            let record = id.bytes();
            let fields = vec![(brand_field::NAME, Value::Text(name))];
            Ok(tx.record(Some(actor.staff), &Body::BrandSet(PatchV1 { record, fields }))?)
        })?;
        self.live.tell("brand", Some(id.to_string()));
        self.brand_view(id)
    }

    pub fn edit_brand(&self, actor: &Actor, id: BrandId, form: &BrandForm) -> Result<BrandView> {
        let name = text("name", &form.name, 60)?;
        self.patch_brand(actor, id, vec![(brand_field::NAME, Value::Text(name))])
    }

    pub fn archive_brand(&self, actor: &Actor, id: BrandId) -> Result<BrandView> {
        if self.store.read(|r| r.products_of_brand(id))? > 0 {
            return Err(Code::BrandInUse.into());
        }
        let now = self.edges.now();
        self.patch_brand(actor, id, vec![(brand_field::ARCHIVED_MS, Value::Int(now.0))])
    }

    pub fn restore_brand(&self, actor: &Actor, id: BrandId) -> Result<BrandView> {
        self.patch_brand(actor, id, vec![(brand_field::ARCHIVED_MS, Value::Null)])
    }

    fn patch_brand(&self, actor: &Actor, id: BrandId, fields: Vec<(Field, Value)>) -> Result<BrandView> {
        self.store.write(self.edges.now(), |tx| -> Result<()> {
            let old = tx.reader().brand_record(id)?.ok_or(Code::NotFound)?;
            if let Some(patch) = patched(Some(old), id.bytes(), fields) {
                tx.record(Some(actor.staff), &Body::BrandSet(patch))?;
            }
            Ok(())
        })?;
        self.live.tell("brand", Some(id.to_string()));
        self.brand_view(id)
    }

    fn brand_view(&self, id: BrandId) -> Result<BrandView> {
        self.store.read(|r| {
            let row = r
                .brands(true)?
                .into_iter()
                .find(|row| row.id == id)
                .ok_or(Code::NotFound)?;
            brand_view(r, row)
        })
    }
}

fn brand_view(reader: &store::Reader<'_>, row: BrandRow) -> Result<BrandView> {
    Ok(BrandView {
        id: row.id.uuid(),
        products: reader.products_of_brand(row.id)?,
        name: row.name,
        archived_at: row.archived_ms.map(|ms| rfc3339(Moment(ms))),
    })
}
