//! Refusals as answers: `{"error": {"code", "kind", "message", "hints", "incident"}}`.

use app::{AppError, Code, Kind};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    pub error: ErrorView,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorView {
    #[schema(schema_with = crate::describe::code_schema)]
    pub code: String,
    /// malformed, refused, not_found, conflict, wait, signed_out, forbidden, full or broken
    pub kind: String,
    /// For programs' authors; people read the screens' own table of codes.
    pub message: String,
    #[schema(value_type = Object)]
    pub hints: serde_json::Map<String, serde_json::Value>,
    /// Four letters that find this case in the log.
    pub incident: String,
}

pub struct ApiError(pub AppError);

impl<E: Into<AppError>> From<E> for ApiError {
    fn from(error: E) -> ApiError {
        ApiError(error.into())
    }
}

pub type ApiResult<T> = Result<T, ApiError>;

pub fn status_of(code: Code) -> StatusCode {
    match (code, code.kind()) {
        (Code::TooLarge, _) => StatusCode::PAYLOAD_TOO_LARGE,
        (_, Kind::Malformed) => StatusCode::BAD_REQUEST,
        (_, Kind::Refused) => StatusCode::UNPROCESSABLE_ENTITY,
        (_, Kind::NotFound) => StatusCode::NOT_FOUND,
        (_, Kind::Conflict) => StatusCode::CONFLICT,
        (_, Kind::Wait) => StatusCode::TOO_MANY_REQUESTS,
        (_, Kind::SignedOut) => StatusCode::UNAUTHORIZED,
        (_, Kind::Forbidden) => StatusCode::FORBIDDEN,
        (_, Kind::Full) => StatusCode::INSUFFICIENT_STORAGE,
        (_, Kind::Broken) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let ApiError(error) = self;
        let incident = incident();
        let code = error.code.as_str();
        if matches!(error.code.kind(), Kind::Broken | Kind::Full) {
            let causes = error.causes();
            tracing::error!(code, incident, causes, "{}", error.message);
        } else {
            tracing::debug!(code, incident, "{}", error.message);
        }
        let wait_ms = error.hints.get("wait_ms").and_then(serde_json::Value::as_u64);
        let body = ErrorBody {
            error: ErrorView {
                code: code.to_owned(),
                kind: error.code.kind().as_str().to_owned(),
                message: error.message,
                hints: error.hints,
                incident,
            },
        };
        let mut response = (status_of(error.code), Json(body)).into_response();
        if let Some(ms) = wait_ms.filter(|ms| *ms > 0)
            && let Ok(seconds) = HeaderValue::from_str(&ms.div_ceil(1000).to_string())
        {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// Four letters and digits that nobody mixes up.
fn incident() -> String {
    const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let mut bytes = [0; 4];
    // Without randomness every case is called 2222, and the log still has its time.
    let _ = getrandom::fill(&mut bytes);
    bytes
        .iter()
        .map(|b| char::from(ALPHABET[usize::from(b % 32)]))
        .collect()
}
