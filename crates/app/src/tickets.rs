//! From what a guest shows to the order it stands for: the code, the one-time number, or a hint that finds it.

use crate::{
    Actor, AppError, Code, Result, Shop,
    order_view::{Directory, account_of, counted, unit_of},
    wire::rfc3339,
};
use domain::{
    barcode::{Code as Kind, strip_scanner_marks},
    ids::OrderId,
    numbers::OneTimeNumber,
    order::{Progress, derive_state},
    people::number_wait,
    phone::Phone,
    time::Moment,
    token::{Signed, TokenError, TokenRefusal, check, split},
};
use journal::PublicKey;
use serde::{Deserialize, Serialize};
use store::{Reader, orders::OrderRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// How long a display number or a phone number still finds an order.
const FOUND_FOR_MS: i64 = 36 * 3_600_000;
/// The same at the refund desk, where people come back later.
const REFUND_FOUND_FOR_MS: i64 = 400 * 86_400_000;

/// After so long without a miss the next one is the first again.
const FORGOTTEN_MS: i64 = 15 * 60_000;

/// An order that somebody may have come for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Candidate {
    pub order: Uuid,
    pub number: u32,
    pub items: String,
    pub placed_at: String,
    pub state: String,
    /// All but six digits hidden.
    pub phone: Option<String>,
}

/// What was shown.
pub(crate) struct Ticket {
    pub row: Option<OrderRow>,
    /// The token itself, when it was the QR.
    pub signed: Option<Signed>,
    /// qr or number
    pub seen: &'static str,
}

impl Shop {
    /// Reads a QR's text or a one-time number. Wrong numbers cost the one who types them a growing wait, never the
    /// order anything.
    pub(crate) fn ticket(&self, actor: &Actor, code: &str) -> Result<Ticket> {
        let code = strip_scanner_marks(code.trim());
        let not_ours = |why: &str| Err(AppError::new(Code::TokenNotOurs).hint("why", why));
        if let Ok(number) = code.parse::<OneTimeNumber>() {
            return self.by_number(actor, number);
        }
        match Kind::classify(code) {
            Kind::Token => {
                let token = split(code).map_err(token_refused)?;
                let row = self.store.glance(|r| self.genuine(r, &token))?;
                Ok(Ticket {
                    row,
                    signed: Some(token),
                    seen: "qr",
                })
            }
            Kind::Url => not_ours("url"),
            Kind::Upi => not_ours("upi"),
            Kind::TooLong => not_ours("too_long"),
            Kind::Gtin => not_ours("product"),
            Kind::Other => not_ours("other"),
        }
    }

    fn by_number(&self, actor: &Actor, number: OneTimeNumber) -> Result<Ticket> {
        let now = self.edges.now();
        let found = self.guess(actor, |r| {
            r.order_by_token_number(self.identity.branch, number.0, now)
                .map_err(Into::into)
        })?;
        match found {
            Some(row) => Ok(Ticket {
                row: Some(row),
                signed: None,
                seen: "number",
            }),
            None => Err(Code::NumberUnknown.into()),
        }
    }

