//! What does each route do?
//!
//! Decode, one engine call, encode; nothing else. Reads go to the ranking pool and come back over a oneshot;
//! calls that block (writes, documents, plugins) run on the blocking pool.

pub mod ask;
pub mod audiences;
pub mod catalog;
pub mod config;
pub mod events;
pub mod health;
pub mod lists;
pub mod log;
pub mod models;
pub mod overlays;
pub mod people;
pub mod plugins;
pub mod suggest;
pub mod units;
pub mod write;

use std::sync::Arc;

use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use planogram_core::engine::Engine;
use serde::Serialize;

use crate::error::{Kind, Problem};
use crate::state::AppState;

/// What a handler answers.
pub type Answer = Result<Response, Problem>;

/// Runs a blocking engine call off the event loop.
///
/// # Errors
/// 503 while the engine opens; 500 when the call panics.
pub async fn blocking<T, F>(state: &AppState, call: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce(&Arc<Engine>) -> T + Send + 'static,
{
    let engine = Arc::clone(state.engine()?);
    tokio::task::spawn_blocking(move || call(&engine))
        .await
        .map_err(|e| Problem::new(Kind::Internal, format!("the engine call broke off: {e}")))
}

/// 200 with JSON.
pub fn json<T: Serialize>(body: &T) -> Response {
    to_json(body).unwrap_or_else(IntoResponse::into_response)
}

/// 200 with JSON, on whatever thread this is called.
///
/// # Errors
/// 500 when the body cannot be written.
fn to_json<T: Serialize>(body: &T) -> Answer {
    let mut bytes = Vec::with_capacity(JSON_BYTES_USUAL);
    serde_json::to_writer(&mut bytes, body)
        .map_err(|e| Problem::new(Kind::Internal, format!("the answer cannot be written: {e}")))?;
    Ok(text("application/json", bytes))
}

/// Room for the JSON of a page of 24 with facets, so that writing it does not move it again and again.
const JSON_BYTES_USUAL: usize = 16 << 10;

/// 200 with text of a media type.
pub fn text(media: &'static str, body: impl Into<axum::body::Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(axum::http::header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

/// Every other path.
pub async fn nothing_here(uri: axum::http::Uri) -> Problem {
    Problem::new(Kind::NotFound, format!("no route `{}`", crate::wire::decode::cut(uri.path())))
        .allow("see /openapi.json")
}

/// Every other method on a path that exists.
pub async fn no_such_method(method: axum::http::Method, uri: axum::http::Uri) -> Problem {
    let path = crate::wire::decode::cut(uri.path());
    Problem::new(Kind::MethodNotAllowed, format!("{method} is not a method of `{path}`"))
        .allow("see the Allow header, or /openapi.json")
}
