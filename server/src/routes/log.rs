//! The log, for followers and for the curious: one entry a line.

use axum::extract::State;

use super::{Answer, blocking, text};
use crate::error::{Kind, Problem};
use crate::extract::Pairs;
use crate::state::AppState;
use crate::wire::params::{Address, Params, settle};

/// Entries when the request names no limit.
const LIMIT_DEFAULT: u64 = 1_000;
/// Most entries of one answer.
const LIMIT_MAX: u64 = 10_000;

/// Entries from a position on, as NDJSON, in order.
#[utoipa::path(get, path = "/v1/log", tag = "operation",
    params(("from" = Option<u64>, Query, description = "First position; the oldest one kept by default."),
        ("limit" = Option<u64>, Query, description = "Most entries, 1 to 10,000; 1,000 by default.")),
    responses((status = 200, description = "One entry a line.", content_type = "application/x-ndjson", body = String),
        (status = 410, description = "The position was cut; `allowed` names the oldest one kept.", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn get(State(state): State<AppState>, Pairs(pairs): Pairs) -> Answer {
    let mut address = Address::new(&pairs, &["from", "limit"]);
    let from = address.whole("from", 0, u64::MAX);
    let limit = address.whole("limit", 1, LIMIT_MAX).unwrap_or(LIMIT_DEFAULT) as usize;
    settle(address)?;
    let lines = blocking(&state, move |engine| {
        let from = from.map_or_else(|| engine.log_begins(), Ok)?;
        let entries = engine.read_log(from, limit)?;
        let lines: Result<Vec<String>, _> = entries.iter().map(serde_json::to_string).collect();
        lines
            .map(|lines| lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>())
            .map_err(|e| Problem::new(Kind::Internal, format!("an entry cannot be written as JSON: {e}")))
    });
    Ok(text("application/x-ndjson", lines.await??))
}
