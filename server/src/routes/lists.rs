//! Search, category pages, recommendations, pages of several lists, and "why is it not here?".

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::response::Response;
use planogram_core::engine::types::QueryError;
use planogram_core::pipeline::request::{Degraded, ListAnswer, ListRequest};
use tokio::sync::oneshot;

use super::{Answer, blocking, json, to_json};
use crate::error::{Kind, Problem};
use crate::extract::{Pairs, Whole};
use crate::guard::REQUEST_ID;
use crate::state::AppState;
use crate::wire::answer::{self, ExplanationJson, ListJson, PageAnswerJson};
use crate::wire::list::{FromHeaders, Target, from_address, from_json};
use crate::wire::page;
use crate::wire::schema::{ListBody, ListQuery, PageBody, SharedQuery};

/// How much longer than its deadline an answer is waited for before it is given up.
/// The kernel keeps deadlines itself; this only bounds the damage when it does not.
const GRACE: Duration = Duration::from_secs(5);

/// Search.
#[utoipa::path(get, path = "/v1/search", tag = "lists",
    params(("q" = Option<String>, Query, description = "The shopper's words, at most 255 characters; empty browses everything."),
        ("highlight" = Option<bool>, Query, description = "List and tag the words of every item that were searched for."), ListQuery, SharedQuery),
    responses((status = 200, description = "The answer.", body = ListJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn search(State(state): State<AppState>, headers: FromHeaders, Pairs(pairs): Pairs) -> Answer {
    run(&state, from_address(Target::Search, &pairs, &headers)?).await
}

/// Search, with the parameters as a JSON body.
#[utoipa::path(post, path = "/v1/search", tag = "lists", request_body = ListBody,
    responses((status = 200, description = "The answer.", body = ListJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn search_post(State(state): State<AppState>, headers: FromHeaders, body: Whole) -> Answer {
    run(&state, from_json(Target::Search, &body.json()?, &headers)?).await
}

/// The products of a category, in the category's order. The path may contain slashes, raw or as %2F.
#[utoipa::path(get, path = "/v1/categories/{path}/products", tag = "lists",
    params(("path" = String, Path, description = "Names from the root, joined by `/`."), ListQuery, SharedQuery),
    responses((status = 200, description = "The answer.", body = ListJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn category(
    State(state): State<AppState>,
    Path(rest): Path<String>,
    headers: FromHeaders,
    Pairs(pairs): Pairs,
) -> Answer {
    let Some(path) = rest.strip_suffix("/products").filter(|p| !p.is_empty()) else {
        return Err(
            Problem::not_found("route", &format!("/v1/categories/{rest}")).allow("/v1/categories/{path}/products")
        );
    };
    run(&state, from_address(Target::Category(path.to_owned()), &pairs, &headers)?).await
}

/// A recommendation unit.
#[utoipa::path(get, path = "/v1/recommendations/{unit}", tag = "lists",
    params(("unit" = String, Path, description = "Id of the unit's document."),
        ("anchors" = Option<String>, Query, description = "Skus the unit is about, separated by commas."),
        ("among" = Option<String>, Query, description = "Rank exactly these skus, at most 100, separated by commas, as another system ordered them."), ListQuery, SharedQuery),
    responses((status = 200, description = "The answer.", body = ListJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn unit(
    State(state): State<AppState>,
    Path(unit): Path<String>,
    headers: FromHeaders,
    Pairs(pairs): Pairs,
) -> Answer {
    run(&state, from_address(Target::Unit(unit), &pairs, &headers)?).await
}

/// A recommendation unit, with the parameters as a JSON body.
#[utoipa::path(post, path = "/v1/recommendations/{unit}", tag = "lists", request_body = ListBody,
    params(("unit" = String, Path, description = "Id of the unit's document.")),
    responses((status = 200, description = "The answer.", body = ListJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn unit_post(
    State(state): State<AppState>,
    Path(unit): Path<String>,
    headers: FromHeaders,
    body: Whole,
) -> Answer {
    run(&state, from_json(Target::Unit(unit), &body.json()?, &headers)?).await
}

/// Several lists over one state of the shop, without duplicates across them.
#[utoipa::path(post, path = "/v1/page", tag = "lists", request_body = PageBody,
    responses((status = 200, description = "The answer.", body = PageAnswerJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn page_of_lists(State(state): State<AppState>, headers: FromHeaders, body: Whole) -> Answer {
    let request = page::from_json(&body.json()?, &headers)?;
    let first = request.lists.first().map(|(_, list)| (list.request_id.clone(), list.deadline));
    let (id, deadline) = first.unwrap_or_default();
    let (reply, answer) = oneshot::channel();
    state.engine()?.submit_page(request, Box::new(move |result| drop(reply.send(result))));
    let answered = wait(&state, deadline, answer).await?;
    for list in answered.lists.iter().filter_map(|(_, list)| list.as_ref().ok()) {
        count_degraded(&list.degraded);
    }
    Ok(with_id(json(&answer::page(answered, id.clone())), &id))
}

/// Why a product is not in a list, or where it stands. `category` or `unit` choose the list, otherwise it is a search.
#[utoipa::path(get, path = "/v1/explain", tag = "lists",
    params(("sku" = String, Query, description = "The product asked about."),
        ("q" = Option<String>, Query, description = "Words, for a search."),
        ("category" = Option<String>, Query, description = "Path, for a category page."),
        ("unit" = Option<String>, Query, description = "Id, for a recommendation unit."),
        ("anchors" = Option<String>, Query, description = "Skus the unit is about, separated by commas."),
        ("among" = Option<String>, Query, description = "Of a unit: rank exactly these skus, at most 100, separated by commas."),
        ("highlight" = Option<bool>, Query, description = "Of a search: taken, without an effect on the answer."), ListQuery, SharedQuery),
    responses((status = 200, description = "The answer.", body = ExplanationJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn explain(State(state): State<AppState>, headers: FromHeaders, Pairs(mut pairs): Pairs) -> Answer {
    let mut take = |name: &str| pairs.iter().position(|(n, _)| n == name).map(|at| pairs.remove(at).1);
    let sku = take("sku").filter(|s| !s.is_empty());
    let sku = sku.ok_or_else(|| Problem::parameter("sku", "`sku` is missing", "the product asked about"))?;
    let target = match (take("category"), take("unit")) {
        (None, None) => Target::Search,
        (Some(path), None) => Target::Category(path),
        (None, Some(unit)) => Target::Unit(unit),
        _ => return Err(Problem::parameter("unit", "`category` and `unit` exclude each other", "one of them")),
    };
    let request = from_address(target, &pairs, &headers)?;
    let asked = sku.clone();
    let answer = blocking(&state, move |engine| engine.explain_absence(request, &asked)).await??;
    Ok(json(&ExplanationJson { sku, answer }))
}

/// The list is written as JSON by the worker that ranked it, while it has all of it at hand; what is handed over is text.
async fn run(state: &AppState, request: ListRequest) -> Answer {
    let (id, deadline) = (request.request_id.clone(), request.deadline);
    let (reply, answer) = oneshot::channel();
    let written = |list: ListAnswer| {
        count_degraded(&list.degraded);
        to_json(&ListJson::from(list))
    };
    state.engine()?.submit_list(request, Box::new(move |result| drop(reply.send(result.map(written)))));
    Ok(with_id(wait(state, deadline, answer).await??, &id))
}

pub(super) async fn wait<T>(
    state: &AppState,
    deadline: Option<Duration>,
    answer: oneshot::Receiver<Result<T, QueryError>>,
) -> Result<T, Problem> {
    let patience = deadline.unwrap_or_else(|| state.deadline()) + GRACE;
    match tokio::time::timeout(patience, answer).await {
        Ok(Ok(result)) => Ok(result?),
        Ok(Err(_)) => Err(Problem::new(Kind::Internal, "the engine dropped the request")),
        Err(_) => Err(Problem::new(Kind::Late, format!("no answer within {} ms", patience.as_millis()))),
    }
}

pub(super) fn with_id(mut response: Response, id: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

pub(super) fn count_degraded(degraded: &[Degraded]) {
    for d in degraded {
        metrics::counter!("planogram_degraded_total", "plugin" => d.plugin.clone(), "reason" => d.reason.clone())
            .increment(1);
    }
}
