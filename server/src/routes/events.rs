//! What shoppers did comes in.

use axum::extract::State;
use planogram_core::engine::types::Receipt;

use super::write::Batch;
use super::{Answer, blocking};
use crate::error::Problem;
use crate::extract::{Whole, WriteParams};
use crate::state::AppState;
use crate::wire::event;
use crate::wire::schema::{EventBody, WriteQuery};
use crate::wire::write::ReceiptJson;

/// Takes events in: a JSON array, `{"events": […]}`, or NDJSON. An event id counts once.
#[utoipa::path(post, path = "/v1/events", tag = "events", request_body = Vec<EventBody>, params(WriteQuery),
    responses((status = 200, description = "Every event was taken in or was there already.", body = ReceiptJson),
        (status = 207, description = "Some events were taken in.", body = ReceiptJson),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn post(State(state): State<AppState>, WriteParams(options): WriteParams, body: Whole) -> Answer {
    let rows = body.rows(Some("events"))?;
    // Two events with one id are no mistake: clients retry. The kernel counts them as duplicates.
    let mut batch = Batch::decode(rows, event::decode, |_| None, "/id");
    let events = batch.take();
    if events.is_empty() {
        return batch.answer(Ok(Receipt::default()));
    }
    let result = blocking(&state, move |engine| engine.ingest_events(events, options)).await?;
    batch.answer(result)
}
