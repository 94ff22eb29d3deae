//! Tokens: genuine or not, issued again, revoked, and shown to other programs.

use crate::{
    Actor, AppError, Code, Result, Shop,
    claims::TokenLineView,
    letters::hex,
    order_view::OrderView,
    orders::{free_number, number_expires},
    tickets::token_refused,
    wire::{content_of, rfc3339, text},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    ids::OrderId,
    numbers::ShortNumber,
    token::{TokenBody, TokenLine, TokenLines, split},
};
use journal::{
    Body, PublicKey,
    body::{TokenReissuedV1, TokenRevokedV1, TokenV1},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Write, orders::OrderRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// Dots a module: large enough for a phone's screen.
const QR_SCALE: usize = 8;

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

/// Why a token is issued again or revoked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenChange {
    pub id: Uuid,
    pub reason: String,
}

/// The public keys by which anybody can check this shop's tokens and JWTs (RFC 7517).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Keys {
    pub keys: Vec<Key>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Key {
    pub kty: String,
    pub crv: String,
    pub alg: String,
    #[serde(rename = "use")]
    pub purpose: String,
    pub kid: String,
    pub x: String,
}

impl Shop {
    pub fn verify_token(&self, actor: &Actor, request: &VerifyToken) -> Result<TokenVerdict> {
        let token = split(&request.code).map_err(token_refused)?;
        self.store.read(|r| {
            let row = self.genuine(r, &token)?;
            Ok(TokenVerdict {
                verdict: "valid".to_owned(),
                order: row
                    .map(|row| self.view_order(r, row.id, Some(actor.seat)))
                    .transpose()?
                    .map(|order| order.for_eyes_of(actor)),
                lines: self.lines_of_token(r, &token)?,
                expires_at: rfc3339(token.body.expires),
            })
        })
    }

