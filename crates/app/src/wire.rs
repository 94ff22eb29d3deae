//! Small shapes that many answers share.

use crate::{AppError, Code, Result};
use domain::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Names in other languages, by language code.
pub type Names = BTreeMap<String, String>;

/// One page of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Send it as `after` to get the next page; null at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    pub fn whole(items: Vec<T>) -> Page<T> {
        Page { items, next: None }
    }
}

/// A moment as RFC 3339 in UTC.
pub(crate) fn rfc3339(moment: Moment) -> String {
    jiff::Timestamp::from_millisecond(moment.0)
        .map(|t| t.to_string())
        .unwrap_or_default()
}

/// Cleans a person's text, or says which field is wrong.
pub(crate) fn text(field: &str, value: &str, most: usize) -> Result<String> {
    domain::text::clean_name(value, most).map_err(|e| AppError::field(field, e))
}

/// The same, for text that may be left empty.
pub(crate) fn optional_text(field: &str, value: Option<&str>, most: usize) -> Result<Option<String>> {
    match value.map(str::trim) {
        None | Some("") => Ok(None),
        Some(value) => text(field, value, most).map(Some),
    }
}

/// The hash by which a repeated write is compared. Field order is the struct's, so equal requests give equal bytes.
pub(crate) fn content_of<T: Serialize>(scope: &str, request: &T) -> Result<[u8; 32]> {
    let bytes = serde_json::to_vec(request).map_err(|e| AppError::new(Code::Broken).caused(e))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(scope.as_bytes()).update(b"\0").update(&bytes);
    Ok(*hasher.finalize().as_bytes())
}
