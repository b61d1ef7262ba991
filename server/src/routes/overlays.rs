//! Sets of drafts: making all of one live.

use axum::extract::{Path, State};
use axum::http::HeaderMap;

use super::{Answer, blocking, json};
use crate::extract::{Pairs, write_options};
use crate::state::AppState;
use crate::wire::config::{DocumentJson, PUBLISH};
use crate::wire::params::{Address, settle};
use crate::wire::schema::PublishQuery;

/// Makes every draft of an overlay live, all or none, and discards the drafts.
#[utoipa::path(post, path = "/v1/overlays/{overlay}/publish", tag = "config",
    params(("overlay" = String, Path, description = "Name of the overlay."), PublishQuery),
    responses((status = 200, description = "The documents that became live.", body = Vec<DocumentJson>), (status = "default", description = "A problem.", body = crate::error::Problem, content_type = "application/problem+json")))]
pub async fn publish(
    State(state): State<AppState>,
    Path(overlay): Path<String>,
    Pairs(pairs): Pairs,
    headers: HeaderMap,
) -> Answer {
    let mut address = Address::new(&pairs, PUBLISH);
    let options = write_options(&mut address, &headers);
    settle(address)?;
    let (documents, _) = blocking(&state, move |engine| engine.publish_overlay(&overlay, options)).await??;
    let documents: Vec<DocumentJson> = documents.into_iter().map(|d| DocumentJson::new(d, None)).collect();
    Ok(json(&documents))
}
