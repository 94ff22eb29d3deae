//! What a scanned code is: a product, a token, or something that is not ours, with the word for it.

use crate::{
    Actor, Result, Shop,
    catalog::ProductView,
    tokens::{TokenVerdict, VerifyToken},
};
use domain::barcode::{Code as Kind, strip_scanner_marks};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    pub code: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Scanned {
    Product {
        product: Box<ProductView>,
        quantity: String,
    },
    Token(Box<TokenVerdict>),
    Unknown {
        code: String,
        /// not_listed, upi, url or too_long
        why: String,
    },
}

impl Shop {
    pub fn scan(&self, actor: &Actor, request: &Scan) -> Result<Scanned> {
        let code = strip_scanner_marks(request.code.trim());
        let unknown = |why: &str| {
            Ok(Scanned::Unknown {
                code: code.chars().take(64).collect(),
                why: why.to_owned(),
            })
        };
        match Kind::classify(code) {
            Kind::Token => {
                let verdict = self.verify_token(
                    actor,
                    &VerifyToken {
                        code: request.code.clone(),
                    },
                )?;
                Ok(Scanned::Token(Box::new(verdict)))
            }
            Kind::Url => unknown("url"),
            Kind::Upi => unknown("upi"),
            Kind::TooLong => unknown("too_long"),
            Kind::Gtin | Kind::Other => match self.store.read(|r| r.product_by_code(code))? {
                Some(row) => Ok(Scanned::Product {
                    product: Box::new(ProductView::from(&row)),
                    quantity: "1".to_owned(),
                }),
                None => unknown("not_listed"),
            },
        }
    }
}