    /// Looks something up that could be guessed. Each miss is counted before the next look.
    pub(crate) fn guess<T>(
        &self,
        actor: &Actor,
        look: impl FnOnce(&Reader<'_>) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        const PLACE: &str = "numbers";
        let now = self.edges.now();
        self.store.write(now, |tx| {
            let (failures, last) = tx.reader().pin_failures(actor.staff, PLACE)?;
            let wait_ms = i64::try_from(number_wait(failures)).unwrap_or(i64::MAX);
            let left_ms = last.0.saturating_add(wait_ms).saturating_sub(now.0).min(wait_ms);
            if wait_ms > 0 && left_ms > 0 {
                return Err(AppError::new(Code::NumberWait).hint("wait_ms", left_ms));
            }
            let found = look(&tx.reader())?;
            // Misses are forgotten with time alone: a hit between them wipes nothing out.
            let failures = match now.0.saturating_sub(last.0) > FORGOTTEN_MS {
                true => 0,
                false => failures,
            };
            if found.is_none() {
                tx.pin_failed(actor.staff, PLACE, failures.saturating_add(1))?;
            }
            Ok(found)
        })
    }

    /// The order of a token that is genuine, ours, of this branch and still good; `None` while it has not arrived.
    pub(crate) fn genuine(&self, reader: &Reader<'_>, token: &Signed) -> Result<Option<OrderRow>> {
        let device = reader
            .device_by_key(token.body.key_id)?
            .ok_or(AppError::new(Code::TokenUnknownKey))?;
        let key = PublicKey::from_bytes(&device.public_key).ok_or(AppError::new(Code::TokenUnknownKey))?;
        if !journal::token::is_signed_by(token, &key) {
            return Err(Code::TokenTampered.into());
        }
        if device.branch != self.identity.branch {
            return Err(Code::TokenOtherBranch.into());
        }
        let row = reader.order(token.body.order)?;
        if let Some(row) = &row {
            if let Some(at) = row.cancelled_ms {
                return Err(AppError::new(Code::OrderCancelled)
                    .hint("at", rfc3339(Moment(at)))
                    .hint("number", row.number));
            }
            if row.revoked {
                return Err(AppError::new(Code::TokenRevoked).hint("number", row.number));
            }
        }
        check(
            &token.body,
            self.edges.now(),
            row.as_ref().map(|row| row.token_generation),
        )
        .or_else(|refusal| match refusal {
            // What was promised for later is still there for the guest tomorrow.
            TokenRefusal::Expired if row.as_ref().is_some_and(|row| promised(reader, row.id)) => Ok(()),
            TokenRefusal::Expired => {
                Err(AppError::new(Code::TokenExpired).hint("at", rfc3339(token.body.expires)))
            }
            TokenRefusal::Superseded => Err(AppError::new(Code::TokenRevoked)),
            // We sold it ourselves, and our clock was set back since.
            TokenRefusal::NotYetValid if row.is_some() => Ok(()),
            TokenRefusal::NotYetValid => Err(AppError::new(Code::TokenTampered)),
        })?;
        Ok(row)
    }

    /// Orders of a phone number, the newest first.
    pub(crate) fn by_phone(&self, actor: &Actor, typed: &str, refunds: bool) -> Result<Vec<Candidate>> {
        let phone = self.phone(typed)?;
        let since = self.found_since(refunds);
        let rows = self.guess(actor, |r| {
            let rows = r.orders_by_phone(self.identity.branch, phone.as_str(), since)?;
            Ok((!rows.is_empty()).then_some(rows))
        })?;
        self.candidates(rows.unwrap_or_default())
    }

    /// Orders under a display number, the newest first.
    pub(crate) fn by_display_number(&self, typed: &str, refunds: bool) -> Result<Vec<Candidate>> {
        let number: u32 = western(typed)
            .parse()
            .map_err(|_| AppError::field("number", "a number is expected"))?;
        let since = self.found_since(refunds);
        let rows = self
            .store
            .read(|r| r.orders_by_number(self.identity.branch, number, since))?;
        self.candidates(rows)
    }

    fn found_since(&self, refunds: bool) -> Moment {
        let back = if refunds {
            REFUND_FOUND_FOR_MS
        } else {
            FOUND_FOR_MS
        };
        Moment(self.edges.now().0 - back)
    }

    pub(crate) fn phone(&self, typed: &str) -> Result<Phone> {
        Phone::parse(typed, self.settings().text("shop.country")).map_err(|e| AppError::field("phone", e))
    }

    pub(crate) fn candidates(&self, rows: Vec<OrderRow>) -> Result<Vec<Candidate>> {
        let country = self.settings().text("shop.country").to_owned();
        self.store.read(|r| {
            rows.iter()
                .map(|row| {
                    let (mut items, mut accounts) = (0, Vec::new());
                    for line in r.order_lines(row.id)? {
                        items += counted(line.milli, unit_of(&line)?);
                        accounts.push(account_of(&line)?.0);
                    }
                    let phone = r.phone_of(row.id)?.and_then(|kept| Phone::from_kept(&kept).ok());
                    Ok(Candidate {
                        order: row.id.uuid(),
                        number: row.number,
                        items: items.to_string(),
                        placed_at: rfc3339(Moment(row.placed_ms)),
                        state: derive_state(false, progress_of(row), &accounts)
                            .as_str()
                            .to_owned(),
                        phone: phone.map(|phone| phone.masked(&country)),
                    })
                })
                .collect()
        })
    }
}

pub(crate) fn progress_of(row: &OrderRow) -> Progress {
    match row.progress {
        1 => Progress::Preparing,
        2 => Progress::Ready,
        _ => Progress::Placed,
    }
}

/// Whether something of the order is promised for later.
fn promised(reader: &Reader<'_>, order: OrderId) -> bool {
    reader
        .order_lines(order)
        .is_ok_and(|lines| lines.iter().any(|line| line.kept > 0))
}

/// Digits of any script as 0–9; everything else as it is.
pub(crate) fn western(text: &str) -> String {
    text.trim()
        .trim_start_matches('#')
        .chars()
        .map(|c| domain::text::digit_value(c).map_or(c, |value| char::from(b'0' + value)))
        .collect()
}

pub(crate) fn token_refused(error: TokenError) -> AppError {
    AppError::new(match error {
        TokenError::NotOurs | TokenError::TooLong => Code::TokenNotOurs,
        TokenError::UnknownVersion(_) => Code::TokenUnknownVersion,
        TokenError::Truncated | TokenError::Malformed => Code::TokenTampered,
    })
}

/// Who did something last, for a refusal that names them.
pub(crate) fn who(names: &Directory, mut error: AppError, by: &Who) -> AppError {
    error = error
        .hint("counter", names.counter(by.counter).name)
        .hint("seat", by.seat)
        .hint("at", rfc3339(Moment(by.at_ms)));
    match names.staff(by.staff) {
        Some(staff) => error.hint("staff", staff.name),
        None => error,
    }
}

/// A person at a place and a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who {
    pub counter: domain::ids::CounterId,
    pub seat: u16,
    pub staff: Option<domain::ids::StaffId>,
    pub at_ms: i64,
}
