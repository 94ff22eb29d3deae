//! Is this token genuine, ours, of this branch, and still good?

use crate::{AppError, Code, Result, Shop, orders::OrderView, wire::rfc3339};
use domain::{
    numbers::ShortNumber,
    quantity::{Quantity, Unit},
    token::{Signed, TokenError, TokenLines, TokenRefusal, check, split},
};
use journal::PublicKey;
use serde::{Deserialize, Serialize};
use store::Reader;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyToken {
    pub code: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TokenVerdict {
    /// Always `valid`: what is not valid is refused with its own code.
    pub verdict: String,
    /// Null while the order itself has not arrived on this device.
    pub order: Option<OrderView>,
    /// What the token itself says; null when the order was too long to be written in it.
    pub lines: Option<Vec<TokenLineView>>,
    pub expires_at: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TokenLineView {
    pub product: Option<Uuid>,
    pub name: Option<String>,
    pub quantity: String,
}

impl Shop {
    pub fn verify_token(&self, request: &VerifyToken) -> Result<TokenVerdict> {
        let token = split(&request.code).map_err(token_refused)?;
        self.store.read(|r| {
            let device = r
                .device_by_key(token.body.key_id)?
                .ok_or(AppError::new(Code::TokenUnknownKey))?;
            let key =
                PublicKey::from_bytes(&device.public_key).ok_or(AppError::new(Code::TokenUnknownKey))?;
            if !journal::token::is_signed_by(&token, &key) {
                return Err(Code::TokenTampered.into());
            }
            if device.branch != self.identity.branch {
                return Err(Code::TokenOtherBranch.into());
            }
            let row = r.order(token.body.order)?;
            if row.as_ref().is_some_and(|row| row.cancelled_ms.is_some()) {
                return Err(Code::TokenRevoked.into());
            }
            check(
                &token.body,
                self.edges.now(),
                row.as_ref().map(|row| row.token_generation),
            )
            .or_else(|refusal| match refusal {
                TokenRefusal::Expired => Err(AppError::new(Code::TokenExpired)),
                TokenRefusal::Superseded => Err(AppError::new(Code::TokenRevoked)),
                // We sold it ourselves, and our clock was set back since.
                TokenRefusal::NotYetValid if row.is_some() => Ok(()),
                TokenRefusal::NotYetValid => Err(AppError::new(Code::TokenTampered)),
            })?;
            Ok(TokenVerdict {
                verdict: "valid".to_owned(),
                order: row.map(|row| self.view_order(r, row.id)).transpose()?,
                lines: lines_of(r, &token)?,
                expires_at: rfc3339(token.body.expires),
            })
        })
    }
}

fn lines_of(reader: &Reader<'_>, token: &Signed) -> Result<Option<Vec<TokenLineView>>> {
    let TokenLines::Listed(lines) = &token.body.lines else {
        return Ok(None);
    };
    let mut views = Vec::with_capacity(lines.len());
    for line in lines {
        let product = match line.item {
            ShortNumber::OPEN => None,
            short => reader.product_by_n((i64::from(short.ordinal) << 32) + i64::from(short.counter))?,
        };
        let unit = product
            .as_ref()
            .and_then(|p| p.unit.parse().ok())
            .unwrap_or(Unit::Kilogram);
        let quantity = Quantity::from_milli(line.milli, unit)
            .or_else(|_| Quantity::from_milli(line.milli, Unit::Kilogram));
        views.push(TokenLineView {
            product: product.as_ref().map(|p| p.id.uuid()),
            name: product.map(|p| p.name),
            quantity: quantity
                .map(|q| q.to_string())
                .map_err(|_| AppError::new(Code::TokenTampered))?,
        });
    }
    Ok(Some(views))
}

fn token_refused(error: TokenError) -> AppError {
    AppError::new(match error {
        TokenError::NotOurs | TokenError::TooLong => Code::TokenNotOurs,
        TokenError::UnknownVersion(_) => Code::TokenUnknownVersion,
        TokenError::Truncated | TokenError::Malformed => Code::TokenTampered,
    })
}