    /// A new token for an order whose phone or paper was lost: the old one is dead at once.
    pub fn reissue_token(&self, actor: &Actor, id: OrderId, request: &TokenChange) -> Result<OrderView> {
        let reason = text("reason", &request.reason, 200)?;
        let content = content_of(&format!("reissue {id}"), request)?;
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let row = self.live_order(tx, id)?;
            let body = TokenReissuedV1 {
                order: id.bytes(),
                token: self.next_token(tx, &row)?,
                reason,
            };
            Ok(tx.record(Some(actor.staff), &Body::TokenReissued(body))?)
        })?;
        self.displays.forget_order(actor.seat, id);
        self.tell_display(actor.seat);
        self.tell_order(id);
        self.order(actor, id)
    }

    /// The order's token is dead, and none replaces it.
    pub fn revoke_token(&self, actor: &Actor, id: OrderId, request: &TokenChange) -> Result<OrderView> {
        let reason = text("reason", &request.reason, 200)?;
        let content = content_of(&format!("revoke {id}"), request)?;
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let row = self.live_order(tx, id)?;
            if row.revoked {
                return Err(Code::TokenRevoked.into());
            }
            let body = TokenRevokedV1 {
                order: id.bytes(),
                generation: row.token_generation,
                reason,
                revoked_ms: tx.now().0,
            };
            Ok(tx.record(Some(actor.staff), &Body::TokenRevoked(body))?)
        })?;
        self.displays.forget_order(actor.seat, id);
        self.tell_display(actor.seat);
        self.tell_order(id);
        self.order(actor, id)
    }

    fn live_order(&self, tx: &Write<'_>, id: OrderId) -> Result<OrderRow> {
        let row = tx.reader().order(id)?.ok_or(AppError::new(Code::NotFound))?;
        match row.cancelled_ms {
            Some(_) => Err(AppError::new(Code::OrderCancelled).hint("number", row.number)),
            None => Ok(row),
        }
    }

    fn next_token(&self, tx: &Write<'_>, row: &OrderRow) -> Result<TokenV1> {
        let settings = self.settings();
        let at = tx.now();
        let lines: Vec<TokenLine> = tx
            .reader()
            .order_lines(row.id)?
            .iter()
            .map(|line| TokenLine {
                item: line
                    .short
                    .map_or(ShortNumber::OPEN, |(ordinal, counter)| ShortNumber {
                        ordinal,
                        counter,
                    }),
                milli: line.milli,
            })
            .collect();
        let number_ends = number_expires(at, &settings);
        let day_ends = crate::days::day_ends(at, settings.text("branch.zone"), settings.day_starts_minutes());
        let body = TokenBody {
            key_id: tx.key_id()?,
            order: row.id,
            generation: row.token_generation.saturating_add(1),
            issued: at,
            expires: day_ends.max(number_ends),
            total: domain::money::Money::from_minor(row.total_minor),
            lines: TokenLines::of(&lines),
        };
        Ok(TokenV1 {
            generation: body.generation,
            issued_ms: at.0,
            expires_ms: body.expires.0,
            number: free_number(tx, &self.identity, &self.edges, at)?.0,
            number_expires_ms: number_ends.0,
            code: tx.sign_token(&body)?,
        })
    }

    fn token_row(&self, id: OrderId) -> Result<OrderRow> {
        let row = self
            .store
            .read(|r| r.order(id))?
            .ok_or(AppError::new(Code::NotFound))?;
        match (row.cancelled_ms, row.revoked) {
            (Some(_), _) => Err(AppError::new(Code::OrderCancelled).hint("number", row.number)),
            (None, true) => Err(AppError::new(Code::TokenRevoked).hint("number", row.number)),
            (None, false) => Ok(row),
        }
    }

    /// The QR as a picture that scales.
    pub fn token_svg(&self, id: OrderId) -> Result<String> {
        Ok(self.token_qr(id)?.svg())
    }

    /// The QR as a picture in dots.
    pub fn token_png(&self, id: OrderId) -> Result<Vec<u8>> {
        self.token_qr(id)?
            .png(QR_SCALE)
            .map_err(|e| AppError::new(Code::Broken).caused(e))
    }

    fn token_qr(&self, id: OrderId) -> Result<codes::make::Matrix> {
        codes::make::qr(&self.token_row(id)?.token_code, codes::make::Level::M)
            .map_err(|e| AppError::new(Code::Broken).caused(e))
    }

    /// The same claim as a JWT (EdDSA) for other programs; no personal data.
    pub fn token_jwt(&self, id: OrderId) -> Result<String> {
        let row = self.token_row(id)?;
        let lines = self.store.read(|r| r.order_lines(id))?;
        let key_id = self.store.key_id()?;
        let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = encode(&json!({"alg": "EdDSA", "typ": "JWT", "kid": hex(&key_id)}));
        let claims = encode(&json!({
            "iss": self.identity.shop.uuid().to_string(),
            "aud": self.identity.branch.uuid().to_string(),
            "sub": row.id.uuid().to_string(),
            "iat": row.token_issued_ms.div_euclid(1000),
            "exp": row.token_expires_ms.div_euclid(1000),
            "generation": row.token_generation,
            "number": row.number,
            "total_minor": row.total_minor,
            "currency": self.identity.currency,
            "lines": lines.iter().map(|line| json!({
                "line": line.line,
                "product": line.product.map(|p| p.uuid().to_string()),
                "name": line.name,
                "quantity": crate::order_view::unit_of(line)
                    .map(|unit| crate::order_view::shown(line.milli, unit)).unwrap_or_default(),
                "unit": line.unit,
            })).collect::<Vec<_>>(),
        }));
        let signed = format!("{header}.{claims}");
        let signature = self.store.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    pub fn keys(&self) -> Result<Keys> {
        let keys = self.store.read(|r| r.device_keys())?;
        Ok(Keys {
            keys: keys
                .iter()
                .filter_map(PublicKey::from_bytes)
                .map(|key| Key {
                    kty: "OKP".to_owned(),
                    crv: "Ed25519".to_owned(),
                    alg: "EdDSA".to_owned(),
                    purpose: "sig".to_owned(),
                    kid: hex(&key.id()),
                    x: URL_SAFE_NO_PAD.encode(key.bytes()),
                })
                .collect(),
        })
    }
}
