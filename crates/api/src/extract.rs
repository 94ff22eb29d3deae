//! Reading requests: JSON and query strings that cannot be read are refused in our own words.

use crate::error::ApiError;
use app::{AppError, Code};
use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Body(body)),
            Err(JsonRejection::BytesRejection(_)) => Err(Code::TooLarge.into()),
            Err(rejection) => Err(AppError::new(Code::Malformed)
                .because(rejection.body_text())
                .into()),
        }
    }
}

pub struct Params<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Params(params)),
            Err(rejection) => Err(AppError::new(Code::Malformed)
                .because(rejection.body_text())
                .into()),
        }
    }
}

/// An id in the path. What is no id is nothing that exists.
pub struct Id(pub uuid::Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<uuid::Uuid>::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Id(id)),
            Err(_) => Err(Code::NotFound.into()),
        }
    }
}

/// Two ids in the path, the outer one first.
pub struct Ids(pub uuid::Uuid, pub uuid::Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Ids {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<(uuid::Uuid, uuid::Uuid)>::from_request_parts(parts, state).await {
            Ok(Path((outer, inner))) => Ok(Ids(outer, inner)),
            Err(_) => Err(Code::NotFound.into()),
        }
    }
}
