//! Is the server alive, is it ready, how is it doing, and what can it do?

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use planogram_core::engine::types::Status;

use super::{Answer, json, text};
use crate::state::AppState;
use crate::wire::plugin::ReadyJson;
use crate::{openapi, telemetry};

/// The process runs.
#[utoipa::path(get, path = "/health/live", tag = "operation", responses((status = 200, description = "It runs.", body = serde_json::Value)))]
pub async fn live() -> Response {
    json(&serde_json::json!({"live": true}))
}

/// The engine answers; 503 with the phase while it opens and while the server drains.
#[utoipa::path(get, path = "/health/ready", tag = "operation",
    responses((status = 200, description = "It answers.", body = ReadyJson), (status = 503, description = "Not yet, or no more.", body = ReadyJson)))]
pub async fn ready(State(state): State<AppState>) -> Response {
    let mut status = match state.engine_if_open() {
        Some(engine) => engine.status(),
        None => Status { phase: "opening".to_owned(), ..Status::default() },
    };
    if state.is_draining() {
        (status.ready, status.phase) = (false, "draining".to_owned());
    }
    let code = if status.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(ReadyJson::from(status))).into_response()
}

/// Metrics in the Prometheus text format.
#[utoipa::path(get, path = "/metrics", tag = "operation",
    responses((status = 200, description = "Prometheus text format.", content_type = "text/plain", body = String)))]
pub async fn metrics(State(state): State<AppState>) -> Response {
    text("text/plain; version=0.0.4", telemetry::render(state.engine_if_open()))
}

/// This description, with the schemas of the configuration kinds there are right now.
#[utoipa::path(get, path = "/openapi.json", tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1.", body = serde_json::Value)))]
pub async fn openapi(State(state): State<AppState>) -> Answer {
    let kinds = state.engine_if_open().map(|e| e.config_kinds()).unwrap_or_default();
    Ok(json(&openapi::document(&kinds)))
}
