//! The recommendation units of a page, how well a unit is supplied, and how it does.

use axum::extract::{Path, State};
use tokio::sync::oneshot;

use super::lists::{count_degraded, wait, with_id};
use super::{Answer, blocking, json};
use crate::error::Problem;
use crate::extract::Pairs;
use crate::state::AppState;
use crate::wire::answer::{self, MetricsJson, ReadinessJson, UnitsJson};
use crate::wire::list::FromHeaders;
use crate::wire::schema::{SharedQuery, UnitsQuery};
use crate::wire::units;

/// The live units of a page type in their display order, or those named; a product stands in the first unit that
/// wants it, and a unit without products is left out.
#[utoipa::path(get, path = "/v1/recommendations", tag = "lists", params(UnitsQuery, SharedQuery),
    responses((status = 200, description = "The units.", body = UnitsJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn page(State(state): State<AppState>, headers: FromHeaders, Pairs(pairs): Pairs) -> Answer {
    let request = units::from_address(&pairs, &headers)?;
    let (id, deadline) = (request.list.request_id.clone(), request.list.deadline);
    let (reply, answer) = oneshot::channel();
    state.engine()?.submit_units(request, Box::new(move |result| drop(reply.send(result))));
    let answered = wait(&state, deadline, answer).await?;
    for list in answered.lists.iter().filter_map(|(_, list)| list.as_ref().ok()) {
        count_degraded(&list.degraded);
    }
    Ok(with_id(json(&answer::units(answered, id.clone())), &id))
}

/// How far a unit's own type fills it on an average product page.
#[utoipa::path(get, path = "/v1/recommendations/{unit}/readiness", tag = "lists",
    params(("unit" = String, Path, description = "Id of the unit's document."),
        ("store_view" = Option<String>, Query, description = "Store view code.")),
    responses((status = 200, description = "The report.", body = ReadinessJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn readiness(State(state): State<AppState>, Path(unit): Path<String>, Pairs(pairs): Pairs) -> Answer {
    let store_view = units::store_view(&pairs)?;
    let asked = unit.clone();
    let found = blocking(&state, move |engine| engine.readiness(&asked, &store_view)).await??;
    Ok(json(&answer::readiness(unit, found)))
}

/// Impressions, views, clicks and revenue of a unit, from the shop's own events. Needs the write key, if there is one.
#[utoipa::path(get, path = "/v1/recommendations/{unit}/metrics", tag = "lists",
    params(("unit" = String, Path, description = "Id of the unit; one that was never shown has zeros."),
        ("window" = Option<String>, Query, description = "24h, 72h, 7d, 30d, or all, the default.")),
    responses((status = 200, description = "The counts.", body = MetricsJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn metrics(State(state): State<AppState>, Path(unit): Path<String>, Pairs(pairs): Pairs) -> Answer {
    let (name, window) = units::window(&pairs)?;
    let counted = state.engine()?.placement(&unit, window);
    Ok(json(&answer::metrics(unit, name, counted)))
}
