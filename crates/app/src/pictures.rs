//! Pictures of products: kept as they came, when they are what they say.

use crate::{Actor, AppError, Code, Result, Shop, wire::content_of};
use domain::{
    ids::PictureId,
    picture::{PictureError, inspect},
};
use journal::{Body, body::PictureKeptV1};
use serde::{Deserialize, Serialize};
use store::prices::PictureRow;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PictureView {
    pub id: Uuid,
    pub width: u16,
    pub height: u16,
}

impl Shop {
    pub fn keep_picture(&self, actor: &Actor, id: PictureId, bytes: Vec<u8>) -> Result<PictureView> {
        let says = inspect(&bytes).map_err(|e| match e {
            PictureError::TooLarge => AppError::new(Code::TooLarge).because(e),
            PictureError::UnknownKind | PictureError::Size => AppError::new(Code::PictureInvalid).because(e),
        })?;
        let content = content_of("picture", &blake3::hash(&bytes).as_bytes())?;
        self.write_once(id.bytes(), &content, |tx| {
            if tx.reader().has_picture(id)? {
                return Err(Code::IdReused.into());
            }
            let kept = PictureKeptV1 {
                picture: id.bytes(),
                mime: says.kind.mime().to_owned(),
                width: says.width,
                height: says.height,
                bytes,
            };
            tx.record(Some(actor.staff), &Body::PictureKept(kept))?;
            Ok(PictureView {
                id: id.uuid(),
                width: says.width,
                height: says.height,
            })
        })
    }

    pub fn product_picture(&self, id: PictureId) -> Result<PictureRow> {
        Ok(self.store.read(|r| r.picture(id))?.ok_or(Code::NotFound)?)
    }
}
